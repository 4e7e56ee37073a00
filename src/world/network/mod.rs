//! The wide-area network at run time: routes, transfers that share links, and where datasets are.

mod bundle;
mod cache;
pub mod datasets;
mod fair;
pub mod flow;
mod graph;
mod hash;
pub mod route;
mod schedule;
mod sharing;
mod slots;
#[cfg(test)]
mod testing;
mod waiters;

pub use datasets::{Answer, CopyId, DatasetId, Datasets, Holder, Presence, Wanted};
pub use flow::{Cargo, Delivery, FlowId, Flows, Terms};
pub use graph::Hop;
pub use route::{Route, RouteId, Routes};

use crate::base::Time;
use crate::model::{Link, LinkId, Model};

/// The network of a run. Its parts are open: who borrows one leaves the others free.
#[derive(Clone, Debug)]
pub struct Network {
    /// Ways and their delays.
    pub routes: Routes,
    /// Transfers under way.
    pub flows: Flows,
    /// Where data is.
    pub datasets: Datasets,
}

impl Network {
    /// Builds the network of a model, without transfers and with empty caches.
    pub fn new(model: &Model) -> Self {
        let regions = model.regions.iter().map(|region| region.node);
        let routes = Routes::new(&model.network, regions, model.sites.iter().map(|site| site.node));
        let flows = Flows::new(&routes);
        Self { routes, flows, datasets: Datasets::new(model.sites.iter().map(|site| site.cache)) }
    }
    /// Asks for a dataset at a site; see [`Datasets::request`].
    pub fn request(&mut self, now: Time, wanted: Wanted) -> (CopyId, Answer) {
        self.datasets.request(now, &mut self.routes, &mut self.flows, wanted)
    }
    /// Replaces a link from `now` on: transfers under way keep their path and share its new bandwidth.
    pub fn set_link(&mut self, now: Time, id: LinkId, link: &Link) {
        self.routes.set_link(id, link);
        self.flows.set_bandwidth(now, id, link.bandwidth);
    }
}
