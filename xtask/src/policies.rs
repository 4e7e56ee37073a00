//! `cargo xtask policies`: the comparison of policies in docs/policies.md, run after run of the program itself.

use crate::steps::{Failure, cargo, edwc, root, run};
use crate::summary::Summary;
use std::fs;

/// Where the comparison is written.
const PAGE: &str = "docs/policies.md";

/// A scenario on which policies are compared.
struct Compared {
    path: &'static str,
    about: &'static str,
}

/// What is run.
const SCENARIOS: &[Compared] = &[
    Compared { path: "scenarios/national.toml", about: "The national scenario at 1:10: ten clusters, public money, quotas, failures, transfers." },
    Compared {
        path: "scenarios/compare/itp-06.toml",
        about: "A real log: cluster 06 of Microsoft ITP, 2,396 jobs in 60 days, on 144 GPUs at three sites.",
    },
    Compared {
        path: "scenarios/compare/philly.toml",
        about: "A real log: 82,247 jobs of Microsoft's Philly in 109 days, on 576 GPUs at three sites.",
    },
];

/// The policies that are compared: each placement under the same order and backfilling, then each other part under the same placement.
const POLICIES: &[&str] = &[
    "fifo+first-fit+easy",
    "fifo+best-fit+easy",
    "fifo+least-loaded+easy",
    "fifo+local-first(wait_h=4)+easy",
    "fifo+nearest(wait_h=4)+easy",
    "fifo+cheapest+easy",
    "fifo+greenest+easy",
    "fifo+fastest(wait_h=4)+easy",
    "fifo+random(wait_h=4)+easy",
    "fifo+shortest-queue(wait_h=4)+easy",
    "fifo+round-robin(wait_h=4)+easy",
    "fifo+power-of-two(wait_h=4)+easy",
    "fifo+weighted+easy",
    "fifo+subsidy-greedy+easy",
    "fifo+near-data+easy",
    "fifo+fgd+easy",
    "fifo+carbon-waiting+easy",
    "fifo+global+easy",
    "fifo+at-start+global+easy",
    "fifo+at-start+cheapest+easy",
    "fifo+at-start+matching+easy",
    "fifo+cheapest",
    "fifo+cheapest+skip",
    "fifo+cheapest+easy-sjbf",
    "fifo+cheapest+conservative",
    "sjf+cheapest+easy",
    "srpt+cheapest+easy+evict-lower",
    "ljf+cheapest+easy",
    "lcfs+cheapest+easy",
    "smallest+cheapest+easy",
    "smallest-area+cheapest+easy",
    "srtf+cheapest+easy",
    "srsf+cheapest+easy",
    "wfp3+cheapest+easy",
    "unicep+cheapest+easy",
    "f1+cheapest+easy",
    "priority+cheapest+easy",
    "deadline+cheapest+easy",
    "ready-time+cheapest+easy",
    "cohort+cheapest+easy",
    "fair-share+cheapest+easy",
    "drf+cheapest+easy",
    "fifo+cheapest+easy+reclaim",
    "fifo+cheapest+easy+consolidate",
    "las+cheapest+easy+evict-lower",
    "tiresias+cheapest+easy+evict-lower",
    "las+cheapest+easy+rounds",
    "tiresias+cheapest+easy+rounds",
    "srtf+cheapest+easy+rounds",
    "srtf+cheapest+easy+history",
    "srtf+cheapest+easy+noisy",
    "srtf+cheapest+easy+oracle",
];

/// Refusals that whoever asks cannot avoid: what has room, or what a rule allows, is known by asking.
const UNAVOIDABLE: &[&str] = &["room", "quota", "cap", "domestic", "access", "power", "admission"];

/// Runs all policies on all scenarios and writes the page; names choose scenarios by what their paths contain. `--missing`: rows that the page has
/// stay as they are.
pub fn run_policies(arguments: &[&str]) -> Result<(), Failure> {
    let (flags, names): (Vec<&str>, Vec<&str>) = arguments.iter().partition(|argument| argument.starts_with("--"));
    let keeps = match flags.as_slice() {
        [] => false,
        ["--missing"] => true,
        _ => return Err("`cargo xtask policies` takes `--missing`, or parts of the scenarios' paths".into()),
    };
    let page = if keeps { fs::read_to_string(root().join(PAGE)).map_err(|error| format!("{PAGE}: {error}"))? } else { String::new() };
    run(&mut cargo(&["build", "--release", "--locked"]))?;
    let chosen: Vec<&Compared> =
        SCENARIOS.iter().filter(|scenario| names.is_empty() || names.iter().any(|name| scenario.path.contains(name))).collect();
    // A run takes one core.
    let tables: Vec<Result<String, Failure>> = std::thread::scope(|scope| {
        let running: Vec<_> = chosen.iter().map(|scenario| scope.spawn(|| table(scenario, &page))).collect();
        running.into_iter().map(|table| table.join().expect("a table does not panic")).collect()
    });
    let mut page = heading();
    for table in tables {
        page.push_str(&table?);
    }
    page.push_str(CLOSING);
    if names.is_empty() {
        fs::write(root().join(PAGE), &page).map_err(|error| format!("{PAGE}: {error}"))?;
        println!("wrote {PAGE}");
    }
    Ok(())
}

const HEAD: &str = "| policy | wait mean, min | completion mean, h | p95, h | utilisation | net cost, CNY/GPU-h | subsidies, CNY/GPU-h | \
                    carbon, kg/GPU-h | decision, µs |\n\
                    |---|---|---|---|---|---|---|---|---|\n";

const CLOSING: &str = "\n## What was run, and what was not\n\n\
    All of the above: each policy on each scenario, to the end. The command fails if a run ends with an error, or if the world refused something \
    that a correct policy would not have asked for: a chip, a place or a delay that the job does not allow, a split, data that need not move, a job \
    that waits by its own choice. Refusals for want of room, by quotas, caps and limits are how a policy learns of them.\n\n\
    Every other combination of parts is run on random worlds by the tests (`it::chaos::builtin`), not on these scenarios.\n";

fn heading() -> String {
    "# Policies compared\n\n\
     Written by `cargo xtask policies` from `edwc run --json`; do not edit. [What the parts are](reference/policies.md), \
     [the scenarios](../scenarios/README.md#comparisons).\n\n\
     Each scenario is run once, with its own seed: differences of a few per cent may be chance. *Utilisation* is GPU time held. *Net cost* is what \
     tenants pay after subsidies, over GPU time held; *subsidies* are those of tenants and sites. *Carbon* is by location, idle power included. \
     *Decision* is the mean wall-clock time of a round on the machine that made this page; it alone changes from run to run. \
     `sjf`, `srpt` and `oracle` know the true work of jobs. `wait_h=4` keeps placements that know nothing of queues from pools where jobs would \
     wait four hours longer than elsewhere. Binding is at submission unless `at-start` says otherwise.\n"
        .to_owned()
}

/// Runs the policies on one scenario for which a page has no row yet.
fn table(scenario: &Compared, page: &str) -> Result<String, Failure> {
    let command = format!("edwc run {} --policy POLICY", scenario.path);
    let mut table = format!("\n## {}\n\n{}\n\n```sh\n{command}\n```\n\n{HEAD}", scenario.path, scenario.about);
    for policy in POLICIES {
        let row = match row_of(page, scenario.path, policy) {
            Some(row) => row,
            None => row(scenario, policy).inspect(|row| println!("{}: {}", scenario.path, row.trim_end()))?,
        };
        table.push_str(&row);
    }
    Ok(table)
}

/// Finds the row of a policy under a scenario's heading.
fn row_of(page: &str, path: &str, policy: &str) -> Option<String> {
    let section = page.split("\n## ").find_map(|section| section.strip_prefix(path))?;
    let row = section.lines().find(|line| line.starts_with(&format!("| `{policy}` |")))?;
    Some(format!("{row}\n"))
}

/// Runs one policy on one scenario.
fn row(scenario: &Compared, policy: &str) -> Result<String, Failure> {
    let path = scenario.path;
    let summary = Summary::printed_by(&mut edwc("release", &["run", path, "--policy", policy, "--json"]))?;
    let avoidable = summary.refusals().filter(|kind| !UNAVOIDABLE.contains(kind)).collect::<Vec<_>>();
    if !avoidable.is_empty() {
        return Err(format!("{path} under {policy}: refused what it need not have asked for: {}", avoidable.join(", ")));
    }
    let value = |at: &str| summary.number(at).map_err(|error| format!("{path}: {error}"));
    let held = value("/gpu_hours/held")?;
    Ok(format!(
        "| `{policy}` | {:.1} | {:.2} | {:.1} | {:.1} % | {:.2} | {:.3} | {:.3} | {:.1} |\n",
        value("/latency/queue_wait/mean")? / 60.0,
        value("/latency/completion/mean")? / 3600.0,
        value("/latency/completion/p95")? / 3600.0,
        value("/utilisation/allocated")? * 100.0,
        value("/money/tenants/net_cny")? / held,
        value("/money/public_cny")? / held,
        value("/carbon_kg/location")? / held,
        value("/decision_s/mean")? * 1e6,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_under_their_scenario() {
        let page = "# P\n\n## a.toml\n\n| `fifo` | 1 |\n| `fifo+easy` | 2 |\n\n## b.toml\n\n| `fifo` | 3 |\n";
        assert_eq!(row_of(page, "b.toml", "fifo").as_deref(), Some("| `fifo` | 3 |\n"));
        assert_eq!(row_of(page, "b.toml", "fifo+easy"), None);
    }
}
