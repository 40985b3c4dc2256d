//! The events of an account as they travel.

use std::net::{IpAddr, Ipv4Addr};

use proto::{
    time,
    v1::{
        self, AccountLinkMade, AccountPasswordResealed, AccountPasswordSet, AccountRemoved,
        AccountSaved, AccountSessionsEnded, AccountSignInsRefused, AccountSignedIn,
        AccountSignedOut, InventoryRecord, account_event::Event as Wire, inventory_event::Event,
    },
};

use super::{Account, AccountEvent, Profile, Refused, With, profile};
use crate::domain::{
    inventory::{Ordered, Signature, token::Role},
    language::Language,
};

impl With {
    /// Its one spelling, and the attempt that was answered.
    fn write(&self) -> (&'static str, &str) {
        match self {
            Self::Password => ("password", ""),
            Self::Link => ("link", ""),
            Self::OpenId(state) => ("openid", state),
        }
    }

    /// Reads both.
    fn read(token: &str, attempt: &str) -> Option<Self> {
        [Self::Password, Self::Link, Self::OpenId(attempt.to_owned())]
            .into_iter()
            .find(|with| with.write().0 == token)
    }
}

impl Ordered for Account {
    fn write(event: &AccountEvent) -> Event {
        write(event)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is of other entities")]
    fn read(event: &Event) -> Option<AccountEvent> {
        match event {
            Event::Account(event) => read(event.event.as_ref()?),
            _ => None,
        }
    }

    fn fold(&mut self, record: &InventoryRecord) {
        let Signature { at, .. } = Signature::of(record);
        for event in record.events.iter().filter_map(|e| Self::read(e.event.as_ref()?)) {
            kernel::decider::Decider::evolve(self, &event);
            if let AccountEvent::SignedIn { .. } = event {
                self.signed_in_at = Some(at);
            }
        }
        self.sessions.forget(at);
    }
}

/// An event as it travels.
pub(super) fn write(event: &AccountEvent) -> Event {
    let event = match event {
        AccountEvent::Saved(profile) => Wire::Saved(AccountSaved {
            name: profile.name.clone(),
            role: profile.role.token().to_owned(),
            language: profile.language.map(Language::tag).unwrap_or_default().to_owned(),
            disabled: profile.disabled,
            subject: profile.subject.clone().unwrap_or_default(),
        }),
        AccountEvent::PasswordSet { sealed_hash } => {
            Wire::PasswordSet(AccountPasswordSet { sealed_hash: sealed_hash.clone() })
        }
        AccountEvent::PasswordResealed { sealed_hash } => {
            Wire::PasswordResealed(AccountPasswordResealed { sealed_hash: sealed_hash.clone() })
        }
        AccountEvent::SessionsEnded => Wire::SessionsEnded(AccountSessionsEnded {}),
        AccountEvent::Removed => Wire::Removed(AccountRemoved {}),
        AccountEvent::LinkMade { link, expires_at } => Wire::LinkMade(AccountLinkMade {
            expires_at: Some(time::write(*expires_at)),
            link_id: link.map(|id| id.to_string()).unwrap_or_default(),
        }),
        AccountEvent::SignedIn { address, with } => {
            let (with, attempt) = with.write();
            Wire::SignedIn(AccountSignedIn {
                address: address.to_string(),
                with: with.to_owned(),
                attempt: attempt.to_owned(),
            })
        }
        AccountEvent::SignedOut { session, until } => Wire::SignedOut(AccountSignedOut {
            session: session.clone(),
            until: Some(time::write(*until)),
        }),
        AccountEvent::SignInsRefused(Refused { count, address }) => {
            Wire::SignInsRefused(AccountSignInsRefused {
                count: *count,
                address: address.to_string(),
            })
        }
    };
    Event::Account(v1::AccountEvent { event: Some(event) })
}

/// The event that travelled, or `None` if it is malformed.
pub(super) fn read(event: &Wire) -> Option<AccountEvent> {
    Some(match event {
        Wire::Saved(saved) => AccountEvent::Saved(Profile {
            name: saved.name.clone(),
            role: Role::read(&saved.role).ok()?,
            language: profile::language(Some(&saved.language)).unwrap_or_default(),
            disabled: saved.disabled,
            subject: Some(saved.subject.clone()).filter(|subject| !subject.is_empty()),
        }),
        Wire::PasswordSet(set) => {
            AccountEvent::PasswordSet { sealed_hash: set.sealed_hash.clone() }
        }
        Wire::PasswordResealed(resealed) => {
            AccountEvent::PasswordResealed { sealed_hash: resealed.sealed_hash.clone() }
        }
        Wire::SessionsEnded(_) => AccountEvent::SessionsEnded,
        Wire::Removed(_) => AccountEvent::Removed,
        Wire::LinkMade(made) => AccountEvent::LinkMade {
            link: made.link_id.parse().ok(),
            expires_at: time::read(made.expires_at.as_ref()?)?,
        },
        Wire::SignedIn(signed_in) => AccountEvent::SignedIn {
            address: address(&signed_in.address),
            with: With::read(&signed_in.with, &signed_in.attempt)?,
        },
        Wire::SignedOut(signed_out) => AccountEvent::SignedOut {
            session: signed_out.session.clone(),
            until: time::read(signed_out.until.as_ref()?)?,
        },
        Wire::SignInsRefused(event) => AccountEvent::SignInsRefused(refused(event)),
    })
}

/// A refusal that travelled.
pub(super) fn refused(event: &AccountSignInsRefused) -> Refused {
    Refused { count: event.count, address: address(&event.address) }
}

/// An address that cannot be read is shown as none.
fn address(text: &str) -> IpAddr {
    text.parse().unwrap_or(Ipv4Addr::UNSPECIFIED.into())
}
