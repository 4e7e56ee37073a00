//! Metamorphic relations: two worlds that must come to the same, whatever that is. The numbers are those of the verification catalogue.

use super::builtin::{build, combinations};
use super::drive::{self, Outcome};
use super::world::{World, add_site, plain};
use super::{for_worlds, survives};
use edwc::base::{Bytes, Money, Power, Ratio, Span, Time};
use edwc::model::{
    Budget, Checkpoint, ChipId, Drain, GpuQuota, HoursCap, Link, Matcher, Node, NodeMtbf, Overrun, Period, PolicyChoice, Queueing, Quota, RateTier,
    Reclaim, Setting, SubsidyRate, TenantGroup, TenantGroupId, TenantId,
};
use edwc::policy::registry;
use edwc::world::records::{Fate, JobRecord};
use proptest::prelude::*;

/// Returns the combination of parts that a world's seed picks.
fn choice(world: &World) -> PolicyChoice {
    let choices = combinations();
    choices[(world.seed % choices.len() as u64) as usize].clone()
}
fn has(choice: &PolicyChoice, name: &str) -> bool {
    choice.parts.iter().any(|part| part.name == name)
}
/// Runs a world under the combination of parts that its seed picks.
fn run(world: &World) -> Option<Outcome> {
    run_under(world, &choice(world))
}
fn run_under(world: &World, choice: &PolicyChoice) -> Option<Outcome> {
    survives(drive::plain(world, build(choice, world).as_mut()))
}
fn named(policy: &str) -> PolicyChoice {
    PolicyChoice { parts: registry::parse(policy).expect("a policy"), ..PolicyChoice::default() }
}

/// Checks that two worlds come to the same for every job and every posting.
fn same(left: &World, right: &World) -> Result<(), TestCaseError> {
    if let (Some(left), Some(right)) = (run(left), run(right)) {
        prop_assert_eq!(&left.records, &right.records);
        prop_assert_eq!(&left.postings, &right.postings);
    }
    Ok(())
}
/// As [`same`], down to the history of events.
fn same_history(left: &World, right: &World) -> Result<(), TestCaseError> {
    same(left, right)?;
    if let (Some(left), Some(right)) = (run(left), run(right)) {
        prop_assert_eq!(left.ending.fingerprint, right.ending.fingerprint);
    }
    Ok(())
}

/// M28: a run is a function of scenario, policy and seed.
#[test]
fn the_same_seed_gives_the_same_run() {
    for_worlds(3_000, 120, |world| same_history(&world, &world.clone()));
    for_worlds(3_001, 120, |world| {
        let chaos = || survives(drive::plain(&world, &mut super::policy::Chaos::new(world.seed)));
        if let (Some(left), Some(right)) = (chaos(), chaos()) {
            prop_assert_eq!(left.ending.fingerprint, right.ending.fingerprint);
        }
        Ok(())
    });
}

/// A built-in policy decides the same if it is asked at every event.
#[test]
fn being_asked_more_often_changes_nothing() {
    for_worlds(3_002, 300, |world| {
        let choice = choice(&world);
        // The time at which data is there is the time at which one looks for it.
        if has(&choice, "ready-time") {
            return Ok(());
        }
        let often = survives(drive::audited(&world, build(&choice, &world).as_mut()));
        if let (Some(often), Some(seldom)) = (often, run(&world)) {
            // Who is asked more often has come less far when both are stopped after as many rounds.
            if !often.ending.totals.interrupted {
                prop_assert_eq!(often.records, seldom.records, "{:?}", choice.parts);
            }
        }
        Ok(())
    });
}

/// M8: a pool that no class can use.
#[test]
fn a_pool_that_nobody_can_use_changes_nothing() {
    for_worlds(3_008, 200, |mut world| {
        // A share of installed chips would count it.
        all_quotas(&mut world).for_each(|quota| quota.domestic = None);
        let mut more = world.clone();
        let chip = edwc::model::Chip { idle: Power(0), busy: Power(0), ..more.model.chips[ChipId(0)].clone() };
        let chip = more.model.chips.push(chip);
        more.model.classes.iter_mut().for_each(|class| {
            class.speed.push(Ratio::ZERO);
        });
        all_quotas(&mut more).for_each(|quota| {
            quota.gpus.push(None);
        });
        let (_, pool) = add_site(&mut more.model, 5, 8);
        more.model.pools[pool].chip = chip;
        same_history(&world, &more)
    });
}

/// Iterates over all quotas, and what changes make of them.
fn all_quotas(world: &mut World) -> impl Iterator<Item = &mut Quota> {
    let changed = world.model.changes.iter_mut().flat_map(|change| &mut change.settings).filter_map(|setting| match setting {
        Setting::Quota(_, quota) => Some(quota),
        _ => None,
    });
    world.model.quotas.iter_mut().chain(changed)
}

/// M9: a pool without nodes, and a link that no route takes.
#[test]
fn an_empty_pool_and_an_unused_link_change_nothing() {
    let what_happens = |records: &[JobRecord]| -> Vec<_> {
        // Why a job can never run is told by the pool that came closest, and there is one more.
        records.iter().map(|record| JobRecord { reason: None, ..record.clone() }).collect()
    };
    for_worlds(3_009, 200, |world| {
        let mut more = world.clone();
        add_site(&mut more.model, 0, 8);
        let node = |world: &mut World, name: &str| world.model.network.nodes.push(Node { name: name.to_owned(), at: None });
        let ends = [node(&mut more, "here"), node(&mut more, "there")];
        more.model.network.links.push(Link { name: "unused".into(), ends, one_way: Span(1), bandwidth: None, price: Money(1) });
        if let (Some(left), Some(right)) = (run(&world), run(&more)) {
            prop_assert_eq!(what_happens(&left.records), what_happens(&right.records));
        }
        Ok(())
    });
}

/// M10: a job after all others have left.
#[test]
fn a_job_after_the_end_changes_nothing_before() {
    for_worlds(3_010, 200, |mut world| {
        world.model.horizon = None;
        world.model.warmup = Span::ZERO;
        world.model.drain = Drain { until_idle: true, at_most: Some(Span::days(40)) };
        let Some(before) = run(&world).filter(|outcome| !outcome.ending.totals.interrupted) else { return Ok(()) };
        let Some(mut late) = world.jobs.last().cloned() else { return Ok(()) };
        late.submit = before.ending.totals.end + Span::seconds(1);
        world.jobs.push(late);
        if let Some(after) = run(&world) {
            for record in before.records.iter().filter(|record| record.fate != Fate::Unfinished) {
                prop_assert_eq!(record, &after.records[record.number as usize]);
            }
        }
        Ok(())
    });
}

/// M13: one pool or two halves of it, for jobs of one GPU in one queue.
#[test]
fn two_halves_are_as_good_as_a_whole_for_single_gpus() {
    let jobs = prop::collection::vec((0_u64..500, Just(1_u32), 0_u64..200), 0..60);
    proptest!(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() }, |(half in 1_u32..6, mut jobs in jobs)| {
        jobs.sort_unstable();
        let whole = plain(1, 2 * half, &jobs);
        let mut halves = plain(1, half, &jobs);
        add_site(&mut halves.model, 1, half);
        let policy = named("fifo+at-start+first-fit");
        let starts = |world: &World| run_under(world, &policy).map(|outcome| outcome.records.iter().map(|record| record.start).collect::<Vec<_>>());
        prop_assert_eq!(starts(&whole), starts(&halves));
    });
}

/// M14: one tenant or two that are alike, where nothing is per tenant.
#[test]
fn two_tenants_are_as_good_as_one() {
    for_worlds(3_014, 200, |mut world| {
        (world.model.quotas, world.model.access, world.model.subsidies) = Default::default();
        world.model.changes.iter_mut().for_each(|change| {
            change.settings.retain(|setting| !matches!(setting, Setting::Quota(..) | Setting::Access(..) | Setting::Subsidy(..)));
        });
        let mut two = world.clone();
        let first = TenantGroupId(0);
        let twin = TenantId(two.model.tenant_count());
        let group = TenantGroup { name: "twin".into(), first: twin, ..two.model.tenants[first].clone() };
        two.model.tenants.push(group);
        for (index, job) in two.jobs.iter_mut().enumerate().filter(|(_, job)| world.model.group_of(job.tenant) == first) {
            if index % 2 == 0 {
                job.tenant = TenantId(twin.0 + job.tenant.0);
            }
        }
        let policy = named(["fifo+at-submit+cheapest+easy", "priority+at-start+nearest+skip"][(world.seed % 2) as usize]);
        if let (Some(one), Some(two)) = (run_under(&world, &policy), run_under(&two, &policy)) {
            let told: Vec<_> = one.records.iter().zip(two.records).map(|(one, two)| JobRecord { tenant: one.tenant, ..two }).collect();
            prop_assert_eq!(&one.records, &told);
        }
        Ok(())
    });
}

/// M15: a quota that is never met.
#[test]
fn a_quota_of_all_there_is_is_no_quota() {
    for_worlds(3_015, 200, |mut world| {
        world.model.quotas = edwc::base::Column::new();
        world.model.changes.iter_mut().for_each(|change| change.settings.retain(|setting| !matches!(setting, Setting::Quota(..))));
        let mut wide = world.clone();
        let cap = HoursCap { at_most: u128::MAX >> 40, every: Period::Month, overrun: Overrun::Report };
        wide.model.quotas.push(Quota {
            name: "wide".into(),
            parent: None,
            matcher: Matcher::default(),
            has_matcher: true,
            gpus: world.model.chips.iter().map(|_| Some(GpuQuota { nominal: 1 << 40, borrowing_limit: Some(0), lending_limit: Some(0) })).collect(),
            gpu_hours: Some(cap),
            energy: Some(cap),
            queueing: Queueing::Strict,
            reclaim: Reclaim::Any,
            domestic: None,
        });
        same_history(&world, &wide)
    });
}

/// M16: a budget that is never spent.
#[test]
fn a_budget_of_more_than_all_claims_is_no_budget() {
    for_worlds(3_016, 200, |mut world| {
        world.model.changes.iter_mut().for_each(|change| change.settings.retain(|setting| !matches!(setting, Setting::Subsidy(..))));
        for subsidy in world.model.subsidies.iter_mut() {
            (subsidy.budget, subsidy.allocate) = (None, edwc::model::Allocate::FirstCome);
        }
        let mut rich = world.clone();
        for subsidy in rich.model.subsidies.iter_mut() {
            subsidy.budget = Some(Budget { amount: Money(i64::MAX / 8), every: Period::Run, prorate: false, carry_over: false, funded: None });
        }
        same_history(&world, &rich)
    });
}

/// M17: a subsidy that pays nothing.
#[test]
fn a_subsidy_at_a_rate_of_zero_is_no_subsidy() {
    for_worlds(3_017, 200, |mut world| {
        world.model.changes.iter_mut().for_each(|change| change.settings.retain(|setting| !matches!(setting, Setting::Subsidy(..))));
        for subsidy in world.model.subsidies.iter_mut() {
            subsidy.rate = SubsidyRate::Tiers(vec![RateTier { matcher: Matcher::default(), rate: Ratio::ZERO }]);
        }
        let mut without = world.clone();
        without.model.subsidies = edwc::base::Column::new();
        same(&world, &without)
    });
}

/// M18: nodes that practically never fail.
#[test]
fn a_failure_rate_of_almost_zero_is_none() {
    for_worlds(3_018, 200, |mut world| {
        for failure in world.model.failures.iter_mut() {
            failure.mtbf = Some(NodeMtbf { time: Span(u64::MAX), per_gpu: failure.while_busy });
            failure.outages.clear();
        }
        let mut without = world.clone();
        without.model.failures = edwc::base::Column::new();
        same_history(&world, &without)
    });
}

/// M19: checkpoints that no job lives to see.
#[test]
fn a_checkpoint_after_the_end_is_none() {
    for_worlds(3_019, 250, |mut world| {
        // Who gives way, or moves, writes a checkpoint.
        if ["evict-lower", "rounds", "consolidate", "elastic"].iter().any(|part| has(&choice(&world), part)) {
            return Ok(());
        }
        world.model.classes.iter_mut().for_each(|class| class.checkpoint = None);
        let mut rare = world.clone();
        let checkpoint = Checkpoint { every: Span::FOREVER, cost: Span::seconds(10), restore: Span::ZERO, size_per_gpu: Bytes::ZERO };
        rare.model.classes.iter_mut().for_each(|class| class.checkpoint = Some(checkpoint));
        same_history(&world, &rare)
    });
}

/// M25: common random numbers. What a job is, and when nodes fail, does not depend on the policy.
#[test]
fn jobs_and_failures_are_the_same_under_two_policies() {
    for_worlds(3_025, 200, |mut world| {
        world.model.horizon.get_or_insert(Span::hours(50));
        world.jobs.retain(|job| world.model.horizon.is_some_and(|horizon| job.submit <= Time::ZERO + horizon));
        world.model.drain = Drain { until_idle: false, at_most: None };
        world.model.changes.clear();
        for failure in world.model.failures.iter_mut() {
            (failure.while_busy, failure.crews) = (false, 0);
        }
        let policies = ["fifo+at-submit+first-fit", "smallest+at-start+random+skip"].map(named);
        if let [Some(one), Some(two)] = policies.map(|policy| run_under(&world, &policy)) {
            let is = |record: &JobRecord| (record.submit, record.gpus, record.work, record.estimate, record.tenant, record.class);
            prop_assert!(one.records.iter().map(is).eq(two.records.iter().map(is)));
            for (pool, totals) in one.ending.totals.pools.entries() {
                let other = two.ending.totals.pools[pool];
                prop_assert_eq!((totals.failures, totals.up, totals.installed), (other.failures, other.up, other.installed));
            }
        }
        Ok(())
    });
}

/// M34, M35: where all are equal, priorities and shortest-first are first come first served.
#[test]
fn orders_without_differences_are_first_come_first_served() {
    for_worlds(3_034, 200, |mut world| {
        for job in &mut world.jobs {
            (job.priority, job.work) = (3, Span::seconds(5_000));
        }
        let outcomes = ["fifo", "priority", "sjf"].map(|order| run_under(&world, &named(&format!("{order}+at-submit+least-loaded+easy"))));
        if let [Some(fifo), Some(priority), Some(sjf)] = outcomes {
            prop_assert_eq!(&fifo.records, &priority.records);
            prop_assert_eq!(&fifo.records, &sjf.records);
        }
        Ok(())
    });
}
