//! Recorded workloads: a trace file as a stream of jobs, mapped onto the scenario.
//!
//! `native.rs`, `swf.rs` and a file for each foreign format describe them, column by column. Any may be gzip; files are streamed, and memory does not
//! grow with them but for ids and, where rows are to be sorted, temporary files.

mod acme;
mod batsim;
mod clock;
#[cfg(test)]
mod damage_tests;
mod foreign;
#[cfg(test)]
mod foreign_tests;
mod helios;
mod ids;
mod input;
mod itp;
mod log;
mod muri;
mod names;
mod native;
mod number;
mod openb;
mod ordered;
mod pai;
mod philly;
mod record;
mod row;
mod rows;
mod slurm;
mod sort;
mod swf;
#[cfg(test)]
mod tests;
mod write;

pub use log::{Log, LoggedJob, Order};
pub use write::write_native;

use super::attributes::Attributes;
use crate::base::random::{Seed, Stream};
use crate::base::{Gpus, Time};
use crate::model::{Arrivals, JobSpec, Model, Setting, SourceError, TraceEstimate, TraceFile, TraceStart, WorkloadId};
use names::Names;
use ordered::Ordered;
use row::{Row, Who};

/// The jobs of one trace in order of submission.
#[derive(Debug)]
pub(super) struct Trace {
    file: TraceFile,
    attributes: Attributes,
    /// States of the workload to come: the laws that stand in for what the trace leaves out may change, the trace may not.
    changes: Vec<(Time, Attributes)>,
    rows: Ordered,
    /// What time 0 of the scenario is on the trace's clock, once it is known.
    origin_us: Option<i64>,
    sampling: Stream,
    users: Stream,
    next: Option<(Time, Row)>,
    dropped: Dropped,
}

/// What was left out.
#[derive(Debug, Default)]
struct Dropped {
    beyond_horizon: u64,
    before_start: u64,
    sampled_out: u64,
}

impl Trace {
    /// Opens the trace of a workload and reads up to its first job; with `sort`, reads it whole.
    pub fn open(model: &Model, id: WorkloadId, file: &TraceFile, seed: Seed) -> Result<Self, SourceError> {
        let name = &model.workloads[id].name;
        let mut changes = Vec::new();
        for change in &model.changes {
            for setting in &change.settings {
                let Setting::Workload(changed, workload) = setting else { continue };
                if *changed == id {
                    if !matches!(&workload.arrivals, Arrivals::Trace(changed) if **changed == *file) {
                        return Err(SourceError::Invalid(format!(
                            "workload.{name}: a change may not touch the trace; give the new one a workload of its own"
                        )));
                    }
                    changes.push((change.at, Attributes::new(model, id, workload, seed)));
                }
            }
        }
        changes.reverse();
        let rows = Ordered::open(Names::of(model), file)?;
        let origin_us = match file.starts_at {
            TraceStart::FirstJob => None,
            TraceStart::Zero => Some(0),
            TraceStart::At(micros) => Some(micros),
        };
        let mut trace = Self {
            file: file.clone(),
            attributes: Attributes::new(model, id, &model.workloads[id], seed),
            changes,
            rows,
            origin_us,
            sampling: seed.stream(name, "sample"),
            users: seed.stream(name, "user"),
            next: None,
            dropped: Dropped::default(),
        };
        trace.advance()?;
        Ok(trace)
    }
    /// Returns when the next job is submitted; [`Time::NEVER`] at the end.
    pub fn next_submit(&self) -> Time {
        self.next.map_or(Time::NEVER, |(submit, _)| submit)
    }
    /// Yields the next job; there must be one.
    pub fn take(&mut self) -> Result<JobSpec, SourceError> {
        let (submit, row) = self.next.take().expect("a job is asked for only where one is announced");
        while let Some((_, attributes)) = self.changes.pop_if(|(at, _)| *at <= submit) {
            self.attributes = attributes;
        }
        let job = self.job(submit, &row);
        self.advance()?;
        Ok(job)
    }
    /// Counts what was left out so far, by reason.
    pub fn dropped(&self) -> Vec<(&'static str, u64)> {
        let counts = [
            ("beyond the horizon", self.dropped.beyond_horizon),
            ("before the start", self.dropped.before_start),
            ("sampled out", self.dropped.sampled_out),
        ];
        counts.into_iter().chain(self.rows.left_out()).filter(|(_, count)| *count > 0).collect()
    }
    /// Says what was not read and what could not be checked, once all was read.
    pub fn notes(&self) -> &[String] {
        self.rows.notes()
    }
    /// Goes to the next row that is a job of the scenario.
    fn advance(&mut self) -> Result<(), SourceError> {
        while let Some(row) = self.rows.next_row()? {
            let origin = *self.origin_us.get_or_insert(row.submit_us);
            let Some(since) = row.submit_us.checked_sub(origin).and_then(|since| u64::try_from(since).ok()) else {
                self.dropped.before_start += 1;
                continue;
            };
            let submit = if self.file.stretch == 1.0 { Time(since) } else { Time((since as f64 * self.file.stretch + 0.5) as u64) };
            if self.file.until.is_some_and(|until| submit.0 >= until.0) {
                self.dropped.beyond_horizon += 1;
            } else if self.file.sample < 1.0 && self.sampling.at(row.number).unit() >= self.file.sample {
                self.dropped.sampled_out += 1;
            } else {
                self.next = Some((submit, row));
                return Ok(());
            }
        }
        Ok(())
    }
    fn job(&mut self, submit: Time, row: &Row) -> JobSpec {
        let bands = &self.file.class_by_gpus;
        let by_size = || bands.iter().find(|(from, to, _)| (*from..=*to).contains(&row.gpus)).map(|(_, _, class)| *class);
        let class = row.class.or_else(by_size).unwrap_or(self.attributes.class());
        let (priority, deadline) = self.attributes.terms(class, submit, row.work);
        let index = row.number;
        let attributes = &mut self.attributes;
        JobSpec {
            workload: attributes.workload(),
            submit,
            class,
            tenant: match row.who {
                Who::Unknown => attributes.tenant(index),
                Who::User(user) => attributes.tenant_of(&mut self.users.at(user)),
                Who::Tenant(tenant) => tenant,
                Who::Group(group) => attributes.tenant_in(group, index),
            },
            gpus: Gpus(row.gpus),
            elastic: row.elastic.or_else(|| attributes.elastic(row.gpus)),
            work: row.work,
            estimate: match (self.file.estimate, row.estimate) {
                (TraceEstimate::Run, _) => row.work,
                (TraceEstimate::Recorded, Some(estimate)) => estimate,
                (TraceEstimate::Recorded, None) => attributes.estimate(index, row.work),
            },
            priority: row.priority.unwrap_or(priority),
            dataset: row.dataset.or_else(|| attributes.dataset(index)),
            patience: row.patience.or_else(|| attributes.patience(index)),
            pays_up_to: row.pays_up_to.or_else(|| attributes.pays_up_to(index)),
            deadline,
            recorded: row.outcome,
            source_id: row.id,
        }
    }
}
