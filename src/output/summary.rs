//! The summary of a run: the numbers that the terminal shows and `--json` prints, in one serializable tree.
//!
//! Every path of the tree stands in [`metrics`](super::metrics). A number that does not exist (the wait of no job) is absent
//! (`null`), never zero or NaN.

pub use crate::stats::Distribution;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Things by name, in the order of the scenario; a JSON object.
#[derive(Clone, PartialEq, Debug)]
pub struct Named<T>(pub Vec<(String, T)>);

impl<T> Named<T> {
    /// Finds an item by its name.
    pub fn find(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, item)| item)
    }
    /// Iterates over names and items.
    pub fn iter(&self) -> std::slice::Iter<'_, (String, T)> {
        self.0.iter()
    }
    /// Tells whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> FromIterator<(String, T)> for Named<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, item) in &self.0 {
            map.serialize_entry(name, item)?;
        }
        map.end()
    }
}

/// What a run gave.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "`metrics` describes every field, in two languages, for people and for `docs/reference/metrics.md`")]
pub struct Summary {
    pub version: &'static str,
    pub title: String,
    pub title_zh: Option<String>,
    pub scale: Option<String>,
    pub policy: String,
    pub seed: u64,
    pub complete: bool,
    pub period: Period,
    pub fleet: Fleet,
    pub inputs: Inputs,
    pub jobs: Jobs,
    pub incidents: Incidents,
    pub recorded: Recorded,
    pub offered_load: Option<f64>,
    pub latency: Latency,
    pub bounded_slowdown: Slowdown,
    pub by_region: Named<Group>,
    pub by_class: Named<Group>,
    pub by_tenant: Named<Group>,
    pub utilisation: Utilisation,
    pub gpu_hours: GpuHours,
    pub money: MoneyFlows,
    pub subsidies: Named<SubsidyUse>,
    pub quotas: Named<QuotaUse>,
    pub energy_kwh: f64,
    pub carbon_kg: Carbon,
    pub goals: Goals,
    pub fairness: Fairness,
    pub queue: Queue,
    pub rejected: Named<u64>,
    pub unfinished: Named<u64>,
    pub refusals: Named<u64>,
    pub dropped: Named<u64>,
    pub warnings: Vec<Warning>,
    /// Sites with the name of their side, for tables.
    #[serde(skip)]
    pub sites_of_side: Vec<(String, &'static str)>,
    /// Sites that keep a scheduler of their own, and what that is.
    #[serde(skip)]
    pub schedulers: Vec<(String, String)>,
    pub fingerprint: String,
    pub events: u64,
    pub rounds: u64,
    /// Absent from files, which are the same bytes however long the run took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_s: Option<f64>,
    /// Absent from files too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_s: Option<Distribution>,
}

impl Summary {
    /// Returns the summary without what the wall clock said, for files.
    pub fn timeless(&self) -> Self {
        Self { wall_s: None, decision_s: None, ..self.clone() }
    }
    /// Writes the summary as one JSON object that people can read.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a summary is plain data") + "\n"
    }
}

/// When the run was, in local time and in seconds since its start.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Period {
    pub start: String,
    pub window_from_s: f64,
    pub window_to_s: f64,
    pub end_s: f64,
}

/// What the scenario has.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Fleet {
    pub sites: u64,
    pub gpus: u64,
    pub regions: u64,
    pub tenants: u64,
    pub subsidies: u64,
}

/// How well the inputs are known.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Inputs {
    pub count: u64,
    pub assumed: u64,
    pub unmarked: u64,
}

/// Measured jobs by fate.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Jobs {
    pub submitted: u64,
    pub finished: u64,
    pub rejected: u64,
    pub priced_out: u64,
    pub outside: u64,
    pub cancelled: u64,
    pub unfinished: u64,
}

/// What happened to measured jobs on their way.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Incidents {
    pub preemptions: u64,
    pub migrations: u64,
    pub resizes: u64,
    pub failures: u64,
    pub outlived_estimate: u64,
    pub killed_at_estimate: u64,
    pub deadlines: u64,
    pub missed_deadline: u64,
}

/// How the finished jobs ended in the trace they came from.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Recorded {
    pub completed: u64,
    pub failed: u64,
    pub cancelled: u64,
}

/// Latencies in seconds.
#[derive(Clone, Copy, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Latency {
    pub queue_wait: Distribution,
    pub staging: Distribution,
    pub completion: Distribution,
    pub rtt: Distribution,
}

/// Bounded slowdown of finished jobs.
#[derive(Clone, Copy, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Slowdown {
    pub mean: Option<f64>,
    pub p95: Option<f64>,
}

/// Jobs of one region, class or group of tenants.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Group {
    pub jobs: Jobs,
    pub latency: Latency,
    pub bounded_slowdown: Slowdown,
    pub gpu_hours: f64,
    pub net_price_cny_per_gpu_hour: Option<f64>,
}

/// Utilisation overall and by place.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Utilisation {
    #[serde(flatten)]
    pub all: Use,
    pub by_site: Named<Use>,
    pub by_chip: Named<Use>,
    pub by_side: Named<Use>,
}

/// How GPUs were used, as shares of installed GPU-time, with what it was like to queue and to pay there.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Use {
    pub gpus: f64,
    pub allocated: Option<f64>,
    pub effective: Option<f64>,
    pub take_up: Option<f64>,
    pub staging: Option<f64>,
    pub checkpointing: Option<f64>,
    pub restoring: Option<f64>,
    pub lost: Option<f64>,
    pub reserved: Option<f64>,
    pub fragmented: Option<f64>,
    pub of_up_time: Option<f64>,
    pub failures: u64,
    pub queue_wait: Distribution,
    pub net_price_cny_per_gpu_hour: Option<f64>,
}

/// GPU-hours held within the window.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct GpuHours {
    pub held: f64,
    pub by_side: Named<f64>,
    pub east_share: Option<f64>,
    pub west_share: Option<f64>,
}

/// Money within the window, in yuan.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct MoneyFlows {
    pub tenants: TenantMoney,
    pub by_region: Named<TenantMoney>,
    pub by_tenant: Named<TenantMoney>,
    pub by_government: Named<f64>,
    pub by_site: Named<SiteMoney>,
    pub public_cny: f64,
    pub public_cny_per_gpu_hour: Option<f64>,
    pub levies_cny: f64,
    pub fines_cny: f64,
    pub outside_cny: f64,
    pub resource_cost: ResourceCost,
}

/// What tenants pay.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct TenantMoney {
    pub charged_cny: f64,
    pub subsidies_cny: f64,
    pub net_cny: f64,
}

/// What sites earn and spend.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct SiteMoney {
    pub received_cny: f64,
    pub paid_cny: f64,
    pub capital_cny: f64,
    pub energy_kwh: f64,
    pub carbon_kg: Carbon,
}

/// What the compute costs the economy, whoever pays it.
#[derive(Clone, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct ResourceCost {
    pub total_cny: f64,
    pub capital_cny: f64,
    pub energy_cny: f64,
    pub transfer_cny: f64,
}

/// How a subsidy was used.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct SubsidyUse {
    pub paid_cny: f64,
    pub paid_in_window_cny: f64,
    pub budget_cny: Option<f64>,
    pub share_of_budget: Option<f64>,
    pub outstanding_cny: f64,
    pub released_cny: f64,
    pub lapsed_cny: f64,
    pub claims: u64,
    pub short_claims: u64,
    pub caps_hit: u64,
    pub cny_per_gpu_hour: Option<f64>,
    pub spent_on: Vec<String>,
}

/// How a quota was used.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct QuotaUse {
    pub used_gpu_hours: f64,
    pub borrowed_gpu_hours: f64,
    pub peak_gpus: u64,
    pub refusals: u64,
    pub reclaimed: u64,
    pub overrun_gpu_hours: f64,
    pub share_met: u64,
    pub share_missed: u64,
    pub fines_cny: f64,
}

/// Carbon in kilograms.
#[derive(Clone, Copy, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Carbon {
    pub location: f64,
    pub market: f64,
}

/// The programme's official goals.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Goals {
    pub take_up: Met,
    pub pue: Met,
    pub green_share: Met,
    pub one_way: Met,
    pub by_site: Named<SiteGoals>,
}

/// How many sites meet a goal.
#[derive(Clone, Copy, PartialEq, Debug, Default, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Met {
    pub met: u64,
    pub sites: u64,
}

/// The goals at one site.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct SiteGoals {
    pub take_up: Goal,
    pub pue: Goal,
    pub green_share: Goal,
    pub one_way_s: Goal,
}

/// A value and its goal; without a value there is no verdict.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Goal {
    pub value: Option<f64>,
    pub goal: f64,
    pub met: Option<bool>,
}

/// How evenly tenants and regions are served.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Fairness {
    pub jain_tenants: Option<f64>,
    pub region_slowdown_spread: Option<f64>,
}

/// Time averages of the queue within the window.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
#[expect(missing_docs, reason = "described in `metrics`")]
pub struct Queue {
    pub mean_queued_jobs: Option<f64>,
    pub mean_jobs_in_system: Option<f64>,
}

/// Something that a reader of the numbers should know.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Warning {
    /// Its code, which `edwc explain` knows.
    pub code: &'static str,
    /// What is the matter.
    pub message: String,
}
