//! A discrete-event simulator of China's *East Data, West Compute* programme.
//!
//! Data flows one way: a scenario file becomes a checked [`model`]; the [`engine`] runs it under a [`policy`]; records
//! become statistics, files and tables. Rooms depend downwards only; `ARCHITECTURE.md` has the map and the invariants.

pub mod base;
pub mod bridge;
pub mod cli;
pub mod diag;
pub mod engine;
pub mod experiment;
pub mod model;
pub mod output;
pub mod policy;
pub mod rules;
pub mod scenario;
pub mod stats;
pub mod verify;
pub mod why;
pub mod workload;
pub mod world;
