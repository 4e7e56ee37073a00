//! The command line, as clap reads it.

use super::experiment::arguments::{Solve, Sweep};
use crate::experiment::Shard;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Simulates China's East Data, West Compute programme (东数西算): latency, utilisation, money and carbon under any scheduling policy.
#[derive(Debug, Parser)]
#[command(name = "edwc", version, about, disable_help_subcommand = true, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario and show what happened; without a file, list those at hand.
    Run(Run),
    /// Compare scenarios and policies under the same seeds.
    Compare(Compare),
    /// Join the parts of an experiment that several machines ran.
    Merge(Merge),
    /// Vary keys of a scenario and show what each point gives.
    Sweep(Sweep),
    /// Find the value of a key at which a metric is what it should be.
    Solve(Solve),
    /// Report everything that is wrong with a scenario file.
    Check(Check),
    /// Bound cost, carbon and completion from below, and tell how far policies are from that.
    Bound(Bound),
    /// Explain the code of an error or a warning.
    Explain(Explain),
    /// Print the JSON Schema of scenario files, for editors, or of the messages of policies.
    Schema(Schema),
    /// Write a commented scenario to start from.
    Init(Init),
    /// Say what differs in meaning between two scenarios.
    Diff(Diff),
    /// List the parts that policies are made of, or explain one.
    Policies(Policies),
    /// Test a policy that runs as a child.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// List the numbers of the summary by their paths.
    Metrics(Metrics),
    /// Look at a log of jobs, convert it, or fit laws to it.
    #[command(subcommand)]
    Trace(Trace),
    /// Tell a job's story from a run with `--explain`.
    Why(Why),
    /// Run again from an output directory and compare.
    Reproduce(Reproduce),
    /// Run cases with known answers and judge what comes out.
    Verify(Verify),
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// File of cases (JSON); by default that of `EDWC_CASES`, or the cases that edwc brings along.
    pub(crate) file: Option<PathBuf>,
    /// Only cases whose id or model has this in it; may be given many times.
    #[arg(long = "only", value_name = "TEXT")]
    pub(crate) only: Vec<String>,
    /// Judge to five per cent; of the cases that edwc brings along, leave out the longest.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print a table for a document, each case with the command that makes its lines.
    #[arg(long)]
    pub(crate) markdown: bool,
}

/// How an experiment is conducted.
#[derive(Debug, Args)]
pub(crate) struct Conduct {
    /// Policy; may be given many times. Without one, each scenario's own.
    #[arg(long = "policy", value_name = "POLICY")]
    pub(crate) policies: Vec<String>,
    /// Set a value of every scenario.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Replications of each alternative, all under the same seeds.
    #[arg(long, short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) replications: u64,
    /// Seed; by default that of the first scenario.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Threads; by default one a core. The results are the same.
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<usize>,
    /// Confidence of all intervals.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, value_parser = confidence)]
    pub(crate) confidence: f64,
    /// Metric to show, by its path (`edwc metrics`); may be given many times.
    #[arg(long = "metric", value_name = "PATH")]
    pub(crate) metrics: Vec<String>,
    /// Keep finished runs and results in this directory; started again, it runs only what is missing.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Format of the tables in that directory.
    #[arg(long, value_enum, default_value_t = Format::Csv, requires = "out")]
    pub(crate) format: Format,
    /// Throw away what the directory holds if it is of another experiment.
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// Run this part only, such as `3/64`, into its directory; `edwc merge` joins the parts.
    #[arg(long, value_name = "I/N", requires = "out")]
    pub(crate) shard: Option<Shard>,
    /// Do not hold each run against what no policy can beat (metrics under `bound`), which takes a few per cent of its time and 50 bytes a job.
    #[arg(long)]
    pub(crate) no_bounds: bool,
    /// Refuse policies that know the true work of jobs.
    #[arg(long)]
    pub(crate) no_oracle: bool,
    /// Seconds that the command of an `exec:` policy gets for one answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) policy_timeout: u64,
    /// Print the results as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the results and nothing else.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Scenario files, or names of those that edwc brings along.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// What is compared with: an alternative, by default the first; or a file that an earlier `compare --json` printed, or its directory.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) baseline: Option<String>,
    /// Compare with the same scenario without this part of it, such as `subsidy.hangzhou`, as the baseline; may be given many times.
    #[arg(long, value_name = "PATH", conflicts_with = "baseline")]
    pub(crate) without: Vec<String>,
    /// Pair every job with the same job of the baseline: what moved, what would have gone there anyway, who gained and who lost.
    #[arg(long)]
    pub(crate) additionality: bool,
    /// Compare where this holds on average for every alternative that has the key of `--find`: `"money.public = 65M CNY ± 1%"`; without a
    /// tolerance, ± 1 %.
    #[arg(long, value_name = "METRIC=VALUE", requires = "find", conflicts_with_all = ["shard", "precision"])]
    pub(crate) same: Option<String>,
    /// Key by which `--same` is met, and between which its value lies: `subsidy.west.rate=0..0.6`; with `*`, all that match.
    #[arg(long, value_name = "PATH=LOW..HIGH", requires = "same")]
    pub(crate) find: Option<String>,
    /// Alternative that stays as it is although it has the key; may be given many times.
    #[arg(long, value_name = "NAME", requires = "same")]
    pub(crate) exempt: Vec<String>,
    /// Add replications until all intervals shown are as narrow as this share of the baseline, such as `2%`.
    #[arg(long, value_name = "SHARE", value_parser = share, conflicts_with = "shard")]
    pub(crate) precision: Option<f64>,
    /// Replications after which `--precision` gives up.
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "precision")]
    pub(crate) at_most: u64,
    /// Metric by which the best is chosen.
    #[arg(long, value_name = "PATH", default_value = "utilisation.net_price_cny_per_gpu_hour")]
    pub(crate) best: String,
    /// Differences of that metric that do not matter, as a share of the baseline.
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = share)]
    pub(crate) indifference: f64,
    /// Fail (exit 1) if this surely does not hold: `latency.queue_wait.p95 <= +5%`, `utilisation.effective >= -2 pp`, `money.public_cny <= 65M CNY`;
    /// with a sign relative to the baseline. May be given many times.
    #[arg(long = "gate", value_name = "LIMIT", conflicts_with = "shard")]
    pub(crate) gates: Vec<String>,
    /// Write the gates as JUnit XML into this file.
    #[arg(long, value_name = "FILE", requires = "gates")]
    pub(crate) junit: Option<PathBuf>,
    /// Print tables for a pull request.
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// How it is conducted.
    #[command(flatten)]
    pub(crate) conduct: Conduct,
}

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// Directories of the parts, as `--shard I/N --out DIR` wrote them.
    #[arg(required = true, value_name = "PART")]
    pub(crate) parts: Vec<PathBuf>,
    /// Directory of the whole.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Throw away what the directory holds if it is of another experiment.
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the results as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

fn threads(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|threads| (1..=4096).contains(threads)).ok_or_else(|| "a number from 1 to 4096 is needed".to_owned())
}

fn confidence(text: &str) -> Result<f64, String> {
    share(text).and_then(|share| if share >= 0.5 { Ok(share) } else { Err("a confidence is at least 0.5".to_owned()) })
}

/// Reads a share between 0 and 1, also in per cent.
fn share(text: &str) -> Result<f64, String> {
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse().map(|percent: f64| percent / 100.0),
        None => text.parse(),
    };
    number.ok().filter(|share| *share > 0.0 && *share < 1.0).ok_or_else(|| "a share between 0 and 1 is needed, such as `0.02` or `2%`".to_owned())
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Scenario file, or the name of one that edwc brings along.
    pub(crate) file: Option<PathBuf>,
    /// Policy, such as `fifo+cheapest+easy`, `exec:COMMAND` or `replay:TRANSCRIPT`; may be given many times, for one run each.
    #[arg(long = "policy", value_name = "POLICY")]
    pub(crate) policies: Vec<String>,
    /// Seed of all random streams; the file's by default.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Set a value of the scenario: `site.zhongwei.pue=1.1`.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Write jobs, series, ledger, latency histograms and the summary into this directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace an existing output directory.
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// Format of the tables.
    #[arg(long, value_enum, default_value_t = Format::Csv, requires = "out")]
    pub(crate) format: Format,
    /// Write down what was considered, decided and denied, for `edwc why`.
    #[arg(long, requires = "out")]
    pub(crate) explain: bool,
    /// Print the summary as one JSON object; those of several policies as an array.
    #[arg(long)]
    pub(crate) json: bool,
    /// Run everything twice side by side, compare the histories event by event, and name the first that differs.
    #[arg(long, conflicts_with_all = ["out", "transcript", "json"])]
    pub(crate) twice: bool,
    /// Refuse policies that know the true work of jobs.
    #[arg(long)]
    pub(crate) no_oracle: bool,
    /// Seconds that the command of an `exec:` policy gets for one answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) policy_timeout: u64,
    /// Write what is said to and by an `exec:` policy into this file, from which `--policy replay:FILE` runs without it; compressed if its
    /// name ends in `.gz`.
    #[arg(long, value_name = "FILE")]
    pub(crate) transcript: Option<PathBuf>,
    /// Print the results and nothing else.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// The formats of tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// CSV (RFC 4180).
    Csv,
    /// CSV in which text that a spreadsheet takes for a formula is disarmed.
    Spreadsheet,
    /// Parquet with zstd.
    Parquet,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Scenario file, or the name of one that edwc brings along.
    pub(crate) file: PathBuf,
    /// Set a value of the scenario first.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Show all problems rather than the first twenty.
    #[arg(long)]
    pub(crate) all: bool,
    /// Show which gangs fit how many pools.
    #[arg(long)]
    pub(crate) fit: bool,
    /// List inputs that are assumed or have no mark.
    #[arg(long)]
    pub(crate) evidence: bool,
}

/// Arguments of `bound`.
#[derive(Debug, Args)]
pub(crate) struct Bound {
    /// Scenario file, or the name of one that edwc brings along.
    pub(crate) file: PathBuf,
    /// Policy to run and to judge by the bounds for the jobs that it finishes; may be given many times.
    #[arg(long = "policy", value_name = "POLICY")]
    pub(crate) policies: Vec<String>,
    /// Seed of all random streams; the file's by default.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Set a value of the scenario first.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Print everything as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Code, such as `E0117`; without one, all codes are listed.
    pub(crate) code: Option<String>,
    /// Write the reference page of all codes.
    #[arg(long, conflicts_with = "code")]
    pub(crate) markdown: bool,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Write the reference page of the format instead.
    #[arg(long)]
    pub(crate) markdown: bool,
    /// Print the schema of what is said between edwc and the command of an `exec:` policy instead.
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) policy_protocol: bool,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// File to write; it must not exist.
    pub(crate) file: PathBuf,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// First scenario.
    pub(crate) first: PathBuf,
    /// Second scenario.
    pub(crate) second: PathBuf,
}

/// Arguments of `policies`.
#[derive(Debug, Args)]
pub(crate) struct Policies {
    /// Part to explain.
    pub(crate) name: Option<String>,
    /// Write the reference page of all parts.
    #[arg(long, conflicts_with = "name")]
    pub(crate) markdown: bool,
}

/// The commands of `policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Play small situations to the command of an `exec:` policy, and tell what it gets wrong.
    Test(PolicyTest),
}

/// Arguments of `policy test`.
#[derive(Debug, Args)]
pub(crate) struct PolicyTest {
    /// The command and its arguments, behind `--`.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
    /// Print what was found as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Seconds that the command gets for one answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) policy_timeout: u64,
}

/// Arguments of `metrics`.
#[derive(Debug, Args)]
pub(crate) struct Metrics {
    /// Write the reference page of all metrics and columns.
    #[arg(long)]
    pub(crate) markdown: bool,
}

/// Arguments of `why`.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Output directory of a run with `--explain`.
    pub(crate) directory: PathBuf,
    /// Number of the job, as in its table of jobs.
    pub(crate) job: u64,
    /// Print what was written down as JSON lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `reproduce`.
#[derive(Debug, Args)]
pub(crate) struct Reproduce {
    /// Output directory of an earlier run.
    pub(crate) directory: PathBuf,
}

/// The commands of `trace`.
#[derive(Debug, Subcommand)]
pub(crate) enum Trace {
    /// Print jobs, span, GPU-hours, sizes, run times, arrivals and users of a log.
    Stats(TraceStats),
    /// Write a log as edwc's own CSV, or as Parquet.
    Convert(TraceConvert),
    /// Fit laws to a log and print a `[workload]` table ready to paste.
    Fit(TraceFit),
}

/// A log.
#[derive(Debug, Args)]
pub(crate) struct TraceInput {
    /// Log, plain or compressed by gzip.
    pub(crate) file: PathBuf,
    /// Its format: `csv`, `swf`, `itp`, `philly`, `pai`, `openb`, `helios`, `acme`, `muri`, `tiresias` or `batsim`; by default told from its name.
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// Published rule by which a log is cleaned: `pyss` for format `swf`, `muri` for format `muri`.
    #[arg(long, value_enum, default_value_t = TraceCleaning::AsIs)]
    pub(crate) clean: TraceCleaning,
}

/// Rules by which logs are cleaned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum TraceCleaning {
    /// As it is: a line that makes no sense is an error.
    AsIs,
    /// As the scheduler simulator pyss does.
    Pyss,
    /// As the simulator of Muri does.
    Muri,
}

/// Arguments of `trace stats`.
#[derive(Debug, Args)]
pub(crate) struct TraceStats {
    /// The log.
    #[command(flatten)]
    pub(crate) input: TraceInput,
    /// Hours to add to the log's clock for hours and weekdays, such as 8 for UTC+8.
    #[arg(long, default_value_t = 0.0, value_name = "HOURS", allow_negative_numbers = true)]
    pub(crate) shift: f64,
}

/// Arguments of `trace convert`.
#[derive(Debug, Args)]
pub(crate) struct TraceConvert {
    /// The log.
    #[command(flatten)]
    pub(crate) input: TraceInput,
    /// File to write; it must not exist.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Format to write.
    #[arg(long, value_enum, default_value_t = TraceOutput::Csv)]
    pub(crate) to: TraceOutput,
    /// Sort jobs by submission first.
    #[arg(long)]
    pub(crate) sort: bool,
}

/// The formats of converted logs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum TraceOutput {
    /// edwc's own CSV.
    Csv,
    /// Parquet with zstd.
    Parquet,
}

/// Arguments of `trace fit`.
#[derive(Debug, Args)]
pub(crate) struct TraceFit {
    /// The log.
    #[command(flatten)]
    pub(crate) input: TraceInput,
    /// Hours to add to the log's clock for hours and weekdays, such as 8 for UTC+8.
    #[arg(long, default_value_t = 0.0, value_name = "HOURS", allow_negative_numbers = true)]
    pub(crate) shift: f64,
    /// Name of the workload.
    #[arg(long, default_value = "fitted")]
    pub(crate) name: String,
    /// Class of its jobs: one of the scenario that the table is for.
    #[arg(long)]
    pub(crate) class: String,
    /// Group of tenants that submits them: one of the scenario that the table is for.
    #[arg(long)]
    pub(crate) tenant: String,
}
