//! Issues certificates exactly as asked, also those that nobody should use.
//!
//! An [`Authority`] is a root or an intermediate with its key. A [`Leaf`] says what a server's
//! certificate shall claim, and an [`Identity`] is what a server presents: a chain and a key.
//! Dates have second precision; anything finer is cut off.

pub mod identity;
mod leaf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData, SubjectPublicKeyInfo,
};
use rustls_pki_types::CertificateDer;

use self::identity::Identity;
pub use self::leaf::{KeyKind, Leaf, Validity};
use crate::error::LabError;

/// A root or an intermediate, able to issue.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    params: CertificateParams,
    /// What a server presents above a leaf of this authority; empty for a root.
    presented: Vec<CertificateDer<'static>>,
    issuer_url: Option<String>,
}

impl Authority {
    /// A root with a new P-256 key.
    ///
    /// # Errors
    /// [`LabError::Issue`] if the name cannot be encoded.
    pub fn root(name: &str, validity: Validity) -> Result<Self, LabError> {
        let made = || {
            let (params, key) = authority_params(name, validity)?;
            let issuer = CertifiedIssuer::self_signed(params.clone(), key)?;
            Ok(Self { issuer, params, presented: Vec::new(), issuer_url: None })
        };
        made().map_err(|source| LabError::Issue { name: name.to_owned(), source })
    }

    /// An intermediate below this authority, with a new P-256 key.
    ///
    /// # Errors
    /// [`LabError::Issue`] if the name cannot be encoded.
    pub fn intermediate(&self, name: &str, validity: Validity) -> Result<Self, LabError> {
        let made = || {
            let (mut params, key) = authority_params(name, validity)?;
            self.leave_trace(&mut params);
            let issuer = CertifiedIssuer::signed_by(params.clone(), key, &self.issuer)?;
            let mut presented = vec![issuer.der().clone()];
            presented.extend(self.presented.iter().cloned());
            Ok(Self { issuer, params, presented, issuer_url: None })
        };
        made().map_err(|source| LabError::Issue { name: name.to_owned(), source })
    }

    /// This authority's name and key, certified by `other`: a cross-certificate.
    ///
    /// # Errors
    /// [`LabError::Issue`] if the certificate cannot be encoded.
    pub fn cross_signed_by(
        &self,
        other: &Self,
        validity: Validity,
    ) -> Result<CertificateDer<'static>, LabError> {
        let mut params = self.params.clone();
        params.use_authority_key_identifier_extension = true;
        leaf::set_validity(&mut params, validity);
        let certificate = params
            .signed_by(self.issuer.key(), &other.issuer)
            .map_err(|source| LabError::Issue { name: "a cross-certificate".to_owned(), source })?;
        Ok(certificate.into())
    }

    /// The authority whose issues name `url` as the place where its certificate can be fetched
    /// (AIA, `caIssuers`), at most 100 bytes of ASCII.
    #[must_use]
    pub fn announced_at(mut self, url: &str) -> Self {
        self.issuer_url = Some(url.to_owned());
        self
    }

    /// An identity for a server: a leaf with a new key, and the intermediates above it.
    ///
    /// # Errors
    /// [`LabError::Issue`] if a name cannot be encoded.
    pub fn issue(&self, leaf: &Leaf) -> Result<Identity, LabError> {
        let made = || {
            let key = leaf.generate_key()?;
            Ok(Identity::new(self.chain(leaf, &key)?, &key))
        };
        made().map_err(|source| leaf.refused(source))
    }

    /// The chain for a leaf whose key was made elsewhere, given as `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    /// [`LabError::Issue`] if the key or a name cannot be encoded.
    pub fn certify(
        &self,
        leaf: &Leaf,
        public_key: &[u8],
    ) -> Result<Vec<CertificateDer<'static>>, LabError> {
        SubjectPublicKeyInfo::from_der(public_key)
            .and_then(|key| self.chain(leaf, &key))
            .map_err(|source| leaf.refused(source))
    }

    /// The certificate of this authority.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        self.issuer.der()
    }

    /// The certificate of this authority as PEM, as given to who shall trust it.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    fn chain(
        &self,
        leaf: &Leaf,
        public_key: &impl PublicKeyData,
    ) -> Result<Vec<CertificateDer<'static>>, rcgen::Error> {
        let mut params = leaf.params()?;
        self.leave_trace(&mut params);
        let mut chain = vec![params.signed_by(public_key, &self.issuer)?.into()];
        chain.extend(self.presented.iter().cloned());
        Ok(chain)
    }

    /// Marks what this authority is about to issue with its key identifier and its address.
    fn leave_trace(&self, params: &mut CertificateParams) {
        params.use_authority_key_identifier_extension = true;
        params.custom_extensions.extend(self.issuer_url.as_deref().map(authority_access));
    }
}

fn authority_params(
    name: &str,
    validity: Validity,
) -> Result<(CertificateParams, KeyPair), rcgen::Error> {
    let mut params = leaf::params(name, validity, Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok((params, KeyKind::P256.generate()?))
}

/// The extension of RFC 5280, section 4.2.2.1, with one `caIssuers` address.
fn authority_access(url: &str) -> CustomExtension {
    /// `id-ad-caIssuers`, 1.3.6.1.5.5.7.48.2, with tag and length.
    const CA_ISSUERS: [u8; 10] = [0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02];
    const SEQUENCE: u8 = 0x30;
    /// `uniformResourceIdentifier`, the seventh choice of a `GeneralName`.
    const URL: u8 = 0x86;

    let location = tagged(URL, url.as_bytes());
    let description = tagged(SEQUENCE, &[&CA_ISSUERS[..], &location].concat());
    let content = tagged(SEQUENCE, &description);
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], content)
}

/// One DER value of at most 127 bytes.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).ok().filter(|&length| length < 0x80);
    let length = length.expect("the address of an issuer has at most 100 bytes");
    [&[tag, length], content].concat()
}
