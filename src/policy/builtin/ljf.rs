//! Longest job first.

use crate::model::JobId;
use crate::policy::{PartInfo, PartKind, View};

pub(super) static LJF: PartInfo = PartInfo {
    name: "ljf",
    kind: PartKind::Order,
    summary: "longest job first, by estimate",
    parameters: &[],
    citation: "Graham 1969, \"Bounds on multiprocessing timing anomalies\" (LPT)",
    notes: "logarithmic in the queue; balances the ends of parallel machines, at the price of every short job's wait",
    tested: &["engine::tests::orders::orders_of_length_and_area_give_the_hand_worked_schedule"],
    oracle: false,
};

/// Returns the key of a job: smaller goes first.
pub(super) fn key(view: View<'_>, job: JobId) -> i64 {
    -i64::try_from(view.estimate(job).0).unwrap_or(i64::MAX)
}
