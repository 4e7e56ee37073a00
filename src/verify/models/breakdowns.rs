//! Servers that fail and are repaired.

use super::super::case::{Case, Problem};
use super::super::judge::{Effort, Line, Values, stochastic};
use super::super::play::sample;
use super::super::setting::{Of, Setting, Short, rate, span};
use super::queues::{replicate, window};
use crate::base::Span;
use crate::base::time::MICROS_PER_HOUR;

/// Runs a case of breakdowns.
pub(super) fn run(case: &Case, effort: Effort) -> Result<Vec<Line>, Problem> {
    if case.model == "repair" { repair(case, effort) } else { breakdown(case, effort) }
}

fn breakdown(case: &Case, effort: Effort) -> Result<Vec<Line>, Problem> {
    let names: Vec<String> = case.numbers()?.into_iter().map(|(name, _)| name).collect();
    let restart = case.model == "breakdown-restart";
    let size = if case.has("service") {
        Short::read("service", case.text("service")?)?
    } else if case.has("size") {
        Short::read("size", case.text("size")?)?
    } else {
        Short::exponential(case.number(if restart { "mean_size" } else { "mean_service" })?)
    };
    // A single job is one that waits for nobody: how long it takes from its start does not depend on the queue, which only must stay short.
    let per_unit = if restart { 0.05 / size.mean() } else { case.number("lam")? };
    let fail_rate = case.number("fail_rate")?;
    let always = case.model == "breakdown-anytime-resume";
    stochastic(case, effort, &|jobs| {
        let mut setting = Setting::new();
        let (horizon, warmup) = window(jobs, per_unit);
        setting.window(horizon, warmup);
        setting.site("s", 1);
        setting.class("c", if restart { "on_failure = \"restart\"" } else { "on_failure = \"keep\"" });
        let arrivals = format!("{{ process = \"poisson\", rate = \"{}\" }}", rate(per_unit));
        setting.workload("w", "c", &format!("arrivals = {arrivals}\nwork = {}", size.write(Of::Time)));
        setting.add("failure.f", &failure(1.0 / fail_rate, always, 0, &repair_law(case)?));
        setting.policy("order = \"fifo\"\nplace = \"first-fit\"");
        Ok(replicate(setting.build(&case.id)?, names.clone()))
    })
}

/// Writes a failure process.
pub(super) fn failure(mean: f64, always: bool, crews: u64, repair: &Short) -> String {
    let when = if always { "always" } else { "busy" };
    format!("mtbf = \"{}\"\nwhile = \"{when}\"\ncrews = {crews}\nrepair = {}", span(mean), repair.write(Of::Time))
}

/// Reads how long a repair takes: a law, or a mean with the law's name beside it.
fn repair_law(case: &Case) -> Result<Short, Problem> {
    if case.has("repair_rate") {
        return Ok(Short::exponential(1.0 / case.number("repair_rate")?));
    }
    if !case.has("mean_repair") {
        return Short::read("repair", case.text("repair")?);
    }
    let mean = case.number("mean_repair")?;
    let name = if case.has("repair") { case.text("repair")? } else { "exponential" };
    match name {
        "exponential" | "exp" => Ok(Short::exponential(mean)),
        "deterministic" | "det" | "fixed" => Short::read("repair", &format!("det:{mean}")),
        law => Short::read("repair", law),
    }
}

/// Nodes without jobs, repaired by crews. The size is in failures.
fn repair(case: &Case, effort: Effort) -> Result<Vec<Line>, Problem> {
    let (nodes, crews) = (case.count("nodes")?, case.count("crews")?);
    let law = repair_law(case)?;
    let fail_rate = case.number("fail_rate")?;
    let names: Vec<String> = case.numbers()?.into_iter().map(|(name, _)| name).collect();
    let availability = 1.0 / (1.0 + fail_rate * law.mean());
    // Samples are so close that they add little noise to that of the process.
    let every = Span((law.mean() * 0.25 * MICROS_PER_HOUR as f64) as u64);
    stochastic(case, effort, &|failures| {
        let (horizon, warmup) = window(failures, nodes as f64 * fail_rate * availability);
        let warmup = warmup.max(20.0 * law.mean());
        let mut setting = Setting::new();
        setting.window(horizon + warmup, warmup).cut();
        setting.site("s", nodes);
        setting.class("c", "");
        setting.workload("w", "c", "arrivals = { process = \"at-start\", jobs = 0 }\nwork = \"1 h\"");
        setting.add("failure.f", &failure(1.0 / fail_rate, true, if crews >= nodes { 0 } else { crews }, &law));
        let scenario = setting.build(&case.id)?;
        let names = names.clone();
        let begin = (warmup * MICROS_PER_HOUR as f64) as u64;
        Ok(Box::new(move |seed| {
            let ending = sample(&scenario, seed, every)?;
            let pool = ending.totals.pools.as_slice()[0];
            let down: Vec<u64> = ending.samples.iter().filter(|sample| sample.at.0 >= begin).map(|sample| sample.down).collect();
            let share = |of: &dyn Fn(u64) -> bool| down.iter().filter(|down| of(**down)).count() as f64 / down.len().max(1) as f64;
            let value = |name: &str| match name {
                "mean_down" => Some((1.0 - pool.up as f64 / pool.installed as f64) * nodes as f64),
                "mean_up" => Some(pool.up as f64 / pool.installed as f64 * nodes as f64),
                "availability" => Some(pool.up as f64 / pool.installed as f64),
                "P_all_up" => Some(share(&|down| down == 0)),
                "P_all_down" => Some(share(&|down| down == nodes)),
                "P_ge_half_up" => Some(share(&|down| 2 * (nodes - down) >= nodes)),
                _ => None,
            };
            names
                .iter()
                .map(|name| value(name).map(|value| (name.clone(), value)).ok_or_else(|| Problem::Answer(name.clone())))
                .collect::<Result<Values, _>>()
        }))
    })
}
