//! Jobs that a policy in a child process moves while they run.

use super::{GREEDY, TWO_SITES, edwc, json, scripted, succeeds};
use crate::program::{folder, said};
use serde_json::json;

/// Ten minutes after its start, the first job is to go where it is, and then to the other site; what the greedy policy decides is decided as well.
const MOVER: &str = "\
decisions = start(told)
now = told['now_us']
if now == 0 and not state.get('asked'):
    decisions += [{'wake': {'at_us': 600000000}}, {'wake': {'at_us': 601000000}}]
    state['asked'] = True
elif now == 600000000:
    decisions.append({'migrate': {'job': 0, 'parts': [{'pool': 0, 'gpus': 2, 'node': 0}, {'pool': 0, 'gpus': 2}]}})
elif now == 601000000 and not state.get('moved'):
    decisions.append({'migrate': {'job': 0, 'pool': 1}})
    state['moved'] = True
return decisions";

#[test]
fn a_child_moves_a_job_and_is_refused_what_is_no_move() {
    let folder = folder();
    let body: String = GREEDY.lines().map(|line| format!("    {line}\n")).collect();
    let path = scripted(folder.path(), &format!("def start(told):\n{body}needs = {{'every_event': True}}"), MOVER);
    let run = |policy: &str| json(&succeeds(&mut edwc(&["run", TWO_SITES, "--json", "--set", "failure.script.outages=[]", "--policy", policy])));
    let summary = run(&format!("exec:python3 {path}"));
    assert_eq!(summary["incidents"]["migrations"], json!(1), "{summary}");
    assert_eq!((&summary["refusals"]["nothing_to_move"], &summary["jobs"]["unfinished"]), (&json!(1), &json!(0)), "{summary}");
}

/// Ten minutes after its start, the first job, which may have two to six GPUs, is to have eight, and then has six.
const RESIZER: &str = "\
decisions = start(told)
now = told['now_us']
if now == 0 and not state.get('asked'):
    assert [job['elastic'] for job in told['arrived']] == 3 * [{'min_gpus': 2, 'max_gpus': 6, 'serial_millionths': 100000}], told
    decisions += [{'wake': {'at_us': 600000000}}, {'wake': {'at_us': 601000000}}]
    state['asked'] = True
elif now == 600000000:
    decisions.append({'resize': {'job': 0, 'gpus': 8}})
elif now == 601000000 and not state.get('moved'):
    assert [(refusal['kind'], refusal['asked'], refusal['available']) for refusal in told['refused'] if refusal['job'] == 0] == [('size', 8, 6)], told
    decisions.append({'resize': {'job': 0, 'gpus': 6}})
    state['moved'] = True
return decisions";

#[test]
fn a_child_changes_the_size_of_an_elastic_job() {
    let folder = folder();
    let body: String = GREEDY.lines().map(|line| format!("    {line}\n")).collect();
    let path = scripted(folder.path(), &format!("def start(told):\n{body}needs = {{'every_event': True}}"), RESIZER);
    let elastic = r#"workload.training.elastic={ min = 2, max = 6, serial = 0.1 }"#;
    let policy = format!("exec:python3 {path}");
    let set = ["--set", "failure.script.outages=[]", "--set", elastic];
    let summary = json(&succeeds(edwc(&["run", TWO_SITES, "--json", "--policy", &policy]).args(set)));
    assert_eq!((&summary["incidents"]["resizes"], &summary["incidents"]["migrations"]), (&json!(1), &json!(0)), "{summary}");
    assert_eq!((&summary["refusals"]["size"], &summary["jobs"]["unfinished"]), (&json!(1), &json!(0)), "{summary}");
}

/// Starts jobs, and looks again a minute and ten minutes later: of what it has started it sees nothing before then.
const WATCHER: &str = "\
now = told['now_us']
for pool in told['pools']:
    if now == 0 or now >= 600000000:
        state['free', now >= 600000000, pool['pool']] = pool['free']
    else:
        raise ValueError(f'seen too early: {pool}')
if now >= 600000000 and not state.get('checked'):
    assert any(state['free', False, pool] > state.get(('free', True, pool), 1 << 30) for pool in (0, 1)), state
    state['checked'] = True
decisions = start(told)
if not state.get('asked'):
    decisions += [{'wake': {'at_us': 60000000}}, {'wake': {'at_us': 600000000}}]
    state['asked'] = True
return decisions";

#[test]
fn a_child_sees_late_what_has_changed() {
    let folder = folder();
    let body: String = GREEDY.lines().map(|line| format!("    {line}\n")).collect();
    let path = scripted(folder.path(), &format!("def start(told):\n{body}needs = {{'every_event': True}}"), WATCHER);
    let policy = format!("exec:python3 {path}");
    let run = |delay: &str| {
        let delay = format!("policy.view_delay={delay:?}");
        let set = ["--set", "failure.script.outages=[]", "--set", "workload.training.work=\"20 min\"", "--set", &delay];
        said(edwc(&["run", TWO_SITES, "--json", "--policy", &policy]).args(set).output().expect("edwc starts"))
    };
    let late = run("10 min");
    assert_eq!(late.code, Some(0), "{}", late.err);
    assert_eq!(json(&late.out)["jobs"]["unfinished"], json!(0), "{}", late.out);
    let at_once = run("0 s");
    assert!(at_once.code == Some(4) && at_once.err.contains("seen too early"), "{}", at_once.err);
}
