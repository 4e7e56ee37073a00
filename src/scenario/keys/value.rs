//! Single values: from a node of the document to a number, a date, a range, or what is wrong with it.

use crate::diag::{
    BAD_NAME, BARE_NUMBER, Code, NOT_A_DATE, NOT_A_PLACE, NOT_A_RANGE, NOT_A_SHARE, NOT_AN_INTEGER, NOT_FINITE, OUT_OF_RANGE, OVERFLOW, WRONG_TYPE,
    escape,
};
use crate::scenario::document::Value;
use crate::scenario::quantity::{Decimal, Fault, Unit};
use jiff::civil::{DateTime, date};
use toml::value::{Datetime, Offset};

/// The longest name, in characters.
const NAME_LIMIT: usize = 100;

fn fault(code: Code, message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault { code, message: message.into(), help: help.into() }
}

/// Says that another type is needed.
pub(crate) fn wrong_type(found: &Value, needed: &str) -> Fault {
    fault(WRONG_TYPE, format!("{} where {needed} is needed", found.kind()), format!("write {needed}"))
}

/// Reads a quantity in base units.
pub(crate) fn quantity(value: &Value, unit: Unit) -> Result<i128, Fault> {
    match value {
        Value::Text(text) => unit.parse(text),
        Value::Float(number, _) if !number.is_finite() => Err(not_finite(value)),
        Value::Integer(_) | Value::Float(..) => {
            Err(fault(BARE_NUMBER, format!("a bare number where {} is needed", unit.what()), unit.write_the_unit()))
        }
        other => Err(wrong_type(other, unit.what())),
    }
}

fn not_finite(value: &Value) -> Fault {
    match value {
        Value::Float(_, text) if !text.contains("inf") && !text.contains("nan") => {
            fault(OVERFLOW, format!("`{text}` is too large to count"), "write a smaller number")
        }
        Value::Float(_, text) => fault(NOT_FINITE, format!("`{text}` is not a finite number"), "write a finite number of at least 0"),
        _ => fault(NOT_FINITE, "not a finite number", "write a finite number of at least 0"),
    }
}

/// Reads a bare number.
pub(crate) fn number(value: &Value, least: f64, most: f64) -> Result<f64, Fault> {
    let number = match value {
        Value::Integer(integer) => *integer as f64,
        Value::Float(number, _) if number.is_finite() => *number,
        Value::Float(..) => return Err(not_finite(value)),
        other => return Err(wrong_type(other, "a number")),
    };
    if (least..=most).contains(&number) {
        return Ok(number);
    }
    Err(fault(OUT_OF_RANGE, format!("{number} is out of range"), format!("write a number from {least} to {most}")))
}

/// Reads a bare number in millionths, exactly as it is written.
pub(crate) fn millionths(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Integer(integer) => integer.to_string(),
        Value::Float(_, text) => text.clone(),
        _ => return None,
    };
    Decimal::parse(&text).ok()?.times(1_000_000, 1).and_then(|number| u64::try_from(number).ok())
}

/// Reads a share.
pub(crate) fn share(value: &Value) -> Result<f64, Fault> {
    number(value, 0.0, 1.0).map_err(|mut found| {
        if found.code == OUT_OF_RANGE {
            found.code = NOT_A_SHARE;
            found.message = format!("{} is not a share", written(value));
            found.help = "write a number 0..1: 30 % is 0.3".to_owned();
        }
        found
    })
}

fn written(value: &Value) -> String {
    match value {
        Value::Integer(integer) => integer.to_string(),
        Value::Float(_, text) => text.clone(),
        _ => value.kind().to_owned(),
    }
}

/// Reads an integer.
pub(crate) fn integer(value: &Value, least: i128, most: i128) -> Result<i128, Fault> {
    match value {
        Value::Integer(integer) if (least..=most).contains(integer) => Ok(*integer),
        Value::Integer(integer) if *integer > most && most >= i128::from(u32::MAX) => Err(fault(
            OVERFLOW,
            format!("{} is too large to count", clipped(*integer)),
            format!("write an integer from {least} to {most}"),
        )),
        Value::Integer(integer) => Err(fault(
            OUT_OF_RANGE,
            format!("{} is out of range", clipped(*integer)),
            format!("write an integer from {least} to {most}"),
        )),
        Value::Float(number, text) if number.is_finite() => {
            Err(fault(NOT_AN_INTEGER, format!("`{text}` where an integer is needed"), "write an integer without a point or an exponent"))
        }
        Value::Float(..) => Err(not_finite(value)),
        other => Err(wrong_type(other, "an integer")),
    }
}

fn clipped(integer: i128) -> String {
    if integer == i128::MAX || integer == i128::MIN { "the number".to_owned() } else { integer.to_string() }
}

/// Checks a name: it stands in paths, tables and file names.
pub(crate) fn name(text: &str) -> Result<(), Fault> {
    let help = "a name has letters, digits, `-` and `_`, at most 100";
    let bad = |why: &str| Err(fault(BAD_NAME, why.to_owned(), help));
    if text.is_empty() {
        return bad("the name is empty");
    }
    if text.chars().nth(NAME_LIMIT).is_some() {
        return Err(fault(BAD_NAME, format!("the name has more than {NAME_LIMIT} characters"), help));
    }
    if let Some(wrong) = text.chars().find(|c| !(c.is_alphanumeric() || matches!(c, '-' | '_') || is_mark(*c))) {
        let (wrong, text) = (escape(wrong.encode_utf8(&mut [0; 4])), escape(text));
        return Err(fault(BAD_NAME, format!("the character `{wrong}` in the name `{text}`"), help));
    }
    let upper = text.to_ascii_uppercase();
    let port = |prefix: &str| upper.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit());
    if matches!(upper.as_str(), "CON" | "PRN" | "AUX" | "NUL") || port("COM") || port("LPT") {
        return Err(fault(BAD_NAME, format!("`{text}` is a device on some systems"), "choose another name"));
    }
    if text.starts_with('-') {
        return bad("the name begins with `-`");
    }
    Ok(())
}

/// Combining marks, so that a decomposed accent is a letter too.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Reads latitude and longitude, in millionths of a degree.
pub(crate) fn position(text: &str) -> Result<(i64, i64), Fault> {
    let wrong = || fault(NOT_A_PLACE, format!("`{text}` is not a place on the map"), "write latitude and longitude: `\"37.51 N, 105.19 E\"`");
    let (latitude, longitude) = text.split_once(',').ok_or_else(wrong)?;
    let degrees = |part: &str, plus: char, minus: char, most: i128| {
        let part = part.trim();
        let sign = if part.ends_with(plus) { 1 } else { -1 };
        let digits = part.strip_suffix([plus, minus])?.trim().trim_end_matches('°').trim();
        let value = Decimal::parse(digits).ok()?.times(1_000_000, 1).filter(|value| *value <= most * 1_000_000)?;
        i64::try_from(value * sign).ok()
    };
    Ok((degrees(latitude, 'N', 'S', 90).ok_or_else(wrong)?, degrees(longitude, 'E', 'W', 180).ok_or_else(wrong)?))
}

/// Reads a range of hours: from (0 to 23) and to (1 to 24); from above to goes over midnight.
pub(crate) fn hours(text: &str) -> Result<(usize, usize), Fault> {
    let wrong = || {
        fault(
            NOT_A_RANGE,
            format!("`{text}` is not a range of hours"),
            "write full hours from 0 to 24, such as `\"7-9\"` or `\"22-6\"`",
        )
    };
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let hour = |part: &str| part.trim().parse::<usize>().ok().filter(|hour| *hour <= 24);
    match (hour(from), hour(to)) {
        (Some(from), Some(to)) if from != to && from < 24 && to > 0 => Ok((from, to)),
        (Some(from), Some(0)) if from > 0 && from < 24 => Ok((from, 24)),
        _ => Err(wrong()),
    }
}

/// Reads a range of GPUs, both ends inside; `9-` has no upper end.
pub(crate) fn sizes(text: &str) -> Result<(u32, u32), Fault> {
    let wrong = || fault(NOT_A_RANGE, format!("`{text}` is not a range of GPUs"), "write `1-8`, `9-` or `16`");
    let count = |part: &str| part.trim().parse::<u32>().ok().filter(|count| *count > 0);
    let range = match text.split_once('-') {
        None => count(text).map(|only| (only, only)),
        Some((from, "")) => count(from).map(|from| (from, u32::MAX)),
        Some((from, to)) => count(from).zip(count(to)),
    };
    range.filter(|(from, to)| from <= to).ok_or_else(wrong)
}

/// Reads a band of excess in millionths of the limit.
pub(crate) fn excess(text: &str) -> Result<(u64, u64), Fault> {
    let wrong = || {
        fault(
            NOT_A_RANGE,
            format!("`{text}` is not a band of excess"),
            "write percentages of the limit: `\"0..100%\"` or `\"100%..\"`",
        )
    };
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let percent = |part: &str| {
        let digits = part.trim().trim_end_matches('%').trim();
        Decimal::parse(digits).ok()?.times(10_000, 1).and_then(|value| u64::try_from(value).ok())
    };
    let from = percent(from).ok_or_else(wrong)?;
    let to = if to.trim().is_empty() { u64::MAX } else { percent(to).ok_or_else(wrong)? };
    if from < to { Ok((from, to)) } else { Err(wrong()) }
}

/// Reads the number of a key such as `nodes_8`.
pub(crate) fn threshold(word: &str, key: &str) -> Result<u32, Fault> {
    key.strip_prefix(word)
        .and_then(|rest| rest.strip_prefix('_'))
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| fault(NOT_A_RANGE, format!("`{key}` is not a threshold"), format!("write `{word}_8`, `{word}_500`")))
}

/// Reads a date: local time, and its offset from UTC in seconds if it has one.
pub(crate) fn civil(datetime: &Datetime) -> Result<(DateTime, Option<i32>), Fault> {
    let help = "write a date as `2025-06-02` or `2025-06-02T08:00:00+08:00`";
    let wrong = |why: &str| fault(NOT_A_DATE, format!("`{datetime}` {why}"), help);
    let day = datetime.date.as_ref().ok_or_else(|| wrong("has no date"))?;
    let (hour, minute, second, nanosecond) =
        datetime.time.as_ref().map_or((0, 0, 0, 0), |time| (time.hour, time.minute, time.second.unwrap_or(0), time.nanosecond.unwrap_or(0)));
    if second == 60 {
        return Err(wrong("is a leap second, which no clock of a simulation has"));
    }
    let narrow = |number: u8| i8::try_from(number).unwrap_or(i8::MAX);
    let time = DateTime::new(
        i16::try_from(day.year).unwrap_or(i16::MAX),
        narrow(day.month),
        narrow(day.day),
        narrow(hour),
        narrow(minute),
        narrow(second),
        i32::try_from(nanosecond).unwrap_or(0),
    )
    .map_err(|_| wrong("is not in the calendar"))?;
    if !(date(1970, 1, 1)..=date(2500, 1, 1)).contains(&time.date()) {
        return Err(wrong("is not between 1970 and 2500"));
    }
    let offset = datetime.offset.as_ref().map(|offset| match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i32::from(*minutes) * 60,
    });
    Ok((time, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_file_system_or_a_terminal_would_misread_are_refused() {
        for good in ["zhongwei", "中卫", "h100", "west-power", "a_b", "cafe\u{301}"] {
            assert_eq!(name(good), Ok(()), "{good}");
        }
        for bad in ["", "a/b", "..", "a\0", "a\nb", "a\u{202e}b", "\u{1b}[31m", "CON", "com1", "dot.", "-a", &"x".repeat(101)] {
            assert_eq!(name(bad).map_err(|fault| fault.code), Err(BAD_NAME), "{bad:?}");
        }
    }

    #[test]
    fn ranges_and_places_are_read() {
        assert_eq!(hours("22-6"), Ok((22, 6)));
        assert_eq!(hours("22-0"), Ok((22, 24)));
        assert!(hours("7-25").is_err() && hours("7-7").is_err() && hours("7").is_err());
        assert_eq!(sizes("1-8"), Ok((1, 8)));
        assert_eq!(sizes("9-"), Ok((9, u32::MAX)));
        assert!(sizes("8-1").is_err() && sizes("0-1").is_err());
        assert_eq!(excess("0..100%"), Ok((0, 1_000_000)));
        assert_eq!(excess("100%.."), Ok((1_000_000, u64::MAX)));
        assert_eq!(position("37.51 N, 105.19 E"), Ok((37_510_000, 105_190_000)));
        assert_eq!(position("1 S, 2.5 W"), Ok((-1_000_000, -2_500_000)));
        assert!(position("91 N, 0 E").is_err() && position("37.51, 105.19").is_err());
    }
}
