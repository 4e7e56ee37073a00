//! Instants between the clock's ticks, and the earliest of many that change.

use crate::base::Time;

/// An instant in parts of 2⁻¹² µs. Transfers end between the ticks of the clock; if each end were rounded to a tick before the next one is
/// worked out, errors would add up over a chain of ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Moment(pub(super) u128);

impl Moment {
    /// Bits of a microsecond's parts.
    pub(super) const PART_BITS: u32 = 12;
    /// After every event.
    pub(super) const NEVER: Self = Self(u128::MAX);
    /// How far after a tick something may lie and yet count as on it: rates are rounded down, so that what ends on a tick ends a
    /// little later.
    const SLACK: u128 = 1 << (Self::PART_BITS - 4);

    pub(super) fn at(time: Time) -> Self {
        Self(u128::from(time.0) << Self::PART_BITS)
    }
    /// Returns the last moment that counts as on or before a tick.
    pub(super) fn last_of(time: Time) -> Self {
        Self(Self::at(time).0 + Self::SLACK)
    }
    /// Returns the first tick by which the moment has come.
    pub(super) fn tick(self) -> Time {
        let ticks = self.0.saturating_sub(Self::SLACK).div_ceil(1 << Self::PART_BITS);
        Time(u64::try_from(ticks).unwrap_or(u64::MAX))
    }
}

/// Not in the heap.
const ABSENT: u32 = u32::MAX;

/// A binary heap over dense slots in which every slot's instant can be changed. Ties go to the lower slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    heap: Vec<(Moment, u32)>,
    place: Vec<u32>,
}

impl Schedule {
    /// Returns the earliest instant and its slot. *O*(1).
    pub(super) fn first(&self) -> Option<(Moment, u32)> {
        self.heap.first().copied()
    }
    /// Sets or changes the instant of a slot. *O*(log slots).
    pub(super) fn set(&mut self, slot: u32, at: Moment) {
        if self.place.len() <= slot as usize {
            self.place.resize(slot as usize + 1, ABSENT);
        }
        let place = self.place[slot as usize];
        let place = if place == ABSENT {
            self.heap.push((at, slot));
            self.heap.len() - 1
        } else {
            self.heap[place as usize].0 = at;
            place as usize
        };
        self.restore(place);
    }
    /// Removes a slot, if it is in. *O*(log slots).
    pub(super) fn remove(&mut self, slot: u32) {
        let Some(place) = self.place.get_mut(slot as usize).map(|place| std::mem::replace(place, ABSENT)).filter(|place| *place != ABSENT) else {
            return;
        };
        self.heap.swap_remove(place as usize);
        if (place as usize) < self.heap.len() {
            self.restore(place as usize);
        }
    }
    /// Moves the entry at a place to where it belongs.
    fn restore(&mut self, mut place: usize) {
        while place > 0 && self.heap[place] < self.heap[(place - 1) / 2] {
            self.heap.swap(place, (place - 1) / 2);
            self.place[self.heap[place].1 as usize] = place as u32;
            place = (place - 1) / 2;
        }
        loop {
            let left = 2 * place + 1;
            let Some(mut child) = (left < self.heap.len()).then_some(left) else { break };
            if left + 1 < self.heap.len() && self.heap[left + 1] < self.heap[left] {
                child = left + 1;
            }
            if self.heap[place] <= self.heap[child] {
                break;
            }
            self.heap.swap(place, child);
            self.place[self.heap[place].1 as usize] = place as u32;
            place = child;
        }
        self.place[self.heap[place].1 as usize] = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_moment_belongs_to_the_first_tick_that_it_does_not_clearly_pass() {
        let part = 1 << Moment::PART_BITS;
        let tick = |parts: u128| Moment(7 * part + parts).tick();
        assert_eq!([tick(0), tick(Moment::SLACK), tick(Moment::SLACK + 1), tick(part)], [Time(7), Time(7), Time(8), Time(8)]);
        assert_eq!(Moment::last_of(Time(7)).tick(), Time(7));
        assert_eq!(Moment::NEVER.tick(), Time::NEVER);
    }

    proptest! {
        #[test]
        fn the_first_is_the_least_whatever_was_changed(changes in prop::collection::vec((0_u32..20, prop::option::of(0_u128..50)), 1..200)) {
            let (mut schedule, mut naive) = (Schedule::default(), [None; 20]);
            for (slot, at) in changes {
                match at {
                    Some(at) => schedule.set(slot, Moment(at)),
                    None => schedule.remove(slot),
                }
                naive[slot as usize] = at;
                let least = (0..20_u32).filter_map(|slot| naive[slot as usize].map(|at| (Moment(at), slot))).min();
                prop_assert_eq!(schedule.first(), least);
            }
        }
    }
}
