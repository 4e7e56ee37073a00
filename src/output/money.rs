//! Who paid whom within the measured window, out of the books.

use super::summarise::{KILOGRAMS, KILOWATT_HOURS, per_gpu_hour, yuan};
use super::summary::{Carbon, MoneyFlows, Named, ResourceCost, SiteMoney, TenantMoney};
use crate::model::{GovernmentId, LevyId, Model, QuotaId, SiteId, SubsidyId, TenantGroupId};
use crate::rules::ledger::{Holder, Ledger};
use crate::world::records::{Account, Purpose, Totals};

/// Sums the books by payer and payee, and the resource cost, which is what the compute costs whoever pays it.
pub(super) fn flows(model: &Model, ledger: &Ledger, totals: &Totals) -> MoneyFlows {
    let books = Books { model, ledger };
    let groups = |keep: &dyn Fn(TenantGroupId) -> bool| books.tenants(model.tenants.ids().filter(|id| keep(*id)));
    let public = books.sum(subsidies(model).map(Purpose::Subsidy));
    let transfer = books.sum([Purpose::Transfer]);
    let held = totals.pools.iter().map(|pool| pool.gpu_time.held).sum();
    let capital: i128 = totals.sites.iter().map(|site| i128::from(site.capital.0)).sum();
    let energy: i128 = totals.sites.iter().map(|site| i128::from(site.energy_cost.0)).sum();
    let of_region = |region| groups(&|id| model.tenants[id].region == region);
    MoneyFlows {
        tenants: groups(&|_| true),
        by_region: model.regions.entries().map(|(id, region)| (region.name.clone(), of_region(id))).collect(),
        by_tenant: model.tenants.entries().map(|(id, group)| (group.name.clone(), groups(&|other| other == id))).collect(),
        by_government: model.governments.entries().map(|(id, payer)| (payer.name.clone(), books.government(id))).collect(),
        by_site: books.sites(totals),
        public_cny: yuan(public),
        public_cny_per_gpu_hour: per_gpu_hour(public, held),
        levies_cny: yuan(books.sum(levies(model).map(Purpose::Levy))),
        fines_cny: yuan(books.sum(model.quotas.ids().map(Purpose::Fine))),
        outside_cny: yuan(books.sum([Purpose::Outside])),
        resource_cost: ResourceCost {
            total_cny: yuan(capital + energy + transfer),
            capital_cny: yuan(capital),
            energy_cny: yuan(energy),
            transfer_cny: yuan(transfer),
        },
    }
}

/// The books of a run, read for its window; amounts in micro-yuan.
#[derive(Clone, Copy)]
struct Books<'a> {
    model: &'a Model,
    ledger: &'a Ledger,
}

impl Books<'_> {
    /// Sums what moved for some purposes.
    fn sum(self, purposes: impl IntoIterator<Item = Purpose>) -> i128 {
        purposes.into_iter().map(|purpose| i128::from(self.ledger.turnover(purpose).window.0)).sum()
    }
    /// Returns what a holder got less what it paid, for one purpose.
    fn net(self, holder: Holder, purpose: Purpose) -> i128 {
        self.ledger.receipts(holder, purpose).window.0.into()
    }
    fn tenants(self, groups: impl Iterator<Item = TenantGroupId>) -> TenantMoney {
        let (mut charged, mut subsidised) = (0, 0);
        for group in groups {
            for purpose in purposes(self.model) {
                let net = self.net(Holder::Tenants(group), purpose);
                match purpose {
                    Purpose::Subsidy(_) | Purpose::PassThrough(_) => subsidised += net,
                    _ => charged -= net,
                }
            }
        }
        TenantMoney { charged_cny: yuan(charged), subsidies_cny: yuan(subsidised), net_cny: yuan(charged - subsidised) }
    }
    fn government(self, government: GovernmentId) -> f64 {
        let holder = Holder::Other(Account::Government(government));
        yuan(-subsidies(self.model).map(|subsidy| self.net(holder, Purpose::Subsidy(subsidy))).sum::<i128>())
    }
    fn sites(self, totals: &Totals) -> Named<SiteMoney> {
        let of_site = |id: SiteId| {
            let nets = purposes(self.model).map(|purpose| self.net(Holder::Other(Account::Site(id)), purpose));
            let (received, paid) = nets.fold((0, 0), |(received, paid), net| (received + net.max(0), paid - net.min(0)));
            let site = &totals.sites[id];
            SiteMoney {
                received_cny: yuan(received),
                paid_cny: yuan(paid),
                capital_cny: yuan(site.capital.0.into()),
                energy_kwh: site.energy_mj as f64 * KILOWATT_HOURS,
                carbon_kg: Carbon { location: site.carbon_location_mg as f64 * KILOGRAMS, market: site.carbon_market_mg as f64 * KILOGRAMS },
            }
        };
        self.model.sites.entries().map(|(id, site)| (site.name.clone(), of_site(id))).collect()
    }
}

fn subsidies(model: &Model) -> impl Iterator<Item = SubsidyId> + use<> {
    model.subsidies.ids()
}

fn levies(model: &Model) -> impl Iterator<Item = LevyId> + use<> {
    model.levies.ids()
}

/// Lists everything that money moves for.
fn purposes(model: &Model) -> impl Iterator<Item = Purpose> + use<> {
    let fines = model.quotas.ids().map(|quota: QuotaId| Purpose::Fine(quota));
    [Purpose::Compute, Purpose::MeteredEnergy, Purpose::SiteEnergy, Purpose::Transfer, Purpose::Outside]
        .into_iter()
        .chain(subsidies(model).flat_map(|subsidy| [Purpose::Subsidy(subsidy), Purpose::PassThrough(subsidy)]))
        .chain(levies(model).flat_map(|levy| [Purpose::Levy(levy), Purpose::LevyPassThrough(levy)]))
        .chain(fines)
}
