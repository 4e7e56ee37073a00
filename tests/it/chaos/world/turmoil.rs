//! Failures, and changes while the run goes on.

use super::{Feature, Switches, at, chosen, fold, instant, positive_span};
use edwc::base::{Bandwidth, Bytes, Money, Power, Ratio, Span};
use edwc::model::{
    Access, AccessId, Admission, Change, Failure, GpuQuota, GridId, IdSet, Law, Link, LinkId, Model, NodeMtbf, Outage, OutsideId, Pool, PoolId,
    Quota, QuotaId, Series, Setting, Site, SiteId, SubsidyId, TariffId,
};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub struct Parts {
    failures: Vec<(u32, Failure, Vec<(u32, u32, u64, Span)>)>,
    changes: Vec<(u64, Vec<(u32, Twist)>)>,
}

/// What a change does to an item.
#[derive(Clone, Debug)]
enum Twist {
    Nodes(u32),
    Price(i64),
    Reserved(u64),
    Site { pue: u64, cache: Option<u64>, power_limit: Option<u64>, limit: Option<u64>, loss: bool },
    Tariff(i64),
    Grid(i64),
    Bandwidth(Option<u64>),
    OneWay(u64),
    Outside(i64),
    Quota(u64, Option<u64>),
    Access(Option<u64>, Option<u64>),
    Subsidy(i64),
}

pub fn parts() -> impl Strategy<Value = Parts> {
    let outage = (any::<u32>(), any::<u32>(), instant(), positive_span(100_000));
    (vec((any::<u32>(), failure(), vec(outage, 0..=5)), 0..=2), vec((instant(), vec((any::<u32>(), twist()), 1..=3)), 0..=5))
        .prop_map(|(failures, changes)| Parts { failures, changes })
}

fn failure() -> impl Strategy<Value = Failure> {
    let mtbf = prop::option::weighted(0.8, (1_u64..300, any::<bool>()));
    let repair = prop_oneof![(1_f64..200_000.0).prop_map(Law::fixed), (1_f64..50_000.0).prop_map(Law::exponential), Just(Law::fixed(0.0))];
    (mtbf, any::<bool>(), 0_u32..3, repair).prop_map(|(mtbf, while_busy, crews, repair)| Failure {
        name: "failure".into(),
        pools: IdSet::new(),
        mtbf: mtbf.map(|(hours, per_gpu)| NodeMtbf { time: Span::hours(hours), per_gpu }),
        while_busy,
        crews,
        repair,
        outages: Vec::new(),
    })
}

fn twist() -> impl Strategy<Value = Twist> {
    let limit = || prop::option::of(0_u64..25);
    prop_oneof![
        4 => (0_u32..=25).prop_map(Twist::Nodes),
        2 => (0_i64..40_000_000).prop_map(Twist::Price),
        1 => (0_u64..=1_000_000).prop_map(Twist::Reserved),
        2 => (1_000_000_u64..3_000_000, prop::option::of(0_u64..200_000_000_000_000), prop::option::of(0_u64..400_000_000), limit(), any::<bool>())
            .prop_map(|(pue, cache, power_limit, limit, loss)| Twist::Site { pue, cache, power_limit, limit, loss }),
        1 => (0_i64..1_500_000).prop_map(Twist::Tariff),
        1 => (0_i64..900_000).prop_map(Twist::Grid),
        2 => prop::option::weighted(0.9, 1_000_u64..10_000_000_000).prop_map(Twist::Bandwidth),
        1 => (0_u64..30_000).prop_map(Twist::OneWay),
        1 => (0_i64..60_000_000).prop_map(Twist::Outside),
        2 => (0_u64..80, limit()).prop_map(|(nominal, borrowing)| Twist::Quota(nominal, borrowing)),
        1 => (prop::option::of(instant()), prop::option::of(0_u64..100)).prop_map(|(until, supply)| Twist::Access(until, supply)),
        1 => (0_i64..3_000_000_000).prop_map(Twist::Subsidy),
    ]
}

/// Puts failures and changes into a model.
pub fn add(model: &mut Model, parts: Parts, on: Switches, length: Span) {
    for (index, (pools, mut failure, outages)) in parts.failures.into_iter().enumerate() {
        failure.name = format!("failure-{index}");
        failure.pools = chosen(pools, model.pools.len());
        failure.mtbf = failure.mtbf.filter(|_| on.on(Feature::Failures));
        failure.outages = outages.into_iter().filter(|_| on.on(Feature::Outages)).filter_map(|raw| outage(model, raw, length)).collect();
        failure.outages.sort_by_key(|outage| outage.at);
        model.failures.push(failure);
    }
    let mut changes = parts.changes;
    changes.sort_by_key(|change| change.0);
    // Settings are whole items, so each builds on what those before it have made.
    let mut current = model.clone();
    for (instant, twists) in changes.into_iter().filter(|_| on.on(Feature::Changes)) {
        let settings: Vec<Setting> = twists.into_iter().filter_map(|(raw, twist)| twist.of(&mut current, raw, on, length)).collect();
        model.changes.push(Change { at: at(length, instant), settings });
    }
}

fn outage(model: &Model, (pool, node, instant, lasts): (u32, u32, u64, Span), length: Span) -> Option<Outage> {
    let pool: PoolId = fold(pool, &model.pools);
    let nodes = model.pools[pool].nodes;
    (nodes > 0).then(|| Outage { pool, node: node % nodes, at: at(length, instant), lasts })
}

impl Twist {
    /// Changes one item of the current model and returns it as a setting; `None` where there is nothing of its kind.
    fn of(self, model: &mut Model, raw: u32, on: Switches, length: Span) -> Option<Setting> {
        Some(match self {
            Self::Nodes(nodes) => pool(model, raw, |pool| pool.nodes = nodes),
            Self::Price(price) => pool(model, raw, |pool| pool.price = if on.on(Feature::Money) { Money(price) } else { pool.price }),
            Self::Reserved(share) => pool(model, raw, |pool| {
                if on.on(Feature::Reserved) {
                    pool.reserved_by_hour.iter_mut().step_by(3).for_each(|hour| *hour = Ratio(share));
                }
            }),
            Self::Site { pue, cache, power_limit, limit, loss } => {
                let id: SiteId = fold(raw, &model.sites);
                let site: &mut Site = &mut model.sites[id];
                site.pue = Ratio(pue);
                site.cache = cache.filter(|_| on.on(Feature::Caches)).map(Bytes);
                site.power_limit = power_limit.filter(|_| on.on(Feature::PowerLimits)).map(Power);
                site.admission = if on.on(Feature::Admission) { Admission { limit, loss } } else { site.admission };
                Setting::Site(id, site.clone())
            }
            Self::Tariff(price) => {
                let id: TariffId = fold(raw, &model.tariffs);
                model.tariffs[id].prices = Series::constant(if on.on(Feature::Money) { price } else { 0 });
                Setting::Tariff(id, model.tariffs[id].clone())
            }
            Self::Grid(carbon) => {
                let id: GridId = fold(raw, &model.grids);
                model.grids[id].carbon = Series::constant(carbon);
                Setting::Grid(id, model.grids[id].clone())
            }
            Self::Bandwidth(bandwidth) => link(model, raw, |link| link.bandwidth = bandwidth.map(Bandwidth))?,
            Self::OneWay(delay) => link(model, raw, |link| link.one_way = Span(delay))?,
            Self::Outside(price) => {
                let id: OutsideId = (!model.outside.is_empty()).then(|| fold(raw, &model.outside))?;
                model.outside[id].price = Money(price);
                Setting::Outside(id, model.outside[id].clone())
            }
            Self::Quota(nominal, borrowing_limit) => {
                let id: QuotaId = (!model.quotas.is_empty()).then(|| fold(raw, &model.quotas))?;
                let quota: &mut Quota = &mut model.quotas[id];
                for limits in quota.gpus.iter_mut().flatten() {
                    *limits = GpuQuota { nominal, borrowing_limit, ..*limits };
                }
                Setting::Quota(id, quota.clone())
            }
            Self::Access(until, supply) => {
                let id: AccessId = (!model.access.is_empty()).then(|| fold(raw, &model.access))?;
                let access: &mut Access = &mut model.access[id];
                (access.until, access.supply) = (until.map(|instant| at(length, instant)), supply);
                Setting::Access(id, access.clone())
            }
            Self::Subsidy(amount) => {
                let id: SubsidyId = (!model.subsidies.is_empty()).then(|| fold(raw, &model.subsidies))?;
                if let Some(budget) = &mut model.subsidies[id].budget {
                    budget.amount = Money(amount);
                }
                Setting::Subsidy(id, model.subsidies[id].clone())
            }
        })
    }
}

fn pool(model: &mut Model, raw: u32, change: impl FnOnce(&mut Pool)) -> Setting {
    let id: PoolId = fold(raw, &model.pools);
    change(&mut model.pools[id]);
    Setting::Pool(id, model.pools[id].clone())
}
fn link(model: &mut Model, raw: u32, change: impl FnOnce(&mut Link)) -> Option<Setting> {
    let id: LinkId = (!model.network.links.is_empty()).then(|| fold(raw, &model.network.links))?;
    change(&mut model.network.links[id]);
    Some(Setting::Link(id, model.network.links[id].clone()))
}
