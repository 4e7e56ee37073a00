//! What the rules tell: movements of money, and totals of quotas and subsidies.

use crate::base::{Money, Time};
use crate::model::{GovernmentId, JobNumber, LevyId, OutsideId, QuotaId, SiteId, SubsidyId, TenantId};

/// Who holds money.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Account {
    Tenant(TenantId),
    Site(SiteId),
    Government(GovernmentId),
    /// The carriers of transfers.
    Network,
    /// The suppliers of electricity.
    Grid,
    Outside(OutsideId),
}

/// What money moves for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Purpose {
    Compute,
    /// A tenant pays a site for metered energy.
    MeteredEnergy,
    /// A site pays the grid.
    SiteEnergy,
    Transfer,
    Subsidy(SubsidyId),
    /// A site passes part of a subsidy on to a tenant.
    PassThrough(SubsidyId),
    Levy(LevyId),
    /// A site passes part of a levy on to a tenant.
    LevyPassThrough(LevyId),
    Fine(QuotaId),
    Outside,
}

/// One movement of money; the books balance as every movement has two sides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Posting {
    /// When it was posted.
    pub at: Time,
    /// Since when what it pays for was used; the summary counts the part that lies in the measured window.
    pub since: Time,
    /// Who pays.
    pub from: Account,
    /// Who gets it.
    pub to: Account,
    /// How much; never negative.
    pub amount: Money,
    /// What for.
    pub purpose: Purpose,
    /// The job, if it is one's.
    pub job: Option<JobNumber>,
}

/// A quota over the whole run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct QuotaTotals {
    /// GPU-microseconds charged.
    pub used_gpu_us: u128,
    /// Thereof beyond nominal.
    pub borrowed_gpu_us: u128,
    /// The most GPUs held at once.
    pub peak_gpus: u64,
    /// Starts that it refused.
    pub refusals: u64,
    /// Jobs that were taken back from it.
    pub reclaimed: u64,
    /// GPU-microseconds beyond its cap by jobs that outlived their estimate.
    pub overrun_gpu_us: u128,
    /// Millijoules beyond its cap on energy.
    pub overrun_mj: u128,
    /// Periods in which its domestic share was met, and was missed.
    pub share_met: u64,
    /// Periods in which its domestic share was missed.
    pub share_missed: u64,
    /// Fines paid.
    pub fines: Money,
}

/// A subsidy over the whole run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SubsidyTotals {
    /// Paid.
    pub paid: Money,
    /// Thereof within the window (by the share of the service that lies in it).
    pub paid_in_window: Money,
    /// The budgets of all periods that the run touched; none: unlimited.
    pub budget: Option<Money>,
    /// Reserved and neither paid nor released when the run ended.
    pub outstanding: Money,
    /// Claims that were paid something.
    pub claims: u64,
    /// Claims that got nothing or less, as the budget was spent.
    pub short_claims: u64,
    /// Claims that a cap cut.
    pub caps_hit: u64,
    /// When the budget was first spent, in each period in which it was.
    pub exhausted: Vec<Time>,
    /// GPU-microseconds of the jobs that were paid for.
    pub gpu_us: u128,
    /// Released without payment: failure, cancellation, expiry.
    pub released: Money,
    /// Money of periods that ended unspent and was not carried over.
    pub lapsed: Money,
}
