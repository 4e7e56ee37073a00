//! A policy of another crate, as the guide shows it: this test is a crate of its own, and includes the example as it stands.

use super::{edwc, read, said};
use edwc::base::random::Seed;
use edwc::engine::{Options, Run};
use edwc::policy::BuildContext;
use edwc::scenario::{self, Scenario};

#[path = "../../../examples/my_policy.rs"]
#[allow(dead_code, reason = "the example's own main is not run here")]
mod my_policy;

#[test]
fn the_example_of_the_guide_is_the_file_and_short() {
    let example = read("examples/my_policy.rs");
    assert!(example.lines().count() < 40, "{} lines", example.lines().count());
    assert!(read("docs/guide/write-a-policy.md").contains(example.trim_end()), "the guide shows the example as it stands");
}

#[test]
fn a_policy_from_outside_runs_a_scenario() {
    let text = read("scenarios/quickstart.toml");
    let scenario = Scenario::parse("quickstart", &text, &scenario::Options::default()).expect("it is valid");
    let seed = Seed { seed: scenario.model.seed, replication: 0 };
    let context = BuildContext { model: &scenario.model, seed };
    let mut policy = (my_policy::REGISTERED.build)(context).expect("it can be built");
    let sources = Box::new(edwc::workload::open(&scenario.model, seed).expect("jobs are synthetic"));
    let options = Options { keep_postings: false, sample_every: None };
    let mut run = Run::new(&scenario.model, sources, policy.needs(), seed, options).expect("it starts");
    let mut finished = 0;
    while run.step(policy.as_mut()).expect("the policy keeps the protocol") {
        finished += run.jobs_out().drain(..).count();
    }
    assert_eq!(run.starving(), 0);
    assert!(finished > 4_000, "{finished} jobs");
}

#[test]
fn edwc_itself_does_not_know_the_policy() {
    let said = said(edwc(&["run", "quickstart", "--policy", my_policy::REGISTERED.name]).output().expect("edwc starts"));
    assert_eq!(said.code, Some(2), "{}", said.err);
}
