//! Limits on what one tenant or one site gets from a programme in a calendar period.

use crate::base::{Money, MoneyOverflow, Time};
use crate::model::{Calendar, Cap, CapScope, Model, Period, SiteId, TenantId};
use std::collections::BTreeMap;

/// What each entity has got, or has reserved, under one cap.
///
/// The current period is a column; of earlier periods only entities with open claims are kept.
#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    pub scope: CapScope,
    pub every: Option<Period>,
    calendar: Calendar,
    /// Claims that were made before do not count here.
    began: Time,
    /// Index, start and end of the current period.
    current: (u64, Time, Time),
    column: Vec<Account>,
    earlier: BTreeMap<(u32, u64), Account>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Account {
    period: u64,
    used: Money,
    /// Claims that are not yet settled.
    open: u32,
}

impl Accounts {
    /// Makes the accounts of a cap per tenant or site; other caps need none.
    pub fn new(model: &Model, cap: &Cap, now: Time) -> Option<Self> {
        let entities = match cap.per {
            CapScope::Tenant => model.tenant_count() as usize,
            CapScope::Site => model.sites.len(),
            CapScope::Job | CapScope::GpuHour => return None,
        };
        let period = cap.every.unwrap_or(Period::Run);
        let calendar = model.calendar;
        let current = (calendar.period_index(period, now), calendar.period_start(period, now), calendar.period_end(period, now));
        let column = vec![Account::default(); entities];
        Some(Self { scope: cap.per, every: cap.every, calendar, began: now, current, column, earlier: BTreeMap::new() })
    }
    /// Returns the number of the entity that a claim is counted for.
    pub fn entity(&self, tenant: TenantId, site: SiteId) -> u32 {
        if self.scope == CapScope::Tenant { tenant.0 } else { site.0 }
    }
    /// Tells whether a claim that was made at `made` counts here.
    pub fn counts(&self, made: Time) -> bool {
        made >= self.began
    }
    /// Returns when the current period ends.
    pub fn period_end(&self) -> Time {
        self.current.2
    }
    /// Lets time pass.
    pub fn advance(&mut self, now: Time) {
        if now >= self.current.2 {
            let period = self.every.unwrap_or(Period::Run);
            self.current = (self.calendar.period_index(period, now), self.calendar.period_start(period, now), self.calendar.period_end(period, now));
        }
    }
    /// Returns what an entity has used in the period of a claim that was made at `made`.
    pub fn used(&self, entity: u32, made: Time) -> Money {
        let period = self.period_of(made);
        let account = &self.column[entity as usize];
        let found = if account.period == period { Some(account) } else { self.earlier.get(&(entity, period)) };
        found.map_or(Money::ZERO, |account| account.used)
    }
    /// Opens a claim with what it takes.
    pub fn open(&mut self, entity: u32, made: Time, amount: Money) -> Result<(), MoneyOverflow> {
        let account = self.account(entity, made);
        account.used = account.used.plus(amount)?;
        account.open += 1;
        Ok(())
    }
    /// Changes what an open claim takes.
    pub fn change(&mut self, entity: u32, made: Time, from: Money, to: Money) -> Result<(), MoneyOverflow> {
        if !self.counts(made) {
            return Ok(());
        }
        let account = self.account(entity, made);
        account.used = account.used.minus(from)?.plus(to)?;
        Ok(())
    }
    /// Closes a claim; what it took stays used.
    pub fn close(&mut self, entity: u32, made: Time) {
        if !self.counts(made) {
            return;
        }
        let period = self.period_of(made);
        let account = self.account(entity, made);
        account.open -= 1;
        if account.open == 0 && self.column[entity as usize].period != period {
            self.earlier.remove(&(entity, period));
        }
    }

    fn period_of(&self, made: Time) -> u64 {
        if made >= self.current.1 { self.current.0 } else { self.calendar.period_index(self.every.unwrap_or(Period::Run), made) }
    }
    fn account(&mut self, entity: u32, made: Time) -> &mut Account {
        let period = self.period_of(made);
        let newest = self.column[entity as usize];
        if newest.period > period {
            return self.earlier.entry((entity, period)).or_insert(Account { period, ..Account::default() });
        }
        if newest.period < period {
            if newest.open > 0 {
                self.earlier.insert((entity, newest.period), newest);
            }
            self.column[entity as usize] = Account { period, ..Account::default() };
        }
        &mut self.column[entity as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing;

    #[test]
    fn an_open_claim_keeps_the_account_of_its_own_period() {
        let model = testing::model();
        let cap = Cap { per: CapScope::Tenant, amount: Money::yuan(10), every: Some(Period::Day) };
        let mut accounts = Accounts::new(&model, &cap, Time::ZERO).unwrap();
        let (first, second) = (testing::hour(1), testing::hour(25));
        accounts.open(0, first, Money(7)).unwrap();
        accounts.advance(second);
        assert_eq!(accounts.used(0, second), Money::ZERO);
        accounts.open(0, second, Money(5)).unwrap();
        accounts.change(0, first, Money(7), Money(3)).unwrap();
        assert_eq!((accounts.used(0, first), accounts.used(0, second)), (Money(3), Money(5)));
        accounts.close(0, first);
        assert!(accounts.earlier.is_empty());
        assert_eq!(accounts.used(0, second), Money(5));
        assert!(Accounts::new(&model, &Cap { per: CapScope::Job, ..cap }, Time::ZERO).is_none());
    }
}
