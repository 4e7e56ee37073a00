//! Fluid transfers that share links max-min fairly.

use super::bundle::{bandwidth_of, bytes_of, service_of, span_of};
use super::datasets::CopyId;
use super::route::{RouteId, Routes};
use super::schedule::Moment;
use super::sharing::Sharing;
use super::slots::Slots;
use crate::base::{Bandwidth, Bytes, Column, Ratio, Span, Time};
use crate::define_ids;
use crate::model::{JobId, LinkId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

define_ids! {
    /// A transfer under way: a slot, used again after its end.
    FlowId,
}

/// How a transfer takes part in the sharing of links.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Its weight; zero counts as a millionth.
    pub weight: Ratio,
    /// The most it takes.
    pub rate_max: Option<Bandwidth>,
}

/// What a transfer carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cargo {
    /// A dataset to a site's cache.
    Dataset(CopyId),
    /// The checkpoint of a job that restores at another site.
    Checkpoint(JobId),
}

/// A transfer that has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// What it carried.
    pub cargo: Cargo,
    /// The way it took.
    pub route: RouteId,
    /// How much it was.
    pub bytes: Bytes,
}

/// All transfers under way. Each waits one route delay before its first byte and holds no bandwidth meanwhile; rates are worked out again
/// when transfers start or end, over the links that are connected with theirs by other transfers. Transfers on one route with the same
/// terms share their bookkeeping, so that the cost of an event follows the number of routes in use, not of transfers.
#[derive(Clone, Debug)]
pub struct Flows {
    flows: Slots<Flow>,
    /// Transfers before their first byte: (when it comes, number, slot).
    waiting: BinaryHeap<Reverse<(Time, u64, u32)>>,
    sharing: Sharing,
    /// The last moment at which something happened; it may lie between two ticks, a little after the clock's.
    latest: Moment,
    started: u64,
    /// Bytes of ended transfers.
    by_link: Vec<u64>,
    privately: u64,
    /// What ends at one instant; keeps its memory.
    ended: Vec<(u64, Delivery)>,
}

#[derive(Clone, Copy, Debug)]
struct Flow {
    /// In order of start, from 1; 0: the slot is free.
    number: u64,
    cargo: Cargo,
    bytes: Bytes,
    bundle: u32,
    /// The bundle's service at which it is complete; none before the first byte.
    end: Option<u128>,
}

impl Flows {
    /// Prepares the links of a network.
    pub fn new(routes: &Routes) -> Self {
        Self {
            flows: Slots::new(),
            waiting: BinaryHeap::new(),
            sharing: Sharing::new(routes),
            latest: Moment(0),
            started: 0,
            by_link: vec![0; routes.link_count()],
            privately: 0,
            ended: Vec::new(),
        }
    }
    /// Starts a transfer. *O*(hops + log transfers).
    pub fn start(&mut self, now: Time, routes: &Routes, route: RouteId, bytes: Bytes, terms: Terms, cargo: Cargo) -> FlowId {
        self.started += 1;
        let flow = Flow { number: self.started, cargo, bytes, bundle: self.sharing.enrol(routes, route, terms), end: None };
        let slot = self.flows.insert(flow);
        self.waiting.push(Reverse((now + routes[route].one_way, flow.number, slot)));
        FlowId(slot)
    }
    /// Stops a transfer; what it has carried stays counted. *O*(transfers of its route + those that wait).
    pub fn cancel(&mut self, now: Time, id: FlowId) {
        let flow = self.flows[id.0];
        assert!(flow.number > 0, "a transfer is cancelled that is not under way");
        match flow.end {
            Some(end) => {
                self.latest = self.latest.max(Moment::at(now));
                let left = self.sharing.cancel(self.latest, flow.bundle, flow.number, end);
                let carried = bytes_of(service_of(flow.bytes).saturating_sub(left));
                self.sharing.count(flow.bundle, carried, &mut self.by_link, &mut self.privately);
            }
            None => self.waiting.retain(|Reverse((_, number, _))| *number != flow.number),
        }
        self.release(id.0);
    }
    /// Returns when something happens next: a first byte or an end, at the first tick by which it has come. Works out rates if transfers
    /// changed.
    pub fn next_event(&mut self) -> Option<Time> {
        self.next_moment().map(Moment::tick)
    }
    /// Lets the transfers run up to `now` and appends those that have ended: in order of time, at one instant in order of their start.
    /// The cost of an event is *O*(hops + log transfers) and, once an instant, *O*(routes in use × hops) over the connected links.
    pub fn advance(&mut self, now: Time, delivered: &mut Vec<Delivery>) {
        while let Some(tick) = self.next_event().filter(|tick| *tick <= now) {
            // What gets its first byte may be complete within the same tick.
            while let Some(moment) = self.next_moment().filter(|moment| *moment <= Moment::last_of(tick)) {
                self.latest = self.latest.max(moment);
                while let Some(slot) = self.sharing.pop_complete(self.latest) {
                    self.deliver(slot);
                }
                self.begin();
            }
            self.ended.sort_unstable_by_key(|(number, _)| *number);
            delivered.extend(self.ended.drain(..).map(|(_, delivery)| delivery));
        }
    }
    /// Replaces the bandwidth of a link from `now` on; none: unlimited.
    pub fn set_bandwidth(&mut self, now: Time, link: LinkId, bandwidth: Option<Bandwidth>) {
        self.latest = self.latest.max(Moment::at(now));
        self.sharing.set_bandwidth(self.latest, link, bandwidth);
    }
    /// Returns the rate of a transfer as of the last [`Flows::next_event`] or [`Flows::advance`], rounded down; zero before its first byte.
    pub fn rate(&self, id: FlowId) -> Bandwidth {
        let flow = &self.flows[id.0];
        flow.end.map_or(Bandwidth(0), |_| bandwidth_of(self.sharing.bundle(flow.bundle).rate))
    }
    /// Estimates how long a transfer would take that started now: the route's delay, then its share of each link as if the others there
    /// were as demanding; [`Span::FOREVER`] over a link that is down. *O*(hops).
    pub fn expected_time(&self, routes: &Routes, route: RouteId, bytes: Bytes, terms: Terms) -> Span {
        let span = match self.sharing.expected_rate(routes, route, terms) {
            Some(rate) if bytes > Bytes::ZERO => span_of(service_of(bytes), rate),
            _ => Span::ZERO,
        };
        routes[route].one_way + span
    }
    /// Returns the bytes that every link (both directions together) and all private links together have carried up to `now`, which must
    /// not lie before the last event. *O*(transfers × hops).
    pub fn carried(&mut self, now: Time) -> (Column<LinkId, u64>, u64) {
        self.sharing.work_out_rates();
        let (mut by_link, mut privately) = (self.by_link.clone(), self.privately);
        for flow in self.flows.items().iter().filter(|flow| flow.number > 0) {
            let Some(end) = flow.end else { continue };
            let left = self.sharing.bundle(flow.bundle).left(self.latest.max(Moment::at(now)), end);
            let bytes = bytes_of(service_of(flow.bytes).saturating_sub(left));
            self.sharing.count(flow.bundle, bytes, &mut by_link, &mut privately);
        }
        (by_link.into_iter().collect(), privately)
    }

    fn next_moment(&mut self) -> Option<Moment> {
        let end = self.sharing.next_end();
        let first_byte = self.waiting.peek().map(|Reverse((at, ..))| Moment::at(*at));
        first_byte.into_iter().chain(end).min()
    }
    /// Lets those begin that have got their first byte.
    fn begin(&mut self) {
        while let Some(&Reverse((_, number, slot))) = self.waiting.peek().filter(|Reverse((at, ..))| Moment::at(*at) <= self.latest) {
            self.waiting.pop();
            let flow = &mut self.flows[slot];
            if flow.bytes == Bytes::ZERO {
                self.deliver(slot);
            } else {
                flow.end = Some(self.sharing.join(self.latest, flow.bundle, flow.bytes, number, slot));
            }
        }
    }
    fn deliver(&mut self, slot: u32) {
        let flow = self.flows[slot];
        self.sharing.count(flow.bundle, flow.bytes.0, &mut self.by_link, &mut self.privately);
        let route = self.sharing.bundle(flow.bundle).route;
        self.ended.push((flow.number, Delivery { cargo: flow.cargo, route, bytes: flow.bytes }));
        self.release(slot);
    }
    fn release(&mut self, slot: u32) {
        let flow = &mut self.flows[slot];
        flow.number = 0;
        self.sharing.dismiss(flow.bundle);
        self.flows.remove(slot);
    }
}

#[cfg(test)]
mod tests;
