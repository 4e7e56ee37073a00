//! Binding at the start: one national queue; the head reserves the pool where it can start first.

use super::backfill::{Backfill, BlockedHead, Held};
use super::composed::{Entry, Listed, Parts, StrictlyBlocked, unlist};
use super::conservative::{Reservations, Slot};
use super::order::{Queue, QueuePlace, Waiting};
use super::place::expected_wait;
use super::sjbf::shortest_first;
use crate::model::{JobId, PoolId};
use crate::policy::{Plan, View};
use crate::world::{Allocation, Candidate};

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
    scratch: Vec<(i64, Candidate)>,
}

impl AtStart {
    pub(super) fn new(pools: usize) -> Self {
        Self { reservations: Reservations::new(pools), ..Self::default() }
    }
    pub(super) fn schedule(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        let delta = view.delta();
        let mut stale = delta.anything_changed || delta.terms_changed || !delta.freed.is_empty() || !delta.left.is_empty();
        for left in &delta.left {
            self.reservations.release(left.job);
            if let Some(entry) = self.listed.take(left.job) {
                unlist(&mut self.queue, &parts.order, entry, left.job);
            }
        }
        for job in delta.returned.iter().chain(&delta.arrived) {
            let entry = Entry { number: view.job(*job).number, key: parts.order.key(view, *job), queue: 0 };
            self.listed.set(*job, entry);
            self.queue.push(Waiting { place: (entry.key, entry.number), job: *job, gpus: view.job(*job).gpus, run_us: 0 });
            stale |= self.head.is_none_or(|head| (entry.key, entry.number) < head.place);
        }
        if parts.backfill == Backfill::Conservative {
            // Where nobody waited, nobody was told what was freed.
            let nobody_waited = self.queue.len() == delta.arrived.len();
            let freed = !delta.freed.is_empty() || delta.anything_changed || delta.terms_changed || !delta.left.is_empty();
            let everything = freed || nobody_waited || !delta.returned.is_empty() || !self.strict.is_empty();
            return self.reserved_pass(parts, view, plan, everything);
        }
        let head_stands = self.head.is_some_and(|head| head.reservation.is_none_or(|reservation| reservation.at > view.now()));
        if stale || !head_stands || !self.strict.is_empty() {
            self.queue.refresh(&parts.order, view);
            self.whole_pass(parts, view, plan);
        } else if parts.backfill != Backfill::Never {
            let mut arrived = delta.arrived.clone();
            if parts.backfill == Backfill::EasyShortest {
                arrived.sort_by_key(|job| view.job(*job).estimate);
            }
            for job in arrived {
                self.try_to_pass(parts, view, plan, job);
            }
        }
    }

    fn whole_pass(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        self.strict.clear();
        self.head = None;
        let mut at = None;
        while let Some(Waiting { place, job, .. }) = self.queue.next(at) {
            at = Some(place);
            if self.head.is_some() {
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
                Ok(()) => self.started(parts, view, job),
                Err(Held::Rule(refusal)) => self.strict.note(view, &refusal),
                Err(Held::Room) => self.head = Some(self.reserve_first(parts, view, plan, job, place)),
            }
        }
        self.note_head(view, plan, self.head.map(|head| head.job));
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

    /// Starts a job in the best pool where it fits now. Held by a rule only if every pool that may hold it says so.
    fn start_anywhere(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, job: JobId) -> Result<(), Held> {
        let mut reason = None;
        let mut room_is_short = false;
        self.list_by_cost(parts, view, plan, job);
        for index in 0..self.scratch.len() {
            let candidate = self.scratch[index].1;
            let held_back = parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.holds_back(view, plan, job, candidate.pool));
            if held_back || self.strict.stops(plan, job, candidate.pool) {
                continue;
            }
            let share = [Allocation::new(candidate.pool, view.job(job).gpus)];
            match plan.place(job, &share).map_err(Held::by) {
                Ok(()) => return Ok(()),
                Err(Held::Rule(_)) if parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.start(view, plan, job, candidate.pool)) => return Ok(()),
                Err(Held::Rule(refusal)) => reason = Some(refusal),
                Err(Held::Room) => room_is_short = true,
            }
        }
        match reason {
            Some(refusal) if !room_is_short => Err(Held::Rule(refusal)),
            _ => Err(Held::Room),
        }
    }

    /// Lists the candidates that can ever hold a job, cheapest first; ties by pool.
    fn list_by_cost(&mut self, parts: &Parts, view: View<'_>, plan: &Plan<'_>, job: JobId) {
        let gpus = view.job(job).gpus;
        self.scratch.clear();
        for candidate in view.candidates(job) {
            if plan.could_hold(candidate.pool, gpus) {
                let wait = expected_wait(plan, candidate.pool, gpus);
                self.scratch.push((parts.place.cost(view, plan, job, candidate, wait), *candidate));
            }
        }
        self.scratch.sort_by_key(|(cost, candidate)| (*cost, candidate.pool));
    }

    /// Reserves the pool where the head can start first; ties by the placement's cost, then pool order.
    fn reserve_first(&mut self, parts: &Parts, view: View<'_>, plan: &Plan<'_>, job: JobId, place: QueuePlace) -> BlockedHead {
        let gpus = view.job(job).gpus;
        let mut best: Option<(u64, i64, PoolId)> = None;
        let mut reservation = None;
        if parts.backfill.is_easy() {
            self.list_by_cost(parts, view, plan, job);
            for (cost, candidate) in &self.scratch {
                if let Some(found) = plan.earliest_fit(candidate.pool, gpus) {
                    let key = (found.at.0.max(view.now().0), *cost, candidate.pool);
                    if best.is_none_or(|best| key < best) {
                        best = Some(key);
                        reservation = Some(found);
                    }
                }
            }
        }
        BlockedHead { job, place, reservation }
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
        let pools = view.model().pools.ids();
        if everything {
            self.queue.refresh(&parts.order, view);
        }
        let jobs: Vec<JobId> = if everything { self.queue.iter().collect() } else { view.delta().arrived.clone() };
        if everything {
            self.strict.clear();
            pools.for_each(|pool| self.reservations.rebuild(view, plan, pool, jobs.iter().copied()));
        } else {
            pools.for_each(|pool| self.reservations.pass_time(pool, view.now()));
        }
        let mut waiting = None;
        for job in jobs {
            if !self.reserve_or_start(parts, view, plan, job) {
                waiting = waiting.or(Some(job));
            }
        }
        if everything || self.noted.is_empty() {
            self.note_head(view, plan, waiting);
        }
    }

    /// Reserves for a job where it can start first, in the order of the placement, and starts it if its time has come; where a rule forbids that, the
    /// next pool is tried. `false`: it waits for room.
    fn reserve_or_start(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, job: JobId) -> bool {
        self.list_by_cost(parts, view, plan, job);
        let mut candidates: Vec<Candidate> = self.scratch.iter().map(|(_, candidate)| *candidate).collect();
        candidates.retain(|candidate| {
            let held_back = parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.holds_back(view, plan, job, candidate.pool));
            !held_back && !self.strict.stops(plan, job, candidate.pool)
        });
        loop {
            let Some(Slot { pool, from, .. }) = self.reservations.reserve(view, job, &candidates) else { return candidates.is_empty() };
            if from > view.now() {
                return false;
            }
            match plan.place(job, &[Allocation::new(pool, view.job(job).gpus)]).map_err(Held::by) {
                Ok(()) => break,
                Err(Held::Rule(_)) if parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.start(view, plan, job, pool)) => break,
                Err(Held::Rule(refusal)) => {
                    self.strict.note(view, &refusal);
                    candidates.retain(|candidate| candidate.pool != pool);
                }
                Err(Held::Room) => return false,
            }
        }
        self.started(parts, view, job);
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
            let candidate = self.scratch[index].1;
            let held_back = parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.holds_back(view, plan, job, candidate.pool));
            if held_back || self.strict.stops(plan, job, candidate.pool) {
                continue;
            }
            let head = self.head.as_mut().expect("somebody is passed");
            match parts.backfill.pass(view, plan, head, job, &candidate) {
                Ok(()) => {
                    self.started(parts, view, job);
                    return;
                }
                Err(Held::Rule(refusal)) => self.strict.note(view, &refusal),
                Err(Held::Room) => {}
            }
        }
    }

    fn started(&mut self, parts: &mut Parts, view: View<'_>, job: JobId) {
        if let Some(entry) = self.listed.take(job) {
            unlist(&mut self.queue, &parts.order, entry, job);
        }
        if parts.backfill == Backfill::Conservative {
            self.reservations.started(job);
        }
        parts.order.started(view, job);
    }
}
