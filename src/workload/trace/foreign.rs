//! Logs that others have published as CSV: what their formats have in common. A format says which columns it reads and what a row means; columns that
//! it does not know are left aside with a note, rows that are no jobs for this simulator are left out and counted by reason.

use super::clock::{self, Clock};
use super::ids;
use super::number::{decimal, integer};
use super::record::{Records, shown};
use super::row::{Row, Who};
use crate::base::Span;
use crate::model::{ClassId, Outcome, SourceError};

/// A format.
#[derive(Debug)]
pub(super) struct Layout {
    /// The columns that are read, the needed ones first. `read` knows them by their places here.
    pub columns: &'static [&'static str],
    /// How many are needed.
    pub needed: usize,
    /// Columns that are known and left aside.
    pub aside: &'static [&'static str],
    /// The columns in the order of files that come without a header.
    pub headless: Option<&'static [&'static str]>,
    /// The columns that make up the id; none: a row is known by its number.
    pub id: &'static [usize],
    /// The column that says when a job was submitted.
    pub submit: usize,
    /// The column that names the model which a job trains.
    pub model: Option<usize>,
    /// What a row means.
    pub read: fn(&Line<'_>) -> Result<Found, SourceError>,
}

/// What a row is.
#[derive(Debug)]
pub(super) enum Found {
    /// A job.
    Job(Recorded),
    /// Something else, for a reason.
    LeftOut(&'static str),
}

/// A job as a foreign log has it.
#[derive(Debug)]
pub(super) struct Recorded {
    /// When it was submitted, in µs on the log's own clock.
    pub submit_us: i64,
    pub gpus: u32,
    pub work: Span,
    pub estimate: Option<Span>,
    /// The user, any text; empty: unknown.
    pub user: Vec<u8>,
    pub outcome: Outcome,
}

/// Reads rows of a foreign format.
#[derive(Debug)]
pub(super) struct ForeignReader {
    records: Records,
    layout: &'static Layout,
    /// Where each of the layout's columns stands.
    places: Vec<Option<usize>>,
    width: usize,
    rows: u64,
    clock: Clock,
    id: Vec<u8>,
    /// Whether the record at hand, the first of a file without a header, is still to be read.
    pending: bool,
    left_out: Vec<(&'static str, u64)>,
    unknown: Vec<String>,
    /// Classes by model.
    classes: Vec<(String, ClassId)>,
}

impl ForeignReader {
    /// Reads the header.
    pub fn open(mut records: Records, layout: &'static Layout, classes: &[(String, ClassId)]) -> Result<Self, SourceError> {
        let needed = layout.columns[..layout.needed].join(",");
        if !records.advance()? {
            return Err(records.complain(0, "there is no header", &format!("the first line names the columns: {needed}")));
        }
        records.check_separators()?;
        let known = |name: &[u8]| layout.columns.iter().chain(layout.aside).any(|column| column.as_bytes() == name);
        let nothing_known = !(0..records.len()).any(|place| known(records.field(place)));
        let headless = layout.headless.filter(|columns| nothing_known && columns.len() == records.len());
        let (mut places, mut unknown) = (vec![None; layout.columns.len()], Vec::new());
        match headless {
            Some(order) => {
                for (place, column) in layout.columns.iter().zip(&mut places) {
                    *column = order.iter().position(|name| name == place);
                }
            }
            None => header(&records, layout, &mut places, &mut unknown)?,
        }
        let width = records.len();
        let pending = headless.is_some();
        Ok(Self {
            records,
            layout,
            places,
            width,
            rows: 0,
            clock: Clock::default(),
            id: Vec::new(),
            pending,
            left_out: Vec::new(),
            unknown,
            classes: classes.to_vec(),
        })
    }
    /// Reads the next job.
    pub fn next_row(&mut self) -> Result<Option<Row>, SourceError> {
        loop {
            if !std::mem::take(&mut self.pending) && !self.records.advance()? {
                return Ok(None);
            }
            self.records.check_width(self.width)?;
            let line = Line { records: &self.records, layout: self.layout, places: &self.places };
            match (self.layout.read)(&line)? {
                Found::Job(job) => return self.row(&job).map(Some),
                Found::LeftOut(reason) => match self.left_out.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, count)) => *count += 1,
                    None => self.left_out.push((reason, 1)),
                },
            }
        }
    }
    /// Returns the id of the row that was read last.
    pub fn id(&self) -> &[u8] {
        &self.id
    }
    /// Counts the rows that were left out, by reason.
    pub fn left_out(&self) -> &[(&'static str, u64)] {
        &self.left_out
    }
    /// Names the columns that were not known.
    pub fn note(&self) -> Option<String> {
        let names: Vec<String> = self.unknown.iter().map(|name| shown(name.as_bytes())).collect();
        (!names.is_empty()).then(|| format!("{}: columns that the format does not have were left aside: {}", self.records.label(), names.join(", ")))
    }
    /// Returns the records below.
    pub fn records(&mut self) -> &mut Records {
        &mut self.records
    }
    /// Makes the error of the last row's id.
    pub fn complain_of_id(&self, what: &str, allowed: &str) -> SourceError {
        self.line().complain(self.layout.id.first().copied().unwrap_or(self.layout.submit), what, allowed)
    }
    /// Makes the error of the last row's time of submission.
    pub fn complain_of_submit(&self, what: &str, allowed: &str) -> SourceError {
        self.line().complain(self.layout.submit, what, allowed)
    }

    fn class(&self) -> Option<ClassId> {
        let model = self.line().text(self.layout.model?);
        self.classes.iter().find(|(name, _)| name.as_bytes() == model).map(|(_, class)| *class)
    }
    fn line(&self) -> Line<'_> {
        Line { records: &self.records, layout: self.layout, places: &self.places }
    }
    fn row(&mut self, job: &Recorded) -> Result<Row, SourceError> {
        let line = self.records.line();
        let submit = self.line().text(self.layout.submit);
        let checked = match clock::date(submit) {
            Ok((_, zoned)) => self.clock.check_zone(line, zoned),
            Err(_) => self.clock.check(line, job.submit_us),
        };
        checked.map_err(|what| self.complain_of_submit(&what, "all rows keep one clock"))?;
        let mut id = std::mem::take(&mut self.id);
        id.clear();
        for (index, column) in self.layout.id.iter().enumerate() {
            id.extend_from_slice(if index > 0 { b"/" } else { b"" });
            id.extend_from_slice(self.line().text(*column));
        }
        if self.layout.id.is_empty() {
            id.extend_from_slice((self.rows + 1).to_string().as_bytes());
        }
        self.id = id;
        let row = Row {
            number: self.rows,
            line,
            id: integer(&self.id).unwrap_or(self.rows + 1),
            submit_us: job.submit_us,
            gpus: job.gpus,
            elastic: None,
            work: job.work,
            estimate: job.estimate,
            who: if job.user.is_empty() { Who::Unknown } else { Who::User(integer(&job.user).unwrap_or_else(|_| ids::hash(&job.user))) },
            class: self.class(),
            dataset: None,
            patience: None,
            pays_up_to: None,
            priority: None,
            outcome: job.outcome,
        };
        self.rows += 1;
        Ok(row)
    }
}

/// The row at hand, by the layout's columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    records: &'a Records,
    layout: &'static Layout,
    places: &'a [Option<usize>],
}

impl<'a> Line<'a> {
    /// Returns a field's text; empty where the column is missing.
    pub fn text(&self, column: usize) -> &'a [u8] {
        self.places[column].map_or(&[], |place| self.records.field(place))
    }
    /// Reads a number of seconds, in µs; none if the field is empty.
    pub fn micros(&self, column: usize) -> Result<Option<i64>, SourceError> {
        self.scaled(column, 6, "a number of seconds")
    }
    /// Reads a number in units of 10⁻ᵈ of what the log counts; none if the field is empty.
    pub fn scaled(&self, column: usize, digits: usize, allowed: &str) -> Result<Option<i64>, SourceError> {
        match self.text(column) {
            [] => Ok(None),
            text => decimal(text, digits).map(Some).map_err(|what| self.complain(column, &what, allowed)),
        }
    }
    /// Reads a number of seconds that must be there.
    pub fn seconds_since_zero(&self, column: usize) -> Result<i64, SourceError> {
        self.micros(column)?.ok_or_else(|| self.complain(column, "is empty", "a number of seconds"))
    }
    /// Reads a length of time that must be there, at least 0.
    pub fn span(&self, column: usize) -> Result<Span, SourceError> {
        let micros = self.seconds_since_zero(column)?;
        u64::try_from(micros).map(Span).map_err(|_| self.complain(column, "is negative", "a number of seconds, at least 0"))
    }
    /// Reads a date, in µs since 1970; none if the field is empty.
    pub fn date(&self, column: usize) -> Result<Option<i64>, SourceError> {
        match self.text(column) {
            [] => Ok(None),
            text => clock::date(text).map(|(micros, _)| Some(micros)).map_err(|what| self.complain(column, &what, "such as 2023-03-01 00:18:22")),
        }
    }
    /// Reads a date that must be there.
    pub fn date_needed(&self, column: usize) -> Result<i64, SourceError> {
        self.date(column)?.ok_or_else(|| self.complain(column, "is empty", "such as 2023-03-01 00:18:22"))
    }
    /// Reads a number of things, which some logs write as `8.0`; 0 if the field is empty.
    pub fn count(&self, column: usize) -> Result<u32, SourceError> {
        let text = self.text(column);
        let whole = text.strip_suffix(b".0").unwrap_or(text);
        if whole.is_empty() {
            return Ok(0);
        }
        let count = integer(whole).map_err(|what| self.complain(column, &what, "an integer, at least 0"))?;
        u32::try_from(count).map_err(|_| self.complain(column, "is too large", "at most 4294967295"))
    }
    /// Reads a gang, at least 1.
    pub fn gang(&self, column: usize) -> Result<u32, SourceError> {
        match self.count(column)? {
            0 => Err(self.complain(column, "is no gang", "a gang has at least one GPU")),
            gpus => Ok(gpus),
        }
    }
    /// Makes the error of a field.
    pub fn complain(&self, column: usize, what: &str, allowed: &str) -> SourceError {
        let text = self.text(column);
        let value = if text.is_empty() { String::new() } else { format!("{} ", shown(text)) };
        self.records.complain(self.places[column].unwrap_or(0), &format!("{}: {value}{what}", self.layout.columns[column]), allowed)
    }
}

/// Finds the layout's columns in the header.
fn header(records: &Records, layout: &Layout, places: &mut [Option<usize>], unknown: &mut Vec<String>) -> Result<(), SourceError> {
    for place in 0..records.len() {
        let name = records.field(place);
        let twice = (0..place).find(|other| records.field(*other) == name);
        if let Some(first) = twice.filter(|_| !name.is_empty()) {
            let what = format!("column {} stands twice, first as field {}", shown(name), first + 1);
            return Err(records.complain(place, &what, "each column stands once"));
        }
        match layout.columns.iter().position(|column| column.as_bytes() == name) {
            Some(column) => places[column] = Some(place),
            None if layout.aside.iter().any(|column| column.as_bytes() == name) => {}
            None => unknown.push(String::from_utf8_lossy(name).into_owned()),
        }
    }
    let missing = (0..layout.needed).find(|column| places[*column].is_none());
    let needed = layout.columns[..layout.needed].join(",");
    missing.map_or(Ok(()), |missing| {
        Err(records.complain(0, &format!("column `{}` is missing", layout.columns[missing]), &format!("needed are {needed}")))
    })
}
