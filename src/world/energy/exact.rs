//! Exact sums of products that are larger than 128 bits hold at once.

/// Parts of one in [`Exact::rest`].
const PARTS: i128 = 1_000_000_000_000;

/// An exact sum in units of 10⁻¹²: a year of a gigawatt times PUE times a price passes 2¹²⁷, its parts do not. Sums beyond 2¹²⁷ whole
/// units stay at that end, where every conversion to a narrower type fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Exact {
    whole: i128,
    /// Parts of 10⁻¹², less than one.
    rest: i128,
}

impl Exact {
    /// Adds `factor × large ÷ 10¹²`; `factor` must be less than 2⁸⁶, which prices per kWh, factors of carbon and powers all are.
    pub(super) fn add_product(&mut self, factor: i128, large: i128) {
        let product = factor.checked_mul(large).and_then(|product| product.checked_add(self.rest));
        if let Some(product) = product {
            self.whole = self.whole.saturating_add(product.div_euclid(PARTS));
            self.rest = product.rem_euclid(PARTS);
            return;
        }
        let small = factor * large.rem_euclid(PARTS) + self.rest;
        self.whole = self.whole.saturating_add(factor.saturating_mul(large.div_euclid(PARTS))).saturating_add(small.div_euclid(PARTS));
        self.rest = small.rem_euclid(PARTS);
    }
    /// Returns the difference to an earlier sum.
    pub(super) fn since(self, earlier: Self) -> Self {
        let rest = self.rest - earlier.rest;
        Self { whole: self.whole.saturating_sub(earlier.whole).saturating_add(rest.div_euclid(PARTS)), rest: rest.rem_euclid(PARTS) }
    }
    /// Divides by `divisor` (positive, below 2⁸⁶) and rounds once, half to even.
    pub(super) fn rounded(self, divisor: i128) -> i128 {
        let quotient = self.whole.div_euclid(divisor);
        let rest = self.whole.rem_euclid(divisor) * PARTS + self.rest;
        let half = divisor * PARTS;
        let up = 2 * rest > half || (2 * rest == half && quotient % 2 != 0);
        quotient.saturating_add(i128::from(up))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_way_gives_what_the_short_way_gives() {
        let (factor, large) = (-987_654_321_987_654_321_i128, 1_i128 << 66);
        let mut long = Exact::default();
        // 1,000 times the product passes 2¹²⁷; in parts it does not.
        long.add_product(factor, large * 1_000);
        let mut short = Exact::default();
        for _ in 0..1_000 {
            short.add_product(factor, large);
        }
        assert_eq!(factor.checked_mul(large * 1_000), None);
        assert_eq!(long, short);
        assert_eq!(long.since(short), Exact::default());
    }

    #[test]
    fn rounding_is_half_to_even_and_sees_the_smallest_part() {
        let sum = |parts: i128| {
            let mut sum = Exact::default();
            sum.add_product(1, parts);
            sum.rounded(2)
        };
        assert_eq!([sum(PARTS), sum(PARTS + 1), sum(PARTS - 1)], [0, 1, 0]);
        assert_eq!([sum(3 * PARTS), sum(-PARTS), sum(-PARTS - 1)], [2, 0, -1]);
    }
}
