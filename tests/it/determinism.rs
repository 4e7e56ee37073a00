//! One scenario, one policy and one seed give one history: in whatever order, beside whatever else, and however its jobs are written down.

use crate::chaos::replay::{Recorder, Replay};
use crate::program::told;
use edwc::base::digest::Fingerprint;
use edwc::base::random::Seed;
use edwc::engine::{Options, Run};
use edwc::model::JobSource;
use edwc::policy::{BuildContext, Scheduler, registry};
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

const SEED: Seed = Seed { seed: 11, replication: 0 };

/// Runs a scenario in this process.
fn run(scenario: &Scenario) -> Fingerprint {
    let mut policy = registry::build(&scenario.model.policy, BuildContext { model: &scenario.model, seed: SEED }).expect("its policy exists");
    run_under(scenario, policy.as_mut())
}

fn run_under(scenario: &Scenario, policy: &mut dyn Scheduler) -> Fingerprint {
    let (model, seed) = (&scenario.model, SEED);
    let sources = Box::new(workload::open(model, seed).expect("its jobs can be read"));
    let mut run = Run::new(model, sources, policy.needs(), seed, Options { keep_postings: false, sample_every: None }).expect("the run begins");
    while run.step(policy).expect("the run goes on") {
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

/// M31: the jobs of a run as a native trace, and the recorded decisions instead of the policy.
#[test]
fn a_run_is_had_again_from_its_trace_and_its_decisions() {
    let folder = tempfile::tempdir().expect("a folder for temporary files exists");
    let quickstart = fs::read_to_string(scenario("quickstart.toml")).expect("it is there");
    let parse =
        |text: &str| Scenario::parse("exported", text, &scenario::Options::default()).unwrap_or_else(|problems| panic!("{:?}", problems.list));
    for (number, policy) in ["", "bind = \"at-start\"\norder = \"priority\"\nplace = \"nearest\"\npreempt = \"evict-lower\""].into_iter().enumerate()
    {
        let (before, after) = quickstart.split_once("[policy]\n").expect("it has a policy");
        let (own, rest) = after.split_once("\n\n").expect("tables are apart");
        let text = format!("{before}[policy]\n{}\n\n{rest}", if policy.is_empty() { own } else { policy });
        let original = parse(&text);
        let mut recorder =
            Recorder::new(registry::build(&original.model.policy, BuildContext { model: &original.model, seed: SEED }).expect("its policy exists"));
        let fingerprint = run_under(&original, &mut recorder);
        assert!(recorder.script.len() > 1_000, "only {} decisions", recorder.script.len());

        let mut jobs = Vec::new();
        let mut source = workload::open(&original.model, SEED).expect("its jobs can be read");
        while let Some(job) = source.next_job().expect("it is read") {
            jobs.push(job);
        }
        let mut native = Vec::new();
        workload::trace::write_native(&mut native, &original.model, jobs).expect("memory can be written");
        let file = folder.path().join(format!("jobs-{number}.csv"));
        fs::write(&file, native).expect("it can be written");
        let (before, rest) = text.split_once("[workload.training]").expect("its first workload");
        let (_, after) = rest.split_once("[subsidy.").expect("what follows its workloads");
        let trace = format!(
            "[workload.log]\nclass = \"training\"\ntenants = {{ startup = 0.6, lab = 0.4 }}\ntrace = {{ file = {file:?}, format = \"csv\", starts_at = \"zero\" }}\n\n"
        );
        let exported = parse(&format!("{before}{trace}[subsidy.{after}"));
        assert_eq!(run_under(&exported, &mut Replay::of(recorder)), fingerprint);
    }
}
