//! `[subsidy]` and `[stack]`.

use super::super::keys::{LawUnit, Target};
use super::super::quantity::Unit;
use super::super::reader::Item;
use super::law::law;
use super::matcher::{matcher, pools};
use super::{section, sum_to_one};
use crate::base::{Column, Ratio, Span, Time};
use crate::diag::{KEYS_TOGETHER, TIME_ORDER};
use crate::model::{
    Allocate, Apply, Budget, Cap, CapScope, Covers, IdSet, Matcher, Model, OnShort, Payee, Period, RateTier, Stack, StackId, StackMode, Subsidy,
    SubsidyId, SubsidyRate, Supply,
};

pub(super) fn stacks(root: &Item<'_>) -> Column<StackId, Stack> {
    let stack = |(name, item): (&str, Item<'_>)| Stack {
        name: name.to_owned(),
        mode: if item.item("mode").text() == Some("sum") { StackMode::Sum } else { StackMode::BestOne },
        ceiling: item.item("ceiling").ratio().unwrap_or(Ratio::ONE),
    };
    section(root, "stack").map(stack).collect()
}

pub(super) fn subsidies(root: &Item<'_>, model: &Model) -> Column<SubsidyId, Subsidy> {
    section(root, "subsidy").map(|(name, item)| subsidy(name, &item, model)).collect()
}

fn subsidy(name: &str, item: &Item<'_>, model: &Model) -> Subsidy {
    let payer = item.item("payer");
    let payers: Vec<_> = payer.entries().filter_map(|(name, share)| Some((item.lowering.id(Target::Government, name)?, share.ratio()?))).collect();
    if payer.exists() && payers.len() == payer.entries().count() {
        sum_to_one(&payer, "the shares of the payers", payer.entries().filter_map(|(_, share)| share.number()));
    }
    let covers = covers(&item.item("covers"));
    Subsidy {
        name: name.to_owned(),
        payers,
        payee: match item.item("payee").text() {
            Some("site") => Payee::Site,
            Some("operator") => Payee::Operator,
            _ => Payee::Tenant,
        },
        valid: valid(&item.item("valid")),
        matcher: matcher(&item.item("for"), model),
        supply: supply(&item.item("supply"), model),
        covers,
        rate: rate(item, covers, model),
        caps: item.item("cap").list().map(|cap| self::cap(&cap)).collect(),
        budget: item.has("budget").then(|| budget(&item.item("budget"))),
        allocate: allocate(&item.item("allocate")),
        on_short: match item.item("on_short").text() {
            Some("all-or-nothing") => OnShort::AllOrNothing,
            Some("close") => OnShort::Close,
            _ => OnShort::Partial,
        },
        pay_after: item.item("pay").item("after").span().unwrap_or(Span::ZERO),
        expires: item.item("pay").item("expires").span(),
        stack: item.item("stack").reference(Target::Stack),
        pass_through: item.item("pass_through").ratio().unwrap_or(Ratio::ZERO),
        floor_gpu_us: item.item("floor").quantity(Unit::GpuHours).unwrap_or(0).unsigned_abs(),
    }
}

fn covers(item: &Item<'_>) -> Covers {
    match item.text() {
        Some("energy") => Covers::Energy,
        Some("transfer") => Covers::Transfer,
        Some("capital") => Covers::Capital,
        _ => Covers::Compute,
    }
}

/// Both days are inside: the window ends with the midnight after `to`. What lies before the start is open there.
fn valid(item: &Item<'_>) -> (Option<Time>, Option<Time>) {
    let calendar = item.lowering.calendar;
    let (from, to) = (item.item("from").date(), item.item("to").date());
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        item.item("to").report(TIME_ORDER, "`to` is before `from`", "a window begins before it ends");
    }
    let until = to.map(|to| to.date().tomorrow().ok().and_then(|day| calendar.midnight(day)).unwrap_or(Time::ZERO));
    (from.and_then(|from| calendar.midnight(from.date())), until)
}

fn supply(item: &Item<'_>, model: &Model) -> Supply {
    match item.text() {
        Some("same-city") => Supply::SameCity,
        Some("same-province") => Supply::SameProvince,
        _ if item.table().is_some() => {
            super::matcher::only_places(item, "a subsidy's `supply`", &[]);
            Supply::Pools(pools(item, model).unwrap_or_else(|| IdSet::all(model.pools.len())))
        }
        None if item.exists() => {
            let sites: Vec<crate::model::SiteId> = item.references(Target::Site);
            Supply::Pools(model.pools.entries().filter(|(_, pool)| sites.contains(&pool.site)).map(|(id, _)| id).collect())
        }
        _ => Supply::Anywhere,
    }
}

fn rate(item: &Item<'_>, covers: Covers, model: &Model) -> SubsidyRate {
    let (rate, target) = (item.item("rate"), item.item("target_price"));
    if rate.exists() == target.exists() {
        item.report(KEYS_TOGETHER, "a subsidy needs one rate", "give `rate` or `target_price`");
    }
    if target.exists() && covers != Covers::Energy {
        target.report(KEYS_TOGETHER, "a target price is about energy", "write `covers = \"energy\"`");
    }
    let everyone = |rate: Ratio| SubsidyRate::Tiers(vec![RateTier { matcher: Matcher::default(), rate }]);
    if let Some(price) = target.money(Unit::PerKwh) {
        SubsidyRate::TargetPrice(price)
    } else if let Some(price) = rate.money(Unit::PerGpuHour) {
        SubsidyRate::PerGpuHour(price)
    } else if let Some(share) = rate.ratio() {
        everyone(share)
    } else {
        let tier = |tier: Item<'_>| RateTier { matcher: matcher(&tier.item("for"), model), rate: tier.item("rate").ratio().unwrap_or(Ratio::ZERO) };
        SubsidyRate::Tiers(rate.list().map(tier).collect())
    }
}

fn cap(item: &Item<'_>) -> Cap {
    let per = match item.item("per").text() {
        Some("site") => CapScope::Site,
        Some("job") => CapScope::Job,
        Some("gpu-hour") => CapScope::GpuHour,
        _ => CapScope::Tenant,
    };
    if matches!(per, CapScope::Job | CapScope::GpuHour) && item.has("every") {
        item.item("every").report(KEYS_TOGETHER, "a cap per job or GPU-hour has no period", "leave `every` out");
    }
    Cap { per, amount: item.item("amount").money(Unit::Money).unwrap_or_default(), every: item.item("every").period() }
}

fn budget(item: &Item<'_>) -> Budget {
    Budget {
        amount: item.item("amount").money(Unit::Money).unwrap_or_default(),
        every: item.item("every").period().unwrap_or(Period::Run),
        prorate: item.item("prorate").flag().unwrap_or(false),
        carry_over: item.item("carry_over").flag().unwrap_or(false),
        funded: law(&item.item("funded"), LawUnit::Share),
    }
}

fn allocate(item: &Item<'_>) -> Allocate {
    let Some(window) = item.item("batch").period() else { return Allocate::FirstCome };
    let by = match item.item("by").text() {
        Some("ranked") => Apply::Ranked,
        Some("lottery") => Apply::Lottery,
        _ => Apply::ProRata,
    };
    Allocate::Batch { window, by }
}
