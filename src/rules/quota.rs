//! The quota tree: GPUs held at once, with Kueue's nominal quota, borrowing and lending between the members of a cohort.
//!
//! The arithmetic is that of Kueue's hierarchical cohorts (0.9 and later, `pkg/cache/resource_node.go`): of each node's quota the part
//! beyond its lending limit is guaranteed to it, the rest is stored in its parent; usage fills the guaranteed part first and bubbles up
//! beyond it; a parent's own nominal adds to what its children store in it. A chip without an entry is not limited by a quota: the
//! charge goes to its ancestors, and to nobody if none of them has an entry.

use super::records::QuotaTotals;
use crate::base::{Column, Span, Time};
use crate::model::{ChipId, Matcher, Model, QuotaId};

/// What a quota says to a start that it cannot admit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QuotaRefusal {
    /// The quota that is charged.
    pub quota: QuotaId,
    /// The chip.
    pub chip: ChipId,
    /// GPUs asked for.
    pub asked: u64,
    /// GPUs that it can still give: its own and what its cohort can lend.
    pub available: u64,
}

/// GPUs of one chip charged to one quota.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Charge {
    /// The quota.
    pub quota: QuotaId,
    /// The chip.
    pub chip: ChipId,
    /// How many.
    pub gpus: u32,
}

/// The state of all quotas. Every operation costs *O*(depth of the tree).
#[derive(Clone, Debug)]
pub struct QuotaTree {
    /// Each quota, its parent, and so on up to the root.
    paths: Column<QuotaId, Box<[QuotaId]>>,
    /// Whether starts are charged to the quota itself.
    chargeable: Column<QuotaId, bool>,
    /// Quotas with parents after their children.
    bottom_up: Vec<QuotaId>,
    chips: usize,
    nodes: Vec<Node>,
    held: Column<QuotaId, Held>,
    totals: Column<QuotaId, QuotaTotals>,
}

/// One chip in one quota; all in GPUs.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// Whether this quota or an ancestor has an entry for the chip: what is charged here counts.
    limited: bool,
    /// Whether a descendant has an entry: what it lends is stored here.
    gathers: bool,
    /// Its own nominal.
    nominal: i64,
    borrowing_limit: Option<i64>,
    /// What the quota and its children bring.
    subtree: i64,
    /// The part of it that is not lent.
    guaranteed: i64,
    /// Charged to this quota itself, limited or not.
    own: i64,
    /// Charged here, and what children could not keep to themselves.
    usage: i64,
    borrowed_since: Time,
}

/// GPUs of all chips that a quota and its descendants hold.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    gpus: u64,
    since: Time,
}

impl QuotaTree {
    /// Makes the tree with nothing held.
    pub fn new(model: &Model) -> Self {
        let path = |quota: QuotaId| {
            let mut path = vec![quota];
            while let Some(parent) = model.quotas[path[path.len() - 1]].parent {
                assert!(path.len() <= model.quotas.len(), "a checked quota tree has no cycle");
                path.push(parent);
            }
            path.into_boxed_slice()
        };
        let paths: Column<QuotaId, Box<[QuotaId]>> = model.quotas.ids().map(path).collect();
        let is_parent = |quota| model.quotas.iter().any(|other| other.parent == Some(quota));
        let mut bottom_up: Vec<QuotaId> = model.quotas.ids().collect();
        bottom_up.sort_by_key(|quota| (std::cmp::Reverse(paths[*quota].len()), *quota));
        let mut tree = Self {
            chargeable: model.quotas.entries().map(|(id, quota)| quota.has_matcher || !is_parent(id)).collect(),
            bottom_up,
            chips: model.chips.len(),
            nodes: vec![Node::default(); model.quotas.len() * model.chips.len()],
            held: Column::filled(model.quotas.len(), Held::default()),
            totals: Column::filled(model.quotas.len(), QuotaTotals::default()),
            paths,
        };
        tree.set_limits(model, Time::ZERO);
        tree
    }
    /// Takes limits from the model and works out usage again; what is held stays held, even beyond a lowered limit.
    pub fn set_limits(&mut self, model: &Model, now: Time) {
        for quota in model.quotas.ids() {
            for chip in model.chips.ids() {
                self.close_borrowing(quota, chip, now);
                let limited = self.paths[quota].iter().any(|above| model.quotas[*above].gpus[chip].is_some());
                let own = self.node(quota, chip).own;
                let node = self.node_mut(quota, chip);
                *node = Node { limited, own, usage: if limited { own } else { 0 }, borrowed_since: now, ..Node::default() };
            }
        }
        for index in 0..self.bottom_up.len() {
            let quota = self.bottom_up[index];
            for chip in model.chips.ids() {
                self.settle_limits(model, quota, chip);
            }
        }
    }
    /// Returns the quotas that a start is charged to, given which matchers hold: of each tree the deepest that matches, ties
    /// in file order. Results are in the order of trees, then quotas.
    pub fn charged(&self, model: &Model, matches: impl Fn(&Matcher) -> bool) -> Vec<QuotaId> {
        let mut charged: Vec<QuotaId> = Vec::new();
        for quota in model.quotas.ids().filter(|quota| self.chargeable[*quota] && matches(&model.quotas[*quota].matcher)) {
            match charged.iter_mut().find(|other| self.root(**other) == self.root(quota)) {
                Some(other) if self.paths[*other].len() < self.paths[quota].len() => *other = quota,
                Some(_) => {}
                None => charged.push(quota),
            }
        }
        charged.sort_by_key(|quota| (self.root(*quota), *quota));
        charged
    }
    /// Tells whether a charge fits, with `planned` charges made before it.
    pub fn fits(&self, charge: Charge, planned: &[Charge]) -> Result<(), QuotaRefusal> {
        let Some(available) = self.available(charge.quota, charge.chip, planned) else { return Ok(()) };
        if i64::from(charge.gpus) <= available {
            return Ok(());
        }
        Err(Self::refusal(charge, available))
    }
    /// Tells whether a charge could be admitted with nothing else held.
    pub fn fits_ever(&self, charge: Charge) -> Result<(), QuotaRefusal> {
        let Some(available) = self.ceiling(charge.quota, charge.chip) else { return Ok(()) };
        if u64::from(charge.gpus) <= available {
            return Ok(());
        }
        Err(Self::refusal(charge, i64::try_from(available).unwrap_or(i64::MAX)))
    }
    /// Charges a quota; whether that fits was asked before.
    pub fn hold(&mut self, charge: Charge, now: Time) {
        self.book(charge, now, 1);
    }
    /// Takes a charge back.
    pub fn release(&mut self, charge: Charge, now: Time) {
        self.book(charge, now, -1);
    }
    /// Returns how many GPUs of a chip a quota can still admit: its own and what its cohort can lend; `None`: not limited.
    pub fn headroom(&self, quota: QuotaId, chip: ChipId) -> Option<u64> {
        self.available(quota, chip, &[]).map(|available| u64::try_from(available).unwrap_or(0))
    }
    /// Returns the most that a quota could hold of a chip with nothing else held; `None`: not limited.
    pub fn ceiling(&self, quota: QuotaId, chip: ChipId) -> Option<u64> {
        if !self.node(quota, chip).limited {
            return None;
        }
        let mut most = 0_i64;
        for (level, &quota) in self.paths[quota].iter().rev().enumerate() {
            let node = self.node(quota, chip);
            most = if level == 0 { node.subtree } else { node.guaranteed.saturating_add(most) };
            if let (Some(limit), true) = (node.borrowing_limit, level > 0) {
                most = most.min(node.subtree.saturating_add(limit));
            }
        }
        u64::try_from(most).ok()
    }
    /// Tells whether a charge would take a quota beyond its nominal.
    pub fn borrows(&self, charge: Charge) -> bool {
        let node = self.node(charge.quota, charge.chip);
        node.limited && node.usage.saturating_add(i64::from(charge.gpus)) > node.subtree
    }
    /// Tells whether a charge to `holder` may be taken back for `claimant`: they share a tree, and every quota from the holder
    /// up to below their first common ancestor holds more than it brings (an ancestor of the claimant: more than its own nominal).
    pub fn borrows_from_cohort_of(&self, holder: QuotaId, claimant: QuotaId, chip: ChipId) -> bool {
        if holder == claimant || self.root(holder) != self.root(claimant) || !self.node(holder, chip).limited {
            return false;
        }
        let below = self.paths[holder].iter().take_while(|quota| !self.paths[claimant].contains(quota));
        let mut nodes = below.map(|quota| self.node(*quota, chip)).peekable();
        if nodes.peek().is_none() {
            let node = self.node(holder, chip);
            return node.own > node.nominal;
        }
        nodes.all(|node| node.usage > node.subtree)
    }
    /// Tells whether any other quota of the tree holds more of a chip than it brings.
    pub fn cohort_has_borrowers(&self, claimant: QuotaId, chip: ChipId) -> bool {
        self.paths.ids().any(|quota| self.borrows_from_cohort_of(quota, claimant, chip))
    }
    /// Tells whether two quotas lie in one tree.
    pub fn share_a_tree(&self, one: QuotaId, other: QuotaId) -> bool {
        self.root(one) == self.root(other)
    }
    /// Returns a quota and its ancestors, from itself to the root.
    pub fn path(&self, quota: QuotaId) -> &[QuotaId] {
        &self.paths[quota]
    }
    /// Returns the GPUs of one chip that are charged to a quota, with what its children could not keep to themselves.
    pub fn usage(&self, quota: QuotaId, chip: ChipId) -> u64 {
        u64::try_from(self.node(quota, chip).usage).unwrap_or(0)
    }
    /// Returns the totals of a quota, to which other parts of the rules add theirs.
    pub fn totals_mut(&mut self, quota: QuotaId) -> &mut QuotaTotals {
        &mut self.totals[quota]
    }
    /// Brings all totals up to now and returns them.
    pub fn totals(&mut self, now: Time) -> &Column<QuotaId, QuotaTotals> {
        for quota in self.totals.ids() {
            self.close_held(quota, now);
            for chip in 0..self.chips {
                self.close_borrowing(quota, ChipId(u32::try_from(chip).expect("ids fit 32 bits")), now);
            }
        }
        &self.totals
    }

    fn root(&self, quota: QuotaId) -> QuotaId {
        let path = &self.paths[quota];
        path[path.len() - 1]
    }
    fn node(&self, quota: QuotaId, chip: ChipId) -> &Node {
        &self.nodes[quota.0 as usize * self.chips + chip.0 as usize]
    }
    fn node_mut(&mut self, quota: QuotaId, chip: ChipId) -> &mut Node {
        &mut self.nodes[quota.0 as usize * self.chips + chip.0 as usize]
    }
    fn refusal(charge: Charge, available: i64) -> QuotaRefusal {
        let available = u64::try_from(available).unwrap_or(0);
        QuotaRefusal { quota: charge.quota, chip: charge.chip, asked: u64::from(charge.gpus), available }
    }
    /// Takes the limits of one chip and hands up what the quota brings and uses; children were settled before.
    fn settle_limits(&mut self, model: &Model, quota: QuotaId, chip: ChipId) {
        let entry = model.quotas[quota].gpus[chip];
        let clamp = |gpus: u64| i64::try_from(gpus).unwrap_or(i64::MAX);
        let node = self.node_mut(quota, chip);
        node.nominal = entry.map_or(0, |entry| clamp(entry.nominal));
        node.subtree = node.subtree.saturating_add(node.nominal);
        node.borrowing_limit = entry.and_then(|entry| entry.borrowing_limit).map(clamp);
        let lending_limit = entry.and_then(|entry| entry.lending_limit).map(clamp);
        node.guaranteed = lending_limit.map_or(0, |limit| node.subtree.saturating_sub(limit).max(0));
        let settled = *node;
        if let (Some(parent), true) = (model.quotas[quota].parent, settled.limited || settled.gathers) {
            let above = self.node_mut(parent, chip);
            above.subtree = above.subtree.saturating_add(settled.subtree - settled.guaranteed);
            above.usage += (settled.usage - settled.guaranteed).max(0);
            above.gathers = true;
        }
    }
    /// Returns what can still be charged; negative after limits were lowered; `None`: not limited.
    fn available(&self, quota: QuotaId, chip: ChipId, planned: &[Charge]) -> Option<i64> {
        if !self.node(quota, chip).limited {
            return None;
        }
        let mut available = 0_i64;
        for (level, &quota) in self.paths[quota].iter().rev().enumerate() {
            let node = self.node(quota, chip);
            let usage = node.usage + planned.iter().map(|charge| self.bubbled(*charge, quota, chip)).sum::<i64>();
            if level == 0 {
                available = node.subtree.saturating_sub(usage);
                continue;
            }
            if let Some(limit) = node.borrowing_limit {
                let stored = node.subtree - node.guaranteed;
                let used_there = (usage - node.guaranteed).max(0);
                available = available.min((stored - used_there).saturating_add(limit));
            }
            available = available.saturating_add((node.guaranteed - usage).max(0));
        }
        Some(available)
    }
    /// Returns what of a charge that is not yet made would reach a quota.
    fn bubbled(&self, charge: Charge, reached: QuotaId, chip: ChipId) -> i64 {
        if charge.chip != chip || !self.paths[charge.quota].contains(&reached) {
            return 0;
        }
        if !self.node(charge.quota, chip).limited {
            return 0;
        }
        let below = self.paths[charge.quota].iter().take_while(|quota| **quota != reached);
        below.fold(i64::from(charge.gpus), |left, quota| {
            let node = self.node(*quota, chip);
            left - left.min((node.guaranteed - node.usage).max(0))
        })
    }
    fn book(&mut self, charge: Charge, now: Time, sign: i64) {
        let gpus = i64::from(charge.gpus);
        for level in 0..self.paths[charge.quota].len() {
            let quota = self.paths[charge.quota][level];
            self.close_held(quota, now);
            let held = &mut self.held[quota].gpus;
            *held = held.checked_add_signed(sign * gpus).expect("a quota releases no more than it holds");
        }
        let charged = self.node_mut(charge.quota, charge.chip);
        charged.own += sign * gpus;
        assert!(charged.own >= 0, "a quota releases no more than it holds");
        let mut moved = if charged.limited { gpus } else { 0 };
        for level in 0..self.paths[charge.quota].len() {
            if moved == 0 {
                break;
            }
            let quota = self.paths[charge.quota][level];
            self.close_borrowing(quota, charge.chip, now);
            let node = self.node_mut(quota, charge.chip);
            let beyond_before = (node.usage - node.guaranteed).max(0);
            node.usage += sign * moved;
            moved = ((node.usage - node.guaranteed).max(0) - beyond_before).abs();
        }
    }
    /// Counts what a quota has held since the last change.
    fn close_held(&mut self, quota: QuotaId, now: Time) {
        let held = &mut self.held[quota];
        let passed = now.since(held.since);
        held.since = now;
        if passed > Span::ZERO {
            // What is held and released at one instant, as a plan does while it tries, is no peak.
            let totals = &mut self.totals[quota];
            totals.used_gpu_us += u128::from(held.gpus) * u128::from(passed.0);
            totals.peak_gpus = totals.peak_gpus.max(held.gpus);
        }
    }
    /// Counts what a quota has borrowed since the last change.
    fn close_borrowing(&mut self, quota: QuotaId, chip: ChipId, now: Time) {
        let node = self.node_mut(quota, chip);
        let passed = now.since(node.borrowed_since);
        node.borrowed_since = now;
        if node.limited && passed > Span::ZERO {
            let borrowed = u128::try_from(node.usage - node.subtree).unwrap_or(0);
            self.totals[quota].borrowed_gpu_us += borrowed * u128::from(passed.0);
        }
    }
}

#[cfg(test)]
#[path = "quota_tests.rs"]
mod tests;
