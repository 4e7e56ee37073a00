//! Checkpoints and failures: at random over a gang's nodes, and by a script.

use super::super::case::{Case, Problem, bad, number};
use super::super::judge::{Effort, Line, Values, exact, same, stochastic};
use super::super::play::{play, watch};
use super::super::setting::{Of, Setting, Short, span, units};
use super::breakdowns::failure;
use crate::base::random::Seed;
use crate::base::time::MICROS_PER_HOUR;
use crate::base::{Span, Time};
use crate::model::JobId;
use crate::world::attempt::Timeline;
use crate::world::jobs::State;
use serde_json::Value;

/// One tick of the clock, in units.
const TICK: f64 = 1.0 / MICROS_PER_HOUR as f64;

/// A gang whose nodes fail at random: the expected time from start to end. The size is in jobs.
pub(super) fn random(case: &Case, effort: Effort) -> Result<Vec<Line>, Problem> {
    let answers = case.numbers()?;
    let mut lines = Vec::new();
    for answer in answers {
        let plan = Segments::of(&answer.0)?;
        let mut one = case.clone();
        one.answer = serde_json::json!({ answer.0.clone(): answer.1 });
        lines.extend(stochastic(&one, effort, &|jobs| plan.replicate(case, jobs, &answer.0))?);
    }
    Ok(lines)
}

/// Equal segments of work, with a checkpoint after each, or after each but the last.
struct Segments {
    count: u64,
    last_has_checkpoint: bool,
}

impl Segments {
    /// Reads `E_total_10_segments`, `E_total_10_segments_no_final_ckpt`, `E_no_checkpoint` and the like.
    fn of(answer: &str) -> Result<Self, Problem> {
        let unknown = || Problem::Answer(answer.to_owned());
        match answer {
            "E_no_checkpoint" => return Ok(Self { count: 1, last_has_checkpoint: false }),
            "E_total_single_segment_with_ckpt" => return Ok(Self { count: 1, last_has_checkpoint: true }),
            _ => {}
        }
        let rest = answer.strip_prefix("E_total_").ok_or_else(unknown)?;
        let (count, rest) = rest.split_once("_segment").ok_or_else(unknown)?;
        let last_has_checkpoint = match rest {
            "s" | "" => true,
            "s_no_final_ckpt" | "_no_final_ckpt" => false,
            _ => return Err(unknown()),
        };
        count.parse().map(|count| Self { count, last_has_checkpoint }).map_err(|_| unknown())
    }

    fn replicate(&self, case: &Case, jobs: u64, answer: &str) -> Result<super::super::judge::Replicate, Problem> {
        let (nodes, work) = (case.count("nodes")?, case.number("work")?);
        let per_node = if case.has("node_fail_rate") { case.number("node_fail_rate")? } else { case.number("job_fail_rate")? / nodes as f64 };
        let (cost, restore) = (case.number("ckpt_cost")?, case.number("recovery")?);
        let segment = (work / self.count as f64 * MICROS_PER_HOUR as f64).round();
        // The engine takes no checkpoint after the last segment: where one is asked for, a tick of work is left behind it.
        let last = if self.last_has_checkpoint { TICK } else { 0.0 };
        let mut setting = Setting::new();
        setting.site("s", nodes);
        let every = span(segment * TICK);
        let keys = format!("checkpoint = {{ every = \"{every}\", cost = \"{}\", restore = \"{}\" }}", span(cost), span(restore));
        setting.class("c", &keys);
        let length = span(segment * TICK * self.count as f64 + last);
        setting.workload("w", "c", &format!("arrivals = {{ process = \"at-start\", jobs = {jobs} }}\ngpus = {nodes}\nwork = \"{length}\""));
        setting.window(1.0, 0.0);
        let downtime = Short::read("downtime", &format!("det:{}", case.number("downtime")?))?;
        setting.add("failure.f", &failure(1.0 / per_node, false, 0, &downtime));
        setting.policy("order = \"fifo\"\nplace = \"first-fit\"");
        let scenario = setting.build(&case.id)?;
        let answer = answer.to_owned();
        Ok(Box::new(move |seed| {
            let (mut sum, mut count) = (0.0, 0.0);
            play(&scenario, seed, |job| {
                if let Some(start) = job.first_start {
                    sum += units(Time(job.end.since(start).0));
                    count += 1.0;
                }
            })?;
            Ok(Values::from([(answer.clone(), sum / count)]))
        }))
    }
}

/// One job on one node with failures at given times: its end, and what happened on the way.
pub(super) fn scripted(case: &Case) -> Result<Vec<Line>, Problem> {
    let mut setting = Setting::new();
    setting.site("s", 1);
    let (every, cost, restore) = (case.number("tau")?, case.number("C")?, case.number("R")?);
    let keys = format!("checkpoint = {{ every = \"{}\", cost = \"{}\", restore = \"{}\" }}", span(every), span(cost), span(restore));
    setting.class("c", &keys);
    let work = Short::read("work", &format!("det:{}", case.number("work")?))?;
    setting.workload("w", "c", &format!("arrivals = {{ process = \"at-start\", jobs = 1 }}\nwork = {}", work.write(Of::Time)));
    setting.window(case.number("work")?.max(1.0), 0.0);
    let mut outages = Vec::new();
    for outage in case.list("fails")? {
        let of =
            |at: usize| outage.get(at).ok_or_else(|| bad("fails", "pairs of time and length are needed")).and_then(|value| number("fails", value));
        outages.push(format!("{{ node = \"s.all.0\", at = \"{}\", for = \"{}\" }}", span(of(0)?), span(of(1)?)));
    }
    setting.add("failure.script", &format!("outages = [{}]", outages.join(", ")));
    setting.policy("order = \"fifo\"\nplace = \"first-fit\"");
    let scenario = setting.build(&case.id)?;

    let mut history = History::default();
    let ending = watch(&scenario, Seed { seed: 1, replication: 0 }, |run| history.follow(run))?;
    let job = ending.jobs.first().ok_or_else(|| Problem::Run("the job has left no record".to_owned()))?;
    history.end(job.end, false);
    let mut lines = Vec::new();
    for (name, expected) in case.answer.as_object().into_iter().flatten() {
        match name.as_str() {
            "finish" => lines.push(exact(name, number(name, expected)?, units(job.end))),
            "lost_work" => lines.push(exact(name, number(name, expected)?, job.gpu_time.lost as f64 * TICK)),
            "checkpoints" => lines.push(exact(name, number(name, expected)?, history.checkpoints as f64)),
            "log" => lines.push(same(name, expected_log(expected)?, history.log.join(" "))),
            _ => return Err(Problem::Answer(name.clone())),
        }
    }
    Ok(lines)
}

/// The attempts of a job, and the checkpoints that each wrote.
#[derive(Default)]
struct History {
    /// When the attempt that goes on began to compute, its timeline, and the work that was safe before.
    attempt: Option<(Time, Timeline, Span)>,
    checkpoints: u64,
    log: Vec<String>,
}

impl History {
    fn follow(&mut self, run: &crate::engine::Run) {
        let scene = run.scene();
        let running: Option<JobId> = scene.jobs.running().find(|job| scene.jobs.status(*job).state == State::Running);
        let goes_on = running.map(|job| scene.jobs.status(job).computing);
        if self.attempt.is_some_and(|(begin, ..)| goes_on != Some(begin)) && scene.jobs.queued_count() + scene.jobs.running_count() > 0 {
            self.end(scene.now, true);
        }
        if self.attempt.is_none()
            && let Some(job) = running
        {
            let status = scene.jobs.status(job);
            let checkpoint = scene.model.classes[scene.jobs.attributes(job).class].checkpoint;
            let work = scene.jobs.hidden(job).work.saturating_sub(status.done);
            self.attempt = Some((status.computing, Timeline::new(scene.setup(job), work, status.rate, checkpoint), status.done));
        }
    }
    fn end(&mut self, at: Time, failed: bool) {
        let Some((begin, timeline, safe)) = self.attempt.take() else { return };
        let spent = timeline.spent(at.since(begin));
        if let Some((every, cost)) = timeline.checkpoint {
            for number in 1..=spent.checkpoints {
                let written = begin + timeline.setup + Span((every.0 + cost.0) * number);
                self.log.push(format!("{:.6} ckpt_done {:.6}", units(written), (safe.0 + every.0 * number) as f64 * TICK));
            }
            self.checkpoints += spent.checkpoints;
        }
        if failed {
            let computed = spent.computing.saturating_sub(spent.safe);
            let whole_segment = timeline.checkpoint.is_some_and(|(every, _)| computed >= every);
            let phase = if spent.setup < timeline.setup {
                "recovery"
            } else if whole_segment {
                "ckpt"
            } else {
                "run"
            };
            self.log.push(format!("{:.6} fail {phase}", units(at)));
        }
    }
}

fn expected_log(log: &Value) -> Result<String, Problem> {
    let entries = log.as_array().ok_or_else(|| bad("log", "a list is needed"))?;
    let word = |entry: &Value, at: usize| entry.get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
    let written = entries.iter().map(|entry| {
        let at = number("log", entry.get(0).unwrap_or(&Value::Null))?;
        Ok(match word(entry, 1).as_str() {
            "fail" => {
                let phase = word(entry, 2);
                let phase = if phase.starts_with("rec") || phase.starts_with("res") { "recovery".to_owned() } else { phase };
                format!("{at:.6} fail {phase}")
            }
            kind => format!("{at:.6} {kind} {:.6}", number("log", entry.get(2).unwrap_or(&Value::Null))?),
        })
    });
    Ok(written.collect::<Result<Vec<_>, Problem>>()?.join(" "))
}
