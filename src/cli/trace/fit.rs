//! `edwc trace fit`: a synthetic workload that resembles a log, ready to paste into a scenario.

use super::super::arguments::TraceFit;
use super::super::failure::{Exit, Failure};
use super::super::printer::Printer;
use super::super::summary::words::{count, duration, number, percent};
use super::rhythm::{CHANCE_BELOW, PERMUTATIONS, Rhythm, dispersion, rhythms};
use super::survey::Survey;
use super::surveyed;
use crate::stats::Histogram;
use crate::stats::fit::{Fit, Fitted, fit};
use std::fmt::Write;

/// Sizes of gangs that the table lists; rarer ones are counted to the next size below.
const SIZES_LISTED: usize = 24;

/// Prints the table.
pub(super) fn run(arguments: &TraceFit, printer: &mut Printer) -> Result<(), Failure> {
    let input = &arguments.input;
    let (log, survey) = surveyed(input, arguments.shift)?;
    let laws = fit(&steps(&survey.work, 1e-6));
    if laws.is_empty() || survey.span_s() <= 0.0 {
        let message = format!("{} jobs are too few to fit laws to", survey.jobs());
        return Err(Failure::new(Exit::Invalid, message).help("a log needs jobs of different run times, submitted at different times"));
    }
    let name = crate::diag::escape(&input.file.file_name().unwrap_or_default().to_string_lossy());
    let mut text = format!("# Fitted to {name}: {} jobs over {}.\n", count(survey.jobs()), duration(survey.span_s()));
    for note in log.notes() {
        let _ = writeln!(text, "# Note: {note}");
    }
    let rhythms = rhythms(&survey);
    errors(&mut text, &survey, &laws);
    profiles(&mut text, &survey, &rhythms);
    let _ = writeln!(text, "[workload.{}]", key(&arguments.name));
    let _ = writeln!(text, "class    = {}\ntenants  = {{ {} = 1.0 }}", quoted(&arguments.class), key(&arguments.tenant));
    arrivals(&mut text, &survey, &rhythms);
    gangs(&mut text, &survey);
    let _ = writeln!(text, "work     = {}", written(laws[0].law, "s"));
    if survey.estimated * 2 > survey.jobs() {
        let ratios = fit(&steps(&survey.estimate, 1e-3));
        let law = ratios.first().map_or("[1.0, 1.0]".to_owned(), |best| written(best.law, ""));
        let _ = writeln!(text, "estimate = {{ times_work = {law} }}");
    }
    printer.out(&text);
    Ok(())
}

/// Writes a key of a table: bare where TOML allows that, which is without Chinese.
fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if is_bare { name.to_owned() } else { quoted(name) }
}

fn quoted(name: &str) -> String {
    let mut text = String::from('"');
    for letter in name.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(text, "\\u{:04X}", u32::from(letter));
            }
            letter => text.push(letter),
        }
    }
    text + "\""
}

fn steps(histogram: &Histogram, scale: f64) -> Vec<(f64, u64)> {
    histogram.steps().into_iter().map(|(value, jobs)| (value as f64 * scale, jobs)).collect()
}

/// Says how far the laws are from the log.
fn errors(text: &mut String, survey: &Survey, laws: &[Fit]) {
    text.push_str(
        "# Run times, by likelihood (the best is used): the largest distance of the distribution functions, the law's mean over the log's, AIC.\n",
    );
    for each in laws {
        let Fit { law, aic, distance, mean_ratio } = each;
        let _ = writeln!(text, "#   {:<12} distance {distance:.3}   mean × {mean_ratio:.3}   AIC {aic:.0}", word(*law));
    }
    let zero = survey.work.steps().first().filter(|(value, _)| *value == 0).map_or(0, |(_, jobs)| *jobs);
    if zero > 0 {
        let _ = writeln!(text, "# {} of the run times are zero and are left aside.", percent(zero as f64 / survey.jobs() as f64));
    }
}

/// Says which profiles of hours and weekdays the log supports, and what they leave unexplained.
fn profiles(text: &mut String, survey: &Survey, rhythms: &[Rhythm]) {
    let _ = writeln!(
        text,
        "# Profiles of arrivals: used where p < {CHANCE_BELOW}; a permutation test turns the log's days, or shuffles them, {PERMUTATIONS} times."
    );
    for rhythm in rhythms {
        let told = match rhythm.chance() {
            None => format!("left out: the log has fewer than {} whole days", rhythm.days()),
            Some(chance) if rhythm.supported().is_some() => format!("used, p = {chance:.3}"),
            Some(chance) => format!("left out: one rate explains the log, p = {chance:.3}"),
        };
        let _ = writeln!(text, "#   {:<10} {told}", rhythm.key());
    }
    if let Some(dispersion) = dispersion(survey, rhythms) {
        let _ = writeln!(text, "# Hourly arrivals vary {} times as much as the Poisson process below (1: not at all more).", number(dispersion));
    }
    if !survey.counts_from_1970() {
        text.push_str("# The log's clock does not count from 1970: its hours and weekdays may be shifted.\n");
    }
}

fn arrivals(text: &mut String, survey: &Survey, rhythms: &[Rhythm]) {
    let per_day = survey.jobs() as f64 / (survey.span_s() / 86_400.0);
    let listed = |weights: &[f64]| weights.iter().map(|weight| format!("{weight:.3}")).collect::<Vec<_>>().join(", ");
    let _ = write!(text, "arrivals = {{ process = \"poisson\", rate = \"{per_day:.6} /d\"");
    for (rhythm, weights) in rhythms.iter().filter_map(|rhythm| rhythm.supported().map(|weights| (rhythm, weights))) {
        let _ = write!(text, ", {} = [{}]", rhythm.key(), listed(weights));
    }
    text.push_str(" }\n");
}

fn gangs(text: &mut String, survey: &Survey) {
    let mut most: Vec<(u32, u64)> = survey.by_size.iter().map(|(gpus, (jobs, _))| (*gpus, *jobs)).collect();
    most.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let rare = most.split_off(SIZES_LISTED.min(most.len()));
    most.sort_unstable();
    for (gpus, jobs) in rare {
        let below = most.partition_point(|(listed, _)| *listed <= gpus).saturating_sub(1);
        most[below].1 += jobs;
    }
    let values: Vec<String> = most.iter().map(|(gpus, _)| gpus.to_string()).collect();
    let weights: Vec<String> = most.iter().map(|(_, jobs)| format!("{:.6}", *jobs as f64 / survey.jobs() as f64)).collect();
    let _ = writeln!(text, "gpus     = {{ values = [{}], weights = [{}] }}", values.join(", "), weights.join(", "));
}

fn word(law: Fitted) -> &'static str {
    match law {
        Fitted::Exponential { .. } => "exponential",
        Fitted::LogNormal { .. } => "lognormal",
        Fitted::Weibull { .. } => "weibull",
        Fitted::Gamma { .. } => "gamma",
    }
}

/// Writes a law as scenarios have it; scales carry the unit, where there is one.
fn written(law: Fitted, unit: &str) -> String {
    let scale = |value: f64| if unit.is_empty() { format!("{value:.6}") } else { format!("\"{value:.6} {unit}\"") };
    let parameters = match law {
        Fitted::Exponential { mean } => format!("mean = {}", scale(mean)),
        Fitted::LogNormal { mu, sigma } => format!("mu = {mu:.6}, sigma = {sigma:.6}"),
        Fitted::Weibull { shape, scale: of } | Fitted::Gamma { shape, scale: of } => format!("shape = {shape:.6}, scale = {}", scale(of)),
    };
    format!("{{ dist = \"{}\", {parameters} }}", word(law))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_keys_of_toml() {
        assert_eq!(["lab-3", "初创企业", "", "a.b"].map(key), ["lab-3", "\"初创企业\"", "\"\"", "\"a.b\""]);
        assert_eq!(quoted("a\"b\\c\nd"), "\"a\\\"b\\\\c\\u000Ad\"");
    }
}
