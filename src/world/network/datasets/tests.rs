//! Datasets in caches and on their way.

use super::super::testing::{Builder, ms};
use super::*;
use crate::base::Ratio;
use crate::model::NodeId;
use proptest::prelude::*;

/// Region 0 and sites 0, 1, 2 at nodes 0 to 3; site 1 is nearer to site 0 than home is, site 2 lies as far from site 1 as home does.
struct World {
    routes: Routes,
    flows: Flows,
    datasets: Datasets,
}

const REGION: RegionId = RegionId(0);

fn site(number: u32) -> SiteId {
    SiteId(number)
}

impl World {
    fn new(limits: [Option<u64>; 3]) -> Self {
        let gbps = Some(1_000_000_000);
        let builder = Builder::new(4).link(0, 1, ms(10), gbps, 0).link(1, 2, ms(2), gbps, 0).link(0, 2, ms(9), gbps, 0).link(2, 3, ms(9), gbps, 0);
        let routes = Routes::new(&builder.network, [NodeId(0)], [NodeId(1), NodeId(2), NodeId(3)]);
        let flows = Flows::new(&routes);
        Self { routes, flows, datasets: Datasets::new(limits.map(|limit| limit.map(Bytes))) }
    }
    fn refer(&mut self, key: u64, bytes: u64) -> DatasetId {
        self.datasets.refer(WorkloadId(0), key, Bytes(bytes), REGION)
    }
    fn request(&mut self, dataset: DatasetId, site: SiteId, job: Option<u32>) -> (CopyId, Answer) {
        let terms = Terms { weight: Ratio::ONE, rate_max: None };
        let wanted = Wanted { dataset, site, job: job.map(JobId), terms };
        self.datasets.request(Time::ZERO, &mut self.routes, &mut self.flows, wanted)
    }
    /// Lets all transfers arrive; returns the jobs that waited.
    fn arrive(&mut self) -> Vec<u32> {
        let (mut delivered, mut jobs) = (Vec::new(), Vec::new());
        self.flows.advance(Time::NEVER, &mut delivered);
        for delivery in delivered {
            let Cargo::Dataset(copy) = delivery.cargo else { unreachable!("only datasets move here") };
            self.datasets.arrived(copy, &mut jobs);
        }
        // The clock of these tests stands still: transfers begin at zero again.
        self.flows = Flows::new(&self.routes);
        jobs.iter().map(|job| job.0).collect()
    }
    /// Brings a dataset to a site for a job.
    fn bring(&mut self, dataset: DatasetId, at: SiteId, job: u32) -> CopyId {
        let (copy, answer) = self.request(dataset, at, Some(job));
        assert!(matches!(answer, Answer::Pending { started: Some(_) }), "{answer:?}");
        assert_eq!(self.arrive(), [job]);
        copy
    }
    fn is_local(&self, dataset: DatasetId, at: SiteId) -> bool {
        self.datasets.locate(dataset, at) == Presence::Local
    }
}

#[test]
fn one_transfer_serves_all_who_wait_in_the_order_in_which_they_asked() {
    let mut world = World::new([None; 3]);
    let dataset = world.refer(1, 1_000);
    assert_eq!(world.datasets.locate(dataset, site(0)), Presence::Absent);
    let (copy, first) = world.request(dataset, site(0), Some(7));
    assert_eq!(first, Answer::Pending { started: Some(world.routes.to_site(REGION, site(0))) });
    for job in [3, 9, 5] {
        assert_eq!(world.request(dataset, site(0), Some(job)), (copy, Answer::Pending { started: None }));
    }
    assert!(matches!(world.datasets.locate(dataset, site(0)), Presence::InFlight(_)));
    // A job that stops waiting leaves the transfer running.
    world.datasets.leave(copy, JobId(9));
    world.datasets.leave(copy, JobId(7));
    assert_eq!(world.arrive(), [3, 5]);
    assert_eq!(world.request(dataset, site(0), Some(11)), (copy, Answer::Ready));
    assert_eq!((world.datasets.cached(site(0)), world.datasets.cached(site(1))), (Bytes(1_000), Bytes(0)));
}

#[test]
fn the_nearest_holder_sends_and_ties_go_home() {
    let mut world = World::new([None; 3]);
    let dataset = world.refer(1, 1_000);
    world.bring(dataset, site(2), 1);
    // 9 ms to site 1 both from home and from site 2.
    assert_eq!(world.datasets.nearest_holder(&mut world.routes, dataset, site(1)), Holder::Home(REGION));
    let from_home = world.routes.to_site(REGION, site(1));
    assert_eq!(world.request(dataset, site(1), Some(2)).1, Answer::Pending { started: Some(from_home) });
    // A copy on its way is no holder.
    assert_eq!(world.datasets.nearest_holder(&mut world.routes, dataset, site(0)), Holder::Home(REGION));
    world.arrive();
    let near = world.routes.between(site(1), site(0));
    assert_eq!(world.request(dataset, site(0), None).1, Answer::Pending { started: Some(near) });
}

#[test]
fn what_is_least_recently_used_goes_first_and_never_what_is_in_use() {
    let mut world = World::new([Some(300), None, None]);
    let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(|key| world.refer(key, 100));
    let (copy_a, copy_b, copy_c) = (world.bring(a, site(0), 1), world.bring(b, site(0), 2), world.bring(c, site(0), 3));
    world.datasets.leave(copy_b, JobId(2));
    world.datasets.leave(copy_a, JobId(1));
    // Another use of b makes a the oldest.
    assert_eq!(world.request(b, site(0), Some(4)), (copy_b, Answer::Ready));
    world.datasets.leave(copy_b, JobId(4));
    world.bring(d, site(0), 5);
    assert_eq!([a, b, c, d].map(|dataset| world.is_local(dataset, site(0))), [false, true, true, true]);
    // c and d are in use: e takes the place of b.
    let copy_e = world.bring(e, site(0), 6);
    assert_eq!([b, c, d, e].map(|dataset| world.is_local(dataset, site(0))), [false, true, true, true]);
    // All are in use: a is streamed through, and gone at once.
    let streamed = world.bring(a, site(0), 7);
    assert_eq!([a, c, d, e].map(|dataset| world.is_local(dataset, site(0))), [false, true, true, true]);
    world.datasets.leave(copy_c, JobId(3));
    let kept = world.bring(a, site(0), 8);
    assert_ne!(streamed, kept);
    // The job that streamed it leaves without touching the copy that another one uses.
    world.datasets.leave(streamed, JobId(7));
    world.datasets.leave(copy_e, JobId(6));
    world.bring(c, site(0), 9);
    assert_eq!([a, e].map(|dataset| world.is_local(dataset, site(0))), [true, false]);
}

#[test]
fn what_is_larger_than_the_cache_evicts_nothing() {
    let mut world = World::new([Some(300), None, None]);
    let (small, large) = (world.refer(1, 300), world.refer(2, 301));
    let copy = world.bring(small, site(0), 1);
    world.datasets.leave(copy, JobId(1));
    let streamed = world.bring(large, site(0), 2);
    assert_eq!((world.is_local(small, site(0)), world.datasets.locate(large, site(0))), (true, Presence::Absent));
    world.datasets.leave(streamed, JobId(2));
    assert_eq!(world.datasets.copies.in_use(), 1);
}

#[test]
fn a_copy_that_is_being_read_stays() {
    let mut world = World::new([None, Some(100), None]);
    let (a, b) = (world.refer(1, 100), world.refer(2, 100));
    let copy = world.bring(a, site(1), 1);
    world.datasets.leave(copy, JobId(1));
    // Site 0 reads a from site 1, so that b cannot push it out there.
    world.request(a, site(0), Some(2));
    world.request(b, site(1), Some(3));
    let mut jobs = Vec::new();
    let (in_flight, _) = world.request(b, site(1), None);
    world.datasets.arrived(in_flight, &mut jobs);
    assert_eq!((world.is_local(a, site(1)), world.is_local(b, site(1))), (true, false));
}

#[test]
fn a_cache_that_shrinks_gives_up_what_is_not_in_use() {
    let mut world = World::new([Some(300), None, None]);
    let [a, b, c] = [1, 2, 3].map(|key| world.refer(key, 100));
    let [copy_a, copy_b, copy_c] = [a, b, c].map(|dataset| world.bring(dataset, site(0), 1));
    world.datasets.leave(copy_c, JobId(1));
    world.datasets.leave(copy_a, JobId(1));
    world.datasets.set_cache(site(0), Some(Bytes(200)));
    assert_eq!([a, b, c].map(|dataset| world.is_local(dataset, site(0))), [true, true, false]);
    world.datasets.set_cache(site(0), Some(Bytes(50)));
    assert_eq!([a, b].map(|dataset| world.is_local(dataset, site(0))), [false, true]);
    world.datasets.leave(copy_b, JobId(1));
    assert!(!world.is_local(b, site(0)));
    assert_eq!(world.datasets.cached(site(0)), Bytes(0));
}

#[test]
fn memory_follows_jobs_and_caches_not_the_run() {
    let mut world = World::new([Some(1_000), None, Some(0)]);
    for key in 0..3_000 {
        let dataset = world.refer(key, 100);
        for at in [0, 1, 2] {
            let copy = world.bring(dataset, site(at), 1);
            world.datasets.leave(copy, JobId(1));
        }
        // Nobody reads it again: the cache without a limit need not keep it.
        world.datasets.release(dataset);
        world.datasets.retire(WorkloadId(0), key);
    }
    assert_eq!((world.datasets.datasets.in_use(), world.datasets.copies.in_use()), (10, 10));
    assert_eq!((world.datasets.by_key.len(), world.datasets.by_site.len()), (10, 10));
    assert_eq!((world.datasets.cached(site(0)), world.datasets.cached(site(1))), (Bytes(1_000), Bytes(0)));
}

#[test]
fn a_retired_dataset_stays_while_jobs_refer_to_it() {
    let mut world = World::new([None; 3]);
    let dataset = world.refer(1, 100);
    assert_eq!(world.refer(1, 999), dataset);
    assert_eq!(world.datasets.bytes(dataset), Bytes(100));
    let copy = world.bring(dataset, site(0), 1);
    world.datasets.retire(WorkloadId(0), 1);
    world.datasets.leave(copy, JobId(1));
    world.datasets.release(dataset);
    assert!(world.is_local(dataset, site(0)));
    world.request(dataset, site(1), None);
    world.datasets.release(dataset);
    // The prefetch is still under way; it is let go on arrival.
    assert_eq!(world.datasets.copies.in_use(), 2);
    assert!(world.arrive().is_empty());
    assert_eq!((world.datasets.datasets.in_use(), world.datasets.copies.in_use()), (0, 0));
}

/// What a textbook cache does: datasets in order of last use, with the number of users of each.
#[derive(Default)]
struct Naive {
    cached: Vec<(usize, u32)>,
}

impl Naive {
    fn users(&mut self, dataset: usize) -> Option<&mut u32> {
        self.cached.iter_mut().find(|(cached, _)| *cached == dataset).map(|(_, users)| users)
    }
    fn arrive(&mut self, dataset: usize, sizes: &[u64], limit: u64) -> bool {
        let sum = |cached: &[(usize, u32)], least: u32| cached.iter().filter(|(_, users)| *users >= least).map(|(d, _)| sizes[*d]).sum::<u64>();
        if sum(&self.cached, 1) + sizes[dataset] > limit {
            return false;
        }
        while sum(&self.cached, 0) + sizes[dataset] > limit {
            let oldest = self.cached.iter().position(|(_, users)| *users == 0).expect("the pinned ones fit");
            self.cached.remove(oldest);
        }
        self.cached.push((dataset, 1));
        true
    }
}

proptest! {
    #[test]
    fn a_cache_keeps_what_a_textbook_cache_keeps(
        sizes in prop::collection::vec(1..60_u64, 6),
        limit in 20..150_u64,
        steps in prop::collection::vec((0..6_usize, any::<bool>()), 1..120),
    ) {
        let mut world = World::new([Some(limit), None, None]);
        let datasets: Vec<DatasetId> = sizes.iter().enumerate().map(|(key, size)| world.refer(key as u64, *size)).collect();
        let (mut naive, mut held) = (Naive::default(), Vec::new());
        for (dataset, enters) in steps {
            if enters {
                let (copy, answer) = world.request(datasets[dataset], site(0), Some(0));
                prop_assert_eq!(answer == Answer::Ready, naive.users(dataset).is_some());
                world.arrive();
                let kept = match naive.users(dataset) {
                    Some(users) => {
                        *users += 1;
                        true
                    }
                    None => naive.arrive(dataset, &sizes, limit),
                };
                held.push((dataset, copy, kept));
            } else if let Some(place) = held.iter().position(|(held, ..)| *held == dataset) {
                let (_, copy, kept) = held.remove(place);
                world.datasets.leave(copy, JobId(0));
                if kept {
                    let users = naive.users(dataset).expect("what is in use stays");
                    *users -= 1;
                    if *users == 0 {
                        let place = naive.cached.iter().position(|(cached, _)| *cached == dataset).expect("it is there");
                        let entry = naive.cached.remove(place);
                        naive.cached.push(entry);
                    }
                }
            }
            for (number, id) in datasets.iter().enumerate() {
                prop_assert_eq!(world.is_local(*id, site(0)), naive.users(number).is_some());
            }
            let used: u64 = naive.cached.iter().map(|(dataset, _)| sizes[*dataset]).sum();
            prop_assert_eq!(world.datasets.cached(site(0)), Bytes(used));
        }
    }
}
