//! The part of the world that a plan changes at once, decision by decision, and can take back: GPUs, expected ends, loads, rules.

use super::capacity::Capacity;
use super::ends::ExpectedEnds;
use super::scene::Scene;
use crate::base::{Column, Time};
use crate::model::{JobId, Model, PoolId, SiteId};
use crate::rules::Rules;

/// What is booked.
#[derive(Clone, Debug)]
pub struct Bookings {
    /// GPUs by node.
    pub capacity: Capacity,
    /// Jobs that hold GPUs of each pool, by expected end.
    pub ends: Column<PoolId, ExpectedEnds>,
    /// What is bound to each pool.
    pub load: Column<PoolId, Load>,
    /// IT power of each site's held GPUs beyond idle, if all were busy, in milliwatts.
    pub busy_power_mw: Column<SiteId, u64>,
    /// Quotas, caps, subsidies, access.
    pub rules: Rules,
}

/// What is bound to a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Jobs that wait.
    pub queued: u64,
    /// Their GPUs.
    pub queued_gpus: u64,
    /// GPU time of what waits and runs there, by estimate; a job counts in full until it ends.
    pub outstanding_gpu_us: u128,
}

/// When and with what room a blocked job could start in a pool, by expected ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// The pool.
    pub pool: PoolId,
    /// The shadow time.
    pub at: Time,
    /// GPUs that are spare then beside the job's own, where packing plays no part; `None`: packing decides.
    pub spare: Option<u64>,
}

impl Bookings {
    /// Makes the empty books of a model.
    pub fn new(model: &Model, rules: Rules) -> Self {
        Self {
            capacity: Capacity::new(model),
            ends: Column::filled(model.pools.len(), ExpectedEnds::default()),
            load: Column::filled(model.pools.len(), Load::default()),
            busy_power_mw: Column::filled(model.sites.len(), 0),
            rules,
        }
    }

    /// Returns the earliest time at which a gang fits into a pool, by the expected ends of what runs there and real node packing; what is past its
    /// estimate is expected to end at once. `None`: not by what runs there now.
    ///
    /// *O*(R/32) where packing plays no part (one node, or nodes of one GPU), else *O*(R) for R running jobs.
    pub fn earliest_fit(&self, scene: &Scene, pool: PoolId, gpus: u32) -> Option<Reservation> {
        let (model, now) = (&scene.model, scene.now);
        let free = self.capacity.free(pool);
        let missing = u64::from(gpus).saturating_sub(free);
        if self.capacity.fits(pool, gpus) {
            let spare = self.is_flat(model, pool).then(|| free - u64::from(gpus));
            return Some(Reservation { pool, at: now, spare });
        }
        let (at, freed) = self.ends[pool].when_free(missing.max(1))?;
        if self.is_flat(model, pool) {
            let at = at.max(now);
            // What is past its estimate is expected to end at once, so it all counts as free now.
            let freed = if at == now { self.ends[pool].iter().take_while(|end| end.at <= now).map(|end| u64::from(end.gpus)).sum() } else { freed };
            return Some(Reservation { pool, at, spare: Some(free + freed - u64::from(gpus)) });
        }
        self.earliest_packing(now, pool, gpus).map(|at| Reservation { pool, at, spare: None })
    }

    fn is_flat(&self, model: &Model, pool: PoolId) -> bool {
        let pool = &model.pools[pool];
        pool.gpus_per_node == 1 || pool.nodes == 1
    }

    /// Gives back the GPUs of one expected end after the other until the gang can be packed.
    fn earliest_packing(&self, now: Time, pool: PoolId, gpus: u32) -> Option<Time> {
        let mut room = self.capacity.packing(pool);
        let mut ends = self.ends[pool].iter().peekable();
        while let Some(end) = ends.next() {
            room.give_back(&self.capacity, end.held, pool);
            let instant_is_over = ends.peek().is_none_or(|next| next.at.max(now) > end.at.max(now));
            if instant_is_over && room.packs(gpus) {
                return Some(end.at.max(now));
            }
        }
        None
    }
}

/// The jobs that a plan has decided on: one stamp a slot, so that a plan of any size is checked in *O*(1) a decision.
#[derive(Clone, Debug, Default)]
pub struct Decided {
    stamps: Vec<u64>,
    plan: u64,
}

impl Decided {
    /// Begins a new plan.
    pub fn begin(&mut self) {
        self.plan += 1;
    }
    /// Tells whether the plan has decided on a job.
    pub fn contains(&self, job: JobId) -> bool {
        self.stamps.get(job.0 as usize).is_some_and(|stamp| *stamp == self.plan)
    }
    /// Notes that the plan has decided on a job.
    pub fn insert(&mut self, job: JobId) {
        let slot = job.0 as usize;
        if self.stamps.len() <= slot {
            self.stamps.resize(slot + 1, 0);
        }
        self.stamps[slot] = self.plan;
    }
    /// Takes that back.
    pub fn remove(&mut self, job: JobId) {
        self.stamps[job.0 as usize] = 0;
    }
}
