//! Shanghai AI Laboratory's Acme, March to August 2023: `trace_seren.csv` and `trace_kalos.csv` (Hu et al. 2024, "Characterization of large language
//! model development in the datacenter"; github.com/InternLM/AcmeTrace). Tested on a sample made after the published description.
//!
//! | column | read as |
//! |---|---|
//! | `job_id` | the job's id |
//! | `user` | the user |
//! | `gpu_num` | its gang |
//! | `state` | `COMPLETED` completed, `CANCELLED` cancelled, `FAILED`, `TIMEOUT` and `NODE_FAIL` failed |
//! | `submit_time` | when it was submitted: a date with its offset from UTC |
//! | `start_time`, `end_time` | their difference is its work |
//!
//! Quirks: `duration` is left aside, as in Kalos it counts the wait too (the published example: started 11:01:08, ended 11:01:16, duration 18, of
//! which 10 in the queue). CPU jobs and jobs that never started are left out and counted. There is no estimate. Seren's dates are in UTC+8, those of
//! Kalos in UTC, which the offsets say. Also left aside: `node_num`, `cpu_num`, `type`, `queue`, `gpu_time`, and Kalos' `mem_per_pod_GB`,
//! `shared_mem_per_pod`, `fail_time`, `stop_time`.

use super::foreign::{Found, Layout, Line};
use super::slurm;
use crate::base::Span;
use crate::model::SourceError;

pub(super) static ACME: Layout = Layout {
    columns: &["job_id", "user", "gpu_num", "state", "submit_time", "start_time", "end_time"],
    needed: 7,
    aside: &["node_num", "cpu_num", "type", "queue", "duration", "gpu_time", "mem_per_pod_GB", "shared_mem_per_pod", "fail_time", "stop_time"],
    headless: None,
    id: &[slurm::JOB],
    submit: slurm::SUBMIT,
    model: None,
    read,
};
const START: usize = slurm::OWN;
const END: usize = slurm::OWN + 1;

fn read(line: &Line<'_>) -> Result<Found, SourceError> {
    slurm::read(line, |line| {
        let (Some(start), Some(end)) = (line.date(START)?, line.date(END)?) else { return Ok(None) };
        let work = u64::try_from(end - start).map_err(|_| line.complain(END, "is before the start", "a job ends after it started"))?;
        Ok(Some(Span(work)))
    })
}
