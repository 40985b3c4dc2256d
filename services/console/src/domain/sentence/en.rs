//! In English.

use proto::v1::{self, Evidence, Kind, delivery_dropped::Why, evidence::Case, untrusted};

use super::{Limit, SPELLED_MAX, apart, instant, renewed_until, spelled};
use crate::domain::language::Language;

/// The sentence of an anomaly.
pub(super) fn of(kind: Kind, evidence: Option<&Evidence>) -> String {
    let leaf = evidence.and_then(|evidence| evidence.leaf.as_ref());
    match evidence.and_then(|evidence| evidence.case.as_ref()) {
        Some(Case::NoCertificate(none)) => no_certificate(none),
        Some(Case::Expiry(expiry)) => expiry_sentence(kind, Limit::of(expiry, leaf)),
        Some(Case::MissingIssuer(missing)) => missing_issuer(missing),
        Some(Case::NameMismatch(mismatch)) => format!(
            "The certificate does not cover `{}`; it is for {}.",
            mismatch.expected,
            list(&mismatch.presented)
        ),
        Some(Case::Untrusted(untrusted)) => untrusted_sentence(untrusted),
        Some(Case::Weakness(weakness)) => {
            format!("Weak: {}.", list(&weakness.weaknesses))
        }
        Some(Case::Mixed(mixed)) => {
            let (others, total) = apart(mixed);
            format!("{others} of {total} endpoints serve another certificate.")
        }
        Some(Case::Change(change)) => change_sentence(change),
        Some(Case::Blindness(blindness)) => match instant(blindness.last_seen.as_ref()) {
            Some(seen) => format!(
                "Not observed since {seen}: {} scans were not answered.",
                blindness.unanswered
            ),
            None => format!("Never observed: {} scans were not answered.", blindness.unanswered),
        },
        Some(Case::ProberBlindness(blind)) => format!(
            "Prober `{}` saw {} of {} domains fail that were fine before: its failures are not counted.",
            blind.prober, blind.failed, blind.looked
        ),
        None => plain(kind).to_owned(),
    }
}

fn no_certificate(none: &v1::NoCertificate) -> String {
    let why = match none.reason() {
        v1::Reason::Unspecified => "for a reason that is not known",
        v1::Reason::DnsNoAddress => "the name has no address",
        v1::Reason::DnsFailure => "the name servers did not answer",
        v1::Reason::AddressNotAllowed => "its addresses are not public, and not allowed here",
        v1::Reason::ConnectRefused => "the port is closed",
        v1::Reason::ConnectTimeout => "the port did not answer in time",
        v1::Reason::NotTls => "what answers does not speak TLS",
        v1::Reason::HandshakeFailed => "the TLS handshake failed",
        v1::Reason::NoCertificate => "the handshake ended without a certificate",
    };
    match none.detail.trim_end_matches('.') {
        "" => format!("No certificate: {why}."),
        detail => format!("No certificate: {why} ({detail})."),
    }
}

fn expiry_sentence(kind: Kind, Limit { subject, from, until }: Limit<'_>) -> String {
    let which = match subject {
        Some(subject) => format!("The certificate of `{subject}`, which the chain needs,"),
        None => "The certificate".to_owned(),
    };
    let known = |at: Option<String>| at.unwrap_or_else(|| "an unknown time".to_owned());
    if kind == Kind::NotYetValid {
        format!("{which} is not valid before {}.", known(from))
    } else if kind == Kind::Expired {
        format!("{which} expired at {}.", known(until))
    } else {
        format!("{which} expires at {}.", known(until))
    }
}

fn missing_issuer(missing: &v1::MissingIssuer) -> String {
    let names: Vec<_> = missing.missing.iter().map(|m| m.subject.clone()).collect();
    format!("The server does not send {}.", list(&names))
}

fn untrusted_sentence(untrusted: &v1::Untrusted) -> String {
    match untrusted.cause() {
        untrusted::Cause::Unspecified => "The certificate is not trusted.".to_owned(),
        untrusted::Cause::SelfSigned => "The certificate is self-signed.".to_owned(),
        untrusted::Cause::UnknownRoot => {
            format!("The chain ends in `{}`, which is not trusted.", untrusted.issuer)
        }
        untrusted::Cause::IssuerNotFound => {
            format!("The issuer `{}` was not found.", untrusted.issuer)
        }
        untrusted::Cause::NotPermitted => {
            format!("The chain breaks a rule: {}.", untrusted.detail.trim_end_matches('.'))
        }
        untrusted::Cause::Malformed => {
            format!("A certificate cannot be read: {}.", untrusted.detail.trim_end_matches('.'))
        }
    }
}

fn change_sentence(change: &v1::Change) -> String {
    let new = match renewed_until(change) {
        Some(until) => format!("The certificate changed; the new one is valid until {until}"),
        None => "The certificate changed".to_owned(),
    };
    if change.names_lost.is_empty() {
        format!("{new}.")
    } else {
        format!("{new}. It lost {}.", list(&change.names_lost))
    }
}

/// What is known from the kind alone.
fn plain(kind: Kind) -> &'static str {
    match kind {
        Kind::Unspecified => "Something happened that this version does not know.",
        Kind::EnableFailed => "The first scans got no certificate.",
        Kind::Expired => "The certificate has expired.",
        Kind::Expiring => "The certificate expires soon.",
        Kind::ChainIncomplete => "The server does not send all intermediate certificates.",
        Kind::NameMismatch => "The certificate does not cover the host.",
        Kind::Recovered => "What was wrong is mended.",
        Kind::Untrusted => "The certificate is not trusted.",
        Kind::NotYetValid => "The certificate is not valid yet.",
        Kind::Revoked => "The certificate is revoked.",
        Kind::Unreachable => "No certificate was seen for three rounds running.",
        Kind::MixedCertificates => "The endpoints serve different certificates.",
        Kind::Weak => "The certificate or the connection is weak.",
        Kind::RenewalOverdue => "The certificate is renewed later than usual.",
        Kind::NotObserved => "The domain was not observed.",
        Kind::CertificateChanged => "The certificate changed.",
        Kind::ProberBlind => "A prober sees failures where there were none.",
    }
}

/// `` `a`, `b`, `c` and 4 more ``.
fn list(items: &[String]) -> String {
    if items.is_empty() {
        return "no name".to_owned();
    }
    let spelled = Language::English.quoted(spelled(items));
    match items.len().saturating_sub(SPELLED_MAX) {
        0 => spelled,
        more => format!("{spelled} and {more} more"),
    }
}

/// What a kind is called.
pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Unspecified => "Unknown",
        Kind::EnableFailed => "Enabling failed",
        Kind::Expired => "Expired",
        Kind::Expiring => "Expiring",
        Kind::ChainIncomplete => "Chain incomplete",
        Kind::NameMismatch => "Wrong name",
        Kind::Recovered => "Recovered",
        Kind::Untrusted => "Untrusted",
        Kind::NotYetValid => "Not yet valid",
        Kind::Revoked => "Revoked",
        Kind::Unreachable => "Unreachable",
        Kind::MixedCertificates => "Mixed certificates",
        Kind::Weak => "Weak",
        Kind::RenewalOverdue => "Renewal overdue",
        Kind::NotObserved => "Not observed",
        Kind::CertificateChanged => "Certificate changed",
        Kind::ProberBlind => "Prober blind",
    }
}

/// What a notification method is called; one that has no other name keeps its token.
pub(super) fn method(token: &str) -> &str {
    match token {
        "internal" => "internal message",
        "dingtalk" => "DingTalk",
        "wecom" => "WeCom",
        "feishu" => "Feishu",
        "lark" => "Lark",
        "slack" => "Slack",
        other => other,
    }
}

/// Why a delivery was dropped.
pub(super) fn dropped(why: Why) -> &'static str {
    match why {
        Why::Unspecified => "",
        Why::ClosedBefore => "The anomaly closed before it was told.",
        Why::NotWanted => "The setting does not want it any more.",
        Why::NoAddress => "The contact was removed, or has no address for the channel.",
        Why::Merged => "A later delivery says it as well.",
        Why::Acknowledged => "Somebody acknowledged the anomaly.",
    }
}
