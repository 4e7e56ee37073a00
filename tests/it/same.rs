//! Comparisons at a level that is the same for all alternatives: `edwc compare --same`, and paths with `*`.

use crate::experiments::files;
use crate::program::{Said, edwc, folder, run, told};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Two vouchers that differ in where they may be spent, beside no voucher and a small one.
const SCENES: [(&str, &str); 4] = [
    (
        "none.toml",
        "without = [\"subsidy.hangzhou\", 'evidence.\"subsidy.hangzhou\"']\n[scenario]\nhorizon = \"2 d\"\n[evidence]\n",
    ),
    ("home.toml", "[scenario]\nhorizon = \"2 d\"\n[subsidy.hangzhou]\nrate = 0.3\nbudget.amount = \"400M CNY\"\n"),
    (
        "abroad.toml",
        "[scenario]\nhorizon = \"2 d\"\n[subsidy.hangzhou]\nrate = 0.3\nbudget.amount = \"400M CNY\"\nsupply = \"anywhere\"\n",
    ),
    ("small.toml", "[scenario]\nhorizon = \"2 d\"\n[subsidy.hangzhou]\nrate = 0.01\nbudget.amount = \"400M CNY\"\n"),
];
const COMPARE: &[&str] = &["compare", "none.toml", "home.toml", "abroad.toml", "small.toml", "-r", "3"];
const SAME: &[&str] = &["--same", "money.public = 3k CNY ± 5%", "--find", "subsidy.*.rate=0..0.9", "--exempt", "small"];

fn scenes() -> tempfile::TempDir {
    let folder = folder();
    for (name, text) in SCENES {
        fs::write(folder.path().join(name), format!("format = 1\nextends = \"quickstart\"\n{text}")).expect("it can be written");
    }
    folder
}

fn compared(place: &Path, more: &[&str]) -> Said {
    let said = run(place, &[COMPARE, SAME, more].concat());
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    said
}

fn json(place: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run(place, arguments).out).expect("it is JSON")
}

fn mean(json: &Value, alternative: &str) -> f64 {
    json["metrics"]["money.public_cny"]["alternatives"][alternative]["mean"].as_f64().expect("there is a mean")
}

#[test]
fn alternatives_are_compared_where_they_cost_the_same() {
    let place = scenes();
    let all = json(place.path(), &[COMPARE, SAME, &["--json", "-q"]].concat());
    let of = |name: &str| all["same"]["alternatives"][name].clone();
    for name in ["home", "abroad"] {
        let (found, realised) = (of(name), mean(&all, name));
        assert!(found["met"] == true && (realised - 3e3).abs() <= 150.0, "{name}: {realised} {found}");
        assert_eq!(found["mean"].as_f64(), Some(realised), "what was sought is what was compared");
        assert!(
            found["half_width"].as_f64().expect("an interval") > 0.0 && found["tried"].as_array().expect("the way").len() <= 10,
            "{found}"
        );
        let set = format!("subsidy.*.rate={}", found["value"].as_str().expect("a value"));
        let alone = json(place.path(), &["compare", &format!("{name}.toml"), "-r", "3", "-q", "--json", "--seed", "20250602", "--set", &set]);
        assert_eq!(mean(&alone, "base"), realised, "{name} alone is as it is among the others");
    }
    assert_ne!(of("home")["value"], of("abroad")["value"]);
    assert_eq!((of("none")["as_it_is"].as_str(), of("small")["as_it_is"].as_str()), (Some("no such key"), Some("exempt")));
    assert!(mean(&all, "none") == 0.0 && mean(&all, "small") < 1e3);
    let settings = &all["alternatives"][1]["settings"];
    assert_eq!(settings[0], serde_json::json!(["subsidy.*.rate", of("home")["value"]]));
    let paired = json(place.path(), &[COMPARE, SAME, &["--json", "-q", "--additionality"]].concat());
    assert_eq!(mean(&paired, "home"), mean(&all, "home"));
    assert!(paired["metrics"]["moved.west_gpu_hours"]["alternatives"]["abroad"]["mean"].is_number());
}

#[test]
fn what_was_found_is_told_and_fits_the_terminal() {
    let place = scenes();
    let said = compared(place.path(), &[]);
    let row = |name: &str| said.out.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} has a row\n{}", said.out));
    assert!(row("home").contains(" met, ") && row("home").contains('±') && row("small").contains("as it is: exempt"), "{}", said.out);
    assert!(row("none ").contains("as it is: no such key"), "{}", said.out);
    assert!(said.out.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= 100), "{}", said.out);
    assert!(said.err.contains("home: subsidy.*.rate = 0.3 gives "), "the search starts where the file stands\n{}", said.err);
    let markdown = compared(place.path(), &["--markdown", "-q"]).out;
    assert!(markdown.contains("| home | ") && markdown.contains(" | met, "), "{markdown}");
}

#[test]
fn what_cannot_cost_as_much_is_compared_at_the_nearest_and_ends_with_1() {
    let place = scenes();
    let same = ["--same", "money.public = 65M CNY", "--find", "subsidy.*.rate=0..0.9", "--exempt", "small", "-q"];
    let said = run(place.path(), &[COMPARE, &same].concat());
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.out.contains("NOT met, the nearest") && said.out.contains("home does not meet it: "), "{}", said.out);
    assert!(said.err.contains("the target was not met by `home`, `abroad`"), "{}", said.err);
    let json = json(place.path(), &[COMPARE, &same, &["--json"]].concat());
    let home = &json["same"]["alternatives"]["home"];
    assert!(
        home["met"] == false && home["value"] == "0.9" && home["why"].as_str().is_some_and(|why| why.contains("need not lie")),
        "{home}"
    );
}

#[test]
fn what_has_no_key_or_no_name_is_refused_before_anything_runs() {
    let place = scenes();
    let refused = |same: &[&str], code: i32, words: &str| {
        let said = run(place.path(), &[COMPARE, same, &["--out", "never"]].concat());
        assert_eq!((said.code, said.out.as_str()), (Some(code), ""), "{}", said.err);
        assert!(said.err.contains(words) && !place.path().join("never").exists(), "{}", said.err);
    };
    let target = "money.public = 3k CNY";
    refused(&["--same", target, "--find", "subsidy.*.rat=0..0.9"], 3, "did you mean `rate`?");
    refused(&["--same", target, "--find", "subsidy.*.rate=0..0.9", "--exempt", "smal"], 2, "no alternative is named `smal`");
    refused(&["--same", target, "--find", "subsidy.*.rate=0..7"], 3, "rate");
    refused(&["--same", target], 2, "--find");
}

#[test]
fn threads_do_not_show_and_what_was_killed_goes_on_to_the_same_bytes() {
    let place = scenes();
    let start = Instant::now();
    let one = compared(place.path(), &["--threads", "1", "--out", "one"]);
    let whole_ms = start.elapsed().as_millis() as u64;
    let two = compared(place.path(), &["--threads", "2", "--out", "two"]);
    assert_eq!(one.out, two.out);
    let whole = files(&place.path().join("one"));
    assert!(whole == files(&place.path().join("two")), "the number of threads shows");
    assert!(whole.keys().any(|name| name.starts_with("search/001-home/at-0.3/runs/")), "{:?}", whole.keys());
    for share in [1, 3, 6] {
        let mut child = edwc(place.path(), &[COMPARE, SAME, &["--out", "killed", "-q"]].concat()).spawn().expect("edwc starts");
        sleep(Duration::from_millis(whole_ms * share / 8));
        child.kill().expect("it can be killed, or has ended");
        child.wait().expect("it ends");
    }
    let killed = compared(place.path(), &["--out", "killed"]);
    assert!(killed.out == one.out && files(&place.path().join("killed")) == whole, "after three kills the bytes differ");
    let again = compared(place.path(), &["--out", "one"]);
    assert!(again.out == one.out && !again.err.contains(" of 3: "), "nothing is run twice\n{}", again.err);
    let other = run(
        place.path(),
        &[COMPARE, &["--same", "money.public = 2k CNY", "--find", "subsidy.*.rate=0..0.9", "--out", "one"]].concat(),
    );
    assert!(other.code == Some(2) && other.err.contains("settled by another `--same`"), "{}", other.err);
    assert!(files(&place.path().join("one")) == whole, "what was refused changes nothing");
}

#[test]
fn a_star_means_all_keys_that_match() {
    let place = folder();
    let print = |more: &[&str]| told(&[&["run", "quickstart", "--json", "-q", "--set", "scenario.horizon=2 d"], more].concat());
    let fingerprint = |text: String| serde_json::from_str::<Value>(&text).expect("it is JSON")["fingerprint"].clone();
    let star = fingerprint(print(&["--set", "site.*.pool.*.nodes=9"]));
    let nodes = [("jiaxing", "domestic"), ("jiaxing", "imported"), ("zhongwei", "domestic"), ("zhongwei", "imported")];
    let each: Vec<String> = nodes.iter().map(|(site, pool)| format!("site.{site}.pool.{pool}.nodes=9")).collect();
    let each: Vec<&str> = each.iter().flat_map(|set| ["--set", set.as_str()]).collect();
    assert_eq!(star, fingerprint(print(&each)));
    let said = run(place.path(), &["run", "quickstart", "--set", "sites.*.pue=1.1"]);
    assert!(
        said.code == Some(3) && said.err.contains("nothing matches `sites.*.pue`") && said.err.contains("did you mean `site`?"),
        "{}",
        said.err
    );
    let swept = json(
        place.path(),
        &["sweep", "quickstart", "-r", "1", "-q", "--json", "--vary", "site.*.pool.*.nodes=9,12", "--set", "scenario.horizon=2 d"],
    );
    assert_eq!(swept["alternatives"][1]["settings"], serde_json::json!([["site.*.pool.*.nodes", "12"]]));
    let find = ["--find", "site.*.pool.*.nodes=4..40", "--so-that", "latency.queue_wait.mean = 10 min ± 5 min", "--set", "scenario.horizon=2 d"];
    let found = json(place.path(), &[&["solve", "quickstart", "-r", "2", "-q", "--json"], &find[..]].concat());
    assert_eq!(found["at"].as_f64().map(f64::fract), Some(0.0), "nodes are whole: {found}");
}
