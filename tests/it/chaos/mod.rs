//! Chaos: random worlds under random policies, audited after every round.
//!
//! `EDWC_CHAOS_CASES=10` runs ten times as many cases as the suite does. A world that fails is shrunk; it then becomes a test of its own
//! in [`found`].

mod audit;
mod breaker;
mod builtin;
mod drive;
mod found;
mod policy;
mod relations;
mod world;

use edwc::engine::RunError;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
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

#[test]
fn no_world_breaks_under_a_policy_that_does_random_things() {
    for_worlds(0, 300, |world| {
        survives(drive::audited(&world, &mut policy::Chaos::new(world.seed)));
        Ok(())
    });
}
