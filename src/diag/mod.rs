//! What is wrong with an input, said so that its author can put it right: code, place, key path, what is allowed, "did you mean".
//!
//! A [`Diagnostic`] is plain data. [`Diagnostics`] carries many of them with the texts that they point into; the renderer
//! ([`Diagnostics::render`] for a terminal, [`Diagnostics::plain`] one line each) makes text of it, and nothing here prints.

mod catalogue;
mod pages;
mod render;
mod source;
mod suggest;

pub use catalogue::{Code, Example, Page, explain, pages};
pub use pages::*;
pub use render::{Look, escape};
pub use source::{At, FileId, SourceMap};
pub use suggest::closest;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Nothing can be run.
    Error,
    /// The run is possible, and the author should know.
    Warning,
    /// Worth to know.
    Note,
}

/// Where something is: a piece of a source and the path of the key that it belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The bytes.
    pub at: At,
    /// The path of the key (`site.zhongwei.pue`), empty for the file as a whole.
    pub path: String,
    /// What the caret says, where that is not the path.
    pub label: Option<String>,
}

/// One thing that is wrong, or worth to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// Its code; the catalogue has a page for it.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, values in backticks.
    pub message: String,
    /// The place, then further places that have to do with it.
    pub places: Vec<Place>,
    /// What is allowed, and what else helps.
    pub help: Vec<String>,
    /// The nearest thing that would be right.
    pub suggestion: Option<String>,
}

impl Diagnostic {
    /// Makes a diagnostic; its severity is its code's.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), message: message.into(), places: Vec::new(), help: Vec::new(), suggestion: None }
    }
    /// Adds a place; the first is where the caret stands.
    pub fn at(mut self, at: At, path: impl Into<String>) -> Self {
        self.places.push(Place { at, path: path.into(), label: None });
        self
    }
    /// Adds a place whose caret says something else than the path.
    pub fn also(mut self, at: At, path: impl Into<String>, label: impl Into<String>) -> Self {
        self.places.push(Place { at, path: path.into(), label: Some(label.into()) });
        self
    }
    /// Adds what is allowed.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
    /// Says which of the known names was probably meant; nothing if none is near.
    pub fn did_you_mean<'a>(mut self, written: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        self.suggestion = closest(written, known);
        self
    }
}

/// Diagnostics with the texts that they point into.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    /// What is wrong, in the order in which it is shown.
    pub list: Vec<Diagnostic>,
    /// The texts.
    pub sources: SourceMap,
}

impl Diagnostics {
    /// Tells whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
    /// Counts diagnostics of one severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }
    /// Returns the exit code of a command that ends with them: 0 without errors, 3 for invalid input, 5 where a limit on
    /// resources is all that is wrong, 6 where a file cannot be read.
    pub fn exit_code(&self) -> u8 {
        let codes = || self.list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).map(|diagnostic| diagnostic.code.exit_code());
        if codes().any(|code| code == 3) { 3 } else { codes().max().unwrap_or(0) }
    }
}
