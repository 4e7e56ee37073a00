//! Output analysis: calls of the library on fixed data.

use super::super::Origin;
use super::super::case::{Case, Problem, bad, number};
use super::super::judge::{Line, relative};
use crate::stats::{Moments, Sum, batch, interval, paired, run_length, selection, warmup};
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

/// Computes every number of the answer.
pub(super) fn run(case: &Case, origin: &Origin) -> Result<Vec<Line>, Problem> {
    let mut expected = Vec::new();
    flatten("", &case.answer, &mut expected)?;
    let method = case.text("method")?.to_owned();
    let computed = Computed { case, origin, method: &method };
    expected
        .into_iter()
        .map(|(path, answer)| Ok(relative(if path.is_empty() { &method } else { &path }, answer, computed.value(&path)?, TOLERANCE)))
        .collect()
}

/// Lists the numbers of an answer with their paths: `10.mean`, `statistics.0`.
fn flatten(path: &str, value: &Value, out: &mut Vec<(String, f64)>) -> Result<(), Problem> {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}/{key}") };
    match value {
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| flatten(&below(key), value, out)),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(at, value)| flatten(&below(&at.to_string()), value, out)),
        one => {
            out.push((path.to_owned(), number(path, one)?));
            Ok(())
        }
    }
}

struct Computed<'a> {
    case: &'a Case,
    origin: &'a Origin,
    method: &'a str,
}

impl Computed<'_> {
    fn value(&self, path: &str) -> Result<f64, Problem> {
        let parts: Vec<&str> = path.split('/').collect();
        let found = match self.method {
            "mser5" | "mser1" | "mser1_hand" => self.mser(&parts)?,
            "raw_mean_no_truncation" => self.column(0)?.iter().copied().collect::<Moments>().mean(),
            "batch_means" => self.batch_means(&parts)?,
            "replication_ci" => self.replications(&parts)?,
            "paired_t" => self.paired(parts[0])?,
            "ocba" => self.ocba(&parts)?,
            "t_quantiles" => t_quantile(parts[0]),
            "runlength_mm1_L" => run_length_of(&parts),
            "kahan" => self.sums(parts[0])?,
            "welford" => {
                let moments: Moments = self.column(0)?.iter().copied().collect();
                match parts[0] {
                    "variance" => moments.variance(),
                    "mean" => moments.mean(),
                    _ => None,
                }
            }
            other => return Err(bad("method", &format!("`{other}` is unknown"))),
        };
        found.ok_or_else(|| Problem::Answer(path.to_owned()))
    }

    /// Reads a column of the data: of the list that the case has, or of its CSV file. The last columns are the values.
    fn column(&self, at: usize) -> Result<Vec<f64>, Problem> {
        if self.case.param("data")?.is_array() {
            return self.case.numbers_of("data");
        }
        let name = self.case.text("data")?;
        let text = self.origin.data(&if self.case.has("folder") { format!("{}/{name}", self.case.text("folder")?) } else { name.to_owned() })?;
        let rows: Vec<Vec<Option<f64>>> = text.lines().map(|line| line.split(',').map(|field| field.trim().parse().ok()).collect()).collect();
        let rows: Vec<Vec<f64>> = rows.into_iter().filter_map(|row| row.into_iter().collect()).collect();
        let width = rows.first().map_or(0, Vec::len);
        let values = if self.method == "paired_t" { 2 } else { 1 };
        rows.iter().map(|row| row.get(width.saturating_sub(values) + at).copied().ok_or_else(|| bad("data", "a row is too short"))).collect()
    }

    fn mser(&self, parts: &[&str]) -> Result<Option<f64>, Problem> {
        let data = self.column(0)?;
        let size = if self.method == "mser5" { 5 } else { 1 };
        if self.method == "mser1_hand" {
            let statistics = warmup::statistics(&data, 5);
            return Ok(match parts {
                ["statistics", at] => at.parse::<usize>().ok().and_then(|at| statistics.get(at).copied()),
                ["d"] => warmup::mser(&data, 1).map(|cut| cut.batches as f64),
                _ => None,
            });
        }
        Ok(warmup::mser(&data, size).and_then(|cut| match parts[0] {
            "d_batches" => Some(cut.batches as f64),
            "d_observations" => Some(cut.observations as f64),
            "statistic" => Some(cut.statistic),
            "n_batches" => Some(cut.batch_count as f64),
            "truncated_mean" => Some(cut.mean),
            _ => None,
        }))
    }

    fn batch_means(&self, parts: &[&str]) -> Result<Option<f64>, Problem> {
        let data = self.column(0)?;
        let cut = warmup::mser(&data, 5).map_or(0, |cut| cut.observations);
        let [count, what] = parts else { return Ok(None) };
        let means = count.parse().ok().and_then(|count| batch::means(&data[cut..], count, 0.95));
        Ok(means.and_then(|means| match *what {
            "batch_size" => Some(means.batch_size as f64),
            "mean" => Some(means.interval.mean),
            "sd_of_batches" => Some(means.deviation),
            "half_width_95" => Some(means.interval.half_width),
            "lag1" => Some(means.lag_one),
            "von_neumann" => Some(means.von_neumann),
            _ => None,
        }))
    }

    fn replications(&self, parts: &[&str]) -> Result<Option<f64>, Problem> {
        let data = self.column(0)?;
        let [percent, what] = parts else { return Ok(None) };
        let found = percent.parse::<f64>().ok().and_then(|percent| interval::of_mean(&data, percent / 100.0));
        Ok(found.and_then(|found| match *what {
            "mean" => Some(found.mean),
            "half_width" => Some(found.half_width),
            _ => None,
        }))
    }

    fn paired(&self, what: &str) -> Result<Option<f64>, Problem> {
        let (first, second) = (self.column(0)?, self.column(1)?);
        let difference = paired::difference(&first, &second, 0.95);
        let welch = paired::welch(&first, &second, 0.95);
        Ok(match what {
            "mean_diff" => difference.map(|found| found.interval.mean),
            "half_width_95" => difference.map(|found| found.interval.half_width),
            "t" => difference.map(|found| found.statistic),
            "p_two_sided" => difference.map(|found| found.p),
            "correlation" => difference.map(|found| found.correlation),
            "variance_reduction_factor" => difference.map(|found| found.variance_reduction),
            "welch_half_width_95" => welch.map(|found| found.0.half_width),
            "welch_df" => welch.map(|found| found.1),
            "wilcoxon_p" => paired::wilcoxon_p(&first, &second),
            _ => None,
        })
    }

    fn ocba(&self, parts: &[&str]) -> Result<Option<f64>, Problem> {
        // The library takes the smallest mean as the best.
        let largest = self.case.has("best") && self.case.text("best")? == "largest";
        let sign = if largest { -1.0 } else { 1.0 };
        let means: Vec<f64> = self.case.numbers_of("means")?.into_iter().map(|mean| sign * mean).collect();
        let shares = selection::ocba(&means, &self.case.numbers_of("sds")?);
        let [what, at] = parts else { return Ok(None) };
        let total = if *what == "fractions" { Some(1.0) } else { what.strip_prefix("allocation_of_").and_then(|total| total.parse().ok()) };
        let share = at.parse::<usize>().ok().and_then(|at| shares?.get(at).copied());
        Ok(share.zip(total).map(|(share, total)| share * total))
    }

    fn sums(&self, what: &str) -> Result<Option<f64>, Problem> {
        let terms = match self.case.param("data")? {
            Value::String(text) => described(text).ok_or_else(|| bad("data", "a list, or `sum of 1e6 values 0.1 then 1e10` is needed"))?,
            _ => self.column(0)?,
        };
        Ok(match what {
            "exact" => Some(terms.iter().copied().collect::<Sum>().total()),
            "naive" => Some(terms.iter().sum()),
            _ => None,
        })
    }
}

/// Reads `sum of 1e6 values 0.1 then 1e10 then -1e10`.
fn described(text: &str) -> Option<Vec<f64>> {
    let mut parts = text.strip_prefix("sum of ")?.split(" then ");
    let (count, value) = parts.next()?.split_once(" values ")?;
    let mut terms = vec![value.trim().parse().ok()?; count.trim().parse::<f64>().ok()? as usize];
    for part in parts {
        terms.push(part.trim().parse().ok()?);
    }
    Some(terms)
}

/// `t_0.975_19`: the quantile at 0.975 with 19 degrees of freedom.
fn t_quantile(name: &str) -> Option<f64> {
    let (probability, freedom) = name.strip_prefix("t_")?.split_once('_')?;
    Some(interval::student_quantile(probability.parse().ok()?, freedom.parse().ok()?))
}

fn run_length_of(parts: &[&str]) -> Option<f64> {
    let [load, what] = parts else { return None };
    let load = load.strip_prefix("rho")?.parse().ok()?;
    match *what {
        "asympt_var" => Some(run_length::mm1_asymptotic_variance(load)),
        "time_for_1pct_rel_hw_95" => Some(run_length::mm1_time(load, 0.01, 0.95)),
        _ => None,
    }
}
