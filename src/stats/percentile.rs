//! Percentiles of values at hand.

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

    #[test]
    fn ranks_are_rounded_up() {
        let waits = [0, 0, 1, 2, 3, 5];
        assert_eq!(nearest_rank(&waits, 500), Some(1));
        assert_eq!(nearest_rank(&waits, 950), Some(5));
        assert_eq!(nearest_rank(&waits, 0), Some(0));
        assert_eq!(nearest_rank::<u64>(&[], 500), None);
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
