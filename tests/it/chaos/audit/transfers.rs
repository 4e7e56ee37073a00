//! Datasets on their way, as an observer sees them: nobody computes before its data is there, and what arrives is all of it (I7).

use edwc::base::{Bandwidth, Bytes, Span, Time};
use edwc::engine::Run;
use edwc::model::{JobNumber, SiteId};
use edwc::world::jobs::State;
use edwc::world::network::{Cargo, CopyId, DatasetId, FlowId, Flows, Holder, Presence};
use std::collections::BTreeMap;

/// A dataset and where it goes.
type Way = (DatasetId, SiteId);

/// One transfer of a dataset.
#[derive(Clone, Copy, Debug)]
struct Moving {
    flow: FlowId,
    /// The copy that it brings, as far as a job that waits for it tells.
    copy: Option<CopyId>,
    bytes: Bytes,
    /// When it was started, and the delay of its first byte.
    since: Time,
    one_way: Span,
    /// What has moved, and what the rounding of rates and instants may make of it.
    bits: f64,
    slack: f64,
    /// Whether it was seen from its start: a transfer that nobody in the system waits for is not looked at.
    whole: bool,
    /// When all of it was there.
    complete: Option<Time>,
}

impl Moving {
    fn begin(run: &Run, (dataset, site): Way, flow: FlowId, whole: bool) -> Self {
        let network = &run.scene().network;
        let mut routes = network.routes.clone();
        let route = match network.datasets.nearest_holder(&mut routes, dataset, site) {
            Holder::Home(region) => routes.to_site(region, site),
            Holder::Cache(_, from) => routes.between(from, site),
        };
        // What is complete within the tick of its first byte is never seen to move: as much as its narrowest link lets through, or anything.
        let links = routes.hops(route).iter().filter_map(|hop| run.model().network.links[hop.link].bandwidth);
        let narrowest = links.chain(routes.private_bandwidth(route)).map(|bandwidth| bandwidth.0 as f64).fold(f64::INFINITY, f64::min);
        let bytes = network.datasets.bytes(dataset);
        Self {
            flow,
            copy: None,
            bytes,
            since: run.now(),
            one_way: routes[route].one_way,
            bits: 0.0,
            slack: 16.0 + 2e-6 * narrowest,
            whole,
            complete: None,
        }
    }
    /// Adds what moves in a time in which rates stay as they are.
    fn go_on(&mut self, seconds: f64, rate: f64) {
        self.bits += rate * seconds;
        self.slack += seconds + 2e-6 * rate;
    }
    fn check_complete(&self, now: Time) {
        if !self.whole {
            return;
        }
        assert!(now >= self.since + self.one_way, "complete at {now:?}, before its first byte: {self:?}");
        let bits = self.bytes.0 as f64 * 8.0;
        assert!((self.bits - bits).abs() <= self.slack + bits * 1e-9, "{} of {bits} bits at {now:?}: {self:?}", self.bits);
    }
}

/// All transfers of datasets that a job in the system refers to.
#[derive(Default)]
pub struct Transfers {
    /// The network after the last round, and when that was.
    before: Option<(Flows, Time)>,
    moving: BTreeMap<Way, Moving>,
    /// Jobs that hold GPUs and wait, with what they wait for and the count of their starts.
    waiting: BTreeMap<JobNumber, (Way, u32)>,
    /// Jobs that were seen to wait until their data was there.
    pub waits_seen: u32,
}

impl Transfers {
    /// Brings the transfers up to date after a round.
    pub fn follow(&mut self, run: &Run) {
        if run.model().data.is_empty() {
            return;
        }
        self.go_on(run.now());
        self.check_jobs(run);
        self.look(run);
    }

    /// Goes on from the last round: rates change only as transfers begin and end.
    fn go_on(&mut self, now: Time) {
        let Some((flows, mut at)) = self.before.as_mut().map(|(flows, at)| (flows, *at)) else { return };
        loop {
            let next = flows.next_event().filter(|next| *next <= now);
            let until = next.unwrap_or(now);
            for moving in self.moving.values_mut().filter(|moving| moving.complete.is_none()) {
                moving.go_on(until.since(at).as_secs_f64(), flows.rate(moving.flow).0 as f64);
            }
            at = until;
            if next.is_none() {
                return;
            }
            let mut delivered = Vec::new();
            flows.advance(until, &mut delivered);
            for delivery in delivered {
                let brings = |moving: &&mut Moving| matches!(delivery.cargo, Cargo::Dataset(copy) if moving.copy == Some(copy));
                if let Some(moving) = self.moving.values_mut().find(brings).filter(|moving| moving.complete.is_none()) {
                    moving.check_complete(until);
                    moving.complete = Some(until);
                }
            }
        }
    }

    /// Checks jobs that waited, and those that had not to.
    fn check_jobs(&mut self, run: &Run) {
        let scene = run.scene();
        for job in scene.jobs.running() {
            let (attributes, status) = (scene.jobs.attributes(job), scene.jobs.status(job));
            if status.state == State::Running {
                assert!(
                    attributes.submit <= status.start && status.start <= status.computing,
                    "job {} computes before it holds GPUs",
                    attributes.number
                );
            }
            let (Some(dataset), Some(pool)) = (attributes.dataset, status.pool) else { continue };
            let waited = self.waiting.get(&attributes.number).filter(|(_, starts)| *starts == scene.jobs.usage(job).starts);
            match (waited, status.waits_for_copy) {
                // Several rounds of an instant may come before what its first round has started is looked at.
                (Some((way, _)), true) => {
                    let ready = self.moving.get(way).and_then(|moving| moving.complete);
                    assert!(ready.is_none_or(|ready| ready == run.now()), "job {} waits for what is there", attributes.number);
                }
                (Some((way, _)), false) => {
                    let ready = self.moving.get(way).and_then(|moving| moving.complete).expect("nobody stops waiting before the data is there");
                    assert!(status.computing >= ready, "job {} computes before its data is there, at {ready:?}", attributes.number);
                    self.waits_seen += 1;
                }
                (None, false) if status.start == run.now() && status.copy.is_some() => {
                    let site = scene.model.pools[pool].site;
                    assert_eq!(scene.network.datasets.locate(dataset.id, site), Presence::Local, "the data of job {}", attributes.number);
                }
                (None, _) => {}
            }
        }
    }

    /// Looks what is on its way, and who waits for what.
    fn look(&mut self, run: &Run) {
        let (scene, network) = (run.scene(), &run.scene().network);
        let mut seen: BTreeMap<Way, FlowId> = BTreeMap::new();
        self.waiting.clear();
        for job in scene.jobs.queued().chain(scene.jobs.running()) {
            let Some(dataset) = scene.jobs.attributes(job).dataset else { continue };
            for site in run.model().sites.ids() {
                if let Presence::InFlight(flow) = network.datasets.locate(dataset.id, site) {
                    seen.insert((dataset.id, site), flow);
                }
            }
        }
        self.moving.retain(|way, moving| seen.get(way) == Some(&moving.flow));
        let mut flows = network.flows.clone();
        // This has all rates worked out. What was started in this round does not move yet.
        flows.next_event();
        for (way, flow) in seen {
            let still = flows.rate(flow) == Bandwidth(0);
            let moving = self.moving.entry(way).or_insert_with(|| Moving::begin(run, way, flow, still));
            if still && moving.bits > 0.0 {
                // A link that lets nothing through, or another transfer on the same way, after one that nobody waited for.
                *moving = Moving::begin(run, way, flow, false);
            }
        }
        for job in scene.jobs.running().filter(|job| scene.jobs.status(*job).waits_for_copy) {
            let (attributes, status) = (scene.jobs.attributes(job), scene.jobs.status(job));
            let (Some(dataset), Some(pool)) = (attributes.dataset, status.pool) else { continue };
            let way = (dataset.id, scene.model.pools[pool].site);
            self.moving.get_mut(&way).expect("somebody waits for what is on its way").copy = status.copy;
            self.waiting.insert(attributes.number, (way, scene.jobs.usage(job).starts));
        }
        self.before = Some((flows, run.now()));
    }
}
