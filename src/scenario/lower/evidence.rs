//! `[source]` and `[evidence]`: how well the inputs are known.

use super::super::document::{Node, Value};
use super::super::extend::{Document, segments};
use super::super::keys::{Kind, Names, walk};
use super::super::pattern::matches;
use super::super::reader::Lowering;
use crate::diag::{BAD_PATH, Diagnostic};
use crate::model::{EvidenceCount, Model};

/// The sections whose numbers shape results.
const SECTIONS: [&str; 12] = ["site", "grid", "tariff", "network", "chip", "class", "workload", "subsidy", "quota", "levy", "failure", "outside"];

/// One input and how well it is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// Its path.
    pub path: String,
    /// Its value, as it is written.
    pub value: String,
    /// Its mark; none: it has no evidence.
    pub mark: Option<String>,
    /// The mark of the value that stood here before a nearer file or `--set` changed it: what was said of that is not said of this one.
    pub lost: Option<String>,
    /// Its sources by title.
    pub sources: Vec<String>,
    /// What else is said about it.
    pub note: Option<String>,
}

/// Lists all inputs with their evidence, in the order of the file.
pub fn evidence(document: &Document) -> Vec<Input> {
    let mut inputs = Vec::new();
    let names = Names::of(document.table());
    walk(&document.root, &names, &mut Vec::new(), &mut |leaf| {
        let number = matches!(
            leaf.kind,
            Kind::Quantity(_) | Kind::Limit(_) | Kind::Number(..) | Kind::Share | Kind::Integer(..) | Kind::LawValue | Kind::File
        );
        let section = leaf.path.split(['.', '[']).next().unwrap_or_default();
        if number && SECTIONS.contains(&section) {
            inputs.push(input(document, leaf.path, leaf.node));
        }
    });
    inputs
}

/// Tells whether a value that is there counts something, so that it takes no fractions; of a pattern, whether any of its values does.
pub fn takes_whole_numbers(document: &Document, path: &str) -> bool {
    let mut whole = false;
    let names = Names::of(document.table());
    walk(&document.root, &names, &mut Vec::new(), &mut |leaf| {
        whole |= matches!(leaf.kind, Kind::Integer(..)) && matches(path, leaf.path);
    });
    whole
}

fn input(document: &Document, path: &str, node: &Node) -> Input {
    let covering = document.table().value("evidence").and_then(|node| node.value.as_table()).and_then(|evidence| {
        let covering = evidence.iter().filter(|(entry, _)| covers(entry, path));
        covering.max_by_key(|(entry, _)| entry.len()).map(|(_, node)| node)
    });
    let vouches = |entry: &Node| document.nearness(entry.at.file) >= document.nearness(node.at.file);
    let mark = |entry: &Node| Some(entry.value.as_table()?.value("mark")?.value.as_text()?.to_owned());
    let lost = covering.filter(|entry| !vouches(entry)).and_then(mark);
    let entry = covering.filter(|entry| vouches(entry)).and_then(|entry| entry.value.as_table());
    let text = |key: &str| entry.and_then(|entry| entry.value(key)).and_then(|node| node.value.as_text()).map(str::to_owned);
    let title = |source: &str| match document.at(&format!("source.{source}.title")).and_then(|node| node.value.as_text()) {
        Some(title) => format!("{source}: {title}"),
        None => source.to_owned(),
    };
    let sources = match entry.and_then(|entry| entry.value("source")).map(|node| &node.value) {
        Some(Value::Text(source)) => vec![title(source)],
        Some(Value::List(items)) => items.iter().filter_map(|item| item.value.as_text()).map(title).collect(),
        _ => Vec::new(),
    };
    let value = match &node.value {
        Value::Text(text) => text.clone(),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(_, text) => text.clone(),
        other => other.kind().to_owned(),
    };
    Input { path: path.to_owned(), value, mark: text("mark"), lost, sources, note: text("note") }
}

/// Tells whether an entry stands for a path: for itself and for all below it.
fn covers(entry: &str, path: &str) -> bool {
    path.strip_prefix(entry).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Checks the paths of the evidence and counts the inputs.
pub(super) fn count(lowering: &Lowering<'_>, model: &mut Model) {
    let document = lowering.document;
    for (path, item) in super::section(&lowering.root(), "evidence") {
        if document.at(path).is_none() {
            lowering.report(nothing(document, path, &item.fault(BAD_PATH, format!("nothing is at `{path}`"))));
        }
    }
    let inputs = evidence(document);
    model.evidence = EvidenceCount {
        inputs: inputs.len(),
        assumed: inputs.iter().filter(|input| input.mark.as_deref() == Some("assumed")).count(),
        unmarked: inputs.iter().filter(|input| input.mark.is_none()).count(),
    };
}

/// Says where the path leaves what exists, and what is there instead.
fn nothing(document: &Document, path: &str, fault: &Diagnostic) -> Diagnostic {
    let keys = segments(path).unwrap_or_default();
    let mut node = &document.root;
    for key in &keys {
        match node.value.as_table().map(|table| (table, table.value(key))) {
            Some((_, Some(inner))) => node = inner,
            Some((table, None)) => return fault.clone().did_you_mean(key, table.iter().map(|(name, _)| name)).help(format!("`{key}` is not there")),
            None => break,
        }
    }
    fault.clone().help("write the path of a value of this scenario")
}
