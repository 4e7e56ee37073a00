//! Nodes that fail and are repaired.
//!
//! The failures of a pool's nodes are one Poisson process of the pool with a node drawn for each: the superposition of independent exponential
//! clocks, exact and in constant memory, whatever the number of nodes. A failure that falls on a node that is down, has left, or (under
//! `while = "busy"`) is not held, is passed over: thinning a Poisson process leaves one, and exponential clocks have no memory, so that this is
//! the same as stopping the node's clock. Failure times are therefore the same under every policy.

use super::history::History;
use super::{Run, RunError};
use crate::base::random::{Seed, Stream};
use crate::base::{Column, Span, Time};
use crate::model::{FailureId, JobId, Model, Outage, PoolId, Setting};
use std::collections::{BTreeSet, VecDeque};

/// All failure processes and repairs.
#[derive(Clone, Debug)]
pub struct Failures {
    processes: Vec<Process>,
    crews: Column<FailureId, Crews>,
    agenda: BTreeSet<Entry>,
    repair_streams: Column<FailureId, Stream>,
    repairs_drawn: Column<FailureId, u64>,
}

/// The process of one pool.
#[derive(Clone, Debug)]
struct Process {
    failure: FailureId,
    pool: PoolId,
    mean_us: f64,
    nodes: u32,
    gaps: Stream,
    picks: Stream,
    count: u64,
}

/// Repair crews of one failure table.
#[derive(Clone, Debug, Default)]
struct Crews {
    /// How many there are; none: no limit.
    limit: Option<u32>,
    busy: u32,
    waiting: VecDeque<(PoolId, u32, Span)>,
}

/// What happens when; failures come before repairs, then in order of pool and node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Entry {
    at: Time,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    Failure { process: usize },
    Outage { failure: FailureId, index: usize },
    Repair { pool: PoolId, node: u32, failure: FailureId },
}

impl Failures {
    pub fn new(model: &Model, seed: Seed) -> Self {
        let mut failures = Self {
            processes: Vec::new(),
            crews: model.failures.iter().map(|failure| Crews { limit: (failure.crews > 0).then_some(failure.crews), ..Crews::default() }).collect(),
            agenda: BTreeSet::new(),
            repair_streams: model.failures.iter().map(|failure| seed.stream(&format!("failure {}", failure.name), "repair")).collect(),
            repairs_drawn: Column::filled(model.failures.len(), 0),
        };
        for (id, failure) in model.failures.entries() {
            for index in 0..failure.outages.len() {
                failures.agenda.insert(Entry { at: failure.outages[index].at, what: What::Outage { failure: id, index } });
            }
            let Some(mtbf) = failure.mtbf else { continue };
            for pool in failure.pools.iter() {
                let nodes = most_nodes(model, pool);
                let units = f64::from(nodes) * if mtbf.per_gpu { f64::from(model.pools[pool].gpus_per_node) } else { 1.0 };
                if units > 0.0 {
                    let source = format!("failure {} {}", failure.name, model.pool_name(pool));
                    let process = Process {
                        failure: id,
                        pool,
                        mean_us: mtbf.time.0 as f64 / units,
                        nodes,
                        gaps: seed.stream(&source, "gap"),
                        picks: seed.stream(&source, "node"),
                        count: 0,
                    };
                    failures.processes.push(process);
                    failures.schedule_next(failures.processes.len() - 1, Time::ZERO);
                }
            }
        }
        failures
    }

    /// Returns when something fails or is repaired next.
    pub fn next_event(&self) -> Time {
        self.agenda.first().map_or(Time::NEVER, |entry| entry.at)
    }

    fn schedule_next(&mut self, process: usize, from: Time) {
        let state = &mut self.processes[process];
        let draw = state.gaps.at(state.count).open_unit();
        state.count += 1;
        // At least one tick, so that no process can fill an instant.
        let gap = Span(((-libm::log(draw) * state.mean_us) as u64).max(1));
        let at = from + gap;
        if at != Time::NEVER {
            self.agenda.insert(Entry { at, what: What::Failure { process } });
        }
    }
}

/// The most nodes that a pool ever has, so that its process need not change with the fleet.
fn most_nodes(model: &Model, pool: PoolId) -> u32 {
    let changed = model.changes.iter().flat_map(|change| &change.settings).filter_map(|setting| match setting {
        Setting::Pool(id, changed) if *id == pool => Some(changed.nodes),
        _ => None,
    });
    changed.chain([model.pools[pool].nodes]).max().unwrap_or(0)
}

impl Run {
    /// Applies the next failure or repair.
    pub(super) fn apply_failure(&mut self) -> Result<(), RunError> {
        let Some(entry) = self.failures.agenda.pop_first() else {
            return Ok(());
        };
        match entry.what {
            What::Failure { process } => {
                let state = &self.failures.processes[process];
                let (failure, pool) = (state.failure, state.pool);
                let node = state.picks.at(state.count).below(u64::from(state.nodes)) as u32;
                self.failures.schedule_next(process, entry.at);
                let busy_only = self.scene.model.failures[failure].while_busy;
                if self.bookings.capacity.is_up(pool, node) && (!busy_only || self.is_node_busy(pool, node)) {
                    let drawn = self.failures.repairs_drawn[failure];
                    self.failures.repairs_drawn[failure] += 1;
                    let seconds = self.scene.model.failures[failure].repair.sample(&mut self.failures.repair_streams[failure].at(drawn));
                    self.fail_node(failure, pool, node, Span::from_secs_f64(seconds))?;
                }
            }
            What::Outage { failure, index } => {
                let Outage { pool, node, lasts, .. } = self.scene.model.failures[failure].outages[index];
                if self.bookings.capacity.is_up(pool, node) {
                    self.fail_node(failure, pool, node, lasts)?;
                }
            }
            What::Repair { pool, node, failure } => self.repair_node(failure, pool, node),
        }
        Ok(())
    }

    fn is_node_busy(&mut self, pool: PoolId, node: u32) -> bool {
        self.scratch.clear();
        self.bookings.capacity.jobs_on(pool, node, &mut self.scratch);
        !self.scratch.is_empty()
    }

    fn fail_node(&mut self, failure: FailureId, pool: PoolId, node: u32, lasts: Span) -> Result<(), RunError> {
        self.totals.events += 1;
        self.digest.event(History::NodeDown as u8, [self.scene.now.0, u64::from(pool.0), u64::from(node)]);
        let mut stopped: Vec<JobId> = std::mem::take(&mut self.scratch);
        stopped.clear();
        self.bookings.capacity.jobs_on(pool, node, &mut stopped);
        stopped.sort_unstable_by_key(|job| self.scene.jobs.attributes(*job).number);
        stopped.dedup();
        for job in &stopped {
            self.stop_by_failure(*job)?;
        }
        self.scratch = stopped;
        if self.window.overlap(self.scene.now, self.scene.now + Span(1)) > Span::ZERO {
            self.bookings.totals[pool].failures += 1;
        }
        if !self.bookings.capacity.is_up(pool, node) {
            // It was to leave, and has left as its jobs were stopped: nobody repairs it.
            return Ok(());
        }
        self.bookings.touch(&self.scene.model, self.scene.now, pool);
        self.bookings.capacity.fail(pool, node);
        self.follow_reserved(pool);
        let crews = &mut self.failures.crews[failure];
        if crews.limit.is_some_and(|limit| crews.busy >= limit) {
            crews.waiting.push_back((pool, node, lasts));
        } else {
            crews.busy += 1;
            self.failures.agenda.insert(Entry { at: self.scene.now + lasts, what: What::Repair { pool, node, failure } });
        }
        Ok(())
    }

    fn repair_node(&mut self, failure: FailureId, pool: PoolId, node: u32) {
        self.totals.events += 1;
        self.digest.event(History::NodeUp as u8, [self.scene.now.0, u64::from(pool.0), u64::from(node)]);
        self.bookings.touch(&self.scene.model, self.scene.now, pool);
        self.bookings.capacity.repair(pool, node);
        self.follow_reserved(pool);
        self.follow_nodes(pool);
        self.delta.freed.push(pool);
        let crews = &mut self.failures.crews[failure];
        crews.busy -= 1;
        if let Some((pool, node, lasts)) = crews.waiting.pop_front() {
            crews.busy += 1;
            self.failures.agenda.insert(Entry { at: self.scene.now + lasts, what: What::Repair { pool, node, failure } });
        }
    }
}
