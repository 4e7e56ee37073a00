//! Judgement: exact answers exactly; stochastic ones by precision and by distance, with one rerun.
//!
//! At least twenty independent replications give a t interval. An answer passes if the interval's relative half-width is small enough, so that a
//! noisy run passes nothing, and if the mean lies within so many standard errors that among all answers of all cases a false alarm is rare
//! (Bonferroni: two-sided 4e-5 each, Student's quantile of the replications' number). What lies too far away is run once again with new
//! seeds and at least four times the length, and fails only if that fails as well. An interval that is too wide is no verdict: the run goes on,
//! or a longer one follows.

use super::case::{Case, Problem};
use crate::base::random::Seed;
use crate::stats::{Moments, interval};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much is spent on a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effort {
    /// The precision that the case asks for: one per cent, or two.
    Full,
    /// Five per cent.
    Quick,
}

/// Independent replications, at least.
const FEWEST: u64 = 20;
/// Independent replications, at most: where more would be needed, each is to be longer.
const MOST: u64 = 100;
/// The two-sided error of each answer.
const FALSE_ALARM: f64 = 4e-5;
/// Jobs over all replications of the first run where a case does not say what it needs.
const USUAL_SIZE: f64 = 4e5;
/// The same where a model counts not jobs, but whole runs, periods or gangs.
const USUAL_RUNS: f64 = 5e3;
/// The least jobs over all replications: shorter ones would be all warm-up.
const LEAST_SIZE: f64 = 10_000.0;
/// Jobs over all replications beyond which no run goes, precise or not.
const MOST_SIZE: u64 = 400_000_000;
/// Room above the length that is expected to give the precision, as that expectation is rough.
const MARGIN: f64 = 1.4;

/// One answer, measured and judged.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// The answer's name.
    pub answer: String,
    /// What should come out.
    pub expected: String,
    /// What did.
    pub measured: String,
    /// Half of the 95 % interval's width; none for exact answers.
    pub half_width: Option<f64>,
    /// Standard errors between both; none for exact answers.
    pub distance: Option<f64>,
    /// Whether it passes.
    pub passed: bool,
}

/// A case, run and judged.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// The case.
    pub case: String,
    /// Its model.
    pub model: String,
    /// Its answers.
    pub lines: Vec<Line>,
    /// Why it could not be run.
    pub problem: Option<Problem>,
}

impl Report {
    /// Tells whether every answer passed.
    pub fn passed(&self) -> bool {
        self.problem.is_none() && self.lines.iter().all(|line| line.passed)
    }
}

/// Values of one replication, by the answers' names.
pub(super) type Values = BTreeMap<String, f64>;
/// Runs one replication.
pub(super) type Replicate = Box<dyn Fn(Seed) -> Result<Values, Problem> + Sync>;
/// Prepares replications of a size (jobs, or what the model counts, in one replication).
pub(super) type Prepare<'a> = dyn Fn(u64) -> Result<Replicate, Problem> + 'a;

/// Returns the size of a case over all replications at an effort.
pub(super) fn size(case: &Case, effort: Effort) -> u64 {
    let hint = case.jobs_for_one_percent.values().copied().fold(0.0, f64::max);
    let counts_runs = matches!(&*case.model, "mminf-transient" | "sinusoidal-infinite" | "checkpointing" | "budget-exhaustion");
    let usual = if counts_runs { USUAL_RUNS } else { USUAL_SIZE };
    let for_one_percent = if hint > 0.0 { hint } else { usual };
    let target = target(case, effort);
    let least = for_one_percent.min(LEAST_SIZE);
    (for_one_percent * (0.01 / target) * (0.01 / target) * MARGIN).max(least) as u64
}

fn target(case: &Case, effort: Effort) -> f64 {
    match effort {
        Effort::Full => case.relative_half_width,
        Effort::Quick => 0.05,
    }
}

/// Measures the answers of a stochastic case and judges them.
///
/// What a case says of its length is rough, and some say nothing: a run that is far from precise is a pilot, which says how long the next must be.
pub(super) fn stochastic(case: &Case, effort: Effort, prepare: &Prepare<'_>) -> Result<Vec<Line>, Problem> {
    let answers = case.numbers()?;
    let target = target(case, effort);
    let mut length = size(case, effort).div_ceil(FEWEST);
    let (mut seed, mut rejected) = (1, false);
    loop {
        let lines = attempt(&answers, &prepare(length)?, seed, target)?;
        let missing = missing_precision(&lines, &answers, target);
        let longest = length.saturating_mul(FEWEST) >= MOST_SIZE;
        if lines.iter().all(|line| line.passed) || (missing <= 1.0 && rejected) || (missing > 1.0 && longest) {
            return Ok(lines);
        }
        let factor = if missing > 1.0 { (missing * missing * MARGIN).min(40.0) } else { 4.0 };
        rejected |= missing <= 1.0;
        length = ((length as f64 * factor) as u64).clamp(length + 1, (MOST_SIZE / FEWEST).max(length + 1));
        seed += 1;
    }
}

/// Returns by how much the widest interval is too wide: at most 1 where all are precise.
fn missing_precision(lines: &[Line], answers: &[(String, f64)], target: f64) -> f64 {
    let of = |(line, (_, answer)): (&Line, &(String, f64))| {
        let half_width = line.half_width.unwrap_or(0.0);
        if *answer == 0.0 { 0.0 } else { half_width / (target * answer.abs()) }
    };
    lines.iter().zip(answers).map(of).fold(0.0, f64::max)
}

/// Runs replications and judges; where little precision is missing, it is had from more replications of the same length.
fn attempt(answers: &[(String, f64)], replicate: &Replicate, seed: u64, target: f64) -> Result<Vec<Line>, Problem> {
    let mut results = in_parallel(replicate, seed, 0..FEWEST)?;
    loop {
        let lines = lines(answers, &results, target)?;
        let missing = missing_precision(&lines, answers, target);
        let count = results.len() as u64;
        if missing <= 1.0 || missing > 2.0 || count >= MOST {
            return Ok(lines);
        }
        let wanted = (count as f64 * missing * missing * 1.1).ceil() as u64;
        results.extend(in_parallel(replicate, seed, count..wanted.clamp(count + 1, MOST))?);
    }
}

fn lines(answers: &[(String, f64)], results: &[Values], target: f64) -> Result<Vec<Line>, Problem> {
    let t_max = interval::student_quantile(1.0 - FALSE_ALARM / 2.0, (results.len() - 1) as f64);
    answers
        .iter()
        .map(|(name, answer)| {
            let values: Option<Vec<f64>> = results.iter().map(|values| values.get(name).copied()).collect();
            let values = values.ok_or_else(|| Problem::Answer(name.clone()))?;
            Ok(judge(name, *answer, &values, target, t_max))
        })
        .collect()
}

fn judge(name: &str, answer: f64, values: &[f64], target: f64, t_max: f64) -> Line {
    let found = interval::of_mean(values, 0.95).expect("there are replications");
    let moments: Moments = values.iter().copied().collect();
    let error = moments.deviation().unwrap_or(0.0) / (values.len() as f64).sqrt();
    let distance = if error > 0.0 { (found.mean - answer).abs() / error } else { 0.0 };
    // Without any noise only the answer itself will do, to the clock's resolution.
    let near = if error > 0.0 { distance <= t_max } else { (found.mean - answer).abs() <= 1e-9 * answer.abs() };
    let precise = if answer == 0.0 { found.mean == 0.0 } else { found.half_width <= target * answer.abs() };
    Line {
        answer: name.to_owned(),
        expected: shown(answer),
        measured: shown(found.mean),
        half_width: Some(found.half_width),
        distance: Some(distance),
        passed: near && precise,
    }
}

/// Runs replications on the processors at hand; results come in order of replication, whichever thread did them.
fn in_parallel(replicate: &Replicate, seed: u64, replications: Range<u64>) -> Result<Vec<Values>, Problem> {
    let count = replications.end - replications.start;
    let next = AtomicU64::new(replications.start);
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(count as usize);
    let work = || {
        let mut done = Vec::new();
        loop {
            let replication = next.fetch_add(1, Ordering::Relaxed);
            if replication >= replications.end {
                return done;
            }
            done.push((replication, replicate(Seed { seed, replication })));
        }
    };
    let mut results = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a replication does not panic")).collect::<Vec<_>>()
    });
    results.sort_by_key(|(replication, _)| *replication);
    results.into_iter().map(|(_, values)| values).collect()
}

/// Judges a number that must come out exactly, up to a relative tolerance and one tick of the clock.
pub(super) fn exact(answer: &str, expected: f64, measured: f64) -> Line {
    const TICK: f64 = 1.0 / 3.6e9;
    let passed = (measured - expected).abs() <= (1e-9 * expected.abs()).max(1.001 * TICK);
    Line { answer: answer.to_owned(), expected: shown(expected), measured: shown(measured), half_width: None, distance: None, passed }
}
/// Judges a number of seconds exactly: to a relative 1e-9, or to one tick.
pub(super) fn exact_seconds(answer: &str, expected: f64, measured: f64) -> Line {
    const TICK: f64 = 1e-6;
    let passed = (measured - expected).abs() <= (1e-9 * expected.abs()).max(1.001 * TICK);
    Line { passed, ..exact(answer, expected, measured) }
}
/// Judges a number to a relative tolerance alone.
pub(super) fn relative(answer: &str, expected: f64, measured: f64, tolerance: f64) -> Line {
    let passed = (measured - expected).abs() <= tolerance * expected.abs();
    Line { answer: answer.to_owned(), expected: shown(expected), measured: shown(measured), half_width: None, distance: None, passed }
}
/// Judges a text that must come out as it is.
pub(super) fn same(answer: &str, expected: String, measured: String) -> Line {
    let passed = expected == measured;
    Line { answer: answer.to_owned(), expected, measured, half_width: None, distance: None, passed }
}

fn shown(value: f64) -> String {
    let rounded = format!("{value:.6}");
    if value != 0.0 && value.abs() < 1e-3 { format!("{value:.4e}") } else { rounded.trim_end_matches('0').trim_end_matches('.').to_owned() }
}
