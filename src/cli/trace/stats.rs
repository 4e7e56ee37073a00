//! `edwc trace stats`: what a researcher wants to know of a log, on one screen.

use super::super::arguments::TraceStats;
use super::super::failure::Failure;
use super::super::printer::Printer;
use super::super::summary::words::{bar, count, duration, number, percent};
use super::survey::{Survey, hours, instant};
use super::{format, surveyed};
use crate::model::Outcome;
use crate::stats::Histogram;
use std::fmt::Write;

/// Sizes of gangs that are shown one by one.
const SIZES_SHOWN: usize = 12;
const BAR: usize = 30;

/// Prints the statistics of a log.
pub(super) fn run(arguments: &TraceStats, printer: &mut Printer) -> Result<(), Failure> {
    let input = &arguments.input;
    let (log, survey) = surveyed(input, arguments.shift)?;
    let name = input.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut text = format!("{} ({})\n\n", crate::diag::escape(&name), format(input)?.word());
    head(&mut text, &survey, &log.left_out());
    if survey.jobs() > 0 {
        quantiles(&mut text, &survey);
        sizes(&mut text, &survey);
        arrivals(&mut text, &survey, arguments.shift);
    }
    for note in log.notes() {
        let _ = writeln!(text, "\nnote: {note}");
    }
    printer.out(&text);
    Ok(())
}

fn head(text: &mut String, survey: &Survey, left_out: &[(&'static str, u64)]) {
    let ended = [("completed", Outcome::Completed), ("failed", Outcome::Failed), ("cancelled", Outcome::Cancelled)];
    let ended: Vec<String> = ended.iter().map(|(word, outcome)| format!("{} {word}", count(survey.ended(*outcome)))).collect();
    let _ = writeln!(text, "jobs        {}: {}", count(survey.jobs()), ended.join(", "));
    if !left_out.is_empty() {
        let reasons: Vec<String> = left_out.iter().map(|(reason, jobs)| format!("{} {reason}", count(*jobs))).collect();
        let _ = writeln!(text, "left out    {}", reasons.join(", "));
    }
    if let Some((first, last)) = survey.span_us {
        let from_1970 = survey.counts_from_1970();
        let _ = writeln!(text, "span        {}, {} to {}", duration(survey.span_s()), instant(first, from_1970), instant(last, from_1970));
    }
    let gpu_hours = survey.gpu_hours();
    let _ = writeln!(text, "GPU-hours   {}", number(gpu_hours));
    if let Some(gpus) = survey.offered_gpus() {
        let _ = writeln!(text, "load        {} GPUs on average, from the first submission to the last end if no job waited", number(gpus));
    }
    let mut users: Vec<u128> = survey.users.values().map(|(_, gpu_us)| *gpu_us).collect();
    users.sort_unstable_by(|a, b| b.cmp(a));
    let largest = hours(users.iter().take(5).sum());
    match users.len() {
        0 => text.push_str("users       not recorded\n"),
        users if survey.other_users > 0 => {
            let _ = writeln!(text, "users       more than {}", count(users as u64));
        }
        users => {
            let share = if gpu_hours > 0.0 { percent(largest / gpu_hours) } else { "-".to_owned() };
            let _ = writeln!(text, "users       {}; the five largest have {share} of the GPU-hours", count(users as u64));
        }
    }
}

fn quantiles(text: &mut String, survey: &Survey) {
    type Row<'a> = (&'a str, &'a Histogram, f64, fn(f64) -> String);
    let mut rows: Vec<Row<'_>> =
        vec![("GPUs", &survey.gpus, 1.0, number), ("run time", &survey.work, 1e-6, duration), ("GPU-hours", &survey.gpu_time, 1e-3 / 3600.0, number)];
    if survey.estimate.count() > 0 {
        rows.push(("est ÷ run", &survey.estimate, 1e-3, number));
    }
    let _ = writeln!(text, "\n{:<10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}", "of a job", "mean", "p5", "p25", "p50", "p75", "p95", "max");
    for (name, histogram, scale, show) in rows {
        let quantile = |parts| histogram.quantile(parts).map_or(0.0, |value| value as f64 * scale);
        let mean = histogram.mean().unwrap_or(0.0) * scale;
        let values = [mean, quantile(50), quantile(250), quantile(500), quantile(750), quantile(950), histogram.max() as f64 * scale];
        let shown: String = values.iter().map(|value| format!("{:>10}", show(*value))).collect();
        let _ = writeln!(text, "{name:<10}{shown}");
    }
}

fn sizes(text: &mut String, survey: &Survey) {
    let (jobs, gpu_hours) = (survey.jobs() as f64, survey.gpu_hours());
    let mut shown: Vec<(u32, u64, u128)> = survey.by_size.iter().map(|(gpus, (jobs, gpu_us))| (*gpus, *jobs, *gpu_us)).collect();
    shown.sort_by_key(|(_, jobs, _)| std::cmp::Reverse(*jobs));
    let others = shown.split_off(SIZES_SHOWN.min(shown.len()));
    shown.sort_by_key(|(gpus, ..)| *gpus);
    let _ = writeln!(text, "\n{:<10}{:>7}{:>12}", "GPUs", "jobs", "GPU-hours");
    let mut row = |name: &str, of_jobs: u64, gpu_us: u128| {
        let share = of_jobs as f64 / jobs;
        let of_hours = if gpu_hours > 0.0 { percent(hours(gpu_us) / gpu_hours) } else { "-".to_owned() };
        let _ = writeln!(text, "{}", format!("{name:<10}{:>7}{of_hours:>12}  {}", percent(share), bar(share, BAR)).trim_end());
    };
    for (gpus, of_jobs, gpu_us) in shown {
        row(&gpus.to_string(), of_jobs, gpu_us);
    }
    if !others.is_empty() {
        row(
            &format!("{} others", others.len()),
            others.iter().map(|(_, jobs, _)| jobs).sum(),
            others.iter().map(|(.., gpu_us)| gpu_us).sum(),
        );
    }
}

fn arrivals(text: &mut String, survey: &Survey, shift: f64) {
    let clock = match (survey.counts_from_1970(), shift == 0.0) {
        (true, true) => "UTC, or local time where the log's dates have no offset".to_owned(),
        (true, false) => format!("UTC{shift:+}, or local time{shift:+} where the log's dates have no offset"),
        (false, _) => "the log's own clock, taken as if it counted from 1970".to_owned(),
    };
    let _ = writeln!(text, "\narrivals by hour ({clock})");
    chart(text, &survey.by_hour(), |hour| format!("{hour:02}"));
    text.push_str("\narrivals by weekday\n");
    chart(text, &survey.by_weekday(), |day| ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][day].to_owned());
}

/// Draws counts as bars, the largest over the whole width.
fn chart(text: &mut String, counts: &[u64], name: impl Fn(usize) -> String) {
    let largest = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    for (index, jobs) in counts.iter().enumerate() {
        let line = format!("{:<4}{:>10}  {}", name(index), count(*jobs), bar(*jobs as f64 / largest, 2 * BAR));
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
