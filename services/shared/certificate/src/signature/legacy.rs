//! RSA PKCS#1 v1.5 signatures with keys and hashes that crypto libraries rightly no longer take.
//!
//! Only public values are handled, and only to tell an old signature from a false one. By hand,
//! because the crate that offers it (`rsa`) carries an open advisory about its private half.

use aws_lc_rs::digest;
use md5::{Digest, Md5};
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use x509_parser::{der_parser::num_bigint::BigUint, prelude::FromDer, public_key::RSAPublicKey};

pub(super) static RSA_MD5: &dyn SignatureVerificationAlgorithm = &Rsa {
    // 1.2.840.113549.1.1.4
    signature: AlgorithmIdentifier::from_slice(&[
        6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4, 5, 0,
    ]),
    hash: Hash::Md5,
};
pub(super) static RSA_SHA1: &dyn SignatureVerificationAlgorithm = &Rsa {
    // 1.2.840.113549.1.1.5
    signature: AlgorithmIdentifier::from_slice(&[
        6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5, 5, 0,
    ]),
    hash: Hash::Sha1,
};
pub(super) static RSA_SHA256: &dyn SignatureVerificationAlgorithm =
    &Rsa { signature: alg_id::RSA_PKCS1_SHA256, hash: Hash::Sha256 };
pub(super) static RSA_SHA384: &dyn SignatureVerificationAlgorithm =
    &Rsa { signature: alg_id::RSA_PKCS1_SHA384, hash: Hash::Sha384 };
pub(super) static RSA_SHA512: &dyn SignatureVerificationAlgorithm =
    &Rsa { signature: alg_id::RSA_PKCS1_SHA512, hash: Hash::Sha512 };

/// Bits of a modulus. Below 512 no hash fits; above what OpenSSL takes the arithmetic is an attack.
const MODULUS_BITS: std::ops::RangeInclusive<u64> = 512..=16_384;

/// Bits of an exponent. The usual one has 17; a long one is an attack.
const EXPONENT_BITS_MAX: u64 = 33;

#[derive(Debug)]
struct Rsa {
    signature: AlgorithmIdentifier,
    hash: Hash,
}

#[derive(Debug, Clone, Copy)]
enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl SignatureVerificationAlgorithm for Rsa {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let (_, key) = RSAPublicKey::from_der(public_key).map_err(|_| InvalidSignature)?;
        let modulus = BigUint::from_bytes_be(key.modulus);
        let exponent = BigUint::from_bytes_be(key.exponent);
        let fits = MODULUS_BITS.contains(&modulus.bits())
            && (2..=EXPONENT_BITS_MAX).contains(&exponent.bits());
        let length = usize::try_from(modulus.bits().div_ceil(8)).map_err(|_| InvalidSignature)?;
        let power = BigUint::from_bytes_be(signature);
        if !fits || signature.len() != length || power >= modulus {
            return Err(InvalidSignature);
        }
        let expected = self.hash.encoded(message, length).ok_or(InvalidSignature)?;
        let found = power.modpow(&exponent, &modulus);
        if found == BigUint::from_bytes_be(&expected) { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

impl Hash {
    /// EMSA-PKCS1-v1_5 (RFC 8017, section 9.2), or `None` if the key is too short for the hash.
    fn encoded(self, message: &[u8], length: usize) -> Option<Vec<u8>> {
        /// `00 01`, at least eight times `ff`, `00`.
        const FRAME_LEN_MIN: usize = 11;
        let hash = self.of(message);
        let tail = self.prefix().len() + hash.len();
        let padding = length.checked_sub(tail + FRAME_LEN_MIN)? + 8;
        let mut encoded = Vec::with_capacity(length);
        encoded.extend([0, 1]);
        encoded.resize(2 + padding, 0xff);
        encoded.push(0);
        encoded.extend(self.prefix());
        encoded.extend(hash);
        Some(encoded)
    }

    fn of(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Md5 => return Md5::digest(message).to_vec(),
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, message).as_ref().to_vec()
    }

    /// The DER of `DigestInfo` up to the hash (RFC 8017, section 9.2, note 1).
    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Md5 => &[
                0x30, 0x20, 0x30, 0x0c, 6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5, 5, 0, 4,
                0x10,
            ],
            Self::Sha1 => &[0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14],
            Self::Sha256 => &[
                0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20,
            ],
            Self::Sha384 => &[
                0x30, 0x41, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 0x30,
            ],
            Self::Sha512 => &[
                0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40,
            ],
        }
    }
}
