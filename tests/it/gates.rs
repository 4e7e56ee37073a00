//! `edwc compare --gate`: a worse policy fails, a better one passes, noise passes, and what cannot be judged is refused.

use crate::program::{folder, root, run, said};
use std::fs;
use std::path::Path;

/// A scenario of a few moments in which a queue forms: the policies below differ in how long jobs wait.
const SCENE: &[&str] = &["compare", "quickstart", "-q", "--set", "scenario.horizon=2 d"];
const GOOD: &str = "fifo+cheapest+easy";
const BAD: &str = "ljf+local-first";
const WAIT: &str = "latency.queue_wait.mean";

struct Record {
    folder: tempfile::TempDir,
    file: String,
}

/// Records a policy under a seed, as the main branch of a repository would.
fn record(policy: &str, seed: &str) -> Record {
    let folder = folder();
    let file = folder.path().join("main.json");
    let told = run(root(), &[SCENE, &["--policy", policy, "--seed", seed, "-r", "5", "--json"]].concat());
    assert_eq!(told.code, Some(0), "{}", told.err);
    fs::write(&file, told.out).expect("a file can be written");
    Record { file: file.to_str().expect("the path is text").to_owned(), folder }
}

/// Undoes the wrapping of lines.
fn flat(text: &str) -> String {
    text.replace("\n  ", " ")
}

fn against(record: &Record, more: &[&str]) -> (Option<i32>, String) {
    let told = run(root(), &[SCENE, &["--baseline", &record.file, "-r", "5", "--metric", WAIT], more].concat());
    (told.code, flat(&(told.out + &told.err)))
}

#[test]
fn a_worse_policy_fails_a_better_one_passes_and_noise_passes() {
    let (good, bad) = (record(GOOD, "1"), record(BAD, "1"));
    let gate = format!("{WAIT} <= +5%");
    let (code, told) = against(&good, &["--policy", BAD, "--seed", "1", "--gate", &gate]);
    assert!(code == Some(1) && told.contains("1 of 1 gate failed") && told.contains("paired by replication, 5 pairs"), "{told}");
    let (code, told) = against(&bad, &["--policy", GOOD, "--seed", "1", "--gate", &gate]);
    assert!(code == Some(0) && told.contains("passed") && !told.contains("not sure"), "{told}");
    assert!(told.contains("its policy was ljf+"), "{told}");
    // The same policy under other seeds differs by chance only.
    for seed in ["2", "3", "4"] {
        let (code, told) = against(&good, &["--policy", GOOD, "--seed", seed, "--gate", "utilisation.effective >= -0%"]);
        assert!(code == Some(0) && told.contains("unpaired (Welch)") && told.contains(&format!("not {seed}")), "{told}");
        assert!(told.contains("passed"), "{told}");
    }
    // Exactly the same is sure.
    let (code, told) = against(&good, &["--policy", GOOD, "--seed", "1", "--gate", &format!("{WAIT} <= +0%")]);
    assert!(code == Some(0) && !told.contains("not sure"), "{told}");
}

#[test]
fn gates_are_reported_to_people_and_programs() {
    let good = record(GOOD, "1");
    let junit = good.folder.path().join("gates.xml");
    let gates = ["--gate", "latency.queue_wait.mean <= +5%", "--gate", "jobs.submitted >= 1", "--junit", junit.to_str().expect("the path is text")];
    let (code, told) = against(&good, &[&["--policy", BAD, "--seed", "1", "--markdown"][..], &gates].concat());
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("| ❌ | `latency.queue_wait.mean <= +5%` |") && told.contains("| ✅ | `jobs.submitted >= 1` |"), "{told}");
    let xml = fs::read_to_string(junit).expect("the file is there");
    let names = well_formed(&xml);
    assert_eq!(names.iter().filter(|name| *name == "testcase").count(), 2, "{xml}");
    assert_eq!(names.iter().filter(|name| *name == "failure").count(), 1, "{xml}");
    assert!(xml.contains("name=\"latency.queue_wait.mean &lt;= +5%\"") && xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
    let told = run(root(), &[SCENE, &["--policy", GOOD, "--policy", BAD, "-r", "3", "--json", "--gate", "jobs.submitted >= +1%"]].concat());
    let json: serde_json::Value = serde_json::from_str(&told.out).expect("it is JSON");
    assert_eq!(
        (told.code, &json["gates"][0]["passes"], json["gates"].as_array().map(Vec::len)),
        (Some(1), &false.into(), Some(1)),
        "{}",
        told.err
    );
}

/// Reads XML strictly enough to see that every element is closed where it must be; returns the names of all.
fn well_formed(xml: &str) -> Vec<String> {
    let (mut open, mut names): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    let body = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").expect("it says what it is");
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').expect("every tag ends");
        assert!(!text.contains('>') && tag.matches('"').count() % 2 == 0, "{piece}");
        for entity in text.split('&').skip(1).chain(tag.split('&').skip(1)) {
            assert!(["amp;", "lt;", "gt;", "quot;", "apos;"].iter().any(|known| entity.starts_with(known)), "{piece}");
        }
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{xml}"),
            None => {
                let name = tag.split(' ').next().expect("a tag has a name");
                open.push(name);
                names.push(name.to_owned());
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
    names
}

#[test]
fn a_directory_is_a_baseline_and_a_changed_scenario_is_told() {
    let folder = folder();
    let out = folder.path().join("main");
    let out = out.to_str().expect("the path is text");
    assert_eq!(run(root(), &[SCENE, &["-r", "3", "--out", out]].concat()).code, Some(0));
    let changed = ["--set", "site.zhongwei.pue=1.3", "--baseline", out, "-r", "4", "--gate", "energy_kwh <= +1%"];
    let told = run(root(), &[SCENE, &changed].concat());
    let text = flat(&(told.out + &told.err));
    assert!(told.code == Some(1) && text.contains("3 pairs; its scenario has changed"), "{text}");
}

#[test]
fn gates_that_cannot_be_judged_are_refused() {
    let refused = |more: &[&str]| {
        let told = said(crate::program::edwc(root(), &[SCENE, more].concat()).output().expect("edwc starts"));
        assert_eq!(told.code, Some(2), "{more:?}: {}{}", told.out, told.err);
        told.err
    };
    assert!(refused(&["--gate", "latency.queue_wait.meen <= +5%"]).contains("did you mean `latency.queue_wait.mean`?"));
    assert!(refused(&["--gate", "latency.queue_wait.mean < 5%"]).contains("METRIC <= LIMIT"));
    assert!(refused(&["--gate", "latency.queue_wait.mean <= +5%"]).contains("needs a baseline"));
    let single = refused(&["--policy", GOOD, "--policy", BAD, "-r", "1", "--gate", "latency.queue_wait.mean <= +5%"]);
    assert!(single.contains("one replication") && single.contains("-r 10"), "{single}");
    assert!(refused(&["--junit", "a.xml"]).contains("--gate"));
    let missing = run(root(), &[SCENE, &["--baseline", "nowhere.json"]].concat());
    assert!(missing.code == Some(6) && missing.err.contains("--json > main.json"), "{}", missing.err);
    assert!(!Path::new("a.xml").exists());
}
