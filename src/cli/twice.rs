//! `edwc run --twice`: two runs of the same side by side, whose histories must be the same event by event.

use super::chosen::Driver;
use super::failure::{Exit, Failure, plural};
use super::printer::Printer;
use super::simulate::{Request, interrupted};
use crate::base::Span;
use crate::base::digest::{Entry, Fingerprint};
use crate::base::random::Seed;
use crate::engine::history::describe;
use crate::engine::{Options, Run};
use crate::policy::delayed::Delayed;
use crate::policy::{BuildContext, Scheduler};
use crate::workload;
use std::collections::VecDeque;

/// What came of the comparison.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Both histories are the same.
    Same {
        /// Events of each.
        events: u64,
        /// Their fingerprint.
        fingerprint: Fingerprint,
    },
    /// They part.
    Differ {
        /// Events that are the same in both.
        same: u64,
        /// The first event that is not, in each; none where a history ends.
        first: [Option<String>; 2],
    },
}

/// Runs a scenario under a policy twice, round by round in turn, so that no more of the histories is kept than the two runs are apart.
pub(super) fn compare(request: &Request<'_>) -> Result<Verdict, Failure> {
    let seed = Seed { seed: request.seed, replication: request.replication };
    let start = || Driver::start(request.policy, BuildContext { model: request.model, seed }, &request.conditions, request.interrupt);
    let mut drivers = [start()?, start()?];
    side_by_side(request, seed, &mut drivers).map_err(|(failure, which)| match which {
        Some(which) => drivers[which].give_up(failure),
        None => failure,
    })
}

/// Why a comparison ended early, and which of the two policies failed, if one did.
type Stopped = (Failure, Option<usize>);

fn side_by_side(request: &Request<'_>, seed: Seed, drivers: &mut [Driver; 2]) -> Result<Verdict, Stopped> {
    let delay = request.model.policy.decision_delay;
    let mut delayed;
    let policies: [&mut dyn Scheduler; 2] = if delay > Span::ZERO {
        delayed = drivers.each_mut().map(|driver| Delayed::new(driver.scheduler(), delay));
        delayed.each_mut().map(|policy| policy as &mut dyn Scheduler)
    } else {
        drivers.each_mut().map(|driver| driver.scheduler())
    };
    let mut sides = Vec::new();
    for policy in policies {
        sides.push(Side::start(request, seed, policy).map_err(|failure| (failure, None))?);
    }
    let mut sides: [Side<'_>; 2] = sides.try_into().unwrap_or_else(|_| unreachable!("there are two policies"));
    let mut same = 0;
    loop {
        for (which, side) in sides.iter_mut().enumerate() {
            side.step().map_err(|failure| (failure, Some(which)))?;
        }
        let [first, second] = &mut sides;
        while let (Some(one), Some(other)) = (first.history.front(), second.history.front()) {
            if one != other {
                return Ok(differ(request, same, &sides));
            }
            first.history.pop_front();
            second.history.pop_front();
            same += 1;
        }
        if sides.iter().all(|side| side.ended.is_some()) {
            break;
        }
        if request.interrupt.asked() {
            return Err((interrupted(), None));
        }
    }
    match &sides {
        [Side { ended: Some(fingerprint), .. }, Side { ended: Some(other), .. }] if fingerprint == other => {
            Ok(Verdict::Same { events: same, fingerprint: *fingerprint })
        }
        _ => Ok(differ(request, same, &sides)),
    }
}

fn differ(request: &Request<'_>, same: u64, sides: &[Side<'_>; 2]) -> Verdict {
    let first = sides.each_ref().map(|side| side.history.front().map(|entry| describe(entry, request.model)));
    Verdict::Differ { same, first }
}

impl Verdict {
    /// Prints the verdict; one that differs is a failed check.
    pub(super) fn tell(&self, printer: &mut Printer) -> Result<(), Failure> {
        match self {
            Self::Same { events, fingerprint } => {
                printer.out(&format!("twice the same: {}, fingerprint {}\n", plural(*events as usize, "event"), fingerprint.short()));
                Ok(())
            }
            Self::Differ { same, first } => {
                printer.out(&format!("the two runs differ after {} that are the same:\n", plural(*same as usize, "event")));
                for (which, entry) in ["first", "second"].iter().zip(first) {
                    printer.out(&format!("  {which:<7} {}\n", entry.as_deref().unwrap_or("nothing more")));
                }
                Err(Failure::silent(Exit::CheckFailed))
            }
        }
    }
}

/// One of the two runs.
struct Side<'a> {
    run: Option<Run>,
    policy: &'a mut dyn Scheduler,
    /// What has not been compared yet.
    history: VecDeque<Entry>,
    /// Its fingerprint, once it is over.
    ended: Option<Fingerprint>,
}

impl<'a> Side<'a> {
    fn start(request: &Request<'_>, seed: Seed, policy: &'a mut dyn Scheduler) -> Result<Self, Failure> {
        let sources = Box::new(workload::open(request.model, seed)?);
        let options = Options { keep_postings: false, sample_every: None };
        let mut run = Run::new(request.model, sources, policy.needs(), seed, options)?;
        run.keep_history();
        Ok(Self { run: Some(run), policy, history: VecDeque::new(), ended: None })
    }
    /// Goes on by one round; what is left to happen at the end comes with the last.
    fn step(&mut self) -> Result<(), Failure> {
        let Some(run) = &mut self.run else { return Ok(()) };
        let goes_on = run.step(self.policy)?;
        run.jobs_out().clear();
        self.history.extend(run.take_history());
        if let Some(run) = self.run.take_if(|_| !goes_on) {
            let ending = run.finish(false)?;
            self.history.extend(ending.history);
            self.ended = Some(ending.fingerprint);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::chosen::{Chosen, Conditions};
    use super::super::interrupt::Interrupt;
    use super::*;
    use crate::model::PolicyChoice;
    use crate::policy::{PolicyError, Registered, registry};
    use crate::scenario::{Scenario, choose_policy};
    use std::sync::atomic::{AtomicU32, Ordering};

    const QUICKSTART: &str = include_str!("../../scenarios/quickstart.toml");

    fn verdict(policy: &Chosen) -> Verdict {
        let scenario = Scenario::parse("quickstart", QUICKSTART, &crate::scenario::Options::default()).expect("it is valid");
        let interrupt = Interrupt::listen().expect("signals can be heard");
        let request = Request {
            model: &scenario.model,
            policy,
            conditions: Conditions::default(),
            seed: 7,
            replication: 0,
            interrupt: &interrupt,
            quiet: true,
        };
        compare(&request).expect("it runs")
    }

    fn parts(text: &str) -> PolicyChoice {
        choose_policy(text, &PolicyChoice::default()).expect("the parts exist")
    }

    /// A policy that is another one every second time.
    fn fickle(context: BuildContext<'_>) -> Result<Box<dyn Scheduler>, PolicyError> {
        static BUILT: AtomicU32 = AtomicU32::new(0);
        let order = if BUILT.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { "fifo+cheapest" } else { "fifo+local-first" };
        registry::build(&parts(order), context).map_err(|error| PolicyError(error.to_string()))
    }

    #[test]
    fn the_same_twice_is_the_same() {
        let Verdict::Same { events, .. } = verdict(&Chosen::Parts(parts("fifo+cheapest+easy"))) else { panic!("it differs") };
        assert!(events > 100, "{events}");
    }

    #[test]
    fn the_first_event_that_differs_is_named() {
        let registered = Registered { name: "fickle", summary: "another one every second time", build: fickle };
        let Verdict::Differ { same, first: [Some(first), Some(second)] } = verdict(&Chosen::Registered(registered)) else {
            panic!("nothing differs")
        };
        assert!(same > 0, "the first arrival is the same");
        assert!(first != second && first.contains("job") && second.contains("job"), "{first} against {second}");
    }
}
