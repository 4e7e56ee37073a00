//! Money, energy, carbon and the official goals in the summary.

use super::table::{Cell, Table, flow, wrap};
use super::words::{self, Yuan, bar, count, date, number, number_or_none, percent};
use super::{ATTENTION, escape};
use crate::output::Summary;
use crate::output::summary::{Met, SubsidyUse};

/// Columns of a budget's bar.
const BAR: usize = 10;

/// Writes an amount with its unit: `65.5M CNY`.
pub(super) fn short(yuan: f64) -> String {
    let unit = Yuan::fitting([yuan]);
    let space = if unit.name == "CNY" { " " } else { "" };
    format!("{}{space}{}", unit.amount(yuan), unit.name)
}

pub(super) fn subsidies(summary: &Summary, width: usize) -> String {
    if summary.subsidies.is_empty() {
        return String::new();
    }
    let total: f64 = summary.subsidies.iter().map(|(_, subsidy)| subsidy.paid_cny).sum();
    let unit = Yuan::fitting([total]);
    let paid = format!("paid, {}", unit.name);
    let mut table = Table::new(["subsidy, whole run", &paid, "of budget", "jobs", "short", "caps hit", "CNY/GPU-h"]).left(2);
    for (name, subsidy) in summary.subsidies.iter() {
        table.row([
            escape(name).into(),
            unit.amount(subsidy.paid_cny).into(),
            of_budget(subsidy),
            count(subsidy.claims).into(),
            count(subsidy.short_claims).into(),
            count(subsidy.caps_hit).into(),
            number_or_none(subsidy.cny_per_gpu_hour).into(),
        ]);
    }
    if summary.subsidies.0.len() > 1 {
        let empty = || Cell::from("");
        table.row(["total".into(), unit.amount(total).into(), empty(), empty(), empty(), empty(), empty()]);
    }
    let came_back =
        summary.subsidies.iter().any(|(_, subsidy)| !subsidy.spent_on.is_empty() && subsidy.share_of_budget.is_some_and(|share| share < 0.995));
    let note = "  dry: all was paid or reserved on that day; reservations that a job did not need came back later";
    table.render(width) + &if came_back { wrap(note, width, "  ") } else { String::new() }
}

fn of_budget(subsidy: &SubsidyUse) -> Cell {
    match (subsidy.share_of_budget, subsidy.spent_on.first()) {
        (Some(share), Some(day)) => Cell::styled(format!("{:>4} dry {}", percent(share), date(day)), ATTENTION),
        (Some(share), None) => format!("{:>4} {}", percent(share), bar(share, BAR)).into(),
        (None, _) => format!("{:>4} no budget", words::NONE).into(),
    }
}

pub(super) fn totals(summary: &Summary, width: usize) -> String {
    let money = &summary.money;
    let cost = &money.resource_cost;
    let unit = Yuan::fitting([money.tenants.charged_cny, cost.total_cny]);
    let tenants = format!(
        "tenants {} net = {} charged - {} subsidies",
        unit.amount(money.tenants.net_cny),
        unit.amount(money.tenants.charged_cny),
        unit.amount(money.tenants.subsidies_cny)
    );
    let others = [(money.outside_cny, "to clouds outside"), (money.levies_cny, "levies"), (money.fines_cny, "fines")];
    let mut items = vec![tenants];
    items.extend(others.into_iter().filter(|(amount, _)| *amount > 0.0).map(|(amount, word)| format!("{} {word}", unit.amount(amount))));
    let resources = [
        format!("resource cost {}:", unit.amount(cost.total_cny)),
        if cost.capital_cny > 0.0 { format!("capital {},", unit.amount(cost.capital_cny)) } else { "no capital given,".to_owned() },
        format!("energy {},", unit.amount(cost.energy_cny)),
        format!("transfer {}", unit.amount(cost.transfer_cny)),
    ];
    items.push(resources.join(" "));
    let governments: Vec<String> =
        money.by_government.iter().filter(|(_, paid)| *paid > 0.0).map(|(name, paid)| format!("{} {}", escape(name), unit.amount(*paid))).collect();
    let mut text = flow(&format!("money, {}", unit.name), &items, width);
    if !governments.is_empty() {
        text.push_str(&flow("  paid by", &governments, width));
    }
    let carbon = &summary.carbon_kg;
    let energy =
        [energy(summary.energy_kwh), format!("carbon {} by location,", mass(carbon.location)), format!("{} by contract", mass(carbon.market))];
    text.push_str(&flow("energy", &[energy[0].clone(), energy[1..].join(" ")], width));
    text + &flow("official goals", &goals(summary), width) + &flow("fairness", &fairness(summary), width)
}

fn goals(summary: &Summary) -> Vec<String> {
    let goals = &summary.goals;
    let met = |what: &str, met: Met| match met {
        Met { sites: 0, .. } => format!("{what}: not judged"),
        Met { met, sites } if met == sites => format!("{what}: all"),
        Met { met, sites } => format!("{what}: {met} of {sites}"),
    };
    vec![met("take-up ≥ 65%", goals.take_up), met("PUE", goals.pue), met("green ≥ 80%", goals.green_share), met("one way ≤ 20 ms", goals.one_way)]
}

fn fairness(summary: &Summary) -> Vec<String> {
    vec![
        format!("tenants {} (Jain)", number_or_none(summary.fairness.jain_tenants)),
        format!("regions {} (largest ÷ least slowdown)", number_or_none(summary.fairness.region_slowdown_spread)),
    ]
}

fn energy(kwh: f64) -> String {
    match kwh {
        kwh if kwh >= 1e6 => format!("{} GWh", number(kwh / 1e6)),
        kwh if kwh >= 1e4 => format!("{} MWh", number(kwh / 1e3)),
        kwh => format!("{} kWh", number(kwh)),
    }
}

fn mass(kilograms: f64) -> String {
    if kilograms >= 1e4 { format!("{} t", number(kilograms / 1e3)) } else { format!("{} kg", number(kilograms)) }
}
