//! The directory of an experiment: one file a finished run, written whole or not at all, and in the end the results with their manifest. Beside them
//! lies a log with a line a finished run, which says how long each took.
//!
//! Killed at any moment and started again, it runs what is missing and ends with the same bytes. A file that is damaged, or of another experiment, is
//! noticed by its hash and run again; a directory of another experiment is refused.

use super::{Design, FinishedRun, RunId};
use crate::output::directory::sync_directory;
use crate::output::lock::Lock;
use crate::output::{DirectoryError, manifest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The version of these files.
const FORMAT: u32 = 1;
/// What says which experiment a directory holds.
const PLAN: &str = "experiment.json";
/// The folder of finished runs.
const RUNS: &str = "runs";
/// The folder of experiments by which this one was settled before its plan was known: each has a directory of its own there.
pub const SEARCH: &str = "search";
/// The log of finished runs. What it says of time differs from start to start, so that it is no result and in no manifest.
const LOG: &str = "log.txt";
/// How names of files begin that are not whole yet.
const PARTIAL: &str = ".partial-";

/// An experiment's directory, locked for as long as this lives.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    /// What each run's file names as its origin.
    origin: String,
    /// Files that were found to be damaged or of another experiment.
    damaged: Mutex<Vec<String>>,
    _lock: Lock,
}

/// What a directory says of its experiment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    format: u32,
    /// What is run.
    pub design: Design,
    /// What is made of it, in the words of whoever asked: it may change from one start to the next.
    pub request: Value,
}

/// A run's file.
#[derive(Serialize, Deserialize)]
struct RunFile {
    /// Hash of the experiment's design.
    experiment: String,
    /// Hash of `run`.
    blake3: String,
    run: FinishedRun,
}

/// Why there is no such directory.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is not what it should be.
    #[error("{0}")]
    Refused(String),
    /// As with all outputs.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

fn io_error(path: &Path, error: io::Error) -> StoreError {
    StoreError::Directory(DirectoryError::Io { path: path.to_owned(), error })
}

impl Store {
    /// Opens or makes the directory of an experiment; tells how many finished runs it holds.
    ///
    /// # Errors
    /// Another process works there; it holds another experiment (with `force`, that is removed) or something else (never removed).
    pub fn open(directory: &Path, design: &Design, request: &Value, force: bool) -> Result<(Self, usize), StoreError> {
        check(directory)?;
        fs::create_dir_all(directory).map_err(|error| io_error(directory, error))?;
        let lock = Lock::acquire(directory, &directory.join(".lock"))?;
        if let Some(found) = read_plan(directory)?
            && found.design != *design
        {
            if !force {
                return Err(StoreError::Refused(format!(
                    "`{}` holds another experiment: {}",
                    directory.display(),
                    difference(&found.design, design)
                )));
            }
            fs::remove_file(directory.join(LOG)).or_else(absent_is_fine).map_err(|error| io_error(directory, error))?;
            fs::remove_dir_all(directory.join(RUNS)).or_else(absent_is_fine).map_err(|error| io_error(directory, error))?;
        }
        let runs = directory.join(RUNS);
        fs::create_dir_all(&runs).map_err(|error| io_error(&runs, error))?;
        remove_partial(directory)?;
        remove_partial(&runs)?;
        let plan = Plan { format: FORMAT, design: design.clone(), request: request.clone() };
        let store = Self { directory: directory.to_owned(), origin: origin(design), damaged: Mutex::default(), _lock: lock };
        store.write(PLAN, &pretty(&plan))?;
        let held = fs::read_dir(&runs).map_err(|error| io_error(&runs, error))?.flatten();
        let held = held.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "json")).count();
        Ok((store, held))
    }
    /// Reads a finished run; `None` if it is not there, damaged, or of another experiment.
    ///
    /// # Errors
    /// The system cannot read what is there.
    pub fn load(&self, id: RunId) -> Result<Option<FinishedRun>, StoreError> {
        let path = self.directory.join(RUNS).join(file_name(id));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            // Text that is no UTF-8 is as damaged as any other.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => String::new(),
            Err(error) => return Err(io_error(&path, error)),
        };
        let whole = serde_json::from_str::<RunFile>(&text).ok().filter(|file| {
            let same = file.run.id() == id && file.experiment == self.origin;
            same && file.blake3 == hash(&file.run)
        });
        if whole.is_none() {
            self.damaged.lock().expect("nobody panics with the lock").push(format!("{RUNS}/{}", file_name(id)));
        }
        Ok(whole.map(|file| file.run))
    }
    /// Returns the files that were damaged or of another experiment since this was last asked.
    pub fn take_damaged(&self) -> Vec<String> {
        std::mem::take(&mut *self.damaged.lock().expect("nobody panics with the lock"))
    }
    /// Writes a finished run.
    ///
    /// # Errors
    /// The system cannot write it; nothing is left under its name then.
    pub fn keep(&self, run: &FinishedRun) -> Result<(), StoreError> {
        let file = RunFile { experiment: self.origin.clone(), blake3: hash(run), run: run.clone() };
        self.write(&format!("{RUNS}/{}", file_name(run.id())), &pretty(&file))
    }
    /// Adds a line on a finished run to the log of the directory.
    ///
    /// # Errors
    /// The system cannot write it.
    pub fn log(&self, line: &str) -> Result<(), StoreError> {
        let path = self.directory.join(LOG);
        // In one piece, so that lines of two threads do not mix.
        let written = fs::OpenOptions::new().create(true).append(true).open(&path).and_then(|mut log| log.write_all(format!("{line}\n").as_bytes()));
        written.map_err(|error| io_error(&path, error))
    }
    /// Removes what an earlier start left under a name, if anything.
    ///
    /// # Errors
    /// The system cannot remove it.
    pub fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.directory.join(name);
        fs::remove_file(&path).or_else(absent_is_fine).map_err(|error| io_error(&path, error))
    }
    /// Writes the results, and the manifest with their hashes and those of all runs last.
    ///
    /// # Errors
    /// The system cannot write them.
    pub fn conclude(&self, results: &[(String, Vec<u8>)], runs: &[FinishedRun]) -> Result<(), StoreError> {
        let mut hashes = BTreeMap::new();
        for (name, bytes) in results {
            self.write_bytes(name, bytes)?;
            hashes.insert(name.clone(), blake3::hash(bytes).to_hex().to_string());
        }
        hashes.extend(runs.iter().map(|run| (format!("{RUNS}/{}", file_name(run.id())), hash(run))));
        self.write(manifest::FILE_NAME, &pretty(&serde_json::json!({"manifest": FORMAT, "experiment": self.origin, "files": hashes})))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), StoreError> {
        self.write_bytes(name, text.as_bytes())
    }

    /// Writes a file beside its place and moves it there when it is whole.
    fn write_bytes(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.directory.join(name);
        let folder = path.parent().expect("a file has a folder");
        let written = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(folder).and_then(|mut file| {
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            sync_directory(folder)
        });
        written.map_err(|error| io_error(&path, error))
    }
}

/// Reads what a directory says of its experiment; `None` if it says nothing.
///
/// # Errors
/// What it says makes no sense, or cannot be read.
pub fn read_plan(directory: &Path) -> Result<Option<Plan>, StoreError> {
    let path = directory.join(PLAN);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(&path, error)),
    };
    match serde_json::from_str::<Plan>(&text) {
        Ok(plan) if plan.format == FORMAT => Ok(Some(plan)),
        Ok(plan) => Err(StoreError::Refused(format!("`{}` has format {}, but this edwc reads format {FORMAT}", path.display(), plan.format))),
        Err(error) => Err(StoreError::Refused(format!("`{}` cannot be understood: {error}", path.display()))),
    }
}

/// Refuses a place where something else is.
///
/// # Errors
/// A symbolic link, a file, or a directory that no experiment made.
pub fn check(directory: &Path) -> Result<(), StoreError> {
    let refused = |why: &str| Err(StoreError::Refused(format!("`{}` {why}", directory.display())));
    match fs::symlink_metadata(directory) {
        Err(_) => Ok(()),
        Ok(found) if found.is_symlink() => refused("is a symbolic link, which an output directory may not be"),
        Ok(found) if !found.is_dir() => refused("is a file, not a directory"),
        Ok(_) if directory.join(PLAN).is_file() => Ok(()),
        // Killed before the plan was written, only a lock and a partial file are there.
        Ok(_) => match fs::read_dir(directory).map_err(|error| io_error(directory, error))?.flatten().find(|entry| !is_scrap(entry)) {
            None => Ok(()),
            Some(_) => refused("was not made by an experiment of edwc; choose another name"),
        },
    }
}

fn is_scrap(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    name == ".lock" || name == RUNS || name == SEARCH || name.to_string_lossy().starts_with(PARTIAL)
}

/// Says in what two experiments differ.
pub fn difference(held: &Design, asked: &Design) -> String {
    if held.version != asked.version {
        return format!("it was made by edwc {}, and this is {}", held.version, asked.version);
    }
    if held.seed != asked.seed {
        return format!("its seed is {}, not {}", held.seed, asked.seed);
    }
    let names = |design: &Design| design.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if !held.names().eq(asked.names()) {
        return format!("its alternatives are {}, not {}", names(held), names(asked));
    }
    let changed = held.alternatives.iter().zip(&asked.alternatives).find(|(held, asked)| held != asked);
    changed.map_or_else(
        || "its baseline, its pairing or whether it has bounds is another".to_owned(),
        |(held, _)| format!("`{}` has changed since (its scenario, a file that it reads, its policy or what was set)", held.name),
    )
}

fn absent_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn origin(design: &Design) -> String {
    blake3::hash(serde_json::to_string(design).expect("a design is plain data").as_bytes()).to_hex().to_string()
}

fn hash(run: &FinishedRun) -> String {
    blake3::hash(serde_json::to_string(run).expect("a run is plain data").as_bytes()).to_hex().to_string()
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("this is plain data") + "\n"
}

fn file_name(id: RunId) -> String {
    format!("{:04}-{:03}.json", id.replication, id.alternative)
}

/// Reads all finished runs of an experiment from a directory, as far as they are whole; and the names of the files that are not.
///
/// # Errors
/// Another process works there, or the system cannot read what is there.
pub fn runs_in(directory: &Path, design: &Design, replications: u64) -> Result<(Vec<FinishedRun>, Vec<String>), StoreError> {
    let lock = Lock::acquire(directory, &directory.join(".lock"))?;
    let store = Store { directory: directory.to_owned(), origin: origin(design), damaged: Mutex::default(), _lock: lock };
    let mut runs = Vec::new();
    for id in design.runs(0..replications) {
        runs.extend(store.load(id)?);
    }
    Ok((runs, store.take_damaged()))
}

/// Removes what a killed process had begun to write.
fn remove_partial(folder: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(folder).map_err(|error| io_error(folder, error))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            fs::remove_file(entry.path()).or_else(absent_is_fine).map_err(|error| io_error(&entry.path(), error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::perform::tests::{design, made_up};
    use super::*;

    const FIRST: RunId = RunId { replication: 0, alternative: 1 };

    #[test]
    fn what_is_kept_is_found_again_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/experiment");
        let design = design(2);
        let (store, held) = Store::open(&path, &design, &Value::Null, false).unwrap();
        assert_eq!(held, 0);
        fs::write(path.join("runs/.partial-a"), "killed in the middle").unwrap();
        store.keep(&made_up(FIRST)).unwrap();
        drop(store);
        let (store, held) = Store::open(&path, &design, &Value::Null, false).unwrap();
        assert_eq!((held, store.load(FIRST).unwrap()), (1, Some(made_up(FIRST))));
        assert!(!path.join("runs/.partial-a").exists() && store.take_damaged().is_empty());
        assert_eq!(store.load(RunId { replication: 1, alternative: 1 }).unwrap(), None);
        let file = path.join("runs/0000-001.json");
        let text = fs::read_to_string(&file).unwrap();
        for damaged in [text.replacen("\"value\": 10.0", "\"value\": 11.0", 1), text[..text.len() / 2].to_owned(), String::new()] {
            assert_ne!(damaged, text);
            fs::write(&file, damaged).unwrap();
            assert_eq!((store.load(FIRST).unwrap(), store.take_damaged()), (None, vec!["runs/0000-001.json".to_owned()]));
        }
        fs::write(&file, [0xff, 0xfe]).unwrap();
        assert_eq!(store.load(FIRST).unwrap(), None);
    }

    #[test]
    fn another_experiment_is_refused_and_replaced_only_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("experiment");
        let (old, mut new) = (design(2), design(2));
        drop(Store::open(&path, &old, &Value::Null, false).unwrap().0);
        new.alternatives[1].scenario_digest = "changed".to_owned();
        let said = Store::open(&path, &new, &Value::Null, false).unwrap_err().to_string();
        assert!(said.contains("`a1` has changed since"), "{said}");
        let (store, _) = Store::open(&path, &old, &Value::Null, false).unwrap();
        store.keep(&made_up(FIRST)).unwrap();
        let said = Store::open(&path, &old, &Value::Null, false).unwrap_err().to_string();
        assert!(said.contains("is locked by pid"), "{said}");
        drop(store);
        let (store, held) = Store::open(&path, &new, &Value::Null, true).unwrap();
        assert_eq!((held, store.load(FIRST).unwrap()), (0, None));
        let home = folder.path().join("home");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("thesis.tex"), "years of work").unwrap();
        let said = Store::open(&home, &new, &Value::Null, true).unwrap_err().to_string();
        assert!(said.contains("not made by an experiment"), "{said}");
    }

    #[test]
    fn runs_of_another_experiment_are_not_mixed_in() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("one"), folder.path().join("other"));
        let (store, _) = Store::open(&path, &design(2), &Value::Null, false).unwrap();
        store.keep(&made_up(FIRST)).unwrap();
        let (second, _) = Store::open(&other, &design(3), &Value::Null, false).unwrap();
        fs::copy(path.join("runs/0000-001.json"), other.join("runs/0000-001.json")).unwrap();
        assert_eq!(second.load(FIRST).unwrap(), None);
        assert!(runs_in(&path, &design(2), 1).unwrap_err().to_string().contains("locked"));
    }
}
