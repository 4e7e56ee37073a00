//! Sites that keep schedulers of their own, and the broker over them.

use crate::check_format::load;
use crate::placing::{ANY, SEED, job, pools, run, starts, world};
use crate::program::told;
use edwc::base::Time;
use edwc::engine::{Options, Run};
use edwc::model::{JobSpec, Model};
use edwc::policy::registry::{self, ComposeError};
use edwc::policy::{BuildContext, Scheduler};
use edwc::workload;

/// Two sites of eight GPUs.
fn two_sites(first: &str, second: &str, more: &str) -> Model {
    let site = |name: &str, scheduler: &str| {
        let own = if scheduler.is_empty() { String::new() } else { format!("scheduler = \"{scheduler}\"\n") };
        format!(
            "[site.{name}]\nprovince = \"zhejiang\"\nside = \"east\"\ntariff = \"free\"\ngrid = \"green\"\n{own}\
             [site.{name}.pool]\none = {{ chip = \"slow\", nodes = 1, gpus_per_node = 8, price = \"1 CNY/GPU-h\" }}\n"
        )
    };
    world(&format!("{}{}{more}", site("first", first), site("second", second)))
}

/// Each site gets a job of eight GPUs that runs, one that waits, and one of a single GPU behind it.
fn three_for_each() -> Vec<JobSpec> {
    [(0, 8), (0, 8), (1, 8), (1, 8), (2, 1), (2, 1)].into_iter().map(|(submit, gpus)| job(submit, ANY, gpus, 100)).collect()
}

#[test]
fn each_site_orders_its_own_queue() {
    let model = two_sites("smallest", "fifo+easy", "");
    let records = run(&model, three_for_each(), "fifo+round-robin");
    assert_eq!(pools(&records), [0, 1, 0, 1, 0, 1], "the broker takes the sites in turn");
    let (first, second): (Vec<_>, Vec<_>) =
        (starts(&records).into_iter().step_by(2).collect(), starts(&records).into_iter().skip(1).step_by(2).collect());
    assert_eq!((first, second), (vec![0., 200., 100.], vec![0., 100., 200.]));
    // A site without a scheduler does as the policy says.
    let model = two_sites("fifo", "", "");
    let records = run(&model, three_for_each(), "smallest+round-robin");
    assert_eq!(starts(&records), [0., 0., 100., 200., 200., 100.]);
}

/// The broker binds all jobs to the first pool. Only a site that binds at the start moves them to its other one.
#[test]
fn a_site_may_use_all_its_pools() {
    let other = "[site.second.pool.two]\nchip = \"slow\"\nnodes = 1\ngpus_per_node = 8\nprice = \"1 CNY/GPU-h\"\n";
    let jobs = || vec![job(0, ANY, 8, 100), job(1, ANY, 8, 100), job(2, ANY, 8, 100)];
    for (scheduler, expected_pools, expected) in [
        ("fifo", [1, 1, 1], [0., 100., 200.]),
        ("fifo+at-start", [1, 2, 1], [0., 1., 100.]),
        // Bound by load when they come.
        ("fifo+least-loaded", [1, 2, 1], [0., 1., 100.]),
    ] {
        let mut model = two_sites("", scheduler, other);
        let closed = model.pools.iter_mut().next().expect("there are pools");
        closed.nodes = 0;
        let records = run(&model, jobs(), "fifo+first-fit(wait_h=1000)");
        assert_eq!((pools(&records), starts(&records)), (expected_pools.to_vec(), expected.to_vec()), "{scheduler}");
    }
}

#[test]
fn a_job_goes_back_to_the_broker_when_its_site_cannot_hold_it() {
    let change = "[[change]]\nat = \"50 s\"\nset = { site.first.pool.one.nodes = 0 }\n";
    for scheduler in ["fifo+easy", "fifo+at-start+conservative"] {
        let model = two_sites(scheduler, "fifo", change);
        let jobs = vec![job(0, ANY, 8, 100), job(1, ANY, 8, 100), job(2, ANY, 8, 100)];
        let records = run(&model, jobs, "fifo+first-fit(wait_h=1000)");
        assert_eq!((pools(&records), starts(&records)), (vec![0, 1, 1], vec![0., 50., 150.]), "{scheduler}");
    }
}

/// A site that is full to its limit on jobs may bind again those that are there.
#[test]
fn a_limit_on_jobs_counts_each_once() {
    let model = two_sites("fifo+least-loaded", "fifo", "[admission.first]\nlimit = 1\n[admission.second]\nlimit = 1\n");
    let records = run(&model, vec![job(0, ANY, 8, 100), job(0, ANY, 8, 100)], "fifo+first-fit(wait_h=1000)");
    assert_eq!((pools(&records), starts(&records)), (vec![0, 1], vec![0., 0.]));
}

/// The broker's placement starts jobs later, not the sites.
#[test]
fn the_broker_waits_for_green_hours() {
    let mut model = two_sites("fifo", "fifo", "");
    let steps = vec![(Time::ZERO, 500_000), (Time(7_200_000_000), 100_000)];
    model.grids.iter_mut().for_each(|grid| grid.carbon = edwc::model::Series::Steps(steps.clone()));
    let records = run(&model, vec![job(0, ANY, 1, 3_600), job(1, ANY, 8, 60)], "fifo+carbon-waiting");
    assert_eq!(starts(&records), [7_200., 7_201.]);
}

fn fingerprint(model: &Model, policy: &mut dyn Scheduler) -> String {
    let sources = Box::new(workload::open(model, SEED).expect("synthetic jobs"));
    let options = Options { keep_postings: false, sample_every: None };
    let mut run = Run::new(model, sources, policy.needs(), SEED, options).expect("the run begins");
    while run.step(policy).expect("the run goes on") {}
    format!("{:?}", run.finish(false).expect("the run ends").fingerprint)
}

#[test]
fn a_broker_over_the_policys_own_schedulers_changes_nothing() {
    let plain = load("scenarios/quickstart.toml").model;
    let mut model = plain.clone();
    model.schedulers = model.sites.ids().map(|_| registry::parse("fifo+easy").expect("a scheduler")).collect();
    let fingerprints = [&plain, &model].map(|model| {
        let mut policy = registry::build(&model.policy, BuildContext { model, seed: SEED }).expect("a policy");
        fingerprint(model, policy.as_mut())
    });
    assert_eq!(fingerprints[0], fingerprints[1]);
}

#[test]
fn nobody_binds_later_what_a_site_decides_on() {
    let model = two_sites("fifo", "", "");
    let choice = edwc::scenario::choose_policy("fifo+at-start", &model.policy).expect("a policy");
    let refused = registry::build(&choice, BuildContext { model: &model, seed: SEED }).err();
    assert_eq!(refused, Some(ComposeError::BindsTooLate { part: "at-start".to_owned(), site: "first".to_owned() }));
    assert!(registry::build(&choice, BuildContext { model: &two_sites("", "", ""), seed: SEED }).is_ok());
}

#[test]
fn the_summary_names_sites_that_schedule_for_themselves() {
    // Lines are wrapped.
    let words = |arguments: &[&str]| told(arguments).split_whitespace().collect::<Vec<_>>().join(" ");
    let said = words(&["run", "scenarios/own-schedulers.toml"]);
    let own = "with schedulers of their own: jiaxing (priority+at-submit+conservative), zhongwei (fifo+at-start+cheapest+skip).";
    assert!(said.contains(own), "{said}");
    assert!(!words(&["run", "scenarios/quickstart.toml"]).contains("schedulers of their own"));
}
