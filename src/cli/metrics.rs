//! `edwc metrics`: the numbers of the summary by their paths.

use super::arguments::Metrics;
use super::printer::Printer;
use super::text::columns;
use crate::output::metrics;

/// Prints the path of each metric with its meaning and unit, or the reference page.
pub(super) fn run(arguments: &Metrics, printer: &mut Printer) {
    if arguments.markdown {
        return printer.out(&metrics::reference());
    }
    printer.out(&list(printer.width()));
}

fn list(width: usize) -> String {
    let unit = |unit: &str| if unit.is_empty() { String::new() } else { format!(" [{unit}]") };
    let rows = metrics::all().into_iter().map(|metric| (metric.path, metric.english + &unit(metric.unit)));
    columns(&rows.collect::<Vec<_>>(), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_fits_every_terminal() {
        for width in [80, 100, 120] {
            let list = list(width);
            assert!(list.lines().all(|line| line.chars().count() <= width), "{list}");
            assert!(metrics::all().iter().all(|metric| list.contains(&metric.path)), "{list}");
        }
    }
}
