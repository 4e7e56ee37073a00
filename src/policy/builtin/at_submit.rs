//! Binding at submission: every pool has its queue, with order and backfilling of its own.

use super::backfill::{Backfill, BlockedHead, Held};
use super::carbon_waiting::Deferred;
use super::cohort::Heads;
use super::composed::{Attempt, Binding, Entry, Listed, Parts, StrictlyBlocked};
use super::conservative::Reservations;
use super::evict_lower::Eviction;
use super::order::{Order, Queue, Waiting};
use super::place::Offer;
use super::ready_time;
use super::sjbf::shortest_first;
use crate::base::Column;
use crate::model::{JobId, PoolId};
use crate::policy::{Plan, View};

/// The queues of all pools.
#[derive(Clone, Debug)]
pub(super) struct AtSubmit {
    pools: Column<PoolId, PoolQueue>,
    listed: Listed,
    /// Jobs that no pool can hold any more, as the fleet has shrunk.
    unbound: Vec<JobId>,
    /// Jobs that queue when their data has arrived.
    awaiting_data: Vec<(JobId, PoolId)>,
    /// Jobs that queue when the time has come that the placement has chosen.
    deferred: Deferred,
    touched: Vec<PoolId>,
    /// Of conservative backfilling.
    reservations: Reservations,
    scratch: Vec<Offer>,
}

#[derive(Clone, Debug, Default)]
struct PoolQueue {
    queue: Queue,
    /// The head that waits for room, with its reservation; stands until something is freed.
    head: Option<BlockedHead>,
    /// Whether a rule held a job back at the last pass: what is freed elsewhere may let it go.
    held_by_rule: bool,
    /// Whether somebody waits for room, under conservative backfilling.
    head_waits: bool,
    /// Whether victims clear the pool for a job that waits: nobody else starts meanwhile, under conservative backfilling.
    clearing: bool,
    strict: StrictlyBlocked,
    /// Jobs that arrived since the last pass.
    fresh: Vec<JobId>,
    touched: bool,
    /// Whether the whole queue must be looked at.
    stale: bool,
}

impl AtSubmit {
    pub(super) fn new(pools: usize) -> Self {
        Self {
            pools: Column::filled(pools, PoolQueue::default()),
            listed: Listed::default(),
            unbound: Vec::new(),
            awaiting_data: Vec::new(),
            deferred: Deferred::default(),
            touched: Vec::new(),
            reservations: Reservations::new(pools),
            scratch: Vec::new(),
        }
    }

    /// Starts what can start, once it is known what happened.
    pub(super) fn pass(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        self.pass_touched(parts, view, plan);
        if parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.end_precedence(view, plan)) {
            for pool in self.pools.ids().filter(|pool| self.pools[*pool].held_by_rule).collect::<Vec<_>>() {
                self.touch(pool, true);
            }
            self.pass_touched(parts, view, plan);
        }
    }

    fn pass_touched(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        self.touched.sort_unstable();
        for index in 0..self.touched.len() {
            let pool = self.touched[index];
            self.pass_pool(parts, view, plan, pool);
        }
        for pool in self.touched.drain(..) {
            self.pools[pool].touched = false;
        }
    }

    /// Brings the queues up to date with what happened since the last round.
    pub(super) fn follow(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        let delta = view.delta();
        for left in &delta.left {
            self.unbound.retain(|job| *job != left.job);
            self.reservations.release(left.job);
            self.awaiting_data.retain(|(job, _)| *job != left.job);
            self.deferred.retain(|job, _| job != left.job);
            if let Some(entry) = self.listed.take(left.job) {
                let pool = PoolId(entry.queue);
                self.pools[pool].queue.remove((entry.key, entry.number));
                self.touch(pool, true);
            }
        }
        if delta.terms_changed {
            self.bind_again(parts, view, plan);
        }
        for job in &delta.returned {
            let bound = view.status(*job).pool.filter(|pool| plan.can_ever(*job, *pool));
            match bound {
                Some(pool) => self.enqueue(parts, view, *job, pool, true),
                None => self.bind(parts, view, plan, *job),
            }
        }
        for job in &delta.arrived {
            parts.seen(view, *job);
            self.bind(parts, view, plan, *job);
        }
        while let Some((job, pool)) = self.deferred.pop_due(view.now()) {
            if let Some(pool) = pool {
                self.enqueue_when_ready(parts, view, plan, job, pool);
            }
        }
        for pool in &delta.freed {
            self.touch(*pool, true);
        }
        if delta.data_arrived {
            self.follow_data(parts, view);
        }
        if delta.woken {
            for pool in self.pools.ids() {
                // Under conservative backfilling a wake-up is for reservations that begin; nobody else moves up.
                let conservative = parts.backfill == Backfill::Conservative && parts.makes_room().is_none() && parts.rounds.is_none();
                let everybody = !conservative || self.pools[pool].held_by_rule;
                self.touch(pool, everybody);
            }
        }
        let anything_freed = delta.anything_changed || !delta.freed.is_empty();
        if anything_freed {
            // That a period has ended gives nobody room: under conservative backfilling only those whom a rule held move up by it.
            let everywhere = delta.anything_changed && (parts.backfill != Backfill::Conservative || delta.terms_changed);
            for pool in self.pools.ids() {
                if everywhere || self.pools[pool].held_by_rule {
                    self.touch(pool, true);
                }
            }
        }
    }

    fn bind(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, job: JobId) {
        match parts.bind(view, plan, job, &mut self.scratch) {
            Some(Binding { pool, from }) if from > view.now() => self.deferred.push(from, view.job(job).number, job, Some(pool)),
            Some(Binding { pool, .. }) => self.enqueue_when_ready(parts, view, plan, job, pool),
            None => self.unbound.push(job),
        }
    }

    /// Binds again what its pool can no longer run.
    fn bind_again(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>) {
        let mut homeless = std::mem::take(&mut self.unbound);
        for pool in self.pools.ids() {
            let mut at = None;
            while let Some(waiting) = self.pools[pool].queue.next(at) {
                at = Some(waiting.place);
                if !plan.can_ever(waiting.job, pool) {
                    self.pools[pool].queue.remove(waiting.place);
                    self.listed.take(waiting.job);
                    self.reservations.release(waiting.job);
                    homeless.push(waiting.job);
                }
            }
        }
        self.deferred.retain(|job, pool| {
            let stays = pool.is_none_or(|pool| plan.can_ever(job, pool));
            if !stays {
                homeless.push(job);
            }
            stays
        });
        homeless.sort_unstable_by_key(|job| view.job(*job).number);
        for job in homeless {
            self.bind(parts, view, plan, job);
        }
    }

    /// Queues a job at once, or, where the order goes by the time at which data arrives, when that is there.
    fn enqueue_when_ready(&mut self, parts: &Parts, view: View<'_>, plan: &Plan<'_>, job: JobId, pool: PoolId) {
        let site = view.model().pools[pool].site;
        if matches!(parts.order, Order::ReadyTime) && (plan.fetches(job, site) || ready_time::is_on_its_way(view, job, pool)) {
            self.awaiting_data.push((job, pool));
        } else {
            self.enqueue(parts, view, job, pool, false);
        }
    }
    /// Queues those whose data has arrived.
    fn follow_data(&mut self, parts: &Parts, view: View<'_>) {
        let mut awaiting = std::mem::take(&mut self.awaiting_data);
        awaiting.retain(|(job, pool)| {
            let waits = ready_time::is_on_its_way(view, *job, *pool);
            if !waits {
                self.enqueue(parts, view, *job, *pool, false);
            }
            waits
        });
        self.awaiting_data = awaiting;
    }

    fn enqueue(&mut self, parts: &Parts, view: View<'_>, job: JobId, pool: PoolId, returned: bool) {
        let entry = Entry { number: view.job(job).number, key: parts.order.key(view, job), queue: pool.0 };
        self.listed.set(job, entry);
        let state = &mut self.pools[pool];
        let run_us = view.candidate(job, pool).map_or(0, |candidate| view.expected_time(job, candidate).1.0);
        state.queue.push(Waiting { place: (entry.key, entry.number), job, gpus: view.job(job).gpus, run_us });
        let before_head = state.head.is_some_and(|head| (entry.key, entry.number) < head.place);
        state.fresh.push(job);
        self.touch(pool, returned || before_head);
    }

    fn touch(&mut self, pool: PoolId, stale: bool) {
        let state = &mut self.pools[pool];
        state.stale |= stale;
        if !state.touched && !state.queue.is_empty() {
            state.touched = true;
            self.touched.push(pool);
        }
    }

    /// Starts what can start in one pool.
    fn pass_pool(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId) {
        if parts.backfill == Backfill::Conservative {
            return self.reserved_pass(parts, view, plan, pool);
        }
        let state = &mut self.pools[pool];
        let head_stands = state.head.is_some_and(|head| head.reservation.is_none_or(|reservation| reservation.at > view.now()));
        if state.stale || !head_stands || !state.strict.is_empty() {
            state.stale = false;
            state.fresh.clear();
            state.queue.refresh(&parts.order, view, &mut self.listed);
            self.whole_pass(parts, view, plan, pool);
        } else if parts.backfill == Backfill::Never {
            state.fresh.clear();
        } else {
            // Nothing was freed: only what has just arrived can start.
            if parts.backfill == Backfill::EasyShortest {
                self.pools[pool].fresh.sort_by_key(|job| view.estimate(*job));
            }
            for index in 0..self.pools[pool].fresh.len() {
                let job = self.pools[pool].fresh[index];
                if parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.holds_back(view, plan, job, pool)) {
                    self.pools[pool].held_by_rule = true;
                    continue;
                }
                let mut head = self.pools[pool].head.expect("the head stands");
                self.try_to_pass(parts, view, plan, pool, &mut head, job);
                self.pools[pool].head = Some(head);
            }
            self.pools[pool].fresh.clear();
        }
    }

    fn whole_pass(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId) {
        self.pools[pool].strict.clear();
        self.pools[pool].held_by_rule = false;
        let mut head: Option<BlockedHead> = None;
        let mut at = None;
        let waiting = self.pools[pool].queue.jobs();
        let mut heads = match &parts.order {
            Order::Cohort => Some(Heads::by_quota(plan, waiting, pool)),
            order => order.shares().then(|| Heads::by_tenant(view, waiting)),
        };
        loop {
            let next = match &mut heads {
                Some(heads) => heads.next(&parts.order, view, plan, Some(pool)).map(|job| ((parts.order.key(view, job), view.job(job).number), job)),
                None => self.pools[pool].queue.next(at).map(|waiting| (waiting.place, waiting.job)),
            };
            let Some((place, job)) = next else { break };
            at = Some(place);
            if self.pools[pool].strict.stops(plan, job, pool) {
                continue;
            }
            if parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.holds_back(view, plan, job, pool)) {
                self.pools[pool].held_by_rule = true;
                continue;
            }
            let attempt = match self.try_to_start(parts, view, plan, pool, job) {
                Attempt::NoRoom => self.evict_for(parts, view, plan, pool, job),
                attempt => attempt,
            };
            match attempt {
                Attempt::Started | Attempt::HeldByRule => {}
                Attempt::NoRoom if heads.is_some() && parts.backfill == Backfill::Skip => {}
                Attempt::NoRoom if head.is_some() => {}
                Attempt::NoRoom | Attempt::UnderWay => {
                    let clearing = (attempt == Attempt::UnderWay).then_some(pool);
                    head = Some(BlockedHead { clearing, ..parts.backfill.reserve(plan, view, job, place, pool) });
                    if clearing.is_some() || !parts.divides() {
                        break;
                    }
                }
            }
        }
        if let Some(blocked) = &mut head
            && parts.backfill != Backfill::Never
            && blocked.clearing.is_none()
            && !parts.divides()
        {
            // Starts have changed ranks.
            self.pools[pool].queue.refresh(&parts.order, view, &mut self.listed);
            self.pass_the_head(parts, view, plan, pool, blocked);
        }
        plan.note_head(pool, head.is_some());
        self.pools[pool].head = head;
        self.plan_look(parts, view, plan, pool);
    }

    fn plan_look(&self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId) {
        if let Some(first) = self.pools[pool].queue.next(None)
            && parts.takes_turns()
        {
            parts.order.plan_look(view, plan, first.place.0, std::iter::once(pool));
        }
    }
    /// Starts a job in its pool if there is room and no rule is against it.
    fn try_to_start(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId, job: JobId) -> Attempt {
        let share = parts.place.allocation(view, plan, job, pool);
        match plan.place(job, &[share]).map_err(Held::by) {
            Ok(()) => self.started(parts, view, pool, job),
            Err(Held::Rule(_)) if parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.start(view, plan, job, pool)) => {
                self.started(parts, view, pool, job);
            }
            Err(Held::Rule(refusal)) => {
                self.held_by_rule(view, pool, &refusal);
                return Attempt::HeldByRule;
            }
            Err(Held::Room) => return Attempt::NoRoom,
        }
        Attempt::Started
    }
    /// Starts a job for which there is no room by preempting others, where the policy does that.
    fn evict_for(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId, job: JobId) -> Attempt {
        match parts.makes_room().map_or(Eviction::Nobody, |evict| evict.start(&mut parts.order, view, plan, job, pool)) {
            Eviction::Started => self.started(parts, view, pool, job),
            Eviction::UnderWay => return Attempt::UnderWay,
            Eviction::Nobody => return Attempt::NoRoom,
        }
        Attempt::Started
    }

    /// Starts those behind a blocked head that may pass it, in their order.
    fn pass_the_head(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId, head: &mut BlockedHead) {
        if parts.backfill == Backfill::EasyShortest {
            return self.pass_the_head_shortest_first(parts, view, plan, pool, head);
        }
        let mut after = head.place;
        loop {
            let free = plan.free(pool);
            let (spare, window_us) = parts.backfill.limits(view, head);
            let Some(waiting) = self.pools[pool].queue.next_small(after, free, spare, window_us) else {
                return;
            };
            after = waiting.place;
            let held_back = parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.holds_back(view, plan, waiting.job, pool));
            self.pools[pool].held_by_rule |= held_back;
            if !held_back && !self.pools[pool].strict.stops(plan, waiting.job, pool) {
                self.try_to_pass(parts, view, plan, pool, head, waiting.job);
            }
        }
    }

    /// Starts those behind a blocked head that may pass it, by estimate. What may not pass now may not later in the pass: room and limits only
    /// shrink.
    fn pass_the_head_shortest_first(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId, head: &mut BlockedHead) {
        let free = plan.free(pool);
        let (spare, window_us) = parts.backfill.limits(view, head);
        let queue = &self.pools[pool].queue;
        let next = |after| queue.next_small(after, free, spare, window_us);
        let mut candidates: Vec<Waiting> = std::iter::successors(next(head.place), |waiting| next(waiting.place)).collect();
        shortest_first(view, &mut candidates);
        for waiting in candidates {
            let held_back = parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.holds_back(view, plan, waiting.job, pool));
            self.pools[pool].held_by_rule |= held_back;
            if !held_back && !self.pools[pool].strict.stops(plan, waiting.job, pool) {
                self.try_to_pass(parts, view, plan, pool, head, waiting.job);
            }
        }
    }

    /// Reserves for those who have none, lets the others move up if something was freed, and starts those whose time has come.
    fn reserved_pass(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId) {
        let state = &mut self.pools[pool];
        let mut jobs = std::mem::take(&mut state.fresh);
        // Where nobody waited, nobody was told what was freed. Who may preempt must be looked at in its order.
        let nobody_waited = jobs.len() == state.queue.len();
        let everything = std::mem::take(&mut state.stale) || !state.strict.is_empty() || nobody_waited || parts.makes_room().is_some();
        state.clearing = false;
        if everything {
            state.strict.clear();
            state.held_by_rule = false;
            state.queue.refresh(&parts.order, view, &mut self.listed);
            jobs.clear();
            jobs.extend(state.queue.iter());
            self.reservations.rebuild(view, plan, pool, jobs.iter().copied());
        } else {
            self.reservations.pass_time(pool, view.now());
            if view.delta().woken {
                let fresh = jobs.len();
                jobs.extend(state.queue.iter().filter(|job| self.reservations.begins(*job, view.now())));
                jobs.rotate_left(fresh);
            }
        }
        let mut waits = !everything && self.pools[pool].head_waits;
        for job in jobs.drain(..) {
            match self.reserve_or_start(parts, view, plan, pool, job) {
                Attempt::NoRoom if !waits => waits = !self.make_room(parts, view, plan, pool, job),
                Attempt::NoRoom => {}
                Attempt::Started | Attempt::HeldByRule => {}
                Attempt::UnderWay => unreachable!("nobody is preempted by a reservation"),
            }
        }
        plan.note_head(pool, waits);
        self.reservations.plan_look(view.now(), plan);
        self.plan_look(parts, view, plan, pool);
        self.pools[pool].head_waits = waits;
        self.pools[pool].fresh = jobs;
    }

    /// Preempts for the first job that waits for room, where the policy does that; `false`: it waits on.
    fn make_room(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId, job: JobId) -> bool {
        let attempt = self.evict_for(parts, view, plan, pool, job);
        self.pools[pool].clearing = attempt == Attempt::UnderWay;
        if attempt == Attempt::Started {
            // What runs is another now: those who wait reserve anew.
            self.reservations.rebuild(view, plan, pool, self.pools[pool].queue.iter());
        }
        attempt == Attempt::Started
    }

    /// Reserves for one job, and starts it if its time has come.
    fn reserve_or_start(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId, job: JobId) -> Attempt {
        let held_back = parts.reclaim.as_mut().is_some_and(|reclaim| reclaim.holds_back(view, plan, job, pool));
        self.pools[pool].held_by_rule |= held_back;
        let stopped = held_back || self.pools[pool].strict.stops(plan, job, pool);
        let Some(candidate) = view.candidate(job, pool).copied().filter(|_| !stopped) else {
            self.reservations.release(job);
            return Attempt::HeldByRule;
        };
        let slot = self.reservations.reserve(view, plan, job, &[candidate]);
        if slot.is_none_or(|slot| slot.from > view.now()) || self.pools[pool].clearing {
            return Attempt::NoRoom;
        }
        let attempt = self.try_to_start(parts, view, plan, pool, job);
        if attempt == Attempt::HeldByRule {
            self.reservations.release(job);
        }
        attempt
    }

    fn try_to_pass(&mut self, parts: &mut Parts, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId, head: &mut BlockedHead, job: JobId) {
        let Some(candidate) = view.candidate(job, pool).copied() else {
            return;
        };
        let share = parts.place.allocation(view, plan, job, pool);
        match parts.backfill.pass(view, plan, head, job, &candidate, share) {
            Ok(()) => self.started(parts, view, pool, job),
            Err(Held::Rule(refusal)) => self.held_by_rule(view, pool, &refusal),
            Err(Held::Room) => {}
        }
    }

    fn held_by_rule(&mut self, view: View<'_>, pool: PoolId, refusal: &crate::world::Refusal) {
        self.pools[pool].held_by_rule = true;
        self.pools[pool].strict.note(view, refusal);
    }

    fn started(&mut self, parts: &mut Parts, view: View<'_>, pool: PoolId, job: JobId) {
        if let Some(entry) = self.listed.take(job) {
            self.pools[pool].queue.remove((entry.key, entry.number));
        }
        if parts.backfill == Backfill::Conservative {
            self.reservations.started(job);
        }
        parts.order.started(view, job, pool);
    }
}
