//! What several runs say together: alternatives under the same seeds, and what may be concluded from their differences.
//!
//! A [`Design`] lists alternatives and replications; [`perform()`] runs them on all cores, [`Store`] keeps each finished run as a file of its own;
//! [`Comparison`] pairs the alternatives seed by seed; [`bound`] says what no policy can beat. How a single run is made is the caller's: nothing
//! here starts a policy or prints.

pub mod bound;
pub mod comparison;
pub mod course;
pub mod design;
pub mod factors;
pub mod finished;
pub mod gate;
pub mod moved;
pub mod perform;
pub mod recorded;
pub mod root;
pub mod shard;
pub mod store;

pub use comparison::Comparison;
pub use course::Course;
pub use design::{Alternative, Design, RunId};
pub use factors::{Factor, Point, Range};
pub use finished::FinishedRun;
pub use gate::Gate;
pub use moved::Footprint;
pub use perform::perform;
pub use recorded::Recorded;
pub use root::Root;
pub use shard::Shard;
pub use store::{Store, StoreError};
