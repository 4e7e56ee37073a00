//! The built-in policies, composed of parts that can be mixed by name: order × bind × place × backfill × preempt × predict.

mod at_start;
mod at_submit;
mod backfill;
mod broker;
mod carbon_waiting;
mod cohort;
mod composed;
mod conservative;
mod consolidate;
mod deadline;
mod drf;
mod elastic;
mod evict_lower;
mod f1;
mod fair_share;
mod fgd;
mod flow;
mod formulas;
mod global;
mod las;
mod lcfs;
mod ljf;
mod matching;
mod near_data;
mod order;
mod place;
mod power_of_two;
mod predict;
mod ready_time;
mod reclaim;
mod round_robin;
mod rounds;
mod shortest_queue;
mod sjbf;
mod smallest_area;
mod srpt;
mod srtf;
mod subsidy_greedy;
mod tiresias;
mod unicep;
mod weighted;
mod wfp3;

pub use broker::Broker;
pub use composed::Composed;

use super::{PartInfo, PartKind};

/// Every part, kind by kind in the order of listings.
pub(super) static PARTS: &[&PartInfo] = &[
    &order::FIFO,
    &order::SJF,
    &order::SMALLEST,
    &order::PRIORITY,
    &fair_share::FAIR_SHARE,
    &drf::DRF,
    &srpt::SRPT,
    &las::LAS,
    &lcfs::LCFS,
    &ready_time::READY_TIME,
    &cohort::COHORT,
    &ljf::LJF,
    &smallest_area::SMALLEST_AREA,
    &srtf::SRTF,
    &srtf::SRSF,
    &wfp3::WFP3,
    &unicep::UNICEP,
    &f1::F1,
    &deadline::DEADLINE,
    &tiresias::TIRESIAS,
    &AT_SUBMIT,
    &AT_START,
    &place::FIRST_FIT,
    &place::BEST_FIT,
    &place::LEAST_LOADED,
    &place::LOCAL_FIRST,
    &place::NEAREST,
    &place::CHEAPEST,
    &place::GREENEST,
    &place::FASTEST,
    &place::RANDOM,
    &shortest_queue::SHORTEST_QUEUE,
    &round_robin::ROUND_ROBIN,
    &power_of_two::POWER_OF_TWO,
    &weighted::WEIGHTED,
    &subsidy_greedy::SUBSIDY_GREEDY,
    &near_data::NEAR_DATA,
    &global::GLOBAL,
    &matching::MATCHING,
    &fgd::FGD,
    &carbon_waiting::CARBON_WAITING,
    &backfill::SKIP,
    &backfill::EASY,
    &sjbf::EASY_SJBF,
    &conservative::CONSERVATIVE,
    &reclaim::RECLAIM,
    &evict_lower::EVICT_LOWER,
    &rounds::ROUNDS,
    &consolidate::CONSOLIDATE,
    &elastic::ELASTIC,
    &predict::USER_ESTIMATE,
    &predict::HISTORY,
    &predict::NOISY,
    &predict::ORACLE,
];

static AT_SUBMIT: PartInfo = PartInfo {
    name: "at-submit",
    kind: PartKind::Bind,
    summary: "binds each job to a pool when it arrives; every pool has its queue, and order and backfilling work per pool",
    parameters: &[],
    citation: "federated platforms; Sonmez, Mohamed, Epema 2010, \"On the benefit of processor coallocation in multicluster grid systems\"",
    notes: "one look at every candidate pool a job; a job does not move to a pool that empties later",
    tested: &["engine::tests::backfilling_gives_the_hand_worked_schedule"],
    oracle: false,
};

static AT_START: PartInfo = PartInfo {
    name: "at-start",
    kind: PartKind::Bind,
    summary: "keeps one national queue and binds a job when it starts; the head reserves the pool where it can start first",
    parameters: &[],
    citation: "central queueing; Kleinrock 1976, Queueing Systems vol. 2, section 5.1",
    notes: "looks at every candidate pool of every job that may pass; holds data movement back until the start",
    tested: &["engine::tests::backfilling_gives_the_hand_worked_schedule"],
    oracle: false,
};
