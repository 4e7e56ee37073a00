//! Statistics: distributions of one run, and what may be concluded from several.
//!
//! Of one run: [`histogram`], [`percentile`], [`moments`], [`sum`] and [`fairness`], [`fit`] of laws to it, and [`permutation`] tests of its
//! patterns. Of a long run or of many: [`warmup`], [`batch`], [`interval`], [`paired`], [`holm`], [`selection`] and [`run_length`]. Nothing here
//! knows what a job is.

pub mod batch;
pub mod fairness;
#[expect(clippy::disallowed_methods, reason = "a fit is for people to read: the last bit may differ between platforms")]
pub mod fit;
pub mod histogram;
pub mod holm;
pub mod interval;
pub mod moments;
pub mod paired;
pub mod percentile;
pub mod permutation;
pub mod run_length;
pub mod selection;
pub mod sum;
pub mod warmup;

#[cfg(test)]
mod tests;

pub use histogram::{Distribution, Histogram};
pub use moments::Moments;
pub use sum::Sum;

/// Returns the square, by a product: `powi` differs between platforms.
fn square(value: f64) -> f64 {
    value * value
}
