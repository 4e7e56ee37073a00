//! Tables of aligned columns that never wrap: what does not fit goes to a second table.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

/// From this width on, tables are whole.
pub(super) const WIDE: usize = 100;

/// Spaces between two columns, and what they shrink to where a table would be too wide.
const GAPS: [usize; 2] = [3, 2];

/// A table. The first column is names, to the left; the others are numbers, to the right, but for bars.
#[derive(Debug)]
pub(in crate::cli) struct Table {
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
    /// Columns that are to the left.
    left: Vec<bool>,
}

/// A cell.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Cell {
    text: String,
    style: Style,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, style: Style::new() }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Cell {
    /// Styles the cell; the style only repeats what the text says.
    pub(in crate::cli) fn styled(text: String, style: Style) -> Self {
        Self { text, style }
    }
}

impl Table {
    /// Starts a table with the names of its columns.
    pub(super) fn new<const N: usize>(header: [&str; N]) -> Self {
        let mut left = vec![false; N];
        left[0] = true;
        Self { header: header.map(str::to_owned).to_vec(), rows: Vec::new(), left }
    }
    /// Starts a table whose columns are counted at run time.
    pub(in crate::cli) fn of(header: Vec<String>) -> Self {
        let left = (0..header.len()).map(|column| column == 0).collect();
        Self { header, rows: Vec::new(), left }
    }
    /// Aligns a column to the left.
    pub(in crate::cli) fn left(mut self, column: usize) -> Self {
        self.left[column] = true;
        self
    }
    /// Appends a row.
    pub(super) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        assert_eq!(N, self.header.len(), "a row has a cell for each column");
        self.rows.push(Vec::from(cells));
    }
    /// Appends a row to a table whose columns are counted at run time.
    pub(in crate::cli) fn push(&mut self, cells: Vec<Cell>) {
        assert_eq!(cells.len(), self.header.len(), "a row has a cell for each column");
        self.rows.push(cells);
    }
    /// Returns the columns that the table takes at least.
    pub(in crate::cli) fn width(&self) -> usize {
        let widths = (0..self.header.len()).map(|column| self.widest(column));
        widths.sum::<usize>() + GAPS[1] * (self.header.len() - 1)
    }
    /// Writes the table in one piece.
    pub(in crate::cli) fn render_whole(&self, width: usize) -> String {
        self.part(&(0..self.header.len()).collect::<Vec<_>>(), width)
    }
    fn widest(&self, column: usize) -> usize {
        self.rows.iter().map(|row| row[column].text.width()).max().unwrap_or(0).max(self.header[column].width())
    }
    /// Writes the table; below [`WIDE`] columns a table of more than five columns leaves its last two to a second one.
    pub(super) fn render(&self, width: usize) -> String {
        let columns = self.header.len();
        if width >= WIDE || columns <= 5 {
            return self.part(&(0..columns).collect::<Vec<_>>(), width);
        }
        let first: Vec<usize> = (0..columns - 2).collect();
        format!("{}\n{}", self.part(&first, width), self.part(&[0, columns - 2, columns - 1], width))
    }

    /// Writes some of the columns. Names are cut where even these are too wide.
    fn part(&self, columns: &[usize], width: usize) -> String {
        let mut widths: Vec<usize> = columns.iter().map(|column| self.widest(*column)).collect();
        let total = |gap: usize| widths.iter().sum::<usize>() + gap * (widths.len() - 1);
        let gap = if total(GAPS[0]) <= width { GAPS[0] } else { GAPS[1] };
        let total = total(gap);
        widths[0] -= total.saturating_sub(width).min(widths[0].saturating_sub(8));
        let bold = Style::new().bold();
        let header: Vec<Cell> = self.header.iter().map(|name| Cell::styled(name.clone(), bold)).collect();
        let mut text = String::new();
        for row in std::iter::once(&header).chain(&self.rows) {
            let mut line = String::new();
            for (at, column) in columns.iter().enumerate() {
                let cell = &row[*column];
                let shown = cut(&cell.text, widths[at]);
                let padding = " ".repeat(widths[at] - shown.width());
                let styled = if shown.is_empty() { String::new() } else { format!("{}{shown}{}", cell.style.render(), cell.style.render_reset()) };
                line.push_str(&if self.left[*column] { styled + &padding } else { padding + &styled });
                line.push_str(&" ".repeat(gap));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Cuts a text to a width, with an ellipsis.
pub(in crate::cli) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        if kept.width() + unicode_width::UnicodeWidthChar::width(character).unwrap_or(0) + 1 > width {
            break;
        }
        kept.push(character);
    }
    kept + "…"
}

/// Lays items out in lines of at most `width`, behind a heading that stands once: `jobs   1 submitted   2 finished`.
pub(super) fn flow(heading: &str, items: &[String], width: usize) -> String {
    const INDENT: usize = 15;
    let mut text = String::new();
    let mut line = format!("{heading:<INDENT$}");
    let mut empty = true;
    for item in items {
        if !empty && line.width() + GAPS[0] + item.width() > width {
            text.push_str(line.trim_end());
            text.push('\n');
            line = " ".repeat(INDENT);
            empty = true;
        }
        line.push_str(if empty { "" } else { "   " });
        line.push_str(&cut(item, width.saturating_sub(INDENT)));
        empty = false;
    }
    text.push_str(line.trim_end());
    text.push('\n');
    text
}

/// Wraps words at a width, further lines indented.
pub(in crate::cli) fn wrap(text: &str, width: usize, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if !line.trim().is_empty() && line.width() + 1 + word.width() > width {
            lines.push(format!("{indent}{word}"));
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn columns_align_also_with_wide_characters() {
        let mut table = Table::new(["site", "GPUs", "bar", "d", "e", "f"]).left(2);
        table.row(["中卫".into(), "16,300".into(), "███".into(), "1".into(), "2".into(), "3".into()]);
        table.row(["yrd".into(), "92".into(), "█".into(), "10".into(), "20".into(), "30".into()]);
        let wide = "site     GPUs   bar    d    e    f\n中卫   16,300   ███    1    2    3\nyrd        92   █     10   20   30\n";
        assert_eq!(plain(&table.render(120)), wide);
        let narrow =
            "site     GPUs   bar    d\n中卫   16,300   ███    1\nyrd        92   █     10\n\nsite    e    f\n中卫    2    3\nyrd    20   30\n";
        assert_eq!(plain(&table.render(80)), narrow);
    }

    #[test]
    fn long_names_are_cut_before_a_row_wraps() {
        let mut table = Table::new(["site", "GPUs"]);
        table.row(["x".repeat(100).into(), "1".into()]);
        assert!(plain(&table.render(40)).lines().all(|line| line.width() <= 40));
        assert_eq!(cut("中卫数据中心", 6), "中卫…");
    }

    #[test]
    fn items_and_words_wrap() {
        let items: Vec<String> = ["12 submitted", "11 finished", "1 rejected"].map(str::to_owned).to_vec();
        assert_eq!(flow("jobs", &items, 42), "jobs           12 submitted   11 finished\n               1 rejected\n");
        assert_eq!(wrap("warning: one two three", 14, "  "), "warning: one\n  two three\n");
    }
}
