//! Two policies under the same seeds: paired and unpaired differences.

use super::interval::{self, Interval, student_quantile, two_sided_p};
use super::{Moments, square};

/// The paired difference of two samples (second − first) under common random numbers (Law 2015, section 10.2).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PairedDifference {
    /// Mean difference and half-width.
    pub interval: Interval,
    /// Student's t.
    pub statistic: f64,
    /// Its two-sided p-value.
    pub p: f64,
    /// Correlation of the two samples.
    pub correlation: f64,
    /// Variance of the unpaired difference ÷ that of the paired one.
    pub variance_reduction: f64,
}

/// Compares two samples pair by pair; `None` of fewer than two pairs. Samples must have the same length.
///
/// If all differences are the same, t and the variance reduction are infinite (or not a number for no difference at all).
pub fn difference(first: &[f64], second: &[f64], confidence: f64) -> Option<PairedDifference> {
    assert_eq!(first.len(), second.len(), "a paired comparison needs pairs");
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| b - a).collect();
    let interval = interval::of_mean(&differences, confidence)?;
    let count = differences.len() as f64;
    let [of_first, of_second, of_difference] = [first, second, &differences].map(|sample| sample.iter().copied().collect::<Moments>());
    let (mean_first, mean_second) = (of_first.mean()?, of_second.mean()?);
    let covariance = first.iter().zip(second).map(|(a, b)| (a - mean_first) * (b - mean_second)).sum::<f64>() / (count - 1.0);
    let statistic = interval.mean / (of_difference.deviation()? / count.sqrt());
    Some(PairedDifference {
        interval,
        statistic,
        p: two_sided_p(statistic, count - 1.0),
        correlation: covariance / (of_first.deviation()? * of_second.deviation()?),
        variance_reduction: (of_first.variance()? + of_second.variance()?) / of_difference.variance()?,
    })
}

/// The difference of two independent samples of unequal variance (Welch 1947): interval and degrees of freedom.
pub fn welch(first: &[f64], second: &[f64], confidence: f64) -> Option<(Interval, f64)> {
    let [of_first, of_second] = [first, second].map(|sample| sample.iter().copied().collect::<Moments>());
    let (share_first, share_second) = (of_first.variance()? / first.len() as f64, of_second.variance()? / second.len() as f64);
    let variance = share_first + share_second;
    let spread = square(share_first) / (first.len() - 1) as f64 + square(share_second) / (second.len() - 1) as f64;
    let degrees_of_freedom = square(variance) / spread;
    let half_width = student_quantile(0.5 + confidence / 2.0, degrees_of_freedom) * variance.sqrt();
    let count = of_first.count() + of_second.count();
    Some((Interval { mean: of_second.mean()? - of_first.mean()?, half_width, count }, degrees_of_freedom))
}

/// Returns the exact two-sided p-value of Wilcoxon's signed-rank test; `None` beyond 60 pairs, or if no pair differs.
///
/// Pairs without a difference are left out; ties get mean ranks. Ranks are doubled, so that mean ranks stay integers, and the
/// distribution of their signed sum is counted by dynamic programming: *O*(n³).
pub fn wilcoxon_p(first: &[f64], second: &[f64]) -> Option<f64> {
    let mut differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| b - a).filter(|difference| *difference != 0.0).collect();
    differences.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let count = differences.len();
    if count == 0 || count > 60 {
        return None;
    }
    let mut doubled_ranks = Vec::with_capacity(count);
    for ties in differences.chunk_by(|a, b| a.abs() == b.abs()) {
        let first_rank = doubled_ranks.len() + 1;
        doubled_ranks.extend(std::iter::repeat_n(2 * first_rank + ties.len() - 1, ties.len()));
    }
    let all: usize = doubled_ranks.iter().sum();
    let mut ways = vec![0_u64; all + 1];
    ways[0] = 1;
    for &rank in &doubled_ranks {
        for sum in (rank..=all).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let positive: usize = differences.iter().zip(&doubled_ranks).filter(|(difference, _)| **difference > 0.0).map(|(_, rank)| rank).sum();
    let tail: u64 = ways[..=positive.min(all - positive)].iter().sum();
    Some((2.0 * tail as f64 / (1_u64 << count) as f64).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilcoxon_counts_ties_and_signs() {
        // all of five differences positive: 2 of 32 sign patterns are as extreme
        assert_eq!(wilcoxon_p(&[0.0; 5], &[1.0, 2.0, 3.0, 4.0, 5.0]), Some(2.0 / 32.0));
        assert_eq!(wilcoxon_p(&[0.0; 4], &[1.0, 1.0, -1.0, -1.0]), Some(1.0));
        assert_eq!(wilcoxon_p(&[1.0], &[1.0]), None);
        assert_eq!(wilcoxon_p(&[0.0; 60], &[1.0; 60]), Some(2.0 / (1_u64 << 60) as f64));
        assert_eq!(wilcoxon_p(&[0.0; 61], &[1.0; 61]), None);
    }
}
