//! The keys of admission, quotas, chip access, subsidies, levies, failures, changes and the policy, and of matchers.

use super::Kind::{
    Boolean, Date, Either, Excess, File, Instant, Integer, Law, List, Map, Number, Part, Parts, Quantity, Reference, Settings, Share, Table, Text,
    Words,
};
use super::list::{COUNT, DURATION, REFERENCES_SITE};
use super::{KeyKind, Kind, LawUnit, Shape, Target, key, optional};
use crate::scenario::quantity::Unit;

const PERIOD: Kind = Words(&["day", "week", "month", "quarter", "year", "run"]);
const OVERRUN: Kind = Words(&["report", "kill"]);

pub(super) static ADMISSION: Shape = Shape {
    name: "admission",
    about: "A limit on jobs at a site.",
    keys: &[
        optional("limit", Integer(0, i64::MAX as i128), "none", "the most jobs running plus waiting; what comes beyond is rejected"),
        optional("loss", Boolean, "false", "whether a job that cannot start at once is rejected"),
    ],
};
pub(super) static OUTSIDE: Shape = Shape {
    name: "outside",
    about: "A cloud at a price, unlimited and counted apart.",
    keys: &[
        key("price", Quantity(Unit::PerGpuHour), "its price per GPU-hour of the reference chip"),
        key("chips", List(&Reference(Target::Chip)), "the chips that it has"),
    ],
};
pub(super) static QUOTA: Shape = Shape {
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
pub(super) static GPU_QUOTA: Shape = Shape {
    name: "GPU quota",
    about: "Limits of one chip, in GPUs held at once.",
    keys: &[
        key("nominal", COUNT, "what is its own"),
        optional("borrowing_limit", COUNT, "no limit", "the most that it borrows"),
        optional("lending_limit", COUNT, "all that is unused", "the most that it lends"),
    ],
};
pub(super) static HOURS_CAP: Shape = Shape {
    name: "cap on GPU-hours",
    about: "A cap per calendar period.",
    keys: &[
        key("at_most", Either(&[Number(0.0, 1e15), Quantity(Unit::GpuHours)]), "GPU-hours per period"),
        key("every", PERIOD, "the period"),
        optional("overrun", OVERRUN, "report", "what happens to a job that outlives its estimate"),
    ],
};
pub(super) static ENERGY_CAP: Shape = Shape {
    name: "cap on energy",
    about: "A cap per calendar period.",
    keys: &[
        key("at_most", Quantity(Unit::Energy), "metered energy per period"),
        key("every", PERIOD, "the period"),
        optional("overrun", OVERRUN, "report", "what happens to a job that outlives its estimate"),
    ],
};
pub(super) static DOMESTIC: Shape = Shape {
    name: "domestic share",
    about: "A share of domestic chips that is asked for.",
    keys: &[
        key("at_least", Share, "the least share"),
        optional("of", Words(&["gpu-hours", "installed"]), "gpu-hours", "what it is a share of"),
        optional("over", PERIOD, "month", "the period at whose end it is judged"),
        optional("on_miss", Either(&[Words(&["report", "refuse"]), Table(&FINE)]), "report", "what a miss means"),
    ],
};
pub(super) static FINE: Shape =
    Shape { name: "fine", about: "What a miss costs.", keys: &[key("fine", Quantity(Unit::Money), "the amount per period")] };
pub(super) static ACCESS: Shape = Shape {
    name: "access",
    about: "Who may use a chip.",
    keys: &[
        key("for", Table(&MATCHER), "the chips (`chip.id`, `chip.origin`), and who may use them"),
        optional("supply", Quantity(Unit::Gpus), "all that are installed", "the most GPUs of these chips that are used at once"),
        optional("from", Instant, "from ever", "from when on"),
        optional("until", Instant, "for ever", "until when; what runs goes on, nothing new starts"),
    ],
};
pub(super) static SUBSIDY: Shape = Shape {
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
pub(super) static VALID: Shape = Shape {
    name: "valid",
    about: "When claims may be made; both days are inside.",
    keys: &[optional("from", Date, "from ever", "the first day"), optional("to", Date, "for ever", "the last day")],
};
pub(super) static TIER: Shape = Shape {
    name: "tier",
    about: "A rate and for whom it is.",
    keys: &[optional("for", Table(&MATCHER), "everyone", "whom it is for"), key("rate", Share, "the share")],
};
pub(super) static CAP: Shape = Shape {
    name: "cap",
    about: "A limit on what one entity gets.",
    keys: &[
        key("per", Words(&["tenant", "site", "job", "gpu-hour"]), "per what"),
        key("amount", Quantity(Unit::Money), "the most"),
        optional("every", PERIOD, "the whole run", "the calendar period that it counts over"),
    ],
};
pub(super) static BUDGET: Shape = Shape {
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
pub(super) static ALLOCATE: Shape = Shape {
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
pub(super) static PAY: Shape = Shape {
    name: "pay",
    about: "When a subsidy is paid.",
    keys: &[
        optional("after", DURATION, "0 s", "time between the end of the job and the payment"),
        optional("expires", DURATION, "never", "a claim whose job has not ended so long after its reservation lapses"),
    ],
};
pub(super) static STACK: Shape = Shape {
    name: "stacking group",
    about: "Subsidies that exclude each other or add up to a ceiling.",
    keys: &[
        optional("mode", Words(&["best-one", "sum"]), "best-one", "the best for the payee, or all together"),
        optional("ceiling", Share, "1.0", "the most that all together pay, as a share of what is covered"),
    ],
};
pub(super) static LEVY: Shape = Shape {
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
pub(super) static ABOVE: Shape =
    Shape { name: "above", about: "The limit.", keys: &[key("pue", Number(1.0, 100.0), "the PUE beyond which it is due")] };
pub(super) static LEVY_BAND: Shape = Shape {
    name: "levy band",
    about: "A charge for a band of excess.",
    keys: &[
        key("excess", Excess, "the band, in % of the limit: `0..100%`, `100%..`"),
        key("add", Quantity(Unit::PerKwh), "the charge per kWh in it"),
    ],
};
pub(super) static FAILURE: Shape = Shape {
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
pub(super) static MTBF: Shape = Shape {
    name: "mtbf",
    about: "Mean time between failures.",
    keys: &[optional("per", Words(&["gpu", "node"]), "node", "of what"), key("time", DURATION, "the mean time")],
};
pub(super) static OUTAGE: Shape = Shape {
    name: "outage",
    about: "A scripted outage of one node.",
    keys: &[key("node", Text, "`SITE.POOL.INDEX`, from 0"), key("at", Instant, "when it goes down"), key("for", DURATION, "how long it stays down")],
};
pub(super) static CHANGE: Shape = Shape {
    name: "change",
    about: "Something that changes at an instant. Ids, places, chips, classes, tenants, failures and the policy cannot.",
    keys: &[key("at", Instant, "when"), key("set", Settings, "new values by path: `{ site.zhongwei.pue = 1.2 }`")],
};
pub(super) static POLICY: Shape = Shape {
    name: "policy",
    about: "The scheduling policy, by the names of its parts; parameters in brackets: `weighted(delay=1,money=2)`.",
    keys: &[
        optional("preset", Parts, "none", "a preset, or several parts: `fifo+cheapest+easy`; the keys below win"),
        optional("bind", Part("bind"), "at-submit", "every site has its queue (`at-submit`), or one queue for all (`at-start`)"),
        optional("order", Part("order"), "fifo", "who goes first"),
        optional("place", Part("place"), "cheapest", "where a job goes"),
        optional("backfill", Part("backfill"), "`easy` if no part is named, else none", "who may pass a blocked head"),
        optional("preempt", Part("preempt"), "none", "who is stopped for another"),
        optional("predict", Part("predict"), "user-estimate", "what is expected of a job's work"),
        optional("decision_delay", DURATION, "0 s", "how long it takes until a decision takes effect; it is checked again then"),
        optional(
            "view_delay",
            DURATION,
            "0 s",
            "how old what the policy sees of the load of sites is; what it decides is checked against them as they are",
        ),
        optional("stage", Words(&["at-start", "at-submit"]), "at-start", "`at-submit`: data moves as soon as a job is bound"),
    ],
};
pub(super) static SOURCE: Shape = Shape {
    name: "source",
    about: "Where inputs come from.",
    keys: &[key("title", Text, "its title"), optional("where", Text, "none", "where it is found")],
};
pub(super) static EVIDENCE: Shape = Shape {
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
pub(super) static MATCH_TENANT: Shape = Shape {
    name: "matcher of tenants",
    about: "Who submits.",
    keys: &[
        optional("id", List(&Reference(Target::Tenant)), "all", "by name"),
        optional("region", List(&Reference(Target::Region)), "all", "by home region"),
        optional("kind", List(&Reference(Target::TenantKind)), "all", "by kind"),
    ],
};
pub(super) static MATCH_SITE: Shape = Shape {
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
pub(super) static MATCH_CHIP: Shape = Shape {
    name: "matcher of chips",
    about: "On what the job runs.",
    keys: &[
        optional("id", List(&Reference(Target::Chip)), "all", "by name"),
        optional("origin", List(&Words(&["imported", "domestic"])), "all", "by origin"),
    ],
};
pub(super) static MATCH_JOB: Shape = Shape {
    name: "matcher of jobs",
    about: "What the job is.",
    keys: &[
        optional("class", List(&Reference(Target::Class)), "all", "by class"),
        optional("gpus", Table(&GPU_RANGE), "all", "by the size of its gang"),
    ],
};
pub(super) static SHARE_RANGE: Shape = Shape {
    name: "range of shares",
    about: "From and to, both inside.",
    keys: &[optional("min", Share, "0", "the least"), optional("max", Share, "1", "the most")],
};
pub(super) static PFLOPS_RANGE: Shape = Shape {
    name: "range of PFLOPS",
    about: "From and to, both inside.",
    keys: &[optional("min", Number(0.0, 1e12), "0", "the least"), optional("max", Number(0.0, 1e12), "no limit", "the most")],
};
pub(super) static GPU_RANGE: Shape = Shape {
    name: "range of GPUs",
    about: "From and to, both inside.",
    keys: &[optional("min", COUNT, "0", "the least"), optional("max", COUNT, "no limit", "the most")],
};
