//! The order F1, which was fitted to simulations.

use super::formulas::{LEAST_S, ordered, terms};
use crate::model::JobId;
use crate::policy::{PartInfo, PartKind, View};

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

/// Returns the key of a job under F1: smaller goes first.
pub(super) fn key(view: View<'_>, job: JobId) -> i64 {
    let (_, estimate, gpus) = terms(view, job);
    let submitted = view.job(job).submit.as_secs_f64().max(LEAST_S);
    ordered(libm::log10(estimate) * gpus + 870.0 * libm::log10(submitted))
}
