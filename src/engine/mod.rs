//! The loop: events of an instant are applied in one order, then the policy is asked, then its plan is carried out.
//!
//! A run is a pure function of (model, policy, seed): nothing in here reads a clock, a file or the environment. The loop is resumable: a
//! [`Round`] lends the view and the plan to whoever decides, be it a built-in policy, a script or a step of a training environment.
//!
//! ```text
//! while let Some(mut round) = run.next_round()? {
//!     let (view, mut plan) = round.split();
//!     policy.schedule(view, &mut plan)?;
//!     round.commit()?;
//! }
//! ```

pub mod agenda;
mod arrival;
mod change;
mod commit;
mod failure;
mod finish;
pub mod history;
mod instant;
mod money;
mod settle;
mod starving;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use crate::base::digest::{Digest, Entry};
use crate::base::random::Seed;
use crate::base::{Column, MoneyOverflow, Span, Time};
use crate::model::{JobId, JobNumber, JobSource, JobSpec, Model, PoolId, SiteId, SourceError, WorkloadId};
use crate::policy::{Needs, PolicyError, Scheduler};
use crate::rules::ledger::Ledger;
use crate::rules::{Rules, RunBounds};
use crate::world::bookings::{Bookings, Decided};
use crate::world::delta::Delta;
use crate::world::network::Delivery;
use crate::world::plan::{Decision, Mark, Tally};
use crate::world::records::{JobRecord, PoolSample, Totals};
use crate::world::scene::Scene;
use crate::world::window::Window;
use crate::world::{Plan, View};
use agenda::Agenda;
use failure::Failures;
pub use finish::Ending;
use std::collections::BTreeMap;

/// Rounds at one instant before a run is given up.
pub const ROUNDS_AT_ONE_INSTANT: u32 = 10_000;

/// What a run keeps beside its totals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Whether movements of money are kept for the ledger file.
    pub keep_postings: bool,
    /// How often the state of the pools is sampled; none: never.
    pub sample_every: Option<Span>,
}

/// Why a run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A source of jobs failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The policy failed, or broke the protocol.
    #[error("the policy failed at {at} (event {events}): {error}")]
    Policy {
        /// The simulated time.
        at: Time,
        /// Events applied so far.
        events: u64,
        /// What it says.
        error: PolicyError,
    },
    /// An amount of money left its range.
    #[error("{0}; prices or amounts in the scenario are out of any proportion")]
    Money(#[from] MoneyOverflow),
}

/// A run in progress.
pub struct Run {
    scene: Scene,
    bookings: Bookings,
    agenda: Agenda,
    sources: Box<dyn JobSource>,
    upcoming: Option<JobSpec>,
    failures: Failures,
    window: Window,
    digest: Digest,
    delta: Delta,
    decisions: Vec<Decision>,
    decided: Decided,
    tally: Tally,
    needs: Needs,
    options: Options,
    totals: Totals,
    jobs_out: Vec<JobRecord>,
    samples_out: Vec<PoolSample>,
    /// Which change of the scenario comes next.
    next_change: usize,
    next_sample: Time,
    next_hour: Time,
    /// The next midnight, where rules have periods that hold starts back.
    next_day: Time,
    /// When arrivals stop; known from the start, or when a trace has ended.
    horizon: Option<Time>,
    rounds_at_instant: u32,
    /// Whether another round follows at this instant, as somebody's patience ran out after the last.
    round_again: bool,
    last_start: Time,
    /// What preempted jobs of classes that restart have kept so far in each pool, within the window: a failure loses it.
    kept_before: BTreeMap<JobId, Vec<(PoolId, u128)>>,
    /// Jobs that arrived at this instant, where limits on jobs may turn them away after the round.
    fresh: Vec<(JobId, JobNumber)>,
    has_limits: bool,
    pool_reserved: Column<PoolId, u64>,
    /// What online services draw beyond idle, as the meters know it, in milliwatts.
    reserved_power: Column<PoolId, u64>,
    /// Installed nodes, as the meters know them.
    installed_nodes: Column<PoolId, u32>,
    billed_until: Column<SiteId, Time>,
    bytes_in: Column<SiteId, u64>,
    deliveries: Vec<Delivery>,
    /// The dataset that each synthetic workload is at.
    latest_dataset: Column<WorkloadId, Option<u64>>,
    scratch: Vec<JobId>,
    finished: bool,
    /// When the run's latest end cuts what goes on; zero: nothing does.
    cut_at: Time,
}

/// One round: lends what a policy sees and fills, and carries the plan out.
pub struct Round<'a> {
    run: &'a mut Run,
}

impl Run {
    /// Prepares a run. The first job is drawn already.
    ///
    /// # Errors
    /// Fails if the sources of jobs cannot yield their first one.
    pub fn new(model: &Model, sources: Box<dyn JobSource>, needs: Needs, seed: Seed, options: Options) -> Result<Self, RunError> {
        let scene = Scene::new(model);
        let window = Window::new(model);
        let rules = Rules::new(model, seed, bounds(model, &window), options.keep_postings)?;
        let mut run = Self {
            bookings: Bookings::new(model, rules, window),
            agenda: Agenda::default(),
            sources,
            upcoming: None,
            failures: Failures::new(model, seed),
            digest: Digest::new(),
            delta: Delta::default(),
            decisions: Vec::new(),
            decided: Decided::default(),
            tally: Tally::default(),
            needs,
            options,
            totals: Totals::default(),
            jobs_out: Vec::new(),
            samples_out: Vec::new(),
            next_change: 0,
            next_sample: options.sample_every.map_or(Time::NEVER, |_| Time::ZERO),
            next_hour: Time::NEVER,
            next_day: Time::NEVER,
            horizon: model.horizon.map(|horizon| Time::ZERO + horizon),
            rounds_at_instant: 0,
            round_again: false,
            last_start: Time::ZERO,
            kept_before: BTreeMap::new(),
            fresh: Vec::new(),
            has_limits: has_limits(model),
            reserved_power: Column::filled(model.pools.len(), 0),
            installed_nodes: model.pools.iter().map(|pool| pool.nodes).collect(),
            billed_until: Column::filled(model.sites.len(), Time::ZERO),
            bytes_in: Column::filled(model.sites.len(), 0),
            deliveries: Vec::new(),
            latest_dataset: Column::filled(model.workloads.len(), None),
            pool_reserved: Column::filled(model.pools.len(), 0),
            scratch: Vec::new(),
            finished: false,
            cut_at: Time::ZERO,
            scene,
            window,
        };
        run.open(model)?;
        Ok(run)
    }

    /// Advances to the next round; `None` when the run is over.
    ///
    /// # Errors
    /// Fails if a source of jobs does, or money overflows.
    pub fn next_round(&mut self) -> Result<Option<Round<'_>>, RunError> {
        while self.advance()? {
            if self.wants_round() {
                self.totals.rounds += 1;
                return Ok(Some(Round { run: self }));
            }
            self.skip_round();
            self.close_instant()?;
        }
        Ok(None)
    }

    /// Advances by one round under a policy; `false` when the run is over.
    ///
    /// # Errors
    /// As [`Run::next_round`], and if the policy fails or breaks the protocol.
    pub fn step(&mut self, policy: &mut dyn Scheduler) -> Result<bool, RunError> {
        let Some(mut round) = self.next_round()? else {
            return Ok(false);
        };
        round.run.predict(policy);
        let result = {
            let (view, mut plan) = round.split();
            policy.schedule(view, &mut plan)
        };
        match result {
            Ok(()) => round.commit().map(|()| true),
            Err(error) => {
                round.withdraw();
                Err(round.run.policy_error(error))
            }
        }
    }

    /// Lets the policy predict the work of the jobs that are new to it.
    fn predict(&mut self, policy: &mut dyn Scheduler) {
        if !self.needs.predicts {
            return;
        }
        for index in 0..self.delta.arrived.len() {
            let job = self.delta.arrived[index];
            if let Some(work) = policy.predict(View::new(&self.scene, &self.delta, self.needs.oracle), job) {
                self.scene.jobs.status_mut(job).predicted = work;
            }
        }
    }

    /// Returns the simulated time.
    pub fn now(&self) -> Time {
        self.scene.now
    }
    /// Returns the share of the run that is done, by simulated time up to the horizon; for progress bars.
    pub fn progress(&self) -> f64 {
        self.horizon.map_or(0.0, |horizon| (self.scene.now.as_secs_f64() / horizon.as_secs_f64().max(1e-6)).min(1.0))
    }
    /// Counts the events applied so far.
    pub fn events(&self) -> u64 {
        self.totals.events
    }
    /// Lends the records of jobs that left since the buffer was last cleared; the caller clears it.
    pub fn jobs_out(&mut self) -> &mut Vec<JobRecord> {
        &mut self.jobs_out
    }
    /// Lends the samples taken since the buffer was last cleared; the caller clears it.
    pub fn samples_out(&mut self) -> &mut Vec<PoolSample> {
        &mut self.samples_out
    }
    /// Keeps the history from now on, for who takes it: a word for word record of what the fingerprint hashes.
    pub fn keep_history(&mut self) {
        self.digest.keep();
    }
    /// Takes the events of the history since they were last taken.
    pub fn take_history(&mut self) -> Vec<Entry> {
        self.digest.take_kept()
    }
    /// Lends the ledger: balances, totals, and the postings to drain.
    pub fn ledger(&mut self) -> &mut Ledger {
        &mut self.bookings.rules.ledger
    }
    /// Returns the scenario as it stands now.
    pub fn model(&self) -> &Model {
        &self.scene.model
    }

    /// Returns what stands still during a round: jobs, transfers, meters.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }
    /// Returns what is booked: GPUs, expected ends, loads, and the state of all rules.
    pub fn bookings(&self) -> &Bookings {
        &self.bookings
    }

    fn policy_error(&self, error: PolicyError) -> RunError {
        RunError::Policy { at: self.scene.now, events: self.totals.events, error }
    }
}

impl Round<'_> {
    /// Lends the view and the plan of this round.
    pub fn split(&mut self) -> (View<'_>, Plan<'_>) {
        let run = &mut *self.run;
        let view = View::new(&run.scene, &run.delta, run.needs.oracle);
        let plan = Plan::new(&run.scene, &mut run.bookings, &mut run.decisions, &mut run.decided, &mut run.tally);
        (view, plan)
    }
    /// Takes back all that is booked: nothing of the plan is carried out.
    fn withdraw(&mut self) {
        let run = &mut *self.run;
        Plan::reopen(&run.scene, &mut run.bookings, &mut run.decisions, &mut run.decided, &mut run.tally).rollback(Mark::BEGINNING);
    }
    /// Carries the plan out and closes the instant.
    ///
    /// # Errors
    /// Fails if the plan broke the protocol, or money overflows.
    pub fn commit(mut self) -> Result<(), RunError> {
        if self.run.tally.fault.is_some() {
            self.withdraw();
        }
        let run = self.run;
        if let Some(fault) = run.tally.fault {
            return Err(run.policy_error(PolicyError(format!("it broke the protocol: {fault}"))));
        }
        if let Some(overflow) = run.tally.overflow {
            return Err(overflow.into());
        }
        // What the plan itself causes, such as a preempted job's return, is news of the next round.
        run.delta.clear();
        run.carry_out()?;
        run.rounds_at_instant += 1;
        if run.rounds_at_instant > ROUNDS_AT_ONE_INSTANT {
            let error = PolicyError(format!("it was asked {ROUNDS_AT_ONE_INSTANT} times at one instant and still finds something to do"));
            return Err(run.policy_error(error));
        }
        run.close_instant()
    }
}

/// Tells whether any site may turn jobs away.
fn has_limits(model: &Model) -> bool {
    model.sites.iter().any(|site| site.admission.limit.is_some() || site.admission.loss)
}

/// What is expected so long after the horizon plays no part under caps per period: a job that seems to take for ever, as on a chip that hardly
/// runs its class, would span millions of days, each of which every start would look at.
const FARTHEST: Span = Span::days(20 * 365);

/// Returns the bounds that rules need to know.
fn bounds(model: &Model, window: &Window) -> RunBounds {
    let horizon = Time::ZERO + model.horizon.unwrap_or(Span::ZERO);
    RunBounds { prorate_over: model.horizon, latest_end: latest_end(model).min(horizon + FARTHEST), window: window.bounds() }
}

/// Returns when a run ends at the latest; [`Time::NEVER`] where only a trace says when arrivals stop.
pub fn latest_end(model: &Model) -> Time {
    model.horizon.map_or(Time::NEVER, |horizon| instant::latest_end(model, Time::ZERO + horizon))
}
