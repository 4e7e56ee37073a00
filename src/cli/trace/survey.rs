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
    /// Returns weights of the hours and weekdays: jobs per hour of that kind, scaled to a mean of one. None where the log is shorter than two days,
    /// or two weeks.
    pub(super) fn profile(&self) -> (Option<[f64; 24]>, Option<[f64; 7]>) {
        let Some((&first, &last)) = self.by_hour_of_clock.keys().next().zip(self.by_hour_of_clock.keys().next_back()) else { return (None, None) };
        let days = (last - first + 1) as f64 / 24.0;
        let (mut hours, mut weekdays) = ([0_u64; 24], [0_u64; 7]);
        for hour in first..=last {
            hours[hour.rem_euclid(24) as usize] += 1;
            weekdays[weekday(hour.div_euclid(24))] += 1;
        }
        let by_hour = (days >= 2.0).then(|| weights(self.by_hour(), hours));
        (by_hour, (days >= 14.0).then(|| weights(self.by_weekday(), weekdays)))
    }
    /// Returns the variance of hourly counts over their mean under a profile: 1 for a Poisson process, more where arrivals come in bursts.
    pub(super) fn dispersion(&self, by_hour: Option<[f64; 24]>, by_weekday: Option<[f64; 7]>) -> Option<f64> {
        let (&first, &last) = self.by_hour_of_clock.keys().next().zip(self.by_hour_of_clock.keys().next_back())?;
        let weight = |hour: i64| {
            by_hour.map_or(1.0, |weights| weights[hour.rem_euclid(24) as usize])
                * by_weekday.map_or(1.0, |weights| weights[weekday(hour.div_euclid(24))])
        };
        let total: f64 = (first..=last).map(weight).sum();
        let jobs = self.jobs() as f64;
        let (mut sum, mut used) = (0.0, 0.0);
        for hour in first..=last {
            let expected = jobs * weight(hour) / total;
            if expected > 0.0 {
                let count = self.by_hour_of_clock.get(&hour).copied().unwrap_or(0) as f64;
                sum += (count - expected) * (count - expected) / expected;
                used += 1.0;
            }
        }
        (used > 1.0).then(|| sum / (used - 1.0))
    }
}

fn weekday(day: i64) -> usize {
    (day + 3).rem_euclid(7) as usize
}

fn weights<const N: usize>(jobs: [u64; N], hours: [u64; N]) -> [f64; N] {
    let rates: Vec<f64> = jobs.iter().zip(hours).map(|(jobs, hours)| if hours > 0 { *jobs as f64 / hours as f64 } else { 0.0 }).collect();
    let mean = rates.iter().sum::<f64>() / N as f64;
    std::array::from_fn(|index| rates[index] / mean)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Span;

    fn job(submit_s: i64, gpus: u32, user: u64) -> LoggedJob {
        let work = Span::seconds(3600);
        LoggedJob {
            id: 0,
            submit_us: submit_s * 1_000_000,
            gpus,
            work,
            estimate: Some(Span::seconds(7200)),
            user: Some(user),
            outcome: Outcome::Completed,
        }
    }

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
    fn a_profile_is_found_again_and_bursts_show() {
        let (mut steady, mut bursts) = (Survey::default(), Survey::default());
        for hour in 0..28 * 24_i64 {
            let jobs = if hour % 24 < 12 { 2 } else { 6 };
            for minute in 0..jobs {
                steady.add(&job(hour * 3600 + minute, 1, 1), 0);
            }
            for minute in 0..(if hour % 24 == 0 { 96 } else { 0 }) {
                bursts.add(&job(hour * 3600 + minute, 1, 1), 0);
            }
        }
        let (by_hour, by_weekday) = steady.profile();
        let by_hour = by_hour.expect("four weeks are long enough");
        assert!((by_hour[0] - 0.5).abs() < 1e-9 && (by_hour[23] - 1.5).abs() < 1e-9);
        assert!(by_weekday.expect("four weeks").iter().all(|weight| (weight - 1.0).abs() < 1e-9));
        assert!(steady.dispersion(Some(by_hour), None).expect("many hours") < 1e-9);
        assert!(bursts.dispersion(None, None).expect("many hours") > 50.0);
    }
}
