//! Why a command ends without doing what it was asked, and the exit code that says so.

use super::printer::Printer;
use super::summary::ATTENTION;
use crate::diag::{Diagnostic, Diagnostics, escape};
use crate::output::DirectoryError;
use std::io;
use std::path::Path;

/// The exit codes of edwc, as the reference page lists them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// The command ran and what it checked does not hold.
    CheckFailed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// An input is wrong.
    Invalid = 3,
    /// The policy failed or broke the protocol.
    Policy = 4,
    /// A limit on resources was met.
    Resource = 5,
    /// A file cannot be read or written.
    Io = 6,
    /// A bug.
    Bug = 70,
    /// Ctrl-C.
    Interrupted = 130,
}

/// A command that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    said: Said,
}

#[derive(Debug)]
enum Said {
    /// All that is to say was printed.
    Already,
    Message {
        message: String,
        help: Option<String>,
        /// What somebody else wrote, under a line that says so.
        quoted: Option<(&'static str, Vec<String>)>,
    },
    Diagnostics {
        diagnostics: Box<Diagnostics>,
        limit: usize,
    },
}

impl Failure {
    /// Makes a failure of a message: lower case, no full stop, values in backticks.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, said: Said::Message { message: message.into(), help: None, quoted: None } }
    }
    /// Says what would help.
    pub(crate) fn help(mut self, line: impl Into<String>) -> Self {
        if let Said::Message { help, .. } = &mut self.said {
            *help = Some(line.into());
        }
        self
    }
    /// Adds what would help too.
    pub(crate) fn also(mut self, line: impl AsRef<str>) -> Self {
        if let Said::Message { help, .. } = &mut self.said {
            let before = help.take().map_or_else(String::new, |before| before + "; ");
            *help = Some(before + line.as_ref());
        }
        self
    }
    /// Adds how the failure of a policy can be had again.
    pub(crate) fn repeated_by(self, transcript: &Path) -> Self {
        if self.exit != Exit::Policy {
            return self;
        }
        self.also(format!("the same command with `--policy replay:{}` repeats it without the policy", transcript.display()))
    }
    /// Adds how the failure of a policy could be had again, had it been written down.
    pub(crate) fn untold(self) -> Self {
        if self.exit == Exit::Policy { self.also("`--transcript FILE` keeps what is said, and `--policy replay:FILE` repeats it") } else { self }
    }
    /// Says in which run of an experiment it happened.
    pub(crate) fn of_run(mut self, name: &str, replication: u64) -> Self {
        if let Said::Message { message, .. } = &mut self.said
            && self.exit != Exit::Interrupted
        {
            *message = format!("`{name}`, replication {replication}: {message}");
        }
        self
    }
    /// Adds lines that somebody else wrote.
    pub(crate) fn quote(mut self, title: &'static str, lines: &[String]) -> Self {
        if let Said::Message { quoted, .. } = &mut self.said {
            *quoted = Some((title, lines.to_vec()));
        }
        self
    }
    /// Makes a failure of an argument that was diagnosed like a piece of a file.
    pub(crate) fn usage(problem: &Diagnostic) -> Self {
        let failure = Self::new(Exit::Usage, format!("{} [{}]", problem.message, problem.code.name()));
        match (&problem.suggestion, problem.help.first()) {
            (Some(suggestion), _) => failure.help(format!("did you mean `{suggestion}`?")),
            (None, Some(help)) => failure.help(help),
            (None, None) => failure,
        }
    }
    /// Makes a failure of which everything was printed.
    pub(crate) fn silent(exit: Exit) -> Self {
        Self { exit, said: Said::Already }
    }
    /// Makes a failure of inputs that are wrong; so many of the diagnostics are shown.
    pub(crate) fn invalid(diagnostics: Diagnostics, limit: usize) -> Self {
        let exit = match diagnostics.exit_code() {
            5 => Exit::Resource,
            6 => Exit::Io,
            _ => Exit::Invalid,
        };
        Self { exit, said: Said::Diagnostics { diagnostics: Box::new(diagnostics), limit } }
    }
    /// Makes a failure of a file operation.
    pub(crate) fn io(what: &str, path: &Path, error: &io::Error) -> Self {
        // The number of the system's error says nothing to a reader.
        let reason = error.to_string();
        let reason = reason.split(" (os error").next().unwrap_or_default().to_lowercase();
        Self::new(Exit::Io, format!("cannot {what} `{}`: {reason}", path.display()))
    }
    /// Says it on standard error.
    pub(crate) fn print(&self, printer: &mut Printer) {
        match &self.said {
            Said::Already => {}
            Said::Message { message, help, quoted } => {
                printer.error(&format!("{ATTENTION}error{ATTENTION:#}: {}\n", escape(message)));
                if let Some((title, lines)) = quoted {
                    printer.error(&format!("{title}:\n"));
                    lines.iter().for_each(|line| printer.error(&format!("  {}\n", escape(line))));
                }
                if let Some(help) = help {
                    printer.error(&format!("help: {}\n", escape(help)));
                }
            }
            Said::Diagnostics { diagnostics, limit } => {
                printer.diagnostics(diagnostics, *limit);
                printer.error(&format!("{}; nothing was run\n", plural(diagnostics.count(crate::diag::Severity::Error), "error")));
            }
        }
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        let exit = match &error {
            DirectoryError::Refused(_) => Exit::Usage,
            DirectoryError::Locked { .. } | DirectoryError::Io { .. } => Exit::Io,
        };
        Self::new(exit, error.to_string())
    }
}

/// Writes a number with its word, in the plural where it takes one.
pub(crate) fn plural(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}
