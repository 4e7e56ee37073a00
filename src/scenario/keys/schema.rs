//! The JSON Schema of the format, from the list of keys: editors complete and check from it.

use super::check::describe;
use super::{Key, KeyKind, Kind, LAWS, LawUnit, Need, ROOT, Shape};
use serde_json::{Map, Value, json};

/// Returns the JSON Schema (draft 2020-12) of a scenario file.
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let root = shape(&ROOT, None, &mut definitions);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "edwc scenario",
        "description": ROOT.about,
    });
    if let (Value::Object(schema), Value::Object(root)) = (&mut schema, root) {
        schema.extend(root);
        schema.insert("$defs".to_owned(), Value::Object(definitions));
    }
    schema
}

fn shape(shape: &'static Shape, tag: Option<(&str, &str)>, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    if let Some((key, word)) = tag {
        properties.insert(key.to_owned(), json!({ "const": word }));
    }
    properties.extend(shape.keys.iter().map(|key| (key.name.to_owned(), property(key, definitions))));
    let required: Vec<_> =
        tag.map(|(key, _)| key).into_iter().chain(shape.keys.iter().filter(|key| key.need == Need::Required).map(|key| key.name)).collect();
    json!({ "type": "object", "description": shape.about, "properties": properties, "required": required, "additionalProperties": false })
}

fn property(key: &Key, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = kind(&key.kind, definitions);
    if let Value::Object(schema) = &mut schema {
        let about = match key.need {
            Need::Default(default) if !default.is_empty() => format!("{} (default: {default})", key.about),
            _ => key.about.to_owned(),
        };
        schema.insert("description".to_owned(), about.into());
    }
    schema
}

/// Refers to a definition, and makes it at its first use.
fn refer(name: &str, definitions: &mut Map<String, Value>, make: impl FnOnce(&mut Map<String, Value>) -> Value) -> Value {
    let name = name.replace(' ', "-");
    if !definitions.contains_key(&name) {
        // The empty entry ends the recursion of a law that is made of laws.
        definitions.insert(name.clone(), json!({}));
        let made = make(definitions);
        definitions.insert(name.clone(), made);
    }
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn kind(of: &Kind, definitions: &mut Map<String, Value>) -> Value {
    match of {
        Kind::Quantity(unit) => json!({ "type": "string", "examples": unit.examples() }),
        Kind::Limit(unit) => json!({ "type": "string", "examples": [unit.examples()[0], "unlimited"] }),
        Kind::Number(least, most) => json!({ "type": "number", "minimum": least, "maximum": most }),
        Kind::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Kind::Integer(least, most) => integer(*least, *most),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Words(words) => json!({ "enum": words }),
        Kind::Bilingual => json!({ "anyOf": [
            { "type": "string" },
            { "type": "object", "properties": { "en": { "type": "string" }, "zh": { "type": "string" } }, "additionalProperties": false }
        ] }),
        Kind::Position => json!({ "type": "string", "examples": ["37.51 N, 105.19 E"] }),
        Kind::Hours => json!({ "type": "string", "pattern": "^[0-9]{1,2}-[0-9]{1,2}$" }),
        Kind::List(inner) => json!({ "type": "array", "items": kind(inner, definitions) }),
        Kind::Exactly(count, inner) => json!({ "type": "array", "items": kind(inner, definitions), "minItems": count, "maxItems": count }),
        Kind::Table(inner) => refer(inner.name, definitions, |definitions| shape(inner, None, definitions)),
        Kind::Declares(inner) => json!({ "type": "object", "additionalProperties": kind(inner, definitions) }),
        Kind::Map(keys, inner) => map(*keys, inner, definitions),
        Kind::Tagged(tagged) => {
            let shapes: Vec<_> = tagged.shapes.iter().map(|(word, inner)| shape(inner, Some((tagged.tag, word)), definitions)).collect();
            json!({ "oneOf": shapes })
        }
        Kind::Either(kinds) => json!({ "anyOf": kinds.iter().map(|each| kind(each, definitions)).collect::<Vec<_>>() }),
        Kind::Law(unit) => refer(&law_name(*unit), definitions, |definitions| law(*unit, definitions)),
        Kind::Estimate => estimate(definitions),
        Kind::LawValue => json!({ "type": ["string", "number"] }),
        Kind::Settings => json!({ "type": "object" }),
        // Dates are TOML's own type, which editors show to the schema as strings.
        Kind::Date | Kind::Instant | Kind::Text | Kind::Name | Kind::Reference(_) | Kind::File | Kind::Part(_) | Kind::Parts | Kind::Excess => {
            json!({ "type": "string", "title": describe(of) })
        }
    }
}

fn integer(least: i128, most: i128) -> Value {
    let mut schema = json!({ "type": "integer" });
    if let Value::Object(schema) = &mut schema {
        for (key, bound) in [("minimum", least), ("maximum", most)] {
            if let Ok(bound) = i64::try_from(bound) {
                schema.insert(key.to_owned(), bound.into());
            }
        }
    }
    schema
}

fn map(keys: KeyKind, inner: &Kind, definitions: &mut Map<String, Value>) -> Value {
    let pattern = match keys {
        KeyKind::Threshold(word) => format!("^{word}_[0-9]+$"),
        KeyKind::Hours => "^[0-9]{1,2}-[0-9]{1,2}$".to_owned(),
        KeyKind::Sizes => "^[0-9]+(-[0-9]*)?$".to_owned(),
        KeyKind::Reference(_) | KeyKind::Path | KeyKind::Text => return json!({ "type": "object", "additionalProperties": kind(inner, definitions) }),
    };
    json!({ "type": "object", "patternProperties": { pattern: kind(inner, definitions) }, "additionalProperties": false })
}

fn law_name(unit: LawUnit) -> String {
    match unit {
        LawUnit::Quantity(unit) => format!("law of {}", unit.what().trim_start_matches("a ").trim_start_matches("an ")),
        LawUnit::Factor => "law of a factor".to_owned(),
        LawUnit::Share => "law of a share".to_owned(),
    }
}

fn law(unit: LawUnit, definitions: &mut Map<String, Value>) -> Value {
    let single = match unit {
        LawUnit::Quantity(unit) => kind(&Kind::Quantity(unit), definitions),
        LawUnit::Factor => json!({ "type": "number", "minimum": 0 }),
        LawUnit::Share => kind(&Kind::Share, definitions),
    };
    let mut forms = vec![single.clone()];
    for law in LAWS {
        let mut properties = Map::new();
        properties.insert("dist".to_owned(), json!({ "const": law.name }));
        for key in law.keys {
            let value = if matches!(key.kind, Kind::LawValue) { single.clone() } else { kind(&key.kind, definitions) };
            properties.insert(key.name.to_owned(), value);
        }
        if law.cut {
            properties.insert("min".to_owned(), single.clone());
            properties.insert("max".to_owned(), single.clone());
        }
        forms.push(
            json!({ "type": "object", "description": law.about, "properties": properties, "required": ["dist"], "additionalProperties": false }),
        );
    }
    json!({ "anyOf": forms })
}

fn estimate(definitions: &mut Map<String, Value>) -> Value {
    let factor = kind(&Kind::Law(LawUnit::Factor), definitions);
    let law = kind(&Kind::Law(LawUnit::Quantity(crate::scenario::quantity::Unit::Duration)), definitions);
    let range = kind(&super::law::TIMES_WORK, definitions);
    let times = json!({
        "type": "object",
        "properties": { "dist": { "const": "uniform" }, "times_work": { "anyOf": [range, factor] } },
        "required": ["times_work"],
        "additionalProperties": false
    });
    json!({ "anyOf": [{ "const": "exact" }, times, law] })
}
