//! The parts that a policy can be composed of, by name.

use super::builtin::{self, Broker, Composed};
use super::{BuildContext, PartInfo, PartKind, Scheduler};
use crate::model::{PolicyChoice, PolicyPart};

/// The policy of a scenario that names none.
pub const DEFAULT: &str = "fifo+at-submit+cheapest+easy";

/// Lists all parts, kind by kind.
pub fn parts() -> impl Iterator<Item = &'static PartInfo> {
    builtin::PARTS.iter().copied()
}

/// Finds a part by name.
pub fn part(name: &str) -> Option<&'static PartInfo> {
    parts().find(|part| part.name == name)
}

/// A policy cannot be composed.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ComposeError {
    /// No part has this name.
    #[error("no policy part is named `{name}`")]
    UnknownPart {
        /// The name.
        name: String,
        /// The closest part, if one is close.
        suggestion: Option<&'static str>,
    },
    /// A part has no such parameter.
    #[error("`{part}` has no parameter `{name}`")]
    UnknownParameter {
        /// The part.
        part: &'static str,
        /// The parameter.
        name: String,
    },
    /// A parameter is out of range.
    #[error("`{part}({name}={value})` must be from {low} to {high}")]
    OutOfRange {
        /// The part.
        part: &'static str,
        /// The parameter.
        name: &'static str,
        /// The value.
        value: f64,
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// Two parts are of one kind.
    #[error("`{first}` and `{second}` are both of kind `{}`; a policy has one", kind.name())]
    TwoOfAKind {
        /// The kind.
        kind: PartKind,
        /// The first part.
        first: &'static str,
        /// The second part.
        second: &'static str,
    },
    /// Jobs could take each other's place for ever.
    #[error("under `{order}`, jobs that lose what they have done as they give way could take each other's place for ever")]
    Livelock {
        /// The order.
        order: &'static str,
    },
    /// Sites with a scheduler of their own get their jobs at submission.
    #[error("`{part}` binds jobs when they start; the site `{site}` has a scheduler of its own and gets them when they are submitted")]
    BindsTooLate {
        /// The part.
        part: String,
        /// The site.
        site: String,
    },
    /// Text in `a+b(c=1)` form is malformed.
    #[error("`{text}` is not a policy: {problem}")]
    Malformed {
        /// The text.
        text: String,
        /// What is wrong.
        problem: String,
    },
}

impl ComposeError {
    /// Returns what would help, in one line.
    pub fn help(&self) -> String {
        match self {
            Self::UnknownPart { suggestion: Some(name), .. } => format!("did you mean `{name}`? `edwc policies` lists all parts"),
            Self::UnknownPart { .. } => "`edwc policies` lists all parts".to_owned(),
            Self::UnknownParameter { part, .. } => format!("`edwc policies {part}` lists its parameters"),
            Self::OutOfRange { part, .. } => format!("`edwc policies {part}` explains it"),
            Self::TwoOfAKind { .. } => "leave one out".to_owned(),
            Self::Livelock { .. } => "let them keep it: `evict-lower(checkpoint=1)`, the default".to_owned(),
            Self::BindsTooLate { part, site } => format!("leave out `{part}`, or `site.{site}.scheduler`"),
            Self::Malformed { .. } => "write parts with `+` between, parameters in brackets: `fifo+cheapest(wait_h=4)+easy`".to_owned(),
        }
    }
}

/// Reads `a+b(c=1,d=2)+e` as parts; names and parameters are checked by [`check`].
pub fn parse(text: &str) -> Result<Vec<PolicyPart>, ComposeError> {
    let malformed = |problem: &str| ComposeError::Malformed { text: text.to_owned(), problem: problem.to_owned() };
    let mut parts = Vec::new();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(malformed("it is empty"));
    }
    loop {
        let end = rest.find(['+', '(']).unwrap_or(rest.len());
        // Oracles are shown with an asterisk.
        let name = rest[..end].trim().trim_end_matches('*');
        if name.is_empty() {
            return Err(malformed("a part has no name"));
        }
        let mut parameters = Vec::new();
        rest = &rest[end..];
        if let Some(inside) = rest.strip_prefix('(') {
            let close = inside.find(')').ok_or_else(|| malformed("a bracket is not closed"))?;
            for pair in inside[..close].split(',').filter(|pair| !pair.trim().is_empty()) {
                let (key, value) = pair.split_once('=').ok_or_else(|| malformed("a parameter is not written `name=value`"))?;
                let (key, value) = (key.trim(), value.trim());
                parameters.push((key.to_owned(), read_value(name, key, value).map_err(|problem| malformed(&problem))?));
            }
            rest = inside[close + 1..].trim_start();
        }
        parts.push(PolicyPart { name: name.to_owned(), parameters });
        match rest.strip_prefix('+') {
            Some(next) => rest = next.trim_start(),
            None if rest.is_empty() => return Ok(parts),
            None => return Err(malformed("parts are joined by `+`")),
        }
    }
}

/// Reads a parameter's value: a number, or, where the part asks for a word, that.
fn read_value(name: &str, key: &str, text: &str) -> Result<f64, String> {
    let words = declared(name, key).map_or(&[][..], |parameter| parameter.words);
    if words.is_empty() {
        return text.parse().map_err(|_| "a parameter's value is not a number".to_owned());
    }
    let position = words.iter().position(|word| *word == text);
    position.map(|position| position as f64).ok_or_else(|| format!("`{key}` is one of {}", words.join(", ")))
}

fn declared(name: &str, key: &str) -> Option<&'static super::Parameter> {
    part(name)?.parameters.iter().find(|parameter| parameter.name == key)
}

/// Checks names, parameters and kinds of parts.
pub fn check(parts: &[PolicyPart]) -> Result<(), ComposeError> {
    let mut seen: Vec<&'static PartInfo> = Vec::new();
    for chosen in parts {
        let info = part(&chosen.name).ok_or_else(|| unknown(&chosen.name))?;
        for (name, value) in &chosen.parameters {
            let parameter = info.parameters.iter().find(|parameter| parameter.name == name);
            let parameter = parameter.ok_or_else(|| ComposeError::UnknownParameter { part: info.name, name: name.clone() })?;
            let (low, high) = parameter.range;
            if !(low..=high).contains(value) {
                return Err(ComposeError::OutOfRange { part: info.name, name: parameter.name, value: *value, low, high });
            }
        }
        if let Some(other) = seen.iter().find(|other| other.kind == info.kind) {
            return Err(ComposeError::TwoOfAKind { kind: info.kind, first: other.name, second: info.name });
        }
        seen.push(info);
    }
    let discards =
        |chosen: &&PolicyPart| chosen.name == "evict-lower" && chosen.parameters.iter().any(|(name, value)| name == "checkpoint" && *value <= 0.5);
    if parts.iter().any(|chosen| discards(&chosen))
        && let Some(order) = seen.iter().find(|info| info.name == "las")
    {
        return Err(ComposeError::Livelock { order: order.name });
    }
    Ok(())
}

/// Returns a policy's full name, parts in the order of kinds with parameters that differ from their defaults: `fifo+at-submit+cheapest+easy`.
/// Parts that know the true work have an asterisk.
pub fn full_name(choice: &PolicyChoice) -> String {
    let mut name = written(&completed(&choice.parts));
    if choice.stage_at_submit {
        name.push_str("+stage-at-submit");
    }
    name
}

/// Returns the full name of the scheduler that a site keeps for itself.
pub fn full_name_at_site(own: &[PolicyPart]) -> String {
    let mut parts = completed_for_site(own);
    parts.sort_by_key(|chosen| part(&chosen.name).map(|info| info.kind));
    written(&parts)
}

fn written(parts: &[PolicyPart]) -> String {
    let written = parts.iter().map(|part| {
        let value = |name: &str, value: f64| declared(&part.name, name).map_or_else(|| value.to_string(), |parameter| parameter.write(value));
        let shown: Vec<String> = part.parameters.iter().map(|(name, given)| format!("{name}={}", value(name, *given))).collect();
        let star = if self::part(&part.name).is_some_and(|info| info.oracle) { "*" } else { "" };
        if shown.is_empty() { format!("{}{star}", part.name) } else { format!("{}{star}({})", part.name, shown.join(",")) }
    });
    written.collect::<Vec<_>>().join("+")
}

/// Tells whether a policy reads the true work of jobs.
pub fn is_oracle(choice: &PolicyChoice) -> bool {
    choice.parts.iter().any(|chosen| part(&chosen.name).is_some_and(|info| info.oracle))
}

/// Builds a policy from its parts; what is left out has its default.
pub fn build(choice: &PolicyChoice, context: BuildContext<'_>) -> Result<Box<dyn Scheduler>, ComposeError> {
    check(&choice.parts)?;
    let parts = completed(&choice.parts);
    let own = context.model.schedulers.entries().find(|(_, own)| !own.is_empty());
    let Some((site, _)) = own else {
        return Ok(Box::new(Composed::new(&parts, choice.stage_at_submit, context)));
    };
    context.model.schedulers.iter().try_for_each(|own| check(own))?;
    if let Some(late) = parts.iter().find(|part| part.name == "at-start") {
        return Err(ComposeError::BindsTooLate { part: late.name.clone(), site: context.model.sites[site].name.clone() });
    }
    Ok(Box::new(Broker::new(&parts, choice.stage_at_submit, context)))
}

/// Adds the default of each kind that is left out. No backfilling and no preemption are what their absence means; a policy of no parts at all is
/// [`DEFAULT`].
fn completed(parts: &[PolicyPart]) -> Vec<PolicyPart> {
    if parts.is_empty() {
        return parse(DEFAULT).expect("the default policy is well formed");
    }
    let find = |kind: PartKind| parts.iter().find(|chosen| part(&chosen.name).is_some_and(|info| info.kind == kind)).cloned();
    let default = |name: &str| PolicyPart { name: name.to_owned(), parameters: Vec::new() };
    let mut all = vec![
        find(PartKind::Order).unwrap_or_else(|| default("fifo")),
        find(PartKind::Bind).unwrap_or_else(|| default("at-submit")),
        find(PartKind::Place).unwrap_or_else(|| default("cheapest")),
    ];
    all.extend(find(PartKind::Backfill));
    all.extend(find(PartKind::Preempt));
    all.extend(find(PartKind::Predict));
    all
}

/// Adds what the scheduler of a site leaves out; without a placement its jobs stay in the pool that the broker chose.
pub(super) fn completed_for_site(parts: &[PolicyPart]) -> Vec<PolicyPart> {
    let has = |kind: PartKind| parts.iter().any(|chosen| part(&chosen.name).is_some_and(|info| info.kind == kind));
    let missing = [(PartKind::Order, "fifo"), (PartKind::Bind, "at-submit")].into_iter().filter(|(kind, _)| !has(*kind));
    let defaults = missing.map(|(_, name)| PolicyPart { name: name.to_owned(), parameters: Vec::new() });
    defaults.chain(parts.iter().cloned()).collect()
}

fn unknown(name: &str) -> ComposeError {
    let closest = parts().map(|part| (strsim::damerau_levenshtein(name, part.name), part.name)).min();
    ComposeError::UnknownPart { name: name.to_owned(), suggestion: closest.filter(|(distance, _)| *distance <= 3).map(|(_, name)| name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_any_order_and_written_in_one() {
        let choice = PolicyChoice { parts: parse(" easy + cheapest( wait_h = 4 ) +fifo").expect("well formed"), ..PolicyChoice::default() };
        check(&choice.parts).expect("all parts exist");
        assert_eq!(full_name(&choice), "fifo+at-submit+cheapest(wait_h=4)+easy");
        let oracle = PolicyChoice { parts: parse("sjf+noisy*(error=2)").expect("well formed"), ..PolicyChoice::default() };
        assert_eq!(full_name(&oracle), "sjf*+at-submit+cheapest+noisy*(error=2)");
    }

    #[test]
    fn mistakes_are_told_apart() {
        let problem = |text: &str| parse(text).and_then(|parts| check(&parts)).map_err(|error| format!("{error}; {}", error.help()));
        assert_eq!(
            problem("cheepest").unwrap_err(),
            "no policy part is named `cheepest`; did you mean `cheapest`? `edwc policies` lists all parts"
        );
        assert!(problem("fifo+sjf").unwrap_err().starts_with("`fifo` and `sjf` are both of kind `order`"));
        assert!(problem("cheapest(wait=1)").unwrap_err().starts_with("`cheapest` has no parameter `wait`"));
        assert!(problem("cheapest(wait_h=-1)").unwrap_err().contains("must be from 0"));
        assert!(problem("las+evict-lower(checkpoint=0)").unwrap_err().contains("each other's place for ever; let them keep it"));
        assert!(problem("las+evict-lower").is_ok() && problem("srpt+evict-lower(checkpoint=0)").is_ok());
        assert!(problem("cheapest(wait_h").unwrap_err().contains("not closed"));
        assert!(problem("").unwrap_err().contains("empty"));
        assert!(problem("fifo++easy").unwrap_err().contains("no name"));
    }

    #[test]
    fn names_are_unique_over_all_kinds() {
        let mut names: Vec<_> = parts().map(|part| part.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
