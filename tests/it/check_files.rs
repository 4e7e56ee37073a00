//! Files that a scenario names: series, outages, values of a law, traces.

use edwc::base::{Span, Time};
use edwc::model::{Series, Shape};
use edwc::scenario::{Options, Scenario, starter};
use std::path::Path;

/// Writes a scenario on top of the starter with one file beside it; returns what loading says.
fn with_file(lines: &str, file: &str, content: &str) -> Result<Scenario, (String, u8)> {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file for the test");
    write("starter.toml", starter());
    write("my.toml", &format!("extends = \"starter.toml\"\n{lines}\n"));
    std::fs::create_dir(folder.path().join("data")).expect("a folder for the test");
    if !file.is_empty() {
        write(file, content);
    }
    Scenario::load(&folder.path().join("my.toml"), &Options::default()).map_err(|problems| (problems.plain(20), problems.exit_code()))
}

const TARIFF: &str = "without = [\"tariff.ningxia\"]\n[tariff.ningxia]\nseries = \"data/prices.csv\"";

fn hourly(hours: impl Iterator<Item = usize>) -> String {
    let rows: String = hours.map(|hour| format!("{hour},0.{}\n", 30 + hour % 24)).collect();
    format!("hour,value\n{rows}")
}

#[test]
fn a_series_becomes_steps() {
    let scenario = with_file(TARIFF, "data/prices.csv", &hourly(0..192)).expect("the series covers the run");
    let Series::Steps(steps) = &scenario.model.tariffs.iter().find(|tariff| tariff.name == "ningxia").expect("it is there").prices else {
        panic!("steps")
    };
    assert_eq!((steps.len(), steps[1]), (192, (Time(3_600_000_000), 310_000)));
    let dated = "value,at\n0.30,2025-06-01T12:00\n0.36 CNY/kWh,2025-06-02T12:00:00+08:00\n0.40,2025-06-03T12:00\n0.5,2025-06-04T12:00\n\
                 0.5,2025-06-05T12:00\n0.5,2025-06-06T12:00\n0.5,2025-06-07T12:00\n0.5,2025-06-08T12:00\n0.5,2025-06-09T12:00\n";
    let scenario = with_file(TARIFF, "data/prices.csv", dated).expect("the series covers the run");
    let Series::Steps(steps) = &scenario.model.tariffs.iter().find(|tariff| tariff.name == "ningxia").expect("it is there").prices else {
        panic!("steps")
    };
    assert_eq!(steps[..3], [(Time(0), 300_000), (Time(43_200_000_000), 360_000), (Time(129_600_000_000), 400_000)]);
    let other = with_file(TARIFF, "data/prices.csv", &dated.replace("0.40", "0.41")).expect("it covers the run");
    assert_ne!(other.digest, scenario.digest, "the bytes of a series belong to what a scenario says");
}

#[test]
fn a_series_with_a_hole_or_an_overlap_is_refused() {
    for (content, words) in [
        (hourly((0..100).chain(101..192)), "a hole of 1 h between data/prices.csv:101 and data/prices.csv:102"),
        (hourly((0..100).chain(99..192)), "data/prices.csv:101 and data/prices.csv:102 overlap"),
        (hourly(0..100), "to the horizon: the last row is data/prices.csv:101"),
        (hourly(1..192), "a hole from the start to 3600.000000 s: the first row is data/prices.csv:2"),
        ("hour,value\n".to_owned(), "the series has no rows"),
        ("hour,value\n0,cheap\n".to_owned(), "data/prices.csv:2: `cheap` is no price"),
        ("hour,value\n0,-0.3\n".to_owned(), "data/prices.csv:2: `-0.3` is no price"),
        ("hour,price\n0,0.3\n".to_owned(), "columns `hour`, `price` where others are needed"),
        ("hour;value\n0;0,3\n".to_owned(), "data/prices.csv"),
        ("hour,value\n0,0.3,7\n".to_owned(), "data/prices.csv:2"),
    ] {
        let (text, exit) = with_file(TARIFF, "data/prices.csv", &content).expect_err(words);
        assert!(text.contains(words) && exit == 3, "{text}");
    }
    let (text, exit) = with_file(TARIFF, "", "").expect_err("the file is missing");
    assert!(text.contains("tariff.ningxia.series: `") && text.contains("there is no such file") && exit == 6, "{text}");
}

#[test]
fn outages_come_from_a_file() {
    let lines = "[failure.script]\nseries = \"outages.csv\"";
    let scenario =
        with_file(lines, "outages.csv", "node,at,for\nzhongwei.imported.3,2025-06-03,2 h\njiaxing.domestic.0,5 h,30 min\n").expect("right");
    let outages = &scenario.model.failures.as_slice()[0].outages;
    assert_eq!(
        outages.iter().map(|outage| (outage.node, outage.at, outage.lasts)).collect::<Vec<_>>(),
        [(0, Time(18_000_000_000), Span(1_800_000_000)), (3, Time(86_400_000_000), Span::hours(2)),]
    );
    for (content, words) in [
        ("node,at,for\nzhongwei.imported.24,5 h,1 h\n", "outages.csv:2: `zhongwei.imported` has 24 nodes, from 0; none is 24"),
        ("node,at,for\nzhongwei.x.0,5 h,1 h\n", "no pool is named `zhongwei.x`"),
        (
            "node,at,for\nzhongwei.imported.0,5 h,1 h\nzhongwei.imported.0,5 h 30 min,1 h\n",
            "outages of `zhongwei.imported.0` overlap",
        ),
        ("node,at\nzhongwei.imported.0,5 h\n", "the file lacks a column"),
    ] {
        let (text, exit) = with_file(lines, "outages.csv", content).expect_err(words);
        assert!(text.contains(words) && exit == 3, "{text}");
    }
}

#[test]
fn a_law_draws_from_the_values_of_a_file() {
    let lines = "[workload.training]\nwork = { dist = \"empirical\", file = \"work.csv\" }";
    let scenario = with_file(lines, "work.csv", "value\n2 h\n60\n30 min\n").expect("right");
    let Shape::Empirical { values } = &scenario.model.workloads.as_slice()[0].work.shape else { panic!("an empirical law") };
    assert_eq!(***values, [60.0, 1800.0, 7200.0]);
    let (text, _) = with_file(lines, "work.csv", "value\n-5\n").expect_err("a negative value");
    assert!(text.contains("work.csv:2: `-5` is no value of the law"), "{text}");
}

#[test]
fn a_trace_must_be_there_and_a_base_keeps_its_folder() {
    let lines = "[workload.replay]\nclass = \"training\"\ntenants = { lab = 1.0 }\ntrace = { file = \"data/t.swf\", format = \"swf\" }";
    let (text, exit) = with_file(lines, "", "").expect_err("the trace is missing");
    assert!(text.contains("workload.replay.trace.file: cannot read `") && exit == 6, "{text}");
    with_file(lines, "data/t.swf", "; empty\n").expect("the trace is there; what is in it is for the run to read");
    let folder = tempfile::tempdir().expect("a folder for the test");
    std::fs::create_dir(folder.path().join("base")).expect("a folder for the test");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file for the test");
    write("base/base.toml", &format!("{}\n[failure.script]\nseries = \"outages.csv\"\n", starter()));
    write("base/outages.csv", "node,at,for\nzhongwei.imported.0,5 h,1 h\n");
    write("my.toml", "extends = \"base/base.toml\"\n");
    let loaded = Scenario::load(Path::new(&folder.path().join("my.toml")), &Options::default());
    assert_eq!(loaded.expect("the series is found beside the file that names it").model.failures.as_slice()[0].outages.len(), 1);
}
