//! Dense slots that are used again.

use std::ops::{Index, IndexMut};

/// A column whose free slots are given out again, the last freed first. What lies in a free slot is of no meaning.
#[derive(Clone, Debug)]
pub(super) struct Slots<T> {
    items: Vec<T>,
    free: Vec<u32>,
}

impl<T> Slots<T> {
    pub(super) fn new() -> Self {
        Self { items: Vec::new(), free: Vec::new() }
    }
    /// Returns the slot that [`Slots::insert`] will use next.
    pub(super) fn next_slot(&self) -> u32 {
        self.free.last().copied().unwrap_or_else(|| u32::try_from(self.items.len()).expect("slots fit 32 bits"))
    }
    pub(super) fn insert(&mut self, item: T) -> u32 {
        let slot = self.next_slot();
        match self.free.pop() {
            Some(_) => self[slot] = item,
            None => self.items.push(item),
        }
        slot
    }
    pub(super) fn remove(&mut self, slot: u32) {
        self.free.push(slot);
    }
    /// Returns all slots' items, those of free slots among them.
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }
    /// Counts the slots in use.
    #[cfg(test)]
    pub(super) fn in_use(&self) -> usize {
        self.items.len() - self.free.len()
    }
}

impl<T> Index<u32> for Slots<T> {
    type Output = T;
    fn index(&self, slot: u32) -> &T {
        &self.items[slot as usize]
    }
}

impl<T> IndexMut<u32> for Slots<T> {
    fn index_mut(&mut self, slot: u32) -> &mut T {
        &mut self.items[slot as usize]
    }
}
