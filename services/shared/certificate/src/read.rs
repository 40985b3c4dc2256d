//! From DER to a [`Certificate`].

use std::{ops::Range, sync::Arc};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use x509_parser::{
    asn1_rs::{Any, FromDer, Oid},
    certificate::X509Certificate,
    error::X509Error,
    extensions::{ParsedExtension, X509Extension},
    nom,
    oid_registry::{
        OID_PKIX_AUTHORITY_INFO_ACCESS, OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER,
        OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_CERTIFICATE_POLICIES,
        OID_X509_EXT_CRL_DISTRIBUTION_POINTS, OID_X509_EXT_EXTENDED_KEY_USAGE,
        OID_X509_EXT_INHIBIT_ANY_POLICY, OID_X509_EXT_ISSUER_ALT_NAME, OID_X509_EXT_KEY_USAGE,
        OID_X509_EXT_NAME_CONSTRAINTS, OID_X509_EXT_POLICY_CONSTRAINTS,
        OID_X509_EXT_POLICY_MAPPINGS, OID_X509_EXT_SUBJECT_ALT_NAME,
        OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
    },
    time::ASN1Time,
};

use crate::{
    Certificate, DER_BYTES_MAX, Places, Role, Validity,
    algorithm::{Key, SignatureAlgorithm},
    error::{CertificateError, Defect, DefectKind},
};

/// Defects that are kept of one certificate; the rest adds nothing to the finding.
const DEFECTS_MAX: usize = 8;

pub(crate) fn certificate(der: &[u8]) -> Result<Certificate, CertificateError> {
    envelope(der)?;
    let (rest, parsed) = X509Certificate::from_der(der).map_err(|error| malformation(&error))?;
    if !rest.is_empty() {
        return Err(CertificateError::Trailing { bytes: rest.len() });
    }
    let key = Key::read(parsed.public_key());
    Ok(Certificate {
        fingerprint: Sha256::digest(der).into(),
        places: places(der, &parsed)?,
        validity: Validity {
            not_before: instant(parsed.validity().not_before),
            not_after: instant(parsed.validity().not_after),
        },
        key,
        signature_algorithm: SignatureAlgorithm::read(&parsed.signature_algorithm),
        role: role(&parsed),
        version: parsed.version().0.saturating_add(1),
        defects: defects(&parsed),
        der: Arc::from(der),
    })
}

/// Checks the outermost frame, whose faults deserve better names than the parser gives them.
fn envelope(der: &[u8]) -> Result<(), CertificateError> {
    let first = *der.first().ok_or(CertificateError::Empty)?;
    if der.len() > DER_BYTES_MAX {
        return Err(CertificateError::TooLong { length: der.len(), max: DER_BYTES_MAX });
    }
    if first != 0x30 {
        return Err(CertificateError::NotDer { first });
    }
    match Any::from_der(der) {
        Ok(([], _)) => Ok(()),
        Ok((rest, _)) => Err(CertificateError::Trailing { bytes: rest.len() }),
        Err(nom::Err::Incomplete(_)) => Err(CertificateError::Truncated),
        Err(nom::Err::Error(_) | nom::Err::Failure(_)) => Err(CertificateError::Structure),
    }
}

fn malformation(error: &nom::Err<X509Error>) -> CertificateError {
    let error = match error {
        nom::Err::Error(error) | nom::Err::Failure(error) => error,
        // The frame is whole: it is a part inside that promises more than there is.
        nom::Err::Incomplete(_) => return CertificateError::Structure,
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "an enumeration of another crate")]
    match error {
        X509Error::InvalidVersion => CertificateError::Version,
        X509Error::InvalidSerial => CertificateError::Serial,
        X509Error::InvalidAlgorithmIdentifier => CertificateError::Algorithm,
        X509Error::InvalidX509Name => CertificateError::Name,
        X509Error::InvalidDate => CertificateError::Date,
        X509Error::InvalidSPKI => CertificateError::Key,
        X509Error::InvalidExtensions | X509Error::DuplicateExtensions => {
            CertificateError::Extensions
        }
        X509Error::InvalidSignatureValue => CertificateError::Signature,
        _ => CertificateError::Structure,
    }
}

/// The instant of a date, moved to the limits of what a timestamp holds.
fn instant(date: ASN1Time) -> Timestamp {
    let limit = if date.timestamp() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(date.timestamp()).unwrap_or(limit)
}

fn places(der: &[u8], parsed: &X509Certificate<'_>) -> Result<Places, CertificateError> {
    let place = |part: &[u8]| place_in(der, part).ok_or(CertificateError::Structure);
    let extension = |oid: &Oid<'_>| unique(parsed, oid).map(|found| place(found.value)).transpose();
    let key_ids = KeyIds::read(parsed);
    Ok(Places {
        signed: place(parsed.tbs_certificate.as_ref())?,
        serial: place(parsed.raw_serial())?,
        issuer: place(parsed.issuer().as_raw())?,
        subject: place(parsed.subject().as_raw())?,
        key: place(parsed.public_key().raw)?,
        names: extension(&OID_X509_EXT_SUBJECT_ALT_NAME)?,
        authority_information: extension(&OID_PKIX_AUTHORITY_INFO_ACCESS)?,
        crl_points: extension(&OID_X509_EXT_CRL_DISTRIBUTION_POINTS)?,
        subject_key_id: key_ids.subject.map(place).transpose()?,
        authority_key_id: key_ids.authority.map(place).transpose()?,
    })
}

/// Where `part`, a slice of `whole`, stands in it.
fn place_in(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

/// The extension of this number, unless it is missing or repeated.
fn unique<'p, 'd>(parsed: &'p X509Certificate<'d>, oid: &Oid<'_>) -> Option<&'p X509Extension<'d>> {
    parsed.get_extension_unique(oid).ok().flatten()
}

struct KeyIds<'d> {
    subject: Option<&'d [u8]>,
    authority: Option<&'d [u8]>,
}

impl<'d> KeyIds<'d> {
    fn read(parsed: &X509Certificate<'d>) -> Self {
        let subject = unique(parsed, &OID_X509_EXT_SUBJECT_KEY_IDENTIFIER);
        let authority = unique(parsed, &OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER);
        Self {
            subject: match subject.map(X509Extension::parsed_extension) {
                Some(ParsedExtension::SubjectKeyIdentifier(id)) => Some(id.0),
                _ => None,
            },
            authority: match authority.map(X509Extension::parsed_extension) {
                Some(ParsedExtension::AuthorityKeyIdentifier(id)) => {
                    id.key_identifier.as_ref().map(|id| id.0)
                }
                _ => None,
            },
        }
    }
}

fn role(parsed: &X509Certificate<'_>) -> Role {
    let is_ca = match unique(parsed, &OID_X509_EXT_BASIC_CONSTRAINTS) {
        Some(found) => {
            matches!(found.parsed_extension(), ParsedExtension::BasicConstraints(basic) if basic.ca)
        }
        None => false,
    };
    let may_sign =
        match unique(parsed, &OID_X509_EXT_KEY_USAGE).map(X509Extension::parsed_extension) {
            Some(ParsedExtension::KeyUsage(usage)) => Some(usage.key_cert_sign()),
            _ => None,
        };
    let unknown_critical = parsed
        .extensions()
        .iter()
        .any(|extension| extension.critical && known_name(&extension.oid).is_none());
    Role { is_ca, may_sign, unknown_critical }
}

fn defects(parsed: &X509Certificate<'_>) -> Vec<Defect> {
    let extensions = parsed.extensions();
    let faults = extensions.iter().enumerate().filter_map(|(index, extension)| {
        let repeated = extensions.iter().take(index).any(|other| other.oid == extension.oid);
        let problem = if repeated {
            DefectKind::Repeated
        } else if extension.parsed_extension().error().is_some() {
            DefectKind::Malformed
        } else {
            return None;
        };
        let name = known_name(&extension.oid).map(str::to_owned);
        Some(Defect { extension: name.unwrap_or_else(|| extension.oid.to_id_string()), problem })
    });
    faults.take(DEFECTS_MAX).collect()
}

/// The name of an extension of RFC 5280, or `None` if it is none of them.
fn known_name(oid: &Oid<'_>) -> Option<&'static str> {
    const NAMES: [(&Oid<'static>, &str); 14] = [
        (&OID_X509_EXT_SUBJECT_ALT_NAME, "subjectAltName"),
        (&OID_X509_EXT_BASIC_CONSTRAINTS, "basicConstraints"),
        (&OID_X509_EXT_KEY_USAGE, "keyUsage"),
        (&OID_X509_EXT_EXTENDED_KEY_USAGE, "extKeyUsage"),
        (&OID_X509_EXT_NAME_CONSTRAINTS, "nameConstraints"),
        (&OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, "authorityKeyIdentifier"),
        (&OID_X509_EXT_SUBJECT_KEY_IDENTIFIER, "subjectKeyIdentifier"),
        (&OID_PKIX_AUTHORITY_INFO_ACCESS, "authorityInfoAccess"),
        (&OID_X509_EXT_CRL_DISTRIBUTION_POINTS, "cRLDistributionPoints"),
        (&OID_X509_EXT_CERTIFICATE_POLICIES, "certificatePolicies"),
        (&OID_X509_EXT_POLICY_CONSTRAINTS, "policyConstraints"),
        (&OID_X509_EXT_POLICY_MAPPINGS, "policyMappings"),
        (&OID_X509_EXT_INHIBIT_ANY_POLICY, "inhibitAnyPolicy"),
        (&OID_X509_EXT_ISSUER_ALT_NAME, "issuerAltName"),
    ];
    NAMES.iter().find(|(known, _)| *known == oid).map(|(_, name)| *name)
}
