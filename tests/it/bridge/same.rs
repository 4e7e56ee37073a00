//! The same policy inside and outside of the process gives the same run, to the fingerprint.

use super::{TWO_SITES, compiled, edwc, fingerprint, python, succeeds};

#[track_caller]
fn same(scenario: &str, inside: &str, outside: &str, more: &[&str]) {
    let run = |policy: &str| fingerprint(&succeeds(edwc(&["run", scenario, "--json", "--policy", policy]).args(more)));
    assert_eq!(run(inside), run(outside), "{scenario} under {inside} and {outside}");
}

#[test]
fn fifo_in_python_is_the_built_in_one() {
    same_fifo(&python("fifo.py"));
}

#[test]
fn fifo_in_c_is_the_built_in_one() {
    let compiled = compiled("fifo.c");
    same_fifo(&format!("exec:{}", compiled.path));
}

fn same_fifo(fifo: &str) {
    // Quotas, failures and patience.
    same(TWO_SITES, "fifo+at-submit+least-loaded", fifo, &[]);
    same("quickstart", "fifo+at-submit+least-loaded", fifo, &[]);
    same("quickstart", "fifo+at-submit+least-loaded", fifo, &["--set", r#"workload.training.patience="3 h""#, "--seed", "7"]);
}
