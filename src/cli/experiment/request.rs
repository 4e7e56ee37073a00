//! What was asked of an experiment beside its design: it stands in the directory, so that whoever joins parts says what the whole would have said.

use super::assumptions::Assumptions;
use super::conduct::Conducted;
use super::rows;
use super::shown::{Best, Shown, nothing_random};
use super::sweep::{self, Method};
use crate::cli::arguments::{self, Conduct};
use crate::cli::failure::{Exit, Failure};
use crate::cli::printer::Printer;
use crate::cli::run::format;
use crate::cli::summary::table::wrap;
use crate::experiment::Design;
use crate::output::tables::Format;
use clap::ValueEnum;
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
    /// The format of tables, as the command line names it.
    pub(super) format: String,
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
    Sweep {
        /// How its points were chosen.
        method: Method,
        /// The path of the metric that is drawn.
        charted: String,
    },
    /// `edwc sweep --assumptions`.
    Assumptions(Assumptions),
    /// `edwc solve`.
    Solve {
        /// The value that is tried.
        at: f64,
    },
}

impl Request {
    /// Takes what all commands have in common from the command line.
    ///
    /// # Errors
    /// This edwc cannot write the format of tables.
    pub(super) fn new(conduct: &Conduct, command: Command) -> Result<Self, Failure> {
        Ok(Self {
            replications: conduct.replications,
            confidence: conduct.confidence,
            metrics: conduct.metrics.clone(),
            format: format(conduct.format)?.name().to_owned(),
            command,
        })
    }
    /// Returns the format of tables, if this edwc can write it.
    pub(super) fn format(&self) -> Result<Format, Failure> {
        let asked = arguments::Format::from_str(&self.format, false);
        format(asked.map_err(|_| Failure::new(Exit::Invalid, format!("tables have no format `{}`", self.format)))?)
    }
    /// Returns the paths of what is to be shown.
    pub(super) fn shown(&self) -> Result<Vec<String>, Failure> {
        rows::shown(&self.metrics)
    }
    /// Prints what an experiment says to people.
    pub(super) fn print(&self, design: &Design, conducted: &Conducted, printer: &mut Printer) -> Result<(), Failure> {
        let (comparison, metrics) = (&conducted.comparison, self.shown()?);
        match &self.command {
            Command::Compare { title, best, .. } => {
                let shown = Shown { title: title.as_deref(), runs: conducted.runs.len(), metrics: &metrics, moves: design.pairs_jobs };
                shown.print(comparison, None, printer);
                let width = printer.width();
                for said in best.sentence(comparison).into_iter().chain(nothing_random(&conducted.runs, comparison)) {
                    printer.out(&wrap(&said, width, "  "));
                }
                Ok(())
            }
            Command::Sweep { method, charted } => {
                sweep::print((*method, charted), design, comparison, &metrics, printer);
                Ok(())
            }
            Command::Assumptions(assumptions) => assumptions.print(design, comparison, printer),
            Command::Solve { at } => Err(Failure::new(Exit::Usage, format!("a search's runs at {at} are no experiment of their own"))),
        }
    }
    /// Returns it as the directory holds it.
    pub(super) fn json(&self) -> Value {
        serde_json::to_value(self).expect("a request is plain data")
    }
}
