//! What no policy can beat: lower bounds on net cost, carbon and mean completion time for the same jobs and the same fleet.
//!
//! A policy may reject jobs, and its decisions move who is priced out or runs out of patience. So a bound is for a *set* of jobs:
//! [`Problem::bounds`] for all that count and could run somewhere, by the latest end of the run; and [`Served::bounds`] for just those that a run
//! has finished, by the end of the last of them, beside what that run took for them ([`Served::figures`]). How far a policy is from the best is the
//! second pair: [`Figures::over`].
//!
//! What is relaxed, and why what remains is a bound, is in the semantics (*Bounds*), and next to the code.

mod lives;
mod program;
mod subsidised;
mod waiting;
mod ways;

use crate::base::random::Seed;
use crate::base::{MoneyOverflow, Ratio, Span, Time};
use crate::model::{Checkpoint, JobSource, JobSpec, Model, OnFailure, Payee, SourceError, Subsidy, SubsidyId};
use crate::rules::budget_of_run;
use crate::workload;
use crate::world::attempt::Timeline;
use crate::world::records::{Fate, JobRecord};
use lives::Lives;
use program::{Need, Program};
use std::collections::BTreeMap;
use waiting::Task;
use ways::{Kind, Surveyor, Ways};

/// Microyuan, millijoules or milligrams that rounding may take off each start.
const ROUNDING: f64 = 4.0;

/// Why there is no bound.
#[derive(Debug, thiserror::Error)]
pub enum BoundError {
    /// A source of jobs failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// An amount of money left its range.
    #[error("{0}; budgets in the scenario are out of any proportion")]
    Money(#[from] MoneyOverflow),
}

/// What serving a set of jobs takes: really, or at the least. Jobs count if they were submitted in the measured
/// window, as in a summary, and are not elastic.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize)]
pub struct Figures {
    /// Jobs of the set.
    pub jobs: u64,
    /// Their work × GPUs, in GPU-hours of the reference chip.
    pub work_gpu_hours: f64,
    /// What their tenants pay for them, net of all subsidies: of a run, the sum of `compute_charge`, `energy_charge` and `transfer_charge` less
    /// `subsidy` in its table of jobs (to which batches of a subsidy are not added yet). None: there is no finite bound, as GPU-hours may pay more
    /// than they cost.
    pub net_cost_cny: Option<f64>,
    /// The same per GPU-hour of work on the reference chip.
    pub net_cny_per_work_gpu_hour: Option<f64>,
    /// Carbon that they bear, by location.
    pub carbon_location_kg: Option<f64>,
    /// Carbon that they bear, by contract.
    pub carbon_market_kg: Option<f64>,
    /// Mean time from submission to the end: `latency.completion.mean`, if no job was ended with its work undone.
    pub completion_mean_s: Option<f64>,
}

/// How far figures are above others, as shares of the others.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "as in `Figures`")]
pub struct Gaps {
    pub net_cost: Option<f64>,
    pub carbon_location: Option<f64>,
    pub carbon_market: Option<f64>,
    pub completion_mean: Option<f64>,
}

/// All that bounds need of a scenario and its jobs, worked out once for all policies. Takes 24 bytes a job.
#[derive(Debug)]
pub struct Problem {
    cost: Program,
    carbon_location: Program,
    carbon_market: Program,
    /// Whether subsidies may pay more for transfers than these cost, by ways.
    pays_for_transfers: Vec<bool>,
    kinds: Vec<KindFacts>,
    jobs: Vec<Job>,
    /// The most GPUs that each pool ever has.
    gpus: Vec<u64>,
    latest_end: Time,
    window: (Time, Time),
}

/// What the jobs of a kind have in common.
#[derive(Clone, Copy, PartialEq, Debug)]
struct KindFacts {
    /// The place of its ways in the programs.
    ways: usize,
    gpus: u32,
    best_rate: Ratio,
    overhead: Span,
    checkpoint: Option<Checkpoint>,
}

/// A job by its number.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Job {
    kind: u32,
    elastic: bool,
    submit: Time,
    work: Span,
}

/// The jobs that a run has finished, and what they took.
#[derive(Debug)]
pub struct Served<'a> {
    problem: &'a Problem,
    finished: Vec<bool>,
    last_end: Time,
    count: u64,
    starts: u64,
    net: i128,
    location_mg: u128,
    market_mg: u128,
    completion_us: u128,
}

/// Returns the bounds for all jobs of a scenario that count and could run somewhere.
///
/// # Errors
/// As [`Problem::new`].
pub fn of(model: &Model, seed: Seed) -> Result<Figures, BoundError> {
    Ok(Problem::new(model, seed)?.bounds())
}

impl Problem {
    /// Reads all jobs of a scenario and works out what they could cost. *O*(jobs + kinds of jobs × pools × subsidies).
    ///
    /// # Errors
    /// Fails if a source of jobs does, or money overflows.
    pub fn new(model: &Model, seed: Seed) -> Result<Self, BoundError> {
        Self::with_jobs(model, seed, &mut workload::open(model, seed)?)
    }
    /// Does the same with jobs that are given, in the order in which a run gets them.
    ///
    /// # Errors
    /// As [`Problem::new`].
    pub fn with_jobs(model: &Model, seed: Seed, source: &mut dyn JobSource) -> Result<Self, BoundError> {
        let lives = Lives::new(model);
        let mut survey = Survey { model, surveyor: Surveyor::new(&lives), known: BTreeMap::new(), kinds: Vec::new(), ways: Vec::new() };
        let mut jobs = Vec::new();
        while let Some(spec) = source.next_job()? {
            jobs.push(Job { kind: survey.kind(&spec), elastic: spec.elastic.is_some(), submit: spec.submit, work: spec.work });
        }
        let Survey { kinds, ways, .. } = survey;
        let budgets = budgets(model, &lives, seed)?;
        let program = |of: fn(&Ways) -> &Vec<program::Way>, budgets: &[Option<f64>]| Program {
            kinds: ways.iter().map(|ways| of(ways).clone()).collect(),
            budgets: budgets.to_vec(),
        };
        Ok(Self {
            cost: program(|ways| &ways.cost, &budgets),
            carbon_location: program(|ways| &ways.carbon_location, &[]),
            carbon_market: program(|ways| &ways.carbon_market, &[]),
            pays_for_transfers: ways.iter().map(|ways| ways.pays_for_transfers).collect(),
            gpus: model.pools.ids().map(|pool| lives.gpus(pool)).collect(),
            latest_end: lives.latest_end,
            window: (Time::ZERO + model.warmup, model.horizon.map_or(Time::NEVER, |horizon| Time::ZERO + horizon)),
            kinds,
            jobs,
        })
    }
    /// Returns the bounds for all jobs that count and could run somewhere.
    pub fn bounds(&self) -> Figures {
        let all: Vec<bool> = self.jobs.iter().map(|job| self.counts(job) && self.kinds[job.kind as usize].best_rate > Ratio::ZERO).collect();
        self.bounds_of(&all, 0, self.latest_end)
    }
    /// Begins to gather the jobs that a run finishes.
    pub fn served(&self) -> Served<'_> {
        let finished = vec![false; self.jobs.len()];
        Served { problem: self, finished, last_end: Time::ZERO, count: 0, starts: 0, net: 0, location_mg: 0, market_mg: 0, completion_us: 0 }
    }

    /// Returns the GPU-hours of each pool between two instants; none without an end.
    fn capacity(&self, from: Time, until: Time) -> Vec<Option<f64>> {
        let hours = (until < Time::NEVER).then(|| until.saturating_since(from).as_secs_f64() / 3600.0);
        self.gpus.iter().map(|gpus| hours.map(|hours| hours * *gpus as f64)).collect()
    }
    fn counts(&self, job: &Job) -> bool {
        !job.elastic && job.submit >= self.window.0 && job.submit <= self.window.1
    }
    /// Returns the bounds for a set of jobs that took so many starts and are all done by then.
    fn bounds_of(&self, set: &[bool], starts: u64, until: Time) -> Figures {
        let chosen = || set.iter().zip(&self.jobs).filter(|(chosen, _)| **chosen).map(|(_, job)| job);
        let mut sums = vec![(0_u128, 0_u128); self.cost.kinds.len()];
        let mut tasks = Vec::new();
        for job in chosen() {
            let kind = &self.kinds[job.kind as usize];
            let shortest = kind.shortest(job.work);
            let (gpus, computing) = (u128::from(kind.gpus), kind.best_rate.divide(job.work.0));
            sums[kind.ways].0 += gpus * u128::from(job.work.0);
            sums[kind.ways].1 += gpus * u128::from(shortest.0 - computing);
            tasks.push(Task { submit: job.submit, shortest_us: shortest.0, gpus: kind.gpus });
        }
        let hours = |gpu_us: u128| gpu_us as f64 / 3.6e9;
        let needs: Vec<Need> = sums.iter().map(|(work, fixed)| Need { work: hours(*work), fixed: hours(*fixed) }).collect();
        let unbounded = needs.iter().zip(&self.pays_for_transfers).any(|(need, pays)| *pays && need.work + need.fixed > 0.0);
        let rounding = ROUNDING * starts as f64 * 1e-6;
        let capacity = self.capacity(tasks.first().map_or(until, |task| task.submit), until);
        let least = |program: &Program| program.least(&needs, &capacity).map(|least| least - rounding);
        let jobs = tasks.len() as u64;
        let work_gpu_hours = hours(sums.iter().map(|(work, _)| work).sum());
        let net_cost_cny = if unbounded { None } else { least(&self.cost) };
        Figures {
            jobs,
            work_gpu_hours,
            net_cost_cny,
            net_cny_per_work_gpu_hour: net_cost_cny.filter(|_| work_gpu_hours > 0.0).map(|cost| cost / work_gpu_hours),
            carbon_location_kg: least(&self.carbon_location),
            carbon_market_kg: least(&self.carbon_market),
            completion_mean_s: (jobs > 0).then(|| waiting::least_total_us(&tasks, self.gpus.iter().sum()) / jobs as f64 * 1e-6),
        }
    }
}

impl KindFacts {
    /// Returns the shortest time that a job of so much work runs, wherever: start-up, computing, and checkpoints between.
    fn shortest(&self, work: Span) -> Span {
        Timeline::new(self.overhead, work, self.best_rate, self.checkpoint).length()
    }
}

/// Finds the kinds of jobs as they come.
struct Survey<'a> {
    model: &'a Model,
    surveyor: Surveyor<'a>,
    known: BTreeMap<Kind, u32>,
    kinds: Vec<KindFacts>,
    /// Ways that differ: kinds that may do the same at the same cost share theirs.
    ways: Vec<Ways>,
}

impl Survey<'_> {
    fn kind(&mut self, spec: &JobSpec) -> u32 {
        let (class, data, gpus) = (spec.class, spec.dataset.map(|dataset| dataset.data), spec.gpus.0);
        let kind = Kind { group: self.model.group_of(spec.tenant), class, data, gpus };
        if let Some(known) = self.known.get(&kind) {
            return *known;
        }
        let found = self.surveyor.ways(kind);
        let best_rate = found.best_rate;
        let ways = self.ways.iter().position(|known| *known == found).unwrap_or_else(|| {
            self.ways.push(found);
            self.ways.len() - 1
        });
        let class = &self.model.classes[class];
        // Checkpoints count unless there is a cheaper way around them: a failure before each where failures cost nothing, or a move where going on
        // costs less.
        let move_costs = |checkpoint: &Checkpoint| class.start_overhead + checkpoint.restore;
        let checkpoint = class.checkpoint.filter(|checkpoint| class.on_failure != OnFailure::Keep && move_costs(checkpoint) >= checkpoint.cost);
        self.kinds.push(KindFacts { ways, gpus, best_rate, overhead: class.start_overhead, checkpoint });
        let id = u32::try_from(self.kinds.len() - 1).expect("kinds of jobs fit 32 bits");
        self.known.insert(kind, id);
        id
    }
}

/// Returns the tenants' part of each subsidy's budgets over the run; none: no limit, or none that is known for certain.
fn budgets(model: &Model, lives: &Lives, seed: Seed) -> Result<Vec<Option<f64>>, MoneyOverflow> {
    let of_subsidy = |(id, subsidy): (SubsidyId, &Subsidy)| {
        if lives.changes_subsidy(id) {
            return Ok(None);
        }
        let share = if subsidy.payee == Payee::Tenant { 1.0 } else { subsidy.pass_through.as_f64() };
        Ok(budget_of_run(model, id, seed, lives.latest_end)?.map(|budget| budget.as_yuan_f64() * share))
    };
    model.subsidies.entries().map(of_subsidy).collect()
}

impl Served<'_> {
    /// Takes jobs that left the system, in any order. Only those count that have done all their work and were submitted in the measured window.
    pub fn jobs(&mut self, records: &[JobRecord]) {
        for record in records {
            let number = usize::try_from(record.number).expect("jobs of a problem fit memory");
            let job = self.problem.jobs.get(number).expect("a run has the jobs of its problem");
            if record.fate == Fate::Finished && record.reason.is_none() && self.problem.counts(job) {
                self.finished[number] = true;
                self.last_end = self.last_end.max(record.end);
                self.count += 1;
                self.starts += u64::from(record.starts);
                self.net += i128::from(record.net_charge().0);
                self.location_mg += u128::from(record.carbon_location_mg);
                self.market_mg += u128::from(record.carbon_market_mg);
                self.completion_us += u128::from(record.completion().0);
            }
        }
    }
    /// Returns what the run took for them.
    pub fn figures(&self) -> Figures {
        let work: u128 = (self.finished.iter().zip(&self.problem.jobs).filter(|(finished, _)| **finished))
            .map(|(_, job)| u128::from(job.work.0) * u128::from(self.problem.kinds[job.kind as usize].gpus))
            .sum();
        let work_gpu_hours = work as f64 / 3.6e9;
        let net_cost_cny = self.net as f64 * 1e-6;
        Figures {
            jobs: self.count,
            work_gpu_hours,
            net_cost_cny: Some(net_cost_cny),
            net_cny_per_work_gpu_hour: (work > 0).then(|| net_cost_cny / work_gpu_hours),
            carbon_location_kg: Some(self.location_mg as f64 * 1e-6),
            carbon_market_kg: Some(self.market_mg as f64 * 1e-6),
            completion_mean_s: (self.count > 0).then(|| self.completion_us as f64 / self.count as f64 * 1e-6),
        }
    }
    /// Returns bounds and gaps by the paths of the metrics; what does not exist is absent.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let bounds = self.bounds();
        let gaps = self.figures().over(&bounds);
        let numbers = [
            ("jobs", Some(bounds.jobs as f64)),
            ("net_cost_cny", bounds.net_cost_cny),
            ("carbon_location_kg", bounds.carbon_location_kg),
            ("carbon_market_kg", bounds.carbon_market_kg),
            ("completion_mean_s", bounds.completion_mean_s),
            ("gap.net_cost", gaps.net_cost),
            ("gap.carbon_location", gaps.carbon_location),
            ("gap.carbon_market", gaps.carbon_market),
            ("gap.completion_mean", gaps.completion_mean),
        ];
        numbers.into_iter().filter_map(|(path, number)| Some((format!("bound.{path}"), number?))).collect()
    }
    /// Returns what any policy takes for them at the least that has finished them all when this run had.
    pub fn bounds(&self) -> Figures {
        self.problem.bounds_of(&self.finished, self.starts, self.last_end)
    }
}

impl Figures {
    /// Tells how far these figures are above bounds; none where a bound is not positive.
    pub fn over(&self, bounds: &Self) -> Gaps {
        let gap = |actual: Option<f64>, bound: Option<f64>| Some(actual? / bound.filter(|bound| *bound > 0.0)? - 1.0);
        Gaps {
            net_cost: gap(self.net_cost_cny, bounds.net_cost_cny),
            carbon_location: gap(self.carbon_location_kg, bounds.carbon_location_kg),
            carbon_market: gap(self.carbon_market_kg, bounds.carbon_market_kg),
            completion_mean: gap(self.completion_mean_s, bounds.completion_mean_s),
        }
    }
}
