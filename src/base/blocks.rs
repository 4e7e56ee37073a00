//! A sorted list in blocks, each with a summary of its items: search by summary skips whole blocks.
//!
//! Sorted vectors of at most 64 items keep to a few cache lines, need no pointers, and a summary (a sum, a least value) a block makes
//! "the first item that ..." *O*(n/32 + 64) instead of *O*(n), with a constant so small that it beats balanced trees up to some ten thousand items.

/// What can be listed in [`Blocks`].
pub trait Item: Copy {
    /// What the list is sorted by; no two items have the same.
    type Key: Ord + Copy;
    /// What a block knows of its items.
    type Summary: Copy + std::fmt::Debug;
    /// Returns the key.
    fn key(&self) -> Self::Key;
    /// Returns the summary of no items.
    fn nothing() -> Self::Summary;
    /// Returns a summary with one more item in it.
    fn with(&self, summary: Self::Summary) -> Self::Summary;
}

/// The most items of a block; a full one splits in two.
const BLOCK: usize = 64;

/// A sorted list.
#[derive(Clone, Debug)]
pub struct Blocks<T: Item> {
    blocks: Vec<Block<T>>,
    spare: Vec<Vec<T>>,
    len: usize,
}

/// A part of the list.
#[derive(Clone, Debug)]
struct Block<T: Item> {
    summary: T::Summary,
    items: Vec<T>,
}

impl<T: Item> Blocks<T> {
    /// Counts the items.
    pub fn len(&self) -> usize {
        self.len
    }
    /// Tells whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Adds an item; appending is *O*(1).
    pub fn insert(&mut self, item: T) {
        self.len += 1;
        let key = item.key();
        if self.blocks.is_empty() {
            let items = self.empty_items();
            self.blocks.push(Block { summary: T::nothing(), items });
        }
        let at = self.block_of(key);
        let block = &mut self.blocks[at];
        let position = if block.items.last().is_none_or(|last| last.key() < key) {
            block.items.len()
        } else {
            block.items.partition_point(|other| other.key() < key)
        };
        block.items.insert(position, item);
        block.summary = item.with(block.summary);
        if block.items.len() == BLOCK {
            self.split(at);
        }
    }
    /// Removes the item with a key; it must be there.
    pub fn remove(&mut self, key: T::Key) -> T {
        self.len -= 1;
        let at = self.block_of(key);
        let block = &mut self.blocks[at];
        let position = block.items.partition_point(|other| other.key() < key);
        let removed = block.items.remove(position);
        assert!(removed.key() == key, "what is removed is listed");
        if block.items.is_empty() {
            self.spare.push(self.blocks.remove(at).items);
        } else {
            block.summarise();
        }
        removed
    }
    /// Returns the first item.
    pub fn first(&self) -> Option<&T> {
        self.blocks.first().and_then(|block| block.items.first())
    }
    /// Returns the first item after a key (from the beginning, if none is given).
    pub fn after(&self, key: Option<T::Key>) -> Option<&T> {
        let Some(key) = key else {
            return self.first();
        };
        let at = if self.blocks.is_empty() { return None } else { self.block_of(key) };
        let block = &self.blocks[at];
        let position = block.items.partition_point(|item| item.key() <= key);
        block.items.get(position).or_else(|| self.blocks.get(at + 1).and_then(|next| next.items.first()))
    }
    /// Returns the first item after a key for which `item` holds; blocks for whose summary `block` does not hold are skipped.
    pub fn find_after(&self, key: Option<T::Key>, block: impl Fn(T::Summary) -> bool, item: impl Fn(&T) -> bool) -> Option<&T> {
        if self.blocks.is_empty() {
            return None;
        }
        let at = key.map_or(0, |key| self.block_of(key));
        let is_after = |candidate: &T| key.is_none_or(|key| candidate.key() > key);
        let holds = |of: &&Block<T>| block(of.summary);
        self.blocks[at..].iter().filter(holds).find_map(|block| block.items.iter().find(|candidate| is_after(candidate) && item(candidate)))
    }
    /// Iterates over the items in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.blocks.iter().flat_map(|block| block.items.iter())
    }
    /// Iterates over the blocks in order: summary and items.
    pub fn blocks(&self) -> impl Iterator<Item = (T::Summary, &[T])> {
        self.blocks.iter().map(|block| (block.summary, block.items.as_slice()))
    }
    /// Removes everything; keeps the memory.
    pub fn clear(&mut self) {
        self.len = 0;
        for mut block in self.blocks.drain(..) {
            block.items.clear();
            self.spare.push(block.items);
        }
    }

    fn split(&mut self, at: usize) {
        let mut upper = self.empty_items();
        let block = &mut self.blocks[at];
        upper.extend(block.items.drain(BLOCK / 2..));
        block.summarise();
        let mut upper = Block { summary: T::nothing(), items: upper };
        upper.summarise();
        self.blocks.insert(at + 1, upper);
    }
    fn empty_items(&mut self) -> Vec<T> {
        self.spare.pop().unwrap_or_else(|| Vec::with_capacity(BLOCK))
    }
    /// Returns the block that a key belongs to.
    fn block_of(&self, key: T::Key) -> usize {
        let last = self.blocks.len() - 1;
        // Both ends are where most of the work is.
        if self.blocks[last].items.first().is_none_or(|first| first.key() <= key) {
            return last;
        }
        let after = self.blocks.partition_point(|block| block.items.first().is_some_and(|first| first.key() <= key));
        after.saturating_sub(1)
    }
}

impl<T: Item> Block<T> {
    fn summarise(&mut self) {
        self.summary = self.items.iter().fold(T::nothing(), |summary, item| item.with(summary));
    }
}

impl<T: Item> Default for Blocks<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), spare: Vec::new(), len: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Pair(u64, u64);

    impl Item for Pair {
        type Key = u64;
        type Summary = u64;
        fn key(&self) -> u64 {
            self.0
        }
        fn nothing() -> u64 {
            u64::MAX
        }
        fn with(&self, least: u64) -> u64 {
            least.min(self.1)
        }
    }

    proptest! {
        #[test]
        fn behaves_like_a_map(
            operations in prop::collection::vec((any::<bool>(), 0_u64..400, 0_u64..100), 1..900),
            after in 0_u64..400,
            at_most in 0_u64..100,
        ) {
            let (mut blocks, mut map) = (Blocks::default(), BTreeMap::new());
            for (add, key, value) in operations {
                if add && !map.contains_key(&key) {
                    map.insert(key, value);
                    blocks.insert(Pair(key, value));
                } else if !add && map.remove(&key).is_some() {
                    blocks.remove(key);
                }
            }
            prop_assert_eq!(blocks.len(), map.len());
            prop_assert_eq!(blocks.iter().map(|pair| (pair.0, pair.1)).collect::<Vec<_>>(), map.clone().into_iter().collect::<Vec<_>>());
            let key = |pair: Option<&Pair>| pair.map(|pair| pair.0);
            prop_assert_eq!(key(blocks.after(Some(after))), map.range(after + 1..).next().map(|entry| *entry.0));
            prop_assert_eq!(key(blocks.after(None)), map.keys().next().copied());
            let found = blocks.find_after(Some(after), |least| least <= at_most, |pair| pair.1 <= at_most);
            prop_assert_eq!(key(found), map.range(after + 1..).find(|entry| *entry.1 <= at_most).map(|entry| *entry.0));
        }
    }
}
