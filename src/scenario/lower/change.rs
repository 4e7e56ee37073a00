//! `[[change]]`: what is replaced while a run goes on.
//!
//! A change is applied to the document, the result is lowered again, and what differs between the two models is what the engine replaces. So a
//! change means exactly what the same values would mean in the file.

use super::super::document::{Node, Value, join};
use super::super::extend::{Document, apply};
use super::super::keys::{Names, walk};
use super::super::reader::{Item, Lowering};
use crate::base::{Column, Id};
use crate::diag::{Diagnostic, FIXED, Severity, TIME_ORDER};
use crate::model::{Change, Model, Setting};
use std::cell::RefCell;

/// What can change, and which keys of it cannot: `*` stands for a name.
const CHANGEABLE: [(&str, &[&str]); 12] = [
    ("site.*.pool.*", &["chip", "gpus_per_node"]),
    ("site.*", &["name", "at", "province", "city", "hub", "side", "owner", "pool", "scheduler"]),
    ("tariff.*", &[]),
    ("grid.*", &[]),
    ("network.link.*", &["ends"]),
    ("admission.*", &[]),
    ("outside.*", &[]),
    ("quota.*", &["parent"]),
    ("access.*", &[]),
    ("subsidy.*", &["payer", "stack"]),
    ("levy.*", &[]),
    ("workload.*", &["class", "trace"]),
];

/// Lowers all changes, in order of time; each stands on those before it.
pub(super) fn lower(lowering: &Lowering<'_>, model: &mut Model) {
    let mut changes: Vec<_> = lowering.root().item("change").list().collect();
    changes.sort_by_key(|change| change.item("at").instant());
    let mut document = lowering.document.clone();
    let mut current = model.clone();
    for change in changes {
        let Some(at) = change.item("at").instant() else { continue };
        if change.item("at").date().is_some_and(|date| date < lowering.calendar.start) {
            change.item("at").report(TIME_ORDER, "the change is before the start", "write the new values where they stand");
            continue;
        }
        if !changeable(&change.item("set")) {
            continue;
        }
        let Some(next) = apply_one(lowering, &mut document, &change) else { return };
        let settings = compare(&current, &next);
        match settings {
            Some(settings) => model.changes.push(Change { at, settings }),
            None => change.item("set").report(FIXED, "the change adds or takes away something", HELP),
        }
        current = next;
    }
}

const HELP: &str = "numbers of sites, pools, tariffs, grids, links, admission, outside clouds, quotas, access, subsidies, levies and workloads can change during a run";

/// Checks that a change sets only what can change.
fn changeable(set: &Item<'_>) -> bool {
    let mut sound = true;
    let Some(node) = set.node else { return false };
    visit(node, "", &mut |path, node| {
        let keys: Vec<&str> = path.split('.').collect();
        let allowed = CHANGEABLE.iter().find(|(pattern, _)| {
            let pattern: Vec<&str> = pattern.split('.').collect();
            pattern.len() <= keys.len() && pattern.iter().zip(&keys).all(|(pattern, key)| *pattern == "*" || pattern == key)
        });
        let fixed = match allowed {
            None => true,
            Some((pattern, fixed)) => keys.get(pattern.split('.').count()).is_some_and(|key| fixed.contains(key)),
        };
        if fixed {
            sound = false;
            let fault = Diagnostic::new(FIXED, format!("`{path}` cannot change during a run")).at(node.key_at, join(&set.path, path));
            let quoted = path.starts_with('"') && path.contains('.');
            set.lowering.report(fault.help(if quoted { "write the path without quotes: `{ site.zhongwei.pue = 1.2 }`" } else { HELP }));
        }
    });
    sound
}

fn visit(node: &Node, path: &str, each: &mut dyn FnMut(&str, &Node)) {
    match &node.value {
        Value::Table(table) if !table.is_empty() => table.iter().for_each(|(key, node)| visit(node, &join(path, key), each)),
        _ => each(path, node),
    }
}

/// Applies one change to the document and lowers the result; problems are reported at the change.
fn apply_one(lowering: &Lowering<'_>, document: &mut Document, change: &Item<'_>) -> Option<Model> {
    let set = change.item("set").table()?.clone();
    let Value::Table(root) = &mut document.root.value else { return None };
    let lost = apply(root, set);
    if !lost.is_empty() {
        lost.into_iter().for_each(|lost| lowering.report(lost.diagnostic(&change.path)));
        return None;
    }
    let names = Names::of(document.table());
    let mut out = Vec::new();
    walk(&document.root, &names, &mut out, &mut |_| {});
    let inner = Lowering { document, names: &names, calendar: lowering.calendar, out: RefCell::new(Vec::new()), files: RefCell::new(Vec::new()) };
    let model = super::lower(&inner);
    out.append(&mut inner.out.into_inner());
    lowering.files.borrow_mut().append(&mut inner.files.into_inner());
    let sound = out.iter().all(|each| each.severity != Severity::Error);
    out.into_iter().filter(|each| each.severity == Severity::Error).for_each(|each| lowering.report(each));
    sound.then_some(model)
}

/// Returns what differs; nothing, if things came or went.
fn compare(old: &Model, new: &Model) -> Option<Vec<Setting>> {
    let mut settings = Vec::new();
    compare_column(&old.sites, &new.sites, Setting::Site, &mut settings)?;
    compare_column(&old.pools, &new.pools, Setting::Pool, &mut settings)?;
    compare_column(&old.tariffs, &new.tariffs, Setting::Tariff, &mut settings)?;
    compare_column(&old.grids, &new.grids, Setting::Grid, &mut settings)?;
    compare_column(&old.network.links, &new.network.links, Setting::Link, &mut settings)?;
    compare_column(&old.outside, &new.outside, Setting::Outside, &mut settings)?;
    compare_column(&old.quotas, &new.quotas, Setting::Quota, &mut settings)?;
    compare_column(&old.access, &new.access, Setting::Access, &mut settings)?;
    compare_column(&old.subsidies, &new.subsidies, Setting::Subsidy, &mut settings)?;
    compare_column(&old.levies, &new.levies, Setting::Levy, &mut settings)?;
    compare_column(&old.workloads, &new.workloads, Setting::Workload, &mut settings)?;
    Some(settings)
}

fn compare_column<I: Id, T: PartialEq + Clone>(
    old: &Column<I, T>,
    new: &Column<I, T>,
    setting: fn(I, T) -> Setting,
    settings: &mut Vec<Setting>,
) -> Option<()> {
    if old.len() != new.len() {
        return None;
    }
    let changed = old.entries().zip(new.iter()).filter(|((_, old), new)| old != new);
    settings.extend(changed.map(|((id, _), new)| setting(id, new.clone())));
    Some(())
}
