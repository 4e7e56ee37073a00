//! Subsidies and levies of jobs: what is claimed at a start is settled at the end.

use super::{Run, RunError};
use crate::model::{JobId, SiteId};
use crate::world::records::Posting;

impl Run {
    /// Settles a job's claims: paid by what it has used if it ended well, released otherwise.
    pub(super) fn settle_claims(&mut self, job: JobId, ended: bool) -> Result<(), RunError> {
        let _ = (job, ended);
        Ok(())
    }
    /// Charges the tenant with the part of the site's levies that reaches its price.
    pub(super) fn pass_levies_through(&mut self, job: JobId, posting: &Posting, site: SiteId, energy_mj: u128) -> Result<(), RunError> {
        let _ = (job, posting, site, energy_mj);
        Ok(())
    }
}
