//! What policies expect of jobs, on schedules worked out by hand.

use super::super::testing::{cluster, job, run, starts, tenant};
use crate::base::{Span, Time};
use crate::model::{ClassId, JobSpec, Model, TenantId};

/// One GPU and three tenants.
fn three_tenants() -> Model {
    let mut model = cluster(1, 1);
    model.tenants.push(tenant("b", 1));
    model.tenants.push(tenant("c", 2));
    model
}
/// Makes a job of a tenant that takes so many seconds, and is estimated to take others.
fn of(tenant: u32, submit_s: u64, estimate_s: u64, work_s: u64) -> JobSpec {
    JobSpec { tenant: TenantId(tenant), ..job(submit_s, 1, estimate_s, work_s) }
}

/// A job of the first tenant takes 10 s, one of the second 40 s, one of the third the GPU from 50 to 100 s. X of the first and Y of the second wait
/// then: X takes 10 s and is thought by its user to take 1000 s, Y takes 40 s rather than 20 s.
#[test]
fn predictions_give_the_hand_worked_schedule() {
    let jobs = || {
        let before = [of(0, 0, 10, 10), of(1, 10, 40, 40), of(2, 50, 50, 50)];
        [before.to_vec(), vec![of(0, 60, 1_000, 10), of(1, 61, 20, 40)]].concat()
    };
    for bind in ["at-submit", "at-start"] {
        let x_and_y = |predict: &str| starts(&run(&three_tenants(), jobs(), &format!("srtf+{bind}{predict}"))).split_off(3);
        assert_eq!(x_and_y(""), [140., 100.], "{bind}: by their users, Y goes first");
        assert_eq!(x_and_y("+user-estimate"), [140., 100.], "{bind}");
        // The first tenant's job took 10 s, the second's 40 s.
        assert_eq!(x_and_y("+history"), [100., 110.], "{bind}");
        assert_eq!(x_and_y("+oracle"), [100., 110.], "{bind}");
        // 10 s × at most 1.9 is less than 40 s ÷ at most 1.9.
        assert_eq!(x_and_y("+noisy(error=0.9)"), [100., 110.], "{bind}");
    }
}

/// Reservations go by what is expected: the first job is to take 10 s by its user and takes 100 s. With the truth, the second, of both GPUs, has its
/// reservation at 100 s, and the third, of 50 s, may pass; by estimates it would outlast the 10 s.
#[test]
fn reservations_go_by_predictions() {
    let jobs = || vec![job(0, 1, 10, 100), job(1, 2, 10, 10), job(2, 1, 50, 50)];
    assert_eq!(starts(&run(&cluster(1, 2), jobs(), "fifo+easy")), [0., 100., 110.]);
    assert_eq!(starts(&run(&cluster(1, 2), jobs(), "fifo+easy+oracle")), [0., 100., 2.]);
}

/// What a user has asked for binds, whatever is expected.
#[test]
fn jobs_are_ended_at_their_users_estimate() {
    let mut model = cluster(1, 1);
    let records = run(&model, vec![job(0, 1, 5, 10)], "fifo+oracle");
    assert_eq!((records[0].end, records[0].outlived_estimate), (Time(10_000_000), true));
    model.classes[ClassId(0)].kill_at_estimate = true;
    let records = run(&model, vec![job(0, 1, 5, 10)], "fifo+oracle");
    assert_eq!((records[0].end, records[0].run), (Time(5_000_000), Span::seconds(5)));
}
