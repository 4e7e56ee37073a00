//! What happened since the last round, for policies that keep their own order of things.

use crate::base::Span;
use crate::model::{JobId, JobNumber, PoolId};

/// Changes since the last round, in the order in which they happened. The policy's own decisions are not repeated.
#[derive(Clone, Debug, Default)]
pub struct Delta {
    /// Jobs that left the queue otherwise than by a start: their slot may be in use again.
    pub left: Vec<Left>,
    /// Jobs that left the system from their GPUs, as they finished; they alone make no round.
    pub ended: Vec<Left>,
    /// Jobs that returned to the queue after a failure or preemption.
    pub returned: Vec<JobId>,
    /// Jobs that were submitted.
    pub arrived: Vec<JobId>,
    /// Pools in which GPUs were freed, or expected ends moved; a pool may be named often.
    pub freed: Vec<PoolId>,
    /// Whether room or rules may have changed anywhere: a period or hour has ended, a node was repaired, a change was made.
    pub anything_changed: bool,
    /// Whether a job's pool may have become unable to run it: the fleet or the terms of access have changed.
    pub terms_changed: bool,
    /// Whether data has arrived at a site, for policies that ask to know.
    pub data_arrived: bool,
    /// Whether the policy's wake-up time has come.
    pub woken: bool,
}

/// A job that left the system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Left {
    /// The slot it had.
    pub job: JobId,
    /// Its number.
    pub number: JobNumber,
    /// The GPU time that it held, over all its attempts.
    pub held_gpu_us: u64,
    /// The work that it has done, on the reference chip.
    pub work: Span,
}

impl Delta {
    /// Forgets everything; keeps the memory.
    pub fn clear(&mut self) {
        self.left.clear();
        self.ended.clear();
        self.returned.clear();
        self.arrived.clear();
        self.freed.clear();
        self.anything_changed = false;
        self.terms_changed = false;
        self.data_arrived = false;
        self.woken = false;
    }
    /// Adds what happened after it.
    pub fn absorb(&mut self, later: &Self) {
        self.left.extend_from_slice(&later.left);
        self.ended.extend_from_slice(&later.ended);
        self.returned.extend_from_slice(&later.returned);
        self.arrived.extend_from_slice(&later.arrived);
        self.freed.extend_from_slice(&later.freed);
        self.anything_changed |= later.anything_changed;
        self.terms_changed |= later.terms_changed;
        self.data_arrived |= later.data_arrived;
        self.woken |= later.woken;
    }
    /// Tells whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
            && self.returned.is_empty()
            && self.arrived.is_empty()
            && self.freed.is_empty()
            && !(self.anything_changed || self.terms_changed || self.data_arrived || self.woken)
    }
}
