//! Step functions that repeat every local day, with one shape for each month.

use crate::base::Time;
use crate::base::time::MICROS_PER_DAY;
use crate::model::{Calendar, DayPrices};

/// A function of the local time of day and the month. All questions are answered by arithmetic on the Gregorian calendar, so that
/// there is no table to extend and no last year.
#[derive(Clone, Debug)]
pub(super) struct Days {
    /// Distinct shapes of a day.
    shapes: Vec<DayShape>,
    /// Which shape each month has, from January.
    shape_of: [usize; 12],
    /// Integral over the months before each one, of a common year.
    before_month: [i128; 12],
    /// Integral over a common year.
    year: i128,
    /// Microseconds of the scenario's start since its midnight.
    offset: u64,
    /// Days from 1 March of year 0 to the scenario's start.
    first_day: u64,
}

/// The steps of one day: (microseconds since midnight, value, integral since midnight).
#[derive(Clone, PartialEq, Eq, Debug)]
struct DayShape {
    steps: Vec<(u64, i64, i128)>,
    total: i128,
}

/// A Gregorian date; months and days count from zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Civil {
    year: u64,
    month: usize,
    day: u64,
}

const DAYS_OF_MONTH: [u64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const FEBRUARY: usize = 1;

impl Days {
    pub(super) fn new(months: &[DayPrices; 12], calendar: &Calendar) -> Self {
        let mut shapes: Vec<DayShape> = Vec::new();
        let shape_of = std::array::from_fn(|month| {
            let shape = DayShape::new(&months[month]);
            shapes.iter().position(|known| *known == shape).unwrap_or_else(|| {
                shapes.push(shape);
                shapes.len() - 1
            })
        });
        let mut year = 0;
        let before_month = std::array::from_fn(|month| {
            let before = year;
            year += shapes[shape_of[month]].total * i128::from(DAYS_OF_MONTH[month]);
            before
        });
        let date = calendar.start.date();
        let first_day = days_to(Civil {
            year: u64::try_from(date.year()).unwrap_or(0).max(1),
            month: usize::from(date.month().unsigned_abs()) - 1,
            day: u64::from(date.day().unsigned_abs()) - 1,
        });
        Self { shapes, shape_of, before_month, year, offset: calendar.start_of_day_offset_us(), first_day }
    }
    /// Tells whether the value never changes.
    pub(super) fn is_constant(&self) -> bool {
        self.shapes.len() == 1 && self.shapes[0].steps.len() == 1
    }
    pub(super) fn value_at(&self, at: Time) -> i64 {
        let (day, offset) = self.local(at);
        self.shape_on(day).value_at(offset)
    }
    /// Returns the integral since some fixed instant long ago.
    pub(super) fn integral_to(&self, at: Time) -> i128 {
        let (day, offset) = self.local(at);
        if let [only] = self.shapes.as_slice() {
            return only.total * i128::from(day) + only.integral_to(offset);
        }
        let date = date_of(self.first_day + day);
        let mut leap_days = leap_years_before(date.year);
        if date.month > FEBRUARY && is_leap(date.year) {
            leap_days += 1;
        }
        let shape = &self.shapes[self.shape_of[date.month]];
        self.year * i128::from(date.year)
            + self.shapes[self.shape_of[FEBRUARY]].total * i128::from(leap_days)
            + self.before_month[date.month]
            + shape.total * i128::from(date.day)
            + shape.integral_to(offset)
    }
    /// Returns the first instant after `at` with another value. A function that is not constant changes within a year.
    pub(super) fn next_step_after(&self, at: Time) -> Time {
        let value = self.value_at(at);
        let (mut day, mut offset) = self.local(at);
        loop {
            let shape = self.shape_on(day);
            let next = shape.steps.iter().find(|(from, ..)| *from > offset).map(|(from, ..)| *from);
            (day, offset) = next.map_or((day + 1, 0), |from| (day, from));
            let Some(local) = day.checked_mul(MICROS_PER_DAY).and_then(|midnight| midnight.checked_add(offset)) else {
                return Time::NEVER;
            };
            if self.shape_on(day).value_at(offset) != value {
                return Time(local - self.offset);
            }
        }
    }
    /// Returns the day since the start's and the time since its midnight.
    fn local(&self, at: Time) -> (u64, u64) {
        let local = at.0.saturating_add(self.offset);
        (local / MICROS_PER_DAY, local % MICROS_PER_DAY)
    }
    fn shape_on(&self, day: u64) -> &DayShape {
        match self.shapes.as_slice() {
            [only] => only,
            shapes => &shapes[self.shape_of[date_of(self.first_day + day).month]],
        }
    }
}

impl DayShape {
    fn new(prices: &DayPrices) -> Self {
        let mut steps: Vec<(u64, i64, i128)> = Vec::with_capacity(prices.0.len());
        for &(from, value) in &prices.0 {
            match steps.last() {
                Some((_, last, _)) if *last == value => {}
                Some((start, last, before)) => steps.push((from, value, before + i128::from(*last) * i128::from(from - start))),
                None => steps.push((0, value, 0)),
            }
        }
        assert!(!steps.is_empty(), "a checked day has a step");
        let mut shape = Self { steps, total: 0 };
        shape.total = shape.integral_to(MICROS_PER_DAY);
        shape
    }
    fn step_at(&self, offset: u64) -> (u64, i64, i128) {
        self.steps[self.steps.partition_point(|(from, ..)| *from <= offset) - 1]
    }
    fn value_at(&self, offset: u64) -> i64 {
        self.step_at(offset).1
    }
    fn integral_to(&self, offset: u64) -> i128 {
        let (from, value, before) = self.step_at(offset);
        before + i128::from(value) * i128::from(offset - from)
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Counts the leap years from year 0 (one itself) to the one before `year`.
fn leap_years_before(year: u64) -> u64 {
    year.div_ceil(4) - year.div_ceil(100) + year.div_ceil(400)
}

/// Returns the days from 1 March of year 0 to a date; by eras of 400 years, as Hinnant 2013, "chrono-compatible low-level date algorithms".
fn days_to(date: Civil) -> u64 {
    let year = if date.month > FEBRUARY { date.year } else { date.year - 1 };
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = (date.month as u64 + 10) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + date.day;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year
}

/// Returns the date that lies so many days after 1 March of year 0; the inverse of [`days_to`].
fn date_of(day: u64) -> Civil {
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let month = ((month_from_march + 2) % 12) as usize;
    let year = era * 400 + year_of_era + u64::from(month <= FEBRUARY);
    Civil { year, month, day: day_of_year - (153 * month_from_march + 2) / 5 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn dates_agree_with_jiff_over_a_whole_era() {
        let first = date(1999, 12, 31);
        let start = days_to(Civil { year: 1999, month: 11, day: 30 });
        let mut expected = first;
        for day in 0..146_098 {
            let civil = date_of(start + day);
            let found = date(i16::try_from(civil.year).unwrap(), i8::try_from(civil.month + 1).unwrap(), i8::try_from(civil.day + 1).unwrap());
            assert_eq!(found, expected);
            assert_eq!(days_to(civil), start + day);
            expected = expected.tomorrow().unwrap();
        }
        let leap_years = (0..2_025).filter(|year| is_leap(*year)).count();
        assert_eq!(leap_years_before(2_025), leap_years as u64);
    }
}
