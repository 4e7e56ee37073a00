//! Kueue's order of admission in a cohort of quotas.

use super::order::Order;
use crate::model::{JobId, JobNumber, PoolId, QuotaId, TenantId};
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

/// The queues of all quotas at one pool, or of all tenants, in which heads that cannot start are passed by.
#[derive(Debug)]
pub(super) struct Heads {
    queues: BTreeMap<Owner, Vec<JobId>>,
}

/// Whose a queue is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Owner {
    Quota(Option<QuotaId>),
    Tenant(TenantId),
}

impl Heads {
    /// Takes the queued jobs in the order of [`key`] and submission, by quota.
    pub(super) fn by_quota(plan: &Plan<'_>, jobs: impl Iterator<Item = JobId>, pool: PoolId) -> Self {
        Self::new(jobs.map(|job| (Owner::Quota(plan.charged_quotas(job, pool).first().copied()), job)))
    }
    /// Takes the queued jobs, by tenant.
    pub(super) fn by_tenant(view: View<'_>, jobs: impl Iterator<Item = JobId>) -> Self {
        Self::new(jobs.map(|job| (Owner::Tenant(view.job(job).tenant), job)))
    }
    fn new(jobs: impl Iterator<Item = (Owner, JobId)>) -> Self {
        let mut queues: BTreeMap<Owner, Vec<JobId>> = BTreeMap::new();
        for (owner, job) in jobs {
            queues.entry(owner).or_default().push(job);
        }
        queues.values_mut().for_each(|queue| queue.reverse());
        Self { queues }
    }
    /// Takes out the head that is to be tried next, as usage stands now. *O*(quotas or tenants).
    pub(super) fn next(&mut self, order: &Order, view: View<'_>, plan: &Plan<'_>, pool: Option<PoolId>) -> Option<JobId> {
        let rank = |owner: Owner, job: JobId| -> (bool, i64, JobNumber) {
            let borrows = matches!(owner, Owner::Quota(_)) && pool.is_some_and(|pool| plan.would_borrow(job, pool));
            (borrows, order.key(view, job), view.job(job).number)
        };
        let heads = self.queues.iter().filter_map(|(owner, queue)| queue.last().map(|job| (rank(*owner, *job), *owner)));
        let (_, owner) = heads.min()?;
        self.queues.get_mut(&owner).and_then(Vec::pop)
    }
}
