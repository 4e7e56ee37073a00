//! The history that a run's fingerprint is made of, event by event.

use crate::base::digest::Entry;
use crate::base::{Id, Money, Time};
use crate::model::{ClassId, Model, PoolId};
use crate::world::records::Fate;

/// What an event of the history is; the numbers are part of the fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum History {
    Arrival = 1,
    Left = 2,
    Start = 3,
    End = 4,
    Preempted = 5,
    Failed = 6,
    NodeDown = 7,
    NodeUp = 8,
    Transfer = 9,
    Computing = 10,
    Boundary = 11,
    Change = 12,
    Bind = 13,
    Money = 14,
    Moved = 15,
    Resized = 16,
}

impl History {
    const ALL: [Self; 16] = [
        Self::Arrival,
        Self::Left,
        Self::Start,
        Self::End,
        Self::Preempted,
        Self::Failed,
        Self::NodeDown,
        Self::NodeUp,
        Self::Transfer,
        Self::Computing,
        Self::Boundary,
        Self::Change,
        Self::Bind,
        Self::Money,
        Self::Moved,
        Self::Resized,
    ];
}

/// Writes an event of the history for people, with its time.
pub fn describe(entry: &Entry, model: &Model) -> String {
    let [at, subject, more] = entry.words;
    let pool = |index: u64| {
        let pool = usize::try_from(index).ok().filter(|index| *index < model.pools.len()).map(|index| &model.pools[PoolId::from_index(index)]);
        pool.map_or_else(|| format!("pool {index}"), |pool| format!("`{}.{}`", model.sites[pool.site].name, pool.name))
    };
    let what = match History::ALL.iter().find(|kind| **kind as u8 == entry.kind) {
        Some(History::Arrival) => {
            let class = (more & u64::from(u32::MAX)) as usize;
            let class = if class < model.classes.len() { &*model.classes[ClassId::from_index(class)].name } else { "" };
            format!("job {subject} arrives, of class `{class}` for {} GPUs", more >> 32)
        }
        Some(History::Left) => {
            let fate = Fate::ALL.get(more as usize).map_or("gone", |fate| fate.name());
            format!("job {subject} leaves: {fate}")
        }
        Some(History::Start) => format!("job {subject} starts in {}", pool(more)),
        Some(History::End) => format!("job {subject} ends{}", if more == 0 { " before its work is done" } else { "" }),
        Some(History::Preempted) => format!("job {subject} is preempted"),
        Some(History::Failed) => format!("job {subject} fails"),
        Some(History::NodeDown) => format!("node {more} of {} fails", pool(subject)),
        Some(History::NodeUp) => format!("node {more} of {} is repaired", pool(subject)),
        Some(History::Transfer) => format!("a transfer of {subject} bytes ends"),
        Some(History::Computing) => format!("job {subject} begins to compute"),
        Some(History::Boundary) => "a period begins".to_owned(),
        Some(History::Change) => format!("change {subject} of the scenario"),
        Some(History::Bind) => format!("job {subject} is bound to {}", pool(more)),
        Some(History::Money) => {
            let whose = if subject == u64::MAX { String::new() } else { format!(" for job {subject}") };
            format!("{} CNY are paid{whose}", Money(i64::try_from(more).unwrap_or(i64::MAX)).as_yuan_f64())
        }
        Some(History::Moved) => format!("job {subject} leaves its GPUs for others, in {}", pool(more)),
        Some(History::Resized) => format!("job {subject} has {more} GPUs from now on"),
        None => format!("an event of kind {}", entry.kind),
    };
    format!("{}: {what}", Time(at))
}
