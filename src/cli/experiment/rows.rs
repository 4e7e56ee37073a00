//! The metrics that a comparison shows unless others are asked for, and how numbers of each unit are written.

use crate::cli::failure::{Exit, Failure};
use crate::cli::summary::words::{count, number};
use crate::experiment::comparison::{Difference, Row};
use crate::experiment::gate::known_metric;

/// What is shown: the path of a metric, a short name for it, and what it is called in a sentence.
const SHOWN: &[(&str, &str, &str)] = &[
    ("latency.queue_wait.mean", "queue wait, mean", "mean queue wait"),
    ("latency.completion.p95", "completion, p95", "p95 completion"),
    ("utilisation.effective", "utilisation, effective", "effective utilisation"),
    ("gpu_hours.west_share", "west share of GPU-h", "the west's share of GPU-hours"),
    (NET_PRICE, "tenants' net cost", "net cost"),
    ("money.public_cny_per_gpu_hour", "public spend", "public spend"),
    ("carbon_kg.location", "carbon, location", "location carbon"),
    ("carbon_kg.market", "carbon, contract", "contract carbon"),
];

/// What of the pairs of jobs is shown.
const MOVED: &[(&str, &str)] = &[
    ("moved.west_gpu_hours", "GPU-hours moved west"),
    ("moved.to_west_gpu_hours", "  went west"),
    ("moved.from_west_gpu_hours", "  left the west"),
    ("moved.public_cny", "public money"),
    ("moved.public_cny_per_west_gpu_hour", "  per GPU-hour moved"),
    ("moved.windfall_share", "windfall"),
    ("moved.gained_jobs", "jobs that pay less"),
    ("moved.lost_jobs", "jobs that pay more"),
];

/// How far runs are from what no policy can beat: path, name in a table of nothing else, name beside other metrics, and in a sentence.
const GAPS: &[(&str, &str, &str, &str)] = &[
    ("bound.gap.net_cost", "net cost", "gap to bound, net cost", "the gap of net cost to its bound"),
    ("bound.gap.carbon_location", "carbon, location", "gap to bound, carbon", "the gap of location carbon to its bound"),
    ("bound.gap.completion_mean", "completion, mean", "gap to bound, completion", "the gap of mean completion to its bound"),
];

/// Returns the paths and names of what is shown of the pairs of jobs.
pub(super) fn moved() -> &'static [(&'static str, &'static str)] {
    MOVED
}

/// Returns the paths and names of the gaps to bounds.
pub(super) fn gaps() -> impl Iterator<Item = (&'static str, &'static str)> {
    GAPS.iter().map(|(path, name, ..)| (*path, *name))
}

/// What tenants pay in the end: the metric by which the best is chosen unless another is named.
pub(super) const NET_PRICE: &str = "utilisation.net_price_cny_per_gpu_hour";

/// Returns the paths of what is shown: of the metrics that were named, or of the usual ones.
pub(super) fn shown(named: &[String]) -> Result<Vec<String>, Failure> {
    if named.is_empty() {
        return Ok(SHOWN.iter().map(|(path, ..)| (*path).to_owned()).collect());
    }
    named.iter().map(|path| known(path)).collect()
}

/// Returns the whole path of a metric; refuses what no metric has.
pub(super) fn known(path: &str) -> Result<String, Failure> {
    match known_metric(path) {
        Ok(metric) => Ok(metric.path),
        Err((message, help)) => Err(Failure::new(Exit::Usage, message).help(help)),
    }
}

/// Returns a short name for a metric: of one that is not always shown, its path.
pub(super) fn label(path: &str) -> &str {
    words(path).map_or(path, |(label, _)| label)
}

/// Returns what a metric is called in a sentence.
pub(super) fn phrase(path: &str) -> &str {
    words(path).map_or(path, |(_, phrase)| phrase)
}

/// Returns what a metric is called in a table and in a sentence.
fn words(path: &str) -> Option<(&'static str, &'static str)> {
    let shown = SHOWN.iter().map(|(known, label, phrase)| (*known, (*label, *phrase)));
    let gaps = GAPS.iter().map(|(known, _, label, phrase)| (*known, (*label, *phrase)));
    shown.chain(gaps).find(|(known, _)| *known == path).map(|(_, words)| words)
}

/// How numbers of a metric are written in a table: all of a row in one unit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Scale {
    /// What a number of the table stands for, in the metric's own unit.
    size: f64,
    /// The unit of the table.
    pub(super) unit: &'static str,
}

impl Scale {
    /// Chooses the unit in which a row's baseline is easiest to read.
    pub(super) fn of(row: &Row, baseline: usize) -> Self {
        let known = || row.cells.iter().filter_map(|cell| cell.mean);
        let size = row.cells[baseline].mean.filter(|mean| *mean != 0.0).unwrap_or_else(|| known().fold(0.0, |a, b| a.max(b.abs()))).abs();
        let fitting = |units: &[(f64, &'static str)]| {
            let (size, unit) = units.iter().rfind(|(unit, _)| size >= *unit).unwrap_or(&units[0]);
            Self { size: *size, unit }
        };
        match row.metric.unit {
            "s" => fitting(&[(1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "d")]),
            "kg" => fitting(&[(1.0, "kg"), (1e3, "t")]),
            "CNY" => fitting(&[(1.0, "CNY"), (1e6, "M CNY")]),
            "kWh" => fitting(&[(1.0, "kWh"), (1e3, "MWh"), (1e6, "GWh")]),
            "GPU-hours" => fitting(&[(1.0, "GPU-h"), (1e6, "M GPU-h")]),
            "share" => Self { size: 0.01, unit: "%" },
            "CNY/GPU-hour" => Self { size: 1.0, unit: "CNY/GPU-h" },
            unit => Self { size: 1.0, unit },
        }
    }
    /// Writes a value.
    pub(super) fn value(self, value: f64) -> String {
        number(value / self.size)
    }
    /// Writes a value with as many decimals as show steps of this size.
    pub(super) fn to(self, value: f64, step: f64) -> String {
        let decimals = decimals_of(step / self.size);
        if decimals == 0 { grouped(value / self.size) } else { format!("{:.decimals$}", value / self.size) }
    }
    /// Writes a value with its half-width.
    pub(super) fn estimate(self, mean: f64, half_width: Option<f64>) -> String {
        let Some(half_width) = half_width else { return self.value(mean) };
        let decimals = decimals_of(half_width / self.size).min(4);
        let plain = if decimals == 0 { grouped(mean / self.size) } else { format!("{:.decimals$}", mean / self.size) };
        let half_width = if decimals == 0 { grouped(half_width / self.size) } else { format!("{:.decimals$}", half_width / self.size) };
        format!("{plain} ± {half_width}")
    }
    /// Writes a difference with its half-width: shares in percentage points, what has a baseline in per cent of it, and the rest in its unit.
    pub(super) fn difference(self, difference: &Difference) -> String {
        let (mean, half_width, unit) = match (self.unit, difference.relative()) {
            ("%", _) => (difference.mean / self.size, difference.half_width.map(|it| it / self.size), " pp"),
            (_, Some(relative)) => (100.0 * relative, difference.relative_half_width().map(|it| 100.0 * it), "%"),
            (_, None) => (difference.mean / self.size, difference.half_width.map(|it| it / self.size), ""),
        };
        signed(mean, half_width, unit)
    }
    /// Writes a difference as a share of the baseline.
    pub(super) fn relative(self, share: f64, half_width: f64) -> String {
        signed(100.0 * share, Some(100.0 * half_width), "%")
    }
    /// Writes a difference in the unit of the table; of shares, in percentage points.
    pub(super) fn absolute(self, value: f64, half_width: f64) -> String {
        let unit = if self.unit == "%" { " pp".to_owned() } else { self.after() };
        signed(value / self.size, Some(half_width / self.size), &unit)
    }
    /// Writes a value with its half-width.
    pub(super) fn level(self, value: f64, half_width: f64) -> String {
        signed(value / self.size, Some(half_width / self.size), &self.after()).trim_start_matches('+').to_owned()
    }

    /// Returns the unit as it stands after a number.
    fn after(self) -> String {
        match self.unit {
            "" | "%" => self.unit.to_owned(),
            unit => format!(" {unit}"),
        }
    }
}

/// Writes `-12.3% ± 0.4`: as many decimals as the half-width has a meaning for.
fn signed(mean: f64, half_width: Option<f64>, unit: &str) -> String {
    let decimals = match half_width {
        // What rounding leaves of a difference that is the same in all pairs is no spread.
        Some(half_width) if half_width > 1e-9 * mean.abs() => decimals_of(half_width),
        _ => decimals_of(mean / 100.0).min(2),
    };
    let plain = format!("{:.decimals$}", mean.abs());
    let plain = if mean.abs() >= 1000.0 { count(mean.abs().round() as u64) } else { plain };
    let sign = if plain.chars().all(|digit| matches!(digit, '0' | '.')) {
        ""
    } else if mean < 0.0 {
        "-"
    } else {
        "+"
    };
    match half_width {
        Some(half_width) => format!("{sign}{plain}{unit} ± {half_width:.decimals$}"),
        None => format!("{sign}{plain}{unit}"),
    }
}

/// Writes a whole number with thousands separators.
fn grouped(value: f64) -> String {
    let sign = if value <= -0.5 { "-" } else { "" };
    format!("{sign}{}", count(value.abs().round() as u64))
}

/// Decimals that show one digit of a number, or two of one that begins with 1.
fn decimals_of(size: f64) -> usize {
    (0..6).find(|decimals| size.abs() >= 0.95 / [1.0, 10.0, 100.0, 1e3, 1e4, 1e5][*decimals]).unwrap_or(6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::metrics;

    #[test]
    fn every_metric_that_is_shown_exists() {
        assert!(SHOWN.iter().all(|(path, ..)| metrics::find(path).is_some()) && gaps().all(|(path, _)| metrics::find(path).is_some()));
        assert_eq!((label("carbon_kg.market"), label("jobs.finished")), ("carbon, contract", "jobs.finished"));
    }

    #[test]
    fn unknown_metrics_are_refused_with_what_is_near() {
        assert!(known("latency.queue_wait.mean").is_ok() && known("utilisation.by_site.guian.effective").is_ok());
        assert_eq!(known("latency.queue_wait.meen").unwrap_err().exit, Exit::Usage);
        assert!(known("title").is_err());
        assert_eq!(known("money.public").unwrap(), "money.public_cny");
    }

    #[test]
    fn differences_and_levels_have_their_units() {
        let hours = Scale { size: 3600.0, unit: "h" };
        assert_eq!((hours.absolute(-7200.0, 360.0).as_str(), hours.level(7200.0, 360.0).as_str()), ("-2.0 h ± 0.1", "2.0 h ± 0.1"));
        let share = Scale { size: 0.01, unit: "%" };
        assert_eq!((share.absolute(0.02, 0.005).as_str(), share.level(0.62, 0.02).as_str()), ("+2.0 pp ± 0.5", "62% ± 2"));
        assert_eq!(hours.relative(0.123, 0.004), "+12.3% ± 0.4");
    }

    #[test]
    fn differences_have_the_digits_that_mean_something() {
        assert_eq!(signed(-12.34, Some(0.41), "%"), "-12.3% ± 0.4");
        assert_eq!(signed(-55.6, Some(3.7), "%"), "-56% ± 4");
        assert_eq!(signed(3.24, Some(0.026), " pp"), "+3.24 pp ± 0.03");
        assert_eq!(signed(12.0, None, "%"), "+12.0%");
        assert_eq!(signed(0.001, Some(0.5), "%"), "0.0% ± 0.5");
        assert_eq!(signed(12.5, Some(0.0), "%"), "+12.5% ± 0.0");
        assert_eq!(signed(0.0, Some(0.0), "%"), "0.00% ± 0.00");
        assert_eq!(signed(-0.096_308, Some(1e-17), "%"), "-0.10% ± 0.00");
    }
}
