//! Binding at the start: one national queue; the head reserves the pool where it can start first.

use super::backfill::{Backfill, BlockedHead, Held};
use super::carbon_waiting::Deferred;
use super::cohort::Heads;
use super::composed::{Entry, Listed, Parts, StrictlyBlocked};
use super::conservative::Reservations;
use super::evict_lower::Eviction;
use super::order::{Queue, QueuePlace, Waiting};
use super::place::{Offer, expected_wait};
use super::sjbf::shortest_first;
use crate::model::{JobId, PoolId};
use crate::policy::{Plan, View};
use crate::world::Candidate;

/// The one queue.
#[derive(Clone, Debug, Default)]
pub(super) struct AtStart {
    queue: Queue,
    listed: Listed,
    head: Option<BlockedHead>,
    /// Pools in which the head is noted as waiting.
    noted: Vec<PoolId>,
    strict: StrictlyBlocked,
    /// Of conservative backfilling.
    reservations: Reservations,
    /// Whether a rule has held somebody back since the last look at all who wait, under conservative backfilling.
    held_by_rule: bool,
    /// Jobs that queue when the time has come that the placement has chosen.
    deferred: Deferred,
    /// Jobs that have joined the queue in this round.
    fresh: Vec<JobId>,
    /// Whether the whole queue must be looked at.
    stale: bool,
    scratch: Vec<Offer>,
    /// Pools, best first, in which nothing but room was short for the job that was tried last.
    short: Vec<PoolId>,
}

impl AtStart {
    pub(super) fn new(pools: usize) -> Self {
        Self { reservations: Reservations::new(pools), ..Self::default() }
    }
    /// Starts what can start, once it is known what happened.
    pub(super) fn pass(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        self.pass_by_what_happened(parts, view, plan);
        if parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.end_precedence(view, plan)) {
            if parts.backfill == Backfill::Conservative {
                self.reserved_pass(parts, view, plan, true);
            } else {
                self.whole_pass(parts, view, plan);
            }
        }
    }

    /// Brings the queue up to date with what happened since the last round.
    pub(super) fn follow(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        let delta = view.delta();
        self.stale |= delta.anything_changed || delta.terms_changed || delta.woken || !delta.freed.is_empty() || !delta.left.is_empty();
        for left in &delta.left {
            self.reservations.release(left.job);
            self.deferred.retain(|job, _| job != left.job);
            if let Some(entry) = self.listed.take(left.job) {
                self.queue.remove((entry.key, entry.number));
            }
        }
        for job in &delta.returned {
            self.stale |= self.enqueue(parts, view, *job);
        }
        self.fresh.clear();
        for job in &delta.arrived {
            parts.seen(view, *job);
            let best = parts.place.best_start_anywhere(view, plan, *job);
            if best > view.now() && plan.defer(*job, best).is_ok() {
                self.deferred.push(best, view.job(*job).number, *job, None);
            } else {
                self.fresh.push(*job);
            }
        }
        while let Some((job, _)) = self.deferred.pop_due(view.now()) {
            self.fresh.push(job);
        }
        for index in 0..self.fresh.len() {
            self.stale |= self.enqueue(parts, view, self.fresh[index]);
        }
    }

    fn pass_by_what_happened(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        let delta = view.delta();
        let stale = std::mem::take(&mut self.stale);
        if parts.backfill == Backfill::Conservative {
            // Where nobody waited, nobody was told what was freed.
            let nobody_waited = self.queue.len() == self.fresh.len();
            // That a period has ended gives nobody room, and lets only those move up whom a rule held.
            let changed = delta.terms_changed || (delta.anything_changed && self.held_by_rule);
            let freed = !delta.freed.is_empty() || changed || !delta.left.is_empty();
            let others = !delta.returned.is_empty() || !self.strict.is_empty() || parts.makes_room().is_some() || parts.rounds.is_some();
            let everything = freed || nobody_waited || others;
            return self.reserved_pass(parts, view, plan, everything);
        }
        let head_stands = self.head.is_some_and(|head| head.reservation.is_none_or(|reservation| reservation.at > view.now()));
        if stale || !head_stands || !self.strict.is_empty() {
            self.queue.refresh(&parts.order, view, &mut self.listed);
            self.whole_pass(parts, view, plan);
        } else if parts.backfill != Backfill::Never {
            if parts.backfill == Backfill::EasyShortest {
                self.fresh.sort_by_key(|job| view.estimate(*job));
            }
            for index in 0..self.fresh.len() {
                self.try_to_pass(parts, view, plan, self.fresh[index]);
            }
        }
    }

    /// Adds a job to the queue; tells whether it stands before the head.
    fn enqueue(&mut self, parts: &Parts, view: View<'_>, job: JobId) -> bool {
        let entry = Entry { number: view.job(job).number, key: parts.order.key(view, job), queue: 0 };
        self.listed.set(job, entry);
        self.queue.push(Waiting { place: (entry.key, entry.number), job, gpus: view.job(job).gpus, run_us: 0 });
        self.head.is_none_or(|head| (entry.key, entry.number) < head.place)
    }

    fn whole_pass(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        self.strict.clear();
        self.head = None;
        plan.look_from(view, |plan| parts.place.begin_pass(view, plan, self.queue.iter()));
        let mut at = None;
        let mut heads = parts.order.shares().then(|| Heads::by_tenant(view, self.queue.iter()));
        loop {
            let next = match &mut heads {
                Some(heads) => heads.next(&parts.order, view, plan, None).map(|job| ((parts.order.key(view, job), view.job(job).number), job)),
                None => self.queue.next(at).map(|waiting| (waiting.place, waiting.job)),
            };
            let Some((place, job)) = next else { break };
            at = Some(place);
            if self.head.is_some() && !parts.divides() {
                match parts.backfill {
                    Backfill::Never => break,
                    Backfill::EasyShortest => {
                        self.pass_the_head_shortest_first(parts, view, plan);
                        break;
                    }
                    _ => self.try_to_pass(parts, view, plan, job),
                }
                continue;
            }
            match self.start_anywhere(parts, view, plan, job) {
                Ok(pool) => self.started(parts, view, job, pool),
                Err(Held::Rule(refusal)) => self.strict.note(view, &refusal),
                Err(Held::Room) => match self.evict_anywhere(parts, view, plan, job) {
                    Ok(pool) => self.started(parts, view, job, pool),
                    Err(None) if self.head.is_some() => {}
                    Err(clearing) => {
                        self.head = Some(BlockedHead { clearing, ..self.reserve_first(parts, view, plan, job, place) });
                        if heads.take().is_some() {
                            // Starts have changed ranks; those behind the head pass it in queue order.
                            self.queue.refresh(&parts.order, view, &mut self.listed);
                        }
                        if clearing.is_some() && parts.divides() {
                            break;
                        }
                    }
                },
            }
        }
        self.note_head(view, plan, self.head.map(|head| head.job));
        self.plan_look(parts, view, plan);
    }
    fn plan_look(&self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        if let Some(first) = self.queue.next(None)
            && parts.takes_turns()
        {
            parts.order.plan_look(view, plan, first.place.0, view.candidates(first.job).iter().map(|candidate| candidate.pool));
        }
    }

    /// Says of every pool that the head could use that it waits for room there.
    fn note_head(&mut self, view: View<'_>, plan: &mut Plan<'_>, head: Option<JobId>) {
        for pool in self.noted.drain(..) {
            plan.note_head(pool, false);
        }
        if let Some(head) = head {
            self.noted.extend(view.candidates(head).iter().map(|candidate| candidate.pool));
            self.noted.iter().for_each(|pool| plan.note_head(*pool, true));
        }
    }

    /// Starts a job in the best pool where it fits now, and returns that. Held by a rule only if every pool that may hold it says so.
    fn start_anywhere(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, job: JobId) -> Result<PoolId, Held> {
        let mut reason = None;
        self.short.clear();
        self.list_by_cost(parts, view, plan, job);
        for index in 0..self.scratch.len() {
            let pool = self.scratch[index].candidate.pool;
            let held_back = parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.holds_back(view, plan, job, pool));
            if held_back || self.strict.stops(plan, job, pool) {
                continue;
            }
            let share = parts.place.allocation(view, plan, job, pool);
            match plan.place(job, &[share]).map_err(Held::by) {
                Ok(()) => return Ok(pool),
                Err(Held::Rule(_)) if parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.start(view, plan, job, pool)) => return Ok(pool),
                Err(Held::Rule(refusal)) => reason = Some(refusal),
                Err(Held::Room) => self.short.push(pool),
            }
        }
        if !self.short.is_empty()
            && let Some(shares) = plan.look_from(view, |plan| parts.place.split(view, plan, job))
            && plan.place(job, &shares).is_ok()
        {
            return Ok(shares[0].pool);
        }
        match reason {
            Some(refusal) if self.short.is_empty() => Err(Held::Rule(refusal)),
            _ => Err(Held::Room),
        }
    }

    /// Starts a job by preempting others, where the policy does that: in the best of the pools that are short of room. The error is the pool that
    /// victims are clearing for it.
    fn evict_anywhere(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, job: JobId) -> Result<PoolId, Option<PoolId>> {
        let Some(evict) = parts.makes_room() else { return Err(None) };
        let gpus = view.job(job).gpus;
        // One pool is cleared for it, and none other meanwhile.
        if let Some(pool) = self.short.iter().find(|pool| plan.room_to_come(**pool).packs(gpus)) {
            return Err(Some(*pool));
        }
        for pool in &self.short {
            match evict.start(&mut parts.order, view, plan, job, *pool) {
                Eviction::Started => return Ok(*pool),
                Eviction::UnderWay => return Err(Some(*pool)),
                Eviction::Nobody => {}
            }
        }
        Err(None)
    }

    /// Lists the candidates that can ever hold a job, cheapest first; ties by pool.
    fn list_by_cost(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, job: JobId) {
        let gpus = view.job(job).gpus;
        self.scratch.clear();
        plan.look_from(view, |plan| {
            for candidate in view.candidates(job) {
                if plan.could_hold(candidate.pool, gpus) {
                    self.scratch.push(Offer::new(*candidate, expected_wait(plan, job, candidate.pool, gpus)));
                }
            }
            parts.place.rate(view, plan, job, &mut self.scratch);
        });
        self.scratch.sort_by_key(|offer| (offer.cost, offer.candidate.pool));
    }

    /// Reserves the pool where the head can start first; ties by the placement's cost, then pool order.
    fn reserve_first(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, job: JobId, place: QueuePlace) -> BlockedHead {
        let gpus = view.job(job).gpus;
        let mut best: Option<(u64, (i64, i64), PoolId)> = None;
        let mut reservation = None;
        if parts.backfill.is_easy() {
            self.list_by_cost(parts, view, plan, job);
            for Offer { cost, candidate, .. } in &self.scratch {
                if let Some(found) = plan.earliest_fit(candidate.pool, gpus) {
                    let key = (found.at.0.max(view.now().0), *cost, candidate.pool);
                    if best.is_none_or(|best| key < best) {
                        best = Some(key);
                        reservation = Some(found);
                    }
                }
            }
        }
        if let Some((_, _, pool)) = best.filter(|(_, _, pool)| parts.place.prefetches() && plan.must_move(job, *pool)) {
            // A refusal leaves the move to the start.
            let _ = plan.prefetch(job, view.model().pools[pool].site);
        }
        BlockedHead { job, place, reservation, clearing: None }
    }

    /// Tries those behind the blocked head by estimate.
    fn pass_the_head_shortest_first(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        let next = |after| self.queue.next(after);
        let behind = next(self.head.map(|head| head.place));
        let mut waiting: Vec<Waiting> = std::iter::successors(behind, |waiting| next(Some(waiting.place))).collect();
        shortest_first(view, &mut waiting);
        for waiting in waiting {
            self.try_to_pass(parts, view, plan, waiting.job);
        }
    }

    /// Reserves for those who have none, lets the others move up if something was freed, and starts those whose time has come.
    fn reserved_pass(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, everything: bool) {
        let pools = || view.model().pools.ids();
        if everything {
            self.queue.refresh(&parts.order, view, &mut self.listed);
        }
        let jobs: Vec<JobId> = if everything {
            self.queue.iter().collect()
        } else {
            // Who wakes up only starts those whose time has come: nobody moves up.
            let begins = |job: &JobId| view.delta().woken && self.reservations.begins(*job, view.now());
            self.queue.iter().filter(begins).chain(self.fresh.iter().copied()).collect()
        };
        if everything {
            self.strict.clear();
            self.held_by_rule = false;
            plan.look_from(view, |plan| parts.place.begin_pass(view, plan, self.queue.iter()));
            pools().for_each(|pool| self.reservations.rebuild(view, plan, pool, jobs.iter().copied()));
        } else {
            pools().for_each(|pool| self.reservations.pass_time(pool, view.now()));
        }
        let mut waiting = None;
        let mut clearing = None;
        for job in jobs {
            if self.reserve_or_start(parts, view, plan, job, clearing) {
                continue;
            }
            if waiting.is_none() {
                let gpus = view.job(job).gpus;
                self.short.clear();
                self.short.extend(self.scratch.iter().map(|offer| offer.candidate.pool).filter(|pool| !plan.fits(*pool, gpus)));
                match self.evict_anywhere(parts, view, plan, job) {
                    Ok(pool) => {
                        // What runs is another now: those who wait reserve anew.
                        self.started(parts, view, job, pool);
                        pools().for_each(|pool| self.reservations.rebuild(view, plan, pool, self.queue.iter()));
                        continue;
                    }
                    Err(pool) => clearing = pool,
                }
            }
            waiting = waiting.or(Some(job));
        }
        if everything || self.noted.is_empty() {
            self.note_head(view, plan, waiting);
        }
        self.reservations.plan_look(view.now(), plan);
        self.plan_look(parts, view, plan);
    }

    /// Reserves the earliest slot of a job, in the order of the placement, and starts it if that has come. A pool in which a rule holds it is of no
    /// use now: the others are tried. `false`: it waits for room, or for a pool that is being cleared for another.
    fn reserve_or_start(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, job: JobId, clearing: Option<PoolId>) -> bool {
        self.list_by_cost(parts, view, plan, job);
        let mut candidates: Vec<Candidate> = self.scratch.iter().map(|offer| offer.candidate).collect();
        candidates.retain(|candidate| {
            let held_back = parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.holds_back(view, plan, job, candidate.pool));
            !held_back && !self.strict.stops(plan, job, candidate.pool)
        });
        self.held_by_rule |= candidates.len() < self.scratch.len();
        while !candidates.is_empty() {
            let Some(slot) = self.reservations.reserve(view, plan, job, &candidates).filter(|slot| slot.from <= view.now()) else {
                return false;
            };
            if clearing == Some(slot.pool) {
                return false;
            }
            let share = parts.place.allocation(view, plan, job, slot.pool);
            match plan.place(job, &[share]).map_err(Held::by) {
                Ok(()) => {
                    self.started(parts, view, job, slot.pool);
                    return true;
                }
                Err(Held::Rule(_)) if parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.start(view, plan, job, slot.pool)) => {
                    self.started(parts, view, job, slot.pool);
                    return true;
                }
                Err(Held::Rule(refusal)) => {
                    self.held_by_rule = true;
                    self.reservations.release(job);
                    self.strict.note(view, &refusal);
                    candidates.retain(|candidate| candidate.pool != slot.pool);
                }
                Err(Held::Room) => return false,
            }
        }
        true
    }

    fn try_to_pass(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, job: JobId) {
        let gpus = view.job(job).gpus;
        // Most jobs fit nowhere: costs are worked out only for those that fit somewhere.
        if !view.candidates(job).iter().any(|candidate| plan.fits(candidate.pool, gpus)) {
            return;
        }
        self.list_by_cost(parts, view, plan, job);
        for index in 0..self.scratch.len() {
            let candidate = self.scratch[index].candidate;
            let held_back = parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.holds_back(view, plan, job, candidate.pool));
            if held_back || self.strict.stops(plan, job, candidate.pool) {
                continue;
            }
            let head = self.head.as_mut().expect("somebody is passed");
            let share = parts.place.allocation(view, plan, job, candidate.pool);
            match parts.backfill.pass(view, plan, head, job, &candidate, share) {
                Ok(()) => {
                    self.started(parts, view, job, candidate.pool);
                    return;
                }
                Err(Held::Rule(refusal)) => self.strict.note(view, &refusal),
                Err(Held::Room) => {}
            }
        }
    }

    fn started(&mut self, parts: &mut Parts, view: View<'_>, job: JobId, pool: PoolId) {
        parts.place.chosen(pool);
        if let Some(entry) = self.listed.take(job) {
            self.queue.remove((entry.key, entry.number));
        }
        if parts.backfill == Backfill::Conservative {
            self.reservations.started(job);
        }
        parts.order.started(view, job, pool);
    }
}
