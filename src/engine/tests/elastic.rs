//! Jobs that change their size while they run.

use super::super::testing::{cluster, ends, job, run, starts};
use crate::base::{Bytes, Money, Ratio, Span};
use crate::model::{Checkpoint, ChipId, ClassId, Elastic, GpuQuota, JobSpec, Matcher, Model, PoolId, Queueing, Quota, Reclaim};
use crate::world::records::JobRecord;

/// A job that runs with `min` to `max` GPUs beside those that it asks for.
fn elastic(mut spec: JobSpec, min: u32, max: u32, serial: f64) -> JobSpec {
    spec.elastic = Some(Elastic { min, max, serial: Ratio::from_f64(serial) });
    spec
}

/// One node of eight GPUs at one yuan per GPU and second; checkpoints take 2 s to write and 3 s to restore.
fn node() -> Model {
    let mut model = cluster(1, 8);
    let (every, cost, restore) = (Span::hours(1), Span::seconds(2), Span::seconds(3));
    model.classes[ClassId(0)].checkpoint = Some(Checkpoint { every, cost, restore, size_per_gpu: Bytes::ZERO });
    model.pools[PoolId(0)].price = Money::yuan(3600);
    model
}

/// Sizes are kept for 10 s.
const POLICY: &str = "elastic(rest_h=0.0027777777778)";

fn gpu_seconds(record: &JobRecord) -> [u128; 6] {
    let time = record.gpu_time;
    [time.held, time.kept, time.staging, time.checkpointing, time.restoring, time.lost].map(|us| us / 1_000_000)
}

/// Job 0 asks for 4 of 8 GPUs and has 80 s of work there. At 10 s it takes all eight, as nobody waits: it writes until 12 s, restores until 15 s, and
/// goes twice as fast. At 20 s job 1 comes for 4: job 0 has done 10 + 10 s of its work, gives 4 GPUs back, and computes on from 25 s. At 50 s job 1
/// is done; job 0 has 35 s to do, takes all eight again, and needs 17.5 s from 55 s on.
#[test]
fn sizes_follow_the_queue_in_the_hand_worked_schedule() {
    let jobs = || vec![elastic(job(0, 4, 80, 80), 2, 8, 0.0), job(20, 4, 30, 30)];
    for bind in ["at-submit", "at-start"] {
        for backfill in ["", "+easy", "+conservative"] {
            let records = run(&node(), jobs(), &format!("fifo+{bind}{backfill}+{POLICY}"));
            assert_eq!((starts(&records)[1], ends(&records)), (20., vec![72.5, 50.]), "{bind}{backfill}");
            let first = &records[0];
            assert_eq!((first.gpus, first.starts, first.resizes, first.migrations, first.preemptions), (4, 4, 3, 0, 0));
            // 10 s × 4 + 10 s × 8 + 30 s × 4 + 22.5 s × 8; of that 80 s × 4 is work, and three pauses of 2 s and 3 s.
            assert_eq!(gpu_seconds(first), [420, 320, 0, 2 * 20, 3 * 20, 0]);
            assert_eq!((first.compute_charge, records[1].compute_charge), (Money::yuan(420), Money::yuan(120)));
        }
    }
}

#[test]
fn what_waits_starts_smaller() {
    // It asks for eight, of which half are free: it has half of the speed, until it may grow at 20 s. Then it has 10 s to do and gains 10 s less 5 s.
    let jobs = vec![job(0, 4, 20, 20), elastic(job(0, 8, 20, 20), 2, 8, 0.0)];
    let records = run(&node(), jobs, &format!("fifo+{POLICY}"));
    assert_eq!(
        (starts(&records)[0], ends(&records), records[1].first_start, records[1].resizes),
        (0., vec![20., 35.], records[0].first_start, 1)
    );
    assert_eq!(gpu_seconds(&records[1]), [20 * 4 + 15 * 8, 160, 0, 16, 24, 0]);
}

#[test]
fn nobody_changes_his_size_where_it_does_not_pay() {
    // Of its time, 0.6 is not shortened by more GPUs: eight instead of four save a fifth. Of 35 s, 25 s are left at 10 s: that saves 5 s, no more
    // than the pause costs. Of 50 s, 40 s are left: 32 s after the pause.
    let end = |work: u64| ends(&run(&node(), vec![elastic(job(0, 4, work, work), 2, 8, 0.6)], &format!("fifo+{POLICY}")))[0];
    assert_eq!([34, 35, 50].map(end), [34., 35., 47.]);
}

#[test]
fn a_quota_counts_the_size_of_the_moment() {
    let mut model = node();
    model.quotas.push(Quota {
        name: "lab".into(),
        parent: None,
        matcher: Matcher::default(),
        has_matcher: true,
        gpus: [Some(GpuQuota { nominal: 6, borrowing_limit: None, lending_limit: None })].into_iter().collect(),
        gpu_hours: None,
        energy: None,
        domestic: None,
        reclaim: Reclaim::Never,
        queueing: Queueing::BestEffort,
    });
    assert_eq!(model.chips.ids().next(), Some(ChipId(0)));
    // It may take two GPUs more, no four: half as fast again. At 10 s, 70 s are left, which take 46.67 s after the pause.
    let records = run(&model, vec![elastic(job(0, 4, 80, 80), 2, 8, 0.0)], &format!("fifo+{POLICY}"));
    assert_eq!((records[0].resizes, records[0].end.0), (1, 15_000_000 + 46_666_667));
    // Beside it, six GPUs are held: a job for two waits until it has shrunk.
    let records = run(&model, vec![elastic(job(0, 4, 80, 80), 2, 8, 0.0), job(0, 2, 80, 80)], &format!("fifo+{POLICY}"));
    assert_eq!((starts(&records), records[0].resizes), (vec![0., 0.], 0));
}

#[test]
fn a_job_that_returns_to_the_queue_asks_for_its_own_size_again() {
    let mut model = node();
    model.failures.push(crate::model::Failure {
        name: "script".into(),
        pools: [PoolId(0)].into_iter().collect(),
        mtbf: None,
        repair: crate::model::Law::fixed(0.0),
        crews: 0,
        while_busy: false,
        outages: vec![crate::model::Outage { at: crate::base::Time(30_000_000), pool: PoolId(0), node: 0, lasts: Span::seconds(10) }],
    });
    // It grows at 10 s, to the pace of 2 from 15 s on. The node fails at 30 s; what it had done at 10 s is safe. It starts again at 40 s with four
    // GPUs, restores until 43 s, and has 50 s to do; at 50 s, 43 s are left, and it grows again: 55 s + 21.5 s.
    let records = run(&model, vec![elastic(job(0, 4, 60, 60), 2, 8, 0.0)], &format!("fifo+{POLICY}"));
    assert_eq!((records[0].failures, records[0].resizes, ends(&records)), (1, 2, vec![76.5]));
}
