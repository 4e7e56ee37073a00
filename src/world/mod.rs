//! The state of a run as columns, and what policies see of it.
//!
//! [`scene`] stands still during a round: policies read it through the [`View`]. [`bookings`] changes with every decision of the
//! [`Plan`], and can be taken back.

pub mod afar;
pub mod attempt;
pub mod bits;
pub mod bookings;
pub mod capacity;
pub mod delta;
pub mod ends;
pub mod energy;
pub mod jobs;
pub mod late;
pub mod migrate;
pub mod network;
pub mod parts;
pub mod plan;
mod questions;
pub mod quote;
pub mod reach;
pub mod records;
pub mod refusal;
pub mod scene;
pub mod view;
pub mod window;

pub use bookings::Reservation;
pub use plan::{Allocation, Decision, Mark, Plan, Preempt};
pub use quote::Quote;
pub use reach::Candidate;
pub use refusal::{ProtocolFault, Refusal};
pub use view::View;
