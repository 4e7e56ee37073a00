//! What the world denied of a policy's decisions, as the next round's line tells it.

use super::message::Wish;
use crate::model::{JobNumber, Model};
use crate::rules;
use crate::rules::{AccessBar, Capped};
use crate::world::Refusal;
use schemars::JsonSchema;
use serde::Serialize;

/// One refusal: which decision, whose job, and the numbers. Fields that say nothing about a kind are left out.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(super) struct Refused {
    /// The place of the decision in the reply, from 0.
    pub decision: usize,
    /// The job.
    pub job: JobNumber,
    /// What denied it.
    pub kind: &'static str,
    /// The pool that denied it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<u32>,
    /// The site that denied it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<u32>,
    /// The quota that denied it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<String>,
    /// What was asked: GPUs, or for caps GPU-microseconds or millijoules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<u64>,
    /// What there is of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<u64>,
    /// The site's limit, in milliwatts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_mw: Option<u64>,
    /// What its meter would show, in milliwatts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub would_be_mw: Option<u64>,
    /// The one-way delay that is too long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_way_us: Option<u64>,
    /// Until when the job is deferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_us: Option<u64>,
    /// Whether it can never be granted, as far as the rules stand now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub never: bool,
}

impl Refused {
    /// Puts a refusal into words.
    pub(super) fn new(decision: usize, job: JobNumber, refusal: &Refusal, model: &Model) -> Self {
        let mut told = Self { decision, job, kind: refusal.kind(), ..Self::default() };
        match *refusal {
            Refusal::Room { pool, asked, free } => {
                (told.pool, told.asked, told.available) = (Some(pool.0), Some(u64::from(asked)), Some(free));
            }
            Refusal::Chip { pool } => (told.pool, told.never) = (Some(pool.0), true),
            Refusal::Residency { site } => (told.site, told.never) = (Some(site.0), true),
            Refusal::Latency { site, one_way } => (told.site, told.one_way_us, told.never) = (Some(site.0), Some(one_way.0), true),
            Refusal::Power { site, would_be, limit } => {
                (told.site, told.would_be_mw, told.limit_mw) = (Some(site.0), Some(would_be.0), Some(limit.0));
            }
            Refusal::Admission { site } => told.site = Some(site.0),
            Refusal::Deferred { until } => told.until_us = Some(until.0),
            Refusal::Size { asked, min, max } => {
                (told.asked, told.available) = (Some(asked), Some(asked.clamp(u64::from(min), u64::from(max))));
            }
            Refusal::Rules(rule) => told.rule(rule, model),
            Refusal::Split | Refusal::UnderWay | Refusal::Stale | Refusal::NothingToMove | Refusal::Protocol(_) => {}
        }
        told
    }

    fn rule(&mut self, refusal: rules::Refusal, model: &Model) {
        self.quota = refusal.quota().map(|quota| model.quotas[quota].name.clone());
        let number = |amount: u128| u64::try_from(amount).unwrap_or(u64::MAX);
        match refusal {
            rules::Refusal::Quota(quota) => (self.asked, self.available) = (Some(quota.asked), Some(quota.available)),
            rules::Refusal::Cap(cap) => {
                self.kind = if cap.capped == Capped::Energy { "energy_cap" } else { "hours_cap" };
                (self.asked, self.available) = (Some(number(cap.asked)), Some(number(cap.left)));
            }
            rules::Refusal::Access(access) => {
                if let AccessBar::Supply { asked, left, .. } = access.why {
                    (self.asked, self.available) = (Some(asked), Some(left));
                }
                self.never = matches!(access.why, AccessBar::User | AccessBar::Window { opens_later: false, .. });
            }
            rules::Refusal::Domestic(_) | rules::Refusal::Residency | rules::Refusal::Latency(_) => {}
        }
    }
}

/// Returns the word of a decision, as messages name it.
pub(super) fn word(wish: &Wish) -> &'static str {
    match wish {
        Wish::Place { .. } => "place",
        Wish::PlaceInOrder { .. } => "place_in_order",
        Wish::Bind { .. } => "bind",
        Wish::Preempt { .. } => "preempt",
        Wish::Migrate { .. } => "migrate",
        Wish::Resize { .. } => "resize",
        Wish::Defer { .. } => "defer",
        Wish::Reject { .. } => "reject",
        Wish::Prefetch { .. } => "prefetch",
        Wish::Wake { .. } => "wake",
    }
}
