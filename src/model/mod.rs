//! What a scenario means, checked and lowered: dense ids, integer units, every reference resolved.
//!
//! A [`Model`] is immutable data. The [`scenario`](crate::scenario) room makes it from a file; the engine works on its own copy, in which
//! a [`Change`] replaces whole items while the run goes on. A name, once checked, is only for people: everything refers by id.

pub mod calendar;
pub mod energy;
pub mod fleet;
pub mod job;
pub mod law;
pub mod network;
pub mod rules;
pub mod workload;

pub use calendar::{Calendar, Period};
pub use energy::{DayPrices, Grid, Series, Tariff};
pub use fleet::{Chip, Owner, Pool, Side, Site};
pub use job::{Checkpoint, Class, DataClass, DatasetSpec, Elastic, Elsewhere, JobSource, JobSpec, OnFailure, Outcome, SourceError, Stays};
pub use law::{Law, Shape};
pub use network::{Link, Network, Node};
pub use rules::{
    Access, Allocate, Apply, Budget, Cap, CapScope, Covers, DomesticShare, GpuQuota, HoursCap, IdSet, Levy, LevyTo, Matcher, OnMiss, OnShort,
    Overrun, Payee, Queueing, Quota, RateTier, Reclaim, ShareOf, Stack, StackMode, Subsidy, SubsidyRate, Supply,
};
pub use workload::{Arrivals, DatasetLaw, Estimate, Gang, Rate, TraceClean, TraceEstimate, TraceFile, TraceFormat, TraceStart, Workload};

use crate::base::{Column, Money, Power, Ratio, Span, Time};
use crate::define_ids;

define_ids! {
    /// A government: a payer of subsidies.
    GovernmentId,
    /// A demand region.
    RegionId,
    /// A province; governments, regions and sites lie in one.
    ProvinceId,
    /// A city.
    CityId,
    /// A hub (枢纽).
    HubId,
    /// An accelerator type.
    ChipId,
    /// A data centre.
    SiteId,
    /// A pool of identical nodes at one site.
    PoolId,
    /// A table of tenants that are alike.
    TenantGroupId,
    /// One tenant of a group.
    TenantId,
    /// A kind of tenant (`startup`, `hospital`).
    KindId,
    /// A data class.
    DataId,
    /// A job class.
    ClassId,
    /// A source of jobs.
    WorkloadId,
    /// A tariff.
    TariffId,
    /// A grid.
    GridId,
    /// A network node: region, site or exchange.
    NodeId,
    /// A network link.
    LinkId,
    /// A quota.
    QuotaId,
    /// A rule about who may use a chip.
    AccessId,
    /// A subsidy.
    SubsidyId,
    /// A levy.
    LevyId,
    /// A stacking group of subsidies.
    StackId,
    /// A failure process.
    FailureId,
    /// An alternative outside of the model.
    OutsideId,
    /// A job in the system: a slot, used again after the job has left. [`JobNumber`] names it for ever.
    JobId,
}

/// The number of a job in order of submission, from 0: the tie-breaker of everything that concerns jobs.
pub type JobNumber = u64;

/// A checked scenario.
#[derive(Clone, Debug)]
pub struct Model {
    /// The title in English.
    pub title: String,
    /// The title in Chinese, if given.
    pub title_zh: Option<String>,
    /// The scale label, such as `1:10`.
    pub scale: Option<String>,
    /// Start and UTC offset.
    pub calendar: Calendar,
    /// When arrivals stop; `None` with a trace: after its last job.
    pub horizon: Option<Span>,
    /// What is simulated before the measured window.
    pub warmup: Span,
    /// How the run ends.
    pub drain: Drain,
    /// The seed of all streams.
    pub seed: u64,
    /// Names of provinces.
    pub provinces: Column<ProvinceId, String>,
    /// Names of cities.
    pub cities: Column<CityId, String>,
    /// Names of hubs.
    pub hubs: Column<HubId, String>,
    /// Names of kinds of tenants.
    pub kinds: Column<KindId, String>,
    /// Governments.
    pub governments: Column<GovernmentId, Government>,
    /// Demand regions.
    pub regions: Column<RegionId, Region>,
    /// Accelerator types.
    pub chips: Column<ChipId, Chip>,
    /// Data centres.
    pub sites: Column<SiteId, Site>,
    /// Pools of all sites, site by site.
    pub pools: Column<PoolId, Pool>,
    /// Tariffs.
    pub tariffs: Column<TariffId, Tariff>,
    /// Grids.
    pub grids: Column<GridId, Grid>,
    /// Nodes, links and defaults of the network.
    pub network: Network,
    /// Data classes.
    pub data: Column<DataId, DataClass>,
    /// Job classes.
    pub classes: Column<ClassId, Class>,
    /// Groups of tenants; tenants are numbered group by group.
    pub tenants: Column<TenantGroupId, TenantGroup>,
    /// Sources of jobs.
    pub workloads: Column<WorkloadId, Workload>,
    /// The alternative beyond the model.
    pub outside: Column<OutsideId, Outside>,
    /// Quotas; a parent stands anywhere in the column.
    pub quotas: Column<QuotaId, Quota>,
    /// Chip access rules.
    pub access: Column<AccessId, Access>,
    /// Subsidies.
    pub subsidies: Column<SubsidyId, Subsidy>,
    /// Stacking groups.
    pub stacks: Column<StackId, Stack>,
    /// Levies on PUE.
    pub levies: Column<LevyId, Levy>,
    /// Failure processes.
    pub failures: Column<FailureId, Failure>,
    /// What changes while the run goes on, in order of time.
    pub changes: Vec<Change>,
    /// The policy that the file names; the command line wins.
    pub policy: PolicyChoice,
    /// The scheduler that a site keeps for itself, by its parts; none: it does as the policy says.
    pub schedulers: Column<SiteId, Vec<PolicyPart>>,
    /// Evidence of the inputs: how many are known, assumed, or without a mark.
    pub evidence: EvidenceCount,
}

/// How a run ends after its arrivals have stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Drain {
    /// Whether the run goes on until nothing is queued or running.
    pub until_idle: bool,
    /// The longest time after the horizon; `None`: as long again as the horizon.
    pub at_most: Option<Span>,
}

/// A payer of subsidies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Government {
    /// Its key.
    pub name: String,
    /// Its Chinese name.
    pub name_zh: Option<String>,
    /// Its level: `national`, `province`, `city`, `district`.
    pub level: String,
    /// The province it lies in; none for the nation.
    pub province: Option<ProvinceId>,
}

/// Where demand and its data arise.
#[derive(Clone, PartialEq, Debug)]
pub struct Region {
    /// Its key.
    pub name: String,
    /// Its Chinese name.
    pub name_zh: Option<String>,
    /// Its node in the network.
    pub node: NodeId,
    /// Its province.
    pub province: ProvinceId,
    /// Its city.
    pub city: CityId,
}

/// Tenants that are alike: `count` of them, numbered from `first`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TenantGroup {
    /// The table's key.
    pub name: String,
    /// Where they are at home.
    pub region: RegionId,
    /// Their kind.
    pub kind: KindId,
    /// How many they are.
    pub count: u32,
    /// The first of them; the others follow.
    pub first: TenantId,
    /// Sites that belong to the same owner as they do.
    pub affiliates: Vec<SiteId>,
    /// Their weight in fair sharing, each.
    pub weight: Ratio,
}

/// A cloud at a price, unlimited and counted apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outside {
    /// Its key.
    pub name: String,
    /// Its price per GPU-hour of the reference chip.
    pub price: Money,
    /// The chips it has: a job can go there only if its class runs on one of them.
    pub chips: IdSet<ChipId>,
}

/// A limit on jobs at a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Admission {
    /// The most jobs running plus waiting; what comes beyond is rejected.
    pub limit: Option<u64>,
    /// Whether a job that cannot start at once is rejected.
    pub loss: bool,
}

/// A failure process of nodes.
#[derive(Clone, PartialEq, Debug)]
pub struct Failure {
    /// Its key.
    pub name: String,
    /// The pools whose nodes fail.
    pub pools: IdSet<PoolId>,
    /// Mean time between failures of one node in calendar time (of one GPU ÷ its GPUs, where the file gives that); none: only the script.
    pub mtbf: Option<NodeMtbf>,
    /// Whether only nodes fail whose GPUs are held and that are not in downtime.
    pub while_busy: bool,
    /// Repairs at once over all the pools; 0: no limit.
    pub crews: u32,
    /// How long a repair takes.
    pub repair: Law,
    /// Scripted outages, in order of time.
    pub outages: Vec<Outage>,
}

/// How often nodes fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeMtbf {
    /// Mean time between failures of the unit.
    pub time: Span,
    /// Whether the unit is one GPU rather than one node.
    pub per_gpu: bool,
}

/// A scripted outage of one node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outage {
    /// The pool of the node.
    pub pool: PoolId,
    /// The node's index in its pool.
    pub node: u32,
    /// When it goes down.
    pub at: Time,
    /// How long it stays down.
    pub lasts: Span,
}

/// Something that is replaced at an instant.
#[derive(Clone, Debug)]
pub struct Change {
    /// When.
    pub at: Time,
    /// The new values, whole items; ids and references between them do not change.
    pub settings: Vec<Setting>,
}

/// One item that a [`Change`] replaces.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is the item of that name with its id")]
pub enum Setting {
    Site(SiteId, Site),
    Pool(PoolId, Pool),
    Tariff(TariffId, Tariff),
    Grid(GridId, Grid),
    Link(LinkId, Link),
    Outside(OutsideId, Outside),
    Quota(QuotaId, Quota),
    Access(AccessId, Access),
    Subsidy(SubsidyId, Subsidy),
    Levy(LevyId, Levy),
    Workload(WorkloadId, Workload),
}

/// A policy by the names of its parts.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct PolicyChoice {
    /// Parts in any order, each with its parameters: `weighted(delay=1,money=2)`.
    pub parts: Vec<PolicyPart>,
    /// Whether data moves as soon as a job is bound, rather than at its start.
    pub stage_at_submit: bool,
    /// How long a decision takes until it takes effect, whoever takes it.
    pub decision_delay: Span,
    /// How old what a policy sees of the load of sites is.
    pub view_delay: Span,
}

/// One part of a policy.
#[derive(Clone, PartialEq, Debug)]
pub struct PolicyPart {
    /// Its name, unique over all kinds of parts.
    pub name: String,
    /// Its parameters by name.
    pub parameters: Vec<(String, f64)>,
}

/// How well the inputs are known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EvidenceCount {
    /// Inputs (numbers that shape the result).
    pub inputs: usize,
    /// Inputs that are marked as assumed.
    pub assumed: usize,
    /// Inputs without any mark.
    pub unmarked: usize,
}

impl Model {
    /// Returns the group of a tenant. *O*(log groups).
    pub fn group_of(&self, tenant: TenantId) -> TenantGroupId {
        let after = self.tenants.as_slice().partition_point(|group| group.first <= tenant);
        TenantGroupId(u32::try_from(after - 1).expect("groups fit 32 bits"))
    }
    /// Counts all tenants.
    pub fn tenant_count(&self) -> u32 {
        self.tenants.iter().map(|group| group.count).sum()
    }
    /// Returns the name of a tenant: its group's, with a number from 1 if the group has several.
    pub fn tenant_name(&self, tenant: TenantId) -> String {
        let group = &self.tenants[self.group_of(tenant)];
        if group.count == 1 { group.name.clone() } else { format!("{}-{}", group.name, tenant.0 - group.first.0 + 1) }
    }
    /// Returns the name of a pool as paths write it: `site.pool`.
    pub fn pool_name(&self, pool: PoolId) -> String {
        format!("{}.{}", self.sites[self.pools[pool].site].name, self.pools[pool].name)
    }
    /// Returns the power of a node at a pool with all GPUs idle.
    pub fn idle_node_power(&self, pool: PoolId) -> Power {
        let pool = &self.pools[pool];
        Power(pool.host_power.0 + self.chips[pool.chip].idle.0 * u64::from(pool.gpus_per_node))
    }
}
