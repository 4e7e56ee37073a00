//! The scenario file: reading, checking, and lowering to the [`Model`].
//!
//! The way of a file: [`read`] refuses what is no text; [`document`] parses it into values that know where they stand; [`extend`] puts
//! files and overrides on top of each other; [`keys`] checks the form by the list of all keys; [`lower`] makes the model, section by
//! section, and [`check`] looks at what the sections mean together. All problems are reported at once.

mod canonical;
mod check;
mod document;
mod extend;
mod keys;
mod lower;
mod pattern;
mod quantity;
mod read;
mod reader;

pub use canonical::{Difference, diff};
pub use check::{Fit, expected_load, fit, share_of_capacity};
pub use document::{Node, Table, Value};
pub use extend::{Document, Library};
pub use keys::{reference, schema};
pub use lower::evidence::{Input, evidence, takes_whole_numbers};
pub use lower::policy::choose as choose_policy;
pub use pattern::{is_pattern, matching};
pub use quantity::{Fault, Unit};

use crate::base::digest::Fingerprint;
use crate::diag::{Diagnostic, Diagnostics};
use crate::model::Model;
use extend::Gatherer;
use std::path::Path;

/// A scenario that can be run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it means.
    pub model: Model,
    /// What it says, in one piece.
    pub document: Document,
    /// What its author should know.
    pub warnings: Vec<Diagnostic>,
    /// A hash of what it says: neither format nor order of keys nor the way of writing a quantity matter, the bytes of series do.
    pub digest: Fingerprint,
}

/// What loading needs to know besides the file.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Paths that are taken away before anything is set.
    pub without: &'a [String],
    /// Overrides `PATH=VALUE`, applied in order.
    pub overrides: &'a [String],
    /// Scenarios that are built into the program, which a text without a folder may extend.
    pub library: Option<Library<'a>>,
}

impl Scenario {
    /// Reads, checks and lowers a file.
    ///
    /// # Errors
    /// All problems at once, with the texts that they point into.
    pub fn load(path: &Path, options: &Options<'_>) -> Result<Self, Diagnostics> {
        Self::build(options, |gatherer| gatherer.file(path))
    }

    /// Checks and lowers a text; `name` stands for the file in messages.
    ///
    /// # Errors
    /// All problems at once, with the texts that they point into.
    pub fn parse(name: &str, text: &str, options: &Options<'_>) -> Result<Self, Diagnostics> {
        Self::build(options, |gatherer| gatherer.text(name, text))
    }

    fn build(options: &Options<'_>, gather: impl FnOnce(&mut Gatherer<'_>) -> Option<Table>) -> Result<Self, Diagnostics> {
        let mut gatherer = Gatherer::new(options.library);
        let root = gather(&mut gatherer);
        let Some(mut root) = root.filter(|_| gatherer.out.is_empty()) else {
            return Err(Diagnostics { list: gatherer.out, sources: gatherer.sources });
        };
        for path in options.without {
            gatherer.take_away(&mut root, path);
        }
        for argument in options.overrides {
            gatherer.set(&mut root, argument);
        }
        let document = Document::new(root, gatherer.sources, gatherer.folders);
        let mut list = gatherer.out;
        let lowered = lower::lower_document(&document, &mut list);
        let (errors, warnings): (Vec<_>, Vec<_>) = list.into_iter().partition(|each| each.severity == crate::diag::Severity::Error);
        match lowered {
            Some((model, files)) if errors.is_empty() => Ok(Self { digest: canonical::digest(&document, &files), model, document, warnings }),
            _ => Err(Diagnostics { list: errors.into_iter().chain(warnings).collect(), sources: document.sources }),
        }
    }

    /// Returns the warnings with the texts that they point into, for rendering.
    pub fn diagnostics(&self) -> Diagnostics {
        Diagnostics { list: self.warnings.clone(), sources: self.document.sources.clone() }
    }
}

/// Returns a commented scenario to start from, which runs.
pub fn starter() -> &'static str {
    include_str!("starter.toml")
}
