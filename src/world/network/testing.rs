//! Small networks for tests.

use crate::base::{Bandwidth, Column, Id, Money, Ratio, Span};
use crate::model::{Link, Network, Node, NodeId};

/// A network in the making; prices in micro-yuan per GB.
#[derive(Clone)]
pub(super) struct Builder {
    pub(super) network: Network,
}

/// Makes a span of milliseconds.
pub(super) fn ms(count: u64) -> Span {
    Span(count * 1_000)
}

impl Builder {
    /// Starts with so many nodes without coordinates, and private links of 1 Mbps.
    pub(super) fn new(node_count: usize) -> Self {
        let nodes: Column<_, _> = (0..node_count).map(|node| Node { name: format!("n{node}"), at: None }).collect();
        let network = Network {
            nodes,
            links: Column::new(),
            route_factor: Ratio(1_400_000),
            equipment_rtt: ms(1),
            default_bandwidth: Bandwidth(1_000_000),
            default_price: Money(50),
        };
        Self { network }
    }
    /// Adds a link; the bandwidth in bit/s, none: unlimited.
    pub(super) fn link(mut self, from: u32, to: u32, one_way: Span, bandwidth: Option<u64>, price: i64) -> Self {
        let link = Link {
            name: format!("l{}", self.network.links.len()),
            ends: [NodeId(from), NodeId(to)],
            one_way,
            bandwidth: bandwidth.map(Bandwidth),
            price: Money(price),
        };
        self.network.links.push(link);
        self
    }
    /// Gives a node coordinates in millionths of a degree.
    pub(super) fn place(&mut self, node: usize, latitude: i64, longitude: i64) -> &mut Self {
        self.network.nodes[NodeId::from_index(node)].at = Some((latitude, longitude));
        self
    }
}
