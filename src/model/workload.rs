//! Where jobs come from, as data; the [`workload`](crate::workload) room draws them.

use super::{ClassId, DataId, Elastic, Law, TenantGroupId};
use crate::base::Span;
use std::path::PathBuf;

/// A source of jobs.
#[derive(Clone, PartialEq, Debug)]
pub struct Workload {
    /// Its key; its random streams are named after it.
    pub name: String,
    /// The class of its jobs (of a trace's jobs that no mapping catches).
    pub class: ClassId,
    /// Who submits: groups by weight, then a tenant of the group.
    pub tenants: Vec<(TenantGroupId, f64)>,
    /// When jobs come.
    pub arrivals: Arrivals,
    /// The sizes of gangs.
    pub gpus: Gang,
    /// The sizes at which its jobs can run beside that; none: only at that.
    pub elastic: Option<Elastic>,
    /// Work in seconds on the reference chip.
    pub work: Law,
    /// The user's estimate of it.
    pub estimate: Estimate,
    /// The dataset of each job.
    pub dataset: Option<DatasetLaw>,
    /// How long a job waits, in seconds; none: for ever.
    pub patience: Option<Law>,
    /// What a job pays at most, in yuan per GPU-hour of the reference chip; none: any price.
    pub pays_up_to: Option<Law>,
    /// Overrides the class's priority.
    pub priority: Option<i32>,
}

/// When jobs come.
#[derive(Clone, PartialEq, Debug)]
pub enum Arrivals {
    /// So many at the start.
    AtStart {
        /// How many.
        jobs: u64,
    },
    /// A Poisson process whose rate may vary.
    Poisson {
        /// The rate.
        rate: Rate,
        /// Jobs of one arrival.
        batch: Gang,
    },
    /// A Markov-modulated Poisson process.
    Mmpp {
        /// Jobs per second in each state.
        rates_per_s: Vec<f64>,
        /// Mean time in each state, in seconds; the next state is the next in turn.
        stays_s: Vec<f64>,
        /// Jobs of one arrival.
        batch: Gang,
    },
    /// Independent times between arrivals.
    Renewal {
        /// The time between two, in seconds.
        between: Law,
        /// Jobs of one arrival.
        batch: Gang,
    },
    /// Recorded jobs.
    Trace(Box<TraceFile>),
}

/// A rate in jobs per second (arrivals, where they come in batches).
#[derive(Clone, PartialEq, Debug)]
pub struct Rate {
    /// The mean.
    pub mean_per_s: f64,
    /// A sine on top: amplitude per second and period in seconds.
    pub sine: Option<(f64, f64)>,
    /// Weights of the local hours, scaled to a mean of one.
    pub by_hour: Option<[f64; 24]>,
    /// Weights of the weekdays from Monday, scaled to a mean of one.
    pub by_weekday: Option<[f64; 7]>,
}

/// A law of small integers: gangs and batches.
#[derive(Clone, PartialEq, Debug)]
pub enum Gang {
    /// Always the same.
    Fixed(u32),
    /// Values with weights, which sum to one.
    Weighted(Vec<(u32, f64)>),
}

/// The user's estimate of a job's work.
#[derive(Clone, PartialEq, Debug)]
pub enum Estimate {
    /// It is exact.
    Exact,
    /// Work × a draw.
    TimesWork(Law),
    /// A draw of its own, in seconds.
    Absolute(Law),
}

/// The datasets of a workload.
#[derive(Clone, PartialEq, Debug)]
pub struct DatasetLaw {
    /// Their class.
    pub data: DataId,
    /// Their size in bytes.
    pub bytes: Law,
    /// So many jobs in a row (of the workload) read the same one.
    pub shared_by: u64,
}

/// A trace and how it is mapped onto the scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct TraceFile {
    /// Where it is; resolved against the scenario's folder.
    pub path: PathBuf,
    /// Its format.
    pub format: TraceFormat,
    /// What time 0 of the scenario is.
    pub starts_at: TraceStart,
    /// Times between submissions × this.
    pub stretch: f64,
    /// The share of jobs that is kept.
    pub sample: f64,
    /// Whether rows out of order are sorted rather than refused.
    pub sort: bool,
    /// Where the estimate comes from.
    pub estimate: TraceEstimate,
    /// The cleaning rule.
    pub clean: TraceClean,
    /// Classes by size of gang: (from, to inclusive, class); the first that matches.
    pub class_by_gpus: Vec<(u32, u32, ClassId)>,
    /// Classes by the model that a job trains.
    pub class_by_model: Vec<(String, ClassId)>,
    /// The horizon, if the scenario has one: what lies beyond is dropped and counted.
    pub until: Option<Span>,
}

/// The formats that are read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names are the formats'")]
pub enum TraceFormat {
    Csv,
    Swf,
    Itp,
    Philly,
    Pai,
    Openb,
    Helios,
    Acme,
    Muri,
    Tiresias,
    Batsim,
}

impl TraceFormat {
    /// The words that name the formats in scenarios, in the order of [`ALL`](Self::ALL).
    pub const WORDS: &[&str] = &["csv", "swf", "itp", "philly", "pai", "openb", "helios", "acme", "muri", "tiresias", "batsim"];
    /// All formats.
    pub const ALL: [Self; 11] =
        [Self::Csv, Self::Swf, Self::Itp, Self::Philly, Self::Pai, Self::Openb, Self::Helios, Self::Acme, Self::Muri, Self::Tiresias, Self::Batsim];
    /// Finds a format by its word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().zip(Self::ALL).find(|(name, _)| **name == word).map(|(_, format)| format)
    }
    /// Returns its word.
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }
}

/// What time 0 of the scenario is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TraceStart {
    /// The first job's submission.
    FirstJob,
    /// Time 0 of the trace.
    Zero,
    /// A time of the trace, in microseconds.
    At(i64),
}

/// Where a trace job's estimate comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TraceEstimate {
    /// What the trace says the user asked for.
    Recorded,
    /// The run time.
    Run,
}

/// How a trace is cleaned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TraceClean {
    /// As it is: a row that makes no sense is an error.
    AsIs,
    /// As the scheduler simulator pyss does.
    Pyss,
    /// As the simulator of Muri does.
    Muri,
}

impl TraceClean {
    /// Returns the format that a rule cleans; none: any.
    pub fn format(self) -> Option<TraceFormat> {
        match self {
            Self::AsIs => None,
            Self::Pyss => Some(TraceFormat::Swf),
            Self::Muri => Some(TraceFormat::Muri),
        }
    }
}
