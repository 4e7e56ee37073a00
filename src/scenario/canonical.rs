//! A document as paths and values in one form: for the digest, and for what differs between two documents.

use super::document::{Node, Value, join};
use super::extend::Document;
use super::keys::{Kind, LawUnit, Names, value, walk};
use super::quantity::Unit;
use crate::base::digest::Fingerprint;
use std::collections::{BTreeMap, BTreeSet};

/// What a value is, by its path.
type Kinds = BTreeMap<String, (Kind, Option<LawUnit>)>;

/// How a quantity is written: its unit, and a number of base units.
type Writer = fn(Unit, i128) -> String;

/// Returns all values by path, each in the one form of its kind.
pub(super) fn canonical(document: &Document) -> BTreeMap<String, String> {
    written(document, Unit::canonical)
}

fn written(document: &Document, write: Writer) -> BTreeMap<String, String> {
    let mut kinds = Kinds::new();
    let names = Names::of(document.table());
    walk(&document.root, &names, &mut Vec::new(), &mut |leaf| {
        kinds.insert(leaf.path.to_owned(), (leaf.kind, leaf.law));
    });
    let mut entries = BTreeMap::new();
    flatten(&document.root, "", "", (&kinds, write), &mut entries);
    entries
}

/// Gathers values below a node. Within a change's `set`, `inner` is the path in the scenario that a value stands for.
fn flatten(node: &Node, path: &str, inner: &str, by: (&Kinds, Writer), entries: &mut BTreeMap<String, String>) {
    match &node.value {
        Value::Table(table) if !table.is_empty() => {
            for (key, node) in table.iter() {
                let inner = if key == "set" && path.starts_with("change[") { String::new() } else { join(inner, key) };
                flatten(node, &join(path, key), &inner, by, entries);
            }
        }
        Value::List(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                flatten(item, &format!("{path}[{index}]"), &format!("{inner}[{index}]"), by, entries);
            }
        }
        value => {
            let (kinds, write) = by;
            let kind = kinds.get(path).or_else(|| kinds.get(inner));
            entries.insert(path.to_owned(), kind.and_then(|(kind, law)| known(value, *kind, *law, write)).unwrap_or_else(|| plain(value)));
        }
    }
}

fn known(found: &Value, kind: Kind, law: Option<LawUnit>, write: Writer) -> Option<String> {
    let quantity = |unit: Unit| value::quantity(found, unit).ok().map(|number| write(unit, number));
    match kind {
        Kind::Quantity(unit) | Kind::Limit(unit) => quantity(unit),
        Kind::Instant => quantity(Unit::Duration),
        Kind::LawValue => match law? {
            LawUnit::Quantity(unit) => quantity(unit),
            LawUnit::Factor | LawUnit::Share => None,
        },
        Kind::Position => {
            value::position(found.as_text()?).ok().map(|(latitude, longitude)| format!("{}, {}", latitude as f64 / 1e6, longitude as f64 / 1e6))
        }
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(number, _) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Date(date) => date.to_string(),
        Value::List(_) => "[]".to_owned(),
        Value::Table(_) => "{}".to_owned(),
    }
}

/// Hashes what a document says, with the bytes of the files that were read with it.
pub(super) fn digest(document: &Document, files: &[(String, blake3::Hash)]) -> Fingerprint {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for (path, value) in canonical(document) {
        add(&path);
        add(&value);
    }
    for (path, hash) in files {
        add(path);
        add(hash.to_hex().as_str());
    }
    Fingerprint(*hasher.finalize().as_bytes())
}

/// One value that differs between two documents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Its path.
    pub path: String,
    /// Its value in the first; none: it is not there.
    pub old: Option<String>,
    /// Its value in the second; none: it is not there.
    pub new: Option<String>,
}

/// Returns what differs in meaning: by path, old and new values in the units that people use. Order, format and the way of writing a
/// quantity do not count.
pub fn diff(old: &Document, new: &Document) -> Vec<Difference> {
    let (one, other) = (canonical(old), canonical(new));
    let (old, new) = (written(old, Unit::usual), written(new, Unit::usual));
    let paths: BTreeSet<&String> = one.keys().chain(other.keys()).filter(|path| one.get(*path) != other.get(*path)).collect();
    paths.into_iter().map(|path| Difference { path: path.clone(), old: old.get(path).cloned(), new: new.get(path).cloned() }).collect()
}
