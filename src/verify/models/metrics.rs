//! Metric definitions: a recorded schedule is played, and the metrics of its run are compared with those worked out by hand.

use super::super::case::{Case, Problem, bad, field, id, number};
use super::super::judge::{Line, exact};
use super::super::play::play_under;
use super::super::setting::{Setting, units};
use super::trace;
use crate::base::Time;
use crate::base::random::Seed;
use crate::base::time::MICROS_PER_SECOND;
use crate::policy::{Needs, Plan, PolicyError, Scheduler, View};
use crate::stats::{Moments, fairness, percentile};
use crate::world::Allocation;
use crate::world::records::{JobRecord, Totals};

/// Starts each job at its recorded time; time is in seconds here.
struct Recorded {
    starts: Vec<Time>,
}

impl Scheduler for Recorded {
    fn needs(&self) -> Needs {
        Needs { every_event: true, ..Needs::default() }
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        let queued: Vec<_> = view.jobs().queued().collect();
        for job in queued {
            let attributes = view.job(job);
            let at = self.starts[attributes.number as usize];
            if at > view.now() {
                let _ = plan.wake_at(at);
                continue;
            }
            let pool = view.candidates(job)[0].pool;
            plan.place(job, &[Allocation::new(pool, attributes.gpus)]).map_err(|refusal| PolicyError(format!("{refusal:?}")))?;
        }
        Ok(())
    }
}

/// Plays the schedule and compares.
pub(super) fn run(case: &Case) -> Result<Vec<Line>, Problem> {
    let mut jobs = Vec::new();
    for job in case.list("jobs")? {
        let of = |key: &str| number("jobs", field("jobs", job, key)?);
        jobs.push((id(field("jobs", job, "id")?), of("submit")? / 3600.0, of("start")?, of("end")?, of("gpus")?));
    }
    jobs.sort_by(|a, b| a.1.total_cmp(&b.1));
    let starts = jobs.iter().map(|job| Time((job.2 * MICROS_PER_SECOND as f64).round() as u64)).collect();
    let row = |job: &(String, f64, f64, f64, f64)| (job.0.clone(), job.1, format!("{},{:.6}", job.4, job.3 - job.2));
    let file = trace::write("gpus,work_s", &mut jobs.iter().map(row).collect::<Vec<_>>())?;
    let window = case.numbers_of("window")?;
    let [from, to] = window[..] else { return Err(bad("window", "two instants are needed")) };
    let mut setting = Setting::new();
    setting.window(to / 3600.0, from / 3600.0);
    setting.site("s", case.count("gpus")?);
    setting.class("c", "");
    setting.workload("w", "c", &trace::keys(&file));
    let scenario = setting.build(&case.id)?;
    let mut records = Vec::new();
    let ending = play_under(&scenario, Seed { seed: 1, replication: 0 }, Recorded { starts }, &mut |job| records.push(job.clone()))?;
    let schedule = Schedule { records, totals: ending.totals };
    let mut lines = Vec::new();
    for (name, expected) in case.answer.as_object().into_iter().flatten() {
        if name == "little_check" {
            let arrivals = schedule.records.len() as f64 / schedule.window_s();
            let little = arrivals * schedule.mean(|job| Some(job.completion().as_secs_f64()));
            lines.push(exact("L against lam W", little, schedule.value("time_avg_in_system").unwrap_or(f64::NAN)));
        } else {
            let value = schedule.value(name).ok_or_else(|| Problem::Answer(name.clone()))?;
            lines.push(exact(name, number(name, expected)?, value));
        }
    }
    Ok(lines)
}

struct Schedule {
    records: Vec<JobRecord>,
    totals: Totals,
}

impl Schedule {
    fn value(&self, name: &str) -> Option<f64> {
        let pool = &self.totals.pools.as_slice()[0];
        let seconds = |job_us: u128| job_us as f64 / MICROS_PER_SECOND as f64;
        let wait = |job: &JobRecord| job.queue_wait().map(|wait| wait.as_secs_f64());
        let run = |job: &JobRecord| job.run.as_secs_f64();
        if let Some(tau) = name.strip_prefix("mean_bounded_slowdown_tau") {
            let tau: f64 = tau.parse().ok()?;
            // The metric that runs report has ten seconds.
            let bounded = |job: &JobRecord| (job.completion().as_secs_f64() / run(job).max(tau)).max(1.0);
            return Some(self.mean(|job| Some(if tau == 10.0 { job.bounded_slowdown() } else { bounded(job) })));
        }
        Some(match name {
            "mean_wait" => self.mean(wait),
            "mean_turnaround" => self.mean(|job| Some(job.completion().as_secs_f64())),
            "mean_slowdown" => self.mean(|job| Some(job.completion().as_secs_f64() / run(job))),
            "gpu_seconds" => seconds(pool.gpu_time.held),
            "utilisation" => pool.gpu_time.held as f64 / pool.installed as f64,
            "makespan" => {
                let first = self.records.iter().map(|job| job.submit).min()?;
                units(Time(self.records.iter().map(|job| job.end).max()?.since(first).0)) * 3600.0
            }
            "time_avg_in_system" => seconds(self.totals.system_job_us) / self.window_s(),
            "time_avg_queue" => seconds(self.totals.queued_job_us) / self.window_s(),
            "throughput" => self.records.len() as f64 / self.window_s(),
            "max_busy" => self.most_busy() as f64,
            "gpu_weighted_mean_wait" => {
                let gpus: f64 = self.records.iter().map(|job| f64::from(job.gpus)).sum();
                self.records.iter().filter_map(|job| Some(wait(job)? * f64::from(job.gpus))).sum::<f64>() / gpus
            }
            "jain_wait" => fairness::jain(self.records.iter().filter_map(wait))?,
            _ => return self.quantile(name),
        })
    }
    /// `p95_wait_type7`, `median_wait_nearest_rank`.
    fn quantile(&self, name: &str) -> Option<f64> {
        let (percent, rule) = name.split_once("_wait_").or_else(|| name.strip_suffix("_wait").map(|percent| (percent, "type7")))?;
        let percent: f64 = if percent == "median" { 50.0 } else { percent.strip_prefix('p')?.parse().ok()? };
        let mut waits: Vec<f64> = self.records.iter().filter_map(|job| Some(job.queue_wait()?.as_secs_f64())).collect();
        waits.sort_unstable_by(f64::total_cmp);
        match rule {
            "type7" => percentile::interpolated(&waits, percent / 100.0),
            "nearest_rank" => percentile::nearest_rank(&waits, (percent * 10.0).round() as usize),
            _ => None,
        }
    }
    fn most_busy(&self) -> i64 {
        let mut changes: Vec<(Time, i64)> = Vec::new();
        for job in &self.records {
            changes.extend([(job.first_start.unwrap_or(job.end), i64::from(job.gpus)), (job.end, -i64::from(job.gpus))]);
        }
        changes.sort_unstable();
        let level = |held: &mut i64, change: &(Time, i64)| {
            *held += change.1;
            Some(*held)
        };
        changes.iter().scan(0, level).max().unwrap_or(0)
    }
    fn mean(&self, of: impl Fn(&JobRecord) -> Option<f64>) -> f64 {
        self.records.iter().filter_map(of).collect::<Moments>().mean().unwrap_or(f64::NAN)
    }
    fn window_s(&self) -> f64 {
        let (from, to) = self.totals.window;
        to.since(from).as_secs_f64()
    }
}
