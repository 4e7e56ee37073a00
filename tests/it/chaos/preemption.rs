//! Who gives way, and to whom (I15): only jobs that rank lower, and no more of them than it takes. Both are worked out again from what each job
//! holds, node by node.

use super::builtin::build;
use super::drive;
use super::survives;
use super::world::{World, plain};
use edwc::base::{Bytes, Span};
use edwc::model::{Checkpoint, JobId, PolicyChoice, PoolId};
use edwc::policy::{Needs, Plan, PolicyError, Scheduler, View, registry};
use edwc::world::Decision;
use edwc::world::jobs::State;
use proptest::prelude::*;
use std::cell::Cell;
use std::collections::BTreeMap;

const POOL: PoolId = PoolId(0);

/// A policy of which every preemption is examined.
struct Examined {
    policy: Box<dyn Scheduler>,
    /// Jobs of a smaller rank come first, and only those of a larger one give way to them.
    rank: fn(View<'_>, JobId) -> i64,
    victims: u32,
    /// Victims beyond the first of one claimant.
    several: u32,
}

/// GPUs by node that are free, or will be when those who write checkpoints are gone.
#[derive(Clone)]
struct Room {
    free: BTreeMap<u32, u32>,
    gpus_per_node: u32,
}

impl Room {
    fn before(view: View<'_>, plan: &Plan<'_>) -> Self {
        let pool = &view.model().pools[POOL];
        let capacity = &plan.bookings().capacity;
        let mut room = Self { free: (0..pool.nodes).map(|node| (node, capacity.node_free(POOL, node))).collect(), gpus_per_node: pool.gpus_per_node };
        for job in view.jobs().running().filter(|job| view.status(*job).state == State::Stopping) {
            room.give_back(&shares(view, plan, job));
        }
        room
    }
    fn give_back(&mut self, shares: &[(u32, u32)]) {
        shares.iter().for_each(|(node, gpus)| *self.free.get_mut(node).expect("a node of the pool") += gpus);
    }
    fn take(&mut self, shares: &[(u32, u32)]) {
        shares.iter().for_each(|(node, gpus)| *self.free.get_mut(node).expect("a node of the pool") -= gpus);
    }
    /// Tells whether a gang fits: on whole nodes as far as it goes, and what is left on one more.
    fn fits(&self, gpus: u32) -> bool {
        let (whole, rest) = (gpus / self.gpus_per_node, gpus % self.gpus_per_node);
        let free_whole = self.free.values().filter(|free| **free == self.gpus_per_node).count() as u32;
        let rest_fits = rest == 0 || free_whole > whole || self.free.values().any(|free| *free >= rest && *free < self.gpus_per_node);
        whole <= free_whole && rest_fits
    }
}

/// Returns what a job holds, by node.
fn shares(view: View<'_>, plan: &Plan<'_>, job: JobId) -> Vec<(u32, u32)> {
    plan.bookings().capacity.shares(view.status(job).held).map(|(_, node, gpus)| (node, gpus)).collect()
}

impl Examined {
    fn examine(&mut self, view: View<'_>, plan: &Plan<'_>, mut room: Room, held: &BTreeMap<JobId, Vec<(u32, u32)>>) {
        let mut queue: Vec<JobId> = view.jobs().queued().collect();
        queue.sort_by_key(|job| ((self.rank)(view, *job), view.job(*job).number));
        let mut victims: Vec<JobId> = Vec::new();
        for decision in plan.decisions() {
            match decision {
                Decision::Preempt { job, .. } => {
                    room.give_back(&held[job]);
                    victims.push(*job);
                }
                Decision::Start(started) => {
                    self.judge(view, started.job, &victims, &room, held);
                    victims.clear();
                    queue.retain(|job| *job != started.job);
                    let taken: Vec<_> = plan.bookings().capacity.shares(started.running.held).map(|(_, node, gpus)| (node, gpus)).collect();
                    room.take(&taken);
                }
                _ => {}
            }
        }
        // Whoever must wait for checkpoints to be written is the head of the queue.
        if !victims.is_empty() {
            self.judge(view, queue[0], &victims, &room, held);
        }
    }
    fn judge(&mut self, view: View<'_>, claimant: JobId, victims: &[JobId], room: &Room, held: &BTreeMap<JobId, Vec<(u32, u32)>>) {
        let gpus = view.job(claimant).gpus;
        for victim in victims {
            assert!((self.rank)(view, *victim) > (self.rank)(view, claimant), "a victim ranks lower than the job that it gives way to");
            assert!(room.fits(gpus), "with the victims gone the gang fits");
            let mut without = room.clone();
            without.take(&held[victim]);
            assert!(!without.fits(gpus), "every victim is needed: {victims:?} for {gpus} GPUs at {:?}", view.now());
        }
        self.victims += victims.len() as u32;
        self.several += victims.len().saturating_sub(1) as u32;
    }
}

impl Scheduler for Examined {
    fn needs(&self) -> Needs {
        self.policy.needs()
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        let room = Room::before(view, plan);
        let held = view.jobs().running().map(|job| (job, shares(view, plan, job))).collect();
        self.policy.schedule(view, plan)?;
        self.examine(view, plan, room, &held);
        Ok(())
    }
}

/// Jobs of three priorities on nodes of four GPUs; gangs may span nodes. Some write checkpoints before they go.
fn worlds() -> impl Strategy<Value = World> {
    let jobs = prop::collection::vec((0_u64..300, 1_u32..11, 1_u64..120, 0_i32..3), 2..50);
    (jobs, 2_u32..6, prop::option::of(0_u64..9)).prop_map(|(mut jobs, nodes, cost)| {
        jobs.sort_unstable();
        let mut world = plain(nodes, 4, &jobs.iter().map(|(submit, gpus, work, _)| (*submit, *gpus, *work)).collect::<Vec<_>>());
        for (spec, (.., priority)) in world.jobs.iter_mut().zip(jobs) {
            spec.priority = priority;
        }
        let class = world.model.classes.iter_mut().next().expect("there is a class");
        class.checkpoint =
            cost.map(|cost| Checkpoint { every: Span::seconds(30), cost: Span::seconds(cost), restore: Span::seconds(1), size_per_gpu: Bytes::ZERO });
        world
    })
}

/// I15, for victims that keep what they have done and for victims that lose it.
#[test]
fn only_lower_ranked_jobs_give_way_and_no_more_than_it_takes() {
    let by_priority = |view: View<'_>, job: JobId| -i64::from(view.job(job).priority);
    let latest_first = |view: View<'_>, job: JobId| -(view.job(job).number as i64);
    let orders: [(&str, fn(View<'_>, JobId) -> i64); 2] = [("priority", by_priority), ("lcfs", latest_first)];
    for (order, rank) in orders {
        for checkpoint in [0, 1] {
            let (victims, several) = (Cell::new(0), Cell::new(0));
            let policy = format!("{order}+at-submit+first-fit+evict-lower(checkpoint={checkpoint})");
            let choice = PolicyChoice { parts: registry::parse(&policy).expect("a policy"), ..PolicyChoice::default() };
            proptest!(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() }, |(world in worlds())| {
                let mut examined = Examined { policy: build(&choice, &world), rank, victims: 0, several: 0 };
                survives(drive::plain(&world, &mut examined));
                victims.set(victims.get() + examined.victims);
                several.set(several.get() + examined.several);
            });
            assert!(victims.get() > 100 && several.get() > 5, "{policy}: {victims:?} victims, {several:?} together");
        }
    }
}
