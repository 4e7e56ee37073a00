//! Distributions of integers as HDR histograms, with exact count, sum and largest value beside them.

use super::square;
use hdrhistogram::Histogram as Buckets;

/// Significant decimal digits that a histogram keeps.
const DIGITS: u8 = 3;

/// The largest value that is told apart from larger ones: a hundred years in microseconds. Larger values count as this one in percentiles;
/// mean and maximum stay exact.
pub const LARGEST: u64 = 100 * 366 * 24 * 3600 * 1_000_000;

/// A distribution of non-negative integers.
///
/// Percentiles are nearest-rank, to three significant digits (HdrHistogram: Tene 2012); count, sum, mean and maximum are exact. Recording
/// costs a few nanoseconds; the counters grow when a value first needs a wider range, at most as often as a value doubles.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: Buckets<u64>,
    zeros: u64,
    count: u64,
    sum: u128,
    max: u64,
}

/// What a report says of a distribution, in the unit of its values times the scale asked for; empty fields where there was no value.
#[derive(Clone, Copy, PartialEq, Debug, Default, serde::Serialize)]
pub struct Distribution {
    /// How many values there were.
    pub count: u64,
    /// Their exact mean.
    pub mean: Option<f64>,
    /// The median, nearest-rank.
    pub p50: Option<f64>,
    /// The 95th percentile, nearest-rank.
    pub p95: Option<f64>,
    /// The 99th percentile, nearest-rank.
    pub p99: Option<f64>,
    /// The exact maximum.
    pub max: Option<f64>,
}

impl Histogram {
    /// Makes an empty histogram.
    pub fn new() -> Self {
        let mut buckets = Buckets::new_with_max(1 << 20, DIGITS).expect("three digits and a small range are allowed");
        buckets.auto(true);
        Self { buckets, zeros: 0, count: 0, sum: 0, max: 0 }
    }
    /// Adds a value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.count += 1;
        // Most jobs neither wait nor stage: a zero costs one addition.
        if value == 0 {
            self.zeros += 1;
            return;
        }
        self.sum += u128::from(value);
        self.max = self.max.max(value);
        self.buckets.record(value.min(LARGEST)).expect("the range grows as needed");
    }
    /// Adds all values of another histogram.
    pub fn merge(&mut self, other: &Self) {
        self.buckets.add(&other.buckets).expect("the range grows as needed");
        self.zeros += other.zeros;
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }
    /// Counts the values.
    pub fn count(&self) -> u64 {
        self.count
    }
    /// Returns the largest value, exactly; 0 of none.
    pub fn max(&self) -> u64 {
        self.max
    }
    /// Returns the exact mean, or `None` of no values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }
    /// Returns the value of nearest rank ⌈q × count⌉, to three digits; `None` of no values.
    pub fn quantile(&self, parts_per_thousand: u64) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        let rank = nearest_rank(self.count, parts_per_thousand);
        if rank <= self.zeros {
            return Some(0);
        }
        Some(self.value_at_rank(rank - self.zeros).min(self.max))
    }
    /// Describes the distribution with values multiplied by `scale` (1e-6 turns microseconds into seconds).
    pub fn describe(&self, scale: f64) -> Distribution {
        let quantile = |parts| self.quantile(parts).map(|value| value as f64 * scale);
        Distribution {
            count: self.count,
            mean: self.mean().map(|mean| mean * scale),
            p50: quantile(500),
            p95: quantile(950),
            p99: quantile(990),
            max: (self.count > 0).then_some(self.max as f64 * scale),
        }
    }
    /// Returns (largest value of the bucket, values in it) for every bucket that is not empty, in order.
    pub fn steps(&self) -> Vec<(u64, u64)> {
        let zeros = (self.zeros > 0).then_some((0, self.zeros));
        let others = self.buckets.iter_recorded().map(|step| (step.value_iterated_to().min(self.max), step.count_at_value()));
        zeros.into_iter().chain(others).collect()
    }
    /// Returns the standard deviation of the values by buckets, for the footer of `.hgrm` files.
    pub fn deviation(&self) -> f64 {
        let mean = self.mean().unwrap_or(0.0);
        let squares = self.steps().iter().map(|&(value, count)| square(value as f64 - mean) * count as f64).sum::<f64>();
        if self.count > 0 { (squares / self.count as f64).sqrt() } else { 0.0 }
    }

    /// Returns the value of rank `rank` (from 1) among those above zero. Integers, as a quantile times a count may round beyond a rank.
    fn value_at_rank(&self, rank: u64) -> u64 {
        let mut seen = 0;
        for step in self.buckets.iter_recorded() {
            seen += step.count_at_value();
            if seen >= rank {
                return step.value_iterated_to();
            }
        }
        self.max
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns ⌈count × parts ÷ 1000⌉, at least 1.
fn nearest_rank(count: u64, parts_per_thousand: u64) -> u64 {
    let rank = (u128::from(count) * u128::from(parts_per_thousand)).div_ceil(1000);
    u64::try_from(rank).expect("a rank is at most the count").max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_values_are_exact_and_large_ones_good_to_three_digits() {
        let mut histogram = Histogram::new();
        for value in [0, 0, 1, 3, 5, 7, 2_000, 86_400_000_000, 31_536_000_000_000] {
            histogram.record(value);
        }
        assert_eq!(histogram.quantile(500), Some(5));
        assert_eq!(histogram.max(), 31_536_000_000_000);
        assert_eq!(histogram.mean(), Some((16_u64 + 2_000 + 86_400_000_000 + 31_536_000_000_000) as f64 / 9.0));
        let day = histogram.quantile(880).unwrap() as f64;
        assert!((day / 86_400_000_000.0 - 1.0).abs() < 1e-3, "{day}");
        assert_eq!(histogram.quantile(1000), Some(31_536_000_000_000), "the largest bucket is cut at the exact maximum");
    }

    #[test]
    fn ranks_do_not_suffer_from_rounding() {
        // 0.95 × 20 is 19.000000000000000x in floating point for some ways to multiply: the 19th value is asked for, not the 20th
        let mut histogram = Histogram::new();
        (1..=20).for_each(|value| histogram.record(value));
        assert_eq!(histogram.quantile(950), Some(19));
        assert_eq!(histogram.quantile(1), Some(1));
    }

    #[test]
    fn the_deviation_is_that_of_the_values() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.deviation(), 0.0, "of nothing");
        [2, 4, 4, 4, 5, 5, 7, 9].into_iter().for_each(|value| histogram.record(value));
        assert_eq!(histogram.deviation(), 2.0);
    }

    #[test]
    fn merging_gives_what_recording_together_gives() {
        let (mut left, mut right, mut both) = (Histogram::new(), Histogram::new(), Histogram::new());
        for value in 0..5_000_u64 {
            let value = value * value * value;
            if value.is_multiple_of(3) { &mut left } else { &mut right }.record(value);
            both.record(value);
        }
        left.merge(&right);
        assert_eq!(left.describe(1.0), both.describe(1.0));
        assert_eq!(left.steps(), both.steps());
    }

    #[test]
    fn values_beyond_a_century_keep_mean_and_maximum() {
        let mut histogram = Histogram::new();
        histogram.record(u64::MAX);
        assert_eq!(histogram.max(), u64::MAX);
        assert!(histogram.quantile(500).unwrap() >= LARGEST);
        assert_eq!(Histogram::new().describe(1.0), Distribution::default(), "nothing is not zero");
    }
}
