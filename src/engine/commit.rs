//! Carrying a plan out: what was booked becomes what is.

use super::agenda::{Event, Kind, Subject};
use super::instant::History;
use super::{Run, RunError};
use crate::base::{Money, Time};
use crate::model::JobId;
use crate::rules::residency::Residence;
use crate::world::attempt::Timeline;
use crate::world::jobs::State;
use crate::world::plan::{Decision, Preempt, Started};
use crate::world::quote;
use crate::world::records::{Fate, Reason};

impl Run {
    /// Carries out the decisions of a plan, in their order.
    pub(super) fn carry_out(&mut self) -> Result<(), RunError> {
        let mut decisions = std::mem::take(&mut self.decisions);
        for decision in decisions.drain(..) {
            match decision {
                Decision::Start(started) => self.start(&started)?,
                Decision::Bind { job, pool, load_gpu_us, .. } => {
                    let number = self.scene.jobs.attributes(job).number;
                    self.digest.event(History::Bind as u8, [self.scene.now.0, number, u64::from(pool.0)]);
                    let status = self.scene.jobs.status_mut(job);
                    status.pool = Some(pool);
                    status.load_gpu_us = load_gpu_us;
                }
                Decision::Preempt { job, how, released } => self.preempt(job, how, released)?,
                Decision::Prefetch { job, site } => self.fetch_ahead(job, site)?,
                Decision::Defer { job, until } => {
                    self.scene.jobs.status_mut(job).deferred_until = until;
                    self.wake_up_at(until);
                }
                Decision::Reject { job } => self.leave(job, Fate::Rejected, Some(Reason::Policy))?,
                Decision::WakeUp { at } => self.wake_up_at(at),
            }
        }
        self.decisions = decisions;
        Ok(())
    }

    fn wake_up_at(&mut self, at: Time) {
        self.agenda.push(Event { at, kind: Kind::WakeUp, tie: 0, subject: Subject::Nobody });
    }

    /// A job gets its GPUs.
    fn start(&mut self, started: &Started) -> Result<(), RunError> {
        let now = self.scene.now;
        let job = started.job;
        self.last_start = now;
        let number = self.scene.jobs.attributes(job).number;
        self.digest.event(History::Start as u8, [now.0, number, u64::from(started.pool.0)]);
        self.scene.jobs.queued_to_running(job);
        let mut prices = [Money::ZERO; 2];
        for (price, (pool, _)) in prices.iter_mut().zip(started.parts.iter()) {
            *price = self.scene.model.pools[pool].price;
        }
        let status = self.scene.jobs.status_mut(job);
        status.state = State::Staging;
        status.epoch = status.epoch.wrapping_add(1);
        status.pool = Some(started.pool);
        status.parts = started.parts;
        status.held = started.held;
        status.start = now;
        status.computing = Time::NEVER;
        status.expected_end = started.expected_end;
        status.rate = started.rate;
        status.load_gpu_us = started.load_gpu_us;
        status.busy_power_mw = started.busy_power_mw;
        status.prices = prices;
        let usage = self.scene.jobs.usage_mut(job);
        usage.first_start.get_or_insert(now);
        usage.starts += 1;
        if self.window.counts(now) {
            self.totals.pools[started.pool].starts += 1;
        }
        for (pool, _) in started.parts.iter() {
            self.follow_reserved(pool);
        }
        self.request_data(job)?;
        if self.scene.jobs.status(job).waiting_for == 0 {
            self.begin_computing(job);
        }
        Ok(())
    }

    /// Asks for what must be at the site before a job can compute: its dataset, and its checkpoint if that lies elsewhere.
    fn request_data(&mut self, job: JobId) -> Result<(), RunError> {
        let status = *self.scene.jobs.status(job);
        let attributes = *self.scene.jobs.attributes(job);
        let pool = status.pool.expect("a job that starts has a pool");
        let site = self.scene.model.pools[pool].site;
        let mut waiting_for = 0;
        if let Some(dataset) = attributes.dataset {
            let candidate = *self.scene.reach.candidate(attributes.reach, pool).expect("the plan has checked the pool");
            match candidate.data {
                Residence::RemoteRead(_) => {
                    // Each GB is paid for once, whatever becomes of the attempt.
                    if self.scene.jobs.usage(job).starts == 1 {
                        let price = self.scene.network.routes().to_site(attributes.region, site).price;
                        self.charge_transfer(job, price, dataset.bytes)?;
                    }
                }
                _ => {
                    if let Some(request) = self.scene.network.stage(self.scene.now, job, &dataset, site, &self.scene.model.classes[attributes.class]) {
                        waiting_for += 1;
                        self.pay_request(job, request)?;
                    }
                }
            }
        }
        if let Some(from) = status.checkpoint_at.map(|from| self.scene.model.pools[from].site).filter(|from| *from != site && status.restore) {
            let class = &self.scene.model.classes[attributes.class];
            let size = class.checkpoint.map_or(0, |checkpoint| checkpoint.size_per_gpu.0.saturating_mul(u64::from(attributes.gpus)));
            if size > 0 {
                waiting_for += 1;
                let request = self.scene.network.move_checkpoint(self.scene.now, job, from, site, crate::base::Bytes(size), class);
                self.pay_request(job, request)?;
            }
        }
        self.scene.jobs.status_mut(job).waiting_for = waiting_for;
        Ok(())
    }

    fn pay_request(&mut self, job: JobId, request: crate::world::network::Request) -> Result<(), RunError> {
        if request.moves { self.charge_transfer(job, request.price, request.bytes) } else { Ok(()) }
    }

    fn fetch_ahead(&mut self, job: JobId, site: crate::model::SiteId) -> Result<(), RunError> {
        let attributes = *self.scene.jobs.attributes(job);
        let Some(dataset) = attributes.dataset else { return Ok(()) };
        let request = self.scene.network.prefetch(self.scene.now, &dataset, site, &self.scene.model.classes[attributes.class]);
        request.map_or(Ok(()), |request| self.pay_request(job, request))
    }

    /// A job's data is there: it computes until its end, which is known now unless something comes between.
    pub(super) fn begin_computing(&mut self, job: JobId) {
        let now = self.scene.now;
        let attributes = *self.scene.jobs.attributes(job);
        self.digest.event(History::Computing as u8, [now.0, attributes.number, 0]);
        let timeline = self.timeline(job);
        let estimated = self.scene.run_length(job, self.scene.jobs.status(job).rate);
        let class = &self.scene.model.classes[attributes.class];
        let status = self.scene.jobs.status(job);
        let kill_at = if class.kill_at_estimate { now + estimated } else { Time::NEVER };
        let kill_at = kill_at.min(self.bookings.rules.kill_at(&self.scene.model, job, now + estimated));
        let (parts, old_end, epoch) = (status.parts, status.expected_end, status.epoch);
        let ends_at = (now + timeline.length()).min(kill_at);
        let status = self.scene.jobs.status_mut(job);
        status.state = State::Running;
        status.computing = now;
        status.kill_at = kill_at;
        status.expected_end = now + estimated;
        self.agenda.push(Event { at: ends_at, kind: Kind::JobEnd, tie: attributes.number, subject: Subject::Job(job, epoch) });
        self.bookings.move_expected_end(&parts, attributes.number, old_end, now + estimated);
        self.change_power(job, true);
        if old_end != now + estimated {
            self.delta.freed.extend(parts.iter().map(|part| part.0));
        }
    }

    /// Returns the timeline of a job's attempt from the moment it begins to compute.
    pub(super) fn timeline(&self, job: JobId) -> Timeline {
        let status = self.scene.jobs.status(job);
        let class = &self.scene.model.classes[self.scene.jobs.attributes(job).class];
        let work = self.scene.jobs.hidden(job).work.saturating_sub(status.done);
        Timeline::new(self.scene.setup(job), work, status.rate, class.checkpoint)
    }

    /// Adds or takes away what computing draws beyond idle, at the sites of a job's GPUs.
    pub(super) fn change_power(&mut self, job: JobId, on: bool) {
        let status = self.scene.jobs.status(job);
        let (parts, powers) = (status.parts, status.busy_power_mw);
        for ((pool, _), power) in parts.iter().zip(powers) {
            let power = i64::try_from(power).unwrap_or(i64::MAX);
            let site = self.scene.model.pools[pool].site;
            self.scene.meter.set_power(site, self.scene.now, if on { power } else { -power });
        }
    }

    /// A running job gives its GPUs back, now or when its checkpoint is written.
    fn preempt(&mut self, job: JobId, how: Preempt, released: bool) -> Result<(), RunError> {
        if released {
            return self.stop_by_preemption(job, how);
        }
        // It writes a checkpoint: what it has computed so far is kept, and the writing is accounted to checkpointing.
        let class = &self.scene.model.classes[self.scene.jobs.attributes(job).class];
        let cost = class.checkpoint.map_or(crate::base::Span::ZERO, |checkpoint| checkpoint.cost);
        let now = self.scene.now;
        let tie = self.scene.jobs.attributes(job).number;
        let status = self.scene.jobs.status_mut(job);
        status.state = State::Stopping;
        status.epoch = status.epoch.wrapping_add(1);
        status.stopping_since = now;
        let event = Event { at: now + cost, kind: Kind::CheckpointEnd, tie, subject: Subject::Job(job, status.epoch) };
        self.agenda.push(event);
        Ok(())
    }
}

/// Returns the power that a job bears while it waits for data and while it computes, for each of its parts.
pub(super) fn powers(model: &crate::model::Model, pool: crate::model::PoolId, gpus: u32) -> [crate::base::Power; 2] {
    [quote::waiting_power(model, pool, gpus), quote::job_power(model, pool, gpus)]
}
