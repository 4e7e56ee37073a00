//! A small model for the tests of this room: one region, three sites with one or two pools, two groups of tenants.

use super::records::Account;
use crate::base::random::Seed;
use crate::base::{Bandwidth, Bytes, Column, Money, Power, Ratio, Span, Time};
use crate::model::*;

/// The seed of all tests.
pub const SEED: Seed = Seed { seed: 7, replication: 0 };

/// Site 0 lies in the region's city, site 1 in another city of its province, site 2 in another province. Pools: 0 (site 0,
/// imported, 64 GPUs), 1 (site 0, domestic, 64), 2 (site 1, imported, 64), 3 (site 2, domestic, 64). One class, two groups: three tenants, then one.
pub fn model() -> Model {
    let pools = vec![pool(0, 0), pool(0, 1), pool(1, 0), pool(2, 1)];
    Model {
        title: "rules".into(),
        title_zh: None,
        scale: None,
        calendar: Calendar { start: jiff::civil::datetime(2025, 1, 1, 0, 0, 0, 0), utc_offset_s: 8 * 3600 },
        horizon: Some(Span::days(365)),
        warmup: Span::ZERO,
        drain: Drain { until_idle: true, at_most: None },
        seed: 1,
        provinces: names(&["home", "west"]),
        cities: names(&["home-city", "next-city", "west-city"]),
        hubs: Column::new(),
        kinds: names(&["startup"]),
        governments: ["nation", "province", "city"].map(government).into_iter().collect(),
        regions: [Region { name: "r".into(), name_zh: None, node: NodeId(0), province: ProvinceId(0), city: CityId(0) }].into_iter().collect(),
        chips: [chip("imported", false), chip("domestic", true)].into_iter().collect(),
        sites: [site(0, 0, 0, 0, 2), site(1, 0, 1, 2, 1), site(2, 1, 2, 3, 1)].into_iter().collect(),
        pools: pools.into_iter().collect(),
        tariffs: Column::new(),
        grids: Column::new(),
        network: network(),
        data: Column::new(),
        classes: [class("c", 2)].into_iter().collect(),
        tenants: [group("many", 0, 3), group("one", 3, 1)].into_iter().collect(),
        workloads: Column::new(),
        outside: [Outside { name: "cloud".into(), price: Money::yuan(10), chips: IdSet::all(2) }].into_iter().collect(),
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
    }
}

/// Accounts of every kind, all different.
pub fn some_accounts() -> [Account; 7] {
    [
        Account::Tenant(TenantId(0)),
        Account::Tenant(TenantId(3)),
        Account::Site(SiteId(0)),
        Account::Government(GovernmentId(0)),
        Account::Network,
        Account::Grid,
        Account::Outside(OutsideId(0)),
    ]
}

/// A class that runs on all chips.
pub fn class(name: &str, chips: usize) -> Class {
    Class {
        name: name.into(),
        speed: Column::filled(chips, Ratio::ONE),
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

/// A quota for everybody without any limit.
pub fn quota(name: &str, parent: Option<QuotaId>) -> Quota {
    Quota {
        name: name.into(),
        parent,
        matcher: Matcher::default(),
        has_matcher: true,
        gpus: Column::filled(2, None),
        gpu_hours: None,
        energy: None,
        queueing: Queueing::BestEffort,
        reclaim: Reclaim::Never,
        domestic: None,
    }
}

/// A subsidy of the city for tenants, for everybody, of a share of compute, without limits.
pub fn subsidy(name: &str, rate: f64) -> Subsidy {
    Subsidy {
        name: name.into(),
        payers: vec![(GovernmentId(2), Ratio::ONE)],
        payee: Payee::Tenant,
        valid: (None, None),
        matcher: Matcher::default(),
        supply: Supply::Anywhere,
        covers: Covers::Compute,
        rate: SubsidyRate::Tiers(vec![RateTier { matcher: Matcher::default(), rate: Ratio::from_f64(rate) }]),
        caps: Vec::new(),
        budget: None,
        allocate: Allocate::FirstCome,
        on_short: OnShort::Partial,
        pay_after: Span::ZERO,
        expires: None,
        stack: None,
        pass_through: Ratio::ZERO,
        floor_gpu_us: 0,
    }
}

/// A budget of whole yuan per period, fully funded.
pub fn budget(yuan: i64, every: Period) -> Budget {
    Budget { amount: Money::yuan(yuan), every, prorate: false, carry_over: false, funded: None }
}

/// The set of the given pools.
pub fn pools(pools: &[u32]) -> Option<IdSet<PoolId>> {
    Some(pools.iter().copied().map(PoolId).collect())
}

/// An instant in whole hours.
pub fn hour(hours: u64) -> Time {
    Time::ZERO + Span::hours(hours)
}

fn names<I: crate::base::Id>(names: &[&str]) -> Column<I, String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn government(name: &str) -> Government {
    Government { name: name.into(), name_zh: None, level: name.into(), province: None }
}

fn chip(name: &str, domestic: bool) -> Chip {
    Chip { name: name.into(), domestic, pflops: Ratio::ONE, memory: Bytes(0), idle: Power(0), busy: Power(0) }
}

fn group(name: &str, first: u32, count: u32) -> TenantGroup {
    let (region, kind) = (RegionId(0), KindId(0));
    TenantGroup { name: name.into(), region, kind, count, first: TenantId(first), affiliates: Vec::new(), weight: Ratio::ONE }
}

fn site(number: u32, province: u32, city: u32, first_pool: u32, pool_count: u32) -> Site {
    Site {
        name: format!("s{number}"),
        name_zh: None,
        node: NodeId(0),
        province: ProvinceId(province),
        city: CityId(city),
        hub: None,
        side: Side::East,
        owner: Owner::State,
        pue: Ratio::ONE,
        green_share: Ratio::ZERO,
        power_limit: None,
        cache: None,
        tariff: TariffId(0),
        grid: GridId(0),
        admission: Admission { limit: None, loss: false },
        first_pool: PoolId(first_pool),
        pool_count,
    }
}

fn pool(site: u32, chip: u32) -> Pool {
    Pool {
        name: "p".into(),
        site: SiteId(site),
        chip: ChipId(chip),
        nodes: 8,
        gpus_per_node: 8,
        host_power: Power(0),
        price: Money::yuan(1),
        metered: false,
        capital: Money::ZERO,
        life: Span::days(365),
        reserved_by_hour: [Ratio::ZERO; 24],
    }
}

fn network() -> Network {
    Network {
        nodes: [Node { name: "n".into(), at: None }].into_iter().collect(),
        links: Column::new(),
        route_factor: Ratio::ONE,
        equipment_rtt: Span::ZERO,
        default_bandwidth: Bandwidth(1_000_000_000),
        default_price: Money::ZERO,
    }
}
