//! An output directory that appears whole or not at all.
//!
//! Files are written into a hidden sibling, synced, and the sibling is renamed onto the final name at the end (exchanged with what is there
//! under `--force`, where the system can do that). A lock beside it keeps two runs apart; the system releases it if the process dies, and the next
//! run clears what was left.

use super::lock::Lock;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// An output directory in the making. Dropped before [`commit`](Self::commit), it leaves nothing.
#[derive(Debug)]
pub struct OutputDirectory {
    target: PathBuf,
    partial: PathBuf,
    /// Held for as long as this lives.
    _lock: Lock,
    replace: bool,
    hashes: BTreeMap<String, String>,
}

/// Why there is no output directory.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The command line asks for something that is refused.
    #[error("{0}")]
    Refused(String),
    /// Another run writes there.
    #[error("`{}` is locked by pid {holder}", display(.path))]
    Locked {
        /// The directory.
        path: PathBuf,
        /// Who holds the lock and since when.
        holder: String,
    },
    /// The file system said no.
    #[error("cannot write `{}`: {error}", display(.path))]
    Io {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl OutputDirectory {
    /// Locks `target` and makes the sibling in which files are gathered. `inputs` are what the run reads.
    ///
    /// Refuses a target that is a symbolic link, a file, an input or inside or around one, and an existing directory without `force`; with it,
    /// only a directory that has a manifest, or is empty, is replaced: `--out ~ --force` shall not end in tears.
    pub fn begin(target: &Path, inputs: &[PathBuf], force: bool) -> Result<Self, DirectoryError> {
        let target = with_real_parent(target)?;
        check_inputs(&target, inputs)?;
        let replace = check_existing(&target, force)?;
        let (lock_path, partial) = (sibling(&target, ".lock"), sibling(&target, ".partial"));
        let lock = Lock::acquire(&target, &lock_path)?;
        let io = |error| DirectoryError::Io { path: partial.clone(), error };
        clear(&partial).map_err(io)?;
        fs::create_dir(&partial).map_err(io)?;
        Ok(Self { target, partial: partial.clone(), _lock: lock, replace, hashes: BTreeMap::new() })
    }
    /// Creates a file. Its name is one of ours, never a user's.
    pub fn create(&self, name: &str) -> io::Result<HashedFile> {
        let file = File::options().write(true).create_new(true).open(self.partial.join(name))?;
        Ok(HashedFile { name: name.to_owned(), file, hasher: blake3::Hasher::new() })
    }
    /// Syncs a file and remembers its hash.
    pub fn keep(&mut self, file: HashedFile) -> io::Result<()> {
        file.file.sync_all()?;
        self.hashes.insert(file.name, file.hasher.finalize().to_hex().to_string());
        Ok(())
    }
    /// Writes a whole file.
    pub fn write(&mut self, name: &str, text: &str) -> io::Result<()> {
        let mut file = self.create(name)?;
        file.write_all(text.as_bytes())?;
        self.keep(file)
    }
    /// Returns the BLAKE3 hashes of the files kept so far, by name.
    pub fn hashes(&self) -> &BTreeMap<String, String> {
        &self.hashes
    }
    /// Makes the directory appear under its name.
    pub fn commit(self) -> Result<PathBuf, DirectoryError> {
        let target = self.target.clone();
        self.appear_as(&target, self.replace)?;
        Ok(target)
    }
    /// Makes the directory of a run that did not end appear, as `NAME.incomplete`, which replaces an earlier one.
    pub fn commit_incomplete(self) -> Result<PathBuf, DirectoryError> {
        let mut name = self.target.file_name().expect("a target has a name").to_owned();
        name.push(".incomplete");
        let target = self.target.with_file_name(name);
        let replace = fs::symlink_metadata(&target).is_ok();
        if replace && !is_ours(&target) {
            return Err(DirectoryError::Refused(format!("`{}` exists and was not made by edwc", display(&target))));
        }
        self.appear_as(&target, replace)?;
        Ok(target)
    }

    fn appear_as(&self, target: &Path, replace: bool) -> Result<(), DirectoryError> {
        let io = |error| DirectoryError::Io { path: target.to_owned(), error };
        sync_directory(&self.partial).map_err(io)?;
        if replace {
            exchange(&self.partial, target).map_err(io)?;
            clear(&self.partial).map_err(io)?;
        } else {
            // An empty directory that appeared meanwhile is replaced by this, a full one is not: nothing is ever merged.
            fs::rename(&self.partial, target).map_err(io)?;
        }
        sync_directory(target.parent().expect("a target has a parent")).map_err(io)
    }
}

impl Drop for OutputDirectory {
    fn drop(&mut self) {
        // Nobody can be told if this fails; the next run on this directory clears what is left.
        let _ = clear(&self.partial);
    }
}

/// A file that knows the BLAKE3 hash of what was written.
#[derive(Debug)]
pub struct HashedFile {
    name: String,
    file: File,
    hasher: blake3::Hasher,
}

impl Write for HashedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Returns the BLAKE3 hash of a file in hex.
pub fn hash_file(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Shows a path with control characters and broken UTF-8 escaped.
fn display(path: &Path) -> String {
    let quoted = format!("{:?}", path.display().to_string());
    quoted[1..quoted.len() - 1].to_owned()
}

/// Resolves the parent, made if it is missing, so that later renames cannot be led astray; the last component is never followed.
fn with_real_parent(target: &Path) -> Result<PathBuf, DirectoryError> {
    let Some(name) = target.file_name() else {
        return Err(DirectoryError::Refused(format!("`{}` is not the name of an output directory", display(target))));
    };
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let real = fs::create_dir_all(parent).and_then(|()| fs::canonicalize(parent));
    let parent = real.map_err(|error| DirectoryError::Io { path: parent.to_owned(), error })?;
    Ok(parent.join(name))
}

fn check_inputs(target: &Path, inputs: &[PathBuf]) -> Result<(), DirectoryError> {
    for input in inputs {
        // An input that does not exist is somebody else's error, with its own message.
        let Ok(input) = fs::canonicalize(input) else { continue };
        let relation = if target == input {
            "is"
        } else if target.starts_with(&input) {
            "lies inside"
        } else if input.starts_with(target) {
            "contains"
        } else {
            continue;
        };
        return Err(DirectoryError::Refused(format!("the output `{}` {relation} the input `{}`", display(target), display(&input))));
    }
    Ok(())
}

/// Tells whether there is something to replace, which is refused unless it is asked for and harmless.
fn check_existing(target: &Path, force: bool) -> Result<bool, DirectoryError> {
    let refused = |why: &str| Err(DirectoryError::Refused(format!("`{}` {why}", display(target))));
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(DirectoryError::Io { path: target.to_owned(), error }),
        Ok(found) if found.is_symlink() => refused("is a symbolic link, which an output directory may not be"),
        Ok(found) if !found.is_dir() => refused("is a file, not a directory"),
        Ok(_) if !is_ours(target) => refused("was not made by edwc (it has no manifest.json) and is never replaced; choose another name"),
        Ok(_) if !force => refused("exists; `--force` replaces it"),
        Ok(_) => Ok(true),
    }
}

/// Tells whether a directory is an earlier output, or empty.
fn is_ours(target: &Path) -> bool {
    let Ok(found) = fs::symlink_metadata(target) else { return false };
    found.is_dir() && (target.join(super::manifest::FILE_NAME).is_file() || fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_none()))
}

fn sibling(target: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().expect("a target has a name"));
    name.push(suffix);
    target.with_file_name(name)
}

/// Removes what stands under a name of ours, whatever it is.
fn clear(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    }
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn exchange(partial: &Path, target: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, partial, CWD, target, RenameFlags::EXCHANGE) {
        // Some network file systems cannot exchange.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => exchange_in_two_steps(partial, target),
        result => result.map_err(Into::into),
    }
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn exchange(partial: &Path, target: &Path) -> io::Result<()> {
    exchange_in_two_steps(partial, target)
}

/// Moves the old one aside and the new one in; if that fails, the old one goes back.
fn exchange_in_two_steps(partial: &Path, target: &Path) -> io::Result<()> {
    let aside = sibling(target, ".replaced");
    clear(&aside)?;
    fs::rename(target, &aside)?;
    if let Err(error) = fs::rename(partial, target) {
        fs::rename(&aside, target)?;
        return Err(error);
    }
    clear(&aside)
}

#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "other systems sync directories")]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(target: &Path, force: bool, text: &str) -> Result<PathBuf, DirectoryError> {
        let mut directory = OutputDirectory::begin(target, &[], force)?;
        directory.write("jobs.csv", text).unwrap();
        directory.write("manifest.json", "{}").unwrap();
        directory.commit()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn refusal(result: Result<impl std::fmt::Debug, DirectoryError>) -> String {
        match result.unwrap_err() {
            DirectoryError::Refused(why) => why,
            other => panic!("{other:?} is not a refusal"),
        }
    }

    #[test]
    fn appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out with 'quotes'\nand a line");
        let mut directory = OutputDirectory::begin(&target, &[], false).unwrap();
        directory.write("jobs.csv", "half").unwrap();
        assert!(!target.exists());
        drop(directory);
        assert_eq!(names(folder.path()), Vec::<String>::new(), "a run that fails leaves nothing");
        finished(&target, false, "whole").unwrap();
        assert_eq!(names(&target), ["jobs.csv", "manifest.json"]);
        assert_eq!(names(folder.path()).len(), 1, "no lock and no partial directory is left");
    }

    #[test]
    fn replaces_only_with_force_and_only_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        finished(&target, false, "old").unwrap();
        assert!(refusal(OutputDirectory::begin(&target, &[], false)).contains("--force"));
        let forced = OutputDirectory::begin(&target, &[], true).unwrap();
        drop(forced);
        assert_eq!(fs::read_to_string(target.join("jobs.csv")).unwrap(), "old", "a run that fails keeps the old results");
        finished(&target, true, "new").unwrap();
        assert_eq!(fs::read_to_string(target.join("jobs.csv")).unwrap(), "new");
        assert_eq!(names(folder.path()), ["out"]);
        let home = folder.path().join("home");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("thesis.tex"), "years of work").unwrap();
        assert!(refusal(OutputDirectory::begin(&home, &[], true)).contains("not made by edwc"));
    }

    #[test]
    fn two_runs_cannot_share_a_directory() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        let first = OutputDirectory::begin(&target, &[], false).unwrap();
        let message = OutputDirectory::begin(&target, &[], false).unwrap_err().to_string();
        assert!(message.contains(&format!("locked by pid {} since 2", std::process::id())), "{message}");
        first.commit().unwrap();
        finished(&target, true, "next").unwrap();
    }

    #[test]
    fn what_a_killed_run_left_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".out.partial")).unwrap();
        fs::write(folder.path().join(".out.partial/jobs.csv"), "half").unwrap();
        fs::write(folder.path().join(".out.lock"), "1 since ever").unwrap();
        finished(&folder.path().join("out"), false, "whole").unwrap();
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn inputs_are_safe() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("runs").join("a.toml");
        fs::create_dir(input.parent().unwrap()).unwrap();
        fs::write(&input, "").unwrap();
        let begin = |target: &Path, input: &Path| OutputDirectory::begin(target, &[input.to_owned()], true);
        assert!(refusal(begin(&input, &input)).contains("is the input"));
        assert!(refusal(begin(input.parent().unwrap(), &input)).contains("contains"));
        assert!(refusal(begin(&folder.path().join("runs/out"), input.parent().unwrap())).contains("lies inside"));
        assert!(begin(&folder.path().join("runs/out"), &input).is_ok(), "beside the scenario is fine");
        assert!(refusal(begin(&input, Path::new("elsewhere"))).contains("is a file"));
        assert!(refusal(begin(Path::new("/"), &input)).contains("not the name"));
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(refusal(OutputDirectory::begin(&link, &[], true)).contains("symbolic link"));
        std::os::unix::fs::symlink(&real, folder.path().join(".out.partial")).unwrap();
        finished(&folder.path().join("out"), false, "whole").unwrap();
        assert!(real.exists() && names(&real).is_empty(), "the link is removed, not what it points to");
    }

    #[test]
    fn missing_parents_are_made() {
        let folder = tempfile::tempdir().unwrap();
        finished(&folder.path().join("runs/of/today"), false, "whole").unwrap();
        assert_eq!(names(&folder.path().join("runs/of")), ["today"]);
    }

    #[test]
    fn a_parent_that_is_a_file_is_an_error_of_the_system() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error = OutputDirectory::begin(&folder.path().join("file/out"), &[], false).unwrap_err();
        assert!(matches!(error, DirectoryError::Io { .. }), "{error}");
    }

    #[test]
    fn an_interrupted_run_appears_beside() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let mut directory = OutputDirectory::begin(&folder.path().join("out"), &[], false).unwrap();
            directory.write("manifest.json", "{}").unwrap();
            directory.commit_incomplete().unwrap();
            assert_eq!(names(folder.path()), ["out.incomplete"]);
        }
    }
}
