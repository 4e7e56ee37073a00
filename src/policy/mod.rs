//! The contract of a policy: what it sees, what it may decide, when it is asked.
//!
//! The engine applies all events of an instant, then asks the policy once: that is a round. The policy reads the [`View`] and writes the
//! [`Plan`]; every decision is checked at the call, so it learns at once what the world denies, as a typed
//! [`Refusal`](crate::world::Refusal), and can react. Quotas, residency and money are rules of the world: no policy, however written, can
//! break them.

pub mod builtin;
pub mod delayed;
pub mod registry;

use crate::base::Span;
use crate::base::random::Seed;
use crate::model::{JobId, Model, PolicyPart, PoolId};
pub use crate::world::{Plan, View};

/// When a policy is asked. Read once, before the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Needs {
    /// Whether it is asked at every instant with an event, rather than only when a job is queued that might start.
    pub every_event: bool,
    /// Whether it reads the true work of jobs: an oracle.
    pub oracle: bool,
    /// Whether it is asked when data has arrived somewhere.
    pub data: bool,
    /// Whether it predicts the work of jobs.
    pub predicts: bool,
}

/// What decides binding, order, place, backfilling and preemption.
pub trait Scheduler: Send {
    /// Tells when it is to be asked and what it sees.
    fn needs(&self) -> Needs {
        Needs::default()
    }
    /// Decides one round: at most once an instant, after every event at `view.now()` was applied.
    ///
    /// # Errors
    /// An error ends the run (exit code 4); what the world denies is a refusal from the plan, not an error.
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError>;
    /// Rates the pools where a job may run, as if it chose now: smaller is better; empty: it does not rate. Only asked with `--explain`.
    fn rate(&self, _view: View<'_>, _plan: &Plan<'_>, _job: JobId) -> Vec<(PoolId, i64)> {
        Vec::new()
    }
    /// Predicts the work of a job that has just been submitted, on the reference chip: it stands for the user's estimate in all that a policy sees,
    /// before the round in which the job is new. `None`: the user's estimate stands. Asked only of policies that say so in their [`Needs`].
    fn predict(&mut self, _view: View<'_>, _job: JobId) -> Option<Span> {
        None
    }
    /// Makes a copy with its state, for look-ahead; `None`: it cannot.
    fn fork(&self) -> Option<Box<dyn Scheduler>> {
        None
    }
}

/// A policy cannot go on, or broke the protocol.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(pub String);

/// What a policy is built from.
#[derive(Clone, Copy, Debug)]
pub struct BuildContext<'a> {
    /// The scenario.
    pub model: &'a Model,
    /// The run's seed: random policies draw from their own stream.
    pub seed: Seed,
}

/// A policy of another crate, which [`cli::main_with`](../cli/fn.main_with.html) offers beside those that edwc brings along.
#[derive(Clone, Copy, Debug)]
pub struct Registered {
    /// The name by which `--policy` chooses it; none that edwc uses.
    pub name: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
    /// Builds it for a run.
    pub build: fn(BuildContext<'_>) -> Result<Box<dyn Scheduler>, PolicyError>,
}

/// The kinds of parts that make up a built-in policy; one of each at most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PartKind {
    Order,
    Bind,
    Place,
    Backfill,
    Preempt,
    Predict,
}

impl PartKind {
    /// All kinds in the order in which names are written.
    pub const ALL: [Self; 6] = [Self::Order, Self::Bind, Self::Place, Self::Backfill, Self::Preempt, Self::Predict];
    /// Returns the key that scenario files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Bind => "bind",
            Self::Place => "place",
            Self::Backfill => "backfill",
            Self::Preempt => "preempt",
            Self::Predict => "predict",
        }
    }
}

/// What a part is, for listings, checks and the documentation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PartInfo {
    /// Its name, unique over all kinds.
    pub name: &'static str,
    /// Its kind.
    pub kind: PartKind,
    /// One line on what it does.
    pub summary: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Where it comes from.
    pub citation: &'static str,
    /// What a round costs, and its known weakness.
    pub notes: &'static str,
    /// The tests that show what it does, as `module::function`.
    pub tested: &'static [&'static str],
    /// Whether it reads the true work of jobs.
    pub oracle: bool,
}

/// A parameter of a part.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its value where none is given.
    pub default: f64,
    /// The least and the most that it may be.
    pub range: (f64, f64),
    /// What it means, with its unit.
    pub summary: &'static str,
    /// The words that it may be, each standing for its position; empty: it is a number.
    pub words: &'static [&'static str],
}

impl Parameter {
    /// Returns a value as policies are written: a word where words are asked for.
    pub fn write(&self, value: f64) -> String {
        self.words.get(value as usize).map_or_else(|| value.to_string(), |word| (*word).to_owned())
    }
}

/// Returns a parameter of a part that the registry has checked: its value, or the default.
pub fn parameter(part: &PolicyPart, info: &PartInfo, name: &str) -> f64 {
    let given = part.parameters.iter().find(|(given, _)| given == name).map(|(_, value)| *value);
    let declared = info.parameters.iter().find(|parameter| parameter.name == name);
    given.or(declared.map(|parameter| parameter.default)).expect("a part asks for its own parameters")
}
