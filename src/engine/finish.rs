//! The end of a run: what is left is accounted for, and everything is summed up.

use super::settle::Stop;
use super::{Run, RunError};
use crate::base::digest::{Entry, Fingerprint};
use crate::base::{Column, Money, Time};
use crate::model::{JobId, Model, PoolId, SiteId};
use crate::rules::ledger::Ledger;
use crate::world::jobs::State;
use crate::world::records::{Account, Fate, JobRecord, PoolSample, PoolTotals, Posting, Purpose, SiteTotals, Totals};

/// What a run leaves.
#[derive(Debug)]
pub struct Ending {
    /// Everything that was summed up.
    pub totals: Totals,
    /// The hash over the whole event history.
    pub fingerprint: Fingerprint,
    /// Events of the history that nobody has taken yet, if it was kept.
    pub history: Vec<Entry>,
    /// The books, with the postings that were not drained yet.
    pub ledger: Ledger,
    /// Records that were not drained yet: of jobs that are unfinished, among others.
    pub jobs: Vec<JobRecord>,
    /// Samples that were not drained yet.
    pub samples: Vec<PoolSample>,
}

impl Run {
    /// Ends the run, at its end or before it, and returns what it leaves.
    ///
    /// # Errors
    /// Fails if money overflows.
    pub fn finish(mut self, interrupted: bool) -> Result<Ending, RunError> {
        // A window that nothing has reached yet ends here.
        let (from, to) = self.window.bounds();
        let window_end = if to == Time::NEVER { self.scene.now } else { to };
        let now = if interrupted { self.scene.now } else { self.scene.now.max(window_end).max(self.cut_at) };
        if from > self.scene.now && from <= now && from > Time::ZERO {
            self.scene.meter.open_window(from);
        }
        self.sample_until(now);
        self.scene.now = now;
        let mut left: Vec<JobId> = self.scene.jobs.running().chain(self.scene.jobs.queued()).collect();
        left.sort_unstable_by_key(|job| self.scene.jobs.attributes(*job).number);
        for job in left {
            let state = self.scene.jobs.status(job).state;
            if state != State::Queued {
                self.end_attempt(job, Stop::Cut)?;
                self.give_back(job);
            }
            self.leave(job, Fate::Unfinished, Some(Self::reason_unfinished(state)))?;
        }
        for pool in self.scene.model.pools.ids() {
            self.bookings.touch(&self.scene.model, now, pool);
        }
        if to > now {
            self.scene.meter.close_window(now);
        }
        self.bill_sites()?;
        self.bookings.rules.finish(&self.scene.model, now)?;
        self.sum_up(interrupted)
    }

    fn sum_up(mut self, interrupted: bool) -> Result<Ending, RunError> {
        let now = self.scene.now;
        let (from, to) = self.window.bounds();
        let totals = &mut self.totals;
        totals.end = now;
        totals.window = (from.min(now), to.min(now));
        totals.pools = self.bookings.totals.clone();
        totals.quotas = self.bookings.rules.quota_totals(&self.scene.model, now);
        totals.subsidies = self.bookings.rules.subsidy_totals()?;
        totals.eligible_for_several = self.bookings.rules.eligible_for_several();
        totals.refusals = self.tally.refusals.iter().map(|(kind, count)| (*kind, *count)).collect();
        totals.dropped = self.sources.dropped();
        totals.notes = self.sources.notes();
        totals.interrupted = interrupted;
        (totals.link_bytes, totals.private_bytes) = self.scene.network.flows.carried(now);
        totals.sites = Column::new();
        for site in self.scene.model.sites.ids() {
            let sums = self.site_totals(site)?;
            self.totals.sites.push(sums);
        }
        Ok(Ending {
            totals: self.totals,
            fingerprint: self.digest.fingerprint(),
            history: self.digest.take_kept(),
            ledger: self.bookings.rules.ledger,
            jobs: self.jobs_out,
            samples: self.samples_out,
        })
    }

    fn site_totals(&self, site: SiteId) -> Result<SiteTotals, RunError> {
        let used = self.scene.meter.in_window(site)?;
        let mut capital = Money::ZERO;
        for pool in self.scene.model.sites[site].pools() {
            capital = capital.plus(capital_of(&self.scene.model, pool, &self.bookings.totals[pool])?)?;
        }
        Ok(SiteTotals {
            energy_mj: used.energy_mj,
            energy_cost: used.cost,
            carbon_location_mg: used.carbon_location_mg,
            carbon_market_mg: used.carbon_market_mg,
            capital,
            bytes_in: self.bytes_in[site],
        })
    }

    /// Bills all sites for the energy since their last bill, with the levies on it.
    pub(super) fn bill_sites(&mut self) -> Result<(), RunError> {
        for site in self.scene.model.sites.ids() {
            self.bill_site(site)?;
        }
        Ok(())
    }
    fn bill_site(&mut self, site: SiteId) -> Result<(), RunError> {
        let now = self.scene.now;
        let since = std::mem::replace(&mut self.billed_until[site], now);
        let bill = self.scene.meter.bill(site, now)?;
        let posting =
            Posting { at: now, since, from: Account::Site(site), to: Account::Grid, amount: bill.cost, purpose: Purpose::SiteEnergy, job: None };
        self.post(posting)?;
        self.bookings.rules.charge_levies(&self.scene.model, site, bill.energy_mj, (since, now))?;
        Ok(())
    }
}

/// Returns the capital written off on a pool's installed GPUs within the window.
fn capital_of(model: &Model, pool: PoolId, totals: &PoolTotals) -> Result<Money, RunError> {
    let of_pool = &model.pools[pool];
    Ok(of_pool.capital.times(totals.installed, u128::from(of_pool.life.0.max(1)))?)
}
