//! Carrying a plan out: what was booked becomes what is.

use super::agenda::{Event, Kind, Subject};
use super::history::History;
use super::{Run, RunError};
use crate::base::{Bytes, Money, Power, Span, Time};
use crate::model::{JobId, Model, PoolId, SiteId};
use crate::rules::Residence;
use crate::world::attempt::Timeline;
use crate::world::jobs::{Attributes, Claiming, DatasetUse, State};
use crate::world::network::{Answer, Cargo, CopyId, Wanted};
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
                Decision::Bind { job, to, .. } => {
                    let number = self.scene.jobs.attributes(job).number;
                    self.digest.event(History::Bind as u8, [self.scene.now.0, number, u64::from(to.pool.0)]);
                    let status = self.scene.jobs.status_mut(job);
                    status.pool = Some(to.pool);
                    status.load_gpu_us = to.load_gpu_us;
                }
                Decision::Preempt { job, how, released, reclaimed } => {
                    if let Some(hold) = self.scene.jobs.status(job).rule_hold.filter(|_| reclaimed) {
                        self.bookings.rules.count_reclaimed(hold);
                    }
                    self.preempt(job, how, released)?;
                }
                Decision::Move(started) => self.move_job(&started)?,
                Decision::Prefetch { job, site } => self.fetch_ahead(job, site)?,
                Decision::Defer { job, until } => {
                    self.scene.jobs.status_mut(job).deferred_until = until;
                    self.wake_up_at(until);
                }
                Decision::Reject { job } => self.leave(job, Fate::Rejected, Some(Reason::Policy))?,
                Decision::Promise { job, at } => {
                    self.scene.jobs.usage_mut(job).promised_start.get_or_insert(at);
                }
                Decision::WakeUp { at } => self.wake_up_at(at),
            }
        }
        self.decisions = decisions;
        Ok(())
    }

    pub(super) fn wake_up_at(&mut self, at: Time) {
        self.agenda.push(Event { at, kind: Kind::WakeUp, tie: 0, subject: Subject::Nobody });
    }

    /// A job gets its GPUs.
    fn start(&mut self, started: &Started) -> Result<(), RunError> {
        let now = self.scene.now;
        let job = started.job;
        self.last_start = now;
        let running = &started.running;
        let first = running.parts.as_slice()[0].0;
        self.digest.event(History::Start as u8, [now.0, running.number, u64::from(first.0)]);
        if self.scene.jobs.status(job).state == State::Queued {
            self.scene.jobs.queued_to_running(job);
        } else {
            self.scene.jobs.running_anew(job);
        }
        let gpus = running.parts.gpus();
        if gpus != self.scene.jobs.attributes(job).gpus {
            self.scene.jobs.set_gpus(job, gpus);
            self.digest.event(History::Resized as u8, [now.0, running.number, u64::from(gpus)]);
        }
        let mut prices = [Money::ZERO; 2];
        for (price, (pool, _)) in prices.iter_mut().zip(running.parts.iter()) {
            *price = self.scene.model.pools[pool].price;
        }
        let status = self.scene.jobs.status_mut(job);
        status.state = State::Staging;
        status.epoch = status.epoch.wrapping_add(1);
        status.pool = Some(first);
        status.parts = running.parts;
        status.held = running.held;
        status.start = now;
        status.written = now + started.writing;
        status.computing = Time::NEVER;
        status.expected_end = running.expected_end;
        status.rate = started.rate;
        status.load_gpu_us = running.load_gpu_us;
        status.busy_power_mw = running.busy_power_mw;
        status.prices = prices;
        status.rule_hold = Some(started.rule_hold);
        status.kill_at = self.bookings.rules.kill_at(started.rule_hold).unwrap_or(Time::NEVER);
        let usage = self.scene.jobs.usage_mut(job);
        usage.first_start.get_or_insert(now);
        usage.starts += 1;
        if self.window.counts(now) {
            self.bookings.totals[first].starts += 1;
        }
        for (pool, _) in running.parts.iter() {
            self.follow_reserved(pool);
        }
        if self.scene.jobs.status(job).claiming == Claiming::AtNextStart {
            let status = self.scene.jobs.status_mut(job);
            (status.claims, status.claiming) = (started.claims, Claiming::Done);
        } else {
            self.carry_claims(job)?;
        }
        self.request_data(job)?;
        self.compute_if_ready(job);
        self.end_at_cap(job, Time::NEVER);
        Ok(())
    }
    /// A job leaves its GPUs, which the plan has given back, for others.
    fn move_job(&mut self, started: &Started) -> Result<(), RunError> {
        let job = started.job;
        self.stop_by_move(job, &started.running.parts)?;
        // What it leaves behind is free for others: that makes a further round.
        self.wake_up_at(self.scene.now);
        self.start(started)?;
        if started.writing > Span::ZERO {
            let (tie, status) = (started.running.number, self.scene.jobs.status(job));
            self.agenda.push(Event { at: status.written, kind: Kind::CheckpointEnd, tie, subject: Subject::Job(job, status.epoch) });
        }
        Ok(())
    }
    /// The checkpoint is written that a job has brought along: it can be moved, and restored.
    pub(super) fn end_writing(&mut self, job: JobId) -> Result<(), RunError> {
        let pool = self.scene.jobs.status(job).pool.expect("a job that has started has a pool");
        self.fetch_checkpoint(job, self.scene.model.pools[pool].site)?;
        self.compute_if_ready(job);
        Ok(())
    }
    /// A job that does not compute is ended too when a cap does not let it hold its GPUs any longer, unless it gives them back before.
    fn end_at_cap(&mut self, job: JobId, until: Time) {
        let status = self.scene.jobs.status(job);
        let kill_at = status.rule_hold.and_then(|hold| self.bookings.rules.kill_at(hold)).unwrap_or(Time::NEVER);
        if status.state != State::Running && kill_at < until {
            let tie = self.scene.jobs.attributes(job).number;
            self.agenda.push(Event { at: kill_at, kind: Kind::JobEnd, tie, subject: Subject::Job(job, status.epoch) });
        }
    }

    /// Asks for what must be at the site before a job can compute: its dataset, and its checkpoint if that lies elsewhere.
    fn request_data(&mut self, job: JobId) -> Result<(), RunError> {
        let attributes = *self.scene.jobs.attributes(job);
        let pool = self.scene.jobs.status(job).pool.expect("a job that starts has a pool");
        let site = self.scene.model.pools[pool].site;
        if let Some(dataset) = attributes.dataset {
            let candidate = *self.scene.reach.candidate(attributes.reach, pool).expect("the plan has checked the pool");
            if candidate.data == Residence::Local {
                let (copy, waits) = self.request(job, &attributes, &dataset, site, Some(job))?;
                let status = self.scene.jobs.status_mut(job);
                (status.copy, status.waits_for_copy) = (Some(copy), waits);
            } else if self.scene.jobs.usage(job).starts == 1 {
                // What is read from afar is paid for once, whatever becomes of the attempt.
                let route = self.scene.network.routes.to_site(attributes.region, site);
                self.charge_transfer(job, self.scene.network.routes[route].price, dataset.bytes)?;
            }
        }
        if self.scene.jobs.status(job).written > self.scene.now { Ok(()) } else { self.fetch_checkpoint(job, site) }
    }

    /// Asks for a dataset at a site; who causes a transfer pays for it. Tells whether it is still on its way.
    fn request(
        &mut self,
        payer: JobId,
        attributes: &Attributes,
        dataset: &DatasetUse,
        site: SiteId,
        job: Option<JobId>,
    ) -> Result<(CopyId, bool), RunError> {
        let wanted = Wanted { dataset: dataset.id, site, job, terms: self.scene.terms(attributes.class) };
        let (copy, answer) = self.scene.network.request(self.scene.now, wanted);
        let Answer::Pending { started } = answer else {
            return Ok((copy, false));
        };
        if let Some(route) = started {
            self.bytes_in[site] = self.bytes_in[site].saturating_add(dataset.bytes.0);
            self.charge_transfer(payer, self.scene.network.routes[route].price, dataset.bytes)?;
        }
        Ok((copy, true))
    }

    /// Moves the checkpoint from which a job goes on, if it lies at another site.
    fn fetch_checkpoint(&mut self, job: JobId, site: SiteId) -> Result<(), RunError> {
        let status = self.scene.jobs.status(job);
        let attributes = *self.scene.jobs.attributes(job);
        let from = status.checkpoint_at.map(|pool| self.scene.model.pools[pool].site).filter(|from| status.restore && *from != site);
        let size = self.scene.model.classes[attributes.class].checkpoint.map_or(0, |checkpoint| checkpoint.size_per_gpu.0);
        let (Some(from), bytes) = (from, Bytes(size.saturating_mul(u64::from(attributes.asked_gpus)))) else {
            return Ok(());
        };
        if bytes == Bytes::ZERO {
            return Ok(());
        }
        let terms = self.scene.terms(attributes.class);
        let network = &mut self.scene.network;
        let route = network.routes.between(from, site);
        let price = network.routes[route].price;
        let flow = network.flows.start(self.scene.now, &network.routes, route, bytes, terms, Cargo::Checkpoint(job));
        self.scene.jobs.status_mut(job).checkpoint_flow = Some(flow);
        self.bytes_in[site] = self.bytes_in[site].saturating_add(bytes.0);
        self.charge_transfer(job, price, bytes)
    }

    fn fetch_ahead(&mut self, job: JobId, site: SiteId) -> Result<(), RunError> {
        let attributes = *self.scene.jobs.attributes(job);
        if let Some(dataset) = attributes.dataset {
            self.request(job, &attributes, &dataset, site, None)?;
        }
        Ok(())
    }

    /// Applies what the network delivers at this instant.
    pub(super) fn apply_transfers(&mut self) -> Result<(), RunError> {
        let mut deliveries = std::mem::take(&mut self.deliveries);
        let mut waiting = std::mem::take(&mut self.scratch);
        deliveries.clear();
        self.scene.network.flows.advance(self.scene.now, &mut deliveries);
        for delivery in &deliveries {
            self.totals.events += 1;
            self.digest.event(History::Transfer as u8, [self.scene.now.0, delivery.bytes.0, 0]);
            waiting.clear();
            match delivery.cargo {
                Cargo::Dataset(copy) => {
                    self.scene.network.datasets.arrived(copy, &mut waiting);
                    self.delta.data_arrived |= self.needs.data;
                }
                Cargo::Checkpoint(job) => {
                    let status = self.scene.jobs.status_mut(job);
                    (status.checkpoint_flow, status.checkpoint_at) = (None, status.pool);
                    waiting.push(job);
                }
            }
            for job in &waiting {
                if matches!(delivery.cargo, Cargo::Dataset(_)) {
                    self.scene.jobs.status_mut(*job).waits_for_copy = false;
                }
                self.compute_if_ready(*job);
            }
        }
        self.deliveries = deliveries;
        self.scratch = waiting;
        Ok(())
    }

    fn compute_if_ready(&mut self, job: JobId) {
        let status = self.scene.jobs.status(job);
        let is_written = status.written <= self.scene.now;
        if status.state == State::Staging && !status.waits_for_copy && is_written && status.checkpoint_flow.is_none() {
            self.begin_computing(job);
        }
    }

    /// A job gives up its data: the copy that it waits for or uses, and the transfer of its checkpoint.
    pub(super) fn let_go_of_data(&mut self, job: JobId) {
        let now = self.scene.now;
        let status = self.scene.jobs.status_mut(job);
        let (copy, flow) = (status.copy.take(), status.checkpoint_flow.take());
        status.waits_for_copy = false;
        if let Some(copy) = copy {
            self.scene.network.datasets.leave(copy, job);
        }
        if let Some(flow) = flow {
            self.scene.network.flows.cancel(now, flow);
        }
    }

    /// A job's data is there: it computes until its end, which is known now unless something comes between.
    pub(super) fn begin_computing(&mut self, job: JobId) {
        let now = self.scene.now;
        let attributes = *self.scene.jobs.attributes(job);
        self.digest.event(History::Computing as u8, [now.0, attributes.number, 0]);
        let timeline = self.timeline(job);
        let rate = self.scene.jobs.status(job).rate;
        let (expected, estimated) = (self.scene.run_length(job, rate), self.scene.estimated_length(job, rate));
        let class = &self.scene.model.classes[attributes.class];
        let status = self.scene.jobs.status(job);
        let by_rule = status.kill_at;
        let kill_at = if class.kill_at_estimate || by_rule != Time::NEVER { by_rule.min(now + estimated) } else { Time::NEVER };
        let (parts, old_end, epoch) = (status.parts, status.expected_end, status.epoch);
        let ends_at = (now + timeline.length()).min(kill_at);
        self.bookings.move_expected_end(&self.scene, job, now + expected);
        let status = self.scene.jobs.status_mut(job);
        status.state = State::Running;
        status.computing = now;
        status.kill_at = kill_at;
        status.expected_end = now + expected;
        self.agenda.push(Event { at: ends_at, kind: Kind::JobEnd, tie: attributes.number, subject: Subject::Job(job, epoch) });
        self.change_power(job, true);
        if old_end != now + expected {
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
            // It is in the queue again at once: that makes a further round.
            self.wake_up_at(self.scene.now);
            return self.stop_by_preemption(job, how);
        }
        // It writes a checkpoint: what it has computed so far is kept, and the writing is accounted to checkpointing.
        let class = &self.scene.model.classes[self.scene.jobs.attributes(job).class];
        let cost = class.checkpoint.map_or(Span::ZERO, |checkpoint| checkpoint.cost);
        let now = self.scene.now;
        let tie = self.scene.jobs.attributes(job).number;
        let status = self.scene.jobs.status_mut(job);
        status.state = State::Stopping;
        status.epoch = status.epoch.wrapping_add(1);
        status.stopping_since = now;
        let event = Event { at: now + cost, kind: Kind::CheckpointEnd, tie, subject: Subject::Job(job, status.epoch) };
        self.agenda.push(event);
        self.end_at_cap(job, now + cost);
        Ok(())
    }
}

/// Returns the power that a job bears while it waits for data and while it computes, for each of its parts.
pub(super) fn powers(model: &Model, pool: PoolId, gpus: u32) -> [Power; 2] {
    [quote::waiting_power(model, pool, gpus), quote::job_power(model, pool, gpus)]
}
