//! Last come first served.

use crate::model::JobId;
use crate::policy::{PartInfo, PartKind, View};

pub(super) static LCFS: PartInfo = PartInfo {
    name: "lcfs",
    kind: PartKind::Order,
    summary: "last come first served, by submission; with `evict-lower` it preempts",
    parameters: &[],
    citation: "Kleinrock 1976, Queueing Systems vol. 2, section 4.4",
    notes: "logarithmic in the queue; old jobs may starve; preempting, its mean depends on the mean work alone",
    tested: &["it::known_answers::stochastic_cases_come_out_within_five_per_cent"],
    oracle: false,
};

/// Returns the key of a job: smaller goes first.
pub(super) fn key(view: View<'_>, job: JobId) -> i64 {
    -i64::try_from(view.job(job).number).unwrap_or(i64::MAX)
}
