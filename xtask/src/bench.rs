//! `cargo xtask bench`: the canonical workloads through the public path, from the scenario file to the summary.

use crate::steps::{Failure, cargo, edwc, root, run};
use crate::summary::Summary;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Runs of each scenario; the median is shown.
const RUNS: usize = 5;

/// What one run of a scenario gave.
struct Measured {
    jobs: f64,
    events: f64,
    seconds: f64,
    peak_kb: Option<u64>,
}

/// Measures the scenarios in `benches/` and the national one, or only those whose name is given.
pub fn run_benches(names: &[&str]) -> Result<(), Failure> {
    run(&mut cargo(&["build", "--release", "--locked"]))?;
    if names.is_empty() || names.contains(&"w1") {
        run(&mut cargo(&["bench", "--locked", "--bench", "w1"]))?;
    }
    println!("\n{:<12} {:>12} {:>12} {:>10} {:>12} {:>12}", "scenario", "jobs", "seconds", "ns/job", "jobs/s", "events/s");
    for (name, path) in scenarios()?.into_iter().filter(|(name, _)| names.is_empty() || names.contains(&name.as_str())) {
        let mut runs: Vec<Measured> = (0..RUNS).map(|_| measure(&path)).collect::<Result<_, _>>()?;
        runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let Measured { jobs, events, seconds, peak_kb } = runs.swap_remove(RUNS / 2);
        let peak = peak_kb.map_or_else(|| "peak unknown here".to_owned(), |kb| format!("peak {:.1} MB", kb as f64 / 1024.0));
        let per_job = seconds * 1e9 / jobs;
        println!("{name:<12} {jobs:>12.0} {seconds:>12.3} {per_job:>10.0} {:>12.0} {:>12.0}   {peak}", jobs / seconds, events / seconds);
    }
    Ok(())
}

/// Lists names and paths of what is measured.
pub fn scenarios() -> Result<Vec<(String, PathBuf)>, Failure> {
    let folder = root().join("benches");
    let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.push(root().join("scenarios/national.toml"));
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(paths.into_iter().map(|path| (name(&path), path)).collect())
}

/// Runs one scenario; the time is the whole process's, start and summary included.
fn measure(path: &PathBuf) -> Result<Measured, Failure> {
    let start = Instant::now();
    let mut child = edwc("release", &["run", "--json"])
        .arg(path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let mut stdout = child.stdout.take().expect("stdout is piped");
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let peak_kb = wait(&mut child)?;
    let seconds = start.elapsed().as_secs_f64();
    let json = reader.join().expect("the reader does not panic").map_err(|error| format!("{}: {error}", path.display()))?;
    let summary = Summary::read(&json)?;
    Ok(Measured { jobs: summary.number("/jobs/submitted")?, events: summary.number("/events")?, seconds, peak_kb })
}

/// Waits for the end of a process and returns the most memory it had, where the system tells.
fn wait(child: &mut Child) -> Result<Option<u64>, Failure> {
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = None;
    loop {
        if let Ok(text) = fs::read_to_string(&status_file) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kb = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
            peak = peak.max(kb);
        }
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(peak),
            Ok(Some(status)) => return Err(format!("the run ended with {status}")),
            Ok(None) => std::thread::sleep(Duration::from_millis(2)),
            Err(error) => return Err(format!("the run cannot be waited for: {error}")),
        }
    }
}
