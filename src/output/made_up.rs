//! A made-up scenario and a made-up run for tests: every number invented, none a result.

use super::collect::Collector;
use super::{RunFacts, Summary, Wall};
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Bandwidth, Bytes, CarbonIntensity, Column, Money, Power, Ratio, Span, Time};
use crate::model::*;
use crate::rules::ledger::Ledger;
use crate::stats::Distribution;
use crate::world::records::*;

const HOUR: u64 = MICROS_PER_HOUR;

/// Two sites (east and west), two regions, two chips, three tenants, one subsidy, one quota; a window of ten hours after an hour of warm-up.
pub(crate) fn model() -> Model {
    let ids = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    Model {
        title: "Two sites, made up".to_owned(),
        title_zh: Some("虚构的两个数据中心".to_owned()),
        scale: None,
        calendar: Calendar { start: jiff::civil::datetime(2025, 6, 2, 0, 0, 0, 0), utc_offset_s: 8 * 3600 },
        horizon: Some(Span::hours(11)),
        warmup: Span::hours(1),
        drain: Drain { until_idle: true, at_most: None },
        seed: 7,
        provinces: ids(&["shanghai", "guizhou"]).into_iter().collect(),
        cities: ids(&["shanghai", "guiyang"]).into_iter().collect(),
        hubs: Column::new(),
        kinds: ids(&["startup"]).into_iter().collect(),
        governments: [Government { name: "shanghai".to_owned(), name_zh: None, level: "city".to_owned(), province: Some(ProvinceId(0)) }]
            .into_iter()
            .collect(),
        regions: [region("shanghai", 0), region("guangzhou", 1)].into_iter().collect(),
        chips: [chip("h20", false), chip("ascend-910b", true)].into_iter().collect(),
        sites: [site("yrd", 0, Side::East, 1_250_000), site("guian", 1, Side::West, 1_150_000)].into_iter().collect(),
        pools: [pool("a", 0, 0, 10), pool("b", 1, 1, 20)].into_iter().collect(),
        tariffs: [Tariff { name: "flat".to_owned(), prices: Series::price(Money(600_000)) }].into_iter().collect(),
        grids: [Grid { name: "flat".to_owned(), carbon: Series::constant(CarbonIntensity(550_000).0.cast_signed()) }].into_iter().collect(),
        network: Network {
            nodes: ["shanghai", "guangzhou", "yrd", "guian"].map(|name| Node { name: name.to_owned(), at: None }).into_iter().collect(),
            links: Column::new(),
            route_factor: Ratio::ONE,
            equipment_rtt: Span(1000),
            default_bandwidth: Bandwidth(10_000_000_000),
            default_price: Money::ZERO,
        },
        data: Column::new(),
        classes: [class("train"), class("tune")].into_iter().collect(),
        tenants: [tenants("labs", 0, 0, 2), tenants("clinic", 1, 2, 1)].into_iter().collect(),
        workloads: Column::new(),
        outside: Column::new(),
        quotas: [quota()].into_iter().collect(),
        access: Column::new(),
        subsidies: [subsidy()].into_iter().collect(),
        stacks: Column::new(),
        levies: Column::new(),
        failures: Column::new(),
        changes: Vec::new(),
        policy: PolicyChoice::default(),
        schedulers: Column::new(),
        evidence: EvidenceCount { inputs: 118, assumed: 31, unmarked: 2 },
    }
}

/// The same with a stream of jobs, forty an hour.
pub(crate) fn model_with_jobs() -> Model {
    let mut model = model();
    model.workloads.push(Workload {
        name: "=made, \"up\"".to_owned(),
        class: ClassId(0),
        tenants: vec![(TenantGroupId(0), 0.7), (TenantGroupId(1), 0.3)],
        arrivals: Arrivals::Poisson { rate: Rate { mean_per_s: 40.0 / 3600.0, sine: None, by_hour: None, by_weekday: None }, batch: Gang::Fixed(1) },
        gpus: Gang::Weighted(vec![(1, 0.5), (8, 0.4), (16, 0.1)]),
        elastic: None,
        work: Law::exponential(3600.0),
        estimate: Estimate::Exact,
        dataset: None,
        patience: None,
        pays_up_to: None,
        priority: None,
    });
    model
}

fn region(name: &str, index: u32) -> Region {
    Region { name: name.to_owned(), name_zh: None, node: NodeId(index), province: ProvinceId(0), city: CityId(0) }
}

fn chip(name: &str, domestic: bool) -> Chip {
    Chip { name: name.to_owned(), domestic, pflops: Ratio(148_000), memory: Bytes(96 * Bytes::PER_GB), idle: Power(100_000), busy: Power(400_000) }
}

fn site(name: &str, index: u32, side: Side, pue: u64) -> Site {
    Site {
        name: name.to_owned(),
        name_zh: None,
        node: NodeId(2 + index),
        province: ProvinceId(index),
        city: CityId(index),
        hub: None,
        side,
        owner: Owner::State,
        pue: Ratio(pue),
        green_share: Ratio(500_000),
        power_limit: None,
        cache: None,
        tariff: TariffId(0),
        grid: GridId(0),
        admission: Admission { limit: None, loss: false },
        first_pool: PoolId(index),
        pool_count: 1,
    }
}

fn pool(name: &str, site: u32, chip: u32, nodes: u32) -> Pool {
    Pool {
        name: name.to_owned(),
        site: SiteId(site),
        chip: ChipId(chip),
        nodes,
        gpus_per_node: 8,
        host_power: Power(800_000),
        price: Money::yuan(8),
        metered: true,
        capital: Money::yuan(90_000),
        life: Span::days(4 * 365),
        reserved_by_hour: [Ratio::ZERO; 24],
    }
}

fn class(name: &str) -> Class {
    Class {
        name: name.to_owned(),
        speed: [Ratio::ONE, Ratio(800_000)].into_iter().collect(),
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

fn tenants(name: &str, region: u32, first: u32, count: u32) -> TenantGroup {
    TenantGroup {
        name: name.to_owned(),
        region: RegionId(region),
        kind: KindId(0),
        count,
        first: TenantId(first),
        affiliates: Vec::new(),
        weight: Ratio::ONE,
    }
}

fn quota() -> Quota {
    Quota {
        name: "labs".to_owned(),
        parent: None,
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

fn subsidy() -> Subsidy {
    Subsidy {
        name: "shanghai-2025".to_owned(),
        payers: vec![(GovernmentId(0), Ratio::ONE)],
        payee: Payee::Tenant,
        valid: (None, None),
        matcher: Matcher::default(),
        supply: Supply::Anywhere,
        covers: Covers::Compute,
        rate: SubsidyRate::Tiers(Vec::new()),
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

/// A job that was submitted, started and ended at these microseconds, with its gang at a pool.
pub(crate) fn job(number: u64, [submit, start, end]: [u64; 3], gpus: u32, pool: u32) -> JobRecord {
    let held = u128::from(end - start) * u128::from(gpus);
    JobRecord {
        number,
        workload: WorkloadId(0),
        source_id: number,
        tenant: TenantId((number % 3) as u32),
        class: ClassId((number % 2) as u32),
        gpus,
        work: Span(end - start),
        estimate: Span(end - start),
        submit: Time(submit),
        first_start: Some(Time(start)),
        start: Some(Time(start)),
        end: Time(end),
        fate: Fate::Finished,
        reason: None,
        recorded: Outcome::Completed,
        pool: Some(PoolId(pool)),
        second_pool: None,
        staging: Span(0),
        run: Span(end - start),
        rtt: Some(Span(15_200 + u64::from(pool) * 10_000)),
        starts: 1,
        preemptions: 0,
        migrations: 0,
        resizes: 0,
        failures: 0,
        outlived_estimate: false,
        promised_start: None,
        missed_deadline: None,
        gpu_time: GpuTime { held, kept: held, ..GpuTime::default() },
        compute_charge: Money(i64::try_from(held * 8_000_000 / u128::from(HOUR)).unwrap()),
        energy_charge: Money::ZERO,
        transfer_charge: Money::ZERO,
        subsidy: Money::ZERO,
        energy_mj: 1_500,
        carbon_location_mg: 250,
        carbon_market_mg: 125,
    }
}

/// A hundred jobs, half an hour apart from the first half hour of warm-up on, at both pools.
pub(crate) fn jobs() -> Vec<JobRecord> {
    let times = |number: u64| {
        let submit = number * HOUR / 10;
        let start = submit + if number.is_multiple_of(4) { number * 120_000_000 } else { 0 };
        [submit, start, start + (number % 7 + 1) * HOUR / 5]
    };
    let mut jobs: Vec<JobRecord> = (0..100).map(|number| job(number, times(number), 8, (number % 2) as u32)).collect();
    jobs[20].fate = Fate::Rejected;
    jobs[20].reason = Some(Reason::Residency);
    (jobs[20].first_start, jobs[20].start, jobs[20].rtt, jobs[20].pool) = (None, None, None, None);
    jobs
}

/// Postings of the jobs, and a subsidy of a fifth.
pub(crate) fn postings() -> Vec<Posting> {
    let paid = |job: JobRecord| {
        let (tenant, site) = (Account::Tenant(job.tenant), Account::Site(SiteId(job.pool.map_or(0, |pool| pool.0))));
        let compute = Posting {
            at: job.end,
            since: job.start.unwrap_or(job.end),
            from: tenant,
            to: site,
            amount: job.compute_charge,
            purpose: Purpose::Compute,
            job: Some(job.number),
        };
        let subsidy = Posting {
            from: Account::Government(GovernmentId(0)),
            to: tenant,
            amount: Money(job.compute_charge.0 / 5),
            purpose: Purpose::Subsidy(SubsidyId(0)),
            ..compute
        };
        [compute, subsidy]
    };
    jobs().into_iter().filter(|job| job.fate == Fate::Finished).flat_map(paid).collect()
}

/// The totals that go with them, roughly.
pub(crate) fn totals() -> Totals {
    let pool = |gpus: u128, busy: u128| PoolTotals {
        installed: gpus * 10 * u128::from(HOUR),
        up: gpus * 10 * u128::from(HOUR),
        gpu_time: GpuTime {
            held: busy * u128::from(HOUR),
            kept: busy * u128::from(HOUR) * 9 / 10,
            lost: busy * u128::from(HOUR) / 10,
            ..GpuTime::default()
        },
        node_time: gpus / 8 * 10 * u128::from(HOUR),
        taken_up: gpus / 8 * 7 * u128::from(HOUR),
        ..PoolTotals::default()
    };
    let site = SiteTotals {
        energy_mj: 3_600_000_000_000,
        energy_cost: Money::yuan(600),
        carbon_location_mg: 550_000_000,
        carbon_market_mg: 275_000_000,
        capital: Money::yuan(2_000),
        bytes_in: 0,
    };
    Totals {
        end: Time(13 * HOUR),
        window: (Time(HOUR), Time(11 * HOUR)),
        events: 4_310,
        rounds: 210,
        submitted: 100,
        pools: [pool(80, 592), pool(160, 656)].into_iter().collect(),
        sites: [site, site].into_iter().collect(),
        quotas: [QuotaTotals { used_gpu_us: 400 * u128::from(HOUR), peak_gpus: 64, ..QuotaTotals::default() }].into_iter().collect(),
        subsidies: [SubsidyTotals {
            paid: Money::yuan(2_000),
            paid_in_window: Money::yuan(1_900),
            budget: Some(Money::yuan(2_000)),
            claims: 90,
            short_claims: 9,
            caps_hit: 3,
            exhausted: vec![Time(9 * HOUR)],
            gpu_us: 1_000 * u128::from(HOUR),
            ..SubsidyTotals::default()
        }]
        .into_iter()
        .collect(),
        refusals: vec![("no room", 12)],
        dropped: Vec::new(),
        queued_job_us: 20 * u128::from(HOUR),
        system_job_us: 140 * u128::from(HOUR),
        ..Totals::default()
    }
}

/// The summary of it all.
pub(crate) fn summary() -> Summary {
    let model = model();
    let mut collector = Collector::new(&model);
    collector.jobs(&jobs());
    let mut ledger = ledger(&model);
    postings().into_iter().for_each(|posting| ledger.post(posting).unwrap());
    summarise(&collector, &model, &totals(), &ledger)
}

/// The summary of what a collector took, without money.
pub(crate) fn summary_of(collector: &Collector, model: &Model, totals: &Totals) -> Summary {
    summarise(collector, model, totals, &ledger(model))
}

fn ledger(model: &Model) -> Ledger {
    Ledger::new(model, totals().window, false)
}

fn summarise(collector: &Collector, model: &Model, totals: &Totals, ledger: &Ledger) -> Summary {
    collector.summary(&RunFacts {
        model,
        policy: "fifo+cheapest+easy".to_owned(),
        schedulers: Vec::new(),
        seed: 7,
        totals,
        ledger,
        fingerprint: "7f3a9c21e04d".repeat(6)[..64].to_owned(),
        wall: Some(Wall { run_s: 0.004, decision_s: Distribution::default() }),
        one_way: &|_, site| Some(Span(if site.0 == 0 { 1_000 } else { 21_000 })),
    })
}
