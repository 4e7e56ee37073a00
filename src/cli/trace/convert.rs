//! `edwc trace convert`: a log as edwc's own CSV, or as Parquet.

use super::super::arguments::{TraceConvert, TraceOutput};
use super::super::failure::{Exit, Failure};
use super::super::printer::Printer;
use super::{explained, format, open};
use crate::model::{Outcome, TraceFormat};
use crate::output::columns::{Field, Kind, Names, Value};
use crate::output::csv::CsvTable;
#[cfg(feature = "parquet")]
use crate::output::parquet::ParquetTable;
use crate::output::text::thousands;
use crate::workload::trace::{Log, LoggedJob, Order};
use std::fs::File;
use std::io;

/// Jobs that are written at once.
const AT_ONCE: usize = 8_192;

/// The columns, as the native CSV names them.
static COLUMNS: &[Field<LoggedJob>] = &[
    field("job", Kind::Integer, |job, _| Value::Integer(job.id)),
    field("submit_s", Kind::Decimal(6), |job, _| Value::Decimal(job.submit_us.into())),
    field("gpus", Kind::Integer, |job, _| Value::Integer(job.gpus.into())),
    field("work_s", Kind::Decimal(6), |job, _| Value::Decimal(job.work.0.into())),
    field("estimate_s", Kind::Decimal(6), |job, _| job.estimate.map_or(Value::Empty, |estimate| Value::Decimal(estimate.0.into()))),
    field("user", Kind::Integer, |job, _| job.user.map_or(Value::Empty, Value::Integer)),
    field("outcome", Kind::Text, |job, _| {
        Value::Text(match job.outcome {
            Outcome::Completed => "completed",
            Outcome::Failed => "failed",
            Outcome::Cancelled => "cancelled",
        })
    }),
];

const fn field(name: &'static str, kind: Kind, value: for<'a> fn(&LoggedJob, &'a Names) -> Value<'a>) -> Field<LoggedJob> {
    Field { name, kind, english: "", chinese: "", value }
}

/// Writes the log into a file that appears when it is whole.
pub(super) fn run(arguments: &TraceConvert, printer: &mut Printer) -> Result<(), Failure> {
    let input = &arguments.input;
    if format(input)? == TraceFormat::Csv && arguments.to == TraceOutput::Csv {
        return Err(Failure::new(Exit::Usage, "the log is edwc's own CSV already").help("name its format if it is another: `--format itp`"));
    }
    if arguments.out.exists() {
        return Err(Failure::new(Exit::Io, format!("`{}` exists", arguments.out.display())).help("remove it first, or write elsewhere"));
    }
    let mut log = open(input, if arguments.sort { Order::Sorted } else { Order::Checked })?;
    let folder = arguments.out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref());
    let failed = |error: &io::Error| Failure::io("write", &arguments.out, error);
    let file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    let into = file.reopen().map_err(|error| failed(&error))?;
    let jobs = match arguments.to {
        TraceOutput::Csv => {
            let mut table = CsvTable::new(COLUMNS, false, into);
            let jobs = copy(arguments, &mut log, &mut |rows| table.rows(rows, &Names::default()))?;
            table.finish().and_then(|file: File| file.sync_all()).map_err(|error| failed(&error))?;
            jobs
        }
        TraceOutput::Parquet => parquet(arguments, &mut log, into)?,
    };
    file.persist_noclobber(&arguments.out).map_err(|error| failed(&error.error))?;
    for (reason, rows) in log.left_out() {
        printer.note(&format!("left out {} {reason}\n", thousands(rows)));
    }
    for note in log.notes() {
        printer.note(&format!("{note}\n"));
    }
    printer.note(&format!("wrote {} jobs into `{}`\n", thousands(jobs), arguments.out.display()));
    Ok(())
}

#[cfg(feature = "parquet")]
fn parquet(arguments: &TraceConvert, log: &mut Log, into: File) -> Result<u64, Failure> {
    let failed = |error: &io::Error| Failure::io("write", &arguments.out, error);
    let mut table = ParquetTable::new(COLUMNS, into).map_err(|error| failed(&error))?;
    let jobs = copy(arguments, log, &mut |rows| table.rows(rows, &Names::default()))?;
    table.finish().and_then(|file| file.sync_all()).map_err(|error| failed(&error))?;
    Ok(jobs)
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: &TraceConvert, _: &mut Log, _: File) -> Result<u64, Failure> {
    Err(Failure::new(Exit::Usage, "this edwc was built without Parquet").help("build it with `cargo build --release --features parquet`"))
}

/// Copies all jobs, many at once; returns how many there were.
fn copy(arguments: &TraceConvert, log: &mut Log, write: &mut dyn FnMut(&[LoggedJob]) -> io::Result<()>) -> Result<u64, Failure> {
    let mut rows = Vec::with_capacity(AT_ONCE);
    let mut jobs = 0;
    loop {
        let next = log.next_job().map_err(|error| explained(&arguments.input, error.into()))?;
        let ended = next.is_none();
        rows.extend(next);
        if rows.len() == AT_ONCE || ended {
            write(&rows).map_err(|error| Failure::io("write", &arguments.out, &error))?;
            jobs += rows.len() as u64;
            rows.clear();
        }
        if ended {
            return Ok(jobs);
        }
    }
}
