//! What `--explain` writes down and `edwc why` tells: worked out by hand for a small world, and the same run with it or without.

use crate::program::{self, root};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

const TWO_SITES: &str = "examples/policies/two-sites.toml";

fn edwc(arguments: &[&str], folder: &Path) -> (Option<i32>, String, String) {
    answer(program::edwc(root(), arguments).arg(folder))
}

fn answer(command: &mut Command) -> (Option<i32>, String, String) {
    let said = program::said(command.output().expect("edwc starts"));
    (said.code, said.out, said.err)
}

/// Runs with or without `--explain` into a folder.
fn run(scenario: &str, policy: &str, explain: bool, out: &Path) {
    let mut arguments = vec!["run", scenario, "--policy", policy, "--quiet"];
    arguments.extend(explain.then_some("--explain"));
    arguments.push("--out");
    let (code, _, err) = edwc(&arguments, out);
    assert_eq!(code, Some(0), "{err}");
}

/// Asks for a job's facts.
fn facts(out: &Path, job: &str) -> Vec<Value> {
    let (code, text, err) = told(out, job, true);
    assert_eq!(code, Some(0), "{err}");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn told(out: &Path, job: &str, json: bool) -> (Option<i32>, String, String) {
    answer(program::edwc(root(), &["why"]).arg(out).arg(job).args(json.then_some("--json")))
}

fn events(facts: &[Value]) -> Vec<&str> {
    facts.iter().map(|fact| fact["what"].as_str().expect("a word")).collect()
}

fn find<'a>(facts: &'a [Value], what: &str) -> &'a Value {
    facts.iter().find(|fact| fact["what"] == what).unwrap_or_else(|| panic!("no `{what}` in {facts:#?}"))
}

#[test]
fn a_quota_keeps_a_job_waiting_and_the_story_says_for_how_long() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let out = folder.path().join("out");
    run(TWO_SITES, "fifo+at-submit+least-loaded", true, &out);
    // Jobs 0 and 1 take half a node each; job 2 is bound beside job 0, whose tenant may hold six imported GPUs and holds four of them.
    // Job 0 stages 20 GB at 10 Gbps (16 s and a delay of 667 µs), computes 15 minutes, and writes one checkpoint of 20 s.
    let facts = facts(&out, "2");
    assert_eq!(
        events(&facts),
        ["submitted", "considered", "bound", "denied", "waited", "started", "paid", "paid", "paid", "ended"],
        "{facts:#?}"
    );
    let waited = find(&facts, "waited");
    assert_eq!((waited["at_us"].as_u64(), waited["until_us"].as_u64()), (Some(0), Some(936_000_667)));
    assert_eq!((waited["kind"].as_str(), waited["why"].as_str()), (Some("quota"), Some("quota `lab`: 4 GPUs asked, 2 left")));
    assert_eq!(find(&facts, "denied")["times"], 1);
    assert_eq!(find(&facts, "started")["parts"], serde_json::json!([["jiaxing.imported", 4]]));
    let considered = find(&facts, "considered")["pools"].as_array().expect("pools").clone();
    assert_eq!(considered.len(), 2);
    // As the round begins nothing is outstanding anywhere: both pools have the score 0, and both would start it at once.
    assert_eq!(
        (considered[0]["pool"].as_str(), considered[0]["score"].as_i64(), considered[0].get("now")),
        (Some("jiaxing.imported"), Some(0), None)
    );
    // 30 minutes by estimate and two checkpoints; a quarter of the speed takes four times as long, with eleven.
    assert_eq!((considered[0]["run_us"].as_u64(), considered[1]["run_us"].as_u64()), (Some(1_840_000_000), Some(7_420_000_000)));
    // 4 GPUs × 936 s 667 µs at 13.5 CNY an hour.
    let compute = facts.iter().find(|fact| fact["purpose"] == "compute").expect("compute is paid");
    assert_eq!(compute["micro_cny"], 14_040_010);
    let (code, text, _) = told(&out, "2", false);
    assert_eq!(code, Some(0));
    assert!(text.contains("It waited 15.6 min for its quota."), "{text}");
}

#[test]
fn a_failure_and_the_wait_for_the_repair_are_told() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let out = folder.path().join("out");
    run(TWO_SITES, "fifo+at-submit+least-loaded", true, &out);
    // The node of job 1 is down from minute 20 to 25.
    let facts = facts(&out, "1");
    let returned = find(&facts, "returned");
    assert_eq!(returned["at_us"], 1_200_000_000_u64);
    let waited = find(&facts, "waited");
    assert_eq!((waited["at_us"].as_u64(), waited["until_us"].as_u64()), (Some(1_200_000_000), Some(1_500_000_000)));
    assert_eq!(waited["why"], "4 GPUs of `zhongwei.domestic`, where 0 are free");
    assert_eq!(facts.iter().filter(|fact| fact["what"] == "started").count(), 2);
}

#[test]
fn explained_or_not_it_is_the_same_run_and_it_can_be_reproduced() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let (plain, explained) = (folder.path().join("plain"), folder.path().join("explained"));
    for policy in ["fifo+at-submit+cheapest+easy", "las+at-start+greenest+evict-lower"] {
        run("quickstart", policy, false, &plain);
        run("quickstart", policy, true, &explained);
        for entry in fs::read_dir(&plain).expect("it was written") {
            let name = entry.expect("readable").file_name();
            let read = |out: &Path| fs::read(out.join(&name)).expect("both have it");
            assert!(name == "manifest.json" || read(&plain) == read(&explained), "{} differs under {policy}", name.to_string_lossy());
        }
        let (code, text, err) = edwc(&["reproduce"], &explained);
        assert_eq!(code, Some(0), "{text}{err}");
        fs::remove_dir_all(&plain).expect("it was written");
        if policy.starts_with("fifo") {
            fs::remove_dir_all(&explained).expect("it was written");
        }
    }
    balances(&explained);
}

/// What is paid for a job is what its record says, for every seventh job.
fn balances(out: &Path) {
    let jobs = fs::read_to_string(out.join("jobs.csv")).expect("it was written");
    let numbers: Vec<&str> = jobs.lines().skip(1).step_by(701).filter_map(|line| line.split(',').next()).collect();
    assert!(numbers.len() > 5);
    for number in numbers {
        let facts = facts(out, number);
        let mut by_purpose: BTreeMap<&str, i64> = BTreeMap::new();
        for fact in facts.iter().filter(|fact| fact["what"] == "paid") {
            *by_purpose.entry(fact["purpose"].as_str().expect("a purpose")).or_default() += fact["micro_cny"].as_i64().expect("an amount");
        }
        let ended = find(&facts, "ended");
        assert_eq!(by_purpose.get("compute").copied().unwrap_or(0), ended["compute_micro_cny"].as_i64().expect("an amount"), "job {number}");
        assert_eq!(
            by_purpose.get("metered_energy").copied().unwrap_or(0),
            ended["energy_micro_cny"].as_i64().expect("an amount"),
            "job {number}"
        );
        let waited: u64 = facts.iter().filter(|fact| fact["what"] == "waited" && fact["at_us"].as_u64() < first_start(&facts)).map(span).sum();
        assert_eq!(Some(waited), ended["queue_wait_us"].as_u64(), "what it waited for adds up to its wait: job {number}: {facts:#?}");
    }
}

fn first_start(facts: &[Value]) -> Option<u64> {
    facts.iter().find(|fact| fact["what"] == "started").and_then(|fact| fact["at_us"].as_u64())
}

fn span(fact: &Value) -> u64 {
    fact["until_us"].as_u64().unwrap_or(0) - fact["at_us"].as_u64().unwrap_or(0)
}

#[test]
fn what_cannot_be_told_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let out = folder.path().join("out");
    run(TWO_SITES, "fifo", false, &out);
    let (code, _, err) = told(&out, "2", false);
    assert_eq!(code, Some(6));
    assert!(err.contains("--explain"), "{err}");
    let explained = folder.path().join("explained");
    run(TWO_SITES, "fifo", true, &explained);
    let (code, _, err) = told(&explained, "99", false);
    assert_eq!(code, Some(2));
    assert!(err.contains("knows no job 99"), "{err}");
    fs::write(explained.join("why.jsonl.gz"), "garbage").expect("writable");
    assert_eq!(told(&explained, "2", false).0, Some(3));
    assert_eq!(
        edwc(&["run", TWO_SITES, "--explain", "--seed", "1", "--policy", "fifo", "--transcript"], &folder.path().join("t")).0,
        Some(2)
    );
}
