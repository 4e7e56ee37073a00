//! Running jobs of one pool in order of their expected end, in blocks with sums.
//!
//! EASY needs to know when the first queued job can start: the earliest expected end at which enough GPUs are free. Walking blocks by their
//! GPU sums makes that *O*(R/32 + 64) for R running jobs instead of sorting them at every event.

use super::capacity::Held;
use crate::base::Time;
use crate::base::blocks::{Blocks, Item};
use crate::model::{JobId, JobNumber};

/// One running job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    /// When it is expected to end, by its estimate.
    pub at: Time,
    /// Its number, which breaks ties.
    pub number: JobNumber,
    /// The job.
    pub job: JobId,
    /// What it holds.
    pub held: Held,
    /// The GPUs it gives back to this pool.
    pub gpus: u32,
}

impl Item for End {
    type Key = (Time, JobNumber);
    type Summary = u64;
    fn key(&self) -> Self::Key {
        (self.at, self.number)
    }
    fn nothing() -> u64 {
        0
    }
    fn with(&self, gpus: u64) -> u64 {
        gpus + u64::from(self.gpus)
    }
}

/// The running jobs of a pool.
#[derive(Clone, Debug, Default)]
pub struct ExpectedEnds {
    ends: Blocks<End>,
}

impl ExpectedEnds {
    /// Adds a job.
    pub fn insert(&mut self, end: End) {
        self.ends.insert(end);
    }
    /// Removes a job that was added with this expected end.
    pub fn remove(&mut self, at: Time, number: JobNumber) {
        self.ends.remove((at, number));
    }
    /// Counts the jobs.
    pub fn count(&self) -> u64 {
        self.ends.len() as u64
    }
    /// Iterates in order of expected end, then number.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &End> {
        self.ends.iter()
    }
    /// Returns the earliest expected end after which at least `missing` more GPUs are free, and how many more are free then, counting all
    /// that end at that instant. `None`: never.
    pub fn when_free(&self, missing: u64) -> Option<(Time, u64)> {
        let mut sum = 0;
        let mut found: Option<Time> = None;
        for (gpus, entries) in self.ends.blocks() {
            if found.is_none() && sum + gpus < missing {
                sum += gpus;
                continue;
            }
            for entry in entries {
                if found.is_some_and(|at| entry.at > at) {
                    return found.map(|at| (at, sum));
                }
                sum += u64::from(entry.gpus);
                if found.is_none() && sum >= missing {
                    found = Some(entry.at);
                }
            }
        }
        found.map(|at| (at, sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn behaves_like_a_sorted_list(
            jobs in prop::collection::vec((0_u64..500, 1_u32..9), 1..400),
            removals in prop::collection::vec(any::<prop::sample::Index>(), 0..200),
            missing in 1_u64..400,
        ) {
            let mut ends = ExpectedEnds::default();
            let mut list: Vec<(u64, u64, u32)> = Vec::new();
            for (number, (at, gpus)) in jobs.iter().enumerate() {
                ends.insert(End { at: Time(*at), number: number as u64, job: JobId(number as u32), held: Held::NOTHING, gpus: *gpus });
                list.push((*at, number as u64, *gpus));
            }
            for removal in removals {
                if list.is_empty() { break; }
                let (at, number, _) = list.swap_remove(removal.index(list.len()));
                ends.remove(Time(at), number);
            }
            list.sort_unstable();
            prop_assert_eq!(ends.iter().map(|end| (end.at.0, end.number, end.gpus)).collect::<Vec<_>>(), list.clone());
            let mut sum = 0;
            let at = list.iter().find(|(_, _, gpus)| { sum += u64::from(*gpus); sum >= missing }).map(|(at, _, _)| *at);
            let expected = at.map(|at| (Time(at), list.iter().filter(|entry| entry.0 <= at).map(|entry| u64::from(entry.2)).sum::<u64>()));
            prop_assert_eq!(ends.when_free(missing), expected);
        }
    }
}
