//! Plays a situation to a policy and judges what it did.

use super::situations::{BASE, Situation};
use crate::base::Time;
use crate::base::random::Seed;
use crate::bridge::{Fault, Foreign, StandardError, StartError, Terms};
use crate::cli::failure::plural;
use crate::engine::{Ending, Options, Run, RunError};
use crate::policy::{Needs, Plan, PolicyError, Scheduler, View};
use crate::scenario::{self, Scenario};
use crate::stats::Histogram;
use crate::workload;
use crate::world::records::Fate;
use std::time::Instant;

/// Decisions that take so long on average are worth a warning: a million rounds, which a year at full size has, take an hour and more.
const SLOW_NS: f64 = 5e6;

/// How a situation was passed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Verdict {
    Passed,
    Warned,
    Failed,
    NotPlayed,
}

/// What came out of a situation.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) verdict: Verdict,
    /// What is wrong.
    pub(super) problem: Option<String>,
    /// What the author can do.
    pub(super) help: Option<&'static str>,
    /// The end of what the policy wrote to its standard error, if it failed.
    pub(super) last_words: StandardError,
    /// Whether nothing else can be learnt from this policy.
    pub(super) hopeless: bool,
    pub(super) rounds: u64,
    /// Time of decisions by the wall clock, in nanoseconds.
    pub(super) decision_ns: Histogram,
}

impl Finding {
    pub(super) fn new(verdict: Verdict) -> Self {
        let (problem, help) = (None, None);
        Self { verdict, problem, help, last_words: StandardError::default(), hopeless: false, rounds: 0, decision_ns: Histogram::new() }
    }
    fn wrong(&mut self, verdict: Verdict, problem: impl Into<String>, help: &'static str) {
        // The first of the gravest is told: what follows often follows from it.
        if verdict > self.verdict {
            (self.verdict, self.problem, self.help) = (verdict, Some(problem.into()), Some(help));
        }
    }
}

/// Reads the scenario of a situation.
pub(super) fn scenario(situation: &Situation) -> Scenario {
    let library = |name: &str| (name == "base").then_some(BASE);
    let options = scenario::Options { without: &[], overrides: &[], library: Some(&library) };
    Scenario::parse(situation.name, situation.text, &options).unwrap_or_else(|problems| panic!("{}: {}", situation.name, problems.plain(20)))
}

/// Plays a situation, twice if it says so.
pub(super) fn play(situation: &Situation, terms: &Terms) -> Finding {
    let scenario = scenario(situation);
    let terms = Terms { unknown_field: situation.unknown_field, ..terms.clone() };
    let mut finding = Finding::new(Verdict::Passed);
    let Some(first) = play_once(situation, &scenario, &terms, &mut finding) else { return finding };
    if situation.twice && finding.verdict < Verdict::Failed {
        let Some(second) = play_once(situation, &scenario, &terms, &mut finding) else { return finding };
        if first.fingerprint != second.fingerprint {
            let help = "unseeded random numbers, the time of day, and the order of sets and hash maps are what usually differs";
            finding.wrong(Verdict::Warned, "the same run, played twice, went two ways: the policy is not deterministic", help);
        }
        let mean = finding.decision_ns.mean().unwrap_or(0.0);
        if mean > SLOW_NS {
            let help = "keep what is known from round to round, and answer from what has changed";
            let text = format!("a decision takes {:.0} ms on average; a million rounds take {:.1} h", mean / 1e6, mean * 1e6 / 3.6e12);
            finding.wrong(Verdict::Warned, text, help);
        }
    }
    finding
}

fn play_once(situation: &Situation, scenario: &Scenario, terms: &Terms, finding: &mut Finding) -> Option<Ending> {
    let model = &scenario.model;
    let mut foreign = match Foreign::start(terms, model, None) {
        Ok(foreign) => foreign,
        Err((error, last_words)) => {
            let fault = if let StartError::Handshake { fault, .. } = &error { Some(*fault) } else { None };
            finding.wrong(Verdict::Failed, error.to_string(), advice(fault));
            (finding.last_words, finding.hopeless) = (last_words, true);
            return None;
        }
    };
    let seed = Seed { seed: model.seed, replication: 0 };
    let sources = Box::new(workload::open(model, seed).expect("situations have no traces"));
    let mut run = Run::new(model, sources, foreign.needs(), seed, Options { keep_postings: false, sample_every: None }).expect("jobs are synthetic");
    let mut watched = Watched { foreign: &mut foreign, decision_ns: &mut finding.decision_ns };
    let failed = loop {
        match run.step(&mut watched) {
            Ok(true) => {}
            Ok(false) => break None,
            Err(error) => break Some(error),
        }
    };
    finding.rounds += foreign.rounds();
    if let Some(error) = failed {
        let fault = foreign.fault();
        finding.wrong(Verdict::Failed, said(&error), fault.map_or(ADVICE_ON_LOOPS, |fault| advice(Some(fault))));
        finding.hopeless = matches!(fault, Some(Fault::Silent | Fault::Deaf));
        finding.last_words = foreign.give_up();
        return None;
    }
    let starving = run.starving();
    let ending = run.finish(false).expect("prices of situations are small");
    judge(situation, &ending, starving, finding);
    let note = foreign.end(&serde_json::json!({ "fingerprint": ending.fingerprint.hex() }));
    if let Ok(Some(note)) = note {
        finding.wrong(Verdict::Warned, note, "when standard input ends, clean up and end with exit code 0");
    }
    Some(ending)
}

/// Judges what came out; so many jobs wait although they could start, at the end of everything.
fn judge(situation: &Situation, ending: &Ending, starving: usize, finding: &mut Finding) {
    let refused: u64 = ending.totals.refusals.iter().map(|(_, count)| *count).sum();
    if situation.nothing_to_refuse && refused > 0 {
        let kinds: Vec<String> = ending.totals.refusals.iter().map(|(kind, count)| format!("{count} × {kind}")).collect();
        let text = format!("the world had to refuse what the candidates do not offer: {}", kinds.join(", "));
        finding.wrong(Verdict::Failed, text, "place and bind a job only in the pools of its `candidates`");
    }
    if starving > 0 {
        let text = format!("{} never started, although nothing runs and nothing else will happen", plural(starving, "job"));
        let help = "try again when GPUs are freed, after `changed`, and after a refusal; ask by `wake` for a time that nothing else marks";
        finding.wrong(Verdict::Failed, text, help);
    }
    let fate = |fate: Fate| ending.jobs.iter().filter(|job| job.fate == fate).count();
    if fate(Fate::Unfinished) > 0 {
        let text = format!("{} had not finished when the run was over", plural(fate(Fate::Unfinished), "job"));
        finding.wrong(Verdict::Failed, text, "start what waits; what was preempted or deferred must start again");
    }
    if fate(Fate::Rejected) > 0 {
        let text = format!("it turned away {} that could have run", plural(fate(Fate::Rejected), "job"));
        finding.wrong(Verdict::Warned, text, "let jobs wait instead, unless turning them away is what the policy is for");
    }
}

const ADVICE_ON_LOOPS: &str = "a `wake` for now makes another round at once: ask for a later time, and only while something waits";

/// What helps against a fault; none: the command cannot be started.
fn advice(fault: Option<Fault>) -> &'static str {
    match fault {
        None => "write the command as in a shell: `edwc policy test -- python3 my_policy.py`",
        Some(Fault::Silent) => "answer the greeting and every round, also when there is nothing to decide, and flush after every line",
        Some(Fault::Deaf) => "read standard input to its end, line by line",
        Some(Fault::Gone) => "read on until standard input ends; its last words may say why it did not",
        Some(Fault::Chatter) => "standard output carries the protocol and nothing else: print to standard error, and write each message on one line",
        Some(Fault::Malformed) => "`edwc schema --policy-protocol` has every message and every field",
        Some(Fault::Version) => "answer the greeting with the version that the policy was written for",
        Some(Fault::OutOfTurn) => "write one line for each round, with the `seq` of that round",
        Some(Fault::Decision) => "keep track of jobs by `arrived`, `returned`, `left` and `refused`: a job that was started waits no more",
        Some(Fault::Elsewhere) => "this is not the policy's fault",
    }
}

fn said(error: &RunError) -> String {
    match error {
        RunError::Policy { at, error, .. } => format!("at {}: {error}", clock(*at)),
        other => other.to_string(),
    }
}

fn clock(at: Time) -> String {
    let seconds = at.0 / 1_000_000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A policy with a stop-watch.
struct Watched<'a> {
    foreign: &'a mut Foreign,
    decision_ns: &'a mut Histogram,
}

impl Scheduler for Watched<'_> {
    fn needs(&self) -> Needs {
        self.foreign.needs()
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        let started = Instant::now();
        let result = self.foreign.schedule(view, plan);
        self.decision_ns.record(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX));
        result
    }
}
