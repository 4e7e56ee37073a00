//! What is allowed and who pays: matchers, quotas, caps, domestic shares, chip access, residency, subsidies, levies, the ledger.
//!
//! [`Rules`] is the state of all rules during a run. A start is tried with [`Rules::try_hold`] and can be taken back exactly with
//! [`Rules::undo_hold`]; the engine ends it with [`Rules::release`]. Money that a start claims goes the same way: [`Rules::claim`],
//! [`Rules::undo_claim`], [`Rules::settle_claims`]. Time passes by [`Rules::advance`]: call it once at every instant before anything else (it
//! costs a few comparisons), and let no instant pass over that [`Rules::next_boundary`] names.
//!
//! Methods take the model rather than keep a copy: a change of the scenario is made in the model, then [`Rules::apply_settings`] follows it.

pub mod access;
pub mod caps;
mod claims;
pub mod domestic;
mod holding;
pub mod ledger;
pub mod levy;
pub mod matching;
mod meter;
pub mod quota;
mod reclaim;
pub mod records;
pub mod residency;
mod starts;
pub mod subsidy;
#[cfg(test)]
mod testing;

pub use access::{AccessBar, AccessRefusal};
pub use caps::{CapRefusal, Capped};
pub use domestic::DomesticRefusal;
pub use holding::Held;
pub use quota::QuotaRefusal;
pub use residency::{LatencyRefusal, Residence, check_latency, residence};
pub use subsidy::{Bases, Claims, Expected, budget_of_run};

use crate::base::random::Seed;
use crate::base::{Column, Money, MoneyOverflow, Span, Time};
use crate::model::{ClassId, JobId, JobNumber, Model, PoolId, QuotaId, Setting, SiteId, TenantGroupId, TenantId};
use access::AccessUse;
use caps::Caps;
use domestic::Shares;
use holding::Holdings;
use ledger::Ledger;
use levy::Levies;
use matching::MatchTable;
use quota::QuotaTree;
use records::QuotaTotals;
use subsidy::Programmes;

/// A start, or one that is asked about, as the rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The job.
    pub number: JobNumber,
    /// Its tenant.
    pub tenant: TenantId,
    /// The tenant's group.
    pub group: TenantGroupId,
    /// Its class.
    pub class: ClassId,
    /// Its priority.
    pub priority: i32,
    /// The size of the whole gang.
    pub gpus: u32,
    /// Where it runs: one part, or two for a gang that is split over two pools.
    pub parts: &'a [Part],
    /// When.
    pub now: Time,
    /// When it will release its GPUs, by its estimate.
    pub expected_end: Time,
}

/// The part of a start in one pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// The pool.
    pub pool: PoolId,
    /// GPUs there.
    pub gpus: u32,
    /// Metered energy that it is expected to use, in millijoules; needed where [`Rules::needs_energy`] says so.
    pub energy_mj: u64,
}

/// A running job that may have to give way.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    /// Its slot.
    pub job: JobId,
    /// Its number.
    pub number: JobNumber,
    /// When it got its GPUs.
    pub since: Time,
    /// Its priority.
    pub priority: i32,
    /// What it holds.
    pub held: Held,
}

/// What a rule denies, with the numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each variant is the refusal of that name")]
pub enum Refusal {
    Quota(QuotaRefusal),
    Cap(CapRefusal),
    Domestic(DomesticRefusal),
    Access(AccessRefusal),
    Residency,
    Latency(LatencyRefusal),
}

impl Refusal {
    /// Returns the word that tables use.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Quota(_) => "quota",
            Self::Cap(_) => "cap",
            Self::Domestic(_) => "domestic",
            Self::Access(_) => "access",
            Self::Residency => "residency",
            Self::Latency(_) => "latency",
        }
    }
    /// Returns the quota that refuses, if one does.
    pub fn quota(&self) -> Option<QuotaId> {
        match self {
            Self::Quota(refusal) => Some(refusal.quota),
            Self::Cap(refusal) => Some(refusal.quota),
            Self::Domestic(refusal) => Some(refusal.quota),
            Self::Access(_) | Self::Residency | Self::Latency(_) => None,
        }
    }
}

/// The bounds of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RunBounds {
    /// The length over which yearly budgets are prorated; none: they are not.
    pub prorate_over: Option<Span>,
    /// When the run ends at the latest; nothing is expected after it.
    pub latest_end: Time,
    /// The measured window.
    pub window: (Time, Time),
}

/// The state of all rules.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The books.
    pub ledger: Ledger,
    table: MatchTable,
    tree: QuotaTree,
    caps: Caps,
    shares: Shares,
    access: AccessUse,
    /// When a window of an access rule opens next.
    access_opens: Time,
    holdings: Holdings,
    levies: Levies,
    programmes: Programmes,
    now: Time,
}

impl Rules {
    /// Makes the state at the start of a run. With `keep_postings` the ledger keeps each movement of money until it is drained.
    pub fn new(model: &Model, seed: Seed, bounds: RunBounds, keep_postings: bool) -> Result<Self, MoneyOverflow> {
        let table = MatchTable::new(model);
        let tree = QuotaTree::new(model);
        Ok(Self {
            ledger: Ledger::new(model, bounds.window, keep_postings),
            caps: Caps::new(model, &tree, bounds.latest_end),
            shares: Shares::new(model, &tree, table.facts(), bounds.latest_end),
            access: AccessUse::new(model),
            access_opens: AccessUse::next_opening(model, Time::ZERO),
            holdings: Holdings::default(),
            levies: Levies::new(model, table.facts()),
            programmes: Programmes::new(model, seed, bounds.prorate_over, bounds.window)?,
            table,
            tree,
            now: Time::ZERO,
        })
    }
    /// Works out which rules a group's jobs of a class meet; must precede every question about them. Cheap after the first time.
    pub fn prepare(&mut self, model: &Model, group: TenantGroupId, class: ClassId) {
        self.table.prepare(model, &self.tree, group, class);
    }
    /// Lets time pass up to now: judges periods that have ended, pays what is due. Overflow of money ends the run.
    pub fn advance(&mut self, model: &Model, now: Time) -> Result<(), MoneyOverflow> {
        self.pass_time(model, now);
        if now >= self.access_opens {
            self.access_opens = AccessUse::next_opening(model, now);
        }
        self.shares.advance(model, &mut self.tree, &mut self.ledger, now)?;
        self.programmes.advance(model, &mut self.ledger, now)
    }
    /// Returns the next instant at which the rules must be advanced.
    pub fn next_boundary(&mut self) -> Time {
        self.shares.next_end().min(self.access_opens).min(self.programmes.next_boundary())
    }
    /// Returns when a window of an access rule opens next: what it held back may start then.
    pub fn next_opening(&self) -> Time {
        self.access_opens
    }
    /// Ends the measured window at `at`, as it is known only now; nothing after it has been booked yet.
    pub fn close_window(&mut self, at: Time) {
        self.ledger.close_window(at);
        self.programmes.close_window(at);
    }
    /// Follows a change of the scenario that was made in the model; what was used stays used.
    pub fn apply_settings(&mut self, model: &Model, settings: &[Setting], now: Time) -> Result<(), MoneyOverflow> {
        let concerns = |setting: &Setting| match setting {
            Setting::Site(..) | Setting::Pool(..) | Setting::Quota(..) | Setting::Access(..) | Setting::Subsidy(..) | Setting::Levy(..) => true,
            Setting::Tariff(..) | Setting::Grid(..) | Setting::Link(..) | Setting::Outside(..) | Setting::Workload(..) => false,
        };
        if !settings.iter().any(concerns) {
            return Ok(());
        }
        self.pass_time(model, now);
        self.access_opens = AccessUse::next_opening(model, now);
        self.tree.set_limits(model, now);
        self.table.refresh(model, &self.tree);
        self.caps.set_limits(model, &self.tree, now);
        self.shares.set_limits(model, &self.tree, self.table.facts(), now);
        self.levies = Levies::new(model, self.table.facts());
        let subsidies = settings.iter().filter_map(|setting| if let Setting::Subsidy(id, _) = setting { Some(*id) } else { None });
        subsidies.into_iter().try_for_each(|id| self.programmes.change(model, id, now))
    }
    /// Ends the run: judges the periods and decides the windows that its end cuts, pays what would fall due later, and checks that the books
    /// balance.
    pub fn finish(&mut self, model: &Model, now: Time) -> Result<(), MoneyOverflow> {
        self.advance(model, now)?;
        self.shares.finish(model, &mut self.tree, &mut self.ledger, now)?;
        self.programmes.finish(model, now)?;
        self.programmes.advance(model, &mut self.ledger, now)?;
        self.programmes.pay_the_rest(model, &mut self.ledger, now)?;
        self.ledger.assert_balanced();
        Ok(())
    }
    /// Returns the totals of all quotas up to now.
    pub fn quota_totals(&mut self, model: &Model, now: Time) -> Column<QuotaId, QuotaTotals> {
        let mut totals = self.tree.totals(now).clone();
        for quota in model.quotas.ids() {
            totals[quota].overrun_gpu_us = self.caps.beyond(quota, Capped::GpuHours);
            totals[quota].overrun_mj = self.caps.beyond(quota, Capped::Energy);
        }
        totals
    }
    /// Returns the quota tree, for questions about headroom and usage.
    pub fn quotas(&self) -> &QuotaTree {
        &self.tree
    }
    /// Returns what is used and committed under a cap in the current period, and the cap.
    pub fn cap_usage(&self, quota: QuotaId, capped: Capped) -> Option<(u128, u128)> {
        self.caps.usage(quota, capped)
    }
    /// Books the levies on a site's metered energy since `times.0` until `times.1`.
    pub fn charge_levies(&mut self, model: &Model, site: SiteId, energy_mj: u128, times: (Time, Time)) -> Result<(), MoneyOverflow> {
        self.levies.charge_site(model, &mut self.ledger, site, energy_mj, times)
    }
    /// Books the part of the levies on a job's metered energy that its site passes on, and returns it.
    pub fn charge_levies_to_tenant(
        &mut self,
        model: &Model,
        site: SiteId,
        (tenant, job): (TenantId, JobNumber),
        energy_mj: u128,
        times: (Time, Time),
    ) -> Result<Money, MoneyOverflow> {
        self.levies.charge_tenant(model, &mut self.ledger, site, (tenant, job), energy_mj, times)
    }
    /// Returns the levies of sites, for questions about prices.
    pub fn levies(&self) -> &Levies {
        &self.levies
    }

    /// Brings the meters up to now: what outlives its estimate counts as it goes on.
    fn pass_time(&mut self, model: &Model, now: Time) {
        if now == self.now {
            return;
        }
        self.now = now;
        self.caps.advance(now);
        self.shares.advance_meters(now);
        while let Some(holding) = self.holdings.next_overrun(now) {
            self.caps.begin_overrun(&self.table, &holding);
            self.shares.begin_overrun(model, &self.table, &holding);
        }
    }
}
