//! The document: a tree of values that know where they stand, whichever of the files and overrides they come from.

use crate::diag::{At, DUPLICATE_KEY, Diagnostic, FileId, SYNTAX, SourceMap};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where the value stands.
    pub at: At,
    /// Where its key stands; the value itself, for an item of a list.
    pub key_at: At,
}

/// A value as TOML knows it. Numbers keep their text, so that `1.15` stays exact.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer; what does not fit is at the end of the range.
    Integer(i128),
    /// A float, with its text.
    Float(f64, String),
    /// `true` or `false`.
    Boolean(bool),
    /// A date, a time, or both.
    Date(toml::value::Datetime),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

impl Value {
    /// Says what it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(..) => "a number",
            Self::Boolean(_) => "`true` or `false`",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
    /// Returns the table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        if let Self::Table(table) = self { Some(table) } else { None }
    }
    /// Returns the string, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

/// Keys and values in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Table {
    entries: Vec<(String, Node)>,
    index: BTreeMap<String, usize>,
}

impl Table {
    /// Iterates in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.entries.iter().map(|(key, node)| (key.as_str(), node))
    }
    /// Takes the keys and values out, in order.
    pub fn into_entries(self) -> impl Iterator<Item = (String, Node)> {
        self.entries.into_iter()
    }
    /// Counts the keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }
    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    /// Returns the value of a key.
    pub fn value(&self, key: &str) -> Option<&Node> {
        self.index.get(key).map(|at| &self.entries[*at].1)
    }
    /// Returns the mutable value of a key.
    pub fn value_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.index.get(key).map(|at| &mut self.entries[*at].1)
    }
    /// Returns the position of a key: the dense id of the item that it names.
    pub fn position(&self, key: &str) -> Option<usize> {
        self.index.get(key).copied()
    }
    /// Sets a value; a key that is there keeps its position.
    pub fn set(&mut self, key: String, node: Node) {
        match self.index.get(&key) {
            Some(at) => self.entries[*at].1 = node,
            None => {
                self.index.insert(key.clone(), self.entries.len());
                self.entries.push((key, node));
            }
        }
    }
    /// Takes a key away.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let at = self.index.remove(key)?;
        self.index.values_mut().filter(|other| **other > at).for_each(|other| *other -= 1);
        Some(self.entries.remove(at).1)
    }
}

/// Joins a path and a key; a key with a dot or a blank is quoted.
pub fn join(path: &str, key: &str) -> String {
    let plain = !key.is_empty() && !key.contains(|c: char| c == '.' || c == '"' || c.is_whitespace());
    match (path.is_empty(), plain) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{key:?}"),
        (false, true) => format!("{path}.{key}"),
        (false, false) => format!("{path}.{key:?}"),
    }
}

/// Parses a source into a table; reports all syntax errors.
pub fn parse(file: FileId, sources: &SourceMap, out: &mut Vec<Diagnostic>) -> Table {
    let text = sources.text(file);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let at = At::new(file, span.clone());
        out.push(if error.message() == "duplicate key" {
            duplicate(text, file, span, table.get_ref())
        } else {
            Diagnostic::new(SYNTAX, error.message().replace('\n', " ")).at(at, "")
        });
    }
    convert_table(table.into_inner(), file)
}

/// Names both places of a key that stands twice. The parser only tells the second; the first is the nearest before it with the same text,
/// among the keys of the document or, where a table is declared twice, among its headings.
fn duplicate(text: &str, file: FileId, span: Range<usize>, table: &DeTable<'_>) -> Diagnostic {
    let key = text.get(span.clone()).unwrap_or_default();
    let name = key.trim_matches(['"', '\'']);
    let diagnostic = Diagnostic::new(DUPLICATE_KEY, format!("the key `{name}` stands twice")).at(At::new(file, span.clone()), name);
    let line_start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default().split('#').next().unwrap_or_default().trim();
    let first = if line.starts_with('[') {
        let mut offset = 0;
        let mut lines = text[..line_start].split_inclusive('\n').map(|each| {
            offset += each.len();
            (offset - each.len(), each)
        });
        lines.find(|(_, each)| each.split('#').next().is_some_and(|each| each.trim() == line)).map(|(at, each)| at..at + each.trim_end().len())
    } else {
        let mut nearest = None;
        nearest_key(table, name, span.start, &mut nearest);
        nearest
    };
    match first {
        Some(first) => diagnostic.also(At::new(file, first), "", "it stands here first"),
        None => diagnostic,
    }
}

fn nearest_key(table: &DeTable<'_>, name: &str, before: usize, nearest: &mut Option<Range<usize>>) {
    for (key, value) in table {
        let span = key.span();
        if key.get_ref() == name && span.start < before && nearest.as_ref().is_none_or(|found| found.start < span.start) {
            *nearest = Some(span);
        }
        nearest_in_value(value.get_ref(), name, before, nearest);
    }
}

fn nearest_in_value(value: &DeValue<'_>, name: &str, before: usize, nearest: &mut Option<Range<usize>>) {
    match value {
        DeValue::Table(table) => nearest_key(table, name, before, nearest),
        DeValue::Array(items) => items.iter().for_each(|item| nearest_in_value(item.get_ref(), name, before, nearest)),
        _ => {}
    }
}

fn convert_table(table: DeTable<'_>, file: FileId) -> Table {
    let mut converted = Table::default();
    for (key, value) in table {
        let key_at = At::new(file, key.span());
        let mut node = convert(value, file);
        node.key_at = key_at;
        converted.set(key.into_inner().into_owned(), node);
    }
    converted
}

fn convert(value: toml::Spanned<DeValue<'_>>, file: FileId) -> Node {
    let at = At::new(file, value.span());
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(integer) => Value::Integer(
            i128::from_str_radix(integer.as_str(), integer.radix())
                .unwrap_or_else(|_| if integer.as_str().starts_with('-') { i128::MIN } else { i128::MAX }),
        ),
        DeValue::Float(float) => Value::Float(float.as_str().parse().unwrap_or(f64::NAN), float.as_str().to_owned()),
        DeValue::Boolean(flag) => Value::Boolean(flag),
        DeValue::Datetime(date) => Value::Date(date),
        DeValue::Array(items) => Value::List(items.into_iter().map(|item| convert(item, file)).collect()),
        DeValue::Table(table) => Value::Table(convert_table(table, file)),
    };
    Node { value, at, key_at: at }
}
