//! `[failure]`: random and scripted.

use super::super::keys::{LawUnit, Target};
use super::super::quantity::Unit;
use super::super::reader::Item;
use super::files::{Rows, at_line, instant, rows};
use super::law::law;
use super::matcher::{only_places, pools};
use super::section;
use crate::base::{Column, Span, Time};
use crate::diag::{KEYS_TOGETHER, SERIES, UNKNOWN_NAME, WOULD_LOOP};
use crate::model::{Failure, FailureId, IdSet, Law, Model, NodeMtbf, Outage, PoolId};

pub(super) fn lower(root: &Item<'_>, model: &Model) -> Column<FailureId, Failure> {
    section(root, "failure").map(|(name, item)| failure(name, &item, model)).collect()
}

fn failure(name: &str, item: &Item<'_>, model: &Model) -> Failure {
    only_places(&item.item("for"), "a failure process", &[]);
    let repair = law(&item.item("repair"), LawUnit::Quantity(Unit::Duration));
    if item.has("mtbf") && !item.has("repair") {
        item.report(KEYS_TOGETHER, "failures without a repair", "give `repair`, such as `{ dist = \"exponential\", mean = \"4 h\" }`");
    }
    if !["mtbf", "outages", "series"].iter().any(|key| item.has(key)) {
        item.report(KEYS_TOGETHER, format!("nothing says when nodes fail by `{name}`"), "give `mtbf`, `outages` or a `series`");
    }
    Failure {
        name: name.to_owned(),
        pools: pools(&item.item("for"), model).unwrap_or_else(|| IdSet::all(model.pools.len())),
        mtbf: mtbf(&item.item("mtbf")),
        while_busy: item.item("while").text() == Some("busy"),
        crews: item.item("crews").count().unwrap_or(0),
        repair: repair.unwrap_or(Law::fixed(0.0)),
        outages: outages(item, model),
    }
}

fn mtbf(item: &Item<'_>) -> Option<NodeMtbf> {
    let time = item.span().or_else(|| item.item("time").span())?;
    if time == Span::ZERO {
        item.report(WOULD_LOOP, "a mean time between failures of zero", "write a length of time above zero");
    }
    Some(NodeMtbf { time, per_gpu: item.item("per").text() == Some("gpu") })
}

/// Gathers scripted outages, from the file and from the series, in order of time; those of one node must not overlap.
fn outages(item: &Item<'_>, model: &Model) -> Vec<Outage> {
    let mut outages = Vec::new();
    for outage in item.item("outages").list() {
        let node = outage.item("node");
        let Some(text) = node.text() else { continue };
        match place(item, text, model) {
            Err(message) => node.report(UNKNOWN_NAME, message, "write `SITE.POOL.INDEX`, with the index from 0"),
            Ok((pool, node)) => {
                if let (Some(at), Some(lasts)) = (outage.item("at").instant(), outage.item("for").span()) {
                    outages.push(Outage { pool, node, at, lasts });
                }
            }
        }
    }
    let series = item.item("series");
    if let Some(rows) = series.text().and_then(|_| rows(&series)) {
        match from_rows(&series, &rows, model) {
            Ok(mut more) => outages.append(&mut more),
            Err(fault) => item.lowering.report(*fault),
        }
    }
    outages.sort_by_key(|outage| (outage.pool, outage.node, outage.at));
    if let Some(pair) =
        outages.windows(2).find(|pair| (pair[0].pool, pair[0].node) == (pair[1].pool, pair[1].node) && pair[0].at + pair[0].lasts > pair[1].at)
    {
        let name = format!("{}.{}", model.pool_name(pair[1].pool), pair[1].node);
        let place = if series.exists() { &series } else { &item.item("outages") };
        place.report(SERIES, format!("outages of `{name}` overlap at {}", pair[1].at), "a node is down once at a time");
    }
    outages.sort_by_key(|outage| (outage.at, outage.pool, outage.node));
    outages
}

fn from_rows(item: &Item<'_>, rows: &Rows, model: &Model) -> Result<Vec<Outage>, Box<crate::diag::Diagnostic>> {
    let column = |name: &str| rows.column(name);
    let (Some(node), Some(at), Some(lasts)) = (column("node"), column("at"), column("for")) else {
        return Err(Box::new(item.fault(SERIES, "the file lacks a column").help("columns `node` (`SITE.POOL.INDEX`), `at` and `for`")));
    };
    let mut outages = Vec::new();
    for (line, row) in &rows.rows {
        let fail = |message: &str| Box::new(at_line(item, rows, *line, message));
        let (pool, node) = place(item, &row[node], model).map_err(|message| fail(&message))?;
        let start = instant(item, &row[at]).filter(|at| *at >= 0).ok_or_else(|| fail(&format!("`{}` is no instant of the run", row[at])))?;
        let span = Unit::Duration.parse(&row[lasts]).ok().and_then(|span| u64::try_from(span).ok());
        let lasts = Span(span.ok_or_else(|| fail(&format!("`{}` is no length of time", row[lasts])))?);
        outages.push(Outage { pool, node, at: Time(start.unsigned_abs()), lasts });
    }
    Ok(outages)
}

/// Finds the node of `SITE.POOL.INDEX`.
fn place(item: &Item<'_>, text: &str, model: &Model) -> Result<(PoolId, u32), String> {
    let (pool, index) = text.rsplit_once('.').ok_or_else(|| format!("`{text}` is not a node"))?;
    let id: PoolId = item.lowering.id(Target::Pool, pool).ok_or_else(|| format!("no pool is named `{pool}`"))?;
    let index: u32 = index.parse().map_err(|_| format!("`{index}` is not the index of a node"))?;
    let nodes = model.pools.get(id).map_or(0, |pool| pool.nodes);
    if index < nodes { Ok((id, index)) } else { Err(format!("`{pool}` has {nodes} nodes, from 0; none is {index}")) }
}
