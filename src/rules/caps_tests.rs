//! Caps per period: commitments, ends before and after the estimate, and sums that are made from scratch.

use super::*;
use crate::base::time::MICROS_PER_HOUR;
use crate::model::{ClassId, Matcher, PoolId, TenantGroupId, TenantId};
use crate::rules::testing::{self, hour};
use crate::rules::{Held, Part, Refusal, Rules, RunBounds, Start};
use proptest::prelude::*;

const HOUR: u128 = MICROS_PER_HOUR as u128;

fn cap(gpu_hours: u128, every: Period, overrun: Overrun) -> Option<HoursCap> {
    Some(HoursCap { at_most: gpu_hours * HOUR, every, overrun })
}

/// A nation with a city below it; the city has the matcher.
fn model(nation: Option<HoursCap>, city: Option<HoursCap>) -> Model {
    let mut model = testing::model();
    let top = model.quotas.push(testing::quota("nation", None));
    let below = model.quotas.push(testing::quota("city", Some(top)));
    model.quotas[below].matcher = Matcher { pools: testing::pools(&[0, 1]), ..Matcher::default() };
    (model.quotas[top].gpu_hours, model.quotas[below].gpu_hours) = (nation, city);
    model
}

fn rules(model: &Model) -> Rules {
    let bounds = RunBounds { prorate_over: None, latest_end: Time::NEVER, window: (Time::ZERO, Time::NEVER) };
    let mut rules = Rules::new(model, testing::SEED, bounds, false).unwrap();
    rules.prepare(model, TenantGroupId(0), ClassId(0));
    rules
}

fn start_at(parts: &[Part], now: u64, hours: u64) -> Start<'_> {
    let gpus = parts.iter().map(|part| part.gpus).sum();
    let (group, class, expected_end) = (TenantGroupId(0), ClassId(0), hour(now + hours));
    Start { number: 0, tenant: TenantId(0), group, class, priority: 0, gpus, parts, now: hour(now), expected_end }
}

fn part(pool: u32, gpus: u32) -> Part {
    Part { pool: PoolId(pool), gpus, energy_mj: 0 }
}

fn hold(rules: &mut Rules, model: &Model, gpus: u32, now: u64, hours: u64) -> Result<Held, CapRefusal> {
    rules.try_hold(model, &start_at(&[part(0, gpus)], now, hours)).map_err(|refusal| match refusal {
        Refusal::Cap(refusal) => refusal,
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_start_commits_its_estimate_in_the_days_that_it_spans() {
    let model = model(None, cap(100, Period::Day, Overrun::Report));
    let mut rules = rules(&model);
    // From 20:00 for six hours: 40 GPU-hours today, 20 tomorrow.
    hold(&mut rules, &model, 10, 20, 6).unwrap();
    assert_eq!(rules.cap_usage(QuotaId(1), Capped::GpuHours), Some((40 * HOUR, 100 * HOUR)));
    let refused = hold(&mut rules, &model, 20, 20, 9).unwrap_err();
    let (quota, capped) = (QuotaId(1), Capped::GpuHours);
    assert_eq!(refused, CapRefusal { quota, capped, period: 0, asked: 80 * HOUR, left: 60 * HOUR });
    let refused = hold(&mut rules, &model, 15, 20, 10).unwrap_err();
    assert_eq!(refused, CapRefusal { quota, capped, period: 1, asked: 90 * HOUR, left: 80 * HOUR });
    hold(&mut rules, &model, 15, 20, 9).unwrap();
}

#[test]
fn what_ends_early_gives_the_rest_back() {
    let model = model(None, cap(100, Period::Run, Overrun::Report));
    let mut rules = rules(&model);
    let held = hold(&mut rules, &model, 10, 0, 10).unwrap();
    assert!(hold(&mut rules, &model, 1, 1, 1).is_err());
    rules.release(&model, held, hour(3), &[0]);
    assert_eq!(rules.cap_usage(QuotaId(1), Capped::GpuHours).unwrap().0, 30 * HOUR);
    hold(&mut rules, &model, 7, 3, 10).unwrap();
}

#[test]
fn an_overrun_counts_while_it_goes_on() {
    let model = model(None, cap(100, Period::Day, Overrun::Report));
    let mut rules = rules(&model);
    let long = hold(&mut rules, &model, 10, 0, 2).unwrap();
    assert_eq!(rules.kill_at(long), None);
    rules.advance(&model, hour(5)).unwrap();
    assert_eq!(rules.cap_usage(QuotaId(1), Capped::GpuHours).unwrap().0, 50 * HOUR);
    assert!(hold(&mut rules, &model, 51, 5, 1).is_err());
    let second = hold(&mut rules, &model, 50, 5, 1).unwrap();
    rules.release(&model, second, hour(6), &[0]);
    rules.advance(&model, hour(25)).unwrap();
    assert_eq!(rules.cap_usage(QuotaId(1), Capped::GpuHours).unwrap().0, 10 * HOUR);
    rules.release(&model, long, hour(26), &[0]);
    // 240 + 50 GPU-hours on the first day: 190 beyond the cap.
    assert_eq!(rules.quota_totals(&model, hour(26))[QuotaId(1)].overrun_gpu_us, 190 * HOUR);
    assert_eq!(rules.cap_usage(QuotaId(1), Capped::GpuHours).unwrap().0, 20 * HOUR);
}

#[test]
fn a_cap_that_kills_says_when() {
    let model = model(cap(1000, Period::Run, Overrun::Kill), cap(1000, Period::Run, Overrun::Report));
    let mut rules = rules(&model);
    let held = hold(&mut rules, &model, 10, 4, 2).unwrap();
    assert_eq!(rules.kill_at(held), Some(hour(6)));
}

#[test]
fn a_parent_caps_its_children_together_and_both_parts_of_a_gang() {
    let model = model(cap(100, Period::Run, Overrun::Report), None);
    let mut rules = rules(&model);
    // Pool 0 is the city's, pool 2 only the nation's.
    let parts = [part(0, 5), part(2, 6)];
    let refused = rules.try_hold(&model, &start_at(&parts, 0, 10)).unwrap_err();
    assert_eq!(refused.quota(), Some(QuotaId(0)));
    assert!(matches!(refused, Refusal::Cap(CapRefusal { asked, .. }) if asked == 110 * HOUR), "{refused:?}");
    let held = rules.try_hold(&model, &start_at(&parts, 0, 9)).unwrap();
    assert_eq!(rules.cap_usage(QuotaId(0), Capped::GpuHours).unwrap().0, 99 * HOUR);
    rules.undo_hold(&model, held);
    assert_eq!(rules.cap_usage(QuotaId(0), Capped::GpuHours).unwrap().0, 0);
}

#[test]
fn energy_is_capped_by_what_is_expected_and_then_metered() {
    let mut model = model(None, None);
    model.quotas[QuotaId(0)].energy = Some(HoursCap { at_most: 1000, every: Period::Day, overrun: Overrun::Report });
    let mut rules = rules(&model);
    assert!(rules.needs_energy());
    let of = |energy_mj| [Part { energy_mj, ..part(0, 8) }];
    let first = rules.try_hold(&model, &start_at(&of(600), 0, 10)).unwrap();
    let refused = rules.try_hold(&model, &start_at(&of(401), 0, 10)).unwrap_err();
    let (quota, capped) = (QuotaId(0), Capped::Energy);
    assert_eq!(refused, Refusal::Cap(CapRefusal { quota, capped, period: 0, asked: 401, left: 400 }));
    rules.release(&model, first, hour(10), &[700]);
    assert_eq!(rules.cap_usage(quota, capped), Some((700, 1000)));
}

#[test]
fn what_no_period_could_hold_is_known_at_submission() {
    let model = model(None, cap(100, Period::Day, Overrun::Report));
    let rules = rules(&model);
    let ever = |gpus, hours| rules.check_ever(&model, &start_at(&[part(0, gpus)], 0, hours)).is_ok();
    // Over midnight a job may use twice the cap; of a longer one a whole day must fit.
    assert_eq!([ever(20, 10), ever(20, 11), ever(4, 1000), ever(5, 1000)], [true, false, true, false]);
}

#[test]
fn a_lowered_cap_keeps_what_was_used() {
    let mut model = model(None, cap(100, Period::Run, Overrun::Report));
    let mut rules = rules(&model);
    let held = hold(&mut rules, &model, 8, 0, 10).unwrap();
    model.quotas[QuotaId(1)].gpu_hours = cap(85, Period::Run, Overrun::Report);
    let settings = [crate::model::Setting::Quota(QuotaId(1), model.quotas[QuotaId(1)].clone())];
    rules.apply_settings(&model, &settings, hour(1)).unwrap();
    assert!(hold(&mut rules, &model, 6, 1, 1).is_err());
    hold(&mut rules, &model, 5, 1, 1).unwrap();
    rules.release(&model, held, hour(10), &[0]);
    // Another period begins anew; what runs from before does not count there, and ends without harm.
    let held = hold(&mut rules, &model, 1, 10, 1).unwrap_err();
    assert_eq!(held.left, 0);
    model.quotas[QuotaId(1)].gpu_hours = cap(85, Period::Day, Overrun::Report);
    let settings = [crate::model::Setting::Quota(QuotaId(1), model.quotas[QuotaId(1)].clone())];
    rules.apply_settings(&model, &settings, hour(10)).unwrap();
    assert_eq!(rules.cap_usage(QuotaId(1), Capped::GpuHours).unwrap().0, 0);
}

proptest! {
    /// A cap is exceeded by overruns only, undoing is exact, and in the end each day holds what was really used in it.
    #[test]
    fn days_hold_what_was_used(jobs in prop::collection::vec((0_u64..60, 1_u32..12, 1_u64..40, 1_u64..50), 1..25), kill: bool) {
        let overrun = if kill { Overrun::Kill } else { Overrun::Report };
        let model = model(None, cap(200, Period::Day, overrun));
        let mut rules = rules(&model);
        let mut running: Vec<(Held, u32, u64, u64)> = Vec::new();
        let mut used = [0_u128; 8];
        let day = |used: &mut [u128; 8], gpus: u32, from: u64, to: u64| {
            (from..to).for_each(|hour| used[(hour / 24) as usize] += u128::from(gpus) * HOUR);
        };
        for now in 0..120 {
            rules.advance(&model, hour(now)).unwrap();
            while let Some(at) = running.iter().position(|(_, _, _, end)| *end == now) {
                let (held, gpus, from, to) = running.swap_remove(at);
                rules.release(&model, held, hour(now), &[0]);
                day(&mut used, gpus, from, to);
            }
            for (_, gpus, estimate, run) in jobs.iter().filter(|(submit, ..)| *submit == now) {
                let before = rules.caps.caps[0].meter.amounts().to_vec();
                if let Ok(held) = hold(&mut rules, &model, *gpus, now, *estimate) {
                    rules.undo_hold(&model, held);
                    let after = rules.caps.caps[0].meter.amounts();
                    prop_assert!((0..after.len()).all(|at| after[at] == before.get(at).copied().unwrap_or(0)));
                    let held = hold(&mut rules, &model, *gpus, now, *estimate).unwrap();
                    let end = now + if kill { *run.min(estimate) } else { *run };
                    running.push((held, *gpus, now, end));
                }
            }
        }
        prop_assert!(running.is_empty());
        let amounts = rules.caps.caps[0].meter.amounts();
        prop_assert!((0..8).all(|at| used[at] == amounts.get(at).copied().unwrap_or(0)), "{:?} {:?}", used, amounts);
        prop_assert!(!kill || used.iter().all(|used| *used <= 200 * HOUR));
    }
}
