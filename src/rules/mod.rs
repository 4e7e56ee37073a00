//! What is allowed and who pays: matchers, quotas, caps, domestic shares, chip access, residency, subsidies, levies, the ledger.
//!
//! [`Rules`] is the state of all rules during a run. A start is tried with [`Rules::try_hold`] and can be taken back exactly with
//! [`Rules::undo_hold`]; the engine ends it with [`Rules::release`]. Time passes by [`Rules::advance`], which must be called at every
//! instant before anything else, and at least whenever [`Rules::next_boundary`] says.

pub mod access;
pub mod caps;
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
pub mod subsidy;
#[cfg(test)]
mod testing;

pub use access::{AccessBar, AccessRefusal};
pub use caps::{CapRefusal, Capped};
pub use domestic::DomesticRefusal;
pub use holding::Held;
pub use quota::QuotaRefusal;
pub use residency::{LatencyRefusal, Residence, check_latency, residence};
pub use subsidy::{Bases, Claims, Expected};

use crate::base::random::Seed;
use crate::base::{Column, Money, MoneyOverflow, Span, Time};
use crate::model::{ClassId, JobId, JobNumber, Model, PoolId, QuotaId, Setting, SiteId, SubsidyId, TenantGroupId, TenantId};
use access::AccessUse;
use caps::Caps;
use domestic::Shares;
use holding::{HeldPart, Holding, Holdings};
use ledger::Ledger;
use levy::Levies;
use matching::{MatchTable, Matches, Subject};
use quota::{Charge, QuotaTree};
use records::{QuotaTotals, SubsidyTotals};
use subsidy::{Ask, Programmes};

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
    /// Tells whether a start may need its expected energy: some quota caps energy.
    pub fn needs_energy(&self) -> bool {
        self.caps.any_on_energy()
    }
    /// Tells whether the rules admit a start. *O*(rules that it meets × depth).
    pub fn check(&self, model: &Model, start: &Start<'_>) -> Result<(), Refusal> {
        let (parts, count) = self.resolve(model, start)?;
        self.admits(model, start, &parts[..count])
    }
    /// Tells whether the rules could ever admit a job of this size there, if nothing else ran.
    pub fn check_ever(&self, model: &Model, start: &Start<'_>) -> Result<(), Refusal> {
        let (mut parts, mut count) = ([None, None], 0);
        for (slot, part) in parts.iter_mut().zip(start.parts) {
            let found = self.matches(start, part);
            let chip = model.pools[part.pool].chip;
            AccessUse::admit_ever(model, &found.access, (chip, part.gpus), start.now).map_err(Refusal::Access)?;
            let held = held_part(model, part, found, None);
            for charge in self.charges(&held) {
                self.tree.fits_ever(charge).map_err(Refusal::Quota)?;
            }
            *slot = Some(held);
            count += 1;
        }
        let first = parts[0].expect("a start has a part");
        let parts = [first, parts[1].unwrap_or(first)];
        let length = start.expected_end.saturating_since(start.now);
        self.caps.fits_ever(&self.table, &parts[..count], length).map_err(Refusal::Cap)
    }
    /// Holds what a start needs under the rules, or tells which rule denies it. Nothing changes on a refusal.
    pub fn try_hold(&mut self, model: &Model, start: &Start<'_>) -> Result<Held, Refusal> {
        self.pass_time(model, start.now);
        let (parts, count) = self.resolve(model, start)?;
        self.admits(model, start, &parts[..count])?;
        let holding = Holding {
            tenant: start.tenant,
            start: start.now,
            expected_end: start.expected_end.max(start.now),
            parts,
            count: u8::try_from(count).expect("a start has one or two parts"),
            overrunning: false,
        };
        for part in holding.parts() {
            for quota in self.table.charged(part.charges) {
                self.tree.hold(Charge { quota: *quota, chip: part.chip, gpus: part.gpus }, start.now);
            }
            self.access.hold(part.access, part.gpus);
        }
        self.caps.hold(&self.table, &holding);
        self.shares.hold(model, &self.table, &holding);
        let metered = |part: &HeldPart| self.caps.concerns(&self.table, part) || self.shares.concerns(&self.table, part);
        let watched = holding.parts().iter().any(metered);
        let held = self.holdings.insert(holding);
        if watched {
            self.holdings.watch_estimate(held);
        }
        Ok(held)
    }
    /// Takes a start back, at its own instant; exactly as if it had never been tried.
    pub fn undo_hold(&mut self, model: &Model, held: Held) {
        let holding = self.holdings.remove(held);
        self.caps.undo(&self.table, &holding);
        self.shares.undo(model, &self.table, &holding);
        self.let_go(&holding, holding.start);
    }
    /// Ends what a start holds: the job finished, failed or was preempted. `energy_mj` is the metered energy of each part.
    pub fn release(&mut self, model: &Model, held: Held, now: Time, energy_mj: &[u64]) {
        self.pass_time(model, now);
        let holding = self.holdings.remove(held);
        self.caps.release(&self.table, &holding, now, energy_mj);
        self.shares.release(model, &self.table, &holding, now);
        for part in holding.parts() {
            let gpu_us = u128::from(part.gpus) * u128::from(now.since(holding.start).0);
            self.programmes.count_use(model, holding.tenant, model.pools[part.pool].site, gpu_us, now);
        }
        self.let_go(&holding, now);
    }
    /// Returns when a job must be ended, as a cap does not let it outlive its estimate.
    pub fn kill_at(&self, held: Held) -> Option<Time> {
        self.caps.kill_at(&self.table, self.holdings.at(held))
    }
    /// Tells whether a start would take a quota beyond its nominal; those that do not go first.
    pub fn borrows(&self, model: &Model, start: &Start<'_>) -> bool {
        start.parts.iter().any(|part| {
            let held = held_part(model, part, self.matches(start, part), None);
            self.charges(&held).any(|charge| self.tree.borrows(charge))
        })
    }
    /// Returns the quotas that a part of a start is charged to.
    pub fn charged_quotas(&self, start: &Start<'_>, part: &Part) -> &[QuotaId] {
        self.table.charged(self.matches(start, part).charges)
    }
    /// Chooses the running jobs that give way to a start under reclaim; `None` if that is not allowed or would not help.
    ///
    /// `room` tells whether the start has room once the given jobs have left, which quotas alone do not know. The running jobs are asked for only
    /// if anybody borrows. Whoever preempts the victims tells of each with [`Rules::count_reclaimed`].
    pub fn reclaim<R: Iterator<Item = Running>>(
        &mut self,
        model: &Model,
        start: &Start<'_>,
        running: impl FnOnce() -> R,
        room: &mut dyn FnMut(&[JobId]) -> bool,
    ) -> Option<Vec<JobId>> {
        let held = |part| held_part(model, part, self.matches(start, part), None);
        let charges: Vec<Charge> = start.parts.iter().flat_map(|part| self.charges(&held(part)).collect::<Vec<_>>()).collect();
        if !reclaim::possible(model, &self.tree, &charges) {
            return None;
        }
        let candidate = |running: Running| {
            let charges = self.holdings.at(running.held).parts().iter().flat_map(|part| self.charges(part)).collect();
            let Running { job, number, since, priority, .. } = running;
            reclaim::Candidate { job, number, since, priority, charges }
        };
        let candidates = running().map(candidate).collect();
        let claimant = reclaim::Claimant { charges: &charges, priority: start.priority, now: start.now };
        reclaim::victims(model, &mut self.tree, claimant, candidates, room)
    }
    /// Counts a job that is taken back from the quotas that it is charged to; call it before the job is released.
    pub fn count_reclaimed(&mut self, held: Held) {
        for part in self.holdings.at(held).parts() {
            for quota in self.table.charged(part.charges) {
                self.tree.totals_mut(*quota).reclaimed += 1;
            }
        }
    }
    /// Counts a refusal for the totals of the quota that refused.
    pub fn count_refusal(&mut self, refusal: &Refusal) {
        if let Some(quota) = refusal.quota() {
            self.tree.totals_mut(quota).refusals += 1;
        }
    }
    /// Lets time pass up to now: judges periods that have ended, pays what is due. Overflow of money ends the run.
    pub fn advance(&mut self, model: &Model, now: Time) -> Result<(), MoneyOverflow> {
        self.pass_time(model, now);
        self.shares.advance(model, &mut self.tree, &mut self.ledger, now)?;
        self.programmes.advance(model, &mut self.ledger, now)
    }
    /// Returns the next instant at which the rules must be advanced.
    pub fn next_boundary(&mut self) -> Time {
        self.shares.next_end().min(self.programmes.next_boundary())
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
        self.tree.set_limits(model, now);
        self.table.refresh(model, &self.tree);
        self.caps.set_limits(model, &self.tree, now);
        self.shares.set_limits(model, &self.tree, self.table.facts(), now);
        self.levies = Levies::new(model, self.table.facts());
        let subsidies = settings.iter().filter_map(|setting| if let Setting::Subsidy(id, _) = setting { Some(*id) } else { None });
        subsidies.into_iter().try_for_each(|id| self.programmes.change(model, id, now))
    }
    /// Ends the run: judges the periods and decides the windows that its end cuts, and checks that the books balance.
    pub fn finish(&mut self, model: &Model, now: Time) -> Result<(), MoneyOverflow> {
        self.advance(model, now)?;
        self.shares.finish(model, &mut self.tree, &mut self.ledger, now)?;
        self.programmes.finish(model, now)?;
        self.programmes.advance(model, &mut self.ledger, now)?;
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
    /// Returns the levies of sites.
    pub fn levies(&self) -> &Levies {
        &self.levies
    }

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
    fn matches(&self, start: &Start<'_>, part: &Part) -> &Matches {
        self.table.lookup(&Subject { group: start.group, class: start.class, pool: part.pool, gpus: start.gpus })
    }
    fn charges<'a>(&'a self, part: &HeldPart) -> impl Iterator<Item = Charge> + 'a {
        let (chip, gpus) = (part.chip, part.gpus);
        self.table.charged(part.charges).iter().map(move |quota| Charge { quota: *quota, chip, gpus })
    }
    /// Finds what the parts of a start are charged to, and under which access rules they may use their chips.
    fn resolve(&self, model: &Model, start: &Start<'_>) -> Result<([HeldPart; 2], usize), Refusal> {
        assert!(matches!(start.parts.len(), 1 | 2), "a start has one or two parts");
        let found = |part: &Part, planned| {
            let found = self.matches(start, part);
            let chip = model.pools[part.pool].chip;
            let access = self.access.admit(model, &found.access, (chip, part.gpus), start.now, planned).map_err(Refusal::Access)?;
            Ok(held_part(model, part, found, access))
        };
        let first = found(&start.parts[0], None)?;
        let second = start.parts.get(1).map(|part| found(part, first.access.map(|access| (access, first.gpus)))).transpose()?;
        Ok(([first, second.unwrap_or(first)], start.parts.len()))
    }
    fn admits(&self, model: &Model, start: &Start<'_>, parts: &[HeldPart]) -> Result<(), Refusal> {
        for charge in self.charges(&parts[0]) {
            self.tree.fits(charge, &[]).map_err(Refusal::Quota)?;
        }
        if let [first, second] = parts {
            for charge in self.charges(second) {
                // Of the charges of the first part only the one in the same tree matters, and there is at most one.
                let planned = self.charges(first).find(|other| self.tree.share_a_tree(other.quota, charge.quota));
                self.tree.fits(charge, planned.as_slice()).map_err(Refusal::Quota)?;
            }
        }
        let times = (start.now, start.expected_end.max(start.now));
        self.caps.fits(&self.table, parts, times).map_err(Refusal::Cap)?;
        self.shares.fits(model, &self.table, parts, times).map_err(Refusal::Domestic)
    }
    fn let_go(&mut self, holding: &Holding, now: Time) {
        for part in holding.parts() {
            for quota in self.table.charged(part.charges) {
                self.tree.release(Charge { quota: *quota, chip: part.chip, gpus: part.gpus }, now);
            }
            self.access.release(part.access, part.gpus);
        }
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

fn held_part(model: &Model, part: &Part, found: &Matches, access: Option<crate::model::AccessId>) -> HeldPart {
    let chip = model.pools[part.pool].chip;
    HeldPart { charges: found.charges, access, pool: part.pool, chip, gpus: part.gpus, energy_mj: part.energy_mj }
}
