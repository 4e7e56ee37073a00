//! The end of an attempt: where its time went, what it costs, who pays.

use super::commit::powers;
use super::history::History;
use super::money::Claim;
use super::{Run, RunError};
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Bytes, Money, Span, Time};
use crate::model::{JobId, OnFailure, PoolId};
use crate::rules::Bases;
use crate::world::attempt::{Spent, Timeline, work_done};
use crate::world::bookings::Bound;
use crate::world::delta::Left;
use crate::world::energy::Consumption;
use crate::world::jobs::{Claiming, State};
use crate::world::parts::Parts;
use crate::world::plan::Preempt;
use crate::world::quote;
use crate::world::records::{Account, Fate, GpuTime, JobRecord, Posting, Purpose, Reason};

/// How an attempt ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// All work is done.
    Done,
    /// It is ended for good with its work undone.
    Killed,
    /// A node failed.
    Failed,
    /// Preempted; all computing so far is kept.
    Kept,
    /// Preempted; what no checkpoint holds is lost.
    Discarded,
    /// The run ends first; what was computed counts as kept.
    Cut,
}

impl Run {
    /// A job has done all its work, or is ended by its estimate or a quota.
    pub(super) fn end_job(&mut self, job: JobId) -> Result<(), RunError> {
        let status = *self.scene.jobs.status(job);
        let done = status.state == State::Running && status.computing + self.timeline(job).length() <= self.scene.now;
        let number = self.scene.jobs.attributes(job).number;
        self.digest.event(History::End as u8, [self.scene.now.0, number, u64::from(done)]);
        self.end_attempt(job, if done { Stop::Done } else { Stop::Killed })?;
        self.give_back(job);
        let left = self.left(job);
        self.delta.ended.push(left);
        self.leave(job, Fate::Finished, (!done).then_some(Reason::KilledAtEstimate))
    }
    /// Returns what a policy is told of a job that leaves.
    pub(super) fn left(&self, job: JobId) -> Left {
        let (attributes, status, usage) = (self.scene.jobs.attributes(job), self.scene.jobs.status(job), self.scene.jobs.usage(job));
        Left { job, number: attributes.number, held_gpu_us: usage.held_gpu_us, work: status.done }
    }
    /// The checkpoint that preemption asked for is written, or the one with which a job has moved.
    pub(super) fn end_checkpoint(&mut self, job: JobId) -> Result<(), RunError> {
        if self.scene.jobs.status(job).state == State::Staging {
            return self.end_writing(job);
        }
        self.end_attempt(job, Stop::Kept)?;
        self.give_back(job);
        self.bind_where_it_ran(job);
        self.return_to_queue(job, History::Preempted);
        Ok(())
    }
    /// A node of a job's has failed.
    pub(super) fn stop_by_failure(&mut self, job: JobId) -> Result<(), RunError> {
        self.end_attempt(job, Stop::Failed)?;
        self.give_back(job);
        self.bind_where_it_ran(job);
        let status = self.scene.jobs.status_mut(job);
        if status.claiming == Claiming::Done {
            status.claiming = Claiming::AtNextStart;
        }
        self.scene.jobs.usage_mut(job).failures += 1;
        self.return_to_queue(job, History::Failed);
        Ok(())
    }
    /// The plan has preempted a job, given its GPUs back, and bound it to the pool in which it ran.
    pub(super) fn stop_by_preemption(&mut self, job: JobId, how: Preempt) -> Result<(), RunError> {
        self.end_attempt(job, if how == Preempt::Checkpoint { Stop::Kept } else { Stop::Discarded })?;
        self.after_give_back(job);
        self.return_to_queue(job, History::Preempted);
        Ok(())
    }

    /// The plan has given a job's GPUs back, as it moves to others.
    pub(super) fn stop_by_move(&mut self, job: JobId, to: &Parts) -> Result<(), RunError> {
        self.end_attempt(job, Stop::Kept)?;
        self.after_give_back(job);
        let (number, gpus) = (self.scene.jobs.attributes(job).number, self.scene.jobs.attributes(job).gpus);
        self.digest.event(History::Moved as u8, [self.scene.now.0, number, u64::from(to.as_slice()[0].0.0)]);
        let usage = self.scene.jobs.usage_mut(job);
        *if to.gpus() == gpus { &mut usage.migrations } else { &mut usage.resizes } += 1;
        Ok(())
    }

    fn return_to_queue(&mut self, job: JobId, why: History) {
        let number = self.scene.jobs.attributes(job).number;
        self.digest.event(why as u8, [self.scene.now.0, number, 0]);
        if matches!(why, History::Preempted) {
            self.scene.jobs.usage_mut(job).preemptions += 1;
        }
        self.scene.jobs.running_to_queued(job);
        self.scene.jobs.set_gpus(job, self.scene.jobs.attributes(job).asked_gpus);
        let status = self.scene.jobs.status_mut(job);
        status.state = State::Queued;
        status.epoch = status.epoch.wrapping_add(1);
        self.schedule_patience(job);
        self.delta.returned.push(job);
    }
    /// A job whose attempt has ended waits for the pool it ran in, unless the policy binds it again.
    fn bind_where_it_ran(&mut self, job: JobId) {
        let status = self.scene.jobs.status(job);
        let (pool, load_gpu_us) = (status.parts.as_slice()[0].0, status.load_gpu_us);
        let gpus = self.scene.jobs.attributes(job).asked_gpus;
        self.bookings.bind(self.scene.model.pools[pool].site, Bound { pool, load_gpu_us }, gpus);
    }

    /// Gives back GPUs, quotas and loads of a job whose attempt has ended.
    pub(super) fn give_back(&mut self, job: JobId) {
        self.bookings.give_back(&self.scene, job);
        self.after_give_back(job);
    }
    fn after_give_back(&mut self, job: JobId) {
        for (pool, _) in self.scene.jobs.status(job).parts.iter() {
            self.follow_reserved(pool);
            self.follow_nodes(pool);
            self.delta.freed.push(pool);
        }
    }
    /// Accounts for an attempt: time, energy, money; and moves the job's progress on.
    pub(super) fn end_attempt(&mut self, job: JobId, stop: Stop) -> Result<(), RunError> {
        let status = *self.scene.jobs.status(job);
        let attributes = *self.scene.jobs.attributes(job);
        let computing = status.state != State::Staging;
        let begin = if computing { status.computing } else { self.scene.now };
        if computing {
            self.change_power(job, false);
        }
        self.let_go_of_data(job);

        let timeline = self.timeline(job);
        let until = if status.state == State::Stopping { status.stopping_since } else { self.scene.now };
        let spent = timeline.spent(until.saturating_since(begin));
        let stopping = self.scene.now.saturating_since(until);
        let kept = self.progress_of(job, stop, &spent);
        let written = status.written.min(begin);
        let split = Split { start: status.start, written, begin, kept, stopping: (until, self.scene.now) };
        self.account_time(job, &split, stop);
        self.charge_attempt(job, &split, stop)?;

        let estimated_end = begin + self.scene.estimated_length(job, status.rate);
        let usage = self.scene.jobs.usage_mut(job);
        usage.staging += begin.since(written);
        usage.run = spent.computing + spent.checkpointing + stopping;
        usage.outlived_estimate |= computing && self.scene.now > estimated_end;
        let work = self.scene.jobs.hidden(job).work;
        let class = &self.scene.model.classes[attributes.class];
        let (has_checkpoints, restarts) = (class.checkpoint.is_some(), class.on_failure == OnFailure::Restart);
        let status = self.scene.jobs.status_mut(job);
        let gained = work_done(kept, status.rate, work.saturating_sub(status.done));
        status.done = match stop {
            Stop::Done => work,
            Stop::Failed if restarts => Span::ZERO,
            _ => status.done + gained,
        };
        status.restore = has_checkpoints && (stop == Stop::Failed || status.done > Span::ZERO);
        status.checkpoint_at = match status.done {
            Span::ZERO => None,
            // While it waited, its checkpoint lay where it had been, or had come here: the arrival says so.
            _ if !computing => status.checkpoint_at,
            _ => status.pool,
        };
        if stop == Stop::Failed && restarts {
            self.lose_what_was_kept(job);
        }
        Ok(())
    }

    /// A job starts from zero: what earlier attempts had kept, as preemption does, is lost after all.
    fn lose_what_was_kept(&mut self, job: JobId) {
        let usage = self.scene.jobs.usage_mut(job);
        usage.lost_gpu_us = usage.lost_gpu_us.saturating_add(std::mem::take(&mut usage.kept_gpu_us));
        for (pool, kept) in self.kept_before.remove(&job).unwrap_or_default() {
            let time = &mut self.bookings.totals[pool].gpu_time;
            time.kept -= kept;
            time.lost += kept;
        }
    }

    /// Returns how much of the attempt's computing time is kept.
    fn progress_of(&self, job: JobId, stop: Stop, spent: &Spent) -> Span {
        let class = &self.scene.model.classes[self.scene.jobs.attributes(job).class];
        match stop {
            Stop::Done | Stop::Killed | Stop::Cut => spent.computing,
            Stop::Kept => spent.computing.saturating_sub(class.lost_when_preempted(self.scene.jobs.attributes(job).gpus)),
            Stop::Discarded => spent.safe,
            Stop::Failed => match class.on_failure {
                OnFailure::Keep => spent.computing,
                OnFailure::Resume => spent.safe,
                OnFailure::Restart => Span::ZERO,
            },
        }
    }

    /// Adds where the GPU time went to the job, and to its pools as far as it lies in the window.
    fn account_time(&mut self, job: JobId, split: &Split, stop: Stop) {
        let status = *self.scene.jobs.status(job);
        let whole = split.gpu_time(self.scene.now, &self.timeline(job), |from, to| (from, to));
        let gpus = u128::from(self.scene.jobs.attributes(job).gpus);
        let usage = self.scene.jobs.usage_mut(job);
        let add = |sum: &mut u64, time: u128| *sum = sum.saturating_add(u64::try_from(time * gpus).unwrap_or(u64::MAX));
        add(&mut usage.held_gpu_us, whole.held);
        add(&mut usage.kept_gpu_us, whole.kept);
        add(&mut usage.staging_gpu_us, whole.staging);
        add(&mut usage.checkpointing_gpu_us, whole.checkpointing);
        add(&mut usage.restoring_gpu_us, whole.restoring);
        add(&mut usage.lost_gpu_us, whole.lost);
        let window = self.window;
        let inside = split.gpu_time(self.scene.now, &self.timeline(job), |from, to| window.clip(from, to));
        let class = &self.scene.model.classes[self.scene.jobs.attributes(job).class];
        let at_risk = matches!(stop, Stop::Kept | Stop::Discarded) && class.on_failure == OnFailure::Restart && inside.kept > 0;
        for (pool, gpus) in status.parts.iter() {
            if at_risk {
                self.kept_before.entry(job).or_default().push((pool, inside.kept * u128::from(gpus)));
            }
            self.bookings.totals[pool].gpu_time.add(&inside.times(u128::from(gpus)));
            self.totals.chip_gpu_us[self.scene.model.pools[pool].chip] += inside.held * u128::from(gpus);
        }
    }

    /// Charges compute and metered energy for an attempt, adds its energy and carbon to the job, and tells its claims and quotas of it.
    fn charge_attempt(&mut self, job: JobId, split: &Split, stop: Stop) -> Result<(), RunError> {
        let status = *self.scene.jobs.status(job);
        let mut bases = [Bases::default(); 2];
        let count = status.parts.as_slice().len();
        for (index, (pool, gpus)) in status.parts.iter().enumerate() {
            bases[index] = self.charge_part(job, split, pool, gpus, status.prices[index])?;
        }
        bases[0].transfer = std::mem::take(&mut self.scene.jobs.status_mut(job).transfer_since);
        let claim = match stop {
            Stop::Done | Stop::Killed => Claim::Settle,
            Stop::Kept | Stop::Discarded => Claim::Accrue,
            Stop::Failed => Claim::Release,
            Stop::Cut => Claim::Leave,
        };
        self.follow_claims(job, claim, &bases[..count])?;
        if let Some(hold) = self.scene.jobs.status_mut(job).rule_hold.take() {
            let energy = [bases[0].energy_mj, bases[1].energy_mj].map(|energy_mj| u64::try_from(energy_mj).unwrap_or(u64::MAX));
            self.bookings.rules.release(&self.scene.model, hold, self.scene.now, &energy[..count]);
        }
        Ok(())
    }

    fn charge_part(&mut self, job: JobId, split: &Split, pool: PoolId, gpus: u32, price: Money) -> Result<Bases, RunError> {
        let now = self.scene.now;
        let since = split.start;
        let site = self.scene.model.pools[pool].site;
        let gpu_us = u128::from(gpus) * u128::from(now.since(since).0);
        let compute = price.times(gpu_us, u128::from(MICROS_PER_HOUR))?;
        let used = self.energy_of(split, pool, gpus)?;
        let attributes = self.scene.jobs.attributes(job);
        let (tenant, number) = (attributes.tenant, attributes.number);
        let usage = self.scene.jobs.usage_mut(job);
        usage.compute_charge = usage.compute_charge.plus(compute)?;
        usage.energy_mj = usage.energy_mj.saturating_add(u64::try_from(used.energy_mj).unwrap_or(u64::MAX));
        usage.carbon_location_mg = usage.carbon_location_mg.saturating_add(u64::try_from(used.carbon_location_mg).unwrap_or(u64::MAX));
        usage.carbon_market_mg = usage.carbon_market_mg.saturating_add(u64::try_from(used.carbon_market_mg).unwrap_or(u64::MAX));
        let (from, to) = (Account::Tenant(tenant), Account::Site(site));
        let posting = Posting { at: now, since, from, to, amount: compute, purpose: Purpose::Compute, job: Some(number) };
        self.post(posting)?;
        if self.scene.model.pools[pool].metered {
            let usage = self.scene.jobs.usage_mut(job);
            usage.energy_charge = usage.energy_charge.plus(used.cost)?;
            self.post(Posting { amount: used.cost, purpose: Purpose::MeteredEnergy, ..posting })?;
        }
        self.pass_levies_on(job, &posting, site, used.energy_mj)?;
        let capital = quote::capital(&self.scene.model, pool, gpus, now.since(since));
        Ok(Bases { compute, energy: used.cost, transfer: Money::ZERO, capital, gpu_us, energy_mj: used.energy_mj })
    }

    /// Returns what the GPUs of one part and their share of the hosts have used, with its cost and carbon.
    fn energy_of(&self, split: &Split, pool: PoolId, gpus: u32) -> Result<Consumption, RunError> {
        let site = self.scene.model.pools[pool].site;
        let [waiting, busy] = powers(&self.scene.model, pool, gpus);
        let active = self.scene.meter.share(site, busy, split.begin, self.scene.now)?;
        if split.begin == split.start {
            return Ok(active);
        }
        let idle = self.scene.meter.share(site, waiting, split.start, split.begin)?;
        Ok(Consumption {
            energy_mj: idle.energy_mj + active.energy_mj,
            cost: idle.cost.plus(active.cost)?,
            carbon_location_mg: idle.carbon_location_mg + active.carbon_location_mg,
            carbon_market_mg: idle.carbon_market_mg + active.carbon_market_mg,
        })
    }

    /// Charges a transfer to the job that caused it.
    pub(super) fn charge_transfer(&mut self, job: JobId, price: Money, bytes: Bytes) -> Result<(), RunError> {
        let amount = price.times(u128::from(bytes.0), u128::from(Bytes::PER_GB))?;
        let usage = self.scene.jobs.usage_mut(job);
        usage.transfer_charge = usage.transfer_charge.plus(amount)?;
        let status = self.scene.jobs.status_mut(job);
        status.transfer_since = status.transfer_since.plus(amount)?;
        let attributes = self.scene.jobs.attributes(job);
        let (tenant, number, now) = (attributes.tenant, attributes.number, self.scene.now);
        self.post(Posting {
            at: now,
            since: now,
            from: Account::Tenant(tenant),
            to: Account::Network,
            amount,
            purpose: Purpose::Transfer,
            job: Some(number),
        })
    }

    /// Writes one movement of money into the books; nothing is written for no money.
    pub(super) fn post(&mut self, posting: Posting) -> Result<(), RunError> {
        if posting.amount > Money::ZERO {
            self.digest.event(History::Money as u8, [posting.at.0, posting.job.unwrap_or(u64::MAX), posting.amount.0.unsigned_abs()]);
            self.bookings.rules.ledger.post(posting)?;
        }
        Ok(())
    }

    /// A job leaves the system: its record is made.
    pub(super) fn leave(&mut self, job: JobId, fate: Fate, reason: Option<Reason>) -> Result<(), RunError> {
        let attributes = *self.scene.jobs.attributes(job);
        let status = *self.scene.jobs.status(job);
        if fate != Fate::Finished {
            self.digest.event(History::Left as u8, [self.scene.now.0, attributes.number, fate as u64]);
        }
        if status.state == State::Queued {
            self.follow_claims(job, if fate == Fate::Unfinished { Claim::Leave } else { Claim::Release }, &[])?;
            if let Some(pool) = status.pool {
                self.bookings.unbind(self.scene.model.pools[pool].site, Bound { pool, load_gpu_us: status.load_gpu_us }, attributes.gpus);
            }
        }
        self.account_waiting(&attributes, job);
        if let Some(dataset) = attributes.dataset {
            self.scene.network.datasets.release(dataset.id);
        }
        let record = self.record(job, fate, reason);
        self.jobs_out.push(record);
        self.kept_before.remove(&job);
        self.scene.jobs.leave(job);
        Ok(())
    }

    /// Adds the time that a job was in the system and in the queue to the window's integrals.
    fn account_waiting(&mut self, attributes: &crate::world::jobs::Attributes, job: JobId) {
        let now = self.scene.now;
        let in_system = self.window.overlap(attributes.submit, now);
        self.totals.system_job_us += u128::from(in_system.0);
        let queued_until = self.scene.jobs.usage(job).first_start.unwrap_or(now);
        self.totals.queued_job_us += u128::from(self.window.overlap(attributes.submit, queued_until).0);
    }

    fn record(&self, job: JobId, fate: Fate, reason: Option<Reason>) -> JobRecord {
        let (attributes, hidden) = (self.scene.jobs.attributes(job), self.scene.jobs.hidden(job));
        let (status, usage) = (self.scene.jobs.status(job), self.scene.jobs.usage(job));
        let rtt =
            status.pool.filter(|_| usage.starts > 0).map(|pool| self.scene.network.routes.rtt(attributes.region, self.scene.model.pools[pool].site));
        JobRecord {
            number: attributes.number,
            workload: hidden.workload,
            source_id: hidden.source_id,
            tenant: attributes.tenant,
            class: attributes.class,
            gpus: attributes.asked_gpus,
            work: hidden.work,
            estimate: attributes.estimate,
            submit: attributes.submit,
            promised_start: usage.promised_start,
            first_start: usage.first_start,
            start: (usage.starts > 0).then_some(status.start),
            end: self.scene.now,
            fate,
            reason,
            recorded: hidden.recorded,
            pool: status.pool,
            second_pool: status.parts.as_slice().get(1).map(|part| part.0),
            staging: usage.staging,
            run: usage.run,
            rtt,
            starts: usage.starts,
            preemptions: usage.preemptions,
            migrations: usage.migrations,
            resizes: usage.resizes,
            failures: usage.failures,
            outlived_estimate: usage.outlived_estimate,
            missed_deadline: (attributes.deadline != Time::NEVER).then_some(fate != Fate::Finished || self.scene.now > attributes.deadline),
            gpu_time: GpuTime {
                held: u128::from(usage.held_gpu_us),
                kept: u128::from(usage.kept_gpu_us),
                staging: u128::from(usage.staging_gpu_us),
                checkpointing: u128::from(usage.checkpointing_gpu_us),
                restoring: u128::from(usage.restoring_gpu_us),
                lost: u128::from(usage.lost_gpu_us),
            },
            compute_charge: usage.compute_charge,
            energy_charge: usage.energy_charge,
            transfer_charge: usage.transfer_charge,
            subsidy: usage.subsidy,
            energy_mj: usage.energy_mj,
            carbon_location_mg: usage.carbon_location_mg,
            carbon_market_mg: usage.carbon_market_mg,
        }
    }

    /// Lets the meter follow what online services draw: busy power for as many reserved GPUs as jobs leave.
    pub(super) fn follow_reserved(&mut self, pool: PoolId) {
        if !self.scene.model.pools[pool].has_reserved() && self.reserved_power[pool] == 0 {
            return;
        }
        let chip = &self.scene.model.chips[self.scene.model.pools[pool].chip];
        let draws = self.bookings.capacity.reserved(pool).saturating_mul(chip.busy.0.saturating_sub(chip.idle.0));
        let before = std::mem::replace(&mut self.reserved_power[pool], draws);
        if before != draws {
            let site = self.scene.model.pools[pool].site;
            let change = i64::try_from(i128::from(draws) - i128::from(before)).unwrap_or(i64::MAX);
            self.scene.meter.set_power(site, self.scene.now, change);
        }
    }
}

/// An attempt in pieces.
struct Split {
    /// When it got its GPUs.
    start: Time,
    /// When the checkpoint was written that it brought along; then it waited for data.
    written: Time,
    /// When computing began.
    begin: Time,
    /// Computing time that is kept.
    kept: Span,
    /// The checkpoint that preemption asked for.
    stopping: (Time, Time),
}

impl Split {
    /// Returns the attempt's time on one GPU by what became of it, as far as `clip` lets it count. Checkpoints interleave with computing, so what
    /// of them lies in an interval is the difference of what was spent at its ends.
    fn gpu_time(&self, end: Time, timeline: &Timeline, clip: impl Fn(Time, Time) -> (Time, Time)) -> GpuTime {
        let length = |from: Time, to: Time| {
            let (from, to) = clip(from, to);
            u128::from(to.since(from).0)
        };
        let (from, to) = clip(self.begin, self.stopping.0.max(self.begin));
        let (from, to) = (timeline.spent(from.since(self.begin)), timeline.spent(to.since(self.begin)));
        let kept = (to.computing.min(self.kept) - from.computing.min(self.kept)).0;
        GpuTime {
            held: length(self.start, end),
            kept: u128::from(kept),
            staging: length(self.written, self.begin),
            checkpointing: u128::from((to.checkpointing - from.checkpointing).0)
                + length(self.start, self.written)
                + length(self.stopping.0, self.stopping.1),
            restoring: u128::from((to.setup - from.setup).0),
            lost: u128::from((to.computing - from.computing).0 - kept),
        }
    }
}
