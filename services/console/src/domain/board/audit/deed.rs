//! What was done, by a token that has a sentence in each language, and its values.

use proto::v1::{account_event::Event as Account, inventory_event::Event};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deed {
    /// What kind of deed.
    pub kind: &'static str,
    /// What its sentence mentions, by name.
    pub values: Vec<(&'static str, String)>,
}

/// Every kind there is.
pub const KINDS: [&str; 29] = [
    "domain-added",
    "domain-changed",
    "domain-enabled",
    "domain-disabled",
    "domain-removed",
    "contact-saved",
    "contact-removed",
    "setting-saved",
    "setting-cleared",
    "token-issued",
    "token-revoked",
    "inbox-read",
    "address-verified",
    "silence-saved",
    "silence-lifted",
    "anomaly-acknowledged",
    "account-saved",
    "password-resealed",
    "password-set",
    "sessions-ended",
    "account-removed",
    "link-made",
    "signed-in",
    "signed-out",
    REFUSAL,
    "link-used",
    "key-rotated",
    "key-retired",
    "unknown",
];

/// The one that strangers can do.
const REFUSAL: &str = "sign-ins-refused";

impl Deed {
    /// Whether somebody was not let in.
    pub(super) fn is_a_refusal(&self) -> bool {
        self.kind == REFUSAL
    }

    /// The deed of an event.
    pub fn of(event: &Event) -> Self {
        let plain = |kind| Self { kind, values: vec![] };
        match event {
            Event::DomainAdded(_) => plain("domain-added"),
            Event::DomainOptionsChanged(_) => plain("domain-changed"),
            Event::DomainEnabled(_) => plain("domain-enabled"),
            Event::DomainDisabled(_) => plain("domain-disabled"),
            Event::DomainRemoved(_) => plain("domain-removed"),
            Event::ContactSaved(_) => plain("contact-saved"),
            Event::ContactRemoved(_) => plain("contact-removed"),
            Event::SettingSaved(_) => plain("setting-saved"),
            Event::SettingCleared(_) => plain("setting-cleared"),
            Event::TokenIssued(_) => plain("token-issued"),
            Event::TokenRevoked(_) => plain("token-revoked"),
            Event::InboxRead(read) => {
                let values = vec![("count", read.deliveries.len().to_string())];
                Self { kind: "inbox-read", values }
            }
            Event::AddressVerified(verified) => Self {
                kind: "address-verified",
                values: vec![("address", verified.address.clone())],
            },
            Event::SilenceSaved(_) => plain("silence-saved"),
            Event::SilenceLifted(_) => plain("silence-lifted"),
            Event::AnomalyAcknowledged(said) => Self {
                kind: "anomaly-acknowledged",
                values: vec![("anomaly", said.anomaly_id.clone()), ("reason", said.reason.clone())],
            },
            Event::Account(event) => {
                event.event.as_ref().map_or(plain("unknown"), Self::at_the_door)
            }
            Event::LinkUsed(_) => plain("link-used"),
            Event::KeyRotated(_) => plain("key-rotated"),
            Event::KeyRetired(_) => plain("key-retired"),
        }
    }

    fn at_the_door(event: &Account) -> Self {
        let plain = |kind| Self { kind, values: vec![] };
        match event {
            Account::Saved(_) => plain("account-saved"),
            Account::PasswordSet(_) => plain("password-set"),
            Account::PasswordResealed(_) => plain("password-resealed"),
            Account::SessionsEnded(_) => plain("sessions-ended"),
            Account::Removed(_) => plain("account-removed"),
            Account::LinkMade(_) => plain("link-made"),
            Account::SignedIn(signed_in) => Self {
                kind: "signed-in",
                values: vec![
                    ("address", signed_in.address.clone()),
                    ("with", signed_in.with.clone()),
                ],
            },
            Account::SignedOut(_) => plain("signed-out"),
            Account::SignInsRefused(refused) => Self {
                kind: REFUSAL,
                values: vec![
                    ("count", refused.count.to_string()),
                    ("address", refused.address.clone()),
                ],
            },
        }
    }
}
