//! A cursor over a checked document: typed values, or nothing where the form was wrong and has been reported.

use super::document::{Node, Table, Value, join};
use super::extend::Document;
use super::keys::value;
use super::keys::{LawUnit, Names, Target};
use super::quantity::Unit;
use crate::base::time::MICROS_PER_SECOND;
use crate::base::{Bandwidth, Bytes, Id, Money, Power, Ratio, Span, Time};
use crate::diag::{At, Code, Diagnostic, FileId};
use crate::model::{Calendar, Period};
use jiff::civil::DateTime;
use std::cell::RefCell;

/// What lowering has at hand.
pub(super) struct Lowering<'a> {
    pub(super) document: &'a Document,
    pub(super) names: &'a Names,
    pub(super) calendar: Calendar,
    pub(super) out: RefCell<Vec<Diagnostic>>,
    /// Files that were read, with a hash of their bytes.
    pub(super) files: RefCell<Vec<(String, blake3::Hash)>>,
}

impl<'a> Lowering<'a> {
    /// Returns the cursor at the root.
    pub(super) fn root(&'a self) -> Item<'a> {
        Item { lowering: self, node: Some(&self.document.root), path: String::new() }
    }
    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.out.borrow_mut().push(diagnostic);
    }
    /// Returns the id of a name.
    pub(super) fn id<I: Id>(&self, target: Target, name: &str) -> Option<I> {
        self.names.position(target, name).map(I::from_index)
    }
}

/// A value, or the place where one would be.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub(super) lowering: &'a Lowering<'a>,
    pub(super) node: Option<&'a Node>,
    pub(super) path: String,
}

impl<'a> Item<'a> {
    /// Goes to a key.
    pub(super) fn item(&self, key: &str) -> Item<'a> {
        Item { lowering: self.lowering, node: self.table().and_then(|table| table.value(key)), path: join(&self.path, key) }
    }
    pub(super) fn exists(&self) -> bool {
        self.node.is_some()
    }
    pub(super) fn table(&self) -> Option<&'a Table> {
        self.node.and_then(|node| node.value.as_table())
    }
    pub(super) fn has(&self, key: &str) -> bool {
        self.table().is_some_and(|table| table.value(key).is_some())
    }
    /// Iterates over the keys and values of a table; over nothing, if it is none.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Item<'a>)> + use<'a> {
        let (lowering, path) = (self.lowering, self.path.clone());
        self.table().into_iter().flat_map(Table::iter).map(move |(key, node)| (key, Item { lowering, node: Some(node), path: join(&path, key) }))
    }
    /// Iterates over the items of a list; over nothing, if it is none.
    pub(super) fn list(&self) -> impl Iterator<Item = Item<'a>> + use<'a> {
        let (lowering, path) = (self.lowering, self.path.clone());
        let items = match self.node.map(|node| &node.value) {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        items.iter().enumerate().map(move |(index, node)| Item { lowering, node: Some(node), path: format!("{path}[{index}]") })
    }
    /// Where it stands; the start of the file, if it does not.
    pub(super) fn at(&self) -> At {
        self.node.map_or(At { file: FileId(0), start: 0, end: 0 }, |node| node.at)
    }
    /// Where its key stands.
    pub(super) fn key_at(&self) -> At {
        self.node.map_or(At { file: FileId(0), start: 0, end: 0 }, |node| node.key_at)
    }
    /// Makes a diagnostic at the value.
    pub(super) fn fault(&self, code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, message).at(self.at(), &self.path)
    }
    /// Reports at the value.
    pub(super) fn report(&self, code: Code, message: impl Into<String>, help: impl Into<String>) {
        self.lowering.report(self.fault(code, message).help(help));
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        self.node.and_then(|node| node.value.as_text())
    }
    pub(super) fn flag(&self) -> Option<bool> {
        if let Value::Boolean(flag) = self.node?.value { Some(flag) } else { None }
    }
    pub(super) fn quantity(&self, unit: Unit) -> Option<i128> {
        value::quantity(&self.node?.value, unit).ok()
    }
    fn small(&self, unit: Unit) -> Option<u64> {
        self.quantity(unit).and_then(|number| u64::try_from(number).ok())
    }
    pub(super) fn span(&self) -> Option<Span> {
        self.small(Unit::Duration).map(Span)
    }
    pub(super) fn money(&self, unit: Unit) -> Option<Money> {
        self.quantity(unit).and_then(|number| i64::try_from(number).ok()).map(Money)
    }
    pub(super) fn bytes(&self) -> Option<Bytes> {
        self.small(Unit::Bytes).map(Bytes)
    }
    pub(super) fn bandwidth(&self) -> Option<Bandwidth> {
        self.small(Unit::Bandwidth).map(Bandwidth)
    }
    pub(super) fn power(&self) -> Option<Power> {
        self.small(Unit::Power).map(Power)
    }
    pub(super) fn gpus(&self) -> Option<u64> {
        self.small(Unit::Gpus)
    }
    /// Reads a rate per second.
    pub(super) fn rate(&self) -> Option<f64> {
        self.quantity(Unit::Rate).map(|per_giga_days| per_giga_days as f64 / (1e9 * 86_400.0))
    }
    /// Reads a number without a unit.
    pub(super) fn number(&self) -> Option<f64> {
        value::number(&self.node?.value, f64::MIN, f64::MAX).ok()
    }
    /// Reads a number in millionths, exactly.
    pub(super) fn ratio(&self) -> Option<Ratio> {
        value::millionths(&self.node?.value).map(Ratio)
    }
    pub(super) fn integer(&self) -> Option<i128> {
        if let Value::Integer(integer) = self.node?.value { Some(integer) } else { None }
    }
    pub(super) fn count(&self) -> Option<u32> {
        self.integer().and_then(|integer| u32::try_from(integer).ok())
    }
    pub(super) fn large_count(&self) -> Option<u64> {
        self.integer().and_then(|integer| u64::try_from(integer).ok())
    }
    /// Reads a reference as an id.
    pub(super) fn reference<I: Id>(&self, target: Target) -> Option<I> {
        self.lowering.id(target, self.text()?)
    }
    /// Reads a list of references, or a single one.
    pub(super) fn references<I: Id>(&self, target: Target) -> Vec<I> {
        self.list().filter_map(|item| item.reference(target)).collect()
    }
    pub(super) fn position(&self) -> Option<(i64, i64)> {
        value::position(self.text()?).ok()
    }
    pub(super) fn period(&self) -> Option<Period> {
        Some(match self.text()? {
            "day" => Period::Day,
            "week" => Period::Week,
            "month" => Period::Month,
            "quarter" => Period::Quarter,
            "year" => Period::Year,
            "run" => Period::Run,
            _ => return None,
        })
    }
    /// Reads English and Chinese names; a single string is English.
    pub(super) fn bilingual(&self) -> (Option<String>, Option<String>) {
        let owned = |item: Item<'_>| item.text().map(str::to_owned);
        match self.text() {
            Some(text) => (Some(text.to_owned()), None),
            None => (owned(self.item("en")), owned(self.item("zh"))),
        }
    }
    /// Reads a date in local time. Another offset than the scenario's is moved to it.
    pub(super) fn date(&self) -> Option<DateTime> {
        let Value::Date(date) = &self.node?.value else { return None };
        let (local, offset) = value::civil(date).ok()?;
        let shift = offset.map_or(0, |offset| i64::from(self.lowering.calendar.utc_offset_s) - i64::from(offset));
        local.checked_add(jiff::Span::new().seconds(shift)).ok()
    }
    /// Reads an instant: a date, or a length of time since the start. What lies before the start is at it.
    pub(super) fn instant(&self) -> Option<Time> {
        self.span()
            .map(|span| Time(span.0))
            .or_else(|| self.date().map(|date| Time(self.lowering.calendar.since_start(date).try_into().unwrap_or(0))))
    }
    /// Reads a value of a law, in the sampler's unit (seconds, bytes, yuan, or a bare number).
    pub(super) fn law_value(&self, unit: LawUnit) -> Option<f64> {
        match unit {
            LawUnit::Quantity(unit) => self.quantity(unit).map(|number| number as f64 / unit.law_scale()),
            LawUnit::Factor | LawUnit::Share => self.number(),
        }
    }
}

/// Dates against the scenario's clock.
pub(super) trait SinceStart {
    /// Returns microseconds from the start to a local date and time; negative before the start.
    fn since_start(&self, date: DateTime) -> i64;
}

impl SinceStart for Calendar {
    fn since_start(&self, date: DateTime) -> i64 {
        let duration = date.duration_since(self.start);
        duration.as_secs().saturating_mul(MICROS_PER_SECOND as i64).saturating_add(i64::from(duration.subsec_micros()))
    }
}
