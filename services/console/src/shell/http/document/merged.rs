//! Objects that are shown as one are described as one.
//!
//! A type that takes in the fields of another is described by its maker as "all of" two objects. A
//! reader that holds each of them to "these fields and no others" would refuse every answer.

use serde_json::{Map, Value, json};

/// Merges what is described in parts, in each schema of the document.
pub(super) fn merge(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    if let Some(own) = document["components"]["schemas"].as_object_mut() {
        own.values_mut().for_each(|schema| merge_one(schema, &schemas));
    }
}

fn merge_one(schema: &mut Value, schemas: &Value) {
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = Map::from_iter([("type".to_owned(), json!("object"))]);
        for part in parts {
            take_in(&mut whole, part, schemas);
        }
        let own = schema.as_object().cloned().unwrap_or_default();
        whole.extend(own.into_iter().filter(|(key, _)| key != "allOf"));
        *schema = Value::Object(whole);
    }
}

fn take_in(whole: &mut Map<String, Value>, part: &Value, schemas: &Value) {
    let part = resolved(part, schemas);
    if let Some(parts) = part["allOf"].as_array() {
        for part in parts {
            take_in(whole, part, schemas);
        }
    }
    if let Some(properties) = part["properties"].as_object() {
        let all = whole.entry("properties").or_insert_with(|| json!({}));
        if let Some(all) = all.as_object_mut() {
            all.extend(properties.clone());
        }
    }
    if let Some(required) = part["required"].as_array() {
        let all = whole.entry("required").or_insert_with(|| json!([]));
        if let Some(all) = all.as_array_mut() {
            all.extend(required.iter().cloned());
        }
    }
}

/// What a reference leads to; anything else is itself.
pub(super) fn resolved<'v>(schema: &'v Value, schemas: &'v Value) -> &'v Value {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    name.and_then(|name| schemas.get(name)).unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_in_another_has_the_fields_of_both() {
        let inner = json!({
            "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"],
            "additionalProperties": false
        });
        let own = json!({ "type": "object", "properties": { "b": {} }, "required": ["b"] });
        let outer = json!({ "description": "Both.", "allOf": [{ "$ref": "#/x/Inner" }, own] });
        let mut document =
            json!({ "components": { "schemas": { "Inner": inner, "Outer": outer } } });
        merge(&mut document);
        assert_eq!(
            document["components"]["schemas"]["Outer"],
            json!({
                "type": "object", "description": "Both.",
                "properties": { "a": { "type": "string" }, "b": {} }, "required": ["a", "b"]
            })
        );
        assert_eq!(document["components"]["schemas"]["Inner"]["additionalProperties"], false);
    }
}
