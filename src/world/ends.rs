//! Running jobs of one pool in order of their expected end, in blocks with sums.
//!
//! EASY needs to know when the first queued job can start: the earliest expected end at which enough GPUs are free. Walking blocks by their
//! GPU sums makes that *O*(R/32 + 64) for R running jobs instead of sorting them at every event.

use crate::base::Time;
use crate::model::JobNumber;
use crate::world::capacity::Held;

/// The most entries of a block; a full one splits in two.
const BLOCK: usize = 64;

/// One running job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    /// When it is expected to end, by its estimate.
    pub at: Time,
    /// Its number, which breaks ties.
    pub number: JobNumber,
    /// What it holds.
    pub held: Held,
    /// The GPUs it gives back to this pool.
    pub gpus: u32,
}

/// The running jobs of a pool.
#[derive(Clone, Debug, Default)]
pub struct ExpectedEnds {
    blocks: Vec<Block>,
    spare: Vec<Vec<End>>,
}

#[derive(Clone, Debug)]
struct Block {
    gpus: u64,
    entries: Vec<End>,
}

impl ExpectedEnds {
    /// Adds a job.
    pub fn insert(&mut self, end: End) {
        let key = (end.at, end.number);
        let at = self.block_of(key);
        if self.blocks.is_empty() {
            let entries = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(BLOCK));
            self.blocks.push(Block { gpus: 0, entries });
        }
        let block = &mut self.blocks[at];
        let position = block.entries.partition_point(|entry| (entry.at, entry.number) < key);
        block.entries.insert(position, end);
        block.gpus += u64::from(end.gpus);
        if block.entries.len() == BLOCK {
            let mut upper = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(BLOCK));
            upper.extend(block.entries.drain(BLOCK / 2..));
            let gpus = upper.iter().map(|entry| u64::from(entry.gpus)).sum();
            block.gpus -= gpus;
            self.blocks.insert(at + 1, Block { gpus, entries: upper });
        }
    }
    /// Removes a job that was added with this expected end.
    pub fn remove(&mut self, at: Time, number: JobNumber) {
        let block_index = self.block_of((at, number));
        let block = &mut self.blocks[block_index];
        let position = block.entries.partition_point(|entry| (entry.at, entry.number) < (at, number));
        let removed = block.entries.remove(position);
        assert!(removed.number == number, "a running job is listed under its expected end");
        block.gpus -= u64::from(removed.gpus);
        if block.entries.is_empty() {
            self.spare.push(self.blocks.remove(block_index).entries);
        }
    }
    /// Counts the jobs.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.entries.len()).sum()
    }
    /// Tells whether nothing runs.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
    /// Iterates in order of expected end, then number.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &End> {
        self.blocks.iter().flat_map(|block| block.entries.iter())
    }
    /// Returns the earliest expected end after which at least `missing` more GPUs are free, and how many more are free then, counting all
    /// that end at that instant. `None`: never.
    pub fn when_free(&self, missing: u64) -> Option<(Time, u64)> {
        let mut sum = 0;
        let mut found: Option<Time> = None;
        for block in &self.blocks {
            if found.is_none() && sum + block.gpus < missing {
                sum += block.gpus;
                continue;
            }
            for entry in &block.entries {
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

    fn block_of(&self, key: (Time, JobNumber)) -> usize {
        let after = self.blocks.partition_point(|block| block.entries.first().is_some_and(|first| (first.at, first.number) <= key));
        after.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn behaves_like_a_sorted_list(jobs in prop::collection::vec((0_u64..500, 1_u32..9), 1..400), removals in prop::collection::vec(any::<prop::sample::Index>(), 0..200), missing in 1_u64..400) {
            let mut ends = ExpectedEnds::default();
            let mut list: Vec<(u64, u64, u32)> = Vec::new();
            for (number, (at, gpus)) in jobs.iter().enumerate() {
                ends.insert(End { at: Time(*at), number: number as u64, held: Held::NOTHING, gpus: *gpus });
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
