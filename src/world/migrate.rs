//! Migration: a job that holds GPUs goes on on others, or on more or fewer, in one decision.
//!
//! It is a preemption that keeps all work and a start at the same instant, so that nobody takes the new GPUs in between. The old GPUs are free at
//! once: what was on them goes to the memory of their hosts. The checkpoint is written from there, moved if the new GPUs are at another site, and
//! restored; the new GPUs are held, and paid for, meanwhile.
//!
//! Xiao et al. 2018, "Gandiva: introspective cluster scheduling for deep learning", section 4.1 (suspend, and migration by checkpoints); Shukla et
//! al. 2022, "Singularity: planet-scale, preemptive and elastic scheduling of AI workloads".

use super::jobs::Claiming;
use super::plan::{Allocation, Beginning, Decision, Plan, Started};
use super::refusal::Refusal;
use crate::model::{JobId, PoolId};
use std::collections::BTreeMap;

impl Plan<'_> {
    /// Lets a job that holds GPUs go on on others: checked as a start there would be once it has given its own back. *O*(GPUs of the gang ÷ GPUs of
    /// a node + quotas that match).
    ///
    /// # Errors
    /// Tells what the world denies: the job stays where it is then. A job that would get the very GPUs that it holds has nothing to move.
    pub fn migrate(&mut self, job: JobId, shares: &[Allocation]) -> Result<(), Refusal> {
        let result = self.try_migrate(job, shares);
        self.count_of(job, shares.first().map(|share| share.pool), result)
    }

    /// Lets an elastic job that holds GPUs of one pool go on there with more or fewer of them, packed anew; otherwise as [`Plan::migrate`].
    ///
    /// # Errors
    /// Refuses what is not among its sizes (a job that is not elastic has one), and whatever the world denies.
    pub fn resize(&mut self, job: JobId, gpus: u32) -> Result<(), Refusal> {
        let result = self.try_resize(job, gpus);
        let pool = if self.scene.jobs.is_live(job) { self.scene.jobs.status(job).pool } else { None };
        self.count_of(job, pool, result)
    }
    fn try_resize(&mut self, job: JobId, gpus: u32) -> Result<(), Refusal> {
        self.decide_running(job)?;
        let attributes = self.scene.jobs.attributes(job);
        let (min, max) = attributes.elastic.map_or((attributes.gpus, attributes.gpus), |elastic| (elastic.min, elastic.max));
        if !(min..=max).contains(&gpus) {
            return Err(Refusal::Size { asked: u64::from(gpus), min, max });
        }
        if gpus == attributes.gpus {
            return Err(Refusal::NothingToMove);
        }
        match self.scene.jobs.status(job).parts.as_slice() {
            [(pool, _)] => self.try_migrate(job, &[Allocation::new(*pool, gpus)]),
            _ => Err(Refusal::Split),
        }
    }

    pub(super) fn try_migrate(&mut self, job: JobId, shares: &[Allocation]) -> Result<(), Refusal> {
        self.decide_running(job)?;
        self.check_shares(job, shares)?;
        let status = self.scene.jobs.status(job);
        let beginning = Beginning {
            progress: self.scene.progress_if_stopped(job),
            writing: self.writing_time(job),
            before: None,
            admitted_at: status.pool.map(|pool| self.scene.model.pools[pool].site),
            // What it has claimed goes with it.
            claims: status.claiming == Claiming::AtNextStart,
        };
        self.leave_gpus(job);
        let started = match self.begin(job, shares, beginning) {
            Ok(started) => started,
            Err(refusal) => {
                self.stay_on_gpus(job);
                return Err(refusal);
            }
        };
        self.decided.insert(job);
        self.decided.set_moved(job, true);
        if self.stays_put(&started) {
            self.undo_move(&started);
            return Err(Refusal::NothingToMove);
        }
        self.decisions.push(Decision::Move(started));
        Ok(())
    }
    pub(super) fn undo_move(&mut self, started: &Started) {
        self.decided.set_moved(started.job, false);
        self.undo_start(started);
        self.stay_on_gpus(started.job);
    }

    /// Gives back what a job holds: its GPUs, and what rules count for them from now on.
    fn leave_gpus(&mut self, job: JobId) {
        self.give_back(job);
        if let Some(hold) = self.scene.jobs.status(job).rule_hold {
            self.bookings.rules.hand_over(&self.scene.model, hold, self.scene.now);
        }
    }
    fn stay_on_gpus(&mut self, job: JobId) {
        if let Some(hold) = self.scene.jobs.status(job).rule_hold {
            self.bookings.rules.take_over_again(&self.scene.model, hold, self.scene.now);
        }
        self.take_again(job);
    }
    /// Tells whether a job would hold the GPUs that it has just given back.
    fn stays_put(&self, started: &Started) -> bool {
        let mut by_node: BTreeMap<(PoolId, u32), i64> = BTreeMap::new();
        let before = self.tally.preempted.last().expect("it has just given them back");
        before.iter().for_each(|(pool, node, gpus)| *by_node.entry((*pool, *node)).or_default() -= i64::from(*gpus));
        let after = self.bookings.capacity.shares(started.running.held);
        after.for_each(|(pool, node, gpus)| *by_node.entry((pool, node)).or_default() += i64::from(gpus));
        by_node.values().all(|more| *more == 0)
    }
}
