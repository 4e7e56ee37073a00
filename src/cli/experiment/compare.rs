//! `edwc compare`: scenarios and policies under the same seeds.

use super::gates::Gating;
use super::prepare::{self, Entrant};
use super::{Experiment, Watch, reports, results, rows};
use crate::cli::arguments::{Compare, Conduct};
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::interrupt::Interrupt;
use crate::cli::printer::Printer;
use crate::cli::summary::table::wrap;
use crate::cli::summary::words::{duration, number};
use crate::experiment::gate::known_metric;
use crate::experiment::{Comparison, Design, FinishedRun, Shard, Store};
use crate::output::metrics::Better;
use crate::policy::Registered;
use crate::stats::selection::{SelectionRule, kim_nelson};
use serde_json::Value;

/// Runs all alternatives and says how they differ.
pub(crate) fn run(arguments: &Compare, registered: &[Registered], printer: &mut Printer) -> Result<(), Failure> {
    let conduct = &arguments.conduct;
    printer.hush(conduct.quiet);
    let shown = shown(&conduct.metrics)?;
    let best = known(&arguments.best)?;
    let gating = Gating::read(arguments)?;
    let mut experiment = prepare::experiment(entrants(arguments)?, conduct, registered, printer)?;
    if let Some(name) = gating.named_baseline(arguments) {
        experiment.design.baseline = prepare::find_alternative(&experiment.design, name)?;
    }
    experiment.design.pairs_jobs = (arguments.additionality || !arguments.without.is_empty()) && experiment.design.alternatives.len() > 1;
    gating.check(&experiment.design)?;
    let interrupt = Interrupt::listen().map_err(|error| Failure::new(Exit::Bug, format!("cannot listen for signals: {error}")))?;
    let mut watch = Watch { interrupt: &interrupt, printer };
    let store = open(&experiment, conduct, "compare", &mut watch)?;
    if let Some(shard) = conduct.shard {
        let runs = experiment.perform(0..conduct.replications, shard, store.as_ref(), &mut watch)?;
        watch.printer.out(&format!("shard {shard}: {} finished\n", plural(runs.len(), "run")));
        return Ok(());
    }
    let (runs, comparison) = replicate(&experiment, arguments, &shown, store.as_ref(), &mut watch)?;
    let mut json = results::comparison(&experiment.design, &comparison);
    if let Some(store) = &store {
        conclude(store, &experiment.design, &runs, &comparison, &json)?;
    }
    let judged = gating.judge(&experiment, &runs, &comparison, &mut watch)?;
    let shown = Shown { title: title(&experiment), runs: runs.len(), metrics: &shown, moves: experiment.design.pairs_jobs };
    if conduct.json {
        judged.add_to(&mut json);
        printer.out(&(serde_json::to_string_pretty(&json).expect("a comparison is plain data") + "\n"));
        return judged.conclude(arguments.junit.as_deref());
    }
    if arguments.markdown {
        printer.out(&reports::markdown(&judged, &shown));
        return judged.conclude(arguments.junit.as_deref());
    }
    judged.print(&shown, printer);
    let width = printer.width();
    if let Some(sentence) = best_of(&comparison, &best, arguments) {
        printer.out(&wrap(&sentence, width, "  "));
    }
    for note in nothing_random(&runs, &comparison).into_iter().chain(too_short(&experiment, &comparison)) {
        printer.out(&wrap(&note, width, "  "));
    }
    judged.conclude(arguments.junit.as_deref())
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

pub(super) fn open(experiment: &Experiment, conduct: &Conduct, command: &str, watch: &mut Watch<'_>) -> Result<Option<Store>, Failure> {
    let Some(out) = &conduct.out else { return Ok(None) };
    let request = serde_json::json!({
        "command": command,
        "replications": conduct.replications,
        "confidence": conduct.confidence,
        "metrics": conduct.metrics,
    });
    let (store, held) = Store::open(out, &experiment.design, &request, conduct.force)?;
    if held > 0 {
        watch.printer.note(&format!("going on: `{}` holds {}\n", out.display(), plural(held, "finished run")));
    }
    Ok(Some(store))
}

/// Runs all that was asked for and keeps the results; nothing to compare if it was only a part.
pub(super) fn perform_whole(
    experiment: &Experiment,
    conduct: &Conduct,
    command: &str,
    printer: &mut Printer,
) -> Result<Option<(Vec<FinishedRun>, Comparison)>, Failure> {
    let interrupt = Interrupt::listen().map_err(|error| Failure::new(Exit::Bug, format!("cannot listen for signals: {error}")))?;
    let mut watch = Watch { interrupt: &interrupt, printer };
    let store = open(experiment, conduct, command, &mut watch)?;
    let runs = experiment.perform(0..conduct.replications, conduct.shard.unwrap_or(Shard::ALL), store.as_ref(), &mut watch)?;
    if let Some(shard) = conduct.shard {
        watch.printer.out(&format!("shard {shard}: {} finished\n", plural(runs.len(), "run")));
        return Ok(None);
    }
    let comparison = Comparison::new(&experiment.design, &runs, conduct.confidence);
    if let Some(store) = &store {
        conclude(store, &experiment.design, &runs, &comparison, &results::comparison(&experiment.design, &comparison))?;
    }
    Ok(Some((runs, comparison)))
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

/// Writes the results of an experiment into its directory.
pub(super) fn conclude(store: &Store, design: &Design, runs: &[FinishedRun], comparison: &Comparison, json: &Value) -> Result<(), Failure> {
    let table = |table: Result<Vec<u8>, csv::Error>| table.map_err(|error| Failure::new(Exit::Bug, format!("cannot make a table: {error}")));
    let files = [
        (
            "comparison.json".to_owned(),
            (serde_json::to_string_pretty(json).expect("a comparison is plain data") + "\n").into_bytes(),
        ),
        ("comparison.csv".to_owned(), table(results::differences(comparison))?),
        ("runs.csv".to_owned(), table(results::runs(design, runs))?),
    ];
    Ok(store.conclude(&files, runs)?)
}

/// Returns the metrics that are shown: those that were named, or the usual ones.
pub(super) fn shown(named: &[String]) -> Result<Vec<String>, Failure> {
    if named.is_empty() {
        return Ok(rows::shown().map(str::to_owned).collect());
    }
    named.iter().map(|path| known(path)).collect()
}

/// Returns the whole path of a metric; refuses what no metric has.
pub(super) fn known(path: &str) -> Result<String, Failure> {
    match known_metric(path) {
        Ok(metric) => Ok(metric.path),
        Err((message, help)) => Err(Failure::new(Exit::Usage, message).help(help)),
    }
}

/// What of a comparison is shown.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    /// The scenario's title, where there is a single one.
    pub(super) title: Option<&'a str>,
    /// How many runs there were.
    pub(super) runs: usize,
    /// The metrics.
    pub(super) metrics: &'a [String],
    /// Whether jobs were paired one by one.
    pub(super) moves: bool,
}

fn title(experiment: &Experiment) -> Option<&str> {
    let first = experiment.contenders.first()?;
    let single = experiment.contenders.iter().all(|each| std::sync::Arc::ptr_eq(&each.loaded, &first.loaded));
    single.then(|| first.loaded.model().title.as_str())
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
    let within = format!("differences below {} % do not matter", number(100.0 * arguments.indifference));
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

/// Says so if the warm-up of an alternative seems too short: the longest that the rule advises on average.
fn too_short(experiment: &Experiment, comparison: &Comparison) -> Option<String> {
    let (reliable, advised) = (comparison.row("warmup.reliable")?, comparison.row(super::ADVISED)?);
    if let Some(at) = reliable.cells.iter().position(|cell| cell.mean.is_some_and(|share| share < 0.5)) {
        let name = &comparison.names[at];
        return Some(format!("note: {name} has not settled by the end of its run (MSER); a longer horizon would tell whether it does"));
    }
    let warmup = |at: usize| experiment.contenders[at].loaded.model().warmup.as_secs_f64();
    let over = |at: usize| advised.cells[at].mean.map(|advice| (at, advice)).filter(|(at, advice)| *advice > warmup(*at));
    let (at, advice) = (0..comparison.names.len()).filter_map(over).max_by(|a, b| (a.1 - warmup(a.0)).total_cmp(&(b.1 - warmup(b.0))))?;
    let name = &comparison.names[at];
    Some(format!("note: {name} has a warm-up of {}, but MSER advises {} on average", duration(warmup(at)), duration(advice)))
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
        assert_eq!(known("money.public").unwrap(), "money.public_cny");
    }
}
