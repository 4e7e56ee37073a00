//! What a scenario file means once it is lowered, and how files and overrides stand upon one another.

use crate::check_format::load;
use edwc::base::{Bandwidth, Bytes, Money, Power, Ratio, Span, Time};
use edwc::diag::Look;
use edwc::model::{
    Arrivals, DayPrices, Elastic, Estimate, Gang, LevyTo, Model, OnMiss, Series, Setting, Shape, SubsidyRate, Supply, TraceFormat, TraceStart,
};
use edwc::scenario::{Options, Scenario, diff, evidence, fit, reference, schema, starter};

fn parse(lines: &str, overrides: &[&str]) -> Scenario {
    try_parse(lines, overrides).unwrap_or_else(|problems| panic!("{}", problems.render(Look::PLAIN)))
}

fn try_parse(lines: &str, overrides: &[&str]) -> Result<Scenario, edwc::diag::Diagnostics> {
    let library = |name: &str| (name == "starter.toml").then(starter);
    let overrides: Vec<String> = overrides.iter().map(|each| (*each).to_owned()).collect();
    let options = Options { without: &[], overrides: &overrides, library: Some(&library) };
    Scenario::parse("my.toml", &format!("extends = \"starter.toml\"\n{lines}\n"), &options)
}

fn example() -> Model {
    load("tests/data/scenario-format.toml").model
}

#[test]
fn clock_places_and_fleet() {
    let model = example();
    assert_eq!((model.title.as_str(), model.title_zh.as_deref()), ("Two regions, two sites, one voucher", Some("两地两中心一张算力券")));
    assert_eq!((model.horizon, model.warmup, model.seed), (Some(Span::days(28)), Span::days(7), 20_250_602));
    assert_eq!((model.drain.until_idle, model.drain.at_most), (true, Some(Span::days(60))));
    assert_eq!((model.calendar.start.to_string().as_str(), model.calendar.utc_offset_s), ("2025-06-02T00:00:00", 28_800));
    assert_eq!(model.provinces.as_slice(), ["zhejiang", "beijing", "ningxia"]);
    let zhongwei = &model.sites.as_slice()[0];
    assert_eq!(
        (zhongwei.pue, zhongwei.green_share, zhongwei.power_limit),
        (Ratio(1_150_000), Ratio(800_000), Some(Power(3_000_000_000)))
    );
    assert_eq!((zhongwei.cache, zhongwei.admission.limit, zhongwei.pool_count), (Some(Bytes(2_000_000_000_000_000)), Some(100_000), 2));
    assert_eq!(model.network.nodes[zhongwei.node].at, Some((37_510_000, 105_190_000)));
    let pool = &model.pools.as_slice()[0];
    assert_eq!((pool.price, pool.capital, pool.life), (Money(12_500_000), Money::yuan(340_000), Span::days(1825)));
    assert!(pool.metered && !model.pools.as_slice()[2].metered);
    let reserved = &model.pools.as_slice()[2].reserved_by_hour;
    assert_eq!((reserved[8], reserved[9], reserved[21], reserved[22]), (Ratio(50_000), Ratio(200_000), Ratio(200_000), Ratio(50_000)));
    let lab = &model.tenants.as_slice()[0];
    assert_eq!((lab.count, lab.affiliates.len(), model.tenant_count()), (12, 1, 16));
}

#[test]
fn energy_and_network() {
    let model = example();
    let Series::Daily(months) = &model.tariffs.as_slice()[0].prices else { panic!("a daily tariff") };
    let hour = 3_600_000_000;
    assert_eq!(
        months[0],
        DayPrices(vec![(0, 360_000), (7 * hour, 540_000), (9 * hour, 180_000), (17 * hour, 540_000), (23 * hour, 360_000)])
    );
    let Series::Daily(months) = &model.tariffs.as_slice()[1].prices else { panic!("a daily tariff") };
    assert_eq!((months[5].0.len(), months[6].0.len()), (1, 5), "the peak holds in July and August only");
    assert_eq!(model.grids.as_slice()[0].carbon, Series::constant(642_300));
    let by_hour = parse("[grid.ningxia]\nby_hour = { \"22-2\" = \"0.1 kgCO2/kWh\", \"9-17\" = \"300 gCO2/kWh\" }", &[]).model;
    let Series::Daily(months) = &by_hour.grids.iter().last().expect("two grids").carbon else { panic!("a daily grid") };
    assert_eq!(
        months[11],
        DayPrices(vec![(0, 100_000), (2 * hour, 642_300), (9 * hour, 300_000), (17 * hour, 642_300), (22 * hour, 100_000)])
    );
    let link = &model.network.links.as_slice()[0];
    assert_eq!((link.one_way, link.bandwidth, link.price), (Span(10_950), Some(Bandwidth(100_000_000_000)), Money(20_000)));
    assert_eq!(model.network.nodes[link.ends[0]].name, "hangzhou");
    assert_eq!((model.network.route_factor, model.network.default_price), (Ratio(1_400_000), Money(50_000)));
}

#[test]
fn jobs() {
    let model = example();
    let pretrain = &model.classes.as_slice()[0];
    assert_eq!(pretrain.spread_efficiency(31), Ratio(980_000));
    assert_eq!((pretrain.split_efficiency(600.0), pretrain.split_efficiency(1600.0)), (Some(Ratio(950_000)), None));
    assert_eq!((pretrain.deadline_times_work, pretrain.start_overhead), (Some(Ratio(4_000_000)), Span::seconds(10)));
    let [stream, backlog, daily, replay] = model.workloads.as_slice() else { panic!("four workloads") };
    let Arrivals::Poisson { rate, .. } = &stream.arrivals else { panic!("a Poisson process") };
    assert!((rate.mean_per_s * 86_400.0 - 12.0).abs() < 1e-12);
    let hours = rate.by_hour.expect("a profile");
    assert!((hours.iter().sum::<f64>() - 24.0).abs() < 1e-9 && hours[10] > hours[3]);
    assert_eq!(stream.gpus, Gang::Weighted(vec![(64, 0.25), (128, 0.5), (256, 0.25)]));
    let Shape::LogNormal { mu, sigma } = stream.work.shape else { panic!("a log-normal law") };
    assert!((mu - libm::log(7200.0)).abs() < 1e-12 && (sigma - libm::log(48.0) / 1.644_853_626_951_472_2).abs() < 1e-12);
    assert_eq!(stream.work.max, Some(14.0 * 86_400.0));
    let Estimate::TimesWork(factor) = &stream.estimate else { panic!("a factor of the work") };
    assert_eq!(factor.shape, Shape::Uniform { min: 1.0, max: 3.0 });
    let Some(Shape::LogNormal { mu, .. }) = stream.pays_up_to.as_ref().map(|law| law.shape.clone()) else { panic!("a log-normal law") };
    assert!((mu - libm::log(14.0)).abs() < 1e-12, "prices are in yuan");
    assert_eq!(backlog.arrivals, Arrivals::AtStart { jobs: 40 });
    let Arrivals::Poisson { rate, batch } = &daily.arrivals else { panic!("a Poisson process") };
    assert_eq!(rate.sine.map(|(amplitude, period)| ((amplitude * 3600.0).round(), period)), Some((10.0, 86_400.0)));
    assert_eq!(*batch, Gang::Weighted(vec![(1, 0.75), (4, 0.25)]));
    let Arrivals::Trace(trace) = &replay.arrivals else { panic!("a trace") };
    assert_eq!((trace.format, trace.starts_at, trace.until), (TraceFormat::Swf, TraceStart::FirstJob, Some(Span::days(28))));
    assert!(trace.path.ends_with("tests/data/traces/example.swf.gz"), "relative to the scenario's folder");
    assert_eq!(trace.class_by_gpus.iter().map(|(from, to, _)| (*from, *to)).collect::<Vec<_>>(), [(1, 8), (9, u32::MAX)]);
}

#[test]
fn elastic_jobs() {
    let elastic = |lines: &str| {
        let model = parse(&format!("[workload.training]\nelastic = {lines}"), &[]).model;
        model.workloads.iter().find(|workload| workload.name == "training").and_then(|workload| workload.elastic)
    };
    assert_eq!(elastic("{ min = 2, max = 64, serial = 0.05 }"), Some(Elastic { min: 2, max: 64, serial: Ratio(50_000) }));
    let sizes = elastic("{ min = 2, max = 64 }").expect("sizes");
    // The size that is asked for is always among them; and without a serial share, speed goes with GPUs.
    assert_eq!((sizes.around(1).min, sizes.around(128).max), (1, 128));
    assert_eq!((sizes.speed(4, 8), sizes.speed(8, 8), sizes.speed(24, 8)), (Ratio(500_000), Ratio::ONE, Ratio(3_000_000)));
    // Amdahl: with a tenth that stays, twice as many are 1 ÷ 0.55 times as fast.
    assert_eq!(Elastic { serial: Ratio(100_000), ..sizes }.speed(16, 8), Ratio(1_818_181));
    let problems = try_parse("[workload.training]\nelastic = { min = 8, max = 4 }", &[]).expect_err("no size is both");
    assert!(
        problems.plain(Look::LIMIT).contains("the most GPUs, 4, are fewer than the fewest, 8"),
        "{}",
        problems.plain(Look::LIMIT)
    );
}

#[test]
fn rules_and_money() {
    let model = example();
    let hangzhou = &model.quotas.as_slice()[1];
    let limits = hangzhou.gpus.as_slice()[0].expect("a limit");
    assert_eq!((limits.nominal, limits.borrowing_limit, limits.lending_limit), (400, Some(200), Some(100)));
    assert_eq!(hangzhou.gpu_hours.map(|cap| cap.at_most), Some(250_000 * 3_600_000_000));
    assert!(!model.quotas.as_slice()[0].has_matcher && hangzhou.has_matcher);
    assert_eq!(model.quotas.as_slice()[2].energy.map(|cap| cap.at_most), Some(1_500_000 * 3_600_000_000));
    assert_eq!(model.quotas.as_slice()[3].domestic.map(|share| share.on_miss), Some(OnMiss::Report));
    let access = &model.access.as_slice()[0];
    assert_eq!((access.supply, access.users.pools.is_none(), access.chips.iter().count()), (Some(1840), true, 1));
    let voucher = &model.subsidies.as_slice()[0];
    assert_eq!(
        voucher.valid,
        (None, Some(Time(213 * 86_400_000_000))),
        "the last day is inside; what begins before the start has no beginning"
    );
    let SubsidyRate::Tiers(tiers) = &voucher.rate else { panic!("tiers") };
    assert_eq!(tiers.iter().map(|tier| tier.rate).collect::<Vec<_>>(), [Ratio(300_000), Ratio(200_000)]);
    assert_eq!(
        tiers[0].matcher.pools.as_ref().map(|pools| pools.iter().map(|pool| model.pool_name(pool)).collect()),
        Some(vec!["zhongwei.domestic".to_owned()])
    );
    let Supply::Pools(pools) = &voucher.supply else { panic!("a list of sites") };
    assert_eq!(pools.iter().count(), 3);
    assert_eq!(voucher.budget.as_ref().map(|budget| budget.amount), Some(Money::yuan(250_000_000)));
    assert_eq!(voucher.matcher.affiliated, Some(false));
    let power = &model.subsidies.as_slice()[1];
    assert_eq!((power.matcher.site_domestic_share, power.pass_through), (Some((Ratio::ONE, Ratio::ONE)), Ratio(500_000)));
    let levy = &model.levies.as_slice()[0];
    assert_eq!((levy.to, levy.pue), (LevyTo::Grid, Ratio(1_350_000)));
    assert_eq!(levy.bands, [(Ratio(0), Ratio::ONE, Money(200_000)), (Ratio::ONE, Ratio(u64::MAX), Money(500_000))]);
    let [random, script] = model.failures.as_slice() else { panic!("two failure processes") };
    assert_eq!(random.mtbf.map(|mtbf| (mtbf.time, mtbf.per_gpu)), Some((Span::hours(50_700), true)));
    assert_eq!(script.outages.first().map(|outage| (outage.at, outage.lasts)), Some((Time(5 * 3_600_000_000), Span::hours(1))));
}

#[test]
fn a_change_replaces_what_its_values_mean() {
    let model = example();
    let [change] = model.changes.as_slice() else { panic!("one change") };
    assert_eq!(change.at, Time(14 * 86_400_000_000));
    let [Setting::Pool(pool, nodes), Setting::Subsidy(subsidy, voucher)] = change.settings.as_slice() else { panic!("{:?}", change.settings) };
    assert_eq!((model.pool_name(*pool).as_str(), nodes.nodes, nodes.price), ("zhongwei.domestic", 204, Money(5_500_000)));
    assert_eq!(model.subsidies[*subsidy].name, "hangzhou");
    assert_eq!(voucher.budget.as_ref().map(|budget| budget.amount), Some(Money::yuan(200_000_000)));
    // A later change stands on the earlier one, whatever their order in the file.
    let lines = "[[change]]\nat = \"3 d\"\nset = { site.zhongwei.pue = 1.4 }\n[[change]]\nat = \"2 d\"\nset = { site.zhongwei.green_share = 0.5 }";
    let model = parse(lines, &[]).model;
    let sites: Vec<_> = model.changes.iter().flat_map(|change| &change.settings).collect();
    let [Setting::Site(_, first), Setting::Site(_, second)] = sites.as_slice() else { panic!("{sites:?}") };
    assert_eq!((first.pue, first.green_share), (Ratio(1_150_000), Ratio(500_000)));
    assert_eq!((second.pue, second.green_share), (Ratio(1_400_000), Ratio(500_000)));
}

#[test]
fn a_change_of_what_cannot_change_is_refused() {
    for (set, words) in [
        ("site.zhongwei.province = \"gansu\"", "`site.zhongwei.province` cannot change during a run"),
        ("site.zhongwei.pool.imported.chip = \"ascend910b\"", "`site.zhongwei.pool.imported.chip` cannot change"),
        ("policy.order = \"sjf\"", "`policy.order` cannot change"),
        ("tenant.lab.count = 3", "`tenant.lab.count` cannot change"),
        ("site.zhongwai.pue = 1.2", "nothing is at `site.zhongwai`; did you mean `zhongwei`?"),
        ("site.zhongwei.pue = 0.2", "site.zhongwei.pue: 0.2 is out of range"),
        ("tariff.new = { flat = \"1 CNY/kWh\" }", "the change adds or takes away something"),
    ] {
        let problems = try_parse(&format!("[[change]]\nat = 2025-06-05\nset = {{ {set} }}"), &[]).expect_err(set);
        assert!(problems.plain(20).contains(words), "{set}: {}", problems.plain(20));
    }
}

#[test]
fn overrides_win_and_say_where_they_stand() {
    let scenario = parse(
        "[site.zhongwei]\npue = 1.3",
        &["site.zhongwei.pue=1.2", "scenario.title=Another", "subsidy.hangzhou.rate.0.rate=0.4", "workload.training.arrivals.rate=10 /d"],
    );
    assert_eq!(scenario.model.sites.as_slice()[1].pue, Ratio(1_200_000));
    assert_eq!(scenario.model.title, "Another");
    let SubsidyRate::Tiers(tiers) = &scenario.model.subsidies.as_slice()[0].rate else { panic!("tiers") };
    assert_eq!(tiers.iter().map(|tier| tier.rate).collect::<Vec<_>>(), [Ratio(400_000), Ratio(200_000)]);
    for (argument, words) in [
        ("site.zhongwei.pue=0.5", "--set:1:19: site.zhongwei.pue: 0.5 is out of range"),
        ("site.zhongwei.peu=1.5", "--set:1:15: site.zhongwei.peu: unknown key `peu`; did you mean `pue`?"),
        ("site.zhongwai.pue=1.5", "--set:1:6: --set: nothing is at `site.zhongwai`; did you mean `zhongwei`?"),
        ("site.zhongwei.cache=1 Gb", "site.zhongwei.cache: `Gb` counts bits"),
        ("pue", "`pue` sets nothing"),
        ("=1", "`=1` sets nothing"),
        ("a b=1", "`a b=1` has no path before its `=`"),
    ] {
        let problems = try_parse("", &[argument]).expect_err(argument);
        assert!(problems.plain(20).contains(words) && problems.exit_code() == 3, "{argument}: {}", problems.plain(20));
    }
}

#[test]
fn a_file_stands_on_another() {
    let merged = parse(
        "without = [\"subsidy.hangzhou\", \"evidence\"]\n[workload.training]\nwork = { dist = \"exponential\", mean = \"2 h\" }",
        &[],
    )
    .model;
    assert!(merged.subsidies.is_empty());
    let Shape::Exponential { mean } = merged.workloads.as_slice()[0].work.shape else { panic!("the law is replaced whole") };
    assert_eq!((mean, merged.workloads.as_slice()[0].work.max), (7200.0, None));
    assert_eq!(merged.workloads.len(), 2, "what the file does not name stays");
}

#[test]
fn the_digest_is_of_the_meaning() {
    let base = parse("", &[]).digest;
    let same = ["[subsidy.hangzhou.budget]\namount = \"250万元\"", "[scenario]\nwarmup = \"24 h\"", "[site.zhongwei]\npue = 1.150"];
    let other = ["[subsidy.hangzhou.budget]\namount = \"250.1万元\"", "[scenario]\nseed = 2", "[quota]\nempty = {}"];
    assert!(same.iter().all(|lines| parse(lines, &[]).digest == base));
    assert!(other.iter().all(|lines| parse(lines, &[]).digest != base));
    let mut sections: Vec<_> = starter().split("\n[").collect();
    let head = sections.remove(0);
    sections.sort_unstable();
    let reordered = format!("{head}\n[{}", sections.join("\n["));
    let reordered = Scenario::parse("x", &reordered, &Options::default()).expect("the order of sections is free");
    assert_eq!(reordered.digest, Scenario::parse("y", starter(), &Options::default()).expect("right").digest);
}

#[test]
fn differences_are_told_by_path_in_one_form() {
    let old = parse("", &[]);
    let new = parse(
        "without = [\"evidence.site\"]\n[subsidy.hangzhou.budget]\namount = \"200万元\"\n[scenario]\nwarmup = \"24 h\"\n[data]\nlogs = { stays = \"home-city\" }",
        &[],
    );
    let shown: Vec<_> = diff(&old.document, &new.document).into_iter().map(|each| (each.path, each.old, each.new)).collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        shown,
        [
            ("data.logs.stays".to_owned(), None, text("\"home-city\"")),
            ("evidence.site.mark".to_owned(), text("\"assumed\""), None),
            ("subsidy.hangzhou.budget.amount".to_owned(), text("2500000 CNY"), text("2000000 CNY")),
        ]
    );
}

#[test]
fn evidence_covers_what_is_below_its_path() {
    let scenario = load("tests/data/scenario-format.toml");
    let inputs = evidence(&scenario.document);
    let mark =
        |path: &str| inputs.iter().find(|input| input.path == path).map(|input| (input.mark.as_deref(), input.sources.first().map(String::as_str)));
    assert_eq!(mark("site.zhongwei.pue"), Some((Some("assumed"), None)));
    assert_eq!(mark("grid.ningxia.carbon"), Some((Some("found"), Some("S76: MEE provincial grid factors 2022, public copy"))));
    assert_eq!(mark("subsidy.hangzhou.rate[0].rate").map(|(mark, _)| mark), Some(Some("found")));
    assert_eq!(mark("site.yrd.pue"), Some((None, None)));
    let count = &scenario.model.evidence;
    assert_eq!((count.inputs, count.assumed), (inputs.len(), 1));
    assert_eq!(count.unmarked, inputs.iter().filter(|input| input.mark.is_none()).count());
}

#[test]
fn evidence_does_not_vouch_for_what_was_changed_since() {
    const FOUND: &str = "[subsidy.hangzhou.budget]\namount = \"2M CNY\"\n[evidence]\n\"subsidy.hangzhou\" = { mark = \"found\" }";
    let of = |scenario: &Scenario, path: &str| {
        let inputs = evidence(&scenario.document);
        let input = inputs.into_iter().find(|input| input.path == path).expect("the input is there");
        (input.mark, input.lost)
    };
    let (found, assumed, amount) = (Some("found".to_owned()), Some("assumed".to_owned()), "subsidy.hangzhou.budget.amount");
    assert_eq!(of(&parse(FOUND, &[]), amount), (found.clone(), None));
    let set = parse(FOUND, &["subsidy.hangzhou.budget.amount=1M CNY"]);
    assert_eq!(of(&set, amount), (None, found.clone()), "an override is not what was found");
    assert_eq!(of(&set, "subsidy.hangzhou.rate[1].rate"), (found, None), "the rest is");
    let above = parse("[subsidy.hangzhou.budget]\namount = \"2M CNY\"", &[]);
    assert_eq!(of(&above, amount), (None, assumed), "nor is what a nearer file says");
    assert_eq!(above.model.evidence.unmarked, 1);
}

#[test]
fn an_item_of_a_list_is_set_as_messages_write_it() {
    let rate = |scenario: &Scenario| scenario.document.at("subsidy.hangzhou.rate[0].rate").map(|node| format!("{:?}", node.value));
    let set = parse("", &["subsidy.hangzhou.rate[0].rate=0.9"]);
    assert_eq!(rate(&set), rate(&parse("", &["subsidy.hangzhou.rate.0.rate=0.9"])));
    assert_ne!(rate(&set), rate(&parse("", &[])));
}

#[test]
fn fit_counts_pools_and_sites() {
    let model = parse("[workload.training]\ngpus = { values = [8, 150], weights = [1, 1] }", &[]).model;
    let rows: Vec<_> =
        fit(&model).into_iter().filter(|fit| fit.workload.0 == 0).map(|fit| (fit.gpus, fit.pools_with_chip, fit.pools, fit.sites)).collect();
    // 144 and 192 imported GPUs, 96 and 144 domestic ones
    assert_eq!(rows, [(8, 4, 4, 2), (150, 4, 1, 1)]);
}

#[test]
fn the_schema_and_the_reference_know_every_key() {
    let schema = schema();
    let text = schema.to_string();
    let definitions = schema["$defs"].as_object().expect("definitions");
    for reference in text.split("\"$ref\":\"#/$defs/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(definitions.contains_key(reference), "{reference}");
    }
    let described =
        |object: &serde_json::Value| object["properties"].as_object().is_some_and(|keys| keys.values().all(|key| key["description"].is_string()));
    assert!(described(&schema) && described(&definitions["site"]) && described(&definitions["subsidy"]));
    let page = reference();
    for words in [
        "## Site\n",
        "| `pue` | a number from 1 to 100 | 1.0 | metered power ÷ IT power |",
        "## Laws",
        "| an amount of money | `\"2.5M CNY\"`, `\"2.5亿元\"` |",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(page.lines().filter(|line| line.starts_with("| `")).all(|line| line.matches(" | ").count() >= 2));
}

#[test]
fn a_policy_of_the_command_line_keeps_what_only_the_file_says() {
    use edwc::scenario::choose_policy;
    let file = parse("[policy]\npreset = \"sjf+nearest\"\norder = \"fifo\"\nstage = \"at-submit\"", &[]).model.policy;
    let names = |choice: &edwc::model::PolicyChoice| choice.parts.iter().map(|part| part.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&file), ["fifo", "at-submit", "cheapest", "easy"], "the keys of the file win over a preset");
    let chosen = choose_policy("smallest+greenest", &file).expect("a policy");
    assert_eq!((names(&chosen), chosen.stage_at_submit), (vec!["smallest".to_owned(), "greenest".to_owned()], true));
    for (text, code) in [("smalest", "E0204"), ("fifo+sjf", "E0206"), ("fifo(x=1)", "E0205"), ("", "E0205")] {
        assert_eq!(choose_policy(text, &file).map_err(|fault| fault.code.name()), Err(code), "{text}");
    }
}
