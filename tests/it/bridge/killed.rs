//! edwc itself is killed or interrupted while a policy runs: no process stays, and nothing half-written has a final name.

use super::{edwc, folder, left_over, root, said, scripted, succeeds};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Starts a run that takes some seconds, with a policy whose process can be told by the folder.
fn start(folder: &Path) -> Child {
    let policy = folder.join("fifo.py");
    fs::copy(root().join("examples/policies/fifo.py"), &policy).expect("it can be copied");
    let policy = format!("exec:python3 {}", policy.display());
    let mut command = edwc(&["run", "quickstart", "--set", r#"scenario.horizon="60 d""#, "--policy", &policy, "--out"]);
    command.arg(folder.join("out")).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("edwc starts")
}

fn signal(child: &Child, name: &str) {
    succeeds(Command::new("kill").args([format!("-{name}"), child.id().to_string()]));
}

/// What has a final name is whole: its files are those that its manifest lists.
fn whole_or_absent(out: &Path) {
    if out.exists() {
        assert!(fs::read_to_string(out.join("manifest.json")).expect("a result has a manifest").contains("\"complete\": true"));
    }
}

#[test]
fn killed_at_any_moment_it_leaves_no_process_and_no_half_result() {
    let mut at_ms: u64 = 7;
    for _ in 0..8 {
        // From before the policy has started to the middle of the run.
        at_ms = (at_ms * 131 + 17) % 900;
        let folder = folder();
        let mut child = start(folder.path());
        std::thread::sleep(Duration::from_millis(at_ms));
        signal(&child, "KILL");
        child.wait().expect("it was killed");
        assert_eq!(left_over(folder.path()), [""; 0], "after {at_ms} ms");
        whole_or_absent(&folder.path().join("out"));
    }
}

#[test]
fn interrupted_it_ends_with_130_and_what_there_was() {
    for name in ["INT", "TERM"] {
        let folder = folder();
        let child = start(folder.path());
        std::thread::sleep(Duration::from_millis(700));
        signal(&child, name);
        let said = said(child.wait_with_output().expect("it ends"));
        assert_eq!(said.code, Some(130), "{}", said.err);
        assert_eq!(left_over(folder.path()), [""; 0]);
        assert!(!folder.path().join("out").exists());
        let manifest = fs::read_to_string(folder.path().join("out.incomplete/manifest.json")).expect("it was kept");
        assert!(manifest.contains("\"complete\": false"), "{manifest}");
    }
}

#[test]
fn a_policy_that_kills_edwc_goes_too() {
    let folder = folder();
    let path = scripted(folder.path(), "", "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(600)");
    let policy = format!("exec:python3 {path}");
    let said = said(edwc(&["run", "quickstart", "--policy", &policy, "--out"]).arg(folder.path().join("out")).output().expect("edwc starts"));
    assert_eq!(said.code, None, "it was killed: {}", said.err);
    assert_eq!(left_over(folder.path()), [""; 0]);
    assert!(!folder.path().join("out").exists());
}
