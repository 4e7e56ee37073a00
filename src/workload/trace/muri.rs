//! The job lists of the Tiresias simulator and of Muri, which descends from it (Gu et al. 2019, "Tiresias", github.com/SymbioticLab/Tiresias; Zhao et
//! al. 2022, "Multi-resource interleaving for deep learning training", github.com/Rivendile/Muri, Apache-2.0).
//!
//! | column | read as |
//! |---|---|
//! | `job_id` | the job's id |
//! | `num_gpu` | its gang |
//! | `submit_time` | when it was submitted: in seconds (Tiresias), in milliseconds (Muri) |
//! | `duration` | its work, in the same unit |
//! | `model_name` | the model that it trains, for a map of classes |
//!
//! Quirks: the two differ in nothing but the unit and a few columns, so that the format must be named: `tiresias` or `muri`. There is no estimate and
//! no user. Muri's simulator runs `iterations` × `iteration_time` × 1.015 rather than `duration`: so does `clean = "muri"`. Left aside: `iterations`,
//! `interval` and Muri's `batch_size`, `iteration_time`, `resource_time_0` to `_2`, `priority`.

use super::foreign::{Found, Layout, Line, Recorded};
use crate::base::Span;
use crate::model::{Outcome, SourceError};

pub(super) static TIRESIAS: Layout = Layout { read: |line| read(line, 6), ..MURI };
pub(super) static MURI: Layout = Layout {
    columns: &["job_id", "num_gpu", "submit_time", "duration", "model_name"],
    needed: 4,
    aside: &["iterations", "interval", "batch_size", "iteration_time", "resource_time_0", "resource_time_1", "resource_time_2", "priority"],
    headless: None,
    id: &[JOB],
    submit: SUBMIT,
    model: Some(MODEL),
    read: |line| read(line, 3),
};
pub(super) static MURI_AS_SIMULATED: Layout = Layout {
    columns: &["job_id", "num_gpu", "submit_time", "duration", "model_name", "iterations", "iteration_time"],
    needed: 7,
    aside: &["interval", "batch_size", "resource_time_0", "resource_time_1", "resource_time_2", "priority"],
    read: as_simulated,
    ..MURI
};
const JOB: usize = 0;
const GPUS: usize = 1;
const SUBMIT: usize = 2;
const DURATION: usize = 3;
const MODEL: usize = 4;
const ITERATIONS: usize = 5;
const ITERATION_TIME: usize = 6;
const TIME: &str = "a time, at least 0";
const NUMBER: &str = "a whole number, at least 0";
/// Microseconds that Muri's simulator takes for each millisecond of an iteration.
const FACTOR: u64 = 1_015;

/// Reads a row whose times have so many digits less than µs.
fn read(line: &Line<'_>, digits: usize) -> Result<Found, SourceError> {
    recorded(line, digits, length(line, DURATION, digits, TIME)?)
}
/// Reads a row as Muri's simulator does.
fn as_simulated(line: &Line<'_>) -> Result<Found, SourceError> {
    let (iterations, one_ms) = (length(line, ITERATIONS, 0, NUMBER)?, length(line, ITERATION_TIME, 0, NUMBER)?);
    let work = iterations.checked_mul(one_ms).and_then(|work| work.checked_mul(FACTOR));
    recorded(line, 3, work.ok_or_else(|| line.complain(ITERATIONS, "is too large", "a run of at most 500,000 years"))?)
}
fn recorded(line: &Line<'_>, digits: usize, work: u64) -> Result<Found, SourceError> {
    let submit = line.scaled(SUBMIT, digits, TIME)?.ok_or_else(|| line.complain(SUBMIT, "is empty", TIME))?;
    Ok(Found::Job(Recorded {
        submit_us: submit,
        gpus: line.gang(GPUS)?,
        work: Span(work),
        estimate: None,
        user: Vec::new(),
        outcome: Outcome::Completed,
    }))
}
fn length(line: &Line<'_>, column: usize, digits: usize, allowed: &str) -> Result<u64, SourceError> {
    let value = line.scaled(column, digits, allowed)?.ok_or_else(|| line.complain(column, "is empty", allowed))?;
    u64::try_from(value).map_err(|_| line.complain(column, "is negative", allowed))
}
