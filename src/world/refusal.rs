//! What the world denies a policy, as typed refusals with the numbers.

use crate::base::{Power, Span, Time};
use crate::model::{JobId, PoolId, SiteId};
use crate::rules;

/// A decision that the world denies. The policy is told, the refusal is counted, the run goes on.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Refusal {
    /// The pool has not the room: GPUs, or nodes with room for the gang's parts.
    Room {
        /// The pool.
        pool: PoolId,
        /// GPUs that were asked for.
        asked: u32,
        /// GPUs that are free (perhaps scattered over nodes).
        free: u64,
    },
    /// The class does not run on the pool's chip.
    Chip {
        /// The pool.
        pool: PoolId,
    },
    /// The job's data may not go to the site.
    Residency {
        /// The site.
        site: SiteId,
    },
    /// The site is too far away for the class.
    Latency {
        /// The site.
        site: SiteId,
        /// Its one-way delay.
        one_way: Span,
    },
    /// The class does not allow this gang to be split in this way.
    Split,
    /// The job cannot run at this size.
    Size {
        /// GPUs that were asked for.
        asked: u64,
        /// The fewest with which it runs.
        min: u32,
        /// The most.
        max: u32,
    },
    /// The site's metered power with all held GPUs busy would exceed its limit.
    Power {
        /// The site.
        site: SiteId,
        /// What the power would be.
        would_be: Power,
        /// The limit.
        limit: Power,
    },
    /// The site's limit on jobs is met.
    Admission {
        /// The site.
        site: SiteId,
    },
    /// A rule forbids it: quota, cap, domestic share, chip access.
    Rules(rules::Refusal),
    /// The job is deferred until later.
    Deferred {
        /// When it may start.
        until: Time,
    },
    /// An earlier decision on the job is under way: it takes effect after the scenario's `decision_delay`.
    UnderWay,
    /// The decision came too late: when it took effect, the job was not where it had been.
    Stale,
    /// There is nothing to move: no dataset, or it is read from afar, or it is there; or a job that holds the very GPUs that it would get.
    NothingToMove,
    /// The decision makes no sense: the protocol is broken, and the run ends with exit code 4.
    Protocol(ProtocolFault),
}

/// A decision that no world could carry out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProtocolFault {
    /// No job has this id.
    #[error("no job in the system has the id {}", .0.0)]
    UnknownJob(JobId),
    /// No pool has this id.
    #[error("no pool has the id {}", .0.0)]
    UnknownPool(PoolId),
    /// No site has this id.
    #[error("no site has the id {}", .0.0)]
    UnknownSite(SiteId),
    /// The job is not waiting in the queue.
    #[error("job {} is not queued", .0.0)]
    NotQueued(JobId),
    /// The job holds no GPUs.
    #[error("job {} is not running", .0.0)]
    NotRunning(JobId),
    /// The plan has already decided on the job.
    #[error("job {} is named twice in one plan", .0.0)]
    NamedTwice(JobId),
    /// The shares of a start do not add up to the gang.
    #[error("the shares of job {} add up to {given} GPUs; its gang is {gang}", .job.0)]
    WrongSize {
        /// The job.
        job: JobId,
        /// What was given.
        given: u64,
        /// What it needs.
        gang: u32,
    },
    /// A share names no GPU, or a node that does not exist.
    #[error("a share of job {} names no GPU, or no node of the pool", .0.0)]
    EmptyShare(JobId),
    /// A time lies in the past.
    #[error("the time {0} lies in the past")]
    PastTime(Time),
}

impl Refusal {
    /// Tells whether a rule of governments or platforms denies it, rather than the fleet.
    pub fn is_rule(&self) -> bool {
        matches!(self, Self::Rules(_) | Self::Power { .. } | Self::Admission { .. } | Self::Deferred { .. } | Self::UnderWay)
    }
    /// Returns the word under which refusals are counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Room { .. } => "room",
            Self::Chip { .. } => "chip",
            Self::Residency { .. } => "residency",
            Self::Latency { .. } => "latency",
            Self::Split => "split",
            Self::Size { .. } => "size",
            Self::Power { .. } => "power",
            Self::Rules(refusal) => refusal.kind(),
            Self::Admission { .. } => "admission",
            Self::Deferred { .. } => "deferred",
            Self::UnderWay => "under_way",
            Self::Stale => "stale",
            Self::NothingToMove => "nothing_to_move",
            Self::Protocol(_) => "protocol",
        }
    }
}
