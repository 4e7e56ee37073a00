//! Preemption by the order.

use super::order::Order;
use crate::model::{JobId, JobNumber, PolicyPart, PoolId};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};
use crate::world::{Allocation, Preempt, Refusal};

pub(super) static EVICT_LOWER: PartInfo = PartInfo {
    name: "evict-lower",
    kind: PartKind::Preempt,
    summary: "a job without room stops running jobs that rank lower by the order: the lowest first, never one of the same rank",
    parameters: &[Parameter {
        name: "checkpoint",
        default: 1.0,
        range: (0.0, 1.0),
        summary: "1: victims keep what they have done (writing a checkpoint first, if their class has one), 0: they lose what no checkpoint holds",
        words: &[],
    }],
    citation: "Jaiswal 1968, Priority Queues: the preemptive-resume discipline",
    notes: "looks at the pool's running jobs whenever the first queued job has no room; nobody passes that job there while victims write checkpoints",
    tested: &[
        "engine::tests::evict::what_victims_free_is_for_the_job_that_they_give_way_to",
        "engine::tests::evict::nobody_gives_way_to_a_gang_that_would_not_fit",
        "it::known_answers::stochastic_cases_come_out_within_five_per_cent",
    ],
    oracle: false,
};

/// The rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct EvictLower {
    how: Preempt,
}

/// What became of a job for which there was no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Eviction {
    /// Victims are gone, and it has their GPUs.
    Started,
    /// Victims write checkpoints: it starts when they are gone. What they free is for nobody else.
    UnderWay,
    /// It would not fit even if all who rank lower were gone. Nobody was preempted.
    Nobody,
}

impl EvictLower {
    pub(super) fn new(part: &PolicyPart) -> Self {
        Self { how: if parameter(part, &EVICT_LOWER, "checkpoint") > 0.5 { Preempt::Checkpoint } else { Preempt::Discard } }
    }
    /// Makes the rule by how victims are preempted.
    pub(super) fn by(how: Preempt) -> Self {
        Self { how }
    }
    /// Starts a job for which there is no room in a pool, by preempting jobs there that rank lower: as many as it takes, none that does not help.
    ///
    /// *O*(R log R) for R jobs that hold GPUs of the pool.
    pub(super) fn start(&self, order: &mut Order, view: View<'_>, plan: &mut Plan<'_>, job: JobId, pool: PoolId) -> Eviction {
        let gpus = view.job(job).gpus;
        let mut room = plan.room_to_come(pool);
        if room.packs(gpus) {
            return Eviction::UnderWay;
        }
        let lower = |other: &JobId| plan.may_preempt(*other) && order.gives_way(view, *other, job);
        let mut lower: Vec<(i64, JobNumber, JobId)> =
            plan.holders(pool).filter(lower).map(|other| (order.key(view, other), view.job(other).number, other)).collect();
        lower.sort_unstable();
        let capacity = &plan.bookings().capacity;
        let mut victims = Vec::new();
        while !room.packs(gpus) {
            let Some((_, _, victim)) = lower.pop() else { return Eviction::Nobody };
            room.give_back(capacity, view.status(victim).held, pool);
            victims.push(victim);
        }
        // The last one was needed. Of the others, some lie where they do not help.
        for index in (0..victims.len() - 1).rev() {
            let held = view.status(victims[index]).held;
            room.hold_again(capacity, held, pool);
            if room.packs(gpus) {
                victims.remove(index);
            } else {
                room.give_back(capacity, held, pool);
            }
        }
        let eviction = self.preempt_and_place(plan, job, &[Allocation::new(pool, gpus)], &victims);
        if eviction != Eviction::Nobody {
            victims.iter().for_each(|victim| order.preempted(view, *victim));
        }
        eviction
    }

    fn preempt_and_place(&self, plan: &mut Plan<'_>, job: JobId, share: &[Allocation], victims: &[JobId]) -> Eviction {
        let mark = plan.mark();
        let gone = victims.iter().all(|victim| plan.preempt(*victim, self.how).is_ok());
        let placed = if gone { plan.place(job, share) } else { Ok(()) };
        match placed {
            Ok(()) if gone => return Eviction::Started,
            // Whether it fits is known when those who write checkpoints are gone.
            Err(Refusal::Room { .. }) if victims.iter().any(|victim| plan.is_leaving(*victim)) => return Eviction::UnderWay,
            _ => {}
        }
        plan.rollback(mark);
        Eviction::Nobody
    }
}
