//! The keys of a provider, and what they sign (RFC 7515, RFC 7517, RFC 7518).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// How the public exponent 65537 ends an `RSAPublicKey` (RFC 8017, appendix A.1.1).
const EXPONENT: [u8; 5] = [2, 3, 1, 0, 1];
/// Bytes of the modulus.
const MODULUS: usize = 256;

/// An RSA key and one on a curve.
pub(super) struct Keys {
    name: String,
    rsa: RsaKeyPair,
    curve: EcdsaKeyPair,
    /// Which of them signs.
    pub(super) on_a_curve: bool,
}

pub(super) fn text(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl Keys {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            curve: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            on_a_curve: false,
        }
    }

    /// Other keys that pass for these.
    pub(super) fn forged(&self) -> Self {
        Self { on_a_curve: self.on_a_curve, ..Self::new(&self.name) }
    }

    /// What everybody may know of them.
    pub(super) fn public(&self) -> Value {
        let rsa = self.rsa.public_key().as_ref().strip_suffix(&EXPONENT).unwrap();
        let modulus = &rsa[rsa.len() - MODULUS..];
        // Uncompressed: 4, then both coordinates (SEC 1, section 2.3.3).
        let (x, y) = self.curve.public_key().as_ref()[1..].split_at(32);
        json!({ "keys": [
            {
                "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id(false),
                "n": text(modulus), "e": "AQAB",
            },
            {
                "kty": "EC", "use": "sig", "alg": "ES256", "kid": self.id(true),
                "crv": "P-256", "x": text(x), "y": text(y),
            },
        ] })
    }

    fn id(&self, on_a_curve: bool) -> String {
        format!("{}-{}", self.name, if on_a_curve { "ec" } else { "rsa" })
    }

    /// A token of these claims.
    pub(super) fn signed(&self, claims: &Value) -> String {
        let algorithm = if self.on_a_curve { "ES256" } else { "RS256" };
        let header = json!({ "alg": algorithm, "kid": self.id(self.on_a_curve), "typ": "JWT" });
        let signed = joined(&header, claims);
        let random = SystemRandom::new();
        let signature = if self.on_a_curve {
            self.curve.sign(&random, signed.as_bytes()).unwrap().as_ref().to_vec()
        } else {
            let mut signature = vec![0; MODULUS];
            let signing =
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature);
            signing.unwrap();
            signature
        };
        format!("{signed}.{}", text(signature))
    }
}

/// A token that claims to need no signature.
pub(super) fn unsigned(claims: &Value) -> String {
    format!("{}.", joined(&json!({ "alg": "none" }), claims))
}

/// A token that is signed with what both sides know.
pub(super) fn symmetric(claims: &Value, secret: &str) -> String {
    let signed = joined(&json!({ "alg": "HS256", "typ": "JWT" }), claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", text(mac.finalize().into_bytes()))
}

fn joined(header: &Value, claims: &Value) -> String {
    format!("{}.{}", text(header.to_string()), text(claims.to_string()))
}
