//! The native CSV: one job a row, under a header that names the [columns](COLUMNS) in any order; the first [`NEEDED`] must be there.
//!
//! Numbers are plain decimals (`1234.5`). An empty field is as if the column were missing: the workload's own law stands in.

use super::clock::Clock;
use super::ids;
use super::names::{Names, known};
use super::number::{decimal, integer};
use super::record::{Records, shown};
use super::row::{Row, Who};
use crate::base::{Bytes, Money, Ratio, Span};
use crate::model::{DatasetSpec, Elastic, Outcome, SourceError};

/// The columns in the order in which they are written, and what they mean. The guide to traces lists them in the same words.
pub(super) const COLUMNS: [(&str, &str); 18] = [
    ("job", "the job's id, an integer or a text; no two rows share one"),
    ("submit_s", "when it was submitted, in seconds on the trace's own clock; rows are in this order"),
    ("gpus", "the size of its gang, at least 1"),
    ("work_s", "how long it computes on the reference chip, in seconds; 0 is allowed"),
    ("estimate_s", "the user's estimate of `work_s`, in seconds; may be less"),
    ("tenant", "who submits it: a tenant of the scenario (`lab`, `lab-3`); a group of several stands for one of them"),
    ("user", "a user of the trace, any text: always the same tenant, chosen by the workload's weights"),
    ("class", "its job class, one of the scenario's"),
    ("data", "the data class of its dataset; with `dataset_gb`, and `dataset` if other jobs share it"),
    ("dataset", "the dataset's id, an integer or a text"),
    ("dataset_gb", "the dataset's size, in GB (10⁹ bytes)"),
    ("patience_s", "how long it waits before it is cancelled, in seconds"),
    ("pays_up_to_cny", "the most that it pays per GPU-hour of the reference chip, in yuan"),
    ("priority", "its priority, an integer; the larger goes first where the policy looks at it"),
    ("outcome", "how it ended: `completed`, `failed` or `cancelled`"),
    ("min_gpus", "the fewest GPUs with which it can run, at most `gpus`; where it is missing and `max_gpus` is not, `gpus`"),
    ("max_gpus", "the most GPUs with which it can run, at least `gpus`; where it is missing and `min_gpus` is not, `gpus`"),
    ("serial_share", "of its time with `gpus`, the share that more GPUs do not shorten, from 0 to 1"),
];
/// The same columns as places in that list.
#[derive(Clone, Copy, Debug)]
enum Column {
    Job,
    Submit,
    Gpus,
    Work,
    Estimate,
    Tenant,
    User,
    Class,
    Data,
    Dataset,
    DatasetGb,
    Patience,
    PaysUpTo,
    Priority,
    Outcome,
    MinGpus,
    MaxGpus,
    SerialShare,
}

/// So many of them are needed.
pub(super) const NEEDED: usize = 4;

/// Keys of datasets without an id: none that an id gives.
const NAMELESS: u64 = 1 << 63;

/// Reads rows of the native CSV.
#[derive(Debug)]
pub(super) struct NativeReader {
    records: Records,
    names: Names,
    /// Where each of [`COLUMNS`] stands.
    places: [Option<usize>; COLUMNS.len()],
    width: usize,
    rows: u64,
    clock: Clock,
}

impl NativeReader {
    /// Reads the header.
    pub fn open(mut records: Records, names: Names) -> Result<Self, SourceError> {
        if !records.advance()? {
            return Err(records.complain(0, "there is no header", &format!("the first line names the columns: {}", needed())));
        }
        let places = header(&records)?;
        let width = records.len();
        Ok(Self { records, names, places, width, rows: 0, clock: Clock::default() })
    }
    /// Reads the next row.
    pub fn next_row(&mut self) -> Result<Option<Row>, SourceError> {
        if !self.records.advance()? {
            return Ok(None);
        }
        self.records.check_width(self.width)?;
        let id = match self.id() {
            [] => return Err(self.complain(Column::Job, "is empty", "an integer or a text")),
            id => integer(id).unwrap_or(self.rows + 1),
        };
        let submit_us = self.submit()?;
        let gpus = match self.read(Column::Gpus, integer, "an integer, at least 1")? {
            0 => return Err(self.complain(Column::Gpus, "is zero", "a gang has at least one GPU")),
            gpus => u32::try_from(gpus).map_err(|_| self.complain(Column::Gpus, "is too large", "at most 4294967295"))?,
        };
        let row = Row {
            number: self.rows,
            line: self.records.line(),
            id,
            submit_us,
            gpus,
            elastic: self.elastic(gpus)?,
            work: self.seconds(Column::Work)?.ok_or_else(|| self.complain(Column::Work, "is empty", "a number of seconds, at least 0"))?,
            estimate: self.seconds(Column::Estimate)?,
            who: self.who()?,
            class: self.present(Column::Class).map(|name| self.names.class(name).map_err(|known| self.unknown(Column::Class, &known))).transpose()?,
            dataset: self.dataset()?,
            patience: self.seconds(Column::Patience)?,
            pays_up_to: self.at_least_zero(Column::PaysUpTo, 6, "a price in yuan, at least 0")?.map(|value| Money(value.cast_signed())),
            priority: self.priority()?,
            outcome: self.outcome()?,
        };
        self.rows += 1;
        Ok(Some(row))
    }
    /// Returns the id of the row that was read last, as the file has it.
    pub fn id(&self) -> &[u8] {
        self.field(Column::Job).expect("the column is there")
    }
    /// Returns the records below.
    pub fn records(&mut self) -> &mut Records {
        &mut self.records
    }
    /// Makes the error of the last row's id.
    pub fn complain_of_id(&self, what: &str, allowed: &str) -> SourceError {
        self.complain(Column::Job, what, allowed)
    }
    /// Makes the error of the last row's time of submission.
    pub fn complain_of_submit(&self, what: &str, allowed: &str) -> SourceError {
        self.complain(Column::Submit, what, allowed)
    }

    #[inline]
    fn field(&self, column: Column) -> Option<&[u8]> {
        self.places[column as usize].map(|place| self.records.field(place))
    }
    #[inline]
    fn present(&self, column: Column) -> Option<&[u8]> {
        self.field(column).filter(|text| !text.is_empty())
    }
    fn complain(&self, column: Column, what: &str, allowed: &str) -> SourceError {
        let place = self.places[column as usize].unwrap_or(0);
        let text = self.records.field(place);
        let value = if text.is_empty() { String::new() } else { format!("{} ", shown(text)) };
        self.records.complain(place, &format!("{}: {value}{what}", COLUMNS[column as usize].0), allowed)
    }
    fn unknown(&self, column: Column, known: &str) -> SourceError {
        self.complain(column, "is not in the scenario", known)
    }
    fn read<T>(&self, column: Column, parse: impl Fn(&[u8]) -> Result<T, String>, allowed: &str) -> Result<T, SourceError> {
        parse(self.field(column).unwrap_or_default()).map_err(|what| self.complain(column, &what, allowed))
    }
    fn submit(&mut self) -> Result<i64, SourceError> {
        const ALLOWED: &str = "seconds as a plain decimal number, on one clock for all rows";
        let micros = self.read(Column::Submit, |text| decimal(text, 6), ALLOWED)?;
        let checked = self.clock.check(self.records.line(), micros);
        checked.map_err(|what| self.complain(Column::Submit, &what, ALLOWED))?;
        Ok(micros)
    }
    fn at_least_zero(&self, column: Column, digits: usize, allowed: &str) -> Result<Option<u64>, SourceError> {
        let Some(text) = self.present(column) else { return Ok(None) };
        let value = decimal(text, digits).map_err(|what| self.complain(column, &what, allowed))?;
        u64::try_from(value).map(Some).map_err(|_| self.complain(column, "is negative", allowed))
    }
    fn seconds(&self, column: Column) -> Result<Option<Span>, SourceError> {
        Ok(self.at_least_zero(column, 6, "a number of seconds, at least 0")?.map(Span))
    }
    fn who(&self) -> Result<Who, SourceError> {
        if let Some(name) = self.present(Column::Tenant) {
            return self.names.tenant(name).map_err(|known| self.unknown(Column::Tenant, &known));
        }
        Ok(self.present(Column::User).map_or(Who::Unknown, |user| Who::User(integer(user).unwrap_or_else(|_| ids::hash(user)))))
    }
    fn dataset(&self) -> Result<Option<DatasetSpec>, SourceError> {
        let Some(data) = self.present(Column::Data) else {
            let orphan = [Column::Dataset, Column::DatasetGb].into_iter().find(|column| self.present(*column).is_some());
            return match orphan {
                Some(column) => Err(self.complain(column, "has no data class", "a dataset needs one in column `data`")),
                None => Ok(None),
            };
        };
        let data = self.names.data(data).map_err(|known| self.unknown(Column::Data, &known))?;
        let Some(bytes) = self.at_least_zero(Column::DatasetGb, 9, "a number of GB, at least 0")? else {
            return Err(self.complain(Column::Data, "has no size", "a dataset needs one in column `dataset_gb`"));
        };
        let key = match self.present(Column::Dataset) {
            None => NAMELESS | self.rows,
            Some(id) => integer(id).ok().filter(|key| *key < NAMELESS).unwrap_or_else(|| ids::hash(id) & !NAMELESS),
        };
        Ok(Some(DatasetSpec { data, key, bytes: Bytes(bytes) }))
    }
    fn elastic(&self, gpus: u32) -> Result<Option<Elastic>, SourceError> {
        let serial = match self.at_least_zero(Column::SerialShare, 6, "a share from 0 to 1")? {
            Some(share) if share > Ratio::SCALE => return Err(self.complain(Column::SerialShare, "is more than one", "a share from 0 to 1")),
            share => share.map(Ratio),
        };
        let size = |column| {
            self.present(column).map(|text| integer(text).map_err(|what| self.complain(column, &what, "an integer, at least 1"))).transpose()
        };
        let (min, max) = (size(Column::MinGpus)?, size(Column::MaxGpus)?);
        if min.is_none() && max.is_none() {
            return match serial {
                Some(_) => Err(self.complain(Column::SerialShare, "has no sizes", "give `min_gpus`, `max_gpus`, or both")),
                None => Ok(None),
            };
        }
        let (min, max) = (min.unwrap_or(u64::from(gpus)), max.unwrap_or(u64::from(gpus)));
        let min = u32::try_from(min).ok().filter(|min| (1..=gpus).contains(min));
        let min = min.ok_or_else(|| self.complain(Column::MinGpus, "is out of range", "at least 1, at most `gpus`"))?;
        let max = u32::try_from(max).ok().filter(|max| *max >= gpus);
        let max = max.ok_or_else(|| self.complain(Column::MaxGpus, "is out of range", "at least `gpus`"))?;
        Ok(Some(Elastic { min, max, serial: serial.unwrap_or(Ratio::ZERO) }))
    }
    fn priority(&self) -> Result<Option<i32>, SourceError> {
        let Some(text) = self.present(Column::Priority) else { return Ok(None) };
        let digits = text.strip_prefix(b"-").unwrap_or(text);
        let magnitude = integer(digits).map_err(|what| self.complain(Column::Priority, &what, "an integer"))?;
        let value = i64::try_from(magnitude).ok().map(|value| if digits.len() < text.len() { -value } else { value });
        let value = value.and_then(|value| i32::try_from(value).ok());
        value.map(Some).ok_or_else(|| self.complain(Column::Priority, "is too large", "an integer of 32 bits"))
    }
    fn outcome(&self) -> Result<Outcome, SourceError> {
        match self.present(Column::Outcome) {
            None | Some(b"completed") => Ok(Outcome::Completed),
            Some(b"failed") => Ok(Outcome::Failed),
            Some(b"cancelled") => Ok(Outcome::Cancelled),
            Some(_) => Err(self.complain(Column::Outcome, "is unknown", "`completed`, `failed` or `cancelled`")),
        }
    }
}

/// Names the columns that are needed, as a header has them.
fn needed() -> String {
    COLUMNS.map(|(column, _)| column)[..NEEDED].join(",")
}

/// Finds the columns in the header.
fn header(records: &Records) -> Result<[Option<usize>; COLUMNS.len()], SourceError> {
    let needed = needed();
    let mut places = [None; COLUMNS.len()];
    records.check_separators()?;
    if (0..records.len()).all(|place| records.field(place).first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-')) {
        return Err(records.complain(0, "there is no header", &format!("the first line names the columns: {needed}")));
    }
    for place in 0..records.len() {
        let name = records.field(place);
        let Some(column) = COLUMNS.iter().position(|(column, _)| column.as_bytes() == name) else {
            let columns: Vec<Box<[u8]>> = COLUMNS.iter().map(|(column, _)| column.as_bytes().into()).collect();
            return Err(records.complain(place, &format!("column {} is unknown", shown(name)), &known(name, columns.iter())));
        };
        if let Some(first) = places[column].replace(place) {
            let what = format!("column {} stands twice, first as field {}", shown(name), first + 1);
            return Err(records.complain(place, &what, "each column stands once"));
        }
    }
    match (0..NEEDED).find(|column| places[*column].is_none()) {
        Some(missing) => Err(records.complain(0, &format!("column `{}` is missing", COLUMNS[missing].0), &format!("needed are {needed}"))),
        None => Ok(places),
    }
}
