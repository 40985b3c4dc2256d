//! One-time links: made, looked at, followed.
//!
//! A link is sealed and nothing of it is kept, so that whoever holds the key file can make one
//! without a console that runs. That it was used is kept, so that it is used once.

use std::net::IpAddr;

use axum::http::HeaderValue;
use chassis::{
    dice::Dice,
    error::Chain,
    seal::{Seal, SealError},
};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use proto::{
    id::{AccountId, LinkId},
    subject::Entity,
};
use url::Url;

use super::{Denied, Entry};
use crate::{
    config::ConsoleUrl,
    domain::{
        board::{Board, Versioned},
        inventory::{
            Actor, Invalid,
            account::{
                self, Account, Command, Profile, With,
                link::{Link as Used, Made, Use, UsedBefore},
                profile::Password,
            },
            token::Role,
        },
        session::{self, Link, Purpose},
        want::Want,
    },
    shell::store::{Order, StoreError},
};

/// The page that a link leads to.
pub const PAGE: &str = "welcome";
/// What the parameter with the sealed link is called.
pub const PARAMETER: &str = "token";
/// Characters of a sealed link: about four times those of one.
const TOKEN_LEN_MAX: usize = 2_048;

/// A link that opens something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    id: LinkId,
    /// What it is for.
    pub purpose: Purpose,
}

/// What is known of a link that was made for an account.
#[derive(Debug)]
pub enum Invitation {
    /// The link, and when it ends.
    Holds(Url, Timestamp),
    /// It opens nothing any more.
    Over,
    /// It is stored, and the board does not show it yet.
    NotShown,
}

/// Why a link was not followed.
#[derive(Debug, thiserror::Error)]
pub enum Unfollowed {
    /// It opens nothing.
    #[error("the link opens nothing: {0}")]
    Invalid(#[from] session::Invalid),
    /// It was used, or what it was for has happened.
    #[error("the link was used already, or another was")]
    Spent,
    /// A value is not allowed.
    #[error("a value is not allowed")]
    Mistakes(Vec<Invalid>),
    /// It was followed, and did not lead in.
    #[error(transparent)]
    Denied(#[from] Denied),
}

/// A new link to the console at a URL.
///
/// # Errors
///
/// When it cannot be sealed.
pub fn make(
    purpose: Purpose,
    with: (&Seal, &ConsoleUrl),
    dice: &Dice,
    now: Timestamp,
) -> Result<Url, SealError> {
    sealed(&Link::new(purpose, LinkId::from_bytes(dice.bytes()), purpose.ends_at(now)), with)
}

fn sealed(link: &Link, (seal, url): (&Seal, &ConsoleUrl)) -> Result<Url, SealError> {
    let token = BASE64URL_NOPAD.encode(&seal.seal(&link.write())?);
    Ok(url.page(PAGE, (PARAMETER, &token)))
}

impl Entry {
    /// Makes a link for the first account.
    ///
    /// # Errors
    ///
    /// When it cannot be sealed.
    pub fn first_link(&self) -> Result<Url, SealError> {
        let with = (&self.gate.seal, &self.url);
        make(Purpose::First, with, &self.context.dice, self.context.clock.now())
    }

    /// Adds an account and notes that a link was made which sets its password. Under the id of the
    /// same link, adding it again changes nothing.
    ///
    /// # Errors
    ///
    /// When the name is taken, it was added so and is removed since, or it cannot be stored.
    pub async fn add(
        &self,
        profile: Profile,
        link: LinkId,
        actor: Actor,
    ) -> Result<(), StoreError<account::Refusal>> {
        let id = profile.id();
        let account = self.account(&id);
        let expires_at = self.invitation_ends_at(id, &account);
        let command = Command::Invite { profile, link, expires_at };
        self.order(id, account, actor, command).await
    }

    /// Notes that a link was made which sets the password of an account, until it has one or is
    /// changed. Under the same id, noting it again changes nothing.
    ///
    /// # Errors
    ///
    /// When there is no such account, or it cannot be stored.
    pub async fn invite(
        &self,
        id: AccountId,
        link: LinkId,
        actor: Actor,
    ) -> Result<(), StoreError<account::Refusal>> {
        let account = self.account(&id);
        let expires_at = self.invitation_ends_at(id, &account);
        self.order(id, account, actor, Command::MakeLink { link, expires_at }).await
    }

    fn invitation_ends_at(&self, id: AccountId, account: &Versioned<Account>) -> Timestamp {
        Purpose::Of(id, account.entity.generation()).ends_at(self.context.clock.now())
    }

    /// The link of this id that was made for an account. Each time it is sealed it reads otherwise,
    /// and it is one: once used, none of them opens anything.
    ///
    /// # Errors
    ///
    /// When it cannot be sealed.
    pub fn invitation(&self, id: AccountId, link: LinkId) -> Result<Invitation, SealError> {
        let account = self.account(&id);
        let Some(made) = account.entity.links().get(&link) else {
            return Ok(Invitation::NotShown);
        };
        let Made { expires_at, generation } = *made;
        let purpose = Purpose::Of(id, generation);
        let is_over = expires_at <= self.context.clock.now();
        if is_over || !holds(link, purpose, &self.mirror.board().read()) {
            return Ok(Invitation::Over);
        }
        let with = (&self.gate.seal, &self.url);
        let url = sealed(&Link::new(purpose, link, expires_at), with)?;
        Ok(Invitation::Holds(url, expires_at))
    }

    /// Looks at a link without using it.
    ///
    /// # Errors
    ///
    /// When it opens nothing.
    pub fn open(&self, token: &str) -> Result<Opened, Unfollowed> {
        let sealed = Some(token).filter(|token| token.len() <= TOKEN_LEN_MAX);
        let sealed = sealed.and_then(|token| BASE64URL_NOPAD.decode(token.as_bytes()).ok());
        let plain = sealed.and_then(|sealed| self.gate.seal.open(&sealed).ok());
        let plain = plain.ok_or(session::Invalid::Garbled)?;
        let (id, purpose) = Link::read(&plain, self.context.clock.now())?;
        let holds = holds(id, purpose, &self.mirror.board().read());
        if holds { Ok(Opened { id, purpose }) } else { Err(Unfollowed::Spent) }
    }

    /// The name of the account that a link is for, if it is for one.
    pub fn invited(&self, opened: &Opened) -> Option<String> {
        match opened.purpose {
            Purpose::Of(id, _) => self.account(&id).entity.name().map(str::to_owned),
            Purpose::First | Purpose::Reset => None,
        }
    }

    /// Follows a link: sets the password and signs in. The name is read only where the link is for
    /// no account yet.
    ///
    /// # Errors
    ///
    /// See [`Unfollowed`]. The link is used up only once name and password are good.
    pub async fn follow(
        &self,
        token: &str,
        (name, password): (&str, &str),
        address: IpAddr,
    ) -> Result<HeaderValue, Unfollowed> {
        self.pace.admit_from(address).map_err(|wait| Denied::TooOften { wait })?;
        let opened = self.open(token)?;
        let profile = self.profile(&opened, name).map_err(Unfollowed::Mistakes)?;
        let password = Password::read("password", password, &profile.name)
            .map_err(|invalid| Unfollowed::Mistakes(vec![invalid]))?;
        let sealed_hash = self.hash(password).await.map_err(Denied::from)?;
        let id = profile.id();
        self.use_up(&opened, id).await?;
        let command = match opened.purpose {
            Purpose::First | Purpose::Reset => Command::Install { profile, sealed_hash },
            Purpose::Of(_, generation) => Command::SetPassword { sealed_hash, generation },
        };
        self.order(id, self.account(&id), Actor::Account(id), command)
            .await
            .map_err(Denied::from)?;
        Ok(self.let_in(id, self.account(&id), With::Link, address).await?)
    }

    /// Whose password is set.
    fn profile(&self, opened: &Opened, name: &str) -> Result<Profile, Vec<Invalid>> {
        match opened.purpose {
            Purpose::First => Profile::read(name, Role::Admin.token(), None),
            Purpose::Reset => {
                let new = Profile::read(name, Role::Admin.token(), None)?;
                let known = self.account(&new.id());
                let known = known.entity.profile();
                let language = known.and_then(|profile| profile.language);
                let subject = known.and_then(|profile| profile.subject.clone());
                Ok(Profile { language, subject, ..new })
            }
            Purpose::Of(id, _) => {
                let profile = self.account(&id).entity.profile().cloned();
                profile.ok_or_else(|| vec![Invalid::new("name", name, Want::AccountThere)])
            }
        }
    }

    async fn use_up(&self, opened: &Opened, account: AccountId) -> Result<(), Unfollowed> {
        let order = Order::<Used> {
            entity: Entity::Link(opened.id),
            known: Versioned::default(),
            seen: None,
            actor: Actor::Account(account),
            command: Use(account),
        };
        match self.store.carry_out(order).await {
            Ok(_) => Ok(()),
            Err(StoreError::Refused(UsedBefore)) => Err(Unfollowed::Spent),
            Err(error) => Err(Denied::NotNow(Chain(&error).to_string()).into()),
        }
    }
}

/// Whether what a link is for is still to be done.
fn holds(id: LinkId, purpose: Purpose, board: &Board) -> bool {
    let is_used = board.link(&id).is_some_and(|kept| kept.entity.is_used());
    let is_open = match purpose {
        Purpose::First => board.accounts().next().is_none(),
        Purpose::Reset => true,
        Purpose::Of(account, generation) => board.account(&account).is_some_and(|kept| {
            kept.entity.active().is_some() && kept.entity.generation() == generation
        }),
    };
    is_open && !is_used
}
