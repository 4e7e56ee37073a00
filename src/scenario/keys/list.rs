//! The list of all keys.

use super::Kind::{
    Bilingual, Boolean, Date, Declares, Either, Exactly, Excess, File, Hours, Instant, Integer, Law, Limit, List, Map, Name, Number, Part, Parts,
    Position, Quantity, Reference, Settings, Share, Table, Tagged as Variant, Text, Words,
};
use super::{KeyKind, Kind, LawUnit, Shape, Tagged, Target, key, optional};
use crate::scenario::quantity::Unit;

const COUNT: Kind = Integer(0, u32::MAX as i128);
const DURATION: Kind = Quantity(Unit::Duration);
const FACTOR: Kind = Number(0.0, 1e6);
const PERIOD: Kind = Words(&["day", "week", "month", "quarter", "year", "run"]);
const PROFILE: Kind = Either(&[Words(&["office-hours", "evening", "flat"]), Exactly(24, &FACTOR)]);
const WEEK: Kind = Either(&[Words(&["workdays", "flat"]), Exactly(7, &FACTOR)]);
const SIZES: Kind = Either(&[Integer(1, u32::MAX as i128), Table(&WEIGHTED)]);
const REFERENCES_SITE: Kind = List(&Reference(Target::Site));

/// The whole file.
pub static ROOT: Shape = Shape {
    name: "scenario file",
    about: "A scenario is one TOML file. What has an identity is keyed by its name; quantities carry their unit in a string.",
    keys: &[
        optional("format", Integer(1, u32::MAX as i128), "1, with a warning", "the number of the format: 1"),
        optional(
            "extends",
            Text,
            "nothing",
            "another file, relative to this one, that this one stands upon; what stands here wins, tables merge by key",
        ),
        optional("without", List(&Text), "nothing", "paths that are taken away from what this file extends"),
        optional("scenario", Table(&SCENARIO), "see its keys", "title, clock and seed"),
        optional("government", Declares(&Table(&GOVERNMENT)), "none", "who pays subsidies"),
        optional("region", Declares(&Table(&REGION)), "none", "where demand and data are"),
        optional("chip", Declares(&Table(&CHIP)), "none", "accelerator types"),
        optional("site", Declares(&Table(&SITE)), "none", "data centres"),
        optional("tariff", Declares(&Table(&TARIFF)), "none", "prices of electricity"),
        optional("grid", Declares(&Table(&GRID)), "none", "carbon intensities"),
        optional("network", Table(&NETWORK), "see its keys", "the wide-area network"),
        optional("data", Declares(&Table(&DATA)), "none", "data classes: the rule belongs to the data, not to the tenant"),
        optional("class", Declares(&Table(&CLASS)), "none", "job classes"),
        optional("tenant", Declares(&Table(&TENANT)), "none", "who submits jobs"),
        optional("workload", Declares(&Table(&WORKLOAD)), "none", "sources of jobs"),
        optional("admission", Map(KeyKind::Reference(Target::Site), &Table(&ADMISSION)), "no limits", "limits on the jobs at a site"),
        optional("outside", Declares(&Table(&OUTSIDE)), "none", "the alternative beyond the model: a cloud at a price, counted apart"),
        optional("quota", Declares(&Table(&QUOTA)), "none", "limits on GPUs held at once, GPU-hours and energy, in Kueue's words"),
        optional(
            "access",
            Declares(&Table(&ACCESS)),
            "everyone may use every chip",
            "who may use a chip, from when to when, how many there are",
        ),
        optional("subsidy", Declares(&Table(&SUBSIDY)), "none", "programmes of governments"),
        optional("stack", Declares(&Table(&STACK)), "none", "subsidies that exclude each other or add up to a ceiling"),
        optional("levy", Declares(&Table(&LEVY)), "none", "charges on energy beyond a PUE limit"),
        optional("failure", Declares(&Table(&FAILURE)), "nothing fails", "failures of nodes"),
        optional("change", List(&Table(&CHANGE)), "nothing changes", "what changes while the simulation runs"),
        optional("policy", Table(&POLICY), "the defaults of all parts", "the scheduling policy; `--policy` wins"),
        optional("source", Declares(&Table(&SOURCE)), "none", "where inputs come from"),
        optional(
            "evidence",
            Map(KeyKind::Path, &Table(&EVIDENCE)),
            "none",
            "how well an input is known: by path, for the value there and all below it",
        ),
    ],
};

static SCENARIO: Shape = Shape {
    name: "scenario",
    about: "Title, clock and seed.",
    keys: &[
        optional("title", Bilingual, "the file's name", "what the scenario is about"),
        optional(
            "start",
            Date,
            "2025-01-01T00:00:00+08:00",
            "local date and time of the start; the offset is that of all dates, +08:00 unless given",
        ),
        optional("horizon", DURATION, "with a trace: the end of the trace", "when arrivals stop"),
        optional("warmup", DURATION, "0", "what is simulated before the measured window"),
        optional(
            "drain",
            Either(&[Words(&["idle", "horizon"]), Table(&DRAIN)]),
            "until idle, at most as long again as the horizon",
            "how the run ends",
        ),
        optional("seed", Integer(0, u64::MAX as i128), "1", "the seed of all random streams"),
        optional(
            "scale",
            Text,
            "none",
            "a label such as `1:10`: of nodes, tenants, jobs, budgets and links; never of one gang, dataset, cap or price",
        ),
    ],
};
static DRAIN: Shape = Shape {
    name: "drain",
    about: "How a run ends after its arrivals have stopped.",
    keys: &[
        optional("until", Words(&["idle", "horizon"]), "idle", "`idle`: when nothing is queued or running; `horizon`: when arrivals stop"),
        optional("at_most", DURATION, "as long again as the horizon", "the longest time after the horizon"),
    ],
};
static GOVERNMENT: Shape = Shape {
    name: "government",
    about: "A payer of subsidies.",
    keys: &[
        key("level", Words(&["national", "province", "city", "district"]), "its level"),
        optional("province", Name, "none: the nation", "the province that it lies in"),
        optional("name", Bilingual, "its key", "its names"),
    ],
};
static REGION: Shape = Shape {
    name: "region",
    about: "Where demand arises: tenants, their users and their data.",
    keys: &[
        optional("at", Position, "distance 0 to everything", "latitude and longitude"),
        key("province", Name, "its province"),
        optional("city", Name, "the province's name", "its city"),
        optional("name", Bilingual, "its key", "its names"),
    ],
};
static CHIP: Shape = Shape {
    name: "chip",
    about: "An accelerator type.",
    keys: &[
        key("origin", Words(&["imported", "domestic"]), "where it comes from"),
        key("pflops", Number(0.0, 1e6), "dense FP16 PFLOPS of one GPU"),
        key("memory", Quantity(Unit::Bytes), "memory of one GPU"),
        key("idle", Quantity(Unit::Power), "power of one idle GPU"),
        key("busy", Quantity(Unit::Power), "power of one GPU that computes"),
    ],
};
static SITE: Shape = Shape {
    name: "site",
    about: "A data centre.",
    keys: &[
        optional("name", Bilingual, "its key", "its names"),
        optional("at", Position, "distance 0 to everything", "latitude and longitude"),
        key("province", Name, "its province"),
        optional("city", Name, "the province's name", "its city"),
        optional("hub", Name, "none", "its hub (枢纽)"),
        key("side", Words(&["east", "middle", "west"]), "its side of the programme"),
        optional("owner", Words(&["state", "private"]), "private", "who owns it"),
        optional("pue", Number(1.0, 100.0), "1.0", "metered power ÷ IT power"),
        optional("green_share", Share, "0", "contracted green power, for market-based carbon"),
        optional("power_limit", Quantity(Unit::Power), "none", "the most metered power"),
        optional("cache", Quantity(Unit::Bytes), "no limit", "the size of its dataset cache"),
        key("tariff", Reference(Target::Tariff), "its tariff"),
        key("grid", Reference(Target::Grid), "its grid"),
        key("pool", Declares(&Table(&POOL)), "its pools"),
    ],
};
static POOL: Shape = Shape {
    name: "pool",
    about: "Identical nodes at one site.",
    keys: &[
        key("chip", Reference(Target::Chip), "its chip"),
        key("nodes", COUNT, "installed nodes"),
        key("gpus_per_node", Integer(1, 1024), "GPUs of each node"),
        optional("host_power", Quantity(Unit::Power), "0 W", "power of a node without its GPUs"),
        key("price", Quantity(Unit::PerGpuHour), "what a tenant pays per GPU-hour"),
        optional(
            "energy",
            Words(&["metered", "included"]),
            "included",
            "who pays the energy: the tenant on top (`metered`) or the site (`included`)",
        ),
        optional("capital", Quantity(Unit::PerGpu), "0", "purchase price per GPU, for the resource cost"),
        optional("life", DURATION, "5 y", "the time over which capital is written off"),
        optional("reserved", Either(&[Share, Table(&RESERVED)]), "0", "share of the GPUs that is held for online services"),
    ],
};
static RESERVED: Shape = Shape {
    name: "reserved",
    about: "Shares by hour of the day; hours that are left out hold none.",
    keys: &[key("by_hour", Map(KeyKind::Hours, &Share), "share by range of hours: `{ \"9-22\" = 0.2, \"22-9\" = 0.05 }`")],
};
static TARIFF: Shape = Shape {
    name: "tariff",
    about: "The price of electricity: a flat price with peaks and valleys, or a series.",
    keys: &[
        optional("flat", Quantity(Unit::PerKwh), "with `series`", "the price outside of all other bands"),
        optional("sharp", Table(&BAND), "none", "the hours of the highest price (尖峰)"),
        optional("peak", Table(&BAND), "none", "the hours of a high price (高峰)"),
        optional("valley", Table(&BAND), "none", "the hours of a low price (低谷)"),
        optional("deep", Table(&BAND), "none", "the hours of the lowest price (深谷)"),
        optional("series", File, "none", "a CSV file with columns `at` or `hour`, and `value` (CNY/kWh)"),
    ],
};
static BAND: Shape = Shape {
    name: "band",
    about: "A price for some hours.",
    keys: &[
        key("price", Quantity(Unit::PerKwh), "the price"),
        key("hours", List(&Hours), "hours of the local day"),
        optional("months", List(&Integer(1, 12)), "all", "months in which it holds"),
    ],
};
static GRID: Shape = Shape {
    name: "grid",
    about: "The carbon intensity of a grid, as a number or a series.",
    keys: &[
        optional("carbon", Quantity(Unit::Carbon), "with `series`", "the factor"),
        optional("series", File, "none", "a CSV file with columns `at` or `hour`, and `value` (kgCO2/kWh)"),
    ],
};
static NETWORK: Shape = Shape {
    name: "network",
    about: "Links, exchanges, and what holds for pairs without links.",
    keys: &[
        optional("default", Table(&DEFAULT_LINK), "see its keys", "pairs without links"),
        optional("exchange", Declares(&Table(&EXCHANGE)), "none", "points where links meet"),
        optional("link", Declares(&Table(&LINK)), "none", "full-duplex links; a link is shared by all transfers that cross it"),
    ],
};
static DEFAULT_LINK: Shape = Shape {
    name: "default link",
    about: "What holds for a pair without links: a delay by distance, and a private link.",
    keys: &[
        optional("route_factor", Number(1.0, 100.0), "1.4", "route length ÷ great-circle distance"),
        optional("equipment_rtt", DURATION, "1 ms", "what equipment adds to a round trip"),
        optional("bandwidth", Quantity(Unit::Bandwidth), "10 Gbps", "bandwidth of a pair's private link"),
        optional("price", Quantity(Unit::PerGb), "0 CNY/GB", "price of its transfers"),
    ],
};
static EXCHANGE: Shape = Shape {
    name: "exchange",
    about: "A point where links meet.",
    keys: &[optional("at", Position, "distance 0 to everything", "latitude and longitude")],
};
static LINK: Shape = Shape {
    name: "link",
    about: "A full-duplex link.",
    keys: &[
        key("ends", Exactly(2, &Reference(Target::End)), "regions, sites or exchanges"),
        key("one_way", DURATION, "delay of the first bit"),
        optional("bandwidth", Limit(Unit::Bandwidth), "unlimited", "bandwidth each way"),
        optional("price", Quantity(Unit::PerGb), "0 CNY/GB", "price of what crosses it"),
    ],
};
static DATA: Shape = Shape {
    name: "data class",
    about: "Where data must stay, and what is allowed beyond.",
    keys: &[
        key("stays", Words(&["anywhere", "home-province", "home-city"]), "where it must stay"),
        optional("elsewhere", Words(&["forbid", "remote-read", "copy"]), "forbid", "what a job may do with it elsewhere"),
        optional("efficiency", Share, "1.0", "efficiency of a job that reads it from afar"),
    ],
};
static CLASS: Shape = Shape {
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
        optional("overhead", Table(&OVERHEAD), "none", "what every start costs"),
        optional("transfer", Table(&TRANSFER), "see its keys", "how its transfers share links"),
        optional("one_way_max", DURATION, "none", "the longest one-way delay between region and site"),
        optional("rtt_max", DURATION, "none", "the longest round trip between region and site"),
        optional("priority", Integer(i32::MIN as i128, i32::MAX as i128), "0", "larger goes first where a policy asks for it"),
        optional("deadline", Either(&[DURATION, Table(&DEADLINE)]), "none", "when it should be done, after submission"),
        optional("kill_at_estimate", Boolean, "false", "whether a job that outlives its estimate is ended"),
    ],
};
static CHECKPOINT: Shape = Shape {
    name: "checkpoint",
    about: "Periodic checkpoints.",
    keys: &[
        key("every", DURATION, "computing time between two"),
        optional("cost", DURATION, "0 s", "what one costs"),
        optional("restore", DURATION, "0 s", "what a restore costs"),
        optional("size_per_gpu", Quantity(Unit::Bytes), "0 B", "its size, which moves with a job to another site"),
    ],
};
static OVERHEAD: Shape =
    Shape { name: "overhead", about: "What every start costs.", keys: &[key("start", DURATION, "paid at every start, counted as lost")] };
static TRANSFER: Shape = Shape {
    name: "transfer",
    about: "How the transfers of a class share links.",
    keys: &[
        optional("weight", Number(1e-6, 1e6), "1.0", "a flow's share of a link"),
        optional("rate_max", Quantity(Unit::Bandwidth), "none", "the most that one transfer takes"),
    ],
};
static DEADLINE: Shape = Shape {
    name: "deadline",
    about: "A deadline after submission.",
    keys: &[optional("times_work", Number(0.0, 1e6), "none", "so many times the work"), optional("after", DURATION, "none", "so long")],
};
static TENANT: Shape = Shape {
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
static WORKLOAD: Shape = Shape {
    name: "workload",
    about: "A source of jobs: a synthetic stream, or a trace.",
    keys: &[
        key("class", Reference(Target::Class), "the class of its jobs"),
        key("tenants", Map(KeyKind::Reference(Target::Tenant), &Share), "who submits: shares that sum to 1"),
        optional("arrivals", Variant(&ARRIVALS), "with `trace`", "when jobs come"),
        optional("gpus", SIZES, "1", "sizes of gangs"),
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
static WEIGHTED: Shape = Shape {
    name: "weighted sizes",
    about: "Sizes with relative weights.",
    keys: &[
        key("values", List(&Integer(1, u32::MAX as i128)), "the sizes"),
        optional("weights", List(&FACTOR), "all alike", "how often each comes, relative to the others"),
    ],
};
static ARRIVALS: Tagged =
    Tagged { tag: "process", shapes: &[("at-start", &AT_START), ("poisson", &POISSON), ("mmpp", &MMPP), ("renewal", &RENEWAL)] };
static AT_START: Shape =
    Shape { name: "at-start", about: "Jobs that are there from the start.", keys: &[key("jobs", Integer(0, u32::MAX as i128), "how many")] };
static POISSON: Shape = Shape {
    name: "poisson",
    about: "A Poisson process whose rate may vary (Lewis and Shedler 1979, by thinning).",
    keys: &[
        key("rate", Either(&[Quantity(Unit::Rate), Table(&RATE)]), "the mean rate of arrivals"),
        optional("by_hour", PROFILE, "flat", "24 weights of the local hours, scaled to a mean of one, or a named profile"),
        optional("by_weekday", WEEK, "flat", "seven weights from Monday, scaled to a mean of one, or a named profile"),
        optional("batch", SIZES, "1", "jobs of one arrival"),
    ],
};
static RATE: Shape = Shape {
    name: "rate",
    about: "A mean with a sine on top.",
    keys: &[key("mean", Quantity(Unit::Rate), "the mean"), optional("sine", Table(&SINE), "none", "what is added to it")],
};
static SINE: Shape = Shape {
    name: "sine",
    about: "A sine on top of the mean rate.",
    keys: &[key("amplitude", Quantity(Unit::Rate), "at most the mean"), key("period", DURATION, "its period")],
};
static MMPP: Shape = Shape {
    name: "mmpp",
    about: "A Markov-modulated Poisson process: states with rates, each left after an exponential time for the next in turn.",
    keys: &[
        key("rates", List(&Quantity(Unit::Rate)), "the rate in each state"),
        key("stays", List(&DURATION), "the mean time in each state"),
        optional("batch", SIZES, "1", "jobs of one arrival"),
    ],
};
static RENEWAL: Shape = Shape {
    name: "renewal",
    about: "Independent times between arrivals.",
    keys: &[
        key("between", Law(LawUnit::Quantity(Unit::Duration)), "the time between two arrivals"),
        optional("batch", SIZES, "1", "jobs of one arrival"),
    ],
};
static DATASET: Shape = Shape {
    name: "dataset",
    about: "The data that a job reads.",
    keys: &[
        key("data", Reference(Target::Data), "its data class"),
        key("size", Law(LawUnit::Quantity(Unit::Bytes)), "its size"),
        optional("shared_by", Integer(1, i64::MAX as i128), "1", "so many jobs in a row read the same one"),
    ],
};
static TRACE: Shape = Shape {
    name: "trace",
    about: "A recorded trace. Its users are spread over the tenants by weight, a user always to the same one.",
    keys: &[
        key("file", File, "the file, also compressed by gzip"),
        key(
            "format",
            Words(crate::model::TraceFormat::WORDS),
            "`csv`: edwc's own columns; `swf`: the Standard Workload Format; `itp`, `philly`, `pai`, `openb`, `helios`, `acme`, `muri`, `tiresias`, `batsim`: as published",
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
        optional("clean", Words(&["as-is", "pyss"]), "as-is", "a published rule by which the trace is cleaned"),
        optional("map", Table(&TRACE_MAP), "none", "how jobs are mapped onto the scenario"),
    ],
};
static TRACE_MAP: Shape = Shape {
    name: "map",
    about: "How jobs of a trace are mapped.",
    keys: &[optional("class", Table(&CLASS_MAP), "the workload's class", "onto classes")],
};
static CLASS_MAP: Shape = Shape {
    name: "class map",
    about: "Classes by size of gang.",
    keys: &[
        key("by", Words(&["gpus"]), "what decides"),
        key(
            "bands",
            Map(KeyKind::Sizes, &Reference(Target::Class)),
            "classes by range of GPUs: `{ \"1-8\" = \"eval\", \"9-\" = \"pretrain\" }`",
        ),
    ],
};
static ADMISSION: Shape = Shape {
    name: "admission",
    about: "A limit on jobs at a site.",
    keys: &[
        optional("limit", Integer(0, i64::MAX as i128), "none", "the most jobs running plus waiting; what comes beyond is rejected"),
        optional("loss", Boolean, "false", "whether a job that cannot start at once is rejected"),
    ],
};
static OUTSIDE: Shape = Shape {
    name: "outside",
    about: "A cloud at a price, unlimited and counted apart.",
    keys: &[
        key("price", Quantity(Unit::PerGpuHour), "its price per GPU-hour of the reference chip"),
        key("chips", List(&Reference(Target::Chip)), "the chips that it has"),
    ],
};
static QUOTA: Shape = Shape {
    name: "quota",
    about: "A node of the quota tree.",
    keys: &[
        optional(
            "parent",
            Reference(Target::Quota),
            "none",
            "its parent; quotas under one parent lend to each other what they do not use",
        ),
        optional("for", Table(&MATCHER), "everything; a parent without it only gathers its children", "which starts it is charged with"),
        optional(
            "gpus",
            Map(KeyKind::Reference(Target::Chip), &Either(&[COUNT, Table(&GPU_QUOTA)])),
            "no limit",
            "GPUs held at once, by chip",
        ),
        optional("gpu_hours", Table(&HOURS_CAP), "none", "a cap on GPU-hours per calendar period"),
        optional("energy", Table(&ENERGY_CAP), "none", "a cap on metered energy per calendar period"),
        optional("queueing", Words(&["best-effort", "strict"]), "best-effort", "whether a blocked head stops those behind it (`strict`)"),
        optional(
            "reclaim",
            Words(&["never", "lower-priority", "any"]),
            "never",
            "what it may take back from borrowers, up to its nominal",
        ),
        optional("domestic", Table(&DOMESTIC), "none", "the share of domestic chips that is asked for"),
    ],
};
static GPU_QUOTA: Shape = Shape {
    name: "GPU quota",
    about: "Limits of one chip, in GPUs held at once.",
    keys: &[
        key("nominal", COUNT, "what is its own"),
        optional("borrowing_limit", COUNT, "no limit", "the most that it borrows"),
        optional("lending_limit", COUNT, "all that is unused", "the most that it lends"),
    ],
};
const OVERRUN: Kind = Words(&["report", "kill"]);
static HOURS_CAP: Shape = Shape {
    name: "cap on GPU-hours",
    about: "A cap per calendar period.",
    keys: &[
        key("at_most", Either(&[Number(0.0, 1e15), Quantity(Unit::GpuHours)]), "GPU-hours per period"),
        key("every", PERIOD, "the period"),
        optional("overrun", OVERRUN, "report", "what happens to a job that outlives its estimate"),
    ],
};
static ENERGY_CAP: Shape = Shape {
    name: "cap on energy",
    about: "A cap per calendar period.",
    keys: &[
        key("at_most", Quantity(Unit::Energy), "metered energy per period"),
        key("every", PERIOD, "the period"),
        optional("overrun", OVERRUN, "report", "what happens to a job that outlives its estimate"),
    ],
};
static DOMESTIC: Shape = Shape {
    name: "domestic share",
    about: "A share of domestic chips that is asked for.",
    keys: &[
        key("at_least", Share, "the least share"),
        optional("of", Words(&["gpu-hours", "installed"]), "gpu-hours", "what it is a share of"),
        optional("over", PERIOD, "month", "the period at whose end it is judged"),
        optional("on_miss", Either(&[Words(&["report", "refuse"]), Table(&FINE)]), "report", "what a miss means"),
    ],
};
static FINE: Shape = Shape { name: "fine", about: "What a miss costs.", keys: &[key("fine", Quantity(Unit::Money), "the amount per period")] };
static ACCESS: Shape = Shape {
    name: "access",
    about: "Who may use a chip.",
    keys: &[
        key("for", Table(&MATCHER), "the chips (`chip.id`, `chip.origin`), and who may use them"),
        optional("supply", Quantity(Unit::Gpus), "all that are installed", "the most GPUs of these chips that are used at once"),
        optional("from", Instant, "from ever", "from when on"),
        optional("until", Instant, "for ever", "until when; what runs goes on, nothing new starts"),
    ],
};
static SUBSIDY: Shape = Shape {
    name: "subsidy",
    about: "One programme of a government.",
    keys: &[
        key("payer", Map(KeyKind::Reference(Target::Government), &Share), "who pays which share; the shares sum to 1"),
        key("payee", Words(&["tenant", "site", "operator"]), "who gets it"),
        optional("valid", Table(&VALID), "always", "when claims may be made"),
        optional("for", Table(&MATCHER), "everyone", "who is eligible"),
        optional(
            "supply",
            Either(&[Words(&["anywhere", "same-city", "same-province"]), REFERENCES_SITE, Table(&MATCHER)]),
            "anywhere",
            "where the compute may be",
        ),
        key("covers", Words(&["compute", "energy", "transfer", "capital"]), "what it is a share of"),
        optional(
            "rate",
            Either(&[Share, Quantity(Unit::PerGpuHour), List(&Table(&TIER))]),
            "with `target_price`",
            "the share, the first tier that matches, or so much per GPU-hour",
        ),
        optional("target_price", Quantity(Unit::PerKwh), "none", "what energy costs beyond this price is paid"),
        optional("cap", List(&Table(&CAP)), "none", "limits on what one entity gets"),
        optional("budget", Table(&BUDGET), "unlimited", "the programme's money"),
        optional("allocate", Either(&[Words(&["first-come"]), Table(&ALLOCATE)]), "first-come", "how claims meet the budget"),
        optional("on_short", Words(&["partial", "all-or-nothing", "close"]), "partial", "what a claim gets that the budget cannot cover"),
        optional("pay", Table(&PAY), "at the end of the job, no expiry", "when it is paid"),
        optional("stack", Reference(Target::Stack), "none", "its stacking group"),
        optional("pass_through", Share, "0", "the share of a subsidy to a site that reaches the tenant's price"),
        optional("floor", Quantity(Unit::GpuHours), "none", "the least GPU-hours of the payee in the period before a claim"),
    ],
};
static VALID: Shape = Shape {
    name: "valid",
    about: "When claims may be made; both days are inside.",
    keys: &[optional("from", Date, "from ever", "the first day"), optional("to", Date, "for ever", "the last day")],
};
static TIER: Shape = Shape {
    name: "tier",
    about: "A rate and for whom it is.",
    keys: &[optional("for", Table(&MATCHER), "everyone", "whom it is for"), key("rate", Share, "the share")],
};
static CAP: Shape = Shape {
    name: "cap",
    about: "A limit on what one entity gets.",
    keys: &[
        key("per", Words(&["tenant", "site", "job", "gpu-hour"]), "per what"),
        key("amount", Quantity(Unit::Money), "the most"),
        optional("every", PERIOD, "the whole run", "the calendar period that it counts over"),
    ],
};
static BUDGET: Shape = Shape {
    name: "budget",
    about: "A programme's money.",
    keys: &[
        key("amount", Quantity(Unit::Money), "the amount per period"),
        optional("every", PERIOD, "run", "the period"),
        optional("prorate", Boolean, "false", "whether it is scaled by the part of the period that the run covers"),
        optional("carry_over", Boolean, "false", "whether what is left goes to the next period"),
        optional("funded", Law(LawUnit::Share), "all", "the share of the announced amount that is really there, drawn once per period"),
    ],
};
static ALLOCATE: Shape = Shape {
    name: "allocate",
    about: "Claims are decided together at the end of each window.",
    keys: &[
        key("batch", PERIOD, "the window"),
        optional(
            "by",
            Words(&["pro-rata", "ranked", "lottery"]),
            "pro-rata",
            "each cut by the same factor, small claims first, or in random order",
        ),
    ],
};
static PAY: Shape = Shape {
    name: "pay",
    about: "When a subsidy is paid.",
    keys: &[
        optional("after", DURATION, "0 s", "time between the end of the job and the payment"),
        optional("expires", DURATION, "never", "a claim whose job has not ended so long after its reservation lapses"),
    ],
};
static STACK: Shape = Shape {
    name: "stacking group",
    about: "Subsidies that exclude each other or add up to a ceiling.",
    keys: &[
        optional("mode", Words(&["best-one", "sum"]), "best-one", "the best for the payee, or all together"),
        optional("ceiling", Share, "1.0", "the most that all together pay, as a share of what is covered"),
    ],
};
static LEVY: Shape = Shape {
    name: "levy",
    about: "A charge on energy beyond a PUE limit.",
    keys: &[
        key("to", Either(&[Words(&["grid"]), Reference(Target::Government)]), "who gets it: the grid, or a government"),
        optional("for", Table(&MATCHER), "all sites", "the sites that it is for"),
        key("above", Table(&ABOVE), "the limit"),
        key("bands", List(&Table(&LEVY_BAND)), "bands of excess over the limit"),
        optional("pass_through", Share, "0", "the share of it that reaches the tenant's price"),
    ],
};
static ABOVE: Shape = Shape { name: "above", about: "The limit.", keys: &[key("pue", Number(1.0, 100.0), "the PUE beyond which it is due")] };
static LEVY_BAND: Shape = Shape {
    name: "levy band",
    about: "A charge for a band of excess.",
    keys: &[
        key("excess", Excess, "the band, in % of the limit: `0..100%`, `100%..`"),
        key("add", Quantity(Unit::PerKwh), "the charge per kWh in it"),
    ],
};
static FAILURE: Shape = Shape {
    name: "failure",
    about: "A failure process of nodes: random, scripted, or both.",
    keys: &[
        optional("for", Table(&MATCHER), "all pools", "the pools whose nodes fail"),
        optional(
            "mtbf",
            Either(&[DURATION, Table(&MTBF)]),
            "only the script",
            "mean time between failures (of one node, unless said otherwise)",
        ),
        optional(
            "while",
            Words(&["always", "busy"]),
            "always",
            "`busy`: only nodes fail whose GPUs are held and that are not in downtime",
        ),
        optional("crews", COUNT, "0", "repairs at once; 0: no limit"),
        optional("repair", Law(LawUnit::Quantity(Unit::Duration)), "with `mtbf`", "how long a repair takes"),
        optional("outages", List(&Table(&OUTAGE)), "none", "scripted outages"),
        optional("series", File, "none", "a CSV file of outages with columns `node`, `at`, `for`"),
    ],
};
static MTBF: Shape = Shape {
    name: "mtbf",
    about: "Mean time between failures.",
    keys: &[optional("per", Words(&["gpu", "node"]), "node", "of what"), key("time", DURATION, "the mean time")],
};
static OUTAGE: Shape = Shape {
    name: "outage",
    about: "A scripted outage of one node.",
    keys: &[key("node", Text, "`SITE.POOL.INDEX`, from 0"), key("at", Instant, "when it goes down"), key("for", DURATION, "how long it stays down")],
};
static CHANGE: Shape = Shape {
    name: "change",
    about: "Something that changes at an instant. Ids, places, chips, classes, tenants, failures and the policy cannot.",
    keys: &[key("at", Instant, "when"), key("set", Settings, "new values by path: `{ site.zhongwei.pue = 1.2 }`")],
};
static POLICY: Shape = Shape {
    name: "policy",
    about: "The scheduling policy, by the names of its parts; parameters in brackets: `weighted(delay=1,money=2)`.",
    keys: &[
        optional("preset", Parts, "none", "a preset, or several parts: `fifo+cheapest+easy`; the keys below win"),
        optional("bind", Part("bind"), "at-submit", "every site has its queue (`at-submit`), or one queue for all (`at-start`)"),
        optional("order", Part("order"), "fifo", "who goes first"),
        optional("place", Part("place"), "cheapest", "where a job goes"),
        optional("backfill", Part("backfill"), "easy", "who may pass a blocked head"),
        optional("preempt", Part("preempt"), "none", "who is stopped for another"),
        optional("stage", Words(&["at-start", "at-submit"]), "at-start", "`at-submit`: data moves as soon as a job is bound"),
    ],
};
static SOURCE: Shape = Shape {
    name: "source",
    about: "Where inputs come from.",
    keys: &[key("title", Text, "its title"), optional("where", Text, "none", "where it is found")],
};
static EVIDENCE: Shape = Shape {
    name: "evidence",
    about: "How well an input is known.",
    keys: &[
        key(
            "mark",
            Words(&["official", "found", "derived", "assumed", "background"]),
            "`official`: stated by an authority; `found`: in another source; `derived`: computed from sources; `assumed`: a guess; `background`: common knowledge, not looked up",
        ),
        optional("source", Either(&[Reference(Target::Source), List(&Reference(Target::Source))]), "none", "its source"),
        optional("note", Text, "none", "what else is to be said"),
    ],
};

/// Whom or what a rule is for. Every condition must hold; what is left out holds for all.
pub(super) static MATCHER: Shape = Shape {
    name: "matcher",
    about: "Whom a rule is for: every condition must hold, what is left out holds for all. Written with dotted keys: `for = { tenant.region = [\"beijing\"], site.side = [\"west\"] }`.",
    keys: &[
        optional("tenant", Table(&MATCH_TENANT), "all", "who submits"),
        optional("site", Table(&MATCH_SITE), "all", "where the job runs"),
        optional("chip", Table(&MATCH_CHIP), "all", "on what it runs"),
        optional("pool", List(&Reference(Target::Pool)), "all", "pools, as `SITE.POOL`"),
        optional("job", Table(&MATCH_JOB), "all", "what it is"),
        optional("affiliated", Boolean, "both", "whether tenant and site must (not) be affiliated"),
    ],
};
static MATCH_TENANT: Shape = Shape {
    name: "matcher of tenants",
    about: "Who submits.",
    keys: &[
        optional("id", List(&Reference(Target::Tenant)), "all", "by name"),
        optional("region", List(&Reference(Target::Region)), "all", "by home region"),
        optional("kind", List(&Reference(Target::TenantKind)), "all", "by kind"),
    ],
};
static MATCH_SITE: Shape = Shape {
    name: "matcher of sites",
    about: "Where the job runs.",
    keys: &[
        optional("id", REFERENCES_SITE, "all", "by name"),
        optional("province", List(&Reference(Target::Province)), "all", "by province"),
        optional("city", List(&Reference(Target::City)), "all", "by city"),
        optional("hub", List(&Reference(Target::Hub)), "all", "by hub"),
        optional("side", List(&Words(&["east", "middle", "west"])), "all", "by side"),
        optional("owner", List(&Words(&["state", "private"])), "all", "by owner"),
        optional("domestic_share", Table(&SHARE_RANGE), "all", "by the domestic share of its installed GPUs"),
        optional("pflops", Table(&PFLOPS_RANGE), "all", "by the PFLOPS installed"),
    ],
};
static MATCH_CHIP: Shape = Shape {
    name: "matcher of chips",
    about: "On what the job runs.",
    keys: &[
        optional("id", List(&Reference(Target::Chip)), "all", "by name"),
        optional("origin", List(&Words(&["imported", "domestic"])), "all", "by origin"),
    ],
};
static MATCH_JOB: Shape = Shape {
    name: "matcher of jobs",
    about: "What the job is.",
    keys: &[
        optional("class", List(&Reference(Target::Class)), "all", "by class"),
        optional("gpus", Table(&GPU_RANGE), "all", "by the size of its gang"),
    ],
};
static SHARE_RANGE: Shape = Shape {
    name: "range of shares",
    about: "From and to, both inside.",
    keys: &[optional("min", Share, "0", "the least"), optional("max", Share, "1", "the most")],
};
static PFLOPS_RANGE: Shape = Shape {
    name: "range of PFLOPS",
    about: "From and to, both inside.",
    keys: &[optional("min", Number(0.0, 1e12), "0", "the least"), optional("max", Number(0.0, 1e12), "no limit", "the most")],
};
static GPU_RANGE: Shape = Shape {
    name: "range of GPUs",
    about: "From and to, both inside.",
    keys: &[optional("min", COUNT, "0", "the least"), optional("max", COUNT, "no limit", "the most")],
};
