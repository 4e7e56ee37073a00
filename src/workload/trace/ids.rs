//! Which job ids have been seen.

/// The ids of a trace in bounded memory: exact up to a limit of rows, beyond it only as far as ids increase.
///
/// As long as ids are increasing integers, as in nearly every log, each costs the one or two bytes of its distance to the one before; the first that
/// is not turns them into a hash table of 8 bytes an id, up to half full.
#[derive(Debug)]
pub(super) struct Ids {
    seen: Seen,
    count: u64,
    limit: u64,
    last: u64,
}

#[derive(Debug)]
enum Seen {
    /// Distances between increasing ids, in seven bits a byte, lowest first.
    Increasing(Vec<u8>),
    /// Open addressing; ids plus one, so that zero is free. `u64::MAX` stands apart.
    Table { slots: Vec<u64>, used: usize, maximum: bool },
}

impl Ids {
    /// Makes an empty set that is exact up to `limit` ids.
    pub fn new(limit: u64) -> Self {
        Self { seen: Seen::Increasing(Vec::new()), count: 0, limit, last: 0 }
    }
    /// Adds an id; `false` if it may have been there before (certain, if ids are integers rather than hashes).
    pub fn insert(&mut self, id: u64) -> bool {
        let first = self.count == 0;
        self.count += 1;
        let last = std::mem::replace(&mut self.last, id);
        if let Seen::Increasing(distances) = &mut self.seen {
            if first || id > last {
                if self.count <= self.limit {
                    push(distances, if first { id } else { id - last });
                }
                return true;
            }
            let ids = expand(distances);
            self.seen = Seen::table(ids.len());
            for old in ids {
                self.seen.add(old);
            }
        }
        if self.count <= self.limit { self.seen.add(id) } else { id != last && self.seen.lacks(id) }
    }
    /// Returns the row from which ids were compared with those of the first rows and the row before only; `None` if every one was compared with all.
    pub fn partial_from(&self) -> Option<u64> {
        let partial = self.count > self.limit && matches!(self.seen, Seen::Table { .. });
        partial.then(|| self.limit + 1)
    }
}

impl Seen {
    fn table(count: usize) -> Self {
        Self::Table { slots: vec![0; (count * 2).next_power_of_two().max(1024)], used: 0, maximum: false }
    }
    fn add(&mut self, id: u64) -> bool {
        let Self::Table { slots, used, maximum } = self else { return true };
        let Some(entry) = id.checked_add(1) else { return !std::mem::replace(maximum, true) };
        if 2 * *used >= slots.len() {
            let old = std::mem::take(slots);
            *slots = vec![0; old.len() * 2];
            for entry in old.into_iter().filter(|entry| *entry != 0) {
                let at = find(slots, entry);
                slots[at] = entry;
            }
        }
        let at = find(slots, entry);
        let new = slots[at] == 0;
        slots[at] = entry;
        *used += usize::from(new);
        new
    }
    fn lacks(&self, id: u64) -> bool {
        match self {
            Self::Increasing(_) => true,
            Self::Table { slots, maximum, .. } => id.checked_add(1).map_or(!maximum, |entry| slots[find(slots, entry)] == 0),
        }
    }
}

/// Returns the slot that holds an entry or is free for it.
fn find(slots: &[u64], entry: u64) -> usize {
    let mask = slots.len() - 1;
    let product = u128::from(entry) * 0x9E37_79B9_7F4A_7C15;
    let mut at = ((product >> 64) as u64 ^ product as u64) as usize & mask;
    while slots[at] != 0 && slots[at] != entry {
        at = (at + 1) & mask;
    }
    at
}

fn push(distances: &mut Vec<u8>, mut distance: u64) {
    while distance > 0x7f {
        distances.push((distance & 0x7f) as u8 | 0x80);
        distance >>= 7;
    }
    distances.push(distance as u8);
}

fn expand(distances: &[u8]) -> Vec<u64> {
    let (mut ids, mut id, mut distance, mut shift) = (Vec::new(), 0_u64, 0_u64, 0);
    for byte in distances {
        distance |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            id += distance;
            ids.push(id);
            (distance, shift) = (0, 0);
        }
    }
    ids
}

/// Hashes a text id or user; two texts with one hash are told apart by reading the file again.
pub(super) fn hash(text: &[u8]) -> u64 {
    let mut state = (text.len() as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for chunk in text.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let product = u128::from(u64::from_le_bytes(word) ^ state) * 0xD2B7_4407_B1CE_6E93_u128;
        state = (product >> 64) as u64 ^ (product as u64).rotate_left(29) ^ 0xA076_1D64_78BD_642F;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Seed;
    use std::collections::BTreeSet;

    #[test]
    fn agrees_with_an_ordered_set() {
        let stream = Seed { seed: 3, replication: 0 }.stream("ids", "test");
        for increasing_first in [0, 1, 50, 5_000] {
            let (mut ids, mut reference) = (Ids::new(u64::MAX), BTreeSet::new());
            for index in 0..20_000 {
                let id = if index < increasing_first { index * 300 } else { stream.at(index).below(100_000) };
                assert_eq!(ids.insert(id), reference.insert(id), "id {id} at {index} after {increasing_first} increasing");
            }
            assert!(!ids.insert(reference.first().copied().unwrap()));
            assert!(ids.insert(u64::MAX) && !ids.insert(u64::MAX));
            assert_eq!(ids.partial_from(), None);
        }
    }

    #[test]
    fn beyond_the_limit_neighbours_and_the_first_rows_are_compared() {
        let mut ids = Ids::new(3);
        assert!([5, 3, 8, 9, 10, 9].into_iter().all(|id| ids.insert(id)));
        assert_eq!(ids.partial_from(), Some(4));
        assert!(!ids.insert(9), "a neighbour");
        assert!(!ids.insert(5), "one of the first three");
        let mut increasing = Ids::new(3);
        assert!((0..100).all(|id| increasing.insert(id)));
        assert_eq!(increasing.partial_from(), None);
    }

    #[test]
    fn hashes_differ_by_length_and_content() {
        let hashes: BTreeSet<u64> = ["", "a", "b", "a\0", "aaaaaaaa", "aaaaaaaab", "ba"].iter().map(|text| hash(text.as_bytes())).collect();
        assert_eq!(hashes.len(), 7);
    }
}
