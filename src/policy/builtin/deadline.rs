//! Earliest deadline first.

use crate::model::JobId;
use crate::policy::{PartInfo, PartKind, View};

pub(super) static DEADLINE: PartInfo = PartInfo {
    name: "deadline",
    kind: PartKind::Order,
    summary: "earliest deadline first, those without one last; a class gives deadlines (`deadline`)",
    parameters: &[],
    citation: "Liu, Layland 1973, \"Scheduling algorithms for multiprogramming in a hard-real-time environment\"",
    notes: "logarithmic in the queue; knows nothing of work: where too much is due, most of it is late; with `evict-lower` it preempts",
    tested: &["engine::tests::orders::the_earliest_deadline_goes_first"],
    oracle: false,
};

/// Returns the key of a job: smaller goes first.
pub(super) fn key(view: View<'_>, job: JobId) -> i64 {
    i64::try_from(view.job(job).deadline.0).unwrap_or(i64::MAX)
}
