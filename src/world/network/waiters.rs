//! Jobs that wait for a dataset, in the order in which they asked.

use super::slots::Slots;
use crate::model::JobId;

/// No entry.
const NONE: u32 = u32::MAX;

/// All lists of waiting jobs, threaded through one column.
#[derive(Clone, Debug)]
pub(super) struct Waiters {
    entries: Slots<Entry>,
}

/// One list; its entries are in [`Waiters`].
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    first: u32,
    last: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    job: JobId,
    next: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self { first: NONE, last: NONE };
}

impl Waiters {
    pub(super) fn new() -> Self {
        Self { entries: Slots::new() }
    }
    pub(super) fn push(&mut self, list: &mut List, job: JobId) {
        let slot = self.entries.insert(Entry { job, next: NONE });
        match list.last {
            NONE => list.first = slot,
            last => self.entries[last].next = slot,
        }
        list.last = slot;
    }
    /// Appends all jobs of a list to `jobs` and empties it.
    pub(super) fn drain(&mut self, list: &mut List, jobs: &mut Vec<JobId>) {
        let mut at = std::mem::replace(list, List::EMPTY).first;
        while at != NONE {
            jobs.push(self.entries[at].job);
            self.entries.remove(at);
            at = self.entries[at].next;
        }
    }
    /// Removes the first entry of a job; it must be there.
    pub(super) fn remove(&mut self, list: &mut List, job: JobId) {
        let (mut previous, mut at) = (NONE, list.first);
        while self.entries[at].job != job {
            (previous, at) = (at, self.entries[at].next);
        }
        let next = self.entries[at].next;
        match previous {
            NONE => list.first = next,
            previous => self.entries[previous].next = next,
        }
        if list.last == at {
            list.last = previous;
        }
        self.entries.remove(at);
    }
}
