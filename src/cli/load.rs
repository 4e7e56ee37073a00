//! From a command line to a checked scenario: a file, or the name of one that edwc brings along.

use super::embedded;
use super::failure::{Exit, Failure};
use super::printer::Printer;
use super::record::Origin;
use crate::diag::{Diagnostics, Look, closest};
use crate::model::{Arrivals, Model};
use crate::scenario::{Options, Scenario};
use std::path::{Path, PathBuf};

/// A scenario that can be run, and where it came from.
#[derive(Debug)]
pub(super) struct Loaded {
    /// Its file, or its name.
    pub(super) file: PathBuf,
    /// What was taken away from it.
    pub(super) without: Vec<String>,
    /// The scenario.
    pub(super) scenario: Scenario,
    /// Where it came from.
    pub(super) origin: Origin,
}

/// Loads a scenario and shows all that is wrong with it, up to the usual limit.
pub(super) fn load(file: &Path, overrides: &[String]) -> Result<Loaded, Failure> {
    load_limited(file, &[], overrides, Look::LIMIT)
}

/// Loads a scenario without what stands at some paths.
pub(super) fn load_without(file: &Path, without: &[String], overrides: &[String]) -> Result<Loaded, Failure> {
    load_limited(file, without, overrides, Look::LIMIT)
}

/// Loads a scenario; so many of its problems are shown.
pub(super) fn load_limited(file: &Path, without: &[String], overrides: &[String], limit: usize) -> Result<Loaded, Failure> {
    let library = |name: &str| embedded::find(name);
    let options = Options { without, overrides, library: Some(&library) };
    if embedded_text(file).is_none() && !file.exists() {
        return Err(missing(file));
    }
    let name = file.to_string_lossy().into_owned();
    let (scenario, mut inputs) = match embedded_text(file) {
        Some(text) => (Scenario::parse(&name, text, &options), Vec::new()),
        None => (Scenario::load(file, &options), vec![file.to_owned()]),
    };
    let scenario = scenario.map_err(|diagnostics| Failure::invalid(diagnostics, limit))?;
    inputs.extend(traces(&scenario.model));
    let origin = Origin { name, overrides: overrides.to_vec(), digest: scenario.digest.hex(), inputs };
    Ok(Loaded { file: file.to_owned(), without: without.to_vec(), scenario, origin })
}

impl Loaded {
    /// What the scenario means.
    pub(super) fn model(&self) -> &Model {
        &self.scenario.model
    }
    /// Prints what the scenario's author should know.
    pub(super) fn print_warnings(&self, limit: usize, printer: &mut Printer) {
        let diagnostics: Diagnostics = self.scenario.diagnostics();
        printer.warnings(&diagnostics, limit);
    }
}

/// A bare name is one of ours, unless there is a file of that name.
fn embedded_text(file: &Path) -> Option<&'static str> {
    let bare = file.components().count() == 1 && !file.exists();
    bare.then(|| file.to_str().and_then(embedded::find)).flatten()
}

/// A file that is not there; a name that is nearly one of ours was probably meant.
fn missing(file: &Path) -> Failure {
    let name = file.to_string_lossy();
    let help = match closest(name.strip_suffix(".toml").unwrap_or(&name), embedded::names()) {
        Some(near) => format!("did you mean `{near}`, which edwc brings along?"),
        None => "`edwc run` lists the scenarios at hand; `edwc init FILE` writes one to start from".to_owned(),
    };
    Failure::new(Exit::Io, format!("there is no file `{name}`")).help(help)
}

fn traces(model: &Model) -> impl Iterator<Item = PathBuf> + '_ {
    model.workloads.iter().filter_map(|workload| match &workload.arrivals {
        Arrivals::Trace(trace) => Some(trace.path.clone()),
        _ => None,
    })
}
