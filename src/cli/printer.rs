//! The only place that prints: results on standard output, everything else on standard error.

use crate::diag::{Diagnostics, Look};
use anstream::{AutoStream, ColorChoice};
use std::io::{self, IsTerminal, Stderr, Stdout, Write};

/// Columns of output that does not go to a terminal.
const COLUMNS: usize = 100;

/// Standard output and standard error. A reader that closed the pipe has heard enough: what follows is dropped quietly.
#[derive(Debug)]
pub(crate) struct Printer {
    out: AutoStream<Stdout>,
    err: AutoStream<Stderr>,
    quiet: bool,
    failed: Option<io::Error>,
}

impl Printer {
    /// Opens both streams; colours where a terminal has them and `NO_COLOR` is not set.
    pub(crate) fn new(quiet: bool) -> Self {
        Self { out: AutoStream::auto(io::stdout()), err: AutoStream::auto(io::stderr()), quiet, failed: None }
    }
    /// Drops notes from here on.
    pub(crate) fn hush(&mut self, quiet: bool) {
        self.quiet |= quiet;
    }
    /// Prints a result.
    pub(crate) fn out(&mut self, text: &str) {
        if self.failed.is_none() {
            self.failed = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).err();
        }
    }
    /// Prints something that is good to know, unless `--quiet`.
    pub(crate) fn note(&mut self, text: &str) {
        if !self.quiet {
            self.error(text);
        }
    }
    /// Prints what is wrong. Nobody can be told if standard error is gone.
    pub(crate) fn error(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes());
    }
    /// Prints warnings, unless `--quiet`.
    pub(crate) fn warnings(&mut self, diagnostics: &Diagnostics, limit: usize) {
        if !self.quiet {
            self.diagnostics(diagnostics, limit);
        }
    }
    /// Prints diagnostics: with excerpts on a terminal, else one line each.
    pub(crate) fn diagnostics(&mut self, diagnostics: &Diagnostics, limit: usize) {
        let text = if io::stderr().is_terminal() {
            let colour = self.err.current_choice() != ColorChoice::Never;
            diagnostics.render(Look { colour, width: width_of(terminal_size::terminal_size_of(io::stderr())), limit })
        } else {
            diagnostics.plain(limit)
        };
        self.error(&text);
    }
    /// Returns the columns of standard output.
    pub(crate) fn width(&self) -> usize {
        width_of(terminal_size::terminal_size_of(io::stdout()))
    }
    /// Returns what went wrong with standard output, if it is more than a reader that has gone.
    pub(crate) fn finish(self) -> Option<io::Error> {
        self.failed.filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }
}

fn width_of(size: Option<(terminal_size::Width, terminal_size::Height)>) -> usize {
    size.map_or(COLUMNS, |(width, _)| width.0.into())
}
