//! Permutation tests: whether a pattern is more than chance, where the law of the statistic is not known.

/// Returns the p-value of an observed statistic: the share of permuted samples, the observed one among them, whose statistic is at least as large
/// (Davison & Hinkley 1997, "Bootstrap methods and their application", section 4.3).
///
/// `permuted` gives the statistic of the sample as permuted for the n-th time; under the null hypothesis every permutation must be as likely as the
/// sample. Costs one call a permutation; the smallest p-value is 1 ÷ (permutations + 1).
pub fn p_value(observed: f64, permutations: u32, permuted: impl FnMut(u32) -> f64) -> f64 {
    let as_large = (0..permutations).map(permuted).filter(|statistic| *statistic >= observed).count();
    (as_large as f64 + 1.0) / (f64::from(permutations) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_observed_sample_counts_as_one_of_the_permutations() {
        assert_eq!(p_value(10.0, 99, |_| 3.0), 0.01);
        assert_eq!(p_value(10.0, 99, |_| 10.0), 1.0);
        assert_eq!(p_value(95.0, 99, f64::from), 0.05);
    }
}
