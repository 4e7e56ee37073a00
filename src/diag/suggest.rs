//! "Did you mean": the nearest of the known names.

/// Returns the known name that is nearest to what was written, if it is near enough to be a slip: at most a third of its letters
/// differ (Damerau-Levenshtein), or only case, hyphens and underscores.
pub fn closest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if written.is_empty() || written.len() > 100 {
        return None;
    }
    let fold = |name: &str| name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect::<String>();
    let folded = fold(written);
    let distance = |name: &str| if fold(name) == folded { 0 } else { strsim::damerau_levenshtein(&folded, &fold(name)) };
    let limit = (folded.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|name| *name != written)
        .map(|name| (distance(name), name))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_another_word_is_not() {
        assert_eq!(closest("zhongwai", ["yrd", "zhongwei"]).as_deref(), Some("zhongwei"));
        assert_eq!(closest("gpu", ["gpus", "chip"]).as_deref(), Some("gpus"));
        assert_eq!(closest("gpus-per-node", ["gpus_per_node", "nodes"]).as_deref(), Some("gpus_per_node"));
        assert_eq!(closest("banana", ["gpus", "chip"]), None);
    }
}
