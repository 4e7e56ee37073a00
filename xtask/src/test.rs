//! `cargo xtask test`: everything that must hold before a change goes in.

use crate::codegen;
use crate::slurm;
use crate::steps::{Failure, Steps, cargo, edwc, output, program, root, run, works};
use crate::summary::Summary;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs all steps; `all` adds the heavy ones.
pub fn run_steps(all: bool) -> Result<(), Failure> {
    let mut steps = Steps::default();
    steps.step("toolchain", toolchain);
    steps.step("format", || run(&mut cargo(&["fmt", "--all", "--check"])));
    steps.step("lints", || run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])));
    steps.step("tests", || run(&mut cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])));
    let mut not_run = Vec::new();
    steps.step("tests of published logs", || published(&mut not_run));
    steps.not_run(not_run);
    steps.step("release build", || run(&mut cargo(&["build", "--release", "--locked"])));
    steps.step("same bytes in debug and release", same_fingerprint);
    steps.step("known answers, quick", || run(&mut edwc("release", &["verify", "--quick"])));
    steps.step("scenarios are valid", check_scenarios);
    steps.step("commands of the documents", run_documents);
    steps.step("generated files", || codegen::run_codegen(true));
    if all {
        steps.step("lints, all features", || {
            run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"]))
        });
        steps.step("tests, all features", || run(&mut cargo(&["test", "--workspace", "--features", "full", "--locked", "--no-fail-fast"])));
        steps.step("tests, release", || run(&mut cargo(&["test", "--workspace", "--release", "--locked", "--no-fail-fast"])));
        steps.step("API documentation", || {
            run(cargo(&["doc", "--no-deps", "--document-private-items", "--locked"])
                .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links"))
        });
        steps.step("a job array on Slurm", slurm::run_slurm);
        steps.step("licences and advisories", deny);
    }
    steps.finish()
}

/// Runs the tests that need published logs once more, to hear which of them could not be run, and where their logs are published.
fn published(not_run: &mut Vec<String>) -> Result<(), Failure> {
    let printed = output(&mut cargo(&["test", "--locked", "--test", "it", "published", "--", "--nocapture"]))?;
    not_run.extend(not_run_lines(&String::from_utf8_lossy(&printed)));
    for test in not_run.iter() {
        println!("not run: {test}");
    }
    Ok(())
}

/// Finds what tests say that could not be run, each once.
fn not_run_lines(printed: &str) -> Vec<String> {
    let mut lines: Vec<String> = printed.lines().filter_map(|line| line.strip_prefix("not run: ")).map(str::to_owned).collect();
    lines.sort();
    lines.dedup();
    lines
}

/// Adds the parts of the toolchain that the tests need, where they are missing.
fn toolchain() -> Result<(), Failure> {
    for (component, command) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if !works(&mut cargo(&[command, "--version"])) {
            run(Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    Ok(())
}

/// Runs the quickstart in both profiles: the fingerprints are equal, and another seed gives another one.
fn same_fingerprint() -> Result<(), Failure> {
    run(&mut cargo(&["build", "--locked"]))?;
    let release = fingerprint("release", &[])?;
    let debug = fingerprint("debug", &[])?;
    let other = fingerprint("release", &["--seed", "7"])?;
    println!("release {release}\ndebug   {debug}\nseed 7  {other}");
    if release != debug {
        return Err("debug and release differ".to_owned());
    }
    if release == other {
        return Err("another seed gives the same history".to_owned());
    }
    Ok(())
}

fn fingerprint(profile: &str, more: &[&str]) -> Result<String, Failure> {
    let summary = Summary::printed_by(edwc(profile, &["run", "scenarios/quickstart.toml", "--json"]).args(more))?;
    Ok(summary.fingerprint()?.to_owned())
}

/// Checks every scenario file, and that none has an input without a mark.
fn check_scenarios() -> Result<(), Failure> {
    let folder = root().join("scenarios");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    names.sort();
    names.iter().try_for_each(|name| run(&mut edwc("release", &["check", &format!("scenarios/{name}")])))
}

/// Does what the documents tell, for each document in a fresh copy of the scenarios: runs every line that starts with `$ ` in a `console` block, and
/// writes every block that is opened as "```toml my.toml" into a file of that name.
///
/// A line may state the exit code that it shows: `$ edwc check broken.toml   # exit 3`.
fn run_documents() -> Result<(), Failure> {
    run(&mut cargo(&["build", "--release", "--locked", "--examples"]))?;
    let place = program("release").parent().expect("a program lies in a folder").join("documents");
    if place.exists() {
        fs::remove_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    }
    let mut documents = vec![root().join("README.md"), root().join("README.zh-CN.md"), root().join("scenarios/README.md")];
    documents.extend(markdown_files(&root().join("docs"))?);
    let (mut count, mut wrong) = (0, Vec::new());
    for (at, document) in documents.into_iter().enumerate() {
        let place = place.join(at.to_string());
        copy_folder(&root().join("scenarios"), &place.join("scenarios"))?;
        copy_folder(&root().join("examples"), &place.join("examples"))?;
        let text = fs::read_to_string(&document).map_err(|error| format!("{}: {error}", document.display()))?;
        for step in document_steps(&text) {
            let done = match step {
                Told::Write(name, text) => fs::write(place.join(name), text).map_err(|error| format!("`{name}`: {error}")),
                Told::Run(line) => {
                    count += 1;
                    run_line(line, &place)
                }
            };
            wrong.extend(done.err().map(|error| format!("{}: {error}", document.display())));
        }
    }
    println!("{count} commands");
    match (count, wrong.as_slice()) {
        (0, _) => Err("the documents show no command".to_owned()),
        (_, []) => Ok(()),
        (_, wrong) => Err(wrong.join("\n")),
    }
}

/// Runs one line of a document as a shell would, without one: words, single quotes, and a comment with the exit code.
fn run_line(line: &str, place: &Path) -> Result<(), Failure> {
    let (line, comment) = line.split_once(" #").unwrap_or((line, ""));
    let expected = comment.trim().strip_prefix("exit ").map_or(Ok(0), str::parse::<i32>).map_err(|error| format!("`{line}`: {error}"))?;
    let words = words(line);
    let (program, arguments) = called(&words).ok_or_else(|| format!("`{line}`: a console block runs only `edwc` and the examples"))?;
    println!("$ {line}");
    let result = Command::new(program).args(arguments).current_dir(place).output().map_err(|error| format!("`{line}`: {error}"))?;
    if result.status.code() == Some(expected) {
        Ok(())
    } else {
        Err(format!("`{line}` ended with {}, not {expected}: {}", result.status, String::from_utf8_lossy(&result.stderr).trim()))
    }
}

/// Finds the program that a command runs, and its arguments.
fn called(words: &[String]) -> Option<(PathBuf, &[String])> {
    let word = |at: usize| words.get(at).map(String::as_str);
    let edwc = program("release");
    match (word(0)?, word(1), word(2), word(3)) {
        ("edwc", ..) => Some((edwc, &words[1..])),
        ("cargo", Some("run"), Some("--release"), Some("--")) => Some((edwc, &words[4..])),
        ("cargo", Some("run"), Some("--release"), Some("--example")) if word(5) == Some("--") => {
            let name = format!("{}{}", word(4)?, std::env::consts::EXE_SUFFIX);
            Some((edwc.with_file_name("examples").join(name), &words[6..]))
        }
        _ => None,
    }
}

/// What a document tells its reader to do.
#[derive(PartialEq, Debug)]
enum Told<'a> {
    /// Write a file of this name.
    Write(&'a str, &'a str),
    /// Run a command.
    Run(&'a str),
}

/// Lists what a document tells, in its order.
fn document_steps(text: &str) -> Vec<Told<'_>> {
    let blocks = text.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    let mut steps = Vec::new();
    for (kind, block) in blocks {
        match kind.split_once(' ') {
            Some((_, name)) => steps.push(Told::Write(name, block)),
            None if kind == "console" => steps.extend(block.lines().filter_map(|line| line.strip_prefix("$ ")).map(Told::Run)),
            None => {}
        }
    }
    steps
}

/// Splits a line into words; single and double quotes keep spaces.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

fn markdown_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        if path.is_dir() {
            found.extend(markdown_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    let fail = |error: std::io::Error| format!("{}: {error}", from.display());
    fs::create_dir_all(to).map_err(fail)?;
    for entry in fs::read_dir(from).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target).map_err(fail)?;
        }
    }
    Ok(())
}

/// Checks licences, sources and advisories; installs cargo-deny where it is missing.
fn deny() -> Result<(), Failure> {
    if !works(&mut cargo(&["deny", "--version"])) {
        run(&mut cargo(&["install", "cargo-deny", "--locked"]))?;
    }
    run(&mut cargo(&["deny", "check"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_yield_their_files_and_commands() {
        let text = "a\n```console\n$ edwc run a.toml --set 'x.y=\"1 h\"'\nprinted\n```\n```sh\n$ rm\n```\n```toml b.toml\nc = 1\n```\n\n```toml\nd = 2\n```\n";
        assert_eq!(document_steps(text), [Told::Run("edwc run a.toml --set 'x.y=\"1 h\"'"), Told::Write("b.toml", "c = 1")]);
        assert_eq!(words("edwc  run --set 'x.y=\"1 h\"'"), ["edwc", "run", "--set", "x.y=\"1 h\""]);
    }

    #[test]
    fn commands_of_documents_run_edwc_and_the_examples_only() {
        let called = |line: &str| {
            let words = words(line);
            called(&words).map(|(program, arguments)| (program.file_stem().expect("a name").to_owned(), arguments.join(" ")))
        };
        assert_eq!(called("edwc run a"), Some(("edwc".into(), "run a".to_owned())));
        assert_eq!(called("cargo run --release -- run a"), Some(("edwc".into(), "run a".to_owned())));
        assert_eq!(called("cargo run --release --example my_policy -- run a"), Some(("my_policy".into(), "run a".to_owned())));
        assert_eq!(called("rm -r a"), None);
    }

    #[test]
    fn tests_say_what_was_not_run() {
        let printed = "running 2 tests\ntest a ... \nnot run: a: needs X\nok\ntest b ... \nnot run: a: needs X\nok\n";
        assert_eq!(not_run_lines(printed), ["a: needs X"]);
    }
}
