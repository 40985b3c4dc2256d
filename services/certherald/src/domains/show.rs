//! Domains on the terminal.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{items, text};

/// A table of domains.
pub(super) fn table(domains: &[Value], now: Timestamp, colours: bool) -> String {
    if domains.is_empty() {
        return "no domains".to_owned();
    }
    let width = domains.iter().map(|d| text(d, "name").chars().count()).max().unwrap_or(0);
    let line = |domain: &Value| {
        let (state, expiry) = (state(domain, colours), expiry(domain, now));
        let wrong: Vec<_> = items(domain, "anomalies").iter().map(|a| text(a, "kind")).collect();
        let (name, wrong) = (text(domain, "name"), wrong.join(", "));
        format!("{state}  {name:width$}  {expiry:18}  {wrong}").trim_end().to_owned()
    };
    domains.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// One domain in full.
pub(super) fn detail(domain: &Value, now: Timestamp, colours: bool) -> String {
    let mut lines = Vec::new();
    let mut line = |text: String| lines.push(text);
    line(format!("{}  {}", state(domain, colours), text(domain, "name")));
    if let Some(unicode) = domain["unicode"].as_str() {
        line(format!("  shown as    {unicode}"));
    }
    line(format!("  id          {}", text(domain, "id")));
    line(format!("  protocol    {}", text(domain, "protocol")));
    for anomaly in items(domain, "anomalies") {
        let (kind, since) = (text(anomaly, "kind"), text(anomaly, "since"));
        line(format!(
            "  {:11} {} ({kind}, since {since})",
            text(anomaly, "severity"),
            text(anomaly, "summary")
        ));
    }
    if !text(domain, "expires_at").is_empty() {
        let issuer = text(domain, "issuer");
        line(format!("  certificate {}, by {issuer}", expiry(domain, now)));
    }
    for endpoint in items(domain, "seen") {
        let seen = match endpoint["tls_version"].as_str() {
            Some(version) => version.to_owned(),
            None => text(endpoint, "reason").to_owned(),
        };
        let said = format!("{seen} {}", text(endpoint, "detail"));
        line(format!("  endpoint    {}  {}", text(endpoint, "address"), said.trim_end()));
    }
    if let Some(failure) = domain["own_failure"].as_str() {
        line(format!("  our failure {failure}"));
    }
    let looked_at = text(domain, "looked_at");
    line(format!("  looked at   {}", if looked_at.is_empty() { "not yet" } else { looked_at }));
    let options = &domain["options"];
    if !items(options, "tags").is_empty() {
        let tags: Vec<_> = items(options, "tags").iter().filter_map(Value::as_str).collect();
        line(format!("  tags        {}", tags.join(", ")));
    }
    if let Some(note) = options["owner_note"].as_str() {
        line(format!("  owner note  {note}"));
    }
    lines.join("\n")
}

fn state(domain: &Value, colours: bool) -> String {
    let state = text(domain, "state");
    let colour = match (state, text(domain, "severity")) {
        ("secure", _) => 32,
        ("abnormal", "critical") | ("enable_failed", _) => 31,
        ("abnormal", _) => 33,
        ("unknown", _) => 35,
        (_, _) => 36,
    };
    if colours { format!("\x1b[1;{colour}m{state:13}\x1b[0m") } else { format!("{state:13}") }
}

/// When the certificate expires, in words; days are floors.
fn expiry(domain: &Value, now: Timestamp) -> String {
    let Ok(at) = text(domain, "expires_at").parse::<Timestamp>() else { return String::new() };
    let left = at.duration_since(now);
    let span = |span: SignedDuration| match span.as_hours() {
        48.. => format!("{} days", span.as_hours() / 24),
        1..48 => format!("{} hours", span.as_hours()),
        _ => format!("{} minutes", span.as_mins()),
    };
    if left.is_negative() {
        format!("expired {} ago", span(-left))
    } else {
        format!("{} left", span(left))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn domain(expires_at: &str) -> Value {
        json!({
            "name": "a.example:443", "state": "abnormal", "severity": "critical",
            "expires_at": expires_at,
            "anomalies": [{ "kind": "expired", "severity": "critical", "summary": "It expired.",
                            "since": "2026-11-20T12:00:00Z" }],
            "seen": [{ "address": "192.0.2.1:443", "tls_version": "TLS 1.3" }],
            "options": { "tags": ["shop"], "owner_note": "Call Ada." },
        })
    }

    #[test]
    fn a_table_has_a_line_for_each_domain() {
        let domains = [domain("2026-11-20T11:00:00Z"), domain("2026-11-22T15:30:00Z")];
        assert_eq!(
            table(&domains, now(), false),
            "abnormal       a.example:443  expired 2 days ago  expired\n\
             abnormal       a.example:443  3 hours left        expired"
        );
        assert_eq!(table(&[], now(), false), "no domains");
    }

    #[test]
    fn a_domain_is_shown_in_full() {
        let shown = detail(&domain("2027-01-01T12:00:00Z"), now(), false);
        for part in [
            "critical    It expired. (expired, since 2026-11-20T12:00:00Z)",
            "certificate 40 days left",
            "endpoint    192.0.2.1:443  TLS 1.3",
            "looked at   not yet",
            "tags        shop",
            "owner note  Call Ada.",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}
