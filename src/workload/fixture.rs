//! A small scenario for the tests of this room.

use crate::base::{Bandwidth, Column, Money, Ratio, Span};
use crate::model::{
    Arrivals, Calendar, Class, ClassId, DataClass, Drain, Elsewhere, Estimate, EvidenceCount, Gang, KindId, Law, Model, Network, OnFailure,
    PolicyChoice, Rate, RegionId, Shape, Stays, TenantGroup, TenantGroupId, TenantId, Workload,
};
use jiff::civil::datetime;

/// A model with classes `train` and `eval`, tenants `lab` (ten) and `clinic` (one), data `web`, and no fleet.
pub(super) fn model(workloads: Vec<Workload>) -> Model {
    let groups = [("lab", 10, 0), ("clinic", 1, 10)];
    let tenants = groups.iter().map(|&(name, count, first)| TenantGroup {
        name: name.to_owned(),
        region: RegionId(0),
        kind: KindId(0),
        count,
        first: TenantId(first),
        affiliates: Vec::new(),
        weight: Ratio::ONE,
    });
    let web = DataClass { name: "web".to_owned(), stays: Stays::Anywhere, elsewhere: Elsewhere::Copy, efficiency: Ratio::ONE };
    Model {
        title: "test".to_owned(),
        title_zh: None,
        scale: None,
        calendar: Calendar { start: datetime(2025, 6, 4, 6, 0, 0, 0), utc_offset_s: 8 * 3600 },
        horizon: Some(Span::days(28)),
        warmup: Span::ZERO,
        drain: Drain { until_idle: true, at_most: None },
        seed: 1,
        provinces: Column::new(),
        cities: Column::new(),
        hubs: Column::new(),
        kinds: Column::new(),
        governments: Column::new(),
        regions: Column::new(),
        chips: Column::new(),
        sites: Column::new(),
        pools: Column::new(),
        tariffs: Column::new(),
        grids: Column::new(),
        network: network(),
        data: [web].into_iter().collect(),
        classes: [class("train"), class("eval")].into_iter().collect(),
        tenants: tenants.collect(),
        workloads: workloads.into_iter().collect(),
        outside: Column::new(),
        quotas: Column::new(),
        access: Column::new(),
        subsidies: Column::new(),
        stacks: Column::new(),
        levies: Column::new(),
        failures: Column::new(),
        changes: Vec::new(),
        policy: PolicyChoice::default(),
        schedulers: Column::new(),
        evidence: EvidenceCount::default(),
    }
}

fn network() -> Network {
    Network {
        nodes: Column::new(),
        links: Column::new(),
        route_factor: Ratio::ONE,
        equipment_rtt: Span::ZERO,
        default_bandwidth: Bandwidth(1_000_000_000),
        default_price: Money::ZERO,
    }
}

fn class(name: &str) -> Class {
    Class {
        name: name.to_owned(),
        speed: Column::new(),
        spread: Vec::new(),
        split: Vec::new(),
        checkpoint: None,
        on_failure: OnFailure::Resume,
        start_overhead: Span::ZERO,
        lost_when_preempted: Vec::new(),
        transfer_weight: Ratio::ONE,
        transfer_rate_max: None,
        one_way_max: None,
        rtt_max: None,
        priority: 3,
        deadline_times_work: None,
        deadline: None,
        kill_at_estimate: false,
    }
}

/// A workload of class `train` by tenants `lab`, with the canonical gangs and durations.
pub(super) fn workload(name: &str, arrivals: Arrivals) -> Workload {
    Workload {
        name: name.to_owned(),
        class: ClassId(0),
        tenants: vec![(TenantGroupId(0), 1.0)],
        arrivals,
        gpus: Gang::Weighted(vec![(1, 0.40), (2, 0.20), (4, 0.15), (8, 0.15), (16, 0.06), (32, 0.04)]),
        elastic: None,
        work: Law { shape: Shape::LogNormal { mu: 6.396_929_655_216_146, sigma: 1.5 }, min: Some(1.0), max: None },
        estimate: Estimate::Exact,
        dataset: None,
        patience: None,
        pays_up_to: None,
        priority: None,
    }
}

/// A Poisson process of constant rate, one job at a time.
pub(super) fn poisson(mean_per_s: f64) -> Arrivals {
    Arrivals::Poisson { rate: Rate { mean_per_s, sine: None, by_hour: None, by_weekday: None }, batch: Gang::Fixed(1) }
}
