//! Offered work against what the sites can do.

use super::super::reader::Lowering;
use crate::base::Ratio;
use crate::diag::{Diagnostic, OVERLOADED};
use crate::model::{ClassId, Model};
use crate::workload::offered_load;

/// Returns the offered load: for each class, the work offered per second over what all pools could do of it alone; the sum is the share of the
/// fleet that is needed if every class is spread over all pools that run it. Exact for one class; jobs from traces are not counted.
pub fn load(model: &Model) -> f64 {
    let fitting = offered_load(model).into_iter().filter(|each| fits(model, each.class, each.gpus));
    fitting.map(|each| share(model, each.class, each.gpu_seconds_per_s)).sum()
}

/// Returns which share of the fleet works on so many GPU-seconds of the reference chip per second, if all pools that run the class take part; zero
/// for a class that nothing runs.
pub fn share(model: &Model, class: ClassId, work: f64) -> f64 {
    let capacity: f64 = model.pools.iter().map(|pool| pool.gpus() as f64 * model.classes[class].speed[pool.chip].as_f64()).sum();
    if capacity > 0.0 { work / capacity } else { 0.0 }
}

/// Tells whether a pool holds the gang: what fits nowhere is rejected and takes no capacity.
pub(super) fn fits(model: &Model, class: ClassId, gpus: u32) -> bool {
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
