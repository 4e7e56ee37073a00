//! Time slicing: now and then the pools are divided anew.

use super::evict_lower::EvictLower;
use super::order::Order;
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Span, Time};
use crate::model::{JobId, Model, PolicyPart, Quota, Setting};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};
use crate::world::Preempt;

pub(super) static ROUNDS: PartInfo = PartInfo {
    name: "rounds",
    kind: PartKind::Preempt,
    summary: "every so often all pools are divided anew in queue order: who ranks lower gives way to who fits in its place, and keeps its work",
    parameters: &[
        Parameter {
            name: "every_h",
            default: 0.1,
            range: (0.0, 1e6),
            summary: "hours between two rounds; 0: at every arrival and end of a job, and when the order says that a turn is over",
            words: &[],
        },
        Parameter {
            name: "who",
            default: 0.0,
            range: (0.0, 1.0),
            summary: "`lower`: who ranks lower than a job that needs its place; `all`: everybody stops, and starts anew if it is chosen again",
            words: &["lower", "all"],
        },
    ],
    citation: "Narayanan et al. 2020, \"Heterogeneity-aware cluster scheduling policies for deep learning workloads\" (Gavel), section 5; \
               `all`: the simulators of Tiresias and Muri",
    notes: "looks at all queued and running jobs once a round; between rounds, only backfilling starts jobs; a blocked job is passed by",
    tested: &[
        "engine::tests::slicing::rounds_give_the_hand_worked_schedule",
        "it::published::muri_is_exact",
        "it::chaos::relations::being_asked_more_often_changes_nothing",
    ],
    oracle: false,
};

/// The rule, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Rounds {
    every: Span,
    all: bool,
    /// Whether what a rule refuses may be granted later though nothing happens: less of a cap's period is left then.
    caps: bool,
    evict: EvictLower,
    /// When the policy has asked to be asked. Whether pools are divided is a matter of the clock alone: nobody is asked where nobody waits.
    next: Time,
    /// Since when all have stopped: the pools are to be filled again.
    stopped: Time,
    /// Whether this is a round in which pools are divided.
    divides: bool,
}

impl Rounds {
    pub(super) fn new(part: &PolicyPart, model: &Model) -> Self {
        Self {
            caps: has_caps(model),
            every: Span((parameter(part, &ROUNDS, "every_h") * MICROS_PER_HOUR as f64) as u64),
            all: parameter(part, &ROUNDS, "who") > 0.5,
            evict: EvictLower::by(Preempt::Checkpoint),
            next: Time::NEVER,
            stopped: Time::NEVER,
            divides: false,
        }
    }
    /// Tells whether the policy must be asked at every event: everybody stops, or what ends while nobody waits must not count later, or a round may
    /// let somebody start although nothing has happened, so that the clock must go on while nobody waits.
    pub(super) fn needs_every_event(&self) -> bool {
        self.all || self.caps || self.follows_events()
    }
    /// Tells whether rounds follow from what happens, rather than from the clock.
    pub(super) fn follows_events(&self) -> bool {
        self.every == Span::ZERO
    }
    /// Tells whether this is a round in which pools are divided: those who wait may all start, in their order.
    pub(super) fn divides(&self) -> bool {
        self.divides
    }
    /// Returns who gives way now.
    pub(super) fn evict(&self) -> Option<EvictLower> {
        (self.divides && !self.all).then_some(self.evict)
    }
    /// Begins a round. `true`: everybody has just been stopped, and nobody starts before the next round, which follows at once.
    pub(super) fn begin(&mut self, order: &Order, view: View<'_>, plan: &mut Plan<'_>) -> bool {
        let (now, delta) = (view.now(), view.delta());
        if self.stopped == now {
            // They are back in the queue.
            self.divides = true;
            return false;
        }
        let something_happened = !delta.arrived.is_empty() || !delta.ended.is_empty() || order.is_due(now);
        self.divides = if self.every == Span::ZERO { something_happened } else { now.0.is_multiple_of(self.every.0) };
        if !(self.divides && self.all) {
            return false;
        }
        self.stopped = now;
        let mut running: Vec<JobId> =
            view.pools().flat_map(|pool| plan.holders(pool).filter(|job| plan.may_preempt(*job)).collect::<Vec<_>>()).collect();
        running.sort_unstable_by_key(|job| view.job(*job).number);
        running.dedup();
        let before = holders(view, plan);
        for job in running {
            // Who cannot be stopped goes on.
            let _ = plan.preempt(job, Preempt::Checkpoint);
        }
        // Those who write checkpoints are waited for; where nobody else was stopped, no round follows at once.
        holders(view, plan) < before
    }
    /// Asks for the next round, while somebody runs whose place another may take.
    pub(super) fn settle(&mut self, view: View<'_>, plan: &mut Plan<'_>) {
        if self.every == Span::ZERO || (self.next > view.now() && self.next < Time::NEVER) || holders(view, plan) == 0 {
            return;
        }
        let next = Time((view.now().0 / self.every.0 + 1).saturating_mul(self.every.0));
        if plan.wake_at(next).is_ok() {
            self.next = next;
        }
    }
}

/// Tells whether any quota has a cap, or a share that refuses, per period; now or by a change.
fn has_caps(model: &Model) -> bool {
    let caps = |quota: &Quota| quota.gpu_hours.is_some() || quota.energy.is_some() || quota.domestic.is_some();
    let changed = model.changes.iter().flat_map(|change| &change.settings);
    model.quotas.iter().any(caps) || changed.into_iter().any(|setting| matches!(setting, Setting::Quota(_, quota) if caps(quota)))
}

fn holders(view: View<'_>, plan: &Plan<'_>) -> u64 {
    view.pools().map(|pool| plan.running(pool)).sum()
}
