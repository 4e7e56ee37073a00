//! Processor sharing: transfers over one link, of equal or of different weights.

use super::super::case::{Case, Problem, bad};
use super::super::judge::{Effort, Line, stochastic};
use super::super::setting::{Of, Setting, Short, rate};
use super::queues::{never_full, replicate, window};

/// Runs a case of transfers that share one link. A job is its transfer: it computes nothing once its data is there.
pub(super) fn run(case: &Case, effort: Effort) -> Result<Vec<Line>, Problem> {
    let (rates, sizes, weights) = streams(case)?;
    let capacity = case.number("capacity")?;
    let names: Vec<String> = case.numbers()?.into_iter().map(|(name, _)| name).collect();
    let load: f64 = rates.iter().zip(&sizes).map(|(rate, size)| rate * size.mean()).sum::<f64>() / capacity;
    if load >= 1.0 {
        return Err(bad("lam", "the link is overloaded"));
    }
    stochastic(case, effort, &|jobs| {
        let mut setting = Setting::new();
        let (horizon, warmup) = window(jobs, rates.iter().sum());
        setting.window(horizon, warmup);
        // The number of transfers under way is geometric: so many GPUs are never all held.
        setting.pool("s", never_full(60.0 / (1.0 - load)), 1, "price = \"0 CNY/GPU-h\"");
        let bits = (capacity * 1e9).round() as u64;
        setting.add("network.link.l", &format!("ends = [\"demand\", \"s\"]\none_way = \"0 s\"\nbandwidth = \"{bits} bit/s\""));
        for (index, ((per_unit, size), weight)) in rates.iter().zip(&sizes).zip(&weights).enumerate() {
            setting.class(&format!("c{index}"), &format!("transfer = {{ weight = {weight:?} }}"));
            let dataset = format!("{{ data = \"any\", size = {}, shared_by = 1 }}", size.write(Of::Data));
            let arrivals = format!("{{ process = \"poisson\", rate = \"{}\" }}", rate(*per_unit));
            setting.workload(&format!("w{index}"), &format!("c{index}"), &format!("arrivals = {arrivals}\nwork = \"0 s\"\ndataset = {dataset}"));
        }
        setting.policy("order = \"fifo\"\nplace = \"first-fit\"");
        Ok(replicate(setting.build(&case.id)?, names.clone()))
    })
}

type Streams = (Vec<f64>, Vec<Short>, Vec<f64>);

fn streams(case: &Case) -> Result<Streams, Problem> {
    if case.model == "processor-sharing" {
        let size = if case.has("size") { Short::read("size", case.text("size")?)? } else { Short::exponential(case.number("mean_size")?) };
        return Ok((vec![case.number("lam")?], vec![size], vec![1.0]));
    }
    let rates = case.numbers_of("lam")?;
    let sizes: Vec<Short> = if case.has("size") {
        case.texts_of("size")?.iter().map(|text| Short::read("size", text)).collect::<Result<_, _>>()?
    } else {
        case.numbers_of("mean_size")?.into_iter().map(Short::exponential).collect()
    };
    let weights = case.numbers_of("weight")?;
    if sizes.len() != rates.len() || weights.len() != rates.len() {
        return Err(bad("weight", "one size and one weight for each class is needed"));
    }
    Ok((rates, sizes, weights))
}
