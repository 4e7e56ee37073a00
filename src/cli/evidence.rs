//! `edwc check --evidence`: how well the inputs of a scenario are known, and where they come from.

use super::text::columns;
use crate::diag::escape;
use crate::scenario::{Node, Scenario, Table, Value};

/// Lists the entries of `[evidence]`, the worst known first, each with its sources and its note.
pub(super) fn list(scenario: &Scenario, width: usize) -> String {
    let count = &scenario.model.evidence;
    let mut text = format!("{} inputs: {} assumed, {} without a mark\n", count.inputs, count.assumed, count.unmarked);
    let document = scenario.document.table();
    let Some(evidence) = document.value("evidence").and_then(|node| node.value.as_table()) else {
        return text + "the scenario has no `[evidence]`\n";
    };
    for mark in ["assumed", "background", "derived", "found", "official"] {
        let marked = evidence
            .iter()
            .filter_map(|(path, entry)| Some((path, entry.value.as_table()?)))
            .filter(|(_, entry)| text_of(entry, "mark") == Some(mark));
        let rows: Vec<_> = marked.map(|(path, entry)| (format!("  {}", escape(path)), escape(&origin(entry, document)))).collect();
        if !rows.is_empty() {
            text.push_str(&format!("\n{mark}\n{}", columns(&rows, width)));
        }
    }
    text
}

/// Says where an input comes from: the titles of its sources, then the note.
fn origin(entry: &Table, document: &Table) -> String {
    let sources = entry.value("source").map(names).unwrap_or_default();
    let title = |name: &str| {
        let source = document.value("source")?.value.as_table()?.value(name)?.value.as_table()?;
        text_of(source, "title")
    };
    let mut parts: Vec<String> =
        sources.iter().map(|name| title(name).map_or_else(|| (*name).to_owned(), |title| format!("{name}: {title}"))).collect();
    parts.extend(text_of(entry, "note").map(str::to_owned));
    parts.join("; ")
}

fn names(node: &Node) -> Vec<&str> {
    match &node.value {
        Value::List(items) => items.iter().filter_map(|item| item.value.as_text()).collect(),
        value => value.as_text().into_iter().collect(),
    }
}

fn text_of<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.value(key)?.value.as_text()
}
