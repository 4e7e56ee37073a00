//! Whether counts of several kinds come at one rate, or at rates of their own.

use statrs::distribution::{ContinuousCDF, FisherSnedecor};

/// The F test of one rate against a rate for each kind, where counts may vary more than those of a Poisson process: Pearson's statistic over its
/// degrees of freedom, over the dispersion (quasi-likelihood; McCullagh & Nelder 1989, "Generalized linear models", sections 4.5 and 9.2).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Homogeneity {
    /// F.
    pub statistic: f64,
    /// Its degrees of freedom: kinds − 1, and those that the dispersion was estimated with.
    pub degrees_of_freedom: (f64, f64),
    /// The probability of such differences, or larger ones, by chance.
    pub p: f64,
}

/// Counts that are expected of each kind at least; of fewer the statistic does not have its law (Cochran 1954).
const EXPECTED_AT_LEAST: f64 = 5.0;

/// Tests counts with their exposures (how long each kind was looked at); kinds without exposure are left aside.
///
/// The dispersion is variance ÷ mean of the counts beneath, estimated with so many degrees of freedom; below 1 it counts as 1, so that a process that is
/// steadier than Poisson's does not turn small differences into proofs. `None` of fewer than two kinds, and where too few counts are expected.
pub fn homogeneity(counts: &[u64], exposures: &[u64], dispersion: f64, degrees_of_freedom: f64) -> Option<Homogeneity> {
    assert_eq!(counts.len(), exposures.len(), "each count has its exposure");
    let exposed: Vec<(f64, f64)> = counts.iter().zip(exposures).filter(|(_, e)| **e > 0).map(|(n, e)| (*n as f64, *e as f64)).collect();
    let rate = exposed.iter().map(|(count, _)| count).sum::<f64>() / exposed.iter().map(|(_, exposure)| exposure).sum::<f64>();
    if exposed.len() < 2 || degrees_of_freedom < 1.0 || exposed.iter().any(|(_, exposure)| rate * exposure < EXPECTED_AT_LEAST) {
        return None;
    }
    let pearson: f64 = exposed.iter().map(|(count, exposure)| super::square(count - rate * exposure) / (rate * exposure)).sum();
    let between = exposed.len() as f64 - 1.0;
    let statistic = pearson / between / dispersion.max(1.0);
    let law = FisherSnedecor::new(between, degrees_of_freedom).expect("degrees of freedom are positive");
    Some(Homogeneity { statistic, degrees_of_freedom: (between, degrees_of_freedom), p: law.sf(statistic) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistic_is_that_of_the_tables() {
        // 60 and 40 where 50 and 50 are expected: Pearson's statistic is 4, and F with 1 and 120 degrees of freedom is 3.92 at 5 %.
        let test = homogeneity(&[60, 40], &[10, 10], 1.0, 120.0).expect("enough was counted");
        assert!((test.statistic - 4.0).abs() < 1e-12 && test.degrees_of_freedom == (1.0, 120.0));
        assert!(test.p < 0.05 && test.p > 0.045, "{test:?}");
        // Counts that vary four times as much make nothing of the same difference; ones that vary less do not make more of it.
        assert!((homogeneity(&[60, 40], &[10, 10], 4.0, 120.0).expect("enough").statistic - 1.0).abs() < 1e-12);
        assert_eq!(homogeneity(&[60, 40], &[10, 10], 0.2, 120.0), Some(test));
        // Twice the exposure, twice the count: no difference.
        assert!(homogeneity(&[60, 120, 0], &[10, 20, 0], 1.0, 120.0).expect("enough").p > 0.999);
        assert_eq!(homogeneity(&[4, 4], &[10, 10], 1.0, 120.0), None);
        assert_eq!(homogeneity(&[60, 0], &[10, 0], 1.0, 120.0), None);
    }
}
