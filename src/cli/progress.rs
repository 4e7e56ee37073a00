//! The progress bar: on a terminal only, and only if the run takes more than two seconds.

use crate::base::Time;
use crate::base::time::MICROS_PER_DAY;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// How long a run may take before anything is shown.
const PATIENCE: Duration = Duration::from_secs(2);
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
        bar.set_message(format!("day {}", now.0 / MICROS_PER_DAY));
    }
    /// Removes the bar.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::new(PARTS).with_style(ProgressStyle::with_template("{bar:30} {percent:>3}%  {msg}  {elapsed}").expect("well formed"));
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    bar
}
