//! Published results, job by job: start times of logs that others have scheduled, and their mean waits.
//!
//! Logs that may not be part of the project are looked for in the folder that `EDWC_TRACES` names. Without it their tests say that they were not run,
//! and `cargo xtask test` counts them apart.

use edwc::base::random::Seed;
use edwc::base::{Span, Time};
use edwc::engine::{Options, Run};
use edwc::model::{JobSource, JobSpec, Model};
use edwc::policy::{BuildContext, registry};
use edwc::scenario::{Options as Reading, Scenario, choose_policy};
use edwc::workload;
use edwc::world::records::JobRecord;
use flate2::read::GzDecoder;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

const SEED: Seed = Seed { seed: 1, replication: 0 };
const ARCHIVE: &str = "https://www.cs.huji.ac.il/labs/parallel/workload/ and https://github.com/DIR-LAB/deep-batch-scheduler (data)";

/// Returns a file of the folder of logs; without one, says that the test is not run and where the log is published.
#[expect(clippy::print_stdout, reason = "the test command counts what tests say")]
#[expect(clippy::disallowed_methods, reason = "logs that may not be committed are looked for where a variable says")]
fn log(test: &str, path: &str, published: &str) -> Option<PathBuf> {
    let found = std::env::var_os("EDWC_TRACES").map(|folder| Path::new(&folder).join(path));
    if found.is_none() {
        println!("\nnot run: {test}: needs EDWC_TRACES; the log is published at {published}");
    }
    found
}

/// A table of a CSV file, compressed by gzip: rows by column. All columns are numbers.
fn table(path: &Path) -> Vec<BTreeMap<String, f64>> {
    columns(path, &[])
}

/// As [`table`], of the columns that are named; none: of all.
fn columns(path: &Path, wanted: &[&str]) -> Vec<BTreeMap<String, f64>> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("expected results are gzip");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("there is a header").split(',').collect();
    let wanted = |name: &str| wanted.is_empty() || wanted.contains(&name);
    let row = |line: &str| {
        let fields = names.iter().zip(line.split(',')).filter(|(name, _)| wanted(name));
        fields.map(|(name, field)| ((*name).to_owned(), field.parse().expect("a number"))).collect()
    };
    lines.map(row).collect()
}

/// Loads a reproduction; the log is the scenario's own, or one elsewhere.
fn model(scenario: &str, log: Option<&Path>, more: &[&str]) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/reproduce").join(scenario);
    let log = log.map(|log| format!("workload.log.trace.file={:?}", log.display().to_string()));
    let overrides: Vec<String> = log.into_iter().chain(more.iter().map(|each| (*each).to_owned())).collect();
    let scenario = Scenario::load(&path, &Reading { without: &[], overrides: &overrides, library: None });
    scenario.unwrap_or_else(|problems| panic!("{:?}", problems.list)).model
}

/// Reads all jobs of a model, and counts what its logs left out.
fn jobs(model: &Model) -> (Vec<JobSpec>, Vec<(&'static str, u64)>) {
    let mut source = workload::open(model, SEED).expect("the log is there");
    let jobs = std::iter::from_fn(|| source.next_job().expect("the log can be read")).collect();
    (jobs, source.dropped())
}

/// Runs a reproduction.
fn run(scenario: &str, log: Option<&Path>, policy: &str) -> Vec<JobRecord> {
    run_model(&model(scenario, log, &[]), policy)
}

fn run_model(model: &Model, policy: &str) -> Vec<JobRecord> {
    let choice = choose_policy(policy, &model.policy).expect("the policy exists");
    let mut policy = registry::build(&choice, BuildContext { model, seed: SEED }).expect("the policy exists");
    let sources = Box::new(workload::open(model, SEED).expect("the log is there"));
    let options = Options { keep_postings: false, sample_every: None };
    let mut run = Run::new(model, sources, policy.needs(), SEED, options).expect("the run begins");
    while run.step(policy.as_mut()).expect("the run goes on") {}
    let mut records = run.finish(false).expect("the run ends").jobs;
    records.sort_by_key(|record| record.number);
    records
}

fn mean_wait(records: &[JobRecord]) -> f64 {
    let wait = |record: &JobRecord| record.start.expect("every job starts").saturating_since(record.submit).as_secs_f64();
    records.iter().map(wait).sum::<f64>() / records.len() as f64
}

/// Counts jobs that did not start when they should: seconds since the first submission, to the µs.
fn different(records: &[JobRecord], expected: &[BTreeMap<String, f64>], submit: &str, start: &str) -> usize {
    assert_eq!(records.len(), expected.len());
    let first = expected[0][submit];
    let should = |row: &BTreeMap<String, f64>| Time(Span::from_secs_f64(row[start] - first).0);
    records.iter().zip(expected).filter(|(record, row)| record.start != Some(should(row))).count()
}

/// Every job of Microsoft's ITP clusters starts when the reference says, under three policies.
#[test]
fn itp_start_times_are_exact() {
    for (cluster, gpus, waits) in [
        ("01", 64, [131_455.4376, 105_872.6382, 29_005.0125]),
        ("05", 16, [230_059.5478, 224_148.3026, 83_107.1653]),
        ("06", 128, [56_777.0505, 43_951.2129, 10_647.8256]),
        ("10", 16, [38_365.7885, 38_141.0077, 24_951.7115]),
    ] {
        let name = format!("itp_cluster{cluster}_P{gpus}.csv.gz");
        let expected = table(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/published").join(name));
        for ((policy, column), wait) in [("fifo", "start_fcfs"), ("fifo+easy", "start_easy"), ("sjf", "start_sjf")].into_iter().zip(waits) {
            let records = run(&format!("itp-{cluster}.toml"), None, policy);
            // The published means have four digits; the start times decide.
            assert!((mean_wait(&records) - wait).abs() < 1e-4, "cluster {cluster} {policy}: {}", mean_wait(&records));
            assert_eq!(different(&records, &expected, "submission_time", column), 0, "cluster {cluster} {policy}");
        }
    }
}

/// One line of pyss' results: scenario, log, expected starts; policy; mean wait; jobs that may start otherwise; how far the mean wait may be.
struct Pyss {
    scenario: &'static str,
    log: &'static str,
    expected: &'static str,
    policy: &'static str,
    wait: f64,
    differ: usize,
    relative: f64,
}

fn check_pyss(test: &str, line: &Pyss) {
    let Some(file) = log(test, &format!("swf/{}", line.log), ARCHIVE) else { return };
    let expected = table(&file.with_file_name(format!("expected_{}.csv.gz", line.expected)));
    let mut records = run(line.scenario, Some(&file), line.policy);
    let scenario = line.scenario;
    if scenario.starts_with("sdsc") {
        // pyss moves the first job, which is submitted at second 0, to second 1.
        let first = records.remove(0);
        assert_eq!(first.start, Some(Time::ZERO));
        let shift = Span::seconds(expected[1]["submit"] as u64 - records[0].submit.0 / 1_000_000);
        for record in &mut records {
            record.submit += shift;
            record.start = record.start.map(|start| start + shift);
        }
        let starts = records.iter().zip(&expected[1..]).filter(|(record, row)| record.start != Some(Time(row["start"] as u64 * 1_000_000)));
        assert_eq!(starts.count(), line.differ, "{scenario} {}", line.policy);
        records.insert(0, first);
    } else {
        assert_eq!(different(&records, &expected, "submit", "start"), line.differ, "{scenario} {}", line.policy);
    }
    let wait = mean_wait(&records);
    assert!((wait / line.wait - 1.0).abs() <= line.relative, "{scenario} {}: {wait} is not {}", line.policy, line.wait);
}

const EXACT: f64 = 1e-9;

const fn sdsc(policy: &'static str, expected: &'static str, wait: f64, differ: usize, relative: f64) -> Pyss {
    Pyss { scenario: "sdsc-sp2.toml", log: "sdsc_sp2_5k.swf.gz", expected, policy, wait, differ, relative }
}
const fn nasa(policy: &'static str, expected: &'static str, wait: f64) -> Pyss {
    Pyss { scenario: "nasa-ipsc.toml", log: "NASA-iPSC-1993-3.1-cln.swf.gz", expected, policy, wait, differ: 0, relative: 1e-7 }
}
const fn lublin_1(policy: &'static str, expected: &'static str, wait: f64) -> Pyss {
    Pyss { scenario: "lublin-1.toml", log: "lublin_256.swf.gz", expected, policy, wait, differ: 0, relative: EXACT }
}
const fn lublin_2(policy: &'static str, expected: &'static str, wait: f64) -> Pyss {
    Pyss { scenario: "lublin-2.toml", log: "lublin_256_2.swf.gz", expected, policy, wait, differ: 0, relative: EXACT }
}

#[test]
fn sdsc_fcfs_is_exact() {
    check_pyss("sdsc_fcfs_is_exact", &sdsc("fifo", "sdsc5k_fcfs", 15_711.536_787, 0, EXACT));
}

/// pyss passes after every single event, edwc once an instant: five jobs that share a second with others start otherwise.
#[test]
fn sdsc_easy_differs_in_five_jobs() {
    check_pyss("sdsc_easy_differs_in_five_jobs", &sdsc("fifo+easy", "sdsc5k_easy", 3_372.920_2, 5, 2e-8));
}

#[test]
fn sdsc_easy_sjbf_is_within_three_per_mille() {
    check_pyss("sdsc_easy_sjbf_is_within_three_per_mille", &sdsc("fifo+easy-sjbf", "sdsc5k_easysjbf", 3_524.690_990, 84, 0.003));
    check_pyss("sdsc_easy_sjbf_is_within_three_per_mille", &sdsc("fifo+easy-sjbf", "sdsc5k_easysjbf", 3_516.990_7, 84, 2e-8));
}

#[test]
fn sdsc_conservative_is_exact() {
    check_pyss("sdsc_conservative_is_exact", &sdsc("fifo+conservative", "sdsc5k_cons", 3_558.031_042, 0, 1e-9));
}

#[test]
fn nasa_is_exact() {
    for (policy, expected, wait) in [
        ("fifo", "nasa_fcfs", 8.004_660),
        ("fifo+easy", "nasa_easy", 4.028_072),
        ("fifo+easy-sjbf", "nasa_easysjbf", 4.028_072),
        ("fifo+conservative", "nasa_cons", 4.028_072),
    ] {
        check_pyss("nasa_is_exact", &nasa(policy, expected, wait));
    }
}

#[test]
fn lublin_is_exact() {
    for (policy, law, waits) in [
        ("fifo", "fcfs", [2_388_443.760_1, 1_172_120.145_3]),
        ("fifo+easy", "easy", [97_155.994_5, 9_703.562_1]),
        ("fifo+easy-sjbf", "easysjbf", [73_394.375_5, 8_540.878_5]),
    ] {
        let names = [format!("lublin1_{law}"), format!("lublin2_{law}")].map(|name| &*name.leak());
        check_pyss("lublin_is_exact", &lublin_1(policy, names[0], waits[0]));
        check_pyss("lublin_is_exact", &lublin_2(policy, names[1], waits[1]));
    }
}

#[test]
fn logs_of_the_archive_are_read_whole() {
    for (scenario, name, count) in [
        ("lublin-1.toml", "lublin_256.swf.gz", 10_000),
        ("lublin-2.toml", "lublin_256_2.swf.gz", 10_000),
        ("sdsc-sp2.toml", "sdsc_sp2_5k.swf.gz", 4_961),
        ("nasa-ipsc.toml", "NASA-iPSC-1993-3.1-cln.swf.gz", 18_239),
    ] {
        let Some(file) = log("logs_of_the_archive_are_read_whole", &format!("swf/{name}"), ARCHIVE) else { return };
        let (jobs, dropped) = jobs(&model(scenario, Some(&file), &[]));
        assert_eq!((jobs.len(), dropped), (count, vec![]), "{name}");
    }
}

/// Submissions, gangs, run times and estimates of a log as pyss cleaned it; only the first job, which pyss moved from second 0 to 1, is left aside.
#[test]
fn cleaning_gives_what_pyss_ran() {
    let Some(file) = log("cleaning_gives_what_pyss_ran", "swf/sdsc_sp2_5k.swf.gz", ARCHIVE) else { return };
    let (jobs, _) = jobs(&model("sdsc-sp2.toml", Some(&file), &["workload.log.trace.starts_at=\"zero\""]));
    let expected = table(&file.with_file_name("expected_sdsc5k_fcfs.csv.gz"));
    assert_eq!(jobs.len(), expected.len());
    for (job, row) in jobs.iter().zip(&expected).skip(1) {
        let seconds = |micros: u64| micros as f64 / 1e6;
        let found = [job.source_id as f64, seconds(job.submit.0), f64::from(job.gpus.0), seconds(job.estimate.0), seconds(job.work.0)];
        assert_eq!(found, ["job_id", "submit", "procs", "est", "run"].map(|name| row[name]));
    }
}

#[test]
fn logs_of_gpu_clusters_are_read_whole() {
    let read = |format: &str, path: &str, published: &str| {
        let file = log("logs_of_gpu_clusters_are_read_whole", path, published)?;
        let format = format!("workload.log.trace.format=\"{format}\"");
        Some(jobs(&model("itp-01.toml", Some(&file), &[&format, "workload.log.trace.sort=true"])))
    };
    let itp = "https://github.com/microsoft/elasticflow-traces";
    let Some(clusters) = (1..=10).map(|cluster| read("itp", &format!("itp/cluster{cluster:02}.csv"), itp)).collect::<Option<Vec<_>>>() else {
        return;
    };
    let all = || clusters.iter().flat_map(|(jobs, _)| jobs);
    assert_eq!(all().count(), 69_351);
    let gpu_hours = all().map(|job| job.work.0 as f64 * f64::from(job.gpus.0)).sum::<f64>() / 3.6e9;
    assert!((gpu_hours - 1_632_719.7).abs() < 0.05, "{gpu_hours}");
    for (format, path, published, count, left_out) in [
        ("philly", "philly/philly_passed.csv.gz", "https://github.com/msr-fiddle/philly-traces", 82_247, vec![]),
        ("muri", "muri/trace3.csv", "https://github.com/Rivendile/Muri", 992, vec![]),
        (
            "openb",
            "openb/openb_pod_list_default.csv",
            "https://github.com/hkust-adsl/kubernetes-scheduler-simulator",
            6_203,
            vec![("without GPUs", 1_088), ("never started", 861)],
        ),
    ] {
        let Some((jobs, dropped)) = read(format, path, published) else { return };
        assert_eq!((jobs.len(), dropped), (count, left_out), "{format}");
    }
}

/// Makes a series by full hours of GAIA's hourly carbon intensity, beginning at hour 7000 of the year.
fn hourly_carbon(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let values = text.lines().skip(1).filter_map(|line| line.split_once(','));
    let rows = values.zip(-7_000..).map(|((_, grams), hour)| format!("{hour},{grams} gCO2/kWh\n"));
    format!("hour,value\n{}", rows.collect::<String>())
}

/// Every job starts when GAIA starts it, and the carbon relative to starting at once is within 0.1 % of what the paper says, and what its code gives
/// to six digits.
#[test]
fn gaia_starts_and_carbon_are_exact() {
    let grid = "https://github.com/umassos/GAIA and https://github.com/atlarge-research/OpenDC-STEAM (Electricity Maps, South Australia 2022)";
    let Some(file) = log("gaia_starts_and_carbon_are_exact", "gaia/AU-SA_2022_hourly.csv", grid) else { return };
    let folder = tempfile::tempdir().expect("a folder for the test");
    let series = folder.path().join("carbon.csv");
    std::fs::write(&series, hourly_carbon(&file)).expect("the folder can be written");
    let model = model("gaia.toml", None, &[&format!("grid.none.series={:?}", series.display().to_string())]);
    let carbon = |records: &[JobRecord]| records.iter().map(|record| record.carbon_location_mg as f64).sum::<f64>();
    let at_once = carbon(&run_model(&model, "fifo+first-fit"));
    let means = "mean_short_h=0.630555555556,mean_long_h=7.251388888889";
    for (mode, reproduced, published) in
        [("lowest-slot", 0.779_989, 0.780_037), ("lowest-window", 0.683_641, 0.683_704), ("carbon-time", 0.724_712, 0.724_888)]
    {
        let expected = table_of_jobs(&file.with_file_name(format!("expected_{mode}.csv.gz")));
        for bind in ["at-submit", "at-start"] {
            let records = run_model(&model, &format!("fifo+{bind}+carbon-waiting(mode={mode},{means})"));
            let different = records.iter().filter(|record| record.start != expected.get(&record.source_id).copied());
            assert_eq!((records.len(), different.count()), (1_000, 0), "{mode} {bind}");
            let relative = carbon(&records) / at_once;
            assert!((relative - reproduced).abs() < 1e-6, "{mode} {bind}: {relative} is not {reproduced}");
            assert!((relative / published - 1.0).abs() < 0.001, "{mode} {bind}: {relative} is not {published}");
        }
    }
}

/// Start times by job, which GAIA counts in steps of five seconds; the row of no job says what its cluster costs.
fn table_of_jobs(path: &Path) -> BTreeMap<u64, Time> {
    let of_job = |row: BTreeMap<String, f64>| (row["ID"] >= 0.0).then(|| (row["ID"] as u64, Time(row["start_time"] as u64 * 5_000_000)));
    columns(path, &["ID", "start_time"]).into_iter().filter_map(of_job).collect()
}

/// Every job of Muri's trace 3 ends when its simulator says, to the millisecond that its floating point allows, and the mean completion times are
/// those of its figures 9 and 10.
#[test]
fn muri_is_exact() {
    for (scenario, policy, expected, mean) in [
        ("muri-trace3.toml", "srtf+skip+rounds(every_h=0,who=all)", "srtf", 193_081.796_024),
        ("muri-trace3.toml", "srsf+skip+rounds(every_h=0,who=all)", "srsf", 185_021.880_164),
        (
            "muri-trace3-tiresias.toml",
            "tiresias(first_gpu_h=0.902777777777778,second_gpu_h=2,step_s=1)+skip+rounds(every_h=0,who=all)",
            "tiresias",
            347_213.248_119,
        ),
    ] {
        let table = table(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/published/muri_trace3_{expected}.csv.gz")));
        let ends: BTreeMap<u64, f64> = table.iter().map(|row| (row["job_id"] as u64, row["end_time"])).collect();
        for bind in ["at-submit", "at-start"] {
            let records = run(scenario, None, &format!("{policy}+{bind}"));
            let completion: f64 = records.iter().map(|record| record.end.saturating_since(record.submit).as_secs_f64()).sum();
            let found = completion / records.len() as f64;
            assert!((found / mean - 1.0).abs() < 1e-9, "{policy} {bind}: {found} is not {mean}");
            let differs = records.iter().filter(|record| (record.end.as_secs_f64() - ends[&record.source_id]).abs() > 0.001);
            assert_eq!((records.len(), differs.count()), (992, 0), "{policy} {bind}");
        }
    }
}
