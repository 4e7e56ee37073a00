//! Small worlds for the engine's tests.

use super::{Options, Run, RunError};
use crate::base::random::Seed;
use crate::base::{Bandwidth, Bytes, Column, Gpus, Money, Power, Ratio, Span, Time};
use crate::model::{
    Admission, Calendar, Chip, ChipId, CityId, Class, ClassId, Drain, GridId, JobSource, JobSpec, KindId, Model, Network, Node, NodeId, OnFailure,
    Outcome, Owner, PolicyChoice, Pool, PoolId, ProvinceId, Region, RegionId, Series, Side, Site, SiteId, SourceError, Tariff, TariffId, TenantGroup,
    TenantId, WorkloadId,
};
use crate::policy::{BuildContext, registry};
use crate::world::records::JobRecord;

/// One region, one site with one pool of so many nodes and GPUs, one class, one tenant; nothing costs anything.
pub fn cluster(nodes: u32, gpus_per_node: u32) -> Model {
    let node = |name: &str| Node { name: name.into(), at: None };
    let network = Network {
        nodes: [node("home"), node("site")].into_iter().collect(),
        links: Column::new(),
        route_factor: Ratio::ONE,
        equipment_rtt: Span::ZERO,
        default_bandwidth: Bandwidth(10_000_000_000),
        default_price: Money::ZERO,
    };
    let chip = Chip { name: "chip".into(), domestic: false, pflops: Ratio::ONE, memory: Bytes::ZERO, idle: Power(0), busy: Power(0) };
    Model {
        title: "a cluster".into(),
        title_zh: None,
        scale: None,
        calendar: Calendar { start: jiff::civil::datetime(2025, 6, 2, 0, 0, 0, 0), utc_offset_s: 28800 },
        horizon: None,
        warmup: Span::ZERO,
        drain: Drain { until_idle: true, at_most: None },
        seed: 1,
        provinces: ["here".to_owned()].into_iter().collect(),
        cities: ["here".to_owned()].into_iter().collect(),
        hubs: Column::new(),
        kinds: ["lab".to_owned()].into_iter().collect(),
        governments: Column::new(),
        regions: [Region { name: "home".into(), name_zh: None, node: NodeId(0), province: ProvinceId(0), city: CityId(0) }].into_iter().collect(),
        chips: [chip].into_iter().collect(),
        sites: [site()].into_iter().collect(),
        pools: [pool(nodes, gpus_per_node)].into_iter().collect(),
        tariffs: [Tariff { name: "tariff".into(), prices: Series::constant(0) }].into_iter().collect(),
        grids: [crate::model::Grid { name: "grid".into(), carbon: Series::constant(0) }].into_iter().collect(),
        network,
        data: Column::new(),
        classes: [class()].into_iter().collect(),
        tenants: [tenant("lab", 0)].into_iter().collect(),
        workloads: Column::new(),
        outside: Column::new(),
        quotas: Column::new(),
        access: Column::new(),
        subsidies: Column::new(),
        stacks: Column::new(),
        levies: Column::new(),
        failures: Column::new(),
        changes: Vec::new(),
        policy: PolicyChoice::default(),
        schedulers: Column::new(),
        evidence: crate::model::EvidenceCount::default(),
    }
}

fn site() -> Site {
    Site {
        name: "site".into(),
        name_zh: None,
        node: NodeId(1),
        province: ProvinceId(0),
        city: CityId(0),
        hub: None,
        side: Side::West,
        owner: Owner::State,
        pue: Ratio::ONE,
        green_share: Ratio::ZERO,
        power_limit: None,
        cache: None,
        tariff: TariffId(0),
        grid: GridId(0),
        admission: Admission { limit: None, loss: false },
        first_pool: PoolId(0),
        pool_count: 1,
    }
}

fn pool(nodes: u32, gpus_per_node: u32) -> Pool {
    Pool {
        name: "pool".into(),
        site: SiteId(0),
        chip: ChipId(0),
        nodes,
        gpus_per_node,
        host_power: Power(0),
        price: Money::ZERO,
        metered: true,
        capital: Money::ZERO,
        life: Span::days(1826),
        reserved_by_hour: [Ratio::ZERO; 24],
    }
}

/// A class that runs at speed one and has no checkpoints.
pub fn class() -> Class {
    Class {
        name: "class".into(),
        speed: [Ratio::ONE].into_iter().collect(),
        spread: Vec::new(),
        split: Vec::new(),
        checkpoint: None,
        on_failure: OnFailure::Resume,
        start_overhead: Span::ZERO,
        lost_when_preempted: Vec::new(),
        transfer_weight: Ratio::ONE,
        transfer_rate_max: None,
        one_way_max: None,
        rtt_max: None,
        priority: 0,
        deadline_times_work: None,
        deadline: None,
        kill_at_estimate: false,
    }
}

/// A group of one tenant.
pub fn tenant(name: &str, number: u32) -> TenantGroup {
    TenantGroup {
        name: name.into(),
        region: RegionId(0),
        kind: KindId(0),
        count: 1,
        first: TenantId(number),
        affiliates: Vec::new(),
        weight: Ratio::ONE,
    }
}

/// A job of the first tenant; times in seconds.
pub fn job(submit_s: u64, gpus: u32, estimate_s: u64, work_s: u64) -> JobSpec {
    JobSpec {
        submit: Time(submit_s * 1_000_000),
        workload: WorkloadId(0),
        class: ClassId(0),
        tenant: TenantId(0),
        gpus: Gpus(gpus),
        elastic: None,
        work: Span::seconds(work_s),
        estimate: Span::seconds(estimate_s),
        priority: 0,
        dataset: None,
        patience: None,
        pays_up_to: None,
        deadline: None,
        recorded: Outcome::Completed,
        source_id: 0,
    }
}

/// Jobs that are given one by one.
pub struct Given(pub std::vec::IntoIter<JobSpec>);

impl JobSource for Given {
    fn next_job(&mut self) -> Result<Option<JobSpec>, SourceError> {
        Ok(self.0.next())
    }
}

/// Runs jobs under a policy and returns the records by number.
pub fn run(model: &Model, jobs: Vec<JobSpec>, policy: &str) -> Vec<JobRecord> {
    try_run(model, jobs, policy).expect("the run succeeds")
}

/// As [`run`], for runs that may fail.
pub fn try_run(model: &Model, jobs: Vec<JobSpec>, policy: &str) -> Result<Vec<JobRecord>, RunError> {
    let choice = PolicyChoice { parts: registry::parse(policy).expect("a policy"), ..PolicyChoice::default() };
    let seed = Seed { seed: model.seed, replication: 0 };
    let mut policy = registry::build(&choice, BuildContext { model, seed }).expect("a policy");
    let options = Options { keep_postings: false, sample_every: None };
    let mut run = Run::new(model, Box::new(Given(jobs.into_iter())), policy.needs(), seed, options)?;
    while run.step(policy.as_mut())? {}
    let mut records = run.finish(false)?.jobs;
    records.sort_by_key(|record| record.number);
    Ok(records)
}

/// Returns when jobs started, in seconds.
pub fn starts(records: &[JobRecord]) -> Vec<f64> {
    records.iter().map(|record| record.start.map_or(f64::NAN, Time::as_secs_f64)).collect()
}

/// Returns when jobs ended, in seconds.
pub fn ends(records: &[JobRecord]) -> Vec<f64> {
    records.iter().map(|record| record.end.as_secs_f64()).collect()
}
