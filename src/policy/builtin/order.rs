//! Which job goes first.

use super::composed::Listed;
use super::drf::Shares;
use super::fair_share::FairShare;
use super::las::Turns;
use super::tiresias::Levels;
use super::{cohort, deadline, f1, las, lcfs, ljf, ready_time, smallest_area, srpt, srtf, unicep, wfp3};
use crate::base::Time;
use crate::base::blocks::{Blocks, Item};
use crate::model::{JobId, JobNumber, Model, PolicyPart, PoolId};
use crate::policy::{PartInfo, PartKind, Plan, View};

pub(super) static FIFO: PartInfo = PartInfo {
    name: "fifo",
    kind: PartKind::Order,
    summary: "first come first served, by submission",
    parameters: &[],
    citation: "the baseline of every study",
    notes: "one large job at the head holds back all behind it, unless there is backfilling",
    tested: &["engine::tests::backfilling_gives_the_hand_worked_schedule", "it::published::itp_start_times_are_exact"],
    oracle: false,
};

pub(super) static SJF: PartInfo = PartInfo {
    name: "sjf",
    kind: PartKind::Order,
    summary: "shortest job first, by the true work (an oracle)",
    parameters: &[],
    citation: "Phipps 1956, \"Machine repair as a priority waiting-line problem\"",
    notes: "logarithmic in the queue; long jobs may starve",
    tested: &["it::published::itp_start_times_are_exact"],
    oracle: true,
};

pub(super) static SMALLEST: PartInfo = PartInfo {
    name: "smallest",
    kind: PartKind::Order,
    summary: "smallest gang first, then by submission",
    parameters: &[],
    citation: "Majumdar, Eager, Bunt 1988, \"Scheduling in multiprogrammed parallel systems\"",
    notes: "logarithmic in the queue; large gangs may starve",
    tested: &["it::chaos::builtin::no_world_breaks_under_a_built_in_policy"],
    oracle: false,
};

pub(super) static PRIORITY: PartInfo = PartInfo {
    name: "priority",
    kind: PartKind::Order,
    summary: "highest priority first, then by submission",
    parameters: &[],
    citation: "Cobham 1954, \"Priority assignment in waiting line problems\"",
    notes: "logarithmic in the queue; low priorities may starve",
    tested: &["it::known_answers::stochastic_cases_come_out_within_five_per_cent"],
    oracle: false,
};

/// An order of jobs.
#[derive(Clone, Debug)]
pub(super) enum Order {
    Fifo,
    ShortestFirst,
    SmallestFirst,
    Priority,
    FairShare(FairShare),
    DominantShare(Shares),
    ShortestRemaining,
    LeastAttained(Turns),
    LastFirst,
    ReadyTime,
    Cohort,
    LongestFirst,
    SmallestArea,
    ShortestRemainingTime,
    ShortestRemainingService,
    Wfp3,
    Unicep,
    F1,
    EarliestDeadline,
    Levels(Box<Levels>),
}

/// A queue in the order of its keys, then numbers; beside it, per size of gang, the same jobs with their least expected run time, so that
/// the first one that may pass a blocked head is found without walking the queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    jobs: Blocks<Waiting>,
    /// By size of gang, in order of size.
    by_gpus: Vec<(u32, Blocks<Waiting>)>,
    version: u64,
}

/// A place in the order: key, then number.
pub(super) type QueuePlace = (i64, JobNumber);

/// A queued job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) place: QueuePlace,
    pub(super) job: JobId,
    pub(super) gpus: u32,
    /// Expected run time in microseconds, without waiting for data.
    pub(super) run_us: u64,
}

impl Item for Waiting {
    type Key = QueuePlace;
    type Summary = u64;
    fn key(&self) -> QueuePlace {
        self.place
    }
    fn nothing() -> u64 {
        u64::MAX
    }
    fn with(&self, shortest: u64) -> u64 {
        shortest.min(self.run_us)
    }
}

impl Order {
    pub(super) fn new(part: &PolicyPart, model: &Model) -> Self {
        match part.name.as_str() {
            "fifo" => Self::Fifo,
            "sjf" => Self::ShortestFirst,
            "smallest" => Self::SmallestFirst,
            "priority" => Self::Priority,
            "fair-share" => Self::FairShare(FairShare::new(model.tenant_count())),
            "drf" => Self::DominantShare(Shares::new(model.tenant_count(), model.chips.len())),
            "srpt" => Self::ShortestRemaining,
            "las" => Self::LeastAttained(Turns::new(part)),
            "lcfs" => Self::LastFirst,
            "ready-time" => Self::ReadyTime,
            "cohort" => Self::Cohort,
            "ljf" => Self::LongestFirst,
            "smallest-area" => Self::SmallestArea,
            "srtf" => Self::ShortestRemainingTime,
            "srsf" => Self::ShortestRemainingService,
            "wfp3" => Self::Wfp3,
            "unicep" => Self::Unicep,
            "f1" => Self::F1,
            "deadline" => Self::EarliestDeadline,
            "tiresias" => Self::Levels(Box::new(Levels::new(part))),
            other => unreachable!("the registry knows no order `{other}`"),
        }
    }
    /// Returns the key of a job: smaller goes first.
    pub(super) fn key(&self, view: View<'_>, job: JobId) -> i64 {
        let attributes = view.job(job);
        match self {
            Self::Fifo => 0,
            Self::ShortestFirst => i64::try_from(view.true_work(job).0).unwrap_or(i64::MAX),
            Self::SmallestFirst => i64::from(attributes.gpus),
            Self::Priority => -i64::from(attributes.priority),
            Self::FairShare(share) => share.key(view, job),
            Self::DominantShare(shares) => shares.key(view, job),
            Self::ShortestRemaining => srpt::key(view, job),
            Self::LeastAttained(_) => las::key(view, job),
            Self::LastFirst => lcfs::key(view, job),
            Self::ReadyTime => ready_time::key(view),
            Self::Cohort => cohort::key(view, job),
            Self::LongestFirst => ljf::key(view, job),
            Self::SmallestArea => smallest_area::key(view, job),
            Self::ShortestRemainingTime => srtf::key(view, job),
            Self::ShortestRemainingService => srtf::key_by_service(view, job),
            Self::Wfp3 => wfp3::key(view, job),
            Self::Unicep => unicep::key(view, job),
            Self::F1 => f1::key(view, job),
            Self::EarliestDeadline => deadline::key(view, job),
            Self::Levels(levels) => levels.key(job),
        }
    }
    /// Tells whether a running job gives way to a waiting one, where the policy preempts by the order: it ranks lower, and by so much that the two
    /// would not change places again at once.
    pub(super) fn gives_way(&self, view: View<'_>, runs: JobId, waits: JobId) -> bool {
        match self {
            Self::FairShare(share) => share.gives_way(view, runs, waits),
            Self::DominantShare(shares) => shares.gives_way(view, runs, waits),
            Self::LeastAttained(turns) => turns.gives_way(view, runs, waits),
            _ => self.key(view, runs) > self.key(view, waits),
        }
    }
    /// Follows what happened since the last round.
    pub(super) fn follow(&mut self, view: View<'_>) {
        match self {
            Self::FairShare(share) => share.follow(view),
            Self::DominantShare(shares) => shares.follow(view),
            Self::Levels(levels) => levels.follow(view),
            _ => {}
        }
    }
    /// Notes who runs after the plan, at its end; asks for a look when somebody's turn is over, if turns are taken then.
    pub(super) fn settle(&mut self, view: View<'_>, plan: &mut Plan<'_>, takes_turns: bool) {
        if let Self::Levels(levels) = self {
            levels.settle(view, plan, takes_turns);
        }
    }
    /// Tells whether the order has asked for a look that is due: somebody's turn is over.
    pub(super) fn is_due(&self, now: Time) -> bool {
        match self {
            Self::LeastAttained(turns) => turns.is_due(now),
            Self::Levels(levels) => levels.is_due(now),
            _ => false,
        }
    }
    /// Notes a start.
    pub(super) fn started(&mut self, view: View<'_>, job: JobId, pool: PoolId) {
        match self {
            Self::FairShare(share) => share.started(view, job),
            Self::DominantShare(shares) => shares.started(view, job, pool),
            _ => {}
        }
    }
    /// Notes that a running job gives way, before it has given its GPUs back.
    pub(super) fn preempted(&mut self, view: View<'_>, job: JobId) {
        match self {
            Self::FairShare(share) => share.preempted(view, job),
            Self::DominantShare(shares) => shares.preempted(view, job),
            _ => {}
        }
    }
    /// Tells whether every start changes the ranks of those who wait.
    pub(super) fn shares(&self) -> bool {
        matches!(self, Self::FairShare(_) | Self::DominantShare(_))
    }
    /// Asks for a round when somebody's turn may be over, where jobs take turns: the key of the first queued job is given, and the pools it may use.
    pub(super) fn plan_look(&mut self, view: View<'_>, plan: &mut Plan<'_>, least_queued: i64, pools: impl Iterator<Item = PoolId>) {
        if let Self::LeastAttained(turns) = self {
            turns.plan_look(view, plan, least_queued, pools);
        }
    }
    /// Returns what changes whenever keys of waiting jobs do.
    fn version(&self, now: Time) -> u64 {
        match self {
            Self::FairShare(share) => share.version(),
            Self::DominantShare(shares) => shares.version(),
            Self::Levels(levels) => levels.version(),
            Self::Wfp3 | Self::Unicep => now.0,
            _ => 0,
        }
    }
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }
    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }
    /// Iterates in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = JobId> {
        self.jobs.iter().map(|waiting| waiting.job)
    }
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.jobs.insert(waiting);
        self.of_size(waiting.gpus).insert(waiting);
    }
    /// Removes a job from its place.
    pub(super) fn remove(&mut self, place: QueuePlace) {
        let waiting = self.jobs.remove(place);
        self.of_size(waiting.gpus).remove(place);
    }
    /// Brings the keys up to date, here and where they are `listed`, where they change while jobs wait. *O*(queue log queue) if any has.
    pub(super) fn refresh(&mut self, order: &Order, view: View<'_>, listed: &mut Listed) {
        if self.version == order.version(view.now()) {
            return;
        }
        self.version = order.version(view.now());
        let jobs: Vec<Waiting> = self.jobs.iter().copied().collect();
        self.jobs.clear();
        self.by_gpus.iter_mut().for_each(|(_, of_size)| of_size.clear());
        for waiting in jobs {
            let key = order.key(view, waiting.job);
            listed.set_key(waiting.job, key);
            self.push(Waiting { place: (key, waiting.place.1), ..waiting });
        }
    }
    /// Iterates over the jobs in order.
    pub(super) fn jobs(&self) -> impl Iterator<Item = JobId> + '_ {
        self.jobs.iter().map(|waiting| waiting.job)
    }
    /// Returns the first job after a place in the order.
    pub(super) fn next(&self, after: Option<QueuePlace>) -> Option<Waiting> {
        self.jobs.after(after).copied()
    }
    /// Returns the first job after a place that is small enough: of at most `free` GPUs, and, where it takes more than `spare` of them, expected
    /// to run for at most `window_us`. *O*(sizes × blocks).
    pub(super) fn next_small(&self, after: QueuePlace, free: u64, spare: u64, window_us: u64) -> Option<Waiting> {
        let sizes = self.by_gpus.iter().take_while(|(gpus, _)| u64::from(*gpus) <= free);
        let first = |(gpus, of_size): &(u32, Blocks<Waiting>)| {
            if u64::from(*gpus) <= spare {
                of_size.after(Some(after)).copied()
            } else {
                of_size.find_after(Some(after), |shortest| shortest <= window_us, |waiting| waiting.run_us <= window_us).copied()
            }
        };
        sizes.filter_map(first).min_by_key(|waiting| waiting.place)
    }

    fn of_size(&mut self, gpus: u32) -> &mut Blocks<Waiting> {
        let at = match self.by_gpus.binary_search_by_key(&gpus, |(gpus, _)| *gpus) {
            Ok(at) => at,
            Err(at) => {
                self.by_gpus.insert(at, (gpus, Blocks::default()));
                at
            }
        };
        &mut self.by_gpus[at].1
    }
}
