//! Where a job goes.
//!
//! Each part gives a candidate pool a cost. When jobs are bound at submission, the cost decides among the pools whose expected wait is at most
//! `wait_h` longer than the shortest: a cheaper pool is worth so much waiting, not more. When jobs are bound at their start, it decides among the
//! pools where the job fits now. The parts that need no more than a line stand in here, the others have a file each.

use super::carbon_waiting::CarbonWaiting;
use super::fgd::Typical;
use super::matching::Matching;
use super::round_robin::Turn;
use super::weighted::Weights;
use super::{global, near_data, power_of_two, shortest_queue, subsidy_greedy};
use crate::base::Time;
use crate::base::random::Stream;
use crate::base::time::MICROS_PER_HOUR;
use crate::model::{JobId, PolicyPart, PoolId};
use crate::policy::{BuildContext, Parameter, PartInfo, PartKind, Plan, View, parameter};
use crate::world::{Allocation, Candidate};

pub(super) const fn wait(default: f64) -> Parameter {
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
            tested: &["it::placing::each_placement_chooses_as_worked_out_by_hand"],
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

/// A pool that a placement rates for one job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) candidate: Candidate,
    /// The expected wait there in microseconds.
    pub(super) wait_us: u64,
    /// The rating: smaller is better, the second number decides among equals.
    pub(super) cost: (i64, i64),
}

impl Offer {
    pub(super) fn new(candidate: Candidate, wait_us: u64) -> Self {
        Self { candidate, wait_us, cost: (0, 0) }
    }
    /// Returns the expected time from now to the job's end in microseconds.
    pub(super) fn time_to_end(&self, view: View<'_>, job: JobId) -> i64 {
        let (staging, run) = view.expected_time(job, &self.candidate);
        clamp(self.wait_us.saturating_add(staging.0).saturating_add(run.0))
    }
}

/// A way to choose among candidate pools.
#[derive(Clone, Debug)]
pub(super) struct Place {
    goal: Goal,
    wait_us: u64,
    /// Whether jobs are bound at their start.
    at_start: bool,
}

#[derive(Clone, Debug)]
enum Goal {
    FirstFit,
    BestFit,
    LeastLoaded,
    LocalFirst,
    Nearest,
    Cheapest,
    Greenest {
        market: bool,
    },
    Fastest,
    Random(Stream),
    ShortestQueue(Stream),
    RoundRobin(Turn),
    PowerOfTwo(Stream),
    Weighted(Weights),
    SubsidyGreedy,
    NearData {
        prefetch: bool,
    },
    Global,
    Matching(Matching),
    LeastFragments(Typical),
    CarbonWaiting(CarbonWaiting),
    /// Where somebody else has bound the job: a site's scheduler whose broker has chosen.
    AsBound,
}

impl Place {
    pub(super) fn new(part: &PolicyPart, info: &PartInfo, at_start: bool, context: BuildContext<'_>) -> Self {
        let stream = |name: &str| context.seed.stream("policy", name);
        let goal = match part.name.as_str() {
            "first-fit" => Goal::FirstFit,
            "best-fit" => Goal::BestFit,
            "least-loaded" => Goal::LeastLoaded,
            "local-first" => Goal::LocalFirst,
            "nearest" => Goal::Nearest,
            "cheapest" => Goal::Cheapest,
            "greenest" => Goal::Greenest { market: parameter(part, info, "market") > 0.5 },
            "fastest" => Goal::Fastest,
            "random" => Goal::Random(stream("random")),
            "shortest-queue" => Goal::ShortestQueue(stream("shortest-queue")),
            "round-robin" => Goal::RoundRobin(Turn::new(context.model.pools.len())),
            "power-of-two" => Goal::PowerOfTwo(stream("power-of-two")),
            "weighted" => Goal::Weighted(Weights::new(part, info)),
            "subsidy-greedy" => Goal::SubsidyGreedy,
            "near-data" => Goal::NearData { prefetch: near_data::prefetches(part) },
            "global" => Goal::Global,
            "matching" => Goal::Matching(Matching::new(part)),
            "fgd" => Goal::LeastFragments(Typical::default()),
            "carbon-waiting" => Goal::CarbonWaiting(CarbonWaiting::new(part)),
            other => unreachable!("the registry knows no placement `{other}`"),
        };
        Self { goal, wait_us: (parameter(part, info, "wait_h") * MICROS_PER_HOUR as f64) as u64, at_start }
    }

    /// Leaves jobs where somebody else has bound them.
    pub(super) fn as_bound(at_start: bool) -> Self {
        Self { goal: Goal::AsBound, wait_us: u64::MAX, at_start }
    }
    /// Tells whether a job stays where it is bound.
    pub(super) fn leaves(&self, plan: &Plan<'_>, job: JobId, pool: PoolId) -> bool {
        matches!(self.goal, Goal::AsBound) && plan.bound_pool(job) == Some(pool)
    }

    /// Chooses the pool that a job is bound to at its submission; `None` if no pool can ever hold it. *O*(candidates).
    pub(super) fn bind(&mut self, view: View<'_>, plan: &Plan<'_>, job: JobId, scratch: &mut Vec<Offer>) -> Option<PoolId> {
        let gpus = view.job(job).gpus;
        scratch.clear();
        for candidate in view.candidates(job) {
            if plan.can_ever(job, candidate.pool) && plan.lets_wait(job, candidate.pool) {
                scratch.push(Offer::new(*candidate, expected_wait(plan, job, candidate.pool, gpus)));
            }
        }
        let shortest = scratch.iter().map(|offer| offer.wait_us).min()?;
        let longest = shortest.saturating_add(self.wait_us);
        scratch.retain(|offer| offer.wait_us <= longest);
        self.rate(view, plan, job, scratch);
        scratch.iter().map(|offer| (offer.cost, offer.wait_us, offer.candidate.pool)).min().map(|(_, _, pool)| pool)
    }

    /// Rates the pools that a job may go to.
    pub(super) fn rate(&mut self, view: View<'_>, plan: &Plan<'_>, job: JobId, offers: &mut [Offer]) {
        match &mut self.goal {
            Goal::RoundRobin(turn) => turn.rate(offers),
            Goal::PowerOfTwo(chance) => power_of_two::rate(*chance, view, plan, job, offers, self.at_start),
            Goal::Weighted(weights) => weights.rate(view, plan, job, offers),
            Goal::Matching(matching) => matching.rate(view, plan, job, offers),
            goal => offers.iter_mut().for_each(|offer| offer.cost = goal.cost(view, plan, job, offer)),
        }
    }

    /// Returns the ratings by which a job would be bound now, for who wants to know why; pools whose expected wait is too long have none.
    pub(super) fn scores(&self, view: View<'_>, plan: &Plan<'_>, job: JobId) -> Vec<(PoolId, i64)> {
        let mut offers = Vec::new();
        self.clone().bind(view, plan, job, &mut offers);
        offers.iter().map(|offer| (offer.candidate.pool, offer.cost.0)).collect()
    }

    /// Follows a job that was submitted.
    pub(super) fn seen(&mut self, view: View<'_>, job: JobId) {
        if let Goal::LeastFragments(typical) = &mut self.goal {
            typical.seen(view.job(job).gpus);
        }
    }
    /// Looks at the whole queue, before its jobs are started one by one.
    pub(super) fn begin_pass(&mut self, view: View<'_>, plan: &Plan<'_>, queue: impl Iterator<Item = JobId>) {
        if let Goal::Matching(matching) = &mut self.goal {
            matching.begin_pass(view, plan, queue);
        }
    }
    /// Follows a choice: a job was bound to a pool, or has started there.
    pub(super) fn chosen(&mut self, pool: PoolId) {
        if let Goal::RoundRobin(turn) = &mut self.goal {
            turn.chosen(pool);
        }
    }
    /// Returns when a job had best start at a candidate.
    pub(super) fn best_start(&self, view: View<'_>, job: JobId, candidate: &Candidate) -> Time {
        if let Goal::CarbonWaiting(waiting) = &self.goal { waiting.best_start(view, job, candidate) } else { view.now() }
    }
    /// Returns when a job had best start anywhere, the placement's choice among the pools where it fits in principle.
    pub(super) fn best_start_anywhere(&self, view: View<'_>, plan: &Plan<'_>, job: JobId) -> Time {
        let Goal::CarbonWaiting(waiting) = &self.goal else { return view.now() };
        let here = view.candidates(job).iter().filter(|candidate| plan.can_ever(job, candidate.pool));
        let best = here.min_by_key(|candidate| (waiting.cost(view, job, candidate), candidate.pool));
        best.map_or(view.now(), |candidate| waiting.best_start(view, job, candidate))
    }
    /// Tells whether data moves as soon as a pool is chosen.
    pub(super) fn prefetches(&self) -> bool {
        matches!(self.goal, Goal::NearData { prefetch: true })
    }
    /// Asks for GPUs of a pool, on the node that suits the placement.
    pub(super) fn allocation(&self, view: View<'_>, plan: &Plan<'_>, job: JobId, pool: PoolId) -> Allocation {
        match &self.goal {
            Goal::LeastFragments(typical) => typical.allocation(view, plan, job, pool),
            _ => Allocation::new(pool, view.job(job).gpus),
        }
    }
    /// Returns how a gang that fits into no pool now is split over two, if the placement does that.
    pub(super) fn split(&self, view: View<'_>, plan: &Plan<'_>, job: JobId) -> Option<[Allocation; 2]> {
        if matches!(self.goal, Goal::Global) { global::split(view, plan, job) } else { None }
    }
}

impl Goal {
    /// Returns the cost of one pool for one job; smaller is better.
    fn cost(&self, view: View<'_>, plan: &Plan<'_>, job: JobId, offer: &Offer) -> (i64, i64) {
        let candidate = &offer.candidate;
        let pool = candidate.pool;
        let site = view.model().pools[pool].site;
        let cost = match self {
            Self::FirstFit => i64::from(pool.0),
            Self::BestFit => clamp(plan.free(pool)),
            Self::LeastLoaded => load_per_gpu(plan, job, pool),
            Self::LocalFirst => {
                let (region, site) = (&view.model().regions[view.job(job).region], &view.model().sites[site]);
                if region.city == site.city {
                    -2
                } else if region.province == site.province {
                    -1
                } else {
                    clamp(candidate.one_way.0)
                }
            }
            Self::Nearest => clamp(candidate.one_way.0),
            Self::Cheapest => plan.net_cost(job, candidate).0,
            Self::Greenest { market } => clamp(view.expected_carbon_mg(job, candidate, *market)),
            Self::Fastest => offer.time_to_end(view, job),
            Self::ShortestQueue(chance) => shortest_queue::cost(*chance, view, plan, job, pool),
            Self::Random(stream) => (stream.at(view.job(job).number << 20 | u64::from(pool.0)).bits() >> 1) as i64,
            Self::SubsidyGreedy => subsidy_greedy::cost(view, plan, job, candidate),
            Self::NearData { .. } => return near_data::cost(view, job, candidate),
            Self::Global => return global::cost(view, plan, job, offer),
            Self::LeastFragments(typical) => typical.cost(view, plan, job, pool),
            Self::CarbonWaiting(waiting) => waiting.cost(view, job, candidate),
            Self::AsBound => i64::from(plan.bound_pool(job) != Some(pool)),
            Self::RoundRobin(_) | Self::PowerOfTwo(_) | Self::Weighted(_) | Self::Matching(_) => unreachable!("they rate all pools at once"),
        };
        (cost, 0)
    }
}

/// Returns the expected wait at a pool in microseconds: none if the job fits now and nobody queues there, else the outstanding work per GPU.
pub(super) fn expected_wait(plan: &Plan<'_>, job: JobId, pool: PoolId, gpus: u32) -> u64 {
    let nobody_waits = plan.load_besides(job, pool).queued == 0;
    if nobody_waits && plan.fits(pool, gpus) { 0 } else { load_per_gpu(plan, job, pool).max(1).unsigned_abs() }
}

/// Returns the outstanding work per GPU of a pool in microseconds, besides that of the job.
pub(super) fn load_per_gpu(plan: &Plan<'_>, job: JobId, pool: PoolId) -> i64 {
    let installed = plan.installed(pool).max(1);
    i64::try_from(plan.load_besides(job, pool).outstanding_gpu_us / u128::from(installed)).unwrap_or(i64::MAX)
}

fn clamp(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
