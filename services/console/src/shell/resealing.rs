//! What is sealed in the inventory, and which of it a key that seals no more still has to open.
//!
//! Sealed anew are the addresses of robots and the hashes of passwords. Sessions and links live
//! shortly: those that an older key sealed end with that key.

use bytes::Bytes;
use chassis::seal::{Seal, SealError};
use proto::{
    id::{AccountId, ContactId},
    subject::Entity,
};

use super::{
    http::problem::Problem,
    store::{Order, Store},
};
use crate::domain::{
    board::{Board, Versioned},
    inventory::{
        Actor,
        account::{self, Account},
        contact::{self, Contact, robot::Resealed},
    },
    refusal::StaleSecret,
};

/// Something that an older key sealed, and can still open.
#[derive(Debug, Clone)]
pub enum Stale {
    /// The hash of the password of an account.
    Password {
        /// The account.
        id: AccountId,
        /// What it is known as.
        known: Versioned<Account>,
        /// The hash as it is sealed.
        was: Bytes,
    },
    /// The addresses of robots of a contact.
    Robots {
        /// The contact.
        id: ContactId,
        /// What it is known as.
        known: Versioned<Contact>,
        /// The addresses as they are sealed.
        were: Vec<Bytes>,
    },
}

impl Stale {
    /// What people call it.
    pub fn name(&self) -> StaleSecret {
        match self {
            Self::Password { known, .. } => {
                StaleSecret::Password(known.entity.name().unwrap_or_default().to_owned())
            }
            Self::Robots { known, .. } => {
                let name = known.entity.card().map(contact::Card::name).unwrap_or_default();
                StaleSecret::Robots(name.to_owned())
            }
        }
    }
}

/// What stands in the inventory, sealed, and can be opened.
pub fn sealed(board: &Board, seal: &Seal) -> Vec<Bytes> {
    let hashes = board.accounts().filter_map(|(_, kept)| kept.entity.sealed_hash().cloned());
    let robots = board.contacts().flat_map(|(_, kept)| robots(&kept.entity));
    hashes.chain(robots).filter(|sealed| seal.open(sealed).is_ok()).collect()
}

/// What an older key has to open.
pub fn stale(board: &Board, seal: &Seal) -> Vec<Stale> {
    // What no key opens is lost already, and needs none.
    let is_stale = |sealed: &Bytes| !seal.is_current(sealed) && seal.open(sealed).is_ok();
    let passwords = board.accounts().filter_map(|(id, kept)| {
        let was = kept.entity.sealed_hash().filter(|hash| is_stale(hash))?.clone();
        Some(Stale::Password { id, known: kept.clone(), was })
    });
    let robots = board.contacts().filter_map(|(id, kept)| {
        let were: Vec<_> = robots(&kept.entity).filter(is_stale).collect();
        (!were.is_empty()).then(|| Stale::Robots { id, known: kept.clone(), were })
    });
    passwords.chain(robots).collect()
}

fn robots(contact: &Contact) -> impl Iterator<Item = Bytes> + use<> {
    let addresses = contact.card().map(|card| card.addresses().to_vec()).unwrap_or_default();
    addresses.into_iter().map(|address| address.sealed).filter(|sealed| !sealed.is_empty())
}

/// Seals something with the key that seals now.
///
/// # Errors
///
/// When it cannot be sealed or stored.
pub async fn reseal(store: &Store, seal: &Seal, actor: Actor, stale: Stale) -> Result<(), Problem> {
    let anew =
        |was: &Bytes| -> Result<Bytes, SealError> { Ok(Bytes::from(seal.seal(&seal.open(was)?)?)) };
    match stale {
        Stale::Password { id, known, was } => {
            let sealed_hash = anew(&was).map_err(|error| Problem::seal(&error))?;
            let command = account::Command::Reseal { was, sealed_hash };
            let entity = Entity::Account(id);
            let order = Order::<Account> { entity, known, seen: None, actor, command };
            store.carry_out(order).await.map_err(Problem::of)?;
        }
        Stale::Robots { id, known, were } => {
            let resealed = were.into_iter().map(|was| Ok(Resealed { sealed: anew(&was)?, was }));
            let resealed: Result<Vec<_>, SealError> = resealed.collect();
            let command = resealed.map_err(|error| Problem::seal(&error))?;
            let command = contact::Command::Reseal(command);
            let entity = Entity::Contact(id);
            let order = Order::<Contact> { entity, known, seen: None, actor, command };
            store.carry_out(order).await.map_err(Problem::of)?;
        }
    }
    Ok(())
}
