//! Conservative backfilling: everybody who waits has a reservation, and nobody may delay one.

use crate::base::{Column, Span, Time};
use crate::model::{JobId, PoolId};
use crate::policy::{PartInfo, PartKind, Plan, View};
use crate::world::Candidate;

pub(super) static CONSERVATIVE: PartInfo = PartInfo {
    name: "conservative",
    kind: PartKind::Backfill,
    summary: "everybody reserves the first gap on arrival; when something is freed early, all move up in queue order",
    parameters: &[],
    citation: "Mu'alem, Feitelson 2001, \"Utilization, predictability, workloads, and user runtime estimates\"; Srinivasan et al. 2002",
    notes: "walks the queue and each job's profile at every end; reserves GPUs, not nodes: where nodes are packed, a job may wait beyond its time",
    tested: &["engine::tests::conservative_backfilling_gives_the_hand_worked_schedule", "it::published::sdsc_conservative_is_exact"],
    oracle: false,
};

/// A job's reservation: GPUs of a pool from a time to a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot {
    pub(super) pool: PoolId,
    pub(super) from: Time,
    to: Time,
    gpus: u32,
}

/// The reservations of all who wait, and what they and those who run leave free.
#[derive(Clone, Debug, Default)]
pub(super) struct Reservations {
    profiles: Column<PoolId, Profile>,
    /// By slot of the job.
    slots: Vec<Option<Slot>>,
    /// When the policy has asked to be woken.
    next_look: Time,
}

impl Reservations {
    pub(super) fn new(pools: usize) -> Self {
        Self { profiles: Column::filled(pools, Profile::default()), slots: Vec::new(), next_look: Time::ZERO }
    }
    /// Brings a pool's profile up to date where nothing was freed: time has passed, nothing else.
    pub(super) fn pass_time(&mut self, pool: PoolId, now: Time) {
        self.profiles[pool].forget_before(now);
    }
    /// Makes a pool's profile anew from what is expected to end there and from the reservations of `waiting`, in their order. A reservation whose
    /// time has passed, or that no longer fits as something ends later than expected, is given up, and with it all behind it: they were made around
    /// it, and would stand in the way of the new one.
    pub(super) fn rebuild(&mut self, view: View<'_>, plan: &Plan<'_>, pool: PoolId, waiting: impl Iterator<Item = JobId>) {
        let now = view.now();
        let profile = &mut self.profiles[pool];
        profile.start(now, plan.free(pool));
        for end in plan.bookings().ends[pool].iter() {
            profile.free_from(end.at.max(now), end.gpus);
        }
        let mut stand = true;
        for job in waiting {
            let Some(slot) = self.slots.get_mut(job.0 as usize).and_then(|entry| entry.take_if(|slot| slot.pool == pool)) else { continue };
            stand &= slot.from >= now && profile.holds(&slot);
            if stand {
                profile.book(&slot);
                self.slots[job.0 as usize] = Some(slot);
            }
        }
    }
    /// Reserves for a job at the first of the candidates where it can start earliest; a reservation that it has may only become earlier. Returns the
    /// reservation; none if it fits nowhere by what is expected now.
    pub(super) fn reserve(&mut self, view: View<'_>, plan: &mut Plan<'_>, job: JobId, candidates: &[Candidate]) -> Option<Slot> {
        self.release(job);
        let gpus = view.job(job).gpus;
        let mut best: Option<Slot> = None;
        for candidate in candidates {
            let (staging, run) = view.expected_time(job, candidate);
            let length = staging + run;
            let from = self.profiles[candidate.pool].earliest(gpus, length);
            if let Some(from) = from.filter(|from| best.is_none_or(|best| *from < best.from)) {
                best = Some(Slot { pool: candidate.pool, from, to: from + length, gpus });
            }
        }
        let slot = best?;
        self.profiles[slot.pool].book(&slot);
        if self.slots.len() <= job.0 as usize {
            self.slots.resize(job.0 as usize + 1, None);
        }
        self.slots[job.0 as usize] = Some(slot);
        // Only the first promise is kept on record.
        let _ = plan.promise(job, slot.from);
        best
    }
    /// Asks for a round when the next reservation begins: nothing else may happen then. *O*(jobs that wait).
    pub(super) fn plan_look(&mut self, now: Time, plan: &mut Plan<'_>) {
        let next = self.slots.iter().flatten().map(|slot| slot.from).filter(|from| *from > now).min();
        if let Some(next) = next
            && (self.next_look <= now || next < self.next_look)
            && plan.wake_at(next).is_ok()
        {
            self.next_look = next;
        }
    }
    /// Tells whether a job's reservation has begun.
    pub(super) fn begins(&self, job: JobId, now: Time) -> bool {
        self.slots.get(job.0 as usize).copied().flatten().is_some_and(|slot| slot.from <= now)
    }
    /// Gives a job's reservation up.
    pub(super) fn release(&mut self, job: JobId) {
        if let Some(slot) = self.slots.get_mut(job.0 as usize).and_then(Option::take) {
            self.profiles[slot.pool].unbook(&slot);
        }
    }
    /// Notes that a job runs where it had reserved: its GPUs stay booked.
    pub(super) fn started(&mut self, job: JobId) {
        if let Some(slot) = self.slots.get_mut(job.0 as usize) {
            *slot = None;
        }
    }
}

/// Free GPUs of a pool from now on: each step holds until the next, the last for ever.
#[derive(Clone, Debug, Default)]
struct Profile {
    steps: Vec<(Time, i64)>,
}

impl Profile {
    fn start(&mut self, now: Time, free: u64) {
        self.steps.clear();
        self.steps.push((now, i64::try_from(free).unwrap_or(i64::MAX)));
    }
    /// Adds GPUs from a time on; times do not go back between calls.
    fn free_from(&mut self, at: Time, gpus: u32) {
        let (last, free) = *self.steps.last().expect("the profile has been started");
        if at > last {
            self.steps.push((at, free + i64::from(gpus)));
        } else if let Some(step) = self.steps.last_mut() {
            step.1 += i64::from(gpus);
        }
    }
    fn forget_before(&mut self, now: Time) {
        let current = self.steps.partition_point(|(at, _)| *at <= now).saturating_sub(1);
        self.steps.drain(..current);
        if let Some(first) = self.steps.first_mut() {
            first.0 = first.0.max(now);
        }
    }
    /// Returns the earliest time from which so many GPUs are free for so long. *O*(steps).
    fn earliest(&self, gpus: u32, length: Span) -> Option<Time> {
        let gpus = i64::from(gpus);
        let mut start = None;
        for (at, free) in &self.steps {
            if start.is_some_and(|start: Time| start + length <= *at) {
                break;
            }
            start = if *free < gpus { None } else { start.or(Some(*at)) };
        }
        start
    }
    fn holds(&self, slot: &Slot) -> bool {
        let first = self.steps.partition_point(|(at, _)| *at <= slot.from).saturating_sub(1);
        self.steps[first..].iter().take_while(|(at, _)| *at < slot.to).all(|(_, free)| *free >= i64::from(slot.gpus))
    }
    fn book(&mut self, slot: &Slot) {
        self.change(slot, -i64::from(slot.gpus));
    }
    fn unbook(&mut self, slot: &Slot) {
        self.change(slot, i64::from(slot.gpus));
    }
    fn change(&mut self, slot: &Slot, by: i64) {
        let from = self.split(slot.from);
        let to = self.split(slot.to);
        for step in &mut self.steps[from..to] {
            step.1 += by;
        }
    }
    /// Makes a step begin at a time and returns it; what lies before the first step is of no interest.
    fn split(&mut self, at: Time) -> usize {
        let after = self.steps.partition_point(|(other, _)| *other < at);
        let begins = self.steps.get(after).is_some_and(|(other, _)| *other == at);
        if !begins && after > 0 {
            self.steps.insert(after, (at, self.steps[after - 1].1));
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(from: u64, to: u64, gpus: u32) -> Slot {
        Slot { pool: PoolId(0), from: Time(from), to: Time(to), gpus }
    }

    #[test]
    fn gaps_are_found_and_given_back() {
        let mut profile = Profile::default();
        profile.start(Time(0), 2);
        profile.free_from(Time(10), 4);
        profile.free_from(Time(20), 4);
        assert_eq!(profile.earliest(2, Span(1_000)), Some(Time(0)));
        assert_eq!(profile.earliest(7, Span(1)), Some(Time(20)));
        assert_eq!(profile.earliest(11, Span(1)), None);
        profile.book(&slot(12, 30, 6));
        assert_eq!(profile.earliest(2, Span(12)), Some(Time(0)), "it ends when the other starts");
        assert_eq!(profile.earliest(2, Span(13)), Some(Time(20)));
        assert_eq!(profile.earliest(5, Span(3)), Some(Time(30)));
        assert!(profile.holds(&slot(0, 12, 2)) && !profile.holds(&slot(0, 13, 2)));
        profile.unbook(&slot(12, 30, 6));
        assert_eq!(profile.earliest(5, Span(3)), Some(Time(10)));
        profile.forget_before(Time(15));
        assert_eq!((profile.steps[0], profile.earliest(6, Span(1))), ((Time(15), 6), Some(Time(15))));
    }
}
