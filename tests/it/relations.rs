//! Metamorphic relations of scenario files: two texts that must come to the same. The numbers are those of the verification catalogue; relations
//! between worlds that no file can write stand beside chaos.

use edwc::base::digest::Fingerprint;
use edwc::base::random::Seed;
use edwc::engine::{Options, Run};
use edwc::policy::{BuildContext, registry};
use edwc::scenario::{self, Scenario};
use edwc::workload;
use edwc::world::records::JobRecord;

const QUICKSTART: &str = include_str!("../../scenarios/quickstart.toml");

struct Told {
    fingerprint: Fingerprint,
    /// Jobs by number.
    jobs: Vec<JobRecord>,
}

fn run(text: &str) -> Told {
    let loaded = Scenario::parse("a relation", text, &scenario::Options::default()).unwrap_or_else(|problems| panic!("{:?}", problems.list));
    let (model, seed) = (&loaded.model, Seed { seed: 5, replication: 0 });
    let mut policy = registry::build(&model.policy, BuildContext { model, seed }).expect("its policy exists");
    let sources = Box::new(workload::open(model, seed).expect("its jobs can be read"));
    let mut run = Run::new(model, sources, policy.needs(), seed, Options { keep_postings: false, sample_every: None }).expect("the run begins");
    while run.step(policy.as_mut()).expect("the run goes on") {}
    let ending = run.finish(false).expect("the run ends");
    let mut jobs = ending.jobs;
    jobs.sort_by_key(|job| job.number);
    assert!(jobs.len() > 1_000, "only {} jobs", jobs.len());
    Told { fingerprint: ending.fingerprint, jobs }
}

/// Replaces texts that must be there.
fn with(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "`{old}` is not in the scenario");
        text.replace(old, new)
    })
}

#[track_caller]
fn same_history(left: &str, right: &str) {
    assert_eq!(run(left).fingerprint, run(right).fingerprint);
}

/// When and where every job started and ended.
fn schedule(told: &Told) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
    told.jobs.iter().map(|job| (job.number, job.submit, job.start, job.end, job.pool, job.fate)).collect()
}

/// M3: a week later, where prices and arrivals follow the hours of the day and the days of the week.
#[test]
fn a_week_later_is_the_same() {
    same_history(QUICKSTART, &with(QUICKSTART, &[("2025-06-02T", "2025-06-09T")]));
}

/// M4, M5: other names, in the same order and in another. Only the names of workloads mean anything: they choose random streams.
#[test]
fn names_change_nothing() {
    same_history(QUICKSTART, &with(QUICKSTART, &[("jiaxing", "jiaxinh"), ("zhongwei", "zhongwej"), ("startup", "startuq")]));
    same_history(
        QUICKSTART,
        &with(QUICKSTART, &[("jiaxing", "zzz"), ("zhongwei", "aaa"), ("startup", "zulu"), ("imported =", "zoo ="), ("h100", "x1")]),
    );
}

/// M6: tables of different kinds in another order; the order of things of one kind is that of ties.
#[test]
fn the_order_of_tables_changes_nothing() {
    let kind = |block: &&str| {
        let header = block.lines().find(|line| line.starts_with('[')).unwrap_or_default();
        header.trim_start_matches('[').split(['.', ']']).next().unwrap_or_default().to_owned()
    };
    let (head, tables): (Vec<&str>, Vec<&str>) = QUICKSTART.split("\n\n").partition(|block| kind(block).is_empty());
    let mut kinds: Vec<String> = tables.iter().map(kind).collect();
    kinds.dedup();
    let turned: Vec<&str> = kinds.iter().rev().flat_map(|of| tables.iter().filter(move |block| kind(block) == *of)).copied().collect();
    assert_eq!(turned.len(), tables.len());
    same_history(QUICKSTART, &[head, turned].concat().join("\n\n"));
}

const NOWHERE: [(&str, &str); 5] = [
    ("{ at = \"30.27 N, 120.15 E\", province", "{ province"),
    ("{ at = \"39.90 N, 116.40 E\", province", "{ province"),
    ("at          = \"30.84 N, 120.92 E\"\n", ""),
    ("at          = \"37.51 N, 105.19 E\"\n", ""),
    ("price = \"0.05 CNY/GB\"", "price = \"0 CNY/GB\""),
];

/// Links between both regions and both sites.
fn links(more: &str, turned: bool) -> String {
    let pairs = [("hangzhou", "jiaxing"), ("hangzhou", "zhongwei"), ("beijing", "jiaxing"), ("beijing", "zhongwei"), ("jiaxing", "zhongwei")];
    let link = |(index, (one, other)): (usize, &(&str, &str))| {
        let (from, to) = if turned { (other, one) } else { (one, other) };
        format!("[network.link.l{index}]\nends = [\"{from}\", \"{to}\"]\n{more}\n")
    };
    pairs.iter().enumerate().map(link).collect()
}

/// M21: links without limit and delay are as good as no data.
#[test]
fn data_that_moves_at_once_changes_nothing() {
    let text = with(QUICKSTART, &NOWHERE) + &links("one_way = \"0 s\"", false);
    let without = with(
        &text,
        &[("dataset  = { data = \"web\", size = { dist = \"lognormal\", p50 = \"500 GB\", p95 = \"4 TB\" }, shared_by = 10 }\n", "")],
    );
    assert_eq!(schedule(&run(&text)), schedule(&run(&without)));
}

const SIZED: (&str, &str) = ("size = { dist = \"lognormal\", p50 = \"500 GB\", p95 = \"4 TB\" }", "size = \"600 GB\"");

/// M22: twice the data over twice the bandwidth, at half the price per byte.
#[test]
fn twice_the_data_over_twice_the_bandwidth_takes_as_long() {
    let text = with(QUICKSTART, &[SIZED]);
    let double = [("\"600 GB\"", "\"1200 GB\""), ("\"4 GB\"", "\"8 GB\""), ("\"10 Gbps\"", "\"20 Gbps\""), ("\"0.05 CNY/GB\"", "\"0.025 CNY/GB\"")];
    assert_eq!(schedule(&run(&text)), schedule(&run(&with(&text, &double))));
}

/// M23: all prices and budgets doubled: the same decisions, and twice the money up to the rounding of each charge.
#[test]
fn prices_have_no_scale() {
    let mut doubled = String::new();
    for (at, part) in QUICKSTART.split('"').enumerate() {
        let price = part.split_once(" CNY").filter(|_| at % 2 == 1).and_then(|(number, unit)| {
            let (number, million) = number.strip_suffix('M').map_or((number, ""), |number| (number, "M"));
            Some(format!("{}{million} CNY{unit}", 2.0 * number.parse::<f64>().ok()?))
        });
        doubled.push_str(if at > 0 { "\"" } else { "" });
        doubled.push_str(price.as_deref().unwrap_or(part));
    }
    let (once, twice) = (run(QUICKSTART), run(&doubled));
    assert_eq!(schedule(&once), schedule(&twice));
    for (one, two) in once.jobs.iter().zip(&twice.jobs) {
        for (paid, double) in [(one.compute_charge, two.compute_charge), (one.energy_charge, two.energy_charge), (one.subsidy, two.subsidy)] {
            assert!((2 * paid.0 - double.0).abs() <= 2, "job {}: {paid:?} and {double:?}", one.number);
        }
    }
    assert!(once.jobs.iter().any(|job| job.subsidy.0 > 0));
}

/// M24: the same quantities in other units.
#[test]
fn units_change_nothing() {
    let other = [
        ("\"8 d\"", "\"192 h\""),
        ("p50 = \"1 h\", p95 = \"12 h\"", "p50 = \"60 min\", p95 = \"43200 s\""),
        ("\"30 min\"", "\"0.5 h\""),
        ("\"500 GB\"", "\"0.5 TB\""),
        ("\"10 Gbps\"", "\"10000 Mbps\""),
        ("\"700 W\"", "\"0.7 kW\""),
        ("\"2 kW\"", "\"2000 W\""),
        ("\"4M CNY\"", "\"400万元\""),
        ("\"84 /d\"", "\"3.5 /h\""),
    ];
    same_history(QUICKSTART, &with(QUICKSTART, &other));
}

/// M26: another region, with tenants and jobs of its own, leaves the jobs of the others as they were.
#[test]
fn another_region_leaves_the_jobs_of_others_alone() {
    let region = ("beijing  = {", "xian = { at = \"34.34 N, 108.94 E\", province = \"shaanxi\", city = \"xian\" }\nbeijing  = {");
    let tenant = ("lab     = {", "mill = { region = \"xian\", kind = \"mill\", count = 5 }\nlab     = {");
    let jobs = "[workload.mill]\nclass = \"training\"\ntenants = { mill = 1.0 }\narrivals = { process = \"poisson\", rate = \"50 /d\" }\ngpus = 8\nwork = \"1 h\"\n";
    let more = with(QUICKSTART, &[region, tenant]) + jobs;
    let is = |job: &JobRecord| (job.workload, job.submit, job.gpus, job.work, job.estimate);
    let (without, with) = (run(QUICKSTART), run(&more));
    let others: Vec<_> = with.jobs.iter().filter(|job| job.workload.0 < 2).map(is).collect();
    assert!(with.jobs.len() > others.len());
    assert_eq!(without.jobs.iter().map(is).collect::<Vec<_>>(), others);
}

/// M36, M37: weights that are all the same have no scale; links have no direction.
#[test]
fn weights_have_no_scale_and_links_no_direction() {
    let weighted = |weight: &str| with(QUICKSTART, &[("[class.training]\n", &format!("[class.training]\ntransfer = {{ weight = {weight} }}\n"))]);
    same_history(&weighted("1.0"), &weighted("7.0"));
    let text = with(QUICKSTART, &NOWHERE);
    let limits = "one_way = \"4 ms\"\nbandwidth = \"10 Gbps\"";
    same_history(&(text.clone() + &links(limits, false)), &(text + &links(limits, true)));
}
