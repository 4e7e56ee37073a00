//! Orders by formulas of waiting time, estimate and size, which studies of learnt policies compare with.

use crate::model::JobId;
use crate::policy::{PartInfo, PartKind, View};

pub(super) static WFP3: PartInfo = PartInfo {
    name: "wfp3",
    kind: PartKind::Order,
    summary: "largest (waiting time ÷ estimate)³ × GPUs first",
    parameters: &[],
    citation: "Tang et al. 2009, \"Fault-aware, utility-based job scheduling on Blue Gene/P systems\"",
    notes: "sorts the queue at every pass, as ranks move with time. Waiting time is that of the job so far; the columns published with RLScheduler \
            (Zhang et al. 2020) take the time of a start that has not happened (-1) and so rank by submission: they are not to be compared with",
    tested: &["engine::tests::orders::formulas_of_waiting_give_the_hand_worked_schedule"],
    oracle: false,
};

pub(super) static UNICEP: PartInfo = PartInfo {
    name: "unicep",
    kind: PartKind::Order,
    summary: "largest waiting time ÷ (log₂ of GPUs × estimate) first; jobs of one GPU go before all others",
    parameters: &[],
    citation: "Tang et al. 2009, \"Fault-aware, utility-based job scheduling on Blue Gene/P systems\"",
    notes: "sorts the queue at every pass, as ranks move with time; large gangs may starve. As for `wfp3`, RLScheduler's columns have the wrong waiting time",
    tested: &["engine::tests::orders::formulas_of_waiting_give_the_hand_worked_schedule"],
    oracle: false,
};

pub(super) static F1: PartInfo = PartInfo {
    name: "f1",
    kind: PartKind::Order,
    summary: "smallest log₁₀ of the estimate × GPUs + 870 × log₁₀ of the time of submission first, in seconds since the start",
    parameters: &[],
    citation: "Carastan-Santos, de Camargo 2017, \"Obtaining dynamic scheduling policies with simulation and machine learning\"",
    notes: "logarithmic in the queue; the weight of submission was fitted to logs of some days: in later weeks it is all but first come first served",
    tested: &["engine::tests::orders::formulas_of_waiting_give_the_hand_worked_schedule"],
    oracle: false,
};

/// The least estimate and time of submission that formulas divide by or take the logarithm of, in seconds.
const LEAST_S: f64 = 1.0;

/// Returns the key of a job under WFP3: smaller goes first.
pub(super) fn wfp3_key(view: View<'_>, job: JobId) -> i64 {
    let (waited, estimate, gpus) = terms(view, job);
    let ratio = waited / estimate;
    ordered(-(ratio * ratio * ratio * gpus))
}
/// Returns the key of a job under UNICEP: smaller goes first.
pub(super) fn unicep_key(view: View<'_>, job: JobId) -> i64 {
    let (waited, estimate, gpus) = terms(view, job);
    let share = waited / estimate;
    // The logarithm of one is zero: what is divided by it is beyond any other, and by waiting time among its like.
    ordered(if gpus > 1.0 { -share / libm::log2(gpus) } else { -1e200 * (1.0 + share) })
}
/// Returns the key of a job under F1: smaller goes first.
pub(super) fn f1_key(view: View<'_>, job: JobId) -> i64 {
    let (_, estimate, gpus) = terms(view, job);
    let submitted = view.job(job).submit.as_secs_f64().max(LEAST_S);
    ordered(libm::log10(estimate) * gpus + 870.0 * libm::log10(submitted))
}

fn terms(view: View<'_>, job: JobId) -> (f64, f64, f64) {
    let attributes = view.job(job);
    let waited = view.now().saturating_since(attributes.submit).as_secs_f64();
    (waited, view.estimate(job).as_secs_f64().max(LEAST_S), f64::from(attributes.gpus))
}
/// Maps numbers to integers in the same order.
fn ordered(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ ((bits >> 63) & i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_in_the_order_of_their_numbers() {
        let numbers = [f64::NEG_INFINITY, -1e200, -2.5, -1e-300, 0.0, 1e-300, 1.0, 1e9, f64::INFINITY];
        assert!(numbers.is_sorted_by_key(|number| ordered(*number)));
        assert!(numbers.windows(2).all(|pair| ordered(pair[0]) < ordered(pair[1])));
    }
}
