//! Bounds against all assignments of a few jobs to a few pools, each of them run.

use super::drive::{self, Given};
use super::world::{World, add_site, plain};
use edwc::base::random::Seed;
use edwc::base::{Money, Power, Ratio, Span};
use edwc::experiment::bound::{Figures, Problem};
use edwc::model::{
    Allocate, Budget, Chip, ChipId, Covers, Drain, Government, GovernmentId, Grid, Matcher, OnShort, Payee, Period, RateTier, Series, Subsidy,
    SubsidyRate, Supply, Tariff,
};
use edwc::policy::{Plan, PolicyError, Scheduler, View};
use edwc::world::Allocation;

/// Sends every job to a pool that is given, in order of submission.
struct Assigned<'a>(&'a [usize]);

impl Scheduler for Assigned<'_> {
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        for job in view.jobs().queued().collect::<Vec<_>>() {
            let pool = view.model().pools.ids().nth(self.0[view.job(job).number as usize]).expect("there is such a pool");
            // Refused: it waits until there is room.
            let _ = plan.place(job, &[Allocation::new(pool, view.job(job).gpus)]);
        }
        Ok(())
    }
}

/// Three pools of 4 GPUs: dear and fast, cheap and slow, and one in between whose energy is dear but clean.
fn world() -> World {
    let mut world = plain(1, 4, &[(0, 2, 3_600), (0, 4, 1_800), (600, 1, 7_200), (900, 4, 900), (1_800, 2, 5_400)]);
    let model = &mut world.model;
    model.horizon = Some(Span::hours(24));
    model.drain = Drain { until_idle: true, at_most: None };
    let slow = model.chips.push(Chip { name: "slow".into(), busy: Power(300_000), ..model.chips[ChipId(0)].clone() });
    let mut fast = model.chips[ChipId(0)].clone();
    fast.busy = Power(700_000);
    model.chips[ChipId(0)] = fast;
    model.classes.iter_mut().for_each(|class| class.speed = [Ratio::ONE, Ratio::from_f64(0.4)].into_iter().collect());
    let prices = Series::Steps(vec![(edwc::base::Time::ZERO, 800_000), (edwc::base::Time::ZERO + Span::hours(1), 300_000)]);
    let dear = model.tariffs.push(Tariff { name: "dear".into(), prices });
    let clean = model.grids.push(Grid { name: "clean".into(), carbon: Series::constant(100_000) });
    let pools: Vec<_> = [0, 1].map(|_| add_site(model, 1, 4)).into();
    model.tariffs.iter_mut().take(1).for_each(|tariff| tariff.prices = Series::constant(500_000));
    model.grids.iter_mut().take(1).for_each(|grid| grid.carbon = Series::constant(600_000));
    model.sites.iter_mut().skip(2).for_each(|site| (site.tariff, site.grid) = (dear, clean));
    model.pools.iter_mut().zip([12, 4, 11]).for_each(|(pool, yuan)| pool.price = Money::yuan(yuan));
    model.pools.iter_mut().skip(1).take(1).for_each(|pool| pool.chip = slow);
    assert_eq!(pools.len(), 2);
    world
}

/// Two thirds of what compute costs in the first two pools.
fn subsidy(budget: Option<i64>) -> Subsidy {
    let budget = budget.map(|yuan| Budget { amount: Money::yuan(yuan), every: Period::Run, prorate: false, carry_over: false, funded: None });
    Subsidy {
        name: "voucher".into(),
        payers: vec![(GovernmentId(0), Ratio::ONE)],
        payee: Payee::Tenant,
        valid: (None, None),
        matcher: Matcher::default(),
        supply: Supply::Pools([0, 1].map(edwc::model::PoolId).into_iter().collect()),
        covers: Covers::Compute,
        rate: SubsidyRate::Tiers(vec![RateTier { matcher: Matcher::default(), rate: Ratio::from_f64(0.66) }]),
        caps: Vec::new(),
        budget,
        allocate: Allocate::FirstCome,
        on_short: OnShort::Partial,
        pay_after: Span::ZERO,
        expires: None,
        stack: None,
        pass_through: Ratio::ZERO,
        floor_gpu_us: 0,
    }
}

/// The least that any assignment takes that finishes all jobs, figure by figure, and the bounds for them. Each assignment is held against its own.
fn least(world: &World) -> (Figures, Figures) {
    let seed = Seed { seed: world.seed, replication: 0 };
    let problem = Problem::with_jobs(&world.model, seed, &mut Given::new(world.jobs.clone())).expect("there are bounds");
    let (pools, jobs) = (world.model.pools.len(), world.jobs.len());
    let mut least: Option<Figures> = None;
    for assignment in 0..pools.pow(jobs as u32) {
        let places: Vec<usize> = (0..jobs).map(|job| assignment / pools.pow(job as u32) % pools).collect();
        let outcome = drive::plain(world, &mut Assigned(&places)).expect("money stays in range");
        let mut served = problem.served();
        served.jobs(&outcome.records);
        let (figures, own) = (served.figures(), served.bounds());
        assert!(
            figures.net_cost_cny >= own.net_cost_cny && figures.carbon_location_kg >= own.carbon_location_kg,
            "{places:?}: {figures:?} {own:?}"
        );
        assert!(figures.completion_mean_s >= own.completion_mean_s, "{places:?}: {figures:?} {own:?}");
        if figures.jobs < jobs as u64 {
            continue;
        }
        let smaller = |a: Option<f64>, b: Option<f64>| Some(a?.min(b?));
        least = Some(least.map_or(figures, |least| Figures {
            net_cost_cny: smaller(least.net_cost_cny, figures.net_cost_cny),
            carbon_location_kg: smaller(least.carbon_location_kg, figures.carbon_location_kg),
            carbon_market_kg: smaller(least.carbon_market_kg, figures.carbon_market_kg),
            completion_mean_s: smaller(least.completion_mean_s, figures.completion_mean_s),
            ..figures
        }));
    }
    (least.expect("some assignment finishes all"), problem.bounds())
}

fn within(what: &str, actual: Option<f64>, bound: Option<f64>, share: f64) {
    let (actual, bound) = (actual.expect("a run has all figures"), bound.expect("there is a bound"));
    assert!(actual >= bound - 1e-9 * bound.abs(), "{what}: {actual} beats the bound {bound}");
    assert!(actual <= bound * (1.0 + share), "{what}: the bound {bound} is far below the best, {actual}");
}

#[test]
fn with_time_enough_the_bounds_are_what_the_best_assignment_takes() {
    let (best, bounds) = least(&world());
    // the dear tariff falls after an hour; some jobs run before
    within("net cost", best.net_cost_cny, bounds.net_cost_cny, 0.01);
    within("carbon by location", best.carbon_location_kg, bounds.carbon_location_kg, 1e-6);
    within("carbon by contract", best.carbon_market_kg, bounds.carbon_market_kg, 1e-6);
    within("mean completion", best.completion_mean_s, bounds.completion_mean_s, 0.25);
}

#[test]
fn a_budget_that_is_too_small_for_all_moves_the_bound_with_the_best_assignment() {
    let mut world = world();
    let government = Government { name: "city".into(), name_zh: None, level: "city".into(), province: None };
    world.model.governments.push(government);
    let mut bounds_so_far = f64::INFINITY;
    for budget in [Some(0), Some(20), Some(60), None] {
        world.model.subsidies = [subsidy(budget)].into_iter().collect();
        let (best, bounds) = least(&world);
        within("net cost", best.net_cost_cny, bounds.net_cost_cny, 0.03);
        assert!(bounds.net_cost_cny.unwrap() < bounds_so_far, "more money lowers the bound");
        bounds_so_far = bounds.net_cost_cny.unwrap();
    }
}

#[test]
fn time_that_is_too_short_for_the_cheapest_pool_raises_the_bound() {
    let mut world = world();
    let cost =
        |world: &World| Problem::with_jobs(&world.model, Seed { seed: 1, replication: 0 }, &mut Given::new(world.jobs.clone())).unwrap().bounds();
    let long = cost(&world);
    world.model.horizon = Some(Span::hours(1));
    world.model.drain = Drain { until_idle: true, at_most: Some(Span::hours(2)) };
    let (best, short) = least(&world);
    assert!(short.net_cost_cny > long.net_cost_cny, "{short:?}");
    within("net cost", best.net_cost_cny, short.net_cost_cny, 0.1);
}
