//! Metamorphic relations of time and of order: scaled, shifted, cut and reordered worlds. The numbers are those of the verification catalogue.

use super::builtin::build;
use super::drive::{self, Outcome};
use super::world::{World, add_site, plain};
use super::{for_worlds, survives};
use edwc::base::{Bytes, Span, Time};
use edwc::model::{Checkpoint, ClassId, Drain, Failure, IdSet, Law, OnFailure, Outage, PolicyChoice, PoolId};
use edwc::policy::registry;
use edwc::world::records::{Fate, JobRecord};
use proptest::prelude::*;

fn run(world: &World, policy: &str) -> Option<Outcome> {
    let choice = PolicyChoice { parts: registry::parse(policy).expect("a policy"), ..PolicyChoice::default() };
    survives(drive::plain(world, build(&choice, world).as_mut()))
}

const POLICIES: [&str; 6] = [
    "fifo+at-submit+least-loaded",
    "fifo+at-submit+first-fit+easy",
    "fifo+at-start+best-fit+easy",
    "fifo+at-submit+first-fit+conservative",
    "sjf+at-start+first-fit+skip",
    "smallest+at-submit+random+easy",
];

/// Jobs on two sites: submission, GPUs, work, estimate.
fn worlds_of_two_sites() -> impl Strategy<Value = World> {
    prop::collection::vec((0_u64..200, 1_u32..9, 1_u64..60, 1_u64..90), 1..40).prop_map(|mut jobs| {
        jobs.sort_unstable();
        let mut world = plain(8, 1, &jobs.iter().map(|(submit, gpus, work, _)| (*submit, *gpus, *work)).collect::<Vec<_>>());
        add_site(&mut world.model, 2, 4);
        for (spec, (.., estimate)) in world.jobs.iter_mut().zip(jobs) {
            spec.estimate = Span::seconds(estimate);
        }
        world
    })
}

fn times(outcome: &Outcome) -> Vec<(Option<Time>, Time, Option<PoolId>)> {
    outcome.records.iter().map(|record| (record.start, record.end, record.pool)).collect()
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// M1, M2: time has no unit and no origin.
#[test]
fn scaled_and_shifted_jobs_are_scaled_and_shifted() {
    let factors = prop::sample::select(vec![2_u64, 60, 1 << 10]);
    proptest!(config(150), |(world in worlds_of_two_sites(), factor in factors, shift in 1_u64..5_000)| {
        for policy in POLICIES {
            let mut changed = world.clone();
            for job in &mut changed.jobs {
                job.submit = Time((job.submit.0 + shift) * factor);
                (job.work, job.estimate) = (Span(job.work.0 * factor), Span(job.estimate.0 * factor));
            }
            let (before, after) = (run(&world, policy).expect("no money"), run(&changed, policy).expect("no money"));
            let moved = |time: Time| Time((time.0 + shift) * factor);
            let expected: Vec<_> = times(&before).into_iter().map(|(start, end, pool)| (start.map(moved), moved(end), pool)).collect();
            prop_assert_eq!(expected, times(&after), "{}", policy);
        }
    });
}

/// M33: where all gangs are alike, nobody fits if the head does not.
#[test]
fn equal_gangs_are_served_as_they_come() {
    proptest!(config(200), |(mut world in worlds_of_two_sites(), gpus in 1_u32..5)| {
        for job in &mut world.jobs {
            job.gpus = edwc::base::Gpus(gpus);
        }
        let outcomes = ["", "+easy", "+easy-sjbf"].map(|backfill| run(&world, &format!("fifo+at-submit+least-loaded{backfill}")).expect("no money"));
        prop_assert_eq!(times(&outcomes[0]), times(&outcomes[1]));
        prop_assert_eq!(times(&outcomes[0]), times(&outcomes[2]));
    });
}

/// M11: what is cut off the end of a trace changes nothing that was over by then.
#[test]
fn a_shorter_trace_ends_as_the_longer_began() {
    for_worlds(3_011, 200, |mut world| {
        world.model.horizon = Some(Span::days(30));
        world.model.warmup = Span::ZERO;
        world.model.drain = Drain { until_idle: true, at_most: Some(Span::days(10)) };
        let cut = world.jobs.get(world.jobs.len() / 2).map_or(Time::ZERO, |job| job.submit);
        let mut shorter = world.clone();
        shorter.jobs.retain(|job| job.submit < cut);
        let policy = POLICIES[(world.seed % POLICIES.len() as u64) as usize];
        if let (Some(whole), Some(part)) = (run(&world, policy), run(&shorter, policy)) {
            let over = |record: &&JobRecord| record.end < cut && record.fate != Fate::Unfinished;
            let expected: Vec<_> = whole.records.iter().filter(over).collect();
            prop_assert_eq!(expected, part.records.iter().filter(over).collect::<Vec<_>>(), "{}", policy);
        }
        Ok(())
    });
}

/// M12: those who give way at once and for nothing are not there for the others.
#[test]
fn jobs_of_the_lowest_priority_change_nothing_for_the_others() {
    let jobs = prop::collection::vec((0_u64..200, 1_u32..7, 1_u64..60, 0_i32..3), 1..40);
    proptest!(config(200), |(mut jobs in jobs)| {
        jobs.sort_unstable();
        let mut world = plain(6, 1, &jobs.iter().map(|(submit, gpus, work, _)| (*submit, *gpus, *work)).collect::<Vec<_>>());
        for (spec, (.., priority)) in world.jobs.iter_mut().zip(&jobs) {
            (spec.priority, spec.source_id) = (*priority, u64::from(*priority > 0));
        }
        let mut without = world.clone();
        without.jobs.retain(|job| job.priority > 0);
        let policy = "priority+at-submit+first-fit+evict-lower(checkpoint=1)";
        let (all, some) = (run(&world, policy).expect("no money"), run(&without, policy).expect("no money"));
        let is = |record: &&JobRecord| record.source_id == 1;
        let seen = |record: &JobRecord| (record.submit, record.first_start, record.end, record.starts);
        let expected: Vec<_> = some.records.iter().map(seen).collect();
        prop_assert_eq!(expected, all.records.iter().filter(is).map(seen).collect::<Vec<_>>());
    });
}

/// M20: failures that cost a tick, of jobs that are saved at every moment, cost next to nothing.
#[test]
fn checkpoints_at_every_moment_make_failures_free() {
    proptest!(config(100), |(work in 1_000_u64..5_000, failures in prop::collection::btree_set(1_u64..4_000, 1..20))| {
        let mut world = plain(1, 1, &[(0, 1, work)]);
        let every = Span(1_000);
        let checkpoint = Checkpoint { every, cost: Span::ZERO, restore: Span::ZERO, size_per_gpu: Bytes::ZERO };
        let class = &mut world.model.classes[ClassId(0)];
        (class.checkpoint, class.on_failure) = (Some(checkpoint), OnFailure::Resume);
        let outage = |at: &u64| Outage { pool: PoolId(0), node: 0, at: Time(at * 1_000_000 + 137), lasts: Span(1) };
        let outages: Vec<Outage> = failures.iter().map(outage).collect();
        let count = outages.len() as u64;
        world.model.failures.push(Failure {
            name: "script".into(),
            pools: IdSet::all(1),
            mtbf: None,
            while_busy: false,
            crews: 0,
            repair: Law::fixed(1.0),
            outages,
        });
        let end = run(&world, "fifo+at-submit+first-fit").expect("no money").records[0].end;
        let late = end.since(Time(work * 1_000_000));
        prop_assert!(late <= Span(count * (every.0 + 1)), "{:?} after {} failures", late, count);
    });
}

/// I12, I13: first come first served starts in order, pool by pool; under conservative backfilling with estimates that are upper bounds, nobody
/// starts later than promised.
#[test]
fn order_and_promises_are_kept() {
    proptest!(config(200), |(mut world in worlds_of_two_sites())| {
        for job in &mut world.jobs {
            job.estimate = job.estimate.max(job.work);
        }
        let fifo = run(&world, "fifo+at-submit+least-loaded").expect("no money");
        for pool in fifo.ending.totals.pools.ids() {
            let starts: Vec<_> = fifo.records.iter().filter(|record| record.pool == Some(pool)).map(|record| record.start).collect();
            prop_assert!(starts.is_sorted(), "{:?}", starts);
        }
        let promising = run(&world, "fifo+at-submit+first-fit+conservative").expect("no money");
        for record in &promising.records {
            // Where nodes are packed, GPUs are promised and not nodes.
            let packed = record.pool != Some(PoolId(0));
            prop_assert!(packed || record.start <= record.promised_start, "{:?}", record);
        }
    });
}
