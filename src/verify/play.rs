//! A run of a scenario, with what it tells kept for measuring.

use super::case::Problem;
use crate::base::random::Seed;
use crate::base::{Span, Time};
use crate::engine::{Ending, Options, Run};
use crate::model::JobId;
use crate::policy::{BuildContext, Needs, Plan, PolicyError, Scheduler, View, registry};
use crate::scenario::Scenario;
use crate::workload;
use crate::world::records::{Fate, JobRecord};

/// What measuring needs of a job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// The workload's place in the file.
    pub(super) workload: u32,
    pub(super) gpus: u32,
    pub(super) number: u64,
    pub(super) submit: Time,
    /// When it first got GPUs; never: [`Time::NEVER`].
    pub(super) start: Time,
    pub(super) end: Time,
    pub(super) fate: Fate,
}

impl From<&JobRecord> for Seen {
    fn from(job: &JobRecord) -> Self {
        Self {
            workload: job.workload.0,
            gpus: job.gpus,
            number: job.number,
            submit: job.submit,
            start: job.first_start.unwrap_or(Time::NEVER),
            end: job.end,
            fate: job.fate,
        }
    }
}

/// Records are drained when there are so many.
const DRAIN_AT: usize = 2048;

/// Runs a scenario to its end; every record is shown once.
pub(super) fn play(scenario: &Scenario, seed: Seed, mut each: impl FnMut(&JobRecord)) -> Result<Ending, Problem> {
    let policy = Attentive { policy: built(scenario, seed)?, every_instant: false };
    play_under(scenario, seed, policy, &mut each)
}

/// Runs a scenario to its end under a policy of one's own; every record is shown once.
pub(super) fn play_under(scenario: &Scenario, seed: Seed, policy: impl Scheduler, each: &mut dyn FnMut(&JobRecord)) -> Result<Ending, Problem> {
    let ending = run(scenario, seed, None, policy, &mut |run| {
        if run.jobs_out().len() >= DRAIN_AT {
            run.jobs_out().drain(..).for_each(|job| each(&job));
        }
    })?;
    ending.jobs.iter().for_each(each);
    Ok(ending)
}

/// Runs a scenario and shows the run after every instant at which something happened.
pub(super) fn watch(scenario: &Scenario, seed: Seed, mut each: impl FnMut(&mut Run)) -> Result<Ending, Problem> {
    let policy = Attentive { policy: built(scenario, seed)?, every_instant: true };
    run(scenario, seed, None, policy, &mut each)
}

/// Runs a scenario and samples the state of its pools at fixed times.
pub(super) fn sample(scenario: &Scenario, seed: Seed, every: Span) -> Result<Ending, Problem> {
    let policy = Attentive { policy: built(scenario, seed)?, every_instant: false };
    run(scenario, seed, Some(every), policy, &mut |_| {})
}

fn built(scenario: &Scenario, seed: Seed) -> Result<Box<dyn Scheduler>, Problem> {
    let context = BuildContext { model: &scenario.model, seed };
    registry::build(&scenario.model.policy, context).map_err(|error| Problem::Run(error.to_string()))
}

fn run(
    scenario: &Scenario,
    seed: Seed,
    sample_every: Option<Span>,
    mut policy: impl Scheduler,
    each: &mut dyn FnMut(&mut Run),
) -> Result<Ending, Problem> {
    let model = &scenario.model;
    let fail = |error: &dyn std::fmt::Display| Problem::Run(error.to_string());
    let sources = Box::new(workload::open(model, seed).map_err(|error| fail(&error))?);
    let options = Options { keep_postings: false, sample_every };
    let mut run = Run::new(model, sources, policy.needs(), seed, options).map_err(|error| fail(&error))?;
    while run.step(&mut policy).map_err(|error| fail(&error))? {
        each(&mut run);
    }
    run.finish(false).map_err(|error| fail(&error))
}

/// A policy that is asked at every instant, where somebody wants to watch.
struct Attentive {
    policy: Box<dyn Scheduler>,
    every_instant: bool,
}

impl Scheduler for Attentive {
    fn needs(&self) -> Needs {
        let needs = self.policy.needs();
        Needs { every_event: needs.every_event || self.every_instant, ..needs }
    }
    fn predict(&mut self, view: View<'_>, job: JobId) -> Option<Span> {
        self.policy.predict(view, job)
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        self.policy.schedule(view, plan)
    }
}
