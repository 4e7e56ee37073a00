//! Chip access: who may use a chip, from when until when, and how much of it there is.
//!
//! A chip that any rule is about may only be used under a rule that admits the start; several rules about one chip are
//! alternatives (two windows, an exemption for research), each with its own supply. The first that admits a start, in file order, is charged.

use super::matching::ChipAccess;
use crate::base::{Column, Time};
use crate::model::{AccessId, ChipId, Model};

/// Why a chip may not be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessRefusal {
    /// The chip.
    pub chip: ChipId,
    /// What stands against it: of several rules, the nearest to admitting it.
    pub why: AccessBar,
}

/// What stands against the use of a chip.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AccessBar {
    /// All that may be used at once is in use.
    Supply {
        /// The rule.
        access: AccessId,
        /// GPUs asked for.
        asked: u64,
        /// GPUs left.
        left: u64,
    },
    /// Its window is not open.
    Window {
        /// The rule.
        access: AccessId,
        /// Whether it opens later, rather than being over.
        opens_later: bool,
    },
    /// Nobody of its kind may use it.
    User,
}

/// GPUs in use under each rule.
#[derive(Clone, Debug)]
pub(super) struct AccessUse {
    used: Column<AccessId, u64>,
}

impl AccessUse {
    pub fn new(model: &Model) -> Self {
        Self { used: Column::filled(model.access.len(), 0) }
    }
    /// Finds the rule under which GPUs of a chip may be used now; `None` if the chip is free for all. `planned` was found before.
    pub fn admit(
        &self,
        model: &Model,
        access: &ChipAccess,
        (chip, gpus): (ChipId, u32),
        now: Time,
        planned: Option<(AccessId, u32)>,
    ) -> Result<Option<AccessId>, AccessRefusal> {
        let ChipAccess::Under(rules) = access else { return Ok(None) };
        let mut nearest = AccessBar::User;
        for &rule in rules {
            let planned = planned.filter(|(other, _)| *other == rule).map_or(0, |(_, gpus)| u64::from(gpus));
            match bar(model, rule, u64::from(gpus), now, self.used[rule] + planned) {
                None => return Ok(Some(rule)),
                Some(bar) => nearest = nearest.min(bar),
            }
        }
        Err(AccessRefusal { chip, why: nearest })
    }
    /// Tells whether some rule could admit the start now or later, with nothing else in use.
    pub fn admit_ever(model: &Model, access: &ChipAccess, (chip, gpus): (ChipId, u32), now: Time) -> Result<(), AccessRefusal> {
        let ChipAccess::Under(rules) = access else { return Ok(()) };
        let bars = rules.iter().map(|rule| bar(model, *rule, u64::from(gpus), now, 0));
        let lasting = bars.map(|bar| bar.filter(|bar| !matches!(bar, AccessBar::Window { opens_later: true, .. })));
        match lasting.min() {
            Some(None) => Ok(()),
            Some(Some(why)) => Err(AccessRefusal { chip, why }),
            None => Err(AccessRefusal { chip, why: AccessBar::User }),
        }
    }
    /// Returns when a window opens next after `now`.
    pub fn next_opening(model: &Model, now: Time) -> Time {
        model.access.iter().filter_map(|access| access.from).filter(|from| *from > now).min().unwrap_or(Time::NEVER)
    }
    pub fn hold(&mut self, access: Option<AccessId>, gpus: u32) {
        if let Some(access) = access {
            self.used[access] += u64::from(gpus);
        }
    }
    pub fn release(&mut self, access: Option<AccessId>, gpus: u32) {
        if let Some(access) = access {
            let used = &mut self.used[access];
            *used = used.checked_sub(u64::from(gpus)).expect("a chip is released once");
        }
    }
}

/// Tells what a rule has against a use. A window that has not opened hides a supply that is too small for ever, so the supply goes first.
fn bar(model: &Model, access: AccessId, asked: u64, now: Time, used: u64) -> Option<AccessBar> {
    let rule = &model.access[access];
    if rule.supply.is_some_and(|supply| asked > supply) {
        return Some(AccessBar::Supply { access, asked, left: rule.supply.unwrap_or(0).saturating_sub(used) });
    }
    if rule.until.is_some_and(|until| now >= until) {
        return Some(AccessBar::Window { access, opens_later: false });
    }
    if rule.from.is_some_and(|from| now < from) {
        return Some(AccessBar::Window { access, opens_later: true });
    }
    let left = rule.supply.map(|supply| supply.saturating_sub(used)).filter(|left| *left < asked);
    left.map(|left| AccessBar::Supply { access, asked, left })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Access, IdSet, Matcher};
    use crate::rules::testing::hour;

    fn rule(from: Option<Time>, until: Option<Time>, supply: Option<u64>) -> Access {
        let chips: IdSet<ChipId> = [ChipId(0)].into_iter().collect();
        Access { name: "a".into(), chips, users: Matcher::default(), from, until, supply }
    }

    #[test]
    fn two_windows_of_one_chip_are_alternatives_with_their_own_supply() {
        let mut model = crate::rules::testing::model();
        let early = model.access.push(rule(None, Some(hour(10)), Some(16)));
        let late = model.access.push(rule(Some(hour(20)), None, Some(8)));
        let both = ChipAccess::Under([early, late].into());
        let mut used = AccessUse::new(&model);
        let ask = |used: &AccessUse, gpus, at| used.admit(&model, &both, (ChipId(0), gpus), hour(at), None).map_err(|refusal| refusal.why);
        assert_eq!(ask(&used, 16, 9), Ok(Some(early)));
        used.hold(Some(early), 16);
        assert_eq!(ask(&used, 1, 9), Err(AccessBar::Supply { access: early, asked: 1, left: 0 }));
        // Between the windows nothing starts, although what runs goes on.
        assert_eq!(ask(&used, 1, 10), Err(AccessBar::Window { access: early, opens_later: false }));
        assert_eq!(ask(&used, 8, 20), Ok(Some(late)));
        used.release(Some(early), 16);
        assert_eq!(ask(&used, 1, 9), Ok(Some(early)));
    }

    #[test]
    fn what_no_rule_will_ever_admit_is_known_at_submission() {
        let mut model = crate::rules::testing::model();
        let late = model.access.push(rule(Some(hour(20)), Some(hour(30)), Some(8)));
        let under = ChipAccess::Under([late].into());
        let ever = |gpus, at| AccessUse::admit_ever(&model, &under, (ChipId(0), gpus), hour(at)).map_err(|refusal| refusal.why);
        assert_eq!(ever(8, 0), Ok(()));
        assert_eq!(ever(9, 0), Err(AccessBar::Supply { access: late, asked: 9, left: 8 }));
        assert_eq!(ever(8, 30), Err(AccessBar::Window { access: late, opens_later: false }));
        let nobody = AccessUse::admit_ever(&model, &ChipAccess::Under([].into()), (ChipId(0), 1), hour(0));
        assert_eq!(nobody.map_err(|refusal| refusal.why), Err(AccessBar::User));
        assert_eq!(AccessUse::admit_ever(&model, &ChipAccess::Free, (ChipId(0), 1), hour(0)), Ok(()));
    }
}
