//! GPUs by node, expected ends, loads, power: worked out again from what each job holds (I2, I4).

use edwc::base::{Column, Power, Time};
use edwc::engine::Run;
use edwc::model::{JobId, PoolId, SiteId};
use edwc::world::jobs::State;
use std::collections::BTreeMap;

pub fn check(run: &Run) {
    let (scene, bookings) = (run.scene(), run.bookings());
    let holders: Vec<JobId> = scene.jobs.running().collect();
    let mut by_node: BTreeMap<(PoolId, u32), u64> = BTreeMap::new();
    for job in &holders {
        let status = scene.jobs.status(*job);
        let mut parts: BTreeMap<PoolId, u32> = BTreeMap::new();
        for (pool, node, gpus) in bookings.capacity.shares(status.held) {
            *by_node.entry((pool, node)).or_default() += u64::from(gpus);
            *parts.entry(pool).or_default() += gpus;
        }
        assert_eq!(parts, status.parts.iter().collect(), "a gang holds what it was given");
        assert_eq!(parts.values().sum::<u32>(), scene.jobs.attributes(*job).gpus, "a gang is whole");
    }
    for pool in run.model().pools.ids() {
        check_pool(run, pool, &by_node);
        check_ends(run, pool, &holders);
    }
    check_loads(run, &holders);
    check_power(run, &holders);
    check_starts(run, &holders);
}

fn check_pool(run: &Run, pool: PoolId, by_node: &BTreeMap<(PoolId, u32), u64>) {
    let (model, capacity) = (run.model(), &run.bookings().capacity);
    let of_pool = &model.pools[pool];
    let (mut free, mut draining, mut busy) = (0, 0, 0);
    let most = model.changes.len() as u32 * 30 + 30;
    for node in 0..most {
        let held = by_node.get(&(pool, node)).copied().unwrap_or(0);
        let node_free = u64::from(capacity.node_free(pool, node));
        busy += u32::from(held > 0);
        free += node_free;
        if held > 0 || node_free > 0 {
            let rest = u64::from(of_pool.gpus_per_node).checked_sub(held + node_free).expect("no GPU is held twice");
            assert!(
                rest == 0 || (node_free == 0 && node >= of_pool.nodes),
                "every GPU of node {node} of {pool:?} is held or free, unless it drains"
            );
            assert!(capacity.is_up(pool, node), "only nodes in service hold or offer GPUs");
            draining += rest;
        }
    }
    let held: u64 = by_node.iter().filter(|((of, _), _)| *of == pool).map(|(_, gpus)| gpus).sum();
    assert_eq!(capacity.held(pool), held, "GPUs held in {pool:?}");
    assert_eq!(capacity.busy_nodes(pool), busy, "busy nodes of {pool:?}");
    assert_eq!(
        capacity.installed(pool),
        held + free + draining + capacity.down(pool),
        "installed GPUs of {pool:?} are held, free, or down"
    );
    assert!(capacity.installed_nodes(pool) >= of_pool.nodes, "nodes leave only if the fleet shrinks");
    let reserved = of_pool.reserved_at(model.calendar.hour(run.now()));
    assert_eq!(capacity.reserved(pool), reserved.min(free), "GPUs of {pool:?} held for online services");
    assert_eq!(capacity.free(pool), free.saturating_sub(reserved), "free GPUs of {pool:?}");
}

/// The pool's expected ends list who holds GPUs there, each once, in order.
fn check_ends(run: &Run, pool: PoolId, holders: &[JobId]) {
    let jobs = &run.scene().jobs;
    let mut expected: Vec<(Time, u64, u32)> = Vec::new();
    for job in holders {
        let status = jobs.status(*job);
        expected.extend(status.parts.iter().filter(|part| part.0 == pool).map(|part| (status.expected_end, jobs.attributes(*job).number, part.1)));
    }
    expected.sort_unstable();
    let listed: Vec<_> = run.bookings().ends[pool].iter().map(|end| (end.at, end.number, end.gpus)).collect();
    assert_eq!(listed, expected, "expected ends in {pool:?}");
}

fn check_loads(run: &Run, holders: &[JobId]) {
    let (model, jobs) = (run.model(), &run.scene().jobs);
    let mut queued = Column::<PoolId, (u64, u64)>::filled(model.pools.len(), (0, 0));
    let mut outstanding = Column::<PoolId, u128>::filled(model.pools.len(), 0);
    let mut admitted = Column::<SiteId, u64>::filled(model.sites.len(), 0);
    let bound = jobs.queued().filter_map(|job| Some((job, jobs.status(job).pool?, true)));
    let held = holders.iter().map(|job| (*job, jobs.status(*job).parts.as_slice()[0].0, false));
    for (job, pool, waits) in bound.chain(held) {
        if waits {
            queued[pool].0 += 1;
            queued[pool].1 += u64::from(jobs.attributes(job).gpus);
        }
        outstanding[pool] += u128::from(jobs.status(job).load_gpu_us);
        admitted[model.pools[pool].site] += 1;
    }
    for (pool, load) in run.bookings().load.entries() {
        assert_eq!((load.queued, load.queued_gpus), queued[pool], "jobs that wait for {pool:?}");
        assert_eq!(load.outstanding_gpu_us, outstanding[pool], "outstanding work of {pool:?}");
    }
    assert_eq!(run.bookings().admitted, admitted, "jobs at sites");
}

/// The meters show what idle nodes, computing jobs and online services draw.
fn check_power(run: &Run, holders: &[JobId]) {
    let (model, scene, bookings) = (run.model(), run.scene(), run.bookings());
    for site in model.sites.ids() {
        let (mut power, mut if_busy) = (0, 0);
        for pool in model.sites[site].pools() {
            let of_pool = &model.pools[pool];
            let chip = &model.chips[of_pool.chip];
            let idle = u64::from(bookings.capacity.installed_nodes(pool)) * model.idle_node_power(pool).0;
            let online = bookings.capacity.reserved(pool) * (chip.busy.0 - chip.idle.0);
            let gpus = |computing: bool| -> u64 {
                let counts = |job: &&JobId| !computing || matches!(scene.jobs.status(**job).state, State::Running | State::Stopping);
                let parts = holders.iter().filter(counts).flat_map(|job| scene.jobs.status(*job).parts.iter());
                parts.filter(|part| part.0 == pool).map(|part| u64::from(part.1)).sum()
            };
            power += idle + online + gpus(true) * (chip.busy.0 - chip.idle.0);
            if_busy += idle + online + gpus(false) * (chip.busy.0 - chip.idle.0);
        }
        assert_eq!(scene.meter.power(site), Power(power), "power of {site:?} at {:?}", run.now());
        assert_eq!(bookings.site_power_if_busy(scene, site), if_busy, "power of {site:?} if all held GPUs were busy");
        let started = |job: &JobId| {
            let status = scene.jobs.status(*job);
            status.start == run.now() && status.parts.iter().any(|part| model.pools[part.0].site == site)
        };
        if let Some(limit) = model.sites[site].power_limit.filter(|_| holders.iter().any(started)) {
            assert!(scene.meter.metered(site, Power(if_busy)) <= limit, "a start takes {site:?} beyond its power limit");
        }
    }
}

/// Who has just started may run there.
fn check_starts(run: &Run, holders: &[JobId]) {
    let (model, scene) = (run.model(), run.scene());
    for job in holders {
        let (attributes, status) = (scene.jobs.attributes(*job), scene.jobs.status(*job));
        if status.start != run.now() {
            continue;
        }
        assert!(status.deferred_until <= run.now(), "a deferred job waits");
        assert!(
            status.parts.as_slice().len() == 1 || !model.classes[attributes.class].split.is_empty(),
            "a class without splits is never split"
        );
        for (pool, _) in status.parts.iter() {
            let of_pool = &model.pools[pool];
            let (site, region) = (&model.sites[of_pool.site], &model.regions[attributes.region]);
            assert!(model.classes[attributes.class].speed[of_pool.chip].0 > 0, "the class runs on the chip");
            let one_way = scene.network.routes.one_way(attributes.region, of_pool.site);
            assert!(model.classes[attributes.class].one_way_max.is_none_or(|most| one_way <= most), "the site is near enough");
            if let Some(dataset) = attributes.dataset {
                let class = &model.data[dataset.data];
                let stays = match class.stays {
                    edwc::model::Stays::Anywhere => true,
                    edwc::model::Stays::HomeProvince => site.province == region.province,
                    edwc::model::Stays::HomeCity => site.city == region.city,
                };
                assert!(stays || class.elsewhere != edwc::model::Elsewhere::Forbid, "data stays where it must");
            }
            let mut about = model.access.iter().filter(|access| access.chips.contains(of_pool.chip)).peekable();
            if about.peek().is_some() {
                let open = |access: &edwc::model::Access| {
                    access.from.is_none_or(|from| from <= run.now()) && access.until.is_none_or(|until| run.now() < until)
                };
                assert!(about.any(open), "nothing starts on a chip outside of its windows");
            }
        }
    }
}
