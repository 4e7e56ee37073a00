//! The progress bar: on a terminal only, and only if the run takes more than two seconds.

use crate::base::Time;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// How long a run may take before anything is shown.
const PATIENCE: Duration = Duration::from_secs(2);
/// Parts of a bar.
const PARTS: u64 = 1000;

/// Shows how far a run is.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    shown: bool,
    horizon: Option<Time>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts to wait; with `quiet`, or without a terminal, nothing is ever shown.
    pub(crate) fn new(horizon: Option<Time>, quiet: bool) -> Self {
        Self { started: Instant::now(), shown: quiet || !io::stderr().is_terminal(), horizon, bar: None }
    }
    /// Tells how far the run is; meant to be called every few thousand rounds.
    pub(crate) fn at(&mut self, now: Time, jobs: u64) {
        if !self.shown && self.started.elapsed() > PATIENCE {
            self.shown = true;
            self.bar = Some(bar(self.horizon.is_some()));
        }
        if let Some(bar) = &self.bar {
            if let Some(horizon) = self.horizon.filter(|horizon| horizon.0 > 0) {
                bar.set_position((u128::from(now.0) * u128::from(PARTS) / u128::from(horizon.0)).min(PARTS.into()) as u64);
            }
            bar.set_message(format!("day {}, {jobs} jobs", now.0 / crate::base::time::MICROS_PER_DAY));
        }
    }
    /// Removes the bar.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(length_is_known: bool) -> ProgressBar {
    let template = if length_is_known { "{bar:30} {percent:>3}%  {msg}  {elapsed}" } else { "{spinner} {msg}  {elapsed}" };
    let bar = if length_is_known { ProgressBar::new(PARTS) } else { ProgressBar::new_spinner() };
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    bar.set_style(ProgressStyle::with_template(template).expect("the template is well formed"));
    bar
}
