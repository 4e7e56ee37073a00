//! The table of cases with known answers, as wide as the terminal: rows are written while the cases run, so that no width waits for the last one.

use super::summary::table::cut;
use super::text::lines;
use crate::verify::{Line, Report};

/// From this width on, the case stands beside its answers; below it on a line of its own above them.
const WIDE: usize = 120;
const GAP: usize = 2;
/// The widths of: expected, measured, half-width, distance, verdict.
const NUMBERS: [usize; 5] = [10, 10, 7, 4, 7];
/// Columns of the longest case.
const CASE: usize = 31;
/// Columns of the longest answer.
const ANSWER: usize = 33;

/// How the table is laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    width: usize,
    is_wide: bool,
    /// Columns of the answer's name.
    answer: usize,
}

impl Layout {
    /// Fits the table into a width.
    pub(super) fn of(width: usize) -> Self {
        let is_wide = width >= WIDE;
        let before = if is_wide { CASE + GAP } else { GAP };
        let numbers: usize = NUMBERS.iter().map(|number| GAP + number).sum();
        Self { width, is_wide, answer: width.saturating_sub(before + numbers).clamp(8, ANSWER) }
    }
    /// Writes the names of the columns.
    pub(super) fn header(self) -> String {
        let name = if self.is_wide { self.name("case", "answer") } else { "case, answer".to_owned() };
        self.row(&name, ["expected", "measured", "± 95%", "s.e.", "verdict"])
    }
    /// Writes the answers of a case. What must come out to the letter and does is shown by its verdict alone.
    pub(super) fn case(self, report: &Report) -> String {
        let case = if self.is_wide { report.case.as_str() } else { "" };
        let mut text = if self.is_wide { String::new() } else { format!("{}\n", report.case) };
        if let Some(problem) = &report.problem {
            let name = if self.is_wide { format!("{case}  ") } else { "  ".to_owned() };
            return text + &self.hanging(&format!("{name}FAILS: {problem}"));
        }
        for line in &report.lines {
            text.push_str(&self.answer(case, line));
        }
        text
    }

    fn answer(self, case: &str, line: &Line) -> String {
        let half_width = line.half_width.map_or_else(String::new, |half_width| format!("{half_width:.2e}"));
        let distance = line.distance.map_or_else(String::new, |distance| format!("{distance:.1}"));
        let verdict = if line.passed { "passes" } else { "FAILS" };
        let is_long = [&line.expected, &line.measured].iter().any(|value| value.chars().count() > NUMBERS[0]);
        let [expected, measured] = match (is_long, line.passed) {
            (false, _) => [line.expected.as_str(), line.measured.as_str()],
            (true, true) if line.expected == line.measured => ["as listed", "the same"],
            (true, true) => ["as listed", "near it"],
            (true, false) => ["below", "below"],
        };
        let mut text = self.row(&self.name(case, &line.answer), [expected, measured, &half_width, &distance, verdict]);
        if is_long && !line.passed {
            text.push_str(&self.hanging(&format!("    expected {}", line.expected)));
            text.push_str(&self.hanging(&format!("    measured {}", line.measured)));
        }
        text
    }
    /// Writes the name of a row; what is too long is cut.
    fn name(self, case: &str, answer: &str) -> String {
        let answer = cut(answer, self.answer);
        if self.is_wide { format!("{:<CASE$}{:GAP$}{answer}", cut(case, CASE), "") } else { format!("{:GAP$}{answer}", "") }
    }
    fn row(self, name: &str, numbers: [&str; 5]) -> String {
        let before = GAP + self.answer + if self.is_wide { CASE } else { 0 };
        let mut row = format!("{name:<before$}");
        for (number, width) in numbers.iter().zip(NUMBERS) {
            row.push_str(&format!("{:GAP$}{number:<width$}", ""));
        }
        row.trim_end().to_owned() + "\n"
    }
    /// Wraps a text of one piece, further lines indented as much as the first and a little more.
    fn hanging(self, text: &str) -> String {
        let indent = text.len() - text.trim_start().len();
        let mut written = String::new();
        for (at, line) in lines(text, self.width.saturating_sub(indent + 4)).iter().enumerate() {
            written.push_str(&format!("{:width$}{line}\n", "", width = indent + if at == 0 { 0 } else { 4 }));
        }
        written
    }
}

/// The head of the table as a document has it.
pub(super) const PAGE_HEADER: &str = "| case | what is known | answer | measured | ± 95 % | verdict | command |\n|---|---|---|---|---|---|---|\n";

/// Writes the answers of a case as rows of a document; the first has the command that makes them.
pub(super) fn page_rows(report: &Report, command: &str) -> String {
    if let Some(problem) = &report.problem {
        return format!("| {} | | | | | **fails**: {problem} | `{command}` |\n", report.case);
    }
    let row = |(at, line): (usize, &Line)| {
        let half_width = line.half_width.map_or_else(|| "exact".to_owned(), |half_width| format!("{half_width:.2e}"));
        let verdict = if line.passed { "passes" } else { "**fails**" };
        let is_long = line.passed && line.expected == line.measured && line.expected.chars().count() > NUMBERS[0] + NUMBERS[1];
        let [expected, measured] = if is_long { ["as listed", "the same"] } else { [&*line.expected, &*line.measured] };
        let (case, command) = if at == 0 { (&*report.case, format!("`{command}`")) } else { ("", String::new()) };
        format!("| {case} | {} | {expected} | {measured} | {half_width} | {verdict} | {command} |\n", line.answer.replace('|', "\\|"))
    };
    report.lines.iter().enumerate().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{OWN_CASES, Problem, read};

    fn line(answer: &str, expected: &str, measured: &str, passed: bool) -> Line {
        Line {
            answer: answer.to_owned(),
            expected: expected.to_owned(),
            measured: measured.to_owned(),
            half_width: Some(1.07e-1),
            distance: Some(0.31),
            passed,
        }
    }
    fn report(lines: Vec<Line>, problem: Option<Problem>) -> Report {
        Report { case: "mm1-080".to_owned(), model: "mmc".to_owned(), lines, problem }
    }

    #[test]
    fn a_row_of_a_document_has_its_command_once() {
        let rows = page_rows(&report(vec![line("W", "5", "5.01", true), line("Wq", "4", "4.5", false)], None), "edwc verify --only mm1-080");
        let expected = "| mm1-080 | W | 5 | 5.01 | 1.07e-1 | passes | `edwc verify --only mm1-080` |\n| | Wq | 4 | 4.5 | 1.07e-1 | **fails** | |\n";
        assert_eq!(rows.replace("|  |", "| |"), expected);
    }

    #[test]
    fn the_table_fits_every_terminal() {
        let list = (1..40).map(|job| format!("{job}: 17")).collect::<Vec<_>>().join(", ");
        let answers = vec![line("Wq_p95", "13.862944", "13.876352", true), line("starts", &list, &list, true), line("ends", &list, "none", false)];
        let problem = Problem::Run("the scenario that the case became does not run, for a reason that takes more words than a line has".to_owned());
        for width in [80, 100, 120, 200] {
            let layout = Layout::of(width);
            let text = layout.header() + &layout.case(&report(answers.clone(), None)) + &layout.case(&report(Vec::new(), Some(problem.clone())));
            assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
            assert!(text.contains("as listed   the same  ") && text.contains("expected 1: 17, 2: 17"), "{text}");
        }
        let layout = Layout::of(80);
        let narrow = [
            "case, answer                      expected    measured    ± 95%    s.e.  verdict\n",
            "mm1-080\n",
            "  Wq_p95                          13.862944   13.876352   1.07e-1  0.3   passes\n",
        ];
        assert_eq!(layout.header() + &layout.case(&report(answers[..1].to_vec(), None)), narrow.concat());
        let layout = Layout::of(120);
        let wide = [
            "case                             answer                             expected    measured    ± 95%    s.e.  verdict\n",
            "mm1-080                          Wq_p95                             13.862944   13.876352   1.07e-1  0.3   passes\n",
        ];
        assert_eq!(layout.header() + &layout.case(&report(answers[..1].to_vec(), None)), wide.concat());
    }

    #[test]
    fn no_case_has_a_name_that_is_cut() {
        for case in read(OWN_CASES).expect("they are well formed") {
            assert!(case.id.chars().count() <= CASE, "{}", case.id);
        }
    }
}
