//! Plain text for a width: paragraphs, and names with their meaning beside them.

use unicode_width::UnicodeWidthStr;

/// The widest text: longer lines are hard to read.
const WIDEST: usize = 100;

/// Wraps a paragraph.
pub(super) fn paragraph(text: &str, width: usize) -> String {
    lines(text, width.min(WIDEST)).join("\n") + "\n"
}

/// Writes names and their meanings as two columns; the second wraps within itself.
pub(super) fn columns(rows: &[(String, String)], width: usize) -> String {
    let names = rows.iter().map(|(name, _)| name.width()).max().unwrap_or(0) + 2;
    let mut text = String::new();
    for (name, meaning) in rows {
        for (at, line) in lines(meaning, width.min(WIDEST).saturating_sub(names).max(20)).iter().enumerate() {
            let name = if at == 0 { name.as_str() } else { "" };
            text.push_str(format!("{name}{}{line}", " ".repeat(names - name.width())).trim_end());
            text.push('\n');
        }
    }
    text
}

fn lines(text: &str, width: usize) -> Vec<String> {
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
        assert_eq!(paragraph("one two", 5), "one\ntwo\n");
    }
}
