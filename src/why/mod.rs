//! Why: what a policy considered and decided, what the world denied, and what jobs waited for, written down while a run goes on.
//!
//! [`Watcher`] stands between the engine and a policy and looks at both: at what the round brings before the policy is asked, and at the plan
//! after it has decided. A run that nobody watches pays nothing for it, and one that is watched has the same history, to the fingerprint.

mod fact;
mod watch;
mod words;

pub use fact::{Considered, Event, Fact};
pub use watch::Watcher;
