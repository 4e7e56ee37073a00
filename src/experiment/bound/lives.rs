//! The scenario at all times: its changes may make anything cheaper, so that a bound goes by the best that each thing ever is.

use crate::base::Time;
use crate::engine::latest_end;
use crate::model::{Model, PoolId, Series, Setting, SubsidyId};
use crate::world::energy::Curve;

/// The scenario from its start and after each of its changes.
pub(super) struct Lives {
    /// One model for each state.
    pub(super) models: Vec<Model>,
    /// When the run ends at the latest; [`Time::NEVER`] without a limit.
    pub(super) latest_end: Time,
}

/// The least and the most of something.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Range {
    pub(super) least: f64,
    pub(super) most: f64,
}

/// Steps of a curve that are looked at one by one; of a longer curve, all its values count, whenever they hold.
const STEPS: usize = 4_096;

impl Lives {
    pub(super) fn new(model: &Model) -> Self {
        let mut models = vec![model.clone()];
        for change in &model.changes {
            let mut next = models[models.len() - 1].clone();
            change.settings.iter().for_each(|setting| apply(&mut next, setting));
            models.push(next);
        }
        Self { models, latest_end: latest_end(model) }
    }
    /// Tells whether one state is all there is.
    pub(super) fn is_single(&self) -> bool {
        self.models.len() == 1
    }
    /// Tells whether any change touches a subsidy.
    pub(super) fn changes_subsidy(&self, id: SubsidyId) -> bool {
        let touches = |setting: &Setting| matches!(setting, Setting::Subsidy(changed, _) if *changed == id);
        self.models[0].changes.iter().any(|change| change.settings.iter().any(touches))
    }
    /// Returns the most GPUs that a pool ever has.
    pub(super) fn gpus(&self, pool: PoolId) -> u64 {
        self.models.iter().map(|model| model.pools[pool].gpus()).max().unwrap_or(0)
    }
    /// Returns what a series says between the start and the latest end.
    pub(super) fn range(&self, series: &Series) -> Range {
        let curve = Curve::new(series, &self.models[0].calendar);
        let mut range = Range::of(curve.value_at(Time::ZERO) as f64);
        let mut at = Time::ZERO;
        for _ in 0..STEPS {
            at = curve.next_step_after(at);
            if at >= self.latest_end {
                return range;
            }
            range.add(curve.value_at(at) as f64);
        }
        match series {
            Series::Daily(months) => months.iter().flat_map(|month| &month.0).for_each(|(_, value)| range.add(*value as f64)),
            Series::Steps(steps) => steps.iter().for_each(|(_, value)| range.add(*value as f64)),
        }
        range
    }
}

impl Range {
    pub(super) fn of(value: f64) -> Self {
        Self { least: value, most: value }
    }
    pub(super) fn add(&mut self, value: f64) {
        *self = Self { least: self.least.min(value), most: self.most.max(value) };
    }
    pub(super) fn join(&mut self, other: Self) {
        *self = Self { least: self.least.min(other.least), most: self.most.max(other.most) };
    }
    /// Scales by a factor that is not negative.
    pub(super) fn times(self, factor: f64) -> Self {
        Self { least: self.least * factor, most: self.most * factor }
    }
}

fn apply(model: &mut Model, setting: &Setting) {
    match setting.clone() {
        Setting::Site(id, new) => model.sites[id] = new,
        Setting::Pool(id, new) => model.pools[id] = new,
        Setting::Tariff(id, new) => model.tariffs[id] = new,
        Setting::Grid(id, new) => model.grids[id] = new,
        Setting::Link(id, new) => model.network.links[id] = new,
        Setting::Outside(id, new) => model.outside[id] = new,
        Setting::Quota(id, new) => model.quotas[id] = new,
        Setting::Access(id, new) => model.access[id] = new,
        Setting::Subsidy(id, new) => model.subsidies[id] = new,
        Setting::Levy(id, new) => model.levies[id] = new,
        Setting::Workload(id, new) => model.workloads[id] = new,
    }
}
