//! `explain`: why somebody was told of a domain, or was not.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use serde_json::Value;

use crate::{
    cli::api::Explain,
    client::{Client, ClientError, part},
    domains::{ended, items, say, text},
    events,
};

/// Explains. Exits with 1 if it could not be done.
pub(crate) async fn run(options: Explain) -> ExitCode {
    ended(explained(options).await)
}

async fn explained(options: Explain) -> Result<bool, ClientError> {
    let Explain { access, name, event, anomaly, last } = options;
    let client = Client::of(&access)?;
    let given = [("event", event), ("anomaly", anomaly), ("limit", Some(last.to_string()))];
    let query: Vec<_> = given.into_iter().filter_map(|(key, text)| Some((key, text?))).collect();
    let explanation = client.get(&format!("domains/{}/explain", part(&name)), &query).await?;
    let for_people = || shown(&explanation, io::stdout().is_terminal());
    say(&if access.json { explanation.to_string() } else { for_people() });
    Ok(true)
}

fn shown(explanation: &Value, colours: bool) -> String {
    let mut lines = vec![
        format!("{}  {}", text(explanation, "domain"), text(explanation, "summary")),
        "Now:".to_owned(),
    ];
    lines.extend(items(explanation, "rules").iter().map(|rule| rule_line(rule, colours)));
    for anomaly in items(explanation, "anomalies") {
        let (kind, severity) = (text(anomaly, "kind"), text(anomaly, "severity"));
        lines.push(format!("Open: {kind}, {severity}, since {}", text(anomaly, "since")));
        lines.extend(items(anomaly, "rules").iter().map(|rule| rule_line(rule, colours)));
    }
    if items(explanation, "items").is_empty() {
        lines.push("Nothing has happened that could be told.".to_owned());
    }
    for happening in items(explanation, "items") {
        let event = &happening["event"];
        let date = events::noticed(event).split('T').next().unwrap_or_default();
        lines.push(format!("{date} {}", events::line(event)));
        for message in items(happening, "messages") {
            let who = match text(message, "contact") {
                "" => text(message, "contact_id"),
                name => name,
            };
            let mark = mark(text(message, "fate"), colours);
            lines.push(format!("  {mark} {who}: {}", text(message, "text")));
        }
    }
    lines.join("\n")
}

fn rule_line(rule: &Value, colours: bool) -> String {
    format!("  {} {}", mark(text(rule, "effect"), colours), text(rule, "text"))
}

/// A sign for what becomes of news: told, later, not.
fn mark(effect: &str, colours: bool) -> String {
    let (sign, colour) = match effect {
        "tells" | "told" => ('+', 32),
        "holds" | "waits" => ('~', 33),
        _ => ('-', 31),
    };
    if colours { format!("\x1b[1;{colour}m{sign}\x1b[0m") } else { sign.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_explanation_has_a_line_for_each_reason() {
        let explanation = json!({
            "domain": "a.example:443", "summary": "News waits.",
            "rules": [
                { "effect": "tells", "text": "The switch is on." },
                { "effect": "holds", "text": "A silence holds." }
            ],
            "anomalies": [{
                "kind": "expired", "severity": "critical", "since": "2026-11-22T21:05:00Z",
                "rules": [{ "effect": "stops", "text": "Somebody has it in hand." }]
            }],
            "items": [{
                "event": {
                    "occurred_at": "2026-11-22T21:05:07Z", "detected_at": "2026-11-23T08:00:09Z",
                    "kind": "expired", "host": "a.example", "port": 443, "severity": "critical",
                    "summary": "It expired."
                },
                "messages": [
                    { "contact": "Ops", "fate": "told", "text": "Told by email." },
                    { "contact_id": "aaaa", "fate": "not_told", "text": "Not told: removed." }
                ]
            }]
        });
        assert_eq!(
            shown(&explanation, false),
            "a.example:443  News waits.\nNow:\n  + The switch is on.\n  ~ A silence holds.\n\
             Open: expired, critical, since 2026-11-22T21:05:00Z\n  - Somebody has it in hand.\n\
             2026-11-23 08:00:09  expired  a.example:443  It expired.\n\
             \x20 + Ops: Told by email.\n  - aaaa: Not told: removed."
        );
        let quiet = shown(&json!({ "domain": "a.example:443" }), false);
        assert!(quiet.ends_with("Nothing has happened that could be told."), "{quiet}");
    }
}
