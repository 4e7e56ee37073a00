//! Preemption that takes back what borrowers hold.

use crate::model::{JobId, PolicyPart, PoolId};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};
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
    }],
    citation: "Kueue, preemption: reclaimWithinCohort (kueue.sigs.k8s.io)",
    notes: "looks at the jobs of borrowing quotas, when a quota refuses a job",
    oracle: false,
};

/// The reclaim rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reclaim {
    how: Preempt,
}

impl Reclaim {
    pub(super) fn new(part: &PolicyPart, info: &PartInfo) -> Self {
        let how = if parameter(part, info, "checkpoint") > 0.5 { Preempt::Checkpoint } else { Preempt::Discard };
        Self { how }
    }
    /// Starts a job that a quota has just refused, by preempting borrowers; `false` leaves everything as it was, unless victims write
    /// checkpoints first: then they are on their way out and the job starts when they are gone.
    pub(super) fn start(&self, view: View<'_>, plan: &mut Plan<'_>, job: JobId, pool: PoolId) -> bool {
        let share = [Allocation::new(pool, view.job(job).gpus)];
        let victims = plan.reclaim_victims(job, pool);
        if victims.is_empty() {
            return false;
        }
        let mark = plan.mark();
        for victim in victims {
            if plan.take_back(victim, self.how).is_err() {
                plan.rollback(mark);
                return false;
            }
        }
        if self.how == Preempt::Checkpoint {
            return plan.place(job, &share).is_ok();
        }
        if plan.place(job, &share).is_ok() {
            return true;
        }
        plan.rollback(mark);
        false
    }
}
