//! Which kinds of keys make which signatures, for pairs that nobody here can check.
//!
//! An Ed448 signature over an RSA key is no riddle: it was not made by that key. Only where a key
//! of the kind may have made the signature, or where one of the two is not known, is it unchecked.

use x509_parser::asn1_rs::{FromDer, Oid};

const RSA: &str = "1.2.840.113549.1.1.1";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const EC: &str = "1.2.840.10045.2.1";
const DSA: &str = "1.2.840.10040.4.1";

/// Algorithms whose keys and signatures have one number: Ed25519, Ed448 and ML-DSA in three sizes
/// (RFC 8410, RFC 9881).
static OF_ONE_NUMBER: [&str; 5] = [
    "1.3.101.112",
    "1.3.101.113",
    "2.16.840.1.101.3.4.3.17",
    "2.16.840.1.101.3.4.3.18",
    "2.16.840.1.101.3.4.3.19",
];

/// Signatures of older kinds of keys under SHA-2 and SHA-3, by the number that comes last: DSA with
/// either, then ECDSA and PKCS #1 with SHA-3 (NIST, Computer Security Objects Register, "Algorithm
/// Registration", `sigAlgs`).
const NIST: &str = "2.16.840.1.101.3.4.3.";

/// Whether a key may have made a signature, given the contents of both algorithm identifiers. One
/// that does not begin with a number is of no algorithm.
pub(super) fn may_have_made(key: &[u8], signature: &[u8]) -> bool {
    let (Some(key), Some(signature)) = (number(key), number(signature)) else { return false };
    let is_known =
        [RSA, RSA_PSS, EC, DSA].contains(&key.as_str()) || OF_ONE_NUMBER.contains(&key.as_str());
    match makers(&signature) {
        Some(makers) => !is_known || makers.contains(&key.as_str()),
        None => !OF_ONE_NUMBER.contains(&key.as_str()),
    }
}

/// The kinds of keys that make a signature; `None` if the algorithm is not known here.
fn makers(signature: &str) -> Option<&'static [&'static str]> {
    match signature {
        RSA_PSS => Some(&[RSA, RSA_PSS]),
        "1.3.14.3.2.29" => Some(&[RSA]),
        pkcs_1 if pkcs_1.starts_with("1.2.840.113549.1.1.") => Some(&[RSA]),
        x9_62 if x9_62.starts_with("1.2.840.10045.4.") => Some(&[EC]),
        "1.2.840.10040.4.3" | "1.3.14.3.2.27" => Some(&[DSA]),
        other => match other.strip_prefix(NIST).and_then(|last| last.parse().ok()) {
            Some(1_u64..=8) => Some(&[DSA]),
            Some(9..=12) => Some(&[EC]),
            Some(13..=16) => Some(&[RSA]),
            Some(_) | None => {
                OF_ONE_NUMBER.iter().find(|one| **one == other).map(std::slice::from_ref)
            }
        },
    }
}

/// The object identifier that an algorithm identifier begins with.
fn number(contents: &[u8]) -> Option<String> {
    Oid::from_der(contents).ok().map(|(_, oid)| oid.to_id_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_that_nist_numbers_are_made_by_keys_of_one_kind() {
        let kinds = [(1..=8, DSA), (9..=12, EC), (13..=16, RSA)];
        for (numbers, kind) in kinds {
            for number in numbers {
                let signature = format!("{NIST}{number}");
                assert_eq!(makers(&signature), Some([kind].as_slice()), "{signature}");
            }
        }
        assert_eq!(makers("2.16.840.1.101.3.4.3.17"), Some(["2.16.840.1.101.3.4.3.17"].as_slice()));
        for unknown in ["2.16.840.1.101.3.4.3.0", "2.16.840.1.101.3.4.3.20", "2.16.840.1.101.3.4.3"]
        {
            assert_eq!(makers(unknown), None);
        }
    }

    #[test]
    fn a_dsa_signature_with_any_hash_is_of_no_rsa_key() {
        // 2.16.840.1.101.3.4.3, then the number.
        let signed = |last: u8| [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, last];
        let rsa = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
        let dsa = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
        for last in 1..=8 {
            assert!(may_have_made(&dsa, &signed(last)));
            assert!(!may_have_made(&rsa, &signed(last)));
        }
    }
}
