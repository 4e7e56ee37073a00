//! The queue and the pools matched all at once.

use super::flow::Flow;
use super::place::{Offer, expected_wait, wait};
use super::weighted::{CARBON, DELAY, LOAD, MONEY, SCALE, Weights};
use crate::model::{JobId, PolicyPart, PoolId};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};

pub(super) static MATCHING: PartInfo = PartInfo {
    name: "matching",
    kind: PartKind::Place,
    summary: "binding at the start: the first of the queue and the free GPUs of all pools are matched as a flow of least cost, a GPU at the score of \
              `weighted`; each job starts where most of its flow goes. Bound at submission it is `weighted`",
    parameters: &[
        Parameter { name: "jobs", default: 32.0, range: (1.0, 512.0), summary: "how many queued jobs are matched", words: &[] },
        DELAY,
        MONEY,
        CARBON,
        LOAD,
        wait(1e6),
    ],
    citation: "Isard et al. 2009, \"Quincy: fair scheduling for distributed computing clusters\" (SOSP); Gog et al. 2016, \"Firmament\" (OSDI)",
    notes: "jobs + pools paths, each over jobs × pools arcs, whenever the whole queue is looked at; flows may be split where gangs may not: who is \
            left over then goes by score; earlier jobs come first, so that order and backfilling stay as they are",
    tested: &["it::placing::a_match_is_better_than_each_choice_alone", "policy::builtin::flow::tests::the_cheapest_flow_is_found"],
    oracle: false,
};

/// A score of one in the costs of the flow. What leaves a GPU of a job unplaced costs more than any change of the places of later jobs could save.
const UNIT: i64 = 1_000_000;

/// The matching of a pass.
#[derive(Clone, Debug)]
pub(super) struct Matching {
    jobs: usize,
    weights: Weights,
    flow: Flow,
    offers: Vec<Offer>,
    /// Where each arc from a job to a pool leads.
    arcs: Vec<(usize, PoolId)>,
    matched: Vec<(JobId, PoolId)>,
}

impl Matching {
    pub(super) fn new(part: &PolicyPart) -> Self {
        let jobs = parameter(part, &MATCHING, "jobs") as usize;
        let weights = Weights::new(part, &MATCHING);
        Self { jobs, weights, flow: Flow::default(), offers: Vec::new(), arcs: Vec::new(), matched: Vec::new() }
    }
    /// Matches the first jobs of the queue that fit somewhere now.
    pub(super) fn begin_pass(&mut self, view: View<'_>, plan: &Plan<'_>, queue: impl Iterator<Item = JobId>) {
        self.matched.clear();
        let fits = |job: &JobId| view.candidates(*job).iter().any(|candidate| plan.fits(candidate.pool, view.job(*job).gpus));
        let jobs: Vec<JobId> = queue.take(self.jobs).filter(fits).collect();
        if jobs.len() < 2 {
            return;
        }
        self.build(view, plan, &jobs);
        self.flow.solve();
        for (place, job) in jobs.iter().enumerate() {
            let of_job = self.arcs.iter().enumerate().filter(|(_, (of, _))| *of == place);
            let most = of_job.map(|(arc, (_, pool))| (self.flow.sent(arc), std::cmp::Reverse(*pool))).max();
            if let Some((_, std::cmp::Reverse(pool))) = most.filter(|(sent, _)| *sent > 0) {
                self.matched.push((*job, pool));
            }
        }
    }
    /// Rates the matched pool first, the others by their score.
    pub(super) fn rate(&mut self, view: View<'_>, plan: &Plan<'_>, job: JobId, offers: &mut [Offer]) {
        self.weights.rate(view, plan, job, offers);
        if let Some((_, pool)) = self.matched.iter().find(|(matched, _)| *matched == job)
            && let Some(offer) = offers.iter_mut().find(|offer| offer.candidate.pool == *pool)
        {
            offer.cost = (i64::MIN, 0);
        }
    }

    /// Builds the flow: source → jobs → pools where they fit → sink, and from each job past the pools.
    fn build(&mut self, view: View<'_>, plan: &Plan<'_>, jobs: &[JobId]) {
        let pools = view.model().pools.len();
        let (source, sink) = (jobs.len() + pools, jobs.len() + pools + 1);
        self.flow.clear(sink + 1, source, sink);
        self.arcs.clear();
        for (place, job) in jobs.iter().enumerate() {
            let gpus = view.job(*job).gpus;
            let here = view.candidates(*job).iter().filter(|candidate| plan.fits(candidate.pool, gpus));
            let mut offers = std::mem::take(&mut self.offers);
            offers.clear();
            offers.extend(here.map(|candidate| Offer::new(*candidate, expected_wait(plan, *job, candidate.pool, gpus))));
            self.weights.rate(view, plan, *job, &mut offers);
            for offer in &offers {
                let score = (offer.cost.0 as f64 / SCALE * UNIT as f64) as i64 + UNIT;
                self.flow.arc(place, jobs.len() + offer.candidate.pool.0 as usize, i64::from(gpus), score);
                self.arcs.push((place, offer.candidate.pool));
            }
            self.offers = offers;
        }
        for (place, job) in jobs.iter().enumerate() {
            let gpus = i64::from(view.job(*job).gpus);
            self.flow.arc(source, place, gpus, 0);
            self.flow.arc(place, sink, gpus, 3 * UNIT * (jobs.len() - place) as i64);
        }
        for pool in view.model().pools.ids() {
            let free = i64::try_from(plan.free(pool)).unwrap_or(i64::MAX);
            self.flow.arc(jobs.len() + pool.0 as usize, sink, free, 0);
        }
    }
}
