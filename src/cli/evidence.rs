//! `edwc check --evidence`: how well every input is known, and by what source.

use super::text::lines;
use crate::diag::escape;
use crate::scenario::{Input, Scenario, evidence};

/// The marks, those first on which nobody should build without a look.
const MARKS: [(Option<&str>, &str); 6] = [
    (None, "without a mark"),
    (Some("assumed"), "assumed"),
    (Some("background"), "background: common knowledge, not looked up"),
    (Some("derived"), "derived from sources"),
    (Some("found"), "found in a source"),
    (Some("official"), "official: stated by an authority"),
];

/// Lists how many inputs have each mark, then all of them by mark; those of which the same is said stand together below it.
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
    for (mark, heading) in MARKS {
        let of_mark: Vec<&Input> = marked(mark).collect();
        if !of_mark.is_empty() {
            text.push_str(&format!("\n{heading}\n"));
        }
        for group in of_mark.chunk_by(|one, other| said(one) == said(other)) {
            text.push_str(&together(group, width));
        }
    }
    text
}

/// Writes inputs of which the same is said: that first, then the values.
fn together(group: &[&Input], width: usize) -> String {
    let said = said(group[0]);
    let indent = if said.is_empty() { "  " } else { "    " };
    let mut text = String::new();
    for line in lines(&said, width.min(100).saturating_sub(2)).iter().filter(|line| !line.is_empty()) {
        text.push_str(&format!("  {line}\n"));
    }
    for input in group {
        // A value too long for the line wraps like any other text.
        for (at, line) in lines(&format!("{} = {}", escape(&input.path), escape(&input.value)), width.saturating_sub(8)).iter().enumerate() {
            text.push_str(&format!("{indent}{}{line}\n", if at == 0 { "" } else { "  " }));
        }
    }
    text
}

fn said(input: &Input) -> String {
    let lost = input.lost.as_ref().map(|mark| format!("changed here; what was `{mark}` is the value before"));
    let parts: Vec<&str> = lost.iter().chain(&input.sources).chain(&input.note).map(String::as_str).collect();
    escape(&parts.join("; "))
}
