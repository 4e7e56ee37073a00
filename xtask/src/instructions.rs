//! `cargo xtask bench --instructions`: what a job costs in instructions, which does not depend on what else the machine does.

use crate::bench::scenarios;
use crate::steps::{Failure, cargo, output, program, root, run, works};
use crate::summary::Summary;
use std::path::Path;
use std::process::Command;

/// Horizons, short and long: what starting costs is in both, and falls out of the difference.
const HORIZONS: [(&str, [&str; 2]); 5] =
    [("national", ["8 d", "9 d"]), ("w2", ["3 d", "9 d"]), ("w3", ["3 d", "9 d"]), ("w3-estimates", ["3 d", "9 d"]), ("w4", ["8 h", "1 d"])];

/// One run under valgrind.
struct Counted {
    instructions: f64,
    jobs: f64,
    fingerprint: String,
}

/// Prints instructions per job of the scenarios in `benches/` and of the national one, or of those that are named.
pub fn count_instructions(names: &[&str]) -> Result<(), Failure> {
    if !works(Command::new("valgrind").arg("--version")) {
        return Err("counting instructions needs `valgrind`, a package of most systems".to_owned());
    }
    run(&mut cargo(&["build", "--release", "--locked"]))?;
    println!("\n{:<14} {:>10} {:>18}   fingerprint", "scenario", "jobs", "instructions/job");
    for (name, path) in scenarios()?.into_iter().filter(|(name, _)| names.is_empty() || names.contains(&name.as_str())) {
        let Some((_, horizons)) = HORIZONS.iter().find(|(known, _)| *known == name) else {
            return Err(format!("`{name}` has no horizons in xtask/src/instructions.rs"));
        };
        let [short, long] = [count(&path, horizons[0])?, count(&path, horizons[1])?];
        let jobs = long.jobs - short.jobs;
        println!("{name:<14} {jobs:>10.0} {:>18.0}   {}", (long.instructions - short.instructions) / jobs, long.fingerprint);
    }
    Ok(())
}

/// Runs a scenario up to a horizon and counts its instructions.
fn count(path: &Path, horizon: &str) -> Result<Counted, Failure> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", "--log-fd=1"]);
    command.arg(program("release")).arg("run").arg(path).args(["--json", "--set", &format!("scenario.horizon=\"{horizon}\"")]);
    let text = String::from_utf8_lossy(&output(command.current_dir(root()))?).into_owned();
    let counted = text.lines().find_map(|line| line.split_once("refs:")).map(|(_, count)| count.trim().replace(',', ""));
    let instructions = counted.and_then(|count| count.parse().ok()).ok_or("valgrind printed no count")?;
    let summary = Summary::read(&text)?;
    let jobs = summary.number("/jobs/submitted")?;
    let fingerprint = summary.fingerprint()?.chars().take(14).collect();
    Ok(Counted { instructions, jobs, fingerprint })
}
