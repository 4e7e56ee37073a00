//! Policies in child processes: the protocol as it is documented, what happens to those that break it, and the same runs inside and outside.

mod conformance;
mod killed;
mod misbehaving;
mod moving;
mod protocol;
mod registered;
mod same;
mod schema;

use crate::program::{self, folder, root, said};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The small world of the documents.
const TWO_SITES: &str = "examples/policies/two-sites.toml";

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("a file of the repository can be read")
}

/// A command in the repository's root.
fn edwc(arguments: &[&str]) -> Command {
    program::edwc(root(), arguments)
}

/// Runs to the end, which must be a good one.
#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let said = said(command.output().expect("it starts"));
    assert_eq!(said.code, Some(0), "{command:?}: {}{}", said.out, said.err);
    said.out
}

/// A policy of the examples in Python.
fn python(name: &str) -> String {
    format!("exec:python3 examples/policies/{name}")
}

/// A policy of the examples in C, compiled by the linker that Rust needs anyway.
struct Compiled {
    path: String,
    _folder: tempfile::TempDir,
}

fn compiled(name: &str) -> Compiled {
    let folder = folder();
    let path = folder.path().join("policy").to_str().expect("the path is text").to_owned();
    let source = format!("examples/policies/{name}");
    succeeds(Command::new("cc").current_dir(root()).args(["-O2", "-Wall", "-Wextra", "-Werror", "-o", &path, &source]));
    Compiled { path, _folder: folder }
}

/// Runs the small world under a policy, and returns what was said: by edwc and by the policy.
fn talk(policy: &str, more: &[&str]) -> (Vec<Value>, Vec<Value>) {
    let folder = folder();
    let path = folder.path().join("talk.jsonl");
    let mut command = edwc(&["run", TWO_SITES, "--policy", policy, "--transcript"]);
    succeeds(command.arg(&path).args(more));
    let lines: Vec<Value> = fs::read_to_string(&path).expect("it was written").lines().skip(1).map(json).collect();
    let side = |who: &str| lines.iter().filter_map(|line| line.get(who)).cloned().collect();
    (side("edwc"), side("policy"))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn fingerprint(summary: &str) -> String {
    json(summary)["fingerprint"].as_str().expect("a summary has a fingerprint").to_owned()
}

/// A policy in Python that tries the first candidate of every waiting job in every round, and keeps to the protocol.
const GREEDY: &str = "\
queue, tried = state.setdefault('queue', {}), state.setdefault('tried', {})
denied = {refusal['job'] for refusal in told['refused']}
queue.update({number: job for number, job in tried.items() if number in denied})
tried.clear()
for number in told['left']:
    queue.pop(number, None)
for job in told['arrived'] + told['returned'] + told.get('queue', []):
    queue[job['job']] = job
decisions = []
for number in sorted(queue):
    if queue[number]['candidates']:
        decisions.append({'place': {'job': number, 'pool': queue[number]['candidates'][0]['pool']}})
        tried[number] = queue.pop(number)
return decisions";

/// Writes a policy in Python: `decide` is the body of a function of what was `told` that may keep things in `state`; `first` runs at the start.
fn scripted(folder: &Path, first: &str, decide: &str) -> String {
    let path = folder.join("policy.py");
    let body: String = decide.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!(
        "import json, os, random, signal, subprocess, sys, time\nstate, needs = {{}}, {{}}\ndef say(message):\n    print(json.dumps(message), flush=True)\n\
         {first}\ndef decide(told):\n{body}\n\
         for line in sys.stdin:\n    told = json.loads(line)\n    if told['type'] == 'hello':\n        say({{'protocol': 1, 'needs': needs}})\n    \
         elif told['type'] == 'round':\n        say({{'seq': told['seq'], 'decisions': decide(told)}})\n"
    );
    fs::write(&path, text).expect("it can be written");
    path.to_str().expect("the path is text").to_owned()
}

/// Lists the processes whose command line names a folder, after a moment in which they may end.
fn left_over(folder: &Path) -> Vec<String> {
    let name = folder.to_str().expect("the path is text").to_owned();
    let find = || -> Vec<String> {
        let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
        let lines = processes.filter_map(|entry| Some((entry.file_name(), fs::read(entry.path().join("cmdline")).ok()?)));
        let own = std::process::id().to_string();
        let lines = lines.filter(|(id, _)| *id != *own).map(|(id, line)| format!("{}: {}", id.to_string_lossy(), String::from_utf8_lossy(&line)));
        lines.filter(|line| line.contains(&name)).collect()
    };
    for _ in 0..100 {
        if find().is_empty() {
            return Vec::new();
        }
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    find()
}
