//! Stands where the TLS library asks for judgement, and takes notes instead.
//!
//! The chain is captured before anything can fail after it, the signature over the handshake is
//! checked and its verdict kept, a wish for a client certificate is remembered; and the handshake
//! always goes on. One recorder serves one handshake.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use proto::v1::handshake::Proof;
use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::{
        ResolvesClientCert,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::domain::{
    presented::{self, Chain},
    proof,
};

/// Signatures we say we accept, best first: all that a server may want to sign with, so that it
/// shows its certificate. Those that cannot be checked leave the proof unknown.
const SCHEMES: [SignatureScheme; 18] = [
    SignatureScheme::ECDSA_NISTP256_SHA256,
    SignatureScheme::ECDSA_NISTP384_SHA384,
    SignatureScheme::ECDSA_NISTP521_SHA512,
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme::ED448,
    SignatureScheme::Unknown(0x0809), // rsa_pss_pss_sha256
    SignatureScheme::Unknown(0x080a), // rsa_pss_pss_sha384
    SignatureScheme::Unknown(0x080b), // rsa_pss_pss_sha512
    SignatureScheme::Unknown(0x0303), // ecdsa_sha224
    SignatureScheme::Unknown(0x0301), // rsa_pkcs1_sha224
    SignatureScheme::ECDSA_SHA1_Legacy,
    SignatureScheme::RSA_PKCS1_SHA1,
];

/// Takes notes of one handshake.
#[derive(Debug)]
pub struct Recorder {
    algorithms: WebPkiSupportedAlgorithms,
    shown: OnceLock<Shown>,
    proof: OnceLock<Proof>,
    client_certificate_requested: OnceLock<()>,
}

/// What a server showed before it had to prove anything.
#[derive(Debug, Clone)]
pub struct Shown {
    /// At least the leaf.
    pub chain: Chain,
    /// Stapled OCSP response. Empty: none.
    pub ocsp: Bytes,
}

impl Recorder {
    /// A recorder that checks signatures by these algorithms.
    pub fn new(algorithms: WebPkiSupportedAlgorithms) -> Arc<Self> {
        Arc::new(Self {
            algorithms,
            shown: OnceLock::new(),
            proof: OnceLock::new(),
            client_certificate_requested: OnceLock::new(),
        })
    }

    /// The chain, if it came.
    pub fn shown(&self) -> Option<&Shown> {
        self.shown.get()
    }

    /// Whether the key was proved. Unknown if the handshake did not come that far.
    pub fn proof(&self) -> Proof {
        self.proof.get().copied().unwrap_or(Proof::Unknown)
    }

    /// Whether the server asked for a client certificate.
    pub fn client_certificate_requested(&self) -> bool {
        self.client_certificate_requested.get().is_some()
    }

    fn note(
        &self,
        verdict: &Result<HandshakeSignatureValid, Error>,
        leaf: &CertificateDer<'_>,
    ) -> HandshakeSignatureValid {
        let proof = proof::of(verdict.as_ref().map(|_| ()), leaf);
        self.proof.get_or_init(|| proof);
        HandshakeSignatureValid::assertion()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.shown.get_or_init(|| {
            let all = std::iter::once(end_entity).chain(intermediates);
            Shown {
                chain: presented::bounded(all.map(AsRef::as_ref)),
                ocsp: presented::bounded_ocsp(ocsp_response),
            }
        });
        // Judging is the detector's work, and a broken certificate is what we came to see. Nothing
        // is sent over this connection after the handshake, and nothing is read from it.
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verdict = verify_tls12_signature(message, leaf, signed, &self.algorithms);
        Ok(self.note(&verdict, leaf))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verdict = verify_tls13_signature(message, leaf, signed, &self.algorithms);
        Ok(self.note(&verdict, leaf))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        SCHEMES.to_vec()
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.client_certificate_requested.get_or_init(|| ());
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
