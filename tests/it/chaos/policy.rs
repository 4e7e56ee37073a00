//! A policy that does random things, and keeps to the protocol while it does.

use edwc::base::random::{Draws, Seed, Stream};
use edwc::base::{Span, Time};
use edwc::model::{JobId, PoolId, SiteId};
use edwc::policy::{Needs, Plan, PolicyError, Scheduler, View};
use edwc::world::jobs::State;
use edwc::world::{Allocation, Preempt, Refusal};
use std::collections::BTreeSet;

/// Rounds in which it does its worst; after that it only starts jobs, so that runs come to an end.
const WILD_ROUNDS: u64 = 250;

/// A policy that places, preempts, defers, rejects, moves data and wakes itself by chance, tries and takes back, and often asks for what it
/// cannot have.
pub struct Chaos {
    stream: Stream,
    round: u64,
}

impl Chaos {
    pub fn new(seed: u64) -> Self {
        Self { stream: Seed { seed, replication: 0 }.stream("chaos", "policy"), round: 0 }
    }
}

impl Scheduler for Chaos {
    fn needs(&self) -> Needs {
        Needs { every_event: true, ..Needs::default() }
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        let draws = self.stream.at(self.round);
        self.round += 1;
        let mut round = Wishes { view, draws, decided: BTreeSet::new() };
        if self.round < WILD_ROUNDS {
            for _ in 0..round.draws.below(8) {
                round.act(plan);
            }
        }
        if self.round >= WILD_ROUNDS || round.draws.below(2) == 0 {
            round.start_what_fits(plan);
        }
        Ok(())
    }
}

/// One round of it.
struct Wishes<'a> {
    view: View<'a>,
    draws: Draws,
    /// Jobs that the plan has decided on: none may be named twice.
    decided: BTreeSet<JobId>,
}

impl Wishes<'_> {
    fn act(&mut self, plan: &mut Plan<'_>) {
        match self.draws.below(16) {
            0..=5 => self.place(plan),
            6 if self.draws.below(2) == 0 => self.resize(plan),
            6 => self.migrate(plan),
            7 => self.bind(plan),
            8..=9 => self.preempt(plan),
            10 => self.defer(plan),
            11 => self.prefetch(plan),
            12 => self.wake(plan),
            13 if self.draws.below(8) == 0 => self.reject(plan),
            _ => self.try_and_take_back(plan),
        }
    }

    fn one_of<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        (!items.is_empty()).then(|| items[self.draws.below(items.len() as u64) as usize])
    }
    fn any_pool(&mut self) -> PoolId {
        PoolId(self.draws.below(self.view.model().pools.len() as u64) as u32)
    }
    fn queued_job(&mut self) -> Option<JobId> {
        let jobs: Vec<JobId> = self.view.jobs().queued().filter(|job| !self.decided.contains(job)).collect();
        self.one_of(&jobs)
    }
    fn later(&mut self) -> Time {
        let span = [0, 1, 1_000_000, 3_600_000_000, 86_400_000_000][self.draws.below(5) as usize];
        self.view.now() + Span(span)
    }

    fn place(&mut self, plan: &mut Plan<'_>) {
        let Some(job) = self.queued_job() else { return };
        let shares = self.shares(plan, job);
        if !shares.is_empty() && accepted(plan.place(job, &shares)) {
            self.decided.insert(job);
        }
    }
    /// Makes up where a gang goes: packed by default, on nodes of its choice, or split over two pools.
    fn shares(&mut self, plan: &Plan<'_>, job: JobId) -> Vec<Allocation> {
        let gpus = if self.draws.below(3) == 0 { self.size(job) } else { self.view.job(job).gpus };
        let pools: Vec<PoolId> = self.view.candidates(job).iter().map(|candidate| candidate.pool).collect();
        let pool = if self.draws.below(8) == 0 { None } else { self.one_of(&pools) };
        let pool = pool.unwrap_or_else(|| self.any_pool());
        match self.draws.below(4) {
            0 => self.on_nodes(plan, pool, gpus),
            1 if gpus > 1 => {
                let here = 1 + self.draws.below(u64::from(gpus) - 1) as u32;
                let other = self.any_pool();
                vec![Allocation::new(pool, here), Allocation::new(other, gpus - here)]
            }
            _ => vec![Allocation::new(pool, gpus)],
        }
    }
    /// Names nodes, most of them with room, until the gang is complete; the rest goes wherever it fits.
    fn on_nodes(&mut self, plan: &Plan<'_>, pool: PoolId, gpus: u32) -> Vec<Allocation> {
        let nodes = self.view.model().pools[pool].nodes;
        let (mut shares, mut rest) = (Vec::new(), gpus);
        for node in 0..nodes {
            let free = plan.bookings().capacity.node_free(pool, node);
            if rest == 0 || free == 0 || self.draws.below(3) == 0 {
                continue;
            }
            let most = u64::from(free.min(rest));
            let taken = 1 + self.draws.below(most) as u32;
            shares.push(Allocation { pool, gpus: taken, node: Some(node) });
            rest -= taken;
        }
        if rest > 0 {
            shares.push(Allocation::new(pool, rest));
        }
        shares
    }

    fn bind(&mut self, plan: &mut Plan<'_>) {
        if let Some(job) = self.queued_job() {
            let pool = self.any_pool();
            accepted(plan.bind(job, pool));
        }
    }
    fn preempt(&mut self, plan: &mut Plan<'_>) {
        let how = if self.draws.below(2) == 0 { Preempt::Checkpoint } else { Preempt::Discard };
        if let Some(job) = self.running_job()
            && accepted(plan.preempt(job, how))
        {
            self.decided.insert(job);
        }
    }
    /// Lets a job go on elsewhere, most of the time where it may.
    fn migrate(&mut self, plan: &mut Plan<'_>) {
        let Some(job) = self.running_job() else { return };
        let shares = self.shares(plan, job);
        if !shares.is_empty() && accepted(plan.migrate(job, &shares)) {
            self.decided.insert(job);
        }
    }
    /// Lets a job go on with more or fewer GPUs, most of the time one that can.
    fn resize(&mut self, plan: &mut Plan<'_>) {
        let Some(job) = self.running_job() else { return };
        let gpus = self.size(job);
        if accepted(plan.resize(job, gpus)) {
            self.decided.insert(job);
        }
    }
    /// Makes up a size for a job: of an elastic one, often another than it has; of the others, now and then one that they cannot have.
    fn size(&mut self, job: JobId) -> u32 {
        let attributes = self.view.job(job);
        match attributes.elastic {
            Some(sizes) if self.draws.below(8) > 0 => sizes.min + self.draws.below(u64::from(sizes.max - sizes.min) + 1) as u32,
            Some(sizes) => sizes.max.saturating_add(1),
            None => attributes.gpus,
        }
    }
    fn running_job(&mut self) -> Option<JobId> {
        let jobs: Vec<JobId> = self.view.jobs().running().filter(|job| !self.decided.contains(job) && self.may_stop(*job)).collect();
        self.one_of(&jobs)
    }
    fn may_stop(&self, job: JobId) -> bool {
        matches!(self.view.status(job).state, State::Staging | State::Running)
    }
    fn defer(&mut self, plan: &mut Plan<'_>) {
        if let Some(job) = self.queued_job() {
            let until = self.later();
            if accepted(plan.defer(job, until)) {
                self.decided.insert(job);
            }
        }
    }
    fn reject(&mut self, plan: &mut Plan<'_>) {
        if let Some(job) = self.queued_job()
            && accepted(plan.reject(job))
        {
            self.decided.insert(job);
        }
    }
    fn prefetch(&mut self, plan: &mut Plan<'_>) {
        if let Some(job) = self.queued_job() {
            let site = SiteId(self.draws.below(self.view.model().sites.len() as u64) as u32);
            accepted(plan.prefetch(job, site));
        }
    }
    fn wake(&mut self, plan: &mut Plan<'_>) {
        let at = self.later();
        accepted(plan.wake_at(at));
    }

    /// Does several things and takes them all back: the world must be exactly as it was.
    fn try_and_take_back(&mut self, plan: &mut Plan<'_>) {
        let before = Snapshot::of(self.view, plan);
        let (mark, decided) = (plan.mark(), self.decided.clone());
        for _ in 0..=self.draws.below(6) {
            match self.draws.below(9) {
                0..=3 => self.place(plan),
                4..=5 => self.preempt(plan),
                8 if self.draws.below(2) == 0 => self.resize(plan),
                8 => self.migrate(plan),
                6 => self.bind(plan),
                _ => self.defer(plan),
            }
        }
        plan.rollback(mark);
        self.decided = decided;
        assert_eq!(Snapshot::of(self.view, plan), before, "what is taken back leaves no trace");
    }

    fn start_what_fits(&mut self, plan: &mut Plan<'_>) {
        let queued: Vec<JobId> = self.view.jobs().queued().filter(|job| !self.decided.contains(job)).collect();
        for job in queued {
            let gpus = self.view.job(job).gpus;
            let candidates = self.view.candidates(job).to_vec();
            let mut fits = candidates.iter().filter(|candidate| plan.fits(candidate.pool, gpus)).map(|candidate| candidate.pool);
            if let Some(pool) = fits.next() {
                accepted(plan.place(job, &[Allocation::new(pool, gpus)]));
            }
        }
    }
}

/// Tells whether the world went along. It may deny anything, but the protocol is kept.
fn accepted(result: Result<(), Refusal>) -> bool {
    match result {
        Ok(()) => true,
        Err(Refusal::Protocol(fault)) => panic!("the protocol was kept, but: {fault}"),
        Err(_) => false,
    }
}

/// All that a plan can change.
#[derive(PartialEq, Debug)]
struct Snapshot {
    nodes: Vec<u32>,
    pools: Vec<[u64; 10]>,
    ends: Vec<String>,
    quotas: Vec<(u64, Option<u64>)>,
    caps: Vec<Option<(u128, u128)>>,
    sites: Vec<(u64, u64)>,
}

impl Snapshot {
    fn of(view: View<'_>, plan: &Plan<'_>) -> Self {
        use edwc::rules::Capped;
        let (model, bookings) = (view.model(), plan.bookings());
        let capacity = &bookings.capacity;
        // Caps count on demand: what is read must have been brought up to now.
        let mut rules = bookings.rules.clone();
        rules.advance(model, view.now()).expect("no money moves");
        let pool = |pool: PoolId| {
            let load = bookings.load[pool];
            [
                capacity.free(pool),
                capacity.held(pool),
                capacity.down(pool),
                capacity.installed(pool),
                capacity.reserved(pool),
                u64::from(capacity.busy_nodes(pool)),
                u64::from(capacity.whole_nodes(pool)) << 32 | u64::from(capacity.largest_free(pool)),
                load.queued,
                load.queued_gpus,
                load.outstanding_gpu_us as u64,
            ]
        };
        let quotas = rules.quotas();
        let of_chips = model.quotas.ids().flat_map(|quota| model.chips.ids().map(move |chip| (quota, chip)));
        let capped = |quota| [Capped::GpuHours, Capped::Energy].map(|capped| rules.cap_usage(quota, capped));
        Self {
            nodes: model.pools.ids().flat_map(|pool| (0..40).map(move |node| capacity.node_free(pool, node))).collect(),
            pools: model.pools.ids().map(pool).collect(),
            ends: bookings.ends.iter().map(|ends| format!("{:?}", ends.iter().collect::<Vec<_>>())).collect(),
            quotas: of_chips.map(|(quota, chip)| (quotas.usage(quota, chip), quotas.headroom(quota, chip))).collect(),
            caps: model.quotas.ids().flat_map(capped).collect(),
            sites: model.sites.ids().map(|site| (bookings.admitted[site], bookings.busy_power_mw[site])).collect(),
        }
    }
}
