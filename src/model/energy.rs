//! Tariffs and grids as step functions of local time.

use crate::base::{Money, Time};

/// The price of electricity.
#[derive(Clone, PartialEq, Debug)]
pub struct Tariff {
    /// Its key.
    pub name: String,
    /// Price per kWh.
    pub prices: Series,
}

/// The carbon intensity of a grid.
#[derive(Clone, PartialEq, Debug)]
pub struct Grid {
    /// Its key.
    pub name: String,
    /// Milligrams of CO₂ per kWh.
    pub carbon: Series,
}

/// A step function of time: money (micro-yuan) per kWh, or milligrams of CO₂ per kWh.
#[derive(Clone, PartialEq, Debug)]
pub enum Series {
    /// One value for each month's days; index 0 is January.
    Daily(Box<[DayPrices; 12]>),
    /// Values from the given instants on, in order; the first holds from the start. Covers the run, as checked.
    Steps(Vec<(Time, i64)>),
}

/// The steps of one local day: (microseconds since midnight, value), in order; the first is at 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DayPrices(pub Vec<(u64, i64)>);

impl Series {
    /// Makes a function that is the same at all times.
    pub fn constant(value: i64) -> Self {
        Self::Daily(Box::new(std::array::from_fn(|_| DayPrices(vec![(0, value)]))))
    }
    /// Makes the tariff of one price.
    pub fn price(price: Money) -> Self {
        Self::constant(price.0)
    }
}
