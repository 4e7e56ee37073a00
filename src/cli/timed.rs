//! The policy's own decision time, in wall-clock: it never reaches the fingerprint or a file.

use crate::base::Span;
use crate::model::{JobId, PoolId};
use crate::policy::{Needs, Plan, PolicyError, Scheduler, View};
use crate::stats::{Distribution, Histogram};
use std::time::Instant;

/// One round in so many is timed in this process: reading the clock costs as much as a small round.
const ONE_IN: u32 = 64;

/// A policy with a stop-watch.
pub(super) struct Timed<'a> {
    policy: &'a mut dyn Scheduler,
    round: u32,
    /// One round in so many is timed.
    one_in: u32,
    nanoseconds: Histogram,
}

impl<'a> Timed<'a> {
    /// Takes a policy. Beside a line to another process and back, a look at the clock costs nothing: those are timed in every round.
    pub(super) fn new(policy: &'a mut dyn Scheduler, is_foreign: bool) -> Self {
        Self { policy, round: 0, one_in: if is_foreign { 1 } else { ONE_IN }, nanoseconds: Histogram::new() }
    }
    /// Describes the rounds that were timed, in seconds.
    pub(super) fn decision_time(&self) -> Distribution {
        self.nanoseconds.describe(1e-9)
    }
}

impl Scheduler for Timed<'_> {
    fn needs(&self) -> Needs {
        self.policy.needs()
    }
    fn predict(&mut self, view: View<'_>, job: JobId) -> Option<Span> {
        self.policy.predict(view, job)
    }
    fn rate(&self, view: View<'_>, plan: &Plan<'_>, job: JobId) -> Vec<(PoolId, i64)> {
        self.policy.rate(view, plan, job)
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        self.round = self.round.wrapping_add(1);
        // The first round is timed too, so that a run of few rounds has its number.
        if self.round % self.one_in != 1 % self.one_in {
            return self.policy.schedule(view, plan);
        }
        let started = Instant::now();
        let result = self.policy.schedule(view, plan);
        self.nanoseconds.record(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX));
        result
    }
}
