//! The programmes of `domain.md` 8.4 and the `sub-*` cases as known answers, each lifecycle step, and properties of any sequence.

use super::*;
use crate::base::Ratio;
use crate::model::{
    Allocate, Apply, Budget, Cap, CapScope, ClassId, Covers, GovernmentId, Matcher, OnShort, PoolId, RateTier, Setting, Stack, StackMode,
    SubsidyRate, Supply, TenantGroupId,
};
use crate::rules::records::{Account, Purpose};
use crate::rules::testing::{self, hour};
use crate::rules::{Part, Rules, RunBounds, Start};
use proptest::prelude::*;

const TENANT: TenantId = TenantId(0);

/// A model with its rules, and jobs by their (pool, tenant).
struct World {
    model: Model,
    rules: Rules,
    jobs: u64,
}

impl World {
    fn new(model: Model) -> Self {
        let bounds = RunBounds { prorate_over: None, latest_end: Time::NEVER, window: (Time::ZERO, Time::NEVER) };
        let mut rules = Rules::new(&model, testing::SEED, bounds, true).unwrap();
        (0..2).for_each(|group| rules.prepare(&model, TenantGroupId(group), ClassId(0)));
        Self { model, rules, jobs: 0 }
    }
    fn with(subsidies: impl IntoIterator<Item = Subsidy>) -> Self {
        let mut model = testing::model();
        subsidies.into_iter().for_each(|subsidy| _ = model.subsidies.push(subsidy));
        Self::new(model)
    }
    fn start<'a>(&self, tenant: TenantId, now: Time, parts: &'a [Part]) -> Start<'a> {
        let group = self.model.group_of(tenant);
        let gpus = parts.iter().map(|part| part.gpus).sum();
        let (number, expected_end) = (self.jobs, now + Span::hours(1));
        Start { number, tenant, group, class: ClassId(0), priority: 0, gpus, parts, now, expected_end }
    }
    fn claim(&mut self, tenant: TenantId, pool: u32, now: Time, bases: Bases) -> Claims {
        self.jobs += 1;
        let parts = [Part { pool: PoolId(pool), gpus: 8, energy_mj: 0 }];
        let start = self.start(tenant, now, &parts);
        let expected = self.rules.expected(&self.model, &start, &[bases]).unwrap();
        let before: i64 = self.reserved();
        let claims = self.rules.claim(&self.model, &start, &[bases]).unwrap();
        let batch = self.model.subsidies.iter().any(|subsidy| subsidy.allocate != Allocate::FirstCome);
        assert!(batch || self.reserved() - before == expected.public.0, "what is expected is what is reserved");
        claims
    }
    fn settle(&mut self, claims: Claims, now: Time, bases: Bases) -> Money {
        self.rules.settle_claims(&self.model, claims, &[bases], now).unwrap()
    }
    /// Claims and settles at one instant what a contract of so many yuan gets.
    fn contract(&mut self, tenant: TenantId, pool: u32, now: Time, yuan: i64) -> i64 {
        let claims = self.claim(tenant, pool, now, compute(yuan));
        self.settle(claims, now, compute(yuan)).0 / Money::PER_YUAN
    }
    fn reserved(&self) -> i64 {
        self.rules.programmes.items.iter().flat_map(|item| &item.funds.funds).map(|fund| fund.reserved.0).sum()
    }
    fn fund(&self) -> fund::Fund {
        *self.rules.programmes.items[SubsidyId(0)].funds.current_fund()
    }
    fn totals(&self) -> SubsidyTotals {
        self.rules.subsidy_totals().unwrap()[SubsidyId(0)].clone()
    }
    fn balance(&self, account: Account) -> i64 {
        self.rules.ledger.balance(account).run.0
    }
    fn advance(&mut self, now: Time) {
        self.rules.advance(&self.model, now).unwrap();
    }
    /// All that undoing must restore, as text.
    fn state(&self) -> String {
        let items = self.rules.programmes.items.iter();
        let of = |item: &Programme| {
            let used = |accounts: &Accounts| (0..3).map(|entity| accounts.used(entity, self.rules.now)).collect::<Vec<_>>();
            format!("{:?} {:?} {:?}", item.funds.funds, item.totals, item.accounts.iter().flatten().map(used).collect::<Vec<_>>())
        };
        format!("{} {:?}", self.rules.eligible_for_several(), items.map(of).collect::<Vec<_>>())
    }
}

/// Bases of so many yuan of compute, over 1,000 GPU-hours.
fn compute(yuan: i64) -> Bases {
    Bases { compute: Money::yuan(yuan), gpu_us: 1000 * u128::from(crate::base::time::MICROS_PER_HOUR), ..Bases::default() }
}

fn cap(per: CapScope, yuan: i64, every: Option<Period>) -> Cap {
    Cap { per, amount: Money::yuan(yuan), every }
}

fn budgeted(rate: f64, yuan: i64, on_short: OnShort) -> Subsidy {
    Subsidy { budget: Some(testing::budget(yuan, Period::Year)), on_short, ..testing::subsidy("s", rate) }
}

/// Runs the jobs of the `sub-*` cases; returns what each is paid and what is left.
fn sub_case(on_short: OnShort) -> (Vec<i64>, i64) {
    let subsidy = Subsidy { caps: vec![cap(CapScope::Job, 75, None)], ..budgeted(0.3, 150, on_short) };
    let mut world = World::with([subsidy]);
    let costs = [100, 200, 50, 300, 40, 10];
    let paid = costs.into_iter().enumerate().map(|(at, cost)| world.contract(TENANT, 0, hour(at as u64), cost)).collect();
    (paid, world.fund().free.0 / Money::PER_YUAN)
}

/// Case `sub-partial`.
#[test]
fn the_last_claim_gets_what_is_left() {
    assert_eq!(sub_case(OnShort::Partial), (vec![30, 60, 15, 45, 0, 0], 0));
}

/// Case `sub-all-or-nothing-continue`.
#[test]
fn a_claim_that_does_not_fit_gets_nothing_and_later_ones_may_fit() {
    assert_eq!(sub_case(OnShort::AllOrNothing), (vec![30, 60, 15, 0, 12, 3], 30));
}

#[test]
fn a_programme_may_close_at_the_first_claim_that_does_not_fit() {
    assert_eq!(sub_case(OnShort::Close), (vec![30, 60, 15, 0, 0, 0], 45));
    let mut world = World::with([budgeted(0.3, 30, OnShort::Close)]);
    assert_eq!(world.contract(TENANT, 0, hour(1), 200), 0);
    let next_year = hour(365 * 24);
    world.advance(next_year);
    assert_eq!(world.contract(TENANT, 0, next_year, 100), 30);
    assert_eq!(world.totals().exhausted, [hour(1), next_year]);
    assert_eq!(world.totals().lapsed, Money::yuan(30));
}

/// HZ-2024: 30 % for domestic compute, 20 % otherwise, 8 M per tenant and year.
#[test]
fn hangzhou_pays_by_chip_up_to_its_cap() {
    let tier = |pools, rate| RateTier { matcher: Matcher { pools, ..Matcher::default() }, rate: Ratio::from_f64(rate) };
    let hangzhou = Subsidy {
        rate: SubsidyRate::Tiers(vec![tier(testing::pools(&[1, 3]), 0.3), tier(None, 0.2)]),
        caps: vec![cap(CapScope::Tenant, 8_000_000, Some(Period::Year))],
        budget: Some(testing::budget(250_000_000, Period::Year)),
        ..testing::subsidy("hangzhou", 0.0)
    };
    let pay = |pool, yuan| World::with([hangzhou.clone()]).contract(TENANT, pool, hour(0), yuan);
    assert_eq!((pay(1, 10_000_000), pay(0, 10_000_000), pay(1, 40_000_000)), (3_000_000, 2_000_000, 8_000_000));
}

/// BJ-2023: 20 %, 2 M per tenant and calendar year, one claim per contract, unaffiliated suppliers only.
#[test]
fn beijing_pays_each_firm_once_a_year_up_to_its_cap() {
    let matcher = Matcher { affiliated: Some(false), ..Matcher::default() };
    let beijing = Subsidy { caps: vec![cap(CapScope::Tenant, 2_000_000, Some(Period::Year))], matcher, ..testing::subsidy("beijing", 0.2) };
    let mut model = testing::model();
    model.tenants[TenantGroupId(1)].affiliates.push(SiteId(0));
    model.subsidies.push(beijing);
    let mut world = World::new(model);
    assert_eq!(world.contract(TENANT, 0, hour(1), 15_000_000), 2_000_000);
    assert_eq!(world.contract(TENANT, 0, hour(2), 15_000_000), 0);
    assert_eq!(world.contract(TenantId(1), 0, hour(2), 1_000_000), 200_000);
    assert_eq!((world.contract(TenantId(3), 0, hour(2), 10), world.contract(TenantId(3), 2, hour(2), 10)), (0, 2));
    let next_year = hour(365 * 24);
    world.advance(next_year);
    assert_eq!(world.contract(TENANT, 0, next_year, 15_000_000), 2_000_000);
    assert_eq!(world.totals().caps_hit, 3);
}

/// HN: AI centres from 100 P, 20 %, 1 M a year, province and city 1:1.
#[test]
fn henan_needs_a_hundred_petaflops_and_splits_the_payment() {
    let from_100_p = Matcher { site_pflops: Some((Ratio(100 * Ratio::SCALE), Ratio(u64::MAX))), ..Matcher::default() };
    let half = Ratio::from_f64(0.5);
    let henan = Subsidy {
        matcher: from_100_p,
        payers: vec![(GovernmentId(1), half), (GovernmentId(2), half)],
        caps: vec![cap(CapScope::Tenant, 1_000_000, Some(Period::Year))],
        budget: Some(testing::budget(50_000_000, Period::Year)),
        ..testing::subsidy("henan", 0.2)
    };
    let with_nodes = |nodes| {
        let mut model = testing::model();
        model.pools[PoolId(2)].nodes = nodes;
        model.subsidies.push(henan.clone());
        let mut world = World::new(model);
        (world.contract(TENANT, 2, hour(0), 6_000_000), world)
    };
    assert_eq!(with_nodes(10).0, 0, "80 P");
    let (paid, world) = with_nodes(15);
    assert_eq!(paid, 1_000_000, "120 P");
    for government in [GovernmentId(1), GovernmentId(2)] {
        assert_eq!(world.balance(Account::Government(government)), Money::yuan(-500_000).0);
    }
}

/// CD-2025: 60 %, 5 M per tenant and year, 100 M a year.
#[test]
fn chengdu_pays_twenty_firms_and_not_the_twenty_first() {
    let mut model = testing::model();
    model.tenants[TenantGroupId(1)].count = 30;
    model.subsidies.push(Subsidy {
        caps: vec![cap(CapScope::Tenant, 5_000_000, Some(Period::Year))],
        budget: Some(testing::budget(100_000_000, Period::Year)),
        ..testing::subsidy("chengdu", 0.6)
    });
    let mut world = World::new(model.clone());
    assert_eq!(world.contract(TENANT, 0, hour(0), 4_000_000), 2_400_000);
    let mut world = World::new(model);
    let paid: Vec<i64> = (3..24).map(|tenant| world.contract(TenantId(tenant), 0, hour(0), 12_500_000)).collect();
    assert_eq!(paid, [vec![5_000_000; 20], vec![0]].concat());
    assert_eq!(world.totals().exhausted, [hour(0)]);
}

/// The western discount: 50 % of energy for sites whose chips are domestic; half of it reaches the tenant.
#[test]
fn one_foreign_card_costs_the_discount_unless_a_share_will_do() {
    let west = |at_least| Subsidy {
        payee: Payee::Site,
        covers: Covers::Energy,
        matcher: Matcher { site_domestic_share: Some((Ratio::from_f64(at_least), Ratio::ONE)), ..Matcher::default() },
        pass_through: Ratio::from_f64(0.5),
        ..testing::subsidy("west", 0.5)
    };
    let discount = |at_least, foreign: u32| {
        let mut model = testing::model();
        // Site 0 has pools 0 (imported) and 1 (domestic).
        (model.pools[PoolId(0)].nodes, model.pools[PoolId(0)].gpus_per_node) = (foreign, 1);
        model.pools[PoolId(1)].nodes = 1_000_000;
        model.subsidies.push(west(at_least));
        let mut world = World::new(model);
        let bases = Bases { energy: Money::yuan(1000), ..compute(5000) };
        let claims = world.claim(TENANT, 1, hour(0), bases);
        let tenant = world.settle(claims, hour(1), bases).0 / Money::PER_YUAN;
        (tenant, world.totals().paid.0 / Money::PER_YUAN, world.balance(Account::Site(SiteId(0))) / Money::PER_YUAN)
    };
    assert_eq!(discount(1.0, 0), (250, 500, 250));
    assert_eq!(discount(1.0, 1), (0, 0, 0));
    assert_eq!(discount(0.5, 1), (250, 500, 250));
}

#[test]
fn a_site_that_turns_domestic_becomes_eligible() {
    let all = Matcher { site_domestic_share: Some((Ratio::ONE, Ratio::ONE)), ..Matcher::default() };
    let mut world = World::with([Subsidy { matcher: all, ..testing::subsidy("s", 0.5) }]);
    assert_eq!(world.contract(TENANT, 1, hour(0), 100), 0);
    world.model.pools[PoolId(0)].nodes = 0;
    let pool = world.model.pools[PoolId(0)].clone();
    world.rules.apply_settings(&world.model, &[Setting::Pool(PoolId(0), pool)], hour(1)).unwrap();
    assert_eq!(world.contract(TENANT, 1, hour(1), 100), 50);
}

#[test]
fn supply_is_where_the_programme_says() {
    let pay = |supply: Supply| {
        let mut world = World::with([Subsidy { supply, ..testing::subsidy("s", 0.5) }]);
        [0, 2, 3].map(|pool| world.contract(TENANT, pool, hour(0), 100))
    };
    assert_eq!(pay(Supply::Anywhere), [50, 50, 50]);
    assert_eq!(pay(Supply::SameProvince), [50, 50, 0]);
    assert_eq!(pay(Supply::SameCity), [50, 0, 0]);
    assert_eq!(pay(Supply::Pools(testing::pools(&[2]).unwrap())), [0, 50, 0]);
}

#[test]
fn claims_are_made_from_the_first_day_to_before_the_last() {
    let mut world = World::with([Subsidy { valid: (Some(hour(10)), Some(hour(20))), ..testing::subsidy("s", 0.5) }]);
    assert_eq!([9, 10, 19, 20].map(|at| world.contract(TENANT, 0, hour(at), 100)), [0, 50, 50, 0]);
}

#[test]
fn other_rates_pay_per_hour_or_down_to_a_price_but_no_more_than_the_cost() {
    let per_hour = |amount| Subsidy { rate: SubsidyRate::PerGpuHour(Money::yuan(amount)), ..testing::subsidy("s", 0.0) };
    assert_eq!(World::with([per_hour(2)]).contract(TENANT, 0, hour(0), 5000), 2000);
    assert_eq!(World::with([per_hour(9)]).contract(TENANT, 0, hour(0), 5000), 5000);
    let capped = Subsidy { caps: vec![cap(CapScope::GpuHour, 1, None)], ..testing::subsidy("s", 0.5) };
    assert_eq!(World::with([capped]).contract(TENANT, 0, hour(0), 5000), 1000);
    let target = Subsidy { covers: Covers::Energy, payee: Payee::Site, rate: SubsidyRate::TargetPrice(Money(400_000)), ..testing::subsidy("s", 0.0) };
    let paid = |yuan| {
        let mut world = World::with([target.clone()]);
        let bases = Bases { energy: Money::yuan(yuan), energy_mj: 1000 * crate::rules::levy::MILLIJOULES_PER_KWH, ..Bases::default() };
        let claims = world.claim(TENANT, 0, hour(0), bases);
        world.settle(claims, hour(1), bases);
        world.totals().paid
    };
    assert_eq!((paid(600), paid(300)), (Money::yuan(200), Money::ZERO));
}

#[test]
fn what_was_not_needed_is_free_again_and_more_comes_from_what_is_free() {
    let mut world = World::with([budgeted(0.5, 100, OnShort::Partial)]);
    let short = world.claim(TENANT, 0, hour(0), compute(100));
    let long = world.claim(TENANT, 0, hour(0), compute(80));
    assert_eq!(world.fund().free, Money::yuan(10));
    // The first used less: 30 go back.
    assert_eq!(world.settle(short, hour(1), compute(40)), Money::yuan(20));
    assert_eq!(world.fund().free, Money::yuan(40));
    // The second used more: 20 beyond its reservation.
    assert_eq!(world.settle(long, hour(2), compute(120)), Money::yuan(60));
    // What it needed beyond what is left is not paid.
    let last = world.claim(TENANT, 0, hour(3), compute(20));
    assert_eq!(world.settle(last, hour(4), compute(500)), Money::yuan(20));
    assert_eq!((world.fund().free, world.totals().paid, world.totals().short_claims), (Money::ZERO, Money::yuan(100), 1));
}

#[test]
fn a_spent_programme_opens_again_when_money_is_released() {
    let mut world = World::with([budgeted(0.5, 100, OnShort::Partial)]);
    let all = world.claim(TENANT, 0, hour(0), compute(1000));
    let nothing = world.claim(TENANT, 0, hour(1), compute(10));
    world.rules.release_claims(&world.model, all).unwrap();
    assert_eq!(world.contract(TENANT, 0, hour(2), 10), 5);
    // Made once: the one that found nothing gets nothing.
    assert_eq!(world.settle(nothing, hour(3), compute(10)), Money::ZERO);
    assert_eq!((world.totals().released, world.totals().short_claims), (Money::yuan(100), 2));
}

/// Memory follows the claims that are open, not those that ever were.
#[test]
fn settled_claims_are_not_watched_for_ever() {
    let mut world = World::with([Subsidy { expires: Some(Span::days(2)), ..budgeted(0.5, 100_000, OnShort::Partial) }]);
    for number in 0..1_000 {
        world.contract(TENANT, 0, Time(number), 10);
    }
    let watched = world.rules.programmes.expiries.len();
    assert!(watched <= 64 + 2 + 1, "{watched} expiries of no open claim");
}

#[test]
fn payments_come_late_and_old_reservations_lapse() {
    let subsidy = Subsidy { pay_after: Span::days(30), expires: Some(Span::days(2)), ..budgeted(0.5, 100, OnShort::Partial) };
    let mut world = World::with([subsidy]);
    let claims = world.claim(TENANT, 0, hour(0), compute(100));
    let stale = world.claim(TENANT, 0, hour(1), compute(60));
    assert_eq!(world.rules.next_boundary(), hour(48));
    assert_eq!(world.settle(claims, hour(5), compute(100)), Money::yuan(50));
    assert_eq!((world.balance(Account::Tenant(TENANT)), world.totals().outstanding), (0, Money::yuan(80)));
    assert_eq!(world.rules.next_boundary(), hour(49), "the settled claim does not expire");
    world.advance(hour(49));
    assert_eq!((world.totals().released, world.fund().free), (Money::yuan(30), Money::yuan(50)));
    assert_eq!(world.settle(stale, hour(60), compute(60)), Money::ZERO);
    let due = hour(5 + 30 * 24);
    assert_eq!(world.rules.next_boundary(), due);
    world.advance(due);
    assert_eq!(world.balance(Account::Tenant(TENANT)), Money::yuan(50).0);
    assert_eq!(world.totals().outstanding, Money::ZERO);
    let posting = world.rules.ledger.drain_postings().next().unwrap();
    assert_eq!((posting.since, posting.at, posting.purpose), (hour(0), due, Purpose::Subsidy(SubsidyId(0))));
}

/// Three jobs claim 10, 30 and 60 of a budget of 50 that is decided in months; returns what each tenant is paid.
fn batch(by: Apply, on_short: OnShort) -> [i64; 3] {
    let allocate = Allocate::Batch { window: Period::Month, by };
    let mut world = World::with([Subsidy { allocate, ..budgeted(0.5, 50, on_short) }]);
    for (at, yuan) in [(0, 60), (1, 120), (2, 20)] {
        let claims = world.claim(TenantId(at), 0, hour(u64::from(at)), compute(yuan));
        assert_eq!(world.settle(claims, hour(u64::from(at) + 1), compute(yuan)), Money::ZERO);
    }
    assert_eq!(world.reserved(), 0);
    assert_eq!(world.rules.next_boundary(), hour(31 * 24));
    world.advance(hour(31 * 24));
    [0, 1, 2].map(|tenant| world.balance(Account::Tenant(TenantId(tenant))) / Money::PER_YUAN)
}

#[test]
fn a_batch_is_shared_by_its_order() {
    assert_eq!(batch(Apply::ProRata, OnShort::Partial), [15, 30, 5]);
    assert_eq!(batch(Apply::Ranked, OnShort::Partial), [30, 10, 10]);
    assert_eq!(batch(Apply::Ranked, OnShort::AllOrNothing), [30, 0, 10]);
    assert_eq!(batch(Apply::Ranked, OnShort::Close), [30, 0, 10]);
    let lottery = batch(Apply::Lottery, OnShort::Partial);
    assert_eq!(lottery.iter().sum::<i64>(), 50);
    assert_eq!(lottery, batch(Apply::Lottery, OnShort::Partial));
}

#[test]
fn a_window_that_the_end_of_the_run_cuts_is_decided_there() {
    let allocate = Allocate::Batch { window: Period::Run, by: Apply::ProRata };
    let mut world = World::with([Subsidy { allocate, ..budgeted(0.5, 50, OnShort::Partial) }]);
    let claims = world.claim(TENANT, 0, hour(0), compute(60));
    world.settle(claims, hour(1), compute(60));
    world.rules.finish(&world.model, hour(2)).unwrap();
    assert_eq!(world.totals().paid, Money::yuan(30));
}

/// Two programmes of one stack, 30 % and 50 % of 100 yuan; returns what both pay.
fn stacked(mode: StackMode, ceiling: f64, second: Subsidy) -> [i64; 2] {
    let mut model = testing::model();
    let stack = model.stacks.push(Stack { name: "stack".into(), mode, ceiling: Ratio::from_f64(ceiling) });
    for subsidy in [testing::subsidy("a", 0.3), second] {
        model.subsidies.push(Subsidy { stack: Some(stack), ..subsidy });
    }
    let mut world = World::new(model);
    world.contract(TENANT, 0, hour(0), 100);
    assert_eq!(world.rules.eligible_for_several(), 1);
    let totals = world.rules.subsidy_totals().unwrap();
    [0, 1].map(|id| totals[SubsidyId(id)].paid.0 / Money::PER_YUAN)
}

#[test]
fn a_stack_gives_the_best_or_adds_up_to_its_ceiling() {
    let second = || testing::subsidy("b", 0.5);
    assert_eq!(stacked(StackMode::BestOne, 1.0, second()), [0, 50]);
    assert_eq!(stacked(StackMode::BestOne, 0.4, second()), [0, 40]);
    assert_eq!(stacked(StackMode::Sum, 1.0, second()), [30, 50]);
    assert_eq!(stacked(StackMode::Sum, 0.6, second()), [30, 30]);
    // The best is the one that pays most now, whatever its rate.
    let poor = Subsidy { budget: Some(testing::budget(10, Period::Year)), ..second() };
    assert_eq!(stacked(StackMode::BestOne, 1.0, poor), [30, 0]);
}

#[test]
fn the_parts_of_a_split_gang_share_the_cap_of_their_job() {
    let mut world = World::with([Subsidy { caps: vec![cap(CapScope::Job, 80, None)], ..testing::subsidy("s", 0.5) }]);
    let parts = [Part { pool: PoolId(0), gpus: 8, energy_mj: 0 }, Part { pool: PoolId(2), gpus: 8, energy_mj: 0 }];
    let start = world.start(TENANT, hour(0), &parts);
    let bases = [compute(100), compute(100)];
    let claims = world.rules.claim(&world.model, &start, &bases).unwrap();
    assert_eq!(world.reserved(), Money::yuan(80).0);
    assert_eq!(world.rules.settle_claims(&world.model, claims, &bases, hour(1)).unwrap(), Money::yuan(80));
}

#[test]
fn a_preempted_job_keeps_its_claim_and_is_paid_for_all_that_it_used() {
    let mut world = World::with([Subsidy { supply: Supply::SameProvince, ..budgeted(0.5, 100, OnShort::Partial) }]);
    let claims = world.claim(TENANT, 0, hour(0), compute(100));
    world.rules.accrue_claims(&world.model, claims, &[compute(30)]).unwrap();
    let at = |pool| [Part { pool: PoolId(pool), gpus: 8, energy_mj: 0 }];
    // In the province the claim stays, and is not made a second time.
    let (paid, claims) = world.rules.carry_claims(&world.model, &world.start(TENANT, hour(5), &at(2)), claims).unwrap();
    assert_eq!((paid, claims.is_none(), world.reserved()), (Money::ZERO, false, Money::yuan(50).0));
    world.rules.accrue_claims(&world.model, claims, &[compute(10)]).unwrap();
    // Beyond it, what was used until then is paid and the rest released.
    let mut elsewhere = World { model: world.model.clone(), rules: world.rules.clone(), jobs: world.jobs };
    let parts = at(3);
    let start = elsewhere.start(TENANT, hour(9), &parts);
    let (paid, left) = elsewhere.rules.carry_claims(&elsewhere.model, &start, claims).unwrap();
    assert_eq!((paid, left, elsewhere.fund().free), (Money::yuan(20), Claims::NONE, Money::yuan(80)));
    assert_eq!(world.settle(claims, hour(20), compute(60)), Money::yuan(50));
}

#[test]
fn a_floor_asks_for_use_before_a_claim() {
    let floor_gpu_us = 8 * u128::from(crate::base::time::MICROS_PER_HOUR);
    let mut world = World::with([Subsidy { floor_gpu_us, ..testing::subsidy("s", 0.5) }]);
    assert_eq!(world.contract(TENANT, 0, hour(0), 100), 0);
    let parts = [Part { pool: PoolId(0), gpus: 8, energy_mj: 0 }];
    let held = world.rules.try_hold(&world.model, &world.start(TENANT, hour(0), &parts)).unwrap();
    world.rules.release(&world.model, held, hour(1), &[0]);
    assert_eq!((world.contract(TENANT, 0, hour(1), 100), world.contract(TenantId(1), 0, hour(1), 100)), (50, 0));
}

#[test]
fn a_change_of_the_budget_keeps_what_was_promised() {
    let mut world = World::with([budgeted(0.5, 100, OnShort::Partial)]);
    let claims = world.claim(TENANT, 0, hour(0), compute(120));
    let id = SubsidyId(0);
    world.model.subsidies[id] = Subsidy { rate: testing::subsidy("s", 0.1).rate, ..budgeted(0.1, 70, OnShort::Partial) };
    let settings = [Setting::Subsidy(id, world.model.subsidies[id].clone())];
    world.rules.apply_settings(&world.model, &settings, hour(1)).unwrap();
    assert_eq!((world.fund().free, world.totals().budget), (Money::yuan(10), Some(Money::yuan(70))));
    // The old claim keeps its rate, new ones have the new.
    assert_eq!(world.contract(TENANT, 0, hour(1), 50), 5);
    assert_eq!(world.settle(claims, hour(2), compute(120)), Money::yuan(60));
}

/// M16 and M17.
#[test]
fn a_budget_that_is_never_met_is_none_and_nothing_pays_nothing() {
    let paid = |budget: Option<i64>, rate| {
        let mut world = World::with([Subsidy { budget: budget.map(|yuan| testing::budget(yuan, Period::Year)), ..testing::subsidy("s", rate) }]);
        (0..5).map(|at| world.contract(TENANT, 0, hour(at), 100)).collect::<Vec<_>>()
    };
    assert_eq!(paid(None, 0.3), paid(Some(150), 0.3));
    assert_eq!(paid(Some(0), 0.3), [0; 5]);
    assert_eq!(paid(None, 0.0), [0; 5]);
}

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Claim { tenant: u32, yuan: i64, undone: bool },
    Settle { which: usize, yuan: i64 },
    Release { which: usize },
    Wait { hours: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u32..3, 0_i64..120, any::<bool>()).prop_map(|(tenant, yuan, undone)| Step::Claim { tenant, yuan, undone }),
        3 => (0_usize..20, 0_i64..200).prop_map(|(which, yuan)| Step::Settle { which, yuan }),
        1 => (0_usize..20).prop_map(|which| Step::Release { which }),
        1 => (1_u64..900).prop_map(|hours| Step::Wait { hours }),
    ];
    prop::collection::vec(step, 1..80)
}

fn drawn_subsidy() -> impl Strategy<Value = Subsidy> {
    let short = prop_oneof![Just(OnShort::Partial), Just(OnShort::AllOrNothing), Just(OnShort::Close)];
    let by = prop_oneof![Just(None), Just(Some(Apply::ProRata)), Just(Some(Apply::Ranked)), Just(Some(Apply::Lottery))];
    let rest = (any::<bool>(), prop::option::of(20_u64..200), 0_u64..100);
    (short, by, 0_i64..200, 0_i64..90, rest).prop_map(|(on_short, by, budget, tenant_cap, (carry_over, expires, lag))| Subsidy {
        budget: Some(Budget { carry_over, ..testing::budget(budget, Period::Month) }),
        caps: vec![cap(CapScope::Tenant, tenant_cap, Some(Period::Month)), cap(CapScope::Job, 40, None)],
        allocate: by.map_or(Allocate::FirstCome, |by| Allocate::Batch { window: Period::Week, by }),
        on_short,
        expires: expires.map(Span::hours),
        pay_after: Span::hours(lag),
        payers: vec![(GovernmentId(0), Ratio(333_333)), (GovernmentId(1), Ratio(666_667))],
        ..testing::subsidy("s", 0.6)
    })
}

/// Checks I10 on the whole state.
fn check_money(world: &World, paid_jobs: Money) {
    let subsidy = &world.model.subsidies[SubsidyId(0)];
    let item = &world.rules.programmes.items[SubsidyId(0)];
    let mut paid = Money::ZERO;
    for fund in &item.funds.funds {
        let parts = [fund.free, fund.reserved, fund.owed, fund.paid, fund.lapsed];
        assert!(parts.iter().all(|part| *part >= Money::ZERO), "{fund:?}");
        assert_eq!(parts.into_iter().try_fold(Money::ZERO, Money::plus).unwrap(), fund.amount, "{fund:?}");
        paid = paid.plus(fund.paid).unwrap();
    }
    assert_eq!(paid, item.totals.paid);
    assert_eq!(paid, world.rules.ledger.turnover(Purpose::Subsidy(SubsidyId(0))).run);
    assert!(paid <= paid_jobs, "paid {paid} for services of {paid_jobs}");
    for accounts in item.accounts.iter().flatten() {
        (0..3).for_each(|tenant| assert!(accounts.used(tenant, world.rules.now) <= subsidy.caps[0].amount));
    }
    world.rules.ledger.assert_balanced();
}

proptest! {
    /// I10: no budget and no cap is exceeded, none is negative, nothing is lost, the books balance, and undoing is exact.
    #[test]
    fn no_money_is_lost_or_spent_twice(subsidy in drawn_subsidy(), steps in steps()) {
        let mut world = World::with([subsidy]);
        let mut now = Time::ZERO;
        let mut open: Vec<(TenantId, Claims)> = Vec::new();
        let mut services = Money::ZERO;
        for step in steps {
            match step {
                Step::Claim { tenant, yuan, undone } => {
                    let before = world.state();
                    let claims = world.claim(TenantId(tenant), 0, now, compute(yuan));
                    if undone {
                        let second = world.claim(TenantId(tenant), 0, now, compute(yuan));
                        world.rules.undo_claim(&world.model, second).unwrap();
                        world.rules.undo_claim(&world.model, claims).unwrap();
                        prop_assert_eq!(before, world.state());
                    } else {
                        open.push((TenantId(tenant), claims));
                    }
                }
                Step::Settle { which, yuan } if !open.is_empty() => {
                    let (_, claims) = open.swap_remove(which % open.len());
                    let paid = world.settle(claims, now, compute(yuan));
                    prop_assert!(paid <= Money::yuan(40.min(yuan)));
                    services = services.plus(Money::yuan(yuan)).unwrap();
                }
                Step::Release { which } if !open.is_empty() => {
                    let (_, claims) = open.swap_remove(which % open.len());
                    world.rules.release_claims(&world.model, claims).unwrap();
                }
                Step::Wait { hours } => {
                    let until = now + Span::hours(hours);
                    loop {
                        now = world.rules.next_boundary().min(until);
                        world.advance(now);
                        check_money(&world, services);
                        if now == until {
                            break;
                        }
                    }
                }
                Step::Settle { .. } | Step::Release { .. } => {}
            }
            check_money(&world, services);
        }
        for (_, claims) in open {
            world.rules.release_claims(&world.model, claims).unwrap();
        }
        prop_assert_eq!(world.reserved(), 0);
        prop_assert_eq!(world.rules.programmes.arena.live(), 0);
    }
}
