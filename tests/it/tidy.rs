//! The house rules that no compiler checks, over the repository's own files: who may use whom, sizes, leftovers, links.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What each room may use. `room::part` allows that part only. `cli` may use all of them.
const ROOMS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("diag", &["base"]),
    ("model", &["base"]),
    ("rules", &["base", "model"]),
    ("world", &["base", "model", "rules"]),
    ("policy", &["base", "model", "rules", "world"]),
    ("engine", &["base", "model", "rules", "world", "policy"]),
    ("bridge", &["base", "model", "rules", "world", "policy", "engine"]),
    ("why", &["base", "model", "rules", "world", "policy"]),
    ("workload", &["base", "model", "diag"]),
    ("scenario", &["base", "model", "workload", "policy", "diag"]),
    ("stats", &["base"]),
    ("output", &["base", "stats", "model", "rules::records", "rules::ledger", "world::records"]),
    (
        "experiment",
        &["base", "diag", "model", "policy", "engine", "workload", "bridge", "scenario", "stats", "output", "world", "rules"],
    ),
    ("verify", &["base", "model", "world", "policy", "engine", "workload", "scenario", "stats"]),
];

/// The rooms whose code is a pure function of its input.
const PURE: &[&str] = &["base", "model", "rules", "world", "policy", "engine"];

/// What a pure room never mentions.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::io",
    "std::env",
    "std::net",
    "std::thread",
    "std::process",
    "std::time",
    "HashMap",
    "HashSet",
    "SystemTime",
    "thread_rng",
    "f32",
];

/// Where a pure room may name what it otherwise may not: hash maps with a fixed hasher, which are only looked up in, never walked through.
const EXCEPTIONS: &[(&str, &str)] = &[("src/world/network/hash.rs", "HashMap")];

/// A text file of the repository.
struct File {
    /// Its path from the root, with `/`.
    path: String,
    text: String,
}

impl File {
    /// Returns the room a source file is in.
    fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        inside.split_once('/').map(|(room, _)| room)
    }
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
    /// Iterates over lines with numbers from 1, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads all text files of the repository, in order of path.
fn files() -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository can be listed") {
            let path = entry.expect("a folder of the repository can be listed").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                if !["target", ".git", "runs", "node_modules"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if name != ".git" && name != "Cargo.lock" {
                found.extend(read_text(&path));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.iter().any(|file| file.path == "src/lib.rs"), "the repository was read");
    found
}

/// Reads a file unless it is binary.
fn read_text(path: &Path) -> Option<File> {
    let text = fs::read_to_string(path).ok()?;
    let path = path.strip_prefix(root()).expect("the path starts at the root").to_str()?.replace('\\', "/");
    Some(File { path, text })
}

/// Fails with all findings at once.
#[track_caller]
fn report(rule: &str, findings: &[String]) {
    let list = findings.iter().fold(String::new(), |mut list, finding| {
        writeln!(list, "  {finding}").expect("a string takes all");
        list
    });
    assert!(findings.is_empty(), "{rule}:\n{list}");
}

/// Lists the paths that a line names behind `crate::`, as `room` and `room::part`.
fn crate_paths(code: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let boundary = code[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && before != '_');
        if boundary {
            expand(&code[at + "crate::".len()..], &mut paths);
        }
    }
    paths
}

/// Adds `a::b` for a path, or one for each member of `{a::b, c}`.
fn expand(path: &str, paths: &mut BTreeSet<String>) {
    let word = |text: &str| text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect::<String>();
    let mut members = vec![String::new()];
    if let Some(group) = path.strip_prefix('{') {
        let mut depth = 0;
        for letter in group.chars() {
            match letter {
                '}' if depth == 0 => break,
                ',' if depth == 0 => {
                    members.push(String::new());
                    continue;
                }
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if !letter.is_whitespace() {
                members.last_mut().expect("there is always a member").push(letter);
            }
        }
    } else {
        members[0] = path.to_owned();
    }
    for member in members.iter().filter(|member| !member.is_empty()) {
        let room = word(member);
        let rest = member[room.len()..].strip_prefix("::").unwrap_or_default();
        if let Some(parts) = rest.strip_prefix('{') {
            paths.extend(parts.split(',').map(|part| format!("{room}::{}", word(part.trim()))));
        } else {
            paths.insert(format!("{room}::{}", word(rest)));
        }
    }
}

#[test]
fn rooms_depend_downwards() {
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.is_rust()) {
        let Some(room) = file.room().filter(|room| *room != "cli") else { continue };
        let Some(allowed) = allowed.get(room) else {
            findings.push(format!("{}: the room `{room}` is not on the list", file.path));
            continue;
        };
        let code = file.code().fold(String::new(), |code, (_, line)| code + line + "\n");
        for path in crate_paths(&code) {
            let used = path.split("::").next().expect("a path has a first part");
            let known = used == "cli" || ROOMS.iter().any(|(name, _)| *name == used);
            let open = used == room || allowed.contains(&used) || allowed.contains(&path.as_str());
            if known && !open {
                findings.push(format!("{} uses `crate::{path}`", file.path));
            }
        }
    }
    report("a room uses another that it may not know (see ROOMS)", &findings);
}

#[test]
fn crate_paths_are_found_in_groups() {
    let paths = crate_paths("use crate::{base::{Time, Money}, world::View};\nfn f() -> crate::model::Model { not_crate::policy::x }");
    let expected = ["base::Money", "base::Time", "model::Model", "world::View"];
    assert_eq!(paths.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn pure_rooms_touch_nothing_outside() {
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.is_rust() && file.room().is_some_and(|room| PURE.contains(&room))) {
        for (number, line) in file.code() {
            let words = |word: &&&str| {
                let found = line.match_indices(**word).any(|(at, found)| stands_alone(line, at, found.len()));
                found && !EXCEPTIONS.contains(&(file.path.as_str(), **word))
            };
            findings.extend(IMPURE.iter().filter(words).map(|word| format!("{}:{number}: `{word}`", file.path)));
        }
    }
    report("a pure room reads or writes the outside", &findings);
}

/// Tells whether the text at a place is a word of its own.
fn stands_alone(line: &str, at: usize, length: usize) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    !line[..at].chars().next_back().is_some_and(is_word) && !line[at + length..].chars().next().is_some_and(is_word)
}

/// I17: a value can only be had from a stream (its fields are private), and a stream only by its name.
#[test]
fn every_random_number_comes_from_a_named_stream() {
    let words = ["rand", "rand_distr", "fastrand", "getrandom", "RandomState", "DefaultHasher", "Philox"];
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.is_rust() && file.room().is_some() && file.path != "src/base/random.rs") {
        for (number, line) in file.code() {
            let path = |word: &&&str| line.match_indices(&format!("{word}::")).any(|(at, _)| stands_alone(line, at, word.len()));
            findings.extend(words.iter().filter(path).map(|word| format!("{}:{number}: `{word}`", file.path)));
        }
    }
    report("random numbers come from `base::random` alone", &findings);
}

#[test]
fn processes_stay_in_the_bridge() {
    let words = ["tokio", "process::Command", "rustix::process"];
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.is_rust() && file.room().is_some_and(|room| !["bridge", "cli"].contains(&room))) {
        for (number, line) in file.code() {
            let found = words.iter().filter(|word| line.match_indices(**word).any(|(at, found)| stands_alone(line, at, found.len())));
            findings.extend(found.map(|word| format!("{}:{number}: `{word}`", file.path)));
        }
    }
    report("only `bridge` and `cli` start processes", &findings);
}

#[test]
fn cases_become_scenarios() {
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.is_rust() && file.room() == Some("verify")) {
        for (number, line) in file.code() {
            let found = ["Model", "Workload", "Class", "Pool", "Site"].iter().filter(|word| {
                line.match_indices(&format!("{word} {{")).any(|(at, found)| stands_alone(line, at, found.len() - 2) && !line.contains("struct "))
            });
            findings.extend(found.map(|word| format!("{}:{number}: builds a `{word}`", file.path)));
        }
    }
    report("a case is a scenario, which `Scenario::parse` reads", &findings);
}

#[test]
fn nothing_below_cli_prints() {
    let printers = ["println!", "print!", "eprintln!", "eprint!", "io::stdout", "io::stderr"];
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.is_rust() && file.room().is_some_and(|room| room != "cli")) {
        for (number, line) in file.code() {
            findings.extend(printers.iter().filter(|word| line.contains(**word)).map(|word| format!("{}:{number}: `{word}`", file.path)));
        }
    }
    report("only `cli` prints", &findings);
}

#[test]
fn files_functions_and_lines_are_short() {
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.is_rust()) {
        let lines: Vec<&str> = file.text.lines().collect();
        if lines.len() > 800 {
            findings.push(format!("{}: {} lines; at most 800", file.path, lines.len()));
        }
        for (at, line) in lines.iter().enumerate() {
            let width = without_texts(line);
            let is_table = file.path.ends_with("tests.rs");
            if width > 150 && !is_table {
                findings.push(format!("{}:{}: {width} columns; at most 150", file.path, at + 1));
            }
            let length = function_length(&lines[at..]);
            if length > 70 {
                findings.push(format!("{}:{}: a function of {length} lines; at most 70", file.path, at + 1));
            }
        }
    }
    report("too long", &findings);
}

/// Counts the columns of a line without what its string literals say: a message stays in one piece, so that it can be searched for.
fn without_texts(line: &str) -> usize {
    let (mut width, mut inside, mut escaped) = (0, false, false);
    for letter in line.chars() {
        let quote = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        inside ^= quote;
        width += usize::from(!inside || quote);
    }
    width
}

/// Counts the lines of the function that starts at the first line; 0 if none does. Relies on rustfmt's indentation.
fn function_length(lines: &[&str]) -> usize {
    let first = lines[0].trim_start();
    let qualifiers = ["pub ", "pub(crate) ", "pub(super) ", "pub(in crate) ", "const ", "async ", "unsafe ", "extern \"C\" "];
    let mut rest = first;
    while let Some(shorter) = qualifiers.iter().find_map(|qualifier| rest.strip_prefix(qualifier)) {
        rest = shorter;
    }
    if !rest.starts_with("fn ") || first.ends_with('}') {
        return 0;
    }
    let indent = &lines[0][..lines[0].len() - first.len()];
    let head = lines.iter().position(|line| line.ends_with('{') || line.ends_with(';')).unwrap_or(0);
    if lines[head].ends_with(';') {
        return 0;
    }
    lines.iter().position(|line| line.strip_prefix(indent) == Some("}")).map_or(0, |end| end + 1)
}

#[test]
fn nothing_is_left_over() {
    // Written in two pieces, so that this file does not find itself.
    let words = [
        concat!("to", "do!"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("unimpl", "emented!"),
        concat!("db", "g!"),
        concat!("#[ig", "nore"),
    ];
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.is_rust()) {
        for (at, line) in file.text.lines().enumerate() {
            findings.extend(words.iter().filter(|word| line.contains(**word)).map(|word| format!("{}:{}: `{word}`", file.path, at + 1)));
        }
    }
    report("a leftover: finish it, or remove it", &findings);
}

#[test]
fn no_file_names_a_machine() {
    let paths = [concat!("/wo", "rk/"), concat!("/tmp", "/w/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("C:", "\\Users")];
    let mut findings = Vec::new();
    for file in files() {
        for (at, line) in file.text.lines().enumerate() {
            findings.extend(paths.iter().filter(|path| line.contains(**path)).map(|path| format!("{}:{}: `{path}`", file.path, at + 1)));
        }
    }
    report("a path of one machine", &findings);
}

#[test]
fn every_scenario_is_explained() {
    let files = files();
    let readme = files.iter().find(|file| file.path == "scenarios/README.md").expect("scenarios/README.md exists");
    let findings: Vec<String> = files
        .iter()
        .filter_map(|file| file.path.strip_prefix("scenarios/"))
        .filter(|name| name.ends_with(".toml") && !readme.text.contains(&format!("`{name}`")))
        .map(|name| format!("scenarios/{name}"))
        .collect();
    report("a scenario that scenarios/README.md does not mention", &findings);
}

#[test]
fn links_of_documents_resolve() {
    let files = files();
    let headings: BTreeMap<&str, BTreeSet<String>> =
        files.iter().filter(|file| file.path.ends_with(".md")).map(|file| (file.path.as_str(), anchors(&file.text))).collect();
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        for link in links(&file.text) {
            let (target, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let path = if target.is_empty() { file.path.clone() } else { resolve(&file.path, target) };
            if !root().join(&path).exists() {
                findings.push(format!("{}: `{link}` leads nowhere", file.path));
            } else if !anchor.is_empty() && headings.get(path.as_str()).is_some_and(|known| !known.contains(anchor)) {
                findings.push(format!("{}: `{link}`: no such heading", file.path));
            }
        }
    }
    report("a broken link", &findings);
}

/// Lists the targets of a document's links to other files.
fn links(text: &str) -> Vec<String> {
    let ends = text.match_indices("](").map(|(at, _)| &text[at + 2..]);
    let targets = ends.filter_map(|rest| rest.split_once(')').map(|(target, _)| target.to_owned()));
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
}

/// Resolves a link relative to the document that holds it.
fn resolve(document: &str, target: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.iter().collect::<PathBuf>().to_str().expect("the path is text").replace('\\', "/")
}

/// Lists the anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let slug = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        let letters = kept.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        letters.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    };
    headings.map(slug).collect()
}

/// Documents that exist in both languages.
const TWINS: &[&str] = &["README", "docs/guide/planner", "docs/guide/headline-experiment"];

#[test]
fn documents_in_two_languages_are_twins() {
    let files = files();
    let mut findings = Vec::new();
    for name in TWINS {
        let text = |language: &str| {
            let path = format!("{name}{language}.md");
            files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} exists")).text.as_str()
        };
        let (english, chinese) = (text(""), text(".zh-CN"));
        let (ours, theirs) = (Outline::of(english), Outline::of(chinese));
        if ours != theirs {
            findings.push(format!("{name}: headings, code blocks and rows of tables are\n    {ours:?} and\n    {theirs:?}"));
        }
        let theirs = links(chinese);
        for link in links(english) {
            let translated = link.strip_suffix(".md").map(|name| format!("{name}.zh-CN.md")).unwrap_or_default();
            if !link.ends_with(".zh-CN.md") && !theirs.contains(&link) && !theirs.contains(&translated) {
                findings.push(format!("{name}: the Chinese one lacks the link `{link}`"));
            }
        }
    }
    report("a document says less in one language than in the other", &findings);
}

/// What a document is made of, whatever its language.
#[derive(PartialEq, Eq, Debug)]
struct Outline {
    /// The levels of its headings.
    headings: Vec<usize>,
    /// Its code blocks, without comments.
    code: Vec<String>,
    /// Its rows of tables.
    rows: usize,
}

impl Outline {
    fn of(text: &str) -> Self {
        let (mut headings, mut code, mut rows, mut inside) = (Vec::new(), Vec::new(), 0, false);
        for line in text.lines() {
            if line.starts_with("```") {
                inside = !inside;
            }
            if inside {
                code.push(line.split(" # ").next().unwrap_or_default().trim_end().to_owned());
            } else if line.starts_with('#') {
                headings.push(line.bytes().take_while(|byte| *byte == b'#').count());
            } else if line.starts_with('|') {
                rows += 1;
            }
        }
        Self { headings, code, rows }
    }
}

#[test]
fn chinese_documents_are_punctuated_as_chinese() {
    let is_chinese = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
    let is_narrow = |letter: char| ",;:?!()".contains(letter);
    let mut findings = Vec::new();
    for file in files().iter().filter(|file| file.path.ends_with(".zh-CN.md")) {
        let mut inside = false;
        for (at, line) in file.text.lines().enumerate() {
            inside ^= line.starts_with("```");
            let prose: Vec<char> = if inside { Vec::new() } else { without_code_and_targets(line).chars().collect() };
            for pair in prose.windows(2) {
                if is_chinese(pair[0]) && is_narrow(pair[1]) || is_narrow(pair[0]) && is_chinese(pair[1]) {
                    findings.push(format!("{}:{}: `{}{}`", file.path, at + 1, pair[0], pair[1]));
                }
            }
        }
    }
    report("punctuation of half the width in Chinese text", &findings);
}

/// Leaves out what stands between backticks, and the targets of links.
fn without_code_and_targets(line: &str) -> String {
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let mut parts = prose.split("](");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push(']');
        kept.push_str(part.split_once(')').map_or("", |(_, after)| after));
    }
    kept
}

#[test]
fn named_checks_exist() {
    let files = files();
    let architecture = files.iter().find(|file| file.path == "ARCHITECTURE.md").expect("ARCHITECTURE.md exists");
    let tests = files.iter().filter(|file| file.is_rust()).fold(String::new(), |all, file| all + &file.text);
    let checks = architecture.text.split("Checked by").skip(1).filter_map(|rest| rest.split_once('.'));
    let mut findings = Vec::new();
    for check in checks.flat_map(|(names, _)| names.split('`').skip(1).step_by(2).collect::<Vec<_>>()) {
        if let Some((_, function)) = check.rsplit_once("::").filter(|(_, function)| !tests.contains(&format!("fn {function}("))) {
            findings.push(format!("{check}: no function is named `{function}`"));
        }
    }
    report("ARCHITECTURE.md names a check that does not exist", &findings);
}

#[test]
fn tests_of_policy_parts_exist() {
    let files = files();
    let tests = files.iter().filter(|file| file.is_rust()).fold(String::new(), |all, file| all + &file.text);
    let mut findings = Vec::new();
    for part in edwc::policy::registry::parts() {
        if part.tested.is_empty() {
            findings.push(format!("{}: no test is named", part.name));
        }
        for test in part.tested {
            let (_, function) = test.rsplit_once("::").unwrap_or(("", test));
            if !tests.contains(&format!("fn {function}(")) {
                findings.push(format!("{}: no function is named `{function}`", part.name));
            }
        }
    }
    report("a policy part names a test that does not exist", &findings);
}
