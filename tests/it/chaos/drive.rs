//! Runs worlds, with an audit after every round.

use super::audit::Audit;
use super::world::World;
use edwc::base::digest::Entry;
use edwc::base::random::Seed;
use edwc::engine::{Ending, Options, Run, RunError};
use edwc::model::{JobSource, JobSpec, Model, SourceError};
use edwc::policy::{Needs, Scheduler};
use edwc::world::records::{JobRecord, Posting};

/// Rounds after which a run is stopped as if by hand: some worlds go on for simulated years.
const MOST_ROUNDS: u32 = 4_000;

/// What a run leaves, in one piece.
pub struct Outcome {
    pub ending: Ending,
    /// All jobs by number.
    pub records: Vec<JobRecord>,
    /// All movements of money.
    pub postings: Vec<Posting>,
    /// Waits for data that were seen from the first byte to the last, in an audited run.
    pub waits_seen: u32,
}

/// Jobs that are given one by one.
pub struct Given(std::vec::IntoIter<JobSpec>);

impl Given {
    pub fn new(jobs: Vec<JobSpec>) -> Self {
        Self(jobs.into_iter())
    }
}

impl JobSource for Given {
    fn next_job(&mut self) -> Result<Option<JobSpec>, SourceError> {
        Ok(self.0.next())
    }
}

/// Begins a run in which the policy is asked at every event, so that nothing escapes the audit.
pub fn begin(world: &World, policy: &dyn Scheduler) -> Result<Run, RunError> {
    let needs = Needs { every_event: true, ..policy.needs() };
    start(&world.model, world, needs)
}

fn start(model: &Model, world: &World, needs: Needs) -> Result<Run, RunError> {
    let seed = Seed { seed: world.seed, replication: 0 };
    let options = Options { keep_postings: true, sample_every: Some(edwc::base::Span::hours(7)) };
    Run::new(model, Box::new(Given::new(world.jobs.clone())), needs, seed, options)
}

/// Runs a world to its end and audits every round, every record and the books.
pub fn audited(world: &World, policy: &mut dyn Scheduler) -> Result<Outcome, RunError> {
    let mut run = begin(world, policy)?;
    let mut audit = Audit::new(world);
    let mut rounds = 0;
    while run.step(policy)? {
        audit.round(&mut run);
        rounds += 1;
        if rounds == MOST_ROUNDS {
            break;
        }
    }
    audit.before_end(&run);
    let mut outcome = finish(run, rounds == MOST_ROUNDS)?;
    outcome.waits_seen = audit.waits_seen();
    audit.end(&outcome);
    Ok(outcome)
}

/// Runs a world to its end.
pub fn plain(world: &World, policy: &mut dyn Scheduler) -> Result<Outcome, RunError> {
    let mut run = start(&world.model, world, policy.needs())?;
    let mut rounds = 0;
    while run.step(policy)? {
        rounds += 1;
        if rounds == MOST_ROUNDS {
            break;
        }
    }
    finish(run, rounds == MOST_ROUNDS)
}

/// Runs a world to its end and returns its history.
pub fn history(world: &World, policy: &mut dyn Scheduler) -> Result<Vec<Entry>, RunError> {
    let mut run = start(&world.model, world, policy.needs())?;
    run.keep_history();
    while run.step(policy)? {}
    Ok(run.finish(false)?.history)
}

fn finish(run: Run, interrupted: bool) -> Result<Outcome, RunError> {
    let mut ending = run.finish(interrupted)?;
    let mut records = std::mem::take(&mut ending.jobs);
    records.sort_by_key(|record| record.number);
    let postings = ending.ledger.drain_postings().collect();
    Ok(Outcome { ending, records, postings, waits_seen: 0 })
}
