use super::*;
use crate::base::random::Seed;
use statrs::distribution::{ContinuousCDF, Erlang, Exp, Gamma, LogNormal, Pareto, Uniform, Weibull};

fn draws(law: &Law, purpose: &str, count: u64) -> Vec<f64> {
    let stream = Seed { seed: 20_250_602, replication: 0 }.stream("law", purpose);
    (0..count).map(|index| law.sample(&mut stream.at(index))).collect()
}

fn law(shape: Shape) -> Law {
    Law { shape, min: None, max: None }
}

fn windowed(shape: Shape, min: f64, max: f64) -> Law {
    Law { shape, min: Some(min), max: Some(max) }
}

type Cdf = Box<dyn Fn(f64) -> f64>;

/// Every continuous shape with its cumulative distribution by an independent implementation.
fn continuous() -> Vec<(&'static str, Law, Cdf)> {
    fn by<D: ContinuousCDF<f64, f64> + 'static>(distribution: D) -> Cdf {
        Box::new(move |x| distribution.cdf(x))
    }
    let (fast, slow) = (Exp::new(1.0).unwrap(), Exp::new(0.1).unwrap());
    let (low, high) = (Uniform::new(1.0, 2.0).unwrap(), Gamma::new(2.0, 0.5).unwrap());
    let part = |weight, shape| (weight, law(shape));
    vec![
        ("exponential", Law::exponential(2.5), by(Exp::new(0.4).unwrap())),
        ("log-normal", law(Shape::LogNormal { mu: 6.397, sigma: 1.5 }), by(LogNormal::new(6.397, 1.5).unwrap())),
        ("weibull", law(Shape::Weibull { shape: 0.7, scale: 3.0 }), by(Weibull::new(0.7, 3.0).unwrap())),
        ("pareto", law(Shape::Pareto { alpha: 2.5, scale: 4.0 }), by(Pareto::new(4.0, 2.5).unwrap())),
        ("gamma", law(Shape::Gamma { shape: 3.5, scale: 2.0 }), by(Gamma::new(3.5, 0.5).unwrap())),
        ("gamma below one", law(Shape::Gamma { shape: 0.4, scale: 2.0 }), by(Gamma::new(0.4, 0.5).unwrap())),
        ("erlang", law(Shape::Erlang { k: 4, mean: 8.0 }), by(Erlang::new(4, 0.5).unwrap())),
        ("uniform", law(Shape::Uniform { min: 1.0, max: 3.0 }), by(Uniform::new(1.0, 3.0).unwrap())),
        (
            "hyper-exponential",
            law(Shape::HyperExponential { branches: vec![(0.7, 1.0), (0.3, 10.0)] }),
            Box::new(move |x| 0.7 * fast.cdf(x) + 0.3 * slow.cdf(x)),
        ),
        (
            "mixture",
            law(Shape::Mixture {
                parts: vec![part(0.25, Shape::Uniform { min: 1.0, max: 2.0 }), part(0.75, Shape::Gamma { shape: 2.0, scale: 2.0 })],
            }),
            Box::new(move |x| 0.25 * low.cdf(x) + 0.75 * high.cdf(x)),
        ),
    ]
}

/// The Kolmogorov-Smirnov distance of draws from a law.
fn distance(mut draws: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    draws.sort_by(f64::total_cmp);
    let count = draws.len() as f64;
    let gap = |(rank, x): (usize, &f64)| {
        let expected = cdf(*x);
        (expected - rank as f64 / count).max((rank + 1) as f64 / count - expected)
    };
    draws.iter().enumerate().map(gap).fold(0.0, f64::max)
}

#[test]
fn draws_follow_their_law() {
    for (name, law, cdf) in continuous() {
        let count = 40_000;
        let distance = distance(draws(&law, name, count), cdf);
        // The 0.1 % point of Kolmogorov's law; seeds are fixed, so this either always passes or always fails.
        assert!(distance < 1.95 / (count as f64).sqrt(), "{name}: distance {distance}");
    }
}

#[test]
fn draws_in_a_window_follow_the_truncated_law() {
    for (name, law, cdf) in continuous() {
        let middle = law.mean();
        let cut = windowed(law.shape, middle / 2.0, middle * 2.0);
        let (below, above) = (cdf(middle / 2.0), cdf(middle * 2.0));
        let distance = distance(draws(&cut, name, 20_000), |x| (cdf(x) - below) / (above - below));
        assert!(distance < 1.95 / 20_000_f64.sqrt(), "{name}: distance {distance}");
        assert!((cut.acceptance() - (above - below)).abs() < 1e-9, "{name}: acceptance {}", cut.acceptance());
    }
}

#[test]
fn means_are_those_of_the_textbook() {
    let textbook = [2.5, libm::exp(6.397 + 1.125), 3.0 * libm::tgamma(1.0 + 1.0 / 0.7), 2.5 * 4.0 / 1.5, 7.0, 0.8, 8.0, 2.0, 3.7, 3.375];
    for ((name, law, _), expected) in continuous().into_iter().zip(textbook) {
        assert!((law.mean() / expected - 1.0).abs() < 1e-9, "{name}: mean {} is not {expected}", law.mean());
        assert!((law.acceptance() - 1.0).abs() < 1e-9, "{name}");
    }
    assert_eq!(Law::fixed(7.0).mean(), 7.0);
    let values = Arc::new(vec![1.0, 2.0, 6.0, 9.0]);
    assert_eq!(law(Shape::Empirical { values: values.clone() }).mean(), 4.5);
    assert_eq!(windowed(Shape::Empirical { values }, 2.0, 7.0).mean(), 4.0);
    assert_eq!(law(Shape::Pareto { alpha: 0.9, scale: 1.0 }).mean(), f64::INFINITY);
}

#[test]
fn means_of_truncated_laws_are_those_of_their_draws() {
    for (name, law, _) in continuous() {
        let middle = law.mean();
        let cut = windowed(law.shape, middle / 3.0, middle * 1.5);
        let sample = draws(&cut, name, 100_000);
        let mean = sample.iter().sum::<f64>() / sample.len() as f64;
        let spread = (sample.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / sample.len() as f64).sqrt();
        let error = (cut.mean() - mean).abs() / (spread / (sample.len() as f64).sqrt());
        assert!(error < 4.0, "{name}: mean {} but draws give {mean} ({error:.1} standard errors)", cut.mean());
    }
}

#[test]
fn a_mixture_cut_from_outside_weighs_its_parts_by_what_is_left() {
    let parts = vec![(0.5, windowed(Shape::Exponential { mean: 1.0 }, 0.0, 2.0)), (0.5, Law::fixed(10.0))];
    let mut mixture = law(Shape::Mixture { parts });
    assert!((mixture.acceptance() - 1.0).abs() < 1e-12);
    mixture.max = Some(5.0);
    assert!((mixture.acceptance() - 0.5).abs() < 1e-12);
    assert!((mixture.mean() - windowed(Shape::Exponential { mean: 1.0 }, 0.0, 2.0).mean()).abs() < 1e-12);
}

#[test]
fn a_window_without_mass_ends_at_its_nearest_edge() {
    let far = windowed(Shape::Uniform { min: 0.0, max: 1.0 }, 5.0, 6.0);
    assert_eq!(far.acceptance(), 0.0);
    assert_eq!(draws(&far, "far", 3), [5.0, 5.0, 5.0]);
    assert_eq!(far.mean(), 5.0);
}

/// Sixteen draws of each shape: what a seed gives must not change between versions or platforms.
#[test]
fn draws_do_not_change_between_versions() {
    let mut text = String::new();
    for (name, law, _) in continuous() {
        text += name;
        for value in draws(&law, name, 16) {
            text += &format!(" {:016x}", value.to_bits());
        }
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}
