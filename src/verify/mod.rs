//! Known answers: cases of theory and of hand calculation, run as scenarios and judged.
//!
//! A case names a `model` (a word such as `mmc`), the model's parameters, and the answers that must come out. One adapter turns it into a
//! scenario, runs that through the same path as `edwc run`, and judges what was measured: an exact answer exactly, a stochastic one by precision
//! *and* distance over at least twenty independent replications. Cases are data; other parameters of the same models need no other code.

mod case;
mod judge;
mod measure;
mod models;
mod play;
mod setting;

pub use case::{Case, Nature, Problem, read};
pub use judge::{Effort, Line, Report};

use std::path::PathBuf;

/// Where cases come from, and the data that they name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The cases that edwc brings along.
    Own,
    /// A file in this folder.
    Folder(PathBuf),
}

/// The text of the cases that edwc brings along.
pub const OWN_CASES: &str = include_str!("../../tests/data/cases/cases.json");

const OWN_DATA: [(&str, &str); 3] = [
    ("data/mm1_wait_backlog.csv", include_str!("../../tests/data/cases/data/mm1_wait_backlog.csv")),
    ("data/paired.csv", include_str!("../../tests/data/cases/data/paired.csv")),
    ("data/replications.csv", include_str!("../../tests/data/cases/data/replications.csv")),
];

impl Origin {
    /// Reads a file of data that a case names.
    fn data(&self, name: &str) -> Result<String, Problem> {
        match self {
            Self::Own => {
                let known = OWN_DATA.iter().find(|(own, _)| *own == name).map(|(_, text)| (*text).to_owned());
                known.ok_or_else(|| Problem::Run(format!("there is no data `{name}`")))
            }
            Self::Folder(folder) => {
                let path = folder.join(name);
                std::fs::read_to_string(&path).map_err(|error| Problem::Run(format!("{}: {error}", path.display())))
            }
        }
    }
}

/// Runs one case.
pub fn run(case: &Case, origin: &Origin, effort: Effort) -> Report {
    let lines = models::run(case, origin, effort);
    match lines {
        Ok(lines) => Report { case: case.id.clone(), model: case.model.clone(), lines, problem: None },
        Err(problem) => Report { case: case.id.clone(), model: case.model.clone(), lines: Vec::new(), problem: Some(problem) },
    }
}

/// Tells how many jobs (or what the model counts) a case needs at a given effort: its cost, roughly.
pub fn cost(case: &Case, effort: Effort) -> f64 {
    if case.nature == Nature::Stochastic { judge::size(case, effort) as f64 } else { 0.0 }
}
