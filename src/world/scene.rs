//! The part of the world that stands still during a round: what views read.

use super::attempt::{Timeline, work_done};
use super::energy::Meter;
use super::jobs::{Jobs, State};
use super::network::{Network, Presence, Terms};
use super::reach::{Candidate, Reach};
use crate::base::{Bytes, Money, Ratio, Span, Time};
use crate::model::{ClassId, JobId, Model, SiteId};
use crate::rules::Residence;

/// Everything that only events and commits change, never a plan.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The simulated time.
    pub now: Time,
    /// The scenario as it stands now.
    pub model: Model,
    /// Jobs in the system.
    pub jobs: Jobs,
    /// Where jobs may run.
    pub reach: Reach,
    /// Routes, transfers, and where data is.
    pub network: Network,
    /// Power and energy of sites.
    pub meter: Meter,
}

/// Where in its work an attempt begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Work done and safe, on the reference chip.
    pub done: Span,
    /// Whether it must restore before it computes on.
    pub restore: bool,
}

impl Scene {
    /// Sets the scene of a model: nothing has happened, nothing draws power.
    pub fn new(model: &Model) -> Self {
        Self {
            now: Time::ZERO,
            jobs: Jobs::default(),
            reach: Reach::new(model),
            network: Network::new(model),
            meter: Meter::new(model.calendar, &model.tariffs, &model.grids, &model.sites),
            model: model.clone(),
        }
    }
    /// Returns what a job does between getting its data and computing: start-up, and the restore that it owes.
    pub fn setup(&self, job: JobId) -> Span {
        self.setup_from(job, self.progress(job))
    }
    fn setup_from(&self, job: JobId, from: Progress) -> Span {
        let class = &self.model.classes[self.jobs.attributes(job).class];
        let owes = class.checkpoint.filter(|_| from.restore);
        class.start_overhead + owes.map_or(Span::ZERO, |checkpoint| checkpoint.restore)
    }
    /// Returns where a job's next attempt begins, or where the one under way has begun.
    pub fn progress(&self, job: JobId) -> Progress {
        let status = self.jobs.status(job);
        Progress { done: status.done, restore: status.restore }
    }
    /// Returns where the next attempt would begin of a job that holds GPUs, if it were stopped now and kept what it has done.
    pub fn progress_if_stopped(&self, job: JobId) -> Progress {
        let (status, attributes) = (self.jobs.status(job), self.jobs.attributes(job));
        let class = &self.model.classes[attributes.class];
        let mut done = status.done;
        if status.state == State::Running {
            let left = self.jobs.hidden(job).work.saturating_sub(done);
            let spent = Timeline::new(self.setup(job), left, status.rate, class.checkpoint).spent(self.now.saturating_since(status.computing));
            done += work_done(spent.computing.saturating_sub(class.lost_when_preempted(attributes.gpus)), status.rate, left);
        }
        Progress { done, restore: class.checkpoint.is_some() && done > Span::ZERO }
    }
    /// Returns the work that a job has done so far: what is safe, and what its attempt has added.
    pub fn attained(&self, job: JobId) -> Span {
        let status = self.jobs.status(job);
        if !matches!(status.state, State::Running | State::Stopping) {
            return status.done;
        }
        let left = self.jobs.hidden(job).work.saturating_sub(status.done);
        let checkpoint = self.model.classes[self.jobs.attributes(job).class].checkpoint;
        let until = if status.state == State::Stopping { status.stopping_since } else { self.now };
        let spent = Timeline::new(self.setup(job), left, status.rate, checkpoint).spent(until.saturating_since(status.computing));
        status.done + work_done(spent.computing, status.rate, left)
    }
    /// Returns how long a job would run from now at a rate, by what policies expect: start-up, restore, computing and checkpoints.
    pub fn run_length(&self, job: JobId, rate: Ratio) -> Span {
        self.run_length_from(job, rate, self.progress(job))
    }
    /// Returns the same for an attempt that begins elsewhere in the work.
    pub fn run_length_from(&self, job: JobId, rate: Ratio, from: Progress) -> Span {
        self.length_of(job, rate, self.jobs.status(job).predicted, from)
    }
    /// Returns the same by its user's estimate, which rules go by.
    pub fn estimated_length(&self, job: JobId, rate: Ratio) -> Span {
        self.estimated_length_from(job, rate, self.progress(job))
    }
    /// Returns the same for an attempt that begins elsewhere in the work.
    pub fn estimated_length_from(&self, job: JobId, rate: Ratio, from: Progress) -> Span {
        self.length_of(job, rate, self.jobs.attributes(job).estimate, from)
    }
    fn length_of(&self, job: JobId, rate: Ratio, work: Span, from: Progress) -> Span {
        let left = work.saturating_sub(from.done);
        let class = &self.model.classes[self.jobs.attributes(job).class];
        Timeline::new(self.setup_from(job, from), left, rate, class.checkpoint).length()
    }
    /// Returns how transfers of a class share links.
    pub fn terms(&self, class: ClassId) -> Terms {
        let class = &self.model.classes[class];
        Terms { weight: class.transfer_weight, rate_max: class.transfer_rate_max }
    }
    /// Tells whether a job's dataset would have to be moved to a candidate's site, and is not on its way.
    pub fn must_move(&self, job: JobId, candidate: &Candidate) -> bool {
        let site = self.model.pools[candidate.pool].site;
        let dataset = self.jobs.attributes(job).dataset.filter(|_| candidate.data == Residence::Local);
        dataset.is_some_and(|dataset| self.network.datasets.locate(dataset.id, site) == Presence::Absent)
    }
    /// Returns how long a job would wait for its data at a candidate if it started now, as if that came from home.
    pub fn staging_time(&self, job: JobId, candidate: &Candidate) -> Span {
        let attributes = self.jobs.attributes(job);
        let Some(dataset) = attributes.dataset.filter(|_| candidate.data == Residence::Local) else {
            return Span::ZERO;
        };
        let site = self.model.pools[candidate.pool].site;
        match self.network.datasets.locate(dataset.id, site) {
            Presence::Local => Span::ZERO,
            Presence::InFlight(_) | Presence::Absent => self.transfer_time(attributes.class, site, job, dataset.bytes),
        }
    }
    /// Returns what moving a job's data to a candidate (or reading it from there) would cost, as if it came from home.
    pub fn transfer_price(&self, job: JobId, candidate: &Candidate) -> Money {
        let attributes = self.jobs.attributes(job);
        let Some(dataset) = attributes.dataset else {
            return Money::ZERO;
        };
        let site = self.model.pools[candidate.pool].site;
        let owed = match candidate.data {
            Residence::Local => self.network.datasets.locate(dataset.id, site) == Presence::Absent,
            _ => self.jobs.usage(job).starts == 0,
        };
        let route = self.network.routes.to_site(attributes.region, site);
        if owed { price_of(self.network.routes[route].price, dataset.bytes) } else { Money::ZERO }
    }
    fn transfer_time(&self, class: ClassId, site: SiteId, job: JobId, bytes: Bytes) -> Span {
        let route = self.network.routes.to_site(self.jobs.attributes(job).region, site);
        self.network.flows.expected_time(&self.network.routes, route, bytes, self.terms(class))
    }
}

/// Returns a price per GB × bytes; what no amount of money can hold is the most that one can.
pub fn price_of(per_gb: Money, bytes: Bytes) -> Money {
    per_gb.times(u128::from(bytes.0), u128::from(Bytes::PER_GB)).unwrap_or(Money(i64::MAX))
}
