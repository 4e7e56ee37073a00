//! A weighted sum of delay, money, carbon and load.

use super::place::{Offer, load_per_gpu, wait};
use crate::model::{JobId, PolicyPart};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};

pub(super) const fn weight(name: &'static str, summary: &'static str) -> Parameter {
    Parameter { name, default: 1.0, range: (0.0, 1e6), summary, words: &[] }
}
pub(super) const DELAY: Parameter = weight("delay", "weight of the expected time to the end: wait, transfer and run");
pub(super) const MONEY: Parameter = weight("money", "weight of the expected net cost to the tenant");
pub(super) const CARBON: Parameter = weight("carbon", "weight of the expected carbon by location");
pub(super) const LOAD: Parameter = weight("load", "weight of the outstanding work per GPU");

pub(super) static WEIGHTED: PartInfo = PartInfo {
    name: "weighted",
    kind: PartKind::Place,
    summary: "the least weighted sum of delay, money, carbon and load, each divided by its largest magnitude among the job's candidates",
    parameters: &[DELAY, MONEY, CARBON, LOAD, wait(1e6)],
    citation: "Hwang, Yoon 1981, Multiple Attribute Decision Making: simple additive weighting with linear normalisation",
    notes: "works all four out for every candidate; a criterion's scale depends on the worst candidate: one that nobody would take still shrinks it. \
            A weight says what a difference of the whole of the worst is worth; weights of 2 and 1 trade 1 % of the first for 2 % of the second",
    tested: &["it::placing::weights_trade_shares_of_the_worst"],
    oracle: false,
};

/// Parts of one in a score.
pub(super) const SCALE: f64 = (1_u64 << 40) as f64;

/// The weights, which add up to one unless all are zero.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    of: [f64; 4],
    /// The criteria of each candidate.
    values: Vec<[i64; 4]>,
}

impl Weights {
    pub(super) fn new(part: &PolicyPart, info: &PartInfo) -> Self {
        let given = [&DELAY, &MONEY, &CARBON, &LOAD].map(|weight| parameter(part, info, weight.name));
        let sum: f64 = given.iter().sum();
        Self { of: given.map(|weight| if sum > 0.0 { weight / sum } else { 0.0 }), values: Vec::new() }
    }
    /// Scores candidates from −1 to 1, in parts of [`SCALE`]. What has no weight is not worked out.
    pub(super) fn rate(&mut self, view: View<'_>, plan: &Plan<'_>, job: JobId, offers: &mut [Offer]) {
        self.values.clear();
        let mut largest = [0_u64; 4];
        for offer in offers.iter() {
            let values = self.criteria(view, plan, job, offer);
            for (largest, value) in largest.iter_mut().zip(values) {
                *largest = (*largest).max(value.unsigned_abs());
            }
            self.values.push(values);
        }
        for (offer, values) in offers.iter_mut().zip(&self.values) {
            let share = |at: usize| if largest[at] == 0 { 0.0 } else { values[at] as f64 / largest[at] as f64 };
            let score: f64 = (0..4).map(|at| self.of[at] * share(at)).sum();
            offer.cost = ((score * SCALE) as i64, 0);
        }
    }
    fn criteria(&self, view: View<'_>, plan: &Plan<'_>, job: JobId, offer: &Offer) -> [i64; 4] {
        let candidate = &offer.candidate;
        let [delay, money, carbon, load] = self.of.map(|weight| weight > 0.0);
        let clamp = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        [
            if delay { offer.time_to_end(view, job) } else { 0 },
            if money { plan.net_cost(job, candidate).0 } else { 0 },
            if carbon { clamp(view.expected_carbon_mg(job, candidate, false)) } else { 0 },
            if load { load_per_gpu(plan, job, candidate.pool) } else { 0 },
        ]
    }
}
