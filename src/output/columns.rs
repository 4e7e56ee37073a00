//! The columns of jobs, series and ledger: the one list from which CSV, Parquet and the reference page come.
//!
//! A column's name ends with its unit. Every number is an exact decimal; nothing is a float.

use crate::base::{Id, Money, Span, Time};
use crate::model::{JobNumber, Model, PoolId};
use crate::world::records::{Account, JobRecord, PoolSample, Posting, Purpose};

/// A column of a table whose rows are `R`.
pub struct Field<R> {
    /// Its name; the unit is last.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// One line in English.
    pub english: &'static str,
    /// Its term in Chinese.
    pub chinese: &'static str,
    /// Returns its value in a row.
    pub value: for<'a> fn(&R, &'a Names) -> Value<'a>,
}

/// The type of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An integer.
    Integer,
    /// A decimal with so many places.
    Decimal(u8),
    /// Text out of a small set or a name.
    Text,
    /// True or false.
    Flag,
}

/// A value of a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// An integer.
    Integer(u64),
    /// A decimal, as an integer of its last place.
    Decimal(i128),
    /// Text.
    Text(&'a str),
    /// True or false.
    Flag(bool),
    /// None.
    Empty,
}

/// Names as files write them, by id; by default of nothing.
#[derive(Default)]
pub struct Names {
    tenants: Vec<String>,
    tenant_accounts: Vec<String>,
    tenant_regions: Vec<usize>,
    regions: Vec<String>,
    classes: Vec<String>,
    workloads: Vec<String>,
    sites: Vec<String>,
    site_accounts: Vec<String>,
    governments: Vec<String>,
    outside: Vec<String>,
    pools: Vec<PoolNames>,
    subsidies: [Vec<String>; 2],
    levies: [Vec<String>; 2],
    fines: Vec<String>,
}

struct PoolNames {
    site: usize,
    path: String,
    chip: String,
}

impl Names {
    /// Collects the names of a model.
    pub fn new(model: &Model) -> Self {
        let tenants: Vec<String> = (0..model.tenant_count()).map(|tenant| model.tenant_name(crate::model::TenantId(tenant))).collect();
        let pool = |id: PoolId| {
            let pool = &model.pools[id];
            PoolNames { site: pool.site.index(), path: model.pool_name(id), chip: model.chips[pool.chip].name.clone() }
        };
        let prefixed =
            |prefix: &str, names: &mut dyn Iterator<Item = &String>| -> Vec<String> { names.map(|name| format!("{prefix}{name}")).collect() };
        Self {
            tenant_accounts: prefixed("tenant.", &mut tenants.iter()),
            tenant_regions: model.tenants.iter().flat_map(|group| std::iter::repeat_n(group.region.index(), group.count as usize)).collect(),
            tenants,
            regions: model.regions.iter().map(|region| region.name.clone()).collect(),
            classes: model.classes.iter().map(|class| class.name.clone()).collect(),
            workloads: model.workloads.iter().map(|workload| workload.name.clone()).collect(),
            sites: model.sites.iter().map(|site| site.name.clone()).collect(),
            site_accounts: prefixed("site.", &mut model.sites.iter().map(|site| &site.name)),
            governments: prefixed("government.", &mut model.governments.iter().map(|government| &government.name)),
            outside: prefixed("outside.", &mut model.outside.iter().map(|outside| &outside.name)),
            pools: model.pools.ids().map(pool).collect(),
            subsidies: ["subsidy.", "pass_through.subsidy."].map(|prefix| prefixed(prefix, &mut model.subsidies.iter().map(|subsidy| &subsidy.name))),
            levies: ["levy.", "pass_through.levy."].map(|prefix| prefixed(prefix, &mut model.levies.iter().map(|levy| &levy.name))),
            fines: prefixed("fine.quota.", &mut model.quotas.iter().map(|quota| &quota.name)),
        }
    }
    fn account(&self, account: Account) -> &str {
        match account {
            Account::Tenant(tenant) => &self.tenant_accounts[tenant.index()],
            Account::Site(site) => &self.site_accounts[site.index()],
            Account::Government(government) => &self.governments[government.index()],
            Account::Network => "network",
            Account::Grid => "grid",
            Account::Outside(outside) => &self.outside[outside.index()],
        }
    }
    fn purpose(&self, purpose: Purpose) -> &str {
        match purpose {
            Purpose::Compute => "compute",
            Purpose::MeteredEnergy => "metered_energy",
            Purpose::SiteEnergy => "site_energy",
            Purpose::Transfer => "transfer",
            Purpose::Subsidy(subsidy) => &self.subsidies[0][subsidy.index()],
            Purpose::PassThrough(subsidy) => &self.subsidies[1][subsidy.index()],
            Purpose::Levy(levy) => &self.levies[0][levy.index()],
            Purpose::LevyPassThrough(levy) => &self.levies[1][levy.index()],
            Purpose::Fine(quota) => &self.fines[quota.index()],
            Purpose::Outside => "outside",
        }
    }
    fn pool(&self, pool: Option<PoolId>) -> Value<'_> {
        pool.map_or(Value::Empty, |pool| Value::Text(&self.pools[pool.index()].path))
    }
    fn site(&self, pool: Option<PoolId>) -> Value<'_> {
        pool.map_or(Value::Empty, |pool| Value::Text(&self.sites[self.pools[pool.index()].site]))
    }
    fn chip(&self, pool: Option<PoolId>) -> Value<'_> {
        pool.map_or(Value::Empty, |pool| Value::Text(&self.pools[pool.index()].chip))
    }
}

impl From<u32> for Value<'_> {
    fn from(count: u32) -> Self {
        Self::Integer(count.into())
    }
}
impl From<u64> for Value<'_> {
    fn from(count: u64) -> Self {
        Self::Integer(count)
    }
}
impl From<Option<JobNumber>> for Value<'_> {
    fn from(number: Option<JobNumber>) -> Self {
        number.map_or(Self::Empty, Self::Integer)
    }
}
impl From<Time> for Value<'_> {
    fn from(time: Time) -> Self {
        Self::Decimal(time.0.into())
    }
}
impl From<Span> for Value<'_> {
    fn from(span: Span) -> Self {
        Self::Decimal(span.0.into())
    }
}
impl From<Option<Time>> for Value<'_> {
    fn from(time: Option<Time>) -> Self {
        time.map_or(Self::Empty, Self::from)
    }
}
impl From<Option<Span>> for Value<'_> {
    fn from(span: Option<Span>) -> Self {
        span.map_or(Self::Empty, Self::from)
    }
}
impl From<Money> for Value<'_> {
    fn from(money: Money) -> Self {
        Self::Decimal(money.0.into())
    }
}
impl From<u128> for Value<'_> {
    fn from(micros: u128) -> Self {
        Self::Decimal(i128::try_from(micros).expect("GPU-time fits 127 bits"))
    }
}
impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

macro_rules! field {
    ($name:literal, $kind:expr, $english:literal, $chinese:literal, $value:expr) => {
        Field { name: $name, kind: $kind, english: $english, chinese: $chinese, value: $value }
    };
}

/// Microseconds and micro-yuan as decimals of seconds and yuan.
const MICRO: Kind = Kind::Decimal(6);
/// Thousandths, such as millijoules as decimals of joules.
const MILLI: Kind = Kind::Decimal(3);

/// The columns of `jobs`: one row a job that left the system, in that order.
pub static JOBS: &[Field<JobRecord>] = &[
    field!("job", Kind::Integer, "number in order of submission, from 0", "作业编号", |job, _| job.number.into()),
    field!("workload", Kind::Text, "workload it came from", "负载来源", |job, names| Value::Text(
        &names.workloads[job.workload.index()]
    )),
    field!("source_id", Kind::Integer, "id in its source", "来源编号", |job, _| job.source_id.into()),
    field!("tenant", Kind::Text, "tenant that submitted it", "租户", |job, names| Value::Text(&names.tenants[job.tenant.index()])),
    field!("region", Kind::Text, "home region of the tenant", "需求区域", |job, names| {
        Value::Text(&names.regions[names.tenant_regions[job.tenant.index()]])
    }),
    field!("class", Kind::Text, "job class", "作业类别", |job, names| Value::Text(&names.classes[job.class.index()])),
    field!("gpus", Kind::Integer, "size of its gang", "卡数", |job, _| job.gpus.into()),
    field!("work_s", MICRO, "true work on the reference chip", "实际工作量", |job, _| job.work.into()),
    field!("estimate_s", MICRO, "estimated work on the reference chip", "预估工作量", |job, _| job.estimate.into()),
    field!("submit_s", MICRO, "submission, since the scenario's start", "提交时间", |job, _| job.submit.into()),
    field!("first_start_s", MICRO, "GPUs first held", "首次启动时间", |job, _| job.first_start.into()),
    field!("start_s", MICRO, "GPUs last taken", "最后启动时间", |job, _| job.start.into()),
    field!("end_s", MICRO, "when it left the system", "离开时间", |job, _| job.end.into()),
    field!("fate", Kind::Text, "how it left", "结局", |job, _| Value::Text(job.fate.name())),
    field!("reason", Kind::Text, "why, where that needs a word", "原因", |job, _| job
        .reason
        .map_or(Value::Empty, |reason| Value::Text(reason.name()))),
    field!("recorded", Kind::Text, "how it ended in its trace", "作业日志记录的结果", |job, _| {
        Value::Text(match job.recorded {
            crate::model::Outcome::Completed => "completed",
            crate::model::Outcome::Failed => "failed",
            crate::model::Outcome::Cancelled => "cancelled",
        })
    }),
    field!("site", Kind::Text, "data centre where it last ran or was bound", "数据中心", |job, names| names.site(job.pool)),
    field!("pool", Kind::Text, "pool where it last ran or was bound", "算力池", |job, names| names.pool(job.pool)),
    field!("second_pool", Kind::Text, "other pool of a gang over two sites", "第二算力池", |job, names| names
        .pool(job.second_pool)),
    field!("chip", Kind::Text, "accelerator type", "芯片", |job, names| names.chip(job.pool)),
    field!("queue_wait_s", MICRO, "submission until GPUs were first held", "排队等待", |job, _| job.queue_wait().into()),
    field!("staging_s", MICRO, "GPUs held before computing, over all attempts", "数据准备", |job, _| job.staging.into()),
    field!("run_s", MICRO, "computing and checkpointing of the last attempt", "运行时间", |job, _| job.run.into()),
    field!("rtt_s", MICRO, "network round trip between its region and its site", "往返时延", |job, _| job.rtt.into()),
    field!("starts", Kind::Integer, "how often it got GPUs", "启动次数", |job, _| job.starts.into()),
    field!("preemptions", Kind::Integer, "how often it was preempted", "被抢占次数", |job, _| job.preemptions.into()),
    field!("migrations", Kind::Integer, "how often it moved to other GPUs while it ran", "迁移次数", |job, _| job
        .migrations
        .into()),
    field!("resizes", Kind::Integer, "how often it changed its size while it ran", "变更卡数次数", |job, _| job
        .resizes
        .into()),
    field!("failures", Kind::Integer, "how often a failure stopped it", "故障中断次数", |job, _| job.failures.into()),
    field!("outlived_estimate", Kind::Flag, "whether it ran beyond its estimate", "超出预估", |job, _| job
        .outlived_estimate
        .into()),
    field!("missed_deadline", Kind::Flag, "whether it missed its deadline; empty without one", "错过截止时间", |job, _| {
        job.missed_deadline.map_or(Value::Empty, Value::Flag)
    }),
    field!("held_gpu_s", MICRO, "GPU-seconds from GPUs held to released", "占用卡秒", |job, _| job.gpu_time.held.into()),
    field!("kept_gpu_s", MICRO, "GPU-seconds of work that was kept", "有效卡秒", |job, _| job.gpu_time.kept.into()),
    field!("staging_gpu_s", MICRO, "GPU-seconds waiting for data", "数据准备卡秒", |job, _| job.gpu_time.staging.into()),
    field!("checkpointing_gpu_s", MICRO, "GPU-seconds writing checkpoints", "检查点卡秒", |job, _| job
        .gpu_time
        .checkpointing
        .into()),
    field!("restoring_gpu_s", MICRO, "GPU-seconds of restores and start overheads", "恢复卡秒", |job, _| job
        .gpu_time
        .restoring
        .into()),
    field!("lost_gpu_s", MICRO, "GPU-seconds of work that was lost", "损失卡秒", |job, _| job.gpu_time.lost.into()),
    field!("compute_cny", MICRO, "GPU-hours × price", "算力费用", |job, _| job.compute_charge.into()),
    field!("energy_cny", MICRO, "metered energy that it paid", "电费", |job, _| job.energy_charge.into()),
    field!("transfer_cny", MICRO, "transfers that it paid", "传输费用", |job, _| job.transfer_charge.into()),
    field!("subsidy_cny", MICRO, "subsidies that lowered what it pays", "补贴", |job, _| job.subsidy.into()),
    field!("energy_j", MILLI, "metered energy", "计量电量", |job, _| Value::Decimal(job.energy_mj.into())),
    field!("carbon_location_g", MILLI, "carbon by the grid factor of the place", "碳排放（按电网因子）", |job, _| {
        Value::Decimal(job.carbon_location_mg.into())
    }),
    field!(
        "carbon_market_g",
        MILLI,
        "carbon with contracted green power netted off",
        "碳排放（扣除合约绿电）",
        |job, _| { Value::Decimal(job.carbon_market_mg.into()) }
    ),
];

/// The columns of `series`: the state of each pool at sampling instants.
pub static SERIES: &[Field<PoolSample>] = &[
    field!("at_s", MICRO, "instant, since the scenario's start", "时刻", |sample, _| sample.at.into()),
    field!("site", Kind::Text, "data centre", "数据中心", |sample, names| names.site(Some(sample.pool))),
    field!("pool", Kind::Text, "pool", "算力池", |sample, names| names.pool(Some(sample.pool))),
    field!("installed_gpus", Kind::Integer, "GPUs installed", "装机卡数", |sample, _| sample.installed.into()),
    field!("held_gpus", Kind::Integer, "GPUs held by jobs", "占用卡数", |sample, _| sample.held.into()),
    field!("reserved_gpus", Kind::Integer, "GPUs held for online services", "预留卡数", |sample, _| sample.reserved.into()),
    field!("down_gpus", Kind::Integer, "GPUs of nodes that are down", "故障卡数", |sample, _| sample.down.into()),
    field!("queued_jobs", Kind::Integer, "jobs bound to the pool and queued", "排队作业数", |sample, _| sample.queued.into()),
    field!("queued_gpus", Kind::Integer, "GPUs that they ask for", "排队卡数", |sample, _| sample.queued_gpus.into()),
    field!("site_power_w", MILLI, "metered power of the pool's site", "数据中心功率", |sample, _| Value::Decimal(
        sample.site_power_mw.into()
    )),
];

/// The columns of `ledger`: every movement of money, in order of posting.
pub static LEDGER: &[Field<Posting>] = &[
    field!("at_s", MICRO, "when it was posted", "记账时刻", |posting, _| posting.at.into()),
    field!("since_s", MICRO, "since when what it pays for was used", "计费起始", |posting, _| posting.since.into()),
    field!("from", Kind::Text, "account that pays", "付款方", |posting, names| Value::Text(names.account(posting.from))),
    field!("to", Kind::Text, "account that gets it", "收款方", |posting, names| Value::Text(names.account(posting.to))),
    field!("amount_cny", MICRO, "amount", "金额", |posting, _| posting.amount.into()),
    field!("purpose", Kind::Text, "what for", "用途", |posting, names| Value::Text(names.purpose(posting.purpose))),
    field!("job", Kind::Integer, "number of the job, if it is one's", "作业编号", |posting, _| posting.job.into()),
];

/// Writes the columns of all tables as sections of a page in Markdown.
pub(super) fn reference(page: &mut String) {
    page.push_str("\n# Columns\n\nThe tables that `--out` writes. Decimals are exact; an empty field means that there is no value.\n");
    section(page, "jobs", JOBS);
    section(page, "series", SERIES);
    section(page, "ledger", LEDGER);
}

fn section<R>(page: &mut String, table: &str, fields: &[Field<R>]) {
    page.push_str(&format!("\n## {table}\n\n| column | type | meaning | 中文 |\n|---|---|---|---|\n"));
    for field in fields {
        let kind = match field.kind {
            Kind::Integer => "integer".to_owned(),
            Kind::Decimal(places) => format!("decimal, {places} places"),
            Kind::Text => "text".to_owned(),
            Kind::Flag => "true or false".to_owned(),
        };
        page.push_str(&format!("| `{}` | {kind} | {} | {} |\n", field.name, field.english, field.chinese));
    }
}
