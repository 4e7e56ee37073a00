//! Gates: limits that a change must keep, and whether the replications are sure that it does.
//!
//! `latency.queue_wait.p95 <= +5%` fails only if the whole interval lies beyond the limit: what may be noise does not stop a change. The interval is
//! that of the distance to the limit, *y − (1 + p)·x* pair by pair, so that the baseline's own uncertainty counts too (Fieller 1954).

use crate::diag::closest;
use crate::output::metrics::{self, Better, Metric};
use crate::scenario::Unit;
use crate::stats::{Moments, interval, paired};

/// More replications than this are not proposed to anybody.
const MOST: f64 = 100_000.0;

/// A limit on a metric.
#[derive(Clone, PartialEq, Debug)]
pub struct Gate {
    /// As it was written, with single spaces.
    pub text: String,
    /// What is limited.
    pub metric: Metric,
    /// On which side of the limit it must stay.
    pub side: Side,
    /// The limit.
    pub limit: Limit,
}

/// On which side of a limit a metric must stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Side {
    AtMost,
    AtLeast,
}

/// A limit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Limit {
    /// A difference to the baseline, as a share of it.
    Share(f64),
    /// A difference to the baseline, in the metric's unit.
    Difference(f64),
    /// A level, in the metric's unit.
    Level(f64),
}

/// What is wrong with a gate, for whoever wrote it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GateFault {
    /// What is wrong.
    pub message: String,
    /// What is allowed.
    pub help: String,
}

/// How a gate came out.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Judgement {
    /// In a word.
    pub verdict: GateVerdict,
    /// What was measured: the difference to the baseline, of a level the level; in the metric's unit.
    pub measured: Option<f64>,
    /// Half of the width of the interval of its distance to the limit.
    pub half_width: Option<f64>,
    /// The baseline's mean over the pairs; none of a level.
    pub baseline: Option<f64>,
    /// The limit in the metric's unit.
    pub limit: Option<f64>,
}

/// How a gate came out, in a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GateVerdict {
    /// The whole interval keeps the limit.
    Passed,
    /// The interval reaches over the limit: nothing is proved. So many replications would probably decide; none if more than anybody runs.
    Unsure(Option<u64>),
    /// The whole interval lies beyond the limit.
    Failed,
    /// There is no number to judge.
    Unjudged,
}

impl GateVerdict {
    /// Tells whether it lets a change in.
    pub fn passes(self) -> bool {
        matches!(self, Self::Passed | Self::Unsure(_))
    }
    /// Returns the word for tables and files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Unsure(_) => "passed, but not sure",
            Self::Failed => "failed",
            Self::Unjudged => "not judged",
        }
    }
}

/// What a gate looks at: a metric of the baseline and of the alternative, replication by replication.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The baseline's values; empty without one.
    pub baseline: &'a [Option<f64>],
    /// The alternative's.
    pub values: &'a [Option<f64>],
    /// Whether the same place in both means the same random numbers.
    pub paired: bool,
    /// Whether nothing is random, so that one value says all.
    pub exact: bool,
}

impl Gate {
    /// Reads a gate: a metric, `<=` or `>=`, and a limit, which with a sign is a difference to the baseline and without one a level.
    ///
    /// # Errors
    /// Tells what is wrong and what is allowed.
    pub fn parse(text: &str) -> Result<Self, GateFault> {
        let (at, side) = match (text.find("<="), text.find(">=")) {
            (Some(at), None) => (at, Side::AtMost),
            (None, Some(at)) => (at, Side::AtLeast),
            _ => return Err(fault(format!("the gate `{text}` has no limit"), "write `METRIC <= LIMIT` or `METRIC >= LIMIT`, once")),
        };
        let (path, written) = (text[..at].trim(), text[at + 2..].trim());
        let metric = known_metric(path).map_err(|(message, help)| GateFault { message, help })?;
        let limit = limit(&metric, written)?;
        let sign = if side == Side::AtMost { "<=" } else { ">=" };
        Ok(Self { text: format!("{path} {sign} {written}"), metric, side, limit })
    }
    /// Tells whether it needs a baseline.
    pub fn compares(&self) -> bool {
        !matches!(self.limit, Limit::Level(_))
    }
    /// Judges a metric's values.
    pub fn judge(&self, evidence: &Evidence<'_>, confidence: f64) -> Judgement {
        let nothing = Judgement { verdict: GateVerdict::Unjudged, measured: None, half_width: None, baseline: None, limit: None };
        let Some(sample) = self.sample(evidence) else { return nothing };
        let Some(distance) = sample.distance(evidence, confidence) else { return nothing };
        // Beyond the limit is positive.
        let beyond = if self.side == Side::AtMost { distance.mean } else { -distance.mean };
        let verdict = if beyond + distance.half_width <= 0.0 {
            GateVerdict::Passed
        } else if beyond - distance.half_width > 0.0 {
            GateVerdict::Failed
        } else {
            let ratio = distance.half_width / beyond;
            let needed = (distance.count as f64 * ratio * ratio).ceil() + 1.0;
            GateVerdict::Unsure((needed <= MOST).then_some(needed as u64))
        };
        Judgement {
            verdict,
            measured: Some(distance.mean + sample.limit),
            half_width: Some(distance.half_width),
            baseline: sample.of_baseline,
            limit: Some(sample.limit),
        }
    }

    /// Takes the values that can be judged; none if there are none.
    fn sample(&self, evidence: &Evidence<'_>) -> Option<Sample> {
        let known = |values: &[Option<f64>]| values.iter().flatten().copied().collect::<Vec<f64>>();
        if let Limit::Level(level) = self.limit {
            let values = known(evidence.values);
            let baseline = vec![level; values.len()];
            return (!values.is_empty()).then_some(Sample { baseline, values, paired: true, of_baseline: None, limit: level, scale: 1.0 });
        }
        let (baseline, values) = if evidence.paired {
            evidence.baseline.iter().zip(evidence.values).filter_map(|(first, second)| Some(((*first)?, (*second)?))).unzip()
        } else {
            (known(evidence.baseline), known(evidence.values))
        };
        let mean = baseline.iter().copied().collect::<Moments>().mean().filter(|_| !values.is_empty())?;
        let (limit, scale) = match self.limit {
            Limit::Share(share) => (share * mean.abs(), 1.0 + share * if mean < 0.0 { -1.0 } else { 1.0 }),
            Limit::Difference(limit) | Limit::Level(limit) => (limit, 1.0),
        };
        Some(Sample { baseline, values, paired: evidence.paired, of_baseline: Some(mean), limit, scale })
    }
}

/// What is judged: values against a baseline whose limit is `scale` times itself, or `limit` above it.
struct Sample {
    baseline: Vec<f64>,
    values: Vec<f64>,
    paired: bool,
    of_baseline: Option<f64>,
    limit: f64,
    scale: f64,
}

impl Sample {
    /// Returns how far the values are above the limit.
    fn distance(&self, evidence: &Evidence<'_>, confidence: f64) -> Option<interval::Interval> {
        let moved = if self.scale == 1.0 && self.of_baseline.is_some() { self.limit } else { 0.0 };
        let limits: Vec<f64> = self.baseline.iter().map(|value| value * self.scale + moved).collect();
        let [of_limits, of_values] = [&limits, &self.values].map(|sample| sample.iter().copied().collect::<Moments>());
        let mean = of_values.mean()? - of_limits.mean()?;
        let still = |moments: &Moments| moments.variance().is_none_or(|variance| variance == 0.0);
        let single = limits.len().min(self.values.len()) < 2;
        if single || (!self.paired && still(&of_limits) && still(&of_values)) {
            let sure = !single || (evidence.exact && still(&of_limits) && still(&of_values));
            return sure.then_some(interval::Interval { mean, half_width: 0.0, count: of_values.count() });
        }
        if self.paired {
            let distances: Vec<f64> = limits.iter().zip(&self.values).map(|(limit, value)| value - limit).collect();
            return interval::of_mean(&distances, confidence);
        }
        // The count is what each side has; what is proposed is for both.
        let (interval, _) = paired::welch(&limits, &self.values, confidence)?;
        Some(interval::Interval { count: limits.len().min(self.values.len()) as u64, ..interval })
    }
}

/// Finds a metric that has numbers; else says what is near, as message and help.
///
/// # Errors
/// No metric has this path, or it is text.
pub fn known_metric(path: &str) -> Result<Metric, (String, String)> {
    if let Some(metric) = metrics::resolve(path).filter(|metric| !metric.unit.is_empty() || metric.better != Better::Neither) {
        return Ok(metric);
    }
    let all = metrics::all();
    let near = closest(path, all.iter().map(|metric| metric.path.as_str()));
    let help = near.map_or_else(|| "`edwc metrics` lists them all".to_owned(), |near| format!("did you mean `{near}`?"));
    Err((format!("no metric is named `{path}`"), help))
}

/// Reads a limit: signed, it is a difference.
fn limit(metric: &Metric, written: &str) -> Result<Limit, GateFault> {
    let (sign, size) = match written.strip_prefix('+') {
        Some(size) => (Some(1.0), size.trim()),
        None => match written.strip_prefix(['-', '−']) {
            Some(size) => (Some(-1.0), size.trim()),
            None => (None, written),
        },
    };
    let is_share = metric.unit == "share";
    if let Some(points) = size.strip_suffix("pp") {
        return match sign {
            Some(sign) if is_share => Ok(Limit::Difference(sign * number(points, written)? / 100.0)),
            Some(_) => Err(fault(
                format!("`{}` is in {}, and `pp` are points of a share", metric.path, unit_name(metric)),
                "write `+5%` for a share of the baseline",
            )),
            None => Err(signless(written)),
        };
    }
    if let Some(percent) = size.strip_suffix('%') {
        let share = number(percent, written)? / 100.0;
        return match sign {
            Some(sign) => Ok(Limit::Share(sign * share)),
            None if is_share => Ok(Limit::Level(share)),
            None => Err(signless(written)),
        };
    }
    let size = quantity(metric, size, written)?;
    Ok(sign.map_or(Limit::Level(size), |sign| Limit::Difference(sign * size)))
}

/// Reads a quantity in the unit of a metric.
fn quantity(metric: &Metric, text: &str, written: &str) -> Result<f64, GateFault> {
    let (unit, size) = match metric.unit {
        "s" => (Unit::Duration, 1e6),
        "CNY" => (Unit::Money, 1e6),
        "CNY/GPU-hour" => (Unit::PerGpuHour, 1e6),
        "kWh" => (Unit::Energy, 3.6e9),
        "GPU-hours" => (Unit::GpuHours, 3.6e9),
        "kg" => return mass(text, written),
        unit => {
            let bare = text.strip_suffix(unit).unwrap_or(text);
            return number(bare, written);
        }
    };
    let base = unit.parse(text).map_err(|wrong| GateFault { message: format!("in the limit `{written}`: {}", wrong.message), help: wrong.help })?;
    Ok(base as f64 / size)
}

fn mass(text: &str, written: &str) -> Result<f64, GateFault> {
    for (word, size) in [("kg", 1.0), ("t", 1e3)] {
        if let Some(rest) = text.strip_suffix(word) {
            return Ok(number(rest, written)? * size);
        }
    }
    Err(fault(format!("the limit `{written}` has no unit"), "accepted here: `kg`, `t`, such as `31000 t`"))
}

fn number(text: &str, written: &str) -> Result<f64, GateFault> {
    let plain = text.trim();
    let digits = plain.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    let number = plain.parse::<f64>().ok().filter(|number| digits && number.is_finite());
    number.ok_or_else(|| {
        fault(
            format!("the limit `{written}` is not a number"),
            "such as `+5%`, `-2 pp`, `+30 s`; without a sign it is a level: `3600 s`",
        )
    })
}

fn signless(written: &str) -> GateFault {
    fault(format!("the limit `{written}` has no sign"), format!("`+{written}` is above the baseline, `-{written}` below it"))
}

fn unit_name(metric: &Metric) -> &str {
    if metric.unit.is_empty() { "no unit" } else { metric.unit }
}

fn fault(message: impl Into<String>, help: impl Into<String>) -> GateFault {
    GateFault { message: message.into(), help: help.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Seed;

    fn gate(text: &str) -> Gate {
        Gate::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
    }
    fn judged(text: &str, baseline: &[f64], values: &[f64], paired: bool) -> Judgement {
        let some = |values: &[f64]| values.iter().map(|value| Some(*value)).collect::<Vec<_>>();
        gate(text).judge(&Evidence { baseline: &some(baseline), values: &some(values), paired, exact: false }, 0.95)
    }

    #[test]
    fn limits_are_shares_differences_and_levels() {
        for (text, side, limit) in [
            ("latency.queue_wait.p95 <= +5%", Side::AtMost, Limit::Share(0.05)),
            ("utilisation.effective>=-2pp", Side::AtLeast, Limit::Difference(-0.02)),
            ("utilisation.effective >= 60%", Side::AtLeast, Limit::Level(0.6)),
            ("latency.queue_wait.p95 <= +30 s", Side::AtMost, Limit::Difference(30.0)),
            ("latency.queue_wait.p95 <= 1 h", Side::AtMost, Limit::Level(3600.0)),
            ("money.public_cny <= 65M CNY", Side::AtMost, Limit::Level(65e6)),
            ("money.public_cny <= 6500万元", Side::AtMost, Limit::Level(65e6)),
            ("carbon_kg.location <= +2 t", Side::AtMost, Limit::Difference(2000.0)),
            ("utilisation.net_price_cny_per_gpu_hour <= 9.5 CNY/GPU-h", Side::AtMost, Limit::Level(9.5)),
            ("jobs.finished >= 100", Side::AtLeast, Limit::Level(100.0)),
            ("jobs.finished >= -10 jobs", Side::AtLeast, Limit::Difference(-10.0)),
            ("latency.queue_wait.p95 <= +0%", Side::AtMost, Limit::Share(0.0)),
        ] {
            let gate = gate(text);
            assert_eq!((gate.side, gate.limit), (side, limit), "{text}");
        }
    }

    #[test]
    fn malformed_gates_are_refused_with_what_is_allowed() {
        for (text, message, help) in [
            ("latency.queue_wait.p95 < 5%", "has no limit", "METRIC <= LIMIT"),
            ("latency.queue_wait.p95", "has no limit", "METRIC <= LIMIT"),
            ("latency.queue_wait.p955 <= +5%", "no metric is named", "did you mean `latency.queue_wait.p95`?"),
            ("title <= +5%", "no metric is named", ""),
            ("latency.queue_wait.p95 <= 5%", "no sign", "`+5%` is above"),
            ("latency.queue_wait.p95 <= +2 pp", "points of a share", "+5%"),
            ("latency.queue_wait.p95 <= +30", "no unit", "`s`"),
            ("latency.queue_wait.p95 <= +5 m", "minutes, metres", "min"),
            ("money.public_cny <= 65M USD", "not a unit", "CNY"),
            ("carbon_kg.location <= 5", "no unit", "`t`"),
            ("jobs.finished >= many", "not a number", "+5%"),
            ("latency.queue_wait.p95 <= +nan%", "not a number", "+5%"),
            ("latency.queue_wait.p95 <= ", "empty", ""),
            ("", "has no limit", ""),
        ] {
            let fault = Gate::parse(text).expect_err(text);
            assert!(fault.message.contains(message) && fault.help.contains(help), "{text}: {fault:?}");
        }
    }

    #[test]
    fn worse_fails_better_passes_and_noise_does_not_fail() {
        let text = "latency.queue_wait.p95 <= +5%";
        let base = [40.0, 50.0, 60.0, 70.0];
        let times = |factor: f64, noise: f64| [1.0, -1.0, 1.0, -1.0].iter().zip(base).map(|(sign, x)| factor * x + sign * noise).collect::<Vec<_>>();
        assert_eq!(judged(text, &base, &times(1.2, 0.1), true).verdict, GateVerdict::Failed);
        assert_eq!(judged(text, &base, &times(0.9, 0.1), true).verdict, GateVerdict::Passed);
        assert_eq!(judged(text, &base, &times(1.04, 0.1), true).verdict, GateVerdict::Passed);
        let GateVerdict::Unsure(Some(needed)) = judged(text, &base, &times(1.06, 3.0), true).verdict else { panic!("noise is not sure") };
        // Distances to the limit: 3.4, −2.5, 3.6, −2.3, of mean 0.55; half-width 3.18245 · 3.4083 ÷ 2 = 5.4233: 4 · (5.4233 ÷ 0.55)² = 388.9.
        assert_eq!(needed, 390);
        // Unpaired, the spread between seeds hides what pairs would show.
        assert!(matches!(judged(text, &base, &times(1.2, 0.1), false).verdict, GateVerdict::Unsure(Some(_))));
    }

    #[test]
    fn sides_and_signs_are_those_of_the_limit() {
        let share = "utilisation.effective >= -2 pp";
        assert_eq!(judged(share, &[0.5, 0.5], &[0.49, 0.49], true).verdict, GateVerdict::Passed);
        assert_eq!(judged(share, &[0.5, 0.5], &[0.47, 0.47], true).verdict, GateVerdict::Failed);
        // A negative baseline may get 10 % of its size larger, not smaller.
        let money = "money.tenants.net_cny <= +10%";
        assert_eq!(judged(money, &[-100.0, -100.0], &[-95.0, -95.0], true).verdict, GateVerdict::Passed);
        assert_eq!(judged(money, &[-100.0, -100.0], &[-85.0, -85.0], true).verdict, GateVerdict::Failed);
        let level = judged("jobs.finished >= 100", &[], &[99.0, 103.0], true);
        assert_eq!((level.measured, level.limit, level.baseline), (Some(101.0), Some(100.0), None));
        assert!(matches!(level.verdict, GateVerdict::Unsure(Some(_))));
    }

    #[test]
    fn what_is_not_random_is_judged_as_it_is_and_one_random_run_is_not() {
        let text = "latency.queue_wait.p95 <= +5%";
        assert_eq!(judged(text, &[10.0], &[20.0], true).verdict, GateVerdict::Unjudged);
        let judge =
            |baseline: &[Option<f64>], values: &[Option<f64>], paired, exact| gate(text).judge(&Evidence { baseline, values, paired, exact }, 0.95);
        assert_eq!(judge(&[Some(10.0)], &[Some(20.0)], true, true).verdict, GateVerdict::Failed);
        assert_eq!(judge(&[Some(10.0)], &[Some(10.5)], false, true).verdict, GateVerdict::Passed);
        assert_eq!(judged(text, &[10.0, 10.0], &[10.6, 10.6, 10.6], false).verdict, GateVerdict::Failed);
        assert_eq!(judge(&[], &[Some(10.0)], true, true).verdict, GateVerdict::Unjudged);
        assert_eq!(judge(&[Some(1.0), None], &[None, Some(1.0)], true, true).verdict, GateVerdict::Unjudged);
    }

    #[test]
    fn noise_fails_as_rarely_as_the_confidence_says() {
        // Normal noise on both sides of the same mean, thrice: an alarm is false in 2.5 % of all cases, pairs or not.
        let mut draws = Seed { seed: 1, replication: 0 }.stream("gate", "noise").at(0);
        let mut normal = || (0..12).map(|_| draws.unit()).sum::<f64>() - 6.0;
        for paired in [true, false] {
            let mut alarms = 0;
            for _ in 0..2000 {
                let mut sample = || (0..10).map(|_| 50.0 + normal()).collect::<Vec<f64>>();
                let (before, after) = (sample(), sample());
                alarms += usize::from(judged("latency.queue_wait.p95 <= +0%", &before, &after, paired).verdict == GateVerdict::Failed);
            }
            assert!((25..80).contains(&alarms), "{alarms} of 2000 at 2.5 %");
        }
    }

    #[test]
    fn the_interval_is_that_of_the_distance_to_the_limit() {
        // y = 1.05·x exactly: whatever the spread of x, it is on the limit.
        let judgement = judged("latency.queue_wait.p95 <= +5%", &[10.0, 20.0, 60.0], &[10.5, 21.0, 63.0], true);
        assert!(judgement.half_width.unwrap() < 1e-9 && (judgement.measured.unwrap() - 1.5).abs() < 1e-9, "{judgement:?}");
    }
}
