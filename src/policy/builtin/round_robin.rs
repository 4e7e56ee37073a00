//! Pools in turn.

use super::place::{Offer, wait};
use crate::model::PoolId;
use crate::policy::{PartInfo, PartKind};

pub(super) static ROUND_ROBIN: PartInfo = PartInfo {
    name: "round-robin",
    kind: PartKind::Place,
    summary: "the pools in turn, in file order: each job goes to the next one after the last that was chosen",
    parameters: &[wait(1e6)],
    citation: "Ephremides, Varaiya, Walrand 1980, \"A simple dynamic routing problem\"",
    notes: "one look at every candidate; knows neither the size of pools nor their load, so that small pools fill first",
    tested: &["it::placing::pools_are_taken_in_turn"],
    oracle: false,
};

/// The turn: the pool from which the next job looks on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    next: u32,
    pools: u32,
}

impl Turn {
    pub(super) fn new(pools: usize) -> Self {
        Self { next: 0, pools: u32::try_from(pools).unwrap_or(u32::MAX).max(1) }
    }
    /// Counts the pools from the turn on.
    pub(super) fn rate(self, offers: &mut [Offer]) {
        for offer in offers {
            let pool = offer.candidate.pool.0;
            offer.cost = (i64::from((pool + self.pools - self.next) % self.pools), 0);
        }
    }
    /// Passes the turn on.
    pub(super) fn chosen(&mut self, pool: PoolId) {
        self.next = (pool.0 + 1) % self.pools;
    }
}
