//! No policy beats the bounds for the jobs that it finishes, whatever it is and whatever the world.

use super::builtin::{build, combinations};
use super::drive::{self, Given};
use super::world::World;
use super::{for_worlds, policy, survives};
use edwc::base::random::Seed;
use edwc::experiment::bound::{BoundError, Figures, Problem};
use edwc::model::PolicyChoice;
use edwc::policy::{Scheduler, registry};
use proptest::prelude::*;
use std::cell::Cell;

/// How often bounds were of use: a proof is worth what it has met.
#[derive(Default)]
struct Met {
    runs: Cell<u32>,
    jobs: Cell<u64>,
    without_cost: Cell<u32>,
    cost_within_half: Cell<u32>,
    carbon_within_half: Cell<u32>,
    completion_within_half: Cell<u32>,
}

fn count(cell: &Cell<u32>, is: bool) {
    cell.set(cell.get() + u32::from(is));
}

/// Checks that a number is not below its bound, but for the rounding of floats.
fn holds(what: &str, actual: Option<f64>, bound: Option<f64>, met: &Cell<u32>) -> Result<(), TestCaseError> {
    let (Some(actual), Some(bound)) = (actual, bound) else { return Ok(()) };
    prop_assert!(actual >= bound - 1e-9 * bound.abs().max(actual.abs()), "{what}: {actual} beats the bound {bound}");
    count(met, bound > 0.0 && actual <= 1.5 * bound);
    Ok(())
}

fn nobody_beats_them(world: &World, policy: &mut dyn Scheduler, met: &Met) -> Result<(), TestCaseError> {
    let seed = Seed { seed: world.seed, replication: 0 };
    let problem = match Problem::with_jobs(&world.model, seed, &mut Given::new(world.jobs.clone())) {
        Ok(problem) => problem,
        Err(BoundError::Money(_)) => return Ok(()),
        Err(error) => panic!("{error}"),
    };
    let Some(outcome) = survives(drive::plain(world, policy)) else { return Ok(()) };
    let mut served = problem.served();
    served.jobs(&outcome.records);
    let (actual, bounds) = (served.figures(), served.bounds());
    prop_assert_eq!((actual.jobs, actual.work_gpu_hours), (bounds.jobs, bounds.work_gpu_hours));
    count(&met.runs, true);
    met.jobs.set(met.jobs.get() + actual.jobs);
    count(&met.without_cost, bounds.net_cost_cny.is_none());
    let Figures { net_cost_cny, carbon_location_kg, carbon_market_kg, completion_mean_s, .. } = actual;
    holds("net cost", net_cost_cny, bounds.net_cost_cny, &met.cost_within_half)?;
    holds("carbon by location", carbon_location_kg, bounds.carbon_location_kg, &met.carbon_within_half)?;
    holds("carbon by contract", carbon_market_kg, bounds.carbon_market_kg, &Cell::new(0))?;
    holds("mean completion", completion_mean_s, bounds.completion_mean_s, &met.completion_within_half)
}

#[test]
fn no_policy_beats_the_bounds() {
    let met = Met::default();
    let choices = combinations();
    for_worlds(40, 170, |world| {
        let choice = &choices[(world.seed % choices.len() as u64) as usize];
        nobody_beats_them(&world, build(choice, &world).as_mut(), &met)?;
        nobody_beats_them(&world, &mut policy::Chaos::new(world.seed), &met)
    });
    for (series, name) in ["fifo+cheapest+easy", "fifo+at-start+cheapest", "sjf+greenest+easy", "srpt+fastest+at-start"].into_iter().enumerate() {
        let choice = PolicyChoice { parts: registry::parse(name).expect("a policy"), ..PolicyChoice::default() };
        for_worlds(41 + series as u64, 60, |world| nobody_beats_them(&world, build(&choice, &world).as_mut(), &met));
    }
    let [runs, without_cost, cost, carbon, completion] =
        [&met.runs, &met.without_cost, &met.cost_within_half, &met.carbon_within_half, &met.completion_within_half].map(Cell::get);
    let told = format!(
        "{runs} runs, {} jobs finished, {without_cost} without a bound on cost; within a half: {cost} on cost, {carbon} on carbon, {completion} on completion",
        met.jobs.get()
    );
    assert!(met.jobs.get() > 2_000 && without_cost < runs / 5 && cost > 20 && carbon > 20 && completion > 100, "{told}");
}
