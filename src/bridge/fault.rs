//! In what way a policy out of process has failed, for whoever wants to help its author.

use crate::policy::PolicyError;

/// What a policy did that it must not do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It did not answer in time.
    Silent,
    /// It did not read what it was sent in time.
    Deaf,
    /// It ended, was killed, or closed a pipe.
    Gone,
    /// It wrote a line that is not JSON, or not UTF-8, or that has no end.
    Chatter,
    /// It wrote JSON that is not a message of the protocol.
    Malformed,
    /// It speaks another version of the protocol.
    Version,
    /// It answered another round than the one that was asked.
    OutOfTurn,
    /// It took a decision that no world could carry out.
    Decision,
    /// It did nothing wrong: somebody stopped the run, or the system or a transcript failed.
    Elsewhere,
}

/// A fault, and what there is to say about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failed {
    pub(super) fault: Fault,
    pub(super) problem: String,
}

impl Failed {
    pub(super) fn new(fault: Fault, problem: impl Into<String>) -> Self {
        Self { fault, problem: problem.into() }
    }
}

impl From<PolicyError> for Failed {
    fn from(error: PolicyError) -> Self {
        Self::new(Fault::Elsewhere, error.0)
    }
}

impl From<Failed> for PolicyError {
    fn from(failed: Failed) -> Self {
        Self(failed.problem)
    }
}
