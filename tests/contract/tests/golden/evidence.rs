//! Evidence, in each of its cases.

use proto::v1::{
    Blindness, Change, Evidence, Expiry, Kind, MissingIssuer, Mixed, NameMismatch, NoCertificate,
    ProberBlindness, Reason, Untrusted, Weakness, evidence::Case, mixed::Group, untrusted::Cause,
};

use crate::sample::{at, certificate, seconds};

/// A case with the name of its form and the kind of anomaly that it belongs to.
type Named = (&'static str, Kind, Evidence);

/// Each case.
pub(crate) fn each() -> Vec<Named> {
    let text = str::to_owned;
    let mut each = vec![
        (
            "no_certificate",
            Kind::EnableFailed,
            bare(Case::NoCertificate(NoCertificate {
                reason: Reason::HandshakeFailed.into(),
                detail: text("the server sent alert 40"),
                alert: Some(40),
            })),
        ),
        (
            "expiry",
            Kind::Expiring,
            seen(Case::Expiry(Expiry {
                limiting: Some(certificate(2)),
                rung: Some(seconds(7 * 86_400)),
                is_leaf: true,
            })),
        ),
        (
            "missing_issuer",
            Kind::ChainIncomplete,
            seen(Case::MissingIssuer(MissingIssuer {
                missing: vec![certificate(3)],
                pem: text("-----BEGIN CERTIFICATE-----\n"),
                source: text("seen"),
            })),
        ),
        (
            "name_mismatch",
            Kind::NameMismatch,
            seen(Case::NameMismatch(NameMismatch {
                expected: text("shop.example.com"),
                presented: vec![text("*.example.net")],
            })),
        ),
    ];
    each.extend(rare());
    each
}

fn rare() -> Vec<Named> {
    let text = str::to_owned;
    vec![
        (
            "untrusted",
            Kind::Untrusted,
            seen(Case::Untrusted(Untrusted {
                cause: Cause::UnknownRoot.into(),
                issuer: text("CN=Unknown Root"),
                incomplete_excluded: true,
                detail: text("no anchor of this name"),
            })),
        ),
        (
            "weakness",
            Kind::Weak,
            seen(Case::Weakness(Weakness { weaknesses: vec![text("RSA key of 1024 bits")] })),
        ),
        (
            "mixed",
            Kind::MixedCertificates,
            seen(Case::Mixed(Mixed {
                groups: vec![Group {
                    leaf: Some(certificate(4)),
                    endpoints: vec![text("192.0.2.1:443"), text("[2001:db8::1]:443")],
                }],
            })),
        ),
        (
            "change",
            Kind::CertificateChanged,
            seen(Case::Change(Change {
                before: Some(certificate(5)),
                after: Some(certificate(6)),
                names_gained: vec![text("new.example.com")],
                names_lost: vec![text("old.example.com")],
            })),
        ),
        (
            "blindness",
            Kind::NotObserved,
            bare(Case::Blindness(Blindness { last_seen: Some(at(-3_600)), unanswered: 3 })),
        ),
        (
            "prober_blindness",
            Kind::ProberBlind,
            bare(Case::ProberBlindness(ProberBlindness {
                prober: text("host-abc123"),
                failed: 19,
                looked: 20,
            })),
        ),
    ]
}

/// That of an expiry, where any will do.
pub(crate) fn expiry() -> Evidence {
    let (_, _, evidence) = each().swap_remove(1);
    evidence
}

fn seen(case: Case) -> Evidence {
    Evidence {
        leaf: Some(certificate(1)),
        endpoints: vec!["192.0.2.1:443".to_owned()],
        case: Some(case),
    }
}

fn bare(case: Case) -> Evidence {
    Evidence { leaf: None, endpoints: Vec::new(), case: Some(case) }
}
