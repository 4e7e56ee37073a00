//! `edwc bound` as scripts run it.

use super::program::{root, run, told};

fn json(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&told(arguments)).expect("one JSON value")
}

#[test]
fn policies_are_judged_by_bounds_for_what_they_finish() {
    let policies = ["fifo+cheapest+easy", "fifo+greenest+easy"];
    let found = json(&["bound", "quickstart", "--policy", policies[0], "--policy", policies[1], "--json"]);
    for (judged, policy) in found["policies"].as_array().expect("a list").iter().zip(policies) {
        let summary = json(&["run", "quickstart", "--policy", policy, "--json"]);
        let number = |value: &serde_json::Value| value.as_f64().unwrap_or_else(|| panic!("{value} is no number in {judged}"));
        assert_eq!(judged["figures"]["jobs"], summary["jobs"]["finished"]);
        assert_eq!(judged["bounds"]["jobs"], summary["jobs"]["finished"]);
        let (mean, summarised) = (number(&judged["figures"]["completion_mean_s"]), number(&summary["latency"]["completion"]["mean"]));
        assert!((mean - summarised).abs() < 1e-6 * summarised, "{mean} is not the summary's {summarised}");
        for figure in ["net_cost_cny", "carbon_location_kg", "carbon_market_kg", "completion_mean_s"] {
            let (took, least) = (number(&judged["figures"][figure]), number(&judged["bounds"][figure]));
            assert!(least > 0.0 && least <= took, "{policy}, {figure}: {took} and {least}");
        }
        assert!(number(&judged["gaps"]["net_cost"]) < 0.5, "the bound says something: {judged}");
    }
    let text = told(&["bound", "quickstart"]);
    assert!(text.contains("net cost, M CNY") && text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn policies_that_run_outside_are_refused() {
    let said = run(root(), &["bound", "quickstart", "--policy", "exec:true"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("bounds do not follow it"), "{}", said.err);
}
