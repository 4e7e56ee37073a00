//! `edwc trace`: what is in a log of jobs, the same jobs as another file, and laws fitted to them.

mod convert;
mod fit;
mod rhythm;
mod stats;
mod survey;

use super::arguments::{Trace, TraceCleaning, TraceInput};
use super::failure::{Exit, Failure};
use super::printer::Printer;
use crate::base::time::MICROS_PER_HOUR;
use crate::model::{TraceClean, TraceFormat};
use crate::workload::trace::{Log, Order};
use survey::Survey;

/// Runs one of the commands.
pub(super) fn run(arguments: &Trace, printer: &mut Printer) -> Result<(), Failure> {
    match arguments {
        Trace::Stats(arguments) => stats::run(arguments, printer),
        Trace::Convert(arguments) => convert::run(arguments, printer),
        Trace::Fit(arguments) => fit::run(arguments, printer),
    }
}

/// Returns the format of a log: as given, or by the end of its name.
fn format(input: &TraceInput) -> Result<TraceFormat, Failure> {
    if let Some(word) = &input.format {
        return TraceFormat::from_word(word).ok_or_else(|| {
            let words = TraceFormat::WORDS.join("`, `");
            Failure::new(Exit::Usage, format!("no format of logs is named `{word}`")).help(format!("the formats are `{words}`"))
        });
    }
    let name = input.file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    match name.trim_end_matches(".gz").rsplit_once('.') {
        Some((_, "swf")) => Ok(TraceFormat::Swf),
        Some((_, "json")) => Ok(TraceFormat::Batsim),
        _ => Ok(TraceFormat::Csv),
    }
}

/// Opens a log.
fn open(input: &TraceInput, order: Order) -> Result<Log, Failure> {
    let clean = match input.clean {
        TraceCleaning::AsIs => TraceClean::AsIs,
        TraceCleaning::Pyss => TraceClean::Pyss,
        TraceCleaning::Muri => TraceClean::Muri,
    };
    let format = format(input)?;
    if let Some(cleaned) = clean.format().filter(|cleaned| *cleaned != format) {
        let message = format!("this rule cleans logs of format `{}`; the log is read as `{}`", cleaned.word(), format.word());
        return Err(Failure::new(Exit::Usage, message).help(format!("leave it out, or write `--format {}`", cleaned.word())));
    }
    Log::open(&input.file, format, clean, order).map_err(|error| explained(input, error.into()))
}

/// Reads a log to its end; its clock is moved by so many hours for hours and weekdays.
fn surveyed(input: &TraceInput, shift_h: f64) -> Result<(Log, Survey), Failure> {
    let mut log = open(input, Order::AsTheyStand)?;
    let shift_us = (shift_h * MICROS_PER_HOUR as f64) as i64;
    let mut survey = Survey::default();
    while let Some(job) = log.next_job().map_err(|error| explained(input, error.into()))? {
        survey.add(&job, shift_us);
    }
    Ok((log, survey))
}

/// Says how to name the format, where a log is taken for edwc's own CSV.
fn explained(input: &TraceInput, failure: Failure) -> Failure {
    if input.format.is_some() || !matches!(format(input), Ok(TraceFormat::Csv)) {
        return failure;
    }
    failure.help(format!("if the log is of another format, name it: `--format {}`", TraceFormat::WORDS[1..].join("|")))
}
