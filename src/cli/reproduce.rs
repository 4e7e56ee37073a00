//! `edwc reproduce`: runs again what an output directory was made from, and compares fingerprint and files.

use super::arguments::{self, Reproduce};
use super::chosen::{Chosen, Conditions, EXEC};
use super::failure::{Exit, Failure, plural};
use super::interrupt::Interrupt;
use super::load;
use super::printer::Printer;
use super::record::{TRANSCRIPT, record};
use super::run::format;
use super::simulate::Request;
use super::story;
use crate::model::PolicyChoice;
use crate::output::directory::hash_file;
use crate::output::manifest::{self, Manifest};
use crate::policy::Registered;
use clap::ValueEnum;
use std::fs;
use std::path::{Path, PathBuf};

/// Runs again and compares; what differs is told, with exit code 1.
pub(super) fn run(arguments: &Reproduce, registered: &[Registered], printer: &mut Printer) -> Result<(), Failure> {
    let directory = &arguments.directory;
    let manifest = read(directory)?;
    let mut differences = damaged(directory, &manifest)?;
    let loaded = load::load(&scenario(directory, &manifest.scenario), &manifest.overrides)?;
    if loaded.origin.digest != manifest.scenario_digest {
        let message = format!("`{}` is not the scenario that `{}` was made from: its text has changed", manifest.scenario, directory.display());
        return Err(Failure::new(Exit::Invalid, message).help("run it again into a new directory"));
    }
    if manifest.version != env!("CARGO_PKG_VERSION") {
        printer.note(&format!("note: it was made by edwc {}, this is {}\n", manifest.version, env!("CARGO_PKG_VERSION")));
    }
    let policy = policy(directory, &manifest, registered)?;
    let again = run_again(directory, &manifest, &policy, &loaded, printer)?;
    if again.fingerprint != manifest.fingerprint {
        differences.push(format!("the fingerprint was {} and is {}", manifest.fingerprint, again.fingerprint));
    }
    for (name, hash) in &manifest.files {
        match again.files.get(name) {
            Some(now) if now == hash => {}
            Some(_) => differences.push(format!("`{name}` is not the same")),
            None => differences.push(format!("`{name}` was not written this time")),
        }
    }
    if differences.is_empty() {
        printer.out(&format!("reproduced: the same fingerprint, {} with the same bytes\n", plural(manifest.files.len(), "file")));
        return Ok(());
    }
    differences.iter().for_each(|difference| printer.out(&format!("{difference}\n")));
    Err(Failure::silent(Exit::CheckFailed))
}

fn read(directory: &Path) -> Result<Manifest, Failure> {
    let path = directory.join(manifest::FILE_NAME);
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::io("read", &path, &error).help("`reproduce` takes the directory of an earlier `run --out`"))?;
    let manifest =
        Manifest::from_json(&text).map_err(|error| Failure::new(Exit::Invalid, format!("`{}` is not a manifest: {error}", path.display())))?;
    if !manifest.complete {
        let message = format!("`{}` is of a run that was stopped, which cannot be reproduced", directory.display());
        return Err(Failure::new(Exit::Invalid, message));
    }
    // Names come from a file: one with a path in it could lead anywhere.
    match manifest.files.keys().find(|name| Path::new(name).components().count() != 1 || Path::new(name).file_name().is_none()) {
        Some(name) => Err(Failure::new(Exit::Invalid, format!("`{}` names a file outside of its directory: `{name}`", path.display()))),
        None => Ok(manifest),
    }
}

/// Finds the scenario from where the command runs, or else from beside the directory, where it was when that was the current folder's.
/// Whichever it is: its digest must be that of the manifest.
fn scenario(directory: &Path, name: &str) -> PathBuf {
    let here = PathBuf::from(name);
    let beside = fs::canonicalize(directory).ok().and_then(|directory| Some(directory.parent()?.join(name)));
    beside.filter(|beside| !here.exists() && beside.exists()).unwrap_or(here)
}

/// Lists files that are not what the manifest says.
fn damaged(directory: &Path, manifest: &Manifest) -> Result<Vec<String>, Failure> {
    let mut damaged = Vec::new();
    for (name, hash) in &manifest.files {
        let path = directory.join(name);
        if &hash_file(&path).map_err(|error| Failure::io("read", &path, &error))? != hash {
            damaged.push(format!("`{}` was changed after it was written", path.display()));
        }
    }
    Ok(damaged)
}

/// Finds the policy that the manifest names: what ran out of process is replayed, as nobody knows whether the command is still the same.
fn policy(directory: &Path, manifest: &Manifest, registered: &[Registered]) -> Result<Chosen, Failure> {
    if manifest.policy.starts_with(EXEC) {
        let path = directory.join(TRANSCRIPT);
        if !manifest.files.contains_key(TRANSCRIPT) {
            return Err(invalid(directory, &format!("names the policy `{}`, but there is no transcript of it", manifest.policy))
                .help(format!("run it again with the policy itself: `edwc run --policy '{}' --out …`", manifest.policy)));
        }
        return Ok(Chosen::Replay { path, policy: manifest.policy.clone() });
    }
    let (text, stage_at_submit) = match manifest.policy.strip_suffix("+stage-at-submit") {
        Some(parts) => (parts, true),
        None => (manifest.policy.as_str(), false),
    };
    let scenario = PolicyChoice { stage_at_submit, ..PolicyChoice::default() };
    Chosen::read(text, &scenario, registered).map_err(|_| {
        invalid(directory, &format!("names a policy that this edwc does not have: `{}`", manifest.policy))
            .help("a policy of another crate is there only in the program that registers it")
    })
}

fn invalid(directory: &Path, what: &str) -> Failure {
    Failure::new(Exit::Invalid, format!("the manifest of `{}` {what}", directory.display()))
}

/// Runs into a directory beside, of which only the manifest is read.
fn run_again(directory: &Path, manifest: &Manifest, policy: &Chosen, loaded: &load::Loaded, printer: &mut Printer) -> Result<Manifest, Failure> {
    let unknown = |_| invalid(directory, &format!("has an unknown format: `{}`", manifest.format));
    let asked = arguments::Format::from_str(&manifest.format, false).map_err(unknown)?;
    let interrupt = Interrupt::listen().map_err(|error| Failure::new(Exit::Bug, format!("cannot listen for signals: {error}")))?;
    let conditions = Conditions { transcript: true, explain: manifest.files.contains_key(story::FILE), ..Conditions::default() };
    let request = Request { model: loaded.model(), policy, conditions, seed: manifest.seed, replication: 0, interrupt: &interrupt, quiet: false };
    let scratch = Scratch::new(&std::env::temp_dir().join(format!("edwc-reproduce-{}", std::process::id())))?;
    printer.hush(true);
    let outcome = record(&request, &loaded.origin, &scratch.0.join("again"), false, format(asked)?, printer)?;
    match outcome.stopped {
        Some(failure) => Err(failure),
        None => read(&scratch.0.join("again")),
    }
}

/// A directory that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn new(path: &Path) -> Result<Self, Failure> {
        fs::create_dir(path).map_err(|error| Failure::io("create", path, &error))?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody can be told; the system clears its folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
