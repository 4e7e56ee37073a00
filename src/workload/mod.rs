//! Sources of jobs: synthetic generators and traces, merged into one stream in order of submission.

mod arrivals;
mod attributes;
mod choice;
#[cfg(test)]
mod fixture;
mod load;
mod merge;
mod synthetic;
#[cfg(test)]
mod tests;
pub mod trace;

pub use load::{Offered, offered_load};

use crate::base::Time;
use crate::base::random::Seed;
use crate::model::{Arrivals, JobSource, JobSpec, Model, SourceError, WorkloadId};
use merge::Tournament;
use synthetic::Synthetic;
use trace::Trace;

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
    let open = streams.iter().filter(|stream| matches!(stream, Stream::Trace(trace) if trace.next_submit() < Time::NEVER)).count();
    let mut upcoming = Tournament::new(streams.iter().map(Stream::next_submit));
    let traces_open = model.horizon.is_none().then_some(open);
    if traces_open == Some(0) {
        upcoming.end();
    }
    Ok(Sources { streams, upcoming, traces_open })
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
    Trace(Box<Trace>),
}

impl Stream {
    fn open(model: &Model, id: WorkloadId, seed: Seed) -> Result<Self, SourceError> {
        if let Arrivals::Trace(file) = &model.workloads[id].arrivals {
            return Ok(Self::Trace(Box::new(Trace::open(model, id, file, seed)?)));
        }
        let name = &model.workloads[id].name;
        let mixed = || SourceError::Invalid(format!("workload.{name}: a change may not turn it into a trace; give the trace a workload of its own"));
        Synthetic::open(model, id, seed, model.horizon).map(|stream| Self::Synthetic(Box::new(stream))).ok_or_else(mixed)
    }
    #[inline]
    fn next_submit(&self) -> Time {
        match self {
            Self::Synthetic(stream) => stream.next_submit(),
            Self::Trace(trace) => trace.next_submit(),
        }
    }
    #[inline]
    fn take(&mut self) -> Result<JobSpec, SourceError> {
        match self {
            Self::Synthetic(stream) => Ok(stream.take()),
            Self::Trace(trace) => trace.take(),
        }
    }
}

impl JobSource for Sources {
    #[inline]
    fn next_job(&mut self) -> Result<Option<JobSpec>, SourceError> {
        let Some(index) = self.upcoming.first() else { return Ok(None) };
        let stream = &mut self.streams[index];
        let job = stream.take()?;
        let next = stream.next_submit();
        let ended = next == Time::NEVER && matches!(stream, Stream::Trace(_));
        self.upcoming.set(index, next);
        if ended && let Some(open) = &mut self.traces_open {
            *open -= 1;
            if *open == 0 {
                self.upcoming.end();
            }
        }
        Ok(Some(job))
    }
    fn dropped(&self) -> Vec<(&'static str, u64)> {
        let mut sums: Vec<(&'static str, u64)> = Vec::new();
        for (reason, count) in self.traces().flat_map(Trace::dropped) {
            match sums.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, sum)) => *sum += count,
                None => sums.push((reason, count)),
            }
        }
        sums
    }
    fn notes(&self) -> Vec<String> {
        self.traces().flat_map(Trace::notes).cloned().collect()
    }
}

impl Sources {
    fn traces(&self) -> impl Iterator<Item = &Trace> {
        self.streams.iter().filter_map(|stream| if let Stream::Trace(trace) = stream { Some(&**trace) } else { None })
    }
}
