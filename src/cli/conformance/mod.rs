//! `edwc policy test`: the conformance kit. It plays small situations to the command of an `exec:` policy, and tells its author what it gets wrong.

#[expect(clippy::disallowed_types, reason = "decisions are timed by the wall clock")]
mod play;
mod situations;

use super::arguments::PolicyTest;
use super::failure::{Exit, Failure, plural};
use super::interrupt::Interrupt;
use super::printer::Printer;
use super::text::columns;
use crate::bridge::{PROTOCOL, Stop, Terms};
use crate::diag::escape;
use crate::stats::Histogram;
use play::{Finding, Verdict, play};
use serde_json::{Value, json};
use situations::{SITUATIONS, Situation};
use std::time::Duration;

/// Plays all situations; exit code 4 if the policy fails one.
pub(super) fn run(arguments: &PolicyTest, printer: &mut Printer) -> Result<(), Failure> {
    let interrupt = Interrupt::listen().map_err(|error| Failure::new(Exit::Bug, format!("cannot listen for signals: {error}")))?;
    let asked = interrupt.clone();
    let terms = Terms {
        command: arguments.command.clone(),
        time_limit: Duration::from_secs(arguments.policy_timeout),
        stop: Stop::when(move || asked.asked()),
        unknown_field: false,
    };
    let mut findings: Vec<(&Situation, Finding)> = Vec::new();
    for situation in &SITUATIONS {
        let hopeless = findings.iter().any(|(_, finding)| finding.hopeless);
        let finding = if hopeless { Finding::new(Verdict::NotPlayed) } else { play(situation, &terms) };
        if interrupt.asked() {
            return Err(Failure::new(Exit::Interrupted, "interrupted; the policy was not tested to the end"));
        }
        if !arguments.json {
            printer.out(&line(situation, &finding, printer.width()));
        }
        findings.push((situation, finding));
    }
    printer.out(&if arguments.json { as_json(&arguments.command, &findings) } else { conclusion(&findings) });
    let failed = findings.iter().any(|(_, finding)| finding.verdict >= Verdict::Failed);
    if failed { Err(Failure::silent(Exit::Policy)) } else { Ok(()) }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Warned => "warned",
        Verdict::Failed => "failed",
        Verdict::NotPlayed => "not played",
    }
}

/// Writes a situation: its verdict, what it asks, and what is wrong.
fn line(situation: &Situation, finding: &Finding, width: usize) -> String {
    let mark = if finding.verdict == Verdict::Failed { "FAILED" } else { word(finding.verdict) };
    let mut rows = vec![(format!("{mark:<10}  {:<15}", situation.name), situation.asks.to_owned())];
    let more = [("problem", finding.problem.as_deref()), ("help", finding.help)];
    rows.extend(more.iter().filter_map(|(name, text)| Some((format!("{:<12}{name}:", ""), escape((*text)?)))));
    let mut text = columns(&rows, width);
    if !finding.last_words.0.is_empty() {
        text.push_str(&format!("{:<12}its standard error ended with:\n", ""));
        finding.last_words.0.iter().for_each(|line| text.push_str(&format!("{:<14}{}\n", "", escape(line))));
    }
    text
}

fn conclusion(findings: &[(&Situation, Finding)]) -> String {
    let count = |verdict: Verdict| findings.iter().filter(|(_, finding)| finding.verdict == verdict).count();
    let told: Vec<String> = [Verdict::Passed, Verdict::Warned, Verdict::Failed, Verdict::NotPlayed]
        .into_iter()
        .filter(|verdict| count(*verdict) > 0)
        .map(|verdict| format!("{} {}", count(verdict), word(verdict)))
        .collect();
    let (rounds, times) = timing(findings);
    let mean = times.mean().map_or_else(String::new, |mean| format!("; {:.3} ms a decision", mean / 1e6));
    format!("\n{}: {}; {rounds} rounds{mean}\n", plural(findings.len(), "situation"), told.join(", "))
}

fn timing(findings: &[(&Situation, Finding)]) -> (u64, Histogram) {
    let mut times = Histogram::new();
    findings.iter().for_each(|(_, finding)| times.merge(&finding.decision_ns));
    (findings.iter().map(|(_, finding)| finding.rounds).sum(), times)
}

fn as_json(command: &[String], findings: &[(&Situation, Finding)]) -> String {
    let situations: Vec<Value> = findings
        .iter()
        .map(|(situation, finding)| {
            json!({
                "situation": situation.name,
                "asks": situation.asks,
                "verdict": word(finding.verdict),
                "problem": finding.problem,
                "help": finding.help,
                "standard_error": finding.last_words.0,
                "rounds": finding.rounds,
                "decision_s": finding.decision_ns.describe(1e-9),
            })
        })
        .collect();
    let passed = findings.iter().all(|(_, finding)| finding.verdict < Verdict::Failed);
    let (rounds, times) = timing(findings);
    let all = json!({
        "protocol": PROTOCOL, "command": command, "passed": passed, "rounds": rounds, "decision_s": times.describe(1e-9), "situations": situations,
    });
    format!("{}\n", serde_json::to_string_pretty(&all).expect("findings are plain data"))
}
