//! A job's story for people: what was looked at, what it waited for, and what it cost whom.

use crate::cli::failure::plural;
use crate::cli::story::Head;
use crate::cli::summary::words::{duration, number};
use crate::cli::text::columns;
use crate::diag::escape;
use crate::why::{Considered, Event, Fact};
use jiff::SignedDuration;
use jiff::civil::DateTime;
use std::collections::BTreeMap;

/// The columns of a date and time before what happened then.
const TIME: usize = 21;

/// Tells the whole story.
pub(super) fn story(head: &Head, facts: &[Fact], width: usize) -> String {
    let mut text = format!("job {} of {}\n", facts[0].job, escape(&head.title));
    let start: Option<DateTime> = head.start.parse().ok();
    let mut before = String::new();
    let mut waits: BTreeMap<&str, u64> = BTreeMap::new();
    let mut paid: BTreeMap<(&str, &str, &str), i64> = BTreeMap::new();
    for fact in facts {
        let when = clock(start, fact.at_us);
        let shown = if when == before { String::new() } else { when.clone() };
        match &fact.event {
            Event::Paid { from, to, purpose, micro_cny } => *paid.entry((from, to, purpose)).or_default() += micro_cny,
            Event::Considered { pools } => text.push_str(&table(pools, width)),
            event => {
                if let Event::Waited { until_us, kind, .. } = event {
                    *waits.entry(kind).or_default() += until_us.saturating_sub(fact.at_us);
                }
                text.push_str(&columns(&[(format!("{shown:<TIME$}"), escape(&words(start, fact.at_us, event)))], width));
                before = when;
            }
        }
    }
    if !waits.is_empty() {
        let told: Vec<String> = waits.iter().map(|(kind, us)| format!("{} for {}", duration(*us as f64 / 1e6), subject(kind))).collect();
        text.push_str(&format!("\nIt waited {}.\n", told.join(", ")));
    }
    if !paid.is_empty() {
        text.push_str("\npaid\n");
        let rows: Vec<_> = paid
            .iter()
            .map(|((from, to, purpose), amount)| {
                (format!("  {:>12} CNY", number(*amount as f64 / 1e6)), escape(&format!("{purpose}: from {from} to {to}")))
            })
            .collect();
        text.push_str(&columns(&rows, width));
    }
    text
}

fn clock(start: Option<DateTime>, at_us: u64) -> String {
    let since = SignedDuration::from_micros(i64::try_from(at_us).unwrap_or(i64::MAX));
    match start.and_then(|start| start.checked_add(since).ok()) {
        Some(at) => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        None => duration(at_us as f64 / 1e6),
    }
}

fn words(start: Option<DateTime>, at_us: u64, event: &Event) -> String {
    match event {
        Event::Submitted { class, tenant, region, gpus, estimate_us } => {
            let estimate = duration(*estimate_us as f64 / 1e6);
            format!("submitted: {class}, {}, {estimate} by estimate, of {tenant} in {region}", plural(*gpus as usize, "GPU"))
        }
        Event::Bound { pool } => format!("waits for {pool}"),
        Event::Denied { why, times, last_us, .. } => {
            let often = if *times == 1 { String::new() } else { format!(" ({times} times until {})", clock(start, *last_us)) };
            format!("denied: {why}{often}")
        }
        Event::Waited { until_us, kind, why } => {
            format!("waited {} for {}: {why}", duration(until_us.saturating_sub(at_us) as f64 / 1e6), subject(kind))
        }
        Event::Started { parts } => format!("started on {}", of_pools(parts)),
        Event::Moved { parts } => format!("moved to {}", of_pools(parts)),
        Event::Preempted { checkpoint, reclaimed } => {
            let how = if *checkpoint { "writing a checkpoint first" } else { "at once" };
            let why = if *reclaimed { "a quota took back what it had lent" } else { "by the policy" };
            format!("preempted, {how}: {why}")
        }
        Event::Returned => "waits again".to_owned(),
        Event::Deferred { until_us } => format!("held back by the policy until {}", clock(start, *until_us)),
        Event::Prefetched { site } => format!("its data moves to {site} ahead of it"),
        Event::Promised { start_us } => format!("expected to start at {}", clock(start, *start_us)),
        Event::TurnedAway => "turned away by the policy".to_owned(),
        Event::Ended { .. } => ended(event),
        Event::Considered { .. } | Event::Paid { .. } => String::new(),
    }
}

fn of_pools(parts: &[(String, u32)]) -> String {
    let parts: Vec<String> = parts.iter().map(|(pool, gpus)| format!("{} of {pool}", plural(*gpus as usize, "GPU"))).collect();
    parts.join(" and ")
}

fn ended(event: &Event) -> String {
    let Event::Ended { fate, reason, queue_wait_us, staging_us, run_us, energy_mj, carbon_mg, .. } = event else { return String::new() };
    let Event::Ended { compute_micro_cny, energy_micro_cny, transfer_micro_cny, subsidy_micro_cny, .. } = event else { return String::new() };
    let time = |us: u64| duration(us as f64 / 1e6);
    let why = reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
    let Some(wait) = queue_wait_us else { return format!("{fate}{why}, without ever having started") };
    let net = compute_micro_cny + energy_micro_cny + transfer_micro_cny - subsidy_micro_cny;
    let yuan = |micro: i64| number(micro as f64 / 1e6);
    format!(
        "{fate}{why}: queued {}, staging {}, ran {}; {} CNY net = {} compute + {} energy + {} transfer - {} subsidies; {} kWh, {} kg CO2",
        time(*wait),
        time(*staging_us),
        time(*run_us),
        yuan(net),
        yuan(*compute_micro_cny),
        yuan(*energy_micro_cny),
        yuan(*transfer_micro_cny),
        yuan(*subsidy_micro_cny),
        number(*energy_mj as f64 / 3.6e9),
        number(*carbon_mg as f64 / 1e6),
    )
}

/// Says what a kind of refusal lets a job wait for.
fn subject(kind: &str) -> &str {
    match kind {
        "room" => "GPUs",
        "quota" => "its quota",
        "cap" => "the next period of a cap",
        "domestic" => "the domestic share",
        "access" => "access to the chip",
        "admission" => "a place at the site",
        "power" => "power at the site",
        "deferred" => "the time that the policy has set",
        "order" => "its turn",
        "pool" => "a pool that can run it",
        other => other,
    }
}

/// Writes what was considered: a line a pool.
fn table(pools: &[Considered], width: usize) -> String {
    let names = pools.iter().map(|pool| pool.pool.chars().count()).max().unwrap_or(0).clamp(4, 26);
    let mut text = format!("  {:<names$} {:>10} {:>8} {:>8} {:>8} {:>9}\n", "pool", "score", "wait", "staging", "run", "net CNY");
    let possible = pools.iter().filter(|pool| pool.never.is_none());
    for pool in possible {
        let name: String = pool.pool.chars().take(names).collect();
        let score = pool.score.map_or_else(|| "-".to_owned(), compact);
        let time = |us: u64| duration(us as f64 / 1e6);
        let (wait, staging, run) = (time(pool.wait_us), time(pool.staging_us), time(pool.run_us));
        let net = number(pool.net_micro_cny as f64 / 1e6);
        text.push_str(&format!("  {name:<names$} {score:>10} {wait:>8} {staging:>8} {run:>8} {net:>9}\n"));
        if let Some(now) = &pool.now {
            text.push_str(&columns(&[("    not now:".to_owned(), escape(now))], width));
        }
    }
    let mut never: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pool in pools {
        if let Some(why) = &pool.never {
            never.entry(why).or_default().push(&pool.pool);
        }
    }
    for (why, pools) in never {
        text.push_str(&columns(&[("    never:".to_owned(), escape(&format!("{} ({why})", pools.join(", "))))], width));
    }
    text
}

/// Writes a score so that scores can be compared at a glance.
fn compact(score: i64) -> String {
    let size = score.unsigned_abs() as f64;
    match size {
        size if size >= 1e15 => format!("{:.3e}", score as f64),
        size if size >= 1e12 => format!("{:.3}T", score as f64 / 1e12),
        size if size >= 1e9 => format!("{:.3}G", score as f64 / 1e9),
        size if size >= 1e6 => format!("{:.3}M", score as f64 / 1e6),
        _ => score.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(name: &str, never: Option<&str>) -> Considered {
        Considered {
            pool: name.to_owned(),
            never: never.map(str::to_owned),
            score: Some(123_456_789_012),
            now: Some("quota `the-national-quota-of-all-tenants`: 1024 GPUs asked, 12 left".to_owned()),
            wait_us: 9_000_000_000,
            staging_us: 1,
            run_us: 86_400_000_000,
            net_micro_cny: 1_234_567_890_000,
            carbon_mg: 0,
        }
    }

    #[test]
    fn stories_fit_80_columns() {
        let head = Head { story: 1, start: "2025-06-02T00:00:00".to_owned(), title: "A title".to_owned() };
        let long = "a-site-with-a-rather-long-name.and-a-pool-with-one";
        let event = |event: Event| Fact { job: 42, at_us: 3_600_000_000, event };
        let denied = Event::Denied { pool: None, kind: "room".to_owned(), why: "x ".repeat(60), times: 17, last_us: 7_200_000_000 };
        let facts = [
            event(Event::Considered { pools: vec![pool(long, None), pool("b.c", None), pool(long, Some("too far away"))] }),
            event(denied),
            event(Event::Waited { until_us: 7_200_000_000, kind: "room".to_owned(), why: "8 GPUs of `b.c`, where 4 are free".to_owned() }),
            event(Event::Paid { from: "tenant.a".to_owned(), to: "site.b".to_owned(), purpose: "compute".to_owned(), micro_cny: 1_500_000 }),
        ];
        let text = story(&head, &facts, 80);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        for part in ["2025-06-02 01:00:00", "(17 times until 2025-06-02 02:00:00)", "It waited 1 h for GPUs.", "1.50 CNY", "never:", "123.457G"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
