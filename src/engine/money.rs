//! Subsidies and levies of jobs: what is claimed at a start is settled at the end.

use super::{Run, RunError};
use crate::base::Money;
use crate::model::{JobId, SiteId};
use crate::rules::{Bases, Claims};
use crate::world::bookings::Bookings;
use crate::world::jobs::Claiming;
use crate::world::plan::rule_parts;
use crate::world::records::Posting;

/// What becomes of a job's claims.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Claim {
    /// The job has ended: they are paid by what it has used.
    Settle,
    /// It is preempted: what it has used is noted, and they stay.
    Accrue,
    /// It failed or was cancelled: they lapse.
    Release,
    /// The run ends first: they stay reserved, and are shown so.
    Leave,
}

impl Run {
    /// Applies what an attempt has used (the bases of each part) to the claims of its job.
    pub(super) fn follow_claims(&mut self, job: JobId, what: Claim, bases: &[Bases]) -> Result<(), RunError> {
        let status = self.scene.jobs.status_mut(job);
        let claims = status.claims;
        if claims == Claims::NONE || what == Claim::Leave {
            return Ok(());
        }
        if what != Claim::Accrue {
            status.claims = Claims::NONE;
        }
        let (model, rules) = (&self.scene.model, &mut self.bookings.rules);
        match what {
            Claim::Settle => {
                let lowered = rules.settle_claims(model, claims, bases, self.scene.now)?;
                self.lower_price(job, lowered)?;
            }
            Claim::Accrue => rules.accrue_claims(model, claims, bases)?,
            Claim::Release => rules.release_claims(model, claims)?,
            Claim::Leave => {}
        }
        Ok(())
    }
    /// A job that was preempted starts again: its claims go with it where the new place is eligible.
    pub(super) fn carry_claims(&mut self, job: JobId) -> Result<(), RunError> {
        let status = self.scene.jobs.status(job);
        let (parts, count) = rule_parts(&status.parts, 1, 0);
        let start = Bookings::start(&self.scene, job, &parts[..count], status.expected_end);
        let rules = &mut self.bookings.rules;
        let before = rules.claim_count(status.claims);
        let (lowered, claims) = rules.carry_claims(&self.scene.model, &start, status.claims)?;
        let settled = rules.claim_count(claims) < before;
        let status = self.scene.jobs.status_mut(job);
        status.claims = claims;
        if settled {
            status.claiming = Claiming::Over;
        }
        self.lower_price(job, lowered)
    }
    /// Charges the tenant with the part of the site's levies that reaches its price.
    pub(super) fn pass_levies_on(&mut self, job: JobId, posting: &Posting, site: SiteId, energy_mj: u128) -> Result<(), RunError> {
        let attributes = self.scene.jobs.attributes(job);
        let who = (attributes.tenant, attributes.number);
        let times = (posting.since, posting.at);
        let charged = self.bookings.rules.charge_levies_to_tenant(&self.scene.model, site, who, energy_mj, times)?;
        let usage = self.scene.jobs.usage_mut(job);
        usage.energy_charge = usage.energy_charge.plus(charged)?;
        Ok(())
    }
    fn lower_price(&mut self, job: JobId, lowered: Money) -> Result<(), RunError> {
        let usage = self.scene.jobs.usage_mut(job);
        usage.subsidy = usage.subsidy.plus(lowered)?;
        Ok(())
    }
}
