//! Energy cost across the bands of a tariff.

use super::super::case::{Case, Problem, bad, number};
use super::super::judge::{Line, exact};
use super::super::play::play;
use super::super::setting::{Setting, span};
use crate::base::random::Seed;
use serde_json::Value;
use std::io::Write as _;

const DAY_MIN: u64 = 24 * 60;
/// The run's prices are so many times those of the case: charges are whole µCNY, and answers are not.
const SCALE: f64 = 1e5;

/// Runs one job through the bands of a day.
pub(super) fn run(case: &Case) -> Result<Vec<Line>, Problem> {
    let (from, to) = (minutes("start", case.text("start")?)?, minutes("end", case.text("end")?)?);
    let length = if to > from { to - from } else { to + DAY_MIN - from };
    let bands = bands(case)?;
    let watts = (case.number("kw_per_gpu")? * 1000.0 * 1e3).round() / 1e3;
    let gpus = case.count("gpus")?;
    // Minute by minute from the job's start, as bands need not lie on full hours.
    let mut file = tempfile::Builder::new().prefix("edwc-case-").suffix(".csv").tempfile().map_err(|error| Problem::Run(error.to_string()))?;
    let mut text = "at,value\n".to_owned();
    for minute in 0..=length {
        let price = price(&bands, (from + minute) % DAY_MIN).or_else(|| (minute == length).then_some(0.0));
        let price = price.ok_or_else(|| bad("bands", "a minute of the job has no price"))?;
        text.push_str(&format!("{minute} min,{:.6}\n", price * SCALE));
    }
    file.write_all(text.as_bytes()).map_err(|error| Problem::Run(error.to_string()))?;
    let mut setting = Setting::new();
    setting.start(&format!("2025-01-01T{:02}:{:02}:00+08:00", from / 60, from % 60));
    setting.window(length as f64 / 60.0, 0.0);
    setting.add("tariff.all", &format!("series = {:?}", file.path().display().to_string()));
    setting.pool("s", gpus, 1, "price = \"0 CNY/GPU-h\"\nenergy = \"metered\"");
    setting.class("c", "");
    let hours = span(length as f64 / 60.0);
    setting.workload("w", "c", &format!("arrivals = {{ process = \"at-start\", jobs = 1 }}\ngpus = {gpus}\nwork = \"{hours}\""));
    setting.policy("order = \"fifo\"\nplace = \"first-fit\"");
    setting.busy(&format!("{watts} W"));
    let scenario = setting.build(&case.id)?;
    let (mut kwh, mut cost) = (f64::NAN, f64::NAN);
    play(&scenario, Seed { seed: 1, replication: 0 }, |job| {
        kwh = job.energy_mj as f64 / 3.6e9;
        cost = job.energy_charge.0 as f64 / 1e6 / SCALE;
    })?;
    let answers = case.numbers()?;
    let measured = |name: &str| match name {
        "kwh" => Ok(kwh),
        "cost" => Ok(cost),
        _ => Err(Problem::Answer(name.to_owned())),
    };
    answers.into_iter().map(|(name, expected)| measured(&name).map(|value| exact(&name, expected, value))).collect()
}

type Bands = Vec<((u64, u64), f64)>;

fn bands(case: &Case) -> Result<Bands, Problem> {
    case.list("bands")?
        .iter()
        .map(|band| {
            let hours = band.get(0).and_then(Value::as_str).and_then(|text| text.split_once('-'));
            let (from, to) = hours.ok_or_else(|| bad("bands", "pairs of hours and price are needed"))?;
            let price = band.get(1).ok_or_else(|| bad("bands", "a band has no price"))?;
            Ok(((minutes("bands", from)?, minutes("bands", to)?), number("bands", price)?))
        })
        .collect()
}
fn price(bands: &Bands, minute: u64) -> Option<f64> {
    let inside = |(from, to): (u64, u64)| if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to };
    bands.iter().find(|(hours, _)| inside(*hours)).map(|(_, price)| *price)
}
/// Reads `HH:MM` as minutes of the day.
fn minutes(parameter: &str, text: &str) -> Result<u64, Problem> {
    let parsed = text.split_once(':').and_then(|(hour, minute)| Some(hour.trim().parse::<u64>().ok()? * 60 + minute.trim().parse::<u64>().ok()?));
    parsed.filter(|minutes| *minutes <= DAY_MIN).ok_or_else(|| bad(parameter, &format!("`{text}` is no time of day")))
}
