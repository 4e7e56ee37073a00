//! Where the warm-up of a series ends: the marginal standard error rule (White 1997; Spratt 1998).

/// Where to cut a series.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Truncation {
    /// Batches to delete.
    pub batches: usize,
    /// Observations to delete.
    pub observations: usize,
    /// Batches of the whole series.
    pub batch_count: usize,
    /// The rule's statistic at the cut: the squared standard error of the mean of what remains.
    pub statistic: f64,
    /// The mean of the batches that remain.
    pub mean: f64,
    /// Whether the least value lies in the first half; if not, the run is too short and the cut is no advice.
    pub reliable: bool,
}

/// Returns the rule's statistic for each number of deleted batches from 0 on, over the first part of the series: as long as at least
/// `remaining` batches are left.
pub fn statistics(batches: &[f64], remaining: usize) -> Vec<f64> {
    let kept = batches.len().saturating_sub(remaining.max(1) - 1);
    // From the end, so that every prefix costs one step; around the series' mean, so that squares do not cancel.
    let centre = batches.iter().sum::<f64>() / batches.len().max(1) as f64;
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut all: Vec<f64> = batches
        .iter()
        .rev()
        .enumerate()
        .map(|(after, value)| {
            let (count, value) = ((after + 1) as f64, value - centre);
            sum += value;
            squares += value * value;
            (squares - sum * sum / count) / (count * count)
        })
        .collect();
    all.reverse();
    all.truncate(kept);
    all
}

/// Cuts a series by MSER-`batch_size` (1 and 5 are usual; observations that fill no batch are left out); `None` of fewer than ten batches.
///
/// The search leaves at least five batches, where the statistic is still an estimate.
pub fn mser(series: &[f64], batch_size: usize) -> Option<Truncation> {
    let batches: Vec<f64> = series.chunks_exact(batch_size).map(|batch| batch.iter().sum::<f64>() / batch_size as f64).collect();
    if batches.len() < 10 {
        return None;
    }
    let statistics = statistics(&batches, 5);
    let (cut, statistic) = statistics.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let rest = &batches[cut..];
    Some(Truncation {
        batches: cut,
        observations: cut * batch_size,
        batch_count: batches.len(),
        statistic,
        mean: rest.iter().sum::<f64>() / rest.len() as f64,
        reliable: cut * 2 <= batches.len(),
    })
}
