//! EASY whose candidates are tried shortest first.

use super::order::Waiting;
use crate::policy::{PartInfo, PartKind, View};

pub(super) static EASY_SJBF: PartInfo = PartInfo {
    name: "easy-sjbf",
    kind: PartKind::Backfill,
    summary: "EASY, with those who may pass tried in order of their estimates rather than in queue order",
    parameters: &[],
    citation: "Tsafrir, Etsion, Feitelson 2007, \"Backfilling using system-generated predictions rather than user runtime estimates\"",
    notes: "walks those who may pass at every end and sorts them; fewer long waits than EASY where estimates are good",
    tested: &["engine::tests::the_shortest_candidate_passes_first", "it::published::lublin_is_exact"],
    oracle: false,
};

/// Sorts jobs by estimate; those with the same stay in queue order.
pub(super) fn shortest_first(view: View<'_>, jobs: &mut [Waiting]) {
    jobs.sort_unstable_by_key(|waiting| (view.estimate(waiting.job), waiting.place));
}
