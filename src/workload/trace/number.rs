//! Numbers in traces: plain decimals, read exactly into integers of a smaller unit.

/// Reads a decimal number as an integer of 10⁻ᵈ units, rounded half up where it has more digits: `"1.5"` with 6 digits is 1,500,000. At
/// most nine digits.
///
/// # Errors
/// Whatever is not an optional minus, digits and an optional fraction, or does not fit; the text says what it looks like.
pub(super) fn decimal(text: &[u8], digits: usize) -> Result<i64, String> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut value: u64 = 0;
    let (mut seen, mut after_point, mut point) = (0, 0, false);
    let mut round_up = false;
    for &byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            if byte != b'.' || point {
                return Err(looks_like(text));
            }
            point = true;
            continue;
        }
        seen += 1;
        if point {
            after_point += 1;
            if after_point > digits {
                round_up |= after_point == digits + 1 && digit >= 5;
                continue;
            }
        }
        if value > (i64::MAX as u64) / 10 {
            return Err(too_large());
        }
        value = value * 10 + u64::from(digit);
    }
    if seen == 0 {
        return Err(looks_like(text));
    }
    let scaled = value.checked_mul(POWERS_OF_TEN[digits - after_point.min(digits)]).and_then(|value| value.checked_add(u64::from(round_up)));
    let value = scaled.and_then(|value| i64::try_from(value).ok()).ok_or_else(too_large)?;
    Ok(if negative { -value } else { value })
}

const POWERS_OF_TEN: [u64; 10] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// Reads an integer without a sign.
///
/// # Errors
/// As [`decimal`].
pub(super) fn integer(text: &[u8]) -> Result<u64, String> {
    let mut value: u64 = 0;
    for &byte in text {
        if !byte.is_ascii_digit() {
            decimal(text, 0)?;
            return Err(if text[0] == b'-' { "is negative" } else { "is not an integer" }.to_owned());
        }
        value = value.checked_mul(10).and_then(|value| value.checked_add(u64::from(byte - b'0'))).ok_or_else(too_large)?;
    }
    if text.is_empty() { Err(looks_like(text)) } else { Ok(value) }
}

fn too_large() -> String {
    "is too large".to_owned()
}

/// Says what a text looks like that is no plain number.
fn looks_like(text: &[u8]) -> String {
    let lower = text.to_ascii_lowercase();
    let unsigned = lower.strip_prefix(b"-").unwrap_or(&lower);
    let only = |allowed: &[u8]| unsigned.iter().all(|byte| byte.is_ascii_digit() || allowed.contains(byte));
    let digits = unsigned.iter().any(u8::is_ascii_digit);
    let reason = match unsigned {
        [] => "is empty",
        _ if text.first().is_some_and(u8::is_ascii_whitespace) || text.last().is_some_and(u8::is_ascii_whitespace) => "has spaces round it",
        [b'+', ..] => "has a plus sign",
        b"nan" | b"inf" | b"infinity" => "is not finite",
        [b'0', b'x', ..] => "is hexadecimal",
        _ if digits && only(b"_") => "has underscores between its digits",
        _ if digits && only(b",") => "has a comma: a decimal point is `.`, and thousands are not separated",
        _ if digits && only(b",.") && unsigned.contains(&b',') => "has thousands separators",
        _ if digits && only(b" ") => "has spaces between its digits",
        _ if digits && only(b"e+-.") && unsigned.contains(&b'e') => "has an exponent",
        _ if digits && only(b"-t:z+. /") && unsigned.len() >= 8 => "looks like a date",
        _ if digits && unsigned.ends_with(b"s") => "has a unit",
        _ => "is not a number",
    };
    reason.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, expected) in [("0", 0), ("1.5", 1_500_000), ("-2", -2_000_000), ("7.", 7_000_000), (".25", 250_000), ("0.1234567", 123_457)] {
            assert_eq!(decimal(text.as_bytes(), 6), Ok(expected), "{text}");
        }
        assert_eq!(decimal(b"9223372036854.775807", 6), Ok(i64::MAX));
        assert_eq!(decimal(b"9223372036854.775808", 6), Err("is too large".to_owned()));
        assert_eq!(integer(b"18446744073709551615"), Ok(u64::MAX));
        assert_eq!(integer(b"18446744073709551616"), Err("is too large".to_owned()));
    }

    #[test]
    fn other_ways_to_write_numbers_are_named() {
        for (text, expected) in [
            ("", "is empty"),
            (" 5", "has spaces round it"),
            ("+5", "has a plus sign"),
            ("NaN", "is not finite"),
            ("-inf", "is not finite"),
            ("0x10", "is hexadecimal"),
            ("1_000", "has underscores between its digits"),
            ("1,5", "has a comma: a decimal point is `.`, and thousands are not separated"),
            ("1,000.5", "has thousands separators"),
            ("1e5", "has an exponent"),
            ("TRUE", "is not a number"),
            ("2025-06-02T00:00:00Z", "looks like a date"),
            ("5s", "has a unit"),
            ("1.2.3", "is not a number"),
            ("-", "is empty"),
        ] {
            assert_eq!(decimal(text.as_bytes(), 6), Err(expected.to_owned()), "{text:?}");
        }
        assert_eq!(integer(b"2.5"), Err("is not an integer".to_owned()));
        assert_eq!(integer(b"-3"), Err("is negative".to_owned()));
    }
}
