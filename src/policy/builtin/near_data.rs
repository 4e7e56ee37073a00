//! Where the data is.

use super::place::wait;
use crate::model::{JobId, PolicyPart};
use crate::policy::{Parameter, PartInfo, PartKind, View, parameter};
use crate::world::Candidate;

pub(super) static NEAR_DATA: PartInfo = PartInfo {
    name: "near-data",
    kind: PartKind::Place,
    summary: "where moving or reading the dataset costs least (nothing where it is), then where it arrives first, then the nearest to home",
    parameters: &[
        wait(4.0),
        Parameter {
            name: "prefetch",
            default: 1.0,
            range: (0.0, 1.0),
            summary: "1: data moves as soon as a pool is chosen (binding at the start: reserved), 0: at the start",
            words: &[],
        },
    ],
    citation: "Ranganathan, Foster 2002, \"Decoupling computation and data scheduling in distributed data-intensive applications\"",
    notes: "a look at every candidate's route; crowds the sites that hold popular data; what is fetched ahead may be evicted before it is used",
    tested: &["it::placing::jobs_follow_their_data", "engine::placing_tests::data_moves_while_the_job_waits"],
    oracle: false,
};

/// Tells whether data moves ahead of the start.
pub(super) fn prefetches(part: &PolicyPart) -> bool {
    parameter(part, &NEAR_DATA, "prefetch") > 0.5
}

/// Returns the cost of a candidate: money for the data, then the time until it is there or what reading it from afar adds.
pub(super) fn cost(view: View<'_>, job: JobId, candidate: &Candidate) -> (i64, i64) {
    let quote = view.quote(job, candidate);
    let delay = quote.staging.0.saturating_add(candidate.one_way.0);
    (quote.transfer.0, i64::try_from(delay).unwrap_or(i64::MAX))
}
