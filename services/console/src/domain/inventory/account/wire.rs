//! The events of an account as they travel.

use std::net::{IpAddr, Ipv4Addr};

use proto::{
    time,
    v1::{
        self, AccountLinkMade, AccountPasswordSet, AccountRemoved, AccountSaved,
        AccountSessionsEnded, AccountSignInsRefused, AccountSignedIn, AccountSignedOut,
        InventoryRecord, account_event::Event as Wire, inventory_event::Event,
    },
};

use super::{Account, AccountEvent, Profile, Refused, With, profile};
use crate::domain::{
    inventory::{Ordered, Signature, token::Role},
    language::Language,
};

impl With {
    /// Every way there is.
    const ALL: [Self; 3] = [Self::Password, Self::Link, Self::OpenId];

    /// Its one spelling.
    pub fn token(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Link => "link",
            Self::OpenId => "openid",
        }
    }
}

impl Ordered for Account {
    fn write(event: &AccountEvent) -> Event {
        write(event)
    }

    fn read(event: &Event) -> Option<AccountEvent> {
        match event {
            Event::Account(event) => read(event.event.as_ref()?),
            Event::DomainAdded(_)
            | Event::DomainOptionsChanged(_)
            | Event::DomainEnabled(_)
            | Event::DomainDisabled(_)
            | Event::DomainRemoved(_)
            | Event::ContactSaved(_)
            | Event::ContactRemoved(_)
            | Event::SettingSaved(_)
            | Event::SettingCleared(_)
            | Event::TokenIssued(_)
            | Event::TokenRevoked(_)
            | Event::InboxRead(_)
            | Event::AddressVerified(_)
            | Event::SilenceSaved(_)
            | Event::SilenceLifted(_)
            | Event::AnomalyAcknowledged(_)
            | Event::LinkUsed(_) => None,
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
        self.forget(at);
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
        AccountEvent::SessionsEnded => Wire::SessionsEnded(AccountSessionsEnded {}),
        AccountEvent::Removed => Wire::Removed(AccountRemoved {}),
        AccountEvent::LinkMade { expires_at } => {
            Wire::LinkMade(AccountLinkMade { expires_at: Some(time::write(*expires_at)) })
        }
        AccountEvent::SignedIn { address, with } => Wire::SignedIn(AccountSignedIn {
            address: address.to_string(),
            with: with.token().to_owned(),
        }),
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
        Wire::SessionsEnded(_) => AccountEvent::SessionsEnded,
        Wire::Removed(_) => AccountEvent::Removed,
        Wire::LinkMade(made) => {
            AccountEvent::LinkMade { expires_at: time::read(made.expires_at.as_ref()?)? }
        }
        Wire::SignedIn(signed_in) => AccountEvent::SignedIn {
            address: address(&signed_in.address),
            with: With::ALL.into_iter().find(|with| with.token() == signed_in.with)?,
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
