//! Which rules a start meets, worked out once for each (tenant group, class, pool, size of gang) and looked up afterwards.

use super::quota::QuotaTree;
use crate::base::{Column, Money, Ratio};
use crate::model::{
    AccessId, ClassId, IdSet, Matcher, Model, Payee, PoolId, QuotaId, SiteId, Subsidy, SubsidyId, SubsidyRate, Supply, TenantGroupId,
};
use std::collections::BTreeMap;

/// What matchers ask about sites; follows changes of the fleet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    sites: Column<SiteId, SiteFacts>,
}

/// What is installed at a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SiteFacts {
    /// Installed GPUs.
    pub installed: u64,
    /// Thereof domestic.
    pub domestic: u64,
    /// Installed PFLOPS, in millionths.
    pub pflops: u64,
}

/// What a matcher is held against.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Subject {
    /// The tenant's group.
    pub group: TenantGroupId,
    /// The job's class.
    pub class: ClassId,
    /// The pool.
    pub pool: PoolId,
    /// The size of the whole gang.
    pub gpus: u32,
}

impl Facts {
    /// Counts what every site has.
    pub fn new(model: &Model) -> Self {
        Self { sites: model.sites.ids().map(|site| SiteFacts::of(model, site)).collect() }
    }
    /// Returns what a site has.
    pub fn site(&self, site: SiteId) -> &SiteFacts {
        &self.sites[site]
    }
}

impl SiteFacts {
    fn of(model: &Model, site: SiteId) -> Self {
        let mut facts = Self::default();
        for pool in model.sites[site].pools().map(|pool| &model.pools[pool]) {
            let chip = &model.chips[pool.chip];
            facts.installed += pool.gpus();
            facts.domestic += if chip.domestic { pool.gpus() } else { 0 };
            facts.pflops = facts.pflops.saturating_add(chip.pflops.0.saturating_mul(pool.gpus()));
        }
        facts
    }
    /// Tells whether the domestic share lies within exact bounds; nothing installed has the share one.
    fn share_within(&self, (from, to): (Ratio, Ratio)) -> bool {
        let (domestic, installed) = if self.installed == 0 { (1, 1) } else { (self.domestic, self.installed) };
        let domestic = u128::from(domestic) * u128::from(Ratio::SCALE);
        u128::from(from.0) * u128::from(installed) <= domestic && domestic <= u128::from(to.0) * u128::from(installed)
    }
}

/// Tells whether a matcher's conditions on place hold for a pool; those on tenant, class and size are left out.
pub fn covers_pool(matcher: &Matcher, model: &Model, facts: &Facts, pool: PoolId) -> bool {
    let site = facts.site(model.pools[pool].site);
    matcher.pools.as_ref().is_none_or(|pools| pools.contains(pool))
        && matcher.site_domestic_share.is_none_or(|bounds| site.share_within(bounds))
        && matcher.site_pflops.is_none_or(|(from, to)| (from.0..=to.0).contains(&site.pflops))
}

/// Tells whether a matcher holds for a subject.
pub fn matches(matcher: &Matcher, model: &Model, facts: &Facts, subject: &Subject) -> bool {
    let affiliated = || model.tenants[subject.group].affiliates.contains(&model.pools[subject.pool].site);
    matcher.groups.as_ref().is_none_or(|groups| groups.contains(subject.group))
        && matcher.classes.as_ref().is_none_or(|classes| classes.contains(subject.class))
        && matcher.gpus.is_none_or(|(from, to)| (from..=to).contains(&subject.gpus))
        && matcher.affiliated.is_none_or(|asked| asked == affiliated())
        && covers_pool(matcher, model, facts, subject.pool)
}

/// The quotas that one part of a start is charged to: at most one of each tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ChargeSet(u32);

/// The rules that one part of a start meets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Matches {
    /// The quotas that are charged.
    pub charges: ChargeSet,
    /// The subsidies that it is eligible for, at any date; those of one stack stand together.
    pub subsidies: Box<[Eligible]>,
    /// Whether the chip may be used.
    pub access: ChipAccess,
}

/// A subsidy that a start is eligible for, and at which rate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Eligible {
    /// The subsidy.
    pub subsidy: SubsidyId,
    /// Its rate for this start.
    pub rate: ClaimRate,
}

/// The rate of a claim.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ClaimRate {
    /// A share of what is covered, in millionths.
    Share(u64),
    /// What energy costs beyond this price per kWh.
    TargetPrice(Money),
    /// So much per GPU-hour.
    PerGpuHour(Money),
}

/// What access rules say of a chip and a user.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ChipAccess {
    /// No rule is about the chip.
    Free,
    /// It may be used under any of these rules, in file order; nobody may if there is none.
    Under(Box<[AccessId]>),
}

/// A lazily filled table of [`Matches`].
///
/// Memory: 4 bytes × pools × bands of sizes for each pair of group and class that submits jobs. A lookup costs two index
/// operations and, if rules ask for sizes, a binary search over the sizes that they name.
#[derive(Clone, Debug, Default)]
pub struct MatchTable {
    facts: Option<Facts>,
    classes: usize,
    /// Sizes at which the answer may change, sorted.
    breaks: Vec<u32>,
    rows: Vec<Option<Box<[u32]>>>,
    sets: Vec<Matches>,
    known_sets: BTreeMap<Matches, u32>,
    /// Never cleared: what runs refers to them.
    charges: Vec<Box<[QuotaId]>>,
    known_charges: BTreeMap<Box<[QuotaId]>, u32>,
}

impl MatchTable {
    /// Makes an empty table.
    pub fn new(model: &Model) -> Self {
        let mut table = Self { facts: Some(Facts::new(model)), classes: model.classes.len(), ..Self::default() };
        table.breaks = size_breaks(model);
        table.rows = vec![None; model.classes.len() * model.tenants.len()];
        table
    }
    /// Returns what the table knows of sites.
    pub fn facts(&self) -> &Facts {
        self.facts.as_ref().expect("a table is made from a model")
    }
    /// Fills the row of a group and a class; must precede every lookup of theirs. Costs two index operations if it is filled,
    /// *O*(pools × rules) the first time.
    pub fn prepare(&mut self, model: &Model, tree: &QuotaTree, group: TenantGroupId, class: ClassId) {
        let row = group.0 as usize * self.classes + class.0 as usize;
        if self.rows[row].is_some() {
            return;
        }
        let bands = self.breaks.len() + 1;
        let mut cells = Vec::with_capacity(model.pools.len() * bands);
        for pool in model.pools.ids() {
            for band in 0..bands {
                let gpus = if band == 0 { 0 } else { self.breaks[band - 1] };
                cells.push(self.resolve(model, tree, &Subject { group, class, pool, gpus }));
            }
        }
        self.rows[row] = Some(cells.into());
    }
    /// Works everything out again after the model has changed: facts and filled rows. Charge sets stay valid.
    pub fn refresh(&mut self, model: &Model, tree: &QuotaTree) {
        self.facts = Some(Facts::new(model));
        self.breaks = size_breaks(model);
        self.sets.clear();
        self.known_sets.clear();
        for row in 0..self.rows.len() {
            if self.rows[row].take().is_some() {
                let id = |index: usize| u32::try_from(index).expect("ids fit 32 bits");
                self.prepare(model, tree, TenantGroupId(id(row / self.classes)), ClassId(id(row % self.classes)));
            }
        }
    }
    /// Looks up what a subject meets; its row must have been prepared.
    pub fn lookup(&self, subject: &Subject) -> &Matches {
        let row = self.rows[subject.group.0 as usize * self.classes + subject.class.0 as usize].as_ref();
        let row = row.expect("a group and class are prepared when a job of theirs is submitted");
        let band = if self.breaks.is_empty() { 0 } else { self.breaks.partition_point(|from| *from <= subject.gpus) };
        &self.sets[row[subject.pool.0 as usize * (self.breaks.len() + 1) + band] as usize]
    }
    /// Returns the quotas of a set.
    pub fn charged(&self, charges: ChargeSet) -> &[QuotaId] {
        &self.charges[charges.0 as usize]
    }

    fn resolve(&mut self, model: &Model, tree: &QuotaTree, subject: &Subject) -> u32 {
        let facts = self.facts();
        let charged = tree.charged(model, |matcher| matches(matcher, model, facts, subject));
        let subsidies = eligible(model, facts, subject);
        let access = chip_access(model, facts, subject);
        let found = Matches { charges: self.intern_charges(charged), subsidies, access };
        if let Some(known) = self.known_sets.get(&found) {
            return *known;
        }
        let id = u32::try_from(self.sets.len()).expect("sets of rules fit 32 bits");
        self.sets.push(found.clone());
        self.known_sets.insert(found, id);
        id
    }
    fn intern_charges(&mut self, charged: Vec<QuotaId>) -> ChargeSet {
        let charged = charged.into_boxed_slice();
        if let Some(known) = self.known_charges.get(&charged) {
            return ChargeSet(*known);
        }
        let id = u32::try_from(self.charges.len()).expect("sets of quotas fit 32 bits");
        self.charges.push(charged.clone());
        self.known_charges.insert(charged, id);
        ChargeSet(id)
    }
}

/// Collects the sizes of gangs at which any matcher's answer may change.
fn size_breaks(model: &Model) -> Vec<u32> {
    let tiers = model.subsidies.iter().flat_map(|subsidy| match &subsidy.rate {
        SubsidyRate::Tiers(tiers) => tiers.as_slice(),
        SubsidyRate::TargetPrice(_) | SubsidyRate::PerGpuHour(_) => &[],
    });
    let matchers = (model.quotas.iter().map(|quota| &quota.matcher))
        .chain(model.access.iter().map(|access| &access.users))
        .chain(model.subsidies.iter().map(|subsidy| &subsidy.matcher))
        .chain(tiers.map(|tier| &tier.matcher));
    let mut breaks: Vec<u32> = matchers
        .filter_map(|matcher| matcher.gpus)
        .flat_map(|(from, to)| [Some(from), to.checked_add(1)])
        .flatten()
        .filter(|size| *size > 0)
        .collect();
    breaks.sort_unstable();
    breaks.dedup();
    breaks
}

/// Finds the subsidies that a subject is eligible for: first those without a stack, then stack by stack, each in file order.
fn eligible(model: &Model, facts: &Facts, subject: &Subject) -> Box<[Eligible]> {
    let mut found: Vec<Eligible> = model
        .subsidies
        .entries()
        .filter(|(_, subsidy)| matches(&subsidy.matcher, model, facts, subject) && supplies(model, subsidy, subject))
        .filter_map(|(id, subsidy)| Some(Eligible { subsidy: id, rate: rate_for(model, facts, subsidy, subject)? }))
        .collect();
    found.sort_by_key(|eligible| (model.subsidies[eligible.subsidy].stack, eligible.subsidy));
    found.into()
}

/// Tells whether a subsidy covers compute in a pool. A tenant gets nothing for energy that its pool's price includes.
fn supplies(model: &Model, subsidy: &Subsidy, subject: &Subject) -> bool {
    let pool = &model.pools[subject.pool];
    let (region, site) = (&model.regions[model.tenants[subject.group].region], &model.sites[pool.site]);
    let in_place = match &subsidy.supply {
        Supply::Anywhere => true,
        Supply::SameCity => region.city == site.city,
        Supply::SameProvince => region.province == site.province,
        Supply::Pools(pools) => IdSet::contains(pools, subject.pool),
    };
    in_place && (subsidy.covers != crate::model::Covers::Energy || subsidy.payee != Payee::Tenant || pool.metered)
}

fn rate_for(model: &Model, facts: &Facts, subsidy: &Subsidy, subject: &Subject) -> Option<ClaimRate> {
    match &subsidy.rate {
        SubsidyRate::Tiers(tiers) => {
            tiers.iter().find(|tier| matches(&tier.matcher, model, facts, subject)).map(|tier| ClaimRate::Share(tier.rate.0))
        }
        SubsidyRate::TargetPrice(price) => Some(ClaimRate::TargetPrice(*price)),
        SubsidyRate::PerGpuHour(amount) => Some(ClaimRate::PerGpuHour(*amount)),
    }
}

fn chip_access(model: &Model, facts: &Facts, subject: &Subject) -> ChipAccess {
    let chip = model.pools[subject.pool].chip;
    let mut about = model.access.entries().filter(|(_, access)| access.chips.contains(chip)).peekable();
    if about.peek().is_none() {
        return ChipAccess::Free;
    }
    ChipAccess::Under(about.filter(|(_, access)| matches(&access.users, model, facts, subject)).map(|(id, _)| id).collect())
}
