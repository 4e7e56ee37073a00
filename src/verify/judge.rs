//! Judgement: exact answers exactly; stochastic ones by precision and by distance, with one rerun.
//!
//! At least twenty independent replications give a t interval. An answer passes if the interval's relative half-width is small enough, so that a
//! noisy run passes nothing, and if the mean lies within so many standard errors that among all answers of all cases a false alarm is rare
//! (Bonferroni: two-sided 4e-5 each, Student's quantile of the replications' number). What fails is run once again with new seeds and at
//! least four times the length, and fails only if that fails as well.

use super::case::{Case, Problem};
use crate::base::random::Seed;
use crate::stats::{Moments, interval};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much is spent on a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effort {
    /// The precision that the case asks for: one per cent, or two.
    Full,
    /// Five per cent.
    Quick,
}

/// Independent replications.
const REPLICATIONS: u64 = 20;
/// The two-sided error of each answer.
const FALSE_ALARM: f64 = 4e-5;
/// Jobs over all replications where a case does not say what it needs.
const USUAL_SIZE: f64 = 4e6;
/// The least jobs over all replications: shorter ones would be all warm-up.
const LEAST_SIZE: f64 = 10_000.0;
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
    let for_one_percent = if hint > 0.0 { hint } else { USUAL_SIZE };
    let target = target(case, effort);
    let least = if hint > 0.0 && hint < LEAST_SIZE { hint } else { LEAST_SIZE };
    (for_one_percent * (0.01 / target) * (0.01 / target) * MARGIN).max(least) as u64
}

fn target(case: &Case, effort: Effort) -> f64 {
    match effort {
        Effort::Full => case.relative_half_width,
        Effort::Quick => 0.05,
    }
}

/// Measures the answers of a stochastic case and judges them.
pub(super) fn stochastic(case: &Case, effort: Effort, prepare: &Prepare<'_>) -> Result<Vec<Line>, Problem> {
    let answers = case.numbers()?;
    let target = target(case, effort);
    let first = size(case, effort);
    let lines = attempt(&answers, first, 1, target, prepare)?;
    if lines.iter().all(|line| line.passed) {
        return Ok(lines);
    }
    let widest = lines.iter().zip(&answers).map(|(line, (_, answer))| line.half_width.unwrap_or(0.0) / answer.abs().max(1e-300)).fold(0.0, f64::max);
    let factor = (widest / target * (widest / target) * MARGIN).clamp(4.0, 40.0);
    attempt(&answers, (first as f64 * factor) as u64, 2, target, prepare)
}

fn attempt(answers: &[(String, f64)], size: u64, seed: u64, target: f64, prepare: &Prepare<'_>) -> Result<Vec<Line>, Problem> {
    let replicate = prepare(size.div_ceil(REPLICATIONS))?;
    let results = in_parallel(&replicate, seed)?;
    let t_max = interval::student_quantile(1.0 - FALSE_ALARM / 2.0, (REPLICATIONS - 1) as f64);
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

/// Runs all replications on the processors at hand; results come in order of replication, whichever thread did them.
fn in_parallel(replicate: &Replicate, seed: u64) -> Result<Vec<Values>, Problem> {
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(REPLICATIONS as usize);
    let work = || {
        let mut done = Vec::new();
        loop {
            let replication = next.fetch_add(1, Ordering::Relaxed);
            if replication >= REPLICATIONS {
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
