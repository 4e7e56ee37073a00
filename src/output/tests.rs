//! The summary of made-up runs, the metric definitions, and tables that can be read back.

use super::columns::{self, Field, JOBS, LEDGER, Names};
use super::{Collector, made_up, metrics};
use crate::base::{Span, Time};
use crate::stats::{Moments, fairness, percentile};
use crate::world::records::JobRecord;

/// Lists the paths of all leaves; names under objects that are keyed by names become `NAME`.
fn paths(value: &serde_json::Value, path: &str, into: &mut Vec<String>) {
    const KEYED: [&str; 16] = [
        "by_region",
        "by_class",
        "by_tenant",
        "utilisation.by_site",
        "utilisation.by_chip",
        "utilisation.by_side",
        "gpu_hours.by_side",
        "money.by_region",
        "money.by_tenant",
        "money.by_government",
        "money.by_site",
        "subsidies",
        "quotas",
        "goals.by_site",
        "rejected",
        "unfinished",
    ];
    let Some(object) = value.as_object() else {
        if !into.iter().any(|known| known == path) {
            into.push(path.to_owned());
        }
        return;
    };
    for (key, value) in object {
        let key = if KEYED.contains(&path) || ["refusals", "dropped"].contains(&path) { "NAME" } else { key };
        paths(value, &if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }, into);
    }
}

#[test]
fn every_number_of_the_json_is_described_and_every_description_has_its_number() {
    let mut summary = made_up::summary();
    summary.dropped.0.push(("beyond the horizon".to_owned(), 1));
    let mut found = Vec::new();
    paths(&serde_json::to_value(&summary).unwrap(), "", &mut found);
    let mut described: Vec<String> = metrics::all().into_iter().map(|metric| metric.path).collect();
    found.sort();
    described.sort();
    assert_eq!(found, described);
}

#[test]
fn the_json_keys_that_people_build_on_stay() {
    let summary = made_up::summary();
    insta::assert_snapshot!("summary_json", summary.to_json());
}

#[test]
fn the_reference_page_is_that_of_the_lists() {
    let committed = include_str!("../../docs/reference/metrics.md").replace("\r\n", "\n");
    assert!(committed == metrics::reference(), "docs/reference/metrics.md is stale: run `cargo xtask codegen`");
}

#[test]
fn chinese_is_punctuated_as_chinese() {
    let page = metrics::reference();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let cells: Vec<&str> = rows.map(|row| row.trim_end_matches(" |").rsplit(" | ").next().expect("a row has cells")).collect();
    assert!(cells.len() > 300, "{} rows", cells.len());
    for cell in cells {
        assert!(!cell.contains([',', ';', ':', '?', '!', '(', ')']), "{cell}");
    }
}

/// Case `metrics-6`: six finished jobs on 16 GPUs.
#[test]
fn metrics_6() {
    const SECOND: u64 = 1_000_000;
    let cases = [([0, 0, 10], 4), ([2, 2, 4], 2), ([3, 6, 9], 4), ([5, 10, 40], 2), ([9, 10, 11], 4), ([9, 11, 12], 8)];
    let jobs: Vec<JobRecord> =
        cases.iter().enumerate().map(|(number, (times, gpus))| made_up::job(number as u64, times.map(|time| time * SECOND), *gpus, 0)).collect();
    let mut model = made_up::model();
    (model.warmup, model.horizon) = (Span::ZERO, Some(Span::seconds(40)));
    let mut collector = Collector::new(&model);
    collector.jobs(&jobs);
    let mut totals = made_up::totals();
    totals.window = (Time::ZERO, Time(40 * SECOND));
    totals.pools[crate::model::PoolId(0)].installed = 16 * 40 * u128::from(SECOND);
    totals.pools[crate::model::PoolId(0)].gpu_time.held = jobs.iter().map(|job| job.gpu_time.held).sum();
    (totals.system_job_us, totals.queued_job_us) = (58 * u128::from(SECOND), 11 * u128::from(SECOND));
    let summary = made_up::summary_of(&collector, &model, &totals);

    let close = |actual: Option<f64>, expected: f64| assert!((actual.unwrap() - expected).abs() < 1e-9, "{actual:?} is not {expected}");
    close(summary.latency.queue_wait.mean, 1.8333333333333333);
    close(summary.latency.completion.mean, 9.666666666666666);
    close(summary.bounded_slowdown.mean, 1.027777777777778);
    close(summary.queue.mean_jobs_in_system, 1.45);
    close(summary.queue.mean_queued_jobs, 0.275);
    close(summary.utilisation.by_site.find("yrd").unwrap().allocated, 0.2);
    // the histogram keeps three digits
    let near = |actual: Option<f64>, expected: f64| assert!((actual.unwrap() / expected - 1.0).abs() < 1e-3, "{actual:?} is not {expected}");
    near(summary.latency.queue_wait.p50, 1.0);
    near(summary.latency.queue_wait.p95, 5.0);

    let waits: Vec<f64> = jobs.iter().map(|job| job.queue_wait().unwrap().as_secs_f64()).collect();
    let mut sorted = waits.clone();
    sorted.sort_by(f64::total_cmp);
    assert_eq!(percentile::nearest_rank(&sorted, 950), Some(5.0));
    assert_eq!(percentile::nearest_rank(&sorted, 500), Some(1.0));
    close(fairness::jain(waits), 0.5170940170940171);
    let slowdowns: Moments = jobs.iter().map(|job| job.completion().as_secs_f64() / job.run.as_secs_f64()).collect();
    close(slowdowns.mean(), 1.6944444444444444);
}

#[test]
fn only_jobs_of_the_window_are_measured_and_none_is_hidden() {
    let summary = made_up::summary();
    // 0.1 h apart: numbers 10 to 99 of a window that starts after one hour
    assert_eq!(summary.jobs.submitted, 90);
    assert_eq!((summary.jobs.finished, summary.jobs.rejected), (89, 1));
    assert_eq!(summary.rejected.find("residency"), Some(&1));
    assert_eq!(summary.latency.queue_wait.count, 89);
    let by_region: u64 = summary.by_region.iter().map(|(_, region)| region.jobs.submitted).sum();
    assert_eq!(by_region, 90);
}

#[test]
fn money_adds_up() {
    let summary = made_up::summary();
    let money = &summary.money;
    assert!(money.tenants.charged_cny > 0.0);
    assert!((money.tenants.charged_cny - money.tenants.subsidies_cny - money.tenants.net_cny).abs() < 1e-6);
    let sites: f64 = money.by_site.iter().map(|(_, site)| site.received_cny).sum();
    assert!((sites - money.tenants.charged_cny).abs() < 1e-6);
    assert_eq!(money.by_government.find("shanghai"), Some(&money.public_cny));
    assert!((money.public_cny - money.tenants.subsidies_cny).abs() < 1e-6);
    assert_eq!(money.resource_cost.total_cny, 5_200.0);
}

#[test]
fn a_run_without_jobs_has_no_numbers_rather_than_wrong_ones() {
    let model = made_up::model();
    let summary = made_up::summary_of(&Collector::new(&model), &model, &made_up::totals());
    assert_eq!(summary.latency.queue_wait.mean, None);
    assert_eq!(summary.bounded_slowdown.p95, None);
    assert_eq!(summary.fairness.jain_tenants, None);
    assert_eq!(summary.warnings[0].code, "W202");
    assert!(!serde_json::to_string(&summary).unwrap().contains("NaN"));
}

#[test]
fn official_goals_are_judged_by_side() {
    let goals = made_up::summary().goals;
    assert_eq!((goals.pue.met, goals.pue.sites), (2, 2));
    assert_eq!((goals.one_way.met, goals.green_share.met, goals.take_up.met), (1, 0, 2));
}

fn csv_text<R>(fields: &'static [Field<R>], rows: &[R]) -> String {
    let mut table = super::csv::CsvTable::new(fields, false, Vec::new());
    table.rows(rows, &Names::new(&made_up::model_with_jobs())).unwrap();
    String::from_utf8(table.finish().unwrap()).unwrap()
}

#[test]
fn csv_reads_back_as_it_was() {
    let jobs = made_up::jobs();
    let text = csv_text(JOBS, &jobs);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    assert_eq!(header.len(), JOBS.len());
    let column = |name: &str| header.iter().position(|column| column == name).unwrap();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), jobs.len());
    assert_eq!(&rows[8][column("queue_wait_s")], "960");
    assert_eq!(&rows[8][column("workload")], "=made, \"up\"");
    assert_eq!(&rows[20][column("first_start_s")], "");
    assert_eq!(&rows[20][column("reason")], "residency");
    assert_eq!(&rows[3][column("energy_j")], "1.5");
    assert_eq!(&rows[4][column("tenant")], "labs-2");
    let ledger = csv_text(LEDGER, &made_up::postings());
    assert!(ledger.lines().nth(2).unwrap().contains("government.shanghai,tenant.labs-1,"), "{ledger}");
}

#[test]
fn no_column_is_named_twice_and_units_are_last() {
    let names: Vec<&str> = JOBS.iter().map(|field| field.name).collect();
    let unique: std::collections::BTreeSet<&&str> = names.iter().collect();
    assert_eq!(unique.len(), names.len());
    for field in JOBS.iter().filter(|field| matches!(field.kind, columns::Kind::Decimal(_))) {
        let unit = field.name.rsplit('_').next().unwrap();
        assert!(["s", "cny", "j", "g"].contains(&unit), "{} has no unit", field.name);
    }
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_has_the_same_columns_and_rows() {
    use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let jobs = made_up::jobs();
    let path = tempfile::NamedTempFile::new().unwrap();
    let mut table = super::parquet::ParquetTable::new(JOBS, path.reopen().unwrap()).unwrap();
    table.rows(&jobs, &Names::new(&made_up::model_with_jobs())).unwrap();
    table.finish().unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(path.reopen().unwrap()).unwrap().build().unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), jobs.len());
    let wait = batches[0].column_by_name("queue_wait_s").unwrap();
    let waits = wait.as_any().downcast_ref::<arrow_array::Decimal64Array>().unwrap();
    assert_eq!(waits.value(8), 960_000_000);
    assert_eq!(batches[0].schema().fields().len(), JOBS.len());
}
