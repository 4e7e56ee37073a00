//! The state of a run as columns, and what policies see of it.

pub mod energy;
pub mod network;
pub mod records;
