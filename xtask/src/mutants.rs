//! `cargo xtask mutants`: whether the tests would notice a mistake. cargo-mutants makes the mistakes, one at a time; this draws them, runs the
//! tests from the cheapest to the dearest, and remembers what has been judged.

use crate::steps::{Failure, cargo, output, root, run, works};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The rooms whose mutants are drawn: what is allowed and who pays, how a run goes on, and what is made of it.
const ROOMS: [&str; 3] = ["src/rules/**", "src/engine/**", "src/stats/**"];
/// How many are drawn.
const DRAWN: usize = 200;
/// What the draw starts from.
const SEED: u64 = 2026;

/// Tests that a mutant must get past.
struct Pass {
    name: &'static str,
    /// What `cargo test` builds: nothing else, as most of the time goes into compiling.
    target: &'static [&'static str],
    /// What is chosen of it.
    tests: &'static [&'static str],
    /// The seconds after which a mutant counts as stuck.
    timeout_s: &'static str,
}

/// From the cheapest to the dearest. Readers of logs, half of the unit tests' time, use nothing that is changed here.
const PASSES: [Pass; 4] = [
    Pass { name: "unit tests", target: &["--lib"], tests: &["--skip", "workload::trace"], timeout_s: "60" },
    Pass {
        name: "known answers and a second engine",
        target: &["--test", "it"],
        tests: &[
            "known_answers::exact",
            "chaos::found",
            "chaos::reference",
            "chaos::preemption",
            "chaos::replay",
            "broker",
            "claims",
            "determinism",
            "placing",
            "why",
        ],
        timeout_s: "120",
    },
    Pass { name: "random worlds", target: &["--test", "it"], tests: &["chaos::no_world", "chaos::builtin"], timeout_s: "240" },
    Pass { name: "relations", target: &["--test", "it"], tests: &["relations"], timeout_s: "900" },
];

/// How a pass ends for a mutant, and the file in which cargo-mutants lists those.
const OUTCOMES: [(&str, &str); 4] = [("caught", "caught.txt"), ("missed", "missed.txt"), ("stuck", "timeout.txt"), ("unviable", "unviable.txt")];

/// What is asked of a run.
#[derive(Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Of the drawn mutants every `of`-th, beginning with `part`.
    part: usize,
    of: usize,
    /// Instead of the draw: all mutants of lines that differ from this revision.
    since: Option<&'a str>,
    /// Begins anew with those that no test has caught so far.
    again: bool,
    /// Only tells what is known.
    report: bool,
}

impl<'a> Wanted<'a> {
    /// Reads the arguments of the command.
    pub fn parse(mut words: &[&'a str]) -> Result<Self, Failure> {
        let mut wanted = Self { part: 0, of: 1, since: None, again: false, report: false };
        while let [word, rest @ ..] = words {
            words = match (*word, rest) {
                ("--again", rest) => {
                    wanted.again = true;
                    rest
                }
                ("--report", rest) => {
                    wanted.report = true;
                    rest
                }
                ("--in-diff", [since, rest @ ..]) => {
                    wanted.since = Some(since);
                    rest
                }
                ("--shard", [shard, rest @ ..]) => {
                    let numbers = shard.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
                    (wanted.part, wanted.of) =
                        numbers.filter(|(part, of)| part < of).ok_or_else(|| format!("`{shard}` is not a shard, as 0/4 is"))?;
                    rest
                }
                _ => return Err(format!("`{word}` is not understood here")),
            };
        }
        Ok(wanted)
    }
}

/// Draws mutants, runs those that have not been judged yet, and tells what became of all.
pub fn run_mutants(wanted: &Wanted<'_>) -> Result<(), Failure> {
    if !works(&mut cargo(&["mutants", "--version"])) {
        run(&mut cargo(&["install", "cargo-mutants", "--locked"]))?;
    }
    let place = root().join("target/mutants");
    let shard = place.join(wanted.since.map_or_else(|| format!("{}-of-{}", wanted.part, wanted.of), |_| "diff".to_owned()));
    fs::create_dir_all(&shard).map_err(|error| format!("{}: {error}", shard.display()))?;
    let mutants = match wanted.since {
        Some(since) => of_change(since, &shard)?,
        None => drawn(&list(&ROOMS.map(|room| ["--file", room]).concat())?),
    };
    harvest(&shard)?;
    if !wanted.report {
        let mine: Vec<&Mutant> = mutants.iter().skip(wanted.part).step_by(wanted.of).collect();
        let known = judged(&place)?;
        let missed = |mutant: &&Mutant| last(&known, mutant).is_some_and(|last| last.outcome == "missed");
        let mut left: Vec<&Mutant> = mine.iter().copied().filter(|mutant| wanted.again && missed(mutant)).collect();
        for pass in 0..PASSES.len() {
            let begins = |mutant: &&Mutant| match last(&known, mutant) {
                Some(last) => last.passes_to(pass) && !wanted.again,
                None => pass == 0,
            };
            left.extend(mine.iter().copied().filter(begins));
            if !left.is_empty() {
                test(&left, pass, &shard)?;
            }
            let now = judged(&place)?;
            left.retain(|mutant| last(&now, mutant).is_some_and(|last| last.passes_to(pass + 1)));
        }
    }
    tell(&mutants, &judged(&place)?);
    Ok(())
}

/// A change to one place of the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mutant {
    /// As cargo-mutants names it, with line and column.
    name: String,
    /// What it does in which file, and the how-manieth of the kind it is: lines may move.
    key: String,
}

/// Lists mutants as cargo-mutants does.
fn list(arguments: &[&str]) -> Result<Vec<Mutant>, Failure> {
    let printed = output(cargo(&["mutants", "--list", "--package", "edwc", "--colors", "never"]).args(arguments))?;
    Ok(keyed(String::from_utf8_lossy(&printed).lines()))
}

fn keyed<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Mutant> {
    let mut count = BTreeMap::<String, u32>::new();
    let key = |name: &str| {
        let mut parts = name.splitn(4, ':');
        let (file, what) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
        format!("{file}:{what}")
    };
    names
        .map(|name| {
            let kind = key(name);
            let number = count.entry(kind.clone()).and_modify(|number| *number += 1).or_insert(1);
            Mutant { name: name.to_owned(), key: format!("{kind} #{number}") }
        })
        .collect()
}

/// Draws by the hash of a mutant's key, so that a change to one function leaves the draw of the others alone.
fn drawn(mutants: &[Mutant]) -> Vec<Mutant> {
    let mut mutants = mutants.to_vec();
    mutants.sort_by_cached_key(|mutant| (hash(&mutant.key), mutant.key.clone()));
    mutants.truncate(DRAWN);
    mutants
}

/// FNV-1a from the seed, with the finaliser of SplitMix64 to spread it.
fn hash(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ SEED, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// Lists the mutants of lines that differ from a revision.
fn of_change(since: &str, shard: &Path) -> Result<Vec<Mutant>, Failure> {
    let diff = output(Command::new("git").args(["diff", since, "--", "src"]).current_dir(root()))?;
    let path = shard.join("change.diff");
    fs::write(&path, diff).map_err(|error| format!("{}: {error}", path.display()))?;
    list(&["--in-diff", &path.to_string_lossy()])
}

/// Has the tests of a pass run on mutants. They stay in the folder of the run until they are harvested, so that an interruption loses one mutant.
fn test(mutants: &[&Mutant], pass: usize, shard: &Path) -> Result<(), Failure> {
    let Pass { name, target, tests, timeout_s } = &PASSES[pass];
    println!("\n== {name}: {} mutants", mutants.len());
    let fail = |error: std::io::Error| format!("{}: {error}", shard.display());
    let names: String = mutants.iter().map(|mutant| format!("{}\t{pass}\t{}\n", mutant.name, mutant.key)).collect();
    fs::write(shard.join("running.tsv"), names).map_err(fail)?;
    let patterns: Vec<String> = mutants.iter().map(|mutant| format!("--re=^{}$", escaped(&mutant.name))).collect();
    // Mutants that leave a field out escape the patterns (cargo-mutants 27.1), but not a difference of lines.
    let lines = shard.join("lines.diff");
    fs::write(&lines, diff_of_lines(mutants)?).map_err(fail)?;
    let settings = ["--no-config", "--package", "edwc", "--colors", "never", "--no-shuffle", "--jobs", "1", "--build-timeout", "600"];
    let mut command = cargo(&["mutants", "--timeout", timeout_s, "--baseline", "run"]);
    command.args(settings).arg("--output").arg(shard).arg("--in-diff").arg(&lines).args(&patterns);
    command.args(target.iter().map(|word| format!("--cargo-arg={word}"))).args(["--", "--"]).args(*tests);
    // Compiling is the most of it: dependencies are shared, and nothing is optimised.
    command.env("CARGO_TARGET_DIR", shard.join("build")).env("CARGO_PROFILE_DEV_OPT_LEVEL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0");
    let status = command.status().map_err(|error| format!("cargo mutants did not start: {error}"))?;
    harvest(shard)?;
    // 0: all caught, 2: some missed, 3: some timed out.
    match status.code() {
        Some(0 | 2 | 3) => Ok(()),
        _ => Err(format!("cargo mutants ended with {status}; begin again to go on")),
    }
}

/// Writes a difference that adds the lines on which mutants begin, and no others.
fn diff_of_lines(mutants: &[&Mutant]) -> Result<String, Failure> {
    let mut lines = BTreeMap::<&str, BTreeSet<usize>>::new();
    for mutant in mutants {
        let mut parts = mutant.name.split(':');
        if let (Some(file), Some(Ok(line))) = (parts.next(), parts.next().map(str::parse)) {
            lines.entry(file).or_default().insert(line);
        }
    }
    let mut diff = String::new();
    for (file, lines) in lines {
        let text = fs::read_to_string(root().join(file)).map_err(|error| format!("{file}: {error}"))?;
        let text: Vec<&str> = text.lines().collect();
        diff += &format!("diff --git a/{file} b/{file}\n--- a/{file}\n+++ b/{file}\n");
        for (added, line) in lines.into_iter().enumerate() {
            let content = text.get(line - 1).ok_or_else(|| format!("{file} has no line {line}"))?;
            diff += &format!("@@ -{},0 +{line},1 @@\n+{content}\n", line - 1 - added);
        }
    }
    Ok(diff)
}

/// Takes over what the last run has judged.
fn harvest(shard: &Path) -> Result<(), Failure> {
    let running = shard.join("running.tsv");
    let Ok(names) = fs::read_to_string(&running) else { return Ok(()) };
    let fields = |line: &str| line.split_once('\t').map(|(name, rest)| (name.to_owned(), rest.to_owned()));
    let names: BTreeMap<String, String> = names.lines().filter_map(fields).collect();
    let mut lines = String::new();
    for (outcome, file) in OUTCOMES {
        let found = fs::read_to_string(shard.join("mutants.out").join(file)).unwrap_or_default();
        lines.extend(found.lines().filter_map(|name| names.get(name)).map(|rest| format!("{outcome}\t{rest}\n")));
    }
    let path = shard.join("judged.tsv");
    let fail = |error: std::io::Error| format!("{}: {error}", path.display());
    OpenOptions::new().create(true).append(true).open(&path).and_then(|mut file| file.write_all(lines.as_bytes())).map_err(fail)?;
    fs::remove_file(&running).map_err(fail)
}

/// How one pass ended for a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Judged {
    outcome: String,
    pass: usize,
}

impl Judged {
    /// Tells whether it has come as far as this pass.
    fn passes_to(&self, pass: usize) -> bool {
        self.outcome == "missed" && self.pass + 1 == pass
    }
}

type Histories = BTreeMap<String, Vec<Judged>>;

/// Returns how the last pass ended for a mutant.
fn last<'a>(judged: &'a Histories, mutant: &Mutant) -> Option<&'a Judged> {
    judged.get(&mutant.key)?.last()
}

/// Reads what every shard has judged, by key, in the order of judgement.
fn judged(place: &Path) -> Result<Histories, Failure> {
    let fail = |error: std::io::Error| format!("{}: {error}", place.display());
    let mut shards: Vec<PathBuf> = fs::read_dir(place).map_err(fail)?.filter_map(|entry| Some(entry.ok()?.path().join("judged.tsv"))).collect();
    shards.sort();
    let texts: Vec<String> = shards.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    Ok(histories(texts.iter().flat_map(|text| text.lines())))
}

fn histories<'a>(lines: impl Iterator<Item = &'a str>) -> Histories {
    let mut judged = Histories::new();
    for line in lines {
        let mut fields = line.splitn(3, '\t');
        if let (Some(outcome), Some(Ok(pass)), Some(key)) = (fields.next(), fields.next().map(str::parse), fields.next()) {
            judged.entry(key.to_owned()).or_default().push(Judged { outcome: outcome.to_owned(), pass });
        }
    }
    judged
}

/// Prints how many of the mutants were caught by what, and who survives.
fn tell(mutants: &[Mutant], judged: &Histories) {
    let count = |outcome: &str, pass: Option<usize>| {
        let is = |last: &&Judged| last.outcome == outcome && pass.is_none_or(|pass| last.pass == pass);
        mutants.iter().filter_map(|mutant| last(judged, mutant)).filter(is).count()
    };
    let known = mutants.iter().filter(|mutant| judged.contains_key(&mutant.key)).count();
    println!("\n{} mutants, {known} run", mutants.len());
    for (pass, Pass { name: what, .. }) in PASSES.iter().enumerate() {
        println!("caught by {what}: {}, and {} stuck", count("caught", Some(pass)), count("stuck", Some(pass)));
    }
    let killed_since = |mutant: &&Mutant| {
        let history = judged.get(&mutant.key).map_or(&[][..], Vec::as_slice);
        // Whoever begins anew was not caught before.
        history.windows(2).any(|pair| pair[1].pass <= pair[0].pass) && history.last().is_some_and(|last| last.outcome != "missed")
    };
    println!("of them not caught at first, and killed since: {}", mutants.iter().filter(killed_since).count());
    println!("not compiled: {}", count("unviable", None));
    let next =
        PASSES.iter().map(|Pass { name: what, .. }| format!("not caught so far, and not yet run against {what}")).chain(["survive".to_owned()]);
    for (pass, so_far) in next.enumerate().skip(1) {
        let left: Vec<&Mutant> = mutants.iter().filter(|mutant| last(judged, mutant).is_some_and(|last| last.passes_to(pass))).collect();
        println!("{so_far}: {}", left.len());
        left.iter().for_each(|mutant| println!("  {}", mutant.name));
    }
}

/// Makes a regular expression that a text alone matches.
fn escaped(text: &str) -> String {
    let special = |letter: char| "\\.+*?()|[]{}^$#&-~/".contains(letter);
    text.chars().flat_map(|letter| special(letter).then_some('\\').into_iter().chain([letter])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutant_keeps_its_key_when_lines_move() {
        let old = keyed(
            ["src/a.rs:3:4: replace + with - in f", "src/a.rs:9:4: replace + with - in f", "src/a.rs:9:8: replace X::y -> u32 with 0"].into_iter(),
        );
        let new = keyed(["src/a.rs:5:4: replace + with - in f", "src/a.rs:11:4: replace + with - in f"].into_iter());
        assert_eq!(old[1].key, "src/a.rs: replace + with - in f #2");
        assert_eq!(old[2].key, "src/a.rs: replace X::y -> u32 with 0 #1");
        assert_eq!([&old[0].key, &old[1].key], [&new[0].key, &new[1].key]);
    }

    #[test]
    fn the_draw_is_the_same_every_time_and_not_the_first_ones() {
        let names: Vec<String> = (0..1_000).map(|line| format!("src/a.rs:{line}:1: replace f{line} with 0")).collect();
        let mutants = keyed(names.iter().map(String::as_str));
        let some = drawn(&mutants);
        assert_eq!((some.len(), &some), (DRAWN, &drawn(&mutants)));
        assert_ne!(some[..5], mutants[..5]);
        let fewer: Vec<Mutant> = mutants.iter().filter(|mutant| mutant.key != some[7].key).cloned().collect();
        assert_eq!(drawn(&fewer).iter().filter(|mutant| some.contains(mutant)).count(), DRAWN - 1);
    }

    #[test]
    fn the_last_judgement_counts() {
        let lines = ["missed\t0\ta #1", "missed\t1\ta #1", "missed\t2\ta #1", "missed\t3\ta #1", "caught\t0\tb #1", "missed\t0\tc #1"];
        let known = histories(lines.into_iter());
        let is_over = |known: &Histories, key: &str| {
            last(known, &Mutant { name: String::new(), key: key.to_owned() }).is_some_and(|last| last.passes_to(PASSES.len()))
        };
        assert_eq!(["a #1", "b #1", "c #1", "d #1"].map(|key| is_over(&known, key)), [true, false, false, false]);
        assert!(known["c #1"][0].passes_to(1));
        assert!(!is_over(&histories(lines.into_iter().chain(["caught\t1\ta #1"])), "a #1"));
    }

    #[test]
    fn arguments_are_understood() {
        let wanted = Wanted::parse(&["--shard", "1/4", "--again"]).expect("fine");
        assert_eq!((wanted.part, wanted.of, wanted.again), (1, 4, true));
        assert_eq!(Wanted::parse(&["--in-diff", "main"]).expect("fine").since, Some("main"));
        assert!(Wanted::parse(&["--shard", "4/4"]).is_err() && Wanted::parse(&["--shard"]).is_err());
    }

    #[test]
    fn names_become_patterns() {
        assert_eq!(escaped("a.rs:1:2: replace + with - in <A>::b"), "a\\.rs:1:2: replace \\+ with \\- in <A>::b");
    }
}
