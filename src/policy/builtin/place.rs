//! Where a job goes.
//!
//! Each part gives a candidate pool a cost. When jobs are bound at submission, the cost decides among the pools whose expected wait is at most
//! `wait_h` longer than the shortest: a cheaper pool is worth so much waiting, not more. When jobs are bound at their start, it decides among the
//! pools where the job fits now.

use super::shortest_queue;
use crate::base::random::{Seed, Stream};
use crate::base::time::MICROS_PER_HOUR;
use crate::model::{JobId, PolicyPart, PoolId};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};
use crate::world::Candidate;

const fn wait(default: f64) -> Parameter {
    Parameter {
        name: "wait_h",
        default,
        range: (0.0, 1e6),
        summary: "hours that a job may be expected to wait longer than at the pool with the shortest wait (binding at submission)",
        words: &[],
    }
}

macro_rules! place_part {
    ($name:ident, $text:literal, $summary:literal, [$($parameter:expr),*], $citation:literal, $notes:literal) => {
        pub(super) static $name: PartInfo = PartInfo {
            name: $text,
            kind: PartKind::Place,
            summary: $summary,
            parameters: &[$($parameter),*],
            citation: $citation,
            notes: $notes,
            tested: &["it::chaos::builtin::no_world_breaks_under_a_built_in_policy"],
            oracle: false,
        };
    };
}

place_part!(
    FIRST_FIT,
    "first-fit",
    "the first pool in file order",
    [wait(0.0)],
    "Johnson 1973, \"Near-optimal bin packing algorithms\"",
    "fills the first pools of the file, whatever they cost"
);
place_part!(
    BEST_FIT,
    "best-fit",
    "the pool that has the fewest GPUs left over",
    [wait(0.0)],
    "Johnson 1973, \"Near-optimal bin packing algorithms\"",
    "keeps large pools whole for large gangs"
);
place_part!(
    LEAST_LOADED,
    "least-loaded",
    "the pool with the least outstanding work per GPU, by estimate",
    [wait(1e6)],
    "Azar, Broder, Karlin, Upfal 1999, \"Balanced allocations\"",
    "knows nothing of money, carbon or distance"
);
place_part!(
    LOCAL_FIRST,
    "local-first",
    "the tenant's own city, then its province, then by distance",
    [wait(1e6)],
    "the practice that the programme wants to change",
    "never leaves home for a shorter queue unless `wait_h` says so"
);
place_part!(
    NEAREST,
    "nearest",
    "the least network delay",
    [wait(1e6)],
    "content delivery practice",
    "crowds the sites beside large regions"
);
place_part!(
    CHEAPEST,
    "cheapest",
    "the least expected net cost to the tenant: compute, metered energy and transfer, less expected subsidies",
    [wait(4.0)],
    "Buyya, Abramson, Giddy 2000, \"Nimrod/G\"",
    "looks at every subsidy that might apply to every candidate"
);
place_part!(
    GREENEST,
    "greenest",
    "the least expected carbon",
    [
        wait(4.0),
        Parameter { name: "market", default: 0.0, range: (0.0, 1.0), summary: "1: by contract (green power netted off), 0: by location", words: &[] }
    ],
    "Wiesner et al. 2021, \"Let's wait awhile\"",
    "does not wait for a greener hour"
);
place_part!(
    FASTEST,
    "fastest",
    "the earliest expected end: wait, transfer and run, by estimate",
    [wait(1e6)],
    "Maheswaran et al. 1999, minimum completion time",
    "trusts estimates; prefers imported chips at any price"
);
place_part!(
    RANDOM,
    "random",
    "any candidate, by chance; the same one for a job whatever else happens",
    [wait(1e6)],
    "the baseline of load balancing",
    "splits a Poisson stream into Poisson streams"
);

/// A way to choose among candidate pools.
#[derive(Clone, Debug)]
pub(super) struct Place {
    goal: Goal,
    wait_us: u64,
}

#[derive(Clone, Debug)]
enum Goal {
    FirstFit,
    BestFit,
    LeastLoaded,
    LocalFirst,
    Nearest,
    Cheapest,
    Greenest { market: bool },
    Fastest,
    Random(Stream),
    ShortestQueue(Stream),
}

impl Place {
    pub(super) fn new(part: &PolicyPart, info: &PartInfo, seed: Seed) -> Self {
        let goal = match part.name.as_str() {
            "first-fit" => Goal::FirstFit,
            "best-fit" => Goal::BestFit,
            "least-loaded" => Goal::LeastLoaded,
            "local-first" => Goal::LocalFirst,
            "nearest" => Goal::Nearest,
            "cheapest" => Goal::Cheapest,
            "greenest" => Goal::Greenest { market: parameter(part, info, "market") > 0.5 },
            "fastest" => Goal::Fastest,
            "random" => Goal::Random(seed.stream("policy", "random")),
            "shortest-queue" => Goal::ShortestQueue(seed.stream("policy", "shortest-queue")),
            other => unreachable!("the registry knows no placement `{other}`"),
        };
        Self { goal, wait_us: (parameter(part, info, "wait_h") * MICROS_PER_HOUR as f64) as u64 }
    }

    /// Chooses the pool that a job is bound to at its submission; `None` if no pool can ever hold it. *O*(candidates).
    pub(super) fn bind(&self, view: View<'_>, plan: &Plan<'_>, job: JobId, scratch: &mut Vec<(u64, Candidate)>) -> Option<PoolId> {
        let gpus = view.job(job).gpus;
        scratch.clear();
        for candidate in view.candidates(job) {
            if plan.can_ever(job, candidate.pool) && plan.admits(candidate.pool) {
                scratch.push((expected_wait(plan, candidate.pool, gpus), *candidate));
            }
        }
        let shortest = scratch.iter().map(|(wait, _)| *wait).min()?;
        let longest = shortest.saturating_add(self.wait_us);
        let eligible = scratch.iter().filter(|(wait, _)| *wait <= longest);
        eligible.map(|(wait, candidate)| (self.cost(view, plan, job, candidate, *wait), *wait, candidate.pool)).min().map(|(_, _, pool)| pool)
    }

    /// Returns the cost of a candidate for one job; smaller is better. `wait` is the expected wait there in microseconds.
    pub(super) fn cost(&self, view: View<'_>, plan: &Plan<'_>, job: JobId, candidate: &Candidate, wait: u64) -> i64 {
        let pool = candidate.pool;
        let site = view.model().pools[pool].site;
        match &self.goal {
            Goal::FirstFit => i64::from(pool.0),
            Goal::BestFit => i64::try_from(plan.free(pool)).unwrap_or(i64::MAX),
            Goal::LeastLoaded => clamp(load_per_gpu(plan, pool)),
            Goal::LocalFirst => {
                let (region, site) = (&view.model().regions[view.job(job).region], &view.model().sites[site]);
                if region.city == site.city {
                    -2
                } else if region.province == site.province {
                    -1
                } else {
                    clamp(candidate.one_way.0)
                }
            }
            Goal::Nearest => clamp(candidate.one_way.0),
            Goal::Cheapest => plan.net_cost(job, candidate).0,
            Goal::Greenest { market } => clamp(view.expected_carbon_mg(job, candidate, *market)),
            Goal::Fastest => {
                let (staging, run) = view.expected_time(job, candidate);
                clamp(wait.saturating_add(staging.0).saturating_add(run.0))
            }
            Goal::ShortestQueue(chance) => shortest_queue::cost(*chance, view, plan, job, pool),
            Goal::Random(stream) => (stream.at(view.job(job).number << 20 | u64::from(pool.0)).bits() >> 1) as i64,
        }
    }
}

/// Returns the expected wait at a pool in microseconds: none if the job fits now and nobody queues there, else the outstanding work per GPU.
pub(super) fn expected_wait(plan: &Plan<'_>, pool: PoolId, gpus: u32) -> u64 {
    if plan.queued(pool) == 0 && plan.fits(pool, gpus) { 0 } else { load_per_gpu(plan, pool).max(1) }
}

fn load_per_gpu(plan: &Plan<'_>, pool: PoolId) -> u64 {
    let installed = plan.installed(pool).max(1);
    u64::try_from(plan.outstanding_gpu_us(pool) / u128::from(installed)).unwrap_or(u64::MAX)
}

fn clamp(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
