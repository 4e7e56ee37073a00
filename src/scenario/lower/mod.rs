//! From a document whose form is right to the model: one file a section.

mod change;
mod clock;
mod energy;
pub(super) mod evidence;
mod failure;
mod files;
mod fleet;
mod jobs;
mod law;
mod matcher;
mod network;
mod places;
pub(super) mod policy;
mod rules;
mod subsidy;
mod workload;

use super::check;
use super::document::Table;
use super::extend::Document;
use super::keys::{Names, Target, walk};
use super::reader::{Item, Lowering};
use crate::base::{Column, Id};
use crate::diag::{Diagnostic, SHARES, Severity};
use crate::model::{Calendar, Model};
use std::cell::RefCell;

/// The files that a document names, with a hash of their bytes.
pub(super) type Files = Vec<(String, blake3::Hash)>;

/// Checks and lowers a document; all problems go to `out`.
pub(super) fn lower_document(document: &Document, out: &mut Vec<Diagnostic>) -> Option<(Model, Files)> {
    let names = Names::of(document.table());
    walk(&document.root, &names, out, &mut |_| {});
    let calendar = clock::calendar(document);
    let lowering = Lowering { document, names: &names, calendar, out: RefCell::new(Vec::new()), files: RefCell::new(Vec::new()) };
    let mut model = lower(&lowering);
    check::names(&lowering);
    check::provinces(&lowering);
    check::format(&lowering);
    // What several sections mean together is looked at only where each means something.
    let sound = out.is_empty() && !lowering.out.borrow().iter().any(|each| each.severity == Severity::Error);
    if sound {
        change::lower(&lowering, &mut model);
        evidence::count(&lowering, &mut model);
        check::model(&lowering, &model);
    }
    out.append(&mut lowering.out.into_inner());
    sound.then_some((model, lowering.files.into_inner()))
}

/// Lowers everything but the changes and the count of evidence.
fn lower<'a>(lowering: &'a Lowering<'a>) -> Model {
    let root = lowering.root();
    let mut model = empty(lowering);
    clock::lower(&root, &mut model);
    model.governments = places::governments(&root);
    model.regions = places::regions(&root);
    model.chips = fleet::chips(&root);
    (model.sites, model.pools) = fleet::sites(&root);
    model.tariffs = energy::tariffs(&root, model.horizon);
    model.grids = energy::grids(&root, model.horizon);
    model.network = network::lower(&root);
    model.data = jobs::data(&root);
    model.classes = jobs::classes(&root, model.chips.len());
    model.tenants = places::tenants(&root);
    model.workloads = workload::lower(&root, model.horizon);
    model.outside = rules::outside(&root);
    model.quotas = rules::quotas(&root, &model);
    model.access = rules::access(&root, &model);
    model.stacks = subsidy::stacks(&root);
    model.subsidies = subsidy::subsidies(&root, &model);
    model.levies = rules::levies(&root, &model);
    model.failures = failure::lower(&root, &model);
    model.policy = policy::lower(&root);
    model.schedulers = policy::schedulers(&root);
    model
}

fn empty(lowering: &Lowering<'_>) -> Model {
    fn column<I: Id>(lowering: &Lowering<'_>, target: Target) -> Column<I, String> {
        lowering.names.list(target).iter().cloned().collect()
    }
    Model {
        title: String::new(),
        title_zh: None,
        scale: None,
        calendar: lowering.calendar,
        horizon: None,
        warmup: crate::base::Span::ZERO,
        drain: crate::model::Drain { until_idle: true, at_most: None },
        seed: 1,
        provinces: column(lowering, Target::Province),
        cities: column(lowering, Target::City),
        hubs: column(lowering, Target::Hub),
        kinds: column(lowering, Target::TenantKind),
        governments: Column::new(),
        regions: Column::new(),
        chips: Column::new(),
        sites: Column::new(),
        pools: Column::new(),
        tariffs: Column::new(),
        grids: Column::new(),
        network: network::empty(),
        data: Column::new(),
        classes: Column::new(),
        tenants: Column::new(),
        workloads: Column::new(),
        outside: Column::new(),
        quotas: Column::new(),
        access: Column::new(),
        subsidies: Column::new(),
        stacks: Column::new(),
        levies: Column::new(),
        failures: Column::new(),
        changes: Vec::new(),
        policy: crate::model::PolicyChoice::default(),
        schedulers: Column::new(),
        evidence: crate::model::EvidenceCount::default(),
    }
}

/// Checks that shares sum to one, within 10⁻⁹.
fn sum_to_one(item: &Item<'_>, what: &str, shares: impl IntoIterator<Item = f64>) {
    let sum: f64 = shares.into_iter().sum();
    if (sum - 1.0).abs() > 1e-9 {
        item.report(SHARES, format!("{what} sum to {}", (sum * 1e9).round() / 1e9), "shares of a whole must sum to 1");
    }
}

/// Returns the table at a key of the root, empty if there is none.
fn section<'a>(root: &Item<'a>, key: &str) -> impl Iterator<Item = (&'a str, Item<'a>)> + use<'a> {
    root.item(key).entries()
}

/// Counts the items of a section.
fn count(document: &Document, key: &str) -> usize {
    document.table().value(key).and_then(|node| node.value.as_table()).map_or(0, Table::len)
}

/// Makes the calendar available to sections that only know an item.
fn calendar(item: &Item<'_>) -> Calendar {
    item.lowering.calendar
}
