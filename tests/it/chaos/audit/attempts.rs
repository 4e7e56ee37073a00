//! Attempts as an observer sees them: who held what, from when to when, charged to which quotas.

use edwc::base::Time;
use edwc::engine::Run;
use edwc::model::{JobId, Model, PoolId, QuotaId};
use edwc::rules::matching::{Facts, Subject, matches};
use std::collections::BTreeMap;

/// One second of work a second and GPU.
pub const PER_GPU: u128 = 1_000_000_000_000_000_000;

/// A job that holds GPUs.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub start: Time,
    pub starts: u32,
    /// Pool, GPUs, and the quotas that they are charged to.
    pub parts: Vec<(PoolId, u32, Vec<QuotaId>)>,
    /// Work per second and GPU of the attempt, in units of [`PER_GPU`].
    pub rate: u128,
}

/// All attempts: those that go on, and what those that have ended have used.
#[derive(Default)]
pub struct Attempts {
    pub open: BTreeMap<u64, Attempt>,
    /// GPU time by quota (with its descendants) and start and end of attempts.
    pub closed: Vec<(Attempt, Time)>,
    /// The slowest and the fastest rate of each job, and the most GPUs that it has held.
    pub rates: BTreeMap<u64, (u128, u128, u32)>,
}

impl Attempts {
    /// Brings the attempts up to date after a round. Whoever is gone has ended now, as every event makes a round.
    pub fn follow(&mut self, run: &Run) {
        let jobs = &run.scene().jobs;
        let running: BTreeMap<u64, JobId> = jobs.running().map(|job| (jobs.attributes(job).number, job)).collect();
        let ended = |number: &u64, attempt: &Attempt| running.get(number).is_none_or(|job| jobs.usage(*job).starts != attempt.starts);
        let gone: Vec<u64> = self.open.iter().filter(|(number, attempt)| ended(number, attempt)).map(|(number, _)| *number).collect();
        for number in gone {
            let attempt = self.open.remove(&number).expect("it was open");
            self.closed.push((attempt, run.now()));
        }
        for (number, job) in running {
            if !self.open.contains_key(&number) {
                assert_eq!(jobs.status(job).start, run.now(), "whoever is new has just started");
                let attempt = attempt(run, job);
                let rates = self.rates.entry(number).or_insert((attempt.rate, attempt.rate, 0));
                let gpus = attempt.parts.iter().map(|part| part.1).sum();
                *rates = (rates.0.min(attempt.rate), rates.1.max(attempt.rate), rates.2.max(gpus));
                self.open.insert(number, attempt);
            }
        }
    }
    /// Ends what still runs when the run ends.
    pub fn close_all(&mut self, _model: &Model, at: Time) {
        self.closed.extend(std::mem::take(&mut self.open).into_values().map(|attempt| (attempt, at)));
    }
    /// Returns the GPU time charged to a quota or its descendants.
    pub fn used_gpu_us(&self, model: &Model, quota: QuotaId) -> u128 {
        let of = |(attempt, end): &(Attempt, Time)| {
            let gpus: u32 =
                attempt.parts.iter().filter(|part| part.2.iter().any(|charged| is_below(model, *charged, quota))).map(|part| part.1).sum();
            u128::from(gpus) * u128::from(end.since(attempt.start).0)
        };
        self.closed.iter().map(of).sum()
    }
    /// Returns the GPU time charged to a quota or its descendants in each period of its cap on GPU-hours.
    pub fn by_period(&self, model: &Model, quota: QuotaId, period: edwc::model::Period) -> BTreeMap<u64, u128> {
        let mut used = BTreeMap::new();
        for (attempt, end) in &self.closed {
            for (_, gpus, charged) in &attempt.parts {
                if !charged.iter().any(|charged| is_below(model, *charged, quota)) {
                    continue;
                }
                let mut at = attempt.start;
                while at < *end {
                    let to = model.calendar.period_end(period, at).min(*end);
                    *used.entry(model.calendar.period_index(period, at)).or_default() += u128::from(*gpus) * u128::from(to.since(at).0);
                    at = to;
                }
            }
        }
        used
    }
}

/// Tells whether a quota is another or one of its descendants.
pub fn is_below(model: &Model, quota: QuotaId, above: QuotaId) -> bool {
    std::iter::successors(Some(quota), |quota| model.quotas[*quota].parent).any(|quota| quota == above)
}

fn attempt(run: &Run, job: JobId) -> Attempt {
    let (jobs, model) = (&run.scene().jobs, run.model());
    let (attributes, status) = (jobs.attributes(job), jobs.status(job));
    let facts = Facts::new(model);
    let parts = status.parts.iter().map(|(pool, gpus)| {
        let subject = Subject { group: attributes.group, class: attributes.class, pool, gpus: attributes.gpus };
        (pool, gpus, charged(model, &facts, &subject))
    });
    let rate = u128::from(status.rate.0) * (PER_GPU / 1_000_000) / u128::from(attributes.gpus);
    Attempt { start: status.start, starts: jobs.usage(job).starts, parts: parts.collect(), rate }
}

/// Returns the quotas that a start is charged to: of each tree the deepest that matches, ties in file order.
fn charged(model: &Model, facts: &Facts, subject: &Subject) -> Vec<QuotaId> {
    let path = |quota: QuotaId| std::iter::successors(Some(quota), |quota| model.quotas[*quota].parent).collect::<Vec<_>>();
    let mut deepest: BTreeMap<QuotaId, (usize, QuotaId)> = BTreeMap::new();
    for (id, quota) in model.quotas.entries() {
        let is_parent = model.quotas.iter().any(|other| other.parent == Some(id));
        if (quota.has_matcher || !is_parent) && matches(&quota.matcher, model, facts, subject) {
            let path = path(id);
            let best = deepest.entry(path[path.len() - 1]).or_insert((path.len(), id));
            if path.len() > best.0 {
                *best = (path.len(), id);
            }
        }
    }
    deepest.into_values().map(|(_, quota)| quota).collect()
}
