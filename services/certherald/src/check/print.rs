//! A verdict on the terminal, or as a line of JSON.

use std::io::{self, IsTerminal, Write};

use detector::domain::assess::verdict::{Level, Report};
use serde::Serialize;

use super::endpoint::Endpoint;

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    endpoints: &'a [Endpoint],
}

/// Prints one verdict. Whoever closed the pipe has read enough.
pub(crate) fn report(report: &Report, endpoints: &[Endpoint], json: bool) {
    let mut out = io::stdout().lock();
    let text = if json {
        let line = Line { report, endpoints };
        serde_json::to_string(&line).expect("strings, numbers and lists of them are always JSON")
    } else {
        for_people(report, endpoints, out.is_terminal())
    };
    drop(writeln!(out, "{text}"));
}

fn for_people(report: &Report, endpoints: &[Endpoint], colours: bool) -> String {
    let Report { domain, verdict } = report;
    let mut lines = vec![format!("{}  {domain}", badge(verdict.severity, colours))];
    for anomaly in &verdict.anomalies {
        lines.push(format!("  {}: {}", anomaly.kind.token(), anomaly.summary));
    }
    lines.extend(verdict.remarks.iter().map(|remark| format!("  remark: {remark}")));
    for endpoint in endpoints {
        lines.push(format!("  {}", place(endpoint)));
    }
    lines.join("\n")
}

fn place(endpoint: &Endpoint) -> String {
    let Endpoint { address, outcome, detail, tls_version, chain } = endpoint;
    match (tls_version, chain.first()) {
        (version, Some(Some(leaf))) => {
            let version = version.map(|version| format!("TLS {version}, ")).unwrap_or_default();
            let until = leaf.not_after.strftime("%Y-%m-%d %H:%M UTC");
            format!("{address}  {version}{} of {}, until {until}", leaf.subject, leaf.issuer)
        }
        (_, _) if detail.is_empty() => format!("{address}  {outcome}"),
        (_, _) => format!("{address}  {outcome}: {detail}"),
    }
}

/// The word that stands first, as monitoring plugins write it.
fn badge(level: Level, colours: bool) -> String {
    let (word, colour) = match level {
        Level::Ok | Level::Info => ("OK      ", 32),
        Level::Warning => ("WARNING ", 33),
        Level::Critical => ("CRITICAL", 31),
        Level::Unknown => ("UNKNOWN ", 35),
    };
    if colours { format!("\x1b[1;{colour}m{word}\x1b[0m") } else { word.to_owned() }
}
