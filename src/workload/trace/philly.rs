//! A slice of Microsoft Philly: jobs that passed, as one table (Jeon et al. 2019, "Analysis of large-scale multi-tenant GPU clusters for DNN training
//! workloads"; github.com/msr-fiddle/philly-traces, CC-BY-4.0, by way of the artifact of github.com/siasosp23/artifacts).
//!
//! | column | read as |
//! |---|---|
//! | `timestamp` | when it was submitted: a date without an offset, in the cluster's local time (US Pacific), taken as UTC |
//! | `duration` | its work, in seconds |
//! | `num_gpus` | its gang |
//! | `cluster` | its virtual cluster, which stands in for the user |
//!
//! Quirks: rows are in no order (`sort = true` sorts them); there is no id (a job is known by the number of its row) and no estimate; only jobs that
//! passed are in it, so that its load is less than that of the cluster. `gpu_time`, duration × GPUs, is left aside. The original JSON log is not
//! read.

use super::foreign::{Found, Layout, Line, Recorded};
use crate::model::{Outcome, SourceError};

pub(super) static PHILLY: Layout = Layout {
    columns: &["timestamp", "duration", "num_gpus", "cluster"],
    needed: 3,
    aside: &["gpu_time"],
    headless: None,
    id: &[],
    submit: TIMESTAMP,
    model: None,
    read,
};
const TIMESTAMP: usize = 0;
const DURATION: usize = 1;
const GPUS: usize = 2;
const CLUSTER: usize = 3;

fn read(line: &Line<'_>) -> Result<Found, SourceError> {
    Ok(Found::Job(Recorded {
        submit_us: line.date_needed(TIMESTAMP)?,
        gpus: line.gang(GPUS)?,
        work: line.span(DURATION)?,
        estimate: None,
        user: line.text(CLUSTER).to_vec(),
        outcome: Outcome::Completed,
    }))
}
