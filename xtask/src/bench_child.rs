//! `cargo xtask bench child`: rounds per second of a policy in a child process, beside the same policy inside.

use crate::steps::{Failure, cargo, edwc, program, root, run};
use crate::summary::Summary;
use std::process::Command;

/// Runs of each policy; the median is shown.
const RUNS: usize = 5;
/// W2 for twelve days: some hundred thousand jobs, one or two of them in a round.
const WORKLOAD: [&str; 4] = ["run", "benches/w2.toml", "--set", "scenario.horizon=\"12 d\""];

/// Measures the built-in policy, the same in C, and the same in Python: they must give the same history.
pub fn run_child_bench() -> Result<(), Failure> {
    run(&mut cargo(&["build", "--release", "--locked"]))?;
    let compiled = program("release").with_file_name("fifo-policy");
    let source = root().join("examples/policies/fifo.c");
    run(Command::new("cc").arg("-O2").arg("-o").arg(&compiled).arg(&source))?;
    println!("\n{:<10} {:>10} {:>10} {:>12} {:>14}", "policy", "rounds", "seconds", "rounds/s", "µs/round");
    let mut fingerprints = Vec::new();
    for (name, policy) in [
        ("built-in", "fifo+at-submit+least-loaded".to_owned()),
        ("C", format!("exec:{}", compiled.display())),
        ("Python", "exec:python3 examples/policies/fifo.py".to_owned()),
    ] {
        let mut measured = Vec::new();
        for _ in 0..RUNS {
            let summary = Summary::printed_by(edwc("release", &WORKLOAD).args(["--json", "--policy", &policy]))?;
            measured.push((summary.number("/wall_s")?, summary.number("/rounds")?));
            fingerprints.push(summary.fingerprint()?.to_owned());
        }
        measured.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (seconds, rounds) = measured[RUNS / 2];
        println!("{name:<10} {rounds:>10.0} {seconds:>10.3} {:>12.0} {:>14.1}", rounds / seconds, seconds * 1e6 / rounds);
    }
    if fingerprints.iter().any(|fingerprint| *fingerprint != fingerprints[0]) {
        return Err(format!("the histories differ: {}", fingerprints.join(", ")));
    }
    println!("the same history: {}", fingerprints[0]);
    Ok(())
}
