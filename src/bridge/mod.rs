//! Policies out of process: a scheduler that talks JSON lines over the pipes of a child, or replays what one has said.
//!
//! The child sees what a built-in policy sees, as changes since the last round, and its decisions go through the same [`Plan`]: the same policy
//! inside and outside gives the same run. `docs/reference/policy-protocol.md` describes the lines; [`message`] is what they are made of.
//! Whatever the child does (crash, hang, chatter, children of its own), the run ends with an error that says so, and no process is left.

mod apply;
mod child;
mod family;
mod fault;
pub mod message;
mod refused;
mod schema;
mod tell;
mod transcript;

pub use child::Stop;
pub use fault::Fault;
pub use schema::schema;
pub use transcript::{Transcript, TranscriptError, policy_of};

use crate::model::Model;
use crate::policy::{Needs, Plan, PolicyError, Scheduler, View};
use child::Child;
use fault::Failed;
use message::{Welcome, Wishes};
use std::path::Path;
use std::time::Duration;
use tell::Teller;
use transcript::Replay;

/// The version of the protocol that this edwc speaks.
pub const PROTOCOL: u32 = 1;

/// The longest line that a policy may write.
pub const LONGEST_LINE: usize = 16 << 20;

/// How a policy is run outside of this process.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// How long it may take for one line, by the wall clock.
    pub time_limit: Duration,
    /// Whether somebody wants the run to stop.
    pub stop: Stop,
    /// Whether every message has a field that no version of the protocol knows; a policy must not mind.
    pub unknown_field: bool,
}

/// Why there is no policy to run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The command cannot be started.
    #[error("cannot start `{command}`: {error}")]
    Command {
        /// The command.
        command: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// It started, and the first exchange failed.
    #[error("the policy failed before the first event: {error}")]
    Handshake {
        /// In what way.
        fault: Fault,
        /// What it did.
        error: PolicyError,
    },
}

/// A policy outside of this process.
pub struct Foreign {
    link: Link,
    welcome: Welcome,
    teller: Teller,
    transcript: Option<Transcript>,
    /// In what way it has failed.
    fault: Option<Fault>,
    /// The number of the round.
    seq: u64,
    line: Vec<u8>,
}

/// Who answers.
enum Link {
    Child(Box<Child>),
    Replay(Replay),
}

impl Foreign {
    /// Starts a policy as a child and greets it.
    ///
    /// # Errors
    /// If it cannot be started, or does not answer as the protocol wants it; whatever was started is gone then.
    pub fn start(terms: &Terms, model: &Model, transcript: Option<Transcript>) -> Result<Self, (StartError, StandardError)> {
        let command = terms.command.join(" ");
        let child = Child::start(terms).map_err(|error| (StartError::Command { command, error }, StandardError::default()))?;
        let mut foreign = Self::greeting(Link::Child(Box::new(child)), terms.time_limit, terms.unknown_field, transcript);
        match foreign.greet(model) {
            Ok(()) => Ok(foreign),
            Err(Failed { fault, problem }) => Err((StartError::Handshake { fault, error: PolicyError(problem) }, foreign.give_up())),
        }
    }
    /// Replays a transcript.
    ///
    /// # Errors
    /// If its first lines are not those of such a run.
    pub fn replay(path: &Path, model: &Model, transcript: Option<Transcript>) -> Result<Self, TranscriptError> {
        let replay = Replay::open(path)?;
        let mut foreign = Self::greeting(Link::Replay(replay), Duration::ZERO, false, transcript);
        foreign.greet(model).map_err(|error| TranscriptError::Unusable { path: path.to_owned(), problem: error.problem })?;
        Ok(foreign)
    }
    fn greeting(link: Link, time_limit: Duration, unknown_field: bool, transcript: Option<Transcript>) -> Self {
        let teller = Teller::new(time_limit, unknown_field);
        Self { link, welcome: Welcome::default(), teller, transcript, fault: None, seq: 0, line: Vec::new() }
    }

    /// Exchanges greetings and tells the fleet.
    fn greet(&mut self, model: &Model) -> Result<(), Failed> {
        self.teller.hello(model, &mut self.line);
        self.note_sent()?;
        let answer = self.link.exchange(&self.line)?;
        let welcome = Welcome::read(answer);
        if welcome.is_ok() {
            note_received(&mut self.transcript, answer)?;
        }
        self.welcome = welcome.map_err(|wrong| self.link.told(&wrong))?;
        self.teller.needs = self.welcome.needs;
        self.teller.fleet(model, &mut self.line);
        self.note_sent()?;
        self.link.send(&self.line)
    }

    /// Returns what it asked for in its greeting.
    pub fn wishes(&self) -> Wishes {
        self.welcome.needs
    }
    /// Returns in what way it has failed, if it has.
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }
    /// Counts the rounds so far.
    pub fn rounds(&self) -> u64 {
        self.seq
    }
    /// Tells it that the run is over, and waits for its end. Returns how it ended, if that is worth a note.
    pub fn end(&mut self, summary: &serde_json::Value) -> Result<Option<String>, PolicyError> {
        self.teller.end(summary, &mut self.line);
        self.note_sent()?;
        match &mut self.link {
            Link::Child(child) => Ok(child.end(&self.line)),
            Link::Replay(replay) => replay.check(&self.line).map(|()| None),
        }
    }
    /// Kills what still runs; returns the end of what it wrote to its standard error.
    pub fn give_up(&mut self) -> StandardError {
        match &mut self.link {
            Link::Child(child) => StandardError(child.give_up()),
            Link::Replay(_) => StandardError::default(),
        }
    }
    /// Hands over what was said so far.
    pub fn take_transcript(&mut self) -> Option<Transcript> {
        self.transcript.take()
    }
    /// Tells a round and applies the answer.
    fn ask(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), Failed> {
        self.seq += 1;
        self.teller.round(self.seq, view, plan, &mut self.line);
        self.note_sent()?;
        let answer = self.link.exchange(&self.line)?;
        let reply = message::read_reply(answer, self.seq);
        if reply.is_ok() {
            note_received(&mut self.transcript, answer)?;
        }
        let decisions = reply.map_err(|wrong| self.link.told(&wrong))?;
        self.teller.apply(&decisions, view, plan)
    }

    fn note_sent(&mut self) -> Result<(), PolicyError> {
        match &mut self.transcript {
            Some(transcript) => transcript.sent(&self.line).map_err(|error| PolicyError(format!("its transcript cannot be written: {error}"))),
            None => Ok(()),
        }
    }
}

fn note_received(transcript: &mut Option<Transcript>, line: &[u8]) -> Result<(), PolicyError> {
    match transcript {
        Some(transcript) => transcript.received(line).map_err(|error| PolicyError(format!("its transcript cannot be written: {error}"))),
        None => Ok(()),
    }
}

impl Link {
    fn exchange(&mut self, line: &[u8]) -> Result<&[u8], Failed> {
        match self {
            Self::Child(child) => child.exchange(line),
            Self::Replay(replay) => Ok(replay.exchange(line)?),
        }
    }
    fn send(&mut self, line: &[u8]) -> Result<(), Failed> {
        match self {
            Self::Child(child) => child.send(line),
            Self::Replay(replay) => Ok(replay.check(line)?),
        }
    }
    /// Says what is wrong with the line that was received last.
    fn told(&self, wrong: &Failed) -> Failed {
        match self {
            Self::Child(child) => child.bad_line(wrong),
            Self::Replay(replay) => replay.bad_line(&wrong.problem).into(),
        }
    }
}

impl Scheduler for Foreign {
    fn needs(&self) -> Needs {
        Needs { every_event: self.welcome.needs.every_event, oracle: self.welcome.needs.oracle, ..Needs::default() }
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        self.ask(view, plan).map_err(|failed| {
            if let Some(transcript) = &mut self.transcript {
                transcript.failed(&failed.problem);
            }
            self.fault = Some(failed.fault);
            failed.into()
        })
    }
}

/// The last lines that a policy wrote to its standard error.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StandardError(pub Vec<String>);
