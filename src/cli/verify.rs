//! `edwc verify`: cases with known answers, run and judged, as a table.

use super::arguments::Verify;
use super::failure::{Exit, Failure};
use super::printer::Printer;
use crate::verify::{self, Case, Effort, OWN_CASES, Origin, Report};
use std::path::{Path, PathBuf};

/// Cases beyond this cost are left out by `--quick`.
const QUICK_LIMIT: f64 = 1.2e6;

/// Returns the file that the environment names.
#[expect(clippy::disallowed_methods, reason = "which cases are run is the caller's choice, not a run's")]
fn from_environment() -> Option<PathBuf> {
    std::env::var_os("EDWC_CASES").map(PathBuf::from)
}

/// Runs the cases and prints a line an answer; fails if an answer is missed.
pub(super) fn run(arguments: &Verify, printer: &mut Printer) -> Result<(), Failure> {
    let file = arguments.file.clone().or_else(from_environment);
    let (cases, origin) = read(file.as_deref())?;
    let effort = if arguments.quick { Effort::Quick } else { Effort::Full };
    let chosen = |case: &&Case| arguments.only.is_empty() || arguments.only.iter().any(|text| case.id.contains(text) || case.model == *text);
    let cases: Vec<&Case> = cases.iter().filter(chosen).collect();
    printer.out(&row(["case", "answer", "expected", "measured", "half-width", "distance", "verdict"]));
    let (mut passed, mut failed, mut left_out) = (0, Vec::new(), Vec::new());
    for case in cases {
        if arguments.quick && verify::cost(case, effort) > QUICK_LIMIT {
            left_out.push(case.id.as_str());
            continue;
        }
        let report = verify::run(case, &origin, effort);
        printer.out(&table(&report));
        if report.passed() { passed += 1 } else { failed.push(case.id.as_str()) }
    }
    printer.out(&format!("\n{passed} cases pass, {} fail\n", failed.len()));
    if !left_out.is_empty() {
        printer.out(&format!("left out as too long for `--quick`: {}\n", left_out.join(", ")));
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(Exit::CheckFailed, format!("not as known: {}", failed.join(", ")))) }
}

fn read(file: Option<&Path>) -> Result<(Vec<Case>, Origin), Failure> {
    let Some(path) = file else {
        return Ok((verify::read(OWN_CASES).expect("the cases that edwc brings along are well formed"), Origin::Own));
    };
    let text = std::fs::read_to_string(path).map_err(|error| Failure::new(Exit::Io, format!("cannot read `{}`: {error}", path.display())))?;
    let cases = verify::read(&text).map_err(|error| Failure::new(Exit::Invalid, format!("`{}`: {error}", path.display())))?;
    Ok((cases, Origin::Folder(path.parent().unwrap_or(Path::new("")).to_owned())))
}

/// Writes the answers of a case. What must come out to the letter is shown by its verdict alone.
fn table(report: &Report) -> String {
    if let Some(problem) = &report.problem {
        return row([&report.case, "", "", "", "", "", &format!("FAILS: {problem}")]);
    }
    let mut text = String::new();
    for line in &report.lines {
        let half_width = line.half_width.map_or_else(String::new, |half_width| format!("{half_width:.2e}"));
        let distance = line.distance.map_or_else(String::new, |distance| format!("{distance:.1}"));
        let verdict = if line.passed { "passes" } else { "FAILS" };
        let long = line.expected.chars().count() > WIDTHS[2];
        let [expected, measured] = if long && line.passed { ["as listed", "the same"] } else { [line.expected.as_str(), line.measured.as_str()] };
        text.push_str(&row([&report.case, &line.answer, expected, measured, &half_width, &distance, verdict]));
    }
    text
}

const WIDTHS: [usize; 7] = [30, 36, 14, 14, 10, 8, 7];

fn row(cells: [&str; 7]) -> String {
    let written: Vec<String> = cells.iter().zip(WIDTHS).map(|(cell, width)| format!("{cell:<width$}")).collect();
    written.join("  ").trim_end().to_owned() + "\n"
}
