//! Logs of every format with damage at random: whatever the bytes, an importer reads jobs that make sense or says what is wrong, and soon.

#![expect(clippy::disallowed_types, reason = "how long a reader takes is told by the clock of the wall")]

use super::tests::{file, folder, read};
use super::*;
use crate::model::TraceFormat;
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// One small log of each format.
const LOGS: [(&str, &str); 11] = [
    (
        "csv",
        "job,submit_s,gpus,work_s,tenant,data,dataset,dataset_gb,priority,outcome\n\"a\"\"\n,\",0,1,60,lab-3,web,x,1,-2,failed\n8,5,4,1.5,lab,,,,,\n",
    ),
    ("swf", "; Version: 2.2\n1 0 3 100 4 -1 -1 4 120 -1 1 2 3 -1 1 -1 -1 -1\n2 60 -1 5 -1 -1 -1 8 10 -1 0 1 3 -1 1 -1 1 30\n"),
    ("itp", "job_id,submission_time,duration,num_gpu\n965d744f,1932025,2429,64\nfb10987f,1932030.5,1532,1\n"),
    (
        "philly",
        "timestamp,duration,num_gpus,gpu_time,cluster\n2017-10-09 07:01:55,66.0,1,66.0,11cb48\n2017-10-09 07:01:53,9.5,8,76.0,6214e9\n",
    ),
    (
        "pai",
        "j1,ps,2.0,Terminated,100.0,160.0,600.0,29.3,,MISC\nj1,worker,4.0,Terminated,100.0,160.0,600.0,29.3,50.0,V100\nj2,tf,1.0,Failed,90.0,95.5,600.0,29.3,250.0,P100\n",
    ),
    (
        "openb",
        "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n\
         pod-0000,12000,16384,1,460,,LS,Running,0,12537496,10\npod-0001,12000,16384,2,1000,V100,BE,Failed,5,9,6\n",
    ),
    (
        "helios",
        "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\n\
         1425511,uXBbc,vcJkd,1,1,1,COMPLETED,2020-06-09 18:41:01,2020-06-09 18:41:01,2020-06-10 04:55:09,36848,0\n\
         1425512,uVMrF,vchbv,4,16,1,NODE_FAIL,2020-06-09 18:41:27,2020-06-09 18:41:27,2020-06-09 18:45:36,249,0\n",
    ),
    (
        "acme",
        "job_id,user,node_num,gpu_num,cpu_num,type,state,submit_time,start_time,end_time,duration,queue,gpu_time\n\
         5778432,u5907,1,8,128,Other,FAILED,2023-03-01 00:18:22+08:00,2023-03-01 00:18:54+08:00,2023-03-01 00:20:51+08:00,117,32,936.0\n\
         5778469,u5907,1,8,128,Other,COMPLETED,2023-03-01 00:23:58+08:00,2023-03-01 00:24:11+08:00,2023-03-01 01:09:04+08:00,2693,13,21544.0\n",
    ),
    (
        "muri",
        "job_id,num_gpu,submit_time,iterations,model_name,batch_size,duration,interval\n\
         0,4,0,1046811,shufflenet_v2_x1_0,128,927475000,11174000\n1,4,1456500,1005573,resnet18,128,926133250,1456000\n",
    ),
    (
        "tiresias",
        "job_id,num_gpu,submit_time,iterations,model_name,duration,interval\n0,1,0,606,vgg19,164,30\n1,8,30,133,vgg11,147,23\n",
    ),
    (
        "batsim",
        "{\"nb_res\": 4, \"jobs\": [{\"id\": \"late\", \"subtime\": 20, \"res\": 4, \"profile\": \"long\", \"walltime\": 100},\n\
         {\"id\": 7, \"subtime\": 10.5, \"res\": 1, \"profile\": 1, \"walltime\": -1}],\n\
         \"profiles\": {\"long\": {\"type\": \"delay\", \"delay\": 30.25}, \"1\": {\"type\": \"delay\", \"delay\": 5}}}",
    ),
];

/// What stands where something else should.
const WORDS: [&str; 24] = [
    "",
    "nan",
    "inf",
    "-1",
    "0",
    "1e308",
    "1e-400",
    "18446744073709551616",
    "9223372036854775807",
    "4294967296",
    "0x10",
    "1.5",
    "2023-13-45 99:99:99",
    "9999-12-31 23:59:59",
    "0000-01-01 00:00:00+23:59",
    "\"",
    "\"\"",
    ",",
    "\r",
    "\u{feff}",
    "\u{202e}",
    "[[[[[[[[",
    "{\"a\":",
    "\0",
];

#[derive(Clone, Debug)]
enum Damage {
    Byte(prop::sample::Index, u8),
    Gone(prop::sample::Index, usize),
    Again(prop::sample::Index, usize),
    Word(prop::sample::Index, prop::sample::Index),
}

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        let at = any::<prop::sample::Index>;
        prop_oneof![
            (at(), any::<u8>()).prop_map(|(at, byte)| Self::Byte(at, byte)),
            (at(), 1_usize..60).prop_map(|(at, length)| Self::Gone(at, length)),
            (at(), 1_usize..60).prop_map(|(at, length)| Self::Again(at, length)),
            (at(), at()).prop_map(|(at, word)| Self::Word(at, word)),
        ]
    }
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Byte(at, byte) => *at.get_mut(bytes) = *byte,
            Self::Gone(at, length) => {
                let at = at.index(bytes.len());
                bytes.drain(at..(at + length).min(bytes.len()));
            }
            Self::Again(at, length) => {
                let at = at.index(bytes.len());
                let part = bytes[at..(at + length).min(bytes.len())].to_vec();
                bytes.splice(at..at, part);
            }
            Self::Word(at, word) => {
                // A whole field, so that the row keeps its form.
                let at = at.index(bytes.len());
                let ends = |byte: &u8| b", \n:}]".contains(byte);
                let from = bytes[..at].iter().rposition(ends).map_or(0, |end| end + 1);
                let to = bytes[at..].iter().position(ends).map_or(bytes.len(), |length| at + length).max(from);
                bytes.splice(from..to, WORDS[word.index(WORDS.len())].bytes());
            }
        }
    }
}

#[test]
fn there_is_a_log_of_every_format_and_it_is_read() {
    assert_eq!(LOGS.map(|(word, _)| word), TraceFormat::WORDS);
    for (word, text) in LOGS {
        let folder = folder("whole", text);
        let file =
            TraceFile { format: TraceFormat::from_word(word).expect("a format"), sort: true, starts_at: TraceStart::FirstJob, ..file(&folder.path) };
        let (jobs, dropped) = read(&file).unwrap_or_else(|error| panic!("{word}: {error}"));
        assert!(!jobs.is_empty(), "{word}: {dropped:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_in_a_log_of_any_format_never_panics(of in 0..LOGS.len(), damage in prop::collection::vec(Damage::any(), 1..6), sort: bool, first: bool) {
        let (word, text) = LOGS[of];
        let mut bytes = text.as_bytes().to_vec();
        damage.iter().for_each(|damage| damage.apply(&mut bytes));
        let folder = folder("damaged", &bytes);
        let starts_at = if first { TraceStart::FirstJob } else { TraceStart::Zero };
        let file = TraceFile { format: TraceFormat::from_word(word).expect("a format"), sort, starts_at, ..file(&folder.path) };
        let begin = Instant::now();
        if let Ok((jobs, _)) = read(&file) {
            prop_assert!(jobs.windows(2).all(|pair| pair[0].submit <= pair[1].submit), "{}", word);
            prop_assert!(jobs.iter().all(|job| job.gpus.0 > 0), "{}", word);
        }
        // A busy machine takes a while; a reader that does not end takes longer.
        prop_assert!(begin.elapsed() < Duration::from_secs(20), "{} takes {:?}", word, begin.elapsed());
    }
}
