//! What a policy sees of a round: estimates and the state, never the truth unless an oracle is granted.

use super::delta::Delta;
use super::energy::Curve;
use super::jobs::{Attributes, Jobs, Status};
use super::network::Presence;
use super::quote::{self, Quote};
use super::reach::Candidate;
use super::records::Reason;
use super::scene::Scene;
use crate::base::{Span, Time};
use crate::model::{JobId, Model, PoolId, SiteId};
use crate::rules::Residence;

/// The world as a policy sees it in one round. What the round's own decisions have changed is asked of the [`Plan`](super::Plan).
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub(super) scene: &'a Scene,
    pub(super) delta: &'a Delta,
    pub(super) oracle: bool,
    /// The site whose scheduler looks; none: one that sees them all.
    site: Option<SiteId>,
}

impl<'a> View<'a> {
    /// Makes the view of a round.
    pub(crate) fn new(scene: &'a Scene, delta: &'a Delta, oracle: bool) -> Self {
        Self { scene, delta, oracle, site: None }
    }
    /// Shows other news, where somebody stands between the engine and a policy.
    pub(crate) fn with_news<'b>(self, news: &'b Delta) -> View<'b>
    where
        'a: 'b,
    {
        View { scene: self.scene, delta: news, oracle: self.oracle, site: self.site }
    }
    /// Narrows the view to the pools and the news of one site: what a scheduler sees that a site keeps for itself.
    pub fn of_site<'b>(self, site: SiteId, news: &'b Delta) -> View<'b>
    where
        'a: 'b,
    {
        View { scene: self.scene, delta: news, oracle: self.oracle, site: Some(site) }
    }
    /// Tells whether this is the view of a site's own scheduler.
    pub(crate) fn is_of_a_site(self) -> bool {
        self.site.is_some()
    }
    /// Returns the simulated time.
    pub fn now(self) -> Time {
        self.scene.now
    }
    /// Iterates over the pools that the policy sees.
    pub fn pools(self) -> impl Iterator<Item = PoolId> {
        let (first, count) = match self.site.map(|site| &self.model().sites[site]) {
            Some(site) => (site.first_pool.0, site.pool_count),
            None => (0, self.model().pools.len() as u32),
        };
        (first..first + count).map(PoolId)
    }
    /// Returns what happened since the last round.
    pub fn delta(self) -> &'a Delta {
        self.delta
    }
    /// Returns the scenario as it stands now.
    pub fn model(self) -> &'a Model {
        &self.scene.model
    }
    /// Returns all jobs in the system, for iteration.
    pub fn jobs(self) -> &'a Jobs {
        &self.scene.jobs
    }
    /// Returns what a job is.
    pub fn job(self, job: JobId) -> &'a Attributes {
        self.scene.jobs.attributes(job)
    }
    /// Returns the work that is expected of a job, on the reference chip: the user's estimate, or what the policy has predicted.
    pub fn estimate(self, job: JobId) -> Span {
        self.scene.jobs.status(job).predicted
    }
    /// Returns what happens to a job.
    pub fn status(self, job: JobId) -> &'a Status {
        self.scene.jobs.status(job)
    }
    /// Returns the true work of a job on the reference chip.
    ///
    /// # Panics
    /// Panics unless the policy declared itself an oracle in its [`Needs`](crate::policy::Needs): reading the truth without saying so is a bug.
    pub fn true_work(self, job: JobId) -> Span {
        assert!(self.oracle, "a policy that reads the true work must say that it is an oracle");
        self.scene.jobs.hidden(job).work
    }
    /// Returns the true work that a job has still to do, on the reference chip.
    ///
    /// # Panics
    /// As [`View::true_work`].
    pub fn true_remaining(self, job: JobId) -> Span {
        self.true_work(job).saturating_sub(self.attained(job))
    }
    /// Returns the work that a job has done so far, on the reference chip: what is safe, and what an attempt under way has added.
    pub fn attained(self, job: JobId) -> Span {
        self.scene.attained(job)
    }
    /// Tells where a job's dataset is, as seen from the site of a pool; `None`: it reads none, or reads it from afar.
    pub fn presence(self, job: JobId, pool: PoolId) -> Option<Presence> {
        let candidate = self.candidate(job, pool).filter(|candidate| candidate.data == Residence::Local)?;
        let dataset = self.job(job).dataset?;
        Some(self.scene.network.datasets.locate(dataset.id, self.model().pools[candidate.pool].site))
    }
    /// Returns the pools where a job may ever run, in pool order.
    pub fn candidates(self, job: JobId) -> &'a [Candidate] {
        let all = self.scene.reach.candidates(self.job(job).reach);
        let Some(site) = self.site else { return all };
        // A site's pools stand together.
        let pools = &self.model().sites[site];
        let from = all.partition_point(|candidate| candidate.pool < pools.first_pool);
        let to = all.partition_point(|candidate| candidate.pool.0 < pools.first_pool.0 + pools.pool_count);
        &all[from..to]
    }
    /// Returns the candidate of one pool. *O*(log pools).
    pub fn candidate(self, job: JobId, pool: PoolId) -> Option<&'a Candidate> {
        self.scene.reach.candidate(self.job(job).reach, pool)
    }
    /// Returns the pools where a job may never run, each with the reason.
    pub fn never(self, job: JobId) -> &'a [(PoolId, Reason)] {
        self.scene.reach.refused(self.job(job).reach)
    }
    /// Returns how long a job is expected to stage and then to run at a candidate, if it started now.
    pub fn expected_time(self, job: JobId, candidate: &Candidate) -> (Span, Span) {
        quote::expected_time(self.scene, job, candidate)
    }
    /// Returns what a job is expected to take and to cost at a candidate, if it started now.
    pub fn quote(self, job: JobId, candidate: &Candidate) -> Quote {
        quote::quote(self.scene, job, candidate)
    }
    /// Returns the carbon that a job is expected to cause at a candidate in milligrams, by location or by contract.
    pub fn expected_carbon_mg(self, job: JobId, candidate: &Candidate, market: bool) -> u64 {
        quote::expected_carbon_mg(self.scene, job, candidate, market)
    }
    /// Returns the carbon that a job is expected to cause at a candidate by location, in milligrams, if it computed for so long from a time on.
    pub fn expected_carbon_from_mg(self, job: JobId, candidate: &Candidate, from: Time, length: Span) -> u64 {
        quote::expected_carbon_from_mg(self.scene, job, candidate, from, length)
    }
    /// Returns the carbon intensity of a site's grid over time, in milligrams per kWh: what is to come is known.
    pub fn carbon_curve(self, site: SiteId) -> &'a Curve {
        self.scene.meter.carbon(site)
    }
    /// Returns the price of energy at a site now, in micro-yuan per kWh.
    pub fn energy_price(self, site: SiteId) -> i64 {
        self.scene.meter.price(site).value_at(self.scene.now)
    }
    /// Returns the carbon intensity of a site's grid now, in milligrams per kWh.
    pub fn carbon_intensity(self, site: SiteId) -> i64 {
        self.scene.meter.carbon(site).value_at(self.scene.now)
    }
}
