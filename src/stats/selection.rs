//! The choice of the best of several systems, and how to spend replications on it.

use super::{Moments, square};

/// What the choice of the best rests on.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SelectionRule {
    /// Replications from which variances are estimated, at least two: nobody is dropped before.
    pub first_stage: usize,
    /// Differences of means below this do not matter, in the unit of the samples; positive.
    pub indifference: f64,
    /// The probability with which the best is chosen if it is better than all others by at least `indifference`; below one.
    pub confidence: f64,
    /// Whether the smallest mean is the best, rather than the largest.
    pub smaller_is_better: bool,
}

/// How far a choice has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    /// Who may still be the best, in order. When it is decided: the best (several only if their means are equal to the last bit).
    pub survivors: Vec<usize>,
    /// After how many replications it was decided; `None`: more are needed.
    pub decided_after: Option<usize>,
}

/// Chooses the best of several systems by the fully sequential procedure KN (Kim & Nelson 2001, "A fully sequential procedure for
/// indifference-zone selection in simulation", with c = 1), which allows for common random numbers as it goes by the variances of differences.
///
/// `samples` has one sample a system, all of the same length: value *r* of each is its result in replication *r*. Later replications never
/// change what earlier ones decided. *O*(systems² × replications).
pub fn kim_nelson(samples: &[&[f64]], rule: &SelectionRule) -> Selection {
    let length = samples.first().map_or(0, |sample| sample.len());
    assert!(samples.iter().all(|sample| sample.len() == length), "systems are compared replication by replication");
    assert!(
        rule.first_stage >= 2 && rule.indifference > 0.0 && rule.confidence < 1.0,
        "KN needs a variance, an indifference zone and a doubt"
    );
    let mut survivors: Vec<usize> = (0..samples.len()).collect();
    if samples.len() < 2 {
        return Selection { survivors, decided_after: Some(0) };
    }
    if length < rule.first_stage {
        return Selection { survivors, decided_after: None };
    }
    let thresholds = Thresholds::new(samples, rule);
    let mut sums: Vec<f64> = samples.iter().map(|sample| sample[..rule.first_stage - 1].iter().sum()).collect();
    for replications in rule.first_stage..=length {
        sums.iter_mut().zip(samples).for_each(|(sum, sample)| *sum += sample[replications - 1]);
        survivors = thresholds.screen(&survivors, &sums, replications, rule);
        if survivors.len() == 1 || thresholds.are_all_used_up(&survivors, replications) {
            return Selection { survivors, decided_after: Some(replications) };
        }
    }
    Selection { survivors, decided_after: None }
}

/// h² S² ÷ δ² of every pair of systems: after so many replications the pair's difference needs no margin any more.
struct Thresholds(Vec<Vec<f64>>);

impl Thresholds {
    fn new(samples: &[&[f64]], rule: &SelectionRule) -> Self {
        let degrees_of_freedom = (rule.first_stage - 1) as f64;
        let doubt = 2.0 * (1.0 - rule.confidence) / (samples.len() - 1) as f64;
        let eta = 0.5 * (libm::pow(doubt, -2.0 / degrees_of_freedom) - 1.0);
        let scale = 2.0 * eta * degrees_of_freedom / square(rule.indifference);
        let of_pair = |first: &[f64], second: &[f64]| {
            let differences = first.iter().zip(second).take(rule.first_stage).map(|(a, b)| a - b);
            scale * differences.collect::<Moments>().variance().expect("the first stage has two replications")
        };
        Self(samples.iter().map(|first| samples.iter().map(|second| of_pair(first, second)).collect()).collect())
    }
    /// Keeps those whose sums are no worse than any other's by more than r × W(r), where W(r) = max(0, δ ÷ 2r × (threshold − r)).
    fn screen(&self, survivors: &[usize], sums: &[f64], replications: usize, rule: &SelectionRule) -> Vec<usize> {
        let goodness = |system: usize| if rule.smaller_is_better { -sums[system] } else { sums[system] };
        let margin = |first: usize, second: usize| (rule.indifference / 2.0 * (self.0[first][second] - replications as f64)).max(0.0);
        let keeps_up = |system: usize| survivors.iter().all(|&other| other == system || goodness(system) >= goodness(other) - margin(system, other));
        survivors.iter().copied().filter(|system| keeps_up(*system)).collect()
    }
    fn are_all_used_up(&self, survivors: &[usize], replications: usize) -> bool {
        survivors.iter().all(|&first| survivors.iter().all(|&second| first == second || self.0[first][second] < replications as f64))
    }
}

/// Returns the share of a budget of replications that each system gets by optimal computing budget allocation, if the smallest mean is the
/// best (Chen, Lin, Yücesan & Chick 2000); shares sum to one. `None` of fewer than two systems, or if two means tie for the best.
pub fn ocba(means: &[f64], deviations: &[f64]) -> Option<Vec<f64>> {
    assert_eq!(means.len(), deviations.len(), "every system has a mean and a deviation");
    let (best, least) = means.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
    if means.iter().filter(|mean| **mean == least).count() != 1 || means.len() < 2 {
        return None;
    }
    let noise_to_gap = |system: usize| square(deviations[system] / (means[system] - least));
    let mut shares: Vec<f64> = (0..means.len()).map(|system| if system == best { 0.0 } else { noise_to_gap(system) }).collect();
    let of_others: f64 = (0..means.len()).filter(|system| *system != best).map(|system| square(shares[system] / deviations[system])).sum();
    shares[best] = deviations[best] * of_others.sqrt();
    let all: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= all);
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Seed;

    const RULE: SelectionRule = SelectionRule { first_stage: 10, indifference: 1.0, confidence: 0.95, smaller_is_better: true };

    /// Draws samples of normals around `means`, with a noise that all share in a replication and one of their own.
    fn samples(means: &[f64], shared: f64, own: f64, replications: u64, seed: u64) -> Vec<Vec<f64>> {
        let stream = Seed { seed, replication: 0 }.stream("kn", "test");
        let mut samples = vec![Vec::new(); means.len()];
        for replication in 0..replications {
            let mut draws = stream.at(replication);
            let common = shared * draws.normal();
            for (sample, mean) in samples.iter_mut().zip(means) {
                sample.push(mean + common + own * draws.normal());
            }
        }
        samples
    }

    fn choose(samples: &[Vec<f64>], rule: &SelectionRule) -> Selection {
        kim_nelson(&samples.iter().map(Vec::as_slice).collect::<Vec<_>>(), rule)
    }

    /// The guarantee, at its hardest: all others are worse by exactly the indifference zone.
    #[test]
    fn the_best_ahead_by_delta_is_chosen_as_often_as_stated() {
        for (shared, own) in [(0.0, 3.0), (5.0, 2.0)] {
            let correct = (0..200).filter(|macro_replication| {
                let samples = samples(&[11.0, 10.0, 11.0, 11.0], shared, own, 600, 2001 + macro_replication);
                let chosen = choose(&samples, &RULE);
                assert!(chosen.decided_after.is_some(), "600 replications are enough");
                chosen.survivors == [1]
            });
            let correct = correct.count();
            assert!(correct >= 181, "{correct} of 200 with shared noise {shared}");
        }
    }

    /// Worked by hand: the differences have mean 1 and variance 160/9 over the first ten, so that h² S² ÷ δ² = 106.896; after 33 replications the
    /// sums differ by 37, and the margin is (106.896 − 33) ÷ 2 = 36.948. After 31 it is 35 and 37.948; after 32, 32 and 37.448.
    #[test]
    fn the_worse_goes_as_soon_as_the_sums_leave_the_triangle() {
        let noisy: Vec<f64> = (0..60).map(|at| f64::from(at % 2) * 8.0).collect();
        let chosen = choose(&[noisy, vec![5.0; 60]], &RULE);
        assert_eq!((chosen.survivors, chosen.decided_after), (vec![0], Some(33)));
    }

    #[test]
    fn common_random_numbers_decide_sooner() {
        let decided = |shared, own| choose(&samples(&[10.0, 11.0], shared, own, 5_000, 7), &RULE).decided_after.unwrap();
        assert!(decided(5.0, 1.0) < decided(0.0, 5.1), "{} and {}", decided(5.0, 1.0), decided(0.0, 5.1));
    }

    #[test]
    fn what_is_decided_stays_decided() {
        let samples = samples(&[10.0, 12.0, 13.0], 1.0, 2.0, 300, 3);
        let whole = choose(&samples, &RULE);
        let after = whole.decided_after.unwrap();
        assert!(after >= RULE.first_stage && whole.survivors == [0]);
        for length in 0..300 {
            let part: Vec<Vec<f64>> = samples.iter().map(|sample| sample[..length].to_vec()).collect();
            let chosen = choose(&part, &RULE);
            assert_eq!(chosen.decided_after.is_some(), length >= after);
            assert!(chosen.survivors.contains(&0) && (length < after || chosen == whole));
        }
    }

    #[test]
    fn larger_may_be_better() {
        let samples = samples(&[10.0, 12.0], 0.0, 1.0, 100, 5);
        assert_eq!(choose(&samples, &RULE).survivors, [0]);
        assert_eq!(choose(&samples, &SelectionRule { smaller_is_better: false, ..RULE }).survivors, [1]);
    }

    #[test]
    fn systems_without_noise_are_told_apart_at_once_and_equal_ones_both_stay() {
        let flat = |value: f64| vec![value; 12];
        assert_eq!(choose(&[flat(2.0), flat(1.0)], &RULE), Selection { survivors: vec![1], decided_after: Some(10) });
        assert_eq!(choose(&[flat(1.0), flat(1.0)], &RULE), Selection { survivors: vec![0, 1], decided_after: Some(10) });
        assert_eq!(choose(&[flat(1.0)], &RULE), Selection { survivors: vec![0], decided_after: Some(0) });
        assert_eq!(choose(&[vec![1.0; 9], vec![2.0; 9]], &RULE), Selection { survivors: vec![0, 1], decided_after: None });
    }
}
