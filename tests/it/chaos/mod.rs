//! Chaos: random worlds under random policies, audited after every round.
//!
//! `EDWC_CHAOS_CASES=10` runs ten times as many cases as the suite does. A world that fails is shrunk; it then becomes a test of its own
//! in [`found`].

mod audit;
mod bounds;
mod bounds_by_hand;
mod breaker;
mod builtin;
mod drive;
mod found;
mod policy;
mod preemption;
mod reference;
mod relations;
mod relations_of_time;
pub mod replay;
mod world;

use drive::Outcome;
use edwc::engine::RunError;
use edwc::world::records::{Fate, Reason};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeSet;
use world::{World, worlds};

/// Runs a property over so many random worlds of a series, the same ones every time.
fn for_worlds(series: u64, cases: u32, property: impl Fn(World) -> Result<(), TestCaseError>) {
    let factor = std::env::var("EDWC_CHAOS_CASES").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1);
    let config = Config { cases: cases * factor, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&series.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    if let Err(failure) = runner.run(&worlds(), property) {
        panic!("{failure}");
    }
}

/// Money may leave its range in a world of any prices; nothing else may go wrong.
fn survives<T>(result: Result<T, RunError>) -> Option<T> {
    match result {
        Ok(outcome) => Some(outcome),
        Err(RunError::Money(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

/// What happened in many worlds: a proof is worth what it has met.
#[derive(Default)]
struct Met {
    fates: BTreeSet<Fate>,
    reasons: BTreeSet<Reason>,
    refusals: BTreeSet<&'static str>,
    splits: u32,
    failures: u32,
    reclaimed_or_preempted: u32,
    migrated: u32,
    resized: u32,
    subsidies: u32,
    waits_for_data: u32,
}

impl Met {
    fn add(&mut self, outcome: &Outcome) {
        self.waits_for_data += outcome.waits_seen;
        self.refusals.extend(outcome.ending.totals.refusals.iter().map(|(kind, _)| *kind));
        for record in &outcome.records {
            self.fates.insert(record.fate);
            self.reasons.extend(record.reason);
            self.splits += u32::from(record.second_pool.is_some());
            self.failures += record.failures;
            self.reclaimed_or_preempted += record.preemptions;
            self.migrated += record.migrations;
            self.resized += record.resizes;
            self.subsidies += u32::from(record.subsidy.0 > 0);
        }
    }
    fn check(&self) {
        assert_eq!(self.fates.len(), Fate::ALL.len(), "{:?}", self.fates);
        assert_eq!(self.reasons.len(), Reason::ALL.len(), "{:?}", self.reasons);
        let kinds = [
            "access",
            "admission",
            "cap",
            "chip",
            "deferred",
            "domestic",
            "latency",
            "nothing_to_move",
            "power",
            "quota",
            "residency",
            "room",
            "size",
            "split",
        ];
        assert_eq!(self.refusals.iter().copied().collect::<Vec<_>>(), kinds);
        assert!(self.migrated > 500 && self.resized > 200, "{} migrations, {} changes of size", self.migrated, self.resized);
        assert!(self.waits_for_data > 200, "only {} jobs were seen to wait for their data", self.waits_for_data);
        assert!(self.splits > 20 && self.failures > 100 && self.reclaimed_or_preempted > 1_000 && self.subsidies > 50);
    }
}

#[test]
fn no_world_breaks_under_a_policy_that_does_random_things() {
    let met = RefCell::new(Met::default());
    for_worlds(0, 1_200, |world| {
        if let Some(outcome) = survives(drive::audited(&world, &mut policy::Chaos::new(world.seed))) {
            met.borrow_mut().add(&outcome);
        }
        Ok(())
    });
    met.borrow().check();
}
