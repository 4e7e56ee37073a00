//! What chaos has found: each bug as the smallest world that shows it.

use super::builtin::build;
use super::drive::{Outcome, audited};
use super::world::{World, add_site, plain};
use edwc::base::{Bytes, Money, Power, Ratio, Span, Time};
use edwc::model::{
    Access, Admission, Allocate, Cap, CapScope, Change, Checkpoint, ChipId, ClassId, Covers, DataClass, DatasetSpec, Drain, Elsewhere, Failure,
    Government, GovernmentId, GpuQuota, HoursCap, IdSet, Law, Levy, LevyId, LevyTo, Matcher, OnFailure, OnShort, Outage, Overrun, Payee, Period,
    PolicyChoice, Pool, PoolId, Queueing, Quota, QuotaId, RateTier, Reclaim, Setting, Site, SiteId, Stays, Subsidy, SubsidyRate, Supply, TenantGroup,
    TenantGroupId, TenantId,
};
use edwc::policy::{Plan, PolicyError, Scheduler, View, registry};
use edwc::world::records::{Fate, Purpose, Reason};
use edwc::world::{Allocation, Preempt, Refusal};

/// Starts what fits, in order, and does one thing at one time in seconds.
struct Once<F> {
    at: u64,
    act: F,
}

impl<F: FnMut(View<'_>, &mut Plan<'_>) + Send> Scheduler for Once<F> {
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        let at = Time(self.at * 1_000_000);
        if view.now() == Time::ZERO && at > Time::ZERO {
            plan.wake_at(at).expect("the time lies ahead");
        }
        if view.now() == at {
            (self.act)(view, plan);
            self.at = u64::MAX / 1_000_000;
        } else {
            start_what_fits(view, plan);
        }
        Ok(())
    }
}

fn start_what_fits(view: View<'_>, plan: &mut Plan<'_>) {
    for job in view.jobs().queued() {
        for candidate in view.candidates(job) {
            if plan.place(job, &[Allocation::new(candidate.pool, view.job(job).gpus)]).is_ok() {
                break;
            }
        }
    }
}

/// Runs a world under [`Once`], audited.
fn once(world: &World, at: u64, act: impl FnMut(View<'_>, &mut Plan<'_>) + Send) -> Outcome {
    audited(world, &mut Once { at, act }).expect("the run succeeds")
}

fn outages(seconds: &[(u32, u64, u64)]) -> Failure {
    let outage =
        |(node, at, lasts): &(u32, u64, u64)| Outage { pool: PoolId(0), node: *node, at: Time(at * 1_000_000), lasts: Span::seconds(*lasts) };
    Failure {
        name: "script".into(),
        pools: IdSet::all(1),
        mtbf: None,
        while_busy: false,
        crews: 0,
        repair: Law::fixed(1.0),
        outages: seconds.iter().map(outage).collect(),
    }
}

fn checkpoint(every: u64, cost: u64, restore: u64) -> Option<Checkpoint> {
    Some(Checkpoint { every: Span::seconds(every), cost: Span::seconds(cost), restore: Span::seconds(restore), size_per_gpu: Bytes::ZERO })
}

/// What a preemption keeps is lost after all when a failure sends the job back to the start.
#[test]
fn a_restart_loses_what_earlier_attempts_had_kept() {
    let mut world = plain(1, 1, &[(0, 1, 10)]);
    world.model.classes[ClassId(0)].checkpoint = checkpoint(100, 1, 0);
    world.model.classes[ClassId(0)].on_failure = OnFailure::Restart;
    world.model.failures.push(outages(&[(0, 8, 1)]));
    world.model.horizon = Some(Span::seconds(50));
    let outcome = once(&world, 4, |view, plan| {
        let job = view.jobs().running().next().expect("it runs");
        plan.preempt(job, Preempt::Checkpoint).expect("it may be preempted");
    });
    // It computes 0 to 4, writes until 5, computes 5 to 8, fails, and computes all of it 9 to 19.
    let time = outcome.records[0].gpu_time;
    assert_eq!((time.kept, time.lost, time.checkpointing), (10_000_000, 7_000_000, 1_000_000));
    assert_eq!(outcome.ending.totals.pools[PoolId(0)].gpu_time, time);
}

/// A job that is preempted waits at its site: the limit on jobs there counts it all the time.
#[test]
fn nobody_takes_the_place_of_a_preempted_job_at_a_full_site() {
    let mut world = plain(1, 1, &[(0, 1, 10), (2, 1, 10)]);
    world.model.sites[SiteId(0)].admission.limit = Some(1);
    let outcome = once(&world, 2, |view, plan| {
        let job = view.jobs().running().next().expect("it runs");
        plan.preempt(job, Preempt::Discard).expect("it may be preempted");
        let other = view.jobs().queued().next().expect("one has just come");
        assert_eq!(plan.place(other, &[Allocation::new(PoolId(0), 1)]), Err(Refusal::Admission { site: SiteId(0) }));
    });
    assert_eq!((outcome.records[0].fate, outcome.records[1].fate), (Fate::Finished, Fate::Rejected));
}

/// Shrinks the pool to so many nodes at a time in seconds.
fn shrink(world: &mut World, nodes: u32, at: u64) {
    let pool = Pool { nodes, ..world.model.pools[PoolId(0)].clone() };
    world.model.changes.push(Change { at: Time(at * 1_000_000), settings: vec![Setting::Pool(PoolId(0), pool)] });
}

/// A node that is to leave leaves with its last job, but not for a preemption that is only tried.
#[test]
fn a_node_stays_whose_job_is_preempted_on_trial() {
    let mut world = plain(2, 2, &[(0, 2, 10), (0, 1, 10)]);
    shrink(&mut world, 1, 3);
    let outcome = once(&world, 5, |view, plan| {
        let jobs: Vec<_> = view.jobs().running().collect();
        let mark = plan.mark();
        for job in &jobs {
            plan.preempt(*job, Preempt::Discard).expect("it may be preempted");
        }
        assert_eq!(plan.installed(PoolId(0)), 2, "the node that is to leave has left");
        plan.rollback(mark);
        assert_eq!(plan.installed(PoolId(0)), 4);
    });
    assert!(outcome.records.iter().all(|record| record.end == Time(10_000_000)));
}

/// A node that is to leave takes no new jobs, or it might never leave.
#[test]
fn nothing_starts_on_a_node_that_is_to_leave() {
    let mut world = plain(2, 2, &[(0, 2, 10), (0, 1, 10), (4, 1, 5)]);
    shrink(&mut world, 1, 3);
    let outcome = once(&world, 100, |_, _| {});
    assert_eq!(outcome.records[2].start, Some(Time(10_000_000)), "the second node has a free GPU, but is to leave");
}

/// A node may fail while it drains: its jobs are stopped, and it leaves.
#[test]
fn a_node_that_fails_while_it_drains_leaves() {
    let mut world = plain(2, 2, &[(0, 2, 10), (0, 1, 10)]);
    shrink(&mut world, 1, 3);
    world.model.failures.push(outages(&[(1, 5, 1)]));
    let outcome = once(&world, 100, |_, _| {});
    assert_eq!(outcome.records[1].failures, 1);
    assert_eq!(outcome.records[1].end, Time(20_000_000));
}

/// A site's cache follows a change: what no longer fits goes.
#[test]
fn a_cache_that_shrinks_gives_up_what_no_longer_fits() {
    let mut world = plain(1, 1, &[(0, 1, 10), (100, 1, 10)]);
    let data = world.model.data.push(DataClass { name: "data".into(), stays: Stays::Anywhere, elsewhere: Elsewhere::Copy, efficiency: Ratio::ONE });
    for job in &mut world.jobs {
        job.dataset = Some(DatasetSpec { data, key: 0, bytes: Bytes(5 * Bytes::PER_GB) });
    }
    let site = Site { cache: Some(Bytes::ZERO), ..world.model.sites[SiteId(0)].clone() };
    world.model.changes.push(Change { at: Time(50_000_000), settings: vec![Setting::Site(SiteId(0), site)] });
    let outcome = once(&world, 1_000, |_, _| {});
    // 5 GB over 8 Gbit/s take 5 s, each time.
    assert_eq!(outcome.records[1].staging, Span::seconds(5));
}

/// A limit on jobs that comes later counts from then on.
#[test]
fn a_site_may_begin_to_lose_what_cannot_start_at_once() {
    let mut world = plain(1, 1, &[(0, 1, 10), (1, 1, 10), (30, 1, 10), (31, 1, 10)]);
    let site = Site { admission: Admission { limit: None, loss: true }, ..world.model.sites[SiteId(0)].clone() };
    world.model.changes.push(Change { at: Time(25_000_000), settings: vec![Setting::Site(SiteId(0), site)] });
    let outcome = once(&world, 1_000, |_, _| {});
    let fates: Vec<Fate> = outcome.records.iter().map(|record| record.fate).collect();
    assert_eq!(fates, [Fate::Finished, Fate::Finished, Fate::Finished, Fate::Rejected]);
}

/// Online services may come and go with a change; their hours and their power follow.
#[test]
fn reserved_shares_may_change_while_the_run_goes_on() {
    let hours = |hours: u64| Time(hours * 3_600_000_000);
    let mut world = plain(1, 2, &[(0, 1, 5 * 3_600)]);
    world.model.horizon = Some(Span::hours(8));
    world.model.chips[ChipId(0)].busy = Power(1_000);
    let mut pool = world.model.pools[PoolId(0)].clone();
    pool.reserved_by_hour[2] = Ratio::ONE;
    let settings = vec![Setting::Pool(PoolId(0), pool.clone())];
    world.model.changes.push(Change { at: hours(1), settings });
    // In the middle of a reserved hour it is all over.
    pool.reserved_by_hour = [Ratio::ZERO; 24];
    world.model.changes.push(Change { at: Time(hours(2).0 + 1_800_000_000), settings: vec![Setting::Pool(PoolId(0), pool)] });
    let outcome = once(&world, 100_000, |_, _| {});
    let totals = &outcome.ending.totals;
    assert_eq!(totals.pools[PoolId(0)].reserved, 1_800_000_000, "one GPU was left for half an hour");
    // 1 W: five hours of the job, half an hour of online services.
    assert_eq!(totals.sites[SiteId(0)].energy_mj, 5_500 * 3_600);
}

/// A levy is due on energy at the PUE of the time when it was used.
#[test]
fn a_levy_follows_a_change_of_pue() {
    let mut world = plain(1, 1, &[(0, 1, 1)]);
    world.model.horizon = Some(Span::hours(4));
    world.model.pools[PoolId(0)].host_power = Power(1_000_000);
    world.model.sites[SiteId(0)].pue = Ratio(2_000_000);
    world.model.levies.push(Levy {
        name: "levy".into(),
        to: LevyTo::Grid,
        matcher: Matcher::default(),
        pue: Ratio::ONE,
        bands: vec![(Ratio::ZERO, Ratio(u64::MAX), Money::yuan(1))],
        pass_through: Ratio::ZERO,
    });
    let site = Site { pue: Ratio::ONE, ..world.model.sites[SiteId(0)].clone() };
    world.model.changes.push(Change { at: Time(3_600_000_000), settings: vec![Setting::Site(SiteId(0), site)] });
    let outcome = once(&world, 100_000, |_, _| {});
    // 1 kW at a PUE of 2 for one hour: 2 kWh, half of which is excess.
    assert_eq!(outcome.ending.ledger.turnover(Purpose::Levy(LevyId(0))).run, Money::yuan(1));
}

/// A node that is down when the fleet shrinks leaves when it is repaired, and draws nothing from then on.
#[test]
fn a_node_that_leaves_as_it_is_repaired_draws_no_power() {
    let mut world = plain(2, 1, &[(0, 1, 1)]);
    world.model.horizon = Some(Span::seconds(100));
    world.model.pools[PoolId(0)].host_power = Power(1_000);
    world.model.failures.push(outages(&[(1, 10, 20)]));
    shrink(&mut world, 1, 20);
    let outcome = once(&world, 1_000, |_, _| {});
    // 1 W for 100 s, and 1 W for the 30 s until the repair.
    assert_eq!(outcome.ending.totals.sites[SiteId(0)].energy_mj, 130_000);
}

/// Who gives way to a quota that takes back what is its own waits in the queue again, and is counted.
#[test]
fn victims_of_reclaim_come_back() {
    for policy in ["fifo+at-submit+first-fit+reclaim", "fifo+at-start+first-fit+easy+reclaim"] {
        let mut world = plain(1, 2, &[(0, 1, 100), (1, 1, 100), (10, 1, 20)]);
        let other = TenantGroup { name: "other".into(), first: TenantId(1), ..world.model.tenants[TenantGroupId(0)].clone() };
        world.model.tenants.push(other);
        world.jobs[2].tenant = TenantId(1);
        world.model.quotas.push(quota("cohort", None, Some(0), None));
        world.model.quotas.push(quota("one", Some(QuotaId(0)), Some(1), Some(TenantGroupId(0))));
        world.model.quotas.push(quota("two", Some(QuotaId(0)), Some(1), Some(TenantGroupId(1))));
        let choice = PolicyChoice { parts: registry::parse(policy).expect("a policy"), ..PolicyChoice::default() };
        let outcome = audited(&world, build(&choice, &world).as_mut()).expect("the run succeeds");
        // The second job gives way at 10, and starts again when the third has ended.
        let second = &outcome.records[1];
        assert_eq!((second.preemptions, second.start, second.end), (1, Some(Time(30_000_000)), Time(130_000_000)), "{policy}");
        assert_eq!(outcome.ending.totals.quotas[QuotaId(1)].reclaimed, 1, "{policy}");
    }
}

/// A job that waits for a chip's window or for the next period of a cap starts when that begins, though nothing else happens then.
#[test]
fn what_a_date_held_back_starts_on_the_date() {
    let mut world = plain(1, 1, &[(0, 1, 10)]);
    world.model.access.push(Access {
        name: "later".into(),
        chips: IdSet::all(1),
        users: Matcher::default(),
        from: Some(Time(100_000_000)),
        until: None,
        supply: None,
    });
    let choice = PolicyChoice::default();
    let run = |world: &World| audited(world, build(&choice, world).as_mut()).expect("the run succeeds");
    assert_eq!(run(&world).records[0].start, Some(Time(100_000_000)));

    // Half an hour a day: the second job has to wait for the next day.
    let mut world = plain(1, 1, &[(0, 1, 1_200), (0, 1, 1_200)]);
    let mut day = quota("day", None, None, None);
    day.gpu_hours = Some(HoursCap { at_most: 1_800_000_000, every: Period::Day, overrun: Overrun::Report });
    world.model.quotas.push(day);
    assert_eq!(run(&world).records[1].start, Some(Time(86_400_000_000)));
}

/// Makes a quota for a group of tenants, or for all.
fn quota(name: &str, parent: Option<QuotaId>, nominal: Option<u64>, group: Option<TenantGroupId>) -> Quota {
    Quota {
        name: name.into(),
        parent,
        matcher: Matcher { groups: group.map(|group| [group].into_iter().collect()), ..Matcher::default() },
        has_matcher: group.is_some(),
        gpus: [nominal.map(|nominal| GpuQuota { nominal, borrowing_limit: None, lending_limit: None })].into_iter().collect(),
        gpu_hours: None,
        energy: None,
        queueing: Queueing::BestEffort,
        reclaim: Reclaim::Any,
        domestic: None,
    }
}

/// A cap that kills counts what waits for data and what writes a checkpoint: neither holds GPUs longer than was committed.
#[test]
fn a_cap_that_kills_ends_what_does_not_compute() {
    let capped = |at_most: u128| {
        let mut quota = quota("capped", None, None, None);
        quota.gpu_hours = Some(HoursCap { at_most: at_most * 1_000_000, every: Period::Run, overrun: Overrun::Kill });
        quota
    };
    // Two transfers of 10 s each share the link: both take 20 s, which the first start could not know.
    let mut world = plain(1, 2, &[(0, 1, 5), (1, 1, 5)]);
    let data = world.model.data.push(DataClass { name: "data".into(), stays: Stays::Anywhere, elsewhere: Elsewhere::Copy, efficiency: Ratio::ONE });
    for (key, job) in world.jobs.iter_mut().enumerate() {
        job.dataset = Some(DatasetSpec { data, key: key as u64, bytes: Bytes(10 * Bytes::PER_GB) });
    }
    world.model.quotas.push(capped(60));
    let outcome = once(&world, 1_000, |_, _| {});
    assert_eq!((outcome.records[0].end, outcome.records[0].reason), (Time(15_000_000), Some(Reason::KilledAtEstimate)));

    // It would write its checkpoint from 8 to 12, but its estimate ends at 10.
    let mut world = plain(1, 1, &[(0, 1, 10)]);
    world.model.classes[ClassId(0)].checkpoint = checkpoint(100, 4, 0);
    world.model.quotas.push(capped(10));
    let outcome = once(&world, 8, |view, plan| {
        let job = view.jobs().running().next().expect("it runs");
        plan.preempt(job, Preempt::Checkpoint).expect("it may be preempted");
    });
    assert_eq!((outcome.records[0].end, outcome.records[0].gpu_time.kept), (Time(10_000_000), 8_000_000));
}

/// Quotas know how long a gang takes that is spread over the nodes which the policy named.
#[test]
fn a_spread_gang_is_not_killed_for_being_slow() {
    let mut world = plain(2, 2, &[(0, 2, 10)]);
    world.model.classes[ClassId(0)].spread = vec![(2, Ratio(500_000))];
    let mut capped = quota("capped", None, None, None);
    capped.gpu_hours = Some(HoursCap { at_most: 100_000_000, every: Period::Run, overrun: Overrun::Kill });
    world.model.quotas.push(capped);
    let outcome = once(&world, 0, |view, plan| {
        let job = view.jobs().queued().next().expect("it waits");
        let share = |node: u32| Allocation { pool: PoolId(0), gpus: 1, node: Some(node) };
        plan.place(job, &[share(0), share(1)]).expect("it fits");
    });
    assert_eq!((outcome.records[0].end, outcome.records[0].reason), (Time(20_000_000), None));
}

/// A job that would take for ever is no burden: a cap per day does not look at every day of it.
#[test]
fn a_job_of_a_hundred_thousand_years_is_checked_against_a_daily_cap_at_once() {
    let mut world = plain(1, 2, &[(0, 1, 4_000_000), (0, 1, 10)]);
    world.model.classes[ClassId(0)].speed = [Ratio(1)].into_iter().collect();
    world.model.drain.at_most = Some(Span::hours(1));
    let mut capped = quota("capped", None, None, None);
    capped.gpu_hours = Some(HoursCap { at_most: 1_000_000_000_000, every: Period::Day, overrun: Overrun::Report });
    world.model.quotas.push(capped);
    let began = std::time::Instant::now();
    once(&world, 1_000, |_, _| {});
    assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
}

/// Online services that lose their GPUs to a smaller fleet draw less.
#[test]
fn a_smaller_fleet_leaves_less_to_online_services() {
    let mut world = plain(2, 2, &[(0, 2, 3_600)]);
    world.model.horizon = Some(Span::hours(1));
    world.model.chips[ChipId(0)].busy = Power(1_000);
    world.model.pools[PoolId(0)].reserved_by_hour = [Ratio(500_000); 24];
    shrink(&mut world, 1, 1_800);
    let outcome = once(&world, 100_000, |_, _| {});
    // Two GPUs for the job, and two for online services until the second node leaves.
    assert_eq!(outcome.ending.totals.sites[SiteId(0)].energy_mj, 1_000 * (2 * 3_600 + 2 * 1_800));
}

/// A cap per job is for all claims of the job, also if one of two halves is settled when it is preempted and goes on in one piece.
#[test]
fn a_cap_per_job_counts_what_a_half_has_got() {
    let mut world = plain(1, 2, &[(0, 2, 10)]);
    world.model.horizon = Some(Span::seconds(50));
    let (_, other) = add_site(&mut world.model, 1, 2);
    world.model.classes[ClassId(0)].split = vec![(10, Ratio::ONE)];
    // One yuan a second.
    for pool in world.model.pools.iter_mut() {
        pool.price = Money::yuan(3_600);
    }
    subsidise(&mut world, Matcher::default());
    let mut split = true;
    let mut policy = Script(move |view: View<'_>, plan: &mut Plan<'_>| {
        if let Some(job) = view.jobs().queued().next() {
            let halves = [Allocation::new(PoolId(0), 1), Allocation::new(other, 1)];
            let shares = if std::mem::take(&mut split) { &halves[..] } else { &[Allocation::new(PoolId(0), 2)] };
            plan.place(job, shares).expect("it fits");
            plan.wake_at(Time(4_000_000).max(view.now())).expect("the time lies ahead");
        } else if let Some(job) = view.jobs().running().next().filter(|_| view.now() == Time(4_000_000))
            && view.status(job).start == Time::ZERO
        {
            plan.preempt(job, Preempt::Checkpoint).expect("it may be preempted");
        }
    });
    let outcome = audited(&world, &mut policy).expect("the run succeeds");
    assert_eq!((outcome.records[0].preemptions, outcome.records[0].subsidy), (1, Money::yuan(6)));
}

/// A policy that is a function.
struct Script<F>(F);

impl<F: FnMut(View<'_>, &mut Plan<'_>) + Send> Scheduler for Script<F> {
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        (self.0)(view, plan);
        Ok(())
    }
}

/// Adds a subsidy on all of the price, six yuan a job at most.
fn subsidise(world: &mut World, matcher: Matcher) {
    world.model.governments.push(Government { name: "nation".into(), name_zh: None, level: "national".into(), province: None });
    world.model.subsidies.push(Subsidy {
        name: "capped".into(),
        payers: vec![(GovernmentId(0), Ratio::ONE)],
        payee: Payee::Tenant,
        valid: (None, None),
        matcher,
        supply: Supply::Anywhere,
        covers: Covers::Compute,
        rate: SubsidyRate::Tiers(vec![RateTier { matcher: Matcher::default(), rate: Ratio::ONE }]),
        caps: vec![Cap { per: CapScope::Job, amount: Money::yuan(6), every: None }],
        budget: None,
        allocate: Allocate::FirstCome,
        on_short: OnShort::Partial,
        pay_after: Span::ZERO,
        expires: None,
        stack: None,
        pass_through: Ratio::ZERO,
        floor_gpu_us: 0,
    });
}

/// A job makes its claims once: what it got where it ran first is not made up elsewhere.
#[test]
fn a_preempted_job_makes_no_new_claims() {
    let mut world = plain(1, 1, &[(0, 1, 30)]);
    world.model.horizon = Some(Span::seconds(50));
    let (_, other) = add_site(&mut world.model, 1, 1);
    for pool in world.model.pools.iter_mut() {
        pool.price = Money::yuan(3_600);
    }
    subsidise(&mut world, Matcher { pools: Some([PoolId(0)].into_iter().collect()), ..Matcher::default() });
    // Ten seconds here, ten there, and the rest here again.
    let mut policy = Script(move |view: View<'_>, plan: &mut Plan<'_>| {
        let tens = view.now().0 / 10_000_000;
        if let Some(job) = view.jobs().queued().next() {
            let pool = if tens == 1 { other } else { PoolId(0) };
            plan.place(job, &[Allocation::new(pool, 1)]).expect("it fits");
            plan.wake_at(Time((tens + 1) * 10_000_000)).expect("the time lies ahead");
        } else if let Some(job) = view.jobs().running().next().filter(|job| view.now() > view.status(*job).start) {
            plan.preempt(job, Preempt::Checkpoint).expect("it may be preempted");
        }
    });
    let outcome = audited(&world, &mut policy).expect("the run succeeds");
    assert_eq!((outcome.records[0].preemptions, outcome.records[0].subsidy), (2, Money::yuan(6)));
}

/// What goes on when the drain is over is cut then, not at the last thing that happened before.
#[test]
fn a_run_that_is_cut_ends_at_its_latest_end() {
    let mut world = plain(1, 1, &[(5, 1, 1_000)]);
    world.model.horizon = Some(Span::seconds(10));
    world.model.drain = Drain { until_idle: true, at_most: Some(Span::seconds(20)) };
    let outcome = once(&world, 1_000, |_, _| {});
    assert_eq!((outcome.records[0].fate, outcome.records[0].end), (Fate::Unfinished, Time(30_000_000)));
    assert_eq!(outcome.records[0].gpu_time.kept, 25_000_000);
    assert_eq!(outcome.ending.totals.end, Time(30_000_000));
}

/// A site that can never hold a job is no place for it to wait.
#[test]
fn a_site_that_cannot_hold_a_job_does_not_save_it_from_being_lost() {
    let mut world = plain(1, 1, &[(0, 1, 10), (1, 1, 10)]);
    world.model.sites[SiteId(0)].admission.loss = true;
    add_site(&mut world.model, 0, 8);
    let outcome = once(&world, 1_000, |_, _| {});
    assert_eq!(outcome.records[1].fate, Fate::Rejected);
}

/// Under a broker each site has its scheduler. What is freed at one site may let go whom a rule holds at another: 7 GPUs of the chip may be used in
/// all.
#[test]
fn what_is_freed_at_one_site_lets_go_whom_a_rule_holds_at_another() {
    let mut world = plain(1, 2, &[(1, 2, 10), (1, 7, 10)]);
    add_site(&mut world.model, 1, 8);
    let users = Matcher::default();
    world.model.access.push(Access { name: "chip".into(), chips: IdSet::all(1), users, from: None, until: None, supply: Some(7) });
    let own = PolicyChoice { parts: registry::parse("fifo+easy").expect("a policy"), ..PolicyChoice::default() };
    world.model.schedulers = (0..2).map(|_| own.parts.clone()).collect();
    let outcome = audited(&world, build(&own, &world).as_mut()).expect("the run succeeds");
    assert_eq!(
        outcome.records.iter().map(|record| record.start).collect::<Vec<_>>(),
        [1, 11].map(|second| Some(Time(second * 1_000_000)))
    );
}
