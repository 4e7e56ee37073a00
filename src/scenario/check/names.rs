//! Names that look alike.

use super::super::reader::{Item, Lowering};
use crate::diag::NEAR_DUPLICATE;
use std::collections::BTreeMap;
use unicode_normalization::UnicodeNormalization as _;

const SECTIONS: [&str; 15] = [
    "government",
    "region",
    "chip",
    "site",
    "tariff",
    "grid",
    "data",
    "class",
    "tenant",
    "workload",
    "outside",
    "quota",
    "access",
    "subsidy",
    "levy",
];

/// Warns of names of one kind that differ only in case or in their Unicode form.
pub(in crate::scenario) fn names(lowering: &Lowering<'_>) {
    let root = lowering.root();
    for section in SECTIONS {
        near(&root.item(section));
    }
    for (_, site) in root.item("site").entries() {
        near(&site.item("pool"));
    }
    let network = root.item("network");
    near(&network.item("link"));
    near(&network.item("exchange"));
}

fn near(section: &Item<'_>) {
    let mut seen: BTreeMap<String, (&str, Item<'_>)> = BTreeMap::new();
    for (name, item) in section.entries() {
        let folded: String = name.nfkc().flat_map(char::to_lowercase).collect();
        if let Some((other, first)) = seen.get(&folded) {
            let message = format!("`{name}` and `{other}` differ only in case or in how an accent is encoded");
            let warning = crate::diag::Diagnostic::new(NEAR_DUPLICATE, message).at(item.key_at(), &item.path);
            item.lowering.report(warning.also(first.key_at(), &first.path, "the other").help("if one thing is meant, write one name"));
        } else {
            seen.insert(folded, (name, item));
        }
    }
}
