//! The part of the world that a plan changes at once, decision by decision, and can take back: GPUs, expected ends, loads, rules.

use super::afar::{Afar, Glance};
use super::capacity::{Capacity, Held};
use super::ends::{End, ExpectedEnds};
use super::parts::Parts;
use super::quote::{self, Quote};
use super::reach::Candidate;
use super::records::PoolTotals;
use super::scene::Scene;
use super::window::Window;
use crate::base::{Column, Money, MoneyOverflow, Span, Time};
use crate::model::{JobId, JobNumber, Model, PoolId, SiteId};
use crate::rules::{self, Bases, Claims, Part, Rules, Start};

/// What is booked.
#[derive(Clone, Debug)]
pub struct Bookings {
    /// GPUs by node.
    pub capacity: Capacity,
    /// Jobs that hold GPUs of each pool, by expected end.
    pub ends: Column<PoolId, ExpectedEnds>,
    /// What is bound to each pool.
    pub load: Column<PoolId, Load>,
    /// IT power of each site's held GPUs beyond idle, if all were busy, in milliwatts.
    pub busy_power_mw: Column<SiteId, u64>,
    /// Jobs that wait or run at each site, for limits on jobs.
    pub admitted: Column<SiteId, u64>,
    /// Integrals of each pool within the measured window.
    pub totals: Column<PoolId, PoolTotals>,
    /// Whether the head of each pool's queue waits for room, as the policy says; for the report on fragmentation only.
    head_waits: Column<PoolId, bool>,
    /// When each pool's integrals were last brought up to date.
    since: Column<PoolId, Time>,
    /// The measured window.
    pub window: Window,
    /// Quotas, caps, subsidies, access, and the books.
    pub rules: Rules,
    /// Net costs of the last job that was submitted at each of its candidates, as it compared them with what it pays.
    offers: Offers,
    /// How pools look to who stands above the sites; none: as they are.
    pub(super) afar: Option<Box<Afar>>,
}

/// The net costs of one job at an instant; who binds it at the same instant need not work them out again.
#[derive(Clone, Debug, Default)]
struct Offers {
    number: JobNumber,
    at: Time,
    costs: Vec<(PoolId, Money)>,
}

/// What a waiting job adds to the pool that it is bound to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bound {
    /// The pool.
    pub pool: PoolId,
    /// Its work there as GPU time, by estimate.
    pub load_gpu_us: u64,
}

/// What follows a job that holds GPUs.
#[derive(Clone, Copy, Debug)]
pub struct Following {
    /// The job.
    pub job: JobId,
    /// Its number.
    pub number: JobNumber,
    /// Its GPUs by pool.
    pub parts: Parts,
    /// Its GPUs by node.
    pub held: Held,
    /// When it is expected to end.
    pub expected_end: Time,
    /// Its work as GPU time, by estimate.
    pub load_gpu_us: u64,
    /// Added to the power of each part's site with all held GPUs busy.
    pub busy_power_mw: [u64; 2],
}

impl Following {
    /// Returns what follows a running job.
    pub fn of(scene: &Scene, job: JobId) -> Self {
        let status = scene.jobs.status(job);
        Self {
            job,
            number: scene.jobs.attributes(job).number,
            parts: status.parts,
            held: status.held,
            expected_end: status.expected_end,
            load_gpu_us: status.load_gpu_us,
            busy_power_mw: status.busy_power_mw,
        }
    }
    /// Returns its expected end in a pool of which it holds so many GPUs.
    fn end(&self, gpus: u32) -> End {
        End { at: self.expected_end, number: self.number, job: self.job, held: self.held, gpus }
    }
}

/// What is bound to a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Load {
    /// Jobs that wait.
    pub queued: u64,
    /// Their GPUs.
    pub queued_gpus: u64,
    /// GPU time of what waits and runs there, by estimate; a job counts in full until it ends.
    pub outstanding_gpu_us: u128,
}

/// When and with what room a blocked job could start in a pool, by expected ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// The pool.
    pub pool: PoolId,
    /// The shadow time.
    pub at: Time,
    /// GPUs that are spare then beside the job's own, where packing plays no part; `None`: packing decides.
    pub spare: Option<u64>,
}

impl Bookings {
    /// Makes the empty books of a model.
    pub fn new(model: &Model, rules: Rules, window: Window) -> Self {
        let capacity = Capacity::new(model);
        let empty = |pool| Glance { room: capacity.room(pool), running: 0, load: Load::default() };
        let delay = model.policy.view_delay;
        let afar = (delay > Span::ZERO).then(|| Box::new(Afar::new(delay, model.pools.ids().map(empty).collect())));
        Self {
            afar,
            capacity,
            ends: Column::filled(model.pools.len(), ExpectedEnds::default()),
            load: Column::filled(model.pools.len(), Load::default()),
            busy_power_mw: Column::filled(model.sites.len(), 0),
            admitted: Column::filled(model.sites.len(), 0),
            totals: Column::filled(model.pools.len(), PoolTotals::default()),
            head_waits: Column::filled(model.pools.len(), false),
            since: Column::filled(model.pools.len(), Time::ZERO),
            window,
            rules,
            offers: Offers::default(),
        }
    }

    /// Notes how pools stand as an instant ends, for who sees that later; returns when it is seen, if anything has changed.
    pub fn note_for_afar(&mut self, now: Time) -> Option<Time> {
        let afar = self.afar.as_mut()?;
        let (capacity, ends, load) = (&self.capacity, &self.ends, &self.load);
        afar.note(now, |pool| Glance { room: capacity.room(pool), running: ends[pool].count(), load: load[pool] })
    }
    /// Shows what has come to be seen from afar.
    pub fn show_afar(&mut self, now: Time) {
        if let Some(afar) = &mut self.afar {
            afar.show(now);
        }
    }

    /// Brings a pool's integrals up to date, before something changes in it. *O*(1).
    pub fn touch(&mut self, model: &Model, now: Time, pool: PoolId) {
        let since = std::mem::replace(&mut self.since[pool], now);
        let time = u128::from(self.window.overlap(since, now).0);
        if time == 0 {
            return;
        }
        let totals = &mut self.totals[pool];
        let installed = u128::from(self.capacity.installed(pool));
        totals.installed += installed * time;
        totals.up += (installed - u128::from(self.capacity.down(pool))) * time;
        if self.head_waits[pool] {
            totals.fragmented += u128::from(self.capacity.free(pool)) * time;
        }
        let reserved = self.capacity.reserved(pool);
        totals.reserved += u128::from(reserved) * time;
        let nodes = u64::from(self.capacity.installed_nodes(pool));
        totals.node_time += u128::from(nodes) * time;
        let reserved_nodes = reserved.div_ceil(u64::from(model.pools[pool].gpus_per_node.max(1)));
        totals.taken_up += u128::from((u64::from(self.capacity.busy_nodes(pool)) + reserved_nodes).min(nodes)) * time;
    }

    /// Notes whether the head of a pool's queue waits for room.
    pub fn note_head(&mut self, model: &Model, now: Time, pool: PoolId, waits: bool) {
        if self.head_waits[pool] != waits {
            self.touch(model, now, pool);
            self.head_waits[pool] = waits;
        }
    }

    /// Returns a job as the rules see its start in the given parts.
    pub fn start<'a>(scene: &Scene, job: JobId, parts: &'a [Part], expected_end: Time) -> Start<'a> {
        let attributes = scene.jobs.attributes(job);
        Start {
            number: attributes.number,
            tenant: attributes.tenant,
            group: attributes.group,
            class: attributes.class,
            priority: attributes.priority,
            gpus: parts.iter().map(|part| part.gpus).sum(),
            parts,
            now: scene.now,
            expected_end,
        }
    }

    /// Takes a waiting job off the load of the pool that it was bound to.
    pub fn unbind(&mut self, site: SiteId, bound: Bound, gpus: u32) {
        let load = &mut self.load[bound.pool];
        load.queued -= 1;
        load.queued_gpus -= u64::from(gpus);
        load.outstanding_gpu_us -= u128::from(bound.load_gpu_us);
        self.admitted[site] -= 1;
    }
    /// Adds a waiting job to the load of a pool.
    pub fn bind(&mut self, site: SiteId, bound: Bound, gpus: u32) {
        let load = &mut self.load[bound.pool];
        load.queued += 1;
        load.queued_gpus += u64::from(gpus);
        load.outstanding_gpu_us += u128::from(bound.load_gpu_us);
        self.admitted[site] += 1;
    }
    /// Adds a job that holds its GPUs: what follows it by expected end, power and load.
    pub fn follow(&mut self, scene: &Scene, running: &Following) {
        for ((pool, gpus), power) in running.parts.iter().zip(running.busy_power_mw) {
            self.busy_power_mw[scene.model.pools[pool].site] += power;
            self.ends[pool].insert(running.end(gpus));
        }
        let first = running.parts.as_slice()[0].0;
        self.load[first].outstanding_gpu_us += u128::from(running.load_gpu_us);
        self.admitted[scene.model.pools[first].site] += 1;
    }
    /// Takes that back.
    pub fn unfollow(&mut self, scene: &Scene, running: &Following) {
        for ((pool, _), power) in running.parts.iter().zip(running.busy_power_mw) {
            self.busy_power_mw[scene.model.pools[pool].site] -= power;
            self.ends[pool].remove(running.expected_end, running.number);
        }
        let first = running.parts.as_slice()[0].0;
        self.load[first].outstanding_gpu_us -= u128::from(running.load_gpu_us);
        self.admitted[scene.model.pools[first].site] -= 1;
    }
    /// Gives back the GPUs of a job, and all that follows them. Quotas are released apart, as they want to know what was used.
    pub fn give_back(&mut self, scene: &Scene, job: JobId) {
        let running = Following::of(scene, job);
        for (pool, _) in running.parts.iter() {
            self.touch(&scene.model, scene.now, pool);
        }
        self.unfollow(scene, &running);
        self.capacity.release(running.held);
    }
    /// Takes the GPUs of a job again that were just given back.
    pub fn take_again(&mut self, scene: &Scene, job: JobId, shares: &[(PoolId, u32, u32)]) {
        let running = Following::of(scene, job);
        let held = self.capacity.take_again(job, shares);
        assert!(held == running.held, "what was given back last is taken again as it was");
        self.follow(scene, &running);
    }
    /// Moves a job's expected end.
    pub fn move_expected_end(&mut self, scene: &Scene, job: JobId, to: Time) {
        let running = Following::of(scene, job);
        if running.expected_end != to {
            for (pool, gpus) in running.parts.iter() {
                self.ends[pool].remove(running.expected_end, running.number);
                self.ends[pool].insert(End { at: to, ..running.end(gpus) });
            }
        }
    }

    /// Tells whether no rule bars a job from a candidate's pool for ever.
    pub fn rules_allow_ever(&self, scene: &Scene, job: JobId, candidate: &Candidate) -> Result<(), rules::Refusal> {
        let run = scene.estimated_length(job, candidate.rate);
        let parts = [Part { pool: candidate.pool, gpus: scene.jobs.attributes(job).gpus, energy_mj: 0 }];
        self.rules.check_ever(&scene.model, &Self::start(scene, job, &parts, scene.now + run))
    }
    /// Returns the subsidies that a start now is expected to earn the tenant, its own and what the site would pass on.
    pub fn expected_subsidy(&self, scene: &Scene, job: JobId, candidate: &Candidate, quote: &Quote) -> Money {
        if !self.rules.needs_bases() {
            return Money::ZERO;
        }
        let gpus = scene.jobs.attributes(job).gpus;
        let parts = [Part { pool: candidate.pool, gpus, energy_mj: quote.energy_mj }];
        let start = Self::start(scene, job, &parts, scene.now + quote.staging + quote.run);
        // What cannot be counted is not expected.
        self.rules.expected(&scene.model, &start, &[bases(quote, gpus)]).map_or(Money::ZERO, |expected| expected.tenant)
    }
    /// Works out what a job that is submitted now would cost at each candidate, in their order.
    pub fn make_offers(&mut self, scene: &Scene, job: JobId) {
        let attributes = scene.jobs.attributes(job);
        let mut costs = std::mem::take(&mut self.offers.costs);
        costs.clear();
        costs
            .extend(scene.reach.candidates(attributes.reach).iter().map(|candidate| (candidate.pool, self.work_out_net_cost(scene, job, candidate))));
        self.offers = Offers { number: attributes.number, at: scene.now, costs };
    }
    /// Tells whether a pool that can hold the gang was offered for at most so much.
    pub fn affordable(&self, at_most: Money, gpus: u32) -> bool {
        self.offers.costs.iter().any(|(pool, cost)| *cost <= at_most && self.capacity.could_hold(*pool, gpus))
    }
    /// Returns what a start at a candidate is expected to cost the tenant: compute, metered energy, levies and transfer, less subsidies. A job
    /// that was offered its costs at this instant keeps them.
    pub fn net_cost(&self, scene: &Scene, job: JobId, candidate: &Candidate) -> Money {
        if self.offers.at == scene.now && self.offers.number == scene.jobs.attributes(job).number {
            let offered = self.offers.costs.binary_search_by_key(&candidate.pool, |offer| offer.0);
            if let Ok(offer) = offered {
                return self.offers.costs[offer].1;
            }
        }
        self.work_out_net_cost(scene, job, candidate)
    }
    fn work_out_net_cost(&self, scene: &Scene, job: JobId, candidate: &Candidate) -> Money {
        let quote = quote::quote(scene, job, candidate);
        let pool = &scene.model.pools[candidate.pool];
        let energy = if pool.metered { quote.energy.0 } else { 0 };
        let levies = self.rules.levies().tenant_price(&scene.model, pool.site, u128::from(quote.energy_mj)).map_or(0, |levies| levies.0);
        let subsidy = self.expected_subsidy(scene, job, candidate, &quote);
        Money(quote.compute.0.saturating_add(energy).saturating_add(levies).saturating_add(quote.transfer.0).saturating_sub(subsidy.0))
    }
    /// Claims the subsidies of a start; a job that kept its claims through a preemption makes no new ones.
    pub fn claim(&mut self, scene: &Scene, start: &Start<'_>, quote: &Quote) -> Result<Claims, MoneyOverflow> {
        let gang = start.gpus;
        let mut shares = [Bases::default(); 2];
        for (share, part) in shares.iter_mut().zip(start.parts) {
            *share = bases(&quote.share(part.gpus, gang), part.gpus);
        }
        self.rules.claim(&scene.model, start, &shares[..start.parts.len()])
    }

    /// Returns a site's IT power in milliwatts if all held GPUs were busy: idle nodes, what computing adds, and what online services draw.
    pub fn site_power_if_busy(&self, scene: &Scene, site: SiteId) -> u64 {
        let idle: u64 = scene.model.sites[site]
            .pools()
            .map(|pool| {
                let chip = &scene.model.chips[scene.model.pools[pool].chip];
                let nodes = u64::from(self.capacity.installed_nodes(pool)).saturating_mul(scene.model.idle_node_power(pool).0);
                nodes.saturating_add(self.capacity.reserved(pool).saturating_mul(chip.busy.0.saturating_sub(chip.idle.0)))
            })
            .sum();
        idle.saturating_add(self.busy_power_mw[site])
    }
    /// Tells whether a site's limit lets one more job wait or run there.
    pub fn admits(&self, model: &Model, pool: PoolId) -> bool {
        let site = model.pools[pool].site;
        model.sites[site].admission.limit.is_none_or(|limit| self.admitted[site] < limit)
    }

    /// Returns the earliest time at which a gang fits into a pool, by the expected ends of what runs there and real node packing; what is past its
    /// estimate is expected to end at once. `None`: not by what runs there now.
    ///
    /// *O*(R/32) where packing plays no part (one node, or nodes of one GPU), else *O*(R) for R running jobs.
    pub fn earliest_fit(&self, scene: &Scene, pool: PoolId, gpus: u32) -> Option<Reservation> {
        let (model, now) = (&scene.model, scene.now);
        let free = self.capacity.free(pool);
        let missing = u64::from(gpus).saturating_sub(free);
        if self.capacity.fits(pool, gpus) {
            let spare = self.is_flat(model, pool).then(|| free - u64::from(gpus));
            return Some(Reservation { pool, at: now, spare });
        }
        let (at, freed) = self.ends[pool].when_free(missing.max(1))?;
        if self.is_flat(model, pool) {
            let at = at.max(now);
            // What is past its estimate is expected to end at once, so it all counts as free now.
            let freed = if at == now { self.ends[pool].iter().take_while(|end| end.at <= now).map(|end| u64::from(end.gpus)).sum() } else { freed };
            return Some(Reservation { pool, at, spare: Some(free + freed - u64::from(gpus)) });
        }
        self.earliest_packing(now, pool, gpus).map(|at| Reservation { pool, at, spare: None })
    }

    /// Tells whether packing plays no part, and all that is held in a pool is free afterwards.
    fn is_flat(&self, model: &Model, pool: PoolId) -> bool {
        let of_pool = &model.pools[pool];
        (of_pool.gpus_per_node == 1 || of_pool.nodes == 1) && !self.capacity.is_draining(pool)
    }

    /// Gives back the GPUs of one expected end after the other until the gang can be packed.
    fn earliest_packing(&self, now: Time, pool: PoolId, gpus: u32) -> Option<Time> {
        let mut room = self.capacity.packing(pool);
        let mut ends = self.ends[pool].iter().peekable();
        while let Some(end) = ends.next() {
            room.give_back(&self.capacity, end.held, pool);
            let instant_is_over = ends.peek().is_none_or(|next| next.at.max(now) > end.at.max(now));
            if instant_is_over && room.packs(gpus) {
                return Some(end.at.max(now));
            }
        }
        None
    }
}

/// Returns what subsidies are shares of, as expected.
fn bases(quote: &Quote, gpus: u32) -> Bases {
    Bases {
        compute: quote.compute,
        energy: quote.energy,
        transfer: quote.transfer,
        capital: quote.capital,
        gpu_us: u128::from(gpus) * u128::from((quote.staging + quote.run).0),
        energy_mj: u128::from(quote.energy_mj),
    }
}

/// The jobs that a plan has decided on: one stamp a slot, so that a plan of any size is checked in *O*(1) a decision.
#[derive(Clone, Debug, Default)]
pub struct Decided {
    stamps: Vec<u64>,
    bound: Vec<(u64, Option<Bound>)>,
    moved: Vec<u64>,
    plan: u64,
}

impl Decided {
    /// Begins a new plan.
    pub fn begin(&mut self) {
        self.plan += 1;
    }
    /// Tells whether the plan has decided on a job.
    pub fn contains(&self, job: JobId) -> bool {
        self.stamps.get(job.0 as usize).is_some_and(|stamp| *stamp == self.plan)
    }
    /// Notes that the plan has decided on a job.
    pub fn insert(&mut self, job: JobId) {
        let slot = job.0 as usize;
        if self.stamps.len() <= slot {
            self.stamps.resize(slot + 1, 0);
        }
        self.stamps[slot] = self.plan;
    }
    /// Takes that back.
    pub fn remove(&mut self, job: JobId) {
        self.stamps[job.0 as usize] = 0;
    }
    /// Tells whether the plan has decided that a job goes on on other GPUs.
    pub fn has_moved(&self, job: JobId) -> bool {
        self.moved.get(job.0 as usize).is_some_and(|stamp| *stamp == self.plan)
    }
    /// Notes that it has, or takes that back.
    pub fn set_moved(&mut self, job: JobId, moved: bool) {
        let slot = job.0 as usize;
        if self.moved.len() <= slot {
            self.moved.resize(slot + 1, 0);
        }
        self.moved[slot] = if moved { self.plan } else { 0 };
    }
    /// Returns where the plan has bound a job, if it has.
    pub fn bound(&self, job: JobId) -> Option<Option<Bound>> {
        self.bound.get(job.0 as usize).filter(|(plan, _)| *plan == self.plan).map(|(_, bound)| *bound)
    }
    /// Notes where the plan has bound a job.
    pub fn bind(&mut self, job: JobId, bound: Option<Bound>) {
        let slot = job.0 as usize;
        if self.bound.len() <= slot {
            self.bound.resize(slot + 1, (0, None));
        }
        self.bound[slot] = (self.plan, bound);
    }
}
