//! Latency distributions in the text format of HdrHistogram (`.hgrm`), which its plotting tools read.

use crate::stats::Histogram;
use std::fmt::Write;

/// Writes a histogram of microseconds as percentiles of seconds. Every bucket that holds a value is one line, so nothing is left out.
pub fn text(histogram: &Histogram) -> String {
    let mut text = String::from("       Value     Percentile TotalCount 1/(1-Percentile)\n\n");
    let (total, mut seen) = (histogram.count(), 0);
    for (value, count) in histogram.steps() {
        seen += count;
        let quantile = seen as f64 / total as f64;
        let seconds = value as f64 * 1e-6;
        if seen < total {
            writeln!(text, "{seconds:>12.6} {quantile:>14.12} {seen:>10} {:>14.2}", total as f64 / (total - seen) as f64)
        } else {
            writeln!(text, "{seconds:>12.6} {quantile:>14.12} {seen:>10}")
        }
        .expect("a string takes all text");
    }
    let (mean, deviation) = (histogram.mean().unwrap_or(0.0) * 1e-6, histogram.deviation() * 1e-6);
    writeln!(text, "#[Mean    = {mean:>12.6}, StdDeviation   = {deviation:>12.6}]").expect("a string takes all text");
    writeln!(text, "#[Max     = {:>12.6}, Total count    = {total:>12}]", histogram.max() as f64 * 1e-6).expect("a string takes all text");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_line() {
        let mut histogram = Histogram::new();
        [0, 0, 1_500_000, 3_000_000].into_iter().for_each(|value| histogram.record(value));
        let text = text(&histogram);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], "    0.000000 0.500000000000          2           2.00");
        assert_eq!(lines.len(), 7, "{text}");
        assert!(lines[4].ends_with("1.000000000000          4"), "{text}");
        assert_eq!(lines[6], "#[Max     =     3.000000, Total count    =            4]");
    }
}
