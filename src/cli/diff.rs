//! `edwc diff`: what differs in meaning between two scenarios, wherever it is written and in whatever order.

use super::arguments::Diff;
use super::failure::{Failure, plural};
use super::load::load;
use super::printer::Printer;
use crate::diag::escape;
use crate::scenario::{Difference, diff};

/// Names the two, counts what differs, and writes one line a path: `+` only in the second, `-` only in the first, `~` in both and not the same.
pub(super) fn run(arguments: &Diff, printer: &mut Printer) -> Result<(), Failure> {
    let (first, second) = (load(&arguments.first, &[])?, load(&arguments.second, &[])?);
    let differences = diff(&first.scenario.document, &second.scenario.document);
    let names = [&arguments.first, &arguments.second].map(|file| escape(&file.to_string_lossy()));
    printer.out(&listed(&names, &differences));
    Ok(())
}

fn listed([first, second]: &[String; 2], differences: &[Difference]) -> String {
    let mut text = format!("- {first}\n+ {second}\n");
    if differences.is_empty() {
        return text + "the two scenarios mean the same\n";
    }
    let count = |mark: char| differences.iter().filter(|difference| mark_of(difference) == mark).count();
    let verb = if differences.len() == 1 { "differs" } else { "differ" };
    text.push_str(&format!("{} {verb}", plural(differences.len(), "value")));
    let kinds = [('~', "changed"), ('-', "only in the first"), ('+', "only in the second")];
    let counts: Vec<String> = kinds.iter().filter(|(mark, _)| count(*mark) > 0).map(|(mark, what)| format!("{} {what}", count(*mark))).collect();
    text.push_str(&format!(": {}\n\n", counts.join(", ")));
    text.extend(differences.iter().map(line));
    text
}

fn mark_of(difference: &Difference) -> char {
    match (&difference.old, &difference.new) {
        (Some(_), None) => '-',
        (None, _) => '+',
        (Some(_), Some(_)) => '~',
    }
}

fn line(difference: &Difference) -> String {
    let values: Vec<String> = difference.old.iter().chain(&difference.new).map(|value| escape(value)).collect();
    format!("{} {}: {}\n", mark_of(difference), escape(&difference.path), values.join(" -> "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_are_named_and_differences_counted() {
        let names = ["a.toml".to_owned(), "b.toml".to_owned()];
        let difference = |path: &str, old: Option<&str>, new: Option<&str>| Difference {
            path: path.to_owned(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        };
        let one = difference("tariff.ningxia.flat", Some("0.36 CNY/kWh"), Some("0.5 CNY/kWh"));
        let text = "- a.toml\n+ b.toml\n1 value differs: 1 changed\n\n~ tariff.ningxia.flat: 0.36 CNY/kWh -> 0.5 CNY/kWh\n";
        assert_eq!(listed(&names, std::slice::from_ref(&one)), text);
        let more = [one, difference("x", Some("1"), None), difference("y", None, Some("2")), difference("z", None, Some("3"))];
        let text = listed(&names, &more);
        assert!(
            text.contains("4 values differ: 1 changed, 1 only in the first, 2 only in the second\n") && text.ends_with("- x: 1\n+ y: 2\n+ z: 3\n"),
            "{text}"
        );
        assert_eq!(listed(&names, &[]), "- a.toml\n+ b.toml\nthe two scenarios mean the same\n");
    }
}
