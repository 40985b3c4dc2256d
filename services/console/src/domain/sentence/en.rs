//! In English.

use proto::v1::{self, CertificateSummary, Evidence, Kind, evidence::Case, untrusted};

use super::{SPELLED_MAX, instant};

/// The sentence of an anomaly.
pub(super) fn of(kind: Kind, evidence: Option<&Evidence>) -> String {
    let leaf = evidence.and_then(|evidence| evidence.leaf.as_ref());
    match evidence.and_then(|evidence| evidence.case.as_ref()) {
        Some(Case::NoCertificate(none)) => no_certificate(none),
        Some(Case::Expiry(expiry)) => expiry_sentence(kind, expiry, leaf),
        Some(Case::MissingIssuer(missing)) => missing_issuer(missing),
        Some(Case::NameMismatch(mismatch)) => format!(
            "The certificate does not cover `{}`; it is for {}.",
            mismatch.expected,
            list(&mismatch.presented, mismatch.presented.len())
        ),
        Some(Case::Untrusted(untrusted)) => untrusted_sentence(untrusted),
        Some(Case::Weakness(weakness)) => {
            format!("Weak: {}.", list(&weakness.weaknesses, weakness.weaknesses.len()))
        }
        Some(Case::Mixed(mixed)) => mixed_sentence(mixed),
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

fn expiry_sentence(kind: Kind, expiry: &v1::Expiry, leaf: Option<&CertificateSummary>) -> String {
    let limiting = expiry.limiting.as_ref().or(leaf);
    let which = match limiting {
        Some(limiting) if !expiry.is_leaf => {
            format!("The certificate of `{}`, which the chain needs,", limiting.subject)
        }
        Some(_) | None => "The certificate".to_owned(),
    };
    let end = |at: Option<&prost_types::Timestamp>| {
        instant(at).unwrap_or_else(|| "an unknown time".to_owned())
    };
    let (from, until) = limiting.map_or((None, None), |limiting| {
        (limiting.not_before.as_ref(), limiting.not_after.as_ref())
    });
    if kind == Kind::NotYetValid {
        format!("{which} is not valid before {}.", end(from))
    } else if kind == Kind::Expired {
        format!("{which} expired at {}.", end(until))
    } else {
        format!("{which} expires at {}.", end(until))
    }
}

fn missing_issuer(missing: &v1::MissingIssuer) -> String {
    let names: Vec<_> = missing.missing.iter().map(|m| m.subject.clone()).collect();
    format!("The server does not send {}.", list(&names, names.len()))
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

fn mixed_sentence(mixed: &v1::Mixed) -> String {
    let total: usize = mixed.groups.iter().map(|group| group.endpoints.len()).sum();
    let most = mixed.groups.first().map_or(0, |group| group.endpoints.len());
    format!("{} of {total} endpoints serve another certificate.", total - most)
}

fn change_sentence(change: &v1::Change) -> String {
    let until = change.after.as_ref().and_then(|after| instant(after.not_after.as_ref()));
    let new = match until {
        Some(until) => format!("The certificate changed; the new one is valid until {until}"),
        None => "The certificate changed".to_owned(),
    };
    match change.names_lost.len() {
        0 => format!("{new}."),
        count => format!("{new}. It lost {}.", list(&change.names_lost, count)),
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
fn list(items: &[String], total: usize) -> String {
    if items.is_empty() {
        return "no name".to_owned();
    }
    let spelled: Vec<_> = items.iter().take(SPELLED_MAX).map(|item| format!("`{item}`")).collect();
    match total.saturating_sub(spelled.len()) {
        0 => spelled.join(", "),
        more => format!("{} and {more} more", spelled.join(", ")),
    }
}
