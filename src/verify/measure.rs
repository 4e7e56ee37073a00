//! What a run measured, by the names that answers have.

use super::play::Seen;
use super::setting::units;
use crate::base::Time;
use crate::base::time::MICROS_PER_HOUR;
use crate::stats::{Moments, percentile};
use crate::world::records::{Fate, Totals};

/// A run's jobs and totals. Jobs count by their submission in the window; occupancy is that of the window.
#[derive(Debug)]
pub(super) struct Measured {
    /// Jobs in order of their number, also those outside the window.
    pub(super) jobs: Vec<Seen>,
    pub(super) totals: Totals,
}

/// Who is meant by an answer's suffix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    All,
    Workload(u32),
    Gang(u32),
}

impl Measured {
    /// Returns a measured value; `None` if the name is not one of these.
    pub(super) fn value(&self, name: &str) -> Option<f64> {
        let (what, who) = split(name);
        match what {
            "W" | "W_accepted" => self.mean(who, |job| (job.fate == Fate::Finished).then(|| length(job.submit, job.end))),
            "Wq" | "Wq_accepted" => self.mean(who, |job| started(job).then(|| length(job.submit, job.start))),
            "Wq_all" => self.mean(who, waited),
            "P_wait" => self.mean(who, |job| waited(job).map(|wait| f64::from(u8::from(wait > 0.0)))),
            "mean_completion" | "mean_residence" => self.mean(who, |job| started(job).then(|| length(job.start, job.end))),
            "P_block" => self.share(who, Fate::Rejected),
            "P_abandon" => self.share(who, Fate::Cancelled),
            "var_W" => self.moments(who, |job| started(job).then(|| length(job.submit, job.end))).variance(),
            "var_Wq" => self.moments(who, |job| started(job).then(|| length(job.submit, job.start))).variance(),
            "E_completion_sq" => self.mean(who, |job| started(job).then(|| length(job.start, job.end) * length(job.start, job.end))),
            "L" => Some(self.totals.system_job_us as f64 / self.window_us()),
            "Lq" => Some(self.totals.queued_job_us as f64 / self.window_us()),
            "throughput" | "max_throughput_jobs" | "accepted_rate" => Some(self.throughput()),
            "Wq_first_of_batch" => self.wait_of_first(),
            "P_L" | "P_all_busy" | "P_both_idle" => None,
            _ => self.of_pools(what).or_else(|| self.quantile(what, who)).or_else(|| self.of_occupancy(name)),
        }
    }

    fn of_pools(&self, what: &str) -> Option<f64> {
        let pools = self.totals.pools.as_slice();
        let sum = |part: fn(&crate::world::records::PoolTotals) -> u128| pools.iter().map(part).sum::<u128>() as f64;
        match what {
            "util" | "max_util" => Some(sum(|pool| pool.gpu_time.held) / sum(|pool| pool.installed)),
            "mean_busy_gpus" => Some(sum(|pool| pool.gpu_time.held) / self.window_us()),
            "availability" => Some(sum(|pool| pool.up) / sum(|pool| pool.installed)),
            "util_of_up_time" => Some(sum(|pool| pool.gpu_time.held) / sum(|pool| pool.up)),
            "mean_down" => Some((sum(|pool| pool.installed) - sum(|pool| pool.up)) / self.window_us()),
            "mean_gpus_idle_behind_blocked_gang" => Some(sum(|pool| pool.fragmented) / self.window_us()),
            _ => {
                let site: usize = what.strip_prefix("util_dc")?.parse().ok()?;
                pools.get(site).map(|pool| pool.gpu_time.held as f64 / pool.installed as f64)
            }
        }
    }

    /// `W_p95`, `Wq_p50`: nearest rank.
    fn quantile(&self, what: &str, who: Who) -> Option<f64> {
        let (of, percent) = what.split_once("_p")?;
        let thousandths = (percent.parse::<f64>().ok()? * 10.0).round() as usize;
        let mut values: Vec<u64> = match of {
            "W" => self.counted(who).filter(|job| started(job)).map(|job| job.end.since(job.submit).0).collect(),
            "Wq" => self.counted(who).filter(|job| started(job)).map(|job| job.start.since(job.submit).0).collect(),
            _ => return None,
        };
        values.sort_unstable();
        percentile::nearest_rank(&values, thousandths).map(|value| value as f64 / MICROS_PER_HOUR as f64)
    }

    /// What depends on the number of jobs in the system over time.
    fn of_occupancy(&self, name: &str) -> Option<f64> {
        let after = |prefix: &str| name.strip_prefix(prefix).and_then(|rest| rest.parse::<u64>().ok());
        match name {
            // A server is occupied by a job from its start to its end, also while it is being repaired.
            "frac_time_occupied" => {
                self.time_mean(|job| (job.start, job.end, i64::from(job.gpus)), |gpus| gpus as f64).map(|mean| mean / self.gpus())
            }
            "P_all_busy" => {
                let all = self.gpus();
                self.time_mean(|job| (job.start, job.end, i64::from(job.gpus)), |gpus| f64::from(u8::from(gpus as f64 >= all)))
            }
            "busy_period_mean" => self.busy_periods().mean(),
            "busy_period_var" => self.busy_periods().variance(),
            "var_L" => self.occupancy_mean(|level| (level as f64) * (level as f64)).map(|square| {
                let mean = self.totals.system_job_us as f64 / self.window_us();
                square - mean * mean
            }),
            "P_idle" | "P_both_idle" => self.occupancy_mean(|level| f64::from(u8::from(level == 0))),
            _ if name.starts_with("P_L_ge_") => after("P_L_ge_").and_then(|at| self.occupancy_mean(|level| f64::from(u8::from(level >= at)))),
            _ if name.starts_with("P_L_le_") => None,
            _ => after("P_L").and_then(|at| self.occupancy_mean(|level| f64::from(u8::from(level == at)))),
        }
    }

    /// Returns the time average of a function of the number of jobs in the system.
    pub(super) fn occupancy_mean(&self, of: impl Fn(u64) -> f64) -> Option<f64> {
        self.time_mean(|job| (job.submit, job.end, 1), of)
    }
    /// Returns the time average of a function of a level that every job raises by some amount from one instant to another.
    fn time_mean(&self, raised: impl Fn(&Seen) -> (Time, Time, i64), of: impl Fn(u64) -> f64) -> Option<f64> {
        let (from, to) = self.totals.window;
        let (mut since, mut level, mut sum) = (from, 0_u64, 0.0);
        self.follow_level(raised, |at, next| {
            let until = at.max(from).min(to);
            sum += of(level) * until.since(since).0 as f64;
            (since, level) = (until, next);
        });
        sum += of(level) * to.since(since).0 as f64;
        Some(sum / self.window_us())
    }
    /// Shows every change of a level, in order of time: the instant and the level from it on.
    fn follow_level(&self, raised: impl Fn(&Seen) -> (Time, Time, i64), mut each: impl FnMut(Time, u64)) {
        let mut changes: Vec<(Time, i64)> = Vec::with_capacity(self.jobs.len() * 2);
        for job in self.jobs.iter().filter(|job| job.fate != Fate::Rejected) {
            let (from, to, by) = raised(job);
            if from != Time::NEVER {
                changes.extend([(from, by), (to, -by)]);
            }
        }
        changes.sort_unstable();
        let mut level = 0_i64;
        for (at, change) in changes {
            level += change;
            each(at, level.max(0).unsigned_abs());
        }
    }
    /// Returns the lengths of the periods in which somebody is in the system: those that begin in the window.
    fn busy_periods(&self) -> Moments {
        let (from, to) = self.totals.window;
        let (mut since, mut lengths) = (None, Moments::default());
        self.follow_level(
            |job| (job.submit, job.end, 1),
            |at, level| match (since, level) {
                (None, 1..) => since = Some(at),
                (Some(begin), 0) => {
                    if begin >= from && begin <= to {
                        lengths.record(length(begin, at));
                    }
                    since = None;
                }
                _ => {}
            },
        );
        lengths
    }
    fn gpus(&self) -> f64 {
        self.totals.pools.iter().map(|pool| pool.installed).sum::<u128>() as f64 / self.window_us()
    }

    /// Counts the jobs in the system at an instant.
    pub(super) fn level_at(&self, at: Time) -> u64 {
        self.jobs.iter().filter(|job| job.submit <= at && job.end > at && job.fate != Fate::Rejected).count() as u64
    }

    fn throughput(&self) -> f64 {
        let (from, to) = self.totals.window;
        let ended = self.jobs.iter().filter(|job| job.fate == Fate::Finished && job.end > from && job.end <= to).count();
        ended as f64 / (self.window_us() / MICROS_PER_HOUR as f64)
    }

    /// The mean wait of jobs that are the first of those submitted at their instant.
    fn wait_of_first(&self) -> Option<f64> {
        let mut before = Time::NEVER;
        let mut waits = Moments::default();
        let (from, to) = self.totals.window;
        for job in &self.jobs {
            if job.submit != before && job.submit >= from && job.submit <= to && started(job) {
                waits.record(length(job.submit, job.start));
            }
            before = job.submit;
        }
        waits.mean()
    }

    fn counted(&self, who: Who) -> impl Iterator<Item = &Seen> {
        let (from, to) = self.totals.window;
        self.jobs.iter().filter(move |job| {
            let meant = match who {
                Who::All => true,
                Who::Workload(workload) => job.workload == workload,
                Who::Gang(gpus) => job.gpus == gpus,
            };
            meant && job.submit >= from && job.submit <= to
        })
    }
    fn moments(&self, who: Who, of: impl Fn(&Seen) -> Option<f64>) -> Moments {
        self.counted(who).filter_map(of).collect()
    }
    fn mean(&self, who: Who, of: impl Fn(&Seen) -> Option<f64>) -> Option<f64> {
        self.moments(who, of).mean()
    }
    fn share(&self, who: Who, fate: Fate) -> Option<f64> {
        self.mean(who, |job| Some(f64::from(u8::from(job.fate == fate))))
    }
    fn window_us(&self) -> f64 {
        let (from, to) = self.totals.window;
        to.since(from).0 as f64
    }
}

/// Splits an answer's name into what is measured and of whom: `Wq_2` is of the second workload, `P_block_g8` of gangs of eight.
fn split(name: &str) -> (&str, Who) {
    if let Some((what, suffix)) = name.rsplit_once('_') {
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
        if suffix == "all" && what == "W" {
            return (what, Who::All);
        }
        if let Some(gang) = suffix.strip_prefix('g').and_then(number) {
            return (what, Who::Gang(gang));
        }
        if matches!(what, "W" | "Wq" | "P_wait" | "P_block" | "P_abandon" | "mean_completion")
            && let Some(workload) = number(suffix)
        {
            return (what, Who::Workload(workload - 1));
        }
    }
    (name, Who::All)
}

fn started(job: &Seen) -> bool {
    job.start != Time::NEVER && job.fate == Fate::Finished
}
/// The time in the queue of a job that was let in, also if it gave up.
fn waited(job: &Seen) -> Option<f64> {
    match job.fate {
        Fate::Finished => Some(length(job.submit, job.start)),
        Fate::Cancelled => Some(length(job.submit, job.end)),
        _ => None,
    }
}
fn length(from: Time, to: Time) -> f64 {
    units(Time(to.since(from).0))
}
