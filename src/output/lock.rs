//! A lock beside or in a directory, which keeps two processes apart; the system releases it if the process dies.

use super::DirectoryError;
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// A lock that is held for as long as this lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// Locks `path` on behalf of `target`, or tells who holds it. The lock file is removed by its holder; one that vanished meanwhile is made again.
    pub fn acquire(target: &Path, path: &Path) -> Result<Self, DirectoryError> {
        let io = |error| DirectoryError::Io { path: path.to_owned(), error };
        loop {
            let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    file.read_to_string(&mut holder).map_err(io)?;
                    return Err(DirectoryError::Locked { path: target.to_owned(), holder: holder.trim().to_owned() });
                }
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
            if !same_file(&file, path) {
                continue;
            }
            file.set_len(0).map_err(io)?;
            file.rewind().map_err(io)?;
            writeln!(file, "{} since {:.0}", std::process::id(), jiff::Timestamp::now()).map_err(io)?;
            return Ok(Self { _file: file, path: path.to_owned() });
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Nobody can be told if this fails; the lock itself goes with the file handle.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(open), Ok(named)) => (open.dev(), open.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn same_file(_: &File, path: &Path) -> bool {
    path.exists()
}
