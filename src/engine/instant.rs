//! From instant to instant: what comes next, and what is applied in which order (semantics: "Time").

use super::agenda::{Event, Kind, Subject};
use super::history::History;
use super::{Run, RunError};
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Span, Time};
use crate::model::{JobId, Model, Period, PoolId};
use crate::world::jobs::State;
use crate::world::records::{Fate, PoolSample, Reason};

/// Nothing has started for so long: only what recurs is left.
const STALLED: Span = Span::days(30);

impl Run {
    /// Sets up everything that stands at time zero.
    pub(super) fn open(&mut self, model: &Model) -> Result<(), RunError> {
        for (pool_id, pool) in model.pools.entries() {
            let idle = i64::try_from(model.idle_node_power(pool_id).0.saturating_mul(u64::from(pool.nodes))).unwrap_or(i64::MAX);
            self.scene.meter.set_power(pool.site, Time::ZERO, idle);
        }
        if model.warmup == Span::ZERO {
            self.scene.meter.open_window(Time::ZERO);
        }
        self.totals.pools = crate::base::Column::filled(model.pools.len(), crate::world::records::PoolTotals::default());
        self.totals.sites = crate::base::Column::filled(model.sites.len(), crate::world::records::SiteTotals::default());
        self.totals.chip_gpu_us = crate::base::Column::filled(model.chips.len(), 0);
        self.plan_next_hour();
        self.reserve_for_this_hour();
        if model.quotas.iter().any(|quota| quota.gpu_hours.is_some() || quota.energy.is_some() || quota.domestic.is_some()) {
            self.next_day = model.calendar.period_end(Period::Day, Time::ZERO);
        }
        self.upcoming = self.sources.next_job()?;
        self.close_trace_window();
        Ok(())
    }

    /// Moves to the next instant and applies its events. `false`: the run is over.
    pub(super) fn advance(&mut self) -> Result<bool, RunError> {
        if self.finished {
            return Ok(false);
        }
        if std::mem::take(&mut self.round_again) {
            return Ok(true);
        }
        if let Some(seen) = self.bookings.note_for_afar(self.scene.now) {
            self.wake_up_at(seen);
        }
        let Some(at) = self.next_instant() else {
            self.finished = true;
            return Ok(false);
        };
        self.sample_until(at);
        if at > self.scene.now {
            self.scene.now = at;
            self.rounds_at_instant = 0;
        }
        self.bookings.show_afar(at);
        self.apply_boundaries()?;
        self.apply_agenda_and_transfers()?;
        self.apply_arrivals()?;
        self.apply_wake_ups();
        Ok(true)
    }

    /// Returns when something happens next; `None`: the run is over.
    fn next_instant(&mut self) -> Option<Time> {
        let agenda = self.agenda.peek().map_or(Time::NEVER, |event| event.at);
        let transfer = self.next_transfer();
        let arrival = self.upcoming.as_ref().map_or(Time::NEVER, |job| job.submit);
        let recurring = self.next_boundary().min(self.failures.next_event());
        let next = agenda.min(transfer).min(arrival).min(recurring);
        let in_system = self.scene.jobs.queued_count() + self.scene.jobs.running_count();
        if next == Time::NEVER {
            return None;
        }
        if self.upcoming.is_some() {
            return Some(next);
        }
        // Arrivals are over: the run drains.
        let horizon = self.horizon.unwrap_or(self.scene.now);
        let last = latest_end(&self.scene.model, horizon);
        let idle = in_system == 0;
        let only_recurring = agenda.min(transfer) == Time::NEVER;
        let stalled = only_recurring && next.saturating_since(self.last_start.max(horizon)) > STALLED;
        if !idle && next > last {
            self.cut_at = last;
        }
        if (idle && next > horizon) || next > last || (stalled && next > horizon) {
            return None;
        }
        Some(next)
    }

    fn next_transfer(&mut self) -> Time {
        self.scene.network.flows.next_event().unwrap_or(Time::NEVER)
    }
    /// Returns when a period, hour, window or change is due next.
    fn next_boundary(&mut self) -> Time {
        let change = self.scene.model.changes.get(self.next_change).map_or(Time::NEVER, |change| change.at);
        let (from, to) = self.window.bounds();
        let window = if self.scene.now < from {
            from
        } else if self.scene.now < to {
            to
        } else {
            Time::NEVER
        };
        change.min(self.next_hour).min(self.next_day).min(window).min(self.bookings.rules.next_boundary())
    }

    fn apply_boundaries(&mut self) -> Result<(), RunError> {
        let now = self.scene.now;
        while self.scene.model.changes.get(self.next_change).is_some_and(|change| change.at <= now) {
            self.next_change += 1;
            self.totals.events += 1;
            self.apply_change(self.next_change - 1)?;
        }
        if self.bookings.rules.next_boundary() <= now {
            self.totals.events += 1;
            self.digest.event(History::Boundary as u8, [now.0, 0, 0]);
            self.delta.anything_changed |= self.bookings.rules.next_opening() <= now;
            self.bookings.rules.advance(&self.scene.model, now)?;
        }
        if self.next_day <= now {
            // A period may have ended: what caps, shares or empty budgets held back may start.
            self.next_day = self.scene.model.calendar.period_end(Period::Day, now);
            self.delta.anything_changed = true;
        }
        if self.next_hour <= now {
            self.reserve_for_this_hour();
            self.plan_next_hour();
        }
        let (from, to) = self.window.bounds();
        if now == from && now > Time::ZERO {
            self.scene.meter.open_window(now);
        }
        if now == to {
            self.scene.meter.close_window(now);
        }
        if now == from || now == to {
            self.bill_sites()?;
        }
        Ok(())
    }

    /// Applies ends of jobs and checkpoints, failures, repairs, and ends of transfers; each may cause one before it at the same instant.
    fn apply_agenda_and_transfers(&mut self) -> Result<(), RunError> {
        loop {
            while let Some(event) = self.agenda.peek().copied().filter(|event| event.at <= self.scene.now && event.kind < Kind::WakeUp) {
                self.agenda.pop();
                self.apply(event)?;
            }
            if self.failures.next_event() <= self.scene.now {
                self.apply_failure()?;
            } else if self.next_transfer() <= self.scene.now {
                self.apply_transfers()?;
            } else {
                return Ok(());
            }
        }
    }

    fn apply(&mut self, event: Event) -> Result<(), RunError> {
        let Subject::Job(job, epoch) = event.subject else {
            unreachable!("only jobs end");
        };
        if self.is_current(job, epoch) {
            self.totals.events += 1;
            if event.kind == Kind::JobEnd { self.end_job(job)? } else { self.end_checkpoint(job)? }
        }
        Ok(())
    }

    fn is_current(&self, job: JobId, epoch: u32) -> bool {
        let status = self.scene.jobs.status(job);
        status.epoch == epoch && status.state != State::Empty
    }

    fn apply_arrivals(&mut self) -> Result<(), RunError> {
        while self.upcoming.as_ref().is_some_and(|job| job.submit <= self.scene.now) {
            let next = self.sources.next_job()?;
            let Some(spec) = std::mem::replace(&mut self.upcoming, next) else {
                break;
            };
            self.totals.events += 1;
            self.totals.submitted += 1;
            self.submit(&spec)?;
            self.close_trace_window();
        }
        Ok(())
    }

    /// With a trace, the window ends with the last job.
    fn close_trace_window(&mut self) {
        if self.upcoming.is_none() && self.horizon.is_none() {
            self.horizon = Some(self.scene.now);
            self.window.close(self.scene.now);
            self.bookings.window.close(self.scene.now);
            self.bookings.rules.close_window(self.scene.now);
            self.scene.meter.close_window(self.scene.now);
        }
    }

    fn apply_wake_ups(&mut self) {
        while self.agenda.peek().is_some_and(|event| event.at <= self.scene.now && event.kind == Kind::WakeUp) {
            self.agenda.pop();
            self.totals.events += 1;
            self.delta.woken = true;
        }
    }

    /// Tells whether the policy is to be asked now.
    pub(super) fn wants_round(&self) -> bool {
        !self.delta.is_empty() && (self.needs.every_event || self.scene.jobs.queued_count() > 0)
    }
    /// Nothing can start: what was freed is of no interest any more.
    pub(super) fn skip_round(&mut self) {
        self.delta.freed.clear();
        self.delta.anything_changed = false;
    }

    /// Ends the patience of those who are still queued, after the round.
    pub(super) fn close_instant(&mut self) -> Result<(), RunError> {
        self.turn_away()?;
        while let Some(event) = self.agenda.peek().copied().filter(|event| event.at <= self.scene.now && event.kind == Kind::Patience) {
            self.agenda.pop();
            if let Subject::Job(job, epoch) = event.subject
                && self.is_current(job, epoch)
                && self.scene.jobs.status(job).state == State::Queued
            {
                self.totals.events += 1;
                let left = self.left(job);
                self.delta.left.push(left);
                self.leave(job, Fate::Cancelled, None)?;
                // Whom it held up may start now, and nothing else may happen for long.
                self.round_again = true;
            }
        }
        Ok(())
    }

    /// Plans the next hour that may change what is held for online services.
    pub(super) fn plan_next_hour(&mut self) {
        self.next_hour = Time::NEVER;
        if self.scene.model.pools.iter().any(crate::model::Pool::has_reserved) {
            let (_, into_day) = self.scene.model.calendar.day_and_offset(self.scene.now);
            self.next_hour = self.scene.now + Span(MICROS_PER_HOUR - into_day % MICROS_PER_HOUR);
        }
    }
    /// Sets what each pool holds for online services in the local hour that has begun.
    pub(super) fn reserve_for_this_hour(&mut self) {
        let hour = self.scene.model.calendar.hour(self.scene.now);
        for pool in self.scene.model.pools.ids() {
            let reserved = self.scene.model.pools[pool].reserved_at(hour);
            if reserved != self.pool_reserved[pool] {
                self.bookings.touch(&self.scene.model, self.scene.now, pool);
                self.pool_reserved[pool] = reserved;
                self.bookings.capacity.set_reserved(pool, reserved);
                self.follow_reserved(pool);
                self.delta.freed.push(pool);
            }
        }
    }

    pub(super) fn sample_until(&mut self, at: Time) {
        let Some(every) = self.options.sample_every else {
            return;
        };
        while self.next_sample < at {
            for pool in self.scene.model.pools.ids() {
                self.samples_out.push(self.sample(pool, self.next_sample));
            }
            self.next_sample += every;
        }
    }
    fn sample(&self, pool: PoolId, at: Time) -> PoolSample {
        let capacity = &self.bookings.capacity;
        let load = self.bookings.load[pool];
        PoolSample {
            at,
            pool,
            installed: capacity.installed(pool),
            held: capacity.held(pool),
            reserved: capacity.reserved(pool),
            down: capacity.down(pool),
            queued: load.queued,
            queued_gpus: load.queued_gpus,
            site_power_mw: self.scene.meter.metered_power(self.scene.model.pools[pool].site).0,
        }
    }

    /// Schedules the end of a job's patience.
    pub(super) fn schedule_patience(&mut self, job: JobId) {
        let until = self.scene.jobs.hidden(job).patience_until;
        if until != Time::NEVER {
            let number = self.scene.jobs.attributes(job).number;
            let epoch = self.scene.jobs.status(job).epoch;
            self.agenda.push(Event { at: until.max(self.scene.now), kind: Kind::Patience, tie: number, subject: Subject::Job(job, epoch) });
        }
    }

    /// Returns the reason for which a job that is still here when the run ends is unfinished.
    pub(super) fn reason_unfinished(state: State) -> Reason {
        if state == State::Queued { Reason::StillQueued } else { Reason::StillRunning }
    }
}

/// Returns when a run ends at the latest. Where the horizon is that of a trace, there is no bound unless one is given: a trace's length says
/// nothing of how long its backlog takes.
pub(super) fn latest_end(model: &Model, horizon: Time) -> Time {
    let drain = model.drain;
    match (drain.until_idle, drain.at_most, model.horizon) {
        (false, ..) => horizon,
        (true, Some(at_most), _) => horizon + at_most,
        (true, None, Some(_)) => horizon + Span(horizon.0),
        (true, None, None) => Time::NEVER,
    }
}
