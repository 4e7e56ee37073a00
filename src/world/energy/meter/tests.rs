//! Meters against the cases that were worked by hand, and against a slow integral.

use super::*;
use crate::base::time::{MICROS_PER_DAY, MICROS_PER_HOUR};
use crate::base::{Id, Span};
use crate::model::{Admission, CityId, DayPrices, NodeId, Owner, PoolId, ProvinceId, Series, Side};
use jiff::civil::datetime;

const HOUR: u64 = MICROS_PER_HOUR;

fn site(pue: u64, green_share: u64, grid: u32) -> Site {
    Site {
        name: "s".into(),
        name_zh: None,
        node: NodeId(0),
        province: ProvinceId(0),
        city: CityId(0),
        hub: None,
        side: Side::West,
        owner: Owner::State,
        pue: Ratio(pue),
        green_share: Ratio(green_share),
        power_limit: None,
        cache: None,
        tariff: TariffId(0),
        grid: GridId(grid),
        admission: Admission { limit: None, loss: false },
        first_pool: PoolId(0),
        pool_count: 0,
    }
}

fn daily(steps: &[(u64, i64)]) -> Series {
    let day = DayPrices(steps.iter().map(|(hour, value)| (hour * HOUR, *value)).collect());
    Series::Daily(Box::new(std::array::from_fn(|_| day.clone())))
}

fn tariff(prices: Series) -> Tariff {
    Tariff { name: "t".into(), prices }
}

fn grid(carbon: i64) -> Grid {
    Grid { name: "g".into(), carbon: Series::constant(carbon) }
}

fn meter(start_hour: i8, prices: Series, carbon: &[i64], sites: Vec<Site>) -> Meter {
    let calendar = Calendar { start: datetime(2025, 6, 1, start_hour, 0, 0, 0), utc_offset_s: 8 * 3600 };
    let tariffs = [tariff(prices)].into_iter().collect();
    let grids = carbon.iter().map(|carbon| grid(*carbon)).collect();
    Meter::new(calendar, &tariffs, &grids, &sites.into_iter().collect())
}

/// `tariff-span` of the known answers: 4 GPUs of 0.5 kW from 20:00 to 02:30 over three bands.
#[test]
fn a_span_over_three_bands_and_midnight_costs_what_the_hand_says() {
    let bands = daily(&[(0, 40_000), (6, 0), (20, 100_000), (22, 50_000)]);
    let mut meter = meter(20, bands, &[0], vec![site(1_000_000, 0, 0)]);
    let (site, start, end) = (SiteId(0), Time::ZERO, Time(6 * HOUR + HOUR / 2));
    meter.set_power(site, start, 2_000_000);
    meter.set_power(site, end, -2_000_000);
    let used = meter.in_run(site).unwrap();
    assert_eq!(used.energy_mj, 13 * 3_600_000_000);
    assert_eq!(used.cost, Money(800_000));
    assert_eq!(meter.share(site, Power(2_000_000), start, end).unwrap(), used);
    // An estimate is rounded down: by less than a millijoule, and by less than a micro-yuan per kWh.
    let (energy_mj, cost) = meter.expected(site, Power(2_000_000), start, end);
    assert!(used.energy_mj - u128::from(energy_mj) <= 1);
    assert!((0..=14).contains(&(used.cost.0 - cost.0)), "{cost:?} for {:?}", used.cost);
}

/// The routes of domain.md: the way of accounting decides the sign.
#[test]
fn carbon_of_moving_west_by_both_methods() {
    let sites = vec![
        site(1_300_000, 0, 0),       // Shanghai
        site(1_250_000, 0, 1),       // Tianfu
        site(1_350_000, 0, 2),       // Beijing
        site(1_150_000, 845_700, 3), // Horinger
    ];
    let meter = meter(0, Series::constant(0), &[584_900, 140_400, 558_000, 684_900], sites);
    let used = |site: u32| meter.share(SiteId(site), Power(1_000_000), Time::ZERO, Time(1_000 * HOUR)).unwrap();
    let change = |from: u128, to: u128| (to as f64 / from as f64 - 1.0) * 100.0;
    let by_location = |from, to| change(used(from).carbon_location_mg, used(to).carbon_location_mg);
    assert!((by_location(0, 1) + 77.0).abs() < 0.5, "{}", by_location(0, 1));
    assert!((by_location(2, 3) - 4.6).abs() < 0.05, "{}", by_location(2, 3));
    let by_market = change(used(2).carbon_market_mg, used(3).carbon_market_mg);
    assert!((by_market + 84.0).abs() < 0.5, "{by_market}");
    // 1 MWh of IT at Horinger: 1150 kWh × 0.6849 kg, and 15.43 % of it (a half, rounded to even).
    assert_eq!((used(3).carbon_location_mg, used(3).carbon_market_mg), (787_635_000, 121_532_080));
}

#[test]
fn metered_power_is_rounded_up_for_limits() {
    let mut meter = meter(0, Series::constant(0), &[0], vec![site(1_150_001, 0, 0)]);
    meter.set_power(SiteId(0), Time::ZERO, 1_000);
    assert_eq!(meter.metered_power(SiteId(0)), Power(1_151));
    assert_eq!(meter.metered(SiteId(0), Power(1_000_000)), Power(1_150_001));
}

/// Two sites whose power jumps at odd instants, a price by the hour, and settings that change twice: against the sum over pieces.
#[test]
fn irregular_power_under_changing_settings_is_exact() {
    let prices = daily(&[(0, 333_333), (7, 777_777), (11, -50_001), (22, 333_333)]);
    let mut meter = meter(5, prices, &[584_901, 140_403], vec![site(1_234_567, 123_456, 0), site(1_111_111, 0, 1)]);
    let (first, step) = (SiteId(0), 7 * HOUR / 3 + 1);
    let (mut power, mut pieces, mut billed) = (0_u64, Vec::new(), Consumption::default());
    for k in 0..400_u64 {
        let now = Time(k * step);
        match k {
            100 => meter.set_site(now, first, &site(1_400_000, 500_000, 1)),
            200 => meter.set_tariff(now, TariffId(0), &tariff(daily(&[(0, 100_003), (9, 900_001)]))),
            300 => meter.set_grid(now, GridId(1), &grid(1)),
            _ => {}
        }
        let next = 1_000_003 * (k * k % 17);
        meter.set_power(first, now, next as i64 - power as i64);
        power = next;
        pieces.push((power, now, Time(now.0 + step)));
        if k % 50 == 49 {
            let bill = meter.bill(first, now).unwrap();
            billed.energy_mj += bill.energy_mj;
            billed.cost = billed.cost.plus(bill.cost).unwrap();
        }
    }
    let end = Time(400 * step);
    let last = meter.bill(first, end).unwrap();
    let total = meter.in_run(first).unwrap();
    assert_eq!(billed.energy_mj + last.energy_mj, total.energy_mj);
    assert_eq!(billed.cost.plus(last.cost).unwrap(), total.cost);
    // Each piece is rounded, so that the sum may be off by half a unit a piece.
    let mut sum = (0_u128, 0_i64, 0_u128, 0_u128);
    for (power, from, to) in pieces {
        let share = meter.share(first, Power(power), from, to).unwrap();
        sum = (sum.0 + share.energy_mj, sum.1 + share.cost.0, sum.2 + share.carbon_location_mg, sum.3 + share.carbon_market_mg);
    }
    assert!(sum.0.abs_diff(total.energy_mj) <= 200, "{sum:?} {total:?}");
    assert!(sum.1.abs_diff(total.cost.0) <= 200, "{sum:?} {total:?}");
    assert!(sum.2.abs_diff(total.carbon_location_mg) <= 200, "{sum:?} {total:?}");
    assert!(sum.3.abs_diff(total.carbon_market_mg) <= 200, "{sum:?} {total:?}");
}

#[test]
fn a_share_over_a_change_of_settings_uses_each_at_its_time() {
    let mut meter = meter(0, Series::constant(500_000), &[1_000_000], vec![site(1_000_000, 0, 0)]);
    meter.set_site(Time(HOUR), SiteId(0), &site(2_000_000, 500_000, 0));
    let share = meter.share(SiteId(0), Power(1_000_000), Time::ZERO, Time(2 * HOUR)).unwrap();
    assert_eq!(share.energy_mj, 3 * 3_600_000_000);
    assert_eq!(share.cost, Money(1_500_000));
    assert_eq!((share.carbon_location_mg, share.carbon_market_mg), (3_000_000, 2_000_000));
}

#[test]
fn the_window_cuts_at_its_ends() {
    let mut meter = meter(0, daily(&[(0, 1_000_000), (1, 2_000_000)]), &[0], vec![site(1_500_000, 0, 0)]);
    let site = SiteId(0);
    meter.set_power(site, Time::ZERO, 1_000_000);
    meter.open_window(Time(HOUR / 2));
    meter.set_power(site, Time(HOUR), 1_000_000);
    meter.close_window(Time(2 * HOUR));
    meter.set_power(site, Time(3 * HOUR), -2_000_000);
    meter.advance(Time(4 * HOUR));
    // 0.5 kWh at 1 yuan and 2 kWh at 2 yuan, times PUE.
    assert_eq!(meter.in_window(site).unwrap().cost, Money(6_750_000));
    assert_eq!(meter.in_window(site).unwrap().energy_mj, 3_750 * 3_600_000);
    assert_eq!(meter.in_run(site).unwrap().energy_mj, 7_500 * 3_600_000);
}

#[test]
fn decades_of_a_huge_site_do_not_overflow_before_the_result_does() {
    // 50 GW at 3 yuan per kWh over 20 years, in one piece: 26 trillion yuan, more than money holds; energy and carbon fit.
    let mut meter = meter(0, Series::constant(3_000_000), &[800_000], vec![site(1_200_000, 0, 0)]);
    meter.set_power(SiteId(0), Time::ZERO, 50_000_000_000_000);
    let years = Span(20 * 365 * MICROS_PER_DAY);
    meter.advance(Time::ZERO + years);
    assert_eq!(meter.in_run(SiteId(0)), Err(MoneyOverflow));
    meter.set_tariff(Time::ZERO + years, TariffId::from_index(0), &tariff(Series::constant(0)));
    let half = meter.share(SiteId(0), Power(5_000_000_000_000), Time::ZERO, Time::ZERO + years).unwrap();
    assert_eq!(half.cost, Money(3_153_600_000_000_000_000));
    assert_eq!(half.carbon_location_mg, 840_960_000_000_000_000);
}
