//! The settings of signing in through an `OpenID` provider.

use std::{collections::BTreeMap, path::PathBuf, str::FromStr};

use chassis::config::{Reader, Secret};
use url::{Host, Url};

use crate::domain::{
    inventory::token::Role,
    openid::{Groups, Rules},
};

/// Characters of a label: it is a button's.
const LABEL_LEN_MAX: usize = 40;
/// The claim that most providers name somebody's groups in.
const GROUPS_CLAIM: &str = "groups";
/// The settings that say which groups give which role.
const GROUPS: [(&str, Role); 3] = [
    ("CONSOLE_OPENID_ADMIN_GROUPS", Role::Admin),
    ("CONSOLE_OPENID_EDITOR_GROUPS", Role::Editor),
    ("CONSOLE_OPENID_VIEWER_GROUPS", Role::Viewer),
];
/// Those that say nothing without a provider.
const OF_A_PROVIDER: [&str; 11] = [
    "CONSOLE_OPENID_CLIENT_ID",
    "CONSOLE_OPENID_CLIENT_SECRET_FILE",
    "CONSOLE_OPENID_SCOPES",
    "CONSOLE_OPENID_LABEL",
    "CONSOLE_OPENID_CA",
    "CONSOLE_OPENID_ROLE",
    "CONSOLE_OPENID_TRUST_EMAIL",
    "CONSOLE_OPENID_GROUPS_CLAIM",
    "CONSOLE_OPENID_ADMIN_GROUPS",
    "CONSOLE_OPENID_EDITOR_GROUPS",
    "CONSOLE_OPENID_VIEWER_GROUPS",
];

/// An `OpenID` provider, and whom it lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenId {
    /// `CONSOLE_OPENID_ISSUER`: the provider, by the address that it calls itself, letter by
    /// letter. Default: none, and nobody signs in that way. `https`, or `http` on loopback.
    pub issuer: Issuer,
    /// `CONSOLE_OPENID_CLIENT_ID`: what the provider calls the console. Needed.
    pub client_id: String,
    /// `CONSOLE_OPENID_CLIENT_SECRET_FILE`: what the console proves itself with. Default: none, a
    /// public client, which has PKCE alone.
    pub client_secret: Option<Secret>,
    /// `CONSOLE_OPENID_SCOPES`: what is asked for beside `openid`, with commas between. Default:
    /// `email,profile`.
    pub scopes: Vec<Scope>,
    /// `CONSOLE_OPENID_LABEL`: what people call the provider, 1 to 40 characters. Default: its
    /// host.
    pub label: Option<Label>,
    /// `CONSOLE_OPENID_CA`: a PEM file of certificates that the provider's may lead to, beside
    /// those of the system. Default: none.
    pub ca: Option<PathBuf>,
    /// Whom it lets in:
    ///
    /// - `CONSOLE_OPENID_ROLE`: what somebody gets who has no account yet: `viewer`, `editor` or
    ///   `admin`. Default: `none`, and they are refused.
    /// - `CONSOLE_OPENID_ADMIN_GROUPS`, `CONSOLE_OPENID_EDITOR_GROUPS` and
    ///   `CONSOLE_OPENID_VIEWER_GROUPS`: groups that give these roles, with commas between; the
    ///   highest holds, at each sign-in; the last administrator stays one. Default: none, and roles
    ///   are given in the console.
    /// - `CONSOLE_OPENID_GROUPS_CLAIM`: the claim that names somebody's groups; a dot leads into an
    ///   object. Default: `groups`.
    /// - `CONSOLE_OPENID_TRUST_EMAIL`: whether a mail address is somebody's own where the provider
    ///   does not say so. Default: false.
    pub rules: Rules,
}

/// The address of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

/// Says what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("want https://host/path as the provider calls itself, or http:// on loopback")]
pub struct InvalidIssuer;

impl FromStr for Issuer {
    type Err = InvalidIssuer;

    /// It is compared letter by letter, so that it is kept as it was written.
    fn from_str(text: &str) -> Result<Self, InvalidIssuer> {
        let url = Url::parse(text).map_err(|_| InvalidIssuer)?;
        // OpenID Connect Discovery 1.0, section 3: no query and no fragment.
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if is_guarded(&url) && is_plain { Ok(Self(text.to_owned())) } else { Err(InvalidIssuer) }
    }
}

impl Issuer {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn host(&self) -> String {
        let url = Url::parse(&self.0).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// Whether nobody on the way can read what is sent there.
pub fn is_guarded(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_loopback)
}

/// Something that the provider is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope(pub String);

/// Says what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("want scopes such as email, with commas between")]
pub struct InvalidScope;

impl FromStr for Scope {
    type Err = InvalidScope;

    /// RFC 6749, section 3.3.
    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        let is_clean = text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'));
        if is_clean { Ok(Self(text.to_owned())) } else { Err(InvalidScope) }
    }
}

/// What people call the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label(String);

/// Says what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("want 1 to {LABEL_LEN_MAX} characters")]
pub struct InvalidLabel;

impl FromStr for Label {
    type Err = InvalidLabel;

    fn from_str(text: &str) -> Result<Self, InvalidLabel> {
        let fits = (1..=LABEL_LEN_MAX).contains(&text.chars().count());
        let is_clean = !text.chars().any(char::is_control);
        if fits && is_clean { Ok(Self(text.to_owned())) } else { Err(InvalidLabel) }
    }
}

/// What somebody gets who has no account yet.
#[derive(Clone, Copy)]
struct Newcomers(Option<Role>);

impl FromStr for Newcomers {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text == "none" {
            return Ok(Self(None));
        }
        let role = Role::read(text).map_err(|_| "want none, viewer, editor or admin")?;
        Ok(Self(Some(role)))
    }
}

impl OpenId {
    /// Reads the settings of the provider, if there is one.
    pub(super) fn read(reader: &Reader<'_>) -> Option<Self> {
        let is_set = |key: &str| reader.path(key).is_some();
        if !is_set("CONSOLE_OPENID_ISSUER") {
            for key in OF_A_PROVIDER.into_iter().filter(|key| is_set(key)) {
                reader.mistake(format!("{key}: want CONSOLE_OPENID_ISSUER as well"));
            }
            return None;
        }
        let issuer = reader.optional("CONSOLE_OPENID_ISSUER");
        let client_id = reader.optional::<String>("CONSOLE_OPENID_CLIENT_ID");
        if client_id.is_none() {
            reader.mistake("CONSOLE_OPENID_ISSUER: want CONSOLE_OPENID_CLIENT_ID as well".into());
        }
        let client_secret = reader.secret("CONSOLE_OPENID_CLIENT_SECRET");
        if client_secret.as_ref().is_some_and(|secret| secret.expose().is_empty()) {
            let key = "CONSOLE_OPENID_CLIENT_SECRET_FILE";
            reader.mistake(format!("{key}: want a file with the secret, and this one is empty"));
        }
        let scopes = if is_set("CONSOLE_OPENID_SCOPES") {
            reader.list("CONSOLE_OPENID_SCOPES")
        } else {
            ["email", "profile"].map(|scope| Scope(scope.to_owned())).into()
        };
        let label = reader.optional("CONSOLE_OPENID_LABEL");
        let ca = reader.file("CONSOLE_OPENID_CA");
        let rules = Rules {
            newcomers: reader.parsed("CONSOLE_OPENID_ROLE", Newcomers(None)).0,
            groups: groups(reader),
            trusts_email: reader.flag("CONSOLE_OPENID_TRUST_EMAIL", false),
        };
        // Only now: every mistake is reported.
        let (issuer, client_id) = (issuer?, client_id?);
        Some(Self { issuer, client_id, client_secret, scopes, label, ca, rules })
    }

    /// What people call the provider.
    pub fn label(&self) -> String {
        self.label.as_ref().map_or_else(|| self.issuer.host(), |Label(text)| text.clone())
    }
}

/// The groups that give roles, if any does.
fn groups(reader: &Reader<'_>) -> Option<Groups> {
    let mut roles = BTreeMap::<String, Role>::new();
    for (key, role) in GROUPS {
        for group in reader.list(key) {
            let highest = roles.entry(group).or_insert(role);
            *highest = role.max(*highest);
        }
    }
    let claim = reader.optional("CONSOLE_OPENID_GROUPS_CLAIM");
    if roles.is_empty() && claim.is_some() {
        let [keys @ .., last] = GROUPS.map(|(key, _)| key);
        let keys = keys.join(", ");
        reader.mistake(format!("CONSOLE_OPENID_GROUPS_CLAIM: want {keys} or {last} as well"));
    }
    let claim = claim.unwrap_or_else(|| GROUPS_CLAIM.to_owned());
    (!roles.is_empty()).then_some(Groups { claim, roles })
}

#[cfg(test)]
mod tests {
    use crate::Config;

    use super::*;

    const ISSUER: (&str, &str) = ("CONSOLE_OPENID_ISSUER", "https://id.example/realms/ops");
    const CLIENT: (&str, &str) = ("CONSOLE_OPENID_CLIENT_ID", "certherald");

    fn read(settings: &[(&str, &str)]) -> Result<Option<OpenId>, String> {
        let lookup = |key: &str| {
            let found = settings.iter().find(|(name, _)| *name == key);
            found.map(|(_, value)| (*value).to_owned())
        };
        let config = Config::read(Reader::new(&lookup));
        config.map(|config| config.access.openid).map_err(|error| error.to_string())
    }

    #[test]
    fn nobody_comes_through_a_provider_unless_there_is_one() {
        assert_eq!(read(&[]), Ok(None));
        let openid = read(&[ISSUER, CLIENT]).unwrap().unwrap();
        assert_eq!((openid.label().as_str(), openid.rules), ("id.example", Rules::default()));
        assert_eq!(openid.scopes.len(), 2);
    }

    #[test]
    fn each_mistake_is_named_with_what_is_allowed() {
        for (setting, said) in [
            (("CONSOLE_OPENID_ROLE", "root"), "=root: want none, viewer, editor or admin"),
            (("CONSOLE_OPENID_SCOPES", "email,a b"), ": a b: want scopes such as email, with"),
            (("CONSOLE_OPENID_LABEL", &"x".repeat(41)), &format!("={}: want 1 to", "x".repeat(41))),
            (("CONSOLE_OPENID_TRUST_EMAIL", "yes"), "=yes: want true or false"),
            (("CONSOLE_OPENID_GROUPS_CLAIM", "roles"), ": want CONSOLE_OPENID_ADMIN_GROUPS, CONS"),
            (("CONSOLE_OPENID_CLIENT_SECRET_FILE", "/nonexistent/x"), "=/nonexistent/x: want a re"),
            (("CONSOLE_URL", "x"), "=x: want http://host or https://host"),
        ] {
            let mistake = read(&[ISSUER, CLIENT, setting]).unwrap_err();
            assert!(mistake.starts_with(&format!("{}{said}", setting.0)), "{mistake}");
        }
        let mistakes = read(&[
            ("CONSOLE_OPENID_ISSUER", "x"),
            ("CONSOLE_OPENID_ROLE", "x"),
            ("CONSOLE_OPENID_SCOPES", "\""),
        ]);
        assert_eq!(mistakes.unwrap_err().lines().count(), 4, "the client as well");
        for issuer in ["id.example", "http://id.example", "https://id.example?x", "ftp://id", "x"] {
            let mistake = read(&[("CONSOLE_OPENID_ISSUER", issuer), CLIENT]).unwrap_err();
            assert!(mistake.starts_with(&format!("CONSOLE_OPENID_ISSUER={issuer}: want https:")));
        }
        assert!(read(&[("CONSOLE_OPENID_ISSUER", "http://[::1]:80/x"), CLIENT]).is_ok());
    }

    #[test]
    fn settings_that_need_each_other_are_named() {
        let mistake = read(&[ISSUER]).unwrap_err();
        assert_eq!(mistake, "CONSOLE_OPENID_ISSUER: want CONSOLE_OPENID_CLIENT_ID as well");
        for key in OF_A_PROVIDER {
            let mistake = read(&[(key, "x")]).unwrap_err();
            assert_eq!(mistake, format!("{key}: want CONSOLE_OPENID_ISSUER as well"));
        }
        let (listen, plain) = (("CONSOLE_LISTEN", "0.0.0.0:8080"), ("CONSOLE_PLAIN", "true"));
        let (proxy, url) =
            (("CONSOLE_TRUSTED_PROXIES", "::1"), ("CONSOLE_URL", "https://tls.example"));
        for elsewhere in [&[ISSUER, CLIENT, listen, plain][..], &[ISSUER, CLIENT, proxy]] {
            let mistake = read(elsewhere).unwrap_err();
            assert!(mistake.starts_with("CONSOLE_OPENID_ISSUER: want CONSOLE_URL"), "{mistake}");
            assert!(read(&[elsewhere, &[url]].concat()).is_ok());
        }
        let mistake = read(&[("CONSOLE_PASSWORDS", "false")]).unwrap_err();
        assert_eq!(mistake, "CONSOLE_PASSWORDS=false: want CONSOLE_OPENID_ISSUER as well");
    }

    #[test]
    fn the_highest_role_of_a_group_holds() {
        let groups = [
            ("CONSOLE_OPENID_VIEWER_GROUPS", "staff, ops"),
            ("CONSOLE_OPENID_ADMIN_GROUPS", "ops"),
        ];
        let [viewers, admins] = groups;
        let openid = read(&[ISSUER, CLIENT, viewers, admins]).unwrap().unwrap();
        let groups = openid.rules.groups.unwrap();
        assert_eq!(groups.claim, "groups");
        let roles: Vec<_> = groups.roles.iter().map(|(name, role)| (&**name, *role)).collect();
        assert_eq!(roles, [("ops", Role::Admin), ("staff", Role::Viewer)]);
    }
}
