//! Old keys and signatures, made by OpenSSL: told apart into good, wrong and unchecked.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use certificate::{Certificate, algorithm::KeyKind, pem, signature::Verdict};

/// Leaf and root of one of the files that `fixtures/make` writes.
macro_rules! chain {
    ($name:literal) => {
        <[Certificate; 2]>::try_from(
            pem::certificates(include_str!(concat!("fixtures/", $name, ".pem"))).unwrap(),
        )
        .unwrap()
    };
}

#[test]
fn signatures_of_old_algorithms_are_checked() {
    let chains = [
        chain!("sha1-rsa"),
        chain!("md5-rsa"),
        chain!("rsa1024-issuer"),
        chain!("rsa512-issuer"),
        chain!("rsa2048-sha384"),
        chain!("rsa2048-sha512"),
        chain!("rsa1024-leaf"),
    ];
    for [leaf, root] in &chains {
        assert_eq!(leaf.signature_under(root), Verdict::Good, "{root:?}");
        assert!(leaf.issued_by(root) && root.is_self_signed());
    }
}

#[test]
fn a_false_signature_of_an_old_algorithm_is_wrong() {
    for [leaf, root] in [chain!("sha1-rsa"), chain!("md5-rsa"), chain!("rsa512-issuer")] {
        let mut der = leaf.der().to_vec();
        *der.last_mut().unwrap() ^= 1;
        let forged = Certificate::parse(&der).unwrap();
        assert_eq!(forged.signature_under(&root), Verdict::Wrong);
        assert!(!forged.issued_by(&root));
    }
}

#[test]
fn what_cannot_be_checked_is_said_to_be_unchecked_and_followed_by_name() {
    let chains =
        [chain!("dsa-issuer"), chain!("p192-issuer"), chain!("ed448-issuer"), chain!("sha1-ecdsa")];
    for [leaf, root] in &chains {
        assert_eq!(leaf.signature_under(root), Verdict::Unchecked, "{root:?}");
        assert!(leaf.issued_by(root));
    }
}

#[test]
fn a_signature_that_no_key_of_the_kind_makes_is_wrong() {
    let leaves = [chain!("ed448-issuer"), chain!("dsa-issuer"), chain!("sha1-ecdsa")];
    for [leaf, own_root] in &leaves {
        for [_, root] in [chain!("sha1-rsa"), chain!("ed448-issuer"), chain!("p192-issuer")] {
            let expected = if root.key().kind == own_root.key().kind {
                Verdict::Unchecked
            } else {
                Verdict::Wrong
            };
            assert_eq!(leaf.signature_under(&root), expected, "{leaf:?} under {root:?}");
        }
    }
}

#[test]
fn a_signature_that_is_no_string_of_whole_bytes_is_wrong() {
    let [leaf, root] = chain!("ed448-issuer");
    let mut der = leaf.der().to_vec();
    // 114 bytes of signature, behind the number of bits that the last one leaves unused.
    let unused = der.len() - 115;
    assert_eq!(der[unused], 0);
    der[unused] = 1;
    *der.last_mut().unwrap() &= 0xfe;
    let forged = Certificate::parse(&der).unwrap();
    assert_eq!(forged.signature_under(&root), Verdict::Wrong);
}

#[test]
fn keys_are_told_by_kind_and_size() {
    let told = |[leaf, _]: [Certificate; 2]| leaf.key().to_string();
    assert_eq!(told(chain!("rsa1024-leaf")), "RSA key of 1024 bits");
    assert_eq!(told(chain!("dsa-leaf")), "DSA key of 2048 bits");
    assert_eq!(told(chain!("p192-leaf")), "EC key of 192 bits");
    assert_eq!(told(chain!("ed448-leaf")), "Ed448 key");
    assert_eq!(chain!("rsa512-issuer")[1].key().bits, 512);
    assert_eq!(chain!("dsa-leaf")[0].key().kind, KeyKind::Dsa);
}

#[test]
fn signatures_are_told_by_hash_and_kind() {
    let told = |[leaf, _]: [Certificate; 2]| leaf.signature_algorithm().to_string();
    assert_eq!(told(chain!("sha1-rsa")), "SHA-1 with RSA");
    assert_eq!(told(chain!("md5-rsa")), "MD5 with RSA");
    assert_eq!(told(chain!("sha1-ecdsa")), "SHA-1 with ECDSA");
    assert_eq!(told(chain!("dsa-issuer")), "SHA-256 with DSA");
    assert_eq!(told(chain!("ed448-issuer")), "Ed448");
    assert_eq!(chain!("md5-rsa")[0].signature_algorithm().hash.broken_name(), Some("MD5"));
}
