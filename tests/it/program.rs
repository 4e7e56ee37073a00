//! The program as scripts run it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// What a command ended with and printed.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A command in a folder, where neither colours nor terminals are.
pub fn edwc(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edwc"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null()).env("NO_COLOR", "1");
    command
}

/// The repository's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn said(output: Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).expect("edwc writes UTF-8");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs a command to its end in a folder.
pub fn run(folder: &Path, arguments: &[&str]) -> Said {
    said(edwc(folder, arguments).output().expect("edwc starts"))
}

/// Runs a command in the repository's root, which must end well, and returns what it prints.
#[track_caller]
pub fn told(arguments: &[&str]) -> String {
    let said = run(root(), arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}: {}{}", said.out, said.err);
    said.out
}

/// A folder that goes away.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for temporary files exists")
}
