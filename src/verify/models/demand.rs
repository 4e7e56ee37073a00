//! Demand that changes with time, and systems that are not yet in equilibrium: the number of jobs at given times.

use super::super::case::{Case, Problem, bad};
use super::super::judge::{Effort, Line, Values, stochastic};
use super::super::measure::Measured;
use super::super::play::{Seen, play};
use super::super::setting::{Of, Setting, Short, rate, span};
use super::queues::never_full;
use crate::base::Time;
use crate::base::random::Seed;
use crate::base::time::MICROS_PER_HOUR;
use crate::scenario::Scenario;

/// Periods after which a sinusoidal system has forgotten its start.
const SETTLING: u64 = 10;

/// Plays a scenario and keeps its jobs.
fn measured(scenario: &Scenario, seed: Seed) -> Result<Measured, Problem> {
    let mut jobs = Vec::new();
    let ending = play(scenario, seed, |job| jobs.push(Seen::from(job)))?;
    Ok(Measured { jobs, totals: ending.totals })
}

/// Reads the times in answers such as `L_at_3` or `m_at_6h`.
fn times(case: &Case) -> Result<Vec<(String, f64)>, Problem> {
    let time = |name: &str| name.split_once("_at_").and_then(|(_, at)| at.trim_end_matches('h').parse().ok());
    case.numbers()?.into_iter().map(|(name, _)| time(&name).map(|at| (name.clone(), at)).ok_or(Problem::Answer(name))).collect()
}

/// An infinite system under a sinusoidal rate: the mean number at phases of the period. The size is in periods.
pub(super) fn sinusoidal(case: &Case, effort: Effort) -> Result<Vec<Line>, Problem> {
    let Sine { mean, amplitude, period, ahead } = Sine::read(case.text("rate")?)?;
    let law = Short::read("service", case.text("service")?)?;
    let phases = times(case)?;
    stochastic(case, effort, &|periods| {
        let settling = SETTLING.max((20.0 * law.mean() / period).ceil() as u64);
        let periods = periods.max(2);
        let mut setting = Setting::new();
        setting.window((settling + periods) as f64 * period, 0.0);
        setting.site("s", never_full((mean + amplitude) * law.mean()));
        setting.class("c", "");
        let sine = format!("{{ amplitude = \"{}\", period = \"{}\" }}", rate(amplitude), span(period));
        let arrivals = format!("{{ process = \"poisson\", rate = {{ mean = \"{}\", sine = {sine} }} }}", rate(mean));
        setting.workload("w", "c", &format!("arrivals = {arrivals}\nwork = {}", law.write(Of::Time)));
        setting.policy("order = \"fifo\"\nplace = \"first-fit\"");
        let scenario = setting.build(&case.id)?;
        let phases = phases.clone();
        Ok(Box::new(move |seed| {
            let measured = measured(&scenario, seed)?;
            let mean = |phase: f64| {
                let at = |number: u64| Time((((settling + number) as f64 * period + ahead + phase) * MICROS_PER_HOUR as f64) as u64);
                let levels = levels(&measured.jobs, (0..periods).map(at).filter(|at| *at <= measured.totals.window.1));
                levels.iter().sum::<u64>() as f64 / levels.len() as f64
            };
            Ok(phases.iter().map(|(name, phase)| (name.clone(), mean(*phase))).collect::<Values>())
        }))
    })
}

/// Counts the jobs in the system at increasing instants. *O*(jobs log jobs).
fn levels(jobs: &[Seen], instants: impl Iterator<Item = Time>) -> Vec<u64> {
    let mut changes: Vec<(Time, i64)> = jobs.iter().flat_map(|job| [(job.submit, 1), (job.end, -1)]).collect();
    changes.sort_unstable();
    let (mut next, mut level) = (0, 0_i64);
    let mut found = Vec::new();
    for at in instants {
        while next < changes.len() && changes[next].0 <= at {
            level += changes[next].1;
            next += 1;
        }
        found.push(level.max(0).unsigned_abs());
    }
    found
}

/// A rate that swings: at time *t* it is that of a sine about `mean` at time *t* + `ahead`.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Sine {
    mean: f64,
    amplitude: f64,
    period: f64,
    /// In units of time, less than a period.
    ahead: f64,
}

impl Sine {
    /// Reads `20+10 sin(2 pi t/24)` and its kin: a minus, a cosine, a time that is shifted, half the circle over half the period.
    fn read(text: &str) -> Result<Self, Problem> {
        let tight: String = text.split_whitespace().collect::<Vec<_>>().concat().replace('*', "").replace('\u{3c0}', "pi");
        Self::of(&tight).ok_or_else(|| bad("rate", &format!("`{text}` is not of the form `20+10 sin(2 pi t/24)`")))
    }
    fn of(tight: &str) -> Option<Self> {
        let (swing, argument) = tight.strip_suffix(')')?.split_once("sin(").or_else(|| tight.strip_suffix(')')?.split_once("cos("))?;
        let sign = swing.rfind(['+', '-']).filter(|at| *at > 0)?;
        let (mean, amplitude) = swing.split_at(sign);
        let size = if amplitude.len() == 1 { 1.0 } else { amplitude[1..].parse::<f64>().ok()? };
        let (turns, rest) = match argument.strip_prefix("2pi") {
            Some(rest) => (1.0, rest),
            None => (0.5, argument.strip_prefix("pi")?),
        };
        let (time, length) = rest.split_once('/')?;
        let period = length.parse::<f64>().ok()? / turns;
        let shift = match time.strip_prefix("(t").and_then(|time| time.strip_suffix(')')) {
            Some(shift) => shift.parse::<f64>().ok()?,
            None if time == "t" => 0.0,
            None => return None,
        };
        let quarter = if tight.contains("cos(") { 0.25 } else { 0.0 };
        let half = if amplitude.starts_with('-') { 0.5 } else { 0.0 };
        let found = Self { mean: mean.parse().ok()?, amplitude: size, period, ahead: (shift + (quarter + half) * period).rem_euclid(period) };
        (found.period > 0.0 && found.mean.is_finite()).then_some(found)
    }
}

/// An infinite system that starts empty. The size is in runs.
pub(super) fn transient(case: &Case, effort: Effort) -> Result<Vec<Line>, Problem> {
    let per_unit = case.number("lam")?;
    let law = if case.has("service") { Short::read("service", case.text("service")?)? } else { Short::exponential(case.number("mean_service")?) };
    let instants = times(case)?;
    let last = instants.iter().map(|(_, at)| *at).fold(0.0, f64::max);
    stochastic(case, effort, &|runs| {
        let mut setting = Setting::new();
        setting.window(last + 1.0, 0.0);
        setting.site("s", never_full(per_unit * law.mean()));
        setting.class("c", "");
        let arrivals = format!("{{ process = \"poisson\", rate = \"{}\" }}", rate(per_unit));
        setting.workload("w", "c", &format!("arrivals = {arrivals}\nwork = {}", law.write(Of::Time)));
        setting.policy("order = \"fifo\"\nplace = \"first-fit\"");
        let scenario = setting.build(&case.id)?;
        let instants = instants.clone();
        Ok(Box::new(move |seed| {
            let mut sums: Values = instants.iter().map(|(name, _)| (name.clone(), 0.0)).collect();
            for index in 0..runs {
                let measured = measured(&scenario, Seed { seed: seed.seed, replication: seed.replication * runs + index })?;
                for (name, at) in &instants {
                    let level = measured.level_at(Time((at * MICROS_PER_HOUR as f64) as u64));
                    *sums.entry(name.clone()).or_default() += level as f64 / runs as f64;
                }
            }
            Ok(sums)
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_that_swing_are_read() {
        let read = |text: &str| Sine::of(&text.replace(' ', "")).map(|sine| (sine.mean, sine.amplitude, sine.period, sine.ahead));
        assert_eq!(read("20+10 sin(2 pi t/24)"), Some((20.0, 10.0, 24.0, 0.0)));
        assert_eq!(read("20-10 sin(2 pi t/24)"), Some((20.0, 10.0, 24.0, 12.0)));
        assert_eq!(read("5 + cos(2 pi t/24)"), Some((5.0, 1.0, 24.0, 6.0)));
        assert_eq!(read("1.5 - 0.5 cos(pi t/12)"), Some((1.5, 0.5, 24.0, 18.0)));
        assert_eq!(read("20+10 sin(2 pi (t-6)/24)"), Some((20.0, 10.0, 24.0, 18.0)));
        assert_eq!([read("20+10 sin(t)"), read("20"), read("sin(2 pi t/24)"), read("1+1 tan(2 pi t/24)")], [None; 4]);
        assert_eq!(Sine::read("6 + 2*cos(2*\u{3c0}*t/10)").map(|sine| sine.ahead), Ok(2.5));
    }
}
