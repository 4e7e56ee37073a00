//! Tests over whole synthetic sources.

use super::fixture::{model, poisson, workload};
use super::*;
use crate::base::{Bytes, Money, Ratio, Span};
use crate::model::{Change, ClassId, DataId, DatasetLaw, Estimate, Gang, Law, Rate, Setting, Shape, TenantGroupId, TenantId, Workload};

const SEED: Seed = Seed { seed: 20_250_602, replication: 0 };

fn jobs(model: &Model) -> Vec<JobSpec> {
    let mut source = open(model, SEED).unwrap();
    std::iter::from_fn(|| source.next_job().unwrap()).collect()
}

fn varying(rate: Rate) -> Workload {
    workload("w", Arrivals::Poisson { rate, batch: Gang::Fixed(1) })
}

/// Arrivals by local hour of the day.
fn by_hour(model: &Model, jobs: &[JobSpec]) -> [f64; 24] {
    let mut counts = [0.0; 24];
    for job in jobs {
        counts[model.calendar.hour(job.submit)] += 1.0;
    }
    counts
}

#[test]
fn poisson_arrivals_are_poisson() {
    let model = model(vec![workload("w", poisson(0.01))]);
    let jobs = jobs(&model);
    let expected = 0.01 * 28.0 * 86_400.0;
    assert!((jobs.len() as f64 - expected).abs() < 4.0 * f64::sqrt(expected), "{} jobs, expected {expected}", jobs.len());
    assert!(jobs.windows(2).all(|pair| pair[0].submit <= pair[1].submit));
    assert!(jobs.iter().all(|job| job.submit.0 < Span::days(28).0));
    let mut gaps: Vec<f64> = jobs.windows(2).map(|pair| pair[1].submit.since(pair[0].submit).as_secs_f64()).collect();
    gaps.sort_by(f64::total_cmp);
    let distance = gaps.iter().enumerate().map(|(rank, gap)| (-libm::expm1(-gap * 0.01) - rank as f64 / gaps.len() as f64).abs()).fold(0.0, f64::max);
    assert!(distance < 1.95 / f64::sqrt(gaps.len() as f64), "distance {distance}");
}

#[test]
fn profiles_follow_local_time() {
    let mut office = [0.25; 24];
    office[9..21].fill(1.75);
    let mut week = [1.2; 7];
    week[5..].fill(0.5);
    let model = model(vec![varying(Rate { mean_per_s: 0.05, sine: None, by_hour: Some(office), by_weekday: Some(week) })]);
    let jobs = jobs(&model);
    let expected = 0.05 * 28.0 * 86_400.0;
    assert!((jobs.len() as f64 - expected).abs() < 4.0 * f64::sqrt(expected), "{} jobs, expected {expected}", jobs.len());
    for (hour, count) in by_hour(&model, &jobs).into_iter().enumerate() {
        let expected = 0.05 * 28.0 * 3_600.0 * office[hour];
        assert!((count - expected).abs() < 5.0 * f64::sqrt(expected), "hour {hour}: {count}, expected {expected}");
    }
    // 2025-06-04 is a Wednesday: its weekend starts 66 hours after 06:00.
    let weekend = jobs.iter().filter(|job| (job.submit.0 + Span::hours(6 + 48).0) / Span::days(1).0 % 7 >= 5).count() as f64;
    let expected = 0.05 * 8.0 * 86_400.0 * 0.5;
    assert!((weekend - expected).abs() < 5.0 * f64::sqrt(expected), "weekends: {weekend}, expected {expected}");
}

#[test]
fn a_sine_goes_up_first_and_never_below_zero() {
    let model = model(vec![varying(Rate { mean_per_s: 0.05, sine: Some((0.05, 86_400.0)), by_hour: None, by_weekday: None })]);
    let jobs = jobs(&model);
    let expected = 0.05 * 28.0 * 86_400.0;
    assert!((jobs.len() as f64 - expected).abs() < 4.0 * f64::sqrt(expected));
    // Half a period up: mean + amplitude · 2/π.
    let up = jobs.iter().filter(|job| job.submit.0 % Span::days(1).0 < Span::hours(12).0).count() as f64;
    let expected = expected / 2.0 * (1.0 + std::f64::consts::FRAC_2_PI);
    assert!((up - expected).abs() < 5.0 * f64::sqrt(expected), "{up}, expected {expected}");
}

#[test]
fn modulated_arrivals_have_the_mean_rate_and_are_bursty() {
    let arrivals = Arrivals::Mmpp { rates_per_s: vec![0.0, 0.1], stays_s: vec![3_000.0, 1_000.0], batch: Gang::Fixed(1) };
    let jobs = jobs(&model(vec![workload("w", arrivals)]));
    let expected = 0.025 * 28.0 * 86_400.0;
    assert!((jobs.len() as f64 / expected - 1.0).abs() < 0.1, "{} jobs, expected {expected}", jobs.len());
    let mut hours = vec![0.0; 28 * 24];
    for job in &jobs {
        hours[(job.submit.0 / Span::hours(1).0) as usize] += 1.0;
    }
    let mean = hours.iter().sum::<f64>() / hours.len() as f64;
    let variance = hours.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / hours.len() as f64;
    assert!(variance / mean > 10.0, "index of dispersion {}", variance / mean);
}

#[test]
fn batches_share_an_instant_and_renewals_keep_their_beat() {
    let between = Law::fixed(1.0 / 3.0);
    let arrivals = Arrivals::Renewal { between, batch: Gang::Weighted(vec![(1, 0.5), (3, 0.5)]) };
    let mut model = model(vec![workload("w", arrivals)]);
    model.horizon = Some(Span::seconds(100));
    let jobs = jobs(&model);
    let mut instants: Vec<Time> = jobs.iter().map(|job| job.submit).collect();
    instants.dedup();
    assert_eq!(instants.len(), 299, "the 300th falls on the horizon, which is excluded");
    assert_eq!(instants[2], Time(1_000_000), "thirds do not add up to a drift");
    assert!((jobs.len() as f64 / 299.0 - 2.0).abs() < 0.2);
}

#[test]
fn a_backlog_is_there_at_the_start_in_full() {
    let jobs = jobs(&model(vec![workload("w", poisson(1e-3)), workload("backlog", Arrivals::AtStart { jobs: 40 })]));
    assert_eq!(jobs.iter().filter(|job| job.workload == WorkloadId(1)).count(), 40);
    assert!(jobs[..40].iter().all(|job| job.submit == Time::ZERO && job.workload == WorkloadId(1)));
    assert_eq!(jobs[39].source_id, 39);
}

#[test]
fn another_law_for_one_attribute_leaves_the_others() {
    let base = workload("w", poisson(0.001));
    let changed = Workload {
        work: Law::exponential(60.0),
        estimate: Estimate::TimesWork(Law { shape: Shape::Uniform { min: 1.0, max: 3.0 }, min: None, max: None }),
        patience: Some(Law::exponential(1_000.0)),
        pays_up_to: Some(Law::fixed(12.5)),
        dataset: Some(DatasetLaw { data: DataId(0), bytes: Law::exponential(1e12), shared_by: 20 }),
        priority: Some(9),
        ..base.clone()
    };
    let (before, after) = (jobs(&model(vec![base])), jobs(&model(vec![changed])));
    assert_eq!(before.len(), after.len());
    for (old, new) in before.iter().zip(&after) {
        assert_eq!((old.submit, old.gpus, old.tenant), (new.submit, new.gpus, new.tenant));
        assert!(new.estimate >= new.work && new.estimate.0 <= 3 * new.work.0 + 3);
        assert_eq!((new.priority, new.pays_up_to, new.patience.is_some()), (9, Some(Money(12_500_000)), true));
        assert_eq!((old.priority, old.estimate), (3, old.work));
    }
    for group in after.chunks(20) {
        assert!(group.iter().all(|job| job.dataset == group[0].dataset));
    }
    let first = |job: &JobSpec| job.dataset.unwrap().bytes;
    assert_ne!(first(&after[0]), first(&after[20]));
    assert!(first(&after[0]) > Bytes::ZERO);
}

#[test]
fn tenants_come_by_weight_then_evenly_within_their_group() {
    let mut mixed = workload("w", poisson(0.02));
    mixed.tenants = vec![(TenantGroupId(0), 0.75), (TenantGroupId(1), 0.25)];
    let jobs = jobs(&model(vec![mixed]));
    let count = |tenant: u32| jobs.iter().filter(|job| job.tenant == TenantId(tenant)).count() as f64 / jobs.len() as f64;
    assert!((count(10) - 0.25).abs() < 0.01);
    for tenant in 0..10 {
        assert!((count(tenant) - 0.075).abs() < 0.01, "tenant {tenant}: {}", count(tenant));
    }
}

#[test]
fn a_deadline_is_the_earlier_of_the_class_s_two() {
    let mut model = model(vec![workload("w", poisson(0.001))]);
    model.classes[ClassId(0)].deadline_times_work = Some(Ratio::from_f64(4.0));
    model.classes[ClassId(0)].deadline = Some(Span::hours(1));
    for job in jobs(&model) {
        let expected = job.submit + Span(job.work.0 * 4).min(Span::hours(1));
        assert_eq!(job.deadline, Some(expected));
    }
}

#[test]
fn a_change_of_rate_takes_effect_at_its_instant() {
    let slow = workload("w", poisson(1e-9));
    let fast = workload("w", poisson(0.1));
    let mut model = model(vec![slow.clone()]);
    let set = |at, to: &Workload| Change { at: Time(Span::days(at).0), settings: vec![Setting::Workload(WorkloadId(0), to.clone())] };
    model.changes = vec![set(10, &fast), set(11, &slow), set(12, &Workload { gpus: Gang::Fixed(7), ..fast.clone() })];
    let jobs = jobs(&model);
    let day = |job: &JobSpec| job.submit.0 / Span::days(1).0;
    let on = |wanted| jobs.iter().filter(|job| day(job) == wanted).count() as f64;
    assert!(jobs.iter().all(|job| day(job) == 10 || day(job) >= 12));
    assert!((on(10) - 8_640.0).abs() < 4.0 * f64::sqrt(8_640.0), "{}", on(10));
    assert!(jobs.iter().all(|job| (day(job) >= 12) == (job.gpus.0 == 7)));
}

#[test]
fn a_changed_future_leaves_the_past_as_it_was() {
    let mut changed = model(vec![workload("w", poisson(0.01))]);
    let before = jobs(&changed);
    let at = Time(Span::days(5).0);
    changed.changes = vec![Change { at, settings: vec![Setting::Workload(WorkloadId(0), workload("w", poisson(0.1)))] }];
    let past = |jobs: Vec<JobSpec>| jobs.into_iter().take_while(|job| job.submit < at).collect::<Vec<_>>();
    assert_eq!(past(before), past(jobs(&changed)));
}

#[test]
fn sources_without_an_end_are_refused() {
    let mut endless = model(vec![workload("w", poisson(1.0))]);
    endless.horizon = None;
    let Err(SourceError::Invalid(message)) = open(&endless, SEED) else { panic!("it was accepted") };
    assert!(message.contains("horizon"), "{message}");
    assert_eq!(jobs(&model(Vec::new())), []);
}

#[test]
fn rates_of_zero_give_no_jobs_and_no_hang() {
    let zero = Rate { mean_per_s: 0.0, sine: None, by_hour: Some([1.0; 24]), by_weekday: None };
    let still = Arrivals::Mmpp { rates_per_s: vec![0.0, 0.0], stays_s: vec![1.0, 1.0], batch: Gang::Fixed(1) };
    let model = model(vec![varying(zero), workload("x", poisson(0.0)), workload("y", still), workload("z", Arrivals::AtStart { jobs: 0 })]);
    assert_eq!(jobs(&model), []);
}
