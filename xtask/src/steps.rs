//! Running commands one after the other, and counting how they end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What went wrong, for people.
pub type Failure = String;

/// Runs named steps, goes on after a failure, and counts.
#[derive(Default)]
pub struct Steps {
    passed: usize,
    failed: Vec<String>,
    not_run: Vec<String>,
}

impl Steps {
    /// Runs one step.
    pub fn step(&mut self, name: &str, run: impl FnOnce() -> Result<(), Failure>) {
        println!("\n== {name}");
        let start = Instant::now();
        let result = run();
        let seconds = start.elapsed().as_secs_f64();
        match result {
            Ok(()) => {
                self.passed += 1;
                println!("== {name}: passed in {seconds:.1} s");
            }
            Err(message) => {
                println!("== {name}: FAILED in {seconds:.1} s: {message}");
                self.failed.push(name.to_owned());
            }
        }
    }

    /// Notes tests that something they need keeps from running, one line each.
    pub fn not_run(&mut self, tests: Vec<String>) {
        self.not_run = tests;
    }

    /// Prints the closing line; an error if a step failed.
    pub fn finish(self) -> Result<(), Failure> {
        println!();
        for name in &self.failed {
            println!("failed: {name}");
        }
        for test in &self.not_run {
            println!("not run: {test}");
        }
        println!("{} passed, {} failed; {} tests not run", self.passed, self.failed.len(), self.not_run.len());
        if self.failed.is_empty() { Ok(()) } else { Err("a step failed".to_owned()) }
    }
}

/// Returns the repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository").to_path_buf()
}

/// Makes a command of cargo, the one that runs this program.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command that must end well.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    println!("$ {}", shown(command));
    let status = command.status().map_err(|error| format!("`{}` did not start: {error}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", shown(command))) }
}

/// Runs a command that must end well, and returns what it printed.
pub fn output(command: &mut Command) -> Result<Vec<u8>, Failure> {
    println!("$ {}", shown(command));
    let output = command.output().map_err(|error| format!("`{}` did not start: {error}", shown(command)))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("`{}` ended with {}: {}", shown(command), output.status, String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// Tells whether a command can be started and ends well, without showing what it prints.
pub fn works(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Writes a command as one would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    command.get_args().fold(program, |line, argument| line + " " + &argument.to_string_lossy())
}

/// Returns the path of the built program.
pub fn program(profile: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder));
    target.join(profile).join(format!("edwc{}", std::env::consts::EXE_SUFFIX))
}

/// Makes a command of the built program, in the repository's root.
pub fn edwc(profile: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program(profile));
    command.args(arguments).current_dir(root());
    command
}
