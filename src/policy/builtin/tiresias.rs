//! Multilevel feedback by attained service, discretised.

use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Span, Time};
use crate::model::{JobId, JobNumber, PolicyPart};
use crate::policy::{Parameter, PartInfo, PartKind, Plan, View, parameter};
use crate::world::jobs::State;
use std::cmp::Reverse;

const fn threshold(name: &'static str, default: f64) -> Parameter {
    Parameter { name, default, range: (1e-9, 1e9), summary: "GPU-hours held after which a job goes down to the next level", words: &[] }
}

pub(super) static TIRESIAS: PartInfo = PartInfo {
    name: "tiresias",
    kind: PartKind::Order,
    summary: "by level of GPU time held so far, least first; on a level those who run first, then as they came to it; to be used with `evict-lower` or \
              `rounds`",
    parameters: &[
        threshold("first_gpu_h", 3250.0 / 3600.0),
        threshold("second_gpu_h", 2.0),
        Parameter {
            name: "step_s",
            default: 0.0,
            range: (0.0, 1e6),
            summary: "seconds to whose multiple the running time of a job on a level is rounded up when its end is looked for; 0: exact",
            words: &[],
        },
    ],
    citation: "Gu et al. 2019, \"Tiresias: a GPU cluster manager for distributed deep learning\" (Discretized 2D-LAS)",
    notes: "walks all jobs in every round; needs no estimates; jobs are not promoted again, so that long ones may starve",
    tested: &["engine::tests::slicing::levels_give_the_hand_worked_schedule", "it::published::muri_is_exact"],
    oracle: false,
};

/// The levels.
const LEVELS: usize = 3;

/// The levels of all jobs in the system.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    /// GPU time in microseconds after which a job leaves a level.
    thresholds: [u64; LEVELS - 1],
    step: Span,
    /// Each level's jobs in their order.
    levels: [Vec<(JobId, JobNumber)>; LEVELS],
    /// The key of each job, by slot.
    keys: Vec<i64>,
    version: u64,
    /// When a running job leaves its level, if the policy has asked for that.
    next_look: Time,
}

/// A job that leaves its level, in the order in which they do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Leaving {
    /// How long ago it had held as much as the levels above allow, in microseconds.
    ago: Reverse<u64>,
    number: JobNumber,
    job: JobId,
    level: usize,
    down: usize,
}

impl Levels {
    pub(super) fn new(part: &PolicyPart) -> Self {
        let hours = |name: &str| (parameter(part, &TIRESIAS, name) * MICROS_PER_HOUR as f64).max(1.0) as u64;
        Self {
            thresholds: [hours("first_gpu_h"), hours("second_gpu_h").max(hours("first_gpu_h"))],
            step: Span::from_secs_f64(parameter(part, &TIRESIAS, "step_s")),
            levels: Default::default(),
            keys: Vec::new(),
            version: 0,
            next_look: Time::NEVER,
        }
    }
    /// Returns the key of a job: smaller goes first.
    pub(super) fn key(&self, job: JobId) -> i64 {
        self.keys.get(job.0 as usize).copied().unwrap_or(0)
    }
    pub(super) fn version(&self) -> u64 {
        self.version
    }
    /// Tells whether a running job leaves its level now.
    pub(super) fn is_due(&self, now: Time) -> bool {
        self.next_look <= now
    }
    /// Takes those off the levels who have left, adds those who have come, and moves those down who have held as much as their level allows, in the
    /// order in which they had: nobody need have looked then.
    pub(super) fn follow(&mut self, view: View<'_>) {
        let delta = view.delta();
        for level in &mut self.levels {
            level.retain(|(job, number)| view.jobs().is_live(*job) && view.job(*job).number == *number);
        }
        self.levels[0].extend(delta.arrived.iter().map(|job| (*job, view.job(*job).number)));
        let mut leaving: Vec<Leaving> = Vec::new();
        for (level, jobs) in self.levels.iter().enumerate().take(LEVELS - 1) {
            for (job, number) in jobs.iter().filter(|(job, _)| held(view, *job) >= self.thresholds[level]) {
                let down = self.thresholds.iter().position(|threshold| held(view, *job) < *threshold).unwrap_or(LEVELS - 1);
                let ago = (held(view, *job) / gpus(view, *job)).saturating_sub(whole_steps(self.step, self.thresholds[down - 1], gpus(view, *job)));
                leaving.push(Leaving { ago: Reverse(ago), number: *number, job: *job, level, down });
            }
        }
        leaving.sort_unstable();
        for Leaving { number, job, level, down, .. } in leaving {
            self.levels[level].retain(|(other, _)| *other != job);
            self.levels[down].push((job, number));
        }
        self.number_anew();
    }
    /// Puts those who hold GPUs after the plan before the others of their level, and, where that matters then, asks for a look when the first of them
    /// leaves it.
    pub(super) fn settle(&mut self, view: View<'_>, plan: &mut Plan<'_>, asks: bool) {
        let mut runs: Vec<JobId> =
            view.pools().flat_map(|pool| plan.holders(pool).collect::<Vec<_>>()).filter(|job| !plan.is_leaving(*job)).collect();
        runs.sort_unstable();
        let mut soonest = Time::NEVER;
        for (level, jobs) in self.levels.iter_mut().enumerate() {
            jobs.sort_by_key(|(job, _)| runs.binary_search(job).is_err());
            let Some(threshold) = self.thresholds.get(level) else { continue };
            for (job, _) in jobs.iter().take_while(|(job, _)| runs.binary_search(job).is_ok()) {
                let left = whole_steps(self.step, *threshold, gpus(view, *job)).saturating_sub(held(view, *job) / gpus(view, *job));
                soonest = soonest.min(view.now() + Span(left).max(Span(1)));
            }
        }
        self.number_anew();
        // A look that was asked for earlier, for a job that has given its GPUs back since, is not due when it comes.
        if !asks || soonest == Time::NEVER {
            self.next_look = Time::NEVER;
        } else if self.next_look == soonest || plan.wake_at(soonest).is_ok() {
            self.next_look = soonest;
        }
    }

    fn number_anew(&mut self) {
        self.version += 1;
        for (place, (job, _)) in (0..).zip(self.levels.iter().flatten()) {
            if self.keys.len() <= job.0 as usize {
                self.keys.resize(job.0 as usize + 1, 0);
            }
            self.keys[job.0 as usize] = place;
        }
    }
}

/// Returns how long a gang holds its GPUs until it has held so much GPU time, in microseconds, in whole steps.
fn whole_steps(step: Span, gpu_us: u64, gpus: u64) -> u64 {
    gpu_us.div_ceil(gpus).div_ceil(step.0.max(1)).saturating_mul(step.0.max(1))
}

fn gpus(view: View<'_>, job: JobId) -> u64 {
    u64::from(view.job(job).gpus.max(1))
}

/// Returns the GPU time that a job has held so far, in microseconds.
fn held(view: View<'_>, job: JobId) -> u64 {
    let (status, before) = (view.status(job), view.jobs().usage(job).held_gpu_us);
    if status.state == State::Queued {
        return before;
    }
    before.saturating_add(view.now().saturating_since(status.start).0.saturating_mul(u64::from(view.job(job).gpus)))
}
