//! Laws of positive numbers: how they are drawn, their means, and how much of their mass a window keeps.
//!
//! Draws use portable mathematics only (`+ - * /`, `sqrt` and the `libm` crate), so that a seed gives the same jobs on every platform.
//! Random numbers come from [`Draws`]; how many a draw takes does not matter, as every job, failure or period has draws of its own.

mod special;
#[cfg(test)]
mod tests;

use crate::base::exponential::exp;
use crate::base::random::Draws;
use special::{gamma_below, normal_below};
use std::sync::Arc;

/// A law of a positive number: seconds, bytes, yuan or a factor, as its owner says.
#[derive(Clone, PartialEq, Debug)]
pub struct Law {
    /// Its shape.
    pub shape: Shape,
    /// Draws below are drawn again.
    pub min: Option<f64>,
    /// Draws above are drawn again.
    pub max: Option<f64>,
}

/// The shape of a [`Law`]; parameters are checked and finite.
#[derive(Clone, PartialEq, Debug)]
#[expect(missing_docs, reason = "the parameters have their textbook names")]
pub enum Shape {
    Deterministic {
        value: f64,
    },
    Exponential {
        mean: f64,
    },
    LogNormal {
        mu: f64,
        sigma: f64,
    },
    Weibull {
        shape: f64,
        scale: f64,
    },
    Pareto {
        alpha: f64,
        scale: f64,
    },
    Gamma {
        shape: f64,
        scale: f64,
    },
    Erlang {
        k: u32,
        mean: f64,
    },
    /// Exponentials with weights that sum to one: (weight, mean).
    HyperExponential {
        branches: Vec<(f64, f64)>,
    },
    Uniform {
        min: f64,
        max: f64,
    },
    /// Values with equal weight, sorted.
    Empirical {
        values: Arc<Vec<f64>>,
    },
    /// Laws with weights that sum to one.
    Mixture {
        parts: Vec<(f64, Law)>,
    },
}

/// How often a draw outside of the window is drawn again before it is moved to the window's nearest end. A window that keeps a share *p* of the
/// mass meets the bound once in (1 − *p*)⁻¹⁰⁰⁰ draws: never in practice from [`Law::LEAST_ACCEPTANCE`] on.
const TRIES: u32 = 1_000;

impl Law {
    /// The least [`acceptance`](Self::acceptance) that a scenario may ask for: below, draws are slow and may meet the bound on tries.
    pub const LEAST_ACCEPTANCE: f64 = 0.02;

    /// Makes a law that always gives the same number.
    pub fn fixed(value: f64) -> Self {
        Self { shape: Shape::Deterministic { value }, min: None, max: None }
    }
    /// Makes an exponential law.
    pub fn exponential(mean: f64) -> Self {
        Self { shape: Shape::Exponential { mean }, min: None, max: None }
    }
    /// Draws a number. A few nanoseconds for most shapes; mixtures take *O*(parts), windows 1 ÷ [`acceptance`](Self::acceptance) draws.
    #[inline]
    pub fn sample(&self, draws: &mut Draws) -> f64 {
        let value = self.shape.sample(draws);
        if self.holds(value) { value } else { self.redraw(value, draws) }
    }
    /// Returns the law of a draw × a factor above zero.
    pub fn scaled(&self, factor: f64) -> Self {
        let shape = match self.shape.clone() {
            Shape::Deterministic { value } => Shape::Deterministic { value: value * factor },
            Shape::Exponential { mean } => Shape::Exponential { mean: mean * factor },
            Shape::LogNormal { mu, sigma } => Shape::LogNormal { mu: mu + libm::log(factor), sigma },
            Shape::Weibull { shape, scale } => Shape::Weibull { shape, scale: scale * factor },
            Shape::Pareto { alpha, scale } => Shape::Pareto { alpha, scale: scale * factor },
            Shape::Gamma { shape, scale } => Shape::Gamma { shape, scale: scale * factor },
            Shape::Erlang { k, mean } => Shape::Erlang { k, mean: mean * factor },
            Shape::HyperExponential { branches } => {
                Shape::HyperExponential { branches: branches.into_iter().map(|(weight, mean)| (weight, mean * factor)).collect() }
            }
            Shape::Uniform { min, max } => Shape::Uniform { min: min * factor, max: max * factor },
            Shape::Empirical { values } => Shape::Empirical { values: Arc::new(values.iter().map(|value| value * factor).collect()) },
            Shape::Mixture { parts } => Shape::Mixture { parts: parts.into_iter().map(|(weight, law)| (weight, law.scaled(factor))).collect() },
        };
        Self { shape, min: self.min.map(|min| min * factor), max: self.max.map(|max| max * factor) }
    }
    /// Returns the mean, in closed form, of what [`sample`](Self::sample) draws; infinite for a Pareto law without one.
    pub fn mean(&self) -> f64 {
        let (low, high) = self.window();
        let (mass, moment) = self.shape.partial(low, high);
        if mass > 0.0 { moment / mass } else { self.clamp(self.shape.partial(0.0, f64::INFINITY).1) }
    }
    /// Returns the probability that a draw of the shape lies in the window from `min` to `max`: the share of draws that are kept.
    pub fn acceptance(&self) -> f64 {
        let (low, high) = self.window();
        self.shape.partial(low, high).0
    }
    fn window(&self) -> (f64, f64) {
        (self.min.unwrap_or(0.0), self.max.unwrap_or(f64::INFINITY))
    }
    #[inline]
    fn holds(&self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
    fn clamp(&self, value: f64) -> f64 {
        let (low, high) = self.window();
        if value < low { low } else { value.min(high) }
    }
    #[cold]
    fn redraw(&self, first: f64, draws: &mut Draws) -> f64 {
        let mut value = first;
        for _ in 0..TRIES {
            value = self.shape.sample(draws);
            if self.holds(value) {
                return value;
            }
        }
        self.clamp(value)
    }
    /// Returns mass and first moment of the law over a further window.
    fn partial(&self, low: f64, high: f64) -> (f64, f64) {
        let (own_low, own_high) = self.window();
        let kept = self.shape.partial(own_low, own_high).0;
        let (mass, moment) = self.shape.partial(low.max(own_low), high.min(own_high));
        if kept > 0.0 { (mass / kept, moment / kept) } else { (0.0, 0.0) }
    }
}

impl Shape {
    #[inline]
    fn sample(&self, draws: &mut Draws) -> f64 {
        match self {
            Self::Deterministic { value } => *value,
            Self::Exponential { mean } => mean * draws.exponential(),
            Self::LogNormal { mu, sigma } => exp(mu + sigma * draws.normal()),
            Self::Uniform { min, max } => min + (max - min) * draws.unit(),
            Self::Weibull { shape, scale } => scale * libm::pow(draws.exponential(), 1.0 / shape),
            Self::Pareto { alpha, scale } => scale * exp(draws.exponential() / alpha),
            Self::Gamma { shape, scale } => scale * standard_gamma(*shape, draws),
            Self::Erlang { k, mean } => mean / f64::from(*k) * standard_gamma(f64::from(*k), draws),
            Self::HyperExponential { branches } => pick(branches, draws) * draws.exponential(),
            Self::Empirical { values } => values[draws.below(values.len() as u64) as usize],
            Self::Mixture { parts } => pick(parts, draws).sample(draws),
        }
    }
    /// Returns the mass in [low, high] and the first moment over it.
    fn partial(&self, low: f64, high: f64) -> (f64, f64) {
        let low = low.max(0.0);
        if high < low {
            return (0.0, 0.0);
        }
        let between = |below: &dyn Fn(f64) -> (f64, f64)| {
            let ((mass_low, moment_low), (mass_high, moment_high)) = (below(low), below(high));
            (mass_high - mass_low, moment_high - moment_low)
        };
        match self {
            Self::Deterministic { value } => points(&[*value], low, high),
            Self::Empirical { values } => points(values, low, high),
            Self::Exponential { mean } => between(&|x| exponential_below(*mean, x)),
            Self::LogNormal { mu, sigma } if *sigma == 0.0 => points(&[libm::exp(*mu)], low, high),
            Self::LogNormal { mu, sigma } => between(&|x| log_normal_below(*mu, *sigma, x)),
            Self::Weibull { shape, scale } => between(&|x| weibull_below(*shape, *scale, x)),
            Self::Pareto { alpha, scale } => pareto_between(*alpha, *scale, low, high),
            Self::Gamma { shape, scale } => between(&|x| gamma_law_below(*shape, *scale, x)),
            Self::Erlang { k, mean } => between(&|x| gamma_law_below(f64::from(*k), mean / f64::from(*k), x)),
            Self::Uniform { min, max } => uniform_between(*min, *max, low, high),
            Self::HyperExponential { branches } => sum(branches.iter().map(|(weight, mean)| (*weight, between(&|x| exponential_below(*mean, x))))),
            Self::Mixture { parts } => sum(parts.iter().map(|(weight, law)| (*weight, law.partial(low, high)))),
        }
    }
}

/// Picks by weights that sum to one; rounding errors fall to the last.
fn pick<'a, T>(weighted: &'a [(f64, T)], draws: &mut Draws) -> &'a T {
    let mut point = draws.unit();
    for (weight, item) in weighted {
        if point < *weight {
            return item;
        }
        point -= weight;
    }
    &weighted.last().expect("a checked law has at least one part").1
}

/// Draws from the gamma law of scale one (Marsaglia & Tsang 2000, "A simple method for generating gamma variables"; below a shape of one, boosted as
/// in their section 6).
fn standard_gamma(shape: f64, draws: &mut Draws) -> f64 {
    if shape < 1.0 {
        let boost = libm::pow(draws.open_unit(), 1.0 / shape);
        return boost * standard_gamma(shape + 1.0, draws);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = draws.normal();
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let cube = root * root * root;
        let u = draws.open_unit();
        let square = x * x;
        if u < 1.0 - 0.0331 * square * square || libm::log(u) < 0.5 * square + d * (1.0 - cube + libm::log(cube)) {
            return d * cube;
        }
    }
}

fn sum(parts: impl Iterator<Item = (f64, (f64, f64))>) -> (f64, f64) {
    parts.fold((0.0, 0.0), |(mass, moment), (weight, (m, n))| (mass + weight * m, moment + weight * n))
}

fn points(values: &[f64], low: f64, high: f64) -> (f64, f64) {
    let inside = || values.iter().filter(|value| (low..=high).contains(*value));
    let share = 1.0 / values.len() as f64;
    (inside().count() as f64 * share, inside().sum::<f64>() * share)
}

/// Mass and first moment below `x`, for each continuous shape.
fn exponential_below(mean: f64, x: f64) -> (f64, f64) {
    if x == f64::INFINITY {
        return (1.0, mean);
    }
    let mass = -libm::expm1(-x / mean);
    (mass, mean * mass - x * libm::exp(-x / mean))
}

fn log_normal_below(mu: f64, sigma: f64, x: f64) -> (f64, f64) {
    let z = (libm::log(x) - mu) / sigma;
    (normal_below(z), libm::exp(mu + sigma * sigma / 2.0) * normal_below(z - sigma))
}

fn weibull_below(shape: f64, scale: f64, x: f64) -> (f64, f64) {
    let power = libm::pow(x / scale, shape);
    (-libm::expm1(-power), scale * libm::tgamma(1.0 + 1.0 / shape) * gamma_below(1.0 + 1.0 / shape, power))
}

fn gamma_law_below(shape: f64, scale: f64, x: f64) -> (f64, f64) {
    (gamma_below(shape, x / scale), shape * scale * gamma_below(shape + 1.0, x / scale))
}

fn pareto_between(alpha: f64, scale: f64, low: f64, high: f64) -> (f64, f64) {
    let (low, high) = (low.max(scale), high.max(scale));
    let above = |x: f64| libm::pow(scale / x, alpha);
    let mass = above(low) - above(high);
    if alpha == 1.0 {
        return (mass, scale * (libm::log(high) - libm::log(low)));
    }
    // x · above(x) is the first moment above x but for a factor; at infinity it is 0 for alpha > 1 and infinite below.
    let term = |x: f64| {
        if x < f64::INFINITY {
            x * above(x)
        } else if alpha > 1.0 {
            0.0
        } else {
            f64::INFINITY
        }
    };
    (mass, alpha / (alpha - 1.0) * (term(low) - term(high)))
}

fn uniform_between(min: f64, max: f64, low: f64, high: f64) -> (f64, f64) {
    if max <= min {
        return points(&[min], low, high);
    }
    let (from, to) = (low.max(min), high.min(max));
    if to <= from {
        return (0.0, 0.0);
    }
    let mass = (to - from) / (max - min);
    (mass, mass * (from + to) / 2.0)
}
