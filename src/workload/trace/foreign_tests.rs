//! Tests of the foreign formats: samples made after the published descriptions, and what is refused.

use super::super::open;
use super::tests::{Read, SEED, file, folder, gzip, message, of_trace, read};
use super::*;
use crate::base::Span;
use crate::model::{JobSource, Outcome, TraceFormat};
use std::path::Path;

fn format(format: TraceFormat, path: &Path) -> TraceFile {
    TraceFile { format, starts_at: TraceStart::FirstJob, sort: true, ..file(path) }
}

fn read_as(word: &str, content: &str) -> Read {
    let folder = folder("log", content);
    let format = format(TraceFormat::from_word(word).unwrap(), &folder.path);
    read(&format).unwrap_or_else(|error| panic!("{word}: {error}"))
}

/// Jobs as (seconds since the first, GPUs, seconds of work, how they ended).
fn told(jobs: &[JobSpec]) -> Vec<(u64, u32, u64, Outcome)> {
    let seconds = |micros: u64| micros / 1_000_000;
    jobs.iter().map(|job| (seconds(job.submit.0), job.gpus.0, seconds(job.work.0), job.recorded)).collect()
}

use Outcome::{Cancelled, Completed, Failed};

#[test]
fn microsoft_itp_is_read() {
    let (jobs, dropped) = read_as("itp", "job_id,submission_time,duration,num_gpu\n965d744f-0445,1932025,2429,64\nfb10987f-20ac,1932030.5,1532,1\n");
    assert_eq!(told(&jobs), [(0, 64, 2429, Completed), (5, 1, 1532, Completed)]);
    assert!(dropped.is_empty() && jobs.iter().all(|job| job.estimate == job.work));
}

#[test]
fn a_slice_of_philly_is_read_and_sorted() {
    let (jobs, _) = read_as(
        "philly",
        "timestamp,duration,num_gpus,gpu_time,cluster\n2017-10-09 07:01:55,66.0,1,66.0,11cb48\n\
         2017-10-09 07:01:53,9.5,8,76.0,6214e9\n2017-10-09 07:01:56,1.0,1,1.0,11cb48\n",
    );
    assert_eq!(told(&jobs), [(0, 8, 9, Completed), (2, 1, 66, Completed), (3, 1, 1, Completed)]);
    assert_eq!(jobs[1].tenant, jobs[2].tenant, "one virtual cluster is one tenant");
}

#[test]
fn alibaba_pai_is_read_with_and_without_a_header() {
    let rows = "\
j1,ps,2.0,Terminated,100.0,160.0,600.0,29.3,,MISC
j1,worker,4.0,Terminated,100.0,160.0,600.0,29.3,50.0,V100
j2,tensorflow,1.0,Failed,90.0,95.5,600.0,29.3,250.0,P100
j3,tensorflow,1.0,Running,130.0,,600.0,29.3,100.0,P100
j4,tensorflow,1.0,Waiting,,,600.0,29.3,100.0,P100
";
    let header = "job_name,task_name,inst_num,status,start_time,end_time,plan_cpu,plan_mem,plan_gpu,gpu_type\n";
    for content in [rows.to_owned(), header.to_owned() + rows] {
        let (jobs, dropped) = read_as("pai", &content);
        assert_eq!(told(&jobs), [(0, 3, 5, Failed), (10, 4, 60, Completed)]);
        assert_eq!(dropped, [("without GPUs", 1), ("not ended in the log", 1), ("never started", 1)]);
    }
}

#[test]
fn alibaba_openb_is_read() {
    let (jobs, dropped) = read_as(
        "openb",
        "\
name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
openb-pod-0000,12000,16384,1,460,,LS,Running,0,12537496,10
openb-pod-0001,12000,16384,2,1000,V100,BE,Failed,5,9,6
openb-pod-0002,12000,16384,0,0,,LS,Running,8,12537496,8
openb-pod-0003,12000,16384,8,1000,,LS,Pending,9,12537496,
",
    );
    assert_eq!(told(&jobs), [(0, 1, 12_537_486, Completed), (5, 2, 3, Failed)]);
    assert_eq!(dropped, [("without GPUs", 1), ("never started", 1)]);
}

#[test]
fn sensetime_helios_is_read() {
    let (jobs, dropped) = read_as(
        "helios",
        "\
job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue
1425511,uXBbc,vcJkd,1,1,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:01,2020-06-10 04:55:09,36848,0
1425512,uVMrF,vchbv,4,16,1,NODE_FAIL,2020-06-09 18:41:27,2020-06-09 18:41:27,2020-06-09 18:45:36,249,0
1425513,uzqls,vcpDC,1,1,1,CANCELLED,2020-06-09 18:41:28,2020-06-09 18:41:28,2020-06-17 14:15:21,675233,0
1425514,uzqls,vcpDC,0,1,1,COMPLETED,2020-06-09 18:41:29,2020-06-09 18:41:29,2020-06-17 14:15:21,675233,0
1425515,uzqls,vcpDC,1,1,1,SUSPENDED,2020-06-09 18:41:29,2020-06-09 18:41:29,2020-06-17 14:15:21,675233,0
",
    );
    assert_eq!(told(&jobs), [(0, 1, 36_848, Completed), (26, 4, 249, Failed), (27, 1, 675_233, Cancelled)]);
    assert_eq!(dropped, [("without GPUs", 1), ("suspended", 1)]);
    assert_eq!(jobs[0].source_id, 1_425_511);
}

#[test]
fn both_clusters_of_acme_are_read() {
    let seren = "\
job_id,user,node_num,gpu_num,cpu_num,type,state,submit_time,start_time,end_time,duration,queue,gpu_time
5778432,u5907,1,8,128,Other,FAILED,2023-03-01 00:18:22+08:00,2023-03-01 00:18:54+08:00,2023-03-01 00:20:51+08:00,117,32,936.0
5778469,u5907,1,8,128,Other,COMPLETED,2023-03-01 00:23:58+08:00,2023-03-01 00:24:11+08:00,2023-03-01 01:09:04+08:00,2693,13,21544.0
";
    assert_eq!(told(&read_as("acme", seren).0), [(0, 8, 117, Failed), (336, 8, 2_693, Completed)]);
    // The columns in between, which only Kalos has, are left aside.
    let kalos = "\
job_id,user,gpu_num,mem_per_pod_GB,shared_mem_per_pod,state,submit_time,start_time,end_time,fail_time,stop_time,duration
dlctk696s0jbvitv,uf794,64,1000,100.0,FAILED,2023-05-17 11:00:58+00:00,2023-05-17 11:01:08+00:00,2023-05-17 11:01:16+00:00,,,18
dlc1t2ypl09b8qtp,uf794,64,1000,100.0,CANCELLED,2023-05-17 11:28:42+00:00,,,,,82
";
    let (jobs, dropped) = read_as("acme", kalos);
    assert_eq!((told(&jobs), dropped), (vec![(0, 64, 8, Failed)], vec![("never started", 1)]));
}

#[test]
fn muri_counts_milliseconds_and_tiresias_seconds() {
    let tiresias = "job_id,num_gpu,submit_time,iterations,model_name,duration,interval\n0,1,0,606,vgg19,164,30\n1,8,30,133,vgg11,147,23\n";
    assert_eq!(told(&read_as("tiresias", tiresias).0), [(0, 1, 164, Completed), (30, 8, 147, Completed)]);
    let muri = "job_id,num_gpu,submit_time,iterations,model_name,batch_size,duration,interval,iteration_time,resource_time_0,priority\n\
        0,4,0,1046811,shufflenet_v2_x1_0,128,927475000,11174000,886,703,0\n1,4,1456500,1005573,resnet18,128,926133250,1456000,921,723,1\n";
    let (jobs, _) = read_as("muri", muri);
    assert_eq!(told(&jobs), [(0, 4, 927_475, Completed), (1_456, 4, 926_133, Completed)]);
    assert_eq!((jobs[1].submit, jobs[1].work), (Time(1_456_500_000), Span(926_133_250_000)));
}

const BATSIM: &str = r#"{"nb_res": 4, "description": "made up",
 "jobs": [{"id": "late", "subtime": 20, "res": 4, "profile": "long", "walltime": 100},
          {"id": 7, "subtime": 10.5, "res": 1, "profile": 1, "walltime": -1}],
 "profiles": {"long": {"type": "delay", "delay": 30.25}, "1": {"type": "delay", "delay": 5},
              "msg": {"type": "parallel_homogeneous", "cpu": 1e9, "com": 0}}}"#;

#[test]
fn batsim_is_read() {
    let (jobs, _) = read_as("batsim", BATSIM);
    assert_eq!(told(&jobs), [(0, 1, 5, Completed), (9, 4, 30, Completed)]);
    assert_eq!(jobs.iter().map(|job| job.estimate).collect::<Vec<_>>(), [Span::seconds(5), Span::seconds(100)]);
    assert_eq!((jobs[0].source_id, jobs[1].work), (2, Span(30_250_000)));
}

/// What users get wrong, format by format: content and answer.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "itp",
        "job_id,submission_time,num_gpu\n",
        "log:1:1: column `duration` is missing; needed are job_id,submission_time,duration,num_gpu",
    ),
    (
        "itp",
        "job_id,submission_time,duration,num_gpu,num_gpu\n",
        "log:1:41: column `num_gpu` stands twice, first as field 4; each column stands once",
    ),
    ("itp", "job_id;submission_time\n", "log:1:1: the header looks like `;` separated; fields are separated by commas"),
    ("itp", "*a,0,60\n", "log:2:7: the row has 3 fields where the header has 4; leave a field empty rather than out"),
    (
        "itp",
        "*a,0,60,1,\n",
        "log:2:10: the row has 5 fields where the header has 4; a comma at the end of the line opens one more field: take it away",
    ),
    ("itp", "*a,0,-60,1\n", "log:2:5: duration: `-60` is negative; a number of seconds, at least 0"),
    ("itp", "*a,0,nan,1\n", "log:2:5: duration: `nan` is not finite; a number of seconds"),
    ("itp", "*a,0,,1\n", "log:2:5: duration: is empty; a number of seconds"),
    ("itp", "*a,0,60,0\n", "log:2:8: num_gpu: `0` is no gang; a gang has at least one GPU"),
    ("itp", "*a,0,60,1\nb,1,60,1\na,2,60,1\n", "log:4:1: job_id: `a` is also on line 2; no two jobs share an id"),
    (
        "itp",
        "*a,60,60,1\nb,1748822400,60,1\n",
        "log:3:3: submission_time: `1748822400` looks like seconds since 1970, and line 2 does not; all rows keep one clock",
    ),
    (
        "philly",
        "timestamp,duration,num_gpus\n1748822400,60,1\n",
        "log:2:1: timestamp: `1748822400` is not a date; such as 2023-03-01 00:18:22",
    ),
    (
        "philly",
        "timestamp,duration,num_gpus\n2017-10-09 07:01:55,60,1\n2017-10-09 07:01:55+08:00,60,1\n",
        "log:3:1: timestamp: `2017-10-09 07:01:55+08:00` has an offset from UTC, and line 2 has none; all rows keep one clock",
    ),
    (
        "helios",
        "job_id,user,gpu_num,state,submit_time,duration\n1,u,1,DONE,2020-06-09 18:41:01,5\n",
        "log:2:7: state: `DONE` is unknown; `COMPLETED`, `CANCELLED`, `FAILED`, `TIMEOUT` or `NODE_FAIL`",
    ),
    (
        "pai",
        "a,b\n",
        "log:1:1: column `job_name` is missing; needed are job_name,task_name,inst_num,status,start_time,end_time,plan_gpu",
    ),
    (
        "pai",
        "j,t,1.0,Terminated,100,90,,,100,\n",
        "log:1:24: end_time: `90` is before the start; a task ends after it started",
    ),
    ("muri", "job_id,num_gpu,submit_time,duration\n1,1,-,5\n", "log:2:5: submit_time: `-` is empty; a time, at least 0"),
    ("batsim", "{\"jobs\": [", "log:2:0: EOF while parsing a list; a Batsim workload has `jobs` and `profiles`"),
    ("batsim", "{\"jobs\": []}", "log:1:12: missing field `profiles`; a Batsim workload has `jobs` and `profiles`"),
];

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    for (word, content, expected) in REFUSED {
        let content = content.replace('*', "job_id,submission_time,duration,num_gpu\n");
        let folder = folder("log", &content);
        let format = format(TraceFormat::from_word(word).unwrap(), &folder.path);
        let error = read(&format).expect_err(&content);
        assert!(matches!(error, SourceError::Invalid(_)));
        assert_eq!(message(&error, &folder.path), *expected, "{word}: {content}");
    }
    for (from, to, expected) in [
        (
            "\"long\", \"walltime\"",
            "\"msg\", \"walltime\"",
            "is of type `parallel_homogeneous`, whose length depends on Batsim's platform",
        ),
        ("\"profile\": 1,", "\"profile\": \"none\",", "profile: `none` is not among the profiles"),
        ("\"res\": 1", "\"res\": 0", "jobs[1], id `7`: res: is zero; a gang has at least one GPU"),
        ("10.5", "-10.5", "jobs[1], id `7`: subtime: `-10.5` is negative"),
        ("\"id\": 7", "\"id\": \"late\"", "id `late`: id: is also on line 1; no two jobs share an id"),
    ] {
        let folder = folder("log", BATSIM.replace(from, to));
        let error = read(&format(TraceFormat::Batsim, &folder.path)).expect_err(to).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn rows_out_of_order_are_refused_unless_they_are_to_be_sorted() {
    let folder = folder("log", "timestamp,duration,num_gpus\n2017-10-09 07:01:55,60,1\n2017-10-09 07:01:54,60,1\n");
    let unsorted = TraceFile { sort: false, ..format(TraceFormat::Philly, &folder.path) };
    let error = message(&read(&unsorted).unwrap_err(), &folder.path);
    assert_eq!(
        error,
        "log:3:1: timestamp: `2017-10-09 07:01:54` is before 1507532515 of line 2; rows are in order of submission; `sort = true` sorts them"
    );
}

#[test]
fn columns_that_nobody_knows_are_left_aside_with_a_note() {
    let folder = folder("log", gzip(b"num_gpu,colour,duration,submission_time,job_id,shape\n4,red,60,5,a,round\n"));
    let trace = format(TraceFormat::Itp, &folder.path);
    let mut source = open(&of_trace(&trace), SEED).unwrap();
    let mut jobs = Vec::new();
    while let Some(job) = source.next_job().unwrap() {
        jobs.push(job);
    }
    assert_eq!(told(&jobs), [(0, 4, 60, Completed)]);
    let notes: Vec<String> = source.notes().iter().map(|note| note.replace(&folder.path.display().to_string(), "log")).collect();
    assert_eq!(notes, ["log: columns that the format does not have were left aside: `colour`, `shape`"]);
}
