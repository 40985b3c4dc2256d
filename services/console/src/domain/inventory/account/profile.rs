//! Who an account is, and what its name and password may be.

use std::fmt;

use proto::id::AccountId;

use crate::domain::{
    inventory::{Invalid, gathered, token::Role},
    language::Language,
    want::Want,
};

/// Characters of a name. A mailbox is a good one.
const NAME_LEN_MAX: usize = 100;
/// Characters of a password at least (NIST SP 800-63B, section 3.1.1.2, asks for 8).
const PASSWORD_LEN_MIN: usize = 10;
/// Octets of a password at most: hashing is bounded, and a sentence fits.
const PASSWORD_OCTETS_MAX: usize = 256;
/// Characters of who somebody is to an `OpenID` provider: an issuer, and up to 255 more (`OpenID`
/// Connect Core, section 2).
const SUBJECT_LEN_MAX: usize = 512;

/// Who an account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What its owner signs in with: as [`name`] reads it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What its owner reads; `None`: what the browser asks for.
    pub language: Option<Language>,
    /// Whether nobody may sign in with it.
    pub disabled: bool,
    /// Who it is to the `OpenID` provider; `None`: it signs in with a password.
    pub subject: Option<String>,
}

/// What is to be another of an account. The name stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// What it may do.
    Role(Role),
    /// What its owner reads.
    Language(Option<Language>),
    /// Whether nobody may sign in with it.
    Disabled(bool),
    /// Who it is to the `OpenID` provider: as [`subject`] reads it.
    Subject(Option<String>),
}

impl Change {
    /// Whether one that administers may not any more, after this.
    pub fn may_leave(&self) -> bool {
        match self {
            Self::Role(role) => *role < Role::Admin,
            Self::Disabled(disabled) => *disabled,
            Self::Language(_) | Self::Subject(_) => false,
        }
    }
}

impl Profile {
    /// Reads what a person entered.
    ///
    /// # Errors
    ///
    /// Every mistake.
    pub fn read(text: &str, role: &str, tongue: Option<&str>) -> Result<Self, Vec<Invalid>> {
        let mut mistakes = Vec::new();
        let name = gathered(name(text), &mut mistakes);
        let role = gathered(Role::read(role), &mut mistakes);
        let language = gathered(language(tongue), &mut mistakes);
        match (name, role, language) {
            (Some(name), Some(role), Some(language)) => {
                Ok(Self { name, role, language, disabled: false, subject: None })
            }
            (_, _, _) => Err(mistakes),
        }
    }

    /// The profile with changes.
    #[must_use]
    pub fn with(self, changes: impl IntoIterator<Item = Change>) -> Self {
        changes.into_iter().fold(self, |profile, change| match change {
            Change::Role(role) => Self { role, ..profile },
            Change::Language(language) => Self { language, ..profile },
            Change::Disabled(disabled) => Self { disabled, ..profile },
            Change::Subject(subject) => Self { subject, ..profile },
        })
    }

    /// What takes changes back.
    pub fn back(&self, changes: &[Change]) -> Vec<Change> {
        let was = |change: &Change| match change {
            Change::Role(_) => Change::Role(self.role),
            Change::Language(_) => Change::Language(self.language),
            Change::Disabled(_) => Change::Disabled(self.disabled),
            Change::Subject(_) => Change::Subject(self.subject.clone()),
        };
        changes.iter().map(was).collect()
    }

    /// Whether it may manage accounts and tokens.
    pub fn administers(&self) -> bool {
        self.role == Role::Admin && !self.disabled
    }

    /// The id of the account of this name.
    pub fn id(&self) -> AccountId {
        id(&self.name)
    }
}

/// The id of the account of a name, as [`name`] reads it.
pub fn id(name: &str) -> AccountId {
    AccountId::derive(&["account", name])
}

/// A name in the one form it is kept in: lower case, without spaces.
///
/// # Errors
///
/// Names the field and what is allowed.
pub fn name(text: &str) -> Result<String, Invalid> {
    let name = text.trim().to_lowercase();
    let clean =
        name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '+'));
    if (1..=NAME_LEN_MAX).contains(&name.chars().count()) && clean {
        Ok(name)
    } else {
        Err(Invalid::new("name", text, Want::AccountName(NAME_LEN_MAX)))
    }
}

/// Who somebody is to an `OpenID` provider; empty for nobody.
///
/// # Errors
///
/// When that is longer than any provider may make it.
pub fn subject(text: &str) -> Result<Option<String>, Invalid> {
    match text.chars().count() {
        0 => Ok(None),
        1..=SUBJECT_LEN_MAX => Ok(Some(text.to_owned())),
        _ => Err(Invalid::new("subject", text, Want::Characters(SUBJECT_LEN_MAX))),
    }
}

/// A language that the console speaks; nothing for what the browser asks for.
///
/// # Errors
///
/// Names the field and what is allowed.
pub fn language(text: Option<&str>) -> Result<Option<Language>, Invalid> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let tag = |language: &Language| language.tag().eq_ignore_ascii_case(text);
    let known = Language::ALL.into_iter().find(tag);
    let want = || Want::OneOfOrNone(Language::ALL.map(Language::tag).to_vec());
    known.map(Some).ok_or_else(|| Invalid::new("language", text, want()))
}

/// A password that is good enough to be set. Shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Reads a password that is to be set for the account of a name.
    ///
    /// # Errors
    ///
    /// Names what is allowed, and never shows the password.
    pub fn read(field: &str, text: &str, name: &str) -> Result<Self, Invalid> {
        let long = text.chars().count() >= PASSWORD_LEN_MIN;
        let guessed = text.to_lowercase() == name || all_the_same(text);
        if long && text.len() <= PASSWORD_OCTETS_MAX && !guessed {
            return Ok(Self(text.to_owned()));
        }
        let want = Want::Password { min: PASSWORD_LEN_MIN, max: PASSWORD_OCTETS_MAX };
        Err(Invalid::new(field, "", want))
    }

    /// The password, to be hashed.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

fn all_the_same(text: &str) -> bool {
    text.chars().zip(text.chars().skip(1)).all(|(one, next)| one == next)
}

/// Whether a text is short enough to be compared with a password at all.
pub fn may_be_a_password(text: &str) -> bool {
    text.len() <= PASSWORD_OCTETS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_form() {
        assert_eq!(name("  Ada@Example.com ").as_deref(), Ok("ada@example.com"));
        assert_eq!(name("张伟").as_deref(), Ok("张伟"));
        for text in ["", "a b", "a\u{202e}b", "a/b", "a\u{0301}", &"x".repeat(101)] {
            assert_eq!(name(text).unwrap_err().field, "name", "{text}");
        }
        assert_eq!(id("ada"), id("ada"));
        assert_ne!(id("ada"), id("bob"));
    }

    #[test]
    fn a_password_is_long_and_is_not_shown() {
        let read = |text: &str| Password::read("password", text, "ada@example.com");
        assert_eq!(read("correct horse").unwrap().reveal(), "correct horse");
        assert_eq!(format!("{:?}", read("correct horse").unwrap()), "***");
        for text in ["short", "Ada@Example.com", "aaaaaaaaaaaa", &"long ".repeat(60)] {
            let invalid = read(text).unwrap_err();
            assert!(
                invalid.value.is_empty() && invalid.want.to_string().starts_with("10 characters")
            );
        }
    }

    #[test]
    fn only_a_lower_role_and_being_disabled_keep_one_from_administering() {
        for role in [Role::Viewer, Role::Editor] {
            assert!(Change::Role(role).may_leave(), "{role:?}");
        }
        assert!(Change::Disabled(true).may_leave());
        let harmless = [
            Change::Role(Role::Admin),
            Change::Disabled(false),
            Change::Language(None),
            Change::Subject(None),
        ];
        assert!(!harmless.iter().any(Change::may_leave));
    }

    #[test]
    fn every_mistake_in_a_profile_is_named() {
        let profile = Profile::read("Ada", "editor", Some("zh-cn")).unwrap();
        assert_eq!((profile.name.as_str(), profile.language), ("ada", Some(Language::Chinese)));
        assert_eq!(Profile::read("ada", "viewer", Some(" ")).unwrap().language, None);
        let mistakes = Profile::read("a b", "root", Some("tlh")).unwrap_err();
        let fields: Vec<_> = mistakes.iter().map(|invalid| invalid.field.as_str()).collect();
        assert_eq!(fields, ["name", "role", "language"]);
        assert_eq!(subject(""), Ok(None));
        assert!(subject(&"x".repeat(512)).is_ok() && subject(&"x".repeat(513)).is_err());
    }
}
