//! Subsidies: claims are made at a start, reserve money, and are settled when the job ends.
//!
//! A claim is made once, under the rates of its start, and belongs to the budget and cap period of its start:
//! - A **preempted** job keeps its claims. What it used until then is accrued; at its next start a claim stays if the new place is eligible
//!   for its subsidy (and, if the payee is a site, the same), and is otherwise settled on what was accrued. No further claims are made.
//! - A **failure** releases all claims without payment, as a cancellation does; the next start claims anew.
//! - A claim in a **batch** programme reserves nothing; what is due at the job's end is filed in the window of that instant, and all
//!   that is filed is decided, against the budget period of the window's last instant, when the window ends.
//! - A start for which a budget is spent gets nothing from it, also if money is released later; a claim that was merely cut can
//!   be made up at the job's end from what is free by then.
//! - A floor counts GPU time of holdings that have ended in the current period of the budget (of the run, without a budget).

mod account;
mod batch;
mod claim;
mod fund;
mod offer;
mod payment;

pub use claim::Claims;
pub use fund::budget_of_run;

use super::matching::Eligible;
use super::records::SubsidyTotals;
use crate::base::random::{Seed, Stream};
use crate::base::{Column, Money, MoneyOverflow, Span, Time};
use crate::model::{JobNumber, Model, Payee, Period, SiteId, Subsidy, SubsidyId, TenantId};
use account::Accounts;
use batch::Window;
use claim::{Arena, Claim, Covered, Marks, Standing, Watched};
use fund::Funds;
use offer::Offer;
use payment::Payable;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What subsidies can cover of one part of a job: expected, or really used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Bases {
    /// GPU-hours × the pool's price.
    pub compute: Money,
    /// Metered energy × tariff.
    pub energy: Money,
    /// Transfers.
    pub transfer: Money,
    /// Capital written off.
    pub capital: Money,
    /// GPU-microseconds held.
    pub gpu_us: u128,
    /// Metered energy in millijoules.
    pub energy_mj: u128,
}

/// What a start would get from all programmes now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Expected {
    /// What lowers the tenant's price: its own subsidies, and what sites pass on.
    pub tenant: Money,
    /// All public money.
    pub public: Money,
}

/// One part of a start that asks for subsidies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub number: JobNumber,
    pub tenant: TenantId,
    pub site: SiteId,
    pub now: Time,
    /// What the start is eligible for there, stack by stack.
    pub eligible: &'a [Eligible],
    pub bases: &'a Bases,
}

/// The state of all programmes.
#[derive(Clone, Debug)]
pub(super) struct Programmes {
    items: Column<SubsidyId, Programme>,
    arena: Arena,
    /// When claims lapse; entries of claims that are gone are stale.
    expiries: BinaryHeap<Reverse<(Time, Watched)>>,
    /// When there is something to do next, or a claim expires that is gone.
    next: Time,
    window: (Time, Time),
    several: u64,
    offers: Vec<Offer>,
    settled: Vec<(Claim, Covered)>,
    /// Programmes that ask for a floor.
    floors: Vec<SubsidyId>,
}

#[derive(Clone, Debug)]
struct Programme {
    /// The subsidy as it was when the state was last brought in line with it.
    known: Subsidy,
    funds: Funds,
    /// One for each cap of the subsidy; none where a cap needs no accounts.
    accounts: Vec<Option<Accounts>>,
    /// GPU time of payees, where there is a floor.
    floor: Option<Floor>,
    payables: VecDeque<Payable>,
    window: Option<Window>,
    lottery: Stream,
    totals: SubsidyTotals,
}

/// GPU time of each tenant or site in the current period.
#[derive(Clone, Debug)]
struct Floor {
    period: Period,
    calendar: crate::model::Calendar,
    entities: Vec<(u64, u128)>,
}

impl Programmes {
    /// Opens all programmes.
    pub fn new(model: &Model, seed: Seed, prorate_over: Option<Span>, window: (Time, Time)) -> Result<Self, MoneyOverflow> {
        let programme = |subsidy: &Subsidy| {
            let source = format!("subsidy {}", subsidy.name);
            Ok(Programme {
                known: subsidy.clone(),
                funds: Funds::new(model, subsidy.budget.as_ref(), fund::funding(subsidy, seed), prorate_over, Time::ZERO)?,
                accounts: subsidy.caps.iter().map(|cap| Accounts::new(model, cap, Time::ZERO)).collect(),
                floor: Floor::new(model, subsidy),
                payables: VecDeque::new(),
                window: Window::new(model, subsidy, Time::ZERO),
                lottery: seed.stream(&source, "lottery"),
                totals: SubsidyTotals::default(),
            })
        };
        let items = model.subsidies.iter().map(programme).collect::<Result<Column<_, _>, _>>()?;
        let mut programmes = Self {
            floors: items.entries().filter(|(_, item)| item.floor.is_some()).map(|(id, _)| id).collect(),
            items,
            arena: Arena::default(),
            expiries: BinaryHeap::new(),
            next: Time::NEVER,
            window,
            several: 0,
            offers: Vec::new(),
            settled: Vec::new(),
        };
        programmes.next = programmes.find_next();
        Ok(programmes)
    }
    /// Returns what a part of a start would get now.
    pub fn expected(&self, model: &Model, ask: &Ask<'_>) -> Result<Expected, MoneyOverflow> {
        let (mut expected, mut overflow) = (Expected::default(), None);
        let mut add = |offer: Offer| {
            expected.tenant = expected.tenant.plus(Self::tenant_part(&model.subsidies[offer.subsidy], offer.granted)?)?;
            expected.public = expected.public.plus(offer.granted)?;
            Ok(())
        };
        self.offers(model, ask, Claims::NONE, |offer| overflow = overflow.or(add(offer).err()))?;
        overflow.map_or(Ok(expected), Err)
    }
    /// Makes the claims of one part of a start and appends them to the job's.
    pub fn claim(&mut self, model: &Model, ask: &Ask<'_>, part: u8, mut claims: Claims) -> Result<Claims, MoneyOverflow> {
        let mut offers = std::mem::take(&mut self.offers);
        offers.clear();
        let eligible = self.offers(model, ask, claims, |offer| offers.push(offer))?;
        for (at, offer) in offers.iter().enumerate() {
            let several = at == 0 && claims.is_none() && eligible > 1;
            claims = self.make(model, ask, part, offer, several, claims)?;
        }
        self.offers = offers;
        Ok(claims)
    }
    /// Takes claims back as if they had never been made; they must be the last that were made.
    pub fn undo(&mut self, model: &Model, mut claims: Claims) -> Result<(), MoneyOverflow> {
        while let Some((claim, rest)) = self.arena.take_first(claims) {
            claims = rest;
            if claim.standing == Standing::Open {
                self.give_back(model, &claim)?;
            }
            let item = &mut self.items[claim.subsidy];
            let Marks { capped, short, closed, exhausted, several } = claim.marks;
            item.totals.caps_hit -= u64::from(capped);
            item.totals.short_claims -= u64::from(short);
            self.several -= u64::from(several);
            let fund = &mut item.funds.funds[claim.fund as usize];
            fund.closed &= !closed;
            if exhausted {
                fund.exhausted = false;
                item.totals.exhausted.pop();
            }
        }
        Ok(())
    }
    /// Releases claims without payment: the job failed, was cancelled, or left unfinished.
    pub fn release(&mut self, model: &Model, mut claims: Claims) -> Result<(), MoneyOverflow> {
        while let Some((claim, rest)) = self.arena.take_first(claims) {
            claims = rest;
            if claim.standing == Standing::Open {
                self.give_back(model, &claim)?;
                let totals = &mut self.items[claim.subsidy].totals;
                totals.released = totals.released.plus(claim.reserved)?;
            }
        }
        Ok(())
    }
    /// Adds to claims what an attempt has used that was preempted.
    pub fn accrue(&mut self, model: &Model, claims: Claims, bases: &[Bases]) -> Result<(), MoneyOverflow> {
        let mut next = Arena::first(claims);
        while let Some(index) = next {
            let claim = self.arena.at_mut(index);
            let covered = Covered::of(model.subsidies[claim.subsidy].covers, &bases[usize::from(claim.part)]);
            claim.accrued = claim.accrued.plus(covered)?;
            next = self.arena.after(index);
        }
        Ok(())
    }
    /// Counts the claims of a list.
    pub fn count(&self, claims: Claims) -> usize {
        self.arena.list(claims).count()
    }
    /// Counts GPU time that a tenant has used and a site supplied, for floors.
    pub fn count_use(&mut self, model: &Model, tenant: TenantId, site: SiteId, gpu_us: u128, now: Time) {
        for &id in &self.floors {
            if let Some(floor) = &mut self.items[id].floor {
                floor.add(if model.subsidies[id].payee == Payee::Tenant { tenant.0 } else { site.0 }, gpu_us, now);
            }
        }
    }
    /// Follows a change of the model: what was used and promised stays so.
    pub fn change(&mut self, model: &Model, id: SubsidyId, now: Time) -> Result<(), MoneyOverflow> {
        let (item, new) = (&mut self.items[id], &model.subsidies[id]);
        let old = std::mem::replace(&mut item.known, new.clone());
        item.funds.change(model, old.budget.as_ref(), new.budget.as_ref(), now)?;
        let mut accounts = std::mem::take(&mut item.accounts).into_iter();
        item.accounts = new
            .caps
            .iter()
            .map(|cap| {
                let kept = accounts.next().flatten().filter(|accounts| accounts.scope == cap.per && accounts.every == cap.every);
                kept.or_else(|| Accounts::new(model, cap, now))
            })
            .collect();
        if new.allocate != old.allocate {
            self.decide_window(model, id, now)?;
            self.items[id].window = Window::new(model, new, now);
        }
        let item = &mut self.items[id];
        if (new.floor_gpu_us > 0) != item.floor.is_some() || new.payee != old.payee {
            item.floor = Floor::new(model, new);
            self.floors = self.items.entries().filter(|(_, item)| item.floor.is_some()).map(|(id, _)| id).collect();
        }
        self.next = self.find_next();
        Ok(())
    }
    /// Ends the measured window.
    pub fn close_window(&mut self, at: Time) {
        self.window.1 = at;
    }
    /// Tells whether there is any programme, so that bases are needed at a start.
    pub fn any(&self) -> bool {
        !self.items.is_empty()
    }
    /// Counts jobs that were eligible for more than one subsidy at a start.
    pub fn eligible_for_several(&self) -> u64 {
        self.several
    }
    /// Returns what a programme can still grant now; `None`: unlimited.
    pub fn budget_left(&self, id: SubsidyId) -> Option<Money> {
        let fund = self.items[id].funds.current_fund();
        fund.limited.then(|| if fund.closed { Money::ZERO } else { fund.available() })
    }
    /// Returns the totals of all programmes.
    pub fn totals(&self) -> Result<Column<SubsidyId, SubsidyTotals>, MoneyOverflow> {
        let total = |item: &Programme| {
            let mut totals = item.totals.clone();
            totals.budget = item.funds.total()?;
            for fund in &item.funds.funds {
                totals.outstanding = totals.outstanding.plus(fund.outstanding()?)?;
                totals.lapsed = totals.lapsed.plus(fund.lapsed)?;
            }
            Ok(totals)
        };
        self.items.iter().map(total).collect()
    }

    /// Makes a claim of an offer.
    fn make(&mut self, model: &Model, ask: &Ask<'_>, part: u8, offer: &Offer, several: bool, claims: Claims) -> Result<Claims, MoneyOverflow> {
        let subsidy = &model.subsidies[offer.subsidy];
        let item = &mut self.items[offer.subsidy];
        let fund_index = item.funds.current();
        let fund = &mut item.funds.funds[fund_index as usize];
        let reserved = if offer.batch { Money::ZERO } else { offer.granted };
        fund.reserve(reserved)?;
        let short = !offer.batch && offer.granted < offer.wanted;
        let closed = short && subsidy.on_short == crate::model::OnShort::Close && !fund.closed;
        let spent = fund.limited && !offer.batch && offer.wanted > Money::ZERO && (short || fund.available() == Money::ZERO);
        let exhausted = spent && !fund.exhausted;
        fund.closed |= closed;
        if exhausted {
            fund.exhausted = true;
            item.totals.exhausted.push(ask.now);
        }
        let marks = Marks { capped: offer.capped, short, closed, exhausted, several };
        item.totals.caps_hit += u64::from(marks.capped);
        item.totals.short_claims += u64::from(marks.short);
        self.several += u64::from(several);
        let standing = if offer.batch || reserved > Money::ZERO { Standing::Open } else { Standing::Void };
        let claim = Claim {
            subsidy: offer.subsidy,
            part,
            standing,
            rate: offer.rate,
            number: ask.number,
            tenant: ask.tenant,
            site: ask.site,
            made: ask.now,
            fund: fund_index,
            reserved,
            accrued: Covered::default(),
            got_before: Money::ZERO,
            marks,
        };
        if standing == Standing::Open {
            for accounts in item.accounts.iter_mut().flatten() {
                accounts.open(accounts.entity(ask.tenant, ask.site), ask.now, reserved)?;
            }
        }
        let claims = self.arena.append(claims, claim);
        if let (Some(expires), Standing::Open) = (subsidy.expires, standing) {
            self.watch_expiry(ask.now + expires, claims);
        }
        Ok(claims)
    }
    fn watch_expiry(&mut self, at: Time, claims: Claims) {
        if self.expiries.len() > 64 + 2 * self.arena.live() {
            let arena = &self.arena;
            self.expiries.retain(|Reverse((_, watched))| arena.is_live(*watched));
        }
        self.expiries.push(Reverse((at, self.arena.watch_last(claims))));
        self.next = self.next.min(at);
    }
    /// Returns a claim's reservation to its fund and its cap accounts.
    fn give_back(&mut self, model: &Model, claim: &Claim) -> Result<(), MoneyOverflow> {
        let item = &mut self.items[claim.subsidy];
        debug_assert_eq!(item.accounts.len(), model.subsidies[claim.subsidy].caps.len());
        item.funds.funds[claim.fund as usize].release(claim.reserved)?;
        for accounts in item.accounts.iter_mut().flatten() {
            let entity = accounts.entity(claim.tenant, claim.site);
            accounts.change(entity, claim.made, claim.reserved, Money::ZERO)?;
            accounts.close(entity, claim.made);
        }
        Ok(())
    }
}

impl Programme {
    /// Returns when a period of its budget or of a cap ends.
    fn next_period(&self) -> Time {
        let caps = self.accounts.iter().flatten().map(Accounts::period_end);
        caps.min().unwrap_or(Time::NEVER).min(self.funds.end)
    }
}

impl Floor {
    fn new(model: &Model, subsidy: &Subsidy) -> Option<Self> {
        let entities = if subsidy.payee == Payee::Tenant { model.tenant_count() as usize } else { model.sites.len() };
        let period = subsidy.budget.as_ref().map_or(Period::Run, |budget| budget.every);
        (subsidy.floor_gpu_us > 0).then(|| Self { period, calendar: model.calendar, entities: vec![(0, 0); entities] })
    }
    fn used(&self, entity: u32, now: Time) -> u128 {
        let (period, used) = self.entities[entity as usize];
        if period == self.calendar.period_index(self.period, now) { used } else { 0 }
    }
    fn add(&mut self, entity: u32, gpu_us: u128, now: Time) {
        let current = self.calendar.period_index(self.period, now);
        let (period, used) = &mut self.entities[entity as usize];
        if *period != current {
            (*period, *used) = (current, 0);
        }
        *used += gpu_us;
    }
}

#[cfg(test)]
mod tests;
