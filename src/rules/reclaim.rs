//! Reclaim: which jobs of borrowers give way to a start that stays within its own quota.

use super::quota::{Charge, QuotaTree};
use crate::base::Time;
use crate::model::{JobId, JobNumber, Model, Reclaim};
use std::cmp::Reverse;

/// A running job that may have to give way.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub job: JobId,
    pub number: JobNumber,
    pub since: Time,
    pub priority: i32,
    pub charges: Vec<Charge>,
}

/// A start that wants its quota back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claimant<'a> {
    pub charges: &'a [Charge],
    pub priority: i32,
    pub now: Time,
}

/// Tells whether taking back is allowed at all and anybody borrows: a cheap test before candidates are collected.
pub(super) fn possible(model: &Model, tree: &QuotaTree, charges: &[Charge]) -> bool {
    let within_nominal = charges.iter().enumerate().all(|(at, charge)| {
        let same = |other: &&Charge| other.quota == charge.quota && other.chip == charge.chip;
        let asked = charges[..=at].iter().filter(same).map(|charge| charge.gpus).sum();
        !tree.borrows(Charge { gpus: asked, ..*charge })
    });
    let claims = |charge: &Charge| model.quotas[charge.quota].reclaim != Reclaim::Never && tree.cohort_has_borrowers(charge.quota, charge.chip);
    within_nominal && charges.iter().any(claims)
}

/// Chooses the jobs that give way, or `None` if the start would not fit even without all of them.
///
/// As Kueue's `preemption.go`: borrowers only, lowest priority first, then the most recent start, then the higher number, one by one until
/// the start fits; then, in reverse, each is spared if the start still fits. `room` tells whether the start has room once the given jobs have left.
/// The tree is left as it was. *O*(candidates × (log candidates + depth)).
pub(super) fn victims(
    model: &Model,
    tree: &mut QuotaTree,
    claimant: Claimant<'_>,
    mut candidates: Vec<Candidate>,
    room: &mut dyn FnMut(&[JobId]) -> bool,
) -> Option<Vec<JobId>> {
    candidates.retain(|candidate| may_take(model, tree, claimant, candidate));
    candidates.sort_by_key(|candidate| (candidate.priority, Reverse(candidate.since), Reverse(candidate.number)));
    let mut fits = |tree: &QuotaTree, taken: &[JobId]| fits_all(tree, claimant.charges) && room(taken);
    let mut taken: Vec<Candidate> = Vec::new();
    let mut jobs: Vec<JobId> = Vec::new();
    let mut found = false;
    for candidate in candidates {
        // Those before may have brought its quota back to nominal.
        if !may_take(model, tree, claimant, &candidate) {
            continue;
        }
        candidate.charges.iter().for_each(|charge| tree.release(*charge, claimant.now));
        jobs.push(candidate.job);
        taken.push(candidate);
        found = fits(tree, &jobs);
        if found {
            break;
        }
    }
    if found {
        for at in (0..taken.len() - 1).rev() {
            let spared = taken[at].charges.clone();
            spared.iter().for_each(|charge| tree.hold(*charge, claimant.now));
            let job = jobs.remove(at);
            if fits(tree, &jobs) {
                taken.remove(at);
            } else {
                jobs.insert(at, job);
                spared.iter().for_each(|charge| tree.release(*charge, claimant.now));
            }
        }
    }
    taken.iter().flat_map(|candidate| &candidate.charges).for_each(|charge| tree.hold(*charge, claimant.now));
    found.then_some(jobs)
}

fn fits_all(tree: &QuotaTree, charges: &[Charge]) -> bool {
    (0..charges.len()).all(|at| tree.fits(charges[at], &charges[..at]).is_ok())
}

fn may_take(model: &Model, tree: &QuotaTree, claimant: Claimant<'_>, candidate: &Candidate) -> bool {
    let claims = |claim: &Charge| match model.quotas[claim.quota].reclaim {
        Reclaim::Never => false,
        Reclaim::LowerPriority => candidate.priority < claimant.priority,
        Reclaim::Any => true,
    };
    claimant.charges.iter().filter(|claim| claims(claim)).any(|claim| {
        let borrows = |held: &Charge| held.chip == claim.chip && tree.borrows_from_cohort_of(held.quota, claim.quota, claim.chip);
        candidate.charges.iter().any(borrows)
    })
}
