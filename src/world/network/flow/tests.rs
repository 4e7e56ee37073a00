//! Transfers against the known answers, and against a slow progressive filling in floating point.

use super::super::bundle::rate_of;
use super::super::fair::UNLIMITED;
use super::super::graph::Hop;
use super::super::testing::{Builder, ms};
use super::*;
use crate::model::{NodeId, RegionId, SiteId};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000;
const MBPS: u64 = 1_000_000;
/// Bytes of one Mbit.
const MBIT: u64 = 125_000;
const EQUAL: Terms = Terms { weight: Ratio::ONE, rate_max: None };

/// A network in which every node is both a region and a site.
struct World {
    routes: Routes,
    flows: Flows,
}

impl World {
    fn new(builder: &Builder) -> Self {
        let nodes: Vec<NodeId> = builder.network.nodes.ids().collect();
        let routes = Routes::new(&builder.network, nodes.clone(), nodes);
        let flows = Flows::new(&routes);
        Self { routes, flows }
    }
    fn start(&mut self, at: u64, from: u32, to: u32, bytes: u64, terms: Terms, token: u32) -> FlowId {
        let route = self.routes.to_site(RegionId(from), SiteId(to));
        self.flows.start(Time(at), &self.routes, route, Bytes(bytes), terms, Cargo::Checkpoint(JobId(token)))
    }
    /// Lets everything run to its end; returns (token, time).
    fn drain(&mut self) -> Vec<(u32, u64)> {
        let mut ends = Vec::new();
        while let Some(at) = self.flows.next_event() {
            ends.extend(self.advance(at.0));
        }
        ends
    }
    /// Runs up to an instant, event by event; returns (token, time).
    fn advance(&mut self, to: u64) -> Vec<(u32, u64)> {
        let (mut ends, mut delivered) = (Vec::new(), Vec::new());
        while let Some(at) = self.flows.next_event().filter(|at| at.0 <= to) {
            self.flows.advance(at, &mut delivered);
            ends.extend(delivered.drain(..).map(|delivery| (token(&delivery), at.0)));
        }
        ends
    }
}

fn token(delivery: &Delivery) -> u32 {
    match delivery.cargo {
        Cargo::Checkpoint(job) => job.0,
        Cargo::Dataset(_) => unreachable!("these tests send checkpoints"),
    }
}

/// A chain of links without delay; capacities in Mbps.
fn chain(capacities: &[u64]) -> Builder {
    let mut builder = Builder::new(capacities.len() + 1);
    for (place, capacity) in capacities.iter().enumerate() {
        builder = builder.link(place as u32, place as u32 + 1, Span::ZERO, Some(capacity * MBPS), 0);
    }
    builder
}

/// Starts transfers of (start in s, from, to, Mbit) in order of time and checks their ends, at the first tick by which they have come.
#[track_caller]
fn check_ends(builder: &Builder, transfers: &[(u64, u32, u32, u64)], expected_s: &[(u64, u64)]) {
    let mut world = World::new(builder);
    let mut ends = vec![0; transfers.len()];
    for (number, &(start, from, to, size)) in transfers.iter().enumerate() {
        for (token, at) in world.advance(start * SECOND) {
            ends[token as usize] = at;
        }
        world.start(start * SECOND, from, to, size * MBIT, EQUAL, number as u32);
    }
    for (token, at) in world.drain() {
        ends[token as usize] = at;
    }
    let expected: Vec<u64> = expected_s.iter().map(|(numerator, denominator)| (numerator * SECOND).div_ceil(*denominator)).collect();
    assert_eq!(ends, expected);
}

#[test]
fn mm_3_2links() {
    check_ends(&chain(&[10, 10]), &[(0, 0, 2, 30), (0, 0, 1, 20), (1, 1, 2, 40)], &[(6, 1), (4, 1), (15, 2)]);
}

#[test]
fn mm_4_asym() {
    let transfers = [(0, 0, 2, 24), (0, 0, 1, 24), (0, 1, 2, 12), (2, 1, 2, 10)];
    check_ends(&chain(&[10, 6]), &transfers, &[(23, 3), (13, 4), (5, 1), (19, 3)]);
}

#[test]
fn mm_burst() {
    let transfers: Vec<_> = (1..=5).map(|k| (0, 0, 1, 10 * k)).collect();
    check_ends(&chain(&[10]), &transfers, &[(5, 1), (9, 1), (12, 1), (14, 1), (15, 1)]);
}

/// The transfers of `wan-then-run`: the delay is paid once, before the first byte, and no bandwidth is held meanwhile.
#[test]
fn wan_then_run() {
    let mut world = World::new(&Builder::new(2).link(0, 1, ms(50), Some(10_000 * MBPS), 0));
    world.start(0, 0, 1, 100 * Bytes::PER_GB, EQUAL, 0);
    let mut ends = world.advance(10 * SECOND);
    world.start(10 * SECOND, 0, 1, 50 * Bytes::PER_GB, EQUAL, 1);
    ends.extend(world.advance(1_000 * SECOND));
    world.start(1_000 * SECOND, 0, 1, 0, EQUAL, 2);
    ends.extend(world.drain());
    assert_eq!(ends, [(1, 90_050_000), (0, 120_050_000), (2, 1_000_050_000)]);
}

#[test]
fn weights_and_limits_shape_the_shares() {
    let mut world = World::new(&chain(&[10]));
    let light = world.start(0, 0, 1, 40 * MBIT, EQUAL, 0);
    let heavy = world.start(0, 0, 1, 60 * MBIT, Terms { weight: Ratio(3_000_000), rate_max: Some(Bandwidth(6 * MBPS)) }, 1);
    let free = world.start(0, 0, 1, 0, EQUAL, 2);
    world.advance(0);
    world.flows.next_event();
    assert_eq!((world.flows.rate(light), world.flows.rate(heavy)), (Bandwidth(4 * MBPS), Bandwidth(6 * MBPS)));
    assert_eq!(free, FlowId(2));
    assert_eq!(world.drain(), [(0, 10 * SECOND), (1, 10 * SECOND)]);
}

#[test]
fn directions_and_private_links_are_apart() {
    // Nodes 2 and 3 have no links: 1 Mbps for each pair and direction.
    let mut builder = Builder::new(4).link(0, 1, Span::ZERO, Some(10 * MBPS), 0);
    builder.place(2, 0, 0).place(3, 0, 0);
    let mut world = World::new(&builder);
    for (token, (from, to)) in [(0, 1), (1, 0), (2, 3), (2, 3), (3, 2), (0, 2), (2, 2)].into_iter().enumerate() {
        world.start(0, from, to, 10 * MBIT, EQUAL, token as u32);
    }
    let mut ends = world.drain();
    ends.sort_unstable();
    let seconds: Vec<u64> = ends.iter().map(|(_, at)| at / SECOND).collect();
    assert_eq!(seconds, [1, 1, 20, 20, 10, 10, 0]);
    assert_eq!(world.flows.carried(Time(20 * SECOND)), ([20 * MBIT].into_iter().collect(), 40 * MBIT));
}

#[test]
fn a_link_that_fails_holds_its_transfers_and_one_without_limit_ends_them() {
    let mut world = World::new(&chain(&[10, 10]));
    let through = world.start(0, 0, 2, 100 * MBIT, EQUAL, 0);
    world.start(0, 0, 1, 100 * MBIT, EQUAL, 1);
    world.advance(2 * SECOND);
    world.flows.set_bandwidth(Time(2 * SECOND), LinkId(1), Some(Bandwidth(0)));
    // Each got 10 Mbit; the second one has the first link to itself now.
    assert_eq!(world.flows.next_event(), Some(Time(11 * SECOND)));
    assert_eq!((world.flows.rate(through), world.advance(20 * SECOND)), (Bandwidth(0), vec![(1, 11 * SECOND)]));
    assert_eq!(world.flows.next_event(), None);
    let route = world.routes.to_site(RegionId(0), SiteId(2));
    assert_eq!(world.flows.expected_time(&world.routes, route, Bytes(1), EQUAL), Span::FOREVER);
    world.flows.set_bandwidth(Time(20 * SECOND), LinkId(1), Some(Bandwidth(2 * MBPS)));
    world.flows.set_bandwidth(Time(20 * SECOND), LinkId(0), None);
    assert!(world.advance(50 * SECOND).is_empty());
    world.flows.set_bandwidth(Time(50 * SECOND), LinkId(1), None);
    assert_eq!(world.drain(), [(0, 50 * SECOND)]);
    assert_eq!(world.flows.carried(Time(50 * SECOND)).0.as_slice(), [200 * MBIT, 100 * MBIT]);
}

#[test]
fn a_cancelled_transfer_leaves_its_share_and_what_it_carried() {
    let mut world = World::new(&Builder::new(2).link(0, 1, ms(500), Some(10 * MBPS), 0));
    let served = world.start(0, 0, 1, 100 * MBIT, EQUAL, 0);
    let waiting = world.start(SECOND, 0, 1, 100 * MBIT, EQUAL, 1);
    world.start(0, 0, 1, 30 * MBIT, EQUAL, 2);
    assert!(world.advance(SECOND).is_empty());
    world.flows.cancel(Time(SECOND), waiting);
    assert!(world.advance(2 * SECOND).is_empty());
    world.flows.cancel(Time(2 * SECOND), served);
    // 7.5 Mbit each from 0.5 s to 2 s; 22.5 Mbit are left at 10 Mbps.
    assert_eq!(world.flows.carried(Time(2 * SECOND)).0.as_slice(), [15 * MBIT]);
    assert_eq!(world.drain(), [(2, 4 * SECOND + SECOND / 4)]);
    assert_eq!(world.flows.carried(Time(5 * SECOND)).0.as_slice(), [37 * MBIT + MBIT / 2]);
    assert_eq!(world.flows.flows.in_use(), 0);
}

#[test]
fn ends_at_one_instant_come_in_the_order_of_their_start() {
    let mut world = World::new(&chain(&[10, 10, 10]));
    // The second one on the third link is as long as the two on the first together.
    for (token, (from, size)) in [(2, 5), (0, 5), (2, 5), (0, 5), (1, 10)].into_iter().enumerate() {
        world.start(0, from, from + 1, size * MBIT, EQUAL, token as u32);
    }
    assert_eq!(world.drain(), [(0, SECOND), (1, SECOND), (2, SECOND), (3, SECOND), (4, SECOND)]);
    // All at once gives the same as event by event.
    for token in 0..3 {
        world.start(SECOND, 0, 1, 10 * MBIT * (3 - u64::from(token)), EQUAL, token);
    }
    let (mut twin, mut delivered) = (world.flows.clone(), Vec::new());
    twin.advance(Time(100 * SECOND), &mut delivered);
    let ends = world.drain();
    assert_eq!(delivered.iter().map(token).collect::<Vec<_>>(), ends.iter().map(|(token, _)| *token).collect::<Vec<_>>());
    assert_eq!(ends, [(2, 4 * SECOND), (1, 6 * SECOND), (0, 7 * SECOND)]);
}

#[test]
fn estimates_follow_the_present_load() {
    let mut world = World::new(&Builder::new(3).link(0, 1, ms(500), Some(10 * MBPS), 0));
    let route = world.routes.to_site(RegionId(0), SiteId(1));
    let estimate = |world: &World, terms| world.flows.expected_time(&world.routes, route, Bytes(10 * MBIT), terms);
    assert_eq!(estimate(&world, EQUAL), Span(SECOND + SECOND / 2));
    world.start(0, 0, 1, 1_000 * MBIT, EQUAL, 0);
    world.advance(SECOND);
    assert_eq!(estimate(&world, EQUAL), Span(2 * SECOND + SECOND / 2));
    assert_eq!(estimate(&world, Terms { weight: Ratio(4_000_000), rate_max: None }), Span(SECOND + 3 * SECOND / 4));
    assert_eq!(estimate(&world, Terms { weight: Ratio::ONE, rate_max: Some(Bandwidth(MBPS)) }), Span(10 * SECOND + SECOND / 2));
    let private = world.routes.to_site(RegionId(0), SiteId(2));
    assert_eq!(world.flows.expected_time(&world.routes, private, Bytes(MBIT), EQUAL), Span(SECOND));
}

#[test]
fn ten_thousand_transfers_at_once_all_end() {
    let mut world = World::new(&chain(&[1_000, 1_000, 1_000]));
    let (mut ended, mut sent) = (0, [0; 3]);
    for k in 0..10_000_u32 {
        // 10 Gbps are asked of each link of 1 Gbps: nearly all of them pile up.
        ended += world.advance(u64::from(k) * 100).len();
        let (from, bytes) = (k % 3, u64::from(k % 11 + 1) * MBIT);
        let to = from + 1 + k / 3 % (3 - from);
        world.start(u64::from(k) * 100, from, to, bytes, Terms { weight: Ratio(u64::from(k % 4) * 500_000), rate_max: None }, k);
        (from..to).for_each(|link| sent[link as usize] += bytes);
    }
    assert!(world.flows.flows.in_use() > 8_000);
    ended += world.advance(u64::MAX).len();
    assert_eq!((ended, world.flows.flows.in_use()), (10_000, 0));
    assert_eq!(world.flows.carried(Time::NEVER).0.as_slice(), sent);
}

/// A transfer of the slow reference.
#[derive(Clone, Debug)]
struct Slow {
    first_byte: f64,
    left: f64,
    weight: f64,
    limit: f64,
    path: Vec<usize>,
    end: Option<f64>,
}

/// Weighted max-min rates of the active transfers by textbook progressive filling.
fn slow_rates(transfers: &[Slow], active: &[usize], capacities: &[f64]) -> Vec<f64> {
    let mut rates = vec![0.0; transfers.len()];
    let mut growing: Vec<usize> = active.to_vec();
    let mut room = capacities.to_vec();
    while !growing.is_empty() {
        let weight_on = |link: usize| growing.iter().filter(|f| transfers[**f].path.contains(&link)).map(|f| transfers[*f].weight).sum::<f64>();
        let by_link = (0..room.len()).filter(|link| weight_on(*link) > 0.0).map(|link| room[link] / weight_on(link));
        let by_limit = growing.iter().map(|f| (transfers[*f].limit - rates[*f]) / transfers[*f].weight);
        let step = by_link.chain(by_limit).fold(f64::INFINITY, f64::min).max(0.0);
        for &f in &growing {
            rates[f] += step * transfers[f].weight;
            transfers[f].path.iter().for_each(|link| room[*link] -= step * transfers[f].weight);
        }
        let is_full = |link: usize| room[link] <= capacities[link] * 1e-12;
        growing.retain(|f| rates[*f] < transfers[*f].limit * (1.0 - 1e-12) && !transfers[*f].path.iter().any(|link| is_full(*link)));
    }
    rates
}

/// Runs the reference to its end.
fn run_slowly(transfers: &mut [Slow], capacities: &[f64]) {
    let mut now = 0.0;
    loop {
        let waiting = transfers.iter().filter(|f| f.end.is_none() && f.first_byte > now).map(|f| f.first_byte).fold(f64::INFINITY, f64::min);
        let active: Vec<usize> = (0..transfers.len()).filter(|f| transfers[*f].end.is_none() && transfers[*f].first_byte <= now).collect();
        let rates = slow_rates(transfers, &active, capacities);
        let first_end = active.iter().map(|f| now + transfers[*f].left / rates[*f]).fold(f64::INFINITY, f64::min);
        let next = waiting.min(first_end);
        if next.is_infinite() {
            return;
        }
        for &f in &active {
            transfers[f].left -= rates[f] * (next - now);
            if transfers[f].left <= rates[f] * 1e-7 {
                transfers[f].end = Some(next);
            }
        }
        now = next;
    }
}

#[derive(Clone, Debug)]
struct Sample {
    start: u64,
    from: u32,
    to: u32,
    bytes: u64,
    terms: Terms,
}

fn samples(nodes: u32) -> impl Strategy<Value = Vec<Sample>> {
    let limit = prop::option::weighted(0.3, (1..20_u64).prop_map(|mbps| Bandwidth(mbps * MBPS + 7)));
    let one = (0..3_000_000_u64, 0..nodes, 0..nodes, 1..10_000_000_u64, prop::sample::select(vec![1, 2, 5]), limit);
    let one = one.prop_map(|(start, from, to, bytes, weight, rate_max)| Sample {
        start,
        from,
        to,
        bytes,
        terms: Terms { weight: Ratio(weight * 500_000), rate_max },
    });
    prop::collection::vec(one, 1..40).prop_map(|mut samples| {
        samples.sort_by_key(|sample| sample.start);
        samples
    })
}

/// Asserts invariant I8: no direction of a link is over its capacity, and every transfer has a bottleneck (its own limit, or a full
/// link on which nobody has more per weight).
fn assert_fair(world: &World, alive: &[(FlowId, Sample)], capacities: &[u64]) -> Result<(), TestCaseError> {
    let served = |id: FlowId| world.flows.flows[id.0].end.map(|_| world.flows.sharing.bundle(world.flows.flows[id.0].bundle).rate);
    let path = |sample: &Sample| world.routes.hops(world.routes.to_site(RegionId(sample.from), SiteId(sample.to))).to_vec();
    let served: Vec<_> = alive.iter().filter_map(|(id, sample)| served(*id).map(|rate| (rate, sample.terms, path(sample)))).collect();
    let is_full = |hop: &Hop| {
        let sum: u128 = served.iter().filter(|(.., path)| path.contains(hop)).map(|(rate, ..)| rate).sum();
        let capacity = rate_of(Bandwidth(capacities[hop.link.0 as usize] * MBPS));
        assert!(sum <= capacity, "{hop:?} carries {sum} of {capacity}");
        sum + served.len() as u128 >= capacity
    };
    for (rate, terms, path) in &served {
        let weight = u128::from(terms.weight.0);
        let at_limit = terms.rate_max.map_or(UNLIMITED, rate_of) == *rate;
        // One unit more per weight is rounding.
        let is_largest = |hop: &Hop| {
            let others = served.iter().filter(|(.., other)| other.contains(hop));
            others.into_iter().all(|(other, other_terms, _)| other * weight <= (rate + 1) * u128::from(other_terms.weight.0))
        };
        let full: Vec<bool> = path.iter().map(is_full).collect();
        let bottleneck = path.iter().zip(full).any(|(hop, full)| full && is_largest(hop));
        prop_assert!(at_limit || bottleneck || path.is_empty(), "{rate} has no bottleneck");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn transfers_end_when_a_slow_progressive_filling_says(
        capacities in prop::collection::vec(1..30_u64, 1..5),
        delays in prop::collection::vec(0..200_u64, 4),
        samples in samples(2),
        stretch in 1..5_u32,
    ) {
        // The samples' two nodes become the ends of parts of the chain.
        let nodes = capacities.len() as u32 + 1;
        let mut builder = Builder::new(nodes as usize);
        for (place, capacity) in capacities.iter().enumerate() {
            builder = builder.link(place as u32, place as u32 + 1, ms(delays[place]), Some(capacity * MBPS), 0);
        }
        let mut world = World::new(&builder);
        let (mut alive, mut ends) = (Vec::new(), vec![0; samples.len()]);
        let (mut slow, mut link_bytes) = (Vec::new(), vec![0; capacities.len()]);
        for (number, sample) in samples.iter().enumerate() {
            let mixed = number as u32 * stretch + sample.from * 3 + sample.to;
            let (from, to) = (mixed % nodes, (mixed / nodes + sample.to) % nodes);
            let sample = Sample { from, to, ..sample.clone() };
            for (token, at) in world.advance(sample.start) {
                ends[token as usize] = at;
                alive.retain(|(_, _, alive)| *alive != token);
            }
            let route = world.routes.to_site(RegionId(from), SiteId(to));
            let path: Vec<usize> = world.routes.hops(route).iter().map(|hop| 2 * hop.link.0 as usize + usize::from(hop.direction)).collect();
            path.iter().for_each(|resource| link_bytes[resource / 2] += sample.bytes);
            slow.push(Slow {
                first_byte: (sample.start + world.routes[route].one_way.0) as f64 / 1e6,
                left: sample.bytes as f64 * 8.0,
                weight: sample.terms.weight.as_f64(),
                limit: sample.terms.rate_max.map_or(1e18, |limit| limit.0 as f64),
                path,
                end: None,
            });
            alive.push((world.start(sample.start, from, to, sample.bytes, sample.terms, number as u32), sample, number as u32));
        }
        while let Some(at) = world.flows.next_event() {
            for (token, at) in world.advance(at.0) {
                ends[token as usize] = at;
                alive.retain(|(_, _, alive)| *alive != token);
            }
            world.flows.next_event();
            let now_alive: Vec<(FlowId, Sample)> = alive.iter().map(|(id, sample, _)| (*id, sample.clone())).collect();
            assert_fair(&world, &now_alive, &capacities)?;
        }
        let both_ways: Vec<f64> = capacities.iter().flat_map(|capacity| [(capacity * MBPS) as f64; 2]).collect();
        run_slowly(&mut slow, &both_ways);
        for (end, slow) in ends.iter().zip(&slow) {
            let expected = slow.end.expect("the reference ends all") * 1e6;
            let late = *end as f64 - expected;
            prop_assert!(late >= -0.1 - expected * 1e-9 && late <= 1.0 + expected * 1e-9, "{end} {expected}");
        }
        let last = ends.iter().max().copied().unwrap_or_default();
        let (carried, _) = world.flows.carried(Time(last));
        prop_assert_eq!(carried.as_slice(), link_bytes.as_slice());
        prop_assert_eq!(world.flows.flows.in_use(), 0);
    }
}
