//! Every number of the summary by its `--json` path: unit, which way is better, and one line in both languages.
//!
//! Tables, gates and comparisons name metrics by these paths; `docs/reference/metrics.md` is made from them. `NAME` stands for a name of the
//! scenario (or, under `rejected` and `refusals`, a reason).

use std::sync::LazyLock;

/// A number of the summary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Metric {
    /// Its path, with dots.
    pub path: String,
    /// Its unit; empty for text and yes or no.
    pub unit: &'static str,
    /// Which way is better.
    pub better: Better,
    /// One line in English.
    pub english: String,
    /// One line in Chinese.
    pub chinese: String,
}

/// Which way is better.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Better {
    Lower,
    Higher,
    Neither,
}

use Better::{Higher, Lower, Neither};

/// A leaf: path, unit, better, English, Chinese.
type Leaf = (&'static str, &'static str, Better, &'static str, &'static str);

/// A branch: what all its leaves are about, before their own path and words.
type Branch = (&'static str, &'static str, &'static str);

static RUN: &[Leaf] = &[
    ("version", "", Neither, "version of edwc", "软件版本"),
    ("title", "", Neither, "title of the scenario", "场景标题"),
    ("title_zh", "", Neither, "its Chinese title", "场景中文标题"),
    ("scale", "", Neither, "scale of the scenario, such as 1:10", "缩放比例"),
    ("policy", "", Neither, "scheduling policy", "调度策略"),
    ("seed", "", Neither, "seed of all random streams", "随机种子"),
    ("complete", "", Neither, "whether the run came to its end", "是否完整运行"),
    ("period.start", "", Neither, "local date and time of the start", "开始时间"),
    ("period.window_from_s", "s", Neither, "start of the measured window, since the start", "统计窗口起点"),
    ("period.window_to_s", "s", Neither, "end of the measured window", "统计窗口终点"),
    ("period.end_s", "s", Neither, "end of the run", "运行结束"),
    ("fleet.sites", "", Neither, "data centres", "数据中心数"),
    ("fleet.gpus", "GPUs", Neither, "GPUs installed at the start", "初始装机卡数"),
    ("fleet.regions", "", Neither, "demand regions", "需求区域数"),
    ("fleet.tenants", "", Neither, "tenants", "租户数"),
    ("fleet.subsidies", "", Neither, "subsidy programmes", "补贴项目数"),
    ("inputs.count", "", Neither, "numbers of the scenario that shape the result", "输入参数数"),
    ("inputs.assumed", "", Lower, "those that are assumed", "假设的输入数"),
    ("inputs.unmarked", "", Lower, "those without evidence mark", "无证据标记的输入数"),
];

static OUTCOMES: &[Leaf] = &[
    ("incidents.preemptions", "", Lower, "preemptions of measured jobs", "抢占次数"),
    ("incidents.migrations", "", Lower, "moves of measured jobs to other GPUs while they ran", "迁移次数"),
    ("incidents.resizes", "", Neither, "changes of size of measured jobs while they ran", "变更卡数次数"),
    ("incidents.failures", "", Lower, "stops of measured jobs by failures", "故障中断次数"),
    ("incidents.outlived_estimate", "jobs", Lower, "jobs that ran beyond their estimate", "超出预估的作业"),
    ("incidents.killed_at_estimate", "jobs", Lower, "jobs ended at their estimate", "达到预估时长被终止的作业"),
    ("incidents.deadlines", "jobs", Neither, "jobs with a deadline", "有截止时间的作业"),
    ("incidents.missed_deadline", "jobs", Lower, "jobs that missed it", "错过截止时间的作业"),
    ("recorded.completed", "jobs", Neither, "finished jobs whose trace says completed", "作业日志记为完成的作业"),
    ("recorded.failed", "jobs", Neither, "finished jobs whose trace says failed", "作业日志记为失败的作业"),
    ("recorded.cancelled", "jobs", Neither, "finished jobs whose trace says cancelled", "作业日志记为取消的作业"),
    ("offered_load", "share", Neither, "work submitted in the window ÷ installed capacity", "负载率（提交量÷装机容量）"),
    ("rejected.NAME", "jobs", Lower, "jobs rejected for this reason", "按原因拒绝的作业"),
    ("unfinished.NAME", "jobs", Lower, "jobs unfinished in this state", "按状态未完成的作业"),
    ("refusals.NAME", "", Neither, "wishes of the policy that the world refused", "被拒绝的调度请求"),
    ("dropped.NAME", "jobs", Neither, "jobs of traces that were left out", "作业日志中未采用的作业"),
    ("queue.mean_queued_jobs", "jobs", Lower, "time-average of queued jobs", "平均排队作业数"),
    ("queue.mean_jobs_in_system", "jobs", Lower, "time-average of jobs in the system", "系统内平均作业数"),
];

static JOBS: &[Leaf] = &[
    ("submitted", "jobs", Neither, "submitted in the measured window", "提交"),
    ("finished", "jobs", Higher, "finished", "完成"),
    ("rejected", "jobs", Lower, "rejected", "拒绝"),
    ("priced_out", "jobs", Lower, "priced out", "因价格放弃"),
    ("outside", "jobs", Lower, "gone to a cloud beyond the model", "转往外部云"),
    ("cancelled", "jobs", Lower, "out of patience in the queue", "取消"),
    ("unfinished", "jobs", Lower, "unfinished at the end of the run", "未完成"),
];

static DISTRIBUTION: &[Leaf] = &[
    ("count", "jobs", Neither, "jobs counted", "作业数"),
    ("mean", "s", Lower, "mean", "均值"),
    ("p50", "s", Lower, "median (nearest rank)", "中位数"),
    ("p95", "s", Lower, "95th percentile", "95 分位"),
    ("p99", "s", Lower, "99th percentile", "99 分位"),
    ("max", "s", Lower, "maximum", "最大值"),
];

static DECISION: &[Leaf] = &[
    ("count", "rounds", Neither, "rounds timed", "计时轮数"),
    ("mean", "s", Lower, "mean", "均值"),
    ("p50", "s", Lower, "median (nearest rank)", "中位数"),
    ("p95", "s", Lower, "95th percentile", "95 分位"),
    ("p99", "s", Lower, "99th percentile", "99 分位"),
    ("max", "s", Lower, "maximum", "最大值"),
];

static SLOWDOWN: &[Leaf] = &[("mean", "", Lower, "mean", "均值"), ("p95", "", Lower, "95th percentile (nearest rank)", "95 分位")];

static LATENCIES: &[Branch] = &[
    ("latency.queue_wait.", "queue wait (submission to GPUs held)", "排队等待"),
    ("latency.staging.", "staging (GPUs held to computing)", "数据准备"),
    ("latency.completion.", "completion (submission to end)", "完成时间"),
    ("latency.rtt.", "network round trip between region and site", "往返时延"),
];

static GROUP: &[Leaf] = &[
    ("gpu_hours", "GPU-hours", Neither, "held by its measured jobs", "占用卡时"),
    ("net_price_cny_per_gpu_hour", "CNY/GPU-hour", Lower, "net price", "净价"),
];

static GROUPS: &[Branch] =
    &[("by_region.NAME.", "region", "需求区域"), ("by_class.NAME.", "job class", "作业类别"), ("by_tenant.NAME.", "group of tenants", "租户组")];

static USE: &[Leaf] = &[
    ("gpus", "GPUs", Neither, "time-average of installed GPUs", "平均装机卡数"),
    ("allocated", "share", Higher, "GPU-time held ÷ installed", "占用率"),
    ("effective", "share", Higher, "GPU-time of work that was kept ÷ installed", "有效利用率"),
    ("take_up", "share", Higher, "installed nodes with a GPU held or reserved", "上架率"),
    ("staging", "share", Lower, "GPU-time waiting for data ÷ installed", "数据准备占比"),
    ("checkpointing", "share", Lower, "GPU-time writing checkpoints ÷ installed", "检查点占比"),
    ("restoring", "share", Lower, "GPU-time of restores and start overheads ÷ installed", "恢复占比"),
    ("lost", "share", Lower, "GPU-time of lost work ÷ installed", "损失占比"),
    ("reserved", "share", Neither, "GPU-time held for online services ÷ installed", "预留占比"),
    ("fragmented", "share", Lower, "GPU-time free but unusable for the head of the queue ÷ installed", "碎片占比"),
    ("of_up_time", "share", Higher, "GPU-time held ÷ GPU-time of nodes that are up", "占用率（只计在线节点）"),
    ("failures", "", Lower, "node failures", "节点故障数"),
    (
        "net_price_cny_per_gpu_hour",
        "CNY/GPU-hour",
        Lower,
        "what jobs submitted in the window pay, net, ÷ GPU-hours that these jobs held, also after its end",
        "净价",
    ),
];

static USES: &[Branch] = &[
    ("utilisation.", "all sites", "全部"),
    ("utilisation.by_site.NAME.", "site", "数据中心"),
    ("utilisation.by_chip.NAME.", "chip", "芯片"),
    ("utilisation.by_side.NAME.", "side", "东/中/西部"),
];

static TENANT_MONEY: &[Leaf] = &[
    ("charged_cny", "CNY", Lower, "charged for compute, energy, transfer, levies passed on and the outside", "应付"),
    ("subsidies_cny", "CNY", Neither, "subsidies received, directly or passed through", "获得补贴"),
    ("net_cny", "CNY", Lower, "charged less subsidies", "补贴后实付"),
];

static TENANT_MONIES: &[Branch] = &[
    ("money.tenants.", "all tenants", "全部租户"),
    ("money.by_region.NAME.", "tenants of a region", "区域租户"),
    ("money.by_tenant.NAME.", "group of tenants", "租户组"),
];

static MONEY: &[Leaf] = &[
    ("gpu_hours.held", "GPU-hours", Higher, "held within the window", "占用卡时"),
    ("gpu_hours.by_side.NAME", "GPU-hours", Neither, "held on this side", "按东中西部的卡时"),
    ("gpu_hours.east_share", "share", Neither, "GPU-hours in the east", "东部卡时占比"),
    ("gpu_hours.west_share", "share", Neither, "GPU-hours in the west", "西部卡时占比"),
    ("money.by_government.NAME", "CNY", Neither, "paid by this government", "政府支出"),
    ("money.by_site.NAME.received_cny", "CNY", Neither, "received by this site", "数据中心收入"),
    ("money.by_site.NAME.paid_cny", "CNY", Neither, "paid by this site", "数据中心支出"),
    ("money.by_site.NAME.capital_cny", "CNY", Neither, "capital written off on its GPUs", "资本折旧"),
    ("money.by_site.NAME.energy_kwh", "kWh", Lower, "metered energy", "计量电量"),
    ("money.by_site.NAME.carbon_kg.location", "kg", Lower, "carbon by location", "碳排放（按电网因子）"),
    ("money.by_site.NAME.carbon_kg.market", "kg", Lower, "carbon by contract", "碳排放（扣除合约绿电）"),
    ("money.public_cny", "CNY", Neither, "subsidies paid by governments", "公共支出"),
    ("money.public_cny_per_gpu_hour", "CNY/GPU-hour", Neither, "subsidies ÷ GPU-hours held", "每卡时公共支出"),
    ("money.levies_cny", "CNY", Neither, "levies on PUE paid by sites", "差别电价支出"),
    ("money.fines_cny", "CNY", Neither, "fines for missed shares", "罚款"),
    ("money.outside_cny", "CNY", Neither, "paid to clouds beyond the model", "外部云支出"),
    ("money.resource_cost.total_cny", "CNY", Lower, "capital, energy and transfer, whoever pays", "资源成本"),
    ("money.resource_cost.capital_cny", "CNY", Lower, "capital written off", "资本折旧"),
    ("money.resource_cost.energy_cny", "CNY", Lower, "energy at the meter", "电力成本"),
    ("money.resource_cost.transfer_cny", "CNY", Lower, "transfers", "传输成本"),
    ("subsidies.NAME.paid_cny", "CNY", Neither, "paid over the whole run", "已付补贴"),
    ("subsidies.NAME.paid_in_window_cny", "CNY", Neither, "paid for what was used in the window", "窗口内已付"),
    ("subsidies.NAME.budget_cny", "CNY", Neither, "budgets of all periods of the run", "预算"),
    ("subsidies.NAME.share_of_budget", "share", Neither, "paid or still reserved ÷ budget", "预算执行率"),
    ("subsidies.NAME.outstanding_cny", "CNY", Neither, "reserved and not yet paid at the end", "未结预留"),
    ("subsidies.NAME.released_cny", "CNY", Neither, "reserved and released without payment", "释放"),
    ("subsidies.NAME.lapsed_cny", "CNY", Neither, "unspent when its period ended", "过期未用"),
    ("subsidies.NAME.claims", "", Neither, "claims that were paid something", "获付申领数"),
    (
        "subsidies.NAME.short_claims",
        "",
        Lower,
        "claims that got less or nothing as the budget was spent",
        "因预算不足削减的申领",
    ),
    ("subsidies.NAME.caps_hit", "", Neither, "claims that a cap cut", "触及上限次数"),
    ("subsidies.NAME.cny_per_gpu_hour", "CNY/GPU-hour", Neither, "paid ÷ GPU-hours of the jobs paid for", "每卡时补贴"),
    ("subsidies.NAME.spent_on", "", Neither, "dates on which its budget was spent", "预算用尽日期"),
    ("quotas.NAME.used_gpu_hours", "GPU-hours", Neither, "charged", "配额用量"),
    ("quotas.NAME.borrowed_gpu_hours", "GPU-hours", Neither, "thereof beyond nominal", "借用卡时"),
    ("quotas.NAME.peak_gpus", "GPUs", Neither, "most GPUs held at once", "峰值卡数"),
    ("quotas.NAME.refusals", "", Lower, "starts that it refused", "被配额拒绝的启动"),
    ("quotas.NAME.reclaimed", "jobs", Lower, "jobs taken back", "被回收的作业"),
    ("quotas.NAME.overrun_gpu_hours", "GPU-hours", Lower, "beyond its cap by outlived estimates", "超限卡时"),
    ("quotas.NAME.share_met", "", Higher, "periods in which the domestic share was met", "国产化率达标期数"),
    ("quotas.NAME.share_missed", "", Lower, "periods in which it was missed", "国产化率未达标期数"),
    ("quotas.NAME.fines_cny", "CNY", Lower, "fines", "罚款"),
    ("energy_kwh", "kWh", Lower, "metered energy of all sites within the window", "总电量"),
    ("carbon_kg.location", "kg", Lower, "carbon by the grids' factors", "碳排放（按电网因子）"),
    ("carbon_kg.market", "kg", Lower, "carbon with contracted green power netted off", "碳排放（扣除合约绿电）"),
];

static GOAL: &[Leaf] =
    &[("value", "", Neither, "value", "实际值"), ("goal", "", Neither, "goal", "目标值"), ("met", "", Higher, "whether it is met", "是否达标")];

static MET: &[Leaf] = &[("met", "sites", Higher, "sites that meet it", "达标数"), ("sites", "sites", Neither, "sites judged", "评估数")];

static GOALS: &[(&str, &str, &str, &str)] = &[
    ("take_up", "take_up", "take-up ≥ 65 %", "上架率 ≥ 65%"),
    ("pue", "pue", "PUE ≤ 1.25 (west: 1.2)", "PUE ≤ 1.25（西部 1.2）"),
    ("green_share", "green_share", "green power ≥ 80 %", "绿电占比 ≥ 80%"),
    ("one_way", "one_way_s", "one-way delay to every region ≤ 20 ms", "到各区域单向时延 ≤ 20 ms"),
];

static END: &[Leaf] = &[
    ("fairness.jain_tenants", "", Higher, "Jain's index of GPU-time per weight, over tenants that submitted", "租户公平指数"),
    (
        "fairness.region_slowdown_spread",
        "",
        Lower,
        "largest ÷ least mean bounded slowdown over regions",
        "区域间减速比之比（最大÷最小）",
    ),
    ("warnings", "", Neither, "what a reader should know, each with `code` and `message`", "警告"),
    ("fingerprint", "", Neither, "hash over the run's whole event history", "运行指纹"),
    ("events", "", Neither, "events applied", "事件数"),
    ("rounds", "", Neither, "times the policy was asked", "调度轮次"),
    ("wall_s", "s", Lower, "wall-clock time of the run; not in files", "实际耗时"),
];

/// Finds what a path of a summary is, whatever names stand in it: its place in the list, and the metric under this path.
pub fn find(path: &str) -> Option<(usize, Metric)> {
    static LIST: LazyLock<Vec<Metric>> = LazyLock::new(|| [all(), paired()].concat());
    let fits = |pattern: &str| {
        let (mut pattern, mut given) = (pattern.split('.'), path.split('.'));
        loop {
            match (pattern.next(), given.next()) {
                (None, None) => return true,
                (Some(expected), Some(found)) if expected == found || expected == "NAME" => {}
                _ => return false,
            }
        }
    };
    let (place, metric) = LIST.iter().enumerate().find(|(_, metric)| fits(&metric.path))?;
    Some((place, Metric { path: path.to_owned(), ..metric.clone() }))
}

static MOVED: &[Leaf] = &[
    ("west_gpu_hours", "GPU-hours", Neither, "in the west, more than in the baseline", "西部净增卡时"),
    ("to_west_gpu_hours", "GPU-hours", Neither, "of jobs that went west", "转入西部的卡时"),
    ("from_west_gpu_hours", "GPU-hours", Neither, "of jobs that left the west", "转出西部的卡时"),
    ("new_gpu_hours", "GPU-hours", Neither, "of jobs that did not run in the baseline", "新增运行的卡时"),
    ("public_cny", "CNY", Neither, "public money for measured jobs, more than in the baseline", "公共支出增量"),
    (
        "public_cny_per_west_gpu_hour",
        "CNY/GPU-hour",
        Lower,
        "that ÷ GPU-hours moved west, net; absent if none are",
        "每转移卡时的公共支出",
    ),
    ("windfall_cny", "CNY", Lower, "thereof for jobs that ran on the same side anyway", "非额外补贴"),
    ("windfall_share", "share", Lower, "windfall ÷ public money for jobs that got more than before", "非额外补贴占比"),
    ("windfall_gpu_hours", "GPU-hours", Neither, "GPU-hours of jobs with a windfall", "非额外补贴的卡时"),
    ("gained_jobs", "jobs", Neither, "finished in both that pay less than before", "受益作业"),
    ("lost_jobs", "jobs", Neither, "finished in both that pay more than before", "受损作业"),
    ("by_region.NAME.net_cny", "CNY", Lower, "what the region's tenants pay, more than in the baseline", "区域租户实付增量"),
    (
        "by_region.NAME.completion_s",
        "s",
        Lower,
        "mean completion of its jobs that finished in both, longer than in the baseline",
        "区域完成时间增量",
    ),
];

static WARMUP: &[Leaf] = &[
    ("advised_s", "s", Neither, "what it advises to leave out from the start", "建议剔除的时长"),
    ("reliable", "", Neither, "whether it found it in the first half of the run", "是否可信"),
];

static BOUND: &[Leaf] = &[
    ("jobs", "jobs", Neither, "finished jobs that the bounds are for", "所涉作业"),
    ("net_cost_cny", "CNY", Neither, "what their tenants pay, net, at the least", "净成本"),
    ("carbon_location_kg", "kg", Neither, "their carbon by the grids' factors at the least", "碳排放（按电网因子）"),
    ("carbon_market_kg", "kg", Neither, "their carbon by contract at the least", "碳排放（扣除合约绿电）"),
    ("completion_mean_s", "s", Neither, "their mean completion at the least", "完成时间均值"),
    (
        "gap.net_cost",
        "share",
        Lower,
        "net cost above that, as a share of it; absent unless the bound is positive",
        "净成本差距",
    ),
    ("gap.carbon_location", "share", Lower, "carbon by the grids' factors above that", "碳排放（按电网因子）差距"),
    ("gap.carbon_market", "share", Lower, "carbon by contract above that", "碳排放（扣除合约绿电）差距"),
    ("gap.completion_mean", "share", Lower, "mean completion above that", "完成时间均值差距"),
];

/// What experiments add to the numbers of their runs.
static ADDED: &[(Branch, &[Leaf])] = &[
    (("warmup.", "warm-up by MSER", "预热期（MSER）"), WARMUP),
    (("moved.", "moved", "转移"), MOVED),
    (("bound.", "bound for the same jobs", "相同作业的下界"), BOUND),
];

/// Lists the metrics that only a comparison has; they stand behind all others.
pub fn paired() -> Vec<Metric> {
    let mut list = List(Vec::new());
    ADDED.iter().for_each(|(branch, leaves)| list.leaves(*branch, leaves));
    list.0
}

/// What the last word of a path may leave out when somebody names it.
const UNIT_ENDS: [&str; 4] = ["_cny", "_s", "_kwh", "_gpu_hours"];

/// Finds a metric by its path, or by its path without the unit at its end: `money.public` is `money.public_cny`.
pub fn resolve(path: &str) -> Option<Metric> {
    let with_unit = || UNIT_ENDS.iter().find_map(|end| find(&format!("{path}{end}")).filter(|(_, metric)| !metric.unit.is_empty()));
    find(path).or_else(with_unit).map(|(_, metric)| metric)
}

/// Lists every metric of a run, in the order of the summary.
pub fn all() -> Vec<Metric> {
    let mut list = List(Vec::new());
    list.leaves(("", "", ""), RUN);
    list.leaves(("jobs.", "jobs", "作业"), JOBS);
    list.leaves(("", "", ""), OUTCOMES);
    list.job_statistics(("", "", ""));
    for group in GROUPS {
        list.leaves((&format!("{}jobs.", group.0), group.1, group.2), JOBS);
        list.job_statistics(*group);
        list.leaves(*group, GROUP);
    }
    for place in USES {
        list.leaves(*place, USE);
        list.leaves((&format!("{}queue_wait.", place.0), &format!("{}, queue wait", place.1), &format!("{}排队等待", place.2)), DISTRIBUTION);
    }
    for tenants in TENANT_MONIES {
        list.leaves(*tenants, TENANT_MONEY);
    }
    list.leaves(("", "", ""), MONEY);
    for (name, field, english, chinese) in GOALS {
        list.leaves((&format!("goals.{name}."), english, chinese), MET);
        list.leaves((&format!("goals.by_site.NAME.{field}."), &format!("{english}, by site"), chinese), GOAL);
    }
    list.leaves(("", "", ""), END);
    list.leaves(
        ("decision_s.", "wall-clock time of the policy's decisions, a round each (sampled; not in files)", "调度决策耗时"),
        DECISION,
    );
    list.0
}

/// Writes the reference page of all metrics and columns as Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Metrics\n\nEvery number of `edwc run --json` by its path. Generated by `edwc metrics --markdown`. `NAME` stands for a name of the \
         scenario, or for a reason. Percentiles are nearest-rank, to three significant digits; means and maxima are exact. A number that does \
         not exist (the wait of no job) is `null`.\n\n| path | unit | better | meaning | 中文 |\n|---|---|---|---|---|\n",
    );
    rows(&mut page, &all());
    page.push_str(
        "\n# Metrics of a comparison\n\nWhat `edwc compare` adds: advice on the warm-up; how far each run is from what no policy can beat (*Bounds* in the semantics), \
         unless `--no-bounds`; and, with `--additionality`, every job of an alternative beside the same job of the baseline.\n\n\
         | path | unit | better | meaning | 中文 |\n|---|---|---|---|---|\n",
    );
    rows(&mut page, &paired());
    super::columns::reference(&mut page);
    page
}

fn rows(page: &mut String, metrics: &[Metric]) {
    for metric in metrics {
        let better = match metric.better {
            Lower => "lower",
            Higher => "higher",
            Neither => "",
        };
        page.push_str(&format!("| `{}` | {} | {better} | {} | {} |\n", metric.path, metric.unit, metric.english, metric.chinese));
    }
}

struct List(Vec<Metric>);

impl List {
    fn leaves(&mut self, (path, english, chinese): (&str, &str, &str), leaves: &[Leaf]) {
        let joined = |about: &str, own: &str, colon: &str| if about.is_empty() { own.to_owned() } else { format!("{about}{colon}{own}") };
        self.0.extend(leaves.iter().map(|&(leaf, unit, better, own_english, own_chinese)| Metric {
            path: format!("{path}{leaf}"),
            unit,
            better,
            english: joined(english, own_english, ": "),
            chinese: joined(chinese, own_chinese, "："),
        }));
    }
    fn job_statistics(&mut self, about: Branch) {
        let joined = |about: &str, own: &str, separator: &str| if about.is_empty() { own.to_owned() } else { format!("{about}{separator}{own}") };
        for (path, english, chinese) in LATENCIES {
            self.leaves((&format!("{}{path}", about.0), &joined(about.1, english, ", "), &joined(about.2, chinese, "")), DISTRIBUTION);
        }
        let path = format!("{}bounded_slowdown.", about.0);
        self.leaves((&path, &joined(about.1, "bounded slowdown", ", "), &joined(about.2, "有界减速比", "")), SLOWDOWN);
    }
}
