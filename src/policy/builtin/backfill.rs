//! Who may pass a blocked head.

use super::order::QueuePlace;
use crate::model::{JobId, PolicyPart, PoolId};
use crate::policy::{PartInfo, PartKind, Plan, View};
use crate::world::{Allocation, Candidate, Refusal, Reservation};

pub(super) static SKIP: PartInfo = PartInfo {
    name: "skip",
    kind: PartKind::Backfill,
    summary: "any job that fits passes a blocked head",
    parameters: &[],
    citation: "Feitelson, Rudolph 1995, \"Parallel job scheduling: issues and approaches\"",
    notes: "walks the queue at every end; large gangs may starve",
    tested: &["it::chaos::builtin::no_world_breaks_under_a_built_in_policy"],
    oracle: false,
};

pub(super) static EASY: PartInfo = PartInfo {
    name: "easy",
    kind: PartKind::Backfill,
    summary: "a job passes if the head's reservation stands: it ends before, or takes only GPUs that are spare then",
    parameters: &[],
    citation: "Lifka 1995, \"The ANL/IBM SP scheduling system\"; Mu'alem, Feitelson 2001",
    notes: "walks the queue at every end; one reservation a pool (at-start: one in all); trusts estimates",
    tested: &["engine::tests::backfilling_gives_the_hand_worked_schedule", "it::published::nasa_is_exact"],
    oracle: false,
};

/// A backfill rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Backfill {
    /// Nobody passes.
    Never,
    Skip,
    Easy,
    /// EASY, candidates in order of estimate.
    EasyShortest,
    /// Everybody reserves.
    Conservative,
}

/// A head that waits for room.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockedHead {
    pub(super) job: JobId,
    /// Its place in the order.
    pub(super) place: QueuePlace,
    /// Its reservation under EASY; none if it can never start by what is expected now.
    pub(super) reservation: Option<Reservation>,
    /// The pool that victims clear for it: nobody passes it there.
    pub(super) clearing: Option<PoolId>,
}

impl Backfill {
    pub(super) fn new(part: &PolicyPart) -> Self {
        match part.name.as_str() {
            "skip" => Self::Skip,
            "easy" => Self::Easy,
            "easy-sjbf" => Self::EasyShortest,
            "conservative" => Self::Conservative,
            other => unreachable!("the registry knows no backfilling `{other}`"),
        }
    }
    /// Tells whether the head has the one reservation.
    pub(super) fn is_easy(self) -> bool {
        matches!(self, Self::Easy | Self::EasyShortest)
    }
    /// Reserves for a head that is blocked in one pool.
    pub(super) fn reserve(self, plan: &Plan<'_>, view: View<'_>, job: JobId, place: QueuePlace, pool: PoolId) -> BlockedHead {
        let gpus = view.job(job).gpus;
        let reservation = if self.is_easy() { plan.earliest_fit(pool, gpus) } else { None };
        BlockedHead { job, place, reservation, clearing: None }
    }
    /// Returns what a job in the head's pool must keep to so that it may pass: the GPUs that are spare at the shadow time, and the time until
    /// then. Where nodes are packed, spare GPUs are not known without trying: every job that fits is tried.
    pub(super) fn limits(self, view: View<'_>, head: &BlockedHead) -> (u64, u64) {
        match head.reservation.filter(|_| self.is_easy()) {
            Some(Reservation { at, spare: Some(spare), .. }) => (spare, at.saturating_since(view.now()).0),
            _ => (u64::MAX, u64::MAX),
        }
    }
    /// Starts a job in a candidate's pool past the blocked head, with the GPUs that are asked for, if the rule allows it.
    pub(super) fn pass(
        self,
        view: View<'_>,
        plan: &mut Plan<'_>,
        head: &mut BlockedHead,
        job: JobId,
        candidate: &Candidate,
        share: Allocation,
    ) -> Result<(), Held> {
        let gpus = view.job(job).gpus;
        if self == Self::Never || head.clearing == Some(candidate.pool) || !plan.fits(candidate.pool, gpus) {
            return Err(Held::Room);
        }
        let share = [share];
        let Some(reservation) = head.reservation.filter(|reservation| self.is_easy() && reservation.pool == candidate.pool) else {
            return plan.place(job, &share).map_err(Held::by);
        };
        let (staging, run) = view.expected_time(job, candidate);
        let ends_before = view.now() + staging + run <= reservation.at;
        if ends_before {
            return plan.place(job, &share).map_err(Held::by);
        }
        if let Some(spare) = reservation.spare {
            if u64::from(gpus) > spare {
                return Err(Held::Room);
            }
            plan.place(job, &share).map_err(Held::by)?;
            head.reservation = Some(Reservation { spare: Some(spare - u64::from(gpus)), ..reservation });
            return Ok(());
        }
        // Nodes are packed: whether the head still fits then is only known by trying.
        let mark = plan.mark();
        plan.place(job, &share).map_err(Held::by)?;
        let head_gpus = view.job(head.job).gpus;
        if plan.earliest_fit(reservation.pool, head_gpus).is_some_and(|moved| moved.at <= reservation.at) {
            return Ok(());
        }
        plan.rollback(mark);
        Err(Held::Room)
    }
}

/// Why a job did not start.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Held {
    /// There is no room (that it may take).
    Room,
    /// A rule refuses it now.
    Rule(Refusal),
}

impl Held {
    pub(super) fn by(refusal: Refusal) -> Self {
        if refusal.is_rule() { Self::Rule(refusal) } else { Self::Room }
    }
}
