//! Rules as data: whom they match, what they limit, what they pay. The [`rules`](crate::rules) room applies them.

use super::{ChipId, ClassId, GovernmentId, Period, PoolId, QuotaId, StackId, TenantGroupId};
use crate::base::{Column, Id, Money, Ratio, Span, Time};
use std::marker::PhantomData;

/// A set of dense ids, as bits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdSet<I> {
    words: Vec<u64>,
    id: PhantomData<fn(I)>,
}

impl<I: Id> IdSet<I> {
    /// Makes an empty set.
    pub fn new() -> Self {
        Self { words: Vec::new(), id: PhantomData }
    }
    /// Makes the set of the first `count` ids.
    pub fn all(count: usize) -> Self {
        (0..count).map(I::from_index).collect()
    }
    /// Adds an id.
    pub fn insert(&mut self, id: I) {
        let (word, bit) = (id.index() / 64, id.index() % 64);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << bit;
    }
    /// Tells whether an id is in the set.
    pub fn contains(&self, id: I) -> bool {
        self.words.get(id.index() / 64).is_some_and(|word| word >> (id.index() % 64) & 1 == 1)
    }
    /// Tells whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }
    /// Iterates over the ids in order.
    pub fn iter(&self) -> impl Iterator<Item = I> + '_ {
        self.words
            .iter()
            .enumerate()
            .flat_map(|(at, word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| I::from_index(at * 64 + bit)))
    }
}

impl<I: Id> Default for IdSet<I> {
    fn default() -> Self {
        Self::new()
    }
}
impl<I: Id> std::fmt::Debug for IdSet<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
impl<I: Id> FromIterator<I> for IdSet<I> {
    fn from_iter<It: IntoIterator<Item = I>>(ids: It) -> Self {
        let mut set = Self::new();
        for id in ids {
            set.insert(id);
        }
        set
    }
}

/// Whom a rule is for. Every condition must hold; what is absent holds for all. Conditions on region, kind and name of a tenant are lowered to
/// `groups`, those on site, hub, province, side, owner, chip and pool to `pools`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Matcher {
    /// Tenants by group.
    pub groups: Option<IdSet<TenantGroupId>>,
    /// Job classes.
    pub classes: Option<IdSet<ClassId>>,
    /// Pools where the job runs (or that the rule is about).
    pub pools: Option<IdSet<PoolId>>,
    /// Whether tenant and site must (not) be affiliated.
    pub affiliated: Option<bool>,
    /// Size of the gang, from and to (inclusive).
    pub gpus: Option<(u32, u32)>,
    /// Domestic share of the site's installed GPUs, from and to (inclusive); follows changes of the fleet.
    pub site_domestic_share: Option<(Ratio, Ratio)>,
    /// PFLOPS installed at the site, from and to (inclusive), in millionths; follows changes of the fleet.
    pub site_pflops: Option<(Ratio, Ratio)>,
}

/// A node of the quota tree (Kueue's words and meaning).
#[derive(Clone, PartialEq, Debug)]
pub struct Quota {
    /// Its key.
    pub name: String,
    /// Its parent; quotas under one parent form a cohort.
    pub parent: Option<QuotaId>,
    /// Which starts it is charged with.
    pub matcher: Matcher,
    /// Whether it has a `for` of its own: a parent without one only gathers its children.
    pub has_matcher: bool,
    /// GPUs held at once, by chip; a chip without an entry is not limited by this quota.
    pub gpus: Column<ChipId, Option<GpuQuota>>,
    /// The cap on GPU-hours per period.
    pub gpu_hours: Option<HoursCap>,
    /// The cap on metered energy per period, in millijoules.
    pub energy: Option<HoursCap>,
    /// Whether a blocked head stops the jobs behind it.
    pub queueing: Queueing,
    /// What may be taken back.
    pub reclaim: Reclaim,
    /// The domestic share that is asked for.
    pub domestic: Option<DomesticShare>,
}

/// Limits of one chip in one quota, in GPUs held at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GpuQuota {
    /// What is its own.
    pub nominal: u64,
    /// The most it borrows from its cohort; none: no limit.
    pub borrowing_limit: Option<u64>,
    /// The most it lends to its cohort; none: all that is unused.
    pub lending_limit: Option<u64>,
}

/// A cap per calendar period.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HoursCap {
    /// The most per period: GPU-microseconds for GPU-hours, millijoules for energy.
    pub at_most: u128,
    /// The period.
    pub every: Period,
    /// What happens to a job that outlives its estimate.
    pub overrun: Overrun,
}

/// What happens to a job that outlives its estimate under a cap.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Overrun {
    Report,
    Kill,
}

/// Whether a blocked head of a quota's queue stops those behind it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "Kueue's names")]
pub enum Queueing {
    BestEffort,
    Strict,
}

/// What a quota below its nominal may take back from borrowers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "Kueue's names")]
pub enum Reclaim {
    Never,
    LowerPriority,
    Any,
}

/// A share of domestic chips that is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DomesticShare {
    /// The least share.
    pub at_least: Ratio,
    /// What it is a share of.
    pub of: ShareOf,
    /// The period at whose end it is judged.
    pub over: Period,
    /// What a miss means.
    pub on_miss: OnMiss,
}

/// What a domestic share is a share of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ShareOf {
    /// GPU-hours used in the period.
    GpuHours,
    /// GPUs installed at the period's end.
    Installed,
}

/// What a missed domestic share means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnMiss {
    /// It is reported.
    Report,
    /// Starts are refused that would make it unreachable.
    Refuse,
    /// The sites in scope pay this to the grid's regulator (booked to the first government, or the grid).
    Fine(Money),
}

/// Who may use a chip, from when to when, and how many of it there are.
#[derive(Clone, PartialEq, Debug)]
pub struct Access {
    /// Its key.
    pub name: String,
    /// The chips it is about.
    pub chips: IdSet<ChipId>,
    /// Who may use them; others may not.
    pub users: Matcher,
    /// From when on; none: from ever.
    pub from: Option<Time>,
    /// Until when, exclusive; none: for ever. Nothing new starts after it.
    pub until: Option<Time>,
    /// The most installed GPUs of these chips that may be used at once; none: all.
    pub supply: Option<u64>,
}

/// One programme of a government.
#[derive(Clone, PartialEq, Debug)]
pub struct Subsidy {
    /// Its key.
    pub name: String,
    /// Who pays which share; shares sum to one.
    pub payers: Vec<(GovernmentId, Ratio)>,
    /// Who gets it.
    pub payee: Payee,
    /// When claims may be made: from (inclusive) and to (exclusive); none: no bound.
    pub valid: (Option<Time>, Option<Time>),
    /// Who is eligible.
    pub matcher: Matcher,
    /// Where the compute may be.
    pub supply: Supply,
    /// What it covers.
    pub covers: Covers,
    /// How much of that.
    pub rate: SubsidyRate,
    /// Limits per entity.
    pub caps: Vec<Cap>,
    /// The programme's money; none: unlimited.
    pub budget: Option<Budget>,
    /// How claims meet the budget.
    pub allocate: Allocate,
    /// What a claim gets that the budget cannot cover.
    pub on_short: OnShort,
    /// Time between the end of the job and the payment.
    pub pay_after: Span,
    /// A claim whose job has not ended so long after its reservation lapses; none: never.
    pub expires: Option<Span>,
    /// The stacking group.
    pub stack: Option<StackId>,
    /// The share of a subsidy to a site that reaches the tenant's price.
    pub pass_through: Ratio,
    /// The least GPU-hours (in GPU-microseconds) that the payee must have supplied or used in the period before a claim; zero: none.
    pub floor_gpu_us: u128,
}

/// Who gets a subsidy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Payee {
    Tenant,
    Site,
    Operator,
}

/// Where the compute may be that a subsidy covers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Supply {
    /// At any site.
    Anywhere,
    /// In the city of the tenant's region.
    SameCity,
    /// In the province of the tenant's region.
    SameProvince,
    /// In these pools.
    Pools(IdSet<PoolId>),
}

/// What a subsidy is a share of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Covers {
    /// GPU-hours × the pool's price.
    Compute,
    /// Metered energy × tariff.
    Energy,
    /// Transfers.
    Transfer,
    /// Capital written off.
    Capital,
}

/// How much a subsidy pays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SubsidyRate {
    /// A share of what is covered: the first tier that matches.
    Tiers(Vec<RateTier>),
    /// What energy costs beyond this price per kWh.
    TargetPrice(Money),
    /// So much per GPU-hour: the first tier that matches is not needed.
    PerGpuHour(Money),
}

/// A rate and for whom it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RateTier {
    /// Whom it is for, within the subsidy's own matcher.
    pub matcher: Matcher,
    /// The share.
    pub rate: Ratio,
}

/// A limit on what one entity gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cap {
    /// Per what.
    pub per: CapScope,
    /// The most.
    pub amount: Money,
    /// The calendar period that it counts over; none: the whole run (or the job, or the GPU-hour).
    pub every: Option<Period>,
}

/// What a cap is per.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CapScope {
    /// One tenant.
    Tenant,
    /// One site.
    Site,
    /// One job.
    Job,
    /// One GPU-hour.
    GpuHour,
}

/// A programme's money.
#[derive(Clone, PartialEq, Debug)]
pub struct Budget {
    /// The amount per period.
    pub amount: Money,
    /// The period.
    pub every: Period,
    /// Whether the amount is scaled by the part of the period that the run covers.
    pub prorate: bool,
    /// Whether what is left goes to the next period.
    pub carry_over: bool,
    /// The share of the announced amount that is really there, drawn once per period; none: all.
    pub funded: Option<super::Law>,
}

/// How claims meet the budget.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Allocate {
    /// Each at its start.
    FirstCome,
    /// Together at the end of each window.
    Batch {
        /// The window.
        window: Period,
        /// The order.
        by: Apply,
    },
}

/// How a batch window shares a budget that is too small.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Apply {
    /// Each claim is cut by the same factor.
    ProRata,
    /// Small claims first.
    Ranked,
    /// In random order.
    Lottery,
}

/// What a claim gets that the budget cannot cover.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OnShort {
    /// What is left.
    Partial,
    /// Nothing; later claims may still fit.
    AllOrNothing,
    /// Nothing, and the programme closes for the period.
    Close,
}

/// Subsidies of which a claim gets the best, or that add up to a ceiling.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stack {
    /// Its key.
    pub name: String,
    /// How.
    pub mode: StackMode,
    /// The most that all together pay, as a share of what is covered.
    pub ceiling: Ratio,
}

/// How subsidies of one group go together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum StackMode {
    BestOne,
    Sum,
}

/// A charge on energy beyond a PUE limit.
#[derive(Clone, PartialEq, Debug)]
pub struct Levy {
    /// Its key.
    pub name: String,
    /// Who gets it.
    pub to: LevyTo,
    /// The sites it is for.
    pub matcher: Matcher,
    /// The PUE beyond which it is due.
    pub pue: Ratio,
    /// Bands of excess: from and to as shares of the limit, and the charge per kWh.
    pub bands: Vec<(Ratio, Ratio, Money)>,
    /// The share of it that reaches the tenant's price.
    pub pass_through: Ratio,
}

/// Who gets a levy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LevyTo {
    Grid,
    Government(GovernmentId),
}
