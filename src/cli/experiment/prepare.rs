//! From a command line to an experiment: scenarios × policies, with names that tell them apart.

use super::problems::Problems;
use super::{Contender, Experiment};
use crate::cli::arguments::Conduct;
use crate::cli::chosen::{Chosen, Conditions};
use crate::cli::failure::{Exit, Failure};
use crate::cli::load::{Loaded, load_without};
use crate::cli::printer::Printer;
use crate::diag::Look;
use crate::experiment::design::unique;
use crate::experiment::{Alternative, Design};
use crate::policy::Registered;
use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A scenario that takes part, before it is known under which policies.
pub(super) struct Entrant {
    /// What tells it from the others; empty if it is the only one.
    pub(super) name: String,
    /// What was set for it.
    pub(super) settings: Vec<(String, String)>,
    /// The scenario.
    pub(super) loaded: Arc<Loaded>,
}

impl Entrant {
    /// Loads a scenario.
    pub(super) fn load(file: &Path, without: &[String], overrides: &[String], name: String) -> Result<Self, Failure> {
        Ok(Self { name, settings: Vec::new(), loaded: Arc::new(load_without(file, without, overrides)?) })
    }
}

/// Makes an experiment of scenarios and the policies of the command line: each scenario under each of them; without any, under its own.
pub(super) fn experiment(entrants: Vec<Entrant>, conduct: &Conduct, registered: &[Registered], printer: &mut Printer) -> Result<Experiment, Failure> {
    let mut names = Vec::new();
    let (mut contenders, mut alternatives) = (Vec::new(), Vec::new());
    let common = common_parts(&conduct.policies);
    let mut warned = BTreeSet::new();
    for entrant in entrants {
        // The points of a sweep have most of their warnings in common.
        if warned.insert(entrant.loaded.scenario.diagnostics().plain(Look::LIMIT)) {
            entrant.loaded.print_warnings(Look::LIMIT, printer);
        }
        let own = &entrant.loaded.model().policy;
        let policies = match conduct.policies.as_slice() {
            [] => vec![(String::new(), Chosen::Parts(own.clone()))],
            texts => {
                texts.iter().map(|text| Ok((text[common..].to_owned(), Chosen::read(text, own, registered)?))).collect::<Result<Vec<_>, Failure>>()?
            }
        };
        for (short, policy) in policies {
            if conduct.no_oracle {
                policy.refuse_oracle()?;
            }
            names.push(match (entrant.name.as_str(), short.as_str()) {
                ("", "") => "base".to_owned(),
                (name, "") | ("", name) => name.to_owned(),
                (scenario, policy) => format!("{scenario}, {policy}"),
            });
            alternatives.push(Alternative {
                name: String::new(),
                scenario: entrant.loaded.origin.name.clone(),
                scenario_digest: entrant.loaded.origin.digest.clone(),
                policy: policy.name(),
                settings: entrant.settings.clone(),
            });
            contenders.push(Contender { loaded: Arc::clone(&entrant.loaded), policy });
        }
    }
    for (alternative, name) in alternatives.iter_mut().zip(unique(names)) {
        alternative.name = name;
    }
    let seed = conduct.seed.unwrap_or_else(|| contenders[0].loaded.model().seed);
    let threads = conduct.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get));
    Ok(Experiment {
        design: Design {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed,
            alternatives,
            baseline: 0,
            pairs_jobs: false,
            bounds: !conduct.no_bounds,
        },
        contenders,
        conditions: Conditions { no_oracle: conduct.no_oracle, time_limit: Duration::from_secs(conduct.policy_timeout), ..Conditions::default() },
        threads,
        problems: Problems::new(threads),
        quiet: conduct.quiet,
        known: Vec::new(),
        settled: None,
    })
}

/// Returns how much of the policies' names is the same for all, up to and with a `+`.
fn common_parts(policies: &[String]) -> usize {
    let [first, rest @ ..] = policies else { return 0 };
    let ends = first.char_indices().filter(|(_, character)| *character == '+').map(|(at, _)| at + 1);
    let shared = ends.filter(|end| !rest.is_empty() && rest.iter().all(|other| other.starts_with(&first[..*end])));
    let shared = shared.max().unwrap_or(0);
    // What is the same policy twice keeps its whole name.
    if policies.iter().any(|policy| policy.len() == shared) { 0 } else { shared }
}

/// Names scenario files: by what their names do not share.
pub(super) fn scenario_names(files: &[impl AsRef<Path>]) -> Vec<String> {
    let stem = |file: &Path| file.file_stem().map_or_else(|| file.display().to_string(), |stem| stem.to_string_lossy().into_owned());
    let stems: Vec<String> = files.iter().map(|file| stem(file.as_ref())).collect();
    if stems.len() == 1 { vec![String::new()] } else { unique(stems) }
}

/// Finds an alternative by its name, or by its number from one.
pub(super) fn find_alternative(design: &Design, name: &str) -> Result<usize, Failure> {
    let by_name = design.names().position(|each| each == name);
    let by_policy = || design.alternatives.iter().position(|alternative| alternative.policy == name || alternative.scenario == name);
    by_name.or_else(by_policy).ok_or_else(|| {
        let names = design.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        Failure::new(Exit::Usage, format!("no alternative is named `{name}`")).help(format!("they are {names}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_leave_out_what_all_share() {
        let common = |policies: &[&str]| common_parts(&policies.iter().map(|policy| (*policy).to_owned()).collect::<Vec<_>>());
        assert_eq!(common(&["fifo+local-first", "fifo+cheapest+easy"]), 5);
        assert_eq!(common(&["fifo+cheapest+easy", "fifo+cheapest+skip"]), 14);
        assert_eq!(common(&["fifo", "sjf"]), 0);
        assert_eq!(common(&["fifo+cheapest"]), 0);
        assert_eq!(scenario_names(&["a/none.toml", "b/west-rent.toml", "c/none.toml"]), ["none", "west-rent", "none-2"]);
        assert_eq!(scenario_names(&["national"]), [""]);
    }
}
