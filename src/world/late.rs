//! Decisions that take effect later: kept as they were meant, and checked again when their time has come.

use super::plan::{Allocation, Decision, Plan, Preempt, Started};
use super::refusal::Refusal;
use crate::base::Time;
use crate::model::{JobId, PoolId, SiteId};

/// A decision as it was meant, without what it has booked.
#[derive(Clone, PartialEq, Debug)]
pub enum Meant {
    /// Start the job on these GPUs. Nodes are chosen when it takes effect.
    Place(Vec<Allocation>),
    /// Let it wait for this pool.
    Bind(PoolId),
    /// Take its GPUs away; `true`: for a quota that takes back what it has lent.
    Preempt(Preempt, bool),
    /// Let it go on on these GPUs. Nodes are chosen when it takes effect.
    Migrate(Vec<Allocation>),
    /// Move its data to this site.
    Prefetch(SiteId),
    /// Hold it back until then.
    Defer(Time),
    /// Turn it away.
    Reject,
}

impl Meant {
    /// Returns what a decision means for which job; `None`: it is about no job, or only tells its user something.
    pub fn by(decision: &Decision) -> Option<(JobId, Self)> {
        Some(match decision {
            Decision::Start(started) => (started.job, Self::Place(shares_of(started))),
            Decision::Move(started) => (started.job, Self::Migrate(shares_of(started))),
            Decision::Bind { job, to, .. } => (*job, Self::Bind(to.pool)),
            Decision::Preempt { job, how, reclaimed, .. } => (*job, Self::Preempt(*how, *reclaimed)),
            Decision::Prefetch { job, site } => (*job, Self::Prefetch(*site)),
            Decision::Defer { job, until } => (*job, Self::Defer(*until)),
            Decision::Reject { job } => (*job, Self::Reject),
            Decision::Promise { .. } | Decision::WakeUp { .. } => return None,
        })
    }
    /// Tells whether it is the one decision on its job, rather than beside another.
    fn settles(&self) -> bool {
        !matches!(self, Self::Bind(_) | Self::Prefetch(_))
    }
}

impl Plan<'_> {
    /// Takes a decision of an earlier round, checked as if it were new.
    ///
    /// # Errors
    /// Tells what the world denies now. What would break the protocol if it were new is [`Refusal::Stale`]: the world has moved on.
    pub fn decide_late(&mut self, job: JobId, meant: &Meant) -> Result<(), Refusal> {
        let result = self.attempt(job, meant).map_err(|refusal| if matches!(refusal, Refusal::Protocol(_)) { Refusal::Stale } else { refusal });
        if result.is_ok() && meant.settles() {
            self.note_under_way(job);
        }
        let pool = if let Meant::Place(shares) | Meant::Migrate(shares) = meant { shares.first().map(|share| share.pool) } else { None };
        self.count_of(job, pool, result)
    }
    /// Counts a decision whose job is gone.
    pub fn deny_stale(&mut self, job: JobId) {
        // The count is all that there is to it.
        let _ = self.count_of(job, None, Err(Refusal::Stale));
    }
    /// Books a decision of an earlier round whose time has not come, so that the plan knows of it; to be rolled back.
    pub fn expect(&mut self, job: JobId, meant: &Meant) {
        // What is denied now may still be granted when its time comes.
        let _ = self.attempt(job, meant);
        if meant.settles() {
            self.note_under_way(job);
        }
    }

    fn attempt(&mut self, job: JobId, meant: &Meant) -> Result<(), Refusal> {
        match meant {
            Meant::Place(shares) => self.try_place(job, shares),
            Meant::Bind(pool) => self.try_bind(job, *pool),
            Meant::Preempt(how, reclaimed) => self.try_preempt(job, *how, *reclaimed),
            Meant::Migrate(shares) => self.try_migrate(job, shares),
            Meant::Prefetch(site) => self.try_prefetch(job, *site),
            Meant::Defer(until) => self.try_defer(job, *until),
            Meant::Reject => self.try_reject(job),
        }
    }
}

fn shares_of(started: &Started) -> Vec<Allocation> {
    started.running.parts.iter().map(|(pool, gpus)| Allocation::new(pool, gpus)).collect()
}
