//! `cargo xtask codegen`: files that are made from the program, so that they cannot differ from it.

use crate::steps::{Failure, cargo, edwc, output, root, run};
use std::fs;

/// Each generated file, and the command that prints it.
const GENERATED: &[(&str, &[&str])] = &[
    ("schema/scenario.schema.json", &["schema"]),
    ("schema/policy-protocol.schema.json", &["schema", "--policy-protocol"]),
    ("docs/reference/scenario.md", &["schema", "--markdown"]),
    ("docs/reference/diagnostics.md", &["explain", "--markdown"]),
    ("docs/reference/policies.md", &["policies", "--markdown"]),
    ("docs/reference/metrics.md", &["metrics", "--markdown"]),
];

/// Writes all generated files, or only compares them.
pub fn run_codegen(check: bool) -> Result<(), Failure> {
    // The check runs where the release build is at hand; whoever writes has the debug build.
    let profile = if check { "release" } else { "debug" };
    run(&mut cargo(if check { &["build", "--release", "--locked"] } else { &["build", "--locked"] }))?;
    let mut stale = Vec::new();
    for (path, arguments) in GENERATED {
        let fresh = output(&mut edwc(profile, arguments))?;
        let target = root().join(path);
        let current = fs::read(&target).unwrap_or_default();
        if text(&fresh) == text(&current) {
            continue;
        }
        if check {
            stale.push(*path);
            continue;
        }
        let folder = target.parent().expect("a generated file lies in a folder");
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        fs::write(&target, &fresh).map_err(|error| format!("{}: {error}", target.display()))?;
        println!("wrote {path}");
    }
    if stale.is_empty() { Ok(()) } else { Err(format!("stale: {}; run `cargo xtask codegen`", stale.join(", "))) }
}

/// Reads text without the line ends that a checkout may have changed.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}
