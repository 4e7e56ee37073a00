//! What chaos has found: each bug as the smallest world that shows it.

use super::drive::{Outcome, audited};
use super::world::{World, plain};
use edwc::base::{Bytes, Span, Time};
use edwc::model::{Change, Checkpoint, ClassId, Failure, IdSet, Law, OnFailure, Outage, Pool, PoolId, Setting, SiteId};
use edwc::policy::{Plan, PolicyError, Scheduler, View};
use edwc::world::records::Fate;
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
