//! `[chip]`, `[site]` with its pools, and `[admission]`.

use super::super::keys::{Target, value};
use super::super::quantity::Unit;
use super::super::reader::Item;
use super::{places, section};
use crate::base::{Bytes, Column, Id, Money, Power, Ratio, Span};
use crate::diag::OVERLAP;
use crate::model::{Admission, Chip, ChipId, GridId, Owner, Pool, PoolId, Side, Site, SiteId, TariffId};

pub(super) fn chips(root: &Item<'_>) -> Column<ChipId, Chip> {
    let chip = |(name, item): (&str, Item<'_>)| Chip {
        name: name.to_owned(),
        domestic: item.item("origin").text() == Some("domestic"),
        pflops: item.item("pflops").ratio().unwrap_or(Ratio::ZERO),
        memory: item.item("memory").bytes().unwrap_or(Bytes::ZERO),
        idle: item.item("idle").power().unwrap_or_default(),
        busy: item.item("busy").power().unwrap_or_default(),
    };
    section(root, "chip").map(chip).collect()
}

pub(super) fn sites(root: &Item<'_>) -> (Column<SiteId, Site>, Column<PoolId, Pool>) {
    let (mut sites, mut pools) = (Column::new(), Column::new());
    for (index, (name, item)) in section(root, "site").enumerate() {
        let (id, first_pool) = (SiteId::from_index(index), PoolId::from_index(pools.len()));
        for (name, item) in item.item("pool").entries() {
            pools.push(pool(name, &item, id));
        }
        sites.push(Site {
            name: name.to_owned(),
            name_zh: item.item("name").bilingual().1,
            node: places::site_node(root, index),
            province: places::province(&item),
            city: places::city(&item),
            hub: item.item("hub").reference(Target::Hub),
            side: side(item.item("side").text()),
            owner: if item.item("owner").text() == Some("state") { Owner::State } else { Owner::Private },
            pue: item.item("pue").ratio().unwrap_or(Ratio::ONE),
            green_share: item.item("green_share").ratio().unwrap_or(Ratio::ZERO),
            power_limit: item.item("power_limit").power(),
            cache: item.item("cache").bytes(),
            tariff: item.item("tariff").reference(Target::Tariff).unwrap_or(TariffId(0)),
            grid: item.item("grid").reference(Target::Grid).unwrap_or(GridId(0)),
            admission: admission(&root.item("admission").item(name)),
            first_pool,
            pool_count: u32::try_from(pools.len() - first_pool.index()).unwrap_or(u32::MAX),
        });
    }
    (sites, pools)
}

/// Reads the word for a side.
pub(super) fn side(word: Option<&str>) -> Side {
    Side::ALL.into_iter().find(|side| word == Some(side.name())).unwrap_or(Side::East)
}

fn admission(item: &Item<'_>) -> Admission {
    Admission { limit: item.item("limit").large_count(), loss: item.item("loss").flag().unwrap_or(false) }
}

fn pool(name: &str, item: &Item<'_>, site: SiteId) -> Pool {
    Pool {
        name: name.to_owned(),
        site,
        chip: item.item("chip").reference(Target::Chip).unwrap_or(ChipId(0)),
        nodes: item.item("nodes").count().unwrap_or(0),
        gpus_per_node: item.item("gpus_per_node").count().unwrap_or(1),
        host_power: item.item("host_power").power().unwrap_or(Power(0)),
        price: item.item("price").money(Unit::PerGpuHour).unwrap_or_default(),
        metered: item.item("energy").text() == Some("metered"),
        capital: item.item("capital").money(Unit::PerGpu).unwrap_or(Money::ZERO),
        life: life(&item.item("life")),
        reserved_by_hour: reserved(&item.item("reserved")),
    }
}

fn life(item: &Item<'_>) -> Span {
    match item.span() {
        Some(Span::ZERO) => {
            item.report(
                crate::diag::OUT_OF_RANGE,
                "a life of zero: capital cannot be written off over no time",
                "write a length of time such as `\"5 y\"`",
            );
            Span::days(1)
        }
        span => span.unwrap_or(Span::days(5 * 365)),
    }
}

fn reserved(item: &Item<'_>) -> [Ratio; 24] {
    let mut shares = [item.ratio().unwrap_or(Ratio::ZERO); 24];
    let mut given = [false; 24];
    for (range, share) in item.item("by_hour").entries() {
        let Ok((from, to)) = value::hours(range) else { continue };
        for hour in hours_of(from, to) {
            if std::mem::replace(&mut given[hour], true) {
                share.report(OVERLAP, format!("the hour from {hour} to {} has two shares", hour + 1), "write each hour once");
                break;
            }
            shares[hour] = share.ratio().unwrap_or(Ratio::ZERO);
        }
    }
    shares
}

/// Iterates over the hours of a range, which may go over midnight.
pub(super) fn hours_of(from: usize, to: usize) -> impl Iterator<Item = usize> {
    let length = if from < to { to - from } else { 24 + to - from };
    (from..from + length).map(|hour| hour % 24)
}
