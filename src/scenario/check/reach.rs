//! Jobs that fit no pool, and regions whose jobs can reach no site.

use super::super::reader::Lowering;
use super::load::fits;
use crate::base::{Ratio, Span};
use crate::diag::{Diagnostic, NO_POOL, NO_WAY};
use crate::model::{Arrivals, Class, Elsewhere, Gang, Model, NodeId, Region, Site, Stays, Workload};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

pub(super) fn check(lowering: &Lowering<'_>, model: &Model) {
    for (id, workload) in model.workloads.entries() {
        let item = lowering.root().item("workload").item(&model.workloads[id].name);
        no_pool(lowering, model, workload, &item);
        let mut told = BTreeSet::new();
        for (group, _) in &workload.tenants {
            let region = &model.regions[model.tenants[*group].region];
            if told.insert(region.name.as_str()) && !reaches(model, workload, region) {
                let message = format!(
                    "jobs from `{}` can reach no site: none is within the limits of the class `{}` on delay, and where their data may be",
                    region.name, model.classes[workload.class].name
                );
                lowering.report(Diagnostic::new(NO_WAY, message).at(item.at(), &item.path).help("they are rejected as they come"));
            }
        }
    }
}

fn no_pool(lowering: &Lowering<'_>, model: &Model, workload: &Workload, item: &super::super::reader::Item<'_>) {
    let sizes: Vec<u32> = match (&workload.gpus, &workload.arrivals) {
        (_, Arrivals::Trace(_)) => vec![1],
        (Gang::Fixed(size), _) => vec![*size],
        (Gang::Weighted(values), _) => values.iter().filter(|(_, weight)| *weight > 0.0).map(|(size, _)| *size).collect(),
    };
    let lost: Vec<_> = sizes.iter().filter(|size| !fits(model, workload.class, **size)).map(u32::to_string).collect();
    if !lost.is_empty() {
        let class = &model.classes[workload.class].name;
        let message = format!("no pool holds gangs of {} of the class `{class}`: these jobs are never eligible", lost.join(", "));
        lowering.report(
            Diagnostic::new(NO_POOL, message)
                .at(item.at(), &item.path)
                .help("they are rejected as they come; `edwc check --fit` shows what fits where"),
        );
    }
}

/// Tells whether a job of the workload from the region may run at some site that has a chip for it.
fn reaches(model: &Model, workload: &Workload, region: &Region) -> bool {
    let class = &model.classes[workload.class];
    let delays = delays(model, region.node);
    model.sites.iter().any(|site| {
        let runs = site.pools().any(|pool| model.pools[pool].nodes > 0 && class.speed[model.pools[pool].chip] > Ratio::ZERO);
        runs && near_enough(
            model,
            class,
            delays[crate::base::Id::index(site.node)].unwrap_or_else(|| model.network.distance_delay(region.node, site.node)),
        ) && data_may(model, workload, region, site)
    }) || !model.pools.iter().any(|pool| pool.nodes > 0 && class.speed[pool.chip] > Ratio::ZERO)
}

fn near_enough(model: &Model, class: &Class, one_way: Span) -> bool {
    let round_trip = Span(one_way.0.saturating_mul(2)) + model.network.equipment_rtt;
    class.one_way_max.is_none_or(|most| one_way <= most) && class.rtt_max.is_none_or(|most| round_trip <= most)
}

fn data_may(model: &Model, workload: &Workload, region: &Region, site: &Site) -> bool {
    let Some(dataset) = &workload.dataset else { return true };
    let data = &model.data[dataset.data];
    let home = match data.stays {
        Stays::Anywhere => true,
        Stays::HomeProvince => site.province == region.province,
        Stays::HomeCity => site.city == region.city,
    };
    home || data.elsewhere != Elsewhere::Forbid
}

/// Returns the least delay over links from a node to all others (Dijkstra); none where no links lead. *O*(links · log links).
fn delays(model: &Model, from: NodeId) -> Vec<Option<Span>> {
    let mut delays = vec![None; model.network.nodes.len()];
    let mut frontier = BinaryHeap::from([Reverse((Span::ZERO, from))]);
    while let Some(Reverse((delay, node))) = frontier.pop() {
        let known = &mut delays[crate::base::Id::index(node)];
        if known.is_some() {
            continue;
        }
        *known = Some(delay);
        for link in model.network.links.iter() {
            for (near, far) in [(link.ends[0], link.ends[1]), (link.ends[1], link.ends[0])] {
                if near == node {
                    frontier.push(Reverse((delay + link.one_way, far)));
                }
            }
        }
    }
    delays
}
