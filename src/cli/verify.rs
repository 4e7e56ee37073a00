//! `edwc verify`: cases with known answers, run and judged, as a table.

use super::arguments::Verify;
use super::cases::{Layout, PAGE_HEADER, page_rows};
use super::failure::{Exit, Failure, plural};
use super::printer::Printer;
use super::text::paragraph;
use crate::diag::closest;
use crate::verify::{self, Case, Effort, OWN_CASES, Origin};
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
    let cases = chosen(&cases, &arguments.only)?;
    let layout = Layout::of(printer.width());
    printer.out(&if arguments.markdown { PAGE_HEADER.to_owned() } else { layout.header() });
    let (mut passed, mut failed, mut left_out) = (0, Vec::new(), Vec::new());
    for case in cases {
        if arguments.quick && file.is_none() && verify::cost(case, effort) > QUICK_LIMIT {
            left_out.push(case.id.as_str());
            continue;
        }
        let report = verify::run(case, &origin, effort);
        printer.out(&if arguments.markdown { page_rows(&report, &command(&case.id, arguments)) } else { layout.case(&report) });
        if report.passed() { passed += 1 } else { failed.push(case.id.as_str()) }
    }
    let passes = if passed == 1 { "passes" } else { "pass" };
    printer.out(&format!(
        "\n{} {passes}, {} {}\n",
        plural(passed, "case"),
        failed.len(),
        if failed.len() == 1 { "fails" } else { "fail" }
    ));
    if !left_out.is_empty() {
        printer.out(&paragraph(&format!("left out as too long for `--quick`: {}", left_out.join(", ")), printer.width()));
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

/// Returns the command that makes the lines of one case.
fn command(case: &str, arguments: &Verify) -> String {
    let file = arguments.file.as_ref().map_or_else(String::new, |file| format!(" {}", file.display()));
    format!("edwc verify{file} --only {case}{}", if arguments.quick { " --quick" } else { "" })
}

/// Keeps the cases that have one of the texts in their id, or are of a model of this name; all without any.
fn chosen<'a>(cases: &'a [Case], only: &[String]) -> Result<Vec<&'a Case>, Failure> {
    let fits = |case: &Case, text: &String| case.id.contains(text) || case.model == *text;
    if let Some(text) = only.iter().find(|text| !cases.iter().any(|case| fits(case, text))) {
        let failure = Failure::new(Exit::Usage, format!("no case has `{text}` in its id, and none is of a model of that name"));
        let names = || cases.iter().flat_map(|case| [case.id.as_str(), case.model.as_str()]);
        return Err(match closest(text, names()) {
            Some(name) => failure.help(format!("did you mean `{name}`?")),
            None => {
                let mut models: Vec<&str> = cases.iter().map(|case| case.model.as_str()).collect();
                models.sort_unstable();
                models.dedup();
                failure.help(format!("the models are `{}`", models.join("`, `")))
            }
        });
    }
    Ok(cases.iter().filter(|case| only.is_empty() || only.iter().any(|text| fits(case, text))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_that_is_not_there_is_an_error() {
        let cases = verify::read(OWN_CASES).expect("they are well formed");
        assert_eq!(chosen(&cases, &[]).expect("all").len(), cases.len());
        assert_eq!(chosen(&cases, &[cases[0].id.clone()]).expect("one")[0].id, cases[0].id);
        for wrong in ["nosuch", "mm1-08O"] {
            assert_eq!(chosen(&cases, &[cases[0].id.clone(), wrong.to_owned()]).expect_err("refused").exit, Exit::Usage);
        }
    }
}
