//! `edwc sweep --assumptions`: on which of the assumed inputs a metric and the order of the alternatives hang.

use super::arguments::Sweep;
use super::chart::{self, Swing};
use super::conduct;
use super::points;
use super::prepare::{self, Entrant, scenario_names};
use super::request::{Command, Request};
use super::rows::{Scale, phrase};
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::printer::Printer;
use crate::cli::summary::table::wrap;
use crate::cli::summary::words::counted;
use crate::experiment::comparison::Row;
use crate::experiment::factors::{number_and_unit, written};
use crate::experiment::{Comparison, Design, Point};
use crate::policy::Registered;
use crate::scenario::{evidence, takes_whole_numbers};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How far an assumed input is moved, as shares of it.
const SHIFTS: [(f64, &str); 2] = [(0.5, "-50%"), (1.5, "+50%")];
/// Inputs that are named where they could not be varied.
const NAMED: usize = 12;

/// What is varied: the scenarios as they are and with each assumed input moved, and what could not be.
struct Plan {
    entrants: Vec<Entrant>,
    /// The points: for each, what is moved. The first moves nothing.
    points: Vec<Point>,
    /// Assumed inputs that are no number, or that the format does not take where they would be.
    fixed: Vec<String>,
    /// Assumed inputs that were asked for.
    chosen: usize,
    /// All assumed inputs.
    assumed: usize,
}

/// What was asked of the assumed inputs, and which of them could not be moved.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Assumptions {
    /// The path of the metric.
    metric: String,
    /// Assumed inputs that were asked for.
    chosen: usize,
    /// All assumed inputs.
    assumed: usize,
    /// Those that were not moved, and how.
    fixed: Vec<String>,
}

/// Varies all assumed inputs, one at a time.
pub(super) fn run(arguments: &Sweep, metric: &str, registered: &[Registered], printer: &mut Printer) -> Result<(), Failure> {
    let conduct = &arguments.conduct;
    let plan = plan(arguments)?;
    if plan.points.len() < 2 {
        let only = if arguments.only.is_empty() { "" } else { ", of which `--only` leaves none that can be moved" };
        let message = format!("nothing can be varied: {} marked as assumed{only}", plural(plan.assumed, "input"));
        return Err(Failure::new(Exit::Usage, message).help("`edwc check --evidence` lists all inputs and their marks"));
    }
    let (chosen, assumed, points, fixed) = (plan.chosen, plan.assumed, plan.points.len(), plan.fixed);
    let experiment = prepare::experiment(plan.entrants, conduct, registered, printer)?;
    let runs = experiment.design.alternatives.len() as u64 * conduct.replications;
    printer.note(&format!("{} of {chosen} assumed inputs: {} to run\n", plural(points - 1, "shift"), plural(runs as usize, "run")));
    let request = Request::new(conduct, Command::Assumptions(Assumptions { metric: metric.to_owned(), chosen, assumed, fixed }))?;
    conduct::and_print(&experiment, conduct, &request, printer)
}

impl Assumptions {
    /// Prints which inputs matter most, and whether the order of the alternatives hangs on any.
    pub(super) fn print(&self, design: &Design, comparison: &Comparison, printer: &mut Printer) -> Result<(), Failure> {
        let row = comparison.row(&self.metric).ok_or_else(|| Failure::new(Exit::CheckFailed, format!("no run has a value of `{}`", self.metric)))?;
        // The alternatives of a point stand together: scenarios × policies. At the first, nothing is moved.
        let alternatives = design.alternatives.iter().take_while(|alternative| alternative.settings.is_empty()).count().max(1);
        let points: Vec<Point> = design.alternatives.chunks(alternatives).map(|of_point| of_point[0].settings.clone()).collect();
        let width = printer.width();
        printer.out(&format!("{}\n", picture(comparison, row, &points, alternatives, width)));
        printer.out(&wrap(&verdict(row, &points, (self.chosen, self.assumed), alternatives), width, "  "));
        if !self.fixed.is_empty() {
            let more = self.fixed.len().saturating_sub(NAMED);
            let named = self.fixed.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            let more = if more == 0 { String::new() } else { format!(", and {more} more") };
            printer.out(&wrap(&format!("Not varied: {named}{more}."), width, "  "));
        }
        Ok(())
    }
}

/// Loads all scenarios at all points; an assumed input of one of them is moved in those that have it.
fn plan(arguments: &Sweep) -> Result<Plan, Failure> {
    let overrides = &arguments.conduct.overrides;
    let mut bases = Vec::new();
    for file in &arguments.files {
        bases.push(points::at_point(file, &Point::new(), overrides)?);
    }
    let mut inputs: Vec<(String, Vec<Option<String>>)> = Vec::new();
    for base in &bases {
        for input in evidence(&base.scenario.document).into_iter().filter(|input| input.mark.as_deref() == Some("assumed")) {
            if !inputs.iter().any(|(path, _)| *path == input.path) {
                inputs.push((input.path, Vec::new()));
            }
        }
    }
    let assumed = inputs.len();
    inputs.retain(|(path, _)| arguments.only.is_empty() || arguments.only.iter().any(|only| path.contains(only.as_str())));
    for base in &bases {
        let all = evidence(&base.scenario.document);
        let value = |path: &str| all.iter().find(|input| input.path == path).map(|input| input.value.clone());
        inputs.iter_mut().for_each(|(path, values)| values.push(value(path)));
    }
    let names = scenario_names(&arguments.files);
    let bases: Vec<Arc<_>> = bases.into_iter().map(Arc::new).collect();
    let entrant = |at: usize, loaded, settings: Point| {
        let parts = [names[at].as_str(), &settings.first().map_or_else(String::new, |(path, value)| format!("{path}={value}"))];
        let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
        Entrant { name: if name.is_empty() { "as it is".to_owned() } else { name }, settings, loaded }
    };
    let mut plan = Plan { entrants: Vec::new(), points: vec![Point::new()], fixed: Vec::new(), chosen: inputs.len(), assumed };
    plan.entrants.extend((0..bases.len()).map(|at| entrant(at, Arc::clone(&bases[at]), Point::new())));
    for (path, values) in &inputs {
        for (shift, said) in SHIFTS {
            let mut at_shift = Vec::new();
            for (at, (base, value)) in bases.iter().zip(values).enumerate() {
                let Some(value) = value else {
                    at_shift.push(Some(entrant(at, Arc::clone(base), vec![(path.clone(), said.to_owned())])));
                    continue;
                };
                let whole = takes_whole_numbers(&base.scenario.document, path);
                let set = moved(value, shift, whole).map(|moved| vec![(path.clone(), moved)]);
                let loaded = set.and_then(|set| points::at_point(&arguments.files[at], &set, overrides).ok());
                at_shift.push(loaded.map(|loaded| entrant(at, Arc::new(loaded), vec![(path.clone(), said.to_owned())])));
            }
            match at_shift.into_iter().collect::<Option<Vec<_>>>() {
                Some(entrants) => {
                    plan.entrants.extend(entrants);
                    plan.points.push(vec![(path.clone(), said.to_owned())]);
                }
                None => plan.fixed.push(format!("{path} {said}")),
            }
        }
    }
    Ok(plan)
}

/// Moves a value by a factor; none for what is no single number with a unit, and for what stays as it is.
fn moved(value: &str, shift: f64, whole: bool) -> Option<String> {
    let (number, unit) = number_and_unit(value)?;
    let moved = if whole { (number * shift).round() } else { number * shift };
    (moved != number && !unit.contains(|c: char| c.is_ascii_digit())).then(|| written(moved, unit))
}

/// Draws how far each input moves the metric of the first alternative.
fn picture(comparison: &Comparison, row: &Row, points: &[Point], alternatives: usize, width: usize) -> String {
    const SHOWN: usize = 20;
    let scale = Scale::of(row, comparison.baseline);
    let Some(base) = row.cells[0].mean else { return String::new() };
    let mut swings: Vec<Swing> = Vec::new();
    for (point, cells) in points.iter().zip(row.cells.chunks(alternatives)).skip(1) {
        let (Some((path, _)), Some(mean)) = (point.first(), cells[0].mean) else { continue };
        match swings.iter_mut().find(|swing| swing.name == *path) {
            Some(swing) => swing.at.push(mean),
            None => swings.push(Swing { name: path.clone(), at: vec![mean] }),
        }
    }
    swings.sort_by(|a, b| b.size(base).total_cmp(&a.size(base)));
    let all = swings.len();
    swings.truncate(SHOWN);
    let of = if alternatives > 1 { format!(" of {}", comparison.names[0]) } else { String::new() };
    let which = if all > SHOWN { format!("the {SHOWN} strongest of {all} assumed inputs") } else { plural(all, "assumed input") };
    let title = format!("{}{of} ({}): as it is {}; {which} by ±50 %, one at a time:", phrase(&row.metric.path), scale.unit, scale.value(base));
    chart::tornado(&title, base, &swings, |value| scale.value(value), width)
}

/// Says whether the order of the alternatives ever changes.
fn verdict(row: &Row, points: &[Point], (chosen, assumed): (usize, usize), alternatives: usize) -> String {
    let tests = points.len() - 1;
    let of = if chosen < assumed { format!("{chosen} of {assumed}") } else { assumed.to_string() };
    let head = format!("Assumed inputs: {of}.");
    if alternatives < 2 {
        return format!("{head} Tests: {tests}. Several scenarios or `--policy` show whether their order hangs on them.");
    }
    let orders: Vec<Vec<usize>> =
        row.cells.chunks(alternatives).map(|cells| order(&cells.iter().map(|cell| cell.mean).collect::<Vec<_>>())).collect();
    let changed: Vec<&Point> = points.iter().zip(&orders).skip(1).filter(|(_, order)| **order != orders[0]).map(|(point, _)| point).collect();
    let (held, count) = (tests - changed.len(), counted(alternatives));
    let by = phrase(&row.metric.path);
    let sentence = format!("{head} Each varied by ±50%: the order of the {count} by {by} held in {held} of {tests} tests.");
    if changed.is_empty() {
        return sentence;
    }
    let named: Vec<String> = changed.iter().take(NAMED).flat_map(|point| point.iter().map(|(path, said)| format!("{path} {said}"))).collect();
    let more = changed.len().saturating_sub(NAMED);
    format!(
        "{sentence} It changes with {}{}.",
        named.join(", "),
        if more == 0 { String::new() } else { format!(", and {more} more") }
    )
}

/// Ranks means, the least first; what does not exist comes last, and equals keep their places.
fn order(means: &[Option<f64>]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..means.len()).collect();
    places.sort_by(|a, b| means[*a].unwrap_or(f64::INFINITY).total_cmp(&means[*b].unwrap_or(f64::INFINITY)));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_move_and_keep_their_units() {
        assert_eq!(moved("0.4 CNY/kWh", 0.5, false).as_deref(), Some("0.2 CNY/kWh"));
        assert_eq!(moved("10", 1.5, true).as_deref(), Some("15"));
        assert_eq!(moved("1.2", 0.5, false).as_deref(), Some("0.6"));
        for fixed in [("1 h 30 min", false), ("unlimited", false), ("0", false), ("a list", false)] {
            assert_eq!(moved(fixed.0, 0.5, fixed.1), None, "{}", fixed.0);
        }
        assert_eq!(order(&[Some(3.0), None, Some(1.0), Some(1.0)]), [2, 3, 0, 1]);
    }
}
