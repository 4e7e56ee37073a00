//! How to spend replications on the choice of the best of several systems.

use super::square;

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
