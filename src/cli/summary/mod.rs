//! The terminal's summary of a run: the answer in one sentence, then the tables behind it.
//!
//! Nothing wraps, whatever the width; colours only repeat what the words say.

mod money;
pub(in crate::cli) mod table;
pub(super) mod words;

use crate::diag::escape;
use crate::output::Summary;
use crate::output::summary::{Distribution, Group, Named, Use};
use crate::output::text::short_fingerprint;
use anstyle::{AnsiColor, Style};
use table::{Cell, Table, flow, wrap};
use unicode_width::UnicodeWidthStr;
use words::{bar, count, counted, date, duration, duration_or_none, number, number_or_none, percent, percent_or_none};

/// The style of what needs attention.
pub(super) const ATTENTION: Style = AnsiColor::Yellow.on_default().bold();
/// The style of what carries the page.
const STRONG: Style = Style::new().bold();
/// Columns of a bar.
const BAR: usize = 20;
/// The widest summary: longer lines are hard to read.
const WIDEST: usize = 120;
/// The narrowest for which it is laid out.
const NARROWEST: usize = 72;

/// Writes the summary for a terminal of so many columns, with ANSI styles in it.
pub(crate) fn render(summary: &Summary, width: usize) -> String {
    let width = width.clamp(NARROWEST, WIDEST);
    let sections = [
        heading(summary, width),
        sentences(summary, width),
        jobs(summary, width),
        latency(summary, width),
        utilisation(summary, width),
        groups(summary, width),
        money::subsidies(summary, width),
        quotas(summary, width),
        money::totals(summary, width),
        refusals(summary, width),
        warnings(summary, width),
        last_line(summary, width),
    ];
    sections.into_iter().filter(|section| !section.is_empty()).collect::<Vec<_>>().join("\n")
}

fn heading(summary: &Summary, width: usize) -> String {
    let scale = summary.scale.as_ref().filter(|scale| !summary.title.contains(scale.as_str()));
    let scale = scale.map_or_else(String::new, |scale| format!(", {scale}"));
    let title = escape(&format!("{}{scale}", summary.title));
    let fleet = &summary.fleet;
    let mut has = vec![plural(fleet.sites, "site"), plural(fleet.gpus, "GPU"), plural(fleet.regions, "region")];
    if fleet.subsidies > 0 {
        has.push(format!("{} {}", count(fleet.subsidies), if fleet.subsidies == 1 { "subsidy" } else { "subsidies" }));
    }
    let period = &summary.period;
    let warmup = if period.window_from_s > 0.0 { format!(", first {} warm-up", duration(period.window_from_s)) } else { String::new() };
    let when = format!("{} +{}{warmup}", period.start.split('T').next().unwrap_or_default(), duration(period.window_to_s));
    let title = format!("{STRONG}{title}{STRONG:#}");
    format!(
        "{}{}",
        two_ends(&title, &format!("policy {}", escape(&summary.policy)), width),
        two_ends(&has.join(" · "), &when, width)
    )
}

fn sentences(summary: &Summary, width: usize) -> String {
    let mut text = String::new();
    let mut say = |sentence: String| text.push_str(&format!("  {}", wrap(&sentence, width - 2, "  ")));
    if !summary.complete {
        say(format!("{ATTENTION}Incomplete{ATTENTION:#}: the run was stopped at {}.", duration(summary.period.end_s)));
    }
    say(answer(summary));
    if !summary.schedulers.is_empty() {
        let own: Vec<String> = summary.schedulers.iter().map(|(site, own)| format!("{} ({own})", escape(site))).collect();
        say(format!("The policy binds jobs to sites; with schedulers of their own: {}.", own.join(", ")));
    }
    if summary.fleet.subsidies > 0 {
        let per_hour = summary.money.public_cny_per_gpu_hour.map_or_else(String::new, |price| format!(", {} CNY per GPU-hour", number(price)));
        say(format!("Public money: {}{per_hour}.{}", money::short(summary.money.public_cny), ran_dry(summary)));
    }
    if let Some(sentence) = waits(summary) {
        say(sentence);
    }
    text
}

/// What jobs met, where the answer does not say it already.
fn waits(summary: &Summary) -> Option<String> {
    let wait = &summary.latency.queue_wait;
    let (mean, p95) = (wait.mean?, wait.p95?);
    let unfinished = match summary.jobs.unfinished {
        0 => String::new(),
        jobs => format!(" {} {} unfinished.", count(jobs), if jobs == 1 { "job was" } else { "jobs were" }),
    };
    let two_sided = summary.utilisation.by_side.find("east").is_some() && summary.utilisation.by_side.find("west").is_some();
    let most = if p95 > 0.0 { format!("at most {}", duration(p95)) } else { "not at all".to_owned() };
    two_sided.then(|| format!("Jobs waited {} on average, 95% of them {most}.{unfinished}", duration(mean)))
}

/// The answer to "what happened?" in one sentence.
fn answer(summary: &Summary) -> String {
    if summary.jobs.submitted == 0 {
        return "No job was submitted in the measured window.".to_owned();
    }
    let idle = summary.utilisation.by_side.find("west").and_then(|west| west.allocated).map(|allocated| percent((1.0 - allocated).max(0.0)));
    let east = summary.utilisation.by_side.find("east").and(summary.gpu_hours.east_share);
    if let (Some(east), Some(idle)) = (east, idle) {
        return format!("{} of GPU-hours ran in the east; {idle} of western GPU-hours stood idle.", percent(east));
    }
    let used = summary.utilisation.all.allocated.map_or_else(|| "No GPU".to_owned(), |share| format!("{} of GPU-hours", percent(share)));
    match summary.latency.queue_wait.p95 {
        Some(wait) => format!("{used} were used; 95% of the jobs that started waited at most {}.", duration(wait)),
        None => format!("{used} were used; no job started."),
    }
}

fn ran_dry(summary: &Summary) -> String {
    let dry: Vec<&str> = summary.subsidies.iter().filter_map(|(_, subsidy)| subsidy.spent_on.first()).map(String::as_str).collect();
    match dry.as_slice() {
        [] => String::new(),
        [first] => format!(" One subsidy ran dry on {}.", date(first)),
        many => {
            let first = many.iter().min().expect("there are several");
            let mut counted = counted(many.len());
            counted[..1].make_ascii_uppercase();
            format!(" {counted} subsidies ran dry, the first on {}.", date(first))
        }
    }
}

fn jobs(summary: &Summary, width: usize) -> String {
    let jobs = &summary.jobs;
    let mut items = vec![format!("{} submitted", count(jobs.submitted)), format!("{} finished", count(jobs.finished))];
    let others = [(jobs.priced_out, "priced out"), (jobs.outside, "outside"), (jobs.cancelled, "cancelled"), (jobs.rejected, "rejected")];
    items.extend(others.into_iter().filter(|(jobs, _)| *jobs > 0).map(|(jobs, word)| format!("{} {word}", count(jobs))));
    items.push(format!("{} unfinished", count(jobs.unfinished)));
    let mut text = flow("jobs", &items, width);
    let incidents = &summary.incidents;
    let counts = [
        (incidents.preemptions, "preemptions"),
        (incidents.migrations, "migrations"),
        (incidents.resizes, "changes of size"),
        (incidents.failures, "stopped by failures"),
        (incidents.outlived_estimate, "outlived their estimate"),
        (incidents.killed_at_estimate, "ended at their estimate"),
        (incidents.missed_deadline, "missed their deadline"),
    ];
    let items: Vec<String> = counts.into_iter().filter(|(jobs, _)| *jobs > 0).map(|(jobs, word)| format!("{} {word}", count(jobs))).collect();
    if !items.is_empty() {
        text.push_str(&flow("", &items, width));
    }
    text
}

fn latency(summary: &Summary, width: usize) -> String {
    let mut table = Table::new(["latency       ", "mean", "p50", "p95", "p99", "max"]);
    let latency = &summary.latency;
    for (name, distribution) in
        [("queue wait", &latency.queue_wait), ("staging", &latency.staging), ("completion", &latency.completion), ("round trip", &latency.rtt)]
    {
        let Distribution { mean, p50, p95, p99, max, .. } = *distribution;
        let [mean, p50, p95, p99, max] = [mean, p50, p95, p99, max].map(|seconds| Cell::from(duration_or_none(seconds)));
        table.row([name.into(), mean, p50, p95, p99, max]);
    }
    let slowdown = &summary.bounded_slowdown;
    table.row(["slowdown".into(), number_or_none(slowdown.mean).into(), "".into(), number_or_none(slowdown.p95).into(), "".into(), "".into()]);
    // Six short columns fit everywhere.
    table.render(width.max(table::WIDE))
}

fn utilisation(summary: &Summary, width: usize) -> String {
    let utilisation = &summary.utilisation;
    let mut table = Table::new(["utilisation   ", "GPUs", "allocated", "effective", "take-up", "queue p95", "net CNY/GPU-h"]).left(2);
    let mut row = |name: String, place: &Use| {
        let share = place.allocated.unwrap_or(0.0);
        let bar = bar(share, BAR);
        let padding = " ".repeat(BAR - bar.width());
        table.row([
            name.into(),
            count(place.gpus.round() as u64).into(),
            format!("{bar}{padding} {:>4}", percent_or_none(place.allocated)).into(),
            percent_or_none(place.effective).into(),
            percent_or_none(place.take_up).into(),
            duration_or_none(place.queue_wait.p95).into(),
            number_or_none(place.net_price_cny_per_gpu_hour).into(),
        ]);
    };
    for (side, place) in utilisation.by_side.iter() {
        row(side.clone(), place);
        for site in summary.sites_of_side.iter().filter(|(_, of)| of == side) {
            if let Some(place) = utilisation.by_site.find(&site.0) {
                row(format!("  {}", escape(&site.0)), place);
            }
        }
    }
    if utilisation.by_chip.0.len() > 1 {
        utilisation.by_chip.iter().for_each(|(chip, place)| row(escape(chip), place));
    }
    row("all".to_owned(), &utilisation.all);
    table.render(width) + &lost_time(&utilisation.all, width)
}

/// Says where GPU time went that was neither work nor idle.
fn lost_time(all: &Use, width: usize) -> String {
    let parts = [
        (all.staging, "staging"),
        (all.checkpointing, "checkpointing"),
        (all.restoring, "restoring"),
        (all.lost, "lost work"),
        (all.reserved, "reserved for online services"),
        (all.fragmented, "free in fragments"),
    ];
    let mut items: Vec<String> =
        parts.iter().filter_map(|(share, word)| share.filter(|share| *share >= 5e-4).map(|share| format!("{} {word}", percent(share)))).collect();
    if all.failures > 0 {
        items.push(format!("{} of up-time", percent_or_none(all.of_up_time)));
        items.push(format!("{} node failures", count(all.failures)));
    }
    if items.is_empty() { String::new() } else { flow("  thereof", &items, width) }
}

fn groups(summary: &Summary, width: usize) -> String {
    let table = |title: &str, groups: &Named<Group>| {
        if groups.0.len() < 2 {
            return String::new();
        }
        let mut table = Table::new([title, "jobs", "wait mean", "wait p95", "completion p95", "slowdown", "net CNY/GPU-h"]);
        for (name, group) in groups.iter() {
            table.row([
                escape(name).into(),
                count(group.jobs.submitted).into(),
                duration_or_none(group.latency.queue_wait.mean).into(),
                duration_or_none(group.latency.queue_wait.p95).into(),
                duration_or_none(group.latency.completion.p95).into(),
                number_or_none(group.bounded_slowdown.mean).into(),
                number_or_none(group.net_price_cny_per_gpu_hour).into(),
            ]);
        }
        table.render(width)
    };
    let tables = [table("region        ", &summary.by_region), table("class         ", &summary.by_class)];
    tables.into_iter().filter(|table| !table.is_empty()).collect::<Vec<_>>().join("\n")
}

fn quotas(summary: &Summary, width: usize) -> String {
    if summary.quotas.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["quota, whole run", "GPU-h", "borrowed", "peak GPUs", "refused", "taken back"]);
    for (name, quota) in summary.quotas.iter() {
        table.row([
            escape(name).into(),
            number(quota.used_gpu_hours).into(),
            number(quota.borrowed_gpu_hours).into(),
            count(quota.peak_gpus).into(),
            count(quota.refusals).into(),
            count(quota.reclaimed).into(),
        ]);
    }
    // Six short columns fit everywhere.
    table.render(width.max(table::WIDE))
}

fn refusals(summary: &Summary, width: usize) -> String {
    let items = |counts: &Named<u64>| -> Vec<String> {
        counts.iter().filter(|(_, number)| *number > 0).map(|(word, number)| format!("{} {}", count(*number), word.replace('_', " "))).collect()
    };
    let (rejected, refused) = (items(&summary.rejected), items(&summary.refusals));
    let mut text = String::new();
    if !rejected.is_empty() {
        text.push_str(&flow("rejected for", &rejected, width));
    }
    if !refused.is_empty() {
        text.push_str(&flow("refused tries", &refused, width));
    }
    text
}

fn warnings(summary: &Summary, width: usize) -> String {
    let mut text = String::new();
    for warning in &summary.warnings {
        let wrapped = wrap(&format!("warning[{}]: {}", warning.code, escape(&warning.message)), width, "  ");
        text.push_str(&wrapped.replacen("warning", &format!("{ATTENTION}warning{ATTENTION:#}"), 1));
    }
    let inputs = &summary.inputs;
    let unmarked = if inputs.unmarked > 0 { format!(", {} without a mark", count(inputs.unmarked)) } else { String::new() };
    if inputs.count > 0 {
        let note = format!("note: {} of {} inputs are assumed{unmarked}; see `edwc check --evidence`", count(inputs.assumed), count(inputs.count));
        text.push_str(&wrap(&note, width, "  "));
    }
    text
}

fn last_line(summary: &Summary, width: usize) -> String {
    let short = short_fingerprint(&summary.fingerprint);
    let wall = summary.wall_s.map_or_else(String::new, |wall| {
        let rate = if wall > 0.0 { format!(" ({} jobs/s)", number(rounded(summary.jobs.submitted as f64 / wall))) } else { String::new() };
        format!(" in {}{rate}", duration(wall))
    });
    table::cut(&format!("{short} · seed {} · {} events{wall}", summary.seed, count(summary.events)), width) + "\n"
}

/// Rounds a rate to two digits: more would pretend.
fn rounded(rate: f64) -> f64 {
    let mut scale = 0.1;
    while scale * 100.0 <= rate {
        scale *= 10.0;
    }
    (rate / scale).round() * scale
}

/// Puts two texts at both ends of a line, or on two lines if they do not fit.
fn two_ends(left: &str, right: &str, width: usize) -> String {
    let visible = anstream::adapter::strip_str(left).to_string().width();
    match width.checked_sub(visible + right.width() + 2) {
        Some(space) => format!("{left}{}{right}\n", " ".repeat(space + 2)),
        None => format!(
            "{}\n{}\n",
            if visible <= width { left.to_owned() } else { table::cut(&anstream::adapter::strip_str(left).to_string(), width) },
            table::cut(right, width)
        ),
    }
}

fn plural(number: u64, word: &str) -> String {
    format!("{} {word}{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Collector, made_up};

    fn plain(summary: &Summary, width: usize) -> String {
        anstream::adapter::strip_str(&render(summary, width)).to_string()
    }

    #[test]
    fn a_run_at_80_columns() {
        insta::assert_snapshot!(plain(&made_up::summary(), 80));
    }

    #[test]
    fn a_run_at_120_columns() {
        insta::assert_snapshot!(plain(&made_up::summary(), 120));
    }

    #[test]
    fn a_run_without_jobs() {
        let model = made_up::model();
        let mut totals = made_up::totals();
        totals.interrupted = true;
        let summary = made_up::summary_of(&Collector::new(&model), &model, &totals);
        insta::assert_snapshot!(plain(&summary, 80));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut summary = made_up::summary();
        summary.title = "东数西算".repeat(40);
        summary.policy = "fifo+".repeat(40);
        summary.by_class.0[0].0 = "a-name-that-nobody-should-give-to-a-class-of-jobs-but-that-somebody-will".repeat(2);
        for width in [60, 72, 80, 99, 100, 120, 300] {
            for line in plain(&summary, width).lines() {
                assert!(line.width() <= width.clamp(NARROWEST, WIDEST), "{} columns at {width}: {line}", line.width());
            }
        }
    }

    #[test]
    fn control_characters_of_names_are_escaped() {
        let mut summary = made_up::summary();
        summary.title = "\u{1b}]0;owned\u{7}".to_owned();
        summary.by_class.0[0].0 = "\u{1b}[31mred".to_owned();
        let text = plain(&summary, 100);
        assert!(text.contains("\\x1b]0;owned\\x07") && text.contains("\\x1b[31mred"), "{text}");
    }
}
