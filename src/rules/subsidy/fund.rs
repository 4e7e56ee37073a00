//! The money of a programme, period by period: what is free, reserved, owed and paid.

use crate::base::random::{Seed, Stream};
use crate::base::time::MICROS_PER_DAY;
use crate::base::{Money, MoneyOverflow, Ratio, Span, Time};
use crate::model::{Budget, Calendar, Model, Period, Subsidy, SubsidyId};

/// The money of one period (of all periods so far, where it is carried over).
///
/// Always amount = free + reserved + owed + paid + lapsed. Free is negative only after an announced amount was cut below what was promised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Fund {
    /// Whether there is a budget; without one only reserved, owed and paid are kept.
    pub limited: bool,
    pub amount: Money,
    pub free: Money,
    pub reserved: Money,
    pub owed: Money,
    pub paid: Money,
    pub lapsed: Money,
    /// Whether the programme is closed for the rest of the period.
    pub closed: bool,
    /// Whether the budget was spent once in this period.
    pub exhausted: bool,
    /// Whether the period is over and what is released lapses.
    pub over: bool,
}

impl Fund {
    /// Returns what a claim can still get.
    pub fn available(&self) -> Money {
        if self.limited { self.free.max(Money::ZERO) } else { Money(i64::MAX) }
    }
    pub fn reserve(&mut self, amount: Money) -> Result<(), MoneyOverflow> {
        self.take_free(amount)?;
        self.reserved = self.reserved.plus(amount)?;
        Ok(())
    }
    /// Takes a reservation back, exactly.
    pub fn release(&mut self, amount: Money) -> Result<(), MoneyOverflow> {
        self.reserved = self.reserved.minus(amount)?;
        if !self.limited {
            return Ok(());
        }
        let target = if self.over { &mut self.lapsed } else { &mut self.free };
        *target = target.plus(amount)?;
        Ok(())
    }
    /// Turns a reservation into a debt of up to `due`, with what is free beyond it; returns the debt.
    pub fn settle(&mut self, reserved: Money, due: Money) -> Result<Money, MoneyOverflow> {
        let kept = due.min(reserved);
        self.release(reserved.minus(kept)?)?;
        let extra = due.minus(kept)?.min(self.available());
        self.reserved = self.reserved.minus(kept)?;
        self.take_free(extra)?;
        let owed = kept.plus(extra)?;
        self.owed = self.owed.plus(owed)?;
        Ok(owed)
    }
    pub fn pay(&mut self, amount: Money) -> Result<(), MoneyOverflow> {
        self.owed = self.owed.minus(amount)?;
        self.paid = self.paid.plus(amount)?;
        Ok(())
    }
    /// Returns what is promised and not yet paid.
    pub fn outstanding(&self) -> Result<Money, MoneyOverflow> {
        self.reserved.plus(self.owed)
    }
    fn take_free(&mut self, amount: Money) -> Result<(), MoneyOverflow> {
        if self.limited {
            assert!(amount <= self.available(), "a budget is never overdrawn");
            self.free = self.free.minus(amount)?;
        }
        Ok(())
    }
    fn announce(&mut self, amount: Money) -> Result<(), MoneyOverflow> {
        self.amount = self.amount.plus(amount)?;
        self.free = self.free.plus(amount)?;
        Ok(())
    }
}

/// Periods beyond which nobody adds up budgets.
const PERIODS: usize = 10_000;

/// The funds of one programme.
#[derive(Clone, Debug)]
pub(crate) struct Funds {
    /// All funds since the start; claims name theirs by index.
    pub funds: Vec<Fund>,
    /// When the current period ends.
    pub end: Time,
    /// What was announced for the current period, before anything carried over.
    announced: Money,
    /// The share that is really there in the current period.
    share: Ratio,
    stream: Stream,
    prorate_over: Option<Span>,
}

impl Funds {
    /// Opens the first fund. `stream` draws the funded share of each period.
    pub fn new(model: &Model, budget: Option<&Budget>, stream: Stream, prorate_over: Option<Span>, now: Time) -> Result<Self, MoneyOverflow> {
        let mut funds = Self { funds: Vec::new(), end: Time::NEVER, announced: Money::ZERO, share: Ratio::ONE, stream, prorate_over };
        funds.open(model, budget, now)?;
        Ok(funds)
    }
    /// Returns the index of the fund that claims of now belong to.
    pub fn current(&self) -> u32 {
        u32::try_from(self.funds.len() - 1).expect("periods of a run fit 32 bits")
    }
    pub fn current_fund(&self) -> &Fund {
        &self.funds[self.funds.len() - 1]
    }
    /// Ends the current period and begins the next.
    pub fn roll(&mut self, model: &Model, budget: Option<&Budget>) -> Result<(), MoneyOverflow> {
        let now = self.end;
        match budget {
            Some(budget) if budget.carry_over => {
                self.begin_period(model, budget, now)?;
                let announced = self.announced;
                let fund = self.last();
                (fund.closed, fund.exhausted) = (false, false);
                fund.announce(announced)
            }
            _ => {
                self.close()?;
                self.open(model, budget, now)
            }
        }
    }
    /// Follows a change of the budget: what was promised stays promised.
    pub fn change(&mut self, model: &Model, old: Option<&Budget>, new: Option<&Budget>, now: Time) -> Result<(), MoneyOverflow> {
        let same_kind = |old: &Budget, new: &Budget| old.every == new.every && old.carry_over == new.carry_over;
        match (old, new) {
            (None, None) => Ok(()),
            (Some(old), Some(new)) if same_kind(old, new) => {
                let announced = self.funded_amount(model, new, now)?;
                let change = announced.minus(self.announced)?;
                self.announced = announced;
                self.last().announce(change)
            }
            _ => {
                self.close()?;
                self.open(model, new, now)
            }
        }
    }
    /// Returns the budgets of all periods so far; `None`: unlimited.
    pub fn total(&self) -> Result<Option<Money>, MoneyOverflow> {
        let mut limited = self.funds.iter().filter(|fund| fund.limited).peekable();
        if limited.peek().is_none() {
            return Ok(None);
        }
        limited.try_fold(Money::ZERO, |sum, fund| sum.plus(fund.amount)).map(Some)
    }

    fn last(&mut self) -> &mut Fund {
        self.funds.last_mut().expect("a programme has a fund")
    }
    fn open(&mut self, model: &Model, budget: Option<&Budget>, now: Time) -> Result<(), MoneyOverflow> {
        self.funds.push(Fund { limited: budget.is_some(), ..Fund::default() });
        self.end = Time::NEVER;
        let Some(budget) = budget else { return Ok(()) };
        self.begin_period(model, budget, now)?;
        let announced = self.announced;
        self.last().announce(announced)
    }
    /// What is free lapses.
    fn close(&mut self) -> Result<(), MoneyOverflow> {
        let fund = self.last();
        fund.over = true;
        fund.lapsed = fund.lapsed.plus(fund.free)?;
        fund.free = Money::ZERO;
        Ok(())
    }
    fn begin_period(&mut self, model: &Model, budget: &Budget, now: Time) -> Result<(), MoneyOverflow> {
        self.end = model.calendar.period_end(budget.every, now);
        self.share = budget.funded.as_ref().map_or(Ratio::ONE, |law| {
            let mut draws = self.stream.at(model.calendar.period_index(budget.every, now));
            Ratio::from_f64(law.sample(&mut draws).clamp(0.0, 1.0))
        });
        self.announced = self.funded_amount(model, budget, now)?;
        Ok(())
    }
    /// Returns what is really there of an announced amount: prorated to the run, times the funded share.
    fn funded_amount(&self, model: &Model, budget: &Budget, now: Time) -> Result<Money, MoneyOverflow> {
        let prorated = match self.prorate_over {
            Some(run) if budget.prorate && budget.every != Period::Run => {
                let begin = model.calendar.period_start(budget.every, now);
                let covered = self.end.min(Time::ZERO + run).saturating_since(begin);
                budget.amount.times(u128::from(covered.0), u128::from(whole_period(&model.calendar, budget.every, now).0))?
            }
            _ => budget.amount,
        };
        prorated.times(u128::from(self.share.0), u128::from(Ratio::SCALE))
    }
}

/// Returns the budgets of all periods of a run that ends at the latest at `until`, as far as they are funded; `None`: unlimited, or without end.
/// The budget must stay as it is. *O*(periods).
///
/// # Errors
/// Fails if the sum leaves the range of money.
pub fn budget_of_run(model: &Model, id: SubsidyId, seed: Seed, until: Time) -> Result<Option<Money>, MoneyOverflow> {
    let subsidy = &model.subsidies[id];
    let mut funds = Funds::new(model, subsidy.budget.as_ref(), funding(subsidy, seed), model.horizon, Time::ZERO)?;
    for _ in 0..PERIODS {
        if funds.end > until || funds.end == Time::NEVER {
            return funds.total();
        }
        funds.roll(model, subsidy.budget.as_ref())?;
    }
    Ok(None)
}

/// Returns the stream that draws how much of a programme's budgets is really there.
pub(super) fn funding(subsidy: &Subsidy, seed: Seed) -> Stream {
    seed.stream(&format!("subsidy {}", subsidy.name), "funded")
}

/// Returns the length of the calendar period that holds `at`, even where the scenario starts in the middle of it.
fn whole_period(calendar: &Calendar, period: Period, at: Time) -> Span {
    let date = calendar.date(at);
    let days = match period {
        Period::Day | Period::Run => 1,
        Period::Week => 7,
        Period::Month => i64::from(date.days_in_month()),
        Period::Quarter => {
            let first = (date.month() - 1) / 3 * 3 + 1;
            (first..first + 3).map(|month| i64::from(jiff::civil::date(date.year(), month, 1).days_in_month())).sum()
        }
        Period::Year => i64::from(date.days_in_year()),
    };
    Span(days.unsigned_abs() * MICROS_PER_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Law, Shape};
    use crate::rules::testing;

    fn funds(model: &Model, budget: &Budget, run: Option<Span>) -> Funds {
        let stream = Seed { seed: 1, replication: 0 }.stream("subsidy s", "funded");
        Funds::new(model, Some(budget), stream, run, Time::ZERO).unwrap()
    }

    #[test]
    fn a_yearly_budget_is_prorated_to_the_part_that_the_run_covers() {
        let mut model = testing::model();
        let budget = Budget { prorate: true, ..testing::budget(365, Period::Year) };
        assert_eq!(funds(&model, &budget, Some(Span::days(73))).current_fund().amount, Money::yuan(73));
        assert_eq!(funds(&model, &budget, None).current_fund().amount, Money::yuan(365));
        assert_eq!(
            funds(&model, &Budget { prorate: false, ..budget.clone() }, Some(Span::days(73))).current_fund().amount,
            Money::yuan(365)
        );
        // A start in the middle of the year: 10 days to its end, then the rest of the run.
        model.calendar.start = jiff::civil::datetime(2025, 12, 22, 0, 0, 0, 0);
        let mut cut = funds(&model, &budget, Some(Span::days(30)));
        assert_eq!(cut.current_fund().amount, Money::yuan(10));
        cut.roll(&model, Some(&budget)).unwrap();
        assert_eq!(cut.current_fund().amount, Money::yuan(20));
    }

    #[test]
    fn the_budgets_of_a_run_are_those_of_all_its_periods() {
        let mut model = testing::model();
        let budget = Budget { prorate: true, ..testing::budget(365, Period::Year) };
        model.horizon = Some(Span::days(73));
        let id = model.subsidies.push(Subsidy { budget: Some(budget), ..testing::subsidy("s", 0.1) });
        let of_run = |model: &Model, until| budget_of_run(model, id, testing::SEED, until).unwrap();
        assert_eq!(of_run(&model, Time::ZERO + Span::days(400)), Some(Money::yuan(73)));
        model.subsidies[id].budget = Some(testing::budget(10, Period::Month));
        assert_eq!(of_run(&model, Time::ZERO + Span::days(40)), Some(Money::yuan(20)));
        assert_eq!(of_run(&model, Time::NEVER), None, "there is always a next month");
        model.subsidies[id].budget = Some(Budget { carry_over: true, ..testing::budget(10, Period::Month) });
        assert_eq!(of_run(&model, Time::ZERO + Span::days(40)), Some(Money::yuan(20)));
        model.subsidies[id].budget = Some(testing::budget(10, Period::Run));
        assert_eq!(of_run(&model, Time::NEVER), Some(Money::yuan(10)));
        model.subsidies[id].budget = None;
        assert_eq!(of_run(&model, Time::ZERO), None);
    }

    #[test]
    fn what_is_left_lapses_or_is_carried_over() {
        let model = testing::model();
        let spent = |carry_over| {
            let budget = Budget { carry_over, ..testing::budget(100, Period::Month) };
            let mut funds = funds(&model, &budget, None);
            let claim = funds.current() as usize;
            funds.funds[claim].reserve(Money::yuan(40)).unwrap();
            funds.roll(&model, Some(&budget)).unwrap();
            // Half of the reservation is paid after the period's end.
            funds.funds[claim].settle(Money::yuan(40), Money::yuan(20)).unwrap();
            let all = &funds.funds;
            (funds.current_fund().free, all.iter().map(|fund| fund.lapsed.0).sum::<i64>() / Money::PER_YUAN)
        };
        assert_eq!(spent(false), (Money::yuan(100), 80));
        assert_eq!(spent(true), (Money::yuan(180), 0));
    }

    #[test]
    fn the_funded_share_is_drawn_once_per_period() {
        let model = testing::model();
        let law = Law { shape: Shape::Uniform { min: 0.5, max: 0.9 }, min: None, max: None };
        let budget = Budget { funded: Some(law), ..testing::budget(1_000_000, Period::Month) };
        let mut drawn = funds(&model, &budget, None);
        for _ in 0..3 {
            drawn.roll(&model, Some(&budget)).unwrap();
        }
        let amounts: Vec<i64> = drawn.funds.iter().map(|fund| fund.amount.0).collect();
        assert!(amounts.iter().all(|amount| (500_000..=900_000).contains(&(amount / Money::PER_YUAN))), "{amounts:?}");
        assert!(amounts.windows(2).all(|pair| pair[0] != pair[1]), "{amounts:?}");
        assert_eq!(drawn.funds[0].amount, funds(&model, &budget, None).current_fund().amount);
    }

    #[test]
    fn a_cut_below_what_was_promised_leaves_nothing_free_until_it_is_made_up() {
        let model = testing::model();
        let (old, new) = (testing::budget(100, Period::Run), testing::budget(30, Period::Run));
        let mut funds = funds(&model, &old, None);
        funds.funds[0].reserve(Money::yuan(50)).unwrap();
        funds.change(&model, Some(&old), Some(&new), testing::hour(1)).unwrap();
        assert_eq!((funds.current_fund().available(), funds.current_fund().free), (Money::ZERO, Money::yuan(-20)));
        funds.funds[0].release(Money::yuan(50)).unwrap();
        assert_eq!(funds.current_fund().available(), Money::yuan(30));
    }
}
