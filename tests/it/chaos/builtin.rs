//! Every built-in policy over random worlds, with the same audit.

use super::world::World;
use super::{drive, for_worlds, survives};
use edwc::base::Span;
use edwc::base::random::Seed;
use edwc::model::{JobId, PolicyChoice, PolicyPart};
use edwc::policy::{BuildContext, Needs, PartKind, Plan, PolicyError, Scheduler, View, registry};
use edwc::world::Allocation;

/// Lists every combination of order × bind × place × backfill × preempt; of the last two, none is a choice. Predictions go round.
pub fn combinations() -> Vec<PolicyChoice> {
    let of = |kind: PartKind| registry::parts().filter(move |part| part.kind == kind).map(|part| Some(part.name)).collect::<Vec<_>>();
    let or_none = |kind: PartKind| [vec![None], of(kind)].concat();
    let kinds = [of(PartKind::Order), of(PartKind::Bind), of(PartKind::Place), or_none(PartKind::Backfill), or_none(PartKind::Preempt)];
    let mut choices: Vec<Vec<&str>> = vec![Vec::new()];
    for names in kinds {
        choices = choices.iter().flat_map(|choice| names.iter().map(|name| choice.iter().copied().chain(*name).collect())).collect();
    }
    // A number that the counts of the others do not divide.
    let predictions = [of(PartKind::Predict), vec![None; 3]].concat();
    let part = |name: &&str| PolicyPart { name: (*name).to_owned(), parameters: Vec::new() };
    choices
        .iter()
        .enumerate()
        .map(|(index, names)| {
            let predict = predictions[index % predictions.len()];
            PolicyChoice { parts: names.iter().chain(&predict).map(part).collect(), stage_at_submit: index % 3 == 0, ..PolicyChoice::default() }
        })
        .collect()
}

/// Builds a policy for a world.
pub fn build(choice: &PolicyChoice, world: &World) -> Box<dyn Scheduler> {
    let context = BuildContext { model: &world.model, seed: Seed { seed: world.seed, replication: 0 } };
    registry::build(choice, context).expect("every combination of parts is a policy")
}

/// Watches that a policy does its work: with nothing running, somebody in every queue cannot start.
struct Watched {
    policy: Box<dyn Scheduler>,
    at_start: bool,
    ready_time: bool,
}

impl Scheduler for Watched {
    fn needs(&self) -> Needs {
        self.policy.needs()
    }
    fn predict(&mut self, view: View<'_>, job: JobId) -> Option<Span> {
        self.policy.predict(view, job)
    }
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        self.policy.schedule(view, plan)?;
        let pools = &view.model().pools;
        // Jobs that have just come, or were just bound again, are not known to be bound here.
        // What a cap refuses may fit a moment later, as less of its period is left: no event tells of that.
        let capped = view.model().quotas.iter().any(|quota| quota.gpu_hours.is_some() || quota.energy.is_some() || quota.domestic.is_some());
        // Under `ready-time` a job whose data is on its way does not queue yet.
        let settled = !self.ready_time && !view.delta().terms_changed && view.delta().arrived.is_empty() && !capped;
        if settled && pools.ids().all(|pool| plan.bookings().capacity.held(pool) == 0) {
            for pool in pools.ids() {
                let queue = view.jobs().queued().filter(|job| self.at_start || view.status(*job).pool == Some(pool)).collect::<Vec<_>>();
                let starts = |plan: &mut Plan<'_>, job: JobId| {
                    let mark = plan.mark();
                    let started = plan.place(job, &[Allocation::new(pool, view.job(job).gpus)]).is_ok();
                    plan.rollback(mark);
                    started
                };
                let idle = queue.iter().all(|job| starts(plan, *job));
                assert!(queue.is_empty() || !idle, "all that wait for {pool:?} could start at {:?}, and nothing runs", view.now());
            }
        }
        Ok(())
    }
}

#[test]
fn no_world_breaks_under_a_built_in_policy() {
    let choices = combinations();
    let of_kind = |kind: PartKind| registry::parts().filter(|part| part.kind == kind).count();
    let combinations = [of_kind(PartKind::Order), of_kind(PartKind::Bind), of_kind(PartKind::Place), of_kind(PartKind::Backfill) + 1];
    assert_eq!(choices.len(), combinations.iter().product::<usize>() * (of_kind(PartKind::Preempt) + 1));
    // Each part meets each other part many times over; all combinations take too long for every day.
    for (series, choice) in choices.iter().enumerate().step_by(19) {
        let has = |name: &str| choice.parts.iter().any(|part| part.name == name);
        let (at_start, ready_time) = (has("at-start"), has("ready-time"));
        for_worlds(1_000 + series as u64, 1, |world| {
            survives(drive::audited(&world, &mut Watched { policy: build(choice, &world), at_start, ready_time }));
            Ok(())
        });
    }
}

/// How old what is seen may be, from less than an event to longer than a run.
const VIEW_DELAYS: [Span; 4] = [Span(1), Span::seconds(60), Span::hours(2), Span::days(100)];

#[test]
fn no_world_breaks_under_an_old_view() {
    for (series, choice) in combinations().iter().enumerate().step_by(83) {
        let has = |name: &str| choice.parts.iter().any(|part| part.name == name);
        let (at_start, ready_time) = (has("at-start"), has("ready-time"));
        for_worlds(5_000 + series as u64, 1, |mut world| {
            world.model.policy.view_delay = VIEW_DELAYS[series / 83 % VIEW_DELAYS.len()];
            survives(drive::audited(&world, &mut Watched { policy: build(choice, &world), at_start, ready_time }));
            Ok(())
        });
    }
}

/// A policy that believes what it sees and one that does random things; whatever could start has started in the end.
#[test]
fn who_believes_an_old_view_starves_nobody() {
    for_worlds(6_000, 150, |mut world| {
        world.model.policy.view_delay = VIEW_DELAYS[world.seed as usize % VIEW_DELAYS.len()];
        survives(drive::audited(&world, &mut super::policy::Chaos::new(world.seed)));
        let mut run = drive::begin(&world, &Believes).expect("jobs are given");
        for _ in 0..4_000 {
            match survives(run.step(&mut Believes)) {
                Some(true) => {}
                Some(false) => {
                    assert_eq!(run.starving(), 0, "at {:?}", run.now());
                    break;
                }
                None => break,
            }
        }
        Ok(())
    });
}

/// Starts jobs where they look as if they fit.
struct Believes;

impl Scheduler for Believes {
    fn schedule(&mut self, view: View<'_>, plan: &mut Plan<'_>) -> Result<(), PolicyError> {
        for job in view.jobs().queued() {
            let gpus = view.job(job).gpus;
            let mut pools = view.candidates(job).iter().map(|candidate| candidate.pool).filter(|pool| plan.fits(*pool, gpus)).collect::<Vec<_>>();
            pools.retain(|pool| !plan.has_decided(job) && plan.place(job, &[Allocation::new(*pool, gpus)]).is_ok());
        }
        Ok(())
    }
}

/// Schedulers that sites keep in turn; the first is none.
const OWN: [&str; 8] = [
    "",
    "fifo+easy",
    "smallest+skip",
    "priority+at-start+easy",
    "fifo+conservative+best-fit",
    "fair-share+at-start+conservative+random",
    "priority+evict-lower",
    "fifo+at-start+carbon-waiting+reclaim",
];

#[test]
fn no_world_breaks_under_a_broker() {
    let has = |choice: &PolicyChoice, name: &str| choice.parts.iter().any(|part| part.name == name);
    let choices: Vec<_> = combinations().into_iter().filter(|choice| has(choice, "at-submit")).collect();
    for (series, choice) in choices.iter().enumerate().step_by(23) {
        for_worlds(3_000 + series as u64, 1, |mut world| {
            let own = |site: usize| OWN[(series / 23 + site) % OWN.len()];
            let parts = |own: &str| if own.is_empty() { Vec::new() } else { registry::parse(own).expect("a scheduler") };
            world.model.schedulers = (0..world.model.sites.len()).map(|site| parts(own(site))).collect();
            let ready_time = has(choice, "ready-time");
            survives(drive::audited(&world, &mut Watched { policy: build(choice, &world), at_start: false, ready_time }));
            Ok(())
        });
    }
}
