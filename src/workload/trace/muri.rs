//! The job lists of the Tiresias simulator and of Muri, which descends from it (Gu et al. 2019, "Tiresias", github.com/SymbioticLab/Tiresias; Zhao et
//! al. 2022, "Multi-resource interleaving for deep learning training", github.com/Rivendile/Muri, Apache-2.0).
//!
//! | column | read as |
//! |---|---|
//! | `job_id` | the job's id |
//! | `num_gpu` | its gang |
//! | `submit_time` | when it was submitted: in seconds (Tiresias), in milliseconds (Muri) |
//! | `duration` | its work, in the same unit |
//!
//! Quirks: the two differ in nothing but the unit and a few columns, so that the format must be named: `tiresias` or `muri`. There is no estimate and
//! no user. Muri's simulator runs `iterations` × `iteration_time` × 1.015 rather than `duration`; that is a convention of its policies, not of the
//! log. Left aside: `iterations`, `model_name`, `interval` and Muri's `batch_size`, `iteration_time`, `resource_time_0` to `_2`, `priority`.

use super::foreign::{Found, Layout, Line, Recorded};
use crate::base::Span;
use crate::model::{Outcome, SourceError};

pub(super) static TIRESIAS: Layout =
    Layout { columns: COLUMNS, needed: 4, aside: ASIDE, headless: None, id: &[JOB], submit: SUBMIT, read: |line| read(line, 6) };
pub(super) static MURI: Layout =
    Layout { columns: COLUMNS, needed: 4, aside: ASIDE, headless: None, id: &[JOB], submit: SUBMIT, read: |line| read(line, 3) };
const COLUMNS: &[&str] = &["job_id", "num_gpu", "submit_time", "duration"];
const ASIDE: &[&str] =
    &["iterations", "model_name", "interval", "batch_size", "iteration_time", "resource_time_0", "resource_time_1", "resource_time_2", "priority"];
const JOB: usize = 0;
const GPUS: usize = 1;
const SUBMIT: usize = 2;
const DURATION: usize = 3;

/// Reads a row whose times have so many digits less than µs.
fn read(line: &Line<'_>, digits: usize) -> Result<Found, SourceError> {
    let micros = |column| line.scaled(column, digits, "a time, at least 0")?.ok_or_else(|| line.complain(column, "is empty", "a time, at least 0"));
    let work = u64::try_from(micros(DURATION)?).map_err(|_| line.complain(DURATION, "is negative", "a time, at least 0"))?;
    Ok(Found::Job(Recorded {
        submit_us: micros(SUBMIT)?,
        gpus: line.gang(GPUS)?,
        work: Span(work),
        estimate: None,
        user: Vec::new(),
        outcome: Outcome::Completed,
    }))
}
