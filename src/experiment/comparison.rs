//! Alternatives under the same seeds: what each gives, and how far it is from the baseline, seed by seed.

use super::{Design, FinishedRun, Recorded};
use crate::output::metrics::{Better, Metric, find};
use crate::stats::interval::{self, Interval};
use crate::stats::{holm, paired, percentile};
use std::collections::BTreeSet;

/// All metrics of an experiment, compared.
#[derive(Clone, PartialEq, Debug)]
pub struct Comparison {
    /// Names of the alternatives.
    pub names: Vec<String>,
    /// The place of the baseline.
    pub baseline: usize,
    /// How often each was replicated.
    pub replications: u64,
    /// The confidence of all intervals, such as 0.95.
    pub confidence: f64,
    /// Whether replications stand in pairs under the same random numbers; else two samples are compared (Welch 1947).
    pub paired: bool,
    /// One row a metric, in the order of the summary.
    pub rows: Vec<Row>,
}

/// A metric of all alternatives.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// What it is; its path has the names filled in.
    pub metric: Metric,
    /// What each alternative gave.
    pub cells: Vec<Cell>,
}

/// A metric of an alternative.
#[derive(Clone, PartialEq, Debug)]
pub struct Cell {
    /// Its value in each replication; none where it does not exist (the wait of no job).
    pub values: Vec<Option<f64>>,
    /// The mean of those that exist.
    pub mean: Option<f64>,
    /// Half of the width of the mean's interval; none of fewer than two values.
    pub half_width: Option<f64>,
    /// The interval of the median over replications by order statistics, for what is a quantile of a run (its law over runs is skewed).
    pub median: Option<(f64, f64)>,
    /// How far it is from the baseline; none for the baseline itself and where there is no pair.
    pub difference: Option<Difference>,
}

/// A paired difference to the baseline.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Difference {
    /// Its mean, in the metric's unit.
    pub mean: f64,
    /// Half of the width of its interval; none of a single pair.
    pub half_width: Option<f64>,
    /// The pairs behind it.
    pub pairs: u64,
    /// The mean of the baseline over these pairs.
    pub baseline: f64,
    /// Its p-value, corrected for the number of alternatives (Holm 1979).
    pub p: Option<f64>,
    /// What to say of it.
    pub verdict: Verdict,
}

/// What to say of a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Significant, in the direction that is better.
    Better,
    /// Significant, in the direction that is worse.
    Worse,
    /// Significant, and nobody can say which direction is better.
    Different,
    /// Not significant.
    NoDifference,
    /// A single pair, of which nothing can be said.
    Unknown,
}

impl Verdict {
    /// Returns the word for tables and files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Different => "different",
            Self::NoDifference => "no difference",
            Self::Unknown => "unknown",
        }
    }
}

impl Difference {
    /// Returns the difference as a share of the baseline; none of a baseline of zero.
    pub fn relative(&self) -> Option<f64> {
        (self.baseline != 0.0).then(|| self.mean / self.baseline.abs())
    }
    /// Returns the half-width as a share of the baseline.
    pub fn relative_half_width(&self) -> Option<f64> {
        self.half_width.filter(|_| self.baseline != 0.0).map(|half_width| half_width / self.baseline.abs())
    }
}

impl Comparison {
    /// Compares all runs of a design by all of their metrics.
    pub fn new(design: &Design, runs: &[FinishedRun], confidence: f64) -> Self {
        let replications = runs.iter().map(|run| run.replication + 1).max().unwrap_or(0);
        let names: Vec<String> = design.names().map(str::to_owned).collect();
        let mut seen = BTreeSet::new();
        let mut paths: Vec<(usize, Metric)> = Vec::new();
        for path in runs.iter().flat_map(|run| run.metrics.keys()).filter(|path| seen.insert(path.as_str())) {
            paths.extend(find(path));
        }
        paths.sort_by(|(first, a), (second, b)| first.cmp(second).then_with(|| a.path.cmp(&b.path)));
        let rows = paths.into_iter().map(|(_, metric)| row(metric, &names, design.baseline, replications, runs, confidence)).collect();
        Self { names, baseline: design.baseline, replications, confidence, paired: true, rows }
    }
    /// Compares an alternative with what an earlier experiment recorded of its own.
    pub fn against(&self, alternative: usize, recorded: &Recorded, counterpart: usize, paired: bool) -> Self {
        let name = |at: usize| recorded.alternatives[at].name.clone();
        let names = vec![format!("{} (recorded)", name(counterpart)), self.names[alternative].clone()];
        let rows = self.rows.iter().map(|row| {
            let mut values = vec![recorded.values(&row.metric.path, counterpart).to_vec(), row.cells[alternative].values.clone()];
            let longest = values.iter().map(Vec::len).max().unwrap_or(0);
            values.iter_mut().for_each(|values| values.resize(longest, None));
            compared(row.metric.clone(), values, 0, self.confidence, paired)
        });
        Self { names, baseline: 0, replications: self.replications, confidence: self.confidence, paired, rows: rows.collect() }
    }
    /// Finds a metric by its path.
    pub fn row(&self, path: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.metric.path == path)
    }
    /// Returns the largest half-width of the metrics named, as a share of the baseline's mean; none if one of them has no interval.
    ///
    /// Of an experiment with a single alternative it is that of the mean itself, else of the paired differences.
    pub fn precision(&self, paths: &[String]) -> Option<f64> {
        let mut widest = 0.0_f64;
        for row in paths.iter().filter_map(|path| self.row(path)) {
            let scale = row.cells[self.baseline].mean?.abs();
            for (at, cell) in row.cells.iter().enumerate() {
                let alone = self.names.len() == 1;
                if at == self.baseline && !alone {
                    continue;
                }
                let half_width = if alone { cell.half_width? } else { cell.difference?.half_width? };
                widest = widest.max(if half_width == 0.0 { 0.0 } else { half_width / scale });
            }
        }
        Some(widest)
    }
}

fn row(metric: Metric, names: &[String], baseline: usize, replications: u64, runs: &[FinishedRun], confidence: f64) -> Row {
    let mut values = vec![vec![None; replications as usize]; names.len()];
    for run in runs {
        values[run.alternative][run.replication as usize] = run.metrics.get(&metric.path).copied();
    }
    compared(metric, values, baseline, confidence, true)
}

/// Compares samples of a metric with one of them.
fn compared(metric: Metric, values: Vec<Vec<Option<f64>>>, baseline: usize, confidence: f64, paired: bool) -> Row {
    let test = if paired { test } else { unpaired_test };
    let tests: Vec<Option<Test>> = values.iter().map(|sample| test(&values[baseline], sample, confidence)).collect();
    let others: Vec<usize> = (0..values.len()).filter(|at| *at != baseline && tests[*at].is_some_and(|test| test.p.is_some())).collect();
    let p_values: Vec<f64> = others.iter().filter_map(|at| tests[*at].and_then(|test| test.p)).collect();
    let corrected = holm::corrected(&p_values);
    let of_quantile = ["p50", "p95", "p99", "max"].iter().any(|end| metric.path.ends_with(end));
    let cells = values.into_iter().enumerate().map(|(at, values)| {
        let mut known: Vec<f64> = values.iter().flatten().copied().collect();
        let interval = interval::of_mean(&known, confidence);
        let mean = mean(&known);
        known.sort_by(f64::total_cmp);
        let median = of_quantile.then(|| percentile::order_statistics(&known, 0.5, confidence)).flatten();
        let p = others.iter().position(|other| *other == at).map(|place| corrected[place]);
        let difference = tests[at].filter(|_| at != baseline).map(|test| test.difference(p, metric.better, confidence));
        Cell { values, mean, half_width: interval.map(|interval| interval.half_width), median: median.map(|it| (it.low, it.high)), difference }
    });
    let cells = cells.collect();
    Row { metric, cells }
}

/// A paired test before its p-value is corrected.
#[derive(Clone, Copy)]
struct Test {
    interval: Option<Interval>,
    mean: f64,
    pairs: u64,
    baseline: f64,
    p: Option<f64>,
}

/// Pairs two samples where both exist; none without a pair.
fn test(baseline: &[Option<f64>], other: &[Option<f64>], confidence: f64) -> Option<Test> {
    let pairs: Vec<(f64, f64)> = baseline.iter().zip(other).filter_map(|(first, second)| Some(((*first)?, (*second)?))).collect();
    let (first, second): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let of_baseline = mean(&first)?;
    let paired = paired::difference(&first, &second, confidence);
    // Where every pair differs by the same, there is no doubt: t is infinite, or not a number if nothing differs.
    let p = paired.map(|paired| {
        if paired.statistic.is_nan() {
            1.0
        } else if paired.statistic.is_infinite() {
            0.0
        } else {
            paired.p
        }
    });
    Some(Test {
        interval: paired.map(|paired| paired.interval),
        mean: mean(&second)? - of_baseline,
        pairs: pairs.len() as u64,
        baseline: of_baseline,
        p,
    })
}

/// Compares two samples that have nothing in common; none where one is empty.
fn unpaired_test(baseline: &[Option<f64>], other: &[Option<f64>], confidence: f64) -> Option<Test> {
    let [first, second] = [baseline, other].map(|sample| sample.iter().flatten().copied().collect::<Vec<f64>>());
    let [of_first, of_second] = [&first, &second].map(|sample| sample.iter().copied().collect::<crate::stats::Moments>());
    let (of_baseline, pairs) = (of_first.mean()?, first.len().min(second.len()) as u64);
    let mean = of_second.mean()? - of_baseline;
    let still = of_first.variance() == Some(0.0) && of_second.variance() == Some(0.0);
    let (interval, p) = if still {
        (Some(Interval { mean, half_width: 0.0, count: pairs }), Some(if mean == 0.0 { 1.0 } else { 0.0 }))
    } else {
        match paired::welch(&first, &second, confidence) {
            None => (None, None),
            Some((interval, degrees_of_freedom)) => {
                let error = interval.half_width / interval::student_quantile(0.5 + confidence / 2.0, degrees_of_freedom);
                (Some(interval), Some(interval::two_sided_p(interval.mean / error, degrees_of_freedom)))
            }
        }
    };
    Some(Test { interval, mean, pairs, baseline: of_baseline, p })
}

impl Test {
    fn difference(self, corrected: Option<f64>, better: Better, confidence: f64) -> Difference {
        let mean = self.interval.map_or(self.mean, |interval| interval.mean);
        let verdict = match (corrected, better) {
            (None, _) => Verdict::Unknown,
            (Some(p), _) if p >= 1.0 - confidence || mean == 0.0 => Verdict::NoDifference,
            (_, Better::Neither) => Verdict::Different,
            (_, Better::Lower) => {
                if mean < 0.0 {
                    Verdict::Better
                } else {
                    Verdict::Worse
                }
            }
            (_, Better::Higher) => {
                if mean > 0.0 {
                    Verdict::Better
                } else {
                    Verdict::Worse
                }
            }
        };
        let half_width = self.interval.map(|interval| interval.half_width);
        Difference { mean, half_width, pairs: self.pairs, baseline: self.baseline, p: corrected, verdict }
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    values.iter().copied().collect::<crate::stats::Moments>().mean()
}

#[cfg(test)]
mod tests {
    use super::super::RunId;
    use super::super::perform::tests::design;
    use super::*;

    /// Runs whose mean wait and west share are these, alternative by alternative.
    fn runs(waits: &[&[f64]]) -> Vec<FinishedRun> {
        let run = |alternative: usize, replication: usize, wait: f64| {
            let summary =
                serde_json::json!({"latency": {"queue_wait": {"mean": wait, "p95": 2.0 * wait}}, "gpu_hours": {"west_share": wait / 100.0}});
            FinishedRun::new(RunId { replication: replication as u64, alternative }, &summary)
        };
        waits.iter().enumerate().flat_map(|(at, sample)| sample.iter().enumerate().map(move |(r, wait)| run(at, r, *wait))).collect()
    }

    fn compared(waits: &[&[f64]]) -> Comparison {
        Comparison::new(&design(waits.len()), &runs(waits), 0.95)
    }

    #[test]
    fn pairs_make_small_differences_sure() {
        // Between seeds the waits spread by tens, within a pair they differ by 1 ± 0.1.
        let comparison = compared(&[&[10.0, 30.0, 50.0, 70.0], &[9.1, 28.9, 49.0, 69.0], &[11.0, 31.1, 50.9, 71.0]]);
        let row = comparison.row("latency.queue_wait.mean").unwrap();
        assert_eq!(row.cells[0].mean, Some(40.0));
        assert!(row.cells[0].half_width.unwrap() > 30.0 && row.cells[0].difference.is_none());
        let better = row.cells[1].difference.unwrap();
        // mean −1; deviation of (−0.9, −1.1, −1, −1) = 0.0816; t(0.975, 3) = 3.1824
        assert!((better.mean + 1.0).abs() < 1e-12 && (better.half_width.unwrap() - 3.182446 * 0.081650 / 2.0).abs() < 1e-5, "{better:?}");
        assert_eq!((better.verdict, better.pairs, better.relative()), (Verdict::Better, 4, Some(better.mean / 40.0)));
        assert_eq!(row.cells[2].difference.unwrap().verdict, Verdict::Worse);
        assert_eq!(comparison.row("gpu_hours.west_share").unwrap().cells[2].difference.unwrap().verdict, Verdict::Different);
    }

    #[test]
    fn the_same_twice_is_no_difference_and_the_same_gap_is_sure() {
        let comparison = compared(&[&[1.0, 2.0, 4.0], &[1.0, 2.0, 4.0], &[1.5, 2.5, 4.5]]);
        let cells = &comparison.row("latency.queue_wait.mean").unwrap().cells;
        let (same, gap) = (cells[1].difference.unwrap(), cells[2].difference.unwrap());
        assert_eq!((same.verdict, same.mean, same.half_width), (Verdict::NoDifference, 0.0, Some(0.0)));
        assert_eq!((gap.verdict, gap.mean, gap.half_width, gap.p), (Verdict::Worse, 0.5, Some(0.0), Some(0.0)));
    }

    #[test]
    fn what_an_earlier_experiment_recorded_is_paired_or_not() {
        let recorded = |values: &[f64]| {
            let values: Vec<serde_json::Value> = values.iter().map(|value| serde_json::json!(value)).collect();
            let text = serde_json::json!({
                "comparison": 1, "version": "0", "seed": 7, "replications": values.len(), "confidence": 0.95, "baseline": "a0",
                "alternatives": design(1).alternatives,
                "metrics": {"latency.queue_wait.mean": {"alternatives": {"a0": {"values": values}}}},
            });
            Recorded::parse(&text.to_string()).unwrap()
        };
        let now = compared(&[&[11.0, 31.1, 50.9, 71.0]]);
        let cell = |values: &[f64], paired| {
            let against = now.against(0, &recorded(values), 0, paired);
            assert_eq!(against.names, ["a0 (recorded)", "a0"]);
            against.row("latency.queue_wait.mean").unwrap().cells[1].difference.unwrap()
        };
        let paired = cell(&[10.0, 30.0, 50.0], true);
        assert_eq!((paired.verdict, paired.pairs), (Verdict::Worse, 3));
        let apart = cell(&[10.0, 30.0, 50.0], false);
        assert!(apart.verdict == Verdict::NoDifference && apart.half_width.unwrap() > 30.0 && apart.mean == 11.0, "{apart:?}");
        // t = 0.635437 with 4.95828 degrees of freedom, the density integrated numerically.
        assert!((apart.p.unwrap() - 0.553308).abs() < 1e-6, "{apart:?}");
        assert_eq!(now.against(0, &recorded(&[1.0]), 0, false).rows[1].cells[1].difference, None, "the record lacks this metric");
    }

    #[test]
    fn one_run_says_nothing_for_sure() {
        let cells = compared(&[&[1.0], &[2.0]]).rows[0].cells.clone();
        let difference = cells[1].difference.unwrap();
        assert_eq!((difference.verdict, difference.half_width, difference.mean), (Verdict::Unknown, None, 1.0));
        assert_eq!(compared(&[&[1.0], &[2.0]]).precision(&["latency.queue_wait.mean".to_owned()]), None);
    }

    #[test]
    fn many_alternatives_need_more_evidence() {
        // Alone p = 0.03 is significant; as one of five it is not.
        let base: &[f64] = &[0.0; 5];
        let weak: &[f64] = &[1.0, 2.0, 0.4, 3.0, 0.2];
        let alone = compared(&[base, weak]).rows[0].cells[1].difference.unwrap();
        let many = compared(&[base, weak, weak, weak, weak, weak]).rows[0].cells[1].difference.unwrap();
        assert!(alone.p.unwrap() < 0.1 && many.p.unwrap() > 4.9 * alone.p.unwrap(), "{alone:?} {many:?}");
        assert_eq!(many.verdict, Verdict::NoDifference);
    }

    #[test]
    fn precision_is_that_of_the_widest_interval() {
        let comparison = compared(&[&[10.0, 10.0, 10.0], &[10.9, 11.0, 11.1]]);
        let path = |text: &str| vec![text.to_owned()];
        let expected = comparison.row("latency.queue_wait.mean").unwrap().cells[1].difference.unwrap().half_width.unwrap() / 10.0;
        assert_eq!(comparison.precision(&path("latency.queue_wait.mean")), Some(expected));
        let alone = compared(&[&[9.0, 10.0, 11.0]]);
        let row = alone.row("latency.queue_wait.mean").unwrap();
        assert_eq!(alone.precision(&path("latency.queue_wait.mean")), Some(row.cells[0].half_width.unwrap() / 10.0));
    }
}
