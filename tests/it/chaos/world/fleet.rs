//! Regions, sites, pools, chips, tariffs and links.

use super::{Feature, Switches, fold};
use edwc::base::{Bandwidth, Bytes, Money, Power, Ratio, Span};
use edwc::model::{
    Admission, Chip, ChipId, CityId, DayPrices, Grid, GridId, HubId, Link, Model, Node, NodeId, Owner, Pool, PoolId, ProvinceId, Region, Series,
    Side, Site, SiteId, Tariff, TariffId,
};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub struct Parts {
    regions: Vec<Region>,
    places: Vec<Option<(i64, i64)>>,
    sites: Vec<(Site, Vec<Pool>)>,
    chips: Vec<Chip>,
    tariffs: Vec<Series>,
    grids: Vec<Series>,
    links: Vec<Link>,
}

pub fn parts() -> impl Strategy<Value = Parts> {
    (
        vec(region(), 1..=3),
        vec(prop::option::weighted(0.8, (20_000_000_i64..45_000_000, 95_000_000_i64..122_000_000)), 7),
        vec((site(), vec(pool(), 1..=3)), 1..=4),
        vec(chip(), 1..=3),
        vec(series(1_500_000), 1..=2),
        vec(series(900_000), 1..=2),
        vec(link(), 0..=6),
    )
        .prop_map(|(regions, places, sites, chips, tariffs, grids, links)| Parts { regions, places, sites, chips, tariffs, grids, links })
}

fn region() -> impl Strategy<Value = Region> {
    (any::<bool>(), 0_u32..3).prop_map(|(east, city)| Region {
        name: "region".into(),
        name_zh: None,
        node: NodeId(0),
        province: ProvinceId(u32::from(east)),
        city: CityId(city),
    })
}

fn chip() -> impl Strategy<Value = Chip> {
    (any::<bool>(), 0_u64..2_000_000, 0_u64..200_000, 0_u64..1_000_000).prop_map(|(domestic, pflops, idle, more)| Chip {
        name: "chip".into(),
        domestic,
        pflops: Ratio(pflops),
        memory: Bytes(64 * Bytes::PER_GB),
        idle: Power(idle),
        busy: Power(idle + more),
    })
}

fn pool() -> impl Strategy<Value = Pool> {
    let gpus_per_node = prop_oneof![3 => prop::sample::select(vec![1_u32, 2, 4, 8, 16]), 1 => 1_u32..=16];
    let reserved = vec((0_usize..24, 0_u64..=1_000_000), 1..5);
    let price = prop_oneof![8 => 0_i64..40_000_000, 1 => Just(0), 1 => 0_i64..1_000_000_000_000];
    (
        any::<u32>(),
        0_u32..=20,
        gpus_per_node,
        0_u64..2_000_000,
        price,
        any::<bool>(),
        0_i64..300_000_000_000,
        1_u64..2_000,
        reserved,
    )
        .prop_map(|(chip, nodes, gpus_per_node, host, price, metered, capital, life, reserved)| {
            let mut reserved_by_hour = [Ratio::ZERO; 24];
            for (hour, share) in reserved {
                reserved_by_hour[hour] = Ratio(share);
            }
            Pool {
                name: "pool".into(),
                site: SiteId(0),
                chip: ChipId(chip),
                nodes,
                gpus_per_node,
                host_power: Power(host),
                price: Money(price),
                metered,
                capital: Money(capital),
                life: Span::days(life),
                reserved_by_hour,
            }
        })
}

fn site() -> impl Strategy<Value = Site> {
    let place = (any::<bool>(), 0_u32..3, any::<bool>(), 0_usize..3, any::<bool>());
    let power = (1_000_000_u64..3_000_000, 0_u64..=1_000_000, 0_u64..400_000_000, any::<u32>(), any::<u32>());
    let limits = (prop::option::of(0_u64..200_000_000_000_000), prop::option::of(0_u64..25), prop::bool::weighted(0.2));
    (place, power, limits).prop_map(|((east, city, in_hub, side, private), (pue, green, limit, tariff, grid), (cache, jobs, loss))| Site {
        name: "site".into(),
        name_zh: None,
        node: NodeId(0),
        province: ProvinceId(u32::from(east)),
        city: CityId(city),
        hub: in_hub.then_some(HubId(0)),
        side: Side::ALL[side],
        owner: if private { Owner::Private } else { Owner::State },
        pue: Ratio(pue),
        green_share: Ratio(green),
        power_limit: Some(Power(limit)),
        cache: cache.map(Bytes),
        tariff: TariffId(tariff),
        grid: GridId(grid),
        admission: Admission { limit: jobs, loss },
        first_pool: PoolId(0),
        pool_count: 0,
    })
}

/// Draws what changes with the hour, or stays.
fn series(most: i64) -> impl Strategy<Value = Series> {
    prop_oneof![
        (0..most).prop_map(Series::constant),
        (vec(0..most, 24), 0_usize..12).prop_map(|(hours, shifted)| {
            let hour = |index: usize| index as u64 * 3_600_000_000;
            let month = |month: usize| DayPrices((0..24).map(|index| (hour(index), hours[(index + month * shifted) % 24])).collect());
            Series::Daily(Box::new(std::array::from_fn(month)))
        }),
    ]
}

fn link() -> impl Strategy<Value = Link> {
    (any::<u32>(), any::<u32>(), 0_u64..30_000, prop::option::weighted(0.9, 1_000_000_u64..10_000_000_000), 0_i64..2_000_000).prop_map(
        |(from, to, one_way, bandwidth, price)| Link {
            name: "link".into(),
            ends: [NodeId(from), NodeId(to)],
            one_way: Span(one_way),
            bandwidth: bandwidth.map(Bandwidth),
            price: Money(price),
        },
    )
}

/// Puts the fleet and the network into a model.
pub fn add(model: &mut Model, parts: Parts, on: Switches) {
    let free = |money: Money| if on.on(Feature::Money) { money } else { Money::ZERO };
    model.hubs.push("hub".into());
    for (index, mut chip) in parts.chips.into_iter().enumerate() {
        chip.name = format!("chip-{index}");
        if !on.on(Feature::Power) {
            (chip.idle, chip.busy) = (Power(0), Power(0));
        }
        model.chips.push(chip);
    }
    for (index, prices) in parts.tariffs.into_iter().enumerate() {
        let prices = if on.on(Feature::Money) { prices } else { Series::constant(0) };
        model.tariffs.push(Tariff { name: format!("tariff-{index}"), prices });
    }
    for (index, carbon) in parts.grids.into_iter().enumerate() {
        model.grids.push(Grid { name: format!("grid-{index}"), carbon });
    }
    let mut places = parts.places.into_iter().cycle();
    let mut node = |model: &mut Model, name: &str| model.network.nodes.push(Node { name: name.to_owned(), at: places.next().flatten() });
    for (index, region) in parts.regions.into_iter().enumerate() {
        let name = format!("region-{index}");
        let node = node(model, &name);
        model.regions.push(Region { name, node, ..region });
    }
    for (index, (site, pools)) in parts.sites.into_iter().enumerate() {
        let name = format!("site-{index}");
        let node = node(model, &name);
        add_site(model, Site { name, node, ..site }, pools, on);
    }
    let exchange = node(model, "exchange");
    let nodes = exchange.0 + 1;
    for (index, mut link) in parts.links.into_iter().enumerate().filter(|_| on.on(Feature::Links)) {
        link.name = format!("link-{index}");
        link.ends = link.ends.map(|end| NodeId(end.0 % nodes));
        link.price = free(link.price);
        if link.ends[0] != link.ends[1] {
            model.network.links.push(link);
        }
    }
}

fn add_site(model: &mut Model, mut site: Site, pools: Vec<Pool>, on: Switches) {
    site.tariff = fold(site.tariff.0, &model.tariffs);
    site.grid = fold(site.grid.0, &model.grids);
    site.power_limit = site.power_limit.filter(|_| on.on(Feature::PowerLimits));
    site.cache = site.cache.filter(|_| on.on(Feature::Caches));
    if !on.on(Feature::Admission) {
        site.admission = Admission { limit: None, loss: false };
    }
    let id = SiteId(model.sites.len() as u32);
    site.first_pool = PoolId(model.pools.len() as u32);
    site.pool_count = pools.len() as u32;
    for (index, mut pool) in pools.into_iter().enumerate() {
        pool.name = format!("pool-{index}");
        pool.site = id;
        pool.chip = fold(pool.chip.0, &model.chips);
        if !on.on(Feature::Money) {
            (pool.price, pool.capital) = (Money::ZERO, Money::ZERO);
        }
        if !on.on(Feature::Power) {
            pool.host_power = Power(0);
        }
        if !on.on(Feature::Reserved) {
            pool.reserved_by_hour = [Ratio::ZERO; 24];
        }
        model.pools.push(pool);
    }
    model.sites.push(site);
}
