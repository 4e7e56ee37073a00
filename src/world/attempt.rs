//! The timeline of one attempt: start-up, restore, then computing cut by checkpoints. Everything is known once computing can begin, so no
//! event is needed between.

use crate::base::{Ratio, Span};
use crate::model::Checkpoint;

/// What an attempt does from the moment its data is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeline {
    /// Start-up and restore, before computing.
    pub setup: Span,
    /// Computing time that the work takes at the attempt's rate.
    pub computing: Span,
    /// Computing time between checkpoints, and what one costs; none: no checkpoints.
    pub checkpoint: Option<(Span, Span)>,
}

/// Where the time of an attempt went, up to some instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Spent {
    /// Start-up and restore.
    pub setup: Span,
    /// Computing.
    pub computing: Span,
    /// Writing checkpoints.
    pub checkpointing: Span,
    /// Computing whose result the last finished checkpoint holds.
    pub safe: Span,
    /// Checkpoints that were finished.
    pub checkpoints: u64,
}

impl Timeline {
    /// Lays out the attempt of so much work at a rate. The last segment takes no checkpoint.
    pub fn new(setup: Span, work: Span, rate: Ratio, checkpoint: Option<Checkpoint>) -> Self {
        let checkpoint = checkpoint.map(|checkpoint| (checkpoint.every, checkpoint.cost));
        Self { setup, computing: Span(rate.divide(work.0)), checkpoint }
    }
    /// Returns the whole length.
    pub fn length(&self) -> Span {
        let pauses = match self.checkpoint {
            Some((every, cost)) if self.computing > every => ((self.computing.0 - 1) / every.0).saturating_mul(cost.0),
            _ => 0,
        };
        self.setup + self.computing + Span(pauses)
    }
    /// Tells where the time went in the first `elapsed` of the attempt.
    pub fn spent(&self, elapsed: Span) -> Spent {
        let setup = elapsed.min(self.setup);
        let rest = elapsed.saturating_sub(self.setup);
        let Some((every, cost)) = self.checkpoint else {
            return Spent { setup, computing: rest.min(self.computing), ..Spent::default() };
        };
        let all = if self.computing.0 == 0 { 0 } else { (self.computing.0 - 1) / every.0 };
        let cycle = every.0.saturating_add(cost.0);
        let cycles = (rest.0 / cycle).min(all);
        let into = rest.0 - cycles * cycle;
        let last = cycles == all;
        let segment = if last { self.computing.0 - all * every.0 } else { every.0 };
        let computing = cycles * every.0 + into.min(segment);
        let checkpointing = cycles * cost.0 + if last { 0 } else { into.saturating_sub(segment) };
        Spent { setup, computing: Span(computing), checkpointing: Span(checkpointing), safe: Span(cycles * every.0), checkpoints: cycles }
    }
}

/// Returns the work that so much computing time does at a rate, rounded down, at most `at_most`.
pub fn work_done(computing: Span, rate: Ratio, at_most: Span) -> Span {
    Span(rate.of(computing.0)).min(at_most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Bytes;

    fn checkpoint(every: u64, cost: u64) -> Option<Checkpoint> {
        Some(Checkpoint { every: Span(every), cost: Span(cost), restore: Span::ZERO, size_per_gpu: Bytes::ZERO })
    }

    #[test]
    fn the_last_segment_takes_no_checkpoint() {
        assert_eq!(Timeline::new(Span(0), Span(9), Ratio::ONE, checkpoint(3, 1)).length(), Span(11));
        assert_eq!(Timeline::new(Span(0), Span(10), Ratio::ONE, checkpoint(3, 1)).length(), Span(13));
        assert_eq!(Timeline::new(Span(5), Span(3), Ratio::ONE, checkpoint(3, 1)).length(), Span(8));
        assert_eq!(Timeline::new(Span(0), Span(0), Ratio::ONE, checkpoint(3, 1)).length(), Span(0));
    }

    #[test]
    fn time_spent_is_accounted_at_every_instant() {
        let timeline = Timeline::new(Span(2), Span(10), Ratio::from_f64(0.5), checkpoint(6, 3));
        assert_eq!(timeline.computing, Span(20));
        for elapsed in 0..=timeline.length().0 {
            let spent = timeline.spent(Span(elapsed));
            assert_eq!(spent.setup + spent.computing + spent.checkpointing, Span(elapsed), "at {elapsed}");
            assert_eq!(spent.safe.0, spent.checkpoints * 6);
        }
        let at_checkpoint = timeline.spent(Span(2 + 6 + 2));
        assert_eq!((at_checkpoint.safe, at_checkpoint.checkpointing), (Span(0), Span(2)));
        assert_eq!(timeline.spent(Span(2 + 6 + 3)).safe, Span(6));
        assert_eq!(timeline.spent(timeline.length()).computing, Span(20));
    }
}
