//! Least attained service first.

use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Span, Time};
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
    tested: &["it::known_answers::stochastic_cases_come_out_within_five_per_cent"],
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
    /// Asks for a look when a running job, or one of those that have just `started`, will be a quantum ahead of the first queued job of its pool.
    ///
    /// Work counts as time here: on a chip of another speed the look comes early or late by as much, and finds what it finds.
    pub(super) fn plan_look(&mut self, view: View<'_>, plan: &mut Plan<'_>, least_queued: i64, pool: PoolId, started: &[JobId]) {
        // Those that wait for data do no work, and get ahead of nobody.
        let computes = |job: &JobId| view.status(*job).state == State::Running && view.status(*job).pool == Some(pool);
        let here = view.jobs().running().filter(computes);
        let lead = |job: JobId| u64::try_from(least_queued.saturating_sub(key(view, job))).unwrap_or(0);
        let Some(wait) = here.chain(started.iter().copied()).map(lead).min() else { return };
        let at = view.now() + Span(wait) + self.quantum;
        let stands = self.next_look > view.now() && self.next_look <= at;
        if !stands && plan.wake_at(at).is_ok() {
            self.next_look = at;
        }
    }
}
