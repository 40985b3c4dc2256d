//! Why an anomaly is one, as names and values for people.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::super::{frame::Frame, moment};
use crate::shell::http::evidence::{CaseView, CertificateView, EvidenceView};

/// One thing that evidence says.
pub(super) struct Fact {
    /// What it is called.
    pub(super) name: Cow<'static, str>,
    /// What it is; several stand below each other.
    pub(super) values: Vec<String>,
}

/// What evidence says, the telling first.
pub(super) fn facts(evidence: &EvidenceView, frame: &Frame) -> Vec<Fact> {
    let mut facts = evidence.case.as_ref().map(|case| of_case(case, frame)).unwrap_or_default();
    let words = frame.words;
    if let Some(leaf) = &evidence.leaf {
        facts.push(one(words.say("evidence-leaf"), told(leaf, frame)));
    }
    facts.push(Fact { name: words.say("evidence-addresses"), values: evidence.endpoints.clone() });
    facts.retain(|fact| fact.values.iter().any(|value| !value.is_empty()));
    facts
}

fn of_case(case: &CaseView, frame: &Frame) -> Vec<Fact> {
    let words = frame.words;
    match case {
        CaseView::NoCertificate { reason, detail, alert } => vec![
            one(words.say("evidence-reason"), words.token("reason", reason)),
            one(words.say("evidence-detail"), detail),
            one(words.say("evidence-alert"), alert.map_or_else(String::new, |a| a.to_string())),
        ],
        CaseView::Expiry { limiting, is_leaf, rung_seconds } => vec![
            // The leaf stands below it anyway.
            one(
                words.say("evidence-limiting"),
                certificate(limiting.as_ref().filter(|_| !is_leaf), frame),
            ),
            one(
                words.say("evidence-rung"),
                rung_seconds.map_or_else(String::new, |s| rung(s, frame)),
            ),
        ],
        CaseView::MissingIssuer { missing, pem: _, source } => vec![
            Fact {
                name: words.say("evidence-missing"),
                values: missing.iter().map(|missing| told(missing, frame)).collect(),
            },
            one(words.say("evidence-source"), known_from(source, frame)),
        ],
        CaseView::NameMismatch { expected, presented } => vec![
            one(words.say("evidence-expected"), expected),
            Fact { name: words.say("evidence-presented"), values: presented.clone() },
        ],
        CaseView::Untrusted { cause, issuer, incomplete_excluded: _, detail } => vec![
            one(words.say("evidence-reason"), words.token("cause", cause)),
            one(words.say("evidence-issuer"), issuer),
            one(words.say("evidence-detail"), detail),
        ],
        CaseView::Weakness { weaknesses } => {
            vec![Fact { name: words.say("evidence-weak"), values: weaknesses.clone() }]
        }
        CaseView::Mixed { groups } => groups
            .iter()
            .map(|group| Fact {
                name: certificate(group.leaf.as_ref(), frame).into(),
                values: group.endpoints.clone(),
            })
            .collect(),
        CaseView::Change { before, after, names_gained, names_lost } => vec![
            one(words.say("evidence-before"), certificate(before.as_deref(), frame)),
            one(words.say("evidence-after"), certificate(after.as_deref(), frame)),
            Fact { name: words.say("evidence-gained"), values: names_gained.clone() },
            Fact { name: words.say("evidence-lost"), values: names_lost.clone() },
        ],
        CaseView::Blindness { last_seen, unanswered } => vec![
            one(
                words.say("evidence-last-seen"),
                last_seen.map_or_else(String::new, |at| shown(at, frame)),
            ),
            one(words.say("evidence-unanswered"), unanswered.to_string()),
        ],
        CaseView::ProberBlindness { prober, failed, looked } => vec![
            one(words.say("evidence-prober"), prober),
            one(words.say("evidence-failed"), format!("{failed} / {looked}")),
        ],
    }
}

/// Where an intermediate is known from: an address, or a word of the detector's.
fn known_from(source: &str, frame: &Frame) -> String {
    match source {
        "seen" | "configured" => frame.words.token("source", source).into_owned(),
        address => address.to_owned(),
    }
}

fn one(name: Cow<'static, str>, value: impl AsRef<str>) -> Fact {
    Fact { name, values: vec![value.as_ref().to_owned()] }
}

fn certificate(certificate: Option<&CertificateView>, frame: &Frame) -> String {
    certificate.map(|certificate| told(certificate, frame)).unwrap_or_default()
}

/// A certificate in one line: whose, and until when.
fn told(certificate: &CertificateView, frame: &Frame) -> String {
    let until =
        certificate.not_after.map(|at| frame.words.with("evidence-until", shown(at, frame)));
    let names = certificate.names.first();
    let subject = Some(&certificate.subject).filter(|subject| !subject.is_empty()).or(names);
    let subject = subject.cloned().unwrap_or_else(|| certificate.sha256.clone());
    format!("{subject}{}", until.unwrap_or_default())
}

fn shown(at: Timestamp, frame: &Frame) -> String {
    let moment = frame.moment(at);
    format!("{} ({})", moment.absolute(), moment.relative())
}

fn rung(seconds: u64, frame: &Frame) -> String {
    let span = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    moment::span(span, frame.words)
}
