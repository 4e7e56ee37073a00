//! The models: what a case's parameters mean as a scenario, one family a file.

mod backfilling;
mod breakdowns;
mod checkpoints;
mod demand;
mod metrics;
mod queues;
mod quotas;
mod sharing;
mod statistics;
mod subsidies;
mod tariffs;
mod trace;
mod transfers;

use super::Origin;
use super::case::{Case, Problem};
use super::judge::{Effort, Line};

/// Runs a case of any model.
pub(super) fn run(case: &Case, origin: &Origin, effort: Effort) -> Result<Vec<Line>, Problem> {
    match case.model.as_str() {
        "mm1"
        | "mmc"
        | "mg1"
        | "mdc"
        | "dm1"
        | "batch-arrivals"
        | "mginf"
        | "mmck"
        | "erlang-b"
        | "mgcc-loss"
        | "gang-loss"
        | "priority"
        | "priority-mmc"
        | "preemptive-priority"
        | "preemptive-priority-mmc"
        | "sjf"
        | "srpt"
        | "las"
        | "lcfs-preemptive"
        | "erlang-a"
        | "gang-queue"
        | "gang-saturation"
        | "join-shortest-queue" => queues::run(case, effort),
        "processor-sharing" | "weighted-sharing" => sharing::run(case, effort),
        "breakdown-busy-resume" | "breakdown-anytime-resume" | "breakdown-restart" | "repair" => breakdowns::run(case, effort),
        "sinusoidal-infinite" => demand::sinusoidal(case, effort),
        "mminf-transient" => demand::transient(case, effort),
        "checkpointing" => checkpoints::random(case, effort),
        "scripted-failures" => checkpoints::scripted(case),
        "budget-exhaustion" => subsidies::exhaustion(case, effort),
        "subsidy-pool" => subsidies::pool(case),
        "backfilling" => backfilling::run(case),
        "cohort-quota" => quotas::run(case),
        "max-min" => transfers::max_min(case),
        "wan-then-run" => transfers::wan_then_run(case),
        "tariff-span" => tariffs::run(case),
        "metric-definitions" => metrics::run(case),
        "statistics" => statistics::run(case, origin),
        unknown => Err(Problem::UnknownModel(unknown.to_owned())),
    }
}
