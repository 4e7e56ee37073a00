//! A policy whose decisions take effect later, and are checked again then.
//!
//! It stands between the engine and any policy. The policy sees a plan in which its own decisions that are under way are booked already, so that
//! it does not take them twice; the world knows of them only when their time has come. What the world denies then is told to the policy as news:
//! a job that did not start has *returned*, and a job that could not be bound has left and *arrived* anew.

use crate::base::{Span, Time};
use crate::model::{JobId, JobNumber, PoolId};
use crate::policy::{Needs, Plan, PolicyError, Scheduler, View};
use crate::world::delta::{Delta, Left};
use crate::world::jobs::State;
use crate::world::late::Meant;
use crate::world::plan::Decision;
use std::collections::{BTreeSet, VecDeque};

/// A policy with a delay.
pub struct Delayed<'a> {
    policy: &'a mut dyn Scheduler,
    delay: Span,
    /// In the order in which they were taken, which is the order in which they are due.
    under_way: VecDeque<Late>,
    /// What the policy has not been told yet.
    news: Delta,
    /// When the policy wants to be asked.
    wakes: BTreeSet<Time>,
}

/// A decision on its way.
#[derive(Clone, Debug)]
struct Late {
    due: Time,
    job: JobId,
    /// Whose slot it was.
    number: JobNumber,
    meant: Meant,
}

impl Late {
    /// Tells whether its job is still in the system.
    fn has_job(&self, view: View<'_>) -> bool {
        view.jobs().is_live(self.job) && view.job(self.job).number == self.number
    }
}

impl<'a> Delayed<'a> {
    /// Lets the decisions of a policy take effect after a delay, which is not zero.
    pub fn new(policy: &'a mut dyn Scheduler, delay: Span) -> Self {
        assert!(delay > Span::ZERO, "without a delay a policy decides for itself");
        Self { policy, delay, under_way: VecDeque::new(), news: Delta::default(), wakes: BTreeSet::new() }
    }

    /// Carries out what is due.
    fn carry_out(&mut self, view: View<'_>, plan: &mut Plan<'_>) {
        // Jobs that could not be bound: what was to follow does not.
        let mut unbound: Vec<JobNumber> = Vec::new();
        let due = self.under_way.iter().take_while(|late| late.due <= view.now()).count();
        let due: Vec<Late> = self.under_way.drain(..due).collect();
        for late in due {
            if !late.has_job(view) {
                plan.deny_stale(late.job);
                continue;
            }
            if unbound.contains(&late.number) {
                continue;
            }
            let denied = plan.decide_late(late.job, &late.meant).is_err();
            match late.meant {
                Meant::Defer(until) if !denied => _ = self.wakes.insert(until),
                Meant::Place(_) if denied => self.did_not_start(view, late.job),
                Meant::Bind(_) if denied => {
                    unbound.push(late.number);
                    self.was_not_bound(view, &late);
                }
                _ => {}
            }
        }
    }
    fn did_not_start(&mut self, view: View<'_>, job: JobId) {
        let known = self.news.returned.contains(&job) || self.news.arrived.contains(&job);
        if !known && view.status(job).state == State::Queued {
            self.news.returned.push(job);
        }
    }
    fn was_not_bound(&mut self, view: View<'_>, late: &Late) {
        if view.status(late.job).state != State::Queued || self.news.arrived.contains(&late.job) {
            return;
        }
        self.news.returned.retain(|job| *job != late.job);
        let (held_gpu_us, work) = (view.jobs().usage(late.job).held_gpu_us, view.status(late.job).done);
        self.news.left.push(Left { job: late.job, number: late.number, held_gpu_us, work });
        self.news.arrived.push(late.job);
    }

    /// Takes in what has happened; of wake-ups, those that the policy has asked for.
    fn hear(&mut self, view: View<'_>) {
        let before = self.news.woken;
        self.news.absorb(view.delta());
        let waking = self.wakes.len();
        self.wakes.retain(|at| *at > view.now());
        self.news.woken = before || self.wakes.len() < waking;
    }
    /// Tells whether the policy would be asked now if it had no delay.
    fn wants_to_be_asked(&self, view: View<'_>) -> bool {
        !self.news.is_empty() && (self.policy.needs().every_event || view.jobs().queued_count() > 0)
    }
}

impl Scheduler for Delayed<'_> {
    fn needs(&self) -> Needs {
        // What is under way may be due when nobody waits.
        Needs { every_event: true, ..self.policy.needs() }
    }
    fn rate(&self, view: View<'_>, plan: &Plan<'_>, job: JobId) -> Vec<(PoolId, i64)> {
        self.policy.rate(view, plan, job)
    }
    fn predict(&mut self, view: View<'_>, job: JobId) -> Option<Span> {
        self.policy.predict(view, job)
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        self.hear(view);
        self.carry_out(view, plan);
        if !self.wants_to_be_asked(view) {
            self.news.freed.clear();
            self.news.anything_changed = false;
            return Ok(());
        }
        let world = plan.mark();
        for late in self.under_way.iter().filter(|late| late.has_job(view)) {
            plan.expect(late.job, &late.meant);
        }
        let expected = plan.mark();
        self.policy.schedule(view.with_news(&self.news), plan)?;
        self.news.clear();
        let (due, known) = (view.now().saturating_add(self.delay), self.under_way.len());
        let (mut wakes, mut promises) = (Vec::new(), Vec::new());
        for decision in plan.since(expected) {
            match (decision, Meant::by(decision)) {
                (_, Some((job, meant))) => self.under_way.push_back(Late { due, job, number: view.job(job).number, meant }),
                (Decision::WakeUp { at }, None) => wakes.push(*at),
                (Decision::Promise { job, at }, None) => promises.push((*job, *at)),
                _ => {}
            }
        }
        plan.rollback(world);
        self.wakes.extend(&wakes);
        if self.under_way.len() > known {
            wakes.push(due);
        }
        // Both were accepted before, and now is still now.
        wakes.into_iter().for_each(|at| _ = plan.wake_at(at));
        for (job, at) in promises {
            if !plan.has_decided(job) {
                let _ = plan.promise(job, at);
            }
        }
        Ok(())
    }
}
