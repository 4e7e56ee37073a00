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

use super::foreign::{Found, Layout, Line};
use super::slurm;
use crate::model::SourceError;

pub(super) static HELIOS: Layout = Layout {
    columns: &["job_id", "user", "gpu_num", "state", "submit_time", "duration"],
    needed: 6,
    aside: &["vc", "cpu_num", "node_num", "start_time", "end_time", "queue"],
    headless: None,
    id: &[slurm::JOB],
    submit: slurm::SUBMIT,
    model: None,
    read,
};
const DURATION: usize = slurm::OWN;

fn read(line: &Line<'_>) -> Result<Found, SourceError> {
    slurm::read(line, |line| line.span(DURATION).map(Some))
}
