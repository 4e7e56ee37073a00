//! What a rule moved: the same jobs with and without it, one by one.
//!
//! Under one seed job *k* is the same job in every alternative, whatever is decided. So what a subsidy changed need not be guessed from totals: each
//! job is looked at twice. *Moved* are GPU-hours on the other side than before; *windfall* is public money for jobs that ran on the same side anyway.

use crate::base::{Column, Id, Time};
use crate::model::{Model, PoolId, Side, TenantGroup, TenantId};
use crate::rules::records::{Account, Posting};
use crate::world::records::{Fate, JobRecord};
use std::collections::BTreeMap;

/// GPU-microseconds in a GPU-hour.
const GPU_HOUR_US: f64 = 3.6e9;
/// Micro-yuan in a yuan.
const YUAN: f64 = 1e6;

/// Where each measured job of a run went, and what was paid for it. About 40 bytes a job.
#[derive(Clone, Debug)]
pub struct Footprint {
    window: (Time, Time),
    side_of: Column<PoolId, Side>,
    region_of: Column<TenantId, u16>,
    regions: Vec<String>,
    /// By job number.
    steps: Vec<Option<Step>>,
    /// Micro-yuan from governments, by job number.
    public: Vec<i64>,
}

/// A job in one run.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// Where it ran; none if it never held GPUs.
    side: Option<Side>,
    region: u16,
    finished: bool,
    held_gpu_us: u64,
    net_micro_cny: i64,
    completion_us: u64,
}

impl Footprint {
    /// Makes an empty one for a run of a model.
    pub fn new(model: &Model) -> Self {
        let of_group = |group: &TenantGroup| std::iter::repeat_n(group.region.index() as u16, group.count as usize);
        Self {
            window: (Time::ZERO + model.warmup, model.horizon.map_or(Time::NEVER, |horizon| Time::ZERO + horizon)),
            side_of: model.pools.iter().map(|pool| model.sites[pool.site].side).collect(),
            region_of: model.tenants.iter().flat_map(of_group).collect(),
            regions: model.regions.iter().map(|region| region.name.clone()).collect(),
            steps: Vec::new(),
            public: Vec::new(),
        }
    }
    /// Takes jobs that left the system; those submitted outside of the window are not measured.
    pub fn jobs(&mut self, jobs: &[JobRecord]) {
        for job in jobs.iter().filter(|job| job.submit >= self.window.0 && job.submit <= self.window.1) {
            let ran = job.gpu_time.held > 0;
            let step = Step {
                side: job.pool.filter(|_| ran).map(|pool| self.side_of[pool]),
                region: self.region_of[job.tenant],
                finished: job.fate == Fate::Finished,
                held_gpu_us: u64::try_from(job.gpu_time.held).expect("a job holds GPUs for less than half a million years"),
                net_micro_cny: job.net_charge().0,
                completion_us: job.completion().0,
            };
            *at(&mut self.steps, job.number, None) = Some(step);
        }
    }
    /// Takes movements of money; what governments pay for a job is added to it.
    pub fn postings(&mut self, postings: &[Posting]) {
        for posting in postings.iter().filter(|posting| matches!(posting.from, Account::Government(_))) {
            if let Some(number) = posting.job {
                *at(&mut self.public, number, 0) += posting.amount.0;
            }
        }
    }
    /// Pairs the jobs of this run with those of the baseline, and returns what changed, by the paths of the metrics.
    pub fn since(&self, baseline: &Self) -> BTreeMap<String, f64> {
        let mut moved = Moved { regions: vec![Regional::default(); self.regions.len()], ..Moved::default() };
        for number in 0..self.steps.len().max(baseline.steps.len()) {
            let (before, after) = (baseline.steps.get(number).copied().flatten(), self.steps.get(number).copied().flatten());
            if let (Some(before), Some(after)) = (before, after) {
                let public = |footprint: &Self| footprint.public.get(number).copied().unwrap_or(0);
                moved.pair(&before, &after, public(self) - public(baseline));
            }
        }
        moved.metrics(&self.regions)
    }
}

/// Sums over pairs of jobs.
#[derive(Clone, Debug, Default)]
struct Moved {
    /// GPU-microseconds of jobs that went west, and of jobs that left the west.
    to_west: u128,
    from_west: u128,
    /// GPU-microseconds in the west after less before.
    west: i128,
    /// Of jobs that run only now.
    new: u128,
    /// More public money, less public money, and that for jobs on the same side as before; with the GPU time of the latter.
    public: i128,
    public_more: i128,
    windfall: i128,
    windfall_gpu_us: u128,
    gained: u64,
    lost: u64,
    regions: Vec<Regional>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Regional {
    net: i128,
    completion_us: i128,
    finished: u64,
}

impl Moved {
    fn pair(&mut self, before: &Step, after: &Step, public: i64) {
        let west = |step: &Step| step.side == Some(Side::West);
        let hours = |step: &Step| if west(step) { i128::from(step.held_gpu_us) } else { 0 };
        self.west += hours(after) - hours(before);
        match (before.side.is_some(), west(before), west(after)) {
            (false, ..) => self.new += u128::from(after.held_gpu_us),
            (true, false, true) => self.to_west += u128::from(after.held_gpu_us),
            (true, true, false) => self.from_west += u128::from(before.held_gpu_us),
            _ => {}
        }
        self.public += i128::from(public);
        if public > 0 {
            self.public_more += i128::from(public);
            if before.side.is_some() && before.side == after.side {
                self.windfall += i128::from(public);
                self.windfall_gpu_us += u128::from(after.held_gpu_us);
            }
        }
        let net = i128::from(after.net_micro_cny) - i128::from(before.net_micro_cny);
        let region = &mut self.regions[usize::from(after.region)];
        region.net += net;
        if before.finished && after.finished {
            // What a job pays says who gained only if it did the same in both.
            self.gained += u64::from(net < 0);
            self.lost += u64::from(net > 0);
            region.completion_us += i128::from(after.completion_us) - i128::from(before.completion_us);
            region.finished += 1;
        }
    }

    fn metrics(&self, regions: &[String]) -> BTreeMap<String, f64> {
        let mut metrics = BTreeMap::new();
        let mut put = |path: &str, value: f64| metrics.extend([(format!("moved.{path}"), value)]);
        put("west_gpu_hours", self.west as f64 / GPU_HOUR_US);
        put("to_west_gpu_hours", self.to_west as f64 / GPU_HOUR_US);
        put("from_west_gpu_hours", self.from_west as f64 / GPU_HOUR_US);
        put("new_gpu_hours", self.new as f64 / GPU_HOUR_US);
        put("public_cny", self.public as f64 / YUAN);
        put("windfall_cny", self.windfall as f64 / YUAN);
        put("windfall_gpu_hours", self.windfall_gpu_us as f64 / GPU_HOUR_US);
        put("gained_jobs", self.gained as f64);
        put("lost_jobs", self.lost as f64);
        if self.public_more > 0 {
            put("windfall_share", self.windfall as f64 / self.public_more as f64);
        }
        // Work that moves east for public money has no price per hour moved west.
        if self.west > 0 {
            put("public_cny_per_west_gpu_hour", self.public as f64 / YUAN / (self.west as f64 / GPU_HOUR_US));
        }
        for (name, region) in regions.iter().zip(&self.regions) {
            put(&format!("by_region.{name}.net_cny"), region.net as f64 / YUAN);
            if region.finished > 0 {
                put(&format!("by_region.{name}.completion_s"), region.completion_us as f64 / 1e6 / region.finished as f64);
            }
        }
        metrics
    }
}

/// Finds an entry by its number; the vector grows to it.
fn at<T: Clone>(entries: &mut Vec<T>, number: u64, empty: T) -> &mut T {
    let number = usize::try_from(number).expect("jobs fit the memory");
    if entries.len() <= number {
        entries.resize(number + 1, empty);
    }
    &mut entries[number]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(side: Option<Side>, gpu_hours: u64, net_cny: i64) -> Step {
        let held_gpu_us = gpu_hours * 3_600_000_000;
        Step { side, region: 0, finished: side.is_some(), held_gpu_us, net_micro_cny: net_cny * 1_000_000, completion_us: gpu_hours * 1_000_000 }
    }

    /// Four jobs: one goes west, one was there anyway, one comes back, one runs only now.
    #[test]
    fn jobs_are_paired_one_by_one() {
        use Side::{East, West};
        let pairs = [
            (step(Some(East), 10, 100), step(Some(West), 12, 80), 30),
            (step(Some(West), 20, 100), step(Some(West), 20, 60), 40),
            (step(Some(West), 5, 10), step(Some(East), 4, 12), 0),
            (step(None, 0, 0), step(Some(West), 3, 5), 10),
        ];
        let mut moved = Moved { regions: vec![Regional::default()], ..Moved::default() };
        for (before, after, public) in pairs {
            moved.pair(&before, &after, public * 1_000_000);
        }
        let metrics = moved.metrics(&["hz".to_owned()]);
        let value = |path: &str| metrics[&format!("moved.{path}")];
        assert_eq!((value("west_gpu_hours"), value("to_west_gpu_hours"), value("from_west_gpu_hours")), (10.0, 12.0, 5.0));
        assert_eq!(
            (value("new_gpu_hours"), value("public_cny"), value("windfall_cny"), value("windfall_gpu_hours")),
            (3.0, 80.0, 40.0, 20.0)
        );
        assert_eq!((value("windfall_share"), value("public_cny_per_west_gpu_hour")), (0.5, 8.0));
        assert_eq!((value("gained_jobs"), value("lost_jobs"), value("by_region.hz.net_cny")), (2.0, 1.0, -53.0));
        assert!((value("by_region.hz.completion_s") - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn what_moves_east_has_no_price_per_hour_moved_west() {
        let mut moved = Moved { regions: vec![Regional::default()], ..Moved::default() };
        moved.pair(&step(Some(Side::West), 5, 10), &step(Some(Side::East), 5, 5), 5_000_000);
        let metrics = moved.metrics(&["hz".to_owned()]);
        assert!(!metrics.contains_key("moved.public_cny_per_west_gpu_hour"));
        assert_eq!((metrics["moved.west_gpu_hours"], metrics["moved.windfall_share"]), (-5.0, 0.0));
    }
}
