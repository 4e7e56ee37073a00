//! Where a job leaves the least that is of no use to others.

use super::place::wait;
use crate::model::{JobId, PoolId};
use crate::policy::{PartInfo, PartKind, Plan, View};
use crate::world::Allocation;
use crate::world::capacity::Capacity;

pub(super) static FGD: PartInfo = PartInfo {
    name: "fgd",
    kind: PartKind::Place,
    summary: "the pool and node where a start adds least to the GPUs that jobs like those seen so far could not use",
    parameters: &[wait(0.0)],
    citation: "Weng et al. 2023, \"Beware of fragmentation: scheduling GPU-sharing workloads with fragmentation gradient descent\" (ATC)",
    notes: "GPUs of a node × sizes of gangs for every candidate pool; GPUs are whole here, so that what the paper gains on shares of a GPU plays no \
            part; knows nothing of money, carbon or distance",
    tested: &["it::placing::fragments_decide_on_pool_and_node"],
    oracle: false,
};

/// The gangs seen so far, by size: what a typical job asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Typical {
    /// Counts by number of GPUs, in order of size.
    sizes: Vec<(u32, u64)>,
}

impl Typical {
    /// Counts a job that was submitted.
    pub(super) fn seen(&mut self, gpus: u32) {
        match self.sizes.binary_search_by_key(&gpus, |(size, _)| *size) {
            Ok(at) => self.sizes[at].1 += 1,
            Err(at) => self.sizes.insert(at, (gpus, 1)),
        }
    }
    /// Returns what a start in a pool adds to its fragments, in GPUs × jobs seen; the most there is where it does not fit now.
    pub(super) fn cost(&self, view: View<'_>, plan: &Plan<'_>, job: JobId, pool: PoolId) -> i64 {
        let gpus = view.job(job).gpus;
        if !plan.fits(pool, gpus) {
            return i64::MAX;
        }
        let gpus_per_node = view.model().pools[pool].gpus_per_node;
        let whole_nodes = i64::from(gpus / gpus_per_node);
        let rest = gpus % gpus_per_node;
        let of_rest = self.best_level(&plan.bookings().capacity, pool, rest, gpus_per_node).map_or(0, |(added, _)| added);
        whole_nodes.saturating_mul(self.added(gpus_per_node, gpus_per_node, gpus_per_node)).saturating_add(of_rest)
    }
    /// Asks for the node with the least added fragments; a gang of more than a node takes what packing gives it.
    pub(super) fn allocation(&self, view: View<'_>, plan: &Plan<'_>, job: JobId, pool: PoolId) -> Allocation {
        let gpus = view.job(job).gpus;
        let gpus_per_node = view.model().pools[pool].gpus_per_node;
        let capacity = &plan.bookings().capacity;
        let level = (gpus < gpus_per_node && plan.fits(pool, gpus)).then(|| self.best_level(capacity, pool, gpus, gpus_per_node)).flatten();
        Allocation { pool, gpus, node: level.and_then(|(_, free)| capacity.first_node_with(pool, free)) }
    }

    /// Returns the number of free GPUs of the nodes where so many GPUs add the least, and what they add; the fullest among equals.
    fn best_level(&self, capacity: &Capacity, pool: PoolId, gpus: u32, gpus_per_node: u32) -> Option<(i64, u32)> {
        let levels = (gpus.max(1)..=gpus_per_node).filter(|free| gpus > 0 && capacity.first_node_with(pool, *free).is_some());
        levels.map(|free| (self.added(free, gpus, gpus_per_node), free)).min()
    }
    /// Returns what taking GPUs of a node with so many free adds to its fragments.
    fn added(&self, free: u32, gpus: u32, gpus_per_node: u32) -> i64 {
        self.fragments(free - gpus, gpus_per_node) - self.fragments(free, gpus_per_node)
    }
    /// Returns the free GPUs of a node × the jobs that could not use them: those that need more there than is free.
    fn fragments(&self, free: u32, gpus_per_node: u32) -> i64 {
        let fit = self.sizes.partition_point(|(size, _)| (*size).min(gpus_per_node) <= free);
        let too_large: u64 = self.sizes[fit..].iter().map(|(_, count)| *count).sum();
        i64::try_from(u64::from(free) * too_large).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half of the jobs take 1 GPU, half take 4; nodes have 4.
    #[test]
    fn fragments_are_what_typical_jobs_cannot_use() {
        let mut typical = Typical::default();
        [1, 4].into_iter().for_each(|gpus| typical.seen(gpus));
        assert_eq!([0, 1, 2, 3, 4].map(|free| typical.fragments(free, 4)), [0, 1, 2, 3, 0]);
        // One GPU of a whole node makes three fragments for half of the jobs; of a broken one it takes a fragment away.
        assert_eq!([(4, 1), (3, 1), (1, 1), (4, 4)].map(|(free, gpus)| typical.added(free, gpus, 4)), [3, -1, -1, 0]);
    }
}
