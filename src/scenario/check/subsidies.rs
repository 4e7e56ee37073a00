//! Subsidies that can pay nobody.

use super::super::reader::Lowering;
use crate::base::{Id, Ratio, Span, Time};
use crate::diag::{Diagnostic, PAYS_NOBODY};
use crate::model::{ClassId, Drain, IdSet, Model, PoolId, Subsidy, Supply, TenantGroupId};

pub(super) fn check(lowering: &Lowering<'_>, model: &Model) {
    // What changes during the run may yet give it somebody to pay.
    if !model.changes.is_empty() {
        return;
    }
    for subsidy in &model.subsidies {
        let item = lowering.root().item("subsidy").item(&subsidy.name);
        let problem = if !valid_at_all(model, subsidy) {
            Some((
                "is not valid at any time of the run",
                "`valid` has dates from (inclusive) and to (exclusive); the run starts at `scenario.start`",
            ))
        } else if !meets_somebody(model, subsidy) {
            Some((
                "can pay nobody: no tenant, class and pool meet its conditions together",
                "see `for` and `supply`, and the provinces and cities of sites and regions",
            ))
        } else {
            None
        };
        if let Some((what, help)) = problem {
            let nobody = Diagnostic::new(PAYS_NOBODY, format!("the subsidy `{}` {what}", subsidy.name));
            lowering.report(nobody.at(item.at(), &item.path).help(help));
        }
    }
}

/// Tells whether the subsidy is valid at some time of the run; a run that ends with its trace has no end that could be told.
fn valid_at_all(model: &Model, subsidy: &Subsidy) -> bool {
    let (from, to) = subsidy.valid;
    let end = model.horizon.map(|horizon| horizon + longest_drain(model, horizon));
    to.is_none_or(|to| to > Time::ZERO) && from.is_none_or(|from| end.is_none_or(|end| from < Time(end.0)))
}

fn longest_drain(model: &Model, horizon: Span) -> Span {
    match model.drain {
        Drain { at_most: Some(most), .. } => most,
        Drain { .. } => horizon,
    }
}

/// Tells whether some tenant's job of some class in some pool meets the conditions that do not change.
fn meets_somebody(model: &Model, subsidy: &Subsidy) -> bool {
    let matcher = &subsidy.matcher;
    let groups = model.tenants.ids().filter(|group| within(matcher.groups.as_ref(), *group));
    groups.into_iter().any(|group| {
        model.pools.ids().filter(|pool| within(matcher.pools.as_ref(), *pool) && supplies(model, subsidy, group, *pool)).any(|pool| {
            let chip = model.pools[pool].chip;
            model.classes.entries().any(|(class, of)| within::<ClassId>(matcher.classes.as_ref(), class) && of.speed[chip] > Ratio::ZERO)
        })
    })
}

fn within<I: Id>(set: Option<&IdSet<I>>, id: I) -> bool {
    set.is_none_or(|set| set.contains(id))
}

fn supplies(model: &Model, subsidy: &Subsidy, group: TenantGroupId, pool: PoolId) -> bool {
    let (region, site) = (&model.regions[model.tenants[group].region], &model.sites[model.pools[pool].site]);
    match &subsidy.supply {
        Supply::Anywhere => true,
        Supply::SameCity => site.city == region.city,
        Supply::SameProvince => site.province == region.province,
        Supply::Pools(pools) => pools.contains(pool),
    }
}
