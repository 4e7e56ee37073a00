//! `cargo xtask verify`: all known answers, and the page of them.

use crate::steps::{Failure, cargo, edwc, output, root, run};
use std::fs;

/// Cases of the same models with other parameters; they are judged to five per cent.
const OTHER_CASES: &str = "tests/data/cases/other-parameters.json";
/// The page with the table.
const PAGE: &str = "docs/validation.md";

/// Runs all cases; `write` puts their table into the page, and leaves the other cases aside.
pub fn run_verify(write: bool) -> Result<(), Failure> {
    run(&mut cargo(&["build", "--release", "--locked"]))?;
    if !write {
        run(&mut edwc("release", &["verify"]))?;
        return run(&mut edwc("release", &["verify", OTHER_CASES, "--quick"]));
    }
    let path = root().join(PAGE);
    let page = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let table = output(&mut edwc("release", &["verify", "--markdown"]))?;
    let page = replaced(&page, "known answers", String::from_utf8_lossy(&table).trim())?;
    fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("wrote {PAGE}");
    Ok(())
}

/// Replaces what stands between the marks `<!-- begin: MARK -->` and `<!-- end: MARK -->`.
fn replaced(page: &str, mark: &str, text: &str) -> Result<String, Failure> {
    let (begin, end) = (format!("<!-- begin: {mark} -->\n"), format!("<!-- end: {mark} -->"));
    let split = page.split_once(&begin).and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let (before, after) = split.ok_or_else(|| format!("{PAGE} has no marks of `{mark}`"))?;
    Ok(format!("{before}{begin}\n{text}\n\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_between_marks_is_replaced() {
        let page = "a\n<!-- begin: t -->\nold\n<!-- end: t -->\nb\n";
        let new = replaced(page, "t", "new").expect("the marks are there");
        assert_eq!(new, "a\n<!-- begin: t -->\n\nnew\n\n<!-- end: t -->\nb\n");
        assert_eq!(replaced(&new, "t", "new").as_deref(), Ok(&*new));
        assert!(replaced(page, "u", "").is_err());
    }
}
