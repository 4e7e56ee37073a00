//! Where datasets are: at home in their region, in caches of sites, or on the way.

use super::cache::Caches;
use super::flow::{Cargo, FlowId, Flows, Terms};
use super::hash::FixedMap;
use super::route::{RouteId, Routes};
use super::slots::Slots;
use super::waiters::{List, Waiters};
use crate::base::{Bytes, Span, Time};
use crate::define_ids;
use crate::model::{JobId, RegionId, SiteId, WorkloadId};

define_ids! {
    /// A dataset that a job in the system refers to or a site holds: a slot, used again.
    DatasetId,
    /// A dataset at a site, or on its way there: a slot, used again.
    CopyId,
}

/// What a site has of a dataset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// It is in the site's cache.
    Local,
    /// This transfer brings it.
    InFlight(FlowId),
    /// Nothing.
    Absent,
}

/// The answer to a request for a dataset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The dataset is there, and stays there while it is used.
    Ready,
    /// It is on its way; [`Datasets::arrived`] will name who asked.
    Pending {
        /// The route of the transfer, if this request started it.
        started: Option<RouteId>,
    },
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Which dataset.
    pub dataset: DatasetId,
    /// Where.
    pub site: SiteId,
    /// Who needs it; none: it is to be there before somebody does (a prefetch).
    pub job: Option<JobId>,
    /// How a transfer shares links, if this request starts one.
    pub terms: Terms,
}

/// Who a transfer comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Holder {
    /// The dataset's home.
    Home(RegionId),
    /// A site with a copy in its cache.
    Cache(CopyId, SiteId),
}

/// All datasets that matter: memory grows with the jobs in the system and with what caches hold, not with the run.
///
/// Whoever needs a dataset at a site asks with [`Datasets::request`] and holds the copy that it is given until [`Datasets::leave`],
/// whether the copy is on its way, in the cache (which cannot give it up meanwhile), or was streamed through for want of room.
#[derive(Clone, Debug)]
pub struct Datasets {
    datasets: Slots<Dataset>,
    by_key: FixedMap<(WorkloadId, u64), DatasetId>,
    copies: Slots<SiteCopy>,
    /// Copies in caches and on their way.
    by_site: FixedMap<(DatasetId, SiteId), CopyId>,
    caches: Caches,
    waiters: Waiters,
}

#[derive(Clone, Copy, Debug)]
struct Dataset {
    workload: WorkloadId,
    key: u64,
    bytes: Bytes,
    home: RegionId,
    /// Jobs in the system.
    references: u32,
    /// Copies in caches and on their way.
    first_copy: u32,
    /// Whether no later job will refer to it.
    retired: bool,
}

#[derive(Clone, Copy, Debug)]
struct SiteCopy {
    dataset: DatasetId,
    site: SiteId,
    bytes: Bytes,
    state: State,
    /// Jobs that wait for it or use it, and transfers that read from it.
    users: u32,
    next_of_dataset: u32,
    previous_of_dataset: u32,
    waiting: List,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    InFlight {
        flow: FlowId,
        source: Option<CopyId>,
    },
    Cached,
    /// Streamed through to those who waited: nobody else finds it.
    Streamed,
}

const NONE: u32 = u32::MAX;

impl Datasets {
    /// Begins with empty caches of the given sizes; none: no limit.
    pub fn new(caches: impl IntoIterator<Item = Option<Bytes>>) -> Self {
        Self {
            datasets: Slots::new(),
            by_key: FixedMap::default(),
            copies: Slots::new(),
            by_site: FixedMap::default(),
            caches: Caches::new(caches),
            waiters: Waiters::new(),
        }
    }
    /// Notes that a job that enters the system reads a dataset. Size and home are those of the first job that names it.
    pub fn refer(&mut self, workload: WorkloadId, key: u64, bytes: Bytes, home: RegionId) -> DatasetId {
        if let Some(&known) = self.by_key.get(&(workload, key)) {
            let dataset = &mut self.datasets[known.0];
            dataset.references += 1;
            dataset.retired = false;
            return known;
        }
        let dataset = Dataset { workload, key, bytes, home, references: 1, first_copy: NONE, retired: false };
        let id = DatasetId(self.datasets.insert(dataset));
        self.by_key.insert((workload, key), id);
        id
    }
    /// Notes that a job that referred to a dataset leaves the system.
    pub fn release(&mut self, dataset: DatasetId) {
        self.datasets[dataset.0].references -= 1;
        self.tidy(dataset);
    }
    /// Notes that no later job will refer to a dataset, so that caches without a limit need not keep it for ever. Others give it up when
    /// they need the room, as always.
    pub fn retire(&mut self, workload: WorkloadId, key: u64) {
        if let Some(&dataset) = self.by_key.get(&(workload, key)) {
            self.datasets[dataset.0].retired = true;
            self.tidy(dataset);
        }
    }
    /// Returns the size of a dataset.
    pub fn bytes(&self, dataset: DatasetId) -> Bytes {
        self.datasets[dataset.0].bytes
    }
    /// Returns the home of a dataset, which always holds it.
    pub fn home(&self, dataset: DatasetId) -> RegionId {
        self.datasets[dataset.0].home
    }
    /// Tells where a dataset is, as seen from a site. *O*(1).
    pub fn locate(&self, dataset: DatasetId, site: SiteId) -> Presence {
        match self.by_site.get(&(dataset, site)).map(|copy| self.copies[copy.0].state) {
            Some(State::InFlight { flow, .. }) => Presence::InFlight(flow),
            Some(State::Cached) => Presence::Local,
            Some(State::Streamed) => unreachable!("a streamed copy is not listed"),
            None => Presence::Absent,
        }
    }
    /// Returns the bytes that a site's cache holds.
    pub fn cached(&self, site: SiteId) -> Bytes {
        self.caches.used(site)
    }
    /// Returns the holder with the least delay to a site; of equal ones the home, then the first site. *O*(copies).
    pub fn nearest_holder(&self, routes: &mut Routes, dataset: DatasetId, site: SiteId) -> Holder {
        let home = self.datasets[dataset.0].home;
        let mut nearest: (Span, Option<SiteId>, Holder) = (routes.one_way(home, site), None, Holder::Home(home));
        let mut at = self.datasets[dataset.0].first_copy;
        while at != NONE {
            let copy = &self.copies[at];
            if copy.state == State::Cached {
                let delay = routes.delay_between(copy.site, site);
                if (delay, Some(copy.site)) < (nearest.0, nearest.1) {
                    nearest = (delay, Some(copy.site), Holder::Cache(CopyId(at), copy.site));
                }
            }
            at = copy.next_of_dataset;
        }
        nearest.2
    }
    /// Asks for a dataset at a site; starts a transfer if the site has none and none is under way. The job, if it is one that asks, holds
    /// the copy until [`Datasets::leave`]. *O*(1), and *O*(copies + hops) with a transfer.
    pub fn request(&mut self, now: Time, routes: &mut Routes, flows: &mut Flows, wanted: Wanted) -> (CopyId, Answer) {
        let known = self.by_site.get(&(wanted.dataset, wanted.site)).copied();
        let (id, started) = match known {
            Some(id) => (id, None),
            None => {
                let (id, route) = self.fetch(now, routes, flows, wanted);
                (id, Some(route))
            }
        };
        let in_flight = matches!(self.copies[id.0].state, State::InFlight { .. });
        if let Some(job) = wanted.job {
            if in_flight {
                self.waiters.push(&mut self.copies[id.0].waiting, job);
            }
            self.take_up(id);
        }
        (id, if in_flight { Answer::Pending { started } } else { Answer::Ready })
    }
    /// Takes in a dataset whose transfer has ended, and appends the jobs that waited, in the order in which they asked. They go on
    /// holding the copy, also if it was only streamed through.
    pub fn arrived(&mut self, id: CopyId, jobs: &mut Vec<JobId>) {
        let SiteCopy { dataset, site, bytes, state, users, .. } = self.copies[id.0];
        let State::InFlight { source, .. } = state else { unreachable!("a copy arrives once") };
        self.waiters.drain(&mut self.copies[id.0].waiting, jobs);
        let keeps = self.caches.could_hold(site, bytes);
        if keeps {
            while let Some(oldest) = self.caches.next_to_go(site, bytes) {
                self.evict(CopyId(oldest));
            }
            self.copies[id.0].state = State::Cached;
            self.caches.store_pinned(site, bytes);
            if users == 0 {
                self.caches.unpin(site, id.0, bytes);
            }
        } else {
            self.copies[id.0].state = State::Streamed;
            self.unlist(id);
            if users == 0 {
                self.copies.remove(id.0);
            }
        }
        if let Some(source) = source {
            self.put_down(source);
        }
        self.tidy(dataset);
    }
    /// Notes that a job no longer waits for a copy or uses it. A transfer under way goes on. *O*(1), and *O*(jobs that wait) on its way.
    pub fn leave(&mut self, id: CopyId, job: JobId) {
        if matches!(self.copies[id.0].state, State::InFlight { .. }) {
            self.waiters.remove(&mut self.copies[id.0].waiting, job);
        }
        self.put_down(id);
    }
    /// Changes the size of a site's cache; what is in use stays until it is no more.
    pub fn set_cache(&mut self, site: SiteId, limit: Option<Bytes>) {
        self.caches.set_limit(site, limit);
        self.trim(site);
    }

    /// Starts the transfer of a dataset to a site. What it comes from cannot be given up meanwhile.
    fn fetch(&mut self, now: Time, routes: &mut Routes, flows: &mut Flows, wanted: Wanted) -> (CopyId, RouteId) {
        let Wanted { dataset, site, terms, .. } = wanted;
        let (source, route) = match self.nearest_holder(routes, dataset, site) {
            Holder::Home(region) => (None, routes.to_site(region, site)),
            Holder::Cache(copy, from) => (Some(copy), routes.between(from, site)),
        };
        if let Some(source) = source {
            self.take_up(source);
        }
        let Dataset { bytes, first_copy: next, .. } = self.datasets[dataset.0];
        let cargo = Cargo::Dataset(CopyId(self.copies.next_slot()));
        let state = State::InFlight { flow: flows.start(now, routes, route, bytes, terms, cargo), source };
        let id = CopyId(self.copies.insert(SiteCopy {
            dataset,
            site,
            bytes,
            state,
            users: 0,
            next_of_dataset: next,
            previous_of_dataset: NONE,
            waiting: List::EMPTY,
        }));
        if next != NONE {
            self.copies[next].previous_of_dataset = id.0;
        }
        self.datasets[dataset.0].first_copy = id.0;
        self.by_site.insert((dataset, site), id);
        (id, route)
    }
    /// Counts one more user.
    fn take_up(&mut self, id: CopyId) {
        let copy = &mut self.copies[id.0];
        copy.users += 1;
        if copy.users == 1 && copy.state == State::Cached {
            self.caches.pin(copy.site, id.0, copy.bytes);
        }
    }
    /// Counts one user less.
    fn put_down(&mut self, id: CopyId) {
        let copy = &mut self.copies[id.0];
        copy.users -= 1;
        if copy.users > 0 {
            return;
        }
        let SiteCopy { dataset, site, bytes, state, .. } = *copy;
        match state {
            State::InFlight { .. } => {}
            State::Streamed => self.copies.remove(id.0),
            State::Cached => {
                self.caches.unpin(site, id.0, bytes);
                self.trim(site);
                self.tidy(dataset);
            }
        }
    }
    /// Gives up what is beyond the size of a cache that has shrunk.
    fn trim(&mut self, site: SiteId) {
        while let Some(oldest) = self.caches.next_to_go(site, Bytes::ZERO) {
            self.evict(CopyId(oldest));
        }
    }
    fn evict(&mut self, id: CopyId) {
        self.discard(id);
        self.forget_if_unknown(self.copies[id.0].dataset);
    }
    /// Removes a copy that nobody uses from its cache.
    fn discard(&mut self, id: CopyId) {
        let SiteCopy { site, bytes, .. } = self.copies[id.0];
        self.caches.remove(site, id.0, bytes);
        self.unlist(id);
        self.copies.remove(id.0);
    }
    /// Takes a copy off the index and off its dataset's list.
    fn unlist(&mut self, id: CopyId) {
        let SiteCopy { dataset, site, next_of_dataset: next, previous_of_dataset: previous, .. } = self.copies[id.0];
        self.by_site.remove(&(dataset, site));
        match previous {
            NONE => self.datasets[dataset.0].first_copy = next,
            previous => self.copies[previous].next_of_dataset = next,
        }
        if next != NONE {
            self.copies[next].previous_of_dataset = previous;
        }
    }
    /// Lets go of a dataset's copies, and of the dataset, as far as nothing can need them any more.
    fn tidy(&mut self, dataset: DatasetId) {
        let Dataset { references, retired, first_copy, .. } = self.datasets[dataset.0];
        if references == 0 && retired {
            let mut at = first_copy;
            while at != NONE {
                let SiteCopy { site, state, users, next_of_dataset, .. } = self.copies[at];
                if state == State::Cached && users == 0 && self.caches.is_unlimited(site) {
                    self.discard(CopyId(at));
                }
                at = next_of_dataset;
            }
        }
        self.forget_if_unknown(dataset);
    }
    fn forget_if_unknown(&mut self, dataset: DatasetId) {
        let Dataset { workload, key, references, first_copy, .. } = self.datasets[dataset.0];
        if references == 0 && first_copy == NONE && self.by_key.remove(&(workload, key)).is_some() {
            self.datasets.remove(dataset.0);
        }
    }
}

#[cfg(test)]
mod tests;
