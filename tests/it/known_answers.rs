//! Known answers: the project's cases, or those of `EDWC_CASES`, come out as they should.

use edwc::verify::{self, Case, Effort, Nature, OWN_CASES, Origin, Report};
use std::path::{Path, PathBuf};

/// The cost up to which the project's own stochastic cases run with every test; `edwc verify --quick` runs longer ones, `edwc verify` all.
const SHORT: f64 = 2e5;

#[expect(clippy::disallowed_methods, reason = "other cases can be given")]
fn cases() -> (Vec<Case>, Origin, bool) {
    match std::env::var_os("EDWC_CASES").map(PathBuf::from) {
        Some(path) => {
            let text = std::fs::read_to_string(&path).expect("`EDWC_CASES` names a file that can be read");
            let folder = path.parent().expect("a file lies in a folder").to_owned();
            (verify::read(&text).expect("`EDWC_CASES` names a file of cases"), Origin::Folder(folder), true)
        }
        None => (verify::read(OWN_CASES).expect("the project's cases are well formed"), Origin::Own, false),
    }
}

fn assert_all_pass(reports: &[Report]) {
    let mut failures = Vec::new();
    for report in reports.iter().filter(|report| !report.passed()) {
        match &report.problem {
            Some(problem) => failures.push(format!("{}: {problem}", report.case)),
            None => failures.extend(report.lines.iter().filter(|line| !line.passed).map(|line| format!("{}: {line:?}", report.case))),
        }
    }
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), reports.len(), failures.join("\n"));
}

#[test]
fn exact_cases_come_out_exactly() {
    let (cases, origin, _) = cases();
    let reports: Vec<_> = cases.iter().filter(|case| case.nature == Nature::Exact).map(|case| verify::run(case, &origin, Effort::Quick)).collect();
    assert_all_pass(&reports);
}

/// Cases of the same models with other parameters: their exact answers, worked out by programs that share nothing with edwc.
#[test]
fn exact_cases_with_other_parameters_come_out_exactly() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases/other-parameters.json");
    let cases = verify::read(&std::fs::read_to_string(&file).expect("the file is there")).expect("the cases are well formed");
    let exact: Vec<_> = cases.iter().filter(|case| case.nature == Nature::Exact).collect();
    assert!(exact.len() > 90, "only {} cases are exact", exact.len());
    let reports: Vec<_> = exact.into_iter().map(|case| verify::run(case, &Origin::Own, Effort::Quick)).collect();
    assert_all_pass(&reports);
}

#[test]
fn stochastic_cases_come_out_within_five_per_cent() {
    let (cases, origin, given) = cases();
    let chosen = |case: &&Case| case.nature == Nature::Stochastic && (given || verify::cost(case, Effort::Quick) <= SHORT);
    let reports: Vec<_> = cases.iter().filter(chosen).map(|case| verify::run(case, &origin, Effort::Quick)).collect();
    assert!(given || reports.len() >= 20, "only {} cases are short", reports.len());
    assert_all_pass(&reports);
}

#[test]
fn a_wrong_answer_fails_and_an_unknown_model_is_named() {
    let wrong = OWN_CASES.replace("\"finish\": 18.75", "\"finish\": 18.5").replace("\"mmck\"", "\"mmck-of-another-kind\"");
    let cases = verify::read(&wrong).expect("still well formed");
    let run = |id: &str| {
        let case = cases.iter().find(|case| case.id == id).expect("the case is there");
        verify::run(case, &Origin::Own, Effort::Quick)
    };
    let missed: Vec<_> = run("ck-script-1").lines.into_iter().filter(|line| !line.passed).map(|line| line.answer).collect();
    assert_eq!(missed, ["finish"]);
    let problem = run("mmck-1-5").problem.expect("there is no such model");
    assert_eq!(problem.to_string(), "the model `mmck-of-another-kind` is unknown");
}

#[test]
fn a_distance_beyond_chance_fails() {
    let mut cases = verify::read(OWN_CASES).expect("well formed");
    let case = cases.iter_mut().find(|case| case.id == "erlb-10-8").expect("the case is there");
    case.answer = serde_json::json!({ "L": 7.026711485976388 * 1.2 });
    case.jobs_for_one_percent.retain(|name, _| name == "L");
    let report = verify::run(case, &Origin::Own, Effort::Quick);
    assert!(report.problem.is_none() && !report.passed(), "{report:?}");
}
