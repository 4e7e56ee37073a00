//! A log without a scenario, for those who look at it, convert it or fit laws to it.

use super::names::Names;
use super::ordered::Ordered;
use super::row::{Row, Who};
use super::rows::{IDS_COMPARED, Rows};
use crate::base::Span;
use crate::model::{Outcome, SourceError, TraceClean, TraceEstimate, TraceFile, TraceFormat, TraceStart};
use std::path::Path;

/// The order in which a log's jobs are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Any: as they stand in the file.
    AsTheyStand,
    /// By submission; jobs out of order are an error.
    Checked,
    /// By submission; the file is sorted first, in bounded memory.
    Sorted,
}

/// The jobs of a log.
#[derive(Debug)]
pub struct Log {
    rows: Ordered,
}

/// A job as its log has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoggedJob {
    /// Its id, or the number of its row from 1 where ids are texts.
    pub id: u64,
    /// When it was submitted, in µs on the log's own clock.
    pub submit_us: i64,
    /// Its gang.
    pub gpus: u32,
    /// Its run time.
    pub work: Span,
    /// The user's estimate, where the log has one.
    pub estimate: Option<Span>,
    /// The user: a number, or the hash of a name.
    pub user: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Log {
    /// Opens a log.
    ///
    /// # Errors
    /// As [`open`](crate::workload::open) for a scenario with this trace; with [`Order::Sorted`], all that may come up later too.
    pub fn open(path: &Path, format: TraceFormat, clean: TraceClean, order: Order) -> Result<Self, SourceError> {
        let file = TraceFile {
            path: path.to_owned(),
            format,
            starts_at: TraceStart::FirstJob,
            stretch: 1.0,
            sample: 1.0,
            sort: order != Order::Checked,
            estimate: TraceEstimate::Recorded,
            clean,
            class_by_gpus: Vec::new(),
            class_by_model: Vec::new(),
            until: None,
        };
        let rows = match order {
            Order::AsTheyStand => Ordered::as_read(Rows::open(Names::without_scenario(), &file, IDS_COMPARED)?),
            Order::Checked | Order::Sorted => Ordered::open(Names::without_scenario(), &file)?,
        };
        Ok(Self { rows })
    }
    /// Reads the next job.
    ///
    /// # Errors
    /// What is wrong with the file, with its place.
    pub fn next_job(&mut self) -> Result<Option<LoggedJob>, SourceError> {
        Ok(self.rows.next_row()?.map(|row| LoggedJob::of(&row)))
    }
    /// Counts rows that are no jobs, by reason, so far.
    pub fn left_out(&self) -> Vec<(&'static str, u64)> {
        self.rows.left_out().into_iter().filter(|(_, count)| *count > 0).collect()
    }
    /// Says what was not read and what could not be checked, once all was read.
    pub fn notes(&self) -> &[String] {
        self.rows.notes()
    }
}

impl LoggedJob {
    fn of(row: &Row) -> Self {
        Self {
            id: row.id,
            submit_us: row.submit_us,
            gpus: row.gpus,
            work: row.work,
            estimate: row.estimate,
            user: if let Who::User(user) = row.who { Some(user) } else { None },
            outcome: row.outcome,
        }
    }
}
