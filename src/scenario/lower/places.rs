//! `[government]`, `[region]` and `[tenant]`.

use super::super::keys::Target;
use super::super::reader::Item;
use super::section;
use crate::base::{Column, Ratio};
use crate::diag::TOO_MUCH;
use crate::model::{CityId, Government, GovernmentId, KindId, NodeId, ProvinceId, Region, RegionId, TenantGroup, TenantGroupId, TenantId};

pub(super) fn governments(root: &Item<'_>) -> Column<GovernmentId, Government> {
    let government = |(name, item): (&str, Item<'_>)| Government {
        name: name.to_owned(),
        name_zh: item.item("name").bilingual().1,
        level: item.item("level").text().unwrap_or_default().to_owned(),
        province: item.item("province").reference(Target::Province),
    };
    section(root, "government").map(government).collect()
}

pub(super) fn regions(root: &Item<'_>) -> Column<RegionId, Region> {
    let region = |(index, (name, item)): (usize, (&str, Item<'_>))| Region {
        name: name.to_owned(),
        name_zh: item.item("name").bilingual().1,
        node: crate::base::Id::from_index(index),
        province: province(&item),
        city: city(&item),
    };
    section(root, "region").enumerate().map(region).collect()
}

/// Reads the province of a region or site.
pub(super) fn province(item: &Item<'_>) -> ProvinceId {
    item.item("province").reference(Target::Province).unwrap_or(ProvinceId(0))
}

/// Reads the city of a region or site; one without it is in the city of its province's name.
pub(super) fn city(item: &Item<'_>) -> CityId {
    item.item("city").reference(Target::City).or_else(|| item.item("province").reference(Target::City)).unwrap_or(CityId(0))
}

/// Returns the node of a site: nodes are the regions, then the sites, then the exchanges.
pub(super) fn site_node(root: &Item<'_>, site: usize) -> NodeId {
    crate::base::Id::from_index(super::count(root.lowering.document, "region") + site)
}

/// The most tenants: each has its accounts, counters and queue of entitlements, about 256 bytes.
const TENANT_LIMIT: u64 = (16 << 30) / 256;

pub(super) fn tenants(root: &Item<'_>) -> Column<TenantGroupId, TenantGroup> {
    let (mut groups, mut first) = (Column::new(), 0_u64);
    for (name, item) in section(root, "tenant") {
        let count = item.item("count").count().unwrap_or(1);
        let before = first;
        first += u64::from(count);
        if before <= TENANT_LIMIT && first > TENANT_LIMIT {
            let needs = (first * 256).div_ceil(1 << 30);
            let place = if item.has("count") { item.item("count") } else { item.clone() };
            place.report(
                TOO_MUCH,
                format!("{first} tenants need about {needs} GB"),
                "the limit is 16 GB: fewer tenants that stand for more jobs each give the same load",
            );
        }
        let kind = item.item("kind").text().unwrap_or("tenant");
        groups.push(TenantGroup {
            name: name.to_owned(),
            region: item.item("region").reference(Target::Region).unwrap_or(RegionId(0)),
            kind: root.lowering.id(Target::TenantKind, kind).unwrap_or(KindId(0)),
            count,
            first: TenantId(u32::try_from(before).unwrap_or(u32::MAX)),
            affiliates: item.item("affiliate_of").references(Target::Site),
            weight: item.item("weight").ratio().unwrap_or(Ratio::ONE),
        });
    }
    groups
}
