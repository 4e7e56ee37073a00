//! Batch means: an interval from one long run (Law & Kelton; Schmeiser 1982).

use super::interval::{self, Interval};
use super::{Moments, square};

/// The means of equal batches and what they say.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BatchMeans {
    /// Observations in each batch; those at the end that fill none are left out.
    pub batch_size: usize,
    /// Mean and half-width.
    pub interval: Interval,
    /// The standard deviation of the batch means.
    pub deviation: f64,
    /// Their correlation at lag one: far from zero, the batches are too short.
    pub lag_one: f64,
    /// Von Neumann's ratio of mean squared differences to variance: 2 for independent batches.
    pub von_neumann: f64,
}

/// Splits a series (after its warm-up) into `count` batches; `None` if that leaves less than one observation a batch or two batches.
pub fn means(series: &[f64], count: usize, confidence: f64) -> Option<BatchMeans> {
    let batch_size = series.len().checked_div(count)?;
    if batch_size == 0 || count < 2 {
        return None;
    }
    let means: Vec<f64> = series.chunks_exact(batch_size).take(count).map(|batch| batch.iter().sum::<f64>() / batch_size as f64).collect();
    let interval = interval::of_mean(&means, confidence)?;
    let moments: Moments = means.iter().copied().collect();
    let variance = moments.variance()?;
    let squares = variance * (count - 1) as f64;
    let lagged: f64 = means.windows(2).map(|pair| (pair[0] - interval.mean) * (pair[1] - interval.mean)).sum();
    let steps: f64 = means.windows(2).map(|pair| square(pair[1] - pair[0])).sum();
    Some(BatchMeans { batch_size, interval, deviation: variance.sqrt(), lag_one: lagged / squares, von_neumann: steps / squares })
}
