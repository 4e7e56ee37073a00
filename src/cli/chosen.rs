//! The policy that the command line chooses: parts that edwc brings along, one that was registered, a command of the user's, or a transcript.

use super::failure::{Exit, Failure};
use super::interrupt::Interrupt;
use crate::bridge::{self, Foreign, StandardError, StartError, Stop, Terms, Transcript, TranscriptError};
use crate::model::{Model, PolicyChoice};
use crate::policy::{BuildContext, Registered, Scheduler, registry};
use crate::scenario::choose_policy;
use std::path::PathBuf;
use std::time::Duration;

/// What comes before the command of a policy that runs as a child.
pub(super) const EXEC: &str = "exec:";
/// What comes before the file of a policy that is replayed.
const REPLAY: &str = "replay:";

/// A policy by where it comes from.
#[derive(Clone, Debug)]
pub(super) enum Chosen {
    /// Parts that edwc brings along.
    Parts(PolicyChoice),
    /// A policy of the program that edwc is part of.
    Registered(Registered),
    /// A command.
    Command {
        /// Its words.
        words: Vec<String>,
        /// As it was given.
        text: String,
    },
    /// What a command said in an earlier run.
    Replay {
        /// The transcript.
        path: PathBuf,
        /// The policy that it is of.
        policy: String,
    },
}

impl Chosen {
    /// Reads a policy as the command line writes it; staging ahead of the start is the scenario's choice.
    pub(super) fn read(text: &str, scenario: &PolicyChoice, registered: &[Registered]) -> Result<Self, Failure> {
        if let Some(command) = text.strip_prefix(EXEC) {
            let words = shlex::split(command).filter(|words| !words.is_empty());
            let words = words.ok_or_else(|| {
                Failure::new(Exit::Usage, format!("`{text}` is not a command: it is empty, or a quote is not closed"))
                    .help("write it as in a shell: `exec:python3 my_policy.py --alpha 0.5`")
            })?;
            return Ok(Self::Command { words, text: text.to_owned() });
        }
        if let Some(path) = text.strip_prefix(REPLAY) {
            let path = PathBuf::from(path);
            let policy = bridge::policy_of(&path)?;
            return Ok(Self::Replay { path, policy });
        }
        if let Some(found) = registered.iter().find(|registered| registered.name == text) {
            return Ok(Self::Registered(*found));
        }
        choose_policy(text, scenario).map(Self::Parts).map_err(|problem| Failure::usage(&problem))
    }
    /// Returns its name in summaries and manifests.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Parts(choice) => registry::full_name(choice),
            Self::Registered(registered) => registered.name.to_owned(),
            Self::Command { text, .. } => text.clone(),
            Self::Replay { policy, .. } => policy.clone(),
        }
    }
    /// Refuses parts that know the true work of jobs.
    pub(super) fn refuse_oracle(&self) -> Result<(), Failure> {
        match self {
            Self::Parts(choice) if registry::is_oracle(choice) => Err(knows_the_truth(&self.name())),
            _ => Ok(()),
        }
    }
    /// Tells whether it runs, or ran, outside of this process.
    pub(super) fn is_foreign(&self) -> bool {
        matches!(self, Self::Command { .. } | Self::Replay { .. })
    }
}

/// How policies are run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conditions {
    /// Whether those that know the true work of jobs are refused.
    pub(super) no_oracle: bool,
    /// What a command gets for one answer.
    pub(super) time_limit: Duration,
    /// Whether what is said to and by a command is to be kept.
    pub(super) transcript: bool,
    /// Whether what was considered, decided and denied is written down, in an output directory.
    pub(super) explain: bool,
}

impl Default for Conditions {
    fn default() -> Self {
        Self { no_oracle: false, time_limit: Duration::from_secs(10), transcript: false, explain: false }
    }
}

/// A policy at work.
pub(super) enum Driver {
    /// In this process.
    Inside(Box<dyn Scheduler>),
    /// Outside of it.
    Outside(Box<Foreign>),
}

impl Driver {
    /// Builds or starts a policy.
    pub(super) fn start(chosen: &Chosen, context: BuildContext<'_>, conditions: &Conditions, interrupt: &Interrupt) -> Result<Self, Failure> {
        let name = chosen.name();
        let keep = |keep: bool| if keep { Transcript::begin(&name).map(Some) } else { Ok(None) };
        let transcript = keep(conditions.transcript && chosen.is_foreign())
            .map_err(|error| Failure::new(Exit::Io, format!("cannot keep a transcript in the system's folder for temporary files: {error}")))?;
        let mut driver = match chosen {
            Chosen::Parts(choice) => {
                Self::Inside(registry::build(choice, context).map_err(|error| Failure::new(Exit::Usage, error.to_string()).help(error.help()))?)
            }
            Chosen::Registered(registered) => {
                Self::Inside((registered.build)(context).map_err(|error| Failure::new(Exit::Policy, format!("`{name}` cannot be built: {error}")))?)
            }
            Chosen::Command { words, .. } => {
                let interrupt = interrupt.clone();
                let stop = Stop::when(move || interrupt.asked());
                let terms = Terms { command: words.clone(), time_limit: conditions.time_limit, stop, unknown_field: false };
                Self::Outside(Box::new(start(&terms, context.model, transcript)?))
            }
            Chosen::Replay { path, .. } => Self::Outside(Box::new(Foreign::replay(path, context.model, transcript)?)),
        };
        if conditions.no_oracle && driver.scheduler().needs().oracle {
            return Err(knows_the_truth(&name));
        }
        Ok(driver)
    }
    /// Lends what decides.
    pub(super) fn scheduler(&mut self) -> &mut dyn Scheduler {
        match self {
            Self::Inside(scheduler) => scheduler.as_mut(),
            Self::Outside(foreign) => foreign.as_mut(),
        }
    }
    /// Ends a policy that has failed, and adds its last words to the failure.
    pub(super) fn give_up(&mut self, failure: Failure) -> Failure {
        match self {
            Self::Inside(_) => failure,
            Self::Outside(foreign) => quoting(failure, &foreign.give_up()),
        }
    }
}

/// Starts a command; a failure has what it wrote to its standard error.
pub(super) fn start(terms: &Terms, model: &Model, transcript: Option<Transcript>) -> Result<Foreign, Failure> {
    Foreign::start(terms, model, transcript).map_err(|(error, last_words)| {
        let exit = if matches!(error, StartError::Handshake { .. }) && (terms.stop.asked()) { Exit::Interrupted } else { Exit::Policy };
        quoting(Failure::new(exit, error.to_string()), &last_words)
    })
}

fn knows_the_truth(name: &str) -> Failure {
    let message = format!("`{name}` knows the true work of jobs, which `--no-oracle` refuses");
    Failure::new(Exit::Usage, message).help("`edwc policies` marks oracles with an asterisk")
}

fn quoting(failure: Failure, last_words: &StandardError) -> Failure {
    if last_words.0.is_empty() { failure } else { failure.quote("its standard error ended with", &last_words.0) }
}

impl From<TranscriptError> for Failure {
    fn from(error: TranscriptError) -> Self {
        let exit = if matches!(error, TranscriptError::Io { .. }) { Exit::Io } else { Exit::Invalid };
        Self::new(exit, error.to_string())
    }
}
