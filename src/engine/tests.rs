//! Hand-worked schedules.

mod afar;
mod elastic;
mod evict;
mod migrate;
mod orders;
mod predict;
mod shares;
mod slicing;

use super::testing::{cluster, ends, job, run, starts, tenant};
use crate::base::{Bytes, Column, Span, Time};
use crate::model::{
    Checkpoint, ClassId, Failure, GpuQuota, HoursCap, IdSet, JobSpec, Law, Matcher, NodeMtbf, OnFailure, Outage, Overrun, Period, PoolId, Queueing,
    Quota, QuotaId, Reclaim, TenantGroupId, TenantId,
};
use crate::world::records::Fate;

/// `bf-7-decr` of the known answers: the extra GPUs count down only for jobs that outlast the shadow time.
#[test]
fn backfilling_gives_the_hand_worked_schedule() {
    let jobs =
        || vec![job(0, 5, 12, 12), job(0, 5, 9, 5), job(1, 6, 12, 9), job(2, 4, 7, 7), job(2, 4, 12, 10), job(5, 1, 20, 14), job(8, 1, 14, 14)];
    for (nodes, gpus_per_node) in [(1, 10), (10, 1)] {
        let model = cluster(nodes, gpus_per_node);
        assert_eq!(starts(&run(&model, jobs(), "fifo")), [0., 0., 12., 12., 19., 21., 21.]);
        for bind in ["at-submit", "at-start"] {
            assert_eq!(starts(&run(&model, jobs(), &format!("fifo+easy+{bind}"))), [0., 0., 12., 5., 21., 5., 12.], "{bind}");
        }
    }
}

/// `bf-7-decr`, `bf-8-over`, `bf-8-early` and `bf-tie` of the known answers: GPUs; submit, GPUs, estimate and run time of each job; starts under
/// conservative backfilling; the reservation that each job got on arrival.
type Conservative = (u32, &'static [(u64, u32, u64, u64)], &'static [f64], &'static [f64]);
const CONSERVATIVE: [Conservative; 4] = [
    (
        10,
        &[(0, 5, 12, 12), (0, 5, 9, 5), (1, 6, 12, 9), (2, 4, 7, 7), (2, 4, 12, 10), (5, 1, 20, 14), (8, 1, 14, 14)],
        &[0., 0., 12., 5., 12., 21., 21.],
        &[0., 0., 12., 9., 16., 24., 24.],
    ),
    (
        8,
        &[(0, 4, 18, 10), (3, 2, 12, 12), (4, 6, 12, 12), (5, 2, 4, 4), (7, 1, 6, 6), (8, 2, 15, 9), (9, 1, 10, 4), (10, 2, 13, 8)],
        &[0., 3., 15., 5., 9., 10., 19., 23.],
        &[0., 3., 18., 5., 9., 15., 30., 27.],
    ),
    (
        8,
        &[(0, 4, 10, 6), (0, 2, 12, 12), (1, 6, 8, 8), (2, 2, 5, 5), (3, 2, 20, 20), (4, 4, 4, 4), (6, 1, 30, 2), (7, 8, 2, 2)],
        &[0., 0., 7., 2., 12., 15., 15., 32.],
        &[0., 0., 10., 2., 12., 18., 15., 45.],
    ),
    (4, &[(0, 4, 5, 5), (5, 4, 5, 5), (5, 2, 5, 5), (10, 2, 5, 5)], &[0., 5., 10., 10.], &[0., 5., 10., 10.]),
];

#[test]
fn conservative_backfilling_gives_the_hand_worked_schedule() {
    let spec = |of: &(u64, u32, u64, u64)| job(of.0, of.1, of.2, of.3);
    for (gpus, jobs, expected, reserved) in CONSERVATIVE {
        let model = cluster(1, gpus);
        for bind in ["at-submit", "at-start"] {
            let policy = format!("fifo+conservative+{bind}");
            let records = run(&model, jobs.iter().map(spec).collect(), &policy);
            assert_eq!(starts(&records), expected, "{bind}");
            // Had nothing ended early from its arrival on, a job would have started at its reservation.
            for (index, of) in jobs.iter().enumerate() {
                let as_expected = |(of_other, end): (&(u64, u32, u64, u64), f64)| {
                    let had_ended = end <= of.0 as f64;
                    JobSpec { work: Span::seconds(if had_ended { of_other.3 } else { of_other.2 }), ..spec(of_other) }
                };
                let until = jobs[..=index].iter().zip(ends(&records)).map(as_expected).collect();
                assert_eq!(starts(&run(&model, until, &policy))[index], reserved[index], "{bind}: job {}", index + 1);
            }
        }
    }
}

/// With exact estimates of different lengths, the shortest that may pass goes first.
#[test]
fn the_shortest_candidate_passes_first() {
    let jobs = || vec![job(0, 3, 10, 10), job(1, 4, 5, 5), job(2, 1, 8, 8), job(2, 1, 3, 3), job(2, 1, 8, 8)];
    for bind in ["at-submit", "at-start"] {
        assert_eq!(starts(&run(&cluster(1, 4), jobs(), &format!("fifo+easy+{bind}"))), [0., 10., 2., 15., 15.], "{bind}");
        assert_eq!(starts(&run(&cluster(1, 4), jobs(), &format!("fifo+easy-sjbf+{bind}"))), [0., 10., 15., 2., 15.], "{bind}");
    }
}

/// What outlives its estimate breaks reservations; nobody starves for it, and where quotas or nodes hold a job back the others go on.
#[test]
fn conservative_backfilling_survives_wrong_estimates_and_packing() {
    let jobs: Vec<JobSpec> = (0..300).map(|index| job(index / 3, 1 + (index % 7) as u32, 1 + index % 5, 1 + index % 11)).collect();
    for (nodes, gpus_per_node) in [(1, 8), (2, 4), (8, 1)] {
        for bind in ["at-submit", "at-start"] {
            let mut model = cluster(nodes, gpus_per_node);
            model.failures = [scripted(&[(30, 4), (90, 20), (200, 1)])].into_iter().collect();
            let records = run(&model, jobs.clone(), &format!("fifo+conservative+{bind}"));
            assert!(starts(&records).iter().all(|start| start.is_finite()), "{nodes} nodes, {bind}");
        }
    }
}

/// A job takes 10 s longer than it should: the reservations behind it come too early. They are made anew in the order of the queue, also that of the
/// third job, in whose way the second would else not come before the third's end.
#[test]
fn reservations_that_come_too_early_are_made_anew_in_order() {
    for bind in ["at-submit", "at-start"] {
        let jobs = vec![job(0, 8, 100, 110), job(1, 8, 100, 100), job(2, 8, 100, 100)];
        assert_eq!(starts(&run(&cluster(1, 8), jobs, &format!("fifo+conservative+{bind}"))), [0., 110., 210.], "{bind}");
    }
}

/// `bf-tie`: all events of an instant are applied before anything is decided.
#[test]
fn an_arrival_at_the_instant_of_an_end_starts_at_once() {
    let jobs = vec![job(0, 4, 5, 5), job(5, 4, 5, 5), job(5, 2, 5, 5), job(10, 2, 5, 5)];
    assert_eq!(starts(&run(&cluster(1, 4), jobs, "fifo+easy")), [0., 5., 10., 10.]);
}

/// A gang larger than a node takes whole nodes: free GPUs scattered over nodes do not make one.
#[test]
fn node_packing_is_real() {
    // 3 nodes × 4: two jobs of 3 leave one GPU each on two nodes; 4 + 1 + 1 are free, but only one whole node.
    let jobs = vec![job(0, 3, 10, 10), job(0, 3, 20, 20), job(1, 6, 5, 5), job(2, 4, 2, 2)];
    let records = run(&cluster(3, 4), jobs, "fifo+easy");
    // The gang of 6 needs a whole node and half of another: at 10 the first job frees one.
    assert_eq!(starts(&records), [0., 0., 10., 2.]);
}

fn scripted(outages: &[(u64, u64)]) -> Failure {
    let outage = |(at, lasts): &(u64, u64)| Outage { pool: PoolId(0), node: 0, at: Time(at * 1_000_000), lasts: Span::seconds(*lasts) };
    Failure {
        name: "script".into(),
        pools: [PoolId(0)].into_iter().collect::<IdSet<_>>(),
        mtbf: None,
        while_busy: false,
        crews: 0,
        repair: Law::fixed(1.0),
        outages: outages.iter().map(outage).collect(),
    }
}

/// `ck-script-1` and `ck-script-none`, with seconds for hours.
#[test]
fn failures_lose_what_no_checkpoint_holds() {
    let mut model = cluster(1, 1);
    let checkpoint = |every: u64, cost_ms: u64, restore_ms: u64| {
        let (cost, restore) = (Span(cost_ms * 1000), Span(restore_ms * 1000));
        Some(Checkpoint { every: Span::seconds(every), cost, restore, size_per_gpu: Bytes::ZERO })
    };
    model.classes[ClassId(0)].checkpoint = checkpoint(3, 500, 250);
    model.failures = [scripted(&[(5, 1), (12, 2)])].into_iter().collect();
    let records = run(&model, vec![job(0, 1, 10, 10)], "fifo");
    assert_eq!(ends(&records), [18.75]);
    assert_eq!((records[0].gpu_time.lost, records[0].gpu_time.kept), (3_750_000, 10_000_000));
    assert_eq!(records[0].gpu_time.checkpointing, 1_500_000);
    assert_eq!(records[0].gpu_time.restoring, 500_000);

    model.classes[ClassId(0)].checkpoint = checkpoint(100, 1000, 500);
    model.failures = [scripted(&[(7, 1)])].into_iter().collect();
    let records = run(&model, vec![job(0, 1, 8, 8)], "fifo");
    assert_eq!((ends(&records), records[0].gpu_time.lost), (vec![16.5], 7_000_000));
}

/// GPU time held is exactly what became of it.
#[test]
fn gpu_time_is_conserved() {
    let mut model = cluster(2, 4);
    model.failures = [scripted(&[(3, 4), (9, 2), (20, 1)])].into_iter().collect();
    let jobs = (0..40).map(|index| job(index, 1 + (index % 8) as u32, 9, 1 + index % 7)).collect();
    for record in run(&model, jobs, "fifo+easy") {
        let time = record.gpu_time;
        assert_eq!(time.held, time.kept + time.staging + time.checkpointing + time.restoring + time.lost, "job {}", record.number);
        assert_eq!(time.kept, u128::from(record.work.0) * u128::from(record.gpus));
    }
}

/// A victim that writes a checkpoint leaves when that is written; meanwhile nobody else gives way to the same claimant.
#[test]
fn reclaim_by_checkpoint_takes_no_more_than_it_needs() {
    let mut model = cluster(1, 16);
    let checkpoint = Checkpoint { every: Span::seconds(1000), cost: Span::seconds(2), restore: Span::ZERO, size_per_gpu: Bytes::ZERO };
    model.classes[ClassId(0)].checkpoint = Some(checkpoint);
    model.tenants.push(tenant("b", 1));
    model.quotas = quotas(&[8, 8]);
    // `lab` borrows all 8 of `b`, who asks for 4 of them at 5 s; an arrival at 6 s brings another round.
    let of_b = |job: JobSpec| JobSpec { tenant: TenantId(1), ..job };
    let jobs = vec![job(0, 8, 100, 100), job(0, 4, 100, 100), job(1, 3, 100, 100), job(1, 1, 100, 100), of_b(job(5, 4, 10, 10)), job(6, 1, 5, 5)];
    let records = run(&model, jobs, "fifo+reclaim(checkpoint=1)");
    assert_eq!(starts(&records)[4], 7.0, "the last to start, of 3 and 1 GPUs, write their checkpoints until 7 s");
    assert_eq!(records.iter().map(|record| record.preemptions).collect::<Vec<_>>(), [0, 0, 1, 1, 0, 0]);
}

/// A cohort of one quota for each tenant, with so many GPUs of its own.
fn quotas(nominal: &[u64]) -> Column<QuotaId, Quota> {
    let empty = Quota {
        name: "cohort".into(),
        parent: None,
        matcher: Matcher::default(),
        has_matcher: false,
        gpus: Column::filled(1, None),
        gpu_hours: None,
        energy: None,
        queueing: Queueing::BestEffort,
        reclaim: Reclaim::Any,
        domestic: None,
    };
    let of_tenant = |(index, nominal): (usize, &u64)| Quota {
        name: format!("quota {index}"),
        parent: Some(QuotaId(0)),
        matcher: Matcher { groups: Some([TenantGroupId(index as u32)].into_iter().collect()), ..Matcher::default() },
        has_matcher: true,
        gpus: Column::filled(1, Some(GpuQuota { nominal: *nominal, borrowing_limit: None, lending_limit: None })),
        ..empty.clone()
    };
    std::iter::once(empty.clone()).chain(nominal.iter().enumerate().map(of_tenant)).collect()
}

/// A cap of a month's hours is used up on the first day of a month of thirty days: who waits for the next month gets it, thirty days after anything
/// has started last.
#[test]
fn who_waits_for_the_next_month_is_not_given_up() {
    let mut model = cluster(1, 1);
    model.calendar.start = jiff::civil::datetime(2025, 6, 1, 0, 0, 0, 0);
    model.quotas = quotas(&[1]);
    model.quotas[QuotaId(1)].gpu_hours = Some(HoursCap { at_most: 3_600_000_000, every: Period::Month, overrun: Overrun::Report });
    let records = run(&model, vec![job(0, 1, 3_600, 3_600), job(0, 1, 3_600, 3_600)], "fifo");
    assert_eq!(starts(&records), [0.0, 30.0 * 86_400.0]);
}

/// Every repair draws its own length.
#[test]
fn repairs_differ_in_length() {
    let mut model = cluster(1, 1);
    let process = Failure { mtbf: Some(NodeMtbf { time: Span::seconds(1_000), per_gpu: false }), repair: Law::exponential(100.0), ..scripted(&[]) };
    model.failures = [process].into_iter().collect();
    model.classes[ClassId(0)].on_failure = OnFailure::Keep;
    // Four jobs, long after one another: each ends as much later as its node was down.
    let down: Vec<f64> = run(&model, (0..8).map(|number| job(number * 50_000, 1, 1_500, 1_500)).collect(), "fifo")
        .iter()
        .filter(|record| record.failures == 1)
        .map(|record| record.end.since(record.submit).as_secs_f64() - 1_500.0)
        .collect();
    assert!(down.len() >= 2, "only {} jobs met one failure", down.len());
    assert!(down.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 1.0), "{down:?}");
}

/// The last instant of the time that a run is given to drain belongs to it.
#[test]
fn what_ends_as_the_time_to_drain_ends_has_ended() {
    let mut model = cluster(1, 1);
    model.drain.at_most = Some(Span::seconds(10));
    let fates = |work_s| run(&model, vec![job(0, 1, work_s, work_s)], "fifo")[0].fate;
    assert_eq!((fates(10), fates(11)), (Fate::Finished, Fate::Unfinished));
}
