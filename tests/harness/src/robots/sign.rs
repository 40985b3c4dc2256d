//! Signatures, made with another library than the one that signs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// HMAC with SHA-256 (RFC 2104), in base64.
pub(super) fn tag(key: &[u8], message: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The bytes that base64 stands for; none if it is no base64.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_that_of_rfc_4231() {
        // 5bdcc146…ec3843, in base64.
        let want = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
        assert_eq!(tag(b"Jefe", b"what do ya want for nothing?"), want);
        assert_eq!(decoded(want).unwrap().len(), 32);
    }
}
