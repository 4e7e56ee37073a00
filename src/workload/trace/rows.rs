//! The rows of a trace in the order of the file, checked against each other: ids are unique, submissions in order.

use super::acme::ACME;
use super::batsim::BatsimReader;
use super::foreign::{ForeignReader, Layout};
use super::helios::HELIOS;
use super::ids::{self, Ids};
use super::input::Input;
use super::itp::ITP;
use super::muri::{MURI, MURI_AS_SIMULATED, TIRESIAS};
use super::names::Names;
use super::native::NativeReader;
use super::number::integer;
use super::openb::OPENB;
use super::pai::PAI;
use super::philly::PHILLY;
use super::record::Records;
use super::row::Row;
use super::swf::SwfReader;
use crate::model::{SourceError, TraceClean, TraceFile, TraceFormat, TraceStart};

/// Rows up to which every id is compared with every other.
pub(super) const IDS_COMPARED: u64 = 10_000_000;

/// Reads and checks one row after the other.
#[derive(Debug)]
pub(super) struct Rows {
    reader: Reader,
    file: TraceFile,
    names: Names,
    ids: Ids,
    /// The row before: its time and line.
    previous: Option<(i64, u64)>,
}

#[derive(Debug)]
enum Reader {
    Native(Box<NativeReader>),
    Swf(Box<SwfReader>),
    Foreign(Box<ForeignReader>),
    Batsim(Box<BatsimReader>),
}

impl Rows {
    /// Opens the file and reads its header; every id is compared with the first `ids_compared` rows.
    pub fn open(names: Names, file: &TraceFile, ids_compared: u64) -> Result<Self, SourceError> {
        Ok(Self { reader: Reader::open(file, &names)?, file: file.clone(), names, ids: Ids::new(ids_compared), previous: None })
    }
    /// Reads the next row.
    pub fn next_row(&mut self) -> Result<Option<Row>, SourceError> {
        let row = self.reader.next_row();
        let checked = match &row {
            Ok(Some(row)) => self.check(row),
            Ok(None) => Ok(()),
            Err(error) => Err(error.clone()),
        };
        match checked {
            Ok(()) => row,
            Err(error) => Err(self.reader.input().blame(error)),
        }
    }
    /// Counts rows that are no jobs here, by reason.
    pub fn left_out(&self) -> Vec<(&'static str, u64)> {
        match &self.reader {
            Reader::Native(_) | Reader::Batsim(_) => Vec::new(),
            Reader::Swf(reader) => vec![("parts of other jobs", reader.partial())],
            Reader::Foreign(reader) => reader.left_out().to_vec(),
        }
    }
    /// Says what was not read and what could not be checked.
    pub fn notes(&mut self) -> Vec<String> {
        let unknown = if let Reader::Foreign(reader) = &self.reader { reader.note() } else { None };
        let label = self.reader.input().label();
        let partial = self
            .ids
            .partial_from()
            .map(|from| format!("{label}: from row {from} on, job ids were compared with those before row {from} and with the row before only"));
        unknown.into_iter().chain(partial).collect()
    }
    fn check(&mut self, row: &Row) -> Result<(), SourceError> {
        self.check_order(row)?;
        let id = self.reader.id();
        let key = integer(id).unwrap_or_else(|_| ids::hash(id));
        if self.ids.insert(key) { Ok(()) } else { self.check_twin(row) }
    }
    fn check_order(&mut self, row: &Row) -> Result<(), SourceError> {
        if self.file.starts_at == TraceStart::Zero && row.submit_us < 0 {
            return Err(self.reader.complain_of_submit("is before time 0", "with `starts_at = \"zero\"` the trace's clock starts at 0"));
        }
        let previous = self.previous.replace((row.submit_us, row.line));
        match previous {
            Some((before, line)) if before > row.submit_us && !self.file.sort => {
                let what = format!("is before {} of line {line}", super::write::seconds(before));
                let allowed = format!("rows are in order of submission; {} sorts them", self.names.asked().sort());
                Err(self.reader.complain_of_submit(&what, &allowed))
            }
            _ => Ok(()),
        }
    }
    /// Looks in the file for an earlier row with the same id: two ids may share a key.
    fn check_twin(&self, row: &Row) -> Result<(), SourceError> {
        let id = self.reader.id();
        let mut again = Reader::open(&self.file, &self.names)?;
        while let Some(earlier) = again.next_row()? {
            if earlier.line >= row.line {
                break;
            }
            if again.id() == id {
                return Err(self.reader.complain_of_id(&format!("is also on line {}", earlier.line), "no two jobs share an id"));
            }
        }
        Ok(())
    }
}

impl Reader {
    fn open(file: &TraceFile, names: &Names) -> Result<Self, SourceError> {
        let input = Input::open(&file.path)?;
        Ok(match file.format {
            TraceFormat::Csv => Self::Native(Box::new(NativeReader::open(Records::new(input), names.clone())?)),
            TraceFormat::Swf => Self::Swf(Box::new(SwfReader::new(input, file.clean, file.estimate, names.asked()))),
            TraceFormat::Itp => Self::foreign(input, &ITP, file)?,
            TraceFormat::Philly => Self::foreign(input, &PHILLY, file)?,
            TraceFormat::Pai => Self::foreign(input, &PAI, file)?,
            TraceFormat::Openb => Self::foreign(input, &OPENB, file)?,
            TraceFormat::Helios => Self::foreign(input, &HELIOS, file)?,
            TraceFormat::Acme => Self::foreign(input, &ACME, file)?,
            TraceFormat::Muri if file.clean == TraceClean::Muri => Self::foreign(input, &MURI_AS_SIMULATED, file)?,
            TraceFormat::Muri => Self::foreign(input, &MURI, file)?,
            TraceFormat::Tiresias => Self::foreign(input, &TIRESIAS, file)?,
            TraceFormat::Batsim => Self::Batsim(Box::new(BatsimReader::open(input)?)),
        })
    }
    fn foreign(input: Input, layout: &'static Layout, file: &TraceFile) -> Result<Self, SourceError> {
        Ok(Self::Foreign(Box::new(ForeignReader::open(Records::new(input), layout, &file.class_by_model)?)))
    }
    #[inline]
    fn next_row(&mut self) -> Result<Option<Row>, SourceError> {
        match self {
            Self::Native(reader) => reader.next_row(),
            Self::Swf(reader) => reader.next_row(),
            Self::Foreign(reader) => reader.next_row(),
            Self::Batsim(reader) => reader.next_row(),
        }
    }
    fn id(&self) -> &[u8] {
        match self {
            Self::Native(reader) => reader.id(),
            Self::Swf(reader) => reader.id(),
            Self::Foreign(reader) => reader.id(),
            Self::Batsim(reader) => reader.id(),
        }
    }
    fn input(&mut self) -> &mut Input {
        match self {
            Self::Native(reader) => reader.records().input(),
            Self::Swf(reader) => reader.input(),
            Self::Foreign(reader) => reader.records().input(),
            Self::Batsim(reader) => reader.input(),
        }
    }
    fn complain_of_id(&self, what: &str, allowed: &str) -> SourceError {
        match self {
            Self::Native(reader) => reader.complain_of_id(what, allowed),
            Self::Swf(reader) => reader.complain_of_id(what, allowed),
            Self::Foreign(reader) => reader.complain_of_id(what, allowed),
            Self::Batsim(reader) => reader.complain(&format!("id: {what}"), allowed),
        }
    }
    fn complain_of_submit(&self, what: &str, allowed: &str) -> SourceError {
        match self {
            Self::Native(reader) => reader.complain_of_submit(what, allowed),
            Self::Swf(reader) => reader.complain_of_submit(what, allowed),
            Self::Foreign(reader) => reader.complain_of_submit(what, allowed),
            Self::Batsim(reader) => reader.complain(&format!("subtime: {what}"), allowed),
        }
    }
}
