//! Where a job may ever run: pools by region, class and data class, with distance and speed worked out once.

use crate::base::{Ratio, Span};
use crate::define_ids;
use crate::model::{ClassId, DataId, Model, PoolId, RegionId};
use crate::rules::{Residence, check_latency, residence};
use crate::world::network::Routes;
use crate::world::records::Reason;

define_ids! {
    /// A row of [`Reach`]: one region, class and data class.
    ReachId,
}

/// A pool that a kind of job may run in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The pool.
    pub pool: PoolId,
    /// Work per second for a gang on one node: speed of the class on the chip × efficiency of reading from afar.
    pub rate: Ratio,
    /// One-way delay between region and site.
    pub one_way: Span,
    /// Whether data is copied to the site or read from afar.
    pub data: Residence,
}

/// The candidates of every kind of job; rows are worked out when a first job needs them.
#[derive(Clone, Debug)]
pub struct Reach {
    rows: Vec<Option<Row>>,
    classes: usize,
    data: usize,
}

#[derive(Clone, Debug)]
struct Row {
    candidates: Vec<Candidate>,
    refused: Vec<(PoolId, Reason)>,
}

impl Reach {
    /// Makes the empty table of a model.
    pub fn new(model: &Model) -> Self {
        let (classes, data) = (model.classes.len(), model.data.len() + 1);
        Self { rows: vec![None; model.regions.len() * classes * data], classes, data }
    }
    /// Returns the row of a kind of job; works it out at first. *O*(pools) then, *O*(1) later.
    pub fn row(&mut self, model: &Model, routes: &Routes, region: RegionId, class: ClassId, data: Option<DataId>) -> ReachId {
        let column = data.map_or(0, |data| data.0 as usize + 1);
        let index = (region.0 as usize * self.classes + class.0 as usize) * self.data + column;
        if self.rows[index].is_none() {
            self.rows[index] = Some(work_out(model, routes, region, class, data));
        }
        ReachId(index as u32)
    }
    /// Returns the pools of a row in pool order.
    pub fn candidates(&self, row: ReachId) -> &[Candidate] {
        self.rows[row.0 as usize].as_ref().map_or(&[], |row| &row.candidates)
    }
    /// Returns the candidate for one pool. *O*(log candidates).
    pub fn candidate(&self, row: ReachId, pool: PoolId) -> Option<&Candidate> {
        let candidates = self.candidates(row);
        candidates.binary_search_by_key(&pool, |candidate| candidate.pool).ok().map(|at| &candidates[at])
    }
    /// Returns the pools of no use to the row, each with the reason.
    pub fn refused(&self, row: ReachId) -> &[(PoolId, Reason)] {
        self.rows[row.0 as usize].as_ref().map_or(&[], |row| &row.refused)
    }
    /// Works out all rows in use again, as something has changed that they depend on.
    pub fn work_out_again(&mut self, model: &Model, routes: &Routes) {
        for index in 0..self.rows.len() {
            if self.rows[index].is_some() {
                let (cell, column) = (index / self.data, index % self.data);
                let (region, class) = (RegionId((cell / self.classes) as u32), ClassId((cell % self.classes) as u32));
                let data = (column > 0).then(|| DataId(column as u32 - 1));
                self.rows[index] = Some(work_out(model, routes, region, class, data));
            }
        }
    }
}

fn work_out(model: &Model, routes: &Routes, region: RegionId, class_id: ClassId, data: Option<DataId>) -> Row {
    let class = &model.classes[class_id];
    let mut row = Row { candidates: Vec::new(), refused: Vec::new() };
    for (pool_id, pool) in model.pools.entries() {
        let site = &model.sites[pool.site];
        let speed = class.speed[pool.chip];
        let one_way = routes.one_way(region, pool.site);
        let data = data.map_or(Residence::Local, |data| residence(&model.data[data], &model.regions[region], site));
        let reason = if speed == Ratio::ZERO {
            Some(Reason::Chip)
        } else if data == Residence::Forbidden {
            Some(Reason::Residency)
        } else if check_latency(class, one_way, routes.rtt(region, pool.site)).is_err() {
            Some(Reason::Latency)
        } else {
            None
        };
        match reason {
            Some(reason) => row.refused.push((pool_id, reason)),
            None => {
                let efficiency = if let Residence::RemoteRead(efficiency) = data { efficiency } else { Ratio::ONE };
                row.candidates.push(Candidate { pool: pool_id, rate: speed.times(efficiency), one_way, data });
            }
        }
    }
    row
}
