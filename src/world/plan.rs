//! What a policy decides in one round. Every decision is checked at the call, against the world and the plan so far, and booked at once;
//! what a trial placement has booked can be taken back. The engine carries the plan out at the end of the round.

use super::bookings::{Bookings, Decided, Load, Reservation};
use super::capacity::{Held, Share};
use super::ends::End;
use super::jobs::State;
use super::parts::Parts;
use super::quote::{self, Quote};
use super::reach::Candidate;
use super::records::Reason;
use super::refusal::{ProtocolFault, Refusal};
use super::scene::Scene;
use crate::base::{Money, Power, Ratio, Time};
use crate::model::{JobId, PoolId, QuotaId, SiteId};
use crate::rules::Start;

/// GPUs of one pool for one job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allocation {
    /// The pool.
    pub pool: PoolId,
    /// How many GPUs.
    pub gpus: u32,
    /// The node, if the policy wants to name it.
    pub node: Option<u32>,
}

impl Allocation {
    /// Asks for GPUs of a pool, packed by default.
    pub fn new(pool: PoolId, gpus: u32) -> Self {
        Self { pool, gpus, node: None }
    }
}

/// How a job is preempted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Preempt {
    /// It writes a checkpoint first and keeps all its work; its GPUs are free when that is written (at once, if its class has no checkpoints).
    Checkpoint,
    /// It stops at once and loses what no checkpoint holds.
    Discard,
}

/// A decision as the engine carries it out; what a rollback needs is in it.
#[derive(Clone, Debug)]
pub enum Decision {
    /// The job holds its GPUs from now on.
    Start(Started),
    /// The job waits for this pool from now on.
    Bind {
        /// The job.
        job: JobId,
        /// The pool.
        pool: PoolId,
        /// What it adds to the pool's outstanding work.
        load_gpu_us: u64,
        /// Where it was bound before, and what it had added there.
        before: Option<(PoolId, u64)>,
    },
    /// The job gives back its GPUs.
    Preempt {
        /// The job.
        job: JobId,
        /// How.
        how: Preempt,
        /// Whether its GPUs have been given back already.
        released: bool,
    },
    /// The job's data moves to the site ahead of its start.
    Prefetch {
        /// The job.
        job: JobId,
        /// The site.
        site: SiteId,
    },
    /// The job must not start before a time.
    Defer {
        /// The job.
        job: JobId,
        /// The time.
        until: Time,
    },
    /// The job is turned away.
    Reject {
        /// The job.
        job: JobId,
    },
    /// The policy wants to be asked at a time.
    WakeUp {
        /// The time.
        at: Time,
    },
}

/// A start that is booked.
#[derive(Clone, Debug)]
pub struct Started {
    /// The job.
    pub job: JobId,
    /// Its pool.
    pub pool: PoolId,
    /// Its GPUs by pool.
    pub parts: Parts,
    /// Its GPUs by node.
    pub held: Held,
    /// Work per second, relative to the reference chip.
    pub rate: Ratio,
    /// When it is expected to end.
    pub expected_end: Time,
    /// What it adds to its pools' outstanding work.
    pub load_gpu_us: u64,
    /// Where it was bound before, and what it had added there.
    pub before: Option<(PoolId, u64)>,
    /// Added to the site's power with all held GPUs busy: of the first pool's site, and of the second's.
    pub busy_power_mw: [u64; 2],
    /// What it was expected to take and to cost.
    pub quote: Quote,
}

/// A place in the plan to return to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark(usize);

/// The decisions of a round.
pub struct Plan<'a> {
    scene: &'a Scene,
    bookings: &'a mut Bookings,
    decisions: &'a mut Vec<Decision>,
    decided: &'a mut Decided,
    tally: &'a mut Tally,
}

/// What a plan leaves behind beside its decisions.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Refusals by kind.
    pub refusals: std::collections::BTreeMap<&'static str, u64>,
    /// The first decision that broke the protocol.
    pub fault: Option<ProtocolFault>,
    /// Shares of jobs whose preemption gave their GPUs back, for the way back.
    preempted: Vec<Vec<(PoolId, u32, u32)>>,
}

impl<'a> Plan<'a> {
    /// Opens an empty plan.
    pub(crate) fn new(scene: &'a Scene, bookings: &'a mut Bookings, decisions: &'a mut Vec<Decision>, decided: &'a mut Decided, tally: &'a mut Tally) -> Self {
        decisions.clear();
        decided.begin();
        tally.preempted.clear();
        Self { scene, bookings, decisions, decided, tally }
    }

    /// Starts a queued job on these GPUs. *O*(GPUs of the gang ÷ GPUs of a node + quotas that match).
    ///
    /// # Errors
    /// Tells what the world denies: nothing is booked then.
    pub fn place(&mut self, job: JobId, shares: &[Allocation]) -> Result<(), Refusal> {
        let result = self.try_place(job, shares);
        self.count(result)
    }
    /// Binds a queued job to a pool: it waits for that one.
    pub fn bind(&mut self, job: JobId, pool: PoolId) {
        let before = self.scene.jobs.status(job).pool.map(|pool| (pool, self.scene.jobs.status(job).load_gpu_us));
        let load_gpu_us = self.expected_load(job, pool);
        let gpus = u64::from(self.scene.jobs.attributes(job).gpus);
        self.unload(before, gpus);
        let load = &mut self.bookings.load[pool];
        *load = Load { queued: load.queued + 1, queued_gpus: load.queued_gpus + gpus, outstanding_gpu_us: load.outstanding_gpu_us + u128::from(load_gpu_us) };
        self.decisions.push(Decision::Bind { job, pool, load_gpu_us, before });
    }
    /// Moves a queued job's data to a site ahead of its start.
    pub fn prefetch(&mut self, job: JobId, site: SiteId) -> Result<(), Refusal> {
        let result = self.try_prefetch(job, site);
        self.count(result)
    }
    /// Takes the GPUs of a running job away.
    pub fn preempt(&mut self, job: JobId, how: Preempt) -> Result<(), Refusal> {
        let result = self.try_preempt(job, how);
        self.count(result)
    }
    /// Holds a queued job back until a time.
    pub fn defer(&mut self, job: JobId, until: Time) -> Result<(), Refusal> {
        let result = self.decide(job).and_then(|()| if until < self.scene.now { Err(Refusal::Protocol(ProtocolFault::PastTime(until))) } else { Ok(()) });
        if result.is_ok() {
            self.decided.insert(job);
            self.decisions.push(Decision::Defer { job, until });
        }
        self.count(result)
    }
    /// Turns a queued job away.
    pub fn reject(&mut self, job: JobId) -> Result<(), Refusal> {
        let result = self.decide(job);
        if result.is_ok() {
            self.decided.insert(job);
            self.decisions.push(Decision::Reject { job });
        }
        self.count(result)
    }
    /// Asks for a round at a time, even if nothing happens then.
    pub fn wake_at(&mut self, at: Time) -> Result<(), Refusal> {
        let result = if at < self.scene.now { Err(Refusal::Protocol(ProtocolFault::PastTime(at))) } else { Ok(()) };
        if result.is_ok() {
            self.decisions.push(Decision::WakeUp { at });
        }
        self.count(result)
    }

    /// Marks the plan so far.
    pub fn mark(&self) -> Mark {
        Mark(self.decisions.len())
    }
    /// Takes back every decision since a mark; the world is as it was then.
    pub fn rollback(&mut self, mark: Mark) {
        while self.decisions.len() > mark.0 {
            let decision = self.decisions.pop().expect("there are more decisions than at the mark");
            self.undo(decision);
        }
    }

    /// Counts GPUs of a pool that are free and not reserved, after the decisions so far.
    pub fn free(&self, pool: PoolId) -> u64 {
        self.bookings.capacity.free(pool)
    }
    /// Tells whether a gang fits into a pool now.
    pub fn fits(&self, pool: PoolId, gpus: u32) -> bool {
        self.bookings.capacity.fits(pool, gpus)
    }
    /// Tells whether a gang would fit into the pool if it were empty.
    pub fn could_hold(&self, pool: PoolId, gpus: u32) -> bool {
        self.bookings.capacity.could_hold(pool, gpus)
    }
    /// Tells whether a pool can still run a job: large enough, and access to its chip is not over.
    pub fn can_ever(&self, job: JobId, pool: PoolId) -> bool {
        let attributes = self.scene.jobs.attributes(job);
        self.could_hold(pool, attributes.gpus)
            && self.scene.reach.candidate(attributes.reach, pool).is_some()
            && self.bookings.rules.may_ever_use(&self.scene.model, attributes.group, attributes.class, pool, attributes.gpus, self.scene.now)
    }
    /// Counts installed GPUs of a pool.
    pub fn installed(&self, pool: PoolId) -> u64 {
        self.bookings.capacity.installed(pool)
    }
    /// Counts jobs that wait for a pool.
    pub fn queued(&self, pool: PoolId) -> u64 {
        self.bookings.load[pool].queued
    }
    /// Returns the GPU time that waits and runs at a pool, by estimate.
    pub fn outstanding_gpu_us(&self, pool: PoolId) -> u128 {
        self.bookings.load[pool].outstanding_gpu_us
    }
    /// Returns when a gang can start in a pool by what is expected to end there; see [`Bookings::earliest_fit`].
    pub fn earliest_fit(&self, pool: PoolId, gpus: u32) -> Option<Reservation> {
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
        let start = self.bookings.start(self.scene, job, self.scene.now);
        self.bookings.rules.is_charged_to(&self.scene.model, &start, pool, quota)
    }
    /// Returns the jobs to preempt so that quotas admit a start, as their reclaim rules allow; empty: none will do.
    pub fn reclaim_victims(&mut self, job: JobId, shares: &[Allocation]) -> Vec<JobId> {
        self.bookings.reclaim_victims(self.scene, job, shares, self.decided)
    }

    fn count(&mut self, result: Result<(), Refusal>) -> Result<(), Refusal> {
        if let Err(refusal) = &result {
            *self.tally.refusals.entry(refusal.kind()).or_default() += 1;
            if let Refusal::Protocol(fault) = refusal {
                self.tally.fault.get_or_insert(*fault);
            }
        }
        result
    }
    /// Checks that a queued job may be decided on.
    fn decide(&self, job: JobId) -> Result<(), Refusal> {
        let fault = if !self.scene.jobs.is_live(job) {
            ProtocolFault::UnknownJob(job)
        } else if self.decided.contains(job) {
            ProtocolFault::NamedTwice(job)
        } else if self.scene.jobs.status(job).state != State::Queued {
            ProtocolFault::NotQueued(job)
        } else {
            return Ok(());
        };
        Err(Refusal::Protocol(fault))
    }

    fn try_place(&mut self, job: JobId, shares: &[Allocation]) -> Result<(), Refusal> {
        self.decide(job)?;
        let attributes = self.scene.jobs.attributes(job);
        self.check_shares(job, shares)?;
        let deferred_until = self.scene.jobs.status(job).deferred_until;
        if deferred_until > self.scene.now {
            return Err(Refusal::Deferred { until: deferred_until });
        }
        let mut parts = Parts::NONE;
        if !shares.iter().all(|share| parts.add(share.pool, share.gpus)) {
            return Err(Refusal::Split);
        }
        let (first, split_efficiency) = self.check_pools(job, &parts)?;
        let mut quote = quote::quote(self.scene, job, &first);
        let start = self.bookings.start(self.scene, job, self.scene.now + quote.staging + quote.run);
        self.bookings.rules.fits(&self.scene.model, &start, parts.as_slice(), quote.energy_mj).map_err(Refusal::Rules)?;
        let busy_power_mw = self.check_power(&parts)?;
        let held = self.take(job, shares)?;

        let class = &self.scene.model.classes[attributes.class];
        let nodes = self.bookings.capacity.shares(held).count() as u32;
        let rate = first.rate.times(class.spread_efficiency(nodes)).times(split_efficiency);
        quote.run = self.scene.run_length(job, rate);
        let expected_end = self.scene.now + quote.staging + quote.run;
        let status = self.scene.jobs.status(job);
        let before = status.pool.map(|pool| (pool, status.load_gpu_us));
        self.unload(before, u64::from(attributes.gpus));
        let load_gpu_us = quote.run.0.saturating_mul(u64::from(attributes.gpus));
        self.bookings.load[first.pool].outstanding_gpu_us += u128::from(load_gpu_us);
        for ((pool, gpus), power) in parts.iter().zip(busy_power_mw) {
            self.bookings.busy_power_mw[self.scene.model.pools[pool].site] += power;
            self.bookings.ends[pool].insert(End { at: expected_end, number: attributes.number, held, gpus });
        }
        let start = Start { expected_end, ..start };
        self.bookings.rules.book(&self.scene.model, job, &start, parts.as_slice(), &self.scene.bases(&quote));
        self.decided.insert(job);
        let started = Started { job, pool: first.pool, parts, held, rate, expected_end, load_gpu_us, before, busy_power_mw, quote };
        self.decisions.push(Decision::Start(started));
        Ok(())
    }

    fn check_shares(&self, job: JobId, shares: &[Allocation]) -> Result<(), Refusal> {
        let gang = self.scene.jobs.attributes(job).gpus;
        for share in shares {
            let Some(pool) = self.scene.model.pools.get(share.pool) else {
                return Err(Refusal::Protocol(ProtocolFault::UnknownPool(share.pool)));
            };
            if share.gpus == 0 || share.node.is_some_and(|node| node >= pool.nodes) {
                return Err(Refusal::Protocol(ProtocolFault::EmptyShare(job)));
            }
        }
        let given: u64 = shares.iter().map(|share| u64::from(share.gpus)).sum();
        if given != u64::from(gang) {
            return Err(Refusal::Protocol(ProtocolFault::WrongSize { job, given, gang }));
        }
        Ok(())
    }

    /// Checks where a job may run, and whether its gang may be split like this.
    fn check_pools(&self, job: JobId, parts: &Parts) -> Result<(Candidate, Ratio), Refusal> {
        let first = self.candidate(job, parts.as_slice()[0].0)?;
        let Some((other, _)) = parts.as_slice().get(1) else {
            return Ok((first, Ratio::ONE));
        };
        self.candidate(job, *other)?;
        let model = &self.scene.model;
        let (here, there) = (&model.pools[first.pool], &model.pools[*other]);
        if here.chip != there.chip || here.site == there.site {
            return Err(Refusal::Split);
        }
        let km = model.network.distance_km(model.sites[here.site].node, model.sites[there.site].node);
        let class = &model.classes[self.scene.jobs.attributes(job).class];
        let efficiency = class.split_efficiency(km).ok_or(Refusal::Split)?;
        Ok((first, efficiency))
    }

    fn candidate(&self, job: JobId, pool: PoolId) -> Result<Candidate, Refusal> {
        let row = self.scene.jobs.attributes(job).reach;
        if let Some(candidate) = self.scene.reach.candidate(row, pool) {
            return Ok(*candidate);
        }
        let site = self.scene.model.pools[pool].site;
        let reason = self.scene.reach.refused(row).iter().find(|refused| refused.0 == pool).map(|refused| refused.1);
        Err(match reason {
            Some(Reason::Residency) => Refusal::Residency { site },
            Some(Reason::Latency) => {
                let region = self.scene.jobs.attributes(job).region;
                Refusal::Latency { site, one_way: self.scene.network.routes().one_way(region, site) }
            }
            _ => Refusal::Chip { pool },
        })
    }

    /// Checks the sites' power limits with all held GPUs busy; returns what each part adds.
    fn check_power(&self, parts: &Parts) -> Result<[u64; 2], Refusal> {
        let model = &self.scene.model;
        let mut added = [0; 2];
        for (index, (pool, gpus)) in parts.iter().enumerate() {
            let chip = &model.chips[model.pools[pool].chip];
            added[index] = u64::from(gpus) * chip.busy.0.saturating_sub(chip.idle.0);
            let site = model.pools[pool].site;
            if let Some(limit) = model.sites[site].power_limit {
                let it = self.bookings.site_power_if_busy(self.scene, site) + added[index];
                let would_be = self.scene.meter.metered(site, Power(it));
                if would_be > limit {
                    return Err(Refusal::Power { site, would_be, limit });
                }
            }
        }
        Ok(added)
    }

    fn take(&mut self, job: JobId, shares: &[Allocation]) -> Result<Held, Refusal> {
        let mut held = Held::NOTHING;
        for share in shares {
            let taken = self.bookings.capacity.take(job, Share { pool: share.pool, gpus: share.gpus, node: share.node }, &mut held);
            if !taken {
                self.bookings.capacity.release(held);
                return Err(Refusal::Room { pool: share.pool, asked: share.gpus, free: self.free(share.pool) });
            }
        }
        Ok(held)
    }

    fn try_prefetch(&mut self, job: JobId, site: SiteId) -> Result<(), Refusal> {
        if !self.scene.jobs.is_live(job) {
            return Err(Refusal::Protocol(ProtocolFault::UnknownJob(job)));
        }
        if self.scene.jobs.status(job).state != State::Queued {
            return Err(Refusal::Protocol(ProtocolFault::NotQueued(job)));
        }
        let Some(of_site) = self.scene.model.sites.get(site) else {
            return Err(Refusal::Protocol(ProtocolFault::UnknownSite(site)));
        };
        let candidate = of_site.pools().find_map(|pool| self.candidate(job, pool).ok()).ok_or(Refusal::Residency { site })?;
        if !self.scene.must_move(job, &candidate) {
            return Err(Refusal::NothingToMove);
        }
        self.decisions.push(Decision::Prefetch { job, site });
        Ok(())
    }

    fn try_preempt(&mut self, job: JobId, how: Preempt) -> Result<(), Refusal> {
        if !self.scene.jobs.is_live(job) {
            return Err(Refusal::Protocol(ProtocolFault::UnknownJob(job)));
        }
        if self.decided.contains(job) {
            return Err(Refusal::Protocol(ProtocolFault::NamedTwice(job)));
        }
        let status = self.scene.jobs.status(job);
        if !matches!(status.state, State::Staging | State::Running) {
            return Err(Refusal::Protocol(ProtocolFault::NotRunning(job)));
        }
        let class = &self.scene.model.classes[self.scene.jobs.attributes(job).class];
        let writes = how == Preempt::Checkpoint && status.state == State::Running && class.checkpoint.is_some_and(|checkpoint| checkpoint.cost.0 > 0);
        if !writes {
            let shares = self.bookings.capacity.shares(status.held).collect();
            self.tally.preempted.push(shares);
            self.bookings.give_back(self.scene, job);
        }
        self.decided.insert(job);
        self.decisions.push(Decision::Preempt { job, how, released: !writes });
        Ok(())
    }

    fn expected_load(&self, job: JobId, pool: PoolId) -> u64 {
        let gpus = u64::from(self.scene.jobs.attributes(job).gpus);
        let row = self.scene.jobs.attributes(job).reach;
        self.scene.reach.candidate(row, pool).map_or(0, |candidate| self.scene.run_length(job, candidate.rate).0.saturating_mul(gpus))
    }
    fn unload(&mut self, before: Option<(PoolId, u64)>, gpus: u64) {
        if let Some((pool, load_gpu_us)) = before {
            let load = &mut self.bookings.load[pool];
            load.queued -= 1;
            load.queued_gpus -= gpus;
            load.outstanding_gpu_us -= u128::from(load_gpu_us);
        }
    }
    fn load_again(&mut self, before: Option<(PoolId, u64)>, gpus: u64) {
        if let Some((pool, load_gpu_us)) = before {
            let load = &mut self.bookings.load[pool];
            load.queued += 1;
            load.queued_gpus += gpus;
            load.outstanding_gpu_us += u128::from(load_gpu_us);
        }
    }

    fn undo(&mut self, decision: Decision) {
        match decision {
            Decision::Start(started) => self.undo_start(&started),
            Decision::Bind { job, pool, load_gpu_us, before } => {
                let gpus = u64::from(self.scene.jobs.attributes(job).gpus);
                self.unload(Some((pool, load_gpu_us)), gpus);
                self.load_again(before, gpus);
            }
            Decision::Preempt { job, released, .. } => {
                self.decided.remove(job);
                if released {
                    let shares = self.tally.preempted.pop().expect("a preemption that gave GPUs back is noted");
                    self.bookings.take_again(self.scene, job, &shares);
                }
            }
            Decision::Defer { job, .. } | Decision::Reject { job } => self.decided.remove(job),
            Decision::Prefetch { .. } | Decision::WakeUp { .. } => {}
        }
    }
    fn undo_start(&mut self, started: &Started) {
        let attributes = self.scene.jobs.attributes(started.job);
        self.bookings.rules.unbook(&self.scene.model, started.job, started.parts.as_slice());
        for ((pool, _), power) in started.parts.iter().zip(started.busy_power_mw) {
            self.bookings.busy_power_mw[self.scene.model.pools[pool].site] -= power;
            self.bookings.ends[pool].remove(started.expected_end, attributes.number);
        }
        self.bookings.capacity.release(started.held);
        self.bookings.load[started.pool].outstanding_gpu_us -= u128::from(started.load_gpu_us);
        self.load_again(started.before, u64::from(attributes.gpus));
        self.decided.remove(started.job);
    }
}
