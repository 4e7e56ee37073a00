//! Diagnostics as text: in rustc's look for a terminal, or one line each.

use super::source::Position;
use super::{At, Diagnostic, Diagnostics, Place, Severity, SourceMap};
use annotate_snippets::renderer::Renderer;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Snippet};
use std::fmt::Write as _;
use std::ops::Range;

/// How diagnostics are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// Whether colours are used.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
    /// How many are shown in full; the rest are counted.
    pub limit: usize,
}

impl Look {
    /// What is shown in full unless all are asked for.
    pub const LIMIT: usize = 20;
    /// No colours, 100 columns, the first twenty.
    pub const PLAIN: Self = Self { colour: false, width: 100, limit: Self::LIMIT };
}

/// The longest piece of a source line that is shown, in characters.
const EXCERPT: usize = 400;
/// The longest piece of an input that a message repeats, in characters.
const MESSAGE: usize = 1000;

impl Diagnostics {
    /// Renders all in rustc's look: errors first, then the count of what is not shown. Ends without a summary line, which is the command's.
    pub fn render(&self, look: Look) -> String {
        let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() }.term_width(look.width);
        let mut text = String::new();
        for diagnostic in self.sorted().take(look.limit) {
            text.push_str(&renderer.render(&groups(diagnostic, &self.sources)));
            text.push('\n');
        }
        text.push_str(&self.rest(look.limit));
        text
    }
    /// Renders one line each: `file:line:column: key.path: what is wrong; what is allowed [code]`.
    pub fn plain(&self, limit: usize) -> String {
        let mut text = String::new();
        for diagnostic in self.sorted().take(limit) {
            text.push_str(&line(diagnostic, &self.sources));
            text.push('\n');
        }
        text.push_str(&self.rest(limit));
        text
    }
    /// Errors before warnings before notes; within them by source and place.
    fn sorted(&self) -> impl Iterator<Item = &Diagnostic> {
        let mut order: Vec<_> = self.list.iter().collect();
        order.sort_by_key(|diagnostic| (diagnostic.severity, diagnostic.places.first().map(|place| (place.at.file, place.at.start))));
        order.into_iter()
    }
    fn rest(&self, limit: usize) -> String {
        match self.list.len().saturating_sub(limit) {
            0 => String::new(),
            rest => format!("{} more\n", thousands(rest)),
        }
    }
}

fn line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut text = String::new();
    if let Some(place) = diagnostic.places.first() {
        let Position { line, column } = sources.position(place.at);
        let _ = write!(text, "{}", escape(sources.name(place.at.file)));
        // A file that cannot be read has no lines.
        text.push_str(&if sources.text(place.at.file).is_empty() { ": ".to_owned() } else { format!(":{line}:{column}: ") });
        if !place.path.is_empty() {
            let _ = write!(text, "{}: ", shorten(&escape(&place.path)));
        }
    }
    if diagnostic.severity != Severity::Error {
        text.push_str(if diagnostic.severity == Severity::Warning { "warning: " } else { "note: " });
    }
    text.push_str(&shorten(&escape(&diagnostic.message)));
    if let Some(suggestion) = &diagnostic.suggestion {
        let _ = write!(text, "; did you mean `{}`?", escape(suggestion));
    }
    for help in &diagnostic.help {
        let _ = write!(text, "; {}", shorten(&escape(help)));
    }
    for place in diagnostic.places.iter().skip(1) {
        let Position { line, column } = sources.position(place.at);
        let _ = write!(text, "; {} at {}:{line}:{column}", escape(place.label.as_deref().unwrap_or("see")), escape(sources.name(place.at.file)));
    }
    let _ = write!(text, " [{}]", diagnostic.code.name());
    text
}

fn groups<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(shorten(&escape(&diagnostic.message))).id(diagnostic.code.name());
    let mut group = Group::with_title(title);
    for (index, place) in diagnostic.places.iter().enumerate() {
        let Position { line, column } = sources.position(place.at);
        let (excerpt, span) = excerpt(sources, place.at);
        let kind = if index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let name = escape(sources.name(place.at.file));
        // The renderer counts columns in what it is given: where that is cut or escaped before the place, the true column is said apart.
        let faithful = excerpt[..span.start].chars().count() + 1 == column;
        let mut snippet = Snippet::source(excerpt).line_start(line).annotation(kind.span(span).label(label(diagnostic, place, index)));
        if faithful {
            snippet = snippet.path(name);
        } else {
            group = group.element(Origin::path(name).line(line).char_column(column));
        }
        group = group.element(snippet);
    }
    let mut groups = vec![group];
    groups.extend(diagnostic.help.iter().map(|help| Group::with_title(Level::HELP.secondary_title(shorten(&escape(help))))));
    groups
}

fn label(diagnostic: &Diagnostic, place: &Place, index: usize) -> String {
    match (&diagnostic.suggestion, &place.label) {
        (Some(suggestion), _) if index == 0 => format!("did you mean `{}`?", escape(suggestion)),
        (_, Some(label)) => escape(label),
        _ => shorten(&escape(&place.path)),
    }
}

/// Cuts a piece around the place out of its line and escapes it; returns the place within the piece.
fn excerpt(sources: &SourceMap, at: At) -> (String, Range<usize>) {
    let (line, span) = sources.line_of(at);
    let before = line[..span.start].chars().count();
    let skip = before.saturating_sub(EXCERPT / 4);
    let (mut text, mut from, mut to) = (String::new(), None, None);
    for (offset, character) in line.char_indices().skip(skip).take(EXCERPT) {
        if offset >= span.start && from.is_none() {
            from = Some(text.len());
        }
        if offset >= span.end && to.is_none() {
            to = Some(text.len());
        }
        // The renderer widens tabs itself and still counts each as one column.
        if character == '\t' { text.push(character) } else { escape_into(&mut text, character) }
    }
    let from = from.unwrap_or(text.len());
    let to = to.unwrap_or(text.len()).max(from);
    (text, from..to)
}

/// Returns a text with control characters, and those that reorder a line, written as escapes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    text.chars().for_each(|character| escape_into(&mut escaped, character));
    escaped
}

fn escape_into(text: &mut String, character: char) {
    match character {
        '\t' => text.push_str("    "),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        c if c.is_control() && c.is_ascii() => {
            let _ = write!(text, "\\x{:02x}", u32::from(c));
        }
        '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => {
            let _ = write!(text, "\\u{{{:x}}}", u32::from(character));
        }
        c if c.is_control() => {
            let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
        }
        c => text.push(c),
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MESSAGE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{BARE_NUMBER, UNKNOWN_NAME};

    fn sample() -> Diagnostics {
        let mut sources = SourceMap::default();
        let text = "a = 1\nbudget = { amount = 2.5, every = \"year\" }\nsupply = [\"中卫\", \"zhongwai\"]\n";
        let file = sources.add("scenarios/national.toml", text);
        let place = |piece: &str| {
            let start = text.find(piece).expect("the piece stands in the text");
            At::new(file, start..start + piece.len())
        };
        let bare = Diagnostic::new(BARE_NUMBER, "a bare number where a price is needed")
            .at(place("2.5"), "subsidy.hangzhou.budget.amount")
            .help("write the unit: `\"2.5M CNY\"`, `\"2.5亿元\"`");
        let name = Diagnostic::new(UNKNOWN_NAME, "no site is named `zhongwai`")
            .at(place("\"zhongwai\""), "subsidy.hangzhou.supply[1]")
            .did_you_mean("zhongwai", ["yrd", "zhongwei"]);
        Diagnostics { list: vec![name, bare], sources }
    }

    #[test]
    fn the_look_is_rustcs() {
        let expected = "\
error[E0117]: a bare number where a price is needed
 --> scenarios/national.toml:2:21
  |
2 | budget = { amount = 2.5, every = \"year\" }
  |                     ^^^ subsidy.hangzhou.budget.amount
  |
help: write the unit: `\"2.5M CNY\"`, `\"2.5亿元\"`
error[E0203]: no site is named `zhongwai`
 --> scenarios/national.toml:3:17
  |
3 | supply = [\"中卫\", \"zhongwai\"]
  |                   ^^^^^^^^^^ did you mean `zhongwei`?
";
        assert_eq!(sample().render(Look::PLAIN), expected);
    }

    #[test]
    fn the_plain_form_is_one_line_each_and_counts_the_rest() {
        let expected = "scenarios/national.toml:2:21: subsidy.hangzhou.budget.amount: a bare number where a price is needed; \
                        write the unit: `\"2.5M CNY\"`, `\"2.5亿元\"` [E0117]\n1 more\n";
        assert_eq!(sample().plain(1), expected);
    }

    #[test]
    fn control_characters_are_escaped_everywhere() {
        let mut sources = SourceMap::default();
        let file = sources.add("a\u{1b}.toml", "title = \"\u{1b}[31mred\u{202e}\"\n");
        let list = vec![Diagnostic::new(UNKNOWN_NAME, "bad \u{1b}[0m").at(At::new(file, 8..20), "x\u{7}")];
        let diagnostics = Diagnostics { list, sources };
        for text in [diagnostics.render(Look::PLAIN), diagnostics.plain(20)] {
            assert!(text.chars().all(|c| c == '\n' || !c.is_control()) && !text.contains('\u{202e}'), "{text:?}");
            assert!(text.contains("\\x1b"), "{text}");
        }
    }
}
