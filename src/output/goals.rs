//! The programme's official goals, site by site.

use super::summary::{Goal, Goals, Met, Named, SiteGoals, Use};
use crate::base::Span;
use crate::model::{Model, RegionId, Side, Site, SiteId};

/// Take-up (上架率) of start-up zones: NDRC replies on the hubs (2021/2022).
const TAKE_UP_AT_LEAST: f64 = 0.65;
/// PUE of eastern (and middle) clusters.
const PUE_AT_MOST_EAST: f64 = 1.25;
/// PUE of western clusters.
const PUE_AT_MOST_WEST: f64 = 1.2;
/// Share of green power of new data centres in hubs by the end of 2025.
const GREEN_AT_LEAST: f64 = 0.8;
/// One-way delay between hubs.
const ONE_WAY_AT_MOST_S: f64 = 0.020;

/// Judges every site; `one_way` tells the delay between a region and a site.
pub fn judge(model: &Model, used: &Named<Use>, one_way: &dyn Fn(RegionId, SiteId) -> Option<Span>) -> Goals {
    let slowest = |site| model.regions.ids().map(|region| one_way(region, site)).collect::<Option<Vec<_>>>()?.into_iter().max();
    let of_site = |(id, site): (SiteId, &Site)| {
        let pue = if site.side == Side::West { PUE_AT_MOST_WEST } else { PUE_AT_MOST_EAST };
        let goals = SiteGoals {
            take_up: at_least(TAKE_UP_AT_LEAST, used.find(&site.name).and_then(|site| site.take_up)),
            pue: at_most(pue, Some(site.pue.as_f64())),
            green_share: at_least(GREEN_AT_LEAST, Some(site.green_share.as_f64())),
            one_way_s: at_most(ONE_WAY_AT_MOST_S, slowest(id).map(Span::as_secs_f64)),
        };
        (site.name.clone(), goals)
    };
    let by_site: Named<SiteGoals> = model.sites.entries().map(of_site).collect();
    let met = |goal: fn(&SiteGoals) -> Goal| Met {
        met: by_site.iter().filter(|(_, site)| goal(site).met == Some(true)).count() as u64,
        sites: by_site.iter().filter(|(_, site)| goal(site).met.is_some()).count() as u64,
    };
    Goals {
        take_up: met(|site| site.take_up),
        pue: met(|site| site.pue),
        green_share: met(|site| site.green_share),
        one_way: met(|site| site.one_way_s),
        by_site,
    }
}

fn at_least(goal: f64, value: Option<f64>) -> Goal {
    Goal { value, goal, met: value.map(|value| value >= goal) }
}

fn at_most(goal: f64, value: Option<f64>) -> Goal {
    Goal { value, goal, met: value.map(|value| value <= goal) }
}
