//! Who shares which link, and the rates that follow from it.

use super::bundle::{Bundle, rate_of};
use super::fair::{Level, Resource, UNLIMITED, fill, part};
use super::flow::Terms;
use super::route::{RouteId, Routes};
use super::schedule::{Moment, Schedule};
use crate::base::{Bandwidth, Bytes, Id};
use crate::model::LinkId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// No slot.
const NONE: u32 = u32::MAX;

/// Bundles of transfers on the resources of the network. Rates are worked out once for all changes of one instant, over the resources
/// that transfers connect with the changed ones.
#[derive(Clone, Debug)]
pub(super) struct Sharing {
    bundles: Vec<Bundle>,
    free: Vec<u32>,
    of_route: Vec<OfRoute>,
    /// Both directions of every link, then directions of private links.
    resources: Vec<Resource>,
    /// When each bundle's next transfer ends.
    ends: Schedule,
    /// Resources whose transfers changed at `changed_at`, so that rates are to be worked out.
    changed: Vec<u32>,
    changed_at: Moment,
    component: Component,
}

/// What belongs to a route.
#[derive(Clone, Copy, Debug)]
struct OfRoute {
    first_bundle: u32,
    private: u32,
}

/// What is connected with a change; lists that keep their memory from one time to the next.
#[derive(Clone, Debug, Default)]
struct Component {
    resources: Vec<u32>,
    bundles: Vec<u32>,
    levels: BinaryHeap<Reverse<Level>>,
}

/// Returns the slot of one direction of a link.
fn resource_of(link: LinkId, direction: u8) -> u32 {
    2 * link.0 + u32::from(direction)
}

fn capacity_of(bandwidth: Option<Bandwidth>) -> u128 {
    bandwidth.map_or(UNLIMITED, rate_of)
}

fn weight_of(terms: Terms) -> u64 {
    terms.weight.0.max(1)
}

impl Sharing {
    pub(super) fn new(routes: &Routes) -> Self {
        let links = (0..routes.link_count()).map(LinkId::from_index);
        let resources = links.flat_map(|link| [0, 1].map(|_| Resource::new(capacity_of(routes.bandwidth(link)))));
        Self {
            bundles: Vec::new(),
            free: Vec::new(),
            of_route: Vec::new(),
            resources: resources.collect(),
            ends: Schedule::default(),
            changed: Vec::new(),
            changed_at: Moment(0),
            component: Component::default(),
        }
    }
    pub(super) fn bundle(&self, slot: u32) -> &Bundle {
        &self.bundles[slot as usize]
    }
    /// Makes a transfer a member of the bundle of its route and terms.
    pub(super) fn enrol(&mut self, routes: &Routes, route: RouteId, terms: Terms) -> u32 {
        if self.of_route.len() <= route.index() {
            self.of_route.resize(route.index() + 1, OfRoute { first_bundle: NONE, private: NONE });
        }
        let wanted = (weight_of(terms), capacity_of(terms.rate_max), routes.generation());
        let mut slot = self.of_route[route.index()].first_bundle;
        while slot != NONE {
            let bundle = &mut self.bundles[slot as usize];
            if (bundle.weight, bundle.limit, bundle.generation) == wanted {
                bundle.members += 1;
                return slot;
            }
            slot = bundle.next_of_route;
        }
        let slot = self.new_bundle(routes, route);
        let bundle = &mut self.bundles[slot as usize];
        (bundle.weight, bundle.limit, bundle.generation) = wanted;
        bundle.members = 1;
        slot
    }
    fn new_bundle(&mut self, routes: &Routes, route: RouteId) -> u32 {
        let private = routes.private_bandwidth(route).map(|bandwidth| self.private_resource(route, bandwidth));
        let slot = self.free.pop().unwrap_or_else(|| {
            self.bundles.push(Bundle::new(route));
            u32::try_from(self.bundles.len() - 1).expect("bundles fit 32 bits")
        });
        let first = &mut self.of_route[route.index()].first_bundle;
        let bundle = &mut self.bundles[slot as usize];
        bundle.route = route;
        bundle.next_of_route = std::mem::replace(first, slot);
        bundle.path.clear();
        let hops = routes.hops(route).iter().map(|hop| resource_of(hop.link, hop.direction));
        bundle.path.extend(hops.chain(private).map(|resource| (resource, NONE)));
        slot
    }
    /// Finds the private link of a route, or lays it; it stays.
    fn private_resource(&mut self, route: RouteId, bandwidth: Bandwidth) -> u32 {
        let private = &mut self.of_route[route.index()].private;
        if *private == NONE {
            *private = u32::try_from(self.resources.len()).expect("links fit 32 bits");
            self.resources.push(Resource::new(rate_of(bandwidth)));
        }
        *private
    }
    /// Ends the membership of a transfer that is not served (any more). The bundle goes with its last member.
    pub(super) fn dismiss(&mut self, slot: u32) {
        let bundle = &mut self.bundles[slot as usize];
        bundle.members -= 1;
        if bundle.members > 0 {
            return;
        }
        let (route, next) = (bundle.route, bundle.next_of_route);
        let mut at = self.of_route[route.index()].first_bundle;
        if at == slot {
            self.of_route[route.index()].first_bundle = next;
        } else {
            while self.bundles[at as usize].next_of_route != slot {
                at = self.bundles[at as usize].next_of_route;
            }
            self.bundles[at as usize].next_of_route = next;
        }
        self.free.push(slot);
    }

    /// Lets a member get its first byte; returns the service of the bundle at which it is complete.
    pub(super) fn join(&mut self, now: Moment, slot: u32, bytes: Bytes, number: u64, flow: u32) -> u128 {
        self.note_change(now);
        let bundle = &mut self.bundles[slot as usize];
        let end = bundle.join(now, bytes, number, flow);
        if bundle.path.is_empty() {
            // What crosses nothing shares nothing.
            bundle.rate = bundle.limit;
            self.reschedule(slot);
            return end;
        }
        for step in 0..bundle.path.len() {
            let resource = bundle.path[step].0;
            let entry = &mut self.resources[resource as usize];
            entry.weight += u128::from(bundle.weight);
            if bundle.active == 1 {
                bundle.path[step].1 = entry.bundles.len() as u32;
                entry.bundles.push((slot, step as u32));
            }
            self.changed.push(resource);
        }
        end
    }
    /// Takes a member out before its end; returns the service that it still lacked.
    pub(super) fn cancel(&mut self, now: Moment, slot: u32, number: u64, end: u128) -> u128 {
        self.note_change(now);
        let bundle = &mut self.bundles[slot as usize];
        let left = bundle.left(now, end);
        bundle.remove(number);
        self.leave(now, slot);
        self.reschedule(slot);
        left
    }
    /// Takes out one member that is complete at `at`, if there is one, and returns the slot of its transfer.
    pub(super) fn pop_complete(&mut self, at: Moment) -> Option<u32> {
        loop {
            let (_, slot) = self.ends.first().filter(|(end, _)| *end <= at)?;
            self.note_change(at);
            let bundle = &mut self.bundles[slot as usize];
            bundle.sync(at);
            let complete = bundle.pop_complete();
            if complete.is_some() {
                self.leave(at, slot);
            }
            self.reschedule(slot);
            if complete.is_some() {
                return complete;
            }
        }
    }
    /// Takes one member of a bundle off its resources.
    fn leave(&mut self, now: Moment, slot: u32) {
        let bundle = &mut self.bundles[slot as usize];
        bundle.sync(now);
        bundle.active -= 1;
        for &(resource, _) in &bundle.path {
            self.resources[resource as usize].weight -= u128::from(bundle.weight);
            self.changed.push(resource);
        }
        if bundle.active > 0 {
            return;
        }
        for step in 0..self.bundles[slot as usize].path.len() {
            let (resource, place) = self.bundles[slot as usize].path[step];
            let bundles = &mut self.resources[resource as usize].bundles;
            bundles.swap_remove(place as usize);
            if let Some(&(moved, moved_step)) = bundles.get(place as usize) {
                self.bundles[moved as usize].path[moved_step as usize].1 = place;
            }
        }
    }
    fn reschedule(&mut self, slot: u32) {
        let bundle = &self.bundles[slot as usize];
        if bundle.active == 0 {
            self.ends.remove(slot);
        } else {
            self.ends.set(slot, bundle.next_end());
        }
    }

    /// Replaces the bandwidth of a link from `now` on.
    pub(super) fn set_bandwidth(&mut self, now: Moment, link: LinkId, bandwidth: Option<Bandwidth>) {
        self.note_change(now);
        for direction in 0..2 {
            let slot = resource_of(link, direction);
            self.resources[slot as usize].capacity = capacity_of(bandwidth);
            self.changed.push(slot);
        }
    }
    /// Returns the next end of a transfer; works out rates if something changed.
    pub(super) fn next_end(&mut self) -> Option<Moment> {
        self.work_out_rates();
        self.ends.first().map(|(at, _)| at).filter(|at| *at < Moment::NEVER)
    }
    /// Estimates the rate that one more transfer would get if the others on each link were as demanding; none: unlimited.
    pub(super) fn expected_rate(&self, routes: &Routes, route: RouteId, terms: Terms) -> Option<u128> {
        let weight = u128::from(weight_of(terms));
        let share = |slot: u32| {
            let resource = &self.resources[slot as usize];
            if resource.capacity == UNLIMITED { UNLIMITED } else { part(resource.capacity, weight, resource.weight + weight) }
        };
        let links = routes.hops(route).iter().map(|hop| share(resource_of(hop.link, hop.direction)));
        let private = routes.private_bandwidth(route).map(|bandwidth| match self.of_route.get(route.index()) {
            Some(OfRoute { private, .. }) if *private != NONE => share(*private),
            _ => rate_of(bandwidth),
        });
        let rate = links.chain(private).fold(capacity_of(terms.rate_max), u128::min);
        (rate != UNLIMITED).then_some(rate)
    }
    /// Adds bytes to the links of a bundle and, if it has a private one, to all of those together.
    pub(super) fn count(&self, slot: u32, bytes: u64, by_link: &mut [u64], privately: &mut u64) {
        for &(resource, _) in &self.bundles[slot as usize].path {
            // Private links come after all others.
            *by_link.get_mut(resource as usize / 2).unwrap_or(privately) += bytes;
        }
    }

    /// Settles what changed at an earlier instant before something changes at `now`.
    fn note_change(&mut self, now: Moment) {
        if self.changed_at != now {
            self.work_out_rates();
            self.changed_at = now;
        }
    }
    /// Works out the rates of everything that is connected with what changed.
    pub(super) fn work_out_rates(&mut self) {
        if self.changed.is_empty() {
            return;
        }
        self.collect_component();
        let Component { resources, bundles, levels } = &mut self.component;
        for &slot in bundles.iter() {
            self.bundles[slot as usize].sync(self.changed_at);
        }
        fill(&mut self.resources, &mut self.bundles, resources, bundles, levels);
        for &slot in bundles.iter() {
            self.ends.set(slot, self.bundles[slot as usize].next_end());
        }
    }
    /// Lists the resources that transfers connect with changed ones, and the bundles on them; forgets the changes.
    fn collect_component(&mut self) {
        let Component { resources, bundles, .. } = &mut self.component;
        resources.clear();
        bundles.clear();
        for slot in self.changed.drain(..) {
            if !std::mem::replace(&mut self.resources[slot as usize].marked, true) {
                resources.push(slot);
            }
        }
        let mut seen = 0;
        while let Some(&slot) = resources.get(seen) {
            seen += 1;
            for place in 0..self.resources[slot as usize].bundles.len() {
                let (found, _) = self.resources[slot as usize].bundles[place];
                let bundle = &mut self.bundles[found as usize];
                if std::mem::replace(&mut bundle.marked, true) {
                    continue;
                }
                bundles.push(found);
                for &(other, _) in &bundle.path {
                    if !std::mem::replace(&mut self.resources[other as usize].marked, true) {
                        resources.push(other);
                    }
                }
            }
        }
        resources.iter().for_each(|slot| self.resources[*slot as usize].marked = false);
        bundles.iter().for_each(|slot| self.bundles[*slot as usize].marked = false);
    }
}
