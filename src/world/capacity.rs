//! GPUs by node: what is free, who holds what, and how a gang is packed.
//!
//! Node packing is real: free GPUs scattered over nodes do not make a whole node. Unless the policy names nodes, a gang of at most one node
//! takes the fullest node that fits, lowest index first; a larger one takes whole empty nodes, lowest index first, and the rest as a smaller
//! gang. Nodes that nobody has touched yet cost no memory: they are all free, and lie above a watermark.
//!
//! Nodes that are taken out of the fleet drain: they offer nothing from then on, and leave when the last job on them has ended.

use super::bits::OrderedBits;
use crate::base::Column;
use crate::model::{JobId, Model, PoolId, Setting};
use std::collections::BTreeMap;

/// No slice, no node.
const NONE: u32 = u32::MAX;

/// The nodes of all pools.
#[derive(Clone, Debug)]
pub struct Capacity {
    pools: Column<PoolId, PoolCapacity>,
    slices: Vec<Slice>,
    free_slices: Vec<u32>,
}

/// The GPUs of one node that one job holds; threaded through the job's list and the node's.
#[derive(Clone, Copy, Debug)]
struct Slice {
    pool: PoolId,
    node: u32,
    gpus: u32,
    job: JobId,
    next_of_job: u32,
    previous_of_node: u32,
    next_of_node: u32,
}

/// What a job holds: the head of its list of slices. Given back with [`Capacity::release`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    first: u32,
}

impl Held {
    /// Nothing.
    pub const NOTHING: Self = Self { first: NONE };
}

#[derive(Clone, Debug)]
struct PoolCapacity {
    nodes: u32,
    gpus_per_node: u32,
    /// Nodes below this have explicit state; those from here on are whole and up.
    touched: u32,
    state: Vec<NodeState>,
    /// Touched nodes in service by their free GPUs.
    by_free: Vec<OrderedBits>,
    /// Which of `by_free` are not empty.
    levels: OrderedBits,
    free: u64,
    held: u64,
    down_gpus: u64,
    busy_nodes: u32,
    /// Nodes from here on drain, and leave as they fall idle.
    keep: u32,
    /// Nodes that drain.
    draining: u32,
    /// Nodes that have left.
    left: u32,
    /// GPUs that are not given to new starts.
    reserved: u64,
}

#[derive(Clone, Copy, Debug)]
struct NodeState {
    free: u32,
    first_slice: u32,
    service: Service,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Service {
    Up,
    Down,
    /// It is to leave, and offers nothing.
    Draining,
    Left,
}

/// Where nodes are asked for: any, or one in particular.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// The pool.
    pub pool: PoolId,
    /// How many GPUs.
    pub gpus: u32,
    /// The node, if the policy names one.
    pub node: Option<u32>,
}

impl Capacity {
    /// Makes the empty fleet of a model.
    pub fn new(model: &Model) -> Self {
        let pools = model.pools.iter().map(|pool| PoolCapacity::new(pool.nodes, pool.gpus_per_node)).collect();
        Self { pools, slices: Vec::new(), free_slices: Vec::new() }
    }
    /// Counts GPUs that are free and not reserved.
    pub fn free(&self, pool: PoolId) -> u64 {
        let pool = &self.pools[pool];
        pool.free.saturating_sub(pool.reserved)
    }
    /// Counts GPUs that jobs hold.
    pub fn held(&self, pool: PoolId) -> u64 {
        self.pools[pool].held
    }
    /// Counts GPUs of nodes that are down.
    pub fn down(&self, pool: PoolId) -> u64 {
        self.pools[pool].down_gpus
    }
    /// Counts installed GPUs, down or not.
    pub fn installed(&self, pool: PoolId) -> u64 {
        let pool = &self.pools[pool];
        u64::from(pool.nodes - pool.left) * u64::from(pool.gpus_per_node)
    }
    /// Counts installed nodes, down or not.
    pub fn installed_nodes(&self, pool: PoolId) -> u32 {
        self.pools[pool].nodes - self.pools[pool].left
    }
    /// Counts nodes that a job holds a GPU of.
    pub fn busy_nodes(&self, pool: PoolId) -> u32 {
        self.pools[pool].busy_nodes
    }
    /// Counts GPUs that are really held for online services: what is reserved, as far as jobs leave it.
    pub fn reserved(&self, pool: PoolId) -> u64 {
        let pool = &self.pools[pool];
        pool.reserved.min(pool.free)
    }
    /// Sets how many GPUs are not given to new starts.
    pub fn set_reserved(&mut self, pool: PoolId, gpus: u64) {
        self.pools[pool].reserved = gpus;
    }
    /// Counts whole nodes that are free.
    pub fn whole_nodes(&self, pool: PoolId) -> u32 {
        self.pools[pool].whole_nodes()
    }
    /// Returns the most GPUs that any one node has free.
    pub fn largest_free(&self, pool: PoolId) -> u32 {
        let pool = &self.pools[pool];
        if pool.untouched() > 0 { pool.gpus_per_node } else { pool.largest_level() }
    }
    /// Tells whether a gang fits now.
    pub fn fits(&self, pool: PoolId, gpus: u32) -> bool {
        let pool = &self.pools[pool];
        u64::from(gpus) <= pool.free.saturating_sub(pool.reserved) && pool.packs(gpus)
    }
    /// Returns what is free, for [`Room::fits`]. *O*(GPUs of a node).
    pub fn room(&self, pool: PoolId) -> Room {
        let (free, pool) = (self.free(pool), &self.pools[pool]);
        let largest_part = (1..pool.gpus_per_node).rev().find(|free| pool.level(*free) > 0).unwrap_or(0);
        Room { free, whole_nodes: pool.whole_nodes(), largest_part, gpus_per_node: pool.gpus_per_node }
    }
    /// Tells whether a gang would fit into the pool if it were empty and whole.
    pub fn could_hold(&self, pool: PoolId, gpus: u32) -> bool {
        let pool = &self.pools[pool];
        u64::from(gpus) <= u64::from(pool.keep.min(pool.nodes)) * u64::from(pool.gpus_per_node)
    }
    /// Tells whether a gang would fit into the pool if it were empty and as large as any change of the scenario will make it.
    pub fn could_ever_hold(&self, model: &Model, pool: PoolId, gpus: u32) -> bool {
        let changed = model.changes.iter().flat_map(|change| &change.settings).any(|setting| match setting {
            Setting::Pool(id, changed) => *id == pool && u64::from(gpus) <= changed.gpus(),
            _ => false,
        });
        self.could_hold(pool, gpus) || changed
    }
    /// Returns the free GPUs of one node; 0 for one that is down, has left or does not exist.
    pub fn node_free(&self, pool: PoolId, node: u32) -> u32 {
        let pool = &self.pools[pool];
        match pool.state.get(node as usize) {
            Some(state) if state.service == Service::Up => state.free,
            None if node < pool.nodes => pool.gpus_per_node,
            _ => 0,
        }
    }
    /// Returns the first node in service with exactly so many free GPUs. *O*(1).
    pub fn first_node_with(&self, pool: PoolId, free: u32) -> Option<u32> {
        let pool = &self.pools[pool];
        pool.by_free.get(free as usize).and_then(OrderedBits::first).or((free == pool.gpus_per_node && pool.untouched() > 0).then_some(pool.touched))
    }
    /// Iterates over the nodes that jobs hold GPUs of and that have exactly so many free, lowest index first. A whole node is none of them.
    pub fn nodes_with(&self, pool: PoolId, free: u32) -> impl Iterator<Item = u32> + '_ {
        let pool = &self.pools[pool];
        pool.by_free.get(free as usize).filter(|_| free < pool.gpus_per_node).into_iter().flat_map(OrderedBits::iter)
    }
    /// Counts the nodes that a gang packed by default would span.
    pub fn nodes_spanned(&self, pool: PoolId, gpus: u32) -> u32 {
        gpus.div_ceil(self.pools[pool].gpus_per_node)
    }

    /// Takes a share for a job and adds it to what the job holds. `false`: it does not fit, and nothing was taken.
    pub fn take(&mut self, job: JobId, share: Share, held: &mut Held) -> bool {
        let fits = match share.node {
            Some(node) => share.gpus <= self.node_free(share.pool, node) && u64::from(share.gpus) <= self.free(share.pool),
            None => self.fits(share.pool, share.gpus),
        };
        if !fits {
            return false;
        }
        let gpus_per_node = self.pools[share.pool].gpus_per_node;
        let mut rest = share.gpus;
        if let Some(node) = share.node {
            self.hold(job, share.pool, node, rest, held);
            return true;
        }
        while rest >= gpus_per_node {
            let node = self.pools[share.pool].fullest(gpus_per_node);
            self.hold(job, share.pool, node, gpus_per_node, held);
            rest -= gpus_per_node;
        }
        if rest > 0 {
            let node = self.pools[share.pool].fullest(rest);
            self.hold(job, share.pool, node, rest, held);
        }
        true
    }
    /// Gives back all that a job holds.
    pub fn release(&mut self, held: Held) {
        let mut at = held.first;
        while at != NONE {
            let slice = self.slices[at as usize];
            self.unlink(at);
            self.pools[slice.pool].give(slice.node, slice.gpus);
            self.free_slices.push(at);
            at = slice.next_of_job;
        }
    }
    /// Returns a copy of a pool's free room by node, to try what would fit if jobs ended. *O*(GPUs of a node).
    pub fn packing(&self, pool: PoolId) -> Packing {
        let pool = &self.pools[pool];
        let mut nodes_by_free: Vec<u32> = (0..=pool.gpus_per_node).map(|free| pool.level(free)).collect();
        nodes_by_free[pool.gpus_per_node as usize] += pool.untouched();
        Packing { nodes_by_free, moved: BTreeMap::new(), free: pool.free, reserved: pool.reserved }
    }
    /// Takes back what was just released: the shares as [`Capacity::shares`] listed them before. Nothing may have been taken in between, so that
    /// the handle is the one that it was.
    pub fn take_again(&mut self, job: JobId, shares: &[(PoolId, u32, u32)]) -> Held {
        let mut held = Held::NOTHING;
        for (pool, node, gpus) in shares.iter().rev() {
            self.hold(job, *pool, *node, *gpus, &mut held);
        }
        held
    }
    /// Iterates over (pool, node, GPUs) of what a job holds.
    pub fn shares(&self, held: Held) -> impl Iterator<Item = (PoolId, u32, u32)> + '_ {
        let mut at = held.first;
        std::iter::from_fn(move || {
            let slice = self.slices.get(at as usize)?;
            at = slice.next_of_job;
            Some((slice.pool, slice.node, slice.gpus))
        })
    }
    /// Collects the jobs that hold GPUs of a node, in no particular order.
    pub fn jobs_on(&self, pool: PoolId, node: u32, jobs: &mut Vec<JobId>) {
        let mut at = self.pools[pool].state.get(node as usize).map_or(NONE, |state| state.first_slice);
        while at != NONE {
            jobs.push(self.slices[at as usize].job);
            at = self.slices[at as usize].next_of_node;
        }
    }
    /// Tells whether a node is in service, if only until its jobs have ended.
    pub fn is_up(&self, pool: PoolId, node: u32) -> bool {
        let pool = &self.pools[pool];
        node < pool.nodes && pool.state.get(node as usize).is_none_or(|state| matches!(state.service, Service::Up | Service::Draining))
    }
    /// Tells whether nodes of a pool drain: what is held there is not free afterwards.
    pub fn is_draining(&self, pool: PoolId) -> bool {
        self.pools[pool].draining > 0
    }
    /// Takes a node down that is up; its jobs must have been stopped.
    pub fn fail(&mut self, pool: PoolId, node: u32) {
        let pool = &mut self.pools[pool];
        pool.touch_through(node);
        let state = pool.state[node as usize];
        assert!(state.service == Service::Up && state.first_slice == NONE, "a node fails once, and holds nothing then");
        pool.quit_level(node, state.free);
        pool.state[node as usize].service = Service::Down;
        pool.free -= u64::from(pool.gpus_per_node);
        pool.down_gpus += u64::from(pool.gpus_per_node);
    }
    /// Brings a node back; one that was to leave leaves.
    pub fn repair(&mut self, pool: PoolId, node: u32) {
        let pool = &mut self.pools[pool];
        let gpus = pool.gpus_per_node;
        if pool.state[node as usize].service != Service::Down {
            return;
        }
        pool.down_gpus -= u64::from(gpus);
        if node >= pool.keep {
            pool.state[node as usize].service = Service::Left;
            pool.left += 1;
        } else {
            pool.offer(node);
        }
    }
    /// Changes the number of nodes. New ones are free at once; those beyond offer nothing any more and leave as they fall idle.
    pub fn resize(&mut self, pool: PoolId, nodes: u32) {
        let pool = &mut self.pools[pool];
        if nodes >= pool.keep {
            pool.enlarge(nodes);
            return;
        }
        pool.keep = nodes;
        if pool.nodes > 0 {
            pool.touch_through(pool.nodes - 1);
        }
        for node in nodes..pool.nodes {
            pool.drain(node);
        }
    }

    fn hold(&mut self, job: JobId, pool: PoolId, node: u32, gpus: u32, held: &mut Held) {
        self.pools[pool].take(node, gpus);
        let next_of_node = self.pools[pool].state[node as usize].first_slice;
        let slice = Slice { pool, node, gpus, job, next_of_job: held.first, previous_of_node: NONE, next_of_node };
        let at = match self.free_slices.pop() {
            Some(at) => {
                self.slices[at as usize] = slice;
                at
            }
            None => {
                self.slices.push(slice);
                (self.slices.len() - 1) as u32
            }
        };
        if next_of_node != NONE {
            self.slices[next_of_node as usize].previous_of_node = at;
        }
        self.pools[pool].state[node as usize].first_slice = at;
        held.first = at;
    }
    fn unlink(&mut self, at: u32) {
        let slice = self.slices[at as usize];
        if slice.next_of_node != NONE {
            self.slices[slice.next_of_node as usize].previous_of_node = slice.previous_of_node;
        }
        if slice.previous_of_node == NONE {
            self.pools[slice.pool].state[slice.node as usize].first_slice = slice.next_of_node;
        } else {
            self.slices[slice.previous_of_node as usize].next_of_node = slice.next_of_node;
        }
    }
}

/// What a pool has free, as far as it takes to tell whether a gang fits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// GPUs that are free and not reserved.
    pub free: u64,
    /// Nodes of which all GPUs are free.
    pub whole_nodes: u32,
    /// The most GPUs that are free on any other node.
    pub largest_part: u32,
    /// GPUs of a node.
    pub gpus_per_node: u32,
}

impl Room {
    /// Tells whether a gang fits.
    pub fn fits(&self, gpus: u32) -> bool {
        let (whole, rest) = (gpus / self.gpus_per_node, gpus % self.gpus_per_node);
        // The rest fits a node with room, or one more whole one.
        u64::from(gpus) <= self.free && whole <= self.whole_nodes && (rest == 0 || self.whole_nodes > whole || rest <= self.largest_part)
    }
}

/// How many nodes of a pool have how many GPUs free, in a future in which some jobs have ended.
#[derive(Clone, Debug)]
pub struct Packing {
    nodes_by_free: Vec<u32>,
    /// Free GPUs of nodes that differ from now.
    moved: BTreeMap<u32, u32>,
    free: u64,
    reserved: u64,
}

impl Packing {
    /// Gives back what a job holds in the pool.
    pub fn give_back(&mut self, capacity: &Capacity, held: Held, pool: PoolId) {
        for (_, node, gpus) in capacity.shares(held).filter(|share| share.0 == pool && !capacity.pools[pool].drains(share.1)) {
            let free = self.free_on(capacity, pool, node);
            self.set_free_on(node, free, free + gpus);
            self.free += u64::from(gpus);
        }
    }
    /// Holds again what was given back.
    pub fn hold_again(&mut self, capacity: &Capacity, held: Held, pool: PoolId) {
        for (_, node, gpus) in capacity.shares(held).filter(|share| share.0 == pool && !capacity.pools[pool].drains(share.1)) {
            let free = self.free_on(capacity, pool, node);
            self.set_free_on(node, free, free - gpus);
            self.free -= u64::from(gpus);
        }
    }
    fn free_on(&self, capacity: &Capacity, pool: PoolId, node: u32) -> u32 {
        self.moved.get(&node).copied().unwrap_or_else(|| capacity.node_free(pool, node))
    }
    fn set_free_on(&mut self, node: u32, before: u32, after: u32) {
        self.nodes_by_free[before as usize] -= 1;
        self.nodes_by_free[after as usize] += 1;
        self.moved.insert(node, after);
    }
    /// Tells whether a gang fits.
    pub fn packs(&self, gpus: u32) -> bool {
        let gpus_per_node = (self.nodes_by_free.len() - 1) as u32;
        let (whole, rest) = (gpus / gpus_per_node, gpus % gpus_per_node);
        let free_whole = self.nodes_by_free[gpus_per_node as usize];
        u64::from(gpus) <= self.free.saturating_sub(self.reserved)
            && whole <= free_whole
            && (rest == 0 || free_whole > whole || self.nodes_by_free[rest as usize..gpus_per_node as usize].iter().any(|nodes| *nodes > 0))
    }
}

impl PoolCapacity {
    fn new(nodes: u32, gpus_per_node: u32) -> Self {
        Self {
            nodes,
            gpus_per_node,
            touched: 0,
            state: Vec::new(),
            by_free: Vec::new(),
            levels: OrderedBits::new(),
            free: u64::from(nodes) * u64::from(gpus_per_node),
            held: 0,
            down_gpus: 0,
            busy_nodes: 0,
            keep: nodes,
            draining: 0,
            left: 0,
            reserved: 0,
        }
    }
    fn untouched(&self) -> u32 {
        self.nodes - self.touched
    }
    fn whole_nodes(&self) -> u32 {
        self.untouched() + self.level(self.gpus_per_node)
    }
    fn level(&self, free: u32) -> u32 {
        self.by_free.get(free as usize).map_or(0, OrderedBits::len)
    }
    fn largest_level(&self) -> u32 {
        (0..=self.gpus_per_node.min(self.by_free.len() as u32)).rev().find(|free| self.level(*free) > 0).unwrap_or(0)
    }
    fn packs(&self, gpus: u32) -> bool {
        let (whole, rest) = (gpus / self.gpus_per_node, gpus % self.gpus_per_node);
        let free_whole = self.whole_nodes();
        if whole > free_whole {
            return false;
        }
        // The rest fits a node with room, or one more whole one.
        rest == 0 || free_whole > whole || self.levels.first_from(rest).is_some_and(|level| level < self.gpus_per_node)
    }
    /// Returns the fullest node with at least `gpus` free, lowest index first; one exists.
    fn fullest(&mut self, gpus: u32) -> u32 {
        if let Some(level) = self.levels.first_from(gpus) {
            return self.by_free[level as usize].first().expect("a level that is not empty");
        }
        let node = self.touched;
        self.touch_through(node);
        node
    }
    fn touch_through(&mut self, node: u32) {
        while self.touched <= node {
            let fresh = self.touched;
            self.state.push(NodeState { free: self.gpus_per_node, first_slice: NONE, service: Service::Up });
            self.touched += 1;
            self.enter_level(fresh, self.gpus_per_node);
        }
    }
    fn take(&mut self, node: u32, gpus: u32) {
        self.touch_through(node);
        let NodeState { free, service, .. } = self.state[node as usize];
        debug_assert!(gpus <= free && gpus > 0, "a node gives what it has");
        if service == Service::Up {
            self.quit_level(node, free);
            self.enter_level(node, free - gpus);
            self.free -= u64::from(gpus);
        } else if service == Service::Left {
            // What was just given back is taken again: the node has not left after all.
            self.state[node as usize].service = Service::Draining;
            self.draining += 1;
            self.left -= 1;
        }
        self.busy_nodes += u32::from(free == self.gpus_per_node);
        self.state[node as usize].free = free - gpus;
        self.held += u64::from(gpus);
    }
    fn give(&mut self, node: u32, gpus: u32) {
        let NodeState { free, service, .. } = self.state[node as usize];
        let idle = free + gpus == self.gpus_per_node;
        if service == Service::Up {
            self.quit_level(node, free);
            self.enter_level(node, free + gpus);
            self.free += u64::from(gpus);
        } else if idle {
            self.state[node as usize].service = Service::Left;
            self.draining -= 1;
            self.left += 1;
        }
        self.state[node as usize].free = free + gpus;
        self.held -= u64::from(gpus);
        self.busy_nodes -= u32::from(idle);
    }
    fn enter_level(&mut self, node: u32, free: u32) {
        if self.by_free.len() <= free as usize {
            self.by_free.resize(free as usize + 1, OrderedBits::new());
        }
        let level = &mut self.by_free[free as usize];
        if level.is_empty() {
            self.levels.insert(free);
        }
        level.insert(node);
    }
    fn quit_level(&mut self, node: u32, free: u32) {
        let level = &mut self.by_free[free as usize];
        level.remove(node);
        if level.is_empty() {
            self.levels.remove(free);
        }
    }
    fn drains(&self, node: u32) -> bool {
        self.state.get(node as usize).is_some_and(|state| state.service == Service::Draining)
    }
    /// Takes a node that is up out of what is offered; it leaves at once if it is idle.
    fn drain(&mut self, node: u32) {
        let NodeState { free, service, .. } = self.state[node as usize];
        if service == Service::Up {
            self.quit_level(node, free);
            self.free -= u64::from(free);
            let idle = free == self.gpus_per_node;
            self.state[node as usize].service = if idle { Service::Left } else { Service::Draining };
            self.draining += u32::from(!idle);
            self.left += u32::from(idle);
        }
    }
    /// Offers what a touched node has free.
    fn offer(&mut self, node: u32) {
        let free = self.state[node as usize].free;
        self.state[node as usize].service = Service::Up;
        self.free += u64::from(free);
        self.enter_level(node, free);
    }
    /// Grows to `nodes`: those that were to leave stay, those that left come back, new ones are added.
    fn enlarge(&mut self, nodes: u32) {
        for node in self.keep.min(self.touched)..self.touched.min(nodes) {
            match self.state[node as usize].service {
                Service::Left => self.left -= 1,
                Service::Draining => self.draining -= 1,
                Service::Up | Service::Down => continue,
            }
            self.offer(node);
        }
        self.keep = nodes;
        if nodes > self.nodes {
            self.free += u64::from(nodes - self.nodes) * u64::from(self.gpus_per_node);
            self.nodes = nodes;
        }
    }
}
