//! Backfilling: listed rigid jobs under first come first served, EASY and conservative backfilling.

use super::super::case::{Case, Problem, bad, field, id, number};
use super::super::judge::{Line, exact};
use super::super::play::play;
use super::super::setting::{Setting, units};
use super::trace;
use crate::base::random::Seed;
use serde_json::Value;
use std::collections::BTreeMap;

/// Runs the jobs under every rule that the answer names.
pub(super) fn run(case: &Case) -> Result<Vec<Line>, Problem> {
    let mut lines = Vec::new();
    for (rule, expected) in case.answer.as_object().ok_or_else(|| bad("answer", "an object is needed"))? {
        match rule.as_str() {
            "fcfs" | "easy" | "conservative" => judge(rule, expected, &starts(case, rule)?, &mut lines)?,
            "conservative_first_reservation" => {
                let promised = starts(case, "conservative")?;
                for (job, at) in expected.as_object().into_iter().flatten() {
                    let found = promised.get(job).and_then(|found| found.promised).unwrap_or(f64::NAN);
                    lines.push(exact(&format!("first reservation of {job}"), number(job, at)?, found));
                }
            }
            other => return Err(Problem::Answer(other.to_owned())),
        }
    }
    Ok(lines)
}

struct Found {
    submit: f64,
    start: f64,
    end: f64,
    promised: Option<f64>,
}

fn starts(case: &Case, rule: &str) -> Result<BTreeMap<String, Found>, Problem> {
    let mut rows = Vec::new();
    for job in case.list("jobs")? {
        let of = |key: &str| number("jobs", field("jobs", job, key)?);
        let fields = format!("{},{},{}", of("gpus")?, trace::seconds(of("runtime")?), trace::seconds(of("estimate")?));
        rows.push((id(field("jobs", job, "id")?), of("submit")?, fields));
    }
    let file = trace::write("gpus,work_s,estimate_s", &mut rows)?;
    let mut setting = Setting::new();
    setting.site("s", case.count("gpus")?);
    setting.class("c", "");
    setting.workload("w", "c", &trace::keys(&file));
    let backfill = if rule == "fcfs" { String::new() } else { format!("\nbackfill = \"{rule}\"") };
    setting.policy(&format!("order = \"fifo\"\nplace = \"first-fit\"{backfill}"));
    let scenario = setting.build(&case.id)?;
    let mut found = BTreeMap::new();
    play(&scenario, Seed { seed: 1, replication: 0 }, |job| {
        let start = job.first_start.map_or(f64::NAN, units);
        let promised = job.promised_start.map(units);
        found.insert(rows[job.number as usize].0.clone(), Found { submit: units(job.submit), start, end: units(job.end), promised });
    })?;
    Ok(found)
}

fn judge(rule: &str, expected: &Value, found: &BTreeMap<String, Found>, lines: &mut Vec<Line>) -> Result<(), Problem> {
    for (what, expected) in expected.as_object().ok_or_else(|| bad("answer", "an object is needed"))? {
        match what.as_str() {
            "start" => {
                for (job, at) in expected.as_object().into_iter().flatten() {
                    let start = found.get(job).map_or(f64::NAN, |found| found.start);
                    lines.push(exact(&format!("{rule}: start of {job}"), number(job, at)?, start));
                }
            }
            "mean_wait" => {
                let mean = found.values().map(|job| job.start - job.submit).sum::<f64>() / found.len() as f64;
                lines.push(exact(&format!("{rule}: mean wait"), number(what, expected)?, mean));
            }
            "makespan" => {
                let last = found.values().map(|job| job.end).fold(0.0, f64::max);
                lines.push(exact(&format!("{rule}: makespan"), number(what, expected)?, last));
            }
            other => return Err(Problem::Answer(other.to_owned())),
        }
    }
    Ok(())
}
