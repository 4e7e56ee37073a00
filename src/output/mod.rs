//! What a run leaves: the summary, and the files of an output directory.
//!
//! [`columns`] lists the columns of every table and [`metrics`] the paths of the summary; files and reference pages all come from
//! these two lists. [`collect`] takes records as they come, [`directory`] makes sure that files appear whole or not at all.

pub mod collect;
pub mod columns;
pub mod csv;
pub mod directory;
mod goals;
pub mod hgrm;
pub mod lock;
pub mod manifest;
pub mod metrics;
mod money;
#[cfg(feature = "parquet")]
pub mod parquet;
mod summarise;
pub mod summary;
pub mod tables;
pub mod text;
pub mod tidy;
pub mod warnings;

#[cfg(test)]
pub(crate) mod made_up;
#[cfg(test)]
mod tests;

pub use collect::Collector;
pub use directory::{DirectoryError, OutputDirectory};
pub use summarise::{RunFacts, Wall};
pub use summary::Summary;
