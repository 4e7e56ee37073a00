//! Subsidies of starts: what they would get, and the life of their claims.

use super::matching::Subject;
use super::records::SubsidyTotals;
use super::subsidy::Ask;
use super::{Bases, Claims, Expected, Part, Rules, Start};
use crate::base::{Column, Money, MoneyOverflow, Time};
use crate::model::{Model, SubsidyId};

impl Rules {
    /// Tells whether there are subsidies, so that starts need their bases.
    pub fn needs_bases(&self) -> bool {
        self.programmes.any()
    }
    /// Returns what a start would get from subsidies now, net of caps and of what budgets have left. `bases` are the expected bases of
    /// each part; the parts of a split gang are looked at one by one, as if the other claimed nothing.
    pub fn expected(&self, model: &Model, start: &Start<'_>, bases: &[Bases]) -> Result<Expected, MoneyOverflow> {
        let mut sum = Expected::default();
        for (part, bases) in start.parts.iter().zip(bases) {
            let expected = self.programmes.expected(model, &self.ask(model, start, part, bases))?;
            sum = Expected { tenant: sum.tenant.plus(expected.tenant)?, public: sum.public.plus(expected.public)? };
        }
        Ok(sum)
    }
    /// Makes the claims of a start: at the first start of a job, and at the first after a failure.
    pub fn claim(&mut self, model: &Model, start: &Start<'_>, bases: &[Bases]) -> Result<Claims, MoneyOverflow> {
        let mut claims = Claims::NONE;
        for (index, (part, bases)) in (0..).zip(start.parts.iter().zip(bases)) {
            let subject = Subject { group: start.group, class: start.class, pool: part.pool, gpus: start.gpus };
            let eligible = &self.table.lookup(&subject).subsidies;
            let (number, tenant, site, now) = (start.number, start.tenant, model.pools[part.pool].site, start.now);
            claims = self.programmes.claim(model, &Ask { number, tenant, site, now, eligible, bases }, index, claims)?;
        }
        Ok(claims)
    }
    /// Takes claims back, at their own instant and before any later ones are kept; exactly as if they had never been made.
    pub fn undo_claim(&mut self, model: &Model, claims: Claims) -> Result<(), MoneyOverflow> {
        self.programmes.undo(model, claims)
    }
    /// Adds to the claims of a job that is preempted what it has used since it last started: the bases of each part.
    pub fn accrue_claims(&mut self, model: &Model, claims: Claims, bases: &[Bases]) -> Result<(), MoneyOverflow> {
        self.programmes.accrue(model, claims, bases)
    }
    /// Lets a preempted job start again with its claims: those that the new place is not eligible for are settled on what was accrued.
    /// Returns what that lowers the tenant's price by, and the claims that stay.
    pub fn carry_claims(&mut self, model: &Model, start: &Start<'_>, claims: Claims) -> Result<(Money, Claims), MoneyOverflow> {
        let site_if_eligible = |subsidy: SubsidyId, part: usize| {
            let part = start.parts.get(part)?;
            let subject = Subject { group: start.group, class: start.class, pool: part.pool, gpus: start.gpus };
            let found = self.table.lookup(&subject).subsidies.iter().any(|eligible| eligible.subsidy == subsidy);
            found.then_some(model.pools[part.pool].site)
        };
        self.programmes.carry(model, &mut self.ledger, claims, start.now, site_if_eligible)
    }
    /// Counts the claims of a job. *O*(claims).
    pub fn claim_count(&self, claims: Claims) -> usize {
        self.programmes.count(claims)
    }
    /// Settles the claims of a job that ends now: the bases are what each part used since the job last started. Returns what lowers the tenant's
    /// price, paid now or later; what a batch will decide is not in it.
    pub fn settle_claims(&mut self, model: &Model, claims: Claims, bases: &[Bases], now: Time) -> Result<Money, MoneyOverflow> {
        self.programmes.settle(model, &mut self.ledger, claims, bases, now)
    }
    /// Releases the claims of a job without payment: it failed or was cancelled.
    pub fn release_claims(&mut self, model: &Model, claims: Claims) -> Result<(), MoneyOverflow> {
        self.programmes.release(model, claims)
    }
    /// Returns what a programme can still grant in the current period; `None`: unlimited.
    pub fn budget_left(&self, subsidy: SubsidyId) -> Option<Money> {
        self.programmes.budget_left(subsidy)
    }
    /// Returns the totals of all subsidies.
    pub fn subsidy_totals(&self) -> Result<Column<SubsidyId, SubsidyTotals>, MoneyOverflow> {
        self.programmes.totals()
    }
    /// Counts jobs that were eligible for more than one subsidy.
    pub fn eligible_for_several(&self) -> u64 {
        self.programmes.eligible_for_several()
    }

    fn ask<'a>(&'a self, model: &Model, start: &Start<'_>, part: &Part, bases: &'a Bases) -> Ask<'a> {
        let eligible = &self.matches(start, part).subsidies;
        Ask { number: start.number, tenant: start.tenant, site: model.pools[part.pool].site, now: start.now, eligible, bases }
    }
}
