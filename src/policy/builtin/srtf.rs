//! Shortest remaining time, or service, first.

use crate::model::JobId;
use crate::policy::{PartInfo, PartKind, View};

pub(super) static SRTF: PartInfo = PartInfo {
    name: "srtf",
    kind: PartKind::Order,
    summary: "shortest remaining work first, by estimate; with `evict-lower` or `rounds` it preempts",
    parameters: &[],
    citation: "Schrage, Miller 1966, \"The queue M/G/1 with the shortest remaining processing time discipline\"; Zhao et al. 2022 (Muri)",
    notes: "logarithmic in the queue; a job that outlives its estimate goes before all others; long jobs may starve",
    tested: &["engine::tests::orders::orders_of_length_and_area_give_the_hand_worked_schedule", "it::published::muri_is_exact"],
    oracle: false,
};

pub(super) static SRSF: PartInfo = PartInfo {
    name: "srsf",
    kind: PartKind::Order,
    summary: "shortest remaining work × GPUs first, by estimate; with `evict-lower` or `rounds` it preempts",
    parameters: &[],
    citation: "Gu et al. 2019, \"Tiresias: a GPU cluster manager for distributed deep learning\"; Zhao et al. 2022 (Muri)",
    notes: "logarithmic in the queue; a job that outlives its estimate goes before all others; large long gangs may starve",
    tested: &["engine::tests::orders::orders_of_length_and_area_give_the_hand_worked_schedule", "it::published::muri_is_exact"],
    oracle: false,
};

/// Returns the key of a job by time: smaller goes first.
pub(super) fn key(view: View<'_>, job: JobId) -> i64 {
    i64::try_from(remaining(view, job)).unwrap_or(i64::MAX)
}
/// Returns the key of a job by service: smaller goes first.
pub(super) fn key_by_service(view: View<'_>, job: JobId) -> i64 {
    i64::try_from(remaining(view, job).saturating_mul(u64::from(view.job(job).gpus))).unwrap_or(i64::MAX)
}
fn remaining(view: View<'_>, job: JobId) -> u64 {
    view.estimate(job).saturating_sub(view.attained(job)).0
}
