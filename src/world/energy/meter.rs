//! The meters of all sites: power that changes at events, integrated without drift.

use super::curve::Curve;
use super::rates::{Amounts, SiteRates, Terms};
use crate::base::{Column, Money, MoneyOverflow, Power, Ratio, Time};
use crate::model::{Calendar, Grid, GridId, Site, SiteId, Tariff, TariffId};
use std::sync::Arc;

/// Millijoules in one kWh.
const MJ_PER_KWH: i128 = 3_600_000_000;

/// Nanojoules (mW·µs) in one millijoule.
const NJ_PER_MJ: u64 = 1_000_000;

/// The meters of all sites. A change of power costs one multiplication; only when a price or a carbon factor has changed in between
/// is the time before settled at the old one.
#[derive(Clone, Debug)]
pub struct Meter {
    calendar: Calendar,
    tariffs: Column<TariffId, Arc<Curve>>,
    grids: Column<GridId, Arc<Curve>>,
    sites: Column<SiteId, SiteMeter>,
}

/// Energy at the meter (IT power × PUE) with its cost and carbon, each rounded once, half to even.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Consumption {
    /// Metered energy in millijoules.
    pub energy_mj: u128,
    /// Its cost at the tariff of the time when it was used.
    pub cost: Money,
    /// Carbon by location in milligrams.
    pub carbon_location_mg: u128,
    /// Carbon by contract in milligrams: the green share is netted off.
    pub carbon_market_mg: u128,
}

#[derive(Clone, Debug)]
struct SiteMeter {
    power_mw: u64,
    /// Up to when `work` counts.
    since: Time,
    /// When price or carbon change next.
    until: Time,
    /// IT energy (mW·µs) that is not settled yet; all of it was used at the rates of `since`.
    work: i128,
    settled: Amounts,
    rates: SiteRates,
    tariff: TariffId,
    grid: GridId,
    window: Window,
    /// What bills have said so far; they follow the exact sum, so that their roundings do not add up.
    billed: Consumption,
}

/// Sums at the ends of the measured window.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    opened: Amounts,
    closed: Option<Amounts>,
}

impl Meter {
    /// Installs a meter at every site; all power is zero.
    pub fn new(calendar: Calendar, tariffs: &Column<TariffId, Tariff>, grids: &Column<GridId, Grid>, sites: &Column<SiteId, Site>) -> Self {
        let curve = |series| Arc::new(Curve::new(series, &calendar));
        let tariffs: Column<TariffId, _> = tariffs.iter().map(|tariff| curve(&tariff.prices)).collect();
        let grids: Column<GridId, _> = grids.iter().map(|grid| curve(&grid.carbon)).collect();
        let sites = sites.iter().map(|site| SiteMeter::new(site, terms(site, &tariffs, &grids))).collect();
        Self { calendar, tariffs, grids, sites }
    }
    /// Changes the IT power of a site by so many milliwatts from `now` on. *O*(1), and *O*(log steps) where rates have changed.
    pub fn set_power(&mut self, site: SiteId, now: Time, change_mw: i64) {
        let meter = &mut self.sites[site];
        meter.run_to(now);
        meter.power_mw = meter.power_mw.checked_add_signed(change_mw).expect("power that is switched off was on");
    }
    /// Returns the IT power of a site.
    pub fn power(&self, site: SiteId) -> Power {
        Power(self.sites[site].power_mw)
    }
    /// Returns what some IT power is at a site's meter, rounded up: a limit in whole milliwatts is kept exactly.
    pub fn metered(&self, site: SiteId, power: Power) -> Power {
        let product = u128::from(power.0) * u128::from(self.sites[site].rates.terms().pue.0);
        Power(u64::try_from(product.div_ceil(u128::from(Ratio::SCALE))).unwrap_or(u64::MAX))
    }
    /// Returns the metered power of a site.
    pub fn metered_power(&self, site: SiteId) -> Power {
        self.metered(site, self.power(site))
    }
    /// Returns the price of a site's energy over time (micro-yuan per kWh).
    pub fn price(&self, site: SiteId) -> &Curve {
        &self.sites[site].rates.terms().price
    }
    /// Returns the carbon intensity of a site's grid over time (milligrams of CO₂ per kWh).
    pub fn carbon(&self, site: SiteId) -> &Curve {
        &self.sites[site].rates.terms().carbon
    }

    /// Begins the measured window. *O*(sites).
    pub fn open_window(&mut self, now: Time) {
        for meter in self.sites.iter_mut() {
            meter.run_to(now);
            meter.window = Window { opened: meter.total(), closed: None };
        }
    }
    /// Ends the measured window. *O*(sites).
    pub fn close_window(&mut self, now: Time) {
        for meter in self.sites.iter_mut() {
            meter.run_to(now);
            meter.window.closed = Some(meter.total());
        }
    }
    /// Brings all meters to `now`, for reading at the end of a run. *O*(sites).
    pub fn advance(&mut self, now: Time) {
        self.sites.iter_mut().for_each(|meter| meter.run_to(now));
    }
    /// Returns what a site has used within the measured window, as far as it was read.
    pub fn in_window(&self, site: SiteId) -> Result<Consumption, MoneyOverflow> {
        let meter = &self.sites[site];
        consumption(meter.window.closed.unwrap_or_else(|| meter.total()).since(meter.window.opened))
    }
    /// Returns what a site has used over the whole run, as far as it was read.
    pub fn in_run(&self, site: SiteId) -> Result<Consumption, MoneyOverflow> {
        consumption(self.sites[site].total())
    }
    /// Reads a site's meter and returns what it has used since the last bill. The sum of all bills is what [`Meter::in_run`] says.
    pub fn bill(&mut self, site: SiteId, now: Time) -> Result<Consumption, MoneyOverflow> {
        let meter = &mut self.sites[site];
        meter.run_to(now);
        let (total, billed) = (consumption(meter.total())?, meter.billed);
        meter.billed = total;
        Ok(Consumption {
            energy_mj: total.energy_mj - billed.energy_mj,
            cost: total.cost.minus(billed.cost)?,
            carbon_location_mg: total.carbon_location_mg - billed.carbon_location_mg,
            carbon_market_mg: total.carbon_market_mg - billed.carbon_market_mg,
        })
    }

    /// Returns what so much IT power uses at a site from `from` to `to`, at the settings of that time: a job's own share.
    /// Beyond now the current settings are assumed to stay. *O*(log steps).
    pub fn share(&self, site: SiteId, power: Power, from: Time, to: Time) -> Result<Consumption, MoneyOverflow> {
        let mut amounts = Amounts::default();
        amounts.add_power(power.0, self.sites[site].rates.integrals(from, to));
        consumption(amounts)
    }
    /// Estimates what so much IT power would use at a site from `from` (not before now) to `to` under its current settings: metered energy in
    /// millijoules, and its cost at the mean price of that time. Rounded down twice: for those who compare sites, not for the books.
    pub fn expected(&self, site: SiteId, power: Power, from: Time, to: Time) -> (u64, Money) {
        let terms = self.sites[site].rates.terms();
        let duration = to.since(from).0;
        if duration == 0 {
            return (0, Money::ZERO);
        }
        let energy_mj = product_over(product_over(power.0, duration, NJ_PER_MJ), terms.pue.0, Ratio::SCALE);
        let integral = terms.price.integral(from, to);
        let mean_price = match (u64::try_from(integral), i64::try_from(duration)) {
            (Ok(integral), Ok(_)) => integral / duration,
            _ => u64::try_from(integral / i128::from(duration)).unwrap_or(0),
        };
        (energy_mj, Money(i64::try_from(product_over(energy_mj, mean_price, MJ_PER_KWH as u64)).unwrap_or(i64::MAX)))
    }

    /// Takes over a site's PUE, green share, tariff and grid from `now` on.
    pub fn set_site(&mut self, now: Time, site: SiteId, settings: &Site) {
        let meter = &mut self.sites[site];
        (meter.tariff, meter.grid) = (settings.tariff, settings.grid);
        meter.change(now, terms(settings, &self.tariffs, &self.grids));
    }
    /// Replaces a tariff from `now` on. *O*(sites).
    pub fn set_tariff(&mut self, now: Time, id: TariffId, tariff: &Tariff) {
        let price = Arc::new(Curve::new(&tariff.prices, &self.calendar));
        self.tariffs[id] = Arc::clone(&price);
        for meter in self.sites.iter_mut().filter(|meter| meter.tariff == id) {
            let terms = Terms { price: Arc::clone(&price), ..meter.rates.terms().clone() };
            meter.change(now, terms);
        }
    }
    /// Replaces the carbon of a grid from `now` on. *O*(sites).
    pub fn set_grid(&mut self, now: Time, id: GridId, grid: &Grid) {
        let carbon = Arc::new(Curve::new(&grid.carbon, &self.calendar));
        self.grids[id] = Arc::clone(&carbon);
        for meter in self.sites.iter_mut().filter(|meter| meter.grid == id) {
            let terms = Terms { carbon: Arc::clone(&carbon), ..meter.rates.terms().clone() };
            meter.change(now, terms);
        }
    }
}

impl SiteMeter {
    fn new(site: &Site, terms: Terms) -> Self {
        let rates = SiteRates::new(terms);
        Self {
            power_mw: 0,
            since: Time::ZERO,
            until: rates.next_step_after(Time::ZERO),
            work: 0,
            settled: Amounts::default(),
            rates,
            tariff: site.tariff,
            grid: site.grid,
            window: Window::default(),
            billed: Consumption::default(),
        }
    }
    /// Counts the power up to `now`.
    fn run_to(&mut self, now: Time) {
        if now < self.until {
            self.work += i128::from(self.power_mw) * i128::from(now.since(self.since).0);
            self.since = now;
        } else {
            self.settle(now);
        }
    }
    /// Settles everything up to `now` and looks up what holds from then on. A long silence costs no more than a short one.
    fn settle(&mut self, now: Time) {
        let step = self.until.min(now);
        self.work += i128::from(self.power_mw) * i128::from(step.since(self.since).0);
        self.settled.add_work(self.work, self.rates.factors_at(self.since));
        if step < now {
            self.settled.add_power(self.power_mw, self.rates.integrals(step, now));
        }
        self.work = 0;
        self.since = now;
        self.until = self.rates.next_step_after(now);
    }
    fn change(&mut self, now: Time, terms: Terms) {
        self.settle(now);
        self.rates.change(now, terms);
        self.until = self.rates.next_step_after(now);
    }
    /// Returns the exact sums up to `since`.
    fn total(&self) -> Amounts {
        let mut total = self.settled;
        total.add_work(self.work, self.rates.factors_at(self.since));
        total
    }
}

fn terms(site: &Site, tariffs: &Column<TariffId, Arc<Curve>>, grids: &Column<GridId, Arc<Curve>>) -> Terms {
    Terms { pue: site.pue, green_share: site.green_share, price: Arc::clone(&tariffs[site.tariff]), carbon: Arc::clone(&grids[site.grid]) }
}

/// Returns a × b ÷ c, rounded down; saturates. Narrow products are divided in one instruction.
fn product_over(a: u64, b: u64, c: u64) -> u64 {
    match a.checked_mul(b) {
        Some(product) => product / c,
        None => u64::try_from(u128::from(a) * u128::from(b) / u128::from(c)).unwrap_or(u64::MAX),
    }
}

fn money(amounts: Amounts) -> Result<Money, MoneyOverflow> {
    i64::try_from(amounts.cost.rounded(MJ_PER_KWH)).map(Money).map_err(|_| MoneyOverflow)
}

fn consumption(amounts: Amounts) -> Result<Consumption, MoneyOverflow> {
    let positive = |value: i128| u128::try_from(value).expect("powers and carbon factors are not negative");
    Ok(Consumption {
        energy_mj: positive(amounts.energy.rounded(1)),
        cost: money(amounts)?,
        carbon_location_mg: positive(amounts.location.rounded(MJ_PER_KWH)),
        carbon_market_mg: positive(amounts.market.rounded(MJ_PER_KWH * i128::from(Ratio::SCALE))),
    })
}

#[cfg(test)]
mod tests;
