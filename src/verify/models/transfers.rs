//! Transfers over shared links, max-min fairly, and jobs that wait for their data.

use super::super::case::{Case, Problem, bad, field, id, number};
use super::super::judge::{Line, exact, exact_seconds};
use super::super::play::{play, watch};
use super::super::setting::{Setting, UNIT_BYTES, chip, span, units};
use super::trace;
use crate::base::random::Seed;
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Id, Time};
use crate::model::{Model, RegionId, SiteId};
use crate::world::network::{FlowId, Flows, Network, Presence};
use crate::world::scene::Scene;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One transfer of a max-min case.
struct Flow {
    name: String,
    start: f64,
    size: f64,
    /// The links that it crosses, in the order in which it crosses them.
    links: Vec<usize>,
    rate_cap: Option<f64>,
}

impl Flow {
    /// Returns the delay of its first bit: that of the ways between its links.
    fn delay(&self) -> f64 {
        (self.links.len() - 1) as f64 * WAY
    }
}

/// The delay of a way from one link to another, in units: so much that a detour never pays.
const WAY: f64 = 1.0 / 3600.0;
/// When the transfers of time 0 have their first byte, in units: late enough for all delays before it.
const BEGIN: f64 = 1.0;

/// Transfers over links, each flow between a region and a site of its own.
pub(super) fn max_min(case: &Case) -> Result<Vec<Line>, Problem> {
    let links: Vec<String> = case.table("capacity")?.keys().cloned().collect();
    let mut flows = flows(case, &links)?;
    let mut rows: Rows = flows
        .iter()
        .enumerate()
        .map(|(at, flow)| (at.to_string(), BEGIN + flow.start - flow.delay(), format!("1,0,t{at},c{at},any,{:.9}", flow.size * UNIT_BYTES / 1e9)))
        .collect();
    let file = trace::write("gpus,work_s,tenant,class,data,dataset_gb", &mut rows)?;
    let scenario = loop {
        let mut setting = network(case, &links, &flows)?;
        setting.workload("w", "c", &trace::keys(&file));
        let scenario = setting.build(&case.id)?;
        if leads(&scenario.model, &flows) {
            break scenario;
        }
        if !turn(&mut flows) {
            return Err(bad("flows", "no network leads every flow over its own links and no others"));
        }
    };

    let index_of = |job: u64| rows[job as usize].0.parse::<usize>().expect("ids are indices");
    let mut states = Vec::new();
    let ending = watch(&scenario, Seed { seed: 1, replication: 0 }, |run| {
        let under_way = under_way(run.scene()).map(|(job, flow)| (flows[index_of(job)].name.clone(), flow)).collect();
        states.push(State { now: run.scene().now, sharing: run.scene().network.flows.clone(), under_way });
    })?;
    let end = |end: Time| units(end) - BEGIN;
    let ends: BTreeMap<&str, f64> = ending.jobs.iter().map(|job| (flows[index_of(job.number)].name.as_str(), end(job.end))).collect();
    let mut lines = Vec::new();
    for (name, expected) in case.answer.as_object().into_iter().flatten() {
        match name.as_str() {
            "completion" | "completion_float" => {
                for (flow, at) in expected.as_object().into_iter().flatten() {
                    lines.push(exact(&format!("{name} {flow}"), number(flow, at)?, ends.get(flow.as_str()).copied().unwrap_or(f64::NAN)));
                }
            }
            "rates_over_time" => compare_rates(expected, &states, &mut lines)?,
            _ => return Err(Problem::Answer(name.clone())),
        }
    }
    Ok(lines)
}

/// Id, submission, and further fields of listed jobs.
type Rows = Vec<(String, f64, String)>;

/// Lays the links, ways between those that a flow crosses one after the other, and a region and a site for each flow.
fn network(case: &Case, links: &[String], flows: &[Flow]) -> Result<Setting, Problem> {
    let capacities = case.table("capacity")?;
    let mut setting = Setting::new();
    for (at, link) in links.iter().enumerate() {
        setting.add(&format!("network.exchange.x{at}"), "");
        setting.add(&format!("network.exchange.y{at}"), "");
        let bits = (number("capacity", &capacities[link])? * 1e9).round() as u64;
        let ends = format!("ends = [\"x{at}\", \"y{at}\"]");
        setting.add(&format!("network.link.l{at}"), &format!("{ends}\none_way = \"0 s\"\nbandwidth = \"{bits} bit/s\""));
    }
    for (from, to) in ways(flows) {
        let ends = format!("ends = [\"y{from}\", \"x{to}\"]");
        setting.add(&format!("network.link.way{from}-{to}"), &format!("{ends}\none_way = \"{}\"", span(WAY)));
    }
    for (at, flow) in flows.iter().enumerate() {
        // A chip of its own takes each job to the site where its transfer is to end.
        setting.head(&chip(&format!("chip{at}"), "500 W"));
        setting.add(&format!("region.r{at}"), "province = \"east\"");
        setting.add(&format!("tenant.t{at}"), &format!("region = \"r{at}\""));
        setting.add(&format!("site.s{at}"), "province = \"west\"\nside = \"west\"\ntariff = \"all\"\ngrid = \"all\"");
        let pool = format!("chip = \"chip{at}\"\nnodes = 1\ngpus_per_node = 1\nprice = \"0 CNY/GPU-h\"");
        setting.add(&format!("site.s{at}.pool.all"), &pool);
        let (first, last) = (flow.links[0], flow.links[flow.links.len() - 1]);
        setting.add(&format!("network.link.in{at}"), &format!("ends = [\"r{at}\", \"x{first}\"]\none_way = \"0 s\""));
        setting.add(&format!("network.link.out{at}"), &format!("ends = [\"s{at}\", \"y{last}\"]\none_way = \"0 s\""));
        let most = |cap: f64| format!("\ntransfer = {{ rate_max = \"{} bit/s\" }}", (cap * 1e9).round() as u64);
        setting.add(&format!("class.c{at}"), &format!("speed = {{ chip{at} = 1.0 }}{}", flow.rate_cap.map_or_else(String::new, most)));
    }
    setting.site("spare", 1);
    setting.class("c", "");
    setting.policy("order = \"fifo\"\nplace = \"first-fit\"");
    Ok(setting)
}

/// Lists the ways that flows take, each once: from the far end of a link to the near end of another.
fn ways(flows: &[Flow]) -> BTreeSet<(usize, usize)> {
    flows.iter().flat_map(|flow| flow.links.windows(2).map(|pair| (pair[0], pair[1]))).collect()
}

/// Tells whether the least delay leads every flow over its own links and no others.
fn leads(model: &Model, flows: &[Flow]) -> bool {
    let network = Network::new(model);
    flows.iter().enumerate().all(|(at, flow)| {
        let region = model.regions.iter().position(|region| region.name == format!("r{at}"));
        let site = model.sites.iter().position(|site| site.name == format!("s{at}"));
        let (Some(region), Some(site)) = (region, site) else { return false };
        let route = network.routes.to_site(RegionId::from_index(region), SiteId::from_index(site));
        let crossed = network.routes.hops(route).iter().filter_map(|hop| model.network.links[hop.link].name.strip_prefix('l')?.parse::<usize>().ok());
        crossed.eq(flow.links.iter().copied())
    })
}

/// Turns the links of one flow after the other, as the digits of an odometer; `false` after the last order. Two links have but one that matters.
fn turn(flows: &mut [Flow]) -> bool {
    flows.iter_mut().filter(|flow| flow.links.len() > 2).any(|flow| next_order(&mut flow.links))
}

/// Goes to the next order of a list; `false` if that is the first one again (Narayana's algorithm).
fn next_order(list: &mut [usize]) -> bool {
    let Some(pivot) = list.windows(2).rposition(|pair| pair[0] < pair[1]) else {
        list.reverse();
        return false;
    };
    let above = list.iter().rposition(|item| *item > list[pivot]).expect("the next one is above");
    list.swap(pivot, above);
    list[pivot + 1..].reverse();
    true
}

/// The transfers after an instant at which something happened.
struct State {
    now: Time,
    sharing: Flows,
    under_way: BTreeMap<String, FlowId>,
}

/// Returns the transfers of jobs, by the job's number.
fn under_way(scene: &Scene) -> impl Iterator<Item = (u64, FlowId)> {
    scene.jobs.running().filter_map(|job| {
        let attributes = scene.jobs.attributes(job);
        let site = scene.model.pools[scene.jobs.status(job).pool?].site;
        match scene.network.datasets.locate(attributes.dataset?.id, site) {
            Presence::InFlight(flow) => Some((attributes.number, flow)),
            _ => None,
        }
    })
}

/// Compares the rates from each listed time on, in units of capacity.
fn compare_rates(expected: &Value, states: &[State], lines: &mut Vec<Line>) -> Result<(), Problem> {
    for entry in expected.as_array().ok_or_else(|| bad("rates_over_time", "a list is needed"))? {
        let at = number("rates_over_time", entry.get(0).unwrap_or(&Value::Null))?;
        let instant = Time(((BEGIN + at) * MICROS_PER_HOUR as f64).ceil() as u64);
        let state = states.iter().rev().find(|state| state.now <= instant);
        // First bytes are no news to a policy: transfers go on by themselves up to the time asked for, and rates follow when the next event is.
        let mut sharing = state.map(|state| state.sharing.clone());
        if let Some(sharing) = &mut sharing {
            sharing.advance(instant, &mut Vec::new());
            sharing.next_event();
        }
        for (flow, rate) in entry.get(1).and_then(Value::as_object).into_iter().flatten() {
            let id = state.and_then(|state| state.under_way.get(flow));
            let measured = id.zip(sharing.as_ref()).map_or(f64::NAN, |(id, sharing)| sharing.rate(*id).0 as f64 / 1e9);
            lines.push(exact(&format!("rate of {flow} from {at}"), number(flow, rate)?, measured));
        }
    }
    Ok(())
}

fn flows(case: &Case, links: &[String]) -> Result<Vec<Flow>, Problem> {
    let mut flows = Vec::new();
    for (name, flow) in case.table("flows")? {
        let list = field("flows", flow, "links")?.as_array().ok_or_else(|| bad("flows", "links are a list"))?;
        let place = |link: &Value| links.iter().position(|known| *known == id(link)).ok_or_else(|| bad("flows", "a flow crosses no known link"));
        let mut crossed = list.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        crossed.sort_unstable();
        crossed.dedup();
        if crossed.is_empty() {
            return Err(bad("flows", "a flow crosses no link"));
        }
        let rate_cap = flow.get("rate_cap").filter(|cap| !cap.is_null()).map(|cap| number("rate_cap", cap)).transpose()?;
        let of = |key: &str| number("flows", field("flows", flow, key)?);
        flows.push(Flow { name: name.clone(), start: of("start")?, size: of("size")?, links: crossed, rate_cap });
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
            let here = attributes.dataset.is_none_or(|dataset| scene.network.datasets.locate(dataset.id, SiteId(0)) == Presence::Local);
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
            lines.push(exact_seconds(&format!("{what} {job}"), number(job, at)?, found.get(job).copied().unwrap_or(f64::NAN)));
        }
    }
    Ok(lines)
}

fn seconds(time: Time) -> f64 {
    time.as_secs_f64()
}
