//! What `edwc run --json` printed.

use crate::steps::{Failure, output};
use serde_json::Value;
use std::process::Command;

/// The summary of a run.
#[derive(Debug)]
pub struct Summary(Value);

impl Summary {
    /// Runs a command that must end well and print a summary.
    pub fn printed_by(command: &mut Command) -> Result<Self, Failure> {
        Self::read(&String::from_utf8_lossy(&output(command)?))
    }

    /// Reads the first summary in a text: whoever watches the program may have written lines before and after it.
    pub fn read(text: &str) -> Result<Self, Failure> {
        let from = text.find("{\n").ok_or("no summary was printed")?;
        let mut values = serde_json::Deserializer::from_str(&text[from..]).into_iter();
        match values.next() {
            Some(Ok(summary)) => Ok(Self(summary)),
            Some(Err(error)) => Err(format!("the summary cannot be read: {error}")),
            None => Err("no summary was printed".to_owned()),
        }
    }

    /// Returns the number at a path, as `/gpu_hours/held`.
    pub fn number(&self, path: &str) -> Result<f64, Failure> {
        self.0.pointer(path).and_then(Value::as_f64).ok_or_else(|| format!("the summary has no number at `{path}`"))
    }

    /// Returns the fingerprint of the run's history.
    pub fn fingerprint(&self) -> Result<&str, Failure> {
        self.0.pointer("/fingerprint").and_then(Value::as_str).ok_or_else(|| "the summary has no fingerprint".to_owned())
    }

    /// Lists the kinds of refusals that were counted.
    pub fn refusals(&self) -> impl Iterator<Item = &str> {
        self.0.get("refusals").and_then(Value::as_object).into_iter().flatten().map(|(kind, _)| kind.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_found_between_other_lines() {
        let summary = Summary::read("==1== a tool {x}\n{\n  \"a\": { \"b\": -1.5 },\n  \"fingerprint\": \"7f\",\n  \"refusals\": { \"room\": 7, \"split\": 1 }\n}\n==1== more").unwrap();
        assert_eq!((summary.number("/a/b"), summary.fingerprint()), (Ok(-1.5), Ok("7f")));
        assert_eq!(summary.refusals().collect::<Vec<_>>(), ["room", "split"]);
        assert!(summary.number("/a").is_err() && Summary::read("nothing").is_err() && Summary::read("{\n 1").is_err());
    }
}
