//! `[outside]`, `[quota]`, `[access]` and `[levy]`.

use super::super::keys::{Target, value};
use super::super::quantity::Unit;
use super::super::reader::Item;
use super::matcher::{chips, matcher, only_places};
use super::section;
use crate::base::time::MICROS_PER_SECOND;
use crate::base::{Column, Ratio};
use crate::diag::{QUOTA_CYCLE, TIME_ORDER};
use crate::model::{
    Access, AccessId, ChipId, DomesticShare, GpuQuota, HoursCap, IdSet, Levy, LevyId, LevyTo, Matcher, Model, OnMiss, Outside, OutsideId, Overrun,
    Period, Queueing, Quota, QuotaId, Reclaim, ShareOf,
};

pub(super) fn outside(root: &Item<'_>) -> Column<OutsideId, Outside> {
    let outside = |(name, item): (&str, Item<'_>)| Outside {
        name: name.to_owned(),
        price: item.item("price").money(Unit::PerGpuHour).unwrap_or_default(),
        chips: item.item("chips").references(Target::Chip).into_iter().collect(),
    };
    section(root, "outside").map(outside).collect()
}

pub(super) fn quotas(root: &Item<'_>, model: &Model) -> Column<QuotaId, Quota> {
    let quotas: Column<QuotaId, Quota> = section(root, "quota").map(|(name, item)| quota(name, &item, model)).collect();
    for (id, (_, item)) in quotas.ids().zip(section(root, "quota")) {
        report_cycle(id, &item, &quotas);
    }
    quotas
}

/// Reports a circle of parents once: at the quota of the circle that stands first in the file.
fn report_cycle(start: QuotaId, item: &Item<'_>, quotas: &Column<QuotaId, Quota>) {
    let mut circle = vec![start];
    while let Some(parent) = quotas[circle[circle.len() - 1]].parent {
        circle.push(parent);
        if parent <= start || circle.len() > quotas.len() {
            break;
        }
    }
    if circle.len() > 1 && circle.last() == Some(&start) {
        let names: Vec<_> = circle.iter().map(|id| format!("`{}`", quotas[*id].name)).collect();
        item.item("parent").report(
            QUOTA_CYCLE,
            format!("quotas are each other's parent: {}", names.join(" under ")),
            "quotas form a tree: take one parent away",
        );
    }
}

fn quota(name: &str, item: &Item<'_>, model: &Model) -> Quota {
    let mut gpus = Column::filled(model.chips.len(), None);
    for (chip, limit) in item.item("gpus").entries() {
        if let Some(id) = item.lowering.id::<ChipId>(Target::Chip, chip) {
            let count = |key: &str| limit.item(key).count().map(u64::from);
            let nominal = limit.count().map(u64::from).or_else(|| count("nominal")).unwrap_or(0);
            gpus[id] = Some(GpuQuota { nominal, borrowing_limit: count("borrowing_limit"), lending_limit: count("lending_limit") });
        }
    }
    Quota {
        name: name.to_owned(),
        parent: item.item("parent").reference(Target::Quota),
        matcher: matcher(&item.item("for"), model),
        has_matcher: item.has("for"),
        gpus,
        gpu_hours: item.has("gpu_hours").then(|| cap(&item.item("gpu_hours"))),
        energy: item.has("energy").then(|| cap(&item.item("energy"))),
        queueing: if item.item("queueing").text() == Some("strict") { Queueing::Strict } else { Queueing::BestEffort },
        reclaim: match item.item("reclaim").text() {
            Some("lower-priority") => Reclaim::LowerPriority,
            Some("any") => Reclaim::Any,
            _ => Reclaim::Never,
        },
        domestic: item.has("domestic").then(|| domestic(&item.item("domestic"))),
    }
}

fn cap(item: &Item<'_>) -> HoursCap {
    let most = item.item("at_most");
    // A bare number is GPU-hours: a millionth of one is 3,600 GPU-microseconds.
    let bare = || most.ratio().map(|ratio| i128::from(ratio.0) * (3600 * i128::from(MICROS_PER_SECOND) / i128::from(Ratio::SCALE)));
    let at_most = most.quantity(Unit::GpuHours).or_else(|| most.quantity(Unit::Energy)).or_else(bare).unwrap_or(0);
    HoursCap {
        at_most: at_most.unsigned_abs(),
        every: item.item("every").period().unwrap_or(Period::Run),
        overrun: if item.item("overrun").text() == Some("kill") { Overrun::Kill } else { Overrun::Report },
    }
}

fn domestic(item: &Item<'_>) -> DomesticShare {
    let miss = item.item("on_miss");
    DomesticShare {
        at_least: item.item("at_least").ratio().unwrap_or(Ratio::ZERO),
        of: if item.item("of").text() == Some("installed") { ShareOf::Installed } else { ShareOf::GpuHours },
        over: item.item("over").period().unwrap_or(Period::Month),
        on_miss: match (miss.text(), miss.item("fine").money(Unit::Money)) {
            (Some("refuse"), _) => OnMiss::Refuse,
            (_, Some(fine)) => OnMiss::Fine(fine),
            _ => OnMiss::Report,
        },
    }
}

pub(super) fn access(root: &Item<'_>, model: &Model) -> Column<AccessId, Access> {
    section(root, "access").map(|(name, item)| access_rule(name, &item, model)).collect()
}

fn access_rule(name: &str, item: &Item<'_>, model: &Model) -> Access {
    let target = item.item("for");
    let chips = chips(&target, model).unwrap_or_else(|| IdSet::all(model.chips.len()));
    // The chips say what the rule is about, not where its users are: only a condition on sites or pools limits them to places.
    let users = Matcher { pools: users_pools(&target, model), ..matcher(&target, model) };
    let (from, until) = (item.item("from").instant(), item.item("until").instant());
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        item.item("until").report(TIME_ORDER, "`until` is not after `from`", "a window begins before it ends");
    }
    Access { name: name.to_owned(), chips, users, from, until, supply: item.item("supply").gpus() }
}

fn users_pools(target: &Item<'_>, model: &Model) -> Option<IdSet<crate::model::PoolId>> {
    let by_place = target.has("pool") || ["id", "province", "city", "hub", "side", "owner"].iter().any(|key| target.item("site").has(key));
    if by_place { super::matcher::pools(target, model) } else { None }
}

pub(super) fn levies(root: &Item<'_>, model: &Model) -> Column<LevyId, Levy> {
    section(root, "levy").map(|(name, item)| levy(name, &item, model)).collect()
}

fn levy(name: &str, item: &Item<'_>, model: &Model) -> Levy {
    only_places(&item.item("for"), "a levy", &["domestic_share", "pflops"]);
    let to = item.item("to");
    let band = |band: Item<'_>| {
        let (from, end) = band.item("excess").text().and_then(|text| value::excess(text).ok())?;
        Some((Ratio(from), Ratio(end), band.item("add").money(Unit::PerKwh)?))
    };
    let mut bands: Vec<_> = item.item("bands").list().filter_map(band).collect();
    bands.sort_by_key(|(from, ..)| *from);
    if bands.windows(2).any(|pair| pair[0].1 > pair[1].0) {
        item.item("bands").report(crate::diag::OVERLAP, "bands of the levy overlap", "an excess has one charge");
    }
    Levy {
        name: name.to_owned(),
        to: to.reference(Target::Government).filter(|_| to.text() != Some("grid")).map_or(LevyTo::Grid, LevyTo::Government),
        matcher: matcher(&item.item("for"), model),
        pue: item.item("above").item("pue").ratio().unwrap_or(Ratio::ONE),
        bands,
        pass_through: item.item("pass_through").ratio().unwrap_or(Ratio::ZERO),
    }
}
