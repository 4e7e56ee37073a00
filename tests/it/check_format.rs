//! The scenario format: what is accepted, and what it means.

use edwc::diag::Look;
use edwc::scenario::{Options, Scenario};
use std::path::Path;

/// Loads a scenario of the repository; problems are printed as a person would see them.
pub fn load(path: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    Scenario::load(&path, &Options::default()).unwrap_or_else(|problems| panic!("{}", problems.render(Look::PLAIN)))
}

#[test]
fn the_format_by_example_passes() {
    let scenario = load("tests/data/scenario-format.toml");
    assert_eq!(scenario.model.sites.len(), 2);
}

#[test]
fn the_quickstart_passes_without_a_word() {
    let scenario = load("scenarios/quickstart.toml");
    assert!(scenario.warnings.is_empty(), "{}", scenario.diagnostics().render(Look::PLAIN));
}

#[test]
fn every_scenario_of_the_repository_passes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("the folder exists").map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let failures: Vec<_> =
        files.iter().filter_map(|path| Scenario::load(path, &Options::default()).err()).map(|all| all.render(Look::PLAIN)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
