//! `edwc metrics`: the numbers of the summary by their paths.

use super::arguments::Metrics;
use super::printer::Printer;
use crate::output::metrics;

/// Prints one line a metric, or the reference page.
pub(super) fn run(arguments: &Metrics, printer: &mut Printer) {
    if arguments.markdown {
        return printer.out(&metrics::reference());
    }
    let metrics = metrics::all();
    let (path, unit) = metrics.iter().fold((0, 0), |(path, unit), metric| (path.max(metric.path.len()), unit.max(metric.unit.len())));
    let lines = metrics.iter().map(|metric| format!("{:<path$}  {:<unit$}  {}\n", metric.path, metric.unit, metric.english));
    printer.out(&lines.collect::<String>());
}
