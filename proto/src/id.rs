//! Identifiers as types. Each is a single NATS token, so it can stand in a subject.

use std::{fmt, str::FromStr};

use data_encoding::{BASE32_NOPAD, Encoding};
use sha2::{Digest, Sha256};

use crate::{host::Host, v1::Protocol};

/// Characters of an identifier: 128 bits in base 32 (RFC 4648, section 6), lower case, no padding.
const TEXT_LEN: usize = 26;

/// How many partitions the detector's work is cut into. Fixed: it stands in subjects that are kept.
pub const PARTITIONS: u8 = 16;

/// Says that a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}: want 26 characters a-z and 2-7")]
pub struct InvalidId {
    what: &'static str,
    text: String,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// Invariant: 128 bits; as text 26 characters, each `a`–`z` or `2`–`7`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// Takes the bits as they are.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The bits.
            pub fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// The identifier that belongs to these texts and to no others, in this order.
            pub fn derive(parts: &[&str]) -> Self {
                Self(digest(parts))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&BASE32_NOPAD.encode(&self.0).to_ascii_lowercase())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let invalid = || InvalidId { what: $what, text: text.chars().take(64).collect() };
                parse(text).map(Self).ok_or_else(invalid)
            }
        }
    };
}

identifier!(
    /// Names one monitored domain: the hash of its host, port and protocol, so that two consoles
    /// cannot add it twice and adding it again continues its log.
    DomainId,
    "domain id"
);
identifier!(
    /// Names one contact.
    ContactId,
    "contact id"
);
identifier!(
    /// Names one bearer token; not the token itself.
    TokenId,
    "token id"
);
identifier!(
    /// Names one account: the hash of the name, so that two consoles cannot give it to two people.
    AccountId,
    "account id"
);
identifier!(
    /// Names one one-time link; not the link itself.
    LinkId,
    "link id"
);
identifier!(
    /// Names one silence.
    SilenceId,
    "silence id"
);
identifier!(
    /// Names one delivery: derived from event, contact and channel, so that deciding twice is
    /// deciding once.
    DeliveryId,
    "delivery id"
);
identifier!(
    /// Names one request of the console.
    RequestId,
    "request id"
);

impl DomainId {
    /// The id of the domain with this host, port and protocol.
    pub fn of(host: &Host, port: u16, protocol: Protocol) -> Self {
        Self(digest(&[&host.to_string(), &port.to_string(), protocol.token()]))
    }

    /// The partition of the detector's work that it belongs to, below [`PARTITIONS`].
    pub fn partition(&self) -> u8 {
        self.0[0] % PARTITIONS
    }
}

impl DeliveryId {
    /// The id of telling a contact of an event through a channel. `round` is 0 for the first
    /// telling and counts reminders and repeats on demand.
    pub fn of(event: &str, contact: &ContactId, channel: &str, round: u32) -> Self {
        Self(digest(&[event, &contact.to_string(), channel, &round.to_string()]))
    }

    /// The id that a message bears in which these travel together: that of the one if there is only
    /// one, else one of exactly these, whatever their order. So a message that comes twice is seen
    /// to be one, and no other is ever taken for it.
    pub fn together(deliveries: &[Self]) -> Self {
        match deliveries {
            [one] => *one,
            _ => {
                let mut parts: Vec<_> = deliveries.iter().map(ToString::to_string).collect();
                parts.sort_unstable();
                let parts: Vec<_> = parts.iter().map(String::as_str).collect();
                Self(digest(&parts))
            }
        }
    }
}

/// Lengths stand before the parts, so that `ab`, `c` and `a`, `bc` differ.
fn digest(parts: &[&str]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let whole: [u8; 32] = hash.finalize().into();
    std::array::from_fn(|at| whole[at])
}

fn parse(text: &str) -> Option<[u8; 16]> {
    let clean = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    if text.len() != TEXT_LEN || !clean {
        return None;
    }
    let encoding: &Encoding = &BASE32_NOPAD;
    // The last character carries two bits beyond the 128; decoding refuses them unless zero, so
    // that an identifier has one text only.
    encoding.decode(text.to_ascii_uppercase().as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_reads_as_it_is_written(bytes: [u8; 16]) {
            let id = DomainId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn only_its_own_text_is_an_id(text in "[a-z2-7]{26}") {
            if let Ok(id) = text.parse::<DomainId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn host_port_and_protocol_make_the_domain() {
        let host: Host = "example.com".parse().unwrap();
        let id = DomainId::of(&host, 443, Protocol::Tls);
        assert_eq!(id, DomainId::of(&"EXAMPLE.com.".parse().unwrap(), 443, Protocol::Tls));
        assert_ne!(id, DomainId::of(&host, 8443, Protocol::Tls));
        assert_ne!(id, DomainId::of(&host, 443, Protocol::Smtp));
        // Kept for ever: streams are full of it.
        assert_eq!(id.to_string(), "4rrewm3tr6pwn4kxotpjwlbjue");
    }

    #[test]
    fn the_same_deliveries_make_the_same_message_and_no_others_do() {
        let one = |byte| DeliveryId::from_bytes([byte; 16]);
        assert_eq!(DeliveryId::together(&[one(1)]), one(1));
        let both = DeliveryId::together(&[one(1), one(2)]);
        assert_eq!(both, DeliveryId::together(&[one(2), one(1)]));
        let others = [DeliveryId::together(&[one(1), one(2), one(3)]), one(1), one(2)];
        assert!(!others.contains(&both));
    }

    #[test]
    fn what_is_no_id_is_named() {
        let error = "A.b".parse::<DomainId>().unwrap_err();
        assert_eq!(error.to_string(), "`A.b` is no domain id: want 26 characters a-z and 2-7");
    }
}
