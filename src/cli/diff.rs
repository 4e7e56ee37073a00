//! `edwc diff`: what differs in meaning between two scenarios, wherever it is written and in whatever order.

use super::arguments::Diff;
use super::failure::Failure;
use super::load::load;
use super::printer::Printer;
use crate::diag::escape;
use crate::scenario::{Difference, diff};

/// Writes one line a path: `+` only in the second, `-` only in the first, `~` in both and not the same.
pub(super) fn run(arguments: &Diff, printer: &mut Printer) -> Result<(), Failure> {
    let (first, second) = (load(&arguments.first, &[])?, load(&arguments.second, &[])?);
    let differences = diff(&first.scenario.document, &second.scenario.document);
    if differences.is_empty() {
        printer.out("the two scenarios mean the same\n");
    }
    differences.iter().for_each(|difference| printer.out(&line(difference)));
    Ok(())
}

fn line(difference: &Difference) -> String {
    let path = escape(&difference.path);
    match (difference.old.as_deref().map(escape), difference.new.as_deref().map(escape)) {
        (Some(old), Some(new)) => format!("~ {path}: {old} -> {new}\n"),
        (Some(old), None) => format!("- {path}: {old}\n"),
        (None, Some(new)) => format!("+ {path}: {new}\n"),
        (None, None) => String::new(),
    }
}
