//! Starts under the rules: what they are charged to, whether they are admitted, and what they hold.

use super::access::AccessUse;
use super::holding::{HeldPart, Holding};
use super::matching::{Matches, Subject};
use super::quota::Charge;
use super::{Held, Part, Refusal, Rules, Running, Start, reclaim};
use crate::base::Time;
use crate::model::{AccessId, JobId, Model, QuotaId};

impl Rules {
    /// Tells whether a start may need its expected energy: some quota caps energy.
    pub fn needs_energy(&self) -> bool {
        self.caps.any_on_energy()
    }
    /// Tells whether the rules admit a start. *O*(rules that it meets × depth).
    pub fn check(&self, model: &Model, start: &Start<'_>) -> Result<(), Refusal> {
        let (parts, count) = self.resolve(model, start)?;
        self.admits(model, start, &parts[..count])
    }
    /// Tells whether the rules could ever admit a job of this size there, if nothing else ran. What is refused here never starts; what
    /// is not may still wait for a window.
    pub fn check_ever(&self, model: &Model, start: &Start<'_>) -> Result<(), Refusal> {
        let length = start.expected_end.saturating_since(start.now);
        for (at, part) in start.parts.iter().enumerate() {
            let found = self.matches(start, part);
            let held = held_part(model, part, found, None);
            AccessUse::admit_ever(model, &found.access, (held.chip, part.gpus), start.now).map_err(Refusal::Access)?;
            for charge in self.charges(&held) {
                let same =
                    |earlier: &&Part| model.pools[earlier.pool].chip == held.chip && self.charged_quotas(start, earlier).contains(&charge.quota);
                let gpus = charge.gpus + start.parts[..at].iter().filter(same).map(|earlier| earlier.gpus).sum::<u32>();
                self.tree.fits_ever(Charge { gpus, ..charge }).map_err(Refusal::Quota)?;
            }
            self.caps.fits_ever(&self.table, &held, length).map_err(Refusal::Cap)?;
        }
        Ok(())
    }
    /// Holds what a start needs under the rules, or tells which rule denies it. Nothing changes on a refusal.
    pub fn try_hold(&mut self, model: &Model, start: &Start<'_>) -> Result<Held, Refusal> {
        self.pass_time(model, start.now);
        let (parts, count) = self.resolve(model, start)?;
        self.admits(model, start, &parts[..count])?;
        let holding = Holding {
            tenant: start.tenant,
            start: start.now,
            expected_end: start.expected_end.max(start.now),
            parts,
            count: u8::try_from(count).expect("a start has one or two parts"),
            overrunning: false,
            suspended: false,
            handed_over: false,
        };
        self.take_hold(&holding, start.now);
        self.caps.hold(&self.table, &holding);
        self.shares.hold(model, &self.table, &holding);
        let metered = |part: &HeldPart| self.caps.concerns(&self.table, part) || self.shares.concerns(&self.table, part);
        let watched = holding.parts().iter().any(metered);
        let held = self.holdings.insert(holding);
        if watched {
            self.holdings.watch_estimate(held);
        }
        Ok(held)
    }
    /// Takes a start back, at its own instant; exactly as if it had never been tried.
    pub fn undo_hold(&mut self, model: &Model, held: Held) {
        let holding = self.holdings.remove(held);
        self.caps.undo(&self.table, &holding);
        self.shares.undo(model, &self.table, &holding);
        self.let_go(&holding, holding.start);
    }
    /// Gives back the quotas and access of a job that is being preempted, so that others may take them at this instant; until it is released
    /// or resumed.
    pub fn suspend(&mut self, held: Held, now: Time) {
        self.holdings.at_mut(held).suspended = true;
        let holding = *self.holdings.at(held);
        self.let_go(&holding, now);
    }
    /// Takes a suspension back at its own instant.
    pub fn resume(&mut self, held: Held, now: Time) {
        self.holdings.at_mut(held).suspended = false;
        let holding = *self.holdings.at(held);
        self.take_hold(&holding, now);
    }
    /// Gives back all that a job holds under the rules, and what it was still expected to use, as it goes on elsewhere from this instant; until it is
    /// released or takes it over again.
    pub fn hand_over(&mut self, model: &Model, held: Held, now: Time) {
        self.pass_time(model, now);
        let holding = self.holdings.at_mut(held);
        (holding.suspended, holding.handed_over) = (true, true);
        let holding = *holding;
        self.let_go(&holding, now);
        self.caps.hand_over(&self.table, &holding, now);
        self.shares.release(model, &self.table, &holding, now);
    }
    /// Takes that back at its own instant.
    pub fn take_over_again(&mut self, model: &Model, held: Held, now: Time) {
        let holding = self.holdings.at_mut(held);
        (holding.suspended, holding.handed_over) = (false, false);
        let holding = *holding;
        self.take_hold(&holding, now);
        self.caps.take_over_again(&self.table, &holding, now);
        self.shares.take_over_again(model, &self.table, &holding, now);
    }
    /// Ends what a start holds: the job finished, failed or was preempted. `energy_mj` is the metered energy of each part.
    pub fn release(&mut self, model: &Model, held: Held, now: Time, energy_mj: &[u64]) {
        self.pass_time(model, now);
        let holding = self.holdings.remove(held);
        if holding.handed_over {
            self.caps.release_handed_over(&self.table, &holding, now, energy_mj);
        } else {
            self.caps.release(&self.table, &holding, now, energy_mj);
            self.shares.release(model, &self.table, &holding, now);
        }
        for part in holding.parts() {
            let gpu_us = u128::from(part.gpus) * u128::from(now.since(holding.start).0);
            self.programmes.count_use(model, holding.tenant, model.pools[part.pool].site, gpu_us, now);
        }
        if !holding.suspended {
            self.let_go(&holding, now);
        }
    }
    /// Returns when a job must be ended, as a cap does not let it outlive its estimate.
    pub fn kill_at(&self, held: Held) -> Option<Time> {
        self.caps.kill_at(&self.table, self.holdings.at(held))
    }
    /// Tells whether a start would take a quota beyond its nominal; those that do not go first.
    pub fn borrows(&self, model: &Model, start: &Start<'_>) -> bool {
        start.parts.iter().any(|part| {
            let held = held_part(model, part, self.matches(start, part), None);
            self.charges(&held).any(|charge| self.tree.borrows(charge))
        })
    }
    /// Returns the quotas that a part of a start is charged to.
    pub fn charged_quotas(&self, start: &Start<'_>, part: &Part) -> &[QuotaId] {
        self.table.charged(self.matches(start, part).charges)
    }
    /// Chooses the running jobs that give way to a start under reclaim; `None` if that is not allowed or would not help.
    ///
    /// `room` tells whether the start has room once the given jobs have left, which quotas alone do not know. The running jobs are asked for only
    /// if anybody borrows, and only if no other rule denies the start. Whoever preempts the victims tells of each with [`Rules::count_reclaimed`].
    pub fn reclaim<R: Iterator<Item = Running>>(
        &mut self,
        model: &Model,
        start: &Start<'_>,
        running: impl FnOnce() -> R,
        room: &mut dyn FnMut(&[JobId]) -> bool,
    ) -> Option<Vec<JobId>> {
        let (parts, count) = self.resolve(model, start).ok()?;
        let parts = &parts[..count];
        let charges: Vec<Charge> = parts.iter().flat_map(|part| self.charges(part)).collect();
        if !reclaim::possible(model, &self.tree, &charges) || self.admits_beyond_quotas(model, start, parts).is_err() {
            return None;
        }
        let candidate = |running: Running| {
            let charges = self.holdings.at(running.held).parts().iter().flat_map(|part| self.charges(part)).collect();
            let Running { job, number, since, priority, .. } = running;
            reclaim::Candidate { job, number, since, priority, charges }
        };
        let candidates = running().map(candidate).collect();
        let claimant = reclaim::Claimant { charges: &charges, priority: start.priority, now: start.now };
        reclaim::victims(model, &mut self.tree, claimant, candidates, room)
    }
    /// Counts a job that is taken back from the quotas that it is charged to; call it before the job is released.
    pub fn count_reclaimed(&mut self, held: Held) {
        for part in self.holdings.at(held).parts() {
            for quota in self.table.charged(part.charges) {
                self.tree.totals_mut(*quota).reclaimed += 1;
            }
        }
    }
    /// Counts a refusal for the totals of the quota that refused.
    pub fn count_refusal(&mut self, refusal: &Refusal) {
        if let Some(quota) = refusal.quota() {
            self.tree.totals_mut(quota).refusals += 1;
        }
    }

    pub(super) fn matches(&self, start: &Start<'_>, part: &Part) -> &Matches {
        self.table.lookup(&Subject { group: start.group, class: start.class, pool: part.pool, gpus: start.gpus })
    }
    fn charges<'a>(&'a self, part: &HeldPart) -> impl Iterator<Item = Charge> + 'a {
        let (chip, gpus) = (part.chip, part.gpus);
        self.table.charged(part.charges).iter().map(move |quota| Charge { quota: *quota, chip, gpus })
    }
    /// Finds what the parts of a start are charged to, and under which access rules they may use their chips.
    fn resolve(&self, model: &Model, start: &Start<'_>) -> Result<([HeldPart; 2], usize), Refusal> {
        assert!(matches!(start.parts.len(), 1 | 2), "a start has one or two parts");
        let found = |part: &Part, planned| {
            let found = self.matches(start, part);
            let chip = model.pools[part.pool].chip;
            let access = self.access.admit(model, &found.access, (chip, part.gpus), start.now, planned).map_err(Refusal::Access)?;
            Ok(held_part(model, part, found, access))
        };
        let first = found(&start.parts[0], None)?;
        let second = start.parts.get(1).map(|part| found(part, first.access.map(|access| (access, first.gpus)))).transpose()?;
        Ok(([first, second.unwrap_or(first)], start.parts.len()))
    }
    fn admits(&self, model: &Model, start: &Start<'_>, parts: &[HeldPart]) -> Result<(), Refusal> {
        for charge in self.charges(&parts[0]) {
            self.tree.fits(charge, &[]).map_err(Refusal::Quota)?;
        }
        if let [first, second] = parts {
            for charge in self.charges(second) {
                // Of the charges of the first part only the one in the same tree matters, and there is at most one.
                let planned = self.charges(first).find(|other| self.tree.share_a_tree(other.quota, charge.quota));
                self.tree.fits(charge, planned.as_slice()).map_err(Refusal::Quota)?;
            }
        }
        self.admits_beyond_quotas(model, start, parts)
    }
    /// Tells whether caps and domestic shares admit a start.
    fn admits_beyond_quotas(&self, model: &Model, start: &Start<'_>, parts: &[HeldPart]) -> Result<(), Refusal> {
        let times = (start.now, start.expected_end.max(start.now));
        self.caps.fits(&self.table, parts, times).map_err(Refusal::Cap)?;
        self.shares.fits(model, &self.table, parts, times).map_err(Refusal::Domestic)
    }
    fn take_hold(&mut self, holding: &Holding, now: Time) {
        for part in holding.parts() {
            for quota in self.table.charged(part.charges) {
                self.tree.hold(Charge { quota: *quota, chip: part.chip, gpus: part.gpus }, now);
            }
            self.access.hold(part.access, part.gpus);
        }
    }
    fn let_go(&mut self, holding: &Holding, now: Time) {
        for part in holding.parts() {
            for quota in self.table.charged(part.charges) {
                self.tree.release(Charge { quota: *quota, chip: part.chip, gpus: part.gpus }, now);
            }
            self.access.release(part.access, part.gpus);
        }
    }
}

fn held_part(model: &Model, part: &Part, found: &Matches, access: Option<AccessId>) -> HeldPart {
    let chip = model.pools[part.pool].chip;
    HeldPart { charges: found.charges, access, pool: part.pool, chip, gpus: part.gpus, energy_mj: part.energy_mj }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Access, AccessId, ChipId, ClassId, GpuQuota, IdSet, Matcher, PoolId, TenantGroupId, TenantId};
    use crate::rules::testing::{self, hour};
    use crate::rules::{AccessBar, RunBounds};

    fn rules(model: &Model) -> Rules {
        let bounds = RunBounds { prorate_over: None, latest_end: Time::NEVER, window: (Time::ZERO, Time::NEVER) };
        let mut rules = Rules::new(model, testing::SEED, bounds, false).unwrap();
        (0..2).for_each(|group| rules.prepare(model, TenantGroupId(group), ClassId(0)));
        rules
    }

    fn start(parts: &[Part], group: u32) -> Start<'_> {
        let tenant = TenantId(if group == 0 { 0 } else { 3 });
        let gpus = parts.iter().map(|part| part.gpus).sum();
        let (group, class, now, expected_end) = (TenantGroupId(group), ClassId(0), hour(1), hour(2));
        Start { number: 0, tenant, group, class, priority: 0, gpus, parts, now, expected_end }
    }

    fn parts(gpus: [u32; 2]) -> [Part; 2] {
        [(0, gpus[0]), (2, gpus[1])].map(|(pool, gpus)| Part { pool: PoolId(pool), gpus, energy_mj: 0 })
    }

    /// The imported chip is for the first group, 20 GPUs at once.
    fn controlled() -> Model {
        let mut model = testing::model();
        let users = Matcher { groups: Some(IdSet::from_iter([TenantGroupId(0)])), ..Matcher::default() };
        let chips = IdSet::from_iter([ChipId(0)]);
        model.access.push(Access { name: "imported".into(), chips, users, from: None, until: None, supply: Some(20) });
        model
    }

    #[test]
    fn both_parts_of_a_gang_draw_on_one_supply_and_undoing_returns_it() {
        let model = controlled();
        let mut rules = rules(&model);
        let why = |refusal| if let Refusal::Access(refusal) = refusal { refusal.why } else { panic!("{refusal:?}") };
        assert_eq!(why(rules.try_hold(&model, &start(&parts([12, 8]), 1)).unwrap_err()), AccessBar::User);
        let refused = rules.try_hold(&model, &start(&parts([12, 9]), 0)).unwrap_err();
        assert_eq!(why(refused), AccessBar::Supply { access: AccessId(0), asked: 9, left: 8 });
        for _ in 0..3 {
            let held = rules.try_hold(&model, &start(&parts([12, 8]), 0)).unwrap();
            assert!(rules.check(&model, &start(&parts([1, 1])[..1], 0)).is_err());
            rules.undo_hold(&model, held);
        }
        // The domestic chip is free for all.
        let domestic = [Part { pool: PoolId(1), gpus: 64, energy_mj: 0 }];
        assert!(rules.check(&model, &start(&domestic, 1)).is_ok());
    }

    #[test]
    fn both_parts_of_a_gang_count_in_one_quota() {
        let mut model = testing::model();
        let quota = model.quotas.push(testing::quota("q", None));
        model.quotas[quota].gpus[ChipId(0)] = Some(GpuQuota { nominal: 20, borrowing_limit: None, lending_limit: None });
        let mut rules = rules(&model);
        assert!(rules.check_ever(&model, &start(&parts([20, 20]), 0)).is_err());
        let refused = rules.try_hold(&model, &start(&parts([12, 9]), 0)).unwrap_err();
        assert_eq!((refused.kind(), refused.quota()), ("quota", Some(quota)));
        let held = rules.try_hold(&model, &start(&parts([12, 8]), 0)).unwrap();
        assert_eq!(rules.quotas().headroom(quota, ChipId(0)), Some(0));
        rules.release(&model, held, hour(2), &[0, 0]);
        assert_eq!(rules.quotas().headroom(quota, ChipId(0)), Some(20));
    }
}
