//! Checks the form of a document against the list of keys, and shows every single value to a visitor.
//!
//! What passes here has known keys, values of the right type, units, words and names; what several values mean together is checked
//! when they are lowered. All faults are reported, not the first.

use super::check::{check, describe, takes};
use super::value::{self, wrong_type};
use super::{Key, KeyKind, Kind, LAWS, LawKeys, LawUnit, Need, ROOT, Shape, Tagged, Target};
use crate::diag::{Diagnostic, KEYS_TOGETHER, MISSING_KEY, UNKNOWN_KEY, UNKNOWN_NAME, UNKNOWN_WORD, WRONG_TYPE};
use crate::scenario::document::{Node, Table, Value, join};
use crate::scenario::quantity::Fault;
use std::collections::BTreeMap;

/// Where reporting stops: a file with more faults than this is no scenario.
const FAULT_LIMIT: usize = 100_000;

/// A single value with the kind that the list gives it.
#[derive(Debug)]
pub struct Leaf<'a> {
    /// Its path.
    pub path: &'a str,
    /// The value.
    pub node: &'a Node,
    /// Its kind.
    pub kind: Kind,
    /// The unit of the law that it belongs to.
    pub law: Option<LawUnit>,
}

/// The names that a document declares, by what they name, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Names {
    lists: BTreeMap<Target, Vec<String>>,
    index: BTreeMap<Target, BTreeMap<String, usize>>,
}

impl Names {
    /// Collects the names of a document. *O*(n log n).
    pub fn of(root: &Table) -> Self {
        let mut names = Self::default();
        let table = |key: &str| root.value(key).and_then(|node| node.value.as_table());
        let sections = [
            (Target::Government, "government"),
            (Target::Region, "region"),
            (Target::Chip, "chip"),
            (Target::Site, "site"),
            (Target::Tariff, "tariff"),
            (Target::Grid, "grid"),
            (Target::Data, "data"),
            (Target::Class, "class"),
            (Target::Tenant, "tenant"),
            (Target::Quota, "quota"),
            (Target::Stack, "stack"),
            (Target::Source, "source"),
        ];
        for (target, key) in sections {
            table(key).into_iter().flat_map(Table::iter).for_each(|(name, _)| names.add(target, name));
        }
        for (section, target, key, default) in [
            ("region", Target::Province, "province", None),
            ("site", Target::Province, "province", None),
            ("government", Target::Province, "province", None),
            ("region", Target::City, "city", Some("province")),
            ("site", Target::City, "city", Some("province")),
            ("site", Target::Hub, "hub", None),
            ("tenant", Target::TenantKind, "kind", None),
        ] {
            for (_, node) in table(section).into_iter().flat_map(Table::iter) {
                let text = |key: &str| node.value.as_table().and_then(|item| item.value(key)).and_then(|value| value.value.as_text());
                match text(key).or_else(|| default.and_then(text)) {
                    Some(name) => names.add(target, name),
                    None if target == Target::TenantKind => names.add(target, "tenant"),
                    None => {}
                }
            }
        }
        names.add_network(root);
        names
    }
    fn add_network(&mut self, root: &Table) {
        let table = |key: &str| root.value(key).and_then(|node| node.value.as_table());
        for (site, node) in table("site").into_iter().flat_map(Table::iter) {
            let pools = node.value.as_table().and_then(|site| site.value("pool")).and_then(|pools| pools.value.as_table());
            pools.into_iter().flat_map(Table::iter).for_each(|(pool, _)| self.add(Target::Pool, &format!("{site}.{pool}")));
        }
        let exchanges = table("network").and_then(|network| network.value("exchange")).and_then(|node| node.value.as_table());
        for (prefix, ends) in [("region", table("region")), ("site", table("site")), ("exchange", exchanges)] {
            for (name, _) in ends.into_iter().flat_map(Table::iter) {
                self.add(Target::End, name);
                self.add(Target::End, &format!("{prefix}.{name}"));
            }
        }
    }
    fn add(&mut self, target: Target, name: &str) {
        let list = self.lists.entry(target).or_default();
        self.index.entry(target).or_default().entry(name.to_owned()).or_insert_with(|| {
            list.push(name.to_owned());
            list.len() - 1
        });
    }
    /// Returns the names in order.
    pub fn list(&self, target: Target) -> &[String] {
        self.lists.get(&target).map_or(&[], Vec::as_slice)
    }
    /// Returns the position of a name: its dense id.
    pub fn position(&self, target: Target, name: &str) -> Option<usize> {
        self.index.get(&target)?.get(name).copied()
    }
}

/// Checks a whole document; shows each value whose form is right to the visitor, with its path and kind.
pub fn walk(root: &Node, names: &Names, out: &mut Vec<Diagnostic>, visit: &mut dyn FnMut(&Leaf<'_>)) {
    Walker { names, out, visit, law: None }.shape(root, "", &ROOT, None);
}

struct Walker<'a> {
    names: &'a Names,
    out: &'a mut Vec<Diagnostic>,
    visit: &'a mut dyn FnMut(&Leaf<'_>),
    law: Option<LawUnit>,
}

impl Walker<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        if self.out.len() < FAULT_LIMIT {
            self.out.push(diagnostic);
        }
    }
    fn fault(&mut self, node: &Node, path: &str, fault: Fault) {
        self.report(Diagnostic::new(fault.code, fault.message).at(node.at, path).help(fault.help));
    }

    /// Checks a table with fixed keys; `tag` is a key that has been looked at already.
    fn shape(&mut self, node: &Node, path: &str, shape: &'static Shape, tag: Option<&str>) {
        let Value::Table(table) = &node.value else {
            return self.fault(node, path, wrong_type(&node.value, "a table"));
        };
        self.keys(node, table, path, shape.keys, tag);
    }

    fn keys(&mut self, node: &Node, table: &Table, path: &str, keys: &'static [Key], tag: Option<&str>) {
        for (name, value) in table.iter() {
            let path = join(path, name);
            match keys.iter().find(|key| key.name == name) {
                Some(key) => self.value(value, &path, &key.kind),
                None if tag == Some(name) => {}
                None => self.unknown_key(value, name, &path, keys, tag),
            }
        }
        for key in keys.iter().filter(|key| key.need == Need::Required && table.value(key.name).is_none()) {
            let what = if path.is_empty() { "the scenario".to_owned() } else { format!("`{path}`") };
            let missing = Diagnostic::new(MISSING_KEY, format!("{what} has no `{}`", key.name)).at(node.key_at, path);
            self.report(missing.help(format!("`{}`: {}; write {}", key.name, key.about, describe(&key.kind))));
        }
    }

    fn unknown_key(&mut self, value: &Node, name: &str, path: &str, keys: &[Key], tag: Option<&str>) {
        let known = || keys.iter().map(|key| key.name).chain(tag);
        let list: Vec<_> = known().map(|key| format!("`{key}`")).collect();
        let unknown = Diagnostic::new(UNKNOWN_KEY, format!("unknown key `{name}`")).at(value.key_at, path);
        self.report(unknown.did_you_mean(name, known()).help(format!("allowed here: {}", list.join(", "))));
    }

    fn value(&mut self, node: &Node, path: &str, kind: &Kind) {
        match *kind {
            Kind::Table(shape) => self.shape(node, path, shape, None),
            Kind::Declares(inner) => self.declares(node, path, inner),
            Kind::Map(keys, inner) => self.map(node, path, keys, inner),
            Kind::Tagged(tagged) => self.tagged(node, path, tagged),
            Kind::List(inner) => self.list(node, path, inner, None),
            Kind::Exactly(count, inner) => self.list(node, path, inner, Some(count)),
            Kind::Either(kinds) => self.either(node, path, kinds),
            Kind::Law(unit) => self.law(node, path, self.law.unwrap_or(unit)),
            Kind::Estimate => self.estimate(node, path),
            Kind::Settings if node.value.as_table().is_none() => self.fault(node, path, wrong_type(&node.value, "a table of paths and values")),
            Kind::Settings => {}
            Kind::Bilingual => self.bilingual(node, path),
            leaf => self.leaf(node, path, leaf),
        }
    }

    fn leaf(&mut self, node: &Node, path: &str, kind: Kind) {
        match check(&node.value, kind, self.law) {
            Err(fault) => self.fault(node, path, fault),
            Ok(()) => match (kind, node.value.as_text()) {
                (Kind::Words(words), Some(text)) if !words.contains(&text) => self.unknown_word(node, path, text, words),
                (Kind::Reference(target), Some(text)) if self.names.position(target, text).is_none() => {
                    self.unknown_name(node, path, text, target, &[]);
                }
                _ => (self.visit)(&Leaf { path, node, kind, law: self.law }),
            },
        }
    }
    fn unknown_word(&mut self, node: &Node, path: &str, text: &str, words: &[&str]) {
        let list: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        let unknown = Diagnostic::new(UNKNOWN_WORD, format!("`{text}` is not one of the words")).at(node.at, path);
        self.report(unknown.did_you_mean(text, words.iter().copied()).help(format!("allowed: {}", list.join(", "))));
    }
    fn unknown_name(&mut self, node: &Node, path: &str, text: &str, target: Target, words: &[&str]) {
        let known = self.names.list(target);
        let unknown = Diagnostic::new(UNKNOWN_NAME, format!("no {} is named `{text}`", target.what())).at(node.at, path);
        let unknown = unknown.did_you_mean(text, known.iter().map(String::as_str).chain(words.iter().copied()));
        let mut list: Vec<_> = words.iter().copied().chain(known.iter().map(String::as_str)).take(20).map(|name| format!("`{name}`")).collect();
        if known.len() + words.len() > list.len() {
            list.push(format!("{} more", known.len() + words.len() - list.len()));
        }
        let help = if list.is_empty() { format!("the scenario has no {}", target.what()) } else { format!("known: {}", list.join(", ")) };
        self.report(unknown.help(help));
    }

    fn declares(&mut self, node: &Node, path: &str, inner: &'static Kind) {
        let Value::Table(table) = &node.value else {
            return self.fault(node, path, wrong_type(&node.value, "a table of names"));
        };
        for (name, value) in table.iter() {
            let path = join(path, name);
            if let Err(fault) = value::name(name) {
                self.report(Diagnostic::new(fault.code, fault.message).at(value.key_at, &path).help(fault.help));
            }
            self.value(value, &path, inner);
        }
    }

    fn map(&mut self, node: &Node, path: &str, keys: KeyKind, inner: &'static Kind) {
        let Value::Table(table) = &node.value else {
            return self.fault(node, path, wrong_type(&node.value, "a table"));
        };
        for (name, value) in table.iter() {
            let path = join(path, name);
            let key_node = Node { value: Value::Text(name.to_owned()), at: value.key_at, key_at: value.key_at };
            let checked = match keys {
                KeyKind::Reference(target) => {
                    if self.names.position(target, name).is_none() {
                        self.unknown_name(&key_node, &path, name, target, &[]);
                    }
                    Ok(())
                }
                KeyKind::Threshold(word) => value::threshold(word, name).map(drop),
                KeyKind::Hours => value::hours(name).map(drop),
                KeyKind::Sizes => value::sizes(name).map(drop),
                KeyKind::Path | KeyKind::Text => Ok(()),
            };
            if let Err(fault) = checked {
                self.fault(&key_node, &path, fault);
            }
            self.value(value, &path, inner);
        }
    }

    fn list(&mut self, node: &Node, path: &str, inner: &'static Kind, count: Option<usize>) {
        let Value::List(items) = &node.value else {
            return self.fault(node, path, wrong_type(&node.value, "a list"));
        };
        if let Some(count) = count.filter(|count| *count != items.len()) {
            let message = format!("{} values where {count} are needed", items.len());
            self.fault(node, path, Fault { code: WRONG_TYPE, message, help: format!("write a list of {count} values") });
        }
        for (index, item) in items.iter().enumerate() {
            self.value(item, &format!("{path}[{index}]"), inner);
        }
    }

    fn tagged(&mut self, node: &Node, path: &str, tagged: &'static Tagged) {
        let Some(table) = node.value.as_table() else {
            return self.fault(node, path, wrong_type(&node.value, &format!("a table with `{}`", tagged.tag)));
        };
        let words: Vec<_> = tagged.shapes.iter().map(|(word, _)| *word).collect();
        let Some(tag) = table.value(tagged.tag) else {
            let list: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            let missing = Diagnostic::new(MISSING_KEY, format!("`{path}` has no `{}`", tagged.tag)).at(node.key_at, path);
            return self.report(missing.help(format!("allowed: {}", list.join(", "))));
        };
        let tag_path = join(path, tagged.tag);
        match tag.value.as_text() {
            None => self.fault(tag, &tag_path, wrong_type(&tag.value, "a word")),
            Some(text) => match tagged.shapes.iter().find(|(word, _)| *word == text) {
                None => self.unknown_word(tag, &tag_path, text, &words),
                Some((_, shape)) => {
                    self.keys(node, table, path, shape.keys, Some(tagged.tag));
                    (self.visit)(&Leaf { path: &tag_path, node: tag, kind: Kind::Text, law: None });
                }
            },
        }
    }

    /// Chooses by the type of the value; among several that take it, the first that it satisfies.
    fn either(&mut self, node: &Node, path: &str, kinds: &'static [Kind]) {
        let possible: Vec<_> = kinds.iter().filter(|kind| takes(kind, &node.value)).collect();
        let satisfied = possible.iter().find(|kind| match (**kind, node.value.as_text()) {
            (Kind::Words(words), Some(text)) => words.contains(&text),
            (Kind::Reference(target), Some(text)) => self.names.position(*target, text).is_some(),
            (kind, _) => possible.len() == 1 || check(&node.value, *kind, self.law).is_ok(),
        });
        if let Some(kind) = satisfied {
            return self.value(node, path, kind);
        }
        let words: Vec<&str> =
            kinds.iter().filter_map(|kind| if let Kind::Words(words) = kind { Some(*words) } else { None }).flatten().copied().collect();
        match (possible.last(), node.value.as_text()) {
            (Some(Kind::Reference(target)), Some(text)) => self.unknown_name(node, path, text, *target, &words),
            (Some(Kind::Words(words)), Some(text)) => self.unknown_word(node, path, text, words),
            (Some(kind), _) => self.value(node, path, kind),
            (None, _) if matches!(node.value, Value::Integer(_) | Value::Float(..)) && kinds.iter().any(|kind| matches!(kind, Kind::Quantity(_))) => {
                let quantity = kinds.iter().find(|kind| matches!(kind, Kind::Quantity(_)));
                quantity.into_iter().for_each(|kind| self.value(node, path, kind));
            }
            (None, _) => {
                let list: Vec<_> = kinds.iter().map(describe).collect();
                self.fault(node, path, wrong_type(&node.value, &list.join(", or ")));
            }
        }
    }

    fn bilingual(&mut self, node: &Node, path: &str) {
        let Value::Table(table) = &node.value else { return self.leaf(node, path, Kind::Text) };
        for (name, value) in table.iter() {
            let path = join(path, name);
            if matches!(name, "en" | "zh") {
                self.leaf(value, &path, Kind::Text);
            } else {
                let unknown = Diagnostic::new(UNKNOWN_KEY, format!("unknown key `{name}`")).at(value.key_at, path);
                self.report(unknown.help("allowed here: `en`, `zh`"));
            }
        }
    }

    fn law(&mut self, node: &Node, path: &str, unit: LawUnit) {
        let before = self.law.replace(unit);
        match &node.value {
            Value::Table(table) => self.law_table(node, table, path),
            _ => self.leaf(node, path, Kind::LawValue),
        }
        self.law = before;
    }

    fn law_table(&mut self, node: &Node, table: &Table, path: &str) {
        let words: Vec<_> = LAWS.iter().map(|law| law.name).collect();
        let Some(tag) = table.value("dist") else {
            let list: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
            let missing = Diagnostic::new(MISSING_KEY, format!("the law at `{path}` has no `dist`")).at(node.key_at, path);
            return self.report(missing.help(format!("allowed: {}", list.join(", "))));
        };
        let tag_path = join(path, "dist");
        let Some(text) = tag.value.as_text() else { return self.fault(tag, &tag_path, wrong_type(&tag.value, "the name of a law")) };
        let Some(law) = LAWS.iter().find(|law| law.name == text) else { return self.unknown_word(tag, &tag_path, text, &words) };
        (self.visit)(&Leaf { path: &tag_path, node: tag, kind: Kind::Text, law: None });
        for (name, value) in table.iter().filter(|(name, _)| *name != "dist") {
            let path = join(path, name);
            match law.keys.iter().find(|key| key.name == name) {
                Some(key) => self.value(value, &path, &key.kind),
                None if law.cut && matches!(name, "min" | "max") => self.leaf(value, &path, Kind::LawValue),
                None => self.unknown_key(value, name, &path, law.keys, Some("dist")),
            }
        }
        self.law_set(node, table, path, law);
    }

    /// Asks for exactly one of the sets of parameters.
    fn law_set(&mut self, node: &Node, table: &Table, path: &str, law: &LawKeys) {
        let given: Vec<_> = law.keys.iter().map(|key| key.name).filter(|name| table.value(name).is_some()).collect();
        let fits = |set: &[&str]| set.len() == given.len() && set.iter().all(|name| given.contains(name));
        if !law.sets.iter().any(|set| fits(set)) {
            let sets: Vec<_> = law.sets.iter().map(|set| set.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")).collect();
            let message = match given.as_slice() {
                [] => format!("a {} law without parameters", law.name),
                given => format!("{} do not give a {} law", given.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "), law.name),
            };
            self.report(Diagnostic::new(KEYS_TOGETHER, message).at(node.at, path).help(format!("give {}", sets.join(", or "))));
        }
    }

    /// An estimate: `"exact"`, a law of time, a law of a factor at `times_work`, or `{ dist = "uniform", times_work = [1.0, 3.0] }`.
    fn estimate(&mut self, node: &Node, path: &str) {
        if let Some(times) = node.value.as_table().and_then(|table| table.value("times_work")) {
            let path_of = join(path, "times_work");
            if matches!(times.value, Value::List(_)) {
                self.value(times, &path_of, &super::law::TIMES_WORK);
            } else {
                self.law(times, &path_of, LawUnit::Factor);
            }
            let table = node.value.as_table().into_iter().flat_map(Table::iter);
            for (name, value) in table.filter(|(name, _)| *name != "times_work") {
                let path = join(path, name);
                let uniform = name == "dist" && value.value.as_text() == Some("uniform") && matches!(times.value, Value::List(_));
                if !uniform {
                    let mixed = Diagnostic::new(KEYS_TOGETHER, format!("`{name}` beside `times_work`")).at(value.key_at, path);
                    self.report(mixed.help("write `{ dist = \"uniform\", times_work = [1.0, 3.0] }`, or a law at `times_work`"));
                }
            }
        } else if node.value.as_text() == Some("exact") {
            self.leaf(node, path, Kind::Words(&["exact"]));
        } else {
            self.law(node, path, LawUnit::Quantity(crate::scenario::quantity::Unit::Duration));
        }
    }
}
