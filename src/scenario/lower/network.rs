//! `[network]`: points, links, and what holds for pairs without links.

use super::super::keys::Target;
use super::super::quantity::Unit;
use super::super::reader::Item;
use super::{count, section};
use crate::base::{Bandwidth, Column, Id, Ratio, Span};
use crate::diag::BAD_LINK;
use crate::model::{Link, Network, Node, NodeId};

/// Returns a network of nothing, with the defaults that the list of keys documents.
pub(super) fn empty() -> Network {
    Network {
        nodes: Column::new(),
        links: Column::new(),
        route_factor: Ratio(1_400_000),
        equipment_rtt: Span(1000),
        default_bandwidth: Bandwidth(10_000_000_000),
        default_price: crate::base::Money::ZERO,
    }
}

pub(super) fn lower(root: &Item<'_>) -> Network {
    let network = root.item("network");
    let default = network.item("default");
    let point = |(name, item): (&str, Item<'_>)| Node { name: name.to_owned(), at: item.item("at").position() };
    let nodes = section(root, "region").chain(section(root, "site")).chain(network.item("exchange").entries()).map(point).collect();
    let defaults = empty();
    Network {
        nodes,
        links: network.item("link").entries().map(|(name, item)| link(root, name, &item)).collect(),
        route_factor: default.item("route_factor").ratio().unwrap_or(defaults.route_factor),
        equipment_rtt: default.item("equipment_rtt").span().unwrap_or(defaults.equipment_rtt),
        default_bandwidth: default
            .item("bandwidth")
            .bandwidth()
            .inspect(|bandwidth| not_zero(&default.item("bandwidth"), *bandwidth))
            .unwrap_or(defaults.default_bandwidth),
        default_price: default.item("price").money(Unit::PerGb).unwrap_or(defaults.default_price),
    }
}

fn not_zero(item: &Item<'_>, bandwidth: Bandwidth) {
    if bandwidth.0 == 0 {
        item.report(crate::diag::OUT_OF_RANGE, "a bandwidth of zero: a transfer would never end", "write a bandwidth above zero");
    }
}

fn link(root: &Item<'_>, name: &str, item: &Item<'_>) -> Link {
    let ends: Vec<_> = item.item("ends").list().map(|each| end(root, &each)).collect();
    if let [Some(a), Some(b)] = ends.as_slice()
        && a == b
    {
        item.item("ends").report(BAD_LINK, "both ends of the link are the same", "a link joins two regions, sites or exchanges");
    }
    if let Some(bandwidth) = item.item("bandwidth").bandwidth() {
        not_zero(&item.item("bandwidth"), bandwidth);
    }
    let id = |index: usize| ends.get(index).copied().flatten().unwrap_or(NodeId(0));
    Link {
        name: name.to_owned(),
        ends: [id(0), id(1)],
        one_way: item.item("one_way").span().unwrap_or(Span::ZERO),
        bandwidth: item.item("bandwidth").bandwidth(),
        price: item.item("price").money(Unit::PerGb).unwrap_or_default(),
    }
}

/// Finds the node of an end: a name that several kinds of things share must say which is meant.
fn end(root: &Item<'_>, item: &Item<'_>) -> Option<NodeId> {
    let text = item.text()?;
    root.lowering.names.position(Target::End, text)?;
    let document = root.lowering.document;
    let exchanges = root.item("network").item("exchange");
    let kinds = [("region", root.item("region").table()), ("site", root.item("site").table()), ("exchange", exchanges.table())];
    let (mut offset, mut found) = (0, Vec::new());
    for (kind, table) in kinds {
        let name = text.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.')).unwrap_or(text);
        if let Some(position) = table.and_then(|table| table.position(name)) {
            found.push((kind, NodeId::from_index(offset + position)));
        }
        offset += if kind == "exchange" { 0 } else { count(document, kind) };
    }
    if found.len() > 1 {
        let which: Vec<_> = found.iter().map(|(kind, _)| format!("`{kind}.{text}`")).collect();
        item.report(BAD_LINK, format!("`{text}` is the name of several things"), format!("say which is meant: {}", which.join(", ")));
    }
    found.first().map(|(_, node)| *node)
}
