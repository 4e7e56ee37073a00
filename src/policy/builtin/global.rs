//! All regions searched at once.

use super::place::{Offer, wait};
use crate::base::Ratio;
use crate::model::{JobId, PoolId};
use crate::policy::{PartInfo, PartKind, Plan, View};
use crate::world::Allocation;

pub(super) static GLOBAL: PartInfo = PartInfo {
    name: "global",
    kind: PartKind::Place,
    summary: "the pool where the whole gang can compute first by real node packing and transfer, then the fewest nodes; bound at the start, a gang \
              that no pool holds now is split over two sites if its class allows it",
    parameters: &[wait(1e6)],
    citation: "Choudhury et al. 2024, \"MAST: global scheduling of ML training across geo-distributed datacenters at hyperscale\" (OSDI)",
    notes: "a look at the running jobs of every candidate that is full, at every pair of pools for a gang to split; takes the first start, whatever it \
            costs; preempts nobody, as MAST does for priorities",
    tested: &["it::placing::gangs_are_searched_for_everywhere", "engine::placing_tests::a_gang_is_split_where_no_pool_holds_it"],
    oracle: false,
};

/// Returns the cost of a candidate: when its GPUs are expected to be there and its data with them, then the nodes spanned.
pub(super) fn cost(view: View<'_>, plan: &Plan<'_>, job: JobId, offer: &Offer) -> (i64, i64) {
    let (pool, gpus) = (offer.candidate.pool, view.job(job).gpus);
    let first_fit = if offer.wait_us > 0 && plan.load_besides(job, pool).queued == 0 { plan.earliest_fit(pool, gpus) } else { None };
    let wait = first_fit.map_or(offer.wait_us, |fit| fit.at.saturating_since(view.now()).0);
    let (staging, _) = view.expected_time(job, &offer.candidate);
    let nodes = gpus.div_ceil(view.model().pools[pool].gpus_per_node);
    (i64::try_from(wait.saturating_add(staging.0)).unwrap_or(i64::MAX), i64::from(nodes))
}

/// Returns how a gang fits into two pools at two sites now: whole nodes of the first, the rest in the second. The most efficient split wins, then
/// pool order. *O*(candidates²).
pub(super) fn split(view: View<'_>, plan: &Plan<'_>, job: JobId) -> Option<[Allocation; 2]> {
    let (model, gpus) = (view.model(), view.job(job).gpus);
    let class = &model.classes[view.job(job).class];
    if class.split.is_empty() {
        return None;
    }
    let mut best: Option<(Ratio, [Allocation; 2])> = None;
    let pools = || view.candidates(job).iter().map(|candidate| candidate.pool);
    for (first, second) in pools().flat_map(|first| pools().map(move |second| (first, second))) {
        let (here, there) = (&model.pools[first], &model.pools[second]);
        if here.site == there.site || here.chip != there.chip {
            continue;
        }
        let km = model.network.distance_km(model.sites[here.site].node, model.sites[there.site].node);
        let Some(efficiency) = class.split_efficiency(km).filter(|efficiency| best.is_none_or(|(other, _)| *efficiency > other)) else {
            continue;
        };
        let part = in_whole_nodes(view, plan, first, gpus - 1);
        if part > 0 && plan.fits(second, gpus - part) {
            best = Some((efficiency, [Allocation::new(first, part), Allocation::new(second, gpus - part)]));
        }
    }
    best.map(|(_, shares)| shares)
}

/// Returns the most GPUs, up to a limit, that a pool has free in whole nodes.
fn in_whole_nodes(view: View<'_>, plan: &Plan<'_>, pool: PoolId, at_most: u32) -> u32 {
    let gpus_per_node = view.model().pools[pool].gpus_per_node;
    let free = u64::from(plan.bookings().capacity.whole_nodes(pool)) * u64::from(gpus_per_node);
    let free = u32::try_from(free.min(plan.free(pool))).unwrap_or(u32::MAX).min(at_most);
    free - free % gpus_per_node
}
