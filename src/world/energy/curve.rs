//! A step function of time with exact integrals.

use super::days::Days;
use crate::base::Time;
use crate::model::{Calendar, Series};

/// A price or a carbon intensity over the whole of time, ready for evaluation. What a curve by steps says last holds for ever.
#[derive(Clone, Debug)]
pub struct Curve {
    shape: Shape,
}

#[derive(Clone, Debug)]
enum Shape {
    Constant(i64),
    Days(Box<Days>),
    Steps(Steps),
}

/// Values from instants on, with the integral up to each instant.
#[derive(Clone, Debug)]
struct Steps {
    from: Vec<Time>,
    value: Vec<i64>,
    before: Vec<i128>,
}

impl Curve {
    /// Compiles a series; local days follow the calendar.
    pub fn new(series: &Series, calendar: &Calendar) -> Self {
        let shape = match series {
            Series::Daily(months) => match Days::new(months, calendar) {
                days if days.is_constant() => Shape::Constant(days.value_at(Time::ZERO)),
                days => Shape::Days(Box::new(days)),
            },
            Series::Steps(steps) => Shape::Steps(Steps::new(steps)),
        };
        Self { shape }
    }
    /// Returns the value at an instant. *O*(log steps).
    pub fn value_at(&self, at: Time) -> i64 {
        match &self.shape {
            Shape::Constant(value) => *value,
            Shape::Days(days) => days.value_at(at),
            Shape::Steps(steps) => steps.value[steps.index(at)],
        }
    }
    /// Returns the exact integral from `from` to `to` in value × µs. *O*(log steps), however long the time.
    pub fn integral(&self, from: Time, to: Time) -> i128 {
        debug_assert!(from <= to, "an integral runs forward");
        match &self.shape {
            Shape::Constant(value) => i128::from(*value) * (i128::from(to.0) - i128::from(from.0)),
            Shape::Days(days) => days.integral_to(to) - days.integral_to(from),
            Shape::Steps(steps) => steps.integral_to(to) - steps.integral_to(from),
        }
    }
    /// Returns the first instant after `at` at which the value changes; [`Time::NEVER`] if it stays.
    pub fn next_step_after(&self, at: Time) -> Time {
        match &self.shape {
            Shape::Constant(_) => Time::NEVER,
            Shape::Days(days) => days.next_step_after(at),
            Shape::Steps(steps) => steps.from.get(steps.index(at) + 1).copied().unwrap_or(Time::NEVER),
        }
    }
}

impl Steps {
    fn new(steps: &[(Time, i64)]) -> Self {
        let mut result = Self { from: Vec::with_capacity(steps.len()), value: Vec::new(), before: Vec::new() };
        for &(from, value) in steps {
            match (result.from.last(), result.value.last(), result.before.last()) {
                (_, Some(last), _) if *last == value => continue,
                (Some(start), Some(last), Some(before)) => {
                    let grown = before + i128::from(*last) * i128::from(from.since(*start).0);
                    result.before.push(grown);
                    result.from.push(from);
                }
                // The first value holds from the start, whenever the file begins.
                _ => {
                    result.before.push(0);
                    result.from.push(Time::ZERO);
                }
            }
            result.value.push(value);
        }
        assert!(!result.value.is_empty(), "a checked series has a step");
        result
    }
    /// Returns the position of the step that holds at an instant.
    fn index(&self, at: Time) -> usize {
        self.from.partition_point(|from| *from <= at) - 1
    }
    fn integral_to(&self, at: Time) -> i128 {
        let index = self.index(at);
        self.before[index] + i128::from(self.value[index]) * i128::from(at.0 - self.from[index].0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::{MICROS_PER_DAY, MICROS_PER_HOUR};
    use crate::model::DayPrices;
    use jiff::civil::datetime;

    const HOUR: u64 = MICROS_PER_HOUR;

    fn calendar() -> Calendar {
        Calendar { start: datetime(2023, 11, 28, 20, 30, 0, 0), utc_offset_s: 8 * 3600 }
    }

    /// Every month has its own level, and three steps a day.
    fn seasonal() -> Series {
        Series::Daily(Box::new(std::array::from_fn(|month| {
            let base = (month as i64 + 1) * 100;
            DayPrices(vec![(0, base), (7 * HOUR, base + 50), (7 * HOUR + 1, base + 50), (22 * HOUR, base - 30)])
        })))
    }

    /// The value by the calendar's own (slow) dates.
    fn slow_value(months: &[DayPrices; 12], calendar: &Calendar, at: Time) -> i64 {
        let (_, offset) = calendar.day_and_offset(at);
        let month = usize::from(calendar.date(at).month().unsigned_abs()) - 1;
        months[month].0.iter().take_while(|(from, _)| *from <= offset).last().unwrap().1
    }

    #[test]
    fn daily_curves_follow_the_calendar_over_leap_years_and_centuries() {
        let (series, calendar) = (seasonal(), calendar());
        let curve = Curve::new(&series, &calendar);
        let Series::Daily(months) = &series else { unreachable!() };
        // 5 h 20 min divides no day: every offset is met. 400 years: every rule about leap years is met.
        for k in 0..4_000_u64 {
            let at = Time(k * (5 * HOUR + HOUR / 3));
            assert_eq!(curve.value_at(at), slow_value(months, &calendar, at), "{at}");
        }
        for day in (0..146_097_u64).step_by(29) {
            let at = Time(day * MICROS_PER_DAY + 13 * HOUR);
            assert_eq!(curve.value_at(at), slow_value(months, &calendar, at), "{at}");
        }
    }

    #[test]
    fn integrals_are_the_sum_of_their_steps() {
        let curve = Curve::new(&seasonal(), &calendar());
        let (start, mut at, mut sum) = (Time(17), Time(17), 0_i128);
        let mut changes = 0;
        while at < Time(6 * 365 * MICROS_PER_DAY) {
            let next = curve.next_step_after(at);
            assert_ne!(curve.value_at(at), curve.value_at(next));
            assert_eq!(curve.value_at(at), curve.value_at(Time(next.0 - 1)));
            sum += i128::from(curve.value_at(at)) * i128::from(next.0 - at.0);
            at = next;
            changes += 1;
            if changes % 97 == 0 {
                assert_eq!(curve.integral(start, at), sum, "{at}");
            }
        }
        assert!(changes > 6 * 365 * 3, "{changes}");
    }

    #[test]
    fn a_change_at_midnight_counts_only_if_the_value_differs() {
        // Night spans midnight, so that midnight is no step.
        let night = Series::Daily(Box::new(std::array::from_fn(|_| DayPrices(vec![(0, 1), (6 * HOUR, 2), (22 * HOUR, 1)]))));
        let curve = Curve::new(&night, &calendar());
        // The scenario starts at 20:30.
        assert_eq!(curve.next_step_after(Time::ZERO), Time(HOUR + HOUR / 2));
        assert_eq!(curve.next_step_after(Time(HOUR + HOUR / 2)), Time(9 * HOUR + HOUR / 2));
    }

    #[test]
    fn steps_hold_before_the_first_and_after_the_last() {
        let curve = Curve::new(&Series::Steps(vec![(Time(5), 3), (Time(10), 3), (Time(20), -2)]), &calendar());
        assert_eq!((curve.value_at(Time::ZERO), curve.value_at(Time(19)), curve.value_at(Time(20))), (3, 3, -2));
        assert_eq!(curve.integral(Time(2), Time(25)), 18 * 3 - 5 * 2);
        assert_eq!(curve.next_step_after(Time(5)), Time(20));
        assert_eq!(curve.next_step_after(Time(20)), Time::NEVER);
    }

    #[test]
    fn the_end_of_time_is_no_trap() {
        for curve in [Curve::new(&seasonal(), &calendar()), Curve::new(&Series::constant(7), &calendar())] {
            assert!(curve.value_at(Time::NEVER) > 0);
            assert!(curve.integral(Time::ZERO, Time::NEVER) > 0);
            assert_eq!(curve.next_step_after(Time::NEVER), Time::NEVER);
        }
    }
}
