//! Times of submission: that all rows of a file keep one clock, and dates as instants.

/// Seconds at which a number can only be milliseconds since 1970: the year 5138.
const MILLISECONDS_FROM_S: i64 = 100_000_000_000;
/// Seconds that tell clocks apart: a log that starts in its first three years does not reach its twenty-sixth.
const OWN_CLOCK_BELOW_S: i64 = 100_000_000;
const EPOCH_FROM_S: i64 = 800_000_000;
const MICROS: i64 = 1_000_000;

/// What the first row said, to hold the others against it.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// Line and time of the first row.
    first: Option<(u64, i64)>,
    /// Line and offset (or its absence) of the first date.
    zone: Option<(u64, bool)>,
}

impl Clock {
    /// Checks a time in µs against the first one.
    ///
    /// # Errors
    /// Tells what it looks like.
    pub fn check(&mut self, line: u64, micros: i64) -> Result<(), String> {
        let (first_line, first) = *self.first.get_or_insert((line, micros));
        if micros >= MILLISECONDS_FROM_S * MICROS {
            return Err("looks like milliseconds since 1970".to_owned());
        }
        let own = |micros: i64| micros < OWN_CLOCK_BELOW_S * MICROS;
        let epoch = |micros: i64| micros >= EPOCH_FROM_S * MICROS;
        if (own(first) && epoch(micros)) || (epoch(first) && own(micros)) {
            let clock = if epoch(micros) { "looks like seconds since 1970" } else { "does not look like seconds since 1970" };
            let other = if epoch(micros) { "does not" } else { "does" };
            return Err(format!("{clock}, and line {first_line} {other}"));
        }
        Ok(())
    }
    /// Checks that a date has an offset from UTC if the first one had, and none if not.
    ///
    /// # Errors
    /// Tells which line differs.
    pub fn check_zone(&mut self, line: u64, zoned: bool) -> Result<(), String> {
        let (first_line, first) = *self.zone.get_or_insert((line, zoned));
        match (first, zoned) {
            (true, false) => Err(format!("has no offset from UTC, and line {first_line} has one")),
            (false, true) => Err(format!("has an offset from UTC, and line {first_line} has none")),
            _ => Ok(()),
        }
    }
}

/// Reads `2023-03-01 00:18:22`, with `T` or a space, with or without an offset such as `+08:00` or `Z`: µs since 1970, UTC where there is no offset,
/// and whether there is one.
pub(super) fn date(text: &[u8]) -> Result<(i64, bool), String> {
    let wrong = || if text.is_empty() { "is empty".to_owned() } else { "is not a date".to_owned() };
    let (Some(local), rest) = (text.get(..19), text.get(19..).unwrap_or_default()) else { return Err(wrong()) };
    let separators = [(4, b"--"), (7, b"--"), (10, b" T"), (13, b"::"), (16, b"::")];
    if separators.iter().any(|(at, allowed)| !allowed.contains(&local[*at])) {
        return Err(wrong());
    }
    let number = |from: usize, to: usize| local[from..to].iter().try_fold(0_i16, |value, byte| Some(value * 10 + i16::from(digit(*byte)?)));
    let small = |from: usize| number(from, from + 2).and_then(|value| i8::try_from(value).ok());
    let civil = number(0, 4).zip(small(5)).zip(small(8)).and_then(|((year, month), day)| jiff::civil::Date::new(year, month, day).ok());
    let time = small(11).zip(small(14)).zip(small(17)).and_then(|((hour, minute), second)| jiff::civil::Time::new(hour, minute, second, 0).ok());
    let (Some(civil), Some(time)) = (civil, time) else { return Err(wrong()) };
    let since_1970 = civil.to_datetime(time).duration_since(jiff::civil::date(1970, 1, 1).to_datetime(jiff::civil::Time::MIN));
    let (rest, fraction) = fraction(rest).ok_or_else(wrong)?;
    let (offset, zoned) = offset(rest).ok_or_else(wrong)?;
    Ok(((since_1970.as_secs() - offset) * MICROS + fraction, zoned))
}

fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

/// Splits off a fraction of a second, in µs.
fn fraction(text: &[u8]) -> Option<(&[u8], i64)> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((text, 0)) };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let micros = (0..6).fold(0, |value, at| value * 10 + i64::from(digits[..length].get(at).map_or(0, |byte| byte - b'0')));
    (length > 0).then_some((&digits[length..], micros))
}

/// Reads an offset from UTC in seconds, and whether there is one.
fn offset(text: &[u8]) -> Option<(i64, bool)> {
    match text {
        [] => Some((0, false)),
        [b'Z'] => Some((0, true)),
        [sign @ (b'+' | b'-'), hour_tens, hour, rest @ ..] => {
            let minutes = match rest {
                [] => 0,
                [b':', tens, ones] | [tens, ones] => i64::from(digit(*tens)?) * 10 + i64::from(digit(*ones)?),
                _ => return None,
            };
            let seconds = (i64::from(digit(*hour_tens)?) * 10 + i64::from(digit(*hour)?)) * 3600 + minutes * 60;
            Some((if *sign == b'-' { -seconds } else { seconds }, true))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_instants() {
        for (text, expected) in [
            ("1970-01-01 00:00:00", (0, false)),
            ("2023-03-01 00:18:22+08:00", (1_677_601_102, true)),
            ("2023-02-28T16:18:22Z", (1_677_601_102, true)),
            ("2023-02-28 10:48:22-0530", (1_677_601_102, true)),
            ("1969-12-31 23:59:59", (-1, false)),
        ] {
            assert_eq!(date(text.as_bytes()), Ok((expected.0 * MICROS, expected.1)), "{text}");
        }
        assert_eq!(date(b"1970-01-01 00:00:01.25"), Ok((1_250_000, false)));
        for text in ["", "2023-02-30 00:00:00", "2023-02-28", "2023-02-28 24:00:00", "2023/02/28 00:00:00", "2023-02-28 00:00:00 CST", "1748822400"] {
            assert!(date(text.as_bytes()).is_err(), "{text}");
        }
    }
}
