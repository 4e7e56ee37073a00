//! `edwc init`: a commented scenario that runs, to start from.

use super::arguments::Init;
use super::embedded;
use super::failure::{Exit, Failure};
use super::printer::Printer;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};

/// Writes the quickstart under a new name.
pub(super) fn run(arguments: &Init, printer: &mut Printer) -> Result<(), Failure> {
    let path = &arguments.file;
    let mut file = File::options().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::new(Exit::Usage, format!("`{}` exists", path.display())).help("give the name of a new file"),
        _ => Failure::io("create", path, &error),
    })?;
    let text = embedded::find("quickstart").expect("the quickstart is built in");
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a scenario would be worse than none; nobody can be told if it cannot be removed either.
        let _ = fs::remove_file(path);
        Failure::io("write", path, &error)
    })?;
    let shown = path.display();
    printer.note(&format!("wrote `{shown}`: `edwc check {shown}`, then `edwc run {shown}`\n"));
    Ok(())
}
