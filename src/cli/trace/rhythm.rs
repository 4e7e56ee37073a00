//! Whether a log's arrivals follow the hours of the day and the days of the week, or only seem to.
//!
//! Jobs come in bursts, so that the law of any statistic of their hours is unknown: the tests permute what would be exchangeable without a rhythm.
//! For the hours every day is turned by a number of hours of its own, which leaves bursts whole; for the weekdays whole days change places.

use super::survey::{Survey, weekday};
use crate::base::random::{Draws, Seed};
use crate::stats::permutation::p_value;

/// Profiles are used where differences like theirs come by chance less often than this.
pub(super) const CHANCE_BELOW: f64 = 0.01;
/// Permutations of a test.
pub(super) const PERMUTATIONS: u32 = 999;

/// What is known of one cycle that arrivals may follow.
#[derive(Debug)]
pub(super) struct Rhythm {
    cycle: &'static Cycle,
    /// Jobs per hour of each kind, scaled to a mean of one, and the probability of such differences, or larger ones, by chance; none where the log is
    /// too short.
    found: Option<(Vec<f64>, f64)>,
}

/// A cycle.
#[derive(Debug)]
struct Cycle {
    /// Its key in a scenario.
    key: &'static str,
    kinds: usize,
    /// A log of fewer whole days does not show it.
    days: usize,
    /// Tells the kind of an hour, which is counted from the clock's zero.
    kind: fn(i64) -> usize,
    /// Tests whole days of hourly counts.
    test: fn(&[[u64; 24]]) -> f64,
}

static CYCLES: [Cycle; 2] = [
    Cycle { key: "by_hour", kinds: 24, days: 2, kind: |hour| hour.rem_euclid(24) as usize, test: turn_days },
    Cycle { key: "by_weekday", kinds: 7, days: 14, kind: |hour| weekday(hour.div_euclid(24)), test: shuffle_days },
];

impl Rhythm {
    /// Returns its key in a scenario.
    pub(super) fn key(&self) -> &'static str {
        self.cycle.key
    }
    /// Returns how many whole days a log must have at least to show it.
    pub(super) fn days(&self) -> usize {
        self.cycle.days
    }
    /// Returns the probability of such differences by chance; none where the log is too short.
    pub(super) fn chance(&self) -> Option<f64> {
        self.found.as_ref().map(|(_, chance)| *chance)
    }
    /// Returns the weights where the log supports them.
    pub(super) fn supported(&self) -> Option<&[f64]> {
        self.found.as_ref().filter(|(_, chance)| *chance < CHANCE_BELOW).map(|(weights, _)| weights.as_slice())
    }
}

/// Finds the rhythms of the hours and of the weekdays.
pub(super) fn rhythms(survey: &Survey) -> Vec<Rhythm> {
    let Some((first, last)) = survey.hours_of_clock() else { return Vec::new() };
    let whole_days = (first + 23).div_euclid(24)..(last + 1).div_euclid(24);
    let days: Vec<[u64; 24]> = whole_days.map(|day| std::array::from_fn(|hour| survey.jobs_in_hour(day * 24 + hour as i64))).collect();
    let found = |cycle: &Cycle| {
        let (mut jobs, mut hours) = (vec![0; cycle.kinds], vec![0; cycle.kinds]);
        for hour in first..=last {
            jobs[(cycle.kind)(hour)] += survey.jobs_in_hour(hour);
            hours[(cycle.kind)(hour)] += 1;
        }
        (weights(&jobs, &hours), (cycle.test)(&days))
    };
    CYCLES.iter().map(|cycle| Rhythm { cycle, found: (days.len() >= cycle.days).then(|| found(cycle)) }).collect()
}

/// Returns the variance of hourly counts over their mean, under the rhythms that are supported: 1 for a Poisson process, more where arrivals come in
/// bursts.
pub(super) fn dispersion(survey: &Survey, rhythms: &[Rhythm]) -> Option<f64> {
    let (first, last) = survey.hours_of_clock()?;
    let supported: Vec<_> = rhythms.iter().filter_map(|rhythm| rhythm.supported().map(|weights| (rhythm.cycle.kind, weights))).collect();
    let weight = |hour: i64| supported.iter().map(|(kind, weights)| weights[kind(hour)]).product::<f64>();
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
    // What the weights were fitted with is not left to vary.
    let taken: usize = supported.iter().map(|(_, weights)| weights.iter().filter(|weight| **weight > 0.0).count().saturating_sub(1)).sum();
    let degrees_of_freedom = used - 1.0 - taken as f64;
    (degrees_of_freedom >= 1.0).then(|| sum / degrees_of_freedom)
}

fn turn_days(days: &[[u64; 24]]) -> f64 {
    let statistic = |turned_by: &mut dyn FnMut() -> usize| {
        let mut sums = [0_u64; 24];
        for day in days {
            let by = turned_by();
            sums.iter_mut().enumerate().for_each(|(hour, sum)| *sum += day[(hour + by) % 24]);
        }
        sums.iter().map(|sum| *sum as f64 * *sum as f64).sum::<f64>()
    };
    p_value(statistic(&mut || 0), PERMUTATIONS, |round| {
        let mut draws = draws(round);
        statistic(&mut || draws.below(24) as usize)
    })
}

fn shuffle_days(days: &[[u64; 24]]) -> f64 {
    let mut totals: Vec<u64> = days.iter().map(|day| day.iter().sum()).collect();
    let statistic = |totals: &[u64]| {
        let (mut sums, mut counts) = ([0_u64; 7], [0_u64; 7]);
        for (at, total) in totals.iter().enumerate() {
            sums[at % 7] += total;
            counts[at % 7] += 1;
        }
        sums.iter().zip(counts).map(|(sum, count)| *sum as f64 * *sum as f64 / count as f64).sum::<f64>()
    };
    // Equal statistics differ by what rounding makes of their order.
    let observed = statistic(&totals) * (1.0 - 1e-12);
    p_value(observed, PERMUTATIONS, |round| {
        let mut draws = draws(round);
        for last in (1..totals.len()).rev() {
            totals.swap(last, draws.below(last as u64 + 1) as usize);
        }
        statistic(&totals)
    })
}

/// The same log gives the same table: permutations are drawn from a stream of their own.
fn draws(round: u32) -> Draws {
    Seed { seed: 0, replication: 0 }.stream("trace fit", "permutation").at(round.into())
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
        rhythms(survey).iter().filter(|rhythm| rhythm.supported().is_some()).map(Rhythm::key).collect()
    }

    #[test]
    fn a_profile_is_found_again_and_bursts_show() {
        let steady = log(28, |hour| if hour % 24 < 12 { 2 } else { 6 });
        let found = rhythms(&steady);
        let by_hour = found[0].supported().expect("three times as many at night as by day are no chance");
        assert!((by_hour[0] - 0.5).abs() < 1e-9 && (by_hour[23] - 1.5).abs() < 1e-9);
        assert_eq!(found[1].chance(), Some(1.0), "all weekdays are alike");
        assert!(dispersion(&steady, &found).expect("many hours") < 1e-9);
        // 1970 began on a Thursday: the third and fourth days of the log are a weekend.
        let weekends = log(28, |hour| if matches!(hour / 24 % 7, 2 | 3) { 1 } else { 4 });
        assert_eq!(supported(&weekends), ["by_weekday"]);
        let bursts = log(28, |hour| if hour % 37 == 0 { 96 } else { 1 });
        assert_eq!(supported(&bursts), Vec::<&str>::new(), "bursts at odd hours are no profile");
        assert!(dispersion(&bursts, &rhythms(&bursts)).expect("many hours") > 50.0);
        assert_eq!(rhythms(&log(1, |_| 40))[0].chance(), None);
        assert_eq!(rhythms(&log(13, |_| 1))[1].chance(), None);
    }

    /// The test rejects what is true about as often as it says, also where jobs come in bursts of hours: of two hundred profiles of logs of a
    /// constant rate two are expected to be used, and more than six hardly ever.
    #[test]
    fn chance_is_not_taken_for_a_profile() {
        let stream = Seed { seed: 5, replication: 0 }.stream("rhythm", "test");
        for burst in [1, 30] {
            let mut wrong = 0;
            for round in 0..100 {
                let mut draws = stream.at(round);
                let mut left = 0;
                let survey = log(21, |_| {
                    // Half of the hours begin a burst, whose jobs come ten an hour.
                    left += if draws.below(2 * burst) == 0 { burst } else { 0 };
                    let now = left.min(10);
                    left -= now;
                    now
                });
                wrong += supported(&survey).len();
            }
            assert!(wrong <= 6, "{wrong} profiles where there are none, in bursts of {burst}");
        }
    }
}
