//! `edwc compare`: scenarios and policies under the same seeds.

use super::conduct::{self, Conducted, Enough};
use super::gates::Gating;
use super::prepare::{self, Entrant};
use super::request::{Command, Request};
use super::same::Same;
use super::shown::{Best, Shown, nothing_random};
use super::{Experiment, Watch, reports, results, rows};
use crate::cli::arguments::Compare;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::cli::summary::table::wrap;
use crate::cli::summary::words::duration;
use crate::experiment::Comparison;
use crate::policy::Registered;

/// Runs all alternatives and says how they differ.
pub(crate) fn run(arguments: &Compare, registered: &[Registered], printer: &mut Printer) -> Result<(), Failure> {
    let conduct = &arguments.conduct;
    printer.hush(conduct.quiet);
    let metrics = rows::shown(&conduct.metrics)?;
    let best = rows::known(&arguments.best)?;
    let gating = Gating::read(arguments)?;
    let same = Same::read(arguments)?;
    let mut experiment = prepare::experiment(entrants(arguments)?, conduct, registered, printer)?;
    if let Some(name) = gating.named_baseline(arguments) {
        experiment.design.baseline = prepare::find_alternative(&experiment.design, name)?;
    }
    experiment.design.pairs_jobs = (arguments.additionality || !arguments.without.is_empty()) && experiment.design.alternatives.len() > 1;
    gating.check(&experiment.design)?;
    let mut watch = Watch::new(printer)?;
    let settled = same.as_ref().map(|same| same.settle(&mut experiment, conduct, &mut watch)).transpose()?;
    experiment.settled = settled.as_ref().map(|settled| settled.json(&experiment.design));
    let best = Best { metric: best, indifference: arguments.indifference };
    let title = title(&experiment);
    let command = Command::Compare { title: title.clone(), best: best.clone(), same: same.as_ref().map(Same::asked) };
    let request = Request::new(conduct, command)?;
    let enough = arguments.precision.map(|precision| Enough { precision, at_most: arguments.at_most, metrics: &metrics });
    let Some(conducted) = conduct::whole_or_part(&experiment, conduct, &request, enough.as_ref(), &mut watch)? else { return Ok(()) };
    let Conducted { runs, comparison, mut json } = conducted;
    let judged = gating.judge(&experiment, &runs, &comparison, &mut watch)?;
    let shown = Shown { title: title.as_deref(), runs: runs.len(), metrics: &metrics, moves: experiment.design.pairs_jobs };
    if conduct.json {
        judged.add_to(&mut json);
        printer.out(&results::printed(&json));
    } else if arguments.markdown {
        settled.iter().for_each(|settled| printer.out(&settled.markdown(&comparison)));
        printer.out(&reports::markdown(&judged, &shown));
    } else {
        let width = printer.width();
        settled.iter().for_each(|settled| printer.out(&settled.table(&comparison, width)));
        judged.print(&shown, printer);
        for said in best.sentence(&comparison).into_iter().chain(nothing_random(&runs, &comparison)).chain(too_short(&experiment, &comparison)) {
            printer.out(&wrap(&said, width, "  "));
        }
    }
    judged.conclude(arguments.junit.as_deref())?;
    settled.map_or(Ok(()), |settled| settled.conclude(&comparison))
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

fn title(experiment: &Experiment) -> Option<String> {
    let first = experiment.contenders.first()?;
    let single = experiment.contenders.iter().all(|each| std::sync::Arc::ptr_eq(&each.loaded, &first.loaded));
    single.then(|| first.loaded.model().title.clone())
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
