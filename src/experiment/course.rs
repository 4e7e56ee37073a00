//! The course of a run by the hour, and what it says about the warm-up.

use crate::base::{Span, Time};
use crate::stats::warmup;
use crate::world::records::PoolSample;

/// Hours that make one batch: a whole day, so that the daily rhythm of demand is no trend.
const DAY: usize = 24;
/// Hours that make one batch of a run that is too short for days (MSER-5).
const FEW: usize = 5;
/// Batches without which the rule says nothing.
const BATCHES: usize = 10;

/// GPUs held and jobs queued at each hour, over all pools.
#[derive(Clone, Debug)]
pub struct Course {
    /// Until when: what follows is a drain, in which nothing arrives.
    until: Time,
    at: Option<Time>,
    held: Vec<f64>,
    queued: Vec<f64>,
}

/// When a run may have got over its empty start.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Advice {
    /// How much of the run should not be measured.
    pub warmup: Span,
    /// Whether the rule found the end of the warm-up in the first half; if not, the run is too short to tell.
    pub reliable: bool,
}

impl Course {
    /// Makes an empty one.
    pub fn new(until: Time) -> Self {
        Self { until, at: None, held: Vec::new(), queued: Vec::new() }
    }
    /// Takes samples, all pools of an instant one after the other.
    pub fn samples(&mut self, samples: &[PoolSample]) {
        for sample in samples.iter().filter(|sample| sample.at <= self.until) {
            if self.at != Some(sample.at) {
                self.at = Some(sample.at);
                self.held.push(0.0);
                self.queued.push(0.0);
            }
            *self.held.last_mut().expect("an instant was begun") += sample.held as f64;
            *self.queued.last_mut().expect("an instant was begun") += sample.queued as f64;
        }
    }
    /// Advises on the warm-up by the marginal standard error rule (White 1997): of GPUs held and jobs queued, whichever settles later. `None` of a
    /// run that is too short. It is advice and no proof (Wang & Glynn 2016).
    pub fn advice(&self, every: Span) -> Option<Advice> {
        let batch = if self.held.len() >= BATCHES * DAY { DAY } else { FEW };
        let cuts = [&self.held, &self.queued].map(|series| warmup::mser(series, batch));
        let cuts = [cuts[0]?, cuts[1]?];
        let observations = cuts.iter().map(|cut| cut.observations as u64).max().expect("there are two");
        Some(Advice { warmup: Span(every.0 * observations), reliable: cuts.iter().all(|cut| cut.reliable) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(held: impl Fn(usize) -> f64, hours: usize) -> Course {
        Course { until: Time::NEVER, at: None, held: (0..hours).map(held).collect(), queued: vec![0.0; hours] }
    }

    #[test]
    fn a_start_that_fills_up_is_cut_and_a_daily_rhythm_is_not() {
        let rhythm = |hour: usize| if hour % 24 < 12 { 10.0 } else { -10.0 } + (hour / 24 * 5 % 7) as f64;
        let steady = course(|hour| 100.0 + rhythm(hour), 21 * 24).advice(Span::hours(1)).unwrap();
        assert!(steady.warmup <= Span::hours(24) && steady.reliable, "{steady:?}");
        let filling = course(|hour| 5.0 * (hour as f64).min(72.0) + rhythm(hour), 21 * 24).advice(Span::hours(1)).unwrap();
        assert_eq!(filling, Advice { warmup: Span::hours(72), reliable: true });
    }

    #[test]
    fn what_never_settles_is_no_advice() {
        let growing = course(|hour| (hour * hour) as f64, 20 * 24).advice(Span::hours(1)).unwrap();
        assert!(!growing.reliable, "{growing:?}");
        assert_eq!(course(|_| 1.0, 49).advice(Span::hours(1)), None);
    }
}
