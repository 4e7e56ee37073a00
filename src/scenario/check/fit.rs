//! Which gangs fit how many pools and sites.

use super::super::reader::Lowering;
use crate::base::Ratio;
use crate::diag::{Diagnostic, FEW_SITES};
use crate::model::{ClassId, IdSet, Model, SiteId, WorkloadId};
use crate::workload::offered_load;

/// Jobs of one size and class, and where they fit, counting installed GPUs.
#[derive(Clone, PartialEq, Debug)]
pub struct Fit {
    /// The workload that they come from.
    pub workload: WorkloadId,
    /// Their class.
    pub class: ClassId,
    /// The size of the gang.
    pub gpus: u32,
    /// Their share of the offered GPU-hours of the reference chip.
    pub load_share: f64,
    /// Pools whose chip runs the class.
    pub pools_with_chip: usize,
    /// Pools that hold the gang.
    pub pools: usize,
    /// Sites that hold it in one pool.
    pub sites: usize,
}

/// Returns which gangs fit how many pools, workload by workload, by size. A trace offers what its jobs are, which only reading it tells.
pub fn fit(model: &Model) -> Vec<Fit> {
    let offered = offered_load(model);
    let total: f64 = offered.iter().map(|each| each.gpu_seconds_per_s).sum();
    let row = |each: &crate::workload::Offered| {
        let runs = |chip| model.classes[each.class].speed[chip] > Ratio::ZERO;
        let with_chip = model.pools.iter().filter(|pool| pool.nodes > 0 && runs(pool.chip));
        let holding: Vec<_> = with_chip.clone().filter(|pool| pool.gpus() >= u64::from(each.gpus)).collect();
        let sites: IdSet<SiteId> = holding.iter().map(|pool| pool.site).collect();
        Fit {
            workload: each.workload,
            class: each.class,
            gpus: each.gpus,
            load_share: if total > 0.0 { each.gpu_seconds_per_s / total } else { 0.0 },
            pools_with_chip: with_chip.count(),
            pools: holding.len(),
            sites: sites.iter().count(),
        }
    };
    offered.iter().map(row).collect()
}

/// The share of the offered GPU-hours above which few sites are worth a warning, and how many sites are few.
const SHARE: f64 = 0.05;
const SITES: usize = 3;

/// Warns of work that fits few sites, where the scenario has more of them.
pub(super) fn check(lowering: &Lowering<'_>, model: &Model) {
    if model.sites.len() < SITES {
        return;
    }
    let few: Vec<_> = fit(model).into_iter().filter(|fit| fit.sites < SITES && fit.pools > 0).collect();
    let share: f64 = few.iter().map(|fit| fit.load_share).sum();
    if let Some(worst) = few.iter().max_by(|a, b| a.load_share.total_cmp(&b.load_share)).filter(|_| share > SHARE) {
        let workload = lowering.root().item("workload").item(&model.workloads[worst.workload].name);
        let message = format!(
            "{:.0} % of the offered GPU-hours fit fewer than {SITES} sites; gangs of {} fit {} pools at {} sites",
            share * 100.0,
            worst.gpus,
            worst.pools,
            worst.sites
        );
        let place = if workload.has("gpus") { workload.item("gpus") } else { workload };
        lowering.report(
            Diagnostic::new(FEW_SITES, message)
                .at(place.at(), &place.path)
                .help("`edwc check --fit` shows which gangs fit where; a larger scale keeps large gangs possible"),
        );
    }
}
