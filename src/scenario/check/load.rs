//! Offered work against what the sites can do.

use super::super::reader::Lowering;
use crate::base::Ratio;
use crate::diag::{Diagnostic, OVERLOADED};
use crate::model::{Class, Model};
use crate::workload::offered_load;

/// Returns the offered load: for each class, the work offered per second over what all pools could do of it alone; the sum is the share of the
/// fleet that is needed if every class is spread over all pools that run it. Exact for one class; jobs from traces are not counted.
fn load(model: &Model) -> f64 {
    let capacity = |class: &Class| model.pools.iter().map(|pool| pool.gpus() as f64 * class.speed[pool.chip].as_f64()).sum::<f64>();
    let capacities: Vec<_> = model.classes.iter().map(capacity).collect();
    let share = |class: crate::model::ClassId, work: f64| match capacities[crate::base::Id::index(class)] {
        capacity if capacity > 0.0 => work / capacity,
        _ => 0.0,
    };
    offered_load(model).iter().filter(|each| fits(model, each.class, each.gpus)).map(|each| share(each.class, each.gpu_seconds_per_s)).sum()
}

/// Tells whether a pool holds the gang: what fits nowhere is rejected and takes no capacity.
pub(super) fn fits(model: &Model, class: crate::model::ClassId, gpus: u32) -> bool {
    model.pools.iter().any(|pool| model.classes[class].speed[pool.chip] > Ratio::ZERO && pool.gpus() >= u64::from(gpus))
}

pub(super) fn check(lowering: &Lowering<'_>, model: &Model) {
    let load = load(model);
    if load > 1.0 && load.is_finite() {
        let workloads = lowering.root().item("workload");
        let message = format!("offered load {load:.2} > capacity: queues grow as long as jobs arrive, and the result is not stationary");
        lowering.report(Diagnostic::new(OVERLOADED, message).at(workloads.key_at(), "workload").help("lower a rate or the work, or add nodes"));
    }
}
