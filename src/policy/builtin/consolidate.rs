//! Consolidation: small jobs move together, so that whole nodes are free for a gang.

use super::evict_lower::Eviction;
use crate::base::Span;
use crate::base::time::MICROS_PER_HOUR;
use crate::model::{JobId, PolicyPart, PoolId};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};
use crate::world::Allocation;
use std::collections::{BTreeMap, BTreeSet};

pub(super) static CONSOLIDATE: PartInfo = PartInfo {
    name: "consolidate",
    kind: PartKind::Preempt,
    summary: "where GPUs enough are free for a job, but scattered over nodes, small jobs move to other nodes of the pool until it fits",
    parameters: &[
        Parameter { name: "moves", default: 8.0, range: (1.0, 1e4), summary: "the most jobs that move to make room for one", words: &[] },
        Parameter {
            name: "rest_h",
            default: 0.25,
            range: (0.0, 1e6),
            summary: "hours that a job holds its GPUs at least before it moves on",
            words: &[],
        },
    ],
    citation: "Xiao et al. 2018, \"Gandiva: introspective cluster scheduling for deep learning\", section 4.1 (migration as defragmentation)",
    notes: "looks at the pool's running jobs whenever the first queued job has no room although GPUs enough are free; empties the nodes with the \
            fewest held GPUs first, which may move more jobs than needed; moves nobody to another pool",
    tested: &["engine::tests::migrate::consolidation_gives_the_hand_worked_schedule", "engine::tests::migrate::nobody_moves_in_vain"],
    oracle: false,
};

/// The rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Consolidate {
    moves: usize,
    rest: Span,
}

/// A node that small jobs alone hold.
#[derive(Debug, Default)]
struct Occupied {
    gpus: u32,
    jobs: Vec<(JobId, u32)>,
}

impl Consolidate {
    pub(super) fn new(part: &PolicyPart) -> Self {
        Self {
            moves: parameter(part, &CONSOLIDATE, "moves") as usize,
            rest: Span((parameter(part, &CONSOLIDATE, "rest_h") * MICROS_PER_HOUR as f64) as u64),
        }
    }
    /// Starts a job for which a pool has GPUs enough, but not on the nodes that it needs, by moving others. Nobody moves if that is not enough.
    ///
    /// *O*(R log R) for R jobs that hold GPUs of the pool, and at most so many moves as the rule has.
    pub(super) fn start(&self, view: View<'_>, plan: &mut Plan<'_>, job: JobId, pool: PoolId) -> Eviction {
        let gpus = view.job(job).gpus;
        if plan.free(pool) < u64::from(gpus) || plan.fits(pool, gpus) {
            return Eviction::Nobody;
        }
        let mark = plan.mark();
        let mut emptied = BTreeSet::new();
        let mut left = self.moves;
        for (node, occupied) in self.cheapest_first(view, plan, pool) {
            if occupied.jobs.len() > left {
                continue;
            }
            let before = plan.mark();
            emptied.insert(node);
            let moved = occupied.jobs.iter().all(|(small, held)| move_off(plan, *small, *held, pool, &emptied));
            if !moved {
                plan.rollback(before);
                emptied.remove(&node);
                continue;
            }
            left -= occupied.jobs.len();
            if plan.fits(pool, gpus) {
                if plan.place(job, &[Allocation::new(pool, gpus)]).is_ok() {
                    return Eviction::Started;
                }
                break;
            }
        }
        plan.rollback(mark);
        Eviction::Nobody
    }

    /// Lists the nodes that jobs of one node alone hold, each of which may move: those with the fewest held GPUs first.
    fn cheapest_first(&self, view: View<'_>, plan: &Plan<'_>, pool: PoolId) -> Vec<(u32, Occupied)> {
        let capacity = &plan.bookings().capacity;
        let mut nodes: BTreeMap<u32, Occupied> = BTreeMap::new();
        for job in plan.holders(pool) {
            let status = view.status(job);
            if !plan.may_preempt(job) || view.now() < status.start + self.rest {
                continue;
            }
            let mut shares = capacity.shares(status.held);
            if let (Some((_, node, gpus)), None) = (shares.next(), shares.next()) {
                let occupied = nodes.entry(node).or_default();
                occupied.gpus += gpus;
                occupied.jobs.push((job, gpus));
            }
        }
        let gpus_per_node = view.model().pools[pool].gpus_per_node;
        // A node that nobody else holds, and that has room: whoever fills a node leaves no room by going elsewhere.
        let may_be_emptied = |(node, occupied): &(u32, Occupied)| {
            let free = capacity.node_free(pool, *node);
            free > 0 && free + occupied.gpus == gpus_per_node
        };
        let mut nodes: Vec<(u32, Occupied)> = nodes.into_iter().filter(may_be_emptied).collect();
        nodes.sort_by_key(|(node, occupied)| (occupied.gpus, *node));
        // What is largest is the hardest to place elsewhere.
        for (_, occupied) in &mut nodes {
            occupied.jobs.sort_by_key(|(job, gpus)| (std::cmp::Reverse(*gpus), view.job(*job).number));
        }
        nodes
    }
}

/// Moves a job to the fullest node with room for it that is not to be emptied, and on which somebody else holds GPUs.
fn move_off(plan: &mut Plan<'_>, job: JobId, gpus: u32, pool: PoolId, emptied: &BTreeSet<u32>) -> bool {
    let capacity = &plan.bookings().capacity;
    let mut nodes = (gpus..=capacity.largest_free(pool)).flat_map(|free| capacity.nodes_with(pool, free));
    let Some(node) = nodes.find(|node| !emptied.contains(node)) else { return false };
    drop(nodes);
    plan.migrate(job, &[Allocation { pool, gpus, node: Some(node) }]).is_ok()
}
