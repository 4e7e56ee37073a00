//! Quantities in strings: a number and a unit, exact.
//!
//! `"2.5亿元"` becomes 250,000,000,000,000 micro-yuan without a float on the way. Every [`Unit`] lists the words that it takes; what is
//! accepted elsewhere only would be a guess, and is an error that lists them. Linear in the length of the text.

use crate::diag::{AMBIGUOUS_UNIT, BITS_AND_BYTES, Code, DECIMAL_COMMA, NOT_A_QUANTITY, NOT_FINITE, OUT_OF_RANGE, OVERFLOW, UNKNOWN_UNIT};

mod decimal;
mod units;

pub use decimal::Decimal;
pub use units::Unit;
use units::{MULTIPLIERS, Word};

/// What is wrong with a quantity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The code.
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What is allowed.
    pub help: String,
}

impl Unit {
    fn multiplies(self) -> bool {
        !matches!(self, Self::Duration | Self::Bytes | Self::Bandwidth | Self::Carbon)
    }
    /// Returns base units in the unit in which a sampler's law is (seconds, bytes, yuan).
    pub fn law_scale(self) -> f64 {
        match self {
            Self::Duration | Self::Money | Self::PerGpuHour | Self::PerKwh | Self::PerGb | Self::PerGpu => 1e6,
            _ => 1.0,
        }
    }
    /// Writes a number of base units in the one form in which values are compared.
    pub fn canonical(self, base: i128) -> String {
        // The largest unit in which the number is exact to six decimals, so that the form can be read back.
        let magnitude = base.unsigned_abs();
        let exact = |word: &&Word| magnitude >= word.value.0 && magnitude.checked_mul(1_000_000).is_some_and(|large| large % word.value.0 == 0);
        let usual = self.words().iter().filter(|word| word.text.is_ascii() && word.value.1 == 1 && !word.text.ends_with("iB"));
        let word = usual.clone().filter(exact).min_by_key(|word| std::cmp::Reverse(word.value.0)).or_else(|| usual.min_by_key(|word| word.value.0));
        word.map_or_else(|| base.to_string(), |word| in_unit(base, word))
    }
    /// Writes a number of base units as people compare it: prices keep the unit that they are quoted in, all else takes the unit that fits.
    pub fn usual(self, base: i128) -> String {
        match self {
            Self::PerKwh | Self::PerGb | Self::PerGpuHour | Self::PerGpu => in_unit(base, &self.words()[0]),
            _ => self.canonical(base),
        }
    }

    /// Parses a quantity to base units, rounded to nearest (half to even); never negative.
    ///
    /// # Errors
    /// Tells of a number that is none, a unit that is not accepted, and what would overflow 63 bits (127 for GPU-hours and energy).
    pub fn parse(self, text: &str) -> Result<i128, Fault> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(self.fault(NOT_A_QUANTITY, format!("an empty string where {} is needed", self.what())));
        }
        let (mut sum, mut last) = (0_i128, u128::MAX);
        while !rest.is_empty() {
            let (number, after) = self.number(text, rest)?;
            let (multiplier, word, after) = self.unit(text, after)?;
            let value = number.times(word.value.0.saturating_mul(multiplier), word.value.1).ok_or_else(|| self.too_large(text))?;
            if word.value.0 >= last {
                return Err(self.fault(NOT_A_QUANTITY, format!("the units of `{text}` must go from large to small, each once")));
            }
            last = word.value.0;
            sum = sum.checked_add(value).ok_or_else(|| self.too_large(text))?;
            rest = after.trim_start();
            if !rest.is_empty() && self != Self::Duration {
                return Err(self.fault(UNKNOWN_UNIT, format!("`{rest}` after the unit of `{text}`")));
            }
        }
        let most = if matches!(self, Self::GpuHours | Self::Energy) { i128::MAX } else { i128::from(i64::MAX) };
        if sum > most {
            return Err(self.too_large(text));
        }
        Ok(sum)
    }

    fn number<'a>(self, text: &str, rest: &'a str) -> Result<(Decimal, &'a str), Fault> {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-' | ',' | '_'))).unwrap_or(rest.len());
        let (mut digits, mut after) = rest.split_at(end);
        // An exponent: `1e3`, but not the `E` of `1 EB`.
        if let Some(exponent) = after.strip_prefix(['e', 'E']).filter(|tail| tail.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')) {
            let length = exponent.find(|c: char| !(c.is_ascii_digit() || c == '-' || c == '+')).unwrap_or(exponent.len());
            digits = &rest[..end + 1 + length];
            after = &rest[end + 1 + length..];
        }
        if digits.contains(',') {
            let thousands = digits.split(',').skip(1).all(|group| group.split('.').next().is_some_and(|group| group.len() == 3));
            let hint = if thousands && digits.matches(',').count() > 1 {
                format!("write `{}`: no sign stands between thousands", digits.replace(',', ""))
            } else {
                format!(
                    "write `{}` if the comma is a decimal sign, `{}` if it parts thousands",
                    digits.replace(',', "."),
                    digits.replace(',', "")
                )
            };
            return Err(Fault { code: DECIMAL_COMMA, message: format!("a comma in the number `{digits}`"), help: hint });
        }
        if digits.starts_with('-') && digits.len() > 1 {
            let message = format!("`{text}` is negative; {} is at least 0", self.what());
            return Err(self.fault(OUT_OF_RANGE, message));
        }
        let lower = rest.trim_start_matches(['+', '-']).to_ascii_lowercase();
        if digits.len() <= 1 && (lower.starts_with("nan") || lower.starts_with("inf")) {
            return Err(self.fault(NOT_FINITE, format!("`{text}` is not a finite number")));
        }
        match Decimal::parse(digits) {
            Ok(number) => Ok((number, after.trim_start())),
            Err(Some(())) => Err(self.too_large(text)),
            Err(None) => Err(self.fault(NOT_A_QUANTITY, format!("`{text}` is not {}", self.what()))),
        }
    }

    fn unit<'a>(self, text: &str, rest: &'a str) -> Result<(u128, &'static Word, &'a str), Fault> {
        if rest.is_empty() {
            return Err(self.fault(UNKNOWN_UNIT, format!("`{text}` has no unit")));
        }
        if let Some((word, after)) = self.word(rest) {
            return Ok((1, word, after));
        }
        if self.multiplies() {
            for (name, value) in MULTIPLIERS {
                if let Some(after) = rest.strip_prefix(name)
                    && let Some((word, after)) = self.word(after.trim_start())
                {
                    return Ok((*value, word, after));
                }
            }
        }
        Err(self.unit_fault(rest))
    }

    /// Finds the longest word of the unit that the text begins with, and that ends there.
    fn word(self, text: &str) -> Option<(&'static Word, &str)> {
        let complete = |word: &&Word| {
            text.strip_prefix(word.text).is_some_and(|after| {
                let next = after.chars().next();
                let joined = next.is_some_and(|c| (c.is_alphabetic() && c.is_ascii()) || c == '/' || c == '-');
                !joined || !word.text.is_ascii()
            })
        };
        let word = self.words().iter().filter(complete).max_by_key(|word| word.text.len())?;
        Some((word, &text[word.text.len()..]))
    }

    fn unit_fault(self, rest: &str) -> Fault {
        let unit: String = rest.chars().take_while(|c| !c.is_ascii_digit()).take(30).collect();
        let unit = unit.trim();
        if self == Self::Duration && matches!(unit, "m" | "M") {
            let message = format!("`{unit}` could be minutes, metres or months");
            return Fault { code: AMBIGUOUS_UNIT, message, help: "write `min` for minutes; a month has no fixed length, so write days".to_owned() };
        }
        let bits = ["bps", "b", "kb", "Mb", "Gb", "Tb", "Pb", "Gbps", "Mbps", "bit", "Gbit", "Mbit", "kbit"].contains(&unit);
        if self == Self::Bytes && bits {
            return self.fault(BITS_AND_BYTES, format!("`{unit}` counts bits, and data is in bytes"));
        }
        if self == Self::Bandwidth && unit.contains('B') {
            let message = format!("`{unit}` counts bytes, and a bandwidth is in bits per second (1 GB/s is 8 Gbps)");
            return self.fault(BITS_AND_BYTES, message);
        }
        self.fault(
            UNKNOWN_UNIT,
            format!("`{unit}` is not a unit of {} here", self.what().trim_start_matches("a ").trim_start_matches("an ")),
        )
    }

    fn fault(self, code: Code, message: String) -> Fault {
        Fault { code, message, help: self.accepted() }
    }
    fn too_large(self, text: &str) -> Fault {
        self.fault(OVERFLOW, format!("`{text}` is too large to count"))
    }
}

/// Writes a number of base units in a unit.
fn in_unit(base: i128, word: &Word) -> String {
    let magnitude = base.unsigned_abs();
    let (whole, rest) = (magnitude / word.value.0, magnitude % word.value.0);
    let mut text = format!("{}{whole}", if base < 0 { "-" } else { "" });
    if rest > 0 {
        let decimals = format!("{:.12}", rest as f64 / word.value.0 as f64);
        text.push_str(decimals.trim_start_matches('0').trim_end_matches('0'));
    }
    format!("{text} {}", word.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(unit: Unit, text: &str, expected: i128) {
        assert_eq!(unit.parse(text), Ok(expected), "{text}");
    }
    fn bad(unit: Unit, text: &str, code: Code) {
        assert_eq!(unit.parse(text).map_err(|fault| fault.code), Err(code), "{text}");
    }

    #[test]
    fn quantities_are_exact_in_both_languages() {
        ok(Unit::Money, "2.5亿元", 250_000_000_000_000);
        ok(Unit::Money, "250M CNY", 250_000_000_000_000);
        ok(Unit::Money, "12 万元", 120_000_000_000);
        ok(Unit::Money, "3 千万 元", 30_000_000_000_000);
        ok(Unit::Bandwidth, "400 Gbps", 400_000_000_000);
        ok(Unit::PerGpuHour, "12.5 CNY/GPU-h", 12_500_000);
        ok(Unit::PerGpuHour, "12.5元/卡时", 12_500_000);
        ok(Unit::Duration, "1 h 30 min", 5_400_000_000);
        ok(Unit::Duration, "1小时30分钟", 5_400_000_000);
        ok(Unit::Duration, "1h30min", 5_400_000_000);
        ok(Unit::Duration, "30 ms", 30_000);
        ok(Unit::Duration, "10.95 ms", 10_950);
        ok(Unit::Duration, "1e3 s", 1_000_000_000);
        ok(Unit::Carbon, "0.6423 kgCO2/kWh", 642_300);
        ok(Unit::Power, "3 MW", 3_000_000_000);
        ok(Unit::Bytes, "2 PB", 2_000_000_000_000_000);
        ok(Unit::Bytes, "1 EB", 1_000_000_000_000_000_000);
        ok(Unit::Gpus, "1840 GPU", 1840);
        ok(Unit::Gpus, "1.2万卡", 12_000);
        ok(Unit::Rate, "12 /d", 12_000_000_000);
        ok(Unit::Rate, "20/h", 480_000_000_000);
        ok(Unit::PerGpu, "34万元/卡", 340_000_000_000);
        ok(Unit::Energy, "1.5 GWh", 5_400_000_000_000_000);
        ok(Unit::PerGb, "50 CNY/TB", 50_000);
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        bad(Unit::Duration, "5 m", AMBIGUOUS_UNIT);
        bad(Unit::Duration, "1,5 h", DECIMAL_COMMA);
        bad(Unit::Duration, "50 parsec", UNKNOWN_UNIT);
        bad(Unit::Duration, "50", UNKNOWN_UNIT);
        bad(Unit::Duration, "soon", NOT_A_QUANTITY);
        bad(Unit::Duration, "30 min 1 h", NOT_A_QUANTITY);
        bad(Unit::Duration, "-1 h", OUT_OF_RANGE);
        bad(Unit::Duration, "nan h", NOT_FINITE);
        bad(Unit::Duration, "1e400 s", OVERFLOW);
        bad(Unit::Duration, "1e30 y", OVERFLOW);
        bad(Unit::Duration, "", NOT_A_QUANTITY);
        bad(Unit::Bandwidth, "10 GBps", BITS_AND_BYTES);
        bad(Unit::Bandwidth, "10 GB/s", BITS_AND_BYTES);
        bad(Unit::Bytes, "10 Gb", BITS_AND_BYTES);
        bad(Unit::Money, "5 USD", UNKNOWN_UNIT);
        bad(Unit::PerGpuHour, "5 CNY", UNKNOWN_UNIT);
        bad(Unit::Money, "5 CNY/GPU-h", UNKNOWN_UNIT);
        bad(Unit::Money, "1.2.3 CNY", NOT_A_QUANTITY);
    }

    #[test]
    fn rounding_is_half_to_even() {
        ok(Unit::Money, "0.0000005 CNY", 0);
        ok(Unit::Money, "0.0000015 CNY", 2);
        ok(Unit::Money, "0.0000025 CNY", 2);
        ok(Unit::Money, "0.0000026 CNY", 3);
    }

    #[test]
    fn the_canonical_form_does_not_depend_on_how_it_was_written() {
        for (unit, one, other) in
            [(Unit::Money, "2.5亿元", "250M CNY"), (Unit::Duration, "90 min", "1 h 30 min"), (Unit::PerGb, "50 CNY/TB", "0.05 CNY/GB")]
        {
            let canonical = |text| unit.canonical(unit.parse(text).unwrap());
            assert_eq!(canonical(one), canonical(other));
            assert_eq!(unit.parse(&canonical(one)), unit.parse(one));
        }
        assert_eq!(Unit::Duration.canonical(5_400_000_000), "1.5 h");
    }

    #[test]
    fn prices_keep_the_unit_that_they_are_quoted_in() {
        let usual = |unit: Unit, text| unit.usual(unit.parse(text).unwrap());
        assert_eq!([usual(Unit::PerKwh, "0.36 CNY/kWh"), usual(Unit::PerKwh, "0.50元/度")], ["0.36 CNY/kWh", "0.5 CNY/kWh"]);
        assert_eq!([usual(Unit::PerGb, "50 CNY/TB"), usual(Unit::PerGb, "0 CNY/GB")], ["0.05 CNY/GB", "0 CNY/GB"]);
        assert_eq!([usual(Unit::PerGpuHour, "12.5元/卡时"), usual(Unit::PerGpu, "34万元/卡")], ["12.5 CNY/GPU-h", "340000 CNY/GPU"]);
        assert_eq!(usual(Unit::Duration, "90 min"), "1.5 h");
    }
}
