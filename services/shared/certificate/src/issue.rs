//! Whether one certificate was issued by another.

use x509_parser::asn1_rs::{Any, BitString, FromDer};

use crate::{
    Certificate,
    signature::{self, Verdict},
};

impl Certificate {
    /// Whether subject and issuer are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.subject_der() == self.issuer_der()
    }

    /// Whether it is its own issuer, signature included.
    pub fn is_self_signed(&self) -> bool {
        self.issued_by(self)
    }

    /// Whether `issuer` issued this: by name, and by signature. A signature whose algorithm cannot
    /// be checked is believed if the identifiers of the keys do not speak against it.
    pub fn issued_by(&self, issuer: &Self) -> bool {
        self.issuer_der() == issuer.subject_der()
            && match self.signature_under(issuer) {
                Verdict::Good => true,
                Verdict::Wrong => false,
                Verdict::Unchecked => self.key_ids_agree(issuer),
            }
    }

    /// What its signature is worth under the key of `issuer`, whatever the names say. Where either
    /// is no string of whole bytes, there is none.
    pub fn signature_under(&self, issuer: &Self) -> Verdict {
        self.parts()
            .zip(issuer.key_parts())
            .map_or(Verdict::Wrong, |(signed, key)| signature::verify(&signed, &key))
    }

    /// Whether the key identifiers, where both are stated, are the same.
    fn key_ids_agree(&self, issuer: &Self) -> bool {
        match (self.authority_key_id(), issuer.subject_key_id()) {
            (Some(wanted), Some(found)) => wanted == found,
            (Some(_), None) | (None, Some(_) | None) => true,
        }
    }

    /// The three parts of the outer sequence.
    fn parts(&self) -> Option<signature::Signed<'_>> {
        let message = &self.der[self.places.signed.clone()];
        let (rest, algorithm) = Any::from_der(self.der.get(self.places.signed.end..)?).ok()?;
        Some(signature::Signed { message, algorithm: algorithm.data, signature: bits(rest)? })
    }

    /// The two parts of the public key information.
    fn key_parts(&self) -> Option<signature::PublicKey<'_>> {
        let (_, information) = Any::from_der(&self.der[self.places.key.clone()]).ok()?;
        let (rest, algorithm) = Any::from_der(information.data).ok()?;
        Some(signature::PublicKey { algorithm: algorithm.data, key: bits(rest)? })
    }
}

/// The bytes of a bit string that ends on a whole byte.
fn bits(der: &[u8]) -> Option<&[u8]> {
    let (_, string) = Any::from_der(der).ok()?;
    BitString::try_from(&string).ok()?;
    match string.data.split_first()? {
        (0, bytes) => Some(bytes),
        _ => None,
    }
}
