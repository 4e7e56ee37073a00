//! Claims of running jobs: short lists in an arena.

use super::Bases;
use crate::base::{Money, MoneyOverflow, Ratio, Time};
use crate::model::{Covers, JobNumber, SiteId, SubsidyId, TenantId};
use crate::rules::levy::MILLIJOULES_PER_KWH;
use crate::rules::matching::ClaimRate;

/// The claims of one job: a handle for the engine to keep until the job has left.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Claims(u32);

impl Claims {
    /// No claim.
    pub const NONE: Self = Self(u32::MAX);

    /// Tells whether there is no claim.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// What one job gets from one subsidy for one part of its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub subsidy: SubsidyId,
    /// The part of the start, 0 or 1.
    pub part: u8,
    pub standing: Standing,
    pub rate: ClaimRate,
    pub number: JobNumber,
    pub tenant: TenantId,
    pub site: SiteId,
    /// When it was made: its budget and cap period.
    pub made: Time,
    /// The fund that it belongs to.
    pub fund: u32,
    pub reserved: Money,
    /// What attempts before a preemption have used.
    pub accrued: Covered,
    /// What the job's other claims on the subsidy got that were settled when it was preempted: its cap is for all of them.
    pub got_before: Money,
    pub marks: Marks,
}

/// What may still come of a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    /// It will be settled.
    Open,
    /// It got nothing, as the budget was spent; only its marks count.
    Void,
    /// Its reservation has expired.
    Lapsed,
}

/// What making a claim has counted, so that it can be undone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Marks {
    /// A cap cut it.
    pub capped: bool,
    /// The budget did not cover it.
    pub short: bool,
    /// It closed the programme.
    pub closed: bool,
    /// It was the first in its period that found the budget spent, or spent it.
    pub exhausted: bool,
    /// It counts its job as eligible for several subsidies.
    pub several: bool,
}

/// What a rate is applied to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Covered {
    pub money: Money,
    pub gpu_us: u128,
    pub energy_mj: u128,
}

impl Covered {
    /// Takes what a subsidy covers from the bases of a part.
    pub fn of(covers: Covers, bases: &Bases) -> Self {
        let money = match covers {
            Covers::Compute => bases.compute,
            Covers::Energy => bases.energy,
            Covers::Transfer => bases.transfer,
            Covers::Capital => bases.capital,
        };
        Self { money: money.max(Money::ZERO), gpu_us: bases.gpu_us, energy_mj: bases.energy_mj }
    }
    pub fn plus(self, other: Self) -> Result<Self, MoneyOverflow> {
        let money = self.money.plus(other.money)?;
        Ok(Self { money, gpu_us: self.gpu_us + other.gpu_us, energy_mj: self.energy_mj + other.energy_mj })
    }
    /// Applies a rate; nobody gets more than what is covered costs.
    pub fn at_rate(&self, rate: ClaimRate) -> Result<Money, MoneyOverflow> {
        let amount = match rate {
            ClaimRate::Share(share) => self.money.times(u128::from(share), u128::from(Ratio::SCALE))?,
            ClaimRate::TargetPrice(price) => self.money.minus(price.times(self.energy_mj, MILLIJOULES_PER_KWH)?)?,
            ClaimRate::PerGpuHour(amount) => per_gpu_hour(amount, self.gpu_us)?,
        };
        Ok(amount.min(self.money).max(Money::ZERO))
    }
}

/// Returns an amount per GPU-hour for so many GPU-microseconds.
pub(super) fn per_gpu_hour(amount: Money, gpu_us: u128) -> Result<Money, MoneyOverflow> {
    amount.times(gpu_us, u128::from(crate::base::time::MICROS_PER_HOUR))
}

/// All claims, in lists by job; slots are used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Arena {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    claim: Claim,
    next: u32,
    generation: u32,
}

/// A claim of a list that may be gone when it is looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Watched {
    index: u32,
    generation: u32,
}

impl Arena {
    /// Appends a claim to a list; returns the list.
    pub fn append(&mut self, list: Claims, claim: Claim) -> Claims {
        let index = match self.free.pop() {
            Some(index) => {
                let slot = &mut self.slots[index as usize];
                (slot.claim, slot.next) = (claim, u32::MAX);
                index
            }
            None => {
                self.slots.push(Slot { claim, next: u32::MAX, generation: 0 });
                u32::try_from(self.slots.len() - 1).expect("claims fit 32 bits")
            }
        };
        match self.indices(list).last() {
            Some(last) => self.slots[last as usize].next = index,
            None => return Claims(index),
        }
        list
    }
    /// Iterates over the claims of a list in the order of their making.
    pub fn list(&self, list: Claims) -> impl Iterator<Item = &Claim> + '_ {
        self.indices(list).map(|index| &self.slots[index as usize].claim)
    }
    /// Returns the first claim of a list and the rest, freeing its slot.
    pub fn take_first(&mut self, list: Claims) -> Option<(Claim, Claims)> {
        if list.is_none() {
            return None;
        }
        let slot = &mut self.slots[list.0 as usize];
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(list.0);
        Some((slot.claim, Claims(slot.next)))
    }
    /// Returns the index of each claim of a list, for [`Arena::at_mut`].
    pub fn indices(&self, list: Claims) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors((!list.is_none()).then_some(list.0), |index| {
            let next = self.slots[*index as usize].next;
            (next != u32::MAX).then_some(next)
        })
    }
    /// Returns the index of the claim after another.
    pub fn after(&self, index: u32) -> Option<u32> {
        let next = self.slots[index as usize].next;
        (next != u32::MAX).then_some(next)
    }
    pub fn first(list: Claims) -> Option<u32> {
        (!list.is_none()).then_some(list.0)
    }
    pub fn at_mut(&mut self, index: u32) -> &mut Claim {
        &mut self.slots[index as usize].claim
    }
    /// Remembers the last claim of a list.
    pub fn watch_last(&self, list: Claims) -> Watched {
        let index = self.indices(list).last().expect("a list with a claim");
        Watched { index, generation: self.slots[index as usize].generation }
    }
    /// Returns a watched claim unless it is gone.
    pub fn watched(&mut self, watched: Watched) -> Option<&mut Claim> {
        let slot = &mut self.slots[watched.index as usize];
        (slot.generation == watched.generation).then_some(&mut slot.claim)
    }
    pub fn is_live(&self, watched: Watched) -> bool {
        self.slots[watched.index as usize].generation == watched.generation
    }
    pub fn live(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}
