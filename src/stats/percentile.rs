//! Percentiles of values at hand, and how sure they are.

use statrs::distribution::{Binomial, DiscreteCDF};

/// An interval between two values of a sample that holds a quantile of the law behind it, whatever that law is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct QuantileInterval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The ranks of both ends, from 1.
    pub ranks: (usize, usize),
    /// The probability that such an interval holds the quantile: exact for a continuous law, a lower bound for others.
    pub coverage: f64,
}

/// Returns the interval of a quantile between 0 and 1 by order statistics of independent values (David & Nagaraja 2003, section 7.1): of the pairs of
/// ranks that hold it with at least the confidence, the nearest to each other; of these, the one with the largest coverage. `None` of too few values
/// for the confidence. *O*(n log n).
///
/// Ranks *l* < *u* hold it if at least *l* and fewer than *u* values lie below it, and how many do is binomial.
pub fn order_statistics(sorted: &[f64], quantile: f64, confidence: f64) -> Option<QuantileInterval> {
    let count = sorted.len();
    let below = Binomial::new(quantile, count as u64).ok()?;
    let at_most = |values: usize| below.cdf(values as u64);
    let coverage = |low: usize, high: usize| at_most(high - 1) - at_most(low - 1);
    let mut best: Option<(usize, f64, (usize, usize))> = None;
    let mut high = 2;
    for low in 1..count {
        high = high.max(low + 1);
        while high < count && coverage(low, high) < confidence {
            high += 1;
        }
        let (width, covers) = (high - low, coverage(low, high));
        if covers < confidence {
            break;
        }
        if best.is_none_or(|(least, most, _)| width < least || (width == least && covers > most)) {
            best = Some((width, covers, (low, high)));
        }
    }
    best.map(|(_, coverage, ranks)| QuantileInterval { low: sorted[ranks.0 - 1], high: sorted[ranks.1 - 1], ranks, coverage })
}

/// Returns the value of nearest rank ⌈q × n⌉ of sorted values (Hyndman & Fan 1996, type 1), or `None` of no values.
///
/// `parts_per_thousand` is the quantile in thousandths, as a product of floats may round beyond a rank.
pub fn nearest_rank<T: Copy>(sorted: &[T], parts_per_thousand: usize) -> Option<T> {
    let rank = (sorted.len() * parts_per_thousand).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied()
}

/// Returns a quantile of sorted values, interpolated between the two next to it (Hyndman & Fan 1996, type 7), or `None` of no values.
///
/// Reports use [`nearest_rank`]; this is what R and NumPy give unless told otherwise.
pub fn interpolated(sorted: &[f64], quantile: f64) -> Option<f64> {
    let at = quantile.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    Some(sorted[below] + (at - below as f64) * (sorted[above] - sorted[below]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Seed;

    #[test]
    fn ranks_are_rounded_up() {
        let waits = [0, 0, 1, 2, 3, 5];
        assert_eq!(nearest_rank(&waits, 500), Some(1));
        assert_eq!(nearest_rank(&waits, 950), Some(5));
        assert_eq!(nearest_rank(&waits, 0), Some(0));
        assert_eq!(nearest_rank::<u64>(&[], 500), None);
    }

    /// The binomial law by Pascal's rule: a second way to the coverage.
    fn binomial(count: usize, quantile: f64) -> Vec<f64> {
        (0..count).fold(vec![1.0], |row, _| {
            let of = |at: Option<usize>| at.and_then(|at| row.get(at)).copied().unwrap_or(0.0);
            (0..=row.len()).map(|k| of(Some(k)) * (1.0 - quantile) + of(k.checked_sub(1)) * quantile).collect()
        })
    }

    /// Of ranks 3 to 6, 4 to 7 and 5 to 8, which are as near, those in the middle cover 0.656 and the others 0.568.
    #[test]
    fn of_intervals_as_narrow_the_one_that_covers_most_is_taken() {
        let sorted: Vec<f64> = (1..=10).map(f64::from).collect();
        let found = order_statistics(&sorted, 0.5, 0.5).expect("there are enough values");
        assert_eq!(found.ranks, (4, 7));
        assert!((found.coverage - 0.65625).abs() < 1e-12, "{}", found.coverage);
    }

    #[test]
    fn intervals_of_quantiles_are_the_nearest_ranks_with_the_coverage() {
        for count in [1, 2, 5, 6, 10, 20, 33, 60, 200] {
            let sorted: Vec<f64> = (1..=count).map(|rank| rank as f64).collect();
            for quantile in [0.05, 0.5, 0.9, 0.95] {
                let law = binomial(count, quantile);
                let covers = |low: usize, high: usize| law[low..high].iter().sum::<f64>();
                for confidence in [0.9, 0.95, 0.99] {
                    let pairs = (1..count).flat_map(|low| (low + 1..=count).map(move |high| (low, high)));
                    let narrowest = pairs.filter(|(low, high)| covers(*low, *high) >= confidence).map(|(low, high)| high - low).min();
                    let interval = order_statistics(&sorted, quantile, confidence);
                    assert_eq!(interval.map(|it| it.ranks.1 - it.ranks.0), narrowest, "{count} values, {quantile}, {confidence}");
                    if let Some(QuantileInterval { low, high, ranks, coverage }) = interval {
                        assert!((coverage - covers(ranks.0, ranks.1)).abs() < 1e-12 && coverage >= confidence);
                        assert_eq!((low, high), (ranks.0 as f64, ranks.1 as f64));
                    }
                }
            }
        }
    }

    #[test]
    fn published_ranks_of_a_median_are_met() {
        // 6 values: 1 - 2 × (1/2)^6 = 0.96875; 20 values: ranks 6 and 15 hold it with 0.9586 (tables of the sign test)
        let sorted: Vec<f64> = (0..20).map(f64::from).collect();
        let six = order_statistics(&sorted[..6], 0.5, 0.95).unwrap();
        assert!(six.ranks == (1, 6) && (six.coverage - 0.96875).abs() < 1e-12);
        let twenty = order_statistics(&sorted, 0.5, 0.95).unwrap();
        assert!(twenty.ranks == (6, 15) && (twenty.coverage - 0.958_610_534_667_968_8).abs() < 1e-12, "{twenty:?}");
        assert_eq!(order_statistics(&sorted[..5], 0.5, 0.95), None, "five values hold the median with 0.9375 at most");
        assert_eq!(order_statistics(&sorted, 0.95, 0.95), None, "the largest of twenty lies below the 95th percentile in 36 % of samples");
        assert_eq!(order_statistics(&[], 0.5, 0.95), None);
    }

    /// 400 samples of 40 exponential values: the interval of the 80th percentile, ln 5, covers it as often as stated (within 3.3 deviations).
    #[test]
    fn samples_are_covered_as_often_as_stated() {
        let stream = Seed { seed: 2003, replication: 0 }.stream("quantile", "test");
        let (truth, mut covered, mut stated) = (libm::log(5.0), 0.0, 0.0);
        for sample in 0..400 {
            let mut draws = stream.at(sample);
            let mut values: Vec<f64> = (0..40).map(|_| draws.exponential()).collect();
            values.sort_by(f64::total_cmp);
            let interval = order_statistics(&values, 0.8, 0.9).unwrap();
            covered += f64::from(u8::from(interval.low <= truth && truth <= interval.high));
            stated = interval.coverage;
        }
        let deviation = (stated * (1.0 - stated) / 400.0).sqrt();
        assert!((covered / 400.0 - stated).abs() < 3.3 * deviation, "{covered} of 400, not {stated}");
    }

    #[test]
    fn interpolation_lies_between_two_values() {
        let waits = [0.0, 0.0, 1.0, 2.0, 3.0, 5.0];
        assert_eq!(interpolated(&waits, 0.5), Some(1.5));
        assert_eq!(interpolated(&waits, 0.95), Some(4.5));
        assert_eq!(interpolated(&waits, 1.0), Some(5.0));
        assert_eq!(interpolated(&[], 0.5), None);
    }
}
