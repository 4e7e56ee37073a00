//! The part of the world that stands still during a round: what views read.

use super::energy::Meter;
use super::jobs::Jobs;
use super::network::Network;
use super::reach::Reach;
use crate::base::Time;
use crate::model::Model;

/// Everything that only events and commits change, never a plan.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The simulated time.
    pub now: Time,
    /// The scenario as it stands now.
    pub model: Model,
    /// Jobs in the system.
    pub jobs: Jobs,
    /// Where jobs may run.
    pub reach: Reach,
    /// Routes, transfers, and where data is.
    pub network: Network,
    /// Power and energy of sites.
    pub meter: Meter,
}
