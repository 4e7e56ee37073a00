//! The double-entry ledger: every movement of money has two sides, so that the books balance at every instant.

use super::records::{Account, Posting, Purpose};
use crate::base::{Money, MoneyOverflow, Time};
use crate::model::{Model, TenantGroupId, TenantId};

/// An amount over the whole run and the part of it that falls into the measured window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Amount {
    /// Over the whole run.
    pub run: Money,
    /// Within the measured window.
    pub window: Money,
}

/// Who holds money, with the tenants of a group taken together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Holder {
    /// All tenants of a group.
    Tenants(TenantGroupId),
    /// Any other account; never a tenant's.
    Other(Account),
}

/// Balances of all accounts, what moved for which purpose, and the postings that were not yet drained.
///
/// Each account has a balance; each holder has in addition its net receipts by purpose, as the summary shows them. A posting
/// costs *O*(log groups).
#[derive(Clone, Debug)]
pub struct Ledger {
    layout: Layout,
    window: (Time, Time),
    balances: Vec<Amount>,
    /// Net receipts, holder by holder, purpose by purpose.
    receipts: Vec<Amount>,
    turnover: Vec<Amount>,
    postings: Option<Vec<Posting>>,
}

/// Where accounts, holders and purposes stand in their columns.
#[derive(Clone, Debug)]
struct Layout {
    tenants: usize,
    groups: Vec<TenantId>,
    sites: usize,
    governments: usize,
    outsides: usize,
    subsidies: usize,
    levies: usize,
    quotas: usize,
}

impl Ledger {
    /// Opens the books of a run. `window` is the measured window; `keep_postings` keeps each movement until it is drained.
    pub fn new(model: &Model, window: (Time, Time), keep_postings: bool) -> Self {
        let layout = Layout::new(model);
        let purposes = layout.purposes();
        Self {
            balances: vec![Amount::default(); layout.tenants + layout.others()],
            receipts: vec![Amount::default(); (layout.groups.len() + layout.others()) * purposes],
            turnover: vec![Amount::default(); purposes],
            postings: keep_postings.then(Vec::new),
            window,
            layout,
        }
    }
    /// Books a movement for a service that was used from `posting.since` until `posting.at`.
    pub fn post(&mut self, posting: Posting) -> Result<(), MoneyOverflow> {
        self.post_for(posting, posting.at)
    }
    /// Books a movement for a service that was used from `posting.since` until `until`, which may lie before the posting.
    ///
    /// Nothing is booked if an amount would leave its range, or if there is nothing to book.
    pub fn post_for(&mut self, posting: Posting, until: Time) -> Result<(), MoneyOverflow> {
        assert!(posting.amount >= Money::ZERO, "a posting of a negative amount: {posting:?}");
        assert!(posting.from != posting.to, "a posting from an account to itself: {posting:?}");
        if posting.amount == Money::ZERO {
            return Ok(());
        }
        let amount = Amount { run: posting.amount, window: share_in_window(posting.amount, posting.since, until, self.window)? };
        let (from, to) = (self.layout.account(posting.from), self.layout.account(posting.to));
        let purpose = self.layout.purpose(posting.purpose);
        let purposes = self.layout.purposes();
        let from_receipts = self.layout.holder_of(posting.from) * purposes + purpose;
        let to_receipts = self.layout.holder_of(posting.to) * purposes + purpose;
        let balance_from = self.balances[from].minus(amount)?;
        let balance_to = self.balances[to].plus(amount)?;
        let turnover = self.turnover[purpose].plus(amount)?;
        // Between two tenants of one group the net receipts of the group do not change.
        if from_receipts != to_receipts {
            let paid = self.receipts[from_receipts].minus(amount)?;
            self.receipts[to_receipts] = self.receipts[to_receipts].plus(amount)?;
            self.receipts[from_receipts] = paid;
        }
        self.balances[from] = balance_from;
        self.balances[to] = balance_to;
        self.turnover[purpose] = turnover;
        if let Some(postings) = &mut self.postings {
            postings.push(posting);
        }
        Ok(())
    }
    /// Ends the measured window at `at`, as it is known only now; nothing after it has been booked yet.
    pub fn close_window(&mut self, at: Time) {
        self.window.1 = at;
    }
    /// Returns what an account has received less what it has paid.
    pub fn balance(&self, account: Account) -> Amount {
        self.balances[self.layout.account(account)]
    }
    /// Returns what a holder has received less what it has paid for one purpose.
    pub fn receipts(&self, holder: Holder, purpose: Purpose) -> Amount {
        let holder = match holder {
            Holder::Tenants(group) => group.0 as usize,
            Holder::Other(account) => self.layout.holder_of(account),
        };
        self.receipts[holder * self.layout.purposes() + self.layout.purpose(purpose)]
    }
    /// Returns all that has moved for one purpose.
    pub fn turnover(&self, purpose: Purpose) -> Amount {
        self.turnover[self.layout.purpose(purpose)]
    }
    /// Takes the postings since the last call; none are kept unless the ledger was opened so.
    pub fn drain_postings(&mut self) -> impl Iterator<Item = Posting> + '_ {
        self.postings.iter_mut().flat_map(|postings| postings.drain(..))
    }
    /// Asserts that all balances sum to zero, over the run and over the window. *O*(accounts).
    pub fn assert_balanced(&self) {
        let sum = |of: fn(&Amount) -> Money, amounts: &[Amount]| amounts.iter().map(|amount| i128::from(of(amount).0)).sum::<i128>();
        for amounts in [&self.balances, &self.receipts] {
            assert_eq!(sum(|amount| amount.run, amounts), 0, "the books do not balance over the run");
            assert_eq!(sum(|amount| amount.window, amounts), 0, "the books do not balance over the window");
        }
    }
}

impl Amount {
    fn plus(self, other: Self) -> Result<Self, MoneyOverflow> {
        Ok(Self { run: self.run.plus(other.run)?, window: self.window.plus(other.window)? })
    }
    fn minus(self, other: Self) -> Result<Self, MoneyOverflow> {
        Ok(Self { run: self.run.minus(other.run)?, window: self.window.minus(other.window)? })
    }
}

/// Returns the part of an amount whose service, spread evenly over [since, until], lies in the window. A service without
/// length counts whole if it lies inside.
pub fn share_in_window(amount: Money, since: Time, until: Time, window: (Time, Time)) -> Result<Money, MoneyOverflow> {
    if since >= window.0 && until <= window.1 {
        return Ok(amount);
    }
    let (from, to) = (since.max(window.0), until.min(window.1));
    if from >= to {
        return Ok(Money::ZERO);
    }
    amount.times(u128::from(to.since(from).0), u128::from(until.since(since).0))
}

impl Layout {
    fn new(model: &Model) -> Self {
        Self {
            tenants: model.tenant_count() as usize,
            groups: model.tenants.iter().map(|group| group.first).collect(),
            sites: model.sites.len(),
            governments: model.governments.len(),
            outsides: model.outside.len(),
            subsidies: model.subsidies.len(),
            levies: model.levies.len(),
            quotas: model.quotas.len(),
        }
    }
    /// Counts accounts that are not tenants'.
    fn others(&self) -> usize {
        self.sites + self.governments + self.outsides + 2
    }
    fn account(&self, account: Account) -> usize {
        match account {
            Account::Tenant(tenant) => tenant.0 as usize,
            other => self.tenants + self.other(other),
        }
    }
    fn holder_of(&self, account: Account) -> usize {
        match account {
            Account::Tenant(tenant) => self.groups.partition_point(|first| *first <= tenant) - 1,
            other => self.groups.len() + self.other(other),
        }
    }
    fn other(&self, account: Account) -> usize {
        match account {
            Account::Tenant(_) => unreachable!("tenants have columns of their own"),
            Account::Site(site) => site.0 as usize,
            Account::Government(government) => self.sites + government.0 as usize,
            Account::Outside(outside) => self.sites + self.governments + outside.0 as usize,
            Account::Network => self.sites + self.governments + self.outsides,
            Account::Grid => self.sites + self.governments + self.outsides + 1,
        }
    }
    fn purposes(&self) -> usize {
        5 + 2 * self.subsidies + 2 * self.levies + self.quotas
    }
    fn purpose(&self, purpose: Purpose) -> usize {
        match purpose {
            Purpose::Compute => 0,
            Purpose::MeteredEnergy => 1,
            Purpose::SiteEnergy => 2,
            Purpose::Transfer => 3,
            Purpose::Outside => 4,
            Purpose::Subsidy(subsidy) => 5 + subsidy.0 as usize,
            Purpose::PassThrough(subsidy) => 5 + self.subsidies + subsidy.0 as usize,
            Purpose::Levy(levy) => 5 + 2 * self.subsidies + levy.0 as usize,
            Purpose::LevyPassThrough(levy) => 5 + 2 * self.subsidies + self.levies + levy.0 as usize,
            Purpose::Fine(quota) => 5 + 2 * self.subsidies + 2 * self.levies + quota.0 as usize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SiteId;
    use crate::rules::testing;
    use proptest::prelude::*;

    fn posting(amount: i64, since: u64, at: u64) -> Posting {
        Posting {
            at: Time(at),
            since: Time(since),
            from: Account::Tenant(TenantId(0)),
            to: Account::Site(SiteId(0)),
            amount: Money(amount),
            purpose: Purpose::Compute,
            job: None,
        }
    }

    #[test]
    fn a_service_that_the_window_cuts_counts_by_its_share() {
        let mut ledger = Ledger::new(&testing::model(), (Time(100), Time(200)), true);
        ledger.post(posting(100, 50, 150)).unwrap();
        assert_eq!(ledger.balance(Account::Site(SiteId(0))), Amount { run: Money(100), window: Money(50) });
        ledger.post(posting(7, 200, 200)).unwrap();
        ledger.post(posting(8, 99, 99)).unwrap();
        assert_eq!(ledger.turnover(Purpose::Compute), Amount { run: Money(115), window: Money(57) });
        // Paid long after the service: the service counts.
        ledger.post_for(posting(100, 150, 900), Time(190)).unwrap();
        assert_eq!(ledger.balance(Account::Tenant(TenantId(0))), Amount { run: Money(-215), window: Money(-157) });
        assert_eq!(ledger.drain_postings().count(), 4);
        assert_eq!(ledger.drain_postings().count(), 0);
        ledger.assert_balanced();
    }

    #[test]
    fn overflow_books_nothing() {
        let mut ledger = Ledger::new(&testing::model(), (Time(0), Time(1000)), false);
        ledger.post(posting(i64::MAX, 0, 0)).unwrap();
        assert_eq!(ledger.post(posting(1, 0, 0)), Err(MoneyOverflow));
        assert_eq!(ledger.balance(Account::Site(SiteId(0))).run, Money(i64::MAX));
        ledger.assert_balanced();
    }

    proptest! {
        #[test]
        fn the_books_balance_whatever_is_posted(
            moves in prop::collection::vec((0..7_usize, 0..7_usize, 0_i64..1_000_000, 0_u64..400, 0_u64..400, any::<bool>()), 0..60)
        ) {
            let mut ledger = Ledger::new(&testing::model(), (Time(100), Time(300)), false);
            let accounts = testing::some_accounts();
            for (from, to, amount, since, length, compute) in moves {
                if from == to {
                    continue;
                }
                let purpose = if compute { Purpose::Compute } else { Purpose::Transfer };
                let at = Time(since + length);
                let (from, to) = (accounts[from], accounts[to]);
                ledger.post(Posting { at, since: Time(since), from, to, amount: Money(amount), purpose, job: None }).unwrap();
                ledger.assert_balanced();
            }
        }
    }
}
