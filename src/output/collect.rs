//! Takes records as a run yields them and keeps what the summary needs: no hashing, no allocation, no growth with the jobs of the run.

use crate::base::{Column, Money, Span, Time};
use crate::model::{ClassId, GovernmentId, LevyId, Model, Outcome, OutsideId, PoolId, SiteId, SubsidyId, TenantGroupId, TenantId};
use crate::stats::{Histogram, Sum};
use crate::world::records::{Account, Fate, JobRecord, Posting, Purpose, Reason};

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

/// What an account paid and received within the window, in micro-yuan.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flow {
    /// Paid.
    pub paid: i128,
    /// Received.
    pub received: i128,
    /// Thereof received as subsidies.
    pub subsidies: i128,
}

/// Money by purpose within the window, in micro-yuan.
#[derive(Clone, Debug)]
pub struct Purposes {
    /// What carriers got.
    pub transfer: i128,
    /// What governments paid, by programme.
    pub subsidies: Column<SubsidyId, i128>,
    /// Levies that sites paid.
    pub levies: Column<LevyId, i128>,
    /// Fines.
    pub fines: i128,
    /// What clouds beyond the model got.
    pub outside: i128,
}

/// Where the ledger's money went within the window.
#[derive(Clone, Debug)]
pub struct Flows {
    /// Tenants, group by group.
    pub groups: Column<TenantGroupId, Flow>,
    /// Sites.
    pub sites: Column<SiteId, Flow>,
    /// Governments.
    pub governments: Column<GovernmentId, Flow>,
    /// Clouds beyond the model.
    pub outside: Column<OutsideId, Flow>,
    /// Carriers.
    pub network: Flow,
    /// Suppliers of electricity.
    pub grid: Flow,
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
    pub(super) failures: u64,
    pub(super) outlived: u64,
    pub(super) deadlines: u64,
    pub(super) missed: u64,
    pub(super) flows: Flows,
    pub(super) purposes: Purposes,
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
            failures: 0,
            outlived: 0,
            deadlines: 0,
            missed: 0,
            flows: Flows::new(model),
            purposes: Purposes::new(model),
        }
    }
    /// Tells when the window ends, once a run knows: with a trace, when its last job has come. All that was posted before lies within.
    pub fn close_window(&mut self, end: Time) {
        self.window.1 = end;
    }
    /// Takes jobs that left the system. Jobs that were submitted outside of the window are not measured.
    pub fn jobs(&mut self, jobs: &[JobRecord]) {
        for job in jobs {
            if job.submit >= self.window.0 && job.submit <= self.window.1 {
                self.job(job);
            }
        }
    }
    /// Takes movements of money; of what was used partly outside of the window, the part within counts.
    pub fn postings(&mut self, postings: &[Posting]) {
        for posting in postings {
            let amount = i128::from(within(posting, self.window).0);
            if amount != 0 {
                let subsidy = matches!(posting.purpose, Purpose::Subsidy(_) | Purpose::PassThrough(_));
                self.flows.at(posting.from, &self.group_of).paid += amount;
                let payee = self.flows.at(posting.to, &self.group_of);
                payee.received += amount;
                payee.subsidies += if subsidy { amount } else { 0 };
                self.purposes.add(posting.purpose, amount);
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

impl Flow {
    /// Returns what was paid and not given back as subsidies.
    pub fn net(&self) -> i128 {
        self.paid - self.subsidies
    }
}

impl Flows {
    fn new(model: &Model) -> Self {
        Self {
            groups: Column::filled(model.tenants.len(), Flow::default()),
            sites: Column::filled(model.sites.len(), Flow::default()),
            governments: Column::filled(model.governments.len(), Flow::default()),
            outside: Column::filled(model.outside.len(), Flow::default()),
            network: Flow::default(),
            grid: Flow::default(),
        }
    }
    #[inline]
    fn at(&mut self, account: Account, group_of: &Column<TenantId, TenantGroupId>) -> &mut Flow {
        match account {
            Account::Tenant(tenant) => &mut self.groups[group_of[tenant]],
            Account::Site(site) => &mut self.sites[site],
            Account::Government(government) => &mut self.governments[government],
            Account::Network => &mut self.network,
            Account::Grid => &mut self.grid,
            Account::Outside(outside) => &mut self.outside[outside],
        }
    }
}

impl Purposes {
    fn new(model: &Model) -> Self {
        Self { transfer: 0, subsidies: Column::filled(model.subsidies.len(), 0), levies: Column::filled(model.levies.len(), 0), fines: 0, outside: 0 }
    }
    #[inline]
    fn add(&mut self, purpose: Purpose, amount: i128) {
        match purpose {
            Purpose::Transfer => self.transfer += amount,
            Purpose::Subsidy(subsidy) => self.subsidies[subsidy] += amount,
            Purpose::Levy(levy) => self.levies[levy] += amount,
            Purpose::Fine(_) => self.fines += amount,
            Purpose::Outside => self.outside += amount,
            // Both sides of these stand in the flows, and nothing more is asked of them.
            Purpose::Compute | Purpose::MeteredEnergy | Purpose::SiteEnergy | Purpose::PassThrough(_) | Purpose::LevyPassThrough(_) => {}
        }
    }
}

/// Returns the part of a posting that lies in a window, by the share of time.
fn within(posting: &Posting, window: (Time, Time)) -> Money {
    let (from, to) = (posting.since.max(window.0), posting.at.min(window.1));
    if from == posting.since && to == posting.at {
        return posting.amount;
    }
    let (inside, whole) = (to.saturating_since(from), posting.at.saturating_since(posting.since));
    if inside == Span::ZERO || whole == Span::ZERO {
        return Money::ZERO;
    }
    posting.amount.times(u128::from(inside.0), u128::from(whole.0)).expect("a part is no larger than the whole")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_a_posting_within_the_window_counts() {
        let posting = |since, at| Posting {
            at: Time(at),
            since: Time(since),
            from: Account::Network,
            to: Account::Grid,
            amount: Money(100),
            purpose: Purpose::Compute,
            job: None,
        };
        let window = (Time(50), Time(150));
        let part = |since, at| within(&posting(since, at), window).0;
        assert_eq!(part(60, 140), 100);
        assert_eq!(part(0, 100), 50);
        assert_eq!(part(0, 200), 50);
        assert_eq!(part(140, 180), 25);
        assert_eq!([part(0, 40), part(160, 200), part(40, 40), part(160, 160)], [0; 4]);
        assert_eq!(part(60, 60), 100, "a payment of an instant counts where the instant lies");
    }
}
