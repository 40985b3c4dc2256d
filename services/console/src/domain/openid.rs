//! Who enters through the `OpenID` provider, and with what role.
//!
//! What the provider vouches for and the accounts there are, to a decision. A person is an issuer
//! and a subject (`OpenID` Connect Core 1.0, section 5.7); mail addresses and names go from hand
//! to hand. Once, the first time, an account is found by its name, and only if that is a mail
//! address which the provider has verified: whoever writes another's address into a profile gets
//! nothing of theirs. What is under way between the two stands in [`attempt`]. Start reading at
//! [`admit`].

pub mod attempt;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use proto::id::AccountId;
use serde_json::Value;

use super::inventory::{
    account::{ACCOUNTS_MAX, Change, Command, Profile, profile},
    token::Role,
};

/// Whom the console lets in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// What somebody gets who has no account; `None`: they are refused.
    pub newcomers: Option<Role>,
    /// What groups give; `None`: roles are given in the console.
    pub groups: Option<Groups>,
    /// Whether a mail address is somebody's own where the provider does not say so.
    pub trusts_email: bool,
}

/// Groups that give roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// The claim that names somebody's groups; a dot leads into an object.
    pub claim: String,
    /// What each gives.
    pub roles: BTreeMap<String, Role>,
}

/// Somebody, as the provider vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who it is: issuer and subject, with a space between.
    subject: String,
    email: Email,
    username: Option<String>,
    groups: BTreeSet<String>,
}

/// A mail address in a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Email {
    /// There is none.
    Absent,
    /// Anybody may have written it.
    Unverified,
    /// The provider knows that it is theirs.
    Verified(String),
}

/// Somebody may enter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// With this account.
    pub account: AccountId,
    /// What is asked of it first.
    pub first: Option<Command>,
    /// What their groups give instead, if the account stays an administrator's because nobody else
    /// has one.
    pub spared: Option<Role>,
}

/// Why somebody may not enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no account for them, and newcomers get none.
    #[error("there is no account of their verified mail address, and CONSOLE_OPENID_ROLE is none")]
    Unknown,
    /// Groups give roles, and none of theirs does.
    #[error("none of their groups gives a role, and CONSOLE_OPENID_ROLE is none")]
    NoRole,
    /// Their account may not be used.
    #[error("their account is disabled")]
    Disabled,
    /// Nobody has made sure that the mail address is theirs.
    #[error("the provider does not say that their mail address is verified")]
    Unverified,
    /// Nothing that the provider says can be the name of an account.
    #[error("neither a mail address nor a user name is there that could name an account")]
    Nameless,
    /// The account that would be theirs by its name is another's.
    #[error("the account of that name belongs to somebody else")]
    Taken,
    /// There is no room for another account.
    #[error("there are {ACCOUNTS_MAX} accounts already")]
    Full,
}

/// What a person would be called here.
enum Name {
    /// By a mail address that is theirs.
    Theirs(String),
    /// By a name that they may have chosen themselves.
    Chosen(String),
}

impl Person {
    /// Reads claims that were verified; what an earlier set says goes before a later one.
    pub fn read((issuer, subject): (&str, &str), claims: &[Value], rules: &Rules) -> Self {
        let emails = claims.iter().map(|claims| Email::read(claims, rules.trusts_email));
        let username = claims.iter().find_map(|claims| claims.get("preferred_username")?.as_str());
        let groups = rules.groups.as_ref().and_then(|groups| {
            let named = claims.iter().find_map(|claims| named(claims, &groups.claim))?;
            Some(words(named))
        });
        Self {
            subject: format!("{issuer} {subject}"),
            email: emails.reduce(Email::or).unwrap_or(Email::Absent),
            username: username.map(str::to_owned),
            groups: groups.unwrap_or_default(),
        }
    }

    /// Whether nothing is lacking that more claims could tell.
    pub fn is_whole(&self, rules: &Rules) -> bool {
        let email = match self.email {
            Email::Verified(_) => true,
            Email::Absent | Email::Unverified => false,
        };
        email && (rules.groups.is_none() || !self.groups.is_empty())
    }

    /// Who it is: issuer and subject, with a space between.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    fn name(&self) -> Result<Name, Refusal> {
        // A chosen name that looks like a mail address would pass for one.
        let chosen = self.username.as_deref().filter(|name| !name.contains('@'));
        let chosen = || chosen.and_then(|name| profile::name(name).ok()).map(Name::Chosen);
        let name = match &self.email {
            Email::Verified(email) => profile::name(email).ok().map(Name::Theirs).or_else(chosen),
            Email::Unverified => return Err(Refusal::Unverified),
            Email::Absent => chosen(),
        };
        name.ok_or(Refusal::Nameless)
    }
}

impl Email {
    fn read(claims: &Value, is_trusted: bool) -> Self {
        let Some(email) = claims.get("email").and_then(Value::as_str) else { return Self::Absent };
        let is_verified = claims.get("email_verified").and_then(Value::as_bool);
        if is_verified.unwrap_or(is_trusted) {
            Self::Verified(email.to_owned())
        } else {
            Self::Unverified
        }
    }

    fn or(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Verified(_), _) | (Self::Unverified, Self::Absent | Self::Unverified) => self,
            (Self::Absent, _) | (Self::Unverified, Self::Verified(_)) => other,
        }
    }
}

/// A claim by its name, or by the path to it.
fn named<'c>(claims: &'c Value, name: &str) -> Option<&'c Value> {
    let at = || name.split('.').try_fold(claims, |claims, part| claims.get(part));
    claims.get(name).or_else(at)
}

/// What a claim lists: one text, several, or the names in an object.
fn words(claim: &Value) -> BTreeSet<String> {
    match claim {
        Value::String(word) => [word.clone()].into(),
        Value::Array(words) => words.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::Object(named) => named.keys().cloned().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => BTreeSet::new(),
    }
}

impl Rules {
    /// The role of a person, who may have one already.
    fn role(&self, person: &Person, present: Option<Role>) -> Result<Role, Refusal> {
        match &self.groups {
            None => present.or(self.newcomers).ok_or(Refusal::Unknown),
            Some(Groups { roles, .. }) => {
                let given = person.groups.iter().filter_map(|group| roles.get(group)).max();
                given.copied().or(self.newcomers).ok_or(Refusal::NoRole)
            }
        }
    }
}

/// Decides who enters, with the accounts there are, and which of them is the last to administer.
///
/// # Errors
///
/// When nobody does.
pub fn admit(
    person: &Person,
    accounts: &[&Profile],
    is_last: impl Fn(AccountId) -> bool,
    rules: &Rules,
) -> Result<Admission, Refusal> {
    let subject = Some(person.subject.as_str());
    if let Some(own) = accounts.iter().find(|profile| profile.subject.as_deref() == subject) {
        return enter(person, own, is_last, rules);
    }
    let name = person.name()?;
    let (Name::Theirs(text) | Name::Chosen(text)) = &name;
    match (accounts.iter().find(|profile| profile.name == *text), &name) {
        (None, _) if accounts.len() >= ACCOUNTS_MAX => Err(Refusal::Full),
        (None, _) => {
            let role = rules.role(person, None)?;
            let (name, subject) = (text.clone(), Some(person.subject.clone()));
            let new = Profile { name, role, language: None, disabled: false, subject };
            Ok(Admission { account: new.id(), first: Some(Command::Add(new)), spared: None })
        }
        (Some(Profile { subject: None, .. }), Name::Chosen(_))
        | (Some(Profile { subject: Some(_), .. }), _) => Err(Refusal::Taken),
        (Some(invited @ Profile { subject: None, .. }), Name::Theirs(_)) => {
            enter(person, invited, is_last, rules)
        }
    }
}

/// Lets a person in with an account that is theirs. The last administrator stays one, whatever
/// their groups give: else nobody could give the role to anybody here.
fn enter(
    person: &Person,
    account: &Profile,
    is_last: impl Fn(AccountId) -> bool,
    rules: &Rules,
) -> Result<Admission, Refusal> {
    if account.disabled {
        return Err(Refusal::Disabled);
    }
    let given = rules.role(person, Some(account.role))?;
    let is_spared = given < Role::Admin && is_last(account.id());
    let role = if is_spared { Role::Admin } else { given };
    let changes = vec![Change::Role(role), Change::Subject(Some(person.subject.clone()))];
    let is_another = account.clone().with(changes.clone()) != *account;
    let first = is_another.then_some(Command::Change(changes));
    Ok(Admission { account: account.id(), first, spared: is_spared.then_some(given) })
}
