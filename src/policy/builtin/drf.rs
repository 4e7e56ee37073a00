//! Fair share by what is held: dominant-resource fairness.

use crate::base::{Column, Ratio};
use crate::model::{ChipId, JobId, JobNumber, PoolId, TenantId};
use crate::policy::{PartInfo, PartKind, View};

pub(super) static DRF: PartInfo = PartInfo {
    name: "drf",
    kind: PartKind::Order,
    summary: "the tenant with the smallest dominant share for its weight first, then by submission: the largest share that it holds of any kind of chip",
    parameters: &[],
    citation: "Ghodsi et al. 2011, \"Dominant resource fairness: fair allocation of multiple resource types\" (NSDI)",
    notes: "looks at all tenants that wait after every start. Chips are the resources; what a tenant has held before counts for nothing. With `evict-lower`, a \
            job gives way to a tenant that is no richer even with what it would get",
    tested: &[
        "engine::tests::shares::dominant_shares_give_the_hand_worked_schedule",
        "engine::tests::shares::the_largest_share_of_any_chip_counts",
        "engine::tests::shares::who_holds_more_gives_way_until_shares_are_equal",
    ],
    oracle: false,
};

/// A share of one.
const ONE: u128 = 1_000_000_000;

/// What tenants hold, by kind of chip.
#[derive(Clone, Debug)]
pub(super) struct Shares {
    held: Column<TenantId, Vec<u64>>,
    /// Installed GPUs by kind of chip.
    installed: Vec<u64>,
    scratch: Vec<u64>,
    /// What each job was counted with, by slot.
    counted: Vec<Option<Counted>>,
    version: u64,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    number: JobNumber,
    tenant: TenantId,
    chip: ChipId,
    gpus: u64,
}

impl Shares {
    pub(super) fn new(tenants: u32, chips: usize) -> Self {
        Self {
            held: Column::filled(tenants as usize, vec![0; chips]),
            installed: vec![0; chips],
            scratch: Vec::new(),
            counted: Vec::new(),
            version: 0,
        }
    }
    /// Counts changes of keys.
    pub(super) fn version(&self) -> u64 {
        self.version
    }
    /// Returns the key of a job: smaller goes first.
    pub(super) fn key(&self, view: View<'_>, job: JobId) -> i64 {
        self.share(view, job, |_, held| held)
    }
    /// Counts what a job holds from now on.
    pub(super) fn started(&mut self, view: View<'_>, job: JobId, pool: PoolId) {
        let (attributes, chip) = (view.job(job), view.model().pools[pool].chip);
        let counted = Counted { number: attributes.number, tenant: attributes.tenant, chip, gpus: u64::from(attributes.gpus) };
        self.held[counted.tenant][counted.chip.0 as usize] += counted.gpus;
        if self.counted.len() <= job.0 as usize {
            self.counted.resize(job.0 as usize + 1, None);
        }
        self.counted[job.0 as usize] = Some(counted);
        self.version += 1;
    }
    /// Takes off what was given back since the last round.
    pub(super) fn follow(&mut self, view: View<'_>) {
        let delta = view.delta();
        self.count_installed(view);
        let left = delta.ended.iter().chain(&delta.left).map(|left| (left.job, left.number));
        let returned = delta.returned.iter().map(|job| (*job, view.job(*job).number));
        for (job, number) in left.chain(returned) {
            self.take_off(job, number);
        }
    }
    /// Counts the chips of the pools that the policy sees, as changes leave them. *O*(pools).
    fn count_installed(&mut self, view: View<'_>) {
        let before = std::mem::replace(&mut self.installed, std::mem::take(&mut self.scratch));
        self.installed.clear();
        self.installed.resize(before.len(), 0);
        for pool in view.pools().map(|pool| &view.model().pools[pool]) {
            self.installed[pool.chip.0 as usize] += pool.gpus();
        }
        self.version += u64::from(self.installed != before);
        self.scratch = before;
    }
    /// Takes off what a job holds that gives way.
    pub(super) fn preempted(&mut self, view: View<'_>, job: JobId) {
        self.take_off(job, view.job(job).number);
    }
    fn take_off(&mut self, job: JobId, number: JobNumber) {
        let counted = self.counted.get_mut(job.0 as usize).and_then(|slot| slot.take_if(|counted| counted.number == number));
        if let Some(counted) = counted {
            self.held[counted.tenant][counted.chip.0 as usize] -= counted.gpus;
            self.version += 1;
        }
    }
    /// Tells whether a running job gives way to a waiting one: without it, its tenant still holds at least the share that the other's will with its
    /// own. Otherwise the two would take each other's place for ever.
    pub(super) fn gives_way(&self, view: View<'_>, runs: JobId, waits: JobId) -> bool {
        let Some(counted) = self.counted.get(runs.0 as usize).copied().flatten().filter(|counted| counted.number == view.job(runs).number) else {
            return false;
        };
        let (chip, more) = (counted.chip.0 as usize, u64::from(view.job(waits).gpus));
        let without = self.share(view, runs, |kind, held| if kind == chip { held - counted.gpus } else { held });
        let with = self.share(view, waits, |kind, held| if kind == chip { held + more } else { held });
        view.job(runs).tenant != view.job(waits).tenant && without >= with
    }

    /// Returns the dominant share of a job's tenant for its weight, in billionths, with what it holds of each kind of chip as told.
    fn share(&self, view: View<'_>, job: JobId, holds: impl Fn(usize, u64) -> u64) -> i64 {
        let (attributes, model) = (view.job(job), view.model());
        let held = self.held[attributes.tenant].iter().enumerate().map(|(chip, held)| (chip, holds(chip, *held))).filter(|(_, held)| *held > 0);
        let share = held.map(|(chip, held)| u128::from(held) * ONE / u128::from(self.installed[chip].max(1))).max().unwrap_or(0);
        let weight: Ratio = model.tenants[attributes.group].weight;
        i64::try_from(weight.divide(u64::try_from(share).unwrap_or(u64::MAX))).unwrap_or(i64::MAX)
    }
}
