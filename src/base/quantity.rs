//! Quantities other than time and money, each an integer in one unit.

use std::fmt;

/// A count of GPUs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Gpus(pub u32);

/// A count of bytes (decimal: 1 GB = 10⁹ bytes).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Bytes(pub u64);

/// Bits per second, each way of a full-duplex link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Bandwidth(pub u64);

/// Electric power in milliwatts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Power(pub u64);

/// Milligrams of CO₂ per kilowatt-hour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct CarbonIntensity(pub u64);

/// A dimensionless factor or share in millionths: PUE 1.15 is `Ratio(1_150_000)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ratio(pub u64);

impl Bytes {
    /// No data.
    pub const ZERO: Self = Self(0);
    /// Bytes in one gigabyte.
    pub const PER_GB: u64 = 1_000_000_000;
}

impl Ratio {
    /// Millionths in one.
    pub const SCALE: u64 = 1_000_000;
    /// The factor one.
    pub const ONE: Self = Self(Self::SCALE);
    /// The factor zero.
    pub const ZERO: Self = Self(0);

    /// Rounds a number to millionths; negative or NaN becomes zero.
    pub fn from_f64(value: f64) -> Self {
        Self((value * Self::SCALE as f64 + 0.5) as u64)
    }
    /// Returns the factor for statistics and reports.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / Self::SCALE as f64
    }
    /// Returns `value × self`, rounded down; saturates.
    pub fn of(self, value: u64) -> u64 {
        u64::try_from(u128::from(value) * u128::from(self.0) / u128::from(Self::SCALE)).unwrap_or(u64::MAX)
    }
    /// Returns `value ÷ self`, rounded up; saturates, also for a factor of zero.
    pub fn divide(self, value: u64) -> u64 {
        if self.0 == 0 {
            return u64::MAX;
        }
        u64::try_from((u128::from(value) * u128::from(Self::SCALE)).div_ceil(u128::from(self.0))).unwrap_or(u64::MAX)
    }
    /// Returns the product of two factors, rounded to nearest.
    pub fn times(self, other: Self) -> Self {
        let product = u128::from(self.0) * u128::from(other.0) + u128::from(Self::SCALE / 2);
        Self(u64::try_from(product / u128::from(Self::SCALE)).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Gpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
