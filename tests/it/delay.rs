//! Decisions that take effect later (`policy.decision_delay`): schedules worked out by hand, for a policy inside and for the same one outside.

use edwc::base::random::Seed;
use edwc::base::{Span, Time};
use edwc::engine::{Ending, Options, Run};
use edwc::policy::delayed::Delayed;
use edwc::policy::{BuildContext, Plan, PolicyError, Scheduler, View, registry};
use edwc::scenario::{self, Scenario};
use edwc::world::{Allocation, Preempt};

/// One pool of two nodes of four GPUs.
const WORLD: &str = r#"
format = 1
[scenario]
title   = { en = "Delays" }
start   = 2025-06-02T00:00:00+08:00
horizon = "1 h"
seed    = 1
[region]
home = { at = "30 N, 120 E", province = "here", city = "here" }
[chip]
gpu = { origin = "domestic", pflops = 0.3, memory = "64 GB", idle = "60 W", busy = "350 W" }
[site.only]
at       = "30 N, 120 E"
province = "here"
city     = "here"
side     = "east"
owner    = "private"
pue      = 1.2
tariff   = "flat"
grid     = "grid"
[site.only.pool]
pool = { chip = "gpu", nodes = 2, gpus_per_node = 4, host_power = "1 kW", price = "4 CNY/GPU-h", energy = "metered" }
[tariff]
flat = { flat = "0.5 CNY/kWh" }
[grid]
grid = { carbon = "0.5 kgCO2/kWh" }
[class.job]
speed = { gpu = 1.0 }
[tenant]
all = { region = "home", kind = "lab", count = 1 }
[workload.jobs]
class    = "job"
tenants  = { all = 1.0 }
arrivals = { process = "at-start", jobs = 3 }
gpus     = 8
work     = "10 min"
[policy]
decision_delay = "10 s"
"#;

fn scenario(more: &[&str]) -> Scenario {
    parsed(WORLD, more)
}

fn parsed(text: &str, more: &[&str]) -> Scenario {
    let overrides: Vec<String> = more.iter().map(|text| (*text).to_owned()).collect();
    Scenario::parse("world", text, &scenario::Options { without: &[], overrides: &overrides, library: None })
        .unwrap_or_else(|problems| panic!("{}", problems.plain(9)))
}

/// Runs a scenario under a policy whose decisions take its delay.
fn run(scenario: &Scenario, policy: &mut dyn Scheduler) -> Ending {
    let model = &scenario.model;
    let seed = Seed { seed: model.seed, replication: 0 };
    let sources = Box::new(edwc::workload::open(model, seed).expect("jobs are synthetic"));
    let mut delayed = Delayed::new(policy, model.policy.decision_delay);
    let mut run = Run::new(model, sources, delayed.needs(), seed, Options { keep_postings: false, sample_every: None }).expect("it starts");
    while run.step(&mut delayed).expect("the policy keeps the protocol") {}
    run.finish(false).expect("money does not overflow")
}

fn built_in(scenario: &Scenario, policy: &str) -> Ending {
    let seed = Seed { seed: scenario.model.seed, replication: 0 };
    let choice = edwc::model::PolicyChoice { parts: registry::parse(policy).expect("a policy"), ..Default::default() };
    let mut policy = registry::build(&choice, BuildContext { model: &scenario.model, seed }).expect("its parts exist");
    run(scenario, policy.as_mut())
}

/// Lists starts and ends in seconds, by number.
fn times(ending: &Ending) -> Vec<(Option<u64>, u64)> {
    let mut jobs: Vec<_> = ending.jobs.iter().collect();
    jobs.sort_by_key(|job| job.number);
    let seconds = |time: Time| time.0 / 1_000_000;
    jobs.iter().map(|job| (job.start.map(seconds), seconds(job.end))).collect()
}

fn refusals(ending: &Ending, kind: &str) -> u64 {
    ending.totals.refusals.iter().find(|(name, _)| *name == kind).map_or(0, |(_, count)| *count)
}

#[test]
fn each_start_comes_a_delay_after_the_event_that_made_room() {
    let scenario = scenario(&[]);
    // Submitted at 0, started at 10; what ends at 610 lets the next start at 620.
    let expected = [(Some(10), 610), (Some(620), 1220), (Some(1230), 1830)];
    let plain = ["fifo+at-submit+first-fit", "fifo+at-submit+cheapest+easy", "fifo+at-start+first-fit"];
    // Each reservation comes too early by the delays before it: it is made anew, and nobody behind gets in its way.
    let reserving = ["fifo+at-submit+first-fit+conservative", "fifo+at-start+first-fit+conservative"];
    for policy in plain.into_iter().chain(reserving) {
        let ending = built_in(&scenario, policy);
        assert_eq!(times(&ending), expected, "{policy}");
        assert_eq!(ending.totals.refusals.iter().filter(|(kind, _)| *kind != "room").count(), 0, "{policy}: {:?}", ending.totals.refusals);
    }
}

#[test]
fn what_is_under_way_is_not_given_away_again() {
    // Jobs of 4 GPUs, submitted at 0: two are decided on at 0, and the third must not be sent after the same GPUs.
    let scenario = scenario(&["workload.jobs.gpus=4"]);
    let ending = built_in(&scenario, "fifo+at-submit+first-fit");
    assert_eq!(times(&ending), [(Some(10), 610), (Some(10), 610), (Some(620), 1220)]);
}

#[test]
fn a_stale_start_is_refused_counted_and_decided_anew() {
    // A node fails at 5 s, while the start is under way, and is repaired at 65 s: at 10 s there is no room, at 65 s it is decided again.
    let outage = r#"[failure.script]
outages = [{ node = "only.pool.0", at = "5 s", for = "60 s" }]"#;
    let scenario = parsed(&format!("{WORLD}{outage}"), &["workload.jobs.arrivals.jobs=1"]);
    for policy in ["fifo+at-submit+first-fit", "fifo+at-start+first-fit"] {
        let ending = built_in(&scenario, policy);
        assert_eq!(times(&ending), [(Some(75), 675)], "{policy}");
        assert!(refusals(&ending, "room") >= 1, "{:?}", ending.totals.refusals);
    }
}

#[test]
fn a_decision_on_a_job_that_has_left_is_stale() {
    // Each job waits for 5 s at most, but nothing starts before 10 s: all are cancelled, and the decisions (a bind each, one start) come too late.
    let scenario = scenario(&[r#"workload.jobs.patience="5 s""#]);
    let ending = built_in(&scenario, "fifo+at-submit+first-fit");
    assert_eq!(times(&ending), [(None, 5), (None, 5), (None, 5)]);
    assert_eq!(refusals(&ending, "stale"), 4, "{:?}", ending.totals.refusals);
}

/// Places and preempts by the clock, and looks at all that waits in every round: it forgets what it has decided.
struct Forgetful {
    preempted: bool,
}

impl Scheduler for Forgetful {
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        for at in [Time(5_000_000), Time(100_000_000)].into_iter().filter(|at| *at > view.now()) {
            plan.wake_at(at).expect("it is not past");
        }
        for job in view.jobs().queued() {
            let pool = view.candidates(job)[0].pool;
            let _ = plan.place(job, &[Allocation::new(pool, view.job(job).gpus)]);
        }
        if view.now() == Time(100_000_000) && !self.preempted {
            self.preempted = true;
            for job in view.jobs().running() {
                plan.preempt(job, Preempt::Discard).expect("it runs");
            }
        }
        Ok(())
    }
}

#[test]
fn preemptions_take_their_time_too_and_what_is_under_way_is_refused() {
    // At 5 the start of job 0 is under way, and asked for again. It starts at 10, is preempted at 100 + 10, and loses its work.
    let scenario = scenario(&["workload.jobs.arrivals.jobs=2"]);
    let ending = run(&scenario, &mut Forgetful { preempted: false });
    assert!(refusals(&ending, "under_way") >= 1, "{:?}", ending.totals.refusals);
    let mut jobs = ending.jobs;
    jobs.sort_by_key(|job| job.number);
    assert_eq!((jobs[0].preemptions, jobs[0].first_start), (1, Some(Time(10_000_000))));
    // The GPUs are free at 110: a start is decided on then. Both run for 600 s in the end.
    let ends: Vec<u64> = jobs.iter().map(|job| job.end.0 / 1_000_000).collect();
    let starts: Vec<u64> = jobs.iter().map(|job| job.start.expect("both run").0 / 1_000_000).collect();
    assert_eq!([ends[0] - starts[0], ends[1] - starts[1]], [600, 600]);
    assert_eq!(
        starts.iter().min(),
        Some(&120),
        "{starts:?}: preempted at 110, when the job is back and a start is decided on, which takes effect at 120"
    );
}

#[test]
fn no_delay_is_the_run_without_the_key_and_the_command_line_keeps_the_delay() {
    let none = Scenario::parse("world", &WORLD.replace("decision_delay = \"10 s\"", ""), &scenario::Options::default()).expect("it is valid");
    assert_eq!(none.model.policy.decision_delay, Span::ZERO);
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("world.toml");
    std::fs::write(&path, WORLD).expect("it can be written");
    let summary = |policy: &str, more: &[&str]| -> serde_json::Value {
        let arguments = ["run", path.to_str().expect("the path is text"), "--json", "--policy", policy];
        serde_json::from_str(&crate::program::told(&[&arguments, more].concat())).expect("a summary")
    };
    let (inside, outside) = (summary("fifo+at-submit+least-loaded", &[]), summary("exec:python3 examples/policies/fifo.py", &[]));
    // Waits of 10, 620 and 1,230 seconds.
    assert_eq!(inside["latency"]["queue_wait"]["mean"], 620.0);
    assert_eq!(inside["fingerprint"], outside["fingerprint"]);
    assert_eq!(summary("fifo", &["--set", r#"policy.decision_delay="0 s""#])["latency"]["queue_wait"]["mean"], 600.0);
}
