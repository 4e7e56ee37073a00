//! Conservative backfilling: every job has a reservation, and nobody may delay one.

use super::order::{QueuePlace, Waiting};
use crate::base::{Span, Time};
use crate::model::{JobId, PoolId};
use crate::policy::{PartInfo, PartKind, Plan, View};

pub(super) static CONSERVATIVE: PartInfo = PartInfo {
    name: "conservative",
    kind: PartKind::Backfill,
    summary: "every job gets a reservation when it is queued, which moves only to an earlier time: when something ends, in order",
    parameters: &[],
    citation: "Mu'alem, Feitelson 2001, \"Utilization, predictability, workloads, and user runtime estimates in scheduling the IBM SP2\"",
    notes: "quadratic in the queue at every end; needs binding at submission; counts GPUs, so that packing may delay a start",
    oracle: false,
};

/// How soon a job past its estimate is expected to end: at any moment, but it holds its GPUs still.
const OVERDUE: Span = Span(1);

/// The reservations of one pool, in the order of its queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Reservations {
    reserved: Vec<Reserved>,
    /// When the policy is to look again.
    next_look: Time,
}

/// A reservation.
#[derive(Clone, Copy, Debug)]
struct Reserved {
    place: QueuePlace,
    job: JobId,
    gpus: u32,
    run_us: u64,
    /// When it starts by it; [`Time::NEVER`] where a rule holds the job back, which then delays nobody.
    at: Time,
}

impl Reservations {
    /// Brings the reservations up to date with the queue; if something was freed, each moves to the earliest time that the others leave.
    pub(super) fn follow(&mut self, view: View<'_>, plan: &mut Plan<'_>, pool: PoolId, queue: impl Iterator<Item = Waiting>, freed: bool) {
        let mut before = std::mem::take(&mut self.reserved);
        before.sort_unstable_by_key(|reserved| reserved.job);
        self.reserved.extend(queue.map(|waiting| {
            let known = before.binary_search_by_key(&waiting.job, |reserved| reserved.job).ok().map(|at| before[at]);
            let at = known.filter(|known| known.place == waiting.place).map_or(Time::NEVER, |known| known.at);
            Reserved { place: waiting.place, job: waiting.job, gpus: waiting.gpus, run_us: waiting.run_us, at }
        }));
        let mut profile = Profile::new(view, plan, pool);
        for reserved in self.reserved.iter().filter(|reserved| reserved.at < Time::NEVER) {
            profile.change(reserved.at.max(view.now()).0, reserved.run_us, -i64::from(reserved.gpus));
        }
        for reserved in &mut self.reserved {
            let has_one = reserved.at < Time::NEVER;
            if has_one && !freed {
                continue;
            }
            if has_one {
                profile.change(reserved.at.max(view.now()).0, reserved.run_us, i64::from(reserved.gpus));
            }
            reserved.at = profile.earliest(view.now().0, reserved.gpus, reserved.run_us);
            if reserved.at < Time::NEVER {
                profile.change(reserved.at.0, reserved.run_us, -i64::from(reserved.gpus));
                // Only the first promise is kept on record.
                let _ = plan.promise(reserved.job, reserved.at);
            }
        }
    }
    /// Returns the next job in order after a place whose time has come.
    pub(super) fn due(&self, now: Time, after: Option<QueuePlace>) -> Option<(QueuePlace, JobId)> {
        let later = self.reserved.iter().filter(|reserved| after.is_none_or(|after| reserved.place > after));
        later.filter(|reserved| reserved.at <= now).map(|reserved| (reserved.place, reserved.job)).next()
    }
    /// Gives up the reservation of a job that a rule holds back.
    pub(super) fn give_up(&mut self, place: QueuePlace) {
        if let Some(reserved) = self.reserved.iter_mut().find(|reserved| reserved.place == place) {
            reserved.at = Time::NEVER;
        }
    }
    /// Asks for a look when the next reservation begins.
    pub(super) fn plan_look(&mut self, now: Time, plan: &mut Plan<'_>) {
        // What waits for a job past its estimate has its time a tick from now, again and again: that job's end is the event to wait for.
        let to_come = |at: &Time| *at > now + OVERDUE && *at < Time::NEVER;
        let Some(at) = self.reserved.iter().map(|reserved| reserved.at).filter(to_come).min() else { return };
        let stands = self.next_look > now && self.next_look <= at;
        if !stands && plan.wake_at(at).is_ok() {
            self.next_look = at;
        }
    }
}

/// Free GPUs over time: steps of (from, free), each up to the next one.
#[derive(Clone, Debug)]
struct Profile {
    steps: Vec<(u64, i64)>,
}

impl Profile {
    /// What is free now, and what running jobs are expected to give back; those past their estimate at once.
    fn new(view: View<'_>, plan: &Plan<'_>, pool: PoolId) -> Self {
        let now = view.now().0;
        let mut profile = Self { steps: vec![(now, i64::try_from(plan.free(pool)).unwrap_or(i64::MAX))] };
        for end in plan.bookings().ends[pool].iter() {
            profile.change(end.at.0.max((view.now() + OVERDUE).0), u64::MAX, i64::from(end.gpus));
        }
        profile
    }
    /// Adds to what is free from a time on for so long.
    fn change(&mut self, from: u64, length: u64, gpus: i64) {
        let first = self.cut(from);
        let last = if from.saturating_add(length) == u64::MAX { self.steps.len() } else { self.cut(from + length) };
        self.steps[first..last].iter_mut().for_each(|step| step.1 += gpus);
    }
    /// Makes a step begin at a time, and returns its place.
    fn cut(&mut self, at: u64) -> usize {
        let place = self.steps.partition_point(|step| step.0 < at);
        if self.steps.get(place).is_none_or(|step| step.0 != at) {
            let free = self.steps[place.saturating_sub(1)].1;
            self.steps.insert(place, (at, free));
        }
        place
    }
    /// Returns the earliest time at which so many GPUs are free for so long.
    fn earliest(&self, now: u64, gpus: u32, length: u64) -> Time {
        let enough = |step: &(u64, i64)| step.1 >= i64::from(gpus);
        let mut place = self.steps.partition_point(|step| step.0 < now);
        while place < self.steps.len() {
            let from = self.steps[place].0;
            let until = from.saturating_add(length);
            // A job of no length needs its GPUs for the moment.
            match self.steps[place..].iter().take_while(|step| step.0 < until || step.0 == from).position(|step| !enough(step)) {
                None => return Time(from),
                Some(short) => place += short + 1,
            }
        }
        Time::NEVER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_found_and_closed() {
        let mut profile = Profile { steps: vec![(0, 4)] };
        profile.change(0, 10, -3);
        profile.change(12, 5, -4);
        assert_eq!(profile.earliest(0, 1, 12), Time(0));
        assert_eq!(profile.earliest(0, 1, 13), Time(17));
        assert_eq!(profile.earliest(0, 4, 2), Time(10));
        assert_eq!(profile.earliest(0, 2, 3), Time(17));
        assert_eq!(profile.earliest(0, 5, 1), Time::NEVER);
        profile.change(12, 5, 4);
        assert_eq!(profile.earliest(0, 2, 3), Time(10));
    }
}
