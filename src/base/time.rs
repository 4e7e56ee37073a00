//! Simulated time: integer microseconds since the scenario's start.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// Microseconds in one second.
pub const MICROS_PER_SECOND: u64 = 1_000_000;
/// Microseconds in one hour.
pub const MICROS_PER_HOUR: u64 = 3_600 * MICROS_PER_SECOND;
/// Microseconds in one day.
pub const MICROS_PER_DAY: u64 = 24 * MICROS_PER_HOUR;

/// An instant: microseconds since the scenario's start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time(pub u64);

/// A length of time in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span(pub u64);

impl Time {
    /// The scenario's start.
    pub const ZERO: Self = Self(0);
    /// After every event: "never".
    pub const NEVER: Self = Self(u64::MAX);

    /// Returns the time since `earlier`; an assertion, as the clock never goes back.
    pub fn since(self, earlier: Self) -> Span {
        assert!(self >= earlier, "the clock went back from {earlier:?} to {self:?}");
        Span(self.0 - earlier.0)
    }
    /// Returns the time since `earlier`, or nothing if that lies ahead.
    pub fn saturating_since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
    /// Adds, with "never" as the upper end.
    pub fn saturating_add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
    /// Returns seconds for statistics and reports.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / MICROS_PER_SECOND as f64
    }
}

impl Span {
    /// No time.
    pub const ZERO: Self = Self(0);
    /// Without end.
    pub const FOREVER: Self = Self(u64::MAX);

    /// Makes a span of whole seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds * MICROS_PER_SECOND)
    }
    /// Makes a span of whole hours.
    pub const fn hours(hours: u64) -> Self {
        Self(hours * MICROS_PER_HOUR)
    }
    /// Makes a span of whole days.
    pub const fn days(days: u64) -> Self {
        Self(days * MICROS_PER_DAY)
    }
    /// Rounds seconds from a sampler to the clock; negative or NaN becomes zero, too large becomes [`Span::FOREVER`].
    pub fn from_secs_f64(seconds: f64) -> Self {
        // `as` saturates and maps NaN to zero; adding a half before truncation rounds to nearest.
        Self((seconds * MICROS_PER_SECOND as f64 + 0.5) as u64)
    }
    /// Returns seconds for statistics and reports.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / MICROS_PER_SECOND as f64
    }
    /// Adds, with [`Span::FOREVER`] as the upper end.
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
    /// Subtracts, with zero as the lower end.
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add<Span> for Time {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        self.saturating_add(span)
    }
}
impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}
impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}
impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        assert!(self >= other, "a span would be negative");
        Self(self.0 - other.0)
    }
}
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6} s", self.as_secs_f64())
    }
}
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6} s", self.as_secs_f64())
    }
}
