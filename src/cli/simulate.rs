//! One run from a checked scenario to its summary: sources, policy and engine are put together, and records are drained while it goes on.

use super::chosen::{Chosen, Conditions, Driver};
use super::failure::{Exit, Failure, plural};
use super::interrupt::Interrupt;
use super::progress::Progress;
use super::story::Story;
use super::timed::Timed;
use crate::base::Span;
use crate::base::random::Seed;
use crate::bridge::Transcript;
use crate::engine::{Ending, Options, Run, RunError};
use crate::experiment::bound::Served;
use crate::experiment::{Course, Footprint};
use crate::model::{Model, SourceError};
use crate::output::collect::JobStats;
use crate::output::tables::Tables;
use crate::output::{Collector, RunFacts, Summary, Wall};
use crate::policy::delayed::Delayed;
use crate::policy::{BuildContext, Scheduler, registry};
use crate::why::Watcher;
use crate::workload;
use crate::world::network::Routes;
use crate::world::records::Posting;
use std::io;
use std::time::Instant;

/// Records that are gathered before they are drained: enough for the cost of a drain to vanish, few enough to stay in the cache.
const DRAIN_AT: usize = 2048;
/// Rounds between two looks at the clock.
const ROUNDS_BETWEEN_LOOKS: u32 = 1024;
/// How often the state is sampled for the series.
pub(super) const SAMPLE_EVERY: Span = Span::hours(1);

/// What to run.
pub(super) struct Request<'a> {
    /// The scenario.
    pub(super) model: &'a Model,
    /// The policy.
    pub(super) policy: &'a Chosen,
    /// How it is run.
    pub(super) conditions: Conditions,
    /// The seed.
    pub(super) seed: u64,
    /// The number of the replication, from zero: each has random numbers of its own.
    pub(super) replication: u64,
    /// Whether somebody wants it to stop.
    pub(super) interrupt: &'a Interrupt,
    /// Whether no progress is shown.
    pub(super) quiet: bool,
}

/// What a run gave.
pub(super) struct Outcome {
    /// Its summary, with the time that it took.
    pub(super) summary: Summary,
    /// The distributions of all jobs, for the histogram files.
    pub(super) overall: JobStats,
    /// What a policy out of process was told and said, if that was to be kept.
    pub(super) transcript: Option<Transcript>,
    /// What its user should know of the policy's end.
    pub(super) note: Option<String>,
    /// Why it ended before its end, if it did; the summary is then of the part that was run.
    pub(super) stopped: Option<Failure>,
}

/// Where the records of a run go.
pub(super) struct Files<'a> {
    /// The tables.
    pub(super) tables: &'a mut Tables,
    /// What `edwc why` tells from.
    pub(super) story: Option<&'a mut Story>,
}

/// Runs a scenario under a policy; files, if there are any, get every record.
pub(super) fn simulate(request: &Request<'_>, files: Option<Files<'_>>) -> Result<Outcome, Failure> {
    simulate_into(request, files, Onlookers::default())
}

/// What an experiment gathers of a run beside its summary.
#[derive(Default)]
pub(super) struct Onlookers<'a, 'p> {
    /// What is needed to pair its jobs with those of another run.
    pub(super) footprint: Option<&'a mut Footprint>,
    /// Its state by the hour.
    pub(super) course: Option<&'a mut Course>,
    /// The jobs that it finishes, to be held against what no policy can beat.
    pub(super) served: Option<&'a mut Served<'p>>,
}

/// Runs a scenario as [`simulate`] does, while others look on.
pub(super) fn simulate_into(request: &Request<'_>, mut files: Option<Files<'_>>, mut onlookers: Onlookers<'_, '_>) -> Result<Outcome, Failure> {
    let Request { model, policy: chosen, .. } = *request;
    let started = Instant::now();
    let seed = Seed { seed: request.seed, replication: request.replication };
    let mut driver = Driver::start(chosen, BuildContext { model, seed }, &request.conditions, request.interrupt)?;
    let mut timed = Timed::new(driver.scheduler(), chosen.is_foreign());
    let delay = model.policy.decision_delay;
    let mut delayed;
    let policy: &mut dyn Scheduler = if delay > Span::ZERO {
        delayed = Delayed::new(&mut timed, delay);
        &mut delayed
    } else {
        &mut timed
    };
    let sources = Box::new(workload::open(model, seed)?);
    let keep = files.is_some();
    let mut watcher = files.as_ref().is_some_and(|files| files.story.is_some()).then(Watcher::default);
    let options =
        Options { keep_postings: keep || onlookers.footprint.is_some(), sample_every: (keep || onlookers.course.is_some()).then_some(SAMPLE_EVERY) };
    let mut run = Run::new(model, sources, policy.needs(), seed, options)?;
    let mut collector = Collector::new(model);
    let mut postings = Vec::new();
    let mut progress = Progress::new(request.quiet);
    let mut rounds = 0_u32;
    let stopped = loop {
        let stepped = match &mut watcher {
            Some(watcher) => run.step(&mut watcher.watching(policy)),
            None => run.step(policy),
        };
        match stepped {
            Ok(true) => {}
            Ok(false) => break starving(&mut run, chosen),
            Err(RunError::Policy { .. }) if request.interrupt.asked() => break Some(interrupted()),
            Err(error @ RunError::Policy { .. }) => break Some(error.into()),
            Err(error) => return Err(error.into()),
        }
        if run.jobs_out().len() >= DRAIN_AT {
            follow(&mut onlookers, &mut run, &mut postings);
            drain(&mut run, &mut collector, &mut files, &mut watcher, &mut postings)?;
        }
        rounds = rounds.wrapping_add(1);
        if rounds.is_multiple_of(ROUNDS_BETWEEN_LOOKS) {
            progress.at(run.now(), run.progress());
        }
        if request.interrupt.asked() {
            break Some(interrupted());
        }
    };
    progress.finish();
    if let Some(watcher) = &mut watcher {
        watcher.close(run.now(), run.model());
    }
    follow(&mut onlookers, &mut run, &mut postings);
    drain(&mut run, &mut collector, &mut files, &mut watcher, &mut postings)?;
    let mut ending = run.finish(stopped.is_some())?;
    collector.jobs(&ending.jobs);
    if keep || onlookers.footprint.is_some() {
        postings.extend(ending.ledger.drain_postings());
    }
    see_the_end(onlookers, &ending, &postings);
    if let Some(files) = &mut files {
        write(files, &ending, &postings).map_err(|error| table_failure(&error))?;
    }
    let wall = Wall { run_s: started.elapsed().as_secs_f64(), decision_s: timed.decision_time() };
    let summary = summarise(&collector, &ending, request, wall);
    let (transcript, note, stopped) = close(driver, &summary, stopped);
    Ok(Outcome { summary, overall: collector.overall(), transcript, note, stopped })
}

/// Tells a policy out of process that the run is over, or ends it if it has failed.
fn close(mut driver: Driver, summary: &Summary, stopped: Option<Failure>) -> (Option<Transcript>, Option<String>, Option<Failure>) {
    let stopped = stopped.map(|failure| driver.give_up(failure));
    let Driver::Outside(foreign) = &mut driver else {
        return (None, None, stopped);
    };
    if stopped.is_some() {
        return (foreign.take_transcript(), None, stopped);
    }
    match foreign.end(&serde_json::to_value(summary.timeless()).expect("a summary is plain data")) {
        Ok(note) => (foreign.take_transcript(), note, None),
        Err(error) => (foreign.take_transcript(), None, Some(Failure::new(Exit::Policy, error.to_string()))),
    }
}

/// Nothing can happen any more, but jobs wait that could start: no fault of the world's.
fn starving(run: &mut Run, chosen: &Chosen) -> Option<Failure> {
    if matches!(chosen, Chosen::Parts(_)) {
        return None;
    }
    let count = run.starving();
    let message = || {
        let (at, events) = (run.now(), run.events());
        format!("the policy starves {} at {at} (event {events}): nothing runs and nothing else will happen", plural(count, "job"))
    };
    (count > 0).then(|| Failure::new(Exit::Policy, message()).help("start what waits, or ask for a wake-up time"))
}

pub(super) fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted; the summary is of a part of the run")
}

/// Lets onlookers see what is about to be drained.
fn follow(onlookers: &mut Onlookers<'_, '_>, run: &mut Run, postings: &mut Vec<Posting>) {
    if let Some(course) = &mut onlookers.course {
        course.samples(run.samples_out());
    }
    if let Some(served) = &mut onlookers.served {
        served.jobs(run.jobs_out());
    }
    if let Some(footprint) = &mut onlookers.footprint {
        postings.extend(run.ledger().drain_postings());
        footprint.jobs(run.jobs_out());
        footprint.postings(postings);
    }
}

/// Lets onlookers see what was left at the end.
fn see_the_end(onlookers: Onlookers<'_, '_>, ending: &Ending, postings: &[Posting]) {
    if let Some(course) = onlookers.course {
        course.samples(&ending.samples);
    }
    if let Some(served) = onlookers.served {
        served.jobs(&ending.jobs);
    }
    if let Some(footprint) = onlookers.footprint {
        footprint.jobs(&ending.jobs);
        footprint.postings(postings);
    }
}

fn drain(
    run: &mut Run,
    collector: &mut Collector,
    files: &mut Option<Files<'_>>,
    watcher: &mut Option<Watcher>,
    postings: &mut Vec<Posting>,
) -> Result<(), Failure> {
    collector.jobs(run.jobs_out());
    if let Some(Files { tables, story }) = files {
        postings.extend(run.ledger().drain_postings());
        let written = tables.jobs(run.jobs_out()).and_then(|()| tables.samples(run.samples_out())).and_then(|()| tables.postings(postings));
        written.map_err(|error| table_failure(&error))?;
        if let (Some(story), Some(watcher)) = (story, watcher) {
            let told = story.facts(watcher.take()).and_then(|()| story.jobs(run.jobs_out())).and_then(|()| story.postings(postings));
            told.map_err(|error| table_failure(&error))?;
        }
    }
    run.samples_out().clear();
    postings.clear();
    run.jobs_out().clear();
    Ok(())
}

fn write(files: &mut Files<'_>, ending: &Ending, postings: &[Posting]) -> io::Result<()> {
    files.tables.jobs(&ending.jobs)?;
    files.tables.samples(&ending.samples)?;
    files.tables.postings(postings)?;
    if let Some(story) = &mut files.story {
        story.jobs(&ending.jobs)?;
        story.postings(postings)?;
    }
    Ok(())
}

/// Lists the sites that keep a scheduler of their own: only built-in parts leave jobs to them.
fn own_schedulers(request: &Request<'_>) -> Vec<(String, String)> {
    let Chosen::Parts(_) = request.policy else { return Vec::new() };
    let model = request.model;
    let own = model.schedulers.entries().filter(|(_, own)| !own.is_empty());
    own.map(|(site, own)| (model.sites[site].name.clone(), registry::full_name_at_site(own))).collect()
}

fn summarise(collector: &Collector, ending: &Ending, request: &Request<'_>, wall: Wall) -> Summary {
    let model = request.model;
    let routes = Routes::new(&model.network, model.regions.iter().map(|region| region.node), model.sites.iter().map(|site| site.node));
    collector.summary(&RunFacts {
        model,
        policy: request.policy.name(),
        schedulers: own_schedulers(request),
        seed: request.seed,
        totals: &ending.totals,
        ledger: &ending.ledger,
        fingerprint: ending.fingerprint.hex(),
        wall: Some(wall),
        one_way: &|region, site| Some(routes.one_way(region, site)),
    })
}

fn table_failure(error: &io::Error) -> Failure {
    Failure::new(Exit::Io, format!("cannot write the tables: {error}"))
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Source(error) => error.into(),
            RunError::Policy { .. } => Self::new(Exit::Policy, error.to_string()),
            RunError::Money(_) => Self::new(Exit::Invalid, error.to_string()),
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let exit = match error {
            SourceError::Invalid(_) => Exit::Invalid,
            SourceError::Unreadable(_) => Exit::Io,
            SourceError::TooLarge(_) => Exit::Resource,
        };
        Self::new(exit, error.to_string())
    }
}
