//! What must hold after every round and at the end, whatever the world and the policy: each number is worked out again from the jobs alone.

mod attempts;
mod end;
mod fleet;
mod quotas;
mod transfers;

use super::drive::Outcome;
use super::world::World;
use attempts::Attempts;
use edwc::base::Time;
use edwc::engine::Run;
use edwc::model::{JobId, Model};
use edwc::world::energy::Meter;
use edwc::world::jobs::State;
use std::collections::BTreeMap;
use transfers::Transfers;

/// The memory of an audit: what was true after the round before.
pub struct Audit {
    now: Time,
    /// The scenario as it was at first.
    model: Model,
    jobs: usize,
    changes_applied: usize,
    /// What is beyond a limit that was lowered may stay, but not grow: what was held before, by limit.
    held: BTreeMap<Limit, u64>,
    attempts: Attempts,
    transfers: Transfers,
    meter: Option<Meter>,
}

/// A limit on something held at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Limit {
    Quota(u32, u32),
    Jobs(u32),
    Cache(u32),
    Supply(u32),
}

impl Audit {
    pub fn new(world: &World) -> Self {
        Self {
            now: Time::ZERO,
            model: world.model.clone(),
            jobs: world.jobs.len(),
            changes_applied: 0,
            held: BTreeMap::new(),
            attempts: Attempts::default(),
            transfers: Transfers::default(),
            meter: None,
        }
    }

    /// Audits the state after a round.
    pub fn round(&mut self, run: &mut Run) {
        run.ledger().assert_balanced();
        let run = &*run;
        assert!(run.now() >= self.now, "the clock went back from {:?} to {:?}", self.now, run.now());
        self.now = run.now();
        life_cycle(run);
        fleet::check(run);
        self.attempts.follow(run);
        self.transfers.follow(run);
        let changes = run.model().changes.iter().filter(|change| change.at <= self.now).count();
        let changed = std::mem::replace(&mut self.changes_applied, changes) != changes;
        for (limit, held, most) in quotas::limits(run, &self.attempts) {
            self.within(limit, held, most, changed);
        }
    }
    /// Checks that a limit is kept; what was beyond it before it was lowered may stay, but not grow.
    fn within(&mut self, limit: Limit, held: u64, most: Option<u64>, changed: bool) {
        let before = self.held.insert(limit, held).unwrap_or(0);
        let kept = most.is_none_or(|most| held <= most) || changed || held <= before;
        assert!(kept, "{limit:?}: {held} are held, {before} were before, {most:?} are allowed at {:?}", self.now);
    }

    /// Remembers what ends with the run.
    pub fn before_end(&mut self, run: &Run) {
        self.meter = Some(run.scene().meter.clone());
    }
    /// Counts the waits for data that were seen from the first byte to the last.
    pub fn waits_seen(&self) -> u32 {
        self.transfers.waits_seen
    }
    /// Audits records, totals and books.
    pub fn end(mut self, outcome: &Outcome) {
        self.attempts.close_all(&self.model, outcome.ending.totals.end);
        end::check(&self, outcome);
    }
}

/// Every job is in one place, and none is lost (I5).
fn life_cycle(run: &Run) {
    let jobs = &run.scene().jobs;
    let queued: Vec<JobId> = jobs.queued().collect();
    let running: Vec<JobId> = jobs.running().collect();
    assert_eq!((queued.len(), running.len()), (jobs.queued_count() as usize, jobs.running_count() as usize));
    let mut numbers: Vec<u64> = queued.iter().chain(&running).map(|job| jobs.attributes(*job).number).collect();
    assert!(numbers[..queued.len()].is_sorted(), "the queue is in order of submission");
    numbers.sort_unstable();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "a job is in the system once");
    for job in queued {
        assert_eq!(jobs.status(job).state, State::Queued);
    }
    for job in running {
        let status = jobs.status(job);
        match status.state {
            State::Staging => assert!(
                status.written > run.now() || status.waits_for_copy || status.checkpoint_flow.is_some(),
                "a job stages while it waits for something"
            ),
            State::Running | State::Stopping => assert!(!status.waits_for_copy && status.checkpoint_flow.is_none() && status.computing <= run.now()),
            State::Empty | State::Queued => panic!("a job that holds GPUs is {:?}", status.state),
        }
    }
}
