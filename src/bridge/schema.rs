//! The JSON Schema of the messages, made from the types that write and read them.

use super::PROTOCOL;
use super::message::{Reply, Said, Welcome};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// Returns the schema of what is said in either direction: `#/$defs/edwc` is a line from edwc, `#/$defs/policy` one from a policy.
///
/// What a policy says must match to the letter. In what edwc says, fields may be added within a version: a policy passes over what it does not know.
pub fn schema() -> Value {
    let mut said = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let edwc = said.subschema_for::<Said<'static>>();
    let mut heard = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let policy = [heard.subschema_for::<Welcome>(), heard.subschema_for::<Reply>()];
    let mut definitions = said.take_definitions(true);
    for (name, definition) in heard.take_definitions(true) {
        let before = definitions.insert(name.clone(), definition);
        assert!(before.is_none(), "two types are named `{name}`");
    }
    definitions.insert("edwc".to_owned(), edwc.into());
    definitions.insert(
        "policy".to_owned(),
        json!({ "description": "A line from a policy: its greeting, then an answer to each round.", "anyOf": policy }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("The protocol of policies in child processes, version {PROTOCOL}"),
        "description": "One line of JSON lines, from edwc to the policy or back",
        "anyOf": [{ "$ref": "#/$defs/edwc" }, { "$ref": "#/$defs/policy" }],
        "$defs": definitions,
    })
}
