//! What the logs of one group have in common, which come from Slurm: [`super::helios`] and [`super::acme`].

use super::foreign::{Found, Line, Recorded};
use crate::base::Span;
use crate::model::{Outcome, SourceError};

/// Where the columns that both have stand in their layouts.
pub(super) const JOB: usize = 0;
const USER: usize = 1;
const GPUS: usize = 2;
const STATE: usize = 3;
pub(super) const SUBMIT: usize = 4;
/// The first column of a log's own.
pub(super) const OWN: usize = 5;

/// Reads a row; how long its job ran is the log's own matter, and none: it never did.
pub(super) fn read(line: &Line<'_>, work: fn(&Line<'_>) -> Result<Option<Span>, SourceError>) -> Result<Found, SourceError> {
    let gpus = line.count(GPUS)?;
    if gpus == 0 {
        return Ok(Found::LeftOut("without GPUs"));
    }
    let Some(work) = work(line)? else { return Ok(Found::LeftOut("never started")) };
    let Some(outcome) = outcome(line)? else { return Ok(Found::LeftOut("suspended")) };
    Ok(Found::Job(Recorded {
        submit_us: line.date_needed(SUBMIT)?,
        gpus,
        work,
        estimate: None,
        user: line.text(USER).to_vec(),
        outcome,
    }))
}

/// Reads a state; none: suspended.
fn outcome(line: &Line<'_>) -> Result<Option<Outcome>, SourceError> {
    Ok(Some(match line.text(STATE) {
        b"COMPLETED" => Outcome::Completed,
        b"CANCELLED" => Outcome::Cancelled,
        b"FAILED" | b"TIMEOUT" | b"NODE_FAIL" => Outcome::Failed,
        b"SUSPENDED" => return Ok(None),
        _ => return Err(line.complain(STATE, "is unknown", "`COMPLETED`, `CANCELLED`, `FAILED`, `TIMEOUT` or `NODE_FAIL`")),
    }))
}
