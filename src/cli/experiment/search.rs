//! Where a metric of a scenario meets a target: root finding over common random numbers, for `edwc solve` and `edwc compare --same`.

use super::conduct::{self, Conducted};
use super::points::{self, LOAD};
use super::problems::Problems;
use super::request::{Command, Request};
use super::rows::{Scale, phrase};
use super::target::Target;
use super::{Contender, Experiment, Watch};
use crate::cli::arguments::Conduct;
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::load::Loaded;
use crate::cli::summary::words::number;
use crate::experiment::comparison::Row;
use crate::experiment::factors::number_and_unit;
use crate::experiment::root::Step;
use crate::experiment::{Alternative, Design, FinishedRun, Point, Range, Root};
use crate::scenario::{Node, Value, matching, takes_whole_numbers};
use std::path::PathBuf;
use std::sync::Arc;

/// Runs of each replication that a search may take.
const MOST_STEPS: usize = 10;

/// What is sought: a key of an alternative's scenario, and what is to hold.
pub(super) struct Search<'a> {
    /// The experiment whose seed, policy and conditions hold.
    pub(super) experiment: &'a Experiment,
    /// The alternative.
    pub(super) alternative: usize,
    /// What it is called while it is sought, before the value that is tried; may be empty.
    pub(super) name: &'a str,
    /// The key and between which it lies.
    pub(super) range: &'a Range,
    /// What is to hold.
    pub(super) target: &'a Target,
    /// How runs are conducted.
    pub(super) conduct: &'a Conduct,
    /// Where its finished runs are kept.
    pub(super) out: Option<PathBuf>,
}

/// What was found, or what was nearest.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Solution {
    /// The value of the key.
    pub(super) at: f64,
    /// Half of the width of its interval: that of the metric over the slope (the delta method); none of a single replication.
    pub(super) half_width: Option<f64>,
    /// What was tried, in order.
    pub(super) tried: Vec<Tried>,
    /// How the metric is written.
    pub(super) scale: Scale,
    /// Why this is only the nearest, if it is.
    pub(super) missed: Option<Missed>,
}

/// A value of the key that was tried.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Tried {
    /// The value.
    pub(super) at: f64,
    /// What the metric is there.
    pub(super) mean: f64,
    /// Half of the width of its interval.
    pub(super) half_width: Option<f64>,
    /// The runs.
    pub(super) runs: Vec<FinishedRun>,
}

/// Why a target was not met.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Missed {
    /// What happened.
    pub(super) message: String,
    /// What would help.
    pub(super) help: &'static str,
}

impl Solution {
    /// Returns what was tried at the value.
    pub(super) fn there(&self) -> &Tried {
        self.tried.iter().find(|tried| tried.at == self.at).expect("what was found was tried")
    }
    /// Writes the value with its interval.
    pub(super) fn said(&self) -> String {
        number(self.at) + &self.half_width.map_or_else(String::new, |half_width| format!(" ± {}", number(half_width)))
    }
    /// Lists what was tried as JSON.
    pub(super) fn tried_json(&self) -> Vec<serde_json::Value> {
        let one = |tried: &Tried| serde_json::json!({"at": tried.at, "mean": tried.mean, "half_width": tried.half_width});
        self.tried.iter().map(one).collect()
    }
}

impl Missed {
    /// Makes a failure of it.
    pub(super) fn failure(&self) -> Failure {
        Failure::new(Exit::CheckFailed, self.message.clone()).help(self.help)
    }
}

impl Search<'_> {
    fn contender(&self) -> &Contender {
        &self.experiment.contenders[self.alternative]
    }
    fn point(&self, at: f64) -> Point {
        vec![(self.range.path.clone(), self.range.value(at))]
    }
    /// Loads the scenario with the key at a value.
    pub(super) fn load(&self, at: f64) -> Result<(Loaded, Point), Failure> {
        let point = self.point(at);
        Ok((points::again(&self.contender().loaded, &point)?, point))
    }
    /// Refuses a range at whose ends the scenario makes no sense.
    pub(super) fn check(&self) -> Result<(), Failure> {
        [self.range.low, self.range.high].into_iter().try_for_each(|end| self.load(end).map(drop))
    }
    /// Starts where the scenario stands if that is in the range: it was probably written near what is sought.
    fn start(&self) -> Root {
        let (range, document) = (self.range, &self.contender().loaded.scenario.document);
        let mut root = Root::between(range.low, range.high, self.target.tolerance);
        if takes_whole_numbers(document, &range.path) {
            root = root.in_whole_numbers();
        }
        match written(self.contender(), range) {
            // Most that is sought vanishes with its key.
            Some(at) => root.starting_at(at, (0.0, -self.target.value)),
            None => root,
        }
    }
}

/// Tells whether a scenario has a key, or any that a pattern matches.
pub(super) fn has_key(loaded: &Loaded, path: &str) -> bool {
    path == LOAD || !matching(&loaded.scenario.document, path).is_empty()
}

/// Returns the number that a key has in the scenario as it stands, if it is one within the range; of a pattern, if all are the same.
fn written(contender: &Contender, range: &Range) -> Option<f64> {
    let document = &contender.loaded.scenario.document;
    let mut values = matching(document, &range.path).into_iter().map(|path| number_of(document.at(&path)?, &range.unit));
    let first = values.next()??;
    let same = values.all(|value| value == Some(first));
    (same && range.low <= first && first <= range.high).then_some(first)
}

fn number_of(node: &Node, unit: &str) -> Option<f64> {
    let (number, its) = match &node.value {
        Value::Integer(number) => (*number as f64, ""),
        Value::Float(number, _) => (*number, ""),
        Value::Text(text) => number_and_unit(text)?,
        _ => return None,
    };
    (its == unit).then_some(number)
}

/// Seeks the value; if there is none, returns the nearest that was tried and why.
///
/// # Errors
/// A run fails, or the metric does not exist somewhere.
pub(super) fn seek(search: &Search<'_>, watch: &mut Watch<'_>) -> Result<Solution, Failure> {
    // Both ends are checked before anything runs.
    search.check()?;
    let mut root = search.start();
    let mut tried: Vec<Tried> = Vec::new();
    let mut scale = None;
    let mut sloped = search.conduct.replications < 2;
    loop {
        let step = root.step();
        let known = |at: f64| tried.iter().any(|tried| tried.at == at);
        let at = match step {
            Step::Try(at) if tried.len() < MOST_STEPS && !known(rounded(at)) => rounded(at),
            // The interval of what was found needs a slope, and a slope another point.
            Step::Found(at) if !sloped && root.slope_at(at).is_none() && tried.len() < MOST_STEPS && !known(rounded(root.beside(at))) => {
                sloped = true;
                rounded(root.beside(at))
            }
            Step::Found(at) => return Ok(solution(&root, tried, at, scale.expect("some were tried"), None)),
            Step::NoBracket | Step::Jump(..) | Step::Try(_) => {
                let nearest = tried.iter().map(|tried| (tried.at, (tried.mean - search.target.value).abs()));
                let nearest = nearest.min_by(|a, b| a.1.total_cmp(&b.1)).expect("some were tried").0;
                let scale = scale.expect("some were tried");
                let missed = if step == Step::NoBracket { no_bracket(search, &tried, scale) } else { between(search, &tried, scale, nearest) };
                return Ok(solution(&root, tried, nearest, scale, Some(missed)));
            }
        };
        let (row, runs) = evaluate(search, at, watch)?;
        let cell = &row.cells[0];
        let mean = cell.mean.filter(|_| cell.values.iter().all(Option::is_some)).ok_or_else(|| {
            let (metric, path, value) = (&search.target.path, &search.range.path, search.range.value(at));
            Failure::new(Exit::CheckFailed, format!("`{metric}` does not exist at {path} = {value} in some replication"))
        })?;
        root.tell(at, mean - search.target.value);
        let scale = scale.get_or_insert_with(|| Scale::of(&row, 0));
        let (name, path, value) = (search.name, &search.range.path, search.range.value(at));
        let gives = format!("{} {}", scale.estimate(mean, cell.half_width), scale.unit);
        watch.printer.note(&format!("{name}{}{path} = {value} gives {gives}\n", if name.is_empty() { "" } else { ": " }));
        tried.push(Tried { at, mean, half_width: cell.half_width, runs });
    }
}

/// Rounds to six digits, which a reader can copy.
fn rounded(at: f64) -> f64 {
    format!("{at:.5e}").parse().expect("a number that was written is read")
}

/// Runs all replications at a value of the key.
fn evaluate(search: &Search<'_>, at: f64, watch: &mut Watch<'_>) -> Result<(Row, Vec<FinishedRun>), Failure> {
    let (range, conduct, whole) = (search.range, search.conduct, search.experiment);
    let (loaded, point) = search.load(at)?;
    let label = points::label(&point, std::slice::from_ref(&point));
    let alternative = Alternative {
        name: if search.name.is_empty() { label } else { format!("{}, {label}", search.name) },
        scenario_digest: loaded.origin.digest.clone(),
        settings: point,
        ..whole.design.alternatives[search.alternative].clone()
    };
    let experiment = Experiment {
        design: Design {
            alternatives: vec![alternative],
            baseline: 0,
            pairs_jobs: false,
            bounds: whole.design.bounds && search.target.path.starts_with("bound."),
            ..whole.design.clone()
        },
        contenders: vec![Contender { loaded: Arc::new(loaded), policy: search.contender().policy.clone() }],
        conditions: whole.conditions,
        threads: whole.threads,
        problems: Problems::new(whole.threads),
        quiet: whole.quiet,
        known: Vec::new(),
        settled: None,
    };
    let request = Request::new(conduct, Command::Solve { at })?;
    let out = search.out.as_ref().map(|out| out.join(format!("at-{at}")));
    let store = out.map(|out| conduct::open(&experiment, &out, &request, conduct.force, watch)).transpose()?;
    let Conducted { runs, comparison, .. } = conduct::whole(&experiment, conduct, None, store.as_ref(), watch)?;
    let row = comparison.row(&search.target.path).cloned().ok_or_else(|| {
        let message = format!("`{}` does not exist in this scenario at {} = {}", search.target.path, range.path, range.value(at));
        Failure::new(Exit::CheckFailed, message)
    })?;
    Ok((row, runs))
}

fn solution(root: &Root, tried: Vec<Tried>, at: f64, scale: Scale, missed: Option<Missed>) -> Solution {
    let half_width = tried.iter().find(|tried| tried.at == at).and_then(|tried| tried.half_width);
    let slope = root.slope_at(at).filter(|slope| *slope != 0.0);
    let half_width = half_width.zip(slope).map(|(half_width, slope)| half_width / slope.abs()).filter(|_| missed.is_none());
    Solution { at, half_width, tried, scale, missed }
}

/// Says that the target need not lie between the ends, and what both give.
fn no_bracket(search: &Search<'_>, tried: &[Tried], scale: Scale) -> Missed {
    let end = |which: fn(f64, f64) -> f64| {
        let end = tried.iter().reduce(|a, b| if which(a.at, b.at) == a.at { a } else { b }).expect("both ends were tried");
        format!("{} at {}", scale.estimate(end.mean, end.half_width), search.range.value(end.at))
    };
    let message = format!(
        "{} is {} and {} {unit}: {} {unit} need not lie between them",
        phrase(&search.target.path),
        end(f64::min),
        end(f64::max),
        scale.value(search.target.value),
        unit = scale.unit
    );
    Missed { message, help: "widen the range of `--find`, or choose another target" }
}

/// Says what was not reached, and what was nearest.
fn between(search: &Search<'_>, tried: &[Tried], scale: Scale, nearest: f64) -> Missed {
    let mean = tried.iter().find(|tried| tried.at == nearest).map_or(f64::NAN, |tried| tried.mean);
    let message = format!(
        "{} was not reached to ± {} in {}: the nearest is {} {} at {}",
        scale.value(search.target.value),
        scale.value(search.target.tolerance),
        plural(tried.len(), "step"),
        scale.value(mean),
        scale.unit,
        search.range.value(nearest)
    );
    Missed { message, help: "the metric may jump there, as where a placement flips: widen the tolerance or take more replications" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_tried_have_six_digits() {
        assert_eq!((rounded(0.195_342_345), rounded(-123_456_789.0), rounded(0.0), rounded(17.0)), (0.195_342, -123_457_000.0, 0.0, 17.0));
    }
}
