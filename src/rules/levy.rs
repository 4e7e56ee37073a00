//! Levies on the energy that a site uses beyond a PUE limit.

use super::ledger::Ledger;
use super::matching::{Facts, covers_pool};
use super::records::{Account, Posting, Purpose};
use crate::base::{Column, Money, MoneyOverflow, Ratio, Time};
use crate::model::{JobNumber, Levy, LevyId, LevyTo, Model, SiteId, TenantId};

/// Millijoules in one kWh.
pub(super) const MILLIJOULES_PER_KWH: u128 = 3_600_000_000;

/// Which levies each site pays.
#[derive(Clone, Debug)]
pub struct Levies {
    by_site: Column<SiteId, Vec<LevyId>>,
}

/// Returns what a site with this PUE owes for its metered energy.
///
/// The excess over the limit is cut into bands, which are shares of the limit; each band's energy is its part of the excess ÷
/// PUE × metered energy. Rounded once, over all bands.
pub fn due(levy: &Levy, pue: Ratio, energy_mj: u128) -> Result<Money, MoneyOverflow> {
    let scale = u128::from(Ratio::SCALE);
    let excess = u128::from(pue.0.saturating_sub(levy.pue.0)) * scale;
    let mut charge: i128 = 0;
    for (from, to, add) in &levy.bands {
        let edge = |share: &Ratio| u128::from(share.0) * u128::from(levy.pue.0);
        let part = excess.min(edge(to)).saturating_sub(edge(from));
        let part = i128::try_from(part).map_err(|_| MoneyOverflow)?;
        charge = charge.checked_add(part.checked_mul(i128::from(add.0)).ok_or(MoneyOverflow)?).ok_or(MoneyOverflow)?;
    }
    if charge == 0 {
        return Ok(Money::ZERO);
    }
    // The excess is in millionths of millionths, as limit × band is exact in these.
    let numerator = charge.checked_mul(i128::try_from(energy_mj).map_err(|_| MoneyOverflow)?).ok_or(MoneyOverflow)?;
    Money::from_ratio(numerator, u128::from(pue.0) * scale * MILLIJOULES_PER_KWH)
}

impl Levies {
    /// Finds the levies of each site: those that match any of its pools.
    pub fn new(model: &Model, facts: &Facts) -> Self {
        let of_site = |site: &crate::model::Site| {
            let matches = |levy: &Levy| site.pools().any(|pool| covers_pool(&levy.matcher, model, facts, pool));
            model.levies.entries().filter(|(_, levy)| matches(levy)).map(|(id, _)| id).collect()
        };
        Self { by_site: model.sites.iter().map(of_site).collect() }
    }
    /// Books what a site owes for its metered energy since `since`.
    pub fn charge_site(
        &self,
        model: &Model,
        ledger: &mut Ledger,
        site: SiteId,
        energy_mj: u128,
        (since, at): (Time, Time),
    ) -> Result<(), MoneyOverflow> {
        for &id in &self.by_site[site] {
            let levy = &model.levies[id];
            let amount = due(levy, model.sites[site].pue, energy_mj)?;
            let to = match levy.to {
                LevyTo::Grid => Account::Grid,
                LevyTo::Government(government) => Account::Government(government),
            };
            ledger.post(Posting { at, since, from: Account::Site(site), to, amount, purpose: Purpose::Levy(id), job: None })?;
        }
        Ok(())
    }
    /// Returns the part of the levies on a job's metered energy that reaches its tenant's price.
    pub fn tenant_price(&self, model: &Model, site: SiteId, energy_mj: u128) -> Result<Money, MoneyOverflow> {
        self.by_site[site].iter().try_fold(Money::ZERO, |sum, id| sum.plus(passed_on(model, *id, site, energy_mj)?))
    }
    /// Books the part of the levies on a job's metered energy that reaches its tenant, and returns it.
    pub fn charge_tenant(
        &self,
        model: &Model,
        ledger: &mut Ledger,
        site: SiteId,
        (tenant, job): (TenantId, JobNumber),
        energy_mj: u128,
        (since, at): (Time, Time),
    ) -> Result<Money, MoneyOverflow> {
        let mut sum = Money::ZERO;
        for &id in &self.by_site[site] {
            let amount = passed_on(model, id, site, energy_mj)?;
            let (from, to) = (Account::Tenant(tenant), Account::Site(site));
            ledger.post(Posting { at, since, from, to, amount, purpose: Purpose::LevyPassThrough(id), job: Some(job) })?;
            sum = sum.plus(amount)?;
        }
        Ok(sum)
    }
}

fn passed_on(model: &Model, levy: LevyId, site: SiteId, energy_mj: u128) -> Result<Money, MoneyOverflow> {
    let levy = &model.levies[levy];
    due(levy, model.sites[site].pue, energy_mj)?.times(u128::from(levy.pass_through.0), u128::from(Ratio::SCALE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Matcher;
    use crate::rules::testing;

    fn beijing() -> Levy {
        Levy {
            name: "beijing-pue".into(),
            to: LevyTo::Grid,
            matcher: Matcher::default(),
            pue: Ratio(1_350_000),
            bands: vec![(Ratio(0), Ratio::ONE, Money(200_000)), (Ratio::ONE, Ratio(u64::MAX), Money(500_000))],
            pass_through: Ratio(500_000),
        }
    }

    /// domain.md 8.4: PUE 1.50, limit 1.35, 10 GWh: 1 GWh × 0.2 yuan/kWh.
    #[test]
    fn beijing_charges_the_excess_of_ten_gigawatt_hours() {
        let ten_gwh = 10_000_000 * MILLIJOULES_PER_KWH;
        assert_eq!(due(&beijing(), Ratio(1_500_000), ten_gwh).unwrap(), Money::yuan(200_000));
        assert_eq!(due(&beijing(), Ratio(1_350_000), ten_gwh).unwrap(), Money::ZERO);
        assert_eq!(due(&beijing(), Ratio(1_100_000), ten_gwh).unwrap(), Money::ZERO);
    }

    #[test]
    fn the_second_band_begins_at_twice_the_limit() {
        // PUE 3.0: excess 1.65 = 1.35 in the first band + 0.30 in the second; 3 kWh metered.
        let levy = beijing();
        assert_eq!(due(&levy, Ratio(3_000_000), 3 * MILLIJOULES_PER_KWH).unwrap(), Money(270_000 + 150_000));
    }

    #[test]
    fn a_site_pays_the_levy_and_passes_its_share_on() {
        let mut model = testing::model();
        model.levies.push(beijing());
        let site = SiteId(0);
        let mut dear = model.sites[site].clone();
        dear.pue = Ratio(1_500_000);
        model.sites[site] = dear;
        let levies = Levies::new(&model, &Facts::new(&model));
        let mut ledger = Ledger::new(&model, (Time(0), Time(10)), false);
        let energy = 10 * MILLIJOULES_PER_KWH;
        levies.charge_site(&model, &mut ledger, site, energy, (Time(0), Time(10))).unwrap();
        assert_eq!(levies.tenant_price(&model, site, energy).unwrap(), Money(100_000));
        levies.charge_tenant(&model, &mut ledger, site, (TenantId(0), 0), energy, (Time(0), Time(10))).unwrap();
        assert_eq!(ledger.balance(Account::Grid).run, Money(200_000));
        assert_eq!(ledger.balance(Account::Site(site)).run, Money(-100_000));
        assert_eq!(ledger.balance(Account::Tenant(TenantId(0))).run, Money(-100_000));
    }
}
