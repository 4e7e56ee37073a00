//! Least-delay paths over links.

use super::hash::FixedMap;
use crate::base::{Column, Id, Span};
use crate::model::{Link, LinkId, NodeId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Links by node, as compressed rows.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    /// Where each node's row begins, and the end.
    rows: Vec<u32>,
    /// The link and the node at its other end; in link order within a row.
    edges: Vec<(LinkId, NodeId)>,
}

/// The least-delay paths from one node to all others.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    root: NodeId,
    /// Delay from the root, and the last link on the way; none: there is no way.
    reached: Vec<Option<(Span, LinkId)>>,
}

/// A link and the direction in which it is crossed: 0 from its first end to its second, 1 back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Hop {
    /// The link.
    pub link: LinkId,
    /// 0 or 1.
    pub direction: u8,
}

impl Graph {
    pub(super) fn new(node_count: usize, links: &Column<LinkId, Link>) -> Self {
        let mut rows = vec![0_u32; node_count + 1];
        for end in links.iter().flat_map(|link| link.ends) {
            rows[end.index() + 1] += 1;
        }
        for node in 0..node_count {
            rows[node + 1] += rows[node];
        }
        let mut next = rows.clone();
        let mut edges = vec![(LinkId(0), NodeId(0)); links.len() * 2];
        for (id, link) in links.entries() {
            for (from, to) in [(link.ends[0], link.ends[1]), (link.ends[1], link.ends[0])] {
                edges[next[from.index()] as usize] = (id, to);
                next[from.index()] += 1;
            }
        }
        Self { rows, edges }
    }
    /// Counts the links at a node.
    pub(super) fn degree(&self, node: NodeId) -> usize {
        (self.rows[node.index() + 1] - self.rows[node.index()]) as usize
    }
    fn edges(&self, node: NodeId) -> &[(LinkId, NodeId)] {
        &self.edges[self.rows[node.index()] as usize..self.rows[node.index() + 1] as usize]
    }
    /// Finds the least-delay paths from `root` (Dijkstra 1959); of equal ones, that whose last link comes first in the file.
    /// *O*((nodes + links) log nodes).
    pub(super) fn tree(&self, links: &Column<LinkId, Link>, root: NodeId) -> Tree {
        let count = self.rows.len() - 1;
        let mut reached: Vec<Option<(Span, LinkId)>> = vec![None; count];
        let mut settled = vec![false; count];
        let mut open = BinaryHeap::from([Reverse((Span::ZERO, root))]);
        while let Some(Reverse((delay, node))) = open.pop() {
            if std::mem::replace(&mut settled[node.index()], true) {
                continue;
            }
            for &(link, next) in self.edges(node) {
                let found = (delay + links[link].one_way, link);
                if !settled[next.index()] && reached[next.index()].is_none_or(|best| found < best) {
                    reached[next.index()] = Some(found);
                    open.push(Reverse((found.0, next)));
                }
            }
        }
        Tree { root, reached }
    }
}

/// Nodes × trees that are kept: 16 bytes each.
const KEPT_NODES: usize = 1 << 23;

/// Trees that were asked for, within a bound; beyond it the oldest one makes room.
#[derive(Clone, Debug, Default)]
pub(super) struct Trees {
    place: FixedMap<NodeId, u32>,
    kept: Vec<Tree>,
    oldest: usize,
}

impl Trees {
    /// Returns the tree of a root; grows it at first.
    pub(super) fn rooted(&mut self, graph: &Graph, links: &Column<LinkId, Link>, root: NodeId) -> &Tree {
        if let Some(&place) = self.place.get(&root) {
            return &self.kept[place as usize];
        }
        let tree = graph.tree(links, root);
        let place = if (self.kept.len() + 1) * tree.reached.len() <= KEPT_NODES || self.kept.is_empty() {
            self.kept.push(tree);
            self.kept.len() - 1
        } else {
            let place = self.oldest;
            self.oldest = (place + 1) % self.kept.len();
            let old = std::mem::replace(&mut self.kept[place], tree);
            self.place.remove(&old.root);
            place
        };
        self.place.insert(root, u32::try_from(place).expect("the bound is below 2³²"));
        &self.kept[place]
    }
}

impl Tree {
    /// Returns the delay between the root and a node other than it; `None` without a way.
    pub(super) fn delay(&self, node: NodeId) -> Option<Span> {
        self.reached[node.index()].map(|(delay, _)| delay)
    }
    /// Appends the hops from a reached node to the root.
    pub(super) fn hops_to_root(&self, links: &Column<LinkId, Link>, node: NodeId, hops: &mut Vec<Hop>) {
        let mut at = node;
        while at != self.root {
            let (_, link) = self.reached[at.index()].expect("the node was reached");
            let [first, second] = links[link].ends;
            let direction = u8::from(at == second);
            hops.push(Hop { link, direction });
            at = if at == second { first } else { second };
        }
    }
}
