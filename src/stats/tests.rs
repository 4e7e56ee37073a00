//! The twelve `stat-*` cases with known answers, and the metric definitions of `metrics-6` that are statistics.

use super::interval::{of_mean, student_quantile};
use super::*;

mod sureness;

const MM1: &str = include_str!("../../tests/data/cases/data/mm1_wait_backlog.csv");
const REPLICATIONS: &str = include_str!("../../tests/data/cases/data/replications.csv");
const PAIRED: &str = include_str!("../../tests/data/cases/data/paired.csv");

fn column(csv: &str, index: usize) -> Vec<f64> {
    csv.lines().skip(1).map(|line| line.split(',').nth(index).unwrap().parse().unwrap()).collect()
}

#[track_caller]
fn close(actual: f64, expected: f64) {
    assert!((actual - expected).abs() <= 1e-9 * expected.abs(), "{actual} is not {expected}");
}

#[test]
fn stat_mser5() {
    let cut = warmup::mser(&column(MM1, 1), 5).unwrap();
    assert_eq!((cut.batches, cut.observations, cut.batch_count), (81, 405, 400));
    close(cut.statistic, 0.02257459178263033);
    close(cut.mean, 2.4387798169279);
    assert!(cut.reliable);
}

#[test]
fn stat_mser1() {
    let cut = warmup::mser(&column(MM1, 1), 1).unwrap();
    assert_eq!((cut.batches, cut.observations, cut.batch_count), (403, 403, 2000));
    close(cut.statistic, 0.005273265947573358);
    close(cut.mean, 2.4426521928616154);
}

#[test]
fn stat_raw_mean_no_truncation() {
    let waits = column(MM1, 1);
    close(waits.iter().copied().collect::<Moments>().mean().unwrap(), 3.7682356340000003);
}

#[test]
fn stat_mser1_hand() {
    let data = [10.0, 8.0, 6.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0];
    let expected = [1.004, 0.6419753086419754, 0.3125, 0.03498542274052478, 0.041666666666666664, 0.048];
    let statistics = warmup::statistics(&data, 5);
    assert_eq!(statistics.len(), expected.len());
    statistics.iter().zip(expected).for_each(|(actual, expected)| close(*actual, expected));
    assert_eq!(warmup::mser(&data, 1).unwrap().batches, 3);
}

#[test]
fn stat_batch_means() {
    let waits = column(MM1, 1);
    let after = &waits[warmup::mser(&waits, 5).unwrap().observations..];
    let cases = [
        (10, 159, [2.427253462264151, 1.013157423763071, 0.72476915992436, -0.15547872596688309, 1.7520186860447264]),
        (20, 79, [2.3956237537974685, 1.43921959054227, 0.6735755023755603, -0.12296036560703344, 1.7304065498633905]),
        (30, 53, [2.4272534622641504, 1.7194608618199365, 0.6420572377189355, 0.006019343229723115, 1.905688366156851]),
    ];
    for (count, size, [mean, deviation, half_width, lag_one, von_neumann]) in cases {
        let means = batch::means(after, count, 0.95).unwrap();
        assert_eq!(means.batch_size, size);
        close(means.interval.mean, mean);
        close(means.deviation, deviation);
        close(means.interval.half_width, half_width);
        close(means.lag_one, lag_one);
        close(means.von_neumann, von_neumann);
    }
    assert_eq!(batch::means(after, 0, 0.95), None);
    assert_eq!(batch::means(&after[..5], 10, 0.95), None);
}

#[test]
fn stat_replication_ci() {
    let means = column(REPLICATIONS, 1);
    for (confidence, half_width) in [(0.90, 0.14392017322319503), (0.95, 0.17760501545109283), (0.99, 0.25514897950946125)] {
        let interval = of_mean(&means, confidence).unwrap();
        close(interval.mean, 3.9912897000000003);
        close(interval.half_width, half_width);
    }
    assert_eq!(of_mean(&means[..1], 0.95), None, "one replication has no interval");
}

#[test]
fn stat_paired_t() {
    let (a, b) = (column(PAIRED, 1), column(PAIRED, 2));
    let difference = paired::difference(&a, &b, 0.95).unwrap();
    close(difference.interval.mean, 1.6239553333333336);
    close(difference.interval.half_width, 1.0538663237159727);
    close(difference.statistic, 3.3916081279789023);
    close(difference.p, 0.006017736369226157);
    close(difference.correlation, 0.974386649812766);
    close(difference.variance_reduction, 39.041994937172575);
    let (interval, degrees_of_freedom) = paired::welch(&a, &b, 0.95).unwrap();
    close(interval.half_width, 6.204640017087305);
    close(degrees_of_freedom, 21.99999570702725);
    assert_eq!(paired::wilcoxon_p(&a, &b), Some(0.0068359375));
}

#[test]
fn stat_ocba() {
    let shares = selection::ocba(&[1.0, 2.0, 3.0, 4.0, 5.0], &[3.0, 2.0, 4.0, 3.0, 2.0]).unwrap();
    let expected = [0.42341337220819786, 0.24933475796402257, 0.24933475796402257, 0.062333689491005644, 0.015583422372751411];
    shares.iter().zip(expected).for_each(|(actual, expected)| close(*actual, expected));
    assert_eq!(selection::ocba(&[1.0, 1.0], &[1.0, 2.0]), None, "a tie has no best");
}

#[test]
fn stat_t_quantiles() {
    let expected = [
        (0.95, [2.1318467863266495, 1.833112932656237, 1.7291328115213682, 1.6991270265334972]),
        (0.975, [2.7764451051977934, 2.262157162798205, 2.0930240544083087, 2.045229642132703]),
        (0.995, [4.604094871349992, 3.249835541592126, 2.8609346064649794, 2.756385903670605]),
    ];
    for (probability, quantiles) in expected {
        for (degrees_of_freedom, quantile) in [4.0, 9.0, 19.0, 29.0].into_iter().zip(quantiles) {
            close(student_quantile(probability, degrees_of_freedom), quantile);
        }
    }
}

#[test]
fn stat_runlength_mm1_l() {
    let cases = [
        (0.5, 24.0, 921950.1173992992),
        (0.8, 1800.0000000000018, 4321641.175309218),
        (0.9, 34200.00000000003, 16219492.806098787),
        (0.95, 592799.9999999978, 63080797.50626773),
    ];
    for (load, variance, time) in cases {
        close(run_length::mm1_asymptotic_variance(load), variance);
        close(run_length::mm1_time(load, 0.01, 0.95), time);
    }
}

#[test]
fn stat_kahan() {
    let sum: Sum = std::iter::repeat_n(0.1, 1_000_000).chain([1e10, -1e10]).collect();
    close(sum.total(), 100_000.0);
    let naive: f64 = std::iter::repeat_n(0.1, 1_000_000).chain([1e10, -1e10]).sum();
    assert!((naive - 100_000.0).abs() > 1e-7, "a plain sum is worse: {naive}");
}

#[test]
fn stat_welford() {
    let moments: Moments = [1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0].into_iter().collect();
    assert_eq!(moments.variance(), Some(30.0));
    assert_eq!(moments.mean(), Some(1_000_000_010.0));
    let farther: Moments = [1.0, 2.0, 4.0, 8.0, 16.5].into_iter().map(|value| 1e12 + value).collect();
    close(farther.variance().unwrap(), 39.7);
}
