//! What a unit of IT power means at a site, over time: metered energy, cost and carbon.

use super::curve::Curve;
use super::exact::Exact;
use crate::base::{Ratio, Time};
use std::sync::Arc;

/// The rates of one site over the whole run. A change of its settings begins a new epoch; older ones stay, so that what a job used
/// before the change is settled at the rates of that time.
#[derive(Clone, Debug)]
pub(super) struct SiteRates {
    epochs: Vec<Epoch>,
}

/// Settings that hold from an instant on.
#[derive(Clone, Debug)]
struct Epoch {
    from: Time,
    /// Integrals from the start of the run to `from`.
    before: Factors,
    terms: Terms,
}

/// What turns IT power into metered energy, money and carbon.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) pue: Ratio,
    /// Contracted green share of the energy, at most one.
    pub(super) green_share: Ratio,
    /// Micro-yuan per kWh.
    pub(super) price: Arc<Curve>,
    /// Milligrams of CO₂ per kWh.
    pub(super) carbon: Arc<Curve>,
}

/// Rates per unit of IT power at an instant, or their integrals over µs: PUE; PUE × price; PUE × carbon; PUE × carbon × what is not
/// green. Shares and PUE are in millionths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Factors {
    pub(super) energy: i128,
    pub(super) cost: i128,
    pub(super) location: i128,
    pub(super) market: i128,
}

/// Exact amounts: energy in mJ; cost in micro-yuan × mJ per kWh; carbon in mg × mJ per kWh, by market in millionths of that.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Amounts {
    pub(super) energy: Exact,
    pub(super) cost: Exact,
    pub(super) location: Exact,
    pub(super) market: Exact,
}

impl Terms {
    fn factors(&self, duration_us: i128, price: i128, carbon: i128) -> Factors {
        let pue = i128::from(self.pue.0);
        let bought = i128::from(Ratio::SCALE.saturating_sub(self.green_share.0));
        // Saturation never shows: what is so large does not fit the result either.
        let location = pue.saturating_mul(carbon);
        Factors { energy: pue.saturating_mul(duration_us), cost: pue.saturating_mul(price), location, market: location.saturating_mul(bought) }
    }
    fn integrals(&self, from: Time, to: Time) -> Factors {
        self.factors(i128::from(to.0) - i128::from(from.0), self.price.integral(from, to), self.carbon.integral(from, to))
    }
}

impl SiteRates {
    pub(super) fn new(terms: Terms) -> Self {
        Self { epochs: vec![Epoch { from: Time::ZERO, before: Factors::default(), terms }] }
    }
    /// Returns what holds now.
    pub(super) fn terms(&self) -> &Terms {
        &self.epochs[self.epochs.len() - 1].terms
    }
    /// Replaces the settings from `now` on; `now` never goes back.
    pub(super) fn change(&mut self, now: Time, terms: Terms) {
        let before = self.integrals_to(now);
        if self.epochs[self.epochs.len() - 1].from == now {
            self.epochs.pop();
        }
        self.epochs.push(Epoch { from: now, before, terms });
    }
    /// Returns the rates at an instant of the current epoch.
    pub(super) fn factors_at(&self, at: Time) -> Factors {
        let terms = self.terms();
        terms.factors(1, i128::from(terms.price.value_at(at)), i128::from(terms.carbon.value_at(at)))
    }
    /// Returns the first instant after `at` at which price or carbon change, if no setting does.
    pub(super) fn next_step_after(&self, at: Time) -> Time {
        let terms = self.terms();
        terms.price.next_step_after(at).min(terms.carbon.next_step_after(at))
    }
    /// Returns the integrals from `from` to `to`, over all epochs between. *O*(log epochs + log steps).
    pub(super) fn integrals(&self, from: Time, to: Time) -> Factors {
        let last = &self.epochs[self.epochs.len() - 1];
        if from >= last.from {
            return last.terms.integrals(from, to);
        }
        let (from, to) = (self.integrals_to(from), self.integrals_to(to));
        Factors { energy: to.energy - from.energy, cost: to.cost - from.cost, location: to.location - from.location, market: to.market - from.market }
    }
    fn integrals_to(&self, at: Time) -> Factors {
        let epoch = &self.epochs[self.epochs.partition_point(|epoch| epoch.from <= at) - 1];
        let inside = epoch.terms.integrals(epoch.from, at);
        Factors {
            energy: epoch.before.energy + inside.energy,
            cost: epoch.before.cost + inside.cost,
            location: epoch.before.location + inside.location,
            market: epoch.before.market + inside.market,
        }
    }
}

impl Amounts {
    /// Adds constant power (mW) over a time whose integrals are given.
    pub(super) fn add_power(&mut self, power_mw: u64, over: Factors) {
        let power = i128::from(power_mw);
        self.energy.add_product(power, over.energy);
        self.cost.add_product(power, over.cost);
        self.location.add_product(power, over.location);
        self.market.add_product(power, over.market);
    }
    /// Adds IT energy (mW·µs) that was used under constant rates.
    pub(super) fn add_work(&mut self, work: i128, at: Factors) {
        self.energy.add_product(at.energy, work);
        self.cost.add_product(at.cost, work);
        self.location.add_product(at.location, work);
        self.market.add_product(at.market, work);
    }
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            energy: self.energy.since(earlier.energy),
            cost: self.cost.since(earlier.cost),
            location: self.location.since(earlier.location),
            market: self.market.since(earlier.market),
        }
    }
}
