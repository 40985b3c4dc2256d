//! One English sentence for each anomaly: what is wrong, with the facts that matter.

use jiff::{SignedDuration, Timestamp};
use proto::v1::{Kind, untrusted::Cause};

use super::evidence::{Case, Evidence, Group, Summary};

/// Names that a sentence lists before it counts the rest.
const NAMES_TOLD: usize = 3;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// What is wrong with `host`, in one sentence.
pub fn summary(kind: Kind, evidence: &Evidence, host: &str, now: Timestamp) -> String {
    match &evidence.case {
        Case::Expiry { limiting, is_leaf, .. } => expiry(kind, limiting, *is_leaf, host, now),
        Case::MissingIssuer { missing, .. } => {
            let names: Vec<&str> = missing.iter().map(|it| it.subject.as_str()).collect();
            let (noun, names) = (plural(names.len(), "certificate"), names.join(" and "));
            format!(
                "{host} does not present the intermediate {noun} {names}, without which no path \
                 leads to a trusted root."
            )
        }
        Case::NameMismatch { expected, presented } => match presented.as_slice() {
            [] => format!("The certificate of {expected} names no host at all."),
            names => {
                format!("The certificate does not cover {expected}; it is for {}.", list(names))
            }
        },
        Case::Untrusted { cause, issuer, incomplete_excluded, detail } => {
            untrusted(*cause, issuer, *incomplete_excluded, detail, host)
        }
        Case::Weakness { weaknesses } => {
            format!("{host} relies on what is no longer safe: {}.", weaknesses.join(", "))
        }
        Case::Mixed { groups } => {
            let said = |(at, group): (usize, &Group)| {
                let until = date(group.leaf.not_after);
                let addresses = list(&group.endpoints);
                let what = if at == 0 { "a certificate" } else { "another" };
                format!("{what} until {until} comes from {addresses}")
            };
            let said: Vec<String> = groups.iter().enumerate().map(said).collect();
            format!("The addresses of {host} disagree: {}.", said.join("; "))
        }
        Case::NoCertificate { reason, detail, .. } if detail.is_empty() => {
            format!("No certificate came from {host}: {}.", reason.token())
        }
        Case::NoCertificate { reason, detail, .. } => {
            format!("No certificate came from {host} ({}): {detail}.", reason.token())
        }
    }
}

fn expiry(kind: Kind, limiting: &Summary, is_leaf: bool, host: &str, now: Timestamp) -> String {
    let subject = if is_leaf {
        format!("The certificate of {host}")
    } else {
        format!("The certificate of the issuer {}, which {host} needs,", limiting.subject)
    };
    let until = |at: Timestamp| span(at.duration_since(now).abs());
    let (after, before) = (limiting.not_after, limiting.not_before);
    if kind == Kind::Expired {
        format!("{subject} expired {} ago, on {}.", until(after), date(after))
    } else if kind == Kind::NotYetValid {
        format!("{subject} is not valid before {}, in {}.", date(before), until(before))
    } else {
        format!("{subject} expires in {}, on {}.", until(after), date(after))
    }
}

fn untrusted(
    cause: Cause,
    issuer: &str,
    incomplete_excluded: bool,
    detail: &str,
    host: &str,
) -> String {
    match cause {
        Cause::SelfSigned => {
            format!("The certificate of {host} is signed by itself, not by a trusted authority.")
        }
        Cause::UnknownRoot => {
            format!("The certificate of {host} leads to the root {issuer}, which is not trusted.")
        }
        Cause::IssuerNotFound if incomplete_excluded => {
            format!("The certificate of {host} is not trusted: {detail} ({issuer}).")
        }
        Cause::IssuerNotFound => format!(
            "The certificate of {host} is not trusted: {detail} ({issuer}); the chain may be \
             incomplete."
        ),
        Cause::Malformed if detail.is_empty() => {
            format!("The certificate of {host} cannot be read.")
        }
        Cause::Unspecified | Cause::NotPermitted | Cause::Malformed => {
            format!("The certificate of {host} is not trusted: {detail}.")
        }
    }
}

/// The first names, and how many more.
fn list(names: &[String]) -> String {
    let told = names.iter().take(NAMES_TOLD).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMES_TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

/// A span in its largest unit, rounded down, as people say it.
fn span(span: SignedDuration) -> String {
    let units = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")];
    let fitting = units.into_iter().find(|(unit, _)| span >= *unit);
    let (count, noun) = match fitting {
        Some((unit, noun)) => (span.as_secs() / unit.as_secs(), noun),
        None => (span.as_secs(), "second"),
    };
    format!("{count} {}", plural(usize::try_from(count).unwrap_or(usize::MAX), noun))
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}

fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
