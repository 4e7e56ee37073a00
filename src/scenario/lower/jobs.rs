//! `[data]` and `[class]`.

use super::super::keys::{Target, value};
use super::super::reader::Item;
use super::section;
use crate::base::{Bytes, Column, Ratio, Span};
use crate::diag::{NO_POOL, WOULD_LOOP};
use crate::model::{Checkpoint, ChipId, Class, ClassId, DataClass, DataId, Elsewhere, OnFailure, Stays};

pub(super) fn data(root: &Item<'_>) -> Column<DataId, DataClass> {
    let data = |(name, item): (&str, Item<'_>)| DataClass {
        name: name.to_owned(),
        stays: match item.item("stays").text() {
            Some("home-province") => Stays::HomeProvince,
            Some("home-city") => Stays::HomeCity,
            _ => Stays::Anywhere,
        },
        elsewhere: match item.item("elsewhere").text() {
            Some("remote-read") => Elsewhere::RemoteRead,
            Some("copy") => Elsewhere::Copy,
            _ => Elsewhere::Forbid,
        },
        efficiency: efficiency(&item.item("efficiency")).unwrap_or(Ratio::ONE),
    };
    section(root, "data").map(data).collect()
}

/// Reads an efficiency: a share above zero, as a job at none would never end.
fn efficiency(item: &Item<'_>) -> Option<Ratio> {
    let ratio = item.ratio()?;
    if ratio == Ratio::ZERO {
        item.report(WOULD_LOOP, "an efficiency of zero: a job would never end", "write a share above 0");
    }
    Some(ratio)
}

pub(super) fn classes(root: &Item<'_>, chips: usize) -> Column<ClassId, Class> {
    section(root, "class").map(|(name, item)| class(name, &item, chips)).collect()
}

fn class(name: &str, item: &Item<'_>, chips: usize) -> Class {
    let mut speed = Column::filled(chips, Ratio::ZERO);
    for (chip, factor) in item.item("speed").entries() {
        if let (Some(id), Some(ratio)) = (item.lowering.id::<ChipId>(Target::Chip, chip), factor.ratio()) {
            speed[id] = ratio;
        }
    }
    if item.has("speed") && speed.iter().all(|ratio| *ratio == Ratio::ZERO) {
        item.item("speed").report(NO_POOL, format!("no chip can run jobs of the class `{name}`"), "give a speed above 0 for a chip");
    }
    let deadline = item.item("deadline");
    Class {
        name: name.to_owned(),
        speed,
        spread: thresholds(&item.item("spread"), "nodes"),
        split: thresholds(&item.item("split"), "km"),
        checkpoint: item.has("checkpoint").then(|| checkpoint(&item.item("checkpoint"))),
        on_failure: match item.item("on_failure").text() {
            Some("restart") => OnFailure::Restart,
            Some("keep") => OnFailure::Keep,
            _ => OnFailure::Resume,
        },
        start_overhead: item.item("overhead").item("start").span().unwrap_or(Span::ZERO),
        lost_when_preempted: lost_when_preempted(&item.item("overhead").item("preempted")),
        transfer_weight: item.item("transfer").item("weight").ratio().unwrap_or(Ratio::ONE),
        transfer_rate_max: item.item("transfer").item("rate_max").bandwidth(),
        one_way_max: item.item("one_way_max").span(),
        rtt_max: item.item("rtt_max").span(),
        priority: item.item("priority").integer().and_then(|priority| i32::try_from(priority).ok()).unwrap_or(0),
        deadline_times_work: deadline.item("times_work").ratio(),
        deadline: deadline.span().or_else(|| deadline.item("after").span()),
        kill_at_estimate: item.item("kill_at_estimate").flag().unwrap_or(false),
    }
}

fn thresholds(item: &Item<'_>, word: &str) -> Vec<(u32, Ratio)> {
    let mut steps: Vec<_> = item.entries().filter_map(|(key, share)| Some((value::threshold(word, key).ok()?, efficiency(&share)?))).collect();
    steps.sort_by_key(|(from, _)| *from);
    steps
}

fn lost_when_preempted(item: &Item<'_>) -> Vec<(u32, Span)> {
    if let Some(lost) = item.span() {
        return vec![(0, lost)];
    }
    let mut steps: Vec<_> = item.entries().filter_map(|(key, lost)| Some((value::threshold("gpus", key).ok()?, lost.span()?))).collect();
    steps.sort_by_key(|(from, _)| *from);
    steps
}

fn checkpoint(item: &Item<'_>) -> Checkpoint {
    let every = item.item("every").span().unwrap_or(Span::hours(1));
    if every == Span::ZERO {
        item.item("every").report(
            WOULD_LOOP,
            "checkpoints every zero seconds would never let the job go on",
            "write a length of time above zero, such as `\"30 min\"`",
        );
    }
    Checkpoint {
        every,
        cost: item.item("cost").span().unwrap_or(Span::ZERO),
        restore: item.item("restore").span().unwrap_or(Span::ZERO),
        size_per_gpu: item.item("size_per_gpu").bytes().unwrap_or(Bytes::ZERO),
    }
}
