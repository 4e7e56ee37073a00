//! A synthetic workload: an arrival process and laws, as a stream of jobs.

use super::arrivals::Process;
use super::attributes::Attributes;
use super::choice::Choice;
use crate::base::random::{Seed, Stream};
use crate::base::{Span, Time};
use crate::model::{Arrivals, JobSpec, Model, Setting, Workload, WorkloadId};
use std::collections::VecDeque;

/// The jobs of one synthetic workload in order of submission.
///
/// The scenario's changes of the workload are known from the start and applied here: arrivals before a change follow the old state, those from its
/// instant on the new one, and no look-ahead can mix them.
#[derive(Debug)]
pub(super) struct Synthetic {
    flow: Flow,
    arrivals: Stream,
    batches: Stream,
    /// The instant of the present arrival in µs; infinite at the end.
    now_us: f64,
    /// Jobs of the present arrival that are still to come.
    left: u64,
    next_arrival: u64,
    next_job: u64,
    until: Time,
    /// States of the workload to come, by time.
    changes: VecDeque<(f64, Flow)>,
}

/// One state of the workload: when jobs come, how many at once, and what they are.
#[derive(Debug)]
struct Flow {
    process: Process,
    batch: Choice<u64>,
    attributes: Attributes,
}

impl Synthetic {
    /// Opens the stream; `None` if the workload is a trace in any of its states. It ends before `until`.
    pub fn open(model: &Model, id: WorkloadId, seed: Seed, until: Option<Span>) -> Option<Self> {
        let first = &model.workloads[id];
        let states = seed.stream(&first.name, "states");
        let flow = |workload: &Workload, at: f64| {
            let process = Process::start(&workload.arrivals, &model.calendar, states, at)?;
            Some(Flow { process, batch: batch(workload), attributes: Attributes::new(model, id, workload, seed) })
        };
        let settings = model.changes.iter().flat_map(|change| change.settings.iter().map(|setting| (change.at.0 as f64, setting)));
        let mut changes = VecDeque::new();
        for (at_us, setting) in settings {
            if let Setting::Workload(changed, workload) = setting
                && *changed == id
            {
                changes.push_back((at_us, flow(workload, at_us)?));
            }
        }
        let mut stream = Self {
            flow: flow(first, 0.0)?,
            arrivals: seed.stream(&first.name, "arrivals"),
            batches: seed.stream(&first.name, "batch"),
            now_us: 0.0,
            left: 0,
            next_arrival: 0,
            next_job: 0,
            until: until.map_or(Time::NEVER, |until| Time(until.0)),
            changes,
        };
        stream.arrive();
        Some(stream)
    }
    /// Returns when the next job is submitted; [`Time::NEVER`] at the end.
    #[inline]
    pub fn next_submit(&self) -> Time {
        // `as` saturates: an arrival at infinity is never.
        let rounded = Time((self.now_us + 0.5) as u64);
        if rounded < self.until { rounded } else { Time::NEVER }
    }
    /// Yields the next job; there must be one.
    #[inline]
    pub fn take(&mut self) -> JobSpec {
        let job = self.flow.attributes.draw(self.next_job, self.next_submit());
        self.next_job += 1;
        self.left -= 1;
        if self.left == 0 {
            self.arrive();
        }
        job
    }
    /// Goes to the next arrival.
    #[inline]
    fn arrive(&mut self) {
        let mut draws = self.arrivals.at(self.next_arrival);
        let until_us = self.until.0 as f64;
        let mut next = self.flow.process.next(self.now_us, until_us, &mut draws);
        while self.changes.front().is_some_and(|(at_us, _)| next >= *at_us) {
            let (at_us, flow) = self.changes.pop_front().expect("there is a change");
            self.flow.process.replace(flow.process);
            (self.flow.batch, self.flow.attributes) = (flow.batch, flow.attributes);
            next = self.flow.process.next(at_us, until_us, &mut draws);
        }
        // A rate of zero may give 0 × ∞.
        self.now_us = if next.is_nan() { f64::INFINITY } else { next };
        self.left = self.flow.batch.only().unwrap_or_else(|| self.flow.batch.pick(&mut self.batches.at(self.next_arrival)));
        self.next_arrival += 1;
    }
}

/// Jobs of one arrival.
fn batch(workload: &Workload) -> Choice<u64> {
    match &workload.arrivals {
        Arrivals::Poisson { batch, .. } | Arrivals::Mmpp { batch, .. } | Arrivals::Renewal { batch, .. } => Choice::sizes(batch),
        Arrivals::AtStart { jobs } => Choice::new(&[(*jobs, 1.0)]),
        Arrivals::Trace(_) => Choice::new(&[(1, 1.0)]),
    }
}
