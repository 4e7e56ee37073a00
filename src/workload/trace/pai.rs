//! Alibaba PAI, July and August 2020: the table `pai_task_table` (Weng et al. 2022, "MLaaS in the wild"; github.com/alibaba/clusterdata,
//! cluster-trace-gpu-v2020). Tested on a sample made after the published description: the log itself is too large to lie beside this project.
//!
//! | column | read as |
//! |---|---|
//! | `job_name`, `task_name` | together the id; a task is a job here, as its instances start together |
//! | `inst_num`, `plan_gpu` | its gang: instances × GPUs of one, whose hundredths are rounded up (50.0 is half a GPU, and gets one) |
//! | `start_time`, `end_time` | its submission (the log has no better one for a task) and, as their difference, its work, in seconds |
//! | `status` | `Terminated` completed, `Failed` failed |
//!
//! Quirks: the file has no header (its columns stand in `pai_task_table.header`; with a header it is read as well); rows are in no order (`sort =
//! true` sorts them); times have an unknown constant taken off, but keep hour and weekday in UTC+8; CPU tasks, and tasks that never started or have
//! not ended, are left out and counted; users stand in another table. `plan_cpu`, `plan_mem` and `gpu_type` are left aside.

use super::foreign::{Found, Layout, Line, Recorded};
use crate::base::Span;
use crate::model::{Outcome, SourceError};

pub(super) static PAI: Layout = Layout {
    columns: &["job_name", "task_name", "inst_num", "status", "start_time", "end_time", "plan_gpu"],
    needed: 7,
    aside: &["plan_cpu", "plan_mem", "gpu_type"],
    headless: Some(&["job_name", "task_name", "inst_num", "status", "start_time", "end_time", "plan_cpu", "plan_mem", "plan_gpu", "gpu_type"]),
    id: &[JOB, TASK],
    submit: START,
    model: None,
    read,
};
const JOB: usize = 0;
const TASK: usize = 1;
const INSTANCES: usize = 2;
const STATUS: usize = 3;
const START: usize = 4;
const END: usize = 5;
const PLAN_GPU: usize = 6;

/// `plan_gpu` counts hundredths of a GPU, here with four more digits.
const GPU: i64 = 100 * 10_000;

fn read(line: &Line<'_>) -> Result<Found, SourceError> {
    let plan = line.scaled(PLAN_GPU, 4, "hundredths of a GPU, at least 0")?.unwrap_or(0);
    let plan = u64::try_from(plan).map_err(|_| line.complain(PLAN_GPU, "is negative", "hundredths of a GPU, at least 0"))?;
    let gpus = plan.div_ceil(GPU.unsigned_abs()) * u64::from(line.count(INSTANCES)?);
    if gpus == 0 {
        return Ok(Found::LeftOut("without GPUs"));
    }
    let Some(start) = line.micros(START)? else { return Ok(Found::LeftOut("never started")) };
    let Some(end) = line.micros(END)?.filter(|end| *end > 0) else { return Ok(Found::LeftOut("not ended in the log")) };
    let work = u64::try_from(end - start).map_err(|_| line.complain(END, "is before the start", "a task ends after it started"))?;
    Ok(Found::Job(Recorded {
        submit_us: start,
        gpus: u32::try_from(gpus).map_err(|_| line.complain(INSTANCES, "is too large", "a gang has at most 4294967295 GPUs"))?,
        work: Span(work),
        estimate: None,
        user: Vec::new(),
        outcome: match line.text(STATUS) {
            b"Terminated" => Outcome::Completed,
            b"Failed" => Outcome::Failed,
            b"Running" | b"Waiting" => return Ok(Found::LeftOut("not ended in the log")),
            _ => return Err(line.complain(STATUS, "is unknown", "`Terminated`, `Failed`, `Running` or `Waiting`")),
        },
    }))
}
