//! Charts for a terminal: a line over one factor, and the tornado of what each factor does alone.

use crate::cli::summary::table::{cut, wrap};
use unicode_width::UnicodeWidthStr;

/// Rows of a line chart.
const HEIGHT: usize = 12;
/// The widest chart: beyond, nothing is clearer.
const WIDEST: usize = 120;
/// The widest name beside a bar.
const NAME: usize = 44;

/// A point of a line chart.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Dot {
    /// Where it is.
    pub(super) x: f64,
    /// The mean.
    pub(super) y: f64,
    /// Half of the width of its interval.
    pub(super) half_width: Option<f64>,
}

/// Draws dots with their intervals; `y` and `x` write the numbers of the axes.
pub(super) fn line(title: &str, dots: &[Dot], y: impl Fn(f64) -> String, x: impl Fn(f64) -> String, width: usize) -> String {
    let ends = |dot: &Dot| (dot.y - dot.half_width.unwrap_or(0.0), dot.y + dot.half_width.unwrap_or(0.0));
    let (low, high) = dots.iter().map(ends).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (from, to)| (low.min(from), high.max(to)));
    let (left, right) = dots.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(left, right), dot| (left.min(dot.x), right.max(dot.x)));
    let labels = [y(high), y(f64::midpoint(low, high)), y(low)];
    let margin = labels.iter().map(|label| label.width()).max().unwrap_or(0);
    let columns = width.min(WIDEST).saturating_sub(margin + 3).max(10);
    let place = |value: f64, from: f64, to: f64, cells: usize| {
        let share = if to > from { (value - from) / (to - from) } else { 0.5 };
        (share * (cells - 1) as f64).round() as usize
    };
    let row = |value: f64| HEIGHT - 1 - place(value, low, high, HEIGHT);
    let mut cells = vec![vec![' '; columns]; HEIGHT];
    for pair in dots.windows(2) {
        let (from, to) = (place(pair[0].x, left, right, columns), place(pair[1].x, left, right, columns));
        (from..to).for_each(|column| {
            let share = (column - from) as f64 / (to - from) as f64;
            cells[row(pair[0].y + share * (pair[1].y - pair[0].y))][column] = '·';
        });
    }
    for dot in dots {
        let (column, (from, to)) = (place(dot.x, left, right, columns), ends(dot));
        (row(to)..=row(from)).for_each(|row| cells[row][column] = '│');
        cells[row(dot.y)][column] = '●';
    }
    let mut text = wrap(title, width, "  ");
    for (at, line) in cells.iter().enumerate() {
        let label = match at {
            0 => &labels[0],
            at if at == HEIGHT / 2 => &labels[1],
            at if at == HEIGHT - 1 => &labels[2],
            _ => "",
        };
        let line: String = line.iter().collect();
        text.push_str(format!("{}{label} ┤{line}", " ".repeat(margin - label.width())).trim_end());
        text.push('\n');
    }
    let (first, last) = (x(left), x(right));
    let between = columns.saturating_sub(first.width() + last.width());
    text.push_str(&format!("{} └{}\n", " ".repeat(margin), "─".repeat(columns)));
    text.push_str(&format!("{}{first}{}{last}\n", " ".repeat(margin + 2), " ".repeat(between)));
    text
}

/// What a factor does alone: the metric at its lower and at its upper value.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Swing {
    /// The factor.
    pub(super) name: String,
    /// The metric at the values of the factor, in their order.
    pub(super) at: Vec<f64>,
}

impl Swing {
    /// Returns how far the metric moves from the base at most.
    pub(super) fn size(&self, base: f64) -> f64 {
        self.at.iter().fold(0.0, |size: f64, value| size.max((value - base).abs()))
    }
}

/// Draws bars around the base, the longest first; factors of the same effect keep their order. `number` writes a value.
pub(super) fn tornado(title: &str, base: f64, swings: &[Swing], number: impl Fn(f64) -> String, width: usize) -> String {
    let mut sorted: Vec<&Swing> = swings.iter().collect();
    sorted.sort_by(|a, b| b.size(base).total_cmp(&a.size(base)));
    let ends = |swing: &Swing| swing.at.iter().fold((base, base), |(low, high), value| (low.min(*value), high.max(*value)));
    let (low, high) = swings.iter().map(ends).fold((base, base), |(low, high), (from, to)| (low.min(from), high.max(to)));
    let name = sorted.iter().map(|swing| swing.name.width()).max().unwrap_or(0).min(NAME).min(width / 3);
    let numbers = |end: fn((f64, f64)) -> f64| sorted.iter().map(|swing| number(end(ends(swing))).width()).max().unwrap_or(0);
    let (lows, highs) = (numbers(|ends| ends.0), numbers(|ends| ends.1));
    let columns = width.min(WIDEST).saturating_sub(name + lows + highs + 6).max(8);
    let place = |value: f64| if high > low { ((value - low) / (high - low) * (columns - 1) as f64).round() as usize } else { columns / 2 };
    let mut text = wrap(title, width, "  ");
    for swing in sorted {
        let (from, to) = ends(swing);
        let bar: String = (0..columns)
            .map(|column| match column {
                column if column == place(base) => '│',
                column if from < to && place(from) <= column && column <= place(to) => '█',
                _ => ' ',
            })
            .collect();
        let shown = cut(&swing.name, name);
        let padding = " ".repeat(name - shown.width());
        let (from, to) = (number(from), number(to));
        text.push_str(&format!("{shown}{padding}  {}{from} {bar} {to}", " ".repeat(lows - from.width())));
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(text: &str, width: usize) {
        assert!(text.lines().all(|line| line.width() <= width), "{width}\n{text}");
    }

    #[test]
    fn a_rising_line_rises_and_never_wraps() {
        let dots: Vec<Dot> = (0..5).map(|at| Dot { x: f64::from(at), y: f64::from(at * at), half_width: Some(0.5) }).collect();
        for width in [80, 100, 120] {
            let text = line("title", &dots, |y| format!("{y:.1}"), |x| x.to_string(), width);
            fits(&text, width);
            let rows: Vec<&str> = text.lines().skip(1).collect();
            let first_dot = rows.iter().position(|row| row.ends_with('●') || row.trim_end().ends_with('●')).unwrap();
            assert!(first_dot <= 1, "the last dot is on top\n{text}");
            assert_eq!(text.matches('●').count(), 5, "{text}");
            assert!(rows[0].starts_with("16.5 ┤") && rows[HEIGHT - 1].starts_with("-0.5 ┤"), "{text}");
        }
    }

    #[test]
    fn the_longest_bar_is_on_top() {
        let swing = |name: &str, at: &[f64]| Swing { name: name.to_owned(), at: at.to_vec() };
        let swings =
            [swing("small", &[9.5, 10.5]), swing("large", &[4.0, 18.0]), swing("none", &[10.0, 10.0]), swing(&"long".repeat(30), &[10.0, 12.0])];
        for width in [80, 100, 120] {
            let text = tornado("title", 10.0, &swings, |value| format!("{value:.1}"), width);
            fits(&text, width);
            let order: Vec<&str> = text.lines().skip(1).map(|line| &line[..4]).collect();
            assert_eq!(order, ["larg", "long", "smal", "none"]);
            let blocks: Vec<usize> = text.lines().skip(1).map(|line| line.matches('█').count()).collect();
            assert!(blocks[0] > blocks[1] && blocks[1] > blocks[2] && blocks[3] == 0, "{text}");
        }
    }
}
