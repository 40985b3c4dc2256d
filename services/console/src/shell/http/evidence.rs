//! Evidence, chains and endpoints as the API shows them: the same fields as in `certherald check
//! --json`.

use certificate::Certificate;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use proto::{
    time,
    v1::{self, evidence::Case, untrusted::Cause},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{self, language::Language};

/// Names of one certificate that are shown; their number stands beside them.
const NAMES_MAX: usize = 100;

/// Why an anomaly is one. Which fields are there depends on its kind.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct EvidenceView {
    /// The leaf that was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<CertificateView>,
    /// Addresses on which it was seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<String>,
    /// What fits the kind.
    #[serde(flatten)]
    #[schema(value_type = Object, additional_properties)]
    pub case: Option<CaseView>,
}

/// What fits the kind.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum CaseView {
    /// Of `enable_failed` and `unreachable`.
    NoCertificate {
        /// `dns_no_address`, `connect_refused`, …
        reason: &'static str,
        /// For people.
        detail: String,
        /// TLS alert.
        #[serde(skip_serializing_if = "Option::is_none")]
        alert: Option<u32>,
    },
    /// Of `expired`, `expiring` and `not_yet_valid`.
    Expiry {
        /// The certificate whose dates limit the path.
        limiting: Option<CertificateView>,
        /// Whether it is the leaf.
        is_leaf: bool,
        /// The rung that was crossed.
        #[serde(skip_serializing_if = "Option::is_none")]
        rung_seconds: Option<u64>,
    },
    /// Of `chain_incomplete`.
    MissingIssuer {
        /// What was not presented.
        missing: Vec<CertificateView>,
        /// The same, ready to be deployed.
        pem: String,
        /// Where it was known from.
        source: String,
    },
    /// Of `name_mismatch`.
    NameMismatch {
        /// The host.
        expected: String,
        /// The names of the leaf.
        presented: Vec<String>,
    },
    /// Of `untrusted`.
    Untrusted {
        /// `self_signed`, `unknown_root`, …
        cause: &'static str,
        /// The issuer that no path goes beyond.
        issuer: String,
        /// Whether an incomplete chain is excluded.
        incomplete_excluded: bool,
        /// For people.
        detail: String,
    },
    /// Of `weak`.
    Weakness {
        /// Each in a few words.
        weaknesses: Vec<String>,
    },
    /// Of `mixed_certificates`.
    Mixed {
        /// Endpoints that agree, largest group first.
        groups: Vec<GroupView>,
    },
    /// Of `certificate_changed`.
    Change {
        /// The old leaf.
        before: Option<Box<CertificateView>>,
        /// The new one.
        after: Option<Box<CertificateView>>,
        /// New names.
        names_gained: Vec<String>,
        /// Names that are gone.
        names_lost: Vec<String>,
    },
    /// Of `not_observed`.
    Blindness {
        /// The last fact that was believed.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_seen: Option<Timestamp>,
        /// Looks that were never answered.
        unanswered: u32,
    },
    /// Of `prober_blind`.
    ProberBlindness {
        /// Its name.
        prober: String,
        /// Domains that were fine before and failed.
        failed: u32,
        /// Domains that were fine before and were looked at.
        looked: u32,
    },
}

/// Endpoints that serve one leaf.
#[derive(Debug, Serialize)]
pub struct GroupView {
    /// The leaf.
    pub leaf: Option<CertificateView>,
    /// Where.
    pub endpoints: Vec<String>,
}

impl EvidenceView {
    /// Shows evidence.
    pub fn of(evidence: &v1::Evidence) -> Self {
        Self {
            leaf: evidence.leaf.as_ref().map(CertificateView::of_summary),
            endpoints: evidence.endpoints.clone(),
            case: evidence.case.as_ref().map(case),
        }
    }
}

fn case(case: &Case) -> CaseView {
    let summary = |summary: &Option<v1::CertificateSummary>| {
        summary.as_ref().map(CertificateView::of_summary)
    };
    match case.clone() {
        Case::NoCertificate(none) => CaseView::NoCertificate {
            reason: none.reason().token(),
            detail: none.detail,
            alert: none.alert,
        },
        Case::Expiry(expiry) => CaseView::Expiry {
            limiting: summary(&expiry.limiting),
            is_leaf: expiry.is_leaf,
            rung_seconds: expiry.rung.map(|rung| time::read_span(&rung).as_secs()),
        },
        Case::MissingIssuer(missing) => CaseView::MissingIssuer {
            missing: missing.missing.iter().map(CertificateView::of_summary).collect(),
            pem: missing.pem,
            source: missing.source,
        },
        Case::NameMismatch(mismatch) => {
            CaseView::NameMismatch { expected: mismatch.expected, presented: mismatch.presented }
        }
        Case::Untrusted(untrusted) => CaseView::Untrusted {
            cause: cause(untrusted.cause()),
            issuer: untrusted.issuer,
            incomplete_excluded: untrusted.incomplete_excluded,
            detail: untrusted.detail,
        },
        Case::Weakness(weakness) => CaseView::Weakness { weaknesses: weakness.weaknesses },
        Case::Mixed(mixed) => CaseView::Mixed {
            groups: mixed
                .groups
                .into_iter()
                .map(|g| GroupView { leaf: summary(&g.leaf), endpoints: g.endpoints })
                .collect(),
        },
        Case::Change(change) => CaseView::Change {
            before: summary(&change.before).map(Box::new),
            after: summary(&change.after).map(Box::new),
            names_gained: change.names_gained,
            names_lost: change.names_lost,
        },
        Case::Blindness(blindness) => CaseView::Blindness {
            last_seen: blindness.last_seen.as_ref().and_then(time::read),
            unanswered: blindness.unanswered,
        },
        Case::ProberBlindness(blind) => CaseView::ProberBlindness {
            prober: blind.prober,
            failed: blind.failed,
            looked: blind.looked,
        },
    }
}

fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Unspecified => "unspecified",
        Cause::SelfSigned => "self_signed",
        Cause::UnknownRoot => "unknown_root",
        Cause::IssuerNotFound => "issuer_not_found",
        Cause::NotPermitted => "not_permitted",
        Cause::Malformed => "malformed",
    }
}

/// What a certificate says of itself. Texts come from strangers: show them as text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CertificateView {
    /// SHA-256 of the DER, hexadecimal.
    pub sha256: String,
    /// RFC 4514 text; may be empty.
    pub subject: String,
    /// RFC 4514 text.
    pub issuer: String,
    /// Hexadecimal.
    pub serial: String,
    /// First second of validity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Last second of validity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Subject alternative names, at most 100.
    pub names: Vec<String>,
    /// How many there are in all.
    pub names_total: u32,
}

impl CertificateView {
    fn of_summary(summary: &v1::CertificateSummary) -> Self {
        Self {
            sha256: HEXLOWER.encode(&summary.sha256),
            subject: summary.subject.clone(),
            issuer: summary.issuer.clone(),
            serial: summary.serial.clone(),
            not_before: summary.not_before.as_ref().and_then(time::read),
            not_after: summary.not_after.as_ref().and_then(time::read),
            names: summary.names.clone(),
            names_total: summary.names_total,
        }
    }

    /// Shows a certificate.
    pub fn of(certificate: &Certificate) -> Self {
        let validity = certificate.validity();
        Self {
            sha256: HEXLOWER.encode(&certificate.fingerprint()),
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            serial: certificate.serial(),
            not_before: Some(validity.not_before),
            not_after: Some(validity.not_after),
            names: certificate.names().take(NAMES_MAX).map(|name| name.to_string()).collect(),
            names_total: u32::try_from(certificate.names().count()).unwrap_or(u32::MAX),
        }
    }
}

/// What one address answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndpointView {
    /// Address and port.
    pub address: String,
    /// The chain it presented, as in `chains`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// `TLS 1.3`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_version: Option<String>,
    /// Why it presented none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// How long the connection took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<u64>,
    /// How long the handshake took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handshake_ms: Option<u64>,
}

impl EndpointView {
    /// Shows what was seen of an endpoint.
    pub fn of(endpoint: &v1::EndpointFact) -> Self {
        use v1::endpoint_fact::Outcome;
        let (chain, tls_version, reason, detail) = match &endpoint.outcome {
            Some(Outcome::Handshake(seen)) => {
                let chain = HEXLOWER.encode(&seen.chain);
                (Some(chain), Some(tls_version(seen.version)), None, seen.remark.clone())
            }
            Some(Outcome::Failure(failure)) => {
                (None, None, Some(failure.reason().token()), failure.detail.clone())
            }
            None => (None, None, None, String::new()),
        };
        let timings = endpoint.timings.as_ref();
        let millis = |span: Option<&prost_types::Duration>| {
            span.map(|span| u64::try_from(time::read_span(span).as_millis()).unwrap_or(u64::MAX))
        };
        let address = match endpoint.address.parse::<std::net::IpAddr>() {
            Ok(ip) => proto::host::Host::Address(ip)
                .with_port(u16::try_from(endpoint.port).unwrap_or_default()),
            Err(_) => endpoint.address.clone(),
        };
        Self {
            address,
            chain,
            tls_version,
            reason,
            detail,
            connect_ms: millis(timings.and_then(|timings| timings.connect.as_ref())),
            handshake_ms: millis(timings.and_then(|timings| timings.handshake.as_ref())),
        }
    }
}

fn tls_version(version: u32) -> String {
    match version {
        0x0300 => "SSL 3.0".to_owned(),
        0x0301..=0x0304 => format!("TLS 1.{}", version - 0x0301),
        other => format!("{other:#06x}"),
    }
}

/// What an event says in one sentence.
pub fn sentence(event: &v1::Event, language: Language) -> String {
    use v1::event::Phase;
    let recovered = || {
        let kinds =
            event.recovered.iter().map(|over| domain::sentence::kind(language, over.kind()));
        kinds.collect::<Vec<_>>().join(if language == Language::Chinese { "、" } else { ", " })
    };
    match (event.phase(), language) {
        (Phase::Recovered, Language::English) => format!("Recovered: {}.", recovered()),
        (Phase::Recovered, Language::Chinese) => format!("已恢复：{}。", recovered()),
        (Phase::Abandoned, Language::English) => format!("No longer watched: {}.", recovered()),
        (Phase::Abandoned, Language::Chinese) => format!("不再监控：{}。", recovered()),
        (Phase::Unspecified | Phase::Opened | Phase::Worsened | Phase::Noted, language) => {
            domain::sentence::of(language, event.kind(), event.evidence.as_ref())
        }
    }
}
