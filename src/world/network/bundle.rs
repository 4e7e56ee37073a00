//! Transfers that are served alike.

use super::fair::UNLIMITED;
use super::route::RouteId;
use super::schedule::Moment;
use crate::base::{Bandwidth, Bytes, Span};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A rate is a count of 2⁻²⁴ bit/s, so that bandwidths are exact and shares of them fine.
const FRACTION_BITS: u32 = 24;
/// One byte in the unit of service: rate × parts of a microsecond.
const BYTE: u128 = (8 * 1_000_000) << (FRACTION_BITS + Moment::PART_BITS);

/// Returns a bandwidth as a rate.
pub(super) fn rate_of(bandwidth: Bandwidth) -> u128 {
    u128::from(bandwidth.0) << FRACTION_BITS
}
/// Returns a rate as a bandwidth, rounded down.
pub(super) fn bandwidth_of(rate: u128) -> Bandwidth {
    Bandwidth(u64::try_from(rate >> FRACTION_BITS).unwrap_or(u64::MAX))
}
/// Returns bytes as service.
pub(super) fn service_of(bytes: Bytes) -> u128 {
    u128::from(bytes.0) * BYTE
}
/// Returns service as whole bytes.
pub(super) fn bytes_of(service: u128) -> u64 {
    u64::try_from(service / BYTE).unwrap_or(u64::MAX)
}

/// Returns how long a service takes at a rate, rounded down.
pub(super) fn span_of(service: u128, rate: u128) -> Span {
    let parts = service.checked_div(rate).unwrap_or(u128::MAX);
    Span(u64::try_from(parts >> Moment::PART_BITS).unwrap_or(u64::MAX))
}

/// The transfers on one route with the same weight and limit. They all run at one rate, so that what a transfer has got is a difference
/// of the service that each of them got so far, and a change of rate costs nothing per transfer (virtual time: Parekh and Gallager 1993).
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    pub(super) route: RouteId,
    /// The generation of the route's path.
    pub(super) generation: u32,
    /// Weight of each transfer, in millionths.
    pub(super) weight: u64,
    /// The most each takes.
    pub(super) limit: u128,
    /// The next bundle on the same route.
    pub(super) next_of_route: u32,
    /// Transfers that wait for their first byte or are served.
    pub(super) members: u32,
    /// Transfers that are served.
    pub(super) active: u32,
    /// Resources on the path, and the bundle's place in each one's list while it is active.
    pub(super) path: Vec<(u32, u32)>,
    /// The rate of each.
    pub(super) rate: u128,
    /// Whether progressive filling has settled the rate.
    pub(super) frozen: bool,
    /// Whether it is in the component that is being worked out.
    pub(super) marked: bool,
    /// Service that each transfer got which was there from the start.
    served: u128,
    /// Up to when `served` counts.
    synced: Moment,
    /// Of each that is served: (service at which it is complete, number, slot).
    ends: BinaryHeap<Reverse<(u128, u64, u32)>>,
}

impl Bundle {
    pub(super) fn new(route: RouteId) -> Self {
        Self {
            route,
            generation: 0,
            weight: 1,
            limit: UNLIMITED,
            next_of_route: u32::MAX,
            members: 0,
            active: 0,
            path: Vec::new(),
            rate: 0,
            frozen: false,
            marked: false,
            served: 0,
            synced: Moment(0),
            ends: BinaryHeap::new(),
        }
    }
    /// Counts the service up to `now`.
    pub(super) fn sync(&mut self, now: Moment) {
        self.served = self.served_at(now);
        self.synced = now;
    }
    fn served_at(&self, now: Moment) -> u128 {
        assert!(now >= self.synced, "transfers went back from {:?} to {now:?}", self.synced);
        self.served.saturating_add(self.rate.saturating_mul(now.0 - self.synced.0))
    }
    /// Adds a transfer that gets its first byte now; returns the service at which it is complete.
    pub(super) fn join(&mut self, now: Moment, bytes: Bytes, number: u64, slot: u32) -> u128 {
        if self.active == 0 {
            (self.served, self.synced, self.rate) = (0, now, 0);
            self.ends.clear();
        } else {
            self.sync(now);
        }
        self.active += 1;
        let end = self.served.saturating_add(service_of(bytes));
        self.ends.push(Reverse((end, number, slot)));
        end
    }
    /// Returns what is left at `now` of a transfer that is complete at `end`.
    pub(super) fn left(&self, now: Moment, end: u128) -> u128 {
        end.saturating_sub(self.served_at(now))
    }
    /// Removes a transfer that is complete at `synced`, to the nearest part, and returns its slot.
    pub(super) fn pop_complete(&mut self) -> Option<u32> {
        let &Reverse((end, _, slot)) = self.ends.peek()?;
        let left = end.saturating_sub(self.served);
        let complete = left == 0 || self.rate == UNLIMITED || left.saturating_mul(2) < self.rate;
        complete.then(|| {
            self.ends.pop();
            slot
        })
    }
    /// Removes a transfer before its end. *O*(transfers of the bundle).
    pub(super) fn remove(&mut self, number: u64) {
        self.ends.retain(|Reverse((_, other, _))| *other != number);
    }
    /// Returns when the next transfer is complete, to the nearest part.
    pub(super) fn next_end(&self) -> Moment {
        let Some(Reverse((end, ..))) = self.ends.peek() else { return Moment::NEVER };
        let left = end.saturating_sub(self.served);
        if left == 0 || self.rate == UNLIMITED {
            return self.synced;
        }
        if self.rate == 0 {
            return Moment::NEVER;
        }
        let (whole, rest) = (left / self.rate, left % self.rate);
        let rounded = whole + u128::from(rest >= self.rate - rest);
        Moment(rounded.saturating_add(self.synced.0))
    }
}
