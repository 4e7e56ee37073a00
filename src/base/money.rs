//! Money: integer micro-yuan with checked arithmetic.

use std::fmt;

/// An amount, or a price per unit, in micro-yuan (10⁻⁶ CNY).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Money(pub i64);

/// An amount left the range of ±9.2 trillion yuan.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an amount of money is beyond 9.2 trillion yuan")]
pub struct MoneyOverflow;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Micro-yuan in one yuan.
    pub const PER_YUAN: i64 = 1_000_000;

    /// Makes an amount of whole yuan; for constants and tests.
    pub const fn yuan(yuan: i64) -> Self {
        Self(yuan * Self::PER_YUAN)
    }
    /// Returns yuan for statistics and reports.
    pub fn as_yuan_f64(self) -> f64 {
        self.0 as f64 / Self::PER_YUAN as f64
    }
    /// Adds, or tells of overflow.
    pub fn plus(self, other: Self) -> Result<Self, MoneyOverflow> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyOverflow)
    }
    /// Subtracts, or tells of overflow.
    pub fn minus(self, other: Self) -> Result<Self, MoneyOverflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyOverflow)
    }
    /// Returns `self × numerator ÷ denominator`, rounded once, half to even.
    pub fn times(self, numerator: u128, denominator: u128) -> Result<Self, MoneyOverflow> {
        let numerator = i128::try_from(numerator).map_err(|_| MoneyOverflow)?;
        let product = i128::from(self.0).checked_mul(numerator).ok_or(MoneyOverflow)?;
        Self::from_ratio(product, denominator)
    }
    /// Rounds an exact quotient of micro-yuan, half to even.
    pub fn from_ratio(numerator: i128, denominator: u128) -> Result<Self, MoneyOverflow> {
        let denominator = i128::try_from(denominator).map_err(|_| MoneyOverflow)?;
        assert!(denominator > 0, "a denominator of money must be positive");
        let quotient = numerator.div_euclid(denominator);
        let twice_rest = numerator.rem_euclid(denominator).checked_mul(2).ok_or(MoneyOverflow)?;
        let up = twice_rest > denominator || (twice_rest == denominator && quotient % 2 != 0);
        i64::try_from(quotient + i128::from(up)).map(Self).map_err(|_| MoneyOverflow)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} CNY", self.as_yuan_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_to_even_on_both_sides_of_zero() {
        for (numerator, expected) in [(5, 2), (15, 8), (25, 12), (-5, -2), (-15, -8), (7, 4), (-7, -4)] {
            assert_eq!(Money::from_ratio(numerator, 2).unwrap(), Money(expected), "{numerator}/2");
        }
    }

    #[test]
    fn overflow_is_an_error_not_a_wrap() {
        assert_eq!(Money(i64::MAX).plus(Money(1)), Err(MoneyOverflow));
        assert_eq!(Money(i64::MAX).times(2, 1), Err(MoneyOverflow));
        assert_eq!(Money(i64::MAX).times(u128::MAX, 1), Err(MoneyOverflow));
    }
}
