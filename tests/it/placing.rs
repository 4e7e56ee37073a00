//! Placements against choices worked out by hand.

use edwc::base::random::Seed;
use edwc::base::{Bytes, Gpus, Span, Time};
use edwc::diag::Look;
use edwc::engine::{Options, Run};
use edwc::model::{ClassId, DataId, DatasetSpec, JobSource, JobSpec, Model, Outcome, Series, SourceError, TenantId, WorkloadId};
use edwc::policy::{BuildContext, registry};
use edwc::scenario::{Options as Reading, Scenario, choose_policy};
use edwc::world::records::JobRecord;

pub const SEED: Seed = Seed { seed: 1, replication: 0 };

/// Three sites with a pool each: the middle one, a far one, one at home. The far one is green, its chips are fast and dear.
const THREE_SITES: &str = r#"
[site.middle]
at = "35 N, 110 E"
province = "shaanxi"
side = "middle"
tariff = "free"
grid = "medium"
[site.middle.pool]
only = { chip = "slow", nodes = 2, gpus_per_node = 8, price = "6 CNY/GPU-h" }
[site.far]
at = "38 N, 100 E"
province = "gansu"
side = "west"
tariff = "free"
grid = "green"
[site.far.pool]
only = { chip = "fast", nodes = 4, gpus_per_node = 8, price = "20 CNY/GPU-h" }
[site.home]
at = "30 N, 120 E"
province = "zhejiang"
city = "hangzhou"
side = "east"
tariff = "free"
grid = "dirty"
[site.home.pool]
only = { chip = "slow", nodes = 1, gpus_per_node = 8, price = "10 CNY/GPU-h" }
"#;
const MIDDLE: u32 = 0;
const FAR: u32 = 1;
const HOME: u32 = 2;

/// Jobs of any pool, and such that only run on one of the two chips.
pub const ANY: u32 = 0;
const FAST_ONLY: u32 = 1;
const SLOW_ONLY: u32 = 2;

pub fn world(sites: &str) -> Model {
    let text = format!(
        r#"
format = 1
[scenario]
title = {{ en = "Placing" }}
start = 2025-06-02T00:00:00+08:00
horizon = "30 d"
[region]
home = {{ at = "30 N, 120 E", province = "zhejiang", city = "hangzhou" }}
[government]
city = {{ level = "city", province = "zhejiang" }}
[chip]
slow = {{ origin = "imported", pflops = 1.0, memory = "80 GB", idle = "0 W", busy = "1 kW" }}
fast = {{ origin = "domestic", pflops = 2.0, memory = "80 GB", idle = "0 W", busy = "1 kW" }}
[tariff]
free = {{ flat = "0 CNY/kWh" }}
[grid]
dirty  = {{ carbon = "0.9 kgCO2/kWh" }}
medium = {{ carbon = "0.5 kgCO2/kWh" }}
green  = {{ carbon = "0.1 kgCO2/kWh" }}
[network]
default = {{ route_factor = 1.0, equipment_rtt = "0 ms", bandwidth = "8 Gbps", price = "0.01 CNY/GB" }}
[data]
any = {{ stays = "anywhere" }}
[class.any]
speed = {{ slow = 1.0, fast = 2.0 }}
split = {{ km_3000 = 0.5 }}
[class.fast]
speed = {{ fast = 1.0 }}
[class.slow]
speed = {{ slow = 1.0 }}
[tenant]
users = {{ region = "home", kind = "users", count = 1 }}
[workload.none]
class = "any"
tenants = {{ users = 1.0 }}
arrivals = {{ process = "poisson", rate = "1 /d" }}
gpus = 1
work = "1 h"
dataset = {{ data = "any", size = "1 GB" }}
{sites}"#
    );
    let scenario = Scenario::parse("placing.toml", &text, &Reading::default());
    scenario.unwrap_or_else(|problems| panic!("{}", problems.render(Look::PLAIN))).model
}

/// A job whose estimate is exact.
pub fn job(submit_s: u64, class: u32, gpus: u32, work_s: u64) -> JobSpec {
    JobSpec {
        workload: WorkloadId(0),
        submit: Time(submit_s * 1_000_000),
        class: ClassId(class),
        tenant: TenantId(0),
        gpus: Gpus(gpus),
        elastic: None,
        work: Span::seconds(work_s),
        estimate: Span::seconds(work_s),
        priority: 0,
        dataset: None,
        patience: None,
        pays_up_to: None,
        deadline: None,
        recorded: Outcome::Completed,
        source_id: 0,
    }
}

/// The same with a dataset of 100 GB, which takes 100 s and costs 1 yuan to move.
fn with_data(key: u64, mut job: JobSpec) -> JobSpec {
    job.dataset = Some(DatasetSpec { data: DataId(0), key, bytes: Bytes(100_000_000_000) });
    job
}

struct Given(std::vec::IntoIter<JobSpec>);

impl JobSource for Given {
    fn next_job(&mut self) -> Result<Option<JobSpec>, SourceError> {
        Ok(self.0.next())
    }
}

pub fn run(model: &Model, jobs: Vec<JobSpec>, policy: &str) -> Vec<JobRecord> {
    let choice = choose_policy(policy, &model.policy).unwrap_or_else(|problem| panic!("{}", problem.message));
    let mut policy = registry::build(&choice, BuildContext { model, seed: SEED }).expect("the policy exists");
    let options = Options { keep_postings: false, sample_every: None };
    let mut run = Run::new(model, Box::new(Given(jobs.into_iter())), policy.needs(), SEED, options).expect("the run begins");
    while run.step(policy.as_mut()).expect("the run goes on") {}
    let outcome = run.finish(false).expect("the run ends");
    let mut records = outcome.jobs;
    records.sort_by_key(|record| record.number);
    records
}

pub fn pools(records: &[JobRecord]) -> Vec<u32> {
    records.iter().map(|record| record.pool.expect("every job runs").0).collect()
}
pub fn starts(records: &[JobRecord]) -> Vec<f64> {
    records.iter().map(|record| record.start.expect("every job starts").as_secs_f64()).collect()
}

#[test]
fn each_placement_chooses_as_worked_out_by_hand() {
    let model = world(THREE_SITES);
    for bind in ["at-submit", "at-start"] {
        let chosen = |place: &str, jobs: Vec<JobSpec>| pools(&run(&model, jobs, &format!("fifo+{bind}+{place}")));
        for (place, pool) in [
            ("first-fit", MIDDLE),
            ("best-fit", HOME),
            ("local-first", HOME),
            ("nearest", HOME),
            // An hour at 6 yuan, half an hour at 20, an hour at 10.
            ("cheapest", MIDDLE),
            ("greenest", FAR),
            ("fastest", FAR),
        ] {
            assert_eq!(chosen(place, vec![job(0, ANY, 1, 3600)]), [pool], "{bind} {place}");
        }
        let three = || (0..3).map(|second| job(second, ANY, 1, 3600)).collect();
        assert_eq!(chosen("least-loaded", three()), [MIDDLE, FAR, HOME], "{bind}: each is empty until it is taken");
        let mut by_chance = chosen("random", (0..60).map(|hour| job(3_600 * hour, ANY, 1, 60)).collect());
        by_chance.sort_unstable();
        by_chance.dedup();
        assert_eq!(by_chance, [MIDDLE, FAR, HOME], "{bind}: chance leaves nobody out");
    }
}

#[test]
fn pools_are_taken_in_turn() {
    let model = world(THREE_SITES);
    for bind in ["at-submit", "at-start"] {
        let policy = format!("fifo+{bind}+round-robin");
        let jobs = |classes: &[u32]| classes.iter().zip(0..).map(|(class, second)| job(second, *class, 1, 3600)).collect::<Vec<_>>();
        assert_eq!(pools(&run(&model, jobs(&[ANY; 5]), &policy)), [MIDDLE, FAR, HOME, MIDDLE, FAR], "{bind}");
        // The second cannot use the pool whose turn it is; the turn goes on from where it went.
        assert_eq!(pools(&run(&model, jobs(&[ANY, SLOW_ONLY, ANY, ANY]), &policy)), [MIDDLE, HOME, MIDDLE, FAR], "{bind}");
    }
}

/// A pool that is always the most loaded is never taken. Of the two others, which are empty, the first is taken unless it was not drawn: once in
/// three draws.
#[test]
fn the_less_loaded_of_two_is_taken() {
    let model = world(THREE_SITES);
    for bind in ["at-submit", "at-start"] {
        let busy = std::iter::once(job(0, FAST_ONLY, 8, 3_000_000));
        let jobs = busy.chain((1..=600).map(|k| job(3_600 * k, ANY, 1, 60))).collect();
        let chosen = pools(&run(&model, jobs, &format!("fifo+{bind}+power-of-two")));
        let count = |pool: u32| chosen[1..].iter().filter(|other| **other == pool).count();
        assert_eq!((chosen[0], count(FAR)), (FAR, 0), "{bind}");
        // 200 are expected, with a standard deviation of 11.5.
        assert!(count(HOME).abs_diff(200) < 46, "{bind}: {}", count(HOME));
    }
}

/// In the middle an hour costs 6; far away it takes half an hour and costs 10; at home an hour costs 10. Shares of the worst: delay 1, ½, 1; money
/// 0.6, 1, 1.
#[test]
fn weights_trade_shares_of_the_worst() {
    let model = world(THREE_SITES);
    for bind in ["at-submit", "at-start"] {
        for (weights, pool) in [
            ("delay=1,money=0,carbon=0,load=0", FAR),
            ("delay=0,money=1,carbon=0,load=0", MIDDLE),
            // 0.79 + 0.6 against 0.5 + 1 times the weight of delay: equal at 0.8.
            ("delay=79,money=100,carbon=0,load=0", MIDDLE),
            ("delay=81,money=100,carbon=0,load=0", FAR),
            ("delay=0,money=0,carbon=1,load=0", FAR),
            // Nothing counts: all are equal, and the first is taken.
            ("delay=0,money=0,carbon=0,load=0", MIDDLE),
        ] {
            let policy = format!("fifo+{bind}+weighted({weights})");
            assert_eq!(pools(&run(&model, vec![job(0, ANY, 1, 3600)], &policy)), [pool], "{policy}");
        }
        // With one job on each of the first two, home is the only empty one.
        let jobs = vec![job(0, ANY, 1, 36000), job(1, ANY, 1, 36000), job(2, ANY, 1, 36000)];
        let policy = format!("fifo+{bind}+weighted(delay=0,money=0,carbon=0)");
        assert_eq!(pools(&run(&model, jobs, &policy)), [MIDDLE, FAR, HOME], "{bind}");
    }
}

/// 30 % of 20 yuan for half an hour is 3 yuan; nothing is paid elsewhere. It is the dearest all the same.
#[test]
fn the_largest_subsidy_is_taken_whatever_it_costs() {
    let subsidy = "[subsidy.fast]\npayer = { city = 1.0 }\npayee = \"tenant\"\nfor = { chip.origin = [\"domestic\"] }\nsupply = \"anywhere\"\n\
                   covers = \"compute\"\nrate = 0.3\n";
    let model = world(&format!("{THREE_SITES}{subsidy}"));
    for bind in ["at-submit", "at-start"] {
        let chosen = |place: &str| pools(&run(&model, vec![job(0, ANY, 1, 3600)], &format!("fifo+{bind}+{place}")));
        assert_eq!((chosen("subsidy-greedy"), chosen("cheapest")), (vec![FAR], vec![MIDDLE]), "{bind}");
    }
}

#[test]
fn jobs_follow_their_data() {
    let model = world(THREE_SITES);
    for bind in ["at-submit", "at-start"] {
        // The first can only run far away, and takes the data there. Who reads the same follows; other data is moved to the nearest site.
        let jobs = vec![
            with_data(1, job(0, FAST_ONLY, 1, 60)),
            with_data(1, job(3_600, ANY, 1, 60)),
            with_data(2, job(3_600, ANY, 1, 60)),
            job(3_600, ANY, 1, 60),
        ];
        assert_eq!(pools(&run(&model, jobs, &format!("fifo+{bind}+near-data"))), [FAR, FAR, HOME, HOME], "{bind}");
    }
}

#[test]
fn data_moves_while_the_job_waits() {
    let model = world(THREE_SITES);
    for bind in ["at-submit", "at-start"] {
        for (prefetch, staging) in [(1, false), (0, true)] {
            // All slow pools are taken for an hour.
            let jobs = vec![job(0, SLOW_ONLY, 8, 3_600), job(0, SLOW_ONLY, 16, 3_600), with_data(1, job(10, SLOW_ONLY, 1, 60))];
            let records = run(&model, jobs, &format!("fifo+{bind}+near-data(prefetch={prefetch})+easy"));
            assert_eq!(starts(&records)[2], 3_600.0, "{bind}");
            assert_eq!(records[2].staging >= Span::seconds(100), staging, "{bind} prefetch={prefetch}: {:?}", records[2].staging);
        }
    }
}

/// In the middle two nodes have three free GPUs each until second 500; at home the node is taken until second 400. Per GPU, home has more to do,
/// but a gang of six starts there first.
#[test]
fn gangs_are_searched_for_everywhere() {
    let model = world(THREE_SITES);
    let jobs = vec![job(0, SLOW_ONLY, 5, 500), job(1, SLOW_ONLY, 5, 499), job(2, SLOW_ONLY, 8, 398), job(3, SLOW_ONLY, 6, 10)];
    let global = run(&model, jobs, "fifo+global");
    assert_eq!((pools(&global), starts(&global)[3]), (vec![MIDDLE, MIDDLE, HOME, HOME], 400.0));
}

/// Four GPUs are free at each of two sites for a gang of eight: at half the pace.
#[test]
fn a_gang_is_split_where_no_pool_holds_it() {
    let sites = THREE_SITES.replace("chip = \"fast\"", "chip = \"slow\"").replace("nodes = 1", "nodes = 2").replace("nodes = 4", "nodes = 2");
    let model = world(&sites.replace("gpus_per_node = 8", "gpus_per_node = 4"));
    let jobs = || vec![job(0, ANY, 8, 900), job(0, ANY, 7, 900), job(0, ANY, 4, 900), job(1, ANY, 5, 100)];
    let split = run(&model, jobs(), "fifo+at-start+global");
    assert_eq!((starts(&split), split[3].second_pool.is_some()), (vec![0., 0., 0., 1.], true));
    assert_eq!(split[3].end, Time(201_000_000), "a hundred seconds of work at half the pace");
    let whole = run(&model, jobs(), "fifo+at-start+first-fit");
    assert_eq!(starts(&whole), [0., 0., 0., 900.]);
}

/// The first job would rather go to the middle; the second can go nowhere else. Matched together, both start at once.
#[test]
fn a_match_is_better_than_each_choice_alone() {
    let sites =
        THREE_SITES.replace("nodes = 2", "nodes = 1").replacen("chip = \"slow\"", "chip = \"fast\"", 1).replace("price = \"20 ", "price = \"60 ");
    let model = world(&sites);
    // In the middle and far away chips are fast; far away is taken. Cost of the first: 3 in the middle, 10 at home.
    let jobs = || vec![job(0, FAST_ONLY, 32, 9_000), job(1, ANY, 8, 3_600), job(1, FAST_ONLY, 8, 3_600)];
    let matched = run(&model, jobs(), "fifo+at-start+matching(delay=0,carbon=0,load=0)");
    assert_eq!((pools(&matched), starts(&matched)), (vec![FAR, HOME, MIDDLE], vec![0., 1., 1.]));
    let alone = run(&model, jobs(), "fifo+at-start+weighted(delay=0,carbon=0,load=0)");
    assert_eq!((pools(&alone), starts(&alone)), (vec![FAR, MIDDLE, MIDDLE], vec![0., 1., 1_801.]));
}

/// Jobs of one and of three GPUs have been seen. The second small job breaks a whole node rather than the other one's, which three GPUs still fit.
#[test]
fn fragments_decide_on_pool_and_node() {
    let sites = THREE_SITES.replace("gpus_per_node = 8", "gpus_per_node = 4");
    let model = world(&sites);
    for bind in ["at-submit", "at-start"] {
        let small = [job(0, FAST_ONLY, 3, 5), job(10, FAST_ONLY, 1, 900), job(20, FAST_ONLY, 1, 900)];
        let jobs: Vec<JobSpec> = small.into_iter().chain((40..44).map(|second| job(second, FAST_ONLY, 3, 900))).collect();
        let of_three = |place: &str| starts(&run(&model, jobs.clone(), &format!("fifo+{bind}+{place}")))[3..].to_vec();
        assert_eq!(of_three("fgd"), [40., 41., 42., 43.], "{bind}: every node has three free GPUs");
        assert_eq!(of_three("best-fit"), [40., 41., 42., 910.], "{bind}: one has two");
    }
}

/// As below, but the middle loses what does not start at once: nobody waits there for a greener hour.
#[test]
fn nobody_waits_for_green_hours_where_waiting_is_losing() {
    let mut model = world(THREE_SITES);
    let hourly = [500, 300, 400, 100, 380, 600].iter().zip(0..).map(|(carbon, hour)| (Time(hour * 3_600_000_000), carbon * 1_000)).collect();
    model.grids.iter_mut().find(|grid| grid.name == "medium").expect("the grid is there").carbon = Series::Steps(hourly);
    model.sites.iter_mut().for_each(|site| site.admission.loss = true);
    for bind in ["at-submit", "at-start"] {
        for mode in ["lowest-slot", "lowest-window", "carbon-time"] {
            let policy = format!("fifo+{bind}+carbon-waiting(mode={mode},slack_short_h=3)+easy");
            let records = run(&model, vec![job(1_800, SLOW_ONLY, 1, 3_600)], &policy);
            assert_eq!((pools(&records)[0], starts(&records)[0] / 3_600.), (MIDDLE, 0.5), "{bind} {mode}");
        }
    }
}

/// Carbon of the middle by hour: 500, 300, 400, 100, 380, 600. A job of an hour comes at half past midnight and may wait for three hours.
#[test]
fn jobs_wait_for_green_hours() {
    let mut model = world(THREE_SITES);
    let hourly = [500, 300, 400, 100, 380, 600].iter().zip(0..).map(|(carbon, hour)| (Time(hour * 3_600_000_000), carbon * 1_000)).collect();
    model.grids.iter_mut().find(|grid| grid.name == "medium").expect("the grid is there").carbon = Series::Steps(hourly);
    for bind in ["at-submit", "at-start"] {
        let start = |mode: &str, class: u32| {
            let policy = format!("fifo+{bind}+carbon-waiting(mode={mode},slack_short_h=3)+easy");
            let records = run(&model, vec![job(1_800, class, 1, 3_600)], &policy);
            (pools(&records)[0], starts(&records)[0] / 3_600.)
        };
        // By slot: 3:00. By window, from half past: 400, 350, 250, 240. Saved per hour to the end: 0, 50/2, 150/3, 160/4.
        assert_eq!(start("lowest-slot", SLOW_ONLY), (MIDDLE, 3.0), "{bind}");
        assert_eq!(start("lowest-window", SLOW_ONLY), (MIDDLE, 3.5), "{bind}");
        assert_eq!(start("carbon-time", SLOW_ONLY), (MIDDLE, 2.5), "{bind}");
        // Far away the grid is green at once.
        assert_eq!(start("lowest-window", ANY), (FAR, 0.5), "{bind}");
        // Long jobs wait by their own slack; who is cancelled meanwhile is forgotten.
        let patient = JobSpec { patience: Some(Span::seconds(60)), ..job(1_800, SLOW_ONLY, 1, 3_600) };
        let records = run(&model, vec![patient, job(1_801, SLOW_ONLY, 1, 7_200)], &format!("fifo+{bind}+carbon-waiting(slack_long_h=0)"));
        assert_eq!((records[0].start, records[1].start), (None, Some(Time(1_801_000_000))), "{bind}");
    }
}
