//! Transfers over shared links, max-min fairly, and jobs that wait for their data.

use super::super::case::{Case, Problem, bad, field, id, number};
use super::super::judge::{Line, exact};
use super::super::play::{play, watch};
use super::super::setting::{Setting, UNIT_BYTES, chip, units};
use super::trace;
use crate::base::Time;
use crate::base::random::Seed;
use crate::world::network::Presence;
use crate::world::scene::Scene;
use serde_json::Value;
use std::collections::BTreeMap;

/// One transfer of a max-min case.
struct Flow {
    name: String,
    start: f64,
    size: f64,
    /// The links that it crosses, as places in the chain's order.
    from: usize,
    to: usize,
    rate_cap: Option<f64>,
}

/// Transfers on a chain of links: each flow crosses those between its own region and its own site.
pub(super) fn max_min(case: &Case) -> Result<Vec<Line>, Problem> {
    let chain = chain(case)?;
    let flows = flows(case, &chain)?;
    let mut rows: Rows = flows
        .iter()
        .enumerate()
        .map(|(at, flow)| (at.to_string(), flow.start, format!("1,0,t{at},c{at},any,{:.9}", flow.size * UNIT_BYTES / 1e9)))
        .collect();
    let file = trace::write("gpus,work_s,tenant,class,data,dataset_gb", &mut rows)?;
    let mut setting = network(case, &chain, &flows)?;
    setting.workload("w", "c", &trace::keys(&file));
    let scenario = setting.build(&case.id)?;

    let index_of = |job: u64| rows[job as usize].0.parse::<usize>().expect("ids are indices");
    let mut rates: Vec<(f64, BTreeMap<String, f64>)> = Vec::new();
    let ending = watch(&scenario, Seed { seed: 1, replication: 0 }, |run| {
        let shares = shares(run.scene()).map(|(job, share)| (flows[index_of(job)].name.clone(), share)).collect();
        rates.push((units(run.scene().now), shares));
    })?;
    let ends: BTreeMap<&str, f64> = ending.jobs.iter().map(|job| (flows[index_of(job.number)].name.as_str(), units(job.end))).collect();
    let mut lines = Vec::new();
    for (name, expected) in case.answer.as_object().into_iter().flatten() {
        match name.as_str() {
            "completion" | "completion_float" => {
                for (flow, at) in expected.as_object().into_iter().flatten() {
                    lines.push(exact(&format!("{name} {flow}"), number(flow, at)?, ends.get(flow.as_str()).copied().unwrap_or(f64::NAN)));
                }
            }
            "rates_over_time" => compare_rates(expected, &rates, &mut lines)?,
            _ => return Err(Problem::Answer(name.clone())),
        }
    }
    Ok(lines)
}

/// Id, submission, and further fields of listed jobs.
type Rows = Vec<(String, f64, String)>;

/// Lays the links in a row, with a region and a site of its own for each flow.
fn network(case: &Case, chain: &[String], flows: &[Flow]) -> Result<Setting, Problem> {
    let capacities = case.table("capacity")?;
    let mut setting = Setting::new();
    for at in 0..=chain.len() {
        setting.add(&format!("network.exchange.x{at}"), "");
    }
    for (at, link) in chain.iter().enumerate() {
        let bits = (number("capacity", &capacities[link])? * 1e9).round() as u64;
        let ends = format!("ends = [\"x{at}\", \"x{}\"]", at + 1);
        setting.add(&format!("network.link.l{at}"), &format!("{ends}\none_way = \"0 s\"\nbandwidth = \"{bits} bit/s\""));
    }
    for (at, flow) in flows.iter().enumerate() {
        // A chip of its own takes each job to the site where its transfer is to end.
        setting.head(&chip(&format!("chip{at}"), "500 W"));
        setting.add(&format!("region.r{at}"), "province = \"east\"");
        setting.add(&format!("tenant.t{at}"), &format!("region = \"r{at}\""));
        setting.add(&format!("site.s{at}"), "province = \"west\"\nside = \"west\"\ntariff = \"all\"\ngrid = \"all\"");
        let pool = format!("chip = \"chip{at}\"\nnodes = 1\ngpus_per_node = 1\nprice = \"0 CNY/GPU-h\"");
        setting.add(&format!("site.s{at}.pool.all"), &pool);
        setting.add(&format!("network.link.in{at}"), &format!("ends = [\"r{at}\", \"x{}\"]\none_way = \"0 s\"", flow.from));
        setting.add(&format!("network.link.out{at}"), &format!("ends = [\"s{at}\", \"x{}\"]\none_way = \"0 s\"", flow.to + 1));
        let most = |cap: f64| format!("\ntransfer = {{ rate_max = \"{} bit/s\" }}", (cap * 1e9).round() as u64);
        setting.add(&format!("class.c{at}"), &format!("speed = {{ chip{at} = 1.0 }}{}", flow.rate_cap.map_or_else(String::new, most)));
    }
    setting.site("spare", 1);
    setting.class("c", "");
    setting.policy("order = \"fifo\"\nplace = \"first-fit\"");
    Ok(setting)
}

/// Returns what the transfer of each job carries from now on, by the job's number, in units of capacity.
fn shares(scene: &Scene) -> impl Iterator<Item = (u64, f64)> {
    // Rates follow lazily, when the next event is asked for.
    let mut sharing = scene.network.flows.clone();
    while sharing.next_event() == Some(scene.now) {
        sharing.advance(scene.now, &mut Vec::new());
    }
    scene.jobs.running().filter_map(move |job| {
        let attributes = scene.jobs.attributes(job);
        let site = scene.model.pools[scene.jobs.status(job).pool?].site;
        match scene.network.datasets.locate(attributes.dataset?.id, site) {
            Presence::InFlight(flow) => Some((attributes.number, sharing.rate(flow).0 as f64 / 1e9)),
            _ => None,
        }
    })
}

/// Compares the rates from each listed time on: those of the last instant at or before it.
fn compare_rates(expected: &Value, found: &[(f64, BTreeMap<String, f64>)], lines: &mut Vec<Line>) -> Result<(), Problem> {
    for entry in expected.as_array().ok_or_else(|| bad("rates_over_time", "a list is needed"))? {
        let at = number("rates_over_time", entry.get(0).unwrap_or(&Value::Null))?;
        let now = found.iter().rev().find(|(time, _)| *time <= at + 1e-8).map(|(_, rates)| rates);
        for (flow, rate) in entry.get(1).and_then(Value::as_object).into_iter().flatten() {
            let measured = now.and_then(|rates| rates.get(flow)).copied().unwrap_or(f64::NAN);
            lines.push(exact(&format!("rate of {flow} from {at}"), number(flow, rate)?, measured));
        }
    }
    Ok(())
}

/// Orders the links so that those of every flow stand side by side.
fn chain(case: &Case) -> Result<Vec<String>, Problem> {
    let links: Vec<String> = case.table("capacity")?.keys().cloned().collect();
    let mut used = Vec::new();
    for flow in case.table("flows")?.values() {
        used.push(links_of(flow)?);
    }
    let mut chosen = Vec::new();
    if arrange(&links, &used, &mut chosen) { Ok(chosen) } else { Err(bad("flows", "no chain of the links serves all flows")) }
}
fn links_of(flow: &Value) -> Result<Vec<String>, Problem> {
    let list = field("flows", flow, "links")?.as_array().ok_or_else(|| bad("flows", "links are a list"))?;
    Ok(list.iter().map(id).collect())
}
/// Tries orders link by link; a link may follow if no flow is then cut in two.
fn arrange(links: &[String], used: &[Vec<String>], chosen: &mut Vec<String>) -> bool {
    let whole = used.iter().all(|flow| {
        let places: Vec<usize> = (0..chosen.len()).filter(|at| flow.contains(&chosen[*at])).collect();
        let side_by_side = places.windows(2).all(|pair| pair[1] == pair[0] + 1);
        let open = places.len() == flow.len() || places.last().is_none_or(|last| *last + 1 == chosen.len());
        side_by_side && open
    });
    if !whole || chosen.len() == links.len() {
        return whole;
    }
    for link in links {
        if !chosen.contains(link) {
            chosen.push(link.clone());
            if arrange(links, used, chosen) {
                return true;
            }
            chosen.pop();
        }
    }
    false
}

fn flows(case: &Case, chain: &[String]) -> Result<Vec<Flow>, Problem> {
    let mut flows = Vec::new();
    for (name, flow) in case.table("flows")? {
        let links = links_of(flow)?;
        let places: Vec<usize> = (0..chain.len()).filter(|at| links.contains(&chain[*at])).collect();
        let (Some(from), Some(to)) = (places.first(), places.last()) else { return Err(bad("flows", "a flow crosses no known link")) };
        let rate_cap = flow.get("rate_cap").filter(|cap| !cap.is_null()).map(|cap| number("rate_cap", cap)).transpose()?;
        let of = |key: &str| number("flows", field("flows", flow, key)?);
        flows.push(Flow { name: name.clone(), start: of("start")?, size: of("size")?, from: *from, to: *to, rate_cap });
    }
    Ok(flows)
}

/// Jobs whose data moves as soon as they are submitted, and which queue when it has arrived. Time is in seconds.
pub(super) fn wan_then_run(case: &Case) -> Result<Vec<Line>, Problem> {
    let mut rows = Vec::new();
    for job in case.list("jobs")? {
        let of = |key: &str| number("jobs", field("jobs", job, key)?);
        let fields = format!("{},{:.6},any,{:.9}", of("gpus")?, of("run")?, of("data_GB")?);
        rows.push((id(field("jobs", job, "id")?), of("submit")? / 3600.0, fields));
    }
    let file = trace::write("gpus,work_s,data,dataset_gb", &mut rows)?;
    let mut setting = Setting::new();
    setting.site("s", case.count("dc_gpus")?);
    let bits = (case.number("link_gbit_s")? * 1e9).round() as u64;
    let delay_us = (case.number("latency_s")? * 1e6).round() as u64;
    setting.add("network.link.l", &format!("ends = [\"demand\", \"s\"]\none_way = \"{delay_us} us\"\nbandwidth = \"{bits} bit/s\""));
    setting.class("c", "");
    setting.workload("w", "c", &trace::keys(&file));
    setting.policy("order = \"ready-time\"\nplace = \"first-fit\"\nstage = \"at-submit\"");
    let scenario = setting.build(&case.id)?;
    let name = |number: u64| rows[number as usize].0.clone();

    let mut arrived: BTreeMap<String, f64> = BTreeMap::new();
    watch(&scenario, Seed { seed: 1, replication: 0 }, |run| {
        let scene = run.scene();
        for job in scene.jobs.queued().chain(scene.jobs.running()) {
            let attributes = scene.jobs.attributes(job);
            let here = attributes.dataset.is_none_or(|dataset| scene.network.datasets.locate(dataset.id, crate::model::SiteId(0)) == Presence::Local);
            if here {
                arrived.entry(name(attributes.number)).or_insert(seconds(scene.now));
            }
        }
    })?;
    let (mut starts, mut ends) = (BTreeMap::new(), BTreeMap::new());
    play(&scenario, Seed { seed: 1, replication: 0 }, |job| {
        starts.insert(name(job.number), job.first_start.map_or(f64::NAN, seconds));
        ends.insert(name(job.number), seconds(job.end));
    })?;
    let mut lines = Vec::new();
    for (what, expected) in case.answer.as_object().into_iter().flatten() {
        let found = match what.as_str() {
            "transfer_end" => &arrived,
            "start" => &starts,
            "end" => &ends,
            "note" => continue,
            _ => return Err(Problem::Answer(what.clone())),
        };
        for (job, at) in expected.as_object().into_iter().flatten() {
            lines.push(exact(&format!("{what} {job}"), number(job, at)?, found.get(job).copied().unwrap_or(f64::NAN)));
        }
    }
    Ok(lines)
}

fn seconds(time: Time) -> f64 {
    time.as_secs_f64()
}
