//! An example for each body, each answer and each part of a path.
//!
//! Where a type shows one, that is it. The others are put together from the examples of their
//! parts.

use serde_json::{Map, Value, json};

use super::merged::resolved;

/// How deep an example goes: no type of this API is deeper.
const DEPTH_MAX: usize = 8;

/// Examples of values, by the name of their field.
const VALUES: [(&str, &str); 30] = [
    ("domain", "example.com:443"),
    ("contact", "Ada"),
    ("host", "example.com"),
    ("name", "Ada"),
    ("email", "ada@example.com"),
    ("address", "ada@example.com"),
    ("language", "en"),
    ("time_zone", "Europe/Berlin"),
    ("kind", "expired"),
    ("severity", "critical"),
    ("state", "abnormal"),
    ("method", "email"),
    ("cause", "event"),
    ("role", "editor"),
    ("tag", "shop"),
    ("protocol", "tls"),
    ("phase", "opened"),
    ("event_id", "4rrewm3tr6pwn4kxotpjwlbjue-17-0"),
    ("anomaly_id", "4rrewm3tr6pwn4kxotpjwlbjue-expired-1"),
    ("anomaly", "4rrewm3tr6pwn4kxotpjwlbjue-expired-1"),
    ("cursor", "AAAAAAAAACo"),
    ("next", "AAAAAAAAACo"),
    ("secret", "cht_3hk7…"),
    ("version", "0.1.0"),
    ("instance", "console-1"),
    ("what", "anomaly_opened"),
    ("field", "interval_seconds"),
    ("fingerprint", "5f3b8a…"),
    ("pem", "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"),
    ("words", "250 OK"),
];
/// An id: that of a domain, a contact, a delivery, a silence, a token.
const ID: &str = "4rrewm3tr6pwn4kxotpjwlbjue";
const INSTANT: &str = "2026-11-22T21:05:00Z";

/// Adds what is missing.
pub(super) fn add(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    let Some(paths) = document["paths"].as_object_mut() else { return };
    let operations = paths.values_mut().filter_map(Value::as_object_mut);
    for operation in operations.flat_map(|item| item.values_mut()) {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            if parameter["in"] == "path" && parameter["example"].is_null() {
                parameter["example"] = path(parameter["name"].as_str().unwrap_or_default());
            }
        }
        show_each(operation.pointer_mut("/requestBody/content"), &schemas);
        let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
        for response in responses.into_iter().flat_map(|all| all.values_mut()) {
            show_each(response.get_mut("content"), &schemas);
        }
    }
}

fn show_each(contents: Option<&mut Value>, schemas: &Value) {
    if let Some(contents) = contents.and_then(Value::as_object_mut) {
        contents.values_mut().for_each(|content| show(content, schemas));
    }
}

fn path(name: &str) -> Value {
    match name {
        "domain" => json!("example.com:443"),
        "anomaly" => json!("4rrewm3tr6pwn4kxotpjwlbjue-expired-1"),
        _ => json!(ID),
    }
}

fn show(content: &mut Value, schemas: &Value) {
    if content["example"].is_null() && content["examples"].is_null() {
        content["example"] = of("", &content["schema"], schemas, 0);
    }
}

fn of(name: &str, schema: &Value, schemas: &Value, depth: usize) -> Value {
    let schema = resolved(schema, schemas);
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    for given in ["enum", "examples"] {
        if let Some(first) = schema[given].as_array().and_then(|all| all.first()) {
            return first.clone();
        }
    }
    for choice in ["oneOf", "anyOf"] {
        let choices = schema[choice].as_array().into_iter().flatten();
        let something = |one: &&Value| one["type"] != "null";
        if let Some(first) = choices.clone().find(something) {
            return of(name, first, schemas, depth);
        }
    }
    if depth == DEPTH_MAX {
        return Value::Null;
    }
    match kind(schema) {
        "object" => object(schema, schemas, depth),
        "array" => json!([of(name, &schema["items"], schemas, depth + 1)]),
        "integer" | "number" => {
            schema["minimum"].as_u64().filter(|least| *least > 1).map_or(json!(1), Value::from)
        }
        "boolean" => json!(true),
        _ => text(name, schema),
    }
}

/// The type, where `null` is another.
fn kind(schema: &Value) -> &str {
    let several = schema["type"].as_array().into_iter().flatten();
    let one = several.filter_map(Value::as_str).find(|kind| *kind != "null");
    one.or_else(|| schema["type"].as_str()).unwrap_or_default()
}

fn object(schema: &Value, schemas: &Value, depth: usize) -> Value {
    let properties = schema["properties"].as_object();
    let fields = properties.into_iter().flatten();
    let shown = fields.map(|(name, field)| (name.clone(), of(name, field, schemas, depth + 1)));
    let mut object: Map<_, _> = shown.collect();
    if object.is_empty() && schema["additionalProperties"].is_object() {
        let value = of("", &schema["additionalProperties"], schemas, depth + 1);
        object.insert("critical".to_owned(), value);
    }
    Value::Object(object)
}

fn text(name: &str, schema: &Value) -> Value {
    if schema["format"] == "date-time" {
        return json!(INSTANT);
    }
    let known = VALUES.iter().find(|(known, _)| *known == name);
    match known {
        Some((_, value)) => json!(value),
        None if name == "id" || name.ends_with("_id") => json!(ID),
        None => json!("…"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_put_together_from_its_parts() {
        let schemas = json!({
            "Page": { "type": "object", "properties": {
                "items": { "type": "array", "items": { "$ref": "#/x/Item" } },
                "next": { "type": ["string", "null"] }
            } },
            "Item": { "type": "object", "properties": {
                "id": { "type": "string" }, "at": { "type": "string", "format": "date-time" },
                "count": { "type": "integer", "minimum": 60 }, "known": { "example": "x" }
            } }
        });
        assert_eq!(
            of("", &json!({ "$ref": "#/x/Page" }), &schemas, 0),
            json!({
                "items": [{ "id": ID, "at": INSTANT, "count": 60, "known": "x" }],
                "next": "AAAAAAAAACo"
            })
        );
    }
}
