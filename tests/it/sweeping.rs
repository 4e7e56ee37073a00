//! Sweeps and searches as their users run them: `edwc sweep` and `edwc solve`.

use crate::program::{folder, run, told};
use serde_json::Value;
use std::fs;
use unicode_width::UnicodeWidthStr;

/// A scenario that takes moments.
const SHORT: &[&str] = &["-q", "--set", "scenario.horizon=2 d"];

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&told(&[arguments, SHORT, &["--json"]].concat())).expect("it is JSON")
}

fn mean(json: &Value, metric: &str, alternative: &str) -> f64 {
    json["metrics"][metric]["alternatives"][alternative]["mean"].as_f64().unwrap_or_else(|| panic!("{metric} of {alternative} is there"))
}

/// M40 of the relations: a point of a sweep is what it is alone.
#[test]
fn a_point_is_the_same_alone_and_inside_of_a_sweep() {
    let vary = ["--vary", "site.zhongwei.pool.imported.nodes=8,16,24", "--vary", "policy.place=nearest,cheapest"];
    let swept = json(&[&["sweep", "quickstart", "-r", "3"], &vary[..]].concat());
    assert_eq!(swept["alternatives"].as_array().map(Vec::len), Some(6));
    let alone = json(&["compare", "quickstart", "-r", "3", "--set", "site.zhongwei.pool.imported.nodes=24", "--set", "policy.place=nearest"]);
    for metric in ["latency.queue_wait.mean", "money.public_cny", "utilisation.effective", "events"] {
        assert_eq!(mean(&swept, metric, "nodes=24, place=nearest"), mean(&alone, metric, "base"), "{metric}");
    }
    assert_ne!(mean(&swept, "events", "nodes=24, place=nearest"), mean(&swept, "events", "nodes=24, place=cheapest"));
}

#[test]
fn all_points_are_checked_before_anything_runs() {
    let folder = folder();
    let said = run(folder.path(), &["sweep", "quickstart", "--vary", "site.zhongwei.pue=0.5,1.2,nonsense", "--out", "never"]);
    assert_eq!((said.code, said.out.as_str()), (Some(3), ""));
    assert!(
        said.err.contains("at pue=0.5:") && said.err.contains("at pue=nonsense:") && !said.err.contains("at pue=1.2:"),
        "{}",
        said.err
    );
    assert!(said.err.contains("2 of 3 points cannot be run; nothing was run"), "{}", said.err);
    assert!(!folder.path().join("never").exists());
}

#[test]
fn a_sweep_leaves_a_tidy_table_and_fits_the_terminal() {
    let folder = folder();
    let vary = ["--vary", "subsidy.hangzhou.budget.amount=0 CNY,1M CNY,2M CNY"];
    let arguments = [&["sweep", "quickstart", "-r", "2", "--out", "e", "--metric", "money.public"], &vary[..], SHORT].concat();
    let said = run(folder.path(), &arguments);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.lines().all(|line| line.width() <= 100), "{}", said.out);
    assert!(said.out.contains("over subsidy.hangzhou.budget.amount") && said.out.matches('●').count() == 3, "{}", said.out);
    let table = fs::read_to_string(folder.path().join("e/runs.csv")).expect("the table is there");
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let header: Vec<String> = rows.headers().expect("there is a header").iter().map(str::to_owned).collect();
    let at = header.iter().position(|name| name == "subsidy.hangzhou.budget.amount").expect("the factor is a column");
    let rows: Vec<csv::StringRecord> = rows.records().map(|row| row.expect("a row is read")).collect();
    let of = |value: &str| rows.iter().filter(|row| &row[at] == value && row.iter().any(|cell| cell == "money.public_cny")).count();
    assert_eq!([of("0 CNY"), of("1M CNY"), of("2M CNY")], [2, 2, 2]);
}

#[test]
fn each_factor_alone_makes_a_tornado() {
    let said = told(
        &[
            &["sweep", "quickstart", "-r", "1", "--one-at-a-time", "--metric", "latency.queue_wait.mean"],
            &["--vary", "site.zhongwei.pue=1.1,1.3", "--vary", "site.zhongwei.pool.imported.nodes=6,24"][..],
            SHORT,
        ]
        .concat(),
    );
    let (nodes, pue) = (said.rfind("pool.imported.nodes "), said.rfind("site.zhongwei.pue "));
    assert!(nodes.is_some() && nodes < pue, "nodes matter more than the PUE\n{said}");
}

#[test]
fn a_load_is_what_the_run_offers() {
    let swept = json(&["sweep", "quickstart", "-r", "20", "--load", "0.4,0.8"]);
    let (low, high) = (mean(&swept, "jobs.submitted", "load=0.4"), mean(&swept, "jobs.submitted", "load=0.8"));
    assert!((high / low - 2.0).abs() < 0.1, "twice the load is twice the jobs: {low} {high}");
}

#[test]
fn twice_the_demand_is_twice_the_jobs_and_once_is_as_it_was() {
    let run =
        |more: &[&str]| -> Value { serde_json::from_str(&told(&[&["run", "quickstart", "--json"], SHORT, more].concat())).expect("it is JSON") };
    let (plain, once, twice) = (run(&[]), run(&["--set", "scenario.demand=1.0"]), run(&["--set", "scenario.demand=2"]));
    assert_eq!(once["fingerprint"], plain["fingerprint"]);
    let jobs = |json: &Value| json["jobs"]["submitted"].as_f64().expect("it is a number");
    assert!((jobs(&twice) / jobs(&once) - 2.0).abs() < 0.25, "{} {}", jobs(&twice), jobs(&once));
}

#[test]
fn what_is_found_meets_the_target() {
    let found = json(&[
        "solve",
        "quickstart",
        "-r",
        "4",
        "--find",
        "subsidy.hangzhou.rate=0..0.9",
        "--so-that",
        "money.public = 20k CNY ± 2%",
        "--set",
        "subsidy.hangzhou.budget.amount=400M CNY",
    ]);
    let (value, reached) = (found["value"].as_str().expect("a value"), found["mean"].as_f64().expect("a mean"));
    assert!((reached - 2e4).abs() <= 400.0, "{found}");
    assert!(found["tried"].as_array().expect("the way").len() <= 10 && found["half_width"].as_f64().expect("an interval") > 0.0);
    let set = format!("subsidy.hangzhou.rate={value}");
    let alone = json(&["compare", "quickstart", "-r", "4", "--set", &set, "--set", "subsidy.hangzhou.budget.amount=400M CNY"]);
    assert_eq!(mean(&alone, "money.public_cny", "base"), reached);
}

#[test]
fn ends_on_one_side_of_the_target_are_refused() {
    let folder = folder();
    let find = ["--find", "subsidy.hangzhou.rate=0..0.5", "--so-that", "money.public = 65000M CNY"];
    let said = run(folder.path(), &[&["solve", "quickstart", "-r", "1"], &find[..], SHORT].concat());
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{}", said.err);
    assert!(
        said.err.contains("need not lie between them") && said.err.contains(" at 0 and ") && said.err.contains(" at 0.5 "),
        "{}",
        said.err
    );
}

/// The values that a factor has at the points of a sweep, in order.
fn values(json: &Value, path: &str) -> Vec<String> {
    let setting = |alternative: &Value| {
        let settings = alternative["settings"].as_array().expect("settings").iter();
        settings.filter(|setting| setting[0] == path).map(|setting| setting[1].as_str().expect("text").to_owned()).next()
    };
    json["alternatives"].as_array().expect("alternatives").iter().filter_map(setting).collect()
}

#[test]
fn a_latin_hypercube_has_one_point_in_each_slice() {
    let vary = ["--vary", "site.zhongwei.pue=1.1..1.5", "--vary", "site.zhongwei.pool.imported.nodes=8..24"];
    let swept = json(&[&["sweep", "quickstart", "-r", "1", "--latin", "4"], &vary[..]].concat());
    let slices = |path: &str, low: f64, high: f64| {
        let mut slices: Vec<usize> = (values(&swept, path).iter().map(|value| value.parse::<f64>().expect("a number")))
            .map(|value| ((value - low) / (high - low) * 4.0) as usize)
            .collect();
        slices.sort_unstable();
        slices
    };
    assert_eq!(slices("site.zhongwei.pue", 1.1, 1.5), [0, 1, 2, 3]);
    assert_eq!(
        values(&swept, "site.zhongwei.pool.imported.nodes").iter().filter(|nodes| nodes.parse::<u32>().is_ok()).count(),
        4,
        "whole numbers"
    );
    let again = json(&[&["sweep", "quickstart", "-r", "1", "--latin", "4"], &vary[..]].concat());
    assert_eq!(swept, again, "the points follow from the seed");
}

#[test]
fn a_sweep_file_is_what_the_command_line_says() {
    let folder = folder();
    let file = folder.path().join("sweep.toml");
    let path = file.to_str().expect("the path is text");
    fs::write(
        &file,
        "method = \"one-at-a-time\"\n\n[vary]\n\"site.zhongwei.pue\" = [1.1, 1.3]\n\"policy.place\" = [\"nearest\", \"cheapest\"]\n",
    )
    .expect("it can be written");
    let said = json(&[
        "sweep",
        "quickstart",
        "-r",
        "1",
        "--one-at-a-time",
        "--vary",
        "policy.place=\"nearest\",\"cheapest\"",
        "--vary",
        "site.zhongwei.pue=1.1,1.3",
    ]);
    assert_eq!(json(&["sweep", "quickstart", "-r", "1", "--sweep", path]), said);
    fs::write(&file, "[vary]\n\"site.zhongwei.pue\" = 1.1\n").expect("it can be written");
    let refused = run(folder.path(), &["sweep", "quickstart", "--sweep", path]);
    assert!(refused.code == Some(3) && refused.err.contains("needs a list of values, or a range"), "{}", refused.err);
}

#[test]
fn a_load_of_a_trace_is_counted_in_its_rows() {
    let folder = folder();
    let rows: String = (0..1000).map(|job| format!("{job},{},8,7200\n", job * 1800)).collect();
    fs::write(folder.path().join("jobs.csv"), format!("job,submit_s,gpus,work_s\n{rows}")).expect("it can be written");
    let scenario = format!(
        "format = 1\nextends = {:?}\nwithout = [\"workload\"]\n[scenario]\nhorizon = \"4 d\"\n[workload.log]\nclass = \"training\"\n\
         tenants = {{ startup = 1.0 }}\ntrace = {{ file = \"jobs.csv\", format = \"csv\" }}\n",
        crate::program::root().join("scenarios/quickstart.toml")
    );
    fs::write(folder.path().join("traced.toml"), scenario).expect("it can be written");
    let said = run(folder.path(), &["sweep", "traced.toml", "-q", "-r", "1", "--load", "0.05,0.1", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let swept: Value = serde_json::from_str(&said.out).expect("it is JSON");
    let [low, high] = ["load=0.05", "load=0.1"].map(|load| mean(&swept, "offered_load", load));
    assert!((low - 0.05).abs() < 0.002 && (high - 0.1).abs() < 0.004, "{low} {high}");
}

#[test]
fn a_search_keeps_its_steps_and_goes_on_from_them() {
    let folder = folder();
    let out = folder.path().join("e");
    let search = ["solve", "quickstart", "-r", "2", "--find", "subsidy.hangzhou.rate=0..0.9", "--so-that", "money.public = 20k CNY ± 10%"];
    let set = ["--set", "subsidy.hangzhou.budget.amount=400M CNY", "--out", out.to_str().expect("the path is text")];
    let found = json(&[&search[..], &set[..]].concat());
    let tried: Vec<&Value> = found["tried"].as_array().expect("the way").iter().map(|tried| &tried["at"]).collect();
    let kept = crate::experiments::files(&out);
    let folders: Vec<String> = tried.iter().map(|at| format!("at-{}", at.as_f64().expect("a value"))).collect();
    assert!(
        folders.len() > 1 && folders.iter().all(|folder| kept.contains_key(&format!("{folder}/manifest.json"))),
        "{folders:?} {:?}",
        kept.keys()
    );
    fs::remove_file(out.join(&folders[1]).join("runs/0001-000.json")).expect("a run can be removed");
    assert_eq!(json(&[&search[..], &set[..]].concat()), found);
    assert!(crate::experiments::files(&out) == kept, "going on leaves other bytes");
}

#[test]
fn assumptions_say_what_the_answer_hangs_on() {
    let arguments = [
        "sweep",
        "quickstart",
        "-q",
        "-r",
        "1",
        "--assumptions",
        "--metric",
        "latency.queue_wait.mean",
        "--set",
        "scenario.horizon=12 h",
        "--set",
        "scenario.warmup=1 h",
    ];
    let policies = ["--policy", "fifo+nearest", "--policy", "fifo+cheapest+easy"];
    let said = told(&[&arguments[..], &policies[..]].concat());
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("assumed inputs by ±50 %, one at a time:") && flat.contains("Each varied by ±50%: the order of the two by"),
        "{said}"
    );
    assert!(said.lines().all(|line| line.width() <= 100), "{said}");
    let narrowed = told(&[&arguments[..], &policies[..], &["--only", "site.zhongwei"]].concat());
    let flat = narrowed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        narrowed.contains("site.zhongwei.pue") && !narrowed.contains("tariff.") && flat.contains("Assumed inputs: ") && flat.contains(" of "),
        "{narrowed}"
    );
}
