//! Tests over whole trace files.

use super::super::fixture::{model, poisson, workload};
use super::super::open;
use super::rows::Rows;
use super::*;
use crate::base::{Bytes, Money, Ratio, Span};
use crate::model::{
    ClassId, DataId, DatasetLaw, DatasetSpec, Elastic, Estimate, Gang, JobSource, Law, Outcome, Shape, TenantGroupId, TenantId, TraceClean,
    TraceFormat,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) const SEED: Seed = Seed { seed: 20_250_602, replication: 0 };
const HEADER: &str = "job,submit_s,gpus,work_s\n";

pub(super) fn file(path: &Path) -> TraceFile {
    TraceFile {
        path: path.to_owned(),
        format: TraceFormat::Csv,
        starts_at: TraceStart::Zero,
        stretch: 1.0,
        sample: 1.0,
        sort: false,
        estimate: TraceEstimate::Recorded,
        clean: TraceClean::AsIs,
        class_by_gpus: Vec::new(),
        class_by_model: Vec::new(),
        until: None,
    }
}

pub(super) fn of_trace(file: &TraceFile) -> Model {
    let mut model = model(vec![workload("replay", Arrivals::Trace(Box::new(file.clone())))]);
    model.horizon = file.until;
    model
}

pub(super) type Read = (Vec<JobSpec>, Vec<(&'static str, u64)>);

pub(super) fn read(file: &TraceFile) -> Result<Read, SourceError> {
    let mut source = open(&of_trace(file), SEED)?;
    let mut jobs = Vec::new();
    while let Some(job) = source.next_job()? {
        jobs.push(job);
    }
    Ok((jobs, source.dropped()))
}

/// A folder with one file in it.
pub(super) struct Folder {
    _folder: tempfile::TempDir,
    pub(super) path: PathBuf,
}

pub(super) fn folder(name: &str, content: impl AsRef<[u8]>) -> Folder {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    Folder { _folder: folder, path }
}

pub(super) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn message(error: &SourceError, path: &Path) -> String {
    error.to_string().replace(&path.display().to_string(), path.file_name().unwrap().to_str().unwrap())
}

fn csv_error(content: impl AsRef<[u8]>, change: impl FnOnce(&mut TraceFile)) -> String {
    let folder = folder("jobs.csv", content);
    let mut file = file(&folder.path);
    change(&mut file);
    let error = read(&file).expect_err("it should be refused");
    assert!(matches!(error, SourceError::Invalid(_)), "{error:?}");
    message(&error, &folder.path)
}

fn accepted(content: impl AsRef<[u8]>) -> Vec<JobSpec> {
    let folder = folder("jobs.csv", content);
    read(&file(&folder.path)).expect("it should be accepted").0
}

/// Rows 30 to 38, 40 and 41 of the bad inputs that a user expects an answer to: header and content, the answer.
const REFUSED: &[(&str, &str)] = &[
    ("job,submit_s,gpus\n1,0,1\n", "jobs.csv:1:1: column `work_s` is missing; needed are job,submit_s,gpus,work_s"),
    (
        "job,submit_s,gpus,work_s,gpus\n",
        "jobs.csv:1:26: column `gpus` stands twice, first as field 3; each column stands once",
    ),
    ("job,submit_s,gpu,work_s\n", "jobs.csv:1:14: column `gpu` is unknown; did you mean `gpus`?"),
    // Jobs that wait for other jobs are outside of the model: a column of them is not silently ignored.
    (
        "job,submit_s,gpus,work_s,depends_on\n2,0,1,60,1\n",
        concat!(
            "jobs.csv:1:26: column `depends_on` is unknown; known: `job`, `submit_s`, `gpus`, `work_s`, `estimate_s`, `tenant`, `user`, `class`, ",
            "`data`, `dataset`, `dataset_gb`, `patience_s`, `pays_up_to_cny`, `priority`, `outcome`, `min_gpus` and 2 more"
        ),
    ),
    ("1,0,1,60\n2,5,1,60\n", "jobs.csv:1:1: there is no header; the first line names the columns: job,submit_s,gpus,work_s"),
    ("", "jobs.csv: is empty; a trace has at least a header"),
    ("\n\n", "jobs.csv:1:1: there is no header; the first line names the columns: job,submit_s,gpus,work_s"),
    (
        "job;submit_s;gpus;work_s\n1;0;1;60\n",
        "jobs.csv:1:1: the header looks like `;` separated; fields are separated by commas",
    ),
    ("job\tsubmit_s\tgpus\twork_s\n", "jobs.csv:1:1: the header looks like tab separated; fields are separated by commas"),
    ("*1,0,1\n", "jobs.csv:2:6: the row has 3 fields where the header has 4; leave a field empty rather than out"),
    (
        "*1,0,1,60,5\n",
        "jobs.csv:2:10: the row has 5 fields where the header has 4; numbers take a decimal point and no thousands separators; text with a comma is quoted",
    ),
    (
        "*1,0,1,60,\n",
        "jobs.csv:2:10: the row has 5 fields where the header has 4; a comma at the end of the line opens one more field: take it away",
    ),
    (
        "*1;0;1;60\n",
        "jobs.csv:2:9: the row has 1 fields where the header has 4; the line looks like `;` separated: use commas",
    ),
    ("*1,0,1,60\n\n2,5,1,60\n", "jobs.csv:3:1: the line is blank; blank lines may only stand at the end"),
    ("*\"1,0,1,60\n2,5,1,60\n", "jobs.csv:2:1: a quote is opened here and never closed; close it with a second quote"),
    ("*1,0,\"1\"x,60\n", "jobs.csv:2:8: text after a closing quote; quotes in a quoted field are doubled"),
    ("*a\"b,0,1,60\n", "jobs.csv:2:2: a quote within a field; quote the whole field and double the quotes in it"),
    ("*\"a\nb\",0,1,60\n\"c\nd\",0,x,60\n", "jobs.csv:5:6: gpus: `x` is not a number; an integer, at least 1"),
    ("*1,0,1,60\n2,5,1", "jobs.csv:3:6: the row has 3 fields where the header has 4; leave a field empty rather than out"),
    (
        "*1,0,1,\"1,5\"\n",
        "jobs.csv:2:7: work_s: `1,5` has a comma: a decimal point is `.`, and thousands are not separated; a number of seconds, at least 0",
    ),
    ("*1,0,1, 60\n", "jobs.csv:2:7: work_s: ` 60` has spaces round it; a number of seconds, at least 0"),
    ("*1,0,+5,60\n", "jobs.csv:2:5: gpus: `+5` has a plus sign; an integer, at least 1"),
    ("*1,0,0x10,60\n", "jobs.csv:2:5: gpus: `0x10` is hexadecimal; an integer, at least 1"),
    ("*1,0,1_000,60\n", "jobs.csv:2:5: gpus: `1_000` has underscores between its digits; an integer, at least 1"),
    ("*1,0,TRUE,60\n", "jobs.csv:2:5: gpus: `TRUE` is not a number; an integer, at least 1"),
    ("*1,0,2.5,60\n", "jobs.csv:2:5: gpus: `2.5` is not an integer; an integer, at least 1"),
    (
        "*1,5,1,60\n2,4.5,1,60\n",
        "jobs.csv:3:3: submit_s: `4.5` is before 5 of line 2; rows are in order of submission; `sort = true` sorts them",
    ),
    ("*17,0,1,60\n18,0,1,60\n17,1,1,60\n", "jobs.csv:4:1: job: `17` is also on line 2; no two jobs share an id"),
    ("*\"x,y\",0,1,60\n=z,0,1,60\n\"x,y\",1,1,60\n", "jobs.csv:4:1: job: `x,y` is also on line 2; no two jobs share an id"),
    ("*,0,1,60\n", "jobs.csv:2:1: job: is empty; an integer or a text"),
    ("*1,0,1,-60\n", "jobs.csv:2:7: work_s: `-60` is negative; a number of seconds, at least 0"),
    ("*1,0,1,NaN\n", "jobs.csv:2:7: work_s: `NaN` is not finite; a number of seconds, at least 0"),
    ("*1,0,1,inf\n", "jobs.csv:2:7: work_s: `inf` is not finite; a number of seconds, at least 0"),
    ("*1,0,1,\n", "jobs.csv:2:7: work_s: is empty; a number of seconds, at least 0"),
    ("*1,0,0,60\n", "jobs.csv:2:5: gpus: `0` is zero; a gang has at least one GPU"),
    ("*1,0,-1,60\n", "jobs.csv:2:5: gpus: `-1` is negative; an integer, at least 1"),
    ("*1,0,4294967296,60\n", "jobs.csv:2:5: gpus: `4294967296` is too large; at most 4294967295"),
    (
        "*1,-0.5,1,60\n",
        "jobs.csv:2:3: submit_s: `-0.5` is before time 0; with `starts_at = \"zero\"` the trace's clock starts at 0",
    ),
    (
        "*1,2025-06-02T00:00:00Z,1,60\n",
        "jobs.csv:2:3: submit_s: `2025-06-02T00:00:00Z` looks like a date; seconds as a plain decimal number, on one clock for all rows",
    ),
    (
        "*1,1748822400,1,60\n2,1748822400000,1,60\n",
        "jobs.csv:3:3: submit_s: `1748822400000` looks like milliseconds since 1970; seconds as a plain decimal number, on one clock for all rows",
    ),
    (
        "*1,60,1,60\n2,1748822400,1,60\n",
        "jobs.csv:3:3: submit_s: `1748822400` looks like seconds since 1970, and line 2 does not; seconds as a plain decimal number, on one clock for all rows",
    ),
    (
        "job,submit_s,gpus,work_s,class\n1,0,1,60,trian\n",
        "jobs.csv:2:10: class: `trian` is not in the scenario; did you mean `train`?",
    ),
    (
        "job,submit_s,gpus,work_s,tenant\n1,0,1,60,lab-11\n",
        "jobs.csv:2:10: tenant: `lab-11` is not in the scenario; its tenants are `lab-1` to `lab-10`",
    ),
    (
        "job,submit_s,gpus,work_s,data\n1,0,1,60,web\n",
        "jobs.csv:2:10: data: `web` has no size; a dataset needs one in column `dataset_gb`",
    ),
    (
        "job,submit_s,gpus,work_s,dataset\n1,0,1,60,7\n",
        "jobs.csv:2:10: dataset: `7` has no data class; a dataset needs one in column `data`",
    ),
    (
        "job,submit_s,gpus,work_s,outcome\n1,0,1,60,done\n",
        "jobs.csv:2:10: outcome: `done` is unknown; `completed`, `failed` or `cancelled`",
    ),
    (
        "job,submit_s,gpus,work_s,min_gpus\n1,0,4,60,5\n",
        "jobs.csv:2:10: min_gpus: `5` is out of range; at least 1, at most `gpus`",
    ),
    ("job,submit_s,gpus,work_s,max_gpus\n1,0,4,60,3\n", "jobs.csv:2:10: max_gpus: `3` is out of range; at least `gpus`"),
    (
        "job,submit_s,gpus,work_s,serial_share\n1,0,4,60,0.5\n",
        "jobs.csv:2:10: serial_share: `0.5` has no sizes; give `min_gpus`, `max_gpus`, or both",
    ),
    (
        "job,submit_s,gpus,work_s,serial_share\n1,0,4,60,1.5\n",
        "jobs.csv:2:10: serial_share: `1.5` is more than one; a share from 0 to 1",
    ),
    (
        "job,submit_s,gpus,work_s,priority\n1,0,1,60,9999999999\n",
        "jobs.csv:2:10: priority: `9999999999` is too large; an integer of 32 bits",
    ),
    (
        "job,submit_s,gpus,work_s\n1\u{1b}[31m,0,\u{7},60\n",
        "jobs.csv:2:10: gpus: `\\u{7}` is not a number; an integer, at least 1",
    ),
];

#[test]
fn what_is_not_allowed_is_refused_with_place_and_remedy() {
    for (content, expected) in REFUSED {
        let content = content.replacen('*', HEADER, 1);
        assert_eq!(csv_error(&content, |_| {}), *expected, "{content:?}");
    }
}

#[test]
fn what_is_allowed_is_read() {
    for content in [
        "work_s,gpus,submit_s,job\n60,8,1.5,1\n",
        "\u{feff}job,submit_s,gpus,work_s\r\n1,1.5,8,60\r\n",
        "job,submit_s,gpus,work_s\n1,1.5,8,60",
        "job,submit_s,gpus,work_s\n1,1.5,8,60\n\n",
        "job,submit_s,gpus,work_s\n\"1\",\"1.5\",\"8\",\"60\"\n",
        "job,submit_s,gpus,work_s,class,tenant\n1,1.5,8,60,,\n",
    ] {
        let jobs = accepted(content);
        assert_eq!(jobs.len(), 1, "{content:?}");
        let job = &jobs[0];
        assert_eq!((job.source_id, job.submit, job.gpus.0), (1, Time(1_500_000), 8), "{content:?}");
        assert_eq!((job.work, job.estimate, job.class, job.priority), (Span::seconds(60), Span::seconds(60), ClassId(0), 3));
    }
    assert_eq!(accepted(HEADER), [], "a header alone is a trace without jobs");
    let equal = accepted(format!("{HEADER}b,5,1,0\na,5,1,60\n=1+1,5,1,60\n"));
    assert_eq!(equal.iter().map(|job| (job.source_id, job.work.0)).collect::<Vec<_>>(), [(1, 0), (2, 60_000_000), (3, 60_000_000)]);
}

#[test]
fn every_column_is_read() {
    let jobs = accepted(
        "job,submit_s,gpus,work_s,estimate_s,tenant,user,class,data,dataset,dataset_gb,patience_s,pays_up_to_cny,priority,outcome,\
         min_gpus,max_gpus,serial_share\n\
         7,0,4,100,50,lab-3,,eval,web,12,2.5,3600,12.345678,-2,failed,1,16,0.05\n\
         8,0,4,100,,lab,,,web,imagenet,1,,,,cancelled,,8,\n\
         9,0,4,100,,,alice,,web,imagenet,1,,,,completed,2,,\n\
         10,0,4,100,,clinic,,,web,,1,,,,,,,\n",
    );
    let first = &jobs[0];
    assert_eq!((first.estimate, first.tenant, first.class, first.priority), (Span::seconds(50), TenantId(2), ClassId(1), -2));
    assert_eq!(first.dataset, Some(DatasetSpec { data: DataId(0), key: 12, bytes: Bytes(2_500_000_000) }));
    assert_eq!((first.patience, first.pays_up_to), (Some(Span::hours(1)), Some(Money(12_345_678))));
    assert_eq!(
        jobs.iter().map(|job| job.recorded).collect::<Vec<_>>(),
        [Outcome::Failed, Outcome::Cancelled, Outcome::Completed, Outcome::Completed]
    );
    assert!(jobs[1].tenant.0 < 10 && jobs[3].tenant == TenantId(10));
    let sizes = |min, max, millionths| Some(Elastic { min, max, serial: Ratio(millionths) });
    assert_eq!([0, 1, 2, 3].map(|index| jobs[index].elastic), [sizes(1, 16, 50_000), sizes(4, 8, 0), sizes(2, 4, 0), None]);
    let key = |index: usize| jobs[index].dataset.unwrap().key;
    assert_eq!(key(1), key(2));
    assert_ne!(key(2), key(3));
}

#[test]
fn files_that_are_no_text_are_refused() {
    assert_eq!(csv_error([0xff, 0xfe, b'j', 0], |_| {}), "jobs.csv:1:1: is UTF-16; a trace is UTF-8 text, plain or compressed by gzip");
    assert_eq!(csv_error([b'j', 0, b'x'], |_| {}), "jobs.csv:1:1: is binary; a trace is UTF-8 text, plain or compressed by gzip");
    let folder = folder("jobs.csv", "");
    let parent = folder.path.parent().unwrap();
    let error = read(&file(parent)).unwrap_err();
    assert!(
        matches!(&error, SourceError::Invalid(text) if text.ends_with("not a regular file; a trace is a file, plain or compressed by gzip")),
        "{error}"
    );
    assert!(matches!(read(&file(&parent.join("missing.csv"))), Err(SourceError::Unreadable(_))));
}

#[test]
fn lines_end_somewhere() {
    let long = format!("{HEADER}1,0,1,{}\n", "0".repeat(2 << 20));
    assert_eq!(csv_error(long, |_| {}), "jobs.csv:2:1: the line is longer than 1048576 bytes; is it a text file?");
    let quoted = format!("{HEADER}\"{}", "\n".repeat(2 << 20));
    assert_eq!(csv_error(quoted, |_| {}), "jobs.csv:2:1: a quote is opened here and never closed; close it with a second quote");
}

#[test]
fn gzip_is_known_by_its_bytes_and_may_have_members() {
    let content = format!("{HEADER}1,0,1,60\n2,5,1,60\n");
    let (head, tail) = content.as_bytes().split_at(31);
    let members = [gzip(head), gzip(b""), gzip(tail)].concat();
    let padded = [gzip(content.as_bytes()), vec![0; 512]].concat();
    for bytes in [content.clone().into_bytes(), gzip(content.as_bytes()), members, padded] {
        for name in ["jobs.csv", "jobs.csv.gz"] {
            let folder = folder(name, &bytes);
            assert_eq!(read(&file(&folder.path)).unwrap().0.len(), 2, "{name} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn damaged_gzip_is_refused() {
    let rows: String = (0..2_000).map(|job| format!("{job},{job},1,{}\n", job * 7919 % 1000)).collect();
    let whole = gzip(format!("{HEADER}{rows}").as_bytes());
    let refused = |bytes: Vec<u8>| {
        let folder = folder("jobs.csv.gz", bytes);
        let error = read(&file(&folder.path)).expect_err("it should be refused");
        assert!(matches!(error, SourceError::Invalid(_)), "{error:?}");
        message(&error, &folder.path)
    };
    for length in [5, 100, whole.len() / 2, whole.len() - 8, whole.len() - 1] {
        let expected = format!("jobs.csv.gz: the gzip data is truncated at byte {length}; fetch or compress the file anew");
        assert_eq!(refused(whole[..length].to_vec()), expected);
    }
    for garbage in [&b"hello"[..], b"\x1f", b"\x1f\x8bnot a member", b"\0\0\0x"] {
        let text = refused([whole.clone(), garbage.to_vec()].concat());
        assert!(text.contains("follows at byte") || text.contains("truncated"), "{garbage:?}: {text}");
    }
    let mut flipped = whole;
    let at = flipped.len() - 6;
    flipped[at] ^= 1;
    assert!(refused(flipped).contains("is damaged before byte"));
}

#[test]
fn a_gzip_bomb_stops_at_a_limit() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(HEADER.as_bytes()).unwrap();
    let block = "\n".repeat(1 << 20);
    for _ in 0..120 {
        encoder.write_all(block.as_bytes()).unwrap();
    }
    let folder = folder("bomb.csv.gz", encoder.finish().unwrap());
    let error = read(&file(&folder.path)).unwrap_err();
    assert!(matches!(error, SourceError::TooLarge(_)), "{error:?}");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_taken_as_whole() {
    let rows: String = (0..50_000).map(|job| format!("{job},{job},1,60\n")).collect();
    for change in ["grow", "cut", "touch the head"] {
        let folder = folder("jobs.csv", format!("{HEADER}{rows}"));
        let mut source = open(&of_trace(&file(&folder.path)), SEED).unwrap();
        source.next_job().unwrap();
        let writer = std::fs::OpenOptions::new().write(true).open(&folder.path).unwrap();
        match change {
            "grow" => {
                std::fs::OpenOptions::new().append(true).open(&folder.path).unwrap().write_all(b"50000,50000,1,60\n").unwrap();
            }
            "cut" => writer.set_len(400_000).unwrap(),
            _ => (&writer).write_all(b"JOB").unwrap(),
        }
        let error = std::iter::from_fn(|| source.next_job().transpose()).find_map(Result::err).expect("the change is noticed");
        assert!(matches!(&error, SourceError::Unreadable(text) if text.contains("changed while it was read")), "{change}: {error:?}");
    }
}

#[test]
fn rows_out_of_order_are_sorted_if_asked() {
    let content = format!("{HEADER}1,5,1,60\n2,4,1,60\n3,9,1,60\n4,4,1,60\n");
    let folder = folder("jobs.csv", &content);
    let mut file = file(&folder.path);
    file.sort = true;
    file.starts_at = TraceStart::FirstJob;
    let (jobs, _) = read(&file).unwrap();
    let found: Vec<_> = jobs.iter().map(|job| (job.source_id, job.submit.0)).collect();
    assert_eq!(found, [(2, 0), (4, 0), (1, 1_000_000), (3, 5_000_000)]);
}

#[test]
fn the_clock_is_mapped_onto_the_scenario() {
    let content = format!("{HEADER}1,100,1,60\n2,110,1,60\n3,140,1,60\n4,200,1,60\n");
    let folder = folder("jobs.csv", &content);
    let submits = |change: &dyn Fn(&mut TraceFile)| {
        let mut file = file(&folder.path);
        change(&mut file);
        let (jobs, dropped) = read(&file).unwrap();
        (jobs.iter().map(|job| job.submit.0 / 1_000_000).collect::<Vec<_>>(), dropped)
    };
    assert_eq!(submits(&|_| {}), (vec![100, 110, 140, 200], vec![]));
    assert_eq!(submits(&|file| file.starts_at = TraceStart::FirstJob).0, [0, 10, 40, 100]);
    assert_eq!(submits(&|file| file.stretch = 0.5).0, [50, 55, 70, 100]);
    let late = submits(&|file| file.starts_at = TraceStart::At(110_000_000));
    assert_eq!(late, (vec![0, 30, 90], vec![("before the start", 1)]));
    let short = submits(&|file| file.until = Some(Span::seconds(140)));
    assert_eq!(short, (vec![100, 110], vec![("beyond the horizon", 2)]));
}

#[test]
fn a_sample_is_the_same_whatever_else_changes() {
    let rows: String = (0..5_000).map(|job| format!("{job},{job},1,60\n")).collect();
    let folder = folder("jobs.csv", format!("{HEADER}{rows}"));
    let mut file = file(&folder.path);
    file.sample = 0.3;
    let (jobs, dropped) = read(&file).unwrap();
    assert!((jobs.len() as f64 - 1_500.0).abs() < 130.0, "{}", jobs.len());
    assert_eq!(dropped, [("sampled out", 5_000 - jobs.len() as u64)]);
    file.stretch = 2.0;
    let ids = |jobs: &[JobSpec]| jobs.iter().map(|job| job.source_id).collect::<Vec<_>>();
    assert_eq!(ids(&read(&file).unwrap().0), ids(&jobs));
}

#[test]
fn a_user_is_always_the_same_tenant_and_users_are_spread_by_weight() {
    let rows: String = (0..20_000).map(|job| format!("{job},{job},1,60,user{}\n", job % 2_000)).collect();
    let folder = folder("jobs.csv", format!("job,submit_s,gpus,work_s,user\n{rows}"));
    let mut model = of_trace(&file(&folder.path));
    model.workloads[WorkloadId(0)].tenants = vec![(TenantGroupId(0), 0.8), (TenantGroupId(1), 0.2)];
    let mut source = open(&model, SEED).unwrap();
    let jobs: Vec<JobSpec> = std::iter::from_fn(|| source.next_job().unwrap()).collect();
    assert!((2_000..20_000).all(|job| jobs[job].tenant == jobs[job % 2_000].tenant));
    let clinic = jobs[..2_000].iter().filter(|job| job.tenant == TenantId(10)).count();
    assert!((clinic as f64 - 400.0).abs() < 75.0, "{clinic} of 2,000 users");
}

#[test]
fn laws_stand_in_for_what_the_trace_leaves_out() {
    let folder = folder("jobs.csv", "job,submit_s,gpus,work_s,patience_s,estimate_s\n1,0,4,60,5,\n2,0,16,60,,90\n");
    let mut trace = file(&folder.path);
    trace.class_by_gpus = vec![(1, 8, ClassId(1)), (9, u32::MAX, ClassId(0))];
    let mut model = of_trace(&trace);
    let replay = &mut model.workloads[WorkloadId(0)];
    replay.patience = Some(Law::fixed(7.0));
    replay.estimate = Estimate::TimesWork(Law::fixed(2.0));
    replay.dataset = Some(DatasetLaw { data: DataId(0), bytes: Law::fixed(1e9), shared_by: 2 });
    model.classes[ClassId(0)].deadline_times_work = Some(Ratio::from_f64(2.0));
    let mut source = open(&model, SEED).unwrap();
    let jobs: Vec<JobSpec> = std::iter::from_fn(|| source.next_job().unwrap()).collect();
    assert_eq!(jobs.iter().map(|job| job.class).collect::<Vec<_>>(), [ClassId(1), ClassId(0)]);
    assert_eq!(jobs.iter().map(|job| job.patience.unwrap()).collect::<Vec<_>>(), [Span::seconds(5), Span::seconds(7)]);
    assert_eq!(jobs.iter().map(|job| job.estimate).collect::<Vec<_>>(), [Span::seconds(120), Span::seconds(90)]);
    assert_eq!(jobs[0].dataset, jobs[1].dataset);
    assert_eq!(jobs.iter().map(|job| job.deadline).collect::<Vec<_>>(), [None, Some(Time(120_000_000))]);
}

#[test]
fn without_a_horizon_arrivals_end_with_the_last_trace() {
    let folder = folder("jobs.csv", format!("{HEADER}1,100,1,60\n2,1000,1,60\n"));
    let mut model = of_trace(&file(&folder.path));
    model.workloads.push(workload("steady", poisson(1.0)));
    let mut source = open(&model, SEED).unwrap();
    let jobs: Vec<JobSpec> = std::iter::from_fn(|| source.next_job().unwrap()).collect();
    assert_eq!(jobs.last().unwrap().submit, Time(1_000_000_000));
    assert!((800..1_200).contains(&jobs.len()), "{}", jobs.len());
    assert!(jobs.windows(2).all(|pair| (pair[0].submit, pair[0].workload) <= (pair[1].submit, pair[1].workload)));
}

#[test]
fn what_is_written_is_read_back() {
    let mut full = workload("w", poisson(0.001));
    full.patience = Some(Law::exponential(3_000.0));
    full.elastic = Some(Elastic { min: 2, max: 8, serial: Ratio(12_345) });
    full.pays_up_to = Some(Law { shape: Shape::LogNormal { mu: 2.6, sigma: 0.4 }, min: None, max: None });
    full.dataset = Some(DatasetLaw { data: DataId(0), bytes: Law::exponential(1e12), shared_by: 20 });
    full.estimate = Estimate::TimesWork(Law { shape: Shape::Uniform { min: 1.0, max: 3.0 }, min: None, max: None });
    full.gpus = Gang::Weighted(vec![(1, 0.5), (8, 0.5)]);
    let model = model(vec![full]);
    let mut source = open(&model, SEED).unwrap();
    let jobs: Vec<JobSpec> = std::iter::from_fn(|| source.next_job().unwrap()).collect();
    let mut bytes = Vec::new();
    write_native(&mut bytes, &model, jobs.iter().cloned()).unwrap();
    assert!(jobs.len() > 2_000);
    assert_eq!(accepted(&bytes), jobs);
}

const SWF: &str = "\
; Version: 2.2
; UnixStartTime: 893466664
;
   1     10  -1   120   4 -1 -1   8   600 -1  1   3 -1 -1 -1 -1 -1 -1
   2     20  -1    90  -1 -1 -1   8    60 -1  0   3 -1 -1 -1 -1 -1 -1
   3     20  -1    30   2 -1 -1  -1    -1 -1  2   4 -1 -1 -1 -1 -1 -1
; a comment in between
   3     20  -1  0.50   2 -1 -1  -1    -1 -1  5  -1 -1 -1 -1 -1  1 10
";

fn swf(path: &Path) -> TraceFile {
    TraceFile { format: TraceFormat::Swf, ..file(path) }
}

#[test]
fn the_standard_workload_format_is_read() {
    let folder = folder("log.swf", SWF);
    let (jobs, dropped) = read(&swf(&folder.path)).unwrap();
    let seconds = |value: f64| Span::from_secs_f64(value);
    let found: Vec<_> = jobs.iter().map(|job| (job.source_id, job.submit.0, job.gpus.0, job.work, job.estimate, job.recorded)).collect();
    let expected = [
        (1, 10_000_000, 4, seconds(120.0), seconds(600.0), Outcome::Completed),
        (2, 20_000_000, 8, seconds(90.0), seconds(60.0), Outcome::Failed),
        (3, 20_000_000, 2, seconds(0.5), seconds(0.5), Outcome::Cancelled),
    ];
    assert_eq!(found, expected);
    assert_eq!(dropped, [("parts of other jobs", 1)]);
    assert_eq!(jobs[0].tenant, jobs[1].tenant, "one user is one tenant");
    let by_run = TraceFile { estimate: TraceEstimate::Run, ..swf(&folder.path) };
    assert!(read(&by_run).unwrap().0.iter().all(|job| job.estimate == job.work));
}

#[test]
fn a_log_is_cleaned_as_pyss_does() {
    let folder = folder("log.swf", SWF.to_owned() + "4 30 -1 -1 -1 -1 -1 64 43200 -1 5 3 -1 -1 -1 -1 -1 -1\n");
    let pyss = TraceFile { clean: TraceClean::Pyss, ..swf(&folder.path) };
    let found: Vec<_> = read(&pyss).unwrap().0.iter().map(|job| (job.gpus.0, job.work.0 / 1_000_000, job.estimate.0 / 1_000_000)).collect();
    assert_eq!(found, [(4, 120, 600), (1, 1, 1), (2, 1, 1), (1, 1, 1)]);
    let text = message(&read(&swf(&folder.path)).unwrap_err(), &folder.path);
    assert_eq!(
        text,
        "log.swf:9:9: run time: `-1` is unknown; the line needs it; `clean = \"pyss\"` makes such a job one of 1 s on 1 processor"
    );
}

#[test]
fn lines_that_are_no_jobs_are_refused() {
    for (line, expected) in [
        ("1 0 -1 60 1", "log.swf:1:1: the line has 5 fields; a job of the Standard Workload Format has 18"),
        (
            "job,submit_s",
            "log.swf:1:1: the line has 1 fields; a job of the Standard Workload Format has 18; a CSV file has `format = \"csv\"`",
        ),
        ("x 0 -1 60 1 -1 -1 1 60 -1 1 1 1 1 1 1 1 1", "log.swf:1:1: job number: `x` is not a number; an integer, at least 0"),
        (
            "1 -1 -1 60 1 -1 -1 1 60 -1 1 1 1 1 1 1 1 1",
            "log.swf:1:3: submit time: `-1` is unknown or negative; every job has a submit time, at least 0",
        ),
        ("1 0 -1 nan 1 -1 -1 1 60 -1 1 1 1 1 1 1 1 1", "log.swf:1:8: run time: `nan` is not finite; a number, or -1 for unknown"),
    ] {
        let folder = folder("log.swf", line);
        assert_eq!(message(&read(&swf(&folder.path)).unwrap_err(), &folder.path), expected);
    }
}

#[test]
fn ids_beyond_the_limit_are_compared_with_neighbours_and_the_note_says_so() {
    let folder = folder("jobs.csv", format!("{HEADER}9,0,1,60\n8,1,1,60\n7,2,1,60\n6,3,1,60\n7,4,1,60\n9,5,1,60\n"));
    let trace = file(&folder.path);
    let mut rows = Rows::open(Names::of(&of_trace(&trace)), &trace, 2).unwrap();
    let mut read = || rows.next_row();
    for _ in 0..5 {
        read().unwrap();
    }
    assert!(read().unwrap_err().to_string().ends_with("job: `9` is also on line 2; no two jobs share an id"));
    let mut rows = Rows::open(Names::of(&of_trace(&trace)), &trace, 100).unwrap();
    let error = std::iter::from_fn(|| rows.next_row().transpose()).find_map(Result::err).unwrap();
    assert!(error.to_string().ends_with(":6:1: job: `7` is also on line 4; no two jobs share an id"), "{error}");
}

#[test]
fn a_change_may_not_touch_the_trace_but_its_laws() {
    let folder = folder("jobs.csv", format!("{HEADER}1,0,1,60\n2,100,1,60\n"));
    let trace = file(&folder.path);
    let mut model = of_trace(&trace);
    let mut later = model.workloads[WorkloadId(0)].clone();
    later.priority = Some(8);
    let change = |at, workload| crate::model::Change { at: Time(at), settings: vec![Setting::Workload(WorkloadId(0), workload)] };
    model.changes = vec![change(50_000_000, later.clone())];
    let mut source = open(&model, SEED).unwrap();
    let priorities: Vec<i32> = std::iter::from_fn(|| source.next_job().unwrap()).map(|job| job.priority).collect();
    assert_eq!(priorities, [3, 8]);
    later.arrivals = poisson(1.0);
    model.changes = vec![change(60_000_000, later)];
    assert!(matches!(open(&model, SEED), Err(SourceError::Invalid(_))));
}

proptest! {
    /// Damage to a file is refused, or gives jobs in order; nothing panics.
    #[test]
    fn damaged_files_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 0..8),
        format in 0..3,
        sort: bool,
    ) {
        let native = "job,submit_s,gpus,work_s,tenant,data,dataset,dataset_gb,priority,outcome\n\"a\"\"\n,\",0,1,60,lab-3,web,x,1,-2,failed\n8,5,4,1.5,lab,,,,,\n";
        let mut bytes = match format {
            0 => native.as_bytes().to_vec(),
            1 => SWF.as_bytes().to_vec(),
            _ => gzip(native.as_bytes()),
        };
        for (place, byte, kind) in edits {
            let at = place.index(bytes.len().max(1));
            match kind {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.insert(at.min(bytes.len()), byte),
            }
        }
        let folder = folder("damaged", bytes);
        let file = TraceFile { sort, format: if format == 1 { TraceFormat::Swf } else { TraceFormat::Csv }, ..file(&folder.path) };
        if let Ok((jobs, _)) = read(&file) {
            prop_assert!(jobs.windows(2).all(|pair| pair[0].submit <= pair[1].submit));
        }
    }
}

/// The guide lists the columns in the words of the code, and every format.
#[test]
fn the_guide_knows_all_columns_and_formats() {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guide/traces.md")).expect("the guide is there");
    let rows = native::COLUMNS.iter().enumerate().map(|(at, (column, meaning))| {
        let needed = if at < native::NEEDED { " yes" } else { "" };
        format!("| `{column}` |{needed} | {meaning} |\n")
    });
    let table = "| column | needed | meaning |\n|---|---|---|\n".to_owned() + &rows.collect::<String>();
    assert!(guide.contains(&table), "the table should be:\n{table}");
    for format in TraceFormat::WORDS {
        assert!(guide.contains(&format!("\n| `{format}` | ")), "{format}");
    }
}
