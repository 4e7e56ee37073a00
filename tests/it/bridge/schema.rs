//! A validator for the part of JSON Schema (2020-12) that the published schema uses; a keyword that it does not know is a failure.

use serde_json::Value;

/// Returns what is wrong with a value under `#/$defs/NAME`.
pub fn errors(schema: &Value, name: &str, value: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    check(schema, &schema["$defs"][name], value, "", &mut errors);
    errors
}

fn check(root: &Value, schema: &Value, value: &Value, place: &str, errors: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else {
        if *schema != Value::Bool(true) {
            errors.push(format!("{place}: nothing may stand here"));
        }
        return;
    };
    for (keyword, rule) in keywords {
        match keyword.as_str() {
            "$ref" => check(root, target(root, rule), value, place, errors),
            "oneOf" | "anyOf" => {
                let fits = |branch: &&Value| fits(root, branch, value);
                let count = rule.as_array().expect("branches").iter().filter(fits).count();
                if count == 0 || keyword == "oneOf" && count > 1 {
                    errors.push(format!("{place}: {count} of the branches fit {value}"));
                }
            }
            "type" => {
                let allowed = rule.as_array().map_or_else(|| vec![rule], |list| list.iter().collect());
                if !allowed.iter().any(|name| is(value, name.as_str().expect("a name"))) {
                    errors.push(format!("{place}: {value} is not of type {rule}"));
                }
            }
            "const" if value != rule => errors.push(format!("{place}: {value} is not {rule}")),
            "enum" if !rule.as_array().expect("values").contains(value) => errors.push(format!("{place}: {value} is none of {rule}")),
            "required" => {
                let missing = rule.as_array().expect("names").iter().filter(|name| value.get(name.as_str().expect("a name")).is_none());
                errors.extend(missing.map(|name| format!("{place}: {name} is missing")));
            }
            "properties" => object(root, keywords, value, place, errors),
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{place}/{at}"), errors);
                }
            }
            "minimum" if value.is_number() && value.as_f64() < rule.as_f64() => errors.push(format!("{place}: {value} is less than {rule}")),
            "minItems" if value.as_array().is_some_and(|items| (items.len() as u64) < rule.as_u64().expect("a number")) => {
                errors.push(format!("{place}: too few items"));
            }
            "maxItems" if value.as_array().is_some_and(|items| items.len() as u64 > rule.as_u64().expect("a number")) => {
                errors.push(format!("{place}: too many items"));
            }
            // Checked beside `properties`, or says nothing about the value.
            "additionalProperties" | "const" | "enum" | "minimum" | "minItems" | "maxItems" => {}
            "description" | "title" | "default" | "format" => {}
            other => panic!("the schema uses `{other}`, which this test does not check"),
        }
    }
}

fn object(root: &Value, keywords: &serde_json::Map<String, Value>, value: &Value, place: &str, errors: &mut Vec<String>) {
    let known = keywords["properties"].as_object().expect("properties");
    for (name, item) in value.as_object().into_iter().flatten() {
        let place = format!("{place}/{name}");
        match known.get(name) {
            Some(schema) => check(root, schema, item, &place, errors),
            None if keywords.get("additionalProperties") == Some(&Value::Bool(false)) => errors.push(format!("{place}: no such field")),
            None => {}
        }
    }
}

fn fits(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut errors = Vec::new();
    check(root, schema, value, "", &mut errors);
    errors.is_empty()
}

fn target<'a>(root: &'a Value, reference: &Value) -> &'a Value {
    let name = reference.as_str().and_then(|text| text.strip_prefix("#/$defs/")).expect("a reference into the definitions");
    root["$defs"].get(name).expect("what is referred to is defined")
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        other => panic!("the schema uses the type `{other}`"),
    }
}
