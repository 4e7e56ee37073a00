//! What `compare` and its kin have in common: from a command line to a design, from a design to finished runs, and where they are kept.

pub(super) mod arguments;
mod assumptions;
mod chart;
pub(super) mod compare;
mod conduct;
mod differences;
mod gates;
pub(super) mod merge;
mod points;
mod prepare;
mod problems;
#[expect(clippy::disallowed_types, reason = "patience is wall-clock time")]
mod progress;
mod reports;
mod request;
mod results;
mod rows;
mod same;
mod search;
mod shown;
mod solve;
mod sweep;
mod target;

pub(super) use compare::run as compare;
pub(super) use merge::run as merge;
pub(super) use solve::run as solve;
pub(super) use sweep::run as sweep;

use super::chosen::{Chosen, Conditions};
use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::load::Loaded;
use super::printer::Printer;
use super::simulate::{Onlookers, Request, SAMPLE_EVERY, interrupted, simulate_into};
use crate::base::Time;
use crate::base::random::Seed;
use crate::experiment::bound::Problem;
use crate::experiment::perform::Work;
use crate::experiment::{Course, Design, FinishedRun, Footprint, RunId, Shard, Store, StoreError, perform};
use problems::Problems;
use progress::Progress;
use std::ops::Range;
use std::sync::Arc;

/// The warm-up that MSER advises.
const ADVISED: &str = "warmup.advised_s";

/// An alternative that can be run.
#[derive(Clone, Debug)]
struct Contender {
    /// Its scenario; several may share one.
    loaded: Arc<Loaded>,
    /// Its policy.
    policy: Chosen,
}

/// An experiment that can be run.
struct Experiment {
    /// The plan.
    design: Design,
    /// The alternatives, in the order of the plan.
    contenders: Vec<Contender>,
    /// How each is run.
    conditions: Conditions,
    /// Threads.
    threads: usize,
    /// What bounds need of the scenarios.
    problems: Problems,
    /// Whether no progress is shown.
    quiet: bool,
    /// Runs that were made before and need not be made again, unless their jobs are to be paired.
    known: Vec<FinishedRun>,
    /// What was sought before its alternatives were settled, as its results tell it.
    settled: Option<serde_json::Value>,
}

/// Who looks on: whoever may interrupt, and whoever is told.
struct Watch<'a> {
    interrupt: Interrupt,
    printer: &'a mut Printer,
}

impl<'a> Watch<'a> {
    /// Listens for signals from here on.
    fn new(printer: &'a mut Printer) -> Result<Self, Failure> {
        let interrupt = Interrupt::listen().map_err(|error| Failure::new(Exit::Bug, format!("cannot listen for signals: {error}")))?;
        Ok(Self { interrupt, printer })
    }
}

impl Experiment {
    /// Runs what is not there yet of some replications, and returns all of the shard's.
    fn perform(&self, replications: Range<u64>, shard: Shard, store: Option<&Store>, watch: &mut Watch<'_>) -> Result<Vec<FinishedRun>, Failure> {
        let work = Work { design: &self.design, replications, shard, store, threads: self.threads };
        let todo = work.todo()?;
        let progress = Progress::new(todo.missing() as u64, self.quiet, watch.printer);
        let interrupt = &watch.interrupt;
        let runs = perform(&work, todo, |unit: &[RunId], keep: &(dyn Fn(FinishedRun) -> Result<(), Failure> + Sync)| {
            let keep = |(run, seconds): (FinishedRun, f64)| {
                let line = progress.finished(&self.design.alternatives[run.alternative].name, &run, seconds);
                keep(run)?;
                store.map_or(Ok(()), |store| store.log(&line)).map_err(Failure::from)
            };
            if self.design.pairs_jobs {
                return self.run_paired(unit, interrupt, &keep);
            }
            // What a search has run took no time here.
            unit.iter().try_for_each(|id| match self.known.iter().find(|known| known.id() == *id) {
                Some(known) => keep((known.clone(), 0.0)),
                None => keep(self.run(*id, interrupt, None)?),
            })
        });
        progress.finish();
        drop(progress);
        for name in store.map(Store::take_damaged).unwrap_or_default() {
            watch.printer.note(&format!("note: `{name}` was damaged or of another experiment, and was run again\n"));
        }
        runs
    }

    /// Runs alternatives of one replication, each beside the baseline, which is run again if it was finished before: its jobs are not kept.
    fn run_paired(
        &self,
        unit: &[RunId],
        interrupt: &Interrupt,
        keep: &(dyn Fn((FinishedRun, f64)) -> Result<(), Failure> + Sync),
    ) -> Result<(), Failure> {
        let Some(first) = unit.first() else { return Ok(()) };
        let baseline = RunId { alternative: self.design.baseline, ..*first };
        let model = |id: RunId| self.contenders[id.alternative].loaded.model();
        let mut before = Footprint::new(model(baseline));
        let run = self.run(baseline, interrupt, Some(&mut before))?;
        if unit.contains(&baseline) {
            keep(run)?;
        }
        for id in unit.iter().filter(|id| **id != baseline) {
            let mut after = Footprint::new(model(*id));
            let mut run = self.run(*id, interrupt, Some(&mut after))?;
            run.0.metrics.extend(after.since(&before));
            keep(run)?;
        }
        Ok(())
    }

    /// Makes a run; returns it with the seconds that it took.
    fn run(&self, id: RunId, interrupt: &Interrupt, footprint: Option<&mut Footprint>) -> Result<(FinishedRun, f64), Failure> {
        if interrupt.asked() {
            return Err(interrupted());
        }
        let contender = &self.contenders[id.alternative];
        let request = Request {
            model: contender.loaded.model(),
            policy: &contender.policy,
            conditions: self.conditions,
            seed: self.design.seed,
            replication: id.replication,
            interrupt,
            quiet: true,
        };
        let name = &self.design.alternatives[id.alternative].name;
        let model = contender.loaded.model();
        let mut course = Course::new(model.horizon.map_or(Time::NEVER, |horizon| Time::ZERO + horizon));
        let seed = Seed { seed: request.seed, replication: request.replication };
        let problem = if self.design.bounds { Some(self.problems.of(&contender.loaded, seed)?) } else { None };
        let mut served = problem.as_deref().map(Problem::served);
        let outcome = simulate_into(&request, None, Onlookers { footprint, course: Some(&mut course), served: served.as_mut() })?;
        if let Some(failure) = outcome.stopped {
            return Err(failure.of_run(name, id.replication));
        }
        let summary = serde_json::to_value(outcome.summary.timeless()).expect("a summary is plain data");
        let mut run = FinishedRun::new(id, &summary);
        if let Some(advice) = course.advice(SAMPLE_EVERY) {
            run.metrics.insert(ADVISED.to_owned(), advice.warmup.as_secs_f64());
            run.metrics.insert("warmup.reliable".to_owned(), f64::from(u8::from(advice.reliable)));
        }
        if let Some(served) = &served {
            run.metrics.extend(served.metrics());
        }
        Ok((run, outcome.summary.wall_s.unwrap_or_default()))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(why) => Self::new(Exit::Usage, why).help("choose another directory, or `--force`, which throws the old runs away"),
            StoreError::Directory(error) => error.into(),
        }
    }
}
