//! Chaos: random worlds under random policies, audited after every round.
//!
//! `EDWC_CHAOS_CASES` asks for more cases than the suite's own. A world that fails is shrunk; it then becomes a test of its own in [`found`].

mod audit;
mod drive;
mod found;
mod policy;
mod world;

use edwc::engine::RunError;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use world::{World, worlds};

/// Runs a property over so many random worlds, the same ones every time.
fn for_worlds(cases: u32, property: impl Fn(World) -> Result<(), TestCaseError>) {
    let factor = std::env::var("EDWC_CHAOS_CASES").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1);
    let config = Config { cases: cases * factor, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
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
    for_worlds(300, |world| {
        survives(drive::audited(&world, &mut policy::Chaos::new(world.seed)));
        Ok(())
    });
}
