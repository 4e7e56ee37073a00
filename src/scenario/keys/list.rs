//! The list of all keys: the file, places, the fleet, energy and the network.

use super::Kind::{
    Bilingual, Date, Declares, Either, Exactly, File, Hours, Integer, Limit, List, Map, Name, Number, Parts, Position, Quantity, Reference, Share,
    Table, Text, Words,
};
use super::jobs::{CLASS, DATA, TENANT, WORKLOAD};
use super::rules::{ACCESS, ADMISSION, CHANGE, EVIDENCE, FAILURE, LEVY, OUTSIDE, POLICY, QUOTA, SOURCE, STACK, SUBSIDY};
use super::{KeyKind, Kind, Shape, Target, key, optional};
use crate::scenario::quantity::Unit;

pub(super) const COUNT: Kind = Integer(0, u32::MAX as i128);
pub(super) const DURATION: Kind = Quantity(Unit::Duration);
pub(super) const FACTOR: Kind = Number(0.0, 1e6);
pub(super) const REFERENCES_SITE: Kind = List(&Reference(Target::Site));

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
        optional("demand", Number(1e-6, 1e6), "1.0", "jobs per time of all workloads × this; of a trace, the times between jobs ÷ this"),
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
        optional(
            "scheduler",
            Parts,
            "the policy's order, backfilling and preemption",
            "its own scheduler, `fifo+easy`: jobs are bound to the site when they are submitted, and it decides on the rest among its pools",
        ),
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
        optional("carbon", Quantity(Unit::Carbon), "with `series`", "the factor outside of `by_hour`"),
        optional(
            "by_hour",
            Map(KeyKind::Hours, &Quantity(Unit::Carbon)),
            "none",
            "other factors by range of local hours: `{ \"9-17\" = \"0.3 kgCO2/kWh\" }`",
        ),
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
