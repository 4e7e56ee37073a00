//! What orders by formulas of waiting time, estimate and size share: studies of learnt policies compare with them.

use crate::model::JobId;
use crate::policy::View;

/// The least estimate and time of submission that formulas divide by or take the logarithm of, in seconds.
pub(super) const LEAST_S: f64 = 1.0;

/// Returns how long a job has waited and its estimate, in seconds, and its GPUs.
pub(super) fn terms(view: View<'_>, job: JobId) -> (f64, f64, f64) {
    let attributes = view.job(job);
    let waited = view.now().saturating_since(attributes.submit).as_secs_f64();
    (waited, view.estimate(job).as_secs_f64().max(LEAST_S), f64::from(attributes.gpus))
}
/// Maps numbers to integers in the same order.
pub(super) fn ordered(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ ((bits >> 63) & i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_in_the_order_of_their_numbers() {
        let numbers = [f64::NEG_INFINITY, -1e200, -2.5, -1e-300, 0.0, 1e-300, 1.0, 1e9, f64::INFINITY];
        assert!(numbers.is_sorted_by_key(|number| ordered(*number)));
        assert!(numbers.windows(2).all(|pair| ordered(pair[0]) < ordered(pair[1])));
    }
}
