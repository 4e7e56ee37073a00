//! One scenario, one policy and one seed give one history: in whatever order, beside whatever else, and however its jobs are written down.

use crate::program::told;
use edwc::base::digest::Fingerprint;
use edwc::base::random::Seed;
use edwc::engine::{Options, Run};
use edwc::policy::{BuildContext, registry};
use edwc::scenario::{self, Scenario};
use edwc::workload;
use std::fs;
use std::path::Path;

fn scenario(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name).display().to_string()
}

fn fingerprint(summary: &str) -> String {
    let summary: serde_json::Value = serde_json::from_str(summary).expect("it is JSON");
    summary["fingerprint"].as_str().expect("it has a fingerprint").to_owned()
}

/// Runs a scenario in this process.
fn run(scenario: &Scenario) -> Fingerprint {
    let seed = Seed { seed: 11, replication: 0 };
    let model = &scenario.model;
    let mut policy = registry::build(&model.policy, BuildContext { model, seed }).expect("its policy exists");
    let sources = Box::new(workload::open(model, seed).expect("its jobs can be read"));
    let mut run = Run::new(model, sources, policy.needs(), seed, Options { keep_postings: false, sample_every: None }).expect("the run begins");
    while run.step(policy.as_mut()).expect("the run goes on") {
        run.jobs_out().clear();
    }
    run.finish(false).expect("the run ends").fingerprint
}

#[test]
fn runs_in_one_process_and_beside_others_have_one_history() {
    let loaded = Scenario::load(Path::new(&scenario("quickstart.toml")), &scenario::Options::default()).expect("it is valid");
    let alone = run(&loaded);
    assert_eq!(run(&loaded), alone, "again in this process");
    for threads in [1, 2, 8] {
        let beside: Vec<_> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..threads).map(|_| scope.spawn(|| run(&loaded))).collect();
            runs.into_iter().map(|run| run.join().expect("it ends")).collect()
        });
        assert!(beside.iter().all(|fingerprint| *fingerprint == alone), "{threads} threads");
    }
}

#[test]
fn what_is_written_and_shown_changes_no_history() {
    let folder = tempfile::tempdir().expect("a folder for temporary files exists");
    let out = folder.path().join("out").display().to_string();
    let file = scenario("quickstart.toml");
    let plain = fingerprint(&told(&["run", &file, "--json", "--seed", "11"]));
    assert_eq!(fingerprint(&told(&["run", &file, "--json", "--seed", "11", "--quiet", "--out", &out])), plain);
    let manifest = fs::read_to_string(Path::new(&out).join("manifest.json")).expect("it is written");
    assert_eq!(fingerprint(&manifest), plain);
    let twice = told(&["run", &file, "--seed", "11", "--twice"]);
    let shown = format!("{}-{}-{}", &plain[0..4], &plain[4..8], &plain[8..12]);
    assert!(twice.starts_with("twice the same: ") && twice.contains(&shown), "{twice} is not {plain}");
}

#[test]
fn a_round_trip_through_the_native_trace_changes_no_history() {
    let folder = tempfile::tempdir().expect("a folder for temporary files exists");
    let native = folder.path().join("native.csv").display().to_string();
    let file = scenario("reproduce/itp-10.toml");
    told(&["trace", "convert", &scenario("reproduce/traces/itp/cluster10.csv"), "--format", "itp", "--out", &native]);
    let set = [format!("workload.log.trace.file={native:?}"), "workload.log.trace.format=\"csv\"".to_owned()];
    for policy in ["fifo", "fifo+easy", "sjf"] {
        let original = told(&["run", &file, "--json", "--policy", policy]);
        let converted = told(&["run", &file, "--json", "--policy", policy, "--set", &set[0], "--set", &set[1]]);
        assert_eq!(fingerprint(&original), fingerprint(&converted), "{policy}");
    }
}
