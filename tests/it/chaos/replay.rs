//! A run written down and had again without its policy (M31): what was decided, round by round, is all that a policy is to a run.

use super::builtin::{build, combinations};
use super::drive;
use super::{for_worlds, survives};
use edwc::base::Time;
use edwc::model::{JobId, JobNumber, PoolId, SiteId};
use edwc::policy::{Needs, Plan, PolicyError, Scheduler, View};
use edwc::world::plan::Started;
use edwc::world::{Allocation, Decision, Preempt, Refusal};
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::VecDeque;

/// A decision that names jobs by their numbers: slots are the engine's own affair.
#[derive(Clone, Debug)]
enum Decided {
    Start(JobNumber, Vec<Allocation>),
    Migrate(JobNumber, Vec<Allocation>),
    Bind(JobNumber, PoolId),
    Preempt { job: JobNumber, how: Preempt, reclaimed: bool },
    Prefetch(JobNumber, SiteId),
    Defer(JobNumber, Time),
    Reject(JobNumber),
    Promise(JobNumber, Time),
    WakeUp(Time),
}

/// What was decided in each round, and when.
#[derive(Clone, Debug, Default)]
pub struct Script(VecDeque<(Time, Vec<Decided>)>);

impl Script {
    /// Counts the decisions.
    pub fn len(&self) -> usize {
        self.0.iter().map(|(_, decided)| decided.len()).sum()
    }
}

/// A policy of which every decision is written down.
pub struct Recorder {
    policy: Box<dyn Scheduler>,
    pub script: Script,
}

impl Recorder {
    pub fn new(policy: Box<dyn Scheduler>) -> Self {
        Self { policy, script: Script::default() }
    }
}

impl Scheduler for Recorder {
    fn needs(&self) -> Needs {
        self.policy.needs()
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        self.policy.schedule(view, plan)?;
        let number = |job: &JobId| view.job(*job).number;
        let shares = |started: &Started| {
            let shares = plan.bookings().capacity.shares(started.running.held);
            shares.map(|(pool, node, gpus)| Allocation { pool, gpus, node: Some(node) }).collect()
        };
        let written = |decision: &Decision| match decision {
            Decision::Start(started) => Decided::Start(number(&started.job), shares(started)),
            Decision::Move(started) => Decided::Migrate(number(&started.job), shares(started)),
            Decision::Bind { job, to, .. } => Decided::Bind(number(job), to.pool),
            Decision::Preempt { job, how, reclaimed, .. } => Decided::Preempt { job: number(job), how: *how, reclaimed: *reclaimed },
            Decision::Prefetch { job, site } => Decided::Prefetch(number(job), *site),
            Decision::Defer { job, until } => Decided::Defer(number(job), *until),
            Decision::Reject { job } => Decided::Reject(number(job)),
            Decision::Promise { job, at } => Decided::Promise(number(job), *at),
            Decision::WakeUp { at } => Decided::WakeUp(*at),
        };
        self.script.0.push_back((view.now(), plan.decisions().iter().map(written).collect()));
        Ok(())
    }
}

/// Decides what was decided.
pub struct Replay {
    needs: Needs,
    pub script: Script,
}

impl Replay {
    pub fn of(recorder: Recorder) -> Self {
        Self { needs: recorder.policy.needs(), script: recorder.script }
    }
}

impl Scheduler for Replay {
    fn needs(&self) -> Needs {
        self.needs
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        let (at, decided) = self.script.0.pop_front().expect("the replay has no more rounds than the run had");
        assert_eq!(at, view.now(), "a round at another time");
        let job = |number: JobNumber| {
            let mut jobs = view.jobs().queued().chain(view.jobs().running());
            jobs.find(|job| view.job(*job).number == number).expect("the job is in the system, as it was")
        };
        for decision in decided {
            let done: Result<(), Refusal> = match &decision {
                Decided::Start(number, shares) => plan.place(job(*number), shares),
                Decided::Migrate(number, shares) => plan.migrate(job(*number), shares),
                Decided::Bind(number, pool) => plan.bind(job(*number), *pool),
                Decided::Preempt { job: number, how, reclaimed: true } => plan.take_back(job(*number), *how),
                Decided::Preempt { job: number, how, .. } => plan.preempt(job(*number), *how),
                Decided::Prefetch(number, site) => plan.prefetch(job(*number), *site),
                Decided::Defer(number, until) => plan.defer(job(*number), *until),
                Decided::Reject(number) => plan.reject(job(*number)),
                Decided::Promise(number, at) => plan.promise(job(*number), *at),
                Decided::WakeUp(at) => plan.wake_at(*at),
            };
            assert!(done.is_ok(), "{decision:?} was allowed, and is not now: {done:?}");
        }
        Ok(())
    }
}

/// M31: the same jobs under the recorded decisions come to the same, to the event, in worlds of any features.
#[test]
fn what_was_decided_is_all_that_a_policy_is_to_a_run() {
    let choices = combinations();
    let replayed = Cell::new(0);
    for_worlds(3_031, 300, |world| {
        let mut choice = choices[(world.seed % choices.len() as u64) as usize].clone();
        // A prediction stands in the world's own books: it is no decision.
        choice
            .parts
            .retain(|part| edwc::policy::registry::parts().any(|info| info.name == part.name && info.kind != edwc::policy::PartKind::Predict));
        let mut recorder = Recorder::new(build(&choice, &world));
        let Some(run) = survives(drive::plain(&world, &mut recorder)) else { return Ok(()) };
        replayed.set(replayed.get() + recorder.script.len());
        let mut replay = Replay::of(recorder);
        let again = survives(drive::plain(&world, &mut replay)).expect("it went well before");
        prop_assert_eq!(&run.records, &again.records);
        prop_assert_eq!(&run.postings, &again.postings);
        prop_assert_eq!(run.ending.fingerprint, again.ending.fingerprint);
        prop_assert!(replay.script.0.is_empty(), "the replay has as many rounds as the run had");
        Ok(())
    });
    assert!(replayed.get() > 3_000, "only {} decisions", replayed.get());
}
