//! The tables of an output directory in the format that was asked for, fed while the run goes on.

use super::columns::{Field, JOBS, LEDGER, Names, SERIES};
use super::csv::CsvTable;
use super::directory::{HashedFile, OutputDirectory};
#[cfg(feature = "parquet")]
use super::parquet::ParquetTable;
use crate::model::Model;
use crate::world::records::{JobRecord, PoolSample, Posting};
use std::io;

/// The format of tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// CSV as RFC 4180 has it.
    Csv,
    /// CSV in which text that looks like a formula is disarmed.
    Spreadsheet,
    /// Parquet; only with the feature of that name.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl Format {
    /// Returns the word that the command line and the manifest use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Spreadsheet => "spreadsheet",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
        }
    }
    /// Returns how the names of its files end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv | Self::Spreadsheet => "csv",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
        }
    }
}

/// Jobs, series and ledger on their way into files.
pub struct Tables {
    names: Names,
    jobs: Table<JobRecord>,
    series: Table<PoolSample>,
    ledger: Table<Posting>,
}

enum Table<R: 'static> {
    Csv(CsvTable<R, HashedFile>),
    #[cfg(feature = "parquet")]
    Parquet(ParquetTable<R, HashedFile>),
}

impl Tables {
    /// Creates the files.
    pub fn create(directory: &OutputDirectory, format: Format, model: &Model) -> io::Result<Self> {
        let file = |table: &str| directory.create(&format!("{table}.{}", format.extension()));
        Ok(Self {
            names: Names::new(model),
            jobs: Table::new(JOBS, format, file("jobs")?)?,
            series: Table::new(SERIES, format, file("series")?)?,
            ledger: Table::new(LEDGER, format, file("ledger")?)?,
        })
    }
    /// Appends jobs.
    pub fn jobs(&mut self, jobs: &[JobRecord]) -> io::Result<()> {
        self.jobs.rows(jobs, &self.names)
    }
    /// Appends samples.
    pub fn samples(&mut self, samples: &[PoolSample]) -> io::Result<()> {
        self.series.rows(samples, &self.names)
    }
    /// Appends movements of money.
    pub fn postings(&mut self, postings: &[Posting]) -> io::Result<()> {
        self.ledger.rows(postings, &self.names)
    }
    /// Completes the files.
    pub fn finish(self, directory: &mut OutputDirectory) -> io::Result<()> {
        directory.keep(self.jobs.finish()?)?;
        directory.keep(self.series.finish()?)?;
        directory.keep(self.ledger.finish()?)
    }
}

impl<R> Table<R> {
    #[cfg_attr(not(feature = "parquet"), expect(clippy::unnecessary_wraps, reason = "Parquet writes its header at once"))]
    fn new(fields: &'static [Field<R>], format: Format, file: HashedFile) -> io::Result<Self> {
        Ok(match format {
            Format::Csv | Format::Spreadsheet => Self::Csv(CsvTable::new(fields, format == Format::Spreadsheet, file)),
            #[cfg(feature = "parquet")]
            Format::Parquet => Self::Parquet(ParquetTable::new(fields, file)?),
        })
    }
    fn rows(&mut self, rows: &[R], names: &Names) -> io::Result<()> {
        match self {
            Self::Csv(table) => table.rows(rows, names),
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => table.rows(rows, names),
        }
    }
    fn finish(self) -> io::Result<HashedFile> {
        match self {
            Self::Csv(table) => table.finish(),
            #[cfg(feature = "parquet")]
            Self::Parquet(table) => table.finish(),
        }
    }
}
