//! Jobs that a policy in a child process moves while they run.

use super::{GREEDY, TWO_SITES, edwc, json, scripted, succeeds};
use crate::program::folder;
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
