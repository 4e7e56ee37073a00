//! Microsoft ITP: ten GPU clusters, March to May 2021 (Gu et al. 2023, "ElasticFlow"; github.com/microsoft/elasticflow-traces, MIT).
//!
//! | column | read as |
//! |---|---|
//! | `job_id` | the job's id, a UUID |
//! | `submission_time` | when it was submitted, in seconds on the log's own clock |
//! | `duration` | its work, in seconds: the time that it ran, without its wait |
//! | `num_gpu` | its gang |
//!
//! Quirks: there is no estimate (the run time stands in), no user, and no outcome; how large the clusters are is not published. Rows are in order.

use super::foreign::{Found, Layout, Line, Recorded};
use crate::model::{Outcome, SourceError};

pub(super) static ITP: Layout = Layout {
    columns: &["job_id", "submission_time", "duration", "num_gpu"],
    needed: 4,
    aside: &[],
    headless: None,
    id: &[JOB],
    submit: SUBMIT,
    model: None,
    read,
};
const JOB: usize = 0;
const SUBMIT: usize = 1;
const DURATION: usize = 2;
const GPUS: usize = 3;

fn read(line: &Line<'_>) -> Result<Found, SourceError> {
    Ok(Found::Job(Recorded {
        submit_us: line.seconds_since_zero(SUBMIT)?,
        gpus: line.gang(GPUS)?,
        work: line.span(DURATION)?,
        estimate: None,
        user: Vec::new(),
        outcome: Outcome::Completed,
    }))
}
