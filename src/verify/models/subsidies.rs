//! Subsidy pools: who is paid what until the money is spent.

use super::super::case::{Case, Problem, bad, field, id, number};
use super::super::judge::{Effort, Line, Values, exact, stochastic};
use super::super::play::play;
use super::super::setting::{Of, Setting, Short, rate, units};
use super::trace;
use crate::base::Time;
use crate::base::random::Seed;
use std::collections::BTreeMap;

/// At this price, a second of one GPU costs one yuan and a microsecond a micro-yuan: every amount is exact.
const PRICE: &str = "price = \"3600 CNY/GPU-h\"";
const MICRO: f64 = 1e6;

fn subsidy(rate: f64, budget: f64, on_short: &str, cap_per_job: Option<f64>) -> String {
    let cap = cap_per_job.map_or_else(String::new, |cap| format!("\ncap = [{{ per = \"job\", amount = \"{cap} CNY\" }}]"));
    let budget = format!("budget = {{ amount = \"{budget} CNY\", every = \"run\" }}");
    format!("payer = {{ city = 1.0 }}\npayee = \"tenant\"\ncovers = \"compute\"\nrate = {rate:?}\n{budget}\non_short = \"{on_short}\"{cap}")
}

fn setting_with(nodes: u64, subsidy: &str) -> Setting {
    let mut setting = Setting::new();
    setting.add("government.city", "level = \"city\"\nprovince = \"east\"");
    setting.pool("s", nodes, 1, PRICE);
    setting.class("c", "");
    setting.add("subsidy.pool", subsidy);
    setting.policy("order = \"fifo\"\nplace = \"first-fit\"");
    setting
}

/// A pool with listed jobs: what each is paid.
pub(super) fn pool(case: &Case) -> Result<Vec<Line>, Problem> {
    let jobs = case.list("jobs")?;
    let mode = case.text("mode")?;
    let on_short = match mode {
        "partial" => "partial",
        "all-or-nothing-continue" | "all-or-nothing" | "continue" => "all-or-nothing",
        "all-or-nothing-close" | "close" | "close-at-first-refusal" => "close",
        _ => return Err(bad("mode", &format!("`{mode}` is unknown"))),
    };
    let mut rows = Vec::new();
    for job in jobs {
        let cost = number("jobs", field("jobs", job, "cost")?)?;
        let at = number("jobs", field("jobs", job, "t")?)?;
        rows.push((id(field("jobs", job, "id")?), at, format!("1,{}", trace::seconds(cost / 3600.0))));
    }
    let cap = case.has("cap_per_job").then(|| case.number("cap_per_job")).transpose()?;
    let mut setting = setting_with(jobs.len() as u64, &subsidy(case.number("rate")?, case.number("budget")?, on_short, cap));
    let file = trace::write("gpus,work_s", &mut rows)?;
    setting.workload("w", "c", &trace::keys(&file));
    let scenario = setting.build(&case.id)?;
    let mut paid = BTreeMap::new();
    let ending = play(&scenario, Seed { seed: 1, replication: 0 }, |job| {
        paid.insert(rows[job.number as usize].0.clone(), job.subsidy.0 as f64 / MICRO);
    })?;
    let total = ending.totals.subsidies.as_slice()[0].paid.0 as f64 / MICRO;
    let mut lines = Vec::new();
    for (name, expected) in case.answer.as_object().into_iter().flatten() {
        match name.as_str() {
            "paid" => {
                for (job, expected) in expected.as_object().into_iter().flatten() {
                    lines.push(exact(&format!("paid {job}"), number("paid", expected)?, paid.get(job).copied().unwrap_or(f64::NAN)));
                }
            }
            "left" => lines.push(exact("left", number(name, expected)?, case.number("budget")? - total)),
            "total" => lines.push(exact("total", number(name, expected)?, total)),
            _ => return Err(Problem::Answer(name.clone())),
        }
    }
    Ok(lines)
}

/// A pool that closes at the first claim that it cannot cover in full, under random claims. The size is in runs.
pub(super) fn exhaustion(case: &Case, effort: Effort) -> Result<Vec<Line>, Problem> {
    let (budget, per_unit) = (case.number("budget")?, case.number("lam")?);
    let claim = Short::read("claim", case.text("claim")?)?;
    let names: Vec<String> = case.numbers()?.into_iter().map(|(name, _)| name).collect();
    // So many claims always suffice to spend the budget.
    let claims = budget / claim.mean();
    let horizon = (claims + 12.0 * claims.sqrt() + 40.0) * 1.5 / per_unit;
    stochastic(case, effort, &|runs| {
        let nodes = 4 * (per_unit * horizon) as u64 + 100;
        let mut setting = setting_with(nodes, &subsidy(1.0, budget, "close", None));
        setting.window(horizon, 0.0);
        let arrivals = format!("{{ process = \"poisson\", rate = \"{}\" }}", rate(per_unit));
        // A claim of one yuan is a second of work: a unit of the law is 1/3600 of a unit of time.
        setting.workload("w", "c", &format!("arrivals = {arrivals}\nwork = {}", claim.scaled(1.0 / 3600.0).write(Of::Time)));
        let scenario = setting.build(&case.id)?;
        let names = names.clone();
        Ok(Box::new(move |seed| {
            let mut found = Vec::new();
            for index in 0..runs {
                found.push(exhaust(&scenario, Seed { seed: seed.seed, replication: seed.replication * runs + index }, budget)?);
            }
            names
                .iter()
                .map(|name| summary(name, &found).map(|value| (name.clone(), value)).ok_or_else(|| Problem::Answer(name.clone())))
                .collect::<Result<Values, _>>()
        }))
    })
}

/// Jobs that were paid, when the pool closed, and what was left.
type Exhaustion = (f64, f64, f64);

fn exhaust(scenario: &crate::scenario::Scenario, seed: Seed, budget: f64) -> Result<Exhaustion, Problem> {
    let (mut count, mut paid, mut closed) = (0.0, 0.0, Time::NEVER);
    play(scenario, seed, |job| {
        if job.subsidy.0 > 0 {
            count += 1.0;
            paid += job.subsidy.0 as f64 / MICRO;
        } else if job.work.0 > 0 {
            closed = closed.min(job.submit);
        }
    })?;
    if closed == Time::NEVER {
        return Err(Problem::Run("the budget lasted beyond the run".to_owned()));
    }
    Ok((count, units(closed), budget - paid))
}

fn summary(name: &str, runs: &[Exhaustion]) -> Option<f64> {
    let of = |value: fn(&Exhaustion) -> f64| runs.iter().map(value).collect::<crate::stats::Moments>();
    match name {
        "mean_jobs_paid" => of(|run| run.0).mean(),
        "var_jobs_paid" => of(|run| run.0).variance(),
        "mean_closing_time" => of(|run| run.1).mean(),
        "var_closing_time" => of(|run| run.1).variance(),
        "mean_unspent" => of(|run| run.2).mean(),
        _ => None,
    }
}
