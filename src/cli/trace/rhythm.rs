//! Whether a log's arrivals follow the hours of the day and the days of the week, or only seem to.

use super::survey::{Survey, weekday};
use crate::stats::homogeneity::{Homogeneity, homogeneity};

/// Profiles are used where differences like theirs come by chance less often than this.
pub(super) const CHANCE_BELOW: f64 = 0.01;

/// A cycle that arrivals may follow.
struct Cycle {
    /// Its key in a scenario.
    key: &'static str,
    /// What it distinguishes, in words.
    kinds_are: &'static str,
    kinds: usize,
    /// A log shorter than this many days does not show it.
    days: f64,
    /// The kind of an hour, which is counted from the clock's zero.
    kind: fn(i64) -> usize,
}

static CYCLES: [Cycle; 2] = [
    Cycle { key: "by_hour", kinds_are: "hours of the day", kinds: 24, days: 2.0, kind: |hour| hour.rem_euclid(24) as usize },
    Cycle { key: "by_weekday", kinds_are: "weekdays", kinds: 7, days: 14.0, kind: |hour| weekday(hour.div_euclid(24)) },
];

/// What is known of one cycle.
#[derive(Debug)]
pub(super) struct Rhythm {
    /// Its key in a scenario.
    pub(super) key: &'static str,
    /// What it distinguishes, in words.
    pub(super) kinds_are: &'static str,
    /// Days that a log must have at least to show it.
    pub(super) days: f64,
    kind: fn(i64) -> usize,
    /// Jobs per hour of each kind, scaled to a mean of one; none where the log is too short.
    weights: Option<Vec<f64>>,
    /// Whether they are more than chance; none where there are too few jobs to tell.
    pub(super) test: Option<Homogeneity>,
}

impl Rhythm {
    /// Returns the weights where the log supports them.
    pub(super) fn supported(&self) -> Option<&[f64]> {
        self.weights.as_deref().filter(|_| self.test.is_some_and(|test| test.p < CHANCE_BELOW))
    }
    /// Tells whether the log is too short to show it.
    pub(super) fn is_unseen(&self) -> bool {
        self.weights.is_none()
    }
}

/// Finds the rhythms of the hours and of the weekdays.
pub(super) fn rhythms(survey: &Survey) -> Vec<Rhythm> {
    let Some((first, last)) = survey.hours_of_clock() else { return Vec::new() };
    let days = (last - first + 1) as f64 / 24.0;
    let tally = |cycle: &Cycle| {
        let (mut jobs, mut hours) = (vec![0; cycle.kinds], vec![0; cycle.kinds]);
        for hour in first..=last {
            jobs[(cycle.kind)(hour)] += survey.jobs_in_hour(hour);
            hours[(cycle.kind)(hour)] += 1;
        }
        (jobs, hours)
    };
    let mut found: Vec<Rhythm> = CYCLES
        .iter()
        .map(|cycle| {
            let (jobs, hours) = tally(cycle);
            let weights = (days >= cycle.days).then(|| weights(&jobs, &hours));
            Rhythm { key: cycle.key, kinds_are: cycle.kinds_are, days: cycle.days, kind: cycle.kind, weights, test: None }
        })
        .collect();
    let all: Vec<_> = found.iter().filter_map(|rhythm| rhythm.weights.as_deref().map(|weights| (rhythm.kind, weights))).collect();
    let Some((dispersion, degrees_of_freedom)) = dispersion_under(survey, &all) else { return found };
    let tests: Vec<_> = CYCLES
        .iter()
        .map(|cycle| {
            let (jobs, hours) = tally(cycle);
            homogeneity(&jobs, &hours, dispersion, degrees_of_freedom)
        })
        .collect();
    for (rhythm, test) in found.iter_mut().zip(tests) {
        rhythm.test = test.filter(|_| rhythm.weights.is_some());
    }
    found
}

/// Returns the variance of hourly counts over their mean, under the rhythms that are supported: 1 for a Poisson process, more where arrivals come in
/// bursts.
pub(super) fn dispersion(survey: &Survey, rhythms: &[Rhythm]) -> Option<f64> {
    let supported: Vec<_> = rhythms.iter().filter_map(|rhythm| rhythm.supported().map(|weights| (rhythm.kind, weights))).collect();
    dispersion_under(survey, &supported).map(|(dispersion, _)| dispersion)
}

/// Returns Pearson's statistic of hourly counts over its degrees of freedom, and these: what the weights took is not counted.
fn dispersion_under(survey: &Survey, profiles: &[(fn(i64) -> usize, &[f64])]) -> Option<(f64, f64)> {
    let (first, last) = survey.hours_of_clock()?;
    let weight = |hour: i64| profiles.iter().map(|(kind, weights)| weights[kind(hour)]).product::<f64>();
    let total: f64 = (first..=last).map(weight).sum();
    let jobs = survey.jobs() as f64;
    let (mut sum, mut used) = (0.0, 0.0);
    for hour in first..=last {
        let expected = jobs * weight(hour) / total;
        if expected > 0.0 {
            let excess = survey.jobs_in_hour(hour) as f64 - expected;
            sum += excess * excess / expected;
            used += 1.0;
        }
    }
    let taken: usize = profiles.iter().map(|(_, weights)| weights.iter().filter(|weight| **weight > 0.0).count().saturating_sub(1)).sum();
    let degrees_of_freedom = used - 1.0 - taken as f64;
    (degrees_of_freedom >= 1.0).then(|| (sum / degrees_of_freedom, degrees_of_freedom))
}

fn weights(jobs: &[u64], hours: &[u64]) -> Vec<f64> {
    let rates: Vec<f64> = jobs.iter().zip(hours).map(|(jobs, hours)| if *hours > 0 { *jobs as f64 / *hours as f64 } else { 0.0 }).collect();
    let mean = rates.iter().sum::<f64>() / rates.len() as f64;
    rates.iter().map(|rate| rate / mean).collect()
}

#[cfg(test)]
mod tests {
    use super::super::survey::job;
    use super::*;
    use crate::base::random::Seed;

    /// A log of so many days, with jobs in each hour as told.
    fn log(days: i64, mut jobs: impl FnMut(i64) -> u64) -> Survey {
        let mut survey = Survey::default();
        for hour in 0..days * 24 {
            for number in 0..jobs(hour) {
                survey.add(&job(hour * 3600 + number as i64, 1, 1), 0);
            }
        }
        survey
    }
    fn supported(survey: &Survey) -> Vec<&'static str> {
        rhythms(survey).iter().filter(|rhythm| rhythm.supported().is_some()).map(|rhythm| rhythm.key).collect()
    }

    #[test]
    fn a_profile_is_found_again_and_bursts_show() {
        let steady = log(28, |hour| if hour % 24 < 12 { 2 } else { 6 });
        let found = rhythms(&steady);
        let by_hour = found[0].supported().expect("three times as many at night as by day are no chance");
        assert!((by_hour[0] - 0.5).abs() < 1e-9 && (by_hour[23] - 1.5).abs() < 1e-9);
        assert!(found[1].supported().is_none() && !found[1].is_unseen(), "all weekdays are alike");
        assert!(dispersion(&steady, &found).expect("many hours") < 1e-9);
        let bursts = log(28, |hour| if hour % 37 == 0 { 96 } else { 0 });
        assert!(dispersion(&bursts, &rhythms(&bursts)).expect("many hours") > 50.0);
        assert_eq!(supported(&bursts), Vec::<&str>::new(), "bursts at odd hours are no profile");
        assert!(rhythms(&log(1, |_| 40))[0].is_unseen());
        assert!(rhythms(&log(20, |hour| u64::from(hour % 24 == 0)))[0].test.is_none(), "twenty jobs tell nothing");
    }

    /// The test rejects what is true about as often as it says: of 200 logs of a constant rate, about two have a profile by chance.
    #[test]
    fn chance_is_not_taken_for_a_profile() {
        let stream = Seed { seed: 5, replication: 0 }.stream("rhythm", "test");
        let mut wrong = [0; 2];
        for round in 0..200 {
            let mut draws = stream.at(round);
            let mut next = draws.exponential();
            // Arrivals at a rate of 2 an hour.
            let survey = log(21, |hour| {
                let mut jobs = 0;
                while next < 2.0 * (hour + 1) as f64 {
                    next += draws.exponential();
                    jobs += 1;
                }
                jobs
            });
            for key in supported(&survey) {
                wrong[usize::from(key == "by_weekday")] += 1;
            }
        }
        assert!(wrong.iter().all(|count| (0..=7).contains(count)) && wrong.iter().sum::<i32>() > 0, "{wrong:?}");
    }
}
