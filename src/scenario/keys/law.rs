//! The laws that a file can name, with the sets of parameters that give them.

use super::Kind::{self, Exactly, File, Integer, LawValue, List, Number, Table};
use super::{Key, Shape, key, optional};

/// A law and its parameters.
#[derive(Debug)]
pub struct LawKeys {
    /// The word at `dist`.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// All keys that it knows, besides `dist`, `min` and `max`.
    pub keys: &'static [Key],
    /// The sets of keys of which exactly one is given.
    pub sets: &'static [&'static [&'static str]],
    /// Whether `min` and `max` cut the law off (draws beyond are drawn again) rather than being its parameters.
    pub cut: bool,
}

const POSITIVE: Kind = Number(1e-9, 1e9);

static BRANCH: Shape = Shape {
    name: "branch",
    about: "One exponential of a hyper-exponential law.",
    keys: &[key("share", Kind::Share, "how likely it is; the shares sum to 1"), key("mean", LawValue, "its mean")],
};
static PART: Shape = Shape {
    name: "part",
    about: "One law of a mixture.",
    keys: &[
        key("share", Kind::Share, "how likely it is; the shares sum to 1"),
        key("law", Kind::Law(super::LawUnit::Factor), "the law, in the unit of the mixture"),
    ],
};

/// All laws. A law also takes `min` and `max`: draws beyond them are drawn again.
pub static LAWS: &[LawKeys] = &[
    LawKeys { name: "deterministic", about: "always the same", keys: &[key("value", LawValue, "the value")], sets: &[&["value"]], cut: false },
    LawKeys { name: "exponential", about: "without memory", keys: &[key("mean", LawValue, "the mean")], sets: &[&["mean"]], cut: true },
    LawKeys {
        name: "lognormal",
        about: "the logarithm is normal: work and data of real clusters",
        keys: &[
            optional("p50", LawValue, "", "the median"),
            optional("p95", LawValue, "", "the 95th percentile"),
            optional("p99", LawValue, "", "the 99th percentile"),
            optional("mean", LawValue, "", "the mean"),
            optional("scv", POSITIVE, "", "variance ÷ mean²"),
            optional("mu", Number(-100.0, 100.0), "", "mean of the logarithm (of seconds, bytes, yuan)"),
            optional("sigma", Number(1e-9, 100.0), "", "deviation of the logarithm"),
        ],
        sets: &[&["p50", "p95"], &["p50", "p99"], &["mean", "scv"], &["mu", "sigma"], &["p50", "sigma"]],
        cut: true,
    },
    LawKeys {
        name: "weibull",
        about: "failures that become rarer (shape below 1) or more frequent",
        keys: &[
            optional("shape", POSITIVE, "", "the shape"),
            optional("scale", LawValue, "", "the scale"),
            optional("mean", LawValue, "", "the mean"),
            optional("p50", LawValue, "", "the median"),
            optional("p95", LawValue, "", "the 95th percentile"),
        ],
        sets: &[&["shape", "scale"], &["shape", "mean"], &["p50", "p95"]],
        cut: true,
    },
    LawKeys {
        name: "pareto",
        about: "a heavy tail",
        keys: &[
            key("alpha", POSITIVE, "the exponent of the tail; above 1 where a mean is given"),
            optional("scale", LawValue, "", "the least value"),
            optional("mean", LawValue, "", "the mean"),
        ],
        sets: &[&["alpha", "scale"], &["alpha", "mean"]],
        cut: true,
    },
    LawKeys {
        name: "gamma",
        about: "between exponential and normal",
        keys: &[
            optional("shape", POSITIVE, "", "the shape"),
            optional("scale", LawValue, "", "the scale"),
            optional("mean", LawValue, "", "the mean"),
            optional("scv", POSITIVE, "", "variance ÷ mean²"),
        ],
        sets: &[&["shape", "scale"], &["mean", "scv"], &["shape", "mean"]],
        cut: true,
    },
    LawKeys {
        name: "erlang",
        about: "a sum of exponentials",
        keys: &[key("k", Integer(1, 1000), "how many exponentials"), key("mean", LawValue, "the mean")],
        sets: &[&["k", "mean"]],
        cut: true,
    },
    LawKeys {
        name: "hyperexponential",
        about: "one of several exponentials; by mean and scv: two, with balanced means",
        keys: &[
            optional("branches", List(&Table(&BRANCH)), "", "the exponentials"),
            optional("mean", LawValue, "", "the mean"),
            optional("scv", Number(1.0, 1e9), "", "variance ÷ mean², at least 1"),
        ],
        sets: &[&["branches"], &["mean", "scv"]],
        cut: true,
    },
    LawKeys {
        name: "uniform",
        about: "equally likely between two values",
        keys: &[key("min", LawValue, "the least"), key("max", LawValue, "the most")],
        sets: &[&["min", "max"]],
        cut: false,
    },
    LawKeys {
        name: "empirical",
        about: "drawn from given values",
        keys: &[
            optional("values", List(&LawValue), "", "the values"),
            optional("file", File, "", "a CSV file with one column `value`, each with its unit or in seconds, bytes, yuan"),
        ],
        sets: &[&["values"], &["file"]],
        cut: true,
    },
    LawKeys { name: "mixture", about: "one of several laws", keys: &[key("parts", List(&Table(&PART)), "the laws")], sets: &[&["parts"]], cut: true },
];

/// The short form of a uniform estimate: factors of the work.
pub(super) static TIMES_WORK: Kind = Exactly(2, &Number(0.0, 1e6));
