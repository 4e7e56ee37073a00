//! Workloads of Batsim, one JSON object (Dutot et al. 2016, "Batsim: a realistic language-independent resources and jobs management systems
//! simulator"; batsim.readthedocs.io, "Workload"). Tested on a sample made after the published description.
//!
//! | key | read as |
//! |---|---|
//! | `jobs[].id` | the job's id, an integer or a text |
//! | `jobs[].subtime` | when it was submitted, in seconds |
//! | `jobs[].res` | its gang |
//! | `jobs[].walltime` | the user's estimate, in seconds; −1 or missing: none |
//! | `jobs[].profile` | the name of its profile |
//! | `profiles.NAME.delay` | its work, in seconds, where the profile's `type` is `delay` |
//!
//! Quirks: profiles stand after the jobs, so that the file is read whole, up to 256 MiB; jobs may be in any order (`sort = true` sorts them). A
//! profile that says how many operations a job computes or how many bytes it sends has no length without Batsim's platform: a job with one is
//! refused. `nb_res`, the number of machines, is the scenario's affair.

use super::input::Input;
use super::row::{Row, Who};
use crate::base::Span;
use crate::model::{Outcome, SourceError};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The most that is read of a file.
const SIZE_LIMIT: usize = 256 << 20;
/// Seconds that a time may have at most: some 30,000 years.
const SECONDS_LIMIT: f64 = 1e12;

/// Reads the jobs of a workload.
#[derive(Debug)]
pub(super) struct BatsimReader {
    input: Input,
    jobs: std::vec::IntoIter<Job>,
    profiles: BTreeMap<String, Profile>,
    id: String,
    /// Whether all ids are numbers, which no row's number can then be mistaken for.
    numbered: bool,
    rows: u64,
}

#[derive(Deserialize, Debug)]
struct File {
    jobs: Vec<Job>,
    profiles: BTreeMap<String, Profile>,
}

#[derive(Deserialize, Debug)]
struct Job {
    id: Name,
    subtime: f64,
    res: u32,
    walltime: Option<f64>,
    profile: Name,
}

#[derive(Deserialize, Debug)]
#[serde(untagged)]
enum Name {
    Number(u64),
    Text(String),
}

impl Name {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

#[derive(Deserialize, Debug)]
struct Profile {
    #[serde(rename = "type")]
    kind: Option<String>,
    delay: Option<f64>,
}

impl BatsimReader {
    /// Reads the file.
    ///
    /// # Errors
    /// A file that is too large, is not JSON, or has not the keys of a workload.
    pub fn open(mut input: Input) -> Result<Self, SourceError> {
        let mut text = Vec::new();
        let mut line = Vec::new();
        while input.append_line(&mut line)? {
            text.append(&mut line);
            text.push(b'\n');
            if text.len() > SIZE_LIMIT {
                let message = format!("{}: is larger than {} MiB; a Batsim workload is read whole", input.label(), SIZE_LIMIT >> 20);
                return Err(SourceError::TooLarge(message));
            }
        }
        let file: File = serde_json::from_slice(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or_default();
            SourceError::Invalid(format!("{}:{line}:{column}: {what}; a Batsim workload has `jobs` and `profiles`", input.label()))
        })?;
        let numbered = file.jobs.iter().all(|job| matches!(job.id, Name::Number(_)));
        Ok(Self { input, numbered, jobs: file.jobs.into_iter(), profiles: file.profiles, id: String::new(), rows: 0 })
    }
    /// Reads the next job.
    pub fn next_row(&mut self) -> Result<Option<Row>, SourceError> {
        let Some(job) = self.jobs.next() else { return Ok(None) };
        self.id = job.id.text();
        self.rows += 1;
        let submit_us = self.micros("subtime", job.subtime)?;
        if job.res == 0 {
            return Err(self.complain("res: is zero", "a gang has at least one GPU"));
        }
        let name = job.profile.text();
        let Some(profile) = self.profiles.get(&name) else {
            return Err(self.complain(&format!("profile: `{name}` is not among the profiles"), "name one of `profiles`"));
        };
        let delay = profile.delay.filter(|_| profile.kind.as_deref().unwrap_or("delay") == "delay");
        let Some(delay) = delay else {
            let kind = profile.kind.as_deref().unwrap_or("without a type");
            let what = format!("profile: `{name}` is of type `{kind}`, whose length depends on Batsim's platform");
            return Err(self.complain(&what, "profiles of type `delay` are read"));
        };
        let work = Span(self.micros("delay", delay)?);
        let estimate = job.walltime.filter(|walltime| *walltime >= 0.0).map(|walltime| self.micros("walltime", walltime).map(Span)).transpose()?;
        Ok(Some(Row {
            number: self.rows - 1,
            line: self.rows,
            id: if let (true, Name::Number(number)) = (self.numbered, &job.id) { *number } else { self.rows },
            submit_us: i64::try_from(submit_us).expect("a time is below the limit"),
            gpus: job.res,
            elastic: None,
            work,
            estimate,
            who: Who::Unknown,
            class: None,
            dataset: None,
            patience: None,
            pays_up_to: None,
            priority: None,
            outcome: Outcome::Completed,
        }))
    }
    /// Returns the id of the job that was read last.
    pub fn id(&self) -> &[u8] {
        self.id.as_bytes()
    }
    /// Returns the file below.
    pub fn input(&mut self) -> &mut Input {
        &mut self.input
    }
    /// Makes an error of the last job: JSON keeps no lines, so that it is named by its place and id.
    pub fn complain(&self, what: &str, allowed: &str) -> SourceError {
        let id = super::record::shown(self.id.as_bytes());
        SourceError::Invalid(format!("{}: jobs[{}], id {id}: {what}; {allowed}", self.input.label(), self.rows - 1))
    }
    fn micros(&self, key: &str, seconds: f64) -> Result<u64, SourceError> {
        if (0.0..SECONDS_LIMIT).contains(&seconds) {
            return Ok((seconds * 1e6 + 0.5) as u64);
        }
        let what = if seconds < 0.0 { "is negative" } else { "is too large" };
        Err(self.complain(&format!("{key}: `{seconds}` {what}"), "a number of seconds, at least 0"))
    }
}
