//! What is used of something in each calendar period, together with what is still expected to be used.

use crate::base::Time;
use crate::model::{Calendar, Period};

/// Amounts per period: used by what has ended, expected of what runs, and overrun by what outlives its estimate.
///
/// A running job counts with all that it is expected to use in a period, which is what it has used plus what is left. Nothing is scanned as
/// time passes: those that outlive their estimate are taken together as one rate.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    period: Period,
    calendar: Calendar,
    /// Nothing is expected after the latest end of the run.
    latest_end: Time,
    amounts: Vec<u128>,
    /// Index and end of the period that holds `advanced_to`.
    current: (u64, Time),
    /// Its start.
    current_start: Time,
    /// Units per microsecond that all overrunning jobs use.
    overrun_rate: u128,
    advanced_to: Time,
}

/// Something that is used evenly over a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Use {
    pub from: Time,
    pub to: Time,
    pub amount: u128,
}

impl Use {
    /// Returns units per microsecond, rounded up.
    pub fn rate(&self) -> u128 {
        self.amount
            .checked_div(u128::from(self.to.saturating_since(self.from).0))
            .map_or(0, |rate| rate + u128::from(rate * u128::from(self.to.since(self.from).0) < self.amount))
    }
    /// Returns what is used until an instant, rounded down, without overflow.
    fn until(&self, at: Time) -> u128 {
        let length = u128::from(self.to.since(self.from).0);
        if length == 0 || at >= self.to {
            return self.amount;
        }
        let passed = u128::from(at.saturating_since(self.from).0);
        self.amount / length * passed + self.amount % length * passed / length
    }
}

impl Meter {
    pub fn new(calendar: Calendar, period: Period, latest_end: Time, now: Time) -> Self {
        let current = (calendar.period_index(period, now), calendar.period_end(period, now));
        let current_start = calendar.period_start(period, now);
        Self { period, calendar, latest_end, amounts: Vec::new(), current, current_start, overrun_rate: 0, advanced_to: now }
    }
    /// Returns the amount of a period.
    pub fn amount(&self, index: u64) -> u128 {
        usize::try_from(index).ok().and_then(|index| self.amounts.get(index)).copied().unwrap_or(0)
    }
    /// Returns all amounts from the first period on.
    pub fn amounts(&self) -> &[u128] {
        &self.amounts
    }
    /// Returns the index of the current period.
    pub fn current_index(&self) -> u64 {
        self.current.0
    }
    /// Returns the end of the period that holds an instant, or of the run.
    pub fn end_of(&self, at: Time) -> Time {
        let in_current = at >= self.current_start && at < self.current.1;
        let end = if in_current { self.current.1 } else { self.calendar.period_end(self.period, at) };
        end.min(self.latest_end)
    }
    /// Splits a use over the periods that it spans: calls `visit` with each period's index, part of the time, and amount, while it returns true.
    pub fn split(&self, used: Use, mut visit: impl FnMut(u64, (Time, Time), u128) -> bool) -> bool {
        let (mut at, mut before) = (used.from, 0);
        loop {
            let in_current = at >= self.current_start && at < self.current.1;
            let (index, end) =
                if in_current { self.current } else { (self.calendar.period_index(self.period, at), self.calendar.period_end(self.period, at)) };
            let to = used.to.min(end);
            let until = used.until(to);
            if !visit(index, (at, to), until - before) {
                return false;
            }
            if to >= used.to || to >= self.latest_end {
                return true;
            }
            (at, before) = (to, until);
        }
    }
    /// Adds a use.
    pub fn add(&mut self, used: Use) {
        self.book(used, |amount, part| *amount += part);
    }
    /// Takes a use back that was added.
    pub fn remove(&mut self, used: Use) {
        self.book(used, |amount, part| *amount = amount.checked_sub(part).expect("a meter takes back no more than was added"));
    }
    /// Lets a job that outlives its estimate since `from` count at a rate; `now` is where the meter stands.
    pub fn begin_overrun(&mut self, from: Time, rate: u128) {
        self.add(overrun(from, self.advanced_to, rate));
        self.overrun_rate += rate;
    }
    /// Takes such a job out again, with all that it has counted.
    pub fn end_overrun(&mut self, from: Time, rate: u128) {
        self.remove(overrun(from, self.advanced_to, rate));
        self.overrun_rate -= rate;
    }
    /// Lets time pass. *O*(1) but for periods that end.
    pub fn advance(&mut self, now: Time) {
        if now <= self.advanced_to {
            return;
        }
        if self.overrun_rate > 0 {
            self.add(overrun(self.advanced_to, now, self.overrun_rate));
        }
        self.advanced_to = now;
        if now >= self.current.1 {
            self.current = (self.calendar.period_index(self.period, now), self.calendar.period_end(self.period, now));
            self.current_start = self.calendar.period_start(self.period, now);
        }
    }

    fn book(&mut self, used: Use, mut change: impl FnMut(&mut u128, u128)) {
        if used.amount == 0 {
            return;
        }
        let mut amounts = std::mem::take(&mut self.amounts);
        self.split(used, |index, _, part| {
            let index = usize::try_from(index).expect("periods of a run fit memory");
            if amounts.len() <= index {
                amounts.resize(index + 1, 0);
            }
            change(&mut amounts[index], part);
            true
        });
        self.amounts = amounts;
    }
}

fn overrun(from: Time, to: Time, rate: u128) -> Use {
    Use { from, to: to.max(from), amount: rate * u128::from(to.saturating_since(from).0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_rounded_up_and_only_where_it_is_not_whole() {
        let rate = |length: u64, amount: u128| Use { from: Time(5), to: Time(5 + length), amount }.rate();
        assert_eq!([rate(3, 9), rate(3, 10), rate(3, 11), rate(3, 12), rate(3, 0), rate(0, 7)], [3, 4, 4, 4, 0, 0]);
    }
}
