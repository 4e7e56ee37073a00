//! The progress bar: on a terminal only, and only if the run takes more than two seconds.

use super::summary::words::duration;
use crate::base::Time;
use crate::base::time::MICROS_PER_DAY;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// How long a run may take before anything is shown.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// Parts of a bar.
const PARTS: u64 = 1000;

/// Shows how far a run is.
#[derive(Debug)]
pub(super) struct Progress {
    started: Instant,
    silent: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts to wait; with `quiet`, or without a terminal, nothing is ever shown.
    pub(super) fn new(quiet: bool) -> Self {
        Self { started: Instant::now(), silent: quiet || !io::stderr().is_terminal(), bar: None }
    }
    /// Tells how far the run is: the instant, and the share that is done (0 where that is not known).
    pub(super) fn at(&mut self, now: Time, share: f64) {
        if self.silent || self.started.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_insert_with(new_bar);
        bar.set_position((share * PARTS as f64) as u64);
        bar.set_message(told(now, share, self.started.elapsed()));
    }
    /// Removes the bar.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Says where the run is in its own time, how long it has taken, and how long it will take if it goes on at this pace.
fn told(now: Time, share: f64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let left = match share {
        share if share <= 0.0 => String::new(),
        share if share >= 1.0 => ", until the last job ends".to_owned(),
        share => format!(", about {} left", duration((seconds * (1.0 - share) / share).round().max(1.0))),
    };
    format!("scenario day {}, {} so far{left}", now.0 / MICROS_PER_DAY, duration(seconds.round()))
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::new(PARTS).with_style(ProgressStyle::with_template("{bar:20} {percent:>3}%  {msg}").expect("well formed"));
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_estimated_from_simulated_time() {
        let at = |days: u64, share, seconds| told(Time(days * MICROS_PER_DAY), share, Duration::from_secs(seconds));
        assert_eq!(at(7, 0.25, 12), "scenario day 7, 12 s so far, about 36 s left");
        assert_eq!(at(27, 0.999, 100), "scenario day 27, 1.7 min so far, about 1 s left");
        assert_eq!(at(30, 1.0, 12), "scenario day 30, 12 s so far, until the last job ends");
        assert_eq!(at(3, 0.0, 12), "scenario day 3, 12 s so far", "a trace without a horizon does not tell");
        // With the bar and the share it fits 80 columns.
        assert!(at(3650, 0.01, 7200).chars().count() + 20 + " 100%  ".len() <= 80);
    }
}
