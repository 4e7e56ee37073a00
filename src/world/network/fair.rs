//! Weighted max-min fairness by progressive filling (Bertsekas and Gallager 1992, section 6.5.2), in integers.

use super::bundle::Bundle;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A rate, or a capacity, without a limit.
pub(super) const UNLIMITED: u128 = u128::MAX;

/// One direction of a link, or of a pair's private link.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) capacity: u128,
    /// Weights of all transfers on it.
    pub(super) weight: u128,
    /// Active bundles on it, and which step of the bundle's path it is.
    pub(super) bundles: Vec<(u32, u32)>,
    /// Whether it is in the component that is being worked out.
    pub(super) marked: bool,
    /// What filling has left of the capacity.
    room: u128,
    /// The weights whose rates are not settled.
    open: u128,
}

/// What bounds a rate next: the least room per weight first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Level {
    room: u128,
    weight: u128,
    of: Bound,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Bound {
    Limit(u32),
    Resource(u32),
}

impl Resource {
    pub(super) fn new(capacity: u128) -> Self {
        Self { capacity, weight: 0, bundles: Vec::new(), marked: false, room: 0, open: 0 }
    }
}

impl Ord for Level {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self.room, self.weight, other.room, other.weight).then(self.of.cmp(&other.of))
    }
}
impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Works out the rates of a component: `resources` and `bundles` are the slots of all that are connected. The rates of no resource add up
/// to more than its capacity. *O*((resources + bundles) log + hops); no allocation once `levels` has grown.
pub(super) fn fill(
    all_resources: &mut [Resource],
    all_bundles: &mut [Bundle],
    resources: &[u32],
    bundles: &[u32],
    levels: &mut BinaryHeap<Reverse<Level>>,
) {
    levels.clear();
    for &slot in resources {
        let resource = &mut all_resources[slot as usize];
        (resource.room, resource.open) = (resource.capacity, resource.weight);
        if resource.capacity != UNLIMITED && resource.weight > 0 {
            levels.push(Reverse(Level { room: resource.room, weight: resource.open, of: Bound::Resource(slot) }));
        }
    }
    for &slot in bundles {
        let bundle = &mut all_bundles[slot as usize];
        (bundle.frozen, bundle.rate) = (false, UNLIMITED);
        if bundle.limit != UNLIMITED {
            levels.push(Reverse(Level { room: bundle.limit, weight: u128::from(bundle.weight), of: Bound::Limit(slot) }));
        }
    }
    while let Some(Reverse(level)) = levels.pop() {
        match level.of {
            Bound::Limit(slot) => {
                let limit = all_bundles[slot as usize].limit;
                freeze(all_resources, &mut all_bundles[slot as usize], limit);
            }
            Bound::Resource(slot) => {
                let (room, open) = (all_resources[slot as usize].room, all_resources[slot as usize].open);
                if open == 0 {
                    continue;
                }
                // Rates that were settled elsewhere since can only have raised the level: look again when its turn comes.
                if (room, open) != (level.room, level.weight) {
                    levels.push(Reverse(Level { room, weight: open, of: level.of }));
                    continue;
                }
                for place in 0..all_resources[slot as usize].bundles.len() {
                    let bundle = &mut all_bundles[all_resources[slot as usize].bundles[place].0 as usize];
                    let share = part(room, u128::from(bundle.weight), open);
                    freeze(all_resources, bundle, share);
                }
            }
        }
    }
}

/// Settles the rate of a bundle's transfers, unless it is settled.
fn freeze(all_resources: &mut [Resource], bundle: &mut Bundle, rate: u128) {
    if bundle.frozen {
        return;
    }
    (bundle.frozen, bundle.rate) = (true, rate);
    let count = u128::from(bundle.active);
    for &(slot, _) in &bundle.path {
        let resource = &mut all_resources[slot as usize];
        if resource.capacity != UNLIMITED {
            resource.room -= count * rate;
            resource.open -= count * u128::from(bundle.weight);
        }
    }
}

/// Returns `room × weight ÷ all`, rounded down, without overflow where `all × weight` has none.
pub(super) fn part(room: u128, weight: u128, all: u128) -> u128 {
    room.checked_mul(weight).map_or_else(|| room / all * weight + room % all * weight / all, |product| product / all)
}

/// Compares a ÷ b with c ÷ d exactly: by cross products or, where those overflow, by continued fractions.
fn compare(mut a: u128, mut b: u128, mut c: u128, mut d: u128) -> Ordering {
    if let (Some(left), Some(right)) = (a.checked_mul(d), c.checked_mul(b)) {
        return left.cmp(&right);
    }
    loop {
        let (rest_a, rest_c) = (a % b, c % d);
        match (a / b).cmp(&(c / d)) {
            Ordering::Equal if rest_a == 0 || rest_c == 0 => return rest_a.cmp(&rest_c),
            Ordering::Equal => (a, b, c, d) = (d, rest_c, b, rest_a),
            unequal => return unequal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fractions_compare_alike_by_products_and_by_continued_fractions(a in 0..1_000_u128, b in 1..50_u128, c in 0..1_000_u128, d in 1..50_u128) {
            let scale = u128::MAX / 1_000;
            prop_assert_eq!(compare(a * scale, b * scale, c * scale, d * scale), (a * d).cmp(&(c * b)));
        }
        #[test]
        fn parts_are_rounded_down(room in 0..u128::MAX, weight in 1..1_000_000_u128, more in 0..1_000_000_u128) {
            let all = weight + more;
            let share = part(room, weight, all);
            let by_parts = room / all * weight + room % all * weight / all;
            prop_assert_eq!(share, by_parts);
            prop_assert!(share <= room);
        }
    }
}
