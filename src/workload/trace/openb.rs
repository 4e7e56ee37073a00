//! Alibaba openb: pods of a cluster with shared GPUs, 2023 (Weng et al. 2023, "Beware of fragmentation";
//! github.com/hkust-adsl/kubernetes-scheduler-simulator, Apache-2.0).
//!
//! | column | read as |
//! |---|---|
//! | `name` | the job's id |
//! | `num_gpu` | its gang; a pod that asks for a part of one GPU (`gpu_milli` below 1000) gets a whole one |
//! | `creation_time` | when it was submitted, in seconds on the log's own clock |
//! | `scheduled_time`, `deletion_time` | their difference is its work |
//! | `pod_phase` | `Succeeded` and `Running` completed, `Failed` failed |
//!
//! Quirks: pods that are `Pending` were never scheduled, pods without GPUs are of no concern here: both are left out and counted. Those that were
//! still running when the log was taken end with it. Rows are in order. `cpu_milli`, `memory_mib`, `gpu_milli`, `gpu_spec` and `qos` are left aside.

use super::foreign::{Found, Layout, Line, Recorded};
use crate::base::Span;
use crate::model::{Outcome, SourceError};

pub(super) static OPENB: Layout = Layout {
    columns: &["name", "num_gpu", "creation_time", "deletion_time", "scheduled_time", "pod_phase"],
    needed: 6,
    aside: &["cpu_milli", "memory_mib", "gpu_milli", "gpu_spec", "qos"],
    headless: None,
    id: &[NAME],
    submit: CREATED,
    model: None,
    read,
};
const NAME: usize = 0;
const GPUS: usize = 1;
const CREATED: usize = 2;
const DELETED: usize = 3;
const SCHEDULED: usize = 4;
const PHASE: usize = 5;

fn read(line: &Line<'_>) -> Result<Found, SourceError> {
    let gpus = line.count(GPUS)?;
    if gpus == 0 {
        return Ok(Found::LeftOut("without GPUs"));
    }
    let Some(scheduled) = line.micros(SCHEDULED)? else { return Ok(Found::LeftOut("never started")) };
    let deleted = line.seconds_since_zero(DELETED)?;
    let work = u64::try_from(deleted - scheduled).map_err(|_| line.complain(DELETED, "is before the start", "a pod is deleted after it started"))?;
    Ok(Found::Job(Recorded {
        submit_us: line.seconds_since_zero(CREATED)?,
        gpus,
        work: Span(work),
        estimate: None,
        user: Vec::new(),
        outcome: match line.text(PHASE) {
            b"Running" | b"Succeeded" => Outcome::Completed,
            b"Failed" => Outcome::Failed,
            b"Pending" => return Ok(Found::LeftOut("never started")),
            _ => return Err(line.complain(PHASE, "is unknown", "`Running`, `Succeeded`, `Failed` or `Pending`")),
        },
    }))
}
