//! Quantities in strings: a number and a unit, exact.
//!
//! `"2.5亿元"` becomes 250,000,000,000,000 micro-yuan without a float on the way. Every [`Unit`] lists the words that it takes; what is
//! accepted elsewhere only would be a guess, and is an error that lists them. Linear in the length of the text.

use crate::diag::{AMBIGUOUS_UNIT, BITS_AND_BYTES, Code, DECIMAL_COMMA, NOT_A_QUANTITY, NOT_FINITE, OUT_OF_RANGE, OVERFLOW, UNKNOWN_UNIT};

/// What a quantity measures; the base unit is the model's integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    /// A length of time, in microseconds.
    Duration,
    /// Data, in bytes.
    Bytes,
    /// Bits per second.
    Bandwidth,
    /// Milliwatts.
    Power,
    /// Millijoules.
    Energy,
    /// Micro-yuan.
    Money,
    /// Micro-yuan per GPU-hour.
    PerGpuHour,
    /// Micro-yuan per kWh.
    PerKwh,
    /// Micro-yuan per GB.
    PerGb,
    /// Micro-yuan per GPU.
    PerGpu,
    /// Milligrams of CO₂ per kWh.
    Carbon,
    /// GPUs.
    Gpus,
    /// GPU-microseconds.
    GpuHours,
    /// How often, in events per 10⁹ days: the finest that is worth to write.
    Rate,
}

/// A word for a unit: its value in base units as a fraction.
struct Word {
    text: &'static str,
    value: (u128, u128),
}

const fn word(text: &'static str, value: u128) -> Word {
    Word { text, value: (value, 1) }
}

const MINUTE: u128 = 60_000_000;
const HOUR: u128 = 60 * MINUTE;
const DAY: u128 = 24 * HOUR;
const YUAN: u128 = 1_000_000;
const KWH: u128 = 3_600_000_000;

static DURATION: &[Word] = &[
    word("us", 1),
    word("µs", 1),
    word("μs", 1),
    word("ms", 1000),
    word("s", 1_000_000),
    word("min", MINUTE),
    word("h", HOUR),
    word("d", DAY),
    word("w", 7 * DAY),
    word("y", 365 * DAY),
    word("微秒", 1),
    word("毫秒", 1000),
    word("秒", 1_000_000),
    word("分钟", MINUTE),
    word("分", MINUTE),
    word("小时", HOUR),
    word("时", HOUR),
    word("天", DAY),
    word("日", DAY),
    word("周", 7 * DAY),
    word("年", 365 * DAY),
];
static BYTES: &[Word] = &[
    word("B", 1),
    word("kB", 1000),
    word("MB", 1_000_000),
    word("GB", 1_000_000_000),
    word("TB", 1_000_000_000_000),
    word("PB", 1_000_000_000_000_000),
    word("EB", 1_000_000_000_000_000_000),
    word("KiB", 1 << 10),
    word("MiB", 1 << 20),
    word("GiB", 1 << 30),
    word("TiB", 1 << 40),
    word("PiB", 1 << 50),
];
static BANDWIDTH: &[Word] = &[
    word("bps", 1),
    word("kbps", 1000),
    word("Mbps", 1_000_000),
    word("Gbps", 1_000_000_000),
    word("Tbps", 1_000_000_000_000),
    word("bit/s", 1),
    word("kbit/s", 1000),
    word("Mbit/s", 1_000_000),
    word("Gbit/s", 1_000_000_000),
    word("Tbit/s", 1_000_000_000_000),
];
static POWER: &[Word] = &[
    word("mW", 1),
    word("W", 1000),
    word("kW", 1_000_000),
    word("MW", 1_000_000_000),
    word("GW", 1_000_000_000_000),
    word("瓦", 1000),
    word("千瓦", 1_000_000),
    word("兆瓦", 1_000_000_000),
];
static ENERGY: &[Word] = &[
    word("Wh", 3_600_000),
    word("kWh", KWH),
    word("MWh", 1000 * KWH),
    word("GWh", 1_000_000 * KWH),
    word("TWh", 1_000_000_000 * KWH),
    word("度", KWH),
    word("千瓦时", KWH),
    word("兆瓦时", 1000 * KWH),
];
static MONEY: &[Word] = &[word("CNY", YUAN), word("元", YUAN), word("yuan", YUAN), word("RMB", YUAN)];
static PER_GPU_HOUR: &[Word] = &[word("CNY/GPU-h", YUAN), word("元/卡时", YUAN), word("元/GPU时", YUAN), word("yuan/GPU-h", YUAN)];
static PER_KWH: &[Word] = &[
    word("CNY/kWh", YUAN),
    word("元/kWh", YUAN),
    word("元/度", YUAN),
    word("元/千瓦时", YUAN),
    word("yuan/kWh", YUAN),
    Word { text: "CNY/MWh", value: (1000, 1) },
];
static PER_GB: &[Word] = &[word("CNY/GB", YUAN), word("元/GB", YUAN), word("yuan/GB", YUAN), word("CNY/TB", 1000), word("元/TB", 1000)];
static PER_GPU: &[Word] = &[word("CNY/GPU", YUAN), word("元/卡", YUAN), word("元/GPU", YUAN), word("yuan/GPU", YUAN)];
static CARBON: &[Word] = &[
    word("gCO2/kWh", 1000),
    word("kgCO2/kWh", 1_000_000),
    word("tCO2/MWh", 1_000_000),
    word("kgCO2/MWh", 1000),
    word("gCO₂/kWh", 1000),
    word("kgCO₂/kWh", 1_000_000),
    word("tCO₂/MWh", 1_000_000),
];
static GPUS: &[Word] = &[word("GPU", 1), word("GPUs", 1), word("卡", 1), word("张", 1)];
static GPU_HOURS: &[Word] = &[word("GPU-h", HOUR), word("卡时", HOUR), word("GPU时", HOUR), word("GPU-d", DAY)];
static RATE: &[Word] = &[
    Word { text: "/s", value: (86_400_000_000_000, 1) },
    Word { text: "/min", value: (1_440_000_000_000, 1) },
    Word { text: "/h", value: (24_000_000_000, 1) },
    Word { text: "/d", value: (1_000_000_000, 1) },
    Word { text: "/w", value: (1_000_000_000, 7) },
    Word { text: "/秒", value: (86_400_000_000_000, 1) },
    Word { text: "/分钟", value: (1_440_000_000_000, 1) },
    Word { text: "/小时", value: (24_000_000_000, 1) },
    Word { text: "/天", value: (1_000_000_000, 1) },
];

/// Words that multiply the number: longer ones first, so that `万亿` is not read as `万`.
static MULTIPLIERS: &[(&str, u128)] = &[
    ("万亿", 1_000_000_000_000),
    ("千亿", 100_000_000_000),
    ("百亿", 10_000_000_000),
    ("十亿", 1_000_000_000),
    ("千万", 10_000_000),
    ("百万", 1_000_000),
    ("十万", 100_000),
    ("亿", 100_000_000),
    ("万", 10_000),
    ("千", 1000),
    ("bn", 1_000_000_000),
    ("B", 1_000_000_000),
    ("M", 1_000_000),
    ("k", 1000),
];

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
    fn words(self) -> &'static [Word] {
        match self {
            Self::Duration => DURATION,
            Self::Bytes => BYTES,
            Self::Bandwidth => BANDWIDTH,
            Self::Power => POWER,
            Self::Energy => ENERGY,
            Self::Money => MONEY,
            Self::PerGpuHour => PER_GPU_HOUR,
            Self::PerKwh => PER_KWH,
            Self::PerGb => PER_GB,
            Self::PerGpu => PER_GPU,
            Self::Carbon => CARBON,
            Self::Gpus => GPUS,
            Self::GpuHours => GPU_HOURS,
            Self::Rate => RATE,
        }
    }
    /// Says what it measures, with its article, for messages.
    pub fn what(self) -> &'static str {
        match self {
            Self::Duration => "a length of time",
            Self::Bytes => "an amount of data",
            Self::Bandwidth => "a bandwidth",
            Self::Power => "a power",
            Self::Energy => "an energy",
            Self::Money => "an amount of money",
            Self::PerGpuHour | Self::PerKwh | Self::PerGb | Self::PerGpu => "a price",
            Self::Carbon => "a carbon intensity",
            Self::Gpus => "a number of GPUs",
            Self::GpuHours => "a number of GPU-hours",
            Self::Rate => "a rate",
        }
    }
    /// Gives examples as a file writes them.
    pub fn examples(self) -> &'static [&'static str] {
        match self {
            Self::Duration => &["30 ms", "1 h 30 min", "14 d", "20分钟"],
            Self::Bytes => &["80 GB", "2 PB"],
            Self::Bandwidth => &["400 Gbps", "10 Mbps"],
            Self::Power => &["350 W", "3 MW"],
            Self::Energy => &["1.5 GWh", "200万度"],
            Self::Money => &["2.5M CNY", "2.5亿元"],
            Self::PerGpuHour => &["12.5 CNY/GPU-h", "12.5元/卡时"],
            Self::PerKwh => &["0.36 CNY/kWh", "0.36元/度"],
            Self::PerGb => &["0.05 CNY/GB"],
            Self::PerGpu => &["340000 CNY/GPU", "34万元/卡"],
            Self::Carbon => &["0.6423 kgCO2/kWh"],
            Self::Gpus => &["1840 GPU", "1.2万卡"],
            Self::GpuHours => &["250000 GPU-h", "25万卡时"],
            Self::Rate => &["12 /d", "20 /h"],
        }
    }
    /// Lists the units that are accepted, for help.
    pub fn accepted(self) -> String {
        let words: Vec<_> = self.words().iter().map(|word| format!("`{}`", word.text)).collect();
        format!("accepted units: {}", words.join(", "))
    }
    /// Asks for the unit that a bare number lacks.
    pub fn write_the_unit(self) -> String {
        let examples: Vec<_> = self.examples().iter().map(|example| format!("`\"{example}\"`")).collect();
        format!("write the unit: {}; {}", examples.join(", "), self.accepted())
    }
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
        let Some(word) = word else { return base.to_string() };
        let (whole, rest) = (magnitude / word.value.0, magnitude % word.value.0);
        let mut text = format!("{}{whole}", if base < 0 { "-" } else { "" });
        if rest > 0 {
            let decimals = format!("{:.12}", rest as f64 / word.value.0 as f64);
            text.push_str(decimals.trim_start_matches('0').trim_end_matches('0'));
        }
        format!("{text} {}", word.text)
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
            let hint = format!("write `{}` if the comma is a decimal sign, and no sign between thousands", digits.replace(',', "."));
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
}
