//! Laws fitted to positive values by maximum likelihood, and how far they are from the values.
//!
//! Values come as steps (value, how often), as [`Histogram::steps`](super::Histogram::steps) gives them, so that a sample of any size takes bounded
//! memory. Fits are compared by AIC (Akaike 1974, "A new look at the statistical model identification").

use super::square;
use statrs::function::erf::erfc;
use statrs::function::gamma::{digamma, gamma_lr, ln_gamma};

/// A fitted law.
#[derive(Clone, Copy, PartialEq, Debug)]
#[expect(missing_docs, reason = "the parameters have their textbook names")]
pub enum Fitted {
    Exponential { mean: f64 },
    LogNormal { mu: f64, sigma: f64 },
    Weibull { shape: f64, scale: f64 },
    Gamma { shape: f64, scale: f64 },
}

/// A law and its distance from the values.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fit {
    /// The law.
    pub law: Fitted,
    /// Akaike's criterion: smaller is better.
    pub aic: f64,
    /// The largest distance between the two distribution functions (Kolmogorov-Smirnov).
    pub distance: f64,
    /// The law's mean ÷ that of the values.
    pub mean_ratio: f64,
}

/// Sums over the values.
struct Sums {
    count: f64,
    mean: f64,
    mean_log: f64,
    variance_log: f64,
}

/// Fits every law to values above zero, in order; the best first. Empty where there are fewer than two different values.
pub fn fit(steps: &[(f64, u64)]) -> Vec<Fit> {
    let steps: Vec<(f64, f64)> = steps.iter().filter(|(value, _)| *value > 0.0).map(|(value, count)| (*value, *count as f64)).collect();
    if steps.len() < 2 {
        return Vec::new();
    }
    let sums = Sums::of(&steps);
    let laws = [
        Fitted::Exponential { mean: sums.mean },
        Fitted::LogNormal { mu: sums.mean_log, sigma: sums.variance_log.sqrt() },
        weibull(&steps, &sums),
        gamma(&sums),
    ];
    let judged = laws.into_iter().map(|law| Fit {
        law,
        aic: 2.0 * law.parameters() - 2.0 * law.log_likelihood(&steps, &sums),
        distance: distance(law, &steps, sums.count),
        mean_ratio: law.mean() / sums.mean,
    });
    let mut fits: Vec<Fit> = judged.filter(|fit| fit.aic.is_finite() && fit.mean_ratio.is_finite()).collect();
    fits.sort_by(|a, b| a.aic.total_cmp(&b.aic));
    fits
}

impl Sums {
    fn of(steps: &[(f64, f64)]) -> Self {
        let count: f64 = steps.iter().map(|(_, count)| count).sum();
        let mean = |of: &dyn Fn(f64) -> f64| steps.iter().map(|(value, weight)| of(*value) * weight).sum::<f64>() / count;
        let mean_log = mean(&f64::ln);
        Self { count, mean: mean(&|value| value), mean_log, variance_log: mean(&|value| square(value.ln() - mean_log)) }
    }
}

impl Fitted {
    fn parameters(self) -> f64 {
        if let Self::Exponential { .. } = self { 1.0 } else { 2.0 }
    }
    /// Returns the mean.
    pub fn mean(self) -> f64 {
        match self {
            Self::Exponential { mean } => mean,
            Self::LogNormal { mu, sigma } => (mu + square(sigma) / 2.0).exp(),
            Self::Weibull { shape, scale } => scale * ln_gamma(1.0 + 1.0 / shape).exp(),
            Self::Gamma { shape, scale } => shape * scale,
        }
    }
    /// Returns the probability of at most `value`.
    pub fn below(self, value: f64) -> f64 {
        match self {
            Self::Exponential { mean } => -(-value / mean).exp_m1(),
            Self::LogNormal { mu, sigma } => erfc((mu - value.ln()) / (sigma * std::f64::consts::SQRT_2)) / 2.0,
            Self::Weibull { shape, scale } => -(-(value / scale).powf(shape)).exp_m1(),
            Self::Gamma { shape, scale } => gamma_lr(shape, value / scale),
        }
    }
    fn log_likelihood(self, steps: &[(f64, f64)], sums: &Sums) -> f64 {
        let n = sums.count;
        match self {
            Self::Exponential { mean } => -n * (mean.ln() + 1.0),
            Self::LogNormal { sigma, .. } => -n * (sums.mean_log + sigma.ln() + (2.0 * std::f64::consts::PI).ln() / 2.0 + 0.5),
            Self::Weibull { shape, scale } => {
                let powers: f64 = steps.iter().map(|(value, count)| count * (value / scale).powf(shape)).sum();
                n * (shape.ln() - shape * scale.ln() + (shape - 1.0) * sums.mean_log) - powers
            }
            Self::Gamma { shape, scale } => n * ((shape - 1.0) * sums.mean_log - sums.mean / scale - shape * scale.ln() - ln_gamma(shape)),
        }
    }
}

/// Solves the likelihood equation 1/k = Σ xᵏ ln x ÷ Σ xᵏ − mean of ln x, whose sides cross once, by halving.
fn weibull(steps: &[(f64, f64)], sums: &Sums) -> Fitted {
    // Values are measured by the largest, so that no power overflows.
    let largest = steps.iter().map(|(value, _)| *value).fold(0.0, f64::max);
    let powers = |k: f64| {
        steps.iter().fold((0.0, 0.0), |(sum, with_log), (value, count)| {
            let power = count * (value / largest).powf(k);
            (sum + power, with_log + power * value.ln())
        })
    };
    let excess = |k: f64| {
        let (sum, with_log) = powers(k);
        with_log / sum - sums.mean_log - 1.0 / k
    };
    let shape = halve(0.01, 100.0, excess);
    Fitted::Weibull { shape, scale: largest * (powers(shape).0 / sums.count).powf(1.0 / shape) }
}

/// Solves ln k − ψ(k) = ln mean − mean of ln x.
fn gamma(sums: &Sums) -> Fitted {
    let target = sums.mean.ln() - sums.mean_log;
    let shape = halve(1e-3, 1e4, |k| target - (k.ln() - digamma(k)));
    Fitted::Gamma { shape, scale: sums.mean / shape }
}

/// Finds where an increasing function crosses zero between two positive numbers.
fn halve(mut low: f64, mut high: f64, function: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        if function(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low * high).sqrt()
}

fn distance(law: Fitted, steps: &[(f64, f64)], count: f64) -> f64 {
    let mut before = 0.0;
    let mut largest = 0.0_f64;
    for (value, weight) in steps {
        let (below, after) = (law.below(*value), before + weight / count);
        largest = largest.max((below - before).abs()).max((below - after).abs());
        before = after;
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Seed;

    fn sample(draw: impl Fn(&mut crate::base::random::Draws) -> f64) -> Vec<(f64, u64)> {
        let stream = Seed { seed: 11, replication: 0 }.stream("fit", "test");
        let mut values: Vec<f64> = (0..20_000).map(|index| draw(&mut stream.at(index))).collect();
        values.sort_by(f64::total_cmp);
        values.into_iter().map(|value| (value, 1)).collect()
    }
    fn close(found: f64, expected: f64) -> bool {
        (found / expected - 1.0).abs() < 0.03
    }

    #[test]
    fn each_law_is_found_again() {
        let best = |steps: &[(f64, u64)]| {
            let fits = fit(steps);
            assert!(fits[0].distance < 0.015 && close(fits[0].mean_ratio, 1.0), "{fits:?}");
            assert!(fits.windows(2).all(|pair| pair[0].aic <= pair[1].aic));
            fits[0].law
        };
        let law = best(&sample(|draws| (7.0 + 1.5 * draws.normal()).exp()));
        assert!(matches!(law, Fitted::LogNormal { mu, sigma } if close(mu, 7.0) && close(sigma, 1.5)), "{law:?}");
        let law = best(&sample(|draws| 300.0 * draws.exponential().powf(1.0 / 0.6)));
        assert!(matches!(law, Fitted::Weibull { shape, scale } if close(shape, 0.6) && close(scale, 300.0)), "{law:?}");
        // The sum of three exponentials is a gamma law of shape 3.
        let law = best(&sample(|draws| 20.0 * (draws.exponential() + draws.exponential() + draws.exponential())));
        assert!(matches!(law, Fitted::Gamma { shape, scale } if close(shape, 3.0) && close(scale, 20.0)), "{law:?}");
        let exponential = fit(&sample(|draws| 50.0 * draws.exponential()));
        assert!(exponential.iter().any(|fit| matches!(fit.law, Fitted::Exponential { mean } if close(mean, 50.0))));
    }

    #[test]
    fn counts_stand_for_repeated_values_and_too_little_gives_nothing() {
        let once = fit(&[(1.0, 1), (1.0, 1), (4.0, 1), (9.0, 1)]);
        let counted = fit(&[(1.0, 2), (4.0, 1), (9.0, 1)]);
        assert!(once.iter().zip(&counted).all(|(a, b)| (a.aic - b.aic).abs() < 1e-9));
        assert!(fit(&[]).is_empty() && fit(&[(0.0, 9), (5.0, 3)]).is_empty());
    }
}
