//! `edwc check --evidence`: the inputs that are assumed or have no mark, with what is said about them.

use super::text::columns;
use crate::diag::escape;
use crate::scenario::{Input, Scenario, evidence};

/// Lists how many inputs have each mark, then those whose value nobody vouches for.
pub(super) fn list(scenario: &Scenario, width: usize) -> String {
    let inputs = evidence(&scenario.document);
    let marked = |mark: Option<&'static str>| inputs.iter().filter(move |input| input.mark.as_deref() == mark);
    let mut text = format!("{} inputs", inputs.len());
    for mark in ["official", "found", "derived", "background", "assumed"] {
        let count = marked(Some(mark)).count();
        if count > 0 {
            text.push_str(&format!(", {count} {mark}"));
        }
    }
    text.push_str(&format!(", {} without a mark\n", marked(None).count()));
    for (heading, mark) in [("assumed", Some("assumed")), ("without a mark", None)] {
        let rows: Vec<_> = marked(mark).map(|input| (format!("  {} = {}", escape(&input.path), escape(&input.value)), said(input))).collect();
        if !rows.is_empty() {
            text.push_str(&format!("\n{heading}\n{}", columns(&rows, width)));
        }
    }
    text
}

fn said(input: &Input) -> String {
    let parts: Vec<&str> = input.sources.iter().chain(&input.note).map(String::as_str).collect();
    escape(&parts.join("; "))
}
