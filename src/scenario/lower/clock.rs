//! `[scenario]`: title, clock and seed.

use super::super::extend::Document;
use super::super::keys::value;
use super::super::reader::Item;
use crate::base::Span;
use crate::diag::TIME_ORDER;
use crate::model::{Calendar, Drain, Model};
use jiff::civil::datetime;

/// The offset of a start that gives none: China Standard Time.
const CHINA_OFFSET_S: i32 = 8 * 3600;

/// Reads the start; what is missing or wrong is 2025-01-01 in China.
pub(super) fn calendar(document: &Document) -> Calendar {
    let start = document.at("scenario.start").and_then(|node| match &node.value {
        super::super::document::Value::Date(date) => value::civil(date).ok(),
        _ => None,
    });
    let (start, offset) = start.unwrap_or((datetime(2025, 1, 1, 0, 0, 0, 0), None));
    Calendar { start, utc_offset_s: offset.unwrap_or(CHINA_OFFSET_S) }
}

pub(super) fn lower(root: &Item<'_>, model: &mut Model) {
    let scenario = root.item("scenario");
    let (title, title_zh) = scenario.item("title").bilingual();
    let file = root.lowering.document.sources.name(root.at().file);
    let stem = std::path::Path::new(file).file_stem().map_or_else(|| file.to_owned(), |stem| stem.to_string_lossy().into_owned());
    model.title = title.or_else(|| title_zh.clone()).unwrap_or(stem);
    model.title_zh = title_zh;
    model.scale = scenario.item("scale").text().map(str::to_owned);
    model.horizon = scenario.item("horizon").span();
    model.warmup = scenario.item("warmup").span().unwrap_or(Span::ZERO);
    model.seed = scenario.item("seed").large_count().unwrap_or(1);
    model.drain = drain(&scenario.item("drain"));
    let help = "write a horizon after the warm-up, such as `\"28 d\"` after `\"7 d\"`";
    match model.horizon {
        Some(Span::ZERO) => scenario.item("horizon").report(TIME_ORDER, "a horizon of zero: no job would arrive", help),
        Some(horizon) if model.warmup >= horizon => {
            let late = scenario.item("warmup").fault(TIME_ORDER, "the warm-up is not before the horizon").help(help);
            root.lowering.report(late.also(scenario.item("horizon").at(), "scenario.horizon", "the horizon"));
        }
        _ => {}
    }
}

fn drain(item: &Item<'_>) -> Drain {
    let until = item.text().or_else(|| item.item("until").text());
    Drain { until_idle: until != Some("horizon"), at_most: item.item("at_most").span() }
}
