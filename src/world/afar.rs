//! How loaded pools look to who stands above the sites, where that is out of date (`policy.view_delay`).
//!
//! At the end of every instant the pools that have changed are noted; a delay later that is what is seen. What was sent to a pool meanwhile is not in
//! it, so that whoever goes by it sends too much to where little was: Mitzenmacher 2000, "How useful is old information?", IEEE Transactions on
//! Parallel and Distributed Systems 11(1); Dahlin 2000, "Interpreting stale load information".

use super::bookings::Load;
use super::capacity::Room;
use crate::base::{Column, Span, Time};
use crate::model::PoolId;
use std::collections::VecDeque;

/// How a pool looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Glance {
    /// What is free.
    pub room: Room,
    /// Jobs that hold GPUs.
    pub running: u64,
    /// What is bound to it.
    pub load: Load,
}

/// What is seen, and what will be.
#[derive(Clone, Debug)]
pub struct Afar {
    delay: Span,
    seen: Column<PoolId, Glance>,
    /// As noted last.
    latest: Column<PoolId, Glance>,
    /// News on the way, with the time from which it is seen.
    on_the_way: VecDeque<(Time, PoolId, Glance)>,
}

impl Afar {
    /// Begins with the fleet as it is, which is known.
    pub fn new(delay: Span, pools: Column<PoolId, Glance>) -> Self {
        Self { delay, seen: pools.clone(), latest: pools, on_the_way: VecDeque::new() }
    }
    /// Returns how a pool looks now.
    pub fn seen(&self, pool: PoolId) -> &Glance {
        &self.seen[pool]
    }
    /// Notes how pools stand as an instant ends; returns when that is seen, if any of them has changed. *O*(pools).
    pub(super) fn note(&mut self, now: Time, stands: impl Fn(PoolId) -> Glance) -> Option<Time> {
        let (from, before) = (now.saturating_add(self.delay), self.on_the_way.len());
        for pool in self.latest.ids() {
            let stands = stands(pool);
            if stands != self.latest[pool] {
                self.latest[pool] = stands;
                self.on_the_way.push_back((from, pool, stands));
            }
        }
        (self.on_the_way.len() > before).then_some(from)
    }
    /// Shows what has arrived.
    pub(super) fn show(&mut self, now: Time) {
        while let Some((_, pool, glance)) = self.on_the_way.front().copied().filter(|(from, ..)| *from <= now) {
            self.on_the_way.pop_front();
            self.seen[pool] = glance;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(running: u64) -> Glance {
        Glance { room: Room { free: 8, whole_nodes: 1, largest_part: 0, gpus_per_node: 8 }, running, load: Load::default() }
    }

    #[test]
    fn what_changes_is_seen_a_delay_later_in_order() {
        let mut afar = Afar::new(Span(10), [glance(0), glance(0)].into_iter().collect());
        assert_eq!(afar.note(Time(1), |pool| glance(u64::from(pool.0))), Some(Time(11)));
        assert_eq!(afar.note(Time(2), |pool| glance(u64::from(pool.0))), None, "nothing has changed");
        assert_eq!(afar.note(Time(3), |_| glance(5)), Some(Time(13)));
        let seen = [10, 11, 12, 13].map(|now| {
            afar.show(Time(now));
            [PoolId(0), PoolId(1)].map(|pool| afar.seen(pool).running)
        });
        assert_eq!(seen, [[0, 0], [0, 1], [0, 1], [5, 5]]);
    }
}
