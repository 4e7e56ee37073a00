//! What a job is expected to take and to cost somewhere: for policies that compare, for demand that has a price, and for claims.

use super::reach::Candidate;
use super::scene::Scene;
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Money, Power, Ratio, Span, Time};
use crate::model::{JobId, Model, PoolId};

/// The expectation of one start, by the user's estimate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Quote {
    /// Time with GPUs held before computing.
    pub staging: Span,
    /// Start-up, restore, computing and checkpoints.
    pub run: Span,
    /// GPU-hours × price.
    pub compute: Money,
    /// What the metered energy costs, whoever pays it.
    pub energy: Money,
    /// That energy, in millijoules.
    pub energy_mj: u64,
    /// What moving the data costs.
    pub transfer: Money,
    /// Capital written off meanwhile on the GPUs held.
    pub capital: Money,
}

impl Quote {
    /// Returns the share of so many of a gang's GPUs, each amount rounded down; the times stay.
    pub fn share(&self, gpus: u32, gang: u32) -> Self {
        if gpus == gang {
            return *self;
        }
        let part = |amount: Money| Money((i128::from(amount.0) * i128::from(gpus) / i128::from(gang.max(1))) as i64);
        Self {
            compute: part(self.compute),
            energy: part(self.energy),
            energy_mj: (u128::from(self.energy_mj) * u128::from(gpus) / u128::from(gang.max(1))) as u64,
            transfer: part(self.transfer),
            capital: part(self.capital),
            ..*self
        }
    }
}

/// Returns the work per second of a gang that is packed by default at a candidate.
fn packed_rate(scene: &Scene, job: JobId, candidate: &Candidate) -> Ratio {
    let attributes = scene.jobs.attributes(job);
    let class = &scene.model.classes[attributes.class];
    if class.spread.is_empty() {
        return candidate.rate;
    }
    let gpus_per_node = scene.model.pools[candidate.pool].gpus_per_node;
    candidate.rate.times(class.spread_efficiency(attributes.gpus.div_ceil(gpus_per_node)))
}

/// Works out when a start now would compute and end: time with GPUs held before computing, and time from then to the end.
pub(super) fn expected_time(scene: &Scene, job: JobId, candidate: &Candidate) -> (Span, Span) {
    let rate = packed_rate(scene, job, candidate);
    (scene.staging_time(job, candidate), scene.run_length(job, rate))
}

/// Works out the expectation of a start now. *O*(log tariff steps).
pub(super) fn quote(scene: &Scene, job: JobId, candidate: &Candidate) -> Quote {
    let (staging, run) = expected_time(scene, job, candidate);
    quote_of(scene, job, candidate, scene.jobs.attributes(job).gpus, (staging, run))
}

/// Works out the expectation of a start now with so many GPUs that stages and runs for so long.
pub(super) fn quote_of(scene: &Scene, job: JobId, candidate: &Candidate, gpus: u32, (staging, run): (Span, Span)) -> Quote {
    let model = &scene.model;
    let pool = &model.pools[candidate.pool];
    let begin = scene.now + staging;
    let (mut energy_mj, mut energy) = scene.meter.expected(pool.site, job_power(model, candidate.pool, gpus), begin, begin + run);
    if staging > Span::ZERO {
        // What waits for its data draws power too.
        let waiting = scene.meter.expected(pool.site, waiting_power(model, candidate.pool, gpus), scene.now, begin);
        (energy_mj, energy) = (energy_mj.saturating_add(waiting.0), Money(energy.0.saturating_add(waiting.1.0)));
    }
    Quote {
        staging,
        run,
        compute: per_gpu_hour(pool.price, gpus, staging + run),
        energy,
        energy_mj,
        transfer: scene.transfer_price(job, candidate),
        capital: capital(model, candidate.pool, gpus, staging + run),
    }
}

/// Works out the carbon that a start now is expected to cause, in milligrams.
pub(super) fn expected_carbon_mg(scene: &Scene, job: JobId, candidate: &Candidate, market: bool) -> u64 {
    let quote = quote(scene, job, candidate);
    let pool = &scene.model.pools[candidate.pool];
    let begin = scene.now + quote.staging;
    let power = job_power(&scene.model, candidate.pool, scene.jobs.attributes(job).gpus);
    let used = scene.meter.share(pool.site, power, begin, begin + quote.run).unwrap_or_default();
    let milligrams = if market { used.carbon_market_mg } else { used.carbon_location_mg };
    u64::try_from(milligrams).unwrap_or(u64::MAX)
}

/// Works out the carbon by location of computing at a candidate for so long from a time on, in milligrams.
pub(super) fn expected_carbon_from_mg(scene: &Scene, job: JobId, candidate: &Candidate, from: Time, length: Span) -> u64 {
    let power = job_power(&scene.model, candidate.pool, scene.jobs.attributes(job).gpus);
    let used = scene.meter.share(scene.model.pools[candidate.pool].site, power, from, from + length).unwrap_or_default();
    u64::try_from(used.carbon_location_mg).unwrap_or(u64::MAX)
}

/// Returns a price per GPU-hour × GPUs × time; what no amount of money can hold is the most that one can.
pub fn per_gpu_hour(price: Money, gpus: u32, time: Span) -> Money {
    price.times(u128::from(gpus) * u128::from(time.0), u128::from(MICROS_PER_HOUR)).unwrap_or(Money(i64::MAX))
}

/// Returns the capital written off on so many GPUs of a pool over a time, linearly over the pool's life.
pub fn capital(model: &Model, pool: PoolId, gpus: u32, time: Span) -> Money {
    let pool = &model.pools[pool];
    pool.capital.times(u128::from(gpus) * u128::from(time.0), u128::from(pool.life.0.max(1))).unwrap_or(Money(i64::MAX))
}

/// Returns the IT power that a computing job bears: the busy power of its GPUs and its share of its nodes' host power.
pub fn job_power(model: &Model, pool: PoolId, gpus: u32) -> Power {
    let pool = &model.pools[pool];
    Power(u64::from(gpus) * model.chips[pool.chip].busy.0 + host_share(pool.host_power, gpus, pool.gpus_per_node))
}

/// Returns the IT power that a job bears while it holds GPUs that do not compute.
pub fn waiting_power(model: &Model, pool: PoolId, gpus: u32) -> Power {
    let pool = &model.pools[pool];
    Power(u64::from(gpus) * model.chips[pool.chip].idle.0 + host_share(pool.host_power, gpus, pool.gpus_per_node))
}

fn host_share(host: Power, gpus: u32, gpus_per_node: u32) -> u64 {
    u64::try_from(u128::from(host.0) * u128::from(gpus) / u128::from(gpus_per_node.max(1))).unwrap_or(u64::MAX)
}
