//! Signing in through the `OpenID` provider: begun here, and ended when it sends somebody back.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderValue};
use proto::subject::Entity;
use tracing::warn;
use url::Url;

use super::{Denied, Entry, tally::Whose};
use crate::{
    domain::{
        board::{Board, Versioned, administrators::Administrator},
        inventory::{
            Actor,
            account::{self, Account, Change, Command, With},
        },
        openid::{self, Admission, Person, attempt::Attempt},
        session::Session,
    },
    shell::{
        openid::{Failure, Provider},
        session::Gate,
        store::{Order, StoreError, sparing::Unspared},
    },
};

/// How often it is decided anew who enters, because an account changed meanwhile.
const DECISIONS_MAX: u32 = 3;
/// Characters of what the provider says, in the log.
const SAID_LEN_MAX: usize = 200;

/// What the provider sends back in the address of the page (RFC 6749, sections 4.1.2 and 4.1.2.1).
#[derive(Default)]
pub struct Returned<'a> {
    /// Which attempt it answers.
    pub state: &'a str,
    /// What the token is fetched with.
    pub code: &'a str,
    /// What went wrong there.
    pub error: &'a str,
    /// The same for people.
    pub description: &'a str,
    /// Who answers (RFC 9207), if that is said.
    pub issuer: Option<&'a str>,
}

/// Where somebody goes.
#[derive(Debug)]
pub struct Onward<To> {
    /// Where.
    pub to: To,
    /// The cookie that is set on the way.
    pub cookie: HeaderValue,
}

/// Why somebody did not come in through the provider.
#[derive(Debug, thiserror::Error)]
pub enum Astray {
    /// There is no provider.
    #[error("there is no OpenID provider")]
    Nowhere,
    /// It answers nothing that was begun in this browser, or not any more.
    #[error("it answers no attempt of this browser, or one that has expired or was answered")]
    Lost,
    /// Somebody said no there: they themselves, or the provider.
    #[error("the provider says `{0}`")]
    Declined(String),
    /// It came to no person.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// Whoever it is may not enter.
    #[error("`{subject}` may not enter: {refusal}")]
    Refused {
        /// Who it is: issuer and subject, so that an administrator can link them.
        subject: String,
        /// Why not.
        refusal: openid::Refusal,
    },
    /// The door says no.
    #[error(transparent)]
    Denied(#[from] Denied),
}

impl Entry {
    /// Begins an attempt that is to lead to a place of the console: on to the provider.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be asked.
    pub async fn begin(&self, next: &str) -> Result<Onward<Url>, Astray> {
        let provider = self.provider()?;
        let random = [(); 3].map(|()| self.context.dice.bytes());
        let attempt = Attempt::begin(next, random, self.context.clock.now());
        let to = provider.address(&attempt).await?;
        let cookie = self.gate.cookies.set_attempt(&attempt, &self.gate.seal);
        Ok(Onward { to, cookie: cookie.map_err(Denied::from)? })
    }

    /// Ends the attempt of the browser that sends these headers: in, and on to where somebody
    /// wanted to go.
    ///
    /// # Errors
    ///
    /// See [`Astray`].
    pub async fn end(
        &self,
        returned: Returned<'_>,
        headers: &HeaderMap,
        address: IpAddr,
    ) -> Result<Onward<String>, Astray> {
        let provider = self.provider()?;
        self.pace.admit_from(address).map_err(|wait| Denied::TooOften { wait })?;
        let attempt = self.answered(&returned, headers).ok_or(Astray::Lost)?;
        let issuer = provider.settings().issuer.as_str();
        if returned.issuer.is_some_and(|said| said != issuer) {
            return Err(Failure::Untrusted("another issuer answers".to_owned()).into());
        }
        if returned.code.is_empty() && returned.error.is_empty() {
            return Err(Failure::Untrusted("neither a code nor an error".to_owned()).into());
        }
        if returned.code.is_empty() {
            let said = [returned.error, returned.description].join(": ");
            let said = said.chars().filter(|c| !c.is_control()).take(SAID_LEN_MAX);
            return Err(Astray::Declined(said.collect()));
        }
        let ended = match provider.person(returned.code.to_owned(), &attempt).await {
            Ok(person) => self.admit(provider, &person, &attempt, address).await,
            Err(failure) => Err(failure.into()),
        };
        if let Err(Astray::Failed(Failure::Untrusted(_)) | Astray::Refused { .. }) = ended {
            self.refuse(Whose::Nobody, Versioned::default(), address).await;
        }
        ended.map(|cookie| Onward { to: attempt.next().to_owned(), cookie })
    }

    /// Where whoever ends a session ends that at the provider as well, if it opened this one and
    /// offers such a place.
    pub async fn beyond(&self, session: &Session) -> Option<Url> {
        let provider = self.ways.openid.as_ref().filter(|_| session.is_by_provider())?;
        provider.end_of_session().await
    }

    fn provider(&self) -> Result<&Provider, Astray> {
        self.ways.openid.as_ref().ok_or(Astray::Nowhere)
    }

    /// The attempt of this browser that is answered. That it is answered once is for the account to
    /// say.
    fn answered(&self, returned: &Returned<'_>, headers: &HeaderMap) -> Option<Attempt> {
        let now = self.context.clock.now();
        let sealed = self.gate.cookies.attempt(headers)?;
        let plain = self.gate.seal.open(&sealed).ok()?;
        Attempt::read(&plain, now).filter(|attempt| attempt.is_answered_by(returned.state))
    }

    /// Lets a person in if they may: the header that sets the session.
    async fn admit(
        &self,
        provider: &Provider,
        person: &Person,
        attempt: &Attempt,
        address: IpAddr,
    ) -> Result<HeaderValue, Astray> {
        for _ in 0..DECISIONS_MAX {
            let decided = decide(person, &self.mirror.board().read(), provider);
            let (Admission { account: id, first, spared }, known) = decided.map_err(|refusal| {
                Astray::Refused { subject: person.subject().to_owned(), refusal }
            })?;
            // As it was when that was decided: nobody is enabled again, or given back a role, by
            // what was true a moment ago.
            let seen = Some(known.version);
            if let Some(command) = first {
                let back = back(&command, &known.entity);
                let (one, entity) = (Administrator::Account(id), Entity::Account(id));
                let order = Order::<Account> { entity, known, seen, actor: Actor::System, command };
                match self.store.spare(one, order, back).await {
                    Ok(_) => {}
                    Err(
                        Unspared::Last
                        | Unspared::Store(StoreError::Changed { .. } | StoreError::Refused(_)),
                    ) => continue,
                    Err(Unspared::Store(error)) => return Err(Denied::from(error).into()),
                    Err(late @ Unspared::Late) => {
                        return Err(Denied::NotNow(late.to_string()).into());
                    }
                }
            }
            let with = With::OpenId(attempt.state().to_owned());
            let session = match self.begun(id, self.account(&id), with, address).await {
                Ok(session) => session.by_provider(),
                Err(StoreError::Refused(account::Refusal::Answered)) => return Err(Astray::Lost),
                Err(StoreError::Refused(_)) => continue,
                Err(error) => return Err(Denied::from(error).into()),
            };
            if let Some(given) = spared {
                let given = given.token();
                warn!(
                    account.id = %id, given,
                    "The groups of `{id}` give the role {given}; it stays the last administrator."
                );
            }
            let Gate { cookies, seal, .. } = &self.gate;
            return Ok(cookies.set(&session, seal).map_err(Denied::from)?);
        }
        let why = "the account keeps changing".to_owned();
        Err(Denied::NotNow(why).into())
    }
}

/// What takes back an order about an account, if one that administers may not after it. A new
/// account leaves others as they are.
fn back(command: &Command, known: &Account) -> Option<Command> {
    let Command::Change(changes) = command else { return None };
    let before = known.profile().filter(|before| before.administers())?;
    changes.iter().any(Change::may_leave).then(|| Command::Change(before.back(changes)))
}

/// Who enters, and what is known of their account.
fn decide(
    person: &Person,
    board: &Board,
    provider: &Provider,
) -> Result<(Admission, Versioned<Account>), openid::Refusal> {
    let profiles = board.accounts().filter_map(|(_, kept)| kept.entity.profile());
    let profiles: Vec<_> = profiles.collect();
    let is_last = |id| board.is_last_to_administer(Administrator::Account(id));
    let admission = openid::admit(person, &profiles, is_last, &provider.settings().rules)?;
    let known = board.account(&admission.account).cloned().unwrap_or_default();
    Ok((admission, known))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::inventory::{
        Ordered,
        account::{AccountEvent, Profile},
        record,
        token::Role,
    };

    #[test]
    fn only_an_administrator_who_loses_that_is_given_it_back() {
        let profile = |role| Profile::read("ada", role, None).unwrap();
        let given_back = |role, command| {
            let mut known = Account::default();
            let saved = [AccountEvent::Saved(profile(role))];
            known.fold(&record::<Account>(&saved, Actor::System, Timestamp::UNIX_EPOCH));
            back(&command, &known).is_some()
        };
        let change = |role| Command::Change(vec![Change::Role(role), Change::Subject(None)]);
        assert!(given_back("admin", change(Role::Editor)));
        assert!(!given_back("admin", change(Role::Admin)));
        assert!(!given_back("viewer", change(Role::Editor)));
        assert_eq!(back(&Command::Add(profile("admin")), &Account::default()), None);
    }
}
