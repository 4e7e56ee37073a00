//! Decimal numbers, exact.

/// A decimal number: digits and the power of ten that divides them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decimal {
    digits: u128,
    scale: i32,
}

impl Decimal {
    /// Parses digits with an optional point, sign `+` and exponent.
    ///
    /// # Errors
    /// `None`: not a number; `Some`: too many digits.
    pub fn parse(text: &str) -> Result<Self, Option<()>> {
        let text = text.strip_prefix('+').unwrap_or(text);
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| None)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let numeral = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !numeral(whole) || !numeral(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return Err(None);
        }
        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        if digits.len() > 30 || exponent.unsigned_abs() > 400 {
            return Err(Some(()));
        }
        let digits = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| Some(()))? };
        Ok(Self { digits, scale: i32::try_from(fraction.len()).map_err(|_| Some(()))? - exponent })
    }
    /// Returns the number × `numerator` ÷ `denominator`, rounded to nearest, half to even; `None` beyond 127 bits.
    pub fn times(self, numerator: u128, denominator: u128) -> Option<i128> {
        if self.digits == 0 {
            return Some(0);
        }
        let power = |exponent: u32| 10_u128.checked_pow(exponent);
        let (numerator, denominator) = if self.scale <= 0 {
            (self.digits.checked_mul(power(self.scale.unsigned_abs())?)?.checked_mul(numerator)?, denominator)
        } else {
            // What is divided by more than 10^38 rounds to zero.
            let Some(scale) = power(self.scale.unsigned_abs()) else { return Some(0) };
            (self.digits.checked_mul(numerator)?, denominator.checked_mul(scale)?)
        };
        let (quotient, rest) = (numerator / denominator, numerator % denominator);
        let up = rest > denominator / 2 + denominator % 2 - 1 && (rest * 2 != denominator || quotient % 2 == 1);
        i128::try_from(quotient + u128::from(up && rest > 0)).ok()
    }
}
