//! The less loaded of two pools that chance draws.

use super::place::{Offer, load_per_gpu, wait};
use crate::base::random::Stream;
use crate::model::JobId;
use crate::policy::{PartInfo, PartKind, Plan, View};

pub(super) static POWER_OF_TWO: PartInfo = PartInfo {
    name: "power-of-two",
    kind: PartKind::Place,
    summary: "draws two pools (binding at the start: of those with room) and takes the one with the less outstanding work per GPU",
    parameters: &[wait(1e6)],
    citation: "Mitzenmacher 2001, \"The power of two choices in randomized load balancing\"",
    notes: "two looks a job beside listing the candidates; draws small and large pools alike; knows nothing of money, carbon or distance",
    tested: &["it::placing::the_less_loaded_of_two_is_taken"],
    oracle: false,
};

/// Rates the two pools that a job draws by their load; the others come behind, by chance. A job draws the same whatever else happens.
pub(super) fn rate(chance: Stream, view: View<'_>, plan: &Plan<'_>, job: JobId, offers: &mut [Offer], needs_room: bool) {
    let gpus = view.job(job).gpus;
    let may_be_drawn = |offer: &Offer| !needs_room || plan.fits(offer.candidate.pool, gpus);
    let mut draws = chance.at(view.job(job).number);
    let count = offers.iter().filter(|offer| may_be_drawn(offer)).count() as u64;
    let first = if count > 0 { draws.below(count) } else { 0 };
    let second = if count > 1 { (first + 1 + draws.below(count - 1)) % count } else { first };
    let mut place = 0;
    for offer in offers {
        let may_be_drawn = may_be_drawn(offer);
        let drawn = may_be_drawn && (place == first || place == second);
        offer.cost = if drawn { (0, load_per_gpu(plan, job, offer.candidate.pool)) } else { (1, (draws.bits() >> 1) as i64) };
        place += u64::from(may_be_drawn);
    }
}
