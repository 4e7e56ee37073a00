//! Preemption by the order.

use super::order::Order;
use crate::model::{JobId, PolicyPart, PoolId};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};
use crate::world::jobs::State;
use crate::world::{Allocation, Preempt};

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
    notes: "looks at the pool's running jobs whenever the first queued job has no room",
    tested: &["it::known_answers::stochastic_cases_come_out_within_five_per_cent"],
    oracle: false,
};

/// The rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct EvictLower {
    how: Preempt,
}

impl EvictLower {
    pub(super) fn new(part: &PolicyPart) -> Self {
        Self { how: if parameter(part, &EVICT_LOWER, "checkpoint") > 0.5 { Preempt::Checkpoint } else { Preempt::Discard } }
    }
    /// Starts a job for which there is no room, by preempting jobs that rank lower. `false`: it does not start now; nothing has changed then,
    /// unless victims write checkpoints first and are on their way out.
    pub(super) fn start(&self, order: &Order, view: View<'_>, plan: &mut Plan<'_>, job: JobId, pool: PoolId) -> bool {
        let (rank, gpus) = (order.key(view, job), view.job(job).gpus);
        let here = |other: &JobId| view.status(*other).parts.as_slice().first().is_some_and(|part| part.0 == pool);
        let leaving: u64 = view
            .jobs()
            .running()
            .filter(here)
            .filter(|other| view.status(*other).state == State::Stopping)
            .map(|other| u64::from(view.job(other).gpus))
            .sum();
        if leaving > 0 {
            // Those who write checkpoints are waited for: whether their GPUs do is known when they are gone.
            return false;
        }
        let mut victims: Vec<(i64, u64, JobId)> = view
            .jobs()
            .running()
            .filter(here)
            .filter(|other| plan.may_preempt(*other))
            .map(|other| (order.key(view, other), view.job(other).number, other))
            .collect();
        victims.retain(|victim| victim.0 > rank);
        victims.sort_unstable();
        let mark = plan.mark();
        let mut going = plan.free(pool) + leaving;
        while let Some((_, _, victim)) = victims.pop() {
            if plan.preempt(victim, self.how).is_err() {
                continue;
            }
            going += u64::from(view.job(victim).gpus);
            if plan.fits(pool, gpus) {
                if plan.place(job, &[Allocation::new(pool, gpus)]).is_ok() {
                    return true;
                }
                break;
            }
            if going >= u64::from(gpus) && plan.free(pool) < u64::from(gpus) {
                // They write checkpoints: the job starts when they are gone.
                return false;
            }
        }
        plan.rollback(mark);
        false
    }
}
