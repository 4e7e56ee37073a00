//! The agenda: events in one total order.
//!
//! A 4-ary heap over (time, kind, tie): fewer levels than a binary heap, and the children share cache lines. Cancelling is by epoch: an event
//! whose job has moved on is dropped when it comes up.

use crate::base::Time;
use crate::model::JobId;

/// What an event is; the order of the variants is the order within an instant (semantics: "Time").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A job did all its work, or was killed.
    JobEnd,
    /// The checkpoint that preemption asked for is written.
    CheckpointEnd,
    /// The policy asked to be woken.
    WakeUp,
    /// The patience of a queued job ran out; applied after the round.
    Patience,
}

/// An entry of the agenda.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// When.
    pub at: Time,
    /// What.
    pub kind: Kind,
    /// Breaks ties within a kind: the job's number.
    pub tie: u64,
    /// Whom it is about.
    pub subject: Subject,
}

/// Whom an event is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject {
    /// A job, if it still is in this epoch.
    Job(JobId, u32),
    /// Nobody.
    Nobody,
}

impl Event {
    fn key(&self) -> (u64, u64) {
        // Kinds are few and ties below 2⁵⁶: one comparison of two words decides.
        (self.at.0, (self.kind as u64) << 56 | self.tie)
    }
}

/// Events in order.
#[derive(Clone, Debug, Default)]
pub struct Agenda {
    heap: Vec<Event>,
}

impl Agenda {
    /// Returns the next event.
    pub fn peek(&self) -> Option<&Event> {
        self.heap.first()
    }
    /// Adds an event. *O*(log₄ n), on average *O*(1).
    pub fn push(&mut self, event: Event) {
        let key = event.key();
        self.heap.push(event);
        let mut at = self.heap.len() - 1;
        while at > 0 {
            let parent = (at - 1) / 4;
            if self.heap[parent].key() <= key {
                break;
            }
            self.heap[at] = self.heap[parent];
            at = parent;
        }
        self.heap[at] = event;
    }
    /// Removes and returns the next event. *O*(4 log₄ n).
    pub fn pop(&mut self) -> Option<Event> {
        let last = self.heap.pop()?;
        let Some(&first) = self.heap.first() else {
            return Some(last);
        };
        let key = last.key();
        let len = self.heap.len();
        let mut at = 0;
        loop {
            let first_child = at * 4 + 1;
            if first_child >= len {
                break;
            }
            let mut least = first_child;
            let mut least_key = self.heap[first_child].key();
            for child in first_child + 1..len.min(first_child + 4) {
                let child_key = self.heap[child].key();
                if child_key < least_key {
                    (least, least_key) = (child, child_key);
                }
            }
            if key <= least_key {
                break;
            }
            self.heap[at] = self.heap[least];
            at = least;
        }
        self.heap[at] = last;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn events_come_in_order_of_time_kind_and_tie(events in prop::collection::vec((0_u64..40, 0_u8..3, 0_u64..40), 1..300)) {
            let mut agenda = Agenda::default();
            let mut expected = Vec::new();
            for (at, kind, tie) in events {
                let kind = [Kind::JobEnd, Kind::CheckpointEnd, Kind::Patience][kind as usize];
                agenda.push(Event { at: Time(at), kind, tie, subject: Subject::Nobody });
                expected.push((at, kind, tie));
                if tie % 3 == 0 {
                    expected.sort_unstable();
                    let first = expected.remove(0);
                    let event = agenda.pop().expect("one was pushed");
                    prop_assert_eq!((event.at.0, event.kind, event.tie), first);
                }
            }
            expected.sort_unstable();
            let rest: Vec<_> = std::iter::from_fn(|| agenda.pop()).map(|event| (event.at.0, event.kind, event.tie)).collect();
            prop_assert_eq!(rest, expected);
        }
    }
}
