//! Flows of least cost.

/// A network of arcs with capacities and costs, and the cheapest flow that takes all it can from the source to the sink: successive shortest paths
/// with potentials (Ahuja, Magnanti, Orlin 1993, Network Flows, section 9.7). Costs of arcs are not negative. *O*(paths × nodes²) and memory for
/// the arcs; ties go to the nodes and arcs that come first.
#[derive(Clone, Debug, Default)]
pub(super) struct Flow {
    source: usize,
    sink: usize,
    /// Arcs in pairs: each is followed by its way back.
    arcs: Vec<Arc>,
    leaving: Vec<Vec<usize>>,
    potential: Vec<i64>,
    distance: Vec<i64>,
    arrived_by: Vec<usize>,
    done: Vec<bool>,
}

#[derive(Clone, Copy, Debug)]
struct Arc {
    to: usize,
    room: i64,
    cost: i64,
}

const FAR: i64 = i64::MAX / 4;
const NONE: usize = usize::MAX;

impl Flow {
    /// Begins a network of so many nodes; keeps the memory.
    pub(super) fn clear(&mut self, nodes: usize, source: usize, sink: usize) {
        (self.source, self.sink) = (source, sink);
        self.arcs.clear();
        self.leaving.resize(nodes, Vec::new());
        self.leaving.iter_mut().for_each(Vec::clear);
        self.potential.clear();
        self.potential.resize(nodes, 0);
    }
    /// Adds an arc. Arcs are numbered in the order in which they are added.
    pub(super) fn arc(&mut self, from: usize, to: usize, capacity: i64, cost: i64) {
        debug_assert!(cost >= 0 && capacity >= 0, "costs and capacities are not negative");
        for (from, to, room, cost) in [(from, to, capacity, cost), (to, from, 0, -cost)] {
            self.leaving[from].push(self.arcs.len());
            self.arcs.push(Arc { to, room, cost });
        }
    }
    /// Finds the flow.
    pub(super) fn solve(&mut self) {
        while self.find_path() {
            let mut amount = i64::MAX;
            let mut at = self.sink;
            while at != self.source {
                let arc = self.arrived_by[at];
                amount = amount.min(self.arcs[arc].room);
                at = self.arcs[arc ^ 1].to;
            }
            at = self.sink;
            while at != self.source {
                let arc = self.arrived_by[at];
                self.arcs[arc].room -= amount;
                self.arcs[arc ^ 1].room += amount;
                at = self.arcs[arc ^ 1].to;
            }
        }
    }
    /// Returns what an arc carries.
    pub(super) fn sent(&self, arc: usize) -> i64 {
        self.arcs[2 * arc + 1].room
    }

    /// Finds the shortest path with room (Dijkstra on reduced costs), and brings the potentials up to date. `false`: there is none.
    fn find_path(&mut self) -> bool {
        let nodes = self.leaving.len();
        self.distance.clear();
        self.distance.resize(nodes, FAR);
        self.arrived_by.clear();
        self.arrived_by.resize(nodes, NONE);
        self.done.clear();
        self.done.resize(nodes, false);
        self.distance[self.source] = 0;
        while let Some(at) = (0..nodes).filter(|node| !self.done[*node] && self.distance[*node] < FAR).min_by_key(|node| self.distance[*node]) {
            self.done[at] = true;
            for arc in &self.leaving[at] {
                let Arc { to, room, cost } = self.arcs[*arc];
                let reduced = self.distance[at] + cost + self.potential[at] - self.potential[to];
                if room > 0 && reduced < self.distance[to] {
                    self.distance[to] = reduced;
                    self.arrived_by[to] = *arc;
                }
            }
        }
        let reached = self.distance[self.sink] < FAR;
        for (potential, distance) in self.potential.iter_mut().zip(&self.distance) {
            // Who is farther than the sink is not on the path: the sink's distance keeps reduced costs from falling below zero.
            *potential += (*distance).min(self.distance[self.sink]);
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two suppliers of 3 and 2, two buyers of 2 and 3; the cheap way of the first supplier is needed by the second.
    #[test]
    fn the_cheapest_flow_is_found() {
        let mut flow = Flow::default();
        for _ in 0..2 {
            flow.clear(6, 4, 5);
            // From suppliers 0 and 1 to buyers 2 and 3.
            for (from, to, cost) in [(0, 2, 1), (0, 3, 2), (1, 2, 1), (1, 3, 9)] {
                flow.arc(from, to, 10, cost);
            }
            for (from, to, capacity) in [(4, 0, 3), (4, 1, 2), (2, 5, 2), (3, 5, 3)] {
                flow.arc(from, to, capacity, 0);
            }
            flow.solve();
            assert_eq!([0, 1, 2, 3].map(|arc| flow.sent(arc)), [0, 3, 2, 0]);
        }
    }
}
