//! SenseTime Helios, April to September 2020: `cluster_log.csv` of a cluster (Hu et al. 2021, "Characterization and prediction of deep learning
//! workloads in large-scale GPU datacenters"; github.com/S-Lab-System-Group/HeliosData). Tested on a sample made after the published description.
//!
//! | column | read as |
//! |---|---|
//! | `job_id` | the job's id |
//! | `user` | the user |
//! | `gpu_num` | its gang |
//! | `state` | `COMPLETED` completed, `CANCELLED` cancelled, `FAILED`, `TIMEOUT` and `NODE_FAIL` failed |
//! | `submit_time` | when it was submitted: a date without an offset, in local time (UTC+8), taken as UTC |
//! | `duration` | its work, in seconds |
//!
//! Quirks: CPU jobs (half of the log) are left out and counted, and so is the one job that ended `SUSPENDED`. There is no estimate. Left aside: `vc`,
//! `cpu_num`, `node_num`, `start_time`, `end_time`, `queue`.

use super::foreign::{Found, Layout, Line, Recorded};
use crate::model::{Outcome, SourceError};

pub(super) static HELIOS: Layout = Layout {
    columns: &["job_id", "user", "gpu_num", "state", "submit_time", "duration"],
    needed: 6,
    aside: &["vc", "cpu_num", "node_num", "start_time", "end_time", "queue"],
    headless: None,
    id: &[JOB],
    submit: SUBMIT,
    model: None,
    read,
};
const JOB: usize = 0;
const USER: usize = 1;
const GPUS: usize = 2;
const STATE: usize = 3;
const SUBMIT: usize = 4;
const DURATION: usize = 5;

fn read(line: &Line<'_>) -> Result<Found, SourceError> {
    let gpus = line.count(GPUS)?;
    if gpus == 0 {
        return Ok(Found::LeftOut("without GPUs"));
    }
    let Some(outcome) = outcome(line, STATE)? else { return Ok(Found::LeftOut("suspended")) };
    Ok(Found::Job(Recorded {
        submit_us: line.date_needed(SUBMIT)?,
        gpus,
        work: line.span(DURATION)?,
        estimate: None,
        user: line.text(USER).to_vec(),
        outcome,
    }))
}

/// Reads a state of Slurm as both logs of the group have it; none: suspended.
pub(super) fn outcome(line: &Line<'_>, column: usize) -> Result<Option<Outcome>, SourceError> {
    Ok(Some(match line.text(column) {
        b"COMPLETED" => Outcome::Completed,
        b"CANCELLED" => Outcome::Cancelled,
        b"FAILED" | b"TIMEOUT" | b"NODE_FAIL" => Outcome::Failed,
        b"SUSPENDED" => return Ok(None),
        _ => return Err(line.complain(column, "is unknown", "`COMPLETED`, `CANCELLED`, `FAILED`, `TIMEOUT` or `NODE_FAIL`")),
    }))
}
