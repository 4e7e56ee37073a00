//! Confidence intervals of means.

use super::Moments;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// A mean and the half-width of its confidence interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Half of the interval's width.
    pub half_width: f64,
    /// Independent values behind it.
    pub count: u64,
}

/// Returns the quantile of Student's t distribution.
pub fn student_quantile(probability: f64, degrees_of_freedom: f64) -> f64 {
    let law = StudentsT::new(0.0, 1.0, degrees_of_freedom).expect("degrees of freedom are positive");
    refine(&law, probability, law.inverse_cdf(probability))
}

/// Returns the interval of the mean of independent replications at a confidence such as 0.95, or `None` of fewer than two
/// (Law 2015, section 9.4).
pub fn of_mean(replications: &[f64], confidence: f64) -> Option<Interval> {
    let moments: Moments = replications.iter().copied().collect();
    let deviation = moments.deviation()?;
    let count = replications.len() as f64;
    let quantile = student_quantile(0.5 + confidence / 2.0, count - 1.0);
    Some(Interval { mean: moments.mean()?, half_width: quantile * deviation / count.sqrt(), count: moments.count() })
}

/// Returns the two-sided p-value of a t statistic; not a number of what is not a number (no difference without any spread).
pub fn two_sided_p(statistic: f64, degrees_of_freedom: f64) -> f64 {
    if !statistic.is_finite() {
        return if statistic.is_nan() { f64::NAN } else { 0.0 };
    }
    let law = StudentsT::new(0.0, 1.0, degrees_of_freedom).expect("degrees of freedom are positive");
    2.0 * law.sf(statistic.abs())
}

/// Two Newton steps on the library's quantile, which is good to about eight digits.
fn refine(law: &StudentsT, probability: f64, start: f64) -> f64 {
    use statrs::distribution::Continuous;
    (0..2).fold(start, |at, _| at - (law.cdf(at) - probability) / law.pdf(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quantile has a closed form for one and two degrees of freedom.
    #[test]
    fn quantiles_are_good_to_twelve_digits() {
        for probability in [0.6, 0.9, 0.975, 0.995] {
            let cauchy = libm::tan(std::f64::consts::PI * (probability - 0.5));
            let of_two = (2.0 * probability - 1.0) / (2.0 * probability * (1.0 - probability)).sqrt();
            for (freedom, exact) in [(1.0, cauchy), (2.0, of_two)] {
                let found = student_quantile(probability, freedom);
                assert!((found / exact - 1.0).abs() < 1e-12, "{probability} with {freedom}: {found}, not {exact}");
            }
        }
    }
}
