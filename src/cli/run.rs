//! `edwc run`: a scenario under one or several policies, to the terminal, as JSON, and into an output directory.

use super::arguments::{Format, Run};
use super::chosen::{Chosen, Conditions};
use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::load::{self, Loaded};
use super::printer::Printer;
use super::record::record;
use super::simulate::{Request, simulate};
use super::{embedded, summary, twice};
use crate::bridge::{Transcript, policy_of};
use crate::diag::{Look, escape};
use crate::output::{Summary, tables};
use crate::policy::Registered;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Runs a scenario, or lists those at hand.
pub(super) fn run(arguments: &Run, registered: &[Registered], printer: &mut Printer) -> Result<(), Failure> {
    printer.hush(arguments.quiet);
    let Some(file) = &arguments.file else {
        printer.out(&embedded::list(printer.width()));
        return Ok(());
    };
    let format = format(arguments.format)?;
    if arguments.out.is_some() && arguments.policies.len() > 1 {
        return Err(Failure::new(Exit::Usage, "an output directory takes one policy").help("run each policy into a directory of its own"));
    }
    let loaded = load::load(file, &arguments.overrides)?;
    let policies = policies(arguments, &loaded, registered)?;
    if let Some(path) = &arguments.transcript {
        check_transcript(path, &policies)?;
    }
    loaded.print_warnings(Look::LIMIT, printer);
    let interrupt = Interrupt::listen().map_err(|error| Failure::new(Exit::Bug, format!("cannot listen for signals: {error}")))?;
    for (at, policy) in policies.iter().enumerate() {
        let request = Request {
            model: loaded.model(),
            policy,
            conditions: Conditions {
                no_oracle: arguments.no_oracle,
                time_limit: Duration::from_secs(arguments.policy_timeout),
                transcript: arguments.transcript.is_some() || arguments.out.is_some(),
                explain: arguments.explain,
            },
            seed: arguments.seed.unwrap_or(loaded.model().seed),
            replication: 0,
            interrupt: &interrupt,
            quiet: arguments.quiet,
        };
        if arguments.twice {
            twice::compare(&request)?.tell(printer)?;
            continue;
        }
        let mut outcome = match &arguments.out {
            Some(out) => record(&request, &loaded.origin, out, arguments.force, format, printer)?,
            None => simulate(&request, None)?,
        };
        let place = Place { at, of: policies.len(), last: at + 1 == policies.len() || outcome.stopped.is_some() };
        show(&outcome.summary, place, arguments.json, printer);
        if let (Some(path), Some(transcript)) = (&arguments.transcript, &mut outcome.transcript) {
            write_transcript(path, transcript).map_err(|error| Failure::io("write", path, &error))?;
            outcome.stopped = outcome.stopped.map(|failure| failure.repeated_by(path));
        } else if matches!(policy, Chosen::Command { .. }) && arguments.out.is_none() {
            outcome.stopped = outcome.stopped.map(Failure::untold);
        }
        if let Some(note) = &outcome.note {
            printer.note(&format!("note: {}\n", escape(note)));
        }
        if let Some(failure) = outcome.stopped {
            return Err(failure);
        }
    }
    Ok(())
}

/// Which of several summaries one is.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    of: usize,
    last: bool,
}

/// Prints a summary; several are one JSON array.
fn show(summary: &Summary, place: Place, as_json: bool, printer: &mut Printer) {
    if !as_json {
        let gap = if place.at > 0 { "\n" } else { "" };
        return printer.out(&format!("{gap}{}", summary::render(summary, printer.width())));
    }
    let json = summary.to_json();
    printer.out(&match place {
        Place { of: 1, .. } => json,
        Place { at, last, .. } => format!("{}{}{}", if at == 0 { "[\n" } else { ",\n" }, json.trim_end(), if last { "\n]\n" } else { "" }),
    });
}

/// Reads the policies of the command line; without one, the scenario's.
fn policies(arguments: &Run, loaded: &Loaded, registered: &[Registered]) -> Result<Vec<Chosen>, Failure> {
    let own = &loaded.model().policy;
    let chosen: Vec<Chosen> = match arguments.policies.as_slice() {
        [] => vec![Chosen::Parts(own.clone())],
        texts => texts.iter().map(|text| Chosen::read(text, own, registered)).collect::<Result<_, _>>()?,
    };
    if arguments.no_oracle {
        // Before anything runs, where that can be told: a command says so only when it is asked.
        chosen.iter().try_for_each(Chosen::refuse_oracle)?;
    }
    Ok(chosen)
}

/// Refuses a transcript that nobody would write, or in the place of something else.
fn check_transcript(path: &Path, policies: &[Chosen]) -> Result<(), Failure> {
    if !matches!(policies, [policy] if policy.is_foreign()) {
        return Err(
            Failure::new(Exit::Usage, "`--transcript` takes one policy, which runs out of process").help("choose it by `--policy exec:COMMAND`")
        );
    }
    if path.exists() && policy_of(path).is_err() {
        return Err(Failure::new(Exit::Usage, format!("`{}` exists and is no transcript", path.display())).help("choose another name"));
    }
    Ok(())
}

/// Writes a transcript beside its place and moves it there when it is whole.
fn write_transcript(path: &Path, transcript: &mut Transcript) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".edwc-transcript-").tempfile_in(folder)?;
    let plain = path.extension().is_none_or(|extension| extension != "gz");
    transcript.write_to(&mut file, plain)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// Returns the format of tables that was asked for, if this edwc can write it.
pub(super) fn format(asked: Format) -> Result<tables::Format, Failure> {
    match asked {
        Format::Csv => Ok(tables::Format::Csv),
        Format::Spreadsheet => Ok(tables::Format::Spreadsheet),
        #[cfg(feature = "parquet")]
        Format::Parquet => Ok(tables::Format::Parquet),
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => {
            Err(Failure::new(Exit::Usage, "this edwc was built without Parquet").help("build it with `cargo build --release --features parquet`"))
        }
    }
}
