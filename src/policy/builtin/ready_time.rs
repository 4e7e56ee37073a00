//! First come first served by the time at which data has arrived.

use crate::model::{JobId, PoolId};
use crate::policy::{PartInfo, PartKind, View};
use crate::world::network::Presence;

pub(super) static READY_TIME: PartInfo = PartInfo {
    name: "ready-time",
    kind: PartKind::Order,
    summary: "first come first served by the time at which a job's data has arrived; until then it does not queue (with `stage = \"at-submit\"`)",
    parameters: &[],
    citation: "Thain, Tannenbaum, Livny 2005, \"Distributed computing in practice: the Condor experience\"",
    notes: "a look at every transfer's end; a job whose data is slow holds nobody back and is overtaken",
    tested: &["it::known_answers::exact_cases_come_out_exactly"],
    oracle: false,
};

/// Tells whether a job's data is on its way to the site of its pool.
pub(super) fn is_on_its_way(view: View<'_>, job: JobId, pool: PoolId) -> bool {
    view.presence(job, pool).is_some_and(|presence| matches!(presence, Presence::InFlight(_)))
}
/// Returns the key of a job that is ready now.
pub(super) fn key(view: View<'_>) -> i64 {
    i64::try_from(view.now().0).unwrap_or(i64::MAX)
}
