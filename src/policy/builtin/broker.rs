//! A broker over sites that each keep a scheduler of their own.
//!
//! The broker's placement chooses where a job goes when it is submitted. From then on the job is its site's: each site's scheduler sees the pools,
//! the jobs and the news of its own site only, and orders, backfills and preempts there. A job comes back to the broker only if its site can no
//! longer run it.
//!
//! Federated clusters; Ernemann, Hamscher, Schwiegelshohn, Yahyapour, Streit 2002, "On advantages of grid computing for parallel job scheduling".
//! A round costs a walk over its news, and the rounds of the sites that these concern.

use super::carbon_waiting::Deferred;
use super::composed::{Binding, Composed, Parts};
use super::place::Offer;
use super::predict::Predict;
use crate::base::{Column, Span};
use crate::model::{JobId, JobNumber, PolicyPart, PoolId, SiteId};
use crate::policy::registry;
use crate::policy::{BuildContext, Needs, PartKind, Plan, PolicyError, Scheduler, View};
use crate::world::delta::{Delta, Left};

/// The broker.
#[derive(Clone, Debug)]
pub struct Broker {
    parts: Parts,
    sites: Column<SiteId, Site>,
    /// Where each job is, by slot, with its number.
    at: Vec<Option<(JobNumber, SiteId)>>,
    /// Jobs that no site can hold any more, as the fleet has shrunk.
    unbound: Vec<JobId>,
    /// Jobs that go to their site when the time has come that the placement has chosen.
    deferred: Deferred,
    scratch: Vec<Offer>,
    /// What it expects of jobs, for all sites.
    predict: Option<Predict>,
    needs: Needs,
}

/// A site: its scheduler, and what is news there.
#[derive(Clone, Debug)]
struct Site {
    scheduler: Composed,
    news: Delta,
}

impl Broker {
    /// Composes the broker of checked parts. A site without a scheduler of its own keeps to the broker's order, backfilling and preemption.
    pub(in crate::policy) fn new(chosen: &[PolicyPart], stage_at_submit: bool, context: BuildContext<'_>) -> Self {
        let model = context.model;
        // The broker has chosen where the jobs go.
        let places = |part: &PolicyPart| registry::part(&part.name).is_some_and(|info| info.kind == PartKind::Place);
        let common: Vec<PolicyPart> = chosen.iter().filter(|part| !places(part)).cloned().collect();
        let sites: Column<SiteId, Site> = model
            .sites
            .ids()
            .map(|site| {
                let parts = match model.schedulers.get(site) {
                    Some(own) if !own.is_empty() => registry::completed_for_site(own),
                    _ => common.clone(),
                };
                Site { scheduler: Composed::new(&parts, false, context), news: Delta::default() }
            })
            .collect();
        let predict = Predict::of(chosen, context);
        let oracle = chosen.iter().any(|part| registry::part(&part.name).is_some_and(|info| info.oracle));
        let mut needs = Needs { oracle, predicts: predict.is_some(), ..Needs::default() };
        for site in sites.iter().map(|site| site.scheduler.needs()) {
            needs.every_event |= site.every_event;
            needs.oracle |= site.oracle;
            needs.data |= site.data;
        }
        let parts = Parts::new(chosen, stage_at_submit, context);
        Self { parts, sites, at: Vec::new(), unbound: Vec::new(), deferred: Deferred::default(), scratch: Vec::new(), predict, needs }
    }

    /// Passes the news on to the sites that they concern.
    fn follow(&mut self, view: View<'_>) {
        let delta = view.delta();
        for left in &delta.left {
            self.unbound.retain(|job| *job != left.job);
            self.deferred.retain(|job, _| job != left.job);
            if let Some(site) = self.take(left) {
                self.sites[site].news.left.push(*left);
            }
        }
        for ended in &delta.ended {
            if let Some(site) = self.take(ended) {
                self.sites[site].news.ended.push(*ended);
            }
        }
        for site in self.sites.iter_mut() {
            // What is freed elsewhere may let go whom a rule holds here.
            site.news.freed.extend(&delta.freed);
            site.news.anything_changed |= delta.anything_changed;
            site.news.terms_changed |= delta.terms_changed;
            site.news.data_arrived |= delta.data_arrived;
            site.news.woken |= delta.woken;
        }
    }

    /// Sends jobs to sites: those that their site can no longer hold, those that have come back to the queue, and those that are new.
    fn send(&mut self, view: View<'_>, plan: &mut Plan<'_>) {
        let delta = view.delta();
        let mut homeless = if delta.terms_changed { self.homeless(view, plan) } else { Vec::new() };
        for job in &delta.returned {
            match self.site_of(view, *job).filter(|site| holds(view, plan, *job, *site)) {
                Some(site) => self.sites[site].news.returned.push(*job),
                None => homeless.push(*job),
            }
        }
        for job in homeless {
            self.bind(view, plan, job);
        }
        for job in &delta.arrived {
            self.parts.seen(view, *job);
            self.bind(view, plan, *job);
        }
        while let Some((job, _)) = self.deferred.pop_due(view.now()) {
            if let Some(site) = self.site_of(view, job) {
                self.sites[site].news.arrived.push(job);
            }
        }
    }

    fn bind(&mut self, view: View<'_>, plan: &mut Plan<'_>, job: JobId) {
        let number = view.job(job).number;
        let Some(Binding { pool, from }) = self.parts.bind(view, plan, job, &mut self.scratch) else {
            return self.unbound.push(job);
        };
        let site = view.model().pools[pool].site;
        if self.at.len() <= job.0 as usize {
            self.at.resize(job.0 as usize + 1, None);
        }
        self.at[job.0 as usize] = Some((number, site));
        if from > view.now() {
            self.deferred.push(from, number, job, Some(pool));
        } else {
            self.sites[site].news.arrived.push(job);
        }
    }

    /// Takes the waiting jobs away from sites that can no longer hold them. *O*(queued jobs).
    fn homeless(&mut self, view: View<'_>, plan: &Plan<'_>) -> Vec<JobId> {
        let mut homeless = std::mem::take(&mut self.unbound);
        for job in view.jobs().queued() {
            let Some(site) = self.site_of(view, job).filter(|site| !holds(view, plan, job, *site)) else { continue };
            let number = view.job(job).number;
            self.at[job.0 as usize] = None;
            self.deferred.retain(|other, _| other != job);
            if !view.delta().returned.contains(&job) {
                let left = Left { job, number, held_gpu_us: view.jobs().usage(job).held_gpu_us, work: view.status(job).done };
                self.sites[site].news.left.push(left);
                homeless.push(job);
            }
        }
        homeless.sort_unstable_by_key(|job| view.job(*job).number);
        homeless
    }

    fn site_of(&self, view: View<'_>, job: JobId) -> Option<SiteId> {
        let (number, site) = (*self.at.get(job.0 as usize)?)?;
        (number == view.job(job).number).then_some(site)
    }
    /// Forgets a job that left, and returns where it was.
    fn take(&mut self, left: &Left) -> Option<SiteId> {
        let entry = self.at.get_mut(left.job.0 as usize)?;
        let (_, site) = entry.take_if(|(number, _)| *number == left.number)?;
        Some(site)
    }
}

/// Tells whether any pool of a site can still run a job.
fn holds(view: View<'_>, plan: &Plan<'_>, job: JobId, site: SiteId) -> bool {
    view.of_site(site, view.delta()).candidates(job).iter().any(|candidate| plan.can_ever(job, candidate.pool))
}

impl Scheduler for Broker {
    fn needs(&self) -> Needs {
        self.needs
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        if let Some(predict) = &mut self.predict {
            predict.follow(view);
        }
        self.follow(view);
        self.send(view, plan);
        for id in self.sites.ids() {
            let site = &mut self.sites[id];
            if !site.news.is_empty() || !site.news.ended.is_empty() {
                site.scheduler.schedule(view.of_site(id, &site.news), plan)?;
                site.news.clear();
            }
        }
        Ok(())
    }
    fn rate(&self, view: View<'_>, plan: &Plan<'_>, job: JobId) -> Vec<(PoolId, i64)> {
        self.parts.place.scores(view, plan, job)
    }
    fn predict(&mut self, view: View<'_>, job: JobId) -> Option<Span> {
        self.predict.as_mut()?.predict(view, job)
    }
    fn fork(&self) -> Option<Box<dyn Scheduler>> {
        Some(Box::new(self.clone()))
    }
}
