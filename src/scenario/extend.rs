//! From files and overrides to one document: `extends`, `without`, `--set`.
//!
//! What stands nearer to the run wins: an override over the file, a file over what it extends. Tables merge by key; a table that names its
//! own law or process (`dist`, `process`, `times_work`) replaces the other one whole, as the parameters of one law mean nothing to another; so does
//! evidence with its `mark`, as a source that was found is none for what is now assumed.

use super::document::{Node, Table, Value, join, parse};
use super::pattern::{expand, is_pattern};
use super::read::{add_text, read_file};
use crate::diag::{At, BAD_OVERRIDE, Diagnostic, EXTENDS_CYCLE, EXTENDS_DEPTH, FileId, SourceMap, UNREADABLE, WRONG_TYPE};
use std::path::{Path, PathBuf};

/// How many files may stand upon one another.
const EXTENDS_LIMIT: usize = 32;

/// The name of a source that is an override.
const OVERRIDE: &str = "--set";

/// A scenario's text, by name: for those that are built into the program.
pub type Library<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

/// A document in one piece, with the texts that it was made of.
#[derive(Clone, Debug)]
pub struct Document {
    /// The root table.
    pub root: Node,
    /// The texts.
    pub sources: SourceMap,
    /// The folder of each source; paths in it are relative to that.
    pub(super) folders: Vec<Option<PathBuf>>,
}

impl Document {
    pub(super) fn new(root: Table, sources: SourceMap, folders: Vec<Option<PathBuf>>) -> Self {
        let start = At { file: FileId(0), start: 0, end: 0 };
        Self { root: Node { value: Value::Table(root), at: start, key_at: start }, sources, folders }
    }
    /// Returns the root as a table.
    pub fn table(&self) -> &Table {
        self.root.value.as_table().expect("the root of a document is a table")
    }
    /// Returns the value at a path; items of lists by number.
    pub fn at(&self, path: &str) -> Option<&Node> {
        segments(path)?.iter().try_fold(&self.root, |node, key| match &node.value {
            Value::Table(table) => table.value(key),
            Value::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        })
    }
    /// Tells how near to the run a source is: an override is nearer than the file, and the file nearer than what it extends.
    pub(super) fn nearness(&self, file: FileId) -> u32 {
        // Files are read from the top down, so that a larger id is further below; overrides come last.
        if self.sources.name(file) == OVERRIDE { u32::MAX } else { u32::MAX - 1 - file.0 }
    }
    /// Resolves a path of a file against the folder of the source that names it.
    pub(super) fn resolve(&self, at: At, path: &str) -> PathBuf {
        match self.folders.get(at.file.0 as usize).and_then(Option::as_ref) {
            Some(folder) => folder.join(path),
            None => PathBuf::from(path),
        }
    }
}

/// Splits a path into its keys: `a."b.c".d[0]` has four.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    let (mut keys, mut key, mut quoted) = (Vec::new(), String::new(), false);
    for character in path.chars() {
        match character {
            '"' => quoted = !quoted,
            '.' | '[' if !quoted => keys.push(std::mem::take(&mut key)),
            ']' if !quoted => {}
            other => key.push(other),
        }
    }
    keys.push(key);
    (!quoted && keys.iter().all(|key| !key.is_empty())).then_some(keys)
}

/// Gathers a document; problems go to `out`.
pub(super) struct Gatherer<'a> {
    pub(super) sources: SourceMap,
    pub(super) folders: Vec<Option<PathBuf>>,
    pub(super) out: Vec<Diagnostic>,
    library: Option<Library<'a>>,
    /// What is being extended at the moment, outermost first: for the circle.
    chain: Vec<String>,
}

impl<'a> Gatherer<'a> {
    pub(super) fn new(library: Option<Library<'a>>) -> Self {
        Self { sources: SourceMap::default(), folders: Vec::new(), out: Vec::new(), library, chain: Vec::new() }
    }

    /// Reads a file with what it extends.
    pub(super) fn file(&mut self, path: &Path) -> Option<Table> {
        let identity = std::fs::canonicalize(path).map_or_else(|_| path.display().to_string(), |path| path.display().to_string());
        let file = read_file(path, &mut self.sources, &mut self.out);
        let folder = path.parent().map(Path::to_path_buf);
        self.folders.resize(self.folders.len() + 1, folder);
        self.stand(file?, identity)
    }
    /// Takes a text with what it extends.
    pub(super) fn text(&mut self, name: &str, text: &str) -> Option<Table> {
        let file = add_text(name, text.to_owned(), &mut self.sources, &mut self.out);
        self.folders.push(None);
        self.stand(file?, name.to_owned())
    }

    fn stand(&mut self, file: FileId, identity: String) -> Option<Table> {
        let mut table = parse(file, &self.sources, &mut self.out);
        let without = table.remove("without");
        let base = match table.remove("extends") {
            None => Table::default(),
            Some(node) => {
                self.chain.push(identity);
                let base = self.base(&node);
                self.chain.pop();
                base?
            }
        };
        let mut merged = base;
        if let Some(without) = without {
            self.without(&mut merged, &without);
        }
        merge(&mut merged, table);
        Some(merged)
    }

    fn base(&mut self, node: &Node) -> Option<Table> {
        let Some(name) = node.value.as_text() else {
            self.out.push(Diagnostic::new(WRONG_TYPE, format!("{} where the path of a file is needed", node.value.kind())).at(node.at, "extends"));
            return None;
        };
        if self.chain.len() >= EXTENDS_LIMIT {
            self.out.push(Diagnostic::new(EXTENDS_DEPTH, format!("more than {EXTENDS_LIMIT} files stand upon one another")).at(node.at, "extends"));
            return None;
        }
        let folder = self.folders.get(node.at.file.0 as usize).cloned().flatten();
        let path = folder.clone().unwrap_or_default().join(name);
        // From a file a bare name may mean a scenario that edwc brings along; a file of that name is nearer.
        let at_hand = folder.is_none() || !name.contains(['/', '\\']) && !path.exists();
        let embedded = if at_hand { self.library.and_then(|library| library(name)) } else { None };
        let identity =
            if embedded.is_some() { name.to_owned() } else { std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone()).display().to_string() };
        if let Some(start) = self.chain.iter().position(|each| *each == identity) {
            let mut circle = self.chain[start..].to_vec();
            circle.push(identity);
            let circle = circle.iter().map(|each| format!("`{}`", file_name(each))).collect::<Vec<_>>().join(" extends ");
            self.out.push(Diagnostic::new(EXTENDS_CYCLE, format!("files extend each other in a circle: {circle}")).at(node.at, "extends"));
            return None;
        }
        match embedded {
            Some(text) => self.text(name, text),
            None if !path.exists() => {
                let missing = Diagnostic::new(UNREADABLE, format!("there is no file `{}`", path.display())).at(node.at, "extends");
                self.out.push(
                    missing.help("a path stands relative to the file that names it; `national` and the others that `edwc run` lists need no file"),
                );
                None
            }
            None => self.file(&path),
        }
    }

    fn without(&mut self, table: &mut Table, node: &Node) {
        let items = if let Value::List(items) = &node.value { items.as_slice() } else { std::slice::from_ref(node) };
        for item in items {
            let Some(path) = item.value.as_text() else {
                self.out.push(Diagnostic::new(WRONG_TYPE, format!("{} where a path is needed", item.value.kind())).at(item.at, "without"));
                continue;
            };
            if segments(path).and_then(|keys| remove(table, &keys)).is_none() {
                let nothing = Diagnostic::new(BAD_OVERRIDE, format!("nothing is at `{path}` to be taken away")).at(item.at, "without");
                self.out.push(nothing.help("name a value of the file that this one extends"));
            }
        }
    }

    /// Takes away what is at a path, with what the evidence says of it.
    pub(super) fn take_away(&mut self, table: &mut Table, path: &str) {
        if segments(path).and_then(|keys| remove(table, &keys)).is_none() {
            let file = self.add_argument(path);
            let nothing =
                Diagnostic::new(BAD_OVERRIDE, format!("nothing is at `{path}` to be taken away")).at(At::new(file, 0..path.len()), OVERRIDE);
            self.out.push(nothing.help("name a value of the scenario, such as `subsidy.hangzhou`"));
            return;
        }
        if let Some(Value::Table(evidence)) = table.value_mut("evidence").map(|node| &mut node.value) {
            let gone: Vec<String> = evidence.iter().map(|(about, _)| about.to_owned()).filter(|about| is_within(about, path)).collect();
            gone.iter().for_each(|about| drop(evidence.remove(about)));
        }
    }

    /// Applies `PATH=VALUE`; a value that is no TOML is taken as a string, and a path with `*` means all that it matches.
    pub(super) fn set(&mut self, table: &mut Table, argument: &str) {
        let help = "write `--set PATH=VALUE`, such as `--set site.zhongwei.pue=1.2`";
        let Some(equals) = argument.find('=').filter(|at| *at > 0) else {
            let file = self.add_argument(argument);
            self.out
                .push(Diagnostic::new(BAD_OVERRIDE, format!("`{argument}` sets nothing")).at(At::new(file, 0..argument.len()), OVERRIDE).help(help));
            return;
        };
        let (path, value) = argument.split_at(equals);
        if is_pattern(path) {
            match expand(table, path.trim()) {
                Ok(paths) => paths.iter().for_each(|path| self.set(table, &format!("{path}{value}"))),
                Err(nothing) => {
                    let file = self.add_argument(argument);
                    self.out.push(nothing.diagnostic(path.trim()).at(At::new(file, 0..equals), OVERRIDE));
                }
            }
            return;
        }
        // `rate[0]`, as messages and lists write it, is `rate.0` to TOML.
        let keys = if path.contains('[') { segments(path.trim()) } else { None };
        let path = keys.map_or_else(|| path.to_owned(), |keys| keys.iter().fold(String::new(), |path, key| join(&path, key)));
        let (argument, equals) = (&format!("{path}{value}"), path.len());
        let toml = |text: &str| {
            let mut sources = SourceMap::default();
            let mut faults = Vec::new();
            add_text("", text.to_owned(), &mut sources, &mut faults)
                .map(|file| parse(file, &sources, &mut faults))
                .filter(|_| faults.is_empty())
                .is_some()
        };
        let quoted = format!("{}={}", &argument[..equals], toml_string(argument[equals + 1..].trim()));
        let text = if toml(argument) { argument.to_owned() } else { quoted };
        let file = self.add_argument(&text);
        let mut faults = Vec::new();
        let parsed = parse(file, &self.sources, &mut faults);
        if faults.is_empty() {
            self.apply(table, parsed, OVERRIDE);
        } else {
            self.out.push(
                Diagnostic::new(BAD_OVERRIDE, format!("`{argument}` has no path before its `=`")).at(At::new(file, 0..equals), OVERRIDE).help(help),
            );
        }
    }
    fn add_argument(&mut self, text: &str) -> FileId {
        self.folders.push(None);
        self.sources.add(OVERRIDE, text)
    }
    fn apply(&mut self, table: &mut Table, set: Table, origin: &str) {
        let faults = apply(table, set);
        self.out.extend(faults.into_iter().map(|fault| fault.diagnostic(origin)));
    }
}

fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn file_name(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Tells whether one path is the other, or below it.
fn is_within(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn remove(table: &mut Table, keys: &[String]) -> Option<Node> {
    match keys {
        [key] => table.remove(key),
        [key, rest @ ..] => match &mut table.value_mut(key)?.value {
            Value::Table(inner) => remove(inner, rest),
            _ => None,
        },
        [] => None,
    }
}

/// Puts a table on top of another.
pub(super) fn merge(base: &mut Table, top: Table) {
    for (key, node) in top.into_entries() {
        match base.value_mut(&key) {
            Some(existing) => merge_node(existing, node),
            None => base.set(key, node),
        }
    }
}

fn merge_node(base: &mut Node, top: Node) {
    match (&mut base.value, top.value) {
        (Value::Table(below), Value::Table(above)) if !names_its_kind(&above) => merge(below, above),
        // `subsidy.x.rate.0.rate`: an item of a list by its number.
        (Value::List(items), Value::Table(above)) if !above.is_empty() && above.iter().all(|(key, _)| index(key, items.len()).is_some()) => {
            let count = items.len();
            for (key, node) in above.into_entries() {
                if let Some(at) = index(&key, count) {
                    merge_node(&mut items[at], node);
                }
            }
        }
        (below, above) => {
            *below = above;
            (base.at, base.key_at) = (top.at, top.key_at);
        }
    }
}

fn names_its_kind(table: &Table) -> bool {
    ["dist", "process", "times_work", "mark"].iter().any(|key| table.value(key).is_some())
}

fn index(key: &str, count: usize) -> Option<usize> {
    key.parse::<usize>().ok().filter(|at| *at < count)
}

/// A path that leads nowhere.
pub(super) struct NoPath {
    path: String,
    at: At,
    name: String,
    known: Vec<String>,
}

impl NoPath {
    pub(super) fn diagnostic(self, origin: &str) -> Diagnostic {
        let nothing = Diagnostic::new(BAD_OVERRIDE, format!("nothing is at `{}`", self.path)).at(self.at, origin);
        nothing
            .did_you_mean(&self.name, self.known.iter().map(String::as_str))
            .help("a path leads to something that exists; a whole new item is set by a table")
    }
}

/// Merges values by paths into a document: unlike [`merge`], a path must lead through what exists, so that a slip is not a new item.
pub(super) fn apply(table: &mut Table, set: Table) -> Vec<NoPath> {
    let mut faults = Vec::new();
    let set = known_only(table, set, "", 0, &mut faults);
    merge(table, set);
    faults
}

/// Sections that are no lists of items: their keys are judged by the list of keys, also those that are not there yet.
const SINGLE: [&str; 2] = ["scenario", "policy"];

fn known_only(base: &Table, set: Table, path: &str, depth: usize, faults: &mut Vec<NoPath>) -> Table {
    let mut kept = Table::default();
    for (key, mut node) in set.into_entries() {
        let path = join(path, &key);
        // Within an item a new key is judged by the list of keys; a new item must be a table that is written as such.
        let dotted = node.value.as_table().is_some() && node.at == node.key_at;
        let single = path.split('.').next().is_some_and(|section| SINGLE.contains(&section));
        match base.value(&key).map(|existing| &existing.value) {
            None if depth <= 1 && !single && (dotted || node.value.as_table().is_none()) => {
                let known = base.iter().map(|(name, _)| name.to_owned()).collect();
                faults.push(NoPath { path, at: node.key_at, name: key, known });
                continue;
            }
            Some(Value::Table(existing)) => {
                if let Value::Table(inner) = node.value {
                    node.value = Value::Table(known_only(existing, inner, &path, depth + 1, faults));
                }
            }
            _ => {}
        }
        kept.set(key, node);
    }
    kept
}
