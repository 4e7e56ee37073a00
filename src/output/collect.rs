//! Takes records as a run yields them and keeps what the summary needs: no hashing, no allocation, no growth with the jobs of the run.

use crate::base::{Column, Time};
use crate::model::{ClassId, Model, Outcome, PoolId, TenantGroupId, TenantId};
use crate::stats::{Histogram, Sum};
use crate::world::records::{Fate, JobRecord, Reason};

/// Distributions of some of the jobs.
#[derive(Clone, Debug, Default)]
pub struct JobStats {
    /// Jobs by fate, in the order of [`Fate::ALL`].
    pub fates: [u64; Fate::ALL.len()],
    /// Submission to GPUs held, in microseconds.
    pub queue_wait: Histogram,
    /// GPUs held to computing, in microseconds.
    pub staging: Histogram,
    /// Submission to the end of finished jobs, in microseconds.
    pub completion: Histogram,
    /// Round trips in microseconds.
    pub rtt: Histogram,
    /// Bounded slowdown of finished jobs, in thousandths.
    pub slowdown: Histogram,
    /// The sum of bounded slowdowns.
    pub slowdown_sum: Sum,
    /// What they pay, net, in micro-yuan.
    pub net_charge: i128,
    /// GPU-microseconds that they held.
    pub held: u128,
}

/// Measured jobs by the pool in which they last ran.
#[derive(Clone, Debug, Default)]
pub struct PoolJobs {
    /// Queue waits in microseconds.
    pub queue_wait: Histogram,
    /// What they pay, net, in micro-yuan.
    pub net_charge: i128,
    /// GPU-microseconds that they held.
    pub held: u128,
}

/// Gathers a run.
#[derive(Clone, Debug)]
pub struct Collector {
    window: (Time, Time),
    group_of: Column<TenantId, TenantGroupId>,
    pub(super) groups: Column<TenantGroupId, JobStats>,
    pub(super) classes: Column<ClassId, JobStats>,
    pub(super) pools: Column<PoolId, PoolJobs>,
    /// GPU-microseconds held by each tenant's measured jobs, and whether it had any.
    pub(super) tenants: Column<TenantId, (u128, bool)>,
    /// Work × GPUs submitted, in GPU-microseconds on the reference chip.
    pub(super) offered: Column<ClassId, u128>,
    pub(super) reasons: [u64; Reason::ALL.len()],
    pub(super) recorded: [u64; 3],
    pub(super) preemptions: u64,
    pub(super) migrations: u64,
    pub(super) resizes: u64,
    pub(super) failures: u64,
    pub(super) outlived: u64,
    pub(super) deadlines: u64,
    pub(super) missed: u64,
}

impl Collector {
    /// Makes an empty collector for runs of a model.
    pub fn new(model: &Model) -> Self {
        let group_of = model.tenants.entries().flat_map(|(id, group)| std::iter::repeat_n(id, group.count as usize)).collect();
        let end = model.horizon.map_or(Time::NEVER, |horizon| Time::ZERO + horizon);
        Self {
            window: (Time::ZERO + model.warmup, end),
            group_of,
            groups: Column::filled(model.tenants.len(), JobStats::default()),
            classes: Column::filled(model.classes.len(), JobStats::default()),
            pools: Column::filled(model.pools.len(), PoolJobs::default()),
            tenants: Column::filled(model.tenant_count() as usize, (0, false)),
            offered: Column::filled(model.classes.len(), 0),
            reasons: [0; Reason::ALL.len()],
            recorded: [0; 3],
            preemptions: 0,
            migrations: 0,
            resizes: 0,
            failures: 0,
            outlived: 0,
            deadlines: 0,
            missed: 0,
        }
    }
    /// Takes jobs that left the system. Jobs that were submitted outside of the window are not measured.
    pub fn jobs(&mut self, jobs: &[JobRecord]) {
        for job in jobs {
            if job.submit >= self.window.0 && job.submit <= self.window.1 {
                self.job(job);
            }
        }
    }

    fn job(&mut self, job: &JobRecord) {
        let slowdown = (job.fate == Fate::Finished).then(|| job.bounded_slowdown());
        self.groups[self.group_of[job.tenant]].record(job, slowdown);
        self.classes[job.class].record(job, slowdown);
        if let (Some(pool), Some(wait)) = (job.pool, job.queue_wait()) {
            let pool = &mut self.pools[pool];
            pool.queue_wait.record(wait.0);
            pool.net_charge += i128::from(job.net_charge().0);
            pool.held += job.gpu_time.held;
        }
        let tenant = &mut self.tenants[job.tenant];
        *tenant = (tenant.0 + job.gpu_time.held, true);
        self.offered[job.class] += u128::from(job.work.0) * u128::from(job.gpus);
        if let Some(reason) = job.reason {
            self.reasons[reason as usize] += 1;
        }
        if job.fate == Fate::Finished {
            self.recorded[match job.recorded {
                Outcome::Completed => 0,
                Outcome::Failed => 1,
                Outcome::Cancelled => 2,
            }] += 1;
        }
        self.preemptions += u64::from(job.preemptions);
        self.migrations += u64::from(job.migrations);
        self.resizes += u64::from(job.resizes);
        self.failures += u64::from(job.failures);
        self.outlived += u64::from(job.outlived_estimate);
        self.deadlines += u64::from(job.missed_deadline.is_some());
        self.missed += u64::from(job.missed_deadline == Some(true));
    }
}

impl JobStats {
    #[inline]
    fn record(&mut self, job: &JobRecord, slowdown: Option<f64>) {
        self.fates[job.fate as usize] += 1;
        self.net_charge += i128::from(job.net_charge().0);
        self.held += job.gpu_time.held;
        if let Some(wait) = job.queue_wait() {
            self.queue_wait.record(wait.0);
            self.staging.record(job.staging.0);
        }
        if let Some(rtt) = job.rtt {
            self.rtt.record(rtt.0);
        }
        if let Some(slowdown) = slowdown {
            self.completion.record(job.completion().0);
            self.slowdown.record((slowdown * 1000.0 + 0.5) as u64);
            self.slowdown_sum.add(slowdown);
        }
    }
    /// Adds the jobs of another set.
    pub fn merge(&mut self, other: &Self) {
        self.fates.iter_mut().zip(other.fates).for_each(|(fate, more)| *fate += more);
        self.queue_wait.merge(&other.queue_wait);
        self.staging.merge(&other.staging);
        self.completion.merge(&other.completion);
        self.rtt.merge(&other.rtt);
        self.slowdown.merge(&other.slowdown);
        self.slowdown_sum.merge(&other.slowdown_sum);
        self.net_charge += other.net_charge;
        self.held += other.held;
    }
}
