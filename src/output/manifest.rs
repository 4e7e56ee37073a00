//! The manifest of an output directory, written last: what the files were made from, and their hashes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the manifest in its directory.
pub const FILE_NAME: &str = "manifest.json";

/// The version of the manifest's own format.
pub const FORMAT: u32 = 1;

/// What an output directory was made from. The same inputs give the same bytes, so there is no date in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of this file.
    pub manifest: u32,
    /// The version of edwc that wrote it.
    pub version: String,
    /// Whether the run came to its end.
    pub complete: bool,
    /// The scenario as the command line named it.
    pub scenario: String,
    /// BLAKE3 over the scenario's files, with what they extend.
    pub scenario_digest: String,
    /// The seed.
    pub seed: u64,
    /// The policy.
    pub policy: String,
    /// Overrides of the command line, in order.
    pub overrides: Vec<String>,
    /// The format of the tables.
    pub format: String,
    /// The hash over the run's event history.
    pub fingerprint: String,
    /// BLAKE3 of each file.
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    /// Writes it as JSON that people can read.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("a manifest is plain data");
        json.push('\n');
        json
    }
    /// Reads it.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let manifest: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        if manifest.manifest != FORMAT {
            return Err(format!("its format is {}, but this edwc reads format {FORMAT}", manifest.manifest));
        }
        Ok(manifest)
    }
}
