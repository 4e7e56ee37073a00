//! The protocol as it is written down: the page's examples are messages of a real run, and every message of real runs is as the schema says.

use super::schema::errors;
use super::{json, python, read, talk};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PAGE: &str = "docs/reference/policy-protocol.md";

fn published() -> Value {
    json(&read("schema/policy-protocol.schema.json"))
}

/// The examples of the page, each a message.
fn examples() -> Vec<Value> {
    let page = read(PAGE);
    let blocks = page.split("```json\n").skip(1).filter_map(|rest| rest.split_once("\n```"));
    blocks.map(|(block, _)| json(block)).collect()
}

/// Decisions stand in the page as code in a table.
fn decisions() -> Vec<Value> {
    let page = read(PAGE);
    let table = page.split_once("## Decisions").expect("the page lists decisions").1.split_once("\n## ").expect("more follows").0.to_owned();
    let cells = table.lines().filter(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(2).map(str::trim).map(str::to_owned));
    cells.filter(|cell| cell.starts_with("`{")).map(|cell| json(cell.trim_matches('`'))).collect()
}

/// Takes out what names the program.
fn anonymous(mut message: Value) -> Value {
    if message["type"] == "hello" {
        message.as_object_mut().expect("a message is an object").remove("edwc");
    }
    message
}

#[test]
fn examples_of_the_page_are_what_is_said() {
    let (edwc, policy) = talk(&python("fifo.py"), &[]);
    let real: Vec<Value> = edwc.into_iter().chain(policy).map(anonymous).collect();
    let examples = examples();
    assert!(examples.len() >= 7, "{} examples", examples.len());
    for example in examples {
        // A greeting that asks for more than the policy of the run does is an example too.
        let of_the_run = example.get("needs").is_none() || example["type"] == "hello";
        assert!(!of_the_run || real.contains(&anonymous(example.clone())), "the page shows what is not said: {example}");
        let side = if example.get("type").is_some() { "edwc" } else { "policy" };
        assert_eq!(errors(&published(), side, &example), [""; 0], "{example}");
    }
}

#[test]
fn decisions_of_the_page_are_all_that_there_are() {
    let decisions = decisions();
    for decision in &decisions {
        let answer = json!({ "seq": 1, "decisions": [decision] });
        assert_eq!(errors(&published(), "policy", &answer), [""; 0], "{decision}");
    }
    let shown: BTreeSet<String> = decisions.iter().filter_map(|decision| decision.as_object()?.keys().next().cloned()).collect();
    let wishes = published()["$defs"]["Wish"]["oneOf"].clone();
    let known: BTreeSet<String> =
        wishes.as_array().expect("kinds of decisions").iter().filter_map(|wish| wish["properties"].as_object()?.keys().next().cloned()).collect();
    assert_eq!(shown, known);
}

#[test]
fn what_is_said_is_as_the_schema_says() {
    let schema = published();
    for (policy, more) in [("fifo.py", vec![]), ("cheapest.py", vec!["--set", "failure.script.outages=[]"])] {
        let (edwc, policy) = talk(&python(policy), &more);
        assert!(edwc.len() > 7 && policy.len() > 5);
        edwc.iter().for_each(|message| assert_eq!(errors(&schema, "edwc", message), [""; 0], "{message}"));
        policy.iter().for_each(|message| assert_eq!(errors(&schema, "policy", message), [""; 0], "{message}"));
    }
}

#[test]
fn the_schema_tells_wrong_messages() {
    let schema = published();
    for wrong in [
        json!({ "seq": -1, "decisions": [] }),
        json!({ "seq": 1 }),
        json!({ "seq": 1, "decisions": [], "now": 2 }),
        json!({ "seq": 1, "decisions": [{ "start": { "job": 1 } }] }),
        json!({ "seq": 1, "decisions": [{ "preempt": { "job": 1, "how": "gently" } }] }),
        json!({ "protocol": 1, "needs": { "tea": true } }),
    ] {
        assert_ne!(errors(&schema, "policy", &wrong), [""; 0], "{wrong}");
    }
}

#[test]
fn the_page_has_every_field_of_what_is_exchanged() {
    let (page, schema) = (read(PAGE), published());
    for (of, definition) in schema["$defs"].as_object().expect("definitions") {
        for field in definition["properties"].as_object().into_iter().flatten().map(|(name, _)| name) {
            let named = page.contains(&format!("`{field}`")) || page.contains(&format!("\"{field}\""));
            // What only some jobs have is in the schema.
            let rare = ["Job", "SiteState"].contains(&of.as_str());
            assert!(named || rare, "`{field}` of {of}");
        }
    }
}
