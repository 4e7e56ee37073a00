//! Smallest area first.

use crate::model::JobId;
use crate::policy::{PartInfo, PartKind, View};

pub(super) static SMALLEST_AREA: PartInfo = PartInfo {
    name: "smallest-area",
    kind: PartKind::Order,
    summary: "smallest estimate × GPUs first",
    parameters: &[],
    citation: "Carastan-Santos et al. 2019, \"One can only gain by replacing EASY backfilling\" (SAF)",
    notes: "logarithmic in the queue; trusts estimates; large long gangs may starve",
    tested: &["engine::tests::orders::orders_of_length_and_area_give_the_hand_worked_schedule"],
    oracle: false,
};

/// Returns the key of a job: smaller goes first.
pub(super) fn key(view: View<'_>, job: JobId) -> i64 {
    let attributes = view.job(job);
    i64::try_from(view.estimate(job).0.saturating_mul(u64::from(attributes.gpus))).unwrap_or(i64::MAX)
}
