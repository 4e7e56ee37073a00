//! Caps on GPU-hours and metered energy per calendar period.
//!
//! A start commits what it is expected to use, in the periods that it is expected to span, and is refused if used + committed would exceed a
//! cap in any of them. When the job ends, its commitment is replaced by what it used. A cap counts for a quota and its descendants. A cap that
//! appears during the run, or whose period changes, counts what starts from then on.

use super::holding::{ENERGY_UNITS_PER_MJ, HeldPart, Holding, energy, gpu_time};
use super::matching::MatchTable;
use super::meter::{Meter, Use};
use super::quota::QuotaTree;
use crate::base::{Column, Span, Time};
use crate::model::{HoursCap, Model, Overrun, Period, QuotaId};

/// What a cap says to a start that it cannot admit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CapRefusal {
    /// The quota that has the cap.
    pub quota: QuotaId,
    /// What is capped.
    pub capped: Capped,
    /// The number of the period; 0 holds the start of the scenario.
    pub period: u64,
    /// What the start would use in that period: GPU-microseconds, or millijoules.
    pub asked: u128,
    /// What is left in it.
    pub left: u128,
}

/// What is capped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Capped {
    GpuHours,
    Energy,
}

/// All caps.
#[derive(Clone, Debug)]
pub(super) struct Caps {
    caps: Vec<CapState>,
    /// For each quota the caps of itself and its ancestors.
    by_quota: Column<QuotaId, Box<[usize]>>,
    latest_end: Time,
}

#[derive(Clone, Debug)]
struct CapState {
    quota: QuotaId,
    capped: Capped,
    cap: HoursCap,
    /// What started before is not counted.
    began: Time,
    meter: Meter,
}

impl Caps {
    pub fn new(model: &Model, tree: &QuotaTree, latest_end: Time) -> Self {
        let mut caps = Self { caps: Vec::new(), by_quota: Column::new(), latest_end };
        caps.set_limits(model, tree, Time::ZERO);
        caps
    }
    /// Takes the caps from the model; what was used under a cap stays counted as long as its period is the same.
    pub fn set_limits(&mut self, model: &Model, tree: &QuotaTree, now: Time) {
        let mut old = std::mem::take(&mut self.caps);
        for (quota, item) in model.quotas.entries() {
            for (capped, cap) in [(Capped::GpuHours, item.gpu_hours), (Capped::Energy, item.energy)] {
                let Some(cap) = cap else { continue };
                let same = |state: &CapState| state.quota == quota && state.capped == capped && state.cap.every == cap.every;
                let kept = old.iter().position(same).map(|at| old.swap_remove(at));
                let fresh = || Meter::new(model.calendar, cap.every, self.latest_end, now);
                let (began, meter) = kept.map_or_else(|| (now, fresh()), |state| (state.began, state.meter));
                self.caps.push(CapState { quota, capped, cap, began, meter });
            }
        }
        self.by_quota = on_paths(model, tree, |quota| {
            self.caps.iter().enumerate().filter(|(_, state)| state.quota == quota).map(|(index, _)| index).collect()
        });
    }
    /// Tells whether there is any cap on energy, so that expected energy is needed at a start.
    pub fn any_on_energy(&self) -> bool {
        self.caps.iter().any(|state| state.capped == Capped::Energy)
    }
    /// Tells whether a start stays within all caps.
    pub fn fits(&self, table: &MatchTable, parts: &[HeldPart], (now, expected_end): (Time, Time)) -> Result<(), CapRefusal> {
        for (at, part) in parts.iter().enumerate() {
            for index in self.charged(table, part) {
                if parts[..at].iter().any(|earlier| self.charged(table, earlier).any(|other| other == index)) {
                    continue;
                }
                let together = parts[at..].iter().filter(|part| self.charged(table, part).any(|other| other == index));
                let state = &self.caps[index];
                state.fits(together.map(|part| state.used(part, now, expected_end)))?;
            }
        }
        Ok(())
    }
    /// Tells whether a part of a start could stay within all caps if nothing else were used, whenever it began.
    pub fn fits_ever(&self, table: &MatchTable, part: &HeldPart, length: Span) -> Result<(), CapRefusal> {
        for index in self.charged(table, part) {
            let state = &self.caps[index];
            let used = state.used(part, Time::ZERO, Time::ZERO + length);
            // A use that begins anywhere has half of its time, or a whole period, in one period.
            let least = match shortest(state.cap.every) {
                Some(period) if period.0 < length.0 / 2 => used.amount / u128::from(length.0) * u128::from(period.0),
                Some(_) => used.amount / 2,
                None => used.amount,
            };
            if least > state.at_most() {
                return Err(state.refusal(0, least, state.at_most()));
            }
        }
        Ok(())
    }
    /// Commits what a start is expected to use.
    pub fn hold(&mut self, table: &MatchTable, holding: &Holding) {
        self.for_each(table, holding, |state, _, part| {
            let used = state.used(part, holding.start, holding.expected_end);
            state.meter.add(used);
        });
    }
    /// Takes a commitment back. *O*(periods spanned).
    pub fn undo(&mut self, table: &MatchTable, holding: &Holding) {
        self.for_each(table, holding, |state, _, part| state.uncommit(holding, part));
    }
    /// Replaces a commitment by what was used until now. `energy_mj` is the metered energy of each part.
    pub fn release(&mut self, table: &MatchTable, holding: &Holding, now: Time, energy_mj: &[u64]) {
        self.for_each(table, holding, |state, at, part| {
            state.uncommit(holding, part);
            state.meter.add(match state.capped {
                Capped::GpuHours => gpu_time(part.gpus, holding.start, now),
                Capped::Energy => energy(energy_mj[at], holding.start, now),
            });
        });
    }
    /// Replaces a commitment by what is taken to be used until now, as the job goes on elsewhere from this instant.
    pub fn hand_over(&mut self, table: &MatchTable, holding: &Holding, now: Time) {
        self.for_each(table, holding, |state, _, part| {
            state.uncommit(holding, part);
            state.meter.add(state.used_until(holding, part, now));
        });
    }
    /// Takes that back at its own instant.
    pub fn take_over_again(&mut self, table: &MatchTable, holding: &Holding, now: Time) {
        self.for_each(table, holding, |state, _, part| {
            state.meter.remove(state.used_until(holding, part, now));
            state.meter.add(state.used(part, holding.start, holding.expected_end));
            if holding.overrunning {
                let rate = state.rate(holding, part);
                state.meter.begin_overrun(holding.expected_end, rate);
            }
        });
    }
    /// Replaces what was taken to be used by what was used, at the instant at which it was handed over.
    pub fn release_handed_over(&mut self, table: &MatchTable, holding: &Holding, now: Time, energy_mj: &[u64]) {
        self.for_each(table, holding, |state, at, part| {
            if state.capped == Capped::Energy {
                state.meter.remove(state.used_until(holding, part, now));
                state.meter.add(energy(energy_mj[at], holding.start, now));
            }
        });
    }
    /// Returns when a job must be ended that some cap does not let outlive its estimate.
    pub fn kill_at(&self, table: &MatchTable, holding: &Holding) -> Option<Time> {
        let mut charged = holding.parts().iter().flat_map(|part| self.charged(table, part));
        charged.any(|index| self.caps[index].cap.overrun == Overrun::Kill).then_some(holding.expected_end)
    }
    /// Tells whether a part is under any cap.
    pub fn concerns(&self, table: &MatchTable, part: &HeldPart) -> bool {
        self.charged(table, part).next().is_some()
    }
    /// Lets time pass.
    pub fn advance(&mut self, now: Time) {
        self.caps.iter_mut().for_each(|state| state.meter.advance(now));
    }
    /// Counts a job from now on that outlives its estimate.
    pub fn begin_overrun(&mut self, table: &MatchTable, holding: &Holding) {
        self.for_each(table, holding, |state, _, part| {
            let rate = state.rate(holding, part);
            state.meter.begin_overrun(holding.expected_end, rate);
        });
    }
    /// Returns what is used and committed in the current period, and the cap: GPU-microseconds, or millijoules.
    pub fn usage(&self, quota: QuotaId, capped: Capped) -> Option<(u128, u128)> {
        let state = self.caps.iter().find(|state| state.quota == quota && state.capped == capped)?;
        Some((state.meter.amount(state.meter.current_index()) / state.scale(), state.cap.at_most))
    }
    /// Returns for a cap what was used beyond it, over all periods so far: GPU-microseconds, or millijoules.
    pub fn beyond(&self, quota: QuotaId, capped: Capped) -> u128 {
        let states = self.caps.iter().filter(|state| state.quota == quota && state.capped == capped);
        states.map(|state| state.meter.amounts().iter().map(|used| used.saturating_sub(state.at_most())).sum::<u128>() / state.scale()).sum()
    }

    fn charged<'a>(&'a self, table: &'a MatchTable, part: &HeldPart) -> impl Iterator<Item = usize> + 'a {
        table.charged(part.charges).iter().flat_map(|quota| self.by_quota[*quota].iter().copied())
    }
    /// Visits each part of a holding with each cap that counts it.
    fn for_each(&mut self, table: &MatchTable, holding: &Holding, mut visit: impl FnMut(&mut CapState, usize, &HeldPart)) {
        for (at, part) in holding.parts().iter().enumerate() {
            for quota in table.charged(part.charges) {
                for &index in &self.by_quota[*quota] {
                    let state = &mut self.caps[index];
                    if holding.start >= state.began {
                        visit(state, at, part);
                    }
                }
            }
        }
    }
}

/// Makes for each quota the list of what `own` finds on it and its ancestors.
pub(super) fn on_paths(model: &Model, tree: &QuotaTree, own: impl Fn(QuotaId) -> Vec<usize>) -> Column<QuotaId, Box<[usize]>> {
    model.quotas.ids().map(|quota| tree.path(quota).iter().flat_map(|above| own(*above)).collect()).collect()
}

impl CapState {
    fn scale(&self) -> u128 {
        if self.capped == Capped::Energy { ENERGY_UNITS_PER_MJ } else { 1 }
    }
    fn at_most(&self) -> u128 {
        self.cap.at_most.saturating_mul(self.scale())
    }
    fn used(&self, part: &HeldPart, from: Time, to: Time) -> Use {
        match self.capped {
            Capped::GpuHours => gpu_time(part.gpus, from, to),
            Capped::Energy => energy(part.energy_mj, from, to),
        }
    }
    fn used_until(&self, holding: &Holding, part: &HeldPart, now: Time) -> Use {
        match self.capped {
            Capped::GpuHours => gpu_time(part.gpus, holding.start, now),
            Capped::Energy => holding.energy_until(part, now),
        }
    }
    fn rate(&self, holding: &Holding, part: &HeldPart) -> u128 {
        match self.capped {
            Capped::GpuHours => u128::from(part.gpus),
            Capped::Energy => holding.energy(part).rate(),
        }
    }
    fn fits(&self, uses: impl Iterator<Item = Use>) -> Result<(), CapRefusal> {
        let Some(used) = uses.reduce(|sum, other| Use { amount: sum.amount + other.amount, ..sum }) else { return Ok(()) };
        let mut refusal = None;
        self.meter.split(used, |index, _, asked| {
            let left = self.at_most().saturating_sub(self.meter.amount(index));
            if asked > left {
                refusal = Some(self.refusal(index, asked, left));
            }
            refusal.is_none()
        });
        refusal.map_or(Ok(()), Err)
    }
    fn refusal(&self, period: u64, asked: u128, left: u128) -> CapRefusal {
        let scale = self.scale();
        CapRefusal { quota: self.quota, capped: self.capped, period, asked: asked.div_ceil(scale), left: left / scale }
    }
    fn uncommit(&mut self, holding: &Holding, part: &HeldPart) {
        if holding.overrunning {
            let rate = self.rate(holding, part);
            self.meter.end_overrun(holding.expected_end, rate);
        }
        self.meter.remove(self.used(part, holding.start, holding.expected_end));
    }
}

/// Returns the length of the shortest period of a kind; `None` for the whole run.
fn shortest(period: Period) -> Option<Span> {
    match period {
        Period::Day => Some(Span::days(1)),
        Period::Week => Some(Span::days(7)),
        Period::Month => Some(Span::days(28)),
        Period::Quarter => Some(Span::days(90)),
        Period::Year => Some(Span::days(365)),
        Period::Run => None,
    }
}

#[cfg(test)]
#[path = "caps_tests.rs"]
mod tests;
