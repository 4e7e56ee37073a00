//! What a start would get: rates, then caps, then stacking, then the budget.

use super::claim::{Claims, Covered, per_gpu_hour};
use super::{Ask, Bases, Programmes};
use crate::base::{Money, MoneyOverflow, Ratio, Time};
use crate::model::{Allocate, CapScope, Covers, Model, OnShort, Payee, Stack, StackMode, Subsidy, SubsidyId};
use crate::rules::matching::{ClaimRate, Eligible};

/// What one part of a start would get from one subsidy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub subsidy: SubsidyId,
    pub rate: ClaimRate,
    /// After caps and stacking.
    pub wanted: Money,
    /// What the budget covers of it.
    pub granted: Money,
    /// Whether a cap cut it.
    pub capped: bool,
    /// Whether it is decided in a batch rather than reserved now.
    pub batch: bool,
}

impl Programmes {
    /// Visits what a part of a start would get now, and returns from how many subsidies it could get something.
    ///
    /// Of a stack that gives the best, the best is visited; of one that adds up, each with what the ceiling leaves. `prior` are the
    /// claims that the job's other part has made.
    pub(super) fn offers(&self, model: &Model, ask: &Ask<'_>, prior: Claims, mut visit: impl FnMut(Offer)) -> Result<usize, MoneyOverflow> {
        let mut rest = ask.eligible;
        let mut several = 0;
        while let Some(first) = rest.first() {
            let stack = model.subsidies[first.subsidy].stack;
            let same = |eligible: &&Eligible| stack.is_some() && model.subsidies[eligible.subsidy].stack == stack;
            let (group, after) = rest.split_at(rest.iter().take_while(same).count().max(1));
            rest = after;
            match stack.map(|stack| &model.stacks[stack]) {
                None => {
                    if let Some(offer) = self.offer(model, ask, prior, *first, None)? {
                        several += 1;
                        visit(offer);
                    }
                }
                Some(stack) if stack.mode == StackMode::BestOne => {
                    let mut best: Option<Offer> = None;
                    for eligible in group {
                        let covered = Covered::of(model.subsidies[eligible.subsidy].covers, ask.bases);
                        let Some(offer) = self.offer(model, ask, prior, *eligible, Some(ceiling(stack, covered.money)?))? else { continue };
                        several += 1;
                        if best.is_none_or(|best| (offer.granted, offer.wanted) > (best.granted, best.wanted)) {
                            best = Some(offer);
                        }
                    }
                    best.into_iter().for_each(&mut visit);
                }
                Some(stack) => {
                    let covers = group.iter().map(|eligible| model.subsidies[eligible.subsidy].covers);
                    let mut left = ceiling(stack, covered_together(covers, ask.bases)?)?;
                    for eligible in group {
                        if let Some(offer) = self.offer(model, ask, prior, *eligible, Some(left))? {
                            several += 1;
                            left = left.minus(if offer.batch { offer.wanted } else { offer.granted })?;
                            visit(offer);
                        }
                    }
                }
            }
        }
        Ok(several)
    }
    fn offer(&self, model: &Model, ask: &Ask<'_>, prior: Claims, eligible: Eligible, ceiling: Option<Money>) -> Result<Option<Offer>, MoneyOverflow> {
        let subsidy = &model.subsidies[eligible.subsidy];
        if !is_valid(subsidy, ask.now) || !self.meets_floor(subsidy, eligible.subsidy, ask) {
            return Ok(None);
        }
        let covered = Covered::of(subsidy.covers, ask.bases);
        let full = covered.at_rate(eligible.rate)?;
        if full == Money::ZERO {
            return Ok(None);
        }
        let capped_at = full.min(self.cap_left(model, ask, prior, eligible.subsidy, &covered)?);
        let wanted = ceiling.map_or(capped_at, |ceiling| capped_at.min(ceiling));
        let fund = self.items[eligible.subsidy].funds.current_fund();
        let batch = matches!(subsidy.allocate, Allocate::Batch { .. });
        let granted = match subsidy.on_short {
            _ if fund.closed => Money::ZERO,
            _ if wanted <= fund.available() => wanted,
            OnShort::Partial => fund.available(),
            OnShort::AllOrNothing | OnShort::Close => Money::ZERO,
        };
        let (subsidy, rate) = (eligible.subsidy, eligible.rate);
        Ok(Some(Offer { subsidy, rate, wanted, granted, capped: capped_at < full, batch }))
    }
    /// Returns the least that any cap leaves to a claim that is not yet made.
    fn cap_left(&self, model: &Model, ask: &Ask<'_>, prior: Claims, id: SubsidyId, covered: &Covered) -> Result<Money, MoneyOverflow> {
        let item = &self.items[id];
        let mut left = Money(i64::MAX);
        for (cap, accounts) in model.subsidies[id].caps.iter().zip(&item.accounts) {
            let cap_left = match (cap.per, accounts) {
                (CapScope::GpuHour, _) => per_gpu_hour(cap.amount, covered.gpu_us)?,
                (CapScope::Job, _) => {
                    let own = self.arena.list(prior).filter(|claim| claim.subsidy == id).map(|claim| claim.reserved);
                    cap.amount.minus(own.fold(Money::ZERO, |sum, reserved| Money(sum.0.saturating_add(reserved.0))))?
                }
                (CapScope::Tenant, Some(accounts)) => cap.amount.minus(accounts.used(ask.tenant.0, ask.now))?,
                (CapScope::Site, Some(accounts)) => cap.amount.minus(accounts.used(ask.site.0, ask.now))?,
                (CapScope::Tenant | CapScope::Site, None) => unreachable!("caps per tenant and site have accounts"),
            };
            left = left.min(cap_left);
        }
        Ok(left.max(Money::ZERO))
    }
    fn meets_floor(&self, subsidy: &Subsidy, id: SubsidyId, ask: &Ask<'_>) -> bool {
        let Some(floor) = &self.items[id].floor else { return true };
        let payee = if subsidy.payee == Payee::Tenant { ask.tenant.0 } else { ask.site.0 };
        floor.used(payee, ask.now) >= subsidy.floor_gpu_us
    }
    /// Returns what part of the public money lowers the tenant's price.
    pub(super) fn tenant_part(subsidy: &Subsidy, amount: Money) -> Result<Money, MoneyOverflow> {
        match subsidy.payee {
            Payee::Tenant => Ok(amount),
            Payee::Site | Payee::Operator => amount.times(u128::from(subsidy.pass_through.0), u128::from(Ratio::SCALE)),
        }
    }
}

/// Tells whether claims may be made now.
fn is_valid(subsidy: &Subsidy, now: Time) -> bool {
    subsidy.valid.0.is_none_or(|from| now >= from) && subsidy.valid.1.is_none_or(|to| now < to)
}

/// Returns the joint ceiling of a stack over an amount that is covered.
pub(super) fn ceiling(stack: &Stack, covered: Money) -> Result<Money, MoneyOverflow> {
    covered.times(u128::from(stack.ceiling.0), u128::from(Ratio::SCALE))
}

/// Sums what several subsidies cover, each kind once.
pub(super) fn covered_together(covers: impl Iterator<Item = Covers>, bases: &Bases) -> Result<Money, MoneyOverflow> {
    let mut seen = [false; 4];
    covers.for_each(|covers| seen[covers as usize] = true);
    let kinds = [Covers::Compute, Covers::Energy, Covers::Transfer, Covers::Capital];
    let counted = kinds.into_iter().filter(|covers| seen[*covers as usize]);
    counted.map(|covers| Covered::of(covers, bases).money).try_fold(Money::ZERO, Money::plus)
}
