//! Paths with `*`, which mean all keys that match: `subsidy.*.rate` is the rate of every subsidy that has one.

use super::document::{Node, Table, Value, join};
use super::extend::{Document, segments};
use crate::diag::{BAD_OVERRIDE, Diagnostic};

/// A place where a pattern matches nothing any more.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct NoMatch {
    /// The key of the pattern that nothing matches.
    key: String,
    /// What is there instead.
    known: Vec<String>,
}

impl NoMatch {
    /// Makes the diagnostic of a pattern without a match.
    pub(super) fn diagnostic(&self, pattern: &str) -> Diagnostic {
        let known = self.known.iter().map(String::as_str);
        let nothing = Diagnostic::new(BAD_OVERRIDE, format!("nothing matches `{pattern}`"));
        nothing.did_you_mean(&self.key, known).help("`*` stands for any part of a key, and only values that exist are set")
    }
}

/// Tells whether a path is a pattern: whether it has a `*` outside of quotes.
pub fn is_pattern(path: &str) -> bool {
    let mut quoted = false;
    path.chars().any(|character| {
        quoted ^= character == '"';
        character == '*' && !quoted
    })
}

/// Lists the paths of all values that a pattern matches, in the order of the document; of a plain path, itself if something is there.
pub fn matching(document: &Document, pattern: &str) -> Vec<String> {
    expand(document.table(), pattern).unwrap_or_default()
}

/// Tells whether a path is one that a pattern matches, or the same as a plain one.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    match (segments(pattern), segments(path)) {
        (Some(pattern), Some(path)) => {
            pattern.len() == path.len() && pattern.iter().zip(&path).all(|(pattern, key)| key_matches(pattern.as_bytes(), key.as_bytes()))
        }
        _ => false,
    }
}

/// Lists the paths of a table that a pattern matches.
pub(super) fn expand(table: &Table, pattern: &str) -> Result<Vec<String>, NoMatch> {
    let keys = segments(pattern).ok_or_else(|| NoMatch { key: pattern.to_owned(), known: Vec::new() })?;
    let mut found: Vec<(String, &Node)> = Vec::new();
    for (depth, key) in keys.iter().enumerate() {
        let below: Vec<(String, String, &Node)> = if depth == 0 {
            table.iter().map(|(name, node)| (name.to_owned(), join("", name), node)).collect()
        } else {
            found.iter().flat_map(|(path, node)| children(path, node)).collect()
        };
        found = below.iter().filter(|(name, ..)| key_matches(key.as_bytes(), name.as_bytes())).map(|(_, path, node)| (path.clone(), *node)).collect();
        if found.is_empty() {
            return Err(NoMatch { key: key.clone(), known: below.into_iter().map(|(name, ..)| name).collect() });
        }
    }
    Ok(found.into_iter().map(|(path, _)| path).collect())
}

/// Lists what is below a value: its key, its path, itself.
fn children<'a>(path: &str, node: &'a Node) -> Vec<(String, String, &'a Node)> {
    match &node.value {
        Value::Table(table) => table.iter().map(|(name, node)| (name.to_owned(), join(path, name), node)).collect(),
        Value::List(items) => items.iter().enumerate().map(|(at, node)| (at.to_string(), join(path, &at.to_string()), node)).collect(),
        _ => Vec::new(),
    }
}

/// Matches a key with a pattern in which `*` stands for any bytes, also for none.
fn key_matches(pattern: &[u8], key: &[u8]) -> bool {
    match (pattern, key) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => key_matches(rest, key) || !key.is_empty() && key_matches(pattern, &key[1..]),
        ([first, rest @ ..], [other, more @ ..]) => first == other && key_matches(rest, more),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Options, Scenario};
    use super::*;

    fn quickstart() -> Document {
        let text = include_str!("../../scenarios/quickstart.toml");
        Scenario::parse("quickstart", text, &Options::default()).expect("it is well formed").document
    }

    #[test]
    fn stars_stand_for_any_part_of_a_key() {
        let found = |pattern: &str| matching(&quickstart(), pattern);
        assert_eq!(found("site.*.pue"), ["site.jiaxing.pue", "site.zhongwei.pue"]);
        assert_eq!(found("site.zhong*.pue"), ["site.zhongwei.pue"]);
        assert_eq!(found("s*.zhongwei.pu*"), ["site.zhongwei.pue"]);
        assert_eq!(found("site.zhongwei.pue"), ["site.zhongwei.pue"]);
        assert!(found("site.*.nothing").is_empty() && found("site.*.pue.*").is_empty() && found("").is_empty());
        assert!(is_pattern("subsidy.*.rate") && !is_pattern("subsidy.x.rate") && !is_pattern("a.\"*\".b"));
        assert!(matches("site.*.pool.*.nodes", "site.zhongwei.pool.imported.nodes") && !matches("site.*", "site.zhongwei.pue"));
        assert!(matches("a.b[0].c", "a.b.0.c"), "a list's items are numbered in either way");
    }

    #[test]
    fn where_nothing_matches_the_key_is_named() {
        let document = quickstart();
        let missed = expand(document.table(), "sites.*.pue").unwrap_err();
        assert_eq!(missed.diagnostic("sites.*.pue").suggestion.as_deref(), Some("site"));
        let missed = expand(document.table(), "site.*.peu").unwrap_err();
        assert_eq!((missed.key.as_str(), missed.diagnostic("site.*.peu").suggestion.as_deref()), ("peu", Some("pue")));
    }
}
