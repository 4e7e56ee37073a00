//! The order UNICEP: waiting time for the estimate and the logarithm of GPUs.

use super::formulas::{ordered, terms};
use crate::model::JobId;
use crate::policy::{PartInfo, PartKind, View};

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

/// Returns the key of a job under UNICEP: smaller goes first.
pub(super) fn key(view: View<'_>, job: JobId) -> i64 {
    let (waited, estimate, gpus) = terms(view, job);
    let share = waited / estimate;
    // The logarithm of one is zero: what is divided by it is beyond any other, and by waiting time among its like.
    ordered(if gpus > 1.0 { -share / libm::log2(gpus) } else { -1e200 * (1.0 + share) })
}
