//! What a certificate shall claim: names, dates, the kind of its key.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, RsaKeySize,
};

use super::identity::Identity;
use crate::error::LabError;

/// The first and the last second of a certificate's life, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First second of validity.
    pub not_before: Timestamp,
    /// Last second of validity.
    pub not_after: Timestamp,
}

/// What a leaf shall claim.
#[derive(Debug, Clone)]
pub struct Leaf {
    common_name: String,
    names: Vec<String>,
    validity: Validity,
    key: KeyKind,
}

/// The kinds of key that can be made here. RSA below 2,048 bits is refused by the library: bring
/// such a key from elsewhere to [`Authority::certify`](super::Authority::certify).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256.
    P256,
    /// RSA with 2,048 bits.
    Rsa2048,
}

impl Validity {
    /// Valid from `not_before` to `not_after`.
    pub fn between(not_before: Timestamp, not_after: Timestamp) -> Self {
        Self { not_before, not_after }
    }

    /// Valid since `age` before `now`, for another `left`. A negative `left` has expired.
    pub fn around(now: Timestamp, age: SignedDuration, left: SignedDuration) -> Self {
        Self { not_before: now - age, not_after: now + left }
    }

    /// Ten years around `now`, as roots have.
    pub fn of_an_authority(now: Timestamp) -> Self {
        let half = SignedDuration::from_hours(5 * 365 * 24);
        Self::around(now, half, half)
    }
}

impl Leaf {
    /// A leaf with one name, DNS or IP address, as common name and as SAN, with a P-256 key.
    pub fn named(name: &str, validity: Validity) -> Self {
        Self {
            common_name: name.to_owned(),
            names: vec![name.to_owned()],
            validity,
            key: KeyKind::P256,
        }
    }

    /// The SANs replaced by `names`, each DNS or an IP address. None at all leaves the extension
    /// out.
    #[must_use]
    pub fn with_names(mut self, names: &[&str]) -> Self {
        self.names = names.iter().map(|&name| name.to_owned()).collect();
        self
    }

    /// Another kind of key.
    #[must_use]
    pub fn with_key(mut self, key: KeyKind) -> Self {
        self.key = key;
        self
    }

    /// An identity that is its own issuer.
    ///
    /// # Errors
    /// [`LabError::Issue`] if a name cannot be encoded.
    pub fn self_signed(&self) -> Result<Identity, LabError> {
        self.try_self_signed().map_err(|source| self.refused(source))
    }

    fn try_self_signed(&self) -> Result<Identity, rcgen::Error> {
        let key = self.generate_key()?;
        let certificate = self.params()?.self_signed(&key)?;
        Ok(Identity::new(vec![certificate.into()], &key))
    }

    /// A new key of the wanted kind.
    pub(super) fn generate_key(&self) -> Result<KeyPair, rcgen::Error> {
        self.key.generate()
    }

    pub(super) fn params(&self) -> Result<CertificateParams, rcgen::Error> {
        let mut params = params(&self.common_name, self.validity, self.names.clone())?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        Ok(params)
    }

    pub(super) fn refused(&self, source: rcgen::Error) -> LabError {
        LabError::Issue { name: self.common_name.clone(), source }
    }
}

pub(super) fn params(
    common_name: &str,
    validity: Validity,
    names: Vec<String>,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, common_name);
    set_validity(&mut params, validity);
    Ok(params)
}

pub(super) fn set_validity(params: &mut CertificateParams, validity: Validity) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let offset = |instant: Timestamp| {
        let seconds = Duration::from_secs(instant.as_second().unsigned_abs());
        if instant.as_second() < 0 { epoch - seconds } else { epoch + seconds }
    };
    params.not_before = offset(validity.not_before);
    params.not_after = offset(validity.not_after);
}

impl KeyKind {
    pub(super) fn generate(self) -> Result<KeyPair, rcgen::Error> {
        match self {
            Self::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
        }
    }
}
