//! Single values against their kinds, and kinds in words.

use super::value::{self, wrong_type};
use super::{Kind, LawUnit};
use crate::scenario::document::Value;
use crate::scenario::quantity::{Fault, Unit};

/// Checks a single value; words and names are looked at by the caller.
pub(super) fn check(found: &Value, kind: Kind, law: Option<LawUnit>) -> Result<(), Fault> {
    match kind {
        Kind::Limit(_) if found.as_text() == Some("unlimited") => Ok(()),
        Kind::Quantity(unit) | Kind::Limit(unit) => value::quantity(found, unit).map(drop),
        Kind::Number(least, most) => value::number(found, least, most).map(drop),
        Kind::Share => value::share(found).map(drop),
        Kind::Integer(least, most) => value::integer(found, least, most).map(drop),
        Kind::Boolean if matches!(found, Value::Boolean(_)) => Ok(()),
        Kind::Date => date(found),
        Kind::Instant => match found {
            Value::Text(_) => value::quantity(found, Unit::Duration).map(drop),
            _ => date(found),
        },
        Kind::LawValue => match law.unwrap_or(LawUnit::Factor) {
            LawUnit::Quantity(unit) => value::quantity(found, unit).map(drop),
            LawUnit::Factor => value::number(found, 0.0, 1e12).map(drop),
            LawUnit::Share => value::share(found).map(drop),
        },
        _ => match found.as_text() {
            None => Err(wrong_type(found, &describe(&kind))),
            Some(text) => match kind {
                Kind::Name => value::name(text),
                Kind::Position => value::position(text).map(drop),
                Kind::Hours => value::hours(text).map(drop),
                Kind::Excess => value::excess(text).map(drop),
                _ => Ok(()),
            },
        },
    }
}

fn date(found: &Value) -> Result<(), Fault> {
    match found {
        Value::Date(date) => value::civil(date).map(drop),
        Value::Text(text) => Err(Fault {
            code: crate::diag::NOT_A_DATE,
            message: format!("`{text}` is not a date"),
            help: "write a date without quotes, and one that exists: `2025-06-02` or `2025-06-02T08:00:00+08:00`".to_owned(),
        }),
        other => Err(wrong_type(other, "a date")),
    }
}

/// Tells whether a kind takes values of this type.
pub(super) fn takes(kind: &Kind, found: &Value) -> bool {
    match (kind, found) {
        (Kind::Number(..) | Kind::Share | Kind::Integer(..), Value::Integer(_) | Value::Float(..)) => true,
        (Kind::Boolean, Value::Boolean(_)) | (Kind::Date | Kind::Instant, Value::Date(_)) => true,
        (Kind::List(_) | Kind::Exactly(..), Value::List(_)) => true,
        (Kind::Table(_) | Kind::Declares(_) | Kind::Map(..) | Kind::Tagged(_) | Kind::Law(_) | Kind::Estimate | Kind::Settings, Value::Table(_)) => {
            true
        }
        (Kind::Number(..) | Kind::Share | Kind::Integer(..) | Kind::Boolean | Kind::Date, _) => false,
        (Kind::List(_) | Kind::Exactly(..) | Kind::Table(_) | Kind::Declares(_) | Kind::Map(..) | Kind::Tagged(_) | Kind::Settings, _) => false,
        (_, Value::Text(_)) => true,
        _ => false,
    }
}

/// Says in words what a value is.
pub(super) fn describe(kind: &Kind) -> String {
    match kind {
        Kind::Quantity(unit) | Kind::Limit(unit) => {
            // Lengths of time go from milliseconds to years: one example would be off the mark for most keys.
            let examples: Vec<_> = unit.examples().iter().filter(|example| example.is_ascii()).map(|example| format!("`\"{example}\"`")).collect();
            format!("{} such as {}", unit.what(), examples.join(", "))
        }
        Kind::Number(least, most) => format!("a number from {least} to {most}"),
        Kind::Share => "a share 0..1".to_owned(),
        Kind::Integer(least, most) if *least >= 0 && *most >= i128::from(u32::MAX) => format!("an integer of at least {least}"),
        Kind::Integer(least, most) => format!("an integer from {least} to {most}"),
        Kind::Boolean => "`true` or `false`".to_owned(),
        Kind::Text => "a string".to_owned(),
        Kind::Bilingual => "a string, or `{ en = \"…\", zh = \"…\" }`".to_owned(),
        Kind::Name => "a name".to_owned(),
        Kind::Position => "a place such as `\"37.51 N, 105.19 E\"`".to_owned(),
        Kind::Date => "a date such as `2025-06-02`".to_owned(),
        Kind::Instant => "a date, or a length of time since the start".to_owned(),
        Kind::Words(words) => words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(" or "),
        Kind::Reference(target) => format!("the name of a {}", target.what()),
        Kind::File => "the path of a file".to_owned(),
        Kind::Part(kind) => format!("a part of the kind {kind}"),
        Kind::Parts => "parts joined by `+`".to_owned(),
        Kind::Hours => "hours such as `\"7-9\"`".to_owned(),
        Kind::Excess => "a band such as `\"0..100%\"`".to_owned(),
        Kind::Law(unit) => format!("{}, or a law such as `{{ dist = \"exponential\", mean = … }}`", describe_unit(*unit)),
        Kind::Estimate => "`\"exact\"`, a law, or `{ dist = \"uniform\", times_work = [1.0, 3.0] }`".to_owned(),
        Kind::LawValue => "a value of the law".to_owned(),
        Kind::List(inner) => format!("a list of values, each {}", describe(inner)),
        Kind::Exactly(count, inner) => format!("a list of {count} values, each {}", describe(inner)),
        Kind::Table(shape) => format!("a table ({})", shape.keys.iter().map(|key| format!("`{}`", key.name)).collect::<Vec<_>>().join(", ")),
        Kind::Declares(_) => "a table of names".to_owned(),
        Kind::Map(..) => "a table".to_owned(),
        Kind::Tagged(tagged) => format!("a table with `{}`", tagged.tag),
        Kind::Either(kinds) => kinds.iter().map(describe).collect::<Vec<_>>().join(", or "),
        Kind::Settings => "a table of paths and values".to_owned(),
    }
}

fn describe_unit(unit: LawUnit) -> String {
    match unit {
        LawUnit::Quantity(unit) => describe(&Kind::Quantity(unit)),
        LawUnit::Factor => "a number".to_owned(),
        LawUnit::Share => "a share 0..1".to_owned(),
    }
}
