//! The file of an output directory from which `edwc why` tells: JSON lines, compressed.

use crate::model::Model;
use crate::output::columns::{Field, JOBS, LEDGER, Names, Value};
use crate::output::directory::{HashedFile, OutputDirectory};
use crate::why::{Event, Fact};
use crate::world::records::{JobRecord, Posting};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use serde::{Deserialize, Serialize};
use std::io::{self, BufWriter, Write};

/// Its name.
pub(super) const FILE: &str = "why.jsonl.gz";
/// The version of its format.
pub(super) const FORMAT: u32 = 1;

/// Its first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) story: u32,
    /// The scenario's start, as a civil date and time.
    pub(super) start: String,
    /// The scenario's title.
    pub(super) title: String,
}

/// The file in the making.
pub(super) struct Story {
    names: Names,
    file: BufWriter<GzEncoder<HashedFile>>,
}

impl Story {
    /// Begins the file.
    pub(super) fn create(directory: &OutputDirectory, model: &Model) -> io::Result<Self> {
        // No name, no time: the same run gives the same bytes.
        let encoder = GzBuilder::new().write(directory.create(FILE)?, Compression::fast());
        let mut story = Self { names: Names::new(model), file: BufWriter::new(encoder) };
        story.line(&Head { story: FORMAT, start: model.calendar.start.to_string(), title: model.title.clone() })?;
        Ok(story)
    }
    /// Appends facts.
    pub(super) fn facts(&mut self, facts: impl Iterator<Item = Fact>) -> io::Result<()> {
        for fact in facts {
            self.line(&fact)?;
        }
        Ok(())
    }
    /// Appends how jobs have ended.
    pub(super) fn jobs(&mut self, jobs: &[JobRecord]) -> io::Result<()> {
        for job in jobs {
            let fact = ended(job, &self.names);
            self.line(&fact)?;
        }
        Ok(())
    }
    /// Appends what was paid for jobs.
    pub(super) fn postings(&mut self, postings: &[Posting]) -> io::Result<()> {
        for posting in postings {
            if let Some(job) = posting.job {
                let text = |column| text_of(LEDGER, column, posting, &self.names).unwrap_or_default();
                let event = Event::Paid { from: text("from"), to: text("to"), purpose: text("purpose"), micro_cny: posting.amount.0 };
                self.line(&Fact { job, at_us: posting.at.0, event })?;
            }
        }
        Ok(())
    }
    /// Completes the file.
    pub(super) fn finish(self, directory: &mut OutputDirectory) -> io::Result<()> {
        let encoder = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        directory.keep(encoder.finish()?)
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.file, line)?;
        self.file.write_all(b"\n")
    }
}

fn ended(job: &JobRecord, names: &Names) -> Fact {
    let event = Event::Ended {
        fate: job.fate.name().to_owned(),
        reason: job.reason.map(|reason| reason.name().to_owned()),
        pool: text_of(JOBS, "pool", job, names),
        queue_wait_us: job.queue_wait().map(|wait| wait.0),
        staging_us: job.staging.0,
        run_us: job.run.0,
        compute_micro_cny: job.compute_charge.0,
        energy_micro_cny: job.energy_charge.0,
        transfer_micro_cny: job.transfer_charge.0,
        subsidy_micro_cny: job.subsidy.0,
        energy_mj: job.energy_mj,
        carbon_mg: job.carbon_location_mg,
    };
    Fact { job: job.number, at_us: job.end.0, event }
}

/// Returns what a column of text says of a row.
fn text_of<R>(columns: &[Field<R>], name: &str, row: &R, names: &Names) -> Option<String> {
    let column = columns.iter().find(|column| column.name == name).expect("the tables have these columns");
    if let Value::Text(text) = (column.value)(row, names) { Some(text.to_owned()) } else { None }
}
