//! The words that a parameter may be, and how many items a page may have.

use proto::v1::{Kind, Severity, State};
use serde_json::{Value, json};

use crate::{
    domain::{
        board::{delivery::DeliveryState, query::Sort},
        inventory::contact::CHANNELS,
    },
    shell::http::{deliveries, paging::LIMIT_MAX},
};

/// Says them in the document, so that whoever reads it need not try.
pub(super) fn name(document: &mut Value) {
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        let operations = item.as_object_mut().into_iter().flat_map(|item| item.values_mut());
        for operation in operations {
            let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
            for parameter in parameters.into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap_or_default().to_owned();
                if parameter["in"] == "query" {
                    fit(path, &name, &mut parameter["schema"]);
                }
            }
        }
    }
}

fn fit(path: &str, name: &str, schema: &mut Value) {
    if name == "limit" {
        schema["minimum"] = json!(1);
        schema["maximum"] = json!(LIMIT_MAX);
    } else if let Some(words) = words(path, name) {
        *schema = json!({ "type": "string", "enum": words });
    }
}

fn words(path: &str, name: &str) -> Option<Vec<String>> {
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let of_deliveries = path.ends_with("/deliveries");
    Some(match name {
        "state" if path.ends_with("/anomalies") => own(&["open", "closed"]),
        "state" if of_deliveries => own(&DeliveryState::ALL.map(DeliveryState::token)),
        "state" => State::ALL.iter().map(|state| state.token().to_owned()).collect(),
        "kind" => Kind::ALL.iter().map(|kind| kind.token().to_owned()).collect(),
        "severity" => Severity::ALL.iter().map(|one| one.token().to_owned()).collect(),
        "cause" => deliveries::CAUSES.map(|cause| deliveries::cause(cause).to_owned()).into(),
        "method" => own(&CHANNELS),
        "existing" => own(&["keep", "update"]),
        "by" => own(&["day", "week"]),
        "sort" => {
            let sorts = Sort::ALL.map(Sort::token);
            let falling = sorts.map(|sort| format!("-{sort}"));
            sorts.into_iter().map(str::to_owned).chain(falling).collect()
        }
        _ => return None,
    })
}
