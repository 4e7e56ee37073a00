//! The number of the format.

use super::super::reader::Lowering;
use crate::diag::{At, Diagnostic, FORMAT_MISSING, FileId, NEWER_FORMAT};

/// The format that this program reads.
const FORMAT: i128 = 1;

pub(in crate::scenario) fn format(lowering: &Lowering<'_>) {
    let format = lowering.root().item("format");
    match format.integer() {
        None if format.exists() => {}
        None => {
            let missing =
                Diagnostic::new(FORMAT_MISSING, "the number of the format is missing").at(At { file: FileId(0), start: 0, end: 0 }, "format");
            lowering.report(missing.help("write `format = 1` on the first line"));
        }
        Some(number) if number > FORMAT => {
            let message = format!("format {number} needs a newer edwc than {}", env!("CARGO_PKG_VERSION"));
            format.report(NEWER_FORMAT, message, format!("this edwc reads format {FORMAT}"));
        }
        Some(_) => {}
    }
}
