//! `cargo xtask bench cores`: whether the second core pays for replications, beside a loop that shares nothing.

use crate::steps::{Failure, cargo, edwc, output, run};
use std::time::Instant;

/// How often both are measured, one after the other; the median is shown.
const RUNS: usize = 5;
/// Four days of the national scenario, as many replications as divide among cores.
const EXPERIMENT: [&str; 7] = [
    "compare",
    "scenarios/national.toml",
    "--set=scenario.warmup=\"1 d\"",
    "--set=scenario.horizon=\"4 d\"",
    "--policy=fifo+cheapest+easy",
    "--replications=8",
    "--quiet",
];
/// What replications must reach of the loop's speed-up.
const LEAST: f64 = 0.97;

/// Measures how much faster two threads are than one: in the loop of W1, which shares nothing, and in replications.
pub fn run_cores_bench() -> Result<(), Failure> {
    run(&mut cargo(&["build", "--release", "--locked"]))?;
    let mut measured = Vec::new();
    for _ in 0..RUNS {
        let printed = output(&mut cargo(&["bench", "--quiet", "--locked", "--bench", "w1", "--", "cores"]))?;
        let printed = String::from_utf8_lossy(&printed);
        let of_loop: f64 = printed.trim().parse().map_err(|_| format!("the loop printed `{}` and no speed-up", printed.trim()))?;
        let (one, on_one) = replications("--threads=1")?;
        let (two, on_two) = replications("--threads=2")?;
        if on_one != on_two {
            return Err("one thread and two do not print the same".to_owned());
        }
        println!("loop × {of_loop:.3}, replications {one:.2} s and {two:.2} s: × {:.3}", one / two);
        measured.push((of_loop, one / two));
    }
    measured.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
    let (of_loop, of_replications) = measured[RUNS / 2];
    let share = of_replications / of_loop;
    println!("\nthe second core: loop × {of_loop:.3}, replications × {of_replications:.3}, {share:.3} of it (at least {LEAST})");
    if share < LEAST { Err(format!("replications scale {share:.3} as well as the loop, not {LEAST}")) } else { Ok(()) }
}

/// Runs the experiment; the seconds that it took and what it printed.
fn replications(threads: &str) -> Result<(f64, Vec<u8>), Failure> {
    let start = Instant::now();
    let printed = output(edwc("release", &EXPERIMENT).arg(threads))?;
    Ok((start.elapsed().as_secs_f64(), printed))
}
