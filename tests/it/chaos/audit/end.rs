//! Records, totals and books at the end of a run (I3, I5, I6, I10, I11, I16, I18).

use super::Audit;
use super::attempts::PER_GPU;
use crate::chaos::drive::Outcome;
use edwc::base::{Money, Span, Time};
use edwc::model::{CapScope, Covers, HoursCap, OnFailure, Overrun, Setting, Subsidy, SubsidyRate, TenantId};
use edwc::world::records::{Account, Fate, JobRecord, Posting, Purpose, Reason};
use std::collections::BTreeMap;

pub fn check(audit: &Audit, outcome: &Outcome) {
    check_life(audit, outcome);
    for record in &outcome.records {
        check_record(audit, record);
    }
    check_gpu_time(audit, outcome);
    check_quotas(audit, outcome);
    check_books(audit, outcome);
    check_energy(audit, outcome);
}

/// Every job that was submitted has left, once.
fn check_life(audit: &Audit, outcome: &Outcome) {
    let totals = &outcome.ending.totals;
    let numbers: Vec<u64> = outcome.records.iter().map(|record| record.number).collect();
    assert_eq!(numbers, (0..totals.submitted).collect::<Vec<_>>(), "one record a job");
    if !totals.interrupted {
        assert_eq!(totals.submitted as usize, audit.jobs, "every job was submitted");
    }
    let (from, to) = totals.window;
    let inside = |since: Time, until: Time| u128::from(until.min(to).saturating_since(since.max(from)).0);
    let in_system: u128 = outcome.records.iter().map(|record| inside(record.submit, record.end)).sum();
    assert_eq!(totals.system_job_us, in_system, "jobs in the system");
    let queued: u128 = outcome.records.iter().map(|record| inside(record.submit, record.first_start.unwrap_or(record.end))).sum();
    assert_eq!(totals.queued_job_us, queued, "jobs in the queue");
}

fn check_record(audit: &Audit, record: &JobRecord) {
    let time = record.gpu_time;
    assert_eq!(time.held, time.kept + time.staging + time.checkpointing + time.restoring + time.lost, "GPU time of {record:?}");
    assert!(record.submit <= record.end);
    if let (Some(first), Some(last)) = (record.first_start, record.start) {
        assert!(record.submit <= first && first <= last && last <= record.end, "instants of {record:?}");
    }
    assert_eq!(record.starts > 0, record.first_start.is_some());
    let stops = record.preemptions + record.migrations + record.resizes + record.failures;
    assert!(record.starts >= stops, "an attempt ends once: {record:?}");
    match record.fate {
        Fate::Finished => assert!(record.starts == stops + 1, "only the last attempt finishes: {record:?}"),
        Fate::PricedOut | Fate::Outside => assert_eq!(record.starts, 0, "{record:?}"),
        Fate::Rejected | Fate::Cancelled => assert_eq!(record.starts, stops, "{record:?}"),
        Fate::Unfinished => assert!(record.reason.is_some(), "{record:?}"),
    }
    if record.fate == Fate::Cancelled {
        assert!(record.end >= record.submit, "patience is not negative");
    }
    let class = &audit.model.classes[record.class];
    if record.fate == Fate::Finished && record.reason.is_none() {
        let (slowest, fastest, most) = audit.attempts.rates.get(&record.number).copied().unwrap_or((PER_GPU, PER_GPU, 1));
        let work = |per_gpu: u128| time.kept * per_gpu / PER_GPU;
        let slack = u128::from(record.starts) * (fastest * u128::from(most) / PER_GPU + 3);
        let whole = u128::from(record.work.0);
        // Every attempt rounds by a tick.
        assert!(
            work(slowest) <= whole + slack && whole <= work(fastest) + slack,
            "the work that was kept is the job's, at {slowest} to {fastest}: {record:?}"
        );
    }
    if class.on_failure == OnFailure::Keep && record.preemptions + record.migrations + record.resizes == 0 {
        assert_eq!(time.lost, 0, "nothing is lost: {record:?}");
    }
    if record.reason == Some(Reason::KilledAtEstimate) {
        assert!(class.kill_at_estimate || caps(audit).any(|cap| cap.overrun == Overrun::Kill), "somebody kills: {record:?}");
    }
    assert!(record.run <= Span(record.end.0), "{record:?}");
}

fn caps(audit: &Audit) -> impl Iterator<Item = HoursCap> + '_ {
    audit.model.quotas.iter().flat_map(|quota| [quota.gpu_hours, quota.energy]).flatten()
}

/// GPU time is conserved: by job, by pool, by chip, and as an observer has seen it.
fn check_gpu_time(audit: &Audit, outcome: &Outcome) {
    let totals = &outcome.ending.totals;
    let (from, to) = totals.window;
    let mut seen = vec![0_u128; audit.model.pools.len()];
    let mut whole = 0_u128;
    for (attempt, end) in &audit.attempts.closed {
        for (pool, gpus, _) in &attempt.parts {
            whole += u128::from(*gpus) * u128::from(end.since(attempt.start).0);
            seen[pool.0 as usize] += u128::from(*gpus) * u128::from((*end).min(to).saturating_since(attempt.start.max(from)).0);
        }
    }
    assert_eq!(outcome.records.iter().map(|record| record.gpu_time.held).sum::<u128>(), whole, "GPU time of all jobs");
    let mut by_chip = vec![0_u128; audit.model.chips.len()];
    for (pool, of_pool) in totals.pools.entries() {
        let time = of_pool.gpu_time;
        assert_eq!(time.held, seen[pool.0 as usize], "GPU time of {pool:?} in the window");
        assert_eq!(time.held, time.kept + time.staging + time.checkpointing + time.restoring + time.lost, "GPU time of {pool:?}");
        assert!(
            time.held + of_pool.reserved <= of_pool.up && of_pool.up <= of_pool.installed,
            "{pool:?} holds no more than is up: {of_pool:?}"
        );
        assert!(of_pool.taken_up <= of_pool.node_time, "{of_pool:?}");
        by_chip[audit.model.pools[pool].chip.0 as usize] += time.held;
    }
    assert_eq!(totals.chip_gpu_us.as_slice(), by_chip, "GPU time by chip");
}

/// No quota's use is lost, and no cap is exceeded but by what its `overrun` allows.
fn check_quotas(audit: &Audit, outcome: &Outcome) {
    let model = &audit.model;
    let touched = model.changes.iter().flat_map(|change| &change.settings).any(|setting| matches!(setting, Setting::Quota(..)));
    for (id, quota) in model.quotas.entries() {
        let totals = &outcome.ending.totals.quotas[id];
        assert_eq!(totals.used_gpu_us, audit.attempts.used_gpu_us(model, id), "GPU time charged to {id:?}");
        let Some(cap) = quota.gpu_hours.filter(|_| !touched) else { continue };
        let used = audit.attempts.by_period(model, id, cap.every);
        let beyond: u128 = used.values().map(|used| used.saturating_sub(cap.at_most)).sum();
        assert_eq!(totals.overrun_gpu_us, beyond, "what {id:?} was exceeded by: {used:?} of {cap:?}");
        if cap.overrun == Overrun::Kill {
            assert_eq!(beyond, 0, "a cap that kills is never exceeded: {id:?} used {used:?} of {cap:?}");
        }
    }
}

/// The books balance, and say what the records say.
fn check_books(audit: &Audit, outcome: &Outcome) {
    let ledger = &outcome.ending.ledger;
    ledger.assert_balanced();
    let mut balances: BTreeMap<Account, i128> = BTreeMap::new();
    let mut by_purpose: BTreeMap<Purpose, i128> = BTreeMap::new();
    let mut by_job: BTreeMap<(u64, u8), i64> = BTreeMap::new();
    for posting in &outcome.postings {
        assert!(posting.amount > Money::ZERO && posting.since <= posting.at, "{posting:?}");
        *balances.entry(posting.from).or_default() -= i128::from(posting.amount.0);
        *balances.entry(posting.to).or_default() += i128::from(posting.amount.0);
        *by_purpose.entry(posting.purpose).or_default() += i128::from(posting.amount.0);
        let kind = match posting.purpose {
            Purpose::Compute | Purpose::Outside => 0,
            Purpose::MeteredEnergy | Purpose::LevyPassThrough(_) => 1,
            Purpose::Transfer => 2,
            _ => continue,
        };
        *by_job.entry((posting.job.expect("a job pays"), kind)).or_default() += posting.amount.0;
    }
    assert!(outcome.postings.is_sorted_by_key(|posting| posting.at), "the books are written in order of time");
    for (account, balance) in balances {
        assert_eq!(i128::from(ledger.balance(account).run.0), balance, "{account:?}");
    }
    for (purpose, turnover) in by_purpose {
        assert_eq!(i128::from(ledger.turnover(purpose).run.0), turnover, "{purpose:?}");
    }
    for record in &outcome.records {
        let paid = |kind: u8| Money(by_job.get(&(record.number, kind)).copied().unwrap_or(0));
        assert_eq!((record.compute_charge, record.transfer_charge), (paid(0), paid(2)), "{record:?}");
        assert_eq!(record.energy_charge, paid(1), "{record:?}");
    }
    check_budgets(audit, outcome);
}

/// No programme pays more than its budgets, more than its caps, or more than was spent (I10).
fn check_budgets(audit: &Audit, outcome: &Outcome) {
    let changed = audit.model.changes.iter().flat_map(|change| &change.settings).any(|setting| matches!(setting, Setting::Subsidy(..)));
    for (id, totals) in outcome.ending.totals.subsidies.entries() {
        let postings: Vec<&Posting> = outcome.postings.iter().filter(|posting| posting.purpose == Purpose::Subsidy(id)).collect();
        let paid: i128 = postings.iter().map(|posting| i128::from(posting.amount.0)).sum();
        assert_eq!(i128::from(totals.paid.0), paid, "what {id:?} has paid");
        if changed {
            // What was promised before a cut is paid: the amounts of now say nothing.
            continue;
        }
        assert_eq!(totals.budget.is_some(), audit.model.subsidies[id].budget.is_some(), "{id:?}: {totals:?}");
        if let Some(budget) = totals.budget {
            assert!(totals.paid.0 + totals.outstanding.0 <= budget.0, "{id:?} spends no more than it has: {totals:?}");
        }
        check_caps(&audit.model.subsidies[id], &postings, outcome);
    }
}

fn check_caps(subsidy: &Subsidy, postings: &[&Posting], outcome: &Outcome) {
    let mut by_job: BTreeMap<u64, i64> = BTreeMap::new();
    let mut by_tenant: BTreeMap<TenantId, i64> = BTreeMap::new();
    for posting in postings {
        let number = posting.job.expect("a subsidy is a job's");
        *by_job.entry(number).or_default() += posting.amount.0;
        *by_tenant.entry(outcome.records[number as usize].tenant).or_default() += posting.amount.0;
    }
    for (number, paid) in &by_job {
        let record = &outcome.records[*number as usize];
        let of_cost = subsidy.covers == Covers::Compute && matches!(subsidy.rate, SubsidyRate::Tiers(_));
        assert!(!of_cost || *paid <= record.compute_charge.0, "a share of a cost is no more than the cost: {paid} for {record:?}");
    }
    for cap in subsidy.caps.iter().filter(|cap| cap.every.is_none()) {
        let most = match cap.per {
            CapScope::Job => by_job.values().max(),
            CapScope::Tenant => by_tenant.values().max(),
            CapScope::Site | CapScope::GpuHour => None,
        };
        assert!(most.is_none_or(|most| *most <= cap.amount.0), "{cap:?} is exceeded: {most:?} was paid");
    }
}

/// What jobs bear is part of what sites use, and sites pay for all of it.
fn check_energy(audit: &Audit, outcome: &Outcome) {
    let mut meter = audit.meter.clone().expect("the run has ended");
    meter.advance(outcome.ending.totals.end);
    let (mut used, mut cost) = (0_u128, 0_i128);
    for site in audit.model.sites.ids() {
        let total = meter.in_run(site).expect("money did not overflow");
        used += total.energy_mj;
        cost += i128::from(total.cost.0);
        let window = &outcome.ending.totals.sites[site];
        assert!(window.energy_mj <= total.energy_mj && window.carbon_market_mg <= window.carbon_location_mg + 1, "{site:?}: {window:?}");
    }
    assert_eq!(i128::from(outcome.ending.ledger.turnover(Purpose::SiteEnergy).run.0), cost, "sites pay for what their meters show");
    let by_jobs: u128 = outcome.records.iter().map(|record| u128::from(record.energy_mj)).sum();
    let roundings: u128 = outcome.records.iter().map(|record| 4 * u128::from(record.starts)).sum();
    assert!(by_jobs <= used + roundings, "jobs bear {by_jobs} mJ of {used} mJ");
}
