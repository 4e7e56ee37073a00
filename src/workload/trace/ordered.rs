//! The rows of a trace in order of submission: as they are read, or sorted first.

use super::names::Names;
use super::row::Row;
use super::rows::{IDS_COMPARED, Rows};
use super::sort::{ROWS_AT_ONCE, Sorted};
use crate::model::{SourceError, TraceFile};

/// Rows, and what was left out of them.
#[derive(Debug)]
pub(super) struct Ordered {
    from: From,
    /// Rows that are no jobs, by reason, once all were read.
    left_out: Vec<(&'static str, u64)>,
    notes: Vec<String>,
}

#[derive(Debug)]
enum From {
    Read(Box<Rows>),
    Sorted(Box<Sorted>),
}

impl Ordered {
    /// Opens a trace; with `sort`, reads it whole.
    pub fn open(names: Names, file: &TraceFile) -> Result<Self, SourceError> {
        let mut rows = Rows::open(names, file, IDS_COMPARED)?;
        if !file.sort {
            return Ok(Self::as_read(rows));
        }
        let sorted = Sorted::new(|| rows.next_row(), ROWS_AT_ONCE)?;
        Ok(Self { from: From::Sorted(Box::new(sorted)), left_out: rows.left_out(), notes: rows.notes() })
    }
    /// Yields rows as they are read, in whatever order.
    pub fn as_read(rows: Rows) -> Self {
        Self { from: From::Read(Box::new(rows)), left_out: Vec::new(), notes: Vec::new() }
    }
    /// Reads the next row.
    pub fn next_row(&mut self) -> Result<Option<Row>, SourceError> {
        match &mut self.from {
            From::Sorted(rows) => rows.next_row(),
            From::Read(rows) => {
                let row = rows.next_row()?;
                if row.is_none() {
                    self.notes = rows.notes();
                }
                Ok(row)
            }
        }
    }
    /// Counts rows that are no jobs here, by reason.
    pub fn left_out(&self) -> Vec<(&'static str, u64)> {
        match &self.from {
            From::Read(rows) => rows.left_out(),
            From::Sorted(_) => self.left_out.clone(),
        }
    }
    /// Says what was not read and what could not be checked, once all was read.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}
