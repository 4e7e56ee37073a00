//! The ground floor: ids, time, money, quantities, random streams and laws. Uses nothing above it and does no I/O.

pub mod blocks;
pub mod column;
pub mod digest;
pub mod exponential;
pub mod money;
pub mod quantity;
pub mod random;
pub mod time;
mod ziggurat;

pub use column::{Column, Id};
pub use money::{Money, MoneyOverflow};
pub use quantity::{Bandwidth, Bytes, CarbonIntensity, Gpus, Power, Ratio};
pub use time::{Span, Time};
