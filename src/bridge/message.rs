//! The lines of the protocol, as types: what edwc says, and what a policy may answer.
//!
//! Numbers are integers in the unit of their name: `_us` microseconds (times since the scenario's start), `_micro_cny` millionths of a yuan,
//! `_millionths` shares and factors. A job is named by its number in order of submission; pools, sites, chips, classes and regions by their place
//! in the fleet's lists.

use super::PROTOCOL;
use super::fault::{Failed, Fault};
use crate::model::JobNumber;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a policy asks for in its greeting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Wishes {
    /// Whether it is asked at every instant with an event, rather than only when a job is queued that might start.
    pub every_event: bool,
    /// Whether it is told the true work of jobs: an oracle.
    pub oracle: bool,
    /// Whether candidates come with money and carbon, and sites with their prices of the hour.
    pub quotes: bool,
}

/// A policy's greeting.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Welcome {
    /// The version of the protocol that it speaks.
    pub protocol: u32,
    /// What it asks for.
    #[serde(default)]
    pub needs: Wishes,
}

impl Welcome {
    /// Reads a greeting; the version comes first, as another version may have other fields.
    pub(super) fn read(line: &[u8]) -> Result<Self, Failed> {
        #[derive(Deserialize)]
        struct Version {
            protocol: u32,
        }
        let version: Version = parse(line, "a greeting `{\"protocol\": 1, \"needs\": {…}}`")?;
        if version.protocol != PROTOCOL {
            let age = if version.protocol > PROTOCOL { "newer" } else { "older" };
            let problem = format!("speaks version {} of the protocol, which is {age} than version {PROTOCOL} of this edwc", version.protocol);
            return Err(Failed::new(Fault::Version, problem));
        }
        parse(line, "a greeting `{\"protocol\": 1, \"needs\": {…}}`")
    }
}

/// A policy's answer to a round.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    /// The number of the round that was asked.
    seq: u64,
    /// What is decided, in this order.
    decisions: Vec<Wish>,
}

/// One decision of a policy.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Wish {
    /// Starts a queued job: all of it in one pool, packed by default, or part by part.
    Place {
        /// The job.
        job: JobNumber,
        /// The pool of all its GPUs.
        pool: Option<u32>,
        /// Its parts, instead.
        parts: Option<Vec<WishedPart>>,
    },
    /// Starts queued jobs one after the other in a pool, until the pool has no room for one; those that something else holds back are passed over.
    PlaceInOrder {
        /// The pool.
        pool: u32,
        /// The jobs.
        jobs: Vec<JobNumber>,
    },
    /// Lets a queued job wait for a pool.
    Bind {
        /// The job.
        job: JobNumber,
        /// The pool.
        pool: u32,
    },
    /// Takes the GPUs of a running job away.
    Preempt {
        /// The job.
        job: JobNumber,
        /// How.
        how: How,
    },
    /// Lets a running job go on elsewhere: in one pool, packed by default, or part by part.
    Migrate {
        /// The job.
        job: JobNumber,
        /// The pool of all its GPUs.
        pool: Option<u32>,
        /// Its parts, instead.
        parts: Option<Vec<WishedPart>>,
    },
    /// Lets a running job that is elastic go on with more or fewer GPUs.
    Resize {
        /// The job.
        job: JobNumber,
        /// How many.
        gpus: u32,
    },
    /// Holds a queued job back.
    Defer {
        /// The job.
        job: JobNumber,
        /// Until when.
        until_us: u64,
    },
    /// Turns a queued job away.
    Reject {
        /// The job.
        job: JobNumber,
    },
    /// Moves a queued job's data ahead of its start.
    Prefetch {
        /// The job.
        job: JobNumber,
        /// The site.
        site: u32,
    },
    /// Asks for a round at a time.
    Wake {
        /// The time.
        at_us: u64,
    },
}

/// GPUs of one pool for one job.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WishedPart {
    /// The pool.
    pub pool: u32,
    /// How many.
    pub gpus: u32,
    /// The node, if the policy names it.
    #[serde(default)]
    pub node: Option<u32>,
}

/// How a job is preempted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It writes a checkpoint first.
    Checkpoint,
    /// It loses what no checkpoint holds.
    Discard,
}

/// Reads the answer to a round.
pub(super) fn read_reply(line: &[u8], seq: u64) -> Result<Vec<Wish>, Failed> {
    let reply: Reply = parse(line, "an answer `{\"seq\": …, \"decisions\": […]}`")?;
    if reply.seq != seq {
        return Err(Failed::new(Fault::OutOfTurn, format!("answers round {} where round {seq} was asked", reply.seq)));
    }
    Ok(reply.decisions)
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8], expected: &str) -> Result<T, Failed> {
    let not_utf8 = |error: std::str::Utf8Error| Failed::new(Fault::Chatter, format!("is not UTF-8 from byte {}", error.valid_up_to() + 1));
    let text = std::str::from_utf8(line).map_err(not_utf8)?;
    serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Failed::new(Fault::Malformed, format!("is not {expected}: {}", without_line(&error))),
        _ => Failed::new(Fault::Chatter, format!("is not JSON: {}", without_line(&error))),
    })
}

/// Every message is one line: its column is place enough.
fn without_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

/// What edwc says.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said<'a> {
    /// The greeting; the policy answers with its own.
    Hello(Hello<'a>),
    /// What there is; it has no answer.
    Fleet(Fleet<'a>),
    /// A round; the policy answers with its decisions.
    Round(Round<'a>),
    /// The run is over; it has no answer, and the policy ends.
    End {
        /// The summary of the run, by the paths that `edwc metrics` lists.
        summary: &'a serde_json::Value,
    },
}

/// The first line.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Hello<'a> {
    /// The version of the protocol.
    pub protocol: u32,
    /// The version of edwc.
    pub edwc: &'a str,
    /// The scenario's title.
    pub scenario: &'a str,
    /// What the policy gets for one answer, by the wall clock.
    pub time_limit_ms: u64,
    /// What may be asked for.
    pub needs: [&'a str; 3],
}

/// Sites, pools and who asks for them, as lists; what follows names things by their places in these.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Fleet<'a> {
    /// All pools.
    pub pools: Vec<Pool<'a>>,
    /// All sites.
    pub sites: Vec<Site<'a>>,
    /// All chips.
    pub chips: Vec<Chip<'a>>,
    /// All classes of jobs.
    pub classes: Vec<Class<'a>>,
    /// All regions.
    pub regions: Vec<Region<'a>>,
    /// All groups of tenants.
    pub groups: Vec<Group<'a>>,
}

/// A pool: identical nodes of a site.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Pool<'a> {
    /// Its place in this list, by which decisions name it.
    pub pool: u32,
    /// Its name, `site.pool`.
    pub name: String,
    /// The site that it stands at.
    pub site: u32,
    /// The chip of its GPUs.
    pub chip: u32,
    /// Installed nodes.
    pub nodes: u32,
    /// GPUs of a node.
    pub gpus_per_node: u32,
    /// Installed GPUs.
    pub gpus: u64,
    /// What the tenant pays for compute.
    pub price_micro_cny_per_gpu_h: i64,
    /// Who pays the energy: the tenant on top (`metered`), or the site (`included`).
    pub energy: &'a str,
}

/// A data centre.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Site<'a> {
    /// Its place in this list.
    pub site: u32,
    /// Its name.
    pub name: &'a str,
    /// Its Chinese name.
    pub name_zh: Option<&'a str>,
    /// `east`, `middle` or `west`.
    pub side: &'a str,
    /// `state` or `private`.
    pub owner: &'a str,
    /// Its province.
    pub province: &'a str,
    /// Its city.
    pub city: &'a str,
    /// The hub of the programme that it belongs to.
    pub hub: Option<&'a str>,
    /// Metered power over IT power.
    pub pue_millionths: u64,
    /// The share of contracted green power.
    pub green_millionths: u64,
    /// The most that its meter may show, in milliwatts.
    pub power_limit_mw: Option<u64>,
    /// The most jobs that may wait and run there.
    pub job_limit: Option<u64>,
}

/// A kind of GPU.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Chip<'a> {
    /// Its place in this list.
    pub chip: u32,
    /// Its name.
    pub name: &'a str,
    /// `domestic` or `imported`.
    pub origin: &'a str,
    /// Dense FP16 PFLOPS.
    pub pflops_millionths: u64,
    /// Memory of a GPU.
    pub memory_bytes: u64,
    /// Power of a GPU that is idle, in milliwatts.
    pub idle_mw: u64,
    /// Power of a GPU that computes, in milliwatts.
    pub busy_mw: u64,
}

/// A class of jobs.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Class<'a> {
    /// Its place in this list.
    pub class: u32,
    /// Its name.
    pub name: &'a str,
    /// Work per second on each chip, relative to the reference chip; 0: the class cannot run there.
    pub speed_millionths: Vec<u64>,
    /// Larger goes first, where a policy looks at it.
    pub priority: i32,
    /// Whether a preempted job may write a checkpoint.
    pub checkpoints: bool,
    /// Whether a gang may be split over two sites.
    pub splits: bool,
    /// The longest one-way delay between a job's region and its site.
    pub one_way_max_us: Option<u64>,
}

/// Where demand and data are.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Region<'a> {
    /// Its place in this list.
    pub region: u32,
    /// Its name.
    pub name: &'a str,
    /// Its province.
    pub province: &'a str,
    /// Its city.
    pub city: &'a str,
}

/// Tenants that are alike.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Group<'a> {
    /// Its place in this list.
    pub group: u32,
    /// Its name.
    pub name: &'a str,
    /// What its tenants are.
    pub kind: &'a str,
    /// Their home.
    pub region: u32,
    /// How many tenants it has.
    pub tenants: u32,
    /// Their weight in fair shares.
    pub weight_millionths: u64,
}

/// What happened since the last round, and what has changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Round<'a> {
    /// The number of the round, which the answer repeats.
    pub seq: u64,
    /// The simulated time.
    pub now_us: u64,
    /// Jobs that were submitted.
    pub arrived: Vec<Job<'a>>,
    /// Jobs that are in the queue again, after a failure or a preemption.
    pub returned: Vec<Job<'a>>,
    /// Jobs that left the queue otherwise than by a start.
    pub left: &'a [JobNumber],
    /// Jobs that finished.
    pub ended: &'a [JobNumber],
    /// Pools where GPUs were freed, or expected ends moved.
    pub freed: &'a [u32],
    /// Pools whose numbers are not those that were told last.
    pub pools: &'a [PoolState],
    /// What the world denied of the last round's decisions.
    pub refused: &'a [super::refused::Refused],
    /// Whether a wake-up time has come.
    pub woken: bool,
    /// Whether room or rules may have changed anywhere.
    pub changed: bool,
    /// The fleet again, if it or the terms of access have changed; `queue` is there then too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet: Option<Fleet<'a>>,
    /// All queued jobs that arrived before this round, with the candidates that they have now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Vec<Job<'a>>>,
    /// Sites whose prices are not those that were told last; only with `quotes`.
    #[serde(skip_serializing_if = "<[SiteState]>::is_empty")]
    pub sites: &'a [SiteState],
}

/// The numbers of a pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub(super) struct PoolState {
    /// The pool.
    pub pool: u32,
    /// GPUs that are free and not reserved, perhaps scattered over nodes.
    pub free: u64,
    /// Installed GPUs, with those that are down.
    pub installed: u64,
    /// Jobs that are bound to it and wait.
    pub queued: u64,
    /// GPU time of what waits and runs there, by estimate.
    pub outstanding_gpu_us: u64,
    /// Whether the limit on jobs of its site lets one more in.
    pub admits: bool,
}

/// The prices of a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub(super) struct SiteState {
    /// The site.
    pub site: u32,
    /// The price of energy now.
    pub energy_micro_cny_per_kwh: i64,
    /// The carbon intensity of its grid now.
    pub carbon_mg_per_kwh: i64,
}

/// The sizes of an elastic job.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Sizes {
    /// The fewest GPUs.
    pub min_gpus: u32,
    /// The most.
    pub max_gpus: u32,
    /// Of its time with `gpus`, the share that more GPUs do not shorten.
    pub serial_millionths: u64,
}

/// A queued job.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Job<'a> {
    /// Its number in order of submission, by which decisions name it.
    pub job: JobNumber,
    /// When it was submitted.
    pub submit_us: u64,
    /// The GPUs of its gang.
    pub gpus: u32,
    /// The sizes at which it can run beside that; only of a job that is elastic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elastic: Option<Sizes>,
    /// Its user's estimate of its work, on the reference chip.
    pub estimate_us: u64,
    /// Its true work on the reference chip; only for an oracle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_us: Option<u64>,
    /// Its class.
    pub class: u32,
    /// Its tenant, counted over all groups.
    pub tenant: u32,
    /// Its tenant's group.
    pub group: u32,
    /// Its tenant's home.
    pub region: u32,
    /// Larger goes first, where a policy looks at it.
    pub priority: i32,
    /// When it should have ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_us: Option<u64>,
    /// What it reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Dataset<'a>>,
    /// The pool that it is bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<u32>,
    /// Pools where it may run, in pool order.
    pub candidates: Vec<Candidate>,
}

/// Data that must be at the site, or readable from there.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Dataset<'a> {
    /// The data class.
    pub data: &'a str,
    /// Jobs with the same number read the same data.
    pub id: u32,
    /// Its size.
    pub bytes: u64,
}

/// A pool where a job may run, and what it would take there.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Candidate {
    /// The pool.
    pub pool: u32,
    /// The one-way delay from the job's region.
    pub one_way_us: u64,
    /// Whether the data is read from afar rather than copied.
    pub remote_read: bool,
    /// How long it would hold its GPUs before its data is there, if it started now.
    pub staging_us: u64,
    /// How long it would run then, by its estimate.
    pub run_us: u64,
    /// Money and carbon; only with `quotes`.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
}

/// What a start now is expected to cost.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Quote {
    /// The price of its GPU-hours.
    pub compute_micro_cny: i64,
    /// The metered energy that the tenant pays.
    pub energy_micro_cny: i64,
    /// The transfer of its data.
    pub transfer_micro_cny: i64,
    /// Subsidies that the tenant is expected to get.
    pub subsidy_micro_cny: i64,
    /// What the tenant is expected to pay in all.
    pub net_micro_cny: i64,
    /// Energy at the meter, in millijoules.
    pub energy_mj: u64,
    /// Carbon by location.
    pub carbon_mg: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &[u8]) -> String {
        read_reply(line, 3).expect_err("it is refused").problem
    }

    #[test]
    fn decisions_are_read() {
        let line = br#"{"seq": 3, "decisions": [{"bind": {"job": 7, "pool": 1}}, {"place": {"job": 7, "parts": [{"pool": 1, "gpus": 8, "node": 2}]}},
            {"place_in_order": {"pool": 0, "jobs": [1, 2]}}, {"preempt": {"job": 4, "how": "checkpoint"}}, {"wake": {"at_us": 5}}]}"#;
        let decisions = read_reply(line, 3).unwrap();
        assert_eq!(decisions.len(), 5);
        assert_eq!(decisions[0], Wish::Bind { job: 7, pool: 1 });
        assert_eq!(decisions[2], Wish::PlaceInOrder { pool: 0, jobs: vec![1, 2] });
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        assert!(refusal(b"hello").starts_with("is not JSON: expected value at column 1"));
        assert!(refusal(b"{\"seq\": 3, \"decis").starts_with("is not JSON: EOF"));
        assert!(refusal(b"{\"seq\": NaN, \"decisions\": []}").starts_with("is not JSON: expected value"));
        assert!(refusal(b"{\"seq\": 3, \"decisions\": []} {}").starts_with("is not JSON: trailing characters"));
        assert!(refusal(b"{\"seq\": 3, \"seq\": 3, \"decisions\": []}").contains("duplicate field `seq`"));
        assert!(refusal(b"{\"seq\": 3, \"decisions\": [{\"reject\": {\"job\": 1, \"job\": 2}}]}").contains("duplicate field `job`"));
        assert!(refusal(b"{\"seq\": 3, \"decisions\": [{\"start\": {\"job\": 1}}]}").contains("unknown variant `start`, expected one of `place`"));
        assert!(refusal(b"{\"seq\": 3, \"decisions\": [{\"reject\": {\"job\": -1}}]}").contains("invalid value: integer `-1`"));
        assert!(refusal(b"{\"seq\": 3, \"decisions\": [{\"wake\": {\"at_us\": 1e300}}]}").contains("invalid type: floating point"));
        assert!(refusal(b"{\"seq\": 3, \"decisions\": [], \"now\": 1}").contains("unknown field `now`"));
        assert!(refusal(b"null").contains("invalid type: null"));
        assert!(refusal(b"{\"seq\": 3, \"decisions\": \"\xff\"}").starts_with("is not UTF-8 from byte 26"));
        assert_eq!(refusal(b"{\"seq\": 2, \"decisions\": []}"), "answers round 2 where round 3 was asked");
        let deep = [b"{\"seq\": 3, \"decisions\": ".as_slice(), &b"[".repeat(100_000)].concat();
        assert!(refusal(&deep).contains("column"), "{}", refusal(&deep));
    }

    #[test]
    fn another_version_is_named_whatever_else_it_says() {
        assert_eq!(
            Welcome::read(b"{\"protocol\": 2, \"mood\": \"good\"}").unwrap_err().problem,
            "speaks version 2 of the protocol, which is newer than version 1 of this edwc"
        );
        assert!(Welcome::read(b"{\"protocol\": 0}").unwrap_err().problem.contains("older"));
        assert!(Welcome::read(b"{\"protocol\": 1, \"mood\": \"good\"}").unwrap_err().problem.contains("unknown field `mood`"));
        assert!(Welcome::read(b"{\"protocol\": 1, \"needs\": {\"oracle\": true}}").unwrap().needs.oracle);
    }
}
