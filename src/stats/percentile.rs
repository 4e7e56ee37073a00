//! Percentiles of values at hand.

/// Returns the value of nearest rank ⌈q × n⌉ of sorted values (Hyndman & Fan 1996, type 1), or `None` of no values.
///
/// `parts_per_thousand` is the quantile in thousandths, as a product of floats may round beyond a rank.
pub fn nearest_rank<T: Copy>(sorted: &[T], parts_per_thousand: usize) -> Option<T> {
    let rank = (sorted.len() * parts_per_thousand).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied()
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
}
