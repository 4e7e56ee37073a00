//! A second engine, slow and obvious, that must tell the same story as the real one, event by event.
//!
//! It looks at everything at every instant and keeps nothing that it could work out: several pools of single-GPU nodes at different speeds, first
//! come first served with or without EASY backfilling, jobs bound to the first pool that can hold them or placed in the first one where they fit,
//! estimates that are wrong either way, and patience. That the comparison finds mistakes is shown by engines that are wrong on purpose.

use super::builtin::build;
use super::drive;
use super::world::{World, add_site, plain};
use edwc::base::{Ratio, Span, Time};
use edwc::engine::history::describe;
use edwc::model::{ChipId, ClassId, PolicyChoice};
use edwc::policy::registry;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use std::fmt::Write as _;

/// One way to be wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mistake {
    None,
    ArrivalsBeforeEnds,
    PassesIfItEndsBeforeTheShadowTimeOnly,
    ForgetsWhatPassersTakeOfTheSpareGpus,
    ReservesByTrueWork,
    ExpiresBeforeTheRound,
}

/// The pools, the jobs, and which policy.
#[derive(Clone, Debug)]
struct Small {
    /// GPUs, and whether the chip is half as fast.
    pools: Vec<(u32, bool)>,
    jobs: Vec<Job>,
    at_start: bool,
    easy: bool,
}

#[derive(Clone, Debug)]
struct Job {
    submit: u64,
    gpus: u32,
    work: u64,
    estimate: u64,
    patience: Option<u64>,
    /// Whether slow chips will not do.
    picky: bool,
}

fn smalls() -> impl Strategy<Value = Small> {
    let pools = prop::collection::vec((2_u32..7, any::<bool>()), 1..4);
    let job = (0_u64..40, 1_u32..7, 1_u64..20, 1_u64..25, prop::option::weighted(0.2, 1_u64..15), prop::bool::weighted(0.3));
    (pools, prop::collection::vec(job, 1..25), any::<bool>(), prop::bool::weighted(0.7)).prop_map(|(mut pools, jobs, at_start, easy)| {
        // Every job can run somewhere: the first pool is fast, and the largest.
        pools[0] = (6, false);
        let job = |(submit, gpus, work, estimate, patience, picky)| Job { submit, gpus, work, estimate, patience, picky };
        let mut jobs: Vec<Job> = jobs.into_iter().map(job).collect();
        jobs.sort_by_key(|job| job.submit);
        Small { pools, jobs, at_start, easy }
    })
}

impl Small {
    /// Tells whether a pool can ever hold a job.
    fn holds(&self, pool: usize, job: &Job) -> bool {
        let (gpus, slow) = self.pools[pool];
        job.gpus <= gpus && !(slow && job.picky)
    }
    /// Returns how long so much work takes in a pool.
    fn time(&self, pool: usize, work: u64) -> u64 {
        if self.pools[pool].1 { 2 * work } else { work }
    }

    fn world(&self) -> World {
        let jobs: Vec<_> = self.jobs.iter().map(|job| (job.submit, job.gpus, job.work)).collect();
        let mut world = plain(self.pools[0].0, 1, &jobs);
        let model = &mut world.model;
        let slow = model.chips.push(model.chips[ChipId(0)].clone());
        model.classes[ClassId(0)].speed.push(Ratio(500_000));
        let mut picky = model.classes[ClassId(0)].clone();
        picky.speed[slow] = Ratio::ZERO;
        let picky = model.classes.push(picky);
        for (gpus, is_slow) in &self.pools[1..] {
            let (_, pool) = add_site(model, *gpus, 1);
            model.pools[pool].chip = if *is_slow { slow } else { ChipId(0) };
        }
        for (spec, job) in world.jobs.iter_mut().zip(&self.jobs) {
            spec.estimate = Span::seconds(job.estimate);
            spec.patience = job.patience.map(Span::seconds);
            spec.class = if job.picky { picky } else { ClassId(0) };
        }
        world
    }
    fn policy(&self) -> PolicyChoice {
        let (bind, place) = if self.at_start { ("at-start", "first-fit") } else { ("at-submit", "first-fit(wait_h=1000000)") };
        let text = format!("fifo+{bind}+{place}{}", if self.easy { "+easy" } else { "" });
        PolicyChoice { parts: registry::parse(&text).expect("a policy"), ..PolicyChoice::default() }
    }
    /// The real engine's story: starts of computing say nothing new where nothing is staged.
    fn told(&self) -> String {
        let world = self.world();
        let mut policy = build(&self.policy(), &world);
        let history = drive::history(&world, policy.as_mut()).expect("it runs");
        let lines = history.iter().map(|entry| describe(entry, &world.model)).filter(|line| !line.ends_with("begins to compute"));
        lines.fold(String::new(), |story, line| story + &line + "\n")
    }
}

/// The slow engine.
struct Reference<'a> {
    small: &'a Small,
    mistake: Mistake,
    now: u64,
    /// Jobs that wait, in order, with the pool that they are bound to.
    queue: Vec<(usize, Option<usize>)>,
    /// Jobs that run: end, expected end, job, pool.
    running: Vec<(u64, u64, usize, usize)>,
    story: String,
}

impl<'a> Reference<'a> {
    fn tell(small: &'a Small, mistake: Mistake) -> String {
        let mut engine = Reference { small, mistake, now: 0, queue: Vec::new(), running: Vec::new(), story: String::new() };
        let mut arrived = 0;
        while let Some(now) = engine.next_instant(arrived) {
            engine.now = now;
            let mut anything = mistake != Mistake::ArrivalsBeforeEnds && engine.end();
            let first = arrived;
            while small.jobs.get(arrived).is_some_and(|job| job.submit == now) {
                engine.note(&format!("job {arrived} arrives, of class `class` for {} GPUs", small.jobs[arrived].gpus));
                arrived += 1;
            }
            anything |= arrived > first;
            if mistake == Mistake::ExpiresBeforeTheRound {
                engine.expire();
            }
            engine.bind(first..arrived);
            // That patience runs out is known only afterwards: then those behind get their chance.
            if anything {
                engine.round();
            }
            if mistake == Mistake::ArrivalsBeforeEnds && engine.end() {
                engine.round();
            }
            if engine.expire() {
                engine.round();
            }
        }
        engine.story
    }
    fn note(&mut self, what: &str) {
        let _ = writeln!(self.story, "{}: {what}", Time(self.now * 1_000_000));
    }
    fn next_instant(&self, arrived: usize) -> Option<u64> {
        let jobs = &self.small.jobs;
        let arrival = jobs.get(arrived).map(|job| job.submit);
        let ends = self.running.iter().map(|(end, ..)| *end);
        let expiries = self.queue.iter().filter_map(|(job, _)| Some(jobs[*job].submit + jobs[*job].patience?));
        arrival.into_iter().chain(ends).chain(expiries).min()
    }
    /// Ends jobs; `false`: there are none.
    fn end(&mut self) -> bool {
        let mut ended: Vec<usize> = self.running.iter().filter(|(end, ..)| *end == self.now).map(|(_, _, job, _)| *job).collect();
        ended.sort_unstable();
        self.running.retain(|(end, ..)| *end != self.now);
        ended.iter().for_each(|job| self.note(&format!("job {job} ends")));
        !ended.is_empty()
    }
    /// Sends those away whose patience is over; `false`: there are none.
    fn expire(&mut self) -> bool {
        let (now, jobs) = (self.now, &self.small.jobs);
        let is_over = |job: usize| jobs[job].patience.is_some_and(|patience| jobs[job].submit + patience <= now);
        let over: Vec<usize> = self.queue.iter().map(|(job, _)| *job).filter(|job| is_over(*job)).collect();
        self.queue.retain(|(job, _)| !is_over(*job));
        over.iter().for_each(|job| self.note(&format!("job {job} leaves: cancelled")));
        !over.is_empty()
    }
    fn bind(&mut self, jobs: std::ops::Range<usize>) {
        for job in jobs {
            let first = (0..self.small.pools.len()).find(|pool| self.small.holds(*pool, &self.small.jobs[job]));
            let pool = first.filter(|_| !self.small.at_start);
            if let Some(pool) = pool {
                self.note(&format!("job {job} is bound to `site-{pool}.pool`"));
            }
            self.queue.push((job, pool));
        }
    }
    fn free(&self, pool: usize) -> u32 {
        self.small.pools[pool].0 - self.running.iter().filter(|running| running.3 == pool).map(|running| self.small.jobs[running.2].gpus).sum::<u32>()
    }
    fn start(&mut self, job: usize, pool: usize) {
        let (small, spec) = (self.small, &self.small.jobs[job]);
        self.note(&format!("job {job} starts in `site-{pool}.pool`"));
        let believed = if self.mistake == Mistake::ReservesByTrueWork { spec.work } else { spec.estimate };
        self.running.push((self.now + small.time(pool, spec.work), self.now + small.time(pool, believed), job, pool));
        self.queue.retain(|(waiting, _)| *waiting != job);
    }
    /// When a job could start in a pool by what is expected, and how many GPUs are left then beside it.
    fn shadow(&self, job: usize, pool: usize) -> (u64, u32) {
        let gpus = self.small.jobs[job].gpus;
        let mut ends: Vec<(u64, u32)> = self
            .running
            .iter()
            .filter(|running| running.3 == pool)
            .map(|running| (running.1.max(self.now), self.small.jobs[running.2].gpus))
            .collect();
        ends.sort_unstable();
        let free_at = |at: u64| self.free(pool) + ends.iter().filter(|(end, _)| *end <= at).map(|(_, gpus)| gpus).sum::<u32>();
        let at = std::iter::once(self.now).chain(ends.iter().map(|(end, _)| *end)).find(|at| free_at(*at) >= gpus).expect("the pool can hold it");
        (at, free_at(at) - gpus)
    }
    fn round(&mut self) {
        if self.small.at_start {
            self.pass(None);
        } else {
            (0..self.small.pools.len()).for_each(|pool| self.pass(Some(pool)));
        }
    }
    /// One walk over a queue: who fits starts, until one does not; behind that one, others may pass.
    fn pass(&mut self, bound: Option<usize>) {
        let waiting: Vec<usize> = self.queue.iter().filter(|(_, pool)| *pool == bound).map(|(job, _)| *job).collect();
        // The head's pool, shadow time and spare GPUs.
        let mut head: Option<(usize, u64, u32)> = None;
        for job in waiting {
            let (small, spec) = (self.small, &self.small.jobs[job]);
            let pools: Vec<usize> =
                (0..small.pools.len()).filter(|pool| bound.is_none_or(|bound| bound == *pool) && small.holds(*pool, spec)).collect();
            if head.is_none() {
                match pools.iter().find(|pool| self.free(**pool) >= spec.gpus) {
                    Some(pool) => self.start(job, *pool),
                    None if !small.easy => return,
                    None => {
                        let first = pools.iter().map(|pool| (self.shadow(job, *pool).0, *pool)).min().expect("some pool can hold it").1;
                        let (at, spare) = self.shadow(job, first);
                        head = Some((first, at, spare));
                    }
                }
                continue;
            }
            let Some((reserved, at, spare)) = &mut head else { return };
            let passes = pools.iter().find(|pool| {
                let end = self.now + small.time(**pool, spec.estimate);
                let in_time = if self.mistake == Mistake::PassesIfItEndsBeforeTheShadowTimeOnly { end < *at } else { end <= *at };
                self.free(**pool) >= spec.gpus && (**pool != *reserved || in_time || spec.gpus <= *spare)
            });
            if let Some(pool) = passes.copied() {
                let end = self.now + small.time(pool, spec.estimate);
                if pool == *reserved && end > *at && self.mistake != Mistake::ForgetsWhatPassersTakeOfTheSpareGpus {
                    *spare -= spec.gpus;
                }
                self.start(job, pool);
            }
        }
    }
}

/// Compares both engines over so many random cases, the same ones every time.
fn compare(cases: u32, mistake: Mistake) -> Result<(), TestError<Small>> {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    runner.run(&smalls(), |small| {
        prop_assert_eq!(small.told(), Reference::tell(&small, mistake));
        Ok(())
    })
}

#[test]
fn both_engines_tell_the_same_story() {
    if let Err(failure) = compare(1_500, Mistake::None) {
        panic!("{failure}");
    }
}

#[test]
fn an_engine_that_is_wrong_is_found_out() {
    for mistake in [
        Mistake::ArrivalsBeforeEnds,
        Mistake::PassesIfItEndsBeforeTheShadowTimeOnly,
        Mistake::ForgetsWhatPassersTakeOfTheSpareGpus,
        Mistake::ReservesByTrueWork,
        Mistake::ExpiresBeforeTheRound,
    ] {
        assert!(matches!(compare(1_500, mistake), Err(TestError::Fail(..))), "{mistake:?} goes unnoticed");
    }
}
