//! A judged comparison for other programs: a table for a pull request, and JUnit XML.

use super::gates::{GateResult, Judged};
use super::rows::{Scale, label};
use super::shown::Shown;
use crate::experiment::Comparison;
use crate::experiment::gate::GateVerdict;
use std::fmt::Write;

/// Writes a judged comparison as Markdown: the gates first, then the metrics.
pub(super) fn markdown(judged: &Judged, shown: &Shown<'_>) -> String {
    let mut page = String::new();
    if !judged.results.is_empty() {
        page.push_str("| | gate | alternative | measured | verdict |\n|---|---|---|--:|---|\n");
        for result in &judged.results {
            let (gate, alternative) = (cell(&result.gate), cell(&result.alternative));
            let _ = writeln!(page, "| {} | `{gate}` | {alternative} | {} | {} |", sign(result), cell(&result.measured), cell(&result.said()));
        }
    }
    for (at, comparison) in judged.comparisons.iter().enumerate() {
        let heading = shown.heading(comparison, usize::MAX);
        let _ = writeln!(page, "{}{}", if page.is_empty() { "" } else { "\n" }, cell(heading.trim()));
        if let Some(note) = judged.notes.get(at) {
            let _ = writeln!(page, "\n{}", cell(note));
        }
        let _ = write!(page, "\n{}", table(comparison, shown.metrics));
    }
    page
}

/// Writes the table of some metrics: all alternatives beside each other, however many there are.
fn table(comparison: &Comparison, paths: &[String]) -> String {
    let others: Vec<usize> = (0..comparison.names.len()).filter(|at| *at != comparison.baseline).collect();
    let mut text = format!("| metric | unit | {} |", cell(&comparison.names[comparison.baseline]));
    for at in &others {
        let _ = write!(text, " {} | |", cell(&comparison.names[*at]));
    }
    let _ = writeln!(text, "\n|---|---|--:|{}", "--:|---|".repeat(others.len()));
    let gaps = super::rows::gaps().map(|(path, _)| path).filter(|gap| paths.iter().all(|path| path != gap));
    for row in paths.iter().map(String::as_str).chain(gaps).filter_map(|path| comparison.row(path)) {
        let scale = Scale::of(row, comparison.baseline);
        let baseline = row.cells[comparison.baseline].mean.map_or_else(|| "-".to_owned(), |mean| scale.value(mean));
        let _ = write!(text, "| {} | {} | {baseline} |", cell(label(&row.metric.path)), scale.unit);
        for at in &others {
            match &row.cells[*at].difference {
                None => text.push_str(" - | |"),
                Some(difference) => {
                    let _ = write!(text, " {} | {} |", scale.difference(difference), difference.verdict.word());
                }
            }
        }
        text.push('\n');
    }
    text
}

fn sign(result: &GateResult) -> &'static str {
    match result.judgement.verdict {
        GateVerdict::Passed => "✅",
        GateVerdict::Unsure(_) => "⚠️",
        GateVerdict::Failed | GateVerdict::Unjudged => "❌",
    }
}

/// Writes text that stays in its cell: names are whatever a file calls itself.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// Writes gates as JUnit XML: a suite an alternative, a case a gate.
pub(super) fn junit(results: &[GateResult]) -> String {
    let failures = |results: &[&GateResult]| results.iter().filter(|result| !result.judgement.verdict.passes()).count();
    let mut names: Vec<&str> = Vec::new();
    for result in results {
        if !names.contains(&result.alternative.as_str()) {
            names.push(&result.alternative);
        }
    }
    let all: Vec<&GateResult> = results.iter().collect();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"edwc compare\" tests=\"{}\" failures=\"{}\" errors=\"0\">\n",
        all.len(),
        failures(&all)
    );
    for name in names {
        let of_name: Vec<&GateResult> = results.iter().filter(|result| result.alternative == name).collect();
        let name = xml(name);
        let _ = writeln!(text, "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"0\">", of_name.len(), failures(&of_name));
        for result in of_name {
            let (gate, measured, said) = (xml(&result.gate), xml(&result.measured), xml(&result.said()));
            let _ = write!(text, "    <testcase classname=\"{name}\" name=\"{gate}\">");
            if result.judgement.verdict.passes() {
                let _ = write!(text, "<system-out>{measured}: {said}</system-out>");
            } else {
                let _ = write!(text, "<failure message=\"{said}: {measured}\">{gate}: {measured}</failure>");
            }
            text.push_str("</testcase>\n");
        }
        text.push_str("  </testsuite>\n");
    }
    text + "</testsuites>\n"
}

/// Escapes text for XML 1.0; what may not stand in it at all becomes the replacement character.
fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            character if character < ' ' || matches!(character, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_place() {
        assert_eq!(xml("a<b & \"c\" > 'd'\u{1}\n"), "a&lt;b &amp; &quot;c&quot; &gt; &apos;d&apos;\u{fffd} ");
        assert_eq!(cell("a | b\nc"), "a \\| b c");
    }
}
