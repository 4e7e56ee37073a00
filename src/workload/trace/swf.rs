//! The Standard Workload Format of the Parallel Workloads Archive, version 2.2 (Chapin et al. 1999, "Benchmarks and standards for the evaluation of
//! parallel job schedulers"; Feitelson, Tsafrir & Krakov 2014, "Experience with using the parallel workloads archive").
//!
//! A line is a job of 18 numbers between spaces; −1 is "unknown"; a line that starts with `;` is a comment, wherever it stands. What is read:
//!
//! | field | read as |
//! |---|---|
//! | 1 job number | the job's id |
//! | 2 submit time | when it was submitted, in seconds of the log's own clock; `UnixStartTime` is not added |
//! | 4 run time | its work; 0 is a job without work |
//! | 5 allocated processors | its gang; where unknown or 0, field 8, the processors requested |
//! | 9 requested time | the user's estimate; where unknown, the run time. A longer run time is kept: whether the job is ended is the class's affair |
//! | 11 status | 0 failed, 1 completed, 5 cancelled; unknown counts as completed; 2 to 4, parts of another job, are left out and counted |
//! | 12 user | the user, who is always the same tenant |
//!
//! Left aside: 3 wait time (the simulator finds its own), 6 and 7 processor time and memory used, 10 memory requested, 13 to 16 group, program, queue
//! and partition, 17 and 18 preceding job and think time (jobs come when they came).
//!
//! As it is, a log is refused at a line without run time or processors, such as that of a job that was cancelled in the queue. `clean = "pyss"` does
//! instead what the Python scheduler simulator pyss does: run time or allocated processors ≤ 0 make a job of 1 s on 1 processor with an
//! estimate of 1 s; else run = max(min(requested, run), 1) and estimate = max(requested, run as recorded, 1), where an unknown request
//! is the run time.

use super::input::Input;
use super::names::Asked;
use super::number::{decimal, integer};
use super::record::shown;
use super::row::{Row, Who};
use crate::base::Span;
use crate::model::{Outcome, SourceError, TraceClean, TraceEstimate};

const FIELDS: usize = 18;
const NAMES: [&str; FIELDS] = [
    "job number",
    "submit time",
    "wait time",
    "run time",
    "allocated processors",
    "average processor time",
    "used memory",
    "requested processors",
    "requested time",
    "requested memory",
    "status",
    "user",
    "group",
    "executable",
    "queue",
    "partition",
    "preceding job",
    "think time",
];
/// The fields that are read, as places in that list.
#[derive(Clone, Copy, Debug)]
enum Field {
    Job = 0,
    Submit = 1,
    Run = 3,
    Allocated = 4,
    Requested = 7,
    RequestedTime = 8,
    Status = 10,
    User = 11,
}

const SECOND: i64 = 1_000_000;

/// Reads rows of a log.
#[derive(Debug)]
pub(super) struct SwfReader {
    input: Input,
    clean: TraceClean,
    estimate: TraceEstimate,
    asked: Asked,
    text: Vec<u8>,
    /// Where each field stands in the text.
    fields: [(usize, usize); FIELDS],
    rows: u64,
    partial: u64,
}

impl SwfReader {
    /// Wraps an opened file.
    pub fn new(input: Input, clean: TraceClean, estimate: TraceEstimate, asked: Asked) -> Self {
        Self { input, clean, estimate, asked, text: Vec::new(), fields: [(0, 0); FIELDS], rows: 0, partial: 0 }
    }
    /// Reads the next job.
    pub fn next_row(&mut self) -> Result<Option<Row>, SourceError> {
        loop {
            self.text.clear();
            if !self.input.append_line(&mut self.text)? {
                return Ok(None);
            }
            if self.text.iter().find(|byte| !byte.is_ascii_whitespace()).is_none_or(|first| *first == b';') {
                continue;
            }
            self.split()?;
            let status = self.number(Field::Status)?;
            if (2 * SECOND..=4 * SECOND).contains(&status) {
                self.partial += 1;
                continue;
            }
            return self.row(status).map(Some);
        }
    }
    /// Returns the id of the row that was read last, as the file has it.
    pub fn id(&self) -> &[u8] {
        self.field(Field::Job)
    }
    /// Counts the lines that were left out as parts of jobs.
    pub fn partial(&self) -> u64 {
        self.partial
    }
    /// Returns the file below.
    pub fn input(&mut self) -> &mut Input {
        &mut self.input
    }
    /// Makes the error of the last row's id.
    pub fn complain_of_id(&self, what: &str, allowed: &str) -> SourceError {
        self.complain(Field::Job, what, allowed)
    }
    /// Makes the error of the last row's time of submission.
    pub fn complain_of_submit(&self, what: &str, allowed: &str) -> SourceError {
        self.complain(Field::Submit, what, allowed)
    }

    fn field(&self, field: Field) -> &[u8] {
        let (from, to) = self.fields[field as usize];
        &self.text[from..to]
    }
    fn complain(&self, field: Field, what: &str, allowed: &str) -> SourceError {
        let (from, _) = self.fields[field as usize];
        let (label, line, column) = (self.input.label(), self.input.line(), from + 1);
        SourceError::Invalid(format!("{label}:{line}:{column}: {}: {} {what}; {allowed}", NAMES[field as usize], shown(self.field(field))))
    }
    fn split(&mut self) -> Result<(), SourceError> {
        let mut count = 0;
        let mut from = None;
        for (at, byte) in self.text.iter().chain(b" ").enumerate() {
            match (byte.is_ascii_whitespace(), from) {
                (false, None) => from = Some(at),
                (true, Some(start)) => {
                    if let Some(field) = self.fields.get_mut(count) {
                        *field = (start, at);
                    }
                    count += 1;
                    from = None;
                }
                _ => {}
            }
        }
        if count == FIELDS {
            return Ok(());
        }
        let (label, line) = (self.input.label(), self.input.line());
        let allowed = if self.text.contains(&b',') { format!("; a CSV file has {}", self.asked.csv()) } else { String::new() };
        Err(SourceError::Invalid(format!(
            "{label}:{line}:1: the line has {count} fields; a job of the Standard Workload Format has {FIELDS}{allowed}"
        )))
    }
    /// Reads a field in millionths.
    fn number(&self, field: Field) -> Result<i64, SourceError> {
        decimal(self.field(field), 6).map_err(|what| self.complain(field, &what, "a number, or -1 for unknown"))
    }
    fn count(&self, field: Field) -> Result<i64, SourceError> {
        decimal(self.field(field), 0).map_err(|what| self.complain(field, &what, "an integer, or -1 for unknown"))
    }
    fn row(&mut self, status: i64) -> Result<Row, SourceError> {
        let id = integer(self.field(Field::Job)).map_err(|what| self.complain(Field::Job, &what, "an integer, at least 0"))?;
        let submit_us = self.number(Field::Submit)?;
        if submit_us < 0 {
            return Err(self.complain(Field::Submit, "is unknown or negative", "every job has a submit time, at least 0"));
        }
        let (gpus, work, estimate) = match self.clean {
            TraceClean::Pyss => self.as_pyss_does()?,
            TraceClean::AsIs | TraceClean::Muri => self.as_is()?,
        };
        let user = self.count(Field::User)?;
        let row = Row {
            number: self.rows,
            line: self.input.line(),
            id,
            submit_us,
            gpus,
            elastic: None,
            work,
            estimate,
            who: u64::try_from(user).map_or(Who::Unknown, Who::User),
            class: None,
            dataset: None,
            patience: None,
            pays_up_to: None,
            priority: None,
            outcome: match status {
                0 => Outcome::Failed,
                status if status == 5 * SECOND => Outcome::Cancelled,
                _ => Outcome::Completed,
            },
        };
        self.rows += 1;
        Ok(row)
    }
    fn gang(&self, field: Field, processors: i64) -> Result<u32, SourceError> {
        u32::try_from(processors).map_err(|_| self.complain(field, "is too large", "at most 4294967295"))
    }
    fn as_is(&self) -> Result<(u32, Span, Option<Span>), SourceError> {
        let help = || format!("the line needs it; {} makes such a job one of 1 s on 1 processor", self.asked.clean());
        let run = u64::try_from(self.number(Field::Run)?).map_err(|_| self.complain(Field::Run, "is unknown", &help()))?;
        let (allocated, requested) = (self.count(Field::Allocated)?, self.count(Field::Requested)?);
        let gpus = match (allocated, requested) {
            (1.., _) => self.gang(Field::Allocated, allocated)?,
            (_, 1..) => self.gang(Field::Requested, requested)?,
            _ => return Err(self.complain(Field::Allocated, "is no gang, and neither is the request", &help())),
        };
        let requested_time = u64::try_from(self.number(Field::RequestedTime)?).ok().filter(|time| *time > 0);
        Ok((gpus, Span(run), requested_time.map(Span)))
    }
    fn as_pyss_does(&self) -> Result<(u32, Span, Option<Span>), SourceError> {
        let (run, processors) = (self.number(Field::Run)?, self.count(Field::Allocated)?);
        if run <= 0 || processors <= 0 {
            return Ok((1, Span::seconds(1), Some(Span::seconds(1))));
        }
        let requested = match (self.estimate, self.number(Field::RequestedTime)?) {
            (TraceEstimate::Recorded, requested @ 1..) => requested,
            _ => run,
        };
        let span = |value: i64| Span(value.max(SECOND).unsigned_abs());
        Ok((self.gang(Field::Allocated, processors)?, span(requested.min(run)), Some(span(requested.max(run)))))
    }
}
