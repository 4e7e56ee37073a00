//! Routes between nodes: by links where there is a way, by a private link of their own where there is none.

use super::graph::{Graph, Hop, Tree, Trees};
use super::hash::FixedMap;
use crate::base::{Bandwidth, Column, Id, Money, Span};
use crate::define_ids;
use crate::model::{Link, LinkId, Network, NodeId, RegionId, SiteId};
use std::ops::Index;
use std::sync::Arc;

define_ids! {
    /// A route from one node to another.
    RouteId,
}

/// How a transfer gets from one node to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Route {
    /// Delay of the first bit.
    pub one_way: Span,
    /// Price per GB over the whole route.
    pub price: Money,
    path: Path,
}

/// What a transfer crosses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Path {
    /// Both ends are one node: nothing.
    Local,
    /// The pair has no links: all its transfers in this direction share a link of the default bandwidth.
    Private,
    /// Hops of the arena.
    Links { first: u32, count: u32 },
}

/// All routes. Those from regions to sites are worked out at the start and answer through `&self`; those between sites when they are
/// first asked for.
#[derive(Clone, Debug)]
pub struct Routes {
    network: Arc<Network>,
    graph: Graph,
    regions: Vec<NodeId>,
    sites: Vec<NodeId>,
    /// Region by region, site by site; then those of `pairs`.
    routes: Column<RouteId, Route>,
    hops: Vec<Hop>,
    pairs: Vec<(NodeId, NodeId)>,
    of_pair: FixedMap<(NodeId, NodeId), RouteId>,
    trees: Trees,
    generation: u32,
}

impl Routes {
    /// Works out all routes from regions to sites. *O*(regions × (sites × hops + links log nodes)).
    pub fn new(network: &Network, regions: impl IntoIterator<Item = NodeId>, sites: impl IntoIterator<Item = NodeId>) -> Self {
        let mut routes = Self {
            graph: Graph::new(network.nodes.len(), &network.links),
            network: Arc::new(network.clone()),
            regions: regions.into_iter().collect(),
            sites: sites.into_iter().collect(),
            routes: Column::new(),
            hops: Vec::new(),
            pairs: Vec::new(),
            of_pair: FixedMap::default(),
            trees: Trees::default(),
            generation: 0,
        };
        routes.work_out();
        routes
    }
    /// Returns the delay of the first bit between a region and a site. *O*(1).
    pub fn one_way(&self, region: RegionId, site: SiteId) -> Span {
        self[self.to_site(region, site)].one_way
    }
    /// Returns the round trip between a region and a site, equipment included. *O*(1).
    pub fn rtt(&self, region: RegionId, site: SiteId) -> Span {
        let one_way = self.one_way(region, site);
        one_way + one_way + self.network.equipment_rtt
    }
    /// Returns the route from a region to a site. *O*(1).
    pub fn to_site(&self, region: RegionId, site: SiteId) -> RouteId {
        RouteId::from_index(region.index() * self.sites.len() + site.index())
    }
    /// Returns the route from one site to another; works it out at first. *O*(1) on average later.
    pub fn between(&mut self, from: SiteId, to: SiteId) -> RouteId {
        let pair = (self.sites[from.index()], self.sites[to.index()]);
        if let Some(&known) = self.of_pair.get(&pair) {
            return known;
        }
        let route = self.find(pair);
        let id = self.routes.push(route);
        self.pairs.push(pair);
        self.of_pair.insert(pair, id);
        id
    }
    /// Returns the delay of the first bit from one site to another. *O*(1) on average after the first question about `to`.
    pub fn delay_between(&mut self, from: SiteId, to: SiteId) -> Span {
        let (from, to) = (self.sites[from.index()], self.sites[to.index()]);
        if from == to {
            return Span::ZERO;
        }
        let by_links = self.tree_between(from, to).and_then(|tree| tree.delay(from));
        by_links.unwrap_or_else(|| self.network.distance_delay(from, to))
    }
    /// Returns the links of a route in order; none for a private link.
    pub fn hops(&self, route: RouteId) -> &[Hop] {
        match self[route].path {
            Path::Links { first, count } => &self.hops[first as usize..(first + count) as usize],
            Path::Local | Path::Private => &[],
        }
    }
    /// Returns the bandwidth of a route's private link; none for a route by links and within one node.
    pub fn private_bandwidth(&self, route: RouteId) -> Option<Bandwidth> {
        (self[route].path == Path::Private).then_some(self.network.default_bandwidth)
    }
    /// Returns the bandwidth of a link.
    pub(super) fn bandwidth(&self, link: LinkId) -> Option<Bandwidth> {
        self.network.links[link].bandwidth
    }
    /// Counts the links.
    pub(super) fn link_count(&self) -> usize {
        self.network.links.len()
    }
    /// Counts how often paths were worked out: transfers of different generations may take different paths on one route.
    pub(super) fn generation(&self) -> u32 {
        self.generation
    }
    /// Replaces a link; its ends stay, and transfers under way keep their path. *O*(1); as [`Routes::new`] if delay or price change.
    pub fn set_link(&mut self, id: LinkId, link: &Link) {
        let links = &mut Arc::make_mut(&mut self.network).links;
        let old = std::mem::replace(&mut links[id], link.clone());
        assert_eq!(old.ends, link.ends, "a link that is replaced keeps its ends");
        if (old.one_way, old.price) != (link.one_way, link.price) {
            self.generation += 1;
            self.work_out();
        }
    }

    /// Works out all routes that are known, as if nothing were.
    fn work_out(&mut self) {
        self.trees = Trees::default();
        self.routes = Column::new();
        self.hops.clear();
        for region in 0..self.regions.len() {
            let from = self.regions[region];
            let tree = (self.graph.degree(from) > 0).then(|| self.graph.tree(&self.network.links, from));
            for site in 0..self.sites.len() {
                let to = self.sites[site];
                let route = match &tree {
                    Some(tree) if from != to && tree.delay(to).is_some() => {
                        let route = self.along(tree, to);
                        // The tree leads from the site to the region; data goes the other way.
                        let Path::Links { first, .. } = route.path else { unreachable!("the path has links") };
                        let hops = &mut self.hops[first as usize..];
                        hops.reverse();
                        hops.iter_mut().for_each(|hop| hop.direction ^= 1);
                        route
                    }
                    _ => self.without_links((from, to)),
                };
                self.routes.push(route);
            }
        }
        for pair in 0..self.pairs.len() {
            let route = self.find(self.pairs[pair]);
            self.routes.push(route);
        }
    }
    fn find(&mut self, (from, to): (NodeId, NodeId)) -> Route {
        if from != to && self.tree_between(from, to).is_some_and(|tree| tree.delay(from).is_some()) {
            // The cache is put aside for a moment, as the path is appended to the arena of the same routes.
            let mut trees = std::mem::take(&mut self.trees);
            let route = self.along(trees.rooted(&self.graph, &self.network.links, to), from);
            self.trees = trees;
            return route;
        }
        self.without_links((from, to))
    }
    /// Returns the tree that leads to `to`, unless one of the two has no links at all.
    fn tree_between(&mut self, from: NodeId, to: NodeId) -> Option<&Tree> {
        let linked = self.graph.degree(from) > 0 && self.graph.degree(to) > 0;
        linked.then(|| self.trees.rooted(&self.graph, &self.network.links, to))
    }
    /// Makes the route from a node to the root of a tree that reaches it.
    fn along(&mut self, tree: &Tree, node: NodeId) -> Route {
        let first = self.hops.len();
        tree.hops_to_root(&self.network.links, node, &mut self.hops);
        let hops = &self.hops[first..];
        let price = hops.iter().fold(0_i64, |sum, hop| sum.saturating_add(self.network.links[hop.link].price.0));
        let arena = |place: usize| u32::try_from(place).expect("all paths together have fewer than 2³² hops");
        Route {
            one_way: tree.delay(node).expect("the node is reached"),
            price: Money(price),
            path: Path::Links { first: arena(first), count: arena(hops.len()) },
        }
    }
    fn without_links(&self, (from, to): (NodeId, NodeId)) -> Route {
        if from == to {
            return Route { one_way: Span::ZERO, price: Money::ZERO, path: Path::Local };
        }
        Route { one_way: self.network.distance_delay(from, to), price: self.network.default_price, path: Path::Private }
    }
}

impl Index<RouteId> for Routes {
    type Output = Route;
    fn index(&self, id: RouteId) -> &Route {
        &self.routes[id]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::network::testing::{Builder, ms};

    fn hops(routes: &Routes, id: RouteId) -> Vec<(u32, u8)> {
        routes.hops(id).iter().map(|hop| (hop.link.0, hop.direction)).collect()
    }

    /// Two regions (0, 1), three sites (2, 3, 4), an exchange (5). Site 4 has no links.
    fn diamond() -> Builder {
        Builder::new(6)
            .link(0, 5, ms(10), Some(100), 3)
            .link(5, 2, ms(5), Some(100), 4)
            .link(2, 0, ms(15), Some(100), 1)
            .link(3, 2, ms(1), Some(100), 2)
            .link(1, 5, ms(2), Some(100), 0)
    }

    fn routes(builder: &Builder) -> Routes {
        Routes::new(&builder.network, [NodeId(0), NodeId(1)], [NodeId(2), NodeId(3), NodeId(4)])
    }

    #[test]
    fn routes_take_the_least_delay_and_break_ties_by_link_order() {
        let routes = routes(&diamond());
        // 15 ms both directly and over the exchange: link 1 enters the site before link 2 does.
        let tie = routes.to_site(RegionId(0), SiteId(0));
        assert_eq!(routes[tie].one_way, ms(15));
        assert_eq!(hops(&routes, tie), [(0, 0), (1, 0)]);
        assert_eq!(routes[tie].price, Money(7));
        let far = routes.to_site(RegionId(1), SiteId(1));
        assert_eq!(hops(&routes, far), [(4, 0), (1, 0), (3, 1)]);
        assert_eq!((routes.one_way(RegionId(1), SiteId(1)), routes[far].price), (ms(8), Money(6)));
        assert_eq!(routes.rtt(RegionId(1), SiteId(1)), ms(17));
    }

    #[test]
    fn a_pair_without_links_takes_the_great_circle() {
        let mut builder = diamond();
        builder.place(0, 22_540_000, 114_060_000).place(4, 24_810_000, 113_600_000);
        let mut routes = routes(&builder);
        let route = routes.to_site(RegionId(0), SiteId(2));
        assert_eq!(routes[route].one_way, builder.network.distance_delay(NodeId(0), NodeId(4)));
        assert!(routes[route].one_way > ms(1));
        assert_eq!((routes[route].price, routes.hops(route).len()), (builder.network.default_price, 0));
        assert_eq!(routes.private_bandwidth(route), Some(builder.network.default_bandwidth));
        let back = routes.between(SiteId(2), SiteId(0));
        assert_eq!(routes.private_bandwidth(back), Some(builder.network.default_bandwidth));
    }

    #[test]
    fn routes_between_sites_are_found_when_asked_for_and_run_both_ways() {
        let mut routes = routes(&diamond());
        let there = routes.between(SiteId(0), SiteId(1));
        let back = routes.between(SiteId(1), SiteId(0));
        assert_ne!(there, back);
        assert_eq!((hops(&routes, there), hops(&routes, back)), (vec![(3, 1)], vec![(3, 0)]));
        assert_eq!(routes.between(SiteId(0), SiteId(1)), there);
        assert_eq!(routes.delay_between(SiteId(0), SiteId(1)), ms(1));
        let here = routes.between(SiteId(1), SiteId(1));
        assert_eq!((routes[here].one_way, routes.private_bandwidth(here)), (Span::ZERO, None));
    }

    #[test]
    fn a_link_that_slows_down_moves_the_routes() {
        let builder = diamond();
        let mut routes = routes(&builder);
        let there = routes.between(SiteId(1), SiteId(0));
        let mut slow = builder.network.links[LinkId(0)].clone();
        slow.one_way = ms(11);
        routes.set_link(LinkId(0), &slow);
        assert_eq!(hops(&routes, routes.to_site(RegionId(0), SiteId(0))), [(2, 1)]);
        assert_eq!((hops(&routes, there), routes[there].one_way), (vec![(3, 0)], ms(1)));
    }

    #[test]
    fn ten_thousand_linked_sites_are_no_burden() {
        let count = 10_000_u32;
        let mut builder = Builder::new(count as usize + 2);
        for site in 0..count {
            builder = builder.link(1, site + 2, Span(u64::from(site % 97) + 1), Some(100), 1);
        }
        builder = builder.link(0, 1, ms(1), Some(100), 1);
        let mut routes = Routes::new(&builder.network, [NodeId(0)], (2..count + 2).map(NodeId));
        assert_eq!(routes.one_way(RegionId(0), SiteId(96)), Span(1_097));
        for site in 0..5 {
            assert_eq!(routes.delay_between(SiteId(site), SiteId(site + 1)).0, u64::from(site % 97 + site % 97 + 3));
        }
    }
}
