//! `edwc solve`: at which value of a key a metric is what it should be, by root finding over common random numbers.

use super::arguments::Solve;
use super::conduct::{self, Conducted};
use super::points;
use super::prepare::{self, Entrant};
use super::request::{Command, Request};
use super::rows::{Scale, phrase};
use super::target::Target;
use super::{Watch, results};
use crate::cli::arguments::Conduct;
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::printer::Printer;
use crate::cli::summary::table::{Table, wrap};
use crate::cli::summary::words::number;
use crate::experiment::comparison::Row;
use crate::experiment::root::Step;
use crate::experiment::{Range, Root};
use crate::policy::Registered;
use crate::scenario::takes_whole_numbers;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs of each replication that a search may take.
const MOST_STEPS: usize = 10;

/// What was found.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Solution {
    /// The value of the key.
    pub(super) at: f64,
    /// As it is set.
    pub(super) value: String,
    /// Half of the width of its interval: that of the metric over the slope (the delta method); none of a single replication.
    pub(super) half_width: Option<f64>,
    /// What the metric is there, and half of the width of its interval.
    pub(super) metric: (f64, Option<f64>),
    /// What was tried: the value of the key, the metric, half of the width of its interval.
    pub(super) tried: Vec<(f64, f64, Option<f64>)>,
    /// How the metric is written.
    pub(super) scale: Scale,
}

/// What is sought: a key of a scenario, and what is to hold.
pub(super) struct Search<'a> {
    /// The scenario.
    pub(super) file: &'a Path,
    /// The key and between which it lies.
    pub(super) range: &'a Range,
    /// What is to hold.
    pub(super) target: &'a Target,
    /// How runs are conducted.
    pub(super) conduct: &'a Conduct,
    /// Where its finished runs are kept.
    pub(super) out: Option<PathBuf>,
}

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
    let search = Search { file: &arguments.file, range: &range, target: &target, conduct, out: conduct.out.clone() };
    let solution = solve(&search, registered, printer)?;
    if conduct.json {
        let tried: Vec<_> = solution.tried.iter().map(|(at, mean, half)| serde_json::json!({"at": at, "mean": mean, "half_width": half})).collect();
        let json = serde_json::json!({
            "solution": 1, "scenario": arguments.file, "path": range.path, "metric": target.path, "target": target.value, "tolerance": target.tolerance,
            "value": solution.value, "at": solution.at, "half_width": solution.half_width,
            "mean": solution.metric.0, "mean_half_width": solution.metric.1, "replications": conduct.replications, "tried": tried,
        });
        printer.out(&results::printed(&json));
        return Ok(());
    }
    let width = printer.width();
    printer.out(&format!("{}\n", way(&search, &solution, width)));
    printer.out(&wrap(&sentence(&search, &solution), width, "  "));
    Ok(())
}

/// Seeks the value.
///
/// # Errors
/// The ends do not lie on two sides of the target, the metric jumps over it, or ten runs of each replication are not enough.
pub(super) fn solve(search: &Search<'_>, registered: &[Registered], printer: &mut Printer) -> Result<Solution, Failure> {
    let (range, target) = (search.range, search.target);
    // Both ends are checked before anything runs.
    let ends = [range.low, range.high].map(|end| vec![(range.path.clone(), range.value(end))]);
    points::entrants(&[search.file.to_owned()], &ends, &search.conduct.overrides, printer)?;
    let first = points::at_point(search.file, &ends[0], &search.conduct.overrides)?;
    let whole = takes_whole_numbers(&first.scenario.document, &range.path);
    let mut root = Root::between(range.low, range.high, target.tolerance);
    let mut rows: Vec<(f64, Row)> = Vec::new();
    loop {
        let step = root.step();
        let scale = |rows: &[(f64, Row)]| Scale::of(&rows[0].1, 0);
        match step {
            Step::Try(at) if rows.len() < MOST_STEPS => {
                let set = if whole { at.round() } else { at };
                if let Some((_, row)) = rows.iter().find(|(known, _)| *known == set) {
                    return Err(between(&rows, target, scale(&rows), row));
                }
                let row = evaluate(search, set, rows.len() + 1, registered, printer)?;
                let mean = row.cells[0].mean.filter(|_| row.cells[0].values.iter().all(Option::is_some));
                let mean = mean.ok_or_else(|| {
                    let message = format!("`{}` does not exist at {} = {} in some replication", target.path, range.path, range.value(set));
                    Failure::new(Exit::CheckFailed, message)
                })?;
                root.tell(set, mean - target.value);
                rows.push((set, row));
            }
            Step::Found(at) => return Ok(solution(search, &root, &rows, at)),
            Step::NoBracket => return Err(no_bracket(search, &rows)),
            Step::Jump(..) | Step::Try(_) => {
                let nearest = rows.iter().min_by(|a, b| distance(&a.1, target).total_cmp(&distance(&b.1, target))).expect("some were tried");
                return Err(between(&rows, target, scale(&rows), &nearest.1));
            }
        }
    }
}

fn distance(row: &Row, target: &Target) -> f64 {
    row.cells[0].mean.map_or(f64::INFINITY, |mean| (mean - target.value).abs())
}

/// Runs all replications at a value of the key.
fn evaluate(search: &Search<'_>, at: f64, step: usize, registered: &[Registered], printer: &mut Printer) -> Result<Row, Failure> {
    let (range, conduct) = (search.range, search.conduct);
    let point = vec![(range.path.clone(), range.value(at))];
    let loaded = points::at_point(search.file, &point, &conduct.overrides)?;
    let name = points::label(&point, std::slice::from_ref(&point));
    let entrant = Entrant { name, settings: point, loaded: Arc::new(loaded) };
    let mut experiment = prepare::experiment(vec![entrant], conduct, registered, printer)?;
    experiment.design.bounds &= search.target.path.starts_with("bound.");
    let request = Request::new(conduct, Command::Solve { step });
    let mut watch = Watch::new(printer)?;
    let out = search.out.as_ref().map(|out| out.join(format!("step-{step:02}")));
    let store = out.map(|out| conduct::open(&experiment, &out, &request, conduct.force, &mut watch)).transpose()?;
    let Conducted { comparison, .. } = conduct::whole(&experiment, conduct, None, store.as_ref(), &mut watch)?;
    comparison.row(&search.target.path).cloned().ok_or_else(|| {
        let message = format!("`{}` does not exist in this scenario at {} = {}", search.target.path, range.path, range.value(at));
        Failure::new(Exit::CheckFailed, message)
    })
}

fn solution(search: &Search<'_>, root: &Root, rows: &[(f64, Row)], at: f64) -> Solution {
    let cell = |row: &Row| (row.cells[0].mean.unwrap_or(f64::NAN), row.cells[0].half_width);
    let row = &rows.iter().find(|(known, _)| *known == at).expect("it was tried").1;
    let metric = cell(row);
    let slope = root.slope_at(at).filter(|slope| *slope != 0.0);
    Solution {
        at,
        value: search.range.value(at),
        half_width: metric.1.zip(slope).map(|(half_width, slope)| half_width / slope.abs()),
        metric,
        tried: rows.iter().map(|(at, row)| (*at, cell(row).0, cell(row).1)).collect(),
        scale: Scale::of(row, 0),
    }
}

/// Refuses ends between which the target need not lie, and says what both give.
fn no_bracket(search: &Search<'_>, rows: &[(f64, Row)]) -> Failure {
    let scale = Scale::of(&rows[1].1, 0);
    let end = |(at, row): &(f64, Row)| {
        let cell = &row.cells[0];
        format!("{} at {}", scale.estimate(cell.mean.unwrap_or(f64::NAN), cell.half_width), search.range.value(*at))
    };
    let message = format!(
        "{} is {} and {} {}: {} {} need not lie between them",
        phrase(&search.target.path),
        end(&rows[0]),
        end(&rows[1]),
        scale.unit,
        scale.value(search.target.value),
        scale.unit
    );
    Failure::new(Exit::CheckFailed, message).help("widen the range of `--find`, or choose another target")
}

/// Refuses what was not reached, and says what was nearest.
fn between(rows: &[(f64, Row)], target: &Target, scale: Scale, nearest: &Row) -> Failure {
    let mean = nearest.cells[0].mean.unwrap_or(f64::NAN);
    let at = rows.iter().find(|(_, row)| row == nearest).map_or(f64::NAN, |(at, _)| *at);
    let message = format!(
        "{} was not reached to ± {} in {}: the nearest is {} {} at {}",
        scale.value(target.value),
        scale.value(target.tolerance),
        plural(rows.len(), "step"),
        scale.value(mean),
        scale.unit,
        number(at)
    );
    Failure::new(Exit::CheckFailed, message)
        .help("the metric may jump there, as where a placement flips: widen the tolerance or take more replications")
}

/// Writes what was tried, in order.
fn way(search: &Search<'_>, solution: &Solution, width: usize) -> String {
    let scale = solution.scale;
    let mut table = Table::of(["step", &search.range.path, &format!("{}, {}", phrase(&search.target.path), scale.unit)].map(str::to_owned).to_vec());
    for (step, (at, mean, half_width)) in solution.tried.iter().enumerate() {
        table.push(vec![(step + 1).to_string().into(), search.range.value(*at).into(), scale.estimate(*mean, *half_width).into()]);
    }
    table.render_whole(width)
}

/// Says what was found, and how it is set.
fn sentence(search: &Search<'_>, solution: &Solution) -> String {
    let scale = solution.scale;
    let half_width = solution.half_width.map_or_else(String::new, |half_width| format!(" ± {}", number(half_width)));
    format!(
        "{} = {}{half_width}: {} is {} {} ({} ± {} asked for), after {} of {}. Set it by `--set {}={}`.",
        search.range.path,
        number(solution.at),
        phrase(&search.target.path),
        scale.estimate(solution.metric.0, solution.metric.1),
        scale.unit,
        scale.value(search.target.value),
        scale.value(search.target.tolerance),
        plural(solution.tried.len(), "run"),
        if search.conduct.replications == 1 { "one replication".to_owned() } else { format!("each of {} replications", search.conduct.replications) },
        search.range.path,
        solution.value
    )
}
