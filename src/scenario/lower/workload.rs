//! `[workload]`: streams of jobs, and traces.

use super::super::keys::{LawUnit, Target, value};
use super::super::quantity::Unit;
use super::super::reader::{Item, SinceStart};
use super::files::{look_for, resolve};
use super::law::law;
use super::{section, sum_to_one};
use crate::base::{Column, Ratio, Span};
use crate::diag::{KEYS_TOGETHER, LAW_DOMAIN, OUT_OF_RANGE, OVERLAP, TOO_MUCH, WOULD_LOOP};
use crate::model::{
    Arrivals, ClassId, DataId, DatasetLaw, Elastic, Estimate, Gang, Law, Rate, TraceClean, TraceEstimate, TraceFile, TraceFormat, TraceStart,
    Workload, WorkloadId,
};

const DURATION: LawUnit = LawUnit::Quantity(Unit::Duration);

/// Demand by local hour on a working day, scaled to a mean of one when it is used: little at night, most in the late morning and the afternoon.
const OFFICE_HOURS: [f64; 24] =
    [0.3, 0.2, 0.2, 0.2, 0.2, 0.3, 0.4, 0.7, 1.2, 1.8, 2.0, 1.9, 1.3, 1.5, 1.9, 2.0, 1.9, 1.7, 1.2, 1.0, 0.9, 0.8, 0.6, 0.4];
/// Demand that people cause at home.
const EVENING: [f64; 24] = [0.8, 0.5, 0.3, 0.2, 0.2, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.0, 0.9, 0.9, 1.0, 1.2, 1.5, 1.9, 2.2, 2.2, 1.8, 1.3];
const WORKDAYS: [f64; 7] = [1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5];

pub(super) fn lower(root: &Item<'_>, horizon: Option<Span>) -> Column<WorkloadId, Workload> {
    let demand = root.item("scenario").item("demand").number().unwrap_or(1.0);
    section(root, "workload").map(|(name, item)| multiplied(workload(name, &item, horizon), demand)).collect()
}

/// Makes jobs come so many times as often; what each is like stays as it is.
fn multiplied(mut workload: Workload, demand: f64) -> Workload {
    if demand == 1.0 {
        return workload;
    }
    match &mut workload.arrivals {
        Arrivals::AtStart { jobs } => *jobs = (*jobs as f64 * demand).round() as u64,
        Arrivals::Poisson { rate, .. } => {
            rate.mean_per_s *= demand;
            if let Some((amplitude, _)) = &mut rate.sine {
                *amplitude *= demand;
            }
        }
        Arrivals::Mmpp { rates_per_s, .. } => rates_per_s.iter_mut().for_each(|rate| *rate *= demand),
        Arrivals::Renewal { between, .. } => *between = between.scaled(1.0 / demand),
        Arrivals::Trace(trace) => trace.stretch /= demand,
    }
    workload
}

fn workload(name: &str, item: &Item<'_>, horizon: Option<Span>) -> Workload {
    let trace = item.has("trace");
    if trace == item.has("arrivals") {
        item.report(KEYS_TOGETHER, format!("the workload `{name}` needs one source of jobs"), "give `arrivals` with `work`, or `trace`");
    } else if !trace && !item.has("work") {
        item.report(KEYS_TOGETHER, format!("the workload `{name}` says nothing about its work"), "give `work = \"10 min\"` or a law");
    }
    if trace {
        for key in ["gpus", "work", "estimate"].into_iter().filter(|key| item.has(key)) {
            item.item(key).report(KEYS_TOGETHER, format!("`{key}` beside a trace, which has its own"), "leave it out");
        }
    } else if horizon.is_none()
        && !item.lowering.root().item("scenario").has("horizon")
        && item.item("arrivals").item("process").text().is_some_and(|process| process != "at-start")
    {
        item.item("arrivals").report(
            KEYS_TOGETHER,
            "arrivals without an end: the scenario has no horizon",
            "give `scenario.horizon`, such as `\"28 d\"`",
        );
    }
    let tenants = item.item("tenants");
    let shares: Vec<_> = tenants.entries().filter_map(|(name, share)| Some((item.lowering.id(Target::Tenant, name)?, share.number()?))).collect();
    if shares.len() == tenants.entries().count() && tenants.exists() {
        sum_to_one(&tenants, "the shares of the tenants", shares.iter().map(|(_, share)| *share));
    }
    Workload {
        name: name.to_owned(),
        class: item.item("class").reference(Target::Class).unwrap_or(ClassId(0)),
        tenants: shares,
        arrivals: if trace { Arrivals::Trace(Box::new(trace_file(&item.item("trace"), horizon))) } else { arrivals(&item.item("arrivals")) },
        gpus: gang(&item.item("gpus")),
        elastic: item.has("elastic").then(|| elastic(&item.item("elastic"))),
        work: law(&item.item("work"), DURATION).unwrap_or(Law::fixed(0.0)),
        estimate: estimate(&item.item("estimate")),
        dataset: item.has("dataset").then(|| dataset(&item.item("dataset"))),
        patience: law(&item.item("patience"), DURATION),
        pays_up_to: law(&item.item("pays_up_to"), LawUnit::Quantity(Unit::PerGpuHour)),
        priority: item.item("priority").integer().and_then(|priority| i32::try_from(priority).ok()),
    }
}

fn elastic(item: &Item<'_>) -> Elastic {
    let size = |key: &str| item.item(key).integer().and_then(|size| u32::try_from(size).ok()).unwrap_or(1);
    let (min, max) = (size("min"), size("max"));
    if min > max {
        item.item("max").report(OUT_OF_RANGE, format!("the most GPUs, {max}, are fewer than the fewest, {min}"), "write a `max` of at least `min`");
    }
    Elastic { min, max: max.max(min), serial: item.item("serial").number().map_or(Ratio::ZERO, Ratio::from_f64) }
}

/// The most jobs that are there from the start: each takes about 512 bytes while it is in the system.
const JOB_LIMIT: u64 = (16 << 30) / 512;

fn arrivals(item: &Item<'_>) -> Arrivals {
    let batch = || gang(&item.item("batch"));
    match item.item("process").text() {
        Some("poisson") => Arrivals::Poisson { rate: rate(item), batch: batch() },
        Some("mmpp") => mmpp(item, batch()),
        Some("renewal") => {
            let between = law(&item.item("between"), DURATION).unwrap_or(Law::fixed(1.0));
            if between.mean() <= 0.0 {
                item.item("between").report(WOULD_LOOP, "no time between arrivals: they would never end", "write a law with a mean above zero");
            }
            Arrivals::Renewal { between, batch: batch() }
        }
        _ => {
            let jobs = item.item("jobs").large_count().unwrap_or(0);
            if jobs > JOB_LIMIT {
                item.item("jobs").report(
                    TOO_MUCH,
                    format!("{jobs} jobs at once need about {} GB", (jobs * 512).div_ceil(1 << 30)),
                    "the limit is 16 GB: let jobs arrive over time",
                );
            }
            Arrivals::AtStart { jobs }
        }
    }
}

fn rate(item: &Item<'_>) -> Rate {
    let rate = item.item("rate");
    let mean_per_s = rate.rate().or_else(|| rate.item("mean").rate()).unwrap_or(0.0);
    let sine = rate.item("sine");
    let amplitude = sine.item("amplitude").rate();
    if amplitude.is_some_and(|amplitude| amplitude > mean_per_s) {
        sine.item("amplitude").report(
            OUT_OF_RANGE,
            "the amplitude is above the mean: the rate would be negative",
            "write an amplitude of at most the mean",
        );
    }
    let period = sine.item("period").span();
    if period == Some(Span::ZERO) {
        sine.item("period").report(WOULD_LOOP, "a period of zero", "write a length of time above zero");
    }
    Rate {
        mean_per_s,
        sine: amplitude.zip(period.map(Span::as_secs_f64)),
        by_hour: profile(&item.item("by_hour"), &[("office-hours", OFFICE_HOURS), ("evening", EVENING)]),
        by_weekday: profile(&item.item("by_weekday"), &[("workdays", WORKDAYS)]),
    }
}

/// Reads weights, by name or one by one, and scales them to a mean of one.
fn profile<const N: usize>(item: &Item<'_>, named: &[(&str, [f64; N])]) -> Option<[f64; N]> {
    let weights = match item.text() {
        Some(word) => named.iter().find(|(name, _)| *name == word).map(|(_, weights)| *weights)?,
        None => <[f64; N]>::try_from(item.list().filter_map(|weight| weight.number()).collect::<Vec<_>>()).ok()?,
    };
    let mean = weights.iter().sum::<f64>() / N as f64;
    if mean <= 0.0 {
        item.report(LAW_DOMAIN, "all weights are zero", "give at least one weight above zero");
        return None;
    }
    Some(weights.map(|weight| weight / mean))
}

fn mmpp(item: &Item<'_>, batch: Gang) -> Arrivals {
    let rates_per_s: Vec<_> = item.item("rates").list().filter_map(|rate| rate.rate()).collect();
    let stays_s: Vec<_> = item.item("stays").list().filter_map(|stay| stay.span()).map(Span::as_secs_f64).collect();
    if rates_per_s.len() != stays_s.len() || rates_per_s.is_empty() {
        let message = format!("{} rates and {} stays", rates_per_s.len(), stays_s.len());
        item.report(KEYS_TOGETHER, message, "give one rate and one mean stay for each state");
    }
    if let Some(index) = stays_s.iter().position(|stay| *stay <= 0.0) {
        item.item("stays").report(WOULD_LOOP, format!("the stay of state {index} is zero"), "write a length of time above zero");
    }
    Arrivals::Mmpp { rates_per_s, stays_s, batch }
}

fn gang(item: &Item<'_>) -> Gang {
    if !item.has("values") {
        return Gang::Fixed(item.count().unwrap_or(1));
    }
    let values: Vec<_> = item.item("values").list().filter_map(|value| value.count()).collect();
    let weights: Vec<_> =
        if item.has("weights") { item.item("weights").list().filter_map(|weight| weight.number()).collect() } else { vec![1.0; values.len()] };
    let sum: f64 = weights.iter().sum();
    if values.len() != weights.len() {
        item.report(KEYS_TOGETHER, format!("{} values and {} weights", values.len(), weights.len()), "give one weight for each value");
    } else if values.is_empty() || sum <= 0.0 {
        item.report(LAW_DOMAIN, "nothing to draw: no value has a weight above zero", "give at least one value with a weight above zero");
    }
    Gang::Weighted(values.into_iter().zip(weights.into_iter().map(|weight| weight / sum)).collect())
}

fn estimate(item: &Item<'_>) -> Estimate {
    let times = item.item("times_work");
    if times.exists() {
        let range: Vec<_> = times.list().filter_map(|bound| bound.number()).collect();
        return match range.as_slice() {
            [from, to] if from > to => {
                times.report(LAW_DOMAIN, "the first factor is above the second", "write the smaller factor first");
                Estimate::Exact
            }
            [from, to] => Estimate::TimesWork(Law { shape: crate::model::Shape::Uniform { min: *from, max: *to }, min: None, max: None }),
            _ => law(&times, LawUnit::Factor).map_or(Estimate::Exact, Estimate::TimesWork),
        };
    }
    if item.text() == Some("exact") { Estimate::Exact } else { law(item, DURATION).map_or(Estimate::Exact, Estimate::Absolute) }
}

fn dataset(item: &Item<'_>) -> DatasetLaw {
    DatasetLaw {
        data: item.item("data").reference(Target::Data).unwrap_or(DataId(0)),
        bytes: law(&item.item("size"), LawUnit::Quantity(Unit::Bytes)).unwrap_or(Law::fixed(0.0)),
        shared_by: item.item("shared_by").large_count().unwrap_or(1),
    }
}

fn trace_file(item: &Item<'_>, until: Option<Span>) -> TraceFile {
    let file = item.item("file");
    if file.text().is_some() {
        look_for(&file);
    }
    let format = item.item("format").text().and_then(TraceFormat::from_word).unwrap_or(TraceFormat::Csv);
    let clean = match item.item("clean").text() {
        Some("pyss") => TraceClean::Pyss,
        Some("muri") => TraceClean::Muri,
        _ => TraceClean::AsIs,
    };
    if let Some(cleaned) = clean.format().filter(|cleaned| *cleaned != format) {
        let (rule, needed) = (item.item("clean").text().unwrap_or_default(), cleaned.word());
        let help = format!("leave it out, or give the log in the format `{needed}`");
        item.item("clean").report(KEYS_TOGETHER, format!("{rule} cleans logs of format `{needed}`; this one is of format `{}`", format.word()), help);
    }
    let class = item.item("map").item("class");
    if class.item("by").text() == Some("model") && !matches!(format, TraceFormat::Muri | TraceFormat::Tiresias) {
        let what = format!("logs of format `{}` do not say which model a job trains", format.word());
        class.item("by").report(KEYS_TOGETHER, what, "map classes by `gpus`");
    }
    TraceFile {
        path: resolve(&file),
        format,
        starts_at: starts_at(&item.item("starts_at")),
        stretch: item.item("stretch").number().unwrap_or(1.0),
        sample: item.item("sample").number().unwrap_or(1.0),
        sort: item.item("sort").flag().unwrap_or(false),
        estimate: if item.item("estimate").text() == Some("run") { TraceEstimate::Run } else { TraceEstimate::Recorded },
        clean,
        class_by_gpus: bands(&class.item("bands")),
        class_by_model: class.item("names").entries().filter_map(|(name, id)| Some((name.to_owned(), id.reference(Target::Class)?))).collect(),
        until,
    }
}

/// A date is an instant of a trace that counts from 1970 (UTC); a length of time counts from the trace's zero.
fn starts_at(item: &Item<'_>) -> TraceStart {
    let epoch = crate::model::Calendar { start: jiff::civil::datetime(1970, 1, 1, 0, 0, 0, 0), utc_offset_s: 0 };
    match item.text() {
        Some("zero") => TraceStart::Zero,
        Some(_) => item.span().map_or(TraceStart::FirstJob, |span| TraceStart::At(i64::try_from(span.0).unwrap_or(i64::MAX))),
        None => item.date().map_or(TraceStart::FirstJob, |date| {
            TraceStart::At(epoch.since_start(date) - i64::from(item.lowering.calendar.utc_offset_s) * 1_000_000)
        }),
    }
}

fn bands(item: &Item<'_>) -> Vec<(u32, u32, ClassId)> {
    let mut bands: Vec<(u32, u32, ClassId)> = Vec::new();
    for (range, class) in item.entries() {
        let (Ok((from, to)), Some(id)) = (value::sizes(range), class.reference(Target::Class)) else { continue };
        if bands.iter().any(|(other_from, other_to, _)| from <= *other_to && *other_from <= to) {
            class.report(OVERLAP, format!("the sizes `{range}` overlap with another band"), "a size has one class");
        }
        bands.push((from, to, id));
    }
    bands
}
