//! Experiments that are killed, damaged, interrupted and divided, and end as if nothing had been.

use crate::experiments::files;
use crate::program::{Said, edwc, folder, root, run, said};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

const SCENE: &[&str] = &["compare", "quickstart", "--policy", "fifo+nearest", "--policy", "fifo+cheapest+easy", "--set", "scenario.horizon=2 d"];

fn arguments<'a>(out: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    [SCENE, more, &["--out", out.to_str().expect("the path is text")]].concat()
}

fn compared(out: &Path, more: &[&str]) -> Said {
    let said = run(root(), &arguments(out, more));
    assert_eq!(said.code, Some(0), "{}", said.err);
    said
}

#[test]
fn killed_at_any_moment_and_started_again_it_ends_with_the_same_bytes() {
    let folder = folder();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let start = Instant::now();
    compared(&whole, &["-r", "12", "--threads", "2"]);
    let whole_ms = start.elapsed().as_millis() as u64;
    let (mut kills, mut draw) = (0, 7_u64);
    for _ in 0..8 {
        // From before the directory exists to the middle of a run; a fixed sequence, however long a run takes here.
        draw = (draw * 131 + 17) % 1000;
        let mut child = edwc(root(), &arguments(&killed, &["-r", "12", "--threads", "2", "-q"])).spawn().expect("edwc starts");
        sleep(Duration::from_millis(whole_ms * draw / 4000));
        if child.try_wait().expect("it can be asked").is_some() {
            break;
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it was killed");
        kills += 1;
        let results = ["comparison.json", "comparison.csv", "runs.csv", "manifest.json"].map(|name| killed.join(name).exists());
        assert!(results.iter().all(|there| !there) || results[0], "the manifest comes last: {results:?}");
    }
    assert!(kills >= 3, "killed {kills} times");
    compared(&killed, &["-r", "12"]);
    assert!(files(&whole) == files(&killed), "after {kills} kills the bytes differ");
}

#[test]
fn damage_is_run_again_and_told_and_a_changed_scenario_is_refused() {
    let folder = folder();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    compared(&one, &["-r", "2"]);
    let before = files(&one);
    compared(&other, &["-r", "2", "--seed", "5"]);
    let (damaged, foreign) = (one.join("runs/0000-001.json"), one.join("runs/0001-000.json"));
    let text = fs::read_to_string(&damaged).expect("the run is there");
    fs::write(&damaged, &text[..text.len() / 2]).expect("it can be damaged");
    fs::copy(other.join("runs/0001-000.json"), foreign).expect("it can be copied");
    let told = compared(&one, &["-r", "2"]);
    for name in ["runs/0000-001.json", "runs/0001-000.json"] {
        assert!(told.err.contains(&format!("`{name}` was damaged or of another experiment")), "{}", told.err);
    }
    assert!(files(&one) == before);
    let refused = run(root(), &arguments(&one, &["-r", "2", "--set", "site.zhongwei.pue=1.3"]));
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("has changed since") && refused.err.contains("--force"), "{}", refused.err);
    assert!(files(&one) == before, "what was refused changes nothing");
}

#[cfg(unix)]
#[test]
fn interrupted_it_ends_with_130_and_goes_on_later() {
    let folder = folder();
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    compared(&whole, &["-r", "12"]);
    let child = edwc(root(), &arguments(&cut, &["-r", "12", "--threads", "1"]))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("edwc starts");
    let began = Instant::now();
    while !cut.join("runs/0000-000.json").exists() && began.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_millis(5));
    }
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill starts");
    assert!(status.success());
    let ended = said(child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    assert!(cut.join("runs/0000-000.json").exists() && !cut.join("manifest.json").exists());
    let told = compared(&cut, &["-r", "12"]);
    assert!(told.err.contains("going on: ") && !told.err.contains("damaged"), "{}", told.err);
    assert!(files(&cut) == files(&whole));
}

#[test]
fn shards_that_are_merged_are_the_whole() {
    let folder = folder();
    let whole = folder.path().join("whole");
    let printed = compared(&whole, &["-r", "3"]);
    let parts: Vec<_> = (1..=4).map(|number| folder.path().join(format!("part-{number}"))).collect();
    for (at, part) in parts.iter().enumerate() {
        compared(part, &["-r", "3", "--shard", &format!("{}/4", at + 1)]);
    }
    let merge = |of: &[&Path], out: &str| {
        let out = folder.path().join(out);
        let parts: Vec<&str> = of.iter().map(|part| part.to_str().expect("the path is text")).collect();
        run(root(), &[&["merge"][..], &parts, &["--out", out.to_str().expect("the path is text")]].concat())
    };
    let all: Vec<&Path> = parts.iter().map(AsRef::as_ref).collect();
    let missing = merge(&all[..3], "three");
    assert_eq!(missing.code, Some(1), "{}", missing.err);
    assert!(
        missing.err.contains("1 run missing: `cheapest+easy`, replication 1") && !folder.path().join("three").exists(),
        "{}",
        missing.err
    );
    let merged = merge(&all, "merged");
    assert_eq!(merged.code, Some(0), "{}", merged.err);
    assert!(files(&folder.path().join("merged")) == files(&whole), "merged is not the whole");
    assert!(merged.out.contains("queue wait, mean") && printed.out.starts_with(&merged.out), "{}\n{}", merged.out, printed.out);
    let (seed, count) = (folder.path().join("seed"), folder.path().join("count"));
    compared(&seed, &["-r", "3", "--seed", "5", "--shard", "4/4"]);
    compared(&count, &["-r", "5", "--shard", "4/4"]);
    let refused = merge(&[all[0], &seed], "mixed");
    assert!(refused.code == Some(2) && refused.err.contains("its seed is 5, not 20250602"), "{}", refused.err);
    let refused = merge(&[all[0], &count], "mixed");
    assert!(refused.code == Some(2) && refused.err.contains("\"replications\":5"), "{}", refused.err);
    let refused = merge(&[folder.path()], "mixed");
    assert!(refused.code == Some(2) && refused.err.contains("--shard I/N"), "{}", refused.err);
}

/// Runs a sweep whole and in three parts; what is joined must be the whole, in what it leaves and in what it prints.
fn swept_in_parts(sweep: &[&str]) {
    let folder = folder();
    let into = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let said = run(root(), &[&["sweep", "quickstart", "--out", out.to_str().expect("the path is text")], sweep, more].concat());
        assert_eq!(said.code, Some(0), "{}", said.err);
        (out, said.out)
    };
    let (whole, printed) = into("whole", &[]);
    let parts = ["1/3", "2/3", "3/3"].map(|shard| into(&shard.replace('/', "-"), &["--shard", shard]).0);
    let merged = folder.path().join("merged");
    let paths: Vec<&str> = parts.iter().chain([&merged]).map(|path| path.to_str().expect("the path is text")).collect();
    let said = run(root(), &[&["merge"], &paths[..3], &["--out", paths[3]]].concat());
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(files(&merged) == files(&whole), "merged is not the whole");
    assert_eq!(said.out, printed);
}

#[test]
fn parts_of_a_sweep_are_joined() {
    let scene = ["-q", "-r", "2", "--set", "scenario.horizon=2 d"];
    swept_in_parts(&[&scene[..], &["--vary", "site.zhongwei.pool.imported.nodes=8,16,24", "--metric", "latency.queue_wait.mean"]].concat());
    swept_in_parts(&[&scene[..], &["--vary", "site.zhongwei.pue=1.1,1.3", "--vary", "policy.place=nearest,cheapest", "--one-at-a-time"]].concat());
    swept_in_parts(&[
        "-q",
        "-r",
        "1",
        "--set",
        "scenario.horizon=12 h",
        "--set",
        "scenario.warmup=1 h",
        "--assumptions",
        "--only",
        "site.zhongwei",
        "--policy",
        "fifo",
        "--policy",
        "sjf",
    ]);
}
