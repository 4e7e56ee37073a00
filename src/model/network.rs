//! Nodes, links and the distance model of the wide-area network.

use super::{LinkId, NodeId};
use crate::base::{Bandwidth, Column, Money, Ratio, Span};

/// A region, site or exchange, as a point of the network.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Its key.
    pub name: String,
    /// Latitude and longitude in millionths of a degree; none: distance 0 to everything.
    pub at: Option<(i64, i64)>,
}

/// A full-duplex link that all transfers over it share.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// Its key.
    pub name: String,
    /// Its two ends.
    pub ends: [NodeId; 2],
    /// Delay of the first bit.
    pub one_way: Span,
    /// Bandwidth each way; none: unlimited.
    pub bandwidth: Option<Bandwidth>,
    /// Price per GB.
    pub price: Money,
}

/// The wide-area network.
#[derive(Clone, PartialEq, Debug)]
pub struct Network {
    /// All points.
    pub nodes: Column<NodeId, Node>,
    /// All links.
    pub links: Column<LinkId, Link>,
    /// Route length ÷ great-circle distance, for pairs without links.
    pub route_factor: Ratio,
    /// What equipment adds to a round trip.
    pub equipment_rtt: Span,
    /// Bandwidth of the private link of a pair without links.
    pub default_bandwidth: Bandwidth,
    /// Price per GB of a pair without links.
    pub default_price: Money,
}

/// Delay of light in fibre: 4.9 µs per km.
pub const FIBRE_DELAY_US_PER_KM: f64 = 4.9;

/// Returns the great-circle distance of two points in km, by the haversine formula on a sphere of radius 6371.0088 km
/// (portable mathematics).
pub fn great_circle_km(a: (i64, i64), b: (i64, i64)) -> f64 {
    let radians = |micro_degrees: i64| micro_degrees as f64 * 1e-6 * (std::f64::consts::PI / 180.0);
    let (latitude_a, latitude_b) = (radians(a.0), radians(b.0));
    let half_sine = |angle: f64| {
        let sine = libm::sin(angle / 2.0);
        sine * sine
    };
    let h = half_sine(latitude_b - latitude_a) + libm::cos(latitude_a) * libm::cos(latitude_b) * half_sine(radians(b.1) - radians(a.1));
    2.0 * 6371.0088 * libm::asin(libm::sqrt(h.min(1.0)))
}

impl Network {
    /// Returns the one-way delay of a pair without links: great-circle distance × route factor × 4.9 µs/km.
    pub fn distance_delay(&self, from: NodeId, to: NodeId) -> Span {
        let km = self.distance_km(from, to);
        Span((km * self.route_factor.as_f64() * FIBRE_DELAY_US_PER_KM + 0.5) as u64)
    }
    /// Returns the great-circle distance in km; 0 if a point has no coordinates.
    pub fn distance_km(&self, from: NodeId, to: NodeId) -> f64 {
        match (self.nodes[from].at, self.nodes[to].at) {
            (Some(a), Some(b)) => great_circle_km(a, b),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shaoguan_to_guangzhou_is_1_30_ms_one_way() {
        // domain.md 2.1 and 8.4: 190 km, route factor 1.4
        let km = great_circle_km((24_810_000, 113_600_000), (23_130_000, 113_260_000));
        assert!((km - 190.0).abs() < 1.0, "{km}");
        let one_way_ms = km * 1.4 * FIBRE_DELAY_US_PER_KM / 1000.0;
        assert!((one_way_ms - 1.30).abs() < 0.01, "{one_way_ms}");
    }
}
