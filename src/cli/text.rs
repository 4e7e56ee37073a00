//! Plain text for a width: paragraphs, and names with their meaning beside them.

use unicode_width::UnicodeWidthStr;

/// The widest text: longer lines are hard to read.
const WIDEST: usize = 100;
/// Spaces between two columns.
const GAP: usize = 2;

/// Wraps a paragraph.
pub(super) fn paragraph(text: &str, width: usize) -> String {
    lines(text, width.min(WIDEST)).join("\n") + "\n"
}

/// Writes names and their meanings as two columns; the second wraps within itself. A name that takes more than half of the width stands on a line of
/// its own.
pub(super) fn columns(rows: &[(String, String)], width: usize) -> String {
    let width = width.min(WIDEST);
    let fitting = rows.iter().map(|(name, _)| name.width() + GAP).filter(|name| *name <= width / 2);
    let names = fitting.max().unwrap_or(width / 4);
    let mut text = String::new();
    for (name, meaning) in rows {
        let mut beside = name.as_str();
        if name.width() + GAP > names {
            text.push_str(&format!("{name}\n"));
            beside = "";
        }
        for line in lines(meaning, width.saturating_sub(names).max(20)) {
            text.push_str(format!("{beside}{}{line}", " ".repeat(names - beside.width())).trim_end());
            text.push('\n');
            beside = "";
        }
    }
    text
}

pub(super) fn lines(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meanings_wrap_within_their_column() {
        let rows = [("a".to_owned(), "one two three four five six".to_owned()), ("long".to_owned(), "short".to_owned())];
        assert_eq!(columns(&rows, 26), "a     one two three four\n      five six\nlong  short\n");
        let rows = [("a".to_owned(), "one".to_owned()), ("a-long-name".to_owned(), "two three four five six".to_owned())];
        assert_eq!(columns(&rows, 24), "a  one\na-long-name\n   two three four five\n   six\n");
        assert_eq!(paragraph("one two", 5), "one\ntwo\n");
    }
}
