//! Why an anomaly is one, in the shape of the JSON that people and scripts read, and of the message
//! that travels.

use std::time::Duration;

use certificate::Certificate;
use jiff::{SignedDuration, Timestamp};
use proto::v1::{self, Reason, evidence, untrusted::Cause};
use serde::{Serialize, Serializer};

/// Names of one certificate that evidence carries; their number is told beside them.
pub const NAMES_MAX: usize = 100;

/// Why an anomaly is one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// The leaf that was judged. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<Summary>,
    /// What fits the kind.
    #[serde(flatten)]
    pub case: Case,
}

/// What fits the kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Case {
    /// Of `enable_failed` and `unreachable`.
    NoCertificate {
        /// Why.
        #[serde(serialize_with = "reason_token")]
        reason: Reason,
        /// What happened, for people.
        detail: String,
        /// TLS alert that the server sent, if any.
        #[serde(skip_serializing_if = "Option::is_none")]
        alert: Option<u32>,
    },
    /// Of `expired`, `expiring` and `not_yet_valid`.
    Expiry {
        /// The certificate whose dates limit the path; often the leaf.
        limiting: Summary,
        /// Whether it is the leaf.
        is_leaf: bool,
        /// The rung that was crossed. Absent unless `expiring`.
        #[serde(rename = "rung_seconds", serialize_with = "seconds")]
        #[serde(skip_serializing_if = "Option::is_none")]
        rung: Option<SignedDuration>,
    },
    /// Of `chain_incomplete`.
    MissingIssuer {
        /// The certificates on the path that were not presented, from the leaf upwards.
        missing: Vec<Summary>,
        /// The same as PEM, ready to be deployed.
        pem: String,
        /// Where the first of them was known from: `seen`, `configured`, or its URL.
        source: String,
    },
    /// Of `name_mismatch`.
    NameMismatch {
        /// The host that was expected.
        expected: String,
        /// The names that the leaf carries, at most [`NAMES_MAX`].
        presented: Vec<String>,
    },
    /// Of `untrusted`.
    Untrusted {
        /// Why.
        #[serde(serialize_with = "cause_token")]
        cause: Cause,
        /// The issuer that no path goes beyond.
        issuer: String,
        /// Whether an incomplete chain is excluded as the cause.
        incomplete_excluded: bool,
        /// For people: the rule that was broken, or what is malformed.
        detail: String,
    },
    /// Of `weak`.
    Weakness {
        /// Each in a few words.
        weaknesses: Vec<String>,
    },
    /// Of `mixed_certificates`.
    Mixed {
        /// Endpoints that agree, the largest group first, at most [`GROUPS_MAX`].
        groups: Vec<Group>,
    },
}

/// Groups of endpoints that are told; more are a different kind of trouble.
pub const GROUPS_MAX: usize = 8;

/// Endpoints that serve one leaf.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// The leaf.
    pub leaf: Summary,
    /// Addresses.
    pub endpoints: Vec<String>,
}

/// What a certificate says of itself, in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// SHA-256 of the DER.
    #[serde(serialize_with = "hexadecimal")]
    pub sha256: [u8; 32],
    /// RFC 4514 text of the subject; may be empty.
    pub subject: String,
    /// RFC 4514 text of the issuer.
    pub issuer: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// First second of validity.
    pub not_before: Timestamp,
    /// Last second of validity.
    pub not_after: Timestamp,
    /// Subject alternative names, DNS and IP, at most [`NAMES_MAX`].
    pub names: Vec<String>,
    /// How many names there are in all.
    pub names_total: usize,
}

impl From<&Certificate> for Summary {
    fn from(certificate: &Certificate) -> Self {
        let validity = certificate.validity();
        Self {
            sha256: certificate.fingerprint(),
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            serial: certificate.serial(),
            not_before: validity.not_before,
            not_after: validity.not_after,
            names: names(certificate),
            names_total: certificate.names().count(),
        }
    }
}

/// The first names of a certificate, fit to be shown.
pub(super) fn names(certificate: &Certificate) -> Vec<String> {
    certificate.names().take(NAMES_MAX).map(|name| name.to_string()).collect()
}

impl From<&Summary> for v1::CertificateSummary {
    fn from(summary: &Summary) -> Self {
        Self {
            sha256: summary.sha256.to_vec().into(),
            subject: summary.subject.clone(),
            issuer: summary.issuer.clone(),
            serial: summary.serial.clone(),
            not_before: Some(proto::time::write(summary.not_before)),
            not_after: Some(proto::time::write(summary.not_after)),
            names: summary.names.clone(),
            names_total: u32::try_from(summary.names_total).unwrap_or(u32::MAX),
        }
    }
}

impl From<&Evidence> for v1::Evidence {
    /// The message. On which endpoints it was seen is for the caller to add.
    fn from(evidence: &Evidence) -> Self {
        Self {
            leaf: evidence.leaf.as_ref().map(Into::into),
            endpoints: Vec::new(),
            case: Some((&evidence.case).into()),
        }
    }
}

impl From<&Case> for evidence::Case {
    fn from(evidence: &Case) -> Self {
        match evidence.clone() {
            Case::NoCertificate { reason, detail, alert } => {
                Self::NoCertificate(v1::NoCertificate { reason: reason.into(), detail, alert })
            }
            Case::Expiry { limiting, is_leaf, rung } => Self::Expiry(v1::Expiry {
                limiting: Some((&limiting).into()),
                rung: rung.map(|rung| {
                    proto::time::write_span(Duration::try_from(rung).unwrap_or_default())
                }),
                is_leaf,
            }),
            Case::MissingIssuer { missing, pem, source } => {
                let missing = missing.iter().map(Into::into).collect();
                Self::MissingIssuer(v1::MissingIssuer { missing, pem, source })
            }
            Case::NameMismatch { expected, presented } => {
                Self::NameMismatch(v1::NameMismatch { expected, presented })
            }
            Case::Untrusted { cause, issuer, incomplete_excluded, detail } => {
                let cause = cause.into();
                Self::Untrusted(v1::Untrusted { cause, issuer, incomplete_excluded, detail })
            }
            Case::Weakness { weaknesses } => Self::Weakness(v1::Weakness { weaknesses }),
            Case::Mixed { groups } => {
                let groups = groups.into_iter().map(|Group { leaf, endpoints }| v1::mixed::Group {
                    leaf: Some((&leaf).into()),
                    endpoints,
                });
                Self::Mixed(v1::Mixed { groups: groups.collect() })
            }
        }
    }
}

/// The one spelling of a cause.
pub(super) fn cause_name(cause: Cause) -> &'static str {
    match cause {
        Cause::Unspecified => "unspecified",
        Cause::SelfSigned => "self_signed",
        Cause::UnknownRoot => "unknown_root",
        Cause::IssuerNotFound => "issuer_not_found",
        Cause::NotPermitted => "not_permitted",
        Cause::Malformed => "malformed",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn cause_token<S: Serializer>(cause: &Cause, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(cause_name(*cause))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn reason_token<S: Serializer>(reason: &Reason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(reason.token())
}

fn hexadecimal<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    let text: String = bytes.iter().flat_map(|byte| hex_digits(*byte)).collect();
    serializer.serialize_str(&text)
}

fn hex_digits(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'))
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn seconds<S: Serializer>(span: &Option<SignedDuration>, serializer: S) -> Result<S::Ok, S::Error> {
    span.map(|span| span.as_secs()).serialize(serializer)
}
