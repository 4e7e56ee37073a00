//! `edwc check`: everything that is wrong with a scenario, and what is worth to know about one that is right.

use super::arguments::Check;
use super::evidence;
use super::failure::{Failure, plural};
use super::load::{self, Loaded};
use super::printer::Printer;
use super::text::columns;
use crate::diag::{Look, escape};
use crate::model::{Arrivals, Model, Pool};
use crate::output::text::thousands;
use crate::scenario::fit;

/// Checks a scenario.
pub(super) fn run(arguments: &Check, printer: &mut Printer) -> Result<(), Failure> {
    let limit = if arguments.all { usize::MAX } else { Look::LIMIT };
    let loaded = load::load_limited(&arguments.file, &[], &arguments.overrides, limit)?;
    loaded.print_warnings(limit, printer);
    printer.out(&format!("{}: {}\n", escape(&loaded.origin.name), describe(&loaded)));
    if arguments.fit {
        printer.out(&format!("\n{}", gangs(loaded.model(), printer.width())));
    }
    if arguments.evidence {
        printer.out(&format!("\n{}", evidence::list(&loaded.scenario, printer.width())));
    }
    Ok(())
}

fn describe(loaded: &Loaded) -> String {
    let model = loaded.model();
    let gpus: u64 = model.pools.iter().map(Pool::gpus).sum();
    let warnings = match loaded.scenario.warnings.len() {
        0 => "nothing to complain about".to_owned(),
        warnings => plural(warnings, "warning"),
    };
    let has = [
        plural(model.sites.len(), "site"),
        format!("{} GPUs", thousands(gpus)),
        plural(model.regions.len(), "region"),
        plural(model.workloads.len(), "workload"),
        plural(model.quotas.len(), "quota"),
    ];
    let evidence = &model.evidence;
    let unmarked = if evidence.unmarked > 0 { format!(", {} without a mark", evidence.unmarked) } else { String::new() };
    format!("{}; {} of {} inputs are assumed{unmarked}; {warnings}", has.join(", "), evidence.assumed, evidence.inputs)
}

/// Says for every size of gang how many pools and sites could hold it, by chip and size alone: what else stands in its way shows in a run.
fn gangs(model: &Model, width: usize) -> String {
    let mut rows = Vec::new();
    for fit in fit(model) {
        let name = format!("  {}, {} GPUs", escape(&model.workloads[fit.workload].name), fit.gpus);
        let class = escape(&model.classes[fit.class].name);
        let (share, sites) = (fit.load_share * 100.0, plural(fit.sites, "site"));
        rows.push((name, format!("{share:>5.1}% of GPU-hours   {:>2} of {} pools   {sites}   {class}", fit.pools, fit.pools_with_chip)));
    }
    let traces = model.workloads.iter().filter(|workload| matches!(workload.arrivals, Arrivals::Trace(_))).count();
    let note = if traces > 0 { format!("  {} not counted: only a run reads them\n", plural(traces, "trace")) } else { String::new() };
    format!(
        "gangs, and the pools that could hold them by chip and size; limits on delay and on data show in a run\n{}{note}",
        columns(&rows, width)
    )
}
