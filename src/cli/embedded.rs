//! The scenarios that edwc brings along: `edwc run quickstart` works anywhere.

use super::text::columns;

/// Names and texts, in the order of the list.
static SCENARIOS: &[(&str, &str)] = &[
    ("quickstart", include_str!("../../scenarios/quickstart.toml")),
    ("national", include_str!("../../scenarios/national.toml")),
    ("none", include_str!("../../scenarios/none.toml")),
    ("vouchers-local", include_str!("../../scenarios/vouchers-local.toml")),
    ("vouchers-portable", include_str!("../../scenarios/vouchers-portable.toml")),
    ("west-rent", include_str!("../../scenarios/west-rent.toml")),
    ("west-power", include_str!("../../scenarios/west-power.toml")),
    ("export-control", include_str!("../../scenarios/export-control.toml")),
];

/// Finds a scenario by its name, with or without `.toml`.
pub(super) fn find(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix(".toml").unwrap_or(name);
    SCENARIOS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Returns the names, in the order of the list.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SCENARIOS.iter().map(|(name, _)| *name)
}

/// Lists the scenarios with what they ask.
pub(super) fn list(width: usize) -> String {
    let rows: Vec<_> = SCENARIOS.iter().map(|(name, text)| (format!("  {name}"), question(text))).collect();
    format!(
        "Scenarios at hand (`edwc run NAME`), with what they ask:\n\n{}\n`edwc init my.toml` writes one to start from.\n",
        columns(&rows, width)
    )
}

/// Returns the first sentence of the comment at a scenario's head.
fn question(text: &str) -> String {
    let comment: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
    let comment = comment.join(" ");
    let end = comment.find("? ").or_else(|| comment.find(". ")).map_or(comment.len(), |at| at + 1);
    comment[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_says_what_it_asks() {
        for (name, text) in SCENARIOS {
            assert!(question(text).len() > 40, "{name}");
            assert_eq!(find(&format!("{name}.toml")), Some(*text));
        }
        assert!(list(100).lines().count() <= 40);
        assert_eq!(find("nowhere"), None);
    }
}
