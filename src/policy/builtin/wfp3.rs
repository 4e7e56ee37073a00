//! The order WFP3: waiting time for the estimate, cubed, times GPUs.

use super::formulas::{ordered, terms};
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

/// Returns the key of a job under WFP3: smaller goes first.
pub(super) fn key(view: View<'_>, job: JobId) -> i64 {
    let (waited, estimate, gpus) = terms(view, job);
    let ratio = waited / estimate;
    ordered(-(ratio * ratio * ratio * gpus))
}
