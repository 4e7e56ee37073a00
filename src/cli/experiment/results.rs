//! What an experiment leaves: the comparison as JSON and as tables that other programs read.

use crate::experiment::comparison::{Cell, Row};
use crate::experiment::recorded::FORMAT;
use crate::experiment::{Comparison, Design, FinishedRun};
use serde_json::{Map, Value, json};

/// Writes a comparison as one JSON object: every metric of every alternative with its values, interval and difference.
pub(super) fn comparison(design: &Design, comparison: &Comparison) -> Value {
    let metrics: Map<String, Value> = comparison.rows.iter().map(|row| (row.metric.path.clone(), metric(comparison, row))).collect();
    json!({
        "comparison": FORMAT,
        "version": design.version,
        "seed": design.seed,
        "replications": comparison.replications,
        "confidence": comparison.confidence,
        "baseline": comparison.names[comparison.baseline],
        "alternatives": design.alternatives,
        "metrics": metrics,
    })
}

/// Writes JSON as it is printed and kept.
pub(super) fn printed(json: &Value) -> String {
    serde_json::to_string_pretty(json).expect("results are plain data") + "\n"
}

fn metric(comparison: &Comparison, row: &Row) -> Value {
    let better = match row.metric.better {
        crate::output::metrics::Better::Lower => "lower",
        crate::output::metrics::Better::Higher => "higher",
        crate::output::metrics::Better::Neither => "neither",
    };
    let cells: Map<String, Value> = comparison.names.iter().zip(&row.cells).map(|(name, cell)| (name.clone(), alternative(cell))).collect();
    json!({"unit": row.metric.unit, "better": better, "alternatives": cells})
}

fn alternative(cell: &Cell) -> Value {
    let mut value = json!({"mean": cell.mean, "half_width": cell.half_width, "values": cell.values});
    if let Some((low, high)) = cell.median {
        value["median_between"] = json!([low, high]);
    }
    if let Some(difference) = &cell.difference {
        value["difference"] = json!({
            "mean": difference.mean,
            "half_width": difference.half_width,
            "relative": difference.relative(),
            "relative_half_width": difference.relative_half_width(),
            "pairs": difference.pairs,
            "p": difference.p,
            "verdict": difference.verdict.word(),
        });
    }
    value
}

/// Writes all numbers of all runs as a tidy table: one row a run and metric.
pub(super) fn runs(design: &Design, runs: &[FinishedRun]) -> Result<Vec<u8>, csv::Error> {
    let factors = factors(design);
    let mut table = csv::Writer::from_writer(Vec::new());
    let header =
        ["alternative", "scenario", "policy"].into_iter().chain(factors.iter().copied()).chain(["replication", "fingerprint", "metric", "value"]);
    table.write_record(header)?;
    for run in runs {
        let alternative = &design.alternatives[run.alternative];
        let replication = run.replication.to_string();
        for (path, value) in &run.metrics {
            let number = value.to_string();
            let mut cells = vec![alternative.name.as_str(), &alternative.scenario, &alternative.policy];
            cells.extend(
                factors.iter().map(|factor| alternative.settings.iter().find(|(path, _)| path == factor).map_or("", |(_, value)| value.as_str())),
            );
            cells.extend([replication.as_str(), &run.fingerprint, path, &number]);
            table.write_record(cells)?;
        }
    }
    Ok(table.into_inner().expect("a vector takes everything"))
}

/// Lists what was varied, in order.
fn factors(design: &Design) -> Vec<&str> {
    let mut factors: Vec<&str> = Vec::new();
    for (path, _) in design.alternatives.iter().flat_map(|alternative| &alternative.settings) {
        if !factors.contains(&path.as_str()) {
            factors.push(path);
        }
    }
    factors
}

/// Writes all differences as a table: one row a metric and alternative.
pub(super) fn differences(comparison: &Comparison) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["metric", "unit", "alternative", "mean", "half_width", "difference", "difference_half_width", "p", "verdict"])?;
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    for row in &comparison.rows {
        for (name, cell) in comparison.names.iter().zip(&row.cells) {
            let difference = cell.difference.as_ref();
            let difference_half_width = difference.and_then(|difference| difference.half_width);
            table.write_record([
                row.metric.path.as_str(),
                row.metric.unit,
                name.as_str(),
                &number(cell.mean),
                &number(cell.half_width),
                &number(difference.map(|difference| difference.mean)),
                &number(difference_half_width),
                &number(difference.and_then(|difference| difference.p)),
                difference.map_or("", |difference| difference.verdict.word()),
            ])?;
        }
    }
    Ok(table.into_inner().expect("a vector takes everything"))
}
