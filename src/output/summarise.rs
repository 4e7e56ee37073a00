//! Turns what was collected, and a run's totals, into its summary.

use super::collect::{Collector, JobStats, PoolJobs};
use super::summary::*;
use super::{goals, money, warnings};
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Column, Money, Span, Time};
use crate::model::{ChipId, Model, PoolId, RegionId, Side, SiteId};
use crate::rules::ledger::Ledger;
use crate::stats::{Distribution, Histogram, fairness};
use crate::world::records::{Fate, PoolTotals, Reason, Totals};

/// Seconds in one microsecond, as a scale of histograms.
const SECONDS: f64 = 1e-6;
/// Kilowatt-hours in one millijoule.
pub(super) const KILOWATT_HOURS: f64 = 1.0 / 3.6e9;
/// Kilograms in one milligram.
pub(super) const KILOGRAMS: f64 = 1e-6;

/// What a summary needs beside what was collected.
pub struct RunFacts<'a> {
    /// The scenario, as it was at the start.
    pub model: &'a Model,
    /// The policy as `--policy` would name it.
    pub policy: String,
    /// Sites that keep a scheduler of their own, and what that is, where the policy leaves jobs to them.
    pub schedulers: Vec<(String, String)>,
    /// The seed.
    pub seed: u64,
    /// The run's totals.
    pub totals: &'a Totals,
    /// The books.
    pub ledger: &'a Ledger,
    /// All hex digits of the fingerprint.
    pub fingerprint: String,
    /// What the run took by the wall clock; none where the summary must not depend on it.
    pub wall: Option<Wall>,
    /// The one-way delay from a region to a site, if a route exists.
    pub one_way: &'a dyn Fn(RegionId, SiteId) -> Option<Span>,
}

/// What a run took by the wall clock.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Wall {
    /// The whole run.
    pub run_s: f64,
    /// The policy's decisions, a round each.
    pub decision_s: Distribution,
}

impl Collector {
    /// Merges the distributions of all jobs.
    pub fn overall(&self) -> JobStats {
        let mut all = JobStats::default();
        self.groups.iter().for_each(|group| all.merge(group));
        all
    }

    /// Makes the summary.
    pub fn summary(&self, facts: &RunFacts<'_>) -> Summary {
        let (model, totals) = (facts.model, facts.totals);
        let all = self.overall();
        let reasons = |fate: &[Reason]| Named::from_iter(fate.iter().map(|reason| (reason.name().to_owned(), self.reasons[*reason as usize])));
        let utilisation = utilisation(model, totals, &self.pools);
        let counted = |counts: &[(&'static str, u64)]| counts.iter().map(|&(word, count)| (word.to_owned(), count)).collect();
        let window = totals.window.1.saturating_since(totals.window.0).0;
        let mut summary = Summary {
            version: env!("CARGO_PKG_VERSION"),
            title: model.title.clone(),
            title_zh: model.title_zh.clone(),
            scale: model.scale.clone(),
            policy: facts.policy.clone(),
            seed: facts.seed,
            complete: !totals.interrupted,
            period: period(model, totals),
            fleet: fleet(model),
            inputs: inputs(model),
            jobs: jobs(&all.fates),
            incidents: self.incidents(),
            recorded: Recorded { completed: self.recorded[0], failed: self.recorded[1], cancelled: self.recorded[2] },
            offered_load: self.offered_load(model, totals),
            latency: latency(&all),
            bounded_slowdown: slowdown(&all),
            by_region: self.by_region(model),
            by_class: model.classes.entries().map(|(id, class)| (class.name.clone(), group(&self.classes[id]))).collect(),
            by_tenant: model.tenants.entries().map(|(id, tenants)| (tenants.name.clone(), group(&self.groups[id]))).collect(),
            gpu_hours: gpu_hours(model, totals),
            money: money::flows(model, facts.ledger, totals),
            subsidies: subsidies(model, totals),
            quotas: quotas(model, totals),
            energy_kwh: totals.sites.iter().map(|site| site.energy_mj).sum::<u128>() as f64 * KILOWATT_HOURS,
            carbon_kg: Carbon {
                location: totals.sites.iter().map(|site| site.carbon_location_mg).sum::<u128>() as f64 * KILOGRAMS,
                market: totals.sites.iter().map(|site| site.carbon_market_mg).sum::<u128>() as f64 * KILOGRAMS,
            },
            goals: goals::judge(model, &utilisation.by_site, facts.one_way),
            fairness: self.fairness(model),
            queue: Queue {
                mean_queued_jobs: share(totals.queued_job_us, window.into()),
                mean_jobs_in_system: share(totals.system_job_us, window.into()),
            },
            rejected: reasons(&Reason::ALL[..=Reason::Policy as usize]),
            unfinished: reasons(&[Reason::StillQueued, Reason::StillRunning]),
            refusals: counted(&totals.refusals),
            dropped: counted(&totals.dropped),
            warnings: Vec::new(),
            schedulers: facts.schedulers.clone(),
            sites_of_side: model.sites.iter().map(|site| (site.name.clone(), site.side.name())).collect(),
            fingerprint: facts.fingerprint.clone(),
            events: totals.events,
            rounds: totals.rounds,
            wall_s: facts.wall.map(|wall| wall.run_s),
            decision_s: facts.wall.map(|wall| wall.decision_s),
            utilisation,
        };
        summary.warnings = warnings::of(&summary, &totals.notes);
        summary
    }

    fn incidents(&self) -> Incidents {
        Incidents {
            preemptions: self.preemptions,
            migrations: self.migrations,
            resizes: self.resizes,
            failures: self.failures,
            outlived_estimate: self.outlived,
            killed_at_estimate: self.reasons[Reason::KilledAtEstimate as usize],
            deadlines: self.deadlines,
            missed_deadline: self.missed,
        }
    }

    /// Work × GPUs submitted per second ÷ installed capacity, where each class works at its mean speed over the GPUs that it can run on.
    fn offered_load(&self, model: &Model, totals: &Totals) -> Option<f64> {
        let installed: u128 = totals.pools.iter().map(|pool| pool.installed).sum();
        let mut offered = 0.0;
        for (id, class) in model.classes.entries() {
            let able = || model.pools.iter().filter(|pool| class.speed[pool.chip].0 > 0);
            let gpus: u64 = able().map(|pool| pool.gpus()).sum();
            let speed: f64 = able().map(|pool| pool.gpus() as f64 * class.speed[pool.chip].as_f64()).sum();
            if gpus > 0 {
                offered += self.offered[id] as f64 * gpus as f64 / speed;
            }
        }
        (installed > 0).then(|| offered / installed as f64)
    }

    fn by_region(&self, model: &Model) -> Named<Group> {
        let of_region = |region| {
            let mut stats = JobStats::default();
            model.tenants.entries().filter(|(_, group)| group.region == region).for_each(|(id, _)| stats.merge(&self.groups[id]));
            group(&stats)
        };
        model.regions.entries().map(|(id, region)| (region.name.clone(), of_region(id))).collect()
    }

    /// Fairness over tenants that submitted something: what each held per unit of its weight; over regions: the largest mean bounded slowdown ÷ the
    /// least.
    fn fairness(&self, model: &Model) -> Fairness {
        let weight = |tenant| model.tenants[model.group_of(tenant)].weight.as_f64();
        let shares = self.tenants.entries().filter(|(_, (_, active))| *active).map(|(id, (held, _))| *held as f64 / weight(id));
        let slowdowns: Vec<f64> = self.by_region(model).iter().filter_map(|(_, group)| group.bounded_slowdown.mean).collect();
        let (least, most) = slowdowns.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(*value), most.max(*value)));
        Fairness { jain_tenants: fairness::jain(shares), region_slowdown_spread: (!slowdowns.is_empty()).then(|| most / least) }
    }
}

impl Use {
    fn new(pools: &[(PoolTotals, &PoolJobs)], window: u64) -> Self {
        let sum = |part: fn(&PoolTotals) -> u128| pools.iter().map(|(totals, _)| part(totals)).sum::<u128>();
        let (installed, held) = (sum(|pool| pool.installed), sum(|pool| pool.gpu_time.held));
        let of_installed = |part: fn(&PoolTotals) -> u128| share(sum(part), installed);
        let mut queue_wait = Histogram::new();
        pools.iter().for_each(|(_, jobs)| queue_wait.merge(&jobs.queue_wait));
        let net: i128 = pools.iter().map(|(_, jobs)| jobs.net_charge).sum();
        Self {
            gpus: share(installed, window.into()).unwrap_or(0.0),
            allocated: share(held, installed),
            effective: of_installed(|pool| pool.gpu_time.kept),
            take_up: share(sum(|pool| pool.taken_up), sum(|pool| pool.node_time)),
            staging: of_installed(|pool| pool.gpu_time.staging),
            checkpointing: of_installed(|pool| pool.gpu_time.checkpointing),
            restoring: of_installed(|pool| pool.gpu_time.restoring),
            lost: of_installed(|pool| pool.gpu_time.lost),
            reserved: of_installed(|pool| pool.reserved),
            fragmented: of_installed(|pool| pool.fragmented),
            of_up_time: share(held, sum(|pool| pool.up)),
            failures: pools.iter().map(|(totals, _)| totals.failures).sum(),
            queue_wait: queue_wait.describe(SECONDS),
            net_price_cny_per_gpu_hour: per_gpu_hour(net, pools.iter().map(|(_, jobs)| jobs.held).sum()),
        }
    }
}

fn utilisation(model: &Model, totals: &Totals, jobs: &Column<PoolId, PoolJobs>) -> Utilisation {
    let window = totals.window.1.saturating_since(totals.window.0).0;
    let over = |keep: &dyn Fn(PoolId) -> bool| {
        let kept: Vec<_> = totals.pools.entries().filter(|(id, _)| keep(*id)).map(|(id, pool)| (*pool, &jobs[id])).collect();
        Use::new(&kept, window)
    };
    let has = |keep: &dyn Fn(PoolId) -> bool| model.pools.ids().any(keep);
    let chip = |id: ChipId| move |pool: PoolId| model.pools[pool].chip == id;
    let side = |side: Side| move |pool: PoolId| model.sites[model.pools[pool].site].side == side;
    Utilisation {
        all: over(&|_| true),
        by_site: model.sites.entries().map(|(id, site)| (site.name.clone(), over(&|pool| model.pools[pool].site == id))).collect(),
        by_chip: model.chips.entries().filter(|(id, _)| has(&chip(*id))).map(|(id, item)| (item.name.clone(), over(&chip(id)))).collect(),
        by_side: Side::ALL.into_iter().filter(|at| has(&side(*at))).map(|at| (at.name().to_owned(), over(&side(at)))).collect(),
    }
}

fn gpu_hours(model: &Model, totals: &Totals) -> GpuHours {
    let held = |side: Option<Side>| -> u128 {
        let keep = |pool| side.is_none_or(|side| model.sites[model.pools[pool].site].side == side);
        totals.pools.entries().filter(|(id, _)| keep(*id)).map(|(_, pool)| pool.gpu_time.held).sum()
    };
    let all = held(None);
    GpuHours {
        held: hours(all),
        by_side: Side::ALL.into_iter().map(|side| (side.name().to_owned(), hours(held(Some(side))))).collect(),
        east_share: share(held(Some(Side::East)), all),
        west_share: share(held(Some(Side::West)), all),
    }
}

fn subsidies(model: &Model, totals: &Totals) -> Named<SubsidyUse> {
    let date = |at: &Time| model.calendar.date(*at).to_string();
    let entries = model.subsidies.entries().zip(totals.subsidies.iter());
    let of_subsidy = |used: &crate::world::records::SubsidyTotals| SubsidyUse {
        paid_cny: used.paid.as_yuan_f64(),
        paid_in_window_cny: used.paid_in_window.as_yuan_f64(),
        budget_cny: used.budget.map(Money::as_yuan_f64),
        share_of_budget: used
            .budget
            .filter(|budget| budget.0 > 0)
            .map(|budget| (used.paid.as_yuan_f64() + used.outstanding.as_yuan_f64()) / budget.as_yuan_f64()),
        outstanding_cny: used.outstanding.as_yuan_f64(),
        released_cny: used.released.as_yuan_f64(),
        lapsed_cny: used.lapsed.as_yuan_f64(),
        claims: used.claims,
        short_claims: used.short_claims,
        caps_hit: used.caps_hit,
        cny_per_gpu_hour: per_gpu_hour(used.paid.0.into(), used.gpu_us),
        spent_on: used.exhausted.iter().map(date).collect(),
    };
    entries.map(|((_, subsidy), used)| (subsidy.name.clone(), of_subsidy(used))).collect()
}

fn quotas(model: &Model, totals: &Totals) -> Named<QuotaUse> {
    let of_quota = |used: &crate::world::records::QuotaTotals| QuotaUse {
        used_gpu_hours: hours(used.used_gpu_us),
        borrowed_gpu_hours: hours(used.borrowed_gpu_us),
        peak_gpus: used.peak_gpus,
        refusals: used.refusals,
        reclaimed: used.reclaimed,
        overrun_gpu_hours: hours(used.overrun_gpu_us),
        share_met: used.share_met,
        share_missed: used.share_missed,
        fines_cny: used.fines.as_yuan_f64(),
    };
    model.quotas.iter().zip(totals.quotas.iter()).map(|(quota, used)| (quota.name.clone(), of_quota(used))).collect()
}

fn group(stats: &JobStats) -> Group {
    Group {
        jobs: jobs(&stats.fates),
        latency: latency(stats),
        bounded_slowdown: slowdown(stats),
        gpu_hours: hours(stats.held),
        net_price_cny_per_gpu_hour: per_gpu_hour(stats.net_charge, stats.held),
    }
}

fn jobs(fates: &[u64; Fate::ALL.len()]) -> Jobs {
    let of = |fate: Fate| fates[fate as usize];
    Jobs {
        submitted: fates.iter().sum(),
        finished: of(Fate::Finished),
        rejected: of(Fate::Rejected),
        priced_out: of(Fate::PricedOut),
        outside: of(Fate::Outside),
        cancelled: of(Fate::Cancelled),
        unfinished: of(Fate::Unfinished),
    }
}

fn latency(stats: &JobStats) -> Latency {
    Latency {
        queue_wait: stats.queue_wait.describe(SECONDS),
        staging: stats.staging.describe(SECONDS),
        completion: stats.completion.describe(SECONDS),
        rtt: stats.rtt.describe(SECONDS),
    }
}

fn slowdown(stats: &JobStats) -> Slowdown {
    let count = stats.slowdown.count();
    Slowdown {
        mean: (count > 0).then(|| stats.slowdown_sum.total() / count as f64),
        p95: stats.slowdown.quantile(950).map(|thousandths| thousandths as f64 / 1000.0),
    }
}

fn period(model: &Model, totals: &Totals) -> Period {
    Period {
        start: model.calendar.start.to_string(),
        window_from_s: totals.window.0.as_secs_f64(),
        window_to_s: totals.window.1.as_secs_f64(),
        end_s: totals.end.as_secs_f64(),
    }
}

fn fleet(model: &Model) -> Fleet {
    Fleet {
        sites: model.sites.len() as u64,
        gpus: model.pools.iter().map(|pool| pool.gpus()).sum(),
        regions: model.regions.len() as u64,
        tenants: model.tenant_count().into(),
        subsidies: model.subsidies.len() as u64,
    }
}

fn inputs(model: &Model) -> Inputs {
    let evidence = &model.evidence;
    Inputs { count: evidence.inputs as u64, assumed: evidence.assumed as u64, unmarked: evidence.unmarked as u64 }
}

/// Returns a share, or `None` of nothing.
fn share(part: u128, whole: u128) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn hours(gpu_us: u128) -> f64 {
    gpu_us as f64 / MICROS_PER_HOUR as f64
}

pub(super) fn yuan(micro_yuan: i128) -> f64 {
    micro_yuan as f64 / Money::PER_YUAN as f64
}

/// Returns a ratio of sums (never a mean of ratios), or `None` of no GPU-hours.
pub(super) fn per_gpu_hour(micro_yuan: i128, gpu_us: u128) -> Option<f64> {
    (gpu_us > 0).then(|| yuan(micro_yuan) / hours(gpu_us))
}
