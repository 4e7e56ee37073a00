//! `edwc check`: everything that is wrong with a scenario, and what is worth to know about one that is right.

use super::arguments::Check;
use super::evidence;
use super::failure::Failure;
use super::load::{self, Loaded};
use super::printer::Printer;
use super::text::columns;
use crate::diag::{Look, escape};
use crate::model::{ClassId, Gang, Model, Pool};
use std::collections::BTreeSet;

/// Checks a scenario.
pub(super) fn run(arguments: &Check, printer: &mut Printer) -> Result<(), Failure> {
    let limit = if arguments.all { usize::MAX } else { Look::LIMIT };
    let loaded = load::load_limited(&arguments.file, &arguments.overrides, limit)?;
    loaded.print_warnings(limit, printer);
    printer.out(&format!("{}: {}\n", escape(&loaded.origin.name), describe(&loaded)));
    if arguments.fit {
        printer.out(&format!("\n{}", fit(loaded.model(), printer.width())));
    }
    if arguments.evidence {
        printer.out(&format!("\n{}", evidence::list(&loaded.scenario, printer.width())));
    }
    Ok(())
}

fn describe(loaded: &Loaded) -> String {
    let model = loaded.model();
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    let gpus: u64 = model.pools.iter().map(Pool::gpus).sum();
    let warnings = match loaded.scenario.warnings.len() {
        0 => "nothing to complain about".to_owned(),
        warnings => count(warnings, "warning"),
    };
    let has = [
        count(model.sites.len(), "site"),
        format!("{gpus} GPUs"),
        count(model.regions.len(), "region"),
        count(model.workloads.len(), "workload"),
        count(model.quotas.len(), "quota"),
    ];
    format!("{}; {} of {} inputs are assumed; {warnings}", has.join(", "), model.evidence.assumed, model.evidence.inputs)
}

/// Says for every size of gang how many pools and sites could hold it, by chip and size alone: what else stands in its way shows in a run.
fn fit(model: &Model, width: usize) -> String {
    let mut rows = Vec::new();
    for workload in model.workloads.iter() {
        let class = &model.classes[workload.class];
        for (gpus, share) in sizes(&workload.gpus) {
            let fitting: Vec<&Pool> = model.pools.iter().filter(|pool| fits(model, workload.class, gpus, pool)).collect();
            let sites: BTreeSet<_> = fitting.iter().map(|pool| pool.site).collect();
            let able = model.pools.iter().filter(|pool| class.speed[pool.chip].0 > 0).count();
            let note = if sites.len() < 3 { "   few" } else { "" };
            rows.push((
                format!("  {} × {gpus}", escape(&workload.name)),
                format!("{:>5.1}% of jobs   {} of {able} pools, {} sites{note}", share * 100.0, fitting.len(), sites.len()),
            ));
        }
    }
    format!("gangs, and the pools that could hold them\n{}", columns(&rows, width))
}

fn fits(model: &Model, class: ClassId, gpus: u32, pool: &Pool) -> bool {
    let whole = u64::from(gpus.div_ceil(pool.gpus_per_node.max(1)));
    let room = if gpus <= pool.gpus_per_node { pool.nodes > 0 } else { whole <= u64::from(pool.nodes) };
    model.classes[class].speed[pool.chip].0 > 0 && room
}

fn sizes(gang: &Gang) -> Vec<(u32, f64)> {
    match gang {
        Gang::Fixed(gpus) => vec![(*gpus, 1.0)],
        Gang::Weighted(sizes) => sizes.clone(),
    }
}
