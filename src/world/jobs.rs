//! Jobs in the system, as columns indexed by slot. A slot is used again after its job has left.

use super::capacity::Held;
use super::network::{CopyId, DatasetId, FlowId};
use super::parts::Parts;
use crate::base::{Bytes, Money, Ratio, Span, Time};
use crate::model::{ClassId, Elastic, JobId, JobNumber, JobSpec, Outcome, PoolId, RegionId, TenantGroupId, TenantId, WorkloadId};
use crate::rules::{self, Claims};

/// No slot.
const NONE: u32 = u32::MAX;

/// Where a job is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// The slot is empty.
    Empty,
    /// Waiting for GPUs.
    Queued,
    /// Holding GPUs, waiting for data.
    Staging,
    /// Holding GPUs, computing (start-up, restore and checkpoints included).
    Running,
    /// Holding GPUs, writing the checkpoint that preemption asked for.
    Stopping,
}

/// Whether a job's next start makes claims on subsidies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claiming {
    /// It has made none, or a failure has released them.
    AtNextStart,
    /// It has made them, and keeps them through preemptions.
    Done,
    /// Some were settled as it was preempted: it makes no others, not even after a failure, or it would get more than its caps.
    Over,
}

/// What a job is; of it, only the size changes while it is in the system, and only of a job that is elastic.
#[derive(Clone, Copy, Debug)]
pub struct Attributes {
    /// Its number in order of submission.
    pub number: JobNumber,
    /// When it was submitted.
    pub submit: Time,
    /// The work on the reference chip as its user estimates it.
    pub estimate: Span,
    /// The size of its gang: what it holds while it holds GPUs, and else what it asks for.
    pub gpus: u32,
    /// The size that it asks for.
    pub asked_gpus: u32,
    /// The sizes at which it can run beside that; none: only at that.
    pub elastic: Option<Elastic>,
    /// Its class.
    pub class: ClassId,
    /// Its tenant.
    pub tenant: TenantId,
    /// Its tenant's group.
    pub group: TenantGroupId,
    /// Its region.
    pub region: RegionId,
    /// Its priority.
    pub priority: i32,
    /// Where it may run: a row of [`Reach`](super::reach::Reach).
    pub reach: super::reach::ReachId,
    /// The dataset that it reads.
    pub dataset: Option<DatasetUse>,
    /// When it should be done; [`Time::NEVER`] without a deadline.
    pub deadline: Time,
}

/// The dataset of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DatasetUse {
    /// Its class.
    pub data: crate::model::DataId,
    /// Which one.
    pub id: DatasetId,
    /// Its size.
    pub bytes: Bytes,
}

/// What only the world knows of a job, or an oracle.
#[derive(Clone, Copy, Debug)]
pub struct Hidden {
    /// True work on the reference chip.
    pub work: Span,
    /// The workload it came from.
    pub workload: WorkloadId,
    /// Its id there.
    pub source_id: u64,
    /// How it ended in its trace.
    pub recorded: Outcome,
    /// When its patience runs out; [`Time::NEVER`] without one.
    pub patience_until: Time,
}

/// What happens to a job now.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    /// Where it is in its life.
    pub state: State,
    /// The work that policies expect of it on the reference chip: its estimate, or what the policy has predicted.
    pub predicted: Span,
    /// Counts changes that make scheduled events stale.
    pub epoch: u32,
    /// The pool it is bound to, or runs in.
    pub pool: Option<PoolId>,
    /// Its GPUs by pool, while it holds them and for what is settled afterwards.
    pub parts: Parts,
    /// Its GPUs by node.
    pub held: Held,
    /// When it got its GPUs.
    pub start: Time,
    /// When the checkpoint is written that it has brought along as it moved here; its start, if it brought none.
    pub written: Time,
    /// When it began to compute; [`Time::NEVER`] while staging.
    pub computing: Time,
    /// When it is expected to end, by its estimate; the key under which the pool's expected ends list it.
    pub expected_end: Time,
    /// Work per second of this attempt, relative to the reference chip.
    pub rate: Ratio,
    /// Work done and safe, on the reference chip.
    pub done: Span,
    /// Whether it must restore before it computes on.
    pub restore: bool,
    /// Where its last checkpoint lies.
    pub checkpoint_at: Option<PoolId>,
    /// The copy of its dataset that it waits for or uses.
    pub copy: Option<CopyId>,
    /// Whether it still waits for that copy.
    pub waits_for_copy: bool,
    /// The transfer of its checkpoint, while that is under way.
    pub checkpoint_flow: Option<FlowId>,
    /// What it holds under the rules.
    pub rule_hold: Option<rules::Held>,
    /// Its claims on subsidies.
    pub claims: Claims,
    /// Whether its next start makes claims.
    pub claiming: Claiming,
    /// What transfers have cost it since its last attempt ended.
    pub transfer_since: Money,
    /// When it is ended, whatever it has done: by its estimate or a quota.
    pub kill_at: Time,
    /// Since when it writes the checkpoint that preemption asked for.
    pub stopping_since: Time,
    /// Prices per GPU-hour at its start, part by part.
    pub prices: [Money; 2],
    /// The policy holds it back until then.
    pub deferred_until: Time,
    /// What it adds to the outstanding work of the pool that it is bound to or runs in.
    pub load_gpu_us: u64,
    /// Added to the power of each part's site with all held GPUs busy.
    pub busy_power_mw: [u64; 2],
}

/// What a job has used so far.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the job's record")]
pub struct Usage {
    pub first_start: Option<Time>,
    pub promised_start: Option<Time>,
    pub starts: u32,
    pub preemptions: u32,
    pub migrations: u32,
    pub resizes: u32,
    pub failures: u32,
    pub staging: Span,
    pub run: Span,
    pub held_gpu_us: u64,
    pub kept_gpu_us: u64,
    pub staging_gpu_us: u64,
    pub checkpointing_gpu_us: u64,
    pub restoring_gpu_us: u64,
    pub lost_gpu_us: u64,
    pub compute_charge: Money,
    pub energy_charge: Money,
    pub transfer_charge: Money,
    pub subsidy: Money,
    pub energy_mj: u64,
    pub carbon_location_mg: u64,
    pub carbon_market_mg: u64,
    pub outlived_estimate: bool,
}

/// The jobs in the system.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    attributes: Vec<Attributes>,
    hidden: Vec<Hidden>,
    status: Vec<Status>,
    usage: Vec<Usage>,
    links: Vec<Links>,
    free: Vec<u32>,
    queued: List,
    running: List,
    next_number: JobNumber,
}

/// A list threaded through the slots, in order of job number.
#[derive(Clone, Copy, Debug)]
struct List {
    first: u32,
    last: u32,
    count: u32,
}

impl Default for List {
    fn default() -> Self {
        Self { first: NONE, last: NONE, count: 0 }
    }
}

#[derive(Clone, Copy, Debug)]
struct Links {
    previous: u32,
    next: u32,
}

impl Jobs {
    /// Returns what a job is.
    pub fn attributes(&self, job: JobId) -> &Attributes {
        &self.attributes[job.0 as usize]
    }
    /// Changes the size of a job.
    pub fn set_gpus(&mut self, job: JobId, gpus: u32) {
        self.attributes[job.0 as usize].gpus = gpus;
    }
    /// Returns what only the world and oracles know of a job.
    pub fn hidden(&self, job: JobId) -> &Hidden {
        &self.hidden[job.0 as usize]
    }
    /// Returns what happens to a job now.
    pub fn status(&self, job: JobId) -> &Status {
        &self.status[job.0 as usize]
    }
    /// Returns what happens to a job now, to be changed.
    pub fn status_mut(&mut self, job: JobId) -> &mut Status {
        &mut self.status[job.0 as usize]
    }
    /// Returns what a job has used.
    pub fn usage(&self, job: JobId) -> &Usage {
        &self.usage[job.0 as usize]
    }
    /// Returns what a job has used, to be changed.
    pub fn usage_mut(&mut self, job: JobId) -> &mut Usage {
        &mut self.usage[job.0 as usize]
    }
    /// Tells whether a slot holds a job; any `u32` may be asked.
    pub fn is_live(&self, job: JobId) -> bool {
        self.status.get(job.0 as usize).is_some_and(|status| status.state != State::Empty)
    }
    /// Counts queued jobs.
    pub fn queued_count(&self) -> u32 {
        self.queued.count
    }
    /// Counts jobs that hold GPUs.
    pub fn running_count(&self) -> u32 {
        self.running.count
    }
    /// Iterates over queued jobs by number. *O*(queued) for the whole.
    pub fn queued(&self) -> impl Iterator<Item = JobId> + '_ {
        self.list(self.queued)
    }
    /// Iterates over jobs that hold GPUs, by the order in which they got them.
    pub fn running(&self) -> impl Iterator<Item = JobId> + '_ {
        self.list(self.running)
    }
    /// Returns the number that the next job gets.
    pub fn next_number(&self) -> JobNumber {
        self.next_number
    }
    /// Takes a number for a job that never enters the system.
    pub fn skip_number(&mut self) -> JobNumber {
        self.next_number += 1;
        self.next_number - 1
    }

    /// Admits a job to the queue and gives it the next number. The caller has looked up group, region and reach.
    pub fn admit(&mut self, spec: &JobSpec, mut attributes: Attributes) -> JobId {
        attributes.number = self.skip_number();
        let hidden = Hidden {
            work: spec.work,
            workload: spec.workload,
            source_id: spec.source_id,
            recorded: spec.recorded,
            patience_until: spec.patience.map_or(Time::NEVER, |patience| spec.submit + patience),
        };
        let links = Links { previous: NONE, next: NONE };
        let slot = match self.free.pop() {
            Some(slot) => {
                let at = slot as usize;
                let epoch = self.status[at].epoch + 1;
                self.attributes[at] = attributes;
                self.hidden[at] = hidden;
                self.status[at] = Status::queued(epoch, attributes.estimate);
                self.usage[at] = Usage::default();
                self.links[at] = links;
                slot
            }
            None => {
                self.attributes.push(attributes);
                self.hidden.push(hidden);
                self.status.push(Status::queued(0, attributes.estimate));
                self.usage.push(Usage::default());
                self.links.push(links);
                (self.attributes.len() - 1) as u32
            }
        };
        Self::append(&mut self.queued, &mut self.links, slot);
        JobId(slot)
    }
    /// Moves a queued job among those that hold GPUs.
    pub fn queued_to_running(&mut self, job: JobId) {
        Self::remove(&mut self.queued, &mut self.links, job.0);
        Self::append(&mut self.running, &mut self.links, job.0);
    }
    /// Moves a job that has got other GPUs behind those that hold theirs for longer.
    pub fn running_anew(&mut self, job: JobId) {
        Self::remove(&mut self.running, &mut self.links, job.0);
        Self::append(&mut self.running, &mut self.links, job.0);
    }
    /// Moves a job that held GPUs back into the queue, to the place of its number. *O*(queued jobs with a larger number).
    pub fn running_to_queued(&mut self, job: JobId) {
        Self::remove(&mut self.running, &mut self.links, job.0);
        let number = self.attributes[job.0 as usize].number;
        let mut before = self.queued.last;
        while before != NONE && self.attributes[before as usize].number > number {
            before = self.links[before as usize].previous;
        }
        let next = if before == NONE { self.queued.first } else { self.links[before as usize].next };
        self.links[job.0 as usize] = Links { previous: before, next };
        if before == NONE {
            self.queued.first = job.0;
        } else {
            self.links[before as usize].next = job.0;
        }
        if next == NONE {
            self.queued.last = job.0;
        } else {
            self.links[next as usize].previous = job.0;
        }
        self.queued.count += 1;
    }
    /// Removes a job from the system; its slot is free.
    pub fn leave(&mut self, job: JobId) {
        let status = &mut self.status[job.0 as usize];
        assert!(status.state != State::Empty, "a job leaves once");
        let list = if status.state == State::Queued { &mut self.queued } else { &mut self.running };
        status.state = State::Empty;
        status.epoch = status.epoch.wrapping_add(1);
        Self::remove(list, &mut self.links, job.0);
        self.free.push(job.0);
    }

    fn list(&self, list: List) -> impl Iterator<Item = JobId> + '_ {
        let mut at = list.first;
        std::iter::from_fn(move || {
            let job = (at != NONE).then_some(JobId(at))?;
            at = self.links[at as usize].next;
            Some(job)
        })
    }
    fn append(list: &mut List, links: &mut [Links], slot: u32) {
        links[slot as usize] = Links { previous: list.last, next: NONE };
        if list.last == NONE {
            list.first = slot;
        } else {
            links[list.last as usize].next = slot;
        }
        list.last = slot;
        list.count += 1;
    }
    fn remove(list: &mut List, links: &mut [Links], slot: u32) {
        let Links { previous, next } = links[slot as usize];
        if previous == NONE {
            list.first = next;
        } else {
            links[previous as usize].next = next;
        }
        if next == NONE {
            list.last = previous;
        } else {
            links[next as usize].previous = previous;
        }
        list.count -= 1;
    }
}

impl Status {
    fn queued(epoch: u32, predicted: Span) -> Self {
        Self {
            state: State::Queued,
            predicted,
            epoch,
            pool: None,
            parts: Parts::NONE,
            held: Held::NOTHING,
            start: Time::NEVER,
            written: Time::NEVER,
            computing: Time::NEVER,
            expected_end: Time::NEVER,
            rate: Ratio::ONE,
            done: Span::ZERO,
            restore: false,
            checkpoint_at: None,
            copy: None,
            waits_for_copy: false,
            checkpoint_flow: None,
            rule_hold: None,
            claims: Claims::NONE,
            claiming: Claiming::AtNextStart,
            transfer_since: Money::ZERO,
            kill_at: Time::NEVER,
            stopping_since: Time::NEVER,
            prices: [Money::ZERO; 2],
            deferred_until: Time::ZERO,
            load_gpu_us: 0,
            busy_power_mw: [0; 2],
        }
    }
}
