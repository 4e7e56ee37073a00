//! `edwc run`: a scenario under one or several policies, to the terminal, as JSON, and into an output directory.

use super::arguments::{Format, Run};
use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use super::load::{self, Loaded};
use super::printer::Printer;
use super::record::record;
use super::simulate::{Request, simulate};
use super::{embedded, summary};
use crate::diag::Look;
use crate::model::PolicyChoice;
use crate::output::{Summary, tables};
use crate::policy::registry;
use crate::scenario::choose_policy;

/// Runs a scenario, or lists those at hand.
pub(super) fn run(arguments: &Run, printer: &mut Printer) -> Result<(), Failure> {
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
    let policies = policies(arguments, &loaded)?;
    loaded.print_warnings(Look::LIMIT, printer);
    let interrupt = Interrupt::listen().map_err(|error| Failure::new(Exit::Bug, format!("cannot listen for signals: {error}")))?;
    for (at, policy) in policies.iter().enumerate() {
        let request = Request {
            model: loaded.model(),
            policy,
            seed: arguments.seed.unwrap_or(loaded.model().seed),
            interrupt: &interrupt,
            quiet: arguments.quiet,
        };
        let outcome = match &arguments.out {
            Some(out) => record(&request, &loaded.origin, out, arguments.force, format, printer)?,
            None => simulate(&request, None)?,
        };
        if at > 0 && !arguments.json {
            printer.out("\n");
        }
        show(&outcome.summary, arguments.json, printer);
        if let Some(failure) = outcome.stopped {
            return Err(failure);
        }
    }
    Ok(())
}

fn show(summary: &Summary, as_json: bool, printer: &mut Printer) {
    let text = if as_json { summary.to_json() } else { summary::render(summary, printer.width()) };
    printer.out(&text);
}

/// Reads the policies of the command line; without one, the scenario's. Staging ahead of the start is the scenario's choice.
fn policies(arguments: &Run, loaded: &Loaded) -> Result<Vec<PolicyChoice>, Failure> {
    let own = &loaded.model().policy;
    let read = |text: &String| choose_policy(text, own).map_err(|problem| Failure::usage(&problem));
    let chosen = if arguments.policies.is_empty() { vec![own.clone()] } else { arguments.policies.iter().map(read).collect::<Result<_, _>>()? };
    match chosen.iter().find(|policy| arguments.no_oracle && registry::is_oracle(policy)) {
        Some(oracle) => {
            let message = format!("`{}` knows the true work of jobs, which `--no-oracle` refuses", registry::full_name(oracle));
            Err(Failure::new(Exit::Usage, message).help("`edwc policies` marks oracles with an asterisk"))
        }
        None => Ok(chosen),
    }
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
