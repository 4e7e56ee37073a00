//! Tenants, classes, data, and the jobs.

use super::{Feature, Switches, at, fold, instant, positive_span, span};
use edwc::base::{Bandwidth, Bytes, Column, Gpus, Money, Ratio, Span, Time};
use edwc::model::{
    Checkpoint, ChipId, Class, ClassId, DataClass, DataId, DatasetSpec, Elastic, Elsewhere, IdSet, JobSpec, KindId, Model, OnFailure, Outcome,
    Outside, RegionId, SiteId, Stays, TenantGroup, TenantId, WorkloadId,
};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub struct Parts {
    classes: Vec<(Vec<Ratio>, Class)>,
    groups: Vec<(u32, TenantGroup)>,
    data: Vec<DataClass>,
    outside: Vec<(Money, u32)>,
    jobs: Vec<Job>,
}

/// A job before its class and tenant are known.
#[derive(Clone, Debug)]
struct Job {
    submit: u64,
    class: u32,
    tenant: u32,
    gpus: u32,
    elastic: Option<Elastic>,
    work: Span,
    /// Share of the work that the user thinks it is, in 256ths.
    estimate: u64,
    priority: Option<i32>,
    dataset: Option<(u32, u64, u64)>,
    patience: Option<Span>,
    pays_up_to: Option<Money>,
}

pub fn parts() -> impl Strategy<Value = Parts> {
    let outside = vec((0_i64..60_000_000).prop_map(Money).prop_flat_map(|price| (Just(price), any::<u32>())), 0..=2);
    (vec((vec(speed(), 3), class()), 1..=3), vec(group(), 1..=4), vec(data(), 1..=2), outside, vec(job(), 0..=40))
        .prop_map(|(classes, groups, data, outside, jobs)| Parts { classes, groups, data, outside, jobs })
}

fn speed() -> impl Strategy<Value = Ratio> {
    prop_oneof![20 => Just(Ratio::ONE), 8 => Just(Ratio::ZERO), 30 => (10_000_u64..3_000_000).prop_map(Ratio), 1 => (1_u64..10_000).prop_map(Ratio)]
}

fn class() -> impl Strategy<Value = Class> {
    let spread = vec((2_u32..20, 1_u64..=1_000_000), 0..3);
    let split = vec((0_u32..4_000, 1_u64..=1_000_000), 0..3);
    let latency = (prop::option::weighted(0.3, 0_u64..25_000), prop::option::weighted(0.3, 0_u64..50_000));
    let transfer = (1_u64..5_000_000, prop::option::of(1_000_000_u64..10_000_000_000));
    let due = (prop::option::weighted(0.3, 0_u64..5_000_000), prop::option::weighted(0.3, span(200_000)));
    let ends = (prop::option::weighted(0.7, checkpoint()), 0_usize..3, span(600), prop::bool::weighted(0.3), -3_i32..4);
    (spread, split, latency, transfer, due, ends).prop_map(
        |(spread, split, (one_way, rtt), (weight, rate), (times, deadline), (checkpoint, on_failure, overhead, kill, priority))| Class {
            name: "class".into(),
            speed: Column::new(),
            spread: steps(spread),
            split: steps(split),
            checkpoint,
            on_failure: [OnFailure::Resume, OnFailure::Restart, OnFailure::Keep][on_failure],
            start_overhead: overhead,
            lost_when_preempted: if overhead.0 % 2 == 0 { vec![(1, Span(overhead.0 / 3)), (4, Span(overhead.0 / 2))] } else { Vec::new() },
            transfer_weight: Ratio(weight),
            transfer_rate_max: rate.map(Bandwidth),
            one_way_max: one_way.map(Span),
            rtt_max: rtt.map(Span),
            priority,
            deadline_times_work: times.map(Ratio),
            deadline,
            kill_at_estimate: kill,
        },
    )
}

/// Puts steps in order: bounds rise and efficiencies fall.
fn steps(raw: Vec<(u32, u64)>) -> Vec<(u32, Ratio)> {
    let (mut bounds, mut efficiencies): (Vec<_>, Vec<_>) = raw.into_iter().unzip();
    bounds.sort_unstable();
    bounds.dedup();
    efficiencies.sort_unstable_by(|a, b| b.cmp(a));
    bounds.into_iter().zip(efficiencies.into_iter().map(Ratio)).collect()
}

fn checkpoint() -> impl Strategy<Value = Checkpoint> {
    (positive_span(20_000), span(900), span(900), prop_oneof![Just(0_u64), 0..80_000_000_000_u64])
        .prop_map(|(every, cost, restore, size)| Checkpoint { every, cost, restore, size_per_gpu: Bytes(size) })
}

fn group() -> impl Strategy<Value = (u32, TenantGroup)> {
    (any::<u32>(), any::<u32>(), 1_u32..=4, 1_u64..4_000_000).prop_map(|(region, affiliates, count, weight)| {
        let group = TenantGroup {
            name: "tenant".into(),
            region: RegionId(region),
            kind: KindId(0),
            count,
            first: TenantId(0),
            affiliates: Vec::new(),
            weight: Ratio(weight),
        };
        (affiliates, group)
    })
}

fn data() -> impl Strategy<Value = DataClass> {
    (0_usize..3, 0_usize..3, 1_u64..=1_000_000).prop_map(|(stays, elsewhere, efficiency)| DataClass {
        name: "data".into(),
        stays: [Stays::Anywhere, Stays::HomeProvince, Stays::HomeCity][stays],
        elsewhere: [Elsewhere::Copy, Elsewhere::RemoteRead, Elsewhere::Forbid][elsewhere],
        efficiency: Ratio(efficiency),
    })
}

fn job() -> impl Strategy<Value = Job> {
    let gpus = prop_oneof![6 => 1_u32..=8, 3 => 1_u32..=40, 1 => 1_u32..=700, 1 => Just(u32::MAX)];
    let work = prop_oneof![10 => span(3_000), 10 => span(50_000), 1 => Just(Span::days(400))];
    let dataset = prop::option::weighted(0.7, (any::<u32>(), 0_u64..4, prop_oneof![Just(0_u64), 0..100_000_000_000_000_u64]));
    let patience = prop::option::of(prop_oneof![1 => Just(Span::ZERO), 2 => span(100_000)]);
    let pays = prop::option::of(prop_oneof![1 => Just(0_i64), 4 => 0_i64..60_000_000]);
    let elastic = prop::option::of((1_u32..=12, 1_u32..=60, prop_oneof![Just(0_u64), 0..=1_000_000_u64]));
    let who = (instant(), any::<u32>(), any::<u32>(), elastic);
    (who, gpus, work, prop_oneof![Just(256_u64), 0_u64..1024], prop::option::of(-5_i32..5), dataset, patience, pays).prop_map(
        |((submit, class, tenant, elastic), gpus, work, estimate, priority, dataset, patience, pays)| Job {
            submit,
            class,
            tenant,
            gpus,
            elastic: elastic.map(|(min, max, serial)| Elastic { min, max: min.max(max), serial: Ratio(serial) }),
            work,
            estimate,
            priority,
            dataset,
            patience,
            pays_up_to: pays.map(Money),
        },
    )
}

/// Puts classes, tenants and data into a model and returns its jobs.
pub fn add(model: &mut Model, parts: Parts, on: Switches, length: Span) -> Vec<JobSpec> {
    for (index, (speed, class)) in parts.classes.into_iter().enumerate() {
        let speed = model.chips.ids().map(|chip| speed[chip.0 as usize]).collect();
        model.classes.push(only(Class { name: format!("class-{index}"), speed, ..class }, on));
    }
    let mut first = 0;
    for (index, (affiliates, group)) in parts.groups.into_iter().enumerate() {
        let affiliates = model.sites.ids().filter(|site| affiliates >> site.0 & 1 == 1).collect::<Vec<SiteId>>();
        let region = fold(group.region.0, &model.regions);
        let group = TenantGroup { name: format!("tenant-{index}"), region, first: TenantId(first), affiliates, ..group };
        first += group.count;
        model.tenants.push(group);
    }
    for (index, data) in parts.data.into_iter().enumerate() {
        model.data.push(DataClass { name: format!("data-{index}"), ..data });
    }
    for (index, (price, chips)) in parts.outside.into_iter().enumerate().filter(|_| on.on(Feature::Demand)) {
        let chips: IdSet<ChipId> = super::chosen(chips, model.chips.len());
        model.outside.push(Outside { name: format!("outside-{index}"), price, chips });
    }
    let mut jobs: Vec<JobSpec> = parts.jobs.into_iter().map(|job| job.of(model, on, length)).collect();
    jobs.sort_by_key(|job| job.submit);
    for (number, job) in jobs.iter_mut().enumerate() {
        job.source_id = number as u64;
    }
    jobs
}

/// Takes from a class what is switched off.
fn only(mut class: Class, on: Switches) -> Class {
    if !on.on(Feature::Spread) {
        class.spread.clear();
    }
    if !on.on(Feature::Split) {
        class.split.clear();
    }
    if !on.on(Feature::Checkpoints) {
        class.checkpoint = None;
    }
    if !on.on(Feature::Overhead) {
        class.start_overhead = Span::ZERO;
        class.lost_when_preempted.clear();
    }
    if !on.on(Feature::Latency) {
        (class.one_way_max, class.rtt_max) = (None, None);
    }
    class.kill_at_estimate &= on.on(Feature::Kill);
    class
}

impl Job {
    fn of(self, model: &Model, on: Switches, length: Span) -> JobSpec {
        let class: ClassId = fold(self.class, &model.classes);
        let of_class = &model.classes[class];
        let submit = at(length, self.submit);
        let wrong = Span((u128::from(self.work.0) * u128::from(self.estimate) / 256) as u64);
        let times_work = of_class.deadline_times_work.map(|times| Span(times.of(self.work.0)));
        let due = times_work.into_iter().chain(of_class.deadline).min();
        let dataset = self.dataset.filter(|_| on.on(Feature::Data));
        JobSpec {
            workload: WorkloadId(0),
            submit,
            class,
            tenant: TenantId(self.tenant % model.tenant_count()),
            gpus: Gpus(self.gpus),
            elastic: self.elastic.filter(|_| on.on(Feature::Elastic)).map(|elastic| elastic.around(self.gpus)),
            work: self.work,
            estimate: if on.on(Feature::WrongEstimates) { wrong } else { self.work },
            priority: self.priority.unwrap_or(of_class.priority),
            // One key is of one class and size, as a source of jobs sees to it.
            dataset: dataset.map(|(data, key, bytes)| {
                let data: DataId = fold(data, &model.data);
                DatasetSpec { data, key: key * 16 + u64::from(data.0), bytes: Bytes(bytes) }
            }),
            patience: self.patience.filter(|_| on.on(Feature::Patience)),
            pays_up_to: self.pays_up_to.filter(|_| on.on(Feature::Demand)),
            deadline: due.map(|due| submit + due).filter(|due| *due != Time::NEVER),
            recorded: Outcome::Completed,
            source_id: 0,
        }
    }
}
