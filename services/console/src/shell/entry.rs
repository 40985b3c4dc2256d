//! The door: people sign in and out, and follow one-time links.
//!
//! What happens at it is an order like any other, and stands in the inventory. Start reading at
//! [`Entry::sign_in`]; links are in [`link`], and whoever comes through a provider in [`openid`].

pub mod link;
pub mod openid;
mod tally;

use std::{net::IpAddr, time::Duration};

use axum::http::HeaderValue;
use bytes::Bytes;
use chassis::{context::Context, error::Chain, seal::SealError};
use proto::{id::AccountId, subject::Entity};
use tracing::{info, warn};

use self::tally::{Tally, Whose};
use super::{
    mirror::Mirror,
    openid::Provider,
    pace::Pace,
    passwords::{HashError, Passwords},
    session::Gate,
    store::{Order, Store, StoreError},
};
use crate::{
    config::ConsoleUrl,
    domain::{
        board::Versioned,
        inventory::{
            Actor,
            account::{self, Account, Command, Refused, With, profile, strangers::Strangers},
        },
        session::Session,
    },
};

/// No name is this: what is tried under names without an account is counted under it.
const NO_NAME: &str = " ";

/// The door.
pub struct Entry {
    /// What sessions are opened with.
    pub gate: Gate,
    /// How people may sign in, beside following a link.
    pub ways: Ways,
    passwords: Passwords,
    pace: Pace,
    tally: Tally,
    context: Context,
    mirror: Mirror,
    store: Store,
    url: ConsoleUrl,
}

/// How people may sign in.
pub struct Ways {
    /// With name and password.
    pub password: bool,
    /// Through a provider.
    pub openid: Option<Provider>,
}

/// What was presented at the door.
pub struct Presented<'a> {
    /// The name, as it was entered.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// From where.
    pub address: IpAddr,
}

/// Why somebody was not let in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// No account has this name and this password. Says no more on purpose.
    #[error("the name or the password is wrong")]
    Wrong,
    /// Nobody signs in with a password.
    #[error("nobody signs in with a password here")]
    Closed,
    /// It was tried too often.
    #[error("that was tried too often: wait {} s", seconds(*wait))]
    TooOften {
        /// How long to wait.
        wait: Duration,
    },
    /// It cannot be done now, and may be later.
    #[error("cannot sign in now: {0}")]
    NotNow(String),
}

/// Whole seconds, rounded up: whoever waits so long is not refused again.
pub fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl From<HashError> for Denied {
    fn from(error: HashError) -> Self {
        Self::NotNow(Chain(&error).to_string())
    }
}

impl From<SealError> for Denied {
    fn from(error: SealError) -> Self {
        Self::NotNow(Chain(&error).to_string())
    }
}

impl From<StoreError<account::Refusal>> for Denied {
    fn from(error: StoreError<account::Refusal>) -> Self {
        match error {
            // It was changed or removed while we looked.
            StoreError::Refused(_) => Self::Wrong,
            StoreError::Changed { .. }
            | StoreError::Contended { .. }
            | StoreError::Append(_)
            | StoreError::Load { .. } => Self::NotNow(Chain(&error).to_string()),
        }
    }
}

impl Entry {
    /// Opens the door of the console at a URL.
    ///
    /// # Errors
    ///
    /// When there is too little memory to hash a password.
    pub fn new(
        (gate, ways): (Gate, Ways),
        context: Context,
        mirror: Mirror,
        store: Store,
        url: ConsoleUrl,
    ) -> Result<Self, HashError> {
        let passwords = Passwords::new(gate.seal.clone(), context.dice.clone())?;
        let pace = Pace::new(context.clock.clone());
        let tally = Tally::default();
        Ok(Self { gate, ways, passwords, pace, tally, context, mirror, store, url })
    }

    /// Lets somebody in by name and password: the header that sets the session.
    ///
    /// # Errors
    ///
    /// See [`Denied`].
    pub async fn sign_in(&self, presented: Presented<'_>) -> Result<HeaderValue, Denied> {
        if !self.ways.password {
            return Err(Denied::Closed);
        }
        let Presented { password, address, .. } = presented;
        let name = profile::name(presented.name).unwrap_or_default();
        let id = profile::id(&name);
        let account = self.account(&id);
        let active = account.entity.active().is_some();
        let whose = if active { Whose::Account(id) } else { Whose::Nobody };
        let admitted = self.pace.admit_from(address).and_then(|()| self.pace.admit_as(&name));
        if let Err(wait) = admitted {
            self.tally.add(whose);
            return Err(Denied::TooOften { wait });
        }
        let sealed_hash = account.entity.sealed_hash().filter(|_| active);
        if !self.passwords.fits(password, sealed_hash).await? {
            self.refuse(whose, account, address).await;
            return Err(Denied::Wrong);
        }
        self.let_in(id, account, With::Password, address).await
    }

    /// Begins a session of an account that proved itself.
    async fn let_in(
        &self,
        id: AccountId,
        account: Versioned<Account>,
        with: With,
        address: IpAddr,
    ) -> Result<HeaderValue, Denied> {
        let session = self.begun(id, account, with, address).await?;
        Ok(self.gate.cookies.set(&session, &self.gate.seal)?)
    }

    /// The session of an account that proved itself.
    async fn begun(
        &self,
        id: AccountId,
        account: Versioned<Account>,
        with: With,
        address: IpAddr,
    ) -> Result<Session, StoreError<account::Refusal>> {
        let generation = account.entity.generation();
        let command = Command::SignIn { address, with, generation };
        self.order(id, account, Actor::Account(id), command).await?;
        info!(account.id = %id, %address, "Somebody signed in with the account `{id}`.");
        let random = [self.context.dice.bytes(), self.context.dice.bytes()];
        Ok(Session::begin(id, generation, random, self.context.clock.now()))
    }

    /// Ends a session: the header that removes it. Whoever still holds its cookie is a stranger.
    ///
    /// # Errors
    ///
    /// When that cannot be stored: the session goes on.
    pub async fn sign_out(&self, session: &Session) -> Result<HeaderValue, Denied> {
        let id = session.account();
        let until = session.ends_at(self.gate.limits);
        let command = Command::SignOut { session: session.id().to_owned(), until };
        self.order(id, self.account(&id), Actor::Account(id), command).await?;
        Ok(self.gate.cookies.clear())
    }

    /// Sets the own password of an account, whose present one is proved: the header that sets the
    /// session that goes on; all others end.
    ///
    /// # Errors
    ///
    /// See [`Denied`].
    pub async fn change_password(
        &self,
        id: AccountId,
        present: &str,
        new: profile::Password,
        address: IpAddr,
    ) -> Result<HeaderValue, Denied> {
        let account = self.account(&id);
        let name = account.entity.name().unwrap_or_default();
        let admitted = self.pace.admit_from(address).and_then(|()| self.pace.admit_as(name));
        admitted.map_err(|wait| Denied::TooOften { wait })?;
        let sealed_hash =
            account.entity.sealed_hash().filter(|_| account.entity.active().is_some());
        if !self.passwords.fits(present, sealed_hash).await? {
            self.refuse(Whose::Account(id), account, address).await;
            return Err(Denied::Wrong);
        }
        let sealed_hash = self.passwords.hash(new).await?;
        let generation = account.entity.generation();
        let command = Command::SetPassword { sealed_hash, generation };
        self.order(id, account, Actor::Account(id), command).await?;
        self.let_in(id, self.account(&id), With::Password, address).await
    }

    /// The sealed hash of a password that is to be set.
    async fn hash(&self, password: profile::Password) -> Result<Bytes, HashError> {
        self.passwords.hash(password).await
    }

    fn account(&self, id: &AccountId) -> Versioned<Account> {
        self.mirror.board().read().account(id).cloned().unwrap_or_default()
    }

    async fn order(
        &self,
        id: AccountId,
        known: Versioned<Account>,
        actor: Actor,
        command: Command,
    ) -> Result<(), StoreError<account::Refusal>> {
        let entity = Entity::Account(id);
        let order = Order::<Account> { entity, known, seen: None, actor, command };
        self.store.carry_out(order).await.map(drop)
    }

    /// Notes that somebody was refused, as often as the pace allows: nobody is to fill the
    /// inventory from outside.
    async fn refuse(&self, whose: Whose, known: Versioned<Account>, address: IpAddr) {
        warn!(%address, "Somebody was refused at the door.");
        let refused = || Refused { count: self.tally.take(whose), address };
        let stored = match whose {
            Whose::Account(id) => self
                .order(id, known, Actor::System, Command::Refuse(refused()))
                .await
                .map_err(|error| Chain(&error).to_string()),
            Whose::Nobody if self.pace.admit_as(NO_NAME).is_err() => {
                self.tally.add(whose);
                return;
            }
            Whose::Nobody => {
                let order = Order::<Strangers> {
                    entity: Entity::Strangers,
                    known: self.mirror.board().read().strangers(),
                    seen: None,
                    actor: Actor::System,
                    command: refused(),
                };
                let stored = self.store.append(order).await;
                stored.map(drop).map_err(|error| Chain(&error).to_string())
            }
        };
        if let Err(error) = stored {
            warn!(%error, "A refusal at the door is not in the audit log.");
        }
    }
}
