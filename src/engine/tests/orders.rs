//! Orders, each on a schedule worked out by hand.

use super::super::testing::{cluster, job, run, starts};
use crate::base::Time;
use crate::model::JobSpec;

/// Runs jobs on 8 GPUs, all of which a first job holds until 100 s; no two of the others fit beside each other, so that they start one by one in
/// their order. Returns when these start.
fn in_order(order: &str, jobs: &[JobSpec]) -> Vec<f64> {
    let all: Vec<JobSpec> = std::iter::once(job(0, 8, 100, 100)).chain(jobs.iter().cloned()).collect();
    for policy in ["at-submit+easy", "at-start", "at-start+easy", "at-start+skip"].map(|parts| format!("{order}+{parts}")) {
        assert_eq!(starts(&run(&cluster(1, 8), all.clone(), &policy)), starts(&run(&cluster(1, 8), all.clone(), order)), "{policy}");
    }
    starts(&run(&cluster(1, 8), all, order)).split_off(1)
}

/// Four jobs wait at 100 s.
///
/// | job | GPUs | s | GPUs × s |
/// |---|---|---|---|
/// | A | 5 | 40 | 200 |
/// | B | 8 | 26 | 208 |
/// | C | 6 | 30 | 180 |
/// | D | 7 | 10 | 70 |
#[test]
fn orders_of_length_and_area_give_the_hand_worked_schedule() {
    let jobs = [job(1, 5, 40, 40), job(2, 8, 26, 26), job(3, 6, 30, 30), job(4, 7, 10, 10)];
    // A 40, C 30, B 26, D 10.
    assert_eq!(in_order("ljf", &jobs), [100., 170., 140., 196.]);
    // D 70, C 180, A 200, B 208.
    assert_eq!(in_order("smallest-area", &jobs), [140., 180., 110., 100.]);
    assert_eq!(in_order("srsf", &jobs), [140., 180., 110., 100.]);
    // D 10, B 26, C 30, A 40.
    assert_eq!(in_order("srtf", &jobs), [166., 110., 136., 100.]);
}

/// What remains decides, not what there was: at 50 s a job has 50 of its 100 s to go, and one of 60 s does not take its place, but one of 40 s does.
#[test]
fn what_remains_decides_who_gives_way() {
    for order in ["srtf", "srsf"] {
        let policy = format!("{order}+evict-lower");
        assert_eq!(starts(&run(&cluster(1, 1), vec![job(0, 1, 100, 100), job(50, 1, 60, 60)], &policy)), [0., 100.], "{order}");
        // The first goes on at 90 s, with 50 s to go.
        assert_eq!(starts(&run(&cluster(1, 1), vec![job(0, 1, 100, 100), job(50, 1, 40, 40)], &policy)), [90., 50.], "{order}");
    }
}

#[test]
fn the_earliest_deadline_goes_first() {
    let due = |at: u64, job: JobSpec| JobSpec { deadline: Some(Time(at * 1_000_000)), ..job };
    let jobs = [due(500, job(1, 5, 40, 40)), due(300, job(2, 8, 26, 26)), job(3, 6, 30, 30), due(400, job(4, 7, 10, 10))];
    // B by 300, D by 400, A by 500, C whenever.
    assert_eq!(in_order("deadline", &jobs), [136., 100., 176., 126.]);
}

/// Three jobs wait at 100 s: P of 8 GPUs × 40 s since 1 s, Q of 5 × 35 s since 90 s, R of 6 × 20 s since 55 s.
///
/// | at | formula | P | Q | R |
/// |---|---|---|---|---|
/// | 100 s | (w/r)³ n | (99/40)³ 8 = 121.3 | (10/35)³ 5 = 0.1 | (45/20)³ 6 = 68.3 |
/// | 140 s | | | (50/35)³ 5 = 14.6 | (85/20)³ 6 = 460.6 |
/// | 100 s | w / (log₂n r) | 99/(3 × 40) = 0.825 | 10/(2.32 × 35) = 0.123 | 45/(2.58 × 20) = 0.870 |
/// | 120 s | | 119/120 = 0.992 | 30/81.3 = 0.369 | |
#[test]
fn formulas_of_waiting_give_the_hand_worked_schedule() {
    let jobs = [job(1, 8, 40, 40), job(55, 6, 20, 20), job(90, 5, 35, 35)];
    assert_eq!(in_order("wfp3", &jobs), [100., 140., 160.], "P, R, Q");
    assert_eq!(in_order("unicep", &jobs), [120., 100., 160.], "R, P, Q");
    // F1: 2 × 8 + 870 log 55 = 1530.1 for the first, 0.3 × 5 + 870 log 56 = 1522.4 for the second, though it came later.
    assert_eq!(in_order("f1", &[job(55, 8, 100, 100), job(56, 5, 2, 2)]), [102., 100.]);
}
