//! Experiments as their users run them: `edwc compare` and what it leaves.

use crate::program::{folder, told};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Two policies on a scenario that takes moments.
const COMPARE: &[&str] =
    &["compare", "quickstart", "--policy", "fifo+nearest", "--policy", "fifo+cheapest+easy", "-q", "--set", "scenario.horizon=2 d"];

fn compared(more: &[&str]) -> String {
    told(&[COMPARE, more].concat())
}

/// Reads all files of a directory by their paths, but for the log of an experiment: how long runs took is not the same twice.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it can be read").path()) {
        let name = entry.file_name().expect("an entry has a name").to_string_lossy().into_owned();
        if name == "log.txt" {
            continue;
        }
        if entry.is_dir() {
            found.extend(files(&entry).into_iter().map(|(inside, bytes)| (format!("{name}/{inside}"), bytes)));
        } else {
            found.insert(name, fs::read(&entry).expect("a file can be read"));
        }
    }
    found
}

#[test]
fn threads_do_not_show_and_more_replications_leave_the_first_as_they_were() {
    let folder = folder();
    let run = |name: &str, threads: &str, replications: &str| {
        let out = folder.path().join(name);
        let printed = compared(&["-r", replications, "--threads", threads, "--out", out.to_str().expect("the path is text")]);
        (printed, files(&out))
    };
    let (one, two) = (run("one", "1", "3"), run("two", "2", "3"));
    assert!(one.0 == two.0 && one.1 == two.1, "the number of threads shows");
    let six = run("six", "2", "6").1;
    let of_runs = |files: &BTreeMap<String, Vec<u8>>| {
        files.iter().filter(|(name, _)| name.starts_with("runs/")).map(|(a, b)| (a.clone(), b.clone())).collect::<Vec<_>>()
    };
    assert_eq!(of_runs(&one.1).len(), 6);
    assert!(of_runs(&one.1).iter().all(|(name, bytes)| six.get(name) == Some(bytes)), "the first replications changed");
    let grown = run("one", "2", "6");
    assert!(grown.1 == six, "three replications and three more are not six");
}

#[test]
fn the_log_has_a_line_for_each_finished_run() {
    let folder = folder();
    let out = folder.path().join("e");
    let run = |replications: &str| compared(&["-r", replications, "--threads", "2", "--out", out.to_str().expect("the path is text")]);
    run("2");
    run("3");
    let log = fs::read_to_string(out.join("log.txt")).expect("there is a log");
    assert_eq!(log.lines().count(), 6, "{log}");
    for name in ["nearest, replication 0: ", "cheapest+easy, replication 2: "] {
        assert_eq!(log.matches(name).count(), 1, "{log}");
    }
    assert!(log.contains("4 of 4: ") && log.contains("2 of 2: ") && !log.contains("3 of 2: "), "{log}");
    let manifest = fs::read_to_string(out.join("manifest.json")).expect("there is a manifest");
    assert!(manifest.contains("runs.csv") && !manifest.contains("log.txt"), "{manifest}");
}

#[test]
fn tables_come_in_other_formats_and_those_of_the_last_start_go() {
    let folder = folder();
    let out = folder.path().join("e");
    let run = |format: &str| {
        let path = out.to_str().expect("the path is text");
        crate::program::run(crate::program::root(), &[COMPARE, &["-r", "1", "--out", path, "--format", format]].concat())
    };
    assert_eq!(run("csv").code, Some(0));
    let plain = files(&out);
    assert_eq!(run("spreadsheet").code, Some(0));
    assert!(files(&out)["runs.csv"] == plain["runs.csv"], "nothing here looks like a formula");
    let said = run("parquet");
    if cfg!(feature = "parquet") {
        let left = files(&out);
        assert!(left["runs.parquet"].starts_with(b"PAR1") && left["comparison.parquet"].ends_with(b"PAR1"));
        assert!(!left.contains_key("runs.csv") && !left.contains_key("comparison.csv"), "{:?}", left.keys());
        assert!(String::from_utf8_lossy(&left["manifest.json"]).contains("runs.parquet"));
    } else {
        assert!(said.code == Some(2) && said.err.contains("without Parquet"), "{}", said.err);
        assert!(files(&out)["runs.csv"] == plain["runs.csv"], "what is refused changes nothing");
    }
}

#[test]
fn a_policy_does_not_differ_from_itself() {
    let json = told(&["compare", "quickstart", "--policy", "fifo", "--policy", "fifo", "-q", "-r", "3", "--json", "--set", "scenario.horizon=2 d"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    let metrics = json["metrics"].as_object().expect("there are metrics");
    assert!(metrics.len() > 100);
    for (path, metric) in metrics {
        let difference = &metric["alternatives"]["fifo-2"]["difference"];
        assert!(difference.is_null() || difference["mean"] == 0.0 && difference["verdict"] == "no difference", "{path}: {difference}");
    }
}

#[test]
fn a_run_of_its_own_is_the_first_replication() {
    let alone: serde_json::Value =
        serde_json::from_str(&told(&["run", "quickstart", "--json", "-q", "--set", "scenario.horizon=2 d"])).expect("it is JSON");
    let folder = folder();
    let out = folder.path().join("e");
    told(&["compare", "quickstart", "-q", "-r", "2", "--set", "scenario.horizon=2 d", "--out", out.to_str().expect("the path is text")]);
    let text = fs::read_to_string(out.join("runs/0000-000.json")).expect("the first run is kept");
    let kept: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(kept["run"]["fingerprint"], alone["fingerprint"]);
    assert_eq!(kept["run"]["metrics"]["jobs.finished"].as_f64(), alone["jobs"]["finished"].as_f64());
}

#[test]
fn every_run_is_held_against_what_no_policy_can_beat() {
    let json = |arguments: &[&str]| -> serde_json::Value { serde_json::from_str(&told(arguments)).expect("it is JSON") };
    let compared: serde_json::Value = serde_json::from_str(&compared(&["-r", "3", "--json", "--threads", "2"])).expect("it is JSON");
    let scene = ["quickstart", "--policy", "fifo+nearest", "--policy", "fifo+cheapest+easy", "--set", "scenario.horizon=2 d", "--json"];
    let bound = json(&[&["bound"], &scene[..]].concat());
    for (name, judged) in ["nearest", "cheapest+easy"].iter().zip(bound["policies"].as_array().expect("a list")) {
        let of = |path: &str| compared["metrics"][path]["alternatives"][name].clone();
        for gap in ["net_cost", "carbon_location", "carbon_market", "completion_mean"] {
            let cell = of(&format!("bound.gap.{gap}"));
            assert_eq!(cell["values"][0], judged["gaps"][gap], "{name}, {gap}");
            let values = cell["values"].as_array().expect("values").iter().map(|value| value.as_f64().expect("there is a gap"));
            assert!(values.len() == 3 && values.clone().all(|gap| gap >= 0.0), "{name}, {gap}: {cell}");
            assert!(cell["half_width"].as_f64() > Some(0.0), "{cell}");
        }
        assert_eq!(of("bound.net_cost_cny")["values"][0], judged["bounds"]["net_cost_cny"]);
        assert_eq!(of("bound.jobs")["values"], of("jobs.finished")["values"], "no job is left out here");
    }
    let table = self::compared(&["-r", "2"]);
    let at = table.find("gap to the bound, same jobs").expect("the table of gaps");
    assert!(["net cost ", "carbon, location ", "completion, mean "].iter().all(|row| table[at..].contains(row)), "{table}");
    let without = self::compared(&["-r", "2", "--no-bounds"]);
    assert!(!without.contains("bound"), "{without}");
}

#[test]
fn what_a_subsidy_moved_is_counted_job_by_job() {
    let compare = ["compare", "quickstart", "--without", "subsidy.hangzhou", "-q", "-r", "3", "--json", "--set", "scenario.horizon=3 d"];
    let json: serde_json::Value = serde_json::from_str(&told(&compare)).expect("it is JSON");
    assert_eq!(json["baseline"], "without subsidy.hangzhou");
    let of = |path: &str| {
        let values = json["metrics"][path]["alternatives"]["as it is"]["values"].as_array().expect("there are values");
        values.iter().map(|value| value.as_f64().expect("it is a number")).collect::<Vec<_>>()
    };
    let before = |path: &str| {
        let values = json["metrics"][path]["alternatives"]["without subsidy.hangzhou"]["values"].as_array().expect("there are values");
        values.iter().map(|value| value.as_f64().expect("it is a number")).collect::<Vec<_>>()
    };
    assert_eq!(before("money.public_cny"), [0.0; 3], "without the only subsidy nobody pays");
    for replication in 0..3 {
        let (west, public) = (of("moved.west_gpu_hours")[replication], of("moved.public_cny")[replication]);
        assert!(west.abs() > 1.0 && public > 0.0, "{west} {public}");
        let (gone, left) = (of("moved.to_west_gpu_hours")[replication], of("moved.from_west_gpu_hours")[replication]);
        assert!(gone >= 0.0 && left >= 0.0 && (0.0..=1.0).contains(&of("moved.windfall_share")[replication]));
        assert!(of("moved.windfall_cny")[replication] <= public * 1.000_001);
    }
}

#[test]
fn pairs_of_jobs_go_on_where_they_stopped() {
    let folder = folder();
    let run = |name: &str, replications: &str| {
        let out = folder.path().join(name);
        let path = out.to_str().expect("the path is text");
        let compare =
            ["compare", "quickstart", "--without", "subsidy.hangzhou", "-q", "--set", "scenario.horizon=2 d", "-r", replications, "--out", path];
        told(&compare);
        out
    };
    let whole = files(&run("whole", "2"));
    let parts = run("parts", "1");
    // The baseline of the second replication is there, its alternative is not: the pair is made anew.
    fs::copy(folder.path().join("whole/runs/0001-000.json"), parts.join("runs/0001-000.json")).expect("a run can be copied");
    assert!(files(&run("parts", "2")) == whole, "going on gives other bytes");
}
