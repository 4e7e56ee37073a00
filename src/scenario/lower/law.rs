//! Laws: from moments or quantiles to the parameters that a sampler takes.

use super::super::keys::LawUnit;
use super::super::reader::Item;
use super::sum_to_one;
use crate::diag::{Diagnostic, LAW_DOMAIN, SERIES};
use crate::model::{Law, Shape};
use std::sync::Arc;

/// The 95th and the 99th percentile of the standard normal law.
const Z95: f64 = 1.644_853_626_951_472_2;
const Z99: f64 = 2.326_347_874_040_840_8;

/// Reads a law; nothing, if it is not there or its form is wrong.
pub(super) fn law(item: &Item<'_>, unit: LawUnit) -> Option<Law> {
    item.node?;
    if let Some(value) = item.law_value(unit) {
        return Some(Law::fixed(value));
    }
    let dist = item.item("dist").text()?;
    let shape = match shape(item, dist, unit) {
        Ok(shape) => shape?,
        Err(fault) => {
            item.lowering.report(*fault);
            return None;
        }
    };
    let bound = |key: &str| if matches!(dist, "uniform" | "deterministic") { None } else { item.item(key).law_value(unit) };
    let law = Law { shape, min: bound("min"), max: bound("max") };
    match (law.min, law.max) {
        (Some(min), Some(max)) if min > max => {
            item.item("min").report(LAW_DOMAIN, "`min` is above `max`", "the law keeps what lies between them");
            None
        }
        _ if law.acceptance() < Law::LEAST_ACCEPTANCE => {
            let kept = law.acceptance() * 100.0;
            item.report(LAW_DOMAIN, format!("`min` and `max` keep only {kept:.1} % of the law"), "choose bounds that keep at least 2 %");
            None
        }
        _ => Some(law),
    }
}

type Shaped = Result<Option<Shape>, Box<Diagnostic>>;

fn shape(item: &Item<'_>, dist: &str, unit: LawUnit) -> Shaped {
    match dist {
        "deterministic" => Ok(item.item("value").law_value(unit).map(|value| Shape::Deterministic { value })),
        "exponential" => Ok(positive(item, "mean", unit)?.map(|mean| Shape::Exponential { mean })),
        "lognormal" => lognormal(item, unit),
        "weibull" => weibull(item, unit),
        "pareto" => pareto(item, unit),
        "gamma" => gamma(item, unit),
        "erlang" => Ok(item.item("k").count().zip(positive(item, "mean", unit)?).map(|(k, mean)| Shape::Erlang { k, mean })),
        "hyperexponential" => hyperexponential(item, unit),
        "uniform" => uniform(item, unit),
        "empirical" => empirical(item, unit),
        "mixture" => Ok(mixture(item, unit)),
        _ => Ok(None),
    }
}

/// Reads a parameter that must be above zero.
fn positive(item: &Item<'_>, key: &str, unit: LawUnit) -> Result<Option<f64>, Box<Diagnostic>> {
    let parameter = item.item(key);
    match parameter.law_value(unit) {
        Some(value) if value <= 0.0 => {
            Err(Box::new(parameter.fault(LAW_DOMAIN, format!("`{key}` is zero")).help("this parameter must be above zero")))
        }
        value => Ok(value),
    }
}
fn bare(item: &Item<'_>, key: &str) -> Option<f64> {
    item.item(key).number()
}
fn domain<T>(item: &Item<'_>, key: &str, message: &str, help: &str) -> Result<T, Box<Diagnostic>> {
    Err(Box::new(item.item(key).fault(LAW_DOMAIN, message).help(help)))
}

fn lognormal(item: &Item<'_>, unit: LawUnit) -> Shaped {
    if let (Some(mu), Some(sigma)) = (bare(item, "mu"), bare(item, "sigma")) {
        return Ok(Some(Shape::LogNormal { mu, sigma }));
    }
    if let (Some(mean), Some(scv)) = (positive(item, "mean", unit)?, bare(item, "scv")) {
        let variance = libm::log(1.0 + scv);
        return Ok(Some(Shape::LogNormal { mu: libm::log(mean) - variance / 2.0, sigma: variance.sqrt() }));
    }
    let Some(median) = positive(item, "p50", unit)? else { return Ok(None) };
    let mu = libm::log(median);
    for (key, z) in [("p95", Z95), ("p99", Z99)] {
        if let Some(high) = item.item(key).law_value(unit) {
            if high <= median {
                return domain(item, key, &format!("`{key}` is not above `p50`"), "a higher quantile is a larger value");
            }
            return Ok(Some(Shape::LogNormal { mu, sigma: (libm::log(high) - mu) / z }));
        }
    }
    Ok(bare(item, "sigma").map(|sigma| Shape::LogNormal { mu, sigma }))
}

fn weibull(item: &Item<'_>, unit: LawUnit) -> Shaped {
    if let (Some(median), Some(high)) = (positive(item, "p50", unit)?, item.item("p95").law_value(unit)) {
        if high <= median {
            return domain(item, "p95", "`p95` is not above `p50`", "a higher quantile is a larger value");
        }
        // F(x) = 1 - exp(-(x / scale)^shape), solved for the two quantiles.
        let shape = libm::log(libm::log(20.0) / libm::log(2.0)) / libm::log(high / median);
        return Ok(Some(Shape::Weibull { shape, scale: median / libm::pow(libm::log(2.0), 1.0 / shape) }));
    }
    let Some(shape) = bare(item, "shape") else { return Ok(None) };
    let scale = positive(item, "scale", unit)?;
    let mean = positive(item, "mean", unit)?.map(|mean| mean / libm::tgamma(1.0 + 1.0 / shape));
    match scale.or(mean) {
        Some(scale) if scale.is_finite() && scale > 0.0 => Ok(Some(Shape::Weibull { shape, scale })),
        Some(_) => domain(item, "shape", "the mean of a Weibull law of this shape cannot be computed", "write a shape above 0.01"),
        None => Ok(None),
    }
}

fn pareto(item: &Item<'_>, unit: LawUnit) -> Shaped {
    let Some(alpha) = bare(item, "alpha") else { return Ok(None) };
    if let Some(mean) = positive(item, "mean", unit)? {
        if alpha <= 1.0 {
            return domain(
                item,
                "alpha",
                "a Pareto law with `alpha` of at most 1 has no mean",
                "write `alpha` above 1, or give `scale` instead of `mean`",
            );
        }
        return Ok(Some(Shape::Pareto { alpha, scale: mean * (alpha - 1.0) / alpha }));
    }
    Ok(positive(item, "scale", unit)?.map(|scale| Shape::Pareto { alpha, scale }))
}

fn gamma(item: &Item<'_>, unit: LawUnit) -> Shaped {
    let (shape, scale, mean) = (bare(item, "shape"), positive(item, "scale", unit)?, positive(item, "mean", unit)?);
    Ok(match (shape, scale, mean, bare(item, "scv")) {
        (Some(shape), Some(scale), ..) => Some(Shape::Gamma { shape, scale }),
        (Some(shape), None, Some(mean), _) => Some(Shape::Gamma { shape, scale: mean / shape }),
        (None, None, Some(mean), Some(scv)) => Some(Shape::Gamma { shape: 1.0 / scv, scale: mean * scv }),
        _ => None,
    })
}

fn hyperexponential(item: &Item<'_>, unit: LawUnit) -> Shaped {
    if let (Some(mean), Some(scv)) = (positive(item, "mean", unit)?, bare(item, "scv")) {
        if scv <= 1.0 {
            return Ok(Some(Shape::Exponential { mean }));
        }
        // Two phases with balanced means, p₁m₁ = p₂m₂ (Whitt 1982, section 3).
        let share = 0.5 * (1.0 + ((scv - 1.0) / (scv + 1.0)).sqrt());
        return Ok(Some(Shape::HyperExponential {
            branches: vec![(share, mean / (2.0 * share)), (1.0 - share, mean / (2.0 * (1.0 - share)))],
        }));
    }
    let mut branches = Vec::new();
    for branch in item.item("branches").list() {
        let (Some(share), Some(mean)) = (bare(&branch, "share"), positive(&branch, "mean", unit)?) else { return Ok(None) };
        branches.push((share, mean));
    }
    if branches.is_empty() {
        return if item.has("branches") { domain(item, "branches", "no branches", "give at least one") } else { Ok(None) };
    }
    sum_to_one(&item.item("branches"), "the shares of the branches", branches.iter().map(|(share, _)| *share));
    Ok(Some(Shape::HyperExponential { branches }))
}

fn uniform(item: &Item<'_>, unit: LawUnit) -> Shaped {
    match (item.item("min").law_value(unit), item.item("max").law_value(unit)) {
        (Some(min), Some(max)) if min > max => domain(item, "min", "`min` is above `max`", "write the smaller value at `min`"),
        (Some(min), Some(max)) if min == max => Ok(Some(Shape::Deterministic { value: min })),
        (Some(min), Some(max)) => Ok(Some(Shape::Uniform { min, max })),
        _ => Ok(None),
    }
}

fn empirical(item: &Item<'_>, unit: LawUnit) -> Shaped {
    let mut values = Vec::new();
    for value in item.item("values").list() {
        let Some(value) = value.law_value(unit) else { return Ok(None) };
        values.push(value);
    }
    let file = item.item("file");
    if file.exists() {
        let Some(rows) = super::files::rows(&file) else { return Ok(None) };
        let Some(column) = rows.column("value") else {
            return Err(Box::new(file.fault(SERIES, "the file has no column `value`").help("a heading `value`, then one value a row")));
        };
        for (line, row) in &rows.rows {
            let parsed = match unit {
                LawUnit::Quantity(unit) => unit.parse(&row[column]).ok().map(|value| value as f64 / unit.law_scale()),
                LawUnit::Factor | LawUnit::Share => None,
            };
            let bare = || row[column].parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
            let Some(value) = parsed.or_else(bare) else {
                return Err(Box::new(super::files::at_line(&file, &rows, *line, &format!("`{}` is no value of the law", row[column]))));
            };
            values.push(value);
        }
    }
    if values.is_empty() {
        let key = if file.exists() { "file" } else { "values" };
        return domain(item, key, "no values to draw from", "give at least one");
    }
    values.sort_by(f64::total_cmp);
    Ok(Some(Shape::Empirical { values: Arc::new(values) }))
}

fn mixture(item: &Item<'_>, unit: LawUnit) -> Option<Shape> {
    let parts = item.item("parts").list().map(|part| bare(&part, "share").zip(law(&part.item("law"), unit))).collect::<Option<Vec<_>>>()?;
    sum_to_one(&item.item("parts"), "the shares of the parts", parts.iter().map(|(share, _)| *share));
    (!parts.is_empty()).then_some(Shape::Mixture { parts })
}
