//! Domestic shares: reported, fined, enforced.

use super::*;
use crate::model::{ClassId, Matcher, PoolId, Setting, TenantGroupId, TenantId};
use crate::rules::testing::{self, hour};
use crate::rules::{Held, Part, Refusal, Rules, RunBounds, Start};

/// A quota over site 0, which has 64 imported (pool 0) and 64 domestic GPUs (pool 1), that asks for half.
fn model(of: ShareOf, over: Period, on_miss: OnMiss) -> Model {
    let mut model = testing::model();
    let quota = model.quotas.push(testing::quota("state", None));
    model.quotas[quota].matcher = Matcher { pools: testing::pools(&[0, 1]), ..Matcher::default() };
    model.quotas[quota].domestic = Some(DomesticShare { at_least: Ratio::from_f64(0.5), of, over, on_miss });
    model
}

fn rules(model: &Model) -> Rules {
    let bounds = RunBounds { prorate_over: None, latest_end: hour(24 * 60), window: (Time::ZERO, Time::NEVER) };
    let mut rules = Rules::new(model, testing::SEED, bounds, false).unwrap();
    rules.prepare(model, TenantGroupId(0), ClassId(0));
    rules
}

fn hold(rules: &mut Rules, model: &Model, pool: u32, gpus: u32, now: u64, hours: u64) -> Result<Held, Refusal> {
    let parts = [Part { pool: PoolId(pool), gpus, energy_mj: 0 }];
    let (group, class, now, expected_end) = (TenantGroupId(0), ClassId(0), hour(now), hour(now + hours));
    rules.try_hold(model, &Start { number: 0, tenant: TenantId(0), group, class, priority: 0, gpus, parts: &parts, now, expected_end })
}

fn run(rules: &mut Rules, model: &Model, pool: u32, gpus: u32, (from, to): (u64, u64)) {
    let held = hold(rules, model, pool, gpus, from, to - from).unwrap();
    rules.advance(model, hour(to)).unwrap();
    rules.release(model, held, hour(to), &[0]);
}

fn judged(rules: &mut Rules, model: &Model, now: u64) -> (u64, u64) {
    let totals = rules.quota_totals(model, hour(now));
    (totals[QuotaId(0)].share_met, totals[QuotaId(0)].share_missed)
}

#[test]
fn each_day_is_judged_on_what_was_used_in_it() {
    let model = model(ShareOf::GpuHours, Period::Day, OnMiss::Report);
    let mut rules = rules(&model);
    assert_eq!(rules.next_boundary(), hour(24));
    run(&mut rules, &model, 0, 8, (0, 4));
    run(&mut rules, &model, 1, 8, (4, 8));
    rules.advance(&model, hour(24)).unwrap();
    assert_eq!(judged(&mut rules, &model, 24), (1, 0), "exactly half is met");
    // The second day ends while the job runs: the part in it counts; another region's pool does not.
    let held = hold(&mut rules, &model, 0, 8, 30, 40).unwrap();
    run(&mut rules, &model, 3, 64, (31, 47));
    rules.advance(&model, hour(48)).unwrap();
    assert_eq!(judged(&mut rules, &model, 48), (1, 1));
    rules.release(&model, held, hour(48), &[0]);
    rules.advance(&model, hour(72)).unwrap();
    assert_eq!(judged(&mut rules, &model, 72), (2, 1), "nothing of nothing meets every share");
}

#[test]
fn a_fine_is_paid_by_the_sites_in_scope() {
    let fine = Money(1_000_001);
    let mut model = model(ShareOf::GpuHours, Period::Run, OnMiss::Fine(fine));
    model.quotas[QuotaId(0)].matcher.pools = testing::pools(&[0, 2]);
    let mut rules = rules(&model);
    run(&mut rules, &model, 0, 8, (0, 4));
    rules.finish(&model, hour(10)).unwrap();
    assert_eq!(judged(&mut rules, &model, 10), (0, 1));
    let balance = |account| rules.ledger.balance(account).run;
    assert_eq!(balance(Account::Government(GovernmentId(0))), fine);
    assert_eq!((balance(Account::Site(SiteId(0))), balance(Account::Site(SiteId(1)))), (Money(-500_000), Money(-500_001)));
}

#[test]
fn a_start_is_refused_only_if_the_share_would_be_out_of_reach() {
    let model = model(ShareOf::GpuHours, Period::Day, OnMiss::Refuse);
    let mut rules = rules(&model);
    // Until midnight 64 domestic GPUs can do 64 × 24 = 1,536 GPU-hours.
    let first = hold(&mut rules, &model, 0, 64, 0, 12).unwrap();
    let refused = hold(&mut rules, &model, 0, 64, 0, 13).unwrap_err();
    let Refusal::Domestic(refusal) = refused else { panic!("{refused:?}") };
    assert_eq!((refusal.quota, refusal.at_least), (QuotaId(0), Ratio(500_000)));
    assert_eq!(refusal.reachable, Ratio(1536 * 1_000_000 / (1536 + 64 * 25)));
    hold(&mut rules, &model, 1, 64, 0, 24).unwrap();
    // The first job has outlived its estimate by six hours.
    rules.advance(&model, hour(18)).unwrap();
    assert!(hold(&mut rules, &model, 0, 65, 18, 6).is_err());
    let second = hold(&mut rules, &model, 0, 64, 18, 6).unwrap();
    rules.undo_hold(&model, second);
    rules.release(&model, first, hour(18), &[0]);
    // Into the next day: 64 × 24 domestic against 64 × 24 imported can still be half.
    hold(&mut rules, &model, 0, 64, 18, 30).unwrap();
    assert!(hold(&mut rules, &model, 0, 1, 18, 30).is_err());
    hold(&mut rules, &model, 1, 64, 18, 100).unwrap();
}

#[test]
fn domestic_gpus_that_stood_idle_are_lost() {
    let model = model(ShareOf::GpuHours, Period::Day, OnMiss::Refuse);
    let mut rules = rules(&model);
    rules.advance(&model, hour(20)).unwrap();
    assert!(hold(&mut rules, &model, 0, 64, 20, 4).is_ok());
    assert!(hold(&mut rules, &model, 0, 1, 20, 1).is_err());
}

#[test]
fn the_installed_share_follows_the_fleet() {
    let mut model = model(ShareOf::Installed, Period::Month, OnMiss::Report);
    let mut rules = rules(&model);
    rules.advance(&model, hour(31 * 24)).unwrap();
    assert_eq!(judged(&mut rules, &model, 31 * 24), (1, 0));
    model.pools[PoolId(0)].nodes += 1;
    let settings = [Setting::Pool(PoolId(0), model.pools[PoolId(0)].clone())];
    rules.apply_settings(&model, &settings, hour(31 * 24)).unwrap();
    rules.advance(&model, hour(59 * 24)).unwrap();
    assert_eq!(judged(&mut rules, &model, 59 * 24), (1, 1));
}

/// What was used stays counted when something else changes, of a share that is enforced and of one that is only reported.
#[test]
fn a_change_forgets_nothing_that_was_used() {
    for (on_miss, judged_after) in [(OnMiss::Report, Some((0, 1))), (OnMiss::Refuse, None)] {
        let model = model(ShareOf::GpuHours, Period::Day, on_miss);
        let mut rules = rules(&model);
        run(&mut rules, &model, 0, 64, (0, 12));
        let before = hold(&mut rules, &model, 0, 64, 12, 1).is_ok();
        let same = Setting::Quota(QuotaId(0), model.quotas[QuotaId(0)].clone());
        rules.apply_settings(&model, &[same], hour(12)).unwrap();
        assert_eq!(hold(&mut rules, &model, 0, 64, 12, 1).is_ok(), before, "{on_miss:?}");
        if let Some(expected) = judged_after {
            rules.advance(&model, hour(24)).unwrap();
            assert_eq!(judged(&mut rules, &model, 24), expected);
        } else {
            assert!(!before, "twelve hours of 64 imported GPUs leave room for twelve of 64 domestic ones alone");
        }
    }
}
