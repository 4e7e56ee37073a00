//! The measured window: what part of an interval counts.

use crate::base::{Span, Time};
use crate::model::Model;

/// From the end of the warm-up to the horizon; the end of a trace's window is not known before its last job.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    from: Time,
    to: Time,
}

impl Window {
    /// Takes the window from a scenario.
    pub fn new(model: &Model) -> Self {
        Self { from: Time::ZERO + model.warmup, to: model.horizon.map_or(Time::NEVER, |horizon| Time::ZERO + horizon) }
    }
    /// Returns both ends.
    pub fn bounds(&self) -> (Time, Time) {
        (self.from, self.to)
    }
    /// Ends the window, as the last job of a trace has been submitted; nothing after `at` has been counted yet.
    pub fn close(&mut self, at: Time) {
        self.to = at;
    }
    /// Tells whether something at an instant counts; a job counts by its submission.
    pub fn counts(&self, at: Time) -> bool {
        at >= self.from && at <= self.to
    }
    /// Returns the length of the part of an interval that counts.
    pub fn overlap(&self, from: Time, to: Time) -> Span {
        to.min(self.to).saturating_since(from.max(self.from))
    }
    /// Returns the part of an interval that counts; empty intervals have both ends alike.
    pub fn clip(&self, from: Time, to: Time) -> (Time, Time) {
        let begin = from.max(self.from);
        (begin, to.min(self.to).max(begin))
    }
}
