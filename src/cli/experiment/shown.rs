//! What a comparison prints for people: a heading, its tables, and what they say in sentences.

use super::{differences, rows};
use crate::cli::failure::plural;
use crate::cli::printer::Printer;
use crate::cli::summary::table::wrap;
use crate::cli::summary::words::number;
use crate::experiment::{Comparison, FinishedRun};
use crate::output::metrics::Better;
use crate::stats::selection::{SelectionRule, kim_nelson};
use serde::{Deserialize, Serialize};

/// What of a comparison is shown.
pub(super) struct Shown<'a> {
    /// The title of the scenario, if there is one for all.
    pub(super) title: Option<&'a str>,
    /// Runs behind it.
    pub(super) runs: usize,
    /// The metrics, by their paths.
    pub(super) metrics: &'a [String],
    /// Whether jobs were paired one by one.
    pub(super) moves: bool,
}

/// How the best alternative is chosen.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Best {
    /// The path of the metric.
    pub(super) metric: String,
    /// Differences that do not matter, as a share of the baseline.
    pub(super) indifference: f64,
}

impl Shown<'_> {
    /// Says what was run.
    pub(super) fn heading(&self, comparison: &Comparison, width: usize) -> String {
        let pairs = comparison.replications;
        let said = format!(
            "{}, {} {}; {} differences to {}, {:.0} % sure",
            plural(self.runs, "run"),
            pairs,
            if pairs == 1 { "seed" } else { "seeds" },
            if comparison.paired { "paired" } else { "unpaired" },
            comparison.names[comparison.baseline],
            100.0 * comparison.confidence
        );
        self.title.map_or_else(String::new, |title| format!("{title}\n")) + &wrap(&said, width, "  ")
    }
    /// Prints a comparison; what is compared with an earlier experiment has a note on that, and no pairs of jobs.
    pub(super) fn print(&self, comparison: &Comparison, note: Option<&str>, printer: &mut Printer) {
        let width = printer.width();
        printer.out(&self.heading(comparison, width));
        if let Some(note) = note {
            printer.out(&wrap(note, width, "  "));
        }
        printer.out(&format!("\n{}\n", differences::table(comparison, self.metrics, width)));
        if self.moves && note.is_none() {
            printer.out(&format!("{}\n", differences::moved(comparison, width)));
        }
        let gaps = differences::gaps(comparison, width);
        if !gaps.is_empty() {
            printer.out(&gaps);
        }
        printer.out(&differences::sentences(comparison, self.metrics, width));
        if let Some(note) = outside_of_bounds(comparison) {
            printer.out(&wrap(&note, width, "  "));
        }
    }
}

impl Best {
    /// Names the best alternative, as far as the replications can tell.
    pub(super) fn sentence(&self, comparison: &Comparison) -> Option<String> {
        let row = comparison.row(&self.metric).filter(|_| comparison.names.len() > 1)?;
        let smaller_is_better = match row.metric.better {
            Better::Lower => true,
            Better::Higher => false,
            Better::Neither => return None,
        };
        let samples: Vec<Vec<f64>> = row.cells.iter().map(|cell| cell.values.iter().copied().collect::<Option<_>>()).collect::<Option<_>>()?;
        let samples: Vec<&[f64]> = samples.iter().map(Vec::as_slice).collect();
        let first_stage = (comparison.replications as usize).min(10);
        let indifference = self.indifference * row.cells[comparison.baseline].mean?.abs();
        if first_stage < 2 || indifference <= 0.0 {
            return None;
        }
        let rule = SelectionRule { first_stage, indifference, confidence: comparison.confidence, smaller_is_better };
        let chosen = kim_nelson(&samples, &rule);
        let names: Vec<&str> = chosen.survivors.iter().map(|at| comparison.names[*at].as_str()).collect();
        let (phrase, sure) = (rows::phrase(&self.metric), 100.0 * comparison.confidence);
        let within = format!("differences below {} % do not matter", number(100.0 * self.indifference));
        Some(match chosen.decided_after {
            Some(after) => {
                let (names, of) = (names.join(" and "), comparison.replications);
                format!("Best on {phrase}: {names} (KN, {sure:.0} % sure after {after} of {of} seeds; {within}).")
            }
            None => format!("Best on {phrase}: still open between {} (KN, {sure:.0} %; {within}); more replications decide.", names.join(", ")),
        })
    }
}

/// Says so if finished jobs are in no bound: of the alternative of which the bounds know least.
fn outside_of_bounds(comparison: &Comparison) -> Option<String> {
    let (bounded, finished) = (comparison.row("bound.jobs")?, comparison.row("jobs.finished")?);
    let share = |at: usize| bounded.cells[at].mean.zip(finished.cells[at].mean).map(|(bounded, finished)| (at, bounded / finished));
    let known = (0..comparison.names.len()).filter_map(share).filter(|(_, share)| *share < 1.0);
    let (at, share) = known.min_by(|a, b| a.1.total_cmp(&b.1))?;
    let (name, percent) = (&comparison.names[at], number(100.0 * share));
    Some(format!(
        "note: bounds leave out elastic jobs and those ended with work undone; of {name} they are for {percent} % of the finished jobs"
    ))
}

/// Says so if replications cannot differ.
pub(super) fn nothing_random(runs: &[FinishedRun], comparison: &Comparison) -> Option<String> {
    let first = |run: &FinishedRun| runs.iter().find(|other| other.alternative == run.alternative && other.replication == 0);
    let same = runs.iter().all(|run| first(run).is_some_and(|first| first.fingerprint == run.fingerprint));
    (comparison.replications > 1 && same)
        .then(|| "note: nothing here is random: all replications are the same run, and one is enough (`-r 1`)".to_owned())
}
