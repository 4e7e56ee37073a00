//! Elastic jobs: those that run give GPUs to who waits, and take what nobody waits for.

use super::evict_lower::Eviction;
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Ratio, Span, Time};
use crate::model::{self, JobId, JobNumber, PolicyPart, PoolId};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};
use crate::rules;
use crate::world::{Allocation, Refusal};
use std::collections::BinaryHeap;

pub(super) static ELASTIC: PartInfo = PartInfo {
    name: "elastic",
    kind: PartKind::Preempt,
    summary: "elastic jobs start smaller where that many fit, shrink to let others in, and grow into GPUs that nobody waits for: by the time that \
              a GPU more saves",
    parameters: &[
        Parameter { name: "moves", default: 8.0, range: (1.0, 1e4), summary: "the most jobs of a pool that change their size at once", words: &[] },
        Parameter { name: "rest_h", default: 0.25, range: (0.0, 1e6), summary: "hours that a job keeps its size at least", words: &[] },
    ],
    citation: "Peng et al. 2018, \"Optimus: an efficient dynamic resource scheduler for deep learning clusters\" (marginal gains); Hwang et al. 2021, \
               \"Elastic resource sharing for distributed deep learning\" (AFS)",
    notes: "asked at every event; looks at the pool's running jobs whenever the first queued job has no room, or nobody waits and GPUs are free; goes by \
            estimates, and shrinks the cheapest first even if their nodes do not help",
    tested: &["engine::tests::elastic::sizes_follow_the_queue_in_the_hand_worked_schedule", "engine::tests::elastic::what_waits_starts_smaller"],
    oracle: false,
};

/// The rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elastic {
    moves: usize,
    rest: Span,
    /// When jobs may change their size next, if the policy has asked to be asked then.
    next: Time,
}

/// A running job that may change its size.
#[derive(Clone, Copy, Debug)]
struct Running {
    job: JobId,
    number: JobNumber,
    gpus: u32,
    asked: u32,
    sizes: model::Elastic,
    /// Work that is left, by estimate, and its speed at the size that it asks for.
    left: Span,
    speed: Ratio,
    /// What a change costs it.
    pause: Span,
}

impl Running {
    /// Returns the time that is left at a size.
    fn time(&self, gpus: u32) -> u64 {
        self.speed.times(self.sizes.speed(gpus, self.asked)).divide(self.left.0)
    }
    /// Returns what one GPU more saves at a size.
    fn gain(&self, gpus: u32) -> u64 {
        if gpus < self.sizes.max { self.time(gpus).saturating_sub(self.time(gpus + 1)) } else { 0 }
    }
}

impl Elastic {
    pub(super) fn new(part: &PolicyPart) -> Self {
        Self {
            moves: parameter(part, &ELASTIC, "moves") as usize,
            rest: Span((parameter(part, &ELASTIC, "rest_h") * MICROS_PER_HOUR as f64) as u64),
            next: Time::NEVER,
        }
    }

    /// Starts a job for which a pool has no room: smaller, if it can be, or by shrinking others. Nobody shrinks in vain.
    ///
    /// *O*(R log R) for R jobs that hold GPUs of the pool.
    pub(super) fn start(&self, view: View<'_>, plan: &mut Plan<'_>, job: JobId, pool: PoolId) -> Eviction {
        let attributes = view.job(job);
        let least = attributes.elastic.map_or(attributes.gpus, |sizes| sizes.min);
        let most = attributes.gpus.min(u32::try_from(plan.free(pool)).unwrap_or(u32::MAX));
        if let Some(gpus) = (least..=most).rev().find(|gpus| plan.fits(pool, *gpus)) {
            return if plan.place(job, &[Allocation::new(pool, gpus)]).is_ok() { Eviction::Started } else { Eviction::Nobody };
        }
        let missing = |plan: &Plan<'_>| u64::from(least).saturating_sub(plan.free(pool)).max(1);
        let smallest =
            |running: &Running, missing: u64| running.gpus - u32::try_from(missing).unwrap_or(u32::MAX).min(running.gpus - running.sizes.min);
        let mut givers = self.resizable(view, plan, pool).0;
        givers.retain(|running| running.gpus > running.sizes.min);
        let before = missing(plan);
        if givers.iter().map(|running| u64::from(running.gpus - running.sizes.min)).sum::<u64>() < before {
            return Eviction::Nobody;
        }
        // By the time that a GPU costs who gives it.
        let loss = |running: &Running| {
            let to = smallest(running, before);
            running.time(to).saturating_sub(running.time(running.gpus)) / u64::from((running.gpus - to).max(1))
        };
        givers.sort_by_key(|running| (loss(running), running.number));
        let mark = plan.mark();
        for running in givers.iter().take(self.moves) {
            if plan.resize(running.job, smallest(running, missing(plan))).is_ok() && plan.fits(pool, least) {
                if plan.place(job, &[Allocation::new(pool, least)]).is_ok() {
                    return Eviction::Started;
                }
                break;
            }
        }
        plan.rollback(mark);
        Eviction::Nobody
    }

    /// Lets jobs grow into the GPUs of pools for which nobody waits. *O*((R + F) log R) a pool with R elastic jobs and F free GPUs.
    pub(super) fn grow(&mut self, view: View<'_>, plan: &mut Plan<'_>) {
        let mut soonest = Time::NEVER;
        for pool in view.pools() {
            if plan.free(pool) > 0 && !is_waited_for(view, plan, pool) {
                let (growing, rested) = self.resizable(view, plan, pool);
                soonest = soonest.min(rested);
                self.grow_in(plan, pool, &growing);
            }
        }
        if soonest < Time::NEVER && (self.next <= view.now() || soonest < self.next) && plan.wake_at(soonest).is_ok() {
            self.next = soonest;
        }
    }
    fn grow_in(&self, plan: &mut Plan<'_>, pool: PoolId, growing: &[Running]) {
        let mut free = u32::try_from(plan.free(pool)).unwrap_or(u32::MAX);
        let pays = |running: &Running, to: u32| running.time(running.gpus).saturating_sub(running.time(to)) > running.pause.0;
        let mut sizes: Vec<u32> = growing.iter().map(|running| running.gpus).collect();
        let rank = |index: usize, size: u32| (growing[index].gain(size), std::cmp::Reverse(growing[index].number), index);
        let may_pay = |index: &usize| pays(&growing[*index], growing[*index].sizes.max.min(growing[*index].gpus.saturating_add(free)));
        let mut gains: BinaryHeap<_> = (0..growing.len()).filter(may_pay).map(|index| rank(index, sizes[index])).collect();
        while let Some((gain, _, index)) = gains.pop() {
            if gain == 0 || free == 0 {
                break;
            }
            sizes[index] += 1;
            free -= 1;
            gains.push(rank(index, sizes[index]));
        }
        let grown = growing.iter().zip(sizes).filter(|(running, size)| *size > running.gpus && pays(running, *size));
        for (running, size) in grown.take(self.moves) {
            resize_up(plan, pool, running, size, pays);
        }
    }

    /// Lists the elastic jobs of one pool that have rested, and when the next of the others will have.
    fn resizable(&self, view: View<'_>, plan: &Plan<'_>, pool: PoolId) -> (Vec<Running>, Time) {
        let (mut found, mut next) = (Vec::new(), Time::NEVER);
        for job in plan.holders(pool) {
            let (attributes, status) = (view.job(job), view.status(job));
            let Some(sizes) = attributes.elastic.filter(|_| !plan.is_leaving(job)) else { continue };
            let since = if plan.has_decided(job) { view.now() } else { status.start };
            if plan.has_decided(job) || since + self.rest > view.now() {
                next = next.min(since + self.rest);
                continue;
            }
            let Some(candidate) = view.candidate(job, pool).filter(|_| status.parts.as_slice().len() == 1 && plan.may_preempt(job)) else { continue };
            let class = &view.model().classes[attributes.class];
            found.push(Running {
                job,
                number: attributes.number,
                gpus: attributes.gpus,
                asked: attributes.asked_gpus,
                sizes,
                left: view.estimate(job).saturating_sub(view.attained(job)),
                speed: candidate.rate,
                pause: class.start_overhead + class.checkpoint.map_or(Span::ZERO, |checkpoint| checkpoint.cost + checkpoint.restore),
            });
        }
        (found, next)
    }
}

/// Lets a job grow as far towards a size as nodes and quotas let it, and as it pays.
fn resize_up(plan: &mut Plan<'_>, pool: PoolId, running: &Running, size: u32, pays: impl Fn(&Running, u32) -> bool) {
    let capacity = &plan.bookings().capacity;
    let mut room = capacity.packing(pool);
    room.give_back(capacity, plan.held(running.job), pool);
    let Some(size) = (running.gpus + 1..=size).rev().find(|size| room.packs(*size)).filter(|size| pays(running, *size)) else { return };
    if let Err(Refusal::Rules(rules::Refusal::Quota(quota))) = plan.resize(running.job, size) {
        let left = u32::try_from(quota.available).unwrap_or(u32::MAX).min(size - 1);
        if left > running.gpus && room.packs(left) && pays(running, left) {
            // Another quota may refuse it still.
            let _ = plan.resize(running.job, left);
        }
    }
}

/// Tells whether a job that may start in a pool is left waiting by the plan.
fn is_waited_for(view: View<'_>, plan: &Plan<'_>, pool: PoolId) -> bool {
    plan.queued(pool) > 0 || view.jobs().queued().any(|job| !plan.has_decided(job) && plan.bound_pool(job).is_none())
}
