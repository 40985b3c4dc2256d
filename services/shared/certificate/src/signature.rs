//! Signatures of certificates, those of old algorithms included.
//!
//! A certificate that is signed with SHA-1 or by a short key is *weak*; whether it is also forged
//! is another question, and a monitor that mixes the two tells the wrong story. [`STRONG`] is what
//! TLS clients of today accept; [`ALL`] checks the old ones as well. Neither holds what nobody here
//! can check: DSA, Ed448, ECDSA with SHA-1, odd curves.

mod kin;
mod legacy;

use rustls_pki_types::SignatureVerificationAlgorithm;
use webpki::aws_lc_rs as modern;

/// What a signature turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was made by the key.
    Good,
    /// It was not made by the key, or no key of that kind can make it.
    Wrong,
    /// A key of that kind may have made it, and nobody here can check whether this one did.
    Unchecked,
}

/// The algorithms that TLS clients of today accept.
pub static STRONG: &[&dyn SignatureVerificationAlgorithm] = webpki::ALL_VERIFICATION_ALGS;

/// [`STRONG`], and RSA with any key of 512 to 16,384 bits, under MD5 and SHA-1 too.
///
/// For a pair of algorithm identifiers the first match decides, so RSA PKCS#1 stands here only in
/// the form that takes any key.
pub static ALL: &[&dyn SignatureVerificationAlgorithm] = &[
    legacy::RSA_SHA256,
    legacy::RSA_SHA384,
    legacy::RSA_SHA512,
    legacy::RSA_SHA1,
    legacy::RSA_MD5,
    modern::ECDSA_P256_SHA256,
    modern::ECDSA_P256_SHA384,
    modern::ECDSA_P256_SHA512,
    modern::ECDSA_P384_SHA256,
    modern::ECDSA_P384_SHA384,
    modern::ECDSA_P384_SHA512,
    modern::ECDSA_P521_SHA256,
    modern::ECDSA_P521_SHA384,
    modern::ECDSA_P521_SHA512,
    modern::ED25519,
    modern::ML_DSA_44,
    modern::ML_DSA_65,
    modern::ML_DSA_87,
    modern::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    modern::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    modern::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    modern::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    modern::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    modern::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
];

/// A signature and what it was made over.
pub(crate) struct Signed<'a> {
    pub(crate) message: &'a [u8],
    /// Contents of the algorithm identifier.
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

/// A public key.
pub(crate) struct PublicKey<'a> {
    /// Contents of the algorithm identifier.
    pub(crate) algorithm: &'a [u8],
    pub(crate) key: &'a [u8],
}

pub(crate) fn verify(signed: &Signed<'_>, key: &PublicKey<'_>) -> Verdict {
    let fitting = ALL.iter().find(|algorithm| {
        algorithm.signature_alg_id().as_ref() == signed.algorithm
            && algorithm.public_key_alg_id().as_ref() == key.algorithm
    });
    match fitting.map(|it| it.verify_signature(key.key, signed.message, signed.signature)) {
        Some(Ok(())) => Verdict::Good,
        None if kin::may_have_made(key.algorithm, signed.algorithm) => Verdict::Unchecked,
        Some(Err(_)) | None => Verdict::Wrong,
    }
}
