//! Changes of the world while the run goes on: whole items are replaced, and whoever depends on them follows.

use super::history::History;
use super::{Run, RunError, has_limits};
use crate::model::{Pool, PoolId, Setting};

impl Run {
    /// Applies one change of the scenario.
    pub(super) fn apply_change(&mut self, index: usize) -> Result<(), RunError> {
        let now = self.scene.now;
        self.digest.event(History::Change as u8, [now.0, index as u64, 0]);
        let settings = std::mem::take(&mut self.scene.model.changes[index].settings);
        let mut reach_changes = false;
        if settings.iter().any(|setting| matches!(setting, Setting::Site(..) | Setting::Levy(..))) {
            // Levies are due on what was used so far at the terms of that time.
            self.bill_sites()?;
        }
        for setting in &settings {
            match setting {
                Setting::Site(id, site) => {
                    self.scene.model.sites[*id] = site.clone();
                    self.scene.meter.set_site(now, *id, site);
                    self.scene.network.datasets.set_cache(*id, site.cache);
                    self.has_limits = has_limits(&self.scene.model);
                }
                Setting::Pool(id, pool) => self.change_pool(*id, pool),
                Setting::Tariff(id, tariff) => {
                    self.scene.model.tariffs[*id] = tariff.clone();
                    self.scene.meter.set_tariff(now, *id, tariff);
                }
                Setting::Grid(id, grid) => {
                    self.scene.model.grids[*id] = grid.clone();
                    self.scene.meter.set_grid(now, *id, grid);
                }
                Setting::Link(id, link) => {
                    self.scene.model.network.links[*id] = link.clone();
                    self.scene.network.set_link(now, *id, link);
                    reach_changes = true;
                }
                Setting::Outside(id, outside) => self.scene.model.outside[*id] = outside.clone(),
                Setting::Quota(id, quota) => self.scene.model.quotas[*id] = quota.clone(),
                Setting::Access(id, access) => self.scene.model.access[*id] = access.clone(),
                Setting::Subsidy(id, subsidy) => self.scene.model.subsidies[*id] = subsidy.clone(),
                Setting::Levy(id, levy) => self.scene.model.levies[*id] = levy.clone(),
                // The source of jobs knows its own changes: it has drawn ahead.
                Setting::Workload(id, workload) => self.scene.model.workloads[*id] = workload.clone(),
            }
        }
        self.bookings.rules.apply_settings(&self.scene.model, &settings, now)?;
        self.scene.model.changes[index].settings = settings;
        if reach_changes {
            self.scene.reach.work_out_again(&self.scene.model, &self.scene.network.routes);
        }
        self.delta.anything_changed = true;
        self.delta.terms_changed = true;
        Ok(())
    }

    /// Replaces a pool: nodes come at once, and leave as they fall idle; what runs keeps the price of its start.
    fn change_pool(&mut self, id: PoolId, pool: &Pool) {
        self.bookings.touch(&self.scene.model, self.scene.now, id);
        let before = self.bookings.capacity.installed_nodes(id);
        let idle_before = self.idle_power(id, before);
        self.bookings.capacity.resize(id, pool.nodes);
        self.scene.model.pools[id] = pool.clone();
        let after = self.bookings.capacity.installed_nodes(id);
        let change = i64::try_from(self.idle_power(id, after) - idle_before).unwrap_or(i64::MAX);
        self.scene.meter.set_power(pool.site, self.scene.now, change);
        self.installed_nodes[id] = after;
        self.reserve_for_this_hour();
        self.follow_reserved(id);
        self.plan_next_hour();
        self.delta.freed.push(id);
    }

    /// Lets the meter follow nodes that have left as they fell idle.
    pub(super) fn follow_nodes(&mut self, id: PoolId) {
        let nodes = self.bookings.capacity.installed_nodes(id);
        let before = std::mem::replace(&mut self.installed_nodes[id], nodes);
        if before != nodes {
            let change = i64::try_from(self.idle_power(id, nodes) - self.idle_power(id, before)).unwrap_or(i64::MIN);
            self.scene.meter.set_power(self.scene.model.pools[id].site, self.scene.now, change);
        }
    }
    /// Returns what so many idle nodes of a pool draw, in milliwatts.
    pub(super) fn idle_power(&self, id: PoolId, nodes: u32) -> i128 {
        i128::from(self.scene.model.idle_node_power(id).0) * i128::from(nodes)
    }
}
