//! `[tariff]` and `[grid]`: prices and carbon by the hour.

use super::super::keys::value;
use super::super::quantity::Unit;
use super::super::reader::Item;
use super::files::series;
use super::fleet::hours_of;
use super::section;
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Column, Span};
use crate::diag::{KEYS_TOGETHER, OVERLAP};
use crate::model::{DayPrices, Grid, GridId, Series, Tariff, TariffId};

/// The bands of a tariff besides the flat price, in Chinese practice.
const BANDS: [&str; 4] = ["sharp", "peak", "valley", "deep"];

pub(super) fn tariffs(root: &Item<'_>, horizon: Option<Span>) -> Column<TariffId, Tariff> {
    section(root, "tariff").map(|(name, item)| Tariff { name: name.to_owned(), prices: prices(&item, horizon) }).collect()
}

fn prices(item: &Item<'_>, horizon: Option<Span>) -> Series {
    let bands = BANDS.iter().any(|band| item.has(band));
    match (item.has("flat"), item.has("series")) {
        (false, true) if !bands => return series(&item.item("series"), Unit::PerKwh, horizon),
        (true, false) => {}
        (false, false) => item.report(KEYS_TOGETHER, "a tariff without a price", "give `flat`, with or without bands, or a `series`"),
        _ => item.item("series").report(KEYS_TOGETHER, "a series beside other prices", "give `flat` with bands, or a `series`"),
    }
    daily(item)
}

fn daily(item: &Item<'_>) -> Series {
    let flat = item.item("flat").money(Unit::PerKwh).unwrap_or_default().0;
    let mut months = [[flat; 24]; 12];
    let mut taken = [[None; 24]; 12];
    for name in BANDS {
        let band = item.item(name);
        let Some(price) = band.item("price").money(Unit::PerKwh) else { continue };
        let given: Vec<_> = band.item("months").list().filter_map(|month| month.count()).filter(|month| (1..=12).contains(month)).collect();
        let in_force = if band.has("months") { given } else { (1..=12).collect() };
        for range in band.item("hours").list() {
            let Some(Ok((from, to))) = range.text().map(value::hours) else { continue };
            let clash =
                in_force.iter().flat_map(|month| hours_of(from, to).map(move |hour| (*month as usize - 1, hour))).find_map(|(month, hour)| {
                    months[month][hour] = price.0;
                    taken[month][hour].replace(name).map(|other| (hour, other))
                });
            if let Some((hour, other)) = clash {
                let message = format!("the hour from {hour} to {} is in `{other}` and in `{name}`", hour + 1);
                range.report(OVERLAP, message, "an hour has one price: write each hour once");
            }
        }
    }
    Series::Daily(Box::new(months.map(|hours| steps(&hours))))
}

/// Makes steps of 24 hourly values.
fn steps(hours: &[i64; 24]) -> DayPrices {
    let mut steps: Vec<(u64, i64)> = Vec::new();
    for (hour, value) in hours.iter().enumerate() {
        if steps.last().is_none_or(|(_, last)| last != value) {
            steps.push((hour as u64 * MICROS_PER_HOUR, *value));
        }
    }
    DayPrices(steps)
}

pub(super) fn grids(root: &Item<'_>, horizon: Option<Span>) -> Column<GridId, Grid> {
    section(root, "grid").map(|(name, item)| Grid { name: name.to_owned(), carbon: carbon(&item, horizon) }).collect()
}

fn carbon(item: &Item<'_>, horizon: Option<Span>) -> Series {
    match (item.has("carbon"), item.has("series")) {
        (false, true) if !item.has("by_hour") => return series(&item.item("series"), Unit::Carbon, horizon),
        (true, false) => {}
        _ => item.report(KEYS_TOGETHER, "a grid needs one carbon intensity", "give `carbon`, with or without `by_hour`, or a `series`"),
    }
    let factor = |item: &Item<'_>| item.quantity(Unit::Carbon).and_then(|value| i64::try_from(value).ok()).unwrap_or(0);
    let mut hours = [factor(&item.item("carbon")); 24];
    let mut given = [false; 24];
    for (range, value) in item.item("by_hour").entries() {
        let Ok((from, to)) = value::hours(range) else { continue };
        for hour in hours_of(from, to) {
            if std::mem::replace(&mut given[hour], true) {
                value.report(OVERLAP, format!("the hour from {hour} to {} has two factors", hour + 1), "write each hour once");
                break;
            }
            hours[hour] = factor(&value);
        }
    }
    Series::Daily(Box::new(std::array::from_fn(|_| steps(&hours))))
}
