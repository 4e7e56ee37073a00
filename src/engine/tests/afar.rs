//! An out-of-date view of the load of sites (`view_delay`), on schedules worked out by hand.

use super::super::testing::{Given, cluster, ends, job, run, starts};
use super::super::{Options, Run};
use crate::base::random::Seed;
use crate::base::{Span, Time};
use crate::model::{JobSpec, Model, Node, PoolId, SiteId};
use crate::policy::{Plan, PolicyError, Scheduler, View, registry};
use crate::world::records::JobRecord;
use crate::world::{Allocation, Refusal};

/// Two sites of one node of four GPUs; what is seen of them is ten seconds old.
fn two_sites() -> Model {
    let mut model = cluster(1, 4);
    let node = model.network.nodes.push(Node { name: "other".into(), at: None });
    let mut site = model.sites[SiteId(0)].clone();
    (site.name, site.node, site.first_pool) = ("other".into(), node, PoolId(1));
    let site = model.sites.push(site);
    let mut pool = model.pools[PoolId(0)].clone();
    pool.site = site;
    model.pools.push(pool);
    model.policy.view_delay = Span::seconds(10);
    model
}
fn pools(records: &[JobRecord]) -> Vec<u32> {
    records.iter().map(|record| record.pool.expect("it has run").0).collect()
}

/// Jobs of a whole site that come at 0, 5, 10 and 15 s. As they are, the sites take turns. Ten seconds late, the first site looks empty until 10 s,
/// and takes the first two; at 10 s it looks like one job, as at 15 s it does like two, and the other like none until 20 s.
#[test]
fn who_looks_from_afar_sends_jobs_after_each_other() {
    let jobs = || [0, 5, 10, 15].map(|submit| job(submit, 4, 100, 100)).to_vec();
    let mut model = two_sites();
    for place in ["least-loaded", "fastest", "weighted(delay=1)", "power-of-two", "global"] {
        let policy = format!("fifo+at-submit+{place}");
        model.policy.view_delay = Span::seconds(10);
        let records = run(&model, jobs(), &policy);
        assert_eq!((pools(&records), starts(&records)), (vec![0, 0, 1, 1], vec![0., 100., 10., 110.]), "{place}");
        model.policy.view_delay = Span::ZERO;
        let records = run(&model, jobs(), &policy);
        assert_eq!((pools(&records), starts(&records)), (vec![0, 1, 0, 1], vec![0., 5., 100., 105.]), "{place}");
    }
}

/// At 5 s the first site still looks empty: it is asked first and has no room, so that the other one is, at once. At 20 s the first looks full, and
/// is free: it is asked all the same, after the other, which has no room.
#[test]
fn a_site_that_is_asked_answers_as_it_is() {
    let jobs = vec![job(0, 4, 15, 15), job(5, 4, 100, 100), job(20, 4, 10, 10)];
    let records = run(&two_sites(), jobs, "fifo+at-start+least-loaded");
    assert_eq!((pools(&records), starts(&records)), (vec![0, 1, 0], vec![0., 5., 20.]));
}

/// The scheduler that a site keeps sees its own site as it is: of two pools at the second site, the second job gets the one that is free.
#[test]
fn a_scheduler_at_a_site_sees_it_as_it_is() {
    let mut model = two_sites();
    model.pools.push(model.pools[PoolId(1)].clone());
    model.sites[SiteId(1)].pool_count = 2;
    let own = |text: &str| registry::parse(text).expect("a scheduler");
    model.schedulers = [own("fifo"), own("fifo+least-loaded")].into_iter().collect();
    let jobs = || [0, 1].map(|submit| job(submit, 4, 100, 100)).to_vec();
    // The broker sends both to the site that comes last; it does not know of the first one.
    model.pools[PoolId(0)].nodes = 0;
    let records = run(&model, jobs(), "fifo+least-loaded");
    assert_eq!((pools(&records), starts(&records)), (vec![1, 2], vec![0., 1.]));
}

/// Starts what looks as if it fits, and notes what was denied.
#[derive(Default)]
struct Believes {
    denied: Vec<(Time, Refusal)>,
    seen: Vec<(Time, u64, u64, u64)>,
}

impl Scheduler for Believes {
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        let pool = PoolId(0);
        self.seen.push((
            view.now(),
            plan.free(pool),
            plan.running(pool),
            plan.load_besides(view.jobs().queued().next().expect("it waits"), pool).queued,
        ));
        for job in view.jobs().queued() {
            let gpus = view.job(job).gpus;
            if plan.fits(pool, gpus)
                && let Err(refusal) = plan.place(job, &[Allocation::new(pool, gpus)])
            {
                self.denied.push((view.now(), refusal));
            }
        }
        Ok(())
    }
}

fn believed(jobs: Vec<JobSpec>) -> (Vec<JobRecord>, Believes) {
    let (mut model, mut policy) = (cluster(1, 4), Believes::default());
    model.policy.view_delay = Span::seconds(3);
    let options = Options { keep_postings: false, sample_every: None };
    let seed = Seed { seed: model.seed, replication: 0 };
    let mut run = Run::new(&model, Box::new(Given(jobs.into_iter())), policy.needs(), seed, options).unwrap();
    while run.step(&mut policy).unwrap() {}
    let mut records = run.finish(false).unwrap().jobs;
    records.sort_by_key(|record| record.number);
    (records, policy)
}

/// A policy that keeps no queues of its own is asked when what it sees changes. A job of 10 s holds the pool from 0 s on; another comes at 2 s, when
/// the pool still looks empty, and is refused; from 3 s on it looks full, and from 13 s on empty again.
#[test]
fn who_believes_what_it_sees_is_refused_and_asked_again() {
    let (records, policy) = believed(vec![job(0, 4, 10, 10), job(2, 4, 10, 10)]);
    assert_eq!((starts(&records), ends(&records)), (vec![0., 13.], vec![10., 23.]));
    let second = |at: u64| Time(at * 1_000_000);
    assert_eq!(policy.denied, [(second(2), Refusal::Room { pool: PoolId(0), asked: 4, free: 0 })]);
    // Free GPUs, jobs that run, jobs that wait: nothing is bound here.
    let seen = [(second(0), 4, 0, 0), (second(2), 4, 0, 0), (second(3), 0, 1, 0), (second(10), 0, 1, 0), (second(13), 4, 0, 0)];
    assert_eq!(policy.seen, seen);
}
