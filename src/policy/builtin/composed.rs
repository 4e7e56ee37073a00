//! A policy made of parts: keeps queues by what happens, and starts jobs by order, placement and backfilling.

use super::at_start::AtStart;
use super::at_submit::AtSubmit;
use super::backfill::Backfill;
use super::evict_lower::EvictLower;
use super::order::{Order, Queue};
use super::place::Place;
use super::reclaim::Reclaim;
use crate::model::{JobId, JobNumber, PolicyPart, Queueing, QuotaId};
use crate::policy::registry;
use crate::policy::{BuildContext, Needs, PartKind, Plan, PolicyError, Scheduler, View};
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
    pub(super) stage_at_submit: bool,
}

/// A built-in policy: order × bind × place × backfill × preempt.
#[derive(Clone, Debug)]
pub struct Composed {
    parts: Parts,
    bind: Bind,
    oracle: bool,
}

#[derive(Clone, Debug)]
enum Bind {
    AtSubmit(AtSubmit),
    AtStart(AtStart),
}

impl Composed {
    /// Composes checked parts, one of each kind that must be there.
    pub(in crate::policy) fn new(chosen: &[PolicyPart], stage_at_submit: bool, context: BuildContext<'_>) -> Self {
        let find =
            |kind: PartKind| chosen.iter().find_map(|part| registry::part(&part.name).filter(|info| info.kind == kind).map(|info| (part, info)));
        let (order, _) = find(PartKind::Order).expect("the registry completes the parts");
        let (bind, _) = find(PartKind::Bind).expect("the registry completes the parts");
        let (place, place_info) = find(PartKind::Place).expect("the registry completes the parts");
        let preempt = |name: &str| find(PartKind::Preempt).filter(|(_, info)| info.name == name);
        let parts = Parts {
            order: Order::new(order, context.model.tenant_count()),
            place: Place::new(place, place_info, bind.name == "at-start", context),
            backfill: find(PartKind::Backfill).map_or(Backfill::Never, |(part, _)| Backfill::new(part)),
            reclaim: preempt("reclaim").map(|(part, info)| Reclaim::new(part, info)),
            evict: preempt("evict-lower").map(|(part, _)| EvictLower::new(part)),
            stage_at_submit,
        };
        let bind = match bind.name.as_str() {
            "at-start" => Bind::AtStart(AtStart::new(context.model.pools.len())),
            _ => Bind::AtSubmit(AtSubmit::new(context.model.pools.len())),
        };
        let oracle = chosen.iter().any(|part| registry::part(&part.name).is_some_and(|info| info.oracle));
        Self { parts, bind, oracle }
    }
}

impl Scheduler for Composed {
    fn needs(&self) -> Needs {
        Needs { every_event: false, oracle: self.oracle, data: matches!(self.parts.order, Order::ReadyTime) }
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        self.parts.order.follow(view);
        match &mut self.bind {
            Bind::AtSubmit(bind) => bind.schedule(&mut self.parts, view, plan),
            Bind::AtStart(bind) => bind.schedule(&mut self.parts, view, plan),
        }
        Ok(())
    }
    fn fork(&self) -> Option<Box<dyn Scheduler>> {
        Some(Box::new(self.clone()))
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
    pub(super) fn stops(&self, plan: &Plan<'_>, job: JobId, pool: crate::model::PoolId) -> bool {
        self.0.iter().any(|quota| plan.is_charged_to(job, pool, *quota))
    }
}

/// Removes a job from a queue by what was noted when it was listed. A key that has been refreshed since is not the noted one.
pub(super) fn unlist(queue: &mut Queue, order: &Order, entry: Entry, job: JobId) {
    if matches!(order, Order::FairShare(_)) {
        queue.forget(job);
    } else {
        queue.remove((entry.key, entry.number));
    }
}
