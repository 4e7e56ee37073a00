//! Batch windows: what jobs claim at their ends is decided together when the window ends.

use super::Programmes;
use super::payment::Payable;
use crate::base::{Money, MoneyOverflow, Time};
use crate::model::{Allocate, Apply, Model, OnShort, Subsidy, SubsidyId};

/// The open window of a programme.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub end: Time,
    pub filed: Vec<Filed>,
}

/// A claim that waits for the decision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filed {
    /// What would be paid in full.
    pub payable: Payable,
    /// When the claim was made.
    pub made: Time,
}

impl Window {
    /// Opens the window that holds `now`, for a programme that decides in batches.
    pub fn new(model: &Model, subsidy: &Subsidy, now: Time) -> Option<Self> {
        match subsidy.allocate {
            Allocate::FirstCome => None,
            Allocate::Batch { window, .. } => Some(Self { end: model.calendar.period_end(window, now), filed: Vec::new() }),
        }
    }
}

impl Programmes {
    /// Decides what was filed, at the end of a window (or of the run), and opens the next.
    pub(super) fn decide_window(&mut self, model: &Model, id: SubsidyId, now: Time) -> Result<(), MoneyOverflow> {
        let subsidy = &model.subsidies[id];
        let item = &mut self.items[id];
        let Some(window) = &mut item.window else { return Ok(()) };
        let mut filed = std::mem::take(&mut window.filed);
        let apply = match subsidy.allocate {
            Allocate::Batch { by, window: period } => {
                // The index of the window that ends now, which holds the instant before.
                let index = model.calendar.period_index(period, Time(now.0.saturating_sub(1)));
                window.end = model.calendar.period_end(period, now);
                if by == Apply::Lottery {
                    let mut draws = item.lottery.at(index);
                    filed.sort_by_key(|filed| filed.payable.number);
                    for last in (1..filed.len()).rev() {
                        filed.swap(last, usize::try_from(draws.below(last as u64 + 1)).expect("a position in a list"));
                    }
                }
                by
            }
            Allocate::FirstCome => Apply::Ranked,
        };
        if apply == Apply::Ranked {
            filed.sort_by_key(|filed| (filed.payable.amount, filed.payable.number));
        }
        let (fund_index, available) = (item.funds.current(), item.funds.current_fund().available());
        let granted = grants(&filed, available, apply, subsidy.on_short)?;
        for (filed, granted) in filed.iter().zip(granted) {
            self.grant(model, id, filed, granted, fund_index, now)?;
        }
        Ok(())
    }
    /// Decides the windows that the end of the run cuts.
    pub fn finish(&mut self, model: &Model, now: Time) -> Result<(), MoneyOverflow> {
        for id in self.items.ids() {
            self.decide_window(model, id, now)?;
        }
        Ok(())
    }

    fn grant(&mut self, model: &Model, id: SubsidyId, filed: &Filed, granted: Money, fund: u32, now: Time) -> Result<(), MoneyOverflow> {
        let item = &mut self.items[id];
        let Filed { payable, made } = *filed;
        for accounts in item.accounts.iter_mut().flatten() {
            let entity = accounts.entity(payable.tenant, payable.site);
            accounts.change(entity, made, payable.amount, granted)?;
            accounts.close(entity, made);
        }
        let money = &mut item.funds.funds[fund as usize];
        money.settle(Money::ZERO, granted)?;
        if granted < payable.amount {
            item.totals.short_claims += 1;
            if !money.exhausted {
                money.exhausted = true;
                item.totals.exhausted.push(now);
            }
        }
        if granted > Money::ZERO {
            self.owe(id, model, Payable { at: now, fund, amount: granted, ..payable });
        }
        Ok(())
    }
}

/// Shares what is available over claims in their order.
fn grants(filed: &[Filed], available: Money, apply: Apply, on_short: OnShort) -> Result<Vec<Money>, MoneyOverflow> {
    let amounts = || filed.iter().map(|filed| filed.payable.amount);
    let whole = amounts().try_fold(Money::ZERO, Money::plus)?;
    if whole <= available {
        return Ok(amounts().collect());
    }
    let mut granted = Vec::with_capacity(filed.len());
    if apply == Apply::ProRata {
        // Each gets the difference of two rounded sums, so that nothing is lost.
        let (mut sum, mut given) = (Money::ZERO, Money::ZERO);
        for amount in amounts() {
            sum = sum.plus(amount)?;
            let up_to = available.times(u128::from(sum.0.unsigned_abs()), u128::from(whole.0.unsigned_abs()))?;
            granted.push(up_to.minus(given)?);
            given = up_to;
        }
        return Ok(granted);
    }
    let (mut left, mut closed) = (available, false);
    for amount in amounts() {
        let grant = match on_short {
            _ if closed => Money::ZERO,
            _ if amount <= left => amount,
            OnShort::Partial => left,
            OnShort::AllOrNothing => Money::ZERO,
            OnShort::Close => {
                closed = true;
                Money::ZERO
            }
        };
        left = left.minus(grant)?;
        granted.push(grant);
    }
    Ok(granted)
}
