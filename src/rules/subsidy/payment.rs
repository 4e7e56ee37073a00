//! Settling claims and paying what is due.

use super::batch::Filed;
use super::claim::{Arena, Claim, Claims, Covered, Standing, per_gpu_hour};
use super::offer::{ceiling, covered_together};
use super::{Bases, Programmes};
use crate::base::{Money, MoneyOverflow, Ratio, Time};
use crate::model::{Allocate, CapScope, JobNumber, Model, Payee, SiteId, StackMode, SubsidyId, TenantId};
use crate::rules::ledger::{Ledger, share_in_window};
use crate::rules::records::{Account, Posting, Purpose};
use std::cmp::Reverse;

/// A debt of a programme that is paid at an instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payable {
    pub at: Time,
    pub fund: u32,
    pub amount: Money,
    pub number: JobNumber,
    pub tenant: TenantId,
    pub site: SiteId,
    /// The service that it is for.
    pub service: (Time, Time),
    pub gpu_us: u128,
}

impl Programmes {
    /// Settles the claims of a job that has ended now, having used `bases` in its last attempt. Returns what lowers the tenant's price as far as
    /// it is known: batches are decided later.
    pub fn settle(&mut self, model: &Model, ledger: &mut Ledger, claims: Claims, bases: &[Bases], now: Time) -> Result<Money, MoneyOverflow> {
        self.settle_some(model, ledger, claims, bases, now, |_| true).map(|(tenant, _)| tenant)
    }
    /// Settles the claims of a preempted job that do not fit where it starts again; returns what lowers the tenant's price, and the others.
    pub fn carry(
        &mut self,
        model: &Model,
        ledger: &mut Ledger,
        claims: Claims,
        now: Time,
        site_if_eligible: impl Fn(SubsidyId, usize) -> Option<SiteId>,
    ) -> Result<(Money, Claims), MoneyOverflow> {
        let leaves = |claim: &Claim| {
            let for_tenant = model.subsidies[claim.subsidy].payee == Payee::Tenant;
            site_if_eligible(claim.subsidy, usize::from(claim.part)).is_none_or(|site| !for_tenant && site != claim.site)
        };
        self.settle_some(model, ledger, claims, &[Bases::default(); 2], now, leaves)
    }
    /// Pays what is due by now, decides windows that have ended, lapses what has expired, and begins new periods.
    pub fn advance(&mut self, model: &Model, ledger: &mut Ledger, now: Time) -> Result<(), MoneyOverflow> {
        if now < self.next {
            return Ok(());
        }
        while let Some(Reverse((_, watched))) = self.expiries.peek().filter(|Reverse((at, _))| *at <= now).copied() {
            self.expiries.pop();
            if let Some(claim) = self.arena.watched(watched).filter(|claim| claim.standing == Standing::Open) {
                let lapsed = *claim;
                (claim.standing, claim.reserved) = (Standing::Lapsed, Money::ZERO);
                self.give_back(model, &lapsed)?;
                let totals = &mut self.items[lapsed.subsidy].totals;
                totals.released = totals.released.plus(lapsed.reserved)?;
            }
        }
        for id in self.items.ids() {
            while let Some(end) = self.items[id].window.as_ref().map(|window| window.end).filter(|end| *end <= now) {
                self.decide_window(model, id, end)?;
            }
            while let Some(payable) = self.items[id].payables.front().filter(|payable| payable.at <= now).copied() {
                self.items[id].payables.pop_front();
                self.pay(model, ledger, id, &payable)?;
            }
            let item = &mut self.items[id];
            while item.funds.end <= now {
                item.funds.roll(model, model.subsidies[id].budget.as_ref())?;
            }
            item.accounts.iter_mut().flatten().for_each(|accounts| accounts.advance(now));
        }
        self.next = self.find_next();
        Ok(())
    }
    /// Pays at the end of the run what would fall due after it, so that the books hold all that was granted.
    pub fn pay_the_rest(&mut self, model: &Model, ledger: &mut Ledger, now: Time) -> Result<(), MoneyOverflow> {
        for id in self.items.ids() {
            while let Some(payable) = self.items[id].payables.pop_front() {
                self.pay(model, ledger, id, &Payable { at: now, ..payable })?;
            }
        }
        self.next = self.find_next();
        Ok(())
    }
    /// Returns the next instant at which [`Programmes::advance`] has something to do.
    pub fn next_boundary(&mut self) -> Time {
        let before = self.expiries.len();
        while self.expiries.peek().is_some_and(|Reverse((_, watched))| !self.arena.is_live(*watched)) {
            self.expiries.pop();
        }
        if self.expiries.len() < before {
            self.next = self.find_next();
        }
        self.next
    }
    /// Looks for the next payment, end of a window or period, or expiry. *O*(subsidies).
    pub(super) fn find_next(&self) -> Time {
        let of_item = |item: &super::Programme| {
            let payable = item.payables.front().map_or(Time::NEVER, |payable| payable.at);
            payable.min(item.window.as_ref().map_or(Time::NEVER, |window| window.end)).min(item.next_period())
        };
        let expiry = self.expiries.peek().map_or(Time::NEVER, |Reverse((at, _))| *at);
        self.items.iter().map(of_item).min().unwrap_or(Time::NEVER).min(expiry)
    }
    /// Owes an amount and pays it after the programme's lag, at once if there is none.
    pub(super) fn owe(&mut self, id: SubsidyId, model: &Model, payable: Payable) {
        let payables = &mut self.items[id].payables;
        let at = payable.at + model.subsidies[id].pay_after;
        let place = payables.partition_point(|other| other.at <= at);
        payables.insert(place, Payable { at, ..payable });
        self.next = self.next.min(at);
    }

    fn settle_some(
        &mut self,
        model: &Model,
        ledger: &mut Ledger,
        mut claims: Claims,
        bases: &[Bases],
        now: Time,
        leaves: impl Fn(&Claim) -> bool,
    ) -> Result<(Money, Claims), MoneyOverflow> {
        let mut leaving = std::mem::take(&mut self.settled);
        leaving.clear();
        let mut kept = Claims::NONE;
        while let Some((claim, rest)) = self.arena.take_first(claims) {
            claims = rest;
            if !leaves(&claim) {
                kept = self.arena.append(kept, claim);
                if let (Some(expires), Standing::Open) = (model.subsidies[claim.subsidy].expires, claim.standing) {
                    self.watch_expiry(claim.made + expires, kept);
                }
            } else if claim.standing == Standing::Open {
                let used = Covered::of(model.subsidies[claim.subsidy].covers, &bases[usize::from(claim.part)]);
                leaving.push((claim, claim.accrued.plus(used)?));
            }
        }
        let mut tenant = Money::ZERO;
        for at in 0..leaving.len() {
            let due = self.due(model, &leaving, at)?;
            // What was paid stands in the place of the reservation for those that follow.
            let (mut claim, covered) = leaving[at];
            let paid = self.settle_one(model, ledger, &claim, &covered, due, now)?;
            claim.reserved = due.min(paid.unwrap_or(due));
            leaving[at] = (claim, covered);
            self.count_for_others(kept, &claim)?;
            tenant = tenant.plus(Self::tenant_part(&model.subsidies[claim.subsidy], paid.unwrap_or(Money::ZERO))?)?;
        }
        self.settled = leaving;
        Ok((tenant, kept))
    }
    /// Notes what a claim got for the job's claims on the same subsidy that stay.
    fn count_for_others(&mut self, others: Claims, settled: &Claim) -> Result<(), MoneyOverflow> {
        let mut next = Arena::first(others);
        while let Some(index) = next {
            let other = self.arena.at_mut(index);
            if other.subsidy == settled.subsidy {
                other.got_before = other.got_before.plus(settled.reserved)?;
            }
            next = self.arena.after(index);
        }
        Ok(())
    }
    /// Returns min(rate × what was really used, caps, ceiling); claims before `at` are settled and hold what they got.
    fn due(&mut self, model: &Model, leaving: &[(Claim, Covered)], at: usize) -> Result<Money, MoneyOverflow> {
        let (claim, covered) = &leaving[at];
        let subsidy = &model.subsidies[claim.subsidy];
        let full = covered.at_rate(claim.rate)?;
        let mut due = full;
        let settled = leaving[..at].iter().map(|(claim, _)| claim).filter(|other| other.subsidy == claim.subsidy);
        let settled = settled.map(|other| other.reserved).try_fold(Money::ZERO, Money::plus)?;
        let item = &mut self.items[claim.subsidy];
        for (cap, accounts) in subsidy.caps.iter().zip(&item.accounts) {
            let left = match (cap.per, accounts) {
                (CapScope::GpuHour, _) => per_gpu_hour(cap.amount, covered.gpu_us)?,
                (CapScope::Job, _) => cap.amount.minus(settled)?.minus(claim.got_before)?,
                (_, Some(accounts)) if accounts.counts(claim.made) => {
                    let used = accounts.used(accounts.entity(claim.tenant, claim.site), claim.made);
                    cap.amount.minus(used)?.plus(claim.reserved)?
                }
                (CapScope::Tenant | CapScope::Site, _) => continue,
            };
            due = due.min(left.max(Money::ZERO));
        }
        item.totals.caps_hit += u64::from(due < full && !claim.marks.capped);
        let Some(stack) = subsidy.stack else { return Ok(due) };
        let together = |(other, _): &&(Claim, Covered)| other.part == claim.part && model.subsidies[other.subsidy].stack == Some(stack);
        let stack = &model.stacks[stack];
        let limit = match stack.mode {
            StackMode::BestOne => ceiling(stack, covered.money)?,
            StackMode::Sum => {
                let mut bases = Bases::default();
                for (other, covered) in leaving.iter().filter(together) {
                    bases.set(model.subsidies[other.subsidy].covers, covered.money);
                }
                let covers = leaving.iter().filter(together).map(|(other, _)| model.subsidies[other.subsidy].covers);
                let before = leaving[..at].iter().filter(together).map(|(other, _)| other.reserved);
                ceiling(stack, covered_together(covers, &bases)?)?.minus(before.fold(Money::ZERO, |sum, paid| Money(sum.0.saturating_add(paid.0))))?
            }
        };
        Ok(due.min(limit.max(Money::ZERO)))
    }
    /// Settles one claim; returns what it is paid, or nothing yet if that is decided in a batch.
    fn settle_one(
        &mut self,
        model: &Model,
        ledger: &mut Ledger,
        claim: &Claim,
        covered: &Covered,
        due: Money,
        now: Time,
    ) -> Result<Option<Money>, MoneyOverflow> {
        let item = &mut self.items[claim.subsidy];
        let batch = matches!(model.subsidies[claim.subsidy].allocate, Allocate::Batch { .. });
        let fund = &mut item.funds.funds[claim.fund as usize];
        let payable = |amount| Payable {
            at: now,
            fund: claim.fund,
            amount,
            number: claim.number,
            tenant: claim.tenant,
            site: claim.site,
            service: (claim.made, now),
            gpu_us: covered.gpu_us,
        };
        if let (Some(window), true) = (&mut item.window, batch) {
            // Promised before the programme decided in batches: it goes back, and is filed instead.
            fund.release(claim.reserved)?;
            for accounts in item.accounts.iter_mut().flatten() {
                accounts.change(accounts.entity(claim.tenant, claim.site), claim.made, claim.reserved, due)?;
            }
            window.filed.push(Filed { payable: payable(due), made: claim.made });
            return Ok(None);
        }
        let owed = fund.settle(claim.reserved, due)?;
        item.totals.short_claims += u64::from(owed < due && !claim.marks.short);
        for accounts in item.accounts.iter_mut().flatten() {
            let entity = accounts.entity(claim.tenant, claim.site);
            accounts.change(entity, claim.made, claim.reserved, owed)?;
            accounts.close(entity, claim.made);
        }
        if owed > Money::ZERO {
            if model.subsidies[claim.subsidy].pay_after.0 == 0 {
                self.pay(model, ledger, claim.subsidy, &payable(owed))?;
            } else {
                self.owe(claim.subsidy, model, payable(owed));
            }
        }
        Ok(Some(owed))
    }
    /// Books a payment: each payer its share, so that the shares sum to the amount; then what the site passes on.
    fn pay(&mut self, model: &Model, ledger: &mut Ledger, id: SubsidyId, payable: &Payable) -> Result<(), MoneyOverflow> {
        let subsidy = &model.subsidies[id];
        let item = &mut self.items[id];
        item.funds.funds[payable.fund as usize].pay(payable.amount)?;
        let (since, until) = payable.service;
        item.totals.paid = item.totals.paid.plus(payable.amount)?;
        let in_window = share_in_window(payable.amount, since, until, self.window)?;
        item.totals.paid_in_window = item.totals.paid_in_window.plus(in_window)?;
        item.totals.claims += 1;
        item.totals.gpu_us += payable.gpu_us;
        let payee = match subsidy.payee {
            Payee::Tenant => Account::Tenant(payable.tenant),
            Payee::Site | Payee::Operator => Account::Site(payable.site),
        };
        let posting = |from, to, amount, purpose| Posting { at: payable.at, since, from, to, amount, purpose, job: Some(payable.number) };
        let whole: u128 = subsidy.payers.iter().map(|(_, share)| u128::from(share.0)).sum();
        let (mut passed, mut paid) = (0_u128, Money::ZERO);
        for (government, share) in &subsidy.payers {
            passed += u128::from(share.0);
            let up_to = payable.amount.times(passed, whole.max(1))?;
            let amount = up_to.minus(paid)?;
            paid = up_to;
            ledger.post_for(posting(Account::Government(*government), payee, amount, Purpose::Subsidy(id)), until)?;
        }
        if let Account::Site(site) = payee {
            let amount = payable.amount.times(u128::from(subsidy.pass_through.0), u128::from(Ratio::SCALE))?;
            let (from, to) = (Account::Site(site), Account::Tenant(payable.tenant));
            ledger.post_for(posting(from, to, amount, Purpose::PassThrough(id)), until)?;
        }
        Ok(())
    }
}

impl Bases {
    fn set(&mut self, covers: crate::model::Covers, amount: Money) {
        match covers {
            crate::model::Covers::Compute => self.compute = amount,
            crate::model::Covers::Energy => self.energy = amount,
            crate::model::Covers::Transfer => self.transfer = amount,
            crate::model::Covers::Capital => self.capital = amount,
        }
    }
}
