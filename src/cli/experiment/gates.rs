//! Gates of a comparison: what must hold between a change and its baseline, from the command line to the exit code.

use super::rows::Scale;
use super::shown::Shown;
use super::{Experiment, Watch, reports};
use crate::cli::arguments::Compare;
use crate::cli::failure::{Exit, Failure, plural};
use crate::cli::printer::Printer;
use crate::cli::summary::table::{Cell, Table, wrap};
use crate::experiment::comparison::Row;
use crate::experiment::gate::{Evidence, Gate, GateVerdict, Judgement, Limit};
use crate::experiment::{Comparison, Design, FinishedRun, Recorded, Shard};
use anstyle::AnsiColor;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// What the command line asks of a comparison beyond its numbers.
#[derive(Debug)]
pub(super) struct Gating {
    gates: Vec<Gate>,
    recorded: Option<(PathBuf, Recorded)>,
}

/// A comparison that was judged.
#[derive(Debug)]
pub(super) struct Judged {
    /// What is shown: the comparison itself, or each alternative beside what was recorded of it.
    pub(super) comparisons: Vec<Comparison>,
    /// What a reader should know of the recorded baseline.
    pub(super) notes: Vec<String>,
    /// All gates of all alternatives.
    pub(super) results: Vec<GateResult>,
}

/// A gate and an alternative.
#[derive(Debug)]
pub(super) struct GateResult {
    /// The gate as it was written.
    pub(super) gate: String,
    /// The alternative that was judged.
    pub(super) alternative: String,
    /// What it was compared with; none of a level.
    against: Option<String>,
    /// How it came out.
    pub(super) judgement: Judgement,
    /// What was measured, as people read it.
    pub(super) measured: String,
    paired: bool,
}

impl Gating {
    /// Reads the gates and the recorded baseline, before anything is run.
    pub(super) fn read(arguments: &Compare) -> Result<Self, Failure> {
        let gate = |text: &String| Gate::parse(text).map_err(|fault| Failure::new(Exit::Usage, fault.message).help(fault.help));
        let gates = arguments.gates.iter().map(gate).collect::<Result<_, _>>()?;
        let recorded = arguments.baseline.as_deref().filter(|named| is_file(named)).map(|named| read(Path::new(named))).transpose()?;
        Ok(Self { gates, recorded })
    }
    /// Returns the alternative that the command line names as the baseline, unless a file is one.
    pub(super) fn named_baseline<'a>(&self, arguments: &'a Compare) -> Option<&'a str> {
        arguments.baseline.as_deref().filter(|_| self.recorded.is_none())
    }
    /// Refuses gates that have nothing to be compared with.
    pub(super) fn check(&self, design: &Design) -> Result<(), Failure> {
        let lonely = self.recorded.is_none() && design.alternatives.len() < 2;
        match self.gates.iter().find(|gate| lonely && gate.compares()) {
            None => Ok(()),
            Some(gate) => Err(Failure::new(Exit::Usage, format!("the gate `{}` needs a baseline, and there is a single alternative", gate.text))
                .help("`--baseline FILE` compares with what `edwc compare --json` printed before; a limit without a sign is a level")),
        }
    }
    /// Judges all gates.
    pub(super) fn judge(
        &self,
        experiment: &Experiment,
        runs: &[FinishedRun],
        comparison: &Comparison,
        watch: &mut Watch<'_>,
    ) -> Result<Judged, Failure> {
        let exact = !self.gates.is_empty() && self.is_exact(experiment, runs, watch)?;
        let mut judged = Judged { comparisons: Vec::new(), notes: Vec::new(), results: Vec::new() };
        match &self.recorded {
            None => {
                let alone = comparison.names.len() == 1;
                for at in (0..comparison.names.len()).filter(|at| alone || *at != comparison.baseline) {
                    judged.results.extend(self.gates.iter().map(|gate| result(gate, comparison, at, exact)));
                }
                judged.comparisons.push(comparison.clone());
            }
            Some((file, recorded)) => {
                for (at, alternative) in experiment.design.alternatives.iter().enumerate() {
                    let counterpart = recorded.counterpart(alternative);
                    let paired = recorded.pairs_with(&experiment.design);
                    let against = comparison.against(at, recorded, counterpart, paired);
                    judged.notes.push(note(file, recorded, &experiment.design, (at, counterpart), comparison.replications));
                    judged.results.extend(self.gates.iter().map(|gate| result(gate, &against, 1, exact)));
                    judged.comparisons.push(against);
                }
            }
        }
        Ok(judged)
    }

    /// Tells whether nothing is random; a single replication is tried again under other random numbers, and refused if they show.
    fn is_exact(&self, experiment: &Experiment, runs: &[FinishedRun], watch: &mut Watch<'_>) -> Result<bool, Failure> {
        let replications = runs.iter().map(|run| run.replication + 1).max().unwrap_or(0);
        let again = if replications == 1 { experiment.perform(1..2, Shard::ALL, None, watch)? } else { Vec::new() };
        let first = |run: &FinishedRun| runs.iter().find(|other| other.alternative == run.alternative);
        let same = runs.iter().chain(&again).all(|run| first(run).is_some_and(|first| first.fingerprint == run.fingerprint));
        if replications == 1 && !same {
            return Err(Failure::new(Exit::Usage, "a gate cannot tell noise from change with one replication: this scenario is random")
                .help("ask for more, such as `-r 10`"));
        }
        Ok(same)
    }
}

/// Tells whether a baseline is a file or a directory of results rather than the name of an alternative.
fn is_file(named: &str) -> bool {
    Path::new(named).extension().is_some_and(|extension| extension == "json") || Path::new(named).join("comparison.json").is_file()
}

fn read(named: &Path) -> Result<(PathBuf, Recorded), Failure> {
    let file = Recorded::place(named);
    let text = fs::read_to_string(&file).map_err(|error| {
        Failure::io("read", &file, &error)
            .help("`edwc compare … --json > main.json` records a baseline, and so does `--out DIR`, in its `comparison.json`")
    })?;
    let recorded =
        Recorded::parse(&text).map_err(|why| Failure::new(Exit::Invalid, format!("`{}` is no recorded baseline: {why}", file.display())))?;
    Ok((file, recorded))
}

/// Says what an alternative is compared with, and how.
fn note(file: &Path, recorded: &Recorded, design: &Design, (at, counterpart): (usize, usize), replications: u64) -> String {
    let (name, of) = (&recorded.alternatives[counterpart].name, &design.alternatives[at].name);
    let how = if recorded.pairs_with(design) {
        format!("paired by replication, {}", plural(recorded.replications.min(replications) as usize, "pair"))
    } else {
        format!("unpaired (Welch), {} there and {replications} here", recorded.replications)
    };
    let changes: String = recorded.changes(design, at, counterpart).iter().map(|change| format!("; {change}")).collect();
    format!("{of} against `{name}` of {}: {how}{changes}", file.display())
}

fn result(gate: &Gate, comparison: &Comparison, at: usize, exact: bool) -> GateResult {
    let confidence = comparison.confidence;
    let row = comparison.row(&gate.metric.path);
    let values = |at: usize| row.map_or(&[][..], |row| &row.cells[at].values);
    let baseline = if at == comparison.baseline { &[] } else { values(comparison.baseline) };
    let judgement = gate.judge(&Evidence { baseline, values: values(at), paired: comparison.paired, exact }, confidence);
    GateResult {
        gate: gate.text.clone(),
        alternative: comparison.names[at].clone(),
        against: gate.compares().then(|| comparison.names[comparison.baseline].clone()),
        measured: row.map_or_else(|| "-".to_owned(), |row| measured(gate, &judgement, row, comparison.baseline)),
        judgement,
        paired: comparison.paired,
    }
}

/// Writes what was measured in the words of the limit.
fn measured(gate: &Gate, judgement: &Judgement, row: &Row, baseline: usize) -> String {
    let (Some(value), Some(half_width)) = (judgement.measured, judgement.half_width) else { return "-".to_owned() };
    let scale = Scale::of(row, baseline);
    match (gate.limit, judgement.baseline) {
        (Limit::Share(_), Some(mean)) if mean != 0.0 => scale.relative(value / mean.abs(), half_width / mean.abs()),
        (Limit::Level(_), _) => scale.level(value, half_width),
        _ => scale.absolute(value, half_width),
    }
}

impl GateResult {
    /// Says how it came out, and what would make it surer.
    pub(super) fn said(&self) -> String {
        let verdict = self.judgement.verdict;
        match verdict {
            GateVerdict::Unsure(Some(needed)) => {
                let each = if self.paired { "" } else { ", here and in the baseline," };
                format!("{}: about {needed} replications{each} would decide", verdict.word())
            }
            GateVerdict::Unsure(None) => format!("{}: it lies on the limit as far as anybody can tell", verdict.word()),
            GateVerdict::Unjudged => format!("{}: no pair of runs has this number", verdict.word()),
            GateVerdict::Passed | GateVerdict::Failed => verdict.word().to_owned(),
        }
    }
    fn json(&self) -> Value {
        let judgement = &self.judgement;
        let needed = if let GateVerdict::Unsure(needed) = judgement.verdict { needed } else { None };
        json!({
            "gate": self.gate,
            "alternative": self.alternative,
            "against": self.against,
            "paired": self.paired,
            "verdict": judgement.verdict.word(),
            "passes": judgement.verdict.passes(),
            "measured": judgement.measured,
            "half_width": judgement.half_width,
            "limit": judgement.limit,
            "baseline": judgement.baseline,
            "replications_needed": needed,
        })
    }
}

impl Judged {
    /// Adds the gates to a comparison as JSON.
    pub(super) fn add_to(&self, json: &mut Value) {
        if !self.results.is_empty() {
            json["gates"] = self.results.iter().map(GateResult::json).collect();
        }
    }
    /// Prints the tables of all comparisons and the gates.
    pub(super) fn print(&self, shown: &Shown<'_>, printer: &mut Printer) {
        for (at, comparison) in self.comparisons.iter().enumerate() {
            if at > 0 {
                printer.out("\n");
            }
            shown.print(comparison, self.notes.get(at).map(String::as_str), printer);
        }
        let width = printer.width();
        if !self.results.is_empty() {
            printer.out(&format!("\n{}", self.table(width)));
            let unsure = self.results.iter().filter(|result| matches!(result.judgement.verdict, GateVerdict::Unsure(_) | GateVerdict::Unjudged));
            unsure.for_each(|result| printer.out(&wrap(&format!("`{}`, {}: {}", result.gate, result.alternative, result.said()), width, "  ")));
        }
    }
    /// Writes `--junit`, and fails if a gate fails.
    pub(super) fn conclude(&self, junit: Option<&Path>) -> Result<(), Failure> {
        if let Some(path) = junit {
            fs::write(path, reports::junit(&self.results)).map_err(|error| Failure::io("write", path, &error))?;
        }
        let failed = self.results.iter().filter(|result| !result.judgement.verdict.passes()).count();
        match failed {
            0 => Ok(()),
            failed => Err(Failure::new(Exit::CheckFailed, format!("{failed} of {} failed", plural(self.results.len(), "gate")))),
        }
    }

    fn table(&self, width: usize) -> String {
        let mut table = Table::of(["gate", "", "measured", ""].map(str::to_owned).to_vec()).left(1).left(3);
        for result in &self.results {
            let verdict = result.judgement.verdict;
            let cell = match verdict {
                GateVerdict::Passed => Cell::styled(verdict.word().to_owned(), AnsiColor::Green.on_default()),
                GateVerdict::Failed | GateVerdict::Unjudged => Cell::styled(verdict.word().to_owned(), AnsiColor::Red.on_default()),
                GateVerdict::Unsure(_) => Cell::styled(verdict.word().to_owned(), AnsiColor::Yellow.on_default()),
            };
            table.push(vec![result.gate.as_str().into(), result.alternative.as_str().into(), result.measured.as_str().into(), cell]);
        }
        table.render_whole(width)
    }
}
