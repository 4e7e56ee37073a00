//! Hand-worked schedules in which jobs give way to others by the order.

use super::super::testing::{class, cluster, ends, job, run, starts, tenant};
use crate::base::{Bytes, Span};
use crate::model::{Checkpoint, ClassId, JobSpec, Model, TenantId};
use crate::world::records::JobRecord;

/// So many nodes, and two classes whose checkpoints take 10 and 20 seconds to write.
fn slow_to_stop(nodes: u32, gpus_per_node: u32) -> Model {
    let mut model = cluster(nodes, gpus_per_node);
    let writes =
        |cost: u64| Checkpoint { every: Span::seconds(1_000_000), cost: Span::seconds(cost), restore: Span::ZERO, size_per_gpu: Bytes::ZERO };
    model.classes[ClassId(0)].checkpoint = Some(writes(10));
    model.classes.push(crate::model::Class { name: "slower".into(), checkpoint: Some(writes(20)), ..class() });
    model
}
fn slower(submit_s: u64, gpus: u32, work_s: u64) -> JobSpec {
    JobSpec { class: ClassId(1), ..job(submit_s, gpus, work_s, work_s) }
}
fn urgent(submit_s: u64, gpus: u32, work_s: u64) -> JobSpec {
    JobSpec { priority: 1, ..job(submit_s, gpus, work_s, work_s) }
}
fn preemptions(records: &[JobRecord]) -> Vec<u32> {
    records.iter().map(|record| record.preemptions).collect()
}

const BINDS: [&str; 2] = ["at-submit", "at-start"];
const BACKFILLS: [&str; 4] = ["", "+skip", "+easy", "+conservative"];

/// Two nodes of 4. A and B hold one each; at 1 s an urgent gang of 8 asks for both. A is gone at 11 s, B at 21 s: what A gives back is not for C,
/// which has waited since 2 s, nor for A itself, nor for D, which comes at 12 s.
#[test]
fn what_victims_free_is_for_the_job_that_they_give_way_to() {
    let jobs = || vec![job(0, 4, 100, 100), slower(0, 4, 100), urgent(1, 8, 50), job(2, 1, 3, 3), job(12, 1, 3, 3)];
    for bind in BINDS {
        for backfill in BACKFILLS {
            let records = run(&slow_to_stop(2, 4), jobs(), &format!("priority+{bind}+evict-lower{backfill}"));
            // The gang runs from 21 to 71 s. Then A and B have a node each, done 1 s of their 100 s; C and D wait for the first to end, 99 s later.
            assert_eq!(starts(&records), [71., 71., 21., 170., 170.], "{bind}{backfill}");
            assert_eq!(preemptions(&records), [1, 1, 0, 0, 0], "{bind}{backfill}");
        }
    }
}

/// Two nodes of 4, on each 2 GPUs of an urgent job. A gang of 4 that is as urgent needs a whole node: the two others hold 4 GPUs together, but if
/// they gave way these would still be scattered. Nobody gives way for nothing.
#[test]
fn nobody_gives_way_to_a_gang_that_would_not_fit() {
    let jobs = || {
        let held = [urgent(0, 2, 100), job(0, 2, 500, 500), urgent(1, 2, 200), job(1, 2, 500, 500)];
        [held.to_vec(), vec![urgent(2, 4, 50)]].concat()
    };
    for bind in BINDS {
        for backfill in BACKFILLS {
            let records = run(&slow_to_stop(2, 4), jobs(), &format!("priority+{bind}+evict-lower{backfill}"));
            // At 100 s the first urgent job has ended; the other half of its node gives way, and has written its checkpoint at 110 s. That job
            // goes on at 160 s, when the gang has ended.
            assert_eq!(starts(&records), [0., 160., 1., 1., 110.], "{bind}{backfill}");
            assert_eq!(preemptions(&records), [0, 1, 0, 0, 0], "{bind}{backfill}");
        }
    }
}

/// Of those that rank lower only as many give way as are needed: the lowest first, but none whose GPUs lie where they do not help.
#[test]
fn a_victim_that_does_not_help_is_spared() {
    // Two nodes of 4: the first is held by a job of 4, the second by two of 2, of which one came last. A gang of 4 needs a whole node.
    let jobs = vec![job(0, 2, 100, 100), job(0, 2, 100, 100), job(0, 4, 100, 100), urgent(1, 4, 10)];
    let records = run(&cluster(2, 4), jobs, "priority+evict-lower");
    assert_eq!((starts(&records), preemptions(&records)), (vec![0., 0., 11., 1.], vec![0, 0, 1, 0]));
    // The last of them is lowest, and lies on the node of an urgent job: it does not help, the whole node does.
    let jobs = vec![job(0, 4, 100, 100), urgent(0, 2, 100), job(0, 2, 100, 100), urgent(1, 4, 10)];
    let records = run(&cluster(2, 4), jobs, "priority+evict-lower");
    assert_eq!((starts(&records), preemptions(&records)), (vec![11., 0., 0., 1.], vec![1, 0, 0, 0]));
}

/// Under `fair-share` a start is charged by its estimate: the tenant that starts has at once "used" more than one that waits. Who runs gives way only
/// to a tenant that will have used less all the same.
#[test]
fn tenants_do_not_take_each_others_place_for_nothing() {
    let mut model = cluster(1, 1);
    model.tenants.push(tenant("b", 1));
    let of_b = |submit_s: u64, work_s: u64| JobSpec { tenant: TenantId(1), ..job(submit_s, 1, work_s, work_s) };
    for bind in BINDS {
        let policy = format!("fair-share+{bind}+evict-lower");
        // At 1 s the first tenant has used 1 s; the second would use 20 s.
        let records = run(&model, vec![job(0, 1, 10, 10), of_b(1, 20)], &policy);
        assert_eq!((starts(&records), preemptions(&records)), (vec![0., 10.], vec![0, 0]), "{bind}");
        // At 50 s the first has used 50 s: the second goes first, and the rest of 50 s follows.
        let records = run(&model, vec![job(0, 1, 100, 100), of_b(50, 20)], &policy);
        assert_eq!((starts(&records), preemptions(&records)), (vec![70., 50.], vec![1, 0]), "{bind}");
        // Only what is used counts in the end: the first job was to take 100 s and took 5 s, the second took 10 s.
        let jobs = vec![job(0, 1, 100, 5), of_b(0, 10), of_b(1, 10), job(2, 1, 10, 10)];
        assert_eq!(starts(&run(&model, jobs, &policy)), [0., 5., 25., 15.], "{bind}");
    }
}

/// Under `las` with a quantum of 10 s, two jobs of 30 s take turns: the first gives way at 10 s, the second when it is 10 s ahead of that, at 30 s.
/// Then the first has 20 s to go, and ends as its turn does; the second does its last 10 s.
#[test]
fn jobs_take_turns_by_the_quantum() {
    let quantum_h = 10.0 / 3600.0;
    for bind in BINDS {
        let records = run(&cluster(1, 1), vec![job(0, 1, 30, 30), job(0, 1, 30, 30)], &format!("las(quantum_h={quantum_h})+{bind}+evict-lower"));
        assert_eq!((starts(&records), ends(&records), preemptions(&records)), (vec![30., 50.], vec![50., 60.], vec![1, 1]), "{bind}");
    }
}
