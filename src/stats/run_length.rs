//! How long a run must be for a given precision.

use super::square;
use statrs::distribution::{ContinuousCDF, Normal};

/// Returns the asymptotic variance of the time-average number in an M/M/1 queue with service rate 1: 2ρ(1 + ρ) ÷ (1 − ρ)⁴ (Whitt 1989).
pub fn mm1_asymptotic_variance(load: f64) -> f64 {
    2.0 * load * (1.0 + load) / square(square(1.0 - load))
}

/// Returns the simulated time, in mean service times, after which the time-average number in an M/M/1 queue has the relative half-width asked for
/// (0.01: one per cent) at a confidence such as 0.95.
pub fn mm1_time(load: f64, relative_half_width: f64, confidence: f64) -> f64 {
    let normal = Normal::new(0.0, 1.0).expect("the standard normal exists").inverse_cdf(0.5 + confidence / 2.0);
    let mean = load / (1.0 - load);
    mm1_asymptotic_variance(load) * square(normal / (relative_half_width * mean))
}
