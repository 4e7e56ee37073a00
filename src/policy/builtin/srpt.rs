//! Shortest remaining processing time first.

use crate::model::JobId;
use crate::policy::{PartInfo, PartKind, View};

pub(super) static SRPT: PartInfo = PartInfo {
    name: "srpt",
    kind: PartKind::Order,
    summary: "shortest remaining work first, by the true work (an oracle); with `evict-lower` it preempts",
    parameters: &[],
    citation: "Schrage, Miller 1966, \"The queue M/G/1 with the shortest remaining processing time discipline\"",
    notes: "logarithmic in the queue; least mean time in the system on one server; long jobs may starve",
    tested: &["it::known_answers::stochastic_cases_come_out_within_five_per_cent"],
    oracle: true,
};

/// Returns the key of a job: smaller goes first.
pub(super) fn key(view: View<'_>, job: JobId) -> i64 {
    i64::try_from(view.true_remaining(job).0).unwrap_or(i64::MAX)
}
