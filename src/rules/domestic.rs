//! The domestic share: judged at the end of its period on what was used or installed, and missed, fined, or enforced.

use super::caps::on_paths;
use super::holding::{HeldPart, Holding, gpu_time};
use super::ledger::Ledger;
use super::matching::{Facts, MatchTable, covers_pool};
use super::meter::Meter;
use super::quota::QuotaTree;
use super::records::{Account, Posting, Purpose};
use crate::base::{Column, Id, Money, MoneyOverflow, Ratio, Time};
use crate::model::{DomesticShare, GovernmentId, Model, OnMiss, Period, QuotaId, ShareOf, SiteId};

/// What a domestic share says to a start that would put it out of reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DomesticRefusal {
    /// The quota that asks for the share.
    pub quota: QuotaId,
    /// The least share.
    pub at_least: Ratio,
    /// The best share that the period could still reach with this start.
    pub reachable: Ratio,
}

/// All domestic shares that are asked for. A share counts what is charged to its quota and the quota's descendants.
#[derive(Clone, Debug)]
pub(super) struct Shares {
    shares: Vec<ShareState>,
    /// For each quota the shares of itself and its ancestors.
    by_quota: Column<QuotaId, Box<[usize]>>,
    latest_end: Time,
}

#[derive(Clone, Debug)]
struct ShareState {
    quota: QuotaId,
    share: DomesticShare,
    /// What started before is not counted.
    began: Time,
    /// GPUs held now.
    held: Pair<u64>,
    /// GPU-microseconds in the period until `since`.
    used: Pair<u128>,
    since: Time,
    period_end: Time,
    /// GPUs installed in scope.
    installed: Pair<u64>,
    /// Imported GPU time used and committed, where starts are refused.
    imported: Option<Meter>,
    /// Sites in scope with their installed GPUs in scope.
    sites: Vec<(SiteId, u64)>,
}

/// Something of domestic GPUs and of all GPUs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Pair<T> {
    domestic: T,
    all: T,
}

impl Shares {
    pub fn new(model: &Model, tree: &QuotaTree, facts: &Facts, latest_end: Time) -> Self {
        let mut shares = Self { shares: Vec::new(), by_quota: Column::new(), latest_end };
        shares.set_limits(model, tree, facts, Time::ZERO);
        shares
    }
    /// Takes shares and installed GPUs from the model. What was used stays counted unless the period or the kind of a share changes.
    pub fn set_limits(&mut self, model: &Model, tree: &QuotaTree, facts: &Facts, now: Time) {
        let mut old = std::mem::take(&mut self.shares);
        for (quota, item) in model.quotas.entries() {
            let Some(share) = item.domestic else { continue };
            let enforced = |share: &DomesticShare| share.of == ShareOf::GpuHours && share.on_miss == OnMiss::Refuse;
            let same = |state: &ShareState| state.quota == quota && state.share.over == share.over && (enforced(&state.share) || !enforced(&share));
            let kept = old.iter().position(same).map(|at| old.swap_remove(at));
            let mut state = kept.unwrap_or_else(|| ShareState::new(model, quota, share, self.latest_end, now));
            state.share = share;
            state.imported = state.imported.filter(|_| enforced(&share));
            state.count_installed(model, facts);
            self.shares.push(state);
        }
        self.by_quota = on_paths(model, tree, |quota| {
            self.shares.iter().enumerate().filter(|(_, state)| state.quota == quota).map(|(index, _)| index).collect()
        });
    }
    /// Tells whether a start leaves every enforced share within reach.
    pub fn fits(&self, model: &Model, table: &MatchTable, parts: &[HeldPart], times: (Time, Time)) -> Result<(), DomesticRefusal> {
        for part in parts.iter().filter(|part| !model.chips[part.chip].domestic) {
            for quota in table.charged(part.charges) {
                for &index in &self.by_quota[*quota] {
                    let state = &self.shares[index];
                    // The parts of a gang have one chip, so those in the same scope count together.
                    let charged = |other: &&HeldPart| table.charged(other.charges).iter().any(|quota| self.by_quota[*quota].contains(&index));
                    state.fits(parts.iter().filter(charged).map(|part| part.gpus).sum(), times)?;
                }
            }
        }
        Ok(())
    }
    pub fn hold(&mut self, model: &Model, table: &MatchTable, holding: &Holding) {
        self.for_each(table, holding, |state, part| {
            state.change_held(model, part, holding.start, true);
            if let (Some(meter), false) = (&mut state.imported, model.chips[part.chip].domestic) {
                meter.add(holding.gpu_time(part));
            }
        });
    }
    /// Takes a start back at its own instant.
    pub fn undo(&mut self, model: &Model, table: &MatchTable, holding: &Holding) {
        self.release_until(model, table, holding, holding.start);
    }
    /// Ends the use of a holding.
    pub fn release(&mut self, model: &Model, table: &MatchTable, holding: &Holding, now: Time) {
        self.release_until(model, table, holding, now);
    }
    /// Takes an end back at its own instant.
    pub fn take_over_again(&mut self, model: &Model, table: &MatchTable, holding: &Holding, now: Time) {
        self.for_each(table, holding, |state, part| {
            state.change_held(model, part, now, true);
            if let (Some(meter), false) = (&mut state.imported, model.chips[part.chip].domestic) {
                meter.remove(gpu_time(part.gpus, holding.start, now));
                meter.add(holding.gpu_time(part));
                if holding.overrunning {
                    meter.begin_overrun(holding.expected_end, u128::from(part.gpus));
                }
            }
        });
    }
    /// Tells whether an enforced share counts a part.
    pub fn concerns(&self, table: &MatchTable, part: &HeldPart) -> bool {
        let mut indices = table.charged(part.charges).iter().flat_map(|quota| self.by_quota[*quota].iter());
        indices.any(|index| self.shares[*index].imported.is_some())
    }
    /// Counts a job from now on that outlives its estimate.
    pub fn begin_overrun(&mut self, model: &Model, table: &MatchTable, holding: &Holding) {
        self.for_each(table, holding, |state, part| {
            if let (Some(meter), false) = (&mut state.imported, model.chips[part.chip].domestic) {
                meter.begin_overrun(holding.expected_end, u128::from(part.gpus));
            }
        });
    }
    /// Lets time pass, and judges the periods that have ended.
    pub fn advance(&mut self, model: &Model, tree: &mut QuotaTree, ledger: &mut Ledger, now: Time) -> Result<(), MoneyOverflow> {
        for state in &mut self.shares {
            while state.period_end <= now {
                let end = state.period_end;
                state.judge(model, tree, ledger, end)?;
                state.period_end = model.calendar.period_end(state.share.over, end);
            }
        }
        Ok(())
    }
    /// Brings the meters up to now.
    pub fn advance_meters(&mut self, now: Time) {
        self.shares.iter_mut().filter_map(|state| state.imported.as_mut()).for_each(|meter| meter.advance(now));
    }
    /// Judges the periods that the end of the run cuts, if anything was used in them.
    pub fn finish(&mut self, model: &Model, tree: &mut QuotaTree, ledger: &mut Ledger, now: Time) -> Result<(), MoneyOverflow> {
        for state in &mut self.shares {
            state.close(now);
            if state.used.all > 0 || state.share.over == Period::Run {
                state.judge(model, tree, ledger, now)?;
            }
        }
        Ok(())
    }
    /// Returns the next end of a period.
    pub fn next_end(&self) -> Time {
        self.shares.iter().map(|state| state.period_end).min().unwrap_or(Time::NEVER)
    }

    fn release_until(&mut self, model: &Model, table: &MatchTable, holding: &Holding, now: Time) {
        self.for_each(table, holding, |state, part| {
            state.change_held(model, part, now, false);
            if let (Some(meter), false) = (&mut state.imported, model.chips[part.chip].domestic) {
                if holding.overrunning {
                    meter.end_overrun(holding.expected_end, u128::from(part.gpus));
                }
                meter.remove(holding.gpu_time(part));
                meter.add(gpu_time(part.gpus, holding.start, now));
            }
        });
    }
    fn for_each(&mut self, table: &MatchTable, holding: &Holding, mut visit: impl FnMut(&mut ShareState, &HeldPart)) {
        for part in holding.parts() {
            for quota in table.charged(part.charges) {
                for &index in &self.by_quota[*quota] {
                    let state = &mut self.shares[index];
                    if holding.start >= state.began {
                        visit(state, part);
                    }
                }
            }
        }
    }
}

impl ShareState {
    fn new(model: &Model, quota: QuotaId, share: DomesticShare, latest_end: Time, now: Time) -> Self {
        let enforced = share.of == ShareOf::GpuHours && share.on_miss == OnMiss::Refuse;
        Self {
            quota,
            share,
            began: now,
            held: Pair::default(),
            used: Pair::default(),
            since: now,
            period_end: model.calendar.period_end(share.over, now),
            installed: Pair::default(),
            imported: enforced.then(|| Meter::new(model.calendar, share.over, latest_end, now)),
            sites: Vec::new(),
        }
    }
    /// Counts what is installed in the pools that the quota is about.
    fn count_installed(&mut self, model: &Model, facts: &Facts) {
        let matcher = &model.quotas[self.quota].matcher;
        self.installed = Pair::default();
        self.sites.clear();
        for (id, pool) in model.pools.entries().filter(|(id, _)| covers_pool(matcher, model, facts, *id)) {
            self.installed.all += pool.gpus();
            self.installed.domestic += if model.chips[pool.chip].domestic { pool.gpus() } else { 0 };
            let site = model.pools[id].site;
            match self.sites.last_mut() {
                Some((last, gpus)) if *last == site => *gpus += pool.gpus(),
                _ => self.sites.push((site, pool.gpus())),
            }
        }
    }
    fn change_held(&mut self, model: &Model, part: &HeldPart, now: Time, more: bool) {
        self.close(now);
        let gpus = i64::from(part.gpus) * if more { 1 } else { -1 };
        let change = |held: &mut u64| *held = held.checked_add_signed(gpus).expect("a share releases no more than it holds");
        change(&mut self.held.all);
        if model.chips[part.chip].domestic {
            change(&mut self.held.domestic);
        }
    }
    fn used_at(&self, now: Time) -> Pair<u128> {
        let passed = u128::from(now.since(self.since).0);
        Pair { domestic: self.used.domestic + u128::from(self.held.domestic) * passed, all: self.used.all + u128::from(self.held.all) * passed }
    }
    fn close(&mut self, now: Time) {
        self.used = self.used_at(now);
        self.since = now;
    }
    /// Tells whether imported GPUs can be used without putting the share out of reach in any period that the start spans, if all
    /// domestic GPUs in scope stay busy. A share that is out of reach already stays so: further such starts are refused.
    fn fits(&self, gpus: u32, (now, expected_end): (Time, Time)) -> Result<(), DomesticRefusal> {
        let Some(meter) = &self.imported else { return Ok(()) };
        let mut refusal = None;
        meter.split(gpu_time(gpus, now, expected_end), |index, (from, _), asked| {
            let used = if index == meter.current_index() { self.used_at(now).domestic } else { 0 };
            let domestic = used + u128::from(self.installed.domestic) * u128::from(meter.end_of(from).saturating_since(from).0);
            let imported = meter.amount(index) + asked;
            if !is_met(domestic, domestic + imported, self.share.at_least) {
                let reachable = ratio(domestic, domestic + imported);
                refusal = Some(DomesticRefusal { quota: self.quota, at_least: self.share.at_least, reachable });
            }
            refusal.is_none()
        });
        refusal.map_or(Ok(()), Err)
    }
    fn judge(&mut self, model: &Model, tree: &mut QuotaTree, ledger: &mut Ledger, end: Time) -> Result<(), MoneyOverflow> {
        self.close(end);
        let used = std::mem::take(&mut self.used);
        let met = match self.share.of {
            ShareOf::GpuHours => is_met(used.domestic, used.all, self.share.at_least),
            ShareOf::Installed => is_met(u128::from(self.installed.domestic), u128::from(self.installed.all), self.share.at_least),
        };
        let totals = tree.totals_mut(self.quota);
        totals.share_met += u64::from(met);
        totals.share_missed += u64::from(!met);
        match self.share.on_miss {
            OnMiss::Fine(fine) if !met => {
                totals.fines = totals.fines.plus(fine)?;
                self.pay_fine(model, ledger, fine, end)
            }
            OnMiss::Fine(_) | OnMiss::Report | OnMiss::Refuse => Ok(()),
        }
    }
    /// Splits a fine over the sites in scope by their installed GPUs, so that the parts sum to it exactly.
    fn pay_fine(&self, model: &Model, ledger: &mut Ledger, fine: Money, at: Time) -> Result<(), MoneyOverflow> {
        let to = if model.governments.is_empty() { Account::Grid } else { Account::Government(GovernmentId::from_index(0)) };
        let weight = |gpus: u64| if self.installed.all == 0 { 1 } else { gpus };
        let whole: u64 = self.sites.iter().map(|(_, gpus)| weight(*gpus)).sum();
        let (mut passed, mut paid) = (0_u64, Money::ZERO);
        for &(site, gpus) in &self.sites {
            passed += weight(gpus);
            let until = fine.times(u128::from(passed), u128::from(whole))?;
            let amount = until.minus(paid)?;
            paid = until;
            let purpose = Purpose::Fine(self.quota);
            ledger.post(Posting { at, since: at, from: Account::Site(site), to, amount, purpose, job: None })?;
        }
        Ok(())
    }
}

/// Tells whether a share is met; 0/0 meets every share.
fn is_met(domestic: u128, all: u128, at_least: Ratio) -> bool {
    domestic.saturating_mul(u128::from(Ratio::SCALE)) >= all.saturating_mul(u128::from(at_least.0))
}

fn ratio(domestic: u128, all: u128) -> Ratio {
    let millionths = domestic.saturating_mul(u128::from(Ratio::SCALE)).checked_div(all).unwrap_or(u128::from(Ratio::SCALE));
    Ratio(u64::try_from(millionths).unwrap_or(u64::MAX))
}

#[cfg(test)]
#[path = "domestic_tests.rs"]
mod tests;
