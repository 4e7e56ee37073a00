//! Least attained service first.

use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Ratio, Span, Time};
use crate::model::{JobId, PolicyPart, PoolId};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};
use crate::world::jobs::State;

pub(super) static LAS: PartInfo = PartInfo {
    name: "las",
    kind: PartKind::Order,
    summary: "the job that has done the least work first; with `evict-lower` it preempts, and jobs alike take turns",
    parameters: &[Parameter {
        name: "quantum_h",
        default: 0.1,
        range: (1e-6, 1e6),
        summary: "hours by which a running job may get ahead of a queued one before it gives way",
        words: &[],
    }],
    citation: "Kleinrock 1976, Queueing Systems vol. 2, section 4.6; Nuyens, Wierman 2008, \"The foreground-background queue: a survey\"",
    notes: "a look a quantum while jobs are queued; needs no estimates; the shorter the quantum, the closer to shared processors",
    tested: &["engine::tests::evict::jobs_take_turns_by_the_quantum", "it::known_answers::stochastic_cases_come_out_within_five_per_cent"],
    oracle: false,
};

/// The turns of jobs that have done about as much.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turns {
    quantum: Span,
    /// When the policy is to look again, if it has asked for that.
    next_look: Time,
}

/// Returns the key of a job: smaller goes first.
pub(super) fn key(view: View<'_>, job: JobId) -> i64 {
    i64::try_from(view.attained(job).0).unwrap_or(i64::MAX)
}

impl Turns {
    pub(super) fn new(part: &PolicyPart) -> Self {
        Self { quantum: Span((parameter(part, &LAS, "quantum_h") * MICROS_PER_HOUR as f64).max(1.0) as u64), next_look: Time::NEVER }
    }
    /// Tells whether somebody's turn may be over now.
    pub(super) fn is_due(&self, now: Time) -> bool {
        self.next_look == now
    }
    /// Tells whether a running job's turn is over: it is a quantum ahead of a waiting one, and still is when it has lost what a preemption costs.
    pub(super) fn gives_way(&self, view: View<'_>, runs: JobId, waits: JobId) -> bool {
        view.attained(runs) >= view.attained(waits) + self.quantum + lost(view, runs, view.status(runs).rate)
    }
    /// Asks for a look when a running job, or one that has just started, may be a quantum ahead of the first queued job. *O*(jobs that hold GPUs of
    /// the pools).
    pub(super) fn plan_look(&mut self, view: View<'_>, plan: &mut Plan<'_>, least_queued: i64, pools: impl Iterator<Item = PoolId>) {
        let over = Span(u64::try_from(least_queued).unwrap_or(0)) + self.quantum;
        let mut soonest: Option<Span> = None;
        for pool in pools {
            for job in plan.holders(pool).filter(|job| !plan.is_leaving(*job)) {
                let rate = if view.status(job).state == State::Running { Some(view.status(job).rate) } else { None };
                let rate = rate.or_else(|| view.candidate(job, pool).map(|candidate| candidate.rate)).unwrap_or(Ratio::ONE);
                let lead = (over + lost(view, job, rate)).saturating_sub(view.attained(job));
                // Who is ahead by that already goes on for want of somebody who fits: it is looked at again after another quantum.
                let wait = Span(rate.divide(if lead == Span::ZERO { self.quantum.0 } else { lead.0 })).max(Span(1));
                soonest = Some(soonest.map_or(wait, |soonest| soonest.min(wait)));
            }
        }
        let Some(wait) = soonest else { return };
        let at = view.now() + wait;
        let stands = self.next_look > view.now() && self.next_look <= at;
        if !stands && plan.wake_at(at).is_ok() {
            self.next_look = at;
        }
    }
}

/// Returns the work that a preemption would cost a job.
fn lost(view: View<'_>, job: JobId, rate: Ratio) -> Span {
    let attributes = view.job(job);
    Span(rate.of(view.model().classes[attributes.class].lost_when_preempted(attributes.gpus).0))
}
