//! Wall-clock dates: the scenario's start plus simulated time, in a fixed UTC offset.

use crate::base::Time;
use crate::base::time::{MICROS_PER_DAY, MICROS_PER_HOUR};
use jiff::civil::{Date, DateTime};

/// Where the scenario's clock starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calendar {
    /// Local date and time of the start.
    pub start: DateTime,
    /// Offset of local time from UTC, in seconds.
    pub utc_offset_s: i32,
}

/// A calendar period over which a cap or budget counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
    /// The whole run.
    Run,
}

impl Period {
    /// Returns the word that files use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Run => "run",
        }
    }
}

impl Calendar {
    /// Microseconds of the start since its local midnight.
    pub fn start_of_day_offset_us(&self) -> u64 {
        let time = self.start.time();
        (u64::from(time.hour().unsigned_abs()) * 3600 + u64::from(time.minute().unsigned_abs()) * 60 + u64::from(time.second().unsigned_abs()))
            * 1_000_000
            + u64::from(time.subsec_nanosecond().unsigned_abs()) / 1000
    }
    /// Returns the day (0 is the start's) and the microseconds since its midnight.
    pub fn day_and_offset(&self, at: Time) -> (u64, u64) {
        let local = at.0.saturating_add(self.start_of_day_offset_us());
        (local / MICROS_PER_DAY, local % MICROS_PER_DAY)
    }
    /// Returns the local hour of the day, 0 to 23.
    pub fn hour(&self, at: Time) -> usize {
        (self.day_and_offset(at).1 / MICROS_PER_HOUR) as usize
    }
    /// Returns the local date of a day counted from the start's; stays at the end of the calendar (year 9999).
    pub fn date_of_day(&self, day: u64) -> Date {
        let days = i64::try_from(day).unwrap_or(i64::MAX);
        self.start.date().saturating_add(jiff::Span::new().try_days(days.min(3_000_000)).expect("within jiff's range"))
    }
    /// Returns the local date of an instant.
    pub fn date(&self, at: Time) -> Date {
        self.date_of_day(self.day_and_offset(at).0)
    }
    /// Returns the instant of a local date's midnight; `None` before the start.
    pub fn midnight(&self, date: Date) -> Option<Time> {
        let days = self.start.date().until(date).ok()?.get_days();
        let midnight = i128::from(days) * i128::from(MICROS_PER_DAY) - i128::from(self.start_of_day_offset_us());
        u64::try_from(midnight).ok().map(Time)
    }
    /// Returns the number of the period that holds `at` (0 holds the start).
    pub fn period_index(&self, period: Period, at: Time) -> u64 {
        let (first, date) = (self.start.date(), self.date(at));
        let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
        let index = match period {
            Period::Run => 0,
            Period::Day => return self.day_and_offset(at).0,
            Period::Week => {
                let into_week = u64::from(first.weekday().to_monday_zero_offset().unsigned_abs());
                return (self.day_and_offset(at).0 + into_week) / 7;
            }
            Period::Month => months(date) - months(first),
            Period::Quarter => months(date) / 3 - months(first) / 3,
            Period::Year => i64::from(date.year()) - i64::from(first.year()),
        };
        u64::try_from(index).expect("periods count from the start")
    }
    /// Returns the first instant after `at` that lies in another period; [`Time::NEVER`] for [`Period::Run`].
    pub fn period_end(&self, period: Period, at: Time) -> Time {
        let date = self.date(at);
        let next = match period {
            Period::Run => return Time::NEVER,
            Period::Day => date.tomorrow().ok(),
            Period::Week => {
                let left = 7 - i64::from(date.weekday().to_monday_zero_offset());
                date.checked_add(jiff::Span::new().days(left)).ok()
            }
            Period::Month => date.last_of_month().tomorrow().ok(),
            Period::Quarter => {
                let month = (date.month() - 1) / 3 * 3 + 3;
                Date::new(date.year(), month, 1).ok().and_then(|date| date.last_of_month().tomorrow().ok())
            }
            Period::Year => date.last_of_year().tomorrow().ok(),
        };
        next.and_then(|date| self.midnight(date)).unwrap_or(Time::NEVER)
    }
    /// Returns the instant at which the period that holds `at` began, or the start if that lies before it.
    pub fn period_start(&self, period: Period, at: Time) -> Time {
        let date = self.date(at);
        let first = match period {
            Period::Run => return Time::ZERO,
            Period::Day => date,
            Period::Week => date.saturating_sub(jiff::Span::new().days(i64::from(date.weekday().to_monday_zero_offset()))),
            Period::Month => date.first_of_month(),
            Period::Quarter => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).expect("a first of a month exists"),
            Period::Year => date.first_of_year(),
        };
        self.midnight(first).unwrap_or(Time::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    fn calendar() -> Calendar {
        Calendar { start: datetime(2025, 6, 2, 6, 0, 0, 0), utc_offset_s: 8 * 3600 }
    }

    #[test]
    fn periods_end_at_local_midnights() {
        let c = calendar();
        let hours = |n: u64| Time(n * MICROS_PER_HOUR);
        assert_eq!(c.period_end(Period::Day, Time::ZERO), hours(18));
        assert_eq!(c.period_end(Period::Week, Time::ZERO), hours(18 + 6 * 24));
        assert_eq!(c.period_end(Period::Month, Time::ZERO), hours(18 + 28 * 24));
        assert_eq!(c.period_end(Period::Quarter, Time::ZERO), hours(18 + 28 * 24));
        assert_eq!(c.period_index(Period::Month, hours(18 + 28 * 24)), 1);
        assert_eq!(c.period_index(Period::Month, Time(hours(18 + 28 * 24).0 - 1)), 0);
        assert_eq!(c.period_index(Period::Year, hours(24 * 365)), 1);
        assert_eq!(c.hour(hours(17)), 23);
        assert_eq!(c.period_start(Period::Month, Time::ZERO), Time::ZERO);
    }
}
