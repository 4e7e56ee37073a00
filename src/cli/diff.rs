//! `edwc diff`: what differs in meaning between two scenarios, wherever it is written and in whatever order.

use super::arguments::Diff;
use super::failure::Failure;
use super::load::{self, Loaded};
use super::printer::Printer;
use crate::diag::escape;
use crate::scenario::{Node, Value};
use std::collections::BTreeMap;

/// Says what differs; nothing else is said of what is the same.
pub(super) fn run(arguments: &Diff, printer: &mut Printer) -> Result<(), Failure> {
    let (first, second) = (load::load(&arguments.first, &[])?, load::load(&arguments.second, &[])?);
    if first.origin.digest == second.origin.digest {
        printer.out("the two scenarios mean the same\n");
        return Ok(());
    }
    let lines = differences(&leaves(&first), &leaves(&second));
    printer.out(&lines.concat());
    Ok(())
}

/// Writes one line a path: `+` only in the second, `-` only in the first, `~` in both and not the same.
fn differences(first: &BTreeMap<String, String>, second: &BTreeMap<String, String>) -> Vec<String> {
    let mut lines: Vec<(&String, String)> = Vec::new();
    for (path, before) in first {
        match second.get(path) {
            Some(after) if after == before => {}
            Some(after) => lines.push((path, format!("~ {}: {} -> {}\n", escape(path), escape(before), escape(after)))),
            None => lines.push((path, format!("- {}: {}\n", escape(path), escape(before)))),
        }
    }
    let added = second.iter().filter(|(path, _)| !first.contains_key(*path));
    lines.extend(added.map(|(path, after)| (path, format!("+ {}: {}\n", escape(path), escape(after)))));
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

/// Lists the values of a scenario, with what it extends and what stands for nothing but the reader left out.
fn leaves(loaded: &Loaded) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    for (key, node) in loaded.scenario.document.table().iter() {
        if !["extends", "evidence", "source"].contains(&key) {
            walk(key, node, &mut leaves);
        }
    }
    leaves
}

fn walk(path: &str, node: &Node, into: &mut BTreeMap<String, String>) {
    match &node.value {
        Value::Table(table) => table.iter().for_each(|(key, node)| walk(&format!("{path}.{key}"), node, into)),
        // A list of tables has parts that can differ one by one; any other list is one value.
        Value::List(items) if items.iter().any(|item| matches!(item.value, Value::Table(_))) => {
            items.iter().enumerate().for_each(|(at, node)| walk(&format!("{path}[{at}]"), node, into));
        }
        value => {
            into.insert(path.to_owned(), text(value));
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{text}\""),
        Value::Integer(number) => number.to_string(),
        Value::Float(number, _) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Date(date) => date.to_string(),
        Value::List(items) => format!("[{}]", items.iter().map(|item| text(&item.value)).collect::<Vec<_>>().join(", ")),
        Value::Table(_) => unreachable!("tables are walked into"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_in_order_of_their_paths() {
        let leaves = |pairs: &[(&str, &str)]| pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let (first, second) = (leaves(&[("a", "1"), ("b", "2"), ("d", "4")]), leaves(&[("a", "1"), ("b", "3"), ("c", "0")]));
        assert_eq!(differences(&first, &second), ["~ b: 2 -> 3\n", "+ c: 0\n", "- d: 4\n"]);
    }
}
