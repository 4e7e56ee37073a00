//! How much work a scenario asks for, before a job is drawn.

use super::arrivals::mean_rate;
use crate::base::time::MICROS_PER_SECOND;
use crate::base::{Span, Time};
use crate::model::{Arrivals, ClassId, Gang, Model, Setting, Workload, WorkloadId};

/// What one workload asks for in gangs of one size.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Offered {
    /// The workload.
    pub workload: WorkloadId,
    /// The class of its jobs.
    pub class: ClassId,
    /// The size of a gang.
    pub gpus: u32,
    /// Expected GPU-seconds per second on the reference chip: the GPUs of that chip that it keeps busy on average.
    pub gpu_seconds_per_s: f64,
}

/// Returns what the synthetic workloads ask for on average over the run, by workload and gang size, in closed form: means of truncated
/// laws, rates over
/// the horizon with their profiles and the scenario's changes; a backlog counts as if it came evenly. Traces are not read, and left out.
pub fn offered_load(model: &Model) -> Vec<Offered> {
    let mut offered: Vec<Offered> = Vec::new();
    for (id, first) in model.workloads.entries() {
        for (workload, from, to) in states(model, id, first) {
            let jobs_per_s = jobs_per_second(model, workload, from, to);
            for (gpus, weight) in sizes(&workload.gpus) {
                let load = jobs_per_s * weight * f64::from(gpus) * workload.work.mean();
                match offered.iter_mut().find(|known| (known.workload, known.class, known.gpus) == (id, workload.class, gpus)) {
                    Some(known) => known.gpu_seconds_per_s += load,
                    None => offered.push(Offered { workload: id, class: workload.class, gpus, gpu_seconds_per_s: load }),
                }
            }
        }
    }
    offered.retain(|offered| offered.gpu_seconds_per_s > 0.0);
    offered
}

/// The states of a workload and from when to when they hold; without a horizon, the first one for a day.
fn states<'a>(model: &'a Model, id: WorkloadId, first: &'a Workload) -> Vec<(&'a Workload, Time, Time)> {
    let Some(horizon) = model.horizon.map(|horizon| Time(horizon.0)) else { return vec![(first, Time::ZERO, Time(Span::days(1).0))] };
    let mut states = vec![(first, Time::ZERO, horizon)];
    for change in model.changes.iter().filter(|change| change.at < horizon) {
        for setting in &change.settings {
            if let Setting::Workload(changed, workload) = setting
                && *changed == id
            {
                if let Some(last) = states.last_mut() {
                    last.2 = change.at;
                }
                states.push((workload, change.at, horizon));
            }
        }
    }
    states
}

/// Jobs of a state, spread over the whole run.
fn jobs_per_second(model: &Model, workload: &Workload, from: Time, to: Time) -> f64 {
    let run_s = model.horizon.unwrap_or(Span::days(1)).as_secs_f64();
    let share = (to.0 - from.0) as f64 / MICROS_PER_SECOND as f64 / run_s;
    let batch = |batch: &Gang| sizes(batch).iter().map(|(size, weight)| f64::from(*size) * weight).sum::<f64>();
    share
        * match &workload.arrivals {
            Arrivals::AtStart { jobs } => return *jobs as f64 / run_s,
            Arrivals::Poisson { rate, batch: jobs } => mean_rate(rate, &model.calendar, from, to) * batch(jobs),
            Arrivals::Mmpp { rates_per_s, stays_s, batch: jobs } => {
                let arrivals: f64 = rates_per_s.iter().zip(stays_s).map(|(rate, stay)| rate * stay).sum();
                arrivals / stays_s.iter().sum::<f64>() * batch(jobs)
            }
            Arrivals::Renewal { between, batch: jobs } => batch(jobs) / between.mean(),
            Arrivals::Trace(_) => 0.0,
        }
}

fn sizes(gang: &Gang) -> Vec<(u32, f64)> {
    match gang {
        Gang::Fixed(size) => vec![(*size, 1.0)],
        Gang::Weighted(sizes) => sizes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{model, poisson, workload};
    use super::super::open;
    use super::*;
    use crate::base::random::Seed;
    use crate::model::{Change, JobSource, Law, Rate, Shape};

    /// Work is capped, so that a run's sum is near its expectation.
    fn modest(arrivals: Arrivals) -> Workload {
        Workload { work: Law { shape: Shape::LogNormal { mu: 4.0, sigma: 1.0 }, min: Some(20.0), max: Some(200.0) }, ..workload("w", arrivals) }
    }

    fn drawn(model: &Model) -> f64 {
        let mut source = open(model, Seed { seed: 11, replication: 0 }).unwrap();
        let jobs = std::iter::from_fn(|| source.next_job().unwrap());
        jobs.map(|job| job.work.as_secs_f64() * f64::from(job.gpus.0)).sum::<f64>() / model.horizon.unwrap().as_secs_f64()
    }

    #[test]
    fn what_is_expected_is_what_is_drawn() {
        let batch = Gang::Weighted(vec![(1, 0.5), (4, 0.5)]);
        let mut by_hour = [0.5; 24];
        by_hour[6..18].fill(1.5);
        let rate = Rate { mean_per_s: 0.05, sine: Some((0.08, 86_400.0)), by_hour: Some(by_hour), by_weekday: None };
        for arrivals in [
            poisson(0.1),
            Arrivals::Poisson { rate, batch: batch.clone() },
            Arrivals::Mmpp { rates_per_s: vec![0.02, 0.2], stays_s: vec![900.0, 300.0], batch: batch.clone() },
            Arrivals::Renewal { between: Law::exponential(20.0), batch },
            Arrivals::AtStart { jobs: 100_000 },
        ] {
            let model = model(vec![modest(arrivals)]);
            let offered = offered_load(&model);
            assert_eq!(offered.len(), 6, "one for each size");
            let expected: f64 = offered.iter().map(|offered| offered.gpu_seconds_per_s).sum();
            let ratio = drawn(&model) / expected;
            assert!((ratio - 1.0).abs() < 0.03, "drawn ÷ expected = {ratio} for {:?}", model.workloads[WorkloadId(0)].arrivals);
        }
    }

    #[test]
    fn changes_count_for_the_time_that_they_last() {
        let mut model = model(vec![modest(poisson(0.1))]);
        let at = |days| Time(Span::days(days).0);
        model.changes = vec![Change { at: at(7), settings: vec![Setting::Workload(WorkloadId(0), modest(poisson(0.3)))] }];
        let total: f64 = offered_load(&model).iter().map(|offered| offered.gpu_seconds_per_s).sum();
        let mean_gang = 0.4 + 0.2 * 2.0 + 0.15 * 12.0 + 0.06 * 16.0 + 0.04 * 32.0;
        let expected = (0.1 * 0.25 + 0.3 * 0.75) * mean_gang * model.workloads[WorkloadId(0)].work.mean();
        assert!((total / expected - 1.0).abs() < 1e-9);
    }
}
