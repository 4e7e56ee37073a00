//! What running jobs hold under the rules, so that it can be taken back exactly, whatever has changed meanwhile.

use super::matching::ChargeSet;
use super::meter::Use;
use crate::base::Time;
use crate::model::{AccessId, ChipId, PoolId, TenantId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What a start holds under the rules: a handle for the engine to keep while the job runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Held(u32);

/// One start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    pub tenant: TenantId,
    pub start: Time,
    pub expected_end: Time,
    pub parts: [HeldPart; 2],
    pub count: u8,
    /// Whether the job is counted as one that outlives its estimate.
    pub overrunning: bool,
    /// Whether its quotas are given back already, though what it has used is not accounted yet.
    pub suspended: bool,
    /// Whether what it was still expected to use counts no more, as its job goes on elsewhere from this instant.
    pub handed_over: bool,
}

/// One part of a start in one pool.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldPart {
    pub charges: ChargeSet,
    pub access: Option<AccessId>,
    pub pool: PoolId,
    pub chip: ChipId,
    pub gpus: u32,
    /// Expected metered energy in millijoules.
    pub energy_mj: u64,
}

impl Holding {
    pub fn parts(&self) -> &[HeldPart] {
        &self.parts[..usize::from(self.count)]
    }
    /// Returns the GPU time that a part is expected to use.
    pub fn gpu_time(&self, part: &HeldPart) -> Use {
        gpu_time(part.gpus, self.start, self.expected_end)
    }
    /// Returns the energy that a part has used until an instant if it is used evenly, as expected.
    pub fn energy_until(&self, part: &HeldPart, now: Time) -> Use {
        let (passed, whole) = (now.saturating_since(self.start).0, self.expected_end.saturating_since(self.start).0);
        let used = if passed >= whole { u128::from(part.energy_mj) } else { u128::from(part.energy_mj) * u128::from(passed) / u128::from(whole) };
        energy(u64::try_from(used).unwrap_or(u64::MAX), self.start, now)
    }
    /// Returns the energy that a part is expected to use.
    pub fn energy(&self, part: &HeldPart) -> Use {
        energy(part.energy_mj, self.start, self.expected_end)
    }
}

/// Returns GPU time in GPU-microseconds.
pub(super) fn gpu_time(gpus: u32, from: Time, to: Time) -> Use {
    Use { from, to: to.max(from), amount: u128::from(gpus) * u128::from(to.saturating_since(from).0) }
}

/// Units of metered energy in one millijoule.
pub(super) const ENERGY_UNITS_PER_MJ: u128 = 1_000_000;

/// Returns metered energy in nanojoules, so that a milliwatt is one unit per microsecond.
pub(super) fn energy(energy_mj: u64, from: Time, to: Time) -> Use {
    Use { from, to: to.max(from), amount: u128::from(energy_mj) * ENERGY_UNITS_PER_MJ }
}

/// All holdings: a slab of slots that are used again, and the order in which estimates run out.
#[derive(Clone, Debug, Default)]
pub(super) struct Holdings {
    slots: Vec<Slot>,
    free: Vec<u32>,
    live: usize,
    /// (expected end, slot, generation); entries of jobs that have ended are stale.
    estimates: BinaryHeap<Reverse<(Time, u32, u32)>>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    generation: u32,
    holding: Option<Holding>,
}

impl Holdings {
    pub fn insert(&mut self, holding: Holding) -> Held {
        self.live += 1;
        if let Some(index) = self.free.pop() {
            self.slots[index as usize].holding = Some(holding);
            return Held(index);
        }
        let index = u32::try_from(self.slots.len()).expect("running jobs fit 32 bits");
        self.slots.push(Slot { generation: 0, holding: Some(holding) });
        Held(index)
    }
    pub fn remove(&mut self, held: Held) -> Holding {
        let slot = &mut self.slots[held.0 as usize];
        let holding = slot.holding.take().expect("what is held is released once");
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(held.0);
        self.live -= 1;
        holding
    }
    pub fn at(&self, held: Held) -> &Holding {
        self.slots[held.0 as usize].holding.as_ref().expect("a handle is used while the job runs")
    }
    pub fn at_mut(&mut self, held: Held) -> &mut Holding {
        self.slots[held.0 as usize].holding.as_mut().expect("a handle is used while the job runs")
    }
    /// Remembers to look at a holding when its estimate runs out.
    pub fn watch_estimate(&mut self, held: Held) {
        let expected_end = self.at(held).expected_end;
        if self.estimates.len() > 64 + 2 * self.live {
            let slots = &self.slots;
            self.estimates.retain(|Reverse((_, index, generation))| slots[*index as usize].generation == *generation);
        }
        self.estimates.push(Reverse((expected_end, held.0, self.slots[held.0 as usize].generation)));
    }
    /// Returns the next holding whose estimate has run out before `now` and marks it as overrunning.
    pub fn next_overrun(&mut self, now: Time) -> Option<Holding> {
        while let Some(Reverse((expected_end, index, generation))) = self.estimates.peek().copied() {
            if expected_end >= now {
                return None;
            }
            self.estimates.pop();
            let slot = &mut self.slots[index as usize];
            if slot.generation == generation
                && let Some(holding) = &mut slot.holding
            {
                holding.overrunning = true;
                return Some(*holding);
            }
        }
        None
    }
}
