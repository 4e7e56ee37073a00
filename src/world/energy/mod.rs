//! Electricity of sites and jobs: prices and carbon as functions of time, and exact integrals of power over them.

pub mod curve;
mod days;
mod exact;
pub mod meter;
mod rates;

pub use curve::Curve;
pub use meter::{Consumption, Meter};
