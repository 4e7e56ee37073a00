//! What policies do wrong, and what becomes of the run: exit code 4 with a message that helps, partial results marked as such, no process left.

use super::{GREEDY, TWO_SITES, edwc, folder, left_over, said, scripted};
use std::fs;
use std::path::Path;

/// The limit on a policy's answer, in seconds: short where it is what the test waits for, and far beyond what a busy machine needs elsewhere.
fn limit(parts: &[&str]) -> &'static str {
    if parts.iter().any(|part| part.contains("within 2 s")) { "2" } else { "30" }
}

/// Runs the small world under a policy that fails; returns what was said about it, of which all parts must be there.
#[track_caller]
fn fails(command: &str, parts: &[&str], folder: &Path) -> String {
    let out = folder.join("out");
    let policy = format!("exec:{command}");
    let mut run = edwc(&["run", TWO_SITES, "--policy", &policy, "--policy-timeout", limit(parts), "--out"]);
    let said = said(run.arg(&out).output().expect("edwc starts"));
    assert_eq!(said.code, Some(4), "{command}: {}{}", said.out, said.err);
    assert!(!said.err.contains("panicked"), "{}", said.err);
    assert!(!out.exists(), "a run that failed has a result under its final name");
    assert_eq!(left_over(folder), [""; 0], "{command}");
    parts.iter().for_each(|part| assert!(said.err.contains(part), "{command}: `{part}` is missing in: {}", said.err));
    said.err
}

/// The same for a policy in Python, of which the message must have all parts.
#[track_caller]
fn fails_in_python(first: &str, decide: &str, parts: &[&str]) -> String {
    let folder = folder();
    let path = scripted(folder.path(), first, decide);
    fails(&format!("python3 {path}"), parts, folder.path())
}

#[test]
fn what_does_not_start_fails_before_the_first_event() {
    let folder = folder();
    for (command, parts) in [
        ("no-such-command", ["cannot start `no-such-command`", ""]),
        ("python3 -m no_such_module", ["failed before the first event", "No module named no_such_module"]),
        ("python3 -c 'def f(:'", ["failed before the first event", "SyntaxError"]),
        ("python3 -c 'import no_such_module'", ["failed before the first event", "ModuleNotFoundError"]),
        ("python3 -c 'class P: pass\nP().decide()'", ["failed before the first event", "AttributeError"]),
        ("python3 -c 'raise SystemExit(\"needs Python 4\")'", ["ended with exit code 1 instead of an answer", "needs Python 4"]),
        ("true", ["it ended with exit code 0 instead of an answer", ""]),
        ("sh -c 'kill -SEGV $$'", ["was killed by signal 11", ""]),
        ("sh -c 'exec >&-; sleep 30'", ["it closed its standard output instead of an answer", ""]),
        ("sleep 30", ["it did not answer within 2 s", ""]),
        ("sh -c 'echo {\\\"protocol\\\": 2}; cat > /dev/null'", ["speaks version 2 of the protocol", "newer than version 1"]),
        ("sh -c 'echo {\\\"protocol\\\": 0}; cat > /dev/null'", ["speaks version 0 of the protocol", "older than version 1"]),
        ("sh -c 'echo hello; cat > /dev/null'", ["line 1 of its standard output is not JSON", "`hello`"]),
    ] {
        fails(command, &parts, folder.path());
    }
}

#[test]
fn exceptions_are_told_with_time_traceback_and_the_way_to_replay_them() {
    let err = fails_in_python(
        "",
        &format!("if told['seq'] == 3:\n    raise ValueError('no tea')\n{GREEDY}"),
        &["the policy failed at", "(event ", "ended with exit code 1", "Traceback", "ValueError: no tea", "`--policy replay:", "out.incomplete"],
    );
    assert!(err.contains("policy.jsonl.gz"), "{err}");
}

#[test]
fn a_failed_run_keeps_what_there_was_and_replays_to_the_same_failure() {
    let folder = folder();
    let path = scripted(folder.path(), "", &format!("if told['seq'] == 3:\n    os._exit(9)\n{GREEDY}"));
    let err = fails(&format!("python3 {path}"), &[], folder.path());
    let kept = folder.path().join("out.incomplete");
    assert!(fs::read_to_string(kept.join("manifest.json")).expect("it was kept").contains("\"complete\": false"));
    let replay = format!("replay:{}", kept.join("policy.jsonl.gz").display());
    let again = said(edwc(&["run", TWO_SITES, "--policy", &replay]).output().expect("edwc starts"));
    assert_eq!(again.code, Some(4));
    let first = |text: &str| text.lines().find(|line| line.starts_with("error")).expect("there is an error").to_owned();
    assert_eq!(first(&err), first(&again.err));
}

#[test]
fn policies_that_hang_or_starve_or_loop_are_ended() {
    fails_in_python("", "while True:\n    pass", &["did not answer within 2 s"]);
    fails_in_python("", "time.sleep(3600)", &["did not answer within 2 s"]);
    fails_in_python("", "return []", &["the policy starves 6 jobs", "nothing runs and nothing else will happen"]);
    fails_in_python("", "return [{'wake': {'at_us': told['now_us']}}]", &["asked 10000 times at one instant"]);
    fails_in_python("", "return [{'wake': {'at_us': told['now_us'] - 1}}] if told['now_us'] else []", &["lies before now"]);
    fails_in_python("", "return [{'wake': {'at_us': float('nan')}}]", &["is not JSON", "NaN"]);
    fails_in_python("", "return [{'wake': {'at_us': 1e300}}]", &["floating point"]);
}

#[test]
fn broken_decisions_name_the_rule_and_what_is_allowed() {
    for (decisions, parts) in [
        ("None", ["invalid type: null", "line 2 of its standard output"]),
        ("'place'", ["invalid type: string", "expected a sequence"]),
        ("[{'place': {'job': 99, 'pool': 0}}]", ["there is no job 99 in the system", "waiting are 0, 1, 2"]),
        ("[{'place': {'job': 0, 'pool': 9}}]", ["there is no pool 9", "0 `jiaxing.imported`, 1 `zhongwei.domestic`"]),
        ("[{'prefetch': {'job': 0, 'site': 9}}]", ["there is no site 9", "0 `jiaxing`"]),
        ("[{'place': {'job': 0, 'parts': [{'pool': 0, 'gpus': -4}]}}]", ["invalid value: integer `-4`", "expected u32"]),
        ("[{'place': {'job': 0, 'parts': [{'pool': 0, 'gpus': 3}]}}]", ["add up to 3 GPUs", "its gang has 4"]),
        (
            "[{'place': {'job': 0, 'pool': 0}}, {'reject': {'job': 0}}]",
            ["decision 1 (`reject`)", "decided on before in the same answer"],
        ),
        ("[{'preempt': {'job': 0, 'how': 'discard'}}]", ["holds no GPUs", "waits in the queue"]),
        ("[{'migrate': {'job': 0, 'pool': 1}}]", ["holds no GPUs", "waits in the queue"]),
        ("[{'start': {'job': 0}}]", ["unknown variant `start`", "expected one of `place`"]),
        ("[{'place': {'job': 0, 'pool': 0, 'when': 'now'}}]", ["unknown field `when`", "expected one of"]),
    ] {
        fails_in_python("", &format!("return {decisions}"), &parts);
    }
}

#[test]
fn what_was_booked_before_the_protocol_is_broken_is_taken_back() {
    // Jobs run when the answer comes that takes their GPUs away, and then names a job that there is not.
    for decision in ["{'preempt': {'job': 0, 'how': 'discard'}}", "{'migrate': {'job': 0, 'pool': 1}}"] {
        let body = format!(
            "if told['now_us'] == 0 and told['seq'] == 1:\n    return [{{'place': {{'job': 0, 'pool': 0}}}}, {{'wake': {{'at_us': 1000000}}}}]\n\
             return [{decision}, {{'reject': {{'job': 99}}}}]"
        );
        fails_in_python("", &body, &["there is no job 99"]);
    }
}

#[test]
fn an_answer_is_carried_out_whole_or_not_at_all() {
    let folder = folder();
    let path = scripted(folder.path(), "", "return [{'place': {'job': 0, 'pool': 0}}, {'place': {'job': 0, 'pool': 1}}]");
    fails(&format!("python3 {path}"), &[], folder.path());
    let jobs = fs::read_to_string(folder.path().join("out.incomplete/jobs.csv")).expect("it was kept");
    let header: Vec<&str> = jobs.lines().next().expect("a header").split(',').collect();
    let start = header.iter().position(|name| name.starts_with("start")).expect("a column of starts");
    assert!(jobs.lines().skip(1).all(|line| line.split(',').nth(start) == Some("")), "{jobs}");
}

#[test]
fn wishes_that_the_world_denies_are_refused_and_the_run_goes_on() {
    let folder = folder();
    // Node 0 of pool 0 by name, half of the gang here and half there, and all jobs at once.
    let wishes = format!(
        "if told['seq'] == 1:\n    state['queue'] = {{job['job']: job for job in told['arrived']}}\n    return [\n        \
         {{'place': {{'job': 0, 'parts': [{{'pool': 0, 'gpus': 2}}, {{'pool': 1, 'gpus': 2}}]}}}},\n        \
         {{'place': {{'job': 1, 'pool': 0}}}},\n        {{'place': {{'job': 2, 'pool': 0}}}},\n        {{'wake': {{'at_us': 1}}}}]\n\
         if told['seq'] == 2:\n    state['queue'].pop(1)\n    state['kinds'] = [refusal['kind'] for refusal in told['refused']]\n    \
         assert state['kinds'] == ['split', 'quota'], state['kinds']\n    told['refused'] = []\n{GREEDY}"
    );
    let path = scripted(folder.path(), "", &wishes);
    let policy = format!("exec:python3 {path}");
    let said = said(edwc(&["run", TWO_SITES, "--policy", &policy, "--json"]).output().expect("edwc starts"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    let summary = super::json(&said.out);
    assert_eq!(summary["jobs"]["finished"], 6);
    assert_eq!(summary["refusals"]["split"], 1, "{}", summary["refusals"]);
}

#[test]
fn lines_that_are_no_answers_are_shown_escaped() {
    let write = |text: &str| format!("os.write(1, {text})\ntime.sleep(5)\nreturn []");
    for (bytes, parts) in [
        ("b'garbage\\n'", ["line 2 of its standard output is not JSON", "`garbage`"]),
        ("b'\\xff\\xfe\\n'", ["is not UTF-8 from byte 1", r"\xff\xfe"]),
        ("b'{\"seq\": 1, \"decis\\n'", ["is not JSON: EOF", "decis"]),
        ("b'{\"seq\": 1, \"decisions\": []'", ["did not answer within 2 s", "its last line has no end"]),
        ("b'{\"seq\": 0, \"decisions\": []}\\n'", ["answers round 0 where round 1 was asked", ""]),
        ("b'{\"seq\": NaN, \"decisions\": []}\\n'", ["is not JSON: expected value", "NaN"]),
        ("b'{\"seq\": 1, \"seq\": 1, \"decisions\": []}\\n'", ["duplicate field `seq`", ""]),
        ("b'{\"seq\": 1, \"decisions\": ' + b'[' * 100000 + b'\\n'", ["is not JSON", "(100024 bytes)"]),
        ("b'\\x1b[31mred\\n'", [r"\x1b[31mred", ""]),
    ] {
        let err = fails_in_python("", &write(bytes), &parts);
        assert!(!err.contains('\u{1b}'), "{err}");
    }
    // Two answers to one round: the second is taken for the answer to the next.
    fails_in_python("", "say({'seq': told['seq'], 'decisions': []})\nreturn []", &["answers round 1 where round 2 was asked"]);
    // A line without an end is not gathered for ever.
    fails_in_python("", "while True:\n    os.write(1, b'x' * 65536)", &["is longer than 16 MiB", "`xxx"]);
}

#[test]
fn standard_output_is_for_the_protocol_and_standard_error_is_drained() {
    fails_in_python("", &format!("print('thinking')\n{GREEDY}"), &["line 2 of its standard output is not JSON", "`thinking`"]);
    let folder = folder();
    let flood = format!("sys.stderr.write('no tea ' * 2000000 + '\\n')\n{GREEDY}");
    let path = scripted(folder.path(), "", &flood);
    let policy = format!("exec:python3 {path}");
    let said = said(edwc(&["run", TWO_SITES, "--policy", &policy, "--json"]).output().expect("edwc starts"));
    assert_eq!((said.code, said.err.contains("tea")), (Some(0), false), "{}", said.err);
}

#[test]
fn processes_that_end_or_are_killed_are_told_by_how() {
    fails_in_python("", "sys.exit('no tea')", &["ended with exit code 1", "no tea"]);
    fails_in_python("", "os._exit(7)", &["ended with exit code 7"]);
    fails_in_python("", "os.kill(os.getpid(), signal.SIGKILL)", &["killed by signal 9, perhaps for want of memory"]);
    fails_in_python("", "os.abort()", &["killed by signal 6"]);
    fails_in_python("", "os.close(1)\ntime.sleep(60)", &["closed its standard output"]);
    fails_in_python(
        "",
        "os.chdir('/')\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.closerange(0, 3)\ntime.sleep(60)",
        &["closed its standard"],
    );
}

#[test]
fn children_of_a_policy_go_with_it() {
    let spawn = "def sleeper(**more):\n    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', __file__], **more)";
    // A grandchild, one in a session of its own, and a fork that ignores signals and holds the pipes.
    fails_in_python(spawn, "sleeper()\nos._exit(1)", &["ended with exit code 1"]);
    fails_in_python(spawn, "sleeper(start_new_session=True)\nos._exit(1)", &["ended with exit code 1"]);
    let fork = "if os.fork() == 0:\n    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    time.sleep(600)\nos._exit(1)";
    fails_in_python("", fork, &["instead of an answer"]);
    // After a run that went well there is none left either.
    let folder = folder();
    let path = scripted(folder.path(), &format!("{spawn}\nsleeper(start_new_session=True)"), GREEDY);
    let policy = format!("exec:python3 {path}");
    let said = said(edwc(&["run", TWO_SITES, "--policy", &policy]).output().expect("edwc starts"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(left_over(folder.path()), [""; 0]);
}
