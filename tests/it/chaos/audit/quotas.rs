//! Limits on what is held at once: quotas with borrowing and lending, jobs at sites, caches, supplies of chips (I9).

use super::Limit;
use super::attempts::Attempts;
use edwc::engine::Run;
use edwc::model::{ChipId, Model, QuotaId};

/// Works out what each quota holds of each chip from the jobs alone, and lists every limit with what is held of it and the most that may be.
pub fn limits(run: &Run, attempts: &Attempts) -> Vec<(Limit, u64, Option<u64>)> {
    let model = run.model();
    let mut limits = Vec::new();
    for chip in model.chips.ids() {
        for quota in model.quotas.ids() {
            let node = node(model, attempts, quota, chip);
            if !node.limited {
                continue;
            }
            assert_eq!(run.bookings().rules.quotas().usage(quota, chip), node.usage, "{quota:?} of {chip:?} at {:?}", run.now());
            let most = match (model.quotas[quota].parent, model.quotas[quota].gpus[chip]) {
                (None, _) => Some(node.subtree),
                (Some(_), Some(limits)) => limits.borrowing_limit.map(|borrowing| node.subtree + borrowing),
                (Some(_), None) => None,
            };
            limits.push((Limit::Quota(quota.0, chip.0), node.usage, most));
        }
    }
    for (site, of_site) in model.sites.entries() {
        limits.push((Limit::Jobs(site.0), run.bookings().admitted[site], of_site.admission.limit));
        limits.push((Limit::Cache(site.0), run.scene().network.datasets.cached(site).0, of_site.cache.map(|cache| cache.0)));
    }
    // Where one rule alone is about its chips, all that is held of them is held under it.
    for (id, access) in model.access.entries() {
        let alone = |chip: ChipId| model.access.iter().filter(|other| other.chips.contains(chip)).count() == 1;
        if access.chips.iter().all(alone) {
            let parts = attempts.open.values().flat_map(|attempt| &attempt.parts);
            let held = parts.filter(|part| access.chips.contains(model.pools[part.0].chip)).map(|part| u64::from(part.1)).sum();
            limits.push((Limit::Supply(id.0), held, access.supply));
        }
    }
    limits
}

/// One chip in one quota, as Kueue defines it.
struct Node {
    /// Whether the quota or an ancestor has an entry for the chip.
    limited: bool,
    /// Whether a descendant has one.
    gathers: bool,
    /// What the quota and its children bring.
    subtree: u64,
    /// The part of it that is not lent.
    guaranteed: u64,
    /// Charged to the quota, and what its children could not keep to themselves.
    usage: u64,
}

fn node(model: &Model, attempts: &Attempts, quota: QuotaId, chip: ChipId) -> Node {
    let limited = std::iter::successors(Some(quota), |quota| model.quotas[*quota].parent).any(|above| model.quotas[above].gpus[chip].is_some());
    let entry = model.quotas[quota].gpus[chip];
    let charged = |part: &&(edwc::model::PoolId, u32, Vec<QuotaId>)| part.2.contains(&quota) && model.pools[part.0].chip == chip;
    let own: u64 = attempts.open.values().flat_map(|attempt| &attempt.parts).filter(charged).map(|part| u64::from(part.1)).sum();
    let mut node =
        Node { limited, gathers: false, subtree: entry.map_or(0, |limits| limits.nominal), guaranteed: 0, usage: if limited { own } else { 0 } };
    for (child, _) in model.quotas.entries().filter(|(_, child)| child.parent == Some(quota)) {
        let below = self::node(model, attempts, child, chip);
        if below.limited || below.gathers {
            node.subtree += below.subtree - below.guaranteed;
            node.usage += below.usage.saturating_sub(below.guaranteed);
            node.gathers = true;
        }
    }
    node.guaranteed = entry.and_then(|limits| limits.lending_limit).map_or(0, |limit| node.subtree.saturating_sub(limit));
    node
}
