//! Preemption that takes back what borrowers hold.

use crate::model::{JobId, JobNumber, PolicyPart, PoolId};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};
use crate::world::jobs::State;
use crate::world::{Allocation, Preempt};

pub(super) static RECLAIM: PartInfo = PartInfo {
    name: "reclaim",
    kind: PartKind::Preempt,
    summary: "a quota below its nominal takes back what its cohort's borrowers hold, as its `reclaim` allows",
    parameters: &[Parameter {
        name: "checkpoint",
        default: 0.0,
        range: (0.0, 1.0),
        summary: "1: victims write a checkpoint first and start later, 0: they stop at once and lose what no checkpoint holds",
        words: &[],
    }],
    citation: "Kueue, preemption: reclaimWithinCohort (kueue.sigs.k8s.io)",
    notes: "looks at the jobs of borrowing quotas, when a quota refuses a job",
    tested: &["engine::tests::reclaim_by_checkpoint_takes_no_more_than_it_needs"],
    oracle: false,
};

/// The reclaim rule.
#[derive(Clone, Debug)]
pub(super) struct Reclaim {
    how: Preempt,
    /// Victims that still write their checkpoints, with the claimant that they give way to: nobody else gives way to it meanwhile.
    leaving: Vec<Leaving>,
    /// Claimants that wait for such victims: what these free is not for borrowers.
    claimants: Vec<(JobId, JobNumber)>,
}

/// A victim on its way out.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    claimant: JobNumber,
    victim: JobId,
    number: JobNumber,
}

impl Reclaim {
    pub(super) fn new(part: &PolicyPart, info: &PartInfo) -> Self {
        let how = if parameter(part, info, "checkpoint") > 0.5 { Preempt::Checkpoint } else { Preempt::Discard };
        Self { how, leaving: Vec::new(), claimants: Vec::new() }
    }
    /// Tells whether a job must not start in a pool, as it would borrow while somebody waits to get its own back.
    pub(super) fn holds_back(&mut self, view: View<'_>, plan: &Plan<'_>, job: JobId, pool: PoolId) -> bool {
        if self.claimants.is_empty() {
            return false;
        }
        let waits = |(job, number): &(JobId, JobNumber)| {
            view.jobs().is_live(*job) && view.job(*job).number == *number && view.status(*job).state == State::Queued && !plan.has_decided(*job)
        };
        self.claimants.retain(waits);
        !self.claimants.is_empty() && plan.would_borrow(job, pool)
    }
    /// Ends the precedence of claimants whose victims are all gone: they had the first chance at what these freed. Tells whether any of them
    /// still waits, so that those who were held back for it must be looked at again.
    pub(super) fn end_precedence(&mut self, view: View<'_>, plan: &Plan<'_>) -> bool {
        if self.claimants.is_empty() {
            return false;
        }
        // In the round of its preemption a victim is still running.
        self.leaving.retain(|leaving| plan.has_decided(leaving.victim) || leaving.is_on_its_way(view));
        let leaving = &self.leaving;
        let before = self.claimants.len();
        self.claimants.retain(|(_, number)| leaving.iter().any(|leaving| leaving.claimant == *number));
        self.claimants.len() < before
    }
    /// Starts a job that a quota has just refused, by preempting borrowers; `false` leaves everything as it was, unless victims write
    /// checkpoints first: then they are on their way out and the job starts when they are gone.
    pub(super) fn start(&mut self, view: View<'_>, plan: &mut Plan<'_>, job: JobId, pool: PoolId) -> bool {
        let share = [Allocation::new(pool, view.job(job).gpus)];
        let claimant = view.job(job).number;
        self.leaving.retain(|leaving| leaving.is_on_its_way(view));
        if self.leaving.iter().any(|leaving| leaving.claimant == claimant) {
            return false;
        }
        let victims = plan.reclaim_victims(job, pool);
        if victims.is_empty() {
            return false;
        }
        let mark = plan.mark();
        for victim in victims.iter().copied() {
            if plan.take_back(victim, self.how).is_err() {
                plan.rollback(mark);
                return false;
            }
        }
        if plan.place(job, &share).is_ok() {
            return true;
        }
        if self.how == Preempt::Checkpoint {
            let leaving = |victim: JobId| Leaving { claimant, victim, number: view.job(victim).number };
            self.leaving.extend(victims.into_iter().map(leaving));
            self.claimants.push((job, claimant));
            return false;
        }
        plan.rollback(mark);
        false
    }
}

impl Leaving {
    /// Tells whether the victim still holds its GPUs. In the round of its preemption it is still running.
    fn is_on_its_way(&self, view: View<'_>) -> bool {
        let here = view.jobs().is_live(self.victim) && view.job(self.victim).number == self.number;
        here && view.status(self.victim).state == State::Stopping
    }
}
