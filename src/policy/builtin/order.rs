//! Which job goes first.

use crate::base::Column;
use crate::model::{JobId, JobNumber, PolicyPart, TenantId};
use crate::policy::{PartInfo, PartKind, View};
use std::collections::BTreeSet;

pub(super) static FIFO: PartInfo = PartInfo {
    name: "fifo",
    kind: PartKind::Order,
    summary: "first come first served, by submission",
    parameters: &[],
    citation: "the baseline of every study",
    notes: "one large job at the head holds back all behind it, unless there is backfilling",
    oracle: false,
};

pub(super) static SJF: PartInfo = PartInfo {
    name: "sjf",
    kind: PartKind::Order,
    summary: "shortest job first, by the true work (an oracle)",
    parameters: &[],
    citation: "Phipps 1956, \"Machine repair as a priority waiting-line problem\"",
    notes: "logarithmic in the queue; long jobs may starve",
    oracle: true,
};

pub(super) static SMALLEST: PartInfo = PartInfo {
    name: "smallest",
    kind: PartKind::Order,
    summary: "smallest gang first, then by submission",
    parameters: &[],
    citation: "Majumdar, Eager, Bunt 1988, \"Scheduling in multiprogrammed parallel systems\"",
    notes: "logarithmic in the queue; large gangs may starve",
    oracle: false,
};

pub(super) static PRIORITY: PartInfo = PartInfo {
    name: "priority",
    kind: PartKind::Order,
    summary: "highest priority first, then by submission",
    parameters: &[],
    citation: "Cobham 1954, \"Priority assignment in waiting line problems\"",
    notes: "logarithmic in the queue; low priorities may starve",
    oracle: false,
};

pub(super) static FAIR_SHARE: PartInfo = PartInfo {
    name: "fair-share",
    kind: PartKind::Order,
    summary: "the tenant with the least use for its weight first, then by submission",
    parameters: &[],
    citation: "Kay, Lauder 1988, \"A fair share scheduler\"",
    notes: "sorts the queue by use at every pass in which use has changed; use does not decay",
    oracle: false,
};

/// An order of jobs.
#[derive(Clone, Debug)]
pub(super) enum Order {
    Fifo,
    ShortestFirst,
    SmallestFirst,
    Priority,
    FairShare(FairShare),
}

/// GPU time that tenants were promised so far, for their weight.
#[derive(Clone, Debug)]
pub(super) struct FairShare {
    use_by_weight: Column<TenantId, i64>,
    /// Counts changes, so that queues know whether their keys are stale.
    version: u64,
}

/// A queue in the order of its keys, then numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    items: BTreeSet<(i64, JobNumber, u32)>,
    version: u64,
}

impl Order {
    pub(super) fn new(part: &PolicyPart, tenants: u32) -> Self {
        match part.name.as_str() {
            "fifo" => Self::Fifo,
            "sjf" => Self::ShortestFirst,
            "smallest" => Self::SmallestFirst,
            "priority" => Self::Priority,
            "fair-share" => Self::FairShare(FairShare { use_by_weight: Column::filled(tenants as usize, 0), version: 0 }),
            other => unreachable!("the registry knows no order `{other}`"),
        }
    }
    /// Returns the key of a job: smaller goes first.
    pub(super) fn key(&self, view: View<'_>, job: JobId) -> i64 {
        let attributes = view.job(job);
        match self {
            Self::Fifo => 0,
            Self::ShortestFirst => i64::try_from(view.true_work(job).0).unwrap_or(i64::MAX),
            Self::SmallestFirst => i64::from(attributes.gpus),
            Self::Priority => -i64::from(attributes.priority),
            Self::FairShare(share) => share.use_by_weight[attributes.tenant],
        }
    }
    /// Charges a start to its tenant.
    pub(super) fn started(&mut self, view: View<'_>, job: JobId) {
        if let Self::FairShare(share) = self {
            let attributes = view.job(job);
            let weight = view.model().tenants[attributes.group].weight;
            let gpu_us = attributes.estimate.0.saturating_mul(u64::from(attributes.gpus));
            let used = &mut share.use_by_weight[attributes.tenant];
            *used = used.saturating_add(i64::try_from(weight.divide(gpu_us)).unwrap_or(i64::MAX));
            share.version += 1;
        }
    }
    fn version(&self) -> u64 {
        if let Self::FairShare(share) = self { share.version } else { 0 }
    }
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
    pub(super) fn push(&mut self, order: &Order, view: View<'_>, job: JobId) {
        self.items.insert((order.key(view, job), view.job(job).number, job.0));
    }
    /// Removes a job; the key is the one it was pushed with.
    pub(super) fn remove(&mut self, key: i64, number: JobNumber, job: JobId) {
        self.items.remove(&(key, number, job.0));
    }
    /// Removes a job that left the system, whatever its key was. *O*(queue) where keys change, as nothing else knows the old one.
    pub(super) fn forget(&mut self, job: JobId) {
        self.items.retain(|item| item.2 != job.0);
    }
    /// Brings the keys up to date, where they change while jobs wait.
    pub(super) fn refresh(&mut self, order: &Order, view: View<'_>) {
        if self.version != order.version() {
            self.version = order.version();
            self.items = self.items.iter().map(|item| (order.key(view, JobId(item.2)), item.1, item.2)).collect();
        }
    }
    /// Returns the first job at or after a place in the order.
    pub(super) fn next(&self, from: Option<(i64, JobNumber)>) -> Option<(i64, JobNumber, JobId)> {
        let item = match from {
            None => self.items.first(),
            Some((key, number)) => self.items.range((key, number + 1, 0)..).next(),
        };
        item.map(|(key, number, job)| (*key, *number, JobId(*job)))
    }
}
