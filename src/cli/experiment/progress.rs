//! How far an experiment is: a bar on a terminal, elsewhere a line a finished run.

use crate::cli::printer::Printer;
use crate::cli::progress::PATIENCE;
use crate::cli::summary::words::{count, duration};
use crate::experiment::FinishedRun;
use crate::output::text::short_fingerprint;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Counts finished runs, from any thread.
#[derive(Debug)]
pub(super) struct Progress<'a> {
    started: Instant,
    total: u64,
    done: AtomicU64,
    printer: Mutex<&'a mut Printer>,
    bar: Option<ProgressBar>,
}

impl<'a> Progress<'a> {
    /// Starts to count; with `quiet`, no bar is ever shown.
    pub(super) fn new(total: u64, quiet: bool, printer: &'a mut Printer) -> Self {
        let bar = (!quiet && io::stderr().is_terminal()).then(|| new_bar(total));
        Self { started: Instant::now(), total, done: AtomicU64::new(0), printer: Mutex::new(printer), bar }
    }
    /// Tells that a run is finished, which took so many seconds; returns the line that sums it up.
    pub(super) fn finished(&self, name: &str, run: &FinishedRun, seconds: f64) -> String {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let line = line(done, self.total, name, run, seconds);
        match &self.bar {
            None => self.printer.lock().expect("nobody panics with the lock").note(&format!("{line}\n")),
            Some(bar) if self.started.elapsed() > PATIENCE => {
                let elapsed = self.started.elapsed().as_secs_f64();
                bar.set_position(done);
                bar.set_message(told(done, self.total, elapsed));
            }
            Some(_) => {}
        }
        line
    }
    /// Removes the bar.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Sums up a finished run in a line.
fn line(done: u64, total: u64, name: &str, run: &FinishedRun, seconds: f64) -> String {
    let (events, fingerprint) = (count(run.events), short_fingerprint(&run.fingerprint));
    format!("{done} of {total}: {name}, replication {}: {events} events in {}, {fingerprint}", run.replication, duration(seconds))
}

fn told(done: u64, total: u64, elapsed: f64) -> String {
    let left = elapsed * (total.saturating_sub(done)) as f64 / done as f64;
    format!("{done} of {total} runs, {} so far, about {} left", duration(elapsed.round()), duration(left.round()))
}

fn new_bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_style(ProgressStyle::with_template("{bar:20} {msg}").expect("well formed"));
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::RunId;

    #[test]
    fn what_is_left_follows_from_what_is_done() {
        assert_eq!(told(15, 60, 30.0), "15 of 60 runs, 30 s so far, about 1.5 min left");
        let run =
            FinishedRun::new(RunId { replication: 4, alternative: 0 }, &serde_json::json!({"events": 4_995_299, "fingerprint": "c2898b0c9fa900"}));
        assert_eq!(line(3, 60, "none", &run, 13.1), "3 of 60: none, replication 4: 4,995,299 events in 13.1 s, c289-8b0c-9fa9");
    }
}
