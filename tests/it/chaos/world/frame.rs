//! The frame of a run: calendar, horizon, warm-up, drain.

use super::{Feature, Switches, span};
use edwc::base::{Bandwidth, Column, Money, Ratio, Span};
use edwc::model::{Calendar, Drain, EvidenceCount, Model, Network, PolicyChoice};
use jiff::civil::DateTime;
use proptest::prelude::*;

/// Where and how long a run goes.
#[derive(Clone, Debug)]
pub struct Frame {
    start: DateTime,
    /// The horizon; given to the model, or left to the last job as with a trace.
    horizon: Span,
    has_horizon: bool,
    /// Share of the horizon that is warm-up, in 64ths.
    warmup: u64,
    drain: Drain,
    network: Network,
}

impl Frame {
    /// Returns how long jobs are submitted, whether or not the model says so.
    pub fn length(&self) -> Span {
        self.horizon
    }
}

pub fn parts() -> impl Strategy<Value = Frame> {
    // Starts shortly before the ends of periods of every kind, so that runs of days cross them.
    let starts = prop_oneof![
        Just(jiff::civil::datetime(2025, 6, 2, 0, 0, 0, 0)),
        Just(jiff::civil::datetime(2025, 12, 30, 21, 30, 0, 0)),
        Just(jiff::civil::datetime(2024, 2, 28, 23, 59, 59, 0)),
    ];
    let horizons = prop_oneof![3 => (1_u64..=72).prop_map(Span::hours), 1 => (1_u64..=200_000_000_000).prop_map(Span)];
    let drain = (any::<bool>(), prop::option::weighted(0.7, span(400_000))).prop_map(|(until_idle, at_most)| Drain { until_idle, at_most });
    (starts, horizons, prop::bool::weighted(0.8), 0_u64..64, drain, network())
        .prop_map(|(start, horizon, has_horizon, warmup, drain, network)| Frame { start, horizon, has_horizon, warmup, drain, network })
}

fn network() -> impl Strategy<Value = Network> {
    (1_000_000_u64..4_000_000, 0_u64..5_000, prop_oneof![Just(1_000_u64), 1_000_000..100_000_000_000_u64], 0_i64..3_000_000).prop_map(
        |(factor, equipment, bandwidth, price)| Network {
            nodes: Column::new(),
            links: Column::new(),
            route_factor: Ratio(factor),
            equipment_rtt: Span(equipment),
            default_bandwidth: Bandwidth(bandwidth),
            default_price: Money(price),
        },
    )
}

/// Makes a model that has nothing yet.
pub fn empty(frame: &Frame, on: Switches) -> Model {
    let mut network = frame.network.clone();
    if !on.on(Feature::Money) {
        network.default_price = Money::ZERO;
    }
    // Without a horizon nothing else bounds a job that never gets through.
    let at_most = frame.drain.at_most.or((!frame.has_horizon).then_some(Span::days(40)));
    let warmup = if on.on(Feature::WarmUp) && frame.has_horizon { Span(frame.horizon.0 / 64 * frame.warmup) } else { Span::ZERO };
    Model {
        title: "chaos".into(),
        title_zh: None,
        scale: None,
        calendar: Calendar { start: frame.start, utc_offset_s: 8 * 3600 },
        horizon: frame.has_horizon.then_some(frame.horizon),
        warmup,
        drain: Drain { at_most, ..frame.drain },
        seed: 1,
        provinces: ["west", "east"].map(str::to_owned).into_iter().collect(),
        cities: ["one", "two", "three"].map(str::to_owned).into_iter().collect(),
        hubs: Column::new(),
        kinds: ["any".to_owned()].into_iter().collect(),
        governments: Column::new(),
        regions: Column::new(),
        chips: Column::new(),
        sites: Column::new(),
        pools: Column::new(),
        tariffs: Column::new(),
        grids: Column::new(),
        network,
        data: Column::new(),
        classes: Column::new(),
        tenants: Column::new(),
        workloads: Column::new(),
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
