//! The facts of a job's story, as lines of JSON. Names instead of ids, so that they can be read without the scenario.

use crate::model::JobNumber;
use serde::{Deserialize, Serialize};

/// One thing that happened to one job.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fact {
    /// The job.
    pub job: JobNumber,
    /// When, in microseconds since the scenario's start.
    pub at_us: u64,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Event {
    /// It was submitted.
    Submitted {
        /// Its class.
        class: String,
        /// Its tenant.
        tenant: String,
        /// Its tenant's home.
        region: String,
        /// The GPUs of its gang.
        gpus: u32,
        /// Its estimated work on the reference chip.
        estimate_us: u64,
    },
    /// The pools were looked at, as it was submitted or returned.
    Considered {
        /// All pools of the fleet.
        pools: Vec<Considered>,
    },
    /// It waits for this pool from now on.
    Bound {
        /// The pool.
        pool: String,
    },
    /// The world denied what the policy wanted.
    Denied {
        /// The pool, if it was about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<String>,
        /// The word under which it is counted.
        kind: String,
        /// In words, with the numbers of the first time.
        why: String,
        /// How often in a row.
        times: u64,
        /// The last time of the row.
        last_us: u64,
    },
    /// It has waited.
    Waited {
        /// Until when.
        until_us: u64,
        /// For what: the word of a refusal, or `order` if it could have started but others went first.
        kind: String,
        /// In words, with the numbers at the beginning.
        why: String,
    },
    /// It got GPUs.
    Started {
        /// Of which pools, and how many.
        parts: Vec<(String, u32)>,
    },
    /// Its GPUs were taken away.
    Preempted {
        /// Whether it writes a checkpoint first.
        checkpoint: bool,
        /// Whether a quota took back what another had borrowed.
        reclaimed: bool,
    },
    /// It left its GPUs for others.
    Moved {
        /// Of which pools, and how many.
        parts: Vec<(String, u32)>,
    },
    /// It waits again: a failure has stopped it, or its preemption is complete.
    Returned,
    /// The policy holds it back.
    Deferred {
        /// Until when.
        until_us: u64,
    },
    /// Its data moves ahead of its start.
    Prefetched {
        /// The site.
        site: String,
    },
    /// Its user was told when it would start.
    Promised {
        /// The time.
        start_us: u64,
    },
    /// The policy turned it away.
    TurnedAway,
    /// It left the system.
    Ended {
        /// How.
        fate: String,
        /// Why, where that needs a word.
        reason: Option<String>,
        /// Where it last ran or was bound.
        pool: Option<String>,
        /// Submission until GPUs were first held.
        queue_wait_us: Option<u64>,
        /// GPUs held before computing.
        staging_us: u64,
        /// Computing and checkpointing of the last attempt.
        run_us: u64,
        /// GPU-hours × price.
        compute_micro_cny: i64,
        /// Metered energy.
        energy_micro_cny: i64,
        /// Transfers.
        transfer_micro_cny: i64,
        /// Subsidies that lowered what the tenant pays.
        subsidy_micro_cny: i64,
        /// Metered energy in millijoules.
        energy_mj: u64,
        /// Carbon by location, in milligrams.
        carbon_mg: u64,
    },
    /// Somebody paid for it.
    Paid {
        /// Who.
        from: String,
        /// Whom.
        to: String,
        /// What for.
        purpose: String,
        /// How much.
        micro_cny: i64,
    },
}

/// A pool, as one job's start there looked when the pools were considered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Considered {
    /// The pool.
    pub pool: String,
    /// Why the job can never run there; everything else is left out then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never: Option<String>,
    /// The policy's rating, smaller is better; none if it does not rate, or did not rate this pool because the wait there is too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<i64>,
    /// What a start there at once would have been denied for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// Outstanding work per GPU, by estimate; 0 if it would fit at once.
    #[serde(default)]
    pub wait_us: u64,
    /// How long it would wait for its data.
    #[serde(default)]
    pub staging_us: u64,
    /// How long it would run, by its estimate.
    #[serde(default)]
    pub run_us: u64,
    /// What its tenant would be expected to pay.
    #[serde(default)]
    pub net_micro_cny: i64,
    /// The carbon it would be expected to cause, by location.
    #[serde(default)]
    pub carbon_mg: u64,
}
