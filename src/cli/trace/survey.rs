//! One pass over a log in bounded memory: distributions, arrivals by hour and weekday, users.

use crate::base::time::MICROS_PER_HOUR;
use crate::model::Outcome;
use crate::stats::Histogram;
use crate::workload::trace::LoggedJob;
use std::collections::BTreeMap;

/// Users that are told apart; jobs of later ones are counted together.
const USERS_TOLD_APART: usize = 1 << 20;
/// Clocks from here on (1995) count from 1970: hours and weekdays are those of the calendar.
const EPOCH_FROM_US: i64 = 800_000_000 * 1_000_000;
const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR as i64;

/// What is known of a log.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Jobs by how they ended.
    pub(super) outcomes: [u64; 3],
    /// The first and the last submission, in µs on the log's clock.
    pub(super) span_us: Option<(i64, i64)>,
    /// The last end if no job waited, in µs on the log's clock.
    last_end_us: Option<i128>,
    /// Run times in µs.
    pub(super) work: Histogram,
    /// Sizes of gangs.
    pub(super) gpus: Histogram,
    /// GPU time of a job, in GPU-ms.
    pub(super) gpu_time: Histogram,
    /// Estimate ÷ run time in thousandths, of jobs that ran and have an estimate.
    pub(super) estimate: Histogram,
    /// Jobs with an estimate.
    pub(super) estimated: u64,
    /// By size of gang: jobs, GPU time in GPU-µs.
    pub(super) by_size: BTreeMap<u32, (u64, u128)>,
    /// By user: jobs, GPU time in GPU-µs.
    pub(super) users: BTreeMap<u64, (u64, u128)>,
    /// Jobs of users beyond those that are told apart.
    pub(super) other_users: u64,
    /// Jobs by hour on the shifted clock, from its zero.
    by_hour_of_clock: BTreeMap<i64, u64>,
}

impl Survey {
    /// Adds a job; its clock is moved by so much for hours and weekdays.
    pub(super) fn add(&mut self, job: &LoggedJob, shift_us: i64) {
        self.outcomes[job.outcome as usize] += 1;
        let (first, last) = self.span_us.unwrap_or((job.submit_us, job.submit_us));
        self.span_us = Some((first.min(job.submit_us), last.max(job.submit_us)));
        let end = i128::from(job.submit_us) + i128::from(job.work.0);
        self.last_end_us = Some(self.last_end_us.map_or(end, |last| last.max(end)));
        let gpu_us = u128::from(job.work.0) * u128::from(job.gpus);
        self.work.record(job.work.0);
        self.gpus.record(job.gpus.into());
        self.gpu_time.record(u64::try_from(gpu_us / 1000).unwrap_or(u64::MAX));
        if let Some(estimate) = job.estimate {
            self.estimated += 1;
            if let Some(thousandths) = estimate.0.saturating_mul(1000).checked_div(job.work.0) {
                self.estimate.record(thousandths);
            }
        }
        add(self.by_size.entry(job.gpus).or_default(), gpu_us);
        match job.user {
            Some(user) if self.users.len() < USERS_TOLD_APART || self.users.contains_key(&user) => add(self.users.entry(user).or_default(), gpu_us),
            Some(_) => self.other_users += 1,
            None => {}
        }
        let hour = job.submit_us.saturating_add(shift_us).div_euclid(MICROS_PER_HOUR as i64);
        *self.by_hour_of_clock.entry(hour).or_default() += 1;
    }
    /// Counts jobs.
    pub(super) fn jobs(&self) -> u64 {
        self.outcomes.iter().sum()
    }
    /// Counts jobs that ended in one way.
    pub(super) fn ended(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize]
    }
    /// Returns GPU time, in GPU-hours.
    pub(super) fn gpu_hours(&self) -> f64 {
        hours(self.by_size.values().map(|(_, gpu_us)| gpu_us).sum())
    }
    /// Tells whether the clock counts from 1970, so that its hours and weekdays are those of the calendar.
    pub(super) fn counts_from_1970(&self) -> bool {
        self.span_us.is_some_and(|(first, _)| first >= EPOCH_FROM_US)
    }
    /// Returns the time from the first to the last submission, in seconds.
    pub(super) fn span_s(&self) -> f64 {
        self.span_us.map_or(0.0, |(first, last)| (last - first) as f64 / 1e6)
    }
    /// Counts jobs by hour of the day.
    pub(super) fn by_hour(&self) -> [u64; 24] {
        let mut counts = [0; 24];
        for (hour, jobs) in &self.by_hour_of_clock {
            counts[hour.rem_euclid(24) as usize] += jobs;
        }
        counts
    }
    /// Counts jobs by weekday from Monday; 1970 began on a Thursday.
    pub(super) fn by_weekday(&self) -> [u64; 7] {
        let mut counts = [0; 7];
        for (hour, jobs) in &self.by_hour_of_clock {
            counts[weekday(hour.div_euclid(24))] += jobs;
        }
        counts
    }
    /// Returns the first and the last hour with a job, counted from the zero of the shifted clock.
    pub(super) fn hours_of_clock(&self) -> Option<(i64, i64)> {
        Some((*self.by_hour_of_clock.keys().next()?, *self.by_hour_of_clock.keys().next_back()?))
    }
    /// Counts the jobs of such an hour.
    pub(super) fn jobs_in_hour(&self, hour: i64) -> u64 {
        self.by_hour_of_clock.get(&hour).copied().unwrap_or(0)
    }
    /// Returns the GPUs that would be busy on average from the first submission to the last end if no job had to wait; none if that takes no time.
    ///
    /// How long jobs really waited is no part of a log here, so the GPUs of the cluster do not bound this number.
    pub(super) fn offered_gpus(&self) -> Option<f64> {
        let (first, _) = self.span_us?;
        let hours = (self.last_end_us? - i128::from(first)) as f64 / MICROS_PER_HOUR as f64;
        (hours > 0.0).then(|| self.gpu_hours() / hours)
    }
}

/// Returns the weekday of a day since 1970, from Monday.
pub(super) fn weekday(day: i64) -> usize {
    (day + 3).rem_euclid(7) as usize
}

fn add(entry: &mut (u64, u128), gpu_us: u128) {
    entry.0 += 1;
    entry.1 += gpu_us;
}

/// Returns GPU-µs as GPU-hours.
pub(super) fn hours(gpu_us: u128) -> f64 {
    gpu_us as f64 / MICROS_PER_HOUR as f64
}

/// Writes an instant of the log's clock: a date where it counts from 1970, else seconds.
pub(super) fn instant(micros: i64, from_1970: bool) -> String {
    let seconds = micros.div_euclid(1_000_000);
    if !from_1970 {
        return format!("{seconds} s");
    }
    let day = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(micros.div_euclid(MICROS_PER_DAY)));
    day.map_or_else(|_| format!("{seconds} s"), |day| day.to_string())
}

/// Makes a job of an hour.
#[cfg(test)]
pub(super) fn job(submit_s: i64, gpus: u32, user: u64) -> LoggedJob {
    let hours = |hours| crate::base::Span::hours(hours);
    let outcome = Outcome::Completed;
    LoggedJob { id: 0, submit_us: submit_s * 1_000_000, gpus, work: hours(1), estimate: Some(hours(2)), user: Some(user), outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_weekdays_are_those_of_the_shifted_calendar() {
        let mut survey = Survey::default();
        // 2025-06-01 23:30:00 UTC, a Sunday; eight hours later it is Monday morning.
        let sunday = 1_748_820_600;
        survey.add(&job(sunday, 4, 1), 0);
        assert_eq!((survey.by_hour()[23], survey.by_weekday()[6]), (1, 1));
        survey.add(&job(sunday, 2, 2), 8 * MICROS_PER_HOUR as i64);
        assert_eq!((survey.by_hour()[7], survey.by_weekday()[0]), (1, 1));
        assert_eq!((survey.gpu_hours(), survey.estimate.mean()), (6.0, Some(2000.0)));
        assert!(survey.counts_from_1970() && instant(sunday * 1_000_000, true) == "2025-06-01");
    }

    #[test]
    fn offered_gpus_are_over_the_time_to_the_last_end() {
        let mut survey = Survey::default();
        assert_eq!(survey.offered_gpus(), None);
        // Four jobs of 48 GPUs for an hour, submitted in the first hour: 192 GPU-hours up to the end of the second.
        for quarter in 0..4 {
            survey.add(&job(1_200 * quarter, 48, 1), 0);
        }
        assert_eq!((survey.gpu_hours(), survey.offered_gpus()), (192.0, Some(96.0)));
    }
}
