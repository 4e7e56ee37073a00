//! The largest expected subsidy.

use super::place::wait;
use crate::model::JobId;
use crate::policy::{PartInfo, PartKind, Plan, View};
use crate::world::Candidate;

pub(super) static SUBSIDY_GREEDY: PartInfo = PartInfo {
    name: "subsidy-greedy",
    kind: PartKind::Place,
    summary: "the largest subsidy that a start now is expected to earn the tenant, its own and what the site passes on",
    parameters: &[wait(4.0)],
    citation: "rent seeking; Tullock 1967, \"The welfare costs of tariffs, monopolies, and theft\"",
    notes: "looks at every subsidy that might apply to every candidate; takes a dear pool for a large subsidy, as subsidies are shares of prices",
    tested: &["it::placing::the_largest_subsidy_is_taken_whatever_it_costs"],
    oracle: false,
};

/// Returns the cost of a candidate: less for a larger subsidy.
pub(super) fn cost(view: View<'_>, plan: &Plan<'_>, job: JobId, candidate: &Candidate) -> i64 {
    -plan.expected_subsidy(job, candidate, &view.quote(job, candidate)).0
}
