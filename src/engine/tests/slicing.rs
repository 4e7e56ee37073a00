//! Time slicing and levels, on schedules worked out by hand.

use super::super::testing::{cluster, ends, job, run, starts};
use super::{quotas, scripted};
use crate::base::Span;
use crate::model::{ClassId, HoursCap, Overrun, Period, QuotaId};

/// One GPU, rounds of 10 s: of two jobs of 30 s, the one that has done less runs. The first runs to 10 s, the second to 30 s (at 20 s both have
/// done 10 s, and nobody gives way to an equal), the first from 30 s to its end at 50 s: at 40 s both have done 20 s again.
#[test]
fn rounds_give_the_hand_worked_schedule() {
    let (every, quantum) = (10.0 / 3600.0, 1e-6);
    for bind in ["at-submit", "at-start"] {
        let records = run(
            &cluster(1, 1),
            vec![job(0, 1, 30, 30), job(0, 1, 30, 30)],
            &format!("las(quantum_h={quantum})+{bind}+rounds(every_h={every})"),
        );
        assert_eq!((starts(&records), ends(&records)), (vec![30., 50.], vec![50., 60.]), "{bind}");
        assert_eq!(records.iter().map(|record| record.preemptions).collect::<Vec<_>>(), [1, 1], "{bind}");
        // Between rounds nobody gives way: a short job that comes at 2 s waits until 10 s, also behind a long one that does not fit.
        let jobs = vec![job(0, 1, 30, 30), job(1, 2, 100, 100), job(2, 1, 5, 5)];
        let records = run(&cluster(1, 2), jobs, &format!("srtf+{bind}+rounds(every_h={every})"));
        assert_eq!(starts(&records), [0., 30., 2.], "{bind}: there is room for the short one beside the first");
        let jobs = vec![job(0, 2, 30, 30), job(1, 2, 100, 100), job(2, 1, 5, 5)];
        let records = run(&cluster(1, 2), jobs, &format!("srtf+{bind}+rounds(every_h={every})"));
        assert_eq!((starts(&records), ends(&records)), (vec![15., 35., 10.], vec![35., 135., 15.]), "{bind}");
    }
}

/// One GPU, rounds of 10 s, a long job from 3 s on. Rounds are at multiples of 10 s, whether or not somebody waited at the last one: a short job
/// that comes at 17 s waits until 20 s, one that comes at 20 s does not wait.
#[test]
fn rounds_keep_to_the_clock() {
    let every = 10.0 / 3600.0;
    for bind in ["at-submit", "at-start"] {
        for submit in [17, 20] {
            let jobs = vec![job(3, 1, 100, 100), job(submit, 1, 5, 5)];
            let records = run(&cluster(1, 1), jobs, &format!("srtf+{bind}+rounds(every_h={every})"));
            assert_eq!(ends(&records), [108., 25.], "{bind}: comes at {submit} s");
        }
        // It makes no difference that rounds were asked for earlier, or not at all.
        let jobs = vec![job(0, 1, 0, 0), job(3, 1, 100, 100), job(30, 1, 5, 5)];
        let records = run(&cluster(1, 1), jobs, &format!("srtf+{bind}+rounds(every_h={every})"));
        assert_eq!(ends(&records), [0., 108., 35.], "{bind}");
    }
}

/// A cap of 14,280 GPU-seconds a day. A job that runs from 20:00 to 20:57 uses 3,420 of them. One of five hours comes at 20:58: it would commit the
/// 10,920 s that are left of the day, 60 s too many. At 21:00 there is a round, as the first still ran at the last one, at 20:54: 10,800 s.
#[test]
fn the_clock_goes_on_where_nobody_waits_and_a_cap_opens() {
    let mut model = cluster(1, 1);
    model.quotas = quotas(&[1]);
    model.quotas[QuotaId(1)].gpu_hours = Some(HoursCap { at_most: 14_280_000_000, every: Period::Day, overrun: Overrun::Report });
    for bind in ["at-submit", "at-start"] {
        let jobs = vec![job(72_000, 1, 3_420, 3_420), job(75_480, 1, 18_000, 18_000)];
        assert_eq!(starts(&run(&model, jobs, &format!("fifo+{bind}+rounds"))), [72_000., 75_600.], "{bind}");
    }
}

/// Two nodes of two GPUs; pools are divided anew at arrivals and ends. A job of two GPUs fills the first node, two of one GPU the second, of which
/// one ends at 5 s, when nobody waits. At 8 s the first node fails for 10 s: nothing has arrived or ended, so that its job waits for the repair at
/// 18 s, though the long one ranks lower and held one of the GPUs that it could have had.
#[test]
fn an_end_for_which_nobody_waited_makes_no_round_later() {
    let mut model = cluster(2, 2);
    model.failures.push(scripted(&[(8, 10)]));
    for bind in ["at-submit", "at-start"] {
        let jobs = vec![job(0, 2, 20, 20), job(1, 1, 4, 4), job(1, 1, 100, 100)];
        let records = run(&model, jobs, &format!("srtf+{bind}+rounds(every_h=0)"));
        assert_eq!((starts(&records), records[2].preemptions), (vec![18., 1., 1.], 0), "{bind}");
    }
}

/// Three GPUs, rounds of 10 s, the first level ends at 10 GPU-seconds. A, of one GPU, leaves it at 10 s, B, of two, which comes at 1 s, at 6 s, when
/// nobody waits yet. C comes at 12 s, of one GPU. At 20 s the last who came down makes room: A, though it is only at 12 s that somebody looks.
#[test]
fn levels_go_by_when_they_were_left_not_by_when_somebody_looked() {
    for bind in ["at-submit", "at-start"] {
        let levels = format!("tiresias(first_gpu_h={},second_gpu_h=1)", 10.0 / 3600.0);
        let jobs = vec![job(0, 1, 100, 100), job(1, 2, 100, 100), job(12, 1, 5, 5)];
        let records = run(&cluster(1, 3), jobs, &format!("{levels}+{bind}+skip+rounds(every_h={})", 10.0 / 3600.0));
        assert_eq!(records.iter().map(|record| record.preemptions).collect::<Vec<_>>(), [1, 0, 0], "{bind}");
        assert_eq!((starts(&records), ends(&records)), (vec![25., 1., 20.], vec![105., 101., 25.]), "{bind}");
    }
}

/// One GPU, all stop at every arrival and end, and a preempted attempt loses 2 s. A job of 30 s has done 8 s at 10 s, when one of 5 s comes, which
/// ends at 15 s as nothing interrupts it; at 20 s one of 50 s comes: the first, which goes on, has done 3 s more, and 19 s are left. It ends at 39
/// s.
#[test]
fn who_stops_for_everybody_loses_what_a_stop_costs() {
    let mut model = cluster(1, 1);
    model.classes[ClassId(0)].lost_when_preempted = vec![(0, Span::seconds(2))];
    for bind in ["at-submit", "at-start"] {
        let jobs = vec![job(0, 1, 30, 30), job(10, 1, 5, 5), job(20, 1, 50, 50)];
        let records = run(&model, jobs, &format!("srtf+{bind}+skip+rounds(every_h=0,who=all)"));
        assert_eq!(ends(&records), [39., 15., 89.], "{bind}");
        let time = records[0].gpu_time;
        assert_eq!((records[0].preemptions, time.kept, time.lost), (2, 30_000_000, 4_000_000), "{bind}");
    }
}

/// By size of gang, from so many GPUs on.
#[test]
fn what_a_stop_costs_goes_by_the_size_of_the_gang() {
    let mut model = cluster(1, 8);
    model.classes[ClassId(0)].lost_when_preempted = vec![(2, Span::seconds(1)), (8, Span::seconds(3))];
    for (gpus, end) in [(1, 20.), (2, 31.), (7, 31.), (8, 33.)] {
        // Where nothing is lost, what is left of the first is as short as the second, and it goes on; else the second goes first.
        let records = run(&model, vec![job(0, gpus, 20, 20), job(10, 8, 10, 10)], "srtf+rounds(every_h=0,who=all)");
        assert_eq!(ends(&records)[0], end, "{gpus} GPUs");
    }
}

/// One GPU, levels end at 10 and 30 GPU-seconds. A, of 40 s, goes down at 10 s, where B, that came at 5 s, has waited; it takes the GPU. B goes
/// down at 20 s, behind A, which runs until it has held 30 s, at 40 s; B runs to its end at 50 s, having held 20 s. A does its last 10 s on the
/// last level.
#[test]
fn levels_give_the_hand_worked_schedule() {
    let policy = |bind: &str, preempt: &str| format!("tiresias(first_gpu_h={},second_gpu_h={})+{bind}+skip+{preempt}", 10.0 / 3600.0, 30.0 / 3600.0);
    for bind in ["at-submit", "at-start"] {
        for preempt in ["evict-lower", "rounds(every_h=0)", "rounds(every_h=0,who=all)"] {
            let records = run(&cluster(1, 1), vec![job(0, 1, 40, 40), job(5, 1, 20, 20)], &policy(bind, preempt));
            assert_eq!((starts(&records)[1], ends(&records)), (40., vec![60., 50.]), "{bind} {preempt}");
        }
    }
}
