//! Mean and variance in one pass.

/// Mean and variance of a stream of numbers (Welford 1962). They are kept of the distances from the first number (Chan, Golub & LeVeque 1983), so
/// that numbers that differ little from each other lose nothing.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Moments {
    count: u64,
    first: f64,
    /// The mean distance from the first number.
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Adds a number.
    pub fn record(&mut self, value: f64) {
        if self.count == 0 {
            self.first = value;
        }
        self.count += 1;
        let distance = value - self.first;
        let from_old_mean = distance - self.mean;
        self.mean += from_old_mean / self.count as f64;
        self.squares += from_old_mean * (distance - self.mean);
    }
    /// Counts the numbers.
    pub fn count(&self) -> u64 {
        self.count
    }
    /// Returns the mean, or `None` of no numbers.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.first + self.mean)
    }
    /// Returns the sample variance (divided by n − 1), or `None` of fewer than two numbers.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }
    /// Returns the sample standard deviation, or `None` of fewer than two numbers.
    pub fn deviation(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Self::default();
        values.into_iter().for_each(|value| moments.record(value));
        moments
    }
}
