//! Matchers: from conditions on names and kinds to sets of ids.

use super::super::keys::Target;
use super::super::reader::Item;
use super::fleet::side;
use crate::base::Ratio;
use crate::diag::{KEYS_TOGETHER, TIME_ORDER};
use crate::model::{ChipId, IdSet, Matcher, Model, Owner, PoolId};

/// Reads whom a rule is for; what is left out holds for all.
pub(super) fn matcher(item: &Item<'_>, model: &Model) -> Matcher {
    let (tenant, site, job) = (item.item("tenant"), item.item("site"), item.item("job"));
    Matcher {
        groups: groups(&tenant, model),
        classes: job.has("class").then(|| job.item("class").references(Target::Class).into_iter().collect()),
        pools: pools(item, model),
        affiliated: item.item("affiliated").flag(),
        gpus: job.has("gpus").then(|| {
            let range = job.item("gpus");
            ordered(&range, (range.item("min").count().unwrap_or(0), range.item("max").count().unwrap_or(u32::MAX)))
        }),
        site_domestic_share: site.has("domestic_share").then(|| {
            let range = site.item("domestic_share");
            ordered(&range, (range.item("min").ratio().unwrap_or(Ratio::ZERO), range.item("max").ratio().unwrap_or(Ratio::ONE)))
        }),
        site_pflops: site.has("pflops").then(|| {
            let range = site.item("pflops");
            ordered(&range, (range.item("min").ratio().unwrap_or(Ratio::ZERO), range.item("max").ratio().unwrap_or(Ratio(u64::MAX))))
        }),
    }
}

fn ordered<T: PartialOrd>(item: &Item<'_>, range: (T, T)) -> (T, T) {
    if range.0 > range.1 {
        item.report(TIME_ORDER, "`min` is above `max`: nothing would match", "write the smaller value at `min`");
    }
    range
}

fn groups(tenant: &Item<'_>, model: &Model) -> Option<IdSet<crate::model::TenantGroupId>> {
    if !["id", "region", "kind"].iter().any(|key| tenant.has(key)) {
        return None;
    }
    let (ids, regions, kinds) = (
        tenant.item("id").references(Target::Tenant),
        tenant.item("region").references(Target::Region),
        tenant.item("kind").references(Target::TenantKind),
    );
    let matches = model.tenants.entries().filter(|(id, group)| {
        (!tenant.has("id") || ids.contains(id))
            && (!tenant.has("region") || regions.contains(&group.region))
            && (!tenant.has("kind") || kinds.contains(&group.kind))
    });
    Some(matches.map(|(id, _)| id).collect())
}

/// Reads the chips of a rule; nothing, if it says nothing about chips.
pub(super) fn chips(item: &Item<'_>, model: &Model) -> Option<IdSet<ChipId>> {
    let chip = item.item("chip");
    if !chip.has("id") && !chip.has("origin") {
        return None;
    }
    let ids: Vec<ChipId> = chip.item("id").references(Target::Chip);
    let origins: Vec<_> = chip.item("origin").list().filter_map(|origin| origin.text()).collect();
    let matches = model.chips.entries().filter(|(id, each)| {
        let origin = if each.domestic { "domestic" } else { "imported" };
        (!chip.has("id") || ids.contains(id)) && (!chip.has("origin") || origins.contains(&origin))
    });
    Some(matches.map(|(id, _)| id).collect())
}

/// Reads the pools of a rule: conditions on pool, site and chip together; nothing, if there is none.
pub(super) fn pools(item: &Item<'_>, model: &Model) -> Option<IdSet<PoolId>> {
    let site = item.item("site");
    let chips = chips(item, model);
    let by_site = ["id", "province", "city", "hub", "side", "owner"].iter().any(|key| site.has(key));
    if !by_site && !item.has("pool") && chips.is_none() {
        return None;
    }
    let named: Vec<PoolId> = item.item("pool").references(Target::Pool);
    let sides: Vec<_> = site.item("side").list().map(|word| side(word.text())).collect();
    let owners: Vec<_> = site.item("owner").list().map(|word| if word.text() == Some("state") { Owner::State } else { Owner::Private }).collect();
    let (ids, provinces) = (site.item("id").references(Target::Site), site.item("province").references(Target::Province));
    let (cities, hubs) = (site.item("city").references(Target::City), site.item("hub").references(Target::Hub));
    let matches = model.pools.entries().filter(|(id, pool)| {
        let at = &model.sites[pool.site];
        (!item.has("pool") || named.contains(id))
            && chips.as_ref().is_none_or(|chips| chips.contains(pool.chip))
            && (!site.has("id") || ids.contains(&pool.site))
            && (!site.has("province") || provinces.contains(&at.province))
            && (!site.has("city") || cities.contains(&at.city))
            && (!site.has("hub") || at.hub.is_some_and(|hub| hubs.contains(&hub)))
            && (!site.has("side") || sides.contains(&at.side))
            && (!site.has("owner") || owners.contains(&at.owner))
    });
    Some(matches.map(|(id, _)| id).collect())
}

/// Refuses conditions that mean nothing to a rule about places.
pub(super) fn only_places(item: &Item<'_>, what: &str, also: &[&str]) {
    for key in ["tenant", "job", "affiliated"].into_iter().filter(|key| item.has(key)) {
        item.item(key).report(KEYS_TOGETHER, format!("{what} is not about `{key}`"), "conditions on `site`, `pool` and `chip` are possible here");
    }
    for key in ["domestic_share", "pflops"].into_iter().filter(|key| item.item("site").has(key) && !also.contains(key)) {
        item.item("site").item(key).report(
            KEYS_TOGETHER,
            format!("{what} is not about `site.{key}`"),
            "name the sites, their side, owner or province",
        );
    }
}
