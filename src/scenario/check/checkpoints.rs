//! Checkpoints that cost more than failures leave time for.

use super::super::reader::Lowering;
use crate::diag::{Diagnostic, NO_PROGRESS};
use crate::model::{Arrivals, Failure, Gang, Model, Workload};

/// Warns where a gang's mean time between failures is not above the cost of a checkpoint, and says how much slower the gang is expected to be.
pub(super) fn check(lowering: &Lowering<'_>, model: &Model) {
    for workload in model.workloads.iter() {
        let class = &model.classes[workload.class];
        let Some(checkpoint) = class.checkpoint else { continue };
        let Some(mtbf_s) = model.failures.iter().filter_map(|failure| gang_mtbf_s(model, workload, failure)).min_by(f64::total_cmp) else { continue };
        let (every, cost) = (checkpoint.every.as_secs_f64(), checkpoint.cost.as_secs_f64());
        let restore = checkpoint.restore.as_secs_f64();
        // Expected time of a segment under exponential failures, over its work (Daly 2006, section 2).
        let slowdown = libm::exp(restore / mtbf_s) * mtbf_s * libm::expm1((every + cost) / mtbf_s) / every;
        if cost >= mtbf_s || slowdown > 100.0 {
            let item = lowering.root().item("class").item(&class.name).item("checkpoint");
            let shown = if slowdown.is_finite() && slowdown < 1e9 { format!("{slowdown:.0} times slower") } else { "without end".to_owned() };
            let message = format!(
                "the largest gangs of `{}` fail every {:.0} s, and a checkpoint costs {cost} s: they are expected to be {shown}",
                workload.name, mtbf_s
            );
            lowering.report(
                Diagnostic::new(NO_PROGRESS, message)
                    .at(item.at(), &item.path)
                    .help("check `mtbf`, and `every` and `cost` of the checkpoint; the run is bounded by `drain`"),
            );
        }
    }
}

/// Returns the mean time between failures of the workload's largest gang under a failure process.
fn gang_mtbf_s(model: &Model, workload: &Workload, failure: &Failure) -> Option<f64> {
    let mtbf = failure.mtbf?;
    let gpus = match (&workload.gpus, &workload.arrivals) {
        (_, Arrivals::Trace(_)) => return None,
        (Gang::Fixed(size), _) => *size,
        (Gang::Weighted(values), _) => values.iter().map(|(size, _)| *size).max()?,
    };
    let speed = &model.classes[workload.class].speed;
    let pools = failure.pools.iter().map(|pool| &model.pools[pool]).filter(|pool| pool.nodes > 0 && speed[pool.chip].0 > 0);
    let nodes_failing = |pool: &crate::model::Pool| {
        let nodes = f64::from(gpus.div_ceil(pool.gpus_per_node));
        if mtbf.per_gpu { nodes * f64::from(pool.gpus_per_node) } else { nodes }
    };
    pools.map(|pool| mtbf.time.as_secs_f64() / nodes_failing(pool)).min_by(f64::total_cmp)
}
