//! A policy made of parts: keeps queues by what happens, and starts jobs by order, placement and backfilling.

use super::at_start::AtStart;
use super::at_submit::AtSubmit;
use super::backfill::Backfill;
use super::consolidate::Consolidate;
use super::elastic::Elastic;
use super::evict_lower::{EvictLower, Eviction};
use super::order::Order;
use super::place::{Offer, Place};
use super::predict::Predict;
use super::reclaim::Reclaim;
use super::rounds::Rounds;
use crate::base::{Span, Time};
use crate::model::{JobId, JobNumber, PolicyPart, PoolId, Queueing, QuotaId};
use crate::policy::registry;
use crate::policy::{BuildContext, Needs, PartInfo, PartKind, Plan, PolicyError, Scheduler, View};
use crate::rules;
use crate::world::Refusal;

/// The parts that both ways of binding share.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) order: Order,
    pub(super) place: Place,
    pub(super) backfill: Backfill,
    pub(super) reclaim: Option<Reclaim>,
    pub(super) evict: Option<EvictLower>,
    pub(super) rounds: Option<Rounds>,
    pub(super) consolidate: Option<Consolidate>,
    pub(super) elastic: Option<Elastic>,
    pub(super) stage_at_submit: bool,
}

/// A built-in policy: order × bind × place × backfill × preempt × predict.
#[derive(Clone, Debug)]
pub struct Composed {
    parts: Parts,
    bind: Bind,
    predict: Option<Predict>,
    oracle: bool,
}

#[derive(Clone, Debug)]
enum Bind {
    AtSubmit(AtSubmit),
    AtStart(AtStart),
}

/// Where a job was bound, and from when on it queues there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Binding {
    pub(super) pool: PoolId,
    pub(super) from: Time,
}

/// Finds the part of a kind.
pub(super) fn find(chosen: &[PolicyPart], kind: PartKind) -> Option<(&PolicyPart, &'static PartInfo)> {
    chosen.iter().find_map(|part| registry::part(&part.name).filter(|info| info.kind == kind).map(|info| (part, info)))
}

fn binds_at_start(chosen: &[PolicyPart]) -> bool {
    find(chosen, PartKind::Bind).is_some_and(|(part, _)| part.name == "at-start")
}

impl Parts {
    /// Tells whether all who wait may start now, in their order, and pass whoever is blocked.
    pub(super) fn divides(&self) -> bool {
        self.rounds.as_ref().is_some_and(Rounds::divides)
    }
    /// Tells whether jobs give way whenever the order says that their turn is over.
    pub(super) fn takes_turns(&self) -> bool {
        self.evict.is_some() || self.rounds.as_ref().is_some_and(Rounds::follows_events)
    }
    /// Returns the rule by which running jobs make room now for one that waits.
    pub(super) fn makes_room(&self) -> Option<MakeRoom> {
        let evict = self.evict.or_else(|| self.rounds.as_ref().and_then(Rounds::evict));
        evict.map(MakeRoom::Evict).or(self.consolidate.map(MakeRoom::Consolidate)).or(self.elastic.map(MakeRoom::Shrink))
    }
    /// Makes checked parts; without a placement jobs stay where somebody else binds them.
    pub(super) fn new(chosen: &[PolicyPart], stage_at_submit: bool, context: BuildContext<'_>) -> Self {
        let (order, _) = find(chosen, PartKind::Order).expect("the registry completes the parts");
        let at_start = binds_at_start(chosen);
        let preempt = |name: &str| find(chosen, PartKind::Preempt).filter(|(_, info)| info.name == name);
        Self {
            order: Order::new(order, context.model),
            place: find(chosen, PartKind::Place).map_or(Place::as_bound(at_start), |(part, info)| Place::new(part, info, at_start, context)),
            backfill: find(chosen, PartKind::Backfill).map_or(Backfill::Never, |(part, _)| Backfill::new(part)),
            reclaim: preempt("reclaim").map(|(part, info)| Reclaim::new(part, info)),
            evict: preempt("evict-lower").map(|(part, _)| EvictLower::new(part)),
            rounds: preempt("rounds").map(|(part, _)| Rounds::new(part, context.model)),
            consolidate: preempt("consolidate").map(|(part, _)| Consolidate::new(part)),
            elastic: preempt("elastic").map(|(part, _)| Elastic::new(part)),
            stage_at_submit,
        }
    }
    /// Follows a job that was submitted.
    pub(super) fn seen(&mut self, view: View<'_>, job: JobId) {
        self.place.seen(view, job);
    }
    /// Binds a job to the pool that the placement chooses, moves its data and defers it where the placement says so. `None`: no pool can ever
    /// hold it.
    pub(super) fn bind(&mut self, view: View<'_>, plan: &mut Plan<'_>, job: JobId, scratch: &mut Vec<Offer>) -> Option<Binding> {
        let pool = plan.look_from(view, |plan| self.place.bind(view, plan, job, scratch))?;
        if !self.place.leaves(plan, job, pool) {
            plan.bind(job, pool).ok()?;
        }
        self.place.chosen(pool);
        if (self.stage_at_submit || self.place.prefetches()) && plan.must_move(job, pool) {
            // A refusal leaves the move to the start.
            let _ = plan.prefetch(job, view.model().pools[pool].site);
        }
        let best = view.candidate(job, pool).map_or(view.now(), |candidate| self.place.best_start(view, job, candidate));
        let waits = best > view.now() && plan.defer(job, best).is_ok();
        Some(Binding { pool, from: if waits { best } else { view.now() } })
    }
}

impl Composed {
    /// Composes checked parts, one of each kind that must be there.
    pub(in crate::policy) fn new(chosen: &[PolicyPart], stage_at_submit: bool, context: BuildContext<'_>) -> Self {
        let pools = context.model.pools.len();
        let bind = if binds_at_start(chosen) { Bind::AtStart(AtStart::new(pools)) } else { Bind::AtSubmit(AtSubmit::new(pools)) };
        let oracle = chosen.iter().any(|part| registry::part(&part.name).is_some_and(|info| info.oracle));
        let predict = Predict::of(chosen, context);
        Self { parts: Parts::new(chosen, stage_at_submit, context), bind, predict, oracle }
    }
}

impl Scheduler for Composed {
    fn needs(&self) -> Needs {
        Needs {
            every_event: self.parts.elastic.is_some() || self.parts.rounds.as_ref().is_some_and(Rounds::needs_every_event),
            oracle: self.oracle,
            data: matches!(self.parts.order, Order::ReadyTime),
            predicts: self.predict.is_some(),
        }
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        // Queues are kept where the GPUs are; only who chooses between sites sees them from afar.
        plan.stand_at_sites();
        if let Some(predict) = &mut self.predict {
            predict.follow(view);
        }
        self.parts.order.follow(view);
        let Parts { order, rounds, .. } = &mut self.parts;
        let all_stop = rounds.as_mut().is_some_and(|rounds| rounds.begin(order, view, plan));
        match &mut self.bind {
            Bind::AtSubmit(bind) => bind.follow(&mut self.parts, view, plan),
            Bind::AtStart(bind) => bind.follow(&mut self.parts, view, plan),
        }
        if all_stop {
            return Ok(());
        }
        match &mut self.bind {
            Bind::AtSubmit(bind) => bind.pass(&mut self.parts, view, plan),
            Bind::AtStart(bind) => bind.pass(&mut self.parts, view, plan),
        }
        let takes_turns = self.parts.takes_turns();
        self.parts.order.settle(view, plan, takes_turns);
        if let Some(rounds) = &mut self.parts.rounds {
            rounds.settle(view, plan);
        }
        if let Some(elastic) = &mut self.parts.elastic {
            elastic.grow(view, plan);
        }
        Ok(())
    }
    fn rate(&self, view: View<'_>, plan: &Plan<'_>, job: JobId) -> Vec<(PoolId, i64)> {
        self.parts.place.scores(view, plan, job)
    }
    fn predict(&mut self, view: View<'_>, job: JobId) -> Option<Span> {
        self.predict.as_mut()?.predict(view, job)
    }
    fn fork(&self) -> Option<Box<dyn Scheduler>> {
        Some(Box::new(self.clone()))
    }
}

/// How running jobs make room for one that waits.
#[derive(Clone, Copy, Debug)]
pub(super) enum MakeRoom {
    Evict(EvictLower),
    Consolidate(Consolidate),
    Shrink(Elastic),
}

impl MakeRoom {
    /// Starts a job for which a pool has no room, if the rule can make some.
    pub(super) fn start(&self, order: &mut Order, view: View<'_>, plan: &mut Plan<'_>, job: JobId, pool: PoolId) -> Eviction {
        match self {
            Self::Evict(evict) => evict.start(order, view, plan, job, pool),
            Self::Consolidate(consolidate) => consolidate.start(view, plan, job, pool),
            Self::Shrink(elastic) => elastic.start(view, plan, job, pool),
        }
    }
}

/// What became of a job that was to start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Attempt {
    Started,
    /// A rule holds it back.
    HeldByRule,
    /// There is no room (that it may take).
    NoRoom,
    /// There will be room when those who give way to it are gone.
    UnderWay,
}

/// Where each queued job is listed, by slot: its number and the key it was pushed with.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    entries: Vec<Option<Entry>>,
}

/// One queued job's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) number: JobNumber,
    pub(super) key: i64,
    /// The queue; always 0 where there is one.
    pub(super) queue: u32,
}

impl Listed {
    pub(super) fn set(&mut self, job: JobId, entry: Entry) {
        let slot = job.0 as usize;
        if self.entries.len() <= slot {
            self.entries.resize(slot + 1, None);
        }
        self.entries[slot] = Some(entry);
    }
    /// Notes that a listed job's key has changed.
    pub(super) fn set_key(&mut self, job: JobId, key: i64) {
        if let Some(entry) = self.entries.get_mut(job.0 as usize).and_then(Option::as_mut) {
            entry.key = key;
        }
    }
    pub(super) fn take(&mut self, job: JobId) -> Option<Entry> {
        self.entries.get_mut(job.0 as usize).and_then(Option::take)
    }
}

/// Quotas whose strict queueing stops everybody behind a blocked head.
#[derive(Clone, Debug, Default)]
pub(super) struct StrictlyBlocked(Vec<QuotaId>);

impl StrictlyBlocked {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Notes a refusal by a quota that queues strictly.
    pub(super) fn note(&mut self, view: View<'_>, refusal: &Refusal) {
        if let Refusal::Rules(rules::Refusal::Quota(rules::QuotaRefusal { quota, .. })) = refusal
            && view.model().quotas[*quota].queueing == Queueing::Strict
        {
            self.0.push(*quota);
        }
    }
    /// Tells whether a job stands behind a blocked head of one of its own quotas.
    pub(super) fn stops(&self, plan: &Plan<'_>, job: JobId, pool: PoolId) -> bool {
        self.0.iter().any(|quota| plan.is_charged_to(job, pool, *quota))
    }
}
