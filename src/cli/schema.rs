//! `edwc schema`: the format of scenario files, for editors and for people, and that of the messages of policies.

use super::arguments::Schema;
use super::printer::Printer;
use crate::bridge;
use crate::scenario;

/// Prints the JSON Schema, or the reference page.
pub(super) fn run(arguments: &Schema, printer: &mut Printer) {
    if arguments.markdown {
        return printer.out(&scenario::reference());
    }
    let schema = if arguments.policy_protocol { bridge::schema() } else { scenario::schema() };
    let schema = serde_json::to_string_pretty(&schema).expect("a schema is plain data");
    printer.out(&format!("{schema}\n"));
}
