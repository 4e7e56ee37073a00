//! The command line: one file a command, one place that prints, and exit codes that scripts can rely on.

mod arguments;
mod bound;
mod cases;
mod check;
mod chosen;
mod conformance;
mod diff;
mod embedded;
mod evidence;
mod experiment;
mod explain;
mod failure;
mod init;
mod interrupt;
mod load;
mod metrics;
mod policies;
mod printer;
#[expect(clippy::disallowed_types, reason = "patience is wall-clock time")]
mod progress;
mod record;
mod reproduce;
mod run;
mod schema;
#[expect(clippy::disallowed_types, reason = "the summary tells how long the run took")]
mod simulate;
mod story;
mod summary;
mod text;
#[expect(clippy::disallowed_types, reason = "the policy is timed by the wall clock")]
mod timed;
mod trace;
mod twice;
mod verify;
mod why;

use crate::policy::{Registered, registry};
use arguments::{Arguments, Command, PolicyCommand};
use clap::{CommandFactory, Parser};
use failure::{Exit, Failure};
use printer::Printer;
use std::panic;
use std::process::ExitCode;

/// Runs the command line of the process and returns its exit code.
pub fn main() -> ExitCode {
    main_with(&[])
}

/// Runs the command line of the process with policies of another crate beside those that edwc brings along: the whole of edwc, with one more
/// name for `--policy`.
pub fn main_with(registered: &[Registered]) -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let mut printer = Printer::new(false);
    catch_bugs();
    let result = panic::catch_unwind(panic::AssertUnwindSafe(|| dispatch(arguments, registered, &mut printer)));
    let exit = match result {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => {
            failure.print(&mut printer);
            Some(failure.exit)
        }
        // The hook has said what there is to say.
        Err(_) => Some(Exit::Bug),
    };
    if let Some(error) = printer.finish() {
        Failure::new(Exit::Io, format!("cannot write to standard output: {error}")).print(&mut Printer::new(false));
        return ExitCode::from(exit.unwrap_or(Exit::Io) as u8);
    }
    exit.map_or(ExitCode::SUCCESS, |exit| ExitCode::from(exit as u8))
}

fn dispatch(arguments: Arguments, registered: &[Registered], printer: &mut Printer) -> Result<(), Failure> {
    for policy in registered {
        let clear = registry::part(policy.name).is_none() && !policy.name.contains([':', '+', '(']);
        assert!(clear, "a policy cannot be registered as `{}`: the name means something else to edwc", policy.name);
    }
    match arguments.command {
        None => printer.out(&Arguments::command().render_help().ansi().to_string()),
        Some(Command::Run(arguments)) => return run::run(&arguments, registered, printer),
        Some(Command::Check(arguments)) => return check::run(&arguments, printer),
        Some(Command::Bound(arguments)) => return bound::run(&arguments, registered, printer),
        Some(Command::Explain(arguments)) => return explain::run(&arguments, printer),
        Some(Command::Schema(arguments)) => schema::run(&arguments, printer),
        Some(Command::Init(arguments)) => return init::run(&arguments, printer),
        Some(Command::Diff(arguments)) => return diff::run(&arguments, printer),
        Some(Command::Policies(arguments)) => return policies::run(&arguments, registered, printer),
        Some(Command::Policy(PolicyCommand::Test(arguments))) => return conformance::run(&arguments, printer),
        Some(Command::Trace(arguments)) => return trace::run(&arguments, printer),
        Some(Command::Metrics(arguments)) => metrics::run(&arguments, printer),
        Some(Command::Compare(arguments)) => return experiment::compare(&arguments, registered, printer),
        Some(Command::Merge(arguments)) => return experiment::merge(&arguments, printer),
        Some(Command::Sweep(arguments)) => return experiment::sweep(&arguments, registered, printer),
        Some(Command::Solve(arguments)) => return experiment::solve(&arguments, registered, printer),
        Some(Command::Why(arguments)) => return why::run(&arguments, printer),
        Some(Command::Reproduce(arguments)) => return reproduce::run(&arguments, registered, printer),
        Some(Command::Verify(arguments)) => return verify::run(&arguments, printer),
    }
    Ok(())
}

/// Prints what clap says: help and version on standard output, everything else with the usage in one line and exit code 2.
fn refuse(error: &clap::Error) -> ExitCode {
    let mut printer = Printer::new(false);
    let text = error.render().ansi().to_string();
    if !error.use_stderr() {
        printer.out(&text);
        return ExitCode::SUCCESS;
    }
    printer.error(&text);
    if !text.contains("Usage:") {
        printer.error(&format!("{}\n", usage(std::env::args().nth(1).as_deref())));
    }
    ExitCode::from(Exit::Usage as u8)
}

/// Returns the usage of a command in one line; clap leaves it out where only a value is wrong.
fn usage(command: Option<&str>) -> String {
    let mut edwc = Arguments::command();
    edwc.build();
    let known = command.and_then(|name| edwc.find_subcommand_mut(name)).map(|command| command.render_usage().ansi().to_string());
    known.unwrap_or_else(|| Arguments::command().render_usage().ansi().to_string())
}

/// Turns a panic into a report that can be sent, and one line that says where it is.
fn catch_bugs() {
    panic::set_hook(Box::new(|bug| {
        let mut printer = Printer::new(false);
        let report = format!(
            "edwc {} on {} {}\narguments: {:?}\n{bug}\n\n{}\n",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH,
            std::env::args_os().collect::<Vec<_>>(),
            std::backtrace::Backtrace::force_capture()
        );
        let path = std::env::temp_dir().join(format!("edwc-bug-{}.txt", std::process::id()));
        let place = match std::fs::write(&path, &report) {
            Ok(()) => format!("a report is in `{}`", path.display()),
            Err(_) => format!("the report could not be written:\n{report}"),
        };
        printer.error(&format!("error: this is a bug in edwc, not in your input; {place}\n"));
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn all_commands_fit_one_screen() {
        let help = Arguments::command().render_help().to_string();
        assert!(help.lines().count() <= 30, "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }

    #[test]
    fn wrong_command_lines_are_usage_errors() {
        for arguments in [
            &["edwc", "run", "--threads", "0"][..],
            &["edwc", "run", "--seed"],
            &["edwc", "run", "--seed", "-1"],
            &["edwc", "run", "--force"],
            &["edwc", "run", "a", "b"],
            &["edwc", "run", "a", "--out", "b", "--format", "xlsx"],
            &["edwc", "explain", "E0117", "--markdown"],
            &["edwc", "fly"],
        ] {
            let error = Arguments::try_parse_from(arguments).expect_err("refused");
            assert_eq!(error.exit_code(), 2, "{arguments:?}");
            assert!(error.use_stderr());
        }
    }
}
