//! The wide-area network at run time: routes, transfers that share links, and where datasets are.

mod graph;
mod hash;
pub mod route;
#[cfg(test)]
mod testing;

pub use graph::Hop;
pub use route::{Route, RouteId, Routes};
