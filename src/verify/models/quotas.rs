//! Quotas of a flat cohort with borrowing and reclaim, in Kueue's words.

use super::super::case::{Case, Problem, bad, field, id, number};
use super::super::judge::{Line, exact, same};
use super::super::play::watch;
use super::super::setting::{Setting, units};
use super::trace;
use crate::base::Time;
use crate::base::random::Seed;
use crate::engine::Run;
use serde_json::Value;
use std::collections::BTreeMap;

/// Runs the jobs through the whole engine.
pub(super) fn run(case: &Case) -> Result<Vec<Line>, Problem> {
    let mut setting = Setting::new();
    let mut installed = 0;
    setting.add("quota.cohort", "");
    for (name, queue) in case.table("cluster_queues")? {
        let of = |key: &str| queue.get(key).filter(|value| !value.is_null()).map(|value| super::super::case::count(key, value)).transpose();
        let nominal = of("nom")?.ok_or_else(|| bad("cluster_queues", "`nom` is missing"))?;
        installed += nominal;
        let mut limits = format!("nominal = {nominal}");
        for (key, word) in [("borrow", "borrowing_limit"), ("lend", "lending_limit")] {
            if let Some(limit) = of(key)? {
                limits.push_str(&format!(", {word} = {limit}"));
            }
        }
        let strict = queue.get("strict").and_then(Value::as_bool).unwrap_or(false);
        let queueing = if strict { "strict" } else { "best-effort" };
        let reclaim = queue.get("reclaim").and_then(Value::as_str).unwrap_or("any");
        setting.add(&format!("tenant.{}", tenant(name)), &format!("region = \"demand\"\nkind = \"{}\"", tenant(name)));
        let matcher = format!("for = {{ tenant.id = [\"{}\"] }}", tenant(name));
        let gpus = format!("gpus = {{ gpu = {{ {limits} }} }}");
        setting.add(
            &format!("quota.{}", tenant(name)),
            &format!("parent = \"cohort\"\n{matcher}\n{gpus}\nqueueing = \"{queueing}\"\nreclaim = \"{reclaim}\""),
        );
    }
    let mut rows = Vec::new();
    for job in case.list("jobs")? {
        let of = |key: &str| number("jobs", field("jobs", job, key)?);
        let queue = field("jobs", job, "queue")?.as_str().ok_or_else(|| bad("jobs", "a queue is a text"))?;
        let priority = job.get("priority").map_or(Ok(0.0), |value| number("priority", value))?;
        let fields = format!("{},{},{},{priority}", of("gpus")?, trace::seconds(of("runtime")?), tenant(queue));
        rows.push((id(field("jobs", job, "id")?), of("submit")?, fields));
    }
    let file = trace::write("gpus,work_s,tenant,priority", &mut rows)?;
    setting.site("s", installed);
    setting.class("c", "on_failure = \"restart\"");
    setting.workload("w", "c", &trace::keys(&file));
    setting.policy("order = \"cohort\"\nplace = \"first-fit\"\nbackfill = \"skip\"\npreempt = \"reclaim\"");
    let scenario = setting.build(&case.id)?;

    let mut events = Events::default();
    let ending = watch(&scenario, Seed { seed: 1, replication: 0 }, |run| events.follow(run, &rows))?;
    for job in &ending.jobs {
        let name = rows[job.number as usize].0.clone();
        events.ends.entry(name).or_insert(job.end);
    }
    compare(case, &events)
}

/// Names of scenarios are of lower case.
fn tenant(queue: &str) -> String {
    format!("q-{}", queue.to_lowercase())
}

/// What happened, instant by instant.
#[derive(Default)]
struct Events {
    /// Jobs that hold GPUs, with the time they got them.
    running: BTreeMap<u64, Time>,
    seen: usize,
    list: Vec<(Time, Kind, String)>,
    ends: BTreeMap<String, Time>,
}

/// The order within an instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    End,
    Preempt,
    Start,
}

impl Events {
    fn follow(&mut self, run: &mut Run, rows: &[(String, f64, String)]) {
        let name = |number: u64| rows[number as usize].0.clone();
        for record in &run.jobs_out()[self.seen..] {
            self.list.push((record.end, Kind::End, name(record.number)));
            self.ends.insert(name(record.number), record.end);
            self.running.remove(&record.number);
        }
        self.seen = run.jobs_out().len();
        let scene = run.scene();
        let running: BTreeMap<u64, Time> =
            scene.jobs.running().map(|job| (scene.jobs.attributes(job).number, scene.jobs.status(job).start)).collect();
        for (number, since) in &self.running {
            if running.get(number) != Some(since) {
                self.list.push((scene.now, Kind::Preempt, name(*number)));
            }
        }
        for (number, since) in &running {
            if self.running.get(number) != Some(since) {
                self.list.push((*since, Kind::Start, name(*number)));
            }
        }
        self.running = running;
    }
}

fn compare(case: &Case, events: &Events) -> Result<Vec<Line>, Problem> {
    let mut lines = Vec::new();
    for (name, expected) in case.answer.as_object().into_iter().flatten() {
        match name.as_str() {
            "end" => {
                for (job, at) in expected.as_object().into_iter().flatten() {
                    let end = events.ends.get(job).copied().map_or(f64::NAN, units);
                    lines.push(exact(&format!("end of {job}"), number(job, at)?, end));
                }
            }
            "events" => {
                let mut found: Vec<(f64, Kind, String)> = events.list.iter().map(|(at, kind, job)| (units(*at), *kind, job.clone())).collect();
                let mut expected = expected_events(expected)?;
                lines.push(same("events", written(&mut expected), written(&mut found)));
            }
            _ => return Err(Problem::Answer(name.clone())),
        }
    }
    Ok(lines)
}

fn expected_events(list: &Value) -> Result<Vec<(f64, Kind, String)>, Problem> {
    let entries = list.as_array().ok_or_else(|| bad("events", "a list is needed"))?;
    let read = |entry: &Value| {
        let at = number("events", entry.get(0).unwrap_or(&Value::Null))?;
        let kind = match entry.get(1).and_then(Value::as_str) {
            Some("start") => Kind::Start,
            Some("preempt") => Kind::Preempt,
            Some("end") => Kind::End,
            _ => return Err(bad("events", "an event is a start, an end or a preemption")),
        };
        Ok((at, kind, entry.get(2).map(id).unwrap_or_default()))
    };
    entries.iter().map(read).collect()
}

/// Writes events in order of time, kind and job: how jobs of one kind follow each other within an instant is of no consequence.
fn written(events: &mut [(f64, Kind, String)]) -> String {
    events.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| (a.1, &a.2).cmp(&(b.1, &b.2))));
    events.iter().map(|(at, kind, job)| format!("{at}:{kind:?} {job}").to_lowercase()).collect::<Vec<_>>().join(" ")
}
