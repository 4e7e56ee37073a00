//! The plainest world: one region, one site with one pool, one class, one tenant. Tests of one thing add that thing.

use super::World;
use edwc::base::{Bandwidth, Bytes, Column, Gpus, Money, Power, Ratio, Span, Time};
use edwc::model::{
    Admission, Calendar, Chip, ChipId, CityId, Class, ClassId, Drain, EvidenceCount, Grid, GridId, JobSpec, KindId, Model, Network, Node, NodeId,
    OnFailure, Outcome, Owner, PolicyChoice, Pool, PoolId, ProvinceId, Region, RegionId, Series, Side, Site, SiteId, Tariff, TariffId, TenantGroup,
    TenantId, WorkloadId,
};

/// Makes a world of so many nodes and GPUs per node, in which nothing costs anything, and these jobs: (submission, GPUs, work), in seconds.
pub fn plain(nodes: u32, gpus_per_node: u32, jobs: &[(u64, u32, u64)]) -> World {
    let mut model = Model {
        title: "plain".into(),
        title_zh: None,
        scale: None,
        calendar: Calendar { start: jiff::civil::datetime(2025, 6, 2, 0, 0, 0, 0), utc_offset_s: 8 * 3600 },
        horizon: None,
        warmup: Span::ZERO,
        drain: Drain { until_idle: true, at_most: None },
        seed: 1,
        provinces: ["here".to_owned()].into_iter().collect(),
        cities: ["here".to_owned()].into_iter().collect(),
        hubs: Column::new(),
        kinds: ["any".to_owned()].into_iter().collect(),
        governments: Column::new(),
        regions: [Region { name: "home".into(), name_zh: None, node: NodeId(0), province: ProvinceId(0), city: CityId(0) }].into_iter().collect(),
        chips: Column::new(),
        sites: Column::new(),
        pools: Column::new(),
        tariffs: [Tariff { name: "tariff".into(), prices: Series::constant(0) }].into_iter().collect(),
        grids: [Grid { name: "grid".into(), carbon: Series::constant(0) }].into_iter().collect(),
        network: Network {
            nodes: [Node { name: "home".into(), at: None }].into_iter().collect(),
            links: Column::new(),
            route_factor: Ratio::ONE,
            equipment_rtt: Span::ZERO,
            default_bandwidth: Bandwidth(8_000_000_000),
            default_price: Money::ZERO,
        },
        data: Column::new(),
        classes: Column::new(),
        tenants: Column::new(),
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
        evidence: EvidenceCount::default(),
    };
    model.chips.push(Chip { name: "chip".into(), domestic: false, pflops: Ratio::ONE, memory: Bytes::ZERO, idle: Power(0), busy: Power(0) });
    model.classes.push(class());
    model.tenants.push(TenantGroup {
        name: "tenant".into(),
        region: RegionId(0),
        kind: KindId(0),
        count: 1,
        first: TenantId(0),
        affiliates: Vec::new(),
        weight: Ratio::ONE,
    });
    add_site(&mut model, nodes, gpus_per_node);
    let jobs = jobs.iter().map(|(submit, gpus, work)| job(*submit, *gpus, *work)).collect();
    World { model, jobs, seed: 1 }
}

/// Adds a site with one pool.
pub fn add_site(model: &mut Model, nodes: u32, gpus_per_node: u32) -> (SiteId, PoolId) {
    let name = format!("site-{}", model.sites.len());
    let node = model.network.nodes.push(Node { name: name.clone(), at: None });
    let pool = PoolId(model.pools.len() as u32);
    let site = model.sites.push(Site {
        name,
        name_zh: None,
        node,
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
        first_pool: pool,
        pool_count: 1,
    });
    model.pools.push(Pool {
        name: "pool".into(),
        site,
        chip: ChipId(0),
        nodes,
        gpus_per_node,
        host_power: Power(0),
        price: Money::ZERO,
        metered: true,
        capital: Money::ZERO,
        life: Span::days(1826),
        reserved_by_hour: [Ratio::ZERO; 24],
    });
    (site, pool)
}

fn class() -> Class {
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

fn job(submit: u64, gpus: u32, work: u64) -> JobSpec {
    JobSpec {
        workload: WorkloadId(0),
        submit: Time(submit * 1_000_000),
        class: ClassId(0),
        tenant: TenantId(0),
        gpus: Gpus(gpus),
        elastic: None,
        work: Span::seconds(work),
        estimate: Span::seconds(work),
        priority: 0,
        dataset: None,
        patience: None,
        pays_up_to: None,
        deadline: None,
        recorded: Outcome::Completed,
        source_id: 0,
    }
}
