//! `edwc merge`: the parts of an experiment that several machines ran become one, as if it had never been divided.

use super::conduct;
use super::request::{Command, Request};
use super::results;
use crate::cli::arguments::Merge;
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::printer::Printer;
use crate::experiment::store::{Plan, difference, read_plan, runs_in};
use crate::experiment::{Comparison, FinishedRun, RunId, Store};
use std::collections::BTreeMap;
use std::path::Path;

/// How many missing runs are named.
const NAMED: usize = 5;

/// Joins parts, and writes what a whole experiment leaves.
pub(crate) fn run(arguments: &Merge, printer: &mut Printer) -> Result<(), Failure> {
    let plan = common_plan(&arguments.parts)?;
    let request: Request = serde_json::from_value(plan.request.clone())
        .map_err(|error| Failure::new(Exit::Invalid, format!("`{}` does not say what was asked for: {error}", arguments.parts[0].display())))?;
    if matches!(request.command, Command::Solve { .. }) {
        return Err(Failure::new(Exit::Usage, "a step of `edwc solve` has no parts").help("`edwc compare` and `edwc sweep` take `--shard I/N`"));
    }
    let runs = gather(&arguments.parts, &plan, request.replications, printer)?;
    let comparison = Comparison::new(&plan.design, &runs, request.confidence);
    let (store, _) = Store::open(&arguments.out, &plan.design, &plan.request, arguments.force)?;
    runs.iter().try_for_each(|run| store.keep(run))?;
    let conducted = conduct::conclude(Some(&store), &plan.design, runs, comparison, None, request.format()?)?;
    if arguments.json {
        printer.out(&results::printed(&conducted.json));
        return Ok(());
    }
    request.print(&plan.design, &conducted, printer)
}

/// Reads what the parts say of themselves, which must be the same.
fn common_plan(parts: &[impl AsRef<Path>]) -> Result<Plan, Failure> {
    let mut common: Option<(&Path, Plan)> = None;
    for part in parts.iter().map(AsRef::as_ref) {
        let plan = read_plan(part)?.ok_or_else(|| {
            Failure::new(Exit::Usage, format!("`{}` holds no part of an experiment", part.display()))
                .help("`--shard I/N --out PART` of `edwc compare` and `edwc sweep` makes one")
        })?;
        let Some((first, known)) = &common else {
            common = Some((part, plan));
            continue;
        };
        let refused =
            |why: String| Failure::new(Exit::Usage, format!("`{}` and `{}` are not of one experiment: {why}", first.display(), part.display()));
        if known.design != plan.design {
            return Err(refused(format!("of the second, {}", difference(&plan.design, &known.design))));
        }
        if known.request != plan.request {
            return Err(refused(format!("the first was asked for {}, the second for {}", known.request, plan.request)));
        }
    }
    Ok(common.expect("the command line needs a part").1)
}

/// Gathers the runs of all parts; all must be there, and the same wherever they are.
fn gather(parts: &[impl AsRef<Path>], plan: &Plan, replications: u64, printer: &mut Printer) -> Result<Vec<FinishedRun>, Failure> {
    let mut found: BTreeMap<RunId, (FinishedRun, &Path)> = BTreeMap::new();
    for part in parts.iter().map(AsRef::as_ref) {
        let (runs, damaged) = runs_in(part, &plan.design, replications)?;
        damaged.iter().for_each(|name| printer.note(&format!("note: `{}` is damaged or of another experiment\n", part.join(name).display())));
        for run in runs {
            if let Some((other, first)) = found.get(&run.id()).filter(|(other, _)| *other != run) {
                let told = describe(plan, other.id());
                return Err(Failure::new(
                    Exit::CheckFailed,
                    format!("{told} came out differently in `{}` and `{}`", first.display(), part.display()),
                )
                .help("the same run gives the same bytes everywhere; one of the two is not what this edwc makes"));
            }
            found.insert(run.id(), (run, part));
        }
    }
    let missing: Vec<RunId> = plan.design.runs(0..replications).into_iter().filter(|id| !found.contains_key(id)).collect();
    if missing.is_empty() {
        return Ok(found.into_values().map(|(run, _)| run).collect());
    }
    let named: Vec<String> = missing.iter().take(NAMED).map(|id| describe(plan, *id)).collect();
    let more = if missing.len() > NAMED { format!(" and {} more", missing.len() - NAMED) } else { String::new() };
    Err(Failure::new(Exit::CheckFailed, format!("{} missing: {}{more}", plural(missing.len(), "run"), named.join(", ")))
        .help("start the shards that have not finished again: each runs only what it lacks"))
}

fn describe(plan: &Plan, id: RunId) -> String {
    format!("`{}`, replication {}", plan.design.alternatives[id.alternative].name, id.replication)
}
