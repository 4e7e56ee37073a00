//! What a policy can ask of a plan: the world as it is after the decisions so far.
//!
//! Where the scenario has a `view_delay`, a policy sees the load of pools as it was so long ago, and nothing of its own decisions in it: what is
//! free, what fits, what waits and runs there. What it decides is checked against the world as it is. Who decides at a site sees that as it is.

use super::afar::Glance;
use super::bookings::{Bookings, Load, Reservation};
use super::capacity::{Held, Packing};
use super::jobs::State;
use super::plan::{Decision, Plan};
use super::quote::Quote;
use super::reach::Candidate;
use super::view::View;
use crate::base::Money;
use crate::model::{JobId, PoolId, QuotaId, SiteId};
use crate::rules::{Part, Running};

impl Plan<'_> {
    /// Looks at the sites as they are from here on: who asks decides there.
    pub(crate) fn stand_at_sites(&mut self) {
        self.at_sites = true;
    }
    /// Lets who sees all sites look at them as it sees them, out of date; the scheduler of a site sees its own as it is.
    pub(crate) fn look_from<T>(&mut self, view: View<'_>, look: impl FnOnce(&Self) -> T) -> T {
        let before = std::mem::replace(&mut self.at_sites, view.is_of_a_site());
        let result = look(self);
        self.at_sites = before;
        result
    }
    /// Returns how a pool looks to who asks, if that is out of date.
    fn glance(&self, pool: PoolId) -> Option<&Glance> {
        self.bookings.afar.as_ref().filter(|_| !self.at_sites).map(|afar| afar.seen(pool))
    }
    /// Returns what is booked after the decisions so far, whatever the policy sees of it.
    pub fn bookings(&self) -> &Bookings {
        self.bookings
    }
    /// Counts GPUs of a pool that are free and not reserved, after the decisions so far.
    pub fn free(&self, pool: PoolId) -> u64 {
        self.glance(pool).map_or_else(|| self.bookings.capacity.free(pool), |seen| seen.room.free)
    }
    /// Tells whether a gang fits into a pool now.
    pub fn fits(&self, pool: PoolId, gpus: u32) -> bool {
        self.glance(pool).map_or_else(|| self.bookings.capacity.fits(pool, gpus), |seen| seen.room.fits(gpus))
    }
    /// Tells whether a gang would fit into the pool if it were empty.
    pub fn could_hold(&self, pool: PoolId, gpus: u32) -> bool {
        self.bookings.capacity.could_hold(pool, gpus)
    }
    /// Tells whether a pool can still run a job: large enough, and no rule bars it for ever.
    pub fn can_ever(&self, job: JobId, pool: PoolId) -> bool {
        let attributes = self.scene.jobs.attributes(job);
        self.could_hold(pool, attributes.gpus)
            && self.candidate(job, pool).is_ok_and(|candidate| self.bookings.rules_allow_ever(self.scene, job, &candidate).is_ok())
    }
    /// Tells whether the limit on jobs of a pool's site lets one more wait there.
    pub fn admits(&self, pool: PoolId) -> bool {
        self.bookings.admits(&self.scene.model, pool)
    }
    /// Tells whether that limit lets a job wait there: it is bound to the site already, or one more may come.
    pub fn lets_wait(&self, job: JobId, pool: PoolId) -> bool {
        let site = |pool: PoolId| self.scene.model.pools[pool].site;
        self.bound(job).is_some_and(|bound| site(bound.pool) == site(pool)) || self.bookings.admits(&self.scene.model, pool)
    }
    /// Returns the pool that a queued job waits for, after the decisions so far.
    pub fn bound_pool(&self, job: JobId) -> Option<PoolId> {
        self.bound(job).map(|bound| bound.pool)
    }
    /// Counts installed GPUs of a pool.
    pub fn installed(&self, pool: PoolId) -> u64 {
        self.bookings.capacity.installed(pool)
    }
    /// Counts jobs that wait for a pool.
    pub fn queued(&self, pool: PoolId) -> u64 {
        self.load(pool).queued
    }
    fn load(&self, pool: PoolId) -> Load {
        self.glance(pool).map_or_else(|| self.bookings.load[pool], |seen| seen.load)
    }
    /// Tells whether a job's data is not at a pool's site and would have to be moved there, and nobody has begun to.
    pub fn must_move(&self, job: JobId, pool: PoolId) -> bool {
        let absent = self.candidate(job, pool).is_ok_and(|candidate| self.scene.must_move(job, &candidate));
        absent && !self.fetches(job, self.scene.model.pools[pool].site)
    }
    /// Tells whether this plan moves a job's data to a site.
    pub fn fetches(&self, job: JobId, site: SiteId) -> bool {
        self.decisions.iter().rev().any(|decision| matches!(decision, Decision::Prefetch { job: other, site: to } if *other == job && *to == site))
    }
    /// Tells whether a job holds GPUs that this plan can still take away.
    pub fn may_preempt(&self, job: JobId) -> bool {
        !self.decided.contains(job) && matches!(self.scene.jobs.status(job).state, State::Staging | State::Running)
    }
    /// Iterates over the jobs that hold GPUs of a pool after the decisions so far, by expected end.
    pub fn holders(&self, pool: PoolId) -> impl Iterator<Item = JobId> + '_ {
        self.bookings.ends[pool].iter().map(|end| end.job)
    }
    /// Tells whether a job that holds GPUs is on its way out: it writes the checkpoint that preemption asked for, before or in this plan.
    pub fn is_leaving(&self, job: JobId) -> bool {
        match self.scene.jobs.status(job).state {
            State::Stopping => true,
            State::Staging | State::Running => self.decided.contains(job) && !self.decided.has_moved(job),
            State::Queued | State::Empty => false,
        }
    }
    /// Returns a copy of a pool's free room by node, as it will be when those who write checkpoints are gone. *O*(jobs that hold GPUs of the pool).
    pub fn room_to_come(&self, pool: PoolId) -> Packing {
        let capacity = &self.bookings.capacity;
        let mut room = capacity.packing(pool);
        for end in self.bookings.ends[pool].iter().filter(|end| self.is_leaving(end.job)) {
            room.give_back(capacity, end.held, pool);
        }
        room
    }
    /// Returns what a job holds on which the plan has not decided.
    pub fn held(&self, job: JobId) -> Held {
        self.scene.jobs.status(job).held
    }
    /// Counts jobs that hold GPUs of a pool, after the decisions so far.
    pub fn running(&self, pool: PoolId) -> u64 {
        self.glance(pool).map_or_else(|| self.bookings.ends[pool].count(), |seen| seen.running)
    }
    /// Returns the quotas that a job's start in a pool would be charged to.
    pub fn charged_quotas(&self, job: JobId, pool: PoolId) -> &[QuotaId] {
        let parts = [Part { pool, gpus: self.scene.jobs.attributes(job).gpus, energy_mj: 0 }];
        let start = Bookings::start(self.scene, job, &parts, self.scene.now);
        self.bookings.rules.charged_quotas(&start, &parts[0])
    }
    /// Returns the GPU time that waits and runs at a pool, by estimate.
    pub fn outstanding_gpu_us(&self, pool: PoolId) -> u128 {
        self.load(pool).outstanding_gpu_us
    }
    /// Returns what waits and runs at a pool besides a job, which may wait there itself; where that is out of date, the job counts as it did then.
    pub fn load_besides(&self, job: JobId, pool: PoolId) -> Load {
        if let Some(seen) = self.glance(pool) {
            return seen.load;
        }
        let load = self.bookings.load[pool];
        let Some(own) = self.bound(job).filter(|bound| bound.pool == pool) else { return load };
        Load {
            queued: load.queued - 1,
            queued_gpus: load.queued_gpus - u64::from(self.scene.jobs.attributes(job).gpus),
            outstanding_gpu_us: load.outstanding_gpu_us - u128::from(own.load_gpu_us),
        }
    }
    /// Returns when a gang can start in a pool by what is expected to end there; see [`Bookings::earliest_fit`]. Where what is seen is out of date,
    /// nobody knows what is expected to end: only whether it would fit.
    pub fn earliest_fit(&self, pool: PoolId, gpus: u32) -> Option<Reservation> {
        if let Some(seen) = self.glance(pool) {
            return seen.room.fits(gpus).then_some(Reservation { pool, at: self.scene.now, spare: None });
        }
        self.bookings.earliest_fit(self.scene, pool, gpus)
    }
    /// Returns the subsidies that a start now is expected to earn the tenant.
    pub fn expected_subsidy(&self, job: JobId, candidate: &Candidate, quote: &Quote) -> Money {
        self.bookings.expected_subsidy(self.scene, job, candidate, quote)
    }
    /// Returns what a start at a candidate is expected to cost the tenant: compute, metered energy and transfer, less subsidies.
    pub fn net_cost(&self, job: JobId, candidate: &Candidate) -> Money {
        self.bookings.net_cost(self.scene, job, candidate)
    }
    /// Tells whether a quota would be charged with a job's start in a pool.
    pub fn is_charged_to(&self, job: JobId, pool: PoolId, quota: QuotaId) -> bool {
        let parts = [Part { pool, gpus: self.scene.jobs.attributes(job).gpus, energy_mj: 0 }];
        let start = Bookings::start(self.scene, job, &parts, self.scene.now);
        self.bookings.rules.charged_quotas(&start, &parts[0]).contains(&quota)
    }
    /// Tells whether a job's start in a pool would take a quota beyond its nominal.
    pub fn would_borrow(&self, job: JobId, pool: PoolId) -> bool {
        let parts = [Part { pool, gpus: self.scene.jobs.attributes(job).gpus, energy_mj: 0 }];
        let start = Bookings::start(self.scene, job, &parts, self.scene.now);
        self.bookings.rules.borrows(&self.scene.model, &start)
    }
    /// Tells whether the plan has decided on a job: started, preempted, deferred or rejected it.
    pub fn has_decided(&self, job: JobId) -> bool {
        self.decided.contains(job)
    }
    /// Returns the jobs to preempt so that quotas admit a start in one pool, as their reclaim rules allow; empty: none will do.
    pub fn reclaim_victims(&mut self, job: JobId, pool: PoolId) -> Vec<JobId> {
        let parts = [Part { pool, gpus: self.scene.jobs.attributes(job).gpus, energy_mj: 0 }];
        let start = Bookings::start(self.scene, job, &parts, self.scene.now);
        let (scene, decided) = (self.scene, &*self.decided);
        let running = || {
            let may_stop = move |job: &JobId| !decided.contains(*job) && matches!(scene.jobs.status(*job).state, State::Staging | State::Running);
            scene.jobs.running().filter(may_stop).filter_map(|job| {
                let (attributes, status) = (scene.jobs.attributes(job), scene.jobs.status(job));
                let held = status.rule_hold?;
                Some(Running { job, number: attributes.number, since: status.start, priority: attributes.priority, held })
            })
        };
        let capacity = &self.bookings.capacity;
        let gpus = self.scene.jobs.attributes(job).gpus;
        let mut room = |gone: &[JobId]| {
            let mut packing = capacity.packing(pool);
            for victim in gone {
                packing.give_back(capacity, scene.jobs.status(*victim).held, pool);
            }
            packing.packs(gpus)
        };
        self.bookings.rules.reclaim(&scene.model, &start, running, &mut room).unwrap_or_default()
    }
}
