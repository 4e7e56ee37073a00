//! What a GPU-hour costs a kind of job at each pool, at the least: the ways of the programs.

use super::lives::{Lives, Range};
use super::program::Way;
use super::subsidised::{Bases, Payment, Terms, together};
use crate::base::Ratio;
use crate::model::{Class, ClassId, DataId, Model, PoolId, TenantGroupId};
use crate::rules::matching::{ChipAccess, MatchTable, Subject};
use crate::rules::quota::QuotaTree;
use crate::world::network::Routes;
use crate::world::quote::job_power;
use crate::world::reach::Reach;

/// What jobs have in common that may run in the same places at the same cost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Kind {
    pub(super) group: TenantGroupId,
    pub(super) class: ClassId,
    pub(super) data: Option<DataId>,
    pub(super) gpus: u32,
}

/// The ways of a kind, one list for each objective.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Ways {
    pub(super) cost: Vec<Way>,
    pub(super) carbon_location: Vec<Way>,
    pub(super) carbon_market: Vec<Way>,
    /// The most work per second in any pool; zero: it can run nowhere.
    pub(super) best_rate: Ratio,
    /// Whether subsidies of transfers may pay more than transfers cost, so that the cost has no bound.
    pub(super) pays_for_transfers: bool,
}

/// Works out ways, with what it takes of every state of the scenario.
pub(super) struct Surveyor<'a> {
    lives: &'a Lives,
    states: Vec<State<'a>>,
}

/// The rules and routes of one state.
struct State<'a> {
    model: &'a Model,
    tree: QuotaTree,
    table: MatchTable,
    routes: Routes,
    reach: Reach,
    prices: Vec<Range>,
    carbon: Vec<Range>,
}

/// A pool as one kind of job finds it, in all states together.
#[derive(Clone, Debug)]
struct Place {
    rate: Ratio,
    price: Range,
    /// Energy of a GPU-hour that computes, at the meter, in kWh and in yuan.
    kwh: Range,
    energy: Range,
    metered: bool,
    capital: Range,
    carbon_location: f64,
    carbon_market: f64,
    payments: Vec<Payment>,
}

impl<'a> Surveyor<'a> {
    pub(super) fn new(lives: &'a Lives) -> Self {
        let state = |model: &'a Model| {
            let regions = model.regions.iter().map(|region| region.node);
            State {
                model,
                tree: QuotaTree::new(model),
                table: MatchTable::new(model),
                routes: Routes::new(&model.network, regions, model.sites.iter().map(|site| site.node)),
                reach: Reach::new(model),
                prices: model.tariffs.iter().map(|tariff| lives.range(&tariff.prices)).collect(),
                carbon: model.grids.iter().map(|grid| lives.range(&grid.carbon)).collect(),
            }
        };
        Self { lives, states: lives.models.iter().map(state).collect() }
    }
    /// Works out the ways of a kind. *O*(states × pools × subsidies).
    pub(super) fn ways(&mut self, kind: Kind) -> Ways {
        let pools: Vec<PoolId> = self.lives.models[0].pools.ids().collect();
        let mut places: Vec<Option<Place>> = vec![None; pools.len()];
        for state in &mut self.states {
            for (pool, place) in pools.iter().zip(&mut places) {
                if let Some(found) = state.place(self.lives, kind, *pool) {
                    match place {
                        Some(place) => place.join(found),
                        None => *place = Some(found),
                    }
                }
            }
        }
        // A claim keeps the rate of the pool where it was made while its job goes on elsewhere.
        let most = |payment: &Payment| {
            let all = || places.iter().flatten();
            let same = |other: &&Payment| (other.subsidy, other.base) == (payment.subsidy, payment.base);
            let terms = all().flat_map(|place| &place.payments).filter(same).map(|other| other.terms);
            let least = all().map(|place| place.bases().least(payment.base)).fold(f64::INFINITY, f64::min);
            Payment { terms: terms.fold(payment.terms, Terms::better), ..*payment }.within(least)
        };
        let best: Vec<Vec<Payment>> = (places.iter()).map(|place| place.iter().flat_map(|place| &place.payments).map(most).collect()).collect();
        let mut ways = Ways { cost: vec![], carbon_location: vec![], carbon_market: vec![], best_rate: Ratio::ZERO, pays_for_transfers: false };
        for (pool, (place, payments)) in places.iter().zip(&best).enumerate() {
            let Some(place) = place else { continue };
            ways.best_rate = ways.best_rate.max(place.rate);
            let rate = place.rate.as_f64();
            let plain = |cost: f64| Way { pool, rate, cost, idle_cost: 0.0, claims: Vec::new() };
            ways.carbon_location.push(plain(place.carbon_location));
            ways.carbon_market.push(plain(place.carbon_market));
            let bases = place.bases();
            for chosen in together(self.lives, payments) {
                let paid = bases.less(&chosen);
                ways.pays_for_transfers |= paid.pays_for_transfers;
                ways.cost.push(Way { pool, rate, cost: paid.cost, idle_cost: paid.idle_cost, claims: paid.claims });
            }
        }
        ways
    }
}

impl State<'_> {
    fn place(&mut self, lives: &Lives, kind: Kind, id: PoolId) -> Option<Place> {
        let model = self.model;
        let (pool, class) = (&model.pools[id], &model.classes[kind.class]);
        let site = &model.sites[pool.site];
        let region = model.tenants[kind.group].region;
        let row = self.reach.row(model, &self.routes, region, kind.class, kind.data);
        let candidate = self.reach.candidate(row, id)?;
        // A gang may be larger than the pool only if another pool takes a part of it.
        if u64::from(kind.gpus) > lives.gpus(id) && class.split.is_empty() {
            return None;
        }
        self.table.prepare(model, &self.tree, kind.group, kind.class);
        let found = self.table.lookup(&Subject { group: kind.group, class: kind.class, pool: id, gpus: kind.gpus });
        if matches!(&found.access, ChipAccess::Under(rules) if rules.is_empty()) {
            return None;
        }
        // A part of a gang bears a share of the hosts that is rounded down; one GPU's share is rounded down most.
        let gang = if class.split.is_empty() { kind.gpus } else { 1 };
        let per_gpu = job_power(model, id, gang).0 as f64 / f64::from(gang.max(1));
        let kwh = per_gpu * 1e-6 * site.pue.as_f64();
        let (tariff, grid) = (self.prices[site.tariff.0 as usize], self.carbon[site.grid.0 as usize]);
        let location = grid.least * 1e-6 * kwh;
        let payments = found.subsidies.iter().map(|eligible| Payment::new(model, *eligible, lives.changes_subsidy(eligible.subsidy))).collect();
        Some(Place {
            rate: candidate.rate.times(best_spread(class, kind.gpus, pool.gpus_per_node)).times(best_split(class)),
            price: Range::of(pool.price.as_yuan_f64()),
            kwh: Range::of(kwh),
            energy: tariff.times(1e-6 * kwh),
            metered: pool.metered,
            capital: Range::of(pool.capital.as_yuan_f64() * 3.6e9 / pool.life.0.max(1) as f64),
            carbon_location: location,
            carbon_market: location * (1.0 - site.green_share.as_f64()).max(0.0),
            payments,
        })
    }
}

impl Place {
    fn join(&mut self, other: Self) {
        self.rate = self.rate.max(other.rate);
        self.price.join(other.price);
        self.kwh.join(other.kwh);
        self.energy.join(other.energy);
        self.metered &= other.metered;
        self.capital.join(other.capital);
        self.carbon_location = self.carbon_location.min(other.carbon_location);
        self.carbon_market = self.carbon_market.min(other.carbon_market);
        for payment in other.payments {
            match self.payments.iter_mut().find(|known| known.subsidy == payment.subsidy && known.base == payment.base) {
                Some(known) => known.join(payment),
                None => self.payments.push(payment),
            }
        }
    }
    fn bases(&self) -> Bases {
        Bases { compute: self.price, energy: self.energy, kwh: self.kwh, charges_energy: self.metered, capital: self.capital }
    }
}

/// Returns the best efficiency of a gang over as few nodes as it fits on, or over more.
fn best_spread(class: &Class, gpus: u32, gpus_per_node: u32) -> Ratio {
    let fewest = if class.split.is_empty() { gpus.div_ceil(gpus_per_node.max(1)) } else { 1 };
    let over_more = class.spread.iter().filter(|(from, _)| *from > fewest).map(|(_, efficiency)| *efficiency);
    over_more.fold(class.spread_efficiency(fewest), Ratio::max)
}

/// Returns the best efficiency of a gang that may be split, or is not.
fn best_split(class: &Class) -> Ratio {
    class.split.iter().map(|(_, efficiency)| *efficiency).fold(Ratio::ONE, Ratio::max)
}
