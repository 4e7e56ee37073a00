//! The lines of the protocol, as types: what edwc says, and what a policy may answer.
//!
//! Numbers are integers in the unit of their name: `_us` microseconds (times since the scenario's start), `_micro_cny` millionths of a yuan,
//! `_millionths` shares and factors. A job is named by its number in order of submission; pools, sites, chips, classes and regions by their place
//! in the fleet's lists.

use super::PROTOCOL;
use crate::model::JobNumber;
use serde::{Deserialize, Serialize};

/// What a policy asks for in its greeting.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
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
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
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
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            protocol: u32,
        }
        let version: Version = parse(line, "a greeting `{\"protocol\": 1, \"needs\": {…}}`")?;
        if version.protocol != PROTOCOL {
            let age = if version.protocol > PROTOCOL { "newer" } else { "older" };
            return Err(format!("speaks version {} of the protocol, which is {age} than version {PROTOCOL} of this edwc", version.protocol));
        }
        parse(line, "a greeting `{\"protocol\": 1, \"needs\": {…}}`")
    }
}

/// A policy's answer to a round.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    seq: u64,
    decisions: Vec<Wish>,
}

/// One decision of a policy.
#[derive(Clone, PartialEq, Debug, Deserialize)]
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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It writes a checkpoint first.
    Checkpoint,
    /// It loses what no checkpoint holds.
    Discard,
}

/// Reads the answer to a round.
pub(super) fn read_reply(line: &[u8], seq: u64) -> Result<Vec<Wish>, String> {
    let reply: Reply = parse(line, "an answer `{\"seq\": …, \"decisions\": […]}`")?;
    if reply.seq != seq {
        return Err(format!("answers round {} where round {seq} was asked", reply.seq));
    }
    Ok(reply.decisions)
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8], expected: &str) -> Result<T, String> {
    let text = std::str::from_utf8(line).map_err(|error| format!("is not UTF-8 from byte {}", error.valid_up_to() + 1))?;
    serde_json::from_str(text).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => format!("is not {expected}: {}", without_line(&error)),
        _ => format!("is not JSON: {}", without_line(&error)),
    })
}

/// Every message is one line: its column is place enough.
fn without_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

/// What edwc says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said<'a> {
    Hello(Hello<'a>),
    Fleet(Fleet<'a>),
    Round(Round<'a>),
    End { summary: &'a serde_json::Value },
}

#[derive(Debug, Serialize)]
pub(super) struct Hello<'a> {
    pub protocol: u32,
    pub edwc: &'a str,
    pub scenario: &'a str,
    pub time_limit_ms: u64,
    /// What may be asked for.
    pub needs: [&'a str; 3],
}

#[derive(Debug, Serialize)]
pub(super) struct Fleet<'a> {
    pub pools: Vec<Pool<'a>>,
    pub sites: Vec<Site<'a>>,
    pub chips: Vec<Chip<'a>>,
    pub classes: Vec<Class<'a>>,
    pub regions: Vec<Region<'a>>,
    pub groups: Vec<Group<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Pool<'a> {
    pub pool: u32,
    pub name: String,
    pub site: u32,
    pub chip: u32,
    pub nodes: u32,
    pub gpus_per_node: u32,
    pub gpus: u64,
    pub price_micro_cny_per_gpu_h: i64,
    /// Who pays the energy: the tenant on top (`metered`), or the site (`included`).
    pub energy: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Site<'a> {
    pub site: u32,
    pub name: &'a str,
    pub name_zh: Option<&'a str>,
    pub side: &'a str,
    pub owner: &'a str,
    pub province: &'a str,
    pub city: &'a str,
    pub hub: Option<&'a str>,
    pub pue_millionths: u64,
    pub green_millionths: u64,
    pub power_limit_mw: Option<u64>,
    pub job_limit: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Chip<'a> {
    pub chip: u32,
    pub name: &'a str,
    pub origin: &'a str,
    pub pflops_millionths: u64,
    pub memory_bytes: u64,
    pub idle_mw: u64,
    pub busy_mw: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Class<'a> {
    pub class: u32,
    pub name: &'a str,
    /// Work per second on each chip, relative to the reference chip; 0: the class cannot run there.
    pub speed_millionths: Vec<u64>,
    pub priority: i32,
    /// Whether a preempted job may write a checkpoint.
    pub checkpoints: bool,
    /// Whether a gang may be split over two sites.
    pub splits: bool,
    pub one_way_max_us: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Region<'a> {
    pub region: u32,
    pub name: &'a str,
    pub province: &'a str,
    pub city: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Group<'a> {
    pub group: u32,
    pub name: &'a str,
    pub kind: &'a str,
    pub region: u32,
    pub tenants: u32,
    pub weight_millionths: u64,
}

/// What happened since the last round, and what has changed.
#[derive(Debug, Serialize)]
pub(super) struct Round<'a> {
    pub seq: u64,
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

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(super) struct PoolState {
    pub pool: u32,
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

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub(super) struct SiteState {
    pub site: u32,
    pub energy_micro_cny_per_kwh: i64,
    pub carbon_mg_per_kwh: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct Job<'a> {
    pub job: JobNumber,
    pub submit_us: u64,
    pub gpus: u32,
    pub estimate_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_us: Option<u64>,
    pub class: u32,
    pub tenant: u32,
    pub group: u32,
    pub region: u32,
    pub priority: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dataset: Option<Dataset<'a>>,
    /// The pool that it is bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<u32>,
    /// Pools where it may run, in pool order.
    pub candidates: Vec<Candidate>,
}

#[derive(Debug, Serialize)]
pub(super) struct Dataset<'a> {
    pub data: &'a str,
    pub id: u32,
    pub bytes: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Candidate {
    pub pool: u32,
    pub one_way_us: u64,
    /// Whether the data is read from afar rather than copied.
    pub remote_read: bool,
    pub staging_us: u64,
    pub run_us: u64,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
}

#[derive(Debug, Serialize)]
pub(super) struct Quote {
    pub compute_micro_cny: i64,
    pub energy_micro_cny: i64,
    pub transfer_micro_cny: i64,
    pub subsidy_micro_cny: i64,
    pub net_micro_cny: i64,
    pub energy_mj: u64,
    pub carbon_mg: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &[u8]) -> String {
        read_reply(line, 3).expect_err("it is refused")
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
            Welcome::read(b"{\"protocol\": 2, \"mood\": \"good\"}").unwrap_err(),
            "speaks version 2 of the protocol, which is newer than version 1 of this edwc"
        );
        assert!(Welcome::read(b"{\"protocol\": 0}").unwrap_err().contains("older"));
        assert!(Welcome::read(b"{\"protocol\": 1, \"mood\": \"good\"}").unwrap_err().contains("unknown field `mood`"));
        assert!(Welcome::read(b"{\"protocol\": 1, \"needs\": {\"oracle\": true}}").unwrap().needs.oracle);
    }
}
