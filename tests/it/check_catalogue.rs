//! The catalogue of diagnostics: the wrong example of each page yields its code, the right one does not.

use edwc::diag::{Diagnostics, Example, Look, explain, pages};
use edwc::scenario::{Options, Scenario, starter};

/// Checks a text that may extend the starter; returns all that is said about it.
fn check(example: Example) -> Option<Diagnostics> {
    let library = |name: &str| (name == "starter.toml").then(starter);
    let options = Options { library: Some(&library), ..Options::default() };
    let text = match example {
        Example::Lines(lines) => format!("extends = \"starter.toml\"\n{lines}\n"),
        Example::File(text) => text.to_owned(),
        Example::Words(_) => return None,
    };
    Some(Scenario::parse("example.toml", &text, &options).map_or_else(|problems| problems, |scenario| scenario.diagnostics()))
}

#[test]
fn each_wrong_example_yields_its_code_and_each_right_one_does_not() {
    let mut faults = Vec::new();
    for page in pages() {
        let found = |said: &Diagnostics| said.list.iter().any(|diagnostic| diagnostic.code == page.code);
        if let Some(said) = check(page.wrong).filter(|said| !found(said)) {
            faults.push(format!("{}: the wrong example does not yield it, but\n{}", page.code.name(), said.render(Look::PLAIN)));
        }
        if let Some(said) = check(page.right).filter(found) {
            faults.push(format!("{}: the right example yields it\n{}", page.code.name(), said.render(Look::PLAIN)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_right_example_is_right() {
    let mut faults = Vec::new();
    for page in pages().iter().filter(|page| matches!(page.right, Example::Lines(_))) {
        if let Some(said) = check(page.right).filter(Diagnostics::has_errors) {
            faults.push(format!("{}:\n{}", page.code.name(), said.render(Look::PLAIN)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_starter_passes_without_a_word() {
    let scenario = Scenario::parse("starter.toml", starter(), &Options::default()).expect("the starter is right");
    assert!(scenario.warnings.is_empty(), "{}", scenario.diagnostics().render(Look::PLAIN));
    assert_eq!(scenario.model.evidence.unmarked, 0);
}

#[test]
fn codes_are_explained() {
    assert_eq!(explain("e0203").map(|page| page.title), Some("no such thing"));
    assert!(explain("E9999").is_none());
}
