//! From the points of a sweep to scenarios that can be run: all of them are checked before anything is.

use super::prepare::{Entrant, scenario_names};
use crate::base::random::Seed;
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::load::{Loaded, load_without};
use crate::cli::printer::Printer;
use crate::experiment::Point;
use crate::experiment::factors::number_and_unit;
use crate::model::{Arrivals, JobSource, Model};
use crate::scenario::{expected_load, share_of_capacity};
use crate::workload;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a load is called among what was varied.
pub(super) const LOAD: &str = "load";
/// Wrong points of which everything is said.
const FAULTS_SHOWN: usize = 20;

/// Loads each scenario at each point. Every point that is wrong is told.
pub(super) fn entrants(files: &[PathBuf], points: &[Point], overrides: &[String], printer: &mut Printer) -> Result<Vec<Entrant>, Failure> {
    let mut entrants = Vec::new();
    let mut faults = Vec::new();
    for (file, scenario) in files.iter().zip(scenario_names(files)) {
        for point in points {
            let name = match (scenario.as_str(), label(point, points).as_str()) {
                ("", label) => label.to_owned(),
                (scenario, label) => format!("{scenario}, {label}"),
            };
            match at_point(file, point, overrides) {
                Ok(loaded) => entrants.push(Entrant { name, settings: point.clone(), loaded: Arc::new(loaded) }),
                Err(failure) => faults.push((name, failure)),
            }
        }
    }
    let Some(exit) = faults.first().map(|(_, failure)| failure.exit) else { return Ok(entrants) };
    for (name, failure) in faults.iter().take(FAULTS_SHOWN) {
        printer.error(&format!("at {name}:\n"));
        failure.print(printer);
    }
    let (wrong, all) = (faults.len(), plural(files.len() * points.len(), "point"));
    printer.error(&format!("{wrong} of {all} cannot be run; nothing was run\n"));
    Err(Failure::silent(exit))
}

/// Loads a scenario at a point.
pub(super) fn at_point(file: &Path, point: &Point, overrides: &[String]) -> Result<Loaded, Failure> {
    without_at_point(file, &[], point, overrides)
}

/// Loads a scenario once more, as it was, but at a point.
pub(super) fn again(loaded: &Loaded, point: &Point) -> Result<Loaded, Failure> {
    without_at_point(&loaded.file, &loaded.without, point, &loaded.origin.overrides)
}

fn without_at_point(file: &Path, without: &[String], point: &Point, overrides: &[String]) -> Result<Loaded, Failure> {
    let set = point.iter().filter(|(path, _)| path != LOAD).map(|(path, value)| format!("{path}={value}"));
    let overrides: Vec<String> = overrides.iter().cloned().chain(set).collect();
    match point.iter().find(|(path, _)| path == LOAD) {
        None => load_without(file, without, &overrides),
        Some((_, share)) => at_load(file, without, &overrides, share.parse().expect("a load is a number")),
    }
}

/// Names a point: what is set there, by the last word of its path where that is clear.
pub(super) fn label(point: &Point, points: &[Point]) -> String {
    if point.is_empty() {
        return "as it is".to_owned();
    }
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let short = |path: &str| {
        let clear = points.iter().flatten().all(|(other, _)| other == path || last(other) != last(path));
        if clear { last(path) } else { path.to_owned() }
    };
    point.iter().map(|(path, value)| format!("{}={}", short(path), shown(value))).collect::<Vec<_>>().join(", ")
}

/// Writes a value as short as it is read: a drawn number to four digits.
fn shown(value: &str) -> String {
    match number_and_unit(value) {
        Some((number, unit)) if value.len() - unit.len() > 9 => {
            let digits = (3 - libm::log10(number.abs()).floor() as i32).clamp(0, 9) as usize;
            format!("{number:.digits$} {unit}").trim_end().to_owned()
        }
        _ => value.trim_matches('"').to_owned(),
    }
}

/// Loads a scenario with as much demand as is this share of capacity: to a thousandth, or to a job of a trace.
fn at_load(file: &Path, without: &[String], overrides: &[String], share: f64) -> Result<Loaded, Failure> {
    const TRIES: usize = 12;
    let mut loaded = load_without(file, without, overrides)?;
    let written = loaded.scenario.document.at("scenario.demand").map(|node| &node.value);
    let mut demand = match written {
        Some(crate::scenario::Value::Integer(demand)) => *demand as f64,
        Some(crate::scenario::Value::Float(demand, _)) => *demand,
        _ => 1.0,
    };
    let mut reached = offered(loaded.model())?;
    for _ in 0..TRIES {
        if (reached.load - share).abs() < (1e-3 * share).max(reached.step) {
            return Ok(loaded);
        }
        if !(reached.load > 0.0 && reached.load.is_finite()) {
            break;
        }
        demand *= share / reached.load;
        let set = overrides.iter().cloned().chain([format!("scenario.demand={demand:?}")]).collect::<Vec<_>>();
        loaded = load_without(file, without, &set)?;
        reached = offered(loaded.model())?;
    }
    Err(Failure::new(Exit::Invalid, format!("no demand offers a load of {share} (the nearest is {:.3})", reached.load))
        .help("a trace that ends before the horizon, or jobs that fit nowhere, offer no more however they are stretched"))
}

/// What is offered, as shares of capacity.
struct Offered {
    load: f64,
    /// The largest job of a trace: nearer than that, no load can be.
    step: f64,
}

/// Returns what is offered: expected for synthetic workloads, counted for traces.
fn offered(model: &Model) -> Result<Offered, Failure> {
    let expected = expected_load(model);
    if !model.workloads.iter().any(|workload| matches!(workload.arrivals, Arrivals::Trace(_))) {
        return Ok(Offered { load: expected, step: 0.0 });
    }
    let mut traces = model.clone();
    traces.workloads = model.workloads.iter().filter(|workload| matches!(workload.arrivals, Arrivals::Trace(_))).cloned().collect();
    let unreadable = |error: crate::model::SourceError| Failure::new(Exit::Invalid, error.to_string());
    let mut jobs = workload::open(&traces, Seed { seed: model.seed, replication: 0 }).map_err(unreadable)?;
    let (mut work, mut largest, mut until_s) = (0.0, 0.0_f64, 0.0);
    while let Some(job) = jobs.next_job().map_err(unreadable)? {
        let of_job = share_of_capacity(model, job.class, job.work.as_secs_f64() * f64::from(job.gpus.0));
        work += of_job;
        largest = largest.max(of_job);
        until_s = job.submit.0 as f64 / 1e6;
    }
    let span_s = model.horizon.map_or(until_s, |horizon| horizon.as_secs_f64());
    let per_span = |work: f64| if span_s > 0.0 { work / span_s } else { 0.0 };
    Ok(Offered { load: expected + per_span(work), step: per_span(largest) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_named_by_what_tells_them_apart() {
        let point = |values: &[(&str, &str)]| values.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect::<Point>();
        let points = [point(&[("a.rate", "0.1"), ("policy.place", "\"nearest\"")]), Point::new()];
        assert_eq!(label(&points[0], &points), "rate=0.1, place=nearest");
        assert_eq!(label(&points[1], &points), "as it is");
        let twice = [point(&[("a.rate", "0.1"), ("b.rate", "0.123456789123 CNY/kWh")])];
        assert_eq!(label(&twice[0], &twice), "a.rate=0.1, b.rate=0.1235 CNY/kWh");
    }
}
