//! A run that has come to its end, and its numbers by the paths of the metrics.

use super::RunId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is kept of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FinishedRun {
    /// The number of the replication.
    pub replication: u64,
    /// The place of the alternative.
    pub alternative: usize,
    /// The hash over the run's event history.
    pub fingerprint: String,
    /// Events that were applied.
    pub events: u64,
    /// Every number of the summary by its path; yes and no are 1 and 0, and what does not exist is absent.
    pub metrics: BTreeMap<String, f64>,
}

impl FinishedRun {
    /// Takes a run's numbers from its summary, as `--json` prints it without what the wall clock said.
    pub fn new(id: RunId, summary: &Value) -> Self {
        let mut metrics = BTreeMap::new();
        gather("", summary, &mut metrics);
        let fingerprint = summary.get("fingerprint").and_then(Value::as_str).unwrap_or_default().to_owned();
        let events = summary.get("events").and_then(Value::as_u64).unwrap_or_default();
        Self { replication: id.replication, alternative: id.alternative, fingerprint, events, metrics }
    }
    /// Returns which run it is.
    pub fn id(&self) -> RunId {
        RunId { replication: self.replication, alternative: self.alternative }
    }
}

fn gather(path: &str, value: &Value, into: &mut BTreeMap<String, f64>) {
    match value {
        Value::Number(number) => into.extend(number.as_f64().map(|number| (path.to_owned(), number))),
        Value::Bool(flag) => into.extend([(path.to_owned(), f64::from(u8::from(*flag)))]),
        Value::Object(entries) => {
            for (key, value) in entries {
                gather(&if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, value, into);
            }
        }
        Value::Null | Value::String(_) | Value::Array(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_paths_of_the_summary() {
        let summary = serde_json::json!({
            "events": 12, "fingerprint": "abc", "latency": {"queue_wait": {"mean": 1.5, "p95": null}}, "goals": {"met": true}, "warnings": [1]
        });
        let run = FinishedRun::new(RunId { replication: 3, alternative: 1 }, &summary);
        let metrics: Vec<_> = run.metrics.iter().map(|(path, value)| (path.as_str(), *value)).collect();
        assert_eq!(metrics, [("events", 12.0), ("goals.met", 1.0), ("latency.queue_wait.mean", 1.5)]);
        assert_eq!((run.fingerprint.as_str(), run.events, run.id().replication), ("abc", 12, 3));
    }
}
