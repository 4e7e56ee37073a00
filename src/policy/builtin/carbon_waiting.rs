//! Starting later, or elsewhere, for less carbon.

use super::place::wait;
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Span, Time};
use crate::model::{JobId, JobNumber, PolicyPart, PoolId, SiteId};
use crate::policy::{Parameter, PartInfo, PartKind, View, parameter};
use crate::world::Candidate;

const fn hours(name: &'static str, default: f64, summary: &'static str) -> Parameter {
    Parameter { name, default, range: (0.0, 720.0), summary, words: &[] }
}

pub(super) static CARBON_WAITING: PartInfo = PartInfo {
    name: "carbon-waiting",
    kind: PartKind::Place,
    summary: "the pool and the time, within a slack that depends on the job's length, where a start is expected to cause the least carbon",
    parameters: &[
        Parameter {
            name: "mode",
            default: 1.0,
            range: (0.0, 2.0),
            summary: "the time: of the least carbon intensity; of the least carbon over the expected length; of the most carbon saved per time to \
                      the end",
            words: &["lowest-slot", "lowest-window", "carbon-time"],
        },
        hours("short_h", 2.0, "jobs whose estimated work is less than so many hours are short"),
        hours("slack_short_h", 6.0, "hours after its submission by which a short job is started"),
        hours("slack_long_h", 24.0, "the same for other jobs"),
        hours("mean_short_h", 0.0, "expected length of short jobs in hours; 0: each job's own estimate"),
        hours("mean_long_h", 0.0, "the same for other jobs"),
        wait(4.0),
    ],
    citation: "Hanafy et al. 2024, \"Going green for less green: optimizing the cost of reducing cloud carbon emissions\" (GAIA, ASPLOS); \
               Wiesner et al. 2021, \"Let's wait awhile\"",
    notes: "a look at every hour of the slack for every candidate; knows the grid's future; starts when the time has come, whoever waits by then",
    tested: &["it::placing::jobs_wait_for_green_hours", "it::published::gaia_starts_and_carbon_are_exact"],
    oracle: false,
};

/// How a start time is chosen, and how long a job may wait for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CarbonWaiting {
    mode: Mode,
    short: Span,
    /// Of short jobs, then of others.
    slack: [Span; 2],
    mean: [Span; 2],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    LowestSlot,
    LowestWindow,
    CarbonTime,
}

impl CarbonWaiting {
    pub(super) fn new(part: &PolicyPart) -> Self {
        let given = |name: &str| parameter(part, &CARBON_WAITING, name);
        let span = |name: &str| Span((given(name) * MICROS_PER_HOUR as f64 + 0.5) as u64);
        let mode = match given("mode") as u8 {
            0 => Mode::LowestSlot,
            1 => Mode::LowestWindow,
            _ => Mode::CarbonTime,
        };
        let (slack, mean) = ([span("slack_short_h"), span("slack_long_h")], [span("mean_short_h"), span("mean_long_h")]);
        Self { mode, short: span("short_h"), slack, mean }
    }
    /// Returns the carbon that a job is expected to cause at a candidate from its best start on, in milligrams.
    pub(super) fn cost(&self, view: View<'_>, job: JobId, candidate: &Candidate) -> i64 {
        let start = self.best_start(view, job, candidate);
        i64::try_from(view.expected_carbon_from_mg(job, candidate, start, self.length(view, job, candidate))).unwrap_or(i64::MAX)
    }
    /// Returns when a job had best start at a candidate: now at the earliest, and at the latest when its slack is over; now at a site that loses
    /// what does not start at once. *O*(hours of the slack).
    pub(super) fn best_start(&self, view: View<'_>, job: JobId, candidate: &Candidate) -> Time {
        let site = view.model().pools[candidate.pool].site;
        if view.model().sites[site].admission.loss {
            return view.now();
        }
        let latest = view.job(job).submit + self.slack[self.queue(view, job)];
        let length = self.length(view, job, candidate);
        match self.mode {
            Mode::LowestSlot => lowest_slot(view, site, latest),
            Mode::LowestWindow => lowest_window(view, site, latest, length),
            Mode::CarbonTime => carbon_time(view, site, latest, length),
        }
    }

    /// Returns 0 for a short job, 1 for others.
    fn queue(&self, view: View<'_>, job: JobId) -> usize {
        usize::from(view.estimate(job) >= self.short)
    }
    fn length(&self, view: View<'_>, job: JobId, candidate: &Candidate) -> Span {
        let mean = self.mean[self.queue(view, job)];
        if mean > Span::ZERO { mean } else { view.expected_time(job, candidate).1 }
    }
}

/// Returns the first instant from now to `latest` at which the grid is greenest.
fn lowest_slot(view: View<'_>, site: SiteId, latest: Time) -> Time {
    let curve = view.carbon_curve(site);
    let steps = std::iter::successors(Some(view.now()), |at| Some(curve.next_step_after(*at))).take_while(|at| *at <= latest);
    steps.min_by_key(|at| (curve.value_at(*at), *at)).unwrap_or(view.now())
}

/// Returns the starts to choose among: full hours from now on.
fn hourly(now: Time, latest: Time) -> impl Iterator<Item = Time> {
    std::iter::successors(Some(now), |at| Some(*at + Span(MICROS_PER_HOUR))).take_while(move |at| *at <= latest.max(now))
}

fn lowest_window(view: View<'_>, site: SiteId, latest: Time, length: Span) -> Time {
    let curve = view.carbon_curve(site);
    hourly(view.now(), latest).min_by_key(|at| (curve.integral(*at, *at + length), *at)).unwrap_or(view.now())
}

/// Returns the start that saves the most, against a start now, per time from now to the end.
fn carbon_time(view: View<'_>, site: SiteId, latest: Time, length: Span) -> Time {
    let (curve, now) = (view.carbon_curve(site), view.now());
    let at_once = curve.integral(now, now + length);
    let (mut best, mut saved, mut time) = (now, 0_i128, 1_i128);
    for at in hourly(now, latest) {
        let saves = at_once - curve.integral(at, at + length);
        let takes = i128::from((at + length).since(now).0).max(1);
        if saves.saturating_mul(time) > saved.saturating_mul(takes) {
            (best, saved, time) = (at, saves, takes);
        }
    }
    best
}

/// Jobs that wait for their time, the next one first.
#[derive(Clone, Debug, Default)]
pub(super) struct Deferred {
    jobs: std::collections::BTreeMap<(Time, JobNumber), (JobId, Option<PoolId>)>,
}

impl Deferred {
    pub(super) fn push(&mut self, until: Time, number: JobNumber, job: JobId, pool: Option<PoolId>) {
        self.jobs.insert((until, number), (job, pool));
    }
    /// Takes the next job whose time has come.
    pub(super) fn pop_due(&mut self, now: Time) -> Option<(JobId, Option<PoolId>)> {
        let first = self.jobs.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(first.remove())
    }
    /// Keeps the jobs of which this holds.
    pub(super) fn retain(&mut self, mut keeps: impl FnMut(JobId, Option<PoolId>) -> bool) {
        self.jobs.retain(|_, (job, pool)| keeps(*job, *pool));
    }
}
