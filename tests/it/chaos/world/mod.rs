//! Random scenarios by swarm testing: each feature is on or off by chance, so that no feature hides the bugs of another
//! (Groce et al. 2012, "Swarm testing").
//!
//! Parts are drawn apart from each other, with ids that are any number; [`assemble`] folds the ids into range. A part is therefore never thrown
//! away because of another, and a failing world shrinks by parts: features go off, lists get shorter, numbers get smaller.

mod demand;
mod fleet;
mod frame;
mod plain;
mod rules;
mod turmoil;

pub use plain::{add_site, plain};

use edwc::base::{Column, Id, Span, Time};
use edwc::model::{IdSet, JobSpec, Model};
use proptest::prelude::*;
use std::fmt;

/// A scenario with the jobs that it is given.
#[derive(Clone)]
pub struct World {
    /// The scenario.
    pub model: Model,
    /// The jobs in order of submission.
    pub jobs: Vec<JobSpec>,
    /// What random policies and failures draw from.
    pub seed: u64,
}

/// Which features a world has.
#[derive(Clone, Copy, Debug)]
struct Switches([bool; Feature::COUNT]);

/// A feature that a world may lack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Feature {
    Spread,
    Split,
    Checkpoints,
    Overhead,
    Latency,
    Kill,
    Data,
    Caches,
    Links,
    Quotas,
    HourCaps,
    EnergyCaps,
    Domestic,
    Access,
    Subsidies,
    Levies,
    Money,
    Power,
    PowerLimits,
    Reserved,
    Admission,
    Failures,
    Outages,
    Changes,
    Demand,
    Patience,
    WrongEstimates,
    WarmUp,
    Elastic,
}

impl Feature {
    const COUNT: usize = Self::Elastic as usize + 1;
}

impl Switches {
    fn on(self, feature: Feature) -> bool {
        self.0[feature as usize]
    }
}

/// Draws a world of any features.
pub fn worlds() -> impl Strategy<Value = World> {
    (
        any::<[bool; Feature::COUNT]>(),
        fleet::parts(),
        demand::parts(),
        rules::parts(),
        turmoil::parts(),
        frame::parts(),
        any::<u64>(),
    )
        .prop_map(|(switches, fleet, demand, rules, turmoil, frame, seed)| assemble(Switches(switches), fleet, demand, rules, turmoil, &frame, seed))
}

fn assemble(
    on: Switches,
    fleet: fleet::Parts,
    demand: demand::Parts,
    rules: rules::Parts,
    turmoil: turmoil::Parts,
    frame: &frame::Frame,
    seed: u64,
) -> World {
    let mut model = frame::empty(frame, on);
    fleet::add(&mut model, fleet, on);
    let jobs = demand::add(&mut model, demand, on, frame.length());
    rules::add(&mut model, rules, on, frame.length());
    turmoil::add(&mut model, turmoil, on, frame.length());
    World { model, jobs, seed }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        writeln!(f, "{:#?}", self.model)?;
        self.jobs.iter().try_for_each(|job| writeln!(f, "{job:?}"))
    }
}

/// Folds any number into an id of a column that is not empty.
fn fold<I: Id, T>(raw: u32, column: &Column<I, T>) -> I {
    I::from_index(raw as usize % column.len())
}
/// Makes the set of those of so many ids whose bit is set; every id if none is.
fn chosen<I: Id>(bits: u32, count: usize) -> IdSet<I> {
    let set: IdSet<I> = (0..count).filter(|index| bits >> (index % 32) & 1 == 1).map(I::from_index).collect();
    if set.is_empty() { IdSet::all(count) } else { set }
}

/// Draws a time between nothing and so many seconds: often whole seconds, so that events coincide, and often nothing at all.
fn span(seconds: u64) -> impl Strategy<Value = Span> {
    prop_oneof![
        1 => Just(Span::ZERO),
        6 => (0..=seconds).prop_map(Span::seconds),
        2 => (0..=seconds * 1_000_000).prop_map(Span),
    ]
}
/// Draws a time that is not nothing.
fn positive_span(seconds: u64) -> impl Strategy<Value = Span> {
    span(seconds).prop_map(|span| if span == Span::ZERO { Span(1) } else { span })
}
/// Draws an instant of a run, as 1024ths of its length: bursts at one instant are as likely as anything else.
fn instant() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0), 2 => (0_u64..=8).prop_map(|eighth| eighth * 128), 3 => 0_u64..=1024]
}
fn at(length: Span, instant: u64) -> Time {
    Time((u128::from(length.0) * u128::from(instant) / 1024) as u64)
}
