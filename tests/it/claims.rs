//! What becomes of a job's claims on a subsidy when it fails, and when it is moved: decided by hand, round by round.

use edwc::base::random::Seed;
use edwc::base::{Money, Time};
use edwc::engine::{Options, Run};
use edwc::model::{JobId, PoolId};
use edwc::policy::{Needs, Plan};
use edwc::scenario::{self, Scenario};
use edwc::workload;
use edwc::world::records::JobRecord;
use edwc::world::{Allocation, Preempt};

const HOUR: u64 = 3_600_000_000;
const HERE: PoolId = PoolId(0);
const THERE: PoolId = PoolId(1);

/// One job of ten hours; a site in its own province, whose work is subsidised by half, and one elsewhere. Nodes fail as they are told.
fn scenario(outages: &str) -> Scenario {
    let site = |name: &str, province: &str| {
        format!(
            "[site.{name}]\nprovince = \"{province}\"\nside = \"west\"\ntariff = \"all\"\ngrid = \"all\"\n\
             pool.all = {{ chip = \"gpu\", nodes = 1, gpus_per_node = 1, price = \"10 CNY/GPU-h\" }}\n"
        )
    };
    let text = format!(
        "format = 1\n[scenario]\nstart = 2025-06-02T00:00:00+08:00\nseed = 1\nhorizon = \"1 h\"\ndrain = {{ until = \"idle\", at_most = \"30 d\" }}\n\
         [government.city]\nlevel = \"city\"\nprovince = \"zhejiang\"\n[region.home]\nprovince = \"zhejiang\"\n[tenant.lab]\nregion = \"home\"\n\
         [chip.gpu]\norigin = \"imported\"\npflops = 1.0\nmemory = \"80 GB\"\nidle = \"0 W\"\nbusy = \"500 W\"\n\
         {}{}[tariff.all]\nflat = \"0 CNY/kWh\"\n[grid.all]\ncarbon = \"0 kgCO2/kWh\"\n[network.default]\nequipment_rtt = \"0 ms\"\n\
         [class.any]\nspeed = {{ gpu = 1.0 }}\non_failure = \"keep\"\n\
         [workload.one]\nclass = \"any\"\ntenants = {{ lab = 1.0 }}\narrivals = {{ process = \"at-start\", jobs = 1 }}\nwork = \"10 h\"\n\
         [subsidy.half]\npayer = {{ city = 1.0 }}\npayee = \"tenant\"\nsupply = \"same-province\"\ncovers = \"compute\"\nrate = 0.5\n\
         budget = {{ amount = \"1M CNY\", every = \"run\" }}\n[failure.script]\noutages = [{outages}]\n",
        site("here", "zhejiang"),
        site("there", "ningxia"),
    );
    Scenario::parse("claims", &text, &scenario::Options::default()).unwrap_or_else(|problems| panic!("{:?}", problems.list))
}

/// Runs the job where a script says, at every event.
fn run(scenario: &Scenario, mut decide: impl FnMut(Time, Option<JobId>, Option<JobId>, &mut Plan<'_>)) -> JobRecord {
    let (model, seed) = (&scenario.model, Seed { seed: 1, replication: 0 });
    let needs = Needs { every_event: true, ..Needs::default() };
    let sources = Box::new(workload::open(model, seed).expect("its job can be read"));
    let mut run = Run::new(model, sources, needs, seed, Options { keep_postings: false, sample_every: None }).expect("the run begins");
    while let Some(mut round) = run.next_round().expect("the run goes on") {
        let (view, mut plan) = round.split();
        decide(view.now(), view.jobs().queued().next(), view.jobs().running().next(), &mut plan);
        round.commit().expect("the round is carried out");
    }
    run.finish(false).expect("the run ends").jobs.remove(0)
}

/// A failure releases the claims; the next start makes new ones, for what is still to be done.
#[test]
fn a_job_that_failed_claims_again() {
    let record = run(&scenario("{ node = \"here.all.0\", at = \"4 h\", for = \"1 h\" }"), |_, queued, _, plan| {
        if let Some(job) = queued {
            // While the node is down there is no room.
            let _ = plan.place(job, &[Allocation::new(HERE, 1)]);
        }
    });
    assert_eq!((record.failures, record.end), (1, Time(11 * HOUR)));
    assert_eq!(record.subsidy, Money::yuan(30), "half of the six hours after the failure");
}

/// A job that is moved to where the programme does not pay has its claim settled, and makes no other one, not even after a failure at home.
#[test]
fn a_job_whose_claim_was_settled_makes_no_other() {
    let outages = "{ node = \"there.all.0\", at = \"4 h\", for = \"100 h\" }, { node = \"here.all.0\", at = \"20 h\", for = \"1 h\" }";
    let mut moved = false;
    let record = run(&scenario(outages), |now, queued, running, plan| {
        if let (Some(job), None) = (running, queued)
            && now == Time(2 * HOUR)
            && !moved
        {
            moved = plan.preempt(job, Preempt::Checkpoint).is_ok();
        }
        if let Some(job) = queued {
            let there = moved && now < Time(4 * HOUR);
            let _ = plan.place(job, &[Allocation::new(if there { THERE } else { HERE }, 1)]);
        }
        if now < Time(2 * HOUR) {
            plan.wake_at(Time(2 * HOUR)).expect("a later time");
        }
    });
    assert!(moved, "it was moved");
    assert_eq!((record.preemptions, record.failures, record.end), (1, 1, Time(10 * HOUR)));
    assert_eq!(record.subsidy, Money::yuan(10), "half of the two hours before it was moved");
}
