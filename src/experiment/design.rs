//! What an experiment consists of: alternatives, each a scenario under a policy, and how often each is replicated.

use serde::{Deserialize, Serialize};

/// The plan of an experiment. Two that are equal give the same bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Design {
    /// The version of edwc that runs it.
    pub version: String,
    /// The seed of all alternatives: replication *r* of each has the same random numbers.
    pub seed: u64,
    /// What is compared.
    pub alternatives: Vec<Alternative>,
    /// The alternative that the others are paired with.
    pub baseline: usize,
    /// Whether jobs are paired one by one with those of the baseline, to see which moved.
    pub pairs_jobs: bool,
    /// Whether each run is held against what no policy can beat.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bounds: bool,
}

/// A scenario under a policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Alternative {
    /// Its name, unique in the experiment.
    pub name: String,
    /// The scenario as the command line named it.
    pub scenario: String,
    /// BLAKE3 over what the scenario says, with all that it extends.
    pub scenario_digest: String,
    /// The policy.
    pub policy: String,
    /// What was varied for it: paths and values, in order.
    pub settings: Vec<(String, String)>,
}

/// One run of an experiment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RunId {
    /// The number of the replication, from zero.
    pub replication: u64,
    /// The place of the alternative.
    pub alternative: usize,
}

impl Design {
    /// Lists the runs of some replications in the order in which they are begun: all alternatives of a replication stand together, so that an
    /// experiment that was cut short has whole pairs.
    pub fn runs(&self, replications: std::ops::Range<u64>) -> Vec<RunId> {
        let of = |replication| (0..self.alternatives.len()).map(move |alternative| RunId { replication, alternative });
        replications.flat_map(of).collect()
    }
    /// Returns the names of all alternatives.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.alternatives.iter().map(|alternative| alternative.name.as_str())
    }
}

/// Makes names unique by a number behind those that occur again.
pub fn unique(names: Vec<String>) -> Vec<String> {
    let mut taken: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name));
        taken.push(free.expect("numbers do not end"));
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_unique() {
        let names = ["a", "b", "a", "a-2", "a"].map(str::to_owned).to_vec();
        assert_eq!(unique(names), ["a", "b", "a-2", "a-2-2", "a-3"]);
    }
}
