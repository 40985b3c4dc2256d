//! Keys and signature algorithms by name and size.

use std::fmt;

use x509_parser::{
    asn1_rs::Oid,
    public_key::PublicKey,
    signature_algorithm::RsaSsaPssParams,
    x509::{AlgorithmIdentifier, SubjectPublicKeyInfo},
};

/// A public key: what kind, and how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// What kind.
    pub kind: KeyKind,
    /// Bits of the modulus (RSA, DSA) or of the field (elliptic curves). Zero if it is unknown.
    pub bits: u32,
}

/// The kinds of keys that are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA.
    Rsa,
    /// RSA that may sign with PSS only.
    RsaPss,
    /// ECDSA.
    Ec,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// Ed448 (RFC 8410).
    Ed448,
    /// DSA.
    Dsa,
    /// ML-DSA (RFC 9881).
    MlDsa,
    /// Another, by its number.
    Other(String),
}

impl Key {
    pub(crate) fn read(information: &SubjectPublicKeyInfo<'_>) -> Self {
        let number = information.algorithm.algorithm.to_id_string();
        let (kind, bits) = match number.as_str() {
            "1.2.840.113549.1.1.1" => (KeyKind::Rsa, rsa_bits(information)),
            "1.2.840.113549.1.1.10" => (KeyKind::RsaPss, rsa_bits(information)),
            "1.2.840.10045.2.1" => (KeyKind::Ec, ec_bits(information)),
            "1.3.101.112" => (KeyKind::Ed25519, 256),
            "1.3.101.113" => (KeyKind::Ed448, 456),
            "1.2.840.10040.4.1" => (KeyKind::Dsa, dsa_bits(information)),
            "2.16.840.1.101.3.4.3.17" | "2.16.840.1.101.3.4.3.18" | "2.16.840.1.101.3.4.3.19" => {
                (KeyKind::MlDsa, 0)
            }
            _ => (KeyKind::Other(number), 0),
        };
        Self { kind, bits }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.kind {
            KeyKind::Rsa => "RSA",
            KeyKind::RsaPss => "RSA-PSS",
            KeyKind::Ec => "EC",
            KeyKind::Ed25519 => return f.write_str("Ed25519 key"),
            KeyKind::Ed448 => return f.write_str("Ed448 key"),
            KeyKind::Dsa => "DSA",
            KeyKind::MlDsa => return f.write_str("ML-DSA key"),
            KeyKind::Other(number) => return write!(f, "key of kind {number}"),
        };
        write!(f, "{name} key of {} bits", self.bits)
    }
}

fn rsa_bits(information: &SubjectPublicKeyInfo<'_>) -> u32 {
    use x509_parser::{prelude::FromDer, public_key::RSAPublicKey};
    RSAPublicKey::from_der(&information.subject_public_key.data)
        .map_or(0, |(_, key)| integer_bits(key.modulus))
}

/// Bits of the prime, which stands first among the parameters; a key without them has inherited
/// them and tells no size but that of its public value.
fn dsa_bits(information: &SubjectPublicKeyInfo<'_>) -> u32 {
    use x509_parser::asn1_rs::{Any, FromDer};
    let parameters = information.algorithm.parameters.as_ref();
    let prime = parameters.and_then(|parameters| Any::from_der(parameters.data).ok());
    match (prime, information.parsed()) {
        (Some((_, prime)), _) => integer_bits(prime.data),
        (None, Ok(PublicKey::DSA(public))) => integer_bits(public),
        (None, _) => 0,
    }
}

/// Bits of the field: by the curve's number, else by the length of the point.
fn ec_bits(information: &SubjectPublicKeyInfo<'_>) -> u32 {
    let curve = information.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    let named = curve.and_then(|oid| match oid.to_id_string().as_str() {
        "1.2.840.10045.3.1.1" => Some(192),
        "1.3.132.0.33" => Some(224),
        "1.2.840.10045.3.1.7" | "1.3.132.0.10" => Some(256),
        "1.3.132.0.34" => Some(384),
        "1.3.132.0.35" => Some(521),
        _ => None,
    });
    named.unwrap_or_else(|| match information.parsed() {
        Ok(PublicKey::EC(point)) => u32::try_from(point.key_size()).unwrap_or(0),
        _ => 0,
    })
}

/// Bits of an unsigned big-endian integer.
fn integer_bits(bytes: &[u8]) -> u32 {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let significant = &bytes[start..];
    let leading = significant.first().map_or(0, |byte| byte.leading_zeros());
    u32::try_from(significant.len() * 8).unwrap_or(u32::MAX).saturating_sub(leading)
}

/// How a certificate is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// The hash, where the algorithm names one.
    pub hash: Hash,
    /// For people: `SHA-256 with RSA`, or its number.
    pub name: String,
}

/// The hash under a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// MD2: broken.
    Md2,
    /// MD4: broken.
    Md4,
    /// MD5: broken.
    Md5,
    /// SHA-1: broken.
    Sha1,
    /// SHA-2, SHA-3, or one that is part of the algorithm.
    Sound,
    /// The algorithm is not known here.
    Unknown,
}

impl Hash {
    /// The name, if it is one that nobody should trust any more.
    pub fn broken_name(self) -> Option<&'static str> {
        match self {
            Self::Md2 => Some("MD2"),
            Self::Md4 => Some("MD4"),
            Self::Md5 => Some("MD5"),
            Self::Sha1 => Some("SHA-1"),
            Self::Sound | Self::Unknown => None,
        }
    }
}

impl SignatureAlgorithm {
    pub(crate) fn read(identifier: &AlgorithmIdentifier<'_>) -> Self {
        let number = identifier.algorithm.to_id_string();
        let (hash, name) = match number.as_str() {
            "1.2.840.113549.1.1.2" => (Hash::Md2, "MD2 with RSA"),
            "1.2.840.113549.1.1.3" => (Hash::Md4, "MD4 with RSA"),
            "1.2.840.113549.1.1.4" => (Hash::Md5, "MD5 with RSA"),
            "1.2.840.113549.1.1.5" | "1.3.14.3.2.29" => (Hash::Sha1, "SHA-1 with RSA"),
            "1.2.840.113549.1.1.11" => (Hash::Sound, "SHA-256 with RSA"),
            "1.2.840.113549.1.1.12" => (Hash::Sound, "SHA-384 with RSA"),
            "1.2.840.113549.1.1.13" => (Hash::Sound, "SHA-512 with RSA"),
            "1.2.840.113549.1.1.14" => (Hash::Sound, "SHA-224 with RSA"),
            "1.2.840.113549.1.1.10" => pss(identifier),
            "1.2.840.10045.4.1" => (Hash::Sha1, "SHA-1 with ECDSA"),
            "1.2.840.10045.4.3.1" => (Hash::Sound, "SHA-224 with ECDSA"),
            "1.2.840.10045.4.3.2" => (Hash::Sound, "SHA-256 with ECDSA"),
            "1.2.840.10045.4.3.3" => (Hash::Sound, "SHA-384 with ECDSA"),
            "1.2.840.10045.4.3.4" => (Hash::Sound, "SHA-512 with ECDSA"),
            "1.2.840.10040.4.3" | "1.3.14.3.2.27" => (Hash::Sha1, "SHA-1 with DSA"),
            "2.16.840.1.101.3.4.3.1" => (Hash::Sound, "SHA-224 with DSA"),
            "2.16.840.1.101.3.4.3.2" => (Hash::Sound, "SHA-256 with DSA"),
            "2.16.840.1.101.3.4.3.3" => (Hash::Sound, "SHA-384 with DSA"),
            "2.16.840.1.101.3.4.3.4" => (Hash::Sound, "SHA-512 with DSA"),
            "2.16.840.1.101.3.4.3.5" => (Hash::Sound, "SHA3-224 with DSA"),
            "2.16.840.1.101.3.4.3.6" => (Hash::Sound, "SHA3-256 with DSA"),
            "2.16.840.1.101.3.4.3.7" => (Hash::Sound, "SHA3-384 with DSA"),
            "2.16.840.1.101.3.4.3.8" => (Hash::Sound, "SHA3-512 with DSA"),
            "2.16.840.1.101.3.4.3.9" => (Hash::Sound, "SHA3-224 with ECDSA"),
            "2.16.840.1.101.3.4.3.10" => (Hash::Sound, "SHA3-256 with ECDSA"),
            "2.16.840.1.101.3.4.3.11" => (Hash::Sound, "SHA3-384 with ECDSA"),
            "2.16.840.1.101.3.4.3.12" => (Hash::Sound, "SHA3-512 with ECDSA"),
            "2.16.840.1.101.3.4.3.13" => (Hash::Sound, "SHA3-224 with RSA"),
            "2.16.840.1.101.3.4.3.14" => (Hash::Sound, "SHA3-256 with RSA"),
            "2.16.840.1.101.3.4.3.15" => (Hash::Sound, "SHA3-384 with RSA"),
            "2.16.840.1.101.3.4.3.16" => (Hash::Sound, "SHA3-512 with RSA"),
            "1.3.101.112" => (Hash::Sound, "Ed25519"),
            "1.3.101.113" => (Hash::Sound, "Ed448"),
            "2.16.840.1.101.3.4.3.17" => (Hash::Sound, "ML-DSA-44"),
            "2.16.840.1.101.3.4.3.18" => (Hash::Sound, "ML-DSA-65"),
            "2.16.840.1.101.3.4.3.19" => (Hash::Sound, "ML-DSA-87"),
            _ => return Self { hash: Hash::Unknown, name: format!("algorithm {number}") },
        };
        Self { hash, name: name.to_owned() }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// RSASSA-PSS names its hash in its parameters; without them it is SHA-1 (RFC 4055, section 3.1).
fn pss(identifier: &AlgorithmIdentifier<'_>) -> (Hash, &'static str) {
    let parameters = identifier.parameters.as_ref().map(RsaSsaPssParams::try_from);
    let hash = match &parameters {
        None => "1.3.14.3.2.26".to_owned(),
        Some(Ok(parameters)) => Oid::to_id_string(parameters.hash_algorithm_oid()),
        Some(Err(_)) => return (Hash::Unknown, "RSA-PSS"),
    };
    match hash.as_str() {
        "1.2.840.113549.2.5" => (Hash::Md5, "MD5 with RSA-PSS"),
        "1.3.14.3.2.26" => (Hash::Sha1, "SHA-1 with RSA-PSS"),
        "2.16.840.1.101.3.4.2.1" => (Hash::Sound, "SHA-256 with RSA-PSS"),
        "2.16.840.1.101.3.4.2.2" => (Hash::Sound, "SHA-384 with RSA-PSS"),
        "2.16.840.1.101.3.4.2.3" => (Hash::Sound, "SHA-512 with RSA-PSS"),
        _ => (Hash::Sound, "RSA-PSS"),
    }
}
