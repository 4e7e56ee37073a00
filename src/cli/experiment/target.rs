//! What is to hold of a metric: `money.public = 65M CNY ± 1%`.

use super::rows::known;
use crate::cli::failure::{Exit, Failure};
use crate::experiment::factors::number_and_unit;
use crate::output::metrics;
use crate::scenario::Unit;

/// The tolerance of a target that gives none, as a share of it.
const TOLERANCE: f64 = 0.01;

/// A value that a metric is to have.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Target {
    /// The path of the metric.
    pub(super) path: String,
    /// The value, in the metric's unit.
    pub(super) value: f64,
    /// How far from it is near enough.
    pub(super) tolerance: f64,
}

impl Target {
    /// Reads `METRIC = VALUE`, with `± 1%` or `± 0.5M CNY` behind it (also written `+-`).
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let usage = |message: String| Failure::new(Exit::Usage, message).help("write it as `money.public = 65M CNY ± 1%`");
        let (path, wanted) = text.split_once('=').ok_or_else(|| usage(format!("`{text}` says nothing that could hold")))?;
        let path = known(path.trim())?;
        let unit = metrics::resolve(&path).map_or("", |metric| metric.unit);
        let wanted = wanted.replace("+-", "±");
        let (value, tolerance) = wanted.split_once('±').map_or((wanted.as_str(), None), |(value, tolerance)| (value, Some(tolerance.trim())));
        let quantity = |text: &str| quantity(text.trim(), unit).map_err(|why| usage(format!("`{text}` is no value of `{path}`: {why}")));
        let value = quantity(value)?;
        let tolerance = match tolerance {
            None => TOLERANCE * value.abs(),
            Some(text) if text.ends_with('%') && unit != "share" => match text.trim_end_matches('%').trim().parse::<f64>() {
                Ok(percent) => percent / 100.0 * value.abs(),
                Err(_) => return Err(usage(format!("`{text}` is no tolerance"))),
            },
            Some(text) => quantity(text)?,
        };
        if !(tolerance > 0.0 && tolerance.is_finite()) {
            return Err(usage(format!("a tolerance of zero is never met exactly by `{text}`")));
        }
        Ok(Self { path, value, tolerance })
    }
}

/// Reads a value in a metric's unit: a bare number, a number with that unit, or a quantity as scenarios write it.
fn quantity(text: &str, unit: &str) -> Result<f64, String> {
    let (number, word) = number_and_unit(text).ok_or_else(|| "it does not begin with a number".to_owned())?;
    if word.is_empty() || word == unit {
        return Ok(number);
    }
    let kind = match unit {
        "CNY" => Unit::Money,
        "s" => Unit::Duration,
        "kWh" => Unit::Energy,
        "CNY/GPU-hour" => Unit::PerGpuHour,
        "GPU-hours" => Unit::GpuHours,
        "share" if word == "%" => return Ok(number / 100.0),
        "kg" if word == "t" => return Ok(1000.0 * number),
        _ => return Err(format!("its unit is {}", if unit.is_empty() { "none" } else { unit })),
    };
    let base = kind.parse(text).map_err(|fault| fault.message)?;
    let size = match unit {
        "kWh" | "GPU-hours" => 3_600_000_000.0,
        _ => 1e6,
    };
    Ok(base as f64 / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_a_metric_a_value_and_a_tolerance() {
        let read = |text: &str| Target::read(text).map(|target| (target.path, target.value, target.tolerance));
        assert_eq!(read("money.public = 65M CNY ± 1%").unwrap(), ("money.public_cny".to_owned(), 65e6, 650e3));
        assert_eq!(read("money.public_cny=65000000").unwrap(), ("money.public_cny".to_owned(), 65e6, 650e3));
        assert_eq!(read("money.public = 6500万元 +- 0.5M CNY").unwrap(), ("money.public_cny".to_owned(), 65e6, 500e3));
        assert_eq!(read("latency.queue_wait.mean = 2 h").unwrap(), ("latency.queue_wait.mean".to_owned(), 7200.0, 72.0));
        let share = read("gpu_hours.west_share = 40% ± 2%").unwrap();
        assert!((share.1 - 0.4).abs() < 1e-12 && (share.2 - 0.02).abs() < 1e-12, "of a share, per cents are points: {share:?}");
        assert_eq!(read("energy = 2 MWh").unwrap().1, 2000.0);
        for wrong in ["money.public", "money.publik = 1", "money.public = 3 h", "money.public = x", "money.public = 1 CNY ± 0", "title = 1"] {
            assert!(Target::read(wrong).is_err(), "{wrong}");
        }
    }
}
