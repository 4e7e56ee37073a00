//! Submission: what can never run is rejected, what costs too much goes elsewhere, the rest is queued.

use super::history::History;
use super::{Run, RunError};
use crate::base::{Money, Ratio, Time};
use crate::model::{Arrivals, JobId, JobSpec, OutsideId, PoolId, WorkloadId};
use crate::rules::Refusal;
use crate::world::jobs::{Attributes, DatasetUse, State};
use crate::world::quote::per_gpu_hour;
use crate::world::reach::Candidate;
use crate::world::records::{Account, Fate, Posting, Purpose, Reason};

impl Run {
    /// Takes one job in.
    pub(super) fn submit(&mut self, spec: &JobSpec) -> Result<(), RunError> {
        let group = self.scene.model.group_of(spec.tenant);
        let region = self.scene.model.tenants[group].region;
        let data = spec.dataset.map(|dataset| dataset.data);
        let reach = self.scene.reach.row(&self.scene.model, &self.scene.network.routes, region, spec.class, data);
        let dataset = spec.dataset.map(|dataset| {
            self.retire_before(spec.workload, dataset.key);
            let id = self.scene.network.datasets.refer(spec.workload, dataset.key, dataset.bytes, region);
            DatasetUse { data: dataset.data, id, bytes: self.scene.network.datasets.bytes(id) }
        });
        let attributes = Attributes {
            number: 0,
            submit: spec.submit,
            estimate: spec.estimate,
            gpus: spec.gpus.0,
            asked_gpus: spec.gpus.0,
            elastic: spec.elastic,
            class: spec.class,
            tenant: spec.tenant,
            group,
            region,
            priority: spec.priority,
            reach,
            dataset,
            deadline: spec.deadline.unwrap_or(Time::NEVER),
        };
        self.bookings.rules.prepare(&self.scene.model, group, spec.class);
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
        self.schedule_patience(job);
        self.delta.arrived.push(job);
        if self.has_limits {
            self.fresh.push((job, number));
        }
        Ok(())
    }

    /// Synthetic workloads go from one dataset to the next and never back: caches without a limit need not keep those that are over.
    fn retire_before(&mut self, workload: WorkloadId, key: u64) {
        if !matches!(self.scene.model.workloads.get(workload).map(|workload| &workload.arrivals), None | Some(Arrivals::Trace(_)))
            && let Some(before) = self.latest_dataset[workload].replace(key).filter(|before| *before != key)
        {
            self.scene.network.datasets.retire(workload, before);
        }
    }

    /// Tells why no pool can ever run a job; `None`: one can. The reason is that of the pool that came closest.
    fn why_never(&self, job: JobId) -> Option<Reason> {
        let attributes = self.scene.jobs.attributes(job);
        let mut closest: Option<Reason> = None;
        for candidate in self.scene.reach.candidates(attributes.reach) {
            match self.why_never_in(job, candidate) {
                None => return None,
                Some(reason) => closest = closest.max(Some(reason)),
            }
        }
        closest.or_else(|| self.scene.reach.refused(attributes.reach).iter().map(|refused| refused.1).max()).or(Some(Reason::Chip))
    }
    fn why_never_in(&self, job: JobId, candidate: &Candidate) -> Option<Reason> {
        let gpus = self.scene.jobs.attributes(job).gpus;
        if !self.bookings.capacity.could_ever_hold(&self.scene.model, candidate.pool, gpus) {
            return Some(Reason::Size);
        }
        match self.bookings.rules_allow_ever(&self.scene, job, candidate) {
            Ok(()) => None,
            Err(Refusal::Access(_)) => Some(Reason::Access),
            Err(_) => Some(Reason::Quota),
        }
    }

    /// Compares what a job pays at most with what every pool would cost it now. `Some`: all cost more; the outside is where it goes then, if that
    /// is cheaper than its limit.
    fn too_expensive(&mut self, job: JobId, limit: Money) -> Option<Option<OutsideId>> {
        let attributes = self.scene.jobs.attributes(job);
        // The work × GPUs on the reference chip is what the limit is per; by the user's estimate, as the decision is the user's.
        let at_most = per_gpu_hour(limit, attributes.gpus, attributes.estimate);
        let gpus = attributes.gpus;
        self.bookings.make_offers(&self.scene, job);
        if self.bookings.affordable(at_most, gpus) {
            return None;
        }
        let class = &self.scene.model.classes[attributes.class];
        let outside = self
            .scene
            .model
            .outside
            .entries()
            .filter(|(_, outside)| outside.price <= limit && outside.chips.iter().any(|chip| class.speed[chip] > Ratio::ZERO));
        Some(outside.min_by_key(|(id, outside)| (outside.price, *id)).map(|(id, _)| id))
    }

    fn go_outside(&mut self, job: JobId, outside: OutsideId) -> Result<(), RunError> {
        let attributes = *self.scene.jobs.attributes(job);
        let work = self.scene.jobs.hidden(job).work;
        let amount = per_gpu_hour(self.scene.model.outside[outside].price, attributes.gpus, work);
        self.scene.jobs.usage_mut(job).compute_charge = amount;
        let now = self.scene.now;
        self.bookings.rules.ledger.post(Posting {
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

    /// Turns away those of this instant's arrivals that limits on jobs do not let in: after the round, as it is then known what could start.
    pub(super) fn turn_away(&mut self) -> Result<(), RunError> {
        let mut fresh = std::mem::take(&mut self.fresh);
        for (job, number) in fresh.drain(..) {
            let still_here = self.scene.jobs.is_live(job) && self.scene.jobs.attributes(job).number == number;
            if still_here && self.scene.jobs.status(job).state == State::Queued && self.is_turned_away(job) {
                let left = self.left(job);
                self.delta.left.push(left);
                self.leave(job, Fate::Rejected, Some(Reason::Admission))?;
            }
        }
        self.fresh = fresh;
        Ok(())
    }
    /// A queued job is turned away if its site loses what cannot start at once, or if it found no site with a place for it.
    fn is_turned_away(&self, job: JobId) -> bool {
        let sites = &self.scene.model.sites;
        let site_of = |pool: PoolId| self.scene.model.pools[pool].site;
        match self.scene.jobs.status(job).pool {
            Some(pool) => sites[site_of(pool)].admission.loss,
            None => {
                let attributes = self.scene.jobs.attributes(job);
                let holds = |candidate: &&Candidate| self.bookings.capacity.could_ever_hold(&self.scene.model, candidate.pool, attributes.gpus);
                let candidates = self.scene.reach.candidates(attributes.reach).iter().filter(holds);
                let turns_away = |pool: PoolId| sites[site_of(pool)].admission.loss || !self.bookings.admits(&self.scene.model, pool);
                candidates.map(|candidate| candidate.pool).all(turns_away)
            }
        }
    }
}
