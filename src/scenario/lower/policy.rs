//! `[policy]`, and `--policy`.

use super::super::reader::Item;
use super::section;
use crate::base::Column;
use crate::base::Span;
use crate::diag::{BAD_PARAMETER, Code, Diagnostic, MISPLACED_PART, SAME_PART_TWICE, UNKNOWN_PART};
use crate::model::{PolicyChoice, PolicyPart, SiteId};
use crate::policy::PartKind;
use crate::policy::registry::{self, ComposeError};

/// Reads a policy as the command line writes it, `fifo+cheapest+easy`; the data of a `stage = "at-submit"` stays with the scenario.
///
/// # Errors
/// The first thing that is wrong, without a place.
pub fn choose(text: &str, scenario: &PolicyChoice) -> Result<PolicyChoice, Diagnostic> {
    let parts = registry::parse(text).and_then(|parts| registry::check(&parts).map(|()| parts)).map_err(|error| diagnostic(&error))?;
    Ok(PolicyChoice { parts, ..scenario.clone() })
}

fn diagnostic(error: &ComposeError) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(code(error), error.to_string());
    match error {
        ComposeError::UnknownPart { suggestion: Some(name), .. } => diagnostic.suggestion = Some((*name).to_owned()),
        other => diagnostic.help.push(other.help()),
    }
    diagnostic
}

fn code(error: &ComposeError) -> Code {
    match error {
        ComposeError::UnknownPart { .. } => UNKNOWN_PART,
        ComposeError::TwoOfAKind { .. } => SAME_PART_TWICE,
        ComposeError::BindsTooLate { .. } => MISPLACED_PART,
        _ => BAD_PARAMETER,
    }
}

pub(super) fn lower(root: &Item<'_>) -> PolicyChoice {
    let policy = root.item("policy");
    let mut parts = Vec::new();
    for kind in PartKind::ALL {
        let item = policy.item(kind.name());
        let Some(text) = item.text() else { continue };
        let read = read(&item, text);
        match read.as_slice() {
            [part] => match registry::part(&part.name) {
                Some(info) if info.kind != kind => {
                    let message = format!("`{}` is a part of the kind `{}`, not `{}`", part.name, info.kind.name(), kind.name());
                    let of_kind: Vec<_> = registry::parts().filter(|info| info.kind == kind).map(|info| format!("`{}`", info.name)).collect();
                    item.report(UNKNOWN_PART, message, format!("allowed: {}", of_kind.join(", ")));
                }
                _ => parts.push(part.clone()),
            },
            [] => {}
            _ => item.report(SAME_PART_TWICE, format!("{} parts where one `{}` is needed", read.len(), kind.name()), "write one name"),
        }
    }
    let preset = policy.item("preset");
    let kind = |part: &PolicyPart| registry::part(&part.name).map(|info| info.kind);
    for part in preset.text().map(|text| read(&preset, text)).unwrap_or_default() {
        if !parts.iter().any(|chosen| kind(chosen) == kind(&part)) {
            parts.push(part);
        }
    }
    let decision_delay = policy.item("decision_delay").span().unwrap_or(Span::ZERO);
    let view_delay = policy.item("view_delay").span().unwrap_or(Span::ZERO);
    PolicyChoice { parts, stage_at_submit: policy.item("stage").text() == Some("at-submit"), decision_delay, view_delay }
}

/// Reads the schedulers that sites keep for themselves.
pub(super) fn schedulers(root: &Item<'_>) -> Column<SiteId, Vec<PolicyPart>> {
    let own = |(_, site): (&str, Item<'_>)| {
        let item = site.item("scheduler");
        let parts = item.text().map(|text| read(&item, text)).unwrap_or_default();
        for part in parts.iter().filter(|part| part.name == "global") {
            let message = format!("`{}` searches all sites; the scheduler of a site has its own", part.name);
            item.report(MISPLACED_PART, message, "write it as `policy.place`: the broker chooses the site");
        }
        let predicts = |part: &&PolicyPart| registry::part(&part.name).is_some_and(|info| info.kind == PartKind::Predict);
        for part in parts.iter().filter(predicts) {
            let message = format!("`{}` predicts for all sites alike", part.name);
            item.report(MISPLACED_PART, message, "write it as `policy.predict`: the broker sees every job first");
        }
        parts
    };
    let own: Column<SiteId, _> = section(root, "site").map(own).collect();
    let policy = root.item("policy");
    let with_own = section(root, "site").find(|(_, site)| site.has("scheduler"));
    for (key, (name, _)) in ["bind", "preset"].into_iter().flat_map(|key| with_own.clone().map(|with_own| (key, with_own))) {
        let item = policy.item(key);
        if item.text().is_some_and(|text| registry::parse(text).is_ok_and(|parts| parts.iter().any(|part| part.name == "at-start"))) {
            let error = ComposeError::BindsTooLate { part: "at-start".to_owned(), site: name.to_owned() };
            item.report(MISPLACED_PART, error.to_string(), error.help());
        }
    }
    own
}

fn read(item: &Item<'_>, text: &str) -> Vec<PolicyPart> {
    let checked = registry::parse(text).and_then(|parts| registry::check(&parts).map(|()| parts));
    checked.unwrap_or_else(|error| {
        let mut fault = diagnostic(&error);
        fault = fault.at(item.at(), &item.path);
        item.lowering.report(fault);
        Vec::new()
    })
}
