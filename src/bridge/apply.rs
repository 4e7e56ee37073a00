//! A policy's answer, decision by decision, into the plan: what the world denies is noted for the next round, what no world could carry out ends
//! the run.

use super::fault::{Failed, Fault};
use super::message::{How, Wish, WishedPart};
use super::refused::{Refused, word};
use super::tell::Teller;
use crate::base::Time;
use crate::model::{JobId, JobNumber, PoolId, SiteId};
use crate::policy::{Plan, View};
use crate::world::jobs::State;
use crate::world::{Allocation, Preempt, ProtocolFault, Refusal};

/// The most names in a message that says what could have been named.
const NAMED_AT_MOST: usize = 10;

impl Teller {
    /// Applies the decisions of an answer in their order.
    ///
    /// # Errors
    /// The first decision that breaks the protocol; nothing of the answer is carried out then.
    pub(super) fn apply(&mut self, wishes: &[Wish], view: View<'_>, plan: &mut Plan<'_>) -> Result<(), Failed> {
        for (at, wish) in wishes.iter().enumerate() {
            self.apply_one(at, wish, view, plan)
                .map_err(|problem| Failed::new(Fault::Decision, format!("decision {at} (`{}`): {problem}", word(wish))))?;
        }
        Ok(())
    }

    fn apply_one(&mut self, at: usize, wish: &Wish, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), String> {
        match wish {
            Wish::Place { job, pool, parts } => {
                let slot = self.slot(*job, view)?;
                let shares = shares(view, slot, *pool, parts.as_deref())?;
                self.place(at, *job, slot, &shares, view, plan).map(drop)
            }
            Wish::PlaceInOrder { pool, jobs } => self.place_in_order(at, PoolId(*pool), jobs, view, plan),
            Wish::Bind { job, pool } => {
                let slot = self.slot(*job, view)?;
                check_pool(view, *pool)?;
                let result = plan.bind(slot, PoolId(*pool));
                self.note(at, *job, result, view).map(drop)
            }
            Wish::Preempt { job, how } => {
                let how = if *how == How::Checkpoint { Preempt::Checkpoint } else { Preempt::Discard };
                let slot = self.slot(*job, view)?;
                let result = plan.preempt(slot, how);
                self.note(at, *job, result, view).map(drop)
            }
            Wish::Migrate { job, pool, parts } => {
                let slot = self.slot(*job, view)?;
                let shares = shares(view, slot, *pool, parts.as_deref())?;
                let result = plan.migrate(slot, &shares);
                self.note(at, *job, result, view).map(drop)
            }
            Wish::Resize { job, gpus } => {
                let slot = self.slot(*job, view)?;
                let result = plan.resize(slot, *gpus);
                self.note(at, *job, result, view).map(drop)
            }
            Wish::Defer { job, until_us } => {
                let slot = self.slot(*job, view)?;
                let result = plan.defer(slot, Time(*until_us));
                self.note(at, *job, result, view).map(drop)
            }
            Wish::Reject { job } => {
                let slot = self.slot(*job, view)?;
                let result = plan.reject(slot);
                self.note(at, *job, result, view)?;
                self.slots.remove(job);
                Ok(())
            }
            Wish::Prefetch { job, site } => {
                let slot = self.slot(*job, view)?;
                check_site(view, *site)?;
                let result = plan.prefetch(slot, SiteId(*site));
                self.note(at, *job, result, view).map(drop)
            }
            Wish::Wake { at_us } => {
                let result = plan.wake_at(Time(*at_us));
                result.map_err(|_| format!("the time {at_us} lies before now, {}", view.now().0))
            }
        }
    }

    /// Starts jobs in a pool until it has no room for one.
    fn place_in_order(&mut self, at: usize, pool: PoolId, jobs: &[JobNumber], view: View<'_>, plan: &mut Plan<'_>) -> Result<(), String> {
        check_pool(view, pool.0)?;
        for job in jobs {
            let slot = self.slot(*job, view)?;
            if self.place(at, *job, slot, &[Allocation::new(pool, view.job(slot).gpus)], view, plan)? == Some("room") {
                break;
            }
        }
        Ok(())
    }

    /// Starts a job. As far as reports on fragmentation go, the head of a pool's queue waits from a start without room to the next that succeeds.
    fn place(
        &mut self,
        at: usize,
        job: JobNumber,
        slot: JobId,
        shares: &[Allocation],
        view: View<'_>,
        plan: &mut Plan<'_>,
    ) -> Result<Option<&'static str>, String> {
        let result = plan.place(slot, shares);
        match result {
            Ok(()) => shares.iter().for_each(|share| plan.note_head(share.pool, false)),
            Err(Refusal::Room { pool, .. }) => plan.note_head(pool, true),
            Err(_) => {}
        }
        self.note(at, job, result, view)
    }

    fn slot(&self, job: JobNumber, view: View<'_>) -> Result<JobId, String> {
        self.slots.get(&job).copied().ok_or_else(|| format!("there is no job {job} in the system; {}", waiting(view)))
    }

    /// Notes what the world denies, and returns its word; what breaks the protocol is an error.
    fn note(&mut self, at: usize, job: JobNumber, result: Result<(), Refusal>, view: View<'_>) -> Result<Option<&'static str>, String> {
        match result {
            Ok(()) => Ok(None),
            Err(Refusal::Protocol(fault)) => Err(broken(fault, job, self.slots.get(&job).copied(), view)),
            Err(refusal) => {
                let refused = Refused::new(at, job, &refusal, view.model());
                self.refused.push(refused);
                Ok(Some(refusal.kind()))
            }
        }
    }
}

/// Returns where the parts of a start go.
fn shares(view: View<'_>, job: JobId, pool: Option<u32>, parts: Option<&[WishedPart]>) -> Result<Vec<Allocation>, String> {
    match (pool, parts) {
        (Some(pool), None) => {
            check_pool(view, pool)?;
            Ok(vec![Allocation::new(PoolId(pool), view.job(job).gpus)])
        }
        (None, Some(parts)) => {
            parts.iter().try_for_each(|part| check_pool(view, part.pool))?;
            Ok(parts.iter().map(|part| Allocation { pool: PoolId(part.pool), gpus: part.gpus, node: part.node }).collect())
        }
        _ => Err("takes either a `pool` or `parts`".to_owned()),
    }
}

fn check_pool(view: View<'_>, pool: u32) -> Result<(), String> {
    let model = view.model();
    if (pool as usize) < model.pools.len() {
        return Ok(());
    }
    let names = model.pools.ids().take(NAMED_AT_MOST).map(|id| format!("{} `{}`", id.0, model.pool_name(id)));
    Err(format!("there is no pool {pool}; the pools are {}", listed(names, model.pools.len())))
}

fn check_site(view: View<'_>, site: u32) -> Result<(), String> {
    let model = view.model();
    if (site as usize) < model.sites.len() {
        return Ok(());
    }
    let names = model.sites.entries().take(NAMED_AT_MOST).map(|(id, site)| format!("{} `{}`", id.0, site.name));
    Err(format!("there is no site {site}; the sites are {}", listed(names, model.sites.len())))
}

/// Says which jobs wait.
fn waiting(view: View<'_>) -> String {
    let count = view.jobs().queued_count() as usize;
    let jobs = view.jobs().queued().take(NAMED_AT_MOST).map(|job| view.job(job).number.to_string());
    if count == 0 { "no job waits".to_owned() } else { format!("waiting are {}", listed(jobs, count)) }
}

fn listed(names: impl Iterator<Item = String>, count: usize) -> String {
    let mut text = names.collect::<Vec<_>>().join(", ");
    if count > NAMED_AT_MOST {
        text.push_str(&format!(" and {} more", count - NAMED_AT_MOST));
    }
    text
}

/// Says how a decision breaks the protocol, by the names that the policy knows.
fn broken(fault: ProtocolFault, job: JobNumber, slot: Option<JobId>, view: View<'_>) -> String {
    match fault {
        ProtocolFault::UnknownJob(_) => format!("there is no job {job} in the system; {}", waiting(view)),
        ProtocolFault::NotQueued(_) => {
            let place =
                slot.and_then(|slot| view.status(slot).pool).map_or_else(String::new, |pool| format!(" in `{}`", view.model().pool_name(pool)));
            format!("job {job} does not wait, as it holds GPUs{place}; {}", waiting(view))
        }
        ProtocolFault::NotRunning(_) => {
            let stopping = slot.is_some_and(|slot| view.status(slot).state == State::Stopping);
            let why = if stopping { "writes its last checkpoint already" } else { "waits in the queue" };
            format!("job {job} holds no GPUs that could be taken away: it {why}")
        }
        ProtocolFault::NamedTwice(_) => {
            format!("job {job} was decided on before in the same answer; a job is named in one decision, beside its `bind`")
        }
        ProtocolFault::WrongSize { given, gang, .. } => format!("the parts of job {job} add up to {given} GPUs, but its gang has {gang}"),
        ProtocolFault::EmptyShare(_) => format!("a part of job {job} has no GPU, or names a node that its pool does not have"),
        ProtocolFault::PastTime(time) => format!("the time {} lies before now, {}", time.0, view.now().0),
        ProtocolFault::UnknownPool(_) | ProtocolFault::UnknownSite(_) => fault.to_string(),
    }
}
