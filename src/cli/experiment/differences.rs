//! The table of a comparison, and the sentences above all numbers.

use super::rows::{Scale, label, phrase};
use crate::cli::summary::table::{Cell, Table, cut, wrap};
use crate::experiment::Comparison;
use crate::experiment::comparison::{self, Verdict};
use anstyle::{AnsiColor, Style};

/// The widest name of an alternative in the head of a table.
const WIDEST_NAME: usize = 28;

/// Writes the table of some metrics: the baseline's values, and the others' differences to it. What does not fit beside each other stands below.
pub(super) fn table(comparison: &Comparison, paths: &[String], width: usize) -> String {
    let others: Vec<usize> = (0..comparison.names.len()).filter(|at| *at != comparison.baseline).collect();
    if others.is_empty() {
        return block(comparison, paths, &[]).render_whole(width);
    }
    beside(&others, width, |others| block(comparison, paths, others))
}

/// Puts as many alternatives beside each other as fit; the others stand below. One always stands, cut where it must be.
fn beside(others: &[usize], width: usize, block: impl Fn(&[usize]) -> Table) -> String {
    let mut fitting = others.len().max(1);
    while fitting > 1 && others.chunks(fitting).any(|others| block(others).width() > width) {
        fitting -= 1;
    }
    others.chunks(fitting).map(|others| block(others).render_whole(width)).collect::<Vec<_>>().join("\n")
}

fn block(comparison: &Comparison, paths: &[String], others: &[usize]) -> Table {
    let name = |at: usize| cut(&comparison.names[at], WIDEST_NAME);
    let mut header = vec![String::new(), String::new(), name(comparison.baseline)];
    if others.is_empty() {
        header.push(String::new());
    }
    for at in others {
        header.extend([name(*at), String::new()]);
    }
    let mut table = Table::of(header);
    for at in 0..others.len() {
        table = table.left(4 + 2 * at);
    }
    for row in paths.iter().filter_map(|path| comparison.row(path)) {
        let scale = Scale::of(row, comparison.baseline);
        let baseline = &row.cells[comparison.baseline];
        let mut cells: Vec<Cell> =
            vec![label(&row.metric.path).into(), scale.unit.into(), baseline.mean.map_or("-".to_owned(), |mean| scale.value(mean)).into()];
        if others.is_empty() {
            cells.push(baseline.half_width.map_or_else(String::new, |half_width| format!("± {}", scale.value(half_width))).into());
        }
        for at in others {
            match row.cells[*at].difference {
                None => cells.extend(["-".into(), "".into()]),
                Some(difference) => cells.extend([scale.difference(&difference).into(), verdict(difference.verdict)]),
            }
        }
        table.push(cells);
    }
    table
}

/// Writes the table of what moved: each alternative's jobs beside those of the baseline.
pub(super) fn moved(comparison: &Comparison, width: usize) -> String {
    let others: Vec<usize> = (0..comparison.names.len()).filter(|at| *at != comparison.baseline).collect();
    let head = format!("job by job since {}", cut(&comparison.names[comparison.baseline], WIDEST_NAME));
    levels(comparison, &head, super::rows::moved(), &others, width)
}

/// Writes the table of how far each alternative is from what no policy can beat; empty if nothing has a bound.
pub(super) fn gaps(comparison: &Comparison, width: usize) -> String {
    let rows: Vec<_> = super::rows::gaps().collect();
    if rows.iter().all(|(path, _)| comparison.row(path).is_none()) {
        return String::new();
    }
    let all: Vec<usize> = (0..comparison.names.len()).collect();
    levels(comparison, "gap to the bound, same jobs", &rows, &all, width) + "\n"
}

/// Writes values of some alternatives with their intervals, a row a metric.
fn levels(comparison: &Comparison, head: &str, rows: &[(&str, &str)], alternatives: &[usize], width: usize) -> String {
    let block = |alternatives: &[usize]| {
        let mut header = vec![head.to_owned(), String::new()];
        header.extend(alternatives.iter().map(|at| cut(&comparison.names[*at], WIDEST_NAME)));
        let mut table = Table::of(header);
        for (path, name) in rows {
            let Some(row) = comparison.row(path) else { continue };
            let scale = Scale::of(row, comparison.baseline);
            let cell = |at: &usize| {
                let cell = &row.cells[*at];
                // A mean over some of the replications would say something else: where nothing moved west, an hour has no price.
                let of_all = cell.mean.filter(|_| cell.values.iter().all(Option::is_some));
                of_all.map_or_else(|| "-".to_owned(), |mean| scale.estimate(mean, cell.half_width)).into()
            };
            table.push([(*name).into(), scale.unit.into()].into_iter().chain(alternatives.iter().map(cell)).collect());
        }
        table
    };
    beside(alternatives, width, block)
}

/// Writes a verdict; its colour only repeats the word.
fn verdict(verdict: Verdict) -> Cell {
    match verdict {
        Verdict::Better => Cell::styled("better".to_owned(), AnsiColor::Green.on_default()),
        Verdict::Worse => Cell::styled("worse".to_owned(), AnsiColor::Red.on_default()),
        Verdict::NoDifference => Cell::styled("no difference".to_owned(), Style::new().dimmed()),
        Verdict::Different | Verdict::Unknown => "".into(),
    }
}

/// Says of each alternative in a sentence what it changes, the good before the bad.
pub(super) fn sentences(comparison: &Comparison, paths: &[String], width: usize) -> String {
    let mut text = String::new();
    for (at, name) in comparison.names.iter().enumerate().filter(|(at, _)| *at != comparison.baseline) {
        let mut told: Vec<(Verdict, String)> = Vec::new();
        for row in paths.iter().filter_map(|path| comparison.row(path)) {
            if let Some(difference) = row.cells[at].difference {
                told.extend(clause(row, &difference, Scale::of(row, comparison.baseline)).map(|clause| (difference.verdict, clause)));
            }
        }
        let of = |verdict: Verdict| told.iter().filter(|(said, _)| *said == verdict).map(|(_, clause)| clause.clone()).collect::<Vec<_>>();
        let (better, worse, other) = (of(Verdict::Better), of(Verdict::Worse), of(Verdict::Different));
        let sentence = match (better.is_empty(), worse.is_empty(), other.is_empty()) {
            (true, true, true) if told.is_empty() && comparison.replications < 2 => continue,
            (true, true, true) => {
                format!("{name}: no difference that {} can be sure of.", crate::cli::failure::plural(comparison.replications as usize, "pair"))
            }
            _ => {
                let parts: Vec<String> = [better, worse, other].into_iter().filter(|part| !part.is_empty()).map(|part| list(&part)).collect();
                format!("{name} {}.", parts.join("; it "))
            }
        };
        text.push_str(&wrap(&sentence, width, "  "));
    }
    text
}

fn clause(row: &comparison::Row, difference: &comparison::Difference, scale: Scale) -> Option<String> {
    if matches!(difference.verdict, Verdict::NoDifference | Verdict::Unknown) {
        return None;
    }
    let verb = if difference.mean < 0.0 { "cuts" } else { "raises" };
    let by = scale.difference(difference);
    Some(format!("{verb} {} by {}", phrase(&row.metric.path), by.trim_start_matches(['-', '+'])))
}

/// Joins clauses; a verb that is the same as before it is not said again.
fn list(clauses: &[String]) -> String {
    let mut said = String::new();
    let mut text = String::new();
    for (at, clause) in clauses.iter().enumerate() {
        let (verb, rest) = clause.split_once(' ').unwrap_or(("", clause));
        let link = match at {
            0 => "",
            _ if at + 1 == clauses.len() => " and ",
            _ => ", ",
        };
        text.push_str(link);
        text.push_str(if verb == said { rest } else { clause });
        verb.clone_into(&mut said);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_fit_every_terminal() {
        let cell =
            |gap: f64| comparison::Cell { values: vec![Some(gap); 3], mean: Some(gap), half_width: Some(gap / 20.0), median: None, difference: None };
        let names: Vec<String> = (1..6).map(|at| format!("a rather long name of alternative {at}")).collect();
        let row = |(path, _): (&str, &str)| comparison::Row {
            metric: crate::output::metrics::find(path).unwrap().1,
            cells: (1..6).map(|at| cell(0.124 * f64::from(at))).collect(),
        };
        let rows = super::super::rows::gaps().map(row).collect();
        let all = Comparison { names, baseline: 0, replications: 3, confidence: 0.95, paired: true, rows };
        for width in [80, 100, 120] {
            let text = anstream::adapter::strip_str(&gaps(&all, width)).to_string();
            assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
            assert!(text.contains("12.4 ± 0.6") && text.contains("62 ± 3"), "all alternatives have theirs\n{text}");
        }
        assert_eq!(gaps(&Comparison { rows: Vec::new(), ..all }, 80), "");
    }

    #[test]
    fn clauses_share_their_verb() {
        let clauses = ["cuts a by 1%", "cuts b by 2%", "raises c by 3%"].map(str::to_owned);
        assert_eq!(list(&clauses), "cuts a by 1%, b by 2% and raises c by 3%");
        assert_eq!(list(&clauses[..1]), "cuts a by 1%");
    }
}
