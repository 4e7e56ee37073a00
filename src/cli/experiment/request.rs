//! What was asked of an experiment beside its design: it stands in the directory, so that whoever joins parts says what the whole would have said.

use super::rows;
use super::shown::Best;
use crate::cli::arguments::Conduct;
use crate::cli::failure::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What was asked for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// Replications of each alternative.
    pub(super) replications: u64,
    /// The confidence of all intervals.
    pub(super) confidence: f64,
    /// The metrics to show, as they were named; empty for the usual ones.
    pub(super) metrics: Vec<String>,
    /// The command, and what it alone takes.
    #[serde(flatten)]
    pub(super) command: Command,
}

/// A command that conducts an experiment.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "lowercase")]
pub(super) enum Command {
    /// `edwc compare`.
    Compare {
        /// The title of the scenario, if there is one for all.
        title: Option<String>,
        /// How the best is chosen.
        best: Best,
        /// What was to be the same for all alternatives, and by which key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        same: Option<Value>,
    },
    /// `edwc sweep`.
    Sweep,
    /// `edwc solve`.
    Solve {
        /// The value that is tried.
        at: f64,
    },
}

impl Request {
    /// Takes what all commands have in common from the command line.
    pub(super) fn new(conduct: &Conduct, command: Command) -> Self {
        Self { replications: conduct.replications, confidence: conduct.confidence, metrics: conduct.metrics.clone(), command }
    }
    /// Returns the paths of what is to be shown.
    pub(super) fn shown(&self) -> Result<Vec<String>, Failure> {
        rows::shown(&self.metrics)
    }
    /// Returns it as the directory holds it.
    pub(super) fn json(&self) -> Value {
        serde_json::to_value(self).expect("a request is plain data")
    }
}
