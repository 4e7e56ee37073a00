//! Known answers of Kueue's cohorts, driven by a minimal queue, and properties of any tree.

use super::*;
use crate::model::{ClassId, GpuQuota, IdSet, JobId, PoolId, Queueing, Quota, Reclaim, TenantGroupId, TenantId};
use crate::rules::testing::{self, hour};
use crate::rules::{Held as Handle, Part, Rules, RunBounds, Running, Start};
use proptest::prelude::*;

const CHIP: ChipId = ChipId(0);

/// A queue of the `kq-*` cases: nominal, borrowing limit, strictness, reclaim.
struct Queue(u64, Option<u64>, Queueing, Reclaim);

/// A job of the `kq-*` cases: name, queue, submission, GPUs, run time in hours.
struct Job(&'static str, u32, u64, u32, u64);

fn limits(nominal: u64, borrowing_limit: Option<u64>, lending_limit: Option<u64>) -> Option<GpuQuota> {
    Some(GpuQuota { nominal, borrowing_limit, lending_limit })
}

/// Makes a model with a cohort of one queue per tenant group.
fn cohort(queues: &[Queue]) -> Model {
    let mut model = testing::model();
    let mut parent = testing::quota("cohort", None);
    parent.has_matcher = false;
    let parent = model.quotas.push(parent);
    for (group, Queue(nominal, borrowing, queueing, reclaim)) in (0..).zip(queues) {
        let mut quota = testing::quota(&format!("q{group}"), Some(parent));
        quota.matcher.groups = Some(IdSet::from_iter([TenantGroupId(group)]));
        quota.gpus[CHIP] = limits(*nominal, *borrowing, None);
        (quota.queueing, quota.reclaim) = (*queueing, *reclaim);
        model.quotas.push(quota);
    }
    model
}

/// Runs jobs on one pool of 16 GPUs by Kueue's order at an instant: ends, arrivals, then admission of those that stay within nominal first,
/// then priority, then submission. A preempted job starts from zero and keeps its submission.
fn run_queues(model: &Model, jobs: &[Job]) -> Vec<(u64, &'static str, &'static str)> {
    let bounds = RunBounds { prorate_over: None, latest_end: Time::NEVER, window: (Time::ZERO, Time::NEVER) };
    let mut rules = Rules::new(model, testing::SEED, bounds, false).unwrap();
    let (mut free, mut log) = (16_u32, Vec::new());
    let mut waiting: Vec<usize> = Vec::new();
    let mut running: Vec<(usize, u64, Handle)> = Vec::new();
    for now in 0..100 {
        while let Some(at) = running.iter().position(|(job, start, _)| start + jobs[*job].4 == now) {
            let (job, _, held) = running.remove(at);
            rules.release(model, held, hour(now), &[0]);
            free += jobs[job].3;
            log.push((now, "end", jobs[job].0));
        }
        waiting.extend(jobs.iter().enumerate().filter(|(_, job)| job.2 == now).map(|(at, _)| at));
        let mut blocked = Vec::new();
        loop {
            let start_of = |job: &Job, parts| Start {
                number: 0,
                tenant: TenantId(if job.1 == 0 { 0 } else { 3 }),
                group: TenantGroupId(job.1),
                class: ClassId(0),
                priority: 0,
                gpus: job.3,
                parts,
                now: hour(now),
                expected_end: hour(now + job.4),
            };
            waiting.iter().for_each(|job| rules.prepare(model, TenantGroupId(jobs[*job].1), ClassId(0)));
            let parts: Vec<[Part; 1]> = jobs.iter().map(|job| [Part { pool: PoolId(0), gpus: job.3, energy_mj: 0 }]).collect();
            let strict_block = |job: usize, blocked: &[usize]| {
                let same = |other: &usize| jobs[*other].1 == jobs[job].1;
                model.quotas[QuotaId(1 + jobs[job].1)].queueing == Queueing::Strict && blocked.iter().any(same)
            };
            let order = |job: &usize| (rules.borrows(model, &start_of(&jobs[*job], &parts[*job])), jobs[*job].2, *job);
            let open = waiting.iter().copied().filter(|job| !blocked.contains(job) && !strict_block(*job, &blocked));
            let Some(job) = open.min_by_key(order) else { break };
            let start = start_of(&jobs[job], &parts[job]);
            if jobs[job].3 > free || rules.check(model, &start).is_err() {
                let all = running.iter().map(|(job, since, held)| Running {
                    job: JobId(u32::try_from(*job).unwrap()),
                    number: *job as u64,
                    since: hour(*since),
                    priority: 0,
                    held: *held,
                });
                let all: Vec<Running> = all.collect();
                let room = &mut |gone: &[JobId]| free + gone.iter().map(|job| jobs[job.0 as usize].3).sum::<u32>() >= jobs[job].3;
                let Some(victims) = rules.reclaim(model, &start, || all.into_iter(), room) else {
                    blocked.push(job);
                    continue;
                };
                for victim in victims.into_iter().map(|victim| victim.0 as usize) {
                    let at = running.iter().position(|(job, ..)| *job == victim).unwrap();
                    let (_, _, held) = running.remove(at);
                    rules.count_reclaimed(held);
                    rules.release(model, held, hour(now), &[0]);
                    free += jobs[victim].3;
                    waiting.push(victim);
                    log.push((now, "preempt", jobs[victim].0));
                }
            }
            let held = rules.try_hold(model, &start).unwrap();
            free -= jobs[job].3;
            waiting.retain(|other| *other != job);
            running.push((job, now, held));
            log.push((now, "start", jobs[job].0));
        }
    }
    log
}

fn two(first: Queue) -> Model {
    cohort(&[first, Queue(8, None, Queueing::BestEffort, Reclaim::Any)])
}

/// Case `kq-reclaim`.
#[test]
fn a_quota_takes_back_its_nominal_from_the_newest_borrower() {
    let model = two(Queue(8, None, Queueing::BestEffort, Reclaim::Any));
    let jobs = [Job("a1", 0, 0, 4, 20), Job("a2", 0, 1, 4, 20), Job("a3", 0, 2, 4, 20), Job("b1", 1, 5, 8, 10)];
    let mut expected = vec![(0, "start", "a1"), (1, "start", "a2"), (2, "start", "a3"), (5, "preempt", "a3"), (5, "start", "b1")];
    expected.extend([(15, "end", "b1"), (15, "start", "a3"), (20, "end", "a1"), (21, "end", "a2"), (35, "end", "a3")]);
    assert_eq!(run_queues(&model, &jobs), expected);
}

const BORROWERS: [Job; 4] = [Job("a1", 0, 0, 4, 10), Job("a2", 0, 0, 4, 12), Job("a3", 0, 1, 4, 10), Job("a4", 0, 2, 2, 5)];

/// Case `kq-borrowlimit`.
#[test]
fn a_borrowing_limit_holds_although_the_cohort_is_idle() {
    let log = run_queues(&two(Queue(8, Some(2), Queueing::BestEffort, Reclaim::Any)), &BORROWERS);
    let mut expected = vec![(0, "start", "a1"), (0, "start", "a2"), (2, "start", "a4"), (7, "end", "a4"), (10, "end", "a1")];
    expected.extend([(10, "start", "a3"), (12, "end", "a2"), (20, "end", "a3")]);
    assert_eq!(log, expected);
}

/// Case `kq-strictfifo`.
#[test]
fn a_strict_queue_stops_behind_its_head() {
    let log = run_queues(&two(Queue(8, Some(2), Queueing::Strict, Reclaim::Any)), &BORROWERS);
    let mut expected = vec![(0, "start", "a1"), (0, "start", "a2"), (10, "end", "a1"), (10, "start", "a3"), (10, "start", "a4")];
    expected.extend([(12, "end", "a2"), (15, "end", "a4"), (20, "end", "a3")]);
    assert_eq!(log, expected);
}

#[test]
fn reclaim_never_and_equal_priority_leave_borrowers_alone() {
    let jobs = [Job("a1", 0, 0, 12, 20), Job("b1", 1, 5, 8, 10)];
    for reclaim in [Reclaim::Never, Reclaim::LowerPriority] {
        let mut model = two(Queue(8, None, Queueing::BestEffort, Reclaim::Any));
        model.quotas[QuotaId(2)].reclaim = reclaim;
        let log = run_queues(&model, &jobs);
        assert_eq!(log, [(0, "start", "a1"), (20, "end", "a1"), (20, "start", "b1"), (30, "end", "b1")]);
    }
}

#[test]
fn a_quota_above_nominal_takes_nothing_back() {
    let jobs = [Job("a1", 0, 0, 12, 20), Job("b1", 1, 5, 10, 10)];
    let log = run_queues(&two(Queue(8, None, Queueing::BestEffort, Reclaim::Any)), &jobs);
    assert_eq!(log[1], (20, "end", "a1"), "{log:?}");
}

#[test]
fn a_victim_is_spared_if_the_start_fits_without_it() {
    // Newest first takes a3 (2 GPUs), then a2 (8 GPUs); with a2 gone a3 may stay.
    let jobs = [Job("a1", 0, 0, 4, 50), Job("a2", 0, 1, 8, 50), Job("a3", 0, 2, 2, 50), Job("b1", 1, 5, 8, 10)];
    let log = run_queues(&two(Queue(8, None, Queueing::BestEffort, Reclaim::Any)), &jobs);
    assert_eq!(log[3..5], [(5, "preempt", "a2"), (5, "start", "b1")]);
}

#[test]
fn a_chip_without_an_entry_is_limited_by_ancestors_only() {
    let mut model = two(Queue(8, None, Queueing::BestEffort, Reclaim::Never));
    let leaf = QuotaId(1);
    let ask = |model: &Model, chip, gpus| QuotaTree::new(model).fits(Charge { quota: leaf, chip, gpus }, &[]);
    assert!(ask(&model, ChipId(1), 1_000_000).is_ok());
    model.quotas[QuotaId(0)].gpus[ChipId(1)] = limits(10, None, None);
    assert!(ask(&model, ChipId(1), 10).is_ok());
    assert_eq!(ask(&model, ChipId(1), 11), Err(QuotaRefusal { quota: leaf, chip: ChipId(1), asked: 11, available: 10 }));
    // A sibling's entry alone does not limit it, nor does it use what the sibling lends.
    model.quotas[QuotaId(0)].gpus[ChipId(1)] = None;
    model.quotas[QuotaId(2)].gpus[ChipId(1)] = limits(4, None, None);
    let mut tree = QuotaTree::new(&model);
    tree.hold(Charge { quota: leaf, chip: ChipId(1), gpus: 100 }, Time::ZERO);
    assert_eq!(tree.headroom(QuotaId(2), ChipId(1)), Some(4));
}

#[test]
fn the_deepest_quota_of_each_tree_is_charged() {
    let mut model = testing::model();
    let nation = model.quotas.push(testing::quota("nation", None));
    let city = model.quotas.push(testing::quota("city", Some(nation)));
    model.quotas.push(Quota { matcher: Matcher { gpus: Some((8, 16)), ..Matcher::default() }, ..testing::quota("large", Some(city)) });
    let other = model.quotas.push(testing::quota("other", None));
    let bounds = RunBounds { prorate_over: None, latest_end: Time::NEVER, window: (Time::ZERO, Time::NEVER) };
    let mut rules = Rules::new(&model, testing::SEED, bounds, false).unwrap();
    let (group, class) = (TenantGroupId(0), ClassId(0));
    rules.prepare(&model, group, class);
    for (gpus, deepest) in [(7, city), (8, QuotaId(2)), (16, QuotaId(2)), (17, city)] {
        let parts = [Part { pool: PoolId(0), gpus, energy_mj: 0 }];
        let (now, expected_end) = (Time::ZERO, hour(1));
        let start = Start { number: 0, tenant: TenantId(0), group, class, priority: 0, gpus, parts: &parts, now, expected_end };
        assert_eq!(rules.charged_quotas(&start, &parts[0]), [deepest, other]);
    }
}

#[test]
fn totals_count_use_borrowing_and_the_peak_that_lasted() {
    let model = two(Queue(8, None, Queueing::BestEffort, Reclaim::Any));
    let mut tree = QuotaTree::new(&model);
    let charge = |gpus| Charge { quota: QuotaId(1), chip: CHIP, gpus };
    tree.hold(charge(6), hour(0));
    tree.hold(charge(100), hour(0));
    tree.release(charge(100), hour(0));
    tree.hold(charge(6), hour(1));
    let totals = tree.totals(hour(3));
    let hour_us = u128::from(crate::base::time::MICROS_PER_HOUR);
    let leaf = &totals[QuotaId(1)];
    assert_eq!((leaf.used_gpu_us, leaf.borrowed_gpu_us, leaf.peak_gpus), ((6 + 12 * 2) * hour_us, 4 * 2 * hour_us, 12));
    let cohort = &totals[QuotaId(0)];
    assert_eq!((cohort.used_gpu_us, cohort.borrowed_gpu_us, cohort.peak_gpus), (30 * hour_us, 0, 12));
}

/// A tree of seven quotas over two levels with limits drawn at will.
fn drawn_tree(drawn: &[(u64, Option<u64>, Option<u64>)]) -> Model {
    let mut model = testing::model();
    for (at, parent) in [None, Some(0), Some(0), Some(1), Some(1), Some(2), Some(2)].into_iter().enumerate() {
        let mut quota = testing::quota(&format!("q{at}"), parent.map(QuotaId));
        let (nominal, borrowing, lending) = drawn[at];
        quota.gpus[CHIP] = limits(nominal, borrowing, lending);
        model.quotas.push(quota);
    }
    model
}

proptest! {
    /// I9: usage ≤ nominal + borrowing limit; lent ≤ lending limit; a cohort holds no more than it has; a release is exact.
    #[test]
    fn no_quota_is_ever_overdrawn(
        drawn in prop::collection::vec((0_u64..20, prop::option::of(0_u64..20), prop::option::of(0_u64..20)), 7),
        starts in prop::collection::vec((3_u32..7, 1_u32..24, any::<bool>(), 0_usize..40), 1..60),
    ) {
        let model = drawn_tree(&drawn);
        let mut tree = QuotaTree::new(&model);
        let mut held: Vec<Charge> = Vec::new();
        for (quota, gpus, ends, which) in starts {
            if ends && !held.is_empty() {
                tree.release(held.swap_remove(which % held.len()), Time::ZERO);
            }
            let charge = Charge { quota: QuotaId(quota), chip: CHIP, gpus };
            let before: Vec<_> = tree.nodes.iter().map(|node| (node.usage, node.own)).collect();
            let fits = tree.fits(charge, &[]).is_ok();
            if fits {
                prop_assert!(tree.fits_ever(charge).is_ok());
            }
            tree.hold(charge, Time::ZERO);
            tree.release(charge, Time::ZERO);
            prop_assert_eq!(before, tree.nodes.iter().map(|node| (node.usage, node.own)).collect::<Vec<_>>());
            if fits {
                tree.hold(charge, Time::ZERO);
                held.push(charge);
            }
            check_limits(&model, &tree, &held);
        }
        // Limits that are set again find the same usage.
        let before: Vec<_> = tree.nodes.iter().map(|node| (node.usage, node.subtree)).collect();
        tree.set_limits(&model, Time::ZERO);
        prop_assert_eq!(before, tree.nodes.iter().map(|node| (node.usage, node.subtree)).collect::<Vec<_>>());
    }

    /// A charge that was planned counts for the next one as if it had been made.
    #[test]
    fn planned_charges_count_as_made(
        drawn in prop::collection::vec((0_u64..20, prop::option::of(0_u64..20), prop::option::of(0_u64..20)), 7),
        base in prop::collection::vec((3_u32..7, 1_u32..9), 0..6),
        (first, second) in ((3_u32..7, 1_u32..12), (3_u32..7, 1_u32..12)),
    ) {
        let model = drawn_tree(&drawn);
        let mut tree = QuotaTree::new(&model);
        let charge = |(quota, gpus)| Charge { quota: QuotaId(quota), chip: CHIP, gpus };
        for base in base {
            if tree.fits(charge(base), &[]).is_ok() {
                tree.hold(charge(base), Time::ZERO);
            }
        }
        let planned = tree.fits(charge(second), &[charge(first)]);
        tree.hold(charge(first), Time::ZERO);
        prop_assert_eq!(planned, tree.fits(charge(second), &[]));
    }

    /// M15: quotas that each hold all there is change nothing.
    #[test]
    fn quotas_as_large_as_everything_admit_everything(starts in prop::collection::vec((3_u32..7, 1_u32..5), 0..20)) {
        let model = drawn_tree(&[(100, Some(0), Some(0)); 7]);
        let mut tree = QuotaTree::new(&model);
        for (quota, gpus) in starts {
            let charge = Charge { quota: QuotaId(quota), chip: CHIP, gpus };
            prop_assert!(tree.fits(charge, &[]).is_ok());
            tree.hold(charge, Time::ZERO);
        }
    }
}

/// Checks I9 against sums that are made from scratch.
fn check_limits(model: &Model, tree: &QuotaTree, held: &[Charge]) {
    for (id, quota) in model.quotas.entries() {
        let limit = quota.gpus[CHIP].unwrap();
        let sum =
            |within: &dyn Fn(QuotaId) -> bool| held.iter().filter(|charge| within(charge.quota)).map(|charge| u64::from(charge.gpus)).sum::<u64>();
        let inside = |charged: QuotaId| tree.path(charged).contains(&id);
        let used = sum(&inside);
        let nominals = model.quotas.ids().filter(|other| inside(*other)).map(|other| model.quotas[other].gpus[CHIP].unwrap().nominal);
        let capacity: u64 = nominals.sum();
        match (quota.parent, limit.borrowing_limit) {
            (None, _) => assert!(used <= capacity, "cohort {id:?} holds {used} of {capacity}"),
            (Some(_), Some(borrowing)) => assert!(used <= capacity + borrowing, "{id:?} holds {used}, has {capacity}, borrows {borrowing}"),
            (Some(_), None) => {}
        }
        if quota.parent.is_some()
            && let Some(lending) = limit.lending_limit
        {
            // All others together never hold so much that less than its guaranteed part is left for it.
            let all: u64 = model.quotas.iter().map(|other| other.gpus[CHIP].unwrap().nominal).sum();
            let others = sum(&|charged| !inside(charged));
            let node = tree.node(id, CHIP);
            let guaranteed = u64::try_from(node.subtree).unwrap().saturating_sub(lending);
            assert!(others + guaranteed <= all, "{id:?} lends beyond its limit");
        }
    }
}
