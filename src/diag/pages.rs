//! The catalogue: every code with its page. The examples stand on top of the starter scenario of `edwc init`.
//!
//! `E00` files and syntax, `E01` values, `E02` names, `E03` meaning, `E05` limits on resources, `E06` reading; `W0` form, `W1` what a
//! run would show.

use super::catalogue::Example::{File, Lines, Words};
use super::catalogue::{Code, Page, declare_pages};

declare_pages! {
    NOT_REGULAR "E0002" "not a regular file":
        "A scenario is read from a regular file. A directory, a pipe or a device is refused before anything is read from it, so that no command hangs."
        wrong Words("edwc check /dev/zero"), right Words("edwc check scenarios/quickstart.toml");
    TOO_LARGE "E0003" "the file is too large":
        "A scenario has at most 64 MiB. Long series and traces belong in files of their own, which a scenario names."
        wrong Words("a scenario of 100 MiB, with a million jobs in it"), right Words("a scenario that names its jobs: trace = { file = \"jobs.csv.gz\", format = \"csv\" }");
    NOT_UTF8 "E0004" "not UTF-8":
        "Scenarios are UTF-8 text; a byte order mark and Windows line ends are accepted. The byte at which the text breaks is named."
        wrong Words("a file saved as GBK, Latin-1 or UTF-16"), right Lines("[scenario]\ntitle = \"中卫\"");
    CONTROL_CHARACTER "E0005" "a control character in the text":
        "A NUL or another control character has no place in a scenario: most often the file is binary."
        wrong File("format = 1\u{0}\n"), right File("format = 1\n");
    TOO_DEEP "E0006" "nested too deeply":
        "Brackets and dotted keys nest at most 64 deep."
        wrong File("x = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["), right Lines("[workload.training]\ngpus = { values = [8, 16], weights = [5, 3] }");
    SYNTAX "E0007" "not TOML":
        "The text breaks a rule of TOML: a quote or a bracket that is not closed, a key without a value."
        wrong File("[scenario\nseed = 7\n"), right Lines("[scenario]\nseed = 7");
    DUPLICATE_KEY "E0008" "the same key twice":
        "A key stands once in its table; which of two would count is never guessed. Both lines are named."
        wrong File("[scenario]\nseed = 7\nseed = 8\n"), right Lines("[scenario]\nseed = 8");
    EMPTY_FILE "E0009" "the file is empty":
        "There is nothing in the file but blanks and comments. `edwc init FILE` writes a scenario to start from."
        wrong File("# nothing\n"), right Lines("[scenario]\nseed = 7");
    EXTENDS_CYCLE "E0010" "files extend each other in a circle":
        "A file that extends itself, also by way of others, has no beginning. The circle is printed."
        wrong Words("a.toml: extends = \"b.toml\"    b.toml: extends = \"a.toml\""), right Words("a.toml: extends = \"b.toml\"    b.toml: extends = \"c.toml\"    c.toml: extends nothing");
    EXTENDS_DEPTH "E0011" "files extend each other too deeply":
        "At most 32 files stand upon one another."
        wrong Words("a chain of 33 files with `extends`"), right Words("a chain of 32 files with `extends`");
    NEWER_FORMAT "E0012" "a format that this edwc does not know":
        "The number of the format is raised when an older edwc would misread a file. This edwc reads format 1."
        wrong Lines("format = 2"), right Lines("format = 1");
    BAD_OVERRIDE "E0013" "an override that cannot be applied":
        "`--set PATH=VALUE`, `without` and a change name a value by its path; the path must lead through tables, and `without` must meet something. A value is written as in a file; a lone word is taken as a string."
        wrong Lines("without = [\"subsidy.nobody\"]"), right Lines("without = [\"subsidy.hangzhou\"]");
    UNKNOWN_KEY "E0101" "unknown key":
        "No key has this name here; it is never ignored, because a slip would silently change the result."
        wrong Lines("[scenario]\nsede = 7"), right Lines("[scenario]\nseed = 7");
    MISSING_KEY "E0102" "a key is missing":
        "The value has no default that could stand in for it."
        wrong Lines("[chip]\nb200 = { origin = \"imported\", pflops = 2.25, memory = \"180 GB\", idle = \"140 W\" }"),
        right Lines("[chip]\nb200 = { origin = \"imported\", pflops = 2.25, memory = \"180 GB\", idle = \"140 W\", busy = \"1 kW\" }");
    WRONG_TYPE "E0103" "another kind of value is needed":
        "A string, a number, a list or a table stands where another of them is needed."
        wrong Lines("[scenario]\ntitle = 7"), right Lines("[scenario]\ntitle = \"Seven\"");
    UNKNOWN_WORD "E0104" "not one of the words":
        "Only the listed words are allowed here."
        wrong Lines("[data]\nweb = { stays = \"home\" }"), right Lines("[data]\nweb = { stays = \"home-city\" }");
    NOT_FINITE "E0105" "not a finite number":
        "`nan` and `inf` are TOML, but no input of a simulation."
        wrong Lines("[site.zhongwei]\npue = nan"), right Lines("[site.zhongwei]\npue = 1.2");
    OUT_OF_RANGE "E0106" "out of range":
        "The number is smaller or larger than what makes sense here."
        wrong Lines("[site.zhongwei]\npue = 0.9"), right Lines("[site.zhongwei]\npue = 1.2");
    NOT_A_SHARE "E0107" "not a share":
        "A share is a number from 0 to 1: 30 % is 0.3."
        wrong Lines("[site.zhongwei]\ngreen_share = 80"), right Lines("[site.zhongwei]\ngreen_share = 0.8");
    NOT_AN_INTEGER "E0108" "not an integer":
        "Counts are whole numbers, written without a point and without an exponent (`10`, not `1e1`)."
        wrong Lines("[site.zhongwei.pool.imported]\nnodes = 2.5"), right Lines("[site.zhongwei.pool.imported]\nnodes = 2");
    OVERFLOW "E0109" "too large to count":
        "The number does not fit the counter that holds it; it is refused rather than wrapped around."
        wrong Lines("[site.zhongwei.pool.imported]\nnodes = 18446744073709551616"), right Lines("[site.zhongwei.pool.imported]\nnodes = 1000000");
    UNKNOWN_UNIT "E0110" "not a unit that is accepted here":
        "The unit is unknown, or it measures something else. The accepted ones are listed; their case counts."
        wrong Lines("[class.training]\none_way_max = \"50 parsec\""), right Lines("[class.training]\none_way_max = \"50 ms\"");
    AMBIGUOUS_UNIT "E0111" "a unit that could mean two things":
        "`m` could be minutes, metres or months."
        wrong Lines("[class.training.checkpoint]\ncost = \"5 m\""), right Lines("[class.training.checkpoint]\ncost = \"5 min\"");
    BITS_AND_BYTES "E0112" "bits where bytes are needed, or bytes where bits are":
        "Bandwidth is in bits per second (`Gbps`), data in bytes (`GB`). One is never taken for the other: 10 GB/s are 80 Gbps."
        wrong Lines("[network.default]\nbandwidth = \"10 GBps\""), right Lines("[network.default]\nbandwidth = \"80 Gbps\"");
    DECIMAL_COMMA "E0113" "a comma in a number":
        "The decimal sign is a point, and thousands are not separated: `1,5` could be read as 1.5 or as 15."
        wrong Lines("[class.training.checkpoint]\ncost = \"1,5 h\""), right Lines("[class.training.checkpoint]\ncost = \"1.5 h\"");
    NOT_A_QUANTITY "E0114" "not a quantity":
        "A quantity is a number and a unit; a length of time may have several (`1 h 30 min`)."
        wrong Lines("[scenario]\nwarmup = \"soon\""), right Lines("[scenario]\nwarmup = \"12 h\"");
    NOT_A_DATE "E0115" "not a date":
        "Dates are written bare, as `2025-06-02` or `2025-06-02T08:00:00+08:00`; the offset, if given, must be the scenario's own. Leap seconds and named time zones are not accepted."
        wrong Lines("[scenario]\nstart = \"2 June 2025\""), right Lines("[scenario]\nstart = 2025-06-02");
    BAD_NAME "E0116" "not a name":
        "A name has letters (of any script), digits, `-` and `_`, and at most 100 of them; it neither is nor begins with what a file system treats specially."
        wrong Lines("[data]\n\"a/b\" = { stays = \"anywhere\" }"), right Lines("[data]\na-b = { stays = \"anywhere\" }");
    BARE_NUMBER "E0117" "a bare number where a unit is needed":
        "A quantity carries its unit, in a string: `50` could be milliseconds or hours, yuan or fen."
        wrong Lines("[subsidy.hangzhou.budget]\namount = 2.5"), right Lines("[subsidy.hangzhou.budget]\namount = \"2.5M CNY\"");
    NOT_A_PLACE "E0118" "not a place on the map":
        "A place is latitude and longitude in degrees: `37.51 N, 105.19 E`."
        wrong Lines("[region.beijing]\nat = \"39.90, 116.40\""), right Lines("[region.beijing]\nat = \"39.90 N, 116.40 E\"");
    NOT_A_RANGE "E0119" "not a range":
        "Hours are written `7-9` (over midnight: `22-6`), sizes `1-8` or `9-`, excess `0..100%` or `100%..`, thresholds `nodes_8` or `km_500`."
        wrong Lines("[tariff.ningxia]\npeak = { price = \"0.54 CNY/kWh\", hours = [\"7-25\"] }"),
        right Lines("[tariff.ningxia]\npeak = { price = \"0.54 CNY/kWh\", hours = [\"17-23\"] }");
    UNKNOWN_NAME "E0203" "no such thing":
        "A value refers to something by its name, and nothing has this name. The known names are listed."
        wrong Lines("[site.zhongwei]\ntariff = \"ningxai\""), right Lines("[site.zhongwei]\ntariff = \"ningxia\"");
    UNKNOWN_PART "E0204" "no such part of a policy":
        "A policy is put together from parts by their names: `fifo+cheapest+easy`. `edwc policies` lists them."
        wrong Lines("[policy]\norder = \"fifi\""), right Lines("[policy]\norder = \"fifo\"");
    BAD_PARAMETER "E0205" "a parameter that the part does not take":
        "Parameters stand in brackets after the part, each with its value: `weighted(delay=1,money=2)`."
        wrong Lines("[policy]\norder = \"fifo(speed=2)\""), right Lines("[policy]\norder = \"fifo\"");
    SAME_PART_TWICE "E0206" "two parts of one kind":
        "A policy has one part of each kind: one order, one placement, one backfilling, one preemption."
        wrong Words("--policy fifo+sjf"), right Words("--policy sjf+cheapest");
    MISPLACED_PART "E0207" "a part of a policy where it cannot work":
        "A site with a `scheduler` of its own gets its jobs when they are submitted and decides on them alone: nobody binds them later, and it searches no other site."
        wrong Lines("[site.zhongwei]\nscheduler = \"fifo+global\""), right Lines("[site.zhongwei]\nscheduler = \"fifo+easy\"");
    SHARES "E0301" "shares that do not add up to one":
        "Shares of a whole must sum to 1 (within 10^-9); they are never silently scaled."
        wrong Lines("[workload.training]\ntenants = { startup = 0.6, lab = 0.5 }"), right Lines("[workload.training]\ntenants = { startup = 0.6, lab = 0.4 }");
    TIME_ORDER "E0302" "times in the wrong order":
        "A beginning lies before its end: the warm-up before the horizon, `from` before `to`."
        wrong Lines("[scenario]\nwarmup = \"30 d\""), right Lines("[scenario]\nwarmup = \"1 d\"");
    LAW_DOMAIN "E0303" "a law outside of its domain":
        "The parameters describe no distribution: a quantile below another, a variance that is zero, a mean that does not exist."
        wrong Lines("[workload.training]\nwork = { dist = \"pareto\", mean = \"2 h\", alpha = 0.9 }"), right Lines("[workload.training]\nwork = { dist = \"pareto\", mean = \"2 h\", alpha = 1.9 }");
    QUOTA_CYCLE "E0304" "quotas that are each other's parent":
        "Quotas form a tree: going from parent to parent must come to an end."
        wrong Lines("[quota]\na = { parent = \"b\" }\nb = { parent = \"a\" }"), right Lines("[quota]\na = { parent = \"b\" }\nb = { }");
    WOULD_LOOP "E0305" "a period of zero":
        "Something that repeats every zero seconds would never let time go on."
        wrong Lines("[class.training.checkpoint]\nevery = \"0 s\""), right Lines("[class.training.checkpoint]\nevery = \"30 min\"");
    FIXED "E0306" "a change of what cannot change during a run":
        "While a run goes on, numbers of sites, pools, tariffs, grids, links, outside clouds, quotas, chip access, subsidies, levies and workloads may change. What things are, where they are and what exists cannot; nor can governments, regions, chips, data, classes, tenants, failures and the policy."
        wrong Lines("[[change]]\nat = 2025-06-05\nset = { site.zhongwei.province = \"gansu\" }"), right Lines("[[change]]\nat = 2025-06-05\nset = { site.zhongwei.pue = 1.3 }");
    OVERLAP "E0307" "hours that overlap":
        "An hour has one price, a size one class: which of two would count is never guessed."
        wrong Lines("[tariff.ningxia]\npeak = { price = \"0.54 CNY/kWh\", hours = [\"7-10\"] }\nvalley = { price = \"0.18 CNY/kWh\", hours = [\"9-17\"] }"),
        right Lines("[tariff.ningxia]\npeak = { price = \"0.54 CNY/kWh\", hours = [\"7-9\"] }\nvalley = { price = \"0.18 CNY/kWh\", hours = [\"9-17\"] }");
    SERIES "E0308" "a series with a hole, an overlap or a row that is no number":
        "A series of prices or carbon covers the run without a hole: columns `at` (dates or lengths of time) or `hour`, and `value`."
        wrong Words("at,value\n2025-06-02T00:00,0.36\n2025-06-02T00:00,0.40"), right Words("at,value\n2025-06-02T00:00,0.36\n2025-06-02T01:00,0.40");
    KEYS_TOGETHER "E0310" "keys that do not go together":
        "Some keys say the same thing in different words, and exactly one of them is needed; some need another beside them."
        wrong Lines("[workload.training]\nwork = { dist = \"lognormal\", p50 = \"1 h\", scv = 2.0 }"), right Lines("[workload.training]\nwork = { dist = \"lognormal\", mean = \"1 h\", scv = 2.0 }");
    BAD_PATH "E0312" "a path that leads to nothing":
        "An entry of evidence stands for the value at its path and for all below it; nothing is there."
        wrong Lines("[evidence]\n\"site.zhongwai.pue\" = { mark = \"assumed\" }"), right Lines("[evidence]\n\"site.zhongwei.pue\" = { mark = \"assumed\" }");
    BAD_LINK "E0313" "a link that joins nothing":
        "A link has two different ends, each the name of one region, site or exchange; `region.NAME`, `site.NAME` or `exchange.NAME` tells apart those that share a name."
        wrong Lines("[network.link]\na = { ends = [\"beijing\", \"beijing\"], one_way = \"1 ms\" }"), right Lines("[network.link]\na = { ends = [\"beijing\", \"zhongwei\"], one_way = \"6 ms\" }");
    NOTHING_THERE "E0314" "a scenario without what a run needs":
        "A run needs a region, a chip, a site with a pool, a class, a tenant and a workload."
        wrong Lines("without = [\"workload\"]"), right Lines("without = [\"workload.training\"]");
    TOO_MUCH "E0501" "more than memory can hold":
        "The run would need more memory than the limit of 16 GiB; it is refused before anything is allocated."
        wrong Lines("[tenant.startup]\ncount = 4000000000"), right Lines("[tenant.startup]\ncount = 4000");
    UNREADABLE "E0601" "a file that cannot be read":
        "The file does not exist, or the system refuses to read it."
        wrong Words("edwc check no-such-file.toml"), right Words("edwc check scenarios/quickstart.toml");
    FORMAT_MISSING "W001" "the number of the format is missing":
        "The file is read as format 1, the first. Write it down: a later edwc may otherwise read the file differently."
        wrong File("[scenario]\nseed = 7\n"), right Lines("format = 1");
    NEAR_DUPLICATE "W002" "two names that look alike":
        "The names differ only in case or in how an accent is encoded (NFC, NFD); most often one was meant."
        wrong Lines("[data]\nWeb = { stays = \"anywhere\" }"), right Lines("[data]\nlogs = { stays = \"anywhere\" }");
    UNUSUAL_PROVINCE "W003" "a province that is nearly one of China's":
        "Rules match provinces by name, and a slip would match nothing. Names that resemble none of the 34, also made-up ones, are taken as they are."
        wrong Lines("[site.small]\nprovince = \"ninxia\"\nside = \"west\"\ntariff = \"ningxia\"\ngrid = \"ningxia\"\n[site.small.pool]\nimported = { chip = \"h100\", nodes = 1, gpus_per_node = 8, price = \"12 CNY/GPU-h\" }"),
        right Lines("[site.small]\nprovince = \"gansu\"\nside = \"west\"\ntariff = \"ningxia\"\ngrid = \"ningxia\"\n[site.small.pool]\nimported = { chip = \"h100\", nodes = 1, gpus_per_node = 8, price = \"12 CNY/GPU-h\" }");
    OVERLOADED "W101" "more work than the sites can do":
        "The mean of the offered work is above what all sites can do: queues grow as long as jobs arrive, and means over the window say more about its length than about the policy."
        wrong Lines("[workload.training]\narrivals = { process = \"poisson\", rate = \"40000 /d\" }"), right Lines("[workload.training]\narrivals = { process = \"poisson\", rate = \"40 /d\" }");
    NO_POOL "W102" "jobs that fit no pool":
        "No pool has the chips, or enough of them, for jobs of this class: they are rejected as they come."
        wrong Lines("[workload.training]\ngpus = 100000"), right Lines("[workload.training]\ngpus = 8");
    NO_WAY "W103" "jobs that can reach no site":
        "From this region no site is within the limits of the class on delay, or where the data may be."
        wrong Lines("[class.training]\none_way_max = \"1 us\""), right Lines("[class.training]\none_way_max = \"50 ms\"");
    NO_PROGRESS "W104" "checkpoints that cost more than failures leave":
        "A gang fails about as often as one checkpoint takes, so that it hardly gets on. The run is bounded by `drain`."
        wrong Lines("[failure.all]\nmtbf = { per = \"gpu\", time = \"20 min\" }\nrepair = \"1 min\""), right Lines("[failure.all]\nmtbf = { per = \"gpu\", time = \"50000 h\" }\nrepair = \"1 h\"");
    CHILDREN_EXCEED "W105" "children that are promised more than their parent has":
        "The nominal GPUs of the children sum to more than the parent's own: they cannot all use theirs at once."
        wrong Lines("[quota]\nall = { gpus = { h100 = { nominal = 8 } } }\na = { parent = \"all\", gpus = { h100 = { nominal = 16 } } }"), right Lines("[quota]\nall = { gpus = { h100 = { nominal = 16 } } }\na = { parent = \"all\", gpus = { h100 = { nominal = 16 } } }");
    PAYS_NOBODY "W106" "a subsidy that can pay nobody":
        "No tenant, class and pool of the scenario meet its conditions together, or it is not valid at any time of the run."
        wrong Lines("[subsidy.hangzhou]\nvalid = { from = 2020-01-01, to = 2021-12-31 }"), right Lines("[subsidy.hangzhou]\nvalid = { from = 2025-01-01, to = 2026-12-31 }");
    FEW_SITES "W117" "much work that fits few sites":
        "More than 5 % of the offered GPU-hours come in gangs that fit fewer than three sites: a policy has little to choose. `edwc check --fit` shows which."
        wrong Lines("[workload.training]\ngpus = 128\n[site.small]\nprovince = \"gansu\"\nside = \"west\"\ntariff = \"ningxia\"\ngrid = \"ningxia\"\n[site.small.pool]\nimported = { chip = \"h100\", nodes = 1, gpus_per_node = 8, price = \"12 CNY/GPU-h\" }"),
        right Lines("[workload.training]\ngpus = 8\n[site.small]\nprovince = \"gansu\"\nside = \"west\"\ntariff = \"ningxia\"\ngrid = \"ningxia\"\n[site.small.pool]\nimported = { chip = \"h100\", nodes = 1, gpus_per_node = 8, price = \"12 CNY/GPU-h\" }");
}
