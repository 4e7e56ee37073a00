//! The keys of data, classes, tenants and workloads.

use super::Kind::{
    Boolean, Either, Exactly, File, Instant, Integer, Law, List, Map, Name, Number, Quantity, Reference, Share, Table, Tagged as Variant, Words,
};
use super::list::{DURATION, FACTOR, REFERENCES_SITE};
use super::{KeyKind, Kind, LawUnit, Shape, Tagged, Target, key, optional};
use crate::model::TraceFormat;
use crate::scenario::quantity::Unit;

const PROFILE: Kind = Either(&[Words(&["office-hours", "evening", "flat"]), Exactly(24, &FACTOR)]);
const WEEK: Kind = Either(&[Words(&["workdays", "flat"]), Exactly(7, &FACTOR)]);
const SIZES: Kind = Either(&[Integer(1, u32::MAX as i128), Table(&WEIGHTED)]);

pub(super) static DATA: Shape = Shape {
    name: "data class",
    about: "Where data must stay, and what is allowed beyond.",
    keys: &[
        key("stays", Words(&["anywhere", "home-province", "home-city"]), "where it must stay"),
        optional("elsewhere", Words(&["forbid", "remote-read", "copy"]), "forbid", "what a job may do with it elsewhere"),
        optional("efficiency", Share, "1.0", "efficiency of a job that reads it from afar"),
    ],
};
pub(super) static CLASS: Shape = Shape {
    name: "job class",
    about: "A kind of job.",
    keys: &[
        key(
            "speed",
            Map(KeyKind::Reference(Target::Chip), &FACTOR),
            "work per second relative to the reference chip; a chip that is left out cannot run the class",
        ),
        optional(
            "spread",
            Map(KeyKind::Threshold("nodes"), &Share),
            "1",
            "efficiency by nodes spanned, from so many on: `nodes_8 = 0.98`",
        ),
        optional(
            "split",
            Map(KeyKind::Threshold("km"), &Share),
            "never split",
            "efficiency of a gang over two sites, up to so many km: `km_500 = 0.97`",
        ),
        optional("checkpoint", Table(&CHECKPOINT), "none", "periodic checkpoints"),
        optional("on_failure", Words(&["resume", "restart", "keep"]), "resume", "what a failure leaves of the work"),
        optional("overhead", Table(&OVERHEAD), "none", "what starts and preemptions cost"),
        optional("transfer", Table(&TRANSFER), "see its keys", "how its transfers share links"),
        optional("one_way_max", DURATION, "none", "the longest one-way delay between region and site"),
        optional("rtt_max", DURATION, "none", "the longest round trip between region and site"),
        optional("priority", Integer(i32::MIN as i128, i32::MAX as i128), "0", "larger goes first where a policy asks for it"),
        optional("deadline", Either(&[DURATION, Table(&DEADLINE)]), "none", "when it should be done, after submission"),
        optional("kill_at_estimate", Boolean, "false", "whether a job that outlives its estimate is ended"),
    ],
};
pub(super) static CHECKPOINT: Shape = Shape {
    name: "checkpoint",
    about: "Periodic checkpoints.",
    keys: &[
        key("every", DURATION, "computing time between two"),
        optional("cost", DURATION, "0 s", "what one costs"),
        optional("restore", DURATION, "0 s", "what a restore costs"),
        optional("size_per_gpu", Quantity(Unit::Bytes), "0 B", "its size, which moves with a job to another site"),
    ],
};
pub(super) static OVERHEAD: Shape = Shape {
    name: "overhead",
    about: "What starts and preemptions cost.",
    keys: &[
        optional("start", DURATION, "0 s", "paid at every start, counted as lost"),
        optional(
            "preempted",
            Either(&[DURATION, Map(KeyKind::Threshold("gpus"), &DURATION)]),
            "0 s",
            "what of an attempt's computing is lost when it is preempted with its work kept; by size of gang, from so many GPUs on: `gpus_8 = \"9 s\"`",
        ),
    ],
};
pub(super) static TRANSFER: Shape = Shape {
    name: "transfer",
    about: "How the transfers of a class share links.",
    keys: &[
        optional("weight", Number(1e-6, 1e6), "1.0", "a flow's share of a link"),
        optional("rate_max", Quantity(Unit::Bandwidth), "none", "the most that one transfer takes"),
    ],
};
pub(super) static DEADLINE: Shape = Shape {
    name: "deadline",
    about: "A deadline after submission.",
    keys: &[optional("times_work", Number(0.0, 1e6), "none", "so many times the work"), optional("after", DURATION, "none", "so long")],
};
pub(super) static TENANT: Shape = Shape {
    name: "tenant",
    about: "Tenants that are alike.",
    keys: &[
        key("region", Reference(Target::Region), "where they are at home"),
        optional("kind", Name, "tenant", "their kind, such as `startup` or `hospital`"),
        optional("count", Integer(1, u32::MAX as i128), "1", "how many they are"),
        optional("affiliate_of", REFERENCES_SITE, "none", "sites of the same owner"),
        optional("weight", Number(1e-6, 1e6), "1.0", "the weight of each in fair sharing"),
    ],
};
pub(super) static WORKLOAD: Shape = Shape {
    name: "workload",
    about: "A source of jobs: a synthetic stream, or a trace.",
    keys: &[
        key("class", Reference(Target::Class), "the class of its jobs"),
        key("tenants", Map(KeyKind::Reference(Target::Tenant), &Share), "who submits: shares that sum to 1"),
        optional("arrivals", Variant(&ARRIVALS), "with `trace`", "when jobs come"),
        optional("gpus", SIZES, "1", "sizes of gangs"),
        optional("elastic", Table(&ELASTIC), "none", "other sizes at which its jobs can run, where the policy changes them"),
        optional("work", Law(LawUnit::Quantity(Unit::Duration)), "with `trace`", "work on the reference chip"),
        optional("estimate", Kind::Estimate, "exact", "the user's estimate of the work"),
        optional("dataset", Table(&DATASET), "none", "the data that a job reads"),
        optional("patience", Law(LawUnit::Quantity(Unit::Duration)), "for ever", "queued longer than this: cancelled"),
        optional(
            "pays_up_to",
            Law(LawUnit::Quantity(Unit::PerGpuHour)),
            "any price",
            "the most that a job pays, net, per GPU-hour of the reference chip; else it goes outside, or is priced out",
        ),
        optional("priority", Integer(i32::MIN as i128, i32::MAX as i128), "the class's", "its priority"),
        optional("trace", Table(&TRACE), "none", "a recorded trace, mapped onto the scenario"),
    ],
};
pub(super) static ELASTIC: Shape = Shape {
    name: "elastic",
    about: "Sizes at which a job can run beside the one that it asks for, which is always among them. With g GPUs rather than the a that it asks for, it is \
            1 ÷ (serial + (1 - serial) × a ÷ g) times as fast (Amdahl).",
    keys: &[
        key("min", Integer(1, u32::MAX as i128), "the fewest GPUs"),
        key("max", Integer(1, u32::MAX as i128), "the most GPUs"),
        optional("serial", Share, "0.0", "of its time at the size that it asks for, the share that more GPUs do not shorten"),
    ],
};
pub(super) static WEIGHTED: Shape = Shape {
    name: "weighted sizes",
    about: "Sizes with relative weights.",
    keys: &[
        key("values", List(&Integer(1, u32::MAX as i128)), "the sizes"),
        optional("weights", List(&FACTOR), "all alike", "how often each comes, relative to the others"),
    ],
};
pub(super) static ARRIVALS: Tagged =
    Tagged { tag: "process", shapes: &[("at-start", &AT_START), ("poisson", &POISSON), ("mmpp", &MMPP), ("renewal", &RENEWAL)] };
pub(super) static AT_START: Shape =
    Shape { name: "at-start", about: "Jobs that are there from the start.", keys: &[key("jobs", Integer(0, u32::MAX as i128), "how many")] };
pub(super) static POISSON: Shape = Shape {
    name: "poisson",
    about: "A Poisson process whose rate may vary (Lewis and Shedler 1979, by thinning).",
    keys: &[
        key("rate", Either(&[Quantity(Unit::Rate), Table(&RATE)]), "the mean rate of arrivals"),
        optional("by_hour", PROFILE, "flat", "24 weights of the local hours, scaled to a mean of one, or a named profile"),
        optional("by_weekday", WEEK, "flat", "seven weights from Monday, scaled to a mean of one, or a named profile"),
        optional("batch", SIZES, "1", "jobs of one arrival"),
    ],
};
pub(super) static RATE: Shape = Shape {
    name: "rate",
    about: "A mean with a sine on top.",
    keys: &[key("mean", Quantity(Unit::Rate), "the mean"), optional("sine", Table(&SINE), "none", "what is added to it")],
};
pub(super) static SINE: Shape = Shape {
    name: "sine",
    about: "A sine on top of the mean rate.",
    keys: &[key("amplitude", Quantity(Unit::Rate), "at most the mean"), key("period", DURATION, "its period")],
};
pub(super) static MMPP: Shape = Shape {
    name: "mmpp",
    about: "A Markov-modulated Poisson process: states with rates, each left after an exponential time for the next in turn.",
    keys: &[
        key("rates", List(&Quantity(Unit::Rate)), "the rate in each state"),
        key("stays", List(&DURATION), "the mean time in each state"),
        optional("batch", SIZES, "1", "jobs of one arrival"),
    ],
};
pub(super) static RENEWAL: Shape = Shape {
    name: "renewal",
    about: "Independent times between arrivals.",
    keys: &[
        key("between", Law(LawUnit::Quantity(Unit::Duration)), "the time between two arrivals"),
        optional("batch", SIZES, "1", "jobs of one arrival"),
    ],
};
pub(super) static DATASET: Shape = Shape {
    name: "dataset",
    about: "The data that a job reads.",
    keys: &[
        key("data", Reference(Target::Data), "its data class"),
        key("size", Law(LawUnit::Quantity(Unit::Bytes)), "its size"),
        optional("shared_by", Integer(1, i64::MAX as i128), "1", "so many jobs in a row read the same one"),
    ],
};
pub(super) static TRACE: Shape = Shape {
    name: "trace",
    about: "A recorded trace. Its users are spread over the tenants by weight, a user always to the same one.",
    keys: &[
        key("file", File, "the file, also compressed by gzip"),
        key(
            "format",
            Words(TraceFormat::WORDS),
            "`csv`: edwc's own columns, which docs/guide/traces.md lists; `swf`: the Standard Workload Format; `itp`, `philly`, `pai`, `openb`, `helios`, `acme`, `muri`, `tiresias`, \
             `batsim`: as published",
        ),
        optional(
            "starts_at",
            Either(&[Words(&["first-job", "zero"]), Instant]),
            "first-job",
            "what time 0 of the scenario is: the first job, time 0 of the trace, a date, or a time of the trace",
        ),
        optional("stretch", Number(1e-9, 1e9), "1.0", "times between submissions × this"),
        optional("sample", Share, "1.0", "the share of jobs that is kept"),
        optional("sort", Boolean, "false", "whether rows out of order are sorted; else they are an error"),
        optional("estimate", Words(&["recorded", "run"]), "recorded", "where the estimate comes from: the trace, or the run time"),
        optional(
            "clean",
            Words(&["as-is", "pyss", "muri"]),
            "as-is",
            "a published rule by which the trace is cleaned: `pyss` (of format `swf`), `muri` (of format `muri`: run times as its simulator makes them)",
        ),
        optional("map", Table(&TRACE_MAP), "none", "how jobs are mapped onto the scenario"),
    ],
};
pub(super) static TRACE_MAP: Shape = Shape {
    name: "map",
    about: "How jobs of a trace are mapped.",
    keys: &[optional("class", Variant(&CLASS_MAP), "the workload's class", "onto classes")],
};
pub(super) static CLASS_MAP: Tagged = Tagged { tag: "by", shapes: &[("gpus", &BY_GPUS), ("model", &BY_MODEL)] };
pub(super) static BY_GPUS: Shape = Shape {
    name: "by gpus",
    about: "Classes by size of gang.",
    keys: &[key(
        "bands",
        Map(KeyKind::Sizes, &Reference(Target::Class)),
        "classes by range of GPUs: `{ \"1-8\" = \"eval\", \"9-\" = \"pretrain\" }`",
    )],
};
pub(super) static BY_MODEL: Shape = Shape {
    name: "by model",
    about: "Classes by the model that a job trains, where the log names it (formats `muri` and `tiresias`).",
    keys: &[key(
        "names",
        Map(KeyKind::Text, &Reference(Target::Class)),
        "classes by name of model; the others are of the workload's class",
    )],
};
