//! Watches a policy: what it could have chosen, what it decided, what it was denied, and what jobs wait for.

use super::fact::{Considered, Event, Fact};
use super::words::{denied, never};
use crate::base::{Span, Time};
use crate::model::{JobId, JobNumber, Model, PoolId};
use crate::policy::{Needs, Plan, PolicyError, Scheduler, View};
use crate::world::plan::{Decision, Started};
use crate::world::{Allocation, Preempt, Refusal};
use std::collections::{BTreeMap, BTreeSet};

/// Jobs that are asked in one round what they wait for. A longer queue is looked at in turns, round by round.
const LOOKS: usize = 256;

/// What is known of the jobs that wait, and the facts that nobody has taken yet.
#[derive(Debug, Default)]
pub struct Watcher {
    facts: Vec<Fact>,
    waiting: BTreeMap<JobNumber, Waiting>,
    /// Where the next round goes on to look.
    next: JobNumber,
    /// Jobs that were preempted and are not back yet.
    preempted: BTreeSet<JobNumber>,
}

/// A job that waits.
#[derive(Debug)]
struct Waiting {
    job: JobId,
    since: Time,
    /// For what, as far as is known: the kind, and in words.
    why: Option<(&'static str, String)>,
    /// The refusals of its latest row.
    denied: Option<Denied>,
}

#[derive(Debug)]
struct Denied {
    first: Time,
    last: Time,
    times: u64,
    pool: Option<PoolId>,
    kind: &'static str,
    why: String,
}

impl Watcher {
    /// Lends itself to a policy.
    pub fn watching<'a>(&'a mut self, policy: &'a mut dyn Scheduler) -> Watched<'a> {
        Watched { watcher: self, policy }
    }
    /// Hands over the facts since the last time, in no particular order; what a job waits for now comes when that has changed.
    pub fn take(&mut self) -> std::vec::Drain<'_, Fact> {
        self.facts.drain(..)
    }
    /// Closes what is open, at the end of a run.
    pub fn close(&mut self, now: Time, model: &Model) {
        while let Some((number, waiting)) = self.waiting.pop_first() {
            self.close_one(number, waiting, now, model);
        }
    }

    fn tell(&mut self, job: JobNumber, at: Time, event: Event) {
        self.facts.push(Fact { job, at_us: at.0, event });
    }
    fn close_one(&mut self, number: JobNumber, mut waiting: Waiting, now: Time, model: &Model) {
        self.close_denials(number, &mut waiting, model);
        self.close_wait(number, &mut waiting, now);
    }
    fn close_denials(&mut self, number: JobNumber, waiting: &mut Waiting, model: &Model) {
        if let Some(Denied { first, last, times, pool, kind, why }) = waiting.denied.take() {
            let pool = pool.map(|pool| model.pool_name(pool));
            self.tell(number, first, Event::Denied { pool, kind: kind.to_owned(), why, times, last_us: last.0 });
        }
    }
    fn close_wait(&mut self, number: JobNumber, waiting: &mut Waiting, now: Time) {
        if let Some((kind, why)) = waiting.why.take().filter(|_| now > waiting.since) {
            self.tell(number, waiting.since, Event::Waited { until_us: now.0, kind: kind.to_owned(), why });
        }
        waiting.since = now;
    }

    /// Notes who has come and gone, and looks at the pools for who has come.
    fn before(&mut self, policy: &dyn Scheduler, view: View<'_>, plan: &mut Plan<'_>) {
        let (delta, now, model) = (view.delta(), view.now(), view.model());
        for gone in delta.left.iter().chain(&delta.ended) {
            if let Some(waiting) = self.waiting.remove(&gone.number) {
                self.close_one(gone.number, waiting, now, model);
            }
        }
        for (job, is_new) in delta.arrived.iter().map(|job| (*job, true)).chain(delta.returned.iter().map(|job| (*job, false))) {
            if !view.jobs().is_live(job) {
                continue;
            }
            let attributes = view.job(job);
            let number = attributes.number;
            let event = if is_new {
                Event::Submitted {
                    class: model.classes[attributes.class].name.clone(),
                    tenant: model.tenant_name(attributes.tenant),
                    region: model.regions[attributes.region].name.clone(),
                    gpus: attributes.gpus,
                    estimate_us: attributes.estimate.0,
                }
            } else {
                self.preempted.remove(&number);
                Event::Returned
            };
            self.tell(number, if is_new { attributes.submit } else { now }, event);
            let pools = considered(policy, view, plan, job);
            self.tell(number, now, Event::Considered { pools });
            self.waiting.insert(number, Waiting { job, since: now, why: None, denied: None });
        }
    }

    /// Notes what the policy was denied and what it decided.
    fn after(&mut self, view: View<'_>, plan: &mut Plan<'_>) {
        let (now, model) = (view.now(), view.model());
        for denial in plan.take_denials() {
            let number = view.job(denial.job).number;
            let Some(mut waiting) = self.waiting.remove(&number) else { continue };
            let kind = denial.refusal.kind();
            match &mut waiting.denied {
                Some(row) if row.kind == kind && row.pool == denial.pool => (row.last, row.times) = (now, row.times + 1),
                _ => {
                    self.close_denials(number, &mut waiting, model);
                    let why = denied(&denial.refusal, model);
                    waiting.denied = Some(Denied { first: now, last: now, times: 1, pool: denial.pool, kind, why });
                }
            }
            self.waiting.insert(number, waiting);
        }
        for decision in plan.decisions() {
            self.decided(view, decision);
        }
        self.look(view, plan);
    }

    fn decided(&mut self, view: View<'_>, decision: &Decision) {
        let (now, model) = (view.now(), view.model());
        let (job, event) = match decision {
            Decision::Start(started) => {
                let number = started.running.number;
                if let Some(waiting) = self.waiting.remove(&number) {
                    self.close_one(number, waiting, now, model);
                }
                (started.job, Event::Started { parts: parts_of(started, model) })
            }
            Decision::Move(started) => (started.job, Event::Moved { parts: parts_of(started, model) }),
            Decision::Bind { job, to, .. } => (*job, Event::Bound { pool: model.pool_name(to.pool) }),
            Decision::Preempt { job, how, reclaimed, .. } => {
                self.preempted.insert(view.job(*job).number);
                (*job, Event::Preempted { checkpoint: *how == Preempt::Checkpoint, reclaimed: *reclaimed })
            }
            Decision::Prefetch { job, site } => (*job, Event::Prefetched { site: model.sites[*site].name.clone() }),
            Decision::Defer { job, until } => (*job, Event::Deferred { until_us: until.0 }),
            Decision::Reject { job } => (*job, Event::TurnedAway),
            Decision::Promise { job, at } => (*job, Event::Promised { start_us: at.0 }),
            Decision::WakeUp { .. } => return,
        };
        self.tell(view.job(job).number, now, event);
    }

    /// Looks what jobs wait for. *O*(jobs looked at × pools).
    fn look(&mut self, view: View<'_>, plan: &mut Plan<'_>) {
        let now = view.now();
        let mut looked: Vec<JobNumber> = self.waiting.range(self.next..).map(|(number, _)| *number).take(LOOKS).collect();
        let rest = LOOKS - looked.len();
        looked.extend(self.waiting.range(..self.next).map(|(number, _)| *number).take(rest));
        self.next = looked.last().map_or(0, |number| number + 1);
        for number in looked {
            let Some(mut waiting) = self.waiting.remove(&number) else { continue };
            let why = waits_for(view, plan, waiting.job);
            if waiting.why.as_ref().map(|(kind, _)| *kind) != Some(why.0) {
                self.close_wait(number, &mut waiting, now);
                waiting.why = Some(why);
            }
            self.waiting.insert(number, waiting);
        }
    }
}

fn parts_of(started: &Started, model: &Model) -> Vec<(String, u32)> {
    started.running.parts.iter().map(|(pool, gpus)| (model.pool_name(pool), gpus)).collect()
}

/// Says what a job waits for: in its pool, or in the first where only room is missing, or anywhere.
fn waits_for(view: View<'_>, plan: &mut Plan<'_>, job: JobId) -> (&'static str, String) {
    if plan.has_decided(job) {
        return ("deferred", "the policy holds it back".to_owned());
    }
    let gpus = view.job(job).gpus;
    let bound = plan.bound_pool(job);
    let mut found: Option<Refusal> = None;
    for candidate in view.candidates(job).iter().filter(|candidate| bound.is_none_or(|pool| pool == candidate.pool)) {
        match plan.would_deny(job, &[Allocation::new(candidate.pool, gpus)]) {
            None => return ("order", "it could start, but the policy lets it wait".to_owned()),
            Some(refusal @ Refusal::Room { .. }) if !matches!(found, Some(Refusal::Room { .. })) => found = Some(refusal),
            Some(refusal) => found = found.or(Some(refusal)),
        }
    }
    match found {
        Some(refusal) => (refusal.kind(), denied(&refusal, view.model())),
        None => ("pool", "no pool can run it as the fleet stands".to_owned()),
    }
}

/// Describes all pools for one job.
fn considered(policy: &dyn Scheduler, view: View<'_>, plan: &mut Plan<'_>, job: JobId) -> Vec<Considered> {
    let model = view.model();
    let gpus = view.job(job).gpus;
    let scores = policy.rate(view, plan, job);
    let mut pools: Vec<(PoolId, Considered)> = Vec::new();
    let blank = |pool: PoolId| Considered {
        pool: model.pool_name(pool),
        never: None,
        score: None,
        now: None,
        wait_us: 0,
        staging_us: 0,
        run_us: 0,
        net_micro_cny: 0,
        carbon_mg: 0,
    };
    for (pool, reason) in view.never(job) {
        pools.push((*pool, Considered { never: Some(never(*reason).to_owned()), ..blank(*pool) }));
    }
    for candidate in view.candidates(job) {
        let pool = candidate.pool;
        if !plan.could_hold(pool, gpus) {
            pools.push((pool, Considered { never: Some("too small".to_owned()), ..blank(pool) }));
            continue;
        }
        let (staging, run) = view.expected_time(job, candidate);
        let now = plan.would_deny(job, &[Allocation::new(pool, gpus)]);
        let fits = plan.queued(pool) == 0 && now.is_none();
        let wait = plan.outstanding_gpu_us(pool) / u128::from(plan.installed(pool).max(1));
        let told = Considered {
            score: scores.iter().find(|(rated, _)| *rated == pool).map(|(_, score)| *score),
            now: now.map(|refusal| denied(&refusal, model)),
            wait_us: if fits { 0 } else { u64::try_from(wait).unwrap_or(u64::MAX) },
            staging_us: staging.0,
            run_us: run.0,
            net_micro_cny: plan.net_cost(job, candidate).0,
            carbon_mg: view.expected_carbon_mg(job, candidate, false),
            ..blank(pool)
        };
        pools.push((pool, told));
    }
    pools.sort_by_key(|(pool, _)| *pool);
    pools.into_iter().map(|(_, told)| told).collect()
}

/// A policy that is watched.
pub struct Watched<'a> {
    watcher: &'a mut Watcher,
    policy: &'a mut dyn Scheduler,
}

impl Scheduler for Watched<'_> {
    fn needs(&self) -> Needs {
        self.policy.needs()
    }
    fn predict(&mut self, view: View<'_>, job: JobId) -> Option<Span> {
        self.policy.predict(view, job)
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        self.watcher.before(self.policy, view, plan);
        plan.keep_denials();
        self.policy.schedule(view, plan)?;
        self.watcher.after(view, plan);
        Ok(())
    }
}
