//! An ordered set of small integers: a bitset with summaries, 64 to one.

/// A set of `u32` that finds its least element in *O*(log₆₄ n). Grows to what it is asked to hold.
#[derive(Clone, Debug, Default)]
pub struct OrderedBits {
    /// Level 0 holds the elements; a bit of level k+1 says that a word of level k is not zero.
    levels: Vec<Vec<u64>>,
    count: u32,
}

impl OrderedBits {
    /// Makes an empty set.
    pub fn new() -> Self {
        Self::default()
    }
    /// Counts the elements.
    pub fn len(&self) -> u32 {
        self.count
    }
    /// Tells whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
    /// Tells whether `element` is in the set.
    pub fn contains(&self, element: u32) -> bool {
        self.levels.first().and_then(|words| words.get(element as usize / 64)).is_some_and(|word| word >> (element % 64) & 1 == 1)
    }
    /// Adds an element that is not in the set.
    pub fn insert(&mut self, element: u32) {
        debug_assert!(!self.contains(element), "{element} is in the set already");
        self.grow_to(element);
        self.count += 1;
        let mut at = element as usize;
        for words in &mut self.levels {
            let word = &mut words[at / 64];
            let was_empty = *word == 0;
            *word |= 1 << (at % 64);
            if !was_empty {
                return;
            }
            at /= 64;
        }
    }
    /// Removes an element that is in the set.
    pub fn remove(&mut self, element: u32) {
        debug_assert!(self.contains(element), "{element} is not in the set");
        self.count -= 1;
        let mut at = element as usize;
        for words in &mut self.levels {
            let word = &mut words[at / 64];
            *word &= !(1 << (at % 64));
            if *word != 0 {
                return;
            }
            at /= 64;
        }
    }
    /// Returns the least element.
    pub fn first(&self) -> Option<u32> {
        if self.count == 0 {
            return None;
        }
        let mut at = 0_usize;
        for words in self.levels.iter().rev() {
            at = at * 64 + words[at].trailing_zeros() as usize;
        }
        Some(at as u32)
    }
    /// Returns the least element that is at least `from`.
    pub fn first_from(&self, from: u32) -> Option<u32> {
        let mut at = from as usize;
        for (level, words) in self.levels.iter().enumerate() {
            let rest = words.get(at / 64).map_or(0, |word| word & (u64::MAX << (at % 64)));
            if rest != 0 {
                let mut found = at / 64 * 64 + rest.trailing_zeros() as usize;
                for lower in self.levels[..level].iter().rev() {
                    found = found * 64 + lower[found].trailing_zeros() as usize;
                }
                return Some(found as u32);
            }
            at = at / 64 + 1;
        }
        None
    }
    /// Iterates over the elements in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let mut next = self.first();
        std::iter::from_fn(move || {
            let element = next?;
            next = element.checked_add(1).and_then(|from| self.first_from(from));
            Some(element)
        })
    }

    fn grow_to(&mut self, element: u32) {
        let mut words = element as usize / 64 + 1;
        let mut level = 0;
        loop {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
                // A new summary level over what is there already.
                if level > 0 {
                    let below = &self.levels[level - 1];
                    let summary =
                        below.chunks(64).map(|chunk| chunk.iter().enumerate().fold(0, |bits, (i, w)| bits | u64::from(*w != 0) << i)).collect();
                    self.levels[level] = summary;
                }
            }
            if self.levels[level].len() < words {
                self.levels[level].resize(words, 0);
            }
            words = self.levels[level].len();
            if words == 1 {
                return;
            }
            words = words.div_ceil(64);
            level += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn behaves_like_a_sorted_set(operations in prop::collection::vec((any::<bool>(), 0_u32..300_000), 1..300), probe in 0_u32..300_000) {
            let (mut bits, mut model) = (OrderedBits::new(), BTreeSet::new());
            for (add, element) in operations {
                if add && model.insert(element) {
                    bits.insert(element);
                } else if !add && model.remove(&element) {
                    bits.remove(element);
                }
                prop_assert_eq!(bits.first(), model.first().copied());
                prop_assert_eq!(bits.first_from(probe), model.range(probe..).next().copied());
            }
            prop_assert_eq!(bits.len() as usize, model.len());
            prop_assert_eq!(bits.iter().collect::<Vec<_>>(), model.into_iter().collect::<Vec<_>>());
        }
    }
}
