//! Joining the shortest queue.

use crate::base::random::Stream;
use crate::model::{JobId, PoolId};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View};

pub(super) static SHORTEST_QUEUE: PartInfo = PartInfo {
    name: "shortest-queue",
    kind: PartKind::Place,
    summary: "the pool with the fewest jobs, waiting and running; ties by chance",
    parameters: &[Parameter {
        name: "wait_h",
        default: 1e6,
        range: (0.0, 1e6),
        summary: "hours that a job may be expected to wait longer than at the pool with the shortest wait (binding at submission)",
        words: &[],
    }],
    citation: "Haight 1958, \"Two queues in parallel\"; Winston 1977, \"Optimality of the shortest line discipline\"",
    notes: "counts jobs, not their work; looks at every candidate pool of a job",
    tested: &["it::known_answers::stochastic_cases_come_out_within_five_per_cent"],
    oracle: false,
};

/// The chance that breaks ties takes the low bits of a cost.
const TIE_BITS: u32 = 20;

/// Returns the cost of a pool for one job.
pub(super) fn cost(chance: Stream, view: View<'_>, plan: &Plan<'_>, job: JobId, pool: PoolId) -> i64 {
    let jobs = plan.load_besides(job, pool).queued + plan.running(pool);
    let tie = chance.at(view.job(job).number << TIE_BITS | u64::from(pool.0)).bits() >> (64 - TIE_BITS);
    i64::try_from(jobs << TIE_BITS | tie).unwrap_or(i64::MAX)
}
