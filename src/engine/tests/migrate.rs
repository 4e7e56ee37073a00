//! Jobs that move while they run.

use super::super::testing::{Given, cluster, ends, job, run, starts};
use super::super::{Options, Run, RunError};
use crate::base::random::Seed;
use crate::base::{Bytes, Money, Span, Time};
use crate::model::{Checkpoint, Class, ClassId, JobSpec, Model, Node, NodeId, PoolId, SiteId};
use crate::policy::{Needs, Plan, PolicyError, Scheduler, View};
use crate::world::records::JobRecord;
use crate::world::{Allocation, Preempt, Refusal};

/// A class whose checkpoints take 2 s to write and 3 s to restore, and have 1 GB a GPU.
fn writes_checkpoints(class: &mut Class) {
    let (every, cost, restore) = (Span::hours(1), Span::seconds(2), Span::seconds(3));
    class.checkpoint = Some(Checkpoint { every, cost, restore, size_per_gpu: Bytes(1_000_000_000) });
}

/// One yuan per GPU and second.
const PRICE: Money = Money::yuan(3600);

/// Two nodes of four GPUs. Jobs 0 and 2 fill the first, job 1 takes half of the second. When job 0 ends, five GPUs are free, and no node is.
fn scattered() -> (Model, Vec<JobSpec>) {
    let mut model = cluster(2, 4);
    writes_checkpoints(&mut model.classes[ClassId(0)]);
    model.pools[PoolId(0)].price = PRICE;
    (model, vec![job(0, 3, 10, 10), job(0, 2, 100, 100), job(0, 1, 100, 100), job(5, 4, 20, 20)])
}

#[test]
fn consolidation_gives_the_hand_worked_schedule() {
    let (model, jobs) = scattered();
    for bind in ["at-submit", "at-start"] {
        for backfill in ["", "+easy", "+conservative"] {
            let without = run(&model, jobs.clone(), &format!("fifo+{bind}{backfill}"));
            assert_eq!(starts(&without), [0., 0., 0., 100.]);
            // At 10 s, job 2 moves beside job 1: it has computed for 10 s, writes until 12 s, restores until 15 s, and needs 90 s more.
            let records = run(&model, jobs.clone(), &format!("fifo+{bind}{backfill}+consolidate(rest_h=0)"));
            assert_eq!((starts(&records), ends(&records)), (vec![0., 0., 10., 10.], vec![10., 100., 105., 30.]), "{bind}{backfill}");
            let moved = &records[2];
            assert_eq!((moved.starts, moved.preemptions, moved.migrations, moved.first_start), (2, 0, 1, Some(Time::ZERO)));
            let time = moved.gpu_time;
            let seconds = [time.held, time.kept, time.staging, time.checkpointing, time.restoring, time.lost].map(|us| us / 1_000_000);
            assert_eq!(seconds, [105, 100, 0, 2, 3, 0]);
            assert_eq!((moved.compute_charge, records[3].compute_charge), (Money::yuan(105), Money::yuan(80)));
        }
    }
}

#[test]
fn nobody_moves_in_vain() {
    let (model, mut jobs) = scattered();
    // It has held its GPUs for 10 s only.
    let starts_of = |jobs: &[JobSpec], part: &str| starts(&run(&model, jobs.to_vec(), &format!("fifo+{part}")));
    assert_eq!(starts_of(&jobs, "consolidate"), [0., 0., 0., 100.]);
    // With one job more on the second node there is no room to move to.
    jobs.insert(3, job(0, 2, 100, 100));
    let records = run(&model, jobs.clone(), "fifo+consolidate(rest_h=0)");
    assert!(records.iter().all(|record| record.migrations == 0));
    // Two small jobs on a node are two moves.
    let small = [(); 4].map(|()| job(0, 1, 100, 100));
    let jobs = [vec![job(0, 2, 10, 10)], small.to_vec(), vec![job(5, 4, 20, 20)]].concat();
    assert_eq!(starts_of(&jobs, "consolidate(rest_h=0,moves=1)")[5], 100.);
    assert_eq!(starts_of(&jobs, "consolidate(rest_h=0,moves=2)")[5], 10.);
}

/// Starts everything where it fits, and moves the first job as it is told.
struct Moves {
    at: Vec<(Time, PoolId)>,
    /// When it preempts that job.
    stops_at: Time,
    denied: Vec<Refusal>,
}

impl Scheduler for Moves {
    fn needs(&self) -> Needs {
        Needs { every_event: true, ..Needs::default() }
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        for job in view.jobs().queued() {
            let gpus = view.job(job).gpus;
            let first = view.candidates(job).iter().map(|candidate| candidate.pool).find(|pool| plan.fits(*pool, gpus));
            first.map(|pool| plan.place(job, &[Allocation::new(pool, gpus)]));
        }
        for at in self.at.iter().map(|(at, _)| *at).chain([self.stops_at]).filter(|at| *at > view.now() && *at < Time::NEVER) {
            let _ = plan.wake_at(at);
        }
        if view.now() == self.stops_at {
            let first = view.jobs().running().find(|job| view.job(*job).number == 0 && view.status(*job).start < view.now());
            self.denied.extend(first.and_then(|job| plan.preempt(job, Preempt::Checkpoint).err()));
        }
        if let Some((_, pool)) = self.at.iter().find(|(at, _)| *at == view.now())
            && let Some(job) = view.jobs().running().find(|job| view.job(*job).number == 0)
            && view.status(job).start < view.now()
        {
            self.denied.extend(plan.migrate(job, &[Allocation::new(*pool, view.job(job).gpus)]).err());
        }
        Ok(())
    }
}

/// Runs jobs under a policy that moves the first of them.
fn moved(model: &Model, jobs: Vec<JobSpec>, at: &[(u64, u32)]) -> Result<(Vec<JobRecord>, Vec<Refusal>), RunError> {
    moved_and_stopped(model, jobs, at, Time::NEVER)
}
/// As [`moved`], and preempts it at a time.
fn moved_and_stopped(model: &Model, jobs: Vec<JobSpec>, at: &[(u64, u32)], stops_at: Time) -> Result<(Vec<JobRecord>, Vec<Refusal>), RunError> {
    let at = at.iter().map(|(seconds, pool)| (Time(seconds * 1_000_000), PoolId(*pool))).collect();
    let mut policy = Moves { at, stops_at, denied: Vec::new() };
    let options = Options { keep_postings: false, sample_every: None };
    let seed = Seed { seed: model.seed, replication: 0 };
    let mut run = Run::new(model, Box::new(Given(jobs.into_iter())), policy.needs(), seed, options)?;
    while run.step(&mut policy)? {}
    let mut records = run.finish(false)?.jobs;
    records.sort_by_key(|record| record.number);
    Ok((records, policy.denied))
}

/// A second site like the first, which costs twice as much.
fn two_sites() -> Model {
    let (mut model, _) = scattered();
    let node = model.network.nodes.push(Node { name: "other".into(), at: None });
    let mut site = model.sites[SiteId(0)].clone();
    (site.name, site.node, site.first_pool) = ("other".into(), node, PoolId(1));
    let site = model.sites.push(site);
    let mut pool = model.pools[PoolId(0)].clone();
    (pool.site, pool.price) = (site, PRICE.times(2, 1).unwrap());
    model.pools.push(pool);
    assert_eq!(node, NodeId(2));
    model
}

#[test]
fn a_job_moves_to_another_site_with_its_checkpoint() {
    // It computes for 10 s, writes until 12 s; 4 GB at 10 Gb/s take 3.2 s, the restore 3 s; then 20 s are left.
    let (records, denied) = moved(&two_sites(), vec![job(0, 4, 30, 30)], &[(10, 1)]).unwrap();
    assert_eq!((ends(&records), denied), (vec![38.2], vec![]));
    let (record, time) = (&records[0], records[0].gpu_time);
    assert_eq!((record.pool, record.migrations, record.staging), (Some(PoolId(1)), 1, Span(3_200_000)));
    let millis = [time.held, time.kept, time.staging, time.checkpointing, time.restoring, time.lost].map(|us| us / 4_000);
    assert_eq!(millis, [38_200, 30_000, 3_200, 2_000, 3_000, 0]);
    // 4 GPUs: 10 s at 1 CNY, 28.2 s at 2 CNY.
    assert_eq!(record.compute_charge, Money(40_000_000 + 225_600_000));
}

#[test]
fn a_job_moves_on_before_it_has_come() {
    // It leaves for the other site, and comes back while its checkpoint is under way: that lies where it was.
    let (records, _) = moved(&two_sites(), vec![job(0, 4, 30, 30)], &[(10, 1), (13, 0)]).unwrap();
    assert_eq!((ends(&records), records[0].migrations), (vec![13. + 3. + 20.], 2));
    // While it writes, it may be moved too; what it has is kept.
    let (records, _) = moved(&two_sites(), vec![job(0, 4, 30, 30)], &[(10, 1), (11, 0)]).unwrap();
    assert_eq!((ends(&records), records[0].migrations), (vec![11. + 3. + 20.], 2));
}

#[test]
fn a_job_preempted_before_its_checkpoint_has_come_goes_on_from_where_that_lies() {
    let run = |stops_at: u64| {
        let (records, denied) = moved_and_stopped(&two_sites(), vec![job(0, 4, 30, 30)], &[(10, 1)], Time(stops_at * 1_000_000)).unwrap();
        assert_eq!(denied, []);
        (ends(&records)[0], records[0].preemptions, records[0].pool)
    };
    // It starts again at the first site at once, restores for 3 s and has 20 s left. Its checkpoint was written until 12 s, and would have come to
    // the other site at 15.2 s.
    assert_eq!(run(11), (34., 1, Some(PoolId(0))), "while it is written");
    assert_eq!(run(13), (36., 1, Some(PoolId(0))), "on its way");
    // At 17 s it is being restored from what has come: it is written for 2 s and moved back in 3.2 s.
    assert_eq!(run(17), (45.2, 1, Some(PoolId(0))), "after it has come");
}

#[test]
fn a_move_is_checked_like_a_start_and_is_none_to_where_the_job_is() {
    let jobs = || vec![job(0, 4, 30, 30), job(0, 4, 60, 60), job(0, 8, 60, 60)];
    let (records, denied) = moved(&two_sites(), jobs(), &[(10, 1), (11, 0)]).unwrap();
    assert_eq!((ends(&records), records[0].migrations), (vec![30., 60., 60.], 0));
    assert_eq!(denied, [Refusal::Room { pool: PoolId(1), asked: 4, free: 0 }, Refusal::NothingToMove]);
}
