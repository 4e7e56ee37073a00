//! Quotas, chip access, subsidies, levies.

use super::{Feature, Switches, at, chosen, instant};
use edwc::base::{Column, Money, Ratio, Span};
use edwc::model::{
    Access, Allocate, Apply, Budget, Cap, CapScope, Covers, DomesticShare, Government, GovernmentId, GpuQuota, HoursCap, IdSet, Law, Levy, LevyTo,
    Matcher, Model, OnMiss, OnShort, Overrun, Payee, Period, Queueing, Quota, QuotaId, RateTier, Reclaim, ShareOf, Stack, StackId, StackMode,
    Subsidy, SubsidyRate, Supply,
};
use proptest::collection::vec;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub struct Parts {
    quotas: Vec<(Option<u32>, Vec<Option<GpuQuota>>, Raw, Quota)>,
    /// Whether parents stand behind their children in the column.
    upside_down: bool,
    access: Vec<(u32, Raw, Access)>,
    subsidies: Vec<(u32, Raw, Subsidy)>,
    levies: Vec<(Raw, Levy)>,
}

/// A matcher whose sets are bits.
#[derive(Clone, Debug)]
struct Raw {
    groups: Option<u32>,
    classes: Option<u32>,
    pools: Option<u32>,
    rest: Matcher,
}

impl Raw {
    fn matcher(&self, model: &Model) -> Matcher {
        Matcher {
            groups: self.groups.map(|bits| chosen(bits, model.tenants.len())),
            classes: self.classes.map(|bits| chosen(bits, model.classes.len())),
            pools: self.pools.map(|bits| chosen(bits, model.pools.len())),
            ..self.rest.clone()
        }
    }
}

fn raw() -> impl Strategy<Value = Raw> {
    let bits = || prop::option::weighted(0.4, any::<u32>());
    let share = (0_u64..=1_000_000, 0_u64..=1_000_000).prop_map(|(a, b)| (Ratio(a.min(b)), Ratio(a.max(b))));
    let pflops = (0_u64..50_000_000).prop_map(|from| (Ratio(from), Ratio(u64::MAX)));
    let gpus = (1_u32..20, 0_u32..40).prop_map(|(from, more)| (from, from + more));
    let rest = (prop::option::weighted(0.15, any::<bool>()), prop::option::weighted(0.2, gpus), prop::option::weighted(0.1, share));
    (bits(), bits(), bits(), rest, prop::option::weighted(0.1, pflops)).prop_map(|(groups, classes, pools, (affiliated, gpus, share), pflops)| Raw {
        groups,
        classes,
        pools,
        rest: Matcher { affiliated, gpus, site_domestic_share: share, site_pflops: pflops, ..Matcher::default() },
    })
}

pub fn parts() -> impl Strategy<Value = Parts> {
    let access = (any::<u32>(), raw(), access());
    let subsidy = (any::<u32>(), raw(), subsidy());
    (vec(quota(), 0..=6), any::<bool>(), vec(access, 0..=3), vec(subsidy, 0..=4), vec((raw(), levy()), 0..=2))
        .prop_map(|(quotas, upside_down, access, subsidies, levies)| Parts { quotas, upside_down, access, subsidies, levies })
}

fn period() -> impl Strategy<Value = Period> {
    prop::sample::select(vec![Period::Run, Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year])
}

fn quota() -> impl Strategy<Value = (Option<u32>, Vec<Option<GpuQuota>>, Raw, Quota)> {
    let limit = || prop::option::of(0_u64..60);
    let gpus =
        (0_u64..80, limit(), limit()).prop_map(|(nominal, borrowing_limit, lending_limit)| GpuQuota { nominal, borrowing_limit, lending_limit });
    let cap = |most: u128| {
        prop::option::weighted(0.5, (0..most, period(), any::<bool>())).prop_map(|cap| {
            cap.map(|(at_most, every, kill)| HoursCap { at_most, every, overrun: if kill { Overrun::Kill } else { Overrun::Report } })
        })
    };
    let parent = prop::option::weighted(0.6, any::<u32>());
    let how = (any::<bool>(), 0_usize..3, prop::bool::weighted(0.8));
    // Up to 1,000 GPU-hours, up to 3 MWh.
    let caps = (cap(3_600_000_000_000), cap(10_800_000_000));
    (parent, vec(prop::option::weighted(0.7, gpus), 3), raw(), caps, how, prop::option::weighted(0.5, domestic())).prop_map(
        |(parent, gpus, raw, (gpu_hours, energy), (strict, reclaim, has_matcher), domestic)| {
            let quota = Quota {
                name: "quota".into(),
                parent: None,
                matcher: Matcher::default(),
                has_matcher,
                gpus: Column::new(),
                gpu_hours,
                energy,
                queueing: if strict { Queueing::Strict } else { Queueing::BestEffort },
                reclaim: [Reclaim::Never, Reclaim::LowerPriority, Reclaim::Any][reclaim],
                domestic,
            };
            (parent, gpus, raw, quota)
        },
    )
}

fn domestic() -> impl Strategy<Value = DomesticShare> {
    (0_u64..=1_000_000, any::<bool>(), period(), 0_usize..3, 0_i64..1_000_000_000).prop_map(|(at_least, installed, over, on_miss, fine)| {
        DomesticShare {
            at_least: Ratio(at_least),
            of: if installed { ShareOf::Installed } else { ShareOf::GpuHours },
            over,
            on_miss: [OnMiss::Report, OnMiss::Refuse, OnMiss::Fine(Money(fine))][on_miss],
        }
    })
}

/// Draws a rule on chips; its dates are 1024ths of the run for now.
fn access() -> impl Strategy<Value = Access> {
    (prop::option::of(instant()), prop::option::of(instant()), prop::option::of(0_u64..100)).prop_map(|(from, until, supply)| Access {
        name: "access".into(),
        chips: IdSet::new(),
        users: Matcher::default(),
        from: from.map(edwc::base::Time),
        until: until.map(edwc::base::Time),
        supply,
    })
}

fn subsidy() -> impl Strategy<Value = Subsidy> {
    let rate = prop_oneof![
        (0_u64..=1_000_000).prop_map(|rate| SubsidyRate::Tiers(vec![RateTier { matcher: Matcher::default(), rate: Ratio(rate) }])),
        (0_i64..1_000_000).prop_map(|price| SubsidyRate::TargetPrice(Money(price))),
        (0_i64..20_000_000).prop_map(|rate| SubsidyRate::PerGpuHour(Money(rate))),
    ];
    let cap = (0_usize..4, 0_i64..2_000_000_000, prop::option::of(period()));
    let caps = vec(
        cap.prop_map(|(per, amount, every)| Cap {
            per: [CapScope::Tenant, CapScope::Site, CapScope::Job, CapScope::GpuHour][per],
            amount: Money(amount),
            every: every.filter(|_| per < 2),
        }),
        0..=2,
    );
    let budget = (0_i64..3_000_000_000, period(), any::<bool>(), any::<bool>(), prop::option::of(0.1_f64..1.0));
    let budget = prop::option::weighted(0.8, budget).prop_map(|budget| {
        budget.map(|(amount, every, prorate, carry_over, funded)| Budget {
            amount: Money(amount),
            every,
            prorate,
            carry_over,
            funded: funded.map(Law::fixed),
        })
    });
    let how = (0_usize..3, 0_usize..4, 0_usize..4, 0_usize..3, period());
    let when = (prop::option::weighted(0.3, instant()), prop::option::weighted(0.3, instant()), super::span(200_000));
    let rest = (
        prop::option::weighted(0.3, super::positive_span(100_000)),
        prop::option::of(0_u32..2),
        0_u64..=1_000_000,
        prop::option::weighted(0.2, 0_u128..1 << 40),
    );
    (rate, caps, budget, how, when, rest).prop_map(
        |(rate, caps, budget, (payee, supply, covers, short, window), (from, to, pay_after), (expires, stack, pass_through, floor))| Subsidy {
            name: "subsidy".into(),
            payers: vec![(GovernmentId(0), Ratio(600_000)), (GovernmentId(1), Ratio(400_000))],
            payee: [Payee::Tenant, Payee::Site, Payee::Operator][payee],
            valid: (from.map(edwc::base::Time), to.map(edwc::base::Time)),
            matcher: Matcher::default(),
            supply: [Supply::Anywhere, Supply::SameCity, Supply::SameProvince, Supply::Pools(IdSet::new())][supply].clone(),
            covers: if matches!(rate, SubsidyRate::TargetPrice(_)) {
                Covers::Energy
            } else {
                [Covers::Compute, Covers::Energy, Covers::Transfer, Covers::Capital][covers]
            },
            rate,
            caps,
            allocate: match (budget.is_some(), covers) {
                (true, 3) => Allocate::Batch { window, by: [Apply::ProRata, Apply::Ranked, Apply::Lottery][short] },
                _ => Allocate::FirstCome,
            },
            budget,
            on_short: [OnShort::Partial, OnShort::AllOrNothing, OnShort::Close][short],
            pay_after,
            expires,
            stack: stack.map(StackId),
            pass_through: Ratio(pass_through),
            floor_gpu_us: floor.unwrap_or(0),
        },
    )
}

fn levy() -> impl Strategy<Value = Levy> {
    (any::<bool>(), 1_000_000_u64..2_500_000, 1_u64..1_000_000, 0_i64..2_000_000, 0_u64..=1_000_000).prop_map(|(grid, pue, edge, charge, pass)| {
        Levy {
            name: "levy".into(),
            to: if grid { LevyTo::Grid } else { LevyTo::Government(GovernmentId(0)) },
            matcher: Matcher::default(),
            pue: Ratio(pue),
            bands: vec![(Ratio::ZERO, Ratio(edge), Money(charge)), (Ratio(edge), Ratio(u64::MAX), Money(charge * 2))],
            pass_through: Ratio(pass),
        }
    })
}

/// Puts the rules into a model.
pub fn add(model: &mut Model, parts: Parts, on: Switches, length: Span) {
    for name in ["nation", "province"] {
        let (name, level) = (name.to_owned(), name.to_owned());
        model.governments.push(Government { name, name_zh: None, level, province: None });
    }
    if on.on(Feature::Quotas) {
        add_quotas(model, parts.quotas, parts.upside_down, on);
    }
    for (index, (chips, users, access)) in parts.access.into_iter().enumerate().filter(|_| on.on(Feature::Access)) {
        let (chips, users) = (chosen(chips, model.chips.len()), users.matcher(model));
        let date = |instant: edwc::base::Time| at(length, instant.0);
        let (from, until) = (access.from.map(date), access.until.map(date));
        model.access.push(Access { name: format!("access-{index}"), chips, users, from, until, supply: access.supply });
    }
    for (index, mode) in [StackMode::BestOne, StackMode::Sum].into_iter().enumerate() {
        model.stacks.push(Stack { name: format!("stack-{index}"), mode, ceiling: Ratio(800_000) });
    }
    for (index, (bits, raw, mut subsidy)) in parts.subsidies.into_iter().enumerate().filter(|_| on.on(Feature::Subsidies)) {
        subsidy.name = format!("subsidy-{index}");
        subsidy.matcher = raw.matcher(model);
        let date = |instant: edwc::base::Time| at(length, instant.0);
        subsidy.valid = (subsidy.valid.0.map(date), subsidy.valid.1.map(date));
        if matches!(subsidy.supply, Supply::Pools(_)) {
            subsidy.supply = Supply::Pools(chosen(bits, model.pools.len()));
        }
        model.subsidies.push(subsidy);
    }
    for (index, (raw, mut levy)) in parts.levies.into_iter().enumerate().filter(|_| on.on(Feature::Levies)) {
        levy.name = format!("levy-{index}");
        // A levy is about sites: tenants and gangs play no part.
        levy.matcher = Matcher { groups: None, classes: None, affiliated: None, gpus: None, ..raw.matcher(model) };
        model.levies.push(levy);
    }
}

fn add_quotas(model: &mut Model, parts: Vec<(Option<u32>, Vec<Option<GpuQuota>>, Raw, Quota)>, upside_down: bool, on: Switches) {
    let count = parts.len() as u32;
    let place = |index: u32| QuotaId(if upside_down { count - 1 - index } else { index });
    let mut quotas: Vec<Quota> = Vec::new();
    for (index, (parent, gpus, raw, mut quota)) in parts.into_iter().enumerate() {
        quota.name = format!("quota-{index}");
        quota.parent = parent.filter(|_| index > 0).map(|raw| place(raw % index as u32));
        quota.matcher = raw.matcher(model);
        quota.gpus = model.chips.ids().map(|chip| gpus[chip.0 as usize]).collect();
        quota.gpu_hours = quota.gpu_hours.filter(|_| on.on(Feature::HourCaps));
        quota.energy = quota.energy.filter(|_| on.on(Feature::EnergyCaps));
        quota.domestic = quota.domestic.filter(|_| on.on(Feature::Domestic));
        quotas.push(quota);
    }
    if upside_down {
        quotas.reverse();
    }
    model.quotas = quotas.into_iter().collect();
}
