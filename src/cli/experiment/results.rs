//! What an experiment leaves: the comparison as JSON and as tables that other programs read.

use crate::experiment::comparison::{Cell, Difference, Row};
use crate::experiment::recorded::FORMAT;
use crate::experiment::{Comparison, Design, FinishedRun};
use crate::output::tables::Format;
use crate::output::tidy::{self, Cells, Column};
use serde_json::{Map, Value, json};
use std::io;

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
pub(super) fn runs(design: &Design, runs: &[FinishedRun], format: Format) -> io::Result<Vec<u8>> {
    let rows = || runs.iter().flat_map(|run| run.metrics.iter().map(move |(path, value)| (run, path.as_str(), *value)));
    let alternative = |run: &FinishedRun| &design.alternatives[run.alternative];
    let mut columns = vec![
        Column { name: "alternative", cells: Cells::Text(rows().map(|(run, ..)| alternative(run).name.as_str()).collect()) },
        Column { name: "scenario", cells: Cells::Text(rows().map(|(run, ..)| alternative(run).scenario.as_str()).collect()) },
        Column { name: "policy", cells: Cells::Text(rows().map(|(run, ..)| alternative(run).policy.as_str()).collect()) },
    ];
    for factor in factors(design) {
        let set = |run| alternative(run).settings.iter().find(|(path, _)| path == factor).map_or("", |(_, value)| value.as_str());
        columns.push(Column { name: factor, cells: Cells::Text(rows().map(|(run, ..)| set(run)).collect()) });
    }
    columns.extend([
        Column { name: "replication", cells: Cells::Whole(rows().map(|(run, ..)| run.replication).collect()) },
        Column { name: "fingerprint", cells: Cells::Text(rows().map(|(run, ..)| run.fingerprint.as_str()).collect()) },
        Column { name: "metric", cells: Cells::Text(rows().map(|(_, path, _)| path).collect()) },
        Column { name: "value", cells: Cells::Number(rows().map(|(.., value)| Some(value)).collect()) },
    ]);
    tidy::table(&columns, format)
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
pub(super) fn differences(comparison: &Comparison, format: Format) -> io::Result<Vec<u8>> {
    let rows = || comparison.rows.iter().flat_map(|row| comparison.names.iter().zip(&row.cells).map(move |(name, cell)| (row, name.as_str(), cell)));
    let number = |of: &dyn Fn(&Cell) -> Option<f64>| Cells::Number(rows().map(|(.., cell)| of(cell)).collect());
    let of_difference = |of: fn(&Difference) -> Option<f64>| number(&|cell| cell.difference.as_ref().and_then(of));
    let verdict = |cell: &Cell| cell.difference.as_ref().map_or("", |difference| difference.verdict.word());
    let columns = [
        Column { name: "metric", cells: Cells::Text(rows().map(|(row, ..)| row.metric.path.as_str()).collect()) },
        Column { name: "unit", cells: Cells::Text(rows().map(|(row, ..)| row.metric.unit).collect()) },
        Column { name: "alternative", cells: Cells::Text(rows().map(|(_, name, _)| name).collect()) },
        Column { name: "mean", cells: number(&|cell| cell.mean) },
        Column { name: "half_width", cells: number(&|cell| cell.half_width) },
        Column { name: "difference", cells: of_difference(|difference| Some(difference.mean)) },
        Column { name: "difference_half_width", cells: of_difference(|difference| difference.half_width) },
        Column { name: "p", cells: of_difference(|difference| difference.p) },
        Column { name: "verdict", cells: Cells::Text(rows().map(|(.., cell)| verdict(cell)).collect()) },
    ];
    tidy::table(&columns, format)
}
