//! What an earlier experiment recorded, as the baseline of a new one: the file that `compare --json` prints, or `comparison.json` of its directory.

use super::{Alternative, Design};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The version of the comparison's JSON.
pub const FORMAT: u32 = 1;

/// A recorded comparison, as far as another can be compared with it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Recorded {
    comparison: u32,
    /// The version of edwc that ran it.
    pub version: String,
    /// Its seed.
    pub seed: u64,
    /// Its replications.
    pub replications: u64,
    /// The name of its own baseline.
    baseline: String,
    /// Its alternatives.
    pub alternatives: Vec<Alternative>,
    metrics: BTreeMap<String, RecordedMetric>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
struct RecordedMetric {
    alternatives: BTreeMap<String, RecordedCell>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
struct RecordedCell {
    values: Vec<Option<f64>>,
}

impl Recorded {
    /// Reads a recorded comparison.
    ///
    /// # Errors
    /// Says why the text is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let recorded: Self = serde_json::from_str(text).map_err(|error| format!("it is not what `edwc compare --json` prints: {error}"))?;
        if recorded.comparison != FORMAT {
            return Err(format!("it has format {}, but this edwc reads format {FORMAT}", recorded.comparison));
        }
        if recorded.alternatives.is_empty() {
            return Err("it has no alternative".to_owned());
        }
        Ok(recorded)
    }
    /// Returns where a file lies that may be named by its directory.
    pub fn place(named: &Path) -> std::path::PathBuf {
        if named.is_dir() { named.join("comparison.json") } else { named.to_owned() }
    }
    /// Finds what an alternative is compared with: what has its name, or else its policy or scenario and nothing else has, or else the baseline.
    pub fn counterpart(&self, alternative: &Alternative) -> usize {
        let only = |same: &dyn Fn(&Alternative) -> bool| {
            let mut found = self.alternatives.iter().enumerate().filter(|(_, recorded)| same(recorded)).map(|(at, _)| at);
            found.next().filter(|_| found.next().is_none())
        };
        only(&|recorded| recorded.name == alternative.name)
            .or_else(|| only(&|recorded| recorded.scenario == alternative.scenario && recorded.policy == alternative.policy))
            .or_else(|| self.alternatives.iter().position(|recorded| recorded.name == self.baseline))
            .unwrap_or(0)
    }
    /// Tells whether a replication here and there has the same random numbers.
    pub fn pairs_with(&self, design: &Design) -> bool {
        self.seed == design.seed
    }
    /// Returns the values of a metric, replication by replication; empty if it was not recorded.
    pub fn values(&self, path: &str, alternative: usize) -> &[Option<f64>] {
        let cell = self.metrics.get(path).and_then(|metric| metric.alternatives.get(&self.alternatives[alternative].name));
        cell.map_or(&[], |cell| &cell.values)
    }
    /// Says in sentences what else differs from a new experiment than what is to be compared.
    pub fn changes(&self, design: &Design, alternative: usize, counterpart: usize) -> Vec<String> {
        let (recorded, now) = (&self.alternatives[counterpart], &design.alternatives[alternative]);
        let mut said = Vec::new();
        if self.version != design.version {
            said.push(format!("recorded by edwc {}, and this is {}", self.version, design.version));
        }
        if self.seed != design.seed {
            said.push(format!("recorded with seed {}, not {}: the same jobs do not stand in pairs", self.seed, design.seed));
        }
        if recorded.policy != now.policy {
            said.push(format!("its policy was {}, and is {}", recorded.policy, now.policy));
        }
        if recorded.scenario_digest != now.scenario_digest {
            said.push("its scenario has changed".to_owned());
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::super::perform::tests::design;
    use super::*;

    fn text(alternatives: usize) -> String {
        serde_json::json!({
            "comparison": 1, "version": "0", "seed": 7, "replications": 2, "confidence": 0.95, "baseline": "a0",
            "alternatives": design(alternatives).alternatives,
            "metrics": {"jobs.finished": {"unit": "jobs", "alternatives": {"a0": {"mean": 1.5, "values": [1.0, null]}}}},
        })
        .to_string()
    }

    #[test]
    fn a_record_gives_its_values_and_its_counterparts() {
        let recorded = Recorded::parse(&text(3)).unwrap();
        assert_eq!(recorded.values("jobs.finished", 0), [Some(1.0), None]);
        assert_eq!((recorded.values("jobs.finished", 1).len(), recorded.values("jobs.lost", 0).len()), (0, 0));
        let mut design = design(3);
        assert_eq!(recorded.counterpart(&design.alternatives[2]), 2);
        design.alternatives[2].name = "renamed".to_owned();
        assert_eq!(recorded.counterpart(&design.alternatives[2]), 0, "all are of the same scenario and policy, so it is the baseline");
        assert_eq!(recorded.changes(&design, 0, 0), Vec::<String>::new());
        assert!(recorded.pairs_with(&design));
        design.seed = 8;
        design.version = "1".to_owned();
        design.alternatives[0].scenario_digest = "other".to_owned();
        assert!(!recorded.pairs_with(&design));
        assert_eq!(recorded.changes(&design, 0, 0).len(), 3);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for (text, why) in [
            ("{}".to_owned(), "not what `edwc compare --json` prints"),
            ("[".to_owned(), "not what"),
            (text(1).replacen("\"comparison\":1", "\"comparison\":9", 1), "format 9"),
            (text(0), "no alternative"),
        ] {
            assert!(Recorded::parse(&text).unwrap_err().contains(why), "{text}");
        }
    }
}
