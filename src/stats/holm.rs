//! Several tests at once: p-values corrected for how many there are.

/// Returns p-values corrected by Holm's step-down method (Holm 1979), in the order given: to call those at most α significant is wrong about even
/// one true hypothesis with a probability of at most α, whatever the tests have to do with each other. *O*(n log n).
///
/// A p-value that is not a number (two samples without any difference) counts as 1.
pub fn corrected(p_values: &[f64]) -> Vec<f64> {
    let value = |test: usize| if p_values[test].is_nan() { 1.0 } else { p_values[test] };
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| value(*a).total_cmp(&value(*b)));
    let mut corrected = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, &test) in order.iter().enumerate() {
        largest = largest.max((value(test) * (p_values.len() - rank) as f64).min(1.0));
        corrected[test] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Seed;

    #[test]
    fn each_value_is_multiplied_by_the_tests_that_are_left_and_never_falls() {
        // sorted: .005 × 4, .01 × 3, .03 × 2, then .04 × 1 = .04 is lifted to .06
        let corrected = corrected(&[0.01, 0.04, 0.03, 0.005]);
        for (actual, expected) in corrected.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((actual - expected).abs() < 1e-15, "{corrected:?}");
        }
    }

    #[test]
    fn nothing_exceeds_one_and_no_number_is_no_evidence() {
        assert_eq!(corrected(&[0.9, f64::NAN, 0.0]), [1.0, 1.0, 0.0]);
        assert_eq!(corrected(&[]), [0.0; 0]);
        assert_eq!(corrected(&[0.2]), [0.2]);
    }

    /// Ten true hypotheses a family: one or more of them is called false in 5 % of the families (a binomial band of 99.9 % around 100 of 2,000).
    #[test]
    fn families_of_true_hypotheses_are_wrong_as_often_as_stated() {
        let stream = Seed { seed: 1979, replication: 0 }.stream("holm", "test");
        let wrong = (0..2_000)
            .filter(|family| {
                let mut draws = stream.at(*family);
                let p_values: Vec<f64> = (0..10).map(|_| draws.open_unit()).collect();
                corrected(&p_values).iter().any(|p| *p <= 0.05)
            })
            .count();
        assert!((68..=132).contains(&wrong), "{wrong} of 2000");
    }
}
