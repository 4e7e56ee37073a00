//! The least mean completion time of a set of jobs.

use crate::base::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A job as the relaxation sees it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Task {
    /// When it is submitted.
    pub(super) submit: Time,
    /// The shortest time that it runs, wherever, in microseconds.
    pub(super) shortest_us: u64,
    /// The size of its gang.
    pub(super) gpus: u32,
}

/// Returns a lower bound on the sum of completion times (submission to end, in microseconds) of tasks in order of submission, on `gpus` GPUs in
/// all.
///
/// Two bounds, of which the larger counts. First, nobody takes less than its shortest time *p*. Second, a single fast machine: let a task of *g*
/// GPUs hold at least *v* = g × p GPU-time before its end C, by whatever schedule. Its first *v* units are held at a rate of at most *g*, so that
/// the mean time *M* at which they are held is at most C − p/2. All tasks together hold at most so many GPUs as there are, and none before its
/// submission. Hence ΣC ≥ Σ(M + p/2), and ΣM is least if at every instant the whole machine serves, of those there are, the task of the least *v*:
/// a unit of *v* counts 1/v in ΣM (a transport problem; Goemans, Queyranne, Schulz, Skutella & Wang 2002, "Single machine scheduling with release
/// dates"). *O*(n log n).
pub(super) fn least_total_us(tasks: &[Task], gpus: u64) -> f64 {
    let alone: u128 = tasks.iter().map(|task| u128::from(task.shortest_us)).sum();
    let halves = alone as f64 / 2.0;
    (alone as f64).max(halves + least_mean_busy_times_us(tasks, gpus as f64))
}

/// The sum of *M* − submission over all tasks, at the least.
fn least_mean_busy_times_us(tasks: &[Task], gpus: f64) -> f64 {
    if gpus <= 0.0 {
        return 0.0;
    }
    let volume = |task: &Task| u128::from(task.gpus) * u128::from(task.shortest_us);
    // By volume, then in order; what is left of each in GPU-microseconds.
    let mut waiting: BinaryHeap<Reverse<(u128, usize)>> = BinaryHeap::new();
    let mut left: Vec<f64> = tasks.iter().map(|task| volume(task) as f64).collect();
    let mut sum = 0.0;
    let (mut now, mut next) = (0.0_f64, 0);
    while next < tasks.len() || !waiting.is_empty() {
        if waiting.is_empty() {
            now = now.max(tasks[next].submit.0 as f64);
        }
        while next < tasks.len() && tasks[next].submit.0 as f64 <= now {
            if left[next] > 0.0 {
                waiting.push(Reverse((volume(&tasks[next]), next)));
            }
            next += 1;
        }
        let Some(Reverse((volume, task))) = waiting.peek().copied() else { continue };
        let until = tasks.get(next).map_or(f64::INFINITY, |task| task.submit.0 as f64);
        let end = now + left[task] / gpus;
        let stop = end.min(until);
        let served = if end <= until { left[task] } else { (stop - now) * gpus };
        sum += served / volume as f64 * (f64::midpoint(now, stop) - tasks[task].submit.0 as f64);
        left[task] -= served;
        now = stop;
        if end <= until {
            waiting.pop();
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(submit: u64, shortest_us: u64, gpus: u32) -> Task {
        Task { submit: Time(submit), shortest_us, gpus }
    }

    #[test]
    fn on_a_single_gpu_the_bound_is_what_serving_the_shortest_first_takes() {
        // three jobs at once: 1, then 2, then 4: ends 1, 3, 7
        assert_eq!(least_total_us(&[task(0, 4, 1), task(0, 1, 1), task(0, 2, 1)], 1), 11.0);
        // a short one interrupts a long one: by mean busy times 10 × (0.5 × 0.2 + 7 × 0.8) ÷ 10 + 5 for the long one, 2 for the short one
        let bound = least_total_us(&[task(0, 10, 1), task(2, 2, 1)], 1);
        assert!((bound - (0.2 * 1.0 + 0.8 * 8.0 + 5.0 + 2.0)).abs() < 1e-12, "{bound}");
    }

    #[test]
    fn with_room_for_all_nobody_takes_less_than_its_own_time() {
        assert_eq!(least_total_us(&[task(5, 4, 2), task(5, 3, 1), task(9, 0, 1)], 100), 7.0);
        assert_eq!(least_total_us(&[], 4), 0.0);
    }

    #[test]
    fn a_backlog_on_many_gpus_takes_longer_than_the_jobs_alone() {
        // eight jobs of 2 GPUs and 10 µs on 4 GPUs: pairs end at 10, 20, 30, 40, in all 200
        let tasks = vec![task(0, 10, 2); 8];
        let bound = least_total_us(&tasks, 4);
        assert!(bound > 80.0 && bound <= 200.0, "{bound}");
    }
}
