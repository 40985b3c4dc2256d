//! The address of a robot: read from what a person pasted, sealed before it is stored.

use bytes::Bytes;
use proto::{address::SecretAddress, v1::ContactAddress};

use crate::domain::{inventory::Invalid, want::Want};

/// What stands where the value of a mistake would: what was pasted is a secret, also if it is a
/// wrong one.
const HIDDEN: &str = "…";

/// A robot as a person entered it. Its `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub enum RobotDraft {
    /// It stays as it is.
    Kept,
    /// It is this one.
    Given {
        /// The URL as the vendor shows it, or the token in it alone.
        url: String,
        /// What messages are signed with. Empty: they are not.
        secret: String,
        /// Whom messages mention.
        mentions: Vec<String>,
    },
}

impl std::fmt::Debug for RobotDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Kept => "Kept",
            Self::Given { .. } => "Given",
        })
    }
}

impl RobotDraft {
    /// The address; `None` if it stays as it is.
    ///
    /// # Errors
    ///
    /// Names the field and what is allowed, and not the value.
    pub(super) fn read(
        &self,
        channel: &str,
        hosts: &[String],
    ) -> Result<Option<SecretAddress>, Invalid> {
        let Self::Given { url, secret, mentions } = self else { return Ok(None) };
        SecretAddress::read(channel, url, secret, mentions, hosts).map(Some).map_err(|invalid| {
            // The field as the API spells it.
            let field = match invalid.field {
                "url" if channel != "webhook" => "webhook",
                field => field,
            };
            Invalid::new(format!("{channel}.{field}"), HIDDEN, Want::Robot(invalid.want))
        })
    }
}

/// The address of a robot, sealed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resealed {
    /// As it was sealed.
    pub was: Bytes,
    /// The same, sealed anew.
    pub sealed: Bytes,
}

/// Takes over what is sealed anew, where it still stands as it was.
pub(super) fn reseal(addresses: &mut [ContactAddress], anew: &[Resealed]) {
    for address in addresses {
        if let Some(one) = anew.iter().find(|one| one.was == address.sealed) {
            address.sealed = one.sealed.clone();
        }
    }
}

/// The address as it is stored.
///
/// # Errors
///
/// When it cannot be sealed.
pub(super) fn sealed<E>(
    channel: &str,
    robot: &SecretAddress,
    seal: impl Fn(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<ContactAddress, E> {
    let plain = serde_json::to_vec(robot).expect("an address is JSON");
    Ok(ContactAddress {
        channel: channel.to_owned(),
        address: String::new(),
        // Nobody but its owner can have pasted it.
        verified: true,
        sealed: Bytes::from(seal(&plain)?),
        hint: robot.hint(),
        robot: robot.robot(),
    })
}
