//! Refusals in words.

use crate::model::Model;
use crate::rules::{self, AccessBar, Capped};
use crate::world::Refusal;
use crate::world::records::Reason;

/// Says what was denied, with its numbers.
pub(super) fn denied(refusal: &Refusal, model: &Model) -> String {
    match *refusal {
        Refusal::Room { pool, asked, free } => format!("{} of `{}`, where {free} are free", gpus(asked.into()), model.pool_name(pool)),
        Refusal::Chip { pool } => format!("its class does not run on the chip of `{}`", model.pool_name(pool)),
        Refusal::Residency { site } => format!("its data may not go to `{}`", model.sites[site].name),
        Refusal::Latency { site, one_way } => format!("`{}` is {:.1} ms away, one way", model.sites[site].name, one_way.as_secs_f64() * 1e3),
        Refusal::Split => "its class does not allow this split".to_owned(),
        Refusal::Size { asked, min, max } => format!("{} for a job that runs with {min} to {max}", gpus(asked)),
        Refusal::Power { site, would_be, limit } => {
            let kilowatts = |power: crate::base::Power| power.0 as f64 / 1e6;
            format!("power of `{}`: {:.0} kW with this job, at most {:.0} kW", model.sites[site].name, kilowatts(would_be), kilowatts(limit))
        }
        Refusal::Admission { site } => format!("`{}` takes no more jobs", model.sites[site].name),
        Refusal::Deferred { .. } => "the policy holds it back".to_owned(),
        Refusal::UnderWay => "an earlier decision on it is under way".to_owned(),
        Refusal::Stale => "the decision came too late".to_owned(),
        Refusal::NothingToMove => "there is nothing to move".to_owned(),
        Refusal::Rules(refusal) => rule(refusal, model),
        Refusal::Protocol(fault) => fault.to_string(),
    }
}

fn gpus(count: u64) -> String {
    format!("{count} GPU{}", if count == 1 { "" } else { "s" })
}

fn rule(refusal: rules::Refusal, model: &Model) -> String {
    match refusal {
        rules::Refusal::Quota(quota) => {
            format!("quota `{}`: {} asked, {} left", model.quotas[quota.quota].name, gpus(quota.asked), quota.available)
        }
        rules::Refusal::Cap(cap) => {
            let name = &model.quotas[cap.quota].name;
            if cap.capped == Capped::Energy {
                format!("energy of quota `{name}`: {:.1} kWh asked, {:.1} left", cap.asked as f64 / 3.6e9, cap.left as f64 / 3.6e9)
            } else {
                format!("GPU-hours of quota `{name}`: {:.1} asked, {:.1} left", cap.asked as f64 / 3.6e9, cap.left as f64 / 3.6e9)
            }
        }
        rules::Refusal::Domestic(_) => {
            let name = refusal.quota().map_or("", |quota| model.quotas[quota].name.as_str());
            format!("quota `{name}`: its domestic share would be out of reach")
        }
        rules::Refusal::Access(access) => match access.why {
            AccessBar::User => "its tenant may not use the chip".to_owned(),
            AccessBar::Window { opens_later, .. } => {
                format!("the chip may not be used {}", if opens_later { "yet" } else { "any more" })
            }
            AccessBar::Supply { asked, left, .. } => format!("supply of the chip: {} asked, {left} left", gpus(asked)),
        },
        rules::Refusal::Residency => "its data may not go there".to_owned(),
        rules::Refusal::Latency(_) => "it is too far away".to_owned(),
    }
}

/// Says why a job can never run in a pool.
pub(super) fn never(reason: Reason) -> &'static str {
    match reason {
        Reason::Chip => "its class does not run on the chip",
        Reason::Residency => "its data may not go there",
        Reason::Latency => "too far away",
        _ => reason.name(),
    }
}
