//! What a policy decides in one round. Every decision is checked at the call, against the world and the plan so far, and booked at once;
//! what a trial placement has booked can be taken back. The engine carries the plan out at the end of the round.

use super::bookings::{Bookings, Bound, Decided, Following};
use super::capacity::{Held, Share};
use super::jobs::{Claiming, State};
use super::parts::Parts;
use super::quote::{self, Quote};
use super::reach::Candidate;
use super::records::Reason;
use super::refusal::{ProtocolFault, Refusal};
use super::scene::{Progress, Scene};
use crate::base::{MoneyOverflow, Power, Ratio, Span, Time};
use crate::model::{Elastic, JobId, PoolId, SiteId};
use crate::rules::{self, Claims, Part, Start};

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
        /// The pool, and what it adds to its load.
        to: Bound,
        /// Where it was bound before.
        before: Option<Bound>,
    },
    /// The job gives back its GPUs.
    Preempt {
        /// The job.
        job: JobId,
        /// How.
        how: Preempt,
        /// Whether its GPUs have been given back already.
        released: bool,
        /// Whether a quota takes back what the job's quota has borrowed.
        reclaimed: bool,
    },
    /// The job gives back its GPUs, and goes on on others from now on.
    Move(Started),
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
    /// The job is expected to start at a time.
    Promise {
        /// The job.
        job: JobId,
        /// The time.
        at: Time,
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
    /// Its GPUs, and what follows them.
    pub running: Following,
    /// What it holds under the rules.
    pub rule_hold: rules::Held,
    /// Its new claims on subsidies; none if it kept those it had.
    pub claims: Claims,
    /// Work per second, relative to the reference chip.
    pub rate: Ratio,
    /// How long it writes the checkpoint that it brings along.
    pub writing: Span,
    /// Where it was bound before.
    pub before: Option<Bound>,
}

/// What an attempt begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beginning {
    /// Where in its work.
    pub progress: Progress,
    /// How long it writes the checkpoint that it brings along.
    pub writing: Span,
    /// Where its job was bound before.
    pub before: Option<Bound>,
    /// The site whose limit on jobs counts it already.
    pub admitted_at: Option<SiteId>,
    /// Whether it makes claims on subsidies.
    pub claims: bool,
}

/// A place in the plan to return to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark(usize);

impl Mark {
    /// Where a plan begins.
    pub(crate) const BEGINNING: Self = Self(0);
}

/// The decisions of a round.
pub struct Plan<'a> {
    pub(super) scene: &'a Scene,
    pub(super) bookings: &'a mut Bookings,
    pub(super) decisions: &'a mut Vec<Decision>,
    pub(super) decided: &'a mut Decided,
    pub(super) tally: &'a mut Tally,
    /// Whether who asks stands at the sites: it sees them as they are.
    pub(super) at_sites: bool,
}

/// What a plan leaves behind beside its decisions.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Refusals by kind.
    pub refusals: std::collections::BTreeMap<&'static str, u64>,
    /// The first decision that broke the protocol.
    pub fault: Option<ProtocolFault>,
    /// An amount of money that left its range.
    pub overflow: Option<MoneyOverflow>,
    /// Jobs on which an earlier round has decided, where decisions take effect later.
    under_way: Vec<JobId>,
    /// What was denied in this round, where somebody wants to know.
    denials: Option<Vec<Denial>>,
    /// Shares of jobs that gave their GPUs back as they were preempted or moved, for the way back.
    pub(super) preempted: Vec<Vec<(PoolId, u32, u32)>>,
}

/// A decision that was denied.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Denial {
    /// The job.
    pub job: JobId,
    /// The pool, if it was about one.
    pub pool: Option<PoolId>,
    /// Why.
    pub refusal: Refusal,
}

impl<'a> Plan<'a> {
    /// Opens an empty plan.
    pub(crate) fn new(
        scene: &'a Scene,
        bookings: &'a mut Bookings,
        decisions: &'a mut Vec<Decision>,
        decided: &'a mut Decided,
        tally: &'a mut Tally,
    ) -> Self {
        decisions.clear();
        decided.begin();
        tally.preempted.clear();
        tally.under_way.clear();
        Self::reopen(scene, bookings, decisions, decided, tally)
    }

    /// Opens a plan again that has decisions already.
    pub(crate) fn reopen(
        scene: &'a Scene,
        bookings: &'a mut Bookings,
        decisions: &'a mut Vec<Decision>,
        decided: &'a mut Decided,
        tally: &'a mut Tally,
    ) -> Self {
        Self { scene, bookings, decisions, decided, tally, at_sites: false }
    }

    /// Starts a queued job on these GPUs. *O*(GPUs of the gang ÷ GPUs of a node + quotas that match).
    ///
    /// # Errors
    /// Tells what the world denies: nothing is booked then.
    pub fn place(&mut self, job: JobId, shares: &[Allocation]) -> Result<(), Refusal> {
        let result = self.try_place(job, shares);
        self.count_of(job, shares.first().map(|share| share.pool), result)
    }
    /// Binds a queued job to a pool: it waits for that one.
    ///
    /// # Errors
    /// Refuses if the site's limit on jobs is met.
    pub fn bind(&mut self, job: JobId, pool: PoolId) -> Result<(), Refusal> {
        let result = self.try_bind(job, pool);
        self.count_of(job, Some(pool), result)
    }
    /// Moves a queued job's data to a site ahead of its start.
    pub fn prefetch(&mut self, job: JobId, site: SiteId) -> Result<(), Refusal> {
        let result = self.try_prefetch(job, site);
        self.count_of(job, None, result)
    }
    /// Takes the GPUs of a running job away.
    pub fn preempt(&mut self, job: JobId, how: Preempt) -> Result<(), Refusal> {
        let result = self.try_preempt(job, how, false);
        self.count_of(job, None, result)
    }
    /// Preempts a job that [`Plan::reclaim_victims`] has named; its quotas count it as taken back.
    pub fn take_back(&mut self, job: JobId, how: Preempt) -> Result<(), Refusal> {
        let result = self.try_preempt(job, how, true);
        self.count_of(job, None, result)
    }
    /// Holds a queued job back until a time.
    pub fn defer(&mut self, job: JobId, until: Time) -> Result<(), Refusal> {
        let result = self.try_defer(job, until);
        self.count_of(job, None, result)
    }
    /// Turns a queued job away.
    pub fn reject(&mut self, job: JobId) -> Result<(), Refusal> {
        let result = self.try_reject(job);
        self.count_of(job, None, result)
    }
    /// Tells a queued job's user when it will start, as far as is known now; the first promise is kept in the job's record.
    pub fn promise(&mut self, job: JobId, at: Time) -> Result<(), Refusal> {
        let result = self.decide(job);
        if result.is_ok() && self.scene.jobs.usage(job).promised_start.is_none() {
            self.decisions.push(Decision::Promise { job, at });
        }
        self.count_of(job, None, result)
    }
    /// Asks for a round at a time, even if nothing happens then.
    pub fn wake_at(&mut self, at: Time) -> Result<(), Refusal> {
        let result = if at < self.scene.now { Err(Refusal::Protocol(ProtocolFault::PastTime(at))) } else { Ok(()) };
        if result.is_ok() {
            self.decisions.push(Decision::WakeUp { at });
        }
        self.count(result)
    }

    /// Says whether the head of a pool's queue waits for room: what is free there meanwhile is reported as fragmented. Nothing depends on it.
    pub fn note_head(&mut self, pool: PoolId, waits: bool) {
        self.bookings.note_head(&self.scene.model, self.scene.now, pool, waits);
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

    /// Returns the decisions so far.
    pub fn decisions(&self) -> &[Decision] {
        self.decisions
    }
    /// Returns the decisions since a mark.
    pub fn since(&self, mark: Mark) -> &[Decision] {
        &self.decisions[mark.0..]
    }
    /// Notes that an earlier round has decided on a job, whether that is booked or not.
    pub(super) fn note_under_way(&mut self, job: JobId) {
        self.tally.under_way.push(job);
        self.decided.insert(job);
    }
    /// Keeps what is denied from here on, for [`Plan::take_denials`].
    pub fn keep_denials(&mut self) {
        self.tally.denials = Some(Vec::new());
    }
    /// Returns what was denied since [`Plan::keep_denials`].
    pub fn take_denials(&mut self) -> Vec<Denial> {
        self.tally.denials.take().unwrap_or_default()
    }
    /// Tells what a start would be denied for, without asking for it: nothing is booked or counted.
    pub fn would_deny(&mut self, job: JobId, shares: &[Allocation]) -> Option<Refusal> {
        let mark = self.mark();
        let result = self.try_place(job, shares);
        self.rollback(mark);
        result.err()
    }
    /// Counts a refusal, and keeps it where somebody wants to know.
    pub(super) fn count_of(&mut self, job: JobId, pool: Option<PoolId>, result: Result<(), Refusal>) -> Result<(), Refusal> {
        if let (Err(refusal), Some(denials)) = (&result, &mut self.tally.denials) {
            denials.push(Denial { job, pool, refusal: *refusal });
        }
        self.count(result)
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
            return Err(self.named_before(job));
        } else if self.scene.jobs.status(job).state != State::Queued {
            ProtocolFault::NotQueued(job)
        } else {
            return Ok(());
        };
        Err(Refusal::Protocol(fault))
    }

    pub(super) fn try_defer(&mut self, job: JobId, until: Time) -> Result<(), Refusal> {
        self.decide(job)?;
        if until < self.scene.now {
            return Err(Refusal::Protocol(ProtocolFault::PastTime(until)));
        }
        self.decided.insert(job);
        self.decisions.push(Decision::Defer { job, until });
        Ok(())
    }
    pub(super) fn try_reject(&mut self, job: JobId) -> Result<(), Refusal> {
        self.decide(job)?;
        self.decided.insert(job);
        self.decisions.push(Decision::Reject { job });
        Ok(())
    }
    /// Says why a job cannot be decided on again.
    fn named_before(&self, job: JobId) -> Refusal {
        if self.tally.under_way.contains(&job) { Refusal::UnderWay } else { Refusal::Protocol(ProtocolFault::NamedTwice(job)) }
    }

    pub(super) fn try_bind(&mut self, job: JobId, pool: PoolId) -> Result<(), Refusal> {
        self.decide(job)?;
        if self.scene.model.pools.get(pool).is_none() {
            return Err(Refusal::Protocol(ProtocolFault::UnknownPool(pool)));
        }
        let candidate = self.candidate(job, pool)?;
        if !self.lets_wait(job, pool) {
            return Err(Refusal::Admission { site: self.scene.model.pools[pool].site });
        }
        let before = self.bound(job);
        let gpus = self.scene.jobs.attributes(job).gpus;
        let load_gpu_us = self.scene.run_length(job, candidate.rate).0.saturating_mul(u64::from(gpus));
        let to = Bound { pool, load_gpu_us };
        self.rebind(before, Some(to), gpus);
        self.decided.bind(job, Some(to));
        self.decisions.push(Decision::Bind { job, to, before });
        Ok(())
    }

    pub(super) fn try_place(&mut self, job: JobId, shares: &[Allocation]) -> Result<(), Refusal> {
        self.decide(job)?;
        self.check_shares(job, shares)?;
        let status = self.scene.jobs.status(job);
        let deferred_until = status.deferred_until;
        if deferred_until > self.scene.now {
            return Err(Refusal::Deferred { until: deferred_until });
        }
        let before = self.bound(job);
        let beginning = Beginning {
            progress: self.scene.progress(job),
            writing: Span::ZERO,
            before,
            admitted_at: before.map(|bound| self.scene.model.pools[bound.pool].site),
            claims: status.claiming == Claiming::AtNextStart,
        };
        let started = self.begin(job, shares, beginning)?;
        self.decided.insert(job);
        self.decisions.push(Decision::Start(started));
        Ok(())
    }

    /// Checks an attempt on GPUs whose shares add up to the gang, and books it.
    pub(super) fn begin(&mut self, job: JobId, shares: &[Allocation], beginning: Beginning) -> Result<Started, Refusal> {
        let number = self.scene.jobs.attributes(job).number;
        let mut parts = Parts::NONE;
        if !shares.iter().all(|share| parts.add(share.pool, share.gpus)) {
            return Err(Refusal::Split);
        }
        let (first, split_efficiency) = self.check_pools(job, &parts)?;
        let Beginning { progress, writing, before, admitted_at, claims } = beginning;
        let site = self.scene.model.pools[first.pool].site;
        if admitted_at != Some(site) && !self.bookings.admits(&self.scene.model, first.pool) {
            return Err(Refusal::Admission { site });
        }
        let gpus = parts.gpus();
        let rate = self.rate(job, &first, shares).times(split_efficiency).times(self.size_speed(job, gpus));
        let staging = writing.max(self.scene.staging_time(job, &first));
        let run = self.scene.run_length_from(job, rate, progress);
        let estimated = self.scene.estimated_length_from(job, rate, progress);
        let claims_anew = self.bookings.rules.needs_bases() && claims;
        let needs_money = claims_anew || self.bookings.rules.needs_energy();
        let quote = if needs_money { quote::quote_of(self.scene, job, &first, gpus, (staging, estimated)) } else { Quote::default() };
        let expected_end = self.scene.now + staging + run;
        let (rule_parts, count) = rule_parts(&parts, gpus, quote.energy_mj);
        let start = Bookings::start(self.scene, job, &rule_parts[..count], self.scene.now + staging + estimated);
        let rule_hold = self.hold(&start)?;
        let booked = self.check_power(&parts).and_then(|power| Ok((power, self.take(job, shares)?)));
        let (busy_power_mw, held) = match booked {
            Ok(booked) => booked,
            Err(refusal) => {
                self.bookings.rules.undo_hold(&self.scene.model, rule_hold);
                return Err(refusal);
            }
        };

        let load_gpu_us = run.0.saturating_mul(u64::from(gpus));
        let running = Following { job, number, parts, held, expected_end, load_gpu_us, busy_power_mw };
        self.rebind(before, None, self.asked(job));
        self.bookings.follow(self.scene, &running);
        let claims = if claims_anew { self.claim(&start, &quote) } else { Claims::NONE };
        Ok(Started { job, running, rule_hold, claims, rate, writing, before })
    }

    /// Returns the work per second of a gang over the nodes that these shares span.
    fn rate(&self, job: JobId, candidate: &Candidate, shares: &[Allocation]) -> Ratio {
        let class = &self.scene.model.classes[self.scene.jobs.attributes(job).class];
        if class.spread.is_empty() {
            return candidate.rate;
        }
        let spanned = |share: &Allocation| share.node.map_or_else(|| self.bookings.capacity.nodes_spanned(share.pool, share.gpus), |_| 1);
        candidate.rate.times(class.spread_efficiency(shares.iter().map(spanned).sum()))
    }
    /// Returns the speed of a gang of another size than its job asks for, relative to that; a job that asks for a size has that of its own.
    fn size_speed(&self, job: JobId, gpus: u32) -> Ratio {
        let attributes = self.scene.jobs.attributes(job);
        attributes.elastic.map_or(Ratio::ONE, |elastic| elastic.speed(gpus, attributes.asked_gpus))
    }
    /// Returns the size with which a job waits.
    fn asked(&self, job: JobId) -> u32 {
        self.scene.jobs.attributes(job).asked_gpus
    }
    /// Claims subsidies; what money cannot hold is noted, and ends the run.
    fn claim(&mut self, start: &Start<'_>, quote: &Quote) -> Claims {
        self.bookings.claim(self.scene, start, quote).unwrap_or_else(|overflow| {
            self.tally.overflow = Some(overflow);
            Claims::NONE
        })
    }

    fn hold(&mut self, start: &Start<'_>) -> Result<rules::Held, Refusal> {
        self.bookings.rules.try_hold(&self.scene.model, start).map_err(|refusal| {
            self.bookings.rules.count_refusal(&refusal);
            Refusal::Rules(refusal)
        })
    }

    pub(super) fn check_shares(&self, job: JobId, shares: &[Allocation]) -> Result<(), Refusal> {
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
        if let Some(Elastic { min, max, .. }) = self.scene.jobs.attributes(job).elastic {
            let fits = (u64::from(min)..=u64::from(max)).contains(&given);
            return if fits { Ok(()) } else { Err(Refusal::Size { asked: given, min, max }) };
        }
        if given != u64::from(gang) {
            return Err(Refusal::Protocol(ProtocolFault::WrongSize { job, given, gang }));
        }
        Ok(())
    }

    /// Checks where a job may run, and whether its gang may be split like this.
    fn check_pools(&self, job: JobId, parts: &Parts) -> Result<(Candidate, Ratio), Refusal> {
        let mut first = self.candidate(job, parts.as_slice()[0].0)?;
        let Some((other, _)) = parts.as_slice().get(1) else {
            return Ok((first, Ratio::ONE));
        };
        // One half may read its data from afar: the gang goes at the pace of the slower half.
        first.rate = first.rate.min(self.candidate(job, *other)?.rate);
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

    pub(super) fn candidate(&self, job: JobId, pool: PoolId) -> Result<Candidate, Refusal> {
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
                Refusal::Latency { site, one_way: self.scene.network.routes.one_way(region, site) }
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
            self.bookings.touch(&self.scene.model, self.scene.now, share.pool);
            let taken = self.bookings.capacity.take(job, Share { pool: share.pool, gpus: share.gpus, node: share.node }, &mut held);
            if !taken {
                self.bookings.capacity.release(held);
                return Err(Refusal::Room { pool: share.pool, asked: share.gpus, free: self.bookings.capacity.free(share.pool) });
            }
        }
        Ok(held)
    }

    pub(super) fn try_prefetch(&mut self, job: JobId, site: SiteId) -> Result<(), Refusal> {
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

    pub(super) fn try_preempt(&mut self, job: JobId, how: Preempt, reclaimed: bool) -> Result<(), Refusal> {
        self.decide_running(job)?;
        let status = self.scene.jobs.status(job);
        let writes = how == Preempt::Checkpoint && self.writing_time(job) > Span::ZERO;
        if !writes {
            self.give_back(job);
            // It waits where it ran: nobody takes its place among the site's jobs.
            self.rebind(None, self.bound(job), self.asked(job));
            if let Some(hold) = status.rule_hold {
                self.bookings.rules.suspend(hold, self.scene.now);
            }
        }
        self.decided.insert(job);
        self.decisions.push(Decision::Preempt { job, how, released: !writes, reclaimed });
        Ok(())
    }

    /// Checks that a job that holds GPUs may be decided on.
    pub(super) fn decide_running(&self, job: JobId) -> Result<(), Refusal> {
        if !self.scene.jobs.is_live(job) {
            return Err(Refusal::Protocol(ProtocolFault::UnknownJob(job)));
        }
        if self.decided.contains(job) {
            return Err(self.named_before(job));
        }
        if !matches!(self.scene.jobs.status(job).state, State::Staging | State::Running) {
            return Err(Refusal::Protocol(ProtocolFault::NotRunning(job)));
        }
        Ok(())
    }
    /// Returns how long a job that holds GPUs writes a checkpoint if it is to keep all that it has done.
    pub(super) fn writing_time(&self, job: JobId) -> Span {
        let class = &self.scene.model.classes[self.scene.jobs.attributes(job).class];
        let computes = self.scene.jobs.status(job).state == State::Running;
        class.checkpoint.filter(|_| computes).map_or(Span::ZERO, |checkpoint| checkpoint.cost)
    }
    /// Gives the GPUs of a job back, and remembers them for the way back.
    pub(super) fn give_back(&mut self, job: JobId) {
        let shares = self.bookings.capacity.shares(self.scene.jobs.status(job).held).collect();
        self.tally.preempted.push(shares);
        self.bookings.give_back(self.scene, job);
    }
    /// Takes them again, last given back first.
    pub(super) fn take_again(&mut self, job: JobId) {
        let shares = self.tally.preempted.pop().expect("what was given back is noted");
        self.bookings.take_again(self.scene, job, &shares);
    }

    /// Returns where a queued job is bound: by this plan, or before it.
    pub(super) fn bound(&self, job: JobId) -> Option<Bound> {
        let status = self.scene.jobs.status(job);
        self.decided.bound(job).unwrap_or_else(|| status.pool.map(|pool| Bound { pool, load_gpu_us: status.load_gpu_us }))
    }
    fn rebind(&mut self, from: Option<Bound>, to: Option<Bound>, gpus: u32) {
        if let Some(bound) = from {
            self.bookings.unbind(self.scene.model.pools[bound.pool].site, bound, gpus);
        }
        if let Some(bound) = to {
            self.bookings.bind(self.scene.model.pools[bound.pool].site, bound, gpus);
        }
    }

    fn undo(&mut self, decision: Decision) {
        match decision {
            Decision::Start(started) => self.undo_start(&started),
            Decision::Bind { job, to, before } => {
                self.rebind(Some(to), before, self.scene.jobs.attributes(job).gpus);
                self.decided.bind(job, before);
            }
            Decision::Preempt { job, released, .. } => {
                self.decided.remove(job);
                if released {
                    if let Some(hold) = self.scene.jobs.status(job).rule_hold {
                        self.bookings.rules.resume(hold, self.scene.now);
                    }
                    self.rebind(self.bound(job), None, self.asked(job));
                    self.take_again(job);
                }
            }
            Decision::Move(started) => self.undo_move(&started),
            Decision::Defer { job, .. } | Decision::Reject { job } => self.decided.remove(job),
            Decision::Prefetch { .. } | Decision::Promise { .. } | Decision::WakeUp { .. } => {}
        }
    }
    pub(super) fn undo_start(&mut self, started: &Started) {
        if let Err(overflow) = self.bookings.rules.undo_claim(&self.scene.model, started.claims) {
            self.tally.overflow = Some(overflow);
        }
        self.bookings.unfollow(self.scene, &started.running);
        self.bookings.capacity.release(started.running.held);
        self.bookings.rules.undo_hold(&self.scene.model, started.rule_hold);
        self.rebind(None, started.before, self.asked(started.job));
        self.decided.remove(started.job);
    }
}

/// Returns the parts of a start as rules see them, the expected energy shared by GPUs.
pub(crate) fn rule_parts(parts: &Parts, gang: u32, energy_mj: u64) -> ([Part; 2], usize) {
    let mut of_rules = [Part { pool: PoolId(0), gpus: 0, energy_mj: 0 }; 2];
    for (of_rules, (pool, gpus)) in of_rules.iter_mut().zip(parts.iter()) {
        let share = u128::from(energy_mj) * u128::from(gpus) / u128::from(gang.max(1));
        *of_rules = Part { pool, gpus, energy_mj: u64::try_from(share).unwrap_or(u64::MAX) };
    }
    (of_rules, parts.as_slice().len())
}
