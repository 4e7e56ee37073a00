//! `edwc compare`: scenarios and policies under the same seeds.

use super::prepare::{self, Entrant};
use super::{Experiment, Watch, differences, results, rows};
use crate::cli::arguments::Compare;
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::interrupt::Interrupt;
use crate::cli::printer::Printer;
use crate::cli::summary::table::wrap;
use crate::diag::closest;
use crate::experiment::{Comparison, FinishedRun, Shard, Store};
use crate::output::metrics::{self, Better};
use crate::policy::Registered;
use crate::stats::selection::{SelectionRule, kim_nelson};
use serde_json::Value;

/// Runs all alternatives and says how they differ.
pub(crate) fn run(arguments: &Compare, registered: &[Registered], printer: &mut Printer) -> Result<(), Failure> {
    let conduct = &arguments.conduct;
    printer.hush(conduct.quiet);
    let shown = shown(&conduct.metrics)?;
    let best = known(&arguments.best)?;
    let mut experiment = prepare::experiment(entrants(arguments)?, conduct, registered, printer)?;
    if let Some(name) = &arguments.baseline {
        experiment.design.baseline = prepare::find_alternative(&experiment.design, name)?;
    }
    experiment.design.pairs_jobs = (arguments.additionality || !arguments.without.is_empty()) && experiment.design.alternatives.len() > 1;
    let interrupt = Interrupt::listen().map_err(|error| Failure::new(Exit::Bug, format!("cannot listen for signals: {error}")))?;
    let mut watch = Watch { interrupt: &interrupt, printer };
    let store = open(&experiment, arguments, &mut watch)?;
    if let Some(shard) = conduct.shard {
        let runs = experiment.perform(0..conduct.replications, shard, store.as_ref(), &mut watch)?;
        watch.printer.out(&format!("shard {shard}: {} finished\n", plural(runs.len(), "run")));
        return Ok(());
    }
    let (runs, comparison) = replicate(&experiment, arguments, &shown, store.as_ref(), &mut watch)?;
    let json = results::comparison(&experiment.design, &comparison);
    if let Some(store) = &store {
        conclude(store, &experiment, &runs, &comparison, &json)?;
    }
    if conduct.json {
        printer.out(&(serde_json::to_string_pretty(&json).expect("a comparison is plain data") + "\n"));
        return Ok(());
    }
    let width = printer.width();
    printer.out(&heading(&experiment, &comparison, width));
    printer.out(&format!("\n{}\n", differences::table(&comparison, &shown, width)));
    if experiment.design.pairs_jobs {
        printer.out(&format!("{}\n", differences::moved(&comparison, width)));
    }
    printer.out(&differences::sentences(&comparison, &shown, width));
    if let Some(sentence) = best_of(&comparison, &best, arguments) {
        printer.out(&wrap(&sentence, width, "  "));
    }
    if let Some(note) = nothing_random(&runs, &comparison) {
        printer.out(&wrap(&note, width, "  "));
    }
    Ok(())
}

/// Loads the scenarios; with `--without`, each also as it would be without that.
fn entrants(arguments: &Compare) -> Result<Vec<Entrant>, Failure> {
    let overrides = &arguments.conduct.overrides;
    let mut entrants = Vec::new();
    for (file, name) in arguments.files.iter().zip(prepare::scenario_names(&arguments.files)) {
        if !arguments.without.is_empty() {
            let counterfactual = format!("{name} without {}", arguments.without.join(", "));
            entrants.push(Entrant::load(file, &arguments.without, overrides, counterfactual.trim_start().to_owned())?);
        }
        let name = if arguments.without.is_empty() || !name.is_empty() { name } else { "as it is".to_owned() };
        entrants.push(Entrant::load(file, &[], overrides, name)?);
    }
    Ok(entrants)
}

fn open(experiment: &Experiment, arguments: &Compare, watch: &mut Watch<'_>) -> Result<Option<Store>, Failure> {
    let Some(out) = &arguments.conduct.out else { return Ok(None) };
    let request =
        serde_json::json!({"command": "compare", "replications": arguments.conduct.replications, "confidence": arguments.conduct.confidence});
    let (store, held) = Store::open(out, &experiment.design, &request, arguments.conduct.force)?;
    if held > 0 {
        watch.printer.note(&format!("going on: `{}` holds {}\n", out.display(), plural(held, "finished run")));
    }
    Ok(Some(store))
}

/// Runs as many replications as were asked for, or as the precision asks for.
fn replicate(
    experiment: &Experiment,
    arguments: &Compare,
    shown: &[String],
    store: Option<&Store>,
    watch: &mut Watch<'_>,
) -> Result<(Vec<FinishedRun>, Comparison), Failure> {
    let confidence = arguments.conduct.confidence;
    let mut runs = Vec::new();
    let mut from = 0;
    let mut to = arguments.conduct.replications;
    loop {
        runs.extend(experiment.perform(from..to, Shard::ALL, store, watch)?);
        let comparison = Comparison::new(&experiment.design, &runs, confidence);
        let Some(target) = arguments.precision else { return Ok((runs, comparison)) };
        let reached = comparison.precision(shown);
        if reached.is_some_and(|reached| reached <= target) {
            return Ok((runs, comparison));
        }
        if to >= arguments.at_most {
            let so_far = reached.map_or_else(|| "not known".to_owned(), |reached| format!("{:.1} %", 100.0 * reached));
            let note = format!("note: after {} the widest interval is {so_far}, not {:.1} %\n", plural(to as usize, "replication"), 100.0 * target);
            watch.printer.note(&note);
            return Ok((runs, comparison));
        }
        from = to;
        to = next(to, reached, target).min(arguments.at_most);
    }
}

/// Returns how many replications should be enough: half-widths fall with the root of their number. Never more than twice as many at once, as the
/// half-width itself is uncertain, and at least three, without which it is nothing.
fn next(replications: u64, reached: Option<f64>, target: f64) -> u64 {
    let ratio = reached.map_or(2.0, |reached| (reached / target) * (reached / target));
    ((replications as f64 * ratio.min(2.0)).ceil() as u64).max(replications + 1).max(3)
}

fn conclude(store: &Store, experiment: &Experiment, runs: &[FinishedRun], comparison: &Comparison, json: &Value) -> Result<(), Failure> {
    let table = |table: Result<Vec<u8>, csv::Error>| table.map_err(|error| Failure::new(Exit::Bug, format!("cannot make a table: {error}")));
    let files = [
        (
            "comparison.json".to_owned(),
            (serde_json::to_string_pretty(json).expect("a comparison is plain data") + "\n").into_bytes(),
        ),
        ("comparison.csv".to_owned(), table(results::differences(comparison))?),
        ("runs.csv".to_owned(), table(results::runs(&experiment.design, runs))?),
    ];
    Ok(store.conclude(&files, runs)?)
}

/// Returns the metrics that are shown: those that were named, or the usual ones.
fn shown(named: &[String]) -> Result<Vec<String>, Failure> {
    if named.is_empty() {
        return Ok(rows::shown().map(str::to_owned).collect());
    }
    named.iter().map(|path| known(path)).collect()
}

/// Refuses a path that no metric has.
fn known(path: &str) -> Result<String, Failure> {
    if metrics::find(path).is_some_and(|(_, metric)| !metric.unit.is_empty() || metric.better != Better::Neither) {
        return Ok(path.to_owned());
    }
    let all = metrics::all();
    let failure = Failure::new(Exit::Usage, format!("no metric is named `{path}`"));
    Err(match closest(path, all.iter().map(|metric| metric.path.as_str())) {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`edwc metrics` lists them all"),
    })
}

/// Says what was run.
fn heading(experiment: &Experiment, comparison: &Comparison, width: usize) -> String {
    let (alternatives, pairs) = (comparison.names.len() as u64, comparison.replications);
    let title = match experiment.contenders.first() {
        Some(first) if experiment.contenders.iter().all(|each| std::sync::Arc::ptr_eq(&each.loaded, &first.loaded)) => {
            format!("{}\n", first.loaded.model().title)
        }
        _ => String::new(),
    };
    let said = format!(
        "{}, {} {}; paired differences to {}, {:.0} % sure",
        plural((alternatives * pairs) as usize, "run"),
        pairs,
        if pairs == 1 { "seed" } else { "seeds" },
        comparison.names[comparison.baseline],
        100.0 * comparison.confidence
    );
    title + &wrap(&said, width, "  ")
}

/// Names the best by a metric, as far as the replications can tell.
fn best_of(comparison: &Comparison, path: &str, arguments: &Compare) -> Option<String> {
    let row = comparison.row(path).filter(|_| comparison.names.len() > 1)?;
    let smaller_is_better = match row.metric.better {
        Better::Lower => true,
        Better::Higher => false,
        Better::Neither => return None,
    };
    let samples: Vec<Vec<f64>> = row.cells.iter().map(|cell| cell.values.iter().copied().collect::<Option<_>>()).collect::<Option<_>>()?;
    let samples: Vec<&[f64]> = samples.iter().map(Vec::as_slice).collect();
    let first_stage = (comparison.replications as usize).min(10);
    let indifference = arguments.indifference * row.cells[comparison.baseline].mean?.abs();
    if first_stage < 2 || indifference <= 0.0 {
        return None;
    }
    let rule = SelectionRule { first_stage, indifference, confidence: comparison.confidence, smaller_is_better };
    let chosen = kim_nelson(&samples, &rule);
    let names: Vec<&str> = chosen.survivors.iter().map(|at| comparison.names[*at].as_str()).collect();
    let (phrase, sure) = (rows::phrase(path), 100.0 * comparison.confidence);
    let within = format!("differences below {} % do not matter", super::super::summary::words::number(100.0 * arguments.indifference));
    Some(match chosen.decided_after {
        Some(after) => {
            format!(
                "Best on {phrase}: {} (KN, {sure:.0} % sure after {after} of {} seeds; {within}).",
                names.join(" and "),
                comparison.replications
            )
        }
        None => format!("Best on {phrase}: still open between {} (KN, {sure:.0} %; {within}); more replications decide.", names.join(", ")),
    })
}

/// Says so if replications cannot differ.
fn nothing_random(runs: &[FinishedRun], comparison: &Comparison) -> Option<String> {
    let first = |run: &FinishedRun| runs.iter().find(|other| other.alternative == run.alternative && other.replication == 0);
    let same = runs.iter().all(|run| first(run).is_some_and(|first| first.fingerprint == run.fingerprint));
    (comparison.replications > 1 && same)
        .then(|| "note: nothing here is random: all replications are the same run, and one is enough (`-r 1`)".to_owned())
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

    #[test]
    fn unknown_metrics_are_refused_with_what_is_near() {
        assert!(known("latency.queue_wait.mean").is_ok() && known("utilisation.by_site.guian.effective").is_ok());
        assert_eq!(known("latency.queue_wait.meen").unwrap_err().exit, Exit::Usage);
        assert!(known("title").is_err());
    }
}
