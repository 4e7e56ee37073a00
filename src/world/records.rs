//! What a run tells: one record a job that left the system, one a movement of money, samples of the state, and totals.
//!
//! The engine fills buffers of these; whoever drives it drains them. Nothing in here refers to a slot that may be used again.

use crate::base::{Column, Money, Span, Time};
use crate::model::{ChipId, ClassId, JobNumber, LinkId, Outcome, PoolId, QuotaId, SiteId, SubsidyId, TenantId, WorkloadId};
pub use crate::rules::records::{Account, Posting, Purpose, QuotaTotals, SubsidyTotals};

/// How a job left the system.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fate {
    /// It did all its work.
    Finished,
    /// No pool could ever run it, a limit on jobs was met, or the policy turned it away.
    Rejected,
    /// Every pool costs more than it pays, and so does the outside.
    PricedOut,
    /// It went to the cloud beyond the model.
    Outside,
    /// Its patience ran out in the queue.
    Cancelled,
    /// The run ended first.
    Unfinished,
}

impl Fate {
    /// All fates in the order of tables.
    pub const ALL: [Self; 6] = [Self::Finished, Self::Rejected, Self::PricedOut, Self::Outside, Self::Cancelled, Self::Unfinished];
    /// Returns the word that columns and JSON use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Rejected => "rejected",
            Self::PricedOut => "priced_out",
            Self::Outside => "outside",
            Self::Cancelled => "cancelled",
            Self::Unfinished => "unfinished",
        }
    }
}

/// Why a job was rejected, killed or left unfinished.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// No pool has a chip that its class runs on.
    Chip,
    /// Its data may not go to any site that could run it.
    Residency,
    /// Every site that could run it is too far away.
    Latency,
    /// Its gang is larger than every pool that could run it.
    Size,
    /// A quota can never admit it.
    Quota,
    /// Nobody of its kind may use the chips it needs.
    Access,
    /// A limit on jobs at the site was met.
    Admission,
    /// The policy rejected it.
    Policy,
    /// It outlived its estimate and was ended.
    KilledAtEstimate,
    /// The run ended while it was queued.
    StillQueued,
    /// The run ended while it held GPUs.
    StillRunning,
}

impl Reason {
    /// All reasons in the order of tables.
    pub const ALL: [Self; 11] = [
        Self::Chip,
        Self::Residency,
        Self::Latency,
        Self::Size,
        Self::Quota,
        Self::Access,
        Self::Admission,
        Self::Policy,
        Self::KilledAtEstimate,
        Self::StillQueued,
        Self::StillRunning,
    ];
    /// Returns the word that columns and JSON use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chip => "chip",
            Self::Residency => "residency",
            Self::Latency => "latency",
            Self::Size => "size",
            Self::Quota => "quota",
            Self::Access => "access",
            Self::Admission => "admission",
            Self::Policy => "policy",
            Self::KilledAtEstimate => "killed_at_estimate",
            Self::StillQueued => "still_queued",
            Self::StillRunning => "still_running",
        }
    }
}

/// A job that left the system.
#[derive(Clone, PartialEq, Debug)]
pub struct JobRecord {
    /// Its number in order of submission.
    pub number: JobNumber,
    /// The workload it came from.
    pub workload: WorkloadId,
    /// Its id in its source.
    pub source_id: u64,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its class.
    pub class: ClassId,
    /// The size of its gang.
    pub gpus: u32,
    /// True work on the reference chip.
    pub work: Span,
    /// Estimated work on the reference chip.
    pub estimate: Span,
    /// When it was submitted.
    pub submit: Time,
    /// When it was first promised to start, by a policy that promises.
    pub promised_start: Option<Time>,
    /// When it first held GPUs.
    pub first_start: Option<Time>,
    /// When it last got GPUs.
    pub start: Option<Time>,
    /// When it left.
    pub end: Time,
    /// How it left.
    pub fate: Fate,
    /// Why, where that needs a word.
    pub reason: Option<Reason>,
    /// How it ended in the trace it came from.
    pub recorded: Outcome,
    /// Where it last ran (or, for what never started, where it was bound).
    pub pool: Option<PoolId>,
    /// The other pool of a gang over two sites.
    pub second_pool: Option<PoolId>,
    /// Time with GPUs held before computing, over all attempts.
    pub staging: Span,
    /// Computing and checkpointing of the last attempt.
    pub run: Span,
    /// Network round trip between its region and its site; none if it never started.
    pub rtt: Option<Span>,
    /// How often it got GPUs.
    pub starts: u32,
    /// How often it was preempted.
    pub preemptions: u32,
    /// How often it moved to other GPUs while it ran.
    pub migrations: u32,
    /// How often it changed its size while it ran.
    pub resizes: u32,
    /// How often a failure stopped it.
    pub failures: u32,
    /// Whether it ran beyond its estimate.
    pub outlived_estimate: bool,
    /// Whether it missed its deadline; none without one.
    pub missed_deadline: Option<bool>,
    /// Where its GPU time went.
    pub gpu_time: GpuTime,
    /// GPU-hours × price.
    pub compute_charge: Money,
    /// What it paid for metered energy.
    pub energy_charge: Money,
    /// What it paid for transfers.
    pub transfer_charge: Money,
    /// Subsidies that lowered what it pays: its own, and what sites passed through.
    pub subsidy: Money,
    /// Metered energy in millijoules.
    pub energy_mj: u64,
    /// Carbon by location, in milligrams.
    pub carbon_location_mg: u64,
    /// Carbon by contract, in milligrams.
    pub carbon_market_mg: u64,
}

impl JobRecord {
    /// Returns the time from submission until GPUs were first held.
    pub fn queue_wait(&self) -> Option<Span> {
        self.first_start.map(|start| start.since(self.submit))
    }
    /// Returns the time from submission to the end.
    pub fn completion(&self) -> Span {
        self.end.since(self.submit)
    }
    /// Returns max(1, completion ÷ max(run time, 10 s)).
    pub fn bounded_slowdown(&self) -> f64 {
        (self.completion().as_secs_f64() / self.run.as_secs_f64().max(10.0)).max(1.0)
    }
    /// Returns what the tenant pays in the end.
    pub fn net_charge(&self) -> Money {
        Money(self.compute_charge.0 + self.energy_charge.0 + self.transfer_charge.0 - self.subsidy.0)
    }
}

/// GPU-microseconds by what became of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct GpuTime {
    /// From GPUs held to released.
    pub held: u128,
    /// Work that was kept, as time on the chip used.
    pub kept: u128,
    /// Waiting for data.
    pub staging: u128,
    /// Writing checkpoints.
    pub checkpointing: u128,
    /// Restores and start overheads.
    pub restoring: u128,
    /// Work that was lost.
    pub lost: u128,
}

impl GpuTime {
    /// Returns the time of so many GPUs, from that of one.
    pub fn times(&self, gpus: u128) -> Self {
        Self {
            held: self.held * gpus,
            kept: self.kept * gpus,
            staging: self.staging * gpus,
            checkpointing: self.checkpointing * gpus,
            restoring: self.restoring * gpus,
            lost: self.lost * gpus,
        }
    }
    /// Adds another share.
    pub fn add(&mut self, other: &Self) {
        self.held += other.held;
        self.kept += other.kept;
        self.staging += other.staging;
        self.checkpointing += other.checkpointing;
        self.restoring += other.restoring;
        self.lost += other.lost;
    }
}

/// The state of a pool at a sampling instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolSample {
    /// The instant.
    pub at: Time,
    /// The pool.
    pub pool: PoolId,
    /// Installed GPUs.
    pub installed: u64,
    /// GPUs held by jobs.
    pub held: u64,
    /// GPUs held for online services.
    pub reserved: u64,
    /// GPUs that are down.
    pub down: u64,
    /// Jobs bound to the pool and queued.
    pub queued: u64,
    /// Their GPUs.
    pub queued_gpus: u64,
    /// Metered power of the pool's site in milliwatts.
    pub site_power_mw: u64,
}

/// Everything that a run accumulates beside its records.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Totals {
    /// When the run ended.
    pub end: Time,
    /// The measured window.
    pub window: (Time, Time),
    /// Events that were applied.
    pub events: u64,
    /// Rounds in which the policy was asked.
    pub rounds: u64,
    /// Jobs submitted, over the whole run.
    pub submitted: u64,
    /// Per pool, within the window.
    pub pools: Column<PoolId, PoolTotals>,
    /// Per site, within the window.
    pub sites: Column<SiteId, SiteTotals>,
    /// Per quota, over the whole run.
    pub quotas: Column<QuotaId, QuotaTotals>,
    /// Per subsidy, over the whole run.
    pub subsidies: Column<SubsidyId, SubsidyTotals>,
    /// Refusals by kind, over the whole run: (word, how many).
    pub refusals: Vec<(&'static str, u64)>,
    /// What sources of jobs left out, by reason.
    pub dropped: Vec<(&'static str, u64)>,
    /// What sources of jobs could not check or did not read, one sentence each.
    pub notes: Vec<String>,
    /// Bytes carried by each link, over the whole run.
    pub link_bytes: Column<LinkId, u64>,
    /// Bytes carried by pairs without links, over the whole run.
    pub private_bytes: u64,
    /// GPU-microseconds held by eligible tenants' jobs per chip, for fairness and shares.
    pub chip_gpu_us: Column<ChipId, u128>,
    /// Jobs that were eligible for more than one subsidy.
    pub eligible_for_several: u64,
    /// Queued jobs × microseconds, within the window.
    pub queued_job_us: u128,
    /// Jobs in the system × microseconds, within the window.
    pub system_job_us: u128,
    /// Whether the run was interrupted before its end.
    pub interrupted: bool,
}

/// A pool within the measured window; all in GPU-microseconds unless said otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PoolTotals {
    /// Installed GPUs × time; nodes that are down stay installed.
    pub installed: u128,
    /// GPUs of nodes that are up × time.
    pub up: u128,
    /// What became of the GPU time held.
    pub gpu_time: GpuTime,
    /// GPUs held for online services × time.
    pub reserved: u128,
    /// Installed nodes × time (node-microseconds).
    pub node_time: u128,
    /// Nodes with a GPU held or reserved × time (node-microseconds).
    pub taken_up: u128,
    /// GPUs free but unusable for the head of the queue × time.
    pub fragmented: u128,
    /// Node failures.
    pub failures: u64,
    /// Starts.
    pub starts: u64,
}

/// A site within the measured window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SiteTotals {
    /// Metered energy in millijoules.
    pub energy_mj: u128,
    /// Its cost at the tariff.
    pub energy_cost: Money,
    /// Carbon by location in milligrams.
    pub carbon_location_mg: u128,
    /// Carbon by contract in milligrams.
    pub carbon_market_mg: u128,
    /// Capital written off on installed GPUs.
    pub capital: Money,
    /// Bytes that arrived.
    pub bytes_in: u64,
}
