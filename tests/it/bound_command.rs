//! `edwc bound` as scripts run it.

use super::program::told;

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
fn policies_that_run_outside_are_judged_as_those_inside() {
    let (inside, outside) = ("fifo+at-submit+least-loaded", "exec:python3 examples/policies/fifo.py");
    let found = json(&["bound", "quickstart", "--policy", inside, "--policy", outside, "--json", "--set", "scenario.horizon=2 d"]);
    let of = |at: usize, what: &str| found["policies"][at][what].clone();
    for what in ["figures", "bounds", "gaps"] {
        assert_eq!(of(0, what), of(1, what), "{what}");
    }
    assert!(of(1, "policy") == outside && of(1, "figures")["jobs"].as_u64() > Some(0), "{found}");
}
