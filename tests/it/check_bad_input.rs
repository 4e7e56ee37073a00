//! Bad scenario files: each gets a clear answer, all at once, and nothing panics or hangs.
//!
//! The rows are those of the list of bad inputs that the project was given (section 4.1); each names the line that a person must read.

#![expect(clippy::disallowed_types, reason = "an answer must come at once, by the clock of the wall")]

use edwc::diag::{Diagnostics, Look};
use edwc::scenario::{Options, Scenario, starter};
use proptest::prelude::*;
use std::time::{Duration, Instant};

/// Checks lines on top of the starter; returns what is said, one line each.
fn say(lines: &str) -> (String, u8) {
    let library = |name: &str| (name == "starter.toml").then(starter);
    let text = format!("extends = \"starter.toml\"\n{lines}\n");
    said(Scenario::parse("my.toml", &text, &Options { library: Some(&library), ..Options::default() }))
}

fn said(result: Result<Scenario, Diagnostics>) -> (String, u8) {
    let diagnostics = result.map_or_else(|problems| problems, |scenario| scenario.diagnostics());
    (diagnostics.plain(Look::LIMIT), diagnostics.exit_code())
}

/// Asserts that each text yields the exit code and a line with the words.
fn check(row: u32, code: u8, cases: &[(&str, &str)]) {
    for (lines, words) in cases {
        let start = Instant::now();
        let (text, exit) = say(lines);
        assert!(text.contains(words), "row {row}: {lines}\nis answered by\n{text}and not by\n{words}");
        assert_eq!(exit, code, "row {row}: {lines}\n{text}");
        // A guard against hanging, wide enough for a busy machine and an unoptimised build.
        assert!(start.elapsed() < Duration::from_secs(30), "row {row}: {lines} took {:?}", start.elapsed());
    }
}

#[test]
fn numbers() {
    check(
        1,
        3,
        &[
            (
                "[site.zhongwei.pool.imported]\nnodes = nan",
                "my.toml:3:9: site.zhongwei.pool.imported.nodes: `nan` is not a finite number; write a finite number of at least 0",
            ),
            ("[site.zhongwei]\npue = inf", "site.zhongwei.pue: `inf` is not a finite number"),
            ("[site.zhongwei]\ngreen_share = -inf", "`-inf` is not a finite number"),
            ("[chip.h100]\nidle = nan", "chip.h100.idle: `nan` is not a finite number"),
            ("[chip.h100]\nidle = \"nan W\"", "`nan W` is not a finite number"),
        ],
    );
    check(
        2,
        3,
        &[
            ("[site.zhongwei.pool.imported]\nnodes = -1", "-1 is out of range; write an integer from 0"),
            ("[network.default]\nbandwidth = \"-1 Gbps\"", "`-1 Gbps` is negative"),
            ("[site.zhongwei.pool.imported]\nprice = \"-1 CNY/GPU-h\"", "`-1 CNY/GPU-h` is negative"),
            ("[subsidy.hangzhou.budget]\namount = \"-5 CNY\"", "`-5 CNY` is negative"),
            ("[failure.all]\nmtbf = \"-5 h\"\nrepair = \"1 h\"", "`-5 h` is negative"),
            ("[network.default]\nbandwidth = \"0 Gbps\"", "a bandwidth of zero"),
        ],
    );
    check(
        4,
        3,
        &[
            ("[site.zhongwei.pool.imported]\nnodes = 2.5", "`2.5` where an integer is needed"),
            ("[workload.training]\ngpus = 1e1", "`1e1` where an integer is needed"),
        ],
    );
    check(
        5,
        3,
        &[
            ("[site.zhongwei.pool.imported]\nnodes = 18446744073709551616", "18446744073709551616 is too large to count"),
            (
                "[site.zhongwei.pool.imported]\nnodes = 99999999999999999999999999999999999999999999",
                "the number is too large to count",
            ),
            ("[site.zhongwei]\npue = 1e400", "`1e400` is too large to count"),
            ("[subsidy.hangzhou.budget]\namount = \"99999999999999亿元\"", "too large to count"),
            ("[scenario]\nhorizon = \"1000000 y\"", "too large to count"),
        ],
    );
    check(15, 3, &[("[subsidy.hangzhou]\nrate = 30", "subsidy.hangzhou.rate: 30 is not a share; write a number 0..1")]);
    check(
        28,
        3,
        &[
            ("[scenario]\nseed = -1", "-1 is out of range"),
            ("[scenario]\nseed = 18446744073709551616", "too large to count"),
            ("[scenario]\nseed = \"seven\"", "a string where an integer is needed"),
        ],
    );
}

#[test]
fn sizes_that_no_memory_holds_answer_at_once() {
    check(3, 0, &[("[site.zhongwei.pool]\nimported.nodes = 0\ndomestic.nodes = 0", "")]);
    check(
        3,
        0,
        &[(
            "[site.zhongwei.pool]\nimported.nodes = 0\ndomestic.nodes = 0\n[site.jiaxing.pool]\nimported.nodes = 0\ndomestic.nodes = 0",
            "warning: no pool holds gangs of 8, 16, 32 of the class `training`: these jobs are never eligible",
        )],
    );
    let many: String = (0..1000)
        .map(|n| format!("[site.s{n}]\nprovince = \"p\"\nside = \"west\"\ntariff = \"ningxia\"\ngrid = \"ningxia\"\npool.a = {{ chip = \"h100\", nodes = 125000000, gpus_per_node = 8, price = \"1 CNY/GPU-h\" }}\n"))
        .collect();
    check(6, 0, &[(&many, "")]);
    check(
        7,
        5,
        &[
            ("[tenant.startup]\ncount = 1000000000", "1000000000 tenants need about 239 GB; the limit is 16 GB"),
            (
                "[workload.training]\narrivals = { process = \"at-start\", jobs = 4000000000 }",
                "4000000000 jobs at once need about 1908 GB; the limit is 16 GB",
            ),
        ],
    );
}

#[test]
fn carbon_by_the_hour() {
    let grid = "[grid.ningxia]\nby_hour = { \"22-2\" = \"0.1 kgCO2/kWh\", \"1-3\" = \"0.2 kgCO2/kWh\" }";
    check(10, 3, &[(grid, "the hour from 1 to 2 has two factors; write each hour once")]);
    let beside = "[grid.ningxia]\nseries = \"x.csv\"\nby_hour = { \"1-3\" = \"0.2 kgCO2/kWh\" }";
    check(10, 3, &[(beside, "a grid needs one carbon intensity; give `carbon`, with or without `by_hour`, or a `series`")]);
    check(10, 3, &[("[grid.ningxia]\nby_hour = { \"1-3\" = 0.2 }", "a bare number where a carbon intensity is needed")]);
}

#[test]
fn schedulers_of_sites() {
    check(
        10,
        3,
        &[
            ("[site.zhongwei]\nscheduler = \"fifo+eazy\"", "no policy part is named `eazy`; did you mean `easy`?"),
            ("[site.zhongwei]\nscheduler = \"fifo+sjf\"", "`fifo` and `sjf` are both of kind `order`"),
            ("[site.zhongwei]\nscheduler = \"fifo+global\"", "`global` searches all sites; the scheduler of a site has its own"),
        ],
    );
    check(
        10,
        3,
        &[
            (
                "[site.zhongwei]\nscheduler = \"fifo\"\n[policy]\nbind = \"at-start\"",
                "`at-start` binds jobs when they start; the site `zhongwei` has a",
            ),
            ("[site.zhongwei]\nscheduler = \"\"", "`` is not a policy: it is empty"),
        ],
    );
}

#[test]
fn keys_names_and_references() {
    check(8, 3, &[("[workload.training]\ngpu = 8", "my.toml:3:1: workload.training.gpu: unknown key `gpu`; did you mean `gpus`?")]);
    check(
        10,
        3,
        &[
            (
                "[network.link]\na = { ends = [\"beijing\", \"zhongwai\"], one_way = \"5 ms\" }",
                "network.link.a.ends[1]: no region, site or exchange is named `zhongwai`; did you mean `zhongwei`?; known: `hangzhou`",
            ),
            ("[site.zhongwei]\ngrid = \"nowhere\"", "no grid is named `nowhere`; known: `zhejiang`, `ningxia`"),
            ("[subsidy.hangzhou]\nsupply = [\"zhongwai\"]", "no site is named `zhongwai`; did you mean `zhongwei`?"),
            ("[subsidy.hangzhou]\nfor = { site.province = [\"ningxa\"] }", "no province is named `ningxa`; did you mean `ningxia`?"),
            ("[policy]\nplace = \"cheepest\"", "no policy part is named `cheepest`; did you mean `cheapest`?"),
            ("[policy]\nplace = \"fifo\"", "`fifo` is a part of the kind `order`, not `place`"),
        ],
    );
    check(
        12,
        3,
        &[(
            "[quota]\na = { parent = \"b\" }\nb = { parent = \"c\" }\nc = { parent = \"a\" }",
            "quotas are each other's parent: `a` under `b` under `c` under `a`",
        )],
    );
    check(12, 3, &[("[quota]\na = { parent = \"a\" }", "`a` under `a`")]);
    check(
        12,
        0,
        &[(
            "[quota]\nall = { gpus = { h100 = 8 } }\na = { parent = \"all\", gpus = { h100 = 16 } }",
            "quota.all.gpus.h100: warning: the children of `all` have 16 h100 together, and it has 8",
        )],
    );
    let long = format!("[data]\n{} = {{ stays = \"anywhere\" }}", "x".repeat(10 << 20));
    check(
        26,
        3,
        &[
            (&long, "the name has more than 100 characters"),
            ("[data]\n\"\" = { stays = \"anywhere\" }", "the name is empty"),
            ("[data]\n\"a/b\" = { stays = \"anywhere\" }", "the character `/` in the name `a/b`"),
            ("[data]\n\"..\" = { stays = \"anywhere\" }", "the character `.` in the name"),
            ("[data]\n\"a\\u0000b\" = { stays = \"anywhere\" }", "the character `\\x00` in the name"),
            ("[data]\n\"a\\nb\" = { stays = \"anywhere\" }", "the character `\\n` in the name"),
            ("[data]\n\"a\\u202Eb\" = { stays = \"anywhere\" }", "the character `\\u{202e}` in the name"),
            ("[data]\n\"\\u001b[31m\" = { stays = \"anywhere\" }", "the character `\\x1b` in the name"),
            ("[data]\nCON = { stays = \"anywhere\" }", "`CON` is a device on some systems"),
            ("[data]\n\"dot.\" = { stays = \"anywhere\" }", "the character `.` in the name"),
        ],
    );
}

#[test]
fn a_key_that_stands_twice_is_named_with_both_lines() {
    for (text, words) in [
        (
            "format = 1\n[scenario]\nseed = 7\nseed = 8\n",
            "my.toml:4:1: seed: the key `seed` stands twice; it stands here first at my.toml:3:1",
        ),
        (
            "format = 1\n[site.a]\npue = 1.1\n[site.b]\n[site.a]\npue = 1.2\n",
            "my.toml:5:7: a: the key `a` stands twice; it stands here first at my.toml:2:1",
        ),
        (
            "[grid]\na = { carbon = \"1 kgCO2/kWh\" }\na = { carbon = \"2 kgCO2/kWh\" }\n",
            "my.toml:3:1: a: the key `a` stands twice; it stands here first at my.toml:2:1",
        ),
    ] {
        let (said, exit) = said(Scenario::parse("my.toml", text, &Options::default()));
        assert!(said.contains(words) && exit == 3, "{said}");
    }
    check(
        9,
        0,
        &[
            ("[data]\nWeb = { stays = \"anywhere\" }", "data.Web: warning: `Web` and `web` differ only in case"),
            (
                "[data]\n\"caf\u{e9}\" = { stays = \"anywhere\" }\n\"cafe\u{301}\" = { stays = \"anywhere\" }",
                "differ only in case or in how an accent is encoded",
            ),
        ],
    );
}

#[test]
fn units_and_shares() {
    check(
        14,
        3,
        &[
            ("[class.training]\none_way_max = 50", "a bare number where a length of time is needed; write the unit: `\"30 ms\"`"),
            ("[class.training]\none_way_max = \"50 parsec\"", "`parsec` is not a unit of length of time here; accepted units: `us`"),
            ("[network.default]\nbandwidth = \"10 GBps\"", "`GBps` counts bytes, and a bandwidth is in bits per second"),
            ("[class.training.checkpoint]\nsize_per_gpu = \"4 Gb\"", "`Gb` counts bits, and data is in bytes"),
            ("[class.training.checkpoint]\ncost = \"1,5 h\"", "a comma in the number `1,5`; write `1.5`"),
            ("[class.training.checkpoint]\ncost = \"5 m\"", "`m` could be minutes, metres or months; write `min`"),
            (
                "[subsidy.hangzhou.budget]\namount = 2.5",
                "a bare number where an amount of money is needed; write the unit: `\"2.5M CNY\"`, `\"2.5亿元\"`",
            ),
        ],
    );
    check(
        16,
        3,
        &[
            ("[workload.training]\ntenants = { startup = 0.6, lab = 0.399 }", "the shares of the tenants sum to 0.999"),
            ("[workload.training]\ntenants = { startup = 0.6, lab = 0.6 }", "the shares of the tenants sum to 1.2"),
            ("[subsidy.hangzhou]\npayer = { hangzhou = 0.5 }", "the shares of the payers sum to 0.5"),
            (
                "[workload.training]\nwork = { dist = \"hyperexponential\", branches = [{ share = 0.5, mean = \"1 h\" }, { share = 0.4, mean = \"2 h\" }] }",
                "the shares of the branches sum to 0.9",
            ),
        ],
    );
}

#[test]
fn times_and_dates() {
    check(
        17,
        3,
        &[
            ("[subsidy.hangzhou]\nvalid = { from = 2025-12-31, to = 2025-01-01 }", "`to` is before `from`"),
            ("[scenario]\nhorizon = \"0 d\"", "a horizon of zero"),
            ("[scenario]\nhorizon = \"-1 d\"", "`-1 d` is negative"),
            ("[scenario]\nwarmup = \"8 d\"", "the warm-up is not before the horizon"),
            ("[access.h100]\nfor = { chip.id = [\"h100\"] }\nfrom = 2026-01-01\nuntil = 2025-12-01", "`until` is not after `from`"),
        ],
    );
    check(
        18,
        3,
        &[
            ("[scenario]\nstart = \"2025-06-02T00:00:00 Asia/Shanghai\"", "is not a date; write a date without quotes"),
            ("[scenario]\nstart = 2025-06-30T23:59:60Z", "is a leap second"),
            ("[scenario]\nstart = 2100-02-29", ""),
            ("[scenario]\nstart = 08:00:00", "has no date"),
        ],
    );
    check(
        21,
        3,
        &[("[class.training.checkpoint]\nevery = \"0 s\"", "checkpoints every zero seconds would never let the job go on")],
    );
    check(21, 0, &[("[workload.training]\nwork = \"0 s\"\npatience = \"0 s\"\ndataset = { data = \"web\", size = \"0 B\" }", "")]);
}

#[test]
fn laws() {
    let work = |law: &str| format!("[workload.training]\nwork = {{ {law} }}");
    for (law, words) in [
        ("dist = \"lognormal\", mean = \"1 h\", scv = 0.0", "workload.training.work.scv: 0 is out of range"),
        ("dist = \"lognormal\", mean = \"1 h\", scv = -1.0", "workload.training.work.scv: -1 is out of range"),
        ("dist = \"lognormal\", p50 = \"2 h\", p95 = \"1 h\"", "workload.training.work.p95: `p95` is not above `p50`"),
        ("dist = \"weibull\", shape = 0.0, scale = \"1 h\"", "workload.training.work.shape: 0 is out of range"),
        (
            "dist = \"pareto\", alpha = 1.0, mean = \"1 h\"",
            "workload.training.work.alpha: a Pareto law with `alpha` of at most 1 has no mean",
        ),
        ("dist = \"hyperexponential\", mean = \"1 h\", scv = 0.5", "workload.training.work.scv: 0.5 is out of range"),
        ("dist = \"empirical\", values = []", "workload.training.work.values: no values to draw from"),
        ("dist = \"exponential\", mean = \"0 h\"", "workload.training.work.mean: `mean` is zero"),
        ("dist = \"uniform\", min = \"2 h\", max = \"1 h\"", "workload.training.work.min: `min` is above `max`"),
        ("dist = \"exponential\", mean = \"1 h\", min = \"100 h\"", "`min` and `max` keep only 0.0 % of the law"),
        ("dist = \"lognormal\", p50 = \"1 h\", mu = 3.0", "`p50`, `mu` do not give a lognormal law; give `p50` and `p95`, or"),
        ("dist = \"lognorm\", p50 = \"1 h\"", "`lognorm` is not one of the words; did you mean `lognormal`?"),
    ] {
        check(19, 3, &[(&work(law), words)]);
    }
    check(
        19,
        3,
        &[("[workload.training]\npatience = { mean = \"1 h\" }", "the law at `workload.training.patience` has no `dist`")],
    );
}

#[test]
fn what_would_run_badly_is_a_warning() {
    check(
        13,
        0,
        &[(
            "[class.training]\none_way_max = \"1 us\"",
            "warning: jobs from `hangzhou` can reach no site: none is within the limits of the class `training` on delay",
        )],
    );
    check(
        20,
        0,
        &[(
            "[workload.training]\narrivals = { process = \"poisson\", rate = \"840 /d\" }",
            "> capacity: queues grow as long as jobs arrive",
        )],
    );
    check(
        22,
        0,
        &[(
            "[failure.all]\nmtbf = { per = \"gpu\", time = \"15 min\" }\nrepair = \"1 min\"",
            "fail every 28 s, and a checkpoint costs 40 s: they are expected to be",
        )],
    );
    check(27, 3, &[("format = 2", "format 2 needs a newer edwc than")]);
    let (said, exit) = said(Scenario::parse("my.toml", &starter().replace("format = 1\n", ""), &Options::default()));
    assert!(said.contains("warning: the number of the format is missing") && exit == 0, "{said}");
}

#[test]
fn extends_has_an_end() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file for the test");
    let load = |name: &str| said(Scenario::load(&folder.path().join(name), &Options::default()));
    write("self.toml", "format = 1\nextends = \"self.toml\"\n");
    write("a.toml", "format = 1\nextends = \"b.toml\"\n");
    write("b.toml", "format = 1\nextends = \"a.toml\"\n");
    for n in 0..100 {
        write(&format!("{n}.toml"), &format!("format = 1\nextends = \"{}.toml\"\n", n + 1));
    }
    for (name, words, code) in [
        ("self.toml", "files extend each other in a circle: `self.toml` extends `self.toml`", 3),
        ("a.toml", "files extend each other in a circle: `a.toml` extends `b.toml` extends `a.toml`", 3),
        ("0.toml", "more than 32 files stand upon one another", 3),
        ("100.toml", "cannot read the file: there is no such file", 6),
    ] {
        let (text, exit) = load(name);
        assert!(text.contains(words) && exit == code, "{name}: {text}");
    }
}

#[test]
fn what_is_no_text_is_refused() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().join("x.toml");
    for (bytes, words) in [
        (&b""[..], "the file is empty"),
        (b"# nothing\n\n  # more of it\n", "the file is empty"),
        (b"format = 1\0\n", "a NUL byte at byte 10"),
        (b"format = 1\x07\n", "the control character `\\x07` at byte 10"),
        (b"title = \"caf\xe9\"\n", "not UTF-8 at byte 12"),
        (b"title = \"\xed\xa0\x80\"\n", "not UTF-8 at byte 9"),
        (b"\xff\xfef\0o\0", "not UTF-8 at byte 0"),
        (b"\x7fELF\x02\x01\x01\0\xff\xfe", "not UTF-8 at byte 8"),
    ] {
        std::fs::write(&path, bytes).expect("a file for the test");
        let (text, exit) = said(Scenario::load(&path, &Options::default()));
        assert!(text.contains(words) && exit == 3, "{bytes:?}: {text}");
    }
    for marked in [format!("\u{feff}{}", starter()), starter().replace('\n', "\r\n"), starter().replace("    ", "\t")] {
        std::fs::write(&path, marked).expect("a file for the test");
        let (text, exit) = said(Scenario::load(&path, &Options::default()));
        assert!(text.is_empty() && exit == 0, "{text}");
    }
    std::fs::write(&path, format!("# {}\n", "x".repeat(65 << 20))).expect("a file for the test");
    let (text, exit) = said(Scenario::load(&path, &Options::default()));
    assert!(text.contains("the file has more than 64 MiB") && exit == 3, "{text}");
    let (text, exit) = said(Scenario::load(folder.path(), &Options::default()));
    assert!(text.contains("not a regular file: it is a directory") && exit == 3, "{text}");
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_refused_without_waiting() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
    assert!(made.success());
    for path in [pipe.as_path(), std::path::Path::new("/dev/zero"), std::path::Path::new("/dev/null")] {
        let (text, exit) = said(Scenario::load(path, &Options::default()));
        assert!(text.contains("not a regular file: it is a pipe or a device") && exit == 3, "{text}");
    }
}

#[test]
fn deep_nesting_cannot_overflow_the_stack() {
    for text in [
        format!("x = {}{}\n", "[".repeat(100_000), "]".repeat(100_000)),
        format!("x = {}\n", "[".repeat(100_000)),
        format!("x = {}\n", "{ a = ".repeat(100_000)),
        format!("[{}]\n", vec!["a"; 100_000].join(".")),
        format!("{} = 1\n", vec!["a"; 100_000].join(".")),
    ] {
        let (said, exit) = said(Scenario::parse("my.toml", &text, &Options::default()));
        assert!(said.contains("nested more than 64 deep") && exit == 3, "{}", &said[..said.len().min(300)]);
    }
}

#[test]
fn the_first_twenty_of_many_errors_are_shown_and_the_rest_counted() {
    let text: String =
        std::iter::once("format = 1\n[data]\n".to_owned()).chain((0..5000).map(|n| format!("d{n} = {{ stays = \"home\" }}\n"))).collect();
    let problems = Scenario::parse("my.toml", &text, &Options::default()).expect_err("the words are wrong");
    assert_eq!(problems.list.len(), 5000);
    for text in [problems.plain(Look::LIMIT), problems.render(Look::PLAIN)] {
        assert!(text.ends_with("\n4,980 more\n"), "{}", &text[text.len() - 100..]);
    }
    assert_eq!(problems.plain(Look::LIMIT).lines().count(), 21);
    assert_eq!(problems.plain(usize::MAX).lines().count(), 5000);
}

#[test]
fn several_errors_are_told_at_once_in_the_order_of_the_file() {
    let (text, _) = say("[scenario]\nsede = 1\n[site.zhongwei]\npue = 0.5\ngrid = \"x\"\n[workload.training]\ntenants = { startup = 0.5 }");
    let lines: Vec<_> = text.lines().map(|line| line.split(": ").nth(1).unwrap_or_default()).collect();
    assert_eq!(lines, ["scenario.sede", "site.zhongwei.pue", "site.zhongwei.grid", "workload.training.tenants"], "{text}");
}

/// Values that are wrong nearly everywhere.
const ODD: [&str; 12] = [
    "-1",
    "nan",
    "1e400",
    "99999999999999999999",
    "\"\"",
    "\"x\"",
    "\"0 s\"",
    "[]",
    "{}",
    "true",
    "2025-02-30",
    "[{ a = [1, { b = \"\\u0001\" }] }]",
];

#[test]
fn no_value_makes_the_checks_panic() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scenario-format.toml");
    let whole = Scenario::load(&path, &Options::default()).expect("the example is right");
    let mut paths = Vec::new();
    gather("", &whole.document.root, &mut paths);
    for (number, path_of) in paths.iter().enumerate() {
        // Each path meets two of the odd values, neighbours different ones.
        for odd in [ODD[number % ODD.len()], ODD[(number * 5 + 3) % ODD.len()]] {
            let overrides = [format!("{path_of}={odd}")];
            let _ = said(Scenario::load(&path, &Options { overrides: &overrides, ..Options::default() }));
        }
    }
    assert!(paths.len() > 300, "{}", paths.len());
}

fn gather(path: &str, node: &edwc::scenario::Node, paths: &mut Vec<String>) {
    use edwc::scenario::Value;
    let below = |key: &str| if path.is_empty() { format!("{key:?}") } else { format!("{path}.{key:?}") };
    if !path.is_empty() {
        paths.push(path.to_owned());
    }
    match &node.value {
        Value::Table(table) => table.iter().for_each(|(key, node)| gather(&below(key), node, paths)),
        Value::List(items) => items.iter().enumerate().for_each(|(index, node)| gather(&below(&index.to_string()), node, paths)),
        _ => {}
    }
}

#[test]
fn no_broken_file_makes_the_checks_panic() {
    let text = include_str!("../data/scenario-format.toml");
    let lines: Vec<_> = text.lines().collect();
    for skipped in 0..lines.len() {
        let without: Vec<_> = lines.iter().enumerate().filter(|(number, _)| *number != skipped).map(|(_, line)| *line).collect();
        let _ = said(Scenario::parse("my.toml", &without.join("\n"), &Options::default()));
    }
    for cut in (0..text.len()).step_by(37).filter(|cut| text.is_char_boundary(*cut)) {
        let _ = said(Scenario::parse("my.toml", &text[..cut], &Options::default()));
        let _ = said(Scenario::parse("my.toml", &text[cut..], &Options::default()));
    }
}

/// What stands where something else should.
const WORDS: [&str; 20] = [
    "=",
    "\"",
    "[",
    "]",
    "{",
    "}",
    "[[",
    "\n",
    "\r",
    "\0",
    "\u{202e}",
    "nan",
    "-1",
    "1e999",
    "9223372036854775808",
    "\"1e300 y\"",
    "1979-99-99",
    "\"\"\"",
    "#",
    ".",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Parts of the file that shows every key are lost, doubled, or replaced by what means something to the parser; and none of it takes long.
    #[test]
    fn no_damaged_file_makes_the_checks_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..80, any::<prop::sample::Index>(), 0..4), 1..8),
    ) {
        let mut text: Vec<char> = include_str!("../data/scenario-format.toml").chars().collect();
        for (at, length, other, kind) in damage {
            let at = at.index(text.len());
            let to = (at + length).min(text.len());
            let part = text[at..to].to_vec();
            let word: Vec<char> = WORDS[other.index(WORDS.len())].chars().collect();
            match kind {
                0 => drop(text.drain(at..to)),
                1 => drop(text.splice(at..at, part)),
                2 => {
                    let there = other.index(text.len());
                    drop(text.splice(there..there, part));
                }
                _ => drop(text.splice(at..at, word)),
            }
        }
        let begin = Instant::now();
        let _ = said(Scenario::parse("my.toml", &text.into_iter().collect::<String>(), &Options::default()));
        prop_assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    }
}
