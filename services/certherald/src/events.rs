//! `events tail`: what happens, as it happens.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use chassis::clock::{Clock, SystemClock};
use futures::StreamExt;
use serde_json::Value;

use crate::{
    cli::api::{Events, EventsVerb, Tail},
    client::{Client, ClientError},
    domains::text,
    exit,
};

/// Wait before coming back after the stream ended.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Prints events until it is interrupted, or nobody reads them any more.
pub(crate) async fn run(Events { access, verb }: Events) -> ExitCode {
    let EventsVerb::Tail(tail) = verb;
    let printed = async {
        let client = Client::of(&access)?;
        follow(&client, &tail, access.json).await
    };
    match printed.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            exit::complain(&error);
            ExitCode::FAILURE
        }
    }
}

async fn follow(client: &Client, tail: &Tail, json: bool) -> Result<(), ClientError> {
    let mut last = tail.after;
    let mut seen_any = false;
    loop {
        let query = query(tail, last);
        let mut events = match client.follow(&query).await {
            Ok(events) => events,
            // It was there before: it restarts, and comes back.
            Err(ClientError::Unreachable { .. }) if seen_any => {
                SystemClock.sleep(AGAIN_AFTER).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        seen_any = true;
        while let Some(Ok(event)) = events.next().await {
            last = event.id.parse().ok().or(last);
            let shown = if json { event.data } else { line(&parsed(&event.data)?) };
            if writeln!(io::stdout(), "{shown}").is_err() {
                return Ok(());
            }
        }
        SystemClock.sleep(AGAIN_AFTER).await;
    }
}

fn query(tail: &Tail, last: Option<u64>) -> Vec<(&'static str, String)> {
    let last = last.map(|last| ("after", last.to_string()));
    let kind = tail.kind.clone().map(|kind| ("kind", kind));
    let domain = tail.domain.clone().map(|domain| ("domain", domain));
    [last, kind, domain].into_iter().flatten().collect()
}

fn parsed(data: &str) -> Result<Value, ClientError> {
    serde_json::from_str(data).map_err(ClientError::Malformed)
}

/// When an event was noticed: what it tells of may have happened long before.
pub(crate) fn noticed(event: &Value) -> &str {
    match text(event, "detected_at") {
        "" => text(event, "occurred_at"),
        at => at,
    }
}

/// An event as a line for people.
pub(crate) fn line(event: &Value) -> String {
    let time = noticed(event);
    let time = time.split_once('T').map_or(time, |(_, time)| time.get(..8).unwrap_or(time));
    let (kind, severity) = (text(event, "kind"), text(event, "severity"));
    let domain = match event["port"].as_u64() {
        Some(port) if port > 0 => format!("{}:{port}", text(event, "host")),
        Some(_) | None => text(event, "host").to_owned(),
    };
    let kind = if io::stdout().is_terminal() {
        format!("\x1b[1;{}m{kind}\x1b[0m", colour(kind, severity))
    } else {
        kind.to_owned()
    };
    format!("{time}  {kind}  {domain}  {}", text(event, "summary"))
}

fn colour(kind: &str, severity: &str) -> u8 {
    match (kind, severity) {
        ("recovered", _) => 32,
        (_, "critical") => 31,
        (_, "warning") => 33,
        (_, _) => 36,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_a_line() {
        let event = json!({
            "occurred_at": "2026-11-22T21:05:07Z", "kind": "expired", "severity": "critical",
            "host": "a.example", "port": 443, "summary": "The certificate expired."
        });
        let want = "21:05:07  expired  a.example:443  The certificate expired.";
        assert_eq!(line(&event), want);
        let mut late = event;
        late["detected_at"] = json!("2026-11-23T08:00:09Z");
        assert!(line(&late).starts_with("08:00:09  expired"), "{}", line(&late));
        assert!(line(&json!({})).trim().is_empty());
    }
}
