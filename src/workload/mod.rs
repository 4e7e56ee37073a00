//! Sources of jobs: synthetic generators and traces, merged into one stream in order of submission.

mod arrivals;
mod attributes;
mod choice;
#[cfg(test)]
mod fixture;
mod merge;
mod synthetic;
#[cfg(test)]
mod tests;

use crate::base::Time;
use crate::base::random::Seed;
use crate::model::{Arrivals, JobSource, JobSpec, Model, SourceError, WorkloadId};
use merge::Tournament;
use synthetic::Synthetic;

/// Opens the jobs of all workloads of a scenario. Traces are read up to their first job.
///
/// # Errors
/// A trace that cannot be read or says what is not allowed; a synthetic workload without an end.
pub fn open(model: &Model, seed: Seed) -> Result<Sources, SourceError> {
    let traces = model.workloads.iter().filter(|workload| matches!(workload.arrivals, Arrivals::Trace(_))).count();
    if model.horizon.is_none() && traces == 0 && !model.workloads.is_empty() {
        return Err(SourceError::Invalid(
            "scenario.horizon: missing; without a trace, arrivals need a horizon at which they stop".to_owned(),
        ));
    }
    let streams = model.workloads.ids().map(|id| Stream::open(model, id, seed)).collect::<Result<Vec<_>, _>>()?;
    let upcoming = Tournament::new(streams.iter().map(Stream::next_submit));
    Ok(Sources { streams, upcoming, traces_open: model.horizon.is_none().then_some(traces) })
}

/// The jobs of all workloads, by time of submission, then in the order of the workloads. Memory does not grow with the jobs.
#[derive(Debug)]
pub struct Sources {
    streams: Vec<Stream>,
    upcoming: Tournament,
    /// Traces that have not ended, where arrivals stop with the last of them.
    traces_open: Option<usize>,
}

#[derive(Debug)]
enum Stream {
    Synthetic(Box<Synthetic>),
}

impl Stream {
    fn open(model: &Model, id: WorkloadId, seed: Seed) -> Result<Self, SourceError> {
        let name = &model.workloads[id].name;
        let mixed = || SourceError::Invalid(format!("workload.{name}: a change may not turn a trace into something else, or the reverse"));
        Synthetic::open(model, id, seed, model.horizon).map(|stream| Self::Synthetic(Box::new(stream))).ok_or_else(mixed)
    }
    #[inline]
    fn next_submit(&self) -> Time {
        match self {
            Self::Synthetic(stream) => stream.next_submit(),
        }
    }
    #[inline]
    fn take(&mut self) -> Result<JobSpec, SourceError> {
        match self {
            Self::Synthetic(stream) => Ok(stream.take()),
        }
    }
}

impl JobSource for Sources {
    #[inline]
    fn next_job(&mut self) -> Result<Option<JobSpec>, SourceError> {
        let Some(index) = self.upcoming.first() else { return Ok(None) };
        let stream = &mut self.streams[index];
        let job = stream.take()?;
        self.upcoming.set(index, stream.next_submit());
        Ok(Some(job))
    }
}
