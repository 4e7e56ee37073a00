//! Intervals and verdicts are right as often as they say, on the waiting times of a queue whose mean is known: M/M/1 at half load, mean wait 1.

use super::*;
use crate::base::random::Seed;

/// Waits of the first `count` customers of a queue that starts empty (Lindley 1952).
fn waits(seed: Seed, count: usize) -> Vec<f64> {
    let mut draws = seed.stream("queue", "test").at(0);
    let mut wait = 0.0_f64;
    let mut next = |_| {
        let after = (wait + draws.exponential() - 2.0 * draws.exponential()).max(0.0);
        std::mem::replace(&mut wait, after)
    };
    (0..count).map(&mut next).collect()
}

fn covers(interval: interval::Interval, truth: f64) -> bool {
    (interval.mean - truth).abs() <= interval.half_width
}

/// 500 times 20,000 customers. By replications the interval covers in 462 to 487 of 500 (a binomial band of 99 %); by batches of one long run, which
/// depend on each other and start empty, in 90 % at least.
#[test]
fn intervals_cover_the_true_mean_as_often_as_they_say() {
    let (mut by_replications, mut by_batches) = (0, 0);
    for seed in 0..500 {
        let replication = |replication| {
            let series = waits(Seed { seed, replication }, 2_000);
            let kept = &series[200..];
            kept.iter().sum::<f64>() / kept.len() as f64
        };
        let means: Vec<f64> = (0..10).map(replication).collect();
        by_replications += usize::from(covers(of_mean(&means, 0.95).unwrap(), 1.0));
        let series = waits(Seed { seed: 1_000 + seed, replication: 0 }, 20_000);
        let kept = &series[warmup::mser(&series, 5).unwrap().observations..];
        by_batches += usize::from(covers(batch::means(kept, 20, 0.95).unwrap().interval, 1.0));
    }
    assert!((462..=487).contains(&by_replications), "{by_replications} of 500 by replications");
    assert!(by_batches >= 450, "{by_batches} of 500 by batches");
}

/// A system and itself under other seeds, ten replications each, 200 times: "significant at 5 %" comes up in 3 to 19 (a binomial band of 99 %).
#[test]
fn a_system_differs_from_itself_as_often_as_chance_wants() {
    let means = |seed| -> Vec<f64> { (0..10).map(|replication| waits(Seed { seed, replication }, 2_000).iter().sum::<f64>() / 2_000.0).collect() };
    let significant = |pair: &u64| paired::difference(&means(2 * pair), &means(2 * pair + 1), 0.95).unwrap().p <= 0.05;
    let count = (0..200).filter(significant).count();
    assert!((3..=19).contains(&count), "{count} of 200");
}
