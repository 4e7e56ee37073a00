//! The command lines of `sweep` and `solve`, as clap reads them.

use crate::cli::arguments::Conduct;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `sweep`.
#[derive(Debug, Args)]
pub(crate) struct Sweep {
    /// Scenario files, or names of those that edwc brings along.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Key of the scenario and its values: `subsidy.x.rate=0,0.1,0.2` or `policy.place=nearest,cheapest`; with `--latin`, a range: `PATH=0..0.6`
    /// or `PATH=0.2..0.6 CNY/kWh`. May be given many times.
    #[arg(long = "vary", value_name = "PATH=VALUES")]
    pub(crate) vary: Vec<String>,
    /// Read what is varied from a file: `[vary]` with a list of values, or a range, for each path; `method` and `points` if it is no grid.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["vary", "latin", "one_at_a_time"])]
    pub(crate) sweep: Option<PathBuf>,
    /// Draw so many points by a Latin hypercube instead of taking all combinations.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=100_000), conflicts_with = "one_at_a_time")]
    pub(crate) latin: Option<u64>,
    /// Vary each factor alone, around the scenario as it is.
    #[arg(long)]
    pub(crate) one_at_a_time: bool,
    /// Rescale demand to these shares of capacity, such as `0.5,0.7,0.9`.
    #[arg(long, value_name = "SHARES", value_delimiter = ',', value_parser = load)]
    pub(crate) load: Vec<f64>,
    /// Vary every number that `[evidence]` marks as assumed by ±50 %, one at a time, and tell on which the metric and the order of the
    /// alternatives hang.
    #[arg(long, conflicts_with_all = ["vary", "sweep", "latin", "one_at_a_time", "load"])]
    pub(crate) assumptions: bool,
    /// Of the assumed inputs, only those whose path has this in it, such as `site.` or `pue`; may be given many times.
    #[arg(long, value_name = "TEXT", requires = "assumptions")]
    pub(crate) only: Vec<String>,
    /// How it is conducted.
    #[command(flatten)]
    pub(crate) conduct: Conduct,
}

fn load(text: &str) -> Result<f64, String> {
    let number = match text.trim().strip_suffix('%') {
        Some(percent) => percent.trim().parse().map(|percent: f64| percent / 100.0),
        None => text.trim().parse(),
    };
    number.ok().filter(|share| *share > 0.0 && *share <= 100.0).ok_or_else(|| "a share of capacity is needed, such as `0.7` or `70%`".to_owned())
}

/// Arguments of `solve`.
#[derive(Debug, Args)]
pub(crate) struct Solve {
    /// Scenario file, or the name of one that edwc brings along.
    pub(crate) file: PathBuf,
    /// Key whose value is sought, and between which it lies: `subsidy.west.rate=0..0.6`.
    #[arg(long, value_name = "PATH=LOW..HIGH")]
    pub(crate) find: String,
    /// What is to hold on average over the replications: `"money.public = 65M CNY ± 1%"`; without a tolerance, ± 1 % of the value. Of a metric that
    /// is itself a share, `± 2%` means two percentage points.
    #[arg(long, value_name = "METRIC=VALUE")]
    pub(crate) so_that: String,
    /// How it is conducted.
    #[command(flatten)]
    pub(crate) conduct: Conduct,
}
