//! `edwc trace` as its users see it: statistics, conversion, and fitted workloads that can be pasted.

use crate::program::{self, Said, root, told};
use edwc::base::random::Seed;
use edwc::model::{JobSource, JobSpec, Model};
use edwc::scenario::{Options, Scenario};
use edwc::workload;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn edwc(arguments: &[&str]) -> Said {
    program::run(root(), arguments)
}

fn itp() -> String {
    reproduction("traces/itp/cluster10.csv")
}

fn reproduction(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/reproduce").join(name).display().to_string()
}

fn model(file: &Path) -> Model {
    let loaded = Scenario::load(file, &Options::default());
    loaded.unwrap_or_else(|problems| panic!("{:?}", problems.list)).model
}

fn jobs(model: &Model) -> Vec<JobSpec> {
    let mut source = workload::open(model, Seed { seed: 3, replication: 0 }).expect("the log is there");
    std::iter::from_fn(|| source.next_job().expect("jobs can be read")).collect()
}

#[test]
fn statistics_fit_one_screen_and_count_right() {
    let text = told(&["trace", "stats", &itp(), "--format", "itp"]);
    assert!(text.starts_with("cluster10.csv (itp)\n\njobs        260: 260 completed, 0 failed, 0 cancelled\n"), "{text}");
    for part in [
        "span        32.8 d",
        "users       not recorded",
        "GPUs on average, from the first submission to the last end if no job waited",
        "arrivals by hour",
        "\nMon ",
        "\n23  ",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let arrivals = text.split("arrivals by weekday\n").nth(1).expect("the last chart").lines();
    let count: u64 = arrivals.map(|line| line[4..14].trim().parse::<u64>().expect("a count")).sum();
    assert_eq!(count, 260);
}

#[test]
fn what_cannot_be_read_is_explained() {
    let folder = tempfile::tempdir().expect("a folder for temporary files exists");
    let refused = edwc(&["trace", "stats", &itp()]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(3), ""));
    assert!(refused.err.contains("column `job_id` is unknown") && refused.err.contains("--format swf|itp"), "{}", refused.err);
    assert_eq!(edwc(&["trace", "stats", &itp(), "--format", "xls"]).code, Some(2));
    assert_eq!(edwc(&["trace", "stats", "missing.csv"]).code, Some(6));
    let out = folder.path().join("jobs.csv");
    let out = out.to_str().expect("a temporary path is UTF-8");
    assert_eq!(edwc(&["trace", "convert", &itp(), "--out", out]).code, Some(2), "edwc's own CSV is not converted to itself");
    fs::write(out, "").expect("the folder can be written");
    assert_eq!(edwc(&["trace", "convert", &itp(), "--format", "itp", "--out", out]).code, Some(6), "nothing is overwritten");
    let one = folder.path().join("one.csv");
    fs::write(&one, "job,submit_s,gpus,work_s\n1,0,1,60\n").expect("the folder can be written");
    let one = one.to_str().expect("UTF-8");
    assert_eq!(edwc(&["trace", "fit", one, "--class", "job", "--tenant", "all"]).code, Some(3));
    assert_eq!(edwc(&["trace", "fit", one]).code, Some(2), "the table needs names of the scenario that it is for");
    let header_only = folder.path().join("none.csv");
    fs::write(&header_only, "job,submit_s,gpus,work_s\n").expect("the folder can be written");
    assert!(told(&["trace", "stats", header_only.to_str().expect("UTF-8")]).contains("jobs        0: "));
}

/// What would help is spelt as the command line has it.
#[test]
fn help_speaks_of_flags() {
    let folder = tempfile::tempdir().expect("a folder for temporary files exists");
    let path = |name: &str| folder.path().join(name).to_str().expect("a temporary path is UTF-8").to_owned();
    fs::write(path("late.csv"), "job,submit_s,gpus,work_s\n1,10,1,60\n2,5,1,60\n").expect("the folder can be written");
    fs::write(path("unknown.swf"), "4 30 -1 -1 -1 -1 -1 64 43200 -1 5 3 -1 -1 -1 -1 -1 -1\n").expect("the folder can be written");
    fs::write(path("jobs.swf"), "job,submit_s\n").expect("the folder can be written");
    fs::write(path("colour.csv"), "job,submit_s,gpus,work_s,hue\n1,10,1,60,red\n").expect("the folder can be written");
    let out = path("out.csv");
    for (arguments, help) in [
        (
            &["trace", "convert", &path("unknown.swf"), "--out", &out][..],
            "; the line needs it; `--clean pyss` makes such a job one of 1 s",
        ),
        (&["trace", "stats", &path("unknown.swf")], "`--clean pyss` makes"),
        (&["trace", "stats", &path("jobs.swf")], "a CSV file has `--format csv`"),
        (&["trace", "stats", &path("colour.csv")], "`priority`, `outcome`"),
    ] {
        let said = edwc(arguments);
        assert!(said.code == Some(3) && said.err.contains(help), "{arguments:?}: {}", said.err);
    }
    let philly = "timestamp,duration,num_gpus\n2017-10-09 07:01:55,60,1\n2017-10-09 07:01:54,60,1\n";
    fs::write(path("philly.csv"), philly).expect("the folder can be written");
    let said = edwc(&["trace", "convert", &path("philly.csv"), "--format", "philly", "--out", &out]);
    assert!(said.code == Some(3) && said.err.contains("rows are in order of submission; `--sort` sorts them"), "{}", said.err);
    told(&["trace", "convert", &path("philly.csv"), "--format", "philly", "--out", &out, "--sort"]);
    told(&["trace", "stats", &path("late.csv")]);
}

/// A converted log gives the same jobs as the log itself.
#[test]
fn a_converted_log_is_the_same_log() {
    let folder = tempfile::tempdir().expect("a folder for temporary files exists");
    let out = folder.path().join("jobs.csv");
    told(&["trace", "convert", &itp(), "--format", "itp", "--out", out.to_str().expect("UTF-8")]);
    let of = |file: &str, format: &str| {
        let overrides = [format!("workload.log.trace.file={file:?}"), format!("workload.log.trace.format=\"{format}\"")];
        let scenario = Scenario::load(Path::new(&reproduction("itp-10.toml")), &Options { without: &[], overrides: &overrides, library: None });
        jobs(&scenario.unwrap_or_else(|problems| panic!("{:?}", problems.list)).model)
    };
    let converted = of(out.to_str().expect("UTF-8"), "csv");
    assert_eq!(converted.len(), 260);
    assert_eq!(converted, of(&itp(), "itp"));
}

/// What `fit` prints goes into the scenario that `init` writes, under its class and tenants; a log without a rhythm gets none.
#[test]
fn a_fitted_workload_fits_the_scenario_of_init() {
    let folder = tempfile::tempdir().expect("a folder for temporary files exists");
    let path = |name: &str| folder.path().join(name).to_str().expect("a temporary path is UTF-8").to_owned();
    told(&["init", &path("my.toml")]);
    let stream = Seed { seed: 9, replication: 0 }.stream("poisson", "test");
    let mut log = "job,submit_s,gpus,work_s\n".to_owned();
    let mut draws = stream.at(0);
    let mut submit = 0.0;
    for number in 0..3000 {
        submit += 900.0 * draws.exponential();
        let _ = writeln!(log, "{number},{submit:.6},{},{:.6}", 1 + number % 2, 600.0 * draws.exponential());
    }
    fs::write(path("log.csv"), log).expect("the folder can be written");
    let fitted = told(&["trace", "fit", &path("log.csv"), "--class", "training", "--tenant", "startup"]);
    assert!(
        fitted.contains("#   by_hour    left out: one rate explains the log, p = 0.") && !fitted.contains("by_hour = "),
        "{fitted}"
    );
    assert!(fitted.contains("#   by_weekday left out") && !fitted.contains("by_weekday = "), "{fitted}");
    let scenario = fs::read_to_string(path("my.toml")).expect("it was written") + &fitted;
    fs::write(path("my.toml"), scenario).expect("the folder can be written");
    told(&["check", &path("my.toml")]);
}

/// What `fit` prints is a workload: laws that were put into a log come out again.
#[test]
fn a_fitted_workload_can_be_pasted() {
    let folder = tempfile::tempdir().expect("a folder for temporary files exists");
    let path = |name: &str| folder.path().join(name);
    let cluster = fs::read_to_string(reproduction("one-cluster.toml")).expect("it is there");
    let (before, after) = cluster.split_once("[workload.log]").expect("it has a workload");
    let policy = after.split_once("[policy]").expect("it has a policy").1;
    let scenario = |workload: &str| {
        let before = before.replace("[scenario]", "[scenario]\nhorizon = \"56 d\"");
        format!("{before}{workload}\n[policy]{policy}")
    };
    let known = "[workload.known]\nclass = \"job\"\ntenants = { all = 1.0 }\n\
                 arrivals = { process = \"poisson\", rate = \"300 /d\", by_hour = \"office-hours\", by_weekday = \"workdays\" }\n\
                 gpus = { values = [1, 8], weights = [0.75, 0.25] }\nwork = { dist = \"weibull\", shape = 0.6, scale = \"900 s\" }\n\
                 estimate = { times_work = { dist = \"lognormal\", mu = 1.0, sigma = 0.5 } }\n";
    fs::write(path("known.toml"), scenario(known)).expect("the folder can be written");
    let drawn = jobs(&model(&path("known.toml")));
    let mut log = "job,submit_s,gpus,work_s,estimate_s\n".to_owned();
    for (number, job) in drawn.iter().enumerate() {
        // The scenario starts on 2021-03-01, a Monday, at midnight in UTC+8.
        let submit = 1_614_528_000.0 + job.submit.as_secs_f64();
        let _ = writeln!(log, "{number},{submit:.6},{},{:.6},{:.6}", job.gpus, job.work.as_secs_f64(), job.estimate.as_secs_f64());
    }
    fs::write(path("known.csv"), log).expect("the folder can be written");
    let log = path("known.csv");
    let fitted = told(&["trace", "fit", log.to_str().expect("UTF-8"), "--shift", "8", "--class", "job", "--tenant", "all"]);
    for part in ["#   weibull      distance 0.0", "#   by_hour    used, p = 0.001", "#   by_weekday used, p = 0.00"] {
        assert!(fitted.contains(part), "{part} is missing in {fitted}");
    }
    fs::write(path("fitted.toml"), scenario(&fitted)).expect("the folder can be written");
    let again = jobs(&model(&path("fitted.toml")));
    let mean = |jobs: &[JobSpec], of: &dyn Fn(&JobSpec) -> f64| jobs.iter().map(of).sum::<f64>() / jobs.len() as f64;
    for of in [
        &(|job: &JobSpec| f64::from(job.gpus.0)) as &dyn Fn(&JobSpec) -> f64,
        &|job| job.work.as_secs_f64().sqrt(),
        &|job| (job.estimate.as_secs_f64() + 1.0).ln() - (job.work.as_secs_f64() + 1.0).ln(),
        &|job| f64::from(job.submit.0 / 3_600_000_000 % 24 < 12),
        &|job| f64::from(job.submit.0 / 86_400_000_000 % 7 < 5),
    ] {
        let (first, second) = (mean(&drawn, of), mean(&again, of));
        assert!((second / first - 1.0).abs() < 0.04, "{second} is not {first}: {fitted}");
    }
    assert!((again.len() as f64 / drawn.len() as f64 - 1.0).abs() < 0.03);
}
