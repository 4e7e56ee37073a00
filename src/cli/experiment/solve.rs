//! `edwc solve`: at which value of a key a metric is what it should be.

use super::arguments::Solve;
use super::prepare::{self, Entrant};
use super::rows::phrase;
use super::search::{Search, Solution, seek};
use super::target::Target;
use super::{Watch, results};
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::printer::Printer;
use crate::cli::summary::table::{Table, wrap};
use crate::experiment::Range;
use crate::policy::Registered;

/// Seeks the value and shows the way to it.
pub(crate) fn run(arguments: &Solve, registered: &[Registered], printer: &mut Printer) -> Result<(), Failure> {
    let conduct = &arguments.conduct;
    printer.hush(conduct.quiet);
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let target = Target::read(&arguments.so_that)?;
    let range = Range::read(&arguments.find).map_err(usage)?;
    if conduct.shard.is_some() || conduct.policies.len() > 1 {
        return Err(usage("a search takes one policy and no shard: each step builds on the one before".to_owned()));
    }
    let entrant = Entrant::load(&arguments.file, &[], &conduct.overrides, String::new())?;
    let experiment = prepare::experiment(vec![entrant], conduct, registered, printer)?;
    let mut watch = Watch::new(printer)?;
    let search = Search { experiment: &experiment, alternative: 0, name: "", range: &range, target: &target, conduct, out: conduct.out.clone() };
    let solution = seek(&search, &mut watch)?;
    if let Some(missed) = &solution.missed {
        return Err(missed.failure());
    }
    if conduct.json {
        printer.out(&results::printed(&json(arguments, &search, &solution)));
        return Ok(());
    }
    let width = printer.width();
    printer.out(&format!("{}\n", way(&search, &solution, width)));
    printer.out(&wrap(&sentence(&search, &solution), width, "  "));
    Ok(())
}

fn json(arguments: &Solve, search: &Search<'_>, solution: &Solution) -> serde_json::Value {
    let (range, target, there) = (search.range, search.target, solution.there());
    serde_json::json!({
        "solution": 1, "scenario": arguments.file, "path": range.path, "metric": target.path, "target": target.value, "tolerance": target.tolerance,
        "value": range.value(solution.at), "at": solution.at, "half_width": solution.half_width,
        "mean": there.mean, "mean_half_width": there.half_width, "replications": search.conduct.replications, "tried": solution.tried_json(),
    })
}

/// Writes what was tried, in order.
fn way(search: &Search<'_>, solution: &Solution, width: usize) -> String {
    let scale = solution.scale;
    let mut table = Table::of(["step", &search.range.path, &format!("{}, {}", phrase(&search.target.path), scale.unit)].map(str::to_owned).to_vec());
    for (step, tried) in solution.tried.iter().enumerate() {
        table.push(vec![
            (step + 1).to_string().into(),
            search.range.value(tried.at).into(),
            scale.estimate(tried.mean, tried.half_width).into(),
        ]);
    }
    table.render_whole(width)
}

/// Says what was found, and how it is set.
fn sentence(search: &Search<'_>, solution: &Solution) -> String {
    let (scale, there) = (solution.scale, solution.there());
    format!(
        "{} = {}: {} is {} {} ({} ± {} asked for), after {} of {}. Set it by `--set '{}={}'`.",
        search.range.path,
        solution.said(),
        phrase(&search.target.path),
        scale.estimate(there.mean, there.half_width),
        scale.unit,
        scale.value(search.target.value),
        scale.value(search.target.tolerance),
        plural(solution.tried.len(), "run"),
        if search.conduct.replications == 1 { "one replication".to_owned() } else { format!("each of {} replications", search.conduct.replications) },
        search.range.path,
        search.range.value(solution.at)
    )
}
