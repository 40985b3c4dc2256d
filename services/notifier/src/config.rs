//! Every setting of the notifier: key, meaning, unit, default, range.

use std::{collections::BTreeMap, fmt, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use chassis::config::{ConfigError, Reader, Secret};
use ipnet::IpNet;
use lettre::message::Mailbox;
use url::Url;

use crate::domain::wording::Letterhead;

/// The settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// How mail is sent. None: mail is not configured, and what should go by mail is parked.
    pub mail: Option<MailConfig>,
    /// `NOTIFIER_PREFIX`: what every subject begins with. Default `[TLS]`.
    pub prefix: String,
    /// `NOTIFIER_CONSOLE_URL`: where links lead, without what stands behind the host's path.
    /// Default: `CONSOLE_URL`, or else `http://127.0.0.1:8080`; in `certherald up` where its
    /// console listens.
    pub console: Option<String>,
    /// `NOTIFIER_OPERATOR`: id or name of the contact that is told when a prober is blind. Default:
    /// the contacts of the default setting.
    pub operator: Option<String>,
    /// `NOTIFIER_GROUP_WINDOW`: how long news to one address are held so that others may join them
    /// in one message. Default 10 s, allowed 0 s to 5 min; at 0 s each goes at once, alone.
    pub group_window: Duration,
    /// `NOTIFIER_TURN`: how long a message waits at most until the one before has been sent and
    /// what came of it is recorded. While none takes longer, whoever kills the notifier has one
    /// message come twice, and not one for each address. Default 500 ms, allowed 0 s to 1 min.
    pub turn: Duration,
    /// `CERTHERALD_KEY_FILE`: the key of secrets at rest, the same file for console and notifier.
    /// Default: `key` in the data directory; made if it is not there.
    pub key_file: Option<PathBuf>,
    /// How robots and webhooks are spoken to.
    pub web: WebConfig,
}

/// How robots and webhooks are spoken to.
#[derive(Debug, Clone)]
pub struct WebConfig {
    /// `NOTIFIER_ALLOW`: address ranges (CIDR, commas between) that may be posted to although they
    /// are not public, such as those of a private deployment, and in the clear. Default: none.
    pub allow: Vec<IpNet>,
    /// `NOTIFIER_HTTP_CA`: PEM file with certificates that are trusted beside those of the system.
    pub ca: Option<PathBuf>,
    /// `NOTIFIER_HTTP_TIMEOUT`: how long a robot may take to answer. Default 10 s, allowed 1 s to
    /// 60 s.
    pub timeout: Duration,
    /// `NOTIFIER_DINGTALK_URL`, `NOTIFIER_WECOM_URL`, `NOTIFIER_FEISHU_URL`, `NOTIFIER_LARK_URL`,
    /// `NOTIFIER_SLACK_URL`: base address that takes the place of the vendor's host. Default: the
    /// host in the address of the robot.
    pub bases: BTreeMap<&'static str, Url>,
}

/// How mail is sent.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// `NOTIFIER_SMTP_URL`: the server that takes our mail, see [`Relay`]. Default: none.
    pub relay: Relay,
    /// `NOTIFIER_SMTP_PASSWORD_FILE`: file with the password of the user in the URL.
    pub password: Option<Secret>,
    /// `NOTIFIER_SMTP_CA`: PEM file with a certificate that is trusted beside those of the system.
    pub ca: Option<PathBuf>,
    /// `NOTIFIER_SMTP_TIMEOUT`: longest silence of the server. Default 15 s, allowed 1 s to 60 s.
    pub timeout: Duration,
    /// `NOTIFIER_SMTP_CONNECTIONS`: connections at once. Default 4, allowed 1 to 32.
    pub connections: usize,
    /// `NOTIFIER_MAIL_FROM`: sender, `name <mailbox>` or `mailbox`. Needed with a server.
    pub from: Mailbox,
}

/// A mail server: `smtp://[user@]host[:port][?tls=none|starttls|implicit]`, or `smtps://…`.
///
/// Without `tls`, `smtps` is TLS from the first byte (port 465) and `smtp` is STARTTLS, required
/// (port 587), but in the clear (port 25) to an address of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Whom to sign in as.
    pub user: Option<String>,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    None,
    /// By STARTTLS, without which nothing is sent.
    StartTls,
    /// By TLS from the first byte.
    Implicit,
}

/// Why a text names no mail server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRelay {
    /// It is no URL.
    #[error("want smtp://[user@]host[:port] or smtps://[user@]host[:port]")]
    Url,
    /// A password does not belong here, where it would be shown.
    #[error("the password belongs in the file that NOTIFIER_SMTP_PASSWORD_FILE names")]
    Password,
    /// The protection is not known.
    #[error("tls={0}: want none, starttls or implicit")]
    Tls(String),
}

/// Channels whose vendor's host can be replaced, and by which setting.
const BASES: [(&str, &str); 5] = [
    ("dingtalk", "NOTIFIER_DINGTALK_URL"),
    ("wecom", "NOTIFIER_WECOM_URL"),
    ("feishu", "NOTIFIER_FEISHU_URL"),
    ("lark", "NOTIFIER_LARK_URL"),
    ("slack", "NOTIFIER_SLACK_URL"),
];

/// Where something answers by HTTP, without a slash at the end.
#[derive(Debug, Clone)]
struct HttpUrl(String);

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// All mistakes in them.
    pub fn read(reader: Reader<'_>) -> Result<Self, ConfigError> {
        let own = reader.optional::<HttpUrl>("NOTIFIER_CONSOLE_URL");
        let console = own.or_else(|| reader.optional("CONSOLE_URL")).map(|url| url.0);
        let prefix = reader.text("NOTIFIER_PREFIX", "[TLS]");
        let operator = reader.optional::<String>("NOTIFIER_OPERATOR");
        let window = Duration::ZERO..=Duration::from_mins(5);
        let group_window =
            reader.duration("NOTIFIER_GROUP_WINDOW", Duration::from_secs(10), window);
        let turns = Duration::ZERO..=Duration::from_mins(1);
        let turn = reader.duration("NOTIFIER_TURN", Duration::from_millis(500), turns);
        let key_file = reader.path("CERTHERALD_KEY_FILE");
        let mail = mail(&reader);
        let web = web(&reader);
        reader.finish(Self { mail, prefix, console, operator, group_window, turn, key_file, web })
    }

    /// How the installation presents itself.
    pub fn letterhead(&self) -> Letterhead {
        let console = self.console.clone().unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
        Letterhead { prefix: self.prefix.clone(), console }
    }
}

fn web(reader: &Reader<'_>) -> WebConfig {
    let (second, minute) = (Duration::from_secs(1), Duration::from_mins(1));
    let base = |(channel, key): (&'static str, &str)| {
        Some((channel, reader.optional::<HttpUrl>(key)?.0.parse().ok()?))
    };
    WebConfig {
        allow: reader.ranges("NOTIFIER_ALLOW"),
        ca: reader.file("NOTIFIER_HTTP_CA"),
        timeout: reader.duration("NOTIFIER_HTTP_TIMEOUT", Duration::from_secs(10), second..=minute),
        bases: BASES.into_iter().filter_map(base).collect(),
    }
}

fn mail(reader: &Reader<'_>) -> Option<MailConfig> {
    // Not shown in a mistake: it may be that a password stands in it.
    let relay = reader.optional::<String>("NOTIFIER_SMTP_URL").and_then(|text| {
        let mistaken = |error| reader.mistake(format!("NOTIFIER_SMTP_URL: {error}"));
        text.parse::<Relay>().map_err(mistaken).ok()
    });
    let from = reader.optional::<Mailbox>("NOTIFIER_MAIL_FROM");
    let password = reader.secret("NOTIFIER_SMTP_PASSWORD");
    let ca = reader.file("NOTIFIER_SMTP_CA");
    let (second, minute) = (Duration::from_secs(1), Duration::from_mins(1));
    let timeout =
        reader.duration("NOTIFIER_SMTP_TIMEOUT", Duration::from_secs(15), second..=minute);
    let connections = reader.number("NOTIFIER_SMTP_CONNECTIONS", 4, 1..=32);
    let relay = relay?;
    if relay.user.is_some() && password.is_none() {
        reader.mistake("NOTIFIER_SMTP_URL names a user: want NOTIFIER_SMTP_PASSWORD_FILE".into());
    }
    if relay.user.is_some() && relay.security == Security::None && !is_this_host(&relay.host) {
        reader.mistake("NOTIFIER_SMTP_URL: want TLS with a user, or its password is heard".into());
    }
    let Some(from) = from else {
        reader.mistake("NOTIFIER_MAIL_FROM: want the sender of mail, as in ops@example.com".into());
        return None;
    };
    let connections = usize::try_from(connections).unwrap_or(1);
    Some(MailConfig { relay, password, ca, timeout, connections, from })
}

impl FromStr for Relay {
    type Err = InvalidRelay;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| InvalidRelay::Url)?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if host.is_empty() {
            return Err(InvalidRelay::Url);
        }
        if url.password().is_some() {
            return Err(InvalidRelay::Password);
        }
        let tls = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, value)| value);
        let security = match (tls.as_deref(), url.scheme()) {
            (Some("none"), "smtp") => Security::None,
            (Some("implicit"), "smtp" | "smtps") | (None, "smtps") => Security::Implicit,
            (None, "smtp") if is_this_host(host) => Security::None,
            (Some("starttls") | None, "smtp") => Security::StartTls,
            (Some(other), "smtp" | "smtps") => return Err(InvalidRelay::Tls(other.to_owned())),
            (_, _) => return Err(InvalidRelay::Url),
        };
        let port = url.port().unwrap_or(match security {
            Security::None => 25,
            Security::StartTls => 587,
            Security::Implicit => 465,
        });
        let user = percent_decoded(url.username());
        let host = host.to_owned();
        Ok(Self { host, port, security, user: (!user.is_empty()).then_some(user) })
    }
}

/// A user may be a mailbox, whose `@` stands as `%40` in a URL.
fn percent_decoded(text: &str) -> String {
    url::form_urlencoded::parse(text.replace('+', "%2B").as_bytes())
        .next()
        .map(|(key, _)| key.into_owned())
        .unwrap_or_default()
}

/// Whether a host, without brackets, is an address of the loopback, where nobody listens in.
fn is_this_host(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl FromStr for HttpUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| "want http://host or https://host")?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err("want http://host or https://host");
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, String> {
        let lookup = |key: &str| {
            pairs.iter().find(|(name, _)| *name == key).map(|(_, text)| (*text).to_owned())
        };
        Config::read(Reader::new(&lookup)).map_err(|error| error.to_string())
    }

    fn relay(text: &str) -> (String, u16, Security) {
        let relay: Relay = text.parse().unwrap();
        (relay.host, relay.port, relay.security)
    }

    #[test]
    fn nothing_needs_to_be_set() {
        let config = read(&[]).unwrap();
        assert!(config.mail.is_none());
        assert_eq!(config.letterhead().console, "http://127.0.0.1:8080");
    }

    #[test]
    fn links_lead_to_where_people_reach_the_console() {
        let console = |pairs: &[(&str, &str)]| read(pairs).unwrap().letterhead().console;
        let people = ("CONSOLE_URL", "https://tls.example/");
        assert_eq!(console(&[people]), "https://tls.example");
        assert_eq!(console(&[people, ("NOTIFIER_CONSOLE_URL", "http://a.test")]), "http://a.test");
    }

    #[test]
    fn a_server_is_protected_unless_it_is_this_host() {
        use Security::{Implicit, None, StartTls};
        for (text, want) in [
            ("smtp://mail.example.com", ("mail.example.com", 587, StartTls)),
            ("smtps://mail.example.com", ("mail.example.com", 465, Implicit)),
            ("smtp://mail.example.com:25?tls=none", ("mail.example.com", 25, None)),
            ("smtp://127.0.0.1:2525", ("127.0.0.1", 2525, None)),
            ("smtp://[::1]:2525", ("::1", 2525, None)),
            ("smtp://localhost", ("localhost", 25, None)),
            ("smtp://localhost?tls=starttls", ("localhost", 587, StartTls)),
        ] {
            assert_eq!(relay(text), (want.0.to_owned(), want.1, want.2), "{text}");
        }
        let user = "smtp://ops%40example.com@mail.example.com".parse::<Relay>().unwrap().user;
        assert_eq!(user.as_deref(), Some("ops@example.com"));
    }

    #[test]
    fn every_mistake_is_named() {
        let error = read(&[
            ("NOTIFIER_SMTP_URL", "smtp://ops:secret@mail.example.com"),
            ("NOTIFIER_CONSOLE_URL", "ftp://x"),
            ("NOTIFIER_SMTP_TIMEOUT", "90s"),
        ]);
        assert_eq!(
            error.unwrap_err(),
            "NOTIFIER_CONSOLE_URL=ftp://x: want http://host or https://host\n\
             NOTIFIER_SMTP_URL: the password belongs in the file that \
             NOTIFIER_SMTP_PASSWORD_FILE names\n\
             NOTIFIER_SMTP_TIMEOUT=90s: want 1s to 1m"
        );
    }

    #[test]
    fn a_server_needs_a_sender_and_a_user_needs_protection() {
        let error = read(&[("NOTIFIER_SMTP_URL", "smtp://ops@mail.example.com?tls=none")]);
        assert_eq!(
            error.unwrap_err(),
            "NOTIFIER_SMTP_URL names a user: want NOTIFIER_SMTP_PASSWORD_FILE\n\
             NOTIFIER_SMTP_URL: want TLS with a user, or its password is heard\n\
             NOTIFIER_MAIL_FROM: want the sender of mail, as in ops@example.com"
        );
    }
}
