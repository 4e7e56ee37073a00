//! The reference page of the format, from the list of keys.

use super::check::describe;
use super::{Kind, LAWS, Need, ROOT, Shape};
use crate::scenario::quantity::Unit;
use std::fmt::Write as _;

/// Returns the reference of the format as Markdown.
pub fn reference() -> String {
    let mut page = String::from("# The scenario file\n\n");
    let mut shapes: Vec<&'static Shape> = Vec::new();
    gather(&ROOT, &mut shapes);
    for shape in shapes {
        section(shape, &mut page);
    }
    page.push_str("## Laws\n\nA law stands where a quantity may be random: a quantity alone is always the same; a table names its `dist`. `min` and `max` cut a law off: draws beyond are drawn again.\n\n| `dist` | what it is | parameters |\n|---|---|---|\n");
    for law in LAWS {
        let sets: Vec<_> = law.sets.iter().map(|set| set.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ")).collect();
        let _ = writeln!(page, "| `{}` | {} | {} |", law.name, law.about, sets.join("; or "));
    }
    page.push_str("\n## Units\n\nA quantity is a string with a number and a unit. The decimal sign is a point; thousands are not separated. Bits and bytes are never taken for each other.\n\n| what | examples | units |\n|---|---|---|\n");
    for unit in UNITS {
        let examples: Vec<_> = unit.examples().iter().map(|example| format!("`\"{example}\"`")).collect();
        let _ = writeln!(page, "| {} | {} | {} |", unit.what(), examples.join(", "), unit.accepted().trim_start_matches("accepted units: "));
    }
    page
}

const UNITS: [Unit; 14] = [
    Unit::Duration,
    Unit::Bytes,
    Unit::Bandwidth,
    Unit::Power,
    Unit::Energy,
    Unit::Money,
    Unit::PerGpuHour,
    Unit::PerKwh,
    Unit::PerGb,
    Unit::PerGpu,
    Unit::Carbon,
    Unit::Gpus,
    Unit::GpuHours,
    Unit::Rate,
];

fn gather(shape: &'static Shape, shapes: &mut Vec<&'static Shape>) {
    if shapes.iter().any(|known| std::ptr::eq(*known, shape)) {
        return;
    }
    shapes.push(shape);
    shape.keys.iter().for_each(|key| gather_kind(&key.kind, shapes));
}

fn gather_kind(kind: &Kind, shapes: &mut Vec<&'static Shape>) {
    match kind {
        Kind::Table(shape) => gather(shape, shapes),
        Kind::Declares(inner) | Kind::Map(_, inner) | Kind::List(inner) | Kind::Exactly(_, inner) => gather_kind(inner, shapes),
        Kind::Either(kinds) => kinds.iter().for_each(|kind| gather_kind(kind, shapes)),
        Kind::Tagged(tagged) => tagged.shapes.iter().for_each(|(_, shape)| gather(shape, shapes)),
        _ => {}
    }
}

fn section(shape: &Shape, page: &mut String) {
    let _ = writeln!(page, "## {}\n\n{}\n\n| key | value | default | |\n|---|---|---|---|", heading(shape.name), shape.about);
    for key in shape.keys {
        let default = match key.need {
            Need::Required => "**required**",
            Need::Default(default) => default,
        };
        let _ = writeln!(page, "| `{}` | {} | {default} | {} |", key.name, cell(&key.kind), key.about);
    }
    page.push('\n');
}

fn heading(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn cell(kind: &Kind) -> String {
    match kind {
        Kind::Table(shape) => format!("[{}](#{})", shape.name, anchor(shape.name)),
        Kind::Declares(inner) => format!("by name: {}", cell(inner)),
        Kind::Map(_, inner) => format!("by key: {}", cell(inner)),
        Kind::List(inner) => format!("list of {}", cell(inner)),
        Kind::Either(kinds) => kinds.iter().map(cell).collect::<Vec<_>>().join(", or "),
        Kind::Tagged(tagged) => {
            let words: Vec<_> = tagged.shapes.iter().map(|(word, shape)| format!("[`{word}`](#{})", anchor(shape.name))).collect();
            format!("table with `{}`: {}", tagged.tag, words.join(", "))
        }
        other => describe(other),
    }
    .replace('|', "\\|")
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}
