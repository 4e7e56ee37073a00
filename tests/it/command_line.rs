//! The command line as scripts see it: exit codes, what goes to which stream, and what is left on disk.

use crate::program::{edwc, folder, run, said};
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// Runs and expects an exit code, with nothing on standard output and no panic.
#[track_caller]
fn refused(folder: &Path, code: i32, arguments: &[&str]) -> String {
    let said = run(folder, arguments);
    assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.err);
    assert_eq!(said.out, "", "{arguments:?}");
    assert!(!said.err.contains("panicked") && !said.err.is_empty(), "{}", said.err);
    said.err
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).expect("it exists").map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn without_a_command_all_commands_are_listed() {
    let folder = folder();
    let said = run(folder.path(), &[]);
    assert_eq!(said.code, Some(0));
    for command in ["run", "check", "explain", "schema", "init", "diff", "policies", "metrics", "trace", "reproduce"] {
        assert!(said.out.lines().any(|line| line.trim_start().starts_with(command)), "{command}");
    }
    assert!(run(folder.path(), &["run"]).out.contains("quickstart"));
}

#[test]
fn wrong_command_lines_end_with_2_and_the_usage() {
    let folder = folder();
    for arguments in [&["run", "--threads", "0"][..], &["run", "--seed"], &["run", "x", "--force"], &["fly"]] {
        let err = refused(folder.path(), 2, arguments);
        assert_eq!(err.lines().filter(|line| line.starts_with("Usage:")).count(), 1, "{err}");
    }
    assert!(refused(folder.path(), 2, &["run", "quickstart", "--policy", "cheepest"]).contains("did you mean `cheapest`"));
    assert!(refused(folder.path(), 2, &["run", "quickstart", "--policy", "sjf", "--no-oracle"]).contains("true work"));
    assert!(refused(folder.path(), 2, &["explain", "E0000"]).contains("E0000"));
}

#[test]
fn the_quickstart_runs_anywhere_and_its_json_is_one_object() {
    let folder = folder();
    let said = run(folder.path(), &["run", "quickstart", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let summary: serde_json::Value = serde_json::from_str(&said.out).expect("it is JSON");
    assert!(summary["jobs"]["finished"].as_u64().expect("a number") > 0);
    assert!(summary["latency"]["queue_wait"]["p95"].is_number());
    let text = run(folder.path(), &["run", "quickstart"]).out;
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours without a terminal");
}

#[test]
fn wrong_scenarios_end_with_3_and_leave_nothing() {
    let folder = folder();
    let file = folder.path().join("wrong.toml");
    fs::write(&file, "format = 1\n[scenario]\nhorizon = 5\nsed = 1\n").expect("writable");
    for command in ["run", "check"] {
        let err = refused(folder.path(), 3, &[command, "wrong.toml"]);
        assert!(err.contains("wrong.toml:3:") && err.contains("scenario.horizon"), "{err}");
        assert!(err.contains("did you mean `seed`"), "{err}");
    }
    refused(folder.path(), 3, &["run", "wrong.toml", "--out", "out"]);
    assert_eq!(names(folder.path()), ["wrong.toml"]);
}

#[test]
fn missing_files_end_with_6() {
    let folder = folder();
    assert!(refused(folder.path(), 6, &["run", "no\u{1b}[31mwhere.toml"]).contains("\\x1b"));
    refused(folder.path(), 6, &["reproduce", "nowhere"]);
}

#[test]
fn an_output_directory_is_written_once_and_reproduced() {
    let folder = folder();
    let first = run(folder.path(), &["run", "quickstart", "--out", "out", "--seed", "5", "--quiet"]);
    assert_eq!((first.code, first.err.as_str()), (Some(0), ""));
    assert_eq!(
        names(&folder.path().join("out")),
        ["completion.hgrm", "jobs.csv", "ledger.csv", "manifest.json", "queue_wait.hgrm", "rtt.hgrm", "series.csv", "staging.hgrm", "summary.json"]
    );
    assert!(refused(folder.path(), 2, &["run", "quickstart", "--out", "out"]).contains("--force"));
    assert_eq!(run(folder.path(), &["run", "quickstart", "--out", "out", "--seed", "5", "--force"]).code, Some(0));
    let again = run(folder.path(), &["reproduce", "out"]);
    assert_eq!(again.code, Some(0), "{}{}", again.out, again.err);
    fs::write(folder.path().join("out/jobs.csv"), "job\n").expect("writable");
    let changed = run(folder.path(), &["reproduce", "out"]);
    assert_eq!(changed.code, Some(1));
    assert!(changed.out.contains("jobs.csv"), "{}", changed.out);
    assert_eq!(names(folder.path()), ["out"]);
}

#[test]
fn a_run_is_reproduced_from_another_folder() {
    let folder = folder();
    for arguments in
        [["init", "my.toml"].as_slice(), &["run", "my.toml", "--out", "runs/mine", "--quiet"], &["run", "my.toml", "--out", "mine", "--quiet"]]
    {
        assert_eq!(run(folder.path(), arguments).code, Some(0), "{arguments:?}");
    }
    let again = run(&folder.path().join("mine"), &["reproduce", "../mine"]);
    assert_eq!(again.code, Some(0), "{}{}", again.out, again.err);
}

#[test]
fn results_do_not_depend_on_the_surroundings() {
    let folder = folder();
    let plain = run(folder.path(), &["run", "quickstart", "--out", "a"]);
    let mut command = edwc(folder.path(), &["run", "quickstart", "--out", "b"]);
    command.env_remove("HOME").envs([("TZ", "America/New_York"), ("LANG", "tr_TR.UTF-8"), ("LC_NUMERIC", "de_DE.UTF-8"), ("CLICOLOR_FORCE", "1")]);
    let other = said(command.output().expect("edwc starts"));
    assert_eq!((plain.code, other.code), (Some(0), Some(0)));
    for name in names(&folder.path().join("a")) {
        let read = |run: &str| fs::read(folder.path().join(run).join(&name)).expect("it was written");
        assert!(read("a") == read("b"), "{name} differs");
    }
}

/// The table of exit codes in both READMEs says what happens.
#[test]
fn exit_codes_are_those_of_the_readme() {
    let folder = folder();
    let code = |arguments: &[&str]| run(folder.path(), arguments).code;
    assert_eq!(code(&["run", "quickstart", "--threats"]), Some(2), "an unknown flag");
    assert_eq!(code(&["run", "quickstart", "--seed", "many"]), Some(2), "an impossible value");
    assert_eq!(code(&["run", "quickstart", "--policy", "fifi"]), Some(2), "a policy that does not exist");
    assert_eq!(code(&["verify", "--only", "nosuch"]), Some(2), "a case that does not exist");
    assert_eq!(code(&["run", "quickstart", "--set", "site.nowhere.pue=1.1"]), Some(3), "what `--set` puts into the scenario");
    assert_eq!(code(&["run", "quickstart", "--set", "site.zhongwei.pue=0.1"]), Some(3), "what `--set` puts into the scenario");
    assert_eq!(code(&["check", "."]), Some(3), "a folder where a file is needed");
    assert_eq!(code(&["trace", "stats", "."]), Some(3), "a folder where a file is needed");
    assert_eq!(code(&["check", "missing.toml"]), Some(6), "a file is missing");
    assert_eq!(code(&["trace", "stats", "missing.csv"]), Some(6), "a file is missing");
    let text = |name: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("it is there");
    for readme in ["README.md", "README.zh-CN.md"].map(text) {
        for code in [0, 1, 2, 3, 4, 5, 6, 70, 130] {
            assert!(readme.contains(&format!("\n| {code} | ")), "{code}");
        }
    }
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = folder();
    let mut child = edwc(folder.path(), &["metrics", "--markdown"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("edwc starts");
    drop(child.stdout.take());
    let said = said(child.wait_with_output().expect("it ends"));
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
}

#[test]
fn a_scenario_to_start_from_runs_and_differs_from_none_of_its_copies() {
    let folder = folder();
    assert_eq!(run(folder.path(), &["init", "mine.toml"]).code, Some(0));
    assert!(refused(folder.path(), 2, &["init", "mine.toml"]).contains("exists"));
    assert_eq!(run(folder.path(), &["check", "mine.toml", "--fit", "--evidence"]).code, Some(0));
    assert_eq!(run(folder.path(), &["run", "mine.toml"]).code, Some(0));
    let same = run(folder.path(), &["diff", "mine.toml", "mine.toml"]);
    assert_eq!(same.code, Some(0), "{}", same.err);
}
