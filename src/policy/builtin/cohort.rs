//! Kueue's order of admission in a cohort of quotas.

use crate::model::{JobId, JobNumber, PoolId, QuotaId};
use crate::policy::{PartInfo, PartKind, Plan, View};
use std::collections::BTreeMap;

pub(super) static COHORT: PartInfo = PartInfo {
    name: "cohort",
    kind: PartKind::Order,
    summary: "of the quotas' first jobs the one that stays within its nominal first, then the highest priority, then by submission",
    parameters: &[],
    citation: "Kueue, cluster queues and preemption (kueue.sigs.k8s.io)",
    notes: "sorts the heads of the quotas again after every start: quadratic in the jobs that start at one instant",
    tested: &["it::known_answers::exact_cases_come_out_exactly"],
    oracle: false,
};

/// The static part of the order, in which jobs of one quota queue: by priority.
pub(super) fn key(view: View<'_>, job: JobId) -> i64 {
    -i64::from(view.job(job).priority)
}

/// The queues of all quotas at one pool, in which heads that cannot start are passed by.
#[derive(Debug)]
pub(super) struct Heads {
    queues: BTreeMap<Option<QuotaId>, Vec<JobId>>,
}

impl Heads {
    /// Takes the queued jobs in the order of [`key`] and submission.
    pub(super) fn new(plan: &Plan<'_>, jobs: impl Iterator<Item = JobId>, pool: PoolId) -> Self {
        let mut queues: BTreeMap<Option<QuotaId>, Vec<JobId>> = BTreeMap::new();
        for job in jobs {
            queues.entry(plan.charged_quotas(job, pool).first().copied()).or_default().push(job);
        }
        queues.values_mut().for_each(|queue| queue.reverse());
        Self { queues }
    }
    /// Takes out the head that is to be tried next, as usage stands now.
    pub(super) fn next(&mut self, view: View<'_>, plan: &Plan<'_>, pool: PoolId) -> Option<JobId> {
        let rank = |job: JobId| -> (bool, i64, JobNumber) { (plan.would_borrow(job, pool), key(view, job), view.job(job).number) };
        let heads = self.queues.iter().filter_map(|(quota, queue)| queue.last().map(|job| (rank(*job), *quota)));
        let (_, quota) = heads.min()?;
        self.queues.get_mut(&quota).and_then(Vec::pop)
    }
}
