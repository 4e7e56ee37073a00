//! The conformance kit: it passes what is right, and finds each mistake where it shows.

use super::{GREEDY, compiled, edwc, folder, json, left_over, said, scripted};
use serde_json::Value;
use std::fs;

/// Tests a command that answers in time, however busy the machine; returns the exit code and what was found.
fn test(command: &[&str]) -> (Option<i32>, Value) {
    test_within("30", command)
}

/// Tests a command whose answer must come within so many seconds.
fn test_within(limit: &str, command: &[&str]) -> (Option<i32>, Value) {
    let said = said(edwc(&["policy", "test", "--json", "--policy-timeout", limit, "--"]).args(command).output().expect("edwc starts"));
    assert!(!said.err.contains("panicked"), "{}", said.err);
    (said.code, json(&said.out))
}

/// The limit where the test waits for it is short.
fn limit(problem: &str) -> &'static str {
    if problem.contains("within 2 s") { "2" } else { "30" }
}

/// Finds the situations with a verdict, each with its problem.
fn with(found: &Value, verdict: &str) -> Vec<(String, String)> {
    let situations = found["situations"].as_array().expect("situations").iter().filter(|situation| situation["verdict"] == verdict);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    situations.map(|situation| (text(&situation["situation"]), text(&situation["problem"]))).collect()
}

/// Tests a policy in Python that was written wrong.
#[track_caller]
fn finds(first: &str, decide: &str, verdict: &str, situation: &str, problem: &str) {
    let folder = folder();
    let path = scripted(folder.path(), first, decide);
    let (code, found) = test_within(limit(problem), &["python3", &path]);
    assert_eq!(code, Some(if verdict == "failed" { 4 } else { 0 }), "{found:#}");
    let right = with(&found, verdict).iter().any(|(name, text)| name == situation && text.contains(problem));
    assert!(right, "{verdict} in {situation}: {problem}\n{found:#}");
    assert_eq!(left_over(folder.path()), [""; 0]);
}

#[test]
fn the_examples_pass() {
    let compiled = compiled("fifo.c");
    for command in [&["python3", "examples/policies/fifo.py"][..], &["python3", "examples/policies/cheapest.py"], &[&compiled.path]] {
        let (code, found) = test(command);
        assert_eq!((code, &found["passed"]), (Some(0), &Value::Bool(true)), "{found:#}");
        assert_eq!(with(&found, "passed").len(), found["situations"].as_array().expect("situations").len(), "{found:#}");
    }
}

#[test]
fn a_simple_policy_passes() {
    let folder = folder();
    let path = scripted(folder.path(), "", GREEDY);
    let (code, found) = test(&["python3", &path]);
    assert_eq!(code, Some(0), "{found:#}");
    assert_eq!(with(&found, "passed").len(), found["situations"].as_array().expect("situations").len(), "{found:#}");
}

#[test]
fn commands_that_do_not_start_or_do_not_greet_are_told() {
    let (code, found) = test(&["no-such-command"]);
    assert_eq!(code, Some(4));
    assert!(with(&found, "failed")[0].1.contains("cannot start `no-such-command`"), "{found:#}");
    assert_eq!(with(&found, "not played").len(), found["situations"].as_array().expect("situations").len() - 1);
    for (script, problem) in [
        (
            "import sys\nfor line in sys.stdin:\n    print('{\"protocol\": 7}', flush=True)",
            "speaks version 7 of the protocol, which is newer",
        ),
        ("import time\ntime.sleep(60)", "did not answer within 2 s"),
        ("raise ValueError('no tea')", "ended with exit code 1 instead of an answer"),
    ] {
        let (code, found) = test_within(limit(problem), &["python3", "-c", script]);
        assert_eq!(code, Some(4));
        assert!(with(&found, "failed")[0].1.contains(problem), "{found:#}");
        assert!(!found["situations"][0]["help"].as_str().unwrap_or_default().is_empty());
    }
}

#[test]
fn broken_answers_are_found() {
    finds("", "print('thinking')\nreturn []", "failed", "one job", "is not JSON");
    finds("", "time.sleep(60)\nreturn []", "failed", "one job", "did not answer within 2 s");
    finds("", "return None", "failed", "one job", "invalid type: null");
    let twice = GREEDY.replace("return decisions", "return decisions + decisions");
    finds("", &twice, "failed", "one job", "was decided on before in the same answer");
    finds("", "return [{'wake': {'at_us': told['now_us']}}]", "failed", "one job", "was asked 10000 times at one instant");
}

#[test]
fn policies_that_lose_track_are_found() {
    let forgetful = GREEDY.replace("queue.update(", "dict().update(");
    finds("", &forgetful, "failed", "a quota", "1 job never started, although nothing runs");
    let deaf = GREEDY.replace(" + told['returned']", "");
    finds("", &deaf, "failed", "a failing node", "never started");
    let stubborn = GREEDY.replace("queue.pop(number, None)", "pass");
    finds("", &stubborn, "failed", "impatience", "there is no job");
    finds("", "return []", "failed", "one job", "1 job never started");
}

/// Beside what the greedy policy decides, moves or resizes a running job every third round, where there are jobs to resize or sites to move to;
/// knows what has ended if it `looks`.
fn changes(what: &str, looks: bool) -> String {
    let body: String = GREEDY.lines().map(|line| format!("    {line}\n")).collect();
    let gone = if looks { "told['ended'] + told['left']" } else { "[]" };
    format!(
        "def start(told):\n{body}
runs = state.setdefault('runs', {{}})
for job in {gone} + [job['job'] for job in told['returned'] + told['refused']]:
    runs.pop(job, None)
{what}
decisions = start(told)
runs.update(state['tried'])
return decisions + (changed[:1] if told['seq'] % 3 == 0 else [])"
    )
}

#[test]
fn policies_that_move_and_resize_what_runs_pass_and_those_that_lose_track_are_found() {
    let moves = "changed = [{'migrate': {'job': job, 'pool': 1}} for job in runs if len(runs[job]['candidates']) == 2]";
    let resizes = "changed = [{'resize': {'job': job, 'gpus': 8 - told['seq'] % 2}} for job in runs if runs[job].get('elastic')]";
    for (what, situation) in [(moves, "broken nodes"), (resizes, "elastic jobs")] {
        let folder = folder();
        let path = scripted(folder.path(), "", &changes(what, true));
        let (code, found) = test(&["python3", &path]);
        assert_eq!((code, &found["passed"]), (Some(0), &Value::Bool(true)), "{found:#}");
        finds("", &changes(what, false), "failed", situation, "there is no job");
    }
}

#[test]
fn policies_that_ask_for_the_wrong_things_are_found() {
    let careless = GREEDY.replace("queue[number]['candidates'][0]['pool']", "1 if told['pools'] and len(told['pools']) > 1 else 0");
    finds("", &careless, "failed", "other pools", "the world had to refuse what the candidates do not offer: 2 × chip");
    // It waits for cheap power, and nobody tells it that the hour has come.
    let patient = format!(
        "state['dear'] = any(site['energy_micro_cny_per_kwh'] > 1000000 for site in told.get('sites', []))\nif state['dear']:\n    state.setdefault('queue', {{}}).update({{job['job']: job for job in told['arrived']}})\n    return []\n{GREEDY}"
    );
    finds("needs = {'quotes': True}", &patient, "failed", "dear hours", "1 job never started");
    let waking = patient.replace("return []", "return [{'wake': {'at_us': 3600 * 1000000}}]");
    let folder = folder();
    let path = scripted(folder.path(), "needs = {'quotes': True}", &waking);
    assert_eq!(test(&["python3", &path]).0, Some(0));
    let strict = format!("assert 'from_a_later_version' not in told\n{GREEDY}");
    finds("", &strict, "failed", "a later version", "ended with exit code 1");
}

#[test]
fn what_is_only_unwise_is_a_warning() {
    let random = GREEDY.replace("['candidates'][0]", "['candidates'][random.randrange(len(queue[number]['candidates']))]");
    finds("", &random, "warned", "a busy day", "is not deterministic");
    finds(
        "import atexit\natexit.register(lambda: os._exit(3))",
        GREEDY,
        "warned",
        "one job",
        "ended with exit code 3 after the run",
    );
    let refusing = GREEDY.replace("return decisions", "return [{'reject': {'job': job['job']}} for job in told['arrived']]");
    finds("", &refusing, "warned", "one job", "turned away 1 job");
    finds("", &format!("time.sleep(0.006)\n{GREEDY}"), "warned", "a busy day", "a decision takes");
}

#[test]
fn people_read_what_is_wrong_and_what_helps() {
    let folder = folder();
    let path = scripted(folder.path(), "print('I am up', file=sys.stderr)", "print('thinking')\nreturn []");
    let said = said(edwc(&["policy", "test", "--", "python3", &path]).output().expect("edwc starts"));
    assert_eq!((said.code, said.err.as_str()), (Some(4), ""));
    for part in ["FAILED      one job", "problem:", "help:", "print to standard error", "I am up", "12 situations: 12 failed"] {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&said.out).contains(&words(part)), "{part}: {}", said.out);
    }
    assert!(said.out.lines().all(|line| line.chars().count() <= 100), "{}", said.out);
    let wrong = super::said(edwc(&["policy", "test"]).output().expect("edwc starts"));
    assert_eq!(wrong.code, Some(2), "{}", wrong.err);
    assert!(fs::metadata(&path).is_ok());
}
