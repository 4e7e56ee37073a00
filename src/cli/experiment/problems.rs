//! What bounds need of a scenario and its jobs, worked out once for all policies that run them.

use crate::base::random::Seed;
use crate::cli::load::Loaded;
use crate::experiment::bound::{BoundError, Problem};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The problems of the latest runs: alternatives of a replication stand together, so that as many as there are threads are enough.
pub(super) struct Problems {
    kept: usize,
    slots: Mutex<VecDeque<(Key, Slot)>>,
}

/// A scenario, by where it lies in memory, and a replication.
type Key = (usize, u64);

/// Empty until whoever asked first has worked it out; the others wait.
type Slot = Arc<Mutex<Option<Arc<Problem>>>>;

impl Problems {
    /// Makes an empty one that keeps so many.
    pub(super) fn new(kept: usize) -> Self {
        Self { kept, slots: Mutex::default() }
    }
    /// Returns the problem of a scenario's replication. The scenario must outlive this.
    ///
    /// # Errors
    /// As [`Problem::new`].
    pub(super) fn of(&self, loaded: &Arc<Loaded>, seed: Seed) -> Result<Arc<Problem>, BoundError> {
        let slot = self.slot((Arc::as_ptr(loaded) as usize, seed.replication));
        let mut problem = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*problem {
            return Ok(Arc::clone(known));
        }
        let new = Arc::new(Problem::new(loaded.model(), seed)?);
        *problem = Some(Arc::clone(&new));
        Ok(new)
    }

    fn slot(&self, key: Key) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slot)) = slots.iter().find(|(known, _)| *known == key) {
            return Arc::clone(slot);
        }
        if slots.len() >= self.kept {
            slots.pop_front();
        }
        let slot = Slot::default();
        slots.push_back((key, Arc::clone(&slot)));
        slot
    }
}
