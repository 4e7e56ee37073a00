//! Submission: what can never run is rejected, what costs too much goes elsewhere, the rest is queued.

use super::instant::History;
use super::{Run, RunError};
use crate::base::{Money, Ratio, Time};
use crate::model::{JobId, JobSpec, OutsideId, PoolId};
use crate::rules::Start;
use crate::world::jobs::{Attributes, DatasetUse};
use crate::world::quote::per_gpu_hour;
use crate::world::reach::Candidate;
use crate::world::records::{Account, Fate, Posting, Purpose, Reason};

impl Run {
    /// Takes one job in.
    pub(super) fn submit(&mut self, spec: &JobSpec) -> Result<(), RunError> {
        let group = self.scene.model.group_of(spec.tenant);
        let region = self.scene.model.tenants[group].region;
        let data = spec.dataset.map(|dataset| dataset.data);
        let reach = self.scene.reach.row(&self.scene.model, self.scene.network.routes(), region, spec.class, data);
        let dataset = spec.dataset.map(|dataset| {
            let slot = self.scene.network.enter_dataset(spec.workload, dataset.key, dataset.bytes, region);
            DatasetUse { data: dataset.data, slot, bytes: dataset.bytes }
        });
        let attributes = Attributes {
            number: 0,
            submit: spec.submit,
            estimate: spec.estimate,
            gpus: spec.gpus.0,
            class: spec.class,
            tenant: spec.tenant,
            group,
            region,
            priority: spec.priority,
            reach,
            dataset,
            deadline: spec.deadline.unwrap_or(Time::NEVER),
        };
        let job = self.scene.jobs.admit(spec, attributes);
        let number = self.scene.jobs.attributes(job).number;
        self.digest.event(History::Arrival as u8, [self.scene.now.0, number, u64::from(spec.gpus.0) << 32 | u64::from(spec.class.0)]);
        if let Some(reason) = self.why_never(job) {
            return self.leave(job, Fate::Rejected, Some(reason));
        }
        if let Some(limit) = spec.pays_up_to
            && let Some(fate) = self.too_expensive(job, limit)
        {
            return match fate {
                Some(outside) => self.go_outside(job, outside),
                None => self.leave(job, Fate::PricedOut, None),
            };
        }
        if let Some(reason) = self.over_the_limit(job) {
            return self.leave(job, Fate::Rejected, Some(reason));
        }
        self.schedule_patience(job);
        self.delta.arrived.push(job);
        Ok(())
    }

    /// Tells why no pool can ever run a job; `None`: one can. The reason is that of the pool that came closest.
    fn why_never(&self, job: JobId) -> Option<Reason> {
        let attributes = self.scene.jobs.attributes(job);
        let start = self.bookings.start(&self.scene, job, self.scene.now);
        let mut closest: Option<Reason> = None;
        for candidate in self.scene.reach.candidates(attributes.reach) {
            match self.why_never_in(&start, candidate.pool, attributes.gpus) {
                None => return None,
                Some(reason) => closest = closest.max(Some(reason)),
            }
        }
        closest.or_else(|| self.scene.reach.refused(attributes.reach).iter().map(|refused| refused.1).max()).or(Some(Reason::Chip))
    }
    fn why_never_in(&self, start: &Start, pool: PoolId, gpus: u32) -> Option<Reason> {
        if !self.bookings.capacity.could_ever_hold(&self.scene.model, pool, gpus) {
            return Some(Reason::Size);
        }
        let model = &self.scene.model;
        if !self.bookings.rules.may_ever_use(model, start.group, start.class, pool, gpus, self.scene.now) {
            return Some(Reason::Access);
        }
        (!self.bookings.rules.could_ever_fit(model, start, pool, gpus)).then_some(Reason::Quota)
    }

    /// Compares what a job pays at most with what every pool would cost it now. `Some`: all cost more; the outside is where it goes then, if that
    /// is cheaper than its limit.
    fn too_expensive(&self, job: JobId, limit: Money) -> Option<Option<OutsideId>> {
        let attributes = self.scene.jobs.attributes(job);
        // The work × GPUs on the reference chip is what the limit is per; by the user's estimate, as the decision is the user's.
        let at_most = per_gpu_hour(limit, attributes.gpus, attributes.estimate);
        let affordable = |candidate: &&Candidate| {
            self.bookings.capacity.could_hold(candidate.pool, attributes.gpus) && self.bookings.net_cost(&self.scene, job, candidate) <= at_most
        };
        if self.scene.reach.candidates(attributes.reach).iter().any(|candidate| affordable(&candidate)) {
            return None;
        }
        let class = &self.scene.model.classes[attributes.class];
        let outside = self.scene.model.outside.entries().filter(|(_, outside)| {
            outside.price <= limit && outside.chips.iter().any(|chip| class.speed[chip] > Ratio::ZERO)
        });
        Some(outside.min_by_key(|(id, outside)| (outside.price, *id)).map(|(id, _)| id))
    }

    fn go_outside(&mut self, job: JobId, outside: OutsideId) -> Result<(), RunError> {
        let attributes = *self.scene.jobs.attributes(job);
        let work = self.scene.jobs.hidden(job).work;
        let amount = per_gpu_hour(self.scene.model.outside[outside].price, attributes.gpus, work);
        self.scene.jobs.usage_mut(job).compute_charge = amount;
        let now = self.scene.now;
        self.ledger.post(Posting {
            at: now,
            since: now,
            from: Account::Tenant(attributes.tenant),
            to: Account::Outside(outside),
            amount,
            purpose: Purpose::Outside,
            job: Some(attributes.number),
        })?;
        self.leave(job, Fate::Outside, None)
    }

    /// Checks the limits on jobs of the sites: a job is rejected if every site that could run it is full, or (where sites lose what cannot start
    /// at once) cannot start it now.
    fn over_the_limit(&self, job: JobId) -> Option<Reason> {
        let attributes = self.scene.jobs.attributes(job);
        let candidates = self.scene.reach.candidates(attributes.reach);
        let open = candidates.iter().any(|candidate| self.site_admits(candidate.pool, attributes.gpus));
        (!open).then_some(Reason::Admission)
    }
    /// Tells whether a site's limits let one more job wait for (or start in) a pool.
    pub(super) fn site_admits(&self, pool: PoolId, gpus: u32) -> bool {
        let site = self.scene.model.pools[pool].site;
        let admission = self.scene.model.sites[site].admission;
        admission.limit.is_none_or(|limit| self.admitted[site] < limit) && (!admission.loss || self.bookings.capacity.fits(pool, gpus))
    }

}
