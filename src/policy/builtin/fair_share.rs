//! Fair share by use.

use crate::base::{Column, Ratio};
use crate::model::{JobId, JobNumber, TenantId};
use crate::policy::{PartInfo, PartKind, View};
use crate::world::delta::Left;

pub(super) static FAIR_SHARE: PartInfo = PartInfo {
    name: "fair-share",
    kind: PartKind::Order,
    summary: "the tenant with the least use for its weight first, then by submission; what runs counts by its estimate until it ends",
    parameters: &[],
    citation: "Kay, Lauder 1988, \"A fair share scheduler\"",
    notes: "sorts the queue by use at every pass in which use has changed; use does not decay. With `evict-lower`, a job gives way to a tenant that \
            will have used less even then",
    tested: &["engine::tests::evict::tenants_do_not_take_each_others_place_for_nothing"],
    oracle: false,
};

/// GPU time that tenants have used or are promised, for their weight.
#[derive(Clone, Debug)]
pub(super) struct FairShare {
    use_by_weight: Column<TenantId, i64>,
    /// What each job was charged with, by slot.
    charges: Vec<Option<Charge>>,
    /// Counts changes, so that queues know whether their keys are stale.
    version: u64,
}

/// What a job was charged with.
#[derive(Clone, Copy, Debug)]
struct Charge {
    number: JobNumber,
    tenant: TenantId,
    weight: Ratio,
    booked: i64,
}

impl FairShare {
    pub(super) fn new(tenants: u32) -> Self {
        Self { use_by_weight: Column::filled(tenants as usize, 0), charges: Vec::new(), version: 0 }
    }
    /// Returns the key of a job: smaller goes first.
    pub(super) fn key(&self, view: View<'_>, job: JobId) -> i64 {
        self.use_by_weight[view.job(job).tenant]
    }
    /// Counts changes of keys.
    pub(super) fn version(&self) -> u64 {
        self.version
    }
    /// Charges a start to its tenant: what is left of the job's estimate.
    pub(super) fn started(&mut self, view: View<'_>, job: JobId) {
        let attributes = view.job(job);
        let promise = promise(view, job);
        let used = &mut self.use_by_weight[attributes.tenant];
        *used = used.saturating_add(promise);
        if self.charges.len() <= job.0 as usize {
            self.charges.resize(job.0 as usize + 1, None);
        }
        let before = self.charges[job.0 as usize].filter(|charge| charge.number == attributes.number).map_or(0, |charge| charge.booked);
        let charge =
            Charge { number: attributes.number, tenant: attributes.tenant, weight: weight(view, job), booked: before.saturating_add(promise) };
        self.charges[job.0 as usize] = Some(charge);
        self.version += 1;
    }
    /// Settles the charges of those who have given their GPUs back by what they have used.
    pub(super) fn follow(&mut self, view: View<'_>) {
        let delta = view.delta();
        for left in delta.ended.iter().chain(&delta.left) {
            self.settle(left);
            if let Some(slot) = self.charges.get_mut(left.job.0 as usize).filter(|slot| slot.is_some_and(|charge| charge.number == left.number)) {
                *slot = None;
            }
        }
        for job in &delta.returned {
            self.settle(&Left {
                job: *job,
                number: view.job(*job).number,
                held_gpu_us: view.jobs().usage(*job).held_gpu_us,
                work: view.status(*job).done,
            });
        }
    }
    fn settle(&mut self, left: &Left) {
        let Some(charge) = self.charges.get_mut(left.job.0 as usize).and_then(Option::as_mut).filter(|charge| charge.number == left.number) else {
            return;
        };
        let used = by_weight(charge.weight, left.held_gpu_us);
        let total = &mut self.use_by_weight[charge.tenant];
        *total = total.saturating_add(used.saturating_sub(charge.booked));
        charge.booked = used;
        self.version += 1;
    }
    /// Tells whether a running job gives way to a waiting one: its tenant has used more, even without what the job has not used yet, than the other's
    /// will have when the waiting job is done. Otherwise the two would take each other's place for ever.
    pub(super) fn gives_way(&self, view: View<'_>, runs: JobId, waits: JobId) -> bool {
        self.key(view, runs).saturating_sub(self.unused(view, runs)) > self.key(view, waits).saturating_add(promise(view, waits))
    }
    /// Gives back what a job that gives way was charged with and has not used.
    pub(super) fn preempted(&mut self, view: View<'_>, job: JobId) {
        let unused = self.unused(view, job);
        if let Some(charge) = self.charges.get_mut(job.0 as usize).and_then(Option::as_mut).filter(|charge| charge.number == view.job(job).number) {
            charge.booked -= unused;
            self.use_by_weight[charge.tenant] -= unused;
            self.version += 1;
        }
    }
    fn unused(&self, view: View<'_>, runs: JobId) -> i64 {
        let running = view.job(runs);
        let held = view.now().saturating_since(view.status(runs).start).0.saturating_mul(u64::from(running.gpus));
        let used = by_weight(weight(view, runs), view.jobs().usage(runs).held_gpu_us.saturating_add(held));
        let charge = self.charges.get(runs.0 as usize).copied().flatten().filter(|charge| charge.number == running.number);
        charge.map_or(0, |charge| charge.booked.saturating_sub(used).max(0))
    }
}

fn weight(view: View<'_>, job: JobId) -> Ratio {
    view.model().tenants[view.job(job).group].weight
}
fn by_weight(weight: Ratio, gpu_us: u64) -> i64 {
    i64::try_from(weight.divide(gpu_us)).unwrap_or(i64::MAX)
}
/// Returns what a start is expected to use, for the tenant's weight.
fn promise(view: View<'_>, job: JobId) -> i64 {
    let attributes = view.job(job);
    let left = view.estimate(job).saturating_sub(view.status(job).done);
    by_weight(weight(view, job), left.0.saturating_mul(u64::from(attributes.gpus)))
}
