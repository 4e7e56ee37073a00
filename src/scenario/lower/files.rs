//! Files that a scenario names and that are read with it: series, outages, empirical laws. Traces are only looked for.

use super::super::quantity::{Decimal, Unit};
use super::super::read::{SIZE_LIMIT, read_regular};
use super::super::reader::{Item, SinceStart};
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Span, Time};
use crate::diag::{At, Diagnostic, NOT_REGULAR, SERIES, UNREADABLE};
use crate::model::Series;
use std::path::PathBuf;

/// A CSV file as text: its columns, and its rows with their lines.
pub(super) struct Rows {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<(u64, Vec<String>)>,
    name: String,
}

impl Rows {
    /// Returns the position of a column.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
    /// Names a line, for messages.
    pub(super) fn line(&self, line: u64) -> String {
        format!("{}:{line}", self.name)
    }
}

/// Resolves the path that an item names.
pub(super) fn resolve(item: &Item<'_>) -> PathBuf {
    item.lowering.document.resolve(item.at(), item.text().unwrap_or_default())
}

/// Looks whether the file is there and can be read as one; its content is the workload's.
pub(super) fn look_for(item: &Item<'_>) {
    let path = resolve(item);
    match std::fs::metadata(&path) {
        Err(error) => item.report(
            UNREADABLE,
            format!("cannot read `{}`: {}", path.display(), error.to_string().to_lowercase()),
            "paths are relative to the scenario's folder",
        ),
        Ok(metadata) if !metadata.is_file() => item.report(NOT_REGULAR, format!("`{}` is not a regular file", path.display()), "name a file"),
        Ok(_) => {}
    }
}

/// Reads a CSV file (RFC 4180) with a heading.
pub(super) fn rows(item: &Item<'_>) -> Option<Rows> {
    let path = resolve(item);
    let bytes = match read_regular(&path, SIZE_LIMIT) {
        Ok(bytes) => bytes,
        Err((code, message)) => {
            item.report(code, format!("`{}`: {message}", path.display()), "paths are relative to the scenario's folder");
            return None;
        }
    };
    item.lowering.files.borrow_mut().push((item.path.clone(), blake3::hash(&bytes)));
    let name = item.text().unwrap_or_default().to_owned();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(false).trim(csv::Trim::All).from_reader(text);
    let read = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let fail = |message: String| {
        item.report(SERIES, message, "a CSV file in UTF-8 with a heading, fields separated by commas");
        None
    };
    let columns = match reader.headers() {
        Ok(heading) => read(heading),
        Err(error) => return fail(format!("{name}: {}", error.to_string().to_lowercase())),
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => rows.push((record.position().map_or(0, csv::Position::line), read(&record))),
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                return fail(format!("{name}:{line}: {}", error.to_string().to_lowercase()));
            }
        }
    }
    Some(Rows { columns, rows, name })
}

/// Reads a series of values: `at` or `hour`, and `value`. Every step is as long as the first; the last value holds on.
pub(super) fn series(item: &Item<'_>, unit: Unit, horizon: Option<Span>) -> Series {
    rows(item).and_then(|rows| steps(item, &rows, unit, horizon)).unwrap_or_else(|| Series::constant(0))
}

fn steps(item: &Item<'_>, rows: &Rows, unit: Unit, horizon: Option<Span>) -> Option<Series> {
    let help = "columns `at` (a date, or a length of time since the start) or `hour` (full hours since the start), and `value`";
    let fail = |message: String| {
        item.lowering.report(item.fault(SERIES, message).help(help));
        None
    };
    let unknown = rows.columns.iter().find(|column| !matches!(column.as_str(), "at" | "hour" | "value"));
    let (Some(when), Some(what), None) = (rows.column("at").or_else(|| rows.column("hour")), rows.column("value"), unknown) else {
        return fail(format!(
            "columns {} where others are needed",
            rows.columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ")
        ));
    };
    let mut points: Vec<(i64, i64, u64)> = Vec::new();
    for (line, row) in &rows.rows {
        let at = if rows.columns[when] == "hour" { hour(&row[when]) } else { instant(item, &row[when]) };
        let Some(at) = at else { return fail(format!("{}: `{}` is no instant", rows.line(*line), row[when])) };
        let Some(value) = number(&row[what], unit) else {
            return fail(format!("{}: `{}` is no {}", rows.line(*line), row[what], unit.what().trim_start_matches("a ")));
        };
        points.push((at, value, *line));
    }
    let Some(first) = points.first() else { return fail("the series has no rows".to_owned()) };
    if first.0 > 0 {
        return fail(format!("a hole from the start to {}: the first row is {}", Time(first.0.unsigned_abs()), rows.line(first.2)));
    }
    let step = points.get(1).map(|second| second.0 - first.0);
    for pair in points.windows(2) {
        let gap = pair[1].0 - pair[0].0;
        match gap.cmp(&step.unwrap_or(gap)) {
            _ if gap <= 0 => return fail(format!("{} and {} overlap", rows.line(pair[0].2), rows.line(pair[1].2))),
            std::cmp::Ordering::Less => {
                return fail(format!("{} and {} overlap: the step of the series is {}", rows.line(pair[0].2), rows.line(pair[1].2), hours(step)));
            }
            std::cmp::Ordering::Greater => {
                return fail(format!(
                    "a hole of {} between {} and {}",
                    hours(Some(gap - step.unwrap_or(gap))),
                    rows.line(pair[0].2),
                    rows.line(pair[1].2)
                ));
            }
            std::cmp::Ordering::Equal => {}
        }
    }
    if let (Some(step), Some(horizon), Some(last)) = (step, horizon, points.last())
        && i64::try_from(horizon.0).is_ok_and(|horizon| last.0.saturating_add(step) < horizon)
    {
        return fail(format!("a hole from {} to the horizon: the last row is {}", Time((last.0 + step).unsigned_abs()), rows.line(last.2)));
    }
    // What lies before the start only matters by its last value.
    let begin = points.iter().rposition(|(at, ..)| *at <= 0).unwrap_or(0);
    Some(Series::Steps(points[begin..].iter().map(|(at, value, _)| (Time(u64::try_from(*at).unwrap_or(0)), *value)).collect()))
}

fn hours(step: Option<i64>) -> String {
    Unit::Duration.canonical(i128::from(step.unwrap_or(0)))
}

fn hour(text: &str) -> Option<i64> {
    text.parse::<i64>().ok()?.checked_mul(MICROS_PER_HOUR as i64)
}

/// Reads an instant in a file: a date, or a length of time since the start; in microseconds, negative before the start.
pub(super) fn instant(item: &Item<'_>, text: &str) -> Option<i64> {
    if let Ok(span) = Unit::Duration.parse(text) {
        return i64::try_from(span).ok();
    }
    let date: toml::value::Datetime = text.parse().ok()?;
    let (local, offset) = super::super::keys::value::civil(&date).ok()?;
    let calendar = super::calendar(item);
    let shift = offset.map_or(0, |offset| i64::from(calendar.utc_offset_s) - i64::from(offset));
    Some(calendar.since_start(local).saturating_add(shift * 1_000_000))
}

/// Reads a value: with its unit, or bare in the unit of the column (CNY/kWh, kgCO2/kWh).
fn number(text: &str, unit: Unit) -> Option<i64> {
    let bare = || Decimal::parse(text).ok().and_then(|number| number.times(1_000_000, 1));
    unit.parse(text).ok().or_else(bare).and_then(|value| i64::try_from(value).ok())
}

/// Makes a diagnostic about a file's line at the item that names the file.
pub(super) fn at_line(item: &Item<'_>, rows: &Rows, line: u64, message: &str) -> Diagnostic {
    let at: At = item.at();
    Diagnostic::new(SERIES, format!("{}: {message}", rows.line(line))).at(at, &item.path)
}
