//! What a job is: its class, its data, and what a source of jobs yields.

use super::{ChipId, ClassId, DataId, TenantId, WorkloadId};
use crate::base::{Bandwidth, Bytes, Column, Gpus, Money, Ratio, Span, Time};

/// A kind of job.
#[derive(Clone, PartialEq, Debug)]
pub struct Class {
    /// Its key.
    pub name: String,
    /// Work per second on each chip, relative to the reference chip; zero: the class cannot run there.
    pub speed: Column<ChipId, Ratio>,
    /// Efficiency from so many nodes spanned on, in order.
    pub spread: Vec<(u32, Ratio)>,
    /// Efficiency of a gang over two sites up to so many km, in order; empty: never split.
    pub split: Vec<(u32, Ratio)>,
    /// Checkpointing, if the class does it.
    pub checkpoint: Option<Checkpoint>,
    /// What a failure leaves.
    pub on_failure: OnFailure,
    /// Paid at every start, counted as lost.
    pub start_overhead: Span,
    /// What of an attempt's computing is lost when it is preempted with its work kept, for gangs from so many GPUs on, in order.
    pub lost_when_preempted: Vec<(u32, Span)>,
    /// Weight of its transfers in the sharing of links.
    pub transfer_weight: Ratio,
    /// The most one of its transfers takes.
    pub transfer_rate_max: Option<Bandwidth>,
    /// The longest one-way delay between region and site.
    pub one_way_max: Option<Span>,
    /// The longest round trip between region and site.
    pub rtt_max: Option<Span>,
    /// Its priority; larger goes first where a policy asks for it.
    pub priority: i32,
    /// Deadline after submission: work × this.
    pub deadline_times_work: Option<Ratio>,
    /// Deadline after submission.
    pub deadline: Option<Span>,
    /// Whether a job that outlives its estimate is ended.
    pub kill_at_estimate: bool,
}

/// Periodic checkpoints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Computing time between two.
    pub every: Span,
    /// What one costs.
    pub cost: Span,
    /// What a restore costs.
    pub restore: Span,
    /// Its size per GPU.
    pub size_per_gpu: Bytes,
}

/// What a failure leaves of a job's work.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OnFailure {
    /// The work up to the last checkpoint.
    Resume,
    /// Nothing.
    Restart,
    /// Everything.
    Keep,
}

/// A kind of data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataClass {
    /// Its key.
    pub name: String,
    /// Where it must stay.
    pub stays: Stays,
    /// What is allowed beyond.
    pub elsewhere: Elsewhere,
    /// Efficiency of a job that reads it from afar.
    pub efficiency: Ratio,
}

/// Where data must stay.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Stays {
    Anywhere,
    HomeProvince,
    HomeCity,
}

/// What a job may do with data away from where it must stay.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Elsewhere {
    /// The job cannot run there.
    Forbid,
    /// The job reads over the network; nothing is stored.
    RemoteRead,
    /// A copy may be made.
    Copy,
}

/// The sizes at which a job can run, and how its speed follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Elastic {
    /// The fewest GPUs.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// Of the time that the work takes at the size that was asked for, the share that more GPUs do not shorten.
    pub serial: Ratio,
}

impl Elastic {
    /// Widens the sizes so that the one that was asked for is among them.
    pub fn around(self, asked: u32) -> Self {
        Self { min: self.min.min(asked), max: self.max.max(asked), ..self }
    }
    /// Returns the speed with so many GPUs, relative to the size that was asked for: 1 ÷ (serial + (1 - serial) × asked ÷ GPUs), rounded down.
    ///
    /// Amdahl 1967, "Validity of the single processor approach to achieving large scale computing capabilities".
    pub fn speed(self, gpus: u32, asked: u32) -> Ratio {
        let (serial, scale) = (u128::from(self.serial.0), u128::from(Ratio::SCALE));
        let (gpus, asked) = (u128::from(gpus.max(1)), u128::from(asked.max(1)));
        let speed = scale * scale * gpus / (serial * gpus + scale.saturating_sub(serial) * asked);
        // However few the GPUs are, the work goes on.
        Ratio(u64::try_from(speed).unwrap_or(u64::MAX).max(1))
    }
}

/// One job, as its source yields it.
#[derive(Clone, PartialEq, Debug)]
pub struct JobSpec {
    /// The workload that it comes from.
    pub workload: WorkloadId,
    /// When it is submitted.
    pub submit: Time,
    /// Its class.
    pub class: ClassId,
    /// Who submits it.
    pub tenant: TenantId,
    /// The size of its gang.
    pub gpus: Gpus,
    /// The sizes at which it can run beside that; none: only at that.
    pub elastic: Option<Elastic>,
    /// True work on the reference chip.
    pub work: Span,
    /// The user's estimate of the work, on the reference chip.
    pub estimate: Span,
    /// Its priority.
    pub priority: i32,
    /// Its dataset.
    pub dataset: Option<DatasetSpec>,
    /// How long it waits in the queue before it is cancelled.
    pub patience: Option<Span>,
    /// The most it pays, net, per GPU-hour of the reference chip; none: any price.
    pub pays_up_to: Option<Money>,
    /// When it should be done.
    pub deadline: Option<Time>,
    /// How it ended in the trace it comes from.
    pub recorded: Outcome,
    /// Its id in its source, for people.
    pub source_id: u64,
}

/// A dataset that a job reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DatasetSpec {
    /// Its class.
    pub data: DataId,
    /// Its identity: jobs of one source with the same key share it.
    pub key: u64,
    /// Its size.
    pub bytes: Bytes,
}

/// How a job ended in a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Outcome {
    #[default]
    Completed,
    Failed,
    Cancelled,
}

/// A stream of jobs in order of submission. Implementations may read files; the engine only asks for the next job.
pub trait JobSource: Send {
    /// Returns the next job, or `None` at the end. Submission times never go back.
    fn next_job(&mut self) -> Result<Option<JobSpec>, SourceError>;
    /// Counts what the source left out, by reason, for the summary (`beyond the horizon`, `sampled out`).
    fn dropped(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
    /// Says what the source could not check, one sentence each, for the summary.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A source of jobs cannot go on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SourceError {
    /// The file says something that is not allowed (exit code 3); the message names file, line and what is allowed.
    #[error("{0}")]
    Invalid(String),
    /// The file cannot be read (exit code 6).
    #[error("{0}")]
    Unreadable(String),
    /// A limit on resources was met (exit code 5).
    #[error("{0}")]
    TooLarge(String),
}

impl Class {
    /// Returns the efficiency of a gang over `nodes` nodes.
    pub fn spread_efficiency(&self, nodes: u32) -> Ratio {
        self.spread.iter().take_while(|(from, _)| *from <= nodes).last().map_or(Ratio::ONE, |(_, efficiency)| *efficiency)
    }
    /// Returns what of an attempt's computing a preemption loses that keeps the work.
    pub fn lost_when_preempted(&self, gpus: u32) -> Span {
        self.lost_when_preempted.iter().take_while(|(from, _)| *from <= gpus).last().map_or(Span::ZERO, |(_, lost)| *lost)
    }
    /// Returns the efficiency of a gang over two sites `km` apart; `None`: not allowed.
    pub fn split_efficiency(&self, km: f64) -> Option<Ratio> {
        self.split.iter().find(|(up_to, _)| km <= f64::from(*up_to)).map(|(_, efficiency)| *efficiency)
    }
}
