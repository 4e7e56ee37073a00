//! A policy that breaks the protocol on purpose: the run ends with the error of a policy, and never with a panic.

use super::world::plain;
use super::{drive, for_worlds};
use edwc::base::Time;
use edwc::engine::RunError;
use edwc::model::{JobId, PoolId, SiteId};
use edwc::policy::{Plan, PolicyError, Scheduler, View};
use edwc::world::{Allocation, Preempt, Refusal};

/// The ways to break the protocol.
const WAYS: u64 = 20;

/// Starts what fits, until it can break the protocol in its own way.
struct Breaker {
    way: u64,
    broke: bool,
}

impl Scheduler for Breaker {
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        let queued: Vec<JobId> = view.jobs().queued().collect();
        let running = view.jobs().running().next();
        if let Some(result) = queued.first().and_then(|job| break_with(self.way, view, plan, *job, running)) {
            assert!(matches!(result, Err(Refusal::Protocol(_))), "way {} is no way to break the protocol: {result:?}", self.way);
            self.broke = true;
            return Ok(());
        }
        for job in queued {
            for candidate in view.candidates(job) {
                if plan.place(job, &[Allocation::new(candidate.pool, view.job(job).gpus)]).is_ok() {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Breaks the protocol; `None` if there is nothing to break it with yet.
fn break_with(way: u64, view: View<'_>, plan: &mut Plan<'_>, job: JobId, running: Option<JobId>) -> Option<Result<(), Refusal>> {
    let (nobody, nowhere) = (JobId(u32::MAX), PoolId(u32::MAX));
    let gang = view.job(job).gpus;
    let past = Time(view.now().0.checked_sub(1)?);
    let whole = |pool: PoolId| [Allocation::new(pool, gang)];
    // Of an elastic job, another size is a wish that is denied.
    let has_one_size = |job: JobId| view.job(job).elastic.is_none().then_some(job);
    Some(match way {
        0 => plan.place(nobody, &whole(PoolId(0))),
        1 => plan.place(job, &whole(nowhere)),
        2 => plan.place(has_one_size(job)?, &[]),
        3 => plan.place(job, &[Allocation::new(PoolId(0), 0), Allocation::new(PoolId(0), gang)]),
        4 => plan.place(has_one_size(job)?, &[Allocation::new(PoolId(0), gang), Allocation::new(PoolId(0), u32::MAX)]),
        5 => plan.place(job, &[Allocation { pool: PoolId(0), gpus: gang, node: Some(u32::MAX) }]),
        6 => plan.place(running?, &whole(PoolId(0))),
        7 => plan.preempt(job, Preempt::Discard),
        8 => plan.preempt(nobody, Preempt::Checkpoint),
        9 => {
            plan.preempt(running?, Preempt::Discard).ok()?;
            plan.preempt(running?, Preempt::Discard)
        }
        10 => plan.defer(job, past),
        11 => plan.wake_at(past),
        12 => {
            plan.reject(job).ok()?;
            plan.place(job, &whole(PoolId(0)))
        }
        13 => plan.prefetch(job, SiteId(u32::MAX)),
        14 => plan.bind(job, nowhere),
        15 => plan.reject(nobody),
        16 => plan.migrate(job, &whole(PoolId(0))),
        17 => plan.migrate(nobody, &whole(PoolId(0))),
        18 => plan.migrate(has_one_size(running?)?, &[Allocation::new(PoolId(0), u32::MAX)]),
        _ => {
            let running = running?;
            plan.preempt(running, Preempt::Discard).ok()?;
            plan.migrate(running, &[Allocation::new(nowhere, view.job(running).gpus)])
        }
    })
}

#[test]
fn a_broken_protocol_ends_the_run_with_an_error() {
    for way in 0..WAYS {
        for_worlds(2_000 + way, 8, |world| {
            let mut policy = Breaker { way, broke: false };
            match drive::plain(&world, &mut policy) {
                Err(RunError::Policy { error, .. }) => assert!(policy.broke && error.0.contains("protocol"), "{error}"),
                Err(RunError::Source(error)) => panic!("{error}"),
                Ok(_) | Err(RunError::Money(_)) => assert!(!policy.broke, "way {way} was let pass"),
            }
            Ok(())
        });
    }
}

/// Every way can be taken at all.
#[test]
fn every_way_to_break_the_protocol_ends_a_plain_run() {
    for way in 0..WAYS {
        let world = plain(1, 2, &[(1, 1, 10), (2, 2, 10)]);
        let result = drive::plain(&world, &mut Breaker { way, broke: false });
        assert!(matches!(result, Err(RunError::Policy { .. })), "way {way}");
    }
}
