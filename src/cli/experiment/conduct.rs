//! From an experiment to its finished runs, and to what its directory holds of them.

use super::request::Request;
use super::{Experiment, Watch, results};
use crate::cli::arguments::Conduct;
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::printer::Printer;
use crate::cli::run;
use crate::experiment::{Comparison, Design, FinishedRun, Shard, Store};
use crate::output::tables::Format;
use serde_json::Value;
use std::io;
use std::path::Path;

/// An experiment that was conducted.
pub(super) struct Conducted {
    /// All of its runs.
    pub(super) runs: Vec<FinishedRun>,
    /// What they say together.
    pub(super) comparison: Comparison,
    /// The same as `--json` prints it.
    pub(super) json: Value,
}

/// When there are enough replications, if not when there are as many as were asked for.
pub(super) struct Enough<'a> {
    /// The widest interval, as a share of the baseline.
    pub(super) precision: f64,
    /// Replications after which that is given up.
    pub(super) at_most: u64,
    /// The metrics whose intervals count.
    pub(super) metrics: &'a [String],
}

/// Runs all that was asked for, keeps the results and prints them.
pub(super) fn and_print(experiment: &Experiment, conduct: &Conduct, request: &Request, printer: &mut Printer) -> Result<(), Failure> {
    let Some(conducted) = whole_or_part(experiment, conduct, request, None, &mut Watch::new(printer)?)? else { return Ok(()) };
    if conduct.json {
        printer.out(&results::printed(&conducted.json));
        return Ok(());
    }
    request.print(&experiment.design, &conducted, printer)
}

/// Runs all that was asked for and keeps the results; `None` if that was only a part.
pub(super) fn whole_or_part(
    experiment: &Experiment,
    conduct: &Conduct,
    request: &Request,
    enough: Option<&Enough<'_>>,
    watch: &mut Watch<'_>,
) -> Result<Option<Conducted>, Failure> {
    let store = conduct.out.as_deref().map(|out| open(experiment, out, request, conduct.force, watch)).transpose()?;
    let Some(shard) = conduct.shard else { return whole(experiment, conduct, enough, store.as_ref(), watch).map(Some) };
    let runs = experiment.perform(0..conduct.replications, shard, store.as_ref(), watch)?;
    watch.printer.out(&format!("shard {shard}: {} finished\n", plural(runs.len(), "run")));
    Ok(None)
}

/// Opens the directory of an experiment.
pub(super) fn open(experiment: &Experiment, out: &Path, request: &Request, force: bool, watch: &mut Watch<'_>) -> Result<Store, Failure> {
    let (store, held) = Store::open(out, &experiment.design, &request.json(), force)?;
    if held > 0 {
        watch.printer.note(&format!("going on: `{}` holds {}\n", out.display(), plural(held, "finished run")));
    }
    Ok(store)
}

/// Runs as many replications as were asked for, or as the precision asks for, and keeps the results.
pub(super) fn whole(
    experiment: &Experiment,
    conduct: &Conduct,
    enough: Option<&Enough<'_>>,
    store: Option<&Store>,
    watch: &mut Watch<'_>,
) -> Result<Conducted, Failure> {
    let mut runs = Vec::new();
    let mut replications = 0..conduct.replications;
    let comparison = loop {
        runs.extend(experiment.perform(replications.clone(), Shard::ALL, store, watch)?);
        let comparison = Comparison::new(&experiment.design, &runs, conduct.confidence);
        match enough.and_then(|enough| enough.more(&comparison, replications.end, watch)) {
            Some(more) => replications = replications.end..more,
            None => break comparison,
        }
    };
    conclude(store, &experiment.design, runs, comparison, experiment.settled.as_ref(), run::format(conduct.format)?)
}

impl Enough<'_> {
    /// Returns how many replications there are to be next; `None` if those that there are shall do.
    fn more(&self, comparison: &Comparison, replications: u64, watch: &mut Watch<'_>) -> Option<u64> {
        let reached = comparison.precision(self.metrics);
        if reached.is_some_and(|reached| reached <= self.precision) {
            return None;
        }
        if replications >= self.at_most {
            let so_far = reached.map_or_else(|| "not known".to_owned(), |reached| format!("{:.1} %", 100.0 * reached));
            let (after, asked) = (plural(replications as usize, "replication"), 100.0 * self.precision);
            watch.printer.note(&format!("note: after {after} the widest interval is {so_far}, not {asked:.1} %\n"));
            return None;
        }
        Some(next(replications, reached, self.precision).min(self.at_most))
    }
}

/// Returns how many replications should be enough: half-widths fall with the root of their number. Never more than twice as many at once, as the
/// half-width itself is uncertain, and at least three, without which it is nothing.
fn next(replications: u64, reached: Option<f64>, target: f64) -> u64 {
    let ratio = reached.map_or(2.0, |reached| (reached / target) * (reached / target));
    ((replications as f64 * ratio.min(2.0)).ceil() as u64).max(replications + 1).max(3)
}

/// Says what all runs say together, and writes it into the experiment's directory if it has one.
pub(super) fn conclude(
    store: Option<&Store>,
    design: &Design,
    runs: Vec<FinishedRun>,
    comparison: Comparison,
    settled: Option<&Value>,
    format: Format,
) -> Result<Conducted, Failure> {
    let mut json = results::comparison(design, &comparison);
    if let Some(settled) = settled {
        json["same"] = settled.clone();
    }
    if let Some(store) = store {
        let table = |table: io::Result<Vec<u8>>| table.map_err(|error| Failure::new(Exit::Io, format!("cannot make a table: {error}")));
        let name = |table: &str| format!("{table}.{}", format.extension());
        let files = [
            ("comparison.json".to_owned(), results::printed(&json).into_bytes()),
            (name("comparison"), table(results::differences(&comparison, format))?),
            (name("runs"), table(results::runs(design, &runs, format))?),
        ];
        // Started again with another format, it leaves no table of the last.
        for left in ["comparison.csv", "runs.csv", "comparison.parquet", "runs.parquet"] {
            if files.iter().all(|(name, _)| name != left) {
                store.remove(left)?;
            }
        }
        store.conclude(&files, &runs)?;
    }
    Ok(Conducted { runs, comparison, json })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replications_grow_with_the_square_of_what_is_missing() {
        assert_eq!(next(10, Some(0.022), 0.02), 13);
        assert_eq!(next(10, Some(0.2), 0.02), 20);
        assert_eq!(next(10, Some(0.0201), 0.02), 11);
        assert_eq!(next(1, None, 0.02), 3);
    }
}
