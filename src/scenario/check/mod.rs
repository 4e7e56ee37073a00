//! What the parts of a scenario mean together: one file a rule or a small family.

mod checkpoints;
mod fit;
mod format;
mod load;
mod names;
mod places;
mod quotas;
mod reach;
mod subsidies;

pub use fit::{Fit, fit};
pub(super) use format::format;
pub use load::{load as expected_load, share as share_of_capacity};
pub(super) use names::names;
pub(super) use places::provinces;

use super::reader::Lowering;
use crate::diag::NOTHING_THERE;
use crate::model::Model;

/// Checks a model that lowering has found sound.
pub(super) fn model(lowering: &Lowering<'_>, model: &Model) {
    let root = lowering.root();
    let needed = [
        ("region", model.regions.is_empty()),
        ("chip", model.chips.is_empty()),
        ("site", model.pools.is_empty()),
        ("class", model.classes.is_empty()),
        ("tenant", model.tenants.is_empty()),
        ("workload", model.workloads.is_empty()),
    ];
    let missing: Vec<_> = needed.iter().filter(|(_, empty)| *empty).map(|(name, _)| format!("`[{name}]`")).collect();
    if !missing.is_empty() {
        root.report(
            NOTHING_THERE,
            format!("nothing to simulate: the scenario has no {}", missing.join(", ")),
            "`edwc init FILE` writes a scenario to start from",
        );
        return;
    }
    reach::check(lowering, model);
    load::check(lowering, model);
    fit::check(lowering, model);
    quotas::check(lowering, model);
    checkpoints::check(lowering, model);
    subsidies::check(lowering, model);
}
